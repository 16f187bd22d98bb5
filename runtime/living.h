/*
 * How many actors live, and how many inits run: what a stop waits for. Each worker counts for itself, and all other
 * threads together; a sum is right once nobody counts up any more. internal.h comes with it.
 *
 *     who spawns                          who stops
 *     ----------                          ---------
 *     starting + 1, alive + 1             is_stopping = true
 *     is_stopping? then - 1, refused      each thread passes a barrier
 *     init                                until the sum of starting is 0, and then of alive
 *     starting - 1, is_stopping? wake
 *
 * Either the spawner sees the stop, or the stop sees the spawner. A worker's own counts are plain stores, which come
 * before its look at is_stopping by the barrier that the stop makes all threads pass (acti_thread_barrier); where the
 * kernel has none they are seq_cst ones.
 *
 * Once is_stopping is seen by all, a worker's `starting` goes up for a refused spawn only, and comes back; so zeros read
 * one after the other are the zero of all. A worker's `alive` is negative when it ends more than it spawns; from then on
 * all of them only fall, so that a sum read while they do is too large, never too small.
 */
#ifndef ACTI_RUNTIME_LIVING_H
#define ACTI_RUNTIME_LIVING_H

#include "internal.h"

/* The worker alone writes it. release: who reads it finds done what was done before. */
static inline void
acti_living_store(const acta_runtime *runtime, _Atomic uint32_t *count, uint32_t add)
{
    uint32_t value = atomic_load_explicit(count, memory_order_relaxed) + add;

    if (ACTI_LIKELY(runtime->has_barrier)) {
        atomic_store_explicit(count, value, memory_order_release);
        acti_keep_order(); /* as far as the compiler goes; the rest is the barrier's */
    } else
        atomic_store_explicit(count, value, memory_order_seq_cst);
}

/* `worker`: the one that runs this, or NULL. seq_cst: see above. */
static inline void
acti_living_starting(acta_runtime *runtime, acti_worker *worker, uint32_t add)
{
    if (ACTI_LIKELY(worker != NULL))
        acti_living_store(runtime, &worker->starting_count, add);
    else
        atomic_fetch_add_explicit(&runtime->starting_count, add, memory_order_seq_cst);
}

static inline void
acti_living_alive(acta_runtime *runtime, acti_worker *worker, uint32_t add)
{
    if (ACTI_LIKELY(worker != NULL))
        acti_living_store(runtime, &worker->alive_count, add);
    else
        atomic_fetch_add_explicit(&runtime->alive_count, add, memory_order_seq_cst);
}

static inline acti_worker *
acti_worker_here(const acta_runtime *runtime)
{
    const acti_context *here = acti_context_here(runtime);

    return here != NULL ? here->worker : NULL;
}

/* From here on no spawn begins that isn't counted, or refused. */
static inline void
acti_living_begin_stop(acta_runtime *runtime)
{
    atomic_store_explicit(&runtime->is_stopping, true, memory_order_seq_cst); /* see above */
    if (runtime->has_barrier) acti_thread_barrier();
}

/* Of a runtime that stops. */
static inline uint32_t
acti_living_starting_sum(acta_runtime *runtime)
{
    uint32_t sum = atomic_load_explicit(&runtime->starting_count, memory_order_seq_cst); /* as all of them */

    for (uint32_t i = 0; i < runtime->worker_max; i++)
        sum += atomic_load_explicit(&runtime->workers[i].starting_count, memory_order_seq_cst);
    return sum;
}

static inline uint32_t
acti_living_alive_sum(acta_runtime *runtime)
{
    uint32_t sum = atomic_load_explicit(&runtime->alive_count, memory_order_seq_cst); /* as all of them */

    for (uint32_t i = 0; i < runtime->worker_max; i++)
        sum += atomic_load_explicit(&runtime->workers[i].alive_count, memory_order_seq_cst);
    return sum;
}

#endif
