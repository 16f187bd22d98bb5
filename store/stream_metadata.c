/*
 * Metadata of a stream: bytes of the user's that belong to the stream and are no event of it, in versions of their own.
 *
 *     "$streams"     [$stream: 5 | metadata version | size of the name | name | metadata]     the log tells each version
 *     ACTI_STREAMS   d, stream id -> those 48 bytes, metadata, sum                            the newest one
 *
 * By the stream's id: when a stream is deleted for good, its metadata go, and a new one of that name begins without.
 */
#include <inttypes.h>

#include "acta/crc.h"

#include "internal.h"

enum { SUM_SIZE = 4 };

static acta_status
damaged(uint64_t stream_id, acta_error *error)
{
    return acta_error_set(error, ACTA_CORRUPT, "the metadata of stream id %" PRIu64 " are damaged", stream_id);
}

/* The newest metadata of a stream; version 0 and no value when there are none. To be released. */
static acta_status
read_row(acta_store *store, uint64_t stream_id, acti_value *value_out, uint64_t *version_out, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_key key = acti_change_key('d', stream_id);
    acti_change change;
    acta_status status = ops->get(store->engine, ACTI_STREAMS, acti_key_view(&key), value_out, error);

    *version_out = 0;
    if (status != ACTA_OK) *value_out = (acti_value){ .pin = NULL };
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    acta_bytes row = value_out->bytes;
    if (row.size < ACTI_CHANGE_SIZE + SUM_SIZE ||
        acti_get_le32(row.data + row.size - SUM_SIZE) != acta_crc32c(0, row.data, row.size - SUM_SIZE) ||
        !acti_change_decode(row, &change) || change.kind != ACTI_CHANGE_METADATA || change.stream_id != stream_id) {
        ops->release(store->engine, value_out);
        return damaged(stream_id, error);
    }
    *version_out = change.metadata_version;
    return ACTA_OK;
}

acta_status
acti_stream_metadata_version(acta_store *store, acti_stream *stream, acta_error *error)
{
    acti_value value;

    if (stream->metadata_known || stream->id == 0) return ACTA_OK;
    acta_status status = read_row(store, stream->id, &value, &stream->metadata_version, error);
    if (status != ACTA_OK) return status;
    store->engine->ops->release(store->engine, &value);
    stream->metadata_known = true;
    return ACTA_OK;
}

void
acti_stream_metadata_put(acta_store *store, const acti_change *change, acta_bytes payload)
{
    uint8_t row[ACTI_CHANGE_SIZE + ACTA_STREAM_METADATA_MAX + SUM_SIZE];
    acti_key key = acti_change_key('d', change->stream_id);

    if (payload.size < ACTI_CHANGE_SIZE || change->name_size > payload.size - ACTI_CHANGE_SIZE) return;
    size_t skip = ACTI_CHANGE_SIZE + (size_t)change->name_size, size = ACTI_CHANGE_SIZE + payload.size - skip;
    if (size + SUM_SIZE > sizeof row) return; /* not ours: it was checked when it was asked for */
    acti_change_encode(change, row);
    memcpy(row + ACTI_CHANGE_SIZE, payload.data + skip, payload.size - skip);
    acti_put_le32(row + size, acta_crc32c(0, row, size));
    store->engine->ops->batch_put(
        store->committer.batch, ACTI_STREAMS, acti_key_view(&key), acta_bytes_from(row, size + SUM_SIZE));
}

/* -- public -- */

void
acta_transaction_stream_metadata(
    acta_transaction *transaction, acta_str stream, uint64_t expected_version, acta_bytes metadata)
{
    const acti_change change = { .kind = ACTI_CHANGE_METADATA, .name_size = stream.size };

    if (metadata.size > ACTA_STREAM_METADATA_MAX) {
        acti_transaction_fail(transaction, ACTA_INVALID,
            "the metadata of a stream have %zu bytes, at most %d are allowed", metadata.size, ACTA_STREAM_METADATA_MAX);
        return;
    }
    acti_change_ask(transaction, stream, expected_version, &change, metadata);
}

acta_status
acta_store_stream_metadata(acta_store *store, acta_str stream, acta_memory *memory, acta_bytes *metadata_out,
    uint64_t *version_out, acta_error *error)
{
    uint64_t id = 0, last = 0, version;
    acti_value value;
    acta_status status = acti_stream_name_check(stream, error);

    if (status == ACTA_OK) status = acti_stream_id(store, stream, &id, error);
    if (status == ACTA_OK && id != 0) status = acti_stream_version(store, id, acti_store_head(store), &last, error);
    if (status != ACTA_OK) return status;
    if (last == 0) return acta_error_set(error, ACTA_NOT_FOUND, "there is no stream '" ACTA_FMT "'", ACTA_ARG(stream));
    status = read_row(store, id, &value, &version, error);
    if (status != ACTA_OK) return status;
    size_t size = version > 0 ? value.bytes.size - ACTI_CHANGE_SIZE - SUM_SIZE : 0;
    uint8_t *copy = size > 0 ? acta_memory_alloc(memory, size) : NULL;
    if (copy != NULL) memcpy(copy, value.bytes.data + ACTI_CHANGE_SIZE, size);
    store->engine->ops->release(store->engine, &value);
    if (copy == NULL && size > 0)
        return acta_error_set(
            error, ACTA_NO_MEMORY, "cannot read the metadata of stream '" ACTA_FMT "'", ACTA_ARG(stream));
    *metadata_out = acta_bytes_from(copy, size);
    if (version_out != NULL) *version_out = version;
    return ACTA_OK;
}
