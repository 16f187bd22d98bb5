/*
 * Bundles, in every order: what a worker keeps back for a busy receiver comes once, before what it sends later, though
 * another thread may push it and the receiver may become idle meanwhile. Whoever makes the receiver ready runs it.
 */
#include "cases.h"

#include "bundle.h"
#include "run_queue.h"

enum { MESSAGE_MAX = 4 };

static struct {
    acta_runtime runtime;
    acti_worker worker;
    acti_actor receiver;
    acti_message messages[MESSAGE_MAX];
    uint32_t bundled;    /* so many are kept back before one is sent directly */
    uint32_t count;      /* with that one */
    uint32_t handled[1]; /* plain: two owners at once would be a race, which the model reports */
} m;

/* As acti_turn does it; the memory of the messages stays ours. */
static void
own(acti_actor *actor)
{
    acti_node *node;

    if (actor == NULL) return;
    for (;;) {
        while ((node = acti_mailbox_pop(NULL, actor)) != NULL) {
            MODEL_CHECK(acti_message_at(node)->body.tag == m.handled[0]);
            m.handled[0]++;
            actor->handled_load += ACTI_CHARGE;
        }
        acti_mailbox_settle(actor);
        if (acti_mailbox_has_more(actor)) continue;
        if (acti_mailbox_try_idle(NULL, actor)) return;
        while (!acti_mailbox_has_more(actor))
            acti_pause();
    }
}

static void
send_in_a_row(void *argument)
{
    (void)argument;
    for (uint32_t i = 0; i < m.count; i++)
        m.messages[i].body.tag = i; /* the content, that a push publishes */
    for (uint32_t i = 0; i < m.bundled; i++) {
        bool added = acti_bundle_add(&m.worker, &m.receiver, &m.messages[i].node);
        MODEL_CHECK(added);
    }
    if (!acti_bundle_is_empty(&m.worker)) acti_bundle_flush(&m.worker);
    own(acti_lifo_take(&m.worker));
    for (uint32_t i = m.bundled; i < m.count; i++)
        if (acti_mailbox_send(&m.receiver, &m.messages[i].node, ACTI_WEIGHT_MIN) == ACTI_READY) own(&m.receiver);
}

static void
take_the_bundle(void *argument)
{
    (void)argument;
    own(acti_bundle_steal(&m.worker));
}

static void
receive(void *argument)
{
    (void)argument;
    own(&m.receiver);
}

static void
begin(uint32_t bundled, uint32_t count)
{
    memset(&m, 0, sizeof m);
    m.bundled = bundled;
    m.count = count;
    m.runtime.worker_count = m.runtime.worker_max = 1;
    m.worker.context.runtime = &m.runtime;
    m.worker.context.worker = &m.worker;
    acti_mailbox_init(&m.receiver);
    m.receiver.runtime = &m.runtime;
    atomic_init(&m.receiver.limit, (uint64_t)1000 << 32 | 1000000);
    model_thread("worker", send_in_a_row, NULL, false);
}

/* Its owner is a thread of its own, and gives it up when it finds nothing. */
static void
make_it_busy(void)
{
    atomic_init(&m.receiver.last, (uintptr_t)&m.receiver.stub);
    atomic_init(&m.receiver.settled_load, 0);
    model_thread("receiver", receive, NULL, false);
}

static void
a_bundle_and_a_thief(void)
{
    begin(2, 3);
    model_thread("thief", take_the_bundle, NULL, false);
}

static void
a_bundle_and_a_thief_with_a_barrier(void)
{
    a_bundle_and_a_thief();
    m.runtime.has_barrier = true;
}

/* Both may find the same bundle, and one of them what the worker has put together since. */
static void
a_bundle_and_two_thieves(void)
{
    begin(1, 2);
    model_thread("thief 1", take_the_bundle, NULL, false);
    model_thread("thief 2", take_the_bundle, NULL, false);
}

static void
a_bundle_and_two_thieves_with_a_barrier(void)
{
    a_bundle_and_two_thieves();
    m.runtime.has_barrier = true;
}

static void
a_bundle_and_a_receiver(void)
{
    begin(2, 3);
    make_it_busy();
}

static void
a_bundle_a_receiver_and_a_thief(void)
{
    begin(1, 2);
    make_it_busy();
    model_thread("thief", take_the_bundle, NULL, false);
}

static void
all_came_in_order(void)
{
    MODEL_CHECK(m.handled[0] == m.count);
    MODEL_CHECK(atomic_load(&m.worker.bundle_first) == NULL);
    MODEL_CHECK(atomic_load(&m.receiver.last) == ((uintptr_t)m.receiver.first | ACTI_MAILBOX_IDLE));
    MODEL_CHECK(atomic_load(&m.receiver.sent_load) - atomic_load(&m.receiver.settled_load) == ACTI_CHARGE);
}

static void
what_is_kept_back_comes_once_and_in_order(void **state)
{
    (void)state;
    expect_no_failure(
        &(model_case){ .name = "bundle: a thief", .begin = a_bundle_and_a_thief, .end = all_came_in_order });
    expect_no_failure(&(model_case){ .name = "bundle: a thief and a barrier",
        .begin = a_bundle_and_a_thief_with_a_barrier,
        .end = all_came_in_order });
    expect_no_failure(
        &(model_case){ .name = "bundle: a receiver", .begin = a_bundle_and_a_receiver, .end = all_came_in_order });
    expect_no_failure(&(model_case){
        .name = "bundle: a receiver and a thief", .begin = a_bundle_a_receiver_and_a_thief, .end = all_came_in_order });
}

static void
what_two_thieves_find_is_pushed_by_one(void **state)
{
    (void)state;
    expect_no_failure(
        &(model_case){ .name = "bundle: 2 thieves", .begin = a_bundle_and_two_thieves, .end = all_came_in_order });
    expect_no_failure(&(model_case){ .name = "bundle: 2 thieves and a barrier",
        .begin = a_bundle_and_two_thieves_with_a_barrier,
        .end = all_came_in_order });
}

static void
planted_look_without_the_lock_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a thief that is inside at any time",
        .begin = a_bundle_and_a_thief,
        .end = all_came_in_order,
        .plant = { "acti_lifo_is_left", "lifo_held", MODEL_PLANT_SKIP } });
}

static void
planted_worker_that_does_not_wait_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a worker that comes in while a thief pushes",
        .begin = a_bundle_and_a_thief,
        .end = all_came_in_order,
        .plant = { "acti_lifo_try_enter", "lifo_wanted", MODEL_PLANT_SKIP } });
}

static void
planted_claim_without_a_compare_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: 2 thieves inside at once",
        .begin = a_bundle_and_two_thieves,
        .end = all_came_in_order,
        .plant = { "acti_lifo_claim", "lifo_wanted", MODEL_PLANT_BLIND } });
}

static void
planted_receiver_that_rests_without_a_compare_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a receiver that rests while a thief pushes",
        .begin = a_bundle_a_receiver_and_a_thief,
        .end = all_came_in_order,
        .plant = { "acti_mailbox_try_idle", "last", MODEL_PLANT_BLIND } });
}

static void
planted_bundle_that_publishes_nothing_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a bundle pushed without a release",
        .begin = a_bundle_a_receiver_and_a_thief,
        .end = all_came_in_order,
        .plant = { "acti_mailbox_push_all", "next", MODEL_PLANT_RELAX } });
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_back_comes_once_and_in_order),
        cmocka_unit_test(what_two_thieves_find_is_pushed_by_one),
        cmocka_unit_test(planted_look_without_the_lock_is_found),
        cmocka_unit_test(planted_worker_that_does_not_wait_is_found),
        cmocka_unit_test(planted_claim_without_a_compare_is_found),
        cmocka_unit_test(planted_receiver_that_rests_without_a_compare_is_found),
        cmocka_unit_test(planted_bundle_that_publishes_nothing_is_found),
    };
    return cmocka_run_group_tests_name("bundle_model", tests, NULL, NULL);
}
