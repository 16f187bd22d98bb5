/*
 * The checker itself, on programs whose answers are known: which values can be seen together under which orders, how many
 * orders there are, and that a deadlock, a race and a use after free are found.
 */
#include "cases.h"

#include <stdatomic.h>

static struct {
    _Atomic uint32_t x, y;
    uint32_t plain, a, b;
    acti_mutex lock, other;
    uint32_t *block;
} m;

static memory_order store_order, load_order;
static uint32_t seen; /* outcomes of all executions: bit 2a + b */

static void
clear(void)
{
    memset(&m, 0, sizeof m);
    m.a = m.b = 9;
}

static void
note_outcome(void)
{
    seen |= 1u << (2 * m.a + m.b);
}

static uint32_t
outcomes(void (*begin)(void), memory_order store, memory_order load)
{
    store_order = store;
    load_order = load;
    seen = 0;
    expect_no_failure(&(model_case){ .name = "litmus", .begin = begin, .end = note_outcome });
    return seen;
}

/* -- store, then load the other's word -- */

static void
store_x_load_y(void *argument)
{
    (void)argument;
    atomic_store_explicit(&m.x, 1, store_order);
    m.a = atomic_load_explicit(&m.y, load_order);
}

static void
store_y_load_x(void *argument)
{
    (void)argument;
    atomic_store_explicit(&m.y, 1, store_order);
    m.b = atomic_load_explicit(&m.x, load_order);
}

static void
store_buffers(void)
{
    clear();
    model_thread("left", store_x_load_y, NULL, false);
    model_thread("right", store_y_load_x, NULL, false);
}

static void
both_see_nothing_only_without_an_order(void **state)
{
    (void)state;
    assert_int_equal(outcomes(store_buffers, memory_order_seq_cst, memory_order_seq_cst), 0xe);
    assert_int_equal(outcomes(store_buffers, memory_order_release, memory_order_acquire), 0xf);
    assert_int_equal(outcomes(store_buffers, memory_order_relaxed, memory_order_relaxed), 0xf);
}

/* -- a message and its flag -- */

static void
store_both(void *argument)
{
    (void)argument;
    atomic_store_explicit(&m.x, 1, memory_order_relaxed);
    atomic_store_explicit(&m.y, 1, store_order);
}

static void
load_both(void *argument)
{
    (void)argument;
    m.a = atomic_load_explicit(&m.y, load_order);
    m.b = atomic_load_explicit(&m.x, memory_order_relaxed);
}

static void
message_and_flag(void)
{
    clear();
    model_thread("writer", store_both, NULL, false);
    model_thread("reader", load_both, NULL, false);
}

static void
a_flag_without_its_message_is_seen_only_without_an_order(void **state)
{
    (void)state;
    assert_int_equal(outcomes(message_and_flag, memory_order_release, memory_order_acquire), 0xb);
    assert_int_equal(outcomes(message_and_flag, memory_order_relaxed, memory_order_acquire), 0xf);
    assert_int_equal(outcomes(message_and_flag, memory_order_release, memory_order_relaxed), 0xf);
}

/* -- counts -- */

static void
add_to_x(void *argument)
{
    (void)argument;
    atomic_fetch_add_explicit(&m.x, 1, memory_order_relaxed);
}

static void
three_additions(void)
{
    clear();
    for (int i = 0; i < 3; i++)
        model_thread("adder", add_to_x, NULL, false);
}

static void
x_is_3(void)
{
    MODEL_CHECK(atomic_load(&m.x) == 3);
}

static void
add_locked(void *argument)
{
    (void)argument;
    acti_mutex_lock(&m.lock);
    m.plain++;
    acti_mutex_unlock(&m.lock);
}

static void
three_locked_additions(void)
{
    clear();
    for (int i = 0; i < 3; i++)
        model_thread("locker", add_locked, NULL, false);
}

static void
plain_is_3(void)
{
    MODEL_CHECK(m.plain == 3);
}

static void
store_own(void *argument)
{
    atomic_store_explicit((_Atomic uint32_t *)argument, 1, memory_order_seq_cst);
}

static void
independent_stores(void)
{
    clear();
    model_thread("left", store_own, &m.x, false);
    model_thread("right", store_own, &m.y, false);
}

static void
each_order_that_matters_is_run_once(void **state)
{
    (void)state;
    model_case three = { .name = "3 additions", .begin = three_additions, .end = x_is_3 };
    model_case locked = { .name = "3 locked additions", .begin = three_locked_additions, .end = plain_is_3 };
    model_case independent = { .name = "independent stores", .begin = independent_stores };
    assert_int_equal(model_explore(&three).interleavings, 6);
    assert_int_equal(model_explore(&locked).interleavings, 6);
    assert_int_equal(model_explore(&independent).interleavings, 1);
}

/* -- what must be found -- */

static void
lock_two(void *argument)
{
    bool swapped = argument != NULL;
    acti_mutex_lock(swapped ? &m.other : &m.lock);
    acti_mutex_lock(swapped ? &m.lock : &m.other);
    acti_mutex_unlock(&m.lock);
    acti_mutex_unlock(&m.other);
}

static void
crossed_locks(void)
{
    clear();
    model_thread("left", lock_two, NULL, false);
    model_thread("right", lock_two, &m, false);
}

static void
add_unlocked(void *argument)
{
    (void)argument;
    m.plain++;
}

static void
a_lock_and_none(void)
{
    clear();
    model_thread("locker", add_locked, NULL, false);
    model_thread("other", add_unlocked, NULL, false);
}

static void
free_block(void *argument)
{
    (void)argument;
    model_free(m.block, sizeof *m.block);
    atomic_store_explicit(&m.x, 1, memory_order_release);
}

static void
use_block(void *argument)
{
    (void)argument;
    if (atomic_load_explicit(&m.x, memory_order_acquire) == 1) *m.block = 1;
}

static void
a_use_after_free(void)
{
    clear();
    m.block = model_alloc(sizeof *m.block);
    model_thread("owner", free_block, NULL, false);
    model_thread("user", use_block, NULL, false);
}

static void
deadlocks_races_and_uses_after_free_are_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "a deadlock", .begin = crossed_locks });
    expect_failure(&(model_case){ .name = "a race", .begin = a_lock_and_none });
    expect_failure(&(model_case){ .name = "a use after free", .begin = a_use_after_free });
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_see_nothing_only_without_an_order),
        cmocka_unit_test(a_flag_without_its_message_is_seen_only_without_an_order),
        cmocka_unit_test(each_order_that_matters_is_run_once),
        cmocka_unit_test(deadlocks_races_and_uses_after_free_are_found),
    };
    return cmocka_run_group_tests_name("checker_model", tests, NULL, NULL);
}
