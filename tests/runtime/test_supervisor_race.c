/*
 * Supervisors on real threads: children that end by themselves as they are terminated, many dynamic children, and trees
 * whose children die all the time. ACTA_RACE_TRIES sets the number of tries of the first (2,000 times ACTA_STRESS).
 */
#include "harness.h"

#include <time.h>

static uint32_t
tries(void)
{
    const char *text = getenv("ACTA_RACE_TRIES");
    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : (uint32_t)scaled(2000);
}

static _Atomic uint64_t starts;

static acta_status
count_start(acta_self *self, void *user, acta_error *error)
{
    (void)self;
    (void)user;
    (void)error;
    atomic_fetch_add(&starts, 1);
    return ACTA_OK;
}

static acta_next
die(acta_self *self, void *user, acta_message *message)
{
    (void)user;
    if (message->tag % 3 == 0) acta_fail(self, "tag %u", message->tag);
    if (message->tag % 3 == 1) acta_set_exit_reason(self, ACTA_EXIT_SHUTDOWN, NULL);
    return ACTA_STOP;
}

static const script mortal = { .init = count_start, .cast = die };

/* SUP-57: a child ends by itself at the moment it is terminated: the call is OK, never NOPROC or anything else, and
 * nobody is started again. Both by id and by pid. A million tries with ACTA_STRESS=500. */
static void
terminate_races_with_an_end_and_never_loses(void **state)
{
    (void)state;
    harness h;
    acta_pid supervisor;
    acta_child_spec spec = { .id = "x", .start = { .behaviour = &scripted, .argument = &mortal } };
    acta_supervisor_options options = { .children = &spec, .child_count = 1, .intensity = ACTA_INTENSITY_UNLIMITED };
    uint32_t try_count = tries(), ended_first = 0;

    harness_start(&h, 2);
    atomic_store(&starts, 0);
    assert_int_equal(acta_supervisor_start(h.runtime, &options, &supervisor, NULL), ACTA_OK);
    uint64_t seed = 42;
    for (uint32_t i = 0; i < try_count; i++) {
        acta_pid pid = { 0 };
        acta_error error;
        assert_int_equal(acta_supervisor_child(h.runtime, supervisor, "x", &pid, NULL), ACTA_OK);
        assert_true(pid.value != 0);
        uint64_t before = atomic_load(&starts);
        send_tag(&h, pid, i);
        for (uint32_t k = draw(&seed, 400); k > 0; k--) /* let it get somewhere */
            atomic_load(&starts);
        acta_status status = draw(&seed, 2) == 0 ? acta_supervisor_terminate_child(h.runtime, supervisor, "x", &error)
                                                 : acta_supervisor_terminate_pid(h.runtime, supervisor, pid, &error);
        assert_int_equal(status, ACTA_OK);
        assert_false(acta_is_alive(h.runtime, pid));
        uint64_t after = atomic_load(&starts);
        if (after != before) { /* it had ended, and was restarted, before it was terminated */
            ended_first++;
            assert_int_equal(acta_supervisor_terminate_child(h.runtime, supervisor, "x", NULL), ACTA_OK);
        }
        after = atomic_load(&starts);
        const acta_child_list *list;
        assert_int_equal(acta_supervisor_find(h.runtime, supervisor, "x", &list, NULL), ACTA_OK);
        assert_int_equal(list->children[0].state, ACTA_CHILD_STOPPED);
        acta_child_list_destroy(list);
        assert_int_equal(atomic_load(&starts), after);
        assert_int_equal(acta_supervisor_restart_child(h.runtime, supervisor, "x", NULL, NULL), ACTA_OK);
    }
    print_message("%u tries, in %u the end came first\n", try_count, ended_first);
    harness_stop(&h);
}

/* SUP-35: ten times as many dynamic children, started, terminated and stopped, cost less than fifty times as much
 * of the processor's time: a quadratic step would make it a hundred. */
static uint64_t
cpu_ns_of(uint32_t count)
{
    harness h;
    acta_pid supervisor;
    acta_child_spec spec = {
        .id = "x", .start = { .behaviour = &scripted, .argument = &mortal }, .restart = ACTA_TEMPORARY
    };
    acta_supervisor_options options = { .strategy = ACTA_SIMPLE_ONE_FOR_ONE, .children = &spec, .child_count = 1 };
    acta_pid *pids = malloc(count * sizeof *pids);
    acta_child_counts counts;

    harness_start(&h, 0); /* no threads: what is measured is the supervisor */
    clock_t begin = clock();
    assert_int_equal(acta_supervisor_start(h.runtime, &options, &supervisor, NULL), ACTA_OK);
    for (uint32_t i = 0; i < count; i++) {
        acta_started started;
        assert_int_equal(acta_supervisor_start_dynamic(h.runtime, supervisor, NULL, 0, &started, NULL), ACTA_OK);
        pids[i] = started.pid;
    }
    for (uint32_t i = 0; i < count; i += 2) /* half of them one by one, in no order */
        assert_int_equal(
            acta_supervisor_terminate_pid(h.runtime, supervisor, pids[(uint64_t)i * 7919 % count], NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_count(h.runtime, supervisor, &counts, NULL), ACTA_OK);
    assert_int_equal(counts.active, counts.workers);
    assert_true(counts.active <= count / 2 + 1);
    harness_stop(&h); /* the other half */
    uint64_t took_ns = (uint64_t)(clock() - begin) * (1000000000u / CLOCKS_PER_SEC);
    free(pids);
    return took_ns;
}

static void
a_hundred_thousand_dynamic_children_cost_little_more_than_ten_times_ten_thousand(void **state)
{
    (void)state;
    bool is_linear = false;

    for (int tries = 0; tries < 5 && !is_linear; tries++) { /* others share the caches, and so cost time, too */
        uint64_t few_ns = cpu_ns_of(10000);
        uint64_t many_ns = cpu_ns_of(100000);
        print_message("10,000: %llu ms, 100,000: %llu ms\n", (unsigned long long)(few_ns / 1000000),
            (unsigned long long)(many_ns / 1000000));
        is_linear = many_ns < few_ns * 50;
    }
    assert_true(is_linear);
}

/* Children die and are killed all the time, by each strategy, while others are added, terminated and restarted; the stop
 * in the middle of it is clean, and nobody is left. */
static void
busy_trees_restart_and_stop_cleanly(void **state)
{
    (void)state;
    enum { CHILDREN = 6 };
    static const char *const ids[CHILDREN] = { "a", "b", "c", "d", "e", "f" };
    acta_child_spec specs[CHILDREN];

    for (int i = 0; i < CHILDREN; i++)
        specs[i] = (acta_child_spec){ .id = ids[i],
            .start = { .behaviour = &scripted, .argument = &mortal, .name = acta_str_of(ids[i]) },
            .restart = (acta_restart)(i % 2) };
    for (int round = 0; round < 12; round++) {
        harness h;
        acta_pid supervisor;
        uint64_t seed = 1000 + (uint64_t)round;
        acta_supervisor_options options = { .strategy = (acta_strategy)(round % 3),
            .children = specs,
            .child_count = CHILDREN,
            .intensity = ACTA_INTENSITY_UNLIMITED };
        harness_start(&h, 2);
        atomic_store(&starts, 0);
        assert_int_equal(acta_supervisor_start(h.runtime, &options, &supervisor, NULL), ACTA_OK);
        for (uint32_t i = 0; i < 300 || atomic_load(&starts) < 200; i++) {
            const char *id = ids[draw(&seed, CHILDREN)];
            acta_pid pid = acta_whereis(h.runtime, acta_str_of(id));
            switch (draw(&seed, 8)) {
            case 0:
                assert_int_equal(acta_supervisor_terminate_child(h.runtime, supervisor, id, NULL), ACTA_OK);
                break;
            case 1:
                acta_supervisor_restart_child(h.runtime, supervisor, id, NULL, &(acta_error){ .code = 0 });
                break;
            case 2:
                acta_exit(h.runtime, (acta_pid){ 0 }, pid, &(acta_exit_reason){ .kind = ACTA_EXIT_KILLED });
                break;
            default:
                send_tag(&h, pid, i);
            }
        }
        harness_stop(&h);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terminate_races_with_an_end_and_never_loses),
        cmocka_unit_test(a_hundred_thousand_dynamic_children_cost_little_more_than_ten_times_ten_thousand),
        cmocka_unit_test(busy_trees_restart_and_stop_cleanly),
    };
    return cmocka_run_group_tests_name("supervisor_race", tests, NULL, NULL);
}
