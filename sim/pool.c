/*
 * Pool. See pool.h.
 */
#include "pool.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define IS_WATCHED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_WATCHED true
#endif
#endif
#ifndef IS_WATCHED
#define IS_WATCHED false
#endif

enum { CHUNK_BYTES = 256 * 1024 };

struct acti_pool_chunk {
    struct acti_pool_chunk *next;
    _Alignas(ACTI_POOL_STEP) uint8_t bytes[];
};

/* The number of the row that holds blocks for so many bytes. */
static size_t
row_of(size_t size)
{
    return size == 0 ? 0 : (size - 1) / ACTI_POOL_STEP;
}

static bool
add_chunk(acti_pool *pool)
{
    struct acti_pool_chunk *chunk = malloc(sizeof *chunk + CHUNK_BYTES);
    if (chunk == NULL) return false;

    chunk->next = pool->chunks;
    pool->chunks = chunk;
    pool->at = chunk->bytes;
    pool->end = chunk->bytes + CHUNK_BYTES;
    return true;
}

static void *
pool_alloc(void *user, size_t size)
{
    acti_pool *pool = user;

    if (size > ACTI_POOL_MAX || IS_WATCHED) return malloc(size);
    size_t row = row_of(size), room = (row + 1) * ACTI_POOL_STEP;
    void *block = pool->free[row];

    if (block != NULL) {
        memcpy(&pool->free[row], block, sizeof(void *));
        return block;
    }
    if ((size_t)(pool->end - pool->at) < room && !add_chunk(pool)) return NULL;
    block = pool->at;
    pool->at += room;
    return block;
}

static void
pool_free(void *user, void *block, size_t size)
{
    acti_pool *pool = user;

    if (size > ACTI_POOL_MAX || IS_WATCHED) {
        free(block);
        return;
    }
    size_t row = row_of(size);

    memcpy(block, &pool->free[row], sizeof(void *));
    pool->free[row] = block;
}

acta_allocator
acti_pool_allocator(acti_pool *pool)
{
    return (acta_allocator){ .alloc = pool_alloc, .free = pool_free, .user = pool };
}

void
acti_pool_deinit(acti_pool *pool)
{
    while (pool->chunks != NULL) {
        struct acti_pool_chunk *next = pool->chunks->next;
        free(pool->chunks);
        pool->chunks = next;
    }
    *pool = (acti_pool){ .at = NULL };
}
