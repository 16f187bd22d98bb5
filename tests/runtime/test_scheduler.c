/*
 * Scheduling: nobody starves, no wake-up is lost, work is stolen, and a quiet program uses no processor.
 */
#include "harness.h"

#include <pthread.h>

typedef struct chatter {
    acta_pid peer;
    _Atomic uint64_t *stop;
    _Atomic uint64_t said;
} chatter;

static acta_next
chat(acta_self *self, void *user, acta_message *message)
{
    chatter *c = user;
    (void)message;
    atomic_fetch_add(&c->said, 1);
    if (!atomic_load(c->stop))
        acta_send(acta_self_runtime(self), c->peer, acta_message_create(acta_self_runtime(self), 0, 0));
    return ACTA_NEXT;
}

typedef struct quiet {
    _Atomic uint64_t heard, timers;
} quiet;

static acta_next
hear(acta_self *self, void *user, acta_message *message)
{
    (void)message;
    atomic_fetch_add(&((quiet *)user)->heard, 1);
    acta_send_after(self, 1, 0, 0, NULL);
    return ACTA_NEXT;
}

static acta_next
hear_timer(acta_self *self, void *user, const acta_info *info)
{
    (void)self;
    if (info->kind == ACTA_INFO_TIMER) atomic_fetch_add(&((quiet *)user)->timers, 1);
    return ACTA_NEXT;
}

/* SCH-04: Two actors that live in the LIFO slot, and one that always has messages for itself, on a single worker. */
static void
chatterers_starve_neither_others_nor_outside_threads_nor_timers(void **state)
{
    (void)state;
    harness h;
    static _Atomic uint64_t stop;
    static chatter a, b, own;
    static quiet q;
    script sa = { .cast = chat, .user = &a }, sb = { .cast = chat, .user = &b }, so = { .cast = chat, .user = &own };
    script sq = { .cast = hear, .info = hear_timer, .user = &q };
    acta_pid pids[1000];

    memset(&q, 0, sizeof q);
    atomic_store(&stop, 0);
    harness_start(&h, 1);
    a.stop = b.stop = own.stop = &stop;
    a.peer = spawn(&h, &sb);
    b.peer = spawn(&h, &sa);
    own.peer = spawn(&h, &so);
    for (int i = 0; i < 1000; i++)
        pids[i] = spawn(&h, &sq);
    send_tag(&h, a.peer, 0);
    send_tag(&h, own.peer, 0);
    await_count(&h, &a.said, 1000);
    await_count(&h, &own.said, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(send_tag(&h, pids[i], 0), ACTA_OK);
    await_count(&h, &q.heard, 1000);
    await_count(&h, &q.timers, 1000);
    atomic_store(&stop, 1);
    harness_stop(&h);
}

/* SCH-02: A producer sends exactly as the consumer goes to sleep, again and again, from inside and from outside: often, or
 * as often as fits into ten seconds where each wake-up waits for a processor. */
typedef struct ball {
    _Atomic uint64_t received;
} ball;

static acta_next
receive_ball(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    (void)message;
    atomic_fetch_add(&((ball *)user)->received, 1);
    return ACTA_NEXT;
}

static void
no_wake_up_is_lost_between_a_send_and_falling_asleep(void **state)
{
    (void)state;
    harness h;
    static ball balls[2];
    script s[2] = { { .cast = receive_ball, .user = &balls[0] }, { .cast = receive_ball, .user = &balls[1] } };
    uint64_t seed = 3;

    memset(balls, 0, sizeof balls);
    harness_start(&h, 2);
    acta_pid pids[2] = { spawn(&h, &s[0]), spawn(&h, &s[1]) };
    uint64_t last_ns = scaled(1) > 1 ? UINT64_MAX : real_now_ns() + UINT64_C(10000000000);
    for (uint64_t i = 1; i <= scaled(50000) && real_now_ns() < last_ns; i++) {
        uint32_t which = draw(&seed, 2);
        uint64_t before = atomic_load(&balls[which].received);
        send_tag(&h, pids[which], 0);
        for (uint32_t spin = draw(&seed, 2000); spin > 0; spin--) { /* sometimes into the spin phase, or the parking */
            if (atomic_load(&balls[which].received) > before) break;
            __asm__ volatile("" ::: "memory");
        }
        uint64_t end_ns = real_now_ns() + UINT64_C(60000000000);
        for (uint32_t looks = 0; atomic_load(&balls[which].received) == before; looks++) {
            if (real_now_ns() > end_ns) fail_msg("round %llu: lost", (unsigned long long)i);
            if (looks > 1000) sched_yield(); /* it may be the same processor that the worker waits for */
        }
    }
    harness_stop(&h);
}

static void *
throw_balls(void *argument)
{
    harness *h = ((void **)argument)[0];
    acta_pid *pid = ((void **)argument)[1];
    uint64_t seed = (uint64_t)(uintptr_t)&seed;

    for (uint64_t i = 0; i < scaled(20000); i++) {
        while (send_tag(h, *pid, 0) == ACTA_BUSY)
            sleep_ms(1);
        for (uint32_t spin = draw(&seed, 1000); spin > 0; spin--)
            __asm__ volatile("" ::: "memory");
    }
    return NULL;
}

/* SCH-02, SCH-12: 8 senders, 16 workers. */
static void
no_wake_up_is_lost_with_many_senders_and_more_workers_than_cores(void **state)
{
    (void)state;
    harness h;
    static ball balls[4];
    script s[4];
    acta_pid pids[4];
    pthread_t threads[8];
    void *arguments[8][2];

    memset(balls, 0, sizeof balls);
    harness_start(&h, 16);
    for (int i = 0; i < 4; i++) {
        s[i] = (script){ .cast = receive_ball, .user = &balls[i] };
        pids[i] = spawn(&h, &s[i]);
    }
    for (int i = 0; i < 8; i++) {
        arguments[i][0] = &h;
        arguments[i][1] = &pids[i % 4];
        assert_int_equal(pthread_create(&threads[i], NULL, throw_balls, arguments[i]), 0);
    }
    for (int i = 0; i < 8; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++)
        await_count(&h, &balls[i].received, 2 * scaled(20000));
    harness_stop(&h);
}

/* -- stealing -- */

typedef struct blocker {
    acta_pid others[100];
    _Atomic uint64_t done, done_meanwhile;
} blocker;

static acta_next
be_done(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    (void)message;
    atomic_fetch_add(&((blocker *)user)->done, 1);
    return ACTA_NEXT;
}

static acta_next
make_work_and_block(acta_self *self, void *user, acta_message *message)
{
    blocker *b = user;
    (void)message;
    for (int i = 0; i < 100; i++)
        acta_send(acta_self_runtime(self), b->others[i], acta_message_create(acta_self_runtime(self), 0, 0));
    uint64_t end_ns = real_now_ns() + UINT64_C(60000000000);
    while (atomic_load(&b->done) < 100 && real_now_ns() < end_ns)
        sleep_ms(1);
    atomic_store(&b->done_meanwhile, atomic_load(&b->done));
    return ACTA_STOP;
}

static void
what_a_blocked_worker_has_queued_is_stolen_to_the_last(void **state)
{
    (void)state;
    harness h;
    static blocker b;
    script work = { .cast = be_done, .user = &b }, block = { .cast = make_work_and_block, .user = &b };

    for (int round = 0; round < 20; round++) {
        memset(&b, 0, sizeof b);
        harness_start(&h, 2);
        for (int i = 0; i < 100; i++)
            b.others[i] = spawn(&h, &work);
        acta_pid blocking = spawn(&h, &block);
        send_tag(&h, blocking, 0);
        await_dead(&h, blocking);
        assert_int_equal(atomic_load(&b.done_meanwhile), 100);
        harness_stop(&h);
    }
}

/* -- many -- */

typedef struct crowd {
    _Atomic uint64_t done;
    uint32_t children;
    script *leaf;
} crowd;

static acta_next
spawn_crowd(acta_self *self, void *user, acta_message *message)
{
    crowd *c = user;
    (void)message;
    for (uint32_t i = 0; i < c->children; i++) {
        acta_pid pid;
        ACTA_CHECK(
            self, acta_spawn(acta_self_runtime(self),
                      &(acta_spawn_options){ .behaviour = &scripted, .argument = c->leaf }, &pid, NULL) == ACTA_OK);
        ACTA_CHECK(self,
            acta_send(acta_self_runtime(self), pid, acta_message_create(acta_self_runtime(self), 0, 0)) == ACTA_OK);
    }
    return ACTA_STOP;
}

static acta_next
leaf_done(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    (void)message;
    atomic_fetch_add(&((crowd *)user)->done, 1);
    return ACTA_STOP;
}

/* Far more than a ring holds: the overflow goes to the injection queue, and each runs once. */
static void
a_hundred_thousand_short_lives_are_lived_once_each(void **state)
{
    (void)state;
    harness h;
    static crowd c;
    script leaf = { .cast = leaf_done, .user = &c }, root = { .cast = spawn_crowd, .user = &c };

    memset(&c, 0, sizeof c);
    c.children = 20000;
    c.leaf = &leaf;
    harness_start(&h, 2);
    for (int i = 0; i < 5; i++)
        send_tag(&h, spawn(&h, &root), 0);
    await_count(&h, &c.done, 100000);
    harness_stop(&h);
    assert_int_equal(atomic_load(&c.done), 100000);
}

/* -- quiet -- */

static acta_next
set_far_timer(acta_self *self, void *user, acta_message *message)
{
    (void)user;
    (void)message;
    acta_send_after(self, 3600000, 0, 0, NULL);
    return ACTA_NEXT;
}

/* SCH-11: four workers and their watchdog; no spare, which a worker that the machine keeps waiting would be lent. */
static void
a_quiet_runtime_sleeps_with_and_without_timers_pending(void **state)
{
    (void)state;
    harness h;
    script s = { .cast = set_far_timer };

    harness_start_with(&h, (acta_runtime_config){ .worker_count = 4, .spare_workers = ACTA_NO_SPARE_WORKERS });
    await_threads("acta-", 5);
    acta_pid pid = spawn(&h, &s);
    for (int timers = 0; timers < 2; timers++) {
        if (timers) send_tag(&h, pid, 0);
        assert_int_equal(call_tag(&h, pid, 0, 60000, NULL), ACTA_OK);
        assert_int_equal(await_quiet("acta-"), 5);
    }
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chatterers_starve_neither_others_nor_outside_threads_nor_timers),
        cmocka_unit_test(no_wake_up_is_lost_between_a_send_and_falling_asleep),
        cmocka_unit_test(no_wake_up_is_lost_with_many_senders_and_more_workers_than_cores),
        cmocka_unit_test(what_a_blocked_worker_has_queued_is_stolen_to_the_last),
        cmocka_unit_test(a_hundred_thousand_short_lives_are_lived_once_each),
        cmocka_unit_test(a_quiet_runtime_sleeps_with_and_without_timers_pending),
    };
    return cmocka_run_group_tests_name("scheduler", tests, NULL, NULL);
}
