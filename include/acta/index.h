/*
 * Indexes of read models: rows found by a field that isn't their key.
 *
 *     table AccountRow (read_model) { account_id:string (identity, required); owner:string (index); balance:long (index); }
 *
 *     bank_AccountRow_by_owner(app, &(acta_str_range){ .equal = acta_str_of("ada") }, visit, user, error)
 *     bank_AccountRow_by_balance(app, &(acta_number_range){ .has_from = true, .from = 1000, .backward = true }, …)
 *
 * Entries are written in the transaction of the row, so that both are of one position of the log. An index that is new in
 * the schema is made when the application starts, of the rows that are there. acta_reader_reset (handler.h) takes both away.
 *
 * Order: strings by their bytes, numbers by their value (false before true, enums by their number); of the same value by
 * the row's key. A string that is absent is in no index.
 */
#ifndef ACTA_INDEX_H
#define ACTA_INDEX_H

#include "acta/app.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where a walk has stopped: zeroed, it is the beginning. Its bytes may be kept, sent away, and used in another life. */
typedef struct acta_index_cursor {
    uint32_t size;
    uint8_t key[ACTA_KEY_MAX];
} acta_index_cursor;

/* All that is said holds at once; zeroed: all rows that have a value. */
typedef struct acta_str_range {
    acta_str equal;
    acta_str prefix;           /* values that begin with it */
    acta_str from, to;         /* at least, at most */
    bool backward;             /* from the last to the first */
    acta_index_cursor *cursor; /* NULL: from the beginning. Is left at the last row that was visited */
} acta_str_range;

typedef struct acta_number_range {
    bool has_from, has_to;
    int64_t from, to; /* at least, at most; for one value both */
    bool backward;
    acta_index_cursor *cursor;
} acta_number_range;

/*
 * Visit rows in the order of an index, until `visit` returns false. Generated: bank_AccountRow_by_owner.
 *   field    the number of the field in row_table->fields
 *   range    borrowed; NULL: all
 *   visit    gets a row whose views live until it returns; may read, and change nothing here
 * Rows are as they are when they are visited: one that has another value by then, or is gone, is left out. What is put
 * while the walk goes on may be missed.
 * Errors: ACTA_INVALID    the field has no index, or the cursor is none; the index wasn't made, for the application has no
 *                         .schema, or only reads
 *         ACTA_CORRUPT, ACTA_IO, ACTA_NO_MEMORY
 * Threads: any.
 */
ACTA_API acta_status acta_read_model_by_str(acta_app *app, const acta_table *row_table, uint32_t field,
    const acta_str_range *range, bool (*visit)(void *user, const void *row), void *user, acta_error *error);
ACTA_API acta_status acta_read_model_by_number(acta_app *app, const acta_table *row_table, uint32_t field,
    const acta_number_range *range, bool (*visit)(void *user, const void *row), void *user, acta_error *error);

/*
 * Compare each index of a read model with its rows, both ways. For tests, and after a repair; nothing may be written
 * meanwhile.
 * Errors: ACTA_CORRUPT    an entry without its row, or a row without its entry: the text names it
 *         ACTA_INVALID    it is no read model, or an index of it wasn't made
 *         ACTA_IO, ACTA_NO_MEMORY
 */
ACTA_API acta_status acta_read_model_check(acta_app *app, const acta_table *row_table, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
