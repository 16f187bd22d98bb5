/*
 * Fold: events and snapshots into a state.
 */
#include "fold.h"

#include "personal.h"

void
acti_fold_clear(acti_fold *fold)
{
    const acta_table *table = fold->aggregate->code->state;

    table->clear(fold->value, fold->memory);
    memset(fold->value, 0, table->struct_size);
    acta_memory_forgive(fold->memory); /* it may be there when the state is read again */
    fold->version = 0;
}

acta_status
acti_fold_payload(acti_fold *fold, uint32_t number, acta_bytes payload, acta_error *error)
{
    const acta_aggregate_code *code = fold->aggregate->code;

    if (acta_table_is_marked(code->events[number], ACTA_MARK_PERSONAL)) {
        acta_memory *memory = acti_personal_memory(&fold->personal, fold->memory);
        acta_status status = memory != NULL
                                 ? acti_personal_open(fold->app, code->events[number], payload, memory, &payload, error)
                                 : acta_error_set(error, ACTA_NO_MEMORY, "no memory to open an event");
        if (status != ACTA_OK) return status;
    }
    code->apply(fold->aggregate->given, number, fold->value, payload, fold->memory);
    if (!acta_memory_failed(fold->memory)) return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the state of '" ACTA_FMT "'", ACTA_ARG(fold->stream));
}

static acta_status
check_place(const acti_fold *fold, const acta_recorded *event, acta_error *error)
{
    if (event->kind == ACTA_RECORD_STUB)
        return acta_error_set(error, ACTA_CORRUPT,
            "cannot rehydrate '" ACTA_FMT "': the event at version %" PRIu64 " was removed, and no snapshot covers it",
            ACTA_ARG(fold->stream), event->version);
    if (event->version != fold->version + 1)
        return acta_error_set(error, ACTA_CORRUPT,
            "cannot rehydrate '" ACTA_FMT "': version %" PRIu64 " follows version %" PRIu64, ACTA_ARG(fold->stream),
            event->version, fold->version);
    return ACTA_OK;
}

static acta_status
find_event(const acti_fold *fold, const acta_recorded *event, uint32_t *number_out, acta_error *error)
{
    const acta_aggregate_code *code = fold->aggregate->code;

    if (!acti_names_find(&fold->aggregate->events, event->type, number_out))
        return acta_error_set(error, ACTA_SCHEMA_MISMATCH,
            "cannot rehydrate '" ACTA_FMT "': version %" PRIu64 " is '" ACTA_FMT
            "', which is no event of aggregate %s in this schema",
            ACTA_ARG(fold->stream), event->version, ACTA_ARG(event->type), code->name);
    acta_status status = code->events[*number_out]->verify(event->payload, error);
    if (status != ACTA_OK)
        acta_error_prefix(error, status,
            "cannot rehydrate '" ACTA_FMT "': version %" PRIu64 ", '" ACTA_FMT "': ", ACTA_ARG(fold->stream),
            event->version, ACTA_ARG(event->type));
    return status;
}

/* The old version that an event is; 0: none. */
static uint32_t
old_of(const acti_fold *fold, const acta_recorded *event)
{
    uint32_t number;
    bool is_now = acti_names_find(&fold->aggregate->events, event->type, &number) &&
                  fold->aggregate->code->events[number]->schema_hash == event->schema_hash;
    return is_now ? 0 : acti_old_of(fold->app, event);
}

/* All that an old event has become, as one version of the stream. */
static acta_status
fold_old(acti_fold *fold, const acta_recorded *event, uint32_t old, acta_error *error)
{
    acta_allocator allocator = acti_allocator_over(fold->memory); /* goes with it, also when apply fails an actor */
    acti_upcasted upcasted;
    uint32_t number;

    acta_status status = acti_upcast(fold->app, &allocator, event, old, &upcasted, error);
    if (status != ACTA_OK)
        return acta_error_prefix(error, status, "cannot rehydrate '" ACTA_FMT "': ", ACTA_ARG(fold->stream));
    for (uint32_t i = 0; i < upcasted.count && status == ACTA_OK; i++) {
        const acta_recorded now = acti_upcast_recorded(event, &upcasted.events[i]);
        status = find_event(fold, &now, &number, error);
        if (status == ACTA_OK) status = acti_fold_payload(fold, number, now.payload, error);
    }
    acti_upcasted_deinit(&upcasted);
    return status;
}

static acta_status
fold_new(acti_fold *fold, const acta_recorded *event, acta_error *error)
{
    uint32_t number;
    acta_status status = find_event(fold, event, &number, error);

    if (status == ACTA_OK) status = acti_fold_payload(fold, number, event->payload, error);
    if (status != ACTA_CORRUPT) return status;
    return acta_error_prefix(error, status,
        "cannot rehydrate '" ACTA_FMT "': version %" PRIu64 ", position %" PRIu64 ": ", ACTA_ARG(fold->stream),
        event->version, event->position);
}

acta_status
acti_fold_event(acti_fold *fold, const acta_recorded *event, acta_error *error)
{
    uint32_t old = 0;
    acta_status status = check_place(fold, event, error);
    if (status != ACTA_OK) return status;

    if (fold->app->old_count > 0) old = old_of(fold, event);
    status = old != 0 ? fold_old(fold, event, old, error) : fold_new(fold, event, error);
    if (status == ACTA_OK) fold->version = event->version;
    return status;
}

/* -- snapshots -- */

uint64_t
acti_snapshot_hash(const acti_aggregate *aggregate)
{
    /* An odd factor: different versions are different marks, and 0 is the schema alone. */
    return aggregate->code->state->schema_hash + aggregate->given->snapshot_version * UINT64_C(0x9E3779B97F4A7C15);
}

acta_status
acti_fold_snapshot(acti_fold *fold, acta_memory *scratch, bool *taken_out, acta_error *error)
{
    const acta_table *table = fold->aggregate->code->state;
    acta_snapshot snapshot;
    acta_status status = acta_store_snapshot(fold->app->store, fold->stream, scratch, &snapshot, error);

    *taken_out = false;
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    if (ACTA_SIM_CHANCE(&fold->app->environment, "snapshot.lost", 25)) return ACTA_OK;
    if (snapshot.schema_hash != acti_snapshot_hash(fold->aggregate)) return ACTA_OK;
    if (table->verify(snapshot.state, NULL) != ACTA_OK) return ACTA_OK;
    status = acti_personal_open(fold->app, table, snapshot.state, scratch, &snapshot.state, error);
    if (status != ACTA_OK) return ACTA_OK;
    status = table->load(fold->value, snapshot.state, fold->memory);
    if (status != ACTA_OK)
        return acta_error_set(error, status, "no memory for the state of '" ACTA_FMT "'", ACTA_ARG(fold->stream));
    fold->version = snapshot.version;
    *taken_out = true;
    return ACTA_OK;
}
