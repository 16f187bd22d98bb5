/*
 * System messages: holding an actor still, looking into it, counting, tracing.
 */
#include <pthread.h>

#include "ledger_probe.h"

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
            acta_sys_suspend(m->h->runtime, m->pid, 60000, NULL);
            break;
        case 1:
            acta_sys_resume(m->h->runtime, m->pid, 60000, NULL);
            break;
        case 2:
            assert_int_equal(acta_sys_state(m->h->runtime, m->pid, text, sizeof text, 60000, NULL), ACTA_OK);
            break;
        case 3:
            assert_int_equal(acta_sys_info_read(m->h->runtime, m->pid, 10000, &info, NULL), ACTA_OK);
            break;
        case 4:
            acta_sys_count(m->h->runtime, m->pid, draw(&m->seed, 2) != 0, 60000, NULL);
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
    assert_int_equal(acta_sys_resume(h.runtime, pid, 60000, NULL), ACTA_OK);
    assert_int_equal(call_tag(&h, pid, GET, 60000, NULL), ACTA_OK);
    assert_int_equal(acta_stop(h.runtime, pid, NULL, 60000, NULL), ACTA_OK);
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
        cmocka_unit_test(no_message_is_lost_to_meddling),
    };
    return cmocka_run_group_tests_name("sys", tests, NULL, NULL);
}
