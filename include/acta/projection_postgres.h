/*
 * Projections into PostgreSQL: rows and position in one transaction. Of the library acta-postgres, over libpq.
 *
 *     static acta_status
 *     deposited(void *user, bank_MoneyDeposited event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
 *     {
 *         const acta_postgres_value values[] = { acta_postgres_text(event.account_id), acta_postgres_bigint(event.balance) };
 *         return acta_postgres_run(rows, "INSERT INTO balances VALUES ($1, $2)"
 *             " ON CONFLICT (account) DO UPDATE SET cents = $2", values, 2, error);
 *     }
 *
 *     static const acta_postgres read_models = ACTA_POSTGRES(.connection = "host=/run/postgresql dbname=bank",
 *         .prepare = make_tables);
 *     const bank_projection balances = BANK_PROJECTION(.name = "balances", .on.MoneyDeposited = deposited,
 *         .database = &read_models.base);
 *
 * The bookmark of each projection is a row of the table acta_positions, which is made when it isn't there. One connection holds
 * a projection at a time, by an advisory lock of its name: a second program that has the same one waits, with backoff, until the
 * first is gone. A connection that breaks is made again with backoff; what its last commit came to is read from the bookmark.
 * To make a read model anew: stop the program, drop its tables, delete its row of acta_positions.
 *
 * What happens when the database can't be written to: projection_database.h.
 */
#ifndef ACTA_PROJECTION_POSTGRES_H
#define ACTA_PROJECTION_POSTGRES_H

#include "acta/projection_database.h"

#ifdef __cplusplus
extern "C" {
#endif

struct pg_conn; /* PGconn */

/* A database, and how to write into it. Constant; must outlive the application. Fill it with ACTA_POSTGRES(…). */
typedef struct acta_postgres {
    acta_database base;
    const char *connection; /* libpq's connection string or URI; without connect_timeout, 10 s are taken */
    /* Make the tables, for each connection that is opened; runs in a transaction of its own, and must do no harm when they are
     * there. NULL: nothing to do. */
    acta_status (*prepare)(void *user, struct pg_conn *connection, acta_error *error);
    void *user;
} acta_postgres;

ACTA_API extern const acta_database_code acta_postgres_code;
#define ACTA_POSTGRES(...)                                                                                             \
    {                                                                                                                  \
        .base = { .code = &acta_postgres_code }, __VA_ARGS__                                                           \
    }

/* Inside a projection's function: the connection, with a transaction open, which must be left so. NULL: the projection's database
 * is none of PostgreSQL. */
ACTA_API struct pg_conn *acta_postgres_of(const acta_rows *rows);

/* A parameter of a statement, as text: what PostgreSQL makes of it is the statement's business. Lives while it is used. */
typedef struct acta_postgres_value {
    acta_str text; /* absent: NULL; may not contain a NUL */
    char number[24];
} acta_postgres_value;
ACTA_API acta_postgres_value acta_postgres_text(acta_str text);
ACTA_API acta_postgres_value acta_postgres_bigint(int64_t number);

/*
 * Run a statement, prepared once a connection, inside a projection's function.
 *   sql    must be the same text at the same place each time, and stay: a string literal; at most ACTA_POSTGRES_STATEMENTS_MAX
 *   count  of values, at most ACTA_POSTGRES_VALUES_MAX
 * Errors: ACTA_INVALID what PostgreSQL says of the text or of the values: it is the event's; ACTA_IO: it is the database's.
 */
enum { ACTA_POSTGRES_STATEMENTS_MAX = 64, ACTA_POSTGRES_VALUES_MAX = 64 };
ACTA_API acta_status acta_postgres_run(
    acta_rows *rows, const char *sql, const acta_postgres_value *values, uint32_t count, acta_error *error);

/* Run a text of statements, on any connection; what they give is dropped. Errors as those of acta_postgres_run. */
ACTA_API acta_status acta_postgres_execute(struct pg_conn *connection, const char *sql, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
