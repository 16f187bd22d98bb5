/*
 * Timers: never early, in order, cancelled in time or not; idle timeouts and calls' deadlines; under a clock that the
 * test turns, against the times that were asked for.
 */
#include "harness.h"

enum { TIMER_COUNT = HARNESS_SANITIZED ? 20000 : 100000 };

typedef struct timers {
    harness *h;
    uint64_t seed;
    uint64_t due_ns[TIMER_COUNT];
    acta_ref refs[TIMER_COUNT];
    uint8_t is_set[TIMER_COUNT], has_fired[TIMER_COUNT], is_cancelled[TIMER_COUNT];
    uint64_t early, wrong, cancelled, fired, latest_ns, last_due_ns, disorders;
} timers;

static acta_next
check_fired(acta_self *self, void *user, const acta_info *info)
{
    timers *t = user;
    uint64_t now_ns = atomic_load(&t->h->now_ns);

    (void)self;
    if (info->kind != ACTA_INFO_TIMER) return ACTA_NEXT;
    uint64_t i = info->user;
    if (!acta_ref_equal(info->ref, t->refs[i]) || info->tag != (uint32_t)i % 7 || t->has_fired[i] || t->is_cancelled[i])
        t->wrong++;
    if (now_ns < t->due_ns[i]) t->early++;
    if (now_ns - t->due_ns[i] > t->latest_ns) t->latest_ns = now_ns - t->due_ns[i];
    t->has_fired[i] = 1;
    t->fired++;
    return ACTA_NEXT;
}

/* Delays of all sizes, those at the edges of the wheel's levels above all. */
static uint32_t
some_delay(uint64_t *seed)
{
    static const uint32_t edges[] = { 0, 1, 63, 64, 65, 1023, 1024, 1025, 16127, 16128, 16129, 258047, 258048, 258049,
        4128768, 4128769, 4095, 4096, 4097, 262143, 262144, 262145, 16777215, 16777216, 16777217, 4233600000u,
        4294967294u };
    switch (draw(seed, 3)) {
    case 0:
        return edges[draw(seed, sizeof edges / sizeof edges[0])];
    case 1:
        return draw(seed, 300);
    default:
        return draw(seed, 1u << draw(seed, 25));
    }
}

static acta_next
set_or_cancel(acta_self *self, void *user, acta_message *message)
{
    timers *t = user;

    (void)message;
    uint32_t i = draw(&t->seed, TIMER_COUNT);
    if (!t->is_set[i]) {
        uint32_t delay_ms = some_delay(&t->seed);
        t->is_set[i] = 1;
        t->due_ns[i] = atomic_load(&t->h->now_ns) + delay_ms * UINT64_C(1000000);
        ACTA_CHECK(self, acta_send_after(self, delay_ms, i % 7, i, &t->refs[i]) == ACTA_OK);
    } else if (draw(&t->seed, 2) == 0) {
        bool in_time = acta_cancel_timer(self, t->refs[i]);
        if (in_time == (t->has_fired[i] || t->is_cancelled[i])) t->wrong++; /* manual: it has fired iff it was seen */
        if (in_time) {
            t->is_cancelled[i] = 1;
            t->cancelled++;
        }
    }
    return ACTA_NEXT;
}

/* GS-27, GS-28: a hundred thousand, by a clock that the test turns. */
static void
random_timers_are_never_early_never_lost_and_at_most_a_tick_late(void **state)
{
    (void)state;
    harness h;
    static timers t;
    script s = { .cast = set_or_cancel, .info = check_fired, .user = &t };

    memset(&t, 0, sizeof t);
    t.h = &h;
    t.seed = 4711;
    printf("seed %llu\n", (unsigned long long)t.seed);
    harness_start(&h, 0);
    atomic_fetch_add(&h.now_ns, 123456); /* not at a tick's edge */
    acta_pid pid = spawn(&h, &s);
    for (int i = 0; i < 3 * TIMER_COUNT; i++) {
        send_tag(&h, pid, 0);
        harness_run(&h);
        if (draw(&t.seed, 4) == 0) harness_advance(&h, draw(&t.seed, 20));
        if (draw(&t.seed, 1000) == 0) harness_advance(&h, draw(&t.seed, 300000));
    }
    harness_advance(&h, UINT64_C(5000000000)); /* beyond the longest */
    uint64_t set = 0;
    for (int i = 0; i < TIMER_COUNT; i++) {
        set += t.is_set[i];
        if (t.is_set[i]) assert_true(t.has_fired[i] != t.is_cancelled[i]);
    }
    assert_int_equal(t.early, 0);
    assert_int_equal(t.wrong, 0);
    assert_int_equal(t.fired + t.cancelled, set);
    assert_true(t.fired > 5000 && t.cancelled > 300);
    assert_true(t.latest_ns <= 1000000);
    assert_true(acta_runtime_next_timer_ns(h.runtime) == UINT64_MAX);
    harness_stop(&h);
}

/* As one who sets a crowd at once: TIMER_COUNT of them, all due within 3 ticks, some seconds ahead. */
static acta_next
set_a_crowd(acta_self *self, void *user, acta_message *message)
{
    timers *t = user;

    (void)message;
    for (uint32_t i = 0; i < TIMER_COUNT; i++) {
        uint32_t delay_ms = 3000 + i % 3;
        t->is_set[i] = 1;
        t->due_ns[i] = atomic_load(&t->h->now_ns) + delay_ms * UINT64_C(1000000);
        ACTA_CHECK(self, acta_send_after(self, delay_ms, i % 7, i, &t->refs[i]) == ACTA_OK);
    }
    for (uint32_t i = 0; i < TIMER_COUNT; i += 10) /* those of this turn, in the wheel already or not yet */
        if (acta_cancel_timer(self, t->refs[i]) && !acta_cancel_timer(self, t->refs[i])) t->cancelled++;
    return ACTA_NEXT;
}

/* GS-27: more than a far slot of the wheel gives down in a tick; its clock goes a tick at a time, and by a leap. */
static void
a_crowd_that_is_due_at_once_is_not_late(void **state)
{
    (void)state;

    for (int leaps = 0; leaps < 2; leaps++) {
        harness h;
        static timers t;
        script s = { .cast = set_a_crowd, .info = check_fired, .user = &t };

        memset(&t, 0, sizeof t);
        t.h = &h;
        harness_start(&h, 0);
        acta_pid pid = spawn(&h, &s);
        send_tag(&h, pid, 0);
        harness_run(&h);
        assert_int_equal(t.cancelled, TIMER_COUNT / 10);
        for (int i = 0; i < 2990 && leaps == 0; i++)
            harness_advance(&h, 1);
        assert_int_equal(t.fired, 0);
        harness_advance(&h, 10000);
        assert_int_equal(t.fired, TIMER_COUNT - TIMER_COUNT / 10);
        assert_int_equal(t.early, 0);
        assert_true(t.latest_ns <= 1000000);
        harness_stop(&h);
    }
}

/* GS-28: time leaps far beyond many levels at once, without stops at the timers in between. */
static void
a_leap_of_the_clock_fires_all_that_it_passed(void **state)
{
    (void)state;
    harness h;
    static timers t;
    script s = { .cast = set_or_cancel, .info = check_fired, .user = &t };

    memset(&t, 0, sizeof t);
    t.h = &h;
    t.seed = 815;
    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &s);
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 300; i++)
            send_tag(&h, pid, 0);
        harness_run(&h);
        atomic_fetch_add(&h.now_ns, UINT64_C(1000000) << draw(&t.seed, 34));
        harness_run(&h);
        uint64_t now_ns = atomic_load(&h.now_ns);
        for (int i = 0; i < TIMER_COUNT; i++)
            if (t.is_set[i] && !t.is_cancelled[i] && t.due_ns[i] + 1000000 <= now_ns) assert_true(t.has_fired[i]);
    }
    assert_int_equal(t.early, 0);
    assert_int_equal(t.wrong, 0);
    harness_stop(&h);
}

/* -- with threads and the real clock -- */

typedef struct real_timers {
    uint64_t due_ns[2000];
    _Atomic uint64_t fired, early;
} real_timers;

static acta_next
check_real(acta_self *self, void *user, const acta_info *info)
{
    real_timers *t = user;
    (void)self;
    if (info->kind != ACTA_INFO_TIMER) return ACTA_NEXT;
    if (real_now_ns() < t->due_ns[info->user]) atomic_fetch_add(&t->early, 1);
    atomic_fetch_add(&t->fired, 1);
    return ACTA_NEXT;
}

static acta_next
set_real(acta_self *self, void *user, acta_message *message)
{
    real_timers *t = user;
    uint32_t delay_ms = message->tag % 97;
    t->due_ns[message->tag] = real_now_ns() + delay_ms * UINT64_C(1000000);
    acta_send_after(self, delay_ms, 0, message->tag, NULL);
    return ACTA_NEXT;
}

/* GS-27: with threads and the real clock. */
static void
no_timer_is_early_by_the_real_clock(void **state)
{
    (void)state;
    harness h;
    static real_timers t;
    script s = { .cast = set_real, .info = check_real, .user = &t };

    memset(&t, 0, sizeof t);
    harness_start(&h, 2);
    acta_pid pid = spawn(&h, &s);
    for (uint32_t i = 0; i < 2000; i++) {
        send_tag(&h, pid, i);
        if (i % 100 == 0) sleep_ms(3);
    }
    await_count(&h, &t.fired, 2000);
    assert_int_equal(atomic_load(&t.early), 0);
    harness_stop(&h);
}

/* A handler that takes long, started by a timer, on the worker that kept the time: the next timer isn't held up. */
typedef struct long_handler {
    _Atomic uint64_t second_fired, met;
} long_handler;

static acta_next
wait_for_the_second(acta_self *self, void *user, const acta_info *info)
{
    long_handler *l = user;
    (void)self;
    if (info->tag == 2) {
        atomic_store(&l->second_fired, 1);
        return ACTA_NEXT;
    }
    uint64_t end_ns = real_now_ns() + UINT64_C(60000000000);
    while (!atomic_load(&l->second_fired) && real_now_ns() < end_ns)
        sleep_ms(1);
    atomic_fetch_add(&l->met, atomic_load(&l->second_fired));
    return ACTA_NEXT;
}

static acta_next
set_by_tag(acta_self *self, void *user, acta_message *message)
{
    (void)user;
    acta_send_after(self, message->tag == 1 ? 10 : 30, message->tag, 0, NULL);
    return ACTA_NEXT;
}

static void
a_long_handler_holds_up_no_other_actor_s_timer(void **state)
{
    (void)state;
    harness h;
    static long_handler l;
    script s = { .cast = set_by_tag, .info = wait_for_the_second, .user = &l };

    atomic_store(&l.met, 0);
    harness_start(&h, 2);
    acta_pid first = spawn(&h, &s), second = spawn(&h, &s);
    for (uint64_t i = 0; i < 10; i++) {
        atomic_store(&l.second_fired, 0);
        send_tag(&h, first, 1);
        send_tag(&h, second, 2);
        await_count(&h, &l.met, i + 1);
    }
    harness_stop(&h);
}

/* -- idle timeouts -- */

typedef struct idler {
    harness *h;
    uint64_t timeouts, last_ns;
    uint32_t change_to;
} idler;

static acta_next
note_idle(acta_self *self, void *user, const acta_info *info)
{
    idler *i = user;
    (void)self;
    if (info->kind != ACTA_INFO_TIMEOUT) return ACTA_NEXT;
    i->timeouts++;
    i->last_ns = atomic_load(&i->h->now_ns);
    return ACTA_NEXT;
}

static acta_next
maybe_change(acta_self *self, void *user, acta_message *message)
{
    idler *i = user;
    if (message->tag == 1) acta_set_idle_timeout(self, i->change_to);
    return ACTA_NEXT;
}

/* GS-14: a message cancels it, its time runs from the last one. */
static void
an_idle_timeout_comes_after_the_last_message_and_not_before(void **state)
{
    (void)state;
    harness h;
    idler idle = { .h = &h };
    script s = { .cast = maybe_change, .info = note_idle, .user = &idle };
    acta_pid pid = { 0 };

    harness_start(&h, 0);
    uint64_t start_ns = atomic_load(&h.now_ns);
    assert_int_equal(
        acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &scripted_idle_50, .argument = &s }, &pid, NULL),
        ACTA_OK);
    for (int i = 0; i < 100; i++) { /* 49 ms apart: never idle */
        harness_advance(&h, 49);
        send_tag(&h, pid, 0);
    }
    harness_run(&h);
    assert_int_equal(idle.timeouts, 0);
    harness_advance(&h, 49);
    assert_int_equal(idle.timeouts, 0);
    harness_advance(&h, 1);
    assert_int_equal(idle.timeouts, 1);
    assert_int_equal(idle.last_ns, start_ns + (100 * 49 + 50) * UINT64_C(1000000));
    harness_advance(&h, 50); /* and again, as long as nothing comes */
    assert_int_equal(idle.timeouts, 2);

    idle.change_to = 10;
    send_tag(&h, pid, 1);
    harness_advance(&h, 9);
    assert_int_equal(idle.timeouts, 2);
    harness_advance(&h, 1);
    assert_int_equal(idle.timeouts, 3);
    idle.change_to = 0;
    send_tag(&h, pid, 1);
    harness_advance(&h, 10000);
    assert_int_equal(idle.timeouts, 3);
    idle.change_to = 200;
    send_tag(&h, pid, 1);
    harness_advance(&h, 199);
    assert_int_equal(idle.timeouts, 3);
    harness_advance(&h, 1);
    assert_int_equal(idle.timeouts, 4);
    harness_stop(&h);
}

/* GS-14: actors with a pending idle timeout end and their slots are used again: no timeout reaches the next one. */
static void
an_idle_timeout_dies_with_its_actor(void **state)
{
    (void)state;
    harness h;
    idler idle = { .h = &h };
    script s = { .info = note_idle, .user = &idle };
    static const acta_exit_reason shutdown = { .kind = ACTA_EXIT_SHUTDOWN };
    acta_pid pid = { 0 };

    harness_start(&h, 0);
    for (int i = 0; i < 50; i++) {
        acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &scripted_idle_50, .argument = &s }, &pid, NULL);
        harness_advance(&h, 40);
        acta_exit(h.runtime, (acta_pid){ 0 }, pid, &shutdown);
        harness_advance(&h, 9);
        assert_true(acta_runtime_next_timer_ns(h.runtime) == UINT64_MAX);
    }
    assert_int_equal(idle.timeouts, 0);
    harness_stop(&h);
}

/* -- calls -- */

typedef struct late {
    harness *h;
    uint64_t timeouts, early, due_ns;
} late;

static acta_next
answer_never(acta_self *self, void *user, acta_from from, acta_message *message)
{
    (void)user;
    if (message->tag == 1) acta_reply(acta_self_runtime(self), from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static void
note_timeout(void *user, acta_status status, const acta_message *reply, const acta_error *error)
{
    late *l = user;
    (void)reply;
    (void)error;
    if (status != ACTA_TIMEOUT) return;
    l->timeouts++;
    if (atomic_load(&l->h->now_ns) < l->due_ns) l->early++;
}

/* Records are used again while the wheel has them for another time: a sooner and a later one. */
static void
deadlines_of_calls_hold_when_records_are_used_again(void **state)
{
    (void)state;
    harness h;
    late l = { .h = &h };
    script s = { .call = answer_never };
    uint64_t seed = 5;

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &s);
    for (uint64_t i = 0; i < 3000; i++) {
        uint32_t timeout_ms = 1 + draw(&seed, 500);
        bool answered = draw(&seed, 2) == 0;
        l.due_ns = atomic_load(&h.now_ns) + timeout_ms * UINT64_C(1000000);
        uint64_t before = l.timeouts;
        acta_call_async(
            h.runtime, pid, acta_message_create(h.runtime, answered ? 1 : 0, 0), timeout_ms, note_timeout, &l);
        harness_run(&h);
        harness_advance(&h, answered ? draw(&seed, 3) : timeout_ms - 1);
        assert_int_equal(l.timeouts, before);
        if (!answered) {
            harness_advance(&h, 1);
            assert_int_equal(l.timeouts, before + 1);
        }
    }
    assert_int_equal(l.early, 0);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_timers_are_never_early_never_lost_and_at_most_a_tick_late),
        cmocka_unit_test(a_crowd_that_is_due_at_once_is_not_late),
        cmocka_unit_test(a_leap_of_the_clock_fires_all_that_it_passed),
        cmocka_unit_test(no_timer_is_early_by_the_real_clock),
        cmocka_unit_test(a_long_handler_holds_up_no_other_actor_s_timer),
        cmocka_unit_test(an_idle_timeout_comes_after_the_last_message_and_not_before),
        cmocka_unit_test(an_idle_timeout_dies_with_its_actor),
        cmocka_unit_test(deadlines_of_calls_hold_when_records_are_used_again),
    };
    return cmocka_run_group_tests_name("timer", tests, NULL, NULL);
}
