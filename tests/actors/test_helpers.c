/*
 * The testing helpers: what holds passes, and what doesn't is told, with what was expected and what came.
 */
#include "acta/test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ledger.h"

static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
static const acta_app_config config = {
    .name = "helped", .schema = &ledger_schema, .aggregates = ledger_aggregates, .process_managers = managers
};

/* -- what fails is told -- */

static uint32_t told;
static char last[4096];

static void
take_failure(const char *message, const char *file, int line)
{
    (void)file;
    (void)line;
    told++;
    snprintf(last, sizeof last, "%s", message);
}

static void
expect_told(const char *words)
{
    if (told != 1 || strstr(last, words) == NULL) fail_msg("expected one word of '%s', came %u: %s", words, told, last);
    told = 0;
}

static void
expect_fine(void)
{
    if (told != 0) fail_msg("%s", last);
}

static int
begin(void **state)
{
    (void)state;
    told = 0;
    ledger_hook = (ledger_hooks){ .user = NULL };
    acta_test_on_failure(take_failure);
    return 0;
}

static int
finish(void **state)
{
    (void)state;
    acta_test_on_failure(NULL);
    return 0;
}

/* -- process managers -- */

static acta_str names[] = { { "c1", 2 }, { "c2", 2 } };
#define TWO_COUNTERS                                                                                                   \
    {                                                                                                                  \
        .data = names, .count = 2                                                                                      \
    }

static void
end_later(const ledger_JobStarted *event, acta_commands *commands)
{
    ledger_EndJob_send_after(
        commands, S("late"), ACTA_INIT(ledger_EndJob, .job_id = event->job_id, .reason = S("deadline")), 5000);
}

static void
call_off(const ledger_Added *event, acta_commands *commands)
{
    (void)event;
    acta_commands_cancel(commands, S("late"));
}

static void
a_manager_is_told_of_events_and_answers_with_commands(void **state)
{
    (void)state;
    ACTA_WHEN(&ledger_jobs, ledger_JobStarted, .job_id = S("j"), .counters = TWO_COUNTERS, .amount = 3);
    ACTA_THEN(&ledger_jobs, ledger_Add, .counter_id = S("c1"), .amount = 3, .job_id = S("j"));
    ACTA_THEN(&ledger_jobs, ledger_Add, .counter_id = S("c2"), .amount = 3, .job_id = S("j"));
    ACTA_THEN_NOTHING(&ledger_jobs);
    ACTA_THEN_STATE(&ledger_jobs, ledger_Jobs, .wanted = 2);

    ACTA_GIVEN(&ledger_jobs, ledger_JobStarted, .job_id = S("j"), .counters = TWO_COUNTERS, .amount = 3);
    ACTA_GIVEN(&ledger_jobs, ledger_Added, .counter_id = S("c1"), .job_id = S("j"));
    ACTA_WHEN(&ledger_jobs, ledger_Added, .counter_id = S("c2"), .job_id = S("j"));
    ACTA_THEN(&ledger_jobs, ledger_EndJob, .job_id = S("j"), .reason = S("done"));
    ACTA_THEN_STATE(&ledger_jobs, ledger_Jobs, .wanted = 2, .seen = 2);

    ACTA_GIVEN(&ledger_jobs, ledger_JobStarted, .job_id = S("j"), .counters = TWO_COUNTERS);
    ACTA_WHEN(&ledger_jobs, ledger_JobEnded, .job_id = S("j"));
    ACTA_THEN_ENDED(&ledger_jobs);

    /* Events of another instance, and of none, lead to nothing. */
    ACTA_GIVEN(&ledger_jobs, ledger_JobStarted, .job_id = S("j"), .counters = TWO_COUNTERS);
    ACTA_WHEN(&ledger_jobs, ledger_Added, .counter_id = S("c2"), .job_id = S("another"));
    ACTA_THEN_NOTHING(&ledger_jobs);
    ACTA_THEN_STATE(&ledger_jobs, ledger_Jobs, .wanted = 2);
    expect_fine();
}

static void
a_managers_deadlines_are_seen(void **state)
{
    const acta_deadline in_five_s = { .after_ms = 5000 };
    (void)state;

    ledger_hook.on_job = end_later;
    ledger_hook.on_added = call_off;
    ACTA_WHEN(&ledger_jobs, ledger_JobStarted, .job_id = S("j"));
    ACTA_THEN_DEADLINE(&ledger_jobs, "late", in_five_s, ledger_EndJob, .job_id = S("j"), .reason = S("deadline"));
    ACTA_THEN_NOTHING(&ledger_jobs);
    ACTA_GIVEN(&ledger_jobs, ledger_JobStarted, .job_id = S("j"), .counters = TWO_COUNTERS);
    ACTA_WHEN(&ledger_jobs, ledger_Added, .counter_id = S("c1"), .job_id = S("j"));
    ACTA_THEN_CANCELLED(&ledger_jobs, "late");
    expect_fine();

    ACTA_WHEN(&ledger_jobs, ledger_JobStarted, .job_id = S("j"));
    ACTA_THEN_NOTHING(&ledger_jobs);
    expect_told("expected no deadlines, but there are 1");
    ACTA_THEN_CANCELLED(&ledger_jobs, "late");
    expect_told("but it is set");
    ACTA_THEN_DEADLINE(&ledger_jobs, "early", in_five_s, ledger_EndJob, .job_id = S("j"));
    expect_told("the event doesn't speak of it");
    ACTA_THEN_DEADLINE(&ledger_jobs, "late", in_five_s, ledger_EndJob, .job_id = S("k"));
    expect_told("but came 'ledger.EndJob'");
    ACTA_THEN_DEADLINE(&ledger_jobs, "late", ACTA_INIT(acta_deadline, .after_ms = 4999), ledger_EndJob,
        .job_id = S("j"), .reason = S("deadline"));
    expect_told("after 5000 ms");
}

static void
what_a_manager_does_otherwise_is_told(void **state)
{
    (void)state;
    ACTA_THEN(&ledger_jobs_without_error, ledger_Add, .counter_id = S("c"));
    expect_told("there is no WHEN before this");
    ACTA_WHEN(&ledger_jobs, ledger_JobStarted, .job_id = S("j"), .counters = TWO_COUNTERS, .amount = 3);
    ACTA_THEN(&ledger_jobs, ledger_Add, .counter_id = S("c1"), .amount = 4, .job_id = S("j"));
    expect_told("but came 'ledger.Add'");
    ACTA_THEN_NOTHING(&ledger_jobs);
    expect_told("expected no more commands, but came 'ledger.Add'");
    ACTA_THEN_ENDED(&ledger_jobs);
    expect_told("but it runs");
    ACTA_THEN_STATE(&ledger_jobs, ledger_Jobs, .wanted = 3);
    expect_told("but it is");
    ACTA_WHEN(&ledger_jobs, ledger_Added, .counter_id = S("c"));
    ACTA_THEN(&ledger_jobs, ledger_Add, .counter_id = S("c1"));
    expect_told("there are no commands");
}

static void
an_aggregates_state_is_compared(void **state)
{
    (void)state;
    ACTA_GIVEN(&ledger_job, ledger_JobStarted, .job_id = S("j"));
    ACTA_WHEN(&ledger_job, ledger_EndJob, .job_id = S("j"), .reason = S("done"));
    ACTA_THEN_STATE(&ledger_job, ledger_Job, .runs = 1);
    expect_fine();
    ACTA_THEN_STATE(&ledger_job, ledger_Job, .runs = 1, .is_running = true);
    expect_told("expected the state");
    ACTA_THEN_STATE(&ledger_job, ledger_Counter, .total = 1);
    expect_told("is no state of Job");
}

/* -- a whole application -- */

static acta_test_app *
start_app(void)
{
    acta_test_app *test;
    acta_error error;

    if (acta_test_app_start(&config, &test, &error) != ACTA_OK) fail_msg("%s", error.text);
    return test;
}

static void
stop_app(acta_test_app *test)
{
    acta_error error;

    if (acta_test_app_stop(test, &error) != ACTA_OK) fail_msg("%s", error.text);
}

static acta_status
add(acta_test_app *test, int64_t amount, acta_error *error)
{
    return ledger_Add_dispatch(
        acta_test_app_of(test), ACTA_INIT(ledger_Add, .counter_id = S("c"), .amount = amount), NULL, error);
}

static int64_t
total(acta_test_app *test)
{
    ledger_Counter counter = { .total = 0 };

    (void)ledger_Counter_read(acta_test_app_of(test), S("c"), &counter, NULL, NULL);
    return counter.total;
}

static void
events_are_waited_for_and_refuted(void **state)
{
    acta_test_app *test = start_app();
    acta_app *app = acta_test_app_of(test);
    (void)state;

    assert_int_equal(
        ledger_StartJob_dispatch(
            app, ACTA_INIT(ledger_StartJob, .job_id = S("j"), .counters = TWO_COUNTERS, .amount = 3), NULL, NULL),
        ACTA_OK);
    acta_test_found started = ACTA_WAIT_EVENT(app, 1000, ledger_JobStarted, .job_id = S("j"));
    acta_test_found added = ACTA_WAIT_EVENT(app, 1000, ledger_Added, .counter_id = S("c2"), .amount = 3);
    acta_test_found ended = ACTA_WAIT_EVENT(app, 1000, ledger_JobEnded, .job_id = S("j"), .reason = S("done"));
    assert_true(started.position < added.position && added.position < ended.position);
    ACTA_ASSERT_CORRELATED(started, ended);
    ACTA_REFUTE_EVENT(app, 1000, ledger_Added, .amount = 4);
    expect_fine();

    assert_int_equal(add(test, 4, NULL), ACTA_OK);
    acta_test_found other = ACTA_WAIT_EVENT(app, 1000, ledger_Added, .amount = 4);
    ACTA_ASSERT_CORRELATED(started, other);
    expect_told("expected one correlation id");
    ACTA_REFUTE_EVENT(app, 1000, ledger_Added, .amount = 4);
    expect_told("but there is one at position");
    assert_int_equal(ACTA_WAIT_EVENT(app, 1000, ledger_Added, .amount = 5).position, 0);
    expect_told("expected an event 'ledger.Added' like that within 1000 ms");
    stop_app(test);
}

static void
time_passes_when_the_test_says_so(void **state)
{
    acta_test_app *test = start_app();
    int64_t begun_us = acta_test_app_now_us(test);
    acta_error error;
    (void)state;

    assert_int_equal(ledger_Add_schedule(acta_test_app_of(test), S("k"),
                         ACTA_INIT(ledger_Add, .counter_id = S("c"), .amount = 1), ACTA_CRON("@daily"), NULL, &error),
        ACTA_OK);
    acta_test_app_advance(test, 3600 * 1000);
    assert_int_equal(total(test), 0);
    for (int day = 1; day <= 3; day++) {
        acta_test_app_advance(test, 24 * 3600 * 1000);
        assert_int_equal(total(test), day);
    }
    assert_true(acta_test_app_now_us(test) - begun_us >= INT64_C(73) * 3600 * 1000000);
    stop_app(test);
}

static void
what_is_acknowledged_survives_a_crash(void **state)
{
    acta_test_app *test = start_app();
    acta_error error;
    (void)state;

    assert_int_equal(add(test, 1, &error), ACTA_OK);
    assert_int_equal(acta_test_app_restart(test, ACTA_TEST_CRASH, &error), ACTA_OK);
    assert_int_equal(total(test), 1);
    assert_int_equal(acta_test_app_restart(test, ACTA_TEST_STOP, &error), ACTA_OK);
    assert_int_equal(total(test), 1);
    stop_app(test);
}

static void
the_nth_commit_fails_as_it_was_told(void **state)
{
    acta_test_app *test = start_app();
    acta_error error;
    (void)state;

    acta_test_app_fail_commit(test, 2, ACTA_TEST_FAILED, 0);
    assert_int_equal(add(test, 1, &error), ACTA_OK);
    acta_status failed = add(test, 1, &error);
    assert_true(failed == ACTA_IO || failed == ACTA_READ_ONLY);
    assert_int_equal(acta_test_app_restart(test, ACTA_TEST_CRASH, &error), ACTA_OK);
    assert_int_equal(total(test), 1);

    acta_test_app_fail_commit(test, 1, ACTA_TEST_UNKNOWN, 0);
    assert_int_equal(add(test, 1, &error), ACTA_UNKNOWN_OUTCOME);
    assert_int_equal(acta_test_app_restart(test, ACTA_TEST_CRASH, &error), ACTA_OK);
    assert_in_range(total(test), 1, 2);
    int64_t before = total(test), begun_us = acta_test_app_now_us(test);

    acta_test_app_fail_commit(test, 1, ACTA_TEST_SLOW, 3000);
    assert_int_equal(add(test, 1, &error), ACTA_OK);
    assert_true(acta_test_app_now_us(test) - begun_us >= 3000 * 1000);
    assert_int_equal(total(test), before + 1);
    stop_app(test);
}

/* -- handlers, schemas -- */

static uint64_t seen_sum, seen_last;
static bool is_careless;

static acta_status
take_added(void *user, ledger_Added event, const acta_recorded *recorded, acta_error *error)
{
    (void)user;
    (void)error;
    if (!is_careless && recorded->position <= seen_last) return ACTA_OK;
    seen_last = recorded->position;
    seen_sum += (uint64_t)event.amount;
    return ACTA_OK;
}

static const ledger_event_handler summing = LEDGER_EVENT_HANDLER(.name = "summing", .on = { .Added = take_added });

static uint64_t
sum_of(void *user)
{
    (void)user;
    return seen_sum;
}

static void
a_handler_that_counts_twice_is_found(void **state)
{
    acta_test_app *test = start_app();
    (void)state;

    for (int i = 1; i <= 3; i++)
        assert_int_equal(add(test, i, NULL), ACTA_OK);
    seen_sum = seen_last = 0;
    is_careless = false;
    ACTA_TEST_HANDLER_TWICE(acta_test_app_of(test), &summing, sum_of, NULL);
    expect_fine();
    assert_int_equal(seen_sum, 6);
    is_careless = true;
    ACTA_TEST_HANDLER_TWICE(acta_test_app_of(test), &summing, sum_of, NULL);
    expect_told("('ledger.Added'), given again, has effects of its own");
    stop_app(test);
}

static void
read_wrongly(acta_bytes buffer, void *value_out)
{
    ledger_Added_table.read(buffer, value_out);
    ((ledger_Added *)value_out)->amount++;
}

static void
all_tables_of_a_schema_come_back(void **state)
{
    acta_table liar = ledger_Added_table;
    const acta_table *tables[] = { &liar };
    acta_schema lying = ledger_schema;
    (void)state;

    ACTA_TEST_ROUND_TRIP(&ledger_schema, 4711);
    expect_fine();
    liar.read = read_wrongly;
    lying.tables = tables;
    lying.table_count = 1;
    ACTA_TEST_ROUND_TRIP(&lying, 4711);
    assert_true(told > 0);
}

#define helper(test) cmocka_unit_test_setup_teardown(test, begin, finish)

int
main(void)
{
    const struct CMUnitTest tests[] = { helper(a_manager_is_told_of_events_and_answers_with_commands),
        helper(a_managers_deadlines_are_seen), helper(what_a_manager_does_otherwise_is_told),
        helper(an_aggregates_state_is_compared), helper(events_are_waited_for_and_refuted),
        helper(time_passes_when_the_test_says_so), helper(what_is_acknowledged_survives_a_crash),
        helper(the_nth_commit_fails_as_it_was_told), helper(a_handler_that_counts_twice_is_found),
        helper(all_tables_of_a_schema_come_back) };

    return cmocka_run_group_tests_name("testing helpers", tests, NULL, NULL);
}
