/*
 * The index by stream, while entries go from memory to the engine a few at a time: whatever is read, and when, each event of
 * a stream is found where it was put. So it is after a clean close and after a crash, for a cursor that was open all the
 * while, for a second reader and for a backup. Memory is scarce here, so that entries are always on their way.
 */
#include "acta/operations.h"

#include "fixture.h"

enum { STREAMS = 24, ROUNDS = 400, ROUNDS_ON_FILES = 120, BATCH_MAX = 40, EVENTS_MAX = ROUNDS * BATCH_MAX };

typedef struct model {
    fixture *f;
    uint64_t random, head;
    uint32_t counts[STREAMS];
    uint64_t positions[STREAMS][EVENTS_MAX]; /* of version i + 1 */
} model;

static model *
make_model(fixture *f)
{
    model *m = calloc(1, sizeof *m);

    assert_non_null(m);
    m->f = f;
    m->random = test_seed();
    return m;
}

static acta_str
name_of(char *room, uint32_t stream)
{
    snprintf(room, 16, "stream-%u", stream);
    return acta_str_of(room);
}

/* One event in two goes to the first stream, which gets long entries of many runs; the others' are short. */
static void
append_some(model *m)
{
    uint64_t many = next_random(&m->random) % 4, count = many == 0 ? next_random(&m->random) % BATCH_MAX + 1 : 1;
    acta_transaction *t = acta_transaction_create(m->f->store);
    acta_event event = event_of("test.Happened", "payload");
    char room[16];

    while (count-- > 0) {
        uint64_t number = next_random(&m->random);
        uint32_t stream = number % 2 == 0 ? 0 : (uint32_t)(number / 2 % STREAMS);
        acta_transaction_append(t, name_of(room, stream), ACTA_ANY_VERSION, &event, 1);
        m->positions[stream][m->counts[stream]++] = ++m->head;
    }
    if (commit(m->f, t, NULL) != ACTA_OK) fail_msg("%s", m->f->error.text);
}

/* The cursor gives exactly these versions, in its direction. */
static void
expect_versions(const model *m, acta_cursor *cursor, uint32_t stream, uint64_t first, uint64_t last, bool backward)
{
    acta_recorded event;
    acta_error error;
    acta_status status;
    uint64_t count = last + 1 - first;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t version = backward ? last - i : first + i;
        status = acta_cursor_next(cursor, &event, &error);
        if (status != ACTA_OK) fail_msg("%s", error.text);
        assert_int_equal(event.version, version);
        assert_int_equal(event.position, m->positions[stream][version - 1]);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &event, &error));
}

static void
read_some(model *m, acta_store *store)
{
    uint32_t stream = (uint32_t)(next_random(&m->random) % STREAMS), count = m->counts[stream];
    bool backward = next_random(&m->random) % 2 == 0;
    acta_read read = { .direction = backward ? ACTA_BACKWARD : ACTA_FORWARD };
    acta_cursor *cursor;
    acta_error error;
    uint64_t version;
    char room[16];

    read.stream = name_of(room, stream);
    assert_int_equal(ACTA_OK, acta_store_version(store, read.stream, &version, &error));
    assert_int_equal(version, count);
    if (count == 0) return;
    uint64_t from = next_random(&m->random) % count + 1;
    if (next_random(&m->random) % 4 != 0) read.from = from;
    if (read.from == 0) from = backward ? count : 1;
    uint64_t last = backward ? from : count, first = backward ? 1 : from;
    read.count_max = next_random(&m->random) % 3 == 0 ? next_random(&m->random) % 70 + 1 : 0;
    if (read.count_max != 0 && last + 1 - first > read.count_max) {
        if (backward)
            first = last + 1 - read.count_max;
        else
            last = first + read.count_max - 1;
    }
    if (acta_cursor_open(store, &read, &cursor, &error) != ACTA_OK) fail_msg("%s", error.text);
    expect_versions(m, cursor, stream, first, last, backward);
    acta_cursor_close(cursor);
}

static void
read_all(model *m, acta_store *store)
{
    char room[16];

    assert_int_equal(acta_store_head(store), m->head);
    for (uint32_t stream = 0; stream < STREAMS; stream++) {
        for (int backward = 0; backward < 2 && m->counts[stream] > 0; backward++) {
            acta_read read = { .stream = name_of(room, stream), .direction = backward ? ACTA_BACKWARD : ACTA_FORWARD };
            acta_cursor *cursor;
            acta_error error;
            if (acta_cursor_open(store, &read, &cursor, &error) != ACTA_OK) fail_msg("%s", error.text);
            expect_versions(m, cursor, stream, 1, m->counts[stream], backward);
            acta_cursor_close(cursor);
        }
    }
}

static void
tell_damage(void *user, uint64_t position, const char *text)
{
    (void)user;
    fail_msg("position %" PRIu64 ": %s", position, text);
}

static void
expect_sound(acta_store *store)
{
    acta_verify_report report;
    acta_error error;

    if (acta_store_verify(store, tell_damage, NULL, &report, &error) != ACTA_OK) fail_msg("%s", error.text);
    assert_int_equal(report.damage_count, 0);
}

/* Appends, reads in between, and now and then a crash or a clean close. */
static void
events_are_found_wherever_their_entries_lie(void **state)
{
    fixture *f = FIXTURE(state);
    model *m = make_model(f);

    f->config.memory_bytes = 1 << 20;
    f->config.manual = f->memory; /* so that it can crash */
    open_store_ok(f);
    for (uint32_t round = 0; round < (f->memory ? ROUNDS : ROUNDS_ON_FILES); round++) {
        append_some(m);
        for (int i = 0; i < 3; i++)
            read_some(m, f->store);
        uint64_t end = next_random(&m->random) % 40;
        if (end > 2) continue;
        if (end == 0)
            close_store(f);
        else
            crash_store(f);
        open_store_ok(f);
        read_all(m, f->store);
    }
    read_all(m, f->store);
    expect_sound(f->store);
    close_store(f);
    open_store_ok(f);
    read_all(m, f->store);
    expect_sound(f->store);
    free(m);
}

/* A cursor shows what there was when it was opened, though the entries of it, half read, move meanwhile. */
static void
an_open_cursor_goes_on_while_entries_move(void **state)
{
    fixture *f = FIXTURE(state);
    model *m = make_model(f);

    f->config.memory_bytes = 1 << 20;
    open_store_ok(f);
    for (uint32_t i = 0; i < 120; i++)
        append_some(m);
    for (int backward = 0; backward < 2; backward++) {
        acta_read read = { .stream = S("stream-0"), .direction = backward ? ACTA_BACKWARD : ACTA_FORWARD };
        uint64_t count = m->counts[0];
        acta_cursor *cursor;
        acta_recorded event;
        assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
        for (uint64_t i = 0; i < count; i++) {
            uint64_t version = backward ? count - i : i + 1;
            if (acta_cursor_next(cursor, &event, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
            assert_int_equal(event.version, version);
            assert_int_equal(event.position, m->positions[0][version - 1]);
            if (i % 7 == 0) append_some(m);
        }
        assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &event, &f->error));
        acta_cursor_close(cursor);
    }
    read_all(m, f->store);
    free(m);
}

/* Who reads beside the writer makes for itself what the writer has in memory. A backup of that moment is a store as well. */
static void
a_second_reader_and_a_backup_find_all(void **state)
{
    fixture *f = FIXTURE(state);
    model *m = make_model(f);
    acta_store_config config = { .path = f->path, .read_only = true };
    acta_store *reader;
    char path[sizeof f->path + 16];

    f->config.memory_bytes = 1 << 20;
    open_store_ok(f);
    append_some(m);
    if (open_beside(&config, &reader, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    for (uint32_t i = 0; i < 6; i++) {
        for (uint32_t k = 0; k < 30; k++)
            append_some(m);
        if (refresh(reader, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
        read_all(m, reader);
        expect_sound(reader);
    }
    acta_store_close(reader);

    snprintf(path, sizeof path, "%s-copy", f->path);
    if (acta_store_backup(f->store, path, NULL, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    config.path = path;
    for (int i = 0; i < 2; i++) { /* to read, and to write */
        config.read_only = i == 0;
        if (acta_store_open(&config, &reader, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
        read_all(m, reader);
        expect_sound(reader);
        acta_store_close(reader);
    }
    free(m);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_no_store(events_are_found_wherever_their_entries_lie),
        on_no_store(an_open_cursor_goes_on_while_entries_move),
    };
    const struct CMUnitTest files[] = { on_no_store(a_second_reader_and_a_backup_find_all) };

    int failures = run_on_engines("index", tests);
    return failures + run_on_rocksdb("index", files);
}
