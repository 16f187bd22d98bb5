/*
 * Links, monitors and exits: signals between actors, in order with their messages.
 *
 *     link     each side keeps a half; a half's node carries LINK to the other side, UNLINK, and at its end EXIT
 *     monitor  the target keeps the monitor, which comes back as DOWN; the watcher keeps a watch, which carries
 *              DEMONITOR
 *
 * All memory is taken when the tie is made (link.c), so an end can always be told. A signal that finds its receiver gone turns
 * round: LINK comes back as EXIT, MONITOR as DOWN, both with NOPROC. Both halves of a link carry its number, so that
 * an UNLINK under way can't dissolve a link made after it; when both sides link at once the higher number wins.
 *
 * The exit of an actor that doesn't trap takes effect before its next message: who sends such a signal raises LOOK
 * behind it, and the receiver then looks for it in its mailbox, past the messages.
 */
#include "ties.h"

/* -- sending -- */

/* Set a flag of one life only. */
static bool
raise_flag(acti_actor *actor, uint32_t generation, uint64_t flag, uint64_t unless)
{
    uint64_t life = atomic_load_explicit(&actor->life, memory_order_relaxed); /* the exchange decides */

    while (acti_life_generation(life) == generation && (life & ACTI_ALIVE) != 0 && (life & unless) == 0) {
        /* acq_rel: what we did before (the signal is in the mailbox) is behind the flag; pairs with the turn's load. */
        if (atomic_compare_exchange_weak_explicit(
                &actor->life, &life, life | flag, memory_order_acq_rel, memory_order_relaxed))
            return true;
    }
    return false;
}

bool
acti_life_raise(acta_runtime *runtime, acta_pid pid, uint64_t flag)
{
    acti_actor *actor = acti_actor_alive(runtime, pid);
    return actor != NULL && raise_flag(actor, (uint32_t)(pid.value >> 32), flag, 0);
}

void
acti_exit_send(acta_runtime *runtime, acta_pid from, acta_pid to, acti_link *link, const acta_exit_reason *reason)
{
    acti_actor *actor = acti_actor_alive(runtime, to);

    if (actor == NULL) {
        acti_free(runtime, link, sizeof *link);
        return;
    }
    acti_bundle_flush_here(acti_current);
    acta_exit_kind kind = reason->kind;
    link->peer = from;
    link->reason = *reason;
    link->node.kind = ACTI_EXIT;
    link->node.generation = (uint32_t)(to.value >> 32);
    bool ready = acti_mailbox_push_signal(actor, &link->node);
    if (kind != ACTA_EXIT_NORMAL) raise_flag(actor, (uint32_t)(to.value >> 32), ACTI_LOOK, ACTI_TRAP);
    if (ready) acti_schedule(actor);
}

void
acti_down_send(acta_runtime *runtime, acti_monitor *monitor, const acta_exit_reason *reason)
{
    acti_actor *actor = acti_actor_alive(runtime, monitor->watcher);

    monitor->reason = *reason;
    if (actor == NULL)
        acti_free(runtime, monitor, sizeof *monitor);
    else
        acti_push_signal(actor, (uint32_t)(monitor->watcher.value >> 32), &monitor->node, ACTI_DOWN);
}

void
acti_kill(acti_actor *actor, uint32_t generation)
{
    if (raise_flag(actor, generation, ACTI_KILL, 0)) acti_wake(actor);
}

/* False: there is no memory for it. */
static bool
ask_to_end(acta_runtime *runtime, acta_pid from, acta_pid to, const acta_exit_reason *reason)
{
    acti_actor *actor = acti_actor_alive(runtime, to);

    if (actor == NULL) return true;
    if (reason->kind == ACTA_EXIT_KILLED) {
        acti_kill(actor, (uint32_t)(to.value >> 32));
        return true;
    }
    acti_link *signal = acti_alloc(runtime, sizeof *signal);
    if (signal == NULL) return false;
    signal->asked = true;
    acti_exit_send(runtime, from, to, signal, reason);
    return true;
}

void
acta_exit(acta_runtime *runtime, acta_pid from, acta_pid to, const acta_exit_reason *reason)
{
    if (!ask_to_end(runtime, from, to, reason))
        acta_log_event(&runtime->environment, ACTA_LOG_WARNING, "actor.exit_signal_lost",
            ACTA_LOG_FIELDS(
                acta_log_number("generation", to.value >> 32), acta_log_number("index", (uint32_t)to.value)),
            "no memory for an exit signal: it is lost");
}

void
acti_exit_or_kill(acta_runtime *runtime, acta_pid from, acta_pid to, const acta_exit_reason *reason)
{
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };

    if (!ask_to_end(runtime, from, to, reason)) ask_to_end(runtime, from, to, &kill);
}

/* -- receiving -- */

acti_exit_effect
acti_exit_receive(acti_actor *actor, acti_link *link, acta_exit_reason *end_out)
{
    if (!link->asked) {
        acti_link *mine = acti_link_find(actor, link->peer);
        if (mine == NULL) { /* unlinked meanwhile */
            acti_link_free(actor, link);
            return ACTI_EXIT_IGNORED;
        }
        acti_link_remove(actor, mine);
        acti_link_free(actor, mine);
    }
    /* relaxed: only the actor itself changes TRAP. One that is suspended can't be told, and ends if it is asked to. */
    if ((atomic_load_explicit(&actor->life, memory_order_relaxed) & ACTI_TRAP) != 0 &&
        (actor->odd & ACTI_ODD_SUSPENDED) == 0)
        return ACTI_EXIT_TELLS;
    bool ends = link->reason.kind != ACTA_EXIT_NORMAL;
    *end_out = link->reason;
    acti_link_free(actor, link);
    return ends ? ACTI_EXIT_ENDS : ACTI_EXIT_IGNORED;
}

/* Is there an exit signal in the mailbox that ends this actor? It stays there, to be dropped with the rest. */
bool
acti_exit_find(acti_actor *actor, acta_exit_reason *reason_out)
{
    acti_node *node = actor->first;

    /* acquire: pairs with (B) of the push. */
    while ((node = atomic_load_explicit(&node->next, memory_order_acquire)) != NULL) {
        if (node->kind != ACTI_EXIT || node->generation != actor->generation) continue;
        acti_link *link = ACTI_CONTAINER(node, acti_link, node);
        if (link->reason.kind == ACTA_EXIT_NORMAL || (!link->asked && acti_link_find(actor, link->peer) == NULL))
            continue;
        *reason_out = link->reason;
        return true;
    }
    return false;
}

bool
acti_down_receive(acti_actor *actor, acti_monitor *monitor)
{
    acti_ref_entry *entry = acti_ref_find(actor, monitor->ref, ACTI_REF_WATCH);

    if (entry == NULL) { /* demonitored meanwhile */
        acti_monitor_free(actor, monitor);
        return false;
    }
    acti_free(actor->runtime, entry->object, sizeof(acti_watch));
    acti_ref_remove(actor, monitor->ref);
    return true;
}

static void
receive_link(acti_actor *actor, acti_link *link)
{
    acti_link *mine = acti_link_find(actor, link->peer);

    if (mine == NULL) {
        acti_link_add(actor, link);
        return;
    }
    if (mine->id < link->id) mine->id = link->id;
    acti_link_free(actor, link);
}

static void
receive_unlink(acti_actor *actor, acti_link *link)
{
    acti_link *mine = acti_link_find(actor, link->peer);

    if (mine != NULL && mine->id <= link->id) {
        acti_link_remove(actor, mine);
        acti_link_free(actor, mine);
    }
    acti_link_free(actor, link);
}

static void
receive_demonitor(acti_actor *actor, acti_watch *watch)
{
    acti_monitor_remove(actor, watch->monitor);
    acti_monitor_free(actor, watch->monitor);
    acti_free(actor->runtime, watch, sizeof *watch);
}

static void
receive_wake(acti_actor *actor)
{
    /* acq_rel: pairs with acti_wake; the flags are looked at after this. */
    atomic_exchange_explicit(&actor->wake_queued, false, memory_order_acq_rel);
}

void
acti_signal_receive(acti_actor *actor, acti_node *node)
{
    switch ((acti_kind)node->kind) {
    case ACTI_WAKE:
        receive_wake(actor);
        return;
    case ACTI_LINK:
        receive_link(actor, ACTI_CONTAINER(node, acti_link, node));
        return;
    case ACTI_UNLINK:
        receive_unlink(actor, ACTI_CONTAINER(node, acti_link, node));
        return;
    case ACTI_MONITOR:
        acti_monitor_add(actor, ACTI_CONTAINER(node, acti_monitor, node));
        return;
    case ACTI_DEMONITOR:
        receive_demonitor(actor, ACTI_CONTAINER(node, acti_watch, node));
        return;
    default:
        ACTI_ASSERT(node->kind == ACTI_STUB); /* seen when the stub was taken back in */
        return;
    }
}

void
acti_signal_drop(acti_actor *actor, acti_node *node)
{
    static const acta_exit_reason noproc = { .kind = ACTA_EXIT_NOPROC };
    acta_runtime *runtime = actor->runtime;

    switch ((acti_kind)node->kind) {
    case ACTI_WAKE:
        receive_wake(actor);
        return;
    case ACTI_IDLE:
        acti_idle_receive(actor);
        return;
    case ACTI_ANSWER: {
        acti_call *call = ACTI_CONTAINER(node, acti_call, node);
        acta_message_destroy(call->reply);
        call->reply = NULL;
        acti_call_release(call);
        return;
    }
    case ACTI_TIMER:
        acti_alarm_drop(ACTI_CONTAINER(node, acti_alarm, node));
        return;
    case ACTI_FD:
        acti_fd_watch_free(actor, node);
        return;
    case ACTI_LINK: {
        acti_link *link = ACTI_CONTAINER(node, acti_link, node);
        acti_exit_send(runtime, acti_pid_make(actor->index, node->generation), link->peer, link, &noproc);
        return;
    }
    case ACTI_EXIT:
    case ACTI_UNLINK:
        acti_link_free(actor, ACTI_CONTAINER(node, acti_link, node));
        return;
    case ACTI_MONITOR:
        acti_down_send(runtime, ACTI_CONTAINER(node, acti_monitor, node), &noproc);
        return;
    case ACTI_SYSTEM:
        acti_sys_drop(node);
        return;
    case ACTI_DOWN:
        acti_monitor_free(actor, ACTI_CONTAINER(node, acti_monitor, node));
        return;
    case ACTI_DEMONITOR:
        acti_free(runtime, ACTI_CONTAINER(node, acti_watch, node), sizeof(acti_watch));
        return;
    default:
        return; /* parts of the actor */
    }
}

void
acti_watch_end(acta_runtime *runtime, acti_watch *watch)
{
    acti_actor *target = acti_actor_alive(runtime, watch->target);

    if (target == NULL)
        acti_free(runtime, watch, sizeof *watch);
    else
        acti_push_signal(target, (uint32_t)(watch->target.value >> 32), &watch->node, ACTI_DEMONITOR);
}

/* The actor isn't alive any more and its name is free: tell links, then monitors, and let go of what it watched. */
void
acti_tell_the_end(acti_actor *actor, const acta_exit_reason *reason)
{
    acta_runtime *runtime = actor->runtime;
    acti_relations *r = acti_relations_of(actor);
    acti_side *side = acti_side_of(actor);
    acta_pid pid = acti_pid_of(actor);

    for (acti_link *link = side->links, *next; link != NULL; link = next) {
        next = link->next;
        link->asked = false;
        acti_exit_send(runtime, pid, link->peer, link, reason);
    }
    side->links = NULL;
    if (r != NULL) r->link_count = 0;
    for (acti_monitor *monitor = side->monitors, *next; monitor != NULL; monitor = next) {
        next = monitor->next;
        if (ACTA_PLANT("one_down_lost") && next == NULL && monitor != side->monitors) break;
        acti_down_send(runtime, monitor, reason);
    }
    side->monitors = NULL;
    for (uint32_t i = 0; r != NULL && i < r->ref_count; i++) {
        if (r->refs[i].kind == ACTI_REF_WATCH) acti_watch_end(runtime, r->refs[i].object);
    }
}
