/*
 * Ending an actor in order: acta_stop from outside, acta_request_stop from another actor.
 */
#include "ledger_probe.h"

/* GS-17: terminate runs once, with the reason, behind what was sent before, whether the actor traps or not. */
static void
a_stop_ends_an_actor_in_order_with_its_reason(void **state)
{
    (void)state;
    static const acta_exit_reason reasons[] = { { .kind = ACTA_EXIT_NORMAL },
        { .kind = ACTA_EXIT_SHUTDOWN, .text = "tonight" }, { .kind = ACTA_EXIT_FAILED, .text = "broken" } };

    for (int traps = 0; traps < 2; traps++) {
        for (int i = 0; i < 3; i++) {
            harness h;
            ledger l;

            harness_start(&h, 0);
            acta_pid pid = open_a(&h, &open_book, &l);
            if (traps != 0) send_tag(&h, pid, TRAP);
            send_tag(&h, pid, ADD);
            assert_int_equal(acta_stop(h.runtime, pid, i == 0 ? NULL : &reasons[i], 1000, NULL), ACTA_OK);
            assert_false(acta_is_alive(h.runtime, pid));
            assert_int_equal(l.sum, 1);
            assert_int_equal(l.terminated, 1);
            assert_int_equal(l.why.kind, reasons[i].kind);
            assert_string_equal(l.why.text, reasons[i].text);
            assert_int_equal(acta_stop(h.runtime, pid, NULL, 1000, NULL), ACTA_NOPROC);
            harness_stop(&h);
        }
    }
}

/* GS-17: what a stop can't do, and says. */
static void
a_stop_tells_what_became_of_it(void **state)
{
    (void)state;
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED }, noproc = { .kind = ACTA_EXIT_NOPROC };
    harness h;
    ledger l;
    acta_error error;

    harness_start(&h, 0);
    acta_pid pid = open_a(&h, &open_book, &l);
    assert_int_equal(acta_stop(h.runtime, pid, &kill, 1000, &error), ACTA_INVALID);
    assert_int_equal(acta_stop(h.runtime, pid, &noproc, 1000, &error), ACTA_INVALID);
    assert_int_equal(acta_stop(h.runtime, (acta_pid){ 0 }, NULL, 1000, &error), ACTA_NOPROC);
    send_tag(&h, pid, FAIL_IN_TERMINATE);
    assert_int_equal(acta_stop(h.runtime, pid, NULL, 1000, &error), ACTA_FAILED);
    assert_string_equal(error.text, "actor 'book' was to stop and ended otherwise: no way to end");
    assert_int_equal(l.terminated, 1);

    pid = open_a(&h, &open_book, &l); /* killed before it comes to it */
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &kill);
    assert_int_equal(acta_stop(h.runtime, pid, NULL, 1000, &error), ACTA_NOPROC);
    harness_stop(&h);
}

/* GS-17: the caller goes after its time; the server ends when it comes to it. */
static void
a_stop_that_takes_too_long_still_happens(void **state)
{
    (void)state;
    harness h;
    ledger l;
    acta_error error;

    harness_start(&h, 2);
    acta_pid pid = open_a(&h, &open_book, &l);
    send_tag(&h, pid, SLEEP);
    assert_int_equal(acta_stop(h.runtime, pid, NULL, 1, &error), ACTA_TIMEOUT);
    atomic_store(&l.may_wake, true);
    await_dead(&h, pid);
    harness_stop(&h);
    assert_int_equal(l.terminated, 1);
}

typedef struct stopper {
    acta_pid target;
    acta_exit_reason reason;
    acta_status answer;
    _Atomic uint64_t answered;
    bool target_was_alive;
    acta_ref ref;
} stopper;

static acta_next
stop_another(acta_self *self, void *user, acta_message *message)
{
    stopper *s = user;
    acta_error error;

    (void)message;
    assert_int_equal(acta_stop(acta_self_runtime(self), s->target, NULL, 100, &error), ACTA_CALLING_SELF);
    acta_status status = acta_request_stop(self, s->target, &s->reason, 1000, &s->ref);
    assert_int_equal(status, s->reason.kind == ACTA_EXIT_KILLED ? ACTA_INVALID : ACTA_OK);
    return ACTA_NEXT;
}

static acta_next
note_the_answer(acta_self *self, void *user, const acta_info *info)
{
    stopper *s = user;

    assert_int_equal(info->kind, ACTA_INFO_REPLY);
    assert_true(acta_ref_equal(info->ref, s->ref));
    s->answer = info->status;
    s->target_was_alive = acta_is_alive(acta_self_runtime(self), s->target);
    atomic_fetch_add(&s->answered, 1);
    return ACTA_NEXT;
}

/* GS-17: an actor asks, and is told when the other has ended; also when the other is itself, or dead. */
static void
an_actor_stops_another_without_waiting(void **state)
{
    (void)state;
    harness h;
    ledger l;
    stopper s = { .reason = { .kind = ACTA_EXIT_SHUTDOWN } };
    script stopping = { .cast = stop_another, .info = note_the_answer, .user = &s };

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &stopping);
    s.target = open_a(&h, &open_book, &l);
    send_tag(&h, pid, 1);
    harness_run(&h);
    assert_int_equal(atomic_load(&s.answered), 1);
    assert_int_equal(s.answer, ACTA_OK);
    assert_false(s.target_was_alive);
    assert_int_equal(l.why.kind, ACTA_EXIT_SHUTDOWN);

    send_tag(&h, pid, 1); /* dead now */
    harness_run(&h);
    assert_int_equal(atomic_load(&s.answered), 2);
    assert_int_equal(s.answer, ACTA_NOPROC);

    s.reason.kind = ACTA_EXIT_KILLED;
    send_tag(&h, pid, 1);
    harness_run(&h);
    s.reason.kind = ACTA_EXIT_NORMAL;
    s.target = pid;
    send_tag(&h, pid, 1);
    harness_run(&h);
    assert_false(acta_is_alive(h.runtime, pid));
    assert_int_equal(atomic_load(&s.answered), 2);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_ends_an_actor_in_order_with_its_reason),
        cmocka_unit_test(a_stop_tells_what_became_of_it),
        cmocka_unit_test(a_stop_that_takes_too_long_still_happens),
        cmocka_unit_test(an_actor_stops_another_without_waiting),
    };
    return cmocka_run_group_tests_name("sys_stop", tests, NULL, NULL);
}
