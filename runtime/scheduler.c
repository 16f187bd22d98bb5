/*
 * Scheduler: which thread runs which ready actor, and when threads sleep.
 *
 *     a worker:  [lifo]  [ring: 256] <- its own actors' sends          steals half of another's ring
 *                                  \ overflow, outside threads
 *                                   -> injection queue -> any worker
 *
 * The LIFO slot takes the actor made ready last: its message is still in the cache. It is run at most a few times in a
 * row, and the injection queue is looked at every so many turns, so that two actors that talk to each other starve
 * nobody. Thieves take rings first, and a LIFO slot only from a worker that has been in one turn for all of their
 * search.
 *
 * Parking. `idle` counts searching and parked workers. Whoever makes work that others could do wakes a parked worker,
 * unless one is searching already; the last searcher that finds work wakes the next. A worker that goes to sleep
 * first says so and then looks at all queues once more. One of the parked is the timekeeper and sleeps until the next
 * timer only; the others sleep without limit. It is the last to be woken for work; and when it goes to work itself while
 * others sleep, it wakes one of them to keep the time, because a handler may take long.
 *
 * In a manual runtime there is one queue, the row of ready actors, and acta_runtime_step.
 */
#include "fault.h"
#include "run_queue.h"

enum {
    LIFO_IN_A_ROW_MAX = 3,
    INJECT_EVERY = 61, /* turns; odd and prime, to fall out of step with what programs do */
    TIMERS_EVERY = 16, /* turns */
    INJECT_BATCH = 32,
    SPIN_COUNT = 60, /* searches before parking, with pauses: some 5 µs */
    SEARCHING = 1,
    PARKED = 1 << 16,
    SEARCHING_MASK = PARKED - 1
};

/* -- waking -- */

static void
unpark(acti_worker *worker)
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
    /* seq_cst: see notify. */
    atomic_fetch_add_explicit(&runtime->idle, (uint32_t)SEARCHING - PARKED, memory_order_seq_cst);
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

/*
 * There is work that another worker could do. Called after it was queued by a seq_cst operation: either we see the
 * parked worker here, or it sees the work when it looks again.
 */
static void
notify(acta_runtime *runtime)
{
    acti_worker *worker = NULL;
    uint32_t idle = atomic_load_explicit(&runtime->idle, memory_order_seq_cst);

    if ((idle & SEARCHING_MASK) != 0 || idle < PARKED) return;
    acti_mutex_lock(&runtime->idle_lock);
    idle = atomic_load_explicit(&runtime->idle, memory_order_seq_cst);
    if ((idle & SEARCHING_MASK) == 0 && runtime->sleeper_count > 0) worker = take_sleeper(runtime);
    acti_mutex_unlock(&runtime->idle_lock);
    if (worker != NULL) unpark(worker);
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
    if (worker != NULL) unpark(worker);
}

void
acti_worker_rouse(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    acti_mutex_lock(&runtime->idle_lock);
    bool is_parked = worker->is_parked;
    if (is_parked) rouse(runtime, place_of(runtime, worker));
    acti_mutex_unlock(&runtime->idle_lock);
    if (is_parked) unpark(worker);
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

/* -- the injection queue -- */

static void
inject(acti_actor *actor)
{
    acta_runtime *runtime = actor->runtime;

    acti_mutex_lock(&runtime->inject_lock);
    actor->next_injected = NULL;
    if (runtime->inject_last != NULL)
        runtime->inject_last->next_injected = actor;
    else
        runtime->inject_first = actor;
    runtime->inject_last = actor;
    uint32_t count = atomic_load_explicit(&runtime->inject_count, memory_order_relaxed); /* written under the lock */
    atomic_store_explicit(&runtime->inject_count, count + 1, memory_order_seq_cst);      /* see notify */
    acti_mutex_unlock(&runtime->inject_lock);
}

static acti_actor *
inject_pop(acta_runtime *runtime)
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

static bool
inject_is_empty(acta_runtime *runtime)
{
    /* seq_cst: the second look before parking; see notify. */
    return atomic_load_explicit(&runtime->inject_count, memory_order_seq_cst) == 0;
}

/* One actor, for a thread that has no queue of its own. */
acti_actor *
acti_inject_take(acta_runtime *runtime)
{
    if (inject_is_empty(runtime)) return NULL;
    acti_mutex_lock(&runtime->inject_lock);
    acti_actor *actor = inject_pop(runtime);
    acti_mutex_unlock(&runtime->inject_lock);
    return actor;
}

void
acti_inject(acti_actor *actor)
{
    inject(actor);
    notify(actor->runtime);
}

/* -- making actors ready -- */

void
acti_schedule_behind(acti_worker *worker, acti_actor *actor)
{
    if (!acti_ring_push(worker, actor)) inject(actor);
    notify(actor->runtime);
}

/* Under inject_lock. */
static bool
widen_ready(acta_runtime *runtime, uint32_t count)
{
    while (runtime->ready_capacity < count) {
        uint32_t wider = runtime->ready_capacity == 0 ? 64 : runtime->ready_capacity * 2;
        acti_actor **grown = acti_alloc(runtime, wider * sizeof(acti_actor *));
        if (grown == NULL) return false;
        for (uint32_t i = 0; i < runtime->ready_count; i++)
            grown[i] = runtime->ready[(runtime->ready_first + i) % runtime->ready_capacity];
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

static void
ready_push(acta_runtime *runtime, acti_actor *actor)
{
    acti_mutex_lock(&runtime->inject_lock);
    ACTI_ASSERT(runtime->ready_count < runtime->ready_capacity);
    runtime->ready[(runtime->ready_first + runtime->ready_count++) % runtime->ready_capacity] = actor;
    acti_mutex_unlock(&runtime->inject_lock);
    if (runtime->host_loop != NULL) acti_host_wake(runtime);
}

void
acti_schedule_elsewhere(acti_context *here, acti_actor *actor)
{
    if (actor->runtime->is_manual)
        ready_push(actor->runtime, actor);
    else if (here != NULL && here->host != NULL && here->host->actor == actor)
        here->host->ready = true;
    else
        acti_inject(actor);
}

void
acti_schedule(acti_actor *actor)
{
    acti_schedule_here(acti_context_here(actor->runtime), actor);
}

void
acti_reschedule(acti_actor *actor)
{
    acti_context *here = acti_context_here(actor->runtime);

    if (here != NULL && here->worker != NULL && !actor->runtime->is_manual)
        acti_schedule_behind(here->worker, actor);
    else
        acti_schedule(actor);
}

/* -- finding work -- */

static acti_actor *
take_injected(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    if (inject_is_empty(runtime)) return NULL;
    acti_mutex_lock(&runtime->inject_lock);
    acti_actor *first = inject_pop(runtime);
    uint32_t left = atomic_load_explicit(&runtime->inject_count, memory_order_relaxed); /* under the lock */
    uint32_t share = left / runtime->worker_count;
    for (uint32_t i = 0; i < share && i < INJECT_BATCH; i++) {
        uint64_t tail = atomic_load_explicit(&worker->ring_tail, memory_order_relaxed);
        uint64_t head = atomic_load_explicit(&worker->ring_head, memory_order_relaxed);
        if (tail - head >= ACTI_RING_SIZE) break;
        acti_ring_push(worker, inject_pop(runtime));
    }
    acti_mutex_unlock(&runtime->inject_lock);
    return first;
}

static inline acti_actor *
take_own(acti_worker *worker)
{
    if (worker->lifo_in_a_row < LIFO_IN_A_ROW_MAX) {
        acti_actor *actor = acti_lifo_take(worker);
        if (actor != NULL) {
            worker->lifo_in_a_row++;
            return actor;
        }
    }
    worker->lifo_in_a_row = 0;
    acti_actor *actor = acti_ring_pop(worker);
    return actor != NULL ? actor : acti_lifo_take(worker);
}

static void
run_timers(acta_runtime *runtime)
{
    /* relaxed: a look; the wheel's lock decides. */
    uint64_t next_ns = atomic_load_explicit(&runtime->wheel.next_ns, memory_order_relaxed);
    if (next_ns == UINT64_MAX) return;
    uint64_t now_ns = acti_now_ns(runtime);
    if (now_ns >= next_ns) acti_wheel_run(runtime, now_ns);
}

/* With the spares. relaxed: one that is just being started has nothing to steal. */
static uint32_t
started_count(acta_runtime *runtime)
{
    return atomic_load_explicit(&runtime->worker_started_count, memory_order_relaxed);
}

static acti_actor *
steal_rings(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;
    uint32_t start = worker->steal_seed++;
    uint32_t count = started_count(runtime);

    for (uint32_t i = 0; i < count; i++) {
        acti_worker *victim = &runtime->workers[(start + i) % count];
        acti_actor *actor = victim != worker ? acti_ring_steal(worker, victim) : NULL;
        if (actor != NULL) return actor;
    }
    return NULL;
}

/* The LIFO slot of a worker that is stuck in a turn. `turn_counts`: as they were when the search began. */
static acti_actor *
steal_lifos(acti_worker *worker, const uint64_t *turn_counts)
{
    acta_runtime *runtime = worker->context.runtime;
    uint32_t count = started_count(runtime);

    for (uint32_t i = 0; i < count; i++) {
        acti_worker *victim = &runtime->workers[i];
        if (victim == worker
            /* relaxed: a guess, and a wrong one costs a cache miss only. */
            || atomic_load_explicit(&victim->turn_count, memory_order_relaxed) != turn_counts[i])
            continue;
        acti_actor *actor = acti_lifo_steal(victim);
        if (actor != NULL) return actor;
    }
    return NULL;
}

static bool
is_more_work(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    /* relaxed: hints about our own ring. */
    uint64_t tail = atomic_load_explicit(&worker->ring_tail, memory_order_relaxed);
    return tail != atomic_load_explicit(&worker->ring_head, memory_order_relaxed) || !inject_is_empty(runtime);
}

/* We go to work. When no other searches, a sleeper is to see to what is left: work, or keeping the time. */
static void
stop_searching(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    if (!worker->is_searching) return;
    worker->is_searching = false;
    uint32_t before = atomic_fetch_sub_explicit(&runtime->idle, SEARCHING, memory_order_seq_cst); /* see notify */
    if ((before & SEARCHING_MASK) != SEARCHING || before < PARKED) return;
    /* relaxed: a hint; who puts in an earlier timer later finds a sleeper itself. */
    bool is_untimed = timekeeper(runtime) == NULL &&
                      atomic_load_explicit(&runtime->wheel.next_ns, memory_order_relaxed) != UINT64_MAX;
    if (is_untimed || is_more_work(worker)) notify(runtime);
}

static bool
start_searching(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    if (worker->is_searching) return true;
    /* relaxed: at most about half of the workers search, and a few more do no harm. */
    uint32_t idle = atomic_load_explicit(&runtime->idle, memory_order_relaxed);
    if (2 * (idle & SEARCHING_MASK) >= runtime->worker_count) return false;
    atomic_fetch_add_explicit(&runtime->idle, SEARCHING, memory_order_seq_cst);
    worker->is_searching = true;
    return true;
}

static acti_actor *
search_once(acti_worker *worker)
{
    acti_actor *actor = take_own(worker);
    if (actor == NULL) actor = take_injected(worker);
    return actor != NULL ? actor : steal_rings(worker);
}

static acti_actor *
search(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;
    uint64_t turn_counts[ACTI_WORKER_MAX];

    if (!start_searching(worker)) return NULL;
    for (uint32_t i = 0; i < runtime->worker_max; i++)
        turn_counts[i] = atomic_load_explicit(&runtime->workers[i].turn_count, memory_order_relaxed); /* a guess */
    for (int i = 0; i < SPIN_COUNT; i++) {
        acti_actor *actor = search_once(worker);
        if (actor != NULL) return actor;
        for (int k = 0; k < 8; k++)
            acti_pause();
    }
    return steal_lifos(worker, turn_counts);
}

/* -- parking -- */

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
    uint32_t change = worker->is_searching ? (uint32_t)PARKED - SEARCHING : PARKED;
    worker->is_searching = false;
    /* seq_cst: before our second look; see notify. */
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

    if (!inject_is_empty(runtime)) return true;
    uint32_t count = started_count(runtime);
    for (uint32_t i = 0; i < count; i++) {
        acti_worker *other = &runtime->workers[i];
        /* seq_cst: pairs with ring_push and notify. */
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
static bool
is_over(acti_worker *worker)
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

static void
park(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;
    bool keeper = lie_down(worker);

    atomic_fetch_add_explicit(&runtime->park_count, 1, memory_order_relaxed); /* a counter */
    /* acquire: pairs with unpark. */
    while (atomic_load_explicit(&worker->token, memory_order_acquire) == 0) {
        uint64_t limit_ns = sleep_limit_ns(runtime, keeper);
        if (limit_ns == 0 || is_work_in_sight(worker) || is_over(worker)) break;
        acti_futex_wait(&worker->token, 0, limit_ns);
    }
    get_up(worker);
}

/* The next actor to run; NULL: the workers end, or this one is to rest. */
static acti_actor *
next_actor(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;
    acti_actor *actor = NULL;

    uint32_t tick = worker->tick++;
    if (tick % TIMERS_EVERY == 0 || worker->context.timers_are_due) {
        worker->context.timers_are_due = false;
        if (atomic_load_explicit(&worker->must_rest, memory_order_relaxed) != 0) return NULL; /* sooner or later */
        run_timers(runtime);
    }
    if (tick % INJECT_EVERY == 0) actor = take_injected(worker);
    if (actor == NULL) actor = take_own(worker);
    while (actor == NULL) {
        run_timers(runtime);
        actor = take_injected(worker);
        if (actor == NULL) actor = search(worker);
        if (actor == NULL)
            actor = take_own(worker); /* what timers made ready; and nothing of ours may be left when we sleep */
        if (actor != NULL) break;
        atomic_store_explicit(&worker->running, NULL, memory_order_relaxed); /* the watchdog need not look */
        if (is_over(worker)) break;
        park(worker);
    }
    stop_searching(worker);
    return actor;
}

static void
work(acti_worker *worker)
{
    acti_actor *actor;

    while ((actor = next_actor(worker)) != NULL) {
        /* release: the watchdog, which acquires it, finds a slot that is made. */
        atomic_store_explicit(&worker->running, actor, memory_order_release);
        acti_turn(&worker->context, actor);
        /* relaxed: only we write it; thieves guess by it. */
        uint64_t count = atomic_load_explicit(&worker->turn_count, memory_order_relaxed);
        atomic_store_explicit(&worker->turn_count, count + 1, memory_order_relaxed);
    }
}

static void *
worker_main(void *argument)
{
    acti_worker *worker = argument;
    acti_signal_stack signal_stack;

    acti_signal_stack_enter(&signal_stack);
    acti_current = &worker->context;
    if (sigsetjmp(worker->context.escape, 0) != 0) /* acta_fail, from any turn of this worker, as often as it likes */
        acti_turn_failed(&worker->context);
    do
        work(worker);
    while (acti_spare_rest(worker));
    acti_current = NULL;
    acti_signal_stack_leave(&signal_stack);
    return NULL;
}

bool
acti_worker_start(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;
    char name[32];

    snprintf(name, sizeof name, "%.11s-%u", runtime->name, worker->index);
    if (!acti_thread_start(&worker->thread, name, worker_main, worker)) return false;
    /* load and store: they are started one after the other. relaxed: see started_count. */
    uint32_t count = started_count(runtime);
    atomic_store_explicit(&runtime->worker_started_count, count + 1, memory_order_relaxed);
    return true;
}

acta_status
acti_workers_start(acta_runtime *runtime, acta_error *error)
{
    for (uint32_t i = 0; i < runtime->worker_max; i++) {
        acti_worker *worker = &runtime->workers[i];
        worker->index = i;
        worker->steal_seed = i;
        worker->context.runtime = runtime;
        worker->context.worker = worker;
        atomic_init(&worker->must_rest, i >= runtime->worker_count);
    }
    for (uint32_t i = 0; i < runtime->worker_count; i++) {
        if (!acti_worker_start(&runtime->workers[i]))
            return acta_error_set(error, ACTA_IO, "cannot start worker thread %u of %u", i + 1, runtime->worker_count);
    }
    return ACTA_OK;
}

void
acti_workers_join(acta_runtime *runtime)
{
    uint32_t count = started_count(runtime);

    /* seq_cst: a worker that parks looks at it after it is a sleeper, so it sees it, or is woken below. */
    atomic_store_explicit(&runtime->is_ending, true, memory_order_seq_cst);
    for (uint32_t i = 0; i < count; i++) {
        acti_worker *worker = &runtime->workers[i];
        unpark(worker);
        /* seq_cst: after the flag, for a spare that is resting. */
        atomic_store_explicit(&worker->must_rest, 0, memory_order_seq_cst);
        if (i >= runtime->worker_count) acti_futex_wake(&worker->must_rest);
    }
    for (uint32_t i = 0; i < count; i++)
        acti_thread_join(runtime->workers[i].thread);
    atomic_store_explicit(&runtime->worker_started_count, 0, memory_order_relaxed);
}
