/*
 * Projections into SQLite: rows and position in one transaction of one file. Of the library acta-sqlite.
 *
 *     static acta_status
 *     make_tables(void *user, sqlite3 *db, acta_error *error)
 *     {
 *         return acta_sqlite_execute(db, "CREATE TABLE IF NOT EXISTS balances (account TEXT PRIMARY KEY, cents INTEGER)", error);
 *     }
 *
 *     static acta_status
 *     deposited(void *user, bank_MoneyDeposited event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
 *     {
 *         sqlite3_stmt *put;
 *         acta_status status = acta_sqlite_statement(rows, "INSERT INTO balances VALUES (?1, ?2)"
 *             " ON CONFLICT (account) DO UPDATE SET cents = ?2", &put, error);
 *         if (status != ACTA_OK) return status;
 *         sqlite3_bind_text(put, 1, event.account_id.data, (int)event.account_id.size, SQLITE_STATIC);
 *         sqlite3_bind_int64(put, 2, event.balance);
 *         return acta_sqlite_run(put, error);
 *     }
 *
 *     static const acta_sqlite read_models = ACTA_SQLITE(.path = "balances.db", .prepare = make_tables);
 *     const bank_projection balances = BANK_PROJECTION(.name = "balances", .on.MoneyDeposited = deposited,
 *         .database = &read_models.base);
 *
 * The bookmark of each projection is a row of the table acta_positions, which is made when it isn't there. To make a read model
 * anew: stop the program, drop its tables, delete its row of acta_positions; or take another file. The file is in WAL mode:
 * others may read it all the time, and see whole batches. One that others write to may be busy; then the batch waits.
 *
 * What happens when the database can't be written to: projection_database.h.
 */
#ifndef ACTA_PROJECTION_SQLITE_H
#define ACTA_PROJECTION_SQLITE_H

#include "acta/projection_database.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sqlite3;
struct sqlite3_stmt;

enum { ACTA_SQLITE_BUSY_MS_DEFAULT = 1000 };

/* A file, and how to write into it. Constant; must outlive the application. Fill it with ACTA_SQLITE(.path = …, …). */
typedef struct acta_sqlite {
    acta_database base;
    const char *path; /* the file; made when it isn't there */
    /* Make the tables, for each connection that is opened; runs in a transaction of its own, and must do no harm when they are
     * there. NULL: nothing to do. */
    acta_status (*prepare)(void *user, struct sqlite3 *db, acta_error *error);
    void *user;
    uint32_t
        busy_ms; /* how long a batch waits for others that write, before it is tried again with backoff; 0: 1,000 */
    /* Sync at each batch. Not needed for rows that are right: without it a power cut takes the last batches, rows and
     * position alike, and they are done again. With it who waited for the reader (wait_for) finds the rows after a power cut
     * without that. */
    bool sync_each_batch;
} acta_sqlite;

ACTA_API extern const acta_database_code acta_sqlite_code;
#define ACTA_SQLITE(...)                                                                                               \
    {                                                                                                                  \
        .base = { .code = &acta_sqlite_code }, __VA_ARGS__                                                             \
    }

/* Inside a projection's function: the connection, with a transaction open, which must be left so. NULL: the projection's database
 * is none of SQLite. */
ACTA_API struct sqlite3 *acta_sqlite_of(const acta_rows *rows);

/*
 * The statement of a text, prepared once a connection, without bindings. It is the connection's; at most
 * ACTA_SQLITE_STATEMENTS_MAX texts are kept.
 *   sql  must be the same text at the same place each time, and stay: a string literal
 * Errors: ACTA_INVALID what SQLite says of the text, or there are too many; ACTA_IO the database is busy, full or damaged.
 */
enum { ACTA_SQLITE_STATEMENTS_MAX = 64 };
ACTA_API acta_status acta_sqlite_statement(
    acta_rows *rows, const char *sql, struct sqlite3_stmt **statement_out, acta_error *error);

/* Step to the end, and reset it. Errors: ACTA_INVALID a constraint, say: it is the event's; ACTA_IO: it is the database's. */
ACTA_API acta_status acta_sqlite_run(struct sqlite3_stmt *statement, acta_error *error);

/* Run a text of statements without results, on any connection. Errors as those of acta_sqlite_run. */
ACTA_API acta_status acta_sqlite_execute(struct sqlite3 *db, const char *sql, acta_error *error);

/* `error` from what a call on this connection has just returned, "text: what SQLite says"; ACTA_IO when the database is to blame
 * (busy, full, damaged, not to be opened …), else ACTA_INVALID. */
ACTA_API acta_status acta_sqlite_error(struct sqlite3 *db, const char *text, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
