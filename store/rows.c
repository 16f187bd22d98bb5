/*
 * Rows that the store itself writes: outcomes of commands, snapshots of states, checkpoints of subscriptions. Each carries
 * a checksum of its own, so that damage is told from data whatever lies below.
 *
 *     outcome      crc, status, sizes, code, version, position, recorded at, digest | rejection | text
 *     snapshot     crc, stream name's size, version, schema hash, state's size | stream name | state
 *     checkpoint   position, crc
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "acta/crc.h"

#include "internal.h"

enum {
    OUTCOME_AT_STATUS = 4,
    OUTCOME_AT_REJECTION_SIZE = 5,
    OUTCOME_AT_TEXT_SIZE = 6,
    OUTCOME_AT_CODE = 8,
    OUTCOME_AT_VERSION = 16,
    OUTCOME_AT_POSITION = 24,
    OUTCOME_AT_RECORDED_AT = 32,
    OUTCOME_AT_DIGEST = 40,
    OUTCOME_HEADER = 72,

    SNAPSHOT_AT_NAME_SIZE = 4,
    SNAPSHOT_AT_VERSION = 8,
    SNAPSHOT_AT_SCHEMA_HASH = 16,
    SNAPSHOT_AT_STATE_SIZE = 24
};

static_assert(OUTCOME_AT_DIGEST + ACTA_DIGEST_SIZE == OUTCOME_HEADER, "the digest ends the header");
static_assert(SNAPSHOT_AT_STATE_SIZE + 8 == ACTI_SNAPSHOT_HEADER, "the state's size ends the header");

/* -- outcomes -- */

static_assert(ACTA_OK == 0 && ACTA_REJECTED == 8, "outcomes are stored with these numbers: docs/format.md");

size_t
acti_outcome_encode(const acta_outcome *outcome, uint8_t *value)
{
    size_t rejection_size = strnlen(outcome->rejection, sizeof outcome->rejection - 1);
    size_t text_size = strnlen(outcome->text, sizeof outcome->text - 1);

    memset(value, 0, OUTCOME_HEADER);
    value[OUTCOME_AT_STATUS] = (uint8_t)outcome->status;
    value[OUTCOME_AT_REJECTION_SIZE] = (uint8_t)rejection_size;
    value[OUTCOME_AT_TEXT_SIZE] = (uint8_t)text_size;
    acti_put_le32(value + OUTCOME_AT_CODE, outcome->code);
    acti_put_le64(value + OUTCOME_AT_VERSION, outcome->version);
    memcpy(value + OUTCOME_AT_DIGEST, outcome->command_digest.bytes, ACTA_DIGEST_SIZE);
    memcpy(value + OUTCOME_HEADER, outcome->rejection, rejection_size);
    memcpy(value + OUTCOME_HEADER + rejection_size, outcome->text, text_size);
    return OUTCOME_HEADER + rejection_size + text_size;
}

void
acti_outcome_seal(uint8_t *value, size_t size, uint64_t version, uint64_t position, int64_t recorded_at_us)
{
    if (position != 0) acti_put_le64(value + OUTCOME_AT_VERSION, version);
    acti_put_le64(value + OUTCOME_AT_POSITION, position);
    acti_put_le64(value + OUTCOME_AT_RECORDED_AT, (uint64_t)recorded_at_us);
    acti_put_le32(value, acta_crc32c(0, value + 4, size - 4));
}

static acta_status
outcome_decode(acta_bytes value, acta_outcome *outcome, acta_error *error)
{
    const uint8_t *bytes = value.data;

    if (value.size < OUTCOME_HEADER || acti_get_le32(bytes) != acta_crc32c(0, bytes + 4, value.size - 4) ||
        value.size != (size_t)OUTCOME_HEADER + bytes[OUTCOME_AT_REJECTION_SIZE] + bytes[OUTCOME_AT_TEXT_SIZE] ||
        bytes[OUTCOME_AT_REJECTION_SIZE] >= sizeof outcome->rejection ||
        bytes[OUTCOME_AT_TEXT_SIZE] >= sizeof outcome->text)
        return acta_error_set(error, ACTA_CORRUPT, "an outcome of a command is damaged");

    const uint8_t *texts = bytes + OUTCOME_HEADER;
    memset(outcome, 0, sizeof *outcome);
    outcome->status = (acta_status)bytes[OUTCOME_AT_STATUS];
    outcome->code = acti_get_le32(bytes + OUTCOME_AT_CODE);
    outcome->version = acti_get_le64(bytes + OUTCOME_AT_VERSION);
    outcome->position = acti_get_le64(bytes + OUTCOME_AT_POSITION);
    outcome->recorded_at_us = (int64_t)acti_get_le64(bytes + OUTCOME_AT_RECORDED_AT);
    memcpy(outcome->command_digest.bytes, bytes + OUTCOME_AT_DIGEST, ACTA_DIGEST_SIZE);
    memcpy(outcome->rejection, texts, bytes[OUTCOME_AT_REJECTION_SIZE]);
    memcpy(outcome->text, texts + bytes[OUTCOME_AT_REJECTION_SIZE], bytes[OUTCOME_AT_TEXT_SIZE]);
    return ACTA_OK;
}

bool
acti_outcome_place(acta_bytes value, uint64_t *position_out, int64_t *recorded_at_us_out)
{
    acta_outcome outcome;
    acta_error ignored;

    if (outcome_decode(value, &outcome, &ignored) != ACTA_OK) return false;
    *position_out = outcome.position;
    *recorded_at_us_out = outcome.recorded_at_us;
    return true;
}

/* A row, in the engine's place. */
static acta_status
row_get(acta_store *store, const char *table, acta_bytes key, acti_value *value_out, acta_error *error)
{
    uint8_t room[ACTI_ROW_KEY_MAX];

    if (!acti_table_name_fits(table) || key.size > ACTA_KEY_MAX)
        return acta_error_set(error, ACTA_INVALID,
            "cannot read a row: the table's name or the key (%zu bytes) is no valid one", key.size);
    return store->engine->ops->get(store->engine, ACTI_TABLES, acti_row_key(room, table, key), value_out, error);
}

acta_status
acta_store_outcome(acta_store *store, acta_id command_id, acta_outcome *outcome_out, acta_error *error)
{
    uint8_t room[ACTI_ROW_KEY_MAX];
    acta_bytes key = acti_row_key(room, ACTI_TABLE_OUTCOMES, acta_bytes_from(command_id.bytes, ACTA_ID_SIZE));
    acti_value value;
    acta_status status = acti_engine_get_rare(store->engine, ACTI_TABLES, key, &value, error);

    if (status != ACTA_OK) return status;
    status = outcome_decode(value.bytes, outcome_out, error);
    store->engine->ops->release(store->engine, &value);
    return status;
}

/* Delete the outcome of this row, if it is older; `key` is table, NUL, command id. */
static acta_status
expire_row(acta_store *store, acta_bytes key, acta_bytes value, int64_t before_us, uint32_t *count, acta_error *error)
{
    acta_outcome outcome;
    acta_id id;
    acta_status status = outcome_decode(value, &outcome, error);

    if (status != ACTA_OK || outcome.recorded_at_us >= before_us) return status;
    if (key.size != sizeof ACTI_TABLE_OUTCOMES + ACTA_ID_SIZE) return ACTA_OK;
    memcpy(id.bytes, key.data + sizeof ACTI_TABLE_OUTCOMES, ACTA_ID_SIZE);

    acta_transaction *transaction = acta_transaction_create(store);
    if (transaction == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot delete old outcomes: there is no memory");
    acta_transaction_forget_outcome(transaction, id);
    status = acta_store_submit(store, transaction, NULL, NULL, error);
    if (status == ACTA_OK) ++*count;
    return status;
}

acta_status
acta_store_expire_outcomes(
    acta_store *store, int64_t before_us, uint32_t count_max, uint32_t *count_out, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    uint8_t from[ACTI_ROW_KEY_MAX], to[ACTI_ROW_KEY_MAX];
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    uint32_t looked_left = count_max < UINT32_MAX / 16 ? count_max * 16 : UINT32_MAX; /* bounds one call */
    uint32_t count = 0;

    acti_monitor_enter(&store->expiry);
    acti_range range = {
        .from = acti_row_key(from, ACTI_TABLE_OUTCOMES, acta_bytes_from(store->expiry_next.bytes, ACTA_ID_SIZE)),
        .to = acti_row_key(to, ACTI_TABLE_OUTCOMES "\x01", acta_bytes_from(NULL, 0)),
        .scan = true,
    };
    range.to.size--; /* "outcomes\1" stands behind "outcomes\0…" */
    acta_status status = ops->iterator_open(store->engine, ACTI_TABLES, &range, &iterator, error);
    while (status == ACTA_OK && count < count_max && looked_left > 0) {
        status = ops->iterator_next(iterator, &key, &value, error);
        if (status != ACTA_OK) break;
        looked_left--;
        if (key.size == sizeof ACTI_TABLE_OUTCOMES + ACTA_ID_SIZE)
            memcpy(store->expiry_next.bytes, key.data + sizeof ACTI_TABLE_OUTCOMES, ACTA_ID_SIZE);
        status = expire_row(store, key, value, before_us, &count, error);
    }
    if (status == ACTA_NOT_FOUND) { /* the end of the table: begin again next time */
        store->expiry_next = (acta_id){ 0 };
        status = ACTA_OK;
    }
    ops->iterator_close(iterator);
    acti_monitor_leave(&store->expiry);

    *count_out = count;
    return status;
}

/* -- snapshots -- */

size_t
acti_snapshot_encode(acta_str stream, const acta_snapshot *snapshot, uint8_t *value)
{
    size_t size = ACTI_SNAPSHOT_HEADER + snapshot->state.size;

    memset(value, 0, ACTI_SNAPSHOT_HEADER);
    acti_put_le32(value + SNAPSHOT_AT_NAME_SIZE, (uint32_t)stream.size);
    acti_put_le64(value + SNAPSHOT_AT_VERSION, snapshot->version);
    acti_put_le64(value + SNAPSHOT_AT_SCHEMA_HASH, snapshot->schema_hash);
    acti_put_le64(value + SNAPSHOT_AT_STATE_SIZE, snapshot->state.size);
    if (snapshot->state.size > 0) memcpy(value + ACTI_SNAPSHOT_HEADER, snapshot->state.data, snapshot->state.size);
    /* The stream's name is in the sum: a snapshot under another stream's key is no snapshot. */
    acti_put_le32(value, acta_crc32c(acta_crc32c(0, stream.data, stream.size), value + 4, size - 4));
    return size;
}

static bool
snapshot_is_sound(acta_str stream, acta_bytes value)
{
    if (value.size < ACTI_SNAPSHOT_HEADER) return false;
    uint32_t crc = acta_crc32c(acta_crc32c(0, stream.data, stream.size), value.data + 4, value.size - 4);
    return acti_get_le32(value.data) == crc &&
           acti_get_le64(value.data + SNAPSHOT_AT_STATE_SIZE) == value.size - ACTI_SNAPSHOT_HEADER;
}

uint64_t
acti_snapshot_version(acta_str stream, acta_bytes value)
{
    return snapshot_is_sound(stream, value) ? acti_get_le64(value.data + SNAPSHOT_AT_VERSION) : 0;
}

static acta_status
snapshot_read(acta_store *store, acta_str stream, acta_bytes value, acta_memory *memory, acta_snapshot *snapshot_out,
    acta_error *error)
{
    uint64_t version;

    if (!snapshot_is_sound(stream, value)) {
        acta_log_event(&store->environment, ACTA_LOG_WARNING, "store.snapshot_damaged",
            ACTA_LOG_FIELDS(acta_log_text("stream", stream)),
            "the snapshot of '" ACTA_FMT "' is damaged; its events are read instead", ACTA_ARG(stream));
        return acta_error_set(error, ACTA_NOT_FOUND, "the snapshot of '" ACTA_FMT "' is damaged", ACTA_ARG(stream));
    }
    uint64_t snapshot_version = acti_get_le64(value.data + SNAPSHOT_AT_VERSION);
    acta_status status = acta_store_version(store, stream, &version, error);
    if (status != ACTA_OK) return status;
    if (snapshot_version > version) {
        acta_log_event(&store->environment, ACTA_LOG_WARNING, "store.snapshot_ahead",
            ACTA_LOG_FIELDS(acta_log_text("stream", stream), acta_log_number("version", version)),
            "the snapshot of '" ACTA_FMT "' is at version %" PRIu64 ", the stream at %" PRIu64
            "; its events are read instead",
            ACTA_ARG(stream), snapshot_version, version);
        return acta_error_set(
            error, ACTA_NOT_FOUND, "the snapshot of '" ACTA_FMT "' is newer than the stream", ACTA_ARG(stream));
    }

    size_t size = value.size - ACTI_SNAPSHOT_HEADER;
    uint8_t *copy = acta_memory_alloc(memory, size);
    if (copy == NULL)
        return acta_error_set(
            error, ACTA_NO_MEMORY, "cannot read the snapshot of '" ACTA_FMT "' (%zu bytes)", ACTA_ARG(stream), size);
    if (size > 0) memcpy(copy, value.data + ACTI_SNAPSHOT_HEADER, size);
    snapshot_out->version = snapshot_version;
    snapshot_out->schema_hash = acti_get_le64(value.data + SNAPSHOT_AT_SCHEMA_HASH);
    snapshot_out->state = acta_bytes_from(copy, size);
    return ACTA_OK;
}

acta_status
acta_store_snapshot(
    acta_store *store, acta_str stream, acta_memory *memory, acta_snapshot *snapshot_out, acta_error *error)
{
    acti_value value;
    acta_status status = acti_stream_name_check(stream, error);

    if (status == ACTA_OK) status = row_get(store, ACTI_TABLE_SNAPSHOTS, acta_str_bytes(stream), &value, error);
    if (status == ACTA_NOT_FOUND)
        return acta_error_set(error, ACTA_NOT_FOUND, "there is no snapshot of '" ACTA_FMT "'", ACTA_ARG(stream));
    if (status != ACTA_OK) return status;
    status = snapshot_read(store, stream, value.bytes, memory, snapshot_out, error);
    store->engine->ops->release(store->engine, &value);
    return status;
}

/* -- checkpoints -- */

void
acti_checkpoint_encode(uint64_t position, uint8_t *value)
{
    acti_put_le64(value, position);
    acti_put_le32(value + 8, acta_crc32c(0, value, 8));
}

bool
acti_checkpoint_decode(acta_bytes value, uint64_t *position_out)
{
    if (value.size != ACTI_CHECKPOINT_SIZE || acti_get_le32(value.data + 8) != acta_crc32c(0, value.data, 8))
        return false;
    *position_out = acti_get_le64(value.data);
    return true;
}

acta_status
acti_checkpoint_read(acta_store *store, const char *name, uint64_t *position_out, bool *found_out, acta_error *error)
{
    acti_value value;
    acta_status status = row_get(store, ACTI_TABLE_CHECKPOINTS, acta_str_bytes(acta_str_of(name)), &value, error);

    *position_out = 0;
    *found_out = status == ACTA_OK;
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;

    if (!acti_checkpoint_decode(value.bytes, position_out))
        status = acta_error_set(error, ACTA_CORRUPT, "the checkpoint of subscription '%s' is damaged", name);
    store->engine->ops->release(store->engine, &value);
    return status;
}

acta_status
acta_store_checkpoint(acta_store *store, const char *name, uint64_t *position_out, acta_error *error)
{
    bool found;
    return acti_checkpoint_read(store, name, position_out, &found, error);
}

/* -- any row -- */

acta_status
acta_store_get(
    acta_store *store, const char *table, acta_bytes key, acta_memory *memory, acta_bytes *value_out, acta_error *error)
{
    acti_value value;
    acta_status status = row_get(store, table, key, &value, error);

    if (status != ACTA_OK) return status;
    uint8_t *copy = acta_memory_alloc(memory, value.bytes.size);
    if (copy == NULL)
        status = acta_error_set(
            error, ACTA_NO_MEMORY, "cannot read a row of table '%s' (%zu bytes)", table, value.bytes.size);
    else {
        if (value.bytes.size > 0) memcpy(copy, value.bytes.data, value.bytes.size);
        *value_out = acta_bytes_from(copy, value.bytes.size);
    }
    store->engine->ops->release(store->engine, &value);
    return status;
}

struct acta_row_cursor {
    acta_store *store;
    acti_engine_iterator *iterator;
    size_t table_size; /* with its NUL */
};

/* The first key behind all that begin with these bytes: empty when there is none. */
static acta_bytes
end_of_prefix(uint8_t *room, acta_bytes prefix)
{
    memcpy(room, prefix.data, prefix.size);
    while (prefix.size > 0 && room[prefix.size - 1] == 0xff)
        prefix.size--;
    if (prefix.size > 0) room[prefix.size - 1]++;
    return acta_bytes_from(room, prefix.size);
}

/* `range`: of whole keys, with the table's name. */
static acta_status
open_range(
    acta_store *store, const char *table, const acti_range *range, acta_row_cursor **cursor_out, acta_error *error)
{
    const acta_allocator *allocator = &store->environment.allocator;
    acta_row_cursor *cursor = allocator->alloc(allocator->user, sizeof *cursor);
    if (cursor == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read rows of table '%s'", table);

    *cursor = (acta_row_cursor){ .store = store, .table_size = strlen(table) + 1 };
    acta_status status = store->engine->ops->iterator_open(store->engine, ACTI_TABLES, range, &cursor->iterator, error);
    if (status != ACTA_OK) {
        acta_row_cursor_close(cursor);
        return status;
    }
    *cursor_out = cursor;
    return ACTA_OK;
}

static acta_status
refuse_range(acta_bytes key, acta_error *error)
{
    return acta_error_set(
        error, ACTA_INVALID, "cannot read rows: the table's name or the prefix (%zu bytes) is no valid one", key.size);
}

/* From `from` to the end of those that begin with `prefix`, which it begins with. */
static acta_status
open_rows(acta_store *store, const char *table, acta_bytes from_key, acta_bytes prefix, acta_row_cursor **cursor_out,
    acta_error *error)
{
    uint8_t from[ACTI_ROW_KEY_MAX], of[ACTI_ROW_KEY_MAX], to[ACTI_ROW_KEY_MAX];

    if (!acti_table_name_fits(table) || from_key.size > ACTA_KEY_MAX) return refuse_range(from_key, error);
    acti_range range = { .from = acti_row_key(from, table, from_key) };
    range.to = end_of_prefix(to, acti_row_key(of, table, prefix));
    return open_range(store, table, &range, cursor_out, error);
}

acta_status
acta_row_cursor_open(
    acta_store *store, const char *table, acta_bytes prefix, acta_row_cursor **cursor_out, acta_error *error)
{
    return open_rows(store, table, prefix, prefix, cursor_out, error);
}

acta_status
acta_row_cursor_open_range(acta_store *store, const char *table, acta_bytes from, acta_bytes to, bool backward,
    acta_row_cursor **cursor_out, acta_error *error)
{
    uint8_t from_room[ACTI_ROW_KEY_MAX], of[ACTI_ROW_KEY_MAX], to_room[ACTI_ROW_KEY_MAX];

    if (!acti_table_name_fits(table) || from.size > ACTA_KEY_MAX || to.size > ACTA_KEY_MAX)
        return refuse_range(from.size > to.size ? from : to, error);
    acti_range range = { .from = acti_row_key(from_room, table, from), .backward = backward };
    range.to = to.size > 0 ? acti_row_key(to_room, table, to)
                           : end_of_prefix(to_room, acti_row_key(of, table, acta_bytes_from(NULL, 0)));
    return open_range(store, table, &range, cursor_out, error);
}

acta_status
acti_row_cursor_open_from(
    acta_store *store, const char *table, acta_bytes from, acta_row_cursor **cursor_out, acta_error *error)
{
    return open_rows(store, table, from, acta_bytes_from(NULL, 0), cursor_out, error);
}

acta_status
acta_row_cursor_next(acta_row_cursor *cursor, acta_bytes *key_out, acta_bytes *value_out, acta_error *error)
{
    acta_bytes key;
    acta_status status = cursor->store->engine->ops->iterator_next(cursor->iterator, &key, value_out, error);

    if (status == ACTA_OK) *key_out = acta_bytes_from(key.data + cursor->table_size, key.size - cursor->table_size);
    return status;
}

void
acta_row_cursor_close(acta_row_cursor *cursor)
{
    if (cursor == NULL) return;
    const acta_allocator *allocator = &cursor->store->environment.allocator;

    cursor->store->engine->ops->iterator_close(cursor->iterator);
    allocator->free(allocator->user, cursor, sizeof *cursor);
}
