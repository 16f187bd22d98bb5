/*
 * Sending system messages: by outside threads, which wait for the answer, and by actors, which are told of it. Both make
 * the same message; what becomes of it is in sys.c.
 */
#include "sys_internal.h"

/* NULL: no memory. */
static acta_message *
make(acta_runtime *runtime, acti_sys_op op, const void *payload, size_t size)
{
    acta_message *request = acta_message_create(runtime, (uint32_t)op, size);

    if (request != NULL && size > 0) memcpy(request->payload, payload, size);
    return request;
}

/* -- outside of actors -- */

static acta_status
ask(acta_runtime *runtime, acta_pid pid, acti_sys_op op, const void *payload, size_t size, uint32_t timeout_ms,
    acta_message **reply_out, acta_error *error)
{
    return acti_call_system(runtime, pid, make(runtime, op, payload, size), timeout_ms, reply_out, error);
}

acta_status
acta_sys_suspend(acta_runtime *runtime, acta_pid pid, uint32_t timeout_ms, acta_error *error)
{
    return ask(runtime, pid, ACTI_SYS_SUSPEND, NULL, 0, timeout_ms, NULL, error);
}

acta_status
acta_sys_resume(acta_runtime *runtime, acta_pid pid, uint32_t timeout_ms, acta_error *error)
{
    return ask(runtime, pid, ACTI_SYS_RESUME, NULL, 0, timeout_ms, NULL, error);
}

acta_status
acta_sys_state(acta_runtime *runtime, acta_pid pid, char *text, size_t size, uint32_t timeout_ms, acta_error *error)
{
    uint32_t room = (uint32_t)size;
    acta_message *reply = NULL;

    if (size == 0 || size > ACTA_SYS_STATE_MAX)
        return acta_error_set(
            error, ACTA_INVALID, "cannot show a state in %zu bytes: 1 to %d", size, ACTA_SYS_STATE_MAX);
    acta_status status = ask(runtime, pid, ACTI_SYS_STATE, &room, sizeof room, timeout_ms, &reply, error);
    if (status == ACTA_OK) memcpy(text, reply->payload, room);
    acta_message_destroy(reply);
    return status;
}

acta_status
acta_sys_info_read(acta_runtime *runtime, acta_pid pid, uint32_t timeout_ms, acta_sys_info *info_out, acta_error *error)
{
    acta_message *reply = NULL;
    acta_status status = ask(runtime, pid, ACTI_SYS_INFO, NULL, 0, timeout_ms, &reply, error);

    if (status == ACTA_OK) memcpy(info_out, reply->payload, sizeof *info_out);
    acta_message_destroy(reply);
    return status;
}

acta_status
acta_sys_count(acta_runtime *runtime, acta_pid pid, bool on, uint32_t timeout_ms, acta_error *error)
{
    return ask(runtime, pid, ACTI_SYS_COUNT, &on, sizeof on, timeout_ms, NULL, error);
}

acta_status
acta_sys_trace(
    acta_runtime *runtime, acta_pid pid, acta_trace_sink sink, void *user, uint32_t timeout_ms, acta_error *error)
{
    acti_sys_trace_on on = { sink, user };

    return ask(runtime, pid, ACTI_SYS_TRACE, &on, sizeof on, timeout_ms, NULL, error);
}

acta_status
acta_sys_trace_off(acta_runtime *runtime, acta_pid pid, uint32_t timeout_ms, acta_error *error)
{
    return ask(runtime, pid, ACTI_SYS_TRACE_OFF, NULL, 0, timeout_ms, NULL, error);
}

/* -- inside an actor -- */

static acta_status
request(acta_self *self, acta_pid to, acti_sys_op op, const void *payload, size_t size, uint32_t timeout_ms,
    acta_ref *ref_out)
{
    return acti_request_system(self, to, make(self->runtime, op, payload, size), timeout_ms, ref_out);
}

acta_status
acta_sys_request_suspend(acta_self *self, acta_pid to, uint32_t timeout_ms, acta_ref *ref_out)
{
    return request(self, to, ACTI_SYS_SUSPEND, NULL, 0, timeout_ms, ref_out);
}

acta_status
acta_sys_request_resume(acta_self *self, acta_pid to, uint32_t timeout_ms, acta_ref *ref_out)
{
    return request(self, to, ACTI_SYS_RESUME, NULL, 0, timeout_ms, ref_out);
}

acta_status
acta_sys_request_state(acta_self *self, acta_pid to, size_t size, uint32_t timeout_ms, acta_ref *ref_out)
{
    uint32_t room = (uint32_t)size;

    if (size == 0 || size > ACTA_SYS_STATE_MAX) return ACTA_INVALID;
    return request(self, to, ACTI_SYS_STATE, &room, sizeof room, timeout_ms, ref_out);
}

acta_status
acta_sys_request_info(acta_self *self, acta_pid to, uint32_t timeout_ms, acta_ref *ref_out)
{
    return request(self, to, ACTI_SYS_INFO, NULL, 0, timeout_ms, ref_out);
}

acta_status
acta_sys_request_count(acta_self *self, acta_pid to, bool on, uint32_t timeout_ms, acta_ref *ref_out)
{
    return request(self, to, ACTI_SYS_COUNT, &on, sizeof on, timeout_ms, ref_out);
}

acta_status
acta_sys_request_trace(
    acta_self *self, acta_pid to, acta_trace_sink sink, void *user, uint32_t timeout_ms, acta_ref *ref_out)
{
    acti_sys_trace_on on = { sink, user };

    return request(self, to, ACTI_SYS_TRACE, &on, sizeof on, timeout_ms, ref_out);
}

acta_status
acta_sys_request_trace_off(acta_self *self, acta_pid to, uint32_t timeout_ms, acta_ref *ref_out)
{
    return request(self, to, ACTI_SYS_TRACE_OFF, NULL, 0, timeout_ms, ref_out);
}

/* -- ending an actor, and being told of it -- */

static const acta_exit_reason normal = { .kind = ACTA_EXIT_NORMAL };

static bool
is_a_way_to_stop(acta_exit_kind kind)
{
    return kind == ACTA_EXIT_NORMAL || kind == ACTA_EXIT_SHUTDOWN || kind == ACTA_EXIT_FAILED;
}

acta_status
acta_stop(acta_runtime *runtime, acta_pid pid, const acta_exit_reason *reason, uint32_t timeout_ms, acta_error *error)
{
    if (reason == NULL) reason = &normal;
    if (!is_a_way_to_stop(reason->kind))
        return acta_error_set(
            error, ACTA_INVALID, "cannot stop an actor by a kill: the kind must be NORMAL, SHUTDOWN or FAILED");
    return ask(runtime, pid, ACTI_SYS_STOP, reason, sizeof *reason, timeout_ms, NULL, error);
}

acta_status
acta_request_stop(acta_self *self, acta_pid to, const acta_exit_reason *reason, uint32_t timeout_ms, acta_ref *ref_out)
{
    if (reason == NULL) reason = &normal;
    if (!is_a_way_to_stop(reason->kind)) return ACTA_INVALID;
    return request(self, to, ACTI_SYS_STOP, reason, sizeof *reason, timeout_ms, ref_out);
}
