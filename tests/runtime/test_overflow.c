/*
 * Full mailboxes: each policy does what it says and counts it, memory stays bounded, nobody waits for ever, and what is
 * let go of is a dead letter, told once with its reason.
 */
#include "harness.h"

#include <pthread.h>

#include "acta/gen_server.h"

typedef struct letters {
    _Atomic uint64_t counts[ACTA_DEAD_COUNT];
    acta_dead_letter last;
} letters;

static void
note_letter(void *user, const acta_dead_letter *letter)
{
    letters *l = user;
    l->last = *letter;
    atomic_fetch_add(&l->counts[letter->reason], 1);
}

static void
count_letter(void *user, const acta_dead_letter *letter)
{
    letters *l = user;
    atomic_fetch_add(&l->counts[letter->reason], 1);
}

static uint64_t
letter_count(letters *l, acta_dead_reason reason)
{
    return atomic_load(&l->counts[reason]);
}

static void
start(harness *h, letters *l, uint32_t log_per_second)
{
    memset(l, 0, sizeof *l);
    harness_start_with(h, (acta_runtime_config){ .manual = true, .dead_letters = { note_letter, l, log_per_second } });
}

typedef struct heard {
    uint32_t tags[64];
    uint32_t count;
} heard;

static acta_next
hear(acta_self *self, void *user, acta_message *message)
{
    heard *h = user;
    (void)self;
    h->tags[h->count++ % 64] = message->tag;
    return ACTA_NEXT;
}

static acta_pid
spawn_bounded(harness *h, const script *s, uint32_t count_max, acta_overflow overflow)
{
    acta_pid pid = { 0 };

    assert_int_equal(
        acta_spawn(h->runtime,
            &(acta_spawn_options){
                .behaviour = &scripted, .argument = s, .mailbox_count_max = count_max, .overflow = overflow },
            &pid, NULL),
        ACTA_OK);
    return pid;
}

/* SCH-05: refuse: the sender is told. */
static void
a_full_mailbox_refuses(void **state)
{
    (void)state;
    harness h;
    letters l;
    heard got = { .count = 0 };
    script s = { .cast = hear, .user = &got };
    acta_runtime_stats stats;

    start(&h, &l, 0);
    acta_pid pid = spawn_bounded(&h, &s, 3, ACTA_OVERFLOW_REFUSE);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(send_tag(&h, pid, i), i < 3 ? ACTA_OK : ACTA_BUSY);
    assert_int_equal(letter_count(&l, ACTA_DEAD_FULL), 2);
    assert_int_equal(l.last.tag, 4);
    assert_true(acta_pid_equal(l.last.to, pid));
    harness_run(&h);
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(stats.refused, 2);
    assert_int_equal(stats.shed, 0);
    assert_int_equal(got.count, 3);
    harness_stop(&h);
}

/* SCH-05: drop newest: the sender goes on, and the loss is counted. Requests are refused all the same. */
static void
a_full_mailbox_drops_the_newest(void **state)
{
    (void)state;
    harness h;
    letters l;
    heard got = { .count = 0 };
    script s = { .cast = hear, .user = &got };
    acta_runtime_stats stats;

    start(&h, &l, 0);
    acta_pid pid = spawn_bounded(&h, &s, 3, ACTA_OVERFLOW_DROP_NEWEST);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(send_tag(&h, pid, i), ACTA_OK);
    assert_int_equal(call_tag(&h, pid, 9, 10, NULL), ACTA_BUSY);
    harness_run(&h);
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(stats.shed, 2);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.dropped, 0);
    assert_int_equal(letter_count(&l, ACTA_DEAD_SHED), 2);
    assert_int_equal(got.count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(got.tags[i], i);
    harness_stop(&h);
}

/* SCH-05: drop oldest: what is handled is the end of what was sent, and at twice the bound the newest go. */
static void
a_full_mailbox_drops_the_oldest(void **state)
{
    (void)state;
    harness h;
    letters l;
    heard got = { .count = 0 };
    script s = { .cast = hear, .user = &got };
    acta_runtime_stats stats;

    start(&h, &l, 0);
    acta_pid pid = spawn_bounded(&h, &s, 3, ACTA_OVERFLOW_DROP_OLDEST);
    for (uint32_t i = 0; i < 8; i++)
        assert_int_equal(send_tag(&h, pid, i), ACTA_OK);
    harness_run(&h);
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(got.count, 3);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(got.tags[i], 3 + i); /* 0 to 2 were the oldest, 6 and 7 came at twice the bound */
    assert_int_equal(stats.shed, 5);
    assert_int_equal(stats.dropped, 3);
    assert_int_equal(letter_count(&l, ACTA_DEAD_SHED), 5);
    for (uint32_t i = 0; i < 3; i++)
        send_tag(&h, pid, 20 + i); /* no more than the bound: all are handled */
    harness_run(&h);
    assert_int_equal(got.count, 6);
    harness_stop(&h);
}

static acta_next
note_exit(acta_self *self, void *user, const acta_info *info)
{
    (void)self;
    if (info->kind == ACTA_INFO_EXIT) ++*(uint32_t *)user;
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

/* SCH-05: signals are never refused and never let go of, whatever the policy. */
static void
a_full_mailbox_takes_each_signal(void **state)
{
    (void)state;
    static const acta_exit_reason asked = { .kind = ACTA_EXIT_NORMAL };

    for (int policy = ACTA_OVERFLOW_REFUSE; policy <= ACTA_OVERFLOW_DROP_OLDEST; policy++) {
        harness h;
        letters l;
        uint32_t exits = 0;
        script s = { .init = trap, .info = note_exit, .user = &exits };
        start(&h, &l, 0);
        acta_pid pid = spawn_bounded(&h, &s, 2, (acta_overflow)policy);
        for (uint32_t i = 0; i < 10; i++) {
            send_tag(&h, pid, i);
            acta_exit(h.runtime, (acta_pid){ 0 }, pid, &asked);
        }
        harness_run(&h);
        assert_int_equal(exits, 10);
        harness_stop(&h);
    }
}

static void
a_policy_that_is_none_is_invalid(void **state)
{
    (void)state;
    harness h;
    letters l;
    script s = { .user = NULL };
    acta_pid pid;
    acta_error error;

    start(&h, &l, 0);
    assert_int_equal(acta_spawn(h.runtime,
                         &(acta_spawn_options){ .behaviour = &scripted, .argument = &s, .overflow = (acta_overflow)7 },
                         &pid, &error),
        ACTA_INVALID);
    assert_non_null(strstr(error.text, "7 is no policy"));
    harness_stop(&h);
}

/* -- waiting -- */

static acta_next
hear_slowly(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    if (message->tag % 16 == 0) sleep_ms(1);
    atomic_fetch_add((_Atomic uint64_t *)user, 1);
    return ACTA_NEXT;
}

enum { WAITER_COUNT = 4, PER_WAITER = 300 };

typedef struct waiter {
    harness *h;
    acta_pid to;
    uint64_t failed;
} waiter;

static void *
send_and_wait(void *argument)
{
    waiter *w = argument;

    for (uint32_t i = 0; i < PER_WAITER; i++) {
        acta_status status =
            acta_send_wait(w->h->runtime, w->to, acta_message_create(w->h->runtime, i, 8), ACTA_INFINITE, NULL);
        if (status != ACTA_OK) w->failed++;
    }
    return NULL;
}

/* SCH-05: block the outside thread: each waits, none for ever, nothing is refused. */
static void
outside_threads_wait_for_room(void **state)
{
    (void)state;
    harness h;
    static _Atomic uint64_t got;
    script s = { .cast = hear_slowly, .user = &got };
    waiter waiters[WAITER_COUNT];
    pthread_t threads[WAITER_COUNT];
    acta_runtime_stats stats;

    atomic_store(&got, 0);
    harness_start(&h, 2);
    acta_pid pid = spawn_bounded(&h, &s, 4, ACTA_OVERFLOW_REFUSE);
    for (int i = 0; i < WAITER_COUNT; i++) {
        waiters[i] = (waiter){ &h, pid, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, send_and_wait, &waiters[i]), 0);
    }
    for (int i = 0; i < WAITER_COUNT; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(waiters[i].failed, 0);
    }
    await_count(&h, &got, WAITER_COUNT * PER_WAITER);
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(stats.refused, 0);
    harness_stop(&h);
}

static acta_next
block(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    (void)message;
    while (atomic_load((_Atomic uint64_t *)user) == 0)
        sleep_ms(1);
    return ACTA_NEXT;
}

/* SCH-05: with a deadline: ACTA_BUSY after it, and the message destroyed. */
static void
a_wait_for_room_has_an_end(void **state)
{
    (void)state;
    harness h;
    static _Atomic uint64_t go;
    script s = { .cast = block, .user = &go };
    acta_error error;

    atomic_store(&go, 0);
    harness_start(&h, 2);
    acta_pid pid = spawn_bounded(&h, &s, 1, ACTA_OVERFLOW_REFUSE);
    assert_int_equal(send_tag(&h, pid, 0), ACTA_OK);
    while (send_tag(&h, pid, 1) == ACTA_OK) {}
    assert_int_equal(acta_send_wait(h.runtime, pid, acta_message_create(h.runtime, 2, 0), 20, &error), ACTA_BUSY);
    assert_string_equal(error.text, "cannot send: the mailbox stayed full");
    atomic_store(&go, 1);
    assert_int_equal(acta_send_wait(h.runtime, pid, acta_message_create(h.runtime, 2, 0), 20000, &error), ACTA_OK);
    assert_int_equal(
        acta_send_wait(h.runtime, (acta_pid){ 0 }, acta_message_create(h.runtime, 2, 0), 20, &error), ACTA_NOPROC);
    assert_int_equal(acta_send_wait(h.runtime, pid, NULL, 20, &error), ACTA_NO_MEMORY);
    harness_stop(&h);
}

static void
wait_inside(acta_self *self, void *user)
{
    acta_runtime *runtime = acta_self_runtime(self);
    *(acta_status *)user = acta_send_wait(runtime, acta_self_pid(self), acta_message_create(runtime, 0, 0), 10, NULL);
}

static void
an_actor_must_not_wait_for_room(void **state)
{
    (void)state;
    harness h;
    acta_status status = ACTA_OK;

    harness_start(&h, 1);
    inside(&h, wait_inside, &status);
    assert_int_equal(status, ACTA_CALLING_SELF);
    harness_stop(&h);
}

/* -- two full actors -- */

enum { TALK_COUNT = 2000, BURST = 20 };

typedef struct talker {
    acta_pid peer;
    uint64_t to_send, busy;
    acta_ref room;
    _Atomic uint64_t heard;
} talker;

static void
talk(acta_self *self, talker *t)
{
    acta_runtime *runtime = acta_self_runtime(self);

    for (int i = 0; i < BURST && t->to_send > 0 && t->room.value == 0; i++) {
        if (acta_send(runtime, t->peer, acta_message_create(runtime, 1, 0)) == ACTA_OK) {
            t->to_send--;
            continue;
        }
        t->busy++;
        if (acta_request_room(self, t->peer, ACTA_INFINITE, &t->room) != ACTA_OK) t->room.value = 0;
    }
}

static acta_next
talk_on_cast(acta_self *self, void *user, acta_message *message)
{
    talker *t = user;
    if (message->tag == 1) atomic_fetch_add(&t->heard, 1);
    talk(self, t);
    return ACTA_NEXT;
}

static acta_next
talk_on_room(acta_self *self, void *user, const acta_info *info)
{
    talker *t = user;
    if (info->kind != ACTA_INFO_REPLY || !acta_ref_equal(info->ref, t->room)) return ACTA_NEXT;
    t->room.value = 0;
    talk(self, t);
    return ACTA_NEXT;
}

/* SCH-05: suspend the sender: two actors that are full of each other's messages go on, and all of them arrive. */
static void
two_full_actors_that_send_to_each_other_do_not_deadlock(void **state)
{
    (void)state;
    harness h;
    static talker a, b;
    script sa = { .cast = talk_on_cast, .info = talk_on_room, .user = &a };
    script sb = { .cast = talk_on_cast, .info = talk_on_room, .user = &b };

    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    a.to_send = b.to_send = TALK_COUNT;
    harness_start(&h, 2);
    b.peer = spawn_bounded(&h, &sa, 5, ACTA_OVERFLOW_REFUSE);
    a.peer = spawn_bounded(&h, &sb, 5, ACTA_OVERFLOW_REFUSE);
    send_tag(&h, a.peer, 0);
    send_tag(&h, b.peer, 0);
    await_count(&h, &a.heard, TALK_COUNT);
    await_count(&h, &b.heard, TALK_COUNT);
    harness_stop(&h);
    assert_true(a.busy + b.busy > 0);
}

/* SCH-05: a flood through each policy: memory stays bounded, and nothing is unaccounted for (harness_stop). */
static void *
flood(void *argument)
{
    waiter *w = argument;
    for (uint32_t i = 0; i < 20000; i++)
        send_tag(w->h, w->to, i);
    return NULL;
}

static void
a_flood_is_bounded_and_counted(void **state)
{
    (void)state;

    for (int policy = ACTA_OVERFLOW_REFUSE; policy <= ACTA_OVERFLOW_DROP_OLDEST; policy++) {
        harness h;
        static letters l;
        static _Atomic uint64_t got;
        script s = { .cast = hear_slowly, .user = &got };
        pthread_t threads[2];
        acta_runtime_stats stats;

        atomic_store(&got, 0);
        memset(&l, 0, sizeof l);
        harness_start_with(
            &h, (acta_runtime_config){ .worker_count = 2, .dead_letters = { .tell = count_letter, .user = &l } });
        acta_pid pid = spawn_bounded(&h, &s, 50, (acta_overflow)policy);
        waiter w = { &h, pid, 0 };
        for (int i = 0; i < 2; i++)
            assert_int_equal(pthread_create(&threads[i], NULL, flood, &w), 0);
        for (int i = 0; i < 2; i++)
            pthread_join(threads[i], NULL);
        assert_true(atomic_load(&h.blocks) < 2000); /* of 40,000 */
        do {
            sleep_ms(1);
            acta_runtime_stats_read(h.runtime, &stats);
        } while (stats.handled + stats.dropped < stats.sent || atomic_load(&got) < stats.handled ||
                 letter_count(&l, ACTA_DEAD_SHED) < stats.shed); /* counted first */
        uint64_t unsent = stats.refused + stats.shed - stats.dropped;
        assert_int_equal(stats.sent + unsent, 40000);
        assert_int_equal(stats.handled, atomic_load(&got));
        assert_int_equal(letter_count(&l, ACTA_DEAD_SHED), stats.shed);
        assert_int_equal(letter_count(&l, ACTA_DEAD_FULL), stats.refused);
        harness_stop(&h);
    }
}

/* -- dead letters -- */

static void
each_dead_letter_has_its_reason(void **state)
{
    (void)state;
    harness h;
    letters l;
    heard got = { .count = 0 };
    script s = { .cast = hear, .user = &got };
    static const acta_exit_reason killed = { .kind = ACTA_EXIT_KILLED };
    acta_runtime_stats stats;

    start(&h, &l, 0);
    acta_pid pid = spawn_bounded(&h, &s, 3, ACTA_OVERFLOW_REFUSE);
    assert_int_equal(acta_send(h.runtime, (acta_pid){ 0 }, acta_message_create(h.runtime, 5, 77)), ACTA_NOPROC);
    assert_int_equal(l.last.reason, ACTA_DEAD_NOPROC);
    assert_int_equal(l.last.tag, 5);
    assert_int_equal(l.last.size, 77);
    send_tag(&h, pid, 6);
    acta_exit(h.runtime, (acta_pid){ 0 }, pid, &killed);
    harness_run(&h);
    assert_int_equal(l.last.reason, ACTA_DEAD_DROPPED);
    assert_int_equal(l.last.tag, 6);
    assert_true(acta_pid_equal(l.last.to, pid));
    assert_int_equal(send_tag(&h, pid, 7), ACTA_NOPROC);
    assert_int_equal(call_tag(&h, pid, 8, 10, NULL), ACTA_NOPROC);
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(stats.noproc, 3);
    assert_int_equal(letter_count(&l, ACTA_DEAD_NOPROC), 3);
    harness_stop(&h);
}

static void
dead_letters_are_logged_at_a_limited_rate(void **state)
{
    (void)state;
    harness h;
    letters l;

    start(&h, &l, 3);
    for (int i = 0; i < 10; i++)
        send_tag(&h, (acta_pid){ 0 }, 1);
    assert_int_equal(atomic_load(&h.log_lines), 3);
    harness_advance(&h, 1000);
    send_tag(&h, (acta_pid){ 0 }, 1); /* and a line that says how many were left out */
    assert_int_equal(atomic_load(&h.log_lines), 5);
    assert_int_equal(letter_count(&l, ACTA_DEAD_NOPROC), 11);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_mailbox_refuses),
        cmocka_unit_test(a_full_mailbox_drops_the_newest),
        cmocka_unit_test(a_full_mailbox_drops_the_oldest),
        cmocka_unit_test(a_full_mailbox_takes_each_signal),
        cmocka_unit_test(a_policy_that_is_none_is_invalid),
        cmocka_unit_test(outside_threads_wait_for_room),
        cmocka_unit_test(a_wait_for_room_has_an_end),
        cmocka_unit_test(an_actor_must_not_wait_for_room),
        cmocka_unit_test(two_full_actors_that_send_to_each_other_do_not_deadlock),
        cmocka_unit_test(a_flood_is_bounded_and_counted),
        cmocka_unit_test(each_dead_letter_has_its_reason),
        cmocka_unit_test(dead_letters_are_logged_at_a_limited_rate),
    };
    return cmocka_run_group_tests_name("overflow", tests, NULL, NULL);
}
