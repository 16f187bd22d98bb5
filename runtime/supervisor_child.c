/*
 * A supervisor's children: one list in the order of their start, found by id and by pid through two tables of chains;
 * and starting and stopping one of them.
 *
 * Children are linked, so that none outlives a supervisor that was killed, and monitored, which is what is acted on:
 * links can be undone by the child.
 */
#include "supervisor_internal.h"

/* -- the tables -- */

static uint32_t
hash_id(const char *id)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (; *id != '\0'; id++)
        hash = (hash ^ (unsigned char)*id) * 16777619u;
    return hash ^ hash >> 15;
}

static acti_child **
chain_of_id(const acti_supervisor *s, const char *id)
{
    return &s->ids[hash_id(id) & (s->chain_count - 1)];
}

static acti_child **
chain_of_pid(const acti_supervisor *s, acta_pid pid)
{
    return &s->pids[(uint32_t)(pid.value * 0x9e3779b97f4a7c15u >> 32) & (s->chain_count - 1)];
}

static void
enter_id(const acti_supervisor *s, acti_child *child)
{
    acti_child **chain = chain_of_id(s, child->spec.id);

    child->in_ids = *chain;
    *chain = child;
}

static void
enter_pid(const acti_supervisor *s, acti_child *child)
{
    acti_child **chain = chain_of_pid(s, child->last_pid);

    child->in_pids = *chain;
    *chain = child;
}

static void
leave_id(const acti_supervisor *s, const acti_child *child)
{
    acti_child **at = chain_of_id(s, child->spec.id);

    while (*at != child)
        at = &(*at)->in_ids;
    *at = child->in_ids;
}

static void
leave_pid(const acti_supervisor *s, const acti_child *child)
{
    acti_child **at = chain_of_pid(s, child->last_pid);

    while (*at != child)
        at = &(*at)->in_pids;
    *at = child->in_pids;
}

/* False: no memory, and nothing changed. */
static bool
widen_tables(acta_self *self, acti_supervisor *s, uint32_t chain_count)
{
    acti_child **ids = acta_alloc(self, chain_count * sizeof(acti_child *));
    acti_child **pids = acta_alloc(self, chain_count * sizeof(acti_child *));

    if (ids == NULL || pids == NULL) {
        acta_free(self, ids);
        acta_free(self, pids);
        return false;
    }
    acta_free(self, s->ids);
    acta_free(self, s->pids);
    s->ids = ids;
    s->pids = pids;
    s->chain_count = chain_count;
    for (acti_child *child = s->first; child != NULL; child = child->next) {
        if (!acti_is_dynamic(s)) enter_id(s, child);
        if (child->last_pid.value != 0) enter_pid(s, child);
    }
    return true;
}

acti_child *
acti_child_find(const acti_supervisor *s, const char *id)
{
    acti_child *child = s->chain_count > 0 && !acti_is_dynamic(s) ? *chain_of_id(s, id) : NULL;

    while (child != NULL && strcmp(child->spec.id, id) != 0)
        child = child->in_ids;
    return child;
}

acti_child *
acti_child_of_pid(const acti_supervisor *s, acta_pid pid)
{
    acti_child *child = s->chain_count > 0 && pid.value != 0 ? *chain_of_pid(s, pid) : NULL;

    while (child != NULL && !acta_pid_equal(child->last_pid, pid))
        child = child->in_pids;
    return child;
}

/* -- specs of our own -- */

static bool
copy_texts(acta_self *self, acti_child *child, const acta_child_spec *spec)
{
    size_t id_size = strlen(spec->id) + 1;

    child->texts = acta_alloc(self, id_size + spec->start.name.size);
    if (child->texts == NULL) return false;
    memcpy(child->texts, spec->id, id_size);
    child->spec.id = child->texts;
    if (spec->start.name.size == 0) return true;
    memcpy(child->texts + id_size, spec->start.name.data, spec->start.name.size);
    child->spec.start.name.data = child->texts + id_size;
    return true;
}

static bool
copy_argument(acta_self *self, acti_child *child, const void *argument, size_t size)
{
    child->spec.start.argument = argument;
    child->spec.argument_size = size;
    if (size == 0) return true;
    child->argument = acta_alloc(self, size);
    if (child->argument == NULL) return false;
    memcpy(child->argument, argument, size);
    child->spec.start.argument = child->argument;
    return true;
}

acti_child *
acti_child_create(acta_self *self, const acta_child_spec *spec)
{
    acti_child *child = acta_alloc(self, sizeof *child);

    if (child == NULL) return NULL;
    child->spec = *spec;
    acti_spec_fill(&child->spec);
    if (copy_texts(self, child, spec) && copy_argument(self, child, spec->start.argument, spec->argument_size))
        return child;
    acti_child_destroy(self, child);
    return NULL;
}

acti_child *
acti_child_create_dynamic(acta_self *self, const acti_supervisor *s, const acti_dynamic_ask *ask)
{
    acti_child *child = acta_alloc(self, sizeof *child);

    if (child == NULL) return NULL;
    child->spec = s->model->spec;
    if (ask->argument == NULL || copy_argument(self, child, ask->argument, ask->argument_size)) return child;
    acti_child_destroy(self, child);
    return NULL;
}

void
acti_child_destroy(acta_self *self, acti_child *child)
{
    if (child == NULL) return;
    acta_free(self, child->texts);
    acta_free(self, child->argument);
    acta_free(self, child);
}

/* -- the list -- */

bool
acti_child_add(acta_self *self, acti_supervisor *s, acti_child *child)
{
    uint32_t wider = s->chain_count == 0 ? 8 : s->chain_count * 2;

    /* Without memory for wider tables the chains get longer: slower, and right. */
    if (s->child_count >= s->chain_count && !widen_tables(self, s, wider) && s->chain_count == 0) return false;
    child->next = NULL;
    child->prev = s->last;
    if (child->prev != NULL)
        child->prev->next = child;
    else
        s->first = child;
    s->last = child;
    s->child_count++;
    if (!acti_is_dynamic(s)) enter_id(s, child);
    return true;
}

void
acti_child_remove(acta_self *self, acti_supervisor *s, acti_child *child)
{
    ACTI_ASSERT(child->pid.value == 0);
    ACTI_ASSERT(child->waiters == NULL);
    acti_child_forget_timer(self, child);
    if (s->group_at == child) s->group_at = child->next; /* still: all from it on have ended */
    if (!acti_is_dynamic(s)) leave_id(s, child);
    if (child->last_pid.value != 0) leave_pid(s, child);
    if (child->prev != NULL)
        child->prev->next = child->next;
    else
        s->first = child->next;
    if (child->next != NULL)
        child->next->prev = child->prev;
    else
        s->last = child->prev;
    s->child_count--;
    acti_child_destroy(self, child);
}

/* -- starting and stopping -- */

static void
enter_start(acta_self *self, acti_supervisor *s, acti_child *child, acta_pid pid)
{
    if (child->last_pid.value != 0) leave_pid(s, child);
    child->pid = child->last_pid = pid;
    enter_pid(s, child);
    child->started_ns = acti_now_ns(self->runtime);
    child->is_told = child->is_terminated = false;
    if (child->spec.restart != ACTA_TEMPORARY || child->argument == NULL) return;
    acta_free(self, child->argument); /* it will not be started again */
    child->argument = NULL;
    child->spec.start.argument = NULL;
}

acta_status
acti_child_start(acta_self *self, acti_supervisor *s, acti_child *child, acti_start *start_out, acta_error *error)
{
    acta_spawn_options options = child->spec.start;
    acti_context *here = acti_current;

    *start_out = (acti_start){ .info = 0 };
    options.link = self;
    options.monitor = self;
    options.monitor_out = &child->monitor;
    options.info_out = &start_out->info;
    here->start_failed = false;
    acta_status status = acta_spawn(self->runtime, &options, &start_out->pid, error);
    start_out->rolls_back = here->start_failed;
    here->start_failed = false;
    if (status == ACTA_IGNORE) return status;
    if (status != ACTA_OK) return acta_error_prefix(error, status, "child '%s': ", child->spec.id);

    enter_start(self, s, child, start_out->pid);
    if (!start_out->rolls_back) return ACTA_OK;
    *error = here->start_error;
    return acta_error_prefix(error, here->start_error.status, "child '%s': ", child->spec.id);
}

void
acti_timer_forget_ref(acta_self *self, acta_ref *timer)
{
    if (timer->value != 0) acta_cancel_timer(self, *timer);
    *timer = (acta_ref){ 0 };
}

void
acti_child_forget_timer(acta_self *self, acti_child *child)
{
    acti_timer_forget_ref(self, &child->timer);
    child->retry = NULL;
}

/* Ask it to end, by its own rules; its DOWN tells when it has. */
void
acti_child_stop(acta_self *self, acti_child *child)
{
    acta_exit_reason reason = { .kind = child->spec.brutal_kill ? ACTA_EXIT_KILLED : ACTA_EXIT_SHUTDOWN };
    uint32_t patience_ms = child->spec.shutdown_ms;

    child->is_told = true;
    acti_child_forget_timer(self, child);
    acti_exit_or_kill(self->runtime, acta_self_pid(self), child->pid, &reason);
    if (child->spec.brutal_kill || patience_ms == ACTA_INFINITE) return;
    uint64_t user = (uint64_t)(uintptr_t)child;
    if (acta_send_after(self, patience_ms, ACTI_TIMER_PATIENCE, user, &child->timer) != ACTA_OK) {
        reason.kind = ACTA_EXIT_KILLED; /* no memory to wait with */
        acta_exit(self->runtime, acta_self_pid(self), child->pid, &reason);
    }
}

void
acti_child_ended(acta_self *self, acti_child *child)
{
    child->pid = (acta_pid){ 0 };
    child->is_told = false;
    acti_child_forget_timer(self, child);
}

void
acti_child_answer_waiters(acta_self *self, acti_child *child)
{
    acti_waiter *next;

    for (acti_waiter *waiter = child->waiters; waiter != NULL; waiter = next) {
        next = waiter->next;
        acta_reply(self->runtime, waiter->from, ACTA_OK, NULL, NULL);
        acta_free(self, waiter);
    }
    child->waiters = NULL;
}
