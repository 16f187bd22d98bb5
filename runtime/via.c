/*
 * Names in a service of the user's, as OTP's {via, Module, Name}.
 *
 * The service's functions run without a lock of ours, and where acta_fail lands safely: registering on the spawner's
 * thread, unregistering in the actor's last turn, after it has stopped being alive and before anybody is told.
 */
#include "internal.h"

typedef struct registering {
    acta_status status;
    acta_pid holder;
} registering;

static void
call_register(acti_actor *actor, void *argument)
{
    const acti_via *via = acti_relations_of(actor)->via;
    registering *r = argument;

    r->status = via->service->register_name(
        via->service->user, acta_str_from(via->name, via->size), acti_pid_of(actor), &r->holder);
}

static void
call_unregister(acti_actor *actor, void *argument)
{
    const acti_via *via = argument;

    via->service->unregister_name(via->service->user, acta_str_from(via->name, via->size), acti_pid_of(actor));
}

static void
free_via(acti_actor *actor)
{
    acti_relations *r = acti_relations_of(actor);

    acti_free(actor->runtime, r->via, sizeof *r->via + r->via->size);
    r->via = NULL;
}

acta_status
acti_via_take(acti_actor *actor, const acta_name_service *service, acta_str name, acta_pid *holder_out)
{
    acti_relations *r = acti_actor_relations(actor);
    acti_via *via = r != NULL ? acti_alloc(actor->runtime, sizeof *via + name.size) : NULL;
    registering registered = { .status = ACTA_FAILED };

    if (via == NULL) return ACTA_NO_MEMORY;
    via->service = service;
    via->size = (uint32_t)name.size;
    memcpy(via->name, name.data, name.size);
    r->via = via;
    if (!acti_guard(actor, call_register, &registered, NULL, 0)) registered.status = ACTA_FAILED;
    if (registered.status != ACTA_OK) free_via(actor);
    *holder_out = registered.holder;
    return registered.status;
}

/* The actor isn't alive any more. */
void
acti_via_leave(acti_actor *actor)
{
    char why[ACTA_EXIT_TEXT_MAX];

    if (!acti_guard(actor, call_unregister, acti_relations_of(actor)->via, why, sizeof why))
        acta_log_event(&actor->runtime->environment, ACTA_LOG_ERROR, "actor.name_service_failed",
            ACTA_LOG_FIELDS(acta_log_text("actor", acta_str_of(actor->behaviour->name)),
                acta_log_number("generation", actor->generation), acta_log_number("index", actor->index),
                acta_log_text("error", acta_str_of(why))),
            "the name service of actor '%s' failed to unregister it: %s", actor->behaviour->name, why);
    free_via(actor);
}
