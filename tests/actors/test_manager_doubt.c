/*
 * Commands of a process manager that were asked for more than once: an asking that nobody waits for any more may still lie in
 * a mailbox when the outbox has gone. When it comes it gets the first answer, and has no effect. And instances whose end, or
 * whose word to go on, crosses with what is on its way: nothing begins anew, and nothing is left behind.
 */
#include "acta/gen_server.h"
#include "acta/readers.h"
#include "acta/sys.h"
#include "trips.h"

enum { LINES = 2 };

static uint32_t accepted_count;

static acta_after_command
count_accepted(const acta_accepted *accepted)
{
    (void)accepted;
    accepted_count++;
    return ACTA_AFTER_CONTINUE;
}

static void
begin(fixture *f)
{
    accepted_count = 0;
    trips_decide(NULL, count_accepted);
    start(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = 1, .times = LINES);
}

/* Its commands are through, and nothing of the instance waits to be written. */
static void
come_to_rest(fixture *f)
{
    settle(f);
    pass_ms(f, 5000);
    assert_string_equal(diary_of(f, "a"), "1 2");
    assert_int_equal(count_rows(f, "pm.trips.trips.outbox"), 0);
}

/* The command that led to the line `number`, as if it had waited until now. */
static void
come_late(fixture *f, int64_t number)
{
    acta_dispatch_options options = { .timeout_ms = 5000 };
    acta_recorded event;
    acta_cursor *cursor;
    trips_Written line;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        if (!acta_str_equal(event.type, acta_str_of(trips_Written_table.name))) continue;
        trips_Written_decode(event.payload, &line);
        if (line.number == number) options.command_id = event.command_id;
    }
    acta_cursor_close(cursor);
    assert_false(acta_id_is_none(options.command_id));
    MUST(
        f, trips_Write_dispatch(f->app, ACTA_INIT(trips_Write, .trip = S("a"), .number = number), &options, &f->error));
}

/* -- the tests -- */

static void
what_was_asked_for_once_leaves_nothing(void **state)
{
    fixture *f = FIXTURE(state);

    begin(f);
    come_to_rest(f);
    assert_int_equal(count_rows(f, "outcomes"), 0);
}

static void
an_asking_of_a_life_that_was_killed_comes_late(void **state)
{
    fixture *f = FIXTURE(state);
    acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };

    begin(f);
    while (accepted_count == 0)
        assert_true(step(f));
    acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, acta_whereis(acta_app_runtime(f->app), S("Trips-a")), &reason);
    come_to_rest(f);
    assert_int_equal(accepted_count, 1 + LINES);
    come_late(f, 1);
    come_late(f, 2);
    assert_string_equal(diary_of(f, "a"), "1 2");
}

static void
an_asking_that_took_too_long_comes_late(void **state)
{
    fixture *f = FIXTURE(state);

    begin(f);
    while (acta_whereis(acta_app_runtime(f->app), S("Diary-a")).value == 0)
        assert_true(step(f));
    run_actors(f);
    f->now_ns += UINT64_C(6000000000); /* and the store stands still */
    come_to_rest(f);
    assert_int_equal(count_rows(f, "outcomes"), 1);
    come_late(f, 1);
    assert_string_equal(diary_of(f, "a"), "1 2");
}

/* What has been kept goes with the time for which outcomes are kept. */
static void
an_outcome_in_doubt_goes_in_its_time(void **state)
{
    fixture *f = FIXTURE(state);

    begin(f);
    while (accepted_count == 0)
        assert_true(step(f));
    crash(f);
    start(f);
    come_to_rest(f);
    assert_int_equal(count_rows(f, "outcomes"), LINES);
    expect_no_outcomes(f);
}

/* -- ends and words that cross -- */

static bool lines_below_zero_pass;

static acta_failure_action
park_or_leave_out(const acta_failure *failure, acta_commands *added)
{
    (void)failure, (void)added;
    return lines_below_zero_pass ? ACTA_FAILURE_SKIP : ACTA_FAILURE_PARK;
}

static acta_pid
pid_of(fixture *f, const char *name)
{
    return acta_whereis(acta_app_runtime(f->app), acta_str_of(name));
}

/* The word to go on with its commands lies in its mailbox when it leaves: the next one is told. */
static void
an_instance_that_left_before_it_heard_is_told_again(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_exit_reason reason = { .kind = ACTA_EXIT_SHUTDOWN };
    const acta_operator anna = { .by = "anna", .why = "a test" };

    lines_below_zero_pass = false;
    trips_hook.error = park_or_leave_out;
    start(f);
    TELL(f, .what = trips_What_open, .trip = S("a"), .number = -1, .times = 1);
    assert_int_equal(acta_app_settle(f->app, 120000, &f->error), ACTA_PARKED);
    acta_pid pid = pid_of(f, "Trips-a");
    MUST(f, acta_sys_suspend(acta_app_runtime(f->app), pid, 1000, &f->error));
    lines_below_zero_pass = true;
    MUST(f, acta_reader_replay(f->app, "Trips", NULL, &anna, NULL, &f->error));
    run_all(f);
    assert_int_equal(reader_info(f, "Trips").parked, 0);
    acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, pid, &reason);
    settle(f);
    pass_ms(f, 5000);
    assert_int_equal(count_rows(f, "pm.trips.trips.outbox"), 0);
    assert_int_equal(count_rows(f, "parked"), 0);
}

/* Killed at any step of its last event, which is for it by what it is associated with until that is stored, and for nobody
 * afterwards: its last command is asked for all the same. */
static void
an_instance_that_is_killed_while_it_ends_leaves_nothing_behind(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };
    bool is_over = false;

    start(f);
    for (uint32_t steps = 0; !is_over; steps++) {
        char trip[16], name[24];
        snprintf(trip, sizeof trip, "t%" PRIu32, steps);
        snprintf(name, sizeof name, "Trips-%s", trip);
        TELL(f, .what = trips_What_open, .trip = acta_str_of(trip), .number = 1);
        TELL(f, .what = trips_What_book, .trip = acta_str_of(trip), .plate = acta_str_of(trip), .number = 2);
        settle(f);
        TELL(f, .what = trips_What_spread, .plate = acta_str_of(trip), .ends = true, .number = 3);
        for (uint32_t i = 0; i < steps; i++)
            step(f);
        acta_pid pid = pid_of(f, name);
        is_over = pid.value == 0;
        acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, pid, &reason);
        settle(f);
        assert_string_equal(diary_of(f, trip), "1 2 3");
        assert_true(steps < 300);
    }
    expect_no_trips(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_trips(what_was_asked_for_once_leaves_nothing),
        on_trips(an_asking_of_a_life_that_was_killed_comes_late),
        on_trips(an_asking_that_took_too_long_comes_late),
        on_trips(an_outcome_in_doubt_goes_in_its_time),
        on_trips(an_instance_that_left_before_it_heard_is_told_again),
        on_trips(an_instance_that_is_killed_while_it_ends_leaves_nothing_behind),
    };
    return run_on_memory("process managers that asked more than once", tests);
}
