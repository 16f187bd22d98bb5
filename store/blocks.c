/*
 * Blocks: finding, reading, letting go.
 */
#include <inttypes.h>

#include "internal.h"

enum { BLOCK_BYTES_MAX = 1 << 20 }; /* of events, but for the one that passes it */

/* -- names of streams -- */

static void
names_free(acti_name_cache *names)
{
    if (names == NULL) return;
    const acta_allocator *allocator = &names->store->environment.allocator;

    acti_name_cache_deinit(names);
    allocator->free(allocator->user, names, sizeof *names);
}

/* What others learned already; a new one when that is in use. NULL: no memory; then the cursor learns alone. */
static acti_name_cache *
names_take(acta_store *store)
{
    const acta_allocator *allocator = &store->environment.allocator;

    acti_monitor_enter(&store->blocks.lock);
    acti_name_cache *names = store->blocks.names;
    store->blocks.names = NULL;
    acti_monitor_leave(&store->blocks.lock);
    if (names != NULL) return names;
    names = allocator->alloc(allocator->user, sizeof *names);
    if (names != NULL) acti_name_cache_init(names, store);
    return names;
}

static void
names_give_back(acta_store *store, acti_name_cache *names)
{
    acti_monitor_enter(&store->blocks.lock);
    acti_name_cache *spare = store->blocks.names;
    store->blocks.names = names;
    acti_monitor_leave(&store->blocks.lock);
    names_free(spare);
}

/* -- life -- */

void
acti_blocks_init(acti_blocks *blocks, uint64_t bytes_max)
{
    *blocks = (acti_blocks){ .bytes_max = bytes_max };
    acti_monitor_init(&blocks->lock);
}

static void
free_slot(acti_blocks *blocks, acti_block_slot *slot)
{
    if (slot->chunk != NULL) blocks->bytes -= acti_chunk_bytes(slot->chunk);
    acta_chunk_unref(slot->chunk);
    *slot = (acti_block_slot){ .first = 0 };
}

void
acti_blocks_clear(acti_blocks *blocks)
{
    acti_monitor_enter(&blocks->lock);
    blocks->cleared++;
    for (uint32_t i = 0; i < ACTI_BLOCK_SLOTS; i++) {
        if (blocks->slots[i].chunk != NULL) free_slot(blocks, &blocks->slots[i]);
    }
    acti_monitor_leave(&blocks->lock);
}

void
acti_blocks_deinit(acti_blocks *blocks)
{
    acti_blocks_clear(blocks);
    names_free(blocks->names);
    acti_monitor_deinit(&blocks->lock);
}

/* -- reading -- */

static acta_status
fill(acta_cursor *cursor, acta_chunk *block, acta_error *error)
{
    size_t used = 0, bytes = 0;
    acta_status status = ACTA_OK;

    while (status == ACTA_OK && block->count < block->room && bytes < BLOCK_BYTES_MAX) {
        acta_recorded event;
        status = acta_cursor_next(cursor, &event, error);
        if (status != ACTA_OK) break;
        bytes += event.payload.size + event.metadata.size;
        block->events[block->count] = event;
        if (!acti_chunk_own(block, &block->events[block->count], &used))
            status = acta_error_set(error, ACTA_NO_MEMORY, "cannot read events: there is no memory");
        else
            block->count++;
    }
    return block->count > 0 ? ACTA_OK : status;
}

static acta_status
read_block(acta_store *store, uint64_t first, uint64_t last, acta_chunk **block_out, acta_error *error)
{
    acta_read read = { .from = first, .count_max = ACTI_BLOCK_EVENTS };
    acta_cursor *cursor;
    acta_chunk *block = acti_chunk_create(&store->environment.allocator, (uint32_t)(last - first + 1));

    if (block == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot read the event at position %" PRIu64, first);
    acta_status status = acta_cursor_open(store, &read, &cursor, error);
    if (status == ACTA_OK) {
        acti_name_cache *names = names_take(store);
        if (names != NULL) acti_cursor_swap_names(cursor, names);
        status = fill(cursor, block, error);
        if (names != NULL) {
            acti_cursor_swap_names(cursor, names);
            names_give_back(store, names);
        }
        acta_cursor_close(cursor);
    }
    if (status == ACTA_NOT_FOUND)
        status = acta_error_set(error, ACTA_CORRUPT, "the event at position %" PRIu64 " is missing", first);
    if (status != ACTA_OK) {
        acta_chunk_unref(block);
        return status;
    }
    *block_out = block;
    return ACTA_OK;
}

/* -- keeping -- */

static acti_block_slot *
find_slot(acti_blocks *blocks, uint64_t position)
{
    for (uint32_t i = 0; i < ACTI_BLOCK_SLOTS; i++) {
        acti_block_slot *slot = &blocks->slots[i];
        if (slot->first != 0 && slot->first <= position && position <= slot->last) return slot;
    }
    return NULL;
}

/* The one used longest ago among those that are whole; NULL: all are being read. */
static acti_block_slot *
oldest_slot(acti_blocks *blocks)
{
    acti_block_slot *oldest = NULL;

    for (uint32_t i = 0; i < ACTI_BLOCK_SLOTS; i++) {
        acti_block_slot *slot = &blocks->slots[i];
        if (slot->chunk != NULL && (oldest == NULL || slot->used < oldest->used)) oldest = slot;
    }
    return oldest;
}

/* A slot for what is read now; NULL: there is none, and it won't be kept. */
static acti_block_slot *
take_slot(acti_blocks *blocks, uint64_t first, uint64_t last)
{
    acti_block_slot *slot = NULL;

    for (uint32_t i = 0; i < ACTI_BLOCK_SLOTS && slot == NULL; i++) {
        if (blocks->slots[i].first == 0) slot = &blocks->slots[i];
    }
    if (slot == NULL) {
        slot = oldest_slot(blocks);
        if (slot == NULL) return NULL;
        free_slot(blocks, slot);
    }
    *slot = (acti_block_slot){ .first = first, .last = last };
    return slot;
}

static void
keep(acti_blocks *blocks, acti_block_slot *slot, acta_chunk *block, uint64_t cleared)
{
    if (block == NULL || blocks->cleared != cleared) {
        *slot = (acti_block_slot){ .first = 0 };
        return;
    }
    slot->chunk = acta_chunk_ref(block);
    slot->last = slot->first + block->count - 1;
    slot->used = ++blocks->turn;
    blocks->bytes += acti_chunk_bytes(block);
    while (blocks->bytes > blocks->bytes_max) {
        acti_block_slot *oldest = oldest_slot(blocks);
        if (oldest == slot) return; /* it alone is more than that; the next one makes it go */
        free_slot(blocks, oldest);
    }
}

/* Wait while somebody reads it; a reference when it is there. */
static acta_chunk *
look(acti_blocks *blocks, uint64_t position)
{
    acti_block_slot *slot;

    while ((slot = find_slot(blocks, position)) != NULL && slot->chunk == NULL)
        acti_monitor_wait(&blocks->lock);
    if (slot == NULL) return NULL;
    slot->used = ++blocks->turn;
    return acta_chunk_ref(slot->chunk);
}

acta_status
acti_blocks_get(acta_store *store, uint64_t position, uint64_t head, acta_chunk **block_out, acta_error *error)
{
    acti_blocks *blocks = &store->blocks;
    uint64_t last = head - position < ACTI_BLOCK_EVENTS ? head : position + ACTI_BLOCK_EVENTS - 1;
    acta_chunk *block = NULL;

    acti_monitor_enter(&blocks->lock);
    *block_out = look(blocks, position);
    uint64_t cleared = blocks->cleared;
    acti_block_slot *slot = *block_out == NULL ? take_slot(blocks, position, last) : NULL;
    acti_monitor_leave(&blocks->lock);
    if (*block_out != NULL) {
        ACTI_COUNT(store, tail_hits, 1);
        return ACTA_OK;
    }

    ACTI_COUNT(store, tail_misses, 1);
    acta_status status = read_block(store, position, last, &block, error);
    if (slot != NULL) {
        acti_monitor_enter(&blocks->lock);
        keep(blocks, slot, block, cleared);
        acti_monitor_wake(&blocks->lock);
        acti_monitor_leave(&blocks->lock);
    }
    *block_out = block;
    return status;
}
