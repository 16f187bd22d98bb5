/*
 * Committer: who commits.
 *
 *     submit --push--> incoming --- batches (batch.c) --> the disk, and everybody who waits
 *     role: 0 free, 1 taken by the committer thread, or by an outside thread that waits anyway
 *
 * While one batch syncs the next ones queue up in `incoming`: that is the next batch.
 *
 * Invariant: work is never forgotten. Who pushes and finds the role free wakes the committer thread or commits itself; who
 * gives the role back looks at `incoming` once more.
 */
#include <assert.h>
#include <inttypes.h>

#include "internal.h"

enum { UNINDEXED_SHARE = 4 /* of what the engine keeps in its log alone */ };
#define UNINDEXED_BYTES_MAX (UINT64_C(64) << 20) /* of the log, which opening goes through after a kill */

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
    return left || (incoming != NULL && incoming != acti_incoming_closed(store));
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
    if (incoming == NULL || incoming == acti_incoming_closed(store)) return;
    if (atomic_load_explicit(&store->role, memory_order_seq_cst) == 0) wake_committer(store);
}

static bool
this_thread_helps(acta_store *store)
{
    /* Relaxed: our own begin is what matters, and that is in our own order. */
    if (atomic_load_explicit(&store->helper_count, memory_order_relaxed) == 0) return false;
    return helper_slot(store, acti_store_thread_self(), false) != NULL;
}

/* -- threads -- */

static void
run_committer(void *user)
{
    acta_store *store = user;
    const acti_engine_ops *ops = store->engine->ops;

    if (ops->commit_thread != NULL) ops->commit_thread(store->engine);
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
            while (!atomic_load_explicit(&store->stopping, memory_order_relaxed) && acti_batch_commit(store))
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
    store->index.logged_bytes_max = store->engine->ops->unsettled_bytes_max(store->engine) / UNINDEXED_SHARE;
    if (store->index.logged_bytes_max > UNINDEXED_BYTES_MAX) store->index.logged_bytes_max = UNINDEXED_BYTES_MAX;
    bool room = acti_page_writer_init(&committer->page, allocator);
    committer->batch = store->engine->ops->batch_create(store->engine);
    if (committer->batch == NULL || !room)
        return acta_error_set(error, ACTA_NO_MEMORY, "cannot open store: there is no memory");
    return ACTA_OK;
}

void
acti_committer_deinit(acta_store *store)
{
    acti_committer *committer = &store->committer;

    acti_streams_deinit(&committer->streams);
    acti_sessions_deinit(&committer->sessions);
    acti_pending_rows_deinit(&committer->rows);
    acti_tags_deinit(store);
    acti_page_writer_deinit(&committer->page);
    acti_runs_deinit(&committer->runs, &store->environment.allocator);
    if (committer->batch != NULL) store->engine->ops->batch_destroy(committer->batch);
}

acta_status
acti_committer_start(acta_store *store, acta_error *error)
{
    if (store->manual || store->read_only) return ACTA_OK;
    if (acti_store_thread_start(&store->marker.thread, "acta-mark", acti_marker_run, store) &&
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
    if (store->committer.phase == ACTI_WRITTEN) acti_batch_sync(store);
    if (store->committer.phase == ACTI_SYNCED) acti_batch_finish(store);
    acti_batch_take(store, acti_incoming_closed(store));
    while (store->committer.waiting_first != NULL)
        acti_batch_commit(store);

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
    acti_batch_take(store, acti_incoming_closed(store));
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
    if (status == ACTA_OK && transaction->store != store)
        status = acti_transaction_fail(
            transaction, ACTA_INVALID, "a transaction is committed by the store that it was created for");
    if (status != ACTA_OK) {
        if (error != NULL) *error = transaction->error;
        acta_transaction_destroy(transaction);
        return status;
    }
    if (acti_store_refuses(store)) {
        acta_store_health(store, error);
        if (error != NULL) error->status = ACTA_READ_ONLY;
        acta_transaction_destroy(transaction);
        return ACTA_READ_ONLY;
    }

    transaction->done = done;
    transaction->user = user;
    transaction->charged = transaction->bytes + sizeof *transaction;
    if (ACTA_SIM_CHANCE(&store->environment, "store.queue.full", 5)) {
        acta_transaction_destroy(transaction);
        return acta_error_set(error, ACTA_BUSY, "the store's queue is full, says the simulation; try later");
    }
    uint64_t queued =
        atomic_fetch_add_explicit(&store->queued_bytes, transaction->charged, memory_order_relaxed); /* see complete */
    if (queued > 0 && queued + transaction->charged > store->queue_bytes_max) {
        atomic_fetch_sub_explicit(&store->queued_bytes, transaction->charged, memory_order_relaxed);
        acta_transaction_destroy(transaction);
        return acta_error_set(error, ACTA_BUSY, "the store's queue holds %" PRIu64 " of %" PRIu64 " bytes; try later",
            queued, store->queue_bytes_max);
    }

    ACTA_PROBE3(append, store->path, transaction->record_count, transaction->charged);
    acta_transaction *first = atomic_load_explicit(&store->incoming, memory_order_relaxed);
    do {
        if (first == acti_incoming_closed(store)) {
            atomic_fetch_sub_explicit(&store->queued_bytes, transaction->charged, memory_order_relaxed);
            acta_transaction_destroy(transaction);
            return acta_error_set(error, ACTA_STOPPED, "the store is closed");
        }
        transaction->next = first;
        /* Release: the contents; pairs with acti_batch_take. seq_cst for (A), see role_give_back. */
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
    bool did = acti_batch_commit(store);
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
        if (acti_batch_gather(store)) return true;
        if (!acti_mark_is_behind(store)) return false;
        if (ACTA_SIM_CHANCE(&store->environment, "mark.written.late", 50)) return false;
        if (acti_mark_await(store, &error) != ACTA_OK) acti_store_fail(store, ACTA_UNKNOWN_OUTCOME, &error);
        return true;
    case ACTI_WRITTEN:
        if (!ACTA_SIM_CHANCE(&store->environment, "sync.late", 50)) acti_batch_sync(store);
        return true;
    case ACTI_SYNCED:
        if (acti_mark_is_behind(store) && store->committer.batch_status == ACTA_OK) {
            if (acti_mark_await(store, &error) != ACTA_OK) acti_store_fail(store, ACTA_UNKNOWN_OUTCOME, &error);
            return true;
        }
        acti_batch_finish(store);
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
        while (!is_done(waiting) && acti_batch_commit(store))
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
