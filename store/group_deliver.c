/*
 * Consumer group: from the subscription to consumers, and back by their acknowledgements.
 *
 *     next --> hand out what waits and may go to this one
 *        \---> nothing: read, if nobody does; the key of each event is asked for without the lock
 *         \--> nothing at all: thirsty; whoever makes something possible (a reader, an acknowledgement, a commit) wakes it
 */
#include <inttypes.h>
#include <stdio.h>

#include "group_parts.h"

enum { TAKE_MAX = 256, WAKE_CHUNK = 16 };

/* -- waking -- */

static uint32_t
take_thirsty(acta_group *group, acta_consumer **taken)
{
    uint32_t count = 0;

    acti_monitor_enter(&group->lock);
    bool something = group->first != NULL || group->may_have_more || group->stopped;
    for (acta_consumer *c = group->consumers; something && c != NULL && count < WAKE_CHUNK; c = c->next) {
        if (!c->thirsty) continue;
        c->thirsty = false;
        if (c->ready == NULL) continue;
        c->calls++;
        taken[count++] = c;
    }
    acti_monitor_leave(&group->lock);
    return count;
}

void
acti_group_wake(acta_group *group)
{
    acta_consumer *taken[WAKE_CHUNK];
    uint32_t count;

    do {
        count = take_thirsty(group, taken);
        for (uint32_t i = 0; i < count; i++)
            taken[i]->ready(taken[i]->user);
        if (count == 0) return;
        acti_monitor_enter(&group->lock);
        for (uint32_t i = 0; i < count; i++)
            taken[i]->calls--;
        acti_monitor_wake(&group->lock);
        acti_monitor_leave(&group->lock);
    } while (count == WAKE_CHUNK);
}

void
acti_group_ready(void *user)
{
    acta_group *group = user;

    acti_monitor_enter(&group->lock);
    group->may_have_more = true;
    acti_monitor_leave(&group->lock);
    acti_group_wake(group);
}

/* -- what the subscription is told -- */

void
acti_group_settle(acta_group *group, uint64_t position)
{
    group->settled[group->settled_count++] = position;
    acti_group_flush(group);
}

void
acti_group_flush(acta_group *group)
{
    if (group->reading) return;
    for (uint32_t i = 0; i < group->settled_count; i++)
        acta_subscription_ack(group->subscription, group->settled[i]);
    if (group->settled_count > 0) group->may_have_more = true; /* there is room in its window */
    group->settled_count = 0;
}

/* -- reading -- */

/* One event of the chunk in hand, whose key is known. */
static acta_status
add_entry(acta_group *group, acta_str key_text, const acta_recorded *event, acta_error *error)
{
    acta_status status = ACTA_OK;

    acti_monitor_enter(&group->lock);
    const acti_group_key *key = acti_group_key_get(group, key_text, false);
    if (key != NULL && acti_group_key_has_parked(key, event->position))
        acti_group_settle(group, event->position); /* it was parked, and the checkpoint was not there yet */
    else if (acti_group_entry_add(group, key_text, group->chunk, event) == NULL)
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for the event at position %" PRIu64, event->position);
    acti_monitor_leave(&group->lock);
    return status;
}

/* Whoever has set `reading`; without the lock. *more: there may be more. */
static acta_status
read_chunk(acta_group *group, bool *more, acta_error *error)
{
    acta_status status = ACTA_OK;

    if (group->chunk == NULL) {
        group->chunk_next = 0;
        status = acta_subscription_next(group->subscription, TAKE_MAX, &group->chunk, more, error);
    }
    if (status != ACTA_OK || group->chunk == NULL) return status;
    while (status == ACTA_OK && group->chunk_next < group->chunk->count) {
        const acta_recorded *event = &group->chunk->events[group->chunk_next];
        acta_str key = group->partition != NULL ? group->partition(group->partition_user, event) : event->stream;
        status = add_entry(group, key, event, error);
        if (status == ACTA_OK) group->chunk_next++;
    }
    *more = true;
    if (status != ACTA_OK) return status; /* the rest of it next time */
    acta_chunk_unref(group->chunk);
    group->chunk = NULL;
    return ACTA_OK;
}

static bool
may_read(const acta_group *group)
{
    return !group->reading && group->may_have_more && group->parked_count < group->parked_count_max;
}

/* `ready` comes behind the answers of a commit: whoever has had one looks at the head himself. What was looked at is of whoever
 * reads. */
static void
look_at_head(acta_group *group)
{
    if (group->reading) return;
    if (acta_subscription_looked(group->subscription) < acti_store_head(group->store)) group->may_have_more = true;
}

/* With the lock, which it lets go meanwhile. */
static acta_status
read_more(acta_group *group, acta_error *error)
{
    bool more = true;

    group->reading = true;
    group->may_have_more = false; /* set again by what happens meanwhile */
    acti_monitor_leave(&group->lock);
    acta_status status = read_chunk(group, &more, error);
    acti_monitor_enter(&group->lock);
    group->reading = false;
    if (more) group->may_have_more = true;
    acti_group_flush(group);
    acti_monitor_wake(&group->lock);
    return status;
}

/* -- handing out -- */

static bool
may_have(const acti_group_entry *entry, const acta_consumer *consumer)
{
    const acti_group_key *key = entry->key;

    if (!acti_group_is_first(entry)) return false;
    return key->is_none || key->sent_count == 0 || key->holder == consumer;
}

static bool
goes_aside(const acta_group *group, const acti_group_entry *entry)
{
    return entry->to_park || (!entry->from_parked && !group->park_alone && acti_group_key_is_parked(entry->key));
}

/* Up to `count` events that share memory. */
static acta_status
hand_out(acta_consumer *consumer, uint32_t count, acta_chunk **chunk_out, acta_error *error)
{
    acta_group *group = consumer->group;
    uint64_t now_ns = acti_now_ns(group->store);
    acta_chunk *chunk = NULL;

    for (acti_group_entry *entry = group->first, *next; entry != NULL; entry = next) {
        next = entry->next;
        if (entry->due_ns > now_ns) continue;
        if (goes_aside(group, entry)) {
            acti_group_park(group, entry);
            continue;
        }
        if (!may_have(entry, consumer)) continue;
        if (chunk != NULL && (chunk->of != entry->chunk || chunk->count == count)) break;
        if (chunk == NULL) chunk = acti_chunk_create(&group->store->environment.allocator, count);
        if (chunk == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to hand out events");
        if (chunk->of == NULL) chunk->of = acta_chunk_ref(entry->chunk);
        chunk->events[chunk->count] = *entry->event;
        chunk->events[chunk->count++].replaying |= entry->from_parked || entry->attempts > 0;
        acti_group_take(entry, consumer);
    }
    *chunk_out = chunk;
    return ACTA_OK;
}

acta_status
acta_consumer_next(
    acta_consumer *consumer, uint32_t count_max, acta_chunk **chunk_out, bool *more_out, acta_error *error)
{
    acta_group *group = consumer->group;
    acta_status status = ACTA_OK;
    bool has_read = false;

    *chunk_out = NULL;
    acti_monitor_enter(&group->lock);
    uint32_t room = consumer->window - consumer->in_hands;
    uint32_t count = count_max < room ? count_max : room;
    consumer->thirsty = false;
    if (group->stopped)
        status = acta_error_set(
            error, ACTA_STOPPED, "group '%s' is stopped: %s", group->subscription->name, group->stop_reason);
    else if (count > 0)
        status = acti_group_feed_replays(group, error);
    if (count > 0) look_at_head(group);
    while (status == ACTA_OK && count > 0) {
        status = hand_out(consumer, count, chunk_out, error);
        if (status != ACTA_OK || *chunk_out != NULL || !may_read(group)) break;
        status = read_more(group, error);
        has_read = true;
    }
    *more_out = *chunk_out != NULL && consumer->in_hands < consumer->window;
    consumer->thirsty = status == ACTA_OK && count > 0 && *chunk_out == NULL;
    acti_monitor_leave(&group->lock);
    if (has_read && *chunk_out != NULL) acti_group_wake(group); /* what was read may be for others too */
    return status;
}

/* -- acknowledging -- */

/* The entry at this position if it is in the consumer's hands. */
static acti_group_entry *
find_held(const acta_consumer *consumer, uint64_t position)
{
    acti_group_entry *entry = acti_group_find(consumer->group, position);
    return entry != NULL && entry->holder == consumer ? entry : NULL;
}

static acta_status
done_with(acta_group *group, acti_group_entry *entry)
{
    uint64_t position = entry->event->position;

    if (entry->from_parked) return acti_group_unpark(group, entry, NULL);
    acti_group_entry_free(group, entry);
    acti_group_settle(group, position);
    return ACTA_OK;
}

acta_status
acta_consumer_ack_many(acta_consumer *consumer, const uint64_t *positions, uint32_t count)
{
    acta_group *group = consumer->group;
    acta_status status = ACTA_OK;

    acti_monitor_enter(&group->lock);
    for (uint32_t i = 0; i < count && status == ACTA_OK; i++) {
        if (find_held(consumer, positions[i]) == NULL) status = ACTA_INVALID;
    }
    for (uint32_t i = 0; i < count && status == ACTA_OK; i++) {
        acti_group_entry *entry = find_held(consumer, positions[i]); /* NULL: it is there twice */
        if (entry != NULL) status = done_with(group, entry);
    }
    acti_monitor_leave(&group->lock);
    acti_group_wake(group);
    return status;
}

acta_status
acta_consumer_ack(acta_consumer *consumer, uint64_t position)
{
    return acta_consumer_ack_many(consumer, &position, 1);
}

acta_status
acta_consumer_ack_up_to(acta_consumer *consumer, uint64_t position)
{
    acta_group *group = consumer->group;
    acta_status status = ACTA_OK;

    acti_monitor_enter(&group->lock);
    for (uint32_t i = 0; i < ACTI_GROUP_BUCKETS; i++) {
        for (acti_group_entry *entry = group->entries[i], *next; entry != NULL && status == ACTA_OK; entry = next) {
            next = entry->bucket_next;
            if (entry->holder == consumer && entry->event->position <= position) status = done_with(group, entry);
        }
    }
    acti_monitor_leave(&group->lock);
    acti_group_wake(group);
    return status;
}

/* -- giving back -- */

static uint64_t
backoff_ns(const acta_group *group, uint32_t attempts)
{
    uint64_t ms = group->backoff_ms;

    for (uint32_t i = 1; i < attempts && ms < ACTA_GROUP_BACKOFF_MS_MAX; i++)
        ms *= 2;
    return (ms < ACTA_GROUP_BACKOFF_MS_MAX ? ms : ACTA_GROUP_BACKOFF_MS_MAX) * UINT64_C(1000000);
}

static void
retry(acta_group *group, acti_group_entry *entry)
{
    if (entry->attempts > group->retry_max)
        acti_group_park(group, entry);
    else
        entry->due_ns = acti_now_ns(group->store) + backoff_ns(group, entry->attempts);
}

static void
stop(acta_group *group, const acti_group_entry *entry)
{
    group->stopped = true;
    group->stopped_us = acti_wall_us(group->store);
    snprintf(group->stop_reason, sizeof group->stop_reason, "position %" PRIu64 ": %.150s", entry->event->position,
        entry->reason != NULL ? entry->reason : "");
}

static acta_status
give_back(acta_group *group, acti_group_entry *entry, acta_nack how)
{
    if (how == ACTA_NACK_SKIP) {
        acta_log_event(&group->store->environment, ACTA_LOG_WARNING, "group.skips",
            ACTA_LOG_FIELDS(acta_log_text("group", acta_str_of(group->subscription->name)),
                acta_log_number("position", entry->event->position),
                acta_log_text("error", acta_str_of(entry->reason != NULL ? entry->reason : ""))),
            "group '%s' skips the event at position %" PRIu64 ": %s", group->subscription->name, entry->event->position,
            entry->reason != NULL ? entry->reason : "");
        return done_with(group, entry);
    }
    acti_group_recall(group, entry);
    if (how == ACTA_NACK_STOP) {
        stop(group, entry);
        return ACTA_OK;
    }
    entry->attempts++;
    if (how == ACTA_NACK_PARK)
        acti_group_park(group, entry);
    else
        retry(group, entry);
    return ACTA_OK;
}

acta_status
acta_consumer_nack(acta_consumer *consumer, uint64_t position, acta_nack how, acta_str reason)
{
    acta_group *group = consumer->group;
    acta_status status = ACTA_INVALID;

    acti_monitor_enter(&group->lock);
    acti_group_entry *entry = find_held(consumer, position);
    if (entry != NULL && (unsigned)how <= ACTA_NACK_STOP) {
        status = ACTA_NO_MEMORY;
        if (acti_group_set_reason(group, entry, reason)) status = give_back(group, entry, how);
    }
    acti_monitor_leave(&group->lock);
    acti_group_wake(group);
    return status;
}

uint32_t
acta_consumer_attempts(acta_consumer *consumer, uint64_t position)
{
    acti_monitor_enter(&consumer->group->lock);
    const acti_group_entry *entry = find_held(consumer, position);
    uint32_t attempts = entry != NULL ? entry->attempts : 0;
    acti_monitor_leave(&consumer->group->lock);
    return attempts;
}
