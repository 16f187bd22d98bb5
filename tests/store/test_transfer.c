/*
 * Transfer: a log into another store, entry by entry, with the rows beside it or without: then the commands that its events
 * were of are known as done. What lacks rows that it awaits is not written by anybody.
 */
#include <unistd.h>

#include "acta/operations.h"
#include "acta/transfer.h"

#include "fixture.h"

enum { DONE = 1, DONE_IN_TWO = 2, REFUSED = 3, EVENTS = 4 };

static acta_id
id_of(uint8_t number)
{
    return (acta_id){ .bytes = { number } };
}

/* One command of an event, one of two in other streams, one that was refused; rows of a table behind "tags", and before it. */
static void
fill(fixture *f)
{
    const acta_outcome done = { .status = ACTA_OK, .command_digest = { { 9 } } },
                       refused = { .status = ACTA_REJECTED, .rejection = "no" };
    acta_str tags[] = { S("k") };
    acta_event event = event_of("test.Done", "d");
    acta_transaction *t = acta_transaction_create(f->store);

    append_ok(f, "other", "first");
    event.tags = tags;
    event.tag_count = 1;
    acta_transaction_append(t, S("one"), ACTA_ANY_VERSION, &event, 1);
    acta_transaction_outcome(t, id_of(DONE), &done);
    acta_transaction_claim(t, "name", B("anna"), S("one"));
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    t = acta_transaction_create(f->store);
    acta_transaction_append(t, S("one"), ACTA_ANY_VERSION, &event, 1);
    acta_transaction_append(t, S("two"), ACTA_ANY_VERSION, &event, 1);
    acta_transaction_outcome(t, id_of(DONE_IN_TWO), &done);
    acta_transaction_put(t, "views", B("v"), B("row\0of bytes"));
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    t = acta_transaction_create(f->store);
    acta_transaction_outcome(t, id_of(REFUSED), &refused);
    acta_transaction_put(t, "a", B(""), B(""));
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    close_store(f);
    f->config.read_only = true;
    open_store_ok(f);
}

/* What is done to the copy beside the store. */
static acta_import *
open_copy(fixture *f)
{
    char path[400];
    acta_import *import;

    if (acta_import_open(beside(f, ".copy", path, sizeof path), NULL, &import, &f->error) != ACTA_OK)
        fail_msg("%s", f->error.text);
    return import;
}

static acta_export *
add_entries(fixture *f, acta_import *import)
{
    acta_export *log;
    acta_entry entry;

    assert_int_equal(ACTA_OK, acta_export_open(f->store, acta_import_position(import) + 1, &log, &f->error));
    while (acta_export_next(log, &entry, &f->error) == ACTA_OK)
        assert_int_equal(ACTA_OK, acta_import_add(import, &entry, &f->error));
    return log;
}

static uint32_t
add_rows(fixture *f, acta_import *import, acta_export *log)
{
    acta_table_row row;
    uint32_t count = 0;

    while (acta_export_next_row(log, &row, &f->error) == ACTA_OK) {
        assert_int_equal(ACTA_OK, acta_import_add_row(import, &row, &f->error));
        count++;
    }
    return count;
}

static fixture
open_to(const fixture *f, const char *ending, bool read_only)
{
    fixture other = *f;

    other.store = NULL;
    other.config.read_only = read_only;
    beside(f, ending, other.path, sizeof other.path);
    open_store_ok(&other);
    return other;
}

static void
expect_same_rows(fixture *f, fixture *copy)
{
    acta_export *a, *b;
    acta_table_row left, right;
    uint32_t count = 0;

    assert_int_equal(ACTA_OK, acta_export_open(f->store, 1, &a, &f->error));
    assert_int_equal(ACTA_OK, acta_export_open(copy->store, 1, &b, &f->error));
    for (; acta_export_next_row(a, &left, &f->error) == ACTA_OK; count++) {
        assert_int_equal(ACTA_OK, acta_export_next_row(b, &right, &f->error));
        assert_true(acta_str_equal(left.table, right.table));
        assert_true(
            acta_str_equal(acta_str_from(left.key.data, left.key.size), acta_str_from(right.key.data, right.key.size)));
        assert_true(acta_str_equal(
            acta_str_from(left.value.data, left.value.size), acta_str_from(right.value.data, right.value.size)));
        assert_false(acta_str_equal(left.table, S("tags")));
    }
    assert_int_equal(count, 6); /* a, claims, 3 outcomes, views */
    assert_int_equal(ACTA_NOT_FOUND, acta_export_next_row(a, &left, &f->error));
    assert_int_equal(ACTA_NOT_FOUND, acta_export_next_row(b, &right, &f->error));
    acta_export_close(a);
    acta_export_close(b);
}

static void
rows_come_along(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_table_row stale = { S("stale"), B("k"), B("v") };

    fill(f);
    acta_import *import = open_copy(f);
    assert_int_equal(ACTA_OK, acta_import_add_row(import, &stale, &f->error));
    acta_import_await_rows(import);
    acta_export *log = add_entries(f, import);
    assert_int_equal(6, add_rows(f, import, log));
    assert_int_equal(ACTA_OK, acta_import_end_rows(import, &f->error));
    assert_false(acta_import_awaits_rows(import));
    acta_export_close(log);
    if (acta_import_close(import, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);

    fixture copy = open_to(f, ".copy", true);
    expect_same_rows(f, &copy);
    assert_int_equal(EVENTS, count_log(&copy));
    close_store(&copy);
    copy = open_to(f, ".copy", false);
    append_ok(&copy, "other", "it goes on");
    close_store(&copy);
}

static void
rows_of_what_may_be_written_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    acta_export *log;
    acta_table_row row;

    append_ok(f, "other", "first");
    assert_int_equal(ACTA_OK, acta_export_open(f->store, 1, &log, &f->error));
    assert_int_equal(ACTA_INVALID, acta_export_next_row(log, &row, &f->error));
    assert_non_null(strstr(f->error.text, "open it read_only"));
    acta_export_close(log);
}

static acta_outcome
outcome_of(fixture *copy, uint8_t number)
{
    acta_outcome outcome;

    if (acta_store_outcome(copy->store, id_of(number), &outcome, &copy->error) != ACTA_OK)
        fail_msg("command %d: %s", number, copy->error.text);
    return outcome;
}

/* Of the import's time, so that a retention doesn't forget it before it was asked for; of the events' places. */
static void
a_log_alone_knows_what_was_done(void **state)
{
    static const acta_digest none;
    fixture *f = FIXTURE(state);
    acta_restore_report report;
    acta_outcome outcome;
    char from[400], to[400];

    fill(f);
    acta_import *import = open_copy(f);
    acta_export_close(add_entries(f, import));
    if (acta_import_close(import, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);

    fixture copy = open_to(f, ".copy", false);
    outcome = outcome_of(&copy, DONE);
    assert_int_equal(ACTA_OK, outcome.status);
    assert_int_equal(2, outcome.position);
    assert_int_equal(1, outcome.version);
    assert_memory_equal(&outcome.command_digest, &none, sizeof none);
    assert_int_equal(4, outcome_of(&copy, DONE_IN_TWO).position);
    assert_int_equal(ACTA_NOT_FOUND, acta_store_outcome(copy.store, id_of(REFUSED), &outcome, &f->error));
    int64_t imported_at_us = outcome_of(&copy, DONE).recorded_at_us;
    append_ok(&copy, "other", "behind the cut");
    close_store(&copy);

    /* It stays when the log is cut behind its events, before the import's time or not. */
    const acta_restore_config config = {
        .backup = beside(f, ".copy", from, sizeof from), .path = beside(f, ".cut", to, sizeof to), .to_position = 3
    };
    if (acta_restore(&config, &report, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    assert_int_equal(1, report.outcomes_dropped);
    fixture cut = open_to(f, ".cut", false);
    assert_true(outcome_of(&cut, DONE).recorded_at_us == imported_at_us);
    assert_int_equal(ACTA_NOT_FOUND, acta_store_outcome(cut.store, id_of(DONE_IN_TWO), &outcome, &f->error));
    close_store(&cut);
}

static void
refuse_lacking(fixture *f, const char *ending)
{
    fixture other = *f;

    other.store = NULL;
    other.config.read_only = false;
    beside(f, ending, other.path, sizeof other.path);
    assert_int_equal(ACTA_CORRUPT, open_store(&other));
    assert_non_null(strstr(other.error.text, "rows of an import have not all come"));
    other = open_to(f, ending, true);
    assert_int_equal(EVENTS, count_log(&other));
    assert_int_equal(ACTA_CORRUPT, acta_store_verify(other.store, NULL, NULL, NULL, &f->error));
    assert_non_null(strstr(f->error.text, "rows of an import have not all come"));
    close_store(&other);
}

static void
what_lacks_rows_is_not_written(void **state)
{
    fixture *f = FIXTURE(state);
    char from[400], to[400];
    acta_repair_report report;

    fill(f);
    acta_import *import = open_copy(f);
    acta_import_await_rows(import);
    acta_export_close(add_entries(f, import));
    assert_int_equal(ACTA_OK, acta_import_close(import, &f->error));
    refuse_lacking(f, ".copy");

    /* They can't be made up: it isn't mended, but imported again. */
    const acta_repair_config config = { .path = beside(f, ".copy", from, sizeof from),
        .target = beside(f, ".mended", to, sizeof to) };
    assert_int_equal(ACTA_CORRUPT, acta_repair(&config, &report, &f->error));
    assert_non_null(strstr(f->error.text, "rows of an import have not all come"));
    assert_int_equal(-1, access(to, F_OK));

    import = open_copy(f);
    assert_true(acta_import_awaits_rows(import));
    assert_int_equal(EVENTS, acta_import_position(import));
    acta_import_await_rows(import);
    acta_export *log = add_entries(f, import);
    add_rows(f, import, log);
    acta_export_close(log);
    assert_int_equal(ACTA_OK, acta_import_end_rows(import, &f->error));
    assert_int_equal(ACTA_OK, acta_import_close(import, &f->error));
    fixture copy = open_to(f, ".copy", true);
    expect_same_rows(f, &copy);
    close_store(&copy);
}

static void
refuse_row(fixture *f, acta_import *import, acta_str table, size_t key_size, size_t value_size, const char *text)
{
    static uint8_t bytes[ACTA_PAYLOAD_MAX + 1];
    const acta_table_row row = { table, acta_bytes_from(bytes, key_size), acta_bytes_from(bytes, value_size) };

    assert_int_equal(ACTA_INVALID, acta_import_add_row(import, &row, &f->error));
    if (strstr(f->error.text, text) == NULL) fail_msg("'%s' without '%s'", f->error.text, text);
}

static void
rows_that_no_store_takes_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_table_row row = { S("views"), B("k"), B("v") };
    acta_entry entry = { .event = { .position = 1 } };
    acta_import *import = open_copy(f);

    refuse_row(f, import, S("Views"), 1, 1, "'Views' is no name of a table");
    refuse_row(f, import, S(""), 1, 1, "'' is no name of a table");
    refuse_row(f, import, S("vi\0ws"), 1, 1, "is no name of a table");
    refuse_row(f, import, S("tags"), 1, 0, "made from the log");
    refuse_row(f, import, S("views"), ACTA_KEY_MAX + 1, 0, "a key of table 'views' has at most");
    refuse_row(f, import, S("views"), 1, ACTA_PAYLOAD_MAX + 1, "a key of table 'views' has at most");
    assert_int_equal(ACTA_INVALID, acta_import_end_rows(import, &f->error));
    assert_non_null(strstr(f->error.text, "no rows were awaited"));
    acta_import_await_rows(import);
    assert_int_equal(ACTA_OK, acta_import_add_row(import, &row, &f->error));
    assert_int_equal(ACTA_OK, acta_import_end_rows(import, &f->error));
    assert_int_equal(ACTA_INVALID, acta_import_add_row(import, &row, &f->error));
    assert_int_equal(ACTA_INVALID, acta_import_add(import, &entry, &f->error));
    assert_int_equal(ACTA_INVALID, acta_import_end_rows(import, &f->error));
    assert_non_null(strstr(f->error.text, "all rows came"));
    assert_int_equal(ACTA_OK, acta_import_close(import, &f->error));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(rows_come_along),
        on_store(rows_of_what_may_be_written_are_refused),
        on_store(a_log_alone_knows_what_was_done),
        on_store(what_lacks_rows_is_not_written),
        on_store(rows_that_no_store_takes_are_refused),
    };
    return run_on_rocksdb("store-transfer", tests);
}
