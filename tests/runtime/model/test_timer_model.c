/*
 * Timers against those who cancel, set again and forget them, and calls against their deadlines, in every order: a
 * timer is either cancelled or in the mailbox, one that is set is never lost, and a call is completed once.
 */
#include "cases.h"

#include "call.c"

static struct {
    acta_runtime runtime;
    acti_slots slots; /* the actor is the first of them */
    acti_idle idle;
    acta_ref ref;
    acti_call *call;
    acta_from from;
    uint32_t done_count, timeout_count;
    bool in_time;
} m;

enum { MS = 1000000 };
static const uint64_t start_ns = UINT64_C(1000) * MS;

static uint64_t
clock_start(void *user)
{
    (void)user;
    return start_ns;
}

static void *
arena_alloc(void *user, size_t size)
{
    (void)user;
    return model_alloc(size);
}

static void
arena_free(void *user, void *block, size_t size)
{
    (void)user;
    model_free(block, size);
}

/* The actor is owned by the thread "owner" from the start: nobody schedules it. */
static void
begin_wheel(void)
{
    memset(&m, 0, sizeof m);
    m.runtime.environment.clock = (acta_clock){ .monotonic_ns = clock_start };
    m.runtime.environment.allocator = (acta_allocator){ arena_alloc, arena_free, NULL };
    acti_wheel_init(&m.runtime);
    acti_table_init(&m.runtime.calls, sizeof(acti_call), 1000);
    acti_mailbox_init(&m.slots.actors[0]);
    acti_mailbox_try_claim(&m.slots.actors[0]);
    m.slots.actors[0].runtime = &m.runtime;
    m.slots.actors[0].generation = 1;
    m.slots.sides[0].idle = &m.idle;
    m.idle.actor = &m.slots.actors[0];
    m.idle.idle_node.generation = 1;
    acti_timer_init(&m.idle.idle_timer, ACTI_TIMER_IDLE);
}

static void
turn_wheel(void *argument)
{
    acti_wheel_run(&m.runtime, start_ns + (uintptr_t)argument * MS);
}

static acti_node *
receive(void)
{
    return acti_mailbox_pop(NULL, &m.slots.actors[0]);
}

/* -- acta_send_after, acta_cancel_timer -- */

static void
cancel(void *argument)
{
    (void)argument;
    m.in_time = acta_cancel_timer(&m.slots.actors[0], m.ref);
}

static void
an_alarm_is_cancelled(void)
{
    begin_wheel();
    acta_send_after(&m.slots.actors[0], 5, 0, 0, &m.ref);
    acti_alarms_put(&m.slots.actors[0]); /* its turn has ended */
    model_thread("owner", cancel, NULL, false);
    model_thread("wheel", turn_wheel, (void *)6, false);
}

static void
an_alarm_is_cancelled_with_two_wheels(void)
{
    an_alarm_is_cancelled();
    model_thread("wheel 2", turn_wheel, (void *)7, false);
}

static void
it_was_in_time_or_is_in_the_mailbox(void)
{
    acti_node *node = receive();

    MODEL_CHECK(m.in_time == (node == NULL));
    if (node != NULL) MODEL_CHECK(node->kind == ACTI_TIMER && receive() == NULL);
}

/* GS-19: cancel says whether it was in time, and means it. */
static void
a_cancelled_timer_never_comes_and_another_always(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){ .name = "timer: cancel against fire",
        .begin = an_alarm_is_cancelled,
        .end = it_was_in_time_or_is_in_the_mailbox });
    expect_no_failure(&(model_case){ .name = "timer: cancel against fire, by 2 workers",
        .begin = an_alarm_is_cancelled_with_two_wheels,
        .end = it_was_in_time_or_is_in_the_mailbox });
}

/* -- lazy timers -- */

static void
set_to(void *argument)
{
    acti_timer_set(&m.runtime, &m.idle.idle_timer, start_ns + (uintptr_t)argument * MS);
}

static void
set_twice(void *argument)
{
    (void)argument;
    set_to((void *)20);
    set_to((void *)10);
}

static void
an_idle_timer_is_set_later(void)
{
    begin_wheel();
    set_to((void *)5);
    model_thread("owner", set_to, (void *)10, false);
    model_thread("wheel", turn_wheel, (void *)6, false);
}

static void
an_idle_timer_is_set_later_then_sooner(void)
{
    begin_wheel();
    set_to((void *)5);
    model_thread("owner", set_twice, NULL, false);
    model_thread("wheel", turn_wheel, (void *)6, false);
    model_thread("wheel 2", turn_wheel, (void *)7, false);
}

/* In the wheel by its deadline, whether or not the earlier time has come. */
static void
it_is_in_the_wheel(void)
{
    acti_timer *timer = &m.idle.idle_timer;

    MODEL_CHECK(timer->item.is_in);
    MODEL_CHECK(atomic_load(&timer->deadline_ns) == start_ns + 10 * MS);
    MODEL_CHECK(atomic_load(&timer->armed_ns) != 0 && atomic_load(&timer->armed_ns) <= start_ns + 10 * MS);
    MODEL_CHECK(atomic_load(&m.runtime.wheel.next_ns) <= start_ns + 10 * MS);
}

static void
a_timer_that_is_set_again_is_not_lost(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){
        .name = "timer: set later against fire", .begin = an_idle_timer_is_set_later, .end = it_is_in_the_wheel });
    expect_no_failure(&(model_case){ .name = "timer: set later, sooner, against 2 wheels",
        .begin = an_idle_timer_is_set_later_then_sooner,
        .end = it_is_in_the_wheel });
}

static void
set_and_receive(void *argument)
{
    (void)argument;
    set_to((void *)10);
    for (acti_node *node; (node = receive()) != NULL;) {
        acti_mailbox_detach(&m.slots.actors[0]);
        acti_idle_receive(&m.slots.actors[0]);
    }
}

static void
turn_twice(void *argument)
{
    (void)argument;
    turn_wheel((void *)6);
    turn_wheel((void *)60);
}

static void
an_idle_actor_is_late_for_its_turn(void)
{
    begin_wheel();
    set_to((void *)5);
    model_thread("owner", set_and_receive, NULL, false);
    model_thread("wheel", turn_twice, NULL, false);
}

static void
the_mailbox_has_an_end(void)
{
    uint32_t count = 0;

    while (count < 3 && receive() != NULL)
        count++;
    MODEL_CHECK(count < 2);
    MODEL_CHECK(atomic_load(&m.slots.actors[0].last) == (uintptr_t)m.slots.actors[0].first);
}

/* Its node is part of the actor: in the mailbox, it mustn't be pushed again when the next time comes. */
static void
an_idle_time_that_waits_in_the_mailbox_does_not_come_again(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){ .name = "timer: an actor late for its turn",
        .begin = an_idle_actor_is_late_for_its_turn,
        .end = the_mailbox_has_an_end });
}

static void
forget_and_receive(void *argument)
{
    (void)argument;
    acti_timer_forget(&m.runtime, &m.idle.idle_timer);
    while (receive() != NULL) {}
}

static void
an_idle_timer_is_forgotten(void)
{
    begin_wheel();
    set_to((void *)5);
    model_thread("owner", forget_and_receive, NULL, false);
    model_thread("wheel", turn_wheel, (void *)6, false);
}

static void
it_is_gone(void)
{
    MODEL_CHECK(!m.idle.idle_timer.item.is_in);
    MODEL_CHECK(receive() == NULL);
}

static void
a_forgotten_timer_is_not_on_its_way(void **state)
{
    (void)state;
    expect_no_failure(
        &(model_case){ .name = "timer: forget against fire", .begin = an_idle_timer_is_forgotten, .end = it_is_gone });
}

/* -- calls -- */

static void
count_done(void *user, acta_status status, const acta_message *reply, const acta_error *error)
{
    (void)user;
    (void)reply;
    (void)error;
    m.done_count++;
    if (status == ACTA_TIMEOUT) m.timeout_count++;
}

static void
begin_call(uint64_t deadline_ns)
{
    m.call = acti_call_begin(&m.runtime, ACTI_CALL_DONE, &m.from);
    m.call->done = count_done;
    acti_timer_set(&m.runtime, &m.call->timer, deadline_ns);
}

static void
answer(void *argument)
{
    (void)argument;
    acti_call_complete((acti_call *)(uintptr_t)m.from.a, m.from.b, ACTA_OK, NULL, NULL);
}

static void
a_call_at_its_deadline(void)
{
    begin_wheel();
    begin_call(start_ns + 5 * MS);
    model_thread("server", answer, NULL, false);
    model_thread("wheel", turn_wheel, (void *)6, false);
}

static void
done_once(void)
{
    MODEL_CHECK(m.done_count == 1);
    MODEL_CHECK((atomic_load(&m.call->state) & 3) == ACTI_CALL_FREE);
}

/* GS-04: a reply that comes exactly at the deadline. */
static void
a_call_is_completed_once(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){
        .name = "call: an answer against the deadline", .begin = a_call_at_its_deadline, .end = done_once });
}

static void
call_again(void *argument)
{
    (void)argument;
    begin_call(start_ns + 100 * MS);
}

static void
a_record_is_used_again(void)
{
    begin_wheel();
    begin_call(start_ns + 5 * MS);
    answer(NULL); /* the wheel has the record still */
    m.done_count = 0;
    model_thread("asker", call_again, NULL, false);
    model_thread("wheel", turn_wheel, (void *)6, false);
}

static void
the_second_call_is_pending_and_timed(void)
{
    MODEL_CHECK(m.done_count == 0);
    MODEL_CHECK((atomic_load(&m.call->state) & 3) == ACTI_CALL_PENDING);
    MODEL_CHECK(m.call->timer.item.is_in);
}

static void
a_deadline_of_the_past_does_not_end_the_next_call(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){ .name = "call: a record's earlier deadline",
        .begin = a_record_is_used_again,
        .end = the_second_call_is_pending_and_timed });
}

static void
wait_with_it(void *argument)
{
    (void)argument;
    m.call = acti_call_begin(&m.runtime, ACTI_CALL_WAIT, &m.from);
}

static void
a_record_is_used_by_one_who_waits(void)
{
    begin_wheel();
    begin_call(start_ns + 5 * MS);
    answer(NULL); /* as above */
    model_thread("asker", wait_with_it, NULL, false);
    model_thread("wheel", turn_wheel, (void *)6, false);
}

static void
the_one_who_waits_is_not_answered(void)
{
    MODEL_CHECK((atomic_load(&m.call->state) & 3) == ACTI_CALL_PENDING);
    MODEL_CHECK(atomic_load(&m.call->signal) == 0);
}

static void
a_deadline_of_the_past_does_not_end_a_wait(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){ .name = "call: an earlier deadline of a waiter's record",
        .begin = a_record_is_used_by_one_who_waits,
        .end = the_one_who_waits_is_not_answered });
}

/* -- planted -- */

static void
planted_wait_that_shows_an_old_deadline_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a waiter's record without a release",
        .begin = a_record_is_used_by_one_who_waits,
        .end = the_one_who_waits_is_not_answered,
        .plant = { "acti_call_begin", "state", MODEL_PLANT_RELAX } });
}

static void
planted_set_that_misses_a_wheel_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a wheel that disarms without an order",
        .begin = an_idle_timer_is_set_later,
        .end = it_is_in_the_wheel,
        .plant = { "real_deadline", "armed_ns", MODEL_PLANT_RELAX } });
}

static void
planted_push_of_what_is_queued_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: an idle time that is queued comes again",
        .begin = an_idle_actor_is_late_for_its_turn,
        .end = the_mailbox_has_an_end,
        .plant = { "acti_push_idle", "idle_queued", MODEL_PLANT_SKIP } });
}

static void
planted_cancel_that_misses_a_fired_timer_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a call taken without a compare",
        .begin = a_call_at_its_deadline,
        .end = done_once,
        .plant = { "take", "state", MODEL_PLANT_BLIND } });
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cancelled_timer_never_comes_and_another_always),
        cmocka_unit_test(a_timer_that_is_set_again_is_not_lost),
        cmocka_unit_test(an_idle_time_that_waits_in_the_mailbox_does_not_come_again),
        cmocka_unit_test(a_forgotten_timer_is_not_on_its_way),
        cmocka_unit_test(a_call_is_completed_once),
        cmocka_unit_test(a_deadline_of_the_past_does_not_end_the_next_call),
        cmocka_unit_test(a_deadline_of_the_past_does_not_end_a_wait),
        cmocka_unit_test(planted_wait_that_shows_an_old_deadline_is_found),
        cmocka_unit_test(planted_set_that_misses_a_wheel_is_found),
        cmocka_unit_test(planted_push_of_what_is_queued_is_found),
        cmocka_unit_test(planted_cancel_that_misses_a_fired_timer_is_found),
    };
    return cmocka_run_group_tests_name("timer_model", tests, NULL, NULL);
}
