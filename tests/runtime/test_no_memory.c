/*
 * Without memory at the n-th allocation, for every n: a status, nothing half done, nothing lost, and the runtime works
 * on when there is memory again.
 */
#include "harness.h"

#include "acta/sys.h"

typedef struct guest {
    harness *h;
    acta_pid other;
    uint64_t infos;
} guest;

static acta_next
do_everything(acta_self *self, void *user, acta_message *message)
{
    guest *g = user;
    acta_runtime *runtime = acta_self_runtime(self);
    acta_ref ref;
    acta_pid child = { 0 };

    if (message->tag != 1) return ACTA_NEXT;
    acta_alloc(self, 100);
    acta_link(self, g->other);
    acta_monitor(self, g->other, &ref);
    acta_send_after(self, 5, 1, 2, &ref);
    if (acta_send_interval(self, 5, 1, 2, &ref) == ACTA_OK) acta_cancel_timer(self, ref);
    acta_request_stop(self, (acta_pid){ 0 }, NULL, 50, &ref);
    acta_hibernate(self);
    acta_request(self, g->other, acta_message_create(runtime, 3, 10), 50, &ref);
    acta_send(runtime, g->other, acta_message_create(runtime, 3, 10));
    static const script plain = { .user = NULL };
    acta_status status = acta_spawn(runtime,
        &(acta_spawn_options){ .behaviour = &scripted,
            .argument = &plain,
            .name = acta_str_of("child"),
            .link = self,
            .monitor = self,
            .monitor_out = &ref },
        &child, NULL);
    assert_true(status == ACTA_OK || status == ACTA_NO_MEMORY);
    if (status == ACTA_NO_MEMORY) assert_true(acta_whereis(runtime, acta_str_of("child")).value == 0);
    return ACTA_NEXT;
}

static acta_next
count_info(acta_self *self, void *user, const acta_info *info)
{
    (void)self;
    (void)info;
    ((guest *)user)->infos++;
    return ACTA_NEXT;
}

/* GS-31: links, monitors, timers, requests, sends and spawns. */
static void
an_actor_s_doings_fail_whole_or_not_at_all(void **state)
{
    (void)state;
    for (int n = 0; n < 70; n++) {
        harness h;
        guest g = { .h = &h };
        script s = { .cast = do_everything, .info = count_info, .user = &g }, plain = { .user = NULL };
        static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };

        harness_start(&h, 0);
        acta_pid pid = spawn(&h, &s);
        g.other = spawn(&h, &plain);
        acta_message *message = acta_message_create(h.runtime, 1, 0);
        atomic_store(&h.allocs_left, n);
        acta_send(h.runtime, pid, message);
        harness_run(&h);
        atomic_store(&h.allocs_left, -1);
        harness_advance(&h, 100);
        assert_true(acta_is_alive(h.runtime, pid));
        assert_int_equal(call_tag(&h, pid, 0, 1000, NULL), ACTA_OK);
        acta_exit(h.runtime, (acta_pid){ 0 }, pid, &kill);
        harness_run(&h);
        harness_stop(&h);
    }
}

/* GS-31: a supervisor and its children. */
static void
starting_a_tree_fails_whole_or_not_at_all(void **state)
{
    (void)state;
    int failures = 0, successes = 0;

    for (int n = 0; n < 120; n++) {
        harness h;
        script plain = { .user = NULL };
        acta_child_spec specs[3] = { { .id = "a", .start = { .behaviour = &scripted, .argument = &plain } },
            { .id = "b", .start = { .behaviour = &scripted, .argument = &plain, .name = acta_str_of("b") } },
            { .id = "c", .start = { .behaviour = &scripted, .argument = &plain } } };
        acta_pid pid = { 0 };
        acta_error error;

        harness_start(&h, 0);
        atomic_store(&h.allocs_left, n);
        acta_status status = acta_supervisor_start(
            h.runtime, &(acta_supervisor_options){ .children = specs, .child_count = 3 }, &pid, &error);
        atomic_store(&h.allocs_left, -1);
        harness_advance(&h, 10000);
        acta_runtime_stats stats;
        acta_runtime_stats_read(h.runtime, &stats);
        assert_int_equal(stats.alive, status == ACTA_OK ? 4 : 0);
        if (status == ACTA_OK)
            successes++;
        else {
            assert_int_equal(status, ACTA_NO_MEMORY);
            failures++;
        }
        harness_stop(&h);
    }
    assert_true(failures > 10 && successes > 10);
}

/* GS-31: a runtime. */
static void
a_runtime_that_can_t_be_made_leaves_nothing(void **state)
{
    (void)state;
    for (int manual = 0; manual < 2; manual++) {
        int made = 0;
        for (int n = 0; n < 20; n++) {
            harness h;
            harness_start(&h, 0); /* for its allocator */
            acta_runtime *runtime = NULL;
            int64_t blocks = atomic_load(&h.blocks);
            acta_runtime_config config = { .manual = manual != 0, .worker_count = 2, .environment = &h.environment };
            atomic_store(&h.allocs_left, n);
            acta_status status = acta_runtime_create(&config, &runtime, NULL);
            atomic_store(&h.allocs_left, -1);
            if (status != ACTA_OK) assert_int_equal(status, ACTA_NO_MEMORY);
            made += status == ACTA_OK;
            acta_runtime_destroy(runtime);
            assert_int_equal(atomic_load(&h.blocks), blocks);
            harness_stop(&h);
        }
        assert_true(made > 0 && made < 20);
    }
}

/* GS-31: calls and sends. */
static void
calls_without_memory_are_answered_so(void **state)
{
    (void)state;
    harness h;
    script plain = { .user = NULL };

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &plain);
    acta_message *request = acta_message_create(h.runtime, 0, 0);
    atomic_store(&h.allocs_left, 0);
    assert_int_equal(acta_call(h.runtime, pid, request, 100, NULL, NULL), ACTA_NO_MEMORY);
    assert_int_equal(call_tag(&h, pid, 0, 100, NULL), ACTA_NO_MEMORY);
    acta_message *spare = acta_message_create(h.runtime, 0, 0); /* the requests' block, where it was kept */
    assert_int_equal(send_tag(&h, pid, 0), ACTA_NO_MEMORY);
    atomic_store(&h.allocs_left, -1);
    acta_message_destroy(spare);
    assert_int_equal(call_tag(&h, pid, 0, 100, NULL), ACTA_OK);
    harness_stop(&h);
}

/* GS-31: system messages: each is answered, with NO_MEMORY or what was asked for, and the actor works on. */
static void
system_messages_without_memory_are_answered_so(void **state)
{
    (void)state;
    int failed = 0, done = 0;

    for (int n = 0; n < 8; n++) {
        for (int what = 0; what < 5; what++) {
            harness h;
            script plain = { .user = NULL };
            acta_sys_info info;
            acta_status status;

            harness_start(&h, 0);
            acta_pid pid = spawn(&h, &plain);
            atomic_store(&h.allocs_left, n);
            if (what == 0)
                status = acta_sys_suspend(h.runtime, pid, 1000, NULL);
            else if (what == 1)
                status = acta_sys_info_read(h.runtime, pid, 1000, &info, NULL);
            else if (what == 2)
                status = acta_sys_count(h.runtime, pid, true, 1000, NULL);
            else if (what == 3)
                status = acta_sys_trace(h.runtime, pid, NULL, NULL, 1000, NULL);
            else
                status = acta_stop(h.runtime, pid, NULL, 1000, NULL);
            atomic_store(&h.allocs_left, -1);
            assert_true(status == ACTA_OK || status == ACTA_NO_MEMORY);
            failed += status == ACTA_NO_MEMORY;
            done += status == ACTA_OK;
            if (what == 4) {
                assert_int_equal(acta_is_alive(h.runtime, pid), status != ACTA_OK);
            } else {
                assert_int_equal(acta_sys_resume(h.runtime, pid, 1000, NULL), ACTA_OK);
                assert_int_equal(call_tag(&h, pid, 0, 1000, NULL), ACTA_OK);
            }
            harness_stop(&h);
        }
    }
    assert_true(failed > 5 && done > 5);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_actor_s_doings_fail_whole_or_not_at_all),
        cmocka_unit_test(starting_a_tree_fails_whole_or_not_at_all),
        cmocka_unit_test(a_runtime_that_can_t_be_made_leaves_nothing),
        cmocka_unit_test(calls_without_memory_are_answered_so),
        cmocka_unit_test(system_messages_without_memory_are_answered_so),
    };
    return cmocka_run_group_tests_name("no_memory", tests, NULL, NULL);
}
