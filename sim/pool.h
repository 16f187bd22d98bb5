/*
 * Pool: where the memory of a simulation comes from. A seed takes and gives back tens of thousands of blocks on one thread;
 * they need none of what an allocator for threads does.
 *
 *     chunks:  [ taken | taken | … | never taken yet ]  ->  chunk  ->  chunk
 *     free:    16 bytes: block -> block -> …     32 bytes: …     1,024 bytes: …     the last given back is taken first
 *              1,280 bytes: …   1,536   1,792   2,048   2,560   …   131,072         four sizes for each power of two
 *
 * Larger blocks are the C library's. Under AddressSanitizer all are, or it would see nothing.
 */
#ifndef ACTI_POOL_H
#define ACTI_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "acta/environment.h"

enum {
    ACTI_POOL_STEP = 16,
    ACTI_POOL_SMALL = 1024, /* in steps up to here */
    ACTI_POOL_SMALL_SIZES = ACTI_POOL_SMALL / ACTI_POOL_STEP,
    ACTI_POOL_DOUBLINGS = 7,
    ACTI_POOL_MAX = ACTI_POOL_SMALL << ACTI_POOL_DOUBLINGS,
    ACTI_POOL_SIZES = ACTI_POOL_SMALL_SIZES + 4 * ACTI_POOL_DOUBLINGS /* each in quarters */
};

/* All zero: an empty one. */
typedef struct acti_pool {
    void *free[ACTI_POOL_SIZES]; /* each begins with the address of the next */
    uint8_t *at, *end;           /* what is left of the newest chunk */
    struct acti_pool_chunk *chunks, *unused;
} acti_pool;

/* As an allocator's; `user` is the pool, which must not move while it is used. */
void *acti_pool_alloc(void *user, size_t size);
void acti_pool_free(void *user, void *block, size_t size);
/* All blocks are given back at once, but the largest; the chunks are kept for the next simulation, as fresh memory. */
void acti_pool_reset(acti_pool *pool);
/* The same, and the chunks go too. */
void acti_pool_deinit(acti_pool *pool);

#endif
