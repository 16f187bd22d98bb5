/*
 * The subscription itself, as its files share it; fields by who may touch them.
 *
 *     subscription.c         open, next, acknowledge, close       subscription_list.c   who is there; waking; by name
 *     subscription_state.c   how it stands; its checkpoint        subscription_run.c    callbacks on a thread
 *     feed.c                 reading
 */
#ifndef ACTI_SUBSCRIPTION_PARTS_H
#define ACTI_SUBSCRIPTION_PARTS_H

#include "feed.h"
#include "internal.h"

typedef struct acti_flight {
    uint64_t position;
    bool acked;
} acti_flight;

struct acta_subscription {
    acta_store *store;
    uint32_t window;
    uint64_t start, replayed; /* the checkpoint, and the head, when it was opened */
    bool has_name, manual_checkpoint;
    uint32_t checkpoint_count;
    uint64_t checkpoint_ns;

    /* The reader's thread; others may look. */
    _Atomic uint64_t looked, passed;
    _Atomic uint64_t saved; /* the checkpoint that was submitted last */
    _Atomic uint32_t flight_count;
    _Atomic int64_t full_us; /* since when the window is full; 0: it isn't */
    acti_feed feed;
    acti_flight *flight; /* ring */
    uint32_t flight_first;
    uint32_t unsaved_count; /* acknowledged since */
    uint64_t saved_ns;      /* when */

    /* Set by the reader when it runs dry, taken by whoever commits. */
    _Atomic bool thirsty;

    /* How it stands: changed by the reader's thread, under the lock. */
    acti_monitor state_lock;
    acta_subscription_state state;
    int64_t since_us;
    char reason[ACTA_SUBSCRIPTION_REASON_MAX];

    /* Of run: under its lock. */
    acti_monitor bed;
    bool woken, stopping;

    /* Under the store's subscriptions_lock. */
    acta_subscription *prev, *next;
    void (*ready)(void *user);
    void *user;
    struct acta_group *group; /* that reads by it; NULL: none */
    uint32_t calls;           /* of ready, or into the group, under way */
    char name[ACTA_SUBSCRIPTION_NAME_MAX + 1];
};

/* subscription_list.c */
acta_status acti_subscription_join_list(acta_subscription *subscription, acta_error *error);
/* After it nobody calls into it. */
void acti_subscription_leave_list(acta_subscription *subscription);
/* An open one by its name, held until it is released; NULL: there is none. */
acta_subscription *acti_subscription_hold(acta_store *store, const char *name);
void acti_subscription_release(acta_subscription *subscription);
/* The group that reads by it, or none. Whoever holds it may use what it gets. set waits for those that do. */
struct acta_group *acti_subscription_group(acta_subscription *subscription);
void acti_subscription_set_group(acta_subscription *subscription, struct acta_group *group);
/* Who is called when there is something; NULL: nobody. Waits for a call that is under way. */
void acti_subscription_set_ready(acta_subscription *subscription, void (*ready)(void *user), void *user);

/* subscription_state.c */
/* `reason`: NULL: none. */
void acti_subscription_set_state(acta_subscription *subscription, acta_subscription_state state, const char *reason);
bool acti_subscription_name_fits(const char *name, acta_error *error);
/* Write the checkpoint if it is due; `now`: whatever the clock says. */
void acti_subscription_save(acta_subscription *subscription, bool now);
/* In how many ms a checkpoint will be due; UINT64_MAX: nothing is to be written. */
uint64_t acti_subscription_save_in_ms(const acta_subscription *subscription);

static inline uint64_t
acti_now_ns(const acta_store *store)
{
    return store->environment.clock.monotonic_ns(store->environment.clock.user);
}

static inline int64_t
acti_wall_us(const acta_store *store)
{
    return store->environment.clock.wall_us(store->environment.clock.user);
}

static inline bool
acti_subscription_saves(const acta_subscription *subscription)
{
    return subscription->has_name && !subscription->manual_checkpoint && !subscription->store->read_only;
}

#endif
