/*
 * Reader: the work on one item, and what became of it.
 *
 *     open --> keys --> for each: aside already? --yes--> behind it
 *      |        |             |
 *      |        |             +--no--> work --DONE-----> pass
 *      |        |                        |---PENDING--> the kind tells later (acti_reader_worked)
 *      +--------+--- FAILED -------------+---FAILED---> judged: aside, skipped, or all stands still
 *
 * An item that was set aside goes the same way, by acti_reader_try_aside.
 *
 * Not here: which item is next (reader.c), the rows of what is aside (reader_aside.c).
 */
#include "personal.h"
#include "reader.h"

/* What became of the event will be durable with the batch, or is done for good. */
static void
pass(acti_reader_actor *r, uint64_t position, bool with_batch)
{
    bool was_split;

    if (!acti_split_is_last(r, position, &was_split)) return;
    if (with_batch || was_split) /* another key's row may be in the batch */
        acti_batch_done(r, position);
    else
        acti_batch_ack(r, position);
}

/* What is to become of one that failed. One that waits for others is nobody's to decide on, nor is one that was decided on
 * before. */
static void
judge(acti_reader_actor *r, const acti_item *item, acta_str key, acti_work *how, const acta_error *why)
{
    const acti_reader_kind *kind = r->reader->kind;

    r->verdict = (acti_verdict){ .action = ACTI_VERDICT_RETRY };
    if (*how != ACTI_WORK_FAILED || kind->failed == NULL || why->status == ACTA_PARKED || r->is_again) return;
    r->verdict = kind->failed(r, item, key, (item->aside != NULL ? item->aside->attempts : 0) + 1, why);
    if (r->verdict.action == ACTI_VERDICT_SKIP) *how = ACTI_WORK_DONE;
}

/* Relaxed, both: only its actor writes it, and who reads it wants no order. */
static void
count_handled(acti_reader *reader)
{
    uint64_t handled = atomic_load_explicit(&reader->handled, memory_order_relaxed);
    atomic_store_explicit(&reader->handled, handled + 1, memory_order_relaxed);
}

void
acti_reader_worked(acti_reader_actor *r, const acti_item *item, acta_str key, acti_work how, const acta_error *why)
{
    uint64_t position = item->recorded.position;
    acta_error error;
    acta_status status = ACTA_OK;

    if (how == ACTI_WORK_PENDING) {
        r->pending_count++;
        return;
    }
    /* Commands have got in front of it: it is tried again behind them. */
    if (item->aside != NULL && acti_aside_first(item->aside) != position) return;
    if (how == ACTI_WORK_DONE && key.data != NULL) count_handled(r->reader);
    judge(r, item, key, &how, why);
    r->failing = how == ACTI_WORK_FAILED ? item : NULL;
    if (item->aside != NULL && how == ACTI_WORK_DONE)
        status = acti_aside_done(r, item->aside, &error);
    else if (item->aside != NULL)
        acti_aside_failed(r, item->aside, why);
    else if (how == ACTI_WORK_FAILED) {
        status = acti_aside_add(r, key, position, why, &error);
        if (status == ACTA_OK) pass(r, position, true);
    } else
        pass(r, position, r->reader->kind->transactional);
    r->failing = NULL;
    r->has_crashed = false;
    if (status != ACTA_OK) acta_fail(r->self, "%s", error.text);
}

bool
acti_reader_hold(acti_reader_actor *r, acti_item *item, acta_str key, const acta_error *why)
{
    acta_error error;

    if (item->aside != NULL || acti_aside_find(r, key) != NULL) return false;
    ACTA_SOMETIMES(&r->app->environment, "reader.holds.up.a.key");
    if (acti_aside_hold(r, key, item->recorded.position, why, &item->aside, &error) != ACTA_OK)
        acta_fail(r->self, "%s", error.text);
    pass(r, item->recorded.position, true);
    return true;
}

/* What is personal in it is opened; it lies in a memory of the reader then, until the next event. */
static acta_status
open_payload(acti_reader_actor *r, const acta_table *table, acti_item *item, acta_error *error)
{
    acti_reader *reader = r->reader;
    if (!acta_table_is_marked(table, ACTA_MARK_PERSONAL)) return ACTA_OK;

    if (reader->opened == NULL) reader->opened = acta_memory_create(&r->app->environment.allocator);
    if (reader->opened == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to open an event");
    acta_memory_clear(reader->opened);
    item->chunk = NULL; /* a copy of it copies all of it */
    return acti_personal_open(r->app, table, item->recorded.payload, reader->opened, &item->recorded.payload, error);
}

/* A buffer of another version of the schema is looked at before it is read. */
acta_status
acti_reader_open_item(acti_reader_actor *r, acti_item *item, acta_error *error)
{
    const acta_table *table = r->reader->events[item->event];
    acta_status status = ACTA_OK;

    if (item->recorded.schema_hash != table->schema_hash) status = table->verify(item->recorded.payload, error);
    if (status == ACTA_OK) status = open_payload(r, table, item, error);
    if (status != ACTA_OK)
        acta_error_prefix(error, status, "position %" PRIu64 ", '%s': ", item->recorded.position, table->name);
    return status;
}

/* Did the last life of this actor end on this event? That counts as its failure. */
static bool
has_crashed(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    if (item->recorded.position != r->crashed_at) return false;
    r->crashed_at = 0;
    r->has_crashed = true;
    acta_error_set(error, ACTA_FAILED, "it made reader '%s' fail", r->reader->name);
    return true;
}

static acti_work
work_on(acti_reader_actor *r, const acti_item *item, acta_str key, acta_error *error)
{
    if (has_crashed(r, item, error)) return ACTI_WORK_FAILED;
    r->reader->handling = item->recorded.position;
    acti_work how = r->reader->kind->work(r, item, key, error);
    r->reader->handling = 0;
    return how;
}

/* Into r->keys. What the user's functions do wrong here is a failure of the event, too. */
static acta_status
find_keys(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    if (r->reader->kind->keys == NULL) return acti_keys_collect(r, item, error);
    if (has_crashed(r, item, error)) return ACTA_FAILED;
    r->reader->handling = item->recorded.position;
    acta_status status = acti_keys_collect(r, item, error);
    r->reader->handling = 0;
    return status;
}

/* One that fails while others of its key are in work does so behind them. */
static void
worked_fresh(acti_reader_actor *r, const acti_item *item, acta_str key, acti_work how, const acta_error *why)
{
    const acti_reader_kind *kind = r->reader->kind;

    if (how == ACTI_WORK_FAILED && kind->fails_later != NULL && acti_aside_find(r, key) == NULL &&
        kind->fails_later(r, item, key, why))
        how = ACTI_WORK_PENDING;
    acti_reader_worked(r, item, key, how, why);
}

/* Absent: it is for nobody. */
static void
work_on_key(acti_reader_actor *r, const acti_item *item, acta_str key)
{
    const acti_aside *aside = key.data != NULL ? acti_aside_find(r, key) : NULL;
    acti_work how = ACTI_WORK_FAILED;
    acta_error error;

    if (key.data == NULL || (aside != NULL && acti_aside_covers(aside, item->recorded.position)))
        how = ACTI_WORK_DONE;
    else if (aside != NULL && !ACTA_PLANT("overtakes_aside"))
        acta_error_set(&error, ACTA_PARKED, "an earlier event of its key waits");
    else if (item->recorded.position != r->crashed_at && acti_aside_was(r, key, item->recorded.position)) {
        r->is_again = true;
        acta_error_set(&error, ACTA_FAILED, "it failed before");
    } else
        how = work_on(r, item, key, &error);
    worked_fresh(r, item, key, how, &error);
    r->is_again = false;
}

/*
 * It could not be found out whose it is. What may pass is waited for, where that is not the stream's: those whose event it is
 * must not get their later ones before it, and nobody knows who they are.
 */
static void
is_unrouted(acti_reader_actor *r, const acti_item *item, const acta_error *why)
{
    bool may_pass = why->status == ACTA_NO_MEMORY || why->status == ACTA_IO;

    if (r->reader->kind->keys != NULL && may_pass) {
        ACTA_SOMETIMES(&r->app->environment, "reader.routes.later");
        acti_reader_nap(r, why->text);
        r->stays = true;
    } else
        worked_fresh(r, item, item->recorded.stream, ACTI_WORK_FAILED, why);
}

/* All of its keys, or nobody. */
static void
work_on_keys(acti_reader_actor *r, const acti_item *item)
{
    acta_error error;
    acta_status status = find_keys(r, item, &error);
    uint32_t count = r->keys.count;

    if (status == ACTA_OK && count > 1 && !acti_split_add(r, item->recorded.position, count))
        status = acta_error_set(&error, ACTA_NO_MEMORY, "no memory for an event that goes to several");
    if (status != ACTA_OK) {
        is_unrouted(r, item, &error);
        return;
    }
    if (count == 0) work_on_key(r, item, acta_str_from(NULL, 0));
    for (uint32_t i = 0; i < count; i++)
        work_on_key(r, item, r->keys.list[i]);
}

static void
work_on_old(acti_reader_actor *r, const acti_item *item)
{
    acti_upcasted upcasted;
    acta_error error;

    acta_status status = acti_upcast(r->app, &r->allocator, &item->recorded, item->old, &upcasted, &error);
    r->upcasted = &upcasted;
    if (status == ACTA_OK)
        work_on_keys(r, item);
    else
        is_unrouted(r, item, &error);
    r->upcasted = NULL;
    acti_upcasted_deinit(&upcasted);
}

void
acti_reader_work_on(acti_reader_actor *r, acti_item *item)
{
    acta_error error;
    uint64_t before = r->worked_position;

    r->worked_position = item->recorded.position;
    if (item->old != 0)
        work_on_old(r, item);
    else if (acti_reader_open_item(r, item, &error) != ACTA_OK)
        is_unrouted(r, item, &error);
    else if (r->reader->kind->keys != NULL)
        work_on_keys(r, item);
    else
        work_on_key(r, item, acti_reader_key(r, item));
    /* What is set aside in the name of commands meanwhile must not cover an event that is still to come. */
    if (r->stays) r->worked_position = before;
}

/* It was set aside before it could be routed, and now it can: it waits as an event of each of those that it goes to, which
 * takes the place of what is aside in the same batch. */
static void
hand_over(acti_reader_actor *r, const acti_item *item)
{
    acta_error error, why;
    acta_status status = ACTA_OK;

    acta_error_set(&why, ACTA_PARKED, "an earlier event of an instance that it goes to waits");
    for (uint32_t i = 0; i < r->keys.count; i++) {
        if (acti_aside_find(r, r->keys.list[i]) == NULL) continue;
        acti_aside_failed(r, item->aside, &why);
        return;
    }
    ACTA_SOMETIMES(&r->app->environment, "reader.routed.at.last");
    acta_error_set(&why, ACTA_FAILED, "it could be routed at last");
    for (uint32_t i = 0; i < r->keys.count && status == ACTA_OK; i++)
        status = acti_aside_add(r, r->keys.list[i], item->recorded.position, &why, &error);
    if (status == ACTA_OK) status = acti_aside_done(r, item->aside, &error);
    if (status != ACTA_OK) acta_fail(r->self, "%s", error.text);
}

static void
try_readable(acti_reader_actor *r, const acti_item *item)
{
    acti_work how = ACTI_WORK_FAILED;
    acta_error error;
    acta_str key = item->recorded.stream;

    acta_status status = find_keys(r, item, &error);
    bool is_found = status == ACTA_OK && acti_keys_find_aside(r, item->aside, &key);
    bool is_unrouted = acti_aside_find(r, item->recorded.stream) == item->aside;
    if (status == ACTA_OK && !is_found && r->keys.count > 0 && is_unrouted) {
        hand_over(r, item);
        return;
    }
    if (status == ACTA_OK) how = is_found ? work_on(r, item, key, &error) : ACTI_WORK_DONE;
    /* Nobody is asked: a batch was stored that ended it, after which it may have died with commands not yet asked for. */
    if (how == ACTI_WORK_DONE && !is_unrouted && r->reader->kind->resume != NULL &&
        r->reader->kind->resume(r, acta_str_from(item->aside->key, item->aside->key_size), &error) != ACTA_OK)
        how = ACTI_WORK_FAILED;
    acti_reader_worked(r, item, key, how, &error);
}

static void
try_item(acti_reader_actor *r, const acti_item *given)
{
    acti_item opened = *given, *item = &opened;
    acti_upcasted upcasted = { .memory = NULL };
    acta_error error;

    acta_status status = item->old != 0
                             ? acti_upcast(r->app, &r->allocator, &item->recorded, item->old, &upcasted, &error)
                             : acti_reader_open_item(r, item, &error);
    r->upcasted = item->old != 0 ? &upcasted : NULL;
    if (status == ACTA_OK)
        try_readable(r, item);
    else
        acti_reader_worked(r, item, item->recorded.stream, ACTI_WORK_FAILED, &error);
    r->upcasted = NULL;
    acti_upcasted_deinit(&upcasted);
}

void
acti_reader_try_aside(acti_reader_actor *r, acti_aside *aside)
{
    acti_reader *reader = r->reader;
    acta_error error;

    if (aside->by_commands) {
        acta_str key = acta_str_from(aside->key, aside->key_size);
        if (reader->kind->resume(r, key, &error) != ACTA_OK) acti_aside_failed(r, aside, &error);
        return;
    }
    acta_status status = acti_aside_read(r, aside, acti_aside_first(aside), &reader->item, &error);
    if (status == ACTA_OK)
        try_item(r, reader->item);
    else
        acti_aside_failed(r, aside, &error);
    acti_item_destroy(r->app, reader->item);
    reader->item = NULL;
}
