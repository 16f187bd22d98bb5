/*
 * Memory budget of all live aggregates of an application: who was used least recently goes first.
 *
 *     first: used longest ago <-> … <-> last: used just now        under a lock that is held for some pointers
 *
 *     over half of the budget   whoever was used moves to the end
 *     over the budget           the first is told to passivate, as if its idle time were over; its bytes count no more
 *
 * Below half of the budget nobody takes the lock: who was used then, and not since, is older than all that moved. One that is
 * told, and gets a command before it has gone, stays, and counts again.
 */
#include "aggregate_actor.h"
#include "counters.h"

/* What the runtime keeps of an actor, and of its name: tests/actors/test_live_size.c. */
enum { ACTOR_BYTES = 420, EVICTED_AT_ONCE = 2 };

static void
lock(acta_app *app)
{
    /* Acquire: the list as its last holder left it. */
    while (atomic_exchange_explicit(&app->live.is_taken, true, memory_order_acquire)) {}
}

static bool
try_lock(acta_app *app)
{
    return !atomic_exchange_explicit(&app->live.is_taken, true, memory_order_acquire);
}

static void
unlock(acta_app *app)
{
    atomic_store_explicit(&app->live.is_taken, false, memory_order_release); /* publishes the list */
}

/* -- the list; locked -- */

static void
unlink_used(acta_app *app, acti_aggregate_actor *a)
{
    if (a->used_before != NULL)
        a->used_before->used_after = a->used_after;
    else
        app->live.first = a->used_after;
    if (a->used_after != NULL)
        a->used_after->used_before = a->used_before;
    else
        app->live.last = a->used_before;
}

static void
link_last(acta_app *app, acti_aggregate_actor *a)
{
    a->used_before = app->live.last;
    a->used_after = NULL;
    if (app->live.last != NULL)
        app->live.last->used_after = a;
    else
        app->live.first = a;
    app->live.last = a;
}

/* -- bytes. Relaxed, all of them: sums to stay below, nothing hangs on their order. -- */

static void
set_bytes(acti_aggregate_actor *a, uint64_t bytes)
{
    uint64_t before = atomic_exchange_explicit(&a->counted_bytes, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&a->app->live.bytes, bytes - before, memory_order_relaxed);
}

static uint64_t
live_bytes(const acta_app *app)
{
    return atomic_load_explicit(&app->live.bytes, memory_order_relaxed);
}

void
acti_budget_join(acti_aggregate_actor *a)
{
    lock(a->app);
    link_last(a->app, a);
    unlock(a->app);
    a->is_listed = true;
    atomic_fetch_add_explicit(&a->app->live.count, 1, memory_order_relaxed);
}

void
acti_budget_leave(acti_aggregate_actor *a)
{
    if (!a->is_listed) return;
    set_bytes(a, 0);
    lock(a->app);
    unlink_used(a->app, a);
    unlock(a->app);
    atomic_fetch_sub_explicit(&a->app->live.count, 1, memory_order_relaxed);
}

/* The one that was used longest ago, other than `a`; it counts no more. No pid: there is none. */
static acta_pid
take_oldest(acti_aggregate_actor *a)
{
    acta_app *app = a->app;
    acta_pid pid = { 0 };

    lock(app);
    acti_aggregate_actor *oldest = app->live.first != a ? app->live.first : a->used_after;
    if (oldest != NULL && atomic_load_explicit(&oldest->counted_bytes, memory_order_relaxed) != 0) {
        pid = acta_self_pid(oldest->self); /* it ends only when it has left the list */
        unlink_used(app, oldest);
        link_last(app, oldest);
        set_bytes(oldest, 0);
    }
    unlock(app);
    return pid;
}

void
acti_budget_note(acti_aggregate_actor *a)
{
    acta_app *app = a->app;
    uint64_t budget = app->aggregate_memory_bytes;

    set_bytes(a, ACTOR_BYTES + a->aggregate->behaviour.state_size + 2 * a->stream.size + acta_memory_used(a->memory));
    if (live_bytes(app) <= budget / 2) return;
    if (try_lock(app)) { /* a busy lock: another time */
        unlink_used(app, a);
        link_last(app, a);
        unlock(app);
    }
    for (int i = 0; i < EVICTED_AT_ONCE && live_bytes(app) > budget; i++) {
        acta_pid oldest = take_oldest(a);
        if (oldest.value == 0) return;
        atomic_fetch_add_explicit(&app->live.evicted, 1, memory_order_relaxed);
        ACTA_SOMETIMES(&app->environment, "aggregate.evicted");
        acta_send(app->runtime, oldest, acta_message_create(app->runtime, ACTI_TAG_PASSIVATE, 0));
    }
}

void
acta_app_aggregates(const acta_app *app, acta_aggregates_info *info_out)
{
    ACTI_IN_CALL(app);
    *info_out = (acta_aggregates_info){ .live = atomic_load_explicit(&app->live.count, memory_order_relaxed),
        .bytes = live_bytes(app),
        .evicted = atomic_load_explicit(&app->live.evicted, memory_order_relaxed) };
}
