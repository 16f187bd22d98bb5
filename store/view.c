/*
 * View: what a store that is opened to read sees, of a log that somebody else may be writing at this moment.
 *
 *     writer    write --> sync --> mark
 *     reader    mark, files, mark again until it has reached all that the files showed
 *
 * The files may show a batch whose sync is still under way; nobody was told of it, and it may never be. So a view counts
 * only when the mark, which is written behind the sync, says that all of it is durable. Files that the writer removes while
 * they are being opened make a view that lacks something, which the checks of recovery.c find; it is then made again.
 */
#include <inttypes.h>

#include "acta/thread.h"

#include "internal.h"

enum { LOOKS_MAX = 20, MARK_READS_MAX = 100, PAUSE_MS_MAX = 10 };

/* The newest mark; the one that is given stays when there is none to be read. */
static acta_status
read_mark(acta_store *store, acti_mark *mark, acta_error *error)
{
    acti_mark newest;
    bool blank;
    acta_status status = acti_mark_read(store->engine, &newest, &blank, error);

    if (status == ACTA_OK && newest.turn > 0) *mark = newest;
    return status;
}

/* Whoever writes has synced what is seen, or does so now. */
static acta_status
await_mark(acta_store *store, acti_mark *mark, acta_error *error)
{
    for (uint32_t i = 0; i < MARK_READS_MAX; i++) {
        if (mark->batch >= store->recovered.batch) return ACTA_OK;
        acta_thread_pause(i < PAUSE_MS_MAX ? i : PAUSE_MS_MAX);
        acta_status status = read_mark(store, mark, error);
        if (status != ACTA_OK) return status;
    }
    return acta_error_set(error, ACTA_BUSY,
        "the store '%s' is being written, and the newest of it (batch %" PRIu64 ") is not durable yet (batch %" PRIu64
        " is); try again",
        store->path, store->recovered.batch, mark->batch);
}

static acta_status
look(acta_store *store, acti_mark *mark, bool *writer_out, acta_error *error)
{
    const acti_engine_ops *ops = store->engine->ops;
    acta_error no_error;
    acta_status status = ops->start(store->engine, ACTI_START_READ, error);

    *writer_out = false;
    store->recovered.shown = status == ACTA_OK;
    if (status == ACTA_OK) status = acti_recovery_check(store, mark, error);
    if (ops->settle == NULL) return status;
    acta_status settled = ops->settle(store->engine, writer_out, status == ACTA_OK ? error : &no_error);
    if (status != ACTA_OK) return status;
    return settled == ACTA_OK && *writer_out ? await_mark(store, mark, error) : settled;
}

acta_status
acti_view_open(acta_store *store, acti_mark *mark, acta_error *error)
{
    bool writer, had_writer = true; /* one that is gone by now may have been in the way */
    acta_status status = look(store, mark, &writer, error);

    for (uint32_t i = 1; i < LOOKS_MAX && (status == ACTA_CORRUPT || status == ACTA_IO) && (writer || had_writer);
         i++) {
        had_writer = writer;
        acta_thread_pause(i < PAUSE_MS_MAX ? i : PAUSE_MS_MAX);
        status = read_mark(store, mark, error);
        if (status == ACTA_OK) status = look(store, mark, &writer, error);
    }
    return status;
}

acta_status
acta_store_refresh(acta_store *store, acta_error *error)
{
    const uint64_t head = acti_store_head(store);
    uint8_t store_id[ACTI_STORE_ID_SIZE];
    acti_mark mark = store->committer.mark;

    if (!store->read_only) return ACTA_OK;
    /* Relaxed: whoever opens or closes a cursor isn't at work beside this (store.h). */
    if (atomic_load_explicit(&store->cursor_count, memory_order_relaxed) > 0)
        return acta_error_set(error, ACTA_BUSY,
            "the store '%s' can't be looked at anew while a cursor is open; close it first", store->path);
    memcpy(store_id, store->store_id, sizeof store_id);
    acta_status status = read_mark(store, &mark, error);
    if (status == ACTA_OK) status = acti_view_open(store, &mark, error);
    if (status != ACTA_OK) return status;
    if (memcmp(store_id, store->store_id, sizeof store_id) != 0 || store->recovered.position < head)
        return acta_error_set(error, ACTA_CORRUPT,
            "another store has taken the place of '%s': it ends at position %" PRIu64 ", it was at %" PRIu64
            "; close it and open it again",
            store->path, store->recovered.position, head);
    acti_blocks_clear(&store->blocks); /* the writer may have removed events */
    acti_strips_clear(&store->strips);
    /* Release: who sees the head sees the engine as it is now; pairs with acti_store_head. seq_cst, as run_dry says. */
    atomic_store_explicit(&store->head, store->recovered.position, memory_order_seq_cst);
    if (store->recovered.position > head) acti_subscriptions_wake(store);
    return ACTA_OK;
}
