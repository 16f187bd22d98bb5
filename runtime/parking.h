/*
 * What the scheduler, the shared queues and parking have of each other; parking.c has the picture. internal.h comes with
 * it.
 */
#ifndef ACTI_RUNTIME_PARKING_H
#define ACTI_RUNTIME_PARKING_H

#include "internal.h"

enum { /* of acta_runtime.idle */
    ACTI_SEARCHING = 1,
    ACTI_PARKED = 1 << 16,
    ACTI_SEARCHING_MASK = ACTI_PARKED - 1
};

void acti_notify_a_sleeper(acta_runtime *runtime);

/*
 * There is work that another worker could do. Called after it was queued by a seq_cst operation, or by acti_ring_publish:
 * either we see the parked worker here, or it sees the work when it looks again.
 */
static inline void
acti_notify(acta_runtime *runtime)
{
    uint32_t idle = atomic_load_explicit(&runtime->idle, memory_order_seq_cst);

    if ((idle & ACTI_SEARCHING_MASK) != 0 || idle < ACTI_PARKED) return;
    acti_notify_a_sleeper(runtime);
}

/* With the spares. relaxed: one that is just being started has nothing to steal. */
static inline uint32_t
acti_started_count(acta_runtime *runtime)
{
    return atomic_load_explicit(&runtime->worker_started_count, memory_order_relaxed);
}

bool acti_start_searching(acti_worker *worker); /* false: enough others do */
void acti_end_search(acti_worker *worker);
bool acti_worker_is_over(acti_worker *worker);
void acti_park(acti_worker *worker); /* it has nothing left that only it could do */
void acti_unpark(acti_worker *worker);

/* It goes to work; it may not have searched. */
static inline void
acti_stop_searching(acti_worker *worker)
{
    if (worker->is_searching) acti_end_search(worker);
}

/* ---- inject.c ---- */

static inline bool
acti_inject_is_empty(acta_runtime *runtime)
{
    /* seq_cst: the second look before parking; see acti_notify. */
    return atomic_load_explicit(&runtime->inject_count, memory_order_seq_cst) == 0;
}

void acti_inject_quietly(acti_actor *actor); /* and the caller tells others; so here: */
void acti_inject_many(acta_runtime *runtime, acti_actor *const *actors, uint32_t many);
acti_actor *acti_inject_pop(acta_runtime *runtime);             /* under inject_lock; NULL: it is empty */
void acti_ready_push(acta_runtime *runtime, acti_actor *actor); /* manual runtimes */

#endif
