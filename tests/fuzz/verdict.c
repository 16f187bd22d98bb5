/*
 * Fuzz: our verifier against the one that flatc generates, over the tables of the random schema. The input is edits to a
 * sound buffer, or, one time in four, the buffer itself; what both accept is read, kept and written again.
 *
 *     [which table: 2] [mode: 1] [seed of the sound buffer: 2] [place: 2, kind: 1, number: 4] …
 */
#include "verdict.h"

#include <stdlib.h>
#include <string.h>

#include "acta/buffer.h"

enum { HEAD = 5, EDIT = 7, ROOM = 1 << 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t
number_at(const uint8_t *at, size_t size)
{
    uint32_t number = 0;
    memcpy(&number, at, size);
    return number;
}

/* A bit, two bytes, four, or a copy of what lies elsewhere. */
static void
edit(uint8_t *bytes, size_t size, const uint8_t *how)
{
    uint32_t number = number_at(how + 3, 4);
    size_t at = number_at(how, 2) % size, length = how[2] % 4 == 1 ? 2 : 4;

    if (how[2] % 4 == 0) {
        bytes[at] ^= (uint8_t)(1u << number % 8);
    } else if (how[2] % 4 < 3) {
        at -= at % length;
        if (at + length <= size) memcpy(bytes + at, &number, length);
    } else {
        size_t from = number % size, count = 1 + number / 65536 % 64;
        if (at + count <= size && from + count <= size) memmove(bytes + at, bytes + from, count);
    }
}

static void
use(const acta_table *table, acta_bytes buffer, acta_memory *memory)
{
    acta_memory_sink sink = acta_memory_sink_of(memory);
    void *value = acta_memory_alloc(memory, table->struct_size);
    acta_error error;

    table->read(buffer, value);
    acta_status status = table->write(value, &sink.sink, &error);
    if (status != ACTA_OK && status != ACTA_INVALID) abort();
    if (status == ACTA_OK && table->verify(sink.bytes, &error) != ACTA_OK) abort();
    memset(value, 0, table->struct_size);
    if (acta_table_load(table, value, buffer, memory) != ACTA_OK) abort();
    acta_table_clear(table, value, memory);
}

/* The buffer that the input means, in a block of its own size: the sanitizer sees a byte too far. */
static uint8_t *
buffer_of(const official_table *table, const uint8_t *data, size_t size, size_t *size_out, acta_memory *memory)
{
    static features seen;
    random_source random = { number_at(data + 3, 2) };
    acta_bytes sound = acta_bytes_from(data + HEAD, size - HEAD);
    bool is_itself = data[2] % 4 == 3;

    if (!is_itself) sound = official_make(table->ours, &random, false, &seen, memory);
    uint8_t *bytes = malloc(sound.size);
    if (bytes == NULL && sound.size > 0) abort();
    if (sound.size > 0) memcpy(bytes, sound.data, sound.size);
    for (size_t at = HEAD; !is_itself && at + EDIT <= size; at += EDIT)
        edit(bytes, sound.size, data + at);
    *size_out = sound.size;
    return bytes;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD || size > ROOM) return 0;
    const official_table *table = official_dice(number_at(data, 2));
    acta_memory *memory = acta_memory_create(NULL);
    acta_error error = { .text = "" };
    size_t length;

    uint8_t *bytes = buffer_of(table, data, size, &length, memory);
    verdict found = verdict_of(table, acta_bytes_from(bytes, length), &error);
    if (found > VERDICT_OURS_IS_STRICTER) abort();
    if (found == VERDICT_BOTH_ACCEPT) use(table->ours, acta_bytes_from(bytes, length), memory);
    free(bytes);
    acta_memory_destroy(memory);
    return 0;
}
