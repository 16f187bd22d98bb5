/*
 * Counters as rows of SQLite.
 */
#include "counters_db.h"

counters_hooks counters_hook;

acta_status
counters_prepare(void *user, sqlite3 *db, acta_error *error)
{
    (void)user;
    acta_status status = acta_sqlite_execute(db,
        "CREATE TABLE IF NOT EXISTS counters (id TEXT PRIMARY KEY, total INTEGER NOT NULL, additions INTEGER NOT NULL)",
        error);
    if (status == ACTA_OK && counters_hook.opened != NULL) counters_hook.opened(db);
    return status;
}

static acta_status
added(void *user, ledger_Added event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    sqlite3_stmt *add;
    (void)user;
    (void)recorded;

    acta_status status = acta_sqlite_statement(rows,
        "INSERT INTO counters VALUES (?1, ?2, 1) ON CONFLICT (id) DO UPDATE SET total = total + ?2, additions = "
        "additions + 1",
        &add, error);
    if (status != ACTA_OK) return status;
    sqlite3_bind_text(add, 1, event.counter_id.data, (int)event.counter_id.size, SQLITE_STATIC);
    sqlite3_bind_int64(add, 2, event.amount);
    status = acta_sqlite_run(add, error);
    if (status == ACTA_OK && counters_hook.added != NULL) status = counters_hook.added(rows, &event, error);
    return status;
}

const ledger_projection counters_projection = LEDGER_PROJECTION(.name = "counters", .on = { .Added = added });

static int64_t
one(sqlite3 *db, const char *sql, const char *key, int column)
{
    sqlite3_stmt *row;
    int64_t value = 0;

    if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK) return 0;
    sqlite3_bind_text(row, 1, key, -1, SQLITE_STATIC);
    if (sqlite3_step(row) == SQLITE_ROW) value = sqlite3_column_int64(row, column);
    sqlite3_finalize(row);
    return value;
}

counters_row
counters_find(sqlite3 *db, const char *id)
{
    static const char *const sql = "SELECT total, additions FROM counters WHERE id = ?1";
    return (counters_row){ .total = one(db, sql, id, 0), .additions = (uint32_t)one(db, sql, id, 1) };
}

int64_t
counters_position(sqlite3 *db, const char *name)
{
    return one(db, "SELECT position FROM acta_positions WHERE name = ?1", name, 0);
}
