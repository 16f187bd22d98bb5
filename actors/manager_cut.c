/*
 * After a repair, or a restore that kept tables: rows of process managers that know of events which the log has lost. New ones
 * come at the same positions, and must not be taken for those.
 *
 *     instance    it has seen nothing behind the cut; what it made of the lost events stays, nobody could tell it apart
 *     outbox      is gone on with; its commands' ids are not those of a new event at the same position
 *     ended       the note lies at the cut
 */
#include "manager.h"

enum { ROWS_AT_ONCE = 1000 };

typedef struct cutting {
    acta_app *app;
    const char *table;
    uint64_t cut;
    acta_memory *memory; /* of the rows in `transaction` */
    acta_transaction *transaction;
    uint32_t count; /* of them */
} cutting;

/* Adds to the transaction what the row is to be; false: no memory. */
typedef bool fit_row(cutting *c, acta_bytes key, acta_bytes value);

static bool
put_changed(cutting *c, acta_bytes key, acta_bytes value, bool (*change)(uint8_t *row, size_t size, uint64_t cut))
{
    uint8_t *row = acta_memory_alloc(c->memory, value.size);
    if (row == NULL) return false;

    memcpy(row, value.data, value.size);
    if (!change(row, value.size, c->cut)) return true; /* a damaged one is told by who reads it */
    acta_transaction_put(c->transaction, c->table, key, acta_bytes_from(row, value.size));
    c->count++;
    return true;
}

static bool
fit_instance(cutting *c, acta_bytes key, acta_bytes value)
{
    return put_changed(c, key, value, acti_instance_cut);
}

static bool
fit_outbox(cutting *c, acta_bytes key, acta_bytes value)
{
    return put_changed(c, key, value, acti_outbox_cut);
}

static bool
fit_ended(cutting *c, acta_bytes key, acta_bytes value)
{
    uint8_t room[ACTI_ENDED_KEY_MAX];
    acta_str id;
    uint64_t position;

    if (!acti_ended_parse(key, &id, &position) || position <= c->cut) return true;
    acta_transaction_delete(c->transaction, c->table, key);
    acta_transaction_put(c->transaction, c->table, acti_ended_key(id, c->cut, room), value);
    c->count++;
    return true;
}

/* -- a table -- */

static acta_status
begin(cutting *c, acta_error *error)
{
    c->transaction = acta_transaction_create(c->app->store);
    c->count = 0;
    acta_memory_clear(c->memory);
    return c->transaction != NULL ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, "no memory for a transaction");
}

static acta_status
commit(cutting *c, acta_error *error)
{
    acta_transaction *transaction = c->transaction;

    c->transaction = NULL;
    if (c->count > 0) return acta_store_commit(c->app->store, transaction, NULL, error);
    acta_transaction_destroy(transaction);
    return ACTA_OK;
}

static acta_status
fit_each(cutting *c, acta_row_cursor *cursor, fit_row *fit, acta_error *error)
{
    acta_bytes key, value;
    acta_status status = ACTA_OK;

    while (status == ACTA_OK) {
        if (c->transaction == NULL && (status = begin(c, error)) != ACTA_OK) return status;
        status = acta_row_cursor_next(cursor, &key, &value, error);
        if (status == ACTA_OK && !fit(c, key, value))
            return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the rows of '%s'", c->table);
        if (status == ACTA_OK && c->count >= ROWS_AT_ONCE) status = commit(c, error);
    }
    return status == ACTA_NOT_FOUND ? commit(c, error) : status;
}

static acta_status
fit_table(cutting *c, const acti_table_name *table, fit_row *fit, acta_error *error)
{
    acta_row_cursor *cursor;

    c->table = table->text;
    acta_status status = acta_row_cursor_open(c->app->store, c->table, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return status;
    status = fit_each(c, cursor, fit, error);
    acta_row_cursor_close(cursor);
    acta_transaction_destroy(c->transaction); /* NULL, but after an error */
    c->transaction = NULL;
    return status;
}

acta_status
acti_manager_cut(acta_app *app, const acta_process_manager *manager, uint64_t cut, acta_error *error)
{
    acti_manager_tables tables = acti_manager_tables_of(manager);
    cutting c = { .app = app, .cut = cut, .memory = acta_memory_create(&app->environment.allocator) };
    if (c.memory == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for process manager %s", acti_manager_name(manager));

    acta_status status = fit_table(&c, &tables.state, fit_instance, error);
    if (status == ACTA_OK) status = fit_table(&c, &tables.outbox, fit_outbox, error);
    if (status == ACTA_OK) status = fit_table(&c, &tables.ended, fit_ended, error);
    acta_memory_destroy(c.memory);
    return status;
}
