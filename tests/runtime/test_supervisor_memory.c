/*
 * Supervisors without memory from the n-th allocation on, for every n: every call gives a status, nothing is lost, and
 * when there is memory again the tree can be stopped, with everything given back.
 */
#include "nursery.h"

#define RUNTIME n->h.runtime

enum { TRIES = 220 };

static bool
is_fair(acta_status status)
{
    switch (status) {
    case ACTA_OK:
    case ACTA_NO_MEMORY:
    case ACTA_NOT_FOUND: /* what went before had no memory */
    case ACTA_CONFLICT:
    case ACTA_ALREADY_EXISTS:
    case ACTA_NOPROC: /* it gave up */
    case ACTA_STOPPED:
    case ACTA_TIMEOUT: /* a stopped clock: its answer comes later */
        return true;
    default:
        return false;
    }
}

static void
do_everything(nursery *n)
{
    const acta_child_list *list;
    acta_child_counts counts;
    acta_supervisor_options changed = { .strategy = ACTA_REST_FOR_ONE, .children = n->specs, .child_count = 5 };

    assert_true(is_fair(acta_supervisor_start_child(RUNTIME, n->pid, &n->specs[3], NULL, NULL)));
    assert_true(is_fair(acta_supervisor_terminate_child(RUNTIME, n->pid, "a", NULL)));
    assert_true(is_fair(acta_supervisor_restart_child(RUNTIME, n->pid, "a", NULL, NULL)));
    if (is_up(n, "b")) send_tag(&n->h, pid_of(n, "b"), DIE);
    harness_run(&n->h);
    if (acta_supervisor_list(RUNTIME, n->pid, &list, NULL) == ACTA_OK) acta_child_list_destroy(list);
    assert_true(is_fair(acta_supervisor_count(RUNTIME, n->pid, &counts, NULL)));
    assert_true(is_fair(acta_supervisor_change(RUNTIME, n->pid, &changed, NULL)));
    if (is_up(n, "a")) finish(n, "a", ACTA_EXIT_KILLED);
    assert_true(is_fair(acta_supervisor_terminate_child(RUNTIME, n->pid, "c", NULL)));
    assert_true(is_fair(acta_supervisor_delete_child(RUNTIME, n->pid, "c", NULL)));
}

static void
a_supervisor_without_memory_loses_nothing(void **state)
{
    (void)state;
    uint32_t whole = 0;

    for (int left = 0; left < TRIES; left++) {
        for (int strategy = ACTA_ONE_FOR_ONE; strategy <= ACTA_REST_FOR_ONE; strategy++) {
            nursery *n = plant(3);
            n->options.strategy = (acta_strategy)strategy;
            n->options.intensity = 5;
            if (left % 2 == 0) must_grow(n); /* else the start itself has to do without */
            atomic_store(&n->h.allocs_left, left / 2);
            if (left % 2 != 0 && !is_fair(grow(n, NULL))) fail_msg("a start with %d allocations", left / 2);
            if (n->pid.value != 0) do_everything(n);
            whole += atomic_load(&n->h.allocs_left) > 0;
            atomic_store(&n->h.allocs_left, -1);
            harness_advance(&n->h, 20000);
            uproot(n); /* counts blocks and bytes */
        }
    }
    assert_true(whole > 0); /* the last ones had enough */
}

/* GS-31: no memory for the signal to a child that may take as long as it likes: it is killed, instead of waited for without
 * having been told. One that could be told ends in order. */
static void
a_child_that_can_t_be_told_to_end_is_killed(void **state)
{
    (void)state;
    for (int left = 1; left <= 10; left++) {
        nursery *n = plant(2);
        n->specs[0].shutdown_ms = n->specs[1].shutdown_ms = ACTA_INFINITE;
        must_grow(n);
        n->d.text[0] = '\0';
        atomic_store(&n->h.allocs_left, left); /* the first is the supervisor's own signal */
        tell(n, n->pid, ACTA_EXIT_SHUTDOWN);
        atomic_store(&n->h.allocs_left, -1);
        if (left == 1) expect_diary(n, ""); /* no terminate after a kill */
        if (left == 10) expect_diary(n, "-b -a ");
        assert_int_equal(alive_count(n), 0);
        uproot(n);
    }
}

/* One allocation fails, whichever: that ends no supervisor whose children may be restarted as often as need be. */
static void
a_lack_of_memory_that_passes_ends_no_supervisor(void **state)
{
    (void)state;
    for (int strategy = ACTA_ONE_FOR_ONE; strategy <= ACTA_REST_FOR_ONE; strategy++) {
        for (int at = 0; at < 12; at++) {
            nursery *n = plant(3);
            n->options.strategy = (acta_strategy)strategy;
            n->options.intensity = ACTA_INTENSITY_UNLIMITED;
            n->options.backoff = (acta_backoff){ .min_ms = 100, .max_ms = 1000 };
            must_grow(n);
            send_tag(&n->h, pid_of(n, "b"), DIE);
            atomic_store(&n->h.allocs_left, -2 - at);
            harness_run(&n->h);
            atomic_store(&n->h.allocs_left, -1);
            harness_advance(&n->h, 20000);
            assert_int_equal(alive_count(n), 4); /* and itself */
            uproot(n);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_supervisor_without_memory_loses_nothing),
        cmocka_unit_test(a_child_that_can_t_be_told_to_end_is_killed),
        cmocka_unit_test(a_lack_of_memory_that_passes_ends_no_supervisor),
    };
    return cmocka_run_group_tests_name("supervisor_memory", tests, NULL, NULL);
}
