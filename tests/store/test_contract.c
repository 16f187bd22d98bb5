/*
 * What the contract says beyond single calls: identity, conditions on what is not written, pages, views of readers, several
 * stores in a process. The clauses of ES-01 to ES-24 and ES-45 of the catalogue that the other files leave.
 */
#include <pthread.h>

#include "fixture.h"

static acta_status
delete_stream(fixture *f, const char *stream, uint64_t expected, acta_deletion how)
{
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_delete_stream(t, acta_str_of(stream), expected, how);
    return commit(f, t, NULL);
}

/* -- what streams have been -- */

/* Make a stream that had two events and has none to be read. */
static void
make_emptied(fixture *f, const char *stream, char how)
{
    const acta_stream_limits none = { .from_version = 100 };

    assert_int_equal(ACTA_OK, append_many(f, stream, ACTA_NO_STREAM, 2, NULL));
    if (how != 'l') {
        assert_int_equal(ACTA_OK, delete_stream(f, stream, 2, how == 's' ? ACTA_DELETE_SOFT : ACTA_DELETE_HARD));
        return;
    }
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_limit_stream(t, acta_str_of(stream), &none);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    assert_int_equal(ACTA_OK, acta_store_scrub(f->store, 0, &(uint64_t){ 0 }, &f->error));
    assert_int_equal(version_of(f, stream), 2); /* ES-23: not reset, with no event left */
}

/* ES-01, ES-23: each expectation against streams that are empty: softly deleted, deleted for good, without events left. */
static void
each_expectation_is_held_against_emptied_streams(void **state)
{
    static const struct {
        uint64_t expected;
        acta_status hard, limited;
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
        char soft[16], hard[16], limited[16];
        snprintf(soft, sizeof soft, "soft-%zu", i);
        snprintf(hard, sizeof hard, "hard-%zu", i);
        snprintf(limited, sizeof limited, "limited-%zu", i);
        make_emptied(f, soft, 's');
        make_emptied(f, hard, 'h');
        make_emptied(f, limited, 'l');
        assert_int_equal(ACTA_DELETED, append(f, soft, table[i].expected, "x"));
        assert_int_equal(table[i].hard, append(f, hard, table[i].expected, "x"));
        assert_int_equal(version_of(f, hard), table[i].hard == ACTA_OK ? 1 : 0);
        assert_int_equal(table[i].limited, append(f, limited, table[i].expected, "x"));
        assert_int_equal(version_of(f, limited), table[i].limited == ACTA_OK ? 3 : 2);
    }
}

/* ES-45: the whole log can't be deleted, nor limited; a wrong version is told; what is missing is not deleted. */
static void
what_cannot_be_deleted_stays(void **state)
{
    fixture *f = FIXTURE(state);

    append_ok(f, "a", "x");
    for (int how = 0; how < 2; how++) {
        assert_int_equal(ACTA_INVALID, delete_stream(f, "$all", ACTA_ANY_VERSION, (acta_deletion)how));
        assert_int_equal(ACTA_NOT_FOUND, delete_stream(f, "missing", ACTA_ANY_VERSION, (acta_deletion)how));
        assert_int_equal(ACTA_CONFLICT, delete_stream(f, "a", 7, (acta_deletion)how));
        assert_int_equal(f->error.actual_version, 1);
    }
    assert_int_equal(count_log(f), 1);
    assert_int_equal(count_stream(f, "a"), 1);
}

/* -- atomicity and conditions -- */

/* ES-04: whatever is wrong with one event of many, nothing is appended and no position is used. */
static void
any_bad_event_voids_its_transaction(void **state)
{
    fixture *f = FIXTURE(state);
    uint8_t *large = calloc(1, ACTA_PAYLOAD_MAX + 1);
    char type[ACTA_TYPE_NAME_MAX + 1], tag[ACTA_TAG_MAX + 1];
    memset(type, 't', sizeof type);
    memset(tag, 't', sizeof tag);
    const acta_str long_tag = acta_str_from(tag, sizeof tag), empty_tag = S("");
    const acta_bytes too_much = acta_bytes_from(large, ACTA_PAYLOAD_MAX + 1);
    const acta_event bad[] = {
        { .type = S("test.A"), .payload = too_much },
        { .type = S("test.A"), .metadata = too_much },
        { .type = acta_str_from(type, sizeof type) },
        { .type = S("$link") },
        { .type = S("test\nA") },
        { .type = S("test.A"), .tags = &long_tag, .tag_count = 1 },
        { .type = S("test.A"), .tags = &empty_tag, .tag_count = 1 },
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const acta_event events[] = { event_of("test.A", "a"), bad[i], event_of("test.A", "b") };
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, S("other"), ACTA_ANY_VERSION, events, 1);
        acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, events, 3);
        acta_transaction_put(t, "rows", B("k"), B("v"));
        assert_int_equal(ACTA_INVALID, commit(f, t, NULL));
        assert_true(strlen(f->error.text) > 20);
    }
    assert_int_equal(version_of(f, "other"), 0);
    assert_false(has_row(f, "rows", "k"));
    append_ok(f, "s", "good");
    assert_int_equal(acta_store_head(f->store), 1);
    free(large);
}

/* ES-13, ES-05: conditions on streams that the transaction doesn't write: all hold, or nothing is written. */
static void
conditions_on_other_streams_decide(void **state)
{
    static const struct {
        const char *stream;
        uint64_t expected;
        acta_status status;
    } cases[] = {
        { "one", 1, ACTA_OK },
        { "one", ACTA_STREAM_EXISTS, ACTA_OK },
        { "none", ACTA_NO_STREAM, ACTA_OK },
        { "none", ACTA_ANY_VERSION, ACTA_OK },
        { "one", 2, ACTA_CONFLICT },
        { "one", ACTA_NO_STREAM, ACTA_CONFLICT },
        { "none", ACTA_STREAM_EXISTS, ACTA_CONFLICT },
        { "none", 1, ACTA_CONFLICT },
    };
    fixture *f = FIXTURE(state);
    const acta_event event = event_of("test.Happened", "x");
    uint64_t written = 0;

    append_ok(f, "one", "x");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, S("written"), written, &event, 1);
        acta_transaction_append(t, S("one"), ACTA_STREAM_EXISTS, NULL, 0);
        acta_transaction_append(t, acta_str_of(cases[i].stream), cases[i].expected, NULL, 0);
        assert_int_equal(cases[i].status, commit(f, t, NULL));
        written += cases[i].status == ACTA_OK;
        assert_int_equal(version_of(f, "written"), written);
    }
    assert_int_equal(version_of(f, "one"), 1);
    assert_int_equal(version_of(f, "none"), 0); /* looking at a stream doesn't make it */
    assert_int_equal(count_log(f), 1 + written);
}

/* -- identity -- */

static acta_status
append_with_id(fixture *f, const char *stream, const char *id, const char *again)
{
    const acta_event event = event_of("test.Happened", id);
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_append(t, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
    acta_transaction_claim(t, "event-ids", acta_str_bytes(acta_str_of(id)), acta_str_of(stream));
    if (again != NULL) {
        acta_transaction_append(t, acta_str_of(again), ACTA_ANY_VERSION, &event, 1);
        acta_transaction_claim(t, "event-ids", acta_str_bytes(acta_str_of(id)), acta_str_of(again));
    }
    return commit(f, t, NULL);
}

/* ES-08: an id of the user's, claimed, is never there twice: in its stream, in another, in one transaction, in one batch,
 * after a restart. What identifies an event for the store is its position, which nothing that happens to it changes. */
static void
an_id_is_never_used_twice(void **state)
{
    fixture *f = FIXTURE(state);

    assert_int_equal(ACTA_OK, append_with_id(f, "a", "id-1", NULL));
    for (int restarts = 0; restarts < 2; restarts++) {
        assert_int_equal(ACTA_ALREADY_EXISTS, append_with_id(f, "a", "id-1", NULL));
        assert_string_equal(f->error.text, "this value of 'event-ids' is taken by 'a'");
        assert_int_equal(ACTA_ALREADY_EXISTS, append_with_id(f, "b", "id-1", NULL));
        assert_int_equal(ACTA_ALREADY_EXISTS, append_with_id(f, "a", "id-2", "a"));
        assert_int_equal(ACTA_ALREADY_EXISTS, append_with_id(f, "a", "id-2", "b"));
        assert_string_equal(f->error.text, "a transaction claims one value of 'event-ids' twice");
        close_store(f);
        open_store_ok(f);
    }
    assert_int_equal(count_log(f), 1);

    static answer answers[2];
    memset(answers, 0, sizeof answers);
    for (int i = 0; i < 2; i++) { /* both may lie in one batch */
        const acta_event event = event_of("test.Happened", "x");
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, S("c"), ACTA_ANY_VERSION, &event, 1);
        acta_transaction_claim(t, "event-ids", B("id-3"), S("c"));
        assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, &answers[i], NULL));
    }
    step_all(f);
    assert_int_equal(ACTA_OK, append_with_id(f, "c", "id-4", NULL)); /* behind both */
    assert_int_equal(answers[0].calls + answers[1].calls, 2);
    assert_int_equal(answers[0].status, ACTA_OK);
    assert_int_equal(answers[1].status, ACTA_ALREADY_EXISTS);
    assert_int_equal(version_of(f, "c"), 2);
}

/* -- pages -- */

/* ES-19, ES-20: read page by page, of any size, each begun where the one before ended: the sequence of one read. */
static void
pages_of_every_size_make_the_same_sequence(void **state)
{
    fixture *f = FIXTURE(state);
    enum { N = 24 };
    static const uint64_t sizes[] = { 1, 2, 5, N / 2, N - 1, N, N + 1 };

    for (int i = 0; i < N; i++)
        append_ok(f, i % 2 == 0 ? "even" : "odd", "x");
    for (int of_stream = 0; of_stream < 2; of_stream++) {
        const uint64_t last = of_stream ? N / 2 : N;
        for (int direction = 0; direction < 2; direction++) {
            for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
                uint64_t expected = direction == 0 ? 1 : last, given;
                do {
                    const acta_read read = { .stream = of_stream ? S("odd") : acta_str_from(NULL, 0),
                        .direction = (acta_direction)direction,
                        .from = expected,
                        .count_max = sizes[i] };
                    acta_cursor *cursor;
                    acta_recorded e;
                    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
                    for (given = 0; acta_cursor_next(cursor, &e, &f->error) == ACTA_OK; given++) {
                        assert_int_equal(of_stream ? e.version : e.position, expected);
                        expected += direction == 0 ? 1 : UINT64_MAX;
                    }
                    acta_cursor_close(cursor);
                    assert_true(given <= sizes[i]);
                } while (given == sizes[i] && expected != 0);
                assert_int_equal(expected, direction == 0 ? last + 1 : 0);
            }
        }
    }
}

/* ES-18, ES-22: bounds that leave nothing are no error: a beginning behind the end, or a time that no event has. */
static void
inverted_bounds_read_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    acta_recorded e;
    acta_cursor *cursor;

    for (int i = 0; i < 5; i++)
        append_ok(f, "s", "x");
    for (int of_stream = 0; of_stream < 2; of_stream++) {
        const acta_read nothing[] = {
            { .from = 6 },
            { .from = UINT64_MAX },
            { .from_us = INT64_MAX },
            { .from = 6, .from_us = 1 },
            { .from = 1, .from_us = INT64_MAX },
            { .direction = ACTA_BACKWARD, .from_us = 1 },
            { .direction = ACTA_BACKWARD, .from = 3, .from_us = 1 },
            { .direction = ACTA_BACKWARD, .from_us = -1 },
        };
        for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
            acta_read read = nothing[i];
            if (of_stream) read.stream = S("s");
            assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
            assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &e, &f->error));
            acta_cursor_close(cursor);
        }
    }
}

/* -- readers beside a writer -- */

enum { APPENDS = 10000 };

static void *
run_appends(void *user)
{
    fixture *f = user;
    acta_error error;

    for (uint32_t i = 1; i <= APPENDS; i++) {
        const acta_event events[2] = { event_of("test.First", "x"), event_of("test.Second", "x") };
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, S("a"), ACTA_ANY_VERSION, &events[0], 1);
        acta_transaction_append(t, S("b"), ACTA_ANY_VERSION, &events[1], 1);
        acta_status status = i % 500 == 0 ? acta_store_commit(f->store, t, NULL, &error)
                                          : acta_store_submit(f->store, t, NULL, NULL, &error);
        if (status != ACTA_OK) return NULL;
    }
    return f; /* all went well */
}

/* ES-21: a reader that stays open while 10,000 appends go on sees the prefix that was there when it was opened: not one
 * event more or less, none twice, and no half of a transaction, in the log and in both streams. */
static void
a_reader_open_during_10000_appends_sees_one_prefix(void **state)
{
    fixture *f = FIXTURE(state);
    pthread_t thread;
    void *done;
    uint64_t head = 0;
    const acta_read reads[3] = { { .count_max = 0 }, { .stream = S("a") }, { .stream = S("b") } };

    append_many(f, "a", ACTA_NO_STREAM, 1, NULL);
    append_many(f, "b", ACTA_NO_STREAM, 1, NULL);
    assert_int_equal(0, pthread_create(&thread, NULL, run_appends, f));
    while (head < 2 + 2 * APPENDS) {
        acta_cursor *cursors[3];
        uint64_t counts[3] = { 0 }, before = acta_store_head(f->store);
        for (int i = 0; i < 3; i++)
            assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &reads[i], &cursors[i], &f->error));
        uint64_t after = acta_store_head(f->store);
        uint64_t opened[3] = { before, before / 2, before / 2 };
        for (int i = 0; i < 3; i++) {
            acta_recorded e = { .position = 0 };
            acta_status status;
            while ((status = acta_cursor_next(cursors[i], &e, &f->error)) == ACTA_OK) {
                counts[i]++;
                assert_int_equal(i == 0 ? e.position : e.version, counts[i]);
                if (i == 0) assert_int_equal(e.version, (counts[i] + 1) / 2); /* a, b, a, b … */
            }
            if (status != ACTA_NOT_FOUND) fail_msg("%s", f->error.text);
            acta_cursor_close(cursors[i]);
            assert_true(counts[i] >= opened[i]);
            assert_true(counts[i] <= (i == 0 ? after : after / 2));
        }
        assert_int_equal(counts[0] % 2, 0);
        assert_true(counts[0] / 2 <= counts[1] && counts[1] <= counts[2]); /* opened one behind the other */
        head = counts[0];
    }
    pthread_join(thread, &done);
    assert_ptr_equal(done, f);
}

/* -- several stores -- */

/* Several stores in one process know nothing of each other; a transaction is one store's. */
static void
several_stores_are_separate(void **state)
{
    fixture *f = FIXTURE(state);
    enum { STORES = 3 };
    fixture others[STORES];
    acta_error error;

    for (uint32_t i = 0; i < STORES; i++) {
        others[i] = (fixture){ .memory = f->memory, .config = { .memory_bytes = 4 << 20 } };
        others[i].disk = acta_disk_create(NULL);
        snprintf(others[i].path, sizeof others[i].path, "%.200s-%u", f->path, i);
        open_store_ok(&others[i]);
    }
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < STORES; i++)
            assert_int_equal(ACTA_OK, append_many(&others[i], "s", ACTA_ANY_VERSION, i + 1, NULL));
    }
    acta_transaction *t = acta_transaction_create(others[0].store);
    const acta_event event = event_of("test.Happened", "x");
    acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
    assert_int_equal(ACTA_INVALID, acta_store_commit(others[1].store, t, NULL, &error));
    for (uint32_t i = 0; i < STORES; i++) { /* one is closed and opened again beside the others */
        close_store(&others[i]);
        append_ok(&others[(i + 1) % STORES], "other", "still open");
        open_store_ok(&others[i]);
    }
    for (uint32_t i = 0; i < STORES; i++) {
        assert_int_equal(count_log(&others[i]), 20 * (i + 1) + 1);
        assert_int_equal(count_stream(&others[i], "s"), 20 * (i + 1));
        close_store(&others[i]);
        remove_tree(others[i].path);
        acta_disk_destroy(others[i].disk);
    }
    assert_int_equal(count_log(f), 0);
}

static void
submit_events(fixture *f, const char *stream, uint64_t expected, uint32_t count, answer *answered)
{
    acta_event events[3] = { event_of("test.A", "x"), event_of("test.B", "y"), event_of("test.C", "z") };
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_append(t, acta_str_of(stream), expected, events, count);
    assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, take_answer, answered, &f->error));
}

/* ES-41: a reader passes no position whose transaction has not ended, and finds no gap where one was given up: positions are
 * given when a transaction is committed, and seen when it is durable. */
static void
no_reader_passes_a_transaction_that_has_not_ended(void **state)
{
    fixture *f = FIXTURE(state);
    acta_subscription *reader;
    acta_chunk *chunk;
    bool more;
    uint64_t next = 1;
    enum { ROUNDS = 20, COMMITTED = 3 };

    assert_int_equal(ACTA_OK, acta_subscription_open(f->store, &(acta_subscription_config){ 0 }, &reader, &f->error));
    for (uint64_t round = 0; round < ROUNDS; round++) {
        answer answers[3] = { { 0 } };
        submit_events(f, "first", 2 * round, 2, &answers[0]);
        submit_events(f, "given-up", 1000, 3, &answers[1]);
        submit_events(f, "last", round, 1, &answers[2]);
        assert_int_equal(ACTA_OK, acta_subscription_next(reader, 10, &chunk, &more, &f->error));
        assert_null(chunk);
        step_all(f);
        assert_int_equal(answers[1].status, ACTA_CONFLICT);
        assert_int_equal(answers[2].first_position, answers[0].last_position + 1);
        assert_int_equal(ACTA_OK, acta_subscription_next(reader, 10, &chunk, &more, &f->error));
        assert_non_null(chunk);
        assert_int_equal(acta_chunk_count(chunk), COMMITTED);
        for (uint32_t i = 0; i < COMMITTED; i++, next++)
            assert_int_equal(acta_chunk_at(chunk, i)->position, next);
        acta_chunk_unref(chunk);
        assert_int_equal(ACTA_OK, acta_subscription_ack_up_to(reader, next - 1));
    }
    acta_subscription_close(reader);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(each_expectation_is_held_against_emptied_streams),
        on_store(what_cannot_be_deleted_stays),
        on_store(any_bad_event_voids_its_transaction),
        on_store(conditions_on_other_streams_decide),
        on_store(an_id_is_never_used_twice),
        on_manual_store(an_id_is_never_used_twice),
        on_store(pages_of_every_size_make_the_same_sequence),
        on_store(inverted_bounds_read_nothing),
        on_store(a_reader_open_during_10000_appends_sees_one_prefix),
        on_store(several_stores_are_separate),
        on_manual_store(no_reader_passes_a_transaction_that_has_not_ended),
    };
    return run_on_engines("contract", tests);
}
