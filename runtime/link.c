/*
 * Making links and monitors, and dissolving them: by handlers, and by a spawn for its child.
 *
 * All memory of a tie is taken here, so that its end can always be told. Not here: what becomes of the signals that this
 * sends (signal.c).
 */
#include "ties.h"

/* -- what handlers call -- */

static uint64_t
next_link_id(acta_runtime *runtime)
{
    return atomic_fetch_add_explicit(&runtime->link_ids, 1, memory_order_relaxed) + 1; /* only unique, and growing */
}

acta_status
acta_link(acta_self *self, acta_pid to)
{
    static const acta_exit_reason noproc = { .kind = ACTA_EXIT_NOPROC };
    acta_runtime *runtime = self->runtime;

    if (acta_pid_equal(to, acti_pid_of(self)) || acti_link_find(self, to) != NULL) return ACTA_OK;
    acti_link *mine = acti_alloc(runtime, sizeof *mine);
    acti_link *theirs = acti_alloc(runtime, sizeof *theirs);
    if (mine == NULL || theirs == NULL) {
        acti_free(runtime, mine, sizeof *mine);
        acti_free(runtime, theirs, sizeof *theirs);
        return ACTA_NO_MEMORY;
    }

    mine->id = theirs->id = next_link_id(runtime);
    mine->asked = theirs->asked = false;
    mine->peer = to;
    acti_link_add(self, mine);
    theirs->peer = acti_pid_of(self);
    acti_actor *actor = acti_actor_alive(runtime, to);
    if (actor != NULL)
        acti_push_signal(actor, (uint32_t)(to.value >> 32), &theirs->node, ACTI_LINK);
    else
        acti_exit_send(runtime, to, acti_pid_of(self), theirs, &noproc);
    return ACTA_OK;
}

void
acta_unlink(acta_self *self, acta_pid to)
{
    acti_link *mine = acti_link_find(self, to);
    acti_actor *actor = acti_actor_alive(self->runtime, to);

    if (mine == NULL) return;
    acti_link_remove(self, mine);
    mine->peer = acti_pid_of(self);
    if (actor != NULL)
        acti_push_signal(actor, (uint32_t)(to.value >> 32), &mine->node, ACTI_UNLINK);
    else
        acti_link_free(self, mine);
}

/* A monitor and its watch, with a reference in the watcher's table. */
static bool
make_monitor(acti_actor *watcher, acta_pid target, acti_monitor **monitor_out, acti_watch **watch_out)
{
    acta_runtime *runtime = watcher->runtime;
    acti_monitor *monitor = acti_alloc(runtime, sizeof *monitor);
    acti_watch *watch = acti_alloc(runtime, sizeof *watch);
    acta_ref ref = { 0 };

    if (monitor != NULL && watch != NULL) ref = acti_ref_add(watcher, ACTI_REF_WATCH, watch, 0);
    if (ref.value == 0) {
        acti_free(runtime, monitor, sizeof *monitor);
        acti_free(runtime, watch, sizeof *watch);
        return false;
    }
    monitor->watcher = acti_pid_of(watcher);
    monitor->target = watch->target = target;
    monitor->ref = ref;
    watch->monitor = monitor;
    *monitor_out = monitor;
    *watch_out = watch;
    return true;
}

acta_status
acta_monitor(acta_self *self, acta_pid to, acta_ref *ref_out)
{
    static const acta_exit_reason noproc = { .kind = ACTA_EXIT_NOPROC };
    acti_actor *actor = acti_actor_alive(self->runtime, to);
    acti_monitor *monitor;
    acti_watch *watch;

    if (!make_monitor(self, to, &monitor, &watch)) return ACTA_NO_MEMORY;
    *ref_out = monitor->ref;
    if (actor != NULL)
        acti_push_signal(actor, (uint32_t)(to.value >> 32), &monitor->node, ACTI_MONITOR);
    else
        acti_down_send(self->runtime, monitor, &noproc);
    return ACTA_OK;
}

void
acta_demonitor(acta_self *self, acta_ref ref)
{
    acti_ref_entry *entry = acti_ref_find(self, ref, ACTI_REF_WATCH);

    if (entry == NULL) return;
    acti_watch *watch = entry->object;
    acti_ref_remove(self, ref);
    acti_watch_end(self->runtime, watch);
}

void
acta_trap_exit(acta_self *self, bool trap)
{
    /* acq_rel: as for all changes of `life`; those who send exits look at it. */
    if (trap)
        atomic_fetch_or_explicit(&self->life, ACTI_TRAP, memory_order_acq_rel);
    else
        atomic_fetch_and_explicit(&self->life, ~(uint64_t)ACTI_TRAP, memory_order_acq_rel);
}

/* -- a spawner's ties to its child, made without signals while both are in one thread's hands -- */

bool
acti_ties_reserve(acti_ties *ties, acti_actor *linker, acti_actor *watcher, acti_actor *child)
{
    acta_runtime *runtime = child->runtime;

    *ties = (acti_ties){ .ref = { 0 } };
    if (watcher != NULL && !make_monitor(watcher, acti_pid_of(child), &ties->monitor, &ties->watch)) return false;
    if (ties->monitor != NULL) ties->ref = ties->monitor->ref;
    if (linker == NULL) return true;
    ties->spawner_link = acti_alloc(runtime, sizeof *ties->spawner_link);
    ties->child_link = acti_alloc(runtime, sizeof *ties->child_link);
    if (ties->spawner_link != NULL && ties->child_link != NULL) return true;
    acti_ties_drop(ties, watcher, child);
    return false;
}

void
acti_ties_tie(acti_ties *ties, acti_actor *linker, acti_actor *watcher, acti_actor *child)
{
    (void)watcher; /* has its watch */
    if (ties->monitor != NULL) acti_monitor_add(child, ties->monitor);
    if (ties->spawner_link == NULL) return;
    ties->spawner_link->id = ties->child_link->id = next_link_id(child->runtime);
    ties->spawner_link->asked = ties->child_link->asked = false;
    ties->spawner_link->peer = acti_pid_of(child);
    ties->child_link->peer = acti_pid_of(linker);
    if (acti_link_find(linker, ties->spawner_link->peer) == NULL)
        acti_link_add(linker, ties->spawner_link);
    else
        acti_link_free(linker, ties->spawner_link);
    if (acti_link_find(child, ties->child_link->peer) == NULL)
        acti_link_add(child, ties->child_link);
    else
        acti_link_free(child, ties->child_link);
}

void
acti_ties_drop(acti_ties *ties, acti_actor *watcher, acti_actor *child)
{
    acta_runtime *runtime = child->runtime;

    if (ties->monitor != NULL) {
        acti_ref_remove(watcher, ties->ref);
        acti_free(runtime, ties->monitor, sizeof *ties->monitor);
        acti_free(runtime, ties->watch, sizeof *ties->watch);
    }
    acti_free(runtime, ties->spawner_link, sizeof *ties->spawner_link);
    acti_free(runtime, ties->child_link, sizeof *ties->child_link);
}
