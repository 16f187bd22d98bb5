/*
 * A supervisor's children: their specs, and starting and stopping one of them.
 */
#include "supervisor_internal.h"

acta_status
acti_child_check(const acta_child_spec *spec, acta_error *error)
{
    if (spec->id == NULL || spec->id[0] == '\0') return acta_error_set(error, ACTA_INVALID, "a child has no id");
    if (spec->start.behaviour == NULL)
        return acta_error_set(error, ACTA_INVALID, "child '%s': no behaviour to start", spec->id);
    if ((unsigned)spec->restart > ACTA_TEMPORARY)
        return acta_error_set(error, ACTA_INVALID, "child '%s': %d is no kind of restart", spec->id, spec->restart);
    if (spec->start.link != NULL || spec->start.monitor != NULL)
        return acta_error_set(error, ACTA_INVALID, "child '%s': it is linked to its supervisor only", spec->id);
    return ACTA_OK;
}

static char *
copy_id(acta_self *self, const char *id)
{
    size_t size = strlen(id) + 1;
    char *copy = acta_alloc(self, size);

    if (copy != NULL) memcpy(copy, id, size);
    return copy;
}

/* As the youngest. NULL: no memory. */
acti_child *
acti_child_add(acta_self *self, acti_supervisor *supervisor, const acta_child_spec *spec)
{
    acti_child *child = acta_alloc(self, sizeof *child);
    char *id = copy_id(self, spec->id);

    if (child == NULL || id == NULL) {
        acta_free(self, child);
        acta_free(self, id);
        return NULL;
    }
    child->spec = *spec;
    child->spec.id = id;
    child->prev = supervisor->last;
    if (child->prev != NULL)
        child->prev->next = child;
    else
        supervisor->first = child;
    supervisor->last = child;
    return child;
}

void
acti_child_remove(acta_self *self, acti_supervisor *supervisor, acti_child *child)
{
    ACTI_ASSERT(child->pid.value == 0);
    acti_child_forget_timer(self, child);
    if (child->prev != NULL)
        child->prev->next = child->next;
    else
        supervisor->first = child->next;
    if (child->next != NULL)
        child->next->prev = child->prev;
    else
        supervisor->last = child->prev;
    acta_free(self, (char *)(uintptr_t)child->spec.id);
    acta_free(self, child);
}

acti_child *
acti_child_find(acti_supervisor *supervisor, const char *id)
{
    for (acti_child *child = supervisor->first; child != NULL; child = child->next) {
        if (strcmp(child->spec.id, id) == 0) return child;
    }
    return NULL;
}

acti_child *
acti_child_of_pid(acti_supervisor *supervisor, acta_pid pid)
{
    for (acti_child *child = supervisor->first; child != NULL && pid.value != 0; child = child->next) {
        if (acta_pid_equal(child->pid, pid)) return child;
    }
    return NULL;
}

acti_child *
acti_child_of_monitor(acti_supervisor *supervisor, acta_ref monitor)
{
    for (acti_child *child = supervisor->first; child != NULL; child = child->next) {
        if (child->pid.value != 0 && acta_ref_equal(child->monitor, monitor)) return child;
    }
    return NULL;
}

acti_child *
acti_child_of_timer(acti_supervisor *supervisor, acta_ref timer)
{
    for (acti_child *child = supervisor->first; child != NULL; child = child->next) {
        if (acta_ref_equal(child->timer, timer)) return child;
    }
    return NULL;
}

acta_status
acti_child_start(acta_self *self, acti_child *child, bool *rolls_back_out, acta_error *error)
{
    acta_spawn_options options = child->spec.start;
    acti_context *here = acti_current;

    options.link = self;
    options.monitor = self;
    options.monitor_out = &child->monitor;
    here->start_failed = false;
    acta_pid pid;
    acta_status status = acta_spawn(self->runtime, &options, &pid, error);
    bool rolls_back = here->start_failed;
    here->start_failed = false;
    if (rolls_back_out != NULL) *rolls_back_out = rolls_back;
    if (status != ACTA_OK) return acta_error_prefix(error, status, "child '%s': ", child->spec.id);

    child->pid = pid;
    child->started_ns = acti_now_ns(self->runtime);
    if (!rolls_back || rolls_back_out == NULL) return ACTA_OK;
    if (error != NULL) *error = here->start_error;
    return acta_error_prefix(error, here->start_error.status, "child '%s': ", child->spec.id);
}

void
acti_child_forget_timer(acta_self *self, acti_child *child)
{
    if (child->timer.value != 0) acta_cancel_timer(self, child->timer);
    child->timer = (acta_ref){ 0 };
}

/* Ask it to end, by its own rules; its DOWN tells when it has. */
void
acti_child_stop(acta_self *self, acti_child *child)
{
    acta_exit_reason reason = { .kind = child->spec.brutal_kill ? ACTA_EXIT_KILLED : ACTA_EXIT_SHUTDOWN };
    uint32_t patience_ms = child->spec.shutdown_ms != 0 ? child->spec.shutdown_ms : ACTA_SHUTDOWN_DEFAULT;

    acti_child_forget_timer(self, child);
    acta_exit(self->runtime, acta_self_pid(self), child->pid, &reason);
    if (child->spec.brutal_kill || patience_ms == ACTA_INFINITE) return;
    if (acta_send_after(self, patience_ms, ACTI_TIMER_PATIENCE, 0, &child->timer) != ACTA_OK) {
        reason.kind = ACTA_EXIT_KILLED; /* no memory to wait with */
        acta_exit(self->runtime, acta_self_pid(self), child->pid, &reason);
    }
}

static uint32_t
jittered(const acta_runtime *runtime, uint32_t delay_ms, uint32_t jitter_percent)
{
    uint64_t spread = (uint64_t)delay_ms * jitter_percent / 100;
    uint64_t random;

    if (spread == 0) return delay_ms;
    runtime->environment.random.fill(runtime->environment.random.user, &random, sizeof random);
    return (uint32_t)(delay_ms - spread + random % (2 * spread + 1));
}

/* Before the restart that restart_row counts. */
uint32_t
acti_child_backoff_ms(acta_self *self, const acti_supervisor *supervisor, const acti_child *child)
{
    const acta_backoff *backoff = &supervisor->backoff;
    uint32_t step = child->restart_row - 1;

    if (!supervisor->has_backoff || (backoff->first_at_once && step == 0)) return 0;
    if (backoff->first_at_once) step--;
    uint64_t delay_ms = backoff->max_ms;
    if (step < 32 && ((uint64_t)backoff->min_ms << step) < delay_ms) delay_ms = (uint64_t)backoff->min_ms << step;
    return jittered(self->runtime, (uint32_t)delay_ms, backoff->jitter_percent);
}
