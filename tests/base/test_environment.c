/*
 * Environment: defaults stand in for what is zero, and for nothing else. Log: a line, fields, how often, as JSON.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "acta/environment.h"
#include "acta/id.h"

static uint64_t
stopped_clock(void *user)
{
    return *(uint64_t *)user;
}

typedef struct last_line {
    acta_log_level level;
    size_t size;
    char text[2000];
} last_line;

static void
remember_line(void *user, acta_log_level level, acta_str line)
{
    last_line *last = user;

    last->level = level;
    last->size = line.size;
    memcpy(last->text, line.data, line.size);
    last->text[line.size] = '\0';
}

static void
each_seam_that_is_zero_gets_its_default(void **state)
{
    (void)state;
    uint64_t now = 42;
    acta_environment given = { .clock = { .monotonic_ns = stopped_clock, .user = &now } };
    acta_environment e = acta_environment_or_default(&given);

    assert_int_equal(e.clock.monotonic_ns(e.clock.user), 42);
    void *block = e.allocator.alloc(e.allocator.user, 10);
    assert_non_null(block);
    e.allocator.free(e.allocator.user, block, 10);
    assert_non_null(e.log.write);
}

static void
the_default_clock_never_falls_and_randomness_differs(void **state)
{
    (void)state;
    acta_environment e = acta_environment_or_default(NULL);
    uint64_t before = e.clock.monotonic_ns(e.clock.user);
    uint8_t a[16] = { 0 }, b[16] = { 0 };

    for (int i = 0; i < 1000; i++) {
        uint64_t now = e.clock.monotonic_ns(e.clock.user);
        assert_true(now >= before);
        before = now;
    }
    assert_true(e.clock.wall_us(e.clock.user) > INT64_C(1500000000000000));
    e.random.fill(e.random.user, a, sizeof a);
    e.random.fill(e.random.user, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void
a_log_line_is_formatted_and_a_long_one_cut(void **state)
{
    (void)state;
    last_line last;
    acta_environment given = { .log = { .write = remember_line, .user = &last } };
    acta_environment e = acta_environment_or_default(&given);
    char long_text[1500];

    acta_log_write(&e, ACTA_LOG_INFO, "%s %d", "seven", 7);
    assert_string_equal(last.text, "seven 7");
    assert_int_equal(last.level, ACTA_LOG_INFO);
    memset(long_text, 'y', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    acta_log_write(&e, ACTA_LOG_ERROR, "%s", long_text);
    assert_int_equal(last.size, 1000);
}

/* SEC-09: whatever is in a name, it ends no line, and a terminal that shows the log does nothing of it. */
static void
a_log_line_is_one_line(void **state)
{
    (void)state;
    last_line last;
    acta_environment given = { .log = { .write = remember_line, .user = &last } };
    acta_environment e = acta_environment_or_default(&given);

    acta_log_write(&e, ACTA_LOG_INFO, "stream '%s'",
        "a\r\nacta: all is well\x1b[2J\x7f\xc2\x9b"
        "31m\t\xc3\xa9");
    assert_string_equal(last.text, "stream 'a  acta: all is well [2J   31m \xc3\xa9'");
    acta_log_event(&e, ACTA_LOG_WARNING, "gateway.problem", NULL, 0, "%s", "\xc2");
    assert_string_equal(last.text, "\xc2");
}

typedef struct records {
    uint32_t count;
    acta_log_level level;
    uint64_t left_out, number;
    char event[32], area[32], line[200], text[32];
} records;

static void
remember_record(void *user, const acta_log_record *record)
{
    records *r = user;

    r->count++;
    r->level = record->level;
    r->left_out = record->left_out;
    snprintf(r->event, sizeof r->event, "%s", record->event);
    snprintf(r->area, sizeof r->area, ACTA_FMT, ACTA_ARG(record->area));
    snprintf(r->line, sizeof r->line, ACTA_FMT, ACTA_ARG(record->line));
    if (record->field_count < 2) return;
    snprintf(r->text, sizeof r->text, ACTA_FMT, ACTA_ARG(record->fields[0].text));
    r->number = record->fields[1].number;
}

static void
park(const acta_environment *e, uint64_t position)
{
    acta_log_event(e, ACTA_LOG_ERROR, "reader.parks",
        ACTA_LOG_FIELDS(acta_log_text("reader", acta_str_of("mailer")), acta_log_number("position", position)),
        "reader '%s' parks", "mailer");
}

static void
an_event_is_told_as_a_line_and_as_fields(void **state)
{
    (void)state;
    records r = { .count = 0 };
    acta_environment given = { .log = { .record = remember_record, .user = &r } };
    acta_environment e = acta_environment_or_default(&given);

    assert_null(e.log.write); /* who takes records gets no lines on stderr beside them */
    park(&e, 17);
    assert_int_equal(r.count, 1);
    assert_int_equal(r.level, ACTA_LOG_ERROR);
    assert_string_equal(r.event, "reader.parks");
    assert_string_equal(r.area, "reader");
    assert_string_equal(r.line, "reader 'mailer' parks");
    assert_string_equal(r.text, "mailer");
    assert_int_equal(r.number, 17);
    acta_log_write(&e, ACTA_LOG_INFO, "seven");
    assert_string_equal(r.event, "message");
    assert_string_equal(r.area, "");
    assert_string_equal(r.line, "seven");
}

/* Each event has its own number, and each second. */
static void
what_comes_too_often_is_left_out_and_counted(void **state)
{
    (void)state;
    records r = { .count = 0 };
    uint64_t now_ns = 5;
    const acta_environment clock = { .clock = { .monotonic_ns = stopped_clock, .user = &now_ns } };
    const acta_log_limit_config config = { .per_second = 3, .environment = &clock };
    const acta_log to = { .record = remember_record, .user = &r }, nowhere = { .write = NULL };
    acta_log_limit *limit;
    acta_error error;

    assert_int_equal(acta_log_limit_create(&nowhere, NULL, &limit, &error), ACTA_INVALID);
    assert_int_equal(acta_log_limit_create(&to, &config, &limit, &error), ACTA_OK);
    const acta_environment given = { .log = acta_log_limit_hook(limit) };
    acta_environment e = acta_environment_or_default(&given);
    for (int i = 0; i < 10; i++)
        park(&e, 1);
    assert_int_equal(r.count, 3);
    acta_log_write(&e, ACTA_LOG_INFO, "another event");
    assert_int_equal(r.count, 4);
    now_ns += UINT64_C(1000000000);
    park(&e, 2);
    assert_int_equal(r.count, 5);
    assert_int_equal(r.left_out, 7);
    assert_string_equal(r.line, "reader 'mailer' parks (7 more of these were left out)");
    park(&e, 3);
    assert_int_equal(r.left_out, 0);
    park(&e, 4);
    park(&e, 5);
    assert_int_equal(r.count, 7);
    acta_log_limit_destroy(limit); /* nothing is left untold */
    assert_int_equal(r.count, 8);
    assert_int_equal(r.left_out, 1);
    assert_string_equal(r.event, "reader.parks");
    assert_string_equal(r.line, "1 more of 'reader.parks' were left out");
    acta_log_limit_destroy(NULL);
}

enum { LOGGERS = 4, LOGGED = 5000 };

typedef struct tally {
    _Atomic uint64_t told, left_out;
} tally;

static void
count_record(void *user, const acta_log_record *record)
{
    tally *t = user;

    /* Relaxed: read when all threads have been joined. */
    atomic_fetch_add_explicit(&t->told, record->field_count > 0, memory_order_relaxed);
    atomic_fetch_add_explicit(&t->left_out, record->left_out, memory_order_relaxed);
}

static void *
log_often(void *user)
{
    for (int i = 0; i < LOGGED; i++)
        park(user, (uint64_t)i);
    return NULL;
}

/* Whoever logs at once: each record is told or counted, and none twice. */
static void
threads_that_log_too_often_are_all_counted(void **state)
{
    (void)state;
    tally t = { 0 };
    uint64_t now_ns = 5;
    const acta_environment clock = { .clock = { .monotonic_ns = stopped_clock, .user = &now_ns } };
    const acta_log_limit_config config = { .per_second = 7, .environment = &clock };
    const acta_log to = { .record = count_record, .user = &t };
    acta_log_limit *limit;
    pthread_t threads[LOGGERS];

    assert_int_equal(acta_log_limit_create(&to, &config, &limit, NULL), ACTA_OK);
    const acta_environment given = { .log = acta_log_limit_hook(limit) };
    acta_environment e = acta_environment_or_default(&given);
    for (int i = 0; i < LOGGERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_often, &e), 0);
    for (int i = 0; i < LOGGERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    acta_log_limit_destroy(limit);
    assert_int_equal(t.told, 7);
    assert_int_equal(t.told + t.left_out, LOGGERS * LOGGED);
}

static void
expect_line(int fd, const char *wanted_behind_time)
{
    static const char begin[] = "{\"time\":\"";
    char line[9000];

    ssize_t size = read(fd, line, sizeof line - 1);
    assert_true(size > 0);
    line[size] = '\0';
    assert_memory_equal(line, begin, sizeof begin - 1);
    assert_non_null(strchr(line, 'Z'));
    assert_string_equal(strchr(line, 'Z') + 1, wanted_behind_time);
}

static void
a_record_is_a_line_of_json(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    acta_log_json json = { .fd = ends[1] };
    const acta_environment given = { .log = acta_log_json_hook(&json) };
    acta_environment e = acta_environment_or_default(&given);
    const acta_id id = acta_id_of(acta_str_of("talk"));
    char shown[ACTA_ID_TEXT_SIZE], wanted[400], large[9000];

    acta_log_write(&e, ACTA_LOG_INFO, "not wanted");
    acta_log_event(&e, ACTA_LOG_WARNING, "a.b",
        ACTA_LOG_FIELDS(acta_log_text("text", acta_str_from("\"\\\n\xff\xc3\xa4", 6)),
            acta_log_number("number", UINT64_MAX), acta_log_id("id", id.bytes)),
        "%s", "all");
    snprintf(wanted, sizeof wanted,
        "\",\"level\":\"warning\",\"area\":\"a\",\"event\":\"a.b\",\"message\":\"all\","
        "\"text\":\"\\\"\\\\\\u000a\xef\xbf\xbd\xc3\xa4\",\"number\":18446744073709551615,\"id\":\"%s\"}\n",
        acta_id_format(id, shown));
    expect_line(ends[0], wanted);

    json.with_debug = true; /* and what doesn't fit is not there, but the rest is */
    memset(large, 'x', sizeof large);
    acta_log_event(&e, ACTA_LOG_DEBUG, "a.b",
        ACTA_LOG_FIELDS(acta_log_text("large", acta_str_from(large, sizeof large)), acta_log_number("number", 1)),
        "all");
    expect_line(ends[0], "\",\"level\":\"debug\",\"area\":\"a\",\"event\":\"a.b\",\"message\":\"all\",\"number\":1}\n");
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(json.lost, 0);
    acta_log_write(&e, ACTA_LOG_ERROR, "to nobody");
    assert_int_equal(json.lost, 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_seam_that_is_zero_gets_its_default),
        cmocka_unit_test(the_default_clock_never_falls_and_randomness_differs),
        cmocka_unit_test(a_log_line_is_formatted_and_a_long_one_cut),
        cmocka_unit_test(a_log_line_is_one_line),
        cmocka_unit_test(an_event_is_told_as_a_line_and_as_fields),
        cmocka_unit_test(what_comes_too_often_is_left_out_and_counted),
        cmocka_unit_test(threads_that_log_too_often_are_all_counted),
        cmocka_unit_test(a_record_is_a_line_of_json),
    };
    return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
