/*
 * The mailbox's steps that every message takes; mailbox.c has the picture, the invariants and the rare ones.
 *
 * internal.h includes this.
 */
#ifndef ACTI_RUNTIME_MAILBOX_H
#define ACTI_RUNTIME_MAILBOX_H

#ifdef ACTA_PLANT_RACE /* a defect on purpose, which ThreadSanitizer must report: the step "race" of .ci/run */
#define ACTI_PUBLISH memory_order_relaxed
#else
#define ACTI_PUBLISH memory_order_release
#endif

/* What an idle mailbox has been charged with in advance, for the message that will end its idleness. */
#define ACTI_CHARGE (ACTI_LOAD_COUNT + ACTI_WEIGHT_MIN)

typedef enum acti_pushed { ACTI_REFUSED, ACTI_QUEUED, ACTI_READY } acti_pushed;

/* The owner only: `load` more was handled, or less. */
static inline void
acti_mailbox_add_settled(acti_actor *actor, uint64_t load)
{
    /* load and store: only the owner writes it. release: see acti_mailbox_admit. */
    uint64_t settled = atomic_load_explicit(&actor->settled_load, memory_order_relaxed);
    atomic_store_explicit(&actor->settled_load, settled + load, memory_order_release);
}

/* At the end of a turn: what was handled makes room. */
static inline void
acti_mailbox_settle(acti_actor *actor)
{
    if (actor->handled_load == 0) return;
    acti_mailbox_add_settled(actor, actor->handled_load);
    actor->handled_load = 0;
}

/*
 * Many senders, one receiver. True: the mailbox was idle, and the caller owns the actor and must schedule it.
 */
static inline bool
acti_mailbox_push(acti_actor *actor, acti_node *node)
{
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed); /* private until (A) */

    /* (A) Takes our place among all senders. acq_rel: our NULL comes before the next sender's (B) into the same field;
     * and when the IDLE bit comes with it, all that the last owner did is before us (it set the bit with release). */
    uintptr_t last = atomic_exchange_explicit(&actor->last, (uintptr_t)node, memory_order_acq_rel);
    acti_node *before = (acti_node *)(last & ~ACTI_MAILBOX_IDLE); /* alive: nobody passes it before (B) */

    /* (B) Publishes the node's content; pairs with the acquire in acti_mailbox_pop. Between (A) and (B) the list is
     * cut: a NULL there means "not yet", and never "empty". */
    atomic_store_explicit(&before->next, node, ACTI_PUBLISH);
    return (last & ACTI_MAILBOX_IDLE) != 0;
}

/* A signal: neither counted nor bounded. True: as above. */
static inline bool
acti_mailbox_push_signal(acti_actor *actor, acti_node *node)
{
    if (!acti_mailbox_push(actor, node)) return false;
    acti_mailbox_add_settled(actor, ACTI_CHARGE); /* no message came: the charge goes back */
    return true;
}

/*
 * Several, linked from the first to the last, by one exchange; orders as in acti_mailbox_push. Signals, or messages that
 * have been counted. True: as above.
 */
static inline bool
acti_mailbox_push_all(acti_actor *actor, acti_node *first, acti_node *end)
{
    atomic_store_explicit(&end->next, NULL, memory_order_relaxed);
    uintptr_t last = atomic_exchange_explicit(&actor->last, (uintptr_t)end, memory_order_acq_rel);
    acti_node *before = (acti_node *)(last & ~ACTI_MAILBOX_IDLE);
    atomic_store_explicit(&before->next, first, ACTI_PUBLISH);
    if ((last & ACTI_MAILBOX_IDLE) == 0) return false;
    acti_mailbox_add_settled(actor, ACTI_CHARGE); /* nothing came that wants it: the charge goes back */
    return true;
}

/*
 * A mailbox that is idle has been charged for the next message by its last owner. When it is charged with nothing else
 * (what a suspended actor has set aside), and the message has the least weight, the push is all that is to be done.
 */
static inline bool
acti_mailbox_expects_first(const acti_actor *actor)
{
    /* relaxed, all: a guess which way costs less; the push tells whether it was right. */
    return (atomic_load_explicit(&actor->last, memory_order_relaxed) & ACTI_MAILBOX_IDLE) != 0 &&
           atomic_load_explicit(&actor->sent_load, memory_order_relaxed) -
                   atomic_load_explicit(&actor->settled_load, memory_order_relaxed) ==
               ACTI_CHARGE;
}

/* Push a message, unless the bound is reached. `weight` is at least ACTI_WEIGHT_MIN. */
static inline acti_pushed
acti_mailbox_send(acti_actor *actor, acti_node *node, uint64_t weight)
{
    /* relaxed: as there. */
    bool is_idle = (atomic_load_explicit(&actor->last, memory_order_relaxed) & ACTI_MAILBOX_IDLE) != 0;
    bool is_first = is_idle && acti_mailbox_expects_first(actor);

    if (!is_first) {
        if (ACTI_UNLIKELY(!acti_mailbox_admit(actor, weight, is_idle))) return ACTI_REFUSED;
    } else if (ACTI_UNLIKELY(weight > ACTI_WEIGHT_MIN))
        atomic_fetch_add_explicit(&actor->sent_load, weight - ACTI_WEIGHT_MIN, memory_order_relaxed); /* as in admit */
    bool is_ready = acti_mailbox_push(actor, node);
    if (ACTI_UNLIKELY(is_ready != is_first)) acti_mailbox_correct(actor, is_ready);
    return is_ready ? ACTI_READY : ACTI_QUEUED;
}

/* NULL: empty, or a sender is between its two steps. `here`: acti_context_here of the actor's runtime. */
static inline acti_node *
acti_mailbox_pop(acti_context *here, acti_actor *actor)
{
    acti_node *first = actor->first;
    acti_node *next = atomic_load_explicit(&first->next, memory_order_acquire); /* pairs with (B) of the push */

    if (next == NULL) return NULL;
    actor->first = next;
    if (actor->first_is_spent) {
        actor->first_is_spent = false;
        acti_message_release_here(here, acti_message_at(first)); /* behind us now */
    }
    return next;
}

static inline bool
acti_mailbox_has_more(const acti_actor *actor)
{
    /* relaxed: a hint for the owner; acti_mailbox_try_idle decides. */
    return atomic_load_explicit(&actor->first->next, memory_order_relaxed) != NULL;
}

/* The owner: messages that are waiting, about. */
static inline uint64_t
acti_mailbox_count(const acti_actor *actor)
{
    /* relaxed: some moment's count of what is sent is enough, and what is settled is ours. */
    int64_t load = (int64_t)(atomic_load_explicit(&actor->sent_load, memory_order_relaxed) -
                             atomic_load_explicit(&actor->settled_load, memory_order_relaxed) - actor->handled_load);
    return load > 0 ? (uint64_t)load / ACTI_LOAD_COUNT : 0; /* less: a sender is about to correct its count */
}

/*
 * Settle, and give the actor up if its mailbox is empty. True: hands off the actor from then on. The node consumed last
 * is let go of by the same exchange, which makes the stub stand in its place. `here`: as in acti_mailbox_pop.
 */
static inline bool
acti_mailbox_try_idle(acti_context *here, acti_actor *actor)
{
    acti_node *first = actor->first;
    bool is_spent = actor->first_is_spent;
    uintptr_t expected = (uintptr_t)first;

    if (actor->handled_load != ACTI_CHARGE) acti_mailbox_add_settled(actor, actor->handled_load - ACTI_CHARGE);
    actor->handled_load = 0;
    if (first != &actor->stub) {
        atomic_store_explicit(&actor->stub.next, NULL, memory_order_relaxed); /* private until the exchange */
        actor->first = &actor->stub;
        actor->first_is_spent = false;
    }
    /* release: all that the owner did comes before what the next owner does; pairs with (A) of the push and with the
     * claim. Fails when a sender was there first, and then we go on. */
    if (ACTI_LIKELY(atomic_compare_exchange_strong_explicit(&actor->last, &expected,
            (uintptr_t)&actor->stub | ACTI_MAILBOX_IDLE, memory_order_release, memory_order_relaxed))) {
        if (is_spent) acti_message_release_here(here, acti_message_at(first));
        return true;
    }
    actor->first = first;
    actor->first_is_spent = is_spent;
    acti_mailbox_add_settled(actor, ACTI_CHARGE);
    return false;
}

#endif
