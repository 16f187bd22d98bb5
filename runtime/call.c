/*
 * Calls and requests: one record for each question under way, and whoever answers first completes it.
 *
 *     PENDING --(reply | end of the server | timeout | end of the asker)--> TAKEN --> free, next generation
 *
 * Records are type-stable: acta_from is the record's place and its generation, so an answer that comes late, or twice,
 * finds another generation or TAKEN, and is dropped. Completing is one compare-and-swap; what follows depends on who
 * asked:
 *
 *     WAIT   a thread in acta_call: `signal` is the word it sleeps on     0 waiting, 1 sleeping, 2 answered
 *     DONE   acta_call_async: `done` is called
 *     GROUP  acta_request_group: the record goes into the group's row
 *     ACTOR  acta_request: the record's own node goes into the asker's mailbox
 *
 * Timeouts of DONE and ACTOR are lazy timers: a record that is used again while the wheel still has it for an earlier
 * time costs no operation on the wheel.
 *
 * Not here: how a thread waits (call_wait.c).
 */
#include "internal.h"

/* -- records -- */

static acti_call *
pop_free(acta_runtime *runtime)
{
    /* acquire: pairs with the release of push_free; the tag in the upper half makes each head unique. */
    uint64_t head = atomic_load_explicit(&runtime->call_free, memory_order_acquire);

    while ((uint32_t)head != 0) {
        acti_call *call = acti_table_slot(&runtime->calls, (uint32_t)head - 1);
        uint64_t next = atomic_load_explicit(&call->next_free, memory_order_relaxed); /* the tag tells if it is stale */
        next |= ((head >> 32) + 1) << 32;
        if (atomic_compare_exchange_weak_explicit(
                &runtime->call_free, &head, next, memory_order_acquire, memory_order_acquire))
            return call;
    }
    return NULL;
}

static void
push_free(acta_runtime *runtime, acti_call *call)
{
    uint64_t head = atomic_load_explicit(&runtime->call_free, memory_order_relaxed);
    uint64_t pushed;

    do {
        atomic_store_explicit(&call->next_free, (uint32_t)head, memory_order_relaxed);
        pushed = (((head >> 32) + 1) << 32) | (call->index + 1);
        /* release: the record is as we left it; pairs with pop_free. */
    } while (!atomic_compare_exchange_weak_explicit(
        &runtime->call_free, &head, pushed, memory_order_release, memory_order_relaxed));
}

static acti_call *
make_record(acta_runtime *runtime)
{
    acti_call *call = NULL;
    uint32_t index;
    bool full;

    acti_mutex_lock(&runtime->call_lock);
    if (acti_table_grow(&runtime->calls, &runtime->environment.allocator, &index, &full)) {
        call = acti_table_slot(&runtime->calls, index);
        memset(call, 0, sizeof *call);
        call->index = index;
        call->runtime = runtime;
        atomic_init(&call->state, 0);
        acti_timer_init(&call->timer, ACTI_TIMER_CALL);
        acti_table_publish(&runtime->calls);
    }
    acti_mutex_unlock(&runtime->call_lock);
    return call;
}

static uint64_t
pending_state(uint64_t generation)
{
    return generation << 2 | ACTI_CALL_PENDING;
}

/* A pending record; *from_out is what the server answers to. NULL: no memory. */
acti_call *
acti_call_begin(acta_runtime *runtime, acti_call_kind kind, acta_from *from_out)
{
    acti_call *call = pop_free(runtime);

    if (call == NULL) call = make_record(runtime);
    if (call == NULL) return NULL;
    /* relaxed: the record is ours; the state is published with the request. */
    uint64_t generation = (atomic_load_explicit(&call->state, memory_order_relaxed) >> 2) + 1;
    call->kind = kind;
    call->reply = NULL;
    call->error = NULL;
    call->status = ACTA_OK;
    atomic_store_explicit(&call->signal, 0, memory_order_relaxed);
    atomic_store_explicit(&call->timer.deadline_ns, 0, memory_order_relaxed);
    if (kind ==
        ACTI_CALL_WAIT) /* sets no timer. release: a wheel that sees this state sees that there is no deadline */
        atomic_store_explicit(&call->state, pending_state(generation), memory_order_release);
    else /* seq_cst: a wheel that has the record for an earlier use looks at it; see acti_timer_set. */
        atomic_store_explicit(&call->state, pending_state(generation), memory_order_seq_cst);
    *from_out = (acta_from){ (uint64_t)(uintptr_t)call, generation };
    return call;
}

bool
acti_call_is_pending(const acti_call *call, uint64_t generation)
{
    /* relaxed: a hint; taking it is what counts. */
    return atomic_load_explicit(&call->state, memory_order_relaxed) == pending_state(generation);
}

/* PENDING to TAKEN: true for one only. */
static bool
take(acti_call *call, uint64_t generation)
{
    uint64_t expected = pending_state(generation);

    /* acq_rel: acquire what the asker wrote into the record (it came with the request, too); release for those who
     * see TAKEN. */
    return atomic_compare_exchange_strong_explicit(
        &call->state, &expected, generation << 2 | ACTI_CALL_TAKEN, memory_order_acq_rel, memory_order_relaxed);
}

void
acti_call_release(acti_call *call)
{
    if (call->kind == ACTI_CALL_ACTOR || call->kind == ACTI_CALL_GROUP) {
        acti_free(call->runtime, call->error, sizeof *call->error);
        call->error = NULL;
    }
    /* relaxed: the free list publishes it. */
    uint64_t generation = atomic_load_explicit(&call->state, memory_order_relaxed) >> 2;
    atomic_store_explicit(&call->state, generation << 2 | ACTI_CALL_FREE, memory_order_relaxed);
    push_free(call->runtime, call);
}

bool
acti_call_abandon(acti_call *call, uint64_t generation)
{
    return take(call, generation);
}

/* -- completing -- */

static void
complete_wait(acti_call *call)
{
    acta_runtime *runtime = call->runtime;
    const acti_context *here = acti_current;

    if (here != NULL && here->host != NULL && here->host->call == call) { /* the waiter is this thread, and awake */
        atomic_store_explicit(&call->signal, 2, memory_order_relaxed);
        return;
    }
    /* Publishes the answer to the waiter, which then frees the record: not to be touched after this, but for the wake,
     * which a recycled record bears. seq_cst: before the look whether a host waits; see acti_host_sleep. */
    if (atomic_exchange_explicit(&call->signal, 2, memory_order_seq_cst) == 1) acti_futex_wake(&call->signal);
    if (runtime->host_loop != NULL) acti_host_wake(runtime);
}

static void
keep_error(acti_call *call, const acta_error *error)
{
    if (error == NULL || call->status == ACTA_OK) return;
    call->error = acti_alloc(call->runtime, sizeof *call->error);
    if (call->error != NULL) *call->error = *error;
}

static void
complete_actor(acti_call *call, const acta_error *error)
{
    acta_runtime *runtime = call->runtime;
    acti_actor *actor = acti_actor_alive(runtime, call->requester);

    keep_error(call, error);
    if (actor != NULL) {
        acti_push_signal(actor, (uint32_t)(call->requester.value >> 32), &call->node, ACTI_ANSWER);
        return;
    }
    acta_message_destroy(call->reply);
    call->reply = NULL;
    acti_call_release(call);
}

bool
acti_call_complete(
    acti_call *call, uint64_t generation, acta_status status, acta_message *reply, const acta_error *error)
{
    acti_bundle_flush_here(acti_current);
    if (!take(call, generation)) return false;
    call->status = status;
    if (call->kind == ACTI_CALL_DONE) {
        acta_error plain;
        if (status != ACTA_OK && error == NULL) {
            acta_error_set(&plain, status, NULL);
            error = &plain;
        }
        acta_done done = call->done;
        void *user = call->user;
        acti_call_release(call);
        done(user, status, reply, status != ACTA_OK ? error : NULL);
        acta_message_destroy(reply);
        return true;
    }
    call->reply = reply;
    if (call->kind == ACTI_CALL_ACTOR) {
        complete_actor(call, error);
        return true;
    }
    if (call->kind == ACTI_CALL_GROUP) {
        keep_error(call, error);
        acti_group_complete(call);
        return true;
    }
    if (status != ACTA_OK && call->error != NULL) {
        if (error != NULL)
            *call->error = *error;
        else
            acta_error_set(call->error, status, NULL);
        call->error->status = status;
    }
    complete_wait(call);
    return true;
}

/* A request that no handler will see. */
void
acti_call_refuse(acta_from from, acta_status status, const char *text)
{
    acti_call *call = (acti_call *)(uintptr_t)from.a;
    acta_error error;

    if (call == NULL || !acti_call_is_pending(call, from.b)) return;
    /* relaxed: a hint which word is the better one. */
    if (status == ACTA_NOPROC && atomic_load_explicit(&call->runtime->is_stopping, memory_order_relaxed)) {
        status = ACTA_STOPPED;
        text = "the runtime is stopping";
    }
    acta_error_set(&error, status, "%s", text);
    acti_call_complete(call, from.b, status, NULL, &error);
}

void
acta_reply(acta_runtime *runtime, acta_from from, acta_status status, acta_message *reply, const acta_error *error)
{
    /* relaxed: see trace.c. */
    if (ACTI_UNLIKELY(atomic_load_explicit(&runtime->noted_count, memory_order_relaxed) != 0))
        acti_note_reply(runtime, status, reply);
    if (from.a != 0 && acti_call_complete((acti_call *)(uintptr_t)from.a, from.b, status, reply, error)) return;
    if (from.a != 0) acti_count(runtime, ACTI_STAT_LATE);
    acta_message_destroy(reply);
}

/* Called by the wheel, without its lock. */
void
acti_call_expire(acti_call *call, uint64_t generation)
{
    acta_error error;

    acta_error_set(&error, ACTA_TIMEOUT, "no reply came in time");
    acti_call_complete(call, generation, ACTA_TIMEOUT, NULL, &error);
}

const char *
acti_undelivered_text(acta_status status)
{
    switch (status) {
    case ACTA_NOPROC:
        return "the actor is not alive";
    case ACTA_BUSY:
        return "the actor's mailbox is full, try again later";
    case ACTA_STOPPED:
        return "the runtime is stopping";
    default:
        return acta_status_name(status);
    }
}

uint64_t
acti_deadline_after(const acta_runtime *runtime, uint32_t timeout_ms)
{
    return timeout_ms == ACTA_INFINITE ? UINT64_MAX : acti_now_ns(runtime) + timeout_ms * UINT64_C(1000000);
}

acta_status
acti_deliver_request(
    acta_runtime *runtime, acta_pid to, acti_kind kind, acta_message *body, acta_from from, acti_actor **claimed_out)
{
    acti_message *message = acti_message_of(body);

    message->node.kind = kind;
    message->from = from;
    if (kind == ACTI_SYSTEM) return acti_deliver_system(runtime, to, message, claimed_out);
    return acti_deliver(runtime, to, message, claimed_out);
}

/* -- without waiting -- */

static void
set_timeout(acti_call *call, uint32_t timeout_ms)
{
    if (timeout_ms != ACTA_INFINITE)
        acti_timer_set(call->runtime, &call->timer, acti_deadline_after(call->runtime, timeout_ms));
}

/* Send a pending call's request. What can't be sent is its answer. */
void
acti_call_send(acti_call *call, acta_pid to, acti_kind kind, acta_message *request, acta_from from)
{
    acta_runtime *runtime = call->runtime;
    acta_status status = acti_deliver_request(runtime, to, kind, request, from, NULL);
    acta_error error;

    if (status == ACTA_OK) return; /* and the call may be answered by now, and another's */
    acta_message_destroy(request);
    acta_error_set(&error, status, "%s", acti_undelivered_text(status));
    acti_call_complete(call, from.b, status, NULL, &error);
}

static void
refuse_async(acta_status status, const char *text, acta_done done, void *user)
{
    acta_error error;

    acta_error_set(&error, status, "%s", text);
    done(user, status, NULL, &error);
}

void
acta_call_async(
    acta_runtime *runtime, acta_pid to, acta_message *request, uint32_t timeout_ms, acta_done done, void *user)
{
    acta_from from;

    if (request == NULL) {
        refuse_async(ACTA_NO_MEMORY, "no memory for the request", done, user);
        return;
    }
    /* relaxed: as in check_call. */
    bool stopping = atomic_load_explicit(&runtime->is_stopping, memory_order_relaxed);
    acti_call *call = stopping ? NULL : acti_call_begin(runtime, ACTI_CALL_DONE, &from);
    if (call == NULL) {
        acta_message_destroy(request);
        refuse_async(stopping ? ACTA_STOPPED : ACTA_NO_MEMORY,
            stopping ? "the runtime is stopping" : "no memory for the call", done, user);
        return;
    }
    call->done = done;
    call->user = user;
    set_timeout(call, timeout_ms);
    acti_call_send(call, to, ACTI_REQUEST, request, from);
}

acti_call *
acti_call_begin_request(acti_actor *self, uint32_t timeout_ms, acta_from *from_out)
{
    acti_call *call = acti_call_begin(self->runtime, ACTI_CALL_ACTOR, from_out);

    if (call == NULL) return NULL;
    call->ref = acti_ref_add(self, ACTI_REF_REQUEST, call, from_out->b);
    if (call->ref.value == 0) {
        acti_call_release(call);
        return NULL;
    }
    call->requester = acti_pid_of(self);
    set_timeout(call, timeout_ms);
    return call;
}

static acta_status
request_of(acti_actor *self, acta_pid to, acti_kind kind, acta_message *request, uint32_t timeout_ms, acta_ref *ref_out)
{
    acta_from from;

    acti_call *call = request != NULL ? acti_call_begin_request(self, timeout_ms, &from) : NULL;
    if (call == NULL) {
        acta_message_destroy(request);
        return ACTA_NO_MEMORY;
    }

    *ref_out = call->ref;
    acti_call_send(call, to, kind, request, from);
    return ACTA_OK;
}

acta_status
acta_request(acta_self *self, acta_pid to, acta_message *request, uint32_t timeout_ms, acta_ref *ref_out)
{
    return request_of(self, to, ACTI_REQUEST, request, timeout_ms, ref_out);
}

acta_status
acti_request_system(acti_actor *self, acta_pid to, acta_message *request, uint32_t timeout_ms, acta_ref *ref_out)
{
    return request_of(self, to, ACTI_SYSTEM, request, timeout_ms, ref_out);
}

void
acta_runtime_set_helper(acta_runtime *runtime, bool (*help)(void *user), void *user)
{
    runtime->help = help;
    runtime->help_user = user;
}
