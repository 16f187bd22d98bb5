/*
 * What the store keeps of a reader beside its checkpoint and what it has parked, and the notes of what operators did.
 *
 *     table "readers"        name              -> 1, flags, replay_until, count, positions …     all numbers little-endian
 *     table "readers.notes"  name 0 time id    -> text; the time in µs, big-endian, so that they come in order
 *
 * replay_until: how far the reader had come when it was last reset; positions: what of that had not been handled then.
 */
#include "reader_row.h"

enum { VERSION = 1, FLAG_PAUSED = 1, HEAD_SIZE = 1 + 1 + 8 + 4 };

#define TABLE "readers"
#define NOTES "readers.notes"

static uint8_t *
put_little(uint8_t *to, uint64_t number, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        *to++ = (uint8_t)(number >> (8 * i));
    return to;
}

static uint64_t
get_little(const uint8_t *from, uint32_t size)
{
    uint64_t number = 0;

    for (uint32_t i = size; i-- > 0;)
        number = number << 8 | from[i];
    return number;
}

bool
acti_reader_row_put(acta_transaction *transaction, const char *name, const acti_reader_row *row, acta_memory *memory)
{
    size_t size = HEAD_SIZE + (size_t)row->not_done_count * 8;
    uint8_t *bytes = acta_memory_alloc(memory, size);
    uint8_t *to = bytes;
    if (bytes == NULL) return false;

    *to++ = VERSION;
    *to++ = row->is_paused ? FLAG_PAUSED : 0;
    to = put_little(to, row->replay_until, 8);
    to = put_little(to, row->not_done_count, 4);
    for (uint32_t i = 0; i < row->not_done_count; i++)
        to = put_little(to, row->not_done[i], 8);
    acta_transaction_put(transaction, TABLE, acta_str_bytes(acta_str_of(name)), acta_bytes_from(bytes, size));
    return true;
}

acta_status
acti_reader_row_get(
    acta_store *store, const char *name, acta_memory *memory, acti_reader_row *row_out, acta_error *error)
{
    acta_bytes bytes;
    acta_status status = acta_store_get(store, TABLE, acta_str_bytes(acta_str_of(name)), memory, &bytes, error);

    *row_out = (acti_reader_row){ .is_paused = false };
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    bool is_sound = bytes.size >= HEAD_SIZE && bytes.data[0] == VERSION &&
                    (bytes.size - HEAD_SIZE) / 8 == get_little(bytes.data + 10, 4) && bytes.size % 8 == HEAD_SIZE % 8;
    if (!is_sound) return acta_error_set(error, ACTA_CORRUPT, "what is kept of reader '%s' is damaged", name);
    row_out->is_paused = (bytes.data[1] & FLAG_PAUSED) != 0;
    row_out->replay_until = get_little(bytes.data + 2, 8);
    row_out->not_done_count = (uint32_t)get_little(bytes.data + 10, 4);
    row_out->not_done = acta_memory_alloc(memory, (size_t)row_out->not_done_count * 8 + 8);
    if (row_out->not_done == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for reader '%s'", name);
    for (uint32_t i = 0; i < row_out->not_done_count; i++)
        row_out->not_done[i] = get_little(bytes.data + HEAD_SIZE + (size_t)i * 8, 8);
    return ACTA_OK;
}

/* -- notes -- */

void
acti_reader_note_put(acta_transaction *transaction, const char *name, int64_t at_us, acta_id id, const char *text)
{
    uint8_t key[ACTA_SUBSCRIPTION_NAME_MAX + 1 + 8 + sizeof id.bytes];
    size_t name_size = strlen(name) + 1;
    uint8_t *to = key + name_size;

    memcpy(key, name, name_size);
    for (uint32_t i = 0; i < 8; i++)
        *to++ = (uint8_t)((uint64_t)at_us >> (56 - 8 * i));
    memcpy(to, id.bytes, sizeof id.bytes);
    acta_transaction_put(transaction, NOTES, acta_bytes_from(key, (size_t)(to - key) + sizeof id.bytes),
        acta_str_bytes(acta_str_of(text)));
}

static int64_t
time_of(const uint8_t *from)
{
    uint64_t at_us = 0;

    for (uint32_t i = 0; i < 8; i++)
        at_us = at_us << 8 | from[i];
    return (int64_t)at_us;
}

acta_status
acta_reader_audit(acta_store *store, const char *name, acta_reader_note_see *see, void *user, acta_error *error)
{
    size_t name_size = strlen(name) + 1;
    acta_row_cursor *cursor;
    acta_bytes key, value;

    acta_status status = acta_row_cursor_open(store, NOTES, acta_bytes_from(name, name_size), &cursor, error);
    if (status != ACTA_OK) return status;
    for (;;) {
        status = acta_row_cursor_next(cursor, &key, &value, error);
        if (status != ACTA_OK) break;
        if (key.size < name_size + 8) continue;
        const acta_reader_note note = {
            .name = name, .at_us = time_of(key.data + name_size), .text = acta_str_from(value.data, value.size)
        };
        if (!see(user, &note)) break;
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* -- what is parked -- */

/* The event's record; false: it can't be read. */
static bool
read_record(acta_store *store, uint64_t position, acta_cursor **cursor_out, acta_recorded *recorded_out)
{
    const acta_read read = { .from = position, .count_max = 1 };

    if (acta_cursor_open(store, &read, cursor_out, NULL) != ACTA_OK) return false;
    if (acta_cursor_next(*cursor_out, recorded_out, NULL) == ACTA_OK && recorded_out->position == position) return true;
    acta_cursor_close(*cursor_out);
    return false;
}

acta_status
acta_reader_parked(acta_store *store, const char *name, acta_parked_see *see, void *user, acta_error *error)
{
    acta_parked_cursor *cursor;
    acta_parked parked;
    bool more = true;

    acta_status status = acta_parked_cursor_open(store, name, &cursor, error);
    if (status != ACTA_OK) return status;
    while (more && (status = acta_parked_cursor_next(cursor, &parked, error)) == ACTA_OK) {
        acta_recorded recorded;
        acta_cursor *records = NULL;
        bool is_there = read_record(store, parked.position, &records, &recorded);
        more = see(user, &parked, is_there ? &recorded : NULL);
        if (is_there) acta_cursor_close(records);
    }
    acta_parked_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}
