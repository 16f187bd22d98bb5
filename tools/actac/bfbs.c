/*
 * Binary schema: reads a FlatBuffers buffer field by field. Each access is checked against the size, so that a damaged
 * file leads to `damaged` and never outside of the bytes. What is read is counted: few bytes that lead to the same place again
 * and again can't make much out of little.
 */
#include "internal.h"

#include <ctype.h>
#include <string.h>

enum { WORK = 16, WORK_FREE = 1 << 20, NAME_MAX_SIZE = 255 };

/* False: it was more than a file of this size can have, in which no two parts overlap. */
static bool
work(acti_bfbs *b, uint64_t bytes)
{
    b->work += bytes;
    if (b->work > (uint64_t)b->size * WORK + WORK_FREE) b->damaged = true;
    return !b->damaged;
}

static uint64_t
number_at(acti_bfbs *b, uint64_t at, uint32_t size)
{
    uint64_t number = 0;

    if (size > b->size || at > b->size - size) {
        b->damaged = true;
        return 0;
    }
    memcpy(&number, b->bytes + at, size); /* little-endian machines only; the runtime's header says so too */
    return number;
}

/* The place that the offset at `at` leads to; 0 when it leads outside. */
static uint32_t
target_of(acti_bfbs *b, uint64_t at)
{
    uint64_t target = at + number_at(b, at, 4);

    if (!b->damaged && target <= b->size - 4) return (uint32_t)target;
    b->damaged = true;
    return 0;
}

/* The place of a field's content; 0: absent. */
static uint64_t
field_at(acti_bfbs *b, uint32_t table, uint32_t slot)
{
    if (table == 0) return 0;
    int64_t vtable = (int64_t)table - (int32_t)number_at(b, table, 4);
    if (vtable < 0) {
        b->damaged = true;
        return 0;
    }
    uint32_t entry = 4 + 2 * slot;
    if (entry + 2 > number_at(b, (uint64_t)vtable, 2)) return 0;
    uint64_t offset = number_at(b, (uint64_t)vtable + entry, 2);
    return offset != 0 ? table + offset : 0;
}

uint32_t
bfbs_root(acti_bfbs *b)
{
    if (b->size < 12 || memcmp(b->bytes + 4, "BFBS", 4) != 0) {
        b->damaged = true;
        return 0;
    }
    return target_of(b, 0);
}

uint32_t
bfbs_follow(acti_bfbs *b, uint32_t table, uint32_t slot)
{
    uint64_t at = field_at(b, table, slot);
    return at != 0 ? target_of(b, at) : 0;
}

uint64_t
bfbs_number(acti_bfbs *b, uint32_t table, uint32_t slot, uint32_t size, uint64_t absent)
{
    uint64_t at = field_at(b, table, slot);
    return at != 0 ? number_at(b, at, size) : absent;
}

uint32_t
bfbs_count(acti_bfbs *b, uint32_t vector)
{
    if (vector == 0) return 0;
    uint64_t count = number_at(b, vector, 4);
    if (count <= (b->size - vector) / 4) return work(b, 4 * count) ? (uint32_t)count : 0;
    b->damaged = true; /* vectors of offsets only */
    return 0;
}

uint32_t
bfbs_item(acti_bfbs *b, uint32_t vector, uint32_t index)
{
    return target_of(b, (uint64_t)vector + 4 + 4 * (uint64_t)index);
}

const char *
bfbs_string(acti_bfbs *b, uint32_t string, acti_arena *arena)
{
    if (string == 0) return "";
    uint64_t size = number_at(b, string, 4);
    if (size <= b->size - string - 4 && work(b, WORK + size))
        return arena_copy(arena, (const char *)b->bytes + string + 4, size);
    b->damaged = true;
    return "";
}

const char *
bfbs_name(acti_bfbs *b, uint32_t string, acti_arena *arena)
{
    const char *name = bfbs_string(b, string, arena);
    bool begins = true;

    for (const char *c = name; *c != '\0'; c++) {
        bool is_dot = *c == '.';
        if (is_dot ? begins : !isalpha((unsigned char)*c) && *c != '_' && (begins || !isdigit((unsigned char)*c)))
            b->damaged = true;
        begins = is_dot;
    }
    if (begins || (string != 0 && strlen(name) != number_at(b, string, 4))) b->damaged = true;
    if (strlen(name) > NAME_MAX_SIZE) b->damaged = b->has_long_name = true;
    return name;
}
