/*
 * Rebuild: the log. See rebuild.h.
 *
 * The new store gets the records as they are, byte for byte, in batches of its own, and neither index nor names: opening it
 * finds an index that ends before the log and makes all that follows from the log, as after any crash. Nothing here knows how.
 */
#include "rebuild.h"

#include <inttypes.h>

#include "acta/memory_engine.h"

typedef struct copying {
    acti_rebuild *rebuild;
    acta_store *to; /* NULL: only look */
    uint32_t count; /* records in the batch under way */
} copying;

static acta_status
write_batch(copying *c, acta_error *error)
{
    acta_store *to = c->to;
    acti_key index_end = acti_index_end_key();

    if (c->count == 0) return ACTA_OK;
    acti_batch_close(to, c->count);
    to->engine->ops->batch_delete(to->committer.batch, ACTI_INDEX, acti_key_view(&index_end)); /* it has none yet */
    c->count = 0;
    return acti_commit_own(to, error);
}

static acta_status
copy_record(copying *c, acta_bytes key, acta_bytes value, const acta_recorded *event, acta_error *error)
{
    c->rebuild->position = event->position;
    if (c->to == NULL) return ACTA_OK;
    c->to->engine->ops->batch_put(c->to->committer.batch, ACTI_LOG, key, value);
    c->to->committer.position = event->position;
    c->to->committer.recorded_at_us = event->recorded_at_us;
    c->count++;
    return c->to->engine->ops->batch_bytes(c->to->committer.batch) < ACTI_REBUILD_BATCH_BYTES ? ACTA_OK
                                                                                              : write_batch(c, error);
}

/* The record behind the last one taken. Is it there, and sound? */
static acta_status
check_record(const copying *c, acta_bytes key, acta_bytes value, acti_record_view *view, acta_error *error)
{
    uint64_t position = c->rebuild->position + 1, found = key.size == 8 ? acti_get_be64(key.data) : 0;

    if (found != position)
        return acta_error_set(
            error, ACTA_CORRUPT, "position %" PRIu64 " is missing (the next one is %" PRIu64 ")", position, found);
    return acti_record_read(value, position, view, error);
}

/* What isn't taken is counted, as far as it can be read. */
static void
leave_out(acti_rebuild *rebuild, acta_bytes key, acta_bytes value)
{
    acti_record_view view;
    acta_error ignored;

    if (key.size != 8 || acti_record_read(value, acti_get_be64(key.data), &view, &ignored) != ACTA_OK) return;
    rebuild->left_out++;
    if (view.event.recorded_at_us < rebuild->left_out_from_us) rebuild->left_out_from_us = view.event.recorded_at_us;
}

static acta_status
take_records(copying *c, acti_engine_iterator *iterator, acta_error *error)
{
    const acti_engine_ops *ops = c->rebuild->from->ops;
    acti_rebuild *rebuild = c->rebuild;
    acti_record_view view;
    acta_bytes key, value;
    acta_status status;

    while ((status = ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK) {
        if (rebuild->position >= rebuild->last || rebuild->damage.status != ACTA_OK) {
            leave_out(rebuild, key, value);
            continue;
        }
        acta_status damage = check_record(c, key, value, &view, &rebuild->damage);
        if (damage == ACTA_OK) {
            rebuild->damage.status = ACTA_OK;
            status = copy_record(c, key, value, &view.event, error);
            if (status != ACTA_OK) return status;
        } else if (damage == ACTA_CORRUPT && rebuild->to_damage) {
            leave_out(rebuild, key, value);
        } else {
            if (error != NULL) *error = rebuild->damage;
            return damage;
        }
    }
    return status;
}

acta_status
acti_rebuild_log(acti_rebuild *rebuild, acta_store *to, acta_error *error)
{
    const acti_engine_ops *ops = rebuild->from->ops;
    acti_key first = acti_log_key(1);
    acti_range range = { .from = acti_key_view(&first), .scan = true };
    copying c = { .rebuild = rebuild, .to = to };
    acti_engine_iterator *iterator;
    acta_error stopped;

    rebuild->position = rebuild->left_out = 0;
    rebuild->left_out_from_us = INT64_MAX;
    rebuild->damage.status = ACTA_OK;
    acta_status status = ops->iterator_open(rebuild->from, ACTI_LOG, &range, &iterator, error);
    if (status != ACTA_OK) return status;
    status = take_records(&c, iterator, &stopped);
    ops->iterator_close(iterator);
    if (status == ACTA_CORRUPT &&
        rebuild->to_damage) { /* of a file: what is behind it may be there, and isn't looked for */
        if (rebuild->damage.status == ACTA_OK) rebuild->damage = stopped;
        status = ACTA_NOT_FOUND;
    }
    if (status == ACTA_NOT_FOUND) return to != NULL ? write_batch(&c, error) : ACTA_OK;
    if (error != NULL) *error = stopped;
    return status;
}

/* -- the run -- */

static acta_status
open_target(const acti_rebuild *rebuild, bool must_exist, acta_store **to_out, acta_error *error)
{
    const acta_store_config config = { .path = rebuild->path,
        .manual = true,
        .must_exist = must_exist,
        .memory_bytes = UINT64_C(128) << 20,
        .environment = rebuild->environment };
    return acta_store_open(&config, to_out, error);
}

acta_status
acti_rebuild_run(acti_rebuild *rebuild, acta_store **to_out, acta_error *error)
{
    acta_store *to;
    acta_status status = open_target(rebuild, false, &to, error);

    if (status != ACTA_OK) return status;
    status = acti_rebuild_log(rebuild, to, error);
    acta_store_abandon(to);
    if (status == ACTA_OK) status = open_target(rebuild, true, &to, error);
    if (status != ACTA_OK) return status;
    status = acti_rebuild_rows(rebuild, to, error);
    if (status != ACTA_OK) {
        acta_store_abandon(to);
        return status;
    }
    *to_out = to;
    return ACTA_OK;
}
