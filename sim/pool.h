/*
 * Pool: where the memory of a simulation comes from. A seed takes and gives back tens of thousands of small blocks on one
 * thread; they need none of what an allocator for threads does.
 *
 *     chunks:  [ taken | taken | … | never taken yet ]  ->  chunk  ->  chunk
 *     free:    16 bytes: block -> block -> …     32 bytes: …     1,024 bytes: …     the last given back is taken first
 *
 * Larger blocks are the C library's. Under AddressSanitizer all are, or it would see nothing.
 */
#ifndef ACTI_POOL_H
#define ACTI_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "acta/environment.h"

enum { ACTI_POOL_STEP = 16, ACTI_POOL_MAX = 1024, ACTI_POOL_SIZES = ACTI_POOL_MAX / ACTI_POOL_STEP };

/* All zero: an empty one. */
typedef struct acti_pool {
    void *free[ACTI_POOL_SIZES]; /* each begins with the address of the next */
    uint8_t *at, *end;           /* what is left of the newest chunk */
    struct acti_pool_chunk *chunks;
} acti_pool;

/* Over the pool, which must not move while it is used. */
acta_allocator acti_pool_allocator(acti_pool *pool);
/* Of all small blocks, whether they were given back or not. */
void acti_pool_deinit(acti_pool *pool);

#endif
