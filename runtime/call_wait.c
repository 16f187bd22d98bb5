/*
 * acta_call: a thread outside asks, and waits for the answer.
 *
 *     the server's turn on this very thread, if it runs on its callers and was idle -> the helper's work -> sleep
 *
 * A caller that lends its thread is the server's host: what makes the server ready meanwhile, on this thread, leaves it
 * to the host, and the host looks between two pieces of work whether it is answered.
 *
 * Not here: records, and who completes them (call.c).
 */
#include "internal.h"

/* How long a caller waits. A clock costs as much as a tenth of a call, so it is read once there is something to wait for. */
typedef struct wait_limit {
    uint64_t deadline_ns; /* 0: not known yet */
    uint32_t timeout_ms;
} wait_limit;

static uint64_t
deadline_of(const acta_runtime *runtime, wait_limit *limit)
{
    if (limit->deadline_ns == 0) limit->deadline_ns = acti_deadline_after(runtime, limit->timeout_ms);
    return limit->deadline_ns;
}

static bool
is_answered(acti_call *call)
{
    return atomic_load_explicit(&call->signal, memory_order_acquire) == 2; /* pairs with complete_wait */
}

/* Sleep until the answer, or until the deadline. False: the deadline. */
static bool
sleep_for_answer(acti_call *call, wait_limit *limit)
{
    acta_runtime *runtime = call->runtime;
    uint64_t deadline_ns = deadline_of(runtime, limit);
    uint32_t expected = 0;

    for (uint32_t i = 0; i < runtime->answer_spins; i++) {
        if (is_answered(call)) return true;
        acti_pause();
    }
    /* acq_rel: 2 means that the answer is there. */
    if (!atomic_compare_exchange_strong_explicit(
            &call->signal, &expected, 1, memory_order_acq_rel, memory_order_acquire) &&
        expected == 2)
        return true;
    while (!is_answered(call)) {
        uint64_t left_ns = UINT64_MAX;
        if (deadline_ns != UINT64_MAX) {
            uint64_t now_ns = acti_now_ns(runtime);
            if (now_ns >= deadline_ns) return false;
            left_ns = deadline_ns - now_ns;
        }
        acti_futex_wait(&call->signal, 1, left_ns);
    }
    return true;
}

/* The server runs here, when this very thread makes it ready; between its turns the thread helps. False: deadline. */
static bool
work_for_answer(acti_context *context, acti_host *host, acti_call *call, wait_limit *limit)
{
    acta_runtime *runtime = call->runtime;

    while (!is_answered(call)) {
        if (host->ready) {
            host->ready = false;
            acti_turn_guarded(context, host->actor);
            continue;
        }
        (void)deadline_of(runtime, limit); /* it isn't answered at once: the time runs */
        if (runtime->help != NULL && runtime->help(runtime->help_user)) continue;
        if (!host->ready) return sleep_for_answer(call, limit);
    }
    return true;
}

/* Lend this thread to the server. What it still wants when the caller goes is the workers' again. */
static bool
host_server(acti_actor *actor, bool claimed, acti_call *call, wait_limit *limit)
{
    acti_context *outer = acti_current;
    acti_host host = { .actor = actor, .call = call, .ready = claimed };
    acti_context context;

    acti_context_init(&context, call->runtime, NULL);
    context.host = &host;
    acti_current = &context;
    bool answered = work_for_answer(&context, &host, call, limit);
    acti_current = outer;
    if (host.ready) acti_schedule(actor);
    return answered;
}

/* A manual runtime: the caller drives it. */
static bool
pump(acti_call *call, uint64_t deadline_ns)
{
    acta_runtime *runtime = call->runtime;

    while (!is_answered(call)) {
        if (acti_now_ns(runtime) >= deadline_ns) return false;
        if (acta_runtime_step(runtime)) continue;
        if (runtime->host_loop != NULL)
            acti_host_sleep(runtime, &call->signal, 0, deadline_ns);
        else if (runtime->driver.idle == NULL || !runtime->driver.idle(runtime->driver.user))
            return is_answered(call);
    }
    return true;
}

static bool
pump_for_answer(acti_call *call, uint64_t deadline_ns)
{
    bool answered = pump(call, deadline_ns);

    acti_host_let_go(call->runtime);
    return answered;
}

static acta_status
take_answer(acti_call *call, uint64_t generation, bool answered, acta_message **reply_out, acta_error *error)
{
    if (!answered && acti_call_abandon(call, generation)) {
        acti_call_release(call);
        return acta_error_set(error, ACTA_TIMEOUT, "no reply came in time");
    }
    while (!is_answered(call)) /* it is being answered this moment */
        acti_thread_yield();
    acta_status status = call->status;
    acta_message *reply = call->reply;
    call->reply = NULL;
    acti_call_release(call);
    if (status == ACTA_OK && reply_out != NULL)
        *reply_out = reply;
    else
        acta_message_destroy(reply);
    return status;
}

static acta_status
check_call(acta_runtime *runtime, acta_message *request, acta_error *error)
{
    acti_context *here = acti_context_here(runtime);

    if (request == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the request");
    if (here != NULL && here->actor != NULL)
        return acta_error_set(error, ACTA_CALLING_SELF, "cannot call from inside actor '%s': use acta_request",
            here->actor->behaviour->name);
    /* relaxed: a call that slips through is answered by the actor's end. */
    if (atomic_load_explicit(&runtime->is_stopping, memory_order_relaxed))
        return acta_error_set(error, ACTA_STOPPED, "the runtime is stopping");
    return ACTA_OK;
}

/* acta_call, with a request or a system message. */
static acta_status
call_by(acta_runtime *runtime, acta_pid to, acti_kind kind, acta_message *request, wait_limit limit,
    acta_message **reply_out, acta_error *error)
{
    acti_actor *claimed;
    acta_from from;
    bool answered;

    acta_status status = check_call(runtime, request, error);
    if (status != ACTA_OK) {
        acta_message_destroy(request);
        return status;
    }
    acti_call *call = acti_call_begin(runtime, ACTI_CALL_WAIT, &from);
    if (call == NULL) {
        acta_message_destroy(request);
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the call");
    }
    call->error = error;
    status = acti_deliver_request(runtime, to, kind, request, from, &claimed);
    if (status != ACTA_OK) {
        acti_call_release(call);
        acta_message_destroy(request);
        return acta_error_set(error, status, "%s", acti_undelivered_text(status));
    }

    acti_actor *actor = acti_actor_at(runtime, to);
    bool on_caller = !runtime->is_manual && atomic_load_explicit(&actor->on_caller,
                                                memory_order_relaxed); /* a hint: where, not whether, it runs */
    if (claimed != NULL && !on_caller) acti_schedule(claimed);
    if (runtime->is_manual && (runtime->host_loop == NULL || acti_host_is_here(runtime)))
        answered = pump_for_answer(call, deadline_of(runtime, &limit));
    else if (on_caller)
        answered = host_server(actor, claimed != NULL, call, &limit);
    else
        answered = sleep_for_answer(call, &limit);
    return take_answer(call, from.b, answered, reply_out, error);
}

acta_status
acta_call(acta_runtime *runtime, acta_pid to, acta_message *request, uint32_t timeout_ms, acta_message **reply_out,
    acta_error *error)
{
    return call_by(runtime, to, ACTI_REQUEST, request, (wait_limit){ .timeout_ms = timeout_ms }, reply_out, error);
}

acta_status
acta_call_until(acta_runtime *runtime, acta_pid to, acta_message *request, uint64_t deadline_ns,
    acta_message **reply_out, acta_error *error)
{
    return call_by(runtime, to, ACTI_REQUEST, request,
        (wait_limit){ .deadline_ns = deadline_ns != 0 ? deadline_ns : 1 }, reply_out, error);
}

acta_status
acti_call_system(acta_runtime *runtime, acta_pid to, acta_message *request, uint32_t timeout_ms,
    acta_message **reply_out, acta_error *error)
{
    return call_by(runtime, to, ACTI_SYSTEM, request, (wait_limit){ .timeout_ms = timeout_ms }, reply_out, error);
}
