/*
 * The stop of a runtime against those who start and end actors, in every order: once the stop has waited for them, no
 * init runs and no actor lives, whoever comes later is turned away, and no one's end is slept through.
 */
#include "cases.h"

#include "living.h"
#include "stop_parts.h"

static struct {
    acta_runtime runtime;
    acti_worker workers[2];
    uint32_t in_init[2]; /* plain: the model reports when the stop looks at it too soon */
    uint32_t started[2], refused[2];
    _Atomic uint32_t born; /* a futex */
} m;

/* On a thread of its own, or on a worker, which counts for itself. */
static void
start_and_end(void *argument)
{
    uint32_t me = (uint32_t)(uintptr_t)argument;

    acti_current = m.runtime.worker_max > 0 ? &m.workers[me].context : NULL;
    if (!stop_parts_enter(&m.runtime)) {
        m.refused[me]++;
        return;
    }
    m.in_init[me] = 1;
    m.in_init[me] = 0;
    stop_parts_leave_start(&m.runtime);
    m.started[me]++; /* alive */
    acti_exit_announce(&m.runtime);
}

/* As stop_now, without the exits in between, which are messages. */
static void
stop(void *argument)
{
    (void)argument;
    stop_parts_begin(&m.runtime);
    MODEL_CHECK(stop_parts_wait_for_starting(&m.runtime));
    MODEL_CHECK(m.in_init[0] == 0 && m.in_init[1] == 0);
    MODEL_CHECK(stop_parts_wait_for_alive(&m.runtime));
    MODEL_CHECK(m.started[0] < 2 && m.started[1] < 2);
}

static uint64_t
still_clock(void *user)
{
    (void)user;
    return 1;
}

static void
begin(void)
{
    memset(&m, 0, sizeof m);
    model_thread_local((void **)&acti_current);
    m.runtime.environment.clock = (acta_clock){ .monotonic_ns = still_clock };
}

static void
one_starts(void)
{
    begin();
    model_thread("spawner", start_and_end, (void *)0, false);
    model_thread("stopper", stop, NULL, false);
}

static void
two_start(void)
{
    begin();
    model_thread("spawner 0", start_and_end, (void *)0, false);
    model_thread("spawner 1", start_and_end, (void *)1, false);
    model_thread("stopper", stop, NULL, false);
}

static void
as_workers(uint32_t count, bool has_barrier)
{
    m.runtime.workers = m.workers;
    m.runtime.worker_count = m.runtime.worker_max = count;
    m.runtime.has_barrier = has_barrier;
    for (uint32_t i = 0; i < count; i++)
        m.workers[i].context = (acti_context){ .runtime = &m.runtime, .worker = &m.workers[i] };
}

static void
a_worker_starts(void)
{
    one_starts();
    as_workers(1, false);
}

static void
a_worker_starts_with_a_barrier(void)
{
    one_starts();
    as_workers(1, true);
}

static void
two_workers_start(void)
{
    two_start();
    as_workers(2, true);
}

/* An actor that one worker started ends on the other, so that one count is above 0 and one below. */
static void
start_for_the_other(void *argument)
{
    (void)argument;
    acti_current = &m.workers[0].context;
    if (!stop_parts_enter(&m.runtime)) return;
    stop_parts_leave_start(&m.runtime);
    atomic_store(&m.born, 1);
    acti_futex_wake(&m.born);
}

static void
end_for_the_other(void *argument)
{
    (void)argument;
    acti_current = &m.workers[1].context;
    while (atomic_load(&m.born) == 0)
        acti_futex_wait(&m.born, 0, UINT64_MAX);
    m.in_init[1] = 1; /* the last that the actor does */
    acti_exit_announce(&m.runtime);
}

static void
stop_after_the_other(void *argument)
{
    (void)argument;
    stop_parts_begin(&m.runtime);
    MODEL_CHECK(stop_parts_wait_for_starting(&m.runtime));
    MODEL_CHECK(stop_parts_wait_for_alive(&m.runtime));
    if (atomic_load(&m.born) != 0) MODEL_CHECK(m.in_init[1] == 1);
}

static void
one_starts_and_another_ends_it(void)
{
    begin();
    as_workers(2, true);
    model_thread("starter", start_for_the_other, NULL, false);
    model_thread("ender", end_for_the_other, NULL, true);
    model_thread("stopper", stop_after_the_other, NULL, false);
}

static void
nobody_is_left(void)
{
    MODEL_CHECK(acti_living_alive_sum(&m.runtime) == 0 && acti_living_starting_sum(&m.runtime) == 0);
}

/* SCH-09: workers that spawn and end, each with counts of its own. */
static void
a_stop_waits_for_workers_that_count_for_themselves(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){ .name = "stop: 1 worker", .begin = a_worker_starts, .end = nobody_is_left });
    expect_no_failure(&(model_case){
        .name = "stop: 1 worker, a barrier", .begin = a_worker_starts_with_a_barrier, .end = nobody_is_left });
    expect_no_failure(
        &(model_case){ .name = "stop: 2 workers", .begin = two_workers_start, .end = nobody_is_left, .part = 20000 });
    expect_no_failure(&(model_case){ .name = "stop: one starts, another ends",
        .begin = one_starts_and_another_ends_it,
        .end = nobody_is_left,
        .part = 20000 });
}

/* SCH-09: spawners that come exactly as the runtime stops. */
static void
a_stop_waits_for_each_that_starts_and_turns_away_the_rest(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){ .name = "stop: 1 spawner", .begin = one_starts, .end = nobody_is_left });
    expect_no_failure(
        &(model_case){ .name = "stop: 2 spawners", .begin = two_start, .end = nobody_is_left, .part = 20000 });
}

static void
planted_start_that_misses_the_stop_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a spawner's relaxed look at the stop",
        .begin = one_starts,
        .end = nobody_is_left,
        .plant = { "enter", "is_stopping", MODEL_PLANT_RELAX } });
}

static void
planted_count_that_the_stop_misses_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a worker's count in no order with its look",
        .begin = a_worker_starts,
        .end = nobody_is_left,
        .plant = { "acti_living_store", "store count", MODEL_PLANT_RELAX } });
}

static void
planted_end_that_wakes_nobody_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: an end that isn't signalled",
        .begin = one_starts,
        .end = nobody_is_left,
        .plant = { "acti_stop_look", "exit_signal", MODEL_PLANT_SKIP } });
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_waits_for_each_that_starts_and_turns_away_the_rest),
        cmocka_unit_test(a_stop_waits_for_workers_that_count_for_themselves),
        cmocka_unit_test(planted_count_that_the_stop_misses_is_found),
        cmocka_unit_test(planted_start_that_misses_the_stop_is_found),
        cmocka_unit_test(planted_end_that_wakes_nobody_is_found),
    };
    return cmocka_run_group_tests_name("stop_model", tests, NULL, NULL);
}
