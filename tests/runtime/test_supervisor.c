/*
 * Supervisors within supervisors, slow starts, delays before restarts, and what errors say. The other tests of
 * supervisors are in test_supervisor_*.c.
 */
#include "nursery.h"

#define RUNTIME n->h.runtime

static const acta_strategy strategies[] = { ACTA_ONE_FOR_ONE, ACTA_ONE_FOR_ALL, ACTA_REST_FOR_ONE };

static nursery *
plant_by(acta_strategy strategy, uint32_t count)
{
    nursery *n = plant(count);
    n->options.strategy = strategy;
    n->options.intensity = ACTA_INTENSITY_UNLIMITED;
    return n;
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

/* SUP-41: in every strategy delays grow, are capped and jittered, are seen as RESTARTING, nobody starts before its time,
 * and terminate during the wait cancels the restart. */
static void
backoff_holds_in_every_strategy(void **state)
{
    (void)state;
    static const uint64_t delays[] = { 100, 200, 400, 500, 500 };
    for (size_t s = 0; s < 3; s++) {
        nursery *n = plant_by(strategies[s], 2);
        n->options.backoff = (acta_backoff){ .min_ms = 100, .max_ms = 500, .jitter_percent = 20 };
        must_grow(n);
        bool jittered = false;
        for (int i = 0; i < 5; i++) {
            uint32_t starts = n->workers[1].start_count;
            uint64_t died_ns = atomic_load(&n->h.now_ns);
            order(n, "b", DIE);
            assert_int_equal(state_of(n, "b"), ACTA_CHILD_RESTARTING);
            if (strategies[s] == ACTA_ONE_FOR_ALL) assert_int_equal(state_of(n, "a"), ACTA_CHILD_RESTARTING);
            harness_advance(&n->h, delays[i] - delays[i] / 5 - 1);
            assert_int_equal(n->workers[1].start_count, starts);
            harness_advance(&n->h, 2 * delays[i] / 5 + 2);
            assert_int_equal(n->workers[1].start_count, starts + 1);
            uint64_t waited_ms = (n->workers[1].started_ns[starts] - died_ns) / 1000000;
            assert_in_range(waited_ms, delays[i] * 4 / 5, delays[i] * 6 / 5);
            if (waited_ms != delays[i]) jittered = true;
        }
        assert_true(jittered);
        order(n, "b", DIE);
        assert_int_equal(acta_supervisor_terminate_child(RUNTIME, n->pid, "b", NULL), ACTA_OK);
        assert_int_equal(state_of(n, "b"), ACTA_CHILD_STOPPED);
        n->d.text[0] = '\0';
        harness_advance(&n->h, 60000);
        expect_diary(n, strategies[s] == ACTA_ONE_FOR_ALL ? "+a " : "");
        assert_true(is_up(n, "a"));
        assert_int_equal(acta_supervisor_restart_child(RUNTIME, n->pid, "b", NULL, NULL), ACTA_OK);
        uproot(n);
    }
}

/* SUP-41: dynamic children wait each for their own restart, known by their last pid, by which it can be cancelled. */
static void
a_dynamic_child_in_backoff_is_known_by_its_last_pid(void **state)
{
    (void)state;
    nursery *n = plant_by(ACTA_SIMPLE_ONE_FOR_ONE, 1);
    acta_started first, second;
    acta_child_counts counts;

    n->specs[0].start.name = (acta_str){ 0 };
    n->options.backoff = (acta_backoff){ .min_ms = 1000, .jitter_percent = 1 };
    must_grow(n);
    assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, n->pid, NULL, 0, &first, NULL), ACTA_OK);
    assert_int_equal(acta_supervisor_start_dynamic(RUNTIME, n->pid, &n->scripts[1], 0, &second, NULL), ACTA_OK);
    send_tag(&n->h, first.pid, DIE);
    send_tag(&n->h, second.pid, DIE);
    harness_run(&n->h);
    assert_int_equal(acta_supervisor_count(RUNTIME, n->pid, &counts, NULL), ACTA_OK);
    assert_int_equal(counts.active, 0);
    assert_int_equal(counts.workers, 2);
    assert_int_equal(acta_supervisor_terminate_pid(RUNTIME, n->pid, first.pid, NULL), ACTA_OK);
    n->d.text[0] = '\0';
    harness_advance(&n->h, 1100);
    expect_diary(n, "+b ");
    uproot(n);
}

/* SUP-42: the wall clock goes back and forward by an hour: windows and backoff see nothing of it. */
static void
a_wall_clock_that_jumps_changes_nothing(void **state)
{
    (void)state;
    static const int64_t hour_us = INT64_C(3600000000);
    nursery *n = plant(1);

    n->options.intensity = 1;
    n->options.period_ms = 1000;
    n->options.backoff = (acta_backoff){ .min_ms = 300, .jitter_percent = 1 };
    must_grow(n);
    order(n, "a", DIE);
    atomic_store(&n->h.wall_jump_us, hour_us);
    harness_advance(&n->h, 296);
    assert_false(is_up(n, "a"));
    atomic_store(&n->h.wall_jump_us, -hour_us);
    harness_advance(&n->h, 8);
    assert_true(is_up(n, "a"));
    harness_advance(&n->h, 697);
    order(n, "a", DIE); /* 1,001 ms after the first */
    atomic_store(&n->h.wall_jump_us, hour_us);
    harness_advance(&n->h, 700);
    assert_true(is_up(n, "a"));
    order(n, "a", DIE); /* 700 ms after the second */
    assert_int_equal(alive_count(n), 0);
    uproot(n);
}

/* -- a slow start -- */

typedef struct slow {
    uint32_t deadline_ms;
    _Atomic uint32_t starts, gave_up;
} slow;

static acta_status
slow_init(acta_self *self, void *user, acta_error *error)
{
    slow *s = user;
    acta_ref ref;

    (void)error;
    atomic_fetch_add(&s->starts, 1);
    return acta_send_after(self, s->deadline_ms, 0, 0, &ref); /* what it begins here must be through by then */
}

static acta_next
slow_info(acta_self *self, void *user, const acta_info *info)
{
    slow *s = user;

    (void)info;
    atomic_fetch_add(&s->gave_up, 1);
    acta_fail(self, "not ready in time");
}

/* SUP-09: an init can't be ended from outside, so a start that may take long goes on behind init, with a deadline of its
 * own: when that passes the child fails, is restarted and at last given up, its siblings aren't kept waiting, a shutdown
 * reaches it at any time, and no orphan is left. */
static void
a_start_that_never_ends_is_ended_behind_init(void **state)
{
    (void)state;
    nursery *n = plant(2);
    slow s = { .deadline_ms = 100 };
    script what = { .init = slow_init, .info = slow_info, .user = &s };

    n->specs[0] = (acta_child_spec){ .id = "slow", .start = { .behaviour = &scripted, .argument = &what } };
    n->options.intensity = 2;
    assert_int_equal(grow(n, NULL), ACTA_OK);
    expect_diary(n, "+b ");
    harness_advance(&n->h, 99);
    assert_int_equal(s.starts, 1);
    harness_advance(&n->h, 1);
    assert_int_equal(s.starts, 2);
    harness_advance(&n->h, 1000);
    assert_int_equal(s.gave_up, 3);
    assert_int_equal(alive_count(n), 0);

    n->options.intensity = ACTA_INTENSITY_UNLIMITED;
    must_grow(n);
    tell(n, n->pid, ACTA_EXIT_SHUTDOWN); /* while it starts */
    assert_int_equal(alive_count(n), 0);
    uproot(n);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_that_can_t_start_ends_those_before_it_and_the_call_says_who),
        cmocka_unit_test(wrong_options_are_refused_each_with_its_reason),
        cmocka_unit_test(backoff_grows_is_capped_and_begins_again_after_calm),
        cmocka_unit_test(the_first_restart_is_at_once_when_asked_for),
        cmocka_unit_test(a_stop_while_a_child_waits_for_its_restart_starts_nothing),
        cmocka_unit_test(supervisors_nest_escalate_and_stop_bottom_up),
        cmocka_unit_test(a_nested_start_that_fails_rolls_back_every_level),
        cmocka_unit_test(backoff_holds_in_every_strategy),
        cmocka_unit_test(a_dynamic_child_in_backoff_is_known_by_its_last_pid),
        cmocka_unit_test(a_wall_clock_that_jumps_changes_nothing),
        cmocka_unit_test(a_start_that_never_ends_is_ended_behind_init),
    };
    return cmocka_run_group_tests_name("supervisor", tests, NULL, NULL);
}
