/*
 * acta_fail from wherever a handler's code may be: a callback called by other C code, a destructor, a nested start; and
 * again and again without anything left behind. Destructors run once each, whatever fails.
 */
#include "harness.h"

#include "acta/sys.h"

enum { FAIL_IN_SORT = 1, FAIL_IN_DESTRUCTOR, FAIL_IN_NESTED_START, FAIL_WITH_MEMORY, KEEP_AND_FAIL };

typedef struct victim {
    harness *h;
    _Atomic uint64_t terminated, destroyed;
    acta_exit_reason why;
    acta_pid other;
} victim;

static int
compare_and_fail(const void *a, const void *b)
{
    (void)a;
    (void)b;
    acta_fail(acta_self_here(), "compared to death");
}

static void
count_destroyed(acta_message *message)
{
    victim *v;

    memcpy(&v, message->payload, sizeof v);
    atomic_fetch_add(&v->destroyed, 1);
}

static void
count_and_fail(acta_message *message)
{
    count_destroyed(message);
    if (acta_self_here() != NULL) acta_fail(acta_self_here(), "destroyed to death");
}

static acta_status
fail_in_init(acta_self *self, void *user, acta_error *error)
{
    (void)user;
    (void)error;
    acta_alloc(self, 100);
    acta_fail(self, "never was");
}

static acta_next
fail_somewhere(acta_self *self, void *user, acta_message *message)
{
    victim *v = user;
    int numbers[8] = { 5, 1, 4, 2, 3, 8, 7, 6 };
    static const script stillborn = { .init = fail_in_init };
    acta_ref ref;
    acta_pid pid;

    switch (message->tag) {
    case FAIL_IN_SORT:
        qsort(numbers, 8, sizeof numbers[0], compare_and_fail);
        return ACTA_NEXT;
    case FAIL_IN_NESTED_START:
        for (int i = 0; i < 3; i++)
            assert_int_equal(
                acta_spawn(v->h->runtime,
                    &(acta_spawn_options){ .behaviour = &scripted, .argument = &stillborn, .link = self }, &pid, NULL),
                ACTA_FAILED);
        acta_fail(self, "and now me");
    case FAIL_WITH_MEMORY:
        acta_alloc(self, 1000);
        acta_link(self, v->other);
        acta_monitor(self, v->other, &ref);
        acta_send_after(self, 1000, 1, 0, &ref);
        acta_request(self, v->other, acta_message_create(v->h->runtime, 0, 0), 1000, &ref);
        acta_fail(self, "with all it had");
    case KEEP_AND_FAIL:
        acta_message_destroy(acta_message_keep(self, message));
        acta_fail(self, "with nothing in hand");
    default:
        return ACTA_NEXT;
    }
}

static void
note_why(acta_self *self, void *user, const acta_exit_reason *reason)
{
    victim *v = user;

    (void)self;
    v->why = *reason;
    atomic_fetch_add(&v->terminated, 1);
}

static acta_message *
loaded(harness *h, victim *v, uint32_t tag, void (*destroy)(acta_message *message))
{
    acta_message *message = acta_message_create(h->runtime, tag, sizeof v);

    memcpy(message->payload, &v, sizeof v);
    message->destroy = destroy;
    return message;
}

/* GS-29: from a callback of the C library, from a destructor, behind starts that failed inside: that actor ends, once. */
static void
a_failure_reaches_its_actor_from_wherever_it_is(void **state)
{
    (void)state;
    static const struct {
        uint32_t tag;
        const char *text;
    } cases[] = { { FAIL_IN_SORT, "compared to death" }, { FAIL_IN_DESTRUCTOR, "destroyed to death" },
        { FAIL_IN_NESTED_START, "and now me" }, { FAIL_WITH_MEMORY, "with all it had" },
        { KEEP_AND_FAIL, "with nothing in hand" } };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        harness h;
        victim v = { .h = &h };
        script s = { .cast = fail_somewhere, .terminate = note_why, .user = &v }, other = { .user = NULL };

        harness_start(&h, 0);
        v.other = spawn(&h, &other);
        acta_pid pid = spawn(&h, &s);
        acta_send(h.runtime, pid,
            loaded(&h, &v, cases[i].tag, cases[i].tag == FAIL_IN_DESTRUCTOR ? count_and_fail : count_destroyed));
        harness_run(&h);
        assert_false(acta_is_alive(h.runtime, pid));
        assert_int_equal(atomic_load(&v.terminated), 1);
        assert_int_equal(v.why.kind, ACTA_EXIT_FAILED);
        assert_string_equal(v.why.text, cases[i].text);
        assert_int_equal(atomic_load(&v.destroyed), 1);
        harness_stop(&h);
    }
}

/* GS-29, GS-30: destructors that fail while a dead actor's mailbox is emptied: each ran once, the rest is emptied too. */
static void
destructors_that_fail_at_the_end_hold_up_nothing(void **state)
{
    (void)state;
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };

    for (int suspended = 0; suspended < 2; suspended++) {
        harness h;
        victim v = { .h = &h };
        script s = { .cast = fail_somewhere, .terminate = note_why, .user = &v };

        harness_start(&h, 0);
        acta_pid pid = spawn(&h, &s);
        if (suspended != 0) assert_int_equal(acta_sys_suspend(h.runtime, pid, 1000, NULL), ACTA_OK);
        for (int i = 0; i < 20; i++)
            acta_send(h.runtime, pid, loaded(&h, &v, 0, i % 2 == 0 ? count_and_fail : count_destroyed));
        if (suspended != 0) harness_run(&h);
        acta_exit(h.runtime, (acta_pid){ 0 }, pid, &kill);
        harness_run(&h);
        assert_false(acta_is_alive(h.runtime, pid));
        assert_int_equal(atomic_load(&v.destroyed), 20);
        assert_int_equal(atomic_load(&h.log_lines), 10);
        harness_stop(&h);
    }
}

/* GS-30: full mailboxes at the runtime's stop, with threads: each destructor once. */
static void
a_stop_with_full_mailboxes_destroys_each_message_once(void **state)
{
    (void)state;
    harness h;
    victim v = { .h = &h };
    script s = { .cast = fail_somewhere, .user = &v };
    uint64_t made = 0;

    harness_start(&h, 2);
    for (int i = 0; i < 50; i++) {
        acta_pid pid = spawn(&h, &s);
        for (int k = 0; k < 200; k++, made++)
            acta_send(h.runtime, pid, loaded(&h, &v, 0, count_destroyed));
    }
    harness_stop(&h);
    assert_int_equal(atomic_load(&v.destroyed), made);
}

enum { MANY = HARNESS_SANITIZED ? 5000 : 1000000 };

/* GS-29: a million failures of actors with memory on one thread: what is taken is given back, and no stack is lost. */
static void
a_million_failures_leave_nothing_behind(void **state)
{
    (void)state;
    harness h;
    victim v = { .h = &h };
    script s = { .cast = fail_somewhere, .user = &v };
    int64_t blocks = 0, bytes = 0;

    harness_start_with(&h, (acta_runtime_config){ .manual = true, .no_backtrace = true });
    for (int i = 0; i < MANY; i++) {
        acta_pid pid = spawn(&h, &s);
        send_tag(&h, pid, i % 2 == 0 ? FAIL_IN_SORT : KEEP_AND_FAIL);
        harness_run(&h);
        if (i == 100) {
            blocks = atomic_load(&h.blocks);
            bytes = atomic_load(&h.bytes);
        }
    }
    assert_int_equal(atomic_load(&h.blocks), blocks);
    assert_int_equal(atomic_load(&h.bytes), bytes);
    assert_int_equal(atomic_load(&h.log_lines), MANY);
    harness_stop(&h);
}

/* -- what runs is not freed -- */

typedef struct runner {
    _Atomic uint64_t running, ended;
    _Atomic bool may_end;
    uint64_t canary;
} runner;

static acta_next
run_long(acta_self *self, void *user, acta_message *message)
{
    runner *r = user;
    uint64_t *mine = acta_alloc(self, sizeof *mine);

    (void)message;
    *mine = r->canary;
    atomic_fetch_add(&r->running, 1);
    while (!atomic_load(&r->may_end))
        sleep_ms(1);
    assert_int_equal(*mine, r->canary); /* ASan sees it if it is gone */
    atomic_fetch_add(&r->ended, 1);
    return ACTA_NEXT;
}

/* GS-24: killed in the middle of a handler: the handler ends, the actor after it, and its messages aren't handled. */
static void
a_running_actor_is_never_freed(void **state)
{
    (void)state;
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    harness h;
    runner r = { .canary = 0x5eed };
    script s = { .cast = run_long, .user = &r };

    harness_start(&h, 2);
    acta_pid pid = spawn(&h, &s);
    send_tag(&h, pid, 1);
    await_count(&h, &r.running, 1);
    send_tag(&h, pid, 1);
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &kill);
    sleep_ms(5);
    assert_true(acta_is_alive(h.runtime, pid)); /* it runs */
    atomic_store(&r.may_end, true);
    await_dead(&h, pid);
    assert_int_equal(atomic_load(&r.running), 1);
    assert_int_equal(atomic_load(&r.ended), 1);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failure_reaches_its_actor_from_wherever_it_is),
        cmocka_unit_test(destructors_that_fail_at_the_end_hold_up_nothing),
        cmocka_unit_test(a_stop_with_full_mailboxes_destroys_each_message_once),
        cmocka_unit_test(a_million_failures_leave_nothing_behind),
        cmocka_unit_test(a_running_actor_is_never_freed),
    };
    return cmocka_run_group_tests_name("fail", tests, NULL, NULL);
}
