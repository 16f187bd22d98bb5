/*
 * Consumer group: who takes part, and how it stands.
 */
#include <inttypes.h>
#include <stdio.h>

#include "group_parts.h"

/* -- opening and closing -- */

static acta_status
check_config(const acta_group_config *config, acta_error *error)
{
    const acta_subscription_config *of = &config->subscription;

    if (!acti_subscription_name_fits(of->name, error)) return ACTA_INVALID;
    if (of->ready == NULL && of->user == NULL && !of->manual_checkpoint) return ACTA_OK;
    return acta_error_set(
        error, ACTA_INVALID, "group '%s': ready, user and manual_checkpoint must not be set", of->name);
}

static uint32_t
or_default(uint32_t value, uint32_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static acta_group *
group_create(acta_store *store, const acta_group_config *config)
{
    const acta_allocator *allocator = &store->environment.allocator;
    acta_group *group = allocator->alloc(allocator->user, sizeof *group);

    if (group == NULL) return NULL;
    memset(group, 0, sizeof *group);
    group->store = store;
    group->partition = config->partition;
    group->partition_user = config->partition_user;
    group->consumer_count_max = or_default(config->consumer_count_max, UINT32_MAX);
    group->retry_max = or_default(config->retry_max, ACTA_GROUP_RETRY_DEFAULT);
    group->backoff_ms = or_default(config->backoff_ms, ACTA_GROUP_BACKOFF_MS_DEFAULT);
    group->parked_count_max = or_default(config->parked_count_max, ACTA_PARKED_COUNT_DEFAULT);
    group->park_alone = config->park_alone;
    group->idle_us = acti_wall_us(store);
    group->may_have_more = true;
    acti_monitor_init(&group->lock);
    return group;
}

static void
free_keys(acta_group *group)
{
    for (uint32_t i = 0; i < ACTI_GROUP_BUCKETS; i++) {
        while (group->entries[i] != NULL)
            acti_group_entry_free(group, group->entries[i]);
    }
    for (uint32_t i = 0; i < ACTI_GROUP_BUCKETS; i++) {
        while (group->keys[i] != NULL) {
            group->keys[i]->parked_count = 0;
            acti_group_key_let_go(group, group->keys[i]);
        }
    }
}

static void
group_free(acta_group *group)
{
    const acta_allocator allocator = group->store->environment.allocator;
    size_t settled_size = group->subscription != NULL ? group->subscription->window * sizeof *group->settled : 0;

    if (group->subscription != NULL) {
        acti_subscription_set_group(group->subscription, NULL);
        acta_subscription_close(group->subscription);
    }
    free_keys(group);
    acta_chunk_unref(group->chunk);
    if (group->settled != NULL) allocator.free(allocator.user, group->settled, settled_size);
    acti_monitor_deinit(&group->lock);
    allocator.free(allocator.user, group, sizeof *group);
}

acta_status
acta_group_open(acta_store *store, const acta_group_config *config, acta_group **group_out, acta_error *error)
{
    const acta_allocator *allocator = &store->environment.allocator;
    acta_subscription_config of = config->subscription;
    acta_status status = check_config(config, error);

    if (status != ACTA_OK) return status;
    acta_group *group = group_create(store, config);
    if (group == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for group '%s'", of.name);
    of.ready = acti_group_ready;
    of.user = group;
    status = acta_subscription_open(store, &of, &group->subscription, error);
    if (status == ACTA_OK) {
        group->settled = allocator->alloc(allocator->user, group->subscription->window * sizeof *group->settled);
        if (group->settled == NULL) status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for group '%s'", of.name);
    }
    if (status == ACTA_OK) status = acti_group_load_parked(group, error);
    if (status != ACTA_OK) {
        group_free(group);
        return status;
    }
    acti_subscription_set_group(group->subscription, group);
    *group_out = group;
    return ACTA_OK;
}

acta_status
acta_group_close(acta_group *group, acta_error *error)
{
    if (group == NULL) return ACTA_OK;
    acti_monitor_enter(&group->lock);
    uint32_t count = group->consumer_count;
    acti_monitor_leave(&group->lock);
    if (count > 0)
        return acta_error_set(error, ACTA_IN_USE, "cannot close group '%s': it has %" PRIu32 " consumers",
            group->subscription->name, count);
    group_free(group);
    return ACTA_OK;
}

/* -- consumers -- */

static bool
join(acta_group *group, acta_consumer *consumer)
{
    bool room;

    acti_monitor_enter(&group->lock);
    room = group->consumer_count < group->consumer_count_max;
    if (room) {
        consumer->next = group->consumers;
        if (consumer->next != NULL) consumer->next->prev = consumer;
        group->consumers = consumer;
        group->consumer_count++;
        group->idle_us = 0;
    }
    acti_monitor_leave(&group->lock);
    return room;
}

acta_status
acta_consumer_open(
    acta_group *group, const acta_consumer_config *config, acta_consumer **consumer_out, acta_error *error)
{
    const acta_allocator *allocator = &group->store->environment.allocator;
    acta_consumer *consumer = allocator->alloc(allocator->user, sizeof *consumer);

    if (consumer == NULL)
        return acta_error_set(
            error, ACTA_NO_MEMORY, "no memory for a consumer of group '%s'", group->subscription->name);
    *consumer = (acta_consumer){ .group = group,
        .window = or_default(config->window, ACTA_CONSUMER_WINDOW_DEFAULT),
        .ready = config->ready,
        .user = config->user };
    snprintf(consumer->name, sizeof consumer->name, "%s", config->name != NULL ? config->name : "");
    if (join(group, consumer)) {
        *consumer_out = consumer;
        return ACTA_OK;
    }
    allocator->free(allocator->user, consumer, sizeof *consumer);
    return acta_error_set(error, ACTA_BUSY, "group '%s' has %" PRIu32 " consumers already: no more are allowed",
        group->subscription->name, group->consumer_count_max);
}

/* With the lock: what it has goes to others. */
static void
give_back_all(acta_consumer *consumer)
{
    acta_group *group = consumer->group;

    for (uint32_t i = 0; consumer->in_hands > 0 && i < ACTI_GROUP_BUCKETS; i++) {
        for (acti_group_entry *entry = group->entries[i]; entry != NULL; entry = entry->bucket_next)
            if (entry->holder == consumer) acti_group_recall(group, entry);
    }
}

void
acta_consumer_close(acta_consumer *consumer)
{
    if (consumer == NULL) return;
    acta_group *group = consumer->group;
    const acta_allocator *allocator = &group->store->environment.allocator;

    acti_monitor_enter(&group->lock);
    give_back_all(consumer);
    if (consumer->prev != NULL)
        consumer->prev->next = consumer->next;
    else
        group->consumers = consumer->next;
    if (consumer->next != NULL) consumer->next->prev = consumer->prev;
    while (consumer->calls > 0) /* after it, ready isn't called */
        acti_monitor_wait(&group->lock);
    acti_monitor_leave(&group->lock);
    acti_group_wake(group);

    acti_monitor_enter(&group->lock); /* only now may the group be closed */
    if (--group->consumer_count == 0) group->idle_us = acti_wall_us(group->store);
    acti_monitor_leave(&group->lock);
    allocator->free(allocator->user, consumer, sizeof *consumer);
}

/* -- the group -- */

void
acta_group_resume(acta_group *group)
{
    acti_monitor_enter(&group->lock);
    group->stopped = false;
    group->may_have_more = true;
    acti_monitor_leave(&group->lock);
    acti_group_wake(group);
}

uint64_t
acta_group_due_in_ms(acta_group *group)
{
    uint64_t now_ns = acti_now_ns(group->store), due_ms = UINT64_MAX;

    acti_monitor_enter(&group->lock);
    if (!group->reading) due_ms = acti_subscription_save_in_ms(group->subscription);
    for (const acti_group_entry *entry = group->first; entry != NULL; entry = entry->next) {
        if (entry->due_ns == 0) continue;
        uint64_t ms = entry->due_ns <= now_ns ? 0 : (entry->due_ns - now_ns) / 1000000 + 1;
        if (ms < due_ms) due_ms = ms;
    }
    acti_monitor_leave(&group->lock);
    return due_ms;
}

acta_status
acta_group_checkpoint(acta_group *group, acta_error *error)
{
    acti_monitor_enter(&group->lock);
    while (group->reading)
        acti_monitor_wait(&group->lock);
    acta_status status = acta_subscription_checkpoint(group->subscription, error);
    acti_monitor_leave(&group->lock);
    return status;
}

static void
stalled(acta_subscription_info *info, int64_t since_us)
{
    info->state = ACTA_SUBSCRIPTION_STALLED;
    if (since_us != 0) info->since_us = since_us;
}

void
acti_group_info(acta_group *group, acta_subscription_info *info)
{
    acta_subscription_read_info(group->subscription, info);
    acti_monitor_enter(&group->lock);
    info->parked_count = group->parked_count;
    info->member_count = group->consumer_count;
    if (group->stopped) {
        stalled(info, group->stopped_us);
        snprintf(info->reason, sizeof info->reason, "stopped by a consumer at %s", group->stop_reason);
    } else if (group->parked_count >= group->parked_count_max) {
        stalled(info, 0);
        snprintf(
            info->reason, sizeof info->reason, "%" PRIu64 " events are parked, as many as may be", group->parked_count);
    } else if (group->idle_us != 0 && info->passed < info->head) {
        stalled(info, group->idle_us);
        snprintf(info->reason, sizeof info->reason, "nobody consumes it");
    }
    acti_monitor_leave(&group->lock);
}

void
acta_group_read_info(acta_group *group, acta_subscription_info *info_out)
{
    acti_group_info(group, info_out);
}
