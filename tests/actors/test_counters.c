/*
 * Counters: what is done is counted once, on whatever thread, and by what it is.
 */
#include <pthread.h>

#include "fixture.h"

#include "acta/counters.h"
#include "acta/gen_server.h"
#include "acta/schedule.h"

static acta_app_counters
counted(fixture *f)
{
    acta_app_counters counters;

    acta_app_count(f->app, &counters);
    return counters;
}

static uint64_t
all_answers(const acta_app_counters *counters)
{
    uint64_t all = 0;

    for (uint32_t status = 0; status < ACTA_COUNTED_STATUSES; status++)
        all += counters->answered[status];
    return all;
}

/* Each dispatch has one answer; those that are refused at once, and the asynchronous ones, too. */
static void
dispatches_are_counted_by_what_they_were_told(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_dispatch_options with_id = { .command_id = id_of("once") };
    const acta_dispatch_options wants_new = { .expected_version = ACTA_EXPECT_NEW };
    answer a = { 0 }, refused = { 0 };
    uint64_t version;
    const acta_dispatch_options not_async = { .version_out = &version };

    start(f);
    add(f, "a", 1);
    MUST(f, add_with(f, "a", 1, &with_id));
    MUST(f, add_with(f, "a", 1, &with_id));
    assert_int_equal(add_with(f, "a", 1000, NULL), ACTA_REJECTED);
    assert_int_equal(add_with(f, "a", 1, &wants_new), ACTA_CONFLICT);
    assert_int_equal(add_with(f, "", 1, NULL), ACTA_INVALID);
    add_async(f, "a", 1, NULL, &a);
    assert_int_equal(counted(f).dispatched, 7);
    assert_int_equal(counted(f).commands_open, 1);
    run_all(f);
    add_async(f, "a", 1, &not_async, &refused);
    assert_int_equal(refused.status, ACTA_INVALID);
    assert_int_equal(total_of(f, "a"), 3);

    const acta_app_counters counters = counted(f);
    assert_int_equal(counters.dispatched, 8);
    assert_int_equal(counters.answered[ACTA_OK], 4);
    assert_int_equal(counters.answered[ACTA_REJECTED], 1);
    assert_int_equal(counters.answered[ACTA_CONFLICT], 1);
    assert_int_equal(counters.answered[ACTA_INVALID], 2);
    assert_int_equal(all_answers(&counters), 8);
    assert_int_equal(counters.repeated, 1);
    assert_int_equal(counters.reads, 1);
    assert_int_equal(counters.conflicts, 0); /* the caller expected something else: no append failed */
    assert_int_equal(counters.commands_open, 0);
}

static void
appends_that_met_another_writer_are_counted(void **state)
{
    fixture *f = FIXTURE(state);
    answer a = { 0 };

    f->config.conflict_retry_max = 3;
    start(f);
    add_against_others(f, "a", &a);
    assert_int_equal(a.status, ACTA_CONFLICT);
    assert_int_equal(counted(f).conflicts, 4);
    assert_int_equal(counted(f).decided_again, 3);
    assert_int_equal(counted(f).answered[ACTA_CONFLICT], 1);
}

/* An instance comes, has a snapshot written, leaves, and is read again from behind that. */
static void
comings_and_goings_of_aggregates_are_counted(void **state)
{
    static ledger_Counter_aggregate with_snapshots;
    static const acta_aggregate *const aggregates[] = { &with_snapshots.base, NULL };
    enum { IDLE_MS = 60000 };
    fixture *f = FIXTURE(state);

    with_snapshots = ledger_counter;
    with_snapshots.snapshot_every = 5;
    f->config.aggregates = aggregates;
    start(f);
    for (int i = 0; i < 8; i++)
        add(f, "a", 1);
    run_all(f);
    assert_int_equal(counted(f).started, 1);
    assert_int_equal(counted(f).aggregates_live, 1);
    assert_int_equal(counted(f).rehydrations, 0);
    assert_int_equal(counted(f).snapshots, 1);
    pass_ms(f, 2 * IDLE_MS);
    assert_int_equal(counted(f).passivated, 1);
    assert_int_equal(counted(f).aggregates_live, 0);
    add(f, "a", 1);
    assert_int_equal(counted(f).started, 2);
    assert_int_equal(counted(f).rehydrations, 1);
    assert_int_equal(counted(f).rehydrated_events, 3);
}

static int broken_tries;

static void
break_some_tries(const ledger_Add *command)
{
    if (!acta_str_equal(command->counter_id, S("c2")) || broken_tries == 0) return;
    broken_tries--;
    acta_fail(acta_self_here(), "a bug that passes");
}

static acta_status
take_note(void *user, ledger_Added event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)event, (void)recorded, (void)error;
    return ACTA_OK;
}

/* A process manager's commands are none of a program's; each of its readers has its own count. */
static void
commands_of_process_managers_and_events_of_readers_are_counted(void **state)
{
    static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
    static const ledger_event_handler notes = LEDGER_EVENT_HANDLER(.name = "notes", .on = { .Added = take_note });
    static const acta_event_handler *const handlers[] = { &notes.base, NULL };
    fixture *f = FIXTURE(state);

    f->config.process_managers = managers;
    f->config.event_handlers = handlers;
    broken_tries = 2;
    ledger_hook.before_add = break_some_tries;
    start(f);
    MUST(f, start_job(f, "j", (const char *const[]){ "c1", "c2" }, 2, 1));
    run_all(f);
    assert_int_equal(counted(f).outboxes_open, 1);
    settle(f);
    const acta_app_counters counters = counted(f);
    assert_int_equal(counters.dispatched, 1);
    assert_int_equal(counters.manager_retries, 2);
    assert_int_equal(counters.manager_commands, 3 + 2); /* two additions and the end */
    assert_int_equal(counters.outboxes_open, 0);
    assert_int_equal(reader_info(f, "notes").handled, 2);
    assert_int_equal(reader_info(f, "Jobs").handled, 4); /* JobStarted, Added, Added, JobEnded */
}

static void
commands_of_the_schedule_are_counted(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    MUST(f, ledger_Add_schedule(f->app, S("k"), ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = 1),
                ACTA_AFTER(1000), NULL, &f->error));
    run_all(f);
    assert_int_equal(counted(f).schedule_commands, 0);
    pass_ms(f, 2000);
    assert_int_equal(version_of(f, "Counter-a"), 1);
    assert_int_equal(counted(f).schedule_commands, 1);
    assert_int_equal(counted(f).dispatched, 0);
}

enum { THREADS = 4, EACH = 200 };

static void *
dispatch_some(void *argument)
{
    fixture *f = argument;
    acta_error error;

    for (int i = 0; i < EACH; i++)
        (void)ledger_Add_dispatch(f->app, ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = 1), &patiently, &error);
    return NULL;
}

static void
nothing_is_lost_between_threads(void **state)
{
    fixture *f = FIXTURE(state);
    pthread_t threads[THREADS];

    start(f);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, dispatch_some, f), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    const acta_app_counters counters = counted(f);
    assert_int_equal(counters.dispatched, THREADS * EACH);
    assert_int_equal(all_answers(&counters), THREADS * EACH);
    assert_int_equal(counters.answered[ACTA_OK], version_of(f, "Counter-a"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(dispatches_are_counted_by_what_they_were_told),
        manual(appends_that_met_another_writer_are_counted),
        manual(comings_and_goings_of_aggregates_are_counted),
        manual(commands_of_process_managers_and_events_of_readers_are_counted),
        manual(commands_of_the_schedule_are_counted),
        threaded(nothing_is_lost_between_threads),
    };
    return run_on_memory("counters", tests);
}
