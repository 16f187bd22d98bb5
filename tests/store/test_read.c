/*
 * Reading: streams and the whole log, in both directions, from anywhere. Cases ES-17 to ES-21 of the catalogue.
 */
#include <pthread.h>

#include "fixture.h"

#include "internal.h"
#include "rocksdb.h"

/* Read and compare with what a plain loop over 1 … last would give. */
static void
expect_read(fixture *f, const acta_read *read, uint64_t last, bool stream)
{
    bool backward = read->direction == ACTA_BACKWARD;
    uint64_t from = read->from != 0 ? read->from : backward ? last : 1;
    uint64_t left = read->count_max != 0 ? read->count_max : UINT64_MAX;
    acta_cursor *cursor;
    acta_recorded event;

    if (backward && from > last) from = last;
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, read, &cursor, &f->error));
    for (uint64_t at = from; at >= 1 && at <= last && left > 0; at += backward ? -1 : 1, left--) {
        acta_status status = acta_cursor_next(cursor, &event, &f->error);
        if (status != ACTA_OK) fail_msg("at %" PRIu64 ": %s", at, f->error.text);
        assert_int_equal(stream ? event.version : event.position, at);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &event, &f->error));
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &event, &f->error)); /* and stays so */
    acta_cursor_close(cursor);
}

/* Interleave streams "a" and "b", `count` events each. */
static void
fill(fixture *f, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        acta_event event = event_of("test.Happened", "x");
        acta_transaction *t = acta_transaction_create(f->store);
        static answer ignored;
        acta_transaction_append(t, S("a"), i, &event, 1);
        acta_transaction_append(t, S("b"), i, &event, 1);
        assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, &ignored, NULL));
    }
    step_all(f);
    assert_int_equal(acta_store_head(f->store), 2 * count);
}

/* ES-17: a stream that isn't there is an error, not an empty list; the empty log is empty. */
static void
an_unknown_stream_is_not_found(void **state)
{
    fixture *f = FIXTURE(state);
    acta_read read = { .stream = S("unknown") }, all = { .count_max = 0 };
    acta_cursor *cursor;

    expect_read(f, &all, 0, false);
    append_ok(f, "unknow", "x");
    append_ok(f, "unknownn", "x");
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_open(f->store, &read, &cursor, &f->error));
    assert_string_equal(f->error.text, "there is no stream 'unknown'");
    assert_int_equal(version_of(f, "unknown"), 0);
}

/* ES-18: every start and every count, in both directions. */
static void
a_stream_is_read_from_everywhere_both_ways(void **state)
{
    fixture *f = FIXTURE(state);
    enum { N = 12 };
    static const uint64_t counts[] = { 0, 1, N - 1, N, N + 1, UINT64_MAX };

    fill(f, N);
    for (int direction = 0; direction < 2; direction++) {
        for (uint64_t from = 0; from <= N + 2; from++) {
            for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
                acta_read read = { .stream = S("b"),
                    .direction = direction == 0 ? ACTA_FORWARD : ACTA_BACKWARD,
                    .from = from,
                    .count_max = counts[i] };
                expect_read(f, &read, N, true);
            }
        }
    }
    acta_read far = { .stream = S("b"), .from = UINT64_MAX };
    expect_read(f, &far, N, true);
    far.direction = ACTA_BACKWARD;
    expect_read(f, &far, N, true);
}

/* ES-19: streams around the size of the chunks in which they are read give the same sequence. */
static void
streams_of_every_length_around_a_chunk_are_whole(void **state)
{
    fixture *f = FIXTURE(state);
    static const uint32_t lengths[] = { 63, 64, 65, 127, 128, 129, 350 };

    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "length-%u", lengths[i]);
        acta_read read = { .stream = acta_str_of(name) };
        assert_int_equal(ACTA_OK, append_many(f, name, ACTA_NO_STREAM, lengths[i], NULL));
        expect_read(f, &read, lengths[i], true);
        read.direction = ACTA_BACKWARD;
        expect_read(f, &read, lengths[i], true);
        read.from = lengths[i] / 2;
        read.count_max = 100;
        expect_read(f, &read, lengths[i], true);
    }
}

/* ES-20: the whole log from its start, middle, end and beyond, both ways. */
static void
the_log_is_read_from_everywhere_both_ways(void **state)
{
    fixture *f = FIXTURE(state);
    enum { N = 20 };

    fill(f, N / 2);
    for (int direction = 0; direction < 2; direction++) {
        for (uint64_t from = 0; from <= N + 2; from++) {
            for (uint64_t count = 0; count <= N + 1; count += 7) {
                acta_read read = {
                    .direction = direction == 0 ? ACTA_FORWARD : ACTA_BACKWARD, .from = from, .count_max = count
                };
                expect_read(f, &read, N, false);
            }
        }
    }
}

/* A cursor shows the store as it was when it was opened. */
static void
a_cursor_does_not_see_what_comes_later(void **state)
{
    fixture *f = FIXTURE(state);
    acta_read read = { .stream = S("a") }, all = { .count_max = 0 };
    acta_cursor *of_stream, *of_log;
    acta_recorded event;

    fill(f, 3);
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &of_stream, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &all, &of_log, &f->error));
    append_ok(f, "a", "later");
    for (int i = 0; i < 3; i++)
        assert_int_equal(ACTA_OK, acta_cursor_next(of_stream, &event, &f->error));
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(of_stream, &event, &f->error));
    for (int i = 0; i < 6; i++)
        assert_int_equal(ACTA_OK, acta_cursor_next(of_log, &event, &f->error));
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(of_log, &event, &f->error));
    acta_cursor_close(of_stream);
    acta_cursor_close(of_log);
}

typedef struct appender {
    fixture *f;
    _Atomic bool done;
} appender;

/* Appends of 1 to 5 events, each of one transaction in one stream, which says in its payload how many there are. */
static void *
run_appender(void *user)
{
    appender *a = user;
    acta_error error;

    for (uint32_t i = 0; i < 3000; i++) {
        char payload[8];
        uint32_t count = i % 5 + 1;
        acta_event events[5];
        acta_transaction *t = acta_transaction_create(a->f->store);
        snprintf(payload, sizeof payload, "%u", count);
        for (uint32_t k = 0; k < count; k++)
            events[k] = event_of("test.Happened", payload);
        acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, events, count);
        if (i % 10 == 0)
            acta_store_commit(a->f->store, t, NULL, &error);
        else
            acta_store_submit(a->f->store, t, NULL, NULL, &error);
    }
    a->done = true;
    return NULL;
}

/* ES-21: readers beside a writer see a prefix, without repeats, and never a part of a transaction. */
static void
readers_beside_a_writer_see_whole_transactions(void **state)
{
    fixture *f = FIXTURE(state);
    appender a = { .f = f };
    pthread_t thread;
    uint64_t before = 0;

    assert_int_equal(0, pthread_create(&thread, NULL, run_appender, &a));
    for (bool last = false; !last;) {
        acta_read read = { .stream = S("s") };
        acta_cursor *cursor;
        acta_recorded event = { .version = 0 };
        uint64_t seen = 0;
        uint32_t left = 0;
        last = a.done;
        if (acta_cursor_open(f->store, &read, &cursor, &f->error) != ACTA_OK) continue;
        acta_status status;
        while ((status = acta_cursor_next(cursor, &event, &f->error)) == ACTA_OK) {
            assert_int_equal(event.version, ++seen);
            if (left == 0) left = (uint32_t)(event.payload.data[0] - '0');
            left--;
        }
        if (status != ACTA_NOT_FOUND) fail_msg("%s", f->error.text);
        assert_int_equal(left, 0);
        assert_true(seen >= before);
        before = seen;
        acta_cursor_close(cursor);
    }
    pthread_join(thread, NULL);
    assert_true(count_log(f) >= 600); /* at least what was waited for */
}

/* What was read before a restart is what is read after it. */
static void
everything_is_there_after_a_restart(void **state)
{
    fixture *f = FIXTURE(state);

    fill(f, 300);
    put_row(f, "rows", "k", "v");
    for (int i = 0; i < 3; i++) {
        close_store(f);
        open_store_ok(f);
        assert_int_equal(acta_store_head(f->store), 600);
        assert_int_equal(count_log(f), 600);
        assert_int_equal(count_stream(f, "a"), 300);
        assert_int_equal(version_of(f, "b"), 300);
        assert_true(has_row(f, "rows", "k"));
    }
    assert_int_equal(ACTA_CONFLICT, append(f, "a", 299, "x"));
    assert_int_equal(ACTA_OK, append(f, "a", 300, "x"));
    assert_int_equal(ACTA_OK, append(f, "new", ACTA_NO_STREAM, "x"));
    assert_int_equal(count_log(f), 602);
}

/* A read that the disk fails is an error, and the next one works again. */
/* Pages of one, two and three events: what lies at each of `count` positions, `apart` from one to the next, or that nothing
 * does. A page for every second position is near enough to go from one to the next. */
static void
expect_pages(fixture *f, uint32_t count, uint32_t apart)
{
    enum { MAX = 256 };
    acta_engine *engine = f->store->engine;
    acti_key log_keys[MAX];
    acta_bytes keys[MAX];
    acti_value values[MAX], alone;
    uint32_t there = 0;

    for (uint32_t i = 0; i < count; i++) {
        log_keys[i] = acti_log_key(1 + (uint64_t)i * apart);
        keys[i] = acti_key_view(&log_keys[i]);
    }
    assert_int_equal(ACTA_OK, engine->ops->get_many(engine, ACTI_LOG, keys, count, values, &f->error));
    for (uint32_t i = 0; i < count; i++) {
        acta_status status = engine->ops->get(engine, ACTI_LOG, keys[i], &alone, &f->error);
        assert_int_equal(status, values[i].bytes.data != NULL ? ACTA_OK : ACTA_NOT_FOUND);
        if (status != ACTA_OK) continue;
        there++;
        assert_int_equal(values[i].bytes.size, alone.bytes.size);
        assert_memory_equal(values[i].bytes.data, alone.bytes.data, alone.bytes.size);
        engine->ops->release(engine, &alone);
        engine->ops->release(engine, &values[i]);
    }
    assert_in_range(there, 1, count - 1);
}

static void
many_pages_are_what_each_is(void **state)
{
    fixture *f = FIXTURE(state);
    enum { APPENDS = 300 };

    for (uint32_t i = 0; i < APPENDS; i++)
        assert_int_equal(ACTA_OK, append_many(f, "pages", ACTA_ANY_VERSION, 1 + i % 3, NULL));
    assert_int_equal(acta_store_head(f->store), 2 * APPENDS);
    expect_pages(f, 200, 1);
    expect_pages(f, 150, 2);
    expect_pages(f, 15, 1);
    expect_pages(f, 90, 7); /* behind the last one as well */
    close_store(f);
    open_store_ok(f);
    expect_pages(f, 200, 1);
}

static bool fail_reads;

static bool
fail_read(void *user, acta_disk_op op)
{
    (void)user;
    return fail_reads && op == ACTA_DISK_READ;
}

static void
a_failed_read_is_an_error_and_not_an_end(void **state)
{
    fixture *f = FIXTURE(state);
    acta_disk_faults faults = { .fail = fail_read };
    acta_read all = { .count_max = 0 }, read = { .stream = S("a") };
    acta_cursor *cursor;
    acta_recorded event;

    for (uint32_t i = 0; i < 5; i++) /* a page each, as each comes by itself */
        append_ok(f, i % 2 == 0 ? "a" : "b", "x");
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &all, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &f->error));
    fail_reads = true;
    acta_disk_set_faults(f->disk, &faults);
    assert_int_equal(ACTA_IO, acta_cursor_next(cursor, &event, &f->error));
    acta_cursor_close(cursor);
    assert_int_equal(ACTA_IO, acta_cursor_open(f->store, &read, &cursor, &f->error));
    fail_reads = false;
    assert_int_equal(count_log(f), 5);
}

/* -- a disk that is waited for -- */

enum { PARTS = 16, RUNS = 300 };

typedef struct counting {
    acti_crew *crew;
    _Atomic uint32_t done[PARTS];
    const char *failed; /* NULL: nothing has */
} counting;

static void
count_part(void *user, uint32_t part)
{
    counting *c = user;
    atomic_fetch_add_explicit(&c->done[part], 1, memory_order_relaxed); /* the end of the run orders it */
}

static void *
run_parts(void *user)
{
    counting *c = user;

    for (uint32_t run = 1; run <= RUNS; run++) {
        acti_crew_run(c->crew, count_part, c, PARTS);
        for (uint32_t i = 0; i < PARTS; i++)
            if (atomic_load_explicit(&c->done[i], memory_order_relaxed) != run) c->failed = "a part was not done once";
    }
    return NULL;
}

static void
parts_are_done_once_each_before_a_run_ends(void **state)
{
    acti_crew crew;
    counting one = { .crew = &crew }, other = { .crew = &crew };
    pthread_t thread;
    (void)state;

    acti_crew_init(&crew);
    assert_int_equal(pthread_create(&thread, NULL, run_parts, &other), 0);
    run_parts(&one);
    pthread_join(thread, NULL);
    acti_crew_deinit(&crew);
    if (one.failed != NULL || other.failed != NULL) fail_msg("%s", one.failed != NULL ? one.failed : other.failed);
}

static acta_clock real_clock;
static _Atomic bool is_slow;
static _Atomic uint64_t waited_ns;

/* Whatever happens between two looks has taken a while. */
static uint64_t
slow_ns(void *user)
{
    (void)user;
    if (atomic_load(&is_slow)) atomic_fetch_add(&waited_ns, 100000000);
    return real_clock.monotonic_ns(real_clock.user) + atomic_load(&waited_ns);
}

static int64_t
same_us(void *user)
{
    (void)user;
    return real_clock.wall_us(real_clock.user);
}

/* Behind the first look-up, which tells that the disk is slow, pages are read by several at once, and are what they are. */
static void
pages_of_a_slow_disk_are_read_by_several(void **state)
{
    enum { COUNT = 200, BETWEEN = 8 };
    fixture *f = FIXTURE(state);
    const acta_environment environment = { .clock = { .monotonic_ns = slow_ns, .wall_us = same_us } };
    acta_read read = { .stream = S("a") };

    real_clock = acta_environment_or_default(NULL).clock;
    f->config.environment = &environment;
    open_store_ok(f);
    for (uint32_t i = 0; i < COUNT; i++) { /* each by itself, and apart */
        append_ok(f, "a", "x");
        assert_int_equal(ACTA_OK, append_many(f, "b", ACTA_ANY_VERSION, BETWEEN, NULL));
    }
    close_store(f);
    open_store_ok(f);
    atomic_store(&is_slow, true);
    expect_read(f, &read, COUNT, true);
    assert_true(engine_of(f->store->engine)->crew.is_started);
    read.direction = ACTA_BACKWARD;
    acti_strips_clear(&f->store->strips);
    expect_read(f, &read, COUNT, true);
    atomic_store(&is_slow, false);
    close_store(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(an_unknown_stream_is_not_found),
        on_manual_store(a_stream_is_read_from_everywhere_both_ways),
        on_store(streams_of_every_length_around_a_chunk_are_whole),
        on_manual_store(the_log_is_read_from_everywhere_both_ways),
        on_manual_store(a_cursor_does_not_see_what_comes_later),
        on_store(readers_beside_a_writer_see_whole_transactions),
        on_manual_store(everything_is_there_after_a_restart),
        on_store(many_pages_are_what_each_is),
    };
    const struct CMUnitTest faults[] = {
        on_manual_store(a_failed_read_is_an_error_and_not_an_end),
    };
    const struct CMUnitTest crew[] = { cmocka_unit_test(parts_are_done_once_each_before_a_run_ends) };
    const struct CMUnitTest slow[] = { on_no_store(pages_of_a_slow_disk_are_read_by_several) };
    return run_on_engines("read", tests) + run_on_memory("failing reads", faults) +
           cmocka_run_group_tests_name("crew", crew, NULL, NULL) + run_on_rocksdb("slow disk", slow);
}
