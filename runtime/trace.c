/*
 * Tracing and counting one actor's events: notes taken in its turn, before its handler runs.
 *
 * An actor that is neither traced nor counted pays one bit's look at a message, and acta_reply one load of a word that
 * nobody writes as long as nothing is traced or counted in the runtime.
 */
#include "sys_internal.h"

static void
set_odd(acti_actor *actor, uint8_t bit, bool on)
{
    bool was_noted = ACTI_IS_NOTED(actor);

    actor->odd = (uint8_t)(on ? actor->odd | bit : actor->odd & ~bit);
    if (ACTI_IS_NOTED(actor) == was_noted) return;
    /* relaxed: replies that are to be noted come from the turns of this actor, which see its own bit. */
    if (was_noted)
        atomic_fetch_sub_explicit(&actor->runtime->noted_count, 1, memory_order_relaxed);
    else
        atomic_fetch_add_explicit(&actor->runtime->noted_count, 1, memory_order_relaxed);
}

/* -- to the log -- */

static const char *
kind_word(acta_trace_kind kind)
{
    static const char *const words[] = { "call", "cast", "info", "continue", "reply", "suspend", "resume", "exit" };
    return words[kind];
}

static void
log_event(acti_actor *actor, const acta_trace_event *event)
{
    static const char *const infos[] = { "DOWN", "EXIT", "TIMER", "REPLY", "TIMEOUT", "FD" };
    char detail[ACTA_EXIT_TEXT_MAX + 32] = "";

    if (event->kind == ACTA_TRACE_CALL || event->kind == ACTA_TRACE_CAST)
        snprintf(detail, sizeof detail, " tag %u, %u bytes", event->tag, event->size);
    else if (event->kind == ACTA_TRACE_REPLY)
        snprintf(
            detail, sizeof detail, " %s, tag %u, %u bytes", acta_status_name(event->status), event->tag, event->size);
    else if (event->kind == ACTA_TRACE_INFO)
        snprintf(detail, sizeof detail, " %s, tag %u",
            (unsigned)event->info < sizeof infos / sizeof infos[0] ? infos[event->info] : "?", event->tag);
    else if (event->kind == ACTA_TRACE_EXIT) {
        size_t used = (size_t)snprintf(detail, sizeof detail, " %s: ", acti_exit_kind_name(event->reason->kind));
        acti_escape(detail + used, sizeof detail - used, event->reason->text, strlen(event->reason->text));
    }
    acta_log_event(&actor->runtime->environment, ACTA_LOG_WARNING, "actor.trace",
        ACTA_LOG_FIELDS(acta_log_text("actor", acta_str_of(actor->behaviour->name)),
            acta_log_number("generation", actor->generation), acta_log_number("index", actor->index),
            acta_log_text("what", acta_str_of(kind_word(event->kind)))),
        "trace of actor '%s' <%u.%u>: %s%s", actor->behaviour->name, actor->generation, actor->index,
        kind_word(event->kind), detail);
}

/* -- notes -- */

static void
call_sink(acti_actor *actor, void *argument)
{
    const acti_sys_trace_on *trace = &acti_relations_of(actor)->sys->trace;

    trace->sink(trace->user, argument);
}

static void
tell_driver(acti_actor *actor, const acta_trace_event *event)
{
    const acta_driver *driver = &actor->runtime->driver;
    char name[ACTI_NAME_MAX];

    if (driver->told != NULL) driver->told(driver->user, event, acta_str_from(name, acti_name_copy(actor, name)));
}

/* Nothing is told of this actor yet, and its driver wants to hear all. */
void
acti_trace_for_driver(acti_actor *actor)
{
    set_odd(actor, ACTI_ODD_TRACED, true);
}

void
acti_trace_note(acti_actor *actor, acta_trace_event *event)
{
    acti_sys *sys = acti_relations_of(actor) != NULL ? acti_relations_of(actor)->sys : NULL;
    char why[ACTA_EXIT_TEXT_MAX];

    if (sys != NULL) sys->counts[event->kind]++;
    if ((actor->odd & ACTI_ODD_TRACED) == 0) return;
    event->pid = acti_pid_of(actor);
    event->behaviour = actor->behaviour->name;
    event->at_ns = acti_now_ns(actor->runtime);
    tell_driver(actor, event);
    if (sys == NULL || !sys->is_traced) return;
    if (sys->trace.sink == NULL) {
        log_event(actor, event);
        return;
    }
    if (acti_guard(actor, call_sink, event, why, sizeof why)) return;
    acti_trace_stop(actor);
    acta_log_event(&actor->runtime->environment, ACTA_LOG_ERROR, "actor.trace_off",
        ACTA_LOG_FIELDS(acta_log_text("actor", acta_str_of(actor->behaviour->name)),
            acta_log_number("generation", actor->generation), acta_log_number("index", actor->index),
            acta_log_text("error", acta_str_of(why))),
        "trace of actor '%s' is off: its sink failed: %s", actor->behaviour->name, why);
}

void
acti_note_message(acti_actor *actor, const acti_message *message)
{
    acti_trace_note(
        actor, &(acta_trace_event){ .kind = message->node.kind == ACTI_REQUEST ? ACTA_TRACE_CALL : ACTA_TRACE_CAST,
                   .tag = message->body.tag,
                   .size = message->body.size,
                   .message = &message->body });
}

void
acti_note_info(acti_actor *actor, const acta_info *info)
{
    acti_trace_note(actor, &(acta_trace_event){ .kind = ACTA_TRACE_INFO,
                               .info = info->kind,
                               .tag = info->message != NULL ? info->message->tag : info->tag,
                               .size = info->message != NULL ? info->message->size : 0,
                               .from = info->pid,
                               .status = info->status });
}

void
acti_note_continue(acti_actor *actor)
{
    acti_trace_note(actor, &(acta_trace_event){ .kind = ACTA_TRACE_CONTINUE });
}

/* Somebody is noted: is it the actor whose handler replies here? */
void
acti_note_reply(acta_runtime *runtime, acta_status status, const acta_message *reply)
{
    acti_context *here = acti_context_here(runtime);

    if (here == NULL || here->actor == NULL || !ACTI_IS_NOTED(here->actor)) return;
    acti_trace_note(here->actor, &(acta_trace_event){ .kind = ACTA_TRACE_REPLY,
                                     .status = status,
                                     .tag = reply != NULL ? reply->tag : 0,
                                     .size = reply != NULL ? reply->size : 0 });
}

void
acti_note_end(acti_actor *actor, const acta_exit_reason *reason)
{
    acti_trace_note(actor, &(acta_trace_event){ .kind = ACTA_TRACE_EXIT, .reason = reason });
    set_odd(actor, ACTI_ODD_TRACED | ACTI_ODD_COUNTED, false);
}

/* -- on and off -- */

acta_status
acti_trace_start(acti_actor *actor, const acti_sys_trace_on *on, acta_error *error)
{
    if (actor->behaviour->is_private)
        return acta_error_set(error, ACTA_UNSUPPORTED, "actor '%s' is private", actor->behaviour->name);
    acti_sys *sys = acti_sys_of(actor);
    if (sys == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a trace");
    sys->trace = *on;
    sys->is_traced = true;
    set_odd(actor, ACTI_ODD_TRACED, true);
    return ACTA_OK;
}

void
acti_trace_stop(acti_actor *actor)
{
    acti_relations *r = acti_relations_of(actor);

    if (r != NULL && r->sys != NULL) r->sys->is_traced = false;
    if (actor->runtime->driver.told == NULL) set_odd(actor, ACTI_ODD_TRACED, false);
}

/* The actor has its acti_sys. */
void
acti_trace_count(acti_actor *actor, bool on)
{
    acti_sys *sys = acti_relations_of(actor)->sys;

    memset(sys->counts, 0, sizeof sys->counts);
    sys->counted_ns = on ? acti_now_ns(actor->runtime) : 0;
    set_odd(actor, ACTI_ODD_COUNTED, on);
}
