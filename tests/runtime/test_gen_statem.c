/*
 * State machines: every event finds the function of the state it is due in, in OTP's order: postponed ones, those that
 * come next, timeouts. The cases follow OTP's gen_statem_SUITE.
 */
#include "statem_probe.h"

/* Each event goes to the function of the state that the one before led to; the one that is told "stay" stays. */
static void
each_event_finds_the_function_of_its_state(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = walk };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, NOTE);
    cast(&h, pid, &p, TO_B);
    cast(&h, pid, &p, NOTE);
    cast(&h, pid, &p, TO_B);
    cast(&h, pid, &p, TO_C);
    cast(&h, pid, &p, AGAIN);
    cast(&h, pid, &p, END);
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast106 a:cast101 b:cast106 b:cast101 b:cast102 c:cast110 c:cast107 ");
    assert_string_equal(p.end, "c 0 ");
    assert_false(acta_is_alive(h.runtime, pid));
    assert_int_equal(atomic_load(&p.destroyed), 7);
    harness_stop(&h);
}

/* Postponed events come again after the change, the oldest first, and before what has come since; not on a keep, a
 * repeat, or a change to the same state. */
static void
postponed_events_are_retried_in_order_after_a_change_and_before_newer_ones(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = walk };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &p);
    answer a = { 0 };
    cast(&h, pid, &p, LATER);
    ask(&h, pid, &p, QUESTION, &a);
    cast(&h, pid, &p, NOTE);
    cast(&h, pid, &p, TO_A);
    cast(&h, pid, &p, AGAIN);
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast103 a:call104 a:cast106 a:cast100 a:cast110 ");
    assert_int_equal(atomic_load(&a.count), 0);
    cast(&h, pid, &p, TO_B);
    cast(&h, pid, &p, NOTE);
    p.seen[0] = '\0';
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast101 b:cast103 b:call104 b:cast106 ");
    assert_int_equal(atomic_load(&a.count), 1);
    assert_int_equal(a.status, ACTA_OK);
    assert_int_equal(a.tag, ANSWER);
    assert_int_equal(atomic_load(&p.destroyed), 7);
    harness_stop(&h);
}

static acta_transition
postpone_twice(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    (void)p;
    if (event->tag == LATER && state != C) acta_statem_postpone(self);
    if (event->tag == TO_B || event->tag == TO_C) return acta_statem_next(event->tag - TO_A);
    if (event->tag == NOTE && state == B) { /* the event that changes the state is itself postponed */
        acta_statem_postpone(self);
        return acta_statem_next(C);
    }
    return acta_statem_keep();
}

/* One that is postponed when it is retried waits for the next change; an event may be postponed by the very move that
 * leaves the state, and then comes last of those retried. */
static void
an_event_may_be_postponed_again_and_by_the_move_itself(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = postpone_twice };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, LATER);
    cast(&h, pid, &p, LATER);
    cast(&h, pid, &p, TO_B);
    cast(&h, pid, &p, NOTE);
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast103 a:cast103 a:cast101 b:cast103 b:cast103 b:cast106 "
                                "c:cast103 c:cast103 c:cast106 ");
    assert_int_equal(atomic_load(&p.destroyed), 4);
    harness_stop(&h);
}

static acta_transition
change_while_retrying(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    (void)p;
    if (event->tag == LATER && state == A) acta_statem_postpone(self);
    if (event->tag == TO_B && state == A) return acta_statem_next(B);
    if (event->tag == LATER && state == B) return acta_statem_next(C);
    if (event->tag == NOTE && state != C) acta_statem_postpone(self);
    return acta_statem_keep();
}

/* A retried event changes the state while others are still to be retried: those go on in the new state, behind what was
 * postponed meanwhile. */
static void
a_change_during_the_retry_takes_the_rest_along(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = change_while_retrying };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, NOTE);
    cast(&h, pid, &p, LATER);
    cast(&h, pid, &p, LATER);
    cast(&h, pid, &p, TO_B);
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast106 a:cast103 a:cast103 a:cast101 b:cast106 b:cast103 c:cast106 c:cast103 ");
    harness_stop(&h);
}

static acta_transition
insert_events(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    acta_runtime *runtime = acta_self_runtime(self);

    if (event->type == ACTA_STATEM_CAST && event->tag == LATER && state == A) acta_statem_postpone(self);
    if (event->type == ACTA_STATEM_CAST && event->tag == TO_B) {
        acta_statem_next_event(self, counted(runtime, p, 1));
        acta_statem_next_event(self, counted(runtime, p, 2));
        acta_statem_set_state_timeout(self, 0, 9);
        return acta_statem_next(B);
    }
    if (event->type == ACTA_STATEM_INTERNAL && event->tag == 1) acta_statem_next_event(self, counted(runtime, p, 3));
    return acta_statem_keep();
}

/* Next events in the order asked for, before those retried, those before a timeout of 0, that before the mailbox. */
static void
next_events_come_first_then_the_retried_then_timeouts_of_zero(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = insert_events };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, LATER);
    cast(&h, pid, &p, TO_B);
    cast(&h, pid, &p, NOTE);
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast103 a:cast101 b:internal1 b:internal3 b:internal2 b:cast103 b:state_timeout9 "
                                "b:cast106 ");
    assert_int_equal(atomic_load(&p.destroyed), 6);
    harness_stop(&h);
}

static acta_transition
time_out(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    (void)state;
    if (event->type == ACTA_STATEM_ENTER || event->message == NULL) return acta_statem_keep();
    switch (event->tag) {
    case TO_B: /* one of the state we go to */
        acta_statem_set_state_timeout(self, 100, 1);
        return acta_statem_next(B);
    case TO_C:
        return acta_statem_next(C);
    case LATER:
        acta_statem_set_event_timeout(self, p->count, 2);
        return acta_statem_keep();
    case KEEP:
        acta_statem_set_state_timeout(self, p->count, 3);
        return acta_statem_keep();
    case ANSWER:
        acta_statem_set_timeout(self, 7, 50, 4);
        acta_statem_set_timeout(self, 8, 60, 5);
        return acta_statem_keep();
    case QUESTION:
        acta_statem_set_timeout(self, 7, p->count, 6);
        return acta_statem_keep();
    }
    return acta_statem_keep();
}

/* A change cancels it, staying doesn't; one that is set with the change belongs to the new state; set again it begins
 * anew, and infinite it is gone. */
static void
a_state_timeout_ends_with_its_state(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = time_out };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, TO_B);
    harness_advance(&h, 60);
    cast(&h, pid, &p, NOTE);
    harness_advance(&h, 60);
    assert_string_equal(p.seen, "a:cast101 b:cast106 b:state_timeout1 ");

    p.seen[0] = '\0';
    p.count = 50;
    cast(&h, pid, &p, KEEP);
    harness_advance(&h, 40);
    cast(&h, pid, &p, TO_C); /* cancels it */
    harness_advance(&h, 100);
    cast(&h, pid, &p, KEEP);
    harness_advance(&h, 40);
    cast(&h, pid, &p, KEEP); /* anew */
    harness_advance(&h, 40);
    assert_string_equal(p.seen, "b:cast109 b:cast102 c:cast109 c:cast109 ");
    harness_advance(&h, 20);
    p.count = ACTA_INFINITE;
    cast(&h, pid, &p, KEEP);
    harness_advance(&h, 1000);
    assert_string_equal(p.seen, "b:cast109 b:cast102 c:cast109 c:cast109 c:state_timeout3 c:cast109 ");
    harness_stop(&h);
}

/* It has rung and lies in the mailbox, behind the event that changes the state: it never comes. */
static void
a_timeout_that_is_due_already_is_still_cancelled(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = time_out };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, TO_B);
    harness_run(&h);
    cast(&h, pid, &p, TO_C);
    atomic_fetch_add(&h.now_ns, UINT64_C(200000000)); /* the move is in the mailbox first, then the timer rings */
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast101 b:cast102 ");
    harness_stop(&h);
}

/* Any event cancels an event timeout: a cast, information, another timeout. Alone it comes. */
static void
an_event_timeout_is_cancelled_by_any_event(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = time_out, .count = 100 };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, LATER);
    harness_advance(&h, 50);
    cast(&h, pid, &p, NOTE);
    harness_advance(&h, 200);
    assert_string_equal(p.seen, "a:cast103 a:cast106 ");
    p.seen[0] = '\0';
    cast(&h, pid, &p, ANSWER); /* timeouts at 50 and 60 */
    cast(&h, pid, &p, LATER);
    harness_advance(&h, 200);
    assert_string_equal(p.seen, "a:cast105 a:cast103 a:timeout7 a:timeout8 ");
    p.seen[0] = '\0';
    cast(&h, pid, &p, LATER);
    harness_advance(&h, 200);
    assert_string_equal(p.seen, "a:cast103 a:event_timeout2 ");
    harness_stop(&h);
}

/* Of 0 ms it comes before the mailbox's next message. */
static void
a_timeout_of_zero_comes_before_what_the_mailbox_holds(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = time_out, .count = 0 };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, LATER);
    cast(&h, pid, &p, NOTE);
    cast(&h, pid, &p, KEEP);
    cast(&h, pid, &p, QUESTION);
    cast(&h, pid, &p, NOTE);
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast103 a:event_timeout2 a:cast106 a:cast109 a:state_timeout3 a:cast104 a:timeout7 "
                                "a:cast106 ");
    assert_int_equal(acta_runtime_next_timer_ns(h.runtime), UINT64_MAX); /* no timer was begun */
    harness_stop(&h);
}

/* Named timeouts run side by side, outlive the state, are begun anew by name and cancelled by it. */
static void
named_timeouts_run_side_by_side_and_outlive_the_state(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = time_out };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, ANSWER);
    cast(&h, pid, &p, TO_C);
    harness_advance(&h, 100);
    assert_string_equal(p.seen, "a:cast105 a:cast102 c:timeout7 c:timeout8 ");
    p.seen[0] = '\0';
    p.count = 80;
    cast(&h, pid, &p, ANSWER);
    cast(&h, pid, &p, QUESTION);
    harness_advance(&h, 100);
    assert_string_equal(p.seen, "c:cast105 c:cast104 c:timeout8 c:timeout7 ");
    p.seen[0] = '\0';
    p.count = ACTA_INFINITE;
    cast(&h, pid, &p, ANSWER);
    cast(&h, pid, &p, QUESTION);
    harness_advance(&h, 100);
    assert_string_equal(p.seen, "c:cast105 c:cast104 c:timeout8 ");
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_finds_the_function_of_its_state),
        cmocka_unit_test(postponed_events_are_retried_in_order_after_a_change_and_before_newer_ones),
        cmocka_unit_test(an_event_may_be_postponed_again_and_by_the_move_itself),
        cmocka_unit_test(a_change_during_the_retry_takes_the_rest_along),
        cmocka_unit_test(next_events_come_first_then_the_retried_then_timeouts_of_zero),
        cmocka_unit_test(a_state_timeout_ends_with_its_state),
        cmocka_unit_test(a_timeout_that_is_due_already_is_still_cancelled),
        cmocka_unit_test(an_event_timeout_is_cancelled_by_any_event),
        cmocka_unit_test(a_timeout_of_zero_comes_before_what_the_mailbox_holds),
        cmocka_unit_test(named_timeouts_run_side_by_side_and_outlive_the_state),
    };
    return cmocka_run_group_tests_name("gen_statem", tests, NULL, NULL);
}
