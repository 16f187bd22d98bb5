/*
 * Rehydrating: the state of an aggregate out of its snapshot and its events.
 *
 *     version of the stream 0                       -> a new one, nothing to read
 *     snapshot of this state's schema, if there is   -> begin behind it
 *     then the events, a chunk a step, so that a long stream keeps nobody waiting and holds no view of the store open
 *
 * An event that is damaged, or that the schema doesn't know, is an error that names it; what was folded so far is
 * forgotten. Snapshots are written every `snapshot_every` versions, in a transaction of their own behind the events.
 */
#include "aggregate_actor.h"

enum { CHUNK_EVENTS = 64 };

void
acti_aggregate_forget_state(acti_aggregate_actor *a)
{
    const acta_table *table = a->aggregate->code->state;

    table->clear(a->value, a->memory);
    memset(a->value, 0, table->struct_size);
    acta_memory_forgive(a->memory); /* it may be there when the state is read again */
    a->version = a->snapshot_version = 0;
    a->begun = false;
}

acta_status
acti_aggregate_apply(acti_aggregate_actor *a, uint32_t event, acta_bytes payload, acta_error *error)
{
    const acta_aggregate_code *code = a->aggregate->code;

    if (acta_table_is_marked(code->events[event], ACTA_MARK_PERSONAL)) {
        acta_memory *memory = acti_personal_memory(&a->personal, a->memory);
        acta_status status = memory != NULL
                                 ? acti_personal_open(a->app, code->events[event], payload, memory, &payload, error)
                                 : acta_error_set(error, ACTA_NO_MEMORY, "no memory to open an event");
        if (status != ACTA_OK) return status;
    }
    code->apply(a->aggregate->given, event, a->value, payload, a->memory);
    if (!acta_memory_failed(a->memory)) return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the state of '" ACTA_FMT "'", ACTA_ARG(a->stream));
}

static acta_status
check_place(const acti_aggregate_actor *a, const acta_recorded *event, acta_error *error)
{
    if (event->kind == ACTA_RECORD_STUB)
        return acta_error_set(error, ACTA_CORRUPT,
            "cannot rehydrate '" ACTA_FMT "': the event at version %" PRIu64 " was removed, and no snapshot covers it",
            ACTA_ARG(a->stream), event->version);
    if (event->version != a->version + 1)
        return acta_error_set(error, ACTA_CORRUPT,
            "cannot rehydrate '" ACTA_FMT "': version %" PRIu64 " follows version %" PRIu64, ACTA_ARG(a->stream),
            event->version, a->version);
    return ACTA_OK;
}

static acta_status
find_event(const acti_aggregate_actor *a, const acta_recorded *event, uint32_t *number_out, acta_error *error)
{
    const acta_aggregate_code *code = a->aggregate->code;

    if (!acti_names_find(&a->aggregate->events, event->type, number_out))
        return acta_error_set(error, ACTA_SCHEMA_MISMATCH,
            "cannot rehydrate '" ACTA_FMT "': version %" PRIu64 " is '" ACTA_FMT
            "', which is no event of aggregate %s in this schema",
            ACTA_ARG(a->stream), event->version, ACTA_ARG(event->type), code->name);
    acta_status status = code->events[*number_out]->verify(event->payload, error);
    if (status != ACTA_OK)
        acta_error_prefix(error, status,
            "cannot rehydrate '" ACTA_FMT "': version %" PRIu64 ", '" ACTA_FMT "': ", ACTA_ARG(a->stream),
            event->version, ACTA_ARG(event->type));
    return status;
}

/* The old version that an event is; 0: none. */
static uint32_t
old_of(const acti_aggregate_actor *a, const acta_recorded *event)
{
    uint32_t number;
    bool is_now = acti_names_find(&a->aggregate->events, event->type, &number) &&
                  a->aggregate->code->events[number]->schema_hash == event->schema_hash;
    return is_now ? 0 : acti_old_of(a->app, event);
}

/* All that an old event has become, as one version of the stream. */
static acta_status
fold_old(acti_aggregate_actor *a, const acta_recorded *event, uint32_t old, acta_error *error)
{
    acta_allocator allocator = acti_allocator_over(a->memory); /* goes with the actor, also when apply fails it */
    acti_upcasted upcasted;
    uint32_t number;

    acta_status status = acti_upcast(a->app, &allocator, event, old, &upcasted, error);
    if (status != ACTA_OK)
        return acta_error_prefix(error, status, "cannot rehydrate '" ACTA_FMT "': ", ACTA_ARG(a->stream));
    for (uint32_t i = 0; i < upcasted.count && status == ACTA_OK; i++) {
        const acta_recorded now = acti_upcast_recorded(event, &upcasted.events[i]);
        status = find_event(a, &now, &number, error);
        if (status == ACTA_OK) status = acti_aggregate_apply(a, number, now.payload, error);
    }
    acti_upcasted_deinit(&upcasted);
    return status;
}

static acta_status
fold_event(acti_aggregate_actor *a, const acta_recorded *event, acta_error *error)
{
    uint32_t number, old = 0;
    acta_status status = check_place(a, event, error);

    if (status == ACTA_OK && a->app->upcasters != NULL) old = old_of(a, event);
    if (status == ACTA_OK && old != 0) return fold_old(a, event, old, error);
    if (status == ACTA_OK) status = find_event(a, event, &number, error);
    if (status != ACTA_OK) return status;
    status = acti_aggregate_apply(a, number, event->payload, error);
    if (status != ACTA_CORRUPT) return status;
    return acta_error_prefix(error, status,
        "cannot rehydrate '" ACTA_FMT "': version %" PRIu64 ", position %" PRIu64 ": ", ACTA_ARG(a->stream),
        event->version, event->position);
}

static acta_status
fold_chunk(acti_aggregate_actor *a, acta_cursor *cursor, uint32_t count_max, bool *done_out, acta_error *error)
{
    acta_recorded event;

    for (uint32_t i = 0; i < count_max; i++) {
        acta_status status = acta_cursor_next(cursor, &event, error);
        if (status == ACTA_NOT_FOUND) {
            *done_out = true;
            return ACTA_OK;
        }
        bool is_dropped = ACTA_PLANT("chunk_drops_last") && i > 0 && i + 1 == count_max;
        if (status == ACTA_OK && !is_dropped) status = fold_event(a, &event, error);
        if (status != ACTA_OK) return status;
        a->version = event.version;
    }
    return ACTA_OK;
}

static acta_status
read_chunk(acti_aggregate_actor *a, bool *done_out, acta_error *error)
{
    bool is_small = ACTA_SIM_CHANCE(&a->app->environment, "rehydrate.chunk.small", 25);
    uint32_t count_max = is_small ? 1 + (uint32_t)(a->version % 3) : CHUNK_EVENTS;
    acta_cursor *cursor;
    acta_read read = { .stream = a->stream, .from = a->version + 1, .count_max = count_max };
    acta_status status = acta_cursor_open(a->app->store, &read, &cursor, error);

    if (status == ACTA_NOT_FOUND) { /* a stream that had a version a moment ago */
        *done_out = true;
        return ACTA_OK;
    }
    if (status != ACTA_OK) return status;
    status = fold_chunk(a, cursor, count_max, done_out, error);
    acta_cursor_close(cursor);
    return status;
}

/* A snapshot is a shortcut: what is wrong with it is a reason to read the events, and no error. */
static acta_status
load_snapshot(acti_aggregate_actor *a, acta_memory *scratch, acta_error *error)
{
    const acta_table *table = a->aggregate->code->state;
    acta_snapshot snapshot;
    acta_status status = acta_store_snapshot(a->app->store, a->stream, scratch, &snapshot, error);

    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    if (ACTA_SIM_CHANCE(&a->app->environment, "snapshot.lost", 25)) return ACTA_OK;
    if (snapshot.schema_hash != table->schema_hash || table->verify(snapshot.state, NULL) != ACTA_OK) return ACTA_OK;
    if (acti_personal_open(a->app, table, snapshot.state, scratch, &snapshot.state, error) != ACTA_OK) return ACTA_OK;
    status = table->load(a->value, snapshot.state, a->memory);
    if (status != ACTA_OK)
        return acta_error_set(error, status, "no memory for the state of '" ACTA_FMT "'", ACTA_ARG(a->stream));
    a->version = a->snapshot_version = snapshot.version;
    ACTA_SOMETIMES(&a->app->environment, "aggregate.began.from.snapshot");
    return ACTA_OK;
}

static acta_status
begin(acti_aggregate_actor *a, acta_error *error)
{
    acta_status status = acta_store_version(a->app->store, a->stream, &a->stream_version, error);

    if (status != ACTA_OK) return status;
    a->begun = true;
    a->forget_count = acti_forget_count(a->app);
    if (a->aggregate->snapshot_every == UINT32_MAX) return ACTA_OK;
    bool may_have_one = a->stream_version >= a->aggregate->snapshot_every;
    if (!may_have_one && !ACTA_SIM_CHANCE(&a->app->environment, "snapshot.read.early", 50)) return ACTA_OK;
    acta_memory *scratch = acta_memory_create(&a->app->environment.allocator);
    if (scratch == NULL) return ACTA_OK;
    status = load_snapshot(a, scratch, error);
    acta_memory_destroy(scratch);
    return status;
}

bool
acti_rehydrate_is_long(const acti_aggregate_actor *a)
{
    if (!a->begun || a->stream_version <= a->version) return false;
    return a->stream_version - a->version > CHUNK_EVENTS || ACTA_SIM_CHANCE(&a->app->environment, "rehydrate.long", 25);
}

acta_status
acti_rehydrate(acti_aggregate_actor *a, bool *done_out, acta_error *error)
{
    acta_status status = ACTA_OK;

    *done_out = false;
    if (!a->begun) {
        status = begin(a, error);
        if (status == ACTA_OK && acti_rehydrate_is_long(a)) return ACTA_OK; /* the caller asks for a permit */
    }
    if (status == ACTA_OK) {
        if (a->stream_version == a->version) /* also a new one */
            *done_out = true;
        else
            status = read_chunk(a, done_out, error);
    }
    if (status == ACTA_OK) return ACTA_OK;
    acti_aggregate_forget_state(a);
    return status;
}

static acta_status
submit_snapshot(acti_aggregate_actor *a, acta_memory *scratch, acta_error *error)
{
    const acta_table *table = a->aggregate->code->state;
    acta_memory_sink sink = acta_memory_sink_of(scratch);
    acta_status status = acti_personal_write(a->app, table, a->value, scratch, &sink.sink, error);
    if (status != ACTA_OK) return status;

    acta_transaction *transaction = acta_transaction_create(a->app->store);
    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, NULL);
    acta_transaction_snapshot(transaction, a->stream,
        &(acta_snapshot){ .version = a->version + ACTA_PLANT("snapshot_ahead"),
            .schema_hash = table->schema_hash,
            .state = sink.bytes });
    return acti_pipeline_submit_aside(a, transaction, error);
}

void
acti_aggregate_snapshot(acti_aggregate_actor *a, uint64_t version_before)
{
    uint32_t every = a->aggregate->snapshot_every;
    acta_error error;

    if (every == UINT32_MAX) return;
    bool is_due = a->version / every != version_before / every;
    if (!is_due && !ACTA_SIM_CHANCE(&a->app->environment, "snapshot.every.event", 50)) return;
    acta_memory *scratch = acta_memory_create(&a->app->environment.allocator);
    acta_status status = scratch != NULL ? submit_snapshot(a, scratch, &error) : ACTA_NO_MEMORY;
    acta_memory_destroy(scratch);
    if (status == ACTA_OK)
        a->snapshot_version = a->version;
    else /* the next one comes; until then the events are read */
        acta_log_write(&a->app->environment, ACTA_LOG_WARNING,
            "no snapshot of '" ACTA_FMT "' at version %" PRIu64 ": %s", ACTA_ARG(a->stream), a->version,
            acta_status_name(status));
}
