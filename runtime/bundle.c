/*
 * Bundles; bundle.h has the picture and the rules.
 */
#include "bundle.h"
#include "run_queue.h"

enum { BUNDLE_MAX = 32 };

/* Both sides of the bound, as bundle.h says. */
static bool
has_room(const acti_worker *worker, const acti_actor *actor)
{
    /* relaxed, all: a guess, which half of the bound makes up for. */
    uint64_t limit = atomic_load_explicit(&actor->limit, memory_order_relaxed);
    int64_t load = (int64_t)(atomic_load_explicit(&actor->sent_load, memory_order_relaxed) -
                             atomic_load_explicit(&actor->settled_load, memory_order_relaxed));
    uint64_t bundles = (uint64_t)worker->context.runtime->worker_max * BUNDLE_MAX;
    uint64_t before = load > 0 ? (uint64_t)load : 0;

    return (before / ACTI_LOAD_COUNT + bundles) * 2 <= limit >> 32 &&
           (before % ACTI_LOAD_COUNT + bundles * ACTI_WEIGHT_MIN) * 2 <= (uint32_t)limit;
}

/* Inside the lock. What was in there is in its mailbox then; the actor, if that made it ready, or NULL. */
static acti_actor *
push(acti_worker *worker)
{
    /* relaxed, all: under the lock. */
    acti_node *first = atomic_load_explicit(&worker->bundle_first, memory_order_relaxed);
    if (first == NULL) return NULL;
    acti_actor *actor = atomic_load_explicit(&worker->bundle_to, memory_order_relaxed);
    acti_node *last = atomic_load_explicit(&worker->bundle_last, memory_order_relaxed);
    uint64_t load = atomic_load_explicit(&worker->bundle_load, memory_order_relaxed);

    atomic_fetch_add_explicit(&actor->sent_load, load, memory_order_relaxed); /* as in acti_mailbox_admit */
    bool is_ready = acti_mailbox_push_all(actor, first, last);
    /* release: the worker that sees NULL without the lock sends behind what a thief has pushed. */
    atomic_store_explicit(&worker->bundle_first, NULL, memory_order_release);
    return is_ready ? actor : NULL;
}

static void
push_own(acti_worker *worker)
{
    acti_lifo_enter(worker);
    acti_actor *actor = push(worker);
    acti_lifo_leave(worker);
    if (actor != NULL) acti_schedule_on(worker, actor);
}

void
acti_bundle_flush(acti_worker *worker)
{
    worker->busy_row = 0;
    push_own(worker);
}

bool
acti_bundle_add(acti_worker *worker, acti_actor *actor, acti_node *node)
{
    uint64_t load = ACTI_LOAD_COUNT + ACTI_WEIGHT_MIN;

    acti_lifo_enter(worker);
    /* relaxed, all: as above. */
    if (atomic_load_explicit(&worker->bundle_first, memory_order_relaxed) != NULL) {
        acti_node *last = atomic_load_explicit(&worker->bundle_last, memory_order_relaxed);
        atomic_store_explicit(&last->next, node, memory_order_relaxed);
        load += atomic_load_explicit(&worker->bundle_load, memory_order_relaxed);
    } else if (has_room(worker, actor)) {
        atomic_store_explicit(&worker->bundle_first, node, memory_order_relaxed);
        atomic_store_explicit(&worker->bundle_to, actor, memory_order_relaxed);
    } else {
        acti_lifo_leave(worker);
        return false;
    }
    atomic_store_explicit(&worker->bundle_last, node, memory_order_relaxed);
    atomic_store_explicit(&worker->bundle_load, load, memory_order_relaxed);
    acti_lifo_leave(worker);
    if (load >= BUNDLE_MAX * ACTI_LOAD_COUNT) push_own(worker);
    return true;
}

acti_actor *
acti_bundle_steal(acti_worker *victim)
{
    acti_actor *actor = NULL;

    if (acti_bundle_is_empty(victim) || !acti_lifo_claim(victim)) return NULL; /* a look first */
    if (acti_lifo_is_left(victim)) actor = push(victim);
    acti_lifo_release(victim);
    return actor;
}
