/*
 * A database for tests: counters and a bookmark in memory, one transaction at a time, and all that can go wrong with one. It
 * outlives applications, as a database does.
 */
#ifndef TESTS_ACTORS_VAULT_H
#define TESTS_ACTORS_VAULT_H

#include "acta/projection_database.h"
#include "ledger.h"

enum { VAULT_COUNTERS = 16, VAULT_ORDER = 64 };

typedef struct vault_counter {
    char id[32];
    int64_t total;
    uint32_t additions;
} vault_counter;

typedef struct vault_rows {
    acta_bookmark bookmark;
    vault_counter counters[VAULT_COUNTERS];
    uint64_t order[VAULT_ORDER]; /* positions of the events of "bad", as they came */
    uint32_t order_count;
} vault_rows;

typedef struct vault {
    vault_rows rows;   /* committed */
    vault_rows staged; /* of the transaction */
    uint32_t opened, closed, applied, skipped;
    /* How often each is still to go wrong. */
    uint32_t down;  /* open fails */
    uint32_t full;  /* apply fails before the commit */
    uint32_t lost;  /* apply commits, and says that it failed */
    uint32_t moved; /* somebody else moves the bookmark first */
    uint32_t good;  /* how often the function does not fail for "bad", first */
    uint32_t bad;   /* the function fails for the counter "bad" */
    acta_database database;
} vault;

/* The database, empty; and the projection that writes counters into it. */
void vault_init(vault *v);
extern const ledger_projection vault_projection; /* without .database */

/* As it is committed; all zero when it isn't there. */
vault_counter vault_find(const vault *v, const char *id);

#endif
