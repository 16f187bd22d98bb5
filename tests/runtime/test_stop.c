/*
 * Stopping: under load, twice, from several threads, with actors that won't; everything is accounted for afterwards.
 */
#include "harness.h"

#include <dirent.h>
#include <pthread.h>

typedef struct load {
    harness *h;
    acta_pid pids[8];
    _Atomic bool *end;
    _Atomic uint64_t *destroyed, *made, *answered, *asked;
    uint64_t seed;
} load;

typedef struct tally {
    _Atomic uint64_t destroyed, made, answered, asked;
    _Atomic bool end;
} tally;

static tally counts;

static void
count_destroyed(acta_message *message)
{
    (void)message;
    atomic_fetch_add(&counts.destroyed, 1);
}

static acta_message *
counted(acta_runtime *runtime, uint32_t tag)
{
    acta_message *message = acta_message_create(runtime, tag, 16);
    message->destroy = count_destroyed;
    atomic_fetch_add(&counts.made, 1);
    return message;
}

static acta_next
busy_cast(acta_self *self, void *user, acta_message *message)
{
    load *l = user;
    acta_runtime *runtime = acta_self_runtime(self);
    acta_ref ref;

    switch (message->tag % 8) {
    case 0:
        acta_send(runtime, l->pids[message->tag % 7], counted(runtime, message->tag / 8));
        break;
    case 1:
        acta_send_after(self, message->tag % 5, 0, 0, NULL);
        break;
    case 2:
        acta_request(self, l->pids[message->tag % 8], counted(runtime, 3), 20, &ref);
        break;
    case 3:
        acta_monitor(self, l->pids[message->tag % 8], &ref);
        break;
    default:
        break;
    }
    return ACTA_NEXT;
}

static acta_next
busy_call(acta_self *self, void *user, acta_from from, acta_message *message)
{
    (void)user;
    if (message->tag % 3 != 0) acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static void
note_answer(void *user, acta_status status, const acta_message *reply, const acta_error *error)
{
    (void)user;
    (void)status;
    (void)reply;
    (void)error;
    atomic_fetch_add(&counts.answered, 1);
}

static void *
make_load(void *argument)
{
    load *l = argument;
    acta_runtime *runtime = l->h->runtime;
    script plain = { .user = NULL };

    while (!atomic_load(&counts.end)) {
        acta_pid to = l->pids[draw(&l->seed, 8)];
        uint32_t tag = draw(&l->seed, 1000);
        switch (draw(&l->seed, 6)) {
        case 0:
            atomic_fetch_add(&counts.asked, 1);
            acta_call_async(runtime, to, counted(runtime, tag), 50, note_answer, NULL);
            break;
        case 1:
            acta_call(runtime, to, counted(runtime, tag), draw(&l->seed, 3), NULL, NULL);
            break;
        case 2: {
            acta_pid pid = { 0 };
            if (acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &scripted, .argument = &plain }, &pid, NULL) ==
                ACTA_OK) {
                static const acta_exit_reason shutdown = { .kind = ACTA_EXIT_SHUTDOWN };
                acta_send(runtime, pid, counted(runtime, 0));
                acta_exit(runtime, (acta_pid){ 0 }, pid, &shutdown);
                while (acta_is_alive(runtime, pid)) /* it reads `plain` */
                    sched_yield();
            }
            break;
        }
        default:
            acta_send(runtime, to, counted(runtime, tag));
        }
    }
    return NULL;
}

static int
thread_count(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    for (struct dirent *entry; (entry = readdir(tasks)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(tasks);
    return count;
}

static void
a_stop_under_load_ends_every_thread_message_and_call(void **state)
{
    (void)state;
    enum { LOADERS = 4, ROUNDS = 60 };
    harness first;
    harness_start(&first, 1); /* a sanitizer starts a thread of its own with the first of ours */
    harness_stop(&first);
    int threads_before = thread_count();

    for (int round = 0; round < ROUNDS; round++) {
        harness h;
        load loads[LOADERS], own = { .h = &h };
        script busy = { .cast = busy_cast, .call = busy_call, .user = &own };
        pthread_t threads[LOADERS];
        acta_child_spec specs[4];
        char names[4][16];
        acta_pid pid = { 0 };
        acta_error error;
        uint64_t seed = (uint64_t)round;

        memset(&counts, 0, sizeof counts);
        harness_start(&h, 3);
        for (int i = 0; i < 4; i++) {
            snprintf(names[i], sizeof names[i], "n%d", i);
            specs[i] = (acta_child_spec){ .id = names[i],
                .start = { .behaviour = i % 2 ? &scripted : &scripted_on_caller,
                    .argument = &busy,
                    .name = acta_str_of(names[i]),
                    .mailbox_count_max = 50 } };
        }
        assert_int_equal(acta_supervisor_start(
                             h.runtime, &(acta_supervisor_options){ .children = specs, .child_count = 4 }, &pid, NULL),
            ACTA_OK);
        for (int i = 0; i < 4; i++)
            own.pids[i] = acta_whereis(h.runtime, acta_str_of(names[i]));
        for (int i = 4; i < 8; i++)
            own.pids[i] = spawn(&h, &busy);
        for (int i = 0; i < LOADERS; i++) {
            loads[i] = own;
            loads[i].seed = (uint64_t)(round * LOADERS + i);
            assert_int_equal(pthread_create(&threads[i], NULL, make_load, &loads[i]), 0);
        }
        sleep_ms(draw(&seed, 5));
        assert_int_equal(acta_runtime_stop(h.runtime, 60000, &error), ACTA_OK);
        atomic_store(&counts.end, true);
        for (int i = 0; i < LOADERS; i++)
            pthread_join(threads[i], NULL);
        acta_runtime_stats stats;
        acta_runtime_stats_read(h.runtime, &stats);
        assert_int_equal(stats.alive, 0);
        acta_runtime_destroy(h.runtime);
        assert_int_equal(atomic_load(&h.blocks), 0);
        assert_int_equal(atomic_load(&counts.destroyed), atomic_load(&counts.made));
        assert_int_equal(atomic_load(&counts.answered), atomic_load(&counts.asked));
        for (int i = 0; i < 5000 && thread_count() > threads_before; i++)
            sleep_ms(1); /* the kernel forgets a joined thread a moment later */
        assert_int_equal(thread_count(), threads_before);
    }
}

/* -- those who won't, and those who are late -- */

static acta_status
trap(acta_self *self, void *user, acta_error *error)
{
    (void)user;
    (void)error;
    acta_trap_exit(self, true);
    return ACTA_OK;
}

static void
what_is_alive_at_the_deadline_is_killed(void **state)
{
    (void)state;
    for (uint32_t workers = 0; workers <= 2; workers += 2) {
        harness h;
        script s = { .init = trap }, good = { .user = NULL };
        acta_error error;

        harness_start(&h, workers);
        spawn(&h, &s);
        spawn(&h, &good);
        assert_int_equal(acta_runtime_stop(h.runtime, 20, &error), ACTA_TIMEOUT);
        if (workers == 0) assert_string_equal(error.text, "1 actors did not stop in time and were killed");
        assert_non_null(
            strstr(error.text, " actors did not stop in time and were killed")); /* a slow machine's are 2 */
        assert_int_equal(acta_runtime_stop(h.runtime, 20, &error), ACTA_TIMEOUT);
        harness_stop(&h);
    }
}

static acta_next
never_answer(acta_self *self, void *user, acta_from from, acta_message *message)
{
    (void)self;
    (void)user;
    (void)from;
    (void)message;
    return ACTA_NEXT;
}

typedef struct waiting {
    harness *h;
    acta_pid to;
    acta_status status;
    _Atomic uint64_t begun;
} waiting;

static void *
wait_for_ever(void *argument)
{
    waiting *w = argument;
    atomic_store(&w->begun, 1);
    w->status = call_tag(w->h, w->to, 0, ACTA_INFINITE, NULL);
    return NULL;
}

static void *
stop_too(void *argument)
{
    waiting *w = argument;
    w->status = acta_runtime_stop(w->h->runtime, 60000, NULL);
    return NULL;
}

static void
callers_that_wait_get_stopped_and_later_ones_at_once(void **state)
{
    (void)state;
    harness h;
    script s = { .call = never_answer };
    waiting w = { .h = &h }, other = { .h = &h };
    pthread_t waiter, stopper;
    acta_pid pid = { 0 };
    acta_error error;

    harness_start(&h, 2);
    w.to = spawn(&h, &s);
    pthread_create(&waiter, NULL, wait_for_ever, &w);
    await_count(&h, &w.begun, 1);
    sleep_ms(20);
    pthread_create(&stopper, NULL, stop_too, &other);
    assert_int_equal(acta_runtime_stop(h.runtime, 60000, &error), ACTA_OK);
    pthread_join(waiter, NULL);
    pthread_join(stopper, NULL);
    assert_int_equal(w.status, ACTA_STOPPED);
    assert_int_equal(other.status, ACTA_OK);
    assert_int_equal(call_tag(&h, w.to, 0, 60000, &error), ACTA_STOPPED);
    assert_int_equal(send_tag(&h, w.to, 0), ACTA_STOPPED);
    assert_int_equal(
        acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &scripted, .argument = &s }, &pid, &error),
        ACTA_STOPPED);
    harness_stop(&h);
}

/* GS-32: a pid, a name, a count of one is nothing in the other. */
static void
two_runtimes_share_nothing(void **state)
{
    (void)state;
    harness a, b;
    script s = { .user = NULL };

    harness_start(&a, 2);
    harness_start(&b, 0);
    acta_pid pid = spawn_named(&a, &s, "here");
    assert_int_equal(acta_whereis(b.runtime, acta_str_of("here")).value, 0);
    assert_int_equal(send_tag(&b, pid, 0), ACTA_NOPROC);
    assert_false(acta_is_alive(b.runtime, pid));
    assert_int_equal(call_tag(&a, pid, 0, 60000, NULL), ACTA_OK);
    harness_stop(&b);
    assert_int_equal(call_tag(&a, pid, 0, 60000, NULL), ACTA_OK);
    harness_stop(&a);
}

static acta_next
set_a_timer(acta_self *self, void *user, acta_message *message)
{
    acta_ref ref;

    (void)user;
    (void)message;
    acta_alloc(self, 100);
    acta_send_after(self, 10, 1, 0, &ref);
    acta_fail(self, "for the log");
}

/* GS-32: allocator, log and clock of each are its own: what happens in one is seen in none of the other's seams; a pid
 * of one that fits an actor of the other is not refused, and harmless: it is that actor's. */
static void
each_runtime_keeps_to_its_own_seams(void **state)
{
    (void)state;
    harness a, b;
    script s = { .cast = set_a_timer };

    harness_start(&a, 0);
    harness_start(&b, 0);
    acta_pid in_a = spawn(&a, &s), in_b = spawn(&b, &s);
    assert_true(acta_pid_equal(in_a, in_b)); /* the same number, another actor */
    int64_t blocks = atomic_load(&b.blocks), bytes = atomic_load(&b.bytes);
    uint64_t now_ns = acta_runtime_now_ns(b.runtime);
    send_tag(&a, in_a, 1);
    harness_advance(&a, 100);
    assert_int_equal(atomic_load(&a.log_lines), 1);
    assert_int_equal(atomic_load(&b.log_lines), 0);
    assert_int_equal(atomic_load(&b.blocks), blocks);
    assert_int_equal(atomic_load(&b.bytes), bytes);
    assert_true(acta_runtime_now_ns(b.runtime) == now_ns);
    assert_false(acta_is_alive(a.runtime, in_a));
    assert_true(acta_is_alive(b.runtime, in_b));
    assert_int_equal(call_tag(&b, in_a, 0, 1000, NULL), ACTA_OK);
    harness_stop(&a);
    assert_int_equal(call_tag(&b, in_b, 0, 1000, NULL), ACTA_OK);
    harness_stop(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_under_load_ends_every_thread_message_and_call),
        cmocka_unit_test(what_is_alive_at_the_deadline_is_killed),
        cmocka_unit_test(callers_that_wait_get_stopped_and_later_ones_at_once),
        cmocka_unit_test(two_runtimes_share_nothing),
        cmocka_unit_test(each_runtime_keeps_to_its_own_seams),
    };
    return cmocka_run_group_tests_name("stop", tests, NULL, NULL);
}
