/*
 * Counters as rows of SQLite: a projection of the ledger, for tests.
 */
#ifndef TESTS_ACTORS_COUNTERS_DB_H
#define TESTS_ACTORS_COUNTERS_DB_H

#include <sqlite3.h>

#include "acta/projection_sqlite.h"
#include "ledger.h"

/* What a test wants otherwise; all zero: nothing. */
typedef struct counters_hooks {
    void (*opened)(sqlite3 *db);                                                         /* a connection is prepared */
    acta_status (*added)(acta_rows *rows, const ledger_Added *event, acta_error *error); /* after its row is written */
} counters_hooks;
extern counters_hooks counters_hook;

/* For acta_sqlite.prepare. */
acta_status counters_prepare(void *user, sqlite3 *db, acta_error *error);

extern const ledger_projection counters_projection; /* "counters", without .database */

/* One row, and one of acta_positions, by another connection. Zeros: it isn't there. */
typedef struct counters_row {
    int64_t total;
    uint32_t additions;
} counters_row;
counters_row counters_find(sqlite3 *db, const char *id);
int64_t counters_position(sqlite3 *db, const char *name);

#endif
