/*
 * acta verify on a store with read models that have indexes: an entry without its row, of another value, or one too many or too
 * few is found. And on one that has kept schemas: one that is damaged or missing is found.
 *
 *     tools-verify_indexes ACTA GOLDEN    rows are put into a copy of the store of format 2, as docs/format.md says;
 *                                        ACTA_PURSE_BFBS in the environment: a binary schema with purse.Spent
 */
#include "verify_fixture.h"

#include "acta/kept_schemas.h"

#define ROW(key)       TABLES, "rm.bank.accountrow\0" key, sizeof "rm.bank.accountrow\0" key - 1
#define OWNER(entry)   TABLES, "ri.bank.accountrow.owner\0" entry, sizeof "ri.bank.accountrow.owner\0" entry - 1
#define BALANCE(entry) TABLES, "ri.bank.accountrow.balance\0" entry, sizeof "ri.bank.accountrow.balance\0" entry - 1
#define HUNDRED        "\x80\0\0\0\0\0\0\x64"
#define MINUS_ONE      "\x7f\xff\xff\xff\xff\xff\xff\xff"

/* What of a buffer matters here: its strings, as FlatBuffers has them. */
#define ADA         "\0\0\0\0\3\0\0\0ada\0\6\0\0\0acc-17\0", 23
#define EMPTY       "\0\0\0\0\6\0\0\0acc-18\0", 15
#define MADE(field) TABLES, "indexes\0bank.AccountRow\0" field, sizeof "indexes\0bank.AccountRow\0" field - 1

/* Two rows, of which one has no owner. */
static void
put_read_model(fixture *f)
{
    put(f, ROW("acc-17"), ADA);
    put(f, ROW("acc-18"), EMPTY);
    put(f, MADE("owner"), "\1", 1);
    put(f, MADE("balance"), "\1", 1);
    put(f, OWNER("ada\0acc-17"), "", 0);
    put(f, BALANCE(HUNDRED "acc-17"), "", 0);
    put(f, BALANCE(MINUS_ONE "acc-18"), "", 0);
}

static void
indexes_that_fit_are_sound(void **state)
{
    fixture *f = *state;

    put_read_model(f);
    run_verify(f);
    expect_output(f, "read models  3 entries in 2 indexes\n");
    expect_output(f, "verdict      sound\n");
    assert_int_equal(f->status, 0);
}

static void
an_entry_without_its_row_is_found(void **state)
{
    fixture *f = *state;

    put_read_model(f);
    put(f, OWNER("bob\0acc-19"), "", 0);
    expect_damage(f, 1, "damage: index of bank.AccountRow.owner: 'bob' leads to no row");
    remove_key(f, OWNER("bob\0acc-19"));
    put(f, BALANCE(HUNDRED "acc-19"), "", 0);
    expect_damage(f, 2, "damage: index of bank.AccountRow.balance: an entry of 14 bytes leads to no row");
}

static void
an_entry_of_another_value_is_found(void **state)
{
    fixture *f = *state;

    put_read_model(f);
    put(f, OWNER("ad\0acc-17"), "", 0);
    remove_key(f, OWNER("ada\0acc-17"));
    expect_damage(f, 1, "damage: index of bank.AccountRow.owner: the row of 'ad' has it not");
}

static void
one_entry_too_many_or_too_few_is_found(void **state)
{
    fixture *f = *state;

    put_read_model(f);
    put(f, BALANCE(HUNDRED "acc-18"), "", 0);
    expect_damage(f, 1, "damage: index of bank.AccountRow.balance: 3 entries for 2 rows");
    remove_key(f, BALANCE(HUNDRED "acc-18"));
    remove_key(f, BALANCE(HUNDRED "acc-17"));
    expect_damage(f, 1, "damage: index of bank.AccountRow.balance: 1 entries for 2 rows");
}

static void
a_row_of_no_index_is_found(void **state)
{
    fixture *f = *state;

    put(f, TABLES, "indexes\0bank.AccountRow", sizeof "indexes\0bank.AccountRow" - 1, "\1", 1);
    expect_damage(f, 1, "damage: indexes: a row of 15 bytes");
}

/* -- schemas -- */

enum { BINARY_MAX = 1 << 16, SPENT_HASH = 0x51 };

#define SCHEMA_NOW   TABLES, "schemas\0purse", 13
#define SCHEMA_FIRST TABLES, "schemas\0purse\0\0\0\0\1", 18
#define TYPE_SPENT   TABLES, "types\0purse.Spent\0\0\0\0\0\0\0\0\x51", 26

static acta_bytes
a_binary(void)
{
    static uint8_t bytes[BINARY_MAX];
    FILE *file = fopen(getenv("ACTA_PURSE_BFBS"), "rb");

    assert_non_null(file);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    assert_in_range(size, 100, sizeof bytes - 1);
    return acta_bytes_from(bytes, size);
}

/* Two schemas, and two events of a type that both have; `hash` is that of the second event. */
static void
put_schemas(fixture *f, const char *type_name, acta_bytes binary, uint64_t hash)
{
    const acta_store_config config = { .path = f->path };
    const acta_kept_schema now = { .name = acta_str_of("purse"), .number = 2, .hash = 20, .binary = binary },
                           first = { .name = now.name, .number = 1, .hash = 10, .binary = a_binary() };
    const acta_kept_type type = { .type = acta_str_of(type_name),
        .schema = now.name,
        .hash = SPENT_HASH,
        .number = 2,
        .first_number = 1,
        .version = 1 };
    const acta_event events[] = { { .type = acta_str_of("purse.Spent"), .schema_hash = SPENT_HASH },
        { .type = acta_str_of("purse.Spent"), .schema_hash = hash },
        { .type = acta_str_of("raw.A"), .schema_hash = 1 } };
    acta_memory *memory = acta_memory_create(NULL);
    acta_error error;
    acta_store *store;

    assert_int_equal(ACTA_OK, acta_store_open(&config, &store, &error));
    acta_transaction *t = acta_transaction_create(store);
    acta_transaction_append(t, acta_str_of("Purse-a"), ACTA_ANY_VERSION, events, 3);
    assert_int_equal(ACTA_OK, acta_kept_schema_put(t, &now, &first, memory, &error));
    assert_int_equal(ACTA_OK, acta_kept_type_put(t, &type, memory, &error));
    assert_int_equal(ACTA_OK, acta_store_commit(store, t, NULL, &error));
    acta_store_close(store);
    acta_memory_destroy(memory);
}

static void
schemas_that_are_whole_are_counted(void **state)
{
    fixture *f = *state;

    put_schemas(f, "purse.Spent", a_binary(), SPENT_HASH);
    run_verify(f);
    expect_output(f, "schemas      2 kept, of 1 types of events\n");
    expect_output(f, "verdict      sound\n");
    assert_int_equal(f->status, 0);
}

static void
a_damaged_schema_is_found(void **state)
{
    fixture *f = *state;

    put_schemas(f, "purse.Spent", a_binary(), SPENT_HASH);
    flip(f, SCHEMA_NOW, 100, false);
    expect_damage(f, 1, "damage: schemas: row 1 is damaged\n");
    flip(f, SCHEMA_NOW, 100, false);
    flip(f, TYPE_SPENT, 12, false);
    expect_damage(f, 2, "damage: types: row 1 is damaged\n"); /* and so its events have none */
}

static void
a_missing_schema_is_found(void **state)
{
    fixture *f = *state;

    put_schemas(f, "purse.Spent", a_binary(), SPENT_HASH);
    remove_key(f, SCHEMA_FIRST);
    expect_damage(f, 1, "damage: types: 'purse.Spent' leads to schema 1 of 'purse', which is missing\n");
    remove_key(f, SCHEMA_NOW);
    expect_damage(f, 2, "damage: types: 'purse.Spent' leads to schema 2 of 'purse', which is missing\n");
}

static void
a_schema_that_is_none_is_found(void **state)
{
    fixture *f = *state;

    put_schemas(f, "purse.Spent", acta_bytes_from("no schema", 9), SPENT_HASH);
    expect_damage(f, 1, "damage: schemas: number 2 of 'purse' is no binary schema\n");
}

static void
a_schema_without_the_type_is_found(void **state)
{
    fixture *f = *state;

    put_schemas(f, "purse.Other", a_binary(), SPENT_HASH);
    expect_damage(f, 3, "damage: types: schema 2 of 'purse' has no 'purse.Other'\n");
    expect_damage(f, 3,
        "damage: position 9: the log has kept no schema of 'purse.Spent' with the hash 0000000000000051 (2 events)\n");
}

static void
an_event_without_a_schema_is_found(void **state)
{
    fixture *f = *state;

    put_schemas(f, "purse.Spent", a_binary(), SPENT_HASH + 1);
    expect_damage(f, 1,
        "damage: position 10: the log has kept no schema of 'purse.Spent' with the hash 0000000000000052 (1 event)\n");
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        on_pages(indexes_that_fit_are_sound),
        on_pages(an_entry_without_its_row_is_found),
        on_pages(an_entry_of_another_value_is_found),
        on_pages(one_entry_too_many_or_too_few_is_found),
        on_pages(a_row_of_no_index_is_found),
        on_pages(schemas_that_are_whole_are_counted),
        on_pages(a_damaged_schema_is_found),
        on_pages(a_missing_schema_is_found),
        on_pages(a_schema_that_is_none_is_found),
        on_pages(a_schema_without_the_type_is_found),
        on_pages(an_event_without_a_schema_is_found),
    };

    if (!verify_begin(argc, argv)) return 2;
    return cmocka_run_group_tests_name("acta verify, indexes of read models", tests, NULL, NULL);
}
