/*
 * Copies of events that are kept by stream, and aren't what the log has: verify tells each, and so does who reads it.
 */
#include <rocksdb/c.h>

#include "kept_fixture.h"

/* The entry of the first stream that begins with version 1, as it lies in a closed store: to be freed. With `instead`, that is
 * put in its place. */
static uint8_t *
swap_entry(fixture *f, size_t *size_out, const uint8_t *instead, size_t size)
{
    static const char *const names[] = { "default", "log", "index", "streams", "types", "tables" };
    static const uint8_t key[16] = { [7] = 1, [15] = 1 };
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_readoptions_t *read = rocksdb_readoptions_create();
    rocksdb_writeoptions_t *write = rocksdb_writeoptions_create();
    const rocksdb_options_t *all[6] = { options, options, options, options, options, options };
    rocksdb_column_family_handle_t *families[6];
    char *said = NULL;

    rocksdb_t *db = rocksdb_open_column_families(options, f->path, 6, names, all, families, &said);
    assert_null(said);
    char *value = rocksdb_get_cf(db, read, families[2], (const char *)key, sizeof key, size_out, &said);
    assert_null(said);
    assert_non_null(value);
    uint8_t *copy = malloc(*size_out);
    memcpy(copy, value, *size_out);
    rocksdb_free(value);
    if (instead != NULL)
        rocksdb_put_cf(db, write, families[2], (const char *)key, sizeof key, (const char *)instead, size, &said);
    assert_null(said);
    for (int i = 0; i < 6; i++)
        rocksdb_column_family_handle_destroy(families[i]);
    rocksdb_close(db);
    rocksdb_options_destroy(options);
    rocksdb_readoptions_destroy(read);
    rocksdb_writeoptions_destroy(write);
    return copy;
}

static acta_status
read_stream(fixture *f, const char *stream)
{
    const acta_read read = { .stream = acta_str_of(stream) };
    acta_cursor *cursor;
    acta_recorded event;
    acta_status status = acta_cursor_open(f->store, &read, &cursor, &f->error);

    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, &f->error)) == ACTA_OK)
        continue;
    acta_cursor_close(cursor);
    return status;
}

/* Any flipped byte of an entry with copies is told, by verify and by who reads; what isn't damaged is read. */
static void
a_damaged_copy_is_told(void **state)
{
    fixture *f = FIXTURE(state);
    size_t size, ignored;

    open_kept(f, kept);
    append_turns(f, 1, 10);
    close_store(f);
    uint8_t *entry = swap_entry(f, &size, NULL, 0);
    assert_int_equal(entry[0], 3);
    for (size_t at = 1; at < size; at += size / 9) {
        entry[at] ^= 0x10;
        free(swap_entry(f, &ignored, entry, size));
        entry[at] ^= 0x10;
        open_store_ok(f);
        assert_int_equal(ACTA_CORRUPT, acta_store_verify(f->store, NULL, NULL, NULL, &f->error));
        assert_int_equal(ACTA_CORRUPT, read_stream(f, "Kept-a"));
        expect_stream(f, "Kept-d", 1, 10);
        close_store(f);
    }
    free(swap_entry(f, &ignored, entry, size));
    free(entry);
    open_store_ok(f);
    expect_sound(f);
    expect_all(f, 10);
}

static uint64_t
no_time(void *user)
{
    (void)user;
    return 0;
}

static int64_t
one_time(void *user)
{
    (void)user;
    return 1700000000000000;
}

/* A store of one event of Kept-a with these ids; all else is the same each time. */
static void
make_with_ids(fixture *f, uint8_t command, uint8_t correlation, uint8_t causation)
{
    acta_event event = event_of("test.Opened", "x");
    acta_outcome outcome = { .status = ACTA_OK };
    if (f->store != NULL) close_store(f);
    remove_tree(f->path);
    open_kept(f, kept);
    event.correlation_id.bytes[0] = correlation;
    event.causation_id.bytes[0] = causation;
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_outcome(t, (acta_id){ .bytes = { command } }, &outcome);
    acta_transaction_append(t, S("Kept-a"), ACTA_NO_STREAM, &event, 1);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    close_store(f);
}

/* A copy that differs from its event in nothing but an id is another event's: it is told, whichever id it is. */
static void
a_copy_with_another_id_is_told(void **state)
{
    static const uint8_t ids[][3] = { { 9, 2, 3 }, { 1, 9, 3 }, { 1, 2, 9 }, { 1, 2, 3 } };
    static const acta_environment environment = { .clock = { no_time, one_time, NULL } };
    fixture *f = FIXTURE(state);
    size_t size, ignored;

    f->config.environment = &environment;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        make_with_ids(f, ids[i][0], ids[i][1], ids[i][2]);
        uint8_t *entry = swap_entry(f, &size, NULL, 0);
        make_with_ids(f, 1, 2, 3);
        free(swap_entry(f, &ignored, entry, size));
        free(entry);
        open_store_ok(f);
        bool is_same = i + 1 == sizeof ids / sizeof ids[0];
        assert_int_equal(is_same ? ACTA_OK : ACTA_CORRUPT, acta_store_verify(f->store, NULL, NULL, NULL, &f->error));
        if (!is_same)
            assert_string_equal(
                f->error.text, "position 1: version 1 of stream id 1 is not what its copy by stream is");
    }
}

/* A copy that is there though its event was removed is told. */
static void
a_copy_that_outlives_its_event_is_told(void **state)
{
    fixture *f = FIXTURE(state);
    size_t size, ignored;

    open_kept(f, kept);
    append_turns(f, 1, 10);
    close_store(f);
    uint8_t *entry = swap_entry(f, &size, NULL, 0);
    open_store_ok(f);
    remove_kept(f);
    while (scrub(f, 0) > 0)
        continue;
    close_store(f);
    free(swap_entry(f, &ignored, entry, size));
    assert_true(ignored < size);
    free(entry);
    open_store_ok(f);
    assert_int_equal(ACTA_CORRUPT, acta_store_verify(f->store, NULL, NULL, NULL, &f->error));
    assert_string_equal(f->error.text, "position 1: version 1 of stream id 1 is not what its copy by stream is");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_no_store(a_damaged_copy_is_told),
        on_no_store(a_copy_with_another_id_is_told),
        on_no_store(a_copy_that_outlives_its_event_is_told),
    };
    return run_on_rocksdb("by stream, damage", tests);
}
