/*
 * Fresh memory. See fresh.h.
 *
 *     block from malloc: | 16 bytes of ours | the caller's, filled | 0 to 15 times 16 bytes of nothing |
 *
 * The nothing puts what is allocated next elsewhere, and often into another bin, so that the order of addresses changes too.
 */
#include "fresh.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 16, SCATTER_MAX = 16, FREED = 0xdd };

static uint64_t
scatter(acti_fresh *fresh)
{
    uint64_t z = fresh->layout + ++fresh->count * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    return z ^ (z >> 31);
}

static void *
fresh_alloc(void *user, size_t size)
{
    acti_fresh *fresh = user;
    uint64_t word = scatter(fresh);
    size_t nothing = (size_t)(word % SCATTER_MAX) * HEAD;

    if (size > SIZE_MAX - HEAD - nothing) return NULL;
    uint8_t *block = malloc(HEAD + size + nothing);
    if (block == NULL) return NULL;
    memset(block, (int)(word >> 56) | 1, HEAD + size);
    return block + HEAD;
}

static void
fresh_free(void *user, void *pointer, size_t size)
{
    uint8_t *block = (uint8_t *)pointer - HEAD;

    (void)user;
    memset(block, FREED, HEAD + size);
    free(block);
}

acta_allocator
acti_fresh_allocator(acti_fresh *fresh)
{
    return (acta_allocator){ .alloc = fresh_alloc, .free = fresh_free, .user = fresh };
}
