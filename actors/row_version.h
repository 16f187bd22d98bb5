/*
 * Versions of read models: which of the tables of the store has the rows that count.
 *
 *     rm.bank.accountrow     version 0: made since the log's beginning
 *     rm.bank.accountrow-1   made by a rebuild (reader_rebuild.c)      table "versions": "bank.AccountRow" -> 1
 *
 * Who reads rows from outside takes a lease of the version that counts: a version that doesn't count any more is removed
 * when nobody has one. All tables of a rebuild change at once.
 */
#ifndef ACTI_ACTORS_ROW_VERSION_H
#define ACTI_ACTORS_ROW_VERSION_H

#include "internal.h"

/* What the application knows of a table of rows; in a list that only grows. */
typedef struct acti_row_share {
    struct acti_row_share *next;
    const acta_table *table;
    _Atomic(const acta_projection *) first; /* that has touched it; NULL: none yet */
    _Atomic bool is_shared;                 /* others have, too */
    _Atomic uint32_t version;
    _Atomic uint32_t leases[2]; /* of even versions, and of odd ones */
} acti_row_share;

typedef struct acti_row_lease {
    acti_row_share *share;
    uint32_t version;
} acti_row_lease;

/* Errors: those of acta_store_get; ACTA_NO_MEMORY. */
acta_status acti_row_share_of(
    acta_app *app, const acta_table *row_table, acti_row_share **share_out, acta_error *error);
void acti_row_shares_free(acta_app *app);

/* A projection touches it. ACTA_INVALID: another has, and one of the two is inline. */
acta_status acti_row_share_join(
    const acta_app *app, acti_row_share *share, const acta_projection *projection, acta_error *error);

acta_status acti_row_lease_take(
    acta_app *app, const acta_table *row_table, acti_row_lease *lease_out, acta_error *error);
void acti_row_lease_end(acti_row_lease *lease);

/* As the store has it. */
acta_status acti_row_version_read(acta_store *store, const char *row_table, uint32_t *version_out, acta_error *error);
void acti_row_version_put(acta_transaction *transaction, const acta_table *row_table, uint32_t version);

/* The next version of all of them counts from here on, as the store has it already. They have shares. */
void acti_row_versions_swap(acta_app *app, const acta_table *const *row_tables);
/* Does nobody read the version before any more? */
bool acti_row_versions_left(acta_app *app, const acta_table *const *row_tables);

#endif
