/*
 * Audit records: to bytes, and from bytes.
 *
 *     0  form (1) | 1 flags | 2 zero (2) | 4 status | 8 code | 12 events | 16 decisions | 20 zero (4)
 *     24 version | 32 duration | 40 schema hash | 48 correlation | 64 causation | 80 sizes of the parts (4 each) | 104 parts
 *
 * All numbers little-endian.
 */
#include "audit_record.h"

enum {
    FORM = 1,
    OF_MANAGER = 1,
    OWN_ID = 2,
    OF_SCHEDULE = 4,
    AT_FLAGS = 1,
    AT_STATUS = 4,
    AT_CODE = 8,
    AT_EVENTS = 12,
    AT_DECISIONS = 16,
    AT_VERSION = 24,
    AT_DURATION = 32,
    AT_HASH = 40,
    AT_CORRELATION = 48,
    AT_CAUSATION = 64,
    AT_SIZES = 80,
    AT_PARTS = AT_SIZES + 4 * ACTI_AUDIT_PARTS
};

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

    for (int i = size - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

acti_audit_key
acti_audit_key_of(int64_t dispatched_at_us, acta_id command_id)
{
    acti_audit_key key;

    for (int i = 0; i < 8; i++)
        key.bytes[i] = (uint8_t)((uint64_t)dispatched_at_us >> (56 - 8 * i));
    memcpy(key.bytes + 8, command_id.bytes, ACTA_ID_SIZE);
    return key;
}

bool
acti_audit_key_read(acta_bytes key, int64_t *dispatched_at_us_out, acta_id *command_id_out)
{
    uint64_t us = 0;
    if (key.size != sizeof(acti_audit_key)) return false;

    for (int i = 0; i < 8; i++)
        us = us << 8 | key.data[i];
    *dispatched_at_us_out = (int64_t)us;
    memcpy(command_id_out->bytes, key.data + 8, ACTA_ID_SIZE);
    return true;
}

size_t
acti_audit_size(const acti_audit_head *head)
{
    size_t size = AT_PARTS;

    for (int i = 0; i < ACTI_AUDIT_PARTS; i++)
        size += head->parts[i].size;
    return size;
}

void
acti_audit_write(const acti_audit_head *head, uint8_t *to)
{
    uint8_t *part = to + AT_PARTS;

    memset(to, 0, AT_PARTS);
    to[0] = FORM;
    to[AT_FLAGS] = (uint8_t)((head->is_of_manager ? OF_MANAGER : 0) | (head->has_own_id ? OWN_ID : 0) |
                             (head->is_of_schedule ? OF_SCHEDULE : 0));
    put_le(to + AT_STATUS, head->status, 4);
    put_le(to + AT_CODE, head->code, 4);
    put_le(to + AT_EVENTS, head->event_count, 4);
    put_le(to + AT_DECISIONS, head->decisions, 4);
    put_le(to + AT_VERSION, head->version, 8);
    put_le(to + AT_DURATION, head->duration_us, 8);
    put_le(to + AT_HASH, head->schema_hash, 8);
    memcpy(to + AT_CORRELATION, head->correlation_id.bytes, ACTA_ID_SIZE);
    memcpy(to + AT_CAUSATION, head->causation_id.bytes, ACTA_ID_SIZE);
    for (size_t i = 0; i < ACTI_AUDIT_PARTS; i++) {
        acta_bytes bytes = head->parts[i];
        put_le(to + AT_SIZES + 4 * i, bytes.size, 4);
        if (bytes.size > 0) memcpy(part, bytes.data, bytes.size);
        part += bytes.size;
    }
}

bool
acti_audit_read(acta_bytes value, acti_audit_head *head_out)
{
    const uint8_t *at = value.data;
    size_t used = AT_PARTS;
    if (value.size < AT_PARTS || at[0] != FORM) return false;

    *head_out = (acti_audit_head){ .is_of_manager = (at[AT_FLAGS] & OF_MANAGER) != 0,
        .has_own_id = (at[AT_FLAGS] & OWN_ID) != 0,
        .is_of_schedule = (at[AT_FLAGS] & OF_SCHEDULE) != 0,
        .status = (uint32_t)get_le(at + AT_STATUS, 4),
        .code = (uint32_t)get_le(at + AT_CODE, 4),
        .event_count = (uint32_t)get_le(at + AT_EVENTS, 4),
        .decisions = (uint32_t)get_le(at + AT_DECISIONS, 4),
        .version = get_le(at + AT_VERSION, 8),
        .duration_us = get_le(at + AT_DURATION, 8),
        .schema_hash = get_le(at + AT_HASH, 8) };
    memcpy(head_out->correlation_id.bytes, at + AT_CORRELATION, ACTA_ID_SIZE);
    memcpy(head_out->causation_id.bytes, at + AT_CAUSATION, ACTA_ID_SIZE);
    for (size_t i = 0; i < ACTI_AUDIT_PARTS; i++) {
        size_t size = (size_t)get_le(at + AT_SIZES + 4 * i, 4);
        if (size > value.size - used) return false;
        head_out->parts[i] = acta_bytes_from(at + used, size);
        used += size;
    }
    return used == value.size;
}
