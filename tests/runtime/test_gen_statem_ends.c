/*
 * State machines: entering a state, the first one too; and that nothing which waits inside a machine is lost, doubled or
 * leaked, whatever end the machine comes to.
 */
#include "statem_probe.h"

/* -- entering -- */

/* At the start with the state itself, at each change with the old one, and again at a repeat; not at a keep nor at a
 * change to the same state. */
static void
a_state_is_told_that_it_is_entered_and_told_again_when_repeated(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = walk };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &entering, &p);
    assert_string_equal(p.seen, "a:enter0 "); /* before the spawn returns */
    cast(&h, pid, &p, TO_A);
    cast(&h, pid, &p, NOTE);
    cast(&h, pid, &p, TO_C);
    cast(&h, pid, &p, AGAIN);
    cast(&h, pid, &p, TO_B);
    harness_run(&h);
    assert_string_equal(
        p.seen, "a:enter0 a:cast100 a:cast106 a:cast102 c:enter0 c:cast110 c:enter2 c:cast101 b:enter2 ");
    harness_stop(&h);
}

static acta_transition
arm_on_entry(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    (void)p;
    if (event->type == ACTA_STATEM_ENTER && state == B) {
        acta_statem_set_state_timeout(self, 100, 2); /* instead of the one that the move has set */
        assert_int_equal(acta_statem_state_now(self), B);
    }
    if (event->type == ACTA_STATEM_CALL) { /* answered in another state */
        p->from = event->from;
        acta_statem_set_state_timeout(self, 10, 1);
        return acta_statem_next(B);
    }
    if (event->type == ACTA_STATEM_STATE_TIMEOUT && state == B) {
        acta_reply(
            acta_self_runtime(self), p->from, ACTA_OK, acta_message_create(acta_self_runtime(self), ANSWER, 0), NULL);
        return acta_statem_next(C);
    }
    return acta_statem_keep();
}

/* What entering asks for counts; a request is answered from another state than the one it came in. */
static void
entering_may_set_a_timeout_and_a_reply_may_come_from_another_state(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = arm_on_entry };
    answer a = { 0 };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &entering, &p);
    ask(&h, pid, &p, QUESTION, &a);
    harness_advance(&h, 90);
    assert_string_equal(p.seen, "a:enter0 a:call104 b:enter0 ");
    assert_int_equal(atomic_load(&a.count), 0);
    harness_advance(&h, 20);
    assert_string_equal(p.seen, "a:enter0 a:call104 b:enter0 b:state_timeout2 c:enter1 ");
    assert_int_equal(atomic_load(&a.count), 1);
    assert_int_equal(a.status, ACTA_OK);
    harness_stop(&h);
}

static acta_transition
misbehave_on_entry(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    if (event->type == ACTA_STATEM_CAST) {
        if (p->count == 4) acta_statem_postpone(self);
        return acta_statem_next(B);
    }
    if (event->type == ACTA_STATEM_ENTER && state == B) {
        switch (p->count) {
        case 0:
            return acta_statem_next(C);
        case 1:
            return acta_statem_repeat();
        case 2:
            acta_statem_postpone(self);
            break;
        case 3:
            acta_statem_next_event(self, counted(acta_self_runtime(self), p, 1));
            break;
        case 4:
            acta_set_exit_reason(self, ACTA_EXIT_SHUTDOWN, "enough");
            return acta_statem_stop();
        case 5:
            return acta_statem_next(B); /* is a keep */
        }
    }
    return acta_statem_keep();
}

/* It may not go elsewhere, repeat, postpone, or make events: FAILED. It may stop, and may say that it stays. */
static void
entering_may_stop_but_not_move_postpone_or_make_events(void **state)
{
    (void)state;
    harness h;
    static const char *const ends[] = { "b 3 state 'b' may not change or repeat the state as it is entered",
        "b 3 state 'b' may not change or repeat the state as it is entered",
        "b 3 cannot postpone in init, or as state 'b' is entered",
        "b 3 cannot make a next event as state 'b' is entered", "b 1 enough", "" };

    harness_start(&h, 0);
    for (uint32_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        probe p = { .step = misbehave_on_entry, .count = i };
        acta_pid pid = start(&h, &entering, &p);
        cast(&h, pid, &p, NOTE);
        harness_run(&h);
        assert_string_equal(p.end, ends[i]);
        assert_int_equal(atomic_load(&p.destroyed), i == 3 ? 2 : 1);
        if (acta_is_alive(h.runtime, pid)) assert_int_equal(acta_stop(h.runtime, pid, NULL, 1000, NULL), ACTA_OK);
    }
    harness_stop(&h);
}

static acta_status
begin_in(acta_self *self, probe *p, uint32_t *state_out, acta_error *error)
{
    acta_runtime *runtime = acta_self_runtime(self);

    if (p->count == 9) return acta_error_set(error, ACTA_REJECTED, "not today");
    if (p->count == 8) acta_fail(self, "not ever");
    *state_out = p->count;
    acta_statem_next_event(self, counted(runtime, p, 1));
    acta_statem_set_state_timeout(self, 30, 5);
    return ACTA_OK;
}

static acta_transition
stop_in_c(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    (void)p;
    if (state == C && event->type == ACTA_STATEM_ENTER) {
        acta_set_exit_reason(self, ACTA_EXIT_FAILED, "c is closed");
        return acta_statem_stop();
    }
    return acta_statem_keep();
}

/* Init says where to begin, makes events, sets timeouts. When it fails, or says what isn't, or entering stops, the spawn
 * fails with it, and nothing is left. */
static void
init_chooses_the_state_and_may_fail_in_every_way(void **state)
{
    (void)state;
    harness h;
    acta_pid pid;
    acta_error error;
    static const struct {
        uint32_t count;
        acta_status status;
        const char *text;
    } failures[] = { { 9, ACTA_REJECTED, "not today" }, { 8, ACTA_FAILED, "not ever" },
        { 3, ACTA_INVALID, "state machine 'probe' wants to begin in state 3, there are 3" },
        { C, ACTA_FAILED, "state machine 'probe' stopped as it entered 'c': c is closed" } };

    harness_start(&h, 0);
    probe p = { .step = stop_in_c, .init = begin_in, .count = B };
    start(&h, &entering, &p);
    cast(&h, start(&h, &plain, &(probe){ .step = walk }), &p, NOTE);
    harness_advance(&h, 50);
    assert_string_equal(p.seen, "b:enter1 b:internal1 b:state_timeout5 ");
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        probe q = { .step = stop_in_c, .init = begin_in, .count = failures[i].count };
        probe *given = &q;
        acta_status status = acta_spawn(
            h.runtime, &(acta_spawn_options){ .behaviour = &entering.base, .argument = &given }, &pid, &error);
        assert_int_equal(status, failures[i].status);
        assert_string_equal(error.text, failures[i].text);
        assert_int_equal(atomic_load(&q.destroyed), failures[i].count < 8 ? 1 : 0);
        assert_string_equal(q.end, "");
    }
    harness_stop(&h);
}

/* A machine without states, or with a state that lacks something, isn't started. */
static void
a_machine_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    static const acta_statem_state holes[] = { { "a", in_a }, { "b", NULL } };
    static const acta_statem_state nameless[] = { { NULL, in_a } };
    static const acta_statem none = { .base = ACTA_STATEM(.name = "none") };
    static const acta_statem hole = { .base = ACTA_STATEM(.name = "hole"), .states = holes, .state_count = 2 };
    static const acta_statem unnamed = { .base = ACTA_STATEM(.name = "unnamed"), .states = nameless, .state_count = 1 };
    static const struct {
        const acta_statem *what;
        const char *text;
    } bad[] = { { &none, "state machine 'none' has no states" },
        { &hole, "state 1 of state machine 'hole' has no function" },
        { &unnamed, "state 0 of state machine 'unnamed' has no name" } };
    harness h;
    acta_pid pid;
    acta_error error;

    harness_start(&h, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        acta_spawn_options options = { .behaviour = &bad[i].what->base };
        assert_int_equal(acta_spawn(h.runtime, &options, &pid, &error), ACTA_INVALID);
        assert_string_equal(error.text, bad[i].text);
    }
    harness_stop(&h);
}

/* -- ends -- */

static acta_transition
no_transition(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    (void)self;
    (void)state;
    (void)event;
    return p->count == 0 ? (acta_transition){ 0 } : acta_statem_next(17);
}

/* A bad return value ends the machine, with a name. */
static void
what_is_no_transition_fails_the_machine(void **state)
{
    (void)state;
    harness h;
    static const char *const ends[] = { "a 3 state 'a' returned no transition",
        "a 3 state 'a' wants to go to state 17, there are 3" };

    harness_start(&h, 0);
    for (uint32_t i = 0; i < 2; i++) {
        probe p = { .step = no_transition, .count = i };
        acta_pid pid = start(&h, &plain, &p);
        cast(&h, pid, &p, NOTE);
        harness_run(&h);
        assert_false(acta_is_alive(h.runtime, pid));
        assert_string_equal(p.end, ends[i]);
    }
    harness_stop(&h);
}

static void
keep_the_line(void *user, acta_log_level level, acta_str line)
{
    (void)level;
    snprintf(user, 1000, ACTA_FMT, ACTA_ARG(line));
}

/* A failure in a state function: terminate sees the state, the report names it, the caller in hand and those that were
 * postponed hear of it, and every message is destroyed once. */
static void
a_failure_answers_what_is_in_hand_and_what_is_postponed(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = walk, .count = 77 };
    answer first = { 0 }, second = { 0 };
    char line[1000] = "";

    harness_start(&h, 0);
    h.log = keep_the_line;
    h.log_user = line;
    acta_pid pid = start(&h, &plain, &p);
    ask(&h, pid, &p, QUESTION, &first);
    cast(&h, pid, &p, LATER);
    ask(&h, pid, &p, BREAK, &second);
    harness_run(&h);
    assert_string_equal(p.end, "a 3 asked to, in 0");
    assert_int_equal(atomic_load(&first.count), 1);
    assert_int_equal(first.status, ACTA_FAILED);
    assert_int_equal(second.status, ACTA_FAILED);
    assert_non_null(strstr(second.text, "asked to, in 0"));
    assert_non_null(strstr(line, "state: a; (2 postponed) count=77"));
    assert_int_equal(atomic_load(&p.destroyed), 3);
    harness_stop(&h);
}

/* GS-24: a kill runs no terminate; what the machine holds goes all the same. */
static void
a_killed_machine_gives_back_what_it_has_postponed(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = walk };
    answer a = { 0 };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &p);
    ask(&h, pid, &p, QUESTION, &a);
    cast(&h, pid, &p, LATER);
    harness_run(&h);
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &(acta_exit_reason){ .kind = ACTA_EXIT_KILLED });
    harness_run(&h);
    assert_false(acta_is_alive(h.runtime, pid));
    assert_string_equal(p.end, "");
    assert_int_equal(a.status, ACTA_FAILED);
    assert_int_equal(atomic_load(&p.destroyed), 2);
    harness_stop(&h);
}

static acta_transition
fail_when_retried(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    if (event->tag == LATER && state == A) acta_statem_postpone(self);
    if (event->tag == TO_B) return acta_statem_next(B);
    if (event->tag == LATER && state == B) {
        acta_statem_next_event(self, counted(acta_self_runtime(self), p, 1));
        if (p->count == 1) acta_message_destroy(acta_message_keep(self, event->message));
        acta_fail(self, "retried");
    }
    return acta_statem_keep();
}

/* A failure while an event is retried, with others behind it and next events asked for: all are destroyed once, the
 * one in hand, too, whether the handler has kept it or not. */
static void
a_failure_in_a_retry_gives_back_the_event_in_hand_and_the_rest(void **state)
{
    (void)state;
    harness h;

    harness_start(&h, 0);
    for (uint32_t i = 0; i < 2; i++) {
        probe p = { .step = fail_when_retried, .count = i };
        acta_pid pid = start(&h, &plain, &p);
        cast(&h, pid, &p, LATER);
        cast(&h, pid, &p, LATER);
        cast(&h, pid, &p, TO_B);
        cast(&h, pid, &p, NOTE);
        harness_run(&h);
        assert_false(acta_is_alive(h.runtime, pid));
        assert_int_equal(atomic_load(&p.destroyed), 5);
    }
    harness_stop(&h);
}

static acta_transition
keep_messages(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    if (event->tag == LATER && state == A) acta_statem_postpone(self);
    if (event->tag == LATER && state == B) p->kept = acta_message_keep(self, event->message);
    if (event->tag == TO_B) return acta_statem_next(B);
    if (event->tag == NOTE) {
        acta_message_destroy(p->kept);
        p->kept = NULL;
    }
    if (event->tag == BREAK) {
        acta_message_destroy(acta_message_keep(self, event->message));
        acta_statem_postpone(self);
    }
    return acta_statem_keep();
}

/* A retried message can be kept as any other; one that was kept can't be postponed. */
static void
a_message_may_be_kept_or_postponed_but_not_both(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = keep_messages };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, LATER);
    cast(&h, pid, &p, TO_B);
    harness_run(&h);
    assert_int_equal(atomic_load(&p.destroyed), 1);
    cast(&h, pid, &p, NOTE);
    harness_run(&h);
    assert_int_equal(atomic_load(&p.destroyed), 3);
    cast(&h, pid, &p, BREAK);
    harness_run(&h);
    assert_string_equal(p.end, "b 3 cannot postpone an event whose message was kept by acta_message_keep");
    assert_int_equal(atomic_load(&p.destroyed), 4);
    harness_stop(&h);
}

static void
from_another_actor(acta_self *self, void *user)
{
    (void)user;
    acta_statem_postpone(self);
}

static acta_next
misuse(acta_self *self, void *user, acta_message *message)
{
    (void)message;
    from_another_actor(self, user);
    return ACTA_NEXT;
}

/* A plain actor that postpones fails, and the report says why. */
static void
an_actor_that_is_no_machine_fails_when_it_acts_as_one(void **state)
{
    (void)state;
    harness h;
    char line[1000] = "";
    script s = { .cast = misuse };

    harness_start(&h, 0);
    h.log = keep_the_line;
    h.log_user = line;
    acta_pid pid = spawn(&h, &s);
    send_tag(&h, pid, 0);
    harness_run(&h);
    assert_false(acta_is_alive(h.runtime, pid));
    assert_non_null(strstr(line, "actor 'scripted' is no gen_statem"));
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_state_is_told_that_it_is_entered_and_told_again_when_repeated),
        cmocka_unit_test(entering_may_set_a_timeout_and_a_reply_may_come_from_another_state),
        cmocka_unit_test(entering_may_stop_but_not_move_postpone_or_make_events),
        cmocka_unit_test(init_chooses_the_state_and_may_fail_in_every_way),
        cmocka_unit_test(a_machine_that_is_not_whole_is_refused),
        cmocka_unit_test(what_is_no_transition_fails_the_machine),
        cmocka_unit_test(a_failure_answers_what_is_in_hand_and_what_is_postponed),
        cmocka_unit_test(a_killed_machine_gives_back_what_it_has_postponed),
        cmocka_unit_test(a_failure_in_a_retry_gives_back_the_event_in_hand_and_the_rest),
        cmocka_unit_test(a_message_may_be_kept_or_postponed_but_not_both),
        cmocka_unit_test(an_actor_that_is_no_machine_fails_when_it_acts_as_one),
    };
    return cmocka_run_group_tests_name("gen_statem_ends", tests, NULL, NULL);
}
