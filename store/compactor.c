/*
 * Compactor: the thread that compacts a store's dead ranges and merges its small files, one at a time, at no more than the pace
 * that was set.
 *
 *     open, scrub, committer --wake--> due? --range--> engine --pace--> due? --> … --> nothing left: asleep
 *                                        \-- dead, but still in the engine's memory: looked at again after LOOK_MS
 *
 * It begins with the first range that there is, or when files may have been made. It works as a scrub does, under the
 * scrubber's flag: a stub put into a range while the engine begins to compact it would have to be written out first, in the
 * middle of the commits. So who scrubs meanwhile waits for the range.
 *
 * Closing doesn't wait for a range: the engine gives it up, and its row stays.
 */
#include <inttypes.h>

#include "internal.h"

enum { LOOK_MS = 1000, WAIT_MS_MAX = 60000 };

/* -- who scrubs -- */

bool
acti_scrubbing_take(acta_store *store, acti_scrubber who)
{
    acti_compactor *c = &store->compactor;

    acti_monitor_enter(&c->monitor);
    while (who == ACTI_SCRUBBER_CALL && c->scrubber == ACTI_SCRUBBER_THREAD)
        acti_monitor_wait(&c->monitor);
    bool free = c->scrubber == ACTI_SCRUBBER_NONE;
    if (free) c->scrubber = who;
    acti_monitor_leave(&c->monitor);
    return free;
}

void
acti_scrubbing_give_back(acta_store *store)
{
    acti_compactor *c = &store->compactor;

    acti_monitor_enter(&c->monitor);
    c->scrubber = ACTI_SCRUBBER_NONE;
    acti_monitor_wake(&c->monitor);
    acti_monitor_leave(&c->monitor);
}

/* -- the thread -- */

/* How long until it is worth a look: 0: at once; UINT64_MAX: until somebody wakes it. */
static uint64_t
compact_once(acta_store *store)
{
    uint64_t wait_ms = UINT64_MAX;

    if (acti_store_refuses(store)) return UINT64_MAX; /* for good */
    if (!acti_scrubbing_take(store, ACTI_SCRUBBER_THREAD)) return LOOK_MS;
    acti_dead_state state = acti_compact_some(store, &wait_ms);
    acti_scrubbing_give_back(store);
    if (state == ACTI_DEAD_NONE) return UINT64_MAX;
    if (state == ACTI_DEAD_UNSETTLED) return LOOK_MS;
    return wait_ms < WAIT_MS_MAX ? wait_ms : WAIT_MS_MAX;
}

static void
run(void *user)
{
    acta_store *store = user;
    acti_compactor *c = &store->compactor;
    uint64_t wait_ms = 0;

    acti_monitor_enter(&c->monitor);
    while (!c->stopping) {
        if (wait_ms == UINT64_MAX && !c->wanted)
            acti_monitor_wait(&c->monitor);
        else if (wait_ms > 0 && !c->wanted)
            acti_monitor_wait_ms(&c->monitor, wait_ms);
        if (c->stopping) break;
        if (wait_ms == UINT64_MAX && !c->wanted) continue; /* nobody woke it */
        c->wanted = false;
        acti_monitor_leave(&c->monitor);
        wait_ms = compact_once(store);
        acti_monitor_enter(&c->monitor);
    }
    acti_monitor_leave(&c->monitor);
}

static void
wake(acta_store *store)
{
    acti_compactor *c = &store->compactor;
    bool given = true;

    if (store->manual || store->read_only || store->compaction.bytes_per_second == 0) return;
    acti_monitor_enter(&c->monitor);
    c->wanted = true;
    if (!c->thread.running && !c->stopping)
        given = acti_store_thread_start(&c->thread, "acta-compact", run, store);
    else
        acti_monitor_wake(&c->monitor);
    acti_monitor_leave(&c->monitor);
    if (!given)
        acta_log_event(&store->environment, ACTA_LOG_WARNING, "store.no_compactor",
            ACTA_LOG_FIELDS(acta_log_text("store", acta_str_of(store->path))),
            "the system gives no thread to compact '%s'; the next scrub tries again", store->path);
}

void
acti_compactor_wake(acta_store *store)
{
    if (acti_dead_any(store)) wake(store);
}

void
acti_compactor_wake_to_merge(acta_store *store)
{
    if (store->engine->ops->merge != NULL) wake(store);
}

void
acti_compactor_stop(acta_store *store)
{
    acti_compactor *c = &store->compactor;

    acti_monitor_enter(&c->monitor);
    c->stopping = true;
    acti_monitor_wake(&c->monitor);
    bool running = c->thread.running;
    acti_monitor_leave(&c->monitor);
    /* Relaxed: the range under way ends early, or it doesn't. */
    atomic_store_explicit(&store->compaction.stopping, true, memory_order_relaxed);
    if (running && store->engine->ops->compact_stop != NULL) store->engine->ops->compact_stop(store->engine);
    acti_store_thread_join(&c->thread);
}
