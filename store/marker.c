/*
 * Marker: the second thread, which makes the mark of a batch durable while the next batch is synced.
 *
 *     committer: want(k) ----------------------> await(k) before anybody hears of batch k + 1
 *     marker:            \-> write and sync k -/
 *
 * A manual store has no such thread: await writes the mark that is still wanted.
 */
#include "internal.h"

void
acti_marker_run(void *user)
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
void
acti_mark_want(acta_store *store)
{
    acti_committer *committer = &store->committer;

    if (store->no_sync) return;
    committer->mark.turn++;
    committer->mark.position = committer->position;
    committer->mark.batch = committer->batch_number;
    if (store->manual) return; /* acti_mark_await writes it */
    acti_monitor_enter(&store->marker.monitor);
    store->marker.wanted = committer->mark;
    acti_monitor_leave(&store->marker.monitor);
    acti_monitor_wake(&store->marker.monitor); /* outside, or the woken one would run into the lock */
}

bool
acti_mark_is_behind(const acta_store *store)
{
    return store->manual && !store->marker.failed && store->marker.written.turn != store->committer.mark.turn;
}

/* The mark that was wanted last is on disk, or never will be. */
acta_status
acti_mark_await(acta_store *store, acta_error *error)
{
    acti_marker *marker = &store->marker;
    acta_status status = ACTA_OK;

    acti_monitor_enter(&marker->monitor);
    if (acti_mark_is_behind(store)) {
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
