/*
 * Memory of a simulation: what the application's allocator is.
 *
 *     alloc -> fails, if it is the one that shall -> filled by the pattern
 *     free  -> poisoned -> quarantine, the oldest leaves: whoever wrote to it meanwhile is found out
 *
 * With pattern 0 nothing is filled, poisoned or kept: that is quicker. What a program does must not depend on the pattern,
 * so it is no choice of the tape: two runs of a seed have different ones.
 */
#ifndef ACTI_SIM_MEMORY_H
#define ACTI_SIM_MEMORY_H

#include "acta/sim.h"

#include "pool.h"

enum { ACTI_QUARANTINE_COUNT = 512, ACTI_QUARANTINE_BYTES = 1 << 20 };

typedef struct acti_freed {
    uint8_t *block;
    size_t size;
} acti_freed;

typedef struct acti_memory {
    acta_allocator under; /* where it comes from */
    acti_pool *pool;      /* `own`, or the one that many simulations have, one after the other */
    acti_pool own;
    uint64_t pattern;
    uint64_t live_bytes, live_count;         /* what was not given back */
    uint64_t written_after_free;             /* blocks */
    acti_freed freed[ACTI_QUARANTINE_COUNT]; /* a ring */
    uint32_t first, count;
    size_t bytes;
} acti_memory;

/* As acta_allocator; `user` is the simulation. */
void *acti_memory_alloc(void *user, size_t size);
void acti_memory_free(void *user, void *block, size_t size);

/* Let go of all in quarantine. True: none was written to after it was freed. */
bool acti_memory_look(acta_sim *sim);

/* What fresh memory holds from here on; 0: whatever the system gives. Before the first start. */
void acti_memory_pattern(acta_sim *sim, uint64_t pattern);

/* sim.c: where a simulation keeps it. */
acti_memory *acti_sim_memory(acta_sim *sim);

#endif
