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
    acti_reader_set_reason(r->reader, why);
    if (acti_is_stopping(r->app)) return;
    acta_log_write(&r->app->environment, ACTA_LOG_ERROR, "reader '%s' stands still: %s", r->reader->name, why);
}

/* -- old events that became several, of several keys -- */

typedef struct acti_split {
    struct acti_split *next;
    uint64_t position;
    uint32_t left; /* keys that are not done with it */
} acti_split;

static bool
add_split(acti_reader_actor *r, uint64_t position, uint32_t count)
{
    acti_split *split = acta_alloc(r->self, sizeof *split);

    if (split == NULL) return false;
    *split = (acti_split){ .next = r->splits, .position = position, .left = count };
    r->splits = split;
    return true;
}

/* One key is done with the event. True: it was the last one, or there is only one. */
static bool
is_last_key(acti_reader_actor *r, uint64_t position, bool *was_split_out)
{
    acti_split **at = &r->splits;

    while (*at != NULL && (*at)->position != position)
        at = &(*at)->next;
    acti_split *split = *at;
    *was_split_out = split != NULL;
    if (split == NULL) return true;
    if (--split->left > 0) return false;
    *at = split->next;
    acta_free(r->self, split);
    return true;
}

/* What became of the event will be durable with the batch, or is done for good. */
static void
pass(acti_reader_actor *r, uint64_t position, bool with_batch)
{
    bool was_split;

    if (!is_last_key(r, position, &was_split)) return;
    if (with_batch || was_split) /* another key's row may be in the batch */
        acti_batch_done(r, position);
    else
        acti_batch_ack(r, position);
}

/* -- working -- */

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
    if (item->aside != NULL && how == ACTI_WORK_DONE)
        status = acti_aside_done(r, item->aside, &error);
    else if (item->aside != NULL)
        acti_aside_failed(r, item->aside, why);
    else if (how == ACTI_WORK_FAILED) {
        status = acti_aside_add(r, key, position, why, &error);
        if (status == ACTA_OK) pass(r, position, true);
    } else
        pass(r, position, r->reader->kind->transactional);
    if (status != ACTA_OK) acta_fail(r->self, "%s", error.text);
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
static acta_status
check_payload(acti_reader_actor *r, acti_item *item, acta_error *error)
{
    const acta_table *table = r->reader->events[item->event];
    acta_status status = ACTA_OK;

    if (item->recorded.schema_hash != table->schema_hash) status = table->verify(item->recorded.payload, error);
    if (status == ACTA_OK) status = open_payload(r, table, item, error);
    if (status != ACTA_OK)
        acta_error_prefix(error, status, "position %" PRIu64 ", '%s': ", item->recorded.position, table->name);
    return status;
}

static acta_str
key_of(acti_reader_actor *r, const acti_item *item)
{
    return r->reader->kind->key != NULL ? r->reader->kind->key(r, item) : item->recorded.stream;
}

static acti_work
work_on(acti_reader_actor *r, const acti_item *item, acta_str key, acta_error *error)
{
    acti_reader *reader = r->reader;

    if (item->recorded.position == r->crashed_at) {
        if (item->aside != NULL) item->aside->attempts = r->crashed_attempts;
        r->crashed_at = 0;
        acta_error_set(error, ACTA_FAILED, "it made reader '%s' fail", reader->name);
        return ACTI_WORK_FAILED;
    }
    reader->handling = item->recorded.position;
    reader->handling_attempts = item->aside != NULL ? item->aside->attempts : 0;
    acti_work how = reader->kind->work(r, item, key, error);
    reader->handling = 0;
    return how;
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
    else
        how = work_on(r, item, key, &error);
    acti_reader_worked(r, item, key, how, &error);
}

/* The keys of what an old event has become, each once. */
typedef struct acti_key_list {
    acta_str *keys;
    uint32_t count;
} acti_key_list;

static acta_status
add_key(acti_reader_actor *r, const acti_item *item, acta_error *error)
{
    acti_key_list *list = r->old_keys;
    acta_str key = key_of(r, item);
    (void)error;

    for (uint32_t i = 0; i < list->count; i++)
        if (acta_str_equal(list->keys[i], key)) return ACTA_OK;
    if (key.data != NULL) list->keys[list->count++] = key;
    return ACTA_OK;
}

static acta_status
old_keys(acti_reader_actor *r, const acti_item *item, acti_key_list *list, acta_error *error)
{
    *list = (acti_key_list){ .keys = acta_memory_alloc(
                                 r->upcasted->memory, (r->upcasted->count + 1) * sizeof *list->keys) };
    if (list->keys == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for an old event");
    if (r->reader->kind->key == NULL) {
        list->keys[list->count++] = item->recorded.stream;
        return ACTA_OK;
    }
    r->old_keys = list;
    return acti_item_each(r, item, add_key, error);
}

static void
work_on_old(acti_reader_actor *r, const acti_item *item)
{
    uint64_t position = item->recorded.position;
    acti_upcasted upcasted;
    acti_key_list list = { .count = 0 };
    acta_error error;

    acta_status status = acti_upcast(r->app, &r->allocator, &item->recorded, item->old, &upcasted, &error);
    r->upcasted = &upcasted;
    if (status == ACTA_OK) status = old_keys(r, item, &list, &error);
    if (status == ACTA_OK && list.count > 1 && !add_split(r, position, list.count))
        status = acta_error_set(&error, ACTA_NO_MEMORY, "no memory for an old event");
    if (status != ACTA_OK)
        acti_reader_worked(r, item, item->recorded.stream, ACTI_WORK_FAILED, &error);
    else if (list.count == 0)
        work_on_key(r, item, acta_str_from(NULL, 0));
    for (uint32_t i = 0; status == ACTA_OK && i < list.count; i++)
        work_on_key(r, item, list.keys[i]);
    r->upcasted = NULL;
    acti_upcasted_deinit(&upcasted);
}

static void
work_on_fresh(acti_reader_actor *r, acti_item *item)
{
    acta_error error;

    r->worked_position = item->recorded.position;
    if (item->old != 0)
        work_on_old(r, item);
    else if (check_payload(r, item, &error) == ACTA_OK)
        work_on_key(r, item, key_of(r, item));
    else
        acti_reader_worked(r, item, item->recorded.stream, ACTI_WORK_FAILED, &error);
}

/* That of an old event's keys which was set aside; absent: none any more. */
static acta_status
old_key_of(acti_reader_actor *r, const acti_item *item, acta_str *key_out, acta_error *error)
{
    acti_key_list list;
    acta_status status = old_keys(r, item, &list, error);

    *key_out = acta_str_from(NULL, 0);
    for (uint32_t i = 0; status == ACTA_OK && i < list.count; i++)
        if (acti_aside_find(r, list.keys[i]) == item->aside) *key_out = list.keys[i];
    return status;
}

static void
try_item(acti_reader_actor *r, const acti_item *given)
{
    acti_item opened = *given, *item = &opened;
    acti_upcasted upcasted = { .memory = NULL };
    acti_work how = ACTI_WORK_FAILED;
    acta_error error;
    acta_str key;

    acta_status status = item->old != 0
                             ? acti_upcast(r->app, &r->allocator, &item->recorded, item->old, &upcasted, &error)
                             : check_payload(r, item, &error);
    r->upcasted = item->old != 0 ? &upcasted : NULL;
    if (status == ACTA_OK && item->old != 0)
        status = old_key_of(r, item, &key, &error);
    else if (status == ACTA_OK)
        key = key_of(r, item);
    if (status == ACTA_OK) {
        how = key.data != NULL ? work_on(r, item, key, &error) : ACTI_WORK_DONE;
        acti_reader_worked(r, item, key, how, &error);
    } else
        acti_aside_failed(r, item->aside, &error);
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
    acta_status status = acti_aside_read(r, aside, &reader->item, &error);
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
    uint32_t count_max = r->reader->kind->transactional ? r->reader->window : TAKE_MAX;
    acta_error error;

    if (ACTA_SIM_CHANCE(&r->app->environment, "reader.chunk.one", 25)) count_max = 1;
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
        acti_reader_worked(r, &item, recorded->stream, ACTI_WORK_DONE, NULL); /* not asked for */
    if (r->chunk_next < acta_chunk_count(r->reader->chunk)) return;
    acta_chunk_unref(r->reader->chunk);
    r->reader->chunk = NULL;
}

/* False: there is nothing to do until a message comes. */
static bool
step(acti_reader_actor *r)
{
    const acti_reader_kind *kind = r->reader->kind;

    if (r->subscription == NULL || r->store_refuses || r->is_napping) return false;
    if (kind->transactional && (r->is_on_way || (kind->is_full != NULL && kind->is_full(r)))) return false;
    acti_aside *aside = acti_aside_take_due(r);
    if (aside != NULL) {
        try_aside(r, aside);
        return true;
    }
    if (r->reader->chunk != NULL) {
        work_on_next(r);
        return !kind->transactional || r->reader->chunk != NULL; /* a chunk, a batch */
    }
    if (kind->transactional && r->done.count > 0) return false;
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
    bool more = true;

    keep_spare_ready(r);
    for (uint32_t i = 0; more && i < STEPS_AT_ONCE; i++)
        more = step(r);
    if (r->subscription != NULL) {
        if (!more || !r->reader->kind->transactional) acti_batch_flush(r);
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

static void
open_subscription(acti_reader_actor *r)
{
    static const acta_str no_types[1];
    acti_reader *reader = r->reader;
    acta_error error;
    acta_subscription_config config = { .name = reader->name,
        .start = reader->from_current ? ACTA_START_CURRENT : ACTA_START_ORIGIN,
        .filter = { .types = reader->type_count > 0 ? reader->types : no_types, .type_count = reader->type_count },
        .window = reader->window,
        .manual_checkpoint = true,
        .ready = on_ready,
        .user = reader };

    acti_reader_let_go(reader); /* of a life that was killed */
    acta_status status = acta_subscription_open(r->app->store, &config, &reader->subscription, &error);
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

static acta_next
begin(acti_reader_actor *r)
{
    acti_reader *reader = r->reader;
    acta_error error;

    if (reader->handling != 0) {
        r->crashed_at = reader->handling;
        r->crashed_attempts = reader->handling_attempts;
        reader->handling = 0;
    }
    /* Relaxed: who asks because of a message of this life sees it by that. */
    uint32_t lives_before = atomic_fetch_add_explicit(&reader->lives, 1, memory_order_relaxed);
    if (lives_before == 0 || ACTA_PLANT("no_barrier")) {
        open_subscription(r);
        return acti_reader_go_on(r);
    }
    acta_transaction *barrier = acta_transaction_create(r->app->store);
    acta_status status = acti_submit_for(r->app, barrier, acta_self_pid(r->self), BARRIER, &error);
    if (status == ACTA_READ_ONLY) { /* nothing of the last life can become durable any more */
        open_subscription(r);
        return acti_reader_go_on(r);
    }
    if (status != ACTA_OK) acta_fail(r->self, "reader '%s': %s", reader->name, error.text);
    return ACTA_NEXT;
}

static acta_next
committed(acti_reader_actor *r, const acti_committed *what)
{
    if (what->number == BARRIER) {
        ACTA_SOMETIMES(&r->app->environment, "reader.began.behind.barrier");
        open_subscription(r);
    } else
        acti_batch_committed(r, what);
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

static acta_next
reader_info(acta_self *self, void *state, const acta_info *info)
{
    acti_reader_actor *r = state;
    (void)self;

    if (info->kind == ACTA_INFO_TIMER) {
        if (info->tag == ACTI_ALARM_NAP) r->is_napping = false;
        if (info->tag == ACTI_ALARM_TICK) acti_batch_tick(r);
        if (info->tag == ACTI_ALARM_RETRY) acti_aside_due(r, (acti_aside *)(uintptr_t)info->user);
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
