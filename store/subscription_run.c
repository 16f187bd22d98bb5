/*
 * Subscription on a thread of the caller's: take, hand over, acknowledge; sleep when there is nothing.
 */
#include <inttypes.h>

#include "subscription_parts.h"

enum { TAKE_MAX = 1024 }; /* events at once */

static void
wake_up(void *user)
{
    acta_subscription *subscription = user;

    acti_monitor_enter(&subscription->bed);
    subscription->woken = true;
    acti_monitor_wake(&subscription->bed);
    acti_monitor_leave(&subscription->bed);
}

void
acta_subscription_stop(acta_subscription *subscription)
{
    acti_monitor_enter(&subscription->bed);
    subscription->stopping = true;
    acti_monitor_wake(&subscription->bed);
    acti_monitor_leave(&subscription->bed);
}

static bool
is_stopping(acta_subscription *subscription)
{
    acti_monitor_enter(&subscription->bed);
    bool stopping = subscription->stopping;
    acti_monitor_leave(&subscription->bed);
    return stopping;
}

/* Until there may be something, or a checkpoint is due. */
static void
sleep_a_while(acta_subscription *subscription)
{
    uint64_t ms = acti_subscription_save_in_ms(subscription);

    acti_monitor_enter(&subscription->bed);
    if (!subscription->woken && !subscription->stopping) {
        if (ms == UINT64_MAX)
            acti_monitor_wait(&subscription->bed);
        else
            acti_monitor_wait_ms(&subscription->bed, ms);
    }
    subscription->woken = false;
    acti_monitor_leave(&subscription->bed);
}

/* One round. *dry: there was nothing. */
static acta_status
deliver(acta_subscription *subscription, const acta_subscriber *subscriber, bool *dry, acta_error *error)
{
    acta_chunk *chunk;
    bool more;
    acta_status status = acta_subscription_next(subscription, TAKE_MAX, &chunk, &more, error);

    *dry = chunk == NULL && !more;
    if (status != ACTA_OK || chunk == NULL) return status;
    uint64_t last = chunk->events[chunk->count - 1].position;
    status = subscriber->events(subscriber->user, chunk->events, chunk->count);
    acta_chunk_unref(chunk);
    if (status != ACTA_OK)
        return acta_error_set(error, status, "the subscriber refused the events up to position %" PRIu64 " of '%s'",
            last, subscription->name);
    return acta_subscription_ack_up_to(subscription, last);
}

acta_status
acta_subscription_run(acta_subscription *subscription, const acta_subscriber *subscriber, acta_error *error)
{
    acta_status status = ACTA_OK;

    if (subscription->ready != NULL || subscriber->events == NULL)
        return acta_error_set(error, ACTA_INVALID,
            "cannot run subscription '%s': it was opened with `ready`, or there is no `events`", subscription->name);
    if (atomic_load_explicit(&subscription->flight_count, memory_order_relaxed) > 0)
        return acta_error_set(
            error, ACTA_INVALID, "cannot run subscription '%s': events of it are in flight", subscription->name);
    acti_subscription_set_ready(subscription, wake_up, subscription);
    if (subscriber->subscribed != NULL) subscriber->subscribed(subscriber->user, subscription);
    while (status == ACTA_OK && !is_stopping(subscription)) {
        bool dry;
        status = deliver(subscription, subscriber, &dry, error);
        if (status != ACTA_OK || !dry) continue;
        if (!subscription->store->manual)
            sleep_a_while(subscription);
        else if (!acta_store_step(subscription->store))
            break;
    }
    acti_subscription_set_ready(subscription, NULL, NULL);
    acti_monitor_enter(&subscription->bed);
    subscription->stopping = subscription->woken = false;
    acti_monitor_leave(&subscription->bed);
    return status;
}
