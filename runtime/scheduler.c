/*
 * Scheduler: which thread runs which ready actor.
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
 * In a manual runtime there is one queue, the row of ready actors, and acta_runtime_step.
 *
 * Not here: how workers sleep and are woken (parking.c), the queues that all share (inject.c), a worker's own
 * (run_queue.h).
 */
#include "bundle.h"
#include "fault.h"
#include "parking.h"
#include "run_queue.h"

enum {
    LIFO_IN_A_ROW_MAX = 3,
    LOOK_EVERY = 16,  /* turns: at the timers */
    INJECT_EVERY = 4, /* looks: at the injection queue */
    INJECT_BATCH = 32,
    SPIN_COUNT = 60 /* searches before parking, with pauses: some 5 µs */
};

/* -- making actors ready -- */

/* The ring is full: its older half goes to the injection queue, under one lock. */
static __attribute__((noinline)) void
overflow(acti_worker *worker, acti_actor *actor)
{
    acti_actor *taken[ACTI_RING_SIZE / 2];
    uint32_t many = acti_ring_take_half(worker, taken);

    if (many > 0) acti_inject_many(worker->context.runtime, taken, many);
    if (!acti_ring_push(worker, actor)) acti_inject_quietly(actor);
}

void
acti_schedule_behind(acti_worker *worker, acti_actor *actor)
{
    if (ACTI_UNLIKELY(!acti_ring_push(worker, actor))) overflow(worker, actor);
    acti_notify(actor->runtime);
}

void
acti_schedule_elsewhere(acti_context *here, acti_actor *actor)
{
    if (actor->runtime->is_manual)
        acti_ready_push(actor->runtime, actor);
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

/* After a turn: behind the next one only. */
void
acti_schedule_second(acti_worker *worker, acti_actor *actor)
{
    acti_schedule_on(worker, actor);
    worker->lifo_in_a_row = LIFO_IN_A_ROW_MAX;
}

/* -- finding work -- */

/* Actors that have waited for long are in no cache: what their turns touch first is fetched while others are taken. */
static void
fetch(const acti_actor *actor)
{
    acti_actor_fetch(actor);
    __builtin_prefetch(acti_side_of(actor), 1);
}

/* What is in their mailboxes, too. */
static void
fetch_message(const acti_actor *actor)
{
    /* relaxed: an address to fetch from, whatever it is by then. */
    __builtin_prefetch(atomic_load_explicit(&actor->first->next, memory_order_relaxed), 1);
}

static acti_actor *
take_injected(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;
    acti_actor *taken[INJECT_BATCH];
    uint32_t count = 0;

    if (acti_inject_is_empty(runtime)) return NULL;
    uint64_t tail = atomic_load_explicit(&worker->ring_tail, memory_order_relaxed); /* only we write it */
    uint64_t head = atomic_load_explicit(&worker->ring_head, memory_order_acquire); /* slots before it are free */
    uint32_t room = ACTI_RING_SIZE - (uint32_t)(tail - head);
    acti_mutex_lock(&runtime->inject_lock);
    acti_actor *first = acti_inject_pop(runtime);
    uint32_t left = atomic_load_explicit(&runtime->inject_count, memory_order_relaxed); /* under the lock */
    uint32_t share = left / runtime->worker_count;
    for (; count < share && count < room && count < INJECT_BATCH; count++) {
        taken[count] = acti_inject_pop(runtime);
        fetch(taken[count]);
    }
    acti_mutex_unlock(&runtime->inject_lock);
    for (uint32_t i = 0; i < count; i++)
        fetch_message(taken[i]);
    acti_ring_push_many(worker, taken, count);
    return first;
}

/* While one has its turn: who comes next in the ring, if no thief takes it. */
static inline void
fetch_next(const acti_worker *worker)
{
    /* relaxed, both: an address to fetch from, whosever it is by then. */
    uint64_t head = atomic_load_explicit(&worker->ring_head, memory_order_relaxed);
    const acti_actor *next = atomic_load_explicit(&worker->ring[head % ACTI_RING_SIZE], memory_order_relaxed);

    if (next != NULL) acti_actor_fetch(next); /* NULL: nobody was ever there */
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
    if (actor == NULL) return acti_lifo_take(worker);
    fetch_next(worker);
    return actor;
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

static acti_actor *
steal_rings(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;
    uint32_t start = worker->steal_seed++;
    uint32_t count = acti_started_count(runtime);

    for (uint32_t i = 0; i < count; i++) {
        acti_worker *victim = &runtime->workers[(start + i) % count];
        acti_actor *actor = victim != worker ? acti_ring_steal(worker, victim) : NULL;
        if (actor != NULL) return actor;
    }
    return NULL;
}

/* The LIFO slot of a worker that is stuck in a turn, and whom its bundle is for. `turn_counts`: as they were when the search began. */
static acti_actor *
steal_lifos(acti_worker *worker, const uint64_t *turn_counts)
{
    acta_runtime *runtime = worker->context.runtime;
    uint32_t count = acti_started_count(runtime);

    for (uint32_t i = 0; i < count; i++) {
        acti_worker *victim = &runtime->workers[i];
        if (victim == worker
            /* relaxed: a guess, and a wrong one costs a cache miss only. */
            || atomic_load_explicit(&victim->turn_count, memory_order_relaxed) != turn_counts[i])
            continue;
        acti_actor *actor = acti_bundle_steal(victim);
        if (actor == NULL) actor = acti_lifo_steal(victim);
        if (actor != NULL) return actor;
    }
    return NULL;
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

    if (!acti_start_searching(worker)) return NULL;
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

/* Nothing of its own is ready. NULL: the workers end. */
static acti_actor *
wait_for_work(acti_worker *worker)
{
    acta_runtime *runtime = worker->context.runtime;

    for (;;) {
        run_timers(runtime);
        acti_actor *actor = take_injected(worker);
        if (actor == NULL) actor = search(worker);
        if (actor == NULL)
            actor = take_own(worker); /* what timers made ready; and nothing of ours may be left when we sleep */
        if (actor != NULL) return actor;
        atomic_store_explicit(&worker->running, NULL, memory_order_relaxed); /* the watchdog need not look */
        if (acti_worker_is_over(worker)) return NULL;
        acti_park(worker);
    }
}

/* What isn't looked at in each turn: timers, a recall, the injection queue. NULL: nothing was injected. */
static __attribute__((noinline)) acti_actor *
look_around(acti_worker *worker)
{
    worker->context.timers_are_due = false;
    worker->turns_to_look = LOOK_EVERY - 1;
    worker->grown_before = worker->grown_at_look;
    worker->grown_at_look = acti_grown_by(worker);
    run_timers(worker->context.runtime);
    if (worker->looks_to_inject-- != 0) return NULL;
    worker->looks_to_inject = INJECT_EVERY - 1;
    return take_injected(worker);
}

/* The next actor to run; NULL: the workers end, or this one is to rest. */
static inline acti_actor *
next_actor(acti_worker *worker)
{
    acti_actor *actor = NULL;

    if (ACTI_UNLIKELY(worker->turns_to_look-- == 0 || worker->context.timers_are_due)) {
        worker->turns_to_look = 0;
        if (atomic_load_explicit(&worker->must_rest, memory_order_relaxed) != 0) return NULL; /* sooner or later */
        actor = look_around(worker);
    }
    if (ACTI_LIKELY(actor == NULL)) actor = take_own(worker);
    if (ACTI_UNLIKELY(actor == NULL)) actor = wait_for_work(worker);
    acti_stop_searching(worker);
    return actor;
}

/* Not in line in worker_main, where a jump out of a handler lands, and so no register lives from turn to turn. */
static __attribute__((noinline)) void
work(acti_worker *worker)
{
    acti_actor *actor;

    acti_bundle_flush_here(&worker->context); /* of a handler that was left by a jump */
    while ((actor = next_actor(worker)) != NULL) {
        /* release: the watchdog, which acquires it, finds a slot that is made. */
        atomic_store_explicit(&worker->running, actor, memory_order_release);
        acti_turn(&worker->context, actor);
        if (ACTI_UNLIKELY(!acti_bundle_is_empty(worker))) acti_bundle_flush(worker);
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

    acti_stack_note();
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
    /* load and store: they are started one after the other. relaxed: see acti_started_count. */
    uint32_t count = acti_started_count(runtime);
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
        acti_spares_init(worker);
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
    uint32_t count = acti_started_count(runtime);

    /* seq_cst: a worker that parks looks at it after it is a sleeper, so it sees it, or is woken below. */
    atomic_store_explicit(&runtime->is_ending, true, memory_order_seq_cst);
    for (uint32_t i = 0; i < count; i++) {
        acti_worker *worker = &runtime->workers[i];
        acti_unpark(worker);
        /* seq_cst: after the flag, for a spare that is resting. */
        atomic_store_explicit(&worker->must_rest, 0, memory_order_seq_cst);
        if (i >= runtime->worker_count) acti_futex_wake(&worker->must_rest);
    }
    for (uint32_t i = 0; i < count; i++)
        acti_thread_join(runtime->workers[i].thread);
    atomic_store_explicit(&runtime->worker_started_count, 0, memory_order_relaxed);
}
