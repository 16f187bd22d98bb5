/*
 * System messages: holding an actor still, looking into it, counting, tracing; and ending it in order.
 */
#include "harness.h"

#include <pthread.h>

#include "acta/sys.h"

enum { ADD = 1, GET, TIMER, ASK, WATCH, FAIL_IN_TERMINATE, TRAP, SLEEP, GO_ON };

typedef struct ledger {
    uint64_t sum;
    uint32_t trace[64], trace_count;
    bool fails_in_terminate;
    _Atomic bool may_wake; /* from SLEEP */
    uint64_t terminated;
    acta_exit_reason why;
    acta_pid other;
    acta_status answer;
    _Atomic uint64_t answers;
} ledger;

typedef struct book {
    ledger *ledger; /* the test's */
} book;

static acta_status
book_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    (void)self;
    (void)error;
    ((book *)state)->ledger = (ledger *)(uintptr_t)argument;
    return ACTA_OK;
}

static acta_next
book_cast(acta_self *self, void *state, acta_message *message)
{
    ledger *l = ((book *)state)->ledger;
    acta_ref ref;

    if (l->trace_count < 64) l->trace[l->trace_count++] = message->tag;
    switch (message->tag) {
    case ADD:
        l->sum++;
        break;
    case TIMER:
        acta_send_after(self, 5, 7, 0, &ref);
        break;
    case ASK:
        acta_request(self, l->other, acta_message_create(acta_self_runtime(self), GET, 0), 1000, &ref);
        break;
    case WATCH:
        acta_monitor(self, l->other, &ref);
        break;
    case TRAP:
        acta_trap_exit(self, true);
        break;
    case SLEEP:
        while (!atomic_load(&l->may_wake))
            sleep_ms(1);
        break;
    case FAIL_IN_TERMINATE:
        l->fails_in_terminate = true;
        break;
    case GO_ON:
        return ACTA_NEXT_CONTINUE;
    default:
        break;
    }
    return ACTA_NEXT;
}

static acta_next
book_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    ledger *l = ((book *)state)->ledger;
    acta_message *reply = acta_message_create(acta_self_runtime(self), GET, sizeof l->sum);

    if (l->trace_count < 64) l->trace[l->trace_count++] = message->tag;
    memcpy(reply->payload, &l->sum, sizeof l->sum);
    acta_reply(acta_self_runtime(self), from, ACTA_OK, reply, NULL);
    return ACTA_NEXT;
}

static acta_next
book_info(acta_self *self, void *state, const acta_info *info)
{
    ledger *l = ((book *)state)->ledger;

    (void)self;
    if (l->trace_count < 64) l->trace[l->trace_count++] = 1000 + (uint32_t)info->kind;
    if (info->kind == ACTA_INFO_REPLY) {
        l->answer = info->status;
        atomic_fetch_add(&l->answers, 1);
    }
    return ACTA_NEXT;
}

static acta_next
book_continue(acta_self *self, void *state)
{
    (void)self;
    (void)state;
    return ACTA_NEXT;
}

static void
book_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    ledger *l = ((book *)state)->ledger;

    l->terminated++;
    l->why = *reason;
    if (l->fails_in_terminate) acta_fail(self, "no way to end");
}

static void
book_format(acta_self *self, const void *state, acta_format_use use, char *text, size_t size)
{
    const ledger *l = ((const book *)state)->ledger;

    (void)use;
    if (l->sum == 666) acta_fail(self, "unlucky");
    snprintf(text, size, "sum=%llu", (unsigned long long)l->sum);
}

#define BOOK                                                                                                           \
    .name = "book", .state_size = sizeof(book), .init = book_init, .handle_call = book_call, .handle_cast = book_cast, \
    .handle_info = book_info, .handle_continue = book_continue, .terminate = book_terminate, .format = book_format

static const acta_behaviour open_book = { BOOK };
static const acta_behaviour private_book = { BOOK, .is_private = true };
static const acta_behaviour idle_book = { BOOK, .idle_timeout_ms = 50 };

static acta_pid
open_a(harness *h, const acta_behaviour *behaviour, ledger *l)
{
    acta_pid pid = { 0 };
    acta_error error;

    memset(l, 0, sizeof *l);
    acta_status status =
        acta_spawn(h->runtime, &(acta_spawn_options){ .behaviour = behaviour, .argument = l }, &pid, &error);
    if (status != ACTA_OK) fail_msg("%s", error.text);
    return pid;
}

static void
expect_trace(const ledger *l, const uint32_t *expected, uint32_t count)
{
    assert_int_equal(l->trace_count, count);
    assert_memory_equal(l->trace, expected, count * sizeof *expected);
}

/* Suspended, an actor handles nothing; resumed, it handles all in the order it came, before anything newer. */
static void
a_suspended_actor_keeps_everything_for_later_in_order(void **state)
{
    (void)state;
    harness h;
    ledger l, other;
    acta_sys_info info;

    harness_start(&h, 0);
    acta_pid pid = open_a(&h, &open_book, &l);
    l.other = open_a(&h, &open_book, &other);
    send_tag(&h, pid, TIMER);
    send_tag(&h, pid, ASK);
    send_tag(&h, pid, WATCH);
    assert_int_equal(acta_sys_suspend(h.runtime, pid, 1000, NULL), ACTA_OK);
    assert_int_equal(l.trace_count, 3); /* what was sent before the suspension was handled before it */
    assert_int_equal(acta_sys_suspend(h.runtime, pid, 1000, NULL), ACTA_OK);

    send_tag(&h, pid, ADD);
    harness_run(&h); /* the answer, then the message */
    assert_int_equal(acta_stop(h.runtime, l.other, NULL, 1000, NULL), ACTA_OK);
    harness_advance(&h, 10); /* DOWN, and the timer */
    send_tag(&h, pid, ADD);
    harness_run(&h);
    assert_int_equal(l.trace_count, 3);
    assert_int_equal(acta_sys_info_read(h.runtime, pid, 1000, &info, NULL), ACTA_OK);
    assert_true(info.is_suspended);
    assert_int_equal(info.waiting_count, 5);
    assert_int_equal(info.queued_count, 2);
    assert_string_equal(info.behaviour, "book");

    assert_int_equal(acta_sys_resume(h.runtime, pid, 1000, NULL), ACTA_OK);
    send_tag(&h, pid, GET);
    harness_run(&h);
    expect_trace(&l,
        (uint32_t[]){
            TIMER, ASK, WATCH, 1000 + ACTA_INFO_REPLY, ADD, 1000 + ACTA_INFO_DOWN, 1000 + ACTA_INFO_TIMER, ADD, GET },
        9);
    assert_int_equal(acta_sys_resume(h.runtime, pid, 1000, NULL), ACTA_OK);
    assert_int_equal(acta_sys_info_read(h.runtime, pid, 1000, &info, NULL), ACTA_OK);
    assert_false(info.is_suspended);
    assert_int_equal(info.waiting_count, 0);
    assert_int_equal(info.queued_count, 0);
    harness_stop(&h);
}

/* Calls wait with the rest: they time out, or are answered after the resume; the bound of the mailbox holds. */
static void
calls_to_a_suspended_actor_wait(void **state)
{
    (void)state;
    harness h;
    ledger l;
    acta_error error;
    acta_pid pid = { 0 };

    memset(&l, 0, sizeof l);
    harness_start(&h, 0);
    assert_int_equal(
        acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &open_book, .argument = &l, .mailbox_count_max = 3 },
            &pid, NULL),
        ACTA_OK);
    assert_int_equal(acta_sys_suspend(h.runtime, pid, 1000, NULL), ACTA_OK);
    assert_int_equal(call_tag(&h, pid, GET, 0, &error), ACTA_TIMEOUT);
    send_tag(&h, pid, ADD);
    harness_run(&h);
    assert_int_equal(send_tag(&h, pid, ADD), ACTA_OK);
    harness_run(&h);
    assert_int_equal(send_tag(&h, pid, ADD), ACTA_BUSY);
    assert_int_equal(acta_sys_resume(h.runtime, pid, 1000, NULL), ACTA_OK);
    assert_int_equal(call_tag(&h, pid, GET, 1000, &error), ACTA_OK);
    assert_int_equal(l.sum, 2);
    expect_trace(&l, (uint32_t[]){ GET, ADD, ADD, GET }, 4);
    harness_stop(&h);
}

/* What ends an actor ends a suspended one; what waits is dropped, answered, destroyed. */
static void
a_suspended_actor_can_be_ended_in_every_way(void **state)
{
    (void)state;
    static const acta_exit_reason reasons[] = { { .kind = ACTA_EXIT_KILLED }, { .kind = ACTA_EXIT_SHUTDOWN },
        { .kind = ACTA_EXIT_FAILED, .text = "enough" } };

    for (int traps = 0; traps < 2; traps++) {
        for (int way = 0; way < 5; way++) {
            harness h;
            ledger l;

            harness_start(&h, 0);
            acta_pid pid = open_a(&h, &open_book, &l);
            if (traps != 0) send_tag(&h, pid, TRAP);
            send_tag(&h, pid, TIMER);
            assert_int_equal(acta_sys_suspend(h.runtime, pid, 1000, NULL), ACTA_OK);
            for (int i = 0; i < 3; i++)
                send_tag(&h, pid, ADD);
            harness_advance(&h, 10);
            if (way < 3)
                acta_exit(h.runtime, (acta_pid){ 0 }, pid, &reasons[way]);
            else if (way == 3)
                assert_int_equal(acta_stop(h.runtime, pid, NULL, 1000, NULL), ACTA_OK);
            harness_run(&h);
            assert_int_equal(acta_is_alive(h.runtime, pid), way == 4); /* 4: by the runtime's stop */
            assert_int_equal(l.sum, 0);
            if (way < 4) assert_int_equal(l.terminated, way != 0);
            harness_stop(&h);
            assert_int_equal(l.terminated, way != 0);
        }
    }
}

/* GS-14: an idle time doesn't run while suspended, begins anew with the resume, and isn't ended by system messages. */
static void
system_messages_leave_the_idle_time_alone(void **state)
{
    (void)state;
    harness h;
    ledger l;
    char text[32];

    harness_start(&h, 0);
    acta_pid pid = open_a(&h, &idle_book, &l);
    harness_advance(&h, 30);
    assert_int_equal(acta_sys_state(h.runtime, pid, text, sizeof text, 1000, NULL), ACTA_OK);
    harness_advance(&h, 25);
    assert_int_equal(l.trace_count, 1);
    assert_int_equal(l.trace[0], 1000 + ACTA_INFO_TIMEOUT);

    assert_int_equal(acta_sys_suspend(h.runtime, pid, 1000, NULL), ACTA_OK);
    harness_advance(&h, 500);
    assert_int_equal(l.trace_count, 1);
    assert_int_equal(acta_sys_resume(h.runtime, pid, 1000, NULL), ACTA_OK);
    harness_advance(&h, 45);
    assert_int_equal(l.trace_count, 1);
    harness_advance(&h, 10);
    assert_int_equal(l.trace_count, 2);
    harness_stop(&h);
}

/* GS-20: the state is what `format` says, after what was sent before; a private one isn't shown, a failure hurts nobody. */
static void
the_state_is_shown_as_far_as_it_may_be(void **state)
{
    (void)state;
    harness h;
    ledger l, secret;
    char text[64];
    acta_error error;

    harness_start(&h, 0);
    acta_pid pid = open_a(&h, &open_book, &l);
    for (int i = 0; i < 17; i++)
        send_tag(&h, pid, ADD);
    assert_int_equal(acta_sys_state(h.runtime, pid, text, sizeof text, 1000, NULL), ACTA_OK);
    assert_string_equal(text, "sum=17");
    assert_int_equal(acta_sys_state(h.runtime, pid, text, 5, 1000, NULL), ACTA_OK);
    assert_string_equal(text, "sum=");
    assert_int_equal(acta_sys_state(h.runtime, pid, text, 0, 1000, &error), ACTA_INVALID);
    l.sum = 666;
    assert_int_equal(acta_sys_state(h.runtime, pid, text, sizeof text, 1000, NULL), ACTA_OK);
    assert_string_equal(text, "(its format function failed: unlucky)");
    l.sum = 1;
    assert_int_equal(acta_sys_state(h.runtime, pid, text, sizeof text, 1000, NULL), ACTA_OK);
    assert_string_equal(text, "sum=1");

    pid = open_a(&h, &private_book, &secret);
    assert_int_equal(acta_sys_state(h.runtime, pid, text, sizeof text, 1000, &error), ACTA_UNSUPPORTED);
    assert_string_equal(error.text, "actor 'book' is private");
    assert_int_equal(acta_sys_trace(h.runtime, pid, NULL, NULL, 1000, &error), ACTA_UNSUPPORTED);
    script plain = { .user = NULL };
    assert_int_equal(acta_sys_state(h.runtime, spawn(&h, &plain), text, sizeof text, 1000, &error), ACTA_UNSUPPORTED);
    assert_string_equal(error.text, "actor 'scripted' has no format function");
    harness_stop(&h);
}

static void
counts_begin_when_they_are_asked_for(void **state)
{
    (void)state;
    harness h;
    ledger l;
    acta_sys_info info;

    harness_start(&h, 0);
    acta_pid pid = open_a(&h, &open_book, &l);
    send_tag(&h, pid, ADD);
    assert_int_equal(acta_sys_count(h.runtime, pid, true, 1000, NULL), ACTA_OK);
    for (int i = 0; i < 5; i++)
        send_tag(&h, pid, ADD);
    send_tag(&h, pid, TIMER);
    send_tag(&h, pid, GO_ON);
    call_tag(&h, pid, GET, 1000, NULL);
    harness_advance(&h, 10);
    assert_int_equal(acta_sys_info_read(h.runtime, pid, 1000, &info, NULL), ACTA_OK);
    assert_true(info.is_counted);
    assert_int_equal(info.cast_count, 7);
    assert_int_equal(info.call_count, 1);
    assert_int_equal(info.reply_count, 1);
    assert_int_equal(info.info_count, 1);
    assert_int_equal(info.continue_count, 1);
    assert_int_equal(acta_sys_count(h.runtime, pid, false, 1000, NULL), ACTA_OK);
    send_tag(&h, pid, ADD);
    assert_int_equal(acta_sys_info_read(h.runtime, pid, 1000, &info, NULL), ACTA_OK);
    assert_false(info.is_counted);
    assert_int_equal(info.cast_count, 0);
    harness_stop(&h);
}

/* -- tracing -- */

typedef struct tape {
    acta_trace_event events[32];
    uint32_t count;
    bool fails;
} tape;

static void
record(void *user, const acta_trace_event *event)
{
    tape *t = user;

    if (t->count < 32) t->events[t->count++] = *event;
    if (t->fails) acta_fail(acta_self_here(), "the tape is torn");
}

static void
a_trace_shows_what_comes_in_goes_out_and_ends(void **state)
{
    (void)state;
    static const acta_trace_kind expected[] = { ACTA_TRACE_CAST, ACTA_TRACE_CALL, ACTA_TRACE_REPLY, ACTA_TRACE_CAST,
        ACTA_TRACE_CONTINUE, ACTA_TRACE_CAST, ACTA_TRACE_INFO, ACTA_TRACE_SUSPEND, ACTA_TRACE_RESUME, ACTA_TRACE_EXIT };
    static const acta_exit_reason gone = { .kind = ACTA_EXIT_SHUTDOWN, .text = "for the night" };
    harness h;
    ledger l;
    tape t = { .count = 0 };

    harness_start(&h, 0);
    acta_pid pid = open_a(&h, &open_book, &l);
    send_tag(&h, pid, ADD);
    assert_int_equal(acta_sys_trace(h.runtime, pid, record, &t, 1000, NULL), ACTA_OK);
    assert_int_equal(t.count, 0);
    send_tag(&h, pid, ADD);
    call_tag(&h, pid, GET, 1000, NULL);
    send_tag(&h, pid, GO_ON);
    send_tag(&h, pid, TIMER);
    harness_advance(&h, 10);
    assert_int_equal(acta_sys_suspend(h.runtime, pid, 1000, NULL), ACTA_OK);
    assert_int_equal(acta_sys_resume(h.runtime, pid, 1000, NULL), ACTA_OK);
    assert_int_equal(acta_stop(h.runtime, pid, &gone, 1000, NULL), ACTA_OK);
    assert_int_equal(t.count, 10);
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(t.events[i].kind, expected[i]);
        assert_true(acta_pid_equal(t.events[i].pid, pid));
    }
    assert_int_equal(t.events[0].tag, ADD);
    assert_int_equal(t.events[2].size, sizeof(uint64_t));
    assert_int_equal(t.events[6].info, ACTA_INFO_TIMER);
    assert_int_equal(t.events[6].tag, 7);
    harness_stop(&h);
}

/* To the log when there is no sink; off means off; another actor's events are nobody's. */
static void
a_trace_goes_to_the_log_and_can_be_switched_off(void **state)
{
    (void)state;
    harness h;
    ledger l, other;
    tape t = { .count = 0 };

    harness_start(&h, 0);
    acta_pid pid = open_a(&h, &open_book, &l), next = open_a(&h, &open_book, &other);
    assert_int_equal(acta_sys_trace(h.runtime, pid, NULL, NULL, 1000, NULL), ACTA_OK);
    call_tag(&h, pid, GET, 1000, NULL);
    call_tag(&h, next, GET, 1000, NULL);
    assert_int_equal(atomic_load(&h.log_lines), 2);
    assert_int_equal(acta_sys_trace(h.runtime, pid, record, &t, 1000, NULL), ACTA_OK);
    call_tag(&h, pid, GET, 1000, NULL);
    assert_int_equal(atomic_load(&h.log_lines), 2);
    assert_int_equal(t.count, 2);
    assert_int_equal(acta_sys_trace_off(h.runtime, pid, 1000, NULL), ACTA_OK);
    call_tag(&h, pid, GET, 1000, NULL);
    assert_int_equal(t.count, 2);
    harness_stop(&h);
    assert_int_equal(t.count, 2);
}

static void
a_sink_that_fails_ends_the_trace_and_not_the_actor(void **state)
{
    (void)state;
    harness h;
    ledger l;
    tape t = { .fails = true };

    harness_start(&h, 0);
    acta_pid pid = open_a(&h, &open_book, &l);
    assert_int_equal(acta_sys_trace(h.runtime, pid, record, &t, 1000, NULL), ACTA_OK);
    send_tag(&h, pid, ADD);
    send_tag(&h, pid, ADD);
    assert_int_equal(call_tag(&h, pid, GET, 1000, NULL), ACTA_OK);
    assert_int_equal(t.count, 1);
    assert_int_equal(l.sum, 2);
    assert_int_equal(atomic_load(&h.log_lines), 1);
    harness_stop(&h);
}

/* -- stop -- */

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

/* -- all of it at once -- */

typedef struct meddler {
    harness *h;
    acta_pid pid;
    uint64_t seed, sent;
} meddler;

static void *
meddle(void *argument)
{
    meddler *m = argument;
    acta_sys_info info;
    char text[32];

    for (int i = 0; i < 2000; i++) {
        switch (draw(&m->seed, 8)) {
        case 0:
            acta_sys_suspend(m->h->runtime, m->pid, 10000, NULL);
            break;
        case 1:
            acta_sys_resume(m->h->runtime, m->pid, 10000, NULL);
            break;
        case 2:
            assert_int_equal(acta_sys_state(m->h->runtime, m->pid, text, sizeof text, 10000, NULL), ACTA_OK);
            break;
        case 3:
            assert_int_equal(acta_sys_info_read(m->h->runtime, m->pid, 10000, &info, NULL), ACTA_OK);
            break;
        case 4:
            acta_sys_count(m->h->runtime, m->pid, draw(&m->seed, 2) != 0, 10000, NULL);
            break;
        default:
            m->sent += send_tag(m->h, m->pid, ADD) == ACTA_OK;
        }
    }
    return NULL;
}

/* Senders and meddlers on several threads: each message is handled once, whatever was suspended when. */
static void
no_message_is_lost_to_meddling(void **state)
{
    (void)state;
    harness h;
    ledger l;
    meddler meddlers[4];
    pthread_t threads[4];
    uint64_t sent = 0;

    harness_start(&h, 2);
    acta_pid pid = open_a(&h, &open_book, &l);
    for (int i = 0; i < 4; i++) {
        meddlers[i] = (meddler){ .h = &h, .pid = pid, .seed = 31 + (uint64_t)i };
        pthread_create(&threads[i], NULL, meddle, &meddlers[i]);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        sent += meddlers[i].sent;
    }
    assert_int_equal(acta_sys_resume(h.runtime, pid, 10000, NULL), ACTA_OK);
    assert_int_equal(call_tag(&h, pid, GET, 10000, NULL), ACTA_OK);
    assert_int_equal(acta_stop(h.runtime, pid, NULL, 10000, NULL), ACTA_OK);
    assert_int_equal(l.sum, sent);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_suspended_actor_keeps_everything_for_later_in_order),
        cmocka_unit_test(calls_to_a_suspended_actor_wait),
        cmocka_unit_test(a_suspended_actor_can_be_ended_in_every_way),
        cmocka_unit_test(system_messages_leave_the_idle_time_alone),
        cmocka_unit_test(the_state_is_shown_as_far_as_it_may_be),
        cmocka_unit_test(counts_begin_when_they_are_asked_for),
        cmocka_unit_test(a_trace_shows_what_comes_in_goes_out_and_ends),
        cmocka_unit_test(a_trace_goes_to_the_log_and_can_be_switched_off),
        cmocka_unit_test(a_sink_that_fails_ends_the_trace_and_not_the_actor),
        cmocka_unit_test(a_stop_ends_an_actor_in_order_with_its_reason),
        cmocka_unit_test(a_stop_tells_what_became_of_it),
        cmocka_unit_test(a_stop_that_takes_too_long_still_happens),
        cmocka_unit_test(an_actor_stops_another_without_waiting),
        cmocka_unit_test(no_message_is_lost_to_meddling),
    };
    return cmocka_run_group_tests_name("sys", tests, NULL, NULL);
}
