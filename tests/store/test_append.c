/*
 * Appending: expected versions, atomicity, order, the queue. Cases ES-01 to ES-07 and ES-13 to ES-16 of the catalogue; ES-10 to
 * ES-12 are in test_append_data.c.
 */
#include <pthread.h>

#include "fixture.h"

/* ES-01: the whole table of expectation against state. A stream that exists is at version 2. */
static void
each_expectation_is_held_against_each_state(void **state)
{
    static const struct {
        uint64_t expected;
        acta_status missing, existing;
    } table[] = {
        { ACTA_ANY_VERSION, ACTA_OK, ACTA_OK },
        { ACTA_NO_STREAM, ACTA_OK, ACTA_CONFLICT },
        { ACTA_STREAM_EXISTS, ACTA_CONFLICT, ACTA_OK },
        { 1, ACTA_CONFLICT, ACTA_CONFLICT },
        { 2, ACTA_CONFLICT, ACTA_OK },
        { 3, ACTA_CONFLICT, ACTA_CONFLICT },
    };
    fixture *f = FIXTURE(state);

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char missing[32], existing[32];
        snprintf(missing, sizeof missing, "missing-%zu", i);
        snprintf(existing, sizeof existing, "existing-%zu", i);
        assert_int_equal(ACTA_OK, append_many(f, existing, ACTA_NO_STREAM, 2, NULL));

        assert_int_equal(table[i].missing, append(f, missing, table[i].expected, "x"));
        assert_int_equal(version_of(f, missing), table[i].missing == ACTA_OK ? 1 : 0);
        assert_int_equal(table[i].existing, append(f, existing, table[i].expected, "x"));
        assert_int_equal(version_of(f, existing), table[i].existing == ACTA_OK ? 3 : 2);
    }
}

/* ES-02: a conflict tells the version that the stream is at, in the field and in the text. */
static void
a_conflict_carries_the_actual_version(void **state)
{
    fixture *f = FIXTURE(state);

    assert_int_equal(ACTA_OK, append_many(f, "account-1", ACTA_NO_STREAM, 5, NULL));
    for (uint64_t wrong = 4; wrong <= 6; wrong += 2) {
        assert_int_equal(ACTA_CONFLICT, append(f, "account-1", wrong, "x"));
        assert_int_equal(f->error.actual_version, 5);
    }
    assert_string_equal(f->error.text, "stream 'account-1' is at version 5, version 6 was expected");
    assert_int_equal(ACTA_CONFLICT, append(f, "account-1", ACTA_NO_STREAM, "x"));
    assert_string_equal(f->error.text, "stream 'account-1' is at version 5, no stream was expected");
}

/* ES-03: versions 1 to n; positions of one append follow one another. */
static void
versions_and_positions_have_no_gaps(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t position = 0, version = 0;

    for (uint32_t count = 1; count <= 7; count++) {
        acta_commit_result result;
        assert_int_equal(ACTA_OK, append_many(f, "s", version, count, &result));
        assert_int_equal(result.first_position, position + 1);
        assert_int_equal(result.last_position, position + count);
        position += count;
        version += count;
        assert_int_equal(result.version, version);
    }
    assert_int_equal(acta_store_head(f->store), 28);
    assert_int_equal(count_log(f), 28);
    assert_int_equal(count_stream(f, "s"), 28);
}

/* ES-04: one bad event among good ones: nothing is appended, no position is used. */
static void
a_batch_with_one_bad_event_leaves_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    acta_event events[3] = { event_of("test.A", "a"), event_of("", "no type"), event_of("test.C", "c") };
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, events, 3);
    assert_int_equal(ACTA_INVALID, commit(f, t, NULL));
    assert_string_equal(f->error.text, "the name of an event type has 0 bytes, 1 to 256 are expected");
    assert_int_equal(version_of(f, "s"), 0);
    append_ok(f, "s", "good");
    assert_int_equal(acta_store_head(f->store), 1);
}

/* ES-05: an append of no events only checks the version. */
static void
an_empty_append_checks_the_version_and_changes_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    const struct {
        uint64_t expected;
        acta_status status;
    } cases[] = { { 1, ACTA_OK }, { ACTA_ANY_VERSION, ACTA_OK }, { 2, ACTA_CONFLICT }, { 0, ACTA_CONFLICT } };

    append_ok(f, "s", "one");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, S("s"), cases[i].expected, NULL, 0);
        assert_int_equal(cases[i].status, commit(f, t, NULL));
    }
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_append(t, S("never"), ACTA_NO_STREAM, NULL, 0);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    assert_int_equal(acta_store_head(f->store), 1);
    assert_int_equal(version_of(f, "never"), 0);
}

enum { WRITERS = 32, ROUNDS = 10 };

typedef struct writer {
    fixture *f;
    uint64_t expected;
    uint32_t number, count;
    acta_status status;
    uint64_t versions[64];
} writer;

static void *
run_writer(void *user)
{
    writer *w = user;
    acta_error error;

    for (uint32_t i = 0; i < w->count; i++) {
        acta_event event = event_of("test.Happened", "concurrent");
        acta_transaction *t = acta_transaction_create(w->f->store);
        acta_commit_result result;
        acta_transaction_append(t, S("shared"), w->expected, &event, 1);
        w->status = acta_store_commit(w->f->store, t, &result, &error);
        w->versions[i] = result.version;
    }
    return NULL;
}

static void
run_writers(fixture *f, writer *writers, uint64_t expected, uint32_t count)
{
    pthread_t threads[WRITERS];

    for (uint32_t i = 0; i < WRITERS; i++) {
        writers[i] = (writer){ .f = f, .number = i, .expected = expected, .count = count };
        assert_int_equal(0, pthread_create(&threads[i], NULL, run_writer, &writers[i]));
    }
    for (uint32_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
}

/* ES-06: of many writers that expect the same version exactly one wins; the others are told the version. */
static void
one_of_many_writers_with_one_expectation_wins(void **state)
{
    fixture *f = FIXTURE(state);
    writer writers[WRITERS];

    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t won = 0, lost = 0;
        run_writers(f, writers, round, 1);
        for (uint32_t i = 0; i < WRITERS; i++) {
            won += writers[i].status == ACTA_OK;
            lost += writers[i].status == ACTA_CONFLICT;
        }
        assert_int_equal(won, 1);
        assert_int_equal(lost, WRITERS - 1);
    }
    assert_int_equal(count_log(f), ROUNDS);
}

/* ES-07: with any version all succeed, without a gap, and each writer's own come in its order. */
static void
all_writers_without_an_expectation_succeed(void **state)
{
    fixture *f = FIXTURE(state);
    writer writers[WRITERS];
    enum { EACH = 20 };
    static bool seen[WRITERS * EACH + 1];
    memset(seen, 0, sizeof seen);

    run_writers(f, writers, ACTA_ANY_VERSION, EACH);
    for (uint32_t i = 0; i < WRITERS; i++) {
        assert_int_equal(ACTA_OK, writers[i].status);
        for (uint32_t k = 0; k < EACH; k++) {
            uint64_t version = writers[i].versions[k];
            assert_true(version >= 1 && version <= WRITERS * EACH && !seen[version]);
            seen[version] = true;
            if (k > 0) assert_true(version > writers[i].versions[k - 1]);
        }
    }
    assert_int_equal(count_stream(f, "shared"), WRITERS * EACH);
}

/* ES-13: appends to several streams: one wrong version fails all of them. */
static void
one_wrong_version_fails_all_streams(void **state)
{
    fixture *f = FIXTURE(state);
    acta_event event = event_of("test.Happened", "x");

    append_ok(f, "b", "x");
    for (uint64_t expected = 0; expected <= 1; expected++) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, S("a"), ACTA_NO_STREAM, &event, 1);
        acta_transaction_append(t, S("b"), expected, &event, 1);
        acta_transaction_append(t, S("c"), ACTA_NO_STREAM, &event, 1);
        acta_transaction_put(t, "rows", B("k"), B("v"));
        assert_int_equal(expected == 1 ? ACTA_OK : ACTA_CONFLICT, commit(f, t, NULL));
        assert_int_equal(version_of(f, "a"), expected);
        assert_int_equal(version_of(f, "b"), 1 + expected);
        assert_int_equal(version_of(f, "c"), expected);
        assert_int_equal(has_row(f, "rows", "k"), expected == 1);
    }
    assert_int_equal(count_log(f), 4);
}

/* Two appends to one stream in a transaction: both expect the version that the transaction found. */
static void
two_appends_to_one_stream_follow_each_other(void **state)
{
    fixture *f = FIXTURE(state);
    acta_event event = event_of("test.Happened", "x");
    acta_transaction *t = acta_transaction_create(f->store);
    acta_commit_result result;

    acta_transaction_append(t, S("a"), ACTA_NO_STREAM, &event, 1);
    acta_transaction_append(t, S("b"), ACTA_NO_STREAM, &event, 1);
    acta_transaction_append(t, S("a"), ACTA_NO_STREAM, &event, 1);
    assert_int_equal(ACTA_OK, commit(f, t, &result));
    assert_int_equal(result.version, 2);
    assert_int_equal(result.last_position, 3);
    assert_int_equal(count_stream(f, "a"), 2);
    assert_int_equal(count_log(f), 3);
}

/* ES-14: a store that is opened read-only refuses, before anything else. */
static void
a_read_only_store_refuses_appends(void **state)
{
    fixture *f = FIXTURE(state);

    append_ok(f, "s", "x");
    close_store(f);
    f->config.read_only = true;
    open_store_ok(f);
    assert_int_equal(ACTA_READ_ONLY, append(f, "s", ACTA_ANY_VERSION, "y"));
    assert_non_null(strstr(f->error.text, "was opened read-only"));
    assert_int_equal(ACTA_READ_ONLY, acta_store_health(f->store, &f->error));
    assert_int_equal(count_stream(f, "s"), 1);
}

typedef struct resubmitter {
    fixture *f;
    _Atomic uint32_t stopped, committed;
    acta_status status;
} resubmitter;

static void
submit_again(void *user, const acta_commit_result *result)
{
    resubmitter *r = user;
    acta_event event = event_of("test.Happened", "again");

    if (result->status == ACTA_OK) r->committed++;
    acta_transaction *t = acta_transaction_create(r->f->store);
    acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
    r->status = acta_store_submit(r->f->store, t, submit_again, r, NULL);
    if (r->status == ACTA_STOPPED) r->stopped++;
}

/* ES-14: while a store closes, what was submitted is committed, and what its completions submit is answered STOPPED. */
static void
closing_commits_what_was_submitted_and_then_stops(void **state)
{
    fixture *f = FIXTURE(state);
    resubmitter r = { .f = f };
    acta_event event = event_of("test.Happened", "first");
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
    assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, submit_again, &r, NULL));
    close_store(f);
    assert_int_equal(r.stopped, 1);
    assert_int_equal(ACTA_STOPPED, r.status);
    open_store_ok(f);
    assert_int_equal(count_stream(f, "s"), r.committed);
    assert_true(r.committed >= 1);
}

/* ES-16: answers come in the order of submission, positions in the order of answers; a refused one disturbs nobody. */
static void
answers_come_in_the_order_of_positions(void **state)
{
    fixture *f = FIXTURE(state);
    enum { COUNT = 500 };
    static answer answers[COUNT];
    uint64_t position = 0;
    memset(answers, 0, sizeof answers);

    for (uint32_t i = 0; i < COUNT; i++) {
        acta_event event = event_of("test.Happened", "x");
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, S("s"), i % 7 == 3 ? 1000000 : ACTA_ANY_VERSION, &event, 1);
        assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, &answers[i], NULL));
    }
    append_ok(f, "last", "x"); /* behind all of them */
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_int_equal(answers[i].calls, 1);
        assert_int_equal(answers[i].order, i + 1);
        assert_int_equal(i % 7 == 3 ? ACTA_CONFLICT : ACTA_OK, answers[i].status);
        if (answers[i].status == ACTA_OK) assert_int_equal(answers[i].first_position, ++position);
    }
    assert_int_equal(count_log(f), position + 1);
}

/* ES-15, in the small: nothing is answered before its sync, and no event is seen before it can be answered. */
static void
nothing_is_answered_or_seen_before_its_sync(void **state)
{
    fixture *f = FIXTURE(state);
    answer a = { .calls = 0 };
    acta_event event = event_of("test.Happened", "x");
    acta_transaction *t = acta_transaction_create(f->store);
    acta_store_stats stats;

    acta_transaction_append(t, S("s"), ACTA_NO_STREAM, &event, 1);
    acta_transaction_put(t, "rows", B("k"), B("v"));
    assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, &a, NULL));
    do {
        acta_store_stats_read(f->store, &stats);
        assert_int_equal(a.calls, 0);
        assert_int_equal(acta_store_head(f->store), 0);
        assert_int_equal(count_log(f), 0);
        assert_int_equal(count_stream(f, "s"), 0);
        assert_int_equal(version_of(f, "s"), 0);
        if (stats.syncs == 0) assert_false(has_row(f, "rows", "k"));
        assert_true(acta_store_step(f->store));
        acta_store_stats_read(f->store, &stats);
    } while (stats.syncs == 0 || a.calls == 0);
    assert_int_equal(ACTA_OK, a.status);
    assert_int_equal(acta_store_head(f->store), 1);
    assert_int_equal(count_stream(f, "s"), 1);
    step_all(f);
}

/* The queue has a bound in bytes; beyond it submit says BUSY, and later it works again. */
static void
a_full_queue_is_busy(void **state)
{
    fixture *f = FIXTURE(state);
    uint8_t bytes[4096] = { 0 };
    acta_event event = { .type = S("test.Sized"), .payload = acta_bytes_from(bytes, sizeof bytes) };
    uint32_t accepted = 0;
    acta_status status = ACTA_OK;
    answer a = { .calls = 0 };

    close_store(f);
    f->config.queue_bytes_max = 100000;
    open_store_ok(f);
    while (status == ACTA_OK && accepted < 1000) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
        status = acta_store_submit(f->store, t, take_answer, &a, &f->error);
        accepted += status == ACTA_OK;
    }
    assert_int_equal(ACTA_BUSY, status);
    assert_true(f->error.retriable);
    assert_in_range(accepted, 5, 25);
    step_all(f);
    assert_int_equal(a.calls, accepted);
    append_ok(f, "s", "again");
}

/* ES-22, its other half: recorded_at never falls, though the clock does. */
static int64_t clock_us;

static int64_t
read_test_clock(void *user)
{
    (void)user;
    return clock_us;
}

static uint64_t
read_no_clock(void *user)
{
    (void)user;
    return 0;
}

/* CR-12: a clock that goes back a day, on ten years, over 2038, stands still, and is before the epoch: times never fall, and
 * positions go on. */
static void
recorded_at_never_falls(void **state)
{
    enum { TIMES = 13 };
    fixture *f = FIXTURE(state);
    static acta_environment environment = { .clock = { .monotonic_ns = read_no_clock, .wall_us = read_test_clock } };
    const int64_t now = INT64_C(1795000000000000), later = now + INT64_C(10) * 365 * 86400 * 1000000;
    const int64_t y2038 = INT64_C(2147483648000000);
    const int64_t times[TIMES] = { 1000, 900, 1100, 5, 1100, 1101, now, now - INT64_C(86400000000), later, now, y2038,
        y2038, -5 };
    const int64_t recorded[TIMES] = { 1000, 1000, 1100, 1100, 1100, 1101, now, now, later, later, y2038, y2038, y2038 };
    acta_read all = { .count_max = 0 };
    acta_cursor *cursor;
    acta_recorded e;

    close_store(f);
    clock_us = 1;
    f->config.environment = &environment;
    open_store_ok(f);
    for (int i = 0; i < TIMES; i++) {
        clock_us = times[i];
        append_ok(f, "s", "x");
        if (i != 3 && i != 9) continue;
        close_store(f); /* nor over a restart */
        open_store_ok(f);
    }
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &all, &cursor, &f->error));
    for (int i = 0; i < TIMES; i++) {
        assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &e, &f->error));
        assert_int_equal(e.recorded_at_us, recorded[i]);
        assert_int_equal(e.position, i + 1);
    }
    acta_cursor_close(cursor);
    close_store(f);
}

/* A small cache of streams forgets, and asks the engine again: versions stay right. */
static void
versions_hold_with_more_streams_than_the_cache_keeps(void **state)
{
    fixture *f = FIXTURE(state);
    enum { STREAMS = 3000 };

    close_store(f);
    f->config.memory_bytes = 1 << 18;
    open_store_ok(f);
    for (uint64_t round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < STREAMS; i++) {
            char name[32];
            acta_event event = event_of("test.Happened", "x");
            acta_transaction *t = acta_transaction_create(f->store);
            static answer ignored;
            snprintf(name, sizeof name, "stream-%u", i);
            acta_transaction_append(t, acta_str_of(name), round, &event, 1);
            assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, &ignored, NULL));
        }
        step_all(f);
        assert_int_equal(acta_store_head(f->store), STREAMS * (round + 1));
    }
    assert_int_equal(count_log(f), 3 * STREAMS);
}

/* A refused append of a type that nobody used before leaves no trace of it: ids of types have no gaps. */
static void
a_refused_append_leaves_no_type_behind(void **state)
{
    fixture *f = FIXTURE(state);

    append_ok(f, "s", "x");
    for (int i = 0; i < 3; i++) {
        char refused[32], stored[32];
        snprintf(refused, sizeof refused, "test.Refused%d", i);
        snprintf(stored, sizeof stored, "test.Stored%d", i);
        for (int k = 0; k < 2; k++) {
            acta_event event = event_of(k == 0 ? refused : stored, "x");
            acta_transaction *t = acta_transaction_create(f->store);
            acta_transaction_append(t, S("s"), k == 0 ? 1000 : ACTA_ANY_VERSION, &event, 1);
            assert_int_equal(k == 0 ? ACTA_CONFLICT : ACTA_OK, commit(f, t, NULL));
        }
    }
    close_store(f);
    open_store_ok(f);
    assert_int_equal(count_log(f), 4);
    acta_event late = event_of("test.Refused1", "x"); /* and it can come later all the same */
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &late, 1);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    assert_int_equal(count_log(f), 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(each_expectation_is_held_against_each_state),
        on_store(a_conflict_carries_the_actual_version),
        on_store(versions_and_positions_have_no_gaps),
        on_store(a_batch_with_one_bad_event_leaves_nothing),
        on_store(an_empty_append_checks_the_version_and_changes_nothing),
        on_store(one_of_many_writers_with_one_expectation_wins),
        on_store(all_writers_without_an_expectation_succeed),
        on_store(one_wrong_version_fails_all_streams),
        on_store(two_appends_to_one_stream_follow_each_other),
        on_store(a_read_only_store_refuses_appends),
        on_store(closing_commits_what_was_submitted_and_then_stops),
        on_store(answers_come_in_the_order_of_positions),
        on_manual_store(nothing_is_answered_or_seen_before_its_sync),
        on_manual_store(a_full_queue_is_busy),
        on_store(recorded_at_never_falls),
        on_store(a_refused_append_leaves_no_type_behind),
        on_manual_store(versions_hold_with_more_streams_than_the_cache_keeps),
    };
    return run_on_engines("append", tests);
}
