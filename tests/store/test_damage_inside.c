/*
 * Damage that RocksDB's own checksums can't see: what lies in its families was changed, or some of it isn't there. The index and
 * all names are made again from the log; a changed record is never read; a lost batch is missed by its number.
 *
 *     store, closed -> RocksDB opened by hand -> one change -> open
 */
#include <unistd.h>

#include <rocksdb/c.h>

#include "damage.h"

/* -- RocksDB by hand -- */

enum { FAMILIES = 6 };
static const char *const family_names[FAMILIES] = { "default", "log", "index", "streams", "types", "tables" };

typedef struct raw_store {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_writeoptions_t *write_options;
    rocksdb_readoptions_t *read_options;
    rocksdb_column_family_handle_t *families[FAMILIES];
} raw_store;

static void
raw_open(raw_store *raw, const char *path)
{
    const rocksdb_options_t *options[FAMILIES];
    char *said = NULL;

    raw->options = rocksdb_options_create();
    raw->write_options = rocksdb_writeoptions_create();
    raw->read_options = rocksdb_readoptions_create();
    for (int i = 0; i < FAMILIES; i++)
        options[i] = raw->options;
    raw->db = rocksdb_open_column_families(raw->options, path, FAMILIES, family_names, options, raw->families, &said);
    if (said != NULL) fail_msg("%s", said);
}

static void
raw_close(raw_store *raw)
{
    for (int i = 0; i < FAMILIES; i++)
        rocksdb_column_family_handle_destroy(raw->families[i]);
    rocksdb_close(raw->db);
    rocksdb_options_destroy(raw->options);
    rocksdb_writeoptions_destroy(raw->write_options);
    rocksdb_readoptions_destroy(raw->read_options);
}

enum { LOG = 1, INDEX = 2, STREAM_NAMES = 3, TYPE_NAMES = 4 };

static void
raw_put(raw_store *raw, int family, const void *key, size_t key_size, const void *value, size_t size)
{
    char *said = NULL;
    rocksdb_put_cf(raw->db, raw->write_options, raw->families[family], key, key_size, value, size, &said);
    assert_null(said);
}

static void
raw_delete(raw_store *raw, int family, const void *key, size_t key_size)
{
    char *said = NULL;
    rocksdb_delete_cf(raw->db, raw->write_options, raw->families[family], key, key_size, &said);
    assert_null(said);
}

static void
big(uint8_t *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
}

static void
set_index_end(raw_store *raw, uint64_t position)
{
    uint8_t key[16], value[8];

    memset(key, 0xff, sizeof key);
    big(value, position);
    raw_put(raw, INDEX, key, 16, value, 8);
}

static void
fill_and_close(fixture *f)
{
    open_store_ok(f);
    for (uint64_t position = 1; position <= EVENTS; position++)
        write_event(f, position);
    close_store(f);
}

static uint32_t warnings;

static void
count_warnings(void *user, acta_log_level level, acta_str line)
{
    (void)user;
    (void)line;
    warnings += level == ACTA_LOG_WARNING;
}

/* An index that ends before the log, names included: it is made again from the log alone. */
static void
an_index_that_is_behind_is_made_again(void **state)
{
    fixture *f = FIXTURE(state);
    static acta_environment environment = { .log = { .write = count_warnings } };
    raw_store raw;
    uint8_t key[16], value[8];

    f->config.environment = &environment;
    for (uint64_t end = 0; end < EVENTS; end += 13) {
        fill_and_close(f);
        raw_open(&raw, f->path);
        for (uint64_t position = 1; position <= EVENTS; position++) {
            big(key, (position - 1) % STREAMS + 1);
            big(key + 8, (position - 1) / STREAMS + 1);
            big(value, position);
            raw_delete(&raw, INDEX, key, 16);
            if (position <= end) raw_put(&raw, INDEX, key, 16, value, 8);
        }
        set_index_end(&raw, end);
        if (end == 0) {
            raw_delete(&raw, STREAM_NAMES, "nstream-2", 9);
            raw_delete(&raw, STREAM_NAMES, "i\0\0\0\0\0\0\0\3", 9);
            raw_delete(&raw, TYPE_NAMES, "ntest.Happened", 14);
            raw_delete(&raw, TYPE_NAMES, "i\0\0\0\0\0\0\0\1", 9);
        }
        raw_close(&raw);
        warnings = 0;
        open_store_ok(f);
        assert_int_equal(warnings, 1);
        expect_prefix(f, EVENTS);
        write_event(f, EVENTS + 1);
        close_store(f);
        open_store_ok(f);
        assert_int_equal(warnings, 1);
        assert_int_equal(count_log(f), EVENTS + 1);
        close_store(f);
        remove_tree(f->path);
    }
}

static void
change(fixture *f, void (*ask)(acta_transaction *t))
{
    acta_transaction *t = acta_transaction_create(f->store);
    ask(t);
    if (commit(f, t, NULL) != ACTA_OK) fail_msg("%s", f->error.text);
}

static void
ask_for_changes(acta_transaction *t)
{
    acta_transaction_delete_stream(t, S("gone"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    acta_transaction_delete_stream(t, S("afresh"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    acta_transaction_delete_stream(t, S("soft"), ACTA_ANY_VERSION, ACTA_DELETE_SOFT);
    acta_transaction_delete_stream(t, S("restored"), ACTA_ANY_VERSION, ACTA_DELETE_SOFT);
    acta_transaction_limit_stream(t, S("limited"), &(acta_stream_limits){ .count_max = 2 });
    acta_transaction_limit_stream(t, S("unlimited"), &(acta_stream_limits){ .count_max = 2 });
}

static void
ask_for_their_end(acta_transaction *t)
{
    acta_transaction_restore_stream(t, S("restored"));
    acta_transaction_limit_stream(t, S("unlimited"), &(acta_stream_limits){ 0 });
}

static void
expect_changes(fixture *f)
{
    acta_read soft = { .stream = S("soft") }, limited = { .stream = S("limited") };
    acta_cursor *cursor;
    acta_recorded event;

    assert_int_equal(version_of(f, "gone"), 0);
    assert_int_equal(count_stream(f, "afresh"), 1);
    assert_int_equal(count_stream(f, "restored"), 3);
    assert_int_equal(count_stream(f, "unlimited"), 3);
    assert_int_equal(ACTA_DELETED, acta_cursor_open(f->store, &soft, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &limited, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &f->error));
    assert_int_equal(event.version, 2);
    acta_cursor_close(cursor);
}

/* The log alone is enough to know which streams were deleted, restored and limited, and whose a name is. */
static void
changes_of_streams_are_made_again(void **state)
{
    static const char *const names[] = { "gone", "afresh", "soft", "restored", "limited", "unlimited" };
    fixture *f = FIXTURE(state);
    raw_store raw;
    char key[16];

    open_store_ok(f);
    for (int i = 0; i < 6; i++)
        append_many(f, names[i], ACTA_NO_STREAM, 3, NULL);
    change(f, ask_for_changes);
    change(f, ask_for_their_end);
    append_ok(f, "afresh", "x");
    expect_changes(f);
    uint64_t count = count_log(f);
    close_store(f);

    raw_open(&raw, f->path);
    set_index_end(&raw, 0);
    for (int i = 0; i < 6; i++) {
        snprintf(key, sizeof key, "n%s", names[i]);
        raw_delete(&raw, STREAM_NAMES, key, strlen(key));
        for (const char *what = "iml"; *what != '\0'; what++) {
            memset(key, 0, 9);
            key[0] = *what;
            key[8] = (char)(i + 1);
            raw_delete(&raw, STREAM_NAMES, key, 9);
        }
    }
    raw_put(&raw, STREAM_NAMES, "ngone", 5, "\0\0\0\0\0\0\0\1", 8);
    raw_close(&raw);

    for (int restarts = 0; restarts < 2; restarts++) {
        open_store_ok(f);
        expect_changes(f);
        assert_int_equal(count_log(f), count);
        close_store(f);
    }
}

/* An index that goes on behind the log: what is too much is cut. */
static void
an_index_that_is_ahead_is_cut(void **state)
{
    fixture *f = FIXTURE(state);
    static acta_environment environment = { .log = { .write = count_warnings } };
    raw_store raw;
    uint8_t key[16], value[8];

    f->config.environment = &environment;
    fill_and_close(f);
    raw_open(&raw, f->path);
    for (uint64_t position = EVENTS + 1; position <= EVENTS + 10; position++) {
        big(key, (position - 1) % STREAMS + 1);
        big(key + 8, (position - 1) / STREAMS + 1);
        big(value, position);
        raw_put(&raw, INDEX, key, 16, value, 8);
    }
    set_index_end(&raw, EVENTS + 10);
    raw_close(&raw);
    warnings = 0;
    open_store_ok(f);
    assert_int_equal(warnings, 1);
    expect_prefix(f, EVENTS);
    write_event(f, EVENTS + 1);
    assert_int_equal(count_log(f), EVENTS + 1);
    close_store(f);
}

/* A record that was changed where RocksDB's sums fit: refused behind the verified point, an error when read before it. */
static void
a_changed_record_is_never_read(void **state)
{
    fixture *f = FIXTURE(state);
    static const size_t places[] = { 0, 4, 8, 10, 16, 24, 32, 60, 64, 70, 76, 78, 82, 83, 86, 90 };
    uint64_t position = EVENTS / 2;
    uint8_t key[8];
    big(key, position);

    fill_and_close(f);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        raw_store raw;
        size_t size;
        char *said = NULL;
        raw_open(&raw, f->path);
        char *record = rocksdb_get_cf(raw.db, raw.read_options, raw.families[LOG], (char *)key, 8, &size, &said);
        assert_non_null(record);
        assert_true(places[i] < size);
        record[places[i]] ^= 0x10;
        raw_put(&raw, LOG, key, 8, record, size);
        raw_close(&raw);

        open_store_ok(f); /* it lies before the verified point */
        for (int of_stream = 0; of_stream < 2; of_stream++) {
            acta_read read = { .from = of_stream ? (position - 1) / STREAMS + 1 : position };
            char stream[16];
            acta_cursor *cursor;
            acta_recorded event;
            snprintf(stream, sizeof stream, "stream-%u", (unsigned)((position - 1) % STREAMS));
            if (of_stream) read.stream = acta_str_of(stream);
            assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
            acta_status status = acta_cursor_next(cursor, &event, &f->error);
            if (places[i] != 8)
                assert_int_equal(ACTA_CORRUPT, status);
            else
                assert_int_equal(ACTA_UNSUPPORTED, status); /* the format's own byte */
            assert_non_null(strstr(f->error.text, "position 20"));
            acta_cursor_close(cursor);
        }
        acta_subscription_config config = { .name = "sub", .manual_checkpoint = true };
        acta_subscription *subscription;
        acta_chunk *chunk;
        bool more;
        assert_int_equal(ACTA_OK, acta_subscription_open(f->store, &config, &subscription, &f->error));
        assert_int_equal(ACTA_OK, acta_subscription_next(subscription, 100, &chunk, &more, &f->error));
        assert_int_equal(acta_chunk_count(chunk), 19); /* what lies before it */
        acta_chunk_unref(chunk);
        for (int round = 0; round < 2; round++) {
            assert_true(acta_subscription_next(subscription, 100, &chunk, &more, &f->error) != ACTA_OK);
            assert_int_equal(acta_subscription_looked(subscription), 19);
        }
        acta_subscription_close(subscription);
        close_store(f);

        raw_open(&raw, f->path);
        record[places[i]] ^= 0x10;
        raw_put(&raw, LOG, key, 8, record, size);
        rocksdb_free(record);
        raw_close(&raw);
    }
    open_store_ok(f);
    expect_prefix(f, EVENTS);
}

/* Batches without events are counted too: losing the newest of them is found by the mark, one in the middle by its number. */
static void
a_lost_batch_without_events_is_found(void **state)
{
    fixture *f = FIXTURE(state);

    for (int middle = 0; middle < 2; middle++) {
        raw_store raw;
        char copy[300];
        f->config.manual = true;
        open_store_ok(f);
        write_event(f, 1);
        for (int i = 0; i < 3; i++)
            put_row(f, "rows", "k", "v");
        step_all(f);
        snprintf(copy, sizeof copy, "%s.copy", f->path);
        copy_tree(f->path, copy); /* not closed: nothing is verified yet */
        close_store(f);
        remove_tree(f->path);
        assert_int_equal(0, rename(copy, f->path));

        /* Batches: 1 made, 2 the event, 3 to 5 the rows. */
        const uint8_t key[9] = { 'b', 0, 0, 0, 0, 0, 0, 0, middle ? 4 : 5 };
        raw_open(&raw, f->path);
        raw_delete(&raw, 0, key, 9);
        raw_close(&raw);
        assert_int_equal(ACTA_CORRUPT, open_store(f));
        if (middle)
            assert_non_null(strstr(f->error.text, "batch 4 is missing"));
        else
            assert_non_null(strstr(f->error.text, "the first missing batch is 5"));
        remove_tree(f->path);
    }
}

static void
append_bytes(fixture *f, size_t size)
{
    static uint8_t bytes[1 << 20];
    acta_event event = { .type = S("test.Large"), .payload = acta_bytes_from(bytes, size) };
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}

/* 0: no log, or none that tells. */
static uint64_t
raw_verified(raw_store *raw)
{
    char *said = NULL;
    size_t size;
    char *verified = rocksdb_get_cf(raw->db, raw->read_options, raw->families[0], "verified", 8, &size, &said);
    uint64_t position = 0;

    if (verified != NULL) memcpy(&position, verified, 8);
    if (verified != NULL) rocksdb_free(verified);
    return position;
}

/* The verified point follows a store that is never closed, well behind its end; the batches before it are forgotten. */
static void
the_verified_point_follows_a_store_that_stays_open(void **state)
{
    fixture *f = FIXTURE(state);
    static uint8_t bytes[1 << 20];
    acta_event event = { .type = S("test.Large"), .payload = acta_bytes_from(bytes, sizeof bytes) };
    enum { LARGE = 60 };

    f->config.memory_bytes = 1 << 20; /* write buffers of 1 MiB: the log alone holds at most 16 */
    f->config.manual = true;
    open_store_ok(f);
    for (int i = 0; i < LARGE; i++) {
        acta_transaction *t = acta_transaction_create(f->store);
        memset(bytes, i, sizeof bytes);
        acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
    }
    step_all(f);
    acta_store_abandon(f->store); /* its process ends */
    f->store = NULL;

    raw_store raw;
    raw_open(&raw, f->path);
    char *said = NULL;
    size_t size;
    char *verified = rocksdb_get_cf(raw.db, raw.read_options, raw.families[0], "verified", 8, &size, &said);
    assert_non_null(verified);
    assert_int_equal(size, 20);
    uint64_t position, batch, first = 0;
    memcpy(&position, verified, 8);
    memcpy(&batch, verified + 8, 8);
    rocksdb_free(verified);
    assert_in_range(position, 10, LARGE - 2); /* a buffer's worth behind the end, at least */
    assert_int_equal(batch, position + 1);    /* the first batch made the store */
    rocksdb_iterator_t *iterator = rocksdb_create_iterator_cf(raw.db, raw.read_options, raw.families[0]);
    rocksdb_iter_seek(iterator, "b", 1);
    const uint8_t *key = (const uint8_t *)rocksdb_iter_key(iterator, &size);
    for (int i = 1; i < 9; i++)
        first = first << 8 | key[i];
    assert_int_equal(first, batch);
    rocksdb_iter_destroy(iterator);
    raw_close(&raw);

    open_store_ok(f);
    assert_int_equal(count_log(f), LARGE);
}

/* Wherever a store is that has been written to for a while: up to the verified point all is in sorted files, so that no damage of
 * RocksDB's log, not even its loss, takes away anything that isn't checked. */
static void
what_is_verified_needs_no_log(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t seed = test_seed(), moved = 0;

    f->config.memory_bytes = 1 << 20;
    f->config.manual = true;
    for (int round = 0; round < 5; round++) {
        raw_store raw;
        char copy[300], name[256], path[600];
        size_t size;
        uint64_t verified, last = 0;
        open_store_ok(f);
        for (int i = 0; i < 30; i++)
            append_bytes(f, 1 + next_random(&seed) % (1 << 20));
        acta_store_abandon(f->store); /* the process ends here */
        f->store = NULL;
        snprintf(copy, sizeof copy, "%s.copy", f->path);
        copy_tree(f->path, copy); /* how far was it verified? */
        raw_open(&raw, copy);
        verified = raw_verified(&raw);
        raw_close(&raw);
        remove_tree(copy);
        copy_tree(f->path, copy); /* and all logs are lost */
        while (find_file(copy, ".log", name, sizeof name)) {
            snprintf(path, sizeof path, "%s/%s", copy, name);
            assert_int_equal(0, unlink(path));
        }
        raw_open(&raw, copy);
        rocksdb_iterator_t *iterator = rocksdb_create_iterator_cf(raw.db, raw.read_options, raw.families[LOG]);
        rocksdb_iter_seek_to_last(iterator);
        const uint8_t *key = rocksdb_iter_valid(iterator) ? (const uint8_t *)rocksdb_iter_key(iterator, &size) : NULL;
        for (int i = 0; key != NULL && i < 8; i++)
            last = last << 8 | key[i];
        rocksdb_iter_destroy(iterator);
        raw_close(&raw);
        remove_tree(copy);
        assert_true(last >= verified); /* each event has a page of its own */
        moved += verified > 0;
    }
    assert_true(moved > 0);
}

/* Crash in the middle of much work: the store opens, and everything agrees. */
static void
a_crash_is_recovered_from_with_everything_in_line(void **state)
{
    fixture *f = FIXTURE(state);

    f->config.manual = true;
    f->config.memory_bytes = 4 << 20; /* so that some of it has left the write-ahead log */
    open_store_ok(f);
    for (uint64_t position = 1; position <= EVENTS; position++) {
        write_event(f, position);
        if (position % 13 != 0) continue;
        crash_store(f);
        open_store_ok(f);
        expect_prefix(f, position);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_no_store(an_index_that_is_behind_is_made_again),
        on_no_store(changes_of_streams_are_made_again),
        on_no_store(an_index_that_is_ahead_is_cut),
        on_no_store(a_changed_record_is_never_read),
        on_no_store(a_lost_batch_without_events_is_found),
        on_no_store(the_verified_point_follows_a_store_that_stays_open),
        on_no_store(what_is_verified_needs_no_log),
        on_no_store(a_crash_is_recovered_from_with_everything_in_line),
    };
    return run_on_rocksdb("damage inside", tests);
}
