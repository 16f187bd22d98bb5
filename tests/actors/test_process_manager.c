/*
 * Process managers: each event leads to its commands exactly once, in order, wherever the process dies; what fails is
 * retried, left out or replaced; and one instance that is stuck holds up no other.
 */
#include "acta/gen_server.h"
#include "acta/sys.h"
#include "acta/traceparent.h"
#include "fixture.h"

static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
static const acta_process_manager *const managers_without_error[] = { &ledger_jobs_without_error.base, NULL };
static const char *const counters[] = { "c1", "c2", "c3" };

#define STATE_TABLE  "pm.ledger.jobs"
#define OUTBOX_TABLE "pm.ledger.jobs.outbox"
#define ENDED_TABLE  "pm.ledger.jobs.ended"

static void
start_managing(fixture *f)
{
    f->config.process_managers = managers;
    if (f->config.command_id_retention_ms == 0) f->config.command_id_retention_ms = 3600000;
    start(f);
}

#define TRACE "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

/* With a traceparent. */
static void
start_job_ok(fixture *f, const char *job, uint32_t count, int64_t amount)
{
    const acta_metadata_entry trace = { S(ACTA_TRACEPARENT), S(TRACE) };
    acta_str names[3];

    for (uint32_t i = 0; i < count; i++)
        names[i] = acta_str_of(counters[i]);
    MUST(f, ledger_StartJob_dispatch(f->app,
                ACTA_INIT(ledger_StartJob, .job_id = acta_str_of(job), .counters = { .data = names, .count = count },
                    .amount = amount),
                &(acta_dispatch_options){ .metadata = &trace, .metadata_count = 1 }, &f->error));
}

/* All events are those of jobs, and have it, and it once. */
static void
expect_traces(fixture *f)
{
    acta_cursor *cursor;
    acta_recorded event;
    uint32_t count = 0;

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        if (event.type.data[0] == '$') continue;
        assert_true(acta_str_equal(
            acta_str_from((const char *)event.metadata.data, event.metadata.size), S(ACTA_TRACEPARENT ":" TRACE "\n")));
        count++;
    }
    acta_cursor_close(cursor);
    assert_true(count > 0);
}

/* The job has added to each of its counters once, and has ended once. */
static void
expect_done(fixture *f, const char *job, uint32_t additions)
{
    assert_int_equal(count_events(f, &ledger_JobStarted_table, job), 1);
    assert_int_equal(count_events(f, &ledger_Added_table, job), additions);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, job), 1);
}

/* Nothing is left of instances that have ended, once the checkpoint is behind them. */
static void
expect_no_rows(fixture *f)
{
    pass_ms(f, 5000);
    assert_int_equal(count_rows(f, STATE_TABLE), 0);
    assert_int_equal(count_rows(f, OUTBOX_TABLE), 0);
    assert_int_equal(count_rows(f, ENDED_TABLE), 0);
    assert_int_equal(count_rows(f, "parked"), 0);
    expect_no_outcomes(f);
}

/* -- the way of a job -- */

static void
a_job_leads_its_counters_to_its_end(void **state)
{
    fixture *f = FIXTURE(state);
    acta_cursor *cursor;
    acta_recorded event;
    acta_id correlation = id_of("talk"), request = { { 0 } };
    acta_str names[] = { S("c1"), S("c2"), S("c3") };
    uint64_t started_at = 0;

    start_managing(f);
    MUST(f, ledger_StartJob_dispatch(f->app,
                ACTA_INIT(ledger_StartJob, .job_id = S("j"), .counters = { .data = names, .count = 3 }, .amount = 2),
                &(acta_dispatch_options){ .correlation_id = correlation, .position_out = &started_at }, &f->error));
    settle(f);
    expect_done(f, "j", 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(fold_counter(f, counters[i]), 2);

    /* One conversation, each event caused by its command; and the commands went out in their order. */
    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 2 }, &cursor, &f->error));
    for (uint64_t position = 2; position <= 5; position++) {
        char stream[32];
        MUST(f, acta_cursor_next(cursor, &event, &f->error));
        assert_true(acta_id_equal(event.correlation_id, correlation));
        assert_true(acta_id_equal(event.causation_id, event.command_id));
        assert_false(acta_id_equal(event.command_id, request));
        request = event.command_id;
        snprintf(stream, sizeof stream, "Counter-c%d", (int)position - 1);
        if (position < 5) assert_true(acta_str_equal(event.stream, acta_str_of(stream)));
    }
    acta_cursor_close(cursor);
    expect_no_rows(f);
}

static void
many_jobs_go_side_by_side(void **state)
{
    enum { JOBS = 40 };
    fixture *f = FIXTURE(state);

    start_managing(f);
    for (int i = 0; i < JOBS; i++) {
        char job[16];
        snprintf(job, sizeof job, "j%d", i);
        start_job_ok(f, job, 1 + (uint32_t)i % 3, 0);
    }
    settle(f);
    for (int i = 0; i < JOBS; i++) {
        char job[16];
        snprintf(job, sizeof job, "j%d", i);
        expect_done(f, job, 1 + (uint32_t)i % 3);
    }
    expect_no_rows(f);
}

/* Events of no instance, and of instances that never were, lead to nothing. */
static void
an_event_for_nobody_begins_nothing(void **state)
{
    fixture *f = FIXTURE(state);

    start_managing(f);
    add(f, "c1", 1); /* no job */
    MUST(f, ledger_Add_dispatch(f->app,
                ACTA_INIT(ledger_Add, .counter_id = S("c1"), .amount = 1, .job_id = S("nobody")), NULL, &f->error));
    settle(f);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, NULL), 0);
    assert_int_equal(count_rows(f, STATE_TABLE), 0);
    assert_int_equal(reader_info(f, "Jobs").passed, 2);
}

static void
an_instance_is_passivated_and_woken_with_its_state(void **state)
{
    fixture *f = FIXTURE(state);
    ledger_Jobs_process_manager hasty = ledger_jobs;
    const acta_process_manager *const hasty_managers[] = { &hasty.base, NULL };

    hasty.idle_timeout_ms = 20;
    f->config.process_managers = hasty_managers;
    start(f);
    /* Two of three additions are rejected and left out by a hand that is not the job's: it waits for the third. */
    ledger_hook.error = NULL;
    start_job_ok(f, "j", 2, 1);
    for (int i = 0; i < 200; i++)
        pass_ms(f, 7);
    settle(f);
    expect_done(f, "j", 2);
    start_job_ok(f, "j2", 3, 1);
    settle(f);
    pass_ms(f, 1000);
    expect_done(f, "j2", 3);
}

/* -- crashes -- */

/* Opening files takes its time: there not every step, but the phases of a commit are all met. */
static uint32_t
stride(const fixture *f)
{
    return f->memory ? 1 : 5;
}

/*
 * The process dies after each number of steps, and at once again a few steps later. In the end everything has happened
 * exactly once: steps of the instance, of its commands, of the router and of the committer are all among them.
 */
static void
a_crash_between_every_two_steps_repeats_and_loses_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps += stride(f)) {
        char job[16];
        uint32_t taken = 0;
        snprintf(job, sizeof job, "j%u", steps);
        start_managing(f);
        start_job_ok(f, job, 3, 0);
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        crash(f);

        start_managing(f);
        for (uint32_t i = 0; i < steps % 13; i++)
            step(f);
        crash(f);

        start_managing(f);
        settle(f);
        expect_done(f, job, 3);
        expect_traces(f);
        expect_no_rows(f);
        stop(f);
        assert_true(steps < 1000);
    }
}

/* The same with a rejection on the way, which is replaced by another command. */
static void
a_crash_between_every_two_steps_of_a_replacement_repeats_and_loses_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps += stride(f)) {
        char job[16];
        uint32_t taken = 0;
        snprintf(job, sizeof job, "j%u", steps);
        start_managing(f);
        MUST(f, start_job(f, job, counters, 3, LEDGER_TOTAL_MAX + 1)); /* each addition is too much */
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        crash(f);
        start_managing(f);
        settle(f);
        expect_done(f, job, 0);
        expect_no_rows(f);
        stop(f);
        assert_true(steps < 1000);
    }
}

/*
 * The start of a job is delivered again after the job has ended: the process died before the checkpoint moved. It must
 * begin nothing; and when the checkpoint is behind it, the note of the end goes.
 */
static void
a_redelivered_start_event_after_a_stop_begins_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t position;

    start_managing(f);
    start_job_ok(f, "j", 2, 1);
    while (count_rows(f, ENDED_TABLE) == 0)
        assert_true(step(f)); /* it has ended … */
    for (int i = 0; i < 30; i++)
        acta_runtime_step(acta_app_runtime(f->app));
    MUST(f, acta_store_checkpoint(acta_app_store(f->app), "Jobs", &position, &f->error));
    assert_int_equal(position, 0); /* … and all its events will be delivered again */
    assert_int_equal(count_rows(f, STATE_TABLE), 0);
    crash(f);
    start_managing(f);
    settle(f);
    expect_done(f, "j", 2);
    assert_int_equal(count_rows(f, STATE_TABLE), 0);
    assert_int_equal(count_rows(f, ENDED_TABLE), 1);
    expect_no_rows(f);
    expect_done(f, "j", 2);
}

/* Managers that try longer before they give up. */
static ledger_Jobs_process_manager patient;
static const acta_process_manager *const patient_managers[] = { &patient.base, NULL };

static void
start_patiently(fixture *f)
{
    patient = ledger_jobs;
    patient.retry_max = 9; /* about 51 s */
    f->config.process_managers = patient_managers;
    f->config.command_id_retention_ms = 3600000;
    start(f);
}

static uint32_t broken_tries;

static void
break_some_tries(const ledger_Add *command)
{
    if (!acta_str_equal(command->counter_id, S("c2")) || broken_tries == 0) return;
    broken_tries--;
    acta_fail(acta_self_here(), "a bug that passes");
}

/* The checkpoint is held back by an instance that is busy, for longer than checkpoints take: the notes of ends behind it
 * must stay, for all that is delivered again after a crash. */
static void
notes_of_ends_stay_until_the_checkpoint_is_behind_them(void **state)
{
    fixture *f = FIXTURE(state);

    broken_tries = UINT32_MAX;
    ledger_hook.before_add = break_some_tries;
    start_patiently(f);
    start_job_ok(f, "slow", 2, 1); /* c1 goes through, and its event waits; c2 doesn't */
    MUST(f, start_job(f, "quick", (const char *const[]){ "c3" }, 1, 1));
    pass_ms(f, 5000);
    expect_done(f, "quick", 1);
    crash(f);
    broken_tries = 0;
    start_patiently(f);
    settle(f);
    expect_done(f, "quick", 1);
    expect_done(f, "slow", 2);
    expect_no_rows(f);
}

/* Nothing is delivered again that would wake this instance: its outbox alone tells that there is something left to do. */
static void
an_outbox_is_gone_on_with_though_no_event_comes(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t position;

    broken_tries = UINT32_MAX;
    ledger_hook.before_add = break_some_tries;
    start_patiently(f);
    MUST(f, start_job(f, "j", (const char *const[]){ "c2" }, 1, 1));
    pass_ms(f, 5000);
    MUST(f, acta_store_checkpoint(acta_app_store(f->app), "Jobs", &position, &f->error));
    assert_int_equal(position, 1);
    crash(f);
    broken_tries = 0;
    start_patiently(f);
    settle(f);
    expect_done(f, "j", 1);
    expect_no_rows(f);
}

/* Outcomes of clients' commands are let go soon here. Those that an outbox may ask for again stay with it. */
static void
an_outcome_is_kept_as_long_as_its_outbox(void **state)
{
    fixture *f = FIXTURE(state);

    f->config.command_id_retention_ms = 1000;
    broken_tries = UINT32_MAX;
    ledger_hook.before_add = break_some_tries;
    start_managing(f);
    start_job_ok(f, "j", 3, 1);
    assert_int_equal(acta_app_settle(f->app, 60000, &f->error), ACTA_PARKED);
    assert_int_equal(count_events(f, &ledger_Added_table, "j"), 1);
    pass_ms(f, 10 * 60000);
    crash(f);
    broken_tries = 0;
    start_managing(f);
    settle(f);
    expect_done(f, "j", 3);
    expect_no_rows(f);
}

/* Killed while it waits to try again, and nothing else is to come: it is woken. */
static void
an_instance_that_is_killed_while_it_waits_is_woken(void **state)
{
    fixture *f = FIXTURE(state);
    acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };

    broken_tries = 1;
    ledger_hook.before_add = break_some_tries;
    start_managing(f);
    MUST(f, start_job(f, "j", (const char *const[]){ "c2" }, 1, 1));
    while (broken_tries > 0)
        assert_true(step(f));
    run_actors(f);
    acta_pid pid = acta_whereis(acta_app_runtime(f->app), S("Jobs-j"));
    assert_true(pid.value != 0);
    acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, pid, &reason);
    run_actors(f);
    settle(f);
    expect_done(f, "j", 1);
    expect_no_rows(f);
}

enum { NOTICE_MIN = 784, NOTICE_MAX = 832 }; /* bytes: an id and a reason, both as long as they may be */
static uint32_t notices_without_memory;

static void *
alloc_but_notices(void *user, size_t size)
{
    (void)user;
    if (notices_without_memory == 0 || size < NOTICE_MIN || size > NOTICE_MAX) return malloc(size);
    notices_without_memory--;
    return NULL;
}

static void
free_any(void *user, void *block, size_t size)
{
    (void)user;
    (void)size;
    free(block);
}

/* Woken, its commands got through, and there is no memory to say so: who waits to hear that hears it later. */
static void
a_notice_without_memory_is_given_again(void **state)
{
    fixture *f = FIXTURE(state);
    acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };

    f->environment.allocator = (acta_allocator){ .alloc = alloc_but_notices, .free = free_any };
    broken_tries = 1;
    ledger_hook.before_add = break_some_tries;
    start_managing(f);
    MUST(f, start_job(f, "j", (const char *const[]){ "c2", "c1" }, 2, 1));
    while (broken_tries > 0)
        assert_true(step(f));
    run_actors(f);
    acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, acta_whereis(acta_app_runtime(f->app), S("Jobs-j")), &reason);
    run_actors(f);
    notices_without_memory = 1;
    settle(f);
    assert_int_equal(notices_without_memory, 0);
    expect_done(f, "j", 2);
    expect_no_rows(f);
}

/*
 * The router is killed while an instance has the event in hand that stops it, behind a command under way. The router's next
 * life finds no note of that end, and delivers the start of the instance again; which comes behind the end, and must begin
 * nothing.
 */
static void
a_router_that_begins_anew_starts_nothing_that_was_stopped_meanwhile(void **state)
{
    fixture *f = FIXTURE(state);
    acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };
    uint64_t position;

    start_managing(f);
    MUST(f, ledger_Touch_dispatch(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("c2")), NULL, &f->error));
    acta_pid counter = acta_whereis(acta_app_runtime(f->app), S("Counter-c2"));
    MUST(f, acta_sys_suspend(acta_app_runtime(f->app), counter, 1000, &f->error));
    MUST(f, start_job(f, "j", (const char *const[]){ "c2" }, 1, 1));
    MUST(f, ledger_EndJob_dispatch(f->app, ACTA_INIT(ledger_EndJob, .job_id = S("j")), NULL, &f->error));
    run_all(f);
    acta_pid pid = acta_whereis(acta_app_runtime(f->app), S("reader Jobs"));
    assert_true(pid.value != 0);
    acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, pid, &reason);
    run_actors(f);
    pass_ms(f, 100);
    MUST(f, acta_store_checkpoint(acta_app_store(f->app), "Jobs", &position, &f->error));
    assert_int_equal(position, 0);                   /* all is delivered again … */
    assert_int_equal(count_rows(f, ENDED_TABLE), 0); /* … and it has not ended yet */
    MUST(f, acta_sys_resume(acta_app_runtime(f->app), counter, 1000, &f->error));
    settle(f);
    expect_done(f, "j", 1);
    expect_no_rows(f);

    /* What begins it afresh is behind its end. */
    MUST(f, start_job(f, "j", (const char *const[]){ "c3" }, 1, 1));
    settle(f);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, "j"), 2);
    expect_no_rows(f);
}

/* After its end the same name may begin afresh: an event behind the end is no redelivery. */
static void
an_instance_that_has_ended_may_begin_again(void **state)
{
    fixture *f = FIXTURE(state);

    start_managing(f);
    for (uint32_t round = 1; round <= 4; round++) {
        start_job_ok(f, "j", 2, 1);
        settle(f);
        assert_int_equal(count_events(f, &ledger_Added_table, "j"), 2 * round);
        assert_int_equal(count_events(f, &ledger_JobEnded_table, "j"), round);
        if (round == 2) crash(f); /* both ends are still noted */
        if (round == 2) start_managing(f);
        if (round == 3) pass_ms(f, 3000); /* they are gone */
    }
    expect_no_rows(f);
}

/* -- failures -- */

static acta_failure_action wanted_action;
static uint32_t failure_count;
static acta_failure last_failure;
static char last_text[128], last_rejection[32];

static acta_failure_action
do_as_wanted(const ledger_Jobs *jobs, const acta_failure *failure, acta_commands *commands)
{
    (void)jobs;
    (void)commands;
    failure_count++;
    last_failure = *failure;
    snprintf(last_text, sizeof last_text, "%s", failure->text);
    snprintf(last_rejection, sizeof last_rejection, "%s", failure->rejection);
    return wanted_action;
}

static void
hook_failures(acta_failure_action action)
{
    wanted_action = action;
    failure_count = 0;
    ledger_hook.error = do_as_wanted;
}

static void
a_rejection_is_told_and_can_be_skipped(void **state)
{
    fixture *f = FIXTURE(state);
    ledger_Add refused;

    hook_failures(ACTA_FAILURE_SKIP);
    start_managing(f);
    add(f, "c2", 100);
    start_job_ok(f, "j", 3, 1);
    settle(f);
    assert_int_equal(failure_count, 1);
    assert_int_equal(last_failure.status, ACTA_REJECTED);
    assert_int_equal(last_failure.code, ledger_Rejection_too_much);
    assert_string_equal(last_rejection, "too_much");
    assert_string_equal(last_text, "the total is 100 of 100");
    assert_int_equal(last_failure.attempt, 1);
    assert_ptr_equal(last_failure.command, &ledger_Add_table);
    (void)refused;
    assert_int_equal(count_events(f, &ledger_Added_table, "j"), 2); /* the first and the third */
    assert_int_equal(fold_counter(f, "c1"), 1);
    assert_int_equal(fold_counter(f, "c3"), 1);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, "j"), 0); /* it still waits for the second */
    assert_int_equal(count_rows(f, "parked"), 0);
}

static void
without_an_error_function_rejections_are_skipped(void **state)
{
    fixture *f = FIXTURE(state);

    f->config.process_managers = managers_without_error;
    start(f);
    add(f, "c1", 100);
    start_job_ok(f, "j", 3, 1);
    settle(f);
    assert_int_equal(count_events(f, &ledger_Added_table, "j"), 2);
}

/* An aggregate that can't be rehydrated refuses the command each time: after retry_max the instance is stuck, and only it. */
static void
a_command_that_cannot_get_through_parks_its_instance_alone(void **state)
{
    fixture *f = FIXTURE(state);
    uint8_t nonsense[] = { 1, 2, 3, 4 };
    acta_event event = {
        .type = S("ledger.Vanished"), .schema_hash = 1, .payload = acta_bytes_from(nonsense, sizeof nonsense)
    };

    start_managing(f);
    acta_transaction *transaction = acta_transaction_create(acta_app_store(f->app));
    acta_transaction_append(transaction, S("Counter-c2"), ACTA_ANY_VERSION, &event, 1);
    commit(f, transaction);
    start_job_ok(f, "bad", 2, 1); /* c1, then c2 */
    MUST(f, start_job(f, "good", counters, 1, 1));
    assert_int_equal(acta_app_settle(f->app, 120000, &f->error), ACTA_PARKED);
    assert_non_null(strstr(f->error.text, "reader 'Jobs' has parked 2 events"));
    assert_non_null(strstr(f->error.text, "cannot rehydrate 'Counter-c2'"));
    expect_done(f, "good", 1);
    assert_int_equal(count_events(f, &ledger_Added_table, "bad"), 1);
    assert_int_equal(count_rows(f, OUTBOX_TABLE), 1);
    MUST(f, start_job(f, "later", (const char *const[]){ "c3" }, 1, 1));
    assert_int_equal(acta_app_settle(f->app, 120000, &f->error), ACTA_PARKED);
    expect_done(f, "later", 1);

    /* The next start tries again, in vain, and says the same; nothing is done twice by that. */
    crash(f);
    start_managing(f);
    assert_int_equal(acta_app_settle(f->app, 120000, &f->error), ACTA_PARKED);
    assert_int_equal(reader_info(f, "Jobs").parked, 2);
    assert_int_equal(count_events(f, &ledger_Added_table, "bad"), 1);
}

static void
a_command_whose_aggregate_fails_is_tried_again(void **state)
{
    fixture *f = FIXTURE(state);

    broken_tries = 3;
    ledger_hook.before_add = break_some_tries;
    start_managing(f);
    start_job_ok(f, "j", 3, 1);
    settle(f);
    expect_done(f, "j", 3);
    assert_int_equal(broken_tries, 0);
    expect_no_rows(f);
}

/* What was parked goes on when its reason has gone: the next start finds it out. */
static void
a_stuck_instance_goes_on_after_a_start_when_its_reason_has_gone(void **state)
{
    fixture *f = FIXTURE(state);

    broken_tries = UINT32_MAX;
    ledger_hook.before_add = break_some_tries;
    start_managing(f);
    start_job_ok(f, "j", 3, 1);
    assert_int_equal(acta_app_settle(f->app, 120000, &f->error), ACTA_PARKED);
    assert_int_equal(count_events(f, &ledger_Added_table, "j"), 1);
    assert_int_equal(reader_info(f, "Jobs").parked, 2); /* its commands, and the event of the first of them */
    broken_tries = 0;
    stop(f);
    start_managing(f);
    settle(f);
    expect_done(f, "j", 3);
    expect_no_rows(f);
}

/*
 * A command got no answer in time and is left out; its aggregate may still have it. The batch that leaves it out forbids it:
 * when the command comes after all, it is refused.
 */
static void
a_command_that_was_left_out_takes_no_effect_later(void **state)
{
    fixture *f = FIXTURE(state);

    hook_failures(ACTA_FAILURE_SKIP);
    broken_tries = 1;
    ledger_hook.before_add = break_some_tries;
    start_managing(f);
    start_job_ok(f, "j", 3, 1);
    settle(f);
    assert_int_equal(failure_count, 1);
    assert_int_equal(last_failure.status, ACTA_FAILED);
    assert_int_equal(count_events(f, &ledger_Added_table, "j"), 2);
    assert_int_equal(fold_counter(f, "c2"), 0);
    /* The outcome that forbids it stays; those of the others have gone with the outbox. */
    pass_ms(f, 3000);
    assert_int_equal(count_rows(f, "outcomes"), 1);

    /* It forbids that command, and none of a later run of the same job. */
    MUST(f, ledger_EndJob_dispatch(f->app, ACTA_INIT(ledger_EndJob, .job_id = S("j")), NULL, &f->error));
    settle(f);
    start_job_ok(f, "j", 3, 1);
    settle(f);
    assert_int_equal(count_events(f, &ledger_Added_table, "j"), 5);
    assert_int_equal(failure_count, 1);
}

static acta_failure_action
end_instead(const ledger_Jobs *jobs, const acta_failure *failure, acta_commands *commands)
{
    ledger_Add failed;
    (void)jobs;

    if (failure->command != &ledger_Add_table) return ACTA_FAILURE_RETRY;
    ledger_Add_decode(failure->payload, &failed);
    ledger_EndJob_send(commands, ACTA_INIT(ledger_EndJob, .job_id = failed.job_id, .reason = S("broken")));
    return ACTA_FAILURE_REPLACE;
}

/* What replaces a command has an id of its own, also where it stands in the same place. */
static void
a_command_that_failed_can_be_replaced(void **state)
{
    fixture *f = FIXTURE(state);

    ledger_hook.error = end_instead;
    ledger_hook.before_add = break_some_tries;
    broken_tries = 1;
    start_managing(f);
    MUST(f, start_job(f, "j", (const char *const[]){ "c2", "c1" }, 2, 1));
    settle(f);
    expect_done(f, "j", 0); /* not even c1: what comes behind the one that failed is left out */
    assert_int_equal(reader_info(f, "Jobs").parked, 0);
}

static uint32_t decisions;

static void
count_decisions(const ledger_Add *command)
{
    (void)command;
    decisions++;
}

/* The same, but it had taken effect: then it counts as through, and not as left out. */
static void
a_command_that_took_effect_is_not_left_out(void **state)
{
    fixture *f = FIXTURE(state);

    hook_failures(ACTA_FAILURE_SKIP);
    start_managing(f);
    start_job_ok(f, "j", 3, 1);
    /* The first command's append is under way; its answer gets lost for longer than anybody waits. */
    decisions = 0;
    ledger_hook.before_add = count_decisions;
    while (decisions == 0)
        assert_true(step(f));
    f->now_ns += UINT64_C(6000) * 1000000;
    run_actors(f);
    assert_int_equal(failure_count, 1);
    assert_int_equal(last_failure.status, ACTA_TIMEOUT);
    settle(f);
    expect_done(f, "j", 3);
    expect_no_rows(f);
}

/* -- bugs in the process manager -- */

static const char *breaking_job;
static uint32_t breaks;

static void
break_job(const ledger_JobStarted *event, acta_commands *commands)
{
    if (breaking_job == NULL || !acta_str_equal(event->job_id, acta_str_of(breaking_job)) || breaks == 0) return;
    breaks--;
    ledger_Add_send(commands, ACTA_INIT(ledger_Add, .counter_id = S("c1"), .amount = 1, .job_id = event->job_id));
    acta_fail(acta_self_here(), "a bug in handle");
}

static void
an_instance_that_fails_holds_up_no_other(void **state)
{
    fixture *f = FIXTURE(state);

    breaking_job = "bad";
    breaks = 2;
    ledger_hook.on_job = break_job;
    start_managing(f);
    start_job_ok(f, "bad", 2, 1);
    start_job_ok(f, "good", 2, 1);
    settle(f);
    expect_done(f, "bad", 2);
    expect_done(f, "good", 2);

    breaks = UINT32_MAX;
    start_job_ok(f, "bad", 1, 0);
    start_job_ok(f, "fine", 1, 0);
    assert_int_equal(acta_app_settle(f->app, 120000, &f->error), ACTA_PARKED);
    assert_non_null(strstr(f->error.text, "a bug in handle"));
    expect_done(f, "fine", 1);
}

static void
send_what_cannot_be_written(const ledger_JobStarted *event, acta_commands *commands)
{
    (void)event;
    ledger_Add_send(commands, ACTA_INIT(ledger_Add, .amount = 1)); /* counter_id is required */
}

static void
an_event_whose_commands_cannot_be_written_leads_to_nothing(void **state)
{
    fixture *f = FIXTURE(state);

    ledger_hook.on_job = send_what_cannot_be_written;
    start_managing(f);
    start_job_ok(f, "j", 2, 1);
    assert_int_equal(acta_app_settle(f->app, 120000, &f->error), ACTA_PARKED);
    assert_non_null(strstr(f->error.text, "cannot send 'ledger.Add'"));
    assert_int_equal(count_events(f, &ledger_Added_table, NULL), 0);
    assert_int_equal(count_rows(f, STATE_TABLE), 0);
    stop(f);
    ledger_hook.on_job = NULL;
    start_managing(f);
    settle(f);
    expect_done(f, "j", 2);
}

/* Killed while it has commands in its outbox, and while nobody has anything to say to it: it is woken again. */
static void
an_instance_that_is_killed_in_the_middle_goes_on(void **state)
{
    fixture *f = FIXTURE(state);
    acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps += stride(f)) {
        char job[16], name[32];
        uint32_t taken = 0;
        snprintf(job, sizeof job, "j%u", steps);
        snprintf(name, sizeof name, "Jobs-%s", job);
        if (f->app == NULL) start_managing(f);
        start_job_ok(f, job, 2, 0);
        while (taken < steps && acta_whereis(acta_app_runtime(f->app), acta_str_of(name)).value == 0 && step(f)) {}
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        acta_pid pid = acta_whereis(acta_app_runtime(f->app), acta_str_of(name));
        if (pid.value != 0) acta_exit(acta_app_runtime(f->app), (acta_pid){ 0 }, pid, &reason);
        run_all(f); /* the others go on meanwhile */
        settle(f);
        expect_done(f, job, 2);
        assert_true(steps < 1000);
    }
    expect_no_rows(f);
}

/* One instance is slow; the lag of the others does not grow with it. */
static void
a_slow_instance_does_not_hold_up_the_others(void **state)
{
    fixture *f = FIXTURE(state);

    broken_tries = 3; /* c2 fails three times: about 100 + 200 + 400 ms of backoff */
    ledger_hook.before_add = break_some_tries;
    start_managing(f);
    MUST(f, start_job(f, "slow", (const char *const[]){ "c2" }, 1, 0));
    for (int i = 0; i < 300; i++) { /* more than the window */
        char job[16];
        snprintf(job, sizeof job, "j%d", i);
        MUST(f, start_job(f, job, (const char *const[]){ "c1" }, 1, 0));
    }
    run_all(f); /* no time passes */
    assert_int_equal(count_events(f, &ledger_JobEnded_table, "slow"), 0);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, NULL), 300);
    settle(f);
    expect_done(f, "slow", 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(a_job_leads_its_counters_to_its_end),
        manual(many_jobs_go_side_by_side),
        manual(an_event_for_nobody_begins_nothing),
        manual(an_instance_is_passivated_and_woken_with_its_state),
        manual(a_crash_between_every_two_steps_repeats_and_loses_nothing),
        manual(a_crash_between_every_two_steps_of_a_replacement_repeats_and_loses_nothing),
        manual(a_redelivered_start_event_after_a_stop_begins_nothing),
        manual(notes_of_ends_stay_until_the_checkpoint_is_behind_them),
        manual(a_router_that_begins_anew_starts_nothing_that_was_stopped_meanwhile),
        manual(an_instance_that_has_ended_may_begin_again),
        manual(an_outbox_is_gone_on_with_though_no_event_comes),
        manual(an_outcome_is_kept_as_long_as_its_outbox),
        manual(a_rejection_is_told_and_can_be_skipped),
        manual(without_an_error_function_rejections_are_skipped),
        manual(a_command_that_cannot_get_through_parks_its_instance_alone),
        manual(a_command_whose_aggregate_fails_is_tried_again),
        manual(a_stuck_instance_goes_on_after_a_start_when_its_reason_has_gone),
        manual(a_command_that_was_left_out_takes_no_effect_later),
        manual(a_command_that_failed_can_be_replaced),
        manual(a_command_that_took_effect_is_not_left_out),
        manual(an_instance_that_fails_holds_up_no_other),
        manual(an_event_whose_commands_cannot_be_written_leads_to_nothing),
        manual(an_instance_that_is_killed_in_the_middle_goes_on),
        manual(an_instance_that_is_killed_while_it_waits_is_woken),
        manual(a_notice_without_memory_is_given_again),
        manual(a_slow_instance_does_not_hold_up_the_others),
    };
    return run_on_engines("process managers", tests);
}
