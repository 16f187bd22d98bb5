/*
 * Schedule: what was asked for runs exactly once at each of its times, never before, whatever dies in between; what was
 * cancelled in time never runs; what is missed goes by its policy; what can't be answered is retried, and parked.
 */
#include "acta/gen_server.h"
#include "acta/schedule.h"
#include "fixture.h"

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS };

/* A wall clock that can be set; the fixture's own runs with the monotonic one. */
static int64_t wall_shift_us;

static int64_t
shifted_us(void *user)
{
    const fixture *f = user;
    return INT64_C(1700000000000000) + (int64_t)(f->now_ns / 1000) + wall_shift_us;
}

static int64_t
wall_us(const fixture *f)
{
    return f->environment.clock.wall_us(f->environment.clock.user);
}

static void
start_scheduling(fixture *f)
{
    wall_shift_us = 0;
    f->environment.clock.wall_us = shifted_us;
    start(f);
}

static acta_status
schedule_add_with(fixture *f, const char *key, int64_t amount, acta_when when, const acta_schedule_options *options)
{
    return ledger_Add_schedule(f->app, acta_str_of(key),
        ACTA_INIT(ledger_Add, .counter_id = S("c"), .amount = amount, .job_id = acta_str_of(key)), when, options,
        &f->error);
}

static void
schedule_add(fixture *f, const char *key, int64_t amount, acta_when when)
{
    MUST(f, schedule_add_with(f, key, amount, when, NULL));
}

/* How often the command of a key has run; each adds its amount. */
static uint32_t
runs_of(fixture *f, const char *key)
{
    return count_events(f, &ledger_Added_table, key);
}

static void
expect_nothing_left(fixture *f)
{
    assert_int_equal(count_rows(f, "schedule"), 0);
    assert_int_equal(count_rows(f, "schedule.due"), 0);
}

typedef struct shown {
    uint32_t count;
    acta_scheduled last;
    char key[64], reason[256], command[64], manager[64], instance[64];
} shown;

static bool
show(void *user, const acta_scheduled *scheduled)
{
    shown *s = user;

    s->count++;
    s->last = *scheduled;
    snprintf(s->key, sizeof s->key, ACTA_FMT, ACTA_ARG(scheduled->key));
    snprintf(s->reason, sizeof s->reason, ACTA_FMT, ACTA_ARG(scheduled->reason));
    snprintf(s->command, sizeof s->command, ACTA_FMT, ACTA_ARG(scheduled->command));
    snprintf(s->manager, sizeof s->manager, ACTA_FMT, ACTA_ARG(scheduled->manager));
    snprintf(s->instance, sizeof s->instance, ACTA_FMT, ACTA_ARG(scheduled->instance));
    return true;
}

static shown
list(fixture *f, const char *prefix)
{
    shown s = { .count = 0 };

    MUST(f, acta_schedule_each(f->app, acta_str_of(prefix), show, &s, &f->error));
    return s;
}

/* -- once -- */

static void
a_command_runs_at_its_time_and_not_before(void **state)
{
    fixture *f = FIXTURE(state);
    int64_t due_us = 0;
    acta_recorded event;
    acta_cursor *cursor;

    start_scheduling(f);
    int64_t at_us = wall_us(f) + HOUR_MS * INT64_C(1000);
    MUST(f, schedule_add_with(f, "k", 5, ACTA_AT(at_us), &(acta_schedule_options){ .due_us_out = &due_us }));
    assert_true(due_us == at_us);
    pass_ms(f, HOUR_MS - 1);
    assert_int_equal(runs_of(f, "k"), 0);
    pass_ms(f, 1);
    assert_int_equal(runs_of(f, "k"), 1);
    expect_nothing_left(f);
    pass_ms(f, 10 * HOUR_MS);
    assert_int_equal(runs_of(f, "k"), 1);

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    MUST(f, acta_cursor_next(cursor, &event, &f->error));
    assert_true(event.recorded_at_us == at_us); /* to the microsecond */
    acta_cursor_close(cursor);
}

static void
delays_end_in_their_order(void **state)
{
    fixture *f = FIXTURE(state);
    const char *const keys[] = { "d", "b", "a", "c" };
    const uint64_t delays_ms[] = { 40, 20, 10, 30 };
    acta_recorded event;
    acta_cursor *cursor;
    ledger_Added added;

    start_scheduling(f);
    for (size_t i = 0; i < 4; i++)
        schedule_add(f, keys[i], 1, ACTA_AFTER(delays_ms[i]));
    schedule_add(f, "0", 1, ACTA_AFTER(0));
    pass_ms(f, 50);
    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    for (const char *expected = "0abcd"; *expected != '\0'; expected++) {
        MUST(f, acta_cursor_next(cursor, &event, &f->error));
        ledger_Added_decode(event.payload, &added);
        assert_int_equal(added.job_id.data[0], *expected);
    }
    acta_cursor_close(cursor);
    expect_nothing_left(f);
}

/* AP-49: the same key twice is one; another one of that key is refused, unless it is to replace it. */
static void
the_same_key_twice_is_one(void **state)
{
    fixture *f = FIXTURE(state);
    int64_t first_us = 0, second_us = 0;

    start_scheduling(f);
    MUST(f, schedule_add_with(f, "k", 5, ACTA_AFTER(1000), &(acta_schedule_options){ .due_us_out = &first_us }));
    pass_ms(f, 500);
    MUST(f, schedule_add_with(f, "k", 5, ACTA_AFTER(1000), &(acta_schedule_options){ .due_us_out = &second_us }));
    assert_true(first_us == second_us);
    assert_int_equal(schedule_add_with(f, "k", 6, ACTA_AFTER(1000), NULL), ACTA_ALREADY_EXISTS);
    assert_int_equal(schedule_add_with(f, "k", 5, ACTA_AFTER(2000), NULL), ACTA_ALREADY_EXISTS);
    assert_int_equal(schedule_add_with(f, "k", 5, ACTA_CRON("@daily"), NULL), ACTA_ALREADY_EXISTS);
    assert_int_equal(count_rows(f, "schedule"), 1);
    pass_ms(f, 5000);
    assert_int_equal(runs_of(f, "k"), 1);
    assert_int_equal(total_of(f, "c"), 5);

    MUST(f, schedule_add_with(f, "r", 1, ACTA_AFTER(1000), NULL));
    MUST(f, schedule_add_with(f, "r", 2, ACTA_AFTER(3000), &(acta_schedule_options){ .replace = true }));
    assert_int_equal(count_rows(f, "schedule.due"), 1);
    pass_ms(f, 2999);
    assert_int_equal(runs_of(f, "r"), 0);
    pass_ms(f, 1);
    assert_int_equal(runs_of(f, "r"), 1);
    assert_int_equal(total_of(f, "c"), 7);
    expect_nothing_left(f);
}

/* AP-49: asked for again when it has run: the same time is the same run. */
static void
the_same_time_again_is_the_same_run(void **state)
{
    fixture *f = FIXTURE(state);

    start_scheduling(f);
    int64_t at_us = wall_us(f) + 1000000;
    schedule_add(f, "k", 5, ACTA_AT(at_us));
    pass_ms(f, 2000);
    assert_int_equal(runs_of(f, "k"), 1);
    schedule_add(f, "k", 5, ACTA_AT(at_us));
    pass_ms(f, 2000);
    assert_int_equal(runs_of(f, "k"), 1);
    expect_nothing_left(f);
}

/* AP-49: due while down is run once at the start. */
static void
what_was_due_while_down_runs_once_at_the_start(void **state)
{
    fixture *f = FIXTURE(state);

    start_scheduling(f);
    schedule_add(f, "k", 5, ACTA_AFTER(HOUR_MS));
    stop(f);
    f->now_ns += 5 * HOUR_MS * UINT64_C(1000000);
    start(f);
    pass_ms(f, 1);
    assert_int_equal(runs_of(f, "k"), 1);
    stop(f);
    start(f);
    pass_ms(f, HOUR_MS);
    assert_int_equal(runs_of(f, "k"), 1);
    expect_nothing_left(f);
}

/* -- cancelled -- */

/* AP-49: what was cancelled in time never runs; whoever comes too late is told so. */
static void
what_is_cancelled_in_time_never_runs(void **state)
{
    fixture *f = FIXTURE(state);
    bool in_time = false;

    start_scheduling(f);
    schedule_add(f, "k", 5, ACTA_AFTER(1000));
    pass_ms(f, 999);
    MUST(f, acta_schedule_cancel(f->app, S("k"), &in_time, &f->error));
    assert_true(in_time);
    expect_nothing_left(f);
    assert_int_equal(acta_schedule_cancel(f->app, S("k"), &in_time, &f->error), ACTA_NOT_FOUND);
    pass_ms(f, 5000);
    stop(f);
    start(f);
    pass_ms(f, 5000);
    assert_int_equal(runs_of(f, "k"), 0);

    /* The key is free again, for the same time even. */
    int64_t at_us = wall_us(f) + 1000000;
    schedule_add(f, "k", 5, ACTA_AT(at_us));
    MUST(f, acta_schedule_cancel(f->app, S("k"), NULL, &f->error));
    schedule_add(f, "k", 5, ACTA_AT(at_us));
    pass_ms(f, 2000);
    assert_int_equal(runs_of(f, "k"), 1);
}

static void
take_result(void *user, const acta_schedule_result *result)
{
    acta_schedule_result *to = user;

    assert_int_equal(to->status, ACTA_UNSUPPORTED); /* once */
    *to = *result;
    to->error = NULL;
}

/* The run is under way when the cancel comes. */
static void
who_cancels_too_late_is_told_so(void **state)
{
    fixture *f = FIXTURE(state);
    acta_schedule_result result = { .status = ACTA_UNSUPPORTED, .in_time = true };

    start_scheduling(f);
    schedule_add(f, "k", 5, ACTA_AFTER(1000));
    f->now_ns += UINT64_C(1000) * 1000000;
    run_actors(f); /* it is sent; the disk has done nothing yet */
    acta_schedule_cancel_async(f->app, S("k"), take_result, &result);
    run_all(f);
    assert_int_equal(result.status, ACTA_OK);
    assert_false(result.in_time);
    assert_int_equal(runs_of(f, "k"), 1);
    expect_nothing_left(f);
}

/* -- again and again -- */

static void
one_that_recurs_runs_at_each_of_its_times(void **state)
{
    fixture *f = FIXTURE(state);
    bool in_time;

    start_scheduling(f);
    /* 2023-11-14 22:13:21 UTC: the next is at 22:20. */
    schedule_add(f, "ten", 1, ACTA_CRON("*/10 * * * *"));
    assert_int_equal(list(f, "").last.due_us, INT64_C(1700000400) * 1000000);
    pass_ms(f, 6 * 60000 + 38999);
    assert_int_equal(runs_of(f, "ten"), 0);
    pass_ms(f, 1);
    assert_int_equal(runs_of(f, "ten"), 1);
    for (int i = 0; i < 8; i++)
        pass_ms(f, 10 * MINUTE_MS);
    assert_int_equal(runs_of(f, "ten"), 9);
    assert_int_equal(list(f, "").last.runs, 9);
    MUST(f, acta_schedule_cancel(f->app, S("ten"), &in_time, &f->error));
    assert_true(in_time);
    pass_ms(f, HOUR_MS);
    assert_int_equal(runs_of(f, "ten"), 9);
    expect_nothing_left(f);
}

static void
a_day_begins_where_the_clock_on_the_wall_says(void **state)
{
    fixture *f = FIXTURE(state);

    start_scheduling(f);
    MUST(f, schedule_add_with(f, "east", 1, ACTA_CRON("@daily"), &(acta_schedule_options){ .utc_offset_min = 60 }));
    assert_int_equal(list(f, "east").last.due_us, INT64_C(1700002800) * 1000000); /* 23:00 UTC */
    MUST(f, schedule_add_with(f, "west", 1, ACTA_CRON("@daily"), &(acta_schedule_options){ .utc_offset_min = -300 }));
    assert_int_equal(list(f, "west").last.due_us, INT64_C(1700024400) * 1000000); /* 05:00 UTC */
}

/* Down for five hours, hourly: one run, each, or none. */
static void
what_was_missed_goes_by_its_policy(void **state)
{
    fixture *f = FIXTURE(state);

    start_scheduling(f);
    MUST(f, schedule_add_with(f, "once", 1, ACTA_CRON("@hourly"), NULL));
    MUST(f,
        schedule_add_with(f, "each", 1, ACTA_CRON("@hourly"), &(acta_schedule_options){ .missed = ACTA_MISSED_EACH }));
    MUST(f,
        schedule_add_with(f, "skip", 1, ACTA_CRON("@hourly"), &(acta_schedule_options){ .missed = ACTA_MISSED_SKIP }));
    MUST(f, schedule_add_with(f, "gone", 1, ACTA_AFTER(1000), &(acta_schedule_options){ .missed = ACTA_MISSED_SKIP }));
    crash(f);
    f->now_ns += 5 * HOUR_MS * UINT64_C(1000000);
    start(f);
    pass_ms(f, 10);
    assert_int_equal(runs_of(f, "once"), 1);
    assert_int_equal(runs_of(f, "each"), 5);
    assert_int_equal(runs_of(f, "skip"), 0);
    assert_int_equal(runs_of(f, "gone"), 0);
    assert_int_equal(list(f, "gone").count, 0);
    for (int i = 0; i < 60; i++)
        pass_ms(f, MINUTE_MS);
    assert_int_equal(runs_of(f, "once"), 2);
    assert_int_equal(runs_of(f, "each"), 6);
    assert_int_equal(runs_of(f, "skip"), 1);
}

/* -- the clock -- */

/* AP-49: a clock set back repeats nothing, and nothing comes early. */
static void
a_clock_that_is_set_back_repeats_nothing(void **state)
{
    fixture *f = FIXTURE(state);

    start_scheduling(f);
    schedule_add(f, "hourly", 1, ACTA_CRON("@hourly"));
    schedule_add(f, "once", 1, ACTA_AFTER(30 * MINUTE_MS));
    schedule_add(f, "later", 1, ACTA_AFTER(90 * MINUTE_MS));
    for (int i = 0; i < 50; i++)
        pass_ms(f, MINUTE_MS); /* to 23:03 */
    assert_int_equal(runs_of(f, "hourly"), 1);
    assert_int_equal(runs_of(f, "once"), 1);

    wall_shift_us = -45 * MINUTE_MS * INT64_C(1000); /* 22:18 */
    for (int i = 0; i < 45; i++)
        pass_ms(f, MINUTE_MS); /* to 23:03 once more */
    assert_int_equal(runs_of(f, "hourly"), 1);
    assert_int_equal(runs_of(f, "once"), 1);
    assert_int_equal(runs_of(f, "later"), 0); /* by now 95 minutes have passed, but not on the wall */
    stop(f);
    start(f);
    for (int i = 0; i < 40; i++)
        pass_ms(f, MINUTE_MS);
    assert_int_equal(runs_of(f, "later"), 1);
    for (int i = 0; i < 20; i++)
        pass_ms(f, MINUTE_MS);
    assert_int_equal(runs_of(f, "hourly"), 2);
    assert_int_equal(runs_of(f, "once"), 1);
}

/* The process dies between a run and the end of its row, and comes back before its time: the row waits for that, and then goes
 * without a second run. */
static void
a_run_whose_time_comes_again_after_a_crash_is_not_repeated(void **state)
{
    fixture *f = FIXTURE(state);
    bool in_time = true;

    start_scheduling(f);
    schedule_add(f, "once", 1, ACTA_AFTER(1000));
    schedule_add(f, "cancelled", 1, ACTA_AFTER(1000));
    f->now_ns += UINT64_C(1000) * 1000000;
    while (runs_of(f, "once") == 0 || runs_of(f, "cancelled") == 0)
        assert_true(step(f));
    crash(f);
    wall_shift_us = -10 * MINUTE_MS * INT64_C(1000);
    start(f);
    settle(f);
    assert_int_equal(list(f, "").count, 2);
    MUST(f, acta_schedule_cancel(f->app, S("cancelled"), &in_time, &f->error));
    assert_false(in_time);
    pass_ms(f, 9 * MINUTE_MS);
    assert_int_equal(list(f, "").count, 2);
    for (int i = 0; i < 2; i++)
        pass_ms(f, MINUTE_MS);
    expect_nothing_left(f);
    assert_int_equal(runs_of(f, "once"), 1);
    assert_int_equal(runs_of(f, "cancelled"), 1);
}

static void
a_clock_that_is_set_ahead_is_noticed(void **state)
{
    fixture *f = FIXTURE(state);

    start_scheduling(f);
    schedule_add(f, "k", 1, ACTA_AFTER(5 * HOUR_MS));
    wall_shift_us = 5 * HOUR_MS * INT64_C(1000);
    pass_ms(f, ACTA_SCHEDULE_LOOK_MS);
    assert_int_equal(runs_of(f, "k"), 1);
}

/* -- what fails -- */

static void
a_rejection_is_an_answer(void **state)
{
    fixture *f = FIXTURE(state);

    start_scheduling(f);
    schedule_add(f, "much", LEDGER_TOTAL_MAX + 1, ACTA_AFTER(10));
    schedule_add(f, "often", LEDGER_TOTAL_MAX + 1, ACTA_CRON("@hourly"));
    MUST(f, schedule_add_with(
                f, "parked", LEDGER_TOTAL_MAX, ACTA_AFTER(30), &(acta_schedule_options){ .park_rejected = true }));
    add(f, "c", 1);
    pass_ms(f, 20);
    assert_int_equal(list(f, "much").count, 0);
    pass_ms(f, HOUR_MS);
    shown often = list(f, "often"), parked = list(f, "parked");
    assert_int_equal(often.last.state, ACTA_SCHEDULED_WAITING);
    assert_int_equal(often.last.failures, 1);
    assert_string_equal(often.reason, "too_much");
    assert_int_equal(parked.last.state, ACTA_SCHEDULED_PARKED);
    assert_string_equal(parked.reason, "too_much");
    assert_string_equal(parked.command, "ledger.Add");
    assert_ptr_equal(parked.last.table, &ledger_Add_table);

    /* The answer to a command is one: tried again, it is rejected again. */
    MUST(f, acta_schedule_resume(f->app, S("parked"), &f->error));
    pass_ms(f, 10);
    assert_int_equal(list(f, "parked").last.state, ACTA_SCHEDULED_PARKED);
    assert_int_equal(acta_schedule_resume(f->app, S("often"), &f->error), ACTA_NOT_FOUND);
    MUST(f, acta_schedule_cancel(f->app, S("parked"), NULL, &f->error));
    MUST(f, acta_schedule_cancel(f->app, S("often"), NULL, &f->error));
    expect_nothing_left(f);
}

static bool is_broken;

static void
break_adds(const ledger_Add *command)
{
    (void)command;
    if (is_broken) acta_fail(acta_self_here(), "a bug");
}

/* Tried again with backoff, so often; then it is parked with the reason, and runs when it is resumed. */
static void
what_gets_no_answer_is_retried_and_parked(void **state)
{
    fixture *f = FIXTURE(state);

    ledger_hook.before_add = break_adds;
    is_broken = true;
    start_scheduling(f);
    MUST(f, schedule_add_with(f, "k", 5, ACTA_AFTER(10), &(acta_schedule_options){ .retry_max = 3 }));
    pass_ms(f, 150);
    assert_int_equal(list(f, "k").last.state, ACTA_SCHEDULED_WAITING);
    pass_ms(f, 5000);
    shown k = list(f, "k");
    assert_int_equal(k.last.state, ACTA_SCHEDULED_PARKED);
    assert_non_null(strstr(k.reason, "a bug"));
    assert_int_equal(count_rows(f, "schedule.due"), 0);
    assert_non_null(strstr(f->log, "schedule 'k': ledger.Add got no answer, and is given up; it is parked"));

    is_broken = false;
    stop(f);
    start(f);
    pass_ms(f, 5000);
    assert_int_equal(runs_of(f, "k"), 0);
    MUST(f, acta_schedule_resume(f->app, acta_str_of(NULL), &f->error));
    pass_ms(f, 10);
    assert_int_equal(runs_of(f, "k"), 1);
    expect_nothing_left(f);
}

/* One that is tried again and again holds up no other. */
static void
one_that_fails_holds_up_no_other(void **state)
{
    enum { FAILING = 200 };
    fixture *f = FIXTURE(state);

    start_scheduling(f);
    for (int i = 0; i < FAILING; i++) {
        char key[16];
        snprintf(key, sizeof key, "broken%d", i);
        MUST(f, ledger_Break_schedule(f->app, acta_str_of(key), ACTA_INIT(ledger_Break, .counter_id = acta_str_of(key)),
                    ACTA_AFTER(1000), NULL, &f->error));
    }
    schedule_add(f, "k", 5, ACTA_AFTER(1001));
    pass_ms(f, 1100);
    assert_int_equal(runs_of(f, "k"), 1);
    assert_int_equal(count_rows(f, "schedule"), FAILING);
}

static void
what_no_schedule_is_is_refused_in_words(void **state)
{
    fixture *f = FIXTURE(state);
    char longer[ACTA_SCHEDULE_KEY_MAX + 2];

    memset(longer, 'k', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    start_scheduling(f);
    assert_int_equal(schedule_add_with(f, "", 1, ACTA_AFTER(1), NULL), ACTA_INVALID);
    assert_int_equal(schedule_add_with(f, "a\nb", 1, ACTA_AFTER(1), NULL), ACTA_INVALID);
    assert_int_equal(schedule_add_with(f, longer, 1, ACTA_AFTER(1), NULL), ACTA_INVALID);
    assert_int_equal(schedule_add_with(f, "k", 1, (acta_when){ .at_us = -1 }, NULL), ACTA_INVALID);
    assert_int_equal(schedule_add_with(f, "k", 1, (acta_when){ .after_ms = 1, .cron = "@daily" }, NULL), ACTA_INVALID);
    assert_non_null(strstr(f->error.text, "set one of"));
    assert_int_equal(schedule_add_with(f, "k", 1, ACTA_CRON("* 25 * * *"), NULL), ACTA_INVALID);
    assert_string_equal(f->error.where, "hour");
    assert_int_equal(
        schedule_add_with(f, "k", 1, ACTA_CRON("@daily"), &(acta_schedule_options){ .utc_offset_min = 1440 }),
        ACTA_INVALID);
    assert_int_equal(acta_schedule(f->app, S("k"), &ledger_Added_table, &(ledger_Added){ .amount = 1 }, ACTA_AFTER(1),
                         NULL, &f->error),
        ACTA_INVALID);
    assert_int_equal(
        ledger_Add_schedule(f->app, S("k"), ACTA_INIT(ledger_Add, .amount = 1), ACTA_AFTER(1), NULL, &f->error),
        ACTA_INVALID);
    expect_nothing_left(f);
}

/* -- crashes -- */

/* The process dies after each number of steps, until it comes to its end without: the command ran exactly once. */
static void
a_crash_anywhere_repeats_nothing_and_loses_nothing(void **state)
{
    enum { STEPS_MAX = 400 };
    fixture *f = FIXTURE(state);
    bool is_through = false;
    uint32_t crashes = 0;

    for (int steps = 0; !is_through && steps < STEPS_MAX; steps++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", steps);
        if (f->app == NULL) start_scheduling(f);
        schedule_add(f, key, 0, ACTA_AFTER(100));
        int k = 0;
        while (k < steps && count_rows(f, "schedule") > 0) {
            step(f);
            k++;
        }
        is_through = count_rows(f, "schedule") == 0;
        if (!is_through) {
            crash(f);
            crashes++;
            start(f);
        }
        pass_ms(f, 200);
        assert_int_equal(runs_of(f, key), 1);
        expect_nothing_left(f);
    }
    assert_true(is_through);
    assert_true(crashes > 5);
}

/* Settling waits for what is due: of a key that has just been written, behind a jump of the wall clock, at the start. */
static void
settling_waits_for_what_is_due(void **state)
{
    fixture *f = FIXTURE(state);

    start_scheduling(f);
    schedule_add(f, "now", 1, (acta_when){ .at_us = 0 });
    settle(f);
    assert_int_equal(runs_of(f, "now"), 1);

    schedule_add(f, "later", 1, ACTA_AFTER(HOUR_MS));
    settle(f);
    assert_int_equal(runs_of(f, "later"), 0);
    wall_shift_us += HOUR_MS * INT64_C(1000);
    settle(f);
    assert_int_equal(runs_of(f, "later"), 1);

    MUST(f, schedule_add_with(
                f, "each", 1, ACTA_CRON("* * * * *"), &(acta_schedule_options){ .missed = ACTA_MISSED_EACH }));
    wall_shift_us += 10 * MINUTE_MS * INT64_C(1000);
    settle(f);
    assert_int_equal(runs_of(f, "each"), 10);

    stop(f);
    wall_shift_us += 5 * MINUTE_MS * INT64_C(1000);
    start(f);
    settle(f);
    assert_int_equal(runs_of(f, "each"), 15);
}

/* The clerk alone dies, and comes again. */
static void
the_clerks_death_repeats_nothing_and_loses_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    uint32_t killed = 0;

    start_scheduling(f);
    for (int steps = 0; steps < 30; steps++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", steps);
        schedule_add(f, key, 0, ACTA_AFTER(100));
        for (int k = 0; k < steps; k++)
            step(f);
        acta_pid pid = { 0 };
        acta_ready ready;
        for (uint32_t i = 0; acta_runtime_ready(acta_app_runtime(f->app), i, &ready); i++)
            if (strcmp(ready.behaviour->name, "schedule") == 0) pid = ready.pid;
        if (pid.value != 0) {
            acta_exit(acta_app_runtime(f->app), pid, pid, &(acta_exit_reason){ .kind = ACTA_EXIT_KILLED });
            killed++;
        }
        pass_ms(f, 500);
        assert_int_equal(runs_of(f, key), 1);
        expect_nothing_left(f);
    }
    assert_true(killed > 0);
    settle(f); /* what it counted was given back */
}

static void
many_due_at_once_all_run(void **state)
{
    enum { MANY = 500 };
    fixture *f = FIXTURE(state);

    start_scheduling(f);
    int64_t at_us = wall_us(f) + 1000000;
    for (int i = 0; i < MANY; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        MUST(f,
            ledger_Add_schedule(f->app, acta_str_of(key),
                ACTA_INIT(ledger_Add, .counter_id = acta_str_of(key), .amount = 1), ACTA_AT(at_us), NULL, &f->error));
    }
    pass_ms(f, 1000);
    settle(f);
    assert_int_equal(count_events(f, &ledger_Added_table, NULL), MANY);
    expect_nothing_left(f);
}

/* -- threads -- */

static void
it_works_with_threads_and_the_real_clock(void **state)
{
    enum { MANY = 50 };
    fixture *f = FIXTURE(state);
    const acta_schedule_options patient = { .timeout_ms = 120000 };

    start(f);
    for (int i = 0; i < MANY; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        MUST(f, schedule_add_with(f, key, 1, ACTA_AFTER((uint64_t)i), &patient));
    }
    while (count_rows(f, "schedule") > 0)
        MUST(f, add_with(f, "other", 0, NULL));
    settle(f);
    for (int i = 0; i < MANY; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(runs_of(f, key), 1);
    }
    stop(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { manual(a_command_runs_at_its_time_and_not_before),
        manual(delays_end_in_their_order), manual(the_same_key_twice_is_one),
        manual(the_same_time_again_is_the_same_run), manual(what_was_due_while_down_runs_once_at_the_start),
        manual(what_is_cancelled_in_time_never_runs), manual(who_cancels_too_late_is_told_so),
        manual(one_that_recurs_runs_at_each_of_its_times), manual(a_day_begins_where_the_clock_on_the_wall_says),
        manual(what_was_missed_goes_by_its_policy), manual(a_clock_that_is_set_back_repeats_nothing),
        manual(a_run_whose_time_comes_again_after_a_crash_is_not_repeated),
        manual(a_clock_that_is_set_ahead_is_noticed), manual(a_rejection_is_an_answer),
        manual(what_gets_no_answer_is_retried_and_parked), manual(one_that_fails_holds_up_no_other),
        manual(what_no_schedule_is_is_refused_in_words), manual(a_crash_anywhere_repeats_nothing_and_loses_nothing),
        manual(settling_waits_for_what_is_due), manual(the_clerks_death_repeats_nothing_and_loses_nothing),
        manual(many_due_at_once_all_run), threaded(it_works_with_threads_and_the_real_clock) };

    return run_on_memory("schedule", tests);
}
