/*
 * SQLite as a database of projections.
 *
 *     open    the file in WAL mode -> acta_positions -> the user's tables -> the row of this projection
 *     apply   BEGIN IMMEDIATE -> the row, if it is as we left it -> the user's functions -> COMMIT
 *
 * The row is written first: who finds it changed does nothing in vain. A connection goes from thread to thread, but is in the
 * hands of one at a time, so SQLite's own locks are left out.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acta/id.h"
#include "acta/projection_sqlite.h"

typedef struct prepared {
    const char *sql;
    sqlite3_stmt *statement;
} prepared;

typedef struct connection {
    sqlite3 *db;
    sqlite3_stmt *begin, *commit, *mark;
    prepared prepared[ACTA_SQLITE_STATEMENTS_MAX];
    uint32_t prepared_count;
} connection;

/* -- errors -- */

static bool
is_the_databases_fault(int code)
{
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_NOMEM:
    case SQLITE_READONLY:
    case SQLITE_INTERRUPT:
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_NOTADB:
        return true;
    default:
        return false;
    }
}

acta_status
acta_sqlite_error(sqlite3 *db, const char *text, acta_error *error)
{
    acta_status status = is_the_databases_fault(sqlite3_extended_errcode(db)) ? ACTA_IO : ACTA_INVALID;
    return acta_error_set(error, status, "%s: %s", text, sqlite3_errmsg(db));
}

/* About a text of SQL, of which the beginning is enough. */
static acta_status
sql_error(sqlite3 *db, const char *sql, acta_error *error)
{
    enum { SHOWN = 40 };
    char about[SHOWN + 8];

    snprintf(about, sizeof about, "'%.*s%s'", SHOWN, sql, strlen(sql) > SHOWN ? "…" : "");
    return acta_sqlite_error(db, about, error);
}

acta_status
acta_sqlite_execute(sqlite3 *db, const char *sql, acta_error *error)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK) return ACTA_OK;
    return sql_error(db, sql, error);
}

static acta_status
prepare(sqlite3 *db, const char *sql, sqlite3_stmt **statement_out, acta_error *error)
{
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement_out, NULL) != SQLITE_OK)
        return sql_error(db, sql, error);
    return *statement_out != NULL ? ACTA_OK : acta_error_set(error, ACTA_INVALID, "'%.40s' is no statement", sql);
}

acta_status
acta_sqlite_run(sqlite3_stmt *statement, acta_error *error)
{
    int code;

    do
        code = sqlite3_step(statement);
    while (code == SQLITE_ROW);
    acta_status status =
        code == SQLITE_DONE ? ACTA_OK : sql_error(sqlite3_db_handle(statement), sqlite3_sql(statement), error);
    sqlite3_reset(statement);
    return status;
}

/* -- opening -- */

static void
close_connection(const acta_database *self, void *given)
{
    connection *c = given;
    (void)self;

    sqlite3_finalize(c->begin);
    sqlite3_finalize(c->commit);
    sqlite3_finalize(c->mark);
    for (uint32_t i = 0; i < c->prepared_count; i++)
        sqlite3_finalize(c->prepared[i].statement);
    sqlite3_close_v2(c->db); /* a transaction that is open is rolled back */
    free(c);
}

static acta_status
make_tables(const acta_sqlite *sqlite, sqlite3 *db, acta_error *error)
{
    static const char *const positions = "CREATE TABLE IF NOT EXISTS acta_positions ("
                                         "name TEXT PRIMARY KEY, position INTEGER NOT NULL, event INTEGER NOT NULL, "
                                         "mark TEXT NOT NULL, late INTEGER NOT NULL, late_count INTEGER NOT NULL)";

    acta_status status = acta_sqlite_execute(db, "BEGIN IMMEDIATE", error);
    if (status != ACTA_OK) return status;
    status = acta_sqlite_execute(db, positions, error);
    if (status == ACTA_OK && sqlite->prepare != NULL) status = sqlite->prepare(sqlite->user, db, error);
    if (status == ACTA_OK) status = acta_sqlite_execute(db, "COMMIT", error);
    if (status != ACTA_OK) sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static acta_status
read_row(sqlite3_stmt *row, acta_bookmark *bookmark_out, acta_error *error)
{
    int code = sqlite3_step(row);
    if (code != SQLITE_ROW) return acta_sqlite_error(sqlite3_db_handle(row), "acta_positions", error);

    const char *mark = (const char *)sqlite3_column_text(row, 2);
    bookmark_out->position = (uint64_t)sqlite3_column_int64(row, 0);
    bookmark_out->event = (uint64_t)sqlite3_column_int64(row, 1);
    bookmark_out->late = (uint64_t)sqlite3_column_int64(row, 3);
    bookmark_out->late_count = (uint64_t)sqlite3_column_int64(row, 4);
    acta_status status = acta_id_parse(acta_str_of(mark != NULL ? mark : ""), &bookmark_out->mark, error);
    return status == ACTA_OK ? status : acta_error_prefix(error, ACTA_CORRUPT, "acta_positions.mark: ");
}

static acta_status
read_bookmark(sqlite3 *db, const char *name, acta_bookmark *bookmark_out, acta_error *error)
{
    acta_bookmark nothing = { .position = 0 };
    char text[ACTA_ID_TEXT_SIZE];
    sqlite3_stmt *make = NULL, *row = NULL;

    acta_status status = prepare(db, "INSERT OR IGNORE INTO acta_positions VALUES (?1, 0, 0, ?2, 0, 0)", &make, error);
    if (status == ACTA_OK)
        status = prepare(
            db, "SELECT position, event, mark, late, late_count FROM acta_positions WHERE name = ?1", &row, error);
    if (status == ACTA_OK) {
        sqlite3_bind_text(make, 1, name, -1, SQLITE_STATIC);
        sqlite3_bind_text(make, 2, acta_id_format(nothing.mark, text), -1, SQLITE_STATIC);
        sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
        status = acta_sqlite_run(make, error);
    }
    if (status == ACTA_OK) status = read_row(row, bookmark_out, error);
    sqlite3_finalize(make);
    sqlite3_finalize(row);
    return status;
}

static acta_status
prepare_own(connection *c, acta_error *error)
{
    static const char *const mark =
        "UPDATE acta_positions SET position = ?2, event = ?3, mark = ?4, late = ?5, late_count = ?6 "
        "WHERE name = ?1 AND position = ?7 AND event = ?8 AND late_count = ?9";

    acta_status status = prepare(c->db, "BEGIN IMMEDIATE", &c->begin, error);
    if (status == ACTA_OK) status = prepare(c->db, "COMMIT", &c->commit, error);
    if (status == ACTA_OK) status = prepare(c->db, mark, &c->mark, error);
    return status;
}

static acta_status
set_up(const acta_sqlite *sqlite, connection *c, acta_error *error)
{
    uint32_t busy_ms = sqlite->busy_ms != 0 ? sqlite->busy_ms : ACTA_SQLITE_BUSY_MS_DEFAULT;

    sqlite3_busy_timeout(c->db, (int)(busy_ms < INT32_MAX ? busy_ms : INT32_MAX));
    acta_status status = acta_sqlite_execute(c->db, "PRAGMA journal_mode = WAL", error);
    if (status == ACTA_OK)
        status = acta_sqlite_execute(
            c->db, sqlite->sync_each_batch ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", error);
    if (status == ACTA_OK) status = make_tables(sqlite, c->db, error);
    if (status == ACTA_OK) status = prepare_own(c, error);
    return status;
}

static acta_status
open_connection(
    const acta_database *self, const char *name, void **connection_out, acta_bookmark *bookmark_out, acta_error *error)
{
    enum { FLAGS = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX };
    const acta_sqlite *sqlite = (const acta_sqlite *)self;
    connection *c = calloc(1, sizeof *c);
    if (c == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to open '%s'", sqlite->path);

    acta_status status = ACTA_OK;
    if (sqlite3_open_v2(sqlite->path, &c->db, FLAGS, NULL) != SQLITE_OK)
        status = c->db != NULL ? acta_sqlite_error(c->db, "it can't be opened", error)
                               : acta_error_set(error, ACTA_NO_MEMORY, "no memory to open it");
    if (status == ACTA_OK) status = set_up(sqlite, c, error);
    if (status == ACTA_OK) status = read_bookmark(c->db, name, bookmark_out, error);
    if (status != ACTA_OK) {
        close_connection(self, c);
        return acta_error_prefix(error, status, "the database '%s': ", sqlite->path);
    }
    *connection_out = c;
    return ACTA_OK;
}

/* -- batches -- */

static acta_status
mark_batch(connection *c, const acta_batch *batch, acta_error *error)
{
    const acta_bookmark *before = acta_batch_before(batch), *after = acta_batch_after(batch);
    char text[ACTA_ID_TEXT_SIZE];

    sqlite3_bind_text(c->mark, 1, acta_batch_name(batch), -1, SQLITE_STATIC);
    sqlite3_bind_int64(c->mark, 2, (sqlite3_int64)after->position);
    sqlite3_bind_int64(c->mark, 3, (sqlite3_int64)after->event);
    sqlite3_bind_text(c->mark, 4, acta_id_format(after->mark, text), -1, SQLITE_STATIC);
    sqlite3_bind_int64(c->mark, 5, (sqlite3_int64)after->late);
    sqlite3_bind_int64(c->mark, 6, (sqlite3_int64)after->late_count);
    sqlite3_bind_int64(c->mark, 7, (sqlite3_int64)before->position);
    sqlite3_bind_int64(c->mark, 8, (sqlite3_int64)before->event);
    sqlite3_bind_int64(c->mark, 9, (sqlite3_int64)before->late_count);
    acta_status status = acta_sqlite_run(c->mark, error);
    sqlite3_clear_bindings(c->mark);
    if (status != ACTA_OK || sqlite3_changes(c->db) == 1) return status;
    return acta_error_set(error, ACTA_CONFLICT, "somebody else has moved the position");
}

static acta_status
project(connection *c, acta_batch *batch, acta_error *error)
{
    acta_status status = acta_batch_project(batch, c, error);

    if (status != ACTA_OK && is_the_databases_fault(sqlite3_extended_errcode(c->db))) acta_batch_absolve(batch);
    if (sqlite3_get_autocommit(c->db) == 0) return status;
    acta_batch_absolve(batch);
    if (status != ACTA_OK) return status; /* SQLite has rolled back by itself */
    return acta_error_set(error, ACTA_FAILED, "a function of the projection has ended the batch's transaction");
}

static acta_status
apply_batch(const acta_database *self, void *given, acta_batch *batch, acta_error *error)
{
    connection *c = given;

    acta_status status = acta_sqlite_run(c->begin, error);
    if (status == ACTA_OK) status = mark_batch(c, batch, error);
    if (status == ACTA_OK) status = project(c, batch, error);
    if (status == ACTA_OK) status = acta_sqlite_run(c->commit, error);
    if (status == ACTA_OK) return status;
    if (sqlite3_get_autocommit(c->db) == 0) sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return acta_error_prefix(error, status, "the database '%s': ", ((const acta_sqlite *)self)->path);
}

const acta_database_code acta_sqlite_code = {
    .open = open_connection, .apply = apply_batch, .close = close_connection
};

/* -- for the projection's functions -- */

static connection *
connection_of(const acta_rows *rows)
{
    const acta_database *database = acta_rows_database(rows);
    return database != NULL && database->code == &acta_sqlite_code ? acta_rows_connection(rows) : NULL;
}

sqlite3 *
acta_sqlite_of(const acta_rows *rows)
{
    const connection *c = connection_of(rows);
    return c != NULL ? c->db : NULL;
}

acta_status
acta_sqlite_statement(acta_rows *rows, const char *sql, sqlite3_stmt **statement_out, acta_error *error)
{
    connection *c = connection_of(rows);
    if (c == NULL) return acta_error_set(error, ACTA_INVALID, "this projection's database is none of SQLite");

    for (uint32_t i = 0; i < c->prepared_count; i++) {
        if (c->prepared[i].sql != sql) continue;
        *statement_out = c->prepared[i].statement;
        sqlite3_reset(*statement_out);
        sqlite3_clear_bindings(*statement_out);
        return ACTA_OK;
    }
    if (c->prepared_count == ACTA_SQLITE_STATEMENTS_MAX)
        return acta_error_set(error, ACTA_INVALID,
            "more than %d texts of statements; is it a string literal each time?", ACTA_SQLITE_STATEMENTS_MAX);
    prepared *added = &c->prepared[c->prepared_count];
    acta_status status = prepare(c->db, sql, &added->statement, error);
    if (status != ACTA_OK) return status;
    added->sql = sql;
    c->prepared_count++;
    *statement_out = added->statement;
    return ACTA_OK;
}
