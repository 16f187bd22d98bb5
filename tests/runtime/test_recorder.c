/*
 * The flight recorder: what is recorded, in which order, how much of it is kept; and that it is found in a copy of the
 * memory alone. Read while it is written: test_recorder_threads.c.
 */
#include "harness.h"

#include <fcntl.h>
#include <unistd.h>

#include "acta/recorder.h"

enum { KEPT_MAX = 4096 };

/* What a visit saw. */
typedef struct log_book {
    acta_flight_record records[KEPT_MAX];
    uint32_t count, stop_after;
} log_book;

static bool
keep(void *user, const acta_flight_record *record)
{
    log_book *book = user;

    if (book->count < KEPT_MAX) book->records[book->count] = *record;
    book->count++;
    return book->count != book->stop_after;
}

static log_book *
read_all(harness *h, uint32_t last)
{
    static log_book book;

    book.count = book.stop_after = 0;
    uint64_t count = acta_recorder_read(h->runtime, last, keep, &book);
    assert_int_equal(count, book.count);
    return &book;
}

static acta_next
stop_or_fail(acta_self *self, void *user, acta_message *message)
{
    (void)user;
    if (message->tag == 7) acta_fail(self, "seven");
    return message->tag == 0 ? ACTA_STOP : ACTA_NEXT;
}

static const script plain = { .cast = stop_or_fail };

static void
assert_record(const acta_flight_record *r, acta_flight_kind kind, acta_pid pid, uint32_t tag, uint64_t detail)
{
    assert_int_equal(r->kind, kind);
    assert_int_equal(r->pid.value, pid.value);
    assert_int_equal(r->tag, tag);
    assert_int_equal(r->detail, detail);
}

/* Each with the runtime's own time, in the order in which it happened. */
static void
an_actors_life_is_recorded(void **state)
{
    (void)state;
    harness h;
    harness_start(&h, 0);
    acta_pid good = spawn(&h, &plain);
    harness_advance(&h, 1);
    acta_pid bad = spawn(&h, &plain);
    send_tag(&h, good, 0);
    send_tag(&h, bad, 7);
    harness_run(&h);

    log_book *book = read_all(&h, 0);
    assert_int_equal(book->count, 5);
    assert_record(&book->records[0], ACTA_FLIGHT_SPAWN, good, 0, 0);
    assert_record(&book->records[1], ACTA_FLIGHT_SPAWN, bad, 0, 0);
    assert_record(&book->records[2], ACTA_FLIGHT_EXIT, good, 0, ACTA_EXIT_NORMAL);
    assert_record(&book->records[3], ACTA_FLIGHT_FAIL, bad, 7, 1);
    assert_record(&book->records[4], ACTA_FLIGHT_EXIT, bad, 0, ACTA_EXIT_FAILED);
    assert_int_equal(book->records[0].time_ns, UINT64_C(5000000000));
    assert_int_equal(book->records[1].time_ns, UINT64_C(5001000000));
    for (uint32_t i = 0; i < book->count; i++) {
        assert_string_equal(book->records[i].behaviour, "scripted");
        assert_int_equal(book->records[i].worker, ACTA_RECORDER_OUTSIDE);
    }
    harness_stop(&h);
}

static void
spawn_another(acta_self *self, void *user)
{
    acta_pid *pids = user;
    acta_error error;

    pids[0] = acta_self_pid(self);
    acta_status status = acta_spawn(
        acta_self_runtime(self), &(acta_spawn_options){ .behaviour = &scripted, .argument = &plain }, &pids[1], &error);
    assert_int_equal(status, ACTA_OK);
}

/* And no other: a spare would take its place when the machine keeps it waiting. */
static const acta_runtime_config one_worker = { .worker_count = 1, .spare_workers = ACTA_NO_SPARE_WORKERS };

static void
a_spawn_tells_the_spawner(void **state)
{
    (void)state;
    acta_pid pids[2];
    harness h;
    harness_start_with(&h, one_worker);
    inside(&h, spawn_another, pids);

    log_book *book = read_all(&h, 0);
    assert_int_equal(book->count, 3); /* spawn, spawn, exit */
    assert_record(&book->records[1], ACTA_FLIGHT_SPAWN, pids[1], 0, pids[0].value);
    assert_int_equal(book->records[0].worker, ACTA_RECORDER_OUTSIDE);
    assert_int_equal(book->records[1].worker, 0);
    harness_stop(&h);
}

static acta_status
refuse(acta_self *self, void *user, acta_error *error)
{
    (void)self;
    (void)user;
    (void)error;
    return ACTA_BUSY;
}

static void
an_init_that_fails_is_recorded(void **state)
{
    (void)state;
    const script unwilling = { .init = refuse };
    acta_pid pid = { 0 };
    acta_error error;
    harness h;
    harness_start(&h, 0);
    acta_status status =
        acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &scripted, .argument = &unwilling }, &pid, &error);
    assert_int_equal(status, ACTA_BUSY);

    log_book *book = read_all(&h, 0);
    assert_int_equal(book->count, 2);
    assert_record(&book->records[1], ACTA_FLIGHT_REFUSE, book->records[0].pid, 0, ACTA_BUSY);
    harness_stop(&h);
}

static void
a_restart_is_recorded_with_its_supervisor(void **state)
{
    (void)state;
    acta_child_spec child = { .id = "a", .start = { .behaviour = &scripted, .argument = &plain } };
    acta_pid supervisor, first, second;
    acta_error error;
    harness h;
    harness_start(&h, 0);
    acta_status status = acta_supervisor_start(
        h.runtime, &(acta_supervisor_options){ .children = &child, .child_count = 1 }, &supervisor, &error);
    assert_int_equal(status, ACTA_OK);
    assert_int_equal(acta_supervisor_child(h.runtime, supervisor, "a", &first, &error), ACTA_OK);
    send_tag(&h, first, 7);
    harness_run(&h);
    assert_int_equal(acta_supervisor_child(h.runtime, supervisor, "a", &second, &error), ACTA_OK);

    log_book *book = read_all(&h, 4);
    assert_int_equal(book->count, 4);
    assert_record(&book->records[0], ACTA_FLIGHT_FAIL, first, 7, 1);
    assert_record(&book->records[1], ACTA_FLIGHT_EXIT, first, 0, ACTA_EXIT_FAILED);
    assert_record(&book->records[2], ACTA_FLIGHT_SPAWN, second, 0, supervisor.value);
    assert_record(&book->records[3], ACTA_FLIGHT_RESTART, second, 0, supervisor.value);
    harness_stop(&h);
}

static uint32_t
count_kind(const log_book *book, acta_flight_kind kind)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < book->count; i++)
        count += book->records[i].kind == kind;
    return count;
}

/* Six turns, of a message each; of these none, all, or every third is recorded. */
static void
turns_are_recorded_when_asked_for(void **state)
{
    (void)state;
    static const struct {
        uint32_t workers, every, expected;
    } cases[] = { { 1, 0, 0 }, { 1, 1, 6 }, { 1, 3, 2 }, { 0, 1, 6 } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        harness h;
        harness_start_with(&h, (acta_runtime_config){ .worker_count = cases[i].workers,
                                   .spare_workers = ACTA_NO_SPARE_WORKERS,
                                   .budget = 1,
                                   .manual = cases[i].workers == 0,
                                   .record_turns = cases[i].every });
        acta_pid pid = spawn(&h, &plain);
        for (int turn = 0; turn < 6; turn++)
            assert_int_equal(call_tag(&h, pid, 1, 10000, NULL), ACTA_OK);
        assert_int_equal(count_kind(read_all(&h, 0), ACTA_FLIGHT_TURN), cases[i].expected);
        harness_stop(&h);
    }
}

static void
arm_many(acta_self *self, void *user)
{
    acta_ref ref;

    for (uint32_t i = 0; i < *(uint32_t *)user; i++)
        assert_int_equal(acta_send_after(self, 10, 0, 0, &ref), ACTA_OK);
}

static acta_next
arm_once(acta_self *self, void *user, acta_message *message)
{
    (void)message;
    arm_many(self, user);
    return ACTA_NEXT;
}

static void
a_storm_of_timers_is_recorded_and_a_breeze_is_not(void **state)
{
    (void)state;
    for (uint32_t count = ACTA_TIMER_STORM_COUNT - 1; count <= ACTA_TIMER_STORM_COUNT; count++) {
        script s = { .cast = arm_once, .user = &count };
        harness h;
        harness_start(&h, 0);
        acta_pid pid = spawn(&h, &s);
        send_tag(&h, pid, 1);
        harness_advance(&h, 20);
        log_book *book = read_all(&h, 0);
        assert_int_equal(count_kind(book, ACTA_FLIGHT_TIMERS), count >= ACTA_TIMER_STORM_COUNT);
        if (count >= ACTA_TIMER_STORM_COUNT)
            assert_record(&book->records[1], ACTA_FLIGHT_TIMERS, (acta_pid){ 0 }, 0, count);
        harness_stop(&h);
    }
}

/* 16 places; the oldest are overwritten, and what is left is the newest, in order. */
static void
the_newest_are_kept(void **state)
{
    (void)state;
    acta_pid pids[40];
    harness h;
    harness_start_with(&h, (acta_runtime_config){ .manual = true, .recorder_count = 10 });
    for (int i = 0; i < 40; i++)
        pids[i] = spawn(&h, &plain);

    log_book *book = read_all(&h, 0);
    assert_int_equal(book->count, 16);
    for (uint32_t i = 0; i < 16; i++)
        assert_record(&book->records[i], ACTA_FLIGHT_SPAWN, pids[24 + i], 0, 0);
    book = read_all(&h, 3);
    assert_int_equal(book->count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_record(&book->records[i], ACTA_FLIGHT_SPAWN, pids[37 + i], 0, 0);
    harness_stop(&h);
}

static void
a_visit_can_stop(void **state)
{
    (void)state;
    log_book book = { .count = 0 };
    harness h;
    harness_start(&h, 0);
    for (int i = 0; i < 5; i++)
        spawn(&h, &plain);
    book.stop_after = 2;
    assert_int_equal(acta_recorder_read(h.runtime, 0, keep, &book), 2);
    assert_int_equal(book.count, 2);
    harness_stop(&h);
}

static void
a_recorder_can_be_off(void **state)
{
    (void)state;
    harness h;
    harness_start_with(&h, (acta_runtime_config){ .worker_count = 1, .recorder_count = ACTA_RECORDER_OFF });
    spawn(&h, &plain);
    assert_int_equal(read_all(&h, 0)->count, 0);
    assert_int_equal(acta_recorder_print(h.runtime, STDERR_FILENO, 0), 0);
    harness_stop(&h);
}

static void
too_many_records_are_refused(void **state)
{
    (void)state;
    acta_runtime *runtime;
    acta_error error;

    acta_runtime_config config = { .manual = true, .recorder_count = ACTA_RECORDER_COUNT_MAX + 1 };
    assert_int_equal(acta_runtime_create(&config, &runtime, &error), ACTA_INVALID);
    assert_non_null(strstr(error.text, "1048577 events"));
}

/* -- text -- */

static char *
printed(harness *h, const void *image, uint32_t last)
{
    static char text[4096];
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    if (image != NULL)
        acta_recorder_print_image(image, ends[1], last);
    else
        acta_recorder_print(h->runtime, ends[1], last);
    close(ends[1]);
    ssize_t size = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    text[size > 0 ? size : 0] = '\0';
    return text;
}

static void
records_are_printed_a_line_each(void **state)
{
    (void)state;
    harness h;
    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &plain);
    send_tag(&h, pid, 7);
    harness_advance(&h, 1);
    assert_string_equal(printed(&h, NULL, 0), "      5.000000000  out  spawn    <1.0> 'scripted'\n"
                                              "      5.000000000  out  fail     <1.0> 'scripted' at message 7\n"
                                              "      5.000000000  out  exit     <1.0> 'scripted' failed\n");
    harness_stop(&h);
}

static acta_behaviour
named(const char *name)
{
    acta_behaviour behaviour = scripted;
    behaviour.name = name;
    return behaviour;
}

static void
a_long_name_is_cut(void **state)
{
    (void)state;
    acta_behaviour long_name = named("a name that is too long for its place");
    acta_pid pid;
    harness h;
    harness_start(&h, 0);
    acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &long_name, .argument = &plain }, &pid, NULL);
    assert_string_equal(read_all(&h, 0)->records[0].behaviour, "a name that is too long ");
    harness_stop(&h);
}

/* -- images -- */

extern ACTA_API _Atomic(void *) acta_recorder_blocks[];

/* The block, as a debugger would find it: by the exported table. 32 bytes in is its size. */
static size_t
copy_block(void *bytes, size_t room)
{
    uint64_t size;
    const char *block = atomic_load(&acta_recorder_blocks[0]);

    assert_non_null(block);
    memcpy(&size, block + 32, sizeof size);
    assert_true(size <= room);
    memcpy(bytes, block, size);
    return size;
}

/* In the middle of other memory, at an odd place, behind something that only begins like one. */
static void
a_recorder_is_found_in_a_copy_of_the_memory(void **state)
{
    (void)state;
    enum { ROOM = 1 << 17, AT = 8191 };
    size_t offset, size;
    harness h;
    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &plain);
    send_tag(&h, pid, 7);
    harness_run(&h);

    char *memory = calloc(1, ROOM);
    size_t copied = copy_block(memory + AT, ROOM - AT);
    memcpy(memory + 100, memory + AT, 16);
    assert_true(acta_recorder_find(memory, ROOM, 0, &offset, &size));
    assert_int_equal(offset, AT);
    assert_int_equal(size, copied);
    assert_false(acta_recorder_find(memory, AT + copied - 1, 0, &offset, &size)); /* not whole */
    assert_false(acta_recorder_find(memory, ROOM, AT + 1, &offset, &size));

    void *image = aligned_alloc(64, (size + 63) / 64 * 64);
    memcpy(image, memory + AT, size);
    char *expected = strdup(printed(&h, NULL, 0));
    assert_string_equal(printed(&h, image, 0), expected);
    assert_int_not_equal(strlen(expected), 0);
    free(expected);
    free(image);
    free(memory);
    harness_stop(&h);
}

static bool
look_at(void *user, const acta_flight_record *record)
{
    uint64_t *sum = user;

    *sum += strlen(record->behaviour) + record->detail;
    return true;
}

/* Bytes of it changed at random: it is no recorder any more, or one that is read and printed within its bounds. */
static void
a_damaged_image_is_read_without_harm(void **state)
{
    (void)state;
    enum { ROUNDS_OF_DAMAGE = 3000, ROOM = 1 << 12 };
    uint64_t seed = 11, sum = 0;
    uint32_t found = 0;
    size_t offset, size;
    harness h;
    harness_start_with(&h, (acta_runtime_config){ .manual = true, .recorder_count = 16 });
    for (int i = 0; i < 20; i++)
        send_tag(&h, spawn(&h, &plain), 7);
    harness_run(&h);

    char *good = aligned_alloc(64, ROOM), *bad = aligned_alloc(64, ROOM);
    size_t whole = copy_block(good, ROOM);
    int nowhere = open("/dev/null", O_WRONLY);
    for (int i = 0; i < ROUNDS_OF_DAMAGE; i++) {
        memcpy(bad, good, whole);
        for (int k = 0; k < 8; k++)
            bad[draw(&seed, k == 0 ? 256 : (uint32_t)whole)] = (char)draw(&seed, 256);
        if (!acta_recorder_find(bad, whole, 0, &offset, &size)) continue;
        found++;
        assert_true(offset + size <= whole);
        assert_true(acta_recorder_read_image(bad, draw(&seed, 30), look_at, &sum) <= 32);
        acta_recorder_print_image(bad, nowhere, 0);
    }
    assert_in_range(found, 100, ROUNDS_OF_DAMAGE - 100);
    close(nowhere);
    free(good);
    free(bad);
    harness_stop(&h);
}

static void
a_destroyed_runtime_leaves_the_table(void **state)
{
    (void)state;
    harness h;
    harness_start(&h, 0);
    assert_non_null(atomic_load(&acta_recorder_blocks[0]));
    harness_stop(&h);
    assert_null(atomic_load(&acta_recorder_blocks[0]));
}

/* -- the clock -- */

/* The ticks of the processor are given back as the runtime's clock. */
static void
times_are_those_of_the_clock(void **state)
{
    (void)state;
    harness h;
    harness_start(&h, 1);
    uint64_t before_ns = real_now_ns();
    spawn(&h, &plain);
    sleep_ms(20);
    uint64_t after_ns = real_now_ns();
    uint64_t time_ns = read_all(&h, 0)->records[0].time_ns;
    assert_true(time_ns + 1000000 >= before_ns);
    assert_true(time_ns <= after_ns);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_actors_life_is_recorded),
        cmocka_unit_test(a_spawn_tells_the_spawner),
        cmocka_unit_test(an_init_that_fails_is_recorded),
        cmocka_unit_test(a_restart_is_recorded_with_its_supervisor),
        cmocka_unit_test(turns_are_recorded_when_asked_for),
        cmocka_unit_test(a_storm_of_timers_is_recorded_and_a_breeze_is_not),
        cmocka_unit_test(the_newest_are_kept),
        cmocka_unit_test(a_visit_can_stop),
        cmocka_unit_test(a_recorder_can_be_off),
        cmocka_unit_test(too_many_records_are_refused),
        cmocka_unit_test(records_are_printed_a_line_each),
        cmocka_unit_test(a_long_name_is_cut),
        cmocka_unit_test(a_recorder_is_found_in_a_copy_of_the_memory),
        cmocka_unit_test(a_damaged_image_is_read_without_harm),
        cmocka_unit_test(a_destroyed_runtime_leaves_the_table),
        cmocka_unit_test(times_are_those_of_the_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
