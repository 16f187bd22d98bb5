/*
 * Failures in each callback of an actor: that one ends, alone, once, and nothing is left behind.
 */
#include "harness.h"

enum { IN_INIT, IN_CALL, IN_CAST, IN_INFO, IN_CONTINUE, IN_TERMINATE, IN_COUNT };
typedef struct failing {
    int where;
    _Atomic uint64_t terminated;
} failing;

static void
fail_if(acta_self *self, void *user, int where)
{
    failing *f = user;

    acta_alloc(self, 100); /* goes with the actor */
    ACTA_CHECK(self, f->where != where);
}

static acta_status
fail_init(acta_self *self, void *user, acta_error *error)
{
    (void)error;
    fail_if(self, user, IN_INIT);
    acta_trap_exit(self, true);
    return ACTA_OK;
}

static acta_next
fail_call(acta_self *self, void *user, acta_from from, acta_message *message)
{
    (void)message;
    fail_if(self, user, IN_CALL);
    acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ((failing *)user)->where == IN_CONTINUE ? ACTA_NEXT_CONTINUE : ACTA_STOP;
}

static acta_next
fail_cast(acta_self *self, void *user, acta_message *message)
{
    (void)message;
    fail_if(self, user, IN_CAST);
    return ACTA_NEXT;
}

static acta_next
fail_info(acta_self *self, void *user, const acta_info *info)
{
    (void)info;
    fail_if(self, user, IN_INFO);
    return ACTA_NEXT;
}

static acta_next
fail_continue(acta_self *self, void *user)
{
    fail_if(self, user, IN_CONTINUE);
    return ACTA_NEXT;
}

static void
fail_terminate(acta_self *self, void *user, const acta_exit_reason *reason)
{
    (void)reason;
    atomic_fetch_add(&((failing *)user)->terminated, 1);
    fail_if(self, user, IN_TERMINATE);
}

/* GS-18, GS-29: in each callback; one in terminate is the reason that is told, once. */
static void
a_failure_in_any_callback_ends_that_actor_alone(void **state)
{
    (void)state;
    static const acta_exit_reason poke = { .kind = ACTA_EXIT_NORMAL };

    for (int where = IN_INIT; where < IN_COUNT; where++) {
        harness h;
        failing f = { .where = where };
        script s = { .init = fail_init,
            .call = fail_call,
            .cast = fail_cast,
            .info = fail_info,
            .go_on = fail_continue,
            .terminate = fail_terminate,
            .user = &f };
        acta_pid pid = { 0 };
        acta_error error;
        acta_runtime_stats stats;

        harness_start(&h, 2);
        acta_status status = acta_spawn(h.runtime,
            &(acta_spawn_options){ .behaviour = &scripted, .argument = &s, .name = acta_str_of("x") }, &pid, &error);
        if (where == IN_INIT) {
            assert_int_equal(status, ACTA_FAILED);
            assert_non_null(strstr(error.text, "check failed: f->where != where"));
            assert_int_equal(acta_whereis(h.runtime, acta_str_of("x")).value, 0);
            harness_stop(&h);
            assert_int_equal(atomic_load(&f.terminated), 0);
            continue;
        }
        assert_int_equal(status, ACTA_OK);
        send_tag(&h, pid, 0);
        acta_exit(h.runtime, (acta_pid){ 0 }, pid, &poke);
        if (where != IN_CAST && where != IN_INFO) call_tag(&h, pid, 0, 5000, NULL);
        await_dead(&h, pid);
        acta_runtime_stop(h.runtime, 5000, NULL);
        acta_runtime_stats_read(h.runtime, &stats);
        assert_int_equal(stats.crashed, 1);
        assert_int_equal(atomic_load(&f.terminated), 1);
        harness_stop(&h);
    }
}

/* Again and again on the same worker, nested in spawns: no stack, no memory is lost. */
static acta_status
refuse_to_start(acta_self *self, void *user, acta_error *error)
{
    (void)user;
    acta_alloc(self, 64);
    return acta_error_set(error, ACTA_IN_USE, "no");
}

static acta_next
spawn_and_fail(acta_self *self, void *user, acta_message *message)
{
    acta_pid pid = { 0 };
    failing inner = { .where = IN_INIT };
    script fails = { .init = fail_init, .user = &inner };
    script refuses = { .init = refuse_to_start };
    acta_error error;

    (void)user;
    (void)message;
    ACTA_CHECK(
        self, acta_spawn(acta_self_runtime(self),
                  &(acta_spawn_options){ .behaviour = &scripted, .argument = &fails, .link = self, .monitor = self },
                  &pid, &error) == ACTA_FAILED);
    ACTA_CHECK(self, acta_spawn(acta_self_runtime(self),
                         &(acta_spawn_options){ .behaviour = &scripted, .argument = &refuses, .link = self }, &pid,
                         &error) == ACTA_IN_USE);
    acta_fail(self, "on purpose");
}

typedef struct tally {
    _Atomic uint64_t terminated, told;
} tally;

/* Several at once on different workers: nothing is written but counters. */
static void
count_purposeful(acta_self *self, void *user, const acta_exit_reason *reason)
{
    tally *t = user;

    (void)self;
    if (strcmp(reason->text, "on purpose") == 0) atomic_fetch_add(&t->terminated, 1);
}

static acta_next
count_told(acta_self *self, void *user, const acta_info *info)
{
    tally *t = user;

    (void)self;
    (void)info;
    atomic_fetch_add(&t->told, 1);
    return ACTA_NEXT;
}

/* GS-29: several at once, on several workers. */
static void
ten_thousand_failures_leave_nothing_behind(void **state)
{
    (void)state;
    harness h;
    tally t = { 0 };
    script s = { .cast = spawn_and_fail, .info = count_told, .terminate = count_purposeful, .user = &t };

    harness_start(&h, 2);
    for (uint64_t i = 0; i < 10000; i++) {
        acta_pid pid = spawn(&h, &s);
        send_tag(&h, pid, 0);
        if (i % 100 == 0) await_dead(&h, pid);
    }
    await_count(&h, &t.terminated, 10000);
    harness_stop(&h);
    assert_int_equal(atomic_load(&t.told), 0); /* a start that failed tells nobody */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_in_any_callback_ends_that_actor_alone),
        cmocka_unit_test(ten_thousand_failures_leave_nothing_behind),
    };
    return cmocka_run_group_tests_name("exit_failures", tests, NULL, NULL);
}
