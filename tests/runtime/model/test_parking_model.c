/*
 * How workers sleep, are woken and take work from each other, in every order: what is queued is run by somebody, once,
 * and no timer is slept through. The workers look for work as next_actor does, but once instead of SPIN_COUNT times.
 */
#include "cases.h"

#include "inject.c"
#include "parking.c"
#include "scheduler.c"

enum { ACTOR_MAX = 4, WORKER_MAX = 3 };

static struct {
    acta_runtime runtime;
    acti_worker workers[WORKER_MAX];
    acti_worker *sleepers[WORKER_MAX];
    acti_slots slots;
    acti_idle idles[ACTOR_MAX];
    uint32_t turns[ACTOR_MAX]; /* plain: two at once would be a race, which the model reports */
    uint32_t actor_count;
    _Atomic uint32_t done; /* a futex */
} m;

enum { MS = 1000000 };
static const uint64_t start_ns = UINT64_C(1000) * MS;

static uint64_t
clock_now(void *user)
{
    (void)user;
    return start_ns + model_slept_ns();
}

static acti_actor *
find(acti_worker *worker)
{
    acta_runtime *runtime = &m.runtime;

    for (;;) {
        run_timers(runtime);
        acti_actor *actor = take_injected(worker);
        if (actor == NULL && acti_start_searching(worker)) actor = search_once(worker);
        if (actor == NULL) actor = take_own(worker);
        if (actor != NULL) {
            acti_stop_searching(worker);
            return actor;
        }
        if (acti_worker_is_over(worker)) return NULL;
        acti_park(worker);
    }
}

static void
work_on(void *argument)
{
    acti_worker *worker = argument;
    acti_actor *actor;

    acti_current = &worker->context;
    while ((actor = find(worker)) != NULL) {
        m.turns[actor - m.slots.actors]++;
        atomic_fetch_add_explicit(&m.done, 1, memory_order_release);
        acti_futex_wake(&m.done);
    }
    acti_current = NULL;
}

static void
begin(uint32_t worker_count, uint32_t actor_count)
{
    acta_runtime *runtime = &m.runtime;

    memset(&m, 0, sizeof m);
    model_thread_local((void **)&acti_current);
    runtime->environment.clock = (acta_clock){ .monotonic_ns = clock_now };
    runtime->worker_count = runtime->worker_max = worker_count;
    runtime->workers = m.workers;
    runtime->sleepers = m.sleepers;
    acti_wheel_init(runtime);
    m.actor_count = actor_count;
    for (uint32_t i = 0; i < actor_count; i++) {
        acti_mailbox_init(&m.slots.actors[i]);
        m.slots.actors[i].runtime = runtime;
        m.slots.actors[i].index = i;
        m.slots.sides[i].idle = &m.idles[i];
        m.idles[i].actor = &m.slots.actors[i];
        acti_timer_init(&m.idles[i].idle_timer, ACTI_TIMER_IDLE);
    }
    for (uint32_t i = 0; i < worker_count; i++) {
        m.workers[i].index = m.workers[i].steal_seed = i;
        m.workers[i].context.runtime = runtime;
        m.workers[i].context.worker = &m.workers[i];
        acti_spares_init(&m.workers[i]);
    }
}

static void
add_workers(uint32_t from, uint32_t to, bool are_daemons)
{
    static const char *const names[] = { "worker 0", "worker 1", "worker 2" };

    for (uint32_t i = from; i < to; i++) {
        m.workers[i].thread = model_thread(names[i], work_on, &m.workers[i], are_daemons);
        atomic_store(&m.runtime.worker_started_count, i + 1);
    }
}

static void
each_had_one_turn(void)
{
    for (uint32_t i = 0; i < m.actor_count; i++)
        MODEL_CHECK(m.turns[i] == 1);
}

/* -- from outside -- */

static void
inject_all(void *argument)
{
    (void)argument;
    for (uint32_t i = 0; i < m.actor_count; i++)
        acti_schedule(&m.slots.actors[i]);
}

static void
inject_one(void *argument)
{
    acti_schedule(argument);
}

static void
one_worker_two_injections(void)
{
    begin(1, 2);
    add_workers(0, 1, true);
    model_thread("outside", inject_all, NULL, false);
}

static void
two_workers_one_injection(void)
{
    begin(2, 1);
    add_workers(0, 2, true);
    model_thread("outside", inject_all, NULL, false);
}

static void
one_worker_two_injectors(void)
{
    begin(1, 2);
    add_workers(0, 1, true);
    model_thread("outside 0", inject_one, &m.slots.actors[0], false);
    model_thread("outside 1", inject_one, &m.slots.actors[1], false);
}

/* SCH-02, SCH-18: an outside thread injects exactly as the workers park. */
static void
no_injection_is_slept_through(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){
        .name = "parking: 1 worker, 2 injections", .begin = one_worker_two_injections, .end = each_had_one_turn });
    expect_no_failure(&(model_case){ .name = "parking: 1 worker, 2 injectors",
        .begin = one_worker_two_injectors,
        .end = each_had_one_turn,
        .part = 20000 });
    expect_no_failure(&(model_case){ .name = "parking: 2 workers, 1 injection",
        .begin = two_workers_one_injection,
        .end = each_had_one_turn,
        .part = 20000 });
}

/* -- from inside: worker 0 is in a turn that doesn't return before another has run what it queued -- */

static void
queue_and_wait(void *argument)
{
    acti_worker *worker = argument;

    acti_current = &worker->context;
    acti_schedule_behind(worker, &m.slots.actors[0]);
    while (atomic_load_explicit(&m.done, memory_order_acquire) == 0)
        acti_futex_wait(&m.done, 0, UINT64_MAX);
    acti_current = NULL;
}

static void
a_blocked_worker_and_another(void)
{
    begin(2, 1);
    model_thread("worker 0", queue_and_wait, &m.workers[0], false);
    add_workers(1, 2, true);
}

static void
a_blocked_worker_and_another_with_a_barrier(void)
{
    a_blocked_worker_and_another();
    m.runtime.has_barrier = true;
}

/* SCH-02, SCH-17: what a worker queues as it blocks is seen by one that parks. */
static void
no_work_of_a_blocked_worker_is_slept_through(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){
        .name = "parking: a blocked worker's work", .begin = a_blocked_worker_and_another, .end = each_had_one_turn });
    expect_no_failure(&(model_case){ .name = "parking: a blocked worker's work and a barrier",
        .begin = a_blocked_worker_and_another_with_a_barrier,
        .end = each_had_one_turn });
}

/* -- rings -- */

static void
fill_and_empty(void *argument)
{
    acti_worker *worker = argument;
    acti_actor *actor;

    for (uint32_t i = 0; i < 2; i++)
        MODEL_CHECK(acti_ring_push(worker, &m.slots.actors[i]));
    if ((actor = acti_ring_pop(worker)) != NULL) m.turns[actor - m.slots.actors]++;
    MODEL_CHECK(acti_ring_push(worker, &m.slots.actors[2]));
    while ((actor = acti_ring_pop(worker)) != NULL)
        m.turns[actor - m.slots.actors]++;
}

static void
steal_once(void *argument)
{
    acti_worker *worker = argument;

    for (acti_actor *actor = acti_ring_steal(worker, &m.workers[0]); actor != NULL; actor = acti_ring_pop(worker))
        m.turns[actor - m.slots.actors]++;
}

static void
a_ring_and_one_thief(void)
{
    begin(2, 3);
    model_thread("owner", fill_and_empty, &m.workers[0], false);
    model_thread("thief", steal_once, &m.workers[1], false);
}

static void
fill_at_once_and_halve(void *argument)
{
    acti_worker *worker = argument;
    acti_actor *three[] = { &m.slots.actors[0], &m.slots.actors[1], &m.slots.actors[2] };
    acti_actor *taken[ACTI_RING_SIZE / 2];

    acti_ring_push_many(worker, three, 3);
    uint32_t many = acti_ring_take_half(worker, taken);
    MODEL_CHECK(many <= 1);
    for (uint32_t i = 0; i < many; i++)
        m.turns[taken[i] - m.slots.actors]++;
    for (acti_actor *actor; (actor = acti_ring_pop(worker)) != NULL;)
        m.turns[actor - m.slots.actors]++;
}

static void
a_ring_that_is_halved_and_two_thieves(void)
{
    begin(3, 3);
    model_thread("owner", fill_at_once_and_halve, &m.workers[0], false);
    model_thread("thief 1", steal_once, &m.workers[1], false);
    model_thread("thief 2", steal_once, &m.workers[2], false);
}

static void
a_ring_and_two_thieves(void)
{
    begin(3, 3);
    model_thread("owner", fill_and_empty, &m.workers[0], false);
    model_thread("thief 1", steal_once, &m.workers[1], false);
    model_thread("thief 2", steal_once, &m.workers[2], false);
}

/* SCH-08: the owner and thieves at one ring: none lost, none twice. */
static void
what_is_stolen_runs_once(void **state)
{
    (void)state;
    expect_no_failure(
        &(model_case){ .name = "ring: a thief", .begin = a_ring_and_one_thief, .end = each_had_one_turn });
    expect_no_failure(
        &(model_case){ .name = "ring: 2 thieves", .begin = a_ring_and_two_thieves, .end = each_had_one_turn });
    expect_no_failure(&(model_case){ .name = "ring: overflow, 2 thieves",
        .begin = a_ring_that_is_halved_and_two_thieves,
        .end = each_had_one_turn });
}

/* -- the LIFO slot -- */

static void
put_and_take(void *argument)
{
    acti_worker *worker = argument;

    for (uint32_t i = 0; i < 2; i++) {
        acti_actor *before = acti_lifo_put(worker, &m.slots.actors[i]);
        if (before != NULL) m.turns[before - m.slots.actors]++;
    }
    acti_actor *actor = acti_lifo_take(worker);
    if (actor != NULL) m.turns[actor - m.slots.actors]++;
}

static void
steal_from_slot(void *argument)
{
    acti_actor *actor = acti_lifo_steal(argument);
    if (actor != NULL) m.turns[actor - m.slots.actors]++;
}

static void
a_slot_and_a_thief(void)
{
    begin(1, 2);
    model_thread("owner", put_and_take, &m.workers[0], false);
    model_thread("thief", steal_from_slot, &m.workers[0], false);
}

static void
a_slot_and_a_thief_with_a_barrier(void)
{
    a_slot_and_a_thief();
    m.runtime.has_barrier = true;
}

static void
a_slot_and_two_thieves(void)
{
    a_slot_and_a_thief();
    model_thread("thief 2", steal_from_slot, &m.workers[0], false);
}

/* SCH-08: the slot that its worker takes from without an exchange. */
static void
what_is_stolen_from_the_slot_runs_once(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){ .name = "slot: a thief", .begin = a_slot_and_a_thief, .end = each_had_one_turn });
    expect_no_failure(&(model_case){
        .name = "slot: a thief and a barrier", .begin = a_slot_and_a_thief_with_a_barrier, .end = each_had_one_turn });
    expect_no_failure(
        &(model_case){ .name = "slot: 2 thieves", .begin = a_slot_and_two_thieves, .end = each_had_one_turn });
}

static void
planted_slot_without_an_order_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a relaxed look at who wants the slot",
        .begin = a_slot_and_a_thief,
        .end = each_had_one_turn,
        .plant = { "acti_lifo_try_enter", "load &worker->lifo_wanted", MODEL_PLANT_RELAX } });
}

/* -- timers: the wheel wakes an actor by its idle timer -- */

static void
set_timer(void *argument)
{
    (void)argument;
    acti_timer_set(&m.runtime, &m.idles[0].idle_timer, start_ns + 5 * MS);
}

static void
a_worker_and_a_timer(void)
{
    begin(1, 1);
    add_workers(0, 1, true);
    model_thread("outside", set_timer, NULL, false);
}

static void
two_workers_and_a_timer(void)
{
    begin(2, 1);
    add_workers(0, 2, true);
    model_thread("outside", set_timer, NULL, false);
}

/* SCH-02: a timer is set exactly as the worker that is to keep the time parks. */
static void
no_timer_is_slept_through(void **state)
{
    (void)state;
    expect_no_failure(
        &(model_case){ .name = "parking: 1 worker, 1 timer", .begin = a_worker_and_a_timer, .end = each_had_one_turn });
    expect_no_failure(&(model_case){ .name = "parking: 2 workers, 1 timer",
        .begin = two_workers_and_a_timer,
        .end = each_had_one_turn,
        .part = 10000 });
}

/* -- the end of the workers -- */

static void
join_workers(void *argument)
{
    (void)argument;
    acti_workers_join(&m.runtime);
}

static void
two_workers_are_ended(void)
{
    begin(2, 0);
    add_workers(0, 2, false);
    model_thread("stopper", join_workers, NULL, false);
}

/* SCH-09: the end is seen by each worker, parked, parking or searching. */
static void
every_worker_sees_the_end(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){ .name = "parking: 2 workers end", .begin = two_workers_are_ended });
}

/* -- planted -- */

/* SCH-02: it parks without looking once more at the other workers' rings. */
static void
planted_parking_without_another_look_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: parking without looking again",
        .begin = a_blocked_worker_and_another,
        .end = each_had_one_turn,
        .plant = { "is_work_in_sight", "ring", MODEL_PLANT_SKIP } });
}

static void
planted_look_at_the_sleepers_without_an_order_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a relaxed look at who sleeps",
        .begin = one_worker_two_injections,
        .end = each_had_one_turn,
        .plant = { "acti_notify", "idle", MODEL_PLANT_RELAX } });
}

static void
planted_ring_without_a_release_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: an actor in the ring without a release",
        .begin = a_blocked_worker_and_another_with_a_barrier,
        .end = each_had_one_turn,
        .plant = { "acti_ring_publish", "ring_tail", MODEL_PLANT_RELAX } });
}

static void
planted_theft_without_a_compare_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a thief that doesn't compare",
        .begin = a_ring_and_one_thief,
        .end = each_had_one_turn,
        .plant = { "acti_ring_steal", "ring_head", MODEL_PLANT_BLIND } });
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_injection_is_slept_through),
        cmocka_unit_test(no_work_of_a_blocked_worker_is_slept_through),
        cmocka_unit_test(what_is_stolen_runs_once),
        cmocka_unit_test(what_is_stolen_from_the_slot_runs_once),
        cmocka_unit_test(planted_slot_without_an_order_is_found),
        cmocka_unit_test(no_timer_is_slept_through),
        cmocka_unit_test(every_worker_sees_the_end),
        cmocka_unit_test(planted_parking_without_another_look_is_found),
        cmocka_unit_test(planted_look_at_the_sleepers_without_an_order_is_found),
        cmocka_unit_test(planted_ring_without_a_release_is_found),
        cmocka_unit_test(planted_theft_without_a_compare_is_found),
    };
    return cmocka_run_group_tests_name("parking_model", tests, NULL, NULL);
}
