/*
 * Timeouts of a state machine: one of the event, one of the state, and named ones.
 *
 * A handler only says what it wants; when it has returned and the state is what it will be, what is wanted begins: a
 * timer, or for 0 ms a mark that is looked at when nothing is queued. A timeout is running, due, or neither, never both.
 */
#include "gen_statem_internal.h"

static acti_timeout *
timeout_at(acti_statem *m, uint32_t i)
{
    return i < ACTI_FIXED_TIMEOUTS ? &m->fixed[i] : &m->named[i - ACTI_FIXED_TIMEOUTS];
}

static uint32_t
timeout_count(const acti_statem *m)
{
    return ACTI_FIXED_TIMEOUTS + m->named_count;
}

void
acti_timeouts_init(acti_statem *m)
{
    m->fixed[ACTI_EVENT_TIMEOUT].type = ACTA_STATEM_EVENT_TIMEOUT;
    m->fixed[ACTI_STATE_TIMEOUT].type = ACTA_STATEM_STATE_TIMEOUT;
}

void
acti_timeout_cancel(acta_self *self, acti_timeout *timeout)
{
    if (timeout->is_running) acta_cancel_timer(self, timeout->ref);
    timeout->is_running = timeout->is_due = false;
}

static void
begin(acta_self *self, acti_timeout *timeout)
{
    acti_timeout_cancel(self, timeout);
    timeout->is_wanted = false;
    timeout->user = timeout->wanted_user;
    if (timeout->delay_ms == ACTA_INFINITE) return;
    if (timeout->delay_ms == 0) {
        timeout->is_due = true;
        return;
    }
    if (acta_send_after(self, timeout->delay_ms, 0, 0, &timeout->ref) != ACTA_OK)
        acta_fail(self, "no memory for a timeout");
    timeout->is_running = true;
}

void
acti_timeouts_begin(acta_self *self, acti_statem *m)
{
    for (uint32_t i = 0; i < timeout_count(m); i++) {
        if (timeout_at(m, i)->is_wanted) begin(self, timeout_at(m, i));
    }
}

static acta_statem_event
event_of(acti_timeout *timeout)
{
    timeout->is_running = timeout->is_due = false;
    return (acta_statem_event){ .type = timeout->type, .tag = timeout->name, .user = timeout->user };
}

bool
acti_timeout_take_rung(acti_statem *m, acta_ref ref, acta_statem_event *event_out)
{
    for (uint32_t i = 0; i < timeout_count(m); i++) {
        acti_timeout *timeout = timeout_at(m, i);
        if (!timeout->is_running || !acta_ref_equal(timeout->ref, ref)) continue;
        *event_out = event_of(timeout);
        return true;
    }
    return false;
}

static acti_timeout *
first_due(const acti_statem *m)
{
    acti_timeout *first = NULL;

    for (uint32_t i = 0; i < timeout_count(m); i++) {
        acti_timeout *timeout = timeout_at((acti_statem *)(uintptr_t)m, i);
        if (timeout->is_due && (first == NULL || timeout->serial < first->serial)) first = timeout;
    }
    return first;
}

bool
acti_timeout_is_due(const acti_statem *m)
{
    return first_due(m) != NULL;
}

bool
acti_timeout_take_due(acti_statem *m, acta_statem_event *event_out)
{
    acti_timeout *timeout = first_due(m);

    if (timeout == NULL) return false;
    *event_out = event_of(timeout);
    return true;
}

/* -- what handlers call -- */

static void
want(acti_statem *m, acti_timeout *timeout, uint32_t delay_ms, uint64_t user)
{
    timeout->is_wanted = true;
    timeout->delay_ms = delay_ms;
    timeout->wanted_user = user;
    timeout->serial = m->timeout_serial++;
}

void
acta_statem_set_state_timeout(acta_self *self, uint32_t delay_ms, uint64_t user)
{
    acti_statem *m = acti_statem_of(self);

    want(m, &m->fixed[ACTI_STATE_TIMEOUT], delay_ms, user);
}

void
acta_statem_set_event_timeout(acta_self *self, uint32_t delay_ms, uint64_t user)
{
    acti_statem *m = acti_statem_of(self);

    want(m, &m->fixed[ACTI_EVENT_TIMEOUT], delay_ms, user);
}

static bool
is_in_use(const acti_timeout *timeout)
{
    return timeout->is_running || timeout->is_due || timeout->is_wanted;
}

/* The one of that name, or a place for it. */
static acti_timeout *
named(acta_self *self, acti_statem *m, uint32_t name)
{
    acti_timeout *unused = NULL;

    for (uint32_t i = 0; i < m->named_count; i++) {
        if (!is_in_use(&m->named[i]))
            unused = &m->named[i];
        else if (m->named[i].name == name)
            return &m->named[i];
    }
    if (unused == NULL) {
        if (m->named_count == m->named_capacity &&
            !acti_array_grow(m->runtime, (void **)&m->named, &m->named_capacity, 4, sizeof *m->named))
            acta_fail(self, "no memory for a timeout");
        unused = &m->named[m->named_count++];
    }
    *unused = (acti_timeout){ .type = ACTA_STATEM_TIMEOUT, .name = name };
    return unused;
}

void
acta_statem_set_timeout(acta_self *self, uint32_t name, uint32_t delay_ms, uint64_t user)
{
    acti_statem *m = acti_statem_of(self);

    want(m, named(self, m, name), delay_ms, user);
}
