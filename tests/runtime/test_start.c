/*
 * Starts: plain, linked, monitored and named ones, with each way that init can end; what failed leaves nothing.
 */
#include "harness.h"

enum { INIT_OK, INIT_IGNORE, INIT_STOP, INIT_FAIL, INIT_NONSENSE, INIT_SLOW, INIT_COUNT };
enum { PLAIN, LINKED, MONITORED, NAMED, VARIANT_COUNT };

typedef struct child {
    harness *h;
    int how;
    uint64_t terminated;
} child;

static acta_status
child_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    child *c = (child *)(uintptr_t)argument;

    *(child **)state = c;
    switch (c->how) {
    case INIT_IGNORE:
        return ACTA_IGNORE;
    case INIT_STOP:
        return acta_error_set(error, ACTA_REJECTED, "no room for another");
    case INIT_FAIL:
        acta_fail(self, "broken in the making");
    case INIT_NONSENSE:
        return (acta_status)4711;
    case INIT_SLOW:
        atomic_fetch_add(&c->h->now_ns, 51 * UINT64_C(1000000));
        return ACTA_OK;
    default:
        return ACTA_OK;
    }
}

static void
child_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    (void)self;
    (void)reason;
    (*(child **)state)->terminated++;
}

static const acta_behaviour child_behaviour = {
    .name = "child", .state_size = sizeof(child *), .init = child_init, .terminate = child_terminate
};

static const struct {
    acta_status status;
    const char *text;
} expected[INIT_COUNT] = {
    [INIT_OK] = { ACTA_OK, "" },
    [INIT_IGNORE] = { ACTA_IGNORE, "actor 'child': init gave ACTA_IGNORE" },
    [INIT_STOP] = { ACTA_REJECTED, "no room for another" },
    [INIT_FAIL] = { ACTA_FAILED, "broken in the making" },
    [INIT_NONSENSE] = { ACTA_FAILED, "actor 'child': init gave 4711, which is no status" },
    [INIT_SLOW] = { ACTA_TIMEOUT, "actor 'child': init took more than 50 ms" },
};

typedef struct parent {
    harness *h;
    int variant;
    child child;
    acta_pid pid; /* the child's */
    uint64_t infos, exits;
} parent;

static void
start_one(acta_self *self, parent *p, int how)
{
    acta_runtime *runtime = p->h->runtime;
    acta_error error;
    acta_ref ref = { 0 };
    acta_pid pid = { 0 };

    p->child = (child){ .h = p->h, .how = how };
    acta_spawn_options options = { .behaviour = &child_behaviour, .argument = &p->child, .init_timeout_ms = 50 };
    if (p->variant == LINKED) options.link = self;
    if (p->variant == MONITORED) {
        options.monitor = self;
        options.monitor_out = &ref;
    }
    if (p->variant == NAMED) options.name = acta_str_of("child");
    assert_int_equal(acta_spawn(runtime, &options, &pid, &error), expected[how].status);
    if (how == INIT_OK) {
        assert_true(acta_is_alive(runtime, pid));
        p->pid = pid;
        return;
    }
    assert_string_equal(error.text, expected[how].text);
    assert_int_equal(pid.value, 0);
    assert_int_equal(ref.value, 0);
    assert_int_equal(acta_whereis(runtime, acta_str_of("child")).value, 0);
    assert_int_equal(p->child.terminated, 0);
}

/* GS-02: what failed has left its name behind: the next one takes it at once. */
static acta_next
start_many(acta_self *self, void *user, acta_message *message)
{
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    parent *p = user;

    if (message->tag == 1) {
        for (int how = 1; how < INIT_COUNT; how++) {
            for (int i = 0; i < 5; i++)
                start_one(self, p, how);
        }
        start_one(self, p, INIT_OK);
    }
    if (message->tag == 2) acta_exit(p->h->runtime, acta_self_pid(self), p->pid, &kill);
    return ACTA_NEXT;
}

static acta_next
count_infos(acta_self *self, void *user, const acta_info *info)
{
    parent *p = user;

    (void)self;
    p->infos++;
    if (info->kind == ACTA_INFO_EXIT || info->kind == ACTA_INFO_DOWN) p->exits++;
    return ACTA_NEXT;
}

static acta_status
trap(acta_self *self, void *user, acta_error *error)
{
    (void)user;
    (void)error;
    acta_trap_exit(self, true);
    return ACTA_OK;
}

/* GS-01, GS-02: each variant with each outcome, five times in a row; afterwards one that works. */
static void
a_start_succeeds_whole_or_leaves_nothing(void **state)
{
    (void)state;
    for (int variant = 0; variant < VARIANT_COUNT; variant++) {
        harness h;
        parent p = { .h = &h, .variant = variant };
        script s = { .init = trap, .cast = start_many, .info = count_infos, .user = &p };
        acta_runtime_stats stats;

        harness_start(&h, 0);
        acta_pid pid = spawn(&h, &s);
        send_tag(&h, pid, 1);
        harness_run(&h);
        assert_int_equal(p.infos, 0); /* no exit, no down of those that failed */
        acta_runtime_stats_read(h.runtime, &stats);
        assert_int_equal(stats.alive, 2);
        assert_int_equal(stats.spawned, 2);
        assert_true(
            acta_pid_equal(acta_whereis(h.runtime, acta_str_of("child")), variant == NAMED ? p.pid : (acta_pid){ 0 }));
        send_tag(&h, pid, 2);
        harness_run(&h);
        assert_int_equal(p.exits, variant == LINKED || variant == MONITORED);
        harness_stop(&h);
    }
}

/* GS-01: the same from a thread outside, without ties. */
static void
a_start_from_outside_gives_what_init_gave(void **state)
{
    (void)state;
    harness h;
    acta_error error;

    harness_start(&h, 0);
    for (int how = 0; how < INIT_COUNT; how++) {
        for (int i = 0; i < 5; i++) {
            child c = { .h = &h, .how = how };
            acta_pid pid = { 0 };
            acta_spawn_options options = {
                .behaviour = &child_behaviour, .argument = &c, .name = acta_str_of("child"), .init_timeout_ms = 50
            };
            assert_int_equal(acta_spawn(h.runtime, &options, &pid, &error), expected[how].status);
            assert_int_equal(acta_whereis(h.runtime, acta_str_of("child")).value, pid.value);
            if (how == INIT_OK)
                assert_int_equal(acta_stop(h.runtime, pid, NULL, 1000, NULL), ACTA_OK);
            else
                assert_string_equal(error.text, expected[how].text);
        }
    }
    harness_stop(&h);
}

/* GS-01: without a limit of its own an init takes as long as it takes: nobody waits for it but who started it. */
static void
a_slow_init_without_a_limit_is_waited_for(void **state)
{
    (void)state;
    harness h;
    acta_pid pid = { 0 };
    child c = { .how = INIT_SLOW, .h = &h };

    harness_start(&h, 0);
    assert_int_equal(
        acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &child_behaviour, .argument = &c }, &pid, NULL),
        ACTA_OK);
    assert_true(acta_is_alive(h.runtime, pid));
    harness_stop(&h);
}

/* -- who links to one that is being made -- */

typedef struct late {
    acta_pid watcher, made;
    harness *h;
    bool fails;
    uint64_t downs;
    acta_exit_kind kind;
} late;

static acta_next
watch_the_named(acta_self *self, void *user, acta_message *message)
{
    late *l = user;
    acta_ref ref;

    (void)message;
    assert_int_equal(acta_monitor(self, acta_whereis(l->h->runtime, acta_str_of("early")), &ref), ACTA_OK);
    return ACTA_NEXT;
}

static acta_next
note_down(acta_self *self, void *user, const acta_info *info)
{
    late *l = user;

    (void)self;
    l->downs++;
    l->kind = info->reason->kind;
    return ACTA_NEXT;
}

static acta_status
let_others_watch(acta_self *self, void *user, acta_error *error)
{
    late *l = user;

    (void)self;
    send_tag(l->h, l->watcher, 1);
    harness_run(l->h);
    return l->fails ? acta_error_set(error, ACTA_BUSY, "not today") : ACTA_OK;
}

/* GS-01: one who found the name while init ran is told once when it comes to nothing. */
static void
who_watches_one_in_the_making_is_told_of_its_failure(void **state)
{
    (void)state;
    for (int fails = 0; fails < 2; fails++) {
        harness h;
        late l = { .h = &h, .fails = fails != 0 };
        script watcher = { .cast = watch_the_named, .info = note_down, .user = &l };
        script early = { .init = let_others_watch, .user = &l };
        acta_pid pid = { 0 };

        harness_start(&h, 0);
        l.watcher = spawn(&h, &watcher);
        acta_status status = acta_spawn(h.runtime,
            &(acta_spawn_options){ .behaviour = &scripted, .argument = &early, .name = acta_str_of("early") }, &pid,
            NULL);
        assert_int_equal(status, fails != 0 ? ACTA_BUSY : ACTA_OK);
        harness_run(&h);
        assert_int_equal(l.downs, fails);
        if (fails != 0) assert_int_equal(l.kind, ACTA_EXIT_NOPROC); /* to others it never was */
        harness_stop(&h);
    }
}

static void
more_threads_than_there_may_be_are_refused(void **state)
{
    acta_runtime *runtime;
    acta_error error;
    (void)state;

    acta_status status =
        acta_runtime_create(&(acta_runtime_config){ .offload_threads = 1025, .worker_count = 1 }, &runtime, &error);
    assert_int_equal(status, ACTA_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_succeeds_whole_or_leaves_nothing),
        cmocka_unit_test(a_start_from_outside_gives_what_init_gave),
        cmocka_unit_test(a_slow_init_without_a_limit_is_waited_for),
        cmocka_unit_test(who_watches_one_in_the_making_is_told_of_its_failure),
        cmocka_unit_test(more_threads_than_there_may_be_are_refused),
    };
    return cmocka_run_group_tests_name("start", tests, NULL, NULL);
}
