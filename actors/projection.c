/*
 * Projections: rows that follow the log, and the position that they are of, in one transaction.
 *
 *     get  <--  rows of the batch  <--  the store's table
 *     put  -->  rows of the batch: staged, until the event is done; as before, when it failed
 *
 * While a batch is on its way nothing is begun, so that what get finds in the store is what the batch before left there.
 * All that a batch knows lies in one memory, which is cleared when it is durable.
 */
#include "personal.h"
#include "reader.h"
#include "row_index.h"
#include "rows.h"

enum {
    BATCH_BYTES_MAX = 16 << 20, /* rows of a batch; then it goes */
    EVENT_BYTES_MAX = 32 << 20  /* rows of one event; more is an error of it */
};

typedef enum row_state {
    ROW_UNKNOWN, /* not read yet */
    ROW_READ,
    ROW_ABSENT,
    ROW_PUT,
    ROW_REMOVED
} row_state;

typedef struct row_value {
    row_state state;
    acta_bytes bytes; /* READ, PUT */
} row_value;

typedef struct row {
    acti_map_node node; /* key: table, NUL, key of the row */
    struct row *next, *next_staged;
    row_value now, before; /* before: this event */
    bool is_staged;
    acti_table_name table;
    const acta_table *row_table;
    acta_bytes stored; /* what the store has, once it was read; always known of a row with indexes that is written */
    acta_str key;
} row;

/* -- rows of the batch -- */

static acta_status
no_memory(const acta_table *row_table, acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row of '%s'", row_table->name);
}

static row *
add_row(
    acta_rows *rows, const acta_table *row_table, const acti_table_name *table, acta_str full_key, size_t table_size)
{
    row *added = acta_memory_alloc(rows->memory, sizeof *added);
    char *copy = acta_memory_alloc(rows->memory, full_key.size);
    if (added == NULL || copy == NULL) return NULL;

    memcpy(copy, full_key.data, full_key.size);
    added->table = *table;
    added->row_table = row_table;
    added->key = acta_str_from(copy + table_size, full_key.size - table_size);
    acti_map_add(&rows->map, &added->node, acta_str_from(copy, full_key.size));
    if (rows->last != NULL)
        rows->last->next = added;
    else
        rows->first = added;
    rows->last = added;
    return added;
}

/* The row of this key, as the batch knows it. */
static acta_status
find_row(acta_rows *rows, const acta_table *row_table, acta_str key, row **row_out, acta_error *error)
{
    char room[ACTA_TABLE_NAME_MAX + 1 + ACTA_KEY_MAX];
    acta_status status = acti_row_key_check(row_table, key, error);
    if (status != ACTA_OK) return status;
    if (rows->database != NULL)
        return acta_error_set(error, ACTA_INVALID,
            "'%s' is a row of the store, and this projection writes into a database; make it another projection",
            row_table->name);

    acti_table_name table = acti_rows_table(row_table);
    size_t table_size = strlen(table.text) + 1;
    memcpy(room, table.text, table_size);
    memcpy(room + table_size, key.data, key.size);
    acta_str full_key = acta_str_from(room, table_size + key.size);
    acti_map_node *node = acti_map_find(&rows->map, full_key);
    *row_out = node != NULL ? ACTI_CONTAINER(node, row, node) : add_row(rows, row_table, &table, full_key, table_size);
    return *row_out != NULL ? ACTA_OK : no_memory(row_table, error);
}

static acta_status
read_row(acta_rows *rows, const acta_table *row_table, row *found, acta_error *error)
{
    acta_bytes bytes;
    acta_status status = acti_row_read(rows->app, row_table, found->key, rows->memory, &bytes, error);

    if (status == ACTA_OK) {
        found->now = (row_value){ ROW_READ, bytes };
        found->stored = bytes;
    } else if (status == ACTA_NOT_FOUND) {
        found->now.state = ROW_ABSENT;
    } else {
        return status;
    }
    return ACTA_OK;
}

acta_status
acta_rows_get(acta_rows *rows, const acta_table *row_table, acta_str key, void *row_out, acta_error *error)
{
    row *found;
    acta_status status = find_row(rows, row_table, key, &found, error);

    if (status == ACTA_OK && found->now.state == ROW_UNKNOWN) status = read_row(rows, row_table, found, error);
    if (status != ACTA_OK) return status;
    if (found->now.state == ROW_ABSENT || found->now.state == ROW_REMOVED)
        return acta_error_set(
            error, ACTA_NOT_FOUND, "there is no '%s' of '" ACTA_FMT "'", row_table->name, ACTA_ARG(key));
    acta_bytes opened;
    status = acti_personal_open(rows->app, row_table, found->now.bytes, rows->memory, &opened, error);
    if (status == ACTA_OK) row_table->read(opened, row_out);
    return status;
}

static acta_status
stage(acta_rows *rows, const acta_table *row_table, acta_str key, row_value value, acta_error *error)
{
    row *found;
    acta_status status = find_row(rows, row_table, key, &found, error);
    bool is_needed = status == ACTA_OK && found->now.state == ROW_UNKNOWN && acti_has_index(row_table);

    if (is_needed) status = read_row(rows, row_table, found, error); /* its entries go with it */
    if (status != ACTA_OK) return status;
    if (!found->is_staged) {
        found->is_staged = true;
        found->before = found->now;
        found->next_staged = rows->staged;
        rows->staged = found;
    }
    found->now = value;
    rows->staged_bytes += value.bytes.size + key.size;
    if (rows->staged_bytes <= EVENT_BYTES_MAX) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "one event writes more than %d bytes of rows", EVENT_BYTES_MAX);
}

acta_status
acta_rows_put(acta_rows *rows, const acta_table *row_table, const void *value, acta_error *error)
{
    acta_memory_sink sink = acta_memory_sink_of(rows->memory);
    row *found;
    if (row_table->identity == NULL || rows->database != NULL)
        return find_row(rows, row_table, acta_str_of("?"), &found, error);

    acta_status status = acti_personal_write(rows->app, row_table, value, rows->memory, &sink.sink, error);
    if (status != ACTA_OK) return status;
    if (sink.bytes.size > ACTA_PAYLOAD_MAX)
        return acta_error_set(error, ACTA_INVALID, "a row of '%s' has %zu bytes, at most %d are allowed",
            row_table->name, sink.bytes.size, ACTA_PAYLOAD_MAX);
    acta_str key = row_table->identity(value);
    status = acti_index_check_row(row_table, value, key, error);
    return status == ACTA_OK ? stage(rows, row_table, key, (row_value){ ROW_PUT, sink.bytes }, error) : status;
}

acta_status
acta_rows_remove(acta_rows *rows, const acta_table *row_table, acta_str key, acta_error *error)
{
    return stage(rows, row_table, key, (row_value){ .state = ROW_REMOVED }, error);
}

static void
end_event(acta_rows *rows, bool keep)
{
    for (row *staged = rows->staged; staged != NULL; staged = staged->next_staged) {
        staged->is_staged = false;
        if (!keep) staged->now = staged->before;
    }
    if (keep) rows->bytes += rows->staged_bytes;
    rows->staged = NULL;
    rows->staged_bytes = 0;
}

static void
clear(acta_rows *rows)
{
    acti_map_deinit(&rows->map);
    acta_memory_clear(rows->memory);
    rows->first = rows->last = rows->staged = NULL;
    rows->bytes = rows->staged_bytes = 0;
}

/* -- the reader's side -- */

static acta_status
open_rows(acti_reader_actor *r, acta_error *error)
{
    acta_rows *rows = r->kind_state;

    rows->app = r->app;
    acti_map_init(&rows->map, &r->allocator, r->app->hash_seed);
    if (r->reader->rows_memory == NULL) r->reader->rows_memory = acta_memory_create(&r->app->environment.allocator);
    rows->memory = r->reader->rows_memory;
    if (rows->memory != NULL) acta_memory_clear(rows->memory);
    return rows->memory != NULL ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, "no memory for rows");
}

static acta_status
project_one(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    const acta_projection *projection = r->reader->given.projection;
    acta_rows *rows = r->kind_state;
    return projection->code->handle(projection, item->event, item->recorded.payload, &item->recorded, rows, error);
}

static acti_work
project(acti_reader_actor *r, const acti_item *item, acta_str key, acta_error *error)
{
    const acta_projection *projection = r->reader->given.projection;
    acta_rows *rows = r->kind_state;
    (void)key;

    error->text[0] = '\0';
    acta_status status = acti_item_each(r, item, project_one, error);
    end_event(rows, status == ACTA_OK);
    if (status == ACTA_OK) return ACTI_WORK_DONE;
    if (error->text[0] == '\0')
        acta_error_set(error, status, "projection '%s' returned %s", projection->name, acta_status_name(status));
    return ACTI_WORK_FAILED;
}

static bool
is_full(const acti_reader_actor *r)
{
    const acta_rows *rows = r->kind_state;
    return rows->bytes > BATCH_BYTES_MAX;
}

static void
fill(acti_reader_actor *r, acta_transaction *transaction)
{
    const acta_rows *rows = r->kind_state;

    for (const row *written = rows->first; written != NULL; written = written->next) {
        if (written->now.state == ROW_PUT)
            acta_transaction_put(transaction, written->table.text, acta_str_bytes(written->key), written->now.bytes);
        if (written->now.state == ROW_REMOVED)
            acta_transaction_delete(transaction, written->table.text, acta_str_bytes(written->key));
        if (written->now.state == ROW_PUT || written->now.state == ROW_REMOVED)
            acti_index_fill(transaction, written->row_table, written->key, written->stored, written->now.bytes);
    }
}

static void
filled(acti_reader_actor *r)
{
    clear(r->kind_state);
}

const acti_reader_kind acti_projection_kind = {
    .name = "projection",
    .state_size = sizeof(acta_rows),
    .transactional = true,
    .open = open_rows,
    .work = project,
    .is_full = is_full,
    .fill = fill,
    .filled = filled,
};
