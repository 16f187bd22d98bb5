/*
 * Handlers that block are reported, once, by name, with what they do; so is an init; what only looks like one isn't. A
 * killed one is neither interrupted nor freed.
 */
#include "ward.h"

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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slow_handler_is_reported_once),
        cmocka_unit_test(the_report_says_what_it_does),
        cmocka_unit_test(an_init_that_hangs_on_an_outside_thread_is_told_by_name),
        cmocka_unit_test(an_init_that_hangs_is_told_by_name_and_fails_when_it_returns),
        cmocka_unit_test(many_handlers_in_a_row_are_not_one_slow_one),
        cmocka_unit_test(a_killed_actor_is_not_freed_in_its_handler),
    };
    return cmocka_run_group_tests_name("watchdog_report", tests, NULL, NULL);
}
