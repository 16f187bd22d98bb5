/*
 * Rehydrating: the same state from events, from a snapshot, from both; and what is said of a stream that can't be read.
 */
#include "acta/gen_server.h"
#include "fixture.h"

enum { EVERY = 10 };

static ledger_Counter_aggregate counter; /* a copy with settings of the test */
static const acta_aggregate *const aggregates[] = { &counter.base, NULL };

static void
start_with(fixture *f, uint32_t snapshot_every)
{
    counter = ledger_counter;
    counter.snapshot_every = snapshot_every;
    f->config.aggregates = aggregates;
    start(f);
}

static void
restart_with(fixture *f, uint32_t snapshot_every)
{
    stop(f);
    start_with(f, snapshot_every);
}

static void
burst(fixture *f, const char *id, uint32_t times)
{
    MUST(f, ledger_Burst_dispatch(
                f->app, ACTA_INIT(ledger_Burst, .counter_id = acta_str_of(id), .times = times), NULL, &f->error));
    run_all(f); /* a snapshot is under way behind the answer */
}

/* The version of the stored snapshot; 0: there is none. */
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

/* The state as bytes. */
static acta_bytes
state_of(fixture *f, const char *id)
{
    ledger_Counter state;
    acta_memory_sink sink = acta_memory_sink_of(f->scratch);

    MUST(f, ledger_Counter_read(f->app, acta_str_of(id), &state, f->scratch, &f->error));
    MUST(f, ledger_Counter_write(&state, &sink.sink, &f->error));
    return sink.bytes;
}

static void
expect_state(fixture *f, acta_bytes expected)
{
    acta_bytes state = state_of(f, "a");

    assert_int_equal(state.size, expected.size);
    assert_memory_equal(state.data, expected.data, expected.size);
}

/* AP-05: from events, from a snapshot, from both, and with snapshots off though there is one: equal to the byte */
static void
a_state_is_the_same_wherever_it_comes_from(void **state)
{
    fixture *f = FIXTURE(state);

    start_with(f, EVERY);
    add(f, "a", 3);
    burst(f, "a", 8);
    add(f, "a", 2); /* version 10: a snapshot */
    run_all(f);
    assert_int_equal(snapshot_of(f, "Counter-a"), EVERY);
    acta_bytes at_snapshot = state_of(f, "a");
    restart_with(f, EVERY); /* from the snapshot alone */
    expect_state(f, at_snapshot);
    burst(f, "a", 5);
    acta_bytes newer = state_of(f, "a");
    restart_with(f, EVERY); /* from snapshot and newer events */
    expect_state(f, newer);
    restart_with(f, UINT32_MAX); /* from events, though there is a snapshot */
    expect_state(f, newer);
    assert_int_equal(fold_counter(f, "a"), 18);
}

/* AP-06: at n, at n + k in one command, again at 2n */
static void
a_snapshot_is_taken_whenever_a_command_reaches_or_passes_a_multiple(void **state)
{
    fixture *f = FIXTURE(state);

    start_with(f, EVERY);
    burst(f, "a", EVERY - 1);
    assert_int_equal(snapshot_of(f, "Counter-a"), 0);
    burst(f, "a", 1);
    assert_int_equal(snapshot_of(f, "Counter-a"), EVERY);
    burst(f, "a", 2 * EVERY + 3); /* passes two of them */
    assert_int_equal(snapshot_of(f, "Counter-a"), 3 * EVERY + 3);
    burst(f, "a", EVERY - 4);
    assert_int_equal(snapshot_of(f, "Counter-a"), 3 * EVERY + 3);
    burst(f, "a", 1);
    assert_int_equal(snapshot_of(f, "Counter-a"), 4 * EVERY);
    burst(f, "b", 2 * EVERY);
    assert_int_equal(snapshot_of(f, "Counter-b"), 2 * EVERY);
}

/* AP-06: No answer waits for a snapshot, and a crash between both harms nothing. */
static void
a_crash_between_events_and_snapshot_is_harmless(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps++) {
        char id[32], stream[64];
        uint32_t taken = 0;
        answer a = { 0 };
        snprintf(id, sizeof id, "c%u", steps);
        snprintf(stream, sizeof stream, "Counter-%s", id);
        start_with(f, 1);
        add_async(f, id, 1, NULL, &a);
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        crash(f);
        start_with(f, 1);
        add(f, id, 1);
        assert_int_equal(total_of(f, id), fold_counter(f, id));
        assert_true(fold_counter(f, id) >= 1 + (a.status == ACTA_OK && atomic_load(&a.calls) > 0));
        crash(f);
        assert_true(steps < 200);
    }
}

static void
put_snapshot(fixture *f, const char *stream, const acta_snapshot *snapshot)
{
    acta_transaction *transaction = acta_transaction_create(acta_app_store(f->app));

    acta_transaction_snapshot(transaction, acta_str_of(stream), snapshot);
    commit(f, transaction);
}

/* AP-07: and one that is newer than the stream */
static void
a_snapshot_of_another_schema_or_without_sense_is_passed_over(void **state)
{
    fixture *f = FIXTURE(state);
    uint8_t nonsense[] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    start_with(f, EVERY);
    burst(f, "a", EVERY + 1);
    acta_bytes expected = state_of(f, "a");
    put_snapshot(f, "Counter-a",
        &(acta_snapshot){ .version = EVERY, .schema_hash = ledger_Counter_table.schema_hash + 1, .state = expected });
    restart_with(f, EVERY);
    expect_state(f, expected);
    put_snapshot(f, "Counter-a",
        &(acta_snapshot){ .version = EVERY,
            .schema_hash = ledger_Counter_table.schema_hash,
            .state = acta_bytes_from(nonsense, sizeof nonsense) });
    restart_with(f, EVERY);
    expect_state(f, expected);
    put_snapshot(f, "Counter-a",
        &(acta_snapshot){ .version = 1000, .schema_hash = ledger_Counter_table.schema_hash, .state = expected });
    restart_with(f, EVERY);
    expect_state(f, expected);
}

static void
append_raw(fixture *f, const char *stream, const char *type, uint64_t schema_hash, acta_bytes payload)
{
    acta_transaction *transaction = acta_transaction_create(acta_app_store(f->app));
    acta_event event = { .type = acta_str_of(type), .schema_hash = schema_hash, .payload = payload };

    acta_transaction_append(transaction, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
    commit(f, transaction);
}

/* AP-21: an unknown type, a damaged payload: stream, version and type are named, and no half state is left */
static void
an_event_that_cannot_be_applied_is_an_error_that_names_it(void **state)
{
    fixture *f = FIXTURE(state);
    uint8_t nonsense[] = { 1, 2, 3, 4 };
    acta_bytes bytes = acta_bytes_from(nonsense, sizeof nonsense);

    start_with(f, EVERY);
    add(f, "a", 1);
    add(f, "b", 1);
    append_raw(f, "Counter-a", "ledger.Vanished", 1, bytes);
    append_raw(f, "Counter-b", "ledger.Added", ledger_Added_table.schema_hash, bytes);
    restart_with(f, EVERY);
    assert_int_equal(add_with(f, "a", 1, NULL), ACTA_SCHEMA_MISMATCH);
    assert_string_equal(f->error.text,
        "cannot rehydrate 'Counter-a': version 2 is 'ledger.Vanished', which is no event of aggregate Counter in this "
        "schema");
    assert_int_equal(add_with(f, "b", 1, NULL), ACTA_CORRUPT);
    assert_non_null(strstr(f->error.text, "cannot rehydrate 'Counter-b': version 2, 'ledger.Added': "));
    add(f, "c", 1);                                                    /* nobody else is touched */
    assert_int_equal(add_with(f, "a", 1, NULL), ACTA_SCHEMA_MISMATCH); /* again, and nothing half */
    assert_int_equal(version_of(f, "Counter-a"), 2);
    assert_int_equal(version_of(f, "Counter-b"), 2);
}

/* AP-23: Long streams are read a chunk a step, by as many instances at once as there are permits. */
static void
long_streams_are_read_in_chunks_and_in_turn(void **state)
{
    enum { STREAMS = 5, EVENTS = 3000 };
    fixture *f = FIXTURE(state);
    answer answers[STREAMS] = { { 0 } }, quick = { 0 };
    char ids[STREAMS][8];

    f->config.rehydration_max = 1;
    f->config.runtime.budget = 1; /* a turn is a chunk */
    start_with(f, UINT32_MAX);
    for (int i = 0; i < STREAMS; i++) {
        snprintf(ids[i], sizeof ids[i], "l%d", i);
        for (int k = 0; k < 3; k++)
            burst(f, ids[i], EVENTS / 3);
    }
    restart_with(f, UINT32_MAX);
    for (int i = 0; i < STREAMS; i++)
        add_async(f, ids[i], -EVENTS, NULL, &answers[i]);
    add_async(f, "quick", 1, NULL, &quick);
    uint32_t turns_to_first = 0;
    while (atomic_load(&answers[0].calls) == 0) {
        acta_store_step(acta_app_store(f->app));
        assert_true(acta_runtime_step(acta_app_runtime(f->app)) || atomic_load(&answers[0].calls) > 0);
        turns_to_first++;
    }
    assert_true(turns_to_first > EVENTS / 64);     /* a chunk a turn */
    assert_true(turns_to_first < 3 * EVENTS / 64); /* and no other stream's in between */
    run_all(f);
    assert_int_equal(quick.status, ACTA_OK);
    for (int i = 0; i < STREAMS; i++) {
        assert_int_equal(answers[i].status, ACTA_OK);
        assert_int_equal(answers[i].version, EVENTS + 1);
        assert_true(quick.order < answers[i].order); /* it did not wait for them */
        assert_int_equal(fold_counter(f, ids[i]), 0);
    }
}

/* -- no memory for a state -- */

enum { LONG_NAME = 7777 };
static bool states_find_no_memory;

/* The copy that the state keeps of such a name, by its size: shorter than any buffer that holds the name. */
static void *
alloc_but_states(void *user, size_t size)
{
    (void)user;
    return states_find_no_memory && size >= LONG_NAME && size <= LONG_NAME + 32 ? NULL : malloc(size);
}

static void
free_any(void *user, void *block, size_t size)
{
    (void)user;
    (void)size;
    free(block);
}

/* An aggregate that found no memory for its state once finds it when there is some. */
static void
a_state_that_found_no_memory_is_read_again(void **state)
{
    fixture *f = FIXTURE(state);
    char name[LONG_NAME];

    memset(name, 'n', sizeof name);
    f->environment.allocator = (acta_allocator){ .alloc = alloc_but_states, .free = free_any };
    start_with(f, UINT32_MAX);
    ledger_Add long_one =
        ACTA_INIT(ledger_Add, .counter_id = S("a"), .amount = 1, .job_id = acta_str_from(name, sizeof name));
    MUST(f, ledger_Add_dispatch(f->app, long_one, NULL, &f->error));
    restart_with(f, UINT32_MAX);

    states_find_no_memory = true;
    assert_int_equal(add_with(f, "a", 1, NULL), ACTA_NO_MEMORY);
    states_find_no_memory = false;
    MUST(f, add_with(f, "a", 1, NULL));
    assert_int_equal(fold_counter(f, "a"), 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(a_state_is_the_same_wherever_it_comes_from),
        manual(a_snapshot_is_taken_whenever_a_command_reaches_or_passes_a_multiple),
        manual(a_crash_between_events_and_snapshot_is_harmless),
        manual(a_snapshot_of_another_schema_or_without_sense_is_passed_over),
        manual(an_event_that_cannot_be_applied_is_an_error_that_names_it),
        manual(long_streams_are_read_in_chunks_and_in_turn),
        manual(a_state_that_found_no_memory_is_read_again),
    };
    return run_on_engines("rehydrating", tests);
}
