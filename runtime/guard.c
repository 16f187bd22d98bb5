/*
 * Guards: something of the user's that runs outside of the handlers, where acta_fail must land without ending the turn
 * around it: the destructor of a message that is dropped, a format function.
 *
 * The actor is in the hands of the calling thread. What it failed with before is put back afterwards.
 */
#include "internal.h"

/* False: it was left by acta_fail; `why_out`, if given, gets the reason (NUL-terminated, cut to `why_size`). */
bool
acti_guard(
    acti_actor *actor, void (*what)(acti_actor *actor, void *argument), void *argument, char *why_out, size_t why_size)
{
    acti_context *outer = acti_current;
    acti_context context;
    acti_relations *r = acti_relations_of(actor);
    acta_exit_reason *before = acti_exit_reason_of(actor);
    bool volatile is_through = false;

    acti_context_init(&context, actor->runtime, actor);
    if (outer != NULL && outer->runtime == actor->runtime) {
        context.worker = outer->worker;
        context.host = outer->host;
    }
    if (r != NULL) r->exit_reason = NULL;
    acti_current = &context;
    if (sigsetjmp(context.escape, 0) == 0) {
        what(actor, argument);
        is_through = true;
    }
    acti_current = outer;
    const acta_exit_reason *reason = acti_exit_reason_of(actor);
    if (!is_through && why_out != NULL) snprintf(why_out, why_size, "%s", reason != NULL ? reason->text : "no memory");
    acti_exit_reason_free(actor);
    if (before != NULL) acti_relations_of(actor)->exit_reason = before;
    return is_through;
}

static void
finish_message(acti_actor *actor, void *argument)
{
    (void)actor;
    acti_message_finish(argument);
}

/* The destructor of a message that nobody saw: one that fails is said to, and that's all. */
void
acti_guard_destructor(acti_actor *actor, acti_message *message)
{
    char why[ACTA_EXIT_TEXT_MAX];

    if (ACTI_LIKELY(message->body.destroy == NULL)) return;
    if (acti_guard(actor, finish_message, message, why, sizeof why)) return;
    acta_log_event(&actor->runtime->environment, ACTA_LOG_ERROR, "actor.destructor_failed",
        ACTA_LOG_FIELDS(acta_log_text("actor", acta_str_of(actor->behaviour->name)),
            acta_log_number("tag", message->body.tag), acta_log_text("error", acta_str_of(why))),
        "actor '%s' has ended, and the destructor of its message of tag %u failed: %s", actor->behaviour->name,
        message->body.tag, why);
}
