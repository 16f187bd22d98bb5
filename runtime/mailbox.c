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
 *  - `sent_load` less `settled_load` is what is in the mailbox: messages (not signals or answers) from about when they are
 *    pushed until the turn that consumed them ends. A mailbox that goes idle is charged in advance for one message of
 *    the least weight: the one that comes next and finds it idle costs no addition. Whoever makes it ready in another
 *    way gives the charge back. So the bound is kept at the price of one addition for each message that has to wait, to
 *    the line that the push writes anyway, and of a plain store of the receiver for a turn of more than one message.
 *    It is passed by one message at most for each further sender that saw the mailbox idle at the same moment.
 *
 * The running count that a message could take from its predecessor would save that addition, too, but a sender would
 * have to wait for a predecessor that was pre-empted before it wrote its own.
 *
 * The steps of each message are in mailbox.h. Not here: what happens to what is popped (turn.c), who runs the actor
 * (scheduler.c).
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
    atomic_init(&actor->settled_load, -ACTI_CHARGE);
}

/* Let go of the node that `first` was, now that it is behind us. */
static void
leave_behind(acti_actor *actor, acti_node *node)
{
    if (!actor->first_is_spent) return;
    actor->first_is_spent = false;
    acti_message_release(acti_message_at(node));
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
acti_mailbox_try_claim(acti_actor *actor)
{
    uintptr_t last = atomic_load_explicit(&actor->last, memory_order_relaxed);

    if ((last & ACTI_MAILBOX_IDLE) == 0) return false;
    /* acquire: pairs with the release of the owner before us. */
    if (!atomic_compare_exchange_strong_explicit(
            &actor->last, &last, last & ~ACTI_MAILBOX_IDLE, memory_order_acquire, memory_order_relaxed))
        return false;
    acti_mailbox_add_settled(actor, ACTI_CHARGE); /* no message came: the charge goes back */
    return true;
}

/* Does a message fit behind `load`? One over the bound in bytes is let into an empty mailbox: refused there, it would be for
 * ever. */
static bool
fits(const acti_actor *actor, uint64_t load, uint64_t weight)
{
    uint64_t limit = atomic_load_explicit(&actor->limit, memory_order_relaxed); /* behind the acquire of `life` */
    /* below 0: handled before its sender has corrected the count */
    uint64_t before = ACTI_UNLIKELY((int64_t)load < 0) ? 0 : load;
    uint64_t count_after = before / ACTI_LOAD_COUNT + 1;
    uint64_t bytes_after = before % ACTI_LOAD_COUNT + weight;

    return ACTI_LIKELY(count_after <= limit >> 32 && (bytes_after <= (uint32_t)limit || before < ACTI_LOAD_COUNT));
}

/* `is_idle`: nothing of what is in the mailbox is the charge's. */
bool
acti_mailbox_admit(acti_actor *actor, uint64_t weight, bool is_idle)
{
    uint64_t add = ACTI_LOAD_COUNT + weight;

    /* acquire: pairs with the release in add_settled, so that all that is settled is in what we add to, but for what is
     * corrected late. The addition is relaxed: it guards no data. The difference is right though both wrap, and though
     * bytes carry into messages in both. */
    uint64_t settled = atomic_load_explicit(&actor->settled_load, memory_order_acquire);
    uint64_t sent = atomic_fetch_add_explicit(&actor->sent_load, add, memory_order_relaxed);
    if (is_idle) sent -= ACTI_CHARGE;
    if (ACTI_LIKELY(fits(actor, sent - settled, weight))) return true;
    /* Who was held up between the two has missed what was handled meanwhile. An addition of nothing, because it reads the
     * newest there is, and the owner's next store is the same behind it. acquire: as above. */
    settled = atomic_fetch_add_explicit(&actor->settled_load, 0, memory_order_acquire);
    if (fits(actor, sent - settled, weight)) return true;
    atomic_fetch_sub_explicit(&actor->sent_load, add, memory_order_relaxed);
    return false;
}

/* A sender's guess was wrong. Ready: it has counted itself, and nobody takes the charge. Else somebody else took it. */
void
acti_mailbox_correct(acti_actor *actor, bool is_ready)
{
    if (is_ready)
        acti_mailbox_add_settled(actor, ACTI_CHARGE);
    else
        atomic_fetch_add_explicit(&actor->sent_load, ACTI_CHARGE, memory_order_relaxed); /* as in admit */
}
