/*
 * Committer: takes what was submitted, in batches, to the disk, and tells everybody.
 *
 *     submit --push--> incoming          one batch at a time:
 *                         |              gather -> write -> sync -> [mark of the batch before] -> publish -> complete
 *                         v                                              \-> the mark thread: mark of this batch
 *     role: 0 free, 1 taken by the committer thread, or by an outside thread that waits anyway
 *
 * While one batch syncs the next ones queue up in `incoming`: that is the next batch.
 *
 * Invariants
 *  - Work is never forgotten: who pushes and finds the role free wakes the committer thread or commits itself; who gives
 *    the role back looks at `incoming` once more.
 *  - Completions come in the order of submission, and so of positions.
 *  - Nothing is completed before its sync, nor before the mark of the batch before is durable.
 *  - After a failed write, sync or mark nothing is written any more.
 */
#include <assert.h>
#include <inttypes.h>

#include "acta/crc.h"

#include "internal.h"

enum {
    BATCH_BYTES_MAX = 16 << 20, /* of a batch; one transaction may be more */
    FEW = 4                     /* so many replies go out before the mark thread is woken */
};

/* What `incoming` is once the store is closed: no transaction has this address. */
static acta_transaction *
closed(acta_store *store)
{
    return (acta_transaction *)(void *)store;
}

/* -- the role -- */

static bool
role_take(acta_store *store)
{
    /* Acquire: everything that the one before us did to the committer's fields; pairs with role_give_back. seq_cst, as
     * our push (or somebody's) must come before this in one order with (B): see below. */
    return atomic_exchange_explicit(&store->role, 1, memory_order_seq_cst) == 0;
}

/*
 * (A) push to incoming; then look at the role      (B) give the role back; then look at incoming
 *
 * Each is a store and then a load of the other's: in a single order (seq_cst) at least one of the two sees what the other
 * wrote. So either the pusher finds the role free, or the one who gave it back finds the transaction.
 */
static bool
role_give_back(acta_store *store)
{
    bool left = store->committer.waiting_first != NULL;

    atomic_store_explicit(&store->role, 0, memory_order_seq_cst); /* (B) */
    acta_transaction *incoming = atomic_load_explicit(&store->incoming, memory_order_seq_cst);
    return left || (incoming != NULL && incoming != closed(store));
}

static void
wake_committer(acta_store *store)
{
    /* seq_cst: the one that finds false here wakes; the committer thread clears it before it looks at incoming. */
    if (atomic_exchange_explicit(&store->wake_wanted, true, memory_order_seq_cst)) return;
    acti_monitor_enter(&store->bed);
    acti_monitor_wake(&store->bed);
    acti_monitor_leave(&store->bed);
}

/* For threads that are not the committer thread. */
static void
role_leave(acta_store *store)
{
    if (role_give_back(store)) wake_committer(store);
    /* seq_cst, as in (A) and (B): a closing thread that found the role taken has said so before. */
    if (!atomic_load_explicit(&store->stopping, memory_order_seq_cst)) return;
    acti_monitor_enter(&store->bed);
    acti_monitor_wake(&store->bed);
    acti_monitor_leave(&store->bed);
}

/* -- threads that promise to help -- */

static acti_helper_slot *
helper_slot(acta_store *store, uint64_t thread, bool claim)
{
    uint64_t hash = (thread >> 6) * 0x9e3779b97f4a7c15u >> 32;

    for (uint32_t i = 0; i < 8; i++) {
        acti_helper_slot *slot = &store->helpers[(hash + i) & (ACTI_HELPER_SLOTS - 1)];
        /* Relaxed everywhere: a thread looks for its own number only, which nobody else writes. */
        uint64_t owner = atomic_load_explicit(&slot->thread, memory_order_relaxed);
        if (owner == thread) return slot;
        if (owner == 0 && claim &&
            atomic_compare_exchange_strong_explicit(
                &slot->thread, &owner, thread, memory_order_acquire, memory_order_relaxed)) {
            slot->depth = 0; /* acquire above, release in end: the slot's last owner is done with it */
            return slot;
        }
    }
    return NULL;
}

void
acta_store_help_begin(acta_store *store)
{
    if (store->manual) return;
    /* A full neighbourhood gives no slot: then submit wakes the committer thread, which is right too, only slower. */
    acti_helper_slot *slot = helper_slot(store, acti_store_thread_self(), true);
    if (slot == NULL) return;
    if (slot->depth++ == 0) atomic_fetch_add_explicit(&store->helper_count, 1, memory_order_relaxed);
}

void
acta_store_help_end(acta_store *store)
{
    if (store->manual) return;
    acti_helper_slot *slot = helper_slot(store, acti_store_thread_self(), false);
    if (slot == NULL || --slot->depth > 0) return;
    atomic_fetch_sub_explicit(&store->helper_count, 1, memory_order_relaxed);
    atomic_store_explicit(&slot->thread, 0, memory_order_release);

    acta_transaction *incoming = atomic_load_explicit(&store->incoming, memory_order_seq_cst);
    if (incoming == NULL || incoming == closed(store)) return;
    if (atomic_load_explicit(&store->role, memory_order_seq_cst) == 0) wake_committer(store);
}

static bool
this_thread_helps(acta_store *store)
{
    /* Relaxed: our own begin is what matters, and that is in our own order. */
    if (atomic_load_explicit(&store->helper_count, memory_order_relaxed) == 0) return false;
    return helper_slot(store, acti_store_thread_self(), false) != NULL;
}

/* -- failure -- */

void
acti_store_fail(acta_store *store, acta_status status, const acta_error *error)
{
    acti_monitor_enter(&store->failure_lock);
    bool first = atomic_load_explicit(&store->refusing, memory_order_relaxed) == ACTA_OK; /* we hold the lock */
    if (first) {
        acta_error_set(
            &store->failure, status, "the store '%s' refuses writes since one failed: %s", store->path, error->text);
        /* Release: the text comes first; readers take the lock all the same. */
        atomic_store_explicit(&store->refusing, status, memory_order_release);
    }
    acti_monitor_leave(&store->failure_lock);
    if (first) acta_log_write(&store->environment, ACTA_LOG_ERROR, "%s", store->failure.text);
}

acta_status
acta_store_health(const acta_store *const_store, acta_error *error)
{
    acta_store *store = (acta_store *)(uintptr_t)const_store; /* only the lock is touched */
    acta_status status = (acta_status)atomic_load_explicit(&store->refusing, memory_order_acquire);

    if (status == ACTA_OK || error == NULL) return status;
    acti_monitor_enter(&store->failure_lock);
    *error = store->failure;
    acti_monitor_leave(&store->failure_lock);
    return status;
}

static bool
refuses(acta_store *store)
{
    return atomic_load_explicit(&store->refusing, memory_order_acquire) != ACTA_OK;
}

/* -- the mark -- */

static void
run_marker(void *user)
{
    acta_store *store = user;
    acti_marker *marker = &store->marker;

    acti_monitor_enter(&marker->monitor);
    for (;;) {
        while (!marker->stopping && (marker->failed || marker->written.turn == marker->wanted.turn))
            acti_monitor_wait(&marker->monitor);
        if (marker->failed || marker->written.turn == marker->wanted.turn) break;

        acti_mark mark = marker->wanted;
        acti_monitor_leave(&marker->monitor);
        acta_error error;
        ACTA_CRASH_POINT("before_mark");
        acta_status status = acti_mark_write(store->engine, &mark, &error);
        ACTA_CRASH_POINT("after_mark");
        ACTI_COUNT(store, mark_syncs, 1);
        acti_monitor_enter(&marker->monitor);
        if (status == ACTA_OK)
            marker->written = mark;
        else {
            marker->failed = true;
            marker->error = error;
        }
        acti_monitor_leave(&marker->monitor);
        acti_monitor_wake(&marker->monitor); /* outside, or the woken one would run into the lock */
        acti_monitor_enter(&marker->monitor);
    }
    acti_monitor_leave(&marker->monitor);
}

/* Let the mark say what was just made durable. */
static void
mark_want(acta_store *store)
{
    acti_committer *committer = &store->committer;

    if (store->no_sync) return;
    committer->mark.turn++;
    committer->mark.position = committer->position;
    committer->mark.batch = committer->batch_number;
    if (store->manual) return; /* mark_await writes it */
    acti_monitor_enter(&store->marker.monitor);
    store->marker.wanted = committer->mark;
    acti_monitor_leave(&store->marker.monitor);
    acti_monitor_wake(&store->marker.monitor); /* outside, or the woken one would run into the lock */
}

static bool
mark_is_behind(const acta_store *store)
{
    return store->manual && !store->marker.failed && store->marker.written.turn != store->committer.mark.turn;
}

/* The mark that was wanted last is on disk, or never will be. */
static acta_status
mark_await(acta_store *store, acta_error *error)
{
    acti_marker *marker = &store->marker;
    acta_status status = ACTA_OK;

    acti_monitor_enter(&marker->monitor);
    if (mark_is_behind(store)) {
        ACTA_CRASH_POINT("before_mark");
        marker->failed = acti_mark_write(store->engine, &store->committer.mark, &marker->error) != ACTA_OK;
        if (!marker->failed) marker->written = store->committer.mark;
        ACTA_CRASH_POINT("after_mark");
        ACTI_COUNT(store, mark_syncs, 1);
    }
    while (marker->thread.running && !marker->failed && marker->written.turn != store->committer.mark.turn)
        acti_monitor_wait(&marker->monitor);
    if (marker->failed) {
        status = ACTA_UNKNOWN_OUTCOME;
        *error = marker->error;
    }
    acti_monitor_leave(&marker->monitor);
    return status;
}

/* -- a batch: gather, write, sync, finish -- */

/* Take what was pushed, oldest first. */
static void
take_incoming(acta_store *store, acta_transaction *instead)
{
    acti_committer *committer = &store->committer;
    acta_transaction *newest = atomic_load_explicit(&store->incoming, memory_order_relaxed), *reversed = NULL;

    if (newest == closed(store) || (newest == NULL && instead == NULL)) return;
    /* Acquire: the transactions' contents; pairs with the push. */
    newest = atomic_exchange_explicit(&store->incoming, instead, memory_order_seq_cst);
    if (newest == NULL) return;
    acta_transaction *last = newest;
    while (newest != NULL) {
        acta_transaction *next = newest->next;
        newest->next = reversed;
        reversed = newest;
        newest = next;
    }
    if (committer->waiting_last != NULL)
        committer->waiting_last->next = reversed;
    else
        committer->waiting_first = reversed;
    committer->waiting_last = last;
}

static acta_transaction *
next_waiting(acti_committer *committer)
{
    acta_transaction *transaction = committer->waiting_first;

    committer->waiting_first = transaction->next;
    if (committer->waiting_first == NULL) committer->waiting_last = NULL;
    transaction->next = NULL;
    if (committer->batch_last != NULL)
        committer->batch_last->next = transaction;
    else
        committer->batch_first = transaction;
    committer->batch_last = transaction;
    committer->batch_count++;
    return transaction;
}

static bool
changes_something(const acta_transaction *transaction)
{
    if (transaction->record_count > 0) return true;
    for (uint32_t i = 0; i < transaction->operation_count; i++) {
        acti_operation_kind kind = transaction->operations[i].kind;
        if (kind == ACTI_PUT || kind == ACTI_DELETE || kind == ACTI_OUTCOME) return true;
    }
    return false;
}

static void
gather_one(acta_store *store, acta_transaction *transaction)
{
    if (refuses(store)) {
        transaction->refusal = ACTI_REFUSED_STORE;
        transaction->result_status = ACTA_READ_ONLY;
        return;
    }
    if (!acti_transaction_check(store, transaction)) return;
    acti_transaction_apply(store, transaction);
    if (changes_something(transaction)) store->committer.batch_writes = true;
}

/* recorded_at never falls in a log, whatever the clock does. */
static void
tick(acta_store *store)
{
    const acta_clock *clock = &store->environment.clock;
    int64_t now_us = clock->wall_us(clock->user);

    if (now_us > store->committer.recorded_at_us) store->committer.recorded_at_us = now_us;
}

void
acti_batch_put_verified(acta_store *store, uint64_t position, uint64_t batch)
{
    uint8_t value[ACTI_VERIFIED_SIZE];
    acti_key first = acti_batch_key(0), end = acti_batch_key(batch);

    acti_put_le64(value, position);
    acti_put_le64(value + 8, batch);
    acti_put_le32(value + 16, acta_crc32c(0, value, 16));
    store->engine->ops->batch_put(store->committer.batch, ACTI_META, acta_str_bytes(acta_str_of(ACTI_META_VERIFIED)),
        acta_bytes_from(value, sizeof value));
    /* Batches before that point need not be told any more; the one at it stays as the anchor. */
    store->engine->ops->batch_delete_range(
        store->committer.batch, ACTI_META, acti_key_view(&first), acti_key_view(&end));
}

/* Move the point from which open checks, but keep it behind all that may still be in the engine's log alone: it goes to
 * where the log ended when it was moved last. */
static void
move_verified(acta_store *store)
{
    acti_committer *committer = &store->committer;

    committer->unpruned_bytes += store->engine->ops->batch_bytes(committer->batch);
    if (committer->unpruned_bytes < store->engine->ops->unsettled_bytes_max(store->engine)) return;
    committer->unpruned_bytes = 0;
    if (committer->prunable_batch != 0)
        acti_batch_put_verified(store, committer->prunable_position, committer->prunable_batch);
    committer->prunable_batch = committer->batch_number;
    committer->prunable_position = committer->position;
}

void
acti_batch_close(acta_store *store, uint32_t event_count)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_committer *committer = &store->committer;
    acti_key batch_key = acti_batch_key(++committer->batch_number), index_end = acti_index_end_key(),
             position_key = acti_log_key(committer->position);
    uint8_t value[ACTI_BATCH_SIZE];

    acti_put_le64(value, committer->position);
    acti_put_le64(value + 8, (uint64_t)committer->recorded_at_us);
    acti_put_le32(value + 16, event_count);
    acti_put_le32(value + 20, acta_crc32c(0, value, 20));
    ops->batch_put(committer->batch, ACTI_META, acti_key_view(&batch_key), acta_bytes_from(value, sizeof value));
    if (event_count > 0)
        ops->batch_put(committer->batch, ACTI_INDEX, acti_key_view(&index_end), acti_key_view(&position_key));
}

/* Put the next batch together and hand it to the engine. False: there was nothing. */
static bool
gather(acta_store *store)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_committer *committer = &store->committer;
    acta_error error;

    take_incoming(store, NULL);
    if (committer->waiting_first == NULL) return false;
    acti_streams_trim(&committer->streams);
    acti_pending_rows_clear(&committer->rows);
    ops->batch_clear(committer->batch);
    committer->batch_first = committer->batch_last = NULL;
    committer->batch_count = committer->batch_events = 0;
    committer->batch_writes = false;
    committer->batch_status = ACTA_OK;
    tick(store);
    while (committer->waiting_first != NULL && committer->batch_count < store->batch_count_max &&
           ops->batch_bytes(committer->batch) < BATCH_BYTES_MAX)
        gather_one(store, next_waiting(committer));

    if (committer->batch_writes) {
        acti_batch_close(store, committer->batch_events);
        move_verified(store);
        ACTA_CRASH_POINT("before_write");
        committer->batch_status = ops->write(store->engine, committer->batch, &error);
        if (committer->batch_status != ACTA_OK) acti_store_fail(store, committer->batch_status, &error);
    }
    committer->phase = ACTI_WRITTEN;
    return true;
}

static void
sync_batch(acta_store *store)
{
    acti_committer *committer = &store->committer;
    acta_error error;

    if (committer->batch_writes && committer->batch_status == ACTA_OK) {
        ACTA_CRASH_POINT("between_write_and_sync");
        committer->batch_status = store->engine->ops->sync(store->engine, !store->no_sync, &error);
        ACTA_CRASH_POINT("after_sync_before_reply");
        ACTI_COUNT(store, syncs, 1);
        if (committer->batch_status != ACTA_OK) acti_store_fail(store, committer->batch_status, &error);
    }
    committer->phase = ACTI_SYNCED;
}

/* Let readers see the batch: the tail first, for the head says that it is there. */
static void
publish(acta_store *store)
{
    acti_committer *committer = &store->committer;

    for (acta_transaction *t = committer->batch_first; t != NULL; t = t->next) {
        if (t->refusal == ACTI_REFUSED_NOT && t->record_count > 0)
            acti_tail_push(&store->tail, t->first_position, t->records, t->record_count);
    }
    ACTI_COUNT(store, batches, 1);
    ACTI_COUNT(store, events, committer->batch_events);
    /* Release: engine and tail hold the records up to here; pairs with acti_store_head. seq_cst, since a subscription that
     * runs dry says so and then looks at the head again, while we look for those that said so (subscription.c). */
    atomic_store_explicit(&store->head, committer->position, memory_order_seq_cst);
}

static void
complete(acta_store *store, acta_transaction *transaction)
{
    acti_committer *committer = &store->committer;
    acta_commit_result result;

    if (committer->batch_status != ACTA_OK && transaction->refusal != ACTI_REFUSED_ERROR) {
        /* One that was refused, or only asked, may have been answered from what is now not stored. */
        bool written = transaction->refusal == ACTI_REFUSED_NOT && changes_something(transaction);
        transaction->result_status = written ? committer->batch_status : ACTA_READ_ONLY;
        transaction->refusal = ACTI_REFUSED_STORE;
    }

    result.status = transaction->result_status;
    result.first_position = result.last_position = result.version = 0;
    result.recorded_at_us = 0;
    result.error.status = ACTA_OK;
    result.error.text[0] = '\0';
    if (result.status == ACTA_OK) {
        result.first_position = transaction->first_position;
        result.last_position = transaction->last_position;
        result.version = transaction->version;
        result.recorded_at_us = transaction->recorded_at_us;
        ACTI_COUNT(store, transactions, 1);
    } else {
        acti_transaction_explain(store, transaction, &result.error);
        if (result.status == ACTA_CONFLICT)
            ACTI_COUNT(store, conflicts, 1);
        else
            ACTI_COUNT(store, refused, 1);
    }
    /* Relaxed: a number to stay below, nothing hangs on its order. */
    atomic_fetch_sub_explicit(&store->queued_bytes, transaction->charged, memory_order_relaxed);
    if (transaction->done != NULL) transaction->done(transaction->user, &result);
    acta_transaction_destroy(transaction);
}

/* Publish and complete what is synced. */
static void
finish(acta_store *store)
{
    acti_committer *committer = &store->committer;
    acta_error error;
    bool few = committer->batch_count <= FEW;

    if (committer->batch_writes && committer->batch_status == ACTA_OK) {
        committer->batch_status = mark_await(store, &error);
        if (committer->batch_status != ACTA_OK) acti_store_fail(store, committer->batch_status, &error);
    }
    bool written = committer->batch_writes && committer->batch_status == ACTA_OK;
    if (written) publish(store);
    if (written && !few) mark_want(store);

    for (acta_transaction *t = committer->batch_first; t != NULL;) {
        acta_transaction *next = t->next;
        complete(store, t);
        t = next;
    }
    committer->batch_first = committer->batch_last = NULL;
    committer->phase = ACTI_IDLE;

    if (written && few) mark_want(store); /* waking a thread takes longer than a reply: those went first */
    if (written && committer->batch_events > 0) acti_subscriptions_wake(store);
}

static bool
commit_batch(acta_store *store)
{
    if (!gather(store)) return false;
    sync_batch(store);
    finish(store);
    return true;
}

acta_status
acti_commit_own(acta_store *store, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_committer *committer = &store->committer;
    acta_status status = ops->write(store->engine, committer->batch, error);

    if (status == ACTA_OK) status = ops->sync(store->engine, true, error);
    ops->batch_clear(committer->batch);
    if (status != ACTA_OK) return status;
    committer->mark.turn++;
    committer->mark.position = committer->position;
    committer->mark.batch = committer->batch_number;
    status = acti_mark_write(store->engine, &committer->mark, error);
    store->marker.written = store->marker.wanted = committer->mark;
    return status;
}

/* -- threads -- */

static void
run_committer(void *user)
{
    acta_store *store = user;

    for (;;) {
        acti_monitor_enter(&store->bed);
        while (!atomic_load_explicit(&store->wake_wanted, memory_order_seq_cst) &&
               !atomic_load_explicit(&store->stopping, memory_order_relaxed)) /* written under the bed's lock */
            acti_monitor_wait(&store->bed);
        bool stopping = atomic_load_explicit(&store->stopping, memory_order_relaxed);
        acti_monitor_leave(&store->bed);
        if (stopping) return; /* the closing thread commits the rest */

        /* Cleared before we look: a push behind our look finds false and wakes us again. */
        atomic_store_explicit(&store->wake_wanted, false, memory_order_seq_cst);
        bool more = true;
        while (more && role_take(store)) {
            /* Relaxed: one batch more or less. Without a look, completions that submit again would keep a closing store
             * from ever closing. */
            while (!atomic_load_explicit(&store->stopping, memory_order_relaxed) && commit_batch(store))
                continue;
            more = role_give_back(store) && !atomic_load_explicit(&store->stopping, memory_order_relaxed);
        }
    }
}

acta_status
acti_committer_init(acta_store *store, uint64_t memory_bytes, acta_error *error)
{
    acti_committer *committer = &store->committer;
    const acta_allocator *allocator = &store->environment.allocator;

    acti_streams_init(&committer->streams, allocator, memory_bytes / 8);
    acti_sessions_init(&committer->sessions, allocator, memory_bytes / 512);
    acti_pending_rows_init(&committer->rows, allocator);
    committer->next_stream_id = 1;
    committer->batch = store->engine->ops->batch_create(store->engine);
    if (committer->batch == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot open store: there is no memory");
    return ACTA_OK;
}

void
acti_committer_deinit(acta_store *store)
{
    acti_committer *committer = &store->committer;

    acti_streams_deinit(&committer->streams);
    acti_sessions_deinit(&committer->sessions);
    acti_pending_rows_deinit(&committer->rows);
    if (committer->batch != NULL) store->engine->ops->batch_destroy(committer->batch);
}

acta_status
acti_committer_start(acta_store *store, acta_error *error)
{
    if (store->manual || store->read_only) return ACTA_OK;
    if (acti_store_thread_start(&store->marker.thread, "acta-mark", run_marker, store) &&
        acti_store_thread_start(&store->thread, "acta-commit", run_committer, store))
        return ACTA_OK;
    return acta_error_set(error, ACTA_NO_MEMORY, "cannot open store '%s': the system gives no thread", store->path);
}

void
acti_committer_stop(acta_store *store)
{
    acti_monitor_enter(&store->bed);
    atomic_store_explicit(&store->stopping, true, memory_order_seq_cst); /* before our role_take: see role_leave */
    acti_monitor_wake(&store->bed);
    acti_monitor_leave(&store->bed);
    acti_store_thread_join(&store->thread);

    acti_monitor_enter(&store->bed);
    while (!role_take(store)) /* an outside thread is just committing; role_leave wakes us */
        acti_monitor_wait(&store->bed);
    acti_monitor_leave(&store->bed);
    if (store->committer.phase == ACTI_WRITTEN) sync_batch(store);
    if (store->committer.phase == ACTI_SYNCED) finish(store);
    take_incoming(store, closed(store));
    while (store->committer.waiting_first != NULL)
        commit_batch(store);

    acti_monitor_enter(&store->marker.monitor);
    store->marker.stopping = true;
    acti_monitor_wake(&store->marker.monitor);
    acti_monitor_leave(&store->marker.monitor);
    acti_store_thread_join(&store->marker.thread);
}

static void
drop_all(acta_transaction *transaction)
{
    while (transaction != NULL) {
        acta_transaction *next = transaction->next;
        acta_transaction_destroy(transaction);
        transaction = next;
    }
}

void
acti_committer_abandon(acta_store *store)
{
    take_incoming(store, closed(store));
    drop_all(store->committer.batch_first);
    drop_all(store->committer.waiting_first);
}

/* -- submitting -- */

/* The transaction goes into the queue, or is destroyed and the status says why. */
static acta_status
enqueue(acta_store *store, acta_transaction *transaction, acta_commit_done done, void *user, acta_error *error)
{
    acta_status status = transaction->status;

    acti_transaction_finish(transaction);
    if (status != ACTA_OK) {
        if (error != NULL) *error = transaction->error;
        acta_transaction_destroy(transaction);
        return status;
    }
    if (refuses(store)) {
        acta_store_health(store, error);
        if (error != NULL) error->status = ACTA_READ_ONLY;
        acta_transaction_destroy(transaction);
        return ACTA_READ_ONLY;
    }

    transaction->done = done;
    transaction->user = user;
    transaction->charged = transaction->bytes + sizeof *transaction;
    uint64_t queued =
        atomic_fetch_add_explicit(&store->queued_bytes, transaction->charged, memory_order_relaxed); /* see complete */
    if (queued > 0 && queued + transaction->charged > store->queue_bytes_max) {
        atomic_fetch_sub_explicit(&store->queued_bytes, transaction->charged, memory_order_relaxed);
        acta_transaction_destroy(transaction);
        return acta_error_set(error, ACTA_BUSY, "the store's queue holds %" PRIu64 " of %" PRIu64 " bytes; try later",
            queued, store->queue_bytes_max);
    }

    acta_transaction *first = atomic_load_explicit(&store->incoming, memory_order_relaxed);
    do {
        if (first == closed(store)) {
            atomic_fetch_sub_explicit(&store->queued_bytes, transaction->charged, memory_order_relaxed);
            acta_transaction_destroy(transaction);
            return acta_error_set(error, ACTA_STOPPED, "the store is closed");
        }
        transaction->next = first;
        /* Release: the contents; pairs with take_incoming. seq_cst for (A), see role_give_back. */
    } while (!atomic_compare_exchange_weak_explicit(
        &store->incoming, &first, transaction, memory_order_seq_cst, memory_order_relaxed));
    return ACTA_OK;
}

acta_status
acta_store_submit(
    acta_store *store, acta_transaction *transaction, acta_commit_done done, void *user, acta_error *error)
{
    acta_status status = enqueue(store, transaction, done, user, error);

    if (status != ACTA_OK || store->manual) return status;
    if (atomic_load_explicit(&store->role, memory_order_seq_cst) == 0 && !this_thread_helps(store))
        wake_committer(store);
    return ACTA_OK;
}

bool
acta_store_help(acta_store *store)
{
    if (store->manual || atomic_load_explicit(&store->incoming, memory_order_relaxed) == NULL) return false;
    if (!role_take(store)) return false; /* who has it will find what is there */
    bool did = commit_batch(store);
    role_leave(store);
    return did;
}

bool
acta_store_step(acta_store *store)
{
    acta_error error;

    if (!store->manual) return false;
    switch (store->committer.phase) {
    case ACTI_IDLE:
        if (gather(store)) return true;
        if (!mark_is_behind(store)) return false;
        if (mark_await(store, &error) != ACTA_OK) acti_store_fail(store, ACTA_UNKNOWN_OUTCOME, &error);
        return true;
    case ACTI_WRITTEN:
        sync_batch(store);
        return true;
    case ACTI_SYNCED:
        if (mark_is_behind(store) && store->committer.batch_status == ACTA_OK) {
            if (mark_await(store, &error) != ACTA_OK) acti_store_fail(store, ACTA_UNKNOWN_OUTCOME, &error);
            return true;
        }
        finish(store);
        return true;
    }
    return false;
}

/* -- committing and waiting -- */

typedef struct waiter {
    acti_monitor monitor;
    bool done; /* under the monitor */
    acta_commit_result result;
} waiter;

static void
wake_waiter(void *user, const acta_commit_result *result)
{
    waiter *waiting = user;

    acti_monitor_enter(&waiting->monitor);
    waiting->result = *result;
    waiting->done = true;
    acti_monitor_wake(&waiting->monitor);
    acti_monitor_leave(&waiting->monitor);
}

static bool
is_done(waiter *waiting)
{
    acti_monitor_enter(&waiting->monitor);
    bool done = waiting->done;
    acti_monitor_leave(&waiting->monitor);
    return done;
}

/* Commit on this thread if nobody else is doing so; otherwise whoever does will come to ours. */
static void
commit_or_wait(acta_store *store, waiter *waiting)
{
    if (store->manual) {
        while (!is_done(waiting) && acta_store_step(store))
            continue;
        return;
    }
    if (role_take(store)) {
        while (!is_done(waiting) && commit_batch(store))
            continue;
        role_leave(store);
    }
    acti_monitor_enter(&waiting->monitor);
    while (!waiting->done)
        acti_monitor_wait(&waiting->monitor);
    acti_monitor_leave(&waiting->monitor);
}

acta_status
acta_store_commit(acta_store *store, acta_transaction *transaction, acta_commit_result *result_out, acta_error *error)
{
    waiter waiting = { .done = false };

    acti_monitor_init(&waiting.monitor);
    acta_status status = enqueue(store, transaction, wake_waiter, &waiting, error);
    if (status == ACTA_OK) {
        commit_or_wait(store, &waiting);
        status = waiting.result.status;
        if (status != ACTA_OK && error != NULL) *error = waiting.result.error;
    } else {
        waiting.result = (acta_commit_result){ .status = status };
        if (error != NULL) waiting.result.error = *error;
    }
    acti_monitor_deinit(&waiting.monitor);
    if (result_out != NULL) *result_out = waiting.result;
    return status;
}
