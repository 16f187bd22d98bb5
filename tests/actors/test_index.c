/*
 * Indexes of read models: rows are found by them in order, they change with their rows and with nothing else, wherever the
 * process dies, and are made of the rows that are there when they are new.
 */
#include "acta/index.h"
#include "fixture.h"

static const acta_projection *const projections[] = { &ledger_job_rows.base, NULL };

static void
start_indexed(fixture *f)
{
    f->config.projections = projections;
    f->config.schema = &ledger_schema;
    start(f);
}

static void
begin_job(fixture *f, const char *id, int64_t amount)
{
    MUST(f, ledger_StartJob_dispatch(
                f->app, ACTA_INIT(ledger_StartJob, .job_id = S(id), .amount = amount), NULL, &f->error));
}

static void
end_job(fixture *f, const char *id, const char *reason)
{
    MUST(f, ledger_EndJob_dispatch(
                f->app, ACTA_INIT(ledger_EndJob, .job_id = S(id), .reason = S(reason)), NULL, &f->error));
}

/* -- what is found, "a b c" -- */

typedef struct found {
    char text[256];
    uint32_t count, stop_at; /* 0: at no row */
} found;

static bool
note_row(void *user, const ledger_JobRow *row)
{
    found *seen = user;
    size_t size = strlen(seen->text);

    snprintf(seen->text + size, sizeof seen->text - size, "%s" ACTA_FMT, size > 0 ? " " : "", ACTA_ARG(row->job_id));
    return ++seen->count != seen->stop_at;
}

static void
expect_by_reason(fixture *f, acta_str_range range, const char *expected)
{
    found seen = { .count = 0 };

    MUST(f, ledger_JobRow_by_reason(f->app, &range, note_row, &seen, &f->error));
    assert_string_equal(seen.text, expected);
}

static void
expect_by_amount(fixture *f, acta_number_range range, const char *expected)
{
    found seen = { .count = 0 };

    MUST(f, ledger_JobRow_by_amount(f->app, &range, note_row, &seen, &f->error));
    assert_string_equal(seen.text, expected);
}

static void
check(fixture *f)
{
    MUST(f, acta_read_model_check(f->app, &ledger_JobRow_table, &f->error));
}

/* -- tests -- */

static void
rows_are_found_by_string(void **state)
{
    static const char *const jobs[][2] = { { "a", "done" }, { "b", "do" }, { "c", "late" }, { "d", "done" },
        { "e", "" }, { "f", "l\xc3\xa4t" }, { "g", "donec" } };
    fixture *f = FIXTURE(state);
    found seen = { .count = 0 };

    start_indexed(f);
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        begin_job(f, jobs[i][0], 1);
        end_job(f, jobs[i][0], jobs[i][1]);
    }
    begin_job(f, "running", 1); /* has no reason */
    settle(f);
    expect_by_reason(f, (acta_str_range){ .backward = false }, "e b a d g c f");
    expect_by_reason(f, (acta_str_range){ .backward = true }, "f c g d a b e");
    expect_by_reason(f, (acta_str_range){ .equal = S("done") }, "a d");
    expect_by_reason(f, (acta_str_range){ .equal = S("done"), .backward = true }, "d a");
    expect_by_reason(f, (acta_str_range){ .equal = S("") }, "e");
    expect_by_reason(f, (acta_str_range){ .equal = S("don") }, "");
    expect_by_reason(f, (acta_str_range){ .prefix = S("do") }, "b a d g");
    expect_by_reason(f, (acta_str_range){ .prefix = S("do"), .backward = true }, "g d a b");
    expect_by_reason(f, (acta_str_range){ .from = S("done"), .to = S("late") }, "a d g c");
    expect_by_reason(f, (acta_str_range){ .from = S("l") }, "c f");
    expect_by_reason(f, (acta_str_range){ .to = S("do") }, "e b");
    expect_by_reason(f, (acta_str_range){ .prefix = S("do"), .from = S("donb"), .to = S("done") }, "a d");
    expect_by_reason(f, (acta_str_range){ .from = S("late"), .to = S("done") }, "");
    MUST(f, ledger_JobRow_by_reason(f->app, NULL, note_row, &seen, &f->error));
    assert_int_equal(seen.count, 7);
    check(f);
}

static void
rows_are_found_by_number(void **state)
{
    static const int64_t amounts[] = { 5, -7, 0, INT64_MAX, INT64_MIN, 5, 300 };
    fixture *f = FIXTURE(state);
    found seen = { .count = 0 };

    start_indexed(f);
    for (int i = 0; i < 7; i++)
        begin_job(f, (char[]){ (char)('a' + i), '\0' }, amounts[i]);
    end_job(f, "c", "done");
    settle(f);
    expect_by_amount(f, (acta_number_range){ .backward = false }, "e b c a f g d");
    expect_by_amount(f, (acta_number_range){ .backward = true }, "d g f a c b e");
    expect_by_amount(f, (acta_number_range){ .has_from = true, .from = 5, .has_to = true, .to = 5 }, "a f");
    expect_by_amount(f, (acta_number_range){ .has_from = true, .from = -7, .has_to = true, .to = 5 }, "b c a f");
    expect_by_amount(f, (acta_number_range){ .has_to = true, .to = INT64_MAX }, "e b c a f g d");
    expect_by_amount(f, (acta_number_range){ .has_from = true, .from = INT64_MAX }, "d");
    expect_by_amount(f, (acta_number_range){ .has_to = true, .to = -8, .backward = true }, "e");
    expect_by_amount(f, (acta_number_range){ .has_from = true, .from = 6, .has_to = true, .to = 5 }, "");
    MUST(f, ledger_JobRow_by_is_running(
                f->app, &(acta_number_range){ .has_to = true, .to = 0 }, note_row, &seen, &f->error));
    assert_string_equal(seen.text, "c");
}

/* Pages, forward and backward; what is put behind the cursor meanwhile is seen, what is removed is not. */
static void
a_cursor_goes_on_where_it_was(void **state)
{
    fixture *f = FIXTURE(state);
    acta_index_cursor cursor = { .size = 0 }, *copy = acta_memory_alloc(f->scratch, sizeof cursor);
    acta_number_range range = { .cursor = &cursor };
    found seen = { .stop_at = 2 };

    start_indexed(f);
    for (int i = 0; i < 6; i++)
        begin_job(f, (char[]){ (char)('a' + i), '\0' }, i / 2);
    settle(f);
    MUST(f, ledger_JobRow_by_amount(f->app, &range, note_row, &seen, &f->error));
    assert_string_equal(seen.text, "a b");
    memcpy(copy, &cursor, sizeof cursor);
    begin_job(f, "aa", 0); /* before it */
    begin_job(f, "cc", 1);
    end_job(f, "e", "gone");
    settle(f);
    seen = (found){ .stop_at = 3 };
    MUST(f, ledger_JobRow_by_amount(f->app, &range, note_row, &seen, &f->error));
    assert_string_equal(seen.text, "c cc d");
    seen = (found){ .stop_at = 3 };
    MUST(f, ledger_JobRow_by_amount(f->app, &range, note_row, &seen, &f->error));
    assert_string_equal(seen.text, "f");
    MUST(f, ledger_JobRow_by_amount(f->app, &range, note_row, &seen, &f->error));
    assert_string_equal(seen.text, "f"); /* no more */
    range = (acta_number_range){ .cursor = copy, .backward = true };
    seen = (found){ .count = 0 };
    MUST(f, ledger_JobRow_by_amount(f->app, &range, note_row, &seen, &f->error));
    assert_string_equal(seen.text, "aa a");
}

static void
an_index_changes_with_its_row(void **state)
{
    fixture *f = FIXTURE(state);

    start_indexed(f);
    begin_job(f, "a", 1);
    begin_job(f, "b", 2);
    end_job(f, "a", "done");
    settle(f);
    assert_int_equal(count_rows(f, "ri.ledger.jobrow.amount"), 2);
    assert_int_equal(count_rows(f, "ri.ledger.jobrow.reason"), 1);
    begin_job(f, "a", 3); /* put without a get: the entries of before go too */
    settle(f);
    expect_by_amount(f, (acta_number_range){ .backward = false }, "b a");
    assert_int_equal(count_rows(f, "ri.ledger.jobrow.amount"), 2);
    assert_int_equal(count_rows(f, "ri.ledger.jobrow.reason"), 0);
    end_job(f, "a", "gone");
    end_job(f, "b", "gone");
    settle(f);
    assert_int_equal(count_rows(f, "rm.ledger.jobrow"), 0);
    assert_int_equal(count_rows(f, "ri.ledger.jobrow.amount"), 0);
    assert_int_equal(count_rows(f, "ri.ledger.jobrow.is_running"), 0);
    check(f);
}

static void
an_index_is_right_wherever_the_process_dies(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    for (uint32_t steps = 0; !finished; steps += 3) {
        uint32_t taken = 0;
        start_indexed(f);
        begin_job(f, "a", steps);
        begin_job(f, "b", -(int64_t)steps);
        end_job(f, "b", steps % 2 ? "gone" : "done");
        end_job(f, "a", "done");
        while (taken < steps && step(f))
            taken++;
        finished = taken < steps;
        crash(f);
        start_indexed(f);
        check(f); /* of whatever position they are */
        settle(f);
        check(f);
        assert_int_equal(count_rows(f, "ri.ledger.jobrow.amount"), steps % 2 ? 1 : 2);
        stop(f);
        assert_true(steps < 600);
    }
}

/* -- made, given up, cleared -- */

static void
delete_all(fixture *f, const char *table)
{
    acta_store *store = acta_app_store(f->app);
    acta_row_cursor *cursor;
    acta_bytes key, value;
    acta_transaction *transaction = acta_transaction_create(store);

    MUST(f, acta_row_cursor_open(store, table, acta_bytes_from(NULL, 0), &cursor, &f->error));
    while (acta_row_cursor_next(cursor, &key, &value, &f->error) == ACTA_OK)
        acta_transaction_delete(transaction, table, key);
    acta_row_cursor_close(cursor);
    commit(f, transaction);
}

/* As when (index) is new on a read model that has rows, or was given up for a while: what is left of then goes. */
static void
an_index_is_made_of_the_rows_that_are_there(void **state)
{
    fixture *f = FIXTURE(state);
    found seen = { .count = 0 };

    start_indexed(f);
    begin_job(f, "a", 4);
    begin_job(f, "b", 2);
    settle(f);
    delete_all(f, "indexes");
    delete_all(f, "ri.ledger.jobrow.amount");
    acta_transaction *transaction = acta_transaction_create(acta_app_store(f->app));
    acta_transaction_put(
        transaction, "ri.ledger.jobrow.amount", acta_bytes_from("\x80\0\0\0\0\0\0\1stale", 13), acta_bytes_from("", 0));
    acta_transaction_put(
        transaction, "indexes", acta_bytes_from("ledger.JobRow\0colour", 20), acta_bytes_from("\1", 1));
    acta_transaction_put(transaction, "indexes", acta_bytes_from("other.Row\0colour", 16), acta_bytes_from("\1", 1));
    commit(f, transaction);
    assert_int_equal(ledger_JobRow_by_amount(f->app, NULL, note_row, &seen, &f->error), ACTA_INVALID);
    assert_non_null(strstr(f->error.text, "the index of 'ledger.JobRow.amount' wasn't made"));
    stop(f);
    start_indexed(f);
    check(f);
    expect_by_amount(f, (acta_number_range){ .backward = false }, "b a");
    assert_int_equal(count_rows(f, "indexes"), 4); /* three of ours, and another schema's */
}

/* acta_reader_reset takes rows and entries in one transaction. */
static void
a_projection_that_is_reset_makes_its_index_again(void **state)
{
    static const acta_table *const tables[] = { &ledger_JobRow_table, NULL };
    fixture *f = FIXTURE(state);

    start_indexed(f);
    begin_job(f, "a", 4);
    begin_job(f, "b", 2);
    end_job(f, "b", "done");
    settle(f);
    MUST(f, acta_reader_reset(acta_app_store(f->app), "jobs", tables, &f->error));
    assert_int_equal(count_rows(f, "rm.ledger.jobrow"), 0);
    assert_int_equal(count_rows(f, "ri.ledger.jobrow.amount"), 0);
    assert_int_equal(count_rows(f, "ri.ledger.jobrow.reason"), 0);
    check(f);
    crash(f);
    start_indexed(f);
    settle(f);
    check(f);
    expect_by_amount(f, (acta_number_range){ .backward = false }, "b a");
    expect_by_reason(f, (acta_str_range){ .equal = S("done") }, "b");
}

/* -- what is wrong -- */

static void
an_index_that_is_wrong_is_told(void **state)
{
    fixture *f = FIXTURE(state);
    found seen = { .count = 0 };

    start_indexed(f);
    begin_job(f, "a", 1);
    settle(f);
    delete_all(f, "ri.ledger.jobrow.amount");
    assert_int_equal(acta_read_model_check(f->app, &ledger_JobRow_table, &f->error), ACTA_CORRUPT);
    assert_string_equal(f->error.text, "the 'ledger.JobRow' of 'a' isn't in the index of its amount");
    acta_transaction *transaction = acta_transaction_create(acta_app_store(f->app));
    acta_transaction_put(
        transaction, "ri.ledger.jobrow.amount", acta_bytes_from("\x80\0\0\0\0\0\0\1a", 9), acta_bytes_from("", 0));
    acta_transaction_put(
        transaction, "ri.ledger.jobrow.amount", acta_bytes_from("\x80\0\0\0\0\0\0\1b", 9), acta_bytes_from("", 0));
    commit(f, transaction);
    assert_int_equal(acta_read_model_check(f->app, &ledger_JobRow_table, &f->error), ACTA_CORRUPT);
    assert_string_equal(
        f->error.text, "the index of 'ledger.JobRow.amount' has 2 entries for 1 rows: some have no row");
    expect_by_amount(f, (acta_number_range){ .backward = false }, "a"); /* the other has no row */
    transaction = acta_transaction_create(acta_app_store(f->app));
    acta_transaction_put(transaction, "ri.ledger.jobrow.amount", acta_bytes_from("short", 5), acta_bytes_from("", 0));
    commit(f, transaction);
    assert_int_equal(ledger_JobRow_by_amount(f->app, NULL, note_row, &seen, &f->error), ACTA_CORRUPT);
}

static void
what_has_no_index_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    acta_index_cursor cursor = { .size = ACTA_KEY_MAX };
    found seen = { .count = 0 };

    start_indexed(f);
    assert_int_equal(
        acta_read_model_by_str(f->app, &ledger_JobRow_table, 0, NULL, NULL, &seen, &f->error), ACTA_INVALID);
    assert_string_equal(f->error.text, "'ledger.JobRow.job_id' has no index; write (index)");
    assert_int_equal(
        acta_read_model_by_str(f->app, &ledger_JobRow_table, 9, NULL, NULL, &seen, &f->error), ACTA_INVALID);
    assert_int_equal(
        acta_read_model_by_str(f->app, &ledger_JobRow_table, 2, NULL, NULL, &seen, &f->error), ACTA_INVALID);
    assert_string_equal(f->error.text, "'ledger.JobRow.amount' is no string");
    assert_int_equal(
        acta_read_model_by_number(f->app, &ledger_JobRow_table, 1, NULL, NULL, &seen, &f->error), ACTA_INVALID);
    assert_int_equal(
        ledger_JobRow_by_amount(f->app, &(acta_number_range){ .cursor = &cursor }, note_row, &seen, &f->error),
        ACTA_INVALID);
    assert_int_equal(acta_read_model_check(f->app, &ledger_Added_table, &f->error), ACTA_INVALID);
}

/* Longer than an entry can be: the event fails as any that its projection refuses, and no row of it is left. */
static void
a_value_too_long_for_an_index_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    char reason[ACTA_KEY_MAX + 1];

    memset(reason, 'x', sizeof reason);
    start_indexed(f);
    begin_job(f, "a", 1);
    begin_job(f, "b", 1);
    reason[ACTA_KEY_MAX - 3] = '\0'; /* with its end and the key: as much as goes */
    end_job(f, "a", reason);
    settle(f);
    expect_by_reason(f, (acta_str_range){ .equal = S(reason) }, "a");
    expect_by_reason(f, (acta_str_range){ .prefix = S(reason), .backward = true }, "a");
    reason[ACTA_KEY_MAX - 3] = 'x';
    reason[ACTA_KEY_MAX - 2] = '\0';
    end_job(f, "b", reason);
    run_all(f);
    assert_int_equal(reader_info(f, "jobs").state, ACTA_READER_RETRYING);
    expect_by_reason(f, (acta_str_range){ .prefix = S("x") }, "a");
    reason[ACTA_KEY_MAX - 2] = 'x';
    reason[ACTA_KEY_MAX] = '\0';
    expect_by_reason(f, (acta_str_range){ .equal = S(reason) }, "");
    expect_by_reason(f, (acta_str_range){ .prefix = S(reason) }, "");
    check(f);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        manual(rows_are_found_by_string),
        manual(rows_are_found_by_number),
        manual(a_cursor_goes_on_where_it_was),
        manual(an_index_changes_with_its_row),
        manual(an_index_is_right_wherever_the_process_dies),
        manual(an_index_is_made_of_the_rows_that_are_there),
        manual(a_projection_that_is_reset_makes_its_index_again),
        manual(an_index_that_is_wrong_is_told),
        manual(what_has_no_index_is_refused),
        manual(a_value_too_long_for_an_index_is_refused),
    };
    return run_on_engines("indexes", tests);
}
