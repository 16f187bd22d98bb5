/*
 * Subscription: how it stands, its checkpoint, and what there is of subscriptions in the store, open or not.
 */
#include <inttypes.h>
#include <stdio.h>

#include "acta/consumer_group.h"

#include "group_parts.h"
#include "parked.h"
#include "subscription_parts.h"

bool
acti_subscription_name_fits(const char *name, acta_error *error)
{
    size_t size = name != NULL ? strlen(name) : 0;

    if (size > 0 && size <= ACTA_SUBSCRIPTION_NAME_MAX) return true;
    acta_error_set(error, ACTA_INVALID, "the name of a subscription has %zu bytes, 1 to %d are expected", size,
        (int)ACTA_SUBSCRIPTION_NAME_MAX);
    return false;
}

void
acti_subscription_set_state(acta_subscription *subscription, acta_subscription_state state, const char *reason)
{
    if (reason == NULL) reason = "";
    /* The reader's thread alone writes, so it may look without the lock. */
    if (subscription->state == state && strcmp(subscription->reason, reason) == 0) return;

    acti_monitor_enter(&subscription->state_lock);
    if (subscription->state != state) subscription->since_us = acti_wall_us(subscription->store);
    subscription->state = state;
    snprintf(subscription->reason, sizeof subscription->reason, "%s", reason);
    acti_monitor_leave(&subscription->state_lock);
}

/* -- the checkpoint -- */

static acta_status
save(acta_subscription *subscription, uint64_t passed, acta_error *error)
{
    acta_store *store = subscription->store;
    acta_transaction *transaction = acta_transaction_create(store);

    if (transaction == NULL)
        return acta_error_set(
            error, ACTA_NO_MEMORY, "no memory for the checkpoint of subscription '%s'", subscription->name);
    acta_transaction_checkpoint(transaction, subscription->name, passed);
    acta_status status = acta_store_submit(store, transaction, NULL, NULL, error);
    if (status != ACTA_OK) return status;
    atomic_store_explicit(&subscription->saved, passed, memory_order_relaxed); /* a number for people */
    subscription->unsaved_count = 0;
    subscription->saved_ns = acti_now_ns(store);
    return ACTA_OK;
}

/* How far ahead of the checkpoint it is. Relaxed: the reader's thread writes both. */
static bool
has_unsaved(const acta_subscription *subscription)
{
    return atomic_load_explicit(&subscription->passed, memory_order_relaxed) >
           atomic_load_explicit(&subscription->saved, memory_order_relaxed);
}

void
acti_subscription_save(acta_subscription *subscription, bool now)
{
    if (!acti_subscription_saves(subscription) || !has_unsaved(subscription)) return;
    if (!now && acti_now_ns(subscription->store) - subscription->saved_ns < subscription->checkpoint_ns) return;
    save(subscription, acta_subscription_passed(subscription), NULL); /* one that fails stays due */
}

uint64_t
acti_subscription_save_in_ms(const acta_subscription *subscription)
{
    if (!acti_subscription_saves(subscription) || !has_unsaved(subscription)) return UINT64_MAX;
    uint64_t gone_ns = acti_now_ns(subscription->store) - subscription->saved_ns;
    return gone_ns >= subscription->checkpoint_ns ? 0 : (subscription->checkpoint_ns - gone_ns) / 1000000 + 1;
}

acta_status
acta_subscription_checkpoint(acta_subscription *subscription, acta_error *error)
{
    if (!subscription->has_name || subscription->manual_checkpoint)
        return acta_error_set(
            error, ACTA_INVALID, "subscription '%s' has no checkpoint of its own to write", subscription->name);
    if (!has_unsaved(subscription)) return ACTA_OK;
    return save(subscription, acta_subscription_passed(subscription), error);
}

/* -- information -- */

/* What isn't a state of its own: a window that is full while there is more. */
static void
look_at_window(const acta_subscription *subscription, acta_subscription_info *info)
{
    int64_t full_us = atomic_load_explicit(&subscription->full_us, memory_order_relaxed);

    if (info->state == ACTA_SUBSCRIPTION_STALLED || full_us == 0 || info->looked >= info->head) return;
    info->state = ACTA_SUBSCRIPTION_STALLED;
    info->since_us = full_us;
    snprintf(info->reason, sizeof info->reason,
        "%" PRIu32 " events from position %" PRIu64 " on are not acknowledged: the window is full", info->window,
        info->passed + 1);
}

/* What was acknowledged can't be made durable any more. */
static void
look_at_store(const acta_subscription *subscription, acta_subscription_info *info)
{
    acta_error why;

    if (info->reason[0] != '\0' || !acti_subscription_saves(subscription) || info->checkpoint >= info->passed) return;
    if (acta_store_health(subscription->store, &why) == ACTA_OK) return;
    info->state = ACTA_SUBSCRIPTION_STALLED;
    snprintf(info->reason, sizeof info->reason, "no checkpoint can be written: %.200s", why.text);
}

void
acta_subscription_read_info(acta_subscription *subscription, acta_subscription_info *info_out)
{
    *info_out = (acta_subscription_info){ .window = subscription->window };
    memcpy(info_out->name, subscription->name, sizeof info_out->name);
    /* Each a number of its own, passed first: it is never ahead of looked, nor looked of the head. */
    info_out->checkpoint = atomic_load_explicit(&subscription->saved, memory_order_relaxed);
    info_out->passed = acta_subscription_passed(subscription);
    info_out->looked = acta_subscription_looked(subscription);
    info_out->head = acti_store_head(subscription->store);
    info_out->in_flight = atomic_load_explicit(&subscription->flight_count, memory_order_relaxed);
    acti_monitor_enter(&subscription->state_lock);
    info_out->state = subscription->state;
    info_out->since_us = subscription->since_us;
    memcpy(info_out->reason, subscription->reason, sizeof info_out->reason);
    acti_monitor_leave(&subscription->state_lock);
    look_at_window(subscription, info_out);
    look_at_store(subscription, info_out);
}

/* -- by name -- */

acta_status
acta_store_subscription_info(acta_store *store, const char *name, acta_subscription_info *info_out, acta_error *error)
{
    acta_subscription_info info = { .head = acti_store_head(store) };
    uint64_t checkpoint;
    bool found;

    if (!acti_subscription_name_fits(name, error)) return ACTA_INVALID;
    acta_status status = acti_checkpoint_read(store, name, &checkpoint, &found, error);
    if (status == ACTA_OK) status = acta_store_parked_count(store, name, &info.parked_count, error);
    if (status != ACTA_OK) return status;
    uint64_t parked_count = info.parked_count;
    acta_subscription *subscription = acti_subscription_hold(store, name);
    if (subscription == NULL && !found)
        return acta_error_set(error, ACTA_NOT_FOUND, "there is no subscription '%s'", name);
    strcpy(info.name, name);
    if (subscription != NULL) {
        acta_group *group = acti_subscription_group(subscription);
        if (group != NULL)
            acti_group_info(group, &info);
        else
            acta_subscription_read_info(subscription, &info);
        acti_subscription_release(subscription);
        if (info.parked_count < parked_count) info.parked_count = parked_count;
    }
    if (subscription == NULL || subscription->manual_checkpoint) info.checkpoint = checkpoint;
    *info_out = info;
    return ACTA_OK;
}

/* The first name behind `after` that has a checkpoint; "" when there is none. */
static acta_status
first_with_checkpoint(acta_store *store, const char *after, char *name, acta_error *error)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;
    acta_str last = acta_str_of(after);
    acta_status status = acti_row_cursor_open_from(store, ACTI_TABLE_CHECKPOINTS, acta_str_bytes(last), &cursor, error);

    name[0] = '\0';
    if (status != ACTA_OK) return status;
    do
        status = acta_row_cursor_next(cursor, &key, &value, error);
    while (status == ACTA_OK && acta_str_equal(acta_str_from(key.data, key.size), last));
    if (status == ACTA_OK && key.size <= ACTA_SUBSCRIPTION_NAME_MAX) {
        memcpy(name, key.data, key.size);
        name[key.size] = '\0';
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* Of those that are open the first behind `after`, if it comes before `name`. */
static void
first_open(acta_store *store, const char *after, char *name)
{
    acti_monitor_enter(&store->subscriptions_lock);
    for (const acta_subscription *s = store->subscriptions; s != NULL; s = s->next) {
        if (s->has_name && strcmp(s->name, after) > 0 && (name[0] == '\0' || strcmp(s->name, name) < 0))
            strcpy(name, s->name);
    }
    acti_monitor_leave(&store->subscriptions_lock);
}

acta_status
acta_store_subscription_next(acta_store *store, const char *after, acta_subscription_info *info_out, acta_error *error)
{
    char name[ACTA_SUBSCRIPTION_NAME_MAX + 1], before[ACTA_SUBSCRIPTION_NAME_MAX + 1];
    acta_status status;

    snprintf(before, sizeof before, "%s", after != NULL ? after : "");
    for (;;) {
        status = first_with_checkpoint(store, before, name, error);
        if (status != ACTA_OK) return status;
        first_open(store, before, name);
        if (name[0] == '\0') return acta_error_set(error, ACTA_NOT_FOUND, "there is no further subscription");
        status = acta_store_subscription_info(store, name, info_out, error);
        if (status != ACTA_NOT_FOUND) return status;
        memcpy(before, name, sizeof before); /* it has just gone */
    }
}

static acta_status
delete_rows(acta_store *store, const char *name, acta_error *error)
{
    uint64_t checkpoint;
    bool found;
    acta_status status = acti_checkpoint_read(store, name, &checkpoint, &found, error);

    if (status != ACTA_OK && status != ACTA_CORRUPT) return status; /* damage is no reason to keep it */
    if (status == ACTA_OK && !found)
        return acta_error_set(error, ACTA_NOT_FOUND, "there is no subscription '%s'", name);
    acta_transaction *transaction = acta_transaction_create(store);
    if (transaction == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory to delete subscription '%s'", name);
    acta_transaction_delete(transaction, ACTI_TABLE_CHECKPOINTS, acta_str_bytes(acta_str_of(name)));
    status = acti_parked_delete_all(transaction, name, error);
    if (status == ACTA_OK) return acta_store_commit(store, transaction, NULL, error);
    acta_transaction_destroy(transaction);
    return status;
}

acta_status
acta_store_delete_subscription(acta_store *store, const char *name, acta_error *error)
{
    if (!acti_subscription_name_fits(name, error)) return ACTA_INVALID;
    acta_subscription holder = { .store = store, .has_name = true, .manual_checkpoint = true };
    strcpy(holder.name, name);
    acti_monitor_init(&holder.state_lock);
    acta_status status = acti_subscription_join_list(&holder, error); /* so that nobody opens it meanwhile */
    if (status != ACTA_OK) {
        acti_monitor_deinit(&holder.state_lock);
        return acta_error_set(error, ACTA_IN_USE, "subscription '%s' is open: close it to delete it", name);
    }
    acta_transaction *barrier = acta_transaction_create(store); /* what its last holder left may be on its way */
    status = barrier != NULL ? acta_store_commit(store, barrier, NULL, error)
                             : acta_error_set(error, ACTA_NO_MEMORY, "no memory to delete subscription '%s'", name);
    if (status == ACTA_OK) status = delete_rows(store, name, error);
    acti_subscription_leave_list(&holder);
    acti_monitor_deinit(&holder.state_lock);
    return status;
}
