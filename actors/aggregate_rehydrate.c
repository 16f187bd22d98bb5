/*
 * Rehydrating: the state of an aggregate out of its snapshot and its events.
 *
 *     version of the stream 0                       -> a new one, nothing to read
 *     snapshot of this state's schema, if there is   -> begin behind it
 *     then the events, a chunk a step, so that a long stream keeps nobody waiting and holds no view of the store open
 *
 * An event that is damaged, or that the schema doesn't know, is an error that names it; what was folded so far is
 * forgotten.
 */
#include "aggregate_actor.h"
#include "counters.h"
#include "fold.h"

enum { CHUNK_EVENTS = 64 };

static acti_fold
fold_of(acti_aggregate_actor *a)
{
    return (acti_fold){ .app = a->app,
        .aggregate = a->aggregate,
        .stream = a->stream,
        .value = a->value,
        .memory = a->memory,
        .personal = a->work->personal,
        .version = a->version };
}

/* A fold of the actor has gone on. */
static void
keep(acti_aggregate_actor *a, const acti_fold *fold)
{
    a->version = fold->version;
    a->work->personal = fold->personal;
}

void
acti_aggregate_forget_state(acti_aggregate_actor *a)
{
    acti_fold fold = fold_of(a);

    acti_fold_clear(&fold);
    keep(a, &fold);
    a->begun = false;
}

acta_status
acti_aggregate_apply(acti_aggregate_actor *a, uint32_t event, acta_bytes payload, acta_error *error)
{
    acti_fold fold = fold_of(a);
    acta_status status = acti_fold_payload(&fold, event, payload, error);

    a->work->personal = fold.personal;
    return status;
}

static acta_status
fold_chunk(acti_fold *fold, acta_cursor *cursor, uint32_t count_max, bool *done_out, acta_error *error)
{
    acta_recorded event;

    for (uint32_t i = 0; i < count_max; i++) {
        acta_status status = acta_cursor_next(cursor, &event, error);
        if (status == ACTA_NOT_FOUND) {
            *done_out = true;
            return ACTA_OK;
        }
        bool is_dropped = ACTA_PLANT("chunk_drops_last") && i > 0 && i + 1 == count_max;
        if (status == ACTA_OK && !is_dropped) status = acti_fold_event(fold, &event, error);
        if (status != ACTA_OK) return status;
        fold->version = event.version;
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
    acti_fold fold = fold_of(a);
    a->work->cursor = cursor;
    status = fold_chunk(&fold, cursor, count_max, done_out, error);
    a->work->cursor = NULL;
    keep(a, &fold);
    acta_cursor_close(cursor);
    return status;
}

static acta_status
load_snapshot(acti_aggregate_actor *a, acta_memory *scratch, acta_error *error)
{
    acti_fold fold = fold_of(a);
    bool taken;
    acta_status status = acti_fold_snapshot(&fold, scratch, &taken, error);

    keep(a, &fold);
    if (taken) ACTA_SOMETIMES(&a->app->environment, "aggregate.began.from.snapshot");
    return status;
}

static acta_status
begin(acti_aggregate_actor *a, acta_error *error)
{
    a->outside_count =
        acta_store_outside_count(a->app->store); /* before the version: what comes between is seen again */
    acta_status status = acta_store_version(a->app->store, a->stream, &a->work->stream_version, error);

    if (status != ACTA_OK) return status;
    a->begun = true;
    a->forget_count = acti_forget_count(a->app);
    if (a->aggregate->snapshot_every == UINT32_MAX) return ACTA_OK;
    bool may_have_one = a->work->stream_version >= a->aggregate->snapshot_every;
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
    if (!a->begun || a->work->stream_version <= a->version) return false;
    return a->work->stream_version - a->version > CHUNK_EVENTS ||
           ACTA_SIM_CHANCE(&a->app->environment, "rehydrate.long", 25);
}

static acta_status
read_counted(acti_aggregate_actor *a, bool *done_out, acta_error *error)
{
    uint64_t before = a->version;
    acta_status status = read_chunk(a, done_out, error);

    acti_counter_add(a->app, ACTI_COUNT_REHYDRATED_EVENTS, a->version - before);
    return status;
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
        if (a->work->stream_version == a->version) /* also a new one */
            *done_out = true;
        else
            status = read_counted(a, done_out, error);
    }
    if (status == ACTA_OK) return ACTA_OK;
    acti_aggregate_forget_state(a);
    return status;
}
