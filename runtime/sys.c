/*
 * System messages, received in the actor's turn, in order with its messages.
 *
 *     mailbox -> suspended? -> messages, answers, timers, …  -> [waiting] --resume--> handled before the mailbox
 *                          \-> system messages, links, monitors, kill: as ever
 *
 * A system message is an acta_message of our own kind; its tag is the operation. It is pushed as a signal is: outside of
 * the mailbox's bound. What waits for a resume is out of the queue, linked by `next`; when its turn comes it takes the
 * place of the node consumed last, as if it had just been popped, so that handling knows no difference.
 *
 * Not here: sending them (sys_ask.c), counting and tracing (trace.c).
 */
#include "sys_internal.h"

acti_sys *
acti_sys_of(acti_actor *actor)
{
    acti_relations *r = acti_actor_relations(actor);

    if (r == NULL || r->sys != NULL) return r != NULL ? r->sys : NULL;
    acti_sys *sys = acti_alloc(actor->runtime, sizeof *sys);
    if (sys == NULL) return NULL;
    memset(sys, 0, sizeof *sys);
    r->sys = sys;
    return sys;
}

void
acti_sys_free(acti_actor *actor)
{
    acti_relations *r = acti_relations_of(actor);

    if (r == NULL || r->sys == NULL) return;
    acti_free(actor->runtime, r->sys, sizeof(acti_sys));
    r->sys = NULL;
}

/* -- what waits for a resume -- */

/* Would a handler see it? Then it waits. The rest is between the runtime's own parts. */
static bool
is_for_a_handler(const acti_actor *actor, const acti_node *node)
{
    switch ((acti_kind)node->kind) {
    case ACTI_STUB:
    case ACTI_WAKE:
    case ACTI_IDLE:
    case ACTI_LINK:
    case ACTI_UNLINK:
    case ACTI_MONITOR:
    case ACTI_DEMONITOR:
    case ACTI_SYSTEM:
        return false;
    case ACTI_EXIT: {
        const acti_link *link = ACTI_CONTAINER(node, const acti_link, node);
        /* relaxed: only the actor itself changes TRAP. */
        bool traps = (atomic_load_explicit(&actor->life, memory_order_relaxed) & ACTI_TRAP) != 0;
        return traps && (!link->asked || link->reason.kind == ACTA_EXIT_NORMAL);
    }
    default:
        return true;
    }
}

/* The node was popped from a suspended actor's mailbox. True: it waits now. */
bool
acti_sys_set_aside(acti_actor *actor, acti_node *node)
{
    if (node->generation != actor->generation || !is_for_a_handler(actor, node)) return false;
    acti_sys *sys = acti_relations_of(actor)->sys;

    acti_mailbox_detach(actor);
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed); /* ours alone from here on */
    if (sys->waiting_last != NULL)
        atomic_store_explicit(&sys->waiting_last->next, node, memory_order_relaxed);
    else
        sys->waiting_first = node;
    sys->waiting_last = node;
    sys->waiting_count++;
    return true;
}

/* The next of what waits, as if it had just been popped; NULL: nothing does. */
acti_node *
acti_sys_take_waiting(acti_actor *actor)
{
    acti_sys *sys = acti_relations_of(actor) != NULL ? acti_relations_of(actor)->sys : NULL;
    acti_node *node = sys != NULL ? sys->waiting_first : NULL;

    actor->odd &= (uint8_t)~ACTI_ODD_WAITING;
    if (node == NULL) return NULL;
    sys->waiting_first = atomic_load_explicit(&node->next, memory_order_relaxed); /* ours alone */
    sys->waiting_count--;
    if (sys->waiting_first == NULL)
        sys->waiting_last = NULL;
    else if ((actor->odd & ACTI_ODD_SUSPENDED) == 0)
        actor->odd |= ACTI_ODD_WAITING;
    acti_mailbox_stand_in(actor, node);
    return node;
}

/* -- receiving -- */

static void
answer(acti_message *request, acta_status status, acta_message *reply, const acta_error *error)
{
    acta_from from = request->from;

    if (!acti_call_complete((acti_call *)(uintptr_t)from.a, from.b, status, reply, error)) acta_message_destroy(reply);
}

static void
suspend(acti_actor *actor, acti_message *request)
{
    if (acti_sys_of(actor) == NULL) {
        answer(request, ACTA_NO_MEMORY, NULL, NULL);
        return;
    }
    actor->odd |= ACTI_ODD_SUSPENDED;
    atomic_fetch_or_explicit(&actor->life, ACTI_SUSPENDED, memory_order_acq_rel); /* as all changes of `life` */
    actor->odd &= (uint8_t)~ACTI_ODD_WAITING;
    if (ACTI_IS_NOTED(actor)) acti_trace_note(actor, &(acta_trace_event){ .kind = ACTA_TRACE_SUSPEND });
    answer(request, ACTA_OK, NULL, NULL);
}

static void
resume(acti_actor *actor, acti_message *request)
{
    if ((actor->odd & ACTI_ODD_SUSPENDED) != 0) {
        actor->odd &= (uint8_t)~ACTI_ODD_SUSPENDED;
        atomic_fetch_and_explicit(&actor->life, ~(uint64_t)ACTI_SUSPENDED, memory_order_acq_rel); /* as above */
        if (acti_relations_of(actor)->sys->waiting_first != NULL) actor->odd |= ACTI_ODD_WAITING;
        if ((actor->odd & ACTI_ODD_IDLE_AT) == 0)
            actor->heard = true; /* the idle time runs from here; a deadline stays */
        if (ACTI_IS_NOTED(actor)) acti_trace_note(actor, &(acta_trace_event){ .kind = ACTA_TRACE_RESUME });
    }
    answer(request, ACTA_OK, NULL, NULL);
}

static void
tell_state(acti_actor *actor, acti_message *request)
{
    acta_error error;
    uint32_t room;

    if (actor->behaviour->format == NULL || actor->behaviour->is_private) {
        acta_error_set(&error, ACTA_UNSUPPORTED, "actor '%s' %s", actor->behaviour->name,
            actor->behaviour->is_private ? "is private" : "has no format function");
        answer(request, ACTA_UNSUPPORTED, NULL, &error);
        return;
    }
    memcpy(&room, request->body.payload, sizeof room);
    acta_message *reply = acta_message_create(actor->runtime, 0, room);
    if (reply != NULL) acti_format_state(actor, ACTA_FORMAT_STATE, reply->payload, room);
    answer(request, reply != NULL ? ACTA_OK : ACTA_NO_MEMORY, reply, NULL);
}

static void
fill_info(const acti_actor *actor, acta_sys_info *info)
{
    const acti_relations *r = acti_relations_of(actor);
    const acti_sys *sys = r != NULL ? r->sys : NULL;
    uint64_t sent = atomic_load_explicit(&actor->sent_load, memory_order_relaxed);       /* a count, of about now */
    uint64_t settled = atomic_load_explicit(&actor->settled_load, memory_order_relaxed); /* our own */
    uint64_t load = sent - settled - actor->handled_load;

    *info = (acta_sys_info){ .behaviour = actor->behaviour->name,
        .is_suspended = (actor->odd & ACTI_ODD_SUSPENDED) != 0,
        .is_traced = sys != NULL && sys->is_traced,
        .is_counted = (actor->odd & ACTI_ODD_COUNTED) != 0,
        .traps_exits = (atomic_load_explicit(&actor->life, memory_order_relaxed) & ACTI_TRAP) != 0, /* our own */
        .queued_count = (uint32_t)(load / ACTI_LOAD_COUNT),
        .queued_bytes = load % ACTI_LOAD_COUNT,
        .waiting_count = sys != NULL ? sys->waiting_count : 0,
        .link_count = acti_link_count(actor),
        .memory_used = r != NULL && r->memory != NULL ? acta_memory_used(r->memory) : 0 };
    for (const acti_monitor *m = acti_side_of(actor)->monitors; m != NULL; m = m->next)
        info->monitor_count++;
    if (sys == NULL || !info->is_counted) return;
    info->call_count = sys->counts[ACTA_TRACE_CALL];
    info->cast_count = sys->counts[ACTA_TRACE_CAST];
    info->info_count = sys->counts[ACTA_TRACE_INFO];
    info->continue_count = sys->counts[ACTA_TRACE_CONTINUE];
    info->reply_count = sys->counts[ACTA_TRACE_REPLY];
    info->counted_ns = sys->counted_ns;
}

static void
tell_info(acti_actor *actor, acti_message *request)
{
    acta_message *reply = acta_message_create(actor->runtime, 0, sizeof(acta_sys_info));

    if (reply != NULL) fill_info(actor, reply->payload);
    answer(request, reply != NULL ? ACTA_OK : ACTA_NO_MEMORY, reply, NULL);
}

static void
count(acti_actor *actor, acti_message *request)
{
    bool on = *(const bool *)request->body.payload;
    acti_sys *sys = acti_sys_of(actor);

    if (sys == NULL) {
        answer(request, ACTA_NO_MEMORY, NULL, NULL);
        return;
    }
    acti_trace_count(actor, on);
    answer(request, ACTA_OK, NULL, NULL);
}

static void
trace(acti_actor *actor, acti_message *request)
{
    acti_sys_trace_on on;
    acta_error error;

    memcpy(&on, request->body.payload, sizeof on);
    acta_status status = acti_trace_start(actor, &on, &error);
    answer(request, status, NULL, status != ACTA_OK ? &error : NULL);
}

/* False: no memory to remember whom to tell; else the end tells. */
static bool
begin_stop(acti_actor *actor, acti_message *request, acta_exit_reason *reason_out)
{
    acti_sys *sys = acti_sys_of(actor);

    if (sys == NULL) {
        answer(request, ACTA_NO_MEMORY, NULL, NULL);
        return false;
    }
    memcpy(reason_out, request->body.payload, sizeof *reason_out);
    sys->stopper = request->from;
    sys->stop_kind = reason_out->kind;
    return true;
}

/* Obey and answer. True: the actor is to end, for *end_out. */
bool
acti_sys_receive(acti_actor *actor, acti_node *node, acta_exit_reason *end_out)
{
    acti_message *request = acti_message_at(node);
    bool ends = false;

    switch ((acti_sys_op)request->body.tag) {
    case ACTI_SYS_SUSPEND:
        suspend(actor, request);
        break;
    case ACTI_SYS_RESUME:
        resume(actor, request);
        break;
    case ACTI_SYS_STATE:
        tell_state(actor, request);
        break;
    case ACTI_SYS_INFO:
        tell_info(actor, request);
        break;
    case ACTI_SYS_COUNT:
        count(actor, request);
        break;
    case ACTI_SYS_TRACE:
        trace(actor, request);
        break;
    case ACTI_SYS_TRACE_OFF:
        acti_trace_stop(actor);
        answer(request, ACTA_OK, NULL, NULL);
        break;
    case ACTI_SYS_STOP:
        ends = begin_stop(actor, request, end_out);
        break;
    case ACTI_SYS_ROOM:
        acti_mailbox_settle(actor); /* now, and not at the end of the turn */
        answer(request, ACTA_OK, NULL, NULL);
        break;
    }
    acta_message_destroy(&request->body);
    return ends;
}

/* A system message that finds its actor gone. */
void
acti_sys_drop(acti_node *node)
{
    acti_message *request = acti_message_at(node);

    acti_call_refuse(request->from, ACTA_NOPROC, "the actor ended before it came to the system message");
    acta_message_destroy(&request->body);
}

/* Who stopped the actor, if anybody did; to be told when all others have been. */
acta_from
acti_sys_take_stopper(acti_actor *actor, acta_exit_kind *wanted_out)
{
    acti_sys *sys = acti_relations_of(actor) != NULL ? acti_relations_of(actor)->sys : NULL;
    acta_from stopper = { 0, 0 };

    if (sys == NULL) return stopper;
    stopper = sys->stopper;
    *wanted_out = sys->stop_kind;
    return stopper;
}

void
acti_sys_tell_stopper(const acti_actor *actor, acta_from stopper, acta_exit_kind wanted, const acta_exit_reason *reason)
{
    acta_error error;
    acta_status status = ACTA_OK;

    if (stopper.a == 0) return;
    if (reason->kind != wanted)
        status = acta_error_set(&error, ACTA_FAILED, "actor '%s' was to stop and ended otherwise: %s",
            actor->behaviour->name, reason->text);
    acti_call_complete((acti_call *)(uintptr_t)stopper.a, stopper.b, status, NULL, status != ACTA_OK ? &error : NULL);
}
