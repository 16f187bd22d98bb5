/*
 * Subscriptions of a store: who is there, one of a name; and waking those that wait.
 *
 * Nothing of the user's runs under the lock: who is to be called is counted as held, called, and let go. Who leaves waits
 * until nobody holds it.
 */
#include "subscription_parts.h"

enum { WAKE_CHUNK = 32 };

static acta_subscription *
find(const acta_store *store, const char *name)
{
    for (acta_subscription *s = store->subscriptions; s != NULL; s = s->next) {
        if (s->has_name && strcmp(s->name, name) == 0) return s;
    }
    return NULL;
}

acta_status
acti_subscription_join_list(acta_subscription *subscription, acta_error *error)
{
    acta_store *store = subscription->store;

    acti_monitor_enter(&store->subscriptions_lock);
    bool taken = subscription->has_name && find(store, subscription->name) != NULL;
    if (!taken) {
        subscription->next = store->subscriptions;
        if (store->subscriptions != NULL) store->subscriptions->prev = subscription;
        store->subscriptions = subscription;
        /* seq_cst: who commits sees us, or we see its head when we run dry. */
        atomic_fetch_add_explicit(&store->subscription_count, 1, memory_order_seq_cst);
    }
    acti_monitor_leave(&store->subscriptions_lock);
    if (!taken) return ACTA_OK;
    return acta_error_set(
        error, ACTA_ALREADY_EXISTS, "a subscription of the name '%s' is open already", subscription->name);
}

void
acti_subscription_leave_list(acta_subscription *subscription)
{
    acta_store *store = subscription->store;

    acti_monitor_enter(&store->subscriptions_lock);
    if (subscription->prev != NULL)
        subscription->prev->next = subscription->next;
    else
        store->subscriptions = subscription->next;
    if (subscription->next != NULL) subscription->next->prev = subscription->prev;
    atomic_fetch_sub_explicit(&store->subscription_count, 1, memory_order_seq_cst);
    while (subscription->calls > 0) /* after close returns, ready is not called */
        acti_monitor_wait(&store->subscriptions_lock);
    acti_monitor_leave(&store->subscriptions_lock);
}

acta_subscription *
acti_subscription_hold(acta_store *store, const char *name)
{
    acti_monitor_enter(&store->subscriptions_lock);
    acta_subscription *subscription = find(store, name);
    if (subscription != NULL) subscription->calls++;
    acti_monitor_leave(&store->subscriptions_lock);
    return subscription;
}

void
acti_subscription_release(acta_subscription *subscription)
{
    acta_store *store = subscription->store;

    acti_monitor_enter(&store->subscriptions_lock);
    subscription->calls--;
    acti_monitor_wake(&store->subscriptions_lock);
    acti_monitor_leave(&store->subscriptions_lock);
}

void
acti_subscription_set_ready(acta_subscription *subscription, void (*ready)(void *user), void *user)
{
    acta_store *store = subscription->store;

    acti_monitor_enter(&store->subscriptions_lock);
    subscription->ready = ready;
    subscription->user = user;
    while (subscription->calls > 0)
        acti_monitor_wait(&store->subscriptions_lock);
    acti_monitor_leave(&store->subscriptions_lock);
}

struct acta_group *
acti_subscription_group(acta_subscription *subscription)
{
    acti_monitor_enter(&subscription->store->subscriptions_lock);
    struct acta_group *group = subscription->group;
    acti_monitor_leave(&subscription->store->subscriptions_lock);
    return group;
}

void
acti_subscription_set_group(acta_subscription *subscription, struct acta_group *group)
{
    acta_store *store = subscription->store;

    acti_monitor_enter(&store->subscriptions_lock);
    subscription->group = group;
    while (group == NULL && subscription->calls > 0)
        acti_monitor_wait(&store->subscriptions_lock);
    acti_monitor_leave(&store->subscriptions_lock);
}

/* -- waking -- */

typedef struct wake {
    acta_subscription *subscription;
    void (*ready)(void *user);
    void *user;
} wake;

/* Take those that wait, at most WAKE_CHUNK; each is held by a call. */
static uint32_t
take_thirsty(acta_store *store, wake *taken)
{
    uint32_t count = 0;

    acti_monitor_enter(&store->subscriptions_lock);
    for (acta_subscription *s = store->subscriptions; s != NULL && count < WAKE_CHUNK; s = s->next) {
        if (s->ready == NULL || !atomic_load_explicit(&s->thirsty, memory_order_seq_cst)) continue;
        if (!atomic_exchange_explicit(&s->thirsty, false, memory_order_seq_cst)) continue;
        s->calls++;
        taken[count++] = (wake){ .subscription = s, .ready = s->ready, .user = s->user };
    }
    acti_monitor_leave(&store->subscriptions_lock);
    return count;
}

void
acti_subscriptions_wake(acta_store *store)
{
    wake taken[WAKE_CHUNK];
    uint32_t count;

    if (atomic_load_explicit(&store->subscription_count, memory_order_seq_cst) == 0) return;
    do {
        count = take_thirsty(store, taken);
        for (uint32_t i = 0; i < count; i++)
            taken[i].ready(taken[i].user);
        if (count == 0) return;
        acti_monitor_enter(&store->subscriptions_lock);
        for (uint32_t i = 0; i < count; i++)
            taken[i].subscription->calls--;
        acti_monitor_wake(&store->subscriptions_lock);
        acti_monitor_leave(&store->subscriptions_lock);
    } while (count == WAKE_CHUNK);
}
