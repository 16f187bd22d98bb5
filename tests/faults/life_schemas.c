/*
 * The schemas that the events of a life are written by, as an application keeps them: a new one now and then, with both types.
 *
 *     test.Even    the same in each of them, so that the newest one and the first have it
 *     test.Odd     another one in each
 */
#include "life_schemas.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { STEPS_EACH = 4, BINARY_SIZE = 40, HASH_OF_EVEN = 8, HASH_OF_ODD = 100 };

#define S(literal) acta_str_from(literal, sizeof(literal) - 1)

uint32_t
life_schema_at(uint64_t step)
{
    return step == 0 ? 0 : (uint32_t)(1 + (step - 1) / STEPS_EACH);
}

uint64_t
life_schema_hash(uint64_t step)
{
    return step % 2 == 0 ? HASH_OF_EVEN : HASH_OF_ODD + life_schema_at(step);
}

/* Bytes that stand for the binary schema. */
static acta_bytes
binary_of(uint32_t number, uint8_t *room)
{
    memset(room, (int)('a' + number % 26), BINARY_SIZE);
    return acta_bytes_from(room, BINARY_SIZE);
}

void
life_put_schema(const life *l, acta_transaction *t, uint64_t step)
{
    uint32_t number = life_schema_at(step);
    uint8_t now_room[BINARY_SIZE], before_room[BINARY_SIZE];
    acta_error error;

    if (number == life_schema_at(step - 1)) return;
    acta_memory *memory = acta_memory_create(NULL);
    acta_kept_schema now = { .name = S("test"),
        .number = number,
        .hash = number,
        .binary = binary_of(number, now_room) },
                     before = now;
    before.number = number - 1;
    before.binary = binary_of(number - 1, before_room);
    const acta_kept_type types[] = {
        { S("test.Even"), S("test"), HASH_OF_EVEN, .number = number, .first_number = 1, .version = 1 },
        { S("test.Odd"), S("test"), HASH_OF_ODD + number, .number = number, .first_number = number, .version = number }
    };
    acta_status status = acta_kept_schema_put(t, &now, number > 1 ? &before : NULL, memory, &error);
    for (int i = 0; i < 2 && status == ACTA_OK; i++)
        status = acta_kept_type_put(t, &types[i], memory, &error);
    acta_memory_destroy(memory);
    if (status != ACTA_OK) life_fail(l, "a schema: %s", error.text);
}

/* That of an event is there, and is the one that it was written by. */
static void
check_schema_of(const life *l, acta_store *store, const acta_recorded *event, acta_memory *memory)
{
    acta_kept_schema kept;
    acta_error error;
    uint8_t room[BINARY_SIZE];

    if (acta_kept_schema_find(store, event->type, event->schema_hash, memory, &kept, &error) != ACTA_OK)
        life_fail(l, "the schema of position %" PRIu64 ": %s", event->position, error.text);
    bool is_its_own = event->schema_hash == HASH_OF_EVEN || event->schema_hash == HASH_OF_ODD + kept.number;
    acta_bytes binary = binary_of(kept.number, room);
    if (!is_its_own || kept.binary.size != binary.size || memcmp(kept.binary.data, binary.data, binary.size) != 0)
        life_fail(l, "position %" PRIu64 " is of schema %" PRIu32 ", as the store says", event->position, kept.number);
}

void
life_check_schemas(const life *l, acta_store *store, uint32_t newest)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_kept_schema now = { .number = 0 };
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;
    acta_status status = acta_kept_schema_read(store, S("test"), 0, memory, &now, &error);

    if (status != ACTA_OK && status != ACTA_NOT_FOUND) life_fail(l, "the schema: %s", error.text);
    if (now.number != newest) life_fail(l, "schema %" PRIu32 " writes, %" PRIu32 " was expected", now.number, newest);
    if (acta_cursor_open(store, &(acta_read){ .count_max = 0 }, &cursor, &error) != ACTA_OK)
        life_fail(l, "reading the log: %s", error.text);
    while ((status = acta_cursor_next(cursor, &event, &error)) == ACTA_OK) {
        if (event.kind != ACTA_RECORD_STUB && event.schema_hash != 0) check_schema_of(l, store, &event, memory);
        acta_memory_clear(memory);
    }
    if (status != ACTA_NOT_FOUND) life_fail(l, "reading the log: %s", error.text);
    acta_cursor_close(cursor);
    acta_memory_destroy(memory);
}
