/*
 * acta verify on a store with read models that have indexes: an entry without its row, of another value, or one too many or too
 * few is found.
 *
 *     tools-verify_indexes ACTA GOLDEN    rows are put into a copy of the store of format 2, as docs/format.md says
 */
#include "verify_fixture.h"

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

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        on_pages(indexes_that_fit_are_sound),
        on_pages(an_entry_without_its_row_is_found),
        on_pages(an_entry_of_another_value_is_found),
        on_pages(one_entry_too_many_or_too_few_is_found),
        on_pages(a_row_of_no_index_is_found),
    };

    if (!verify_begin(argc, argv)) return 2;
    return cmocka_run_group_tests_name("acta verify, indexes of read models", tests, NULL, NULL);
}
