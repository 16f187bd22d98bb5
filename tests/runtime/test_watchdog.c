/*
 * Handlers that block: the others go on, on workers that are free or lent; the one is reported, once, by name; and when
 * it is over, or while nothing runs, nobody is awake.
 */
#include "harness.h"

#include <pthread.h>

enum { CROWD = 100, WORKERS_MAX = 8 };
enum { BLOCK = 1, COMPUTE, SHORT, WAKE_ALL };

typedef struct ward {
    harness h;
    script s, quick;
    acta_pid crowd[CROWD];
    acta_pid blocked[WORKERS_MAX];
    _Atomic uint64_t begun, woken, ended, timers;
    _Atomic bool gate_closed;
    uint64_t last_ended_ns, longest_ns; /* of SHORT handlers of one actor */
    uint32_t short_ms;
    pthread_mutex_t lock;
    char lines[20][400];
    uint32_t line_count;
} ward;

static void
keep_line(void *user, acta_log_level level, acta_str line)
{
    ward *w = user;

    (void)level;
    pthread_mutex_lock(&w->lock);
    if (w->line_count < 20) snprintf(w->lines[w->line_count], sizeof w->lines[0], "%.*s", (int)line.size, line.data);
    w->line_count++;
    pthread_mutex_unlock(&w->lock);
}

/* How many lines have the words. */
static uint32_t
lines_with(ward *w, const char *words)
{
    uint32_t count = 0;

    pthread_mutex_lock(&w->lock);
    for (uint32_t i = 0; i < w->line_count && i < 20; i++)
        count += strstr(w->lines[i], words) != NULL;
    pthread_mutex_unlock(&w->lock);
    return count;
}

/* Others may have been held up by the machine, and reported, before: what is awaited and counted is a line's words. */
static void
await_lines(ward *w, const char *words, uint32_t least)
{
    uint64_t end_ns = real_now_ns() + UINT64_C(60000000000);

    while (lines_with(w, words) < least) {
        if (real_now_ns() > end_ns) fail_msg("waited 60 s for %u lines '%s'", least, words);
        sleep_ms(1);
    }
}

static void
await_line(ward *w, const char *words)
{
    await_lines(w, words, 1);
}

static acta_runtime_stats
stats_of(ward *w)
{
    acta_runtime_stats stats;
    acta_runtime_stats_read(w->h.runtime, &stats);
    return stats;
}

static void
wait_at_gate(ward *w, bool computes)
{
    uint64_t end_ns = real_now_ns() + UINT64_C(600000000000);

    while (atomic_load(&w->gate_closed) && real_now_ns() < end_ns) {
        if (!computes) sleep_ms(1);
    }
}

/* From the end of the handler before: the machine may have held this one up. */
static void
note_end(ward *w)
{
    uint64_t now_ns = real_now_ns();

    if (now_ns - w->last_ended_ns > w->longest_ns) w->longest_ns = now_ns - w->last_ended_ns;
    w->last_ended_ns = now_ns;
}

static acta_next
obey_tag(acta_self *self, void *user, acta_message *message)
{
    ward *w = user;

    atomic_fetch_add(&w->begun, 1);
    switch (message->tag) {
    case WAKE_ALL:
        for (uint32_t i = 0; i < CROWD; i++)
            acta_send(acta_self_runtime(self), w->crowd[i], acta_message_create(acta_self_runtime(self), 1, 0));
        wait_at_gate(w, false);
        break;
    case BLOCK:
        wait_at_gate(w, false);
        break;
    case COMPUTE:
        wait_at_gate(w, true);
        break;
    case SHORT:
        sleep_ms(w->short_ms);
        note_end(w);
        break;
    default:
        break;
    }
    atomic_fetch_add(&w->ended, 1);
    return ACTA_NEXT;
}

static acta_next
be_woken(acta_self *self, void *user, acta_message *message)
{
    ward *w = user;
    (void)self;
    (void)message;
    atomic_fetch_add(&w->woken, 1);
    return ACTA_NEXT;
}

static acta_next
be_timed(acta_self *self, void *user, const acta_info *info)
{
    ward *w = user;
    (void)self;
    (void)info;
    atomic_fetch_add(&w->timers, 1);
    return ACTA_NEXT;
}

static void
open_ward(ward *w, acta_runtime_config config)
{
    memset(w, 0, sizeof *w);
    pthread_mutex_init(&w->lock, NULL);
    harness_start_with(&w->h, config);
    w->h.log_user = w;
    w->h.log = keep_line;
    w->s = (script){ .cast = obey_tag, .info = be_timed, .user = w };
    w->quick = (script){ .cast = be_woken, .user = w };
    for (uint32_t i = 0; i < CROWD; i++)
        w->crowd[i] = spawn(&w->h, &w->quick);
    atomic_store(&w->gate_closed, true);
}

static void
close_ward(ward *w)
{
    atomic_store(&w->gate_closed, false);
    harness_stop(&w->h);
    pthread_mutex_destroy(&w->lock);
}

/* `count` actors in a handler that doesn't return until the gate opens. */
static void
block_workers(ward *w, uint32_t count, uint32_t tag)
{
    uint64_t before = atomic_load(&w->begun);

    for (uint32_t i = 0; i < count; i++) {
        w->blocked[i] = spawn(&w->h, &w->s);
        send_tag(&w->h, w->blocked[i], tag);
    }
    await_count(&w->h, &w->begun, before + count);
}

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

/* SCH-06, GS-24: by name, behaviour and message; once for each time. */
static void
a_slow_handler_is_reported_once(void **state)
{
    static const char *const words = "named 'the slow one' has been in handle_cast (message 1) for ";
    ward w;
    (void)state;

    open_ward(&w, (acta_runtime_config){ .worker_count = 2, .handler_limit_ms = 30 });
    acta_pid pid = spawn_named(&w.h, &w.s, "the slow one");
    for (uint32_t round = 1; round <= 2; round++) {
        atomic_store(&w.gate_closed, true);
        send_tag(&w.h, pid, BLOCK);
        await_lines(&w, words, round);
        sleep_ms(100); /* three limits more */
        assert_int_equal(lines_with(&w, words), round);
        assert_int_equal(atomic_load(&w.ended), round - 1);
        atomic_store(&w.gate_closed, false);
        await_count(&w.h, &w.ended, round);
    }
    acta_runtime_stop(w.h.runtime, 60000, NULL);
    assert_int_equal(lines_with(&w, words), 2);
    assert_true(lines_with(&w, "actor 'scripted' <") >= 2); /* the machine may have held up an end, too */
    assert_true(stats_of(&w).slow >= 2);
    close_ward(&w);
}

/* Whoever sees `begun` may open the gate: it is closed. */
static void
close_and_wait(ward *w)
{
    atomic_store(&w->gate_closed, true);
    atomic_fetch_add(&w->begun, 1);
    wait_at_gate(w, false);
}

static acta_next
block_in_call(acta_self *self, void *user, acta_from from, acta_message *message)
{
    (void)message;
    close_and_wait(user);
    acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT_CONTINUE;
}

static acta_next
block_in_continue(acta_self *self, void *user)
{
    acta_ref ref;
    ward *w = user;
    acta_send_after(self, 1, 42, 0, &ref);
    close_and_wait(w);
    return ACTA_NEXT;
}

static acta_next
block_in_info(acta_self *self, void *user, const acta_info *info)
{
    ward *w = user;
    (void)self;
    (void)info;
    close_and_wait(w);
    return ACTA_STOP;
}

static void
block_in_terminate(acta_self *self, void *user, const acta_exit_reason *reason)
{
    ward *w = user;
    (void)self;
    (void)reason;
    close_and_wait(w);
}

static void *
call_it(void *argument)
{
    ward *w = argument;
    call_tag(&w->h, w->crowd[0], 7, 60000, NULL);
    return NULL;
}

static void
the_report_says_what_it_does(void **state)
{
    static const char *const words[] = { "handle_call (message 7) for", "handle_continue for",
        "handle_info (TIMER 42) for", "terminate for" };
    pthread_t caller;
    ward w;
    (void)state;

    open_ward(&w, (acta_runtime_config){ .worker_count = 1, .handler_limit_ms = 20 });
    script s = { .call = block_in_call,
        .go_on = block_in_continue,
        .info = block_in_info,
        .terminate = block_in_terminate,
        .user = &w };
    w.crowd[0] = spawn(&w.h, &s);
    pthread_create(&caller, NULL, call_it, &w);
    for (uint32_t i = 0; i < 4; i++) {
        await_count(&w.h, &w.begun, i + 1);
        await_line(&w, words[i]);
        assert_int_equal(lines_with(&w, words[i]), 1);
        atomic_store(&w.gate_closed, false);
    }
    pthread_join(caller, NULL);
    await_dead(&w.h, w.crowd[0]);
    assert_true(stats_of(&w).slow >= 4); /* others may have been held up by the machine */
    close_ward(&w);
}

static acta_status
block_in_init(acta_self *self, void *user, acta_error *error)
{
    ward *w = user;
    (void)self;
    (void)error;
    atomic_fetch_add(&w->begun, 1);
    wait_at_gate(w, false);
    return ACTA_OK;
}

static void *
spawn_slowcoach(void *argument)
{
    const script *s = argument;
    ward *w = s->user;
    acta_spawn_options options = { .behaviour = &scripted, .argument = s, .name = acta_str_of("slowcoach") };
    acta_pid pid;

    if (acta_spawn(w->h.runtime, &options, &pid, NULL) == ACTA_OK) atomic_fetch_add(&w->ended, 1);
    return NULL;
}

/* GS-01: an init on a thread that is no worker's, while nothing else happens: told by name, once. */
static void
an_init_that_hangs_on_an_outside_thread_is_told_by_name(void **state)
{
    pthread_t spawner;
    ward w;
    (void)state;

    open_ward(&w, (acta_runtime_config){ .worker_count = 1, .handler_limit_ms = 20 });
    script s = { .init = block_in_init, .user = &w };
    await_quiet("acta-");
    pthread_create(&spawner, NULL, spawn_slowcoach, &s);
    await_line(&w, "named 'slowcoach' has been in its init, on a thread outside of the runtime, for");
    await_quiet("acta-"); /* it has been told: nobody looks at it any more */
    assert_int_equal(lines_with(&w, "slowcoach"), 1);
    assert_int_equal(stats_of(&w).slow, lines_with(&w, "has been in"));
    atomic_store(&w.gate_closed, false);
    pthread_join(spawner, NULL);
    assert_int_equal(atomic_load(&w.ended), 1);
    close_ward(&w);
}

typedef struct slow_start {
    ward *w;
    acta_pid supervisor;
    script child;
    acta_status status;
    acta_error error;
} slow_start;

static void *
add_slow_child(void *argument)
{
    slow_start *s = argument;
    acta_child_spec spec = { .id = "slow",
        .start = { .behaviour = &scripted, .argument = &s->child, .init_timeout_ms = 1 } };

    s->status = acta_supervisor_start_child(s->w->h.runtime, s->supervisor, &spec, NULL, &s->error);
    return NULL;
}

/* SUP-09, GS-01: a supervised child's init that hangs holds up its supervisor alone: others go on, the report names both,
 * and its timeout is found when it returns: the start fails, no child is left and no spec, the supervisor lives. */
static void
an_init_that_hangs_is_told_by_name_and_fails_when_it_returns(void **state)
{
    pthread_t adder;
    ward w;
    (void)state;

    open_ward(&w, (acta_runtime_config){ .worker_count = 1, .handler_limit_ms = 20 });
    slow_start s = { .w = &w, .child = { .init = block_in_init, .user = &w } };
    acta_supervisor_options options = { .name = acta_str_of("top") };
    acta_pid pid = { 0 };
    assert_int_equal(acta_supervisor_start(w.h.runtime, &options, &s.supervisor, NULL), ACTA_OK);
    pthread_create(&adder, NULL, add_slow_child, &s);
    await_count(&w.h, &w.begun, 1);
    send_tag(&w.h, w.crowd[0], 1);
    await_count(&w.h, &w.woken, 1);
    await_line(&w, "named 'top' has been in the init of 'scripted' <");
    atomic_store(&w.gate_closed, false);
    pthread_join(adder, NULL);
    assert_int_equal(s.status, ACTA_TIMEOUT);
    assert_string_equal(s.error.text, "child 'slow': actor 'scripted': init took more than 1 ms");
    assert_int_equal(acta_supervisor_child(w.h.runtime, s.supervisor, "slow", &pid, NULL), ACTA_NOT_FOUND);
    close_ward(&w);
}

/* It is the handler that counts, not the turn: none of these is over the limit, all of them together are. */
static void
many_handlers_in_a_row_are_not_one_slow_one(void **state)
{
    ward w;
    (void)state;

    open_ward(&w, (acta_runtime_config){ .worker_count = 1, .handler_limit_ms = 400 });
    w.short_ms = 25;
    acta_pid pid = spawn(&w.h, &w.s);
    w.last_ended_ns = real_now_ns();
    for (int i = 0; i < 40; i++)
        send_tag(&w.h, pid, SHORT);
    await_count(&w.h, &w.ended, 40);
    uint32_t slow = lines_with(&w, "has been in handle_cast");
    note_end(&w);
    if (w.longest_ns < UINT64_C(400000000)) assert_int_equal(slow, 0);
    close_ward(&w);

    open_ward(&w, (acta_runtime_config){ .worker_count = 1, .handler_limit_ms = ACTA_INFINITE });
    block_workers(&w, 1, BLOCK);
    sleep_ms(100);
    assert_int_equal(stats_of(&w).slow, 0);
    close_ward(&w);
}

/* GS-24: a kill waits for the handler, what is queued behind it isn't handled, and its memory stays until then. */
static void
a_killed_actor_is_not_freed_in_its_handler(void **state)
{
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    ward w;
    (void)state;

    open_ward(&w, (acta_runtime_config){ .worker_count = 1, .handler_limit_ms = 20 });
    block_workers(&w, 1, BLOCK);
    for (int i = 0; i < 10; i++)
        send_tag(&w.h, w.blocked[0], SHORT);
    acta_exit(w.h.runtime, (acta_pid){ 0 }, w.blocked[0], &kill);
    await_line(&w, "has been in handle_cast (message 1) for");
    assert_int_equal(atomic_load(&w.ended), 0);
    atomic_store(&w.gate_closed, false);
    await_dead(&w.h, w.blocked[0]);
    assert_int_equal(atomic_load(&w.ended), 1);
    close_ward(&w);
    assert_int_equal(atomic_load(&w.begun), 1);
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
        cmocka_unit_test(a_slow_handler_is_reported_once),
        cmocka_unit_test(the_report_says_what_it_does),
        cmocka_unit_test(an_init_that_hangs_on_an_outside_thread_is_told_by_name),
        cmocka_unit_test(an_init_that_hangs_is_told_by_name_and_fails_when_it_returns),
        cmocka_unit_test(many_handlers_in_a_row_are_not_one_slow_one),
        cmocka_unit_test(a_killed_actor_is_not_freed_in_its_handler),
        cmocka_unit_test(a_stop_goes_round_a_blocked_handler),
        cmocka_unit_test(when_nothing_runs_nobody_wakes),
        cmocka_unit_test(nothing_is_lost_while_spares_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
