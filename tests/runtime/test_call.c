/*
 * Calls and requests: answered exactly once, by a reply, a timeout or the server's end, whoever comes first.
 */
#include "harness.h"

#include <pthread.h>

enum { ECHO = 1, DEFER, NEVER, FAIL, STOP, REFUSE, TWICE, SLOW, ANSWER_DEFERRED };

typedef struct server {
    acta_from deferred[512];
    uint32_t deferred_count;
    _Atomic uint64_t seen;
} server;

static acta_message *
number(acta_runtime *runtime, uint32_t tag, uint64_t value)
{
    acta_message *message = acta_message_create(runtime, tag, sizeof value);
    memcpy(message->payload, &value, sizeof value);
    return message;
}

static uint64_t
value_of(const acta_message *message)
{
    uint64_t value;
    memcpy(&value, message->payload, sizeof value);
    return value;
}

static acta_next
serve(acta_self *self, void *user, acta_from from, acta_message *message)
{
    server *s = user;
    acta_runtime *runtime = acta_self_runtime(self);
    acta_error error;

    atomic_fetch_add(&s->seen, 1);
    switch (message->tag) {
    case ECHO:
        acta_reply(runtime, from, ACTA_OK, number(runtime, 0, value_of(message)), NULL);
        return ACTA_NEXT;
    case DEFER:
        s->deferred[s->deferred_count++ % 512] = from;
        return ACTA_NEXT;
    case ANSWER_DEFERRED:
        for (uint32_t i = 0; i < s->deferred_count; i++)
            acta_reply(runtime, s->deferred[i], ACTA_OK, number(runtime, 0, i), NULL);
        s->deferred_count = 0;
        break;
    case NEVER:
        return ACTA_NEXT;
    case FAIL:
        acta_fail(self, "asked to, %d", 7);
    case STOP:
        return ACTA_STOP;
    case REFUSE:
        acta_error_set(&error, ACTA_REJECTED, "not %s", "today");
        error.code = 17;
        acta_reply(runtime, from, ACTA_REJECTED, NULL, &error);
        return ACTA_NEXT;
    case TWICE:
        acta_reply(runtime, from, ACTA_OK, number(runtime, 0, 1), NULL);
        acta_reply(runtime, from, ACTA_OK, number(runtime, 0, 2), NULL);
        return ACTA_NEXT;
    case SLOW:
        sleep_ms(30);
        break;
    }
    acta_reply(runtime, from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static server the_server;
static const script serving = { .call = serve, .user = &the_server };

static acta_pid
start_server(harness *h)
{
    memset(&the_server, 0, sizeof the_server);
    return spawn(h, &serving);
}

/* A reply brings its message, its status, its error; whichever of them there is. */
static void
a_reply_comes_with_its_message_status_and_error(void **state)
{
    (void)state;
    harness h;
    acta_message *reply = NULL;
    acta_error error;

    harness_start(&h, 2);
    acta_pid pid = start_server(&h);
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(acta_call(h.runtime, pid, number(h.runtime, ECHO, i), 60000, &reply, &error), ACTA_OK);
        assert_int_equal(value_of(reply), i);
        acta_message_destroy(reply);
    }
    assert_int_equal(call_tag(&h, pid, REFUSE, 60000, &error), ACTA_REJECTED);
    assert_string_equal(error.text, "not today");
    assert_int_equal(error.code, 17);
    assert_int_equal(acta_call(h.runtime, pid, number(h.runtime, ECHO, 1), ACTA_INFINITE, NULL, NULL), ACTA_OK);
    harness_stop(&h);
}

/* GS-06: each caller gets one answer: FAILED with the reason for what was seen, NOPROC for what was not. */
static void
the_end_of_the_server_answers_what_it_has_seen_and_what_it_has_not(void **state)
{
    (void)state;
    harness h;
    acta_error error;

    harness_start(&h, 2);
    acta_pid pid = start_server(&h);
    assert_int_equal(call_tag(&h, pid, FAIL, 60000, &error), ACTA_FAILED);
    assert_non_null(strstr(error.text, "asked to, 7"));
    await_dead(&h, pid);
    assert_int_equal(call_tag(&h, pid, ECHO, 60000, &error), ACTA_NOPROC);
    assert_non_null(strstr(error.text, "not alive"));
    pid = start_server(&h);
    assert_int_equal(call_tag(&h, pid, STOP, 60000, &error), ACTA_FAILED);
    assert_non_null(strstr(error.text, "(normal) before it answered"));
    harness_stop(&h);
}

typedef struct outcome {
    _Atomic uint64_t count;
    _Atomic uint64_t by_status[32];
    _Atomic uint64_t sum;
} outcome;

static void
note(void *user, acta_status status, const acta_message *reply, const acta_error *error)
{
    outcome *o = user;

    if (status != ACTA_OK && (error == NULL || error->status != status)) atomic_fetch_add(&o->by_status[31], 1);
    if (reply != NULL) atomic_fetch_add(&o->sum, value_of(reply));
    atomic_fetch_add(&o->by_status[status], 1);
    atomic_fetch_add(&o->count, 1);
}

/* GS-06: deferred ones, one in its hands, and unseen ones behind it: each gets one answer, and the right one. */
static void
each_of_many_waiting_calls_is_answered_once_when_the_server_fails(void **state)
{
    (void)state;
    harness h;
    outcome o = { 0 };

    harness_start(&h, 0);
    acta_pid pid = start_server(&h);
    for (int i = 0; i < 300; i++)
        acta_call_async(h.runtime, pid, number(h.runtime, DEFER, 0), ACTA_INFINITE, note, &o);
    acta_call_async(h.runtime, pid, number(h.runtime, FAIL, 0), ACTA_INFINITE, note, &o);
    for (int i = 0; i < 50; i++)
        acta_call_async(h.runtime, pid, number(h.runtime, ECHO, 0), ACTA_INFINITE, note, &o);
    harness_run(&h);
    assert_int_equal(atomic_load(&o.count), 351);
    assert_int_equal(atomic_load(&o.by_status[ACTA_FAILED]), 301);
    assert_int_equal(atomic_load(&o.by_status[ACTA_NOPROC]), 50);
    assert_int_equal(atomic_load(&o.by_status[31]), 0);
    acta_call_async(h.runtime, pid, number(h.runtime, ECHO, 0), 100, note, &o);
    assert_int_equal(atomic_load(&o.by_status[ACTA_NOPROC]), 51);
    acta_call_async(h.runtime, pid, NULL, 100, note, &o);
    assert_int_equal(atomic_load(&o.by_status[ACTA_NO_MEMORY]), 1);
    harness_stop(&h);
}

/* GS-08: a server answers from another handler. */
static void
deferred_replies_go_to_whom_they_belong(void **state)
{
    (void)state;
    harness h;
    outcome o = { 0 };

    harness_start(&h, 2);
    acta_pid pid = start_server(&h);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 100; i++)
            acta_call_async(h.runtime, pid, number(h.runtime, DEFER, 0), 10000, note, &o);
        assert_int_equal(call_tag(&h, pid, ANSWER_DEFERRED, 60000, NULL), ACTA_OK);
        assert_int_equal(atomic_load(&o.count), (round + 1) * 100);
    }
    assert_int_equal(atomic_load(&o.by_status[ACTA_OK]), 2000);
    assert_int_equal(atomic_load(&o.sum), 20 * 99 * 100 / 2);
    harness_stop(&h);
}

/* GS-08: the second one is counted as late, and goes nowhere. */
static void
a_second_reply_and_a_reply_to_nobody_are_dropped(void **state)
{
    (void)state;
    harness h;
    acta_message *reply = NULL;
    acta_runtime_stats stats;

    harness_start(&h, 2);
    acta_pid pid = start_server(&h);
    assert_int_equal(acta_call(h.runtime, pid, number(h.runtime, TWICE, 0), 60000, &reply, NULL), ACTA_OK);
    assert_int_equal(value_of(reply), 1);
    acta_message_destroy(reply);
    assert_int_equal(call_tag(&h, pid, SLOW, 60000, NULL), ACTA_OK); /* the second reply is behind us now */
    acta_reply(h.runtime, (acta_from){ 0, 0 }, ACTA_OK, number(h.runtime, 0, 0), NULL);
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(stats.late, 1);
    harness_stop(&h);
}

/* GS-05: the reply that comes after the timeout is nobody's. */
static void
a_timeout_is_told_and_its_late_reply_counted(void **state)
{
    (void)state;
    harness h;
    acta_error error;
    acta_runtime_stats stats;

    harness_start(&h, 2);
    acta_pid pid = start_server(&h);
    assert_int_equal(call_tag(&h, pid, DEFER, 5, &error), ACTA_TIMEOUT);
    assert_true(error.retriable);
    assert_int_equal(call_tag(&h, pid, DEFER, 0, &error), ACTA_TIMEOUT);
    assert_int_equal(call_tag(&h, pid, ANSWER_DEFERRED, 60000, &error), ACTA_OK);
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(stats.late, 2);
    harness_stop(&h);
}

/* GS-05: the reply comes at about the time of the timeout: one of both, and the next call never sees it. */
static void
ten_thousand_replies_race_their_timeouts(void **state)
{
    (void)state;
    harness h;
    outcome o = { 0 };
    acta_runtime_stats stats;

    harness_start(&h, 2);
    acta_pid pid = start_server(&h);
    uint64_t timeouts = 0;
    for (uint64_t i = 1; i <= 10000; i++) {
        acta_message *reply = NULL;
        acta_status status = acta_call(h.runtime, pid, number(h.runtime, ECHO, i), 0, &reply, NULL);
        if (status == ACTA_OK) {
            assert_int_equal(value_of(reply), i);
            acta_message_destroy(reply);
        } else {
            assert_int_equal(status, ACTA_TIMEOUT);
            timeouts++;
        }
        acta_call_async(h.runtime, pid, number(h.runtime, ECHO, i), (uint32_t)(i % 3), note, &o);
        if (i % 64 == 0) await_count(&h, &o.count, i - 32);
    }
    await_count(&h, &o.count, 10000);
    assert_int_equal(atomic_load(&o.count), 10000);
    assert_int_equal(atomic_load(&o.by_status[ACTA_OK]) + atomic_load(&o.by_status[ACTA_TIMEOUT]), 10000);
    await_count(&h, &the_server.seen, 20000);
    assert_int_equal(call_tag(&h, pid, SLOW, 60000, NULL), ACTA_OK);
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(stats.late, timeouts + atomic_load(&o.by_status[ACTA_TIMEOUT]));
    harness_stop(&h);
}

static acta_next
call_from_a_handler(acta_self *self, void *user, acta_from from, acta_message *message)
{
    acta_runtime *runtime = acta_self_runtime(self);
    acta_error error;

    (void)message;
    acta_status *status = user;
    status[0] = acta_call(runtime, acta_self_pid(self), number(runtime, ECHO, 0), 60000, NULL, &error);
    status[1] = acta_runtime_stop(runtime, 100, &error);
    acta_reply(runtime, from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

/* GS-04: an actor that would wait, for itself or for another, is told so at once. */
static void
waiting_from_inside_an_actor_is_refused(void **state)
{
    (void)state;
    harness h;
    acta_status status[2] = { ACTA_OK, ACTA_OK };
    script s = { .call = call_from_a_handler, .user = status };

    for (uint32_t workers = 0; workers < 2; workers++) {
        harness_start(&h, workers);
        acta_pid pid = spawn(&h, &s);
        assert_int_equal(call_tag(&h, pid, 0, 60000, NULL), ACTA_OK);
        assert_int_equal(status[0], ACTA_CALLING_SELF);
        assert_int_equal(status[1], ACTA_CALLING_SELF);
        harness_stop(&h);
    }
}

/* -- requests between actors -- */

typedef struct asker {
    acta_pid to;
    acta_ref refs[16];
    uint32_t ref_count;
    acta_status statuses[16];
    uint64_t values[16];
    uint32_t order[16];
    _Atomic uint64_t answered;
    acta_from waiting;
} asker;

static acta_next
ask(acta_self *self, void *user, acta_message *message)
{
    asker *a = user;
    acta_runtime *runtime = acta_self_runtime(self);
    acta_status status =
        acta_request(self, a->to, number(runtime, message->tag, a->ref_count + 100), 50, &a->refs[a->ref_count]);
    assert_true(status == ACTA_OK);
    a->ref_count++;
    return ACTA_NEXT;
}

static acta_next
take_answer(acta_self *self, void *user, const acta_info *info)
{
    asker *a = user;

    (void)self;
    if (info->kind != ACTA_INFO_REPLY) return ACTA_NEXT;
    for (uint32_t i = 0; i < a->ref_count; i++) {
        if (!acta_ref_equal(a->refs[i], info->ref)) continue;
        a->statuses[i] = info->status;
        a->values[i] = info->message != NULL ? value_of(info->message) : 0;
        a->order[atomic_load(&a->answered)] = i;
        if (info->status != ACTA_OK && (info->error == NULL || info->error->text[0] == '\0')) a->values[i] = 666;
        atomic_fetch_add(&a->answered, 1);
    }
    return ACTA_NEXT;
}

static void
a_request_s_answer_comes_by_its_reference(void **state)
{
    (void)state;
    harness h;
    asker a = { .ref_count = 0 };
    script s = { .cast = ask, .info = take_answer, .user = &a };

    harness_start(&h, 0);
    a.to = start_server(&h);
    acta_pid pid = spawn(&h, &s);
    const uint32_t tags[] = { DEFER, ECHO, REFUSE, NEVER, ECHO };
    for (int i = 0; i < 5; i++)
        send_tag(&h, pid, tags[i]);
    harness_run(&h);
    assert_int_equal(atomic_load(&a.answered), 3);
    assert_int_equal(call_tag(&h, a.to, ANSWER_DEFERRED, 1000, NULL), ACTA_OK);
    harness_advance(&h, 49);
    assert_int_equal(atomic_load(&a.answered), 4);
    harness_advance(&h, 2);
    assert_int_equal(atomic_load(&a.answered), 5);
    assert_int_equal(a.statuses[0], ACTA_OK);
    assert_int_equal(a.values[1], 101);
    assert_int_equal(a.statuses[2], ACTA_REJECTED);
    assert_int_equal(a.statuses[3], ACTA_TIMEOUT);
    assert_int_equal(a.values[4], 104);
    const uint32_t order[] = { 1, 2, 4, 0, 3 };
    assert_memory_equal(a.order, order, sizeof order);

    send_tag(&h, pid, FAIL); /* seen, and the server fails */
    harness_run(&h);
    send_tag(&h, pid, ECHO); /* there is none any more */
    harness_run(&h);
    assert_int_equal(a.statuses[5], ACTA_FAILED);
    assert_int_equal(a.statuses[6], ACTA_NOPROC);
    assert_true(a.values[5] != 666 && a.values[6] != 666);
    harness_stop(&h);
}

/* The asker ends with requests under way: their answers find nobody, and nothing is lost or leaked. */
static void
answers_to_a_dead_asker_are_dropped(void **state)
{
    (void)state;
    harness h;
    asker a = { .ref_count = 0 };
    script s = { .cast = ask, .info = take_answer, .user = &a };
    static const acta_exit_reason shutdown = { .kind = ACTA_EXIT_SHUTDOWN };

    harness_start(&h, 0);
    a.to = start_server(&h);
    for (int round = 0; round < 3; round++) {
        a.ref_count = 0;
        acta_pid pid = spawn(&h, &s);
        for (int i = 0; i < 8; i++)
            send_tag(&h, pid, i % 2 == 0 ? DEFER : NEVER);
        harness_run(&h);
        acta_exit(h.runtime, (acta_pid){ 0 }, pid, &shutdown);
        harness_run(&h);
        assert_int_equal(call_tag(&h, a.to, ANSWER_DEFERRED, 1000, NULL), ACTA_OK);
        harness_advance(&h, 100);
    }
    assert_int_equal(atomic_load(&a.answered), 0);
    harness_stop(&h);
}

/* GS-11: an unknown call is answered at once; what has no handler is logged once. */
static void
a_server_without_handlers_answers_and_logs_once(void **state)
{
    (void)state;
    harness h;
    static const acta_behaviour bare = { .name = "bare" };
    acta_pid pid = { 0 };
    acta_error error;

    harness_start(&h, 1);
    assert_int_equal(acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &bare }, &pid, &error), ACTA_OK);
    assert_int_equal(call_tag(&h, pid, 1, 60000, &error), ACTA_INVALID);
    for (int i = 0; i < 5; i++)
        send_tag(&h, pid, 1);
    assert_int_equal(call_tag(&h, pid, 1, 60000, &error), ACTA_INVALID);
    assert_int_equal(atomic_load(&h.log_lines), 2); /* the calls, the casts */
    harness_stop(&h);
}

/* GS-03: to the dead, to a name that nobody has, to a pid of the past whose slot is another's: NOPROC, and nobody sees it. */
static void
a_call_to_nobody_is_noproc_and_seen_by_nobody(void **state)
{
    (void)state;
    harness h;
    acta_error error;

    harness_start(&h, 0);
    acta_pid stale = start_server(&h);
    assert_int_equal(acta_stop(h.runtime, stale, NULL, 1000, NULL), ACTA_OK);
    acta_pid fresh = start_server(&h);
    while ((uint32_t)fresh.value != (uint32_t)stale.value) /* until it has the same slot */
        fresh = spawn(&h, &serving);
    assert_int_equal(call_tag(&h, stale, STOP, 1000, &error), ACTA_NOPROC);
    assert_string_equal(error.text, "the actor is not alive");
    assert_int_equal(call_tag(&h, acta_whereis(h.runtime, acta_str_of("nobody")), STOP, 1000, &error), ACTA_NOPROC);
    assert_int_equal(call_tag(&h, (acta_pid){ UINT64_MAX }, STOP, 1000, &error), ACTA_NOPROC);
    assert_int_equal(atomic_load(&the_server.seen), 0);
    assert_true(acta_is_alive(h.runtime, fresh));
    harness_stop(&h);
}

/* GS-07: a timeout of 0 sends and doesn't wait, one of 1 ms ends by itself, an infinite one waits; a deadline that has
 * passed is a timeout of 0. */
static void
each_timeout_means_what_it_says(void **state)
{
    (void)state;
    for (uint32_t workers = 0; workers < 2; workers++) {
        harness h;
        acta_error error;

        harness_start(&h, workers);
        acta_pid pid = start_server(&h);
        assert_int_equal(call_tag(&h, pid, NEVER, 0, &error), ACTA_TIMEOUT);
        uint64_t begun_ns = acta_runtime_now_ns(h.runtime);
        assert_int_equal(call_tag(&h, pid, NEVER, 1, &error), ACTA_TIMEOUT);
        if (workers > 0) assert_true(acta_runtime_now_ns(h.runtime) - begun_ns >= 1000000);
        assert_int_equal(call_tag(&h, pid, SLOW, ACTA_INFINITE, &error), ACTA_OK);

        acta_message *request = acta_message_create(h.runtime, NEVER, 0);
        assert_int_equal(acta_call_until(h.runtime, pid, request, 1, NULL, &error), ACTA_TIMEOUT);
        request = acta_message_create(h.runtime, SLOW, 0);
        assert_int_equal(acta_call_until(h.runtime, pid, request, UINT64_MAX, NULL, &error), ACTA_OK);
        request = number(h.runtime, ECHO, 5);
        acta_message *reply = NULL;
        uint64_t deadline_ns = acta_runtime_now_ns(h.runtime) + UINT64_C(20000000000);
        assert_int_equal(acta_call_until(h.runtime, pid, request, deadline_ns, &reply, &error), ACTA_OK);
        assert_int_equal(value_of(reply), 5);
        acta_message_destroy(reply);
        assert_int_equal(atomic_load(&the_server.seen), 6); /* the ones that nobody waited for, too */
        harness_stop(&h);
    }
}

/* -- answered by somebody else -- */

enum { GIVE_ON = 1, GIVE_ON_AND_STOP, ANSWER_IT };

typedef struct giver {
    acta_pid other;
    acta_from from;
    _Atomic uint64_t answered;
} giver;

static acta_next
give_on(acta_self *self, void *user, acta_from from, acta_message *message)
{
    giver *g = user;

    g->from = from;
    acta_hand_over(self, from);
    acta_send(acta_self_runtime(self), g->other, acta_message_create(acta_self_runtime(self), ANSWER_IT, 0));
    return message->tag == GIVE_ON_AND_STOP ? ACTA_STOP : ACTA_NEXT;
}

static acta_next
answer_for_another(acta_self *self, void *user, acta_message *message)
{
    giver *g = user;
    acta_runtime *runtime = acta_self_runtime(self);

    (void)message;
    acta_reply(runtime, g->from, ACTA_OK, number(runtime, 0, 42), NULL);
    acta_reply(runtime, g->from, ACTA_OK, number(runtime, 0, 43), NULL); /* dropped */
    atomic_fetch_add(&g->answered, 1);
    return ACTA_NEXT;
}

/* GS-08: from another actor, and after the one that was asked has ended; the second reply is dropped. */
static void
another_actor_answers_also_when_the_asked_one_has_ended(void **state)
{
    (void)state;
    for (uint32_t tag = GIVE_ON; tag <= GIVE_ON_AND_STOP; tag++) {
        harness h;
        giver g = { .answered = 0 };
        script giving = { .call = give_on, .user = &g }, answering = { .cast = answer_for_another, .user = &g };
        acta_message *reply = NULL;
        acta_runtime_stats stats;
        acta_error error;

        harness_start(&h, 0);
        g.other = spawn(&h, &answering);
        acta_pid pid = spawn(&h, &giving);
        acta_status status = acta_call(h.runtime, pid, acta_message_create(h.runtime, tag, 0), 1000, &reply, &error);
        if (status != ACTA_OK) fail_msg("%s", error.text);
        assert_int_equal(value_of(reply), 42);
        acta_message_destroy(reply);
        assert_int_equal(acta_is_alive(h.runtime, pid), tag == GIVE_ON);
        acta_runtime_stats_read(h.runtime, &stats);
        assert_int_equal(stats.late, 1);
        harness_stop(&h);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reply_comes_with_its_message_status_and_error),
        cmocka_unit_test(the_end_of_the_server_answers_what_it_has_seen_and_what_it_has_not),
        cmocka_unit_test(each_of_many_waiting_calls_is_answered_once_when_the_server_fails),
        cmocka_unit_test(deferred_replies_go_to_whom_they_belong),
        cmocka_unit_test(a_second_reply_and_a_reply_to_nobody_are_dropped),
        cmocka_unit_test(a_timeout_is_told_and_its_late_reply_counted),
        cmocka_unit_test(ten_thousand_replies_race_their_timeouts),
        cmocka_unit_test(waiting_from_inside_an_actor_is_refused),
        cmocka_unit_test(a_request_s_answer_comes_by_its_reference),
        cmocka_unit_test(answers_to_a_dead_asker_are_dropped),
        cmocka_unit_test(a_server_without_handlers_answers_and_logs_once),
        cmocka_unit_test(a_call_to_nobody_is_noproc_and_seen_by_nobody),
        cmocka_unit_test(each_timeout_means_what_it_says),
        cmocka_unit_test(another_actor_answers_also_when_the_asked_one_has_ended),
    };
    return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
