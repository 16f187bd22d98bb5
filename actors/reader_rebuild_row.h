/*
 * What the store keeps of rebuilds, in the table "rebuilds":
 *
 *     r NAME            the one under way: 1, state, position, count, { number, schema hash, name 0 } …   little-endian
 *     n NAME            how many there were
 *     c NAME 0 number   the rows that so many have made are closed, for ever: who knows of no later ones writes no more
 */
#ifndef ACTI_ACTORS_READER_REBUILD_ROW_H
#define ACTI_ACTORS_READER_REBUILD_ROW_H

#include "internal.h"

enum { ACTI_REBUILD_TABLES_MAX = 64 };

typedef enum acti_rebuild_state {
    ACTI_REBUILD_NONE,
    ACTI_REBUILD_BUILDING, /* the tables' new versions have the rows of all events up to `position` */
    ACTI_REBUILD_CLEANING  /* the tables' versions count no more, or never did */
} acti_rebuild_state;

typedef struct acti_rebuild_table {
    uint32_t version;
    uint64_t schema_hash;
    char name[ACTA_TYPE_NAME_MAX + 1];
} acti_rebuild_table;

typedef struct acti_rebuild_row {
    acti_rebuild_state state;
    uint64_t position;
    uint32_t count;
    acti_rebuild_table tables[ACTI_REBUILD_TABLES_MAX];
} acti_rebuild_row;

acta_status acti_rebuild_row_get(acta_store *store, const char *name, acti_rebuild_row *row_out, acta_error *error);
/* State NONE: delete it. */
void acti_rebuild_row_put(acta_transaction *transaction, const char *name, const acti_rebuild_row *row);

void acti_rebuild_number_put(acta_transaction *transaction, const char *name, uint32_t number);
void acti_rebuild_close(acta_transaction *transaction, const char *name, uint32_t number, bool closed);
/* … and it must be so. */
void acti_rebuild_expect_closed(acta_transaction *transaction, const char *name, uint32_t number);

/* The row of the first name behind `after`, which it becomes; ACTA_NOT_FOUND. `after`: ACTA_SUBSCRIPTION_NAME_MAX + 1. */
acta_status acti_rebuild_row_next(acta_store *store, char *after, acta_error *error);

/* Delete all rows of the tables, in transactions of their own. */
acta_status acti_rebuild_remove_rows(acta_app *app, const acti_rebuild_row *row, acta_error *error);

#endif
