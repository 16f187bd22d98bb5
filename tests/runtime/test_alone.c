/*
 * Actors that end without a relation to anybody, which takes a shorter way (end.c): what there is all the same is seen
 * to. Their behaviours are bare ones, as scripted ones have more than is needed here.
 */
#include "harness.h"

enum { STOP = 1, SLEEP };

typedef struct counts {
    uint32_t released, destroyed, infos;
} counts;

static counts seen;

static acta_next
stop_at_cast(acta_self *self, void *state, acta_message *message)
{
    (void)self;
    (void)state;
    return message->tag == STOP ? ACTA_STOP : ACTA_NEXT;
}

static acta_next
stop_at_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    (void)self;
    (void)state;
    (void)from;
    (void)message;
    return ACTA_STOP;
}

static void
count_release(void *state)
{
    (void)state;
    seen.released++;
}

static void
count_destroy(acta_message *message)
{
    (void)message;
    seen.destroyed++;
}

static acta_pid
spawn_bare(harness *h, const acta_behaviour *behaviour)
{
    acta_error error;
    acta_pid pid = { 0 };

    assert_int_equal(acta_spawn(h->runtime, &(acta_spawn_options){ .behaviour = behaviour }, &pid, &error), ACTA_OK);
    return pid;
}

static void
send_destroyed(harness *h, acta_pid to, uint32_t tag)
{
    acta_message *message = acta_message_create(h->runtime, tag, 0);

    message->destroy = count_destroy;
    assert_int_equal(acta_send(h->runtime, to, message), ACTA_OK);
}

/* GS-30: the message that ends it, and those behind: each destructor once. */
static void
what_it_has_in_hand_and_in_its_mailbox_is_destroyed(void **state)
{
    static const acta_behaviour bare = { .name = "bare", .handle_cast = stop_at_cast };
    harness h;

    (void)state;
    seen = (counts){ 0 };
    harness_start(&h, 0);
    acta_pid pid = spawn_bare(&h, &bare);
    send_destroyed(&h, pid, STOP);
    for (int i = 0; i < 3; i++)
        send_destroyed(&h, pid, 0);
    harness_run(&h);
    assert_false(acta_is_alive(h.runtime, pid));
    assert_int_equal(seen.destroyed, 4);
    harness_stop(&h);
}

/* A state, small or large, is released once. */
static void
its_state_is_released(void **state)
{
    static const acta_behaviour small = {
        .name = "small", .state_size = 16, .handle_cast = stop_at_cast, .release = count_release
    };
    static const acta_behaviour large = {
        .name = "large", .state_size = 1600, .handle_cast = stop_at_cast, .release = count_release
    };
    static const acta_behaviour plain = { .name = "plain", .state_size = 1600, .handle_cast = stop_at_cast };
    const acta_behaviour *all[] = { &small, &large, &plain };
    harness h;

    (void)state;
    seen = (counts){ 0 };
    harness_start(&h, 0);
    for (int i = 0; i < 3; i++)
        send_tag(&h, spawn_bare(&h, all[i]), STOP);
    harness_run(&h);
    assert_int_equal(seen.released, 2);
    harness_stop(&h); /* and nothing is left of the three */
}

/* Who asked it, and isn't answered, is told. */
static void
the_request_that_it_had_is_answered(void **state)
{
    static const acta_behaviour bare = { .name = "bare", .handle_call = stop_at_call };
    harness h;
    acta_error error;

    (void)state;
    harness_start(&h, 0);
    acta_pid pid = spawn_bare(&h, &bare);
    assert_int_equal(call_tag(&h, pid, 7, 1000, &error), ACTA_FAILED);
    assert_non_null(strstr(error.text, "'bare' ended (normal) before it answered"));
    harness_stop(&h);
}

static acta_next
fail_without_memory(acta_self *self, void *state, acta_message *message)
{
    harness *h;

    (void)state;
    memcpy(&h, message->payload, sizeof h);
    atomic_store(&h->allocs_left, 0);
    acta_fail(self, "words that have no room");
}

/* A failure whose reason finds no memory leaves it without a relation, and with the message in its hands. */
static void
a_failure_without_words_destroys_its_message(void **state)
{
    static const acta_behaviour bare = { .name = "bare", .handle_cast = fail_without_memory };
    harness h, *handle = &h;

    (void)state;
    seen = (counts){ 0 };
    harness_start(&h, 0);
    acta_pid pid = spawn_bare(&h, &bare);
    acta_message *message = acta_message_create(h.runtime, 0, sizeof handle);
    memcpy(message->payload, &handle, sizeof handle);
    message->destroy = count_destroy;
    assert_int_equal(acta_send(h.runtime, pid, message), ACTA_OK);
    harness_run(&h);
    atomic_store(&h.allocs_left, -1);
    assert_false(acta_is_alive(h.runtime, pid));
    assert_int_equal(seen.destroyed, 1);
    harness_stop(&h);
}

static acta_next
sleep_or_stop(acta_self *self, void *state, acta_message *message)
{
    (void)state;
    if (message->tag == SLEEP) acta_set_idle_timeout(self, 50);
    return message->tag == STOP ? ACTA_STOP : ACTA_NEXT;
}

static acta_next
count_info(acta_self *self, void *state, const acta_info *info)
{
    (void)self;
    (void)state;
    if (info->kind == ACTA_INFO_TIMEOUT) seen.infos++;
    return ACTA_NEXT;
}

/* An idle time is the slot's once it is made: the next one there, which begins without, has its own. */
static void
an_idle_time_is_not_its_successors(void **state)
{
    static const acta_behaviour idler = {
        .name = "idler", .idle_timeout_ms = 50, .handle_cast = sleep_or_stop, .handle_info = count_info
    };
    static const acta_behaviour bare = { .name = "bare", .handle_cast = sleep_or_stop, .handle_info = count_info };
    harness h;

    (void)state;
    seen = (counts){ 0 };
    harness_start(&h, 0);
    acta_pid first = spawn_bare(&h, &idler);
    send_tag(&h, first, STOP);
    harness_run(&h);
    acta_pid next = spawn_bare(&h, &bare);
    assert_int_equal((uint32_t)next.value, (uint32_t)first.value); /* the same slot */
    harness_advance(&h, 200);
    assert_int_equal(seen.infos, 0);
    send_tag(&h, next, SLEEP);
    harness_advance(&h, 60);
    assert_int_equal(seen.infos, 1);
    send_tag(&h, next, STOP);
    harness_run(&h);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_has_in_hand_and_in_its_mailbox_is_destroyed),
        cmocka_unit_test(its_state_is_released),
        cmocka_unit_test(the_request_that_it_had_is_answered),
        cmocka_unit_test(a_failure_without_words_destroys_its_message),
        cmocka_unit_test(an_idle_time_is_not_its_successors),
    };
    return cmocka_run_group_tests_name("alone", tests, NULL, NULL);
}
