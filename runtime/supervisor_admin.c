/*
 * Requests to a supervisor, served: children started, stopped, forgotten and told of at run time.
 *
 * Nothing here waits. Who asks for a child's end is answered by its DOWN; a start that comes while a group is being
 * restarted is put off until that is through.
 */
#include "supervisor_internal.h"

static void
refuse(acta_self *self, acta_from from, const acta_error *error)
{
    acta_reply(self->runtime, from, error->status, NULL, error);
}

static void
refuse_no_memory(acta_self *self, acta_from from)
{
    acta_error error;

    acta_error_set(&error, ACTA_NO_MEMORY, "no memory to answer");
    refuse(self, from, &error);
}

static void
reply_bytes(acta_self *self, acta_from from, const void *bytes, size_t size)
{
    acta_message *reply = acta_message_create(self->runtime, ACTI_ASK_ANSWER, size);

    if (reply == NULL) {
        refuse_no_memory(self, from);
        return;
    }
    memcpy(reply->payload, bytes, size);
    acta_reply(self->runtime, from, ACTA_OK, reply, NULL);
}

static void
reply_unknown(acta_self *self, acta_from from, const char *id)
{
    acta_error error;

    acta_error_set(&error, ACTA_NOT_FOUND, "there is no child '%s'", id);
    refuse(self, from, &error);
}

/* -- starting -- */

/* error->actual_version carries the pid for acta_call, whose caller gets no payload with an error. */
static void
reply_taken(acta_self *self, acta_from from, acta_message *reply, acta_pid holder, acta_error *error)
{
    memcpy(reply->payload, &(acta_started){ .pid = holder }, sizeof(acta_started));
    error->actual_version = holder.value;
    acta_reply(self->runtime, from, ACTA_ALREADY_EXISTS, reply, error);
}

/* True: it runs, or said that it needn't. */
static bool
start_and_reply(acta_self *self, acti_supervisor *s, acti_child *child, acta_from from, acta_message *reply)
{
    acti_start start;
    acta_error error;

    acta_status status = acti_child_start(self, s, child, &start, &error);
    if (status == ACTA_OK || status == ACTA_IGNORE) {
        acta_started started = { .pid = child->pid, .info = start.info };
        if (status == ACTA_IGNORE) started = (acta_started){ .info = 0 };
        memcpy(reply->payload, &started, sizeof started);
        acta_reply(self->runtime, from, ACTA_OK, reply, NULL);
        return true;
    }
    if (status == ACTA_ALREADY_EXISTS)
        reply_taken(self, from, reply, start.pid, &error);
    else {
        acta_message_destroy(reply);
        refuse(self, from, &error);
    }
    child->is_terminated = child->pid.value != 0; /* one that rolls back isn't restarted */
    return false;
}

static bool
is_forgotten(const acti_supervisor *s, const acti_child *child, bool has_started)
{
    return !has_started || (child->pid.value == 0 && (child->spec.restart == ACTA_TEMPORARY || acti_is_dynamic(s)));
}

/* A child that isn't in the list yet. */
static void
start_new(acta_self *self, acti_supervisor *s, acti_child *child, acta_from from)
{
    const acti_child *other = !acti_is_dynamic(s) ? acti_child_find(s, child->spec.id) : NULL;
    acta_message *reply = acta_message_create(self->runtime, ACTI_ASK_ANSWER, sizeof(acta_started));
    acta_error error;

    if (reply != NULL && other != NULL) {
        acta_error_set(&error, ACTA_ALREADY_EXISTS, "there is a child '%s' already, which %s", child->spec.id,
            other->pid.value != 0 ? "runs"
            : other->waits        ? "waits for its restart"
                                  : "is stopped");
        reply_taken(self, from, reply, other->pid, &error);
        acti_child_destroy(self, child);
        return;
    }
    if (reply == NULL || !acti_child_add(self, s, child)) {
        acta_message_destroy(reply);
        refuse_no_memory(self, from);
        acti_child_destroy(self, child);
        return;
    }
    bool has_started = start_and_reply(self, s, child, from, reply);
    if (!is_forgotten(s, child, has_started)) return;
    child->is_deleted = true;
    if (child->pid.value == 0) acti_child_remove(self, s, child); /* else its end is the end of its spec */
}

static void
start_stopped(acta_self *self, acti_supervisor *s, const char *id, acta_from from)
{
    acti_child *child = acti_child_find(s, id);
    acta_error error;

    if (child == NULL) {
        reply_unknown(self, from, id);
        return;
    }
    if (child->pid.value != 0 || child->waits) {
        acta_error_set(
            &error, ACTA_CONFLICT, "child '%s' %s", id, child->waits ? "waits for its restart" : "runs already");
        error.code = child->waits ? ACTA_CHILD_RESTARTING : ACTA_CHILD_RUNNING;
        refuse(self, from, &error);
        return;
    }
    acta_message *reply = acta_message_create(self->runtime, ACTI_ASK_ANSWER, sizeof(acta_started));
    if (reply != NULL)
        start_and_reply(self, s, child, from, reply);
    else
        refuse_no_memory(self, from);
}

/* -- starts that wait for a group -- */

static void
defer(acta_self *self, acti_supervisor *s, acta_from from, acti_child *child, const char *id)
{
    size_t size = id != NULL ? strlen(id) + 1 : 0;
    acti_deferred *deferred = acta_alloc(self, sizeof *deferred + size);

    if (deferred == NULL) {
        acti_child_destroy(self, child);
        refuse_no_memory(self, from);
        return;
    }
    deferred->from = from;
    deferred->child = child;
    if (id != NULL) memcpy(deferred->id, id, size);
    if (s->deferred_last != NULL)
        s->deferred_last->next = deferred;
    else
        s->deferred_first = deferred;
    s->deferred_last = deferred;
}

static acti_deferred *
take_deferred(acti_supervisor *s)
{
    acti_deferred *deferred = s->deferred_first;

    if (deferred == NULL) return NULL;
    s->deferred_first = deferred->next;
    if (s->deferred_first == NULL) s->deferred_last = NULL;
    return deferred;
}

void
acti_deferred_run(acta_self *self, acti_supervisor *s)
{
    for (acti_deferred *deferred; (deferred = take_deferred(s)) != NULL;) {
        if (deferred->child != NULL)
            start_new(self, s, deferred->child, deferred->from);
        else
            start_stopped(self, s, deferred->id, deferred->from);
        acta_free(self, deferred);
    }
}

static void
refuse_stopping(acta_self *self, acta_from from)
{
    acta_error error;

    acta_error_set(&error, ACTA_STOPPED, "the supervisor is stopping");
    refuse(self, from, &error);
}

void
acti_deferred_refuse(acta_self *self, acti_supervisor *s)
{
    for (acti_deferred *deferred; (deferred = take_deferred(s)) != NULL;) {
        refuse_stopping(self, deferred->from);
        acti_child_destroy(self, deferred->child);
        acta_free(self, deferred);
    }
}

/* -- requests -- */

static void
ask_start_new(acta_self *self, acti_supervisor *s, acta_from from, acti_child *child)
{
    if (child == NULL)
        refuse_no_memory(self, from);
    else if (s->group != ACTI_GROUP_NONE)
        defer(self, s, from, child, NULL);
    else
        start_new(self, s, child, from);
}

static void
ask_start(acta_self *self, acti_supervisor *s, acta_from from, const acta_child_spec *spec)
{
    acta_error error;

    acta_status status = acti_spec_check(spec, s->flags.auto_shutdown, &error);
    if (status == ACTA_OK && acti_is_dynamic(s))
        status = acta_error_set(&error, ACTA_INVALID, "a simple_one_for_one makes all its children from one spec");
    if (status == ACTA_OK)
        ask_start_new(self, s, from, acti_child_create(self, spec));
    else
        refuse(self, from, &error);
}

static void
ask_start_dynamic(acta_self *self, acti_supervisor *s, acta_from from, const acti_dynamic_ask *ask)
{
    acta_error error;

    if (acti_is_dynamic(s)) {
        ask_start_new(self, s, from, acti_child_create_dynamic(self, s, ask));
        return;
    }
    acta_error_set(&error, ACTA_INVALID, "only a simple_one_for_one has a spec to make children from");
    refuse(self, from, &error);
}

static acta_next
terminate_child(acta_self *self, acti_supervisor *s, acta_from from, acti_child *child)
{
    if (child->pid.value == 0) { /* stopped, or waiting for a restart that won't come now */
        bool is_kept = !acti_is_dynamic(s);
        child->waits = false;
        acti_child_forget_timer(self, child);
        if (!is_kept) acti_child_remove(self, s, child);
        acta_reply(self->runtime, from, ACTA_OK, NULL, NULL);
        return is_kept && child->is_in_group ? acti_group_forgo(self, s) : ACTA_NEXT;
    }
    acti_waiter *waiter = acta_alloc(self, sizeof *waiter);
    if (waiter == NULL) {
        refuse_no_memory(self, from);
        return ACTA_NEXT;
    }
    *waiter = (acti_waiter){ .next = child->waiters, .from = from };
    child->waiters = waiter;
    child->is_terminated = true;
    if (!child->is_told && !child->is_in_group) acti_child_stop(self, child); /* a group comes to it in its order */
    return ACTA_NEXT;
}

static acta_next
ask_terminate_pid(acta_self *self, acti_supervisor *s, acta_from from, acta_pid pid)
{
    acti_child *child = acti_child_of_pid(s, pid);
    acta_error error;

    if (child != NULL && (acta_pid_equal(child->pid, pid) || child->waits))
        return terminate_child(self, s, from, child);
    if (!acta_is_alive(self->runtime, pid)) {
        acta_reply(self->runtime, from, ACTA_OK, NULL, NULL);
        return ACTA_NEXT;
    }
    acta_error_set(&error, ACTA_NOT_FOUND, "actor <%u.%u> is no child of this supervisor", (uint32_t)(pid.value >> 32),
        (uint32_t)pid.value);
    refuse(self, from, &error);
    return ACTA_NEXT;
}

static void
delete_child(acta_self *self, acti_supervisor *s, acta_from from, acti_child *child)
{
    acta_error error;

    if (child->pid.value == 0 && !child->waits) {
        acti_child_remove(self, s, child);
        acta_reply(self->runtime, from, ACTA_OK, NULL, NULL);
        return;
    }
    acta_error_set(&error, ACTA_CONFLICT, "child '%s' %s: terminate it first", child->spec.id,
        child->waits ? "waits for its restart" : "runs");
    error.code = child->waits ? ACTA_CHILD_RESTARTING : ACTA_CHILD_RUNNING;
    refuse(self, from, &error);
}

static void
ask_count(acta_self *self, const acti_supervisor *s, acta_from from)
{
    acta_child_counts counts = { .specs = acti_is_dynamic(s) ? 1 : s->child_count };

    for (const acti_child *child = s->first; child != NULL; child = child->next) {
        counts.active += child->pid.value != 0;
        counts.supervisors += child->spec.type == ACTA_SUPERVISOR;
        counts.workers += child->spec.type == ACTA_WORKER;
    }
    reply_bytes(self, from, &counts, sizeof counts);
}

static void
ask_list(acta_self *self, const acti_supervisor *s, acta_from from, const acti_child *only)
{
    acta_message *list = acti_list_make(self->runtime, s, only);

    if (list != NULL)
        acta_reply(self->runtime, from, ACTA_OK, list, NULL);
    else
        refuse_no_memory(self, from);
}

static void
ask_change(acta_self *self, acti_supervisor *s, acta_from from, const acta_supervisor_options *options)
{
    acta_error error;

    if (acti_supervisor_change(self, s, options, &error) == ACTA_OK)
        acta_reply(self->runtime, from, ACTA_OK, NULL, NULL);
    else
        refuse(self, from, &error);
}

static void
ask_flags(acta_self *self, const acti_supervisor *s, acta_from from)
{
    acta_supervisor_options flags = s->flags;

    flags.child_count = acti_is_dynamic(s) ? 1 : s->child_count;
    reply_bytes(self, from, &flags, sizeof flags);
}

/* Questions about a child by its id. */
static acta_next
ask_about(acta_self *self, acti_supervisor *s, acta_from from, uint32_t question, const char *id)
{
    acti_child *child = acti_child_find(s, id);
    acta_error error;

    if (acti_is_dynamic(s)) {
        acta_error_set(&error, ACTA_INVALID, "the children of a simple_one_for_one have no ids");
        refuse(self, from, &error);
    } else if (question == ACTA_ASK_RESTART && s->group != ACTI_GROUP_NONE)
        defer(self, s, from, NULL, id);
    else if (question == ACTA_ASK_RESTART)
        start_stopped(self, s, id, from);
    else if (child == NULL)
        reply_unknown(self, from, id);
    else if (question == ACTA_ASK_TERMINATE)
        return terminate_child(self, s, from, child);
    else if (question == ACTA_ASK_DELETE)
        delete_child(self, s, from, child);
    else if (question == ACTA_ASK_CHILD)
        reply_bytes(self, from, &child->pid, sizeof child->pid);
    else
        ask_list(self, s, from, child);
    return ACTA_NEXT;
}

/* Anybody may send anything. */
static bool
is_well_formed(const acta_message *message)
{
    switch (message->tag) {
    case ACTI_ASK_START:
        return message->size >= sizeof(acta_child_spec);
    case ACTI_ASK_DYNAMIC:
        return message->size >= sizeof(acti_dynamic_ask);
    case ACTI_ASK_CHANGE:
        return message->size >= sizeof(acta_supervisor_options);
    case ACTI_ASK_PID:
        return message->size == sizeof(acta_pid);
    default: /* an id, if it is needed */
        return message->size > 0 && ((const char *)message->payload)[message->size - 1] == '\0';
    }
}

static acta_next
serve(acta_self *self, acti_supervisor *s, acta_from from, const acta_message *message)
{
    acta_error error;

    switch (is_well_formed(message) ? message->tag : 0) {
    case ACTI_ASK_START:
        ask_start(self, s, from, message->payload);
        return ACTA_NEXT;
    case ACTI_ASK_DYNAMIC:
        ask_start_dynamic(self, s, from, message->payload);
        return ACTA_NEXT;
    case ACTI_ASK_CHANGE:
        ask_change(self, s, from, message->payload);
        return ACTA_NEXT;
    case ACTI_ASK_PID:
        return ask_terminate_pid(self, s, from, *(const acta_pid *)message->payload);
    case ACTI_ASK + ACTA_ASK_LIST:
        ask_list(self, s, from, NULL);
        return ACTA_NEXT;
    case ACTI_ASK + ACTA_ASK_COUNT:
        ask_count(self, s, from);
        return ACTA_NEXT;
    case ACTI_ASK + ACTA_ASK_FLAGS:
        ask_flags(self, s, from);
        return ACTA_NEXT;
    case ACTI_ASK + ACTA_ASK_TERMINATE:
    case ACTI_ASK + ACTA_ASK_RESTART:
    case ACTI_ASK + ACTA_ASK_DELETE:
    case ACTI_ASK + ACTA_ASK_CHILD:
    case ACTI_ASK + ACTA_ASK_FIND:
        return ask_about(self, s, from, message->tag - ACTI_ASK, message->payload);
    default:
        acta_error_set(&error, ACTA_INVALID, "a supervisor has no answer to a request of tag %u", message->tag);
        refuse(self, from, &error);
        return ACTA_NEXT;
    }
}

acta_next
acti_supervisor_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    acti_supervisor *s = state;

    if (message->tag == ACTI_ASK_END) return ACTA_NEXT; /* answered by the end */
    if (!s->is_stopping) return serve(self, s, from, message);
    refuse_stopping(self, from);
    return ACTA_NEXT;
}
