/*
 * The schema of a log: one that only adds takes the old one's place, and old events are read by it; one that can't follow
 * is refused before anything is touched; each that ever wrote is kept. The next schema is the ledger's with a field more
 * in Added (ACTA_LEDGER_NEXT in the environment: its binary).
 */
#include "fixture.h"

enum { NEXT_MAX = 1 << 16 };

static acta_schema next_schema;

static void
read_next(fixture *f)
{
    FILE *file = fopen(getenv("ACTA_LEDGER_NEXT"), "rb");
    uint8_t *bytes = acta_memory_alloc(f->scratch, NEXT_MAX);

    assert_non_null(file);
    size_t size = fread(bytes, 1, NEXT_MAX, file);
    fclose(file);
    assert_in_range(size, ledger_schema.binary.size, NEXT_MAX - 1);
    next_schema = ledger_schema;
    next_schema.binary = acta_bytes_from(bytes, size);
    next_schema.hash++;
}

static void
start_with(fixture *f, const acta_schema *schema)
{
    f->config.schema = schema;
    start(f);
}

/* Binary schemas in rows of the log: that of now, and the n-th of before. */
static void
expect_kept(fixture *f, const acta_schema *now, const acta_schema *first)
{
    acta_store *store = acta_app_store(f->app);
    acta_bytes row;

    MUST(f, acta_store_get(store, "schemas", acta_bytes_from("ledger", 6), f->scratch, &row, &f->error));
    assert_int_equal(row.size, 24 + now->binary.size);
    assert_memory_equal(row.data + 24, now->binary.data, now->binary.size);
    acta_status status =
        acta_store_get(store, "schemas", acta_bytes_from("ledger\0\0\0\0\1", 11), f->scratch, &row, &f->error);
    assert_int_equal(status, first != NULL ? ACTA_OK : ACTA_NOT_FOUND);
    if (first == NULL) return;
    assert_int_equal(row.size, 24 + first->binary.size);
    assert_memory_equal(row.data + 24, first->binary.data, first->binary.size);
}

static void
a_schema_that_adds_goes_on_with_the_log(void **state)
{
    fixture *f = FIXTURE(state);

    read_next(f);
    start_with(f, &ledger_schema);
    add(f, "a", 40);
    expect_kept(f, &ledger_schema, NULL);
    stop(f);
    start_with(f, &next_schema);
    assert_int_equal(total_of(f, "a"), 40);
    add(f, "a", 2);
    assert_int_equal(total_of(f, "a"), 42);
    expect_kept(f, &next_schema, &ledger_schema);
    stop(f);
    start_with(f, &next_schema); /* nothing is kept twice */
    expect_kept(f, &next_schema, &ledger_schema);
}

static void
a_schema_that_cannot_follow_is_refused(void **state)
{
    fixture *f = FIXTURE(state);

    read_next(f);
    start_with(f, &next_schema);
    add(f, "a", 40);
    stop(f);
    f->config.schema = &ledger_schema; /* without the field that is in the log */
    assert_int_equal(try_start(f), ACTA_SCHEMA_MISMATCH);
    assert_non_null(strstr(f->error.text, "'ledger.Added.remark' is gone: mark it (deprecated) instead"));
    start_with(f, &next_schema);
    assert_int_equal(total_of(f, "a"), 40);
    expect_kept(f, &next_schema, NULL);
}

/* For who has not the program: a record's hash leads to the schema that it was written with. A store of before there were
 * such notes gets them when the program that wrote it starts; until then that is said. */
static void
a_record_leads_to_its_schema(void **state)
{
    fixture *f = FIXTURE(state);
    acta_str type = { "ledger.Added", 12 };
    uint64_t hash = ledger_Added_table.schema_hash;
    acta_bytes key, row, keys[8];
    acta_kept_schema kept;
    acta_row_cursor *cursor;
    uint32_t count = 0;

    read_next(f);
    start_with(f, &ledger_schema);
    stop(f);
    start_with(f, &next_schema); /* the tables' hashes are those of before: the newest schema is theirs too */
    acta_store *store = acta_app_store(f->app);
    MUST(f, acta_kept_schema_find(store, type, hash, f->scratch, &kept, &f->error));
    assert_true(acta_str_equal(kept.name, S("ledger")));
    assert_int_equal(kept.number, 2);
    assert_int_equal(kept.event_version, 1);
    assert_int_equal(kept.binary.size, next_schema.binary.size);
    assert_int_equal(acta_kept_schema_find(store, type, hash + 1, f->scratch, &kept, &f->error), ACTA_NOT_FOUND);
    assert_non_null(strstr(f->error.text, "the log has kept no schema of 'ledger.Added' with the hash "));

    MUST(f, acta_row_cursor_open(store, "types", acta_bytes_from(NULL, 0), &cursor, &f->error));
    while (count < 8 && acta_row_cursor_next(cursor, &key, &row, &f->error) == ACTA_OK) {
        uint8_t *copy = acta_memory_alloc(f->scratch, key.size);
        memcpy(copy, key.data, key.size);
        keys[count++] = acta_bytes_from(copy, key.size);
    }
    acta_row_cursor_close(cursor);
    assert_int_equal(count, 3); /* Added, JobStarted, JobEnded */
    acta_transaction *transaction = acta_transaction_create(store);
    for (uint32_t i = 0; i < count; i++)
        acta_transaction_delete(transaction, "types", keys[i]);
    commit(f, transaction);
    assert_int_equal(acta_kept_schema_find(store, type, hash, f->scratch, &kept, &f->error), ACTA_NOT_FOUND);
    stop(f);
    start_with(f, &next_schema);
    MUST(f, acta_kept_schema_find(acta_app_store(f->app), type, hash, f->scratch, &kept, &f->error));
}

/* A reader beside the log, or after damage, looks and writes nothing. */
static void
who_only_reads_keeps_nothing(void **state)
{
    fixture *f = FIXTURE(state);

    read_next(f);
    start_with(f, &ledger_schema);
    add(f, "a", 40);
    stop(f);
    f->config.store.read_only = true;
    start_with(f, &next_schema);
    assert_int_equal(total_of(f, "a"), 40);
    expect_kept(f, &ledger_schema, NULL);
    stop(f);
    f->config.store.read_only = false;
    start_with(f, &ledger_schema);
    expect_kept(f, &ledger_schema, NULL);
}

static void
a_damaged_schema_is_named(void **state)
{
    fixture *f = FIXTURE(state);
    acta_bytes row, key = acta_bytes_from("ledger", 6);

    start_with(f, &ledger_schema);
    acta_store *store = acta_app_store(f->app);
    MUST(f, acta_store_get(store, "schemas", key, f->scratch, &row, &f->error));
    uint8_t *bytes = acta_memory_alloc(f->scratch, row.size);
    memcpy(bytes, row.data, row.size);
    bytes[row.size / 2] ^= 1;
    acta_transaction *transaction = acta_transaction_create(store);
    acta_transaction_put(transaction, "schemas", key, acta_bytes_from(bytes, row.size));
    MUST(f, acta_store_commit(store, transaction, NULL, &f->error));
    stop(f);
    assert_int_equal(try_start(f), ACTA_CORRUPT);
    assert_string_equal(f->error.text, "the log's schema 'ledger' is damaged");
}

/* At each point of the change the process dies; afterwards either schema may begin, and the log is whole. */
static void
a_change_of_schema_is_done_or_not(void **state)
{
    fixture *f = FIXTURE(state);

    read_next(f);
    start_with(f, &ledger_schema);
    add(f, "a", 40);
    run_all(f);
    crash(f);
    f->config.schema = &next_schema;
    assert_int_equal(try_start(f), ACTA_OK);
    crash(f); /* at once */
    f->config.schema = &ledger_schema;
    assert_int_equal(try_start(f), ACTA_SCHEMA_MISMATCH); /* for it was on disk before the start went on */
    assert_non_null(strstr(f->error.text, "remark"));
    start_with(f, &next_schema);
    assert_int_equal(total_of(f, "a"), 40);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        threaded(a_schema_that_adds_goes_on_with_the_log),
        threaded(a_schema_that_cannot_follow_is_refused),
        threaded(a_record_leads_to_its_schema),
        threaded(who_only_reads_keeps_nothing),
        threaded(a_damaged_schema_is_named),
        manual(a_change_of_schema_is_done_or_not),
    };
    return run_on_engines("evolution", tests);
}
