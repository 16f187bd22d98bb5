/*
 * Resetting a reader: all that it has left in the store goes in one transaction, so that its next life begins with the log.
 *
 *     rows of its read models, and their indexes | rows of "parked" | the checkpoint   --one transaction-->   nothing
 *
 * What is parked must go with the checkpoint: a reader that finds a key parked takes it that all of the key before that
 * position is done.
 */
#include "acta/consumer_group.h"
#include "acta/handler.h"

#include "row_index.h"

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
        status = acti_read_model_clear(store, *row_tables, transaction, error);
    if (status != ACTA_OK) {
        acta_transaction_destroy(transaction);
        return acta_error_prefix(error, status, "reader '%s' is not reset: ", name);
    }
    acta_transaction_delete(transaction, "checkpoints", acta_str_bytes(acta_str_of(name)));
    return acta_store_commit(store, transaction, NULL, error);
}
