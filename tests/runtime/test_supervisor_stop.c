/*
 * The end of supervisors and of children: patience, order, races with ends that come of themselves, and kills at every
 * step of it.
 */
#include "nursery.h"

#define RUNTIME n->h.runtime

static uint64_t
now_ms(nursery *n)
{
    return atomic_load(&n->h.now_ns) / 1000000;
}

/* Let time pass until the supervisor is gone; how long it took. */
static uint64_t
stop_and_measure(nursery *n)
{
    uint64_t begin_ms = now_ms(n);

    tell(n, n->pid, ACTA_EXIT_SHUTDOWN);
    while (acta_is_alive(RUNTIME, n->pid) && now_ms(n) - begin_ms < 100000)
        harness_advance(&n->h, 1);
    return now_ms(n) - begin_ms;
}

/* SUP-43: a trapping child that doesn't end is killed after its time; the others get theirs in full; the whole takes as
 * long as the slow ones together. */
static void
each_child_has_its_own_patience_one_after_the_other(void **state)
{
    (void)state;
    nursery *n = plant(4);

    n->workers[0].habit = n->workers[2].habit = STAYS;
    n->specs[0].shutdown_ms = 400;
    n->specs[2].shutdown_ms = 300;
    n->workers[1].habit = LINGERS;
    n->workers[1].linger_ms = 900;
    n->specs[1].shutdown_ms = 1000;
    must_grow(n);
    uint64_t took_ms = stop_and_measure(n);
    assert_in_range(took_ms, 1600, 1605);
    expect_diary(n, "-d -b "); /* the killed ones write nothing */
    assert_int_equal(alive_count(n), 0);
    uproot(n);
}

/* SUP-43: dynamic children are stopped at the same time, with one patience: the whole takes as long as the slowest, and
 * those that stay are killed together. */
static void
dynamic_children_are_stopped_in_parallel(void **state)
{
    (void)state;
    for (int stay = 0; stay < 2; stay++) {
        nursery *n = plant(1);
        n->options.strategy = ACTA_SIMPLE_ONE_FOR_ONE;
        n->specs[0].start.name = (acta_str){ 0 };
        n->specs[0].shutdown_ms = 700;
        must_grow(n);
        for (uint32_t i = 0; i < 6; i++) {
            n->workers[i].habit = stay && i == 3 ? STAYS : LINGERS;
            n->workers[i].linger_ms = 100 * (i + 1);
            assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, n->pid, &n->scripts[i], 0, NULL, NULL), ACTA_OK);
        }
        n->d.text[0] = '\0';
        uint64_t took_ms = stop_and_measure(n);
        assert_in_range(took_ms, stay ? 700 : 600, stay ? 702 : 602);
        expect_diary(n, stay ? "-a -b -c -e -f " : "-a -b -c -d -e -f ");
        uproot(n);
    }
}

/* SUP-44: brutal: killed at once, without terminate. Infinity: waited for, however long. */
static void
brutal_kills_at_once_and_infinity_waits(void **state)
{
    (void)state;
    nursery *n = plant(2);

    n->specs[1].brutal_kill = true;
    n->specs[0].shutdown_ms = ACTA_INFINITE;
    n->workers[0].habit = LINGERS;
    n->workers[0].linger_ms = 90000;
    must_grow(n);
    uint64_t took_ms = stop_and_measure(n);
    assert_in_range(took_ms, 90000, 90005);
    expect_diary(n, "-a ");
    assert_int_equal(n->reports, 0);
    uproot(n);

    n = plant(1);
    n->options.strategy = ACTA_SIMPLE_ONE_FOR_ONE;
    n->specs[0].brutal_kill = true;
    n->specs[0].start.name = (acta_str){ 0 };
    must_grow(n);
    for (int i = 0; i < 3; i++)
        assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, n->pid, NULL, 0, NULL, NULL), ACTA_OK);
    n->d.text[0] = '\0';
    assert_int_equal(stop_and_measure(n), 0);
    expect_diary(n, "");
    uproot(n);
}

/* -- who is told -- */

typedef struct answer {
    uint32_t count;
    acta_status status;
} answer;

static void
note_answer(void *user, acta_status status, const acta_message *reply, const acta_error *error)
{
    answer *a = user;

    (void)reply;
    (void)error;
    a->count++;
    a->status = status;
}

static acta_exit_reason heard;
static uint32_t heard_count;

static acta_next
note_down(acta_self *self, void *user, const acta_info *info)
{
    (void)self;
    (void)user;
    heard = *info->reason;
    heard_count++;
    return ACTA_NEXT;
}

static acta_next
watch(acta_self *self, void *user, acta_message *message)
{
    nursery *n = user;
    acta_ref ref;

    (void)message;
    assert_int_equal(acta_monitor(self, n->pid, &ref), ACTA_OK);
    return ACTA_NEXT;
}

static void
watch_the_end(nursery *n, script *what)
{
    *what = (script){ .cast = watch, .info = note_down, .user = n };
    heard_count = 0;
    send_tag(&n->h, spawn(&n->h, what), 0);
    harness_run(&n->h);
}

/* SUP-45: children of every type end by themselves in every way while the supervisor stops: it ends with SHUTDOWN all the
 * same, and nobody is started again. */
static void
ends_during_a_stop_are_no_reason_for_anything(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * 4 * 4; i++) {
        static const uint32_t tags[] = { DIE, GO, LEAVE };
        static const acta_strategy strategies[] = { ACTA_ONE_FOR_ONE, ACTA_ONE_FOR_ALL, ACTA_REST_FOR_ONE };
        nursery *n = plant(3);
        script watcher;
        n->options.intensity = ACTA_INTENSITY_NONE;
        n->options.strategy = strategies[i / 4 % 3];
        n->specs[0].restart = n->specs[1].restart = (acta_restart)(i % 3);
        n->workers[2].habit = LINGERS;
        n->workers[2].linger_ms = 500;
        must_grow(n);
        watch_the_end(n, &watcher);
        tell(n, n->pid, ACTA_EXIT_SHUTDOWN);
        if (i % 4 == 3)
            finish(n, "a", ACTA_EXIT_KILLED);
        else
            order(n, "a", tags[i % 4]);
        harness_advance(&n->h, 600);
        assert_false(is_up(n, "a") || is_up(n, "b") || is_up(n, "c"));
        assert_int_equal(heard_count, 1);
        assert_int_equal(heard.kind, ACTA_EXIT_SHUTDOWN);
        assert_int_equal(n->workers[0].start_count, 1);
        uproot(n);
    }
}

/* SUP-46: a child that has unlinked itself is found dead by its monitor: restarted, stopped, and waited for. */
static void
a_child_that_unlinked_itself_is_still_supervised(void **state)
{
    (void)state;
    nursery *n = plant(2);

    must_grow(n);
    order(n, "a", UNLINK);
    order(n, "a", DIE);
    expect_diary(n, "-a +a ");
    order(n, "a", UNLINK);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "a", NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_restart_child(RUNTIME, n->pid, "a", NULL, NULL), ACTA_OK);
    order(n, "a", UNLINK);
    n->d.text[0] = '\0';
    tell(n, n->pid, ACTA_EXIT_SHUTDOWN);
    expect_diary(n, "-b -a ");
    assert_int_equal(alive_count(n), 0);
    uproot(n);
}

/* SUP-47: told to stop while a child is in a loop of failing starts, or waits in backoff, by each strategy: it stops. */
static void
a_stop_reaches_a_supervisor_in_a_restart_loop(void **state)
{
    (void)state;
    static const acta_strategy strategies[] = { ACTA_ONE_FOR_ONE, ACTA_ONE_FOR_ALL, ACTA_REST_FOR_ONE };
    for (int i = 0; i < 6; i++) {
        nursery *n = plant(3);
        script watcher;
        n->options.strategy = strategies[i % 3];
        n->options.intensity = ACTA_INTENSITY_UNLIMITED;
        if (i >= 3) n->options.backoff = (acta_backoff){ .min_ms = 1000 };
        must_grow(n);
        watch_the_end(n, &watcher);
        n->workers[1].refusals = FOR_EVER;
        send_tag(&n->h, pid_of(n, "b"), DIE);
        for (int step = 0; step < 500; step++)
            acta_runtime_step(RUNTIME);
        assert_int_equal(heard_count, 0);
        assert_true(i >= 3 || n->workers[1].start_count > 10);
        tell(n, n->pid, ACTA_EXIT_SHUTDOWN);
        assert_int_equal(heard_count, 1);
        assert_int_equal(heard.kind, ACTA_EXIT_SHUTDOWN);
        assert_int_equal(alive_count(n), 1); /* the watcher */
        uproot(n);
    }
}

/* -- a large tree -- */

enum { BRANCHES = 1000, LEAVES = 100 };
typedef struct leaf_order {
    uint32_t stopped; /* leaves so far, counted from the last */
    bool in_order;
} leaf_order;
static leaf_order leaves_seen;
static script leaf_scripts[LEAVES];
static uint32_t leaf_numbers[LEAVES];

static void
leaf_ends(acta_self *self, void *user, const acta_exit_reason *reason)
{
    uint32_t number = *(uint32_t *)user;

    (void)self;
    (void)reason;
    if (number != LEAVES - 1 - leaves_seen.stopped % LEAVES) leaves_seen.in_order = false;
    leaves_seen.stopped++;
}

/* SUP-48: a tree of 1,000 supervisors with 100 workers each stops bottom-up, youngest first, and without time passing. */
static void
a_large_tree_stops_bottom_up_in_reverse_order(void **state)
{
    (void)state;
    static acta_child_spec leaves[LEAVES], branches[BRANCHES];
    static char ids[BRANCHES][8];
    static acta_supervisor_options branch = { .children = leaves, .child_count = LEAVES };
    nursery *n = plant(0);

    for (uint32_t i = 0; i < LEAVES; i++) {
        leaf_numbers[i] = i;
        leaf_scripts[i] = (script){ .terminate = leaf_ends, .user = &leaf_numbers[i] };
        snprintf(ids[i], sizeof ids[i], "%u", i);
        leaves[i] =
            (acta_child_spec){ .id = ids[i], .start = { .behaviour = &scripted, .argument = &leaf_scripts[i] } };
    }
    for (uint32_t i = 0; i < BRANCHES; i++) {
        snprintf(ids[i], sizeof ids[i], "%u", i);
        branches[i] = (acta_child_spec){ .id = ids[i],
            .start = { .behaviour = acta_supervisor_behaviour(), .argument = &branch } };
    }
    n->options.children = branches;
    n->options.child_count = BRANCHES;
    must_grow(n);
    assert_int_equal(alive_count(n), BRANCHES * LEAVES + BRANCHES + 1);
    leaves_seen = (leaf_order){ .in_order = true };
    assert_int_equal(stop_and_measure(n), 0);
    assert_int_equal(leaves_seen.stopped, BRANCHES * LEAVES);
    assert_true(leaves_seen.in_order);
    assert_int_equal(alive_count(n), 0);
    uproot(n);
}

/* SUP-49: a supervisor that is killed takes its children along, through all levels; their names are free. */
static void
a_killed_supervisor_leaves_no_orphans(void **state)
{
    (void)state;
    nursery *n = plant(3);
    acta_supervisor_options inner = { .children = &n->specs[1], .child_count = 2 };
    acta_child_spec top[] = { n->specs[0],
        { .id = "inner", .start = { .behaviour = acta_supervisor_behaviour(), .argument = &inner } } };

    n->options.children = top;
    n->options.child_count = 2;
    must_grow(n);
    tell(n, n->pid, ACTA_EXIT_KILLED);
    assert_false(is_up(n, "a") || is_up(n, "b") || is_up(n, "c"));
    assert_int_equal(alive_count(n), 0);
    must_grow(n); /* all the names again */
    uproot(n);
}

/* SUP-58: the supervisor is killed at every step of stopping a child, of stopping itself and of a group restart: no
 * orphan is left, whatever the step. */
static void
a_supervisor_killed_at_any_step_leaves_no_orphan(void **state)
{
    (void)state;
    for (int what = 0; what < 3; what++) {
        uint32_t steps = 0;
        for (bool was_through = false; !was_through; steps++) {
            nursery *n = plant(4);
            answer a = { .count = 0 };
            n->options.strategy = ACTA_ONE_FOR_ALL;
            for (int i = 0; i < 4; i++) {
                n->workers[i].habit = i % 2 == 0 ? LINGERS : GOES;
                n->workers[i].linger_ms = 10;
            }
            must_grow(n);
            if (what == 0)
                acta_exit(RUNTIME, (acta_pid){ 0 }, n->pid, &(acta_exit_reason){ .kind = ACTA_EXIT_SHUTDOWN });
            else if (what == 1)
                acta_send(RUNTIME, pid_of(n, "b"), acta_message_create(RUNTIME, DIE, 0));
            else
                acta_call_async(RUNTIME, n->pid, acta_supervisor_ask(RUNTIME, ACTA_ASK_TERMINATE, "c"), ACTA_INFINITE,
                    note_answer, &a);
            for (uint32_t k = 0; k < steps; k++) {
                if (acta_runtime_step(RUNTIME)) continue;
                uint64_t next_ns = acta_runtime_next_timer_ns(RUNTIME);
                if (next_ns == UINT64_MAX) {
                    was_through = true; /* nothing more happens of itself */
                    break;
                }
                atomic_store(&n->h.now_ns, next_ns);
            }
            tell(n, n->pid, ACTA_EXIT_KILLED);
            harness_advance(&n->h, 100);
            assert_int_equal(alive_count(n), 0);
            uproot(n);
        }
        assert_true(steps > 3);
    }
}

/* SUP-57: a child ends by itself when it is being terminated, before and after the supervisor knows: the call is
 * answered OK, it isn't restarted, and what it really ended with is reported. With threads: test_supervisor_race. */
static void
a_child_that_ends_while_it_is_terminated_is_terminated(void **state)
{
    (void)state;
    for (int order_of = 0; order_of < 2; order_of++) {
        nursery *n = plant(2);
        answer a = { .status = ACTA_BUSY };
        must_grow(n);
        acta_pid pid = pid_of(n, "b");
        acta_message *ask = acta_supervisor_ask(RUNTIME, ACTA_ASK_TERMINATE, "b");
        if (order_of == 0) send_tag(&n->h, pid, DIE);
        acta_call_async(RUNTIME, n->pid, ask, ACTA_INFINITE, note_answer, &a);
        if (order_of == 1) send_tag(&n->h, pid, DIE);
        if (order_of == 1) acta_runtime_step(RUNTIME); /* the supervisor first */
        harness_run(&n->h);
        assert_int_equal(a.count, 1);
        assert_int_equal(a.status, ACTA_OK);
        assert_int_equal(n->workers[1].start_count, 1);
        assert_int_equal(state_of(n, "b"), ACTA_CHILD_STOPPED);
        uproot(n);
    }
    nursery *n = plant(1);
    n->workers[0].habit = FAILS;
    must_grow(n);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "a", NULL), ACTA_OK);
    assert_non_null(strstr(n->log, "ended badly while it was stopped (failed: not like this)"));
    assert_int_equal(n->workers[0].start_count, 1);
    uproot(n);
}

/* Two ask for the same end, a third for the supervisor's: all are answered. */
static void
all_who_wait_for_an_end_are_answered(void **state)
{
    (void)state;
    nursery *n = plant(1);
    answer a = { .count = 0 };

    n->workers[0].habit = LINGERS;
    n->workers[0].linger_ms = 50;
    must_grow(n);
    for (int i = 0; i < 2; i++)
        acta_call_async(
            RUNTIME, n->pid, acta_supervisor_ask(RUNTIME, ACTA_ASK_TERMINATE, "a"), ACTA_INFINITE, note_answer, &a);
    harness_run(&n->h);
    tell(n, n->pid, ACTA_EXIT_SHUTDOWN);
    assert_int_equal(a.count, 0);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "a", NULL), ACTA_STOPPED);
    harness_advance(&n->h, 60);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.status, ACTA_OK);
    assert_false(acta_is_alive(RUNTIME, n->pid));
    uproot(n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_child_has_its_own_patience_one_after_the_other),
        cmocka_unit_test(dynamic_children_are_stopped_in_parallel),
        cmocka_unit_test(brutal_kills_at_once_and_infinity_waits),
        cmocka_unit_test(ends_during_a_stop_are_no_reason_for_anything),
        cmocka_unit_test(a_child_that_unlinked_itself_is_still_supervised),
        cmocka_unit_test(a_stop_reaches_a_supervisor_in_a_restart_loop),
        cmocka_unit_test(a_large_tree_stops_bottom_up_in_reverse_order),
        cmocka_unit_test(a_killed_supervisor_leaves_no_orphans),
        cmocka_unit_test(a_supervisor_killed_at_any_step_leaves_no_orphan),
        cmocka_unit_test(a_child_that_ends_while_it_is_terminated_is_terminated),
        cmocka_unit_test(all_who_wait_for_an_end_are_answered),
    };
    return cmocka_run_group_tests_name("supervisor_stop", tests, NULL, NULL);
}
