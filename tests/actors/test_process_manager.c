/*
 * Process managers: each event leads to its commands exactly once, in order, wherever the process dies; instances go side by
 * side, are passivated, and end.
 */
#include "jobs.h"

#include "acta/gen_server.h"
#include "acta/sys.h"

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
        manual(an_instance_that_is_killed_while_it_waits_is_woken),
        manual(a_notice_without_memory_is_given_again),
    };
    return run_on_engines("process managers", tests);
}
