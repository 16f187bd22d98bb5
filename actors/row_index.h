/*
 * Indexes of read models as they lie in the store: row_index.c writes them with their rows, index_read.c walks them.
 */
#ifndef ACTI_ACTORS_ROW_INDEX_H
#define ACTI_ACTORS_ROW_INDEX_H

#include "acta/marks.h"

#include "rows.h"

enum { ACTI_INDEX_KEY_MAX = ACTA_KEY_MAX - 1 }; /* so that the key behind an entry's is one too */

/* -- with the row: projection.c -- */

bool acti_has_index(const acta_table *row_table);

/* ACTA_INVALID: a value and the key are too long for an entry. */
acta_status acti_index_check_row(const acta_table *row_table, const void *row, acta_str key, acta_error *error);

/* The entries of a row that becomes another. `before`, `after`: its sound buffers; absent: there is none. */
void acti_index_fill(acta_transaction *transaction, const acta_table *row_table, uint32_t version, acta_str key,
    acta_bytes before, acta_bytes after);

/* All rows of a read model go, and all that is in its indexes: reader_reset.c. ACTA_INVALID: it is none. */
acta_status acti_read_model_clear(
    acta_store *store, const acta_table *row_table, acta_transaction *transaction, acta_error *error);

/* -- at the start: app.c -- */

acta_status acti_indexes_join(acta_app *app, acta_error *error);

/* -- reading -- */

/* ACTA_INVALID: the field has no index, or it wasn't made. `number`: the field's in row_table->fields. */
acta_status acti_index_find_made(
    acta_app *app, const acta_table *row_table, uint32_t number, acta_memory *memory, acta_error *error);

acti_table_name acti_index_table(const acta_table *row_table, const acta_field *field, uint32_t version);

/* An entry's key, in `room` of ACTI_INDEX_KEY_MAX bytes; empty: the row has none. */
acta_bytes acti_index_entry(const acta_field *field, const void *row, acta_str key, uint8_t *room);

/* Where the row's key begins in an entry's; 0: it is no entry. */
size_t acti_index_key_begin(const acta_field *field, acta_bytes entry);

/* Eight bytes that sort as numbers do. */
void acti_index_put_number(uint8_t *to, int64_t number);

#endif
