/*
 * Watched files: one event a watch, to the actor that watches and to nobody else, whatever happens to the file and to
 * its number meanwhile.
 */
#include "eye.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* SCH-14: what is ready before the watch is told as well; each watch tells once. */
static void
each_watch_tells_once(void **state)
{
    (void)state;
    for (uint32_t workers = 0; workers < 3; workers++) { /* 0: by hand */
        harness h;
        eye e;
        int ends[2];

        harness_start(&h, workers);
        open_eye(&e, &h);
        make_pipe(ends);
        put(ends[1]);
        have_watch(&e, ends[0], ACTA_FD_READABLE);
        await_count(&h, &e.events, 1);
        assert_int_equal(e.ready, ACTA_FD_READABLE);
        assert_int_equal(e.fd, (uint64_t)ends[0]);
        let_the_poller_pass(&h);
        assert_int_equal(atomic_load(&e.events), 1); /* it still is readable */
        have_watch(&e, ends[0], ACTA_FD_READABLE);
        await_count(&h, &e.events, 2);
        tell_eye(&e, unwatch);
        assert_false(e.flag); /* its event has come */
        harness_stop(&h);
        close_both(ends);
    }
}

static void
a_watch_tells_when_the_file_becomes_ready(void **state)
{
    harness h;
    eye e;
    int ends[2];
    (void)state;

    harness_start(&h, 2);
    open_eye(&e, &h);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    have_watch(&e, ends[0], ACTA_FD_READABLE);
    let_the_poller_pass(&h);
    assert_int_equal(atomic_load(&e.events), 0);
    put(ends[1]);
    await_count(&h, &e.events, 1);
    assert_int_equal(e.ready, ACTA_FD_READABLE);
    have_watch(&e, ends[0], ACTA_FD_READABLE | ACTA_FD_WRITABLE);
    await_count(&h, &e.events, 2);
    assert_int_equal(e.ready, ACTA_FD_READABLE | ACTA_FD_WRITABLE);
    have_watch(&e, ends[0], ACTA_FD_WRITABLE);
    await_count(&h, &e.events, 3);
    assert_int_equal(e.ready, ACTA_FD_WRITABLE);
    close(ends[1]);
    have_watch(&e, ends[0], ACTA_FD_READABLE);
    await_count(&h, &e.events, 4);
    assert_int_equal(e.ready, ACTA_FD_READABLE | ACTA_FD_HANGUP);
    harness_stop(&h);
    close(ends[0]);

    harness_start(&h, 1);
    open_eye(&e, &h);
    make_pipe(ends);
    close(ends[0]);
    have_watch(&e, ends[1], ACTA_FD_WRITABLE);
    await_count(&h, &e.events, 1);
    assert_true((e.ready & ACTA_FD_ERROR) != 0);
    harness_stop(&h);
    close(ends[1]);
}

static void
what_can_not_be_watched_is_refused_with_the_reason(void **state)
{
    harness h;
    eye e;
    int ends[2];
    (void)state;

    harness_start(&h, 1);
    open_eye(&e, &h);
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_int_equal(try_watch(&e, file, ACTA_FD_READABLE), ACTA_INVALID);
    assert_non_null(strstr(e.text, "acta_offload"));
    close(file);
    int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(try_watch(&e, folder, ACTA_FD_READABLE), ACTA_INVALID);
    close(folder);
    assert_int_equal(try_watch(&e, folder, ACTA_FD_READABLE), ACTA_INVALID);
    assert_non_null(strstr(e.text, "not open"));
    assert_int_equal(try_watch(&e, -1, ACTA_FD_READABLE), ACTA_INVALID);
    assert_int_equal(try_watch(&e, 1 << 30, ACTA_FD_READABLE), ACTA_INVALID);
    make_pipe(ends);
    assert_int_equal(try_watch(&e, ends[0], 0), ACTA_INVALID);
    assert_int_equal(try_watch(&e, ends[0], ACTA_FD_HANGUP), ACTA_INVALID);
    assert_int_equal(try_watch(&e, ends[0], ACTA_FD_READABLE), ACTA_OK);
    assert_int_equal(try_watch(&e, ends[0], ACTA_FD_WRITABLE), ACTA_ALREADY_EXISTS);
    assert_non_null(strstr(e.text, "dup"));
    harness_stop(&h);
    assert_int_equal(atomic_load(&e.events), 0);
    close_both(ends);
}

static void
a_watch_given_up_is_not_told(void **state)
{
    harness h;
    eye e;
    int ends[2];
    (void)state;

    harness_start(&h, 1);
    open_eye(&e, &h);
    make_pipe(ends);
    have_watch(&e, ends[0], ACTA_FD_READABLE);
    tell_eye(&e, unwatch);
    assert_true(e.flag);
    tell_eye(&e, unwatch);
    assert_false(e.flag);
    put(ends[1]);
    let_the_poller_pass(&h);
    assert_int_equal(atomic_load(&e.events), 0);
    have_watch(&e, ends[0], ACTA_FD_READABLE);
    await_count(&h, &e.events, 1);
    harness_stop(&h);
    close_both(ends);
}

static void *
sleep_in_a_pass(void *argument)
{
    let_the_poller_pass(argument);
    return NULL;
}

static void
watch_hold_unwatch(acta_self *self, eye *e)
{
    pthread_t other;

    watch(self, e);
    assert_int_equal(e->status, ACTA_OK);
    pthread_create(&other, NULL, sleep_in_a_pass, e->h); /* the event comes while we are in this handler */
    pthread_join(other, NULL);
    unwatch(self, e);
}

static void
an_event_in_the_mailbox_is_not_seen_after_unwatch(void **state)
{
    harness h;
    eye e;
    int ends[2];
    (void)state;

    harness_start(&h, 2);
    open_eye(&e, &h);
    make_pipe(ends);
    put(ends[1]);
    e.number = ends[0];
    e.interest = ACTA_FD_READABLE;
    tell_eye(&e, watch_hold_unwatch);
    assert_false(e.flag);
    let_the_poller_pass(&h);
    assert_int_equal(atomic_load(&e.events), 0);
    harness_stop(&h);
    close_both(ends);
}

/* SCH-14: closed under the watcher, and the number is another's file by now. */
static void
a_number_used_again_is_its_new_owners(void **state)
{
    harness h;
    eye before, after;
    int first[2], second[2];
    (void)state;

    harness_start(&h, 2);
    open_eye(&before, &h);
    open_eye(&after, &h);
    make_pipe(first);
    have_watch(&before, first[0], ACTA_FD_READABLE);
    close(first[0]);
    make_pipe(second);
    assert_int_equal(second[0], first[0]); /* the lowest free number */
    have_watch(&after, second[0], ACTA_FD_READABLE);
    await_count(&h, &before.lost, 1);
    assert_non_null(strstr(before.text, "closed"));
    tell_eye(&before, unwatch);
    assert_false(before.flag);
    let_the_poller_pass(&h);
    assert_int_equal(atomic_load(&after.events), 0);
    put(second[1]); /* the watch of the new owner was left alone */
    await_count(&h, &after.events, 1);
    assert_int_equal(atomic_load(&before.events), 0);
    harness_stop(&h);
    close_both(second);
    close(first[1]);
}

/* SCH-14: the old file lives on as a duplicate, and in the kernel's set; what happens to it concerns nobody. */
static void
an_event_of_a_file_that_lost_its_number_reaches_nobody(void **state)
{
    harness h;
    eye before, after;
    int first[2], second[2];
    (void)state;

    for (int fired = 0; fired < 2; fired++) {
        harness_start(&h, 2);
        open_eye(&before, &h);
        open_eye(&after, &h);
        make_pipe(first);
        have_watch(&before, first[0], ACTA_FD_READABLE);
        if (fired != 0) { /* at rest in the set, instead of armed */
            put(first[1]);
            await_count(&h, &before.events, 1);
        }
        int survivor = dup(first[0]);
        close(first[0]);
        make_pipe(second);
        assert_int_equal(second[0], first[0]);
        have_watch(&after, second[0], ACTA_FD_READABLE);
        put(first[1]);
        let_the_poller_pass(&h);
        let_the_poller_pass(&h);
        assert_int_equal(atomic_load(&after.events), 0);
        assert_int_equal(atomic_load(&before.events), fired);
        assert_int_equal(atomic_load(&before.lost), 1 - fired);
        put(second[1]);
        await_count(&h, &after.events, 1);

        /* And the first file gets its number back. */
        dup3(survivor, second[0], O_CLOEXEC);
        close(survivor);
        have_watch(&after, second[0], ACTA_FD_READABLE);
        await_count(&h, &after.events, 2);
        harness_stop(&h);
        close_both(second);
        close(first[1]);
    }
}

static void
the_end_of_the_actor_ends_its_watches(void **state)
{
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    harness h;
    eye before, after;
    int ends[2];
    (void)state;

    harness_start(&h, 2);
    open_eye(&before, &h);
    open_eye(&after, &h);
    make_pipe(ends);
    have_watch(&before, ends[0], ACTA_FD_READABLE);
    assert_int_equal(try_watch(&after, ends[0], ACTA_FD_READABLE), ACTA_ALREADY_EXISTS);
    acta_exit(h.runtime, (acta_pid){ 0 }, before.pid, &kill);
    await_dead(&h, before.pid);
    uint64_t end_ns = real_now_ns() + UINT64_C(60000000000);
    while (try_watch(&after, ends[0], ACTA_FD_READABLE) != ACTA_OK) /* dead is before its belongings are gone */
        assert_true(real_now_ns() < end_ns);
    put(ends[1]);
    await_count(&h, &after.events, 1);
    assert_int_equal(atomic_load(&before.events), 0);
    harness_stop(&h);
    close_both(ends);
}

static void
watch_without_memory(acta_self *self, eye *e)
{
    acta_error error;
    acta_status status = ACTA_NO_MEMORY;

    for (int64_t n = 0; status != ACTA_OK; n++) {
        e->ref.value = 77;
        atomic_store(&e->h->allocs_left, n);
        status = acta_watch_fd(self, e->number, ACTA_FD_READABLE, &e->ref, &error);
        atomic_store(&e->h->allocs_left, -1);
        if (status != ACTA_OK) {
            assert_int_equal(status, ACTA_NO_MEMORY);
            assert_int_equal(e->ref.value, 77);
        }
        assert_true(n < 20);
    }
}

/* GS-31 */
static void
without_memory_nothing_is_watched(void **state)
{
    harness h;
    eye e;
    int ends[2];
    (void)state;

    harness_start(&h, 0);
    open_eye(&e, &h);
    make_pipe(ends);
    e.number = ends[0];
    tell_eye(&e, watch_without_memory);
    put(ends[1]);
    await_count(&h, &e.events, 1);
    harness_stop(&h);
    assert_int_equal(atomic_load(&e.events), 1);
    close_both(ends);
}

static void
without_files_for_the_watching_nothing_is_watched(void **state)
{
    struct rlimit before, none;
    harness h;
    eye e;
    (void)state;

    harness_start(&h, 1);
    open_eye(&e, &h);
    int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){ (rlim_t)fd + 1, before.rlim_max };
    setrlimit(RLIMIT_NOFILE, &none);
    assert_int_equal(try_watch(&e, fd, ACTA_FD_READABLE), ACTA_IO);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_non_null(strstr(e.text, "cannot watch files"));
    have_watch(&e, fd, ACTA_FD_READABLE);
    await_count(&h, &e.events, 1);
    harness_stop(&h);
    close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_watch_tells_once),
        cmocka_unit_test(a_watch_tells_when_the_file_becomes_ready),
        cmocka_unit_test(what_can_not_be_watched_is_refused_with_the_reason),
        cmocka_unit_test(a_watch_given_up_is_not_told),
        cmocka_unit_test(an_event_in_the_mailbox_is_not_seen_after_unwatch),
        cmocka_unit_test(a_number_used_again_is_its_new_owners),
        cmocka_unit_test(an_event_of_a_file_that_lost_its_number_reaches_nobody),
        cmocka_unit_test(the_end_of_the_actor_ends_its_watches),
        cmocka_unit_test(without_memory_nothing_is_watched),
        cmocka_unit_test(without_files_for_the_watching_nothing_is_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
