/*
 * State machines: every event finds the function of the state it is due in, in OTP's order, and nothing that waits inside
 * a machine is lost, doubled or leaked, whatever end the machine comes to. The cases follow OTP's gen_statem_SUITE.
 */
#include "harness.h"

#include "acta/gen_statem.h"
#include "acta/sys.h"

enum { A, B, C };
enum { TO_A = 100, TO_B, TO_C, LATER, QUESTION, ANSWER, NOTE, END, BREAK, KEEP, AGAIN, POKE };

typedef struct probe probe;
typedef acta_transition (*probe_step)(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event);
struct probe {
    probe_step step;
    acta_status (*init)(acta_self *self, probe *p, uint32_t *state_out, acta_error *error);
    char seen[4000]; /* "a:cast101 b:enter0 …" */
    char end[300];   /* what terminate saw */
    _Atomic uint64_t destroyed;
    _Atomic uint64_t handled;
    acta_from from;
    acta_message *kept;
    uint32_t count;
    acta_pid other;
    acta_statem_counts counts;
};

static const char *const type_names[] = { "call", "cast", "info", "internal", "enter", "state_timeout", "event_timeout",
    "timeout" };

static acta_transition
look(acta_self *self, void *data, const acta_statem_event *event, uint32_t state)
{
    probe *p = *(probe **)data;
    size_t used = strlen(p->seen);
    uint64_t number = event->type == ACTA_STATEM_ENTER     ? event->old_state
                      : event->type == ACTA_STATEM_INFO    ? (uint64_t)event->info->kind
                      : event->type == ACTA_STATEM_TIMEOUT ? event->tag
                      : event->message != NULL             ? event->tag
                                                           : event->user;

    snprintf(p->seen + used, sizeof p->seen - used, "%c:%s%llu ", "abc"[state], type_names[event->type],
        (unsigned long long)number);
    acta_transition t = p->step(self, p, state, event);
    atomic_fetch_add(&p->handled, 1);
    return t;
}

static acta_transition
in_a(acta_self *self, void *data, const acta_statem_event *event)
{
    return look(self, data, event, A);
}

static acta_transition
in_b(acta_self *self, void *data, const acta_statem_event *event)
{
    return look(self, data, event, B);
}

static acta_transition
in_c(acta_self *self, void *data, const acta_statem_event *event)
{
    return look(self, data, event, C);
}

static acta_status
probe_init(acta_self *self, void *data, const void *argument, uint32_t *state_out, acta_error *error)
{
    probe *const *given = argument;
    probe *p = *given;

    *(probe **)data = p;
    return p->init != NULL ? p->init(self, p, state_out, error) : ACTA_OK;
}

static void
probe_terminate(acta_self *self, void *data, uint32_t state, const acta_exit_reason *reason)
{
    probe *p = *(probe **)data;

    (void)self;
    snprintf(p->end, sizeof p->end, "%c %d %s", "abc"[state], (int)reason -> kind, reason -> text);
}

static void
probe_format(acta_self *self, const void *data, acta_format_use use, char *text, size_t size)
{
    const probe *p = *(probe *const *)data;

    (void)self;
    (void)use;
    snprintf(text, size, "count=%u", p->count);
}

static const acta_statem_state states[] = { [A] = { "a", in_a }, [B] = { "b", in_b }, [C] = { "c", in_c } };

#define PROBE_MACHINE                                                                                                  \
    .base = ACTA_STATEM(.name = "probe", .state_size = sizeof(probe *)), .states = states, .state_count = 3,           \
    .init = probe_init, .terminate = probe_terminate, .format = probe_format

static const acta_statem plain = { PROBE_MACHINE };
static const acta_statem entering = { PROBE_MACHINE, .state_enter = true };
static const acta_statem narrow = { PROBE_MACHINE, .postponed_count_max = 3 };
static const acta_statem narrow_bytes = { PROBE_MACHINE, .postponed_bytes_max = 1000 };

static acta_pid
start(harness *h, const acta_statem *what, probe *p)
{
    acta_pid pid = { 0 };
    acta_error error;

    acta_status status =
        acta_spawn(h->runtime, &(acta_spawn_options){ .behaviour = &what->base, .argument = &p }, &pid, &error);
    if (status != ACTA_OK) fail_msg("%s", error.text);
    return pid;
}

static void
count_destroyed(acta_message *message)
{
    probe *p;
    memcpy(&p, message->payload, sizeof p);
    atomic_fetch_add(&p->destroyed, 1);
}

/* A message whose destructor is counted. */
static acta_message *
counted(acta_runtime *runtime, probe *p, uint32_t tag)
{
    acta_message *message = acta_message_create(runtime, tag, sizeof p);

    if (message == NULL) return NULL;
    memcpy(message->payload, &p, sizeof p);
    message->destroy = count_destroyed;
    return message;
}

static void
cast(harness *h, acta_pid pid, probe *p, uint32_t tag)
{
    assert_int_equal(acta_send(h->runtime, pid, counted(h->runtime, p, tag)), ACTA_OK);
}

typedef struct answer {
    _Atomic uint64_t count;
    acta_status status;
    uint32_t tag;
    char text[ACTA_ERROR_TEXT_MAX];
} answer;

static void
note_answer(void *user, acta_status status, const acta_message *reply, const acta_error *error)
{
    answer *a = user;

    a->status = status;
    a->tag = reply != NULL ? reply->tag : 0;
    snprintf(a->text, sizeof a->text, "%s", error != NULL ? error->text : "");
    atomic_fetch_add(&a->count, 1);
}

static void
ask(harness *h, acta_pid pid, probe *p, uint32_t tag, answer *a)
{
    acta_call_async(h->runtime, pid, counted(h->runtime, p, tag), ACTA_INFINITE, note_answer, a);
}

/* Goes where it is told to; postpones LATER and QUESTION while in A; answers QUESTION elsewhere. */
static acta_transition
walk(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    acta_runtime *runtime = acta_self_runtime(self);

    if (event->type == ACTA_STATEM_ENTER) return acta_statem_keep();
    switch (event->tag) {
    case TO_A:
    case TO_B:
    case TO_C:
        return acta_statem_next(event->tag - TO_A);
    case QUESTION:
        if (state != A) {
            acta_reply(runtime, event->from, ACTA_OK, acta_message_create(runtime, ANSWER, 0), NULL);
            return acta_statem_keep();
        }
        acta_statem_postpone(self);
        return acta_statem_keep();
    case LATER:
        if (state == A) acta_statem_postpone(self);
        return acta_statem_keep();
    case AGAIN:
        return acta_statem_repeat();
    case END:
        return acta_statem_stop();
    case BREAK:
        acta_fail(self, "asked to, in %u", state);
    case POKE:
        acta_statem_counts_read(self, &p->counts);
        return acta_statem_keep();
    }
    return acta_statem_keep();
}

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

/* -- bounds, information, the system's messages, memory, threads -- */

/* Beyond the bound a request is answered with BUSY and a cast dropped; both are counted, and there is one line. What was
 * postponed before is not touched. */
static void
beyond_its_bound_an_event_is_refused_and_counted(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = walk };
    answer a = { 0 };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &narrow, &p);
    for (int i = 0; i < 5; i++)
        cast(&h, pid, &p, LATER);
    ask(&h, pid, &p, QUESTION, &a);
    cast(&h, pid, &p, POKE);
    harness_run(&h);
    assert_int_equal(a.status, ACTA_BUSY);
    assert_int_equal(p.counts.postponed, 3);
    assert_int_equal(p.counts.refused, 3);
    assert_true(p.counts.postponed_bytes >= 3 * sizeof(probe *));
    assert_int_equal(atomic_load(&h.log_lines), 1);
    p.seen[0] = '\0';
    cast(&h, pid, &p, TO_B);
    cast(&h, pid, &p, POKE);
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast101 b:cast103 b:cast103 b:cast103 b:cast111 ");
    assert_int_equal(p.counts.postponed_bytes, 0);
    assert_int_equal(atomic_load(&p.destroyed), 9);

    probe q = { .step = walk };
    pid = start(&h, &narrow_bytes, &q);
    acta_send(h.runtime, pid, acta_message_create(h.runtime, LATER, 2000));
    cast(&h, pid, &q, LATER);
    cast(&h, pid, &q, POKE);
    harness_run(&h);
    assert_int_equal(q.counts.postponed, 1);
    assert_int_equal(q.counts.refused, 1);
    harness_stop(&h);
}

static acta_transition
watch_others(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    acta_ref ref;

    if (event->type == ACTA_STATEM_INFO && state == A) acta_statem_postpone(self);
    if (event->type == ACTA_STATEM_INFO && state == B) {
        if (event->info->kind == ACTA_INFO_DOWN) {
            assert_int_equal(event->info->reason->kind, ACTA_EXIT_FAILED);
            assert_string_equal(event->info->reason->text, "broken");
        }
        if (event->info->kind == ACTA_INFO_REPLY && p->count++ == 0)
            assert_int_equal(event->info->message->tag, ANSWER);
        if (event->info->kind == ACTA_INFO_REPLY && p->count == 2) {
            assert_int_equal(event->info->status, ACTA_FAILED);
            assert_non_null(strstr(event->info->error->text, "broken"));
        }
        if (event->info->kind == ACTA_INFO_TIMER) {
            assert_int_equal(event->info->tag, 33);
            assert_int_equal(event->info->user, 44);
        }
    }
    if (event->tag == TO_B) return acta_statem_next(B);
    if (event->type == ACTA_STATEM_CAST && event->tag == POKE) {
        acta_runtime *runtime = acta_self_runtime(self);
        assert_int_equal(acta_monitor(self, p->other, &ref), ACTA_OK);
        acta_request(self, p->other, acta_message_create(runtime, ANSWER, 0), 1000, &ref);
        acta_request(self, p->other, acta_message_create(runtime, BREAK, 0), 1000, &ref);
        acta_send_after(self, 5, 33, 44, &ref);
    }
    return acta_statem_keep();
}

static acta_next
reply_or_break(acta_self *self, void *user, acta_from from, acta_message *message)
{
    acta_runtime *runtime = acta_self_runtime(self);

    (void)user;
    if (message->tag == BREAK) acta_fail(self, "broken");
    acta_reply(runtime, from, ACTA_OK, acta_message_create(runtime, ANSWER, 0), NULL);
    return ACTA_NEXT;
}

/* Information can be postponed, too: it comes again with its reason, its reply, its error, its timer's words. */
static void
postponed_information_comes_again_whole(void **state)
{
    (void)state;
    harness h;
    script s = { .call = reply_or_break };

    harness_start(&h, 0);
    probe p = { .step = watch_others, .other = spawn(&h, &s) };
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, POKE);
    harness_advance(&h, 10);
    assert_string_equal(p.seen, "a:cast111 a:info3 a:info3 a:info0 a:info2 ");
    cast(&h, pid, &p, TO_B);
    p.seen[0] = '\0';
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast101 b:info3 b:info3 b:info0 b:info2 ");
    assert_true(acta_is_alive(h.runtime, pid));
    assert_int_equal(p.count, 2);
    harness_stop(&h);
}

/* Suspended between a change and the retry it makes: the queue waits with the mailbox. The state is shown by its name. */
static void
a_suspended_machine_retries_when_it_is_resumed(void **state)
{
    (void)state;
    harness h;
    probe p = { .step = walk, .count = 5 };
    char text[100];

    harness_start_with(&h, (acta_runtime_config){ .manual = true, .budget = 1 });
    acta_pid pid = start(&h, &plain, &p);
    cast(&h, pid, &p, LATER);
    harness_run(&h);
    assert_int_equal(acta_sys_state(h.runtime, pid, text, sizeof text, 1000, NULL), ACTA_OK);
    assert_string_equal(text, "a; (1 postponed) count=5");
    assert_int_equal(acta_sys_suspend(h.runtime, pid, 1000, NULL), ACTA_OK);
    cast(&h, pid, &p, TO_B);
    cast(&h, pid, &p, NOTE);
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast103 ");
    assert_int_equal(acta_sys_resume(h.runtime, pid, 1000, NULL), ACTA_OK);
    harness_run(&h);
    assert_string_equal(p.seen, "a:cast103 a:cast101 b:cast103 b:cast106 ");
    harness_stop(&h);
}

static acta_transition
do_it_all(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    if (event->type == ACTA_STATEM_CAST && state == A && event->tag == LATER) acta_statem_postpone(self);
    if (event->type == ACTA_STATEM_CAST && state == A && event->tag == TO_B) {
        acta_message *own = counted(acta_self_runtime(self), p, 1);
        if (own != NULL) p->count++;
        acta_statem_next_event(self, own);
        for (uint32_t name = 0; name < 6; name++)
            acta_statem_set_timeout(self, name, 10, 0);
        acta_statem_set_state_timeout(self, 5, 0);
        return acta_statem_next(B);
    }
    return acta_statem_keep();
}

/* GS-31: the n-th allocation fails, for every n until none does: the spawn fails, or the machine; nothing leaks. */
static void
memory_may_run_out_at_any_point(void **state)
{
    (void)state;
    bool is_through = false;

    for (int64_t n = 0; !is_through && n < 200; n++) {
        harness h;
        probe p = { .step = do_it_all };
        probe *given = &p;
        acta_pid pid;
        acta_error error;
        uint64_t made = 0;

        harness_start(&h, 0);
        atomic_store(&h.allocs_left, n);
        acta_status status =
            acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &plain.base, .argument = &given }, &pid, &error);
        if (status == ACTA_OK) {
            static const uint32_t tags[] = { LATER, TO_B, NOTE };
            for (int i = 0; i < 3; i++) {
                acta_message *message = counted(h.runtime, &p, tags[i]);
                made += message != NULL;
                acta_send(h.runtime, pid, message);
            }
            harness_run(&h);
            is_through = acta_is_alive(h.runtime, pid) && strstr(p.seen, "b:cast106") != NULL;
        } else
            assert_int_equal(status, ACTA_NO_MEMORY);
        atomic_store(&h.allocs_left, -1);
        harness_stop(&h);
        assert_int_equal(atomic_load(&p.destroyed), made + p.count);
    }
    assert_true(is_through);
}

static acta_transition
flip(acta_self *self, probe *p, uint32_t state, const acta_statem_event *event)
{
    acta_runtime *runtime = acta_self_runtime(self);

    switch (event->type) {
    case ACTA_STATEM_CALL:
        if (state == A)
            acta_statem_postpone(self);
        else
            acta_reply(runtime, event->from, ACTA_OK, NULL, NULL);
        break;
    case ACTA_STATEM_CAST:
        p->count++;
        acta_statem_set_state_timeout(self, 1 + p->count % 3, 0);
        return acta_statem_next((state + 1) % 2);
    case ACTA_STATEM_STATE_TIMEOUT:
        return acta_statem_next(B);
    default:
        break;
    }
    p->seen[0] = '\0';
    return acta_statem_keep();
}

/* Callers and casters on other threads, timers ringing, states changing: each call is answered once, and all is freed. */
static void
calls_from_many_threads_are_all_answered_while_the_state_changes(void **state)
{
    (void)state;
    enum { CALLS = 3000 };
    harness h;
    static probe p;
    static answer answers[CALLS];
    _Atomic uint64_t *last = &answers[CALLS - 1].count;

    memset(&p, 0, sizeof p);
    memset(answers, 0, sizeof answers);
    p.step = flip;
    harness_start(&h, 2);
    acta_pid pid = start(&h, &plain, &p);
    for (int i = 0; i < CALLS; i++) {
        acta_call_async(h.runtime, pid, acta_message_create(h.runtime, 0, 0), ACTA_INFINITE, note_answer, &answers[i]);
        if (i % 3 == 0) cast(&h, pid, &p, NOTE);
        if (i % 500 == 0) await_count(&h, &answers[i].count, 1);
    }
    await_count(&h, last, 1);
    for (int i = 0; i < CALLS; i++) {
        assert_int_equal(atomic_load(&answers[i].count), 1);
        assert_true(answers[i].status == ACTA_OK || answers[i].status == ACTA_BUSY);
    }
    harness_stop(&h);
    assert_int_equal(atomic_load(&p.destroyed), (CALLS + 2) / 3);
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
        cmocka_unit_test(beyond_its_bound_an_event_is_refused_and_counted),
        cmocka_unit_test(postponed_information_comes_again_whole),
        cmocka_unit_test(a_suspended_machine_retries_when_it_is_resumed),
        cmocka_unit_test(memory_may_run_out_at_any_point),
        cmocka_unit_test(calls_from_many_threads_are_all_answered_while_the_state_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
