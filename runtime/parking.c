/*
 * Parking: when workers sleep, and who wakes them.
 *
 *     working -> searching -> parked -> searching -> working
 *
 * `idle` counts searching and parked workers. Whoever makes work that others could do wakes a parked worker, unless one
 * is searching already; the last searcher that finds work wakes the next. A worker that goes to sleep first says so and
 * then looks at all queues once more. One of the parked is the timekeeper and sleeps until the next timer only; the
 * others sleep without limit. It is the last to be woken for work; and when it goes to work itself while others sleep,
 * it wakes one of them to keep the time, because a handler may take long.
 *
 * Not here: where work is looked for (scheduler.c).
 */
#include "parking.h"

/* -- waking -- */

void
acti_unpark(acti_worker *worker)
{
    /* release: what we queued before is seen by the worker that takes the token with acquire. */
    atomic_store_explicit(&worker->token, 1, memory_order_release);
    acti_futex_wake(&worker->token);
}

/* relaxed, as all looks at it: written under idle_lock; outside of it, a hint. */
static acti_worker *
timekeeper(acta_runtime *runtime)
{
    return atomic_load_explicit(&runtime->timekeeper, memory_order_relaxed);
}

/* Under idle_lock: no sleeper any more, and a searcher from here on. */
static void
rouse(acta_runtime *runtime, uint32_t at)
{
    acti_worker *worker = runtime->sleepers[at];

    runtime->sleepers[at] = runtime->sleepers[--runtime->sleeper_count];
    worker->is_parked = false;
    if (timekeeper(runtime) == worker) atomic_store_explicit(&runtime->timekeeper, NULL, memory_order_relaxed);
    if (ACTI_UNLIKELY(runtime->watchdog_sleeps)) {
        runtime->watchdog_sleeps = false;
        acti_watchdog_wake(runtime);
    }
    /* seq_cst: see acti_notify. */
    atomic_fetch_add_explicit(&runtime->idle, (uint32_t)ACTI_SEARCHING - ACTI_PARKED, memory_order_seq_cst);
}

static uint32_t
place_of(acta_runtime *runtime, const acti_worker *worker)
{
    uint32_t at = 0;

    while (runtime->sleepers[at] != worker)
        at++;
    return at;
}

/* Under idle_lock: any sleeper but the timekeeper, if there is another. */
static acti_worker *
take_sleeper(acta_runtime *runtime)
{
    uint32_t at = runtime->sleeper_count - 1;

    if (runtime->sleepers[at] == timekeeper(runtime) && at > 0) at--;
    acti_worker *worker = runtime->sleepers[at];
    rouse(runtime, at);
    return worker;
}

void
acti_notify_a_sleeper(acta_runtime *runtime)
{
    acti_worker *worker = NULL;

    acti_mutex_lock(&runtime->idle_lock);
    uint32_t idle = atomic_load_explicit(&runtime->idle, memory_order_seq_cst); /* as in acti_notify */
    if ((idle & ACTI_SEARCHING_MASK) == 0 && runtime->sleeper_count > 0) worker = take_sleeper(runtime);
    acti_mutex_unlock(&runtime->idle_lock);
    if (worker != NULL) acti_unpark(worker);
}

/* A timer is due before the one that the timekeeper sleeps for. Without a timekeeper, a sleeper becomes it. */
void
acti_notify_timer(acta_runtime *runtime)
{
    acti_worker *worker;

    if (runtime->host_loop != NULL) acti_host_wake(runtime);
    if (runtime->is_manual) return;
    acti_mutex_lock(&runtime->idle_lock);
    worker = timekeeper(runtime);
    if (worker != NULL)
        rouse(runtime, place_of(runtime, worker));
    else if (runtime->sleeper_count > 0)
        worker = take_sleeper(runtime);
    acti_mutex_unlock(&runtime->idle_lock);
    if (worker != NULL) acti_unpark(worker);
}

void
acti_worker_rouse(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    acti_mutex_lock(&runtime->idle_lock);
    bool is_parked = worker->is_parked;
    if (is_parked) rouse(runtime, place_of(runtime, worker));
    acti_mutex_unlock(&runtime->idle_lock);
    if (is_parked) acti_unpark(worker);
}

bool
acti_watchdog_lie_down(acta_runtime *runtime, bool if_all_parked)
{
    bool is_right = true;

    acti_mutex_lock(&runtime->idle_lock);
    for (uint32_t i = 0; i < runtime->worker_count && if_all_parked; i++)
        is_right &= runtime->workers[i].is_parked;
    runtime->watchdog_sleeps = is_right;
    acti_mutex_unlock(&runtime->idle_lock);
    return is_right;
}

/* -- searching -- */

static bool
is_more_work(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    /* relaxed: hints about our own ring. */
    uint64_t tail = atomic_load_explicit(&worker->ring_tail, memory_order_relaxed);
    return tail != atomic_load_explicit(&worker->ring_head, memory_order_relaxed) || !acti_inject_is_empty(runtime);
}

/* We go to work. When no other searches, a sleeper is to see to what is left: work, or keeping the time. */
void
acti_end_search(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    worker->is_searching = false;
    /* seq_cst: see acti_notify. */
    uint32_t before = atomic_fetch_sub_explicit(&runtime->idle, ACTI_SEARCHING, memory_order_seq_cst);
    if ((before & ACTI_SEARCHING_MASK) != ACTI_SEARCHING || before < ACTI_PARKED) return;
    /* relaxed: a hint; who puts in an earlier timer later finds a sleeper itself. */
    bool is_untimed = timekeeper(runtime) == NULL &&
                      atomic_load_explicit(&runtime->wheel.next_ns, memory_order_relaxed) != UINT64_MAX;
    if (is_untimed || is_more_work(worker)) acti_notify(runtime);
}

bool
acti_start_searching(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    if (worker->is_searching) return true;
    /* relaxed: at most about half of the workers search, and a few more do no harm. */
    uint32_t idle = atomic_load_explicit(&runtime->idle, memory_order_relaxed);
    if (2 * (idle & ACTI_SEARCHING_MASK) >= runtime->worker_count) return false;
    atomic_fetch_add_explicit(&runtime->idle, ACTI_SEARCHING, memory_order_seq_cst);
    worker->is_searching = true;
    return true;
}

/* -- sleeping -- */

/* Among the sleepers, and no searcher. True: we keep the time. */
static bool
lie_down(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    acti_mutex_lock(&runtime->idle_lock);
    atomic_store_explicit(&worker->token, 0, memory_order_relaxed); /* nobody wakes us before we are a sleeper */
    runtime->sleepers[runtime->sleeper_count++] = worker;
    worker->is_parked = true;
    bool keeper = timekeeper(runtime) == NULL;
    if (keeper) atomic_store_explicit(&runtime->timekeeper, worker, memory_order_relaxed);
    uint32_t change = worker->is_searching ? (uint32_t)ACTI_PARKED - ACTI_SEARCHING : ACTI_PARKED;
    worker->is_searching = false;
    /* seq_cst: before our second look; see acti_notify. */
    atomic_fetch_add_explicit(&runtime->idle, change, memory_order_seq_cst);
    acti_mutex_unlock(&runtime->idle_lock);
    return keeper;
}

/* No sleeper any more, but a searcher; unless somebody has woken us, who has done the same for us. */
static void
get_up(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    acti_mutex_lock(&runtime->idle_lock);
    if (worker->is_parked) rouse(runtime, place_of(runtime, worker));
    worker->is_searching = true;
    acti_mutex_unlock(&runtime->idle_lock);
}

static bool
is_work_in_sight(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    if (!acti_inject_is_empty(runtime)) return true;
    uint32_t count = acti_started_count(runtime);
    for (uint32_t i = 0; i < count; i++) {
        acti_worker *other = &runtime->workers[i];
        /* seq_cst: pairs with ring_push and acti_notify. */
        uint64_t tail = atomic_load_explicit(&other->ring_tail, memory_order_seq_cst);
        if (tail != atomic_load_explicit(&other->ring_head, memory_order_seq_cst)) return true;
    }
    return false;
}

bool
acti_is_work_left(acta_runtime *runtime, uint64_t now_ns)
{
    /* relaxed: a worker that is about to sleep looks again. */
    if (atomic_load_explicit(&runtime->idle, memory_order_relaxed) != 0) return false;
    return atomic_load_explicit(&runtime->wheel.next_ns, memory_order_relaxed) <= now_ns ||
           is_work_in_sight(&runtime->workers[0]);
}

/* The workers end, or we are a spare that is recalled. seq_cst: read after the flag is set, before we sleep; see
 * acti_workers_join. A recall finds us under idle_lock, if we haven't seen it there. */
bool
acti_worker_is_over(acti_worker *worker)
{
    return atomic_load_explicit(&worker->context.runtime->is_ending, memory_order_seq_cst) ||
           atomic_load_explicit(&worker->must_rest, memory_order_relaxed) != 0;
}

static uint64_t
sleep_limit_ns(acta_runtime *runtime, bool keeper)
{
    if (!keeper) return UINT64_MAX;
    /* seq_cst: read after we are known as the timekeeper; who puts in an earlier timer later wakes us. */
    uint64_t next_ns = atomic_load_explicit(&runtime->wheel.next_ns, memory_order_seq_cst);
    if (next_ns == UINT64_MAX) return UINT64_MAX;
    uint64_t now_ns = acti_now_ns(runtime);
    return next_ns > now_ns ? next_ns - now_ns : 0;
}

void
acti_park(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;
    bool keeper = lie_down(worker);

    atomic_fetch_add_explicit(&runtime->park_count, 1, memory_order_relaxed); /* a counter */
    if (runtime->has_barrier) acti_thread_barrier(); /* between `idle` and the rings: acti_ring_publish */
    /* acquire: pairs with unpark. */
    while (atomic_load_explicit(&worker->token, memory_order_acquire) == 0) {
        uint64_t limit_ns = sleep_limit_ns(runtime, keeper);
        if (limit_ns == 0 || is_work_in_sight(worker) || acti_worker_is_over(worker)) break;
        if (acti_spares_trim(worker)) continue;
        acti_futex_wait(&worker->token, 0, limit_ns);
    }
    get_up(worker);
}
