/*
 * Batches for a database: events of the log, kept until they are in its rows.
 */
#include "database.h"
#include "rows.h"
#include "span.h"

acti_database *
acti_database_create(acti_reader *reader, const acta_database *given)
{
    acti_database *database = acti_alloc(reader->app, sizeof *database);
    if (database == NULL) return NULL;

    memset(database, 0, sizeof *database);
    database->reader = reader;
    database->given = given;
    database->batch.reader = reader;
    database->batch.failed = ACTI_NO_EVENT;
    database->batch.memory = acta_memory_create(&reader->app->environment.allocator);
    if (database->batch.memory != NULL) return database;
    acti_free(reader->app, database, sizeof *database);
    return NULL;
}

void
acti_database_destroy(acti_database *database)
{
    if (database == NULL) return;
    const acta_app *app = database->reader->app;
    acta_batch *batch = &database->batch;

    if (database->connection != NULL) database->given->code->close(database->given, database->connection);
    acti_batch_clear(batch);
    acta_memory_destroy(batch->memory);
    acti_free(app, batch->items, batch->item_capacity * sizeof *batch->items);
    acti_free(app, batch->events, batch->event_capacity * sizeof *batch->events);
    acti_free(app, database, sizeof *database);
}

/* -- collecting -- */

void
acti_batch_clear(acta_batch *batch)
{
    for (uint32_t i = 0; i < batch->item_count; i++)
        acti_item_destroy(batch->reader->app, batch->items[i].item);
    acta_memory_clear(batch->memory);
    batch->item_count = batch->event_count = batch->first = batch->limit = 0;
    batch->failed = ACTI_NO_EVENT;
    batch->is_late = false;
}

/* Room for one more. */
static bool
reserve(const acta_app *app, void **values, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) return true;
    uint32_t grown_capacity = *capacity == 0 ? ACTA_WINDOW_DEFAULT : *capacity * 2;
    void *grown = acti_alloc(app, grown_capacity * size);
    if (grown == NULL) return false;
    if (count > 0) memcpy(grown, *values, count * size);
    acti_free(app, *values, *capacity * size);
    *values = grown;
    *capacity = grown_capacity;
    return true;
}

static acta_status
no_memory(acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for an event on its way to a database");
}

static bool
keep_payload(acta_batch *batch, acta_bytes *payload)
{
    uint8_t *copy = acta_memory_alloc(batch->memory, payload->size);

    if (copy == NULL) return false;
    if (payload->size > 0) memcpy(copy, payload->data, payload->size);
    payload->data = copy;
    return true;
}

static acta_status
add_event(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    acta_batch *batch = &r->reader->database->batch;
    acti_batch_event event = { .item = batch->item_count - 1, .event = item->event, .recorded = item->recorded };
    void *events = batch->events;

    /* What an old event has become lies elsewhere than the event. */
    if (r->upcasted != NULL && !keep_payload(batch, &event.recorded.payload)) return no_memory(error);
    if (!reserve(r->app, &events, batch->event_count, &batch->event_capacity, sizeof event)) return no_memory(error);
    batch->events = events;
    batch->events[batch->event_count++] = event;
    return ACTA_OK;
}

acta_status
acti_batch_add(acti_reader_actor *r, acta_batch *batch, const acti_item *item, acta_str key, acta_error *error)
{
    uint32_t event_count = batch->event_count;
    void *items = batch->items;

    if (!reserve(r->app, &items, batch->item_count, &batch->item_capacity, sizeof *batch->items))
        return no_memory(error);
    batch->items = items;
    acti_batch_item added = { .item = acti_item_copy(r->app, item), .key = key };
    char *text = acta_memory_alloc(batch->memory, key.size);
    if (added.item == NULL || text == NULL) {
        acti_item_destroy(r->app, added.item);
        return no_memory(error);
    }
    memcpy(text, key.data, key.size);
    added.key.data = text;
    batch->items[batch->item_count++] = added;
    if (item->aside != NULL) batch->is_late = true;
    acta_status status = acti_item_each(r, added.item, add_event, error);
    if (status == ACTA_OK) return status;
    batch->item_count--;
    batch->event_count = event_count;
    acti_item_destroy(r->app, added.item);
    if (item->aside != NULL) batch->is_late = false;
    return status;
}

/* -- what a database sees of it -- */

const acta_bookmark *
acta_batch_before(const acta_batch *batch)
{
    return &batch->before;
}

const acta_bookmark *
acta_batch_after(const acta_batch *batch)
{
    return &batch->after;
}

const char *
acta_batch_name(const acta_batch *batch)
{
    return batch->reader->name;
}

static bool
is_in(const acta_batch *batch, const acti_batch_event *event)
{
    return event->item >= batch->first && event->item < batch->limit && !batch->items[event->item].is_out;
}

uint32_t
acta_batch_count(const acta_batch *batch)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < batch->event_count; i++)
        if (is_in(batch, &batch->events[i])) count++;
    return count;
}

void
acta_batch_absolve(acta_batch *batch)
{
    batch->failed = ACTI_NO_EVENT;
}

acta_status
acta_batch_project(acta_batch *batch, void *connection, acta_error *error)
{
    const acta_projection *projection = batch->reader->given.projection;
    acta_rows rows = { .app = batch->reader->app, .database = projection->database, .connection = connection };

    batch->failed = ACTI_NO_EVENT;
    for (uint32_t i = 0; i < batch->event_count; i++) {
        const acti_batch_event *event = &batch->events[i];
        if (!is_in(batch, event)) continue;
        acta_span span;
        bool is_traced =
            acti_is_traced(batch->reader->app) && acti_trace_event_begin(batch->reader, &event->recorded, &span);
        ACTA_PROBE4(
            handler, projection->name, event->recorded.position, event->recorded.type.data, event->recorded.type.size);
        acta_status status =
            projection->code->handle(projection, event->event, event->recorded.payload, &event->recorded, &rows, error);
        ACTA_PROBE3(handler_done, projection->name, event->recorded.position, status);
        if (is_traced) acti_trace_event_end(batch->reader, &event->recorded, &span, status);
        if (status == ACTA_OK) continue;
        batch->failed = i;
        return status;
    }
    return ACTA_OK;
}

const acta_database *
acta_rows_database(const acta_rows *rows)
{
    return rows->database;
}

void *
acta_rows_connection(const acta_rows *rows)
{
    return rows->connection;
}

/* -- bookmarks -- */

bool
acta_bookmark_equal(const acta_bookmark *a, const acta_bookmark *b)
{
    return a->position == b->position && a->event == b->event && a->late == b->late && a->late_count == b->late_count &&
           memcmp(&a->mark, &b->mark, sizeof a->mark) == 0;
}

acta_id
acti_bookmark_mark(const acta_recorded *recorded)
{
    const uint64_t numbers[] = { recorded->position, recorded->version, (uint64_t)recorded->recorded_at_us };
    uint8_t bytes[sizeof numbers];
    const acta_bytes parts[] = { acta_bytes_from(bytes, sizeof bytes), acta_str_bytes(recorded->stream),
        acta_str_bytes(recorded->type) };
    acta_id mark;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(numbers[i / 8] >> (56 - 8 * (i % 8)));
    acta_digest digest = acta_digest_of(parts, sizeof parts / sizeof parts[0]);
    memcpy(&mark, &digest, sizeof mark);
    return mark;
}
