/*
 * Inline projections in an aggregate's turn.
 *
 *     first events of its work --> notes: are the rows those of the state's version? --no--> events that are missing, projected
 *                                                                                 --yes-+
 *     events of a command --> projected --> rows and notes into the transaction of the append <--+
 *
 * Rows in hand are as the appends under way leave them, as the state is. They are forgotten with it, and when the aggregate
 * rests, for then all that it has written is durable.
 */
#include "inline.h"

#include "aggregate_actor.h"

struct acti_inlined {
    acta_rows rows;
    acta_memory *memory, *scratch;
};

void
acti_inline_forget(acti_aggregate_actor *a)
{
    acti_inlined *inlined = a->work->inlined;
    if (inlined == NULL) return;

    a->work->inlined = NULL;
    acta_memory_destroy(inlined->memory);
    acta_memory_destroy(inlined->scratch);
    acti_spare_free(a->app, inlined, sizeof *inlined);
}

static acta_status
make(acti_aggregate_actor *a, acta_error *error)
{
    acti_inlined *inlined = acti_spare_alloc(a->app, sizeof *inlined);
    if (inlined == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for rows");

    *inlined =
        (acti_inlined){ .memory = acta_memory_create(&a->app->warm), .scratch = acta_memory_create(&a->app->warm) };
    a->work->inlined = inlined;
    if (inlined->memory == NULL || inlined->scratch == NULL) {
        acti_inline_forget(a);
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for rows");
    }
    acti_row_cache_init(&inlined->rows.cache, a->app, NULL, inlined->memory, inlined->scratch);
    inlined->rows.cache.bytes_max = SIZE_MAX; /* the store may not have what it would read again */
    inlined->rows.app = a->app;
    inlined->rows.only = acti_inline_identity(a->aggregate, a->stream);
    return ACTA_OK;
}

/* Events that somebody else has appended. */
static acta_status
catch_up(acti_aggregate_actor *a, const acti_inline *in, uint64_t version, acta_error *error)
{
    acta_rows *rows = &a->work->inlined->rows;
    acta_read read = { .stream = a->stream, .from = version + 1, .links = true };
    acta_recorded recorded;
    acta_cursor *cursor;

    ACTA_SOMETIMES(&a->app->environment, "inline.caught.up");
    acta_status status = acta_cursor_open(a->app->store, &read, &cursor, error);
    if (status != ACTA_OK) return status;
    while (status == ACTA_OK && (status = acta_cursor_next(cursor, &recorded, error)) == ACTA_OK) {
        if (recorded.version > a->version) break; /* our append will fail on it */
        status = acti_inline_recorded(a->app, in, &recorded, rows, error);
    }
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
begin(acti_aggregate_actor *a, acta_error *error)
{
    acta_status status = make(a, error);

    for (uint32_t i = 0; i < a->app->inline_count && status == ACTA_OK; i++) {
        const acti_inline *in = &a->app->inlines[i];
        acta_rows *rows = &a->work->inlined->rows;
        uint64_t version;
        status = acti_inline_note_read(a->app, in, a->stream, rows->cache.scratch, &version, error);
        /* Of a stream that was deleted, and is written again. */
        rows->cache.begins_empty = rows->cache.begins_empty || version > a->version;
        if (version > a->version) version = 0;
        if (status == ACTA_OK && version < a->version) status = catch_up(a, in, version, error);
    }
    return status;
}

/* An event of the decision, as it will lie in the log. */
static acta_recorded
recorded_of(const acti_aggregate_actor *a, uint32_t index)
{
    const acti_emitted *emitted = &a->work->decision->emitted[index];
    const acta_table *table = a->aggregate->code->events[emitted->number];
    const acta_envelope *envelope = &a->work->executing->envelope;

    return (acta_recorded){ .version = a->version + index + 1,
        .stream = a->stream,
        .type = acta_str_of(table->name),
        .schema_hash = table->schema_hash,
        .command_id = envelope->command_id,
        .correlation_id = envelope->correlation_id,
        .causation_id = envelope->command_id,
        .payload = emitted->payload,
        .metadata = a->work->executing->metadata };
}

static acta_status
project_decision(acti_aggregate_actor *a, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (uint32_t p = 0; p < a->app->inline_count; p++) {
        for (uint32_t i = 0; i < a->work->decision->emitted_count && status == ACTA_OK; i++) {
            acta_recorded recorded = recorded_of(a, i);
            status = acti_inline_recorded(a->app, &a->app->inlines[p], &recorded, &a->work->inlined->rows, error);
        }
    }
    return status;
}

acta_status
acti_inline_put(acti_aggregate_actor *a, acta_error *error)
{
    acta_transaction *transaction = a->work->transaction;
    if (!a->aggregate->has_inline) return ACTA_OK;

    acta_status status = a->work->inlined != NULL ? ACTA_OK : begin(a, error);
    if (status == ACTA_OK) status = project_decision(a, error);
    if (status != ACTA_OK) return status;
    acti_row_cache *cache = &a->work->inlined->rows.cache;
    if (!ACTA_PLANT("inline_not_written")) acti_row_cache_fill(cache, transaction);
    /* As if they were there: what comes behind is refused with them. */
    acti_row_cache_sent(cache);
    acti_row_cache_durable(cache);
    for (uint32_t p = 0; p < a->app->inline_count; p++)
        acti_inline_note_put(
            transaction, &a->app->inlines[p], a->stream, a->version + a->work->decision->emitted_count);
    return ACTA_OK;
}
