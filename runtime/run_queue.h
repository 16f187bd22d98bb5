/*
 * A worker's own queue: a ring, and the LIFO slot. Both are the worker's, but thieves take from them.
 *
 *     head -> [a][b][c] <- tail      the worker pushes at the tail; it and thieves take at the head
 */
#ifndef ACTI_RUNTIME_RUN_QUEUE_H
#define ACTI_RUNTIME_RUN_QUEUE_H

#include "internal.h"

static inline bool
acti_ring_push(acti_worker *worker, acti_actor *actor)
{
    uint64_t tail = atomic_load_explicit(&worker->ring_tail, memory_order_relaxed); /* only we write it */
    uint64_t head = atomic_load_explicit(&worker->ring_head, memory_order_acquire); /* slots before it are free */

    if (tail - head >= ACTI_RING_SIZE) return false;
    atomic_store_explicit(&worker->ring[tail % ACTI_RING_SIZE], actor, memory_order_relaxed); /* published below */
    /* seq_cst: releases the slot to thieves, and comes before notify's look at `idle`. */
    atomic_store_explicit(&worker->ring_tail, tail + 1, memory_order_seq_cst);
    return true;
}

static inline acti_actor *
acti_ring_pop(acti_worker *worker)
{
    uint64_t tail = atomic_load_explicit(&worker->ring_tail, memory_order_relaxed); /* only we write it */
    uint64_t head = atomic_load_explicit(&worker->ring_head, memory_order_relaxed); /* the exchange decides */

    while (head != tail) {
        acti_actor *actor = atomic_load_explicit(&worker->ring[head % ACTI_RING_SIZE], memory_order_relaxed);
        /* acq_rel: the slot is read before it is given up. */
        if (atomic_compare_exchange_weak_explicit(
                &worker->ring_head, &head, head + 1, memory_order_acq_rel, memory_order_relaxed))
            return actor;
    }
    return NULL;
}

/* Move up to half of the victim's ring into ours; the first of it is returned. */
static inline acti_actor *
acti_ring_steal(acti_worker *thief, acti_worker *victim)
{
    acti_actor *taken[ACTI_RING_SIZE / 2];
    uint64_t head = atomic_load_explicit(&victim->ring_head, memory_order_acquire);

    for (;;) {
        uint64_t tail = atomic_load_explicit(&victim->ring_tail, memory_order_seq_cst); /* acquires the slots; notify */
        uint64_t count = tail - head;
        if (head >= tail) return NULL;
        count -= count / 2;
        if (count > ACTI_RING_SIZE / 2) { /* head is stale */
            head = atomic_load_explicit(&victim->ring_head, memory_order_acquire);
            continue;
        }
        for (uint64_t i = 0; i < count; i++) /* may be overwritten meanwhile: then head has moved */
            taken[i] = atomic_load_explicit(&victim->ring[(head + i) % ACTI_RING_SIZE], memory_order_relaxed);
        /* acq_rel: the slots are read before they are given up. */
        if (!atomic_compare_exchange_weak_explicit(
                &victim->ring_head, &head, head + count, memory_order_acq_rel, memory_order_acquire))
            continue;
        for (uint64_t i = 1; i < count; i++) {
            bool pushed = acti_ring_push(thief, taken[i]); /* ours was empty */
            ACTI_ASSERT(pushed);
            (void)pushed;
        }
        return taken[0];
    }
}

static inline acti_actor *
acti_lifo_take(acti_worker *worker)
{
    /* relaxed: a look; NULL stays NULL until the owner puts something there. */
    acti_actor *actor = atomic_load_explicit(&worker->lifo, memory_order_relaxed);
    if (actor == NULL) return NULL;
    /* acq_rel: a thief may be at it. */
    return atomic_exchange_explicit(&worker->lifo, NULL, memory_order_acq_rel);
}

#endif
