/*
 * Fresh memory: an allocator whose blocks hold other bytes, and lie at other places, for each `layout`, so that a run which
 * reads what it never wrote, or goes by an address, gives another history the second time.
 */
#ifndef ACTI_SIM_FRESH_H
#define ACTI_SIM_FRESH_H

#include "acta/environment.h"

typedef struct acti_fresh {
    uint64_t layout; /* not 0 */
    uint64_t count;  /* blocks so far */
} acti_fresh;

/* `fresh` must outlive every block. One thread. */
acta_allocator acti_fresh_allocator(acti_fresh *fresh);

#endif
