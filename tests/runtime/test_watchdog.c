/*
 * Handlers that block: the others go on, on workers that are free or lent; and when it is over, or while nothing runs,
 * nobody is awake.
 */
#include "ward.h"

/* SCH-17: a hundred actors that a handler made ready, in the ring and the LIFO slot of its worker, while it doesn't
 * return; all others sleep, or there are none. */
static void
what_a_blocked_handler_made_ready_runs_elsewhere(void **state)
{
    (void)state;
    for (uint32_t workers = 1; workers <= 4; workers++) {
        ward w;
        open_ward(&w, (acta_runtime_config){ .worker_count = workers });
        for (uint64_t round = 1; round <= 3; round++) {
            sleep_ms(20); /* all have parked */
            atomic_store(&w.gate_closed, true);
            acta_pid pid = spawn(&w.h, &w.s);
            uint64_t begin_ns = real_now_ns();
            send_tag(&w.h, pid, WAKE_ALL);
            await_count(&w.h, &w.woken, round * CROWD);
            print_message("%u workers: %llu us\n", workers, (unsigned long long)(real_now_ns() - begin_ns) / 1000);
            assert_int_equal(atomic_load(&w.ended), round - 1);
            atomic_store(&w.gate_closed, false);
            await_count(&w.h, &w.ended, round);
        }
        close_ward(&w);
    }
}

/* SCH-17, SCH-06: every worker is in such a handler. */
static void
when_all_workers_are_blocked_spares_go_on(void **state)
{
    static const uint32_t tags[] = { BLOCK, COMPUTE };
    (void)state;

    for (uint32_t i = 0; i < 2; i++) {
        ward w;
        open_ward(&w, (acta_runtime_config){ .worker_count = 2 });
        block_workers(&w, 2, tags[i]);
        for (uint32_t k = 0; k < CROWD; k++)
            send_tag(&w.h, w.crowd[k], 1);
        await_count(&w.h, &w.woken, CROWD);
        assert_true(stats_of(&w).lent >= 1);
        block_workers(&w, 2, tags[i]); /* and the spares too, until there are no more */
        for (uint32_t k = 0; k < CROWD; k++)
            send_tag(&w.h, w.crowd[k], 1);
        await_count(&w.h, &w.woken, 2 * CROWD);
        assert_int_equal(atomic_load(&w.ended), 0);
        close_ward(&w);
    }
}

static acta_next
set_timer(acta_self *self, void *user, acta_message *message)
{
    acta_ref ref;
    (void)user;
    (void)message;
    acta_send_after(self, 30, 1, 0, &ref);
    return ACTA_NEXT;
}

/* SCH-06: the clock goes on as well, and so do calls from outside. */
static void
timers_and_calls_go_on_while_the_only_worker_is_blocked(void **state)
{
    ward w;
    (void)state;

    open_ward(&w, (acta_runtime_config){ .worker_count = 1 });
    script timed = { .cast = set_timer, .info = be_timed, .user = &w };
    acta_pid pid = spawn(&w.h, &timed);
    send_tag(&w.h, pid, 1);
    block_workers(&w, 1, BLOCK);
    await_count(&w.h, &w.timers, 1);
    for (int i = 0; i < 100; i++)
        assert_int_equal(call_tag(&w.h, pid, 1, 60000, NULL), ACTA_OK);
    assert_int_equal(atomic_load(&w.ended), 0);
    close_ward(&w);
}

/* One blocks the worker, two the two spares; the fourth has to wait for one of them. */
static void
spares_are_bounded(void **state)
{
    ward w;
    (void)state;

    open_ward(&w, (acta_runtime_config){ .worker_count = 1, .spare_workers = 2 });
    block_workers(&w, 3, BLOCK);
    send_tag(&w.h, spawn(&w.h, &w.s), BLOCK);
    sleep_ms(150);
    assert_int_equal(atomic_load(&w.begun), 3);
    assert_int_equal(stats_of(&w).lent, 2);
    atomic_store(&w.gate_closed, false);
    await_count(&w.h, &w.ended, 4);
    close_ward(&w);

    open_ward(&w, (acta_runtime_config){ .worker_count = 1, .spare_workers = ACTA_NO_SPARE_WORKERS });
    block_workers(&w, 1, BLOCK);
    send_tag(&w.h, w.crowd[0], 1);
    sleep_ms(100);
    assert_int_equal(atomic_load(&w.woken), 0);
    atomic_store(&w.gate_closed, false);
    await_count(&w.h, &w.woken, 1);
    close_ward(&w);
}

static acta_status
trap(acta_self *self, void *user, acta_error *error)
{
    (void)user;
    (void)error;
    acta_trap_exit(self, true);
    return ACTA_OK;
}

/* Crowd 0 doesn't end when it is told to, but at the deadline, when it is killed. */
static void *
open_gate_after_deadline(void *argument)
{
    ward *w = argument;
    await_dead(&w->h, w->crowd[0]);
    atomic_store(&w->gate_closed, false);
    return NULL;
}

/* SCH-09: the others stop though the only worker is blocked; the stop waits for the handler, and says so. */
static void
a_stop_goes_round_a_blocked_handler(void **state)
{
    pthread_t opener;
    ward w;
    (void)state;

    open_ward(&w, (acta_runtime_config){ .worker_count = 1 });
    script trapping = { .init = trap };
    w.crowd[0] = spawn(&w.h, &trapping);
    block_workers(&w, 1, BLOCK);
    pthread_create(&opener, NULL, open_gate_after_deadline, &w);
    assert_int_equal(acta_runtime_stop(w.h.runtime, 1, NULL), ACTA_TIMEOUT);
    pthread_join(opener, NULL);
    assert_int_equal(atomic_load(&w.ended), 1);
    close_ward(&w);
}

/* SCH-11: also after handlers were stuck and spares lent. The next message is handled all the same. */
static void
when_nothing_runs_nobody_wakes(void **state)
{
    ward w;
    (void)state;

    open_ward(&w, (acta_runtime_config){ .worker_count = 2 });
    for (uint64_t round = 1; round <= 3; round++) {
        atomic_store(&w.gate_closed, true);
        block_workers(&w, 3, BLOCK);
        atomic_store(&w.gate_closed, false);
        await_count(&w.h, &w.ended, 3 * round);
        assert_in_range(await_quiet("acta-"), 4, 7); /* workers, spares, watchdog */
    }
    send_tag(&w.h, w.crowd[0], 1);
    await_count(&w.h, &w.woken, 1);
    close_ward(&w);
}

typedef struct storm {
    harness h;
    script s;
    acta_pid pids[32];
    _Atomic uint64_t done, seed;
} storm;

static acta_next
stumble(acta_self *self, void *user, acta_message *message)
{
    storm *st = user;
    uint64_t seed = atomic_fetch_add(&st->seed, 1);
    uint32_t what = draw(&seed, 100);

    if (what < 3)
        sleep_ms(5 + draw(&seed, 20));
    else if (what < 5) {
        uint64_t end_ns = real_now_ns() + 8000000;
        while (real_now_ns() < end_ns) {}
    }
    if (message->tag > 0) {
        for (uint32_t i = 0; i < 1 + (message->tag % 8 == 0); i++)
            acta_send(
                st->h.runtime, st->pids[draw(&seed, 32)], acta_message_create(st->h.runtime, message->tag - 1, 0));
    }
    if (what == 99) acta_fail(self, "by chance");
    atomic_fetch_add(&st->done, 1);
    return ACTA_NEXT;
}

/* SCH-15: handlers block, compute and fail at random, spares come and go; each message is accounted for. */
static void
nothing_is_lost_while_spares_come_and_go(void **state)
{
    uint64_t seed = test_seed();
    (void)state;

    for (uint32_t workers = 1; workers <= 3; workers++) {
        storm st = { .s = { .cast = stumble } };
        st.s.user = &st;
        atomic_store(&st.seed, seed);
        harness_start_with(&st.h, (acta_runtime_config){ .worker_count = workers, .handler_limit_ms = 10 });
        for (int i = 0; i < 32; i++)
            st.pids[i] = spawn(&st.h, &st.s);
        for (uint32_t i = 0; i < 64; i++)
            send_tag(&st.h, st.pids[i % 32], 24);
        uint64_t end_ns = real_now_ns() + UINT64_C(700000000);
        while (real_now_ns() < end_ns) {
            for (uint32_t i = 0; i < 32; i++)
                if (!acta_is_alive(st.h.runtime, st.pids[i])) st.pids[i] = spawn(&st.h, &st.s);
            sleep_ms(2);
        }
        harness_stop(&st.h); /* sent == handled + dropped */
        assert_true(atomic_load(&st.done) > 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_blocked_handler_made_ready_runs_elsewhere),
        cmocka_unit_test(when_all_workers_are_blocked_spares_go_on),
        cmocka_unit_test(timers_and_calls_go_on_while_the_only_worker_is_blocked),
        cmocka_unit_test(spares_are_bounded),
        cmocka_unit_test(a_stop_goes_round_a_blocked_handler),
        cmocka_unit_test(when_nothing_runs_nobody_wakes),
        cmocka_unit_test(nothing_is_lost_while_spares_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
