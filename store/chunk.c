/*
 * Chunk: counted, and given back whole.
 */
#include "chunk.h"

enum { PIECE_BYTES = 64 << 10 }; /* of memory for events from the engine */

static size_t
chunk_size(uint32_t room)
{
    return sizeof(acta_chunk) + room * (sizeof(acta_recorded) + sizeof(acti_slab *));
}

acta_chunk *
acti_chunk_create(const acta_allocator *allocator, uint32_t room)
{
    acta_chunk *chunk = allocator->alloc(allocator->user, chunk_size(room));

    if (chunk == NULL) return NULL;
    memset(chunk, 0, sizeof *chunk);
    atomic_init(&chunk->refs, 1);
    chunk->allocator = *allocator;
    chunk->size = chunk_size(room);
    chunk->room = room;
    chunk->slabs = (acti_slab **)(void *)&chunk->events[room];
    return chunk;
}

uint32_t
acta_chunk_count(const acta_chunk *chunk)
{
    return chunk->count;
}

const acta_recorded *
acta_chunk_at(const acta_chunk *chunk, uint32_t index)
{
    return &chunk->events[index];
}

acta_chunk *
acta_chunk_ref(acta_chunk *chunk)
{
    /* Relaxed: who refs holds a reference already. */
    atomic_fetch_add_explicit(&chunk->refs, 1, memory_order_relaxed);
    return chunk;
}

void
acta_chunk_unref(acta_chunk *chunk)
{
    /* Release and acquire: everybody's reads come before the free. */
    if (chunk == NULL || atomic_fetch_sub_explicit(&chunk->refs, 1, memory_order_acq_rel) > 1) return;
    acta_allocator allocator = chunk->allocator;

    for (uint32_t i = 0; i < chunk->slab_count; i++)
        acti_slab_unref(chunk->slabs[i]);
    acta_chunk_unref(chunk->of);
    allocator.free(allocator.user, chunk, chunk->size);
}

size_t
acti_chunk_bytes(const acta_chunk *chunk)
{
    size_t bytes = chunk->size;

    for (uint32_t i = 0; i < chunk->slab_count; i++)
        bytes += chunk->slabs[i]->size;
    return bytes;
}

uint8_t *
acti_chunk_room(acta_chunk *chunk, size_t size, size_t *used)
{
    acti_slab *last = chunk->slab_count > 0 ? chunk->slabs[chunk->slab_count - 1] : NULL;

    size = (size + 7) & ~(size_t)7;
    if (last == NULL || last->size - *used < size) {
        last = acti_slab_create(&chunk->allocator, size > PIECE_BYTES ? size : PIECE_BYTES);
        if (last == NULL) return NULL;
        chunk->slabs[chunk->slab_count++] = last;
        *used = 0;
    }
    uint8_t *room = last->bytes + *used;
    *used += size;
    return room;
}

bool
acti_chunk_own(acta_chunk *chunk, acta_recorded *event, size_t *used)
{
    acta_bytes parts[] = { event->payload, event->metadata, event->tags, acta_str_bytes(event->stream) };
    size_t size = parts[0].size + parts[1].size + parts[2].size + parts[3].size;
    uint8_t *at = acti_chunk_room(chunk, size, used);

    if (at == NULL) return false;
    for (uint32_t i = 0; i < 4; i++) {
        if (parts[i].size > 0) memcpy(at, parts[i].data, parts[i].size);
        parts[i].data = at;
        at += parts[i].size;
    }
    event->payload = parts[0];
    event->metadata = parts[1];
    event->tags = parts[2];
    event->stream = acta_str_from(parts[3].data, parts[3].size);
    return true;
}
