/*
 * Links, monitors and exits: signals between actors, in order with their messages.
 *
 *     link     each side keeps a half; a half's node carries LINK to the other side, UNLINK, and at its end EXIT
 *     monitor  the target keeps the monitor, which comes back as DOWN; the watcher keeps a watch, which carries
 *              DEMONITOR
 *
 * All memory is taken when the tie is made, so an end can always be told. A signal that finds its receiver gone turns
 * round: LINK comes back as EXIT, MONITOR as DOWN, both with NOPROC. Both halves of a link carry its number, so that
 * an UNLINK under way can't dissolve a link made after it; when both sides link at once the higher number wins.
 *
 * The exit of an actor that doesn't trap takes effect before its next message: who sends such a signal raises LOOK
 * behind it, and the receiver then looks for it in its mailbox, past the messages.
 */
#include "internal.h"

/* -- the list of links, hashed by peer when it is long -- */

enum { LINK_LIST_MAX = 8 };

static uint32_t
pid_hash(acta_pid pid)
{
    return (uint32_t)(pid.value * 0x9e3779b97f4a7c15u >> 32);
}

static acti_link **
chain_of(acti_relations *r, acta_pid peer)
{
    return &r->link_chains[pid_hash(peer) & (r->link_chain_count - 1)];
}

static bool
is_hashed(const acti_relations *r)
{
    return r != NULL && r->link_chains != NULL;
}

static acti_link *
find_link(acti_actor *actor, acta_pid peer)
{
    acti_relations *r = acti_relations_of(actor);
    bool hashed = is_hashed(r);

    for (acti_link *link = hashed ? *chain_of(r, peer) : acti_side_of(actor)->links; link != NULL;
         link = hashed ? link->chain : link->next) {
        if (acta_pid_equal(link->peer, peer)) return link;
    }
    return NULL;
}

/* A short list is counted each time. */
uint32_t
acti_link_count(const acti_actor *actor)
{
    const acti_relations *r = acti_relations_of(actor);
    uint32_t count = 0;

    if (is_hashed(r)) return r->link_count;
    for (const acti_link *link = acti_side_of(actor)->links; link != NULL; link = link->next)
        count++;
    return count;
}

static void
put_in_chain(acti_relations *r, acti_link *link)
{
    acti_link **chain = chain_of(r, link->peer);

    link->chain = *chain;
    *chain = link;
}

/* Without memory for it the list stays what it is: slower, and right. */
static void
hash_links(acti_actor *actor, uint32_t count)
{
    acti_relations *r = acti_actor_relations(actor);
    uint32_t wider = is_hashed(r) ? r->link_chain_count * 4 : 4 * LINK_LIST_MAX;
    acti_link **chains = r != NULL ? acti_alloc(actor->runtime, wider * sizeof(acti_link *)) : NULL;

    if (chains == NULL) return;
    memset(chains, 0, wider * sizeof(acti_link *));
    acti_free(actor->runtime, r->link_chains, r->link_chain_count * sizeof(acti_link *));
    r->link_chains = chains;
    r->link_chain_count = wider;
    r->link_count = count;
    for (acti_link *link = acti_side_of(actor)->links; link != NULL; link = link->next)
        put_in_chain(r, link);
}

static void
add_link(acti_actor *actor, acti_link *link)
{
    acti_relations *r = acti_relations_of(actor);
    acti_side *side = acti_side_of(actor);
    bool hashed = is_hashed(r);

    link->next = NULL;
    link->prev = link;
    if (side->links != NULL) {
        link->prev = side->links->prev;
        link->prev->next = link;
        side->links->prev = link;
    } else
        side->links = link;
    if (hashed) {
        r->link_count++;
        put_in_chain(r, link);
    }
    uint32_t count = acti_link_count(actor);
    if (count > (hashed ? r->link_chain_count * 2 : LINK_LIST_MAX)) hash_links(actor, count);
}

static void
remove_link(acti_actor *actor, acti_link *link)
{
    acti_relations *r = acti_relations_of(actor);
    acti_side *side = acti_side_of(actor);

    if (is_hashed(r)) {
        acti_link **at = chain_of(r, link->peer);
        while (*at != link)
            at = &(*at)->chain;
        *at = link->chain;
        r->link_count--;
    }
    if (link->next != NULL)
        link->next->prev = link->prev;
    else
        side->links->prev = link->prev;
    if (link != side->links)
        link->prev->next = link->next;
    else
        side->links = link->next;
}

/* -- the list of monitors that wait for this actor's end -- */

static void
add_monitor(acti_actor *actor, acti_monitor *monitor)
{
    acti_side *side = acti_side_of(actor);

    monitor->next = NULL;
    monitor->prev = monitor;
    if (side->monitors != NULL) {
        monitor->prev = side->monitors->prev;
        monitor->prev->next = monitor;
        side->monitors->prev = monitor;
    } else
        side->monitors = monitor;
}

static void
remove_monitor(acti_actor *actor, acti_monitor *monitor)
{
    acti_side *side = acti_side_of(actor);

    if (monitor->next != NULL)
        monitor->next->prev = monitor->prev;
    else
        side->monitors->prev = monitor->prev;
    if (monitor != side->monitors)
        monitor->prev->next = monitor->next;
    else
        side->monitors = monitor->next;
}

static void
free_link(acti_actor *actor, acti_link *link)
{
    acti_free(actor->runtime, link, sizeof *link);
}

static void
free_monitor(acti_actor *actor, acti_monitor *monitor)
{
    acti_free(actor->runtime, monitor, sizeof *monitor);
}

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

static void
send_exit(acta_runtime *runtime, acta_pid from, acta_pid to, acti_link *link, const acta_exit_reason *reason)
{
    acti_actor *actor = acti_actor_alive(runtime, to);

    if (actor == NULL) {
        acti_free(runtime, link, sizeof *link);
        return;
    }
    acta_exit_kind kind = reason->kind;
    link->peer = from;
    link->reason = *reason;
    link->node.kind = ACTI_EXIT;
    link->node.generation = (uint32_t)(to.value >> 32);
    bool ready = acti_mailbox_push_signal(actor, &link->node);
    if (kind != ACTA_EXIT_NORMAL) raise_flag(actor, (uint32_t)(to.value >> 32), ACTI_LOOK, ACTI_TRAP);
    if (ready) acti_schedule(actor);
}

static void
send_down(acta_runtime *runtime, acti_monitor *monitor, const acta_exit_reason *reason)
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

void
acta_exit(acta_runtime *runtime, acta_pid from, acta_pid to, const acta_exit_reason *reason)
{
    acti_actor *actor = acti_actor_alive(runtime, to);

    if (actor == NULL) return;
    if (reason->kind == ACTA_EXIT_KILLED) {
        acti_kill(actor, (uint32_t)(to.value >> 32));
        return;
    }
    acti_link *signal = acti_alloc(runtime, sizeof *signal);
    if (signal == NULL) {
        acta_log_write(&runtime->environment, ACTA_LOG_WARNING, "no memory for an exit signal: it is lost");
        return;
    }
    signal->asked = true;
    send_exit(runtime, from, to, signal, reason);
}

/* -- receiving -- */

acti_exit_effect
acti_exit_receive(acti_actor *actor, acti_link *link, acta_exit_reason *end_out)
{
    if (!link->asked) {
        acti_link *mine = find_link(actor, link->peer);
        if (mine == NULL) { /* unlinked meanwhile */
            free_link(actor, link);
            return ACTI_EXIT_IGNORED;
        }
        remove_link(actor, mine);
        free_link(actor, mine);
    }
    /* relaxed: only the actor itself changes TRAP. One that is suspended can't be told, and ends if it is asked to. */
    if ((atomic_load_explicit(&actor->life, memory_order_relaxed) & ACTI_TRAP) != 0 &&
        (actor->odd & ACTI_ODD_SUSPENDED) == 0)
        return ACTI_EXIT_TELLS;
    bool ends = link->reason.kind != ACTA_EXIT_NORMAL;
    *end_out = link->reason;
    free_link(actor, link);
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
        if (link->reason.kind == ACTA_EXIT_NORMAL || (!link->asked && find_link(actor, link->peer) == NULL)) continue;
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
        free_monitor(actor, monitor);
        return false;
    }
    acti_free(actor->runtime, entry->object, sizeof(acti_watch));
    acti_ref_remove(actor, monitor->ref);
    return true;
}

static void
receive_link(acti_actor *actor, acti_link *link)
{
    acti_link *mine = find_link(actor, link->peer);

    if (mine == NULL) {
        add_link(actor, link);
        return;
    }
    if (mine->id < link->id) mine->id = link->id;
    free_link(actor, link);
}

static void
receive_unlink(acti_actor *actor, acti_link *link)
{
    acti_link *mine = find_link(actor, link->peer);

    if (mine != NULL && mine->id <= link->id) {
        remove_link(actor, mine);
        free_link(actor, mine);
    }
    free_link(actor, link);
}

static void
receive_demonitor(acti_actor *actor, acti_watch *watch)
{
    remove_monitor(actor, watch->monitor);
    free_monitor(actor, watch->monitor);
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
        add_monitor(actor, ACTI_CONTAINER(node, acti_monitor, node));
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
        acti_free(runtime, ACTI_CONTAINER(node, acti_alarm, node), sizeof(acti_alarm));
        return;
    case ACTI_FD:
        acti_fd_watch_free(actor, node);
        return;
    case ACTI_LINK: {
        acti_link *link = ACTI_CONTAINER(node, acti_link, node);
        send_exit(runtime, acti_pid_make(actor->index, node->generation), link->peer, link, &noproc);
        return;
    }
    case ACTI_EXIT:
    case ACTI_UNLINK:
        free_link(actor, ACTI_CONTAINER(node, acti_link, node));
        return;
    case ACTI_MONITOR:
        send_down(runtime, ACTI_CONTAINER(node, acti_monitor, node), &noproc);
        return;
    case ACTI_SYSTEM:
        acti_sys_drop(node);
        return;
    case ACTI_DOWN:
        free_monitor(actor, ACTI_CONTAINER(node, acti_monitor, node));
        return;
    case ACTI_DEMONITOR:
        acti_free(runtime, ACTI_CONTAINER(node, acti_watch, node), sizeof(acti_watch));
        return;
    default:
        return; /* parts of the actor */
    }
}

static void
end_watch(acta_runtime *runtime, acti_watch *watch)
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
        send_exit(runtime, pid, link->peer, link, reason);
    }
    side->links = NULL;
    if (r != NULL) r->link_count = 0;
    for (acti_monitor *monitor = side->monitors, *next; monitor != NULL; monitor = next) {
        next = monitor->next;
        send_down(runtime, monitor, reason);
    }
    side->monitors = NULL;
    for (uint32_t i = 0; r != NULL && i < r->ref_count; i++) {
        if (r->refs[i].kind == ACTI_REF_WATCH) end_watch(runtime, r->refs[i].object);
    }
}

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

    if (acta_pid_equal(to, acti_pid_of(self)) || find_link(self, to) != NULL) return ACTA_OK;
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
    add_link(self, mine);
    theirs->peer = acti_pid_of(self);
    acti_actor *actor = acti_actor_alive(runtime, to);
    if (actor != NULL)
        acti_push_signal(actor, (uint32_t)(to.value >> 32), &theirs->node, ACTI_LINK);
    else
        send_exit(runtime, to, acti_pid_of(self), theirs, &noproc);
    return ACTA_OK;
}

void
acta_unlink(acta_self *self, acta_pid to)
{
    acti_link *mine = find_link(self, to);
    acti_actor *actor = acti_actor_alive(self->runtime, to);

    if (mine == NULL) return;
    remove_link(self, mine);
    mine->peer = acti_pid_of(self);
    if (actor != NULL)
        acti_push_signal(actor, (uint32_t)(to.value >> 32), &mine->node, ACTI_UNLINK);
    else
        free_link(self, mine);
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
        send_down(self->runtime, monitor, &noproc);
    return ACTA_OK;
}

void
acta_demonitor(acta_self *self, acta_ref ref)
{
    acti_ref_entry *entry = acti_ref_find(self, ref, ACTI_REF_WATCH);

    if (entry == NULL) return;
    acti_watch *watch = entry->object;
    acti_ref_remove(self, ref);
    end_watch(self->runtime, watch);
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
    if (ties->monitor != NULL) add_monitor(child, ties->monitor);
    if (ties->spawner_link == NULL) return;
    ties->spawner_link->id = ties->child_link->id = next_link_id(child->runtime);
    ties->spawner_link->asked = ties->child_link->asked = false;
    ties->spawner_link->peer = acti_pid_of(child);
    ties->child_link->peer = acti_pid_of(linker);
    if (find_link(linker, ties->spawner_link->peer) == NULL)
        add_link(linker, ties->spawner_link);
    else
        free_link(linker, ties->spawner_link);
    if (find_link(child, ties->child_link->peer) == NULL)
        add_link(child, ties->child_link);
    else
        free_link(child, ties->child_link);
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
