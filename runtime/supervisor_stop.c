/*
 * The end of a supervisor: its children first.
 *
 *     one after the other, the youngest first, each with its own patience
 *     simple_one_for_one: all at once, with one patience for all
 *
 * A child that has ended leaves the list, so that the last of the list is always the next to be stopped. When the list
 * is empty the supervisor ends with the reason that began it, whatever its children ended with.
 */
#include "supervisor_internal.h"

static acta_next
stop_next(acta_self *self, acti_supervisor *s)
{
    while (s->last != NULL && s->last->pid.value == 0)
        acti_child_remove(self, s, s->last);
    if (s->last == NULL) {
        acta_set_exit_reason(self, s->end.kind, "%s", s->end.text);
        return ACTA_STOP;
    }
    if (!s->last->is_told) acti_child_stop(self, s->last);
    return ACTA_NEXT;
}

static void
tell_all(acta_self *self, const acti_supervisor *s, acta_exit_kind kind)
{
    acta_exit_reason reason = { .kind = kind };

    for (acti_child *child = s->first; child != NULL; child = child->next) {
        acti_child_forget_timer(self, child);
        child->is_told = true;
        if (child->pid.value != 0) acti_exit_or_kill(self->runtime, acta_self_pid(self), child->pid, &reason);
    }
}

static void
stop_all_at_once(acta_self *self, acti_supervisor *s)
{
    const acta_child_spec *spec = &s->model->spec;

    tell_all(self, s, spec->brutal_kill ? ACTA_EXIT_KILLED : ACTA_EXIT_SHUTDOWN);
    if (spec->brutal_kill || spec->shutdown_ms == ACTA_INFINITE || s->first == NULL) return;
    if (acta_send_after(self, spec->shutdown_ms, ACTI_TIMER_STOP, 0, &s->stop_timer) != ACTA_OK)
        tell_all(self, s, ACTA_EXIT_KILLED); /* no memory to wait with */
}

/* The first reason counts. */
acta_next
acti_supervisor_stop(acta_self *self, acti_supervisor *s, const acta_exit_reason *end)
{
    if (s->is_stopping) return ACTA_NEXT;
    s->is_stopping = true;
    s->end = *end;
    s->group = ACTI_GROUP_NONE;
    acti_timer_forget_ref(self, &s->group_timer);
    acti_deferred_refuse(self, s);
    if (acti_is_dynamic(s)) stop_all_at_once(self, s);
    return stop_next(self, s);
}

/* A child has ended meanwhile. */
acta_next
acti_supervisor_stop_gone(acta_self *self, acti_supervisor *s, acti_child *child)
{
    acti_child_remove(self, s, child);
    return stop_next(self, s);
}

acta_next
acti_supervisor_stop_due(acta_self *self, acti_supervisor *s)
{
    s->stop_timer = (acta_ref){ 0 };
    tell_all(self, s, ACTA_EXIT_KILLED);
    return ACTA_NEXT;
}
