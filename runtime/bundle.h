/*
 * Bundles: what a handler sends in a row to one actor that is busy, kept by the worker and pushed together.
 *
 *     worker:  bundle_first -> [m1] -> [m2] -> … <- bundle_last        one exchange, one addition
 *              bundle_to, bundle_load                            ----------------------------------> mailbox
 *
 * A sender by the thousand would fight with the others, on other workers, for the receiver's first line at each message.
 *
 * A bundle is pushed when it is full; before its worker does anything else that another thread could see (another send,
 * a signal, an answer, a spawn, a job for the pool); when its receiver has become idle; and at the latest when the
 * handler has returned. So the order between any two actors is kept. A handler that stays away for long has its bundle
 * taken as it has the LIFO slot: by a worker that searched in vain, or by the watchdog. Both are under one lock.
 *
 * The bound: a bundle is begun only while the mailbox is less than half full, with a bundle of each worker counted in;
 * its messages count when they are pushed. So a send is refused, or not, as without it, and only who fills the other
 * half while a handler is between two sends makes the mailbox pass its bound, by a bundle.
 *
 * Not here: when a send goes into one (send.c).
 */
#ifndef ACTI_RUNTIME_BUNDLE_H
#define ACTI_RUNTIME_BUNDLE_H

#include "internal.h"

/* The worker: the message is in its bundle for that actor, behind what is in there. False: the mailbox is too full. */
bool acti_bundle_add(acti_worker *worker, acti_actor *actor, acti_node *node);
/* Anybody else: what is in there is pushed; an actor that this made ready, or NULL. */
acti_actor *acti_bundle_steal(acti_worker *victim);

#endif
