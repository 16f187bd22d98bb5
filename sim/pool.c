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

enum { CHUNK_BYTES = 512 * 1024 };

struct acti_pool_chunk {
    struct acti_pool_chunk *next;
    _Alignas(ACTI_POOL_STEP) uint8_t bytes[];
};

/* A row of blocks of one size. */
typedef struct row {
    size_t number, room; /* bytes of each block */
} row;

/* The one for blocks of so many bytes. */
static inline row
row_of(size_t size)
{
    if (size <= ACTI_POOL_SMALL) {
        size_t number = size == 0 ? 0 : (size - 1) / ACTI_POOL_STEP;
        return (row){ number, (number + 1) * ACTI_POOL_STEP };
    }
    size_t doublings = 63 - (size_t)__builtin_clzll(size - 1) - 10; /* since ACTI_POOL_SMALL, which is 1 << 10 */
    size_t quarter = (size_t)ACTI_POOL_SMALL / 4 << doublings;
    size_t quarters = (size - 1) / quarter - 3; /* beyond the power of two: 1 to 4 */

    return (row){ ACTI_POOL_SMALL_SIZES + doublings * 4 + quarters - 1, (quarters + 4) * quarter };
}

static bool
add_chunk(acti_pool *pool)
{
    struct acti_pool_chunk *chunk = pool->unused;

    if (chunk != NULL)
        pool->unused = chunk->next;
    else
        chunk = malloc(sizeof *chunk + CHUNK_BYTES);
    if (chunk == NULL) return false;
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    pool->at = chunk->bytes;
    pool->end = chunk->bytes + CHUNK_BYTES;
    return true;
}

void *
acti_pool_alloc(void *user, size_t size)
{
    acti_pool *pool = user;

    if (size > ACTI_POOL_MAX || IS_WATCHED) return malloc(size);
    row r = row_of(size);
    void *block = pool->free[r.number];

    if (block != NULL) {
        memcpy(&pool->free[r.number], block, sizeof(void *));
        return block;
    }
    if ((size_t)(pool->end - pool->at) < r.room && !add_chunk(pool)) return NULL;
    block = pool->at;
    pool->at += r.room;
    return block;
}

void
acti_pool_free(void *user, void *block, size_t size)
{
    acti_pool *pool = user;

    if (size > ACTI_POOL_MAX || IS_WATCHED) {
        free(block);
        return;
    }
    row r = row_of(size);

    memcpy(block, &pool->free[r.number], sizeof(void *));
    pool->free[r.number] = block;
}

void
acti_pool_reset(acti_pool *pool)
{
    struct acti_pool_chunk *unused = pool->unused;

    while (pool->chunks != NULL) {
        struct acti_pool_chunk *next = pool->chunks->next;
        pool->chunks->next = unused;
        unused = pool->chunks;
        pool->chunks = next;
    }
    *pool = (acti_pool){ .unused = unused };
}

void
acti_pool_deinit(acti_pool *pool)
{
    acti_pool_reset(pool);
    while (pool->unused != NULL) {
        struct acti_pool_chunk *next = pool->unused->next;
        free(pool->unused);
        pool->unused = next;
    }
}
