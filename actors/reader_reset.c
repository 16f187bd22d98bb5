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

#include "reader.h"
#include "reader_row.h"
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
acti_reader_clear(acta_store *store, const char *name, const acta_table *const *row_tables,
    acta_transaction *transaction, acta_error *error)
{
    acta_status status = delete_parked(store, transaction, name, error);

    for (; status == ACTA_OK && row_tables != NULL && *row_tables != NULL; row_tables++)
        status = acti_read_model_clear(store, *row_tables, transaction, error);
    if (status == ACTA_OK) acta_transaction_delete(transaction, "checkpoints", acta_str_bytes(acta_str_of(name)));
    return status;
}

/* How far it had come, and what of that it has parked; what a reset before has left to be done again is still that. */
acta_status
acti_reader_note_replay(
    acta_store *store, const char *name, acta_transaction *transaction, acta_memory *memory, acta_error *error)
{
    acti_reader_row row;
    acta_parked_cursor *cursor;
    acta_parked parked;
    uint64_t passed, count;

    acta_status status = acti_reader_row_get(store, name, memory, &row, error);
    if (status == ACTA_OK) status = acta_store_checkpoint(store, name, &passed, error);
    if (status == ACTA_OK) status = acta_store_parked_count(store, name, &count, error);
    if (status != ACTA_OK) return status;
    uint64_t *not_done = acta_memory_alloc(memory, (size_t)(count + row.not_done_count + 1) * sizeof *not_done);
    if (not_done == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to reset it");
    uint32_t not_done_count = 0;
    status = acta_parked_cursor_open(store, name, &cursor, error);
    if (status != ACTA_OK) return status;
    while (not_done_count < count && (status = acta_parked_cursor_next(cursor, &parked, error)) == ACTA_OK)
        not_done[not_done_count++] = parked.position;
    acta_parked_cursor_close(cursor);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    for (uint32_t i = 0; i < row.not_done_count; i++)
        if (row.not_done[i] > passed) not_done[not_done_count++] = row.not_done[i];
    acti_positions_sort(not_done, not_done_count);
    row.not_done = not_done;
    row.not_done_count = not_done_count;
    if (passed > row.replay_until) row.replay_until = passed;
    if (acti_reader_row_put(transaction, name, &row, memory)) return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory to reset it");
}

acta_status
acta_reader_reset(acta_store *store, const char *name, const acta_table *const *row_tables, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(store);
    acta_memory *memory = acta_memory_create(&(acta_allocator){ .alloc = NULL });
    acta_status status = ACTA_OK;

    if (transaction == NULL || memory == NULL)
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory to reset reader '%s'", name);
    if (status == ACTA_OK) status = acti_reader_note_replay(store, name, transaction, memory, error);
    if (status == ACTA_OK) status = acti_reader_clear(store, name, row_tables, transaction, error);
    acta_memory_destroy(memory);
    if (status != ACTA_OK) {
        acta_transaction_destroy(transaction);
        return acta_error_prefix(error, status, "reader '%s' is not reset: ", name);
    }
    return acta_store_commit(store, transaction, NULL, error);
}
