/*
 * The stop of a runtime against those who start and end actors, in every order: once the stop has waited for them, no
 * init runs and no actor lives, whoever comes later is turned away, and no one's end is slept through.
 */
#include "cases.h"

#include "stop_parts.h"

static struct {
    acta_runtime runtime;
    uint32_t in_init[2]; /* plain: the model reports when the stop looks at it too soon */
    uint32_t started[2], refused[2];
} m;

static void
start_and_end(void *argument)
{
    uint32_t me = (uint32_t)(uintptr_t)argument;

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
    atomic_store_explicit(&m.runtime.is_stopping, true, memory_order_seq_cst);
    MODEL_CHECK(stop_parts_wait(&m.runtime, &m.runtime.starting_count));
    MODEL_CHECK(m.in_init[0] == 0 && m.in_init[1] == 0);
    MODEL_CHECK(stop_parts_wait(&m.runtime, &m.runtime.alive_count));
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
nobody_is_left(void)
{
    MODEL_CHECK(atomic_load(&m.runtime.alive_count) == 0 && atomic_load(&m.runtime.starting_count) == 0);
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
        cmocka_unit_test(planted_start_that_misses_the_stop_is_found),
        cmocka_unit_test(planted_end_that_wakes_nobody_is_found),
    };
    return cmocka_run_group_tests_name("stop_model", tests, NULL, NULL);
}
