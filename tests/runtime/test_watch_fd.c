/*
 * Watched files: one event a watch, to the actor that watches and to nobody else, whatever happens to the file and to
 * its number meanwhile.
 */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acta/watch_fd.h"

/* An actor that does what a test says, and counts what it is told. */
typedef struct eye {
    harness *h;
    acta_pid pid;
    script s;
    acta_ref ref;
    _Atomic uint64_t events, lost;
    uint32_t ready;
    uint64_t fd;
    char text[ACTA_ERROR_TEXT_MAX];
    acta_next (*on_event)(acta_self *self, struct eye *e, const acta_info *info);
    int number, other;
    uint32_t interest;
    acta_status status;
    bool flag;
    uint64_t count;
} eye;

typedef struct order {
    void (*what)(acta_self *self, eye *e);
} order;

static acta_next
obey_order(acta_self *self, void *user, acta_from from, acta_message *message)
{
    order o;
    memcpy(&o, message->payload, sizeof o);
    o.what(self, user);
    acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static acta_next
note_event(acta_self *self, void *user, const acta_info *info)
{
    eye *e = user;

    assert_int_equal(info->kind, ACTA_INFO_FD);
    e->ready = info->tag;
    e->fd = info->user;
    if (info->status != ACTA_OK) {
        assert_int_equal(info->status, ACTA_NOT_FOUND);
        snprintf(e->text, sizeof e->text, "%s", info->error->text);
        atomic_fetch_add(&e->lost, 1);
        return ACTA_NEXT;
    }
    acta_next next = e->on_event != NULL ? e->on_event(self, e, info) : ACTA_NEXT;
    atomic_fetch_add(&e->events, 1);
    return next;
}

static void
open_eye(eye *e, harness *h)
{
    memset(e, 0, sizeof *e);
    e->h = h;
    e->s = (script){ .call = obey_order, .info = note_event, .user = e };
    e->pid = spawn(h, &e->s);
}

static void
tell(eye *e, void (*what)(acta_self *self, eye *e))
{
    acta_message *m = acta_message_create(e->h->runtime, 0, sizeof(order));
    memcpy(m->payload, &(order){ what }, sizeof(order));
    assert_int_equal(acta_call(e->h->runtime, e->pid, m, 20000, NULL, NULL), ACTA_OK);
}

static void
watch(acta_self *self, eye *e)
{
    acta_error error = { .text = "" };
    e->status = acta_watch_fd(self, e->number, e->interest, &e->ref, &error);
    snprintf(e->text, sizeof e->text, "%s", e->status != ACTA_OK ? error.text : "");
}

static void
unwatch(acta_self *self, eye *e)
{
    e->flag = acta_unwatch_fd(self, e->ref);
}

static void
have_watch(eye *e, int fd, uint32_t interest)
{
    e->number = fd;
    e->interest = interest;
    tell(e, watch);
    if (e->status != ACTA_OK) fail_msg("%s", e->text);
}

static acta_status
try_watch(eye *e, int fd, uint32_t interest)
{
    e->number = fd;
    e->interest = interest;
    tell(e, watch);
    return e->status;
}

/* After this, whatever was ready has been told. */
static void
let_the_poller_pass(harness *h)
{
    eye e;
    int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);

    open_eye(&e, h);
    have_watch(&e, fd, ACTA_FD_READABLE);
    await_count(h, &e.events, 1);
    close(fd);
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    acta_exit(h->runtime, (acta_pid){ 0 }, e.pid, &kill);
    await_dead(h, e.pid);
}

static void
make_pipe(int ends[2])
{
    assert_int_equal(pipe2(ends, O_NONBLOCK | O_CLOEXEC), 0);
}

static void
put(int fd)
{
    assert_int_equal(write(fd, "x", 1), 1);
}

static void
close_both(const int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

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
        tell(&e, unwatch);
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
    tell(&e, unwatch);
    assert_true(e.flag);
    tell(&e, unwatch);
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
    tell(&e, watch_hold_unwatch);
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
    tell(&before, unwatch);
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
    tell(&e, watch_without_memory);
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

static acta_next
read_all_and_watch_on(acta_self *self, eye *e, const acta_info *info)
{
    uint64_t count;
    (void)info;

    assert_int_equal(read(e->number, &count, sizeof count), sizeof count);
    e->count += count;
    watch(self, e);
    assert_int_equal(e->status, ACTA_OK);
    return ACTA_NEXT;
}

/* SCH-18: each round posts when the workers have just gone to sleep, or are about to; a post that was lost would leave
 * the round waiting for ever. */
static void
no_event_is_lost_while_workers_park(void **state)
{
    enum { ROUNDS = 20000, TIME_MS = 2000 }; /* as many, or as fit into the time */
    uint64_t seed = test_seed(), one = 1;
    (void)state;

    for (uint32_t workers = 1; workers < 4; workers++) {
        harness h;
        eye e;
        harness_start(&h, workers);
        open_eye(&e, &h);
        int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        e.on_event = read_all_and_watch_on;
        have_watch(&e, fd, ACTA_FD_READABLE);
        uint64_t stop_ns = real_now_ns() + TIME_MS * UINT64_C(1000000), rounds = 0;
        for (; rounds < ROUNDS && real_now_ns() < stop_ns; rounds++) {
            assert_int_equal(write(fd, &one, sizeof one), sizeof one);
            uint64_t end_ns = real_now_ns() + UINT64_C(60000000000);
            for (uint32_t looks = 0; atomic_load(&e.events) <= rounds; looks++) {
                if (real_now_ns() > end_ns) fail_msg("round %llu: nobody came", (unsigned long long)rounds);
                if (looks > 1000) sched_yield();
            }
            for (uint32_t pause = draw(&seed, 2000); pause > 0; pause--)
                atomic_load(&e.events);
        }
        harness_stop(&h);
        assert_int_equal(e.count, rounds);
        close(fd);
    }
}

/* -- everything at once -- */

enum { CROWD = 8, STORM_ROUNDS = 3000 };

typedef struct crowd {
    harness h;
    eye eyes[CROWD];
    int ends[CROWD][2];
} crowd;

/* An event that is another file's would find nothing to read. */
static acta_next
expect_bytes(acta_self *self, eye *e, const acta_info *info)
{
    char byte;
    (void)self;

    if ((info->tag & ACTA_FD_READABLE) == 0 || e->ref.value != info->ref.value) return ACTA_NEXT;
    if ((int)info->user != e->number || read(e->number, &byte, 1) != 1) e->count++;
    return ACTA_NEXT;
}

static void
watch_if_not_yet(acta_self *self, eye *e)
{
    acta_unwatch_fd(self, e->ref);
    watch(self, e);
}

/* What a careless owner does: closes the file, opens another, and forgets the watch. */
static void
close_and_open(acta_self *self, eye *e)
{
    crowd *c = (crowd *)(void *)((char *)e->h - offsetof(crowd, h));
    int *ends = c->ends[e->other];
    (void)self;

    e->ref = (acta_ref){ 0 };
    close_both(ends);
    make_pipe(ends);
    e->number = ends[0];
}

static void
files_close_and_open_under_their_watches(void **state)
{
    uint64_t seed = test_seed();
    crowd *c = calloc(1, sizeof *c);
    (void)state;

    harness_start(&c->h, 3);
    for (int i = 0; i < CROWD; i++) {
        open_eye(&c->eyes[i], &c->h);
        c->eyes[i].on_event = expect_bytes;
        c->eyes[i].other = i;
        make_pipe(c->ends[i]);
        c->eyes[i].number = c->ends[i][0];
        c->eyes[i].interest = ACTA_FD_READABLE;
    }
    for (int round = 0; round < STORM_ROUNDS; round++) {
        eye *e = &c->eyes[draw(&seed, CROWD)];
        switch (draw(&seed, 5)) {
        case 0:
            tell(e, close_and_open);
            break;
        case 1:
            tell(e, unwatch);
            break;
        case 2:
        case 3:
            tell(e, watch_if_not_yet);
            assert_int_equal(e->status, ACTA_OK);
            break;
        default:
            if (write(c->ends[e->other][1], "x", 1) < 0) assert_int_equal(errno, EAGAIN);
        }
    }
    let_the_poller_pass(&c->h);
    uint64_t events = 0;
    for (int i = 0; i < CROWD; i++) {
        tell(&c->eyes[i], unwatch);
        assert_int_equal(c->eyes[i].count, 0);
        events += atomic_load(&c->eyes[i].events);
    }
    assert_true(events > 0);
    harness_stop(&c->h);
    for (int i = 0; i < CROWD; i++)
        close_both(c->ends[i]);
    free(c);
}

/* SCH-11: there is no poller without a watch, and it doesn't wake without an event. */
static void
a_poller_without_events_does_not_wake(void **state)
{
    harness h;
    eye e;
    int ends[2];
    (void)state;

    harness_start(&h, 1);
    open_eye(&e, &h);
    assert_int_equal(await_quiet("acta-fds"), 0);
    make_pipe(ends);
    have_watch(&e, ends[0], ACTA_FD_READABLE);
    let_the_poller_pass(&h);
    assert_int_equal(await_quiet("acta-fds"), 1);
    harness_stop(&h);
    close_both(ends);
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
        cmocka_unit_test(no_event_is_lost_while_workers_park),
        cmocka_unit_test(files_close_and_open_under_their_watches),
        cmocka_unit_test(a_poller_without_events_does_not_wake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
