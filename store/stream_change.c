/*
 * Changes of a stream: asking for them, and what they mean to those who read. See stream_change.h.
 */
#include "stream_change.h"

#include <inttypes.h>

#include "acta/crc.h"

#include "internal.h"

enum { AT_METADATA_VERSION = 24, AT_NAME_SIZE = 32 }; /* METADATA */
enum { AT_STREAM_ID = 0, AT_VERSION = 8, AT_KIND = 16, AT_COUNT_MAX = 24, AT_AGE_MAX = 32, AT_FROM_VERSION = 40 };

/* -- bytes -- */

void
acti_change_encode(const acti_change *change, uint8_t *bytes)
{
    memset(bytes, 0, ACTI_CHANGE_SIZE);
    acti_put_le64(bytes + AT_STREAM_ID, change->stream_id);
    acti_put_le64(bytes + AT_VERSION, change->version);
    bytes[AT_KIND] = (uint8_t)change->kind;
    if (change->kind == ACTI_CHANGE_METADATA) {
        acti_put_le64(bytes + AT_METADATA_VERSION, change->metadata_version);
        acti_put_le64(bytes + AT_NAME_SIZE, change->name_size);
        return;
    }
    acti_put_le64(bytes + AT_COUNT_MAX, change->limits.count_max);
    acti_put_le64(bytes + AT_AGE_MAX, change->limits.age_ms_max);
    acti_put_le64(bytes + AT_FROM_VERSION, change->limits.from_version);
}

bool
acti_change_decode(acta_bytes bytes, acti_change *change_out)
{
    if (bytes.size < ACTI_CHANGE_SIZE) return false;
    *change_out = (acti_change){ .kind = (acti_change_kind)bytes.data[AT_KIND],
        .stream_id = acti_get_le64(bytes.data + AT_STREAM_ID),
        .version = acti_get_le64(bytes.data + AT_VERSION) };
    if (change_out->kind == ACTI_CHANGE_METADATA) {
        change_out->metadata_version = acti_get_le64(bytes.data + AT_METADATA_VERSION);
        change_out->name_size = acti_get_le64(bytes.data + AT_NAME_SIZE);
    } else {
        change_out->limits = (acta_stream_limits){ .count_max = acti_get_le64(bytes.data + AT_COUNT_MAX),
            .age_ms_max = acti_get_le64(bytes.data + AT_AGE_MAX),
            .from_version = acti_get_le64(bytes.data + AT_FROM_VERSION) };
    }
    return change_out->kind >= ACTI_CHANGE_SOFT_DELETED && change_out->kind <= ACTI_CHANGE_METADATA;
}

static bool
row_decode(acta_bytes row, uint64_t stream_id, acti_change *change_out)
{
    return row.size == ACTI_CHANGE_ROW_SIZE &&
           acti_get_le32(row.data + ACTI_CHANGE_SIZE) == acta_crc32c(0, row.data, ACTI_CHANGE_SIZE) &&
           acti_change_decode(row, change_out) && change_out->stream_id == stream_id;
}

acta_status
acti_change_read(acta_store *store, char what, uint64_t stream_id, acti_change *change_out, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_key key = acti_change_key(what, stream_id);
    acti_value value;
    acta_status status = ops->get(store->engine, ACTI_STREAMS, acti_key_view(&key), &value, error);

    *change_out = (acti_change){ .kind = ACTI_CHANGE_NONE };
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    if (!row_decode(value.bytes, stream_id, change_out))
        status = acta_error_set(
            error, ACTA_CORRUPT, "what is known of stream id %" PRIu64 " is damaged (row '%c')", stream_id, what);
    ops->release(store->engine, &value);
    return status;
}

/* -- committing -- */

static void
put_row(acta_store *store, char what, const acti_change *change)
{
    acti_key key = acti_change_key(what, change->stream_id);
    uint8_t row[ACTI_CHANGE_ROW_SIZE];

    acti_change_encode(change, row);
    acti_put_le32(row + ACTI_CHANGE_SIZE, acta_crc32c(0, row, ACTI_CHANGE_SIZE));
    store->engine->ops->batch_put(
        store->committer.batch, ACTI_STREAMS, acti_key_view(&key), acta_bytes_from(row, sizeof row));
}

void
acti_change_put_rows(acta_store *store, const acti_change *change)
{
    acti_key deleted_key = acti_change_key('m', change->stream_id),
             limits_key = acti_change_key('l', change->stream_id),
             metadata_key = acti_change_key('d', change->stream_id);
    const acta_stream_limits *limits = &change->limits;
    bool is_limited = limits->count_max != 0 || limits->age_ms_max != 0 || limits->from_version != 0;

    switch (change->kind) {
    case ACTI_CHANGE_SOFT_DELETED:
        put_row(store, 'm', change);
        break;
    case ACTI_CHANGE_HARD_DELETED:
        put_row(store, 'm', change);
        store->engine->ops->batch_delete(store->committer.batch, ACTI_STREAMS, acti_key_view(&metadata_key));
        break;
    case ACTI_CHANGE_RESTORED:
        store->engine->ops->batch_delete(store->committer.batch, ACTI_STREAMS, acti_key_view(&deleted_key));
        break;
    case ACTI_CHANGE_LIMITED:
        if (is_limited)
            put_row(store, 'l', change);
        else
            store->engine->ops->batch_delete(store->committer.batch, ACTI_STREAMS, acti_key_view(&limits_key));
        break;
    case ACTI_CHANGE_METADATA: /* acti_stream_metadata_put */
    case ACTI_CHANGE_NONE:
        break;
    }
}

/* -- reading -- */

static acta_status
first_young_enough(
    acta_store *store, uint64_t stream_id, uint64_t last, uint64_t age_ms_max, uint64_t *first_out, acta_error *error)
{
    const acta_clock *clock = &store->environment.clock;
    int64_t now_us = clock->wall_us(clock->user);
    int64_t age_us = age_ms_max > INT64_MAX / 1000 ? INT64_MAX : (int64_t)age_ms_max * 1000;

    *first_out = 1;
    if (now_us < age_us) return ACTA_OK;
    return acti_first_recorded_at(store, stream_id, last, now_us - age_us, first_out, error);
}

acta_status
acti_first_visible(acta_store *store, uint64_t stream_id, uint64_t last, uint64_t *first_out, acta_error *error)
{
    acti_change limited;
    uint64_t first = 1, by_age = 1;
    acta_status status = acti_change_read(store, 'l', stream_id, &limited, error);

    if (status == ACTA_OK && limited.limits.age_ms_max != 0)
        status = first_young_enough(store, stream_id, last, limited.limits.age_ms_max, &by_age, error);
    if (status != ACTA_OK) return status;
    if (limited.limits.count_max != 0 && last > limited.limits.count_max) first = last - limited.limits.count_max + 1;
    if (limited.limits.from_version > first) first = limited.limits.from_version;
    if (by_age > first) first = by_age;
    *first_out = first <= last ? first : last + 1;
    return ACTA_OK;
}

/* -- asking -- */

static const acta_bytes nothing = { NULL, 0 };

void
acti_change_ask(acta_transaction *transaction, acta_str stream, uint64_t expected_version, const acti_change *change,
    acta_bytes more)
{
    acta_error error;
    acta_status status = acti_stream_name_check_own(stream, &error);

    if (status != ACTA_OK) {
        acti_transaction_fail(transaction, status, "%s", error.text);
        return;
    }
    uint8_t *payload = acti_transaction_room(transaction, ACTI_CHANGE_SIZE + stream.size + more.size);
    if (payload == NULL) return;
    acti_change_encode(change, payload);
    memcpy(payload + ACTI_CHANGE_SIZE, stream.data, stream.size);
    if (more.size > 0) memcpy(payload + ACTI_CHANGE_SIZE + stream.size, more.data, more.size);
    const acta_event event = { .type = acta_str_of(ACTI_TYPE_OF_CHANGES),
        .payload = acta_bytes_from(payload, ACTI_CHANGE_SIZE + stream.size + more.size) };
    acti_operation *operation =
        acti_transaction_change(transaction, stream, expected_version, &event, acta_str_of(ACTI_STREAM_OF_CHANGES));
    if (operation == NULL) return;

    uint8_t *key = acti_transaction_room(transaction, sizeof ACTI_TABLE_SNAPSHOTS + stream.size);
    if (key != NULL) operation->key = acti_row_key(key, ACTI_TABLE_SNAPSHOTS, acta_str_bytes(stream));
}

void
acta_transaction_delete_stream(
    acta_transaction *transaction, acta_str stream, uint64_t expected_version, acta_deletion how)
{
    const acti_change change = { .kind =
                                     how == ACTA_DELETE_HARD ? ACTI_CHANGE_HARD_DELETED : ACTI_CHANGE_SOFT_DELETED };

    if (how != ACTA_DELETE_SOFT && how != ACTA_DELETE_HARD) {
        acti_transaction_fail(transaction, ACTA_INVALID, "%d is no way to delete a stream", (int)how);
        return;
    }
    acti_change_ask(transaction, stream, expected_version, &change, nothing);
}

void
acta_transaction_restore_stream(acta_transaction *transaction, acta_str stream)
{
    acti_change_ask(transaction, stream, ACTA_ANY_VERSION, &(acti_change){ .kind = ACTI_CHANGE_RESTORED }, nothing);
}

void
acta_transaction_limit_stream(acta_transaction *transaction, acta_str stream, const acta_stream_limits *limits)
{
    const acti_change change = { .kind = ACTI_CHANGE_LIMITED, .limits = *limits };
    acti_change_ask(transaction, stream, ACTA_ANY_VERSION, &change, nothing);
}
