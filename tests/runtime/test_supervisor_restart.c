/*
 * Restarts by each strategy: who is touched, in which order, how often, when, and what is remembered.
 */
#include "nursery.h"

#define RUNTIME n->h.runtime

enum { GROUP_STRATEGIES = 2 };
static const acta_strategy group_strategies[GROUP_STRATEGIES] = { ACTA_ONE_FOR_ALL, ACTA_REST_FOR_ONE };
static const acta_strategy strategies[] = { ACTA_ONE_FOR_ONE, ACTA_ONE_FOR_ALL, ACTA_REST_FOR_ONE };

static nursery *
plant_by(acta_strategy strategy, uint32_t count)
{
    nursery *n = plant(count);
    n->options.strategy = strategy;
    n->options.intensity = ACTA_INTENSITY_UNLIMITED;
    return n;
}

/* -- kinds -- */

typedef enum way { BY_NORMAL, BY_SHUTDOWN, BY_SHUTDOWN_WITH_WORDS, BY_FAILURE, BY_KILL, WAY_COUNT } way;

static void
end_by(nursery *n, const char *name, way how)
{
    switch (how) {
    case BY_NORMAL:
        order(n, name, GO);
        return;
    case BY_SHUTDOWN:
        order(n, name, LEAVE);
        return;
    case BY_SHUTDOWN_WITH_WORDS:
        acta_exit(RUNTIME, (acta_pid){ 0 }, pid_of(n, name),
            &(acta_exit_reason){ .kind = ACTA_EXIT_SHUTDOWN, .text = "a term" });
        harness_run(&n->h);
        return;
    case BY_FAILURE:
        order(n, name, DIE);
        return;
    default:
        finish(n, name, ACTA_EXIT_KILLED);
    }
}

/* SUP-24: a permanent child is restarted after every end. SUP-25: a transient one after failure and kill; after NORMAL
 * and SHUTDOWN, with and without words, its spec stays. SUP-26: a temporary one never; its spec goes, and its id can be
 * used again at once. SUP-29: only the child concerned changes its pid. */
static void
who_is_restarted_depends_on_its_kind_and_its_end(void **state)
{
    (void)state;
    for (int restart = ACTA_PERMANENT; restart <= ACTA_TEMPORARY; restart++) {
        for (int how = 0; how < WAY_COUNT; how++) {
            nursery *n = plant_by(ACTA_ONE_FOR_ONE, 3);
            acta_pid pid;
            n->specs[1].restart = (acta_restart)restart;
            must_grow(n);
            acta_pid a = pid_of(n, "a"), b = pid_of(n, "b"), c = pid_of(n, "c");
            end_by(n, "b", (way)how);
            bool again = restart == ACTA_PERMANENT || (restart == ACTA_TRANSIENT && how >= BY_FAILURE);
            assert_int_equal(is_up(n, "b"), again);
            assert_false(acta_pid_equal(pid_of(n, "b"), b));
            assert_true(acta_pid_equal(pid_of(n, "a"), a) && acta_pid_equal(pid_of(n, "c"), c));
            if (restart == ACTA_TEMPORARY) {
                assert_int_equal(acta_supervisor_child(RUNTIME, n->pid, "b", &pid, NULL), ACTA_NOT_FOUND);
                assert_int_equal(acta_supervisor_start_child(RUNTIME, n->pid, &n->specs[1], NULL, NULL), ACTA_OK);
            } else
                assert_int_equal(state_of(n, "b"), again ? ACTA_CHILD_RUNNING : ACTA_CHILD_STOPPED);
            uproot(n);
        }
    }
}

/* SUP-27: a temporary bystander of a group restart is stopped, not started again, and that is no failure. */
static void
a_temporary_bystander_goes_and_doesn_t_count(void **state)
{
    (void)state;
    for (int i = 0; i < GROUP_STRATEGIES; i++) {
        nursery *n = plant_by(group_strategies[i], 3);
        n->options.intensity = 1;
        n->specs[1].restart = ACTA_TEMPORARY;
        n->workers[1].habit = FAILS; /* even if it ends badly */
        must_grow(n);
        order(n, "a", DIE);
        expect_diary(n, "-a -c -b +a +c ");
        assert_true(acta_is_alive(RUNTIME, n->pid));
        acta_pid pid;
        assert_int_equal(acta_supervisor_child(RUNTIME, n->pid, "b", &pid, NULL), ACTA_NOT_FOUND);
        uproot(n);
    }
}

/* SUP-28: 10,000 temporary children with arguments of 100,000 bytes, dynamic and with ids: what the supervisor keeps
 * doesn't grow, while they live and after they have ended. */
static acta_next
go(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    (void)user;
    (void)message;
    return ACTA_STOP;
}

static void
arguments_and_specs_of_temporary_children_are_not_kept(void **state)
{
    (void)state;
    enum { COUNT = HARNESS_SANITIZED ? 1000 : 10000, SIZE = 100000 };
    static unsigned char argument[SIZE];
    static const script what = { .cast = go };

    for (int dynamic = 0; dynamic < 2; dynamic++) {
        nursery *n = plant(dynamic ? 1 : 0);
        int64_t before = 0;
        if (dynamic) n->options.strategy = ACTA_SIMPLE_ONE_FOR_ONE;
        n->specs[0] = (acta_child_spec){ .id = "x", .start = { .behaviour = &scripted }, .restart = ACTA_TEMPORARY };
        must_grow(n);
        memcpy(argument, &what, sizeof what);
        for (int i = 0; i < COUNT; i++) {
            acta_started started;
            acta_child_spec spec = n->specs[0];
            spec.start.argument = argument;
            spec.argument_size = SIZE;
            if (dynamic)
                assert_int_equal(
                    acta_supervisor_start_dynamic(RUNTIME, n->pid, argument, SIZE, &started, NULL), ACTA_OK);
            else
                assert_int_equal(acta_supervisor_start_child(RUNTIME, n->pid, &spec, &started, NULL), ACTA_OK);
            tell(n, started.pid, ACTA_EXIT_KILLED);
            if (i == 100) before = atomic_load(&n->h.bytes);
        }
        assert_int_equal(atomic_load(&n->h.bytes), before);
        uproot(n);
    }
}

/* A permanent child's argument is the supervisor's own: the caller's may be gone by the time of the restart. */
static void
a_copied_argument_outlives_its_caller(void **state)
{
    (void)state;
    nursery *n = plant(0);

    must_grow(n);
    script *what = malloc(sizeof *what);
    *what = n->scripts[0];
    acta_child_spec spec = n->specs[0];
    spec.start.argument = what;
    spec.argument_size = sizeof *what;
    assert_int_equal(acta_supervisor_start_child(RUNTIME, n->pid, &spec, NULL, NULL), ACTA_OK);
    memset(what, 0xff, sizeof *what);
    free(what);
    order(n, "a", DIE);
    expect_diary(n, "+a -a +a ");
    uproot(n);
}

/* -- groups -- */

/* SUP-30: one_for_all: the others are stopped in reverse order, all are started in order, and at the first init nobody
 * of before is alive. */
static void
one_for_all_stops_in_reverse_and_starts_in_order(void **state)
{
    (void)state;
    for (int which = 0; which < 4; which++) {
        static const char *const diaries[] = { "-a -d -c -b +a +b +c +d ", "-b -d -c -a +a +b +c +d ",
            "-c -d -b -a +a +b +c +d ", "-d -c -b -a +a +b +c +d " };
        nursery *n = plant_by(ACTA_ONE_FOR_ALL, 4);
        must_grow(n);
        n->workers[0].old_pids = "bcd";
        order(n, names[which], DIE);
        expect_diary(n, diaries[which]);
        assert_false(n->workers[0].saw_the_living);
        acta_runtime_stats stats;
        acta_runtime_stats_read(RUNTIME, &stats);
        assert_int_equal(stats.restarted, 4);
        uproot(n);
    }
}

/* SUP-31: rest_for_one: only later siblings are stopped and started; earlier ones keep their pid. */
static void
rest_for_one_leaves_those_before_alone(void **state)
{
    (void)state;
    for (int which = 0; which < 4; which++) {
        static const char *const diaries[] = { "-a -d -c -b +a +b +c +d ", "-b -d -c +b +c +d ", "-c -d +c +d ",
            "-d +d " };
        nursery *n = plant_by(ACTA_REST_FOR_ONE, 4);
        acta_pid before[4];
        must_grow(n);
        for (int i = 0; i < 4; i++)
            before[i] = pid_of(n, names[i]);
        order(n, names[which], DIE);
        expect_diary(n, diaries[which]);
        for (int i = 0; i < 4; i++)
            assert_int_equal(acta_pid_equal(pid_of(n, names[i]), before[i]), i < which);
        uproot(n);
    }
}

/* A group restart starts those too that had ended or been terminated before. */
static void
a_group_restart_starts_all_that_have_a_spec(void **state)
{
    (void)state;
    nursery *n = plant_by(ACTA_ONE_FOR_ALL, 3);

    n->specs[0].restart = ACTA_TRANSIENT;
    must_grow(n);
    order(n, "a", GO);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "b", NULL), ACTA_OK);
    expect_diary(n, "-a -b ");
    order(n, "c", DIE);
    expect_diary(n, "-c +a +b +c ");
    uproot(n);
}

/* SUP-32: during a group restart another child's init fails: what was started of it is stopped again and all is tried
 * again; in rest_for_one those before the failed one are through. Each try counts. */
static void
another_child_that_fails_in_a_group_restart_begins_it_again(void **state)
{
    (void)state;
    nursery *n = plant_by(ACTA_ONE_FOR_ALL, 3);

    n->options.intensity = 3;
    must_grow(n);
    n->workers[1].refusals = 2;
    order(n, "a", DIE);
    expect_diary(n, "-a -c -b +a !b -a +a !b -a +a +b +c ");
    n->workers[1].refusals = 1;
    order(n, "a", DIE); /* the fourth within the period */
    expect_diary(n, "-a -c -b ");
    assert_int_equal(alive_count(n), 0);
    uproot(n);

    n = plant_by(ACTA_REST_FOR_ONE, 4);
    must_grow(n);
    acta_pid a = pid_of(n, "a");
    n->workers[2].refusals = 2;
    order(n, "b", DIE);
    expect_diary(n, "-b -d -c +b !c !c +c +d ");
    assert_true(acta_pid_equal(pid_of(n, "a"), a));
    uproot(n);
}

/* SUP-33: two children die in one step, in any pair and order: each strategy ends with every child running once. */
static void
two_that_die_at_once_come_back_once_each(void **state)
{
    (void)state;
    for (size_t s = 0; s < 3; s++) {
        for (uint32_t pair = 0; pair < 16; pair++) {
            nursery *n = plant_by(strategies[s], 4);
            n->options.intensity = 2;
            must_grow(n);
            acta_pid first = pid_of(n, names[pair / 4]), second = pid_of(n, names[pair % 4]);
            send_tag(&n->h, first, DIE);
            send_tag(&n->h, second, DIE);
            harness_run(&n->h);
            for (int i = 0; i < 4; i++) {
                assert_true(is_up(n, names[i]));
                assert_true(acta_pid_equal(pid_of(n, names[i]), n->workers[i].pid));
            }
            assert_int_equal(alive_count(n), 5);
            assert_false(acta_is_alive(RUNTIME, first) || acta_is_alive(RUNTIME, second));
            uproot(n);
        }
    }
}

/* An earlier sibling that dies while a rest_for_one group is being stopped, or waits, makes the group wider. */
static void
an_earlier_end_widens_the_group(void **state)
{
    (void)state;
    nursery *n = plant_by(ACTA_REST_FOR_ONE, 4);

    n->workers[3].habit = LINGERS;
    n->workers[3].linger_ms = 100;
    must_grow(n);
    order(n, "c", DIE);
    expect_diary(n, "-c ");
    order(n, "a", DIE);
    expect_diary(n, "-a ");
    assert_true(is_up(n, "b")); /* d is first */
    harness_advance(&n->h, 100);
    expect_diary(n, "-d -b +a +b +c +d ");
    uproot(n);

    n = plant_by(ACTA_REST_FOR_ONE, 4);
    n->options.backoff = (acta_backoff){ .min_ms = 1000, .jitter_percent = 1 };
    must_grow(n);
    order(n, "c", DIE);
    expect_diary(n, "-c -d ");
    harness_advance(&n->h, 500);
    order(n, "a", DIE);
    expect_diary(n, "-a -b ");
    harness_advance(&n->h, 980);
    expect_diary(n, "");
    harness_advance(&n->h, 40);
    expect_diary(n, "+a +b +c +d ");
    uproot(n);
}

/* SUP-34: order is that of the specs, whatever the ids, and after restarts; a restarted child keeps its old place, a
 * child that was added is the youngest. */
static void
order_holds_whatever_the_ids_and_after_restarts(void **state)
{
    (void)state;
    nursery *n = plant_by(ACTA_ONE_FOR_ONE, 3);
    acta_child_spec specs[] = { n->specs[3], n->specs[0], n->specs[2] };

    n->options.children = specs;
    assert_int_equal(grow(n, NULL), ACTA_OK);
    expect_diary(n, "+d +a +c ");
    assert_int_equal(acta_supervisor_start_child(RUNTIME, n->pid, &n->specs[1], NULL, NULL), ACTA_OK);
    order(n, "d", DIE);
    assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "a", NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_restart_child(RUNTIME, n->pid, "a", NULL, NULL), ACTA_OK);
    n->d.text[0] = '\0';
    uproot(n);
    expect_diary(n, "-b -c -a -d ");
}

/* -- intensity -- */

/* SUP-36: n restarts within the period are borne, the next ends the supervisor with SHUTDOWN, all children first. */
static acta_exit_reason heard;

static acta_next
note_down(acta_self *self, void *user, const acta_info *info)
{
    (void)self;
    (void)user;
    if (info->kind == ACTA_INFO_DOWN) heard = *info->reason;
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
one_restart_more_than_the_intensity_ends_it_with_shutdown(void **state)
{
    (void)state;
    for (size_t s = 0; s < 3; s++) {
        nursery *n = plant_by(strategies[s], 3);
        script watcher = { .cast = watch, .info = note_down, .user = n };
        n->options.intensity = 3;
        n->options.period_ms = 1000;
        must_grow(n);
        send_tag(&n->h, spawn(&n->h, &watcher), 0);
        for (int i = 0; i < 3; i++) {
            order(n, "c", DIE);
            assert_true(is_up(n, "c"));
        }
        heard.kind = ACTA_EXIT_NOPROC;
        n->d.text[0] = '\0';
        order(n, "c", DIE);
        expect_diary(n, "-c -b -a ");
        assert_int_equal(heard.kind, ACTA_EXIT_SHUTDOWN);
        assert_string_equal(heard.text, "child 'c' ended too often, the last time: told to die");
        uproot(n);
    }
}

/* SUP-37: the window slides, and both its ends count: the third failure 999, 1,000 and 1,001 ms after the first, with two
 * borne within 1,000 ms. */
static void
the_window_slides_and_includes_both_ends(void **state)
{
    (void)state;
    for (uint32_t at = 999; at <= 1001; at++) {
        nursery *n = plant(1);
        n->options.intensity = 2;
        n->options.period_ms = 1000;
        must_grow(n);
        order(n, "a", DIE);
        harness_advance(&n->h, 600);
        order(n, "a", DIE);
        harness_advance(&n->h, at - 600);
        order(n, "a", DIE);
        assert_int_equal(is_up(n, "a"), at == 1001);
        uproot(n);
    }
    nursery *n = plant(1);
    n->options.intensity = 1;
    n->options.period_ms = 1000;
    must_grow(n);
    for (int i = 0; i < 200; i++) { /* slowly, it goes on for ever */
        harness_advance(&n->h, 2100);
        order(n, "a", DIE);
        assert_true(is_up(n, "a"));
        n->d.text[0] = '\0';
    }
    uproot(n);
}

/* SUP-38: ACTA_INTENSITY_NONE: the first failure ends it; normal ends of transient and any of temporary children don't. */
static void
with_no_intensity_the_first_failure_ends_it(void **state)
{
    (void)state;
    nursery *n = plant(3);

    n->options.intensity = ACTA_INTENSITY_NONE;
    n->specs[0].restart = ACTA_TRANSIENT;
    n->specs[1].restart = ACTA_TEMPORARY;
    must_grow(n);
    order(n, "a", GO);
    order(n, "b", DIE);
    assert_true(is_up(n, "c"));
    order(n, "c", GO);
    assert_int_equal(alive_count(n), 0);
    assert_int_equal(n->workers[2].start_count, 1);
    uproot(n);
}

/* SUP-39: a child that fails again in its init counts each time; the loop ends by intensity, and the stack doesn't grow
 * (a hundred thousand tries, in each strategy). */
static void
failed_starts_count_until_the_intensity_ends_it(void **state)
{
    (void)state;
    for (size_t s = 0; s < 3; s++) {
        nursery *n = plant_by(strategies[s], 2);
        n->options.intensity = 100000;
        n->options.period_ms = 1000;
        must_grow(n);
        n->workers[1].refusals = FOR_EVER;
        order(n, "b", DIE);
        harness_advance(&n->h, 10);
        assert_int_equal(alive_count(n), 0);
        assert_int_equal(n->workers[1].start_count, 100001);
        uproot(n);
    }
}

/* SUP-40: escalation through three levels: the top restarts the middle one, which starts its static children afresh; one
 * that was added to it at run time is gone. */
static void
escalation_brings_back_static_children_only(void **state)
{
    (void)state;
    nursery *n = plant(1);
    acta_supervisor_options low = { .children = &n->specs[2], .child_count = 1, .intensity = ACTA_INTENSITY_NONE };
    acta_child_spec middle_children[] = { n->specs[1],
        { .id = "low", .start = { .behaviour = acta_supervisor_behaviour(), .argument = &low } } };
    acta_supervisor_options middle = {
        .children = middle_children, .child_count = 2, .intensity = ACTA_INTENSITY_NONE
    };
    acta_child_spec top[] = { n->specs[0],
        { .id = "middle",
            .start = {
                .behaviour = acta_supervisor_behaviour(), .argument = &middle, .name = acta_str_of("middle") } } };
    n->options.children = top;
    n->options.child_count = 2;
    must_grow(n);
    acta_pid old = pid_of(n, "middle"), a = pid_of(n, "a");
    assert_int_equal(acta_supervisor_start_child(RUNTIME, old, &n->specs[3], NULL, NULL), ACTA_OK);
    n->d.text[0] = '\0';
    order(n, "c", DIE); /* low gives up, then middle, then top restarts middle */
    expect_diary(n, "-c -d -b +b +c ");
    assert_false(acta_pid_equal(pid_of(n, "middle"), old));
    assert_true(acta_pid_equal(pid_of(n, "a"), a));
    assert_false(is_up(n, "d"));
    uproot(n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_restarted_depends_on_its_kind_and_its_end),
        cmocka_unit_test(a_temporary_bystander_goes_and_doesn_t_count),
        cmocka_unit_test(arguments_and_specs_of_temporary_children_are_not_kept),
        cmocka_unit_test(a_copied_argument_outlives_its_caller),
        cmocka_unit_test(one_for_all_stops_in_reverse_and_starts_in_order),
        cmocka_unit_test(rest_for_one_leaves_those_before_alone),
        cmocka_unit_test(a_group_restart_starts_all_that_have_a_spec),
        cmocka_unit_test(another_child_that_fails_in_a_group_restart_begins_it_again),
        cmocka_unit_test(two_that_die_at_once_come_back_once_each),
        cmocka_unit_test(an_earlier_end_widens_the_group),
        cmocka_unit_test(order_holds_whatever_the_ids_and_after_restarts),
        cmocka_unit_test(one_restart_more_than_the_intensity_ends_it_with_shutdown),
        cmocka_unit_test(the_window_slides_and_includes_both_ends),
        cmocka_unit_test(with_no_intensity_the_first_failure_ends_it),
        cmocka_unit_test(failed_starts_count_until_the_intensity_ends_it),
        cmocka_unit_test(escalation_brings_back_static_children_only),
    };
    return cmocka_run_group_tests_name("supervisor_restart", tests, NULL, NULL);
}
