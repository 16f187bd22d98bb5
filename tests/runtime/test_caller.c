/*
 * Servers that run on their callers' threads: on which thread a turn is, that it is never on two, and that an actor is
 * never left behind by a caller that goes.
 */
#include "harness.h"

#include <pthread.h>
#include <sys/resource.h>

/*
 * A server that answers a call only when its "write" is done: the call queues a write, the helper does it and posts the
 * completion to the server, which answers. What an aggregate and the store's committer do.
 */
enum { CALL_DURABLE = 1, CALL_PLAIN, WRITTEN, POKE };

typedef struct desk {
    harness *h;
    acta_pid server;
    acta_from waiting[64];
    uint32_t waiting_count;
    _Atomic uint64_t queued, in_turn, overlaps, foreign_turns, pokes;
    _Atomic bool helping, lazy; /* lazy: the helper does nothing */
    pthread_t caller;
    bool check_thread;
} desk;

static void
enter(desk *d)
{
    if (atomic_fetch_add(&d->in_turn, 1) != 0) atomic_fetch_add(&d->overlaps, 1);
    if (d->check_thread && !pthread_equal(pthread_self(), d->caller)) atomic_fetch_add(&d->foreign_turns, 1);
}

static void
leave(desk *d)
{
    atomic_fetch_sub(&d->in_turn, 1);
}

static acta_next
desk_call(acta_self *self, void *user, acta_from from, acta_message *message)
{
    desk *d = user;

    enter(d);
    if (message->tag == CALL_DURABLE) {
        d->waiting[d->waiting_count++ % 64] = from;
        atomic_fetch_add(&d->queued, 1);
    } else
        acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    leave(d);
    return ACTA_NEXT;
}

static acta_next
desk_cast(acta_self *self, void *user, acta_message *message)
{
    desk *d = user;

    enter(d);
    if (message->tag == POKE) atomic_fetch_add(&d->pokes, 1);
    for (uint32_t i = 0; message->tag == WRITTEN && i < d->waiting_count; i++)
        acta_reply(acta_self_runtime(self), d->waiting[i], ACTA_OK, NULL, NULL);
    if (message->tag == WRITTEN) d->waiting_count = 0;
    leave(d);
    return ACTA_NEXT;
}

/* One thread at a time is the committer; it posts one completion for all that is queued. */
static bool
commit(void *user)
{
    desk *d = user;
    bool free_role = false;

    if (atomic_load(&d->lazy) || atomic_load(&d->queued) == 0) return false;
    if (!atomic_compare_exchange_strong(&d->helping, &free_role, true)) return false;
    if (atomic_exchange(&d->queued, 0) > 0) send_tag(d->h, d->server, WRITTEN);
    atomic_store(&d->helping, false);
    return true;
}

static void
open_desk(harness *h, desk *d, script *s, uint32_t workers)
{
    memset(d, 0, sizeof *d);
    harness_start(h, workers);
    d->h = h;
    d->caller = pthread_self();
    *s = (script){ .call = desk_call, .cast = desk_cast, .user = d };
    acta_runtime_set_helper(h->runtime, commit, d);
    assert_int_equal(acta_spawn(h->runtime, &(acta_spawn_options){ .behaviour = &scripted_on_caller, .argument = s },
                         &d->server, NULL),
        ACTA_OK);
}

static uint64_t
own_switches(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (uint64_t)usage.ru_nvcsw;
}

/* The call, the write and the completion are all on this thread, which doesn't sleep; a page fault may make it wait, and
 * a lock that another holds: now and then, not at each of ten thousand calls. */
static void
a_lonely_durable_call_never_leaves_its_thread(void **state)
{
    (void)state;
    harness h;
    desk d;
    script s;

    open_desk(&h, &d, &s, 2);
    d.check_thread = true;
    uint64_t before = own_switches();
    for (int i = 0; i < 5000; i++) {
        assert_int_equal(call_tag(&h, d.server, CALL_PLAIN, 60000, NULL), ACTA_OK);
        assert_int_equal(call_tag(&h, d.server, CALL_DURABLE, 60000, NULL), ACTA_OK);
    }
    assert_true(own_switches() - before <= 1000);
    assert_int_equal(atomic_load(&d.foreign_turns), 0);
    harness_stop(&h);
}

typedef struct client {
    desk *d;
    uint64_t seed, timeouts, answers;
} client;

static void *
be_client(void *argument)
{
    client *c = argument;

    for (int i = 0; i < 3000; i++) {
        uint32_t what = draw(&c->seed, 10);
        if (what == 0) {
            send_tag(c->d->h, c->d->server, POKE);
            continue;
        }
        acta_status status = call_tag(c->d->h, c->d->server, what < 5 ? CALL_PLAIN : CALL_DURABLE, 60000, NULL);
        if (status == ACTA_OK) c->answers++;
    }
    return NULL;
}

/* Callers, workers and the committer's completions meet at one server: its turns never overlap, each call is answered
 * in time. Clients that wait at the same time are fewer than places in `waiting`. */
static void
many_callers_of_one_server_never_overlap_and_all_are_answered(void **state)
{
    (void)state;
    enum { CLIENTS = 6 };
    harness h;
    desk d;
    script s;
    client clients[CLIENTS];
    pthread_t threads[CLIENTS];
    uint64_t expected = 0;

    open_desk(&h, &d, &s, 2);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (client){ .d = &d, .seed = (uint64_t)i + 1 };
        assert_int_equal(pthread_create(&threads[i], NULL, be_client, &clients[i]), 0);
    }
    /* The committer of last resort, for what was queued when every caller had found nothing to do. */
    for (int i = 0; i < CLIENTS;) {
        while (commit(&d)) {}
        struct timespec soon;
        clock_gettime(CLOCK_REALTIME, &soon);
        soon.tv_nsec += 1000000;
        if (soon.tv_nsec >= 1000000000) soon.tv_sec++, soon.tv_nsec -= 1000000000;
        if (pthread_timedjoin_np(threads[i], NULL, &soon) == 0) i++;
    }
    for (int i = 0; i < CLIENTS; i++)
        expected += clients[i].answers;
    harness_stop(&h);
    assert_int_equal(atomic_load(&d.overlaps), 0);
    assert_int_equal(expected + atomic_load(&d.pokes), CLIENTS * 3000);
}

/* The caller gives up while its server waits for a write: the server lives on, for others. */
static void
a_server_is_not_stuck_when_its_caller_gives_up(void **state)
{
    (void)state;
    harness h;
    desk d;
    script s;

    open_desk(&h, &d, &s, 2);
    for (int i = 0; i < 300; i++) {
        atomic_store(&d.lazy, true);
        assert_int_equal(call_tag(&h, d.server, CALL_DURABLE, (uint32_t)(i % 2), NULL), ACTA_TIMEOUT);
        uint64_t pokes = atomic_load(&d.pokes);
        send_tag(&h, d.server, POKE);
        await_count(&h, &d.pokes, pokes + 1);
        atomic_store(&d.lazy, false);
        assert_int_equal(call_tag(&h, d.server, CALL_DURABLE, 60000, NULL), ACTA_OK);
    }
    assert_int_equal(atomic_load(&d.overlaps), 0);
    harness_stop(&h);
}

/* With a budget of one message the server is answered and still has the poke in its mailbox when the caller leaves. */
static bool
write_and_poke(void *user)
{
    desk *d = user;

    if (atomic_exchange(&d->queued, 0) == 0) return false;
    send_tag(d->h, d->server, WRITTEN);
    send_tag(d->h, d->server, POKE);
    return true;
}

static _Atomic bool last_resort_ends;

/* For calls that came while a worker was still in the turn before, and so found nothing to write. */
static void *
be_last_resort(void *argument)
{
    while (!atomic_load(&last_resort_ends)) {
        write_and_poke(argument);
        sleep_ms(1);
    }
    return NULL;
}

static void
a_server_left_ready_by_its_caller_is_run_by_the_workers(void **state)
{
    (void)state;
    harness h;
    desk d = { .h = &h };
    script s = { .call = desk_call, .cast = desk_cast, .user = &d };
    pthread_t last_resort;

    harness_start_with(&h, (acta_runtime_config){ .worker_count = 1, .budget = 1 });
    acta_runtime_set_helper(h.runtime, write_and_poke, &d);
    assert_int_equal(acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &scripted_on_caller, .argument = &s },
                         &d.server, NULL),
        ACTA_OK);
    atomic_store(&last_resort_ends, false);
    assert_int_equal(pthread_create(&last_resort, NULL, be_last_resort, &d), 0);
    for (uint64_t i = 1; i <= 1000; i++) {
        assert_int_equal(call_tag(&h, d.server, CALL_DURABLE, 60000, NULL), ACTA_OK);
        await_count(&h, &d.pokes, i);
    }
    atomic_store(&last_resort_ends, true);
    pthread_join(last_resort, NULL);
    assert_int_equal(atomic_load(&d.overlaps), 0);
    harness_stop(&h);
}

static acta_next
fail_on_caller(acta_self *self, void *user, acta_from from, acta_message *message)
{
    (void)user;
    (void)from;
    acta_fail(self, "on thread of %u", message->tag);
}

static void
a_failure_on_the_caller_s_thread_is_an_answer_like_any_other(void **state)
{
    (void)state;
    harness h;
    script s = { .call = fail_on_caller };
    acta_error error;

    harness_start(&h, 2);
    for (uint32_t i = 0; i < 1000; i++) {
        acta_pid pid = { 0 };
        char text[32];
        assert_int_equal(acta_spawn(h.runtime,
                             &(acta_spawn_options){ .behaviour = &scripted_on_caller, .argument = &s }, &pid, NULL),
            ACTA_OK);
        assert_int_equal(call_tag(&h, pid, i, 60000, &error), ACTA_FAILED);
        snprintf(text, sizeof text, "on thread of %u", i);
        assert_non_null(strstr(error.text, text));
        assert_false(acta_is_alive(h.runtime, pid));
    }
    harness_stop(&h);
}

static acta_next
call_again(acta_self *self, void *user, acta_from from, acta_message *message)
{
    desk *d = user;
    acta_status *status = (acta_status *)message->payload;
    (void)status;
    acta_status inner = call_tag(d->h, d->server, CALL_PLAIN, 1000, NULL);
    acta_error error;
    acta_error_set(&error, inner, "inner");
    acta_reply(acta_self_runtime(self), from, inner, NULL, &error);
    return ACTA_NEXT;
}

static void
a_turn_on_the_caller_s_thread_can_t_call_either(void **state)
{
    (void)state;
    harness h;
    desk d;
    script s;
    acta_pid pid = { 0 };

    open_desk(&h, &d, &s, 2);
    script nested = { .call = call_again, .user = &d };
    assert_int_equal(acta_spawn(h.runtime,
                         &(acta_spawn_options){ .behaviour = &scripted_on_caller, .argument = &nested }, &pid, NULL),
        ACTA_OK);
    assert_int_equal(call_tag(&h, pid, 0, 60000, NULL), ACTA_CALLING_SELF);
    harness_stop(&h);
}

static _Thread_local uint64_t clock_looks;

static uint64_t
looked_at_clock(void *user)
{
    struct timespec now;

    (void)user;
    clock_looks++;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static acta_next
answer_number(acta_self *self, void *user, acta_from from, acta_message *message)
{
    acta_runtime *runtime = acta_self_runtime(self);

    (void)user;
    acta_reply(runtime, from, ACTA_OK, acta_message_create(runtime, message->tag, 0), NULL);
    return ACTA_NEXT;
}

/* What is answered at once asks for no time; what isn't has its timeout. */
static void
a_call_looks_at_the_clock_only_to_wait(void **state)
{
    const acta_environment environment = { .clock = { .monotonic_ns = looked_at_clock } };
    const acta_behaviour quick = { .name = "quick", .run_on_caller = true, .handle_call = answer_number };
    const acta_runtime_config config = { .environment = &environment, .worker_count = 1 };
    acta_runtime *runtime;
    acta_message *reply;
    acta_error error;
    acta_pid pid;

    (void)state;
    assert_int_equal(acta_runtime_create(&config, &runtime, &error), ACTA_OK);
    assert_int_equal(acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &quick }, &pid, &error), ACTA_OK);
    uint64_t before = clock_looks;
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(acta_call(runtime, pid, acta_message_create(runtime, i, 0), 60000, &reply, &error), ACTA_OK);
        assert_int_equal(reply->tag, i);
        acta_message_destroy(reply);
    }
    assert_int_equal(clock_looks - before, 0);
    assert_int_equal(acta_call_until(runtime, pid, acta_message_create(runtime, 7, 0), 0, &reply, &error), ACTA_OK);
    acta_message_destroy(reply); /* it was answered before there was anything to wait for */
    assert_int_equal(acta_runtime_stop(runtime, 60000, &error), ACTA_OK);
    acta_runtime_destroy(runtime);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lonely_durable_call_never_leaves_its_thread),
        cmocka_unit_test(many_callers_of_one_server_never_overlap_and_all_are_answered),
        cmocka_unit_test(a_server_is_not_stuck_when_its_caller_gives_up),
        cmocka_unit_test(a_server_left_ready_by_its_caller_is_run_by_the_workers),
        cmocka_unit_test(a_failure_on_the_caller_s_thread_is_an_answer_like_any_other),
        cmocka_unit_test(a_turn_on_the_caller_s_thread_can_t_call_either),
        cmocka_unit_test(a_call_looks_at_the_clock_only_to_wait),
    };
    return cmocka_run_group_tests_name("caller", tests, NULL, NULL);
}
