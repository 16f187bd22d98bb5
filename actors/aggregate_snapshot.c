/*
 * Snapshots of an aggregate, off the way of its answers.
 *
 *     command passes a multiple of snapshot_every -> submitted -> durable -> answered
 *                                                                               |
 *                                    [snapshot at the version of then] <-- ACTI_TAG_SNAPSHOT, in the actor's mailbox
 *
 * It goes in a transaction of its own behind the events that it contains, in their session: when one of these fails it is
 * refused with them. When they have failed before it is made, and the state has not come to the version that made it due,
 * there is none. At most one is under way; one that would be larger than a row may be is not made, and said.
 */
#include "aggregate_actor.h"
#include "counters.h"
#include "fold.h"

typedef struct bounded_sink {
    acta_sink sink;
    acta_memory *memory;
    acta_bytes bytes;
} bounded_sink;

static uint8_t *
reserve_bounded(acta_sink *sink, size_t size)
{
    bounded_sink *s = ACTI_CONTAINER(sink, bounded_sink, sink);
    uint8_t *bytes = size <= ACTA_PAYLOAD_MAX ? acta_memory_alloc(s->memory, size) : NULL;

    s->bytes = acta_bytes_from(bytes, size);
    return bytes;
}

static acta_status
submit(acti_aggregate_actor *a, acta_memory *scratch, acta_error *error)
{
    const acta_table *table = a->aggregate->code->state;
    bounded_sink sink = { .sink = { .reserve = reserve_bounded }, .memory = scratch };
    acta_status status = acti_personal_write(a->app, table, a->value, scratch, &sink.sink, error);

    if (sink.bytes.size > ACTA_PAYLOAD_MAX)
        return acta_error_set(
            error, ACTA_INVALID, "the state has %zu bytes, at most %d are kept", sink.bytes.size, ACTA_PAYLOAD_MAX);
    if (status != ACTA_OK) return status;
    acta_transaction *transaction = acta_transaction_create(a->app->store);
    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a transaction");
    acta_transaction_snapshot(transaction, a->stream,
        &(acta_snapshot){ .version = a->version + ACTA_PLANT("snapshot_ahead"),
            .schema_hash = acti_snapshot_hash(a->aggregate),
            .state = sink.bytes });
    return acti_pipeline_submit_aside(a, transaction, error);
}

void
acti_snapshot_note(acti_aggregate_actor *a, acti_command *command, uint64_t version_before)
{
    uint32_t every = a->aggregate->snapshot_every;
    if (every == UINT32_MAX) return;

    if (a->version / every != version_before / every ||
        ACTA_SIM_CHANCE(&a->app->environment, "snapshot.every.event", 50)) {
        if (a->snapshot_due_at == 0) a->snapshot_due_at = a->version;
        a->snapshot_is_asked = false; /* who was to ask for the last one may have found a full mailbox */
    }
    if (a->snapshot_due_at == 0 || a->snapshot_is_asked) return;
    command->brings_snapshot = a->snapshot_is_asked = true;
}

void
acti_snapshot_take(acti_aggregate_actor *a)
{
    acta_error error;

    a->snapshot_is_asked = false;
    if (a->snapshot_due_at == 0 || a->phase != ACTI_READY || acti_pipeline_has_aside(a->work->pipeline)) return;
    bool has_come = a->version >= a->snapshot_due_at; /* else the events that made it due have failed */
    a->snapshot_due_at = 0;
    if (!has_come) return;
    acta_memory *scratch = acta_memory_create(&a->app->environment.allocator);
    acta_status status =
        scratch != NULL ? submit(a, scratch, &error) : acta_error_set(&error, ACTA_NO_MEMORY, "no memory to write it");
    acta_memory_destroy(scratch);
    if (status == ACTA_OK) acti_count(a->app, ACTI_COUNT_SNAPSHOTS);
    if (status == ACTA_OK) return;
    /* The next one comes; until then the events are read. */
    acta_log_event(&a->app->environment, ACTA_LOG_WARNING, "aggregate.no_snapshot",
        ACTA_LOG_FIELDS(acta_log_text("stream", a->stream), acta_log_number("version", a->version),
            acta_log_text("error", acta_str_of(error.text))),
        "no snapshot of '" ACTA_FMT "' at version %" PRIu64 ": %s", ACTA_ARG(a->stream), a->version, error.text);
}
