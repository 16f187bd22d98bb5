/*
 * Timers that come again, timers by the clock, and crowds of timers on one tick.
 */
#include "harness.h"

enum { TICK = 1, STOP, SLOW };
enum { MS = 1000000 };

typedef struct beat {
    harness *h;
    uint32_t period_ms;
    acta_status armed;
    acta_ref ref;
    uint64_t first_ns;
    uint64_t at_ns[256];
    uint32_t missed[256];
    uint32_t count, stop_after;
    bool cancelled;
    uint64_t slow_ms; /* the clock goes on by so much in the handler of a SLOW cast */
} beat;

static acta_next
begin_to_beat(acta_self *self, void *user, acta_message *message)
{
    beat *b = user;

    if (message->tag == STOP) {
        b->cancelled = acta_cancel_timer(self, b->ref);
        return ACTA_NEXT;
    }
    if (message->tag == SLOW) {
        atomic_fetch_add(&b->h->now_ns, b->slow_ms * MS);
        return ACTA_NEXT;
    }
    b->first_ns = acta_runtime_now_ns(acta_self_runtime(self));
    b->armed = acta_send_interval(self, b->period_ms, TICK, 99, &b->ref);
    return ACTA_NEXT;
}

static acta_next
note_beat(acta_self *self, void *user, const acta_info *info)
{
    beat *b = user;

    assert_int_equal(info->kind, ACTA_INFO_TIMER);
    assert_int_equal(info->tag, TICK);
    assert_int_equal(info->user, 99);
    assert_true(acta_ref_equal(info->ref, b->ref));
    b->missed[b->count] = info->missed;
    b->at_ns[b->count++] = acta_runtime_now_ns(acta_self_runtime(self));
    if (b->count == b->stop_after) b->cancelled = acta_cancel_timer(self, info->ref);
    return ACTA_NEXT;
}

static acta_pid
start(harness *h, beat *b, uint32_t period_ms, script *s)
{
    *b = (beat){ .h = h, .period_ms = period_ms };
    *s = (script){ .cast = begin_to_beat, .info = note_beat, .user = b };
    harness_start(h, 0);
    acta_pid pid = spawn(h, s);
    send_tag(h, pid, TICK);
    harness_run(h);
    return pid;
}

/* GS-27: the k-th beat comes at k periods from the first, whatever the clock's odd nanoseconds are. */
static void
an_interval_does_not_drift(void **state)
{
    (void)state;
    static const uint32_t periods[] = { 1, 7, 10, 64, 1000 };

    for (size_t p = 0; p < sizeof periods / sizeof periods[0]; p++) {
        harness h;
        beat b;
        script s;

        start(&h, &b, periods[p], &s);
        atomic_fetch_add(&h.now_ns, 333333);
        harness_advance(&h, periods[p] * UINT64_C(100));
        assert_in_range(b.count, 99, 100);
        for (uint32_t k = 0; k < b.count; k++) {
            uint64_t due_ns = b.first_ns + (k + 1) * (uint64_t)periods[p] * MS;
            assert_true(b.at_ns[k] >= due_ns);
            assert_true(b.at_ns[k] < due_ns + MS);
            assert_int_equal(b.missed[k], 0);
        }
        harness_stop(&h);
    }
}

/* GS-27: one that comes late tells how many are lost, and the next is on the grid again. */
static void
an_interval_counts_what_it_missed_and_keeps_its_grid(void **state)
{
    (void)state;
    harness h;
    beat b;
    script s;

    acta_pid pid = start(&h, &b, 10, &s);
    harness_advance(&h, 25);
    assert_int_equal(b.count, 2);
    b.slow_ms = 38; /* from 25 to 63: 30, 40, 50 and 60 go by */
    send_tag(&h, pid, SLOW);
    harness_run(&h);
    harness_run(&h);
    assert_int_equal(b.count, 3);
    assert_int_equal(b.missed[2], 3);
    harness_advance(&h, 6);
    assert_int_equal(b.count, 3);
    harness_advance(&h, 1);
    assert_int_equal(b.count, 4);
    assert_int_equal(b.missed[3], 0);
    assert_int_equal(b.at_ns[3], b.first_ns + 70 * (uint64_t)MS);
    harness_stop(&h);
}

/* GS-27: after a cancel nothing comes, from inside its own handler too; it ends with its actor. */
static void
an_interval_ends_when_it_is_cancelled_or_its_actor_ends(void **state)
{
    (void)state;
    harness h;
    beat b;
    script s;

    acta_pid pid = start(&h, &b, 10, &s);
    b.stop_after = 3;
    harness_advance(&h, 500);
    assert_int_equal(b.count, 3);
    assert_true(b.cancelled);

    b.stop_after = 0;
    send_tag(&h, pid, TICK);
    harness_advance(&h, 15);
    assert_int_equal(b.count, 4);
    atomic_fetch_add(&h.now_ns, 20 * MS); /* it fires, and the cancel is behind it: too late, and nothing comes */
    send_tag(&h, pid, STOP);
    harness_run(&h);
    harness_advance(&h, 500);
    assert_in_range(b.count, 4, 5);
    uint32_t count = b.count;

    send_tag(&h, pid, TICK);
    harness_advance(&h, 15);
    assert_int_equal(b.count, count + 1);
    assert_int_equal(acta_stop(h.runtime, pid, NULL, 1000, NULL), ACTA_OK);
    harness_advance(&h, 500);
    assert_int_equal(b.count, count + 1);
    assert_true(acta_runtime_next_timer_ns(h.runtime) == UINT64_MAX);
    harness_stop(&h);

    start(&h, &b, 0, &s);
    assert_int_equal(b.armed, ACTA_INVALID);
    harness_stop(&h);
}

/* -- by the clock -- */

typedef struct appointment {
    uint64_t at_ns[16];
    uint64_t came_ns[16];
    uint32_t count;
    acta_ref refs[16];
} appointment;

static void
make_appointments(acta_self *self, void *user)
{
    appointment *a = user;

    for (uint32_t i = 0; i < a->count; i++)
        assert_int_equal(acta_send_at(self, a->at_ns[i], TICK, i, &a->refs[i]), ACTA_OK);
}

static acta_next
make_them(acta_self *self, void *user, acta_message *message)
{
    appointment *a = user;

    if (message->tag == TICK) make_appointments(self, a);
    if (message->tag == STOP) {
        for (uint32_t i = 0; i < a->count; i++) {
            bool in_time = acta_cancel_timer(self, a->refs[i]);
            assert_int_equal(in_time, a->came_ns[i] == 0);
        }
    }
    return ACTA_NEXT;
}

static acta_next
keep_them(acta_self *self, void *user, const acta_info *info)
{
    appointment *a = user;

    a->came_ns[info->user] = acta_runtime_now_ns(acta_self_runtime(self));
    return ACTA_NEXT;
}

/* GS-28: now, the past, one tick, the wheel's edges, 49 days, 2^63-1 ns, the end of time: in order, none early. */
static void
a_timer_by_the_clock_comes_at_its_time_however_far(void **state)
{
    (void)state;
    static const uint64_t ticks[] = { 0, 1, 63, 64, 65, 4095, 4096, 4097, 262143, 262144, UINT64_C(4294967295) };
    harness h;
    appointment a = { .count = 14 };
    script s = { .cast = make_them, .info = keep_them, .user = &a };

    harness_start(&h, 0);
    uint64_t now_ns = acta_runtime_now_ns(h.runtime);
    for (int i = 0; i < 11; i++)
        a.at_ns[i] = now_ns + ticks[i] * MS;
    a.at_ns[11] = 1; /* long ago */
    a.at_ns[12] = INT64_MAX;
    a.at_ns[13] = UINT64_MAX;
    acta_pid pid = spawn(&h, &s);
    send_tag(&h, pid, TICK);
    harness_advance(&h, UINT64_C(4294967295) + 1);
    for (int i = 0; i < 12; i++) {
        uint64_t due_ns = a.at_ns[i] > now_ns ? a.at_ns[i] : now_ns;
        assert_true(a.came_ns[i] >= due_ns);
        assert_true(a.came_ns[i] <= due_ns + MS);
    }
    assert_int_equal(a.came_ns[12], 0);
    atomic_store(&h.now_ns, INT64_MAX - 1);
    harness_run(&h);
    assert_int_equal(a.came_ns[12], 0);
    atomic_store(&h.now_ns, (uint64_t)INT64_MAX + MS);
    harness_run(&h);
    assert_true(a.came_ns[12] != 0);
    assert_int_equal(a.came_ns[13], 0);
    send_tag(&h, pid, STOP);
    harness_run(&h);
    harness_stop(&h);
}

/* -- a crowd -- */

enum { CROWD = HARNESS_SANITIZED ? 50000 : 1000000 };

typedef struct crowd {
    uint64_t at_ns, early;
    _Atomic uint64_t came;
    acta_status status;
} crowd;

static acta_next
gather(acta_self *self, void *user, acta_message *message)
{
    crowd *c = user;
    acta_ref ref;

    (void)message;
    for (int i = 0; i < CROWD && c->status == ACTA_OK; i++)
        c->status = acta_send_at(self, c->at_ns, TICK, 0, &ref);
    return ACTA_NEXT;
}

static acta_next
come(acta_self *self, void *user, const acta_info *info)
{
    crowd *c = user;

    (void)info;
    if (acta_runtime_now_ns(acta_self_runtime(self)) < c->at_ns) c->early++;
    atomic_fetch_add(&c->came, 1);
    return ACTA_NEXT;
}

/* GS-28: a million on one tick: all come, none early; between two steps of the runtime others have their turns. */
static void
a_crowd_on_one_tick_lets_others_through(void **state)
{
    (void)state;
    harness h;
    crowd c = { .status = ACTA_OK };
    script s = { .cast = gather, .info = come, .user = &c }, other = { .user = NULL };

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &s), quiet = spawn(&h, &other);
    c.at_ns = acta_runtime_now_ns(h.runtime) + 70 * (uint64_t)MS; /* on a higher level, so that it also goes down */
    send_tag(&h, pid, TICK);
    harness_run(&h);
    assert_int_equal(c.status, ACTA_OK);
    atomic_store(&h.now_ns, c.at_ns - 1);
    harness_run(&h);
    assert_int_equal(atomic_load(&c.came), 0);

    atomic_store(&h.now_ns, c.at_ns);
    send_tag(&h, quiet, 1);
    acta_runtime_stats before, after;
    acta_runtime_stats_read(h.runtime, &before);
    acta_runtime_step(h.runtime);
    acta_runtime_step(h.runtime);
    acta_runtime_stats_read(h.runtime, &after);
    assert_int_equal(after.handled, before.handled + 1); /* the quiet one's, with most of the crowd still to come */
    assert_true(atomic_load(&c.came) < CROWD / 2);
    harness_run(&h);
    assert_int_equal(atomic_load(&c.came), CROWD);
    assert_int_equal(c.early, 0);
    harness_stop(&h);
}

/* GS-28: the same on two workers, and by the real clock; a call in the middle of it is answered. */
static void
a_crowd_on_threads_is_told_once_each(void **state)
{
    (void)state;
    harness h;
    crowd c = { .status = ACTA_OK };
    script s = { .cast = gather, .info = come, .user = &c }, other = { .user = NULL };

    harness_start(&h, 2);
    acta_pid pid = spawn(&h, &s), quiet = spawn(&h, &other);
    c.at_ns = real_now_ns() + UINT64_C(100000000);
    send_tag(&h, pid, TICK);
    await_count(&h, &c.came, 1);
    assert_int_equal(call_tag(&h, quiet, 1, 20000, NULL), ACTA_OK);
    await_count(&h, &c.came, CROWD);
    assert_int_equal(c.early, 0);
    harness_stop(&h);
    assert_int_equal(atomic_load(&c.came), CROWD);
}

/* GS-28: cancelled in the middle of the tick that fires them: told or not, and what is told in time never comes. */
static acta_next
cancel_the_rest(acta_self *self, void *user, const acta_info *info)
{
    appointment *a = user;

    a->came_ns[info->user]++;
    if (a->count == 0) return ACTA_NEXT;
    for (uint32_t i = 0; i < a->count; i++) {
        if (i != info->user && acta_cancel_timer(self, a->refs[i])) a->at_ns[i] = UINT64_MAX; /* in time */
    }
    a->count = 0;
    return ACTA_NEXT;
}

static void
a_tick_can_be_cancelled_while_it_fires(void **state)
{
    (void)state;
    harness h;
    appointment a = { .count = 16 };
    script s = { .cast = make_them, .info = cancel_the_rest, .user = &a };

    harness_start(&h, 0);
    for (int i = 0; i < 16; i++)
        a.at_ns[i] = acta_runtime_now_ns(h.runtime) + 5 * (uint64_t)MS;
    send_tag(&h, spawn(&h, &s), TICK);
    harness_advance(&h, 100);
    uint64_t told = 0;
    for (int i = 0; i < 16; i++) {
        told += a.came_ns[i];
        if (a.at_ns[i] == UINT64_MAX) assert_int_equal(a.came_ns[i], 0);
    }
    assert_int_equal(told, 1);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interval_does_not_drift),
        cmocka_unit_test(an_interval_counts_what_it_missed_and_keeps_its_grid),
        cmocka_unit_test(an_interval_ends_when_it_is_cancelled_or_its_actor_ends),
        cmocka_unit_test(a_timer_by_the_clock_comes_at_its_time_however_far),
        cmocka_unit_test(a_crowd_on_one_tick_lets_others_through),
        cmocka_unit_test(a_crowd_on_threads_is_told_once_each),
        cmocka_unit_test(a_tick_can_be_cancelled_while_it_fires),
    };
    return cmocka_run_group_tests_name("interval", tests, NULL, NULL);
}
