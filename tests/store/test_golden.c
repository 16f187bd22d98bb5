/*
 * The golden store: a store of format 1 that is checked in, decoded by docs/format.md with plain RocksDB iterators (no
 * function of store/ has a part in it), and then opened, read and written by the store as it is today, which brings it to
 * the newest format.
 */
#include <unistd.h>

#include <rocksdb/c.h>

#include "acta/crc.h"

#include "scratch.h"
#include "fixture.h"

enum { FAMILIES = 6 };
static const char *const family_names[FAMILIES] = { "default", "log", "index", "streams", "types", "tables" };

/* -- what is in it -- */

static const struct {
    const char *stream, *type, *payload, *metadata;
    uint64_t version;
} golden[] = {
    { "Account-alice", "bank.AccountOpened", "opened", "", 1 },
    { "Account-alice", "bank.MoneyDeposited", "deposited 100", "by hand", 2 },
    { "Account-b\xc3\xb6rge", "bank.AccountOpened", "", "", 1 },
    { "Account-alice", "bank.MoneyDeposited", "deposited 50", "", 3 },
    { "Transfer-1", "bank.TransferRequested", "requested", "m", 1 },
};
enum { GOLDEN_COUNT = sizeof golden / sizeof golden[0] };

static acta_event
golden_event(size_t i)
{
    return (acta_event){ .type = acta_str_of(golden[i].type),
        .payload = acta_str_bytes(acta_str_of(golden[i].payload)),
        .metadata = acta_str_bytes(acta_str_of(golden[i].metadata)),
        .schema_hash = 0x1000 + i,
        .correlation_id = acta_id_of(S("correlation")),
        .causation_id = acta_id_of(S("causation")) };
}

/* -- a reader by the document -- */

static uint64_t
big(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return value;
}

static uint64_t
little(const uint8_t *bytes, int size)
{
    uint64_t value = 0;
    for (int i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

typedef struct raw_store {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_readoptions_t *read_options;
    rocksdb_column_family_handle_t *families[FAMILIES];
} raw_store;

static void
raw_open(raw_store *raw, const char *path)
{
    char *said = NULL;
    const rocksdb_options_t *options[FAMILIES];

    raw->options = rocksdb_options_create();
    raw->read_options = rocksdb_readoptions_create();
    for (int i = 0; i < FAMILIES; i++)
        options[i] = raw->options;
    raw->db = rocksdb_open_for_read_only_column_families(
        raw->options, path, FAMILIES, family_names, options, raw->families, 0, &said);
    if (said != NULL) fail_msg("%s", said);
}

static void
raw_close(raw_store *raw)
{
    for (int i = 0; i < FAMILIES; i++)
        rocksdb_column_family_handle_destroy(raw->families[i]);
    rocksdb_close(raw->db);
    rocksdb_readoptions_destroy(raw->read_options);
    rocksdb_options_destroy(raw->options);
}

static int
family(const char *name)
{
    int i = 0;
    while (strcmp(family_names[i], name) != 0)
        i++;
    return i;
}

/* A value as a copy to be freed; NULL: none. */
static uint8_t *
raw_get(raw_store *raw, const char *in, const void *key, size_t key_size, size_t *size_out)
{
    char *said = NULL;
    char *value = rocksdb_get_cf(raw->db, raw->read_options, raw->families[family(in)], key, key_size, size_out, &said);
    assert_null(said);
    return (uint8_t *)value;
}

static size_t
raw_count(raw_store *raw, const char *in)
{
    rocksdb_iterator_t *i = rocksdb_create_iterator_cf(raw->db, raw->read_options, raw->families[family(in)]);
    size_t count = 0;

    for (rocksdb_iter_seek_to_first(i); rocksdb_iter_valid(i); rocksdb_iter_next(i))
        count++;
    rocksdb_iter_destroy(i);
    return count;
}

static void
expect_name(raw_store *raw, const char *in, const char *name, uint64_t id)
{
    char key[64] = "n";
    uint8_t id_key[9] = { 'i' };
    size_t size;

    strcat(key, name);
    uint8_t *value = raw_get(raw, in, key, strlen(key), &size);
    assert_int_equal(size, 8);
    assert_int_equal(big(value), id);
    memcpy(id_key + 1, value, 8);
    rocksdb_free(value);
    value = raw_get(raw, in, id_key, 9, &size);
    assert_int_equal(size, strlen(name));
    assert_memory_equal(value, name, size);
    rocksdb_free(value);
}

static void
expect_record(raw_store *raw, size_t i, const uint8_t *r, size_t size)
{
    static const uint64_t stream_ids[] = { 1, 1, 2, 1, 3 }, type_ids[] = { 1, 2, 1, 2, 3 }, names[] = { 1, 1, 1, 0, 1 };
    acta_event event = golden_event(i);
    size_t stream_size = strlen(golden[i].stream), names_at = 152 + event.payload.size + event.metadata.size;
    size_t names_size = names[i] ? stream_size + event.type.size : 0;
    acta_digest digest = acta_digest_of(&event.payload, 1);

    assert_int_equal(size, names_at + names_size);
    assert_int_equal(little(r, 4), acta_crc32c(acta_crc32c(0, r + 4, 148), r + names_at, names_size));
    assert_int_equal(little(r + 4, 4), acta_crc32c(0, r + 152, event.payload.size + event.metadata.size));
    assert_int_equal(r[8], 1);
    assert_int_equal(r[9], 0);
    assert_int_equal(little(r + 10, 2), names[i]);
    assert_int_equal(little(r + 12, 4), type_ids[i]);
    assert_int_equal(little(r + 16, 8), i + 1);
    assert_int_equal(little(r + 24, 8), stream_ids[i]);
    assert_int_equal(little(r + 32, 8), golden[i].version);
    assert_int_equal(little(r + 40, 8), 0x1000 + i);
    assert_in_range(little(r + 48, 8), INT64_C(1700000000000000), INT64_C(1700000001000000));
    assert_memory_equal(r + 56, event.correlation_id.bytes, 16);
    assert_memory_equal(r + 72, event.causation_id.bytes, 16);
    acta_id command_id = { { 0 } };
    if (i == 1) command_id = acta_id_of(S("command-ok"));
    if (i == 2) command_id = acta_id_of(S("command-rejected"));
    assert_memory_equal(r + 88, command_id.bytes, 16);
    assert_memory_equal(r + 104, digest.bytes, 32);
    assert_int_equal(little(r + 136, 4), event.metadata.size);
    assert_int_equal(little(r + 140, 4), event.payload.size);
    assert_int_equal(little(r + 144, 2), stream_size);
    assert_int_equal(little(r + 146, 2), event.type.size);
    assert_int_equal(little(r + 148, 4), 0);
    assert_memory_equal(r + 152, event.payload.data, event.payload.size);
    assert_memory_equal(r + 152 + event.payload.size, event.metadata.data, event.metadata.size);
    if (names[i]) {
        assert_memory_equal(r + names_at, golden[i].stream, stream_size);
        assert_memory_equal(r + names_at + stream_size, golden[i].type, event.type.size);
    }
    expect_name(raw, "streams", golden[i].stream, stream_ids[i]);
    expect_name(raw, "types", golden[i].type, type_ids[i]);

    uint8_t index_key[16];
    for (int k = 0; k < 8; k++) {
        index_key[k] = (uint8_t)(stream_ids[i] >> (56 - 8 * k));
        index_key[8 + k] = (uint8_t)(golden[i].version >> (56 - 8 * k));
    }
    size_t value_size;
    uint8_t *value = raw_get(raw, "index", index_key, 16, &value_size);
    assert_int_equal(value_size, 8);
    assert_int_equal(big(value), i + 1);
    rocksdb_free(value);
}

static char golden_copy[256];

static int
copy_golden(void **state)
{
    (void)state;
    assert_true(scratch_make(golden_copy, "/tmp", "golden"));
    strcat(golden_copy, "/data");
    copy_tree(GOLDEN_PATH, golden_copy);
    return 0;
}

static int
remove_golden(void **state)
{
    (void)state;
    *strrchr(golden_copy, '/') = '\0';
    remove_tree(golden_copy);
    return 0;
}

/* Families log, index, streams and types, key by key. */
static void
the_log_and_its_indexes_are_as_the_document_says(void **state)
{
    (void)state;
    raw_store raw;
    raw_open(&raw, golden_copy);

    rocksdb_iterator_t *iterator = rocksdb_create_iterator_cf(raw.db, raw.read_options, raw.families[family("log")]);
    size_t count = 0;
    for (rocksdb_iter_seek_to_first(iterator); rocksdb_iter_valid(iterator); rocksdb_iter_next(iterator)) {
        size_t key_size, size;
        const uint8_t *key = (const uint8_t *)rocksdb_iter_key(iterator, &key_size);
        const uint8_t *record = (const uint8_t *)rocksdb_iter_value(iterator, &size);
        assert_int_equal(key_size, 8);
        assert_int_equal(big(key), count + 1);
        expect_record(&raw, count++, record, size);
    }
    rocksdb_iter_destroy(iterator);
    assert_int_equal(count, GOLDEN_COUNT);

    size_t size;
    uint8_t end[16];
    memset(end, 0xff, sizeof end);
    uint8_t *value = raw_get(&raw, "index", end, 16, &size);
    assert_int_equal(size, 8);
    assert_int_equal(big(value), GOLDEN_COUNT);
    rocksdb_free(value);
    assert_int_equal(raw_count(&raw, "index"), GOLDEN_COUNT + 1);
    assert_int_equal(raw_count(&raw, "streams"), 2 * 3);
    assert_int_equal(raw_count(&raw, "types"), 2 * 3);
    raw_close(&raw);
}

static uint8_t *
get_row(raw_store *raw, const char *table, const void *key, size_t key_size, size_t *size_out)
{
    uint8_t room[128];
    size_t table_size = strlen(table) + 1;

    memcpy(room, table, table_size);
    memcpy(room + table_size, key, key_size);
    return raw_get(raw, "tables", room, table_size + key_size, size_out);
}

/* The store's own tables, and one of a user. */
static void
rows_are_as_the_document_says(void **state)
{
    (void)state;
    raw_store raw;
    size_t size;
    acta_bytes command = B("command");
    acta_digest digest = acta_digest_of(&command, 1);
    raw_open(&raw, golden_copy);

    for (int rejected = 0; rejected < 2; rejected++) {
        acta_id id = rejected ? acta_id_of(S("command-rejected")) : acta_id_of(S("command-ok"));
        uint8_t *row = get_row(&raw, "outcomes", id.bytes, 16, &size);
        assert_int_equal(size, rejected ? 72 + 18 + 10 : 72);
        assert_int_equal(little(row, 4), acta_crc32c(0, row + 4, size - 4));
        assert_int_equal(row[4], rejected ? 8 : 0);
        assert_int_equal(row[5], rejected ? 18 : 0);
        assert_int_equal(row[6], rejected ? 10 : 0);
        assert_int_equal(little(row + 8, 4), rejected ? 3 : 0);
        assert_int_equal(little(row + 16, 8), rejected ? 1 : 2); /* both came with an event: its version */
        assert_int_equal(little(row + 24, 8), rejected ? 3 : 2);
        assert_memory_equal(row + 40, digest.bytes, 32);
        if (rejected) assert_memory_equal(row + 72, "insufficient_fundstoo little", 28);
        rocksdb_free(row);
    }

    uint8_t *row = get_row(&raw, "snapshots", "Account-alice", 13, &size);
    assert_int_equal(size, 32 + 5);
    assert_int_equal(little(row, 4), acta_crc32c(acta_crc32c(0, "Account-alice", 13), row + 4, size - 4));
    assert_int_equal(little(row + 4, 4), 13);
    assert_int_equal(little(row + 8, 8), 2);
    assert_int_equal(little(row + 16, 8), 77);
    assert_int_equal(little(row + 24, 8), 5);
    assert_memory_equal(row + 32, "state", 5);
    rocksdb_free(row);

    row = get_row(&raw, "checkpoints", "reader", 6, &size);
    assert_int_equal(size, 12);
    assert_int_equal(little(row, 8), 4);
    assert_int_equal(little(row + 8, 4), acta_crc32c(0, row, 8));
    rocksdb_free(row);

    row = get_row(&raw, "balances", "alice", 5, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(row, "150", 3);
    rocksdb_free(row);
    assert_int_equal(raw_count(&raw, "tables"), 5);
    raw_close(&raw);
}

/* Format, schema, batches, the verified point, and the marks. */
static void
meta_and_marks_are_as_the_document_says(void **state)
{
    (void)state;
    raw_store raw;
    size_t size;
    char path[300];
    raw_open(&raw, golden_copy);

    uint8_t *format = raw_get(&raw, "default", "format", 6, &size);
    assert_int_equal(size, 32);
    assert_int_equal(little(format, 4), 1);
    for (int i = 0; i < 16; i++)
        assert_int_equal(format[4 + i], 0xa0 + i);
    assert_int_equal(little(format + 28, 4), acta_crc32c(0, format, 28));
    uint8_t *schema = raw_get(&raw, "default", "schema:bank", 11, &size);
    assert_int_equal(size, 8);
    assert_int_equal(little(schema, 8), 0x5c4e3a);
    rocksdb_free(schema);
    uint8_t *verified = raw_get(&raw, "default", "verified", 8, &size);
    assert_int_equal(size, 20);
    assert_int_equal(little(verified, 8), GOLDEN_COUNT);
    uint64_t batch = little(verified + 8, 8);
    assert_int_equal(batch, GOLDEN_COUNT + 3); /* made, schema, events, closed */
    assert_int_equal(little(verified + 16, 4), acta_crc32c(0, verified, 16));
    rocksdb_free(verified);
    const uint8_t batch_key[9] = { 'b', 0, 0, 0, 0, 0, 0, 0, (uint8_t)batch };
    uint8_t *last = raw_get(&raw, "default", batch_key, 9, &size);
    assert_int_equal(size, 24);
    assert_int_equal(little(last, 8), GOLDEN_COUNT);
    assert_int_equal(little(last + 16, 4), 0);
    assert_int_equal(little(last + 20, 4), acta_crc32c(0, last, 20));
    rocksdb_free(last);
    raw_close(&raw);

    snprintf(path, sizeof path, "%s/acta.mark", golden_copy);
    uint8_t *marks = read_file(path, &size);
    assert_int_equal(size, 8192);
    uint64_t turns[2];
    for (int slot = 0; slot < 2; slot++) {
        const uint8_t *mark = marks + 4096 * slot;
        assert_memory_equal(mark, "ACTAMARK", 8);
        assert_int_equal(little(mark + 8, 8), 1);
        turns[slot] = little(mark + 16, 8);
        assert_int_equal(turns[slot] % 2, slot);
        assert_memory_equal(mark + 40, format + 4, 16);
        assert_int_equal(little(mark + 60, 4), acta_crc32c(0, mark, 60));
    }
    const uint8_t *newest = marks + (turns[0] > turns[1] ? 0 : 4096);
    assert_int_equal(little(newest + 24, 8), GOLDEN_COUNT);
    assert_int_equal(little(newest + 32, 8), batch);
    free(marks);
    rocksdb_free(format);
}

/* Today's store opens it, finds everything, and goes on with it. */
static void
todays_store_reads_and_continues_it(void **state)
{
    (void)state;
    acta_store_config config = {
        .path = golden_copy, .must_exist = true, .schema_hash = 0x5c4e3a, .schema_name = "bank"
    };
    acta_error error;
    acta_store *store;
    acta_read all = { .count_max = 0 };
    acta_cursor *cursor;
    acta_recorded event;
    acta_outcome outcome;

    if (acta_store_open(&config, &store, &error) != ACTA_OK) fail_msg("%s", error.text);
    assert_int_equal(ACTA_OK, acta_cursor_open(store, &all, &cursor, &error));
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &error));
        assert_true(acta_str_equal(event.stream, acta_str_of(golden[i].stream)));
        assert_true(acta_str_equal(event.type, acta_str_of(golden[i].type)));
        assert_int_equal(event.version, golden[i].version);
        assert_memory_equal(event.payload.data, golden[i].payload, event.payload.size);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &event, &error));
    acta_cursor_close(cursor);
    assert_int_equal(ACTA_OK, acta_store_outcome(store, acta_id_of(S("command-rejected")), &outcome, &error));
    assert_string_equal(outcome.text, "too little");

    acta_event next = { .type = S("bank.AccountClosed"), .payload = B("closed") };
    acta_transaction *t = acta_transaction_create(store);
    acta_transaction_append(t, S("Account-alice"), 3, &next, 1);
    assert_int_equal(ACTA_OK, acta_store_commit(store, t, NULL, &error));
    assert_int_equal(acta_store_head(store), GOLDEN_COUNT + 1);
    acta_store_close(store);

    raw_store raw;
    size_t size;
    raw_open(&raw, golden_copy);
    uint8_t *format = raw_get(&raw, "default", "format", 6, &size);
    assert_int_equal(little(format, 4), 2);
    assert_int_equal(little(format + 28, 4), acta_crc32c(0, format, 28));
    rocksdb_free(format);
    raw_close(&raw);

    if (acta_store_open(&config, &store, &error) != ACTA_OK) fail_msg("%s", error.text);
    acta_read alice = { .stream = S("Account-alice"), .direction = ACTA_BACKWARD };
    assert_int_equal(ACTA_OK, acta_cursor_open(store, &alice, &cursor, &error));
    for (uint64_t version = 4; version > 0; version--) { /* across both formats */
        assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &error));
        assert_int_equal(event.version, version);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &event, &error));
    acta_cursor_close(cursor);
    acta_store_close(store);
}

/* Opened to read only it stays what it was. */
static void
reading_alone_changes_nothing(void **state)
{
    (void)state;
    acta_store_config config = { .path = golden_copy, .read_only = true };
    acta_error error;
    acta_store *store;
    raw_store raw;
    size_t size;

    if (acta_store_open(&config, &store, &error) != ACTA_OK) fail_msg("%s", error.text);
    assert_int_equal(acta_store_head(store), GOLDEN_COUNT);
    acta_store_close(store);
    raw_open(&raw, golden_copy);
    uint8_t *format = raw_get(&raw, "default", "format", 6, &size);
    assert_int_equal(little(format, 4), 1);
    rocksdb_free(format);
    raw_close(&raw);
}

/* Events of format 1 can be removed too: their stubs are of that format. */
static void
old_events_become_stubs(void **state)
{
    (void)state;
    acta_store_config config = { .path = golden_copy };
    acta_read all = { .count_max = 0 };
    acta_error error;
    acta_store *store;
    acta_cursor *cursor;
    acta_recorded event;
    uint64_t count, stubs = 0;

    if (acta_store_open(&config, &store, &error) != ACTA_OK) fail_msg("%s", error.text);
    acta_transaction *t = acta_transaction_create(store);
    acta_transaction_delete_stream(t, S("Account-alice"), 3, ACTA_DELETE_HARD);
    assert_int_equal(ACTA_OK, acta_store_commit(store, t, NULL, &error));
    assert_int_equal(ACTA_OK, acta_store_scrub(store, 0, &count, &error));
    assert_int_equal(count, 3);
    assert_int_equal(ACTA_OK, acta_cursor_open(store, &all, &cursor, &error));
    while (acta_cursor_next(cursor, &event, &error) == ACTA_OK) {
        if (event.kind != ACTA_RECORD_STUB) continue;
        acta_bytes payload = acta_str_bytes(acta_str_of(golden[event.position - 1].payload));
        acta_digest digest = acta_digest_of(&payload, 1), found = acta_recorded_digest(&event);
        assert_memory_equal(found.bytes, digest.bytes, ACTA_DIGEST_SIZE);
        stubs++;
    }
    acta_cursor_close(cursor);
    assert_int_equal(stubs, 3);
    acta_store_close(store);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_log_and_its_indexes_are_as_the_document_says, copy_golden, remove_golden),
        cmocka_unit_test_setup_teardown(rows_are_as_the_document_says, copy_golden, remove_golden),
        cmocka_unit_test_setup_teardown(meta_and_marks_are_as_the_document_says, copy_golden, remove_golden),
        cmocka_unit_test_setup_teardown(todays_store_reads_and_continues_it, copy_golden, remove_golden),
        cmocka_unit_test_setup_teardown(reading_alone_changes_nothing, copy_golden, remove_golden),
        cmocka_unit_test_setup_teardown(old_events_become_stubs, copy_golden, remove_golden),
    };
    return run_on_rocksdb("golden store", tests);
}
