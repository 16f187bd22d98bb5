/*
 * Chunk: some events for a subscriber, and the memory that they lie in: slabs, which it shares with the tail, or has of its
 * own for what came from the engine.
 */
#ifndef ACTI_CHUNK_H
#define ACTI_CHUNK_H

#include "acta/subscription.h"

#include "transaction.h"

struct acta_chunk {
    _Atomic uint32_t refs;
    acta_allocator allocator;
    size_t size;
    uint32_t count, slab_count, room;
    acti_slab **slabs; /* behind the events */
    acta_chunk *of;    /* whose memory these events lie in too, with a reference; NULL: none's */
    acta_recorded events[];
};

/* For at most `room` events, each with at most one slab. NULL: no memory. */
acta_chunk *acti_chunk_create(const acta_allocator *allocator, uint32_t room);

/* `size` bytes in the chunk's own memory, aligned to 8; `used` is what the last slab holds already. NULL: no memory. */
uint8_t *acti_chunk_room(acta_chunk *chunk, size_t size, size_t *used);

/* Copy what an event views, but its type, into the chunk's own memory, and let it view that. False: no memory. */
bool acti_chunk_own(acta_chunk *chunk, acta_recorded *event, size_t *used);

/* What it takes of memory, without what it shares. */
size_t acti_chunk_bytes(const acta_chunk *chunk);

#endif
