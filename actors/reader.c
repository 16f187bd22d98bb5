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
 * Not here: the work on an item (reader_work.c), transactions and checkpoints (reader_batch.c), what is set aside and tried
 * again (reader_aside.c), who waits for a position (reader_wait.c).
 */
#include "reader.h"

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
    if (acti_is_stopping(r->app) || r->app->only_reads) return; /* that has been told at the start */
    acta_log_event(&r->app->environment, ACTA_LOG_ERROR, "reader.stands_still",
        ACTA_LOG_FIELDS(
            acta_log_text("reader", acta_str_of(r->reader->name)), acta_log_text("error", acta_str_of(why))),
        "reader '%s' stands still: %s", r->reader->name, why);
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
        acti_reader_work_on(r, &item);
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
        acti_reader_try_aside(r, aside);
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
