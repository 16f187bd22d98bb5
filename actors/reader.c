/*
 * Reader: the actor that leads events from the log to whoever works on them.
 *
 *     ready --> next: a chunk --> item by item --> work ---DONE--> ack --------------------------> passed
 *                                    |              |                                              ^
 *                                    |              +--FAILED--> row "parked" --batch, durable--> ack
 *                                    +-- its key has something aside: behind it --^
 *
 * A life of this actor begins behind all that the one before submitted (an empty transaction as a barrier): nothing of it
 * can become durable afterwards and be done twice.
 *
 * Not here: transactions and checkpoints (reader_batch.c), what is set aside and tried again (reader_aside.c), who waits
 * for a position (reader_wait.c).
 */
#include "reader.h"

#include "personal.h"

enum {
    TAKE_MAX = 64,     /* events from the subscription at once */
    STEPS_AT_ONCE = 8, /* then others get their turn */
    ROW_STEPS_AT_ONCE = 64,
    FAR_BEHIND = 8192, /* events: those who wait for a reader don't wait for a batch to become large */
    BARRIER = 0        /* number of the transaction that begins a life */
};

/* -- what may pass, and what not -- */

void
acti_reader_retried(acti_reader_actor *r, const char *why)
{
    acti_reader_set_reason(r->reader, why);
    atomic_fetch_add_explicit(&r->reader->retries, 1, memory_order_relaxed);
}

void
acti_reader_nap(acti_reader_actor *r, const char *why)
{
    acta_ref ref;

    if (r->is_napping) return;
    acti_reader_retried(r, why);
    r->is_napping = true;
    ACTA_SOMETIMES(&r->app->environment, "reader.naps");
    if (acta_send_after(r->self, acti_backoff_ms(r->app, ++r->naps), ACTI_ALARM_NAP, 0, &ref) != ACTA_OK)
        acta_fail(r->self, "%s", why);
}

void
acti_reader_refuse(acti_reader_actor *r, const char *why)
{
    if (r->store_refuses) return;
    r->store_refuses = true;
    ACTA_SOMETIMES(&r->app->environment, "reader.stands.still");
    acti_orders_refuse(r);
    acti_reader_set_reason(r->reader, why);
    if (acti_is_stopping(r->app)) return;
    acta_log_event(&r->app->environment, ACTA_LOG_ERROR, "reader.stands_still",
        ACTA_LOG_FIELDS(
            acta_log_text("reader", acta_str_of(r->reader->name)), acta_log_text("error", acta_str_of(why))),
        "reader '%s' stands still: %s", r->reader->name, why);
}

/* -- working -- */

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
 * before. False: it stays as it is, for everything stands still. */
static bool
judge(acti_reader_actor *r, const acti_item *item, acta_str key, acti_work *how, const acta_error *why)
{
    const acti_reader_kind *kind = r->reader->kind;

    r->verdict = (acti_verdict){ .action = ACTI_VERDICT_RETRY };
    if (*how != ACTI_WORK_FAILED || kind->failed == NULL || why->status == ACTA_PARKED || r->is_again) return true;
    r->verdict = kind->failed(r, item, key, (item->aside != NULL ? item->aside->attempts : 0) + 1, why);
    if (r->verdict.action == ACTI_VERDICT_SKIP) *how = ACTI_WORK_DONE;
    return r->verdict.action != ACTI_VERDICT_STOP;
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
    if (!judge(r, item, key, &how, why)) return;
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

static void
work_on_fresh(acti_reader_actor *r, acti_item *item)
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

/* Once more with the first event of a key that was set aside. */
static void
try_aside(acti_reader_actor *r, acti_aside *aside)
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

/* -- steps -- */

/* Events from the subscription. False: there are none now. */
static bool
take_chunk(acti_reader_actor *r)
{
    const acti_reader_kind *kind = r->reader->kind;
    uint32_t count_max = kind->transactional || kind->whole_window ? r->reader->window : TAKE_MAX;
    acta_error error;

    if (ACTA_SIM_CHANCE(&r->app->environment, "reader.chunk.one", 50)) count_max = 1;
    if (!r->may_have_more || r->aside_count >= ACTI_PARKED_COUNT_MAX || acti_is_stopping(r->app)) return false;
    acta_status status =
        acta_subscription_next(r->subscription, count_max, &r->reader->chunk, &r->may_have_more, &error);
    if (status != ACTA_OK) {
        r->may_have_more = true;
        acti_reader_nap(r, error.text);
        return false;
    }
    r->naps = 0;
    r->chunk_next = 0;
    if (r->reader->chunk == NULL) {
        ACTA_SOMETIMES(&r->app->environment, "reader.ran.dry");
        if (acta_subscription_looked(r->subscription) == acta_store_head(r->app->store)) r->is_live = true;
        return r->may_have_more;
    }
    if (acta_chunk_count(r->reader->chunk) == count_max) r->may_have_more = true; /* it has not run dry yet */
    return true;
}

static void
work_on_next(acti_reader_actor *r)
{
    const acta_recorded *recorded = acta_chunk_at(r->reader->chunk, r->chunk_next++);
    acti_item item = { .chunk = r->reader->chunk, .recorded = *recorded };

    if (acti_item_identify(r->reader, &item))
        work_on_fresh(r, &item);
    else
        acti_reader_worked(r, &item, acta_str_from(NULL, 0), ACTI_WORK_DONE, NULL); /* not asked for */
    if (r->stays) r->chunk_next--;
    r->stays = false;
    if (r->chunk_next < acta_chunk_count(r->reader->chunk)) return;
    acta_chunk_unref(r->reader->chunk);
    r->reader->chunk = NULL;
}

/*
 * A transactional reader is through with a chunk. While it is far behind, or another batch is on its way, that is no batch
 * yet: a row that is written by many of its events is written once. Half of the window is for the other one.
 */
static bool
is_to_grow(const acti_reader_actor *r)
{
    if (r->done.count >= (r->reader->window + 1) / 2) return false;
    return r->is_on_way || acta_store_head(r->app->store) - acta_subscription_looked(r->subscription) > FAR_BEHIND;
}

/* False: there is nothing to do until a message comes. */
static bool
step(acti_reader_actor *r)
{
    const acti_reader_kind *kind = r->reader->kind;

    bool is_told = r->is_halted || r->is_paused || r->reset != NULL;
    if (r->subscription == NULL || r->store_refuses || r->is_napping || is_told) return false;
    if (kind->is_full != NULL && kind->is_full(r)) return false;
    acti_aside *aside = acti_aside_take_due(r);
    if (aside != NULL) {
        try_aside(r, aside);
        return true;
    }
    if (r->reader->chunk != NULL) {
        work_on_next(r);
        return true;
    }
    if (kind->transactional && r->done.count > 0 && !is_to_grow(r)) return false;
    return take_chunk(r);
}

/* Before it looks: from then on it may be told. */
static void
keep_spare_ready(acti_reader_actor *r)
{
    acti_reader *reader = r->reader;

    /* relaxed: only we put one there. */
    if (atomic_load_explicit(&reader->spare_ready, memory_order_relaxed) != NULL) return;
    acta_message *message = acta_message_create(r->app->runtime, ACTI_TAG_READY, 0);
    if (message == NULL) acti_reader_nap(r, "there is no memory to be told of new events");
    atomic_store_explicit(&reader->spare_ready, message, memory_order_release);
}

acta_next
acti_reader_go_on(acti_reader_actor *r)
{
    uint32_t count = r->reader->kind->transactional ? ROW_STEPS_AT_ONCE : STEPS_AT_ONCE;
    bool more = true;

    keep_spare_ready(r);
    if (ACTA_SIM_CHANCE(&r->app->environment, "reader.step.one", 50)) count = 1;
    for (uint32_t i = 0; more && i < count; i++)
        more = step(r);
    if (r->reader->kind->go_on != NULL && !r->is_napping && !r->store_refuses) r->reader->kind->go_on(r);
    if (r->subscription != NULL) {
        if (!more || !r->reader->kind->transactional) acti_batch_flush(r);
        more = acti_reset_go_on(r) || more;
        acti_batch_set_tick(r);
    }
    acti_reader_publish(r);
    acti_waits_answer(r);
    return more ? ACTA_NEXT_CONTINUE : ACTA_NEXT;
}

/* -- a life -- */

/* It is told once, and not again before it has looked: that must not be lost for want of memory. */
static void
on_ready(void *user)
{
    acti_reader *reader = user;
    acta_runtime *runtime = reader->app->runtime;
    acta_pid pid = { atomic_load_explicit(&reader->pid, memory_order_relaxed) }; /* a name only */
    acta_message *message = acta_message_create(runtime, ACTI_TAG_READY, 0);

    /* acq_rel: the message's contents, from who made it. */
    if (message == NULL) message = atomic_exchange_explicit(&reader->spare_ready, NULL, memory_order_acq_rel);
    acta_send(runtime, pid, message);
    if (ACTA_SIM_CHANCE(&reader->app->environment, "reader.woken.twice", 25))
        acta_send(runtime, pid, acta_message_create(runtime, ACTI_TAG_READY, 0));
}

static acta_str
str_of(const char *text)
{
    return text != NULL ? acta_str_of(text) : acta_str_from(NULL, 0);
}

static void
open_subscription(acti_reader_actor *r)
{
    static const acta_str no_types[1];
    acti_reader *reader = r->reader;
    acta_error error;
    acta_subscription_config config = { .name = reader->name,
        .start = reader->start,
        .position = reader->options->start_position,
        .time_us = reader->options->start_time_us,
        .filter = { .types = reader->type_count > 0 ? reader->types : no_types,
            .type_count = reader->type_count,
            .stream = str_of(reader->options->stream),
            .category = str_of(reader->options->category) },
        .window = reader->window,
        .manual_checkpoint = true,
        .ready = on_ready,
        .user = reader };

    acti_reader_let_go(reader); /* of a life that was killed */
    acta_status status = acta_subscription_open(r->app->store, &config, &reader->subscription, &error);
    if (status == ACTA_OK) status = acti_reader_recall(r, &error);
    if (status == ACTA_OK) status = acti_asides_open(r, &error);
    if (status == ACTA_OK && reader->kind->open != NULL) status = reader->kind->open(r, &error);
    if (status != ACTA_OK) {
        acti_reader_set_reason(reader, error.text);
        acta_fail(r->self, "reader '%s': %s", reader->name, error.text);
    }
    r->subscription = reader->subscription;
    r->checkpoint = acta_subscription_start(r->subscription);
    r->may_have_more = true;
}

acta_status
acti_reader_submit_barrier(acti_reader_actor *r, acta_transaction *transaction, acta_error *error)
{
    return acti_submit_for(r->app, transaction, acta_self_pid(r->self), BARRIER, error);
}

/* All that was submitted before is durable, or never will be. */
static acta_next
start(acti_reader_actor *r)
{
    if (r->reader->kind->start == NULL || r->reader->kind->start(r)) open_subscription(r);
    return acti_reader_go_on(r);
}

/* What a kind has to begin with must be there, before the subscription is. */
static void
check_start(acti_reader_actor *r, const acta_commit_result *result)
{
    if (r->reader->kind->start == NULL || result->status == ACTA_OK) return;
    if (result->status == ACTA_NO_MEMORY) acta_fail(r->self, "reader '%s': %s", r->reader->name, result->error.text);
    acti_reader_refuse(r, result->error.text);
}

void
acti_reader_begin_anew(acti_reader_actor *r)
{
    if (r->reader->kind->close != NULL) r->reader->kind->close(r);
    acti_asides_forget(r);
    r->done.count = r->done_on_way.count = 0;
    acti_splits_forget(r);
    r->subscription = NULL;
    r->checkpoint = r->worked_position = 0;
    r->chunk_next = r->pending_count = r->acked_count = 0;
    r->checkpoint_is_due = r->is_live = r->is_halted = r->is_refused = false;
    open_subscription(r);
}

static acta_next
begin(acti_reader_actor *r)
{
    acti_reader *reader = r->reader;
    acta_error error;

    if (reader->handling != 0) {
        r->crashed_at = reader->handling;
        r->crashed_asking = reader->is_asking;
        reader->handling = 0;
        reader->is_asking = false;
    }
    /* Relaxed: who asks because of a message of this life sees it by that. */
    uint32_t lives_before = atomic_fetch_add_explicit(&reader->lives, 1, memory_order_relaxed);
    if (lives_before == 0 || ACTA_PLANT("no_barrier")) return start(r);
    acta_transaction *barrier = acta_transaction_create(r->app->store);
    acta_status status = acti_reader_submit_barrier(r, barrier, &error);
    if (status == ACTA_READ_ONLY) return start(r); /* nothing of the last life can become durable any more */
    if (status != ACTA_OK) acta_fail(r->self, "reader '%s': %s", reader->name, error.text);
    return ACTA_NEXT;
}

static acta_next
committed(acti_reader_actor *r, const acti_committed *what)
{
    if (what->number == BARRIER) {
        ACTA_SOMETIMES(&r->app->environment, "reader.began.behind.barrier");
        check_start(r, &what->result);
        return r->store_refuses ? acti_reader_go_on(r) : start(r);
    }
    if (!acti_reset_committed(r, what)) acti_batch_committed(r, what);
    return acti_reader_go_on(r);
}

static acta_status
reader_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    acti_reader_actor *r = state;
    acta_memory *memory = acta_self_memory(self);

    r->reader = *(acti_reader *const *)argument;
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to start reader '%s'", r->reader->name);
    r->app = r->reader->app;
    r->self = self;
    r->allocator = acti_allocator_over(memory);
    acti_map_init(&r->asides, &r->allocator, r->app->hash_seed);
    r->kind_state = acta_alloc(self, r->reader->kind->state_size);
    atomic_store_explicit(&r->reader->pid, acta_self_pid(self).value, memory_order_relaxed); /* a name only */
    acta_message *message = acta_message_create(r->app->runtime, ACTI_TAG_BEGIN, 0);
    acta_status status = acta_send(r->app->runtime, acta_self_pid(self), message);
    if (status == ACTA_OK && r->kind_state != NULL) return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory to start reader '%s'", r->reader->name);
}

static acta_next
reader_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    acti_reader_actor *r = state;
    (void)self;

    if (message->tag == ACTI_TAG_ORDER)
        acti_orders_take(r, from, message);
    else if (message->tag == ACTI_TAG_WATCH && r->reader->kind->look != NULL)
        r->reader->kind->look(r, from, message);
    else
        acti_waits_add(r, from, message);
    return acti_reader_go_on(r);
}

static acta_next
reader_cast(acta_self *self, void *state, acta_message *message)
{
    acti_reader_actor *r = state;
    (void)self;

    switch (message->tag) {
    case ACTI_TAG_BEGIN:
        return begin(r);
    case ACTI_TAG_READY:
        r->may_have_more = true;
        return acti_reader_go_on(r);
    case ACTI_TAG_COMMITTED:
        return committed(r, message->payload);
    default:
        return r->reader->kind->cast != NULL ? r->reader->kind->cast(r, message) : ACTA_NEXT;
    }
}

static void
end_nap(acti_reader_actor *r)
{
    r->is_napping = false;
    if (r->is_refused) acti_reader_begin_anew(r);
}

static acta_next
reader_info(acta_self *self, void *state, const acta_info *info)
{
    acti_reader_actor *r = state;
    (void)self;

    if (info->kind == ACTA_INFO_TIMER) {
        if (info->tag == ACTI_ALARM_NAP) end_nap(r);
        if (info->tag == ACTI_ALARM_TICK) acti_batch_tick(r);
        if (info->tag == ACTI_ALARM_RETRY) acti_aside_due(r, (acti_aside *)(uintptr_t)info->user);
        if (info->tag == ACTI_ALARM_FLUSH) return r->reader->kind->info(r, info);
        return acti_reader_go_on(r);
    }
    return r->reader->kind->info != NULL ? r->reader->kind->info(r, info) : ACTA_NEXT;
}

static acta_next
reader_continue(acta_self *self, void *state)
{
    (void)self;
    return acti_reader_go_on(state);
}

static void
reader_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    acti_reader_actor *r = state;
    (void)self;
    (void)reason;

    if (r->subscription != NULL) acti_batch_last(r);
    acti_reader_let_go(r->reader);
}

/* Also when it was killed: what the kind has in hand lies outside of the actor's memory in part. */
static void
reader_release(void *state)
{
    acti_reader_actor *r = state;

    if (r->kind_state != NULL && r->reader->kind->close != NULL) r->reader->kind->close(r);
}

static const acta_behaviour reader_behaviour = {
    .name = "reader",
    .state_size = sizeof(acti_reader_actor),
    .init = reader_init,
    .handle_call = reader_call,
    .handle_cast = reader_cast,
    .handle_info = reader_info,
    .handle_continue = reader_continue,
    .terminate = reader_terminate,
    .release = reader_release,
};

acta_child_spec
acti_reader_spec(acti_reader *reader)
{
    return (acta_child_spec){ .id = reader->name,
        .start = { .behaviour = &reader_behaviour,
            .argument = &reader->self,
            .name = acta_str_of(reader->actor_name),
            .mailbox_count_max = UINT32_MAX } };
}
