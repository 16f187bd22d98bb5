/*
 * Verify: copies by stream. Each is as the log has it, and none of a removed event.
 */
#include <inttypes.h>
#include <string.h>

#include "log_reader.h"
#include "verify.h"

/* A copy of an event that is a stub: true, if the stream is being scrubbed, or has lost its copies since it was read. */
static acta_status
stub_is_going(
    acti_verifying *v, uint64_t stream_id, uint64_t version, acta_bytes key, bool *going_out, acta_error *error)
{
    const acti_engine_ops *ops = v->store->engine->ops;
    acti_change deleted = { .kind = ACTI_CHANGE_NONE }, limits = { .kind = ACTI_CHANGE_NONE };
    uint64_t scrubbed = 0;
    acti_value value;
    acta_bytes runs;
    acta_status status = acti_scrubbed_version(v->store, stream_id, &scrubbed, error);

    if (status == ACTA_OK) status = acti_change_read(v->store, 'm', stream_id, &deleted, error);
    if (status == ACTA_OK) status = acti_change_read(v->store, 'l', stream_id, &limits, error);
    if (status != ACTA_OK) return status;
    *going_out = version >= scrubbed && (deleted.kind != ACTI_CHANGE_NONE || limits.kind != ACTI_CHANGE_NONE);
    if (*going_out) return ACTA_OK;
    status = ops->get(v->store->engine, ACTI_INDEX, key, &value, error); /* as it is behind what the rows say */
    *going_out = status == ACTA_NOT_FOUND || (status == ACTA_OK && !acti_index_runs_of(key, value.bytes, &runs));
    if (status == ACTA_OK) ops->release(v->store->engine, &value);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static bool
bytes_are_same(acta_bytes a, acta_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static bool
is_same(const acta_recorded *a, const acta_recorded *b)
{
    return a->stream_id == b->stream_id && a->version == b->version && a->recorded_at_us == b->recorded_at_us &&
           a->schema_hash == b->schema_hash && bytes_are_same(a->payload, b->payload) &&
           bytes_are_same(a->metadata, b->metadata) && bytes_are_same(a->tags, b->tags) &&
           acta_id_equal(a->command_id, b->command_id) && acta_id_equal(a->correlation_id, b->correlation_id) &&
           acta_id_equal(a->causation_id, b->causation_id);
}

static acta_status
check_copy(
    acti_verifying *v, acta_bytes key, const acti_page_piece *piece, const acti_event_place *place, acta_error *error)
{
    uint64_t stream_id = acti_get_be64(key.data);
    acti_record_view copy = { .type_id = 0 }, view;
    acti_log_reader reader;
    acta_error said;
    bool going = true;
    acta_status status = acti_log_read(v->store->engine, place->position, &reader, &view, &said);

    if (status == ACTA_OK) status = acti_page_piece_read(piece, place->position, &copy, &said);
    if (status == ACTA_OK && view.event.kind == ACTA_RECORD_STUB)
        status = stub_is_going(v, stream_id, place->version, key, &going, &said);
    else if (status == ACTA_OK)
        going = copy.type_id == view.type_id && copy.event.stream_id == stream_id &&
                copy.event.version == place->version && is_same(&copy.event, &view.event);
    acti_log_reader_close(&reader);
    if (status == ACTA_OK && !going)
        acti_verify_damaged(v, place->position,
            "position %" PRIu64 ": version %" PRIu64 " of stream id %" PRIu64 " is not what its copy by stream is",
            place->position, place->version, stream_id);
    return acti_verify_note(v, place->position, status, &said, error);
}

acta_status
acti_verify_copies(acti_verifying *v, acta_bytes key, acta_bytes value, acta_error *error)
{
    acti_index_reader entry;
    acti_event_place place;
    acta_error said;
    acta_status status = ACTA_OK;

    if (value.size == 0 || value.data[0] != ACTI_BY_STREAM_FORMAT) return ACTA_OK;
    status = acti_index_entry_open(&entry, key, value, &said);
    if (status != ACTA_OK) return acti_verify_note(v, 0, status, &said, error);
    for (uint32_t i = 0; i < entry.copies.count && status == ACTA_OK; i++) {
        acti_page_piece piece = acti_copies_at(&entry.copies, i);
        v->report.copies++;
        if (!acti_index_entry_event(&entry, entry.entry_version + i, &place))
            acti_verify_damaged(v, 0,
                "the index of stream id %" PRIu64 " has a copy of version %" PRIu64 ", and not its place",
                acti_get_be64(key.data), entry.entry_version + i);
        else if (place.position <= v->report.position)
            status = check_copy(v, key, &piece, &place, error);
    }
    return status;
}
