/*
 * Rows of what was set aside: they tell why, and the event is read from the log by its position.
 *
 *     table "parked":  name | 0 | key | 0 | position  ->  format, mark, attempts, parked at, reason | crc
 *
 * By the order of rows, those of a name lie together, and of a key in the order of the log.
 */
#include <inttypes.h>

#include "acta/consumer_group.h"
#include "acta/crc.h"

#include "internal.h"
#include "parked.h"

enum {
    VALUE_FORMAT = 1,
    VALUE_AT_MARK = 1,
    VALUE_AT_ATTEMPTS = 2,
    VALUE_AT_PARKED_AT = 6,
    VALUE_HEADER = 14,
    VALUE_CRC = 4,
    ROW_KEY_MAX = ACTA_SUBSCRIPTION_NAME_MAX + 1 + ACTA_PARKED_KEY_MAX + 1 + 8
};

/* With its NUL: no name begins with another's row. */
static size_t
put_prefix(const char *name, uint8_t *room)
{
    size_t size = strlen(name) + 1;

    memcpy(room, name, size);
    return size;
}

/* `room` has ROW_KEY_MAX bytes. Empty: the transaction failed. */
static acta_bytes
row_key(acta_transaction *transaction, const char *name, acta_str key, uint64_t position, uint8_t *room)
{
    size_t name_size = name != NULL ? strlen(name) : 0;

    if (name_size == 0 || name_size > ACTA_SUBSCRIPTION_NAME_MAX || key.size > ACTA_PARKED_KEY_MAX) {
        acti_transaction_fail(transaction, ACTA_INVALID,
            "cannot park: the name has %zu bytes, the key %zu; 1 to %d, and up to %d are expected", name_size, key.size,
            (int)ACTA_SUBSCRIPTION_NAME_MAX, (int)ACTA_PARKED_KEY_MAX);
        return acta_bytes_from(NULL, 0);
    }
    size_t size = put_prefix(name, room);
    if (key.size > 0) memcpy(room + size, key.data, key.size);
    size += key.size;
    room[size++] = 0;
    acti_put_be64(room + size, position);
    return acta_bytes_from(room, size + 8);
}

void
acta_transaction_park(acta_transaction *transaction, const char *name, const acta_parked *parked)
{
    uint8_t room[ROW_KEY_MAX], value[VALUE_HEADER + ACTA_PARKED_REASON_MAX + VALUE_CRC];
    acta_bytes key = row_key(transaction, name, parked->key, parked->position, room);
    size_t reason = parked->reason.size < ACTA_PARKED_REASON_MAX ? parked->reason.size : ACTA_PARKED_REASON_MAX - 1;
    size_t size = VALUE_HEADER + reason;

    if (key.size == 0) return;
    value[0] = VALUE_FORMAT;
    value[VALUE_AT_MARK] = parked->mark;
    acti_put_le32(value + VALUE_AT_ATTEMPTS, parked->attempts);
    acti_put_le64(value + VALUE_AT_PARKED_AT, (uint64_t)parked->parked_at_us);
    if (reason > 0) memcpy(value + VALUE_HEADER, parked->reason.data, reason);
    acti_put_le32(value + size, acta_crc32c(0, value, size));
    acti_transaction_put_row(transaction, ACTI_TABLE_PARKED, key, acta_bytes_from(value, size + VALUE_CRC));
}

void
acta_transaction_unpark(acta_transaction *transaction, const char *name, acta_str key, uint64_t position)
{
    uint8_t room[ROW_KEY_MAX];
    acta_bytes row = row_key(transaction, name, key, position, room);

    if (row.size > 0) acta_transaction_delete(transaction, ACTI_TABLE_PARKED, row);
}

/* -- reading -- */

struct acta_parked_cursor {
    acta_store *store;
    acta_row_cursor *rows;
    size_t prefix_size;
    char name[ACTA_SUBSCRIPTION_NAME_MAX + 1];
};

acta_status
acta_parked_cursor_open(acta_store *store, const char *name, acta_parked_cursor **cursor_out, acta_error *error)
{
    const acta_allocator *allocator = &store->environment.allocator;
    size_t size = name != NULL ? strlen(name) : 0;

    if (size == 0 || size > ACTA_SUBSCRIPTION_NAME_MAX)
        return acta_error_set(error, ACTA_INVALID, "the name of a subscription has %zu bytes, 1 to %d are expected",
            size, (int)ACTA_SUBSCRIPTION_NAME_MAX);
    acta_parked_cursor *cursor = allocator->alloc(allocator->user, sizeof *cursor);
    if (cursor == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to read what '%s' parked", name);
    *cursor = (acta_parked_cursor){ .store = store };
    cursor->prefix_size = put_prefix(name, (uint8_t *)cursor->name);
    acta_status status = acta_row_cursor_open(
        store, ACTI_TABLE_PARKED, acta_bytes_from(cursor->name, cursor->prefix_size), &cursor->rows, error);
    if (status != ACTA_OK) {
        acta_parked_cursor_close(cursor);
        return status;
    }
    *cursor_out = cursor;
    return ACTA_OK;
}

acta_status
acta_parked_cursor_next(acta_parked_cursor *cursor, acta_parked *parked_out, acta_error *error)
{
    acta_bytes key, value;
    acta_status status = acta_row_cursor_next(cursor->rows, &key, &value, error);

    if (status != ACTA_OK) return status;
    size_t size = value.size - VALUE_CRC;
    if (key.size < cursor->prefix_size + 9 || value.size < VALUE_HEADER + VALUE_CRC || value.data[0] != VALUE_FORMAT ||
        acti_get_le32(value.data + size) != acta_crc32c(0, value.data, size))
        return acta_error_set(error, ACTA_CORRUPT, "a parked event of '%s' is damaged", cursor->name);
    *parked_out = (acta_parked){
        .key = acta_str_from(key.data + cursor->prefix_size, key.size - cursor->prefix_size - 9),
        .position = acti_get_be64(key.data + key.size - 8),
        .attempts = acti_get_le32(value.data + VALUE_AT_ATTEMPTS),
        .parked_at_us = (int64_t)acti_get_le64(value.data + VALUE_AT_PARKED_AT),
        .reason = acta_str_from(value.data + VALUE_HEADER, size - VALUE_HEADER),
        .mark = value.data[VALUE_AT_MARK],
    };
    return ACTA_OK;
}

void
acta_parked_cursor_close(acta_parked_cursor *cursor)
{
    if (cursor == NULL) return;
    const acta_allocator *allocator = &cursor->store->environment.allocator;

    acta_row_cursor_close(cursor->rows);
    allocator->free(allocator->user, cursor, sizeof *cursor);
}

acta_status
acta_store_parked_count(acta_store *store, const char *name, uint64_t *count_out, acta_error *error)
{
    acta_parked_cursor *cursor;
    acta_bytes key, value;
    uint64_t count = 0;
    acta_status status = acta_parked_cursor_open(store, name, &cursor, error);

    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor->rows, &key, &value, error)) == ACTA_OK)
        count++;
    acta_parked_cursor_close(cursor);
    if (status != ACTA_NOT_FOUND) return status;
    *count_out = count;
    return ACTA_OK;
}

acta_status
acti_parked_delete_all(acta_transaction *transaction, const char *name, acta_error *error)
{
    acta_parked_cursor *cursor;
    acta_bytes key, value;
    acta_status status = acta_parked_cursor_open(transaction->store, name, &cursor, error);

    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor->rows, &key, &value, error)) == ACTA_OK)
        acta_transaction_delete(transaction, ACTI_TABLE_PARKED, key); /* a damaged one too */
    acta_parked_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}
