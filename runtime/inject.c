/*
 * The queues of ready actors that all threads share: the injection queue, and in a manual runtime the row.
 *
 *     outside threads, rings that are full -> [a][b][c] -> any worker
 *
 * Both stand under inject_lock. A worker looks at the count first, which costs it no lock while there is nothing.
 */
#include "parking.h"

/* Together they enter the queue in the order of the array. */
void
acti_inject_many(acta_runtime *runtime, acti_actor *const *actors, uint32_t many)
{
    for (uint32_t i = 0; i < many; i++)
        actors[i]->next_injected = i + 1 < many ? actors[i + 1] : NULL;
    acti_mutex_lock(&runtime->inject_lock);
    if (runtime->inject_last != NULL)
        runtime->inject_last->next_injected = actors[0];
    else
        runtime->inject_first = actors[0];
    runtime->inject_last = actors[many - 1];
    uint32_t count = atomic_load_explicit(&runtime->inject_count, memory_order_relaxed); /* written under the lock */
    atomic_store_explicit(&runtime->inject_count, count + many, memory_order_seq_cst);   /* see notify */
    acti_mutex_unlock(&runtime->inject_lock);
}

void
acti_inject_quietly(acti_actor *actor)
{
    acti_inject_many(actor->runtime, &actor, 1);
}

acti_actor *
acti_inject_pop(acta_runtime *runtime)
{
    acti_actor *actor = runtime->inject_first;

    if (actor == NULL) return NULL;
    runtime->inject_first = actor->next_injected;
    actor->next_injected = NULL;
    if (runtime->inject_first == NULL) runtime->inject_last = NULL;
    uint32_t count = atomic_load_explicit(&runtime->inject_count, memory_order_relaxed);
    atomic_store_explicit(&runtime->inject_count, count - 1, memory_order_relaxed);
    return actor;
}

/* One actor, for a thread that has no queue of its own. */
acti_actor *
acti_inject_take(acta_runtime *runtime)
{
    if (acti_inject_is_empty(runtime)) return NULL;
    acti_mutex_lock(&runtime->inject_lock);
    acti_actor *actor = acti_inject_pop(runtime);
    acti_mutex_unlock(&runtime->inject_lock);
    return actor;
}

void
acti_inject(acti_actor *actor)
{
    acti_inject_quietly(actor);
    acti_notify(actor->runtime);
}

/* -- the row of a manual runtime -- */

/* Under inject_lock. */
static bool
widen_ready(acta_runtime *runtime, uint32_t count)
{
    while (runtime->ready_capacity < count) {
        uint32_t wider = runtime->ready_capacity == 0 ? 64 : runtime->ready_capacity * 2;
        acti_actor **grown = acti_alloc(runtime, wider * sizeof(acti_actor *));
        if (grown == NULL) return false;
        for (uint32_t i = 0; i < runtime->ready_count; i++)
            grown[i] = runtime->ready[acti_ready_place(runtime, i)];
        acti_free(runtime, runtime->ready, runtime->ready_capacity * sizeof(acti_actor *));
        runtime->ready = grown;
        runtime->ready_capacity = wider;
        runtime->ready_first = 0;
    }
    return true;
}

bool
acti_ready_reserve(acta_runtime *runtime, uint32_t count)
{
    acti_mutex_lock(&runtime->inject_lock); /* a host may send from other threads */
    bool is_wide = widen_ready(runtime, count);
    acti_mutex_unlock(&runtime->inject_lock);
    return is_wide;
}

uint32_t
acti_ready_count(acta_runtime *runtime)
{
    acti_mutex_lock(&runtime->inject_lock);
    uint32_t count = runtime->ready_count;
    acti_mutex_unlock(&runtime->inject_lock);
    return count;
}

void
acti_ready_push(acta_runtime *runtime, acti_actor *actor)
{
    acti_mutex_lock(&runtime->inject_lock);
    ACTI_ASSERT(runtime->ready_count < runtime->ready_capacity);
    runtime->ready[acti_ready_place(runtime, runtime->ready_count++)] = actor;
    acti_mutex_unlock(&runtime->inject_lock);
    if (runtime->host_loop != NULL) acti_host_wake(runtime);
}
