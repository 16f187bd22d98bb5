/*
 * gen_event: a manager is a gen_server whose state is a list of handlers, in the order they were added.
 *
 *     first -> [logger 0: its state] -> [logger 1: its state] -> [alarm 0: its state]
 *
 * Each function of a handler runs in a guard, where acta_fail lands: what failed is removed, and the walk goes on. A
 * handler can't change the list but by what it returns, since everything else is asked by messages; so a walk only has
 * to know the next one before it calls this one.
 *
 * Handlers lie in the actor's own memory and go with it, by a kill, too.
 *
 * Not here: the messages (gen_event_ask.c).
 */
#include "gen_event_internal.h"

typedef struct handler {
    struct handler *next;
    const acta_gen_event_handler *what;
    uint64_t id;
    acta_pid owner; /* value 0: nobody */
    acta_ref owner_ref;
    acta_message *notice; /* for the owner, when this goes: made before, so that it can't fail then. NULL: it is sent */
    uint64_t event_count;
    alignas(max_align_t) unsigned char state[];
} handler;

typedef struct manager {
    handler *first;
    acta_runtime *runtime;
    acta_pid pid;
} manager;

/* -- a handler's functions, guarded -- */

/* A call of one of a handler's functions: what goes in, and what comes out. */
typedef struct work {
    handler *of;
    void (*run)(acta_self *self, struct work *w);
    const acta_message *message;
    acta_from from;
    const acta_info *info;
    const void *argument, *before;
    acta_gen_event_cause cause;
    const acta_exit_reason *reason;
    acta_error *error;
    acta_status status;
    acta_gen_event_next next;
} work;

static void
run_init(acta_self *self, work *w)
{
    w->status = w->of->what->init(self, w->of->state, w->argument, w->before, w->error);
}

static void
run_event(acta_self *self, work *w)
{
    w->next = w->of->what->handle_event(self, w->of->state, w->message);
}

static void
run_call(acta_self *self, work *w)
{
    w->next = w->of->what->handle_call(self, w->of->state, w->from, w->message);
}

static void
run_info(acta_self *self, work *w)
{
    w->next = w->of->what->handle_info(self, w->of->state, w->info);
}

static void
run_terminate(acta_self *self, work *w)
{
    w->of->what->terminate(self, w->of->state, w->cause, w->reason);
}

static void
run_work(acti_actor *self, void *argument)
{
    work *w = argument;
    w->run(self, w);
}

/* False: it failed; why_out (ACTA_EXIT_TEXT_MAX) has the words. */
static bool
try(acta_self *self, work *w, char *why_out)
{
    return acti_guard(self, run_work, w, why_out, ACTA_EXIT_TEXT_MAX);
}

static void
report(acta_self *self, const handler *h, const char *why)
{
    char shown[ACTA_EXIT_TEXT_MAX];

    acti_escape(shown, sizeof shown, why, strlen(why));
    acta_log_event(&self->runtime->environment, ACTA_LOG_ERROR, "actor.handler_failed",
        ACTA_LOG_FIELDS(acta_log_text("handler", acta_str_of(h->what->name)),
            acta_log_number("generation", self->generation), acta_log_number("index", self->index),
            acta_log_text("error", acta_str_of(why))),
        "event manager <%u.%u>: handler '%s' (id %llu) failed and is removed: %s", self->generation, self->index,
        h->what->name, (unsigned long long)h->id, shown);
}

/* -- coming and going -- */

static handler **
find(manager *m, const acta_gen_event_handler *what, uint64_t id)
{
    handler **at = &m->first;

    while (*at != NULL && ((*at)->what != what || (*at)->id != id))
        at = &(*at)->next;
    return at;
}

static void
tell_owner(acta_runtime *runtime, acta_pid from, handler *h, acta_gen_event_cause cause, const acta_exit_reason *reason)
{
    acta_gen_event_gone *gone = h->notice->payload;

    *gone =
        (acta_gen_event_gone){ .manager = from, .handler = h->what, .id = h->id, .cause = cause, .reason = *reason };
    acti_deliver_notice(runtime, h->owner, h->notice);
    h->notice = NULL;
}

static void
free_handler(acta_self *self, handler *h)
{
    acta_message_destroy(h->notice);
    acta_free(self, h);
}

/* Run terminate and tell the owner; the handler is out of the list already, and its memory still there. */
static void
say_goodbye(acta_self *self, handler *h, acta_gen_event_cause cause, const acta_exit_reason *reason)
{
    char why[ACTA_EXIT_TEXT_MAX];
    work w = { .of = h, .run = run_terminate, .cause = cause, .reason = reason };

    if (h->what->terminate != NULL && !try(self, &w, why)) report(self, h, why);
    if (h->owner.value == 0) return;
    if (cause != ACTA_GEN_EVENT_OWNER_DOWN) {
        acta_demonitor(self, h->owner_ref);
        tell_owner(self->runtime, acti_pid_of(self), h, cause, reason);
    }
}

static void
remove_at(acta_self *self, handler **at, acta_gen_event_cause cause, const acta_exit_reason *reason)
{
    handler *h = *at;

    *at = h->next;
    say_goodbye(self, h, cause, reason);
    free_handler(self, h);
}

static acta_status
check_spec(acta_self *self, const acta_gen_event_spec *spec, acta_error *error)
{
    if (spec->handler == NULL || spec->handler->name == NULL)
        return acta_error_set(error, ACTA_INVALID, "cannot add a handler without a name");
    if (acta_pid_equal(spec->owner, acti_pid_of(self)))
        return acta_error_set(error, ACTA_INVALID, "handler '%s' can't be owned by its manager", spec->handler->name);
    return ACTA_OK;
}

/* NULL: no memory. */
static handler *
make_handler(acta_self *self, const acta_gen_event_spec *spec)
{
    handler *h = spec->handler->state_size < SIZE_MAX - sizeof *h
                     ? acta_alloc(self, sizeof *h + spec->handler->state_size)
                     : NULL;
    if (h == NULL) return NULL;

    h->what = spec->handler;
    h->id = spec->id;
    h->owner = spec->owner;
    bool is_ready = h->owner.value == 0 ||
                    ((h->notice = acta_message_create(self->runtime, spec->tag, sizeof(acta_gen_event_gone))) != NULL &&
                        acta_monitor(self, h->owner, &h->owner_ref) == ACTA_OK);
    if (is_ready) return h;
    free_handler(self, h);
    return NULL;
}

static acta_status
init_handler(acta_self *self, handler *h, const void *argument, const void *before, acta_error *error)
{
    char why[ACTA_EXIT_TEXT_MAX];
    work w = { .of = h, .run = run_init, .argument = argument, .before = before, .error = error };

    if (h->what->init == NULL) return ACTA_OK;
    error->text[0] = '\0';
    error->status = ACTA_OK;
    if (!try(self, &w, why))
        return acta_error_set(error, ACTA_FAILED, "init of handler '%s' failed: %s", h->what->name, why);
    if (w.status != ACTA_OK && (error->status != w.status || error->text[0] == '\0'))
        acta_error_set(error, w.status, "handler '%s': init gave %s", h->what->name, acta_status_name(w.status));
    return w.status;
}

/* Into the list at `at`, once init is through. */
static acta_status
add_at(acta_self *self, handler **at, const acta_gen_event_spec *spec, const void *before, acta_error *error)
{
    acta_status status = check_spec(self, spec, error);
    if (status != ACTA_OK) return status;
    handler *h = make_handler(self, spec);
    if (h == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for handler '%s'", spec->handler->name);
    status = init_handler(self, h, spec->argument, before, error);
    if (status != ACTA_OK) {
        if (h->owner.value != 0) acta_demonitor(self, h->owner_ref);
        free_handler(self, h);
        return status;
    }
    h->next = *at;
    *at = h;
    return ACTA_OK;
}

static acta_status
add(acta_self *self, manager *m, const acta_gen_event_spec *spec, acta_error *error)
{
    handler **at = find(m, spec->handler, spec->id);

    if (*at == NULL) return add_at(self, at, spec, NULL, error);
    return acta_error_set(error, ACTA_ALREADY_EXISTS, "handler '%s' (id %llu) is there already", spec->handler->name,
        (unsigned long long)spec->id);
}

static acta_status
not_found(const acti_event_ask *ask, acta_error *error)
{
    return acta_error_set(error, ACTA_NOT_FOUND, "there is no handler '%s' (id %llu)",
        ask->whom != NULL && ask->whom->name != NULL ? ask->whom->name : "", (unsigned long long)ask->whom_id);
}

static acta_status
take_out(acta_self *self, manager *m, const acti_event_ask *ask, acta_error *error)
{
    static const acta_exit_reason normal = { .kind = ACTA_EXIT_NORMAL };
    handler **at = find(m, ask->whom, ask->whom_id);

    if (*at == NULL) return not_found(ask, error);
    remove_at(self, at, ACTA_GEN_EVENT_REMOVED, &normal);
    return ACTA_OK;
}

static acta_status
swap(acta_self *self, manager *m, const acti_event_ask *ask, acta_error *error)
{
    static const acta_exit_reason normal = { .kind = ACTA_EXIT_NORMAL };
    handler **at = find(m, ask->whom, ask->whom_id);
    handler **taken = find(m, ask->spec.handler, ask->spec.id);
    handler *old = *at;

    if (old == NULL) return add(self, m, &ask->spec, error);
    if (*taken != NULL && *taken != old)
        return acta_error_set(error, ACTA_ALREADY_EXISTS, "handler '%s' (id %llu) is there already",
            ask->spec.handler->name, (unsigned long long)ask->spec.id);
    *at = old->next;
    say_goodbye(self, old, ACTA_GEN_EVENT_SWAPPED, &normal);
    acta_status status = add_at(self, at, &ask->spec, old->state, error);
    free_handler(self, old);
    return status;
}

/* -- events -- */

/* Run one function of one handler; remove it, if it fails or wants to go. False: it is gone. */
static bool
run_at(acta_self *self, handler **at, work *w)
{
    acta_exit_reason reason = { .kind = ACTA_EXIT_NORMAL };
    acta_gen_event_cause cause = ACTA_GEN_EVENT_REMOVED;

    w->of = *at;
    if (!try(self, w, reason.text))
        reason.kind = ACTA_EXIT_FAILED;
    else if (w->next == ACTA_GEN_EVENT_KEEP)
        return true;
    else if (w->next != ACTA_GEN_EVENT_REMOVE)
        acti_reason_set(&reason, ACTA_EXIT_FAILED, "bad return value");
    if (reason.kind == ACTA_EXIT_FAILED) {
        cause = ACTA_GEN_EVENT_FAILED;
        report(self, w->of, reason.text);
    }
    if (w->from.a != 0 && cause == ACTA_GEN_EVENT_FAILED &&
        acti_call_is_pending((acti_call *)(uintptr_t)w->from.a, w->from.b)) {
        acta_error error;
        acta_error_set(&error, ACTA_FAILED, "handler '%s' failed: %s", w->of->what->name, reason.text);
        acta_reply(self->runtime, w->from, ACTA_FAILED, NULL, &error);
    }
    remove_at(self, at, cause, &reason);
    return false;
}

static void
notify(acta_self *self, manager *m, const acta_message *event)
{
    for (handler **at = &m->first; *at != NULL;) {
        work w = { .run = run_event, .message = event };
        (*at)->event_count++;
        if ((*at)->what->handle_event == NULL || run_at(self, at, &w)) at = &(*at)->next;
    }
}

static acta_next
manager_info(acta_self *self, void *state, const acta_info *info)
{
    manager *m = state;

    for (handler **at = &m->first; info->kind == ACTA_INFO_DOWN && *at != NULL; at = &(*at)->next) {
        if ((*at)->owner.value == 0 || !acta_ref_equal((*at)->owner_ref, info->ref)) continue;
        remove_at(self, at, ACTA_GEN_EVENT_OWNER_DOWN, info->reason);
        return ACTA_NEXT;
    }
    for (handler **at = &m->first; *at != NULL;) {
        work w = { .run = run_info, .info = info };
        if ((*at)->what->handle_info == NULL || run_at(self, at, &w)) at = &(*at)->next;
    }
    return ACTA_NEXT;
}

/* -- what is asked -- */

static acta_status
call_one(acta_self *self, manager *m, const acti_event_ask *ask, acta_from from, acta_error *error)
{
    handler **at = find(m, ask->whom, ask->whom_id);
    work w = { .run = run_call, .message = ask->inner, .from = from };

    if (*at == NULL) return not_found(ask, error);
    if ((*at)->what->handle_call == NULL)
        return acta_error_set(error, ACTA_INVALID, "handler '%s' takes no calls", (*at)->what->name);
    run_at(self, at, &w);
    return ACTA_OK;
}

static void
reply_which(acta_self *self, const manager *m, acta_from from)
{
    size_t count = 0;

    for (const handler *h = m->first; h != NULL; h = h->next)
        count++;
    acta_message *reply = acta_message_create(self->runtime, 0, count * sizeof(acta_gen_event_entry));
    if (reply == NULL) {
        acta_reply(self->runtime, from, ACTA_NO_MEMORY, NULL, NULL);
        return;
    }
    acta_gen_event_entry *entry = reply->payload;
    for (const handler *h = m->first; h != NULL; h = h->next)
        *entry++ =
            (acta_gen_event_entry){ .handler = h->what, .id = h->id, .owner = h->owner, .event_count = h->event_count };
    acta_reply(self->runtime, from, ACTA_OK, reply, NULL);
}

static void
answer(acta_self *self, manager *m, const acti_event_ask *ask, acta_from from)
{
    acta_status status = ACTA_OK;
    acta_error error;

    switch (ask->kind) {
    case ACTI_EVENT_ADD:
        status = add(self, m, &ask->spec, &error);
        break;
    case ACTI_EVENT_REMOVE:
        status = take_out(self, m, ask, &error);
        break;
    case ACTI_EVENT_SWAP:
        status = swap(self, m, ask, &error);
        break;
    case ACTI_EVENT_TO:
        status = call_one(self, m, ask, from, &error);
        if (status == ACTA_OK) return; /* the handler answers */
        break;
    case ACTI_EVENT_WHICH:
        reply_which(self, m, from);
        return;
    }
    acta_reply(self->runtime, from, status, NULL, status != ACTA_OK ? &error : NULL);
}

static acta_next
manager_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    const acti_event_ask *ask = acti_event_ask_of(message);

    if (ask != NULL) {
        answer(self, state, ask, from);
        return ACTA_NEXT;
    }
    notify(self, state, message);
    acta_reply(self->runtime, from, ACTA_OK, NULL, NULL);
    return ACTA_NEXT;
}

static acta_next
manager_cast(acta_self *self, void *state, acta_message *message)
{
    const acti_event_ask *ask = acti_event_ask_of(message);

    if (ask != NULL)
        answer(self, state, ask, (acta_from){ 0, 0 });
    else
        notify(self, state, message);
    return ACTA_NEXT;
}

static void
manager_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    manager *m = state;

    while (m->first != NULL)
        remove_at(self, &m->first, ACTA_GEN_EVENT_STOPPED, reason);
}

/* Killed: no terminate has run, and the handlers' memory goes with the actor's; their owners are told here. */
static void
manager_release(void *state)
{
    static const acta_exit_reason killed = { .kind = ACTA_EXIT_KILLED };
    const manager *m = state;

    for (handler *h = m->first; h != NULL; h = h->next)
        if (h->notice != NULL) tell_owner(m->runtime, m->pid, h, ACTA_GEN_EVENT_STOPPED, &killed);
}

static acta_status
manager_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    static const acta_exit_reason failed = { .kind = ACTA_EXIT_FAILED, .text = "another handler could not be added" };
    const acta_gen_event_specs *specs = argument;
    acta_status status = ACTA_OK;
    manager *m = state;

    m->runtime = self->runtime;
    m->pid = acti_pid_of(self);
    for (uint32_t i = 0; specs != NULL && i < specs->count && status == ACTA_OK; i++)
        status = add(self, state, &specs->specs[i], error);
    if (status != ACTA_OK) manager_terminate(self, state, &failed);
    return status;
}

const acta_behaviour acta_gen_event_manager = { .name = "gen_event",
    .state_size = sizeof(manager),
    .init = manager_init,
    .handle_call = manager_call,
    .handle_cast = manager_cast,
    .handle_info = manager_info,
    .terminate = manager_terminate,
    .release = manager_release };
