/*
 * Projections into SQLite: rows and position in one transaction of the file, whatever it refuses and wherever the process dies.
 */
#include <unistd.h>

#include "counters_db.h"
#include "fixture.h"

static char path[300];
static acta_sqlite database;
static ledger_projection projection;
static const acta_projection *const projections[] = { &projection.base, NULL };
static sqlite3 *outside; /* somebody who looks, and sometimes writes */

static int
set_up_file(void **state)
{
    if (set_up_manual(state) != 0) return -1;
    const fixture *f = FIXTURE(state);
    snprintf(path, sizeof path, "%.*s/counters.db", (int)(strrchr(f->path, '/') - f->path), f->path);
    database = (acta_sqlite)ACTA_SQLITE(.path = path, .prepare = counters_prepare, .busy_ms = 1);
    projection = counters_projection;
    projection.database = &database.base;
    counters_hook = (counters_hooks){ .opened = NULL };
    return sqlite3_open(path, &outside) == SQLITE_OK ? 0 : -1;
}

static int
tear_down_file(void **state)
{
    sqlite3_close(outside);
    return tear_down(state);
}
#define with_file(test) cmocka_unit_test_setup_teardown(test, set_up_file, tear_down_file)

static void
start_projecting(fixture *f)
{
    f->config.projections = projections;
    start(f);
}

/* By the log, up to the position that the file says. */
static void
expect_exact(fixture *f)
{
    static const char *const ids[] = { "a", "b", "bad" };
    int64_t position = counters_position(outside, "counters");

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        acta_read read = { .from = 1 };
        acta_recorded recorded;
        acta_cursor *cursor;
        counters_row row = counters_find(outside, ids[i]), folded = { 0 };
        MUST(f, acta_cursor_open(acta_app_store(f->app), &read, &cursor, &f->error));
        while (acta_cursor_next(cursor, &recorded, &f->error) == ACTA_OK && (int64_t)recorded.position <= position) {
            ledger_Added event;
            ledger_Added_decode(recorded.payload, &event);
            if (!acta_str_equal(event.counter_id, acta_str_of(ids[i]))) continue;
            folded.total += event.amount;
            folded.additions++;
        }
        acta_cursor_close(cursor);
        assert_int_equal(row.total, folded.total);
        assert_int_equal(row.additions, folded.additions);
    }
}

static void
expect_all(fixture *f)
{
    assert_int_equal(counters_position(outside, "counters"), acta_store_head(acta_app_store(f->app)));
    expect_exact(f);
    assert_int_equal(count_rows(f, "parked"), 0);
}

static void
rows_are_in_the_file(void **state)
{
    static const char *const wait_for[] = { "counters", NULL };
    fixture *f = FIXTURE(state);

    start_projecting(f);
    for (int i = 1; i <= 10; i++) {
        MUST(f, add_with(f, "a", 2, &(acta_dispatch_options){ .wait_for = wait_for }));
        assert_int_equal(counters_find(outside, "a").total, 2 * i);
    }
    stop(f);
    start_projecting(f);
    add(f, "b", 1);
    settle(f);
    expect_all(f);
}

/* AP-33: the application dies between any two steps; the file has the fold up to its position, at each of them. */
static void
rows_are_the_fold_wherever_the_process_dies(void **state)
{
    fixture *f = FIXTURE(state);
    bool finished = false;

    projection.window = 3;
    for (uint32_t steps = 0; !finished; steps += 3) {
        answer answers[8] = { { 0 } };
        start_projecting(f);
        for (int i = 0; i < 8; i++)
            add_async(f, i % 2 ? "a" : "b", 0, NULL, &answers[i]);
        uint32_t taken = 0;
        while (taken < steps && step(f))
            taken++;
        expect_exact(f);
        finished = taken < steps;
        crash(f);
        start_projecting(f);
        settle(f);
        expect_all(f);
        stop(f);
        assert_true(steps < 1000);
    }
}

static void
sql(const char *text)
{
    if (sqlite3_exec(outside, text, NULL, NULL, NULL) != SQLITE_OK) fail_msg("%s: %s", text, sqlite3_errmsg(outside));
}

/* AP-34: somebody else writes for long; the batch waits, and all can see that it does. */
static void
a_busy_file_is_waited_for(void **state)
{
    fixture *f = FIXTURE(state);

    start_projecting(f);
    add(f, "a", 1);
    settle(f);
    sql("BEGIN IMMEDIATE");
    for (int i = 0; i < 5; i++)
        add(f, "a", 1);
    pass_ms(f, 500);
    acta_reader_info info = reader_info(f, "counters");
    assert_int_equal(info.state, ACTA_READER_RETRYING);
    assert_non_null(strstr(info.reason, "database is locked"));
    assert_true(info.passed < acta_store_head(acta_app_store(f->app)));
    assert_true(info.retries > 0);
    assert_int_equal(counters_find(outside, "a").additions, 1);
    sql("ROLLBACK");
    settle(f);
    expect_all(f);
    assert_int_equal(counters_find(outside, "a").additions, 6);
}

static int page_max;

static void
limit_pages(sqlite3 *db)
{
    char text[64];

    snprintf(text, sizeof text, "PRAGMA max_page_count = %d", page_max);
    sqlite3_exec(db, text, NULL, NULL, NULL);
}

/* AP-34: no room; nothing of the batch is there, no event is to blame, and with room it is done once. */
static void
a_full_file_is_waited_for(void **state)
{
    fixture *f = FIXTURE(state);

    page_max = 6;
    counters_hook.opened = limit_pages;
    start_projecting(f);
    for (int i = 0; i < 300; i++) {
        char id[120];
        snprintf(id, sizeof id, "%0*d", 100, i);
        add(f, id, 1);
    }
    pass_ms(f, 2000);
    acta_reader_info info = reader_info(f, "counters");
    assert_int_equal(info.state, ACTA_READER_RETRYING);
    assert_non_null(strstr(info.reason, "database or disk is full"));
    assert_int_equal(info.parked, 0);
    expect_exact(f);
    page_max = 1000000;
    settle(f);
    expect_all(f);
}

/* AP-34: the file is away at the start, and comes. */
static void
a_file_that_can_t_be_opened_is_waited_for(void **state)
{
    fixture *f = FIXTURE(state);
    char away[320];

    snprintf(away, sizeof away, "%s.folder/counters.db", path);
    database.path = away;
    start_projecting(f);
    add(f, "a", 1);
    pass_ms(f, 1000);
    assert_int_equal(reader_info(f, "counters").state, ACTA_READER_RETRYING);
    assert_non_null(strstr(reader_info(f, "counters").reason, "unable to open database file"));
    database.path = path;
    settle(f);
    expect_all(f);
}

static uint32_t failures;

static acta_status
fail_bad(acta_rows *rows, const ledger_Added *event, acta_error *error)
{
    sqlite3 *db = acta_sqlite_of(rows);

    assert_non_null(db);
    if (!acta_str_equal(event->counter_id, S("bad")) || failures == 0) return ACTA_OK;
    failures--;
    if (failures % 2 == 0) return acta_error_set(error, ACTA_INVALID, "it is full moon");
    return acta_sqlite_execute(db, "INSERT INTO counters VALUES ('bad', 0, 0)", error);
}

/* What a constraint forbids, or the function itself, is the event's own: the others go on without it. */
static void
an_event_that_fails_is_set_aside_and_done_once(void **state)
{
    fixture *f = FIXTURE(state);
    answer answers[12] = { { 0 } };

    failures = 4;
    counters_hook.added = fail_bad;
    start_projecting(f);
    for (int i = 0; i < 12; i++)
        add_async(f, i % 3 == 0 ? "bad" : "a", 1, NULL, &answers[i]);
    run_all(f);
    assert_int_equal(counters_find(outside, "a").additions, 8);
    assert_int_equal(counters_find(outside, "bad").additions, 0);
    assert_int_equal(count_rows(f, "parked"), 4);
    settle(f);
    expect_all(f);
    assert_int_equal(counters_find(outside, "bad").additions, 4);
}

static acta_status
end_the_transaction(acta_rows *rows, const ledger_Added *event, acta_error *error)
{
    (void)event;
    if (failures == 0) return ACTA_OK;
    failures--;
    return acta_sqlite_execute(acta_sqlite_of(rows), "ROLLBACK", error);
}

static void
a_function_must_leave_the_transaction_alone(void **state)
{
    fixture *f = FIXTURE(state);

    failures = 3;
    counters_hook.added = end_the_transaction;
    start_projecting(f);
    add(f, "a", 1);
    run_all(f);
    assert_non_null(
        strstr(reader_info(f, "counters").reason, "a function of the projection has ended the batch's transaction"));
    settle(f);
    expect_all(f);
}

/* Two write into one file: whoever finds that the other was there begins anew; nothing is done twice. */
static void
a_position_that_somebody_moved_is_noticed(void **state)
{
    fixture *f = FIXTURE(state);

    start_projecting(f);
    add(f, "a", 1);
    settle(f);
    sql("DELETE FROM counters");
    sql("UPDATE acta_positions SET position = 0, event = 0");
    add(f, "a", 1);
    pass_ms(f, 40000);
    settle(f);
    expect_all(f);
    assert_int_equal(counters_find(outside, "a").additions, 2);
    sql("DELETE FROM counters");
    sql("DELETE FROM acta_positions");
    add(f, "a", 1);
    pass_ms(f, 40000);
    settle(f);
    expect_all(f);
    assert_int_equal(counters_find(outside, "a").additions, 3);
}

static void
a_file_of_another_log_is_refused(void **state)
{
    fixture *f = FIXTURE(state);

    start_projecting(f);
    for (int i = 0; i < 5; i++)
        add(f, "a", 1);
    settle(f);
    stop(f);
    sql("UPDATE acta_positions SET position = 7");
    start_projecting(f);
    run_all(f);
    acta_reader_info info = reader_info(f, "counters");
    assert_int_equal(info.state, ACTA_READER_STALLED);
    assert_non_null(strstr(info.reason, "its database is at position 7, and the log ends at 5"));
    stop(f);
    sql("UPDATE acta_positions SET position = 5, mark = 'nonsense'");
    start_projecting(f);
    run_all(f);
    assert_non_null(strstr(reader_info(f, "counters").reason, "acta_positions.mark"));
}

static acta_status
prepare_too_many(acta_rows *rows, const ledger_Added *event, acta_error *error)
{
    static char texts[ACTA_SQLITE_STATEMENTS_MAX][16];
    sqlite3_stmt *statement;
    acta_status status = ACTA_OK;
    (void)event;

    for (uint32_t i = 0; status == ACTA_OK && i < ACTA_SQLITE_STATEMENTS_MAX; i++) {
        snprintf(texts[i], sizeof texts[i], "SELECT %u", i);
        status = acta_sqlite_statement(rows, texts[i], &statement, error);
    }
    return status;
}

static acta_status
prepare_nonsense(acta_rows *rows, const ledger_Added *event, acta_error *error)
{
    sqlite3_stmt *statement;
    (void)event;
    assert_int_equal(acta_sqlite_statement(rows, "", &statement, error), ACTA_INVALID);
    return acta_sqlite_statement(rows, "SELECT nonsense", &statement, error);
}

static void
statements_are_bounded_and_their_errors_told(void **state)
{
    fixture *f = FIXTURE(state);

    projection.retry_max = 1;
    counters_hook.added = prepare_nonsense;
    start_projecting(f);
    add(f, "a", 1);
    pass_ms(f, 5000);
    assert_non_null(strstr(reader_info(f, "counters").reason, "no such column: nonsense"));
    counters_hook.added = prepare_too_many;
    add(f, "b", 1);
    pass_ms(f, 5000);
    assert_non_null(strstr(reader_info(f, "counters").reason, "more than 64 texts of statements"));
    assert_int_equal(reader_info(f, "counters").parked, 2);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        with_file(rows_are_in_the_file),
        with_file(rows_are_the_fold_wherever_the_process_dies),
        with_file(a_busy_file_is_waited_for),
        with_file(a_full_file_is_waited_for),
        with_file(a_file_that_can_t_be_opened_is_waited_for),
        with_file(an_event_that_fails_is_set_aside_and_done_once),
        with_file(a_function_must_leave_the_transaction_alone),
        with_file(a_position_that_somebody_moved_is_noticed),
        with_file(a_file_of_another_log_is_refused),
        with_file(statements_are_bounded_and_their_errors_told),
    };
    return run_on_memory("projections into SQLite", tests);
}
