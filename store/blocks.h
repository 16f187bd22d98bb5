/*
 * Blocks: pieces of the log that were read from the engine, kept for a while so that several readers cost one read.
 *
 *     log     … [ 1025 … 2048 ] [ 2049 … 3072 ] …     a block begins wherever the first reader of it stood
 *                 |
 *                 +-- a chunk with every event of these positions, stubs too; whoever wants some of it holds a reference
 *
 * Invariants
 *  - A block is whole: no position between its first and its last is missing.
 *  - What is kept is bounded in bytes; what readers hold is theirs, and not counted.
 *  - Who asks for a position that another thread is just reading waits for it instead of reading it again.
 *  - When events were removed nothing that was read before is given out any more (acti_blocks_clear).
 *
 * Not here: the newest records, which were never read from anywhere (tail.h); filters (feed.h).
 */
#ifndef ACTI_BLOCKS_H
#define ACTI_BLOCKS_H

#include "chunk.h"
#include "thread.h"

enum { ACTI_BLOCK_SLOTS = 32, ACTI_BLOCK_EVENTS = 1024 };

typedef struct acti_block_slot {
    uint64_t first, last; /* first 0: free. Being read: last is as far as it may come to reach */
    acta_chunk *chunk;    /* NULL: being read */
    uint64_t used;        /* when it was given out last, by `turn` */
} acti_block_slot;

typedef struct acti_blocks {
    uint64_t bytes_max;

    /* Under the lock. */
    acti_monitor lock;
    acti_block_slot slots[ACTI_BLOCK_SLOTS];
    uint64_t bytes, turn;
    uint64_t cleared;              /* how often: a block begun before it isn't kept */
    struct acti_name_cache *names; /* for one who reads; NULL: in use, or none yet */
} acti_blocks;

void acti_blocks_init(acti_blocks *blocks, uint64_t bytes_max);
void acti_blocks_deinit(acti_blocks *blocks);

/* Forget all: some of it isn't so any more. */
void acti_blocks_clear(acti_blocks *blocks);

/*
 * A block with the event at `position`, which is at most `head`. Events carry stream and type; their memory is the chunk's.
 * *block_out is a reference. ACTA_CORRUPT, ACTA_IO, ACTA_NO_MEMORY: the event at `position` itself can't be read; a block
 * ends before one that is damaged.
 */
acta_status acti_blocks_get(
    acta_store *store, uint64_t position, uint64_t head, acta_chunk **block_out, acta_error *error);

#endif
