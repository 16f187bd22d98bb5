/*
 * The golden store of format 3: a store that is checked in, whose index has copies of events, decoded by docs/format.md with
 * plain RocksDB iterators; no function of store/ has a part in it. All else is as in format 2 (test_golden_pages.c).
 *
 *     ACTA_MAKE_GOLDEN=DIR store-golden_copies    makes such a store in DIR, for a new format version
 */
#include <unistd.h>

#include <rocksdb/c.h>

#include "acta/crc.h"
#include "acta/operations.h"

#include "scratch.h"
#include "fixture.h"

enum { FAMILIES = 6, META = 0, LOG = 1, INDEX = 2 };
static const char *const family_names[FAMILIES] = { "default", "log", "index", "streams", "types", "tables" };
static const char *const kept[] = { "Kept", NULL };

/* -- what is in it -- */

enum { EVENTS = 7, COMMITS = 2, OF_FIRST_COMMIT = 4, HASH = 0x1000 };

/* In the order of positions; the first four are committed together, and the others. */
static const struct {
    uint64_t stream_id, version;
    const char *stream, *type, *payload, *metadata;
} golden[EVENTS] = {
    { 1, 1, "Kept-a", "bank.AccountOpened", "opened", "" },
    { 2, 1, "Plain-b", "bank.AccountOpened", "opened too", "" },
    { 1, 2, "Kept-a", "bank.MoneyDeposited", "deposited 100", "by hand" },
    { 1, 3, "Kept-a", "bank.MoneyDeposited", "", "" },
    { 3, 1, "Kept-gone", "bank.AccountOpened", "to be removed", "" },
    { 1, 4, "Kept-a", "bank.AccountOpened", "again", "" },
    { 2, 2, "Plain-b", "bank.MoneyDeposited", "deposited 7", "" },
};

static acta_event
golden_event(size_t i)
{
    return (acta_event){ .type = acta_str_of(golden[i].type),
        .payload = acta_str_bytes(acta_str_of(golden[i].payload)),
        .metadata = acta_str_bytes(acta_str_of(golden[i].metadata)),
        .schema_hash = HASH };
}

static int64_t
tick(void *user)
{
    static int64_t now_us = INT64_C(1700000000000000);
    (void)user;
    return now_us += 1000;
}

static uint64_t
no_clock(void *user)
{
    (void)user;
    return 0;
}

static void
fill_counting(void *user, void *bytes, size_t size)
{
    (void)user;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = (uint8_t)(0xb0 + i);
}

static acta_store *
must_open(const char *path, const acta_environment *environment, const char *const *categories)
{
    const acta_store_config config = { .path = path, .environment = environment, .keep_by_stream = categories };
    acta_error error;
    acta_store *store;

    if (acta_store_open(&config, &store, &error) != ACTA_OK) fail_msg("%s", error.text);
    return store;
}

static void
must_commit(acta_store *store, acta_transaction *t)
{
    acta_error error;
    if (acta_store_commit(store, t, NULL, &error) != ACTA_OK) fail_msg("%s", error.text);
}

/* One stream has copies, one has none, and one had them until it was scrubbed. */
static void
make_golden(const char *path)
{
    static const acta_environment environment = { .clock = { .monotonic_ns = no_clock, .wall_us = tick },
        .random = { .fill = fill_counting } };
    acta_store *store = must_open(path, &environment, kept);
    acta_error error;
    uint64_t count;

    for (size_t i = 0, first = 0; first < EVENTS; first = i) {
        acta_transaction *t = acta_transaction_create(store);
        for (size_t end = first == 0 ? OF_FIRST_COMMIT : EVENTS; i < end; i++) {
            acta_event event = golden_event(i);
            acta_transaction_append(t, acta_str_of(golden[i].stream), ACTA_ANY_VERSION, &event, 1);
        }
        must_commit(store, t);
    }
    acta_store_close(store); /* now there are copies */
    store = must_open(path, &environment, kept);
    acta_transaction *t = acta_transaction_create(store);
    acta_transaction_delete_stream(t, S("Kept-gone"), 1, ACTA_DELETE_HARD);
    must_commit(store, t);
    assert_int_equal(ACTA_OK, acta_store_scrub(store, 0, &count, &error));
    assert_int_equal(count, 1);
    acta_store_close(store);
}

/* -- a reader by the document -- */

static uint64_t
number(const uint8_t *bytes, int size, bool big)
{
    uint64_t value = 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | bytes[big ? i : size - 1 - i];
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
    const rocksdb_options_t *options[FAMILIES];
    char *said = NULL;

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

/* A copy to be freed. */
static uint8_t *
raw_get(raw_store *raw, int family, const void *key, size_t key_size, size_t *size_out)
{
    char *said = NULL;
    char *value = rocksdb_get_cf(raw->db, raw->read_options, raw->families[family], key, key_size, size_out, &said);

    assert_null(said);
    assert_non_null(value);
    return (uint8_t *)value;
}

static uint8_t *
entry_of(raw_store *raw, uint64_t stream_id, uint64_t version, uint8_t *key, size_t *size_out)
{
    for (int i = 0; i < 8; i++) {
        key[i] = (uint8_t)(stream_id >> (56 - 8 * i));
        key[8 + i] = (uint8_t)(version >> (56 - 8 * i));
    }
    return raw_get(raw, INDEX, key, 16, size_out);
}

/* Which of `golden` is this version of the stream? */
static size_t
place_of(uint64_t stream_id, uint64_t version)
{
    size_t i = 0;

    while (golden[i].stream_id != stream_id || golden[i].version != version)
        assert_true(++i < EVENTS);
    return i;
}

/* The record of golden[i], as the page has it that it lies in; its time. */
static uint64_t
expect_as_in_page(raw_store *raw, size_t i, const uint8_t *record, size_t size)
{
    const size_t first = i < OF_FIRST_COMMIT ? 0 : OF_FIRST_COMMIT;
    uint8_t key[8] = { 0, 0, 0, 0, 0, 0, 0, (uint8_t)(first + 1) }, position[8] = { (uint8_t)(i + 1) };
    size_t page_size;
    uint8_t *page = raw_get(raw, LOG, key, sizeof key, &page_size);
    size_t count = number(page + 10, 2, false), offsets = 64 + 12 * (size_t)page[9], records = offsets + 2 * count;
    size_t at = records + number(page + offsets + 2 * (i - first), 2, false);
    uint64_t recorded_at = number(page + 24, 8, false);

    assert_int_equal(number(record, 4, false), acta_crc32c(acta_crc32c(0, position, 8), record + 4, size - 4));
    assert_true(at + size <= page_size);
    assert_memory_equal(page + at, record, size);
    rocksdb_free(page);
    return recorded_at;
}

/* An entry with copies of `count` events from `version` on. */
static void
expect_copies(raw_store *raw, uint64_t stream_id, uint64_t version, uint32_t count, const uint8_t *runs, size_t size)
{
    uint8_t key[16];
    size_t entry_size, from = 0;
    uint8_t *e = entry_of(raw, stream_id, version, key, &entry_size);
    size_t type_count = e[1];

    assert_int_equal(e[0], 3);
    assert_int_equal(type_count, 2);
    assert_int_equal(number(e + 2, 2, false), count);
    assert_int_equal(number(e + 8, 4, false), size);
    const uint8_t *times = e + 12 + 12 * type_count, *ends = times + 8 * (size_t)count,
                  *type_of = ends + 4 * (size_t)count, *runs_at = type_of + count, *records = runs_at + size;
    uint32_t crc = acta_crc32c(acta_crc32c(0, key, 16), e, 4);
    assert_int_equal(number(e + 4, 4, false), acta_crc32c(crc, e + 8, (size_t)(records - e) - 8));
    assert_memory_equal(runs_at, runs, size);
    for (uint32_t k = 0; k < count; k++) {
        size_t i = place_of(stream_id, version + k), end = number(ends + 4 * (size_t)k, 4, false);
        const uint8_t *type = e + 12 + 12 * (size_t)type_of[k];
        const char *payload = golden[i].payload;
        assert_int_equal(number(type, 4, false), strcmp(golden[i].type, "bank.AccountOpened") == 0 ? 1 : 2);
        assert_int_equal(number(type + 4, 8, false), HASH);
        assert_int_equal(
            number(times + 8 * (size_t)k, 8, false), expect_as_in_page(raw, i, records + from, end - from));
        assert_memory_equal(records + end - strlen(payload), payload, strlen(payload));
        from = end;
    }
    assert_ptr_equal(records + from, e + entry_size);
    rocksdb_free(e);
}

/* -- the tests -- */

static char golden_copy[256];

static int
copy_golden(void **state)
{
    (void)state;
    assert_true(scratch_make(golden_copy, "/tmp", "golden"));
    strcat(golden_copy, "/data");
    copy_tree(GOLDEN_PATH "-3", golden_copy);
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

/* ES-47: entries with copies, one of which another entry's scrub left alone; entries without; and which are to have them. */
static void
copies_are_as_the_document_says(void **state)
{
    static const uint8_t runs_of_kept[] = { 1, 0, 1, 0, 2, 2, 4, 1,
        1 }; /* page 1: places 0, 2 and 3; page 5: place 1 */
    static const uint8_t plain[] = { 2, 1, 1, 1, 4, 2, 1 }, scrubbed[] = { 2, 5, 0, 1 };
    static const uint8_t list[] = { 'K', 'e', 'p', 't', 0 };
    uint8_t key[16];
    raw_store raw;
    size_t size;
    (void)state;

    raw_open(&raw, golden_copy);
    expect_copies(&raw, 1, 1, 4, runs_of_kept, sizeof runs_of_kept);
    uint8_t *entry = entry_of(&raw, 2, 1, key, &size);
    assert_int_equal(size, sizeof plain);
    assert_memory_equal(entry, plain, size);
    rocksdb_free(entry);
    entry = entry_of(&raw, 3, 1, key, &size);
    assert_int_equal(size, sizeof scrubbed);
    assert_memory_equal(entry, scrubbed, size);
    rocksdb_free(entry);

    uint8_t *value = raw_get(&raw, META, "kept-by-stream", 14, &size);
    assert_int_equal(size, sizeof list + 4);
    assert_memory_equal(value, list, sizeof list);
    assert_int_equal(number(value + sizeof list, 4, false), acta_crc32c(0, list, sizeof list));
    rocksdb_free(value);
    value = raw_get(&raw, META, "format", 6, &size);
    assert_int_equal(number(value, 4, false), 3);
    rocksdb_free(value);
    raw_close(&raw);
}

static void
expect_stream(acta_store *store, uint64_t stream_id, uint64_t version_count)
{
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;
    acta_read read = { .stream = acta_str_of(golden[place_of(stream_id, 1)].stream) };

    assert_int_equal(ACTA_OK, acta_cursor_open(store, &read, &cursor, &error));
    for (uint64_t version = 1; version <= version_count; version++) {
        size_t i = place_of(stream_id, version);
        if (acta_cursor_next(cursor, &event, &error) != ACTA_OK) fail_msg("%s", error.text);
        assert_int_equal(event.position, i + 1);
        assert_true(acta_str_equal(event.type, acta_str_of(golden[i].type)));
        assert_int_equal(event.payload.size, strlen(golden[i].payload));
        assert_memory_equal(event.payload.data, golden[i].payload, event.payload.size);
        assert_int_equal(event.metadata.size, strlen(golden[i].metadata));
        assert_int_equal(event.schema_hash, HASH);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &event, &error));
    acta_cursor_close(cursor);
}

/* ES-47: today's store reads it, finds it sound, and goes on with it, the list unsaid. */
static void
todays_store_reads_and_continues_it(void **state)
{
    acta_verify_report report;
    acta_error error;
    acta_store *store = must_open(golden_copy, NULL, NULL);
    acta_event next = { .type = S("bank.AccountOpened"), .payload = B("next") };
    (void)state;

    expect_stream(store, 1, 4);
    expect_stream(store, 2, 2);
    acta_transaction *t = acta_transaction_create(store);
    acta_transaction_append(t, S("Kept-a"), 4, &next, 1);
    must_commit(store, t);
    acta_store_close(store);
    store = must_open(golden_copy, NULL, NULL);
    if (acta_store_verify(store, NULL, NULL, &report, &error) != ACTA_OK) fail_msg("%s", error.text);
    assert_int_equal(report.copies, 5);
    assert_int_equal(report.stubs, 1);
    acta_store_close(store);
}

int
main(void)
{
    const char *path = getenv("ACTA_MAKE_GOLDEN");
    if (path != NULL) {
        make_golden(path);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(copies_are_as_the_document_says, copy_golden, remove_golden),
        cmocka_unit_test_setup_teardown(todays_store_reads_and_continues_it, copy_golden, remove_golden),
    };
    return run_on_rocksdb("golden store with copies", tests);
}
