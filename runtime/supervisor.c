/*
 * Supervisor: a server like any other, that traps exits and monitors its children.
 *
 *     init: start the children in order            one fails -> stop those before it, youngest first, and end
 *     DOWN of a child -> restart, forget or keep   too many within the period -> stop all, youngest first, and end
 *     EXIT from elsewhere (parent, runtime)        -> stop all, youngest first, and end
 *     requests                                     supervisor_admin.c
 *
 * A handler never waits: stops, delays and group restarts go from one signal to the next. A start that fails can't wait
 * for the children before it inside init, on somebody's thread; so the supervisor then lives on until they have ended,
 * and the failure goes to the starter by the context.
 */
#include "supervisor_internal.h"

/* -- signals -- */

static acta_next
timer_due(acta_self *self, acti_supervisor *s, const acta_info *info)
{
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    acti_child *child = (acti_child *)(uintptr_t)info->user; /* alive: its end cancels its timer */

    switch (info->tag) {
    case ACTI_TIMER_PATIENCE:
        child->timer = (acta_ref){ 0 };
        acta_exit(self->runtime, acta_self_pid(self), child->pid, &kill);
        return ACTA_NEXT;
    case ACTI_TIMER_RESTART:
        return acti_restart_due(self, s, child);
    case ACTI_TIMER_GROUP:
        return acti_group_due(self, s);
    default:
        return acti_supervisor_stop_due(self, s);
    }
}

static acta_next
down(acta_self *self, acti_supervisor *s, const acta_info *info)
{
    acti_child *child = acti_child_of_pid(s, info->pid);

    if (child == NULL || child->pid.value == 0 || !acta_ref_equal(child->monitor, info->ref)) return ACTA_NEXT;
    return acti_child_down(self, s, child, info->reason);
}

static acta_next
supervisor_info(acta_self *self, void *state, const acta_info *info)
{
    acti_supervisor *s = state;

    switch (info->kind) {
    case ACTA_INFO_DOWN:
        return down(self, s, info);
    case ACTA_INFO_EXIT:
        /* A child's is followed by its DOWN. */
        if (info->reason->kind == ACTA_EXIT_NORMAL || acti_child_of_pid(s, info->pid) != NULL) return ACTA_NEXT;
        return acti_supervisor_stop(self, s, info->reason);
    case ACTA_INFO_TIMER:
        return timer_due(self, s, info);
    default:
        return ACTA_NEXT;
    }
}

static acta_next
supervisor_cast(acta_self *self, void *state, acta_message *message)
{
    acti_supervisor *s = state;

    if (s->is_stopping) return ACTA_NEXT;
    if (message->tag == ACTI_TELL_RETRY) return acti_retry_due(self, s, message);
    /* One from a group of before: the group of now waits with a timer. */
    if (message->tag == ACTI_TELL_GROUP && s->group_timer.value == 0) return acti_group_due(self, s);
    return ACTA_NEXT; /* nothing else that is sent to a supervisor means anything */
}

/* -- start -- */

static acta_status
add_children(acta_self *self, acti_supervisor *s, const acta_supervisor_options *options, acta_error *error)
{
    for (uint32_t i = 0; i < options->child_count; i++) {
        const char *id = options->children[i].id;
        if (acti_child_find(s, id) != NULL) return acti_spec_taken(id, error);
        acti_child *child = acti_child_create(self, &options->children[i]);
        if (acti_is_dynamic(s)) s->model = child;
        if (child == NULL || (!acti_is_dynamic(s) && !acti_child_add(self, s, child)))
            return acta_error_set(error, ACTA_NO_MEMORY, "no memory for child '%s'", id);
    }
    return ACTA_OK;
}

/* When one fails and others are alive already, the start fails by way of the context. */
static acta_status
roll_back(acta_self *self, acti_supervisor *s, acta_status status, const acta_error *error)
{
    acta_exit_reason end = { .kind = ACTA_EXIT_FAILED };

    snprintf(end.text, sizeof end.text, "%.190s", error->text);
    if (acti_supervisor_stop(self, s, &end) == ACTA_STOP) return status;
    acti_current->start_failed = true;
    acti_current->start_error = *error;
    return ACTA_OK;
}

static acta_status
start_children(acta_self *self, acti_supervisor *s, acta_error *error)
{
    for (acti_child *child = s->first, *next; child != NULL; child = next) {
        acti_start start;
        next = child->next;
        acta_status status = acti_child_start(self, s, child, &start, error);
        if (status == ACTA_IGNORE) {
            if (child->spec.restart == ACTA_TEMPORARY) acti_child_remove(self, s, child);
        } else if (status != ACTA_OK)
            return roll_back(self, s, status, error);
    }
    return ACTA_OK;
}

static acta_status
supervisor_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    acti_supervisor *s = state;
    const acta_supervisor_options *options = argument;

    acta_status status = acti_options_check(options, error);
    if (status != ACTA_OK) return status;
    acti_options_take(s, options);
    acta_trap_exit(self, true);
    status = add_children(self, s, options, error);
    return status == ACTA_OK ? start_children(self, s, error) : status;
}

static acta_status
root_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    acti_relations *r = acti_actor_relations(self);

    if (r == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a root supervisor");
    acta_status status = supervisor_init(self, state, argument, error);
    if (status == ACTA_OK) {
        r->is_root_supervisor = true;
        acti_root_add(self->runtime, acta_self_pid(self));
    }
    return status;
}

const acta_behaviour *
acta_supervisor_behaviour(void)
{
    static const acta_behaviour behaviour = { .name = "supervisor",
        .state_size = sizeof(acti_supervisor),
        .init = supervisor_init,
        .handle_call = acti_supervisor_call,
        .handle_cast = supervisor_cast,
        .handle_info = supervisor_info };
    return &behaviour;
}

static const acta_behaviour *
root_behaviour(void)
{
    static const acta_behaviour behaviour = { .name = "supervisor",
        .state_size = sizeof(acti_supervisor),
        .init = root_init,
        .handle_call = acti_supervisor_call,
        .handle_cast = supervisor_cast,
        .handle_info = supervisor_info };
    return &behaviour;
}

acta_status
acta_supervisor_start(
    acta_runtime *runtime, const acta_supervisor_options *options, acta_pid *pid_out, acta_error *error)
{
    acti_context *outer = acti_current;
    acti_context context = { .runtime = runtime };
    acta_pid pid;

    if (options == NULL) return acta_error_set(error, ACTA_INVALID, "a supervisor needs its options");
    if (outer != NULL && outer->runtime == runtime) {
        context.worker = outer->worker;
        context.host = outer->host;
        context.actor = outer->actor;
    }
    acta_spawn_options spawn = {
        .behaviour = root_behaviour(), .argument = options, .name = options->name, .link = options->link
    };
    acti_current = &context;
    acta_status status = acta_spawn(runtime, &spawn, &pid, error);
    acti_current = outer;
    if (status != ACTA_OK || !context.start_failed) {
        if (status == ACTA_OK || status == ACTA_ALREADY_EXISTS) *pid_out = pid;
        return status;
    }

    /* The children that had started are being stopped. An actor can't wait for that, a thread does. */
    acta_call(runtime, pid, acta_message_create(runtime, ACTI_ASK_END, 0), ACTA_INFINITE, NULL, NULL);
    if (error != NULL) *error = context.start_error;
    return context.start_error.status;
}
