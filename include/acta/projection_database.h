/*
 * Projections into a database of the user's: SQLite and PostgreSQL (projection_sqlite.h, projection_postgres.h) stand on this,
 * and so does any other that can write rows and a position in one transaction.
 *
 *     log --> reader --batch--> apply, on a thread that may block: begin; the projection's functions; the bookmark; commit
 *               ^                  |
 *               +---- durable -----+--> the batch's events are passed: dispatch with wait_for goes on
 *
 * The database keeps a bookmark for each projection, by its name: which events are in the rows. It alone counts, whatever the
 * log remembers: a database that fell back to an older state catches up from there, one that is new begins with the log.
 * Rows are those of all events up to the bookmark, each once, whenever the process, the machine or the connection ends.
 *
 * What can go wrong, and what happens:
 *   the database is down, busy, full    the batch is tried again with backoff, for ever; the reader says RETRYING and why
 *   the commit's outcome is not known   after the next open the bookmark tells
 *   a function fails for one event      the batch is done without it; it is tried again with backoff, then parked, and later
 *                                       events of its stream wait behind it, as with every reader
 *   the bookmark is not what it was     somebody else writes here too: the reader begins anew from what is there
 *   it is ahead of the log, or of another log, or lacks what had been made good late: the reader stalls, and says so
 *
 *     static const acta_database_code my_code = { .open = my_open, .apply = my_apply, .close = my_close };
 *     static const acta_database my_database = { .code = &my_code, .user = … };
 *     const bank_projection balances = BANK_PROJECTION(.name = "balances", .on.MoneyDeposited = deposited,
 *         .database = &my_database);
 */
#ifndef ACTA_PROJECTION_DATABASE_H
#define ACTA_PROJECTION_DATABASE_H

#include "acta/handler.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a database remembers of one projection. All zero: nothing yet. Keep each of its five values. */
typedef struct acta_bookmark {
    uint64_t position;   /* all events up to here are in the rows, but those that are set aside */
    uint64_t event;      /* position of the last one that is; 0: none */
    acta_id mark;        /* which event that was: so a database of another log is told apart */
    uint64_t late;       /* position of the last event that is in the rows after it had been set aside; 0: none */
    uint64_t late_count; /* how many of these there were */
} acta_bookmark;

/* Are they the same? */
ACTA_API bool acta_bookmark_equal(const acta_bookmark *a, const acta_bookmark *b);

/* Some events on their way into the database. Lives while `apply` runs; of that thread. */
typedef struct acta_batch acta_batch;

typedef struct acta_database_code {
    /*
     * Connect, make the place for bookmarks if it is missing, and read that of `name` (all zero: there is none). Called before
     * anything else, and again after something failed.
     *   connection_out  handed to apply and close; not NULL
     * Not ACTA_OK: nothing is left open; it is tried again with backoff, and `error` is what people are told.
     */
    acta_status (*open)(const acta_database *self, const char *name, void **connection_out, acta_bookmark *bookmark_out,
        acta_error *error);
    /*
     * In one transaction: see that the bookmark is acta_batch_before, else ACTA_CONFLICT; acta_batch_project; make the
     * bookmark acta_batch_after; commit. Not ACTA_OK: nothing of it is there, or nobody knows; then the connection is closed,
     * unless an event is to blame (acta_batch_project failed, and acta_batch_absolve was not called).
     */
    acta_status (*apply)(const acta_database *self, void *connection, acta_batch *batch, acta_error *error);
    void (*close)(const acta_database *self, void *connection);
} acta_database_code;

/*
 * A database, or a way to it; must outlive the application. Several projections may name the same one: each has a connection
 * of its own. All functions run on threads of the runtime's pool (offload.h), for one connection never on two at once, and may
 * block; a batch that takes long holds up nothing but the projection, and the application's stop.
 */
struct acta_database {
    const acta_database_code *code;
    void *user;
};

ACTA_API const acta_bookmark *acta_batch_before(const acta_batch *batch);
ACTA_API const acta_bookmark *acta_batch_after(const acta_batch *batch);
ACTA_API const char *acta_batch_name(const acta_batch *batch); /* of the projection */

/* Events of the batch. 0: it moves the bookmark only, past events that the projection doesn't want. */
ACTA_API uint32_t acta_batch_count(const acta_batch *batch);

/*
 * Call the projection's typed function for each event of the batch, in order, until one fails.
 *   connection  what acta_rows_connection gives in there
 * Returns what the failed function returned: roll back, and return it from apply. The event is to blame then, and the batch
 * comes again without it; not if acta_batch_absolve is called before apply returns.
 */
ACTA_API acta_status acta_batch_project(acta_batch *batch, void *connection, acta_error *error);

/* It was not the event's fault that the projection failed, but the database's: the whole batch comes again, after a while. */
ACTA_API void acta_batch_absolve(acta_batch *batch);

/* Inside a projection's function: the database that it writes into, and the connection that acta_batch_project was given.
 * NULL: it is one of the store's own rows. */
ACTA_API const acta_database *acta_rows_database(const acta_rows *rows);
ACTA_API void *acta_rows_connection(const acta_rows *rows);

#ifdef __cplusplus
}
#endif
#endif
