/*
 * Tail: the newest records of the log, in memory, for readers that are close behind the head.
 *
 *     first_position                  last = head
 *          [slab|bytes] [slab|bytes] … [slab|bytes]        a ring, bounded in bytes
 *
 * The bytes are those that went into the batch; an entry holds a reference to their slab. Whoever commits pushes, any
 * thread takes; a lock, held for a few hundred nanoseconds, is between them.
 */
#ifndef ACTI_TAIL_H
#define ACTI_TAIL_H

#include "thread.h"
#include "transaction.h"

typedef struct acti_tail_entry {
    acti_slab *slab;
    uint8_t *bytes;
} acti_tail_entry;

typedef struct acti_tail {
    acta_allocator allocator;
    uint64_t bytes_max;

    /* Under the lock. */
    acti_monitor lock;
    acti_tail_entry *entries; /* ring; entry of position p at p & (room - 1) */
    uint64_t room;            /* a power of two, or 0 */
    uint64_t first_position;  /* 0: empty */
    uint64_t count;
    uint64_t bytes;
} acti_tail;

void acti_tail_init(acti_tail *tail, const acta_allocator *allocator, uint64_t bytes_max);
void acti_tail_deinit(acti_tail *tail);

/* Forget all: some of it isn't so any more. Readers go to the engine until there is more. */
void acti_tail_clear(acti_tail *tail);

/* The events of a batch, in order; `position` is the first one's. What doesn't fit is left out, oldest first. */
void acti_tail_push(acti_tail *tail, uint64_t position, const acti_record *records, uint32_t count);

/*
 * Look at records from `position` up to `last`, at most `look_max` of them; take those that `wants` says yes to, each with
 * a reference, until `count_max` are taken. Returns false if the tail doesn't reach back to `position`. *looked_out is the
 * position looked at last.
 */
bool acti_tail_take(acti_tail *tail, uint64_t position, uint64_t last, uint32_t look_max,
    bool (*wants)(void *user, uint32_t type_id), void *user, acti_tail_entry *entries_out, uint32_t count_max,
    uint32_t *count_out, uint64_t *looked_out);

#endif
