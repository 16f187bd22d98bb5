/*
 * The same work by two libraries, on the same bytes: ours (schema.c) and the official C++ one, as flatc generates code
 * for it (schema_official.cc). Each function does it `rounds` times and returns a sum of what it saw, so that nothing is
 * left out, and so that both can be seen to have done the same.
 */
#ifndef BENCH_SCHEMA_H
#define BENCH_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SCHEMA_BUFFERS = 64, SCHEMA_BUFFER_SIZE = 1024 };

/* Buffers of different content, of which round i takes the i-th. */
typedef struct schema_buffer {
    uint8_t bytes[SCHEMA_BUFFER_SIZE] __attribute__((aligned(8)));
    size_t size;
} schema_buffer;

/* The buffer of a round. Where it lies is hidden from the compiler, which else finds its address twice in some loops and once
 * in others: both sides pay for it once. */
static inline const schema_buffer *
schema_buffer_of(const schema_buffer *buffers, uint32_t round)
{
    const schema_buffer *buffer = &buffers[round % SCHEMA_BUFFERS];

    __asm__("" : "+r"(buffer));
    return buffer;
}

typedef struct schema_work {
    schema_buffer orders[SCHEMA_BUFFERS], ticks[SCHEMA_BUFFERS];
    schema_buffer parts[SCHEMA_BUFFERS]; /* ticks of which half is left out */
    schema_buffer quotes[SCHEMA_BUFFERS], tags[SCHEMA_BUFFERS], clearings[SCHEMA_BUFFERS], fills[SCHEMA_BUFFERS];
    schema_buffer payments[SCHEMA_BUFFERS]; /* by card and in cash, in turns */
} schema_work;

typedef uint64_t schema_function(const schema_work *work, uint32_t rounds);

schema_function official_read_order, official_read_field, official_write_order, official_verify_order;
schema_function official_read_tick, official_write_tick, official_verify_tick, official_verify_part;
schema_function official_read_quote, official_read_tags, official_read_clearing, official_read_fills,
    official_read_paid;
schema_function official_write_quote, official_write_tags, official_write_clearing, official_write_fills;
schema_function official_write_paid, official_verify_quote, official_verify_tags, official_verify_clearing;
schema_function official_verify_fills, official_verify_paid;

/* Of the other shapes; schema_shapes.c. */
void shapes_fill(schema_work *work);
schema_function read_quote, read_tags, read_clearing, read_fills, read_paid;
schema_function write_quote, write_tags, write_clearing, write_fills, write_paid;
schema_function verify_quote, verify_tags, verify_clearing, verify_fills, verify_paid;

#ifdef __cplusplus
}
#endif
#endif
