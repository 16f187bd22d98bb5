/*
 * Blocks of small messages: what workers keep, what they hand to each other, and where it comes from. blocks.c has the
 * picture. internal.h includes this.
 */
#ifndef ACTI_RUNTIME_BLOCKS_H
#define ACTI_RUNTIME_BLOCKS_H

#include "worker.h"

/* Where threads that are no workers leave blocks for each other, without the lock: each at a row of its own, mostly. */
enum { ACTI_POCKET_ROWS = 8, ACTI_POCKETS = 4 };
typedef struct acti_pockets {
    alignas(ACTI_CACHE_LINE) _Atomic(acti_message *) blocks[ACTI_POCKETS];
} acti_pockets;

/* All of one class that no worker has. */
typedef struct acti_blocks {
    acti_pockets pockets[ACTI_POCKET_ROWS];
    alignas(ACTI_CACHE_LINE) acti_mutex lock;
    acti_message *magazines; /* linked by magazine.next */
    uint32_t magazine_count;
    acti_message *outside; /* the magazine in use of threads that are no workers; linked by `next` */
    uint32_t outside_count;
    struct acti_chunk *open; /* chunks that have a block to give */
    uint64_t used_count;     /* blocks that are out of their chunks */
} acti_blocks;

/* The class of a payload's size. */
static inline uint32_t
acti_spare_class(size_t size)
{
    if (ACTI_IS_SANITIZED) return ACTI_SPARE_CLASSES; /* it is to see each message's end */
    return size <= 16 ? 0 : size <= 64 ? 1 : size <= 256 ? 2 : ACTI_SPARE_CLASSES;
}

/* A block that somebody has left in the row, or NULL. Any thread. */
acti_message *acti_pocket_take(acti_pockets *row);
/* False: the row is full. Any thread; the block is others' then. */
bool acti_pocket_leave(acti_pockets *row, acti_message *message);

/* A block for a thread that is no worker, or a payload of no class. NULL: no memory. */
acti_message *acti_block_make(acta_runtime *runtime, uint32_t class, size_t size);

/* The worker has no block of that class, and gets some. False: no memory. */
bool acti_spares_refill(acti_worker *worker, uint32_t class);
/* The worker has no room for this block, or it is of no class. */
void acti_spares_release(acti_worker *worker, acti_message *message);
/* topic_publish.c: of no class, and with a place in a block of its own kind. */
void acti_part_free(acti_message *part);
/* Some of what no worker has goes back, but for some magazines. False: there is nothing. */
bool acti_blocks_trim(acta_runtime *runtime);
void acti_blocks_free(acta_runtime *runtime); /* all that no worker has */

#endif
