/*
 * Batch: what is committed at once.
 *
 *     incoming --take--> waiting --gather--> one batch --write, sync--> [mark of the batch before] --> publish, complete
 *
 * Each transaction is checked and applied in the order of submission (apply.c); one that is refused stays in the batch for
 * its answer's sake, and disturbs nobody.
 *
 * Invariants
 *  - Completions come in the order of submission, and so of positions.
 *  - Nothing is completed or published before its sync, nor before the mark of the batch before is durable.
 *  - After a failed write, sync or mark nothing is written any more.
 *
 * Threads: whoever holds the committing role (committer.c).
 */
#include <string.h>

#include "acta/crc.h"
#include "acta/personal.h"

#include "internal.h"

enum {
    BATCH_BYTES_MAX = 16 << 20, /* of a batch; one transaction may be more */
    POINTS_APART = 4,           /* so many places for the verified point in what the engine keeps in its log alone */
    FEW = 4                     /* so many replies go out before the mark thread is woken */
};

/* What `incoming` is once the store is closed: no transaction has this address. */
acta_transaction *
acti_incoming_closed(acta_store *store)
{
    return (acta_transaction *)(void *)store;
}

/* Take what was pushed, oldest first. */
void
acti_batch_take(acta_store *store, acta_transaction *instead)
{
    acti_committer *committer = &store->committer;
    acta_transaction *newest = atomic_load_explicit(&store->incoming, memory_order_relaxed), *reversed = NULL;

    if (newest == acti_incoming_closed(store) || (newest == NULL && instead == NULL)) return;
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
        if (kind == ACTI_PUT || kind == ACTI_DELETE || kind == ACTI_OUTCOME || kind == ACTI_RAW || kind == ACTI_CLAIM)
            return true;
    }
    return false;
}

static void
gather_one(acta_store *store, acta_transaction *transaction)
{
    if (acti_store_refuses(store)) {
        ACTA_SOMETIMES(&store->environment, "commit.refused.after.failure");
        transaction->refusal = ACTI_REFUSED_STORE;
        transaction->result_status = ACTA_READ_ONLY;
        return;
    }
    if (!acti_transaction_check(store, transaction)) return;
    acti_transaction_apply(store, transaction);
    if (changes_something(transaction)) store->committer.batch_writes = true;
}

static uint64_t
now_ns(const acta_store *store)
{
    const acta_clock *clock = &store->environment.clock;
    return clock->monotonic_ns(clock->user);
}

/* recorded_at never falls in a log, whatever the clock does. */
static void
tick(acta_store *store)
{
    const acta_clock *clock = &store->environment.clock;
    int64_t now_us = clock->wall_us(clock->user);

    if (now_us > store->committer.recorded_at_us || ACTA_PLANT("recorded_at_falls"))
        store->committer.recorded_at_us = now_us;
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

/* May the verified point move there? It is kept behind all that may still be in the engine's log alone, and the index
 * reaches it first: what is behind its end is made from the log. */
static bool
is_settled(acta_store *store, const acti_verified_point *point, uint64_t unsettled_bytes)
{
    return store->committer.written_bytes - point->written_bytes >= unsettled_bytes &&
           point->position <= acti_index_tail_reached(&store->index);
}

/* Move the point from which open checks, to the newest of a few ends of batches, some way apart, that it may move to. */
static void
move_verified(acta_store *store)
{
    acti_committer *committer = &store->committer;
    uint64_t unsettled = store->engine->ops->unsettled_bytes_max(store->engine);
    if (ACTA_SIM_CHANCE(&store->environment, "verified.moved.early", 25)) unsettled = 0;
    uint32_t settled = 0, count = committer->point_count;

    while (settled < count && is_settled(store, &committer->points[settled], unsettled))
        settled++;
    if (settled > 0) {
        const acti_verified_point *to = &committer->points[settled - 1];
        acti_batch_put_verified(store, to->position, to->batch);
        acti_compactor_wake_to_merge(store); /* what has left memory lies in new files */
        count -= settled;
        memmove(committer->points, to + 1, count * sizeof *to);
    }

    uint64_t before = committer->written_bytes;
    committer->written_bytes += store->engine->ops->batch_bytes(committer->batch);
    bool is_far = count == 0 || before - committer->points[count - 1].written_bytes >= unsettled / POINTS_APART;
    if (is_far && count < ACTI_VERIFIED_POINTS)
        committer->points[count++] = (acti_verified_point){
            .position = committer->position, .batch = committer->batch_number, .written_bytes = committer->written_bytes
        };
    committer->point_count = count;
}

void
acti_batch_put_page(acta_store *store)
{
    acti_page_writer *page = &store->committer.page;

    if (page->count == 0) return;
    acti_key key = acti_log_key(page->first);
    store->engine->ops->batch_put(store->committer.batch, ACTI_LOG, acti_key_view(&key), acti_page_writer_finish(page));
}

void
acti_batch_close(acta_store *store, uint32_t event_count)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_committer *committer = &store->committer;
    acti_key batch_key = acti_batch_key(++committer->batch_number);
    uint8_t value[ACTI_BATCH_SIZE];

    acti_batch_put_page(store);
    acti_put_le64(value, committer->position);
    acti_put_le64(value + 8, (uint64_t)committer->recorded_at_us);
    acti_put_le32(value + 16, event_count);
    acti_put_le32(value + 20, acta_crc32c(0, value, 20));
    ops->batch_put(committer->batch, ACTI_META, acti_key_view(&batch_key), acta_bytes_from(value, sizeof value));
}

void
acta_store_sync_keys(acta_store *store, const acta_key_service *keys)
{
    /* Release: the service is whole; pairs with sync_keys. */
    atomic_store_explicit(&store->keys, keys != NULL && keys->sync != NULL ? keys : NULL, memory_order_release);
}

/* What the batch holds may be sealed with keys that are not on disk yet. */
static acta_status
sync_keys(acta_store *store, acta_error *error)
{
    /* Acquire: see acta_store_sync_keys. */
    const acta_key_service *keys = atomic_load_explicit(&store->keys, memory_order_acquire);
    return keys != NULL ? keys->sync(keys->user, error) : ACTA_OK;
}

/* Put the next batch together and hand it to the engine. False: there was nothing. */
bool
acti_batch_gather(acta_store *store)
{
    const acti_engine_ops *ops = store->engine->ops;
    acti_committer *committer = &store->committer;
    acta_error error;

    acti_batch_take(store, NULL);
    if (committer->waiting_first == NULL) return false;
    acti_streams_trim(&committer->streams);
    acti_pending_rows_clear(&committer->rows);
    committer->tagged.count = 0;
    committer->runs.count = 0;
    ops->batch_clear(committer->batch);
    committer->batch_first = committer->batch_last = NULL;
    committer->batch_count = committer->batch_events = 0;
    committer->batch_writes = false;
    committer->batch_status = ACTA_OK;
    tick(store);
    committer->begun_ns = now_ns(store);
    while (committer->waiting_first != NULL && committer->batch_count < store->batch_count_max &&
           ops->batch_bytes(committer->batch) < BATCH_BYTES_MAX) {
        gather_one(store, next_waiting(committer));
        if (ACTA_SIM_CHANCE(&store->environment, "batch.of.one", 25)) break;
    }
    if (committer->batch_count > 1) ACTA_SOMETIMES(&store->environment, "batch.of.several");

    if (committer->batch_writes) {
        acti_batch_close(store, committer->batch_events);
        acti_index_tail_put(&store->index, store->engine, committer->batch, 2 * (uint64_t)committer->batch_events + 1);
        move_verified(store);
        ACTA_CRASH_POINT("before_write");
        committer->batch_status = sync_keys(store, &error);
        if (committer->batch_status == ACTA_OK)
            committer->batch_status = ops->write(store->engine, committer->batch, &error);
        if (committer->batch_status != ACTA_OK) acti_store_fail(store, committer->batch_status, &error);
    }
    committer->phase = ACTI_WRITTEN;
    return true;
}

void
acti_batch_sync(acta_store *store)
{
    acti_committer *committer = &store->committer;
    acta_error error;

    if (committer->batch_writes && committer->batch_status == ACTA_OK) {
        ACTA_CRASH_POINT("between_write_and_sync");
        ACTA_PROBE3(sync, committer->position, committer->batch_events, committer->batch_count);
        committer->batch_status =
            store->engine->ops->sync(store->engine, !store->no_sync && !ACTA_PLANT("ack_before_sync"), &error);
        ACTA_PROBE3(sync_done, committer->position, committer->batch_events, committer->batch_status);
        ACTA_CRASH_POINT("after_sync_before_reply");
        ACTI_COUNT(store, syncs, 1);
        if (ACTA_PLANT("sync_error_ignored")) committer->batch_status = ACTA_OK;
        if (committer->batch_status != ACTA_OK) acti_store_fail(store, committer->batch_status, &error);
    }
    committer->phase = ACTI_SYNCED;
}

/* Let readers see the batch: the tail first, for the head says that it is there. */
static void
publish(acta_store *store)
{
    acti_committer *committer = &store->committer;
    uint64_t outside = 0;

    for (acta_transaction *t = committer->batch_first; t != NULL; t = t->next) {
        if (t->refusal != ACTI_REFUSED_NOT) continue;
        if (t->session == 0 && t->record_count > 0) outside++;
        if (t->removes_events || ACTA_SIM_CHANCE(&store->environment, "tail.forgotten", 25)) {
            acti_tail_clear(&store->tail);
            acti_blocks_clear(&store->blocks);
            acti_strips_clear(&store->strips);
        }
        if (t->record_count > 0) acti_tail_push(&store->tail, t->first_position, t->records, t->record_count);
    }
    acti_index_tail_take(&store->index, &committer->runs, store->engine->ops->batch_bytes(committer->batch));
    ACTI_COUNT(store, batches, 1);
    ACTI_COUNT(store, events, committer->batch_events);
    /* Release: engine and tail hold the records up to here; pairs with acti_store_head. seq_cst, since a subscription that
     * runs dry says so and then looks at the head again, while we look for those that said so (subscription.c). */
    atomic_store_explicit(&store->head, committer->position, memory_order_seq_cst);
    /* Release: who sees the count sees the head that has them. */
    if (outside > 0) atomic_fetch_add_explicit(&store->outside_count, outside, memory_order_release);
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
    result.batch_begun_ns = committer->begun_ns;
    result.durable_ns = committer->durable_ns;
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
        if (result.status == ACTA_CONFLICT) ACTA_SOMETIMES(&store->environment, "commit.conflict");
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
void
acti_batch_finish(acta_store *store)
{
    acti_committer *committer = &store->committer;
    acta_error error;
    bool few = committer->batch_count <= FEW;

    bool synced = committer->batch_writes && committer->batch_status == ACTA_OK;
    if (synced) {
        committer->batch_status = acti_mark_await(store, &error);
        if (committer->batch_status != ACTA_OK) acti_store_fail(store, committer->batch_status, &error);
        publish(store); /* also without its mark: its rows can be read already */
    }
    bool written = synced && committer->batch_status == ACTA_OK;
    committer->durable_ns = written ? now_ns(store) : 0;
    if (written && !few) acti_mark_want(store);

    for (acta_transaction *t = committer->batch_first; t != NULL;) {
        acta_transaction *next = t->next;
        complete(store, t);
        t = next;
    }
    committer->batch_first = committer->batch_last = NULL;
    committer->phase = ACTI_IDLE;

    if (written && few) acti_mark_want(store); /* waking a thread takes longer than a reply: those went first */
    if (synced && committer->batch_events > 0) acti_subscriptions_wake(store);
}

bool
acti_batch_commit(acta_store *store)
{
    if (!acti_batch_gather(store)) return false;
    acti_batch_sync(store);
    acti_batch_finish(store);
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
