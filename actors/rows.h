/*
 * Rows of read models as they lie in the store: one table for each, the row's key as the key, the buffer as the value.
 */
#ifndef ACTI_ACTORS_ROWS_H
#define ACTI_ACTORS_ROWS_H

#include "row_cache.h"

/* What a projection's function gets: the rows of a batch, or a database. */
struct acta_rows {
    acta_app *app;
    const acta_database *database; /* NULL: rows of the store, and all that follows */
    void *connection;
    acti_row_cache cache;
    acta_str only;   /* of an inline projection: the one key that it may touch */
    uint32_t number; /* how many rebuilds its rows have seen */
};

acti_table_name acti_rows_table(const char *row_table, uint32_t version);

/* ACTA_INVALID: no read model, or the key is empty or too long. */
acta_status acti_row_key_check(const acta_table *row_table, acta_str key, acta_error *error);

/* The row's buffer in a table of the store, looked at and found sound, in `memory`. ACTA_NOT_FOUND, without a text;
 * ACTA_CORRUPT. */
acta_status acti_row_read(const acta_app *app, const acta_table *row_table, const char *table, acta_str key,
    acta_memory *memory, acta_bytes *bytes_out, acta_error *error);

#endif
