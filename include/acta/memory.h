/*
 * Memory that belongs to one owner and goes with it: an actor's, an aggregate's state, a read that was asked for.
 *
 *   owner -> acta_memory -> block <-> block <-> block
 *
 * Each block is linked, so that destroying the memory frees all that was taken from it and not given back.
 * Not for sharing: a memory is used by one thread at a time.
 */
#ifndef ACTA_MEMORY_H
#define ACTA_MEMORY_H

#include <stddef.h>

#include "acta/environment.h"
#include "acta/str.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_memory acta_memory;

/* A new, empty memory over `allocator` (copied; zero for the default). NULL when there is none. */
ACTA_API acta_memory *acta_memory_create(const acta_allocator *allocator);

/* Free the memory and all blocks still in it. Takes NULL. */
ACTA_API void acta_memory_destroy(acta_memory *memory);

/* Free all blocks; the memory itself stays. */
ACTA_API void acta_memory_clear(acta_memory *memory);

/* `size` bytes, zeroed, aligned for any type; size 0 gives a block too. NULL when there is none. */
ACTA_API void *acta_memory_alloc(acta_memory *memory, size_t size);

/* Give a block back early. Takes NULL. */
ACTA_API void acta_memory_free(acta_memory *memory, void *block);

/* Bytes taken and not yet given back, without overhead. */
ACTA_API size_t acta_memory_used(const acta_memory *memory);

/* Is there no block in it, not even one of size 0? */
ACTA_API bool acta_memory_is_empty(const acta_memory *memory);

/*
 * Make `*field` a copy of `value` in `memory`, and give the old copy back: how a state keeps a string of an event.
 *   field   absent, or set by this function with the same memory
 *   value   may be absent; may be a view of *field
 * When there is no memory the field becomes absent and acta_memory_failed(memory) is true from then on.
 */
ACTA_API void acta_str_assign(acta_str *field, acta_str value, acta_memory *memory);

/* Has an allocation from this memory failed since it was created, cleared or forgiven? */
ACTA_API bool acta_memory_failed(const acta_memory *memory);

/* That counts no more: for who has given up, or made anew, all that the failure may have left absent. */
ACTA_API void acta_memory_forgive(acta_memory *memory);

#ifdef __cplusplus
}
#endif
#endif
