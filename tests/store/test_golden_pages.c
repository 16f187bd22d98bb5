/*
 * The golden store of format 2: a store that is checked in, whose log, index and chain are decoded by docs/format.md with
 * plain RocksDB iterators; no function of store/ has a part in it. Rows, meta and marks are as in format 1, and are decoded
 * in test_golden.c.
 *
 *     ACTA_MAKE_GOLDEN=DIR store-golden_pages    makes such a store in DIR, for a new format version
 */
#include <unistd.h>

#include <rocksdb/c.h>

#include "acta/crc.h"

#include "scratch.h"
#include "fixture.h"

enum { FAMILIES = 6, LOG = 1, INDEX = 2 };
static const char *const family_names[FAMILIES] = { "default", "log", "index", "streams", "types", "tables" };

/* -- what is in it -- */

/* In the order of positions; what is committed together has one number. */
static const struct {
    int commit;
    uint64_t stream_id, version;
    const char *stream, *type, *payload, *metadata;
    bool tagged, is_stub, has_names;
} golden[] = {
    { 1, 1, 1, "Account-alice", "bank.AccountOpened", "opened", "", false, false, true },
    { 1, 1, 2, "Account-alice", "bank.MoneyDeposited", "deposited 100", "by hand", true, false, true },
    { 1, 2, 1, "Account-b\xc3\xb6rge", "bank.AccountOpened", "", "", false, false, true },
    { 1, 1, 3, "Account-alice", "bank.MoneyDeposited", "deposited 50", "", false, false, false },
    { 2, 3, 1, "Gone-1", "bank.AccountOpened", "to be removed", "", false, true, true },
    { 2, 1, 4, "Account-alice", "bank.MoneyDeposited", "deposited 7", "", false, false, false },
    { 2, 3, 2, "Gone-1", "bank.MoneyDeposited", "to be removed too", "and this", true, true, false },
};
enum { GOLDEN_COUNT = sizeof golden / sizeof golden[0] };
enum { WITH_IDS = 1, HASH = 0x1000, ALL_COUNT = GOLDEN_COUNT + 1 }; /* and that a stream was deleted */

static const char *const names_of_tags[] = { "alice", "deposit" };

static acta_event
golden_event(size_t i, acta_str *tags)
{
    acta_event event = { .type = acta_str_of(golden[i].type),
        .payload = acta_str_bytes(acta_str_of(golden[i].payload)),
        .metadata = acta_str_bytes(acta_str_of(golden[i].metadata)),
        .schema_hash = HASH };

    for (int k = 0; k < 2; k++)
        tags[k] = acta_str_of(names_of_tags[k]);
    event.tags = tags;
    event.tag_count = golden[i].tagged ? 2 : 0;
    if (i != WITH_IDS) return event;
    event.correlation_id = acta_id_of(S("correlation"));
    event.causation_id = acta_id_of(S("causation"));
    return event;
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
        ((uint8_t *)bytes)[i] = (uint8_t)(0xa0 + i);
}

static void
must_commit(acta_store *store, acta_transaction *t)
{
    acta_error error;
    if (acta_store_commit(store, t, NULL, &error) != ACTA_OK) fail_msg("%s", error.text);
}

static void
make_golden(const char *path)
{
    static acta_environment environment = { .clock = { .monotonic_ns = no_clock, .wall_us = tick },
        .random = { .fill = fill_counting } };
    acta_store_config config = { .path = path, .environment = &environment };
    acta_error error;
    acta_store *store;
    uint64_t count;

    if (acta_store_open(&config, &store, &error) != ACTA_OK) fail_msg("%s", error.text);
    for (int commit = 1; commit <= 2; commit++) {
        acta_transaction *t = acta_transaction_create(store);
        for (size_t i = 0; i < GOLDEN_COUNT; i++) {
            acta_str tags[2];
            acta_event event = golden_event(i, tags);
            if (golden[i].commit == commit)
                acta_transaction_append(t, acta_str_of(golden[i].stream), ACTA_ANY_VERSION, &event, 1);
        }
        if (commit == 1) acta_transaction_outcome(t, acta_id_of(S("command")), &(acta_outcome){ .status = ACTA_OK });
        must_commit(store, t);
    }
    acta_transaction *t = acta_transaction_create(store);
    acta_transaction_delete_stream(t, S("Gone-1"), 2, ACTA_DELETE_HARD);
    must_commit(store, t);
    assert_int_equal(ACTA_OK, acta_store_scrub(store, 0, &count, &error));
    assert_int_equal(count, 2);
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

static uint64_t
varint(const uint8_t **at)
{
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        uint8_t byte = *(*at)++;
        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return value;
    }
}

static void
expect_bytes(const uint8_t **at, const void *expected, size_t size)
{
    assert_memory_equal(*at, expected, size);
    *at += size;
}

static size_t
put_tags(uint8_t *room)
{
    uint8_t *to = room;

    for (int k = 0; k < 2; k++) {
        *to++ = (uint8_t)strlen(names_of_tags[k]);
        to = (uint8_t *)stpcpy((char *)to, names_of_tags[k]);
    }
    return (size_t)(to - room);
}

typedef struct core {
    uint8_t bytes[4096];
    size_t size;
} core;

static void
core_add(core *c, const void *bytes, size_t size)
{
    assert_true(sizeof c->bytes - c->size >= size);
    memcpy(c->bytes + c->size, bytes, size);
    c->size += size;
}

/* The record of golden[i] from `r` to `end`; its part of the core. */
static void
expect_record(size_t i, const uint8_t *page, const uint8_t *r, const uint8_t *end, core *c)
{
    acta_str unused[2];
    acta_event event = golden_event(i, unused);
    const uint8_t *at = r + 4;
    uint8_t position[8] = { (uint8_t)(i + 1) }, tags[64];
    size_t tags_size = golden[i].tagged ? put_tags(tags) : 0;
    bool has_beside = event.metadata.size > 0 || tags_size > 0;
    const acta_bytes beside[] = { event.metadata, acta_bytes_from(tags, tags_size) };
    acta_digest digest = acta_digest_of(&event.payload, 1), beside_digest = acta_digest_of(beside, 2);
    acta_id command = acta_id_of(S("command"));
    uint8_t flags = (uint8_t)(golden[i].has_names | (i == WITH_IDS ? 2 + 4 : 0) | (golden[i].commit == 1 ? 8 : 0) |
                              golden[i].is_stub * 16 | has_beside * 32);

    assert_int_equal(number(r, 4, false), acta_crc32c(acta_crc32c(0, position, 8), r + 4, (size_t)(end - r) - 4));
    assert_int_equal(*at++, flags);
    const uint8_t *type = page + 64 + 12 * varint(&at);
    assert_int_equal(number(type, 4, false), strcmp(golden[i].type, "bank.AccountOpened") == 0 ? 1 : 2);
    assert_int_equal(number(type + 4, 8, false), HASH);
    assert_int_equal(varint(&at), golden[i].stream_id);
    assert_int_equal(varint(&at), golden[i].version);
    if (i == WITH_IDS) expect_bytes(&at, event.correlation_id.bytes, 16);
    if (i == WITH_IDS) expect_bytes(&at, event.causation_id.bytes, 16);
    if (golden[i].commit == 1) expect_bytes(&at, command.bytes, 16);
    if (golden[i].has_names) {
        assert_int_equal(varint(&at), strlen(golden[i].stream));
        assert_int_equal(varint(&at), strlen(golden[i].type));
        expect_bytes(&at, golden[i].stream, strlen(golden[i].stream));
        expect_bytes(&at, golden[i].type, strlen(golden[i].type));
    }
    uint8_t stub_flags = flags | 16;
    core_add(c, &stub_flags, 1);
    core_add(c, r + 5, (size_t)(at - r) - 5);
    core_add(c, digest.bytes, 32);
    if (has_beside) core_add(c, beside_digest.bytes, 32);

    if (golden[i].is_stub) {
        expect_bytes(&at, digest.bytes, 32);
        if (has_beside) expect_bytes(&at, beside_digest.bytes, 32);
    } else {
        if (has_beside) {
            assert_int_equal(varint(&at), event.metadata.size);
            assert_int_equal(varint(&at), tags_size);
            expect_bytes(&at, event.metadata.data, event.metadata.size);
            expect_bytes(&at, tags, tags_size);
        }
        expect_bytes(&at, event.payload.data, event.payload.size);
    }
    assert_ptr_equal(at, end);
}

/* The page with these records of golden; `chain` moves on. */
static void
expect_page(const uint8_t *key, const uint8_t *p, size_t size, size_t first, size_t count, acta_digest *chain)
{
    size_t type_count = p[9], records_at = 64 + 12 * type_count + 2 * count;
    static core c;

    assert_int_equal(number(key, 8, true), first + 1);
    assert_int_equal(number(p, 4, false), acta_crc32c(0, p + 4, records_at - 4));
    assert_int_equal(number(p + 4, 4, false), size - records_at);
    assert_int_equal(p[8], 2);
    assert_int_equal(type_count, 2);
    assert_int_equal(number(p + 10, 2, false), count);
    assert_int_equal(number(p + 12, 4, false), 0);
    assert_int_equal(number(p + 16, 8, false), first + 1);
    assert_in_range(number(p + 24, 8, false), INT64_C(1700000000000000), INT64_C(1700000001000000));

    c.size = 0;
    core_add(&c, p + 16, 16);
    uint8_t counted[4] = { (uint8_t)count, 0, (uint8_t)type_count, 0 };
    core_add(&c, counted, 4);
    core_add(&c, p + 64, 12 * type_count);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *offset = p + 64 + 12 * type_count + 2 * i, *records = p + records_at;
        const uint8_t *end = i + 1 < count ? records + number(offset + 2, 2, false) : p + size;
        expect_record(first + i, p, records + number(offset, 2, false), end, &c);
    }
    acta_bytes whole = acta_bytes_from(c.bytes, c.size);
    acta_digest digest = acta_digest_of(&whole, 1);
    const acta_bytes parts[] = { acta_bytes_from(chain->bytes, 32), acta_bytes_from(digest.bytes, 32) };
    *chain = acta_digest_of(parts, 2);
    assert_memory_equal(chain->bytes, p + 32, 32);
}

typedef struct raw_store {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_readoptions_t *read_options;
    rocksdb_column_family_handle_t *families[FAMILIES];
    rocksdb_iterator_t *iterator;
} raw_store;

static void
raw_open(raw_store *raw, const char *path, int family)
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
    raw->iterator = rocksdb_create_iterator_cf(raw->db, raw->read_options, raw->families[family]);
    rocksdb_iter_seek_to_first(raw->iterator);
}

static void
raw_close(raw_store *raw)
{
    rocksdb_iter_destroy(raw->iterator);
    for (int i = 0; i < FAMILIES; i++)
        rocksdb_column_family_handle_destroy(raw->families[i]);
    rocksdb_close(raw->db);
    rocksdb_readoptions_destroy(raw->read_options);
    rocksdb_options_destroy(raw->options);
}

static char golden_copy[256];

static int
copy_golden(void **state)
{
    (void)state;
    assert_true(scratch_make(golden_copy, "/tmp", "golden"));
    strcat(golden_copy, "/data");
    copy_tree(GOLDEN_2_PATH, golden_copy);
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

/* The log's pages, their records, stubs and chain, byte for byte. */
static void
pages_are_as_the_document_says(void **state)
{
    (void)state;
    acta_digest chain = { { 0 } };
    raw_store raw;
    size_t first = 0, key_size, size;

    raw_open(&raw, golden_copy, LOG);
    for (int commit = 1; commit <= 2; commit++) {
        size_t count = commit == 1 ? 4 : 3;
        const uint8_t *key = (const uint8_t *)rocksdb_iter_key(raw.iterator, &key_size);
        const uint8_t *page = (const uint8_t *)rocksdb_iter_value(raw.iterator, &size);
        assert_int_equal(key_size, 8);
        expect_page(key, page, size, first, count, &chain);
        first += count;
        rocksdb_iter_next(raw.iterator);
    }
    assert_true(rocksdb_iter_valid(raw.iterator)); /* what happened to a stream */
    rocksdb_iter_next(raw.iterator);
    assert_false(rocksdb_iter_valid(raw.iterator));
    raw_close(&raw);
}

/* An entry a stream and commit, its runs leading to pages and places. */
static void
the_index_is_as_the_document_says(void **state)
{
    (void)state;
    static const struct {
        uint64_t stream_id, version;
        size_t size;
        uint8_t value[8];
    } entries[] = {
        { 1, 1, 7, { 2, 1, 0, 2, 0, 3, 1 } }, /* page 1: two from the first on, one from the fourth on */
        { 1, 4, 4, { 2, 5, 1, 1 } },
        { 2, 1, 4, { 2, 1, 2, 1 } },
        { 3, 1, 7, { 2, 5, 0, 1, 0, 2, 1 } },
        { 4, 1, 4, { 2, 8, 0, 1 } },
        { UINT64_MAX, UINT64_MAX, 8, { 0, 0, 0, 0, 0, 0, 0, ALL_COUNT } },
    };
    raw_store raw;
    size_t key_size, size;

    raw_open(&raw, golden_copy, INDEX);
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        const uint8_t *key = (const uint8_t *)rocksdb_iter_key(raw.iterator, &key_size);
        const uint8_t *value = (const uint8_t *)rocksdb_iter_value(raw.iterator, &size);
        assert_int_equal(key_size, 16);
        assert_int_equal(number(key, 8, true), entries[i].stream_id);
        assert_int_equal(number(key + 8, 8, true), entries[i].version);
        assert_int_equal(size, entries[i].size);
        assert_memory_equal(value, entries[i].value, size);
        rocksdb_iter_next(raw.iterator);
    }
    assert_false(rocksdb_iter_valid(raw.iterator));
    raw_close(&raw);
}

static void
todays_store_reads_and_continues_it(void **state)
{
    (void)state;
    acta_store_config config = { .path = golden_copy, .must_exist = true };
    acta_read all = { .count_max = 0 };
    acta_error error;
    acta_store *store;
    acta_cursor *cursor;
    acta_recorded event;

    if (acta_store_open(&config, &store, &error) != ACTA_OK) fail_msg("%s", error.text);
    assert_int_equal(ACTA_OK, acta_cursor_open(store, &all, &cursor, &error));
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        acta_str tags[2];
        acta_event expected = golden_event(i, tags);
        acta_digest digest = acta_digest_of(&expected.payload, 1);
        assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &error));
        assert_true(acta_str_equal(event.stream, acta_str_of(golden[i].stream)));
        assert_int_equal(event.version, golden[i].version);
        assert_int_equal(event.kind, golden[i].is_stub ? ACTA_RECORD_STUB : ACTA_RECORD_EVENT);
        acta_digest found = acta_recorded_digest(&event);
        assert_memory_equal(found.bytes, digest.bytes, ACTA_DIGEST_SIZE);
        if (golden[i].is_stub) continue;
        assert_true(acta_str_equal(event.type, expected.type));
        assert_int_equal(event.payload.size, expected.payload.size);
        assert_memory_equal(event.payload.data, expected.payload.data, event.payload.size);
        assert_int_equal(event.metadata.size, expected.metadata.size);
        assert_int_equal(event.tags.size > 0, golden[i].tagged);
        assert_int_equal(event.schema_hash, HASH);
    }
    acta_cursor_close(cursor);
    acta_event next = { .type = S("bank.AccountClosed"), .payload = B("closed") };
    acta_transaction *t = acta_transaction_create(store);
    acta_transaction_append(t, S("Account-alice"), 4, &next, 1);
    must_commit(store, t);
    assert_int_equal(acta_store_head(store), ALL_COUNT + 1);
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
        cmocka_unit_test_setup_teardown(pages_are_as_the_document_says, copy_golden, remove_golden),
        cmocka_unit_test_setup_teardown(the_index_is_as_the_document_says, copy_golden, remove_golden),
        cmocka_unit_test_setup_teardown(todays_store_reads_and_continues_it, copy_golden, remove_golden),
    };
    return run_on_rocksdb("golden store of pages", tests);
}
