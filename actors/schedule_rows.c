/*
 * Rows of the schedule. Numbers in values are little-endian, behind a checksum; in keys big-endian, so that they sort.
 *
 *     row   crc  format flags missed 0  offset  late  retries  failures  due  mark  after  last  runs  correlation  causation
 *           sizes of: command  cron  reason  payload | these four | with a trace: the place in it
 */
#include "schedule.h"

enum { FORMAT = 1, HEADER = 112, SIZES = 4, KEY_OF_APP = 'a', KEY_OF_MANAGER = 'm' };
enum { FLAG_PARKED = 1, FLAG_STAYS = 2, FLAG_DELAYED = 4, FLAG_PARK_REJECTED = 8, FLAG_TRACED = 16 };

static void
put_le(uint8_t *bytes, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t
get_le(const uint8_t *bytes, int size)
{
    uint64_t value = 0;

    for (int i = 0; i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

static void
put_be(uint8_t *bytes, uint64_t value, int size)
{
    for (int i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static uint64_t
get_be(const uint8_t *bytes, int size)
{
    uint64_t value = 0;

    for (int i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* -- keys -- */

acta_bytes
acti_schedule_key(acta_str key, acta_memory *memory)
{
    uint8_t *bytes = acta_memory_alloc(memory, key.size + 1);
    if (bytes == NULL) return acta_bytes_from(NULL, 0);

    bytes[0] = KEY_OF_APP;
    if (key.size > 0) memcpy(bytes + 1, key.data, key.size);
    return acta_bytes_from(bytes, key.size + 1);
}

acta_bytes
acti_deadline_key(acta_str manager, acta_str instance, acta_str key, acta_memory *memory)
{
    size_t size = 1 + 2 + manager.size + 2 + instance.size + key.size;
    uint8_t *bytes = acta_memory_alloc(memory, size), *at = bytes;
    if (bytes == NULL) return acta_bytes_from(NULL, 0);

    *at++ = KEY_OF_MANAGER;
    for (int i = 0; i < 2; i++) {
        acta_str part = i == 0 ? manager : instance;
        put_be(at, part.size, 2);
        memcpy(at + 2, part.data, part.size);
        at += 2 + part.size;
    }
    if (key.size > 0) memcpy(at, key.data, key.size);
    return acta_bytes_from(bytes, size);
}

static bool
take_part(acta_bytes *left, acta_str *part_out)
{
    if (left->size < 2) return false;
    size_t size = (size_t)get_be(left->data, 2);
    if (size > left->size - 2) return false;
    *part_out = acta_str_from(left->data + 2, size);
    *left = acta_bytes_from(left->data + 2 + size, left->size - 2 - size);
    return true;
}

bool
acti_schedule_key_parse(acta_bytes row_key, acta_str *manager_out, acta_str *instance_out, acta_str *key_out)
{
    if (row_key.size == 0) return false;
    acta_bytes left = acta_bytes_from(row_key.data + 1, row_key.size - 1);

    *manager_out = *instance_out = acta_str_of(NULL);
    if (row_key.data[0] == KEY_OF_MANAGER) {
        if (!take_part(&left, manager_out) || !take_part(&left, instance_out)) return false;
    } else if (row_key.data[0] != KEY_OF_APP)
        return false;
    *key_out = acta_str_from(left.data, left.size);
    return true;
}

acta_bytes
acti_due_key(const acti_scheduled *row, acta_bytes row_key, acta_memory *memory)
{
    uint8_t *bytes = acta_memory_alloc(memory, ACTI_DUE_HEADER + row_key.size);
    if (bytes == NULL) return acta_bytes_from(NULL, 0);

    put_be(bytes, (uint64_t)row->due_us, 8); /* never negative */
    put_be(bytes + 8, row->mark, 8);
    memcpy(bytes + ACTI_DUE_HEADER, row_key.data, row_key.size);
    return acta_bytes_from(bytes, ACTI_DUE_HEADER + row_key.size);
}

bool
acti_due_key_parse(acta_bytes due_key, int64_t *due_us_out, uint64_t *mark_out, acta_bytes *row_key_out)
{
    if (due_key.size <= ACTI_DUE_HEADER) return false;
    *due_us_out = (int64_t)get_be(due_key.data, 8);
    *mark_out = get_be(due_key.data + 8, 8);
    *row_key_out = acta_bytes_from(due_key.data + ACTI_DUE_HEADER, due_key.size - ACTI_DUE_HEADER);
    return true;
}

acta_id
acti_scheduled_command_id(acta_bytes row_key, int64_t due_us, uint64_t mark)
{
    uint8_t place[16];
    acta_id id;

    put_be(place, (uint64_t)due_us, 8);
    put_be(place + 8, mark, 8);
    acta_bytes parts[] = { acta_str_bytes(acta_str_of("schedule")), row_key, acta_bytes_from(place, sizeof place) };
    acta_digest digest = acta_digest_of(parts, 3);
    memcpy(id.bytes, digest.bytes, sizeof id.bytes);
    return id;
}

/* -- values -- */

acta_bytes
acti_scheduled_encode(const acti_scheduled *row, acta_memory *memory)
{
    acta_bytes parts[SIZES] = { acta_str_bytes(row->command), acta_str_bytes(row->cron), acta_str_bytes(row->reason),
        row->payload };
    size_t size = HEADER;
    for (int i = 0; i < SIZES; i++)
        size += parts[i].size;
    size_t place_size = acti_trace_place_size(&row->place);
    size += place_size;
    uint8_t *bytes = acta_memory_alloc(memory, size);
    if (bytes == NULL) return acta_bytes_from(NULL, 0);

    bytes[4] = FORMAT;
    bytes[5] = (uint8_t)((row->is_parked ? FLAG_PARKED : 0) | (row->stays ? FLAG_STAYS : 0) |
                         (row->is_delayed ? FLAG_DELAYED : 0) | (row->park_rejected ? FLAG_PARK_REJECTED : 0) |
                         (place_size > 0 ? FLAG_TRACED : 0));
    bytes[6] = (uint8_t)row->missed;
    put_le(bytes + 8, (uint32_t)row->utc_offset_min, 4);
    put_le(bytes + 12, row->late_ms, 4);
    put_le(bytes + 16, row->retry_max, 4);
    put_le(bytes + 20, row->failures, 4);
    put_le(bytes + 24, (uint64_t)row->due_us, 8);
    put_le(bytes + 32, row->mark, 8);
    put_le(bytes + 40, row->after_ms, 8);
    put_le(bytes + 48, (uint64_t)row->last_us, 8);
    put_le(bytes + 56, row->runs, 8);
    memcpy(bytes + 64, row->correlation_id.bytes, ACTA_ID_SIZE);
    memcpy(bytes + 80, row->causation_id.bytes, ACTA_ID_SIZE);
    uint8_t *at = bytes + HEADER;
    for (int i = 0; i < SIZES; i++) {
        put_le(bytes + 96 + (ptrdiff_t)4 * i, parts[i].size, 4);
        if (parts[i].size > 0) memcpy(at, parts[i].data, parts[i].size);
        at += parts[i].size;
    }
    if (place_size > 0) acti_trace_place_put(&row->place, at);
    put_le(bytes, acta_crc32c(0, bytes + 4, size - 4), 4);
    return acta_bytes_from(bytes, size);
}

acta_status
acti_scheduled_decode(acta_bytes value, acti_scheduled *row_out, acta_error *error)
{
    const uint8_t *bytes = value.data;
    acta_bytes parts[SIZES];
    acti_trace_place place = { .state = { .data = NULL } };
    size_t at = HEADER;

    bool is_sound =
        value.size >= HEADER && bytes[4] == FORMAT && get_le(bytes, 4) == acta_crc32c(0, bytes + 4, value.size - 4);
    for (int i = 0; is_sound && i < SIZES; i++) {
        size_t size = (size_t)get_le(bytes + 96 + (ptrdiff_t)4 * i, 4);
        is_sound = size <= value.size - at;
        if (is_sound) parts[i] = acta_bytes_from(bytes + at, size);
        if (is_sound) at += size;
    }
    if (is_sound && (bytes[5] & FLAG_TRACED) != 0)
        is_sound = acti_trace_place_get(acta_bytes_from(bytes + at, value.size - at), &place);
    if (!is_sound) return acta_error_set(error, ACTA_CORRUPT, "a row of the schedule is damaged");

    *row_out = (acti_scheduled){ .is_parked = (bytes[5] & FLAG_PARKED) != 0,
        .stays = (bytes[5] & FLAG_STAYS) != 0,
        .is_delayed = (bytes[5] & FLAG_DELAYED) != 0,
        .park_rejected = (bytes[5] & FLAG_PARK_REJECTED) != 0,
        .missed = (acta_missed)bytes[6],
        .utc_offset_min = (int32_t)(uint32_t)get_le(bytes + 8, 4),
        .late_ms = (uint32_t)get_le(bytes + 12, 4),
        .retry_max = (uint32_t)get_le(bytes + 16, 4),
        .failures = (uint32_t)get_le(bytes + 20, 4),
        .due_us = (int64_t)get_le(bytes + 24, 8),
        .mark = get_le(bytes + 32, 8),
        .after_ms = get_le(bytes + 40, 8),
        .last_us = (int64_t)get_le(bytes + 48, 8),
        .runs = get_le(bytes + 56, 8),
        .command = acta_str_from(parts[0].data, parts[0].size),
        .cron = acta_str_from(parts[1].data, parts[1].size),
        .reason = acta_str_from(parts[2].data, parts[2].size),
        .payload = parts[3],
        .place = place };
    memcpy(row_out->correlation_id.bytes, bytes + 64, ACTA_ID_SIZE);
    memcpy(row_out->causation_id.bytes, bytes + 80, ACTA_ID_SIZE);
    return ACTA_OK;
}

acta_status
acti_scheduled_read(acta_app *app, acta_bytes row_key, acta_memory *memory, acti_scheduled *row_out, acta_error *error)
{
    acta_bytes value;
    acta_status status = acta_store_get(app->store, ACTI_SCHEDULE_TABLE, row_key, memory, &value, error);

    return status == ACTA_OK ? acti_scheduled_decode(value, row_out, error) : status;
}

/* -- transactions -- */

static acta_status
no_memory(acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row of the schedule");
}

acta_status
acti_scheduled_put(
    acta_transaction *t, acta_bytes row_key, const acti_scheduled *row, acta_memory *memory, acta_error *error)
{
    acta_bytes value = acti_scheduled_encode(row, memory);
    acta_bytes due_key = acti_due_key(row, row_key, memory);
    if (value.data == NULL || due_key.data == NULL) return no_memory(error);

    acta_transaction_put(t, ACTI_SCHEDULE_TABLE, row_key, value);
    if (!row->is_parked) acta_transaction_put(t, ACTI_DUE_TABLE, due_key, acta_bytes_from(NULL, 0));
    return ACTA_OK;
}

acta_status
acti_scheduled_delete(
    acta_transaction *t, acta_bytes row_key, const acti_scheduled *row, acta_memory *memory, acta_error *error)
{
    acta_bytes due_key = acti_due_key(row, row_key, memory);
    if (due_key.data == NULL) return no_memory(error);

    acta_transaction_delete(t, ACTI_SCHEDULE_TABLE, row_key);
    acta_transaction_delete(t, ACTI_DUE_TABLE, due_key);
    return ACTA_OK;
}

int64_t
acti_oldest_due_us(acta_app *app, acta_error *error)
{
    acta_bytes key, value, row_key;
    acta_row_cursor *cursor;
    int64_t due_us = INT64_MAX;
    uint64_t mark;

    acta_status status = acta_row_cursor_open(app->store, ACTI_DUE_TABLE, acta_bytes_from(NULL, 0), &cursor, error);
    if (status != ACTA_OK) return INT64_MIN;
    status = acta_row_cursor_next(cursor, &key, &value, error);
    if (status == ACTA_OK && !acti_due_key_parse(key, &due_us, &mark, &row_key)) due_us = INT64_MIN;
    acta_row_cursor_close(cursor);
    return status == ACTA_OK || status == ACTA_NOT_FOUND ? due_us : INT64_MIN;
}
