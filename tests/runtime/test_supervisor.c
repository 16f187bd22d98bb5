/*
 * Supervisors, under a clock that the test turns: order, restarts, intensity, backoff, shutdown, escalation.
 */
#include "nursery.h"

static void
children_start_in_order_and_stop_in_the_opposite(void **state)
{
    (void)state;
    nursery *t = plant(5);
    assert_int_equal(grow(t, NULL), ACTA_OK);
    expect_diary(t, "+a +b +c +d +e ");
    uproot(t);
    expect_diary(t, "-e -d -c -b -a ");
}

static void
a_supervisor_without_children_starts_and_ends(void **state)
{
    (void)state;
    nursery *t = plant(0);
    assert_int_equal(grow(t, NULL), ACTA_OK);
    uproot(t);
}

static void
one_that_can_t_start_ends_those_before_it_and_the_call_says_who(void **state)
{
    (void)state;
    acta_error error;

    for (uint32_t which = 0; which < 5; which += 2) {
        nursery *t = plant(5);
        t->workers[which].refusals = FOR_EVER;
        assert_int_equal(grow(t, &error), ACTA_IN_USE);
        char text[64];
        snprintf(text, sizeof text, "child '%s': the port is taken", names[which]);
        assert_string_equal(error.text, text);
        expect_diary(t, which == 0 ? "!a " : which == 2 ? "+a +b !c -b -a " : "+a +b +c +d !e -d -c -b -a ");
        for (int i = 0; i < 5; i++)
            assert_false(is_up(t, names[i]));
        uproot(t);
    }
    nursery *t = plant(2);
    t->workers[1].fails_init = true;
    assert_int_equal(grow(t, &error), ACTA_FAILED);
    assert_string_equal(error.text, "child 'b': cannot even begin");
    uproot(t);
}

static void
wrong_options_are_refused_each_with_its_reason(void **state)
{
    (void)state;
    acta_error error;

    nursery *t = plant(3);
    t->specs[2].id = "a";
    assert_int_equal(grow(t, &error), ACTA_INVALID);
    assert_string_equal(error.text, "two children have the id 'a'");
    t->specs[2].id = "";
    assert_int_equal(grow(t, &error), ACTA_INVALID);
    assert_string_equal(error.text, "a child has no id");
    t->specs[2].id = "c";
    t->specs[2].start.behaviour = NULL;
    assert_int_equal(grow(t, &error), ACTA_INVALID);
    assert_string_equal(error.text, "child 'c': no behaviour to start");
    t->specs[2].start.behaviour = &scripted;
    t->specs[2].restart = (acta_restart)9;
    assert_int_equal(grow(t, &error), ACTA_INVALID);
    assert_string_equal(error.text, "child 'c': 9 is no kind of restart");
    t->specs[2].restart = ACTA_PERMANENT;
    t->options.strategy = (acta_strategy)5;
    assert_int_equal(grow(t, &error), ACTA_INVALID);
    t->options.strategy = ACTA_ONE_FOR_ONE;
    t->options.backoff = (acta_backoff){ .min_ms = 50, .max_ms = 20 };
    assert_int_equal(grow(t, &error), ACTA_INVALID);
    assert_string_equal(error.text, "backoff: min_ms 50 is more than max_ms 20");
    t->options.backoff = (acta_backoff){ .jitter_percent = 101 };
    assert_int_equal(grow(t, &error), ACTA_INVALID);
    assert_int_equal(acta_supervisor_start(t->h.runtime, NULL, &t->pid, &error), ACTA_INVALID);
    expect_diary(t, "");
    uproot(t);
}

/* Each kind of restart with each kind of end; only the one concerned changes. */
static void
who_is_restarted_depends_on_its_kind_and_its_end(void **state)
{
    (void)state;
    static const struct {
        acta_restart restart;
        uint32_t tag;
        bool again;
    } cases[] = {
        { ACTA_PERMANENT, DIE, true },
        { ACTA_PERMANENT, GO, true },
        { ACTA_PERMANENT, LEAVE, true },
        { ACTA_PERMANENT, 0, true },
        { ACTA_TRANSIENT, DIE, true },
        { ACTA_TRANSIENT, GO, false },
        { ACTA_TRANSIENT, LEAVE, false },
        { ACTA_TRANSIENT, 0, true },
        { ACTA_TEMPORARY, DIE, false },
        { ACTA_TEMPORARY, GO, false },
        { ACTA_TEMPORARY, LEAVE, false },
        { ACTA_TEMPORARY, 0, false },
    };
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        nursery *t = plant(3);
        t->specs[1].restart = cases[i].restart;
        assert_int_equal(grow(t, NULL), ACTA_OK);
        acta_pid a = acta_whereis(t->h.runtime, acta_str_of("a")), c = acta_whereis(t->h.runtime, acta_str_of("c"));
        if (cases[i].tag != 0)
            order(t, "b", cases[i].tag);
        else
            acta_exit(t->h.runtime, (acta_pid){ 0 }, acta_whereis(t->h.runtime, acta_str_of("b")), &kill);
        harness_run(&t->h);
        assert_int_equal(is_up(t, "b"), cases[i].again);
        assert_true(acta_pid_equal(acta_whereis(t->h.runtime, acta_str_of("a")), a));
        assert_true(acta_pid_equal(acta_whereis(t->h.runtime, acta_str_of("c")), c));
        acta_pid pid = { 1 };
        acta_status status = acta_supervisor_child(t->h.runtime, t->pid, "b", &pid, NULL);
        assert_int_equal(status, cases[i].restart == ACTA_TEMPORARY ? ACTA_NOT_FOUND : ACTA_OK);
        if (status == ACTA_OK) assert_int_equal(pid.value != 0, cases[i].again);
        uproot(t);
    }
}

static void
more_restarts_than_the_intensity_within_the_period_end_it(void **state)
{
    (void)state;
    nursery *t = plant(3);
    t->options.intensity = 3;
    t->options.period_ms = 1000;
    assert_int_equal(grow(t, NULL), ACTA_OK);
    for (int i = 0; i < 3; i++) {
        order(t, "b", DIE);
        assert_true(is_up(t, "b"));
    }
    t->d.text[0] = '\0';
    order(t, "b", DIE);
    expect_diary(t, "-b -c -a ");
    assert_false(acta_is_alive(t->h.runtime, t->pid));
    acta_runtime_stats stats;
    acta_runtime_stats_read(t->h.runtime, &stats);
    assert_int_equal(stats.restarted, 3);
    uproot(t);
}

/* The window slides; both of its ends count. */
static void
the_period_is_a_sliding_window_with_both_ends(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        nursery *t = plant(1);
        t->options.intensity = 2;
        t->options.period_ms = 1000;
        assert_int_equal(grow(t, NULL), ACTA_OK);
        order(t, "a", DIE);
        harness_advance(&t->h, 600);
        order(t, "a", DIE);
        harness_advance(&t->h, 400 + (uint64_t)late);
        order(t, "a", DIE); /* the third: 1,000 ms or 1,001 ms after the first */
        assert_int_equal(is_up(t, "a"), late);
        uproot(t);
    }
    nursery *t = plant(1);
    t->options.intensity = 1;
    t->options.period_ms = 1000;
    assert_int_equal(grow(t, NULL), ACTA_OK);
    for (int i = 0; i < 50; i++) { /* slowly, it goes on for ever */
        harness_advance(&t->h, 2100);
        order(t, "a", DIE);
        assert_true(is_up(t, "a"));
    }
    uproot(t);
}

/* One that fails in its init when it is restarted: each try counts, and the stack doesn't grow. */
static void
failed_restarts_count_until_the_intensity_ends_it(void **state)
{
    (void)state;
    nursery *t = plant(2);
    t->options.intensity = 1000;
    t->options.period_ms = 1000;
    assert_int_equal(grow(t, NULL), ACTA_OK);
    t->workers[1].refusals = FOR_EVER;
    order(t, "b", DIE);
    harness_advance(&t->h, 100000);
    assert_false(acta_is_alive(t->h.runtime, t->pid));
    assert_false(is_up(t, "a"));
    assert_int_equal(t->workers[1].start_count, 1001);
    uproot(t);
}

static void
backoff_grows_is_capped_and_begins_again_after_calm(void **state)
{
    (void)state;
    static const uint64_t delays[] = { 100, 200, 400, 800, 1000, 1000 };
    acta_pid pid = { 1 };

    nursery *t = plant(1);
    t->options.intensity = UINT32_MAX;
    t->options.period_ms = 5000;
    t->options.backoff = (acta_backoff){ .min_ms = 100, .max_ms = 1000, .jitter_percent = 1 };
    assert_int_equal(grow(t, NULL), ACTA_OK);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 6; i++) {
            uint64_t died_ns = atomic_load(&t->h.now_ns);
            uint32_t starts = t->workers[0].start_count;
            order(t, "a", DIE);
            assert_int_equal(acta_supervisor_child(t->h.runtime, t->pid, "a", &pid, NULL), ACTA_OK);
            assert_int_equal(pid.value, 0); /* it waits */
            harness_advance(&t->h, delays[i] - delays[i] / 100 - 1);
            assert_int_equal(t->workers[0].start_count, starts);
            harness_advance(&t->h, delays[i] / 50 + 2);
            assert_int_equal(t->workers[0].start_count, starts + 1);
            assert_true(t->workers[0].started_ns[starts] >= died_ns + (delays[i] - delays[i] / 100) * 1000000);
        }
        harness_advance(&t->h, 5001);
    }
    uproot(t);
}

static void
the_first_restart_is_at_once_when_asked_for(void **state)
{
    (void)state;
    nursery *t = plant(1);
    t->options.intensity = 100;
    t->options.backoff = (acta_backoff){ .min_ms = 100, .first_at_once = true };
    assert_int_equal(grow(t, NULL), ACTA_OK);
    order(t, "a", DIE);
    assert_true(is_up(t, "a"));
    order(t, "a", DIE);
    assert_false(is_up(t, "a"));
    harness_advance(&t->h, 79);
    assert_false(is_up(t, "a"));
    harness_advance(&t->h, 42);
    assert_true(is_up(t, "a"));
    uproot(t);
}

static void
a_stop_while_a_child_waits_for_its_restart_starts_nothing(void **state)
{
    (void)state;
    nursery *t = plant(2);
    t->options.backoff = (acta_backoff){ .min_ms = 1000 };
    assert_int_equal(grow(t, NULL), ACTA_OK);
    order(t, "b", DIE);
    t->d.text[0] = '\0';
    uproot(t);
    expect_diary(t, "-a ");
}

/* One traps its exit and doesn't go: killed after its time, not before, without terminate; the others go first. */
static void
a_child_that_won_t_stop_is_killed_when_its_time_is_up(void **state)
{
    (void)state;
    static const acta_exit_reason shutdown = { .kind = ACTA_EXIT_SHUTDOWN };
    nursery *t = plant(3);
    t->workers[1].habit = STAYS;
    t->specs[1].shutdown_ms = 700;
    assert_int_equal(grow(t, NULL), ACTA_OK);
    t->d.text[0] = '\0';
    acta_exit(t->h.runtime, (acta_pid){ 0 }, t->pid, &shutdown);
    harness_advance(&t->h, 699);
    expect_diary(t, "-c ");
    assert_true(is_up(t, "b"));
    harness_advance(&t->h, 1);
    assert_false(is_up(t, "b"));
    expect_diary(t, "-a ");
    assert_false(acta_is_alive(t->h.runtime, t->pid));
    uproot(t);
}

static void
brutal_kill_asks_nobody(void **state)
{
    (void)state;
    nursery *t = plant(2);
    t->workers[1].habit = STAYS;
    t->specs[1].brutal_kill = true;
    assert_int_equal(grow(t, NULL), ACTA_OK);
    t->d.text[0] = '\0';
    uproot(t);
    expect_diary(t, "-a ");
}

static void
children_come_and_go_at_run_time(void **state)
{
    (void)state;
    acta_error error;
    acta_pid pid = { 0 };

    nursery *t = plant(2);
    assert_int_equal(grow(t, NULL), ACTA_OK);
    acta_started started;
    assert_int_equal(acta_supervisor_start_child(t->h.runtime, t->pid, &t->specs[2], &started, &error), ACTA_OK);
    assert_true(acta_pid_equal(started.pid, acta_whereis(t->h.runtime, acta_str_of("c"))));
    order(t, "c", DIE);
    assert_true(is_up(t, "c"));
    t->workers[3].refusals = FOR_EVER;
    assert_int_equal(acta_supervisor_start_child(t->h.runtime, t->pid, &t->specs[3], NULL, &error), ACTA_IN_USE);
    assert_string_equal(error.text, "child 'd': the port is taken");
    assert_int_equal(acta_supervisor_child(t->h.runtime, t->pid, "d", &pid, &error), ACTA_NOT_FOUND);
    assert_int_equal(acta_supervisor_terminate_child(t->h.runtime, t->pid, "a", &error), ACTA_OK);
    assert_int_equal(acta_supervisor_delete_child(t->h.runtime, t->pid, "a", &error), ACTA_OK);
    assert_false(is_up(t, "a"));
    assert_int_equal(acta_supervisor_delete_child(t->h.runtime, t->pid, "a", &error), ACTA_NOT_FOUND);
    assert_int_equal(acta_supervisor_child(t->h.runtime, t->pid, "a", &pid, &error), ACTA_NOT_FOUND);
    t->d.text[0] = '\0';
    uproot(t);
    expect_diary(t, "-c -b ");
    assert_int_equal(t->workers[0].start_count, 1);
}

/* A tree of supervisors: stopped bottom-up; a failure below escalates and the middle comes back with all of its own. */
static void
supervisors_nest_escalate_and_stop_bottom_up(void **state)
{
    (void)state;
    nursery *t = plant(5);
    acta_supervisor_options inner = { .children = &t->specs[1], .child_count = 3, .intensity = 1, .period_ms = 1000 };
    acta_child_spec top[] = { t->specs[0],
        { .id = "inner", .start = { .behaviour = acta_supervisor_behaviour(), .argument = &inner } }, t->specs[4] };
    t->options.children = top;
    t->options.child_count = 3;
    assert_int_equal(grow(t, NULL), ACTA_OK);
    expect_diary(t, "+a +b +c +d +e ");
    order(t, "c", DIE);
    expect_diary(t, "-c +c ");
    order(t, "c", DIE); /* the second within the period: too many for the inner one */
    expect_diary(t, "-c -d -b +b +c +d ");
    assert_true(acta_is_alive(t->h.runtime, t->pid));
    uproot(t);
    expect_diary(t, "-e -d -c -b -a ");
}

static void
a_nested_start_that_fails_rolls_back_every_level(void **state)
{
    (void)state;
    acta_error error;

    nursery *t = plant(5);
    acta_supervisor_options inner = { .children = &t->specs[1], .child_count = 3 };
    acta_child_spec top[] = { t->specs[0],
        { .id = "inner", .start = { .behaviour = acta_supervisor_behaviour(), .argument = &inner } }, t->specs[4] };
    t->options.children = top;
    t->options.child_count = 3;
    t->workers[3].refusals = FOR_EVER;
    assert_int_equal(grow(t, &error), ACTA_IN_USE);
    assert_string_equal(error.text, "child 'inner': child 'd': the port is taken");
    expect_diary(t, "+a +b +c !d -c -b -a ");
    uproot(t);
}

static void
a_killed_supervisor_takes_its_children_along(void **state)
{
    (void)state;
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    nursery *t = plant(5);
    acta_supervisor_options inner = { .children = &t->specs[1], .child_count = 3 };
    acta_child_spec top[] = { t->specs[0],
        { .id = "inner", .start = { .behaviour = acta_supervisor_behaviour(), .argument = &inner } } };
    t->options.children = top;
    t->options.child_count = 2;
    assert_int_equal(grow(t, NULL), ACTA_OK);
    acta_exit(t->h.runtime, (acta_pid){ 0 }, t->pid, &kill);
    harness_run(&t->h);
    for (int i = 0; i < 4; i++)
        assert_false(is_up(t, names[i]));
    acta_runtime_stats stats;
    acta_runtime_stats_read(t->h.runtime, &stats);
    assert_int_equal(stats.alive, 0);
    uproot(t);
}

static void
calls_on_a_dead_supervisor_are_noproc_at_once(void **state)
{
    (void)state;
    acta_pid pid;

    nursery *t = plant(1);
    t->pid = (acta_pid){ 12345 };
    assert_int_equal(acta_supervisor_child(t->h.runtime, t->pid, "a", &pid, NULL), ACTA_NOPROC);
    assert_int_equal(acta_supervisor_start_child(t->h.runtime, t->pid, &t->specs[0], NULL, NULL), ACTA_NOPROC);
    assert_int_equal(acta_supervisor_delete_child(t->h.runtime, t->pid, "a", NULL), ACTA_NOPROC);
    uproot(t);
}

/* With threads: children die all the time, of their own, from several outside threads' doing, and the stop is clean. */
static acta_status
count_start(acta_self *self, void *user, acta_error *error)
{
    (void)self;
    (void)error;
    atomic_fetch_add((_Atomic uint64_t *)user, 1);
    return ACTA_OK;
}

static acta_next
die(acta_self *self, void *user, acta_message *message)
{
    (void)user;
    if (message->tag % 2 == 0) acta_fail(self, "tag %u", message->tag);
    return ACTA_STOP;
}

static void
a_busy_tree_on_threads_restarts_and_stops_cleanly(void **state)
{
    (void)state;
    harness h;
    static _Atomic uint64_t starts;
    script s = { .init = count_start, .cast = die, .user = &starts };
    acta_child_spec specs[CHILD_MAX];
    acta_pid pid = { 0 };

    for (int i = 0; i < CHILD_MAX; i++)
        specs[i] = (acta_child_spec){ .id = names[i],
            .start = { .behaviour = &scripted, .argument = &s, .name = acta_str_of(names[i]) } };
    for (int round = 0; round < 20; round++) {
        atomic_store(&starts, 0);
        harness_start(&h, 2);
        assert_int_equal(
            acta_supervisor_start(h.runtime,
                &(acta_supervisor_options){ .children = specs, .child_count = CHILD_MAX, .intensity = UINT32_MAX },
                &pid, NULL),
            ACTA_OK);
        for (uint32_t i = 0; atomic_load(&starts) < 500; i++)
            send_tag(&h, acta_whereis(h.runtime, acta_str_of(names[i % CHILD_MAX])), i);
        harness_stop(&h);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_start_in_order_and_stop_in_the_opposite),
        cmocka_unit_test(a_supervisor_without_children_starts_and_ends),
        cmocka_unit_test(one_that_can_t_start_ends_those_before_it_and_the_call_says_who),
        cmocka_unit_test(wrong_options_are_refused_each_with_its_reason),
        cmocka_unit_test(who_is_restarted_depends_on_its_kind_and_its_end),
        cmocka_unit_test(more_restarts_than_the_intensity_within_the_period_end_it),
        cmocka_unit_test(the_period_is_a_sliding_window_with_both_ends),
        cmocka_unit_test(failed_restarts_count_until_the_intensity_ends_it),
        cmocka_unit_test(backoff_grows_is_capped_and_begins_again_after_calm),
        cmocka_unit_test(the_first_restart_is_at_once_when_asked_for),
        cmocka_unit_test(a_stop_while_a_child_waits_for_its_restart_starts_nothing),
        cmocka_unit_test(a_child_that_won_t_stop_is_killed_when_its_time_is_up),
        cmocka_unit_test(brutal_kill_asks_nobody),
        cmocka_unit_test(children_come_and_go_at_run_time),
        cmocka_unit_test(supervisors_nest_escalate_and_stop_bottom_up),
        cmocka_unit_test(a_nested_start_that_fails_rolls_back_every_level),
        cmocka_unit_test(a_killed_supervisor_takes_its_children_along),
        cmocka_unit_test(calls_on_a_dead_supervisor_are_noproc_at_once),
        cmocka_unit_test(a_busy_tree_on_threads_restarts_and_stops_cleanly),
    };
    return cmocka_run_group_tests_name("supervisor", tests, NULL, NULL);
}
