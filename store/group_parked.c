/*
 * Consumer group: what is parked.
 *
 *     entry --park--> row on its way --durable--> the subscription is told: the checkpoint may pass it
 *     row --replay--> entry --acknowledged--> deletion on its way --durable--> gone; the key's next one
 *
 * What becomes of a row is told by the transaction itself, by the group's name: a group that was closed meanwhile isn't
 * there any more, and the next one of the name begins behind all that this one submitted.
 */
#include <inttypes.h>

#include "group_parts.h"

typedef struct on_way {
    acta_store *store;
    uint64_t position;
    bool park;
    char name[ACTA_SUBSCRIPTION_NAME_MAX + 1];
} on_way;

bool
acti_group_key_is_parked(const acti_group_key *key)
{
    return !key->is_none && key->parked_count > 0;
}

static acta_str
text_of(const acti_group_key *key)
{
    return acta_str_from(key->text, key->size);
}

/* -- rows on their way -- */

/* Under the lock: the row is there, or gone. */
static void
arrived(acta_group *group, const on_way *what)
{
    acti_group_entry *entry = acti_group_find(group, what->position);

    if (entry == NULL || !entry->on_way) return;
    bool tell = !entry->from_parked;
    if (!what->park) acti_group_key_remove_parked(group, entry->key, what->position);
    acti_group_entry_free(group, entry);
    if (tell) acti_group_settle(group, what->position);
}

static void
row_done(void *user, const acta_commit_result *result)
{
    const on_way *what = user;
    acta_subscription *subscription;

    if (result->status != ACTA_OK) return; /* the store refuses writes from here on: nothing goes on */
    subscription = acti_subscription_hold(what->store, what->name);
    if (subscription == NULL) return;
    acta_group *group = acti_subscription_group(subscription);
    if (group != NULL) {
        acti_monitor_enter(&group->lock);
        arrived(group, what);
        acti_monitor_leave(&group->lock);
        acti_group_wake(group);
    }
    acti_subscription_release(subscription);
}

static acta_status
submit(acta_group *group, acta_transaction *transaction, uint64_t position, bool park, acta_error *error)
{
    on_way *what = acti_transaction_room(transaction, sizeof *what);

    if (what != NULL) {
        what->store = group->store;
        what->position = position;
        what->park = park;
        memcpy(what->name, group->subscription->name, sizeof what->name);
    }
    return acta_store_submit(group->store, transaction, row_done, what, error); /* without room it fails */
}

/* -- parking -- */

static acta_status
submit_row(acta_group *group, const acti_group_entry *entry, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(group->store);
    const acta_parked row = { .key = text_of(entry->key),
        .position = entry->event->position,
        .attempts = entry->attempts,
        .parked_at_us = acti_wall_us(group->store),
        .reason = acta_str_of(entry->reason != NULL ? entry->reason : "an earlier event of its key is parked") };

    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to park an event");
    acta_transaction_park(transaction, group->subscription->name, &row);
    return submit(group, transaction, row.position, true, error);
}

/* The store is busy, or there is no memory: once more after a while. */
static void
park_later(acta_group *group, acti_group_entry *entry)
{
    entry->to_park = true;
    entry->due_ns = acti_now_ns(group->store) + group->backoff_ms * UINT64_C(1000000);
}

void
acti_group_park(acta_group *group, acti_group_entry *entry)
{
    uint64_t position = entry->event->position;
    acta_error error;

    if (!acti_group_key_add_parked(group, entry->key, position)) {
        park_later(group, entry);
        return;
    }
    if (submit_row(group, entry, &error) != ACTA_OK) {
        if (!entry->from_parked) acti_group_key_remove_parked(group, entry->key, position);
        park_later(group, entry);
        return;
    }
    acti_group_unwait(group, entry);
    entry->on_way = true;
    entry->to_park = false;
    if (entry->from_parked) entry->key->replaying = false;
    if (entry->reason != NULL)
        acta_log_event(&group->store->environment, ACTA_LOG_ERROR, "group.parks",
            ACTA_LOG_FIELDS(acta_log_text("group", acta_str_of(group->subscription->name)),
                acta_log_number("position", position), acta_log_number("attempts", entry->attempts),
                acta_log_text("error", acta_str_of(entry->reason))),
            "group '%s' parks the event at position %" PRIu64 " after %" PRIu32 " attempts: %s",
            group->subscription->name, position, entry->attempts, entry->reason);
}

acta_status
acti_group_unpark(acta_group *group, acti_group_entry *entry, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(group->store);

    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to unpark an event");
    acta_transaction_unpark(transaction, group->subscription->name, text_of(entry->key), entry->event->position);
    acta_status status = submit(group, transaction, entry->event->position, false, error);
    if (status != ACTA_OK) return status;
    acti_group_detach(entry);
    entry->on_way = true;
    return ACTA_OK;
}

acta_status
acti_group_load_parked(acta_group *group, acta_error *error)
{
    acta_parked_cursor *cursor;
    acta_parked row;
    acta_status status = acta_parked_cursor_open(group->store, group->subscription->name, &cursor, error);

    if (status != ACTA_OK) return status;
    while ((status = acta_parked_cursor_next(cursor, &row, error)) == ACTA_OK) {
        acti_group_key *key = acti_group_key_get(group, row.key, true);
        if (key == NULL || !acti_group_key_add_parked(group, key, row.position)) {
            status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for what is parked");
            break;
        }
    }
    acta_parked_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* -- replaying -- */

/* The event at a position in a chunk of its own; one that was removed meanwhile is given as the stub that it is. */
static acta_status
read_event(acta_group *group, uint64_t position, acta_chunk **chunk_out, acta_error *error)
{
    const acta_read read = { .from = position, .count_max = 1 };
    acta_chunk *chunk = acti_chunk_create(&group->store->environment.allocator, 1);
    acta_cursor *cursor;
    size_t used = 0;

    if (chunk == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a parked event");
    acta_status status = acta_cursor_open(group->store, &read, &cursor, error);
    if (status == ACTA_OK) {
        status = acta_cursor_next(cursor, &chunk->events[0], error);
        if (status == ACTA_OK && !acti_chunk_own(chunk, &chunk->events[0], &used))
            status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for a parked event");
        acta_cursor_close(cursor);
    }
    if (status != ACTA_OK) {
        acta_chunk_unref(chunk);
        return status;
    }
    chunk->count = 1;
    *chunk_out = chunk;
    return ACTA_OK;
}

/* Give up a row: nothing waits for it. */
static acta_status
drop_row(acta_group *group, acti_group_key *key, uint64_t position, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(group->store);

    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to drop a parked event");
    acta_transaction_unpark(transaction, group->subscription->name, text_of(key), position);
    acta_status status = acta_store_submit(group->store, transaction, NULL, NULL, error);
    if (status == ACTA_OK) acti_group_key_remove_parked(group, key, position);
    return status;
}

static acta_status
feed_key(acta_group *group, acti_group_key *key, acta_error *error)
{
    while (key->replaying && key->parked_count > 0 && acti_group_find(group, key->parked[0]) == NULL) {
        acta_chunk *chunk = NULL;
        acta_status status = read_event(group, key->parked[0], &chunk, error);
        if (status != ACTA_OK) return status;
        if (chunk->events[0].kind == ACTA_RECORD_STUB) {
            status = drop_row(group, key, key->parked[0], error);
            acta_chunk_unref(chunk);
            if (status != ACTA_OK) return status;
            continue;
        }
        acti_group_entry *entry = acti_group_entry_add(group, text_of(key), chunk, &chunk->events[0]);
        acta_chunk_unref(chunk);
        if (entry == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a parked event");
        entry->from_parked = true;
    }
    return ACTA_OK;
}

acta_status
acti_group_feed_replays(acta_group *group, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (acti_group_key *key = group->parked_first, *next; key != NULL && status == ACTA_OK; key = next) {
        next = key->next;
        if (key->replaying) status = feed_key(group, key, error);
        acti_group_key_let_go(group, key);
    }
    return status;
}

acta_status
acta_group_replay(acta_group *group, acta_str key_text, uint64_t *count_out, acta_error *error)
{
    uint64_t count = 0;

    acti_monitor_enter(&group->lock);
    acti_group_key *only = key_text.data != NULL ? acti_group_key_get(group, key_text, false) : NULL;
    for (acti_group_key *key = group->parked_first; key != NULL; key = key->next) {
        if ((key_text.data != NULL && key != only) || key->parked_count == 0) continue;
        key->replaying = true;
        count += key->parked_count;
    }
    if (count > 0) group->may_have_more = true;
    acti_monitor_leave(&group->lock);
    if (count_out != NULL) *count_out = count;
    if (count == 0) return acta_error_set(error, ACTA_NOT_FOUND, "nothing is parked there");
    acti_group_wake(group);
    return ACTA_OK;
}

acta_status
acta_group_drop_parked(acta_group *group, uint64_t position, acta_error *error)
{
    acta_status status = acta_error_set(error, ACTA_NOT_FOUND, "position %" PRIu64 " isn't parked", position);

    acti_monitor_enter(&group->lock);
    acti_group_key *key = group->parked_first;
    while (key != NULL && !acti_group_key_has_parked(key, position))
        key = key->next;
    if (key != NULL && acti_group_find(group, position) != NULL)
        status = acta_error_set(error, ACTA_IN_USE, "position %" PRIu64 " is being delivered, or parked", position);
    else if (key != NULL) {
        status = drop_row(group, key, position, error);
        acti_group_key_let_go(group, key);
    }
    acti_monitor_leave(&group->lock);
    acti_group_wake(group);
    return status;
}
