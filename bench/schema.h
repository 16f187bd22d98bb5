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

enum { SCHEMA_BUFFERS = 64, SCHEMA_BUFFER_SIZE = 256 };

/* Buffers of different content, of which round i takes the i-th. */
typedef struct schema_buffer {
    uint8_t bytes[SCHEMA_BUFFER_SIZE] __attribute__((aligned(8)));
    size_t size;
} schema_buffer;

typedef struct schema_work {
    schema_buffer orders[SCHEMA_BUFFERS], ticks[SCHEMA_BUFFERS];
    schema_buffer parts[SCHEMA_BUFFERS]; /* ticks of which half is left out */
} schema_work;

typedef uint64_t schema_function(const schema_work *work, uint32_t rounds);

schema_function official_read_order, official_read_field, official_write_order, official_verify_order;
schema_function official_read_tick, official_write_tick, official_verify_tick, official_verify_part;

#ifdef __cplusplus
}
#endif
#endif
