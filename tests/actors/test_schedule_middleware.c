/*
 * Schedule: what runs passes the application's middleware and is audited, as what is dispatched; each `before` has its one end,
 * whatever becomes of the schedule's actor.
 */
#include "acta/audit.h"
#include "acta/gen_server.h"
#include "acta/middleware.h"
#include "acta/schedule.h"
#include "fixture.h"

enum { AFTER_MS = 1000 };

/* -- a witness -- */

typedef struct witness {
    uint32_t begun, accepted, failed;
    uint32_t of_schedule, of_manager;
    acta_status status;   /* of the last that failed */
    uint32_t answers;     /* `before` responds so often … */
    acta_status response; /* … with this */
    bool is_softening;    /* what failed is told as accepted */
    char text[ACTA_ERROR_TEXT_MAX];
} witness;

static witness seen;

static bool
is_counted(const acta_passage *passage)
{
    return acta_passage_command(passage) == &ledger_Add_table || acta_passage_is_of_schedule(passage);
}

static void
see_before(acta_passage *passage, void *user)
{
    acta_error error;
    (void)user;

    if (!is_counted(passage)) return;
    seen.begun++;
    seen.of_schedule += acta_passage_is_of_schedule(passage);
    seen.of_manager += acta_passage_is_of_manager(passage);
    assert_int_equal(
        acta_passage_set_ids(passage, id_of("mine"), (acta_id){ { 0 } }, (acta_id){ { 0 } }, &error), ACTA_INVALID);
    assert_non_null(strstr(error.text, "the schedule"));
    assert_int_equal(
        acta_passage_set_ids(passage, (acta_id){ { 0 } }, id_of("talk"), (acta_id){ { 0 } }, &error), ACTA_OK);
    assert_int_equal(acta_passage_set_metadata(passage, S("by"), S("clock"), &error), ACTA_OK);
    if (seen.answers == 0) return;
    seen.answers--;
    acta_passage_respond(passage, seen.response, 7, "witness", "not now");
}

static void
see_after(acta_passage *passage, void *user)
{
    (void)user;
    seen.accepted += is_counted(passage);
}

static void
see_failure(acta_passage *passage, void *user)
{
    (void)user;
    if (!is_counted(passage)) return;
    seen.failed++;
    seen.status = acta_passage_status(passage);
    snprintf(seen.text, sizeof seen.text, "%s", acta_passage_error(passage)->text);
    if (seen.is_softening) acta_passage_respond(passage, ACTA_OK, 0, NULL, "as well");
}

static const acta_middleware witness_middleware = {
    .name = "witness", .before = see_before, .after = see_after, .failure = see_failure
};
static const acta_middleware *const middleware[] = { &witness_middleware, NULL };

static void
start_watched(fixture *f)
{
    seen = (witness){ .begun = 0 };
    f->config.middleware = middleware;
    f->config.audit.is_on = true;
    start(f);
}

static void
schedule_add(fixture *f, int64_t amount, const acta_schedule_options *options)
{
    MUST(f, ledger_Add_schedule(f->app, S("k"),
                ACTA_INIT(ledger_Add, .counter_id = S("c"), .amount = amount, .job_id = S("k")), ACTA_AFTER(AFTER_MS),
                options, &f->error));
}

static void
expect_seen(uint32_t begun, uint32_t accepted, uint32_t failed)
{
    assert_int_equal(seen.begun, begun);
    assert_int_equal(seen.accepted, accepted);
    assert_int_equal(seen.failed, failed);
}

/* The records of scheduled commands; the last of them. */
static uint32_t
audits_of(fixture *f, acta_audit_record *last_out)
{
    acta_audit_cursor *cursor;
    acta_audit_record record;
    uint32_t count = 0;

    MUST(f, acta_audit_open(f->app, NULL, &cursor, &f->error));
    while (acta_audit_next(cursor, &record, &f->error) == ACTA_OK) {
        if (!record.is_of_schedule) continue;
        count++;
        *last_out = record;
    }
    acta_audit_close(cursor);
    return count;
}

/* -- what passes -- */

static void
what_runs_passes_and_is_audited(void **state)
{
    fixture *f = FIXTURE(state);
    acta_audit_record record;
    acta_recorded event;
    acta_cursor *cursor;

    start_watched(f);
    schedule_add(f, 5, NULL);
    expect_seen(0, 0, 0);
    assert_int_equal(audits_of(f, &record), 0);
    pass_ms(f, AFTER_MS);
    expect_seen(1, 1, 0);
    assert_int_equal(seen.of_schedule, 1);
    assert_int_equal(seen.of_manager, 0);
    assert_int_equal(audits_of(f, &record), 1);
    assert_int_equal(record.status, ACTA_OK);
    assert_int_equal(record.event_count, 1);
    assert_int_equal(record.version, 1);
    assert_true(record.has_own_id && !record.is_of_manager);

    MUST(f, acta_cursor_open(acta_app_store(f->app), &(acta_read){ .from = 1 }, &cursor, &f->error));
    MUST(f, acta_cursor_next(cursor, &event, &f->error));
    assert_true(acta_id_equal(event.correlation_id, id_of("talk")));
    assert_true(acta_str_equal(acta_metadata_find(event.metadata, S("by")), S("clock")));
    acta_cursor_close(cursor);
}

static void
end_later(const ledger_JobStarted *event, acta_commands *commands)
{
    ledger_EndJob_send_after(
        commands, S("late"), ACTA_INIT(ledger_EndJob, .job_id = event->job_id, .reason = S("deadline")), AFTER_MS);
}

/* A deadline is both: its process manager's and the schedule's. */
static void
a_deadline_is_its_managers_and_the_schedules(void **state)
{
    static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
    fixture *f = FIXTURE(state);
    acta_audit_record record;

    f->config.process_managers = managers;
    ledger_hook.on_job = end_later;
    start_watched(f);
    MUST(f, start_job(f, "j", NULL, 0, 0));
    pass_ms(f, AFTER_MS);
    expect_seen(1, 1, 0);
    assert_int_equal(seen.of_schedule, 1);
    assert_int_equal(seen.of_manager, 1);
    assert_int_equal(audits_of(f, &record), 1);
    assert_true(record.is_of_manager);
    assert_int_equal(count_events(f, &ledger_JobEnded_table, "j"), 1);
}

static void
a_rejection_is_told_as_one(void **state)
{
    fixture *f = FIXTURE(state);
    acta_audit_record record;

    start_watched(f);
    schedule_add(f, 101, NULL);
    pass_ms(f, AFTER_MS);
    expect_seen(1, 0, 1);
    assert_int_equal(seen.status, ACTA_REJECTED);
    assert_int_equal(audits_of(f, &record), 1);
    assert_int_equal(record.status, ACTA_REJECTED);
    assert_int_equal(record.code, ledger_Rejection_too_much);
    assert_int_equal(count_rows(f, "schedule"), 0);
}

/* -- answers of the middleware's own -- */

static bool
take_reason(void *user, const acta_scheduled *scheduled)
{
    snprintf(user, 64, "%d " ACTA_FMT, (int)scheduled->state, ACTA_ARG(scheduled->reason));
    return true;
}

/* AP-19, of the schedule: one that is refused on its way has run, as if its aggregate had refused it. */
static void
one_that_is_refused_on_its_way_has_run(void **state)
{
    fixture *f = FIXTURE(state);
    acta_audit_record record;
    char reason[64] = "";

    start_watched(f);
    seen.answers = 2;
    seen.response = ACTA_REJECTED;
    schedule_add(f, 5, NULL);
    pass_ms(f, 10 * AFTER_MS);
    expect_seen(1, 0, 1);
    assert_int_equal(count_rows(f, "schedule"), 0);
    schedule_add(f, 5, &(acta_schedule_options){ .park_rejected = true });
    pass_ms(f, 10 * AFTER_MS);
    expect_seen(2, 0, 2);
    MUST(f, acta_schedule_each(f->app, acta_str_of(NULL), take_reason, reason, &f->error));
    assert_string_equal(reason, "1 witness");
    assert_int_equal(version_of(f, "Counter-c"), 0);
    assert_int_equal(audits_of(f, &record), 2);

    MUST(f, acta_schedule_resume(f->app, S("k"), &f->error));
    run_all(f);
    expect_seen(3, 1, 2);
    assert_int_equal(fold_counter(f, "c"), 5);
}

static void
one_that_is_accepted_on_its_way_has_run(void **state)
{
    fixture *f = FIXTURE(state);

    start_watched(f);
    seen.answers = 1;
    seen.response = ACTA_OK;
    schedule_add(f, 5, NULL);
    pass_ms(f, 10 * AFTER_MS);
    expect_seen(1, 1, 0);
    assert_int_equal(count_rows(f, "schedule"), 0);
    assert_int_equal(version_of(f, "Counter-c"), 0);
}

/* Any other answer is none: it is tried again, and each try is a passage of its own. */
static void
one_that_is_put_off_is_tried_again(void **state)
{
    fixture *f = FIXTURE(state);
    acta_audit_record record;

    start_watched(f);
    seen.answers = 3;
    seen.response = ACTA_BUSY;
    schedule_add(f, 5, NULL);
    pass_ms(f, 60 * AFTER_MS);
    expect_seen(4, 1, 3);
    assert_int_equal(fold_counter(f, "c"), 5);
    assert_int_equal(audits_of(f, &record), 4);

    seen = (witness){ .answers = UINT32_MAX, .response = ACTA_BUSY };
    schedule_add(f, 6, &(acta_schedule_options){ .retry_max = 2 });
    pass_ms(f, 60 * AFTER_MS);
    expect_seen(3, 0, 3);
    char reason[64] = "";
    MUST(f, acta_schedule_each(f->app, acta_str_of(NULL), take_reason, reason, &f->error));
    assert_string_equal(reason, "1 not now");
}

static void
a_failure_may_be_told_as_accepted(void **state)
{
    fixture *f = FIXTURE(state);

    start_watched(f);
    seen.is_softening = true;
    schedule_add(f, 101, &(acta_schedule_options){ .park_rejected = true });
    pass_ms(f, AFTER_MS);
    expect_seen(1, 0, 1);
    assert_int_equal(count_rows(f, "schedule"), 0); /* it isn't parked */
}

/* -- each has its end -- */

static acta_pid
schedule_actor(fixture *f)
{
    const acta_child_list *list;
    acta_pid pid = { 0 };

    MUST(f, acta_supervisor_find(acta_app_runtime(f->app), acta_app_tree(f->app), "schedule", &list, &f->error));
    if (list->count == 1) pid = list->children[0].pid;
    acta_child_list_destroy(list);
    return pid;
}

/* The application stops, or the schedule's actor is killed, behind any number of steps. */
static void
each_before_has_one_end(void **state)
{
    enum { STEPS = 40 };
    fixture *f = FIXTURE(state);
    uint32_t unanswered = 0;

    for (uint32_t steps = 0; steps < 2 * STEPS; steps++) {
        start_watched(f);
        acta_pid pid = schedule_actor(f);
        schedule_add(f, 1, &(acta_schedule_options){ .replace = true });
        f->now_ns += AFTER_MS * UINT64_C(1000000);
        for (uint32_t i = 0; i < steps / 2; i++)
            step(f);
        if (steps % 2 == 1) {
            acta_exit(acta_app_runtime(f->app), pid, pid, &(acta_exit_reason){ .kind = ACTA_EXIT_KILLED });
            pass_ms(f, 10 * AFTER_MS);
            assert_int_equal(count_rows(f, "schedule"), 0);
        }
        stop(f);
        assert_int_equal(seen.begun, seen.accepted + seen.failed);
        if (seen.failed > 0) assert_int_equal(seen.status, ACTA_STOPPED);
        unanswered += seen.failed;
    }
    assert_true(unanswered > 0);
    seen = (witness){ .begun = 0 };
    start(f);
    pass_ms(f, 10 * AFTER_MS);
    assert_int_equal(fold_counter(f, "c"), 2 * STEPS);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { manual(what_runs_passes_and_is_audited),
        manual(a_deadline_is_its_managers_and_the_schedules), manual(a_rejection_is_told_as_one),
        manual(one_that_is_refused_on_its_way_has_run), manual(one_that_is_accepted_on_its_way_has_run),
        manual(one_that_is_put_off_is_tried_again), manual(a_failure_may_be_told_as_accepted),
        manual(each_before_has_one_end) };

    return run_on_memory("schedule middleware", tests);
}
