/*
 * A worker's own queue: a ring, and the LIFO slot. Both are the worker's, but thieves take from them.
 *
 *     head -> [a][b][c] <- tail      the worker pushes at the tail; it and thieves take at the head, under the lock
 */
#ifndef ACTI_RUNTIME_RUN_QUEUE_H
#define ACTI_RUNTIME_RUN_QUEUE_H

#include "internal.h"

/*
 * The queue is taken from by its worker at each turn, and by others seldom: when they have nothing else to do. So its
 * lock is biased: the worker says that it is inside by a plain store and looks whether anybody else wants in; who wants
 * in says so, makes all threads pass a barrier, by the kernel (acti_thread_barrier), and looks whether the worker is
 * inside. One of both sees the other. Where the kernel has no such barrier, both stores are seq_cst ones.
 */
static inline void
acti_queue_enter(acti_worker *worker)
{
    for (;;) {
        if (ACTI_LIKELY(worker->has_barrier)) {
            atomic_store_explicit(&worker->queue_held, 1, memory_order_relaxed); /* before the load: by the barrier */
            acti_keep_order();                                                   /* as far as the compiler goes */
        } else
            atomic_store_explicit(&worker->queue_held, 1, memory_order_seq_cst);
        /* seq_cst: see above; it also acquires what a thief has left. */
        if (ACTI_LIKELY(atomic_load_explicit(&worker->queue_wanted, memory_order_seq_cst) == 0)) return;
        acti_queue_stand_back(worker);
    }
}

static inline void
acti_queue_leave(acti_worker *worker)
{
    atomic_store_explicit(&worker->queue_held, 0, memory_order_release); /* pairs with the thief's look */
}

/* Anybody else. False: another has it, or the worker is inside. */
static inline bool
acti_queue_seize(acti_worker *victim)
{
    uint32_t expected = 0;

    /* seq_cst: see above. It also acquires what the thief before us has left. */
    if (!atomic_compare_exchange_strong_explicit(
            &victim->queue_wanted, &expected, 1, memory_order_seq_cst, memory_order_relaxed))
        return false;
    if (victim->has_barrier) acti_thread_barrier();
    /* seq_cst: see above; it acquires what the worker has left. Inside it is for some instructions of each turn: no need
     * to wait, there will be another look. */
    if (atomic_load_explicit(&victim->queue_held, memory_order_seq_cst) == 0) return true;
    atomic_store_explicit(&victim->queue_wanted, 0, memory_order_release);
    return false;
}

static inline void
acti_queue_give_back(acti_worker *victim)
{
    atomic_store_explicit(&victim->queue_wanted, 0, memory_order_release); /* pairs with the worker's look */
}

/* -- the ring -- */

/* The worker alone. False: it is full. */
static inline bool
acti_ring_push(acti_worker *worker, acti_actor *actor)
{
    uint64_t tail = atomic_load_explicit(&worker->ring_tail, memory_order_relaxed); /* only we write it */
    uint64_t head = atomic_load_explicit(&worker->ring_head, memory_order_acquire); /* slots before it are free */

    if (tail - head >= ACTI_RING_SIZE) return false;
    atomic_store_explicit(&worker->ring[tail % ACTI_RING_SIZE], actor, memory_order_relaxed); /* published below */
    /* release: the slot comes before it. It must also come before acti_notify's look at `idle`: by the barrier of the
     * worker that parks, or by its own order. */
    if (ACTI_LIKELY(worker->has_barrier)) {
        atomic_store_explicit(&worker->ring_tail, tail + 1, memory_order_release);
        acti_keep_order();
    } else
        atomic_store_explicit(&worker->ring_tail, tail + 1, memory_order_seq_cst);
    return true;
}

/* The worker alone. */
static inline acti_actor *
acti_ring_pop(acti_worker *worker)
{
    uint64_t tail = atomic_load_explicit(&worker->ring_tail, memory_order_relaxed); /* only we write it */
    acti_actor *actor = NULL;

    /* relaxed: a look; what is empty stays so until we push. */
    if (atomic_load_explicit(&worker->ring_head, memory_order_relaxed) == tail) return NULL;
    acti_queue_enter(worker);
    uint64_t head = atomic_load_explicit(&worker->ring_head, memory_order_relaxed); /* under the lock */
    if (ACTI_LIKELY(head != tail)) {
        actor = atomic_load_explicit(&worker->ring[head % ACTI_RING_SIZE], memory_order_relaxed);
        atomic_store_explicit(&worker->ring_head, head + 1, memory_order_relaxed);
    }
    acti_queue_leave(worker);
    return actor;
}

/* Move half of the victim's ring into ours, which is empty; the first of it is returned. */
static inline acti_actor *
acti_ring_steal(acti_worker *thief, acti_worker *victim)
{
    acti_actor *taken[ACTI_RING_SIZE];

    /* relaxed: a look. */
    if (atomic_load_explicit(&victim->ring_head, memory_order_relaxed) ==
            atomic_load_explicit(&victim->ring_tail, memory_order_relaxed) ||
        !acti_queue_seize(victim))
        return NULL;
    uint64_t head = atomic_load_explicit(&victim->ring_head, memory_order_relaxed); /* under the lock */
    uint64_t tail = atomic_load_explicit(&victim->ring_tail, memory_order_acquire); /* the slots before it are filled */
    uint64_t count = tail - head - (tail - head) / 2;
    for (uint64_t i = 0; i < count; i++)
        taken[i] = atomic_load_explicit(&victim->ring[(head + i) % ACTI_RING_SIZE], memory_order_relaxed);
    /* release: the slots are read before the worker fills them again. */
    atomic_store_explicit(&victim->ring_head, head + count, memory_order_release);
    acti_queue_give_back(victim);
    for (uint64_t i = 1; i < count; i++) {
        bool pushed = acti_ring_push(thief, taken[i]);
        ACTI_ASSERT(pushed);
        (void)pushed;
    }
    return count > 0 ? taken[0] : NULL;
}

/* -- the LIFO slot -- */

/* The worker alone: what was in the slot before, or NULL. */
static inline acti_actor *
acti_lifo_put(acti_worker *worker, acti_actor *actor)
{
    acti_queue_enter(worker);
    acti_actor *before = atomic_load_explicit(&worker->lifo, memory_order_relaxed); /* under the lock */
    atomic_store_explicit(&worker->lifo, actor, memory_order_relaxed);
    acti_queue_leave(worker);
    return before;
}

/* The worker alone. */
static inline acti_actor *
acti_lifo_take(acti_worker *worker)
{
    /* relaxed: a look; NULL stays NULL until we put something there. */
    return atomic_load_explicit(&worker->lifo, memory_order_relaxed) != NULL ? acti_lifo_put(worker, NULL) : NULL;
}

/* Anybody else. NULL: it is empty, or somebody is at it. */
static inline acti_actor *
acti_lifo_steal(acti_worker *victim)
{
    if (atomic_load_explicit(&victim->lifo, memory_order_relaxed) == NULL) return NULL; /* a look */
    if (!acti_queue_seize(victim)) return NULL;
    acti_actor *actor = atomic_load_explicit(&victim->lifo, memory_order_relaxed); /* under the lock */
    atomic_store_explicit(&victim->lifo, NULL, memory_order_relaxed);
    acti_queue_give_back(victim);
    return actor;
}

/* The worker alone: in front of all that is ready. */
static inline void
acti_schedule_on(acti_worker *worker, acti_actor *actor)
{
    acti_actor *before = acti_lifo_put(worker, actor);
    if (before != NULL) acti_schedule_behind(worker, before);
}

/* The caller owns the actor; it is ready. `here`: acti_context_here of its runtime. */
static inline void
acti_schedule_here(acti_context *here, acti_actor *actor)
{
    if (ACTI_UNLIKELY(here == NULL || here->worker == NULL)) {
        acti_schedule_elsewhere(here, actor);
        return;
    }
    acti_schedule_on(here->worker, actor);
}

#endif
