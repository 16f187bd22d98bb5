/*
 * Thieves beside the worker that they rob and the actor that they run, in every order: a receiver in the LIFO slot or in
 * the ring is run by one thread at a time, whoever takes it, and nothing that is sent to it meanwhile is lost, comes
 * twice, or comes out of order. Two thieves may be at it at once. Whoever gets an actor runs its turns as acti_turn does.
 *
 * And blocks that threads take out of each other's pockets: each is one thread's at a time, and none is lost.
 */
#include "cases.h"

#include "bundle.h"
#include "run_queue.h"

enum { MESSAGE_MAX = 3, THIEF_MAX = 2 };

static struct {
    acta_runtime runtime;
    acti_worker workers[1 + THIEF_MAX]; /* the robbed one first */
    acti_actor receiver;
    acti_message messages[MESSAGE_MAX];
    uint32_t count;
    uint32_t handled; /* plain: two owners at once would be a race, which the model reports */
} m;

static void
own(acti_actor *actor)
{
    acti_node *node;

    if (actor == NULL) return;
    for (;;) {
        while ((node = acti_mailbox_pop(NULL, actor)) != NULL) {
            MODEL_CHECK(acti_message_at(node)->body.tag == m.handled);
            m.handled++;
            actor->handled_load += ACTI_CHARGE;
        }
        acti_mailbox_settle(actor);
        if (acti_mailbox_has_more(actor)) continue;
        if (acti_mailbox_try_idle(NULL, actor)) return;
        while (!acti_mailbox_has_more(actor))
            acti_pause();
    }
}

static acti_pushed
send_one(uint32_t number)
{
    m.messages[number].body.tag = number; /* the content, that the push publishes */
    return acti_mailbox_send(&m.receiver, &m.messages[number].node, ACTI_WEIGHT_MIN);
}

/* As a handler that sends does, with the ways of acta_send: whom a send makes ready goes into the slot. */
static void
send_to_the_slot(void *argument)
{
    acti_worker *worker = argument;

    for (uint32_t i = 0; i < m.count; i++) {
        if (send_one(i) != ACTI_READY) continue;
        acti_actor *before = acti_lifo_put(worker, &m.receiver);
        MODEL_CHECK(before == NULL); /* an actor is ready once */
    }
    own(acti_lifo_take(worker));
}

static void
send_to_the_ring(void *argument)
{
    acti_worker *worker = argument;

    for (uint32_t i = 0; i < m.count; i++)
        if (send_one(i) == ACTI_READY) MODEL_CHECK(acti_ring_push(worker, &m.receiver));
    for (acti_actor *actor; (actor = acti_ring_pop(worker)) != NULL;)
        own(actor);
}

static void
steal_the_slot(void *argument)
{
    (void)argument;
    own(acti_lifo_steal(&m.workers[0]));
}

static void
steal_from_the_ring(void *argument)
{
    acti_worker *worker = argument;

    own(acti_ring_steal(worker, &m.workers[0]));
}

static void
begin(uint32_t thieves, void (*run)(void *argument), uint32_t count, void (*steal)(void *argument))
{
    static const char *const names[] = { "thief 1", "thief 2" };

    memset(&m, 0, sizeof m);
    m.count = count;
    m.runtime.worker_count = m.runtime.worker_max = 1 + thieves;
    for (uint32_t i = 0; i <= thieves; i++) {
        m.workers[i].context.runtime = &m.runtime;
        m.workers[i].context.worker = &m.workers[i];
    }
    acti_mailbox_init(&m.receiver);
    m.receiver.runtime = &m.runtime;
    atomic_init(&m.receiver.limit, (uint64_t)1000 << 32 | 1000000);
    model_thread("worker", run, &m.workers[0], false);
    for (uint32_t i = 0; i < thieves; i++)
        model_thread(names[i], steal, &m.workers[1 + i], false);
}

static void
a_receiver_in_the_slot_and_a_thief(void)
{
    begin(1, send_to_the_slot, 2, steal_the_slot);
}

static void
a_receiver_in_the_slot_a_thief_and_a_barrier(void)
{
    a_receiver_in_the_slot_and_a_thief();
    m.runtime.has_barrier = true;
}

static void
a_receiver_in_the_slot_and_two_thieves(void)
{
    begin(2, send_to_the_slot, 1, steal_the_slot);
}

static void
a_receiver_in_the_slot_two_thieves_and_a_barrier(void)
{
    a_receiver_in_the_slot_and_two_thieves();
    m.runtime.has_barrier = true;
}

static void
a_receiver_in_the_ring_and_a_thief(void)
{
    begin(1, send_to_the_ring, 2, steal_from_the_ring);
}

static void
a_receiver_in_the_ring_and_two_thieves(void)
{
    begin(2, send_to_the_ring, 2, steal_from_the_ring);
}

static void
all_came_in_order(void)
{
    MODEL_CHECK(m.handled == m.count);
    MODEL_CHECK(atomic_load(&m.workers[0].lifo) == NULL);
    MODEL_CHECK(atomic_load(&m.receiver.last) == ((uintptr_t)m.receiver.first | ACTI_MAILBOX_IDLE));
    MODEL_CHECK(atomic_load(&m.receiver.sent_load) - atomic_load(&m.receiver.settled_load) == ACTI_CHARGE);
}

#define CASE(title, start) (&(model_case){ .name = title, .begin = start, .end = all_came_in_order })

/* SCH-08: what the slot's worker sends to the actor that a thief runs meanwhile. */
static void
a_receiver_stolen_from_the_slot_is_run_by_one(void **state)
{
    (void)state;
    expect_no_failure(CASE("theft: the slot, a thief", a_receiver_in_the_slot_and_a_thief));
    expect_no_failure(CASE("theft: the slot, a thief, a barrier", a_receiver_in_the_slot_a_thief_and_a_barrier));
}

static void
a_receiver_in_the_slot_goes_to_one_of_two_thieves(void **state)
{
    (void)state;
    expect_no_failure(CASE("theft: the slot, 2 thieves", a_receiver_in_the_slot_and_two_thieves));
    expect_no_failure(CASE("theft: the slot, 2 thieves, a barrier", a_receiver_in_the_slot_two_thieves_and_a_barrier));
}

/* SCH-08 */
static void
a_receiver_stolen_from_the_ring_is_run_by_one(void **state)
{
    (void)state;
    expect_no_failure(CASE("theft: the ring, a thief", a_receiver_in_the_ring_and_a_thief));
    expect_no_failure(CASE("theft: the ring, 2 thieves", a_receiver_in_the_ring_and_two_thieves));
}

/* -- planted: one in each kind of case -- */

static void
expect_found(const char *name, void (*start)(void), const char *function, const char *object, model_plant_effect effect)
{
    expect_failure(
        &(model_case){ .name = name, .begin = start, .end = all_came_in_order, .plant = { function, object, effect } });
}

static void
planted_thief_that_looks_before_the_worker_has_left_is_found(void **state)
{
    (void)state;
    expect_found("planted: a thief in the slot with its worker", a_receiver_in_the_slot_and_a_thief,
        "acti_lifo_is_left", "lifo_held", MODEL_PLANT_SKIP);
}

static void
planted_slot_left_without_a_release_is_found(void **state)
{
    (void)state;
    expect_found("planted: a slot left without a release", a_receiver_in_the_slot_and_a_thief, "acti_lifo_leave",
        "lifo_held", MODEL_PLANT_RELAX);
}

static void
planted_claim_of_both_thieves_is_found(void **state)
{
    (void)state;
    expect_found("planted: 2 thieves in the slot at once", a_receiver_in_the_slot_and_two_thieves, "acti_lifo_claim",
        "lifo_wanted", MODEL_PLANT_BLIND);
}

static void
planted_theft_without_a_compare_is_found(void **state)
{
    (void)state;
    expect_found("planted: 2 thieves that don't compare", a_receiver_in_the_ring_and_two_thieves, "acti_ring_steal",
        "ring_head", MODEL_PLANT_BLIND);
}

static void
planted_ring_without_a_release_is_found(void **state)
{
    (void)state;
    expect_found("planted: a ring pushed without a release", a_receiver_in_the_ring_and_a_thief, "acti_ring_publish",
        "ring_tail", MODEL_PLANT_RELAX);
}

/* -- pockets -- */

enum { POCKET_USERS = 2 };

static struct {
    acti_pockets row;
    acti_message blocks[POCKET_USERS];
    acti_message *left_over[POCKET_USERS]; /* for whom there was no pocket */
    uint32_t numbers[POCKET_USERS];
} p;

/* As a thread does that frees a block, and needs one, and frees that. */
static void
leave_take_and_leave(void *argument)
{
    uint32_t user = *(uint32_t *)argument;

    p.blocks[user].body.tag = 1; /* plain, as all that owners do */
    if (!acti_pocket_leave(&p.row, &p.blocks[user])) p.left_over[user] = &p.blocks[user];
    acti_message *message = acti_pocket_take(&p.row);
    if (message == NULL) return;
    message->body.tag++;
    if (!acti_pocket_leave(&p.row, message)) p.left_over[user] = message;
}

static void
two_at_the_pockets(void)
{
    memset(&p, 0, sizeof p);
    for (uint32_t i = 0; i < POCKET_USERS; i++) {
        p.numbers[i] = i;
        model_thread("user", leave_take_and_leave, &p.numbers[i], false);
    }
}

static void
each_block_is_there_once(void)
{
    uint32_t found[POCKET_USERS] = { 0 }, tags = 0;

    for (int i = 0; i < ACTI_POCKETS; i++) {
        const acti_message *message = atomic_load_explicit(&p.row.blocks[i], memory_order_relaxed);
        if (message != NULL) found[message - p.blocks]++;
    }
    for (uint32_t i = 0; i < POCKET_USERS; i++) {
        MODEL_CHECK(p.left_over[i] == NULL);
        MODEL_CHECK(found[i] == 1);
        tags += p.blocks[i].body.tag;
    }
    MODEL_CHECK(
        tags >= POCKET_USERS + 1 && tags <= 2 * POCKET_USERS); /* who takes second may find the other one at it */
}

static void
a_block_in_a_pocket_is_taken_by_one(void **state)
{
    (void)state;
    expect_no_failure(
        &(model_case){ .name = "pockets: two threads", .begin = two_at_the_pockets, .end = each_block_is_there_once });
}

static void
planted_pocket_that_is_filled_twice_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a block left on top of another",
        .begin = two_at_the_pockets,
        .end = each_block_is_there_once,
        .plant = { "acti_pocket_leave", "compare", MODEL_PLANT_BLIND } });
}

static void
planted_block_left_without_a_release_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a block left without a release",
        .begin = two_at_the_pockets,
        .end = each_block_is_there_once,
        .plant = { "acti_pocket_leave", "compare", MODEL_PLANT_RELAX } });
}

static void
planted_block_taken_without_an_acquire_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a block taken without an acquire",
        .begin = two_at_the_pockets,
        .end = each_block_is_there_once,
        .plant = { "acti_pocket_take", "exchange", MODEL_PLANT_RELAX } });
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_receiver_stolen_from_the_slot_is_run_by_one),
        cmocka_unit_test(a_receiver_in_the_slot_goes_to_one_of_two_thieves),
        cmocka_unit_test(a_receiver_stolen_from_the_ring_is_run_by_one),
        cmocka_unit_test(planted_thief_that_looks_before_the_worker_has_left_is_found),
        cmocka_unit_test(planted_slot_left_without_a_release_is_found),
        cmocka_unit_test(planted_claim_of_both_thieves_is_found),
        cmocka_unit_test(planted_theft_without_a_compare_is_found),
        cmocka_unit_test(planted_ring_without_a_release_is_found),
        cmocka_unit_test(a_block_in_a_pocket_is_taken_by_one),
        cmocka_unit_test(planted_pocket_that_is_filled_twice_is_found),
        cmocka_unit_test(planted_block_left_without_a_release_is_found),
        cmocka_unit_test(planted_block_taken_without_an_acquire_is_found),
    };
    return cmocka_run_group_tests_name("theft_model", tests, NULL, NULL);
}
