/*
 * What a server's handlers may do and return: casts, unknown messages, bad values, continue, idle times, hibernation.
 */
#include "harness.h"

#include "acta/sys.h"

enum {
    ADD = 1,
    SLEEP,
    UNKNOWN,
    BAD,
    CONTINUE,
    CONTINUE_AND_STOP,
    IDLE_AT,
    IDLE_NOW,
    HIBERNATE,
    TIMER,
    MANY_REFS,
    NOTE
};

typedef struct server {
    harness *h;
    uint32_t trace[64], trace_count;
    uint32_t continues_left;
    bool stops_in_continue;
    uint64_t idle_at_ns;
    uint64_t hibernated;
    void *cache;
} server;

static void
note(server *s, uint32_t what)
{
    if (s->trace_count < 64) s->trace[s->trace_count++] = what;
}

static acta_status
server_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    server *s = (server *)(uintptr_t)argument;

    (void)error;
    *(server **)state = s;
    if (s->continues_left > 0) acta_continue(self);
    return ACTA_OK;
}

static acta_next
server_cast(acta_self *self, void *state, acta_message *message)
{
    server *s = *(server **)state;
    acta_ref ref, refs[100];

    note(s, message->tag);
    switch (message->tag) {
    case SLEEP:
        sleep_ms(200);
        return ACTA_NEXT;
    case UNKNOWN:
        return acta_unhandled_cast(self, message);
    case BAD:
        return (acta_next)-1;
    case CONTINUE_AND_STOP:
        s->stops_in_continue = true;
        return ACTA_NEXT_CONTINUE;
    case CONTINUE:
        s->continues_left = 3;
        return ACTA_NEXT_CONTINUE;
    case IDLE_AT:
        acta_set_idle_deadline(self, s->idle_at_ns);
        return ACTA_NEXT;
    case IDLE_NOW:
        acta_set_idle_deadline(self, 0);
        return ACTA_NEXT;
    case HIBERNATE:
        acta_hibernate(self);
        return ACTA_NEXT;
    case TIMER:
        acta_send_after(self, 20, 1, 0, &ref);
        return ACTA_NEXT;
    case MANY_REFS:
        for (int i = 0; i < 100; i++)
            acta_send_after(self, 1000, 1, 0, &refs[i]);
        for (int i = 0; i < 100; i++)
            assert_true(acta_cancel_timer(self, refs[i]));
        if (s->cache == NULL) s->cache = acta_alloc(self, 5000);
        return ACTA_NEXT;
    default:
        return ACTA_NEXT;
    }
}

static acta_next
server_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    note(*(server **)state, message->tag);
    if (message->tag == UNKNOWN) return acta_unhandled_call(self, from, message);
    if (message->tag == BAD) return (acta_next)1000;
    acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static acta_next
server_info(acta_self *self, void *state, const acta_info *info)
{
    note(*(server **)state, 1000 + (uint32_t)info->kind);
    return info->kind == ACTA_INFO_TIMER && info->tag == UNKNOWN ? acta_unhandled_info(self, info) : ACTA_NEXT;
}

static acta_next
server_continue(acta_self *self, void *state)
{
    server *s = *(server **)state;

    (void)self;
    note(s, 2000);
    if (s->stops_in_continue) return ACTA_STOP;
    return s->continues_left > 0 && --s->continues_left > 0 ? ACTA_NEXT_CONTINUE : ACTA_NEXT;
}

static void
server_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    (void)self;
    note(*(server **)state, 3000 + (uint32_t)reason->kind);
}

static void
server_hibernate(acta_self *self, void *state)
{
    server *s = *(server **)state;

    s->hibernated++;
    acta_free(self, s->cache);
    s->cache = NULL;
}

#define SERVER                                                                                                         \
    .name = "server", .state_size = sizeof(server *), .init = server_init, .handle_call = server_call,                 \
    .handle_cast = server_cast, .handle_info = server_info, .handle_continue = server_continue,                        \
    .terminate = server_terminate, .hibernate = server_hibernate

static const acta_behaviour plain = { SERVER };
static const acta_behaviour idle_50 = { SERVER, .idle_timeout_ms = 50 };

static acta_pid
start(harness *h, const acta_behaviour *behaviour, server *s)
{
    acta_pid pid = { 0 };

    s->h = h;
    assert_int_equal(
        acta_spawn(h->runtime, &(acta_spawn_options){ .behaviour = behaviour, .argument = s }, &pid, NULL), ACTA_OK);
    return pid;
}

#define EXPECT(server, ...)                                                                                            \
    do {                                                                                                               \
        const uint32_t wanted[] = { __VA_ARGS__ };                                                                     \
        assert_int_equal((server).trace_count, sizeof wanted / sizeof wanted[0]);                                      \
        assert_memory_equal((server).trace, wanted, sizeof wanted);                                                    \
        (server).trace_count = 0;                                                                                      \
    } while (0)

enum { TIMEOUT = 1000 + ACTA_INFO_TIMEOUT, CAME_TIMER = 1000 + ACTA_INFO_TIMER, WENT_ON = 2000 };

/* -- casts -- */

/* GS-10: to the dead, the unknown, the stale: a status that may be ignored, nothing else; and a stuck one holds up nobody. */
static void
a_cast_never_waits(void **state)
{
    (void)state;
    harness h;
    server s = { .trace_count = 0 }, next = { .trace_count = 0 };

    harness_start(&h, 1);
    assert_int_equal(send_tag(&h, (acta_pid){ 0 }, ADD), ACTA_NOPROC);
    assert_int_equal(send_tag(&h, acta_whereis(h.runtime, acta_str_of("nobody")), ADD), ACTA_NOPROC);
    assert_int_equal(send_tag(&h, (acta_pid){ UINT64_MAX }, ADD), ACTA_NOPROC);
    acta_pid stale = start(&h, &plain, &s);
    assert_int_equal(acta_stop(h.runtime, stale, NULL, 60000, NULL), ACTA_OK);
    assert_int_equal(send_tag(&h, stale, ADD), ACTA_NOPROC);
    acta_pid pid = start(&h, &plain, &next);

    send_tag(&h, pid, SLEEP); /* its only worker is stuck in it */
    uint64_t begun_ns = real_now_ns();
    for (int i = 0; i < 1000; i++)
        assert_int_equal(send_tag(&h, pid, ADD), ACTA_OK);
    assert_true(real_now_ns() - begun_ns < UINT64_C(10000000000)); /* a hang, not a speed */
    assert_int_equal(call_tag(&h, pid, ADD, 60000, NULL), ACTA_OK);
    harness_stop(&h);
}

/* -- what is not known -- */

/* GS-11: each is counted, and logged once per tag; who calls is answered at once; the actor lives on. */
static void
what_a_server_does_not_know_is_counted_and_logged_once_a_kind(void **state)
{
    (void)state;
    static const acta_behaviour bare = { .name = "bare" };
    harness h;
    server s = { .trace_count = 0 };
    acta_runtime_stats stats;
    acta_error error;
    acta_pid pid = { 0 };

    harness_start(&h, 0);
    acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &bare }, &pid, NULL);
    for (uint32_t i = 0; i < 30; i++)
        send_tag(&h, pid, i % 3);
    harness_run(&h);
    assert_int_equal(atomic_load(&h.log_lines), 3);
    for (uint32_t i = 0; i < 1000; i++)
        send_tag(&h, pid, i);
    harness_run(&h);
    assert_int_equal(atomic_load(&h.log_lines), 32); /* no flood, whatever comes */
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(stats.unhandled, 1030);
    assert_true(acta_is_alive(h.runtime, pid));

    pid = start(&h, &plain, &s);
    uint64_t before_ns = acta_runtime_now_ns(h.runtime);
    assert_int_equal(call_tag(&h, pid, UNKNOWN, 60000, &error), ACTA_INVALID);
    assert_string_equal(error.text, "actor 'server' has no call of tag 3");
    assert_int_equal(call_tag(&h, pid, UNKNOWN, 60000, &error), ACTA_INVALID);
    assert_true(acta_runtime_now_ns(h.runtime) == before_ns);
    send_tag(&h, pid, UNKNOWN);
    send_tag(&h, pid, UNKNOWN);
    harness_run(&h);
    assert_int_equal(atomic_load(&h.log_lines), 34);
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(stats.unhandled, 1034);
    harness_stop(&h);
}

/* GS-12: a value that is none of acta_next's ends the actor, and who called is told why. */
static void
a_bad_return_value_ends_the_actor_and_the_caller_is_told(void **state)
{
    (void)state;
    harness h;
    server s = { .trace_count = 0 };
    acta_error error;

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &s);
    assert_int_equal(call_tag(&h, pid, BAD, 1000, &error), ACTA_FAILED);
    assert_non_null(strstr(error.text, "bad return value"));
    assert_false(acta_is_alive(h.runtime, pid));
    EXPECT(s, BAD, 3000 + ACTA_EXIT_FAILED);
    harness_stop(&h);
}

/* -- continue -- */

/* GS-13: after init, before any message; chained; and one that stops. */
static void
continue_runs_before_any_message_wherever_it_was_asked_for(void **state)
{
    (void)state;
    harness h;
    server s = { .continues_left = 2 };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &s);
    send_tag(&h, pid, ADD);
    send_tag(&h, pid, CONTINUE);
    send_tag(&h, pid, ADD);
    harness_run(&h);
    EXPECT(s, WENT_ON, WENT_ON, ADD, CONTINUE, WENT_ON, WENT_ON, WENT_ON, ADD);

    send_tag(&h, pid, CONTINUE_AND_STOP);
    send_tag(&h, pid, ADD);
    harness_run(&h);
    EXPECT(s, CONTINUE_AND_STOP, WENT_ON, 3000 + ACTA_EXIT_NORMAL);
    assert_false(acta_is_alive(h.runtime, pid));
    harness_stop(&h);
}

/* GS-13: a budget of one message a turn puts nothing between it and its message. */
static void
continue_is_not_parted_from_its_message_by_the_budget(void **state)
{
    (void)state;
    harness h;
    server s = { .trace_count = 0 };

    harness_start_with(&h, (acta_runtime_config){ .manual = true, .budget = 1 });
    acta_pid pid = start(&h, &plain, &s);
    send_tag(&h, pid, CONTINUE);
    send_tag(&h, pid, ADD);
    harness_run(&h);
    EXPECT(s, CONTINUE, WENT_ON, WENT_ON, WENT_ON, ADD);
    harness_stop(&h);
}

/* -- idle times -- */

/* GS-14: a deadline by the clock, once; a message, a timer, any information calls it off; the period is in force again. */
static void
an_idle_deadline_holds_once_and_is_called_off_by_what_comes(void **state)
{
    (void)state;
    harness h;
    server s = { .trace_count = 0 };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &s);
    s.idle_at_ns = acta_runtime_now_ns(h.runtime) + UINT64_C(30000000);
    send_tag(&h, pid, IDLE_AT);
    harness_advance(&h, 29);
    EXPECT(s, IDLE_AT);
    harness_advance(&h, 500);
    EXPECT(s, TIMEOUT); /* once: there is no period */

    s.idle_at_ns = acta_runtime_now_ns(h.runtime) + UINT64_C(30000000);
    send_tag(&h, pid, IDLE_AT);
    harness_advance(&h, 10);
    send_tag(&h, pid, ADD);
    harness_advance(&h, 500);
    EXPECT(s, IDLE_AT, ADD);

    s.idle_at_ns = acta_runtime_now_ns(h.runtime) + UINT64_C(30000000);
    send_tag(&h, pid, TIMER); /* 20 ms */
    send_tag(&h, pid, IDLE_AT);
    harness_advance(&h, 500);
    EXPECT(s, TIMER, IDLE_AT, CAME_TIMER);

    send_tag(&h, pid, IDLE_AT); /* long past: at once */
    harness_run(&h);
    EXPECT(s, IDLE_AT, TIMEOUT);
    harness_stop(&h);
}

/* GS-14: zero is "behind what is queued", and what is queued calls it off. */
static void
an_idle_deadline_of_zero_comes_behind_what_is_queued(void **state)
{
    (void)state;
    harness h;
    server s = { .trace_count = 0 };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &s);
    send_tag(&h, pid, IDLE_NOW);
    harness_run(&h);
    EXPECT(s, IDLE_NOW, TIMEOUT);
    send_tag(&h, pid, IDLE_NOW);
    send_tag(&h, pid, ADD);
    harness_advance(&h, 100);
    EXPECT(s, IDLE_NOW, ADD);
    send_tag(&h, pid, ADD);
    send_tag(&h, pid, IDLE_NOW);
    send_tag(&h, pid, IDLE_NOW);
    harness_advance(&h, 100);
    EXPECT(s, ADD, IDLE_NOW, IDLE_NOW, TIMEOUT);
    harness_stop(&h);
}

/* GS-14: with a period: the deadline stands in for it once. */
static void
an_idle_deadline_stands_in_for_the_period_once(void **state)
{
    (void)state;
    harness h;
    server s = { .trace_count = 0 };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &idle_50, &s);
    s.idle_at_ns = acta_runtime_now_ns(h.runtime) + UINT64_C(200000000);
    send_tag(&h, pid, IDLE_AT);
    harness_advance(&h, 199);
    EXPECT(s, IDLE_AT);
    harness_advance(&h, 2);
    EXPECT(s, TIMEOUT);
    harness_advance(&h, 50);
    EXPECT(s, TIMEOUT);
    s.idle_at_ns = acta_runtime_now_ns(h.runtime) + UINT64_C(10000000); /* sooner than the period */
    send_tag(&h, pid, IDLE_AT);
    harness_advance(&h, 11);
    EXPECT(s, IDLE_AT, TIMEOUT);
    assert_int_equal(acta_sys_suspend(h.runtime, pid, 1000, NULL), ACTA_OK);
    harness_advance(&h, 500);
    assert_int_equal(s.trace_count, 0);
    harness_stop(&h);
}

/* GS-14: a deadline that passes while suspended is told with the resume. */
static void
an_idle_deadline_outlasts_a_suspension(void **state)
{
    (void)state;
    harness h;
    server s = { .trace_count = 0 };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &s);
    s.idle_at_ns = acta_runtime_now_ns(h.runtime) + UINT64_C(20000000);
    send_tag(&h, pid, IDLE_AT);
    assert_int_equal(acta_sys_suspend(h.runtime, pid, 1000, NULL), ACTA_OK);
    harness_advance(&h, 100);
    EXPECT(s, IDLE_AT);
    assert_int_equal(acta_sys_resume(h.runtime, pid, 1000, NULL), ACTA_OK);
    harness_run(&h);
    EXPECT(s, TIMEOUT);
    harness_stop(&h);
}

/* -- hibernation -- */

/* GS-15: the state stays, memory goes; the next message wakes it; a name, a link, a timer are as before. */
static void
hibernation_keeps_the_state_and_gives_back_the_rest(void **state)
{
    (void)state;
    harness h;
    server s = { .trace_count = 0 };

    harness_start(&h, 0);
    acta_pid pid = start(&h, &plain, &s);
    send_tag(&h, pid, ADD); /* the mailbox keeps its last message's block */
    harness_run(&h);
    int64_t before = atomic_load(&h.bytes);
    send_tag(&h, pid, MANY_REFS);
    harness_run(&h);
    assert_true(atomic_load(&h.bytes) > before + 5000);
    acta_message *large = acta_message_create(h.runtime, ADD, 900);
    acta_send(h.runtime, pid, large);
    harness_run(&h);
    send_tag(&h, pid, TIMER);
    send_tag(&h, pid, HIBERNATE);
    send_tag(&h, pid, ADD); /* comes first: it hibernates when there is nothing more */
    harness_run(&h);
    assert_int_equal(s.hibernated, 1);
    harness_advance(&h, 30); /* the timer wakes it */
    EXPECT(s, ADD, MANY_REFS, ADD, TIMER, HIBERNATE, ADD, CAME_TIMER);

    send_tag(&h, pid, HIBERNATE);
    harness_run(&h);
    assert_int_equal(s.hibernated, 2);
    /* What remains: the head of its relations, of its memory; three messages' blocks, for the next ones. */
    assert_true(atomic_load(&h.bytes) < before + 256 + 3 * 128);
    send_tag(&h, pid, MANY_REFS);
    send_tag(&h, pid, MANY_REFS);
    harness_run(&h);
    assert_int_equal(call_tag(&h, pid, ADD, 1000, NULL), ACTA_OK);
    harness_stop(&h);
}

/* -- a full mailbox of one's own -- */

enum { QUEUE = HARNESS_SANITIZED ? 50000 : 1000000 };

typedef struct asker {
    acta_pid server;
    acta_ref ref;
    uint64_t casts, casts_before_reply;
    _Atomic uint64_t replies;
} asker;

static acta_next
ask_first(acta_self *self, void *user, acta_message *message)
{
    asker *a = user;

    if (message->tag == 1)
        assert_int_equal(
            acta_request(self, a->server, acta_message_create(acta_self_runtime(self), ADD, 0), 60000, &a->ref),
            ACTA_OK);
    a->casts++;
    return ACTA_NEXT;
}

static acta_next
take_reply(acta_self *self, void *user, const acta_info *info)
{
    asker *a = user;

    (void)self;
    assert_true(acta_ref_equal(info->ref, a->ref));
    a->casts_before_reply = a->casts;
    atomic_fetch_add(&a->replies, 1);
    return ACTA_NEXT;
}

/* GS-16: an answer is found by its reference, and no message is passed over in search of it: an actor with a million
 * messages handles each once and comes to the answer in its place. An outside thread has no mailbox to search. */
static void
a_long_queue_of_the_asker_is_never_searched(void **state)
{
    (void)state;
    harness h;
    server s = { .trace_count = 0 };
    asker a = { .casts = 0 };
    script asking = { .cast = ask_first, .info = take_reply, .user = &a };
    acta_pid pid = { 0 };

    harness_start(&h, 0);
    a.server = start(&h, &plain, &s);
    acta_spawn(h.runtime,
        &(acta_spawn_options){ .behaviour = &scripted,
            .argument = &asking,
            .mailbox_count_max = QUEUE + 10,
            .mailbox_bytes_max = UINT32_MAX },
        &pid, NULL);
    send_tag(&h, pid, 1);
    for (int i = 1; i < QUEUE; i++)
        assert_int_equal(send_tag(&h, pid, 2), ACTA_OK);
    harness_run(&h);
    assert_int_equal(a.casts, QUEUE);
    assert_int_equal(atomic_load(&a.replies), 1);
    assert_int_equal(a.casts_before_reply, QUEUE);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cast_never_waits),
        cmocka_unit_test(what_a_server_does_not_know_is_counted_and_logged_once_a_kind),
        cmocka_unit_test(a_bad_return_value_ends_the_actor_and_the_caller_is_told),
        cmocka_unit_test(continue_runs_before_any_message_wherever_it_was_asked_for),
        cmocka_unit_test(continue_is_not_parted_from_its_message_by_the_budget),
        cmocka_unit_test(an_idle_deadline_holds_once_and_is_called_off_by_what_comes),
        cmocka_unit_test(an_idle_deadline_of_zero_comes_behind_what_is_queued),
        cmocka_unit_test(an_idle_deadline_stands_in_for_the_period_once),
        cmocka_unit_test(an_idle_deadline_outlasts_a_suspension),
        cmocka_unit_test(hibernation_keeps_the_state_and_gives_back_the_rest),
        cmocka_unit_test(a_long_queue_of_the_asker_is_never_searched),
    };
    return cmocka_run_group_tests_name("gen_server", tests, NULL, NULL);
}
