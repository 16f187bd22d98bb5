/*
 * Resetting a reader: all that it has left in the store goes in one transaction, so that its next life begins with the log.
 *
 *     rows of its read models | rows of "parked" | the checkpoint   --one transaction-->   nothing
 *
 * What is parked must go with the checkpoint: a reader that finds a key parked takes it that all of the key before that
 * position is done.
 */
#include "acta/consumer_group.h"
#include "acta/handler.h"

#include "rows.h"

static acta_status
delete_rows(acta_store *store, acta_transaction *transaction, const acta_table *row_table, acta_error *error)
{
    acti_table_name table = acti_rows_table(row_table);
    acta_row_cursor *cursor;
    acta_bytes key, value;
    acta_status status = ACTA_OK;

    if (row_table->identity == NULL)
        return acta_error_set(error, ACTA_INVALID, "'%s' is no read model: it has no identity", row_table->name);
    status = acta_row_cursor_open(store, table.text, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK)
        acta_transaction_delete(transaction, table.text, key);
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
delete_parked(acta_store *store, acta_transaction *transaction, const char *name, acta_error *error)
{
    acta_parked_cursor *cursor;
    acta_parked row;

    acta_status status = acta_parked_cursor_open(store, name, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_parked_cursor_next(cursor, &row, error)) == ACTA_OK)
        acta_transaction_unpark(transaction, name, row.key, row.position);
    acta_parked_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acta_reader_reset(acta_store *store, const char *name, const acta_table *const *row_tables, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(store);
    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to reset reader '%s'", name);

    acta_status status = delete_parked(store, transaction, name, error);
    for (; status == ACTA_OK && row_tables != NULL && *row_tables != NULL; row_tables++)
        status = delete_rows(store, transaction, *row_tables, error);
    if (status != ACTA_OK) {
        acta_transaction_destroy(transaction);
        return acta_error_prefix(error, status, "reader '%s' is not reset: ", name);
    }
    acta_transaction_delete(transaction, "checkpoints", acta_str_bytes(acta_str_of(name)));
    return acta_store_commit(store, transaction, NULL, error);
}
