/*
 * Restarts: who is started again, when, and for how long.
 *
 *     one child      ended -> [waits for its delay] -> started
 *     a group        a suffix of the list (one_for_all: all of it):
 *                    STOPS, from its end, one after the other -> [WAITS for the delay] -> started, from its beginning
 *
 * Every start that fails counts as a restart and is tried again from the mailbox, not from here, where it could go on
 * for ever. What was started of an one_for_all group is stopped again then; of a rest_for_one group the part before the
 * failed child is through, and the group is from then on what begins with that child. An end before the group, in
 * rest_for_one, makes it wider.
 */
#include "supervisor_internal.h"

/* -- the intensity -- */

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
    uint64_t period_ns = s->flags.period_ms * UINT64_C(1000000);

    if (s->flags.intensity == ACTA_INTENSITY_UNLIMITED) return true;
    if (s->flags.intensity == ACTA_INTENSITY_NONE) return false;
    while (s->restart_count > 0 && !ACTA_PLANT("intensity_not_pruned") &&
           now_ns - s->restarts[s->restart_first] > period_ns) {
        s->restart_first = (s->restart_first + 1) % s->restart_capacity;
        s->restart_count--;
    }
    return s->restart_count < s->flags.intensity && push_restart(self, s, now_ns);
}

static acta_next
give_up(acta_self *self, acti_supervisor *s, const acti_child *child, const char *last)
{
    acta_exit_reason end = { .kind = ACTA_EXIT_SHUTDOWN };

    ACTA_SOMETIMES(&self->runtime->environment, "supervisor.gives.up");
    acti_report_escalation(self, s, child, last);
    snprintf(end.text, sizeof end.text, "child '%.48s' ended too often, the last time: %.80s", child->spec.id, last);
    return acti_supervisor_stop(self, s, &end);
}

/* -- the delay -- */

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
static uint32_t
backoff_ms(const acta_self *self, const acti_supervisor *s, const acti_child *child)
{
    const acta_backoff *backoff = &s->flags.backoff;
    uint32_t step = child->restart_row - 1;

    if (!s->has_backoff || (backoff->first_at_once && step == 0)) return 0;
    if (backoff->first_at_once) step--;
    uint64_t delay_ms = backoff->max_ms;
    if (step < 32 && ((uint64_t)backoff->min_ms << step) < delay_ms) delay_ms = (uint64_t)backoff->min_ms << step;
    return jittered(self->runtime, (uint32_t)delay_ms, backoff->jitter_percent);
}

static void
lengthen_row(const acta_self *self, const acti_supervisor *s, acti_child *child)
{
    child->restart_row++;
    child->delay_ms = backoff_ms(self, s, child);
}

static void
count_restart(const acta_self *self, const acti_child *child)
{
    acti_count(self->runtime, ACTI_STAT_RESTARTED);
    ACTA_SOMETIMES(&self->runtime->environment, "child.restarted");
    acti_record(
        self->runtime, ACTA_FLIGHT_RESTART, child->pid, child->spec.start.behaviour->name, 0, acti_pid_of(self).value);
}

/* -- one child alone -- */

/* To oneself, behind all that is in the mailbox: sooner than a timer of 0 ms. */
static const void *
tell_later(acta_self *self, uint32_t tag, acta_pid last_pid)
{
    acta_message *message = acta_message_create(self->runtime, tag, sizeof last_pid);
    void *payload = message != NULL ? message->payload : NULL;

    if (payload != NULL) memcpy(payload, &last_pid, sizeof last_pid);
    return acta_send(self->runtime, acti_pid_of(self), message) == ACTA_OK ? payload : NULL;
}

/* Without memory for a timer it is sooner than it should be: one that gives up ends all that it supervises. */
static acta_next
wait_alone(acta_self *self, acti_supervisor *s, acti_child *child)
{
    uint64_t user = (uint64_t)(uintptr_t)child;

    child->waits = true;
    if (child->delay_ms == 0) child->retry = tell_later(self, ACTI_TELL_RETRY, child->last_pid);
    if (child->retry != NULL) return ACTA_NEXT;
    if (acta_send_after(self, child->delay_ms, ACTI_TIMER_RESTART, user, &child->timer) == ACTA_OK) return ACTA_NEXT;
    child->retry = tell_later(self, ACTI_TELL_RETRY, child->last_pid);
    if (child->retry != NULL) return ACTA_NEXT;
    return give_up(self, s, child, "there is no memory to wait for its restart");
}

static acta_next
start_alone(acta_self *self, acti_supervisor *s, acti_child *child)
{
    acti_start start;
    acta_error error;

    child->waits = false;
    acta_status status = acti_child_start(self, s, child, &start, &error);
    if (status == ACTA_IGNORE) {
        if (acti_is_dynamic(s)) acti_child_remove(self, s, child);
        return ACTA_NEXT;
    }
    if (child->pid.value != 0) { /* one that rolls back is told of by its DOWN */
        count_restart(self, child);
        return ACTA_NEXT;
    }
    acti_report_start_failed(self, child, &error);
    if (!bear_restart(self, s)) return give_up(self, s, child, error.text);
    lengthen_row(self, s, child);
    return wait_alone(self, s, child);
}

acta_next
acti_restart_due(acta_self *self, acti_supervisor *s, acti_child *child)
{
    child->timer = (acta_ref){ 0 };
    return start_alone(self, s, child);
}

acta_next
acti_retry_due(acta_self *self, acti_supervisor *s, const acta_message *message)
{
    acta_pid last_pid;

    if (message->size != sizeof last_pid) return ACTA_NEXT;
    memcpy(&last_pid, message->payload, sizeof last_pid);
    acti_child *child = acti_child_of_pid(s, last_pid);
    if (child == NULL || child->retry != message->payload) return ACTA_NEXT; /* it is not wanted any more */
    child->retry = NULL;
    return start_alone(self, s, child);
}

/* -- a group -- */

static acti_child *
first_of_group(const acti_supervisor *s)
{
    acti_child *child = s->last;

    while (child != NULL && child->prev != NULL && child->prev->is_in_group)
        child = child->prev;
    return child != NULL && child->is_in_group ? child : NULL;
}

static acta_next
end_group(acta_self *self, acti_supervisor *s)
{
    for (acti_child *child = s->last; child != NULL && child->is_in_group; child = child->prev)
        child->is_in_group = false;
    s->group = ACTI_GROUP_NONE;
    s->group_at = NULL;
    acti_timer_forget_ref(self, &s->group_timer);
    acti_deferred_run(self, s);
    return ACTA_NEXT;
}

static acta_next stop_next_of_group(acta_self *self, acti_supervisor *s);

/* `child` and all after it are the group from now on; those that don't run wait for its start. */
static acta_next
begin_group(acta_self *self, acti_supervisor *s, acti_child *from, const acti_child *cause)
{
    acti_child *child = from;

    for (; child != NULL && !child->is_in_group; child = child->next) {
        child->is_in_group = true;
        if (child->pid.value != 0) continue;
        child->waits = true;
        acti_child_forget_timer(self, child); /* it waited alone, under another strategy */
    }
    s->group_delay_ms = cause->delay_ms;
    if (s->group == ACTI_GROUP_STOPS) return ACTA_NEXT; /* the end of the one at group_at leads on */
    s->group = ACTI_GROUP_STOPS;
    s->group_at = child; /* those that were in it have ended */
    acti_timer_forget_ref(self, &s->group_timer);
    return stop_next_of_group(self, s);
}

static acta_next
start_of_group_failed(acta_self *self, acti_supervisor *s, acti_child *child, const acta_error *error)
{
    acti_report_start_failed(self, child, error);
    if (!bear_restart(self, s)) return give_up(self, s, child, error->text);
    lengthen_row(self, s, child);
    s->group_is_retry = true;
    for (acti_child *c = child; c != NULL; c = c->next) { /* as if none of it had been in the group, but it waits */
        c->is_in_group = false;
        if (c->pid.value == 0) c->waits = true;
    }
    s->group = ACTI_GROUP_NONE;
    return begin_group(self, s, s->flags.strategy == ACTA_ONE_FOR_ALL ? s->first : child, child);
}

static acta_next
start_group(acta_self *self, acti_supervisor *s)
{
    acta_error error;

    for (acti_child *child = first_of_group(s); child != NULL; child = child->next) {
        acti_start start;
        child->is_in_group = false;
        if (!child->waits) continue; /* terminated meanwhile */
        acta_status status = acti_child_start(self, s, child, &start, &error);
        if (status != ACTA_OK && status != ACTA_IGNORE) return start_of_group_failed(self, s, child, &error);
        child->waits = false;
        if (status == ACTA_OK) count_restart(self, child);
    }
    return end_group(self, s);
}

static acta_next
stop_next_of_group(acta_self *self, acti_supervisor *s)
{
    acti_child *child = s->group_at != NULL ? s->group_at->prev : s->last;

    for (; child != NULL && child->is_in_group; child = child->prev) {
        s->group_at = child;
        if (child->pid.value == 0) continue;
        if (!child->is_told) acti_child_stop(self, child);
        return ACTA_NEXT;
    }
    s->group = ACTI_GROUP_WAITS;
    if (s->group_delay_ms == 0 && !s->group_is_retry) return start_group(self, s);
    s->group_is_retry = false;
    if (s->group_delay_ms == 0 && tell_later(self, ACTI_TELL_GROUP, (acta_pid){ 0 }) != NULL) return ACTA_NEXT;
    if (acta_send_after(self, s->group_delay_ms, ACTI_TIMER_GROUP, 0, &s->group_timer) == ACTA_OK) return ACTA_NEXT;
    if (tell_later(self, ACTI_TELL_GROUP, (acta_pid){ 0 }) != NULL) return ACTA_NEXT;
    acti_child *first = first_of_group(s);
    return first != NULL ? give_up(self, s, first, "there is no memory to wait for its restart") : end_group(self, s);
}

acta_next
acti_group_due(acta_self *self, acti_supervisor *s)
{
    if (s->group != ACTI_GROUP_WAITS) return ACTA_NEXT;
    acti_timer_forget_ref(self, &s->group_timer);
    return start_group(self, s);
}

acta_next
acti_group_forgo(acta_self *self, acti_supervisor *s)
{
    if (s->group != ACTI_GROUP_WAITS) return ACTA_NEXT;
    for (const acti_child *child = s->last; child != NULL && child->is_in_group; child = child->prev) {
        if (child->waits) return ACTA_NEXT;
    }
    return end_group(self, s);
}

/* A child of the group has ended, by our doing or not. */
static acta_next
group_down(acta_self *self, acti_supervisor *s, acti_child *child, bool was_terminated)
{
    bool was_awaited = s->group_at == child;

    if (child->is_deleted || child->spec.restart == ACTA_TEMPORARY)
        acti_child_remove(self, s, child);
    else
        child->waits = !was_terminated;
    return was_awaited ? stop_next_of_group(self, s) : ACTA_NEXT;
}

/* -- ends -- */

static const char *
words_of(const acta_exit_reason *reason)
{
    if (reason->text[0] != '\0') return reason->text;
    return reason->kind == ACTA_EXIT_KILLED ? "killed" : reason->kind == ACTA_EXIT_FAILED ? "failed" : "of its own";
}

static acta_next
restart(acta_self *self, acti_supervisor *s, acti_child *child, const acta_exit_reason *reason)
{
    uint64_t lived_ns = acti_now_ns(self->runtime) - child->started_ns;
    uint32_t calm_ms = s->flags.period_ms > child->delay_ms ? s->flags.period_ms : child->delay_ms;
    bool is_alone = s->flags.strategy == ACTA_ONE_FOR_ONE || acti_is_dynamic(s) ||
                    (ACTA_PLANT("rest_not_restarted") && s->flags.strategy == ACTA_REST_FOR_ONE);
    char what[64];

    if (!bear_restart(self, s)) return give_up(self, s, child, words_of(reason));
    if (lived_ns > calm_ms * UINT64_C(1000000)) child->restart_row = 0;
    lengthen_row(self, s, child);
    int used = snprintf(what, sizeof what, "%s is restarted", is_alone ? "it" : "its group");
    if (child->delay_ms > 0) snprintf(what + used, sizeof what - (size_t)used, " in %u ms", child->delay_ms);
    acti_report_restart(self, child, reason, what);
    if (!is_alone) return begin_group(self, s, s->flags.strategy == ACTA_ONE_FOR_ALL ? s->first : child, child);
    return child->delay_ms == 0 ? start_alone(self, s, child) : wait_alone(self, s, child);
}

static bool
shuts_down(const acti_supervisor *s)
{
    if (s->flags.auto_shutdown != ACTA_AUTO_SHUTDOWN_ALL) return s->flags.auto_shutdown == ACTA_AUTO_SHUTDOWN_ANY;
    for (const acti_child *child = s->first; child != NULL; child = child->next) {
        if (child->spec.significant && (child->pid.value != 0 || child->waits)) return false;
    }
    return true;
}

/* It ended, and that was all right. */
static acta_next
let_go(acta_self *self, acti_supervisor *s, acti_child *child)
{
    acta_exit_reason end = { .kind = ACTA_EXIT_SHUTDOWN };
    bool is_significant = child->spec.significant;

    snprintf(end.text, sizeof end.text, "significant child '%.80s' ended", child->spec.id);
    if (child->spec.restart == ACTA_TEMPORARY || acti_is_dynamic(s)) acti_child_remove(self, s, child);
    return is_significant && shuts_down(s) ? acti_supervisor_stop(self, s, &end) : ACTA_NEXT;
}

acta_next
acti_child_down(acta_self *self, acti_supervisor *s, acti_child *child, const acta_exit_reason *reason)
{
    bool ended_well = reason->kind == ACTA_EXIT_NORMAL || reason->kind == ACTA_EXIT_SHUTDOWN;
    bool was_told = child->is_told;
    bool was_terminated = child->is_terminated;

    acti_child_ended(self, child);
    if (was_told) acti_report_bad_end(self, child, reason);
    acti_child_answer_waiters(self, child);
    child->is_terminated = false;
    if (s->is_stopping) return acti_supervisor_stop_gone(self, s, child);
    if (child->is_in_group) return group_down(self, s, child, was_terminated);
    if (was_terminated) {
        if (child->is_deleted || child->spec.restart == ACTA_TEMPORARY || acti_is_dynamic(s))
            acti_child_remove(self, s, child);
        return ACTA_NEXT;
    }
    if (child->spec.restart == ACTA_TEMPORARY || (child->spec.restart == ACTA_TRANSIENT && ended_well))
        return let_go(self, s, child);
    return restart(self, s, child, reason);
}
