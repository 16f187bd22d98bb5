/*
 * Spares: blocks that are kept when they are given back, for whoever needs one of that size next.
 *
 *     alloc: [a spare of the class] or, when there is none, the allocator       64, 128, 192, 256, 384, 512 … 4,096 bytes
 *     free:  one more spare, or, when the class has enough, the allocator
 *
 * For what is made and given back once for each message of a busy path: once as many are kept as are in use at a time, the
 * allocator isn't asked any more. A block goes back with its size, which says its class, so that it costs no bytes itself.
 * What is larger than 4,096 bytes is the allocator's each time, as is everything in a program that AddressSanitizer or
 * ThreadSanitizer watches: they are to see each block's end.
 */
#ifndef ACTA_SPARES_H
#define ACTA_SPARES_H

#include <stddef.h>

#include "acta/environment.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_spares acta_spares;

/*
 * Spares over an allocator; none are kept yet.
 *   allocator  copied; zero or NULL for the default
 *   bytes_max  kept of each class, at most; 0: nothing is kept
 * NULL: no memory.
 */
ACTA_API acta_spares *acta_spares_create(const acta_allocator *allocator, size_t bytes_max);

/* Give all that is kept to the allocator, and the spares themselves. Every block must be back. Takes NULL. */
ACTA_API void acta_spares_destroy(acta_spares *spares);

/* A block of `size` bytes, above 0, aligned for any type, not zeroed. Any thread. NULL: no memory. */
ACTA_API void *acta_spares_alloc(acta_spares *spares, size_t size);

/* Give a block back, with the size that it was asked for. Any thread. Takes NULL. */
ACTA_API void acta_spares_free(acta_spares *spares, void *block, size_t size);

/* An allocator whose blocks are these; `spares` must outlive its use. */
ACTA_API acta_allocator acta_spares_allocator(acta_spares *spares);

#ifdef __cplusplus
}
#endif
#endif
