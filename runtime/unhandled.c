/*
 * What an actor has no handler for, or doesn't know: counted, answered if somebody waits, and logged once per kind. A
 * kind is a call's or a cast's tag, or a kind of information.
 */
#include "internal.h"

enum { KIND_MAX = 32 }; /* that one actor logs: tags may come from anywhere */

/* False: it was logged before, there are too many, or there is no memory to remember it. */
static bool
is_new(acti_actor *actor, uint64_t kind)
{
    acti_relations *r = acti_actor_relations(actor);

    if (r == NULL || r->unhandled_count == KIND_MAX) return false;
    for (uint32_t i = 0; i < r->unhandled_count; i++) {
        if (r->unhandled[i] == kind) return false;
    }
    if (r->unhandled_count == r->unhandled_capacity &&
        !acti_array_grow(actor->runtime, (void **)&r->unhandled, &r->unhandled_capacity, 4, sizeof *r->unhandled))
        return false;
    r->unhandled[r->unhandled_count++] = kind;
    return true;
}

void
acti_unhandled(acti_actor *actor, acti_unhandled_kind kind, uint32_t tag)
{
    const char *const words[] = { "call of tag", "cast of tag", "information of kind" };

    acti_count(actor->runtime, ACTI_STAT_UNHANDLED);
    if (!is_new(actor, (uint64_t)kind << 32 | tag)) return;
    bool last = acti_relations_of(actor)->unhandled_count == KIND_MAX;
    acta_log_event(&actor->runtime->environment, ACTA_LOG_WARNING, "actor.unhandled",
        ACTA_LOG_FIELDS(acta_log_text("actor", acta_str_of(actor->behaviour->name)),
            acta_log_number("generation", actor->generation), acta_log_number("index", actor->index),
            acta_log_text("kind", acta_str_of(words[kind])), acta_log_number("tag", tag)),
        "actor '%s' <%u.%u> doesn't handle a %s %u: dropped, and later ones silently%s", actor->behaviour->name,
        actor->generation, actor->index, words[kind], tag, last ? "; no other kinds are logged for it" : "");
}

acta_next
acta_unhandled_call(acta_self *self, acta_from from, const acta_message *message)
{
    acta_error error;

    acta_error_set(&error, ACTA_INVALID, "actor '%s' has no call of tag %u", self->behaviour->name, message->tag);
    acta_reply(self->runtime, from, ACTA_INVALID, NULL, &error);
    acti_unhandled(self, ACTI_UNHANDLED_CALL, message->tag);
    return ACTA_NEXT;
}

acta_next
acta_unhandled_cast(acta_self *self, const acta_message *message)
{
    acti_unhandled(self, ACTI_UNHANDLED_CAST, message->tag);
    return ACTA_NEXT;
}

acta_next
acta_unhandled_info(acta_self *self, const acta_info *info)
{
    acti_unhandled(self, ACTI_UNHANDLED_INFO, (uint32_t)info->kind);
    return ACTA_NEXT;
}
