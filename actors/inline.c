/*
 * Inline projections: which there are, and the start, which brings their rows to the end of the log.
 *
 *     position of the last start --> events, in order --> not behind its stream's note? it is in the rows already
 *                                                     --> else: projected; rows and notes go in batches
 */
#include "inline.h"

#include "acta/projection_inline.h"

#include "personal.h"
#include "row_index.h"

enum { BATCH_EVENTS = 1000, NUMBER_SIZE = 8, NAME_MAX_SIZE = 128 /* as of readers: validate.c */ };

static const char *const notes_table = "inline.notes", *const positions_table = "inline.positions";

/* -- notes -- */

enum { NOTE_KEY_MAX = NAME_MAX_SIZE + 1 + ACTA_STREAM_NAME_MAX };

static acta_bytes
note_key(const char *name, acta_str stream, uint8_t *room)
{
    size_t size = strlen(name) + 1;

    memcpy(room, name, size);
    if (stream.size > 0) memcpy(room + size, stream.data, stream.size);
    return acta_bytes_from(room, size + stream.size);
}

/* 0: there is none. */
static acta_status
read_number(acta_store *store, const char *table, acta_bytes key, acta_memory *memory, uint64_t *out, acta_error *error)
{
    acta_bytes value;
    acta_status status = acta_store_get(store, table, key, memory, &value, error);

    *out = 0;
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    if (value.size != NUMBER_SIZE)
        return acta_error_set(
            error, ACTA_CORRUPT, "a row of '%s' has %zu bytes, %d are expected", table, value.size, NUMBER_SIZE);
    for (int i = NUMBER_SIZE - 1; i >= 0; i--)
        *out = *out << 8 | value.data[i];
    return ACTA_OK;
}

static void
put_number(acta_transaction *transaction, const char *table, acta_bytes key, uint64_t number)
{
    uint8_t bytes[NUMBER_SIZE];

    for (int i = 0; i < NUMBER_SIZE; i++)
        bytes[i] = (uint8_t)(number >> (8 * i));
    acta_transaction_put(transaction, table, key, acta_bytes_from(bytes, sizeof bytes));
}

acta_status
acti_inline_note_read(acta_app *app, const acti_inline *in, acta_str stream, acta_memory *memory, uint64_t *version_out,
    acta_error *error)
{
    uint8_t room[NOTE_KEY_MAX];
    return read_number(app->store, notes_table, note_key(in->given->name, stream, room), memory, version_out, error);
}

void
acti_inline_note_put(acta_transaction *transaction, const acti_inline *in, acta_str stream, uint64_t version)
{
    uint8_t room[NOTE_KEY_MAX];
    put_number(transaction, notes_table, note_key(in->given->name, stream, room), version);
}

static void
put_position(acta_transaction *transaction, const acti_inline *in, uint64_t position)
{
    put_number(transaction, positions_table, acta_str_bytes(acta_str_of(in->given->name)), position);
}

/* -- one event -- */

acta_str
acti_inline_identity(const acti_aggregate *aggregate, acta_str stream)
{
    return acta_str_from(stream.data + aggregate->prefix.size, stream.size - aggregate->prefix.size);
}

static acta_status
project(const acti_inline *in, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    acta_recorded shown = *recorded;
    uint32_t event;

    if (!acti_names_find(&in->events, recorded->type, &event) || !in->given->code->interested(in->given, event))
        return ACTA_OK;
    shown.position = shown.stream_id = 0; /* what an event that is being written has not */
    shown.recorded_at_us = 0;
    shown.replaying = false;
    error->text[0] = '\0';
    acta_status status = in->given->code->handle(in->given, event, recorded->payload, &shown, rows, error);
    if (status != ACTA_OK && error->text[0] == '\0') acta_error_set(error, status, "%s", acta_status_name(status));
    return status;
}

/* A buffer of another version of the schema is looked at before it is read; what is personal is opened. */
static acta_status
open_event(acta_app *app, const acta_table *table, acta_recorded *event, acta_memory *memory, acta_error *error)
{
    acta_status status = ACTA_OK;

    if (event->schema_hash != table->schema_hash) status = table->verify(event->payload, error);
    if (status == ACTA_OK && acta_table_is_marked(table, ACTA_MARK_PERSONAL))
        status = acti_personal_open(app, table, event->payload, memory, &event->payload, error);
    return status;
}

static acta_status
project_old(acta_app *app, const acti_inline *in, const acta_recorded *recorded, uint32_t old, acta_rows *rows,
    acta_error *error)
{
    acti_upcasted upcasted;
    acta_status status = acti_upcast(app, &app->environment.allocator, recorded, old, &upcasted, error);

    for (uint32_t i = 0; i < upcasted.count && status == ACTA_OK; i++) {
        acta_recorded one = acti_upcast_recorded(recorded, &upcasted.events[i]);
        status = project(in, &one, rows, error);
    }
    acti_upcasted_deinit(&upcasted);
    return status;
}

static acta_status
project_any(acta_app *app, const acti_inline *in, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    acta_recorded opened = *recorded;
    uint32_t event;
    if (recorded->kind != ACTA_RECORD_EVENT) return ACTA_OK;

    bool is_named = acti_names_find(&in->events, recorded->type, &event);
    const acta_table *table = is_named ? in->given->code->events[event] : NULL;
    uint32_t old = is_named && table->schema_hash == recorded->schema_hash ? 0 : acti_old_of(app, recorded);
    if (old != 0) return project_old(app, in, recorded, old, rows, error);
    if (!is_named) return ACTA_OK;
    acta_status status = open_event(app, table, &opened, rows->cache.scratch, error);
    return status == ACTA_OK ? project(in, &opened, rows, error) : status;
}

acta_status
acti_inline_recorded(
    acta_app *app, const acti_inline *in, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    rows->cache.projection = in->given;
    acta_status status = project_any(app, in, recorded, rows, error);

    acti_row_cache_end_event(&rows->cache, status == ACTA_OK);
    if (status == ACTA_OK) return ACTA_OK;
    return acta_error_prefix(error, status, "inline projection '%s', '" ACTA_FMT "' at version %" PRIu64 ": ",
        in->given->name, ACTA_ARG(recorded->stream), recorded->version);
}

/* -- which there are -- */

/* The application's aggregate that the stream is one of; NULL: none. */
static const acti_aggregate *
aggregate_of(const acta_app *app, acta_str stream)
{
    const acti_aggregate *found = NULL;

    for (uint32_t i = 0; i < app->aggregate_count; i++) {
        const acti_aggregate *aggregate = &app->aggregates[i];
        bool is_its = stream.size > aggregate->prefix.size &&
                      memcmp(stream.data, aggregate->prefix.data, aggregate->prefix.size) == 0;
        if (!is_its || !aggregate->has_inline) continue;
        if (found == NULL || found->prefix.size < aggregate->prefix.size) found = aggregate;
    }
    return found;
}

static bool
has_aggregate(acta_app *app, const acta_table *event)
{
    uint32_t number;
    bool found = false;

    for (uint32_t i = 0; i < app->aggregate_count; i++) {
        if (!acti_names_find(&app->aggregates[i].events, acta_str_of(event->name), &number)) continue;
        app->aggregates[i].has_inline = found = true;
    }
    return found;
}

static acta_status
check(acta_app *app, const acta_projection *given, acta_error *error)
{
    if (given->database != NULL || given->options != NULL || given->window != 0 || given->retry_max != 0)
        return acta_error_set(error, ACTA_INVALID,
            "inline projection '%s' writes into the store with the events: it has no database, options, window or "
            "retry_max",
            given->name);
    for (uint32_t event = 0; event < given->code->event_count; event++) {
        if (!given->code->interested(given, event) || has_aggregate(app, given->code->events[event])) continue;
        return acta_error_set(error, ACTA_INVALID,
            "inline projection '%s' wants '%s', which no aggregate of application '%s' writes", given->name,
            given->code->events[event]->name, app->name);
    }
    return ACTA_OK;
}

acta_status
acti_inlines_create(acta_app *app, const acta_app_config *config, acta_error *error)
{
    uint32_t count = 0;
    while (config->inline_projections != NULL && config->inline_projections[count] != NULL)
        count++;
    if (count == 0) return ACTA_OK;

    app->inlines = acti_alloc(app, count * sizeof *app->inlines);
    if (app->inlines == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for inline projections");
    memset(app->inlines, 0, count * sizeof *app->inlines);
    app->inline_count = count;
    for (uint32_t i = 0; i < count; i++) {
        const acta_projection *given = config->inline_projections[i];
        app->inlines[i].given = given;
        acta_status status = check(app, given, error);
        if (status != ACTA_OK) return status;
        if (!acti_names_init(
                &app->inlines[i].events, &app->environment.allocator, given->code->events, given->code->event_count))
            return acta_error_set(error, ACTA_NO_MEMORY, "no memory for inline projections");
    }
    return ACTA_OK;
}

void
acti_inlines_destroy(acta_app *app)
{
    for (uint32_t i = 0; i < app->inline_count; i++)
        acti_names_deinit(&app->inlines[i].events);
    acti_free(app, app->inlines, app->inline_count * sizeof *app->inlines);
}

bool
acti_is_inline(const acta_app *app, const acta_projection *projection)
{
    uint32_t i = 0;

    while (i < app->inline_count && app->inlines[i].given != projection)
        i++;
    return i < app->inline_count;
}

/* -- the start -- */

/* A stream of the batch in hand. */
typedef struct one_stream {
    acti_map_node node;
    struct one_stream *next;
    uint64_t version; /* that its rows are of */
    bool is_anew;     /* they are of a stream that isn't there any more */
    size_t size;
    char name[];
} one_stream;

typedef struct joining {
    acta_app *app;
    const acti_inline *in;
    acta_rows rows;
    acta_memory *rows_memory, *scratch, *memory; /* memory: of the streams */
    acta_allocator allocator;                    /* over it */
    acti_map by_name;
    one_stream *streams;
    uint32_t count; /* events of the batch */
    uint64_t passed;
} joining;

static void
begin_batch(joining *j)
{
    acta_memory_clear(j->memory);
    j->allocator = acti_allocator_over(j->memory);
    acti_map_init(&j->by_name, &j->allocator, j->app->hash_seed);
    j->streams = NULL;
    j->count = 0;
}

static acta_status
end_batch(joining *j, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(j->app->store);
    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for rows");

    acti_row_cache_fill(&j->rows.cache, transaction);
    for (const one_stream *s = j->streams; s != NULL; s = s->next)
        acti_inline_note_put(transaction, j->in, acta_str_from(s->name, s->size), s->version);
    put_position(transaction, j->in, j->passed);
    acti_row_cache_sent(&j->rows.cache);
    acta_status status = acta_store_commit(j->app->store, transaction, NULL, error);
    acti_row_cache_durable(&j->rows.cache);
    begin_batch(j);
    return status;
}

/* NULL: it can't be read, and status_out says why. */
static one_stream *
find_stream(joining *j, acta_str name, acta_status *status_out, acta_error *error)
{
    uint64_t head;
    acti_map_node *node = acti_map_find(&j->by_name, name);
    if (node != NULL) return ACTI_CONTAINER(node, one_stream, node);

    one_stream *s = acta_memory_alloc(j->memory, sizeof *s + name.size);
    *status_out = s != NULL ? ACTA_OK : acta_error_set(error, ACTA_NO_MEMORY, "no memory for rows");
    if (s == NULL) return NULL;
    *s = (one_stream){ .next = j->streams, .size = name.size };
    memcpy(s->name, name.data, name.size);
    *status_out = acti_inline_note_read(j->app, j->in, name, j->memory, &s->version, error);
    if (*status_out == ACTA_OK) *status_out = acta_store_version(j->app->store, name, &head, error);
    if (*status_out != ACTA_OK) return NULL;
    s->is_anew = s->version > head;
    if (s->is_anew) s->version = 0;
    acti_map_add(&j->by_name, &s->node, acta_str_from(s->name, s->size));
    j->streams = s;
    return s;
}

static acta_status
join_event(joining *j, const acta_recorded *recorded, acta_error *error)
{
    acta_status status;
    const acti_aggregate *aggregate = aggregate_of(j->app, recorded->stream);
    if (aggregate == NULL || recorded->kind != ACTA_RECORD_EVENT) return ACTA_OK;

    one_stream *s = find_stream(j, recorded->stream, &status, error);
    if (s == NULL) return status;
    if (recorded->version <= s->version) return ACTA_OK;
    j->rows.only = acti_inline_identity(aggregate, recorded->stream);
    j->rows.cache.begins_empty = s->is_anew;
    status = acti_inline_recorded(j->app, j->in, recorded, &j->rows, error);
    s->version = recorded->version;
    j->count++;
    return status;
}

static acta_status
join_all(joining *j, acta_error *error)
{
    acta_read read = { .from = j->passed + 1, .links = true };
    acta_recorded recorded;
    acta_cursor *cursor;

    acta_status status = acta_cursor_open(j->app->store, &read, &cursor, error);
    if (status != ACTA_OK) return status;
    while (status == ACTA_OK && (status = acta_cursor_next(cursor, &recorded, error)) == ACTA_OK) {
        status = join_event(j, &recorded, error);
        j->passed = recorded.position;
        bool is_full = j->count >= BATCH_EVENTS || acti_row_cache_is_full(&j->rows.cache);
        if (status == ACTA_OK && is_full) status = end_batch(j, error);
    }
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? end_batch(j, error) : status;
}

static acta_status
join(acta_app *app, const acti_inline *in, acta_error *error)
{
    const acta_allocator *allocator = &app->environment.allocator;
    joining j = { .app = app,
        .in = in,
        .rows = { .app = app },
        .rows_memory = acta_memory_create(allocator),
        .scratch = acta_memory_create(allocator),
        .memory = acta_memory_create(allocator) };
    acta_status status = ACTA_NO_MEMORY;

    if (j.rows_memory != NULL && j.scratch != NULL && j.memory != NULL) {
        acti_row_cache_init(&j.rows.cache, app, NULL, j.rows_memory, j.scratch);
        status = read_number(
            app->store, positions_table, acta_str_bytes(acta_str_of(in->given->name)), j.memory, &j.passed, error);
        begin_batch(&j);
        if (status == ACTA_OK && j.passed < acta_store_head(app->store)) status = join_all(&j, error);
    } else
        acta_error_set(error, status, "no memory for the rows of inline projection '%s'", in->given->name);
    acta_memory_destroy(j.rows_memory);
    acta_memory_destroy(j.scratch);
    acta_memory_destroy(j.memory);
    return status;
}

acta_status
acti_inlines_join(acta_app *app, acta_error *error)
{
    acta_status status = ACTA_OK;
    acta_error own;

    if (error == NULL) error = &own;
    if (app->only_reads) return ACTA_OK;
    for (uint32_t i = 0; i < app->inline_count && status == ACTA_OK; i++)
        status = join(app, &app->inlines[i], error);
    app->inline_outside = acta_store_outside_count(app->store);
    return status;
}

/* What others have appended meanwhile may be in no rows: then the next start looks from where this one did. */
void
acti_inlines_leave(acta_app *app)
{
    if (app->inline_count == 0 || app->only_reads || acta_store_health(app->store, NULL) != ACTA_OK) return;
    if (acta_store_outside_count(app->store) != app->inline_outside) return;
    acta_transaction *transaction = acta_transaction_create(app->store);
    if (transaction == NULL) return;

    for (uint32_t i = 0; i < app->inline_count; i++)
        put_position(transaction, &app->inlines[i], acta_store_head(app->store));
    (void)acta_store_commit(app->store, transaction, NULL, NULL); /* if not, the next start looks at more */
}

/* -- reset -- */

static acta_status
delete_notes(acta_store *store, const char *name, acta_transaction *transaction, acta_error *error)
{
    uint8_t room[NOTE_KEY_MAX];
    acta_row_cursor *cursor;
    acta_bytes prefix = note_key(name, acta_str_from(NULL, 0), room), key, value;

    acta_status status = acta_row_cursor_open(store, notes_table, prefix, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
        if (key.size < prefix.size || memcmp(key.data, prefix.data, prefix.size) != 0) break;
        acta_transaction_delete(transaction, notes_table, key);
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acta_inline_reset(acta_store *store, const char *name, const acta_table *const *row_tables, acta_error *error)
{
    if (strlen(name) > NAME_MAX_SIZE)
        return acta_error_set(error, ACTA_INVALID,
            "the name of an inline projection has %zu bytes, at most %d are allowed", strlen(name), NAME_MAX_SIZE);
    acta_transaction *transaction = acta_transaction_create(store);
    if (transaction == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory to reset inline projection '%s'", name);

    acta_status status = delete_notes(store, name, transaction, error);
    for (; status == ACTA_OK && row_tables != NULL && *row_tables != NULL; row_tables++)
        status = acti_read_model_clear(store, *row_tables, transaction, error);
    if (status != ACTA_OK) {
        acta_transaction_destroy(transaction);
        return acta_error_prefix(error, status, "inline projection '%s' is not reset: ", name);
    }
    acta_transaction_delete(transaction, positions_table, acta_str_bytes(acta_str_of(name)));
    return acta_store_commit(store, transaction, NULL, error);
}
