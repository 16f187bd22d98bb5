/*
 * Deleting: streams that are deleted, softly or for good, restored and limited; and the scrubbing of what nobody can read
 * any more. Cases ES-45, ES-46, ES-35 and a part of ES-01 of the catalogue; at last a random run against a
 * model (FZ-09).
 */
#include "fixture.h"

#include "acta/id.h"

static acta_status
delete_stream(fixture *f, const char *stream, uint64_t expected, acta_deletion how)
{
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_delete_stream(t, acta_str_of(stream), expected, how);
    return commit(f, t, NULL);
}

static acta_status
restore_stream(fixture *f, const char *stream)
{
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_restore_stream(t, acta_str_of(stream));
    return commit(f, t, NULL);
}

static acta_status
limit_stream(fixture *f, const char *stream, acta_stream_limits limits)
{
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_limit_stream(t, acta_str_of(stream), &limits);
    return commit(f, t, NULL);
}

static uint64_t
scrub(fixture *f, uint64_t count_max)
{
    uint64_t count;
    if (acta_store_scrub(f->store, count_max, &count, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    return count;
}

static acta_status
open_cursor(fixture *f, const char *stream)
{
    acta_read read = { .stream = acta_str_of(stream) };
    acta_cursor *cursor;
    acta_status status = acta_cursor_open(f->store, &read, &cursor, &f->error);

    if (status == ACTA_OK) acta_cursor_close(cursor);
    return status;
}

/* The versions that a stream shows are `first` to `last`, both ways. */
static void
expect_versions(fixture *f, const char *stream, uint64_t first, uint64_t last)
{
    for (int backward = 0; backward < 2; backward++) {
        acta_read read = { .stream = acta_str_of(stream), .direction = backward ? ACTA_BACKWARD : ACTA_FORWARD };
        acta_cursor *cursor;
        acta_recorded event;
        assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
        for (uint64_t i = first; i <= last; i++) {
            if (acta_cursor_next(cursor, &event, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
            assert_int_equal(event.version, backward ? last - (i - first) : i);
            assert_int_equal(event.kind, ACTA_RECORD_EVENT);
            assert_true(event.payload.size > 0);
        }
        assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &event, &f->error));
        acta_cursor_close(cursor);
    }
}

static uint64_t
count_stubs(fixture *f)
{
    const acta_read all = { .count_max = 0 };
    acta_cursor *cursor;
    acta_recorded event;
    uint64_t stubs = 0;

    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &all, &cursor, &f->error));
    while (acta_cursor_next(cursor, &event, &f->error) == ACTA_OK) {
        if (event.kind != ACTA_RECORD_STUB) continue;
        stubs++;
        assert_int_equal(event.payload.size + event.metadata.size, 0);
        assert_null(event.type.data);
        assert_true(event.stream.size > 0);
    }
    acta_cursor_close(cursor);
    return stubs;
}

/* ES-45, ES-01: a softly deleted stream is refused to readers and writers; the log keeps it; it can be restored. */
static void
a_softly_deleted_stream_is_refused_until_it_is_restored(void **state)
{
    fixture *f = FIXTURE(state);
    acta_stream_info info;

    append_many(f, "a", ACTA_NO_STREAM, 3, NULL);
    append_ok(f, "b", "x");
    assert_int_equal(ACTA_CONFLICT, delete_stream(f, "a", 2, ACTA_DELETE_SOFT));
    assert_string_equal(f->error.text, "stream 'a' is at version 3, version 2 was expected");
    assert_int_equal(ACTA_OK, delete_stream(f, "a", 3, ACTA_DELETE_SOFT));

    for (int restarts = 0; restarts < 2; restarts++) {
        static const uint64_t expected[] = { ACTA_ANY_VERSION, ACTA_NO_STREAM, ACTA_STREAM_EXISTS, 3 };
        for (int i = 0; i < 4; i++)
            assert_int_equal(ACTA_DELETED, append(f, "a", expected[i], "y"));
        assert_string_equal(f->error.text, "stream 'a' is deleted; restore it, or delete it for good");
        assert_int_equal(ACTA_DELETED, open_cursor(f, "a"));
        assert_string_equal(f->error.text, "stream 'a' is deleted; restore it to read it");
        assert_int_equal(ACTA_DELETED, delete_stream(f, "a", ACTA_ANY_VERSION, ACTA_DELETE_SOFT));
        assert_int_equal(ACTA_DELETED, limit_stream(f, "a", (acta_stream_limits){ .count_max = 1 }));
        assert_int_equal(version_of(f, "a"), 3); /* ES-23: it stays */
        assert_int_equal(ACTA_OK, acta_store_stream_info(f->store, S("a"), &info, &f->error));
        assert_true(info.deleted);
        assert_int_equal(count_log(f), 5); /* the deletion itself is the fifth */
        assert_int_equal(count_stream(f, "$streams"), 1);
        expect_versions(f, "b", 1, 1);
        close_store(f);
        open_store_ok(f);
    }
    assert_int_equal(scrub(f, 0), 0); /* nothing of it goes */

    assert_int_equal(ACTA_OK, restore_stream(f, "a"));
    expect_versions(f, "a", 1, 3);
    assert_int_equal(ACTA_CONFLICT, restore_stream(f, "a"));
    assert_string_equal(f->error.text, "stream 'a' is not deleted: there is nothing to restore");
    assert_int_equal(ACTA_OK, append(f, "a", 3, "y"));
    assert_int_equal(ACTA_OK, acta_store_stream_info(f->store, S("a"), &info, &f->error));
    assert_false(info.deleted);
}

/* ES-45: a stream that is deleted for good was never there; what is then written under its name is another stream. */
static void
a_stream_that_is_deleted_for_good_can_be_written_afresh(void **state)
{
    fixture *f = FIXTURE(state);
    acta_stream_info before, after;
    acta_memory *memory = acta_memory_create(NULL);
    acta_snapshot snapshot = { .version = 3, .state = B("state") };

    append_many(f, "a", ACTA_NO_STREAM, 3, NULL);
    append_many(f, "ab", ACTA_NO_STREAM, 2, NULL);
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_snapshot(t, S("a"), &snapshot);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    assert_int_equal(ACTA_OK, acta_store_stream_info(f->store, S("a"), &before, &f->error));

    assert_int_equal(ACTA_CONFLICT, delete_stream(f, "a", ACTA_NO_STREAM, ACTA_DELETE_HARD));
    assert_int_equal(ACTA_OK, delete_stream(f, "a", ACTA_STREAM_EXISTS, ACTA_DELETE_HARD));
    for (int restarts = 0; restarts < 2; restarts++) {
        assert_int_equal(ACTA_NOT_FOUND, open_cursor(f, "a"));
        assert_int_equal(version_of(f, "a"), 0);
        assert_int_equal(ACTA_NOT_FOUND, delete_stream(f, "a", ACTA_ANY_VERSION, ACTA_DELETE_HARD));
        assert_string_equal(f->error.text, "there is no stream 'a'");
        assert_int_equal(ACTA_NOT_FOUND, restore_stream(f, "a"));
        assert_int_equal(ACTA_NOT_FOUND, acta_store_snapshot(f->store, S("a"), memory, &snapshot, &f->error));
        assert_int_equal(ACTA_CONFLICT, append(f, "a", 3, "old"));
        close_store(f);
        open_store_ok(f);
    }
    assert_int_equal(ACTA_OK, append(f, "a", ACTA_NO_STREAM, "new"));
    assert_int_equal(ACTA_OK, acta_store_stream_info(f->store, S("a"), &after, &f->error));
    assert_int_equal(after.version, 1);
    assert_true(after.id != before.id);

    assert_int_equal(scrub(f, 0), 3);
    assert_int_equal(scrub(f, 0), 0);
    for (int restarts = 0; restarts < 2; restarts++) {
        assert_int_equal(count_stubs(f), 3);
        assert_int_equal(count_log(f), 7);
        expect_versions(f, "a", 1, 1);
        expect_versions(f, "ab", 1, 2);
        close_store(f);
        open_store_ok(f);
    }
    acta_memory_destroy(memory);
}

/* One transaction can do it all: what comes later in it is about the stream as it then is. */
static void
a_transaction_can_replace_a_stream(void **state)
{
    fixture *f = FIXTURE(state);
    acta_event event = event_of("test.Happened", "new");
    acta_commit_result result;

    append_many(f, "a", ACTA_NO_STREAM, 3, NULL);
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_append(t, S("b"), ACTA_NO_STREAM, &event, 1);
    acta_transaction_delete_stream(t, S("a"), 3, ACTA_DELETE_HARD);
    acta_transaction_delete_stream(t, S("a"), 3, ACTA_DELETE_HARD); /* again: there is nothing left to do */
    acta_transaction_append(t, S("a"), ACTA_ANY_VERSION, &event, 1);
    assert_int_equal(ACTA_OK, commit(f, t, &result));
    assert_int_equal(result.first_position, 4);
    assert_int_equal(result.last_position, 7);
    expect_versions(f, "a", 1, 1);
    expect_versions(f, "b", 1, 1);
    assert_int_equal(count_log(f), 7);
    assert_int_equal(scrub(f, 0), 3);
    expect_versions(f, "a", 1, 1);
}

/* A refused change leaves nothing, nor does what else is in its transaction. */
static void
what_cannot_be_changed_is_refused_whole(void **state)
{
    fixture *f = FIXTURE(state);
    acta_event event = event_of("test.Happened", "x");
    acta_stream_limits limits = { .count_max = 1 };

    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_append(t, S("b"), ACTA_NO_STREAM, &event, 1);
    acta_transaction_limit_stream(t, S("missing"), &limits);
    assert_int_equal(ACTA_NOT_FOUND, commit(f, t, NULL));
    assert_int_equal(acta_store_head(f->store), 0);
    assert_int_equal(ACTA_INVALID, delete_stream(f, "$streams", ACTA_ANY_VERSION, ACTA_DELETE_HARD));
    assert_int_equal(ACTA_INVALID, append(f, "$streams", ACTA_ANY_VERSION, "x"));
    assert_int_equal(ACTA_INVALID, delete_stream(f, "", ACTA_ANY_VERSION, ACTA_DELETE_HARD));
    t = acta_transaction_create(f->store);
    acta_transaction_delete_stream(t, S("a"), ACTA_ANY_VERSION, (acta_deletion)7);
    assert_int_equal(ACTA_INVALID, commit(f, t, NULL));
    assert_string_equal(f->error.text, "7 is no way to delete a stream");
    event = event_of("$stream", "x");
    t = acta_transaction_create(f->store);
    acta_transaction_append(t, S("a"), ACTA_ANY_VERSION, &event, 1);
    assert_int_equal(ACTA_INVALID, commit(f, t, NULL));
    assert_string_equal(f->error.text, "the event type '$stream' is reserved: it begins with '$'");
}

/* -- limits -- */

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

/* ES-46: by count, by age, from a version; before and after what is behind them was scrubbed; and lifted again. */
static void
limits_hide_what_is_behind_them(void **state)
{
    fixture *f = FIXTURE(state);
    static acta_environment environment = { .clock = { .monotonic_ns = read_no_clock, .wall_us = read_test_clock } };
    acta_stream_info info;

    close_store(f);
    f->config.environment = &environment;
    clock_us = 1000000;
    open_store_ok(f);
    for (int i = 0; i < 10; i++) {
        append_ok(f, "a", "x");
        clock_us += 1000000; /* a second */
    }
    assert_int_equal(ACTA_OK, limit_stream(f, "a", (acta_stream_limits){ .count_max = 6 }));
    expect_versions(f, "a", 5, 10);
    append_ok(f, "a", "x");
    expect_versions(f, "a", 6, 11);
    assert_int_equal(ACTA_OK, limit_stream(f, "a", (acta_stream_limits){ .from_version = 4 }));
    expect_versions(f, "a", 4, 11);
    assert_int_equal(ACTA_OK, limit_stream(f, "a", (acta_stream_limits){ .age_ms_max = 3000 }));
    expect_versions(f, "a", 8, 11); /* recorded at 8, 9, 10 and 11 s; it is 11 s */
    clock_us += 1;
    expect_versions(f, "a", 9, 11);
    assert_int_equal(
        ACTA_OK, limit_stream(f, "a", (acta_stream_limits){ .age_ms_max = 3000, .count_max = 2, .from_version = 1 }));
    expect_versions(f, "a", 10, 11);
    assert_int_equal(ACTA_OK, limit_stream(f, "a", (acta_stream_limits){ 0 }));
    expect_versions(f, "a", 1, 11);
    assert_int_equal(scrub(f, 0), 0);

    assert_int_equal(ACTA_OK, limit_stream(f, "a", (acta_stream_limits){ .from_version = 8 }));
    assert_int_equal(scrub(f, 3), 3);
    assert_int_equal(scrub(f, 3), 3);
    expect_versions(f, "a", 8, 11);
    close_store(f);
    open_store_ok(f);
    assert_int_equal(scrub(f, 3), 1);
    assert_int_equal(count_stubs(f), 7);
    expect_versions(f, "a", 8, 11);
    assert_int_equal(ACTA_OK, acta_store_stream_info(f->store, S("a"), &info, &f->error));
    assert_int_equal(info.first_version, 8);
    assert_int_equal(info.limits.from_version, 8);
    assert_int_equal(info.version, 11);
    assert_int_equal(ACTA_OK, append(f, "a", 11, "y"));

    assert_int_equal(ACTA_OK, limit_stream(f, "a", (acta_stream_limits){ .from_version = 100 }));
    assert_int_equal(ACTA_OK, acta_store_stream_info(f->store, S("a"), &info, &f->error));
    assert_int_equal(info.first_version, 13);
    expect_versions(f, "a", 13, 12); /* nothing, but it is there */
    clock_us += INT64_C(1) << 50;
    assert_int_equal(ACTA_OK, limit_stream(f, "a", (acta_stream_limits){ .age_ms_max = UINT64_MAX }));
    assert_int_equal(ACTA_OK, acta_store_stream_info(f->store, S("a"), &info, &f->error));
    assert_int_equal(info.first_version, 1);
}

/* -- subscriptions -- */

typedef struct seen {
    uint64_t events, stubs, changes, last;
} seen;

static seen
consume(fixture *f, const char *name, const char *type)
{
    acta_str wanted = acta_str_of(type);
    const acta_subscription_config config = { .name = name,
        .filter = { .types = type != NULL ? &wanted : NULL, .type_count = type != NULL ? 1 : 0 },
        .manual_checkpoint = true };
    acta_subscription *subscription;
    acta_chunk *chunk;
    bool more = true;
    seen s = { 0 };

    assert_int_equal(ACTA_OK, acta_subscription_open(f->store, &config, &subscription, &f->error));
    while (more || acta_subscription_looked(subscription) < acta_store_head(f->store)) {
        if (acta_subscription_next(subscription, 16, &chunk, &more, &f->error) != ACTA_OK)
            fail_msg("%s", f->error.text);
        for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++) {
            const acta_recorded *event = acta_chunk_at(chunk, i);
            assert_true(event->position > s.last);
            s.last = event->position;
            if (event->kind == ACTA_RECORD_STUB)
                s.stubs++;
            else if (acta_str_equal(event->type, S("$stream")))
                s.changes++;
            else
                s.events++;
            assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, event->position));
        }
        acta_chunk_unref(chunk);
    }
    assert_int_equal(acta_subscription_passed(subscription), acta_store_head(f->store));
    acta_subscription_close(subscription);
    return s;
}

/* ES-35, ES-46: over what was removed subscriptions go on, from memory and from the disk. */
static void
subscriptions_pass_over_what_was_removed(void **state)
{
    fixture *f = FIXTURE(state);

    append_many(f, "a", ACTA_NO_STREAM, 40, NULL);
    append_many(f, "b", ACTA_NO_STREAM, 10, NULL);
    assert_int_equal(ACTA_OK, delete_stream(f, "a", ACTA_ANY_VERSION, ACTA_DELETE_HARD));
    assert_int_equal(ACTA_OK, limit_stream(f, "b", (acta_stream_limits){ .count_max = 5 }));
    seen before = consume(f, "before", NULL);
    assert_int_equal(before.events, 50);
    assert_int_equal(before.changes, 2);
    assert_int_equal(scrub(f, 0), 45);
    append_ok(f, "c", "x");
    for (int restarts = 0; restarts < 2; restarts++) {
        seen all = consume(f, "all", NULL), some = consume(f, "some", "test.Happened");
        assert_int_equal(all.events, 6);
        assert_int_equal(all.stubs, 0); /* there is nothing left to tell of them */
        assert_int_equal(all.changes, 2);
        assert_int_equal(some.events, 6);
        assert_int_equal(some.stubs + some.changes, 0);
        close_store(f);
        open_store_ok(f);
    }
}

/* -- a model -- */

enum { STREAMS = 6, STEPS = 400, EVENTS_MAX = 4096 };

typedef struct model_stream {
    uint64_t first_row, version; /* of model.rows */
    bool deleted;
    uint64_t count_max;
} model_stream;

typedef struct model {
    model_stream streams[STREAMS];
    uint64_t positions;
} model;

static uint64_t
first_visible(const model_stream *s)
{
    return s->count_max != 0 && s->version > s->count_max ? s->version - s->count_max + 1 : 1;
}

static void
expect_model(fixture *f, const model *m)
{
    char name[8];

    assert_int_equal(count_log(f), m->positions);
    for (int i = 0; i < STREAMS; i++) {
        const model_stream *s = &m->streams[i];
        snprintf(name, sizeof name, "s%d", i);
        assert_int_equal(version_of(f, name), s->version);
        if (s->deleted)
            assert_int_equal(ACTA_DELETED, open_cursor(f, name));
        else if (s->version == 0)
            assert_int_equal(ACTA_NOT_FOUND, open_cursor(f, name));
        else
            expect_versions(f, name, first_visible(s), s->version);
    }
}

static void
step_model(fixture *f, model *m, uint64_t *random)
{
    int i = (int)(next_random(random) % STREAMS);
    model_stream *s = &m->streams[i];
    char name[8];
    acta_status expected = s->version == 0 ? ACTA_NOT_FOUND : s->deleted ? ACTA_DELETED : ACTA_OK;
    acta_status status;
    snprintf(name, sizeof name, "s%d", i);

    switch (next_random(random) % 10) {
    case 0:
        status = delete_stream(f, name, ACTA_ANY_VERSION, ACTA_DELETE_SOFT);
        assert_int_equal(status, expected);
        if (status == ACTA_OK) s->deleted = true;
        break;
    case 1:
        status = delete_stream(f, name, s->version, ACTA_DELETE_HARD);
        assert_int_equal(status, s->version == 0 ? ACTA_NOT_FOUND : ACTA_OK);
        if (status == ACTA_OK) *s = (model_stream){ 0 };
        break;
    case 2:
    case 3:
        status = restore_stream(f, name);
        assert_int_equal(status, s->version == 0 ? ACTA_NOT_FOUND : s->deleted ? ACTA_OK : ACTA_CONFLICT);
        s->deleted = false;
        break;
    case 4: {
        uint64_t least = s->count_max, count_max = next_random(random) % 8; /* never more than before: it may be gone */
        if (least != 0 && (count_max == 0 || count_max > least)) count_max = least;
        status = limit_stream(f, name, (acta_stream_limits){ .count_max = count_max });
        assert_int_equal(status, expected);
        if (status == ACTA_OK) s->count_max = count_max;
        break;
    }
    case 5:
        scrub(f, next_random(random) % 20);
        return;
    case 6:
        if (next_random(random) % 4 != 0) return;
        if (next_random(random) % 2 == 0 && f->config.manual && f->memory)
            crash_store(f);
        else
            close_store(f);
        open_store_ok(f);
        return;
    default: {
        uint32_t count = 1 + (uint32_t)(next_random(random) % 4);
        status = append_many(f, name, s->deleted ? ACTA_ANY_VERSION : s->version, count, NULL);
        assert_int_equal(status, s->deleted ? ACTA_DELETED : ACTA_OK);
        if (status != ACTA_OK) return;
        s->version += count;
        m->positions += count;
        return;
    }
    }
    if (status == ACTA_OK) m->positions++;
}

static void
a_random_run_does_what_the_model_does(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t random = test_seed();
    model m = { .positions = 0 };

    for (int i = 0; i < STEPS; i++) {
        step_model(f, &m, &random);
        if (i % 10 == 0) expect_model(f, &m);
    }
    scrub(f, 0);
    expect_model(f, &m);
    uint64_t visible = count_stream(f, "$streams");
    for (int i = 0; i < STREAMS; i++)
        visible += m.streams[i].version == 0 ? 0 : m.streams[i].version - first_visible(&m.streams[i]) + 1;
    assert_int_equal(count_stubs(f), m.positions - visible);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(a_softly_deleted_stream_is_refused_until_it_is_restored),
        on_store(a_stream_that_is_deleted_for_good_can_be_written_afresh),
        on_store(a_transaction_can_replace_a_stream),
        on_store(what_cannot_be_changed_is_refused_whole),
        on_store(limits_hide_what_is_behind_them),
        on_store(subscriptions_pass_over_what_was_removed),
        on_store(a_random_run_does_what_the_model_does),
        on_manual_store(a_random_run_does_what_the_model_does),
    };
    return run_on_engines("delete", tests);
}
