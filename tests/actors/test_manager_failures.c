/*
 * What fails in a process manager's commands, and bugs of its own: it is retried, left out or replaced; and one instance that
 * is stuck holds up no other.
 */
#include "jobs.h"

#include "acta/crc.h"
#include "acta/gen_server.h"
#include "acta/sys.h"

static const acta_process_manager *const managers_without_error[] = { &ledger_jobs_without_error.base, NULL };

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

/* The outbox of "j" as a store of before has it. Its event's position. */
static uint64_t
make_outbox_old(fixture *f)
{
    acta_store *store = acta_app_store(f->app);
    uint64_t position = 0;
    acta_bytes row;

    MUST(f, acta_store_get(store, OUTBOX_TABLE, acta_str_bytes(S("j")), f->scratch, &row, &f->error));
    uint8_t *bytes = acta_memory_alloc(f->scratch, row.size);
    assert_non_null(bytes);
    memcpy(bytes, row.data, row.size);
    assert_int_equal(bytes[4], 2);
    bytes[4] = 1;
    uint32_t crc = acta_crc32c(0, bytes + 4, row.size - 4);
    for (int k = 0; k < 4; k++)
        bytes[k] = (uint8_t)(crc >> (8 * k));
    for (int k = 8; k-- > 0;)
        position = position << 8 | bytes[24 + k];
    acta_transaction *transaction = acta_transaction_create(store);
    acta_transaction_put(transaction, OUTBOX_TABLE, acta_str_bytes(S("j")), acta_bytes_from(bytes, row.size));
    commit(f, transaction);
    return position;
}

/* The id under which a program of before asked for the first command of the outbox of "j". */
static acta_id
old_id_of(uint64_t position)
{
    uint8_t place[16] = { 0 };
    acta_bytes parts[] = { acta_str_bytes(S("ledger.Jobs")), acta_str_bytes(S("j")),
        acta_bytes_from(place, sizeof place) };
    acta_id id;

    for (int k = 0; k < 8; k++)
        place[k] = (uint8_t)(position >> (56 - 8 * k));
    acta_digest digest = acta_digest_of(parts, 3);
    memcpy(id.bytes, digest.bytes, sizeof id.bytes);
    return id;
}

/* Its commands go out under the ids that they had then: one that took effect is not done again. */
static void
an_outbox_of_before_is_gone_on_with(void **state)
{
    fixture *f = FIXTURE(state);

    broken_tries = UINT32_MAX;
    ledger_hook.before_add = break_some_tries;
    start_managing(f);
    MUST(f, start_job(f, "j", (const char *const[]){ "c2" }, 1, 7));
    assert_int_equal(acta_app_settle(f->app, 120000, &f->error), ACTA_PARKED);
    const acta_dispatch_options options = { .command_id = old_id_of(make_outbox_old(f)) };
    broken_tries = 0;
    MUST(f, ledger_Add_dispatch(f->app, ACTA_INIT(ledger_Add, .counter_id = S("c2"), .amount = 7, .job_id = S("j")),
                &options, &f->error));
    crash(f);
    start_managing(f);
    settle(f);
    expect_done(f, "j", 1);
    assert_int_equal(fold_counter(f, "c2"), 7);
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
        manual(a_rejection_is_told_and_can_be_skipped),
        manual(without_an_error_function_rejections_are_skipped),
        manual(a_command_that_cannot_get_through_parks_its_instance_alone),
        manual(a_command_whose_aggregate_fails_is_tried_again),
        manual(a_stuck_instance_goes_on_after_a_start_when_its_reason_has_gone),
        manual(an_outbox_of_before_is_gone_on_with),
        manual(a_command_that_was_left_out_takes_no_effect_later),
        manual(a_command_that_failed_can_be_replaced),
        manual(a_command_that_took_effect_is_not_left_out),
        manual(an_instance_that_fails_holds_up_no_other),
        manual(an_event_whose_commands_cannot_be_written_leads_to_nothing),
        manual(an_instance_that_is_killed_in_the_middle_goes_on),
        manual(a_slow_instance_does_not_hold_up_the_others),
    };
    return run_on_engines("failures of process managers", tests);
}
