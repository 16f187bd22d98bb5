/*
 * Projections: rows that follow the log, and the position that they are of, in one transaction.
 *
 *     get  <--  rows in hand (row_cache.c)  <--  the store's table
 *     put  -->  staged, until the event is done; as before, when it failed
 *
 * While a batch is on its way the next one is made: it sees the rows as that leaves them. If that fails nothing behind it is
 * written, for the reader's life ends, or the store takes no writes any more.
 */
#include "personal.h"
#include "reader.h"
#include "reader_rebuild.h"
#include "row_cache.h"
#include "row_index.h"
#include "rows.h"
#include "span.h"

/* -- what a projection's functions call -- */

static acta_status
find_row(acta_rows *rows, const acta_table *row_table, acta_str key, acti_row **row_out, acta_error *error)
{
    acta_status status = ACTA_OK;

    if (rows->only.data != NULL && !acta_str_equal(rows->only, key))
        return acta_error_set(error, ACTA_INVALID,
            "an inline projection has the row of its aggregate's identity, '" ACTA_FMT "', and no '%s' of '" ACTA_FMT
            "'",
            ACTA_ARG(rows->only), row_table->name, ACTA_ARG(key));
    if (rows->database == NULL) return acti_row_find(&rows->cache, row_table, key, row_out, error);
    status = acti_row_key_check(row_table, key, error);
    if (status != ACTA_OK) return status;
    return acta_error_set(error, ACTA_INVALID,
        "'%s' is a row of the store, and this projection writes into a database; make it another projection",
        row_table->name);
}

acta_status
acta_rows_get(acta_rows *rows, const acta_table *row_table, acta_str key, void *row_out, acta_error *error)
{
    acti_row *found;
    acta_bytes bytes;
    acta_status status = find_row(rows, row_table, key, &found, error);

    if (status == ACTA_OK) status = acti_row_value(&rows->cache, found, &bytes, error);
    if (status != ACTA_OK) return status;
    if (bytes.data == NULL)
        return acta_error_set(
            error, ACTA_NOT_FOUND, "there is no '%s' of '" ACTA_FMT "'", row_table->name, ACTA_ARG(key));
    status = acti_personal_open(rows->app, row_table, bytes, rows->cache.scratch, &bytes, error);
    if (status == ACTA_OK) row_table->read(bytes, row_out);
    return status;
}

acta_status
acta_rows_put(acta_rows *rows, const acta_table *row_table, const void *value, acta_error *error)
{
    acti_row *found;
    if (row_table->identity == NULL || rows->database != NULL)
        return find_row(rows, row_table, acta_str_of("?"), &found, error);

    acta_memory_sink sink = acta_memory_sink_of(rows->cache.scratch);
    acta_status status = acti_personal_write(rows->app, row_table, value, rows->cache.scratch, &sink.sink, error);
    if (status != ACTA_OK) return status;
    if (sink.bytes.size > ACTA_PAYLOAD_MAX)
        return acta_error_set(error, ACTA_INVALID, "a row of '%s' has %zu bytes, at most %d are allowed",
            row_table->name, sink.bytes.size, ACTA_PAYLOAD_MAX);
    acta_str key = row_table->identity(value);
    status = acti_index_check_row(row_table, value, key, error);
    if (status == ACTA_OK) status = find_row(rows, row_table, key, &found, error);
    return status == ACTA_OK ? acti_row_stage(&rows->cache, found, sink.bytes, error) : status;
}

acta_status
acta_rows_remove(acta_rows *rows, const acta_table *row_table, acta_str key, acta_error *error)
{
    acti_row *found;
    acta_status status = find_row(rows, row_table, key, &found, error);
    return status == ACTA_OK ? acti_row_stage(&rows->cache, found, acta_bytes_from(NULL, 0), error) : status;
}

/* -- the reader's side -- */

static acta_status
open_rows(acti_reader_actor *r, acta_error *error)
{
    acti_reader *reader = r->reader;
    acta_rows *rows = r->kind_state;
    const acta_allocator *allocator = &r->app->environment.allocator;

    if (reader->rows_memory == NULL) reader->rows_memory = acta_memory_create(allocator);
    if (reader->rows_scratch == NULL) reader->rows_scratch = acta_memory_create(allocator);
    if (reader->rows_memory == NULL || reader->rows_scratch == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for rows");
    rows->app = r->app;
    acti_row_cache_init(&rows->cache, r->app, reader->given.projection, reader->rows_memory, reader->rows_scratch);
    /* Before it looks which versions there are: if they change in between, its guard knows. */
    return acti_rebuild_number(r->app->store, reader->name, &rows->number, error);
}

static acta_status
project_one(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    const acta_projection *projection = r->reader->given.projection;
    const acta_recorded *recorded = &item->recorded;
    acta_rows *rows = r->kind_state;
    acta_span span;

    bool is_traced = acti_is_traced(r->app) && acti_trace_event_begin(r->reader, recorded, &span);
    ACTA_PROBE4(handler, projection->name, recorded->position, recorded->type.data, recorded->type.size);
    acta_status status = projection->code->handle(projection, item->event, recorded->payload, recorded, rows, error);
    ACTA_PROBE3(handler_done, projection->name, recorded->position, status);
    if (is_traced) acti_trace_event_end(r->reader, recorded, &span, status);
    return status;
}

acta_status
acti_projection_project(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    acta_rows *rows = r->kind_state;
    acta_status status = acti_item_each(r, item, project_one, error);

    acti_row_cache_end_event(&rows->cache, status == ACTA_OK);
    return status;
}

static acti_work
project(acti_reader_actor *r, const acti_item *item, acta_str key, acta_error *error)
{
    const acta_projection *projection = r->reader->given.projection;
    (void)key;

    error->text[0] = '\0';
    acta_status status = acti_projection_project(r, item, error);
    if (status == ACTA_OK) return ACTI_WORK_DONE;
    if (error->text[0] == '\0')
        acta_error_set(error, status, "projection '%s' returned %s", projection->name, acta_status_name(status));
    return ACTI_WORK_FAILED;
}

static bool
is_full(const acti_reader_actor *r)
{
    const acta_rows *rows = r->kind_state;
    return acti_row_cache_is_full(&rows->cache);
}

static void
fill(acti_reader_actor *r, acta_transaction *transaction)
{
    const acta_rows *rows = r->kind_state;
    acti_row_cache_fill(&rows->cache, transaction);
}

static void
guard(acti_reader_actor *r, acta_transaction *transaction)
{
    const acta_rows *rows = r->kind_state;
    acti_rebuild_guard(transaction, r->reader->name, rows->number);
}

static void
sent(acti_reader_actor *r)
{
    acta_rows *rows = r->kind_state;
    acti_row_cache_sent(&rows->cache);
}

static void
durable(acti_reader_actor *r)
{
    acta_rows *rows = r->kind_state;
    acti_row_cache_durable(&rows->cache);
}

const acti_reader_kind acti_projection_kind = {
    .name = "projection",
    .state_size = sizeof(acta_rows),
    .transactional = true,
    .open = open_rows,
    .work = project,
    .is_full = is_full,
    .fill = fill,
    .guard = guard,
    .sent = sent,
    .durable = durable,
};
