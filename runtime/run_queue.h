/*
 * A worker's own queue: a ring, and the LIFO slot. Both are the worker's, but thieves take from them.
 *
 *     head -> [a][b][c] <- tail      the worker pushes at the tail; it and thieves take at the head
 */
#ifndef ACTI_RUNTIME_RUN_QUEUE_H
#define ACTI_RUNTIME_RUN_QUEUE_H

#include "internal.h"

/*
 * What is in the slots below `tail` is published to thieves, and comes before acti_notify's look at `idle`: by the barrier
 * that a worker makes all threads pass when it lies down, before it looks at the rings (acti_park). Where the kernel has
 * none, by a seq_cst store, which costs as much as an exchange.
 */
static inline void
acti_ring_publish(acti_worker *worker, uint64_t tail)
{
    if (ACTI_LIKELY(worker->context.runtime->has_barrier)) {
        atomic_store_explicit(&worker->ring_tail, tail, memory_order_release);
        acti_keep_order(); /* as far as the compiler goes */
    } else
        atomic_store_explicit(&worker->ring_tail, tail, memory_order_seq_cst);
}

static inline bool
acti_ring_push(acti_worker *worker, acti_actor *actor)
{
    uint64_t tail = atomic_load_explicit(&worker->ring_tail, memory_order_relaxed); /* only we write it */
    uint64_t head = atomic_load_explicit(&worker->ring_head, memory_order_acquire); /* slots before it are free */

    if (tail - head >= ACTI_RING_SIZE) return false;
    atomic_store_explicit(&worker->ring[tail % ACTI_RING_SIZE], actor, memory_order_relaxed); /* published below */
    acti_ring_publish(worker, tail + 1);
    return true;
}

/* There is room for them. */
static inline void
acti_ring_push_many(acti_worker *worker, acti_actor *const *actors, uint32_t many)
{
    uint64_t tail = atomic_load_explicit(&worker->ring_tail, memory_order_relaxed); /* only we write it */

    if (many == 0) return;
    for (uint32_t i = 0; i < many; i++) /* published below */
        atomic_store_explicit(&worker->ring[(tail + i) % ACTI_RING_SIZE], actors[i], memory_order_relaxed);
    acti_ring_publish(worker, tail + many);
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

/* The worker alone: take the older half of what is in its ring out of it. */
static inline uint32_t
acti_ring_take_half(acti_worker *worker, acti_actor *taken[ACTI_RING_SIZE / 2])
{
    uint64_t tail = atomic_load_explicit(&worker->ring_tail, memory_order_relaxed); /* only we write it */
    uint64_t head = atomic_load_explicit(&worker->ring_head, memory_order_relaxed); /* the exchange decides */

    for (;;) {
        uint32_t count = (uint32_t)(tail - head) / 2;
        for (uint32_t i = 0; i < count; i++)
            taken[i] = atomic_load_explicit(&worker->ring[(head + i) % ACTI_RING_SIZE], memory_order_relaxed);
        /* acq_rel: as in acti_ring_pop. */
        if (atomic_compare_exchange_weak_explicit(
                &worker->ring_head, &head, head + count, memory_order_acq_rel, memory_order_relaxed))
            return count;
    }
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

/*
 * The LIFO slot is taken from by its worker at each turn, and by others next to never: when the worker is stuck in a
 * handler. So its lock is biased: the worker says that it is inside by a plain store and looks whether anybody else wants
 * in; who wants in says so, makes all threads pass a barrier, by the kernel (acti_thread_barrier), and looks whether the
 * worker is inside. One of both sees the other. Where the kernel has no such barrier, both stores are seq_cst ones.
 */
static inline bool
acti_lifo_try_enter(acti_worker *worker)
{
    if (ACTI_LIKELY(worker->context.runtime->has_barrier)) {
        atomic_store_explicit(&worker->lifo_held, 1, memory_order_relaxed); /* before the load: by the barrier */
        acti_keep_order();                                                  /* as far as the compiler goes */
    } else
        atomic_store_explicit(&worker->lifo_held, 1, memory_order_seq_cst);
    /* seq_cst: see above; it also acquires what a thief has left. */
    return ACTI_LIKELY(atomic_load_explicit(&worker->lifo_wanted, memory_order_seq_cst) == 0);
}

static inline void
acti_lifo_leave(acti_worker *worker)
{
    atomic_store_explicit(&worker->lifo_held, 0, memory_order_release); /* pairs with the thief's look */
}

/* Inside: what was in the slot before, or NULL; and out again. */
static inline acti_actor *
acti_lifo_swap(acti_worker *worker, acti_actor *actor)
{
    acti_actor *before = atomic_load_explicit(&worker->lifo, memory_order_relaxed); /* under the lock */
    atomic_store_explicit(&worker->lifo, actor, memory_order_relaxed);
    acti_lifo_leave(worker);
    return before;
}

static inline void
acti_lifo_enter(acti_worker *worker)
{
    while (ACTI_UNLIKELY(!acti_lifo_try_enter(worker))) {
        acti_lifo_leave(worker);
        while (atomic_load_explicit(&worker->lifo_wanted, memory_order_acquire) != 0)
            acti_thread_yield();
    }
}

/* The worker alone: what was in the slot before, or NULL. */
static inline acti_actor *
acti_lifo_put(acti_worker *worker, acti_actor *actor)
{
    acti_lifo_enter(worker);
    return acti_lifo_swap(worker, actor);
}

/* The worker alone. */
static inline acti_actor *
acti_lifo_take(acti_worker *worker)
{
    /* relaxed: a look; NULL stays NULL until we put something there. */
    return atomic_load_explicit(&worker->lifo, memory_order_relaxed) != NULL ? acti_lifo_put(worker, NULL) : NULL;
}

/* Anybody else wants in: false when another does. From here on the worker doesn't come in, if it isn't inside. */
static inline bool
acti_lifo_claim(acti_worker *victim)
{
    uint32_t expected = 0;

    /* seq_cst: see above. It also acquires what the thief before us has left. */
    if (!atomic_compare_exchange_strong_explicit(
            &victim->lifo_wanted, &expected, 1, memory_order_seq_cst, memory_order_relaxed))
        return false;
    if (victim->context.runtime->has_barrier) acti_thread_barrier();
    return true;
}

/* Who wants in: the worker is not inside. */
static inline bool
acti_lifo_is_left(acti_worker *victim)
{
    return atomic_load_explicit(&victim->lifo_held, memory_order_seq_cst) == 0; /* acquires what the worker has left */
}

static inline void
acti_lifo_release(acti_worker *victim)
{
    atomic_store_explicit(&victim->lifo_wanted, 0, memory_order_release);
}

/* Anybody else. NULL: it is empty, or somebody is at it. */
static inline acti_actor *
acti_lifo_steal(acti_worker *victim)
{
    acti_actor *actor = NULL;

    if (atomic_load_explicit(&victim->lifo, memory_order_relaxed) == NULL) return NULL; /* a look */
    if (!acti_lifo_claim(victim)) return NULL;
    if (acti_lifo_is_left(victim)) {
        actor = atomic_load_explicit(&victim->lifo, memory_order_relaxed);
        atomic_store_explicit(&victim->lifo, NULL, memory_order_relaxed);
    }
    acti_lifo_release(victim);
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
