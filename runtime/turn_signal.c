/*
 * A signal in the turn of its actor: what it has to say is made into what handle_info is told, or ends the actor.
 *
 *     answer, alarm, fd, idle ------------------------> handle_info, unless it came too late
 *     exit, down             --one that it cares for--> handle_info
 *                            \--one that ends it-----> terminate
 *     the others             --> signal.c, sys.c; the actor isn't told
 */
#include "end.h"

static acta_next
handle_info(acti_actor *actor, const acta_info *info)
{
    actor->heard = true; /* the idle time begins again at the end of this turn */
    if (ACTI_UNLIKELY(ACTI_IS_NOTED(actor))) acti_note_info(actor, info);
    acti_task_begin(actor, ACTI_TASK_INFO + (uint32_t)info->kind, info->tag);
    if (actor->behaviour->handle_info != NULL) return actor->behaviour->handle_info(actor, actor->state, info);
    acti_unhandled(actor, ACTI_UNHANDLED_INFO, (uint32_t)info->kind);
    return ACTA_NEXT;
}

static acta_next
handle_answer(acti_actor *actor, acti_call *call)
{
    acti_ref_entry *entry = acti_ref_find(actor, call->ref, ACTI_REF_REQUEST);
    acta_next next = ACTA_NEXT;

    if (entry != NULL || ACTA_PLANT("abandoned_reply_taken")) {
        acta_info info = { .kind = ACTA_INFO_REPLY,
            .ref = call->ref,
            .status = call->status,
            .message = call->reply,
            .error = call->error };
        if (entry != NULL) acti_ref_remove(actor, call->ref);
        actor->heard = true;
        actor->handling = NULL;
        acti_relations_of(actor)->reply_in_hand = call;
        next = handle_info(actor, &info);
        acti_relations_of(actor)->reply_in_hand = NULL;
    }
    acta_message_destroy(call->reply);
    call->reply = NULL;
    acti_call_release(call);
    return next;
}

static acta_next
handle_alarm(acti_actor *actor, acti_alarm *alarm)
{
    acta_info info;

    return acti_alarm_receive(actor, alarm, &info) ? handle_info(actor, &info) : ACTA_NEXT;
}

static acta_next
handle_fd(acti_actor *actor, acti_node *node)
{
    acta_error error;
    acta_info info;

    if (!acti_fd_receive(actor, node, &info, &error)) return ACTA_NEXT;
    actor->heard = true;
    return handle_info(actor, &info);
}

static acta_next
handle_idle(acti_actor *actor)
{
    static const acta_info info = { .kind = ACTA_INFO_TIMEOUT };
    bool once = (actor->odd & ACTI_ODD_IDLE_AT) != 0;

    if (!acti_idle_receive(actor)) return ACTA_NEXT; /* the wheel has a later time for it */
    if (actor->heard || (!once && (actor->at_finish & ACTI_FINISH_IDLE) == 0))
        return ACTA_NEXT;                                         /* a message was there first */
    if ((actor->odd & ACTI_ODD_SUSPENDED) != 0) return ACTA_NEXT; /* see the resume */
    actor->odd &= (uint8_t)~ACTI_ODD_IDLE_AT;
    return handle_info(actor, &info);
}

static acta_next
handle_exit_or_down(acti_actor *actor, acti_node *node, acta_info_kind kind)
{
    acta_exit_reason reason;
    acta_info info = { .kind = kind, .reason = &reason };

    if (kind == ACTA_INFO_EXIT) {
        acti_link *link = ACTI_CONTAINER(node, acti_link, node);
        info.pid = link->peer;
        reason = link->reason;
        acti_free(actor->runtime, link, sizeof *link);
    } else {
        acti_monitor *monitor = ACTI_CONTAINER(node, acti_monitor, node);
        info.pid = monitor->target;
        info.ref = monitor->ref;
        reason = monitor->reason;
        acti_free(actor->runtime, monitor, sizeof *monitor);
    }
    return handle_info(actor, &info);
}

bool
acti_signal_take(acti_actor *actor, acti_node *node)
{
    acta_exit_reason end;

    switch ((acti_kind)node->kind) {
    case ACTI_ANSWER:
        return acti_obey(actor, handle_answer(actor, ACTI_CONTAINER(node, acti_call, node)));
    case ACTI_TIMER:
        return acti_obey(actor, handle_alarm(actor, ACTI_CONTAINER(node, acti_alarm, node)));
    case ACTI_FD:
        return acti_obey(actor, handle_fd(actor, node));
    case ACTI_IDLE:
        return acti_obey(actor, handle_idle(actor));
    case ACTI_EXIT:
        switch (acti_exit_receive(actor, ACTI_CONTAINER(node, acti_link, node), &end)) {
        case ACTI_EXIT_ENDS:
            acti_task_begin(actor, ACTI_TASK_SIGNAL, 0);
            acti_terminate(actor, &end);
            return false;
        case ACTI_EXIT_TELLS:
            return acti_obey(actor, handle_exit_or_down(actor, node, ACTA_INFO_EXIT));
        case ACTI_EXIT_IGNORED:
            return true;
        }
        return true;
    case ACTI_DOWN:
        if (acti_down_receive(actor, ACTI_CONTAINER(node, acti_monitor, node)))
            return acti_obey(actor, handle_exit_or_down(actor, node, ACTA_INFO_DOWN));
        return true;
    case ACTI_SYSTEM:
        if (!acti_sys_receive(actor, node, &end)) return true;
        acti_task_begin(actor, ACTI_TASK_SIGNAL, 0);
        acti_terminate(actor, &end);
        return false;
    default:
        acti_signal_receive(actor, node);
        return true;
    }
}
