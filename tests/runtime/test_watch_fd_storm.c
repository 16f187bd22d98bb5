/*
 * Watched files under load: no event is lost while workers fall asleep, none is another file's while files close and
 * open under their watches, and nobody wakes without one.
 */
#include "eye.h"

#include <errno.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

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
            tell_eye(e, close_and_open);
            break;
        case 1:
            tell_eye(e, unwatch);
            break;
        case 2:
        case 3:
            tell_eye(e, watch_if_not_yet);
            assert_int_equal(e->status, ACTA_OK);
            break;
        default:
            if (write(c->ends[e->other][1], "x", 1) < 0) assert_int_equal(errno, EAGAIN);
        }
    }
    let_the_poller_pass(&c->h);
    uint64_t events = 0;
    for (int i = 0; i < CROWD; i++) {
        tell_eye(&c->eyes[i], unwatch);
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
        cmocka_unit_test(no_event_is_lost_while_workers_park),
        cmocka_unit_test(files_close_and_open_under_their_watches),
        cmocka_unit_test(a_poller_without_events_does_not_wake),
    };
    return cmocka_run_group_tests_name("watch_fd_storm", tests, NULL, NULL);
}
