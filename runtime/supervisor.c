/*
 * Supervisor, one for one: a server like any other, that traps exits and monitors its children.
 *
 *     init: start the children in order            one fails -> stop those before it, youngest first, and end
 *     DOWN of a child -> restart, forget or keep   too many within the period -> stop all, youngest first, and end
 *     EXIT from elsewhere (parent, runtime)        -> stop all, youngest first, and end
 *
 * Children are linked, so that none outlives a supervisor that was killed, and monitored, which is what is acted on:
 * links can be undone by the child. A start that fails can't wait for the children before it inside init, on somebody's
 * thread; so the supervisor then lives on until they have ended, and the failure goes to the starter by the context.
 */
#include "supervisor_internal.h"

/* Requests carry a pointer to the caller's question: the caller waits without a deadline. */
enum {
    ASK_START = 0x5f5a0001,
    ASK_DELETE = 0x5f5a0002,
    ASK_CHILD = 0x5f5a0003,
    ASK_END = 0x5f5a0004 /* answered by the supervisor's end */
};

/* -- options -- */

static acta_status
check_backoff(const acta_backoff *b, acta_error *error)
{
    uint32_t min_ms = b->min_ms != 0 ? b->min_ms : ACTA_BACKOFF_MIN_DEFAULT;
    uint32_t max_ms = b->max_ms != 0 ? b->max_ms : ACTA_BACKOFF_MAX_DEFAULT;

    if (min_ms > max_ms)
        return acta_error_set(error, ACTA_INVALID, "backoff: min_ms %u is more than max_ms %u", min_ms, max_ms);
    if (b->jitter_percent > 100)
        return acta_error_set(error, ACTA_INVALID, "backoff: jitter_percent %u is more than 100", b->jitter_percent);
    return ACTA_OK;
}

static acta_status
check_options(const acta_supervisor_options *options, acta_error *error)
{
    if (options == NULL) return acta_error_set(error, ACTA_INVALID, "a supervisor needs its options as argument");
    if (options->strategy != ACTA_ONE_FOR_ONE)
        return acta_error_set(error, ACTA_INVALID, "%d is no strategy", options->strategy);
    for (uint32_t i = 0; i < options->child_count; i++) {
        acta_status status = acti_child_check(&options->children[i], error);
        if (status != ACTA_OK) return status;
        for (uint32_t k = 0; k < i; k++) {
            if (strcmp(options->children[k].id, options->children[i].id) == 0)
                return acta_error_set(error, ACTA_INVALID, "two children have the id '%s'", options->children[i].id);
        }
    }
    return check_backoff(&options->backoff, error);
}

static void
take_options(acti_supervisor *supervisor, const acta_supervisor_options *options)
{
    const acta_backoff *b = &options->backoff;

    supervisor->intensity = options->intensity != 0 ? options->intensity : ACTA_INTENSITY_DEFAULT;
    supervisor->period_ms = options->period_ms != 0 ? options->period_ms : ACTA_PERIOD_DEFAULT;
    supervisor->has_backoff = b->min_ms != 0 || b->max_ms != 0 || b->jitter_percent != 0 || b->first_at_once;
    supervisor->backoff = (acta_backoff){
        .min_ms = b->min_ms != 0 ? b->min_ms : ACTA_BACKOFF_MIN_DEFAULT,
        .max_ms = b->max_ms != 0 ? b->max_ms : ACTA_BACKOFF_MAX_DEFAULT,
        .jitter_percent = b->jitter_percent != 0 ? b->jitter_percent : ACTA_BACKOFF_JITTER_DEFAULT,
        .first_at_once = b->first_at_once,
    };
}

/* -- stopping: one child after the other, the youngest first -- */

/* False: none is alive any more. */
static bool
stop_youngest(acta_self *self, acti_supervisor *supervisor)
{
    for (acti_child *child = supervisor->last; child != NULL; child = child->prev) {
        acti_child_forget_timer(self, child);
        if (child->pid.value == 0) continue;
        acti_child_stop(self, child);
        return true;
    }
    return false;
}

static acta_next
stop_next(acta_self *self, acti_supervisor *supervisor)
{
    if (stop_youngest(self, supervisor)) return ACTA_NEXT;
    acta_set_exit_reason(self, supervisor->end.kind, "%s", supervisor->end.text);
    return ACTA_STOP;
}

static acta_next
begin_stop(acta_self *self, acti_supervisor *supervisor, const acta_exit_reason *end)
{
    if (supervisor->is_stopping) return ACTA_NEXT;
    supervisor->is_stopping = true;
    supervisor->end = *end;
    return stop_next(self, supervisor);
}

/* -- restarting -- */

static bool
push_restart(acta_self *self, acti_supervisor *s, uint64_t now_ns)
{
    if (s->restart_count == s->restart_capacity) {
        uint32_t wider = s->restart_capacity == 0 ? 8 : s->restart_capacity * 2;
        uint64_t *grown = acta_alloc(self, wider * sizeof *grown);
        if (grown == NULL) return false;
        for (uint32_t i = 0; i < s->restart_count; i++)
            grown[i] = s->restarts[(s->restart_first + i) % s->restart_capacity];
        acta_free(self, s->restarts);
        s->restarts = grown;
        s->restart_capacity = wider;
        s->restart_first = 0;
    }
    s->restarts[(s->restart_first + s->restart_count++) % s->restart_capacity] = now_ns;
    return true;
}

/* Count a restart. False: it is one more than is borne within the period, both ends of which count. */
static bool
bear_restart(acta_self *self, acti_supervisor *s)
{
    uint64_t now_ns = acti_now_ns(self->runtime);
    uint64_t period_ns = s->period_ms * UINT64_C(1000000);

    if (s->intensity == ACTA_INTENSITY_UNLIMITED) return true;
    if (s->intensity == ACTA_INTENSITY_NONE) return false;
    while (s->restart_count > 0 && now_ns - s->restarts[s->restart_first] > period_ns) {
        s->restart_first = (s->restart_first + 1) % s->restart_capacity;
        s->restart_count--;
    }
    return s->restart_count < s->intensity && push_restart(self, s, now_ns);
}

static acta_next
give_up(acta_self *self, acti_supervisor *supervisor, acti_child *child, const char *last)
{
    acta_exit_reason end = { .kind = ACTA_EXIT_FAILED };

    snprintf(end.text, sizeof end.text, "child '%.48s' ended once more than %u times in %u ms, the last time: %.60s",
        child->spec.id, supervisor->intensity, supervisor->period_ms, last[0] != '\0' ? last : "without words");
    return begin_stop(self, supervisor, &end);
}

static acta_next
restart_later(acta_self *self, acti_supervisor *supervisor, acti_child *child, uint32_t delay_ms)
{
    if (acta_send_after(self, delay_ms, ACTI_TIMER_RESTART, 0, &child->timer) == ACTA_OK) return ACTA_NEXT;
    return give_up(self, supervisor, child, "there is no memory to wait for its restart");
}

static acta_next
start_again(acta_self *self, acti_supervisor *supervisor, acti_child *child)
{
    acta_error error;

    if (acti_child_start(self, child, NULL, &error) == ACTA_OK) {
        acti_count(self->runtime, ACTI_STAT_RESTARTED);
        acti_record(self->runtime, ACTA_FLIGHT_RESTART, child->pid, child->spec.start.behaviour->name, 0,
            acti_pid_of(self).value);
        return ACTA_NEXT;
    }
    /* A start that fails counts as an end; tried again from the mailbox, not from here, where it could go on for ever. */
    acta_log_write(&self->runtime->environment, ACTA_LOG_WARNING, "supervisor: cannot restart %s", error.text);
    if (!bear_restart(self, supervisor)) return give_up(self, supervisor, child, error.text);
    child->restart_row++;
    child->delay_ms = acti_child_backoff_ms(self, supervisor, child);
    return restart_later(self, supervisor, child, child->delay_ms);
}

static acta_next
restart(acta_self *self, acti_supervisor *supervisor, acti_child *child, const acta_exit_reason *reason)
{
    uint64_t lived_ns = acti_now_ns(self->runtime) - child->started_ns;
    uint32_t calm_ms = supervisor->period_ms > child->delay_ms ? supervisor->period_ms : child->delay_ms;

    if (!bear_restart(self, supervisor)) return give_up(self, supervisor, child, reason->text);
    if (lived_ns > calm_ms * UINT64_C(1000000)) child->restart_row = 0;
    child->restart_row++;
    child->delay_ms = acti_child_backoff_ms(self, supervisor, child);
    if (child->delay_ms == 0) return start_again(self, supervisor, child);
    return restart_later(self, supervisor, child, child->delay_ms);
}

static acta_next
child_down(acta_self *self, acti_supervisor *supervisor, acti_child *child, const acta_exit_reason *reason)
{
    child->pid = (acta_pid){ 0 };
    acti_child_forget_timer(self, child);
    if (child->is_deleted) {
        acta_reply(self->runtime, child->delete_from, ACTA_OK, NULL, NULL);
        acti_child_remove(self, supervisor, child);
        return supervisor->is_stopping ? stop_next(self, supervisor) : ACTA_NEXT;
    }
    if (supervisor->is_stopping) return stop_next(self, supervisor);
    if (child->spec.restart == ACTA_TEMPORARY) {
        acti_child_remove(self, supervisor, child);
        return ACTA_NEXT;
    }
    bool ended_well = reason->kind == ACTA_EXIT_NORMAL || reason->kind == ACTA_EXIT_SHUTDOWN;
    if (child->spec.restart == ACTA_TRANSIENT && ended_well) return ACTA_NEXT;
    return restart(self, supervisor, child, reason);
}

/* -- the server -- */

static acta_next
timer_due(acta_self *self, acti_supervisor *supervisor, const acta_info *info)
{
    static const acta_exit_reason kill = { .kind = ACTA_EXIT_KILLED };
    acti_child *child = acti_child_of_timer(supervisor, info->ref);

    if (child == NULL) return ACTA_NEXT;
    child->timer = (acta_ref){ 0 };
    if (info->tag == ACTI_TIMER_PATIENCE) {
        acta_exit(self->runtime, acta_self_pid(self), child->pid, &kill);
        return ACTA_NEXT;
    }
    return start_again(self, supervisor, child);
}

static acta_next
supervisor_info(acta_self *self, void *state, const acta_info *info)
{
    acti_supervisor *supervisor = state;
    acti_child *child;

    switch (info->kind) {
    case ACTA_INFO_DOWN:
        child = acti_child_of_monitor(supervisor, info->ref);
        return child != NULL ? child_down(self, supervisor, child, info->reason) : ACTA_NEXT;
    case ACTA_INFO_EXIT:
        /* A child's is followed by its DOWN. */
        if (info->reason->kind == ACTA_EXIT_NORMAL || acti_child_of_pid(supervisor, info->pid) != NULL)
            return ACTA_NEXT;
        return begin_stop(self, supervisor, info->reason);
    case ACTA_INFO_TIMER:
        return timer_due(self, supervisor, info);
    default:
        return ACTA_NEXT;
    }
}

static void
reply_pid(acta_self *self, acta_from from, acta_pid pid)
{
    acta_message *reply = acta_message_create(self->runtime, 0, sizeof pid);

    if (reply == NULL) {
        acta_reply(self->runtime, from, ACTA_NO_MEMORY, NULL, NULL);
        return;
    }
    memcpy(reply->payload, &pid, sizeof pid);
    acta_reply(self->runtime, from, ACTA_OK, reply, NULL);
}

static void
ask_start(acta_self *self, acti_supervisor *supervisor, acta_from from, const acta_child_spec *spec)
{
    acta_error error;
    bool rolls_back;

    acta_status status = acti_child_check(spec, &error);
    if (status == ACTA_OK && acti_child_find(supervisor, spec->id) != NULL)
        status = acta_error_set(&error, ACTA_ALREADY_EXISTS, "there is a child '%s' already", spec->id);
    if (status != ACTA_OK) {
        acta_reply(self->runtime, from, status, NULL, &error);
        return;
    }
    acti_child *child = acti_child_add(self, supervisor, spec);
    if (child == NULL) {
        acta_error_set(&error, ACTA_NO_MEMORY, "no memory for child '%s'", spec->id);
        acta_reply(self->runtime, from, ACTA_NO_MEMORY, NULL, &error);
        return;
    }
    status = acti_child_start(self, child, &rolls_back, &error);
    if (status == ACTA_OK) {
        reply_pid(self, from, child->pid);
        return;
    }
    acta_reply(self->runtime, from, status, NULL, &error);
    child->is_deleted = true; /* its end, if it has one to come, is the end of its spec too */
    if (!rolls_back) acti_child_remove(self, supervisor, child);
}

static void
reply_unknown(acta_self *self, acta_from from, const char *id)
{
    acta_error error;

    acta_error_set(&error, ACTA_NOT_FOUND, "there is no child '%s'", id);
    acta_reply(self->runtime, from, ACTA_NOT_FOUND, NULL, &error);
}

static void
ask_delete(acta_self *self, acti_supervisor *supervisor, acta_from from, const char *id)
{
    acti_child *child = acti_child_find(supervisor, id);

    if (child == NULL || child->is_deleted) {
        reply_unknown(self, from, id);
        return;
    }
    child->is_deleted = true;
    child->delete_from = from;
    if (child->pid.value != 0) {
        acti_child_stop(self, child);
        return;
    }
    acti_child_remove(self, supervisor, child);
    acta_reply(self->runtime, from, ACTA_OK, NULL, NULL);
}

static acta_next
supervisor_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    acti_supervisor *supervisor = state;
    const void *question = NULL;
    acta_error error;

    if (message->size == sizeof question) memcpy(&question, message->payload, sizeof question);
    if (message->tag == ASK_END) return ACTA_NEXT;
    if (supervisor->is_stopping) {
        acta_error_set(&error, ACTA_STOPPED, "the supervisor is stopping");
        acta_reply(self->runtime, from, ACTA_STOPPED, NULL, &error);
    } else if (message->tag == ASK_START && question != NULL)
        ask_start(self, supervisor, from, question);
    else if (message->tag == ASK_DELETE && question != NULL)
        ask_delete(self, supervisor, from, question);
    else if (message->tag == ASK_CHILD && question != NULL) {
        acti_child *child = acti_child_find(supervisor, question);
        if (child != NULL)
            reply_pid(self, from, child->pid);
        else
            reply_unknown(self, from, question);
    } else {
        acta_error_set(&error, ACTA_INVALID, "a supervisor has no answer to a request of tag %u", message->tag);
        acta_reply(self->runtime, from, ACTA_INVALID, NULL, &error);
    }
    return ACTA_NEXT;
}

static acta_next
supervisor_cast(acta_self *self, void *state, acta_message *message)
{
    (void)self;
    (void)state;
    (void)message;
    return ACTA_NEXT; /* nothing that is sent to a supervisor means anything */
}

/* The children in order. When one fails and others are alive already, the start fails by way of the context. */
static acta_status
start_children(acta_self *self, acti_supervisor *supervisor, const acta_supervisor_options *options, acta_error *error)
{
    for (uint32_t i = 0; i < options->child_count; i++) {
        acti_child *child = acti_child_add(self, supervisor, &options->children[i]);
        acta_status status = ACTA_NO_MEMORY;
        if (child == NULL)
            acta_error_set(error, status, "no memory for child '%s'", options->children[i].id);
        else {
            bool rolls_back;
            status = acti_child_start(self, child, &rolls_back, error);
        }
        if (status == ACTA_OK) continue;

        acta_exit_reason end = { .kind = ACTA_EXIT_FAILED };
        snprintf(end.text, sizeof end.text, "%.190s", error->text);
        if (begin_stop(self, supervisor, &end) == ACTA_STOP) return status;
        acti_current->start_failed = true;
        acti_current->start_error = *error;
        return ACTA_OK;
    }
    return ACTA_OK;
}

static acta_status
supervisor_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    acti_supervisor *supervisor = state;
    const acta_supervisor_options *options = argument;

    acta_status status = check_options(options, error);
    if (status != ACTA_OK) return status;
    take_options(supervisor, options);
    acta_trap_exit(self, true);
    return start_children(self, supervisor, options, error);
}

static acta_status
root_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    acta_status status = supervisor_init(self, state, argument, error);

    if (status == ACTA_OK) {
        self->is_root_supervisor = true;
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
        .handle_call = supervisor_call,
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
        .handle_call = supervisor_call,
        .handle_cast = supervisor_cast,
        .handle_info = supervisor_info };
    return &behaviour;
}

/* -- from outside -- */

static acta_status
ask(acta_runtime *runtime, acta_pid supervisor, uint32_t tag, const void *question, acta_message **reply_out,
    acta_error *error)
{
    acta_message *message = acta_message_create(runtime, tag, sizeof question);

    if (message != NULL) memcpy(message->payload, &question, sizeof question);
    return acta_call(runtime, supervisor, message, ACTA_INFINITE, reply_out, error);
}

static acta_status
ask_for_pid(acta_runtime *runtime, acta_pid supervisor, uint32_t tag, const void *question, acta_pid *pid_out,
    acta_error *error)
{
    acta_message *reply = NULL;

    acta_status status = ask(runtime, supervisor, tag, question, &reply, error);
    if (status != ACTA_OK) return status;
    if (pid_out != NULL) memcpy(pid_out, reply->payload, sizeof *pid_out);
    acta_message_destroy(reply);
    return ACTA_OK;
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
    ask(runtime, pid, ASK_END, NULL, NULL, NULL);
    if (error != NULL) *error = context.start_error;
    return context.start_error.status;
}

acta_status
acta_supervisor_start_child(
    acta_runtime *runtime, acta_pid supervisor, const acta_child_spec *spec, acta_pid *pid_out, acta_error *error)
{
    return ask_for_pid(runtime, supervisor, ASK_START, spec, pid_out, error);
}

acta_status
acta_supervisor_delete_child(acta_runtime *runtime, acta_pid supervisor, const char *id, acta_error *error)
{
    return ask(runtime, supervisor, ASK_DELETE, id, NULL, error);
}

acta_status
acta_supervisor_child(acta_runtime *runtime, acta_pid supervisor, const char *id, acta_pid *pid_out, acta_error *error)
{
    return ask_for_pid(runtime, supervisor, ASK_CHILD, id, pid_out, error);
}
