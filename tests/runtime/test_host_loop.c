/*
 * Driven by a host: everything runs on the host's thread, inside acta_run_once; the file is readable whenever there is
 * something to do, and only then.
 */
#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "acta/offload.h"
#include "acta/watch_fd.h"

typedef struct guest {
    harness h;
    script s;
    acta_pid pid;
    pthread_t host;
    int fd; /* that it watches */
    uint32_t sender_count, message_count;
    _Atomic uint64_t casts, infos, strangers;
    _Atomic uint32_t done;
    acta_status status;
    acta_info_kind kind;
    acta_ref ref;
    acta_from from;
    pthread_t other;
} guest;

static void
note_thread(guest *g)
{
    if (!pthread_equal(pthread_self(), g->host)) atomic_fetch_add(&g->strangers, 1);
}

static acta_next
take_cast(acta_self *self, void *user, acta_message *message)
{
    guest *g = user;
    (void)self;
    (void)message;
    note_thread(g);
    atomic_fetch_add(&g->casts, 1);
    return ACTA_NEXT;
}

static acta_next
take_info(acta_self *self, void *user, const acta_info *info)
{
    guest *g = user;
    (void)self;
    note_thread(g);
    g->kind = info->kind;
    atomic_fetch_add(&g->infos, 1);
    return ACTA_NEXT;
}

static acta_next
take_call(acta_self *self, void *user, acta_from from, acta_message *message)
{
    guest *g = user;
    (void)message;
    note_thread(g);
    acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static void
start_guest(guest *g)
{
    memset(g, 0, sizeof *g);
    g->host = pthread_self();
    harness_start_with(&g->h, (acta_runtime_config){ .host_driven = true });
    g->s = (script){ .call = take_call, .cast = take_cast, .info = take_info, .user = g };
    g->pid = spawn(&g->h, &g->s);
}

static bool
is_readable(guest *g, int timeout_ms)
{
    struct pollfd set = { .fd = acta_runtime_fd(g->h.runtime), .events = POLLIN };
    return poll(&set, 1, timeout_ms) == 1;
}

/* What a host does, until *value is at least `least`. Fails when nothing comes for 20 s. */
static void
host_until(guest *g, _Atomic uint64_t *value, uint64_t least)
{
    while (atomic_load(value) < least) {
        if (!is_readable(g, 20000)) fail_msg("the file is not readable");
        acta_run_once(g->h.runtime, 0);
    }
}

static void
settle(guest *g)
{
    while (is_readable(g, 0))
        acta_run_once(g->h.runtime, 0);
}

static void
the_file_is_readable_when_there_is_something_to_do(void **state)
{
    guest g;
    (void)state;

    start_guest(&g);
    settle(&g);
    assert_int_equal(acta_run_once(g.h.runtime, 0), 0);
    assert_false(is_readable(&g, 0));
    send_tag(&g.h, g.pid, 1);
    assert_true(is_readable(&g, 0));
    assert_int_equal(atomic_load(&g.casts), 0); /* not before the host says so */
    assert_int_equal(acta_run_once(g.h.runtime, 0), 1);
    assert_int_equal(atomic_load(&g.casts), 1);
    assert_false(is_readable(&g, 0));
    harness_stop(&g.h);
}

/* A host that gives little time at once has the rest to do the next time. */
static void
what_is_left_keeps_the_file_readable(void **state)
{
    guest g;
    acta_pid others[10];
    (void)state;

    start_guest(&g);
    for (int i = 0; i < 10; i++)
        others[i] = spawn(&g.h, &g.s);
    settle(&g);
    for (int i = 0; i < 10; i++)
        send_tag(&g.h, others[i], 1);
    for (uint64_t i = 1; i < 10; i++) {
        assert_int_equal(acta_run_once(g.h.runtime, 1), 1);
        assert_int_equal(atomic_load(&g.casts), i);
        assert_true(is_readable(&g, 0));
    }
    assert_int_equal(acta_run_once(g.h.runtime, 100), 1);
    assert_false(is_readable(&g, 0));
    harness_stop(&g.h);
}

static void
set_timers(acta_self *self, guest *g)
{
    acta_send_after(self, 3600000, 1, 0, &g->ref);
    acta_send_after(self, 30, 2, 0, &g->ref);
}

static acta_next
set_timers_by_cast(acta_self *self, void *user, acta_message *message)
{
    (void)message;
    set_timers(self, user);
    return ACTA_NEXT;
}

static void
a_due_timer_makes_the_file_readable(void **state)
{
    guest g;
    (void)state;

    start_guest(&g);
    g.s.cast = set_timers_by_cast;
    uint64_t begin_ns = real_now_ns();
    send_tag(&g.h, g.pid, 1);
    host_until(&g, &g.infos, 1);
    assert_true(real_now_ns() - begin_ns >= 30000000); /* never early */
    assert_int_equal(g.kind, ACTA_INFO_TIMER);
    assert_false(is_readable(&g, 50)); /* the other is due in an hour */
    harness_stop(&g.h);
}

static acta_next
watch_by_cast(acta_self *self, void *user, acta_message *message)
{
    guest *g = user;
    (void)message;
    assert_int_equal(acta_watch_fd(self, g->fd, ACTA_FD_READABLE, &g->ref, NULL), ACTA_OK);
    return ACTA_NEXT;
}

static void
a_watched_file_makes_the_file_readable(void **state)
{
    guest g;
    uint64_t one = 1;
    (void)state;

    start_guest(&g);
    g.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    g.s.cast = watch_by_cast;
    send_tag(&g.h, g.pid, 1);
    settle(&g);
    assert_int_equal(write(g.fd, &one, sizeof one), sizeof one);
    assert_true(is_readable(&g, 0));
    host_until(&g, &g.infos, 1);
    assert_int_equal(g.kind, ACTA_INFO_FD);
    settle(&g);
    assert_int_equal(atomic_load(&g.infos), 1);
    harness_stop(&g.h);
    close(g.fd);
}

static acta_status
not_on_the_hosts_thread(acta_job *job, acta_message *argument, acta_message **result_out, acta_error *error)
{
    guest *g;
    (void)result_out;

    memcpy(&g, argument->payload, sizeof g);
    if (pthread_equal(pthread_self(), g->host)) return ACTA_FAILED;
    return acta_call(/* and it may ask actors, whom the host runs meanwhile */
        acta_job_runtime(job), g->pid, acta_message_create(g->h.runtime, 0, 0), 60000, NULL, error);
}

static acta_next
offload_by_cast(acta_self *self, void *user, acta_message *message)
{
    guest *g = user;
    acta_message *argument = acta_message_create(g->h.runtime, 0, sizeof g);
    (void)message;
    memcpy(argument->payload, &g, sizeof g);
    assert_int_equal(acta_offload(self, not_on_the_hosts_thread, argument, ACTA_INFINITE, &g->ref), ACTA_OK);
    return ACTA_NEXT;
}

static acta_next
note_status(acta_self *self, void *user, const acta_info *info)
{
    guest *g = user;
    g->status = info->status;
    return take_info(self, user, info);
}

static void
offloaded_work_does_not_hold_up_the_host(void **state)
{
    guest g;
    (void)state;

    start_guest(&g);
    g.s.cast = offload_by_cast;
    g.s.info = note_status;
    send_tag(&g.h, g.pid, 1);
    host_until(&g, &g.infos, 1);
    assert_int_equal(g.status, ACTA_OK);
    assert_int_equal(atomic_load(&g.strangers), 0);
    harness_stop(&g.h);
}

static void *
send_and_call(void *argument)
{
    guest *g = argument;

    for (uint32_t i = 0; i < g->message_count; i++) {
        if (i % 16 == 0) assert_int_equal(call_tag(&g->h, g->pid, 1, 60000, NULL), ACTA_OK);
        while (send_tag(&g->h, g->pid, 1) == ACTA_BUSY)
            sleep_ms(1);
    }
    atomic_fetch_add(&g->done, 1);
    return NULL;
}

/* Many threads send and call while the host sleeps and wakes: nothing is lost, and all runs on the host's thread. */
static void
other_threads_wake_the_host(void **state)
{
    enum { SENDERS = 8, MESSAGES = 4000 };
    pthread_t threads[SENDERS];
    guest g;
    (void)state;

    start_guest(&g);
    g.message_count = MESSAGES;
    for (int i = 0; i < SENDERS; i++)
        pthread_create(&threads[i], NULL, send_and_call, &g);
    host_until(&g, &g.casts, SENDERS * MESSAGES);
    for (int i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&g.casts), SENDERS * MESSAGES);
    assert_int_equal(atomic_load(&g.strangers), 0);
    settle(&g);
    assert_false(is_readable(&g, 0));
    harness_stop(&g.h);
}

static acta_next
answer_later(acta_self *self, void *user, acta_from from, acta_message *message)
{
    guest *g = user;
    (void)message;
    g->from = from;
    acta_send_after(self, 5, 1, 0, &g->ref);
    return ACTA_NEXT;
}

static acta_next
answer_now(acta_self *self, void *user, const acta_info *info)
{
    guest *g = user;
    (void)info;
    note_thread(g);
    acta_reply(acta_self_runtime(self), g->from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static void *
answer_from_elsewhere(void *argument)
{
    guest *g = argument;
    sleep_ms(10);
    acta_reply(g->h.runtime, g->from, ACTA_OK, NULL, NULL);
    return NULL;
}

static acta_next
hand_over(acta_self *self, void *user, acta_from from, acta_message *message)
{
    guest *g = user;
    (void)message;
    g->from = from;
    acta_hand_over(self, from);
    pthread_create(&g->other, NULL, answer_from_elsewhere, g);
    return ACTA_NEXT;
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

static void
a_call_on_the_hosts_thread_runs_the_runtime_while_it_waits(void **state)
{
    guest g;
    (void)state;

    start_guest(&g);
    assert_int_equal(call_tag(&g.h, g.pid, 1, 60000, NULL), ACTA_OK);
    g.s.call = answer_later; /* by a timer */
    g.s.info = answer_now;
    assert_int_equal(call_tag(&g.h, g.pid, 1, 60000, NULL), ACTA_OK);
    g.s.call = hand_over; /* by a thread that knows nothing of hosts */
    assert_int_equal(call_tag(&g.h, g.pid, 1, 60000, NULL), ACTA_OK);
    pthread_join(g.other, NULL);
    g.s.call = never_answer;
    assert_int_equal(call_tag(&g.h, g.pid, 1, 20, NULL), ACTA_TIMEOUT);
    assert_int_equal(atomic_load(&g.strangers), 0);
    settle(&g);
    harness_stop(&g.h);
}

static acta_next
run_once_inside(acta_self *self, void *user, acta_message *message)
{
    guest *g = user;
    (void)message;
    assert_int_equal(acta_run_once(acta_self_runtime(self), 0), 0);
    atomic_fetch_add(&g->casts, 1);
    return ACTA_NEXT;
}

static void
an_actor_does_not_drive_its_runtime(void **state)
{
    guest g;
    (void)state;

    start_guest(&g);
    g.s.cast = run_once_inside;
    send_tag(&g.h, g.pid, 1);
    host_until(&g, &g.casts, 1);
    harness_stop(&g.h);
}

static void
others_have_no_file(void **state)
{
    harness h;
    acta_runtime *runtime;
    acta_error error;
    (void)state;

    for (uint32_t workers = 0; workers < 2; workers++) {
        harness_start(&h, workers);
        assert_int_equal(acta_runtime_fd(h.runtime), -1);
        assert_int_equal(acta_run_once(h.runtime, 0), 0);
        harness_stop(&h);
    }
    assert_int_equal(
        acta_runtime_create(&(acta_runtime_config){ .host_driven = true, .manual = true }, &runtime, &error),
        ACTA_INVALID);
}

/* Each file that its creation needs is missing once: the set, the wake, the timer. */
static void
a_runtime_that_can_not_be_made_leaves_nothing(void **state)
{
    struct rlimit before, none;
    acta_runtime *runtime = NULL;
    acta_status status = ACTA_IO;
    acta_error error;
    (void)state;

    for (int fd = 3; fd < 1024; fd++) /* what whoever started this left open: the free numbers are in a row then */
        close(fd);
    getrlimit(RLIMIT_NOFILE, &before);
    int lowest = eventfd(0, EFD_CLOEXEC);
    close(lowest);
    for (rlim_t files = 0; status != ACTA_OK; files++) {
        assert_true(files <= 3);
        none = (struct rlimit){ (rlim_t)lowest + files, before.rlim_max };
        setrlimit(RLIMIT_NOFILE, &none);
        status = acta_runtime_create(&(acta_runtime_config){ .host_driven = true }, &runtime, &error);
        setrlimit(RLIMIT_NOFILE, &before);
        assert_int_equal(status, files < 3 ? ACTA_IO : ACTA_OK);
    }
    acta_runtime_destroy(runtime);
    int after = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(after, lowest); /* all are closed again */
    close(after);
}

static void *
stop_it(void *argument)
{
    guest *g = argument;
    g->host = pthread_self();
    g->status = acta_runtime_stop(g->h.runtime, 60000, NULL);
    return NULL;
}

static acta_next
linger(acta_self *self, void *user, const acta_info *info)
{
    guest *g = user;
    if (info->kind == ACTA_INFO_EXIT) { /* asked to end: takes its time */
        acta_send_after(self, 20, 1, 0, &g->ref);
        return ACTA_NEXT;
    }
    return ACTA_STOP;
}

static acta_status
trap(acta_self *self, void *user, acta_error *error)
{
    (void)user;
    (void)error;
    acta_trap_exit(self, true);
    return ACTA_OK;
}

/* SCH-10: whoever stops it drives it until it has stopped. */
static void
a_stop_drives_the_runtime_from_any_thread(void **state)
{
    (void)state;

    for (int elsewhere = 0; elsewhere < 2; elsewhere++) {
        guest g;
        pthread_t other;
        start_guest(&g);
        script slow = { .init = trap, .info = linger, .user = &g };
        spawn(&g.h, &slow);
        settle(&g);
        if (elsewhere != 0) {
            pthread_create(&other, NULL, stop_it, &g);
            pthread_join(other, NULL);
        } else
            stop_it(&g);
        assert_int_equal(g.status, ACTA_OK);
        harness_stop(&g.h);
    }
}

static uint64_t
naps(void)
{
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return (uint64_t)usage.ru_nvcsw;
}

/* SCH-11: the host's one sleep, and no wake-up in it. */
static void
an_idle_runtime_does_not_wake_its_host(void **state)
{
    guest g;
    (void)state;

    start_guest(&g);
    g.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    g.s.cast = watch_by_cast;
    send_tag(&g.h, g.pid, 1);
    settle(&g);
    uint64_t before = naps();
    assert_false(is_readable(&g, 300));
    assert_in_range(naps() - before, 0, 2);
    harness_stop(&g.h);
    close(g.fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_file_is_readable_when_there_is_something_to_do),
        cmocka_unit_test(what_is_left_keeps_the_file_readable),
        cmocka_unit_test(a_due_timer_makes_the_file_readable),
        cmocka_unit_test(a_watched_file_makes_the_file_readable),
        cmocka_unit_test(offloaded_work_does_not_hold_up_the_host),
        cmocka_unit_test(other_threads_wake_the_host),
        cmocka_unit_test(a_call_on_the_hosts_thread_runs_the_runtime_while_it_waits),
        cmocka_unit_test(an_actor_does_not_drive_its_runtime),
        cmocka_unit_test(others_have_no_file),
        cmocka_unit_test(a_runtime_that_can_not_be_made_leaves_nothing),
        cmocka_unit_test(a_stop_drives_the_runtime_from_any_thread),
        cmocka_unit_test(an_idle_runtime_does_not_wake_its_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
