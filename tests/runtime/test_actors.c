/*
 * Looking at all actors of a runtime from outside: what is told of each, and that pages miss nobody who lives throughout.
 */
#include "acta/actors.h"
#include "acta/sys.h"

#include "harness.h"

enum { RESIDENTS = 100000, PASSERS = 64, PAGE = 257 };

static acta_next
nothing(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    (void)user;
    (void)message;
    return ACTA_NEXT;
}

/* The one actor of this pid, by pages of three. */
static acta_actor_info
find(harness *h, acta_pid pid)
{
    acta_actor_info infos[3], found = { .pid = { 0 } };
    uint64_t cursor = 0;
    uint32_t count;

    do {
        count = acta_actors_read(h->runtime, &cursor, infos, 3);
        for (uint32_t i = 0; i < count; i++) {
            if (!acta_pid_equal(infos[i].pid, pid)) continue;
            assert_int_equal(found.pid.value, 0);
            found = infos[i];
        }
    } while (cursor != 0);
    return found;
}

/* Each state, with what waits. */
static void
an_actor_is_told_as_it_stands(void **state)
{
    (void)state;
    harness h;
    static const script quiet = { .cast = nothing };

    harness_start(&h, 0);
    acta_pid named = spawn_named(&h, &quiet, "ledger"), other = spawn(&h, &quiet);
    harness_run(&h);
    acta_actor_info info = find(&h, named);
    assert_string_equal(info.name, "ledger");
    assert_string_equal(info.behaviour, scripted.name);
    assert_false(info.is_supervisor);
    assert_int_equal(info.state, ACTA_ACTOR_WAITING);
    assert_int_equal(info.queued_count, 0);
    assert_int_equal(info.queued_bytes, 0);
    assert_int_equal(info.queued_max, ACTA_MAILBOX_COUNT_DEFAULT);
    assert_string_equal(find(&h, other).name, "");

    for (int i = 0; i < 3; i++)
        assert_int_equal(send_tag(&h, other, 1), ACTA_OK);
    acta_actor_info before = find(&h, other);
    assert_int_equal(before.state, ACTA_ACTOR_READY);
    assert_int_equal(before.queued_count, 3);
    assert_true(before.queued_bytes > 0);
    harness_run(&h);
    info = find(&h, other);
    assert_int_equal(info.state, ACTA_ACTOR_WAITING);
    assert_int_equal(info.queued_count, 0);
    assert_int_equal((info.handled - before.handled) % (1 << ACTA_ACTOR_HANDLED_BITS), 3);

    assert_int_equal(acta_sys_suspend(h.runtime, other, 1000, NULL), ACTA_OK);
    assert_int_equal(find(&h, other).state, ACTA_ACTOR_SUSPENDED);
    assert_int_equal(send_tag(&h, other, 1), ACTA_OK);
    harness_run(&h);
    assert_int_equal(find(&h, other).queued_count, 1);
    assert_int_equal(acta_sys_resume(h.runtime, other, 1000, NULL), ACTA_OK);
    assert_int_equal(find(&h, other).state, ACTA_ACTOR_WAITING);
    assert_int_equal(find(&h, other).queued_count, 0);

    assert_int_equal(acta_stop(h.runtime, other, NULL, 1000, NULL), ACTA_OK);
    assert_int_equal(find(&h, other).pid.value, 0);
    harness_stop(&h);
}

/* The longest that a mailbox was is kept for that actor's life, and not for the next one in its slot. */
static void
a_peak_is_kept_for_a_life(void **state)
{
    (void)state;
    harness h;
    static const script quiet = { .cast = nothing };

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &quiet);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(send_tag(&h, pid, 1), ACTA_OK);
    assert_int_equal(find(&h, pid).queued_peak, 1000); /* now */
    harness_run(&h);
    assert_int_equal(find(&h, pid).queued_count, 0);
    assert_int_equal(find(&h, pid).queued_peak, 1000);
    for (int i = 0; i < 100; i++)
        assert_int_equal(send_tag(&h, pid, 1), ACTA_OK);
    harness_run(&h);
    assert_int_equal(find(&h, pid).queued_peak, 1000);

    assert_int_equal(acta_stop(h.runtime, pid, NULL, 1000, NULL), ACTA_OK);
    acta_pid next = { 0 };
    for (int i = 0; i < 10000 && (uint32_t)next.value != (uint32_t)pid.value; i++) {
        if (next.value != 0) assert_int_equal(acta_stop(h.runtime, next, NULL, 1000, NULL), ACTA_OK);
        next = spawn(&h, &quiet);
    }
    assert_int_equal((uint32_t)next.value, (uint32_t)pid.value); /* the same slot, another life */
    assert_int_equal(find(&h, next).queued_peak, 0);
    assert_int_equal(find(&h, pid).pid.value, 0);
    harness_stop(&h);
}

/* -- many, while others come and go -- */

typedef struct passing {
    script passer;
    _Atomic bool is_over;
    _Atomic uint64_t rounds;
} passing;

/* Begins another one, and ends; until it is over. */
static acta_next
pass(acta_self *self, void *user, acta_message *message)
{
    acta_runtime *runtime = acta_self_runtime(self);
    passing *p = user;
    const acta_spawn_options options = { .behaviour = &scripted, .argument = &p->passer };
    acta_pid next;

    (void)message;
    if (atomic_load(&p->is_over)) return ACTA_STOP;
    if (acta_spawn(runtime, &options, &next, NULL) != ACTA_OK ||
        acta_send(runtime, next, acta_message_create(runtime, 1, 0)) != ACTA_OK)
        acta_fail(self, "there is no next one");
    atomic_fetch_add(&p->rounds, 1);
    return ACTA_STOP;
}

static void
look_at_all(harness *h, const acta_pid *residents, uint8_t *seen, uint32_t places)
{
    static acta_actor_info infos[PAGE];
    uint64_t cursor = 0;
    uint32_t met = 0;

    memset(seen, 0, places);
    do {
        uint32_t count = acta_actors_read(h->runtime, &cursor, infos, PAGE);
        assert_true(count == PAGE || cursor == 0);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t place = (uint32_t)infos[i].pid.value;
            assert_true(place < places);
            assert_int_equal(seen[place]++, 0); /* nobody twice */
            assert_string_equal(infos[i].behaviour, scripted.name);
        }
    } while (cursor != 0);
    for (uint32_t i = 0; i < RESIDENTS; i++)
        met += seen[(uint32_t)residents[i].value] == 1;
    assert_int_equal(met, RESIDENTS);
}

static void
who_lives_throughout_is_seen_once(void **state)
{
    (void)state;
    harness h;
    passing p = { .passer = { .cast = pass, .user = &p } };
    static const script quiet = { .cast = nothing };
    enum { PLACES = 2 * RESIDENTS };
    acta_pid *residents = calloc(RESIDENTS, sizeof *residents);
    uint8_t *seen = calloc(PLACES, 1);

    assert_true(residents != NULL && seen != NULL);
    harness_start(&h, 2);
    for (uint32_t i = 0; i < RESIDENTS; i++) {
        residents[i] = spawn(&h, &quiet);
        if (i % (RESIDENTS / PASSERS) == 0) assert_int_equal(send_tag(&h, spawn(&h, &p.passer), 1), ACTA_OK);
    }
    for (int i = 0; i < 5; i++) {
        uint64_t before = atomic_load(&p.rounds);
        look_at_all(&h, residents, seen, PLACES);
        await_count(&h, &p.rounds, before + 1);
    }
    atomic_store(&p.is_over, true);
    harness_stop(&h);
    free(residents);
    free(seen);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_actor_is_told_as_it_stands),
        cmocka_unit_test(a_peak_is_kept_for_a_life),
        cmocka_unit_test(who_lives_throughout_is_seen_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
