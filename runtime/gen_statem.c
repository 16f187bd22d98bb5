/*
 * gen_statem: the state functions of a machine, run by the handlers of a gen_server.
 *
 * The mailbox is looked at only when nothing waits inside: while something does, each handler returns
 * ACTA_NEXT_CONTINUE, and each continue handles one event, so that a long queue counts against the actor's budget like
 * messages do, and a kill or an exit is seen between any two.
 *
 *     event in hand -> state function -> entered, if it is to be -> kept or freed -> queue in order -> timeouts begin
 *
 * What a failing handler leaves (the retried event, events asked for) is freed by the actor's end, with all the rest.
 *
 * Not here: events that wait (gen_statem_queue.c), timeouts (gen_statem_timeout.c).
 */
#include "gen_statem_internal.h"

static void
end_machine(acti_actor *actor, void *layer)
{
    acti_statem *m = layer;
    acta_runtime *runtime = m->runtime;

    if (m->retried != NULL) {
        m->retried->message = acti_relations_of(actor)->in_hand; /* NULL: a handler has kept it */
        acti_events_append(&m->queue, m->retried);
    }
    acti_events_drop(actor, m, &m->asked);
    acti_events_drop(actor, m, &m->queue);
    acti_events_drop(actor, m, &m->postponed);
    acti_free(runtime, m->named, m->named_capacity * sizeof *m->named);
    acti_free(runtime, m, sizeof *m);
}

static acti_statem *
find_machine(const acta_self *self)
{
    const acti_relations *r = acti_relations_of(self);
    return r != NULL && r->layer_end == end_machine ? r->layer : NULL;
}

acti_statem *
acti_statem_of(acta_self *self)
{
    acti_statem *m = find_machine(self);

    if (m == NULL) acta_fail(self, "actor '%s' is no gen_statem", self->behaviour->name);
    return m;
}

static const char *
state_name(const acti_statem *m)
{
    return m->what->states[m->state].name;
}

/* -- one event -- */

static acta_transition
run_state(acta_self *self, acti_statem *m, const acta_statem_event *event)
{
    return m->what->states[m->state].function(self, m->data, event);
}

/* False: it stops. */
static bool
enter_state(acta_self *self, acti_statem *m, uint32_t old_state)
{
    acta_statem_event event = { .type = ACTA_STATEM_ENTER, .old_state = old_state };

    if (!m->what->state_enter) return true;
    m->is_entering = true;
    acta_transition t = run_state(self, m, &event);
    m->is_entering = false;
    if (t.move == ACTA_STATEM_STOP) return false;
    if (t.move != ACTA_STATEM_KEEP && (t.move != ACTA_STATEM_NEXT || t.state != m->state))
        acta_fail(self, "state '%s' may not change or repeat the state as it is entered", state_name(m));
    return true;
}

/* To where the state function said. False: it stops. */
static bool
move(acta_self *self, acti_statem *m, acta_transition t, bool *changed_out)
{
    uint32_t old_state = m->state;

    *changed_out = false;
    switch (t.move) {
    case ACTA_STATEM_STOP:
        return false;
    case ACTA_STATEM_KEEP:
        return true;
    case ACTA_STATEM_REPEAT:
        return enter_state(self, m, old_state);
    case ACTA_STATEM_NEXT:
        break;
    default:
        acta_fail(self, "state '%s' returned no transition", state_name(m));
    }
    if (t.state >= m->what->state_count)
        acta_fail(
            self, "state '%s' wants to go to state %u, there are %u", state_name(m), t.state, m->what->state_count);
    if (t.state == old_state) return true;
    *changed_out = true;
    m->state = t.state;
    acti_timeout_cancel(self, &m->fixed[ACTI_STATE_TIMEOUT]);
    return enter_state(self, m, old_state);
}

static void
refuse_to_postpone(acta_self *self, acti_statem *m)
{
    acta_error error;

    m->refused++;
    if (m->in_hand->type == ACTA_STATEM_CALL) {
        acta_error_set(
            &error, ACTA_BUSY, "state machine '%s' has postponed too much, try again later", self->behaviour->name);
        acta_reply(self->runtime, m->in_hand->from, ACTA_BUSY, NULL, &error);
    }
    if (m->refusal_logged) return;
    m->refusal_logged = true;
    acta_log_event(&self->runtime->environment, ACTA_LOG_WARNING, "actor.postponed_too_many",
        ACTA_LOG_FIELDS(acta_log_text("actor", acta_str_of(self->behaviour->name)),
            acta_log_text("state", acta_str_of(state_name(m))), acta_log_number("events", m->postponed.count)),
        "state machine '%s' has postponed %u events in state '%s', its bound: others are dropped, later ones silently",
        self->behaviour->name, m->postponed.count, state_name(m));
}

/* The event in hand: postponed, or done with. */
static void
put_down(acta_self *self, acti_statem *m)
{
    acti_event *retried;

    if (m->postpones && !acti_event_keep(self, m)) refuse_to_postpone(self, m);
    retried = m->retried;
    if (retried != NULL) {
        retried->message = acti_relations_of(self)->in_hand;
        acti_event_free(m, retried);
        m->retried = NULL;
    }
    acti_relations_of(self)->in_hand = NULL;
    m->in_hand = NULL;
}

static acta_next
what_comes_next(const acti_statem *m)
{
    return m->queue.first != NULL || acti_timeout_is_due(m) ? ACTA_NEXT_CONTINUE : ACTA_NEXT;
}

static acta_next
handle(acta_self *self, acti_statem *m, const acta_statem_event *event)
{
    bool changed;

    acti_timeout_cancel(self, &m->fixed[ACTI_EVENT_TIMEOUT]);
    m->in_hand = event;
    m->postpones = false;
    if (!move(self, m, run_state(self, m, event), &changed)) return ACTA_STOP;
    put_down(self, m);
    if (changed) acti_events_prepend(&m->queue, &m->postponed);
    acti_events_prepend(&m->queue, &m->asked);
    acti_timeouts_begin(self, m);
    return what_comes_next(m);
}

/* -- the gen_server's handlers -- */

static acta_status
check(const acta_statem *what, acta_error *error)
{
    const char *name = what->base.name != NULL ? what->base.name : "";

    if (what->states == NULL || what->state_count == 0)
        return acta_error_set(error, ACTA_INVALID, "state machine '%s' has no states", name);
    for (uint32_t i = 0; i < what->state_count; i++) {
        if (what->states[i].function != NULL && what->states[i].name != NULL) continue;
        return acta_error_set(error, ACTA_INVALID, "state %u of state machine '%s' has no %s", i, name,
            what->states[i].name == NULL ? "name" : "function");
    }
    return ACTA_OK;
}

static acta_status
enter_first_state(acta_self *self, acti_statem *m, acta_error *error)
{
    if (m->state >= m->what->state_count)
        return acta_error_set(error, ACTA_INVALID, "state machine '%s' wants to begin in state %u, there are %u",
            self->behaviour->name, m->state, m->what->state_count);
    if (!enter_state(self, m, m->state)) {
        const acta_exit_reason *reason = acti_exit_reason_of(self);
        return acta_error_set(error, ACTA_FAILED, "state machine '%s' stopped as it entered '%s'%s%s",
            self->behaviour->name, state_name(m), reason != NULL ? ": " : "", reason != NULL ? reason->text : "");
    }
    acti_events_prepend(&m->queue, &m->asked);
    acti_timeouts_begin(self, m);
    if (what_comes_next(m) == ACTA_NEXT_CONTINUE) acta_continue(self);
    return ACTA_OK;
}

acta_status
acta_statem_base_init(acta_self *self, void *data, const void *argument, acta_error *error)
{
    const acta_statem *what = ACTI_CONTAINER(acti_behaviour_given(self), const acta_statem, base);
    acti_relations *r = acti_actor_relations(self);

    acta_status status = check(what, error);
    if (status != ACTA_OK) return status;
    acti_statem *m = r != NULL ? acti_alloc(self->runtime, sizeof *m) : NULL;
    if (m == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for state machine '%s'", what->base.name);
    *m = (acti_statem){ .runtime = self->runtime, .what = what, .data = data };
    acti_timeouts_init(m);
    r->layer = m;
    r->layer_end = end_machine;
    if (what->init != NULL) status = what->init(self, data, argument, &m->state, error);
    return status == ACTA_OK ? enter_first_state(self, m, error) : status;
}

acta_next
acta_statem_base_call(acta_self *self, void *data, acta_from from, acta_message *message)
{
    (void)data;
    return handle(self, acti_statem_of(self),
        &(acta_statem_event){ .type = ACTA_STATEM_CALL, .tag = message->tag, .from = from, .message = message });
}

acta_next
acta_statem_base_cast(acta_self *self, void *data, acta_message *message)
{
    (void)data;
    return handle(self, acti_statem_of(self),
        &(acta_statem_event){ .type = ACTA_STATEM_CAST, .tag = message->tag, .message = message });
}

acta_next
acta_statem_base_info(acta_self *self, void *data, const acta_info *info)
{
    acti_statem *m = acti_statem_of(self);
    acta_statem_event event;

    (void)data;
    if (info->kind != ACTA_INFO_TIMER || !acti_timeout_take_rung(m, info->ref, &event))
        event = (acta_statem_event){ .type = ACTA_STATEM_INFO, .tag = info->tag, .info = info };
    return handle(self, m, &event);
}

/* One of those that wait inside. */
acta_next
acta_statem_base_continue(acta_self *self, void *data)
{
    acti_statem *m = acti_statem_of(self);
    acta_statem_event event;

    (void)data;
    acti_event *item = acti_events_take(&m->queue);
    if (item == NULL) return acti_timeout_take_due(m, &event) ? handle(self, m, &event) : ACTA_NEXT;

    if (item->message != NULL) m->waiting_bytes -= acti_message_weight(acti_message_of(item->message));
    m->retried = item;
    acti_relations_of(self)->in_hand = item->message;
    return handle(self, m, &item->event);
}

void
acta_statem_base_terminate(acta_self *self, void *data, const acta_exit_reason *reason)
{
    acti_statem *m = acti_statem_of(self);

    if (m->what->terminate != NULL) m->what->terminate(self, data, m->state, reason);
}

void
acta_statem_base_format(acta_self *self, const void *data, acta_format_use use, char *text, size_t size)
{
    const acti_statem *m = find_machine(self);

    if (m == NULL) return;
    int used = snprintf(text, size, "%s%s", state_name(m), m->what->format != NULL ? "; " : "");
    if (m->postponed.count > 0 && used >= 0 && (size_t)used < size)
        used += snprintf(text + used, size - (size_t)used, "(%u postponed) ", m->postponed.count);
    if (m->what->format == NULL || used < 0 || (size_t)used >= size) return;
    m->what->format(self, data, use, text + used, size - (size_t)used);
}

/* -- what handlers call -- */

void
acta_statem_postpone(acta_self *self)
{
    acti_statem *m = acti_statem_of(self);

    if (m->is_entering || m->in_hand == NULL)
        acta_fail(self, "cannot postpone in init, or as state '%s' is entered", state_name(m));
    m->postpones = true;
}

void
acta_statem_next_event(acta_self *self, acta_message *message)
{
    acti_statem *m = acti_statem_of(self);
    acti_event *item = message != NULL ? acti_alloc(m->runtime, sizeof *item) : NULL;
    uint32_t count_max = m->what->postponed_count_max != 0 ? m->what->postponed_count_max : ACTI_POSTPONED_COUNT_MAX;
    bool is_full = m->asked.count + m->queue.count >= count_max;

    if (item == NULL || is_full || m->is_entering) {
        acti_free(m->runtime, item, sizeof *item);
        acta_message_destroy(message);
        acta_fail(self,
            m->is_entering ? "cannot make a next event as state '%s' is entered"
            : is_full      ? "too many next events in state '%s'"
                           : "no memory for a next event in state '%s'",
            state_name(m));
    }
    *item = (acti_event){ .event = { .type = ACTA_STATEM_INTERNAL, .tag = message->tag, .message = message },
        .message = message,
        .size = sizeof *item };
    m->waiting_bytes += acti_message_weight(acti_message_of(message));
    acti_events_append(&m->asked, item);
}

uint32_t
acta_statem_state_now(acta_self *self)
{
    return acti_statem_of(self)->state;
}

void
acta_statem_counts_read(acta_self *self, acta_statem_counts *counts_out)
{
    const acti_statem *m = acti_statem_of(self);

    *counts_out = (acta_statem_counts){ .postponed = m->postponed.count,
        .queued = m->queue.count,
        .postponed_bytes = m->waiting_bytes,
        .refused = m->refused };
}
