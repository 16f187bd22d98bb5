/*
 * Import: rows beside the log.
 *
 *     await_rows  -- with the next batch: the store says that it lacks rows, and has none -->  rows  -- end_rows: it lacks none
 *     no rows     -- of each event with a command id -->  an outcome
 *
 * Tables that are made of the log stay, and so do the schemas: those were compared, and events need them.
 */
#include <stdio.h>

#include "kept_rows.h"

#include "import.h"

static acta_bytes
meta_key(void)
{
    return acta_str_bytes(acta_str_of(ACTI_META_IMPORT));
}

acta_status
acti_import_ask_rows(acta_import *import, acta_error *error)
{
    return acti_store_lacks_rows(import->store, &import->awaits_rows, error);
}

/* -- outcomes -- */

/* Of several events the last one counts. No digest is known: whoever comes with the id is told that it was done. The time is
 * the import's: of the events' it might be forgotten before anybody asks. */
void
acti_import_put_outcome(acta_import *import, const acta_recorded *event)
{
    const acta_outcome outcome = { .status = ACTA_OK };
    uint8_t room[ACTI_ROW_KEY_MAX], value[ACTI_OUTCOME_SIZE_MAX];
    const size_t size = acti_outcome_encode(&outcome, value);

    if (import->awaits_rows || acta_id_is_none(event->command_id)) return;
    acti_outcome_seal(value, size, event->version, event->position, import->begun_at_us);
    import->store->engine->ops->batch_put(import->store->committer.batch, ACTI_TABLES,
        acti_row_key(room, ACTI_TABLE_OUTCOMES, acta_bytes_from(event->command_id.bytes, ACTA_ID_SIZE)),
        acta_bytes_from(value, size));
}

/* -- rows -- */

/* From behind one table, or from the beginning, up to another, or to the end. */
static void
delete_between(acta_import *import, const char *behind, const char *before)
{
    uint8_t from_room[ACTI_ROW_KEY_MAX], to_room[ACTI_ROW_KEY_MAX];
    acta_bytes none = acta_bytes_from(NULL, 0), to = acta_str_bytes(acta_str_of("\xff"));
    acta_bytes from = behind != NULL ? acti_row_key(from_room, behind, none) : acta_bytes_from(from_room, 0);

    if (behind != NULL) from_room[from.size - 1] = 1; /* the table's NUL */
    if (before != NULL) to = acti_row_key(to_room, before, none);
    import->store->engine->ops->batch_delete_range(import->store->committer.batch, ACTI_TABLES, from, to);
}

void
acta_import_await_rows(acta_import *import)
{
    acta_store *store = import->store;

    import->awaits_rows = true;
    store->engine->ops->batch_put(
        store->committer.batch, ACTI_META, meta_key(), acta_bytes_from((const uint8_t *)"", 0));
    delete_between(import, NULL, ACTI_TABLE_SCHEMAS);
    delete_between(import, ACTI_TABLE_SCHEMAS, ACTI_TABLE_TAGS);
    delete_between(import, ACTI_TABLE_TAGS, ACTI_TABLE_TYPES);
    delete_between(import, ACTI_TABLE_TYPES, NULL);
}

bool
acta_import_awaits_rows(const acta_import *import)
{
    return import->awaits_rows && !import->has_ended;
}

acta_status
acta_import_add_row(acta_import *import, const acta_table_row *row, acta_error *error)
{
    uint8_t room[ACTI_ROW_KEY_MAX];
    char table[ACTA_TABLE_NAME_MAX + 1];
    acta_status status = acti_import_check_open(import, error);

    if (status != ACTA_OK) return status;
    bool fits = row->table.size < sizeof table;
    snprintf(table, sizeof table, "%.*s", fits ? (int)row->table.size : 0, row->table.data);
    if (!fits || strlen(table) != row->table.size || !acti_table_name_fits(table))
        return acta_error_set(error, ACTA_INVALID, "'%.80s' is no name of a table: 1 to %d of [a-z0-9_.-] are expected",
            table, ACTA_TABLE_NAME_MAX);
    if (strcmp(table, ACTI_TABLE_TAGS) == 0)
        return acta_error_set(error, ACTA_INVALID, "rows of '%s' are made from the log, and not given", table);
    if (row->key.size > ACTA_KEY_MAX || row->value.size > ACTA_PAYLOAD_MAX)
        return acta_error_set(error, ACTA_INVALID, "a key of table '%s' has at most %d bytes, its row at most %d",
            table, ACTA_KEY_MAX, ACTA_PAYLOAD_MAX);
    import->store->engine->ops->batch_put(
        import->store->committer.batch, ACTI_TABLES, acti_row_key(room, table, row->key), row->value);
    return acti_import_write_much(import, error);
}

acta_status
acta_import_end_rows(acta_import *import, acta_error *error)
{
    acta_status status = acti_import_check_open(import, error);

    if (status != ACTA_OK) return status;
    if (!import->awaits_rows) return acta_error_set(error, ACTA_INVALID, "no rows were awaited, so they can't end");
    import->store->engine->ops->batch_delete(import->store->committer.batch, ACTI_META, meta_key());
    import->has_ended = true;
    return ACTA_OK;
}
