/*
 * Hosts that make it hard: stops from everywhere, forks, signals without end, small stacks.
 */
#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acta/offload.h"
#include "acta/watch_fd.h"

/* -- a little of everything, counted -- */

enum { WORKLOAD = 300 };

typedef struct workload {
    harness h;
    script s;
    acta_pid pid;
    int fd;
    _Atomic uint64_t casts, timers, answers, events, failures;
} workload;

static acta_status
double_it(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    (void)job;
    (void)error;
    usleep(100);
    argument->tag *= 2;
    *result_out = argument;
    return ACTA_OK;
}

static acta_next
work_cast(acta_self *self, void *user, acta_message *message)
{
    workload *w = user;
    acta_runtime *runtime = acta_self_runtime(self);

    if (message->tag == 0) { /* begin */
        assert_int_equal(acta_watch_fd(self, w->fd, ACTA_FD_READABLE, NULL, NULL), ACTA_OK);
        acta_send(runtime, w->pid, acta_message_create(runtime, WORKLOAD, 0));
        acta_send_after(self, 1, WORKLOAD, 0, NULL);
        return ACTA_NEXT;
    }
    atomic_fetch_add(&w->casts, 1);
    acta_offload(self, double_it, acta_message_create(runtime, message->tag, 0), ACTA_INFINITE, NULL);
    if (message->tag > 1) acta_send(runtime, w->pid, acta_message_create(runtime, message->tag - 1, 0));
    return ACTA_NEXT;
}

static acta_next
work_info(acta_self *self, void *user, const acta_info *info)
{
    workload *w = user;
    uint64_t count;

    switch (info->kind) {
    case ACTA_INFO_TIMER:
        atomic_fetch_add(&w->timers, 1);
        if (info->tag > 1) acta_send_after(self, 1, info->tag - 1, 0, NULL);
        break;
    case ACTA_INFO_REPLY:
        assert_int_equal(info->status, ACTA_OK);
        assert_int_equal(info->message->tag % 2, 0);
        atomic_fetch_add(&w->answers, 1);
        break;
    case ACTA_INFO_FD:
        assert_int_equal(read(w->fd, &count, sizeof count), sizeof count);
        atomic_fetch_add(&w->events, count);
        assert_int_equal(acta_watch_fd(self, w->fd, ACTA_FD_READABLE, NULL, NULL), ACTA_OK);
        break;
    default:
        break;
    }
    return ACTA_NEXT;
}

static acta_next
fail_at_once(acta_self *self, void *user, acta_message *message)
{
    workload *w = user;
    (void)message;
    atomic_fetch_add(&w->failures, 1);
    acta_fail(self, "as asked");
}

static void
run_workload(acta_runtime_config config)
{
    workload w = { .s = { .cast = work_cast, .info = work_info } };
    uint64_t one = 1;

    w.s.user = &w;
    w.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    harness_start_with(&w.h, config);
    w.pid = spawn(&w.h, &w.s);
    script failing = { .cast = fail_at_once, .user = &w };
    send_tag(&w.h, w.pid, 0);
    for (int i = 0; i < WORKLOAD; i++) {
        assert_int_equal(call_tag(&w.h, w.pid, 1, 60000, NULL), ACTA_OK);
        assert_int_equal(write(w.fd, &one, sizeof one), sizeof one);
        if (i % 10 == 0) send_tag(&w.h, spawn(&w.h, &failing), 1);
    }
    await_count(&w.h, &w.casts, WORKLOAD);
    await_count(&w.h, &w.timers, WORKLOAD);
    await_count(&w.h, &w.answers, WORKLOAD);
    await_count(&w.h, &w.events, WORKLOAD);
    await_count(&w.h, &w.failures, WORKLOAD / 10);
    harness_stop(&w.h);
    assert_int_equal(atomic_load(&w.events), WORKLOAD);
    assert_int_equal(atomic_load(&w.answers), WORKLOAD);
    close(w.fd);
}

/* -- stops -- */

static void
try_to_stop(acta_self *self, void *user)
{
    acta_error error;
    (void)user;
    assert_int_equal(acta_runtime_stop(acta_self_runtime(self), 1000, &error), ACTA_CALLING_SELF);
    assert_int_equal(error.status, ACTA_CALLING_SELF);
}

/* SCH-10: from inside an actor; twice; before anything was started; not at all. */
static void
a_stop_may_come_at_any_time_and_again(void **state)
{
    (void)state;
    for (uint32_t workers = 0; workers < 3; workers++) {
        harness h;
        harness_start(&h, workers);
        inside(&h, try_to_stop, NULL);
        assert_int_equal(acta_runtime_stop(h.runtime, 60000, NULL), ACTA_OK);
        assert_int_equal(acta_runtime_stop(h.runtime, 0, NULL), ACTA_OK);
        harness_stop(&h);

        harness_start(&h, workers); /* nothing was ever started */
        assert_int_equal(acta_runtime_stop(h.runtime, 0, NULL), ACTA_OK);
        harness_stop(&h);

        harness_start(&h, workers); /* and destroy stops */
        acta_runtime_destroy(h.runtime);
        assert_int_equal(atomic_load(&h.blocks), 0);
    }
}

static acta_next
take_time(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    (void)user;
    (void)message;
    sleep_ms(5);
    return ACTA_NEXT;
}

static void *
stop_too(void *argument)
{
    harness *h = argument;
    return (void *)(uintptr_t)acta_runtime_stop(h->runtime, 60000, NULL);
}

/* SCH-10: from many threads; all return when it has stopped, with the same status. */
static void
many_threads_may_stop_at_once(void **state)
{
    enum { THREADS = 8 };
    pthread_t threads[THREADS];
    (void)state;

    for (int round = 0; round < 20; round++) {
        harness h;
        script slow = { .cast = take_time };
        harness_start(&h, 2);
        for (int i = 0; i < 4; i++)
            send_tag(&h, spawn(&h, &slow), 1);
        for (int i = 0; i < THREADS; i++)
            pthread_create(&threads[i], NULL, stop_too, &h);
        for (int i = 0; i < THREADS; i++) {
            void *status;
            pthread_join(threads[i], &status);
            assert_int_equal((uintptr_t)status, ACTA_OK);
        }
        acta_runtime_stats stats;
        acta_runtime_stats_read(h.runtime, &stats);
        assert_int_equal(stats.alive, 0);
        harness_stop(&h);
    }
}

static void *
wait_for_signal_and_stop(void *argument)
{
    sigset_t set;
    int number;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigwait(&set, &number);
    return stop_too(argument);
}

/* SCH-10: a thread that waits for signals, as servers have one. */
static void
a_thread_of_signals_may_stop(void **state)
{
    sigset_t set, before;
    pthread_t thread;
    harness h;
    void *status;
    (void)state;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &set, &before);
    harness_start(&h, 2);
    script plain = { .user = NULL };
    spawn(&h, &plain);
    pthread_create(&thread, NULL, wait_for_signal_and_stop, &h);
    kill(getpid(), SIGTERM);
    pthread_join(thread, &status);
    assert_int_equal((uintptr_t)status, ACTA_OK);
    harness_stop(&h);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* -- forks -- */

static int
be_the_child(harness *h, acta_pid pid)
{
    acta_error error;
    acta_runtime *own;
    acta_pid mine;
    static const script plain = { .user = NULL };

    if (acta_runtime_stop(h->runtime, 1000, &error) != ACTA_STOPPED) return 1;
    if (strstr(error.text, "fork") == NULL) return 2;
    acta_runtime_destroy(h->runtime); /* nothing */
    if (!acta_is_alive(h->runtime, pid)) return 3;
    if (acta_runtime_create(&(acta_runtime_config){ .worker_count = 2 }, &own, &error) != ACTA_OK) return 4;
    if (acta_spawn(own, &(acta_spawn_options){ .behaviour = &scripted, .argument = &plain }, &mine, &error) != ACTA_OK)
        return 5;
    if (acta_call(own, mine, acta_message_create(own, 1, 0), 60000, NULL, &error) != ACTA_OK) return 6;
    acta_runtime_destroy(own);
    return 0;
}

/* SCH-13: a host that forks while its runtime works. The child is told what it can't do, and has one of its own. */
static void
a_fork_is_told_that_the_runtime_is_its_parents(void **state)
{
    harness h;
    script plain = { .user = NULL };
    (void)state;

    if (HARNESS_SANITIZED) skip(); /* they start no threads in a child */
    harness_start(&h, 2);
    acta_pid pid = spawn(&h, &plain);
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < 50; k++)
            send_tag(&h, pid, 1);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) _exit(be_the_child(&h, pid));
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
        assert_int_equal(call_tag(&h, pid, 1, 60000, NULL), ACTA_OK); /* the parent's goes on */
    }
    harness_stop(&h);
}

/* -- signals -- */

static _Atomic uint64_t alarms;

static void
count_alarm(int number)
{
    (void)number;
    atomic_fetch_add(&alarms, 1);
}

/* SIGPROF to each thread of this process but itself, again and again. */
static void *
fire_alarms(void *argument)
{
    _Atomic bool *end = argument;
    sigset_t mine;

    sigfillset(&mine);
    pthread_sigmask(SIG_BLOCK, &mine, NULL);
    while (!atomic_load(end)) {
        DIR *tasks = opendir("/proc/self/task");
        for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
            if (task->d_name[0] != '.') syscall(SYS_tgkill, getpid(), atoi(task->d_name), SIGPROF);
        }
        closedir(tasks);
        usleep(100);
    }
    return NULL;
}

/* SCH-13: EINTR everywhere: SIGPROF isn't blocked in the runtime's threads, and its handler restarts nothing. */
static void
a_storm_of_signals_disturbs_nothing(void **state)
{
    struct sigaction action = { .sa_handler = count_alarm }, before;
    _Atomic bool end = false;
    pthread_t thread;
    (void)state;

    sigaction(SIGPROF, &action, &before);
    pthread_create(&thread, NULL, fire_alarms, &end);
    for (uint32_t workers = 1; workers <= 3; workers++)
        run_workload((acta_runtime_config){ .worker_count = workers });
    atomic_store(&end, true);
    pthread_join(thread, NULL);
    sigaction(SIGPROF, &before, NULL);
    print_message("%llu signals\n", (unsigned long long)atomic_load(&alarms));
    assert_true(atomic_load(&alarms) > 100);
}

/* -- stacks -- */

static int
use_stack(volatile char *above, size_t left)
{
    volatile char here[1024];

    here[0] = above[0];
    return left <= sizeof here ? here[0] : use_stack(here, left - sizeof here) + here[0];
}

static acta_next
go_deep(acta_self *self, void *user, acta_from from, acta_message *message)
{
    size_t *bytes = user;
    volatile char top[1] = { 0 };
    (void)message;
    use_stack(top, *bytes);
    acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

/* SCH-13: threads of 64 KiB, with handlers that use half of it; and a handler that uses 64 KiB of the usual ones. */
static void
small_stacks_are_enough(void **state)
{
    pthread_attr_t small, before;
    size_t bytes[] = { 32 << 10, 64 << 10 };
    (void)state;

    if (HARNESS_SANITIZED) skip(); /* their frames are larger */
    for (int usual = 0; usual < 2; usual++) {
        pthread_getattr_default_np(&before);
        pthread_attr_init(&small);
        pthread_attr_setstacksize(&small, 64 << 10);
        if (usual == 0) assert_int_equal(pthread_setattr_default_np(&small), 0);
        run_workload((acta_runtime_config){ .worker_count = 2 });
        harness h;
        script deep = { .call = go_deep, .user = &bytes[usual] };
        harness_start(&h, 2);
        acta_pid pid = spawn(&h, &deep);
        for (int i = 0; i < 100; i++)
            assert_int_equal(call_tag(&h, pid, 1, 60000, NULL), ACTA_OK);
        harness_stop(&h);
        pthread_setattr_default_np(&before);
        pthread_attr_destroy(&small);
        pthread_attr_destroy(&before);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stop_may_come_at_any_time_and_again),
        cmocka_unit_test(many_threads_may_stop_at_once),
        cmocka_unit_test(a_thread_of_signals_may_stop),
        cmocka_unit_test(a_fork_is_told_that_the_runtime_is_its_parents),
        cmocka_unit_test(a_storm_of_signals_disturbs_nothing),
        cmocka_unit_test(small_stacks_are_enough),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
