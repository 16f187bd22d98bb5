/*
 * Mailbox: many senders, one receiver, first in first out (Vyukov's intrusive queue, as the push in internal.h).
 *
 *     first -> [consumed] -> [n1] -> [n2] <- last (| IDLE when all is consumed and nobody owns the actor)
 *
 * Invariants
 *  - `first` is never NULL. It is the node consumed last, kept because a sender may be about to link behind it; or the
 *    actor's own stub.
 *  - The IDLE bit is set only while last == first, by the owner, who then owns nothing any more. Whoever's exchange
 *    brings the bit back owns the actor.
 *  - `sent_load` less `settled_load` is what is in the mailbox: messages (not signals or answers) from before they are
 *    pushed until the turn that consumed them ends. The bound is never passed, and is kept by one addition of the
 *    sender, to the line that the push writes anyway, and one plain store of the receiver a turn.
 *
 * The running count that a message could take from its predecessor would save that addition, but a sender would have
 * to wait for a predecessor that was pre-empted before it wrote its own.
 *
 * Not here: what happens to what is popped (turn.c), who runs the actor (scheduler.c).
 */
#include "internal.h"

void
acti_mailbox_init(acti_actor *actor)
{
    actor->stub.kind = ACTI_STUB;
    atomic_init(&actor->stub.next, NULL);
    actor->first = &actor->stub;
    atomic_init(&actor->last, (uintptr_t)&actor->stub | ACTI_MAILBOX_IDLE);
    atomic_init(&actor->sent_load, 0);
    atomic_init(&actor->settled_load, 0);
}

/* Let go of the node that `first` was, now that it is behind us. */
static void
leave_behind(acti_actor *actor, acti_node *node)
{
    if (!actor->first_is_spent) return;
    actor->first_is_spent = false;
    acti_message_release(acti_message_at(node));
}

acti_node *
acti_mailbox_pop(acti_actor *actor)
{
    acti_node *first = actor->first;
    acti_node *next = atomic_load_explicit(&first->next, memory_order_acquire); /* pairs with (B) of the push */

    if (next == NULL) return NULL;
    actor->first = next;
    leave_behind(actor, first);
    return next;
}

bool
acti_mailbox_has_more(const acti_actor *actor)
{
    /* relaxed: a hint for the owner; acti_mailbox_try_idle decides. */
    return atomic_load_explicit(&actor->first->next, memory_order_relaxed) != NULL;
}

/*
 * Make another node, which is in no queue, stand where `first` stands.
 */
void
acti_mailbox_stand_in(acti_actor *actor, acti_node *node)
{
    acti_node *first = actor->first;
    acti_node *next = atomic_load_explicit(&first->next, memory_order_acquire); /* as in pop */
    if (next == NULL) {
        uintptr_t expected = (uintptr_t)first;
        atomic_store_explicit(&node->next, NULL, memory_order_relaxed); /* private until the exchange */
        /* release: the node's NULL comes before the next sender's link into it. */
        if (atomic_compare_exchange_strong_explicit(
                &actor->last, &expected, (uintptr_t)node, memory_order_release, memory_order_relaxed)) {
            actor->first = node;
            leave_behind(actor, first);
            return;
        }
        /* A sender has its place and is about to link: a few instructions, unless it is pre-empted there. */
        for (int i = 0; (next = atomic_load_explicit(&first->next, memory_order_acquire)) == NULL; i++) {
            if (i < 100)
                acti_pause();
            else
                acti_thread_yield();
        }
    }
    atomic_store_explicit(&node->next, next, memory_order_relaxed); /* read by the owner only */
    actor->first = node;
    leave_behind(actor, first);
}

/* Make the stub stand where `first` stands, so that the node is nobody's but the caller's. */
void
acti_mailbox_detach(acti_actor *actor)
{
    if (actor->first != &actor->stub) acti_mailbox_stand_in(actor, &actor->stub);
}

bool
acti_mailbox_try_idle(acti_actor *actor)
{
    uintptr_t expected = (uintptr_t)actor->first;

    /* release: all that the owner did comes before what the next owner does; pairs with (A) of the push and with the
     * claim. Fails when a sender was there first, and then we go on. */
    return atomic_compare_exchange_strong_explicit(
        &actor->last, &expected, expected | ACTI_MAILBOX_IDLE, memory_order_release, memory_order_relaxed);
}

bool
acti_mailbox_try_claim(acti_actor *actor)
{
    uintptr_t last = atomic_load_explicit(&actor->last, memory_order_relaxed);

    /* acquire: pairs with the release of the owner before us. */
    return (last & ACTI_MAILBOX_IDLE) != 0 &&
           atomic_compare_exchange_strong_explicit(
               &actor->last, &last, last & ~ACTI_MAILBOX_IDLE, memory_order_acquire, memory_order_relaxed);
}

bool
acti_mailbox_admit(acti_actor *actor, uint64_t weight)
{
    uint64_t limit = atomic_load_explicit(&actor->limit, memory_order_relaxed); /* behind the acquire of `life` */
    uint64_t add = ACTI_LOAD_COUNT + weight;

    /* acquire: pairs with the release in settle, so that all that is settled is in what we add to; older than that
     * means that we refuse sooner, never later. The addition is relaxed: it guards no data. The difference is right
     * though both wrap, and though bytes carry into messages in both. */
    uint64_t settled = atomic_load_explicit(&actor->settled_load, memory_order_acquire);
    uint64_t before = atomic_fetch_add_explicit(&actor->sent_load, add, memory_order_relaxed) - settled;
    uint64_t count_after = before / ACTI_LOAD_COUNT + 1;
    uint64_t bytes_after = before % ACTI_LOAD_COUNT + weight;

    /* A single message over the bound in bytes is let into an empty mailbox: refused there, it would be for ever. */
    if (ACTI_LIKELY(count_after <= limit >> 32 && (bytes_after <= (uint32_t)limit || before < ACTI_LOAD_COUNT)))
        return true;
    atomic_fetch_sub_explicit(&actor->sent_load, add, memory_order_relaxed);
    return false;
}

void
acti_mailbox_settle(acti_actor *actor)
{
    if (actor->handled_load == 0) return;
    /* load and store: only the owner writes it. release: see admit. */
    uint64_t settled = atomic_load_explicit(&actor->settled_load, memory_order_relaxed);
    atomic_store_explicit(&actor->settled_load, settled + actor->handled_load, memory_order_release);
    actor->handled_load = 0;
}
