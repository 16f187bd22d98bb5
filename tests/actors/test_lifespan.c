/*
 * How long an aggregate lives, and what its commands go through: the check before them, steps that see the state after the
 * one before, lifespans, snapshots that nobody waits for, and appends of somebody else to its stream.
 */
#include "acta/gen_server.h"
#include "fixture.h"

static ledger_Counter_aggregate counter; /* a copy with settings of the test */
static const acta_aggregate *const aggregates[] = { &counter.base, NULL };

static void
start_counter(fixture *f)
{
    f->config.aggregates = aggregates;
    start(f);
}

static bool
is_live(fixture *f, const char *stream)
{
    return acta_whereis(acta_app_runtime(f->app), acta_str_of(stream)).value != 0;
}

static acta_status
touch(fixture *f, const char *id)
{
    return ledger_Touch_dispatch(f->app, ACTA_INIT(ledger_Touch, .counter_id = acta_str_of(id)), NULL, &f->error);
}

/* -- before execute -- */

static uint32_t checks;

static acta_verdict
only_small(const ledger_Counter *state, acta_decision *decision)
{
    checks++;
    if (acta_decision_command(decision) == &ledger_Touch_table) return acta_nothing(decision);
    assert_true(acta_decision_envelope(decision)->dispatched_at_us > 0);
    if (state->total < 3) return acta_nothing(decision);
    return ledger_reject(decision, ledger_Rejection_too_much, "a check of all commands");
}

static void
a_check_before_execute_rejects_any_command(void **state)
{
    fixture *f = FIXTURE(state);

    checks = 0;
    counter = ledger_counter;
    counter.before_execute = only_small;
    start_counter(f);
    add(f, "a", 2);
    add(f, "a", 2);
    assert_int_equal(add_with(f, "a", 1, NULL), ACTA_REJECTED);
    assert_string_equal(f->error.text, "a check of all commands");
    assert_int_equal(touch(f, "a"), ACTA_OK);
    assert_int_equal(checks, 4);
    assert_int_equal(fold_counter(f, "a"), 4);
}

/* -- steps -- */

static uint32_t steps_seen;

/* Adds 1 until the total is even, and at most `times` times: each step looks at what the one before has led to. */
static acta_verdict
add_by_steps(const ledger_Counter *state, ledger_Burst command, acta_decision *decision)
{
    acta_verdict verdict = acta_nothing(decision);

    assert_ptr_equal(ledger_Counter_after(decision), state); /* nothing was emitted yet */
    for (uint32_t i = 0; i < command.times; i++) {
        const ledger_Counter *now = ledger_Counter_after(decision);
        if (now->total >= 90) return ledger_reject(decision, ledger_Rejection_too_much, "step %u", i);
        verdict = ledger_Added_emit(decision, ACTA_INIT(ledger_Added, .counter_id = command.counter_id, .amount = 1,
                                                  .total = now->total + 1, .job_id = S("step")));
        now = ledger_Counter_after(decision);
        if (verdict.status != ACTA_OK) return verdict;
        assert_int_equal(now->total, state->total + i + 1);
        assert_true(acta_str_equal(now->last_job, S("step")));
        assert_int_equal(ledger_Counter_entries_find(now, S("step"))->amount,
            (ledger_Counter_entries_find(state, S("step")) ? ledger_Counter_entries_find(state, S("step"))->amount
                                                           : 0) +
                i + 1);
        steps_seen++;
    }
    return verdict;
}

static void
a_step_sees_the_state_after_the_one_before(void **state)
{
    fixture *f = FIXTURE(state);
    ledger_Burst burst = { .counter_id = S("a"), .times = 3 };

    steps_seen = 0;
    counter = ledger_counter;
    counter.execute.Burst = add_by_steps;
    start_counter(f);
    MUST(f, ledger_Burst_dispatch(f->app, burst, NULL, &f->error));
    add(f, "a", 5);
    MUST(f, ledger_Burst_dispatch(f->app, burst, NULL, &f->error));
    assert_int_equal(steps_seen, 6);
    assert_int_equal(fold_counter(f, "a"), 11);
    burst.times = 100; /* a late step rejects it all, and the state is what it was */
    assert_int_equal(ledger_Burst_dispatch(f->app, burst, NULL, &f->error), ACTA_REJECTED);
    assert_string_equal(f->error.text, "step 79");
    assert_int_equal(total_of(f, "a"), 11);
    assert_int_equal(fold_counter(f, "a"), 11);
}

enum { PLENTY = INT32_MAX };

static uint32_t allocations_left = PLENTY;

static void *
alloc_while_any_are_left(void *user, size_t size)
{
    (void)user;
    if (allocations_left == PLENTY) return malloc(size);
    if (allocations_left == 0) return NULL;
    allocations_left--;
    return malloc(size);
}

static void
free_any(void *user, void *block, size_t size)
{
    (void)user;
    (void)size;
    free(block);
}

/* Its step finds memory for so many allocations as the command says. */
static acta_verdict
add_with_little_memory(const ledger_Counter *state, ledger_Burst command, acta_decision *decision)
{
    acta_verdict verdict = ledger_Added_emit(
        decision, ACTA_INIT(ledger_Added, .counter_id = command.counter_id, .amount = 1, .total = state->total + 1));

    allocations_left = command.times;
    (void)ledger_Counter_after(decision);
    allocations_left = PLENTY;
    return verdict;
}

/* Whichever allocation of a step fails: nothing is stored, and the answer says what there was no memory for. */
static void
a_step_without_memory_fails_the_command_as_a_whole(void **state)
{
    fixture *f = FIXTURE(state);
    ledger_Burst burst = { .counter_id = S("a") };

    f->environment.allocator = (acta_allocator){ .alloc = alloc_while_any_are_left, .free = free_any };
    counter = ledger_counter;
    counter.execute.Burst = add_with_little_memory;
    start_counter(f);
    MUST(f,
        ledger_Add_dispatch(f->app,
            ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = 1, .job_id = S("a text to copy")), NULL, &f->error));
    for (; ledger_Burst_dispatch(f->app, burst, NULL, &f->error) != ACTA_OK; burst.times++) {
        assert_int_equal(f->error.status, ACTA_NO_MEMORY);
        const char *told = strstr(f->error.text, "a step");
        assert_non_null(told);
        assert_null(strstr(told + 1, "a step")); /* nor what the error before was about */
        assert_int_equal(version_of(f, "Counter-a"), 1);
    }
    assert_true(burst.times > 3);
    assert_int_equal(fold_counter(f, "a"), 2);
}

/* -- lifespans -- */

static uint32_t after_event, after_command, after_error; /* what the lifespan says */
static uint32_t asked[3];

static uint32_t
as_set(const ledger_Counter *state, const acta_lifespan_after *after)
{
    (void)state;
    asked[after->why]++;
    assert_false(acta_id_is_none(after->envelope->command_id));
    if (after->why == ACTA_AFTER_EVENT) {
        assert_ptr_equal(after->table, &ledger_Added_table);
        return after_event;
    }
    if (after->why == ACTA_AFTER_COMMAND) {
        assert_ptr_equal(after->table, &ledger_Touch_table);
        return after_command;
    }
    assert_ptr_equal(after->table, &ledger_Add_table);
    assert_int_equal(after->error->code, ledger_Rejection_too_much);
    return after_error;
}

static void
start_with_lifespan(fixture *f, uint32_t event, uint32_t command, uint32_t error)
{
    after_event = event;
    after_command = command;
    after_error = error;
    memset(asked, 0, sizeof asked);
    counter = ledger_counter;
    counter.idle_timeout_ms = 5000;
    counter.lifespan = as_set;
    start_counter(f);
}

/* AP-10: stop after an event, after a command, after an error; ms; infinite; the idle timeout where the lifespan says so */
static void
a_lifespan_ends_an_aggregate_after_event_command_or_error(void **state)
{
    fixture *f = FIXTURE(state);

    start_with_lifespan(f, ACTA_LIFESPAN_STOP, 2000, ACTA_LIFESPAN_INFINITE);
    add(f, "a", 1);
    run_all(f);
    assert_false(is_live(f, "Counter-a"));
    assert_int_equal(touch(f, "a"), ACTA_OK); /* the next incarnation */
    pass_ms(f, 1900);
    assert_true(is_live(f, "Counter-a"));
    pass_ms(f, 200);
    assert_false(is_live(f, "Counter-a"));
    assert_int_equal(add_with(f, "a", 1000, NULL), ACTA_REJECTED);
    pass_ms(f, 1000000);
    assert_true(is_live(f, "Counter-a"));
    add(f, "a", 1);
    run_all(f);
    assert_false(is_live(f, "Counter-a"));
    assert_int_equal(asked[ACTA_AFTER_EVENT], 2);
    assert_int_equal(asked[ACTA_AFTER_COMMAND], 1);
    assert_int_equal(asked[ACTA_AFTER_ERROR], 1);
    stop(f);

    start_with_lifespan(f, ACTA_LIFESPAN_INFINITE, ACTA_LIFESPAN_DEFAULT, ACTA_LIFESPAN_STOP);
    add(f, "a", 1);
    pass_ms(f, 1000000);
    assert_true(is_live(f, "Counter-a"));
    assert_int_equal(touch(f, "a"), ACTA_OK);
    pass_ms(f, 4900);
    assert_true(is_live(f, "Counter-a"));
    pass_ms(f, 200);
    assert_false(is_live(f, "Counter-a"));
    assert_int_equal(add_with(f, "a", 1000, NULL), ACTA_REJECTED);
    run_all(f);
    assert_false(is_live(f, "Counter-a"));
    assert_int_equal(fold_counter(f, "a"), 3);
}

/* Where nothing was decided nobody is asked, and what was in force stays: another version than expected, an id that was
 * answered before. */
static void
who_decides_nothing_asks_no_lifespan(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_dispatch_options expecting = { .expected_version = 7 }, with_id = { .command_id = id_of("x") };

    start_with_lifespan(f, 3000, ACTA_LIFESPAN_STOP, ACTA_LIFESPAN_STOP);
    assert_int_equal(add_with(f, "a", 1, &with_id), ACTA_OK);
    assert_int_equal(asked[ACTA_AFTER_EVENT], 1);
    assert_int_equal(add_with(f, "a", 1, &expecting), ACTA_CONFLICT);
    assert_int_equal(add_with(f, "a", 1, &with_id), ACTA_OK);
    assert_int_equal(asked[ACTA_AFTER_EVENT] + asked[ACTA_AFTER_COMMAND] + asked[ACTA_AFTER_ERROR], 1);
    pass_ms(f, 2900);
    assert_true(is_live(f, "Counter-a"));
    pass_ms(f, 200);
    assert_false(is_live(f, "Counter-a"));
    assert_int_equal(fold_counter(f, "a"), 1);
}

/* AP-10: a command that arrives during the stop, at whichever step, is executed once, by this incarnation or the next */
static void
a_command_that_arrives_during_the_stop_is_executed_once(void **state)
{
    fixture *f = FIXTURE(state);
    bool is_over = false;

    start_with_lifespan(f, ACTA_LIFESPAN_STOP, ACTA_LIFESPAN_STOP, ACTA_LIFESPAN_STOP);
    for (uint32_t steps = 0; !is_over; steps++) {
        answer first = { 0 }, second = { 0 }, third = { 0 };
        char id[16];
        snprintf(id, sizeof id, "c%u", steps);
        add_async(f, id, 1, NULL, &first);
        for (uint32_t i = 0; i < steps && !is_over; i++)
            is_over = !acta_runtime_step(acta_app_runtime(f->app)) && !acta_store_step(acta_app_store(f->app));
        add_async(f, id, 1, NULL, &second);
        add_async(f, id, 1, NULL, &third);
        run_all(f);
        assert_int_equal(first.status, ACTA_OK);
        assert_int_equal(second.status, ACTA_OK);
        assert_int_equal(third.status, ACTA_OK);
        assert_int_equal(third.version, 3);
        assert_int_equal(first.calls + second.calls + third.calls, 3);
        assert_int_equal(fold_counter(f, id), 3);
        char stream[32];
        snprintf(stream, sizeof stream, "Counter-%s", id);
        assert_false(is_live(f, stream));
        assert_true(steps < 100);
    }
}

/* -- the memory budget -- */

/* Who was used least recently goes, when all together take more than the budget; he comes back when he is asked for. */
static void
the_least_recently_used_go_when_memory_is_short(void **state)
{
    enum { ROOM = 10, MORE = 30 };
    fixture *f = FIXTURE(state);
    acta_aggregates_info info;
    char id[16], stream[32];

    counter = ledger_counter;
    start_counter(f);
    add(f, "probe", 1);
    run_all(f);
    acta_app_aggregates(f->app, &info);
    assert_int_equal(info.live, 1);
    assert_true(info.bytes > 500);
    stop(f);

    f->config.aggregate_memory_bytes = info.bytes * ROOM + info.bytes / 2;
    start_counter(f);
    for (int i = 0; i < ROOM + MORE; i++) {
        snprintf(id, sizeof id, "b%04d", i); /* as long as "probe" */
        add(f, id, 1);
        run_all(f);
        add(f, "b0000", 1); /* used again and again */
        run_all(f);
    }
    acta_app_aggregates(f->app, &info);
    assert_true(info.bytes <= f->config.aggregate_memory_bytes);
    assert_true(info.live >= ROOM - 1 && info.live <= ROOM);
    assert_int_equal(info.evicted, ROOM + MORE - info.live);
    for (int i = 1; i < ROOM + MORE; i++) {
        snprintf(stream, sizeof stream, "Counter-b%04d", i);
        assert_int_equal(is_live(f, stream), i > ROOM + MORE - (int)info.live);
    }
    assert_true(is_live(f, "Counter-b0000"));
    assert_int_equal(total_of(f, "b0001"), 1);
    assert_int_equal(fold_counter(f, "b0000"), ROOM + MORE + 1);
    f->config.aggregate_memory_bytes = 0;
}

/* Those that work are not sent away, however little room there is; nothing is lost or doubled. */
static void
a_budget_without_any_room_loses_nothing(void **state)
{
    enum { COMMANDS = 40, COUNTERS = 4 };
    fixture *f = FIXTURE(state);
    answer answers[COMMANDS] = { { 0 } };
    acta_aggregates_info info;
    char id[16];

    counter = ledger_counter;
    f->config.aggregate_memory_bytes = 1;
    start_counter(f);
    for (int i = 0; i < COMMANDS; i++) {
        snprintf(id, sizeof id, "c%d", i % COUNTERS);
        add_async(f, id, 1, NULL, &answers[i]);
        if (i % 3 == 0) step(f);
    }
    run_all(f);
    for (int i = 0; i < COMMANDS; i++)
        assert_int_equal(answers[i].status, ACTA_OK);
    for (int i = 0; i < COUNTERS; i++) {
        snprintf(id, sizeof id, "c%d", i);
        assert_int_equal(fold_counter(f, id), COMMANDS / COUNTERS);
    }
    acta_app_aggregates(f->app, &info);
    assert_true(info.live <= 1);
}

/* -- snapshots -- */

static uint64_t
snapshot_of(fixture *f, const char *stream)
{
    acta_snapshot snapshot;
    acta_status status =
        acta_store_snapshot(acta_app_store(f->app), acta_str_of(stream), f->scratch, &snapshot, &f->error);

    if (status == ACTA_NOT_FOUND) return 0;
    MUST(f, status);
    return snapshot.version;
}

/* The answer is there before the snapshot is even made. */
static void
no_answer_waits_for_a_snapshot(void **state)
{
    fixture *f = FIXTURE(state);
    answer a = { 0 };

    counter = ledger_counter;
    counter.snapshot_every = 1;
    start_counter(f);
    add_async(f, "a", 1, NULL, &a);
    while (atomic_load(&a.calls) == 0)
        assert_true(acta_runtime_step(acta_app_runtime(f->app)) || acta_store_step(acta_app_store(f->app)));
    assert_int_equal(a.status, ACTA_OK);
    acta_store_stats before, after;
    acta_store_stats_read(acta_app_store(f->app), &before);
    assert_int_equal(snapshot_of(f, "Counter-a"), 0);
    run_all(f);
    acta_store_stats_read(acta_app_store(f->app), &after);
    assert_int_equal(snapshot_of(f, "Counter-a"), 1);
    assert_int_equal(after.transactions, before.transactions + 1);
}

/* However many commands are under way, one snapshot at most is. */
static void
snapshots_do_not_pile_up(void **state)
{
    enum { COMMANDS = 60 };
    fixture *f = FIXTURE(state);
    answer answers[COMMANDS] = { { 0 } };
    acta_store_stats stats;

    counter = ledger_counter;
    counter.snapshot_every = 1;
    start_counter(f);
    acta_store_stats_read(acta_app_store(f->app), &stats);
    uint64_t before = stats.transactions;
    for (int i = 0; i < COMMANDS; i++)
        add_async(f, "a", 1, NULL, &answers[i]);
    run_all(f);
    acta_store_stats_read(acta_app_store(f->app), &stats);
    assert_true(stats.transactions - before <= COMMANDS + 4); /* not one each */
    assert_true(snapshot_of(f, "Counter-a") > 0);
    add(f, "a", 1); /* which asks for the one that is still due */
    run_all(f);
    assert_int_equal(snapshot_of(f, "Counter-a"), COMMANDS + 1);
}

static uint32_t applied;

static void
count_and_apply(ledger_Counter *state, ledger_Added event, acta_memory *memory)
{
    applied++;
    ledger_counter.apply.Added(state, event, memory);
}

/* AP-07: a snapshot of another declared version is ignored, and so is one of another schema */
static void
a_snapshot_of_another_declared_version_is_ignored(void **state)
{
    static const struct {
        uint32_t version, applied;
    } lives[] = { { 0, 0 }, { 1, 4 }, { 1, 4 }, { 0, 0 } };
    fixture *f = FIXTURE(state);

    counter = ledger_counter;
    counter.snapshot_every = 4;
    counter.apply.Added = count_and_apply;
    start_counter(f);
    for (int i = 0; i < 4; i++)
        add(f, "a", 1);
    run_all(f);
    assert_int_equal(snapshot_of(f, "Counter-a"), 4);
    for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
        stop(f);
        counter.snapshot_version = lives[i].version;
        applied = 0;
        start(f);
        assert_int_equal(total_of(f, "a"), 4);
        assert_int_equal(applied, lives[i].applied);
    }
}

/* -- appends of others -- */

/* AP-10: one that can't end yet waits for what is under way, and doesn't look after each short idle time. */
static void
an_idle_aggregate_waits_for_its_append_in_peace(void **state)
{
    fixture *f = FIXTURE(state);
    answer a = { .calls = 0 };
    uint32_t turns = 0;

    counter = ledger_counter;
    counter.idle_timeout_ms = 1;
    start_counter(f);
    add_async(f, "a", 1, NULL, &a);
    assert_true(run_actors(f)); /* nobody commits what it has submitted */
    for (uint32_t ms = 0; ms < 3000; ms++) {
        f->now_ns += 1000000;
        while (acta_runtime_step(acta_app_runtime(f->app)))
            turns++;
    }
    assert_in_range(turns, 1, 100); /* those of others among them */
    assert_int_equal(a.calls, 0);
    assert_true(is_live(f, "Counter-a"));

    run_all(f);
    assert_int_equal(a.calls, 1);
    assert_int_equal(a.status, ACTA_OK);
    pass_ms(f, 2);
    run_actors(f);
    assert_false(is_live(f, "Counter-a"));
}

/* AP-09: an idle aggregate decides on the state with what was appended from outside, once */
static void
an_idle_aggregate_sees_what_was_appended_from_outside(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t version = 0;

    counter = ledger_counter;
    counter.apply.Added = count_and_apply;
    start_counter(f);
    applied = 0;
    add(f, "a", 60);
    commit(f, foreign_add(f, "a", 30, 90));
    assert_int_equal(total_of(f, "a"), 90); /* a read */
    assert_int_equal(applied, 3);           /* one here, both when it was read again */
    commit(f, foreign_add(f, "a", 5, 95));
    assert_int_equal(add_with(f, "a", 6, NULL), ACTA_REJECTED); /* a rejection, which appends nothing */
    const acta_dispatch_options options = { .version_out = &version };
    commit(f, foreign_add(f, "a", -95, 0));
    MUST(f, add_with(f, "a", 100, &options)); /* a decision that would have been a rejection */
    assert_int_equal(version, 5);
    assert_int_equal(fold_counter(f, "a"), 100);
    commit(f, foreign_add(f, "other", 1, 1)); /* nothing to do with it */
    applied = 0;
    assert_int_equal(total_of(f, "a"), 100);
    assert_int_equal(applied, 0);
}

/* AP-09: a stream that falls below what an aggregate has seen stops it; the next incarnation reads what there is */
static void
an_aggregate_whose_stream_falls_stops(void **state)
{
    fixture *f = FIXTURE(state);

    counter = ledger_counter;
    start_counter(f);
    add(f, "a", 1);
    add(f, "a", 1);
    acta_pid before = acta_whereis(acta_app_runtime(f->app), S("Counter-a"));
    acta_transaction *transaction = acta_transaction_create(acta_app_store(f->app));
    acta_transaction_delete_stream(transaction, S("Counter-a"), ACTA_STREAM_EXISTS, ACTA_DELETE_HARD);
    commit(f, transaction);
    commit(f, foreign_add(f, "a", 7, 7));
    assert_int_equal(total_of(f, "a"), 7);
    assert_non_null(strstr(f->log, "'Counter-a' is at version 1 in the store, and was at 2 here: the aggregate stops"));
    assert_int_not_equal(acta_whereis(acta_app_runtime(f->app), S("Counter-a")).value, before.value);
    add(f, "a", 1);
    assert_int_equal(fold_counter(f, "a"), 8);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(a_check_before_execute_rejects_any_command),
        manual(a_step_sees_the_state_after_the_one_before),
        manual(a_step_without_memory_fails_the_command_as_a_whole),
        manual(a_lifespan_ends_an_aggregate_after_event_command_or_error),
        manual(who_decides_nothing_asks_no_lifespan),
        manual(a_command_that_arrives_during_the_stop_is_executed_once),
        manual(the_least_recently_used_go_when_memory_is_short),
        manual(a_budget_without_any_room_loses_nothing),
        manual(no_answer_waits_for_a_snapshot),
        manual(snapshots_do_not_pile_up),
        manual(a_snapshot_of_another_declared_version_is_ignored),
        manual(an_idle_aggregate_waits_for_its_append_in_peace),
        manual(an_idle_aggregate_sees_what_was_appended_from_outside),
        manual(an_aggregate_whose_stream_falls_stops),
    };
    return run_on_engines("lifespans", tests);
}
