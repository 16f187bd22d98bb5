/*
 * Hibernation, what goes on beside it: references that are old stay old, and messages that come as an actor falls asleep
 * wake it. What it gives back: test_gen_server.c.
 */
#include "harness.h"

/* GS-15: references from before a hibernation are never taken for later ones. */
static acta_ref first_ref;
static acta_next
old_references(acta_self *self, void *user, acta_message *message)
{
    acta_ref ref;

    (void)user;
    if (message->tag == 1) {
        assert_int_equal(acta_send_after(self, 1000, 1, 0, &first_ref), ACTA_OK);
        assert_true(acta_cancel_timer(self, first_ref));
        acta_hibernate(self);
    } else {
        assert_int_equal(acta_send_after(self, 1000, 1, 0, &ref), ACTA_OK);
        assert_false(acta_ref_equal(ref, first_ref));
        assert_false(acta_cancel_timer(self, first_ref));
        assert_true(acta_cancel_timer(self, ref));
    }
    return ACTA_NEXT;
}

static void
old_references_stay_old_through_a_hibernation(void **state)
{
    (void)state;
    harness h;
    script s = { .cast = old_references };

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &s);
    for (uint32_t i = 0; i < 20; i++) {
        send_tag(&h, pid, 1);
        harness_run(&h);
        send_tag(&h, pid, 2);
        harness_run(&h);
    }
    assert_true(acta_is_alive(h.runtime, pid));
    harness_stop(&h);
}

typedef struct sleeper {
    _Atomic uint64_t seen;
} sleeper;

static acta_next
sleep_again(acta_self *self, void *user, acta_message *message)
{
    sleeper *s = user;

    (void)message;
    atomic_fetch_add(&s->seen, 1);
    acta_hibernate(self);
    return ACTA_NEXT;
}

/* GS-15: messages that come exactly as it falls asleep. */
static void
nothing_is_lost_between_a_message_and_falling_asleep(void **state)
{
    (void)state;
    harness h;
    sleeper s = { .seen = 0 };
    script sleeping = { .cast = sleep_again, .user = &s };

    harness_start(&h, 2);
    acta_pid pid = spawn(&h, &sleeping);
    for (uint64_t i = 1; i <= 20000; i++) {
        while (send_tag(&h, pid, 1) == ACTA_BUSY)
            sleep_ms(1);
        if (i % 3 == 0) await_count(&h, &s.seen, i - 2);
    }
    await_count(&h, &s.seen, 20000);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_references_stay_old_through_a_hibernation),
        cmocka_unit_test(nothing_is_lost_between_a_message_and_falling_asleep),
    };
    return cmocka_run_group_tests_name("hibernate", tests, NULL, NULL);
}
