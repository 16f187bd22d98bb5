/*
 * Finding: events by time, type, stream and correlation; streams by name. Each read is compared with a plain loop over
 * everything that was written. Cases ES-22 and ES-24 of the catalogue, and the prefixes of ES-10.
 */
#include "fixture.h"

enum { EVENTS = 240, PER_TICK = 5 };

static const char *const streams[] = { "Account-alice", "Account-bob", "Account", "Accounts-x", "Order-1", "a" };
static const char *const types[] = { "bank.Opened", "bank.Closed", "shop.Ordered" };

typedef struct written {
    const char *stream, *type;
    acta_id correlation_id;
    int64_t recorded_at_us;
    uint64_t version;
} written;

static written log_of_test[EVENTS + 1]; /* by position */
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

static acta_id
id_of_number(uint32_t number)
{
    char text[16];
    snprintf(text, sizeof text, "%u", number);
    return acta_id_of(acta_str_of(text));
}

/* Events of random streams and types; the clock moves on every few of them, and once goes back. */
static void
fill(fixture *f, uint64_t *random)
{
    uint64_t versions[sizeof streams / sizeof streams[0]] = { 0 };
    static acta_environment environment = { .clock = { .monotonic_ns = read_no_clock, .wall_us = read_test_clock } };

    close_store(f);
    f->config.environment = &environment;
    clock_us = 1000;
    open_store_ok(f);
    for (uint32_t i = 1; i <= EVENTS; i++) {
        uint64_t stream = next_random(random) % (sizeof streams / sizeof streams[0]);
        uint64_t type = next_random(random) % (sizeof types / sizeof types[0]);
        acta_event event = event_of(types[type], "x");
        acta_transaction *t = acta_transaction_create(f->store);
        acta_commit_result result;
        if (i % PER_TICK == 0) clock_us += i == EVENTS / 2 ? -300 : 10;
        event.correlation_id = id_of_number((uint32_t)(next_random(random) % 4));
        acta_transaction_append(t, acta_str_of(streams[stream]), ACTA_ANY_VERSION, &event, 1);
        assert_int_equal(ACTA_OK, commit(f, t, &result));
        assert_int_equal(result.last_position, i);
        log_of_test[i] =
            (written){ streams[stream], types[type], event.correlation_id, result.recorded_at_us, ++versions[stream] };
    }
}

static bool
begins_with(const char *text, acta_str prefix)
{
    return strlen(text) >= prefix.size && (prefix.size == 0 || memcmp(text, prefix.data, prefix.size) == 0);
}

/* What the header promises, said in the plainest way. */
static bool
should_pass(const acta_read *read, uint64_t position)
{
    const written *w = &log_of_test[position];
    uint64_t place = read->stream.data != NULL ? w->version : position;
    bool backward = read->direction == ACTA_BACKWARD, wanted = read->type_count == 0;

    if (read->stream.data != NULL && !acta_str_equal(read->stream, acta_str_of(w->stream))) return false;
    if (read->from != 0 && (backward ? place > read->from : place < read->from)) return false;
    if (read->from_us != 0 && (backward ? w->recorded_at_us > read->from_us : w->recorded_at_us < read->from_us))
        return false;
    for (uint32_t i = 0; i < read->type_count; i++)
        wanted = wanted || acta_str_equal(read->types[i], acta_str_of(w->type));
    if (!wanted || !begins_with(w->stream, read->stream_prefix)) return false;
    if (read->category.size > 0 && (!begins_with(w->stream, read->category) || w->stream[read->category.size] != '-'))
        return false;
    return acta_id_is_none(read->correlation_id) || acta_id_equal(read->correlation_id, w->correlation_id);
}

static uint64_t
expect_read(fixture *f, const acta_read *read)
{
    bool backward = read->direction == ACTA_BACKWARD;
    uint64_t left = read->count_max != 0 ? read->count_max : UINT64_MAX, given = 0;
    acta_cursor *cursor;
    acta_recorded event;

    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, read, &cursor, &f->error));
    for (uint32_t i = 1; i <= EVENTS && given < left; i++) {
        uint64_t position = backward ? EVENTS + 1 - i : i;
        if (!should_pass(read, position)) continue;
        acta_status status = acta_cursor_next(cursor, &event, &f->error);
        if (status != ACTA_OK) fail_msg("position %" PRIu64 " should come: %s", position, f->error.text);
        assert_int_equal(event.position, position);
        assert_true(acta_str_equal(event.stream, acta_str_of(log_of_test[position].stream)));
        given++;
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &event, &f->error));
    acta_cursor_close(cursor);
    return given;
}

/* ES-22: before all, between, at the very time, after all, both ways, in a stream and in the log. */
static void
events_are_found_by_time(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t random = test_seed();
    int64_t last_us;

    fill(f, &random);
    last_us = log_of_test[EVENTS].recorded_at_us;
    assert_true(last_us > 1000);
    for (int direction = 0; direction < 2; direction++) {
        for (int64_t us = 995; us <= last_us + 5; us += 1 + (int64_t)(next_random(&random) % 4)) {
            acta_read read = { .direction = direction == 0 ? ACTA_FORWARD : ACTA_BACKWARD, .from_us = us };
            expect_read(f, &read);
            read.from = EVENTS / 2;
            expect_read(f, &read);
            read.from = 0;
            read.stream = acta_str_of(log_of_test[EVENTS / 3].stream);
            expect_read(f, &read);
        }
    }
    acta_read ever = { .from_us = INT64_MIN }, never = { .from_us = INT64_MAX };
    assert_int_equal(expect_read(f, &ever), EVENTS);
    assert_int_equal(expect_read(f, &never), 0);
    ever.direction = never.direction = ACTA_BACKWARD;
    assert_int_equal(expect_read(f, &ever), 0);
    assert_int_equal(expect_read(f, &never), EVENTS);
}

/* Each filter alone and all together, with every way to begin and to end. */
static void
events_are_found_by_what_they_are(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const prefixes[] = { NULL, "A", "Account", "Account-", "a", "nothing" };
    static const char *const categories[] = { NULL, NULL, "Account", "Order", "a", "Acc" };
    uint64_t random = test_seed(), given = 0;

    fill(f, &random);
    for (int round = 0; round < 400; round++) {
        acta_str wanted[2] = { acta_str_of(types[next_random(&random) % 3]), acta_str_of("shop.Ordered") };
        acta_read read = { .direction = next_random(&random) % 2 ? ACTA_BACKWARD : ACTA_FORWARD,
            .from = next_random(&random) % 3 ? 0 : next_random(&random) % (EVENTS + 10),
            .count_max = next_random(&random) % 3 ? 0 : next_random(&random) % 20,
            .types = wanted,
            .type_count = (uint32_t)(next_random(&random) % 3),
            .stream_prefix = acta_str_of(prefixes[next_random(&random) % 6]),
            .category = acta_str_of(categories[next_random(&random) % 6]) };
        if (next_random(&random) % 3 == 0) read.correlation_id = id_of_number((uint32_t)(next_random(&random) % 5));
        if (next_random(&random) % 4 == 0) {
            read.stream = acta_str_of(log_of_test[1 + next_random(&random) % EVENTS].stream);
        }
        given += expect_read(f, &read);
    }
    assert_true(given > 400);
    acta_read many = { .types = (const acta_str[]){ S("x") }, .type_count = 4097 };
    acta_cursor *cursor;
    assert_int_equal(ACTA_INVALID, acta_cursor_open(f->store, &many, &cursor, &f->error));
    assert_string_equal(f->error.text, "cannot read 4097 types at once; 4096 is the most");
}

/* -- streams -- */

static void
expect_streams(fixture *f, const char *prefix, const char *after, const char *const *names, size_t count)
{
    acta_stream_cursor *cursor;
    acta_str name;
    uint64_t version;

    assert_int_equal(
        ACTA_OK, acta_stream_cursor_open(f->store, acta_str_of(prefix), acta_str_of(after), &cursor, &f->error));
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ACTA_OK, acta_stream_cursor_next(cursor, &name, &version, &f->error));
        assert_true(acta_str_equal(name, acta_str_of(names[i])));
        assert_int_equal(version, version_of(f, names[i]));
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_stream_cursor_next(cursor, &name, &version, &f->error));
    acta_stream_cursor_close(cursor);
}

/* ES-24, ES-10: in the order of their names, by prefix, page by page; one name as the beginning of another. */
static void
streams_are_listed_by_name(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const names[] = { "acc", "acc-1", "acc-10", "acc-2", "acd", "z\xc3\xbf", "\xf4\x8f\xbf\xbf" };
    enum { COUNT = sizeof names / sizeof names[0] };

    expect_streams(f, NULL, NULL, NULL, 0);
    for (size_t i = COUNT; i > 0; i--)
        append_ok(f, names[i - 1], "x");
    append_ok(f, "acc-2", "y");
    expect_streams(f, NULL, NULL, names, COUNT);
    expect_streams(f, "", "", names, COUNT);
    expect_streams(f, "acc", NULL, names, 4);
    expect_streams(f, "acc-", NULL, names + 1, 3);
    expect_streams(f, "acc-1", NULL, names + 1, 2);
    expect_streams(f, "acc-1", "acc-1", names + 2, 1);
    expect_streams(f, "acc-", "acc-15", names + 3, 1);
    expect_streams(f, "acc-", "a", names + 1, 3);
    expect_streams(f, "acc-", "b", NULL, 0);
    expect_streams(f, "\xf4", NULL, names + 6, 1);
    expect_streams(f, "none", NULL, NULL, 0);
    for (size_t i = 0; i < COUNT; i++)
        expect_streams(f, NULL, names[i], names + i + 1, COUNT - i - 1);

    char far[ACTA_STREAM_NAME_MAX + 2];
    memset(far, 'n', sizeof far - 1);
    far[sizeof far - 1] = '\0';
    acta_stream_cursor *cursor;
    assert_int_equal(
        ACTA_INVALID, acta_stream_cursor_open(f->store, acta_str_of(far), acta_str_of(NULL), &cursor, &f->error));
    assert_string_equal(f->error.text, "a stream's name has at most 512 bytes, not 513");
}

/* What was written later than the list was opened isn't in it. */
static void
a_list_is_of_its_moment(void **state)
{
    fixture *f = FIXTURE(state);
    acta_stream_cursor *cursor;
    acta_str name;
    uint64_t version;

    append_ok(f, "a", "x");
    assert_int_equal(
        ACTA_OK, acta_stream_cursor_open(f->store, acta_str_of(NULL), acta_str_of(NULL), &cursor, &f->error));
    append_ok(f, "a", "y");
    append_ok(f, "b", "y");
    assert_int_equal(ACTA_OK, acta_stream_cursor_next(cursor, &name, &version, &f->error));
    assert_int_equal(version, 1);
    assert_int_equal(ACTA_NOT_FOUND, acta_stream_cursor_next(cursor, &name, &version, &f->error));
    acta_stream_cursor_close(cursor);
}

/* Those that are softly deleted, and the store's own, are given to whom asks for all; who is deleted for good is none. */
static void
all_streams_are_listed(void **state)
{
    static const char *const names[] = { "$streams", "a", "b" };
    fixture *f = FIXTURE(state);
    acta_stream_cursor *cursor;
    acta_stream_info info;
    acta_str name;

    append_ok(f, "a", "x");
    append_ok(f, "b", "x");
    append_ok(f, "c", "x");
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_delete_stream(t, S("b"), ACTA_ANY_VERSION, ACTA_DELETE_SOFT);
    acta_transaction_delete_stream(t, S("c"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    assert_int_equal(ACTA_OK, acta_store_commit(f->store, t, NULL, &f->error));
    expect_streams(f, NULL, NULL, names + 1, 1);

    assert_int_equal(
        ACTA_OK, acta_stream_cursor_open(f->store, acta_str_of(NULL), acta_str_of(NULL), &cursor, &f->error));
    acta_stream_cursor_show_all(cursor);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(ACTA_OK, acta_stream_cursor_next(cursor, &name, NULL, &f->error));
        assert_true(acta_str_equal(name, acta_str_of(names[i])));
        assert_int_equal(ACTA_OK, acta_store_stream_info(f->store, name, &info, &f->error));
        assert_int_equal(info.deleted, i == 2);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_stream_cursor_next(cursor, &name, NULL, &f->error));
    acta_stream_cursor_close(cursor);
}

static void
a_stream_is_known_by_its_ends(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t random = test_seed();
    acta_stream_info info;

    fill(f, &random);
    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++) {
        uint64_t first = 0, last = 0;
        for (uint64_t position = 1; position <= EVENTS; position++) {
            if (strcmp(log_of_test[position].stream, streams[i]) != 0) continue;
            if (first == 0) first = position;
            last = position;
        }
        assert_int_equal(ACTA_OK, acta_store_stream_info(f->store, acta_str_of(streams[i]), &info, &f->error));
        assert_int_equal(info.version, log_of_test[last].version);
        assert_int_equal(info.first_position, first);
        assert_int_equal(info.last_position, last);
        assert_int_equal(info.created_at_us, log_of_test[first].recorded_at_us);
        assert_int_equal(info.changed_at_us, log_of_test[last].recorded_at_us);
        assert_true(info.id != 0);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_store_stream_info(f->store, S("Acc"), &info, &f->error));
    assert_string_equal(f->error.text, "there is no stream 'Acc'");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(events_are_found_by_time),
        on_store(events_are_found_by_what_they_are),
        on_store(streams_are_listed_by_name),
        on_store(a_list_is_of_its_moment),
        on_store(all_streams_are_listed),
        on_store(a_stream_is_known_by_its_ends),
    };
    return run_on_engines("find", tests);
}
