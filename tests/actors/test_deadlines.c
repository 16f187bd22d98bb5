/*
 * Deadlines of process managers: written with the state, in one batch; run once at their time; replaced and cancelled by key;
 * gone with their instance, unless told to stay.
 */
#include "acta/schedule.h"
#include "acta/traceparent.h"
#include "fixture.h"

static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
static const char *const counters[] = { "c1", "c2", "c3" };

enum { AFTER_MS = 5000 };

static void
start_managing(fixture *f)
{
    f->config.process_managers = managers;
    start(f);
}

/* "late": the job is ended by its deadline. */
static void
end_after(const ledger_JobStarted *event, acta_commands *commands)
{
    ledger_EndJob_send_after(
        commands, S("late"), ACTA_INIT(ledger_EndJob, .job_id = event->job_id, .reason = S("deadline")), AFTER_MS);
}

static void
note_after(const ledger_JobStarted *event, acta_commands *commands)
{
    const acta_deadline stays = { .after_ms = AFTER_MS, .stays = true };
    const ledger_Add note = { .counter_id = S("notes"), .amount = 1 };

    end_after(event, commands);
    acta_commands_schedule(commands, S("note"), &ledger_Add_table, &note, &stays);
}

static uint32_t
ended_by(fixture *f, const char *job, const char *reason)
{
    acta_cursor *cursor;
    acta_recorded event;
    ledger_JobEnded ended;
    uint32_t count = 0;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        if (!acta_str_equal(event.type, acta_str_of(ledger_JobEnded_table.name))) continue;
        ledger_JobEnded_decode(event.payload, &ended);
        count += acta_str_equal(ended.job_id, acta_str_of(job)) && acta_str_equal(ended.reason, acta_str_of(reason));
    }
    acta_cursor_close(cursor);
    return count;
}

static void
expect_rows(fixture *f, uint32_t count)
{
    assert_int_equal(count_rows(f, "schedule"), count);
    assert_int_equal(count_rows(f, "schedule.due"), count);
}

/* A job that waits for an addition that never comes. */
static void
start_waiting(fixture *f, const char *job)
{
    MUST(f, start_job(f, job, NULL, 0, 0));
    run_all(f);
}

static void
a_deadline_runs_at_its_time_with_its_correlation(void **state)
{
    fixture *f = FIXTURE(state);
    acta_recorded event;
    acta_cursor *cursor;
    const acta_metadata_entry trace[] = { { S(ACTA_TRACEPARENT),
                                              S("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01") },
        { S(ACTA_TRACESTATE), S("rojo=00f067aa0ba902b7") } };
    acta_id correlation = { { 0 } };

    ledger_hook.on_job = end_after;
    start_managing(f);
    MUST(f, ledger_StartJob_dispatch(f->app, ACTA_INIT(ledger_StartJob, .job_id = S("j")),
                &(acta_dispatch_options){ .metadata = trace, .metadata_count = 2 }, &f->error));
    run_all(f);
    expect_rows(f, 1);
    pass_ms(f, AFTER_MS - 1);
    assert_int_equal(ended_by(f, "j", "deadline"), 0);
    pass_ms(f, 1);
    assert_int_equal(ended_by(f, "j", "deadline"), 1);
    expect_rows(f, 0);
    pass_ms(f, 10 * AFTER_MS);
    assert_int_equal(ended_by(f, "j", "deadline"), 1);

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    MUST(f, acta_cursor_next(cursor, &event, &f->error));
    correlation = event.correlation_id;
    int64_t begun_us = event.recorded_at_us;
    MUST(f, acta_cursor_next(cursor, &event, &f->error));
    assert_true(acta_id_equal(event.correlation_id, correlation));
    for (size_t i = 0; i < 2; i++)
        assert_true(acta_str_equal(acta_metadata_find(event.metadata, trace[i].name), trace[i].value));
    assert_true(event.recorded_at_us == begun_us + AFTER_MS * INT64_C(1000));
    acta_cursor_close(cursor);
}

static bool
take_names(void *user, const acta_scheduled *scheduled)
{
    char *names = user;

    snprintf(names, 128, ACTA_FMT "|" ACTA_FMT "|" ACTA_FMT "|" ACTA_FMT, ACTA_ARG(scheduled->manager),
        ACTA_ARG(scheduled->instance), ACTA_ARG(scheduled->key), ACTA_ARG(scheduled->command));
    return true;
}

/* The same key of two instances, and one of the application, are three. */
static void
each_instance_has_keys_of_its_own(void **state)
{
    fixture *f = FIXTURE(state);
    char names[128];

    ledger_hook.on_job = end_after;
    start_managing(f);
    start_waiting(f, "j1");
    pass_ms(f, 1000);
    start_waiting(f, "j2");
    MUST(f, ledger_Touch_schedule(f->app, S("late"), ACTA_INIT(ledger_Touch, .counter_id = S("c")), ACTA_AFTER(1000000),
                NULL, &f->error));
    expect_rows(f, 3);
    MUST(f, acta_schedule_each(f->app, acta_str_of(NULL), take_names, names, &f->error));
    assert_string_equal(names, "ledger.Jobs|j2|late|ledger.EndJob");
    pass_ms(f, AFTER_MS - 1000);
    assert_int_equal(ended_by(f, "j1", "deadline"), 1);
    assert_int_equal(ended_by(f, "j2", "deadline"), 0);
    pass_ms(f, 1000);
    assert_int_equal(ended_by(f, "j2", "deadline"), 1);
    expect_rows(f, 1);
}

static void
an_instance_that_is_stopped_takes_its_deadlines_with_it(void **state)
{
    fixture *f = FIXTURE(state);

    ledger_hook.on_job = note_after;
    start_managing(f);
    start_waiting(f, "j");
    expect_rows(f, 2);
    /* In another life of the program. */
    stop(f);
    start(f);
    MUST(f, ledger_EndJob_dispatch(
                f->app, ACTA_INIT(ledger_EndJob, .job_id = S("j"), .reason = S("by hand")), NULL, &f->error));
    run_all(f);
    expect_rows(f, 1); /* the one that stays */
    pass_ms(f, AFTER_MS);
    assert_int_equal(total_of(f, "notes"), 1);
    assert_int_equal(ended_by(f, "j", "deadline"), 0);
    expect_rows(f, 0);
}

static acta_failure_action
give_up(const ledger_Jobs *jobs, const acta_failure *failure, acta_commands *commands)
{
    (void)jobs;
    (void)failure;
    (void)commands;
    return ACTA_FAILURE_STOP;
}

/* Without an event that would stop it: its error function says so. */
static void
one_that_gives_up_takes_its_deadlines_with_it(void **state)
{
    fixture *f = FIXTURE(state);

    ledger_hook.on_job = note_after;
    ledger_hook.error = give_up;
    start_managing(f);
    MUST(f, start_job(f, "j", counters, 1, 1000)); /* too much for the counter */
    run_all(f);
    expect_rows(f, 1); /* the one that stays */
    pass_ms(f, AFTER_MS);
    assert_int_equal(total_of(f, "notes"), 1);
    assert_int_equal(ended_by(f, "j", "deadline"), 0);
    expect_rows(f, 0);
}

/* Each addition puts it off. */
static void
put_off(const ledger_Added *event, acta_commands *commands)
{
    ledger_EndJob_send_after(
        commands, S("late"), ACTA_INIT(ledger_EndJob, .job_id = event->job_id, .reason = S("put off")), AFTER_MS);
}

static void
call_off(const ledger_Added *event, acta_commands *commands)
{
    (void)event;
    acta_commands_cancel(commands, S("late"));
    acta_commands_cancel(commands, S("there is none"));
}

static void
add_for(fixture *f, const char *job)
{
    MUST(f, ledger_Add_dispatch(f->app,
                ACTA_INIT(ledger_Add, .counter_id = S("c"), .amount = 1, .job_id = acta_str_of(job)), NULL, &f->error));
    run_all(f);
}

static void
a_deadline_of_the_same_key_takes_the_others_place(void **state)
{
    fixture *f = FIXTURE(state);

    ledger_hook.on_job = end_after;
    ledger_hook.on_added = put_off;
    start_managing(f);
    start_waiting(f, "j");
    for (int i = 0; i < 3; i++) {
        pass_ms(f, AFTER_MS - 1);
        add_for(f, "j");
        expect_rows(f, 1);
    }
    assert_int_equal(ended_by(f, "j", "deadline"), 0);
    pass_ms(f, AFTER_MS);
    assert_int_equal(ended_by(f, "j", "put off"), 1);
    assert_int_equal(ended_by(f, "j", "deadline"), 0);
    expect_rows(f, 0);
}

static void
a_deadline_that_is_cancelled_never_runs(void **state)
{
    fixture *f = FIXTURE(state);

    ledger_hook.on_job = end_after;
    ledger_hook.on_added = call_off;
    start_managing(f);
    start_waiting(f, "j");
    pass_ms(f, AFTER_MS - 1);
    add_for(f, "j");
    expect_rows(f, 0);
    pass_ms(f, 2 * AFTER_MS);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, "j"), 0);
}

/* A deadline that can't be written voids the event: no state, no commands, no other deadline. */
static void
add_a_bad_one(const ledger_JobStarted *event, acta_commands *commands)
{
    end_after(event, commands);
    acta_commands_cancel(commands, S(""));
}

static void
one_that_is_wrong_voids_the_whole_event(void **state)
{
    fixture *f = FIXTURE(state);

    ledger_hook.on_job = add_a_bad_one;
    start_managing(f);
    MUST(f, start_job(f, "j", counters, 2, 1));
    run_all(f);
    expect_rows(f, 0);
    assert_int_equal(count_rows(f, "pm.ledger.jobs"), 0);
    assert_int_equal(count_events(f, &ledger_Added_table, "j"), 0);
}

/* -- two of one table -- */

static ledger_Jobs_process_manager second_jobs; /* as ledger_jobs, under a name */
static const acta_process_manager *const both_managers[] = { &ledger_jobs.base, &second_jobs.base, NULL };
static const acta_process_manager *const second_managers[] = { &second_jobs.base, NULL };

typedef struct named_deadlines {
    uint32_t count;
    char text[4][128]; /* "manager|instance|key" */
} named_deadlines;

static bool
collect_names(void *user, const acta_scheduled *scheduled)
{
    named_deadlines *names = user;

    if (names->count == 4) fail_msg("more deadlines than there are");
    snprintf(names->text[names->count++], sizeof names->text[0], ACTA_FMT "|" ACTA_FMT "|" ACTA_FMT,
        ACTA_ARG(scheduled->manager), ACTA_ARG(scheduled->instance), ACTA_ARG(scheduled->key));
    return true;
}

static void
start_both(fixture *f)
{
    second_jobs = ledger_jobs;
    second_jobs.base.name = "again";
    f->config.process_managers = both_managers;
    start(f);
}

/* Deadlines of the same key and instance of two managers over one state table are two, and each is its manager's own. */
static void
each_of_two_managers_of_one_table_has_keys_of_its_own(void **state)
{
    fixture *f = FIXTURE(state);
    named_deadlines names = { .count = 0 };

    ledger_hook.on_job = note_after;
    start_both(f);
    start_waiting(f, "j");
    expect_rows(f, 4);
    MUST(f, acta_schedule_each(f->app, acta_str_of(NULL), collect_names, &names, &f->error));
    assert_string_equal(names.text[0], "ledger.Jobs|j|late");
    assert_string_equal(names.text[1], "ledger.Jobs|j|note");
    assert_string_equal(names.text[2], "ledger.Jobs.again|j|late");
    assert_string_equal(names.text[3], "ledger.Jobs.again|j|note");
    pass_ms(f, AFTER_MS);
    assert_int_equal(total_of(f, "notes"), 2); /* one of each */
    assert_int_equal(ended_by(f, "j", "deadline"), 1);
    expect_rows(f, 0);
}

/* What a manager with a name finds under the name of its table alone. */
static void
make_it_older(fixture *f, const char *key)
{
    acta_transaction *t = acta_transaction_create(acta_app_store(f->app));
    const char named[] = "m\0\x11ledger.Jobs.again\0\1j", plain[] = "m\0\x0bledger.Jobs\0\1j";
    uint8_t from[128], to[128], due[144];
    acta_row_cursor *cursor;
    acta_bytes found, value;

    memcpy(from, named, sizeof named - 1);
    memcpy(from + sizeof named - 1, key, strlen(key));
    memcpy(to, plain, sizeof plain - 1);
    memcpy(to + sizeof plain - 1, key, strlen(key));
    const acta_bytes before = acta_bytes_from(from, sizeof named - 1 + strlen(key));
    const acta_bytes after = acta_bytes_from(to, sizeof plain - 1 + strlen(key));
    MUST(f, acta_store_get(acta_app_store(f->app), "schedule", before, f->scratch, &value, &f->error));
    acta_transaction_delete(t, "schedule", before);
    acta_transaction_put(t, "schedule", after, value);
    MUST(f, acta_row_cursor_open(acta_app_store(f->app), "schedule.due", acta_bytes_from(NULL, 0), &cursor, &f->error));
    while (acta_row_cursor_next(cursor, &found, &value, &f->error) == ACTA_OK) {
        if (found.size != 16 + before.size || memcmp(found.data + 16, before.data, before.size) != 0) continue;
        memcpy(due, found.data, 16);
        memcpy(due + 16, after.data, after.size);
        acta_transaction_delete(t, "schedule.due", found);
        acta_transaction_put(t, "schedule.due", acta_bytes_from(due, 16 + after.size), acta_bytes_from(NULL, 0));
    }
    acta_row_cursor_close(cursor);
    commit(f, t);
}

static void
start_second_with_older(fixture *f)
{
    start_both(f);
    stop(f);
    f->config.process_managers = second_managers;
    start(f);
    start_waiting(f, "j");
    expect_rows(f, 2);
    make_it_older(f, "late");
    make_it_older(f, "note");
    expect_rows(f, 2);
    stop(f);
    start(f);
}

/* They are replaced, called off and taken along as if they were under its own; and run at their time. */
static void
deadlines_under_the_name_of_the_table_are_its_too(void **state)
{
    fixture *f = FIXTURE(state);

    ledger_hook.on_job = note_after;
    ledger_hook.on_added = put_off;
    start_second_with_older(f);
    add_for(f, "j"); /* "late" is put off: one of them, not two */
    expect_rows(f, 2);
    MUST(f, ledger_EndJob_dispatch(
                f->app, ACTA_INIT(ledger_EndJob, .job_id = S("j"), .reason = S("by hand")), NULL, &f->error));
    run_all(f);
    expect_rows(f, 1); /* the one that stays */
    pass_ms(f, AFTER_MS);
    assert_int_equal(total_of(f, "notes"), 1);
    expect_rows(f, 0);
}

static void
deadlines_under_the_name_of_the_table_go_with_the_instance(void **state)
{
    fixture *f = FIXTURE(state);

    ledger_hook.on_job = note_after;
    start_second_with_older(f);
    MUST(f, ledger_EndJob_dispatch(
                f->app, ACTA_INIT(ledger_EndJob, .job_id = S("j"), .reason = S("by hand")), NULL, &f->error));
    run_all(f);
    expect_rows(f, 1); /* the one that stays */
}

/* Where a manager without a name has that table they are that one's alone. */
static void
those_of_a_manager_without_a_name_are_its_alone(void **state)
{
    static ledger_Jobs_process_manager goes_on;
    static const acta_process_manager *const two[] = { &goes_on.base, &second_jobs.base, NULL };
    fixture *f = FIXTURE(state);
    named_deadlines names = { .count = 0 };

    second_jobs = goes_on = ledger_jobs;
    second_jobs.base.name = "again";
    memset(&goes_on.on.JobEnded, 0, sizeof goes_on.on.JobEnded); /* its instance doesn't end */
    f->config.process_managers = two;
    ledger_hook.on_job = end_after;
    start(f);
    start_waiting(f, "j");
    stop(f);
    start(f);
    expect_rows(f, 2);
    MUST(f, ledger_EndJob_dispatch(
                f->app, ACTA_INIT(ledger_EndJob, .job_id = S("j"), .reason = S("by hand")), NULL, &f->error));
    run_all(f);
    expect_rows(f, 1);
    MUST(f, acta_schedule_each(f->app, acta_str_of(NULL), collect_names, &names, &f->error));
    assert_string_equal(names.text[0], "ledger.Jobs|j|late");
}

/* The process dies after each number of steps: state, commands and deadline are there together or not at all, and each takes
 * effect once. */
static void
a_crash_anywhere_repeats_nothing_and_loses_nothing(void **state)
{
    enum { STEPS_MAX = 400 };
    fixture *f = FIXTURE(state);
    uint32_t crashes = 0;
    bool is_through = false;

    ledger_hook.on_job = end_after;
    for (int steps = 0; !is_through && steps < STEPS_MAX; steps += 2) {
        char job[16];
        snprintf(job, sizeof job, "j%d", steps);
        if (f->app == NULL) start_managing(f);
        MUST(f, start_job(f, job, counters, 0, 0));
        int k = 0;
        while (k < steps && ended_by(f, job, "deadline") == 0) {
            step(f);
            assert_int_equal(count_rows(f, "schedule"), count_rows(f, "schedule.due"));
            k++;
        }
        is_through = k < steps;
        if (!is_through) {
            crash(f);
            crashes++;
            start(f);
        }
        pass_ms(f, 3 * AFTER_MS);
        assert_int_equal(ended_by(f, job, "deadline"), 1);
        expect_rows(f, 0);
    }
    assert_true(is_through);
    assert_true(crashes > 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { manual(a_deadline_runs_at_its_time_with_its_correlation),
        manual(each_instance_has_keys_of_its_own), manual(an_instance_that_is_stopped_takes_its_deadlines_with_it),
        manual(one_that_gives_up_takes_its_deadlines_with_it),
        manual(a_deadline_of_the_same_key_takes_the_others_place), manual(a_deadline_that_is_cancelled_never_runs),
        manual(one_that_is_wrong_voids_the_whole_event), manual(each_of_two_managers_of_one_table_has_keys_of_its_own),
        manual(deadlines_under_the_name_of_the_table_are_its_too),
        manual(deadlines_under_the_name_of_the_table_go_with_the_instance),
        manual(those_of_a_manager_without_a_name_are_its_alone),
        manual(a_crash_anywhere_repeats_nothing_and_loses_nothing) };

    return run_on_memory("deadlines", tests);
}
