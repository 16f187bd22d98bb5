/*
 * Rows, outcomes of commands, snapshots, writer sessions. Cases ES-09, ES-43, ES-44 of the catalogue, and the pipelined
 * append after a conflict whose version matches by accident.
 */
#include "fixture.h"

/* -- rows -- */

static void
expect_rows(fixture *f, const char *table, const char *prefix, const char *const *keys, size_t count)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;

    assert_int_equal(
        ACTA_OK, acta_row_cursor_open(f->store, table, acta_str_bytes(acta_str_of(prefix)), &cursor, &f->error));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ACTA_OK, acta_row_cursor_next(cursor, &key, &value, &f->error));
        assert_int_equal(key.size, strlen(keys[i]));
        assert_memory_equal(key.data, keys[i], key.size);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_row_cursor_next(cursor, &key, &value, &f->error));
    acta_row_cursor_close(cursor);
}

/* Rows come in the order of their keys, from one table only, and from the first that begins with the prefix. */
static void
rows_are_read_in_order_by_table_and_prefix(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const all[] = { "", "a", "ab", "b", "\xff", "\xff\xff", "\xff\xff\x01" };

    for (size_t i = 7; i-- > 0;)
        assert_int_equal(ACTA_OK, put_row(f, "t", all[i], "v"));
    assert_int_equal(ACTA_OK, put_row(f, "t2", "a", "other"));
    assert_int_equal(ACTA_OK, put_row(f, "s", "z", "other"));
    expect_rows(f, "t", "", all, 7);
    expect_rows(f, "t", "a", all + 1, 2);
    expect_rows(f, "t", "\xff", all + 4, 3);
    expect_rows(f, "t", "\xff\xff", all + 5, 2);
    expect_rows(f, "t", "c", NULL, 0);
    expect_rows(f, "none", "", NULL, 0);
}

/* A cursor shows the rows as they were when it was opened, whatever is done to them meanwhile. */
static void
a_row_cursor_does_not_see_what_comes_later(void **state)
{
    fixture *f = FIXTURE(state);
    acta_row_cursor *first, *second;
    acta_bytes key, value;

    for (int i = 0; i < 10; i++) {
        char name[8];
        snprintf(name, sizeof name, "k%d", i);
        put_row(f, "t", name, "old");
    }
    assert_int_equal(ACTA_OK, acta_row_cursor_open(f->store, "t", B(""), &first, &f->error));
    for (int i = 0; i < 10; i++) {
        char name[8];
        acta_transaction *t = acta_transaction_create(f->store);
        snprintf(name, sizeof name, "k%d", i);
        if (i % 2 == 0)
            acta_transaction_delete(t, "t", acta_str_bytes(acta_str_of(name)));
        else
            acta_transaction_put(t, "t", acta_str_bytes(acta_str_of(name)), B("new"));
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
        put_row(f, "t", "k5a", "inserted");
    }
    assert_int_equal(ACTA_OK, acta_row_cursor_open(f->store, "t", B(""), &second, &f->error));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(ACTA_OK, acta_row_cursor_next(first, &key, &value, &f->error));
        assert_int_equal(key.data[1], '0' + i);
        assert_int_equal(value.size, 3);
        assert_memory_equal(value.data, "old", 3);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_row_cursor_next(first, &key, &value, &f->error));
    acta_row_cursor_close(first);
    static const char *const left[] = { "k1", "k3", "k5", "k5a", "k7", "k9" };
    for (int i = 0; i < 6; i++) {
        assert_int_equal(ACTA_OK, acta_row_cursor_next(second, &key, &value, &f->error));
        assert_int_equal(key.size, strlen(left[i]));
        assert_memory_equal(key.data, left[i], key.size);
        assert_memory_equal(value.data, i == 3 ? "ins" : "new", 3);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_row_cursor_next(second, &key, &value, &f->error));
    acta_row_cursor_close(second);
}

/* A row is put, put again, deleted, deleted again; a value may be empty. */
static void
a_row_is_what_was_put_last(void **state)
{
    fixture *f = FIXTURE(state);
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes value;

    assert_int_equal(ACTA_NOT_FOUND, acta_store_get(f->store, "t", B("k"), memory, &value, &f->error));
    put_row(f, "t", "k", "first");
    put_row(f, "t", "k", "second");
    assert_int_equal(ACTA_OK, acta_store_get(f->store, "t", B("k"), memory, &value, &f->error));
    assert_int_equal(value.size, 6);
    assert_memory_equal(value.data, "second", 6);
    put_row(f, "t", "k", "");
    assert_int_equal(ACTA_OK, acta_store_get(f->store, "t", B("k"), memory, &value, &f->error));
    assert_int_equal(value.size, 0);
    for (int i = 0; i < 2; i++) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_delete(t, "t", B("k"));
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
        assert_false(has_row(f, "t", "k"));
    }
    acta_memory_destroy(memory);
}

/* In one transaction the later of two writes of a row counts. */
static void
the_later_of_two_writes_counts(void **state)
{
    fixture *f = FIXTURE(state);
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_put(t, "t", B("a"), B("1"));
    acta_transaction_delete(t, "t", B("a"));
    acta_transaction_delete(t, "t", B("b"));
    acta_transaction_put(t, "t", B("b"), B("2"));
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    assert_false(has_row(f, "t", "a"));
    assert_true(has_row(f, "t", "b"));
}

static acta_status
put_if(fixture *f, const char *key, bool present, const char *written)
{
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_put(t, "t", acta_str_bytes(acta_str_of(written)), B("v"));
    acta_transaction_expect_row(t, "t", acta_str_bytes(acta_str_of(key)), present);
    return commit(f, t, NULL);
}

/* A condition on a row decides over the whole transaction, about the state before it. */
static void
a_condition_on_a_row_decides(void **state)
{
    fixture *f = FIXTURE(state);

    assert_int_equal(ACTA_CONFLICT, put_if(f, "k", true, "k"));
    assert_string_equal(f->error.text, "a row of table 't' is absent, and was expected to be present");
    assert_false(has_row(f, "t", "k"));
    assert_int_equal(ACTA_OK, put_if(f, "k", false, "k"));
    assert_int_equal(ACTA_CONFLICT, put_if(f, "k", false, "other"));
    assert_string_equal(f->error.text, "a row of table 't' is present, and was expected to be absent");
    assert_false(has_row(f, "t", "other"));
    assert_int_equal(ACTA_OK, put_if(f, "k", true, "other"));
}

/* Conditions see what transactions before them in the same batch did. */
static void
conditions_see_the_batch_under_way(void **state)
{
    fixture *f = FIXTURE(state);
    static const struct {
        bool expects_present, puts;
        acta_status status;
    } steps[] = {
        { false, true, ACTA_OK },
        { false, true, ACTA_CONFLICT },
        { true, false, ACTA_OK }, /* deletes it */
        { true, false, ACTA_CONFLICT },
        { false, true, ACTA_OK },
        { true, true, ACTA_OK },
    };
    answer answers[6];
    memset(answers, 0, sizeof answers);

    for (int i = 0; i < 6; i++) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_expect_row(t, "t", B("k"), steps[i].expects_present);
        if (steps[i].puts)
            acta_transaction_put(t, "t", B("k"), B("v"));
        else
            acta_transaction_delete(t, "t", B("k"));
        assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, &answers[i], NULL));
    }
    step_all(f);
    for (int i = 0; i < 6; i++)
        assert_int_equal(steps[i].status, answers[i].status);
    assert_true(has_row(f, "t", "k"));
}

/* What is no table, too long a key, a table of the store's own: refused, nothing done. */
static void
bad_rows_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const tables[] = { "", "Upper", "with space", "slash/", NULL,
        "a123456789b123456789c123456789d123456789e123456789f123456789g1234", "outcomes", "snapshots", "checkpoints" };
    static uint8_t key[ACTA_KEY_MAX + 1];
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes value;
    acta_row_cursor *cursor;

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        assert_int_equal(ACTA_INVALID, put_row(f, tables[i], "k", "v"));
        if (i >= 6) continue; /* its own tables can be read */
        assert_int_equal(ACTA_INVALID, acta_store_get(f->store, tables[i], B("k"), memory, &value, NULL));
        assert_int_equal(ACTA_INVALID, acta_row_cursor_open(f->store, tables[i], B(""), &cursor, NULL));
    }
    for (size_t size = ACTA_KEY_MAX; size <= ACTA_KEY_MAX + 1; size++) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_put(t, "t", acta_bytes_from(key, size), B("v"));
        assert_int_equal(size == ACTA_KEY_MAX ? ACTA_OK : ACTA_INVALID, commit(f, t, NULL));
    }
    acta_memory_destroy(memory);
}

/* -- outcomes -- */

static acta_outcome
outcome_of(const char *payload)
{
    acta_bytes part = acta_str_bytes(acta_str_of(payload));
    return (acta_outcome){ .command_digest = acta_digest_of(&part, 1), .status = ACTA_OK };
}

static acta_transaction *
command(fixture *f, acta_id id, const char *payload)
{
    acta_event event = event_of("test.Happened", payload);
    acta_transaction *t = acta_transaction_create(f->store);
    acta_outcome outcome = outcome_of(payload);

    acta_transaction_outcome(t, id, &outcome);
    acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
    return t;
}

/* ES-09: a command id has one outcome, with the place of its events; asked again the whole transaction is refused. */
static void
a_command_id_has_one_outcome(void **state)
{
    fixture *f = FIXTURE(state);
    acta_id id = acta_id_of(S("command-1"));
    acta_outcome outcome, expected = outcome_of("deposit");
    acta_commit_result result;
    char text[ACTA_ERROR_TEXT_MAX], name[ACTA_ID_TEXT_SIZE];

    assert_int_equal(ACTA_NOT_FOUND, acta_store_outcome(f->store, id, &outcome, &f->error));
    append_ok(f, "s", "before");
    assert_int_equal(ACTA_OK, commit(f, command(f, id, "deposit"), &result));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ACTA_ALREADY_EXISTS, commit(f, command(f, id, "deposit"), NULL));
        snprintf(text, sizeof text, "command %s has an outcome already; acta_store_outcome tells it",
            acta_id_format(id, name));
        assert_string_equal(f->error.text, text);
        assert_int_equal(ACTA_OK, acta_store_outcome(f->store, id, &outcome, &f->error));
        assert_int_equal(ACTA_OK, outcome.status);
        assert_int_equal(outcome.version, 2);
        assert_int_equal(outcome.position, 2);
        assert_int_equal(outcome.recorded_at_us, result.recorded_at_us);
        assert_memory_equal(outcome.command_digest.bytes, expected.command_digest.bytes, ACTA_DIGEST_SIZE);
        close_store(f);
        open_store_ok(f);
    }
    assert_int_equal(count_stream(f, "s"), 2);

    acta_read read = { .stream = S("s"), .from = 2 };
    acta_cursor *cursor;
    acta_recorded event;
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &f->error));
    assert_true(acta_id_equal(event.command_id, id)); /* the event says which command made it */
    acta_cursor_close(cursor);
}

/* A rejection is an outcome too, with its name and text, and no position. */
static void
a_rejection_is_kept_word_for_word(void **state)
{
    fixture *f = FIXTURE(state);
    acta_id id = acta_id_of(S("command-2"));
    acta_outcome rejection = { .status = ACTA_REJECTED, .code = 3, .rejection = "insufficient_funds", .version = 7 },
                 found;
    acta_transaction *t = acta_transaction_create(f->store);

    memset(rejection.text, 't', sizeof rejection.text - 1); /* as long as can be */
    acta_transaction_outcome(t, id, &rejection);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    assert_int_equal(ACTA_OK, acta_store_outcome(f->store, id, &found, &f->error));
    assert_int_equal(ACTA_REJECTED, found.status);
    assert_int_equal(found.code, 3);
    assert_int_equal(found.version, 7);
    assert_int_equal(found.position, 0);
    assert_string_equal(found.rejection, "insufficient_funds");
    assert_string_equal(found.text, rejection.text);
    assert_int_equal(acta_store_head(f->store), 0);
}

/* The same id twice in one batch: the first has it. */
static void
the_first_of_two_equal_ids_in_a_batch_wins(void **state)
{
    fixture *f = FIXTURE(state);
    acta_id id = acta_id_of(S("twice"));
    answer answers[2] = { { .calls = 0 }, { .calls = 0 } };

    for (int i = 0; i < 2; i++)
        assert_int_equal(ACTA_OK,
            acta_store_submit(f->store, command(f, id, i == 0 ? "one" : "two"), take_answer, &answers[i], NULL));
    step_all(f);
    assert_int_equal(ACTA_OK, answers[0].status);
    assert_int_equal(ACTA_ALREADY_EXISTS, answers[1].status);
    assert_int_equal(count_stream(f, "s"), 1);
}

/* An outcome that is forgotten can be written again; without an id there is none. */
static void
a_forgotten_outcome_is_free_again(void **state)
{
    fixture *f = FIXTURE(state);
    acta_id id = acta_id_of(S("command-3")), none = { { 0 } };
    acta_outcome outcome;

    assert_int_equal(ACTA_OK, commit(f, command(f, id, "a"), NULL));
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_forget_outcome(t, id);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    assert_int_equal(ACTA_NOT_FOUND, acta_store_outcome(f->store, id, &outcome, &f->error));
    assert_int_equal(ACTA_OK, commit(f, command(f, id, "b"), NULL));
    assert_int_equal(ACTA_INVALID, commit(f, command(f, none, "c"), NULL));
}

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

/* Old outcomes go, a bounded number at a time; younger ones stay. */
static void
old_outcomes_expire(void **state)
{
    fixture *f = FIXTURE(state);
    static acta_environment environment = { .clock = { .monotonic_ns = read_no_clock, .wall_us = read_test_clock } };
    enum { COUNT = 100 };
    uint32_t total = 0;

    close_store(f);
    f->config.environment = &environment;
    clock_us = 1;
    open_store_ok(f);
    for (uint32_t i = 0; i < COUNT; i++) {
        acta_bytes part = acta_bytes_from(&i, sizeof i);
        acta_digest digest = acta_digest_of(&part, 1);
        acta_id id;
        memcpy(id.bytes, digest.bytes, sizeof id.bytes);
        clock_us = 1000 + i;
        assert_int_equal(ACTA_OK, commit(f, command(f, id, "x"), NULL));
    }
    put_row(f, "outcomes-of-mine", "k", "a neighbour that must stay");
    put_row(f, "outcome", "k", "another");
    for (int i = 0; i < 20 && total < 60; i++) {
        uint32_t count = 0;
        assert_int_equal(ACTA_OK, acta_store_expire_outcomes(f->store, 1060, 10, &count, &f->error));
        assert_true(count <= 10);
        total += count;
        append_ok(f, "barrier", "x"); /* behind the deletions */
    }
    assert_int_equal(total, 60);
    for (uint32_t i = 0; i < COUNT; i++) {
        acta_bytes part = acta_bytes_from(&i, sizeof i);
        acta_digest digest = acta_digest_of(&part, 1);
        acta_outcome outcome;
        acta_id id;
        memcpy(id.bytes, digest.bytes, sizeof id.bytes);
        assert_int_equal(i < 60 ? ACTA_NOT_FOUND : ACTA_OK, acta_store_outcome(f->store, id, &outcome, &f->error));
    }
    assert_true(has_row(f, "outcomes-of-mine", "k"));
    assert_true(has_row(f, "outcome", "k"));
    close_store(f);
}

/* -- sessions -- */

static void
submit_in_session(fixture *f, uint64_t session, uint64_t sequence, uint64_t expected, answer *a)
{
    acta_event event = event_of("test.Happened", "x");
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_append(t, S("s"), expected, &event, 1);
    acta_transaction_session(t, session, sequence);
    assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, a, &f->error));
}

/*
 * A writer pipelines two appends on what it believes is version 1. Another writer comes first, so the first append fails;
 * the second one expects version 2, and version 2 it is by then: but it was decided on a state that never was.
 */
static void
a_pipelined_append_after_a_conflict_is_refused_though_its_version_matches(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t session = acta_store_session(f->store);
    answer before, foreign, first, second, third, fresh;
    memset(&before, 0, sizeof before);
    foreign = first = second = third = fresh = before;

    submit_in_session(f, session, 1, 0, &before);
    submit_in_session(f, 0, 0, 1, &foreign);
    submit_in_session(f, session, 2, 1, &first);
    submit_in_session(f, session, 3, 2, &second);
    step_all(f);
    submit_in_session(f, session, 4, 2, &third); /* in a later batch too */
    step_all(f);
    assert_int_equal(ACTA_OK, before.status);
    assert_int_equal(ACTA_OK, foreign.status);
    assert_int_equal(ACTA_CONFLICT, first.status);
    assert_int_equal(ACTA_CONFLICT, second.status);
    assert_int_equal(ACTA_CONFLICT, third.status);
    assert_non_null(strstr(second.text, "an earlier append of writer session"));
    assert_int_equal(version_of(f, "s"), 2);

    submit_in_session(f, acta_store_session(f->store), 1, 2, &fresh);
    step_all(f);
    assert_int_equal(ACTA_OK, fresh.status);
}

/* Whatever the reason was: a command id that was used fails the session just as a version does. */
static void
a_session_fails_for_any_reason(void **state)
{
    fixture *f = FIXTURE(state);
    acta_id id = acta_id_of(S("used"));
    answer answers[3];
    memset(answers, 0, sizeof answers);

    assert_int_equal(ACTA_OK, commit(f, command(f, id, "x"), NULL));
    uint64_t session = acta_store_session(f->store), other = acta_store_session(f->store);
    acta_transaction *t = command(f, id, "x");
    acta_transaction_session(t, session, 1);
    assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, &answers[0], NULL));
    submit_in_session(f, session, 2, ACTA_ANY_VERSION, &answers[1]);
    submit_in_session(f, other, 1, ACTA_ANY_VERSION, &answers[2]);
    step_all(f);
    assert_int_equal(ACTA_ALREADY_EXISTS, answers[0].status);
    assert_int_equal(ACTA_CONFLICT, answers[1].status);
    assert_int_equal(ACTA_OK, answers[2].status);
}

/* A gap in the sequence is a failure that nobody saw: one that was refused with BUSY, or never submitted. */
static void
a_gap_in_a_session_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t session = acta_store_session(f->store);
    answer answers[4];
    memset(answers, 0, sizeof answers);

    submit_in_session(f, session, 1, ACTA_ANY_VERSION, &answers[0]);
    submit_in_session(f, session, 3, ACTA_ANY_VERSION, &answers[1]);
    submit_in_session(f, session, 2, ACTA_ANY_VERSION, &answers[2]);
    submit_in_session(f, acta_store_session(f->store), 2, ACTA_ANY_VERSION, &answers[3]);
    step_all(f);
    assert_int_equal(ACTA_OK, answers[0].status);
    assert_int_equal(ACTA_CONFLICT, answers[1].status);
    assert_int_equal(ACTA_CONFLICT, answers[2].status);
    assert_int_equal(ACTA_CONFLICT, answers[3].status);
}

/* Many live sessions at once keep their places. */
static void
many_sessions_go_on_beside_each_other(void **state)
{
    fixture *f = FIXTURE(state);
    enum { SESSIONS = 5000 };
    static uint64_t sessions[SESSIONS];
    static answer answers[SESSIONS];
    memset(answers, 0, sizeof answers);

    for (uint32_t i = 0; i < SESSIONS; i++)
        sessions[i] = acta_store_session(f->store);
    for (uint64_t sequence = 1; sequence <= 3; sequence++) {
        for (uint32_t i = 0; i < SESSIONS; i++)
            submit_in_session(f, sessions[i], sequence, ACTA_ANY_VERSION, &answers[i]);
        step_all(f);
        for (uint32_t i = 0; i < SESSIONS; i++)
            assert_int_equal(ACTA_OK, answers[i].status);
    }
    assert_int_equal(version_of(f, "s"), 3 * SESSIONS);
}

/* Sessions beyond what is remembered: one that was used lately goes on, one that was long idle is refused, which is safe. */
static void
a_session_that_was_long_idle_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    enum { REMEMBERED = 2048 }; /* at 1 MiB of memory; in two generations */
    static answer ignored;
    answer answers[3];
    memset(answers, 0, sizeof answers);

    close_store(f);
    f->config.memory_bytes = 1 << 20;
    open_store_ok(f);
    uint64_t lately = acta_store_session(f->store), idle = acta_store_session(f->store);
    submit_in_session(f, lately, 1, ACTA_ANY_VERSION, &answers[0]);
    submit_in_session(f, idle, 1, ACTA_ANY_VERSION, &ignored);
    for (int i = 0; i < REMEMBERED / 2 + 10; i++)
        submit_in_session(f, acta_store_session(f->store), 1, ACTA_ANY_VERSION, &ignored);
    submit_in_session(f, lately, 2, ACTA_ANY_VERSION, &answers[1]);
    step_all(f);
    assert_int_equal(ACTA_OK, answers[0].status);
    assert_int_equal(ACTA_OK, answers[1].status);
    for (int i = 0; i < REMEMBERED + 10; i++)
        submit_in_session(f, acta_store_session(f->store), 1, ACTA_ANY_VERSION, &ignored);
    submit_in_session(f, idle, 2, ACTA_ANY_VERSION, &answers[2]);
    step_all(f);
    assert_int_equal(ACTA_CONFLICT, answers[2].status);
}

/* -- snapshots -- */

static acta_status
record_snapshot(fixture *f, const char *stream, uint64_t version, const char *bytes)
{
    acta_snapshot snapshot = { .version = version, .schema_hash = 42, .state = acta_str_bytes(acta_str_of(bytes)) };
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_snapshot(t, acta_str_of(stream), &snapshot);
    return commit(f, t, NULL);
}

/* ES-43: none, recorded, recorded again, deleted, deleted again. */
static void
a_snapshot_is_recorded_replaced_and_deleted(void **state)
{
    fixture *f = FIXTURE(state);
    acta_memory *memory = acta_memory_create(NULL);
    acta_snapshot found;

    assert_int_equal(ACTA_NOT_FOUND, acta_store_snapshot(f->store, S("s"), memory, &found, &f->error));
    append_many(f, "s", ACTA_NO_STREAM, 5, NULL);
    append_many(f, "t", ACTA_NO_STREAM, 5, NULL);
    for (uint64_t version = 3; version <= 5; version += 2) {
        assert_int_equal(ACTA_OK, record_snapshot(f, "s", version, version == 3 ? "three" : "five!"));
        assert_int_equal(ACTA_OK, acta_store_snapshot(f->store, S("s"), memory, &found, &f->error));
        assert_int_equal(found.version, version);
        assert_int_equal(found.schema_hash, 42);
        assert_int_equal(found.state.size, 5);
        assert_memory_equal(found.state.data, version == 3 ? "three" : "five!", 5);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_store_snapshot(f->store, S("t"), memory, &found, &f->error));
    for (int i = 0; i < 2; i++) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_delete(t, "snapshots", B("s"));
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
        assert_int_equal(ACTA_NOT_FOUND, acta_store_snapshot(f->store, S("s"), memory, &found, &f->error));
    }
    acta_memory_destroy(memory);
}

static uint32_t warnings;

static void
count_warnings(void *user, acta_log_level level, acta_str line)
{
    (void)user;
    (void)line;
    warnings += level == ACTA_LOG_WARNING;
}

/* ES-44: one that is newer than its stream is void, and that is logged. */
static void
a_snapshot_newer_than_its_stream_is_void(void **state)
{
    fixture *f = FIXTURE(state);
    static acta_environment environment = { .log = { .write = count_warnings } };
    acta_memory *memory = acta_memory_create(NULL);
    acta_snapshot found;

    close_store(f);
    f->config.environment = &environment;
    open_store_ok(f);
    warnings = 0;
    append_many(f, "s", ACTA_NO_STREAM, 5, NULL);
    assert_int_equal(ACTA_OK, record_snapshot(f, "s", 6, "six"));
    assert_int_equal(ACTA_NOT_FOUND, acta_store_snapshot(f->store, S("s"), memory, &found, &f->error));
    assert_int_equal(warnings, 1);
    append_ok(f, "s", "the sixth");
    assert_int_equal(ACTA_OK, acta_store_snapshot(f->store, S("s"), memory, &found, &f->error));
    assert_int_equal(ACTA_INVALID, record_snapshot(f, "$s", 1, "x"));
    acta_memory_destroy(memory);
    close_store(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(rows_are_read_in_order_by_table_and_prefix),
        on_store(a_row_is_what_was_put_last),
        on_store(a_row_cursor_does_not_see_what_comes_later),
        on_store(the_later_of_two_writes_counts),
        on_store(a_condition_on_a_row_decides),
        on_manual_store(conditions_see_the_batch_under_way),
        on_store(bad_rows_are_refused),
        on_store(a_command_id_has_one_outcome),
        on_store(a_rejection_is_kept_word_for_word),
        on_manual_store(the_first_of_two_equal_ids_in_a_batch_wins),
        on_store(a_forgotten_outcome_is_free_again),
        on_store(old_outcomes_expire),
        on_manual_store(a_pipelined_append_after_a_conflict_is_refused_though_its_version_matches),
        on_manual_store(a_session_fails_for_any_reason),
        on_manual_store(a_gap_in_a_session_is_refused),
        on_manual_store(a_session_that_was_long_idle_is_refused),
        on_manual_store(many_sessions_go_on_beside_each_other),
        on_store(a_snapshot_is_recorded_replaced_and_deleted),
        on_store(a_snapshot_newer_than_its_stream_is_void),
    };
    return run_on_engines("rows", tests);
}
