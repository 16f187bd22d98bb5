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
    acta_recorded events[];
};

/* For at most `room` events, each with at most one slab. NULL: no memory. */
acta_chunk *acti_chunk_create(const acta_allocator *allocator, uint32_t room);

/* `size` bytes in the chunk's own memory, aligned to 8; `used` is what the last slab holds already. NULL: no memory. */
uint8_t *acti_chunk_room(acta_chunk *chunk, size_t size, size_t *used);

#endif
