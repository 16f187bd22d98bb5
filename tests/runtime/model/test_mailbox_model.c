/*
 * The mailbox's protocol, in every order: nothing lost, nothing twice, one owner at a time, and no sender that links
 * behind a message that is gone. Whoever is given the actor by its push runs it at once, as a caller that lends its
 * thread does, so that ownership goes from any thread to any other.
 */
#include "cases.h"

#include "internal.h"

enum { SENDER_MAX = 3, PER_SENDER_MAX = 3 };

static struct {
    acti_actor actor;
    acti_message *messages[SENDER_MAX][PER_SENDER_MAX];
    uint32_t next[SENDER_MAX]; /* of each sender; the owner's */
    uint32_t handled;          /* the owner's */
    uint32_t in_hand;          /* the owner's: admitted and not settled */
    bool detaches, is_bounded;
    bool is_signal; /* neither counted nor bounded: fewer steps, and the same queue */
    uint32_t refused[SENDER_MAX];
} m;

static uint32_t sender_count, per_sender[SENDER_MAX], weights[SENDER_MAX];

_Thread_local acti_context *acti_current; /* no worker: blocks go back to the allocator */

/* The mailbox lets go of the message consumed before the last. */
void
acti_message_free(acti_message *message)
{
    model_free(message, sizeof *message);
}

/* There is no worker. */
void
acti_spares_release(acti_worker *worker, acti_message *message)
{
    (void)worker;
    (void)message;
    MODEL_CHECK(false);
}

static void
handle(acti_node *node)
{
    uint32_t sender = node->generation, number = acti_message_at(node)->body.tag;

    MODEL_CHECK(number == m.next[sender] || m.is_bounded);
    m.next[sender] = number + 1;
    m.handled++;
    m.actor.first_is_spent = true;
    if (!m.is_signal) m.actor.handled_load += ACTI_LOAD_COUNT + weights[sender];
    if (m.detaches) acti_mailbox_detach(&m.actor);
}

/* As acti_turn and acti_turn_finish do it. */
static void
own(void)
{
    acti_node *node;

    for (;;) {
        while ((node = acti_mailbox_pop(NULL, &m.actor)) != NULL)
            handle(node);
        acti_mailbox_settle(&m.actor);
        if (acti_mailbox_has_more(&m.actor)) continue;
        if (acti_mailbox_try_idle(NULL, &m.actor)) return;
        while (!acti_mailbox_has_more(&m.actor)) /* the real one goes behind the others in the queue */
            acti_pause();
    }
}

static void
send(void *argument)
{
    uint32_t sender = (uint32_t)(uintptr_t)argument;

    for (uint32_t i = 0; i < per_sender[sender]; i++) {
        acti_message *message = m.messages[sender][i];
        message->body.tag = i;
        message->node.generation = sender;
        acti_pushed pushed;
        if (m.is_signal)
            pushed = acti_mailbox_push_signal(&m.actor, &message->node) ? ACTI_READY : ACTI_QUEUED;
        else
            pushed = acti_mailbox_send(&m.actor, &message->node, weights[sender]);
        if (pushed == ACTI_REFUSED) m.refused[sender]++;
        if (pushed == ACTI_READY) own();
    }
}

/* As a spawner takes a free slot. */
static void
claim(void *argument)
{
    (void)argument;
    if (acti_mailbox_try_claim(&m.actor)) own();
}

static void
add_sender(uint32_t messages, uint32_t weight)
{
    static const char *const names[] = { "sender 0", "sender 1", "sender 2" };
    uint32_t number = sender_count++;

    per_sender[number] = messages;
    weights[number] = weight;
    for (uint32_t k = 0; k < messages; k++)
        m.messages[number][k] = model_alloc(sizeof(acti_message));
    model_thread(names[number], send, (void *)(uintptr_t)number, false);
}

static void
begin(uint32_t senders, uint32_t messages)
{
    memset(&m, 0, sizeof m);
    sender_count = 0;
    acti_mailbox_init(&m.actor);
    atomic_init(&m.actor.limit, (uint64_t)1000 << 32 | 1000000);
    for (uint32_t i = 0; i < senders; i++)
        add_sender(messages, ACTI_WEIGHT_MIN);
}

static uint32_t
sent_count(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < sender_count; i++)
        count += per_sender[i];
    return count;
}

static void
all_is_handled_and_idle(void)
{
    uint32_t refused = 0;

    for (uint32_t i = 0; i < sender_count; i++)
        refused += m.refused[i];
    MODEL_CHECK(m.handled + refused == sent_count());
    MODEL_CHECK(atomic_load(&m.actor.last) == ((uintptr_t)m.actor.first | ACTI_MAILBOX_IDLE));
    MODEL_CHECK(atomic_load(&m.actor.sent_load) - atomic_load(&m.actor.settled_load) == ACTI_CHARGE);
}

static void
two_senders(void)
{
    begin(2, 2);
}

static void
handled_in_order(void)
{
    MODEL_CHECK(m.handled == sent_count());
    MODEL_CHECK(atomic_load(&m.actor.sent_load) - atomic_load(&m.actor.settled_load) == ACTI_CHARGE);
    MODEL_CHECK(atomic_load(&m.actor.last) == ((uintptr_t)m.actor.first | ACTI_MAILBOX_IDLE));
}

static void
two_senders_of_one(void)
{
    begin(2, 1);
}

static void
two_senders_of_signals(void)
{
    begin(2, 2);
    m.is_signal = true;
}

static void
three_senders_of_signals(void)
{
    begin(3, 1);
    m.is_signal = true;
}

static void
three_senders(void)
{
    begin(3, 1);
}

static void
two_senders_and_a_claim(void)
{
    begin(2, 1);
    model_thread("claimer", claim, NULL, false);
}

static void
two_senders_to_one_that_detaches(void)
{
    begin(2, 2);
    m.detaches = true;
}

static void
two_senders_at_a_bound_of_one(void)
{
    begin(2, 1);
    m.is_bounded = true;
    atomic_init(&m.actor.limit, (uint64_t)1 << 32 | 1000);
}

/* The first handles each of its messages before it sends the next, unless the second, of one, has the actor. */
static void
one_in_turn_and_one_beside(void)
{
    begin(0, 0);
    add_sender(3, 500);
    add_sender(1, ACTI_WEIGHT_MIN);
    m.is_bounded = true;
    atomic_init(&m.actor.limit, (uint64_t)3 << 32 | (500 + ACTI_WEIGHT_MIN));
}

static void
nobody_beside_is_refused(void)
{
    all_is_handled_and_idle();
    MODEL_CHECK(m.refused[1] == 0);
}

/* SCH-02: the queue alone, which signals take as they are. */
static void
no_signal_is_lost_as_its_receiver_goes_idle(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){
        .name = "mailbox: 2 senders, 2 signals each", .begin = two_senders_of_signals, .end = handled_in_order });
    expect_no_failure(&(model_case){
        .name = "mailbox: 3 senders of signals", .begin = three_senders_of_signals, .end = handled_in_order });
}

/* SCH-02: a send exactly as the receiver goes idle: no message is left without an owner. */
static void
no_send_is_lost_as_its_receiver_goes_idle(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){
        .name = "mailbox: 2 senders, 2 messages each", .begin = two_senders, .end = handled_in_order, .part = 30000 });
    expect_no_failure(
        &(model_case){ .name = "mailbox: 3 senders", .begin = three_senders, .end = handled_in_order, .part = 30000 });
}

static void
two_sends_are_not_lost(void **state)
{
    (void)state;
    expect_no_failure(
        &(model_case){ .name = "mailbox: 2 senders", .begin = two_senders_of_one, .end = handled_in_order });
}

static void
a_slot_is_claimed_by_one_only(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){ .name = "mailbox: 2 senders and a claim",
        .begin = two_senders_and_a_claim,
        .end = handled_in_order,
        .part = 30000 });
}

static void
a_message_is_taken_out_of_the_queue_under_its_senders_hands(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){ .name = "mailbox: 2 senders, detaching",
        .begin = two_senders_to_one_that_detaches,
        .end = handled_in_order,
        .part = 30000 });
}

static void
the_bound_lets_nothing_past_and_everything_settle(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){ .name = "mailbox: 2 senders, a bound of 1",
        .begin = two_senders_at_a_bound_of_one,
        .end = all_is_handled_and_idle,
        .part = 30000 });
}

/* However long a sender is held up between its look and its addition. */
static void
a_mailbox_with_room_refuses_nobody(void **state)
{
    (void)state;
    expect_no_failure(&(model_case){ .name = "mailbox: one in turn, one beside, room for both",
        .begin = one_in_turn_and_one_beside,
        .end = nobody_beside_is_refused,
        .part = 30000 });
}

/* SCH-02: the checker sees what it is there for. */
static void
planted_idle_without_a_compare_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: IDLE set without the compare",
        .begin = two_senders,
        .end = handled_in_order,
        .plant = { "acti_mailbox_try_idle", "last", MODEL_PLANT_BLIND } });
}

static void
planted_publication_without_a_release_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: a push that publishes nothing",
        .begin = two_senders,
        .end = handled_in_order,
        .plant = { "acti_mailbox_push", "next", MODEL_PLANT_RELAX } });
}

static void
planted_idle_without_a_release_is_found(void **state)
{
    (void)state;
    expect_failure(&(model_case){ .name = "planted: an owner who leaves without a release",
        .begin = two_senders,
        .end = handled_in_order,
        .plant = { "acti_mailbox_try_idle", "last", MODEL_PLANT_RELAX } });
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_signal_is_lost_as_its_receiver_goes_idle),
        cmocka_unit_test(no_send_is_lost_as_its_receiver_goes_idle),
        cmocka_unit_test(two_sends_are_not_lost),
        cmocka_unit_test(a_slot_is_claimed_by_one_only),
        cmocka_unit_test(a_message_is_taken_out_of_the_queue_under_its_senders_hands),
        cmocka_unit_test(the_bound_lets_nothing_past_and_everything_settle),
        cmocka_unit_test(a_mailbox_with_room_refuses_nobody),
        cmocka_unit_test(planted_idle_without_a_compare_is_found),
        cmocka_unit_test(planted_publication_without_a_release_is_found),
        cmocka_unit_test(planted_idle_without_a_release_is_found),
    };
    return cmocka_run_group_tests_name("mailbox_model", tests, NULL, NULL);
}
