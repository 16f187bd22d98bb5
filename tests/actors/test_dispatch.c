/*
 * Dispatch: a command comes to its aggregate, and its answer back, whatever the answer is; on real threads.
 */
#include <pthread.h>
#include <time.h>

#include "acta/gen_server.h"
#include "fixture.h"

/* -- answers -- */

/* AP-01: what the events of a command carry: their order, who caused them, what they belong to. */
static void
a_command_becomes_events_in_order_with_its_ids(void **state)
{
    fixture *f = FIXTURE(state);
    acta_id id = id_of("burst-1"), correlation = id_of("talk"), causation = id_of("cause");
    uint64_t version, position;
    const acta_dispatch_options options = { .command_id = id,
        .correlation_id = correlation,
        .causation_id = causation,
        .version_out = &version,
        .position_out = &position };
    acta_cursor *cursor;
    acta_recorded event;

    start(f);
    add(f, "a", 5);
    MUST(f,
        ledger_Burst_dispatch(f->app, ACTA_INIT(ledger_Burst, .counter_id = S("a"), .times = 3), &options, &f->error));
    assert_int_equal(version, 4);
    assert_int_equal(position, 4);
    assert_int_equal(fold_counter(f, "a"), 8);
    assert_int_equal(total_of(f, "a"), 8);

    MUST(f, acta_cursor_open(
                acta_app_store(f->app), &(acta_read){ .stream = S("Counter-a"), .from = 2 }, &cursor, &f->error));
    for (uint64_t v = 2; v <= 4; v++) {
        MUST(f, acta_cursor_next(cursor, &event, &f->error));
        assert_int_equal(event.version, v);
        assert_true(acta_str_equal(event.type, S("ledger.Added")));
        assert_true(acta_id_equal(event.command_id, id));
        assert_true(acta_id_equal(event.correlation_id, correlation));
        assert_true(acta_id_equal(event.causation_id, id)); /* an event is caused by its command */
        assert_int_equal(event.schema_hash, ledger_Added_table.schema_hash);
    }
    acta_cursor_close(cursor);
}

/* AP-02: nothing is appended, and the version stays. */
static void
a_command_without_events_changes_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t version = 99, position = 99;
    const acta_dispatch_options options = { .version_out = &version, .position_out = &position };

    start(f);
    add(f, "a", 5);
    MUST(f, ledger_Touch_dispatch(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("a")), &options, &f->error));
    assert_int_equal(version, 1);
    assert_int_equal(position, 0);
    MUST(f, ledger_Touch_dispatch(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("new")), &options, &f->error));
    assert_int_equal(version, 0);
    assert_int_equal(version_of(f, "Counter-new"), 0);
    assert_int_equal(count_events(f, &ledger_Added_table, NULL), 1);
}

/* AP-03: nothing is appended, the caller gets the code, the next command works. */
static void
a_rejection_tells_why_and_the_next_command_works(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    add(f, "a", 60);
    assert_int_equal(add_with(f, "a", 50, NULL), ACTA_REJECTED);
    assert_int_equal(f->error.status, ACTA_REJECTED);
    assert_int_equal(f->error.code, ledger_Rejection_too_much);
    assert_string_equal(f->error.where, "too_much");
    assert_string_equal(f->error.text, "the total is 60 of 100");
    add(f, "a", 40);
    assert_int_equal(fold_counter(f, "a"), 100);
}

/* AP-04: a bug in one decision is the caller's to hear of at once, and nobody else's. */
static void
a_decision_that_fails_takes_nothing_with_it(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    add(f, "a", 5);
    for (int i = 0; i < 20; i++) {
        acta_status status =
            ledger_Break_dispatch(f->app, ACTA_INIT(ledger_Break, .counter_id = S("a")), NULL, &f->error);
        assert_int_equal(status, ACTA_FAILED);
        assert_non_null(strstr(f->error.text, "a bug in the decision about 'a'"));
        add(f, "b", 1);
    }
    add(f, "a", 6);
    assert_int_equal(fold_counter(f, "a"), 11);
    assert_int_equal(fold_counter(f, "b"), 20);
}

static void
an_event_that_cannot_be_written_fails_the_whole_command(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    acta_status status = ledger_Spoil_dispatch(f->app, ACTA_INIT(ledger_Spoil, .counter_id = S("a")), NULL, &f->error);
    assert_int_equal(status, ACTA_INVALID);
    assert_non_null(strstr(f->error.text, "cannot emit 'ledger.Added'"));
    assert_non_null(strstr(f->error.text, "counter_id"));
    assert_int_equal(version_of(f, "Counter-a"), 0); /* the event before it is void, too */
    add(f, "a", 1);
    assert_int_equal(fold_counter(f, "a"), 1);
}

/* AP-12, AP-17: missing, empty, too long, no text; ids that look alike are two. */
static void
what_names_no_stream_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    char name[600];

    start(f);
    assert_int_equal(ledger_Add_dispatch(f->app, ACTA_INIT(ledger_Add, .amount = 1), NULL, &f->error), ACTA_INVALID);
    assert_string_equal(f->error.text, "cannot dispatch 'ledger.Add': its identity is missing");
    assert_int_equal(add_with(f, "", 1, NULL), ACTA_INVALID);
    assert_string_equal(f->error.text, "cannot dispatch 'ledger.Add': its identity is empty");
    assert_int_equal(add_with(f, "a\nb", 1, NULL), ACTA_INVALID);
    assert_int_equal(add_with(f, "\xff", 1, NULL), ACTA_INVALID);
    memset(name, 'x', sizeof name);
    name[ACTA_STREAM_NAME_MAX - strlen("Counter-") + 1] = '\0';
    assert_int_equal(add_with(f, name, 1, NULL), ACTA_INVALID);
    assert_string_equal(
        f->error.text, "cannot dispatch 'ledger.Add': its identity has 505 bytes, at most 504 are allowed");
    name[ACTA_STREAM_NAME_MAX - strlen("Counter-")] = '\0';
    add(f, name, 1); /* the longest that there is */

    add(f, "1", 1);
    add(f, "01", 2);
    MUST(f, start_job(f, "1", NULL, 0, 0)); /* another aggregate's stream */
    assert_int_equal(fold_counter(f, "1"), 1);
    assert_int_equal(fold_counter(f, "01"), 2);
    assert_int_equal(version_of(f, "Job-1"), 1);
}

/* AP-17: a command that nobody is registered for, and what is no command. */
static void
what_belongs_to_no_aggregate_is_refused(void **state)
{
    static const acta_aggregate *const counters_only[] = { &ledger_counter.base, NULL };
    fixture *f = FIXTURE(state);
    ledger_Job job;

    f->config.aggregates = counters_only;
    start(f);
    assert_int_equal(start_job(f, "j", NULL, 0, 0), ACTA_INVALID);
    assert_string_equal(f->error.text, "cannot dispatch 'ledger.StartJob': its aggregate Job is not part of "
                                       "application 'test'; add it to .aggregates");
    assert_int_equal(
        acta_dispatch(f->app, &ledger_Added_table, &(ledger_Added){ .amount = 1 }, NULL, &f->error), ACTA_INVALID);
    assert_string_equal(f->error.text, "cannot dispatch 'ledger.Added': it is no command");
    assert_int_equal(ledger_Job_read(f->app, S("j"), &job, NULL, &f->error), ACTA_INVALID);
}

static void
an_expected_version_is_the_callers_to_hear_of(void **state)
{
    fixture *f = FIXTURE(state);

    start(f);
    MUST(f, add_with(f, "a", 1, &(acta_dispatch_options){ .expected_version = ACTA_EXPECT_NEW }));
    assert_int_equal(
        add_with(f, "a", 1, &(acta_dispatch_options){ .expected_version = ACTA_EXPECT_NEW }), ACTA_CONFLICT);
    assert_int_equal(f->error.actual_version, 1);
    MUST(f, add_with(f, "a", 1, &(acta_dispatch_options){ .expected_version = 1 }));
    assert_int_equal(add_with(f, "a", 1, &(acta_dispatch_options){ .expected_version = 1 }), ACTA_CONFLICT);
    assert_string_equal(f->error.text, "'Counter-a' is at version 2, 1 was expected");
    commit(f, foreign_add(f, "a", 3, 5)); /* nobody told the aggregate */
    assert_int_equal(add_with(f, "a", 1, &(acta_dispatch_options){ .expected_version = 2 }), ACTA_CONFLICT);
    assert_int_equal(f->error.actual_version, 3);
    assert_int_equal(fold_counter(f, "a"), 5);
}

/* -- reading -- */

static void
a_state_is_read_with_all_that_is_durable(void **state)
{
    fixture *f = FIXTURE(state);
    ledger_Counter counter;

    start(f);
    assert_int_equal(ledger_Counter_read(f->app, S("a"), &counter, NULL, &f->error), ACTA_NOT_FOUND);
    assert_string_equal(f->error.text, "there is no 'Counter-a': it has no events");
    MUST(f, ledger_Burst_dispatch(f->app, ACTA_INIT(ledger_Burst, .counter_id = S("a"), .times = 7), NULL, &f->error));

    MUST(f, ledger_Counter_read(f->app, S("a"), &counter, NULL, &f->error));
    assert_int_equal(counter.total, 7);
    assert_null(counter.last_job.data); /* no memory: strings and vectors are left out */
    assert_null(counter.entries.encoded);

    ledger_Entry entry;
    MUST(f, ledger_Counter_read(f->app, S("a"), &counter, f->scratch, &f->error));
    assert_true(acta_str_equal(counter.last_job, S("burst")));
    assert_int_equal(counter.entries.count, 1);
    assert_true(ledger_Entry_vector_at(counter.entries, 0, &entry));
    assert_int_equal(entry.amount, 7);
}

/* -- JSON -- */

static void
commands_come_by_name_and_json(void **state)
{
    fixture *f = FIXTURE(state);
    acta_str json = S("{ \"counter_id\": \"a\", \"amount\": 20 }");

    start(f);
    MUST(f, acta_dispatch_json(f->app, S("Add"), json, NULL, &f->error));
    MUST(f, acta_dispatch_json(f->app, S("ledger.Add"), json, NULL, &f->error));
    assert_int_equal(fold_counter(f, "a"), 40);
    assert_int_equal(acta_dispatch_json(f->app, S("Ad"), json, NULL, &f->error), ACTA_INVALID);
    assert_string_equal(f->error.text, "there is no command 'Ad'; did you mean 'Add'?");
    assert_int_equal(acta_dispatch_json(f->app, S("Tuoch"), json, NULL, &f->error), ACTA_INVALID);
    assert_string_equal(f->error.text, "there is no command 'Tuoch'; did you mean 'Touch'?");
    assert_int_equal(acta_dispatch_json(f->app, S("Frobnicate"), json, NULL, &f->error), ACTA_INVALID);
    assert_string_equal(f->error.text, "there is no command 'Frobnicate'");
    assert_int_equal(acta_dispatch_json(f->app, S("Added"), json, NULL, &f->error), ACTA_INVALID);
    assert_string_equal(f->error.text, "'Added' is an event, not a command; did you mean 'Add'?");
    assert_int_equal(
        acta_dispatch_json(f->app, S("Add"), S("{ \"counter_id\": \"a\", \"amuont\": 1 }"), NULL, &f->error),
        ACTA_INVALID);
    assert_non_null(strstr(f->error.text, "amuont"));
    assert_int_equal(acta_dispatch_json(f->app, S("Add"), S("{ \"amount\": 1 }"), NULL, &f->error), ACTA_INVALID);
    assert_int_equal(fold_counter(f, "a"), 40);
}

/* -- many at once -- */

enum { CHAIN = 200, CHAINS = 16 };

typedef struct chain {
    fixture *f;
    _Atomic uint32_t answered;
    _Atomic uint32_t failed;
} chain;

/* Each answer dispatches the next command, from wherever it is told. */
static void
next_in_chain(void *user, const acta_dispatch_result *result)
{
    chain *c = user;

    if (result->status != ACTA_OK) atomic_fetch_add(&c->failed, 1);
    if (atomic_fetch_add(&c->answered, 1) + 1 > CHAIN * CHAINS - CHAINS) return;
    ledger_Add_dispatch_async(
        c->f->app, ACTA_INIT(ledger_Add, .counter_id = S("chain"), .amount = 0), &patiently, next_in_chain, c);
}

static void
an_answer_may_dispatch_the_next_command(void **state)
{
    fixture *f = FIXTURE(state);
    chain c = { .f = f };

    start(f);
    for (int i = 0; i < CHAINS; i++)
        ledger_Add_dispatch_async(
            f->app, ACTA_INIT(ledger_Add, .counter_id = S("chain"), .amount = 0), &patiently, next_in_chain, &c);
    while (atomic_load(&c.answered) < CHAIN * CHAINS)
        nanosleep(&(struct timespec){ .tv_nsec = 100000 }, NULL);
    assert_int_equal(atomic_load(&c.failed), 0);
    assert_int_equal(version_of(f, "Counter-chain"), CHAIN * CHAINS);
}

enum { RACE_ROUNDS = 1000, RACE_THREADS = 2 };

typedef struct racer {
    fixture *f;
    pthread_barrier_t *barrier;
    uint32_t failed;
} racer;

static void *
race(void *user)
{
    racer *r = user;
    acta_error error;

    for (uint32_t i = 0; i < RACE_ROUNDS; i++) {
        char id[32];
        snprintf(id, sizeof id, "race-%u", i);
        pthread_barrier_wait(r->barrier);
        ledger_Add command = { .counter_id = acta_str_of(id), .amount = 1 };
        r->failed += ledger_Add_dispatch(r->f->app, command, &patiently, &error) != ACTA_OK;
    }
    return NULL;
}

/* AP-11: Two threads find the same aggregate not running, at the same moment. */
static void
two_first_commands_at_once_start_one_aggregate(void **state)
{
    fixture *f = FIXTURE(state);
    pthread_t threads[RACE_THREADS];
    racer racers[RACE_THREADS];
    pthread_barrier_t barrier;

    start(f);
    pthread_barrier_init(&barrier, NULL, RACE_THREADS);
    for (int i = 0; i < RACE_THREADS; i++) {
        racers[i] = (racer){ .f = f, .barrier = &barrier };
        assert_int_equal(0, pthread_create(&threads[i], NULL, race, &racers[i]));
    }
    for (int i = 0; i < RACE_THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(racers[i].failed, 0);
    }
    pthread_barrier_destroy(&barrier);

    acta_store_stats stats;
    acta_store_stats_read(acta_app_store(f->app), &stats);
    assert_int_equal(stats.conflicts, 0); /* two actors of one stream would have met here */
    for (uint32_t i = 0; i < RACE_ROUNDS; i++) {
        char id[32];
        snprintf(id, sizeof id, "race-%u", i);
        assert_int_equal(fold_counter(f, id), RACE_THREADS);
    }
}

/* Passivated after a millisecond: commands meet aggregates that are just leaving, again and again. */
static void
a_command_during_a_passivation_is_executed_once(void **state)
{
    enum { ROUNDS = 300 };
    fixture *f = FIXTURE(state);
    ledger_Counter_aggregate hasty = ledger_counter;
    const acta_aggregate *const aggregates[] = { &hasty.base, NULL };
    uint64_t random = test_seed();
    static answer answers[ROUNDS];
    acta_runtime_stats stats;

    memset(answers, 0, sizeof answers);
    hasty.idle_timeout_ms = 1;
    f->config.aggregates = aggregates;
    start(f);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        add_async(f, "hasty", 0, NULL, &answers[i]);
        nanosleep(&(struct timespec){ .tv_nsec = 900000 + (long)(next_random(&random) % 400000) }, NULL);
        if (i % 2 == 0) add(f, "hasty", 0);
    }
    for (uint32_t i = 0; i < ROUNDS; i++) {
        await(f, &answers[i]);
        assert_int_equal(answers[i].status, ACTA_OK);
    }
    uint32_t more = 0;
    acta_runtime_stats_read(acta_app_runtime(f->app), &stats);
    for (; stats.exited <= 10; more++) { /* where commits take longer than pauses it hardly left */
        nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
        add(f, "hasty", 0);
        acta_runtime_stats_read(acta_app_runtime(f->app), &stats);
    }
    assert_int_equal(version_of(f, "Counter-hasty"), ROUNDS + ROUNDS / 2 + more);
}

/* -- where dispatch is not allowed, and when -- */

static acta_status status_inside;

static void
dispatch_inside(const ledger_Add *command)
{
    acta_error error;
    fixture *f = *(fixture *const *)(uintptr_t)ledger_hook.user;
    (void)command;

    if (status_inside == ACTA_OK)
        status_inside = ledger_Touch_dispatch(f->app, ACTA_INIT(ledger_Touch, .counter_id = S("b")), NULL, &error);
}

static void
an_actor_that_dispatches_and_waits_is_refused(void **state)
{
    fixture *f = FIXTURE(state);

    status_inside = ACTA_OK;
    ledger_hook.before_add = dispatch_inside;
    ledger_hook.user = state;
    start(f);
    add(f, "a", 1);
    assert_int_equal(status_inside, ACTA_CALLING_SELF);
}

static void
a_stopped_application_has_kept_what_it_acknowledged(void **state)
{
    fixture *f = FIXTURE(state);
    static answer answers[500];
    uint32_t acknowledged = 0;

    memset(answers, 0, sizeof answers);
    start(f);
    for (uint32_t i = 0; i < 500; i++)
        add_async(f, "a", 0, NULL, &answers[i]);
    stop(f); /* those under way end first */
    for (uint32_t i = 0; i < 500; i++) {
        assert_int_equal(atomic_load(&answers[i].calls), 1);
        acknowledged += answers[i].status == ACTA_OK;
    }
    start(f);
    assert_true(version_of(f, "Counter-a") >= acknowledged);
    assert_int_equal(acknowledged, 500);
}

/* -- what an answer brings -- */

typedef struct brought {
    uint32_t calls, event_count, decisions;
    acta_status status;
    uint64_t version, position, of_event;
    acta_id command_id;
    bool has_returned, has_state;
    int64_t total, of_state; /* of the last event, and of the state */
    char text[ACTA_ERROR_TEXT_MAX];
} brought;

/* All that the result points to is read here: it is gone when this returns. */
static void
take_returned(void *user, const acta_dispatch_result *result)
{
    brought *b = user;
    const acta_returned *returned = result->returned;

    *b = (brought){ .calls = b->calls + 1,
        .status = result->status,
        .version = result->version,
        .position = result->position,
        .has_returned = returned != NULL };
    if (result->error != NULL) snprintf(b->text, sizeof b->text, "%s", result->error->text);
    if (returned == NULL) return;
    b->decisions = returned->decisions;
    b->command_id = returned->command_id;
    b->event_count = returned->event_count;
    b->has_state = returned->state != NULL;
    if (b->has_state) b->of_state = ((const ledger_Counter *)returned->state)->total;
    if (b->event_count == 0) return;
    const acta_returned_event *last = &returned->events[returned->event_count - 1];
    assert_ptr_equal(last->table, &ledger_Added_table);
    b->total = ((const ledger_Added *)last->value)->total;
    b->of_event = last->version;
}

static void
burst_async(fixture *f, uint32_t times, const acta_dispatch_options *options, brought *b)
{
    ledger_Burst_dispatch_async(
        f->app, ACTA_INIT(ledger_Burst, .counter_id = S("a"), .times = times), options, take_returned, b);
    run_all(f);
}

/* AP-16: the answer of one that nobody waits for brings what the waiting one returns; with its id asked again, the same. */
static void
an_answer_brings_what_was_asked_for(void **state)
{
    fixture *f = FIXTURE(state);
    brought b = { .calls = 0 };
    acta_dispatch_options options = { .command_id = id_of("once"), .returning = ACTA_RETURN_ALL };

    start(f);
    burst_async(f, 2, NULL, &b); /* nothing: ids and versions all the same */
    assert_int_equal(b.status, ACTA_OK);
    assert_true(b.has_returned);
    assert_int_equal(b.event_count, 0);
    assert_false(b.has_state);
    assert_false(acta_id_is_none(b.command_id));
    for (uint32_t round = 0; round < 3; round++) { /* then by its outcome, also in another life */
        burst_async(f, 3, &options, &b);
        assert_int_equal(b.status, ACTA_OK);
        assert_int_equal(b.version, 5);
        assert_int_equal(b.position, 5);
        assert_int_equal(b.decisions, round == 0 ? 1 : 0);
        assert_true(acta_id_equal(b.command_id, id_of("once")));
        assert_int_equal(b.event_count, 3);
        assert_int_equal(b.of_event, 5);
        assert_int_equal(b.total, 5);
        assert_int_equal(b.of_state, 5);
        if (round > 0) {
            stop(f);
            start(f);
        }
        add(f, "a", 1); /* which is nothing to it */
    }
    options = (acta_dispatch_options){ .returning = ACTA_RETURN_STATE };
    burst_async(f, 200, &options, &b);
    assert_int_equal(b.status, ACTA_OK);
    assert_int_equal(b.event_count, 0);
    assert_int_equal(b.of_state, fold_counter(f, "a"));
    assert_int_equal(b.calls, 5);
}

static void
a_failed_answer_brings_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    brought b = { .calls = 0 };
    acta_dispatch_options options = { .returning = ACTA_RETURN_ALL };

    start(f);
    ledger_Add_dispatch_async(f->app, ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = LEDGER_TOTAL_MAX + 1),
        &options, take_returned, &b);
    run_all(f);
    assert_int_equal(b.status, ACTA_REJECTED);
    assert_false(b.has_returned);
    options.returning = 8;
    burst_async(f, 1, &options, &b);
    assert_int_equal(b.status, ACTA_INVALID);
    options = (acta_dispatch_options){ .returning = ACTA_RETURN_ALL, .memory = f->scratch };
    burst_async(f, 1, &options, &b);
    assert_int_equal(b.status, ACTA_INVALID);
    assert_non_null(strstr(b.text, "memory"));
    assert_int_equal(b.calls, 3);
    assert_int_equal(version_of(f, "Counter-a"), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        threaded(a_command_becomes_events_in_order_with_its_ids),
        threaded(a_command_without_events_changes_nothing),
        threaded(a_rejection_tells_why_and_the_next_command_works),
        threaded(a_decision_that_fails_takes_nothing_with_it),
        threaded(an_event_that_cannot_be_written_fails_the_whole_command),
        threaded(what_names_no_stream_is_refused),
        threaded(what_belongs_to_no_aggregate_is_refused),
        threaded(an_expected_version_is_the_callers_to_hear_of),
        threaded(a_state_is_read_with_all_that_is_durable),
        threaded(commands_come_by_name_and_json),
        threaded(an_answer_may_dispatch_the_next_command),
        threaded(two_first_commands_at_once_start_one_aggregate),
        threaded(a_command_during_a_passivation_is_executed_once),
        threaded(an_actor_that_dispatches_and_waits_is_refused),
        threaded(a_stopped_application_has_kept_what_it_acknowledged),
        manual(an_answer_brings_what_was_asked_for),
        manual(a_failed_answer_brings_nothing),
    };
    return run_on_engines("dispatch", tests);
}
