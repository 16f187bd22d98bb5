/*
 * Request groups: an outside thread's many calls, answered into one row.
 *
 *     members: [call, label] [call, label] [free] …          each call knows its place
 *     done:    call -> call -> call                          in the order answered; linked by their nodes
 *
 * Whoever answers a call (any thread) has taken it, puts it into the row under the lock, and counts `signal` up, which
 * the waiting thread sleeps on. To abandon a call is to take it first. One that was taken by its answerer is waited for:
 * it is a few instructions away from the row. So no answerer touches a group that is gone.
 */
#include "internal.h"

#include "acta/request.h"

typedef struct member {
    acti_call *call; /* NULL: free */
    uint64_t generation, label;
    uint32_t next_free; /* index + 1 */
} member;

struct acta_request_group {
    acta_runtime *runtime;
    uint64_t deadline_ns;
    acta_requests_deadline then;
    member *members;
    uint32_t member_count, capacity, free, count;

    acti_mutex lock;
    acti_node *done_first, *done_last;
    _Atomic uint32_t signal; /* a futex: answers so far; written under the lock */
};

acta_status
acta_request_group_create(acta_runtime *runtime, acta_request_group **group_out, acta_error *error)
{
    acta_request_group *group = acti_alloc(runtime, sizeof *group);

    if (group != NULL) {
        memset(group, 0, sizeof *group);
        group->runtime = runtime;
        group->deadline_ns = UINT64_MAX;
        if (acti_mutex_init(&group->lock)) {
            *group_out = group;
            return ACTA_OK;
        }
        acti_free(runtime, group, sizeof *group);
    }
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a group of requests");
}

/* -- members: the using thread alone -- */

static uint32_t
take_place(acta_request_group *group)
{
    if (group->free != 0) {
        uint32_t index = group->free - 1;
        group->free = group->members[index].next_free;
        return index;
    }
    if (group->member_count == group->capacity &&
        !acti_array_grow(group->runtime, (void **)&group->members, &group->capacity, 16, sizeof *group->members))
        return UINT32_MAX;
    return group->member_count++;
}

static void
leave_place(acta_request_group *group, uint32_t index)
{
    group->members[index].call = NULL;
    group->members[index].next_free = group->free;
    group->free = index + 1;
    group->count--;
}

acta_status
acta_request_group_send(acta_request_group *group, acta_pid to, acta_message *request, uint64_t label)
{
    acta_from from;
    uint32_t index = request != NULL ? take_place(group) : UINT32_MAX;
    acti_call *call = index != UINT32_MAX ? acti_call_begin(group->runtime, ACTI_CALL_GROUP, &from) : NULL;

    if (call == NULL) {
        if (index != UINT32_MAX) {
            group->count++;
            leave_place(group, index);
        }
        acta_message_destroy(request);
        return ACTA_NO_MEMORY;
    }
    call->user = group;
    call->requester.value = index;
    group->members[index] = (member){ .call = call, .generation = from.b, .label = label };
    group->count++;
    acti_call_send(call, to, ACTI_REQUEST, request, from);
    return ACTA_OK;
}

void
acta_request_group_set_deadline(acta_request_group *group, uint32_t timeout_ms, acta_requests_deadline then)
{
    group->deadline_ns =
        timeout_ms == ACTA_INFINITE ? UINT64_MAX : acti_now_ns(group->runtime) + timeout_ms * UINT64_C(1000000);
    group->then = then;
}

uint32_t
acta_request_group_count(const acta_request_group *group)
{
    return group->count;
}

/* -- answers -- */

/* By whoever took the call. The group may be gone once the lock is free: but for the address that is woken. */
void
acti_group_complete(acti_call *call)
{
    acta_request_group *group = call->user;
    _Atomic uint32_t *signal = &group->signal;

    atomic_store_explicit(&call->node.next, NULL, memory_order_relaxed); /* under the lock from here on */
    acti_mutex_lock(&group->lock);
    if (group->done_last != NULL)
        atomic_store_explicit(&group->done_last->next, &call->node, memory_order_relaxed);
    else
        group->done_first = &call->node;
    group->done_last = &call->node;
    atomic_fetch_add_explicit(signal, 1, memory_order_relaxed); /* the lock orders it */
    acti_mutex_unlock(&group->lock);
    acti_futex_wake(signal);
}

/* The first in the row; NULL: none. `signal_out` is what to sleep on until there may be another. */
static acti_call *
take_done(acta_request_group *group, uint32_t *signal_out)
{
    acti_mutex_lock(&group->lock);
    acti_node *node = group->done_first;
    if (node != NULL) {
        group->done_first = atomic_load_explicit(&node->next, memory_order_relaxed); /* under the lock */
        if (group->done_first == NULL) group->done_last = NULL;
    }
    *signal_out = atomic_load_explicit(&group->signal, memory_order_relaxed);
    acti_mutex_unlock(&group->lock);
    return node != NULL ? ACTI_CONTAINER(node, acti_call, node) : NULL;
}

static void
give_answer(acta_request_group *group, acti_call *call, acta_request_answer *answer_out)
{
    uint32_t index = (uint32_t)call->requester.value;

    answer_out->label = group->members[index].label;
    answer_out->status = call->status;
    answer_out->reply = call->reply;
    if (call->status != ACTA_OK) {
        if (call->error != NULL)
            answer_out->error = *call->error;
        else
            acta_error_set(&answer_out->error, call->status, NULL);
    }
    call->reply = NULL;
    leave_place(group, index);
    acti_call_release(call);
}

void
acta_request_group_abandon(acta_request_group *group)
{
    acti_call *call;
    uint32_t signal;

    for (uint32_t i = 0; i < group->member_count; i++) {
        member *m = &group->members[i];
        if (m->call == NULL || !acti_call_abandon(m->call, m->generation)) continue;
        acti_call_release(m->call);
        leave_place(group, i);
    }
    while (group->count > 0) { /* answered, or being answered this moment */
        call = take_done(group, &signal);
        if (call == NULL) {
            acti_thread_yield();
            continue;
        }
        acta_request_answer answer;
        give_answer(group, call, &answer);
        acta_message_destroy(answer.reply);
    }
}

/* -- waiting -- */

/* Until something may have come, or the deadline. False: a manual runtime has nothing to do. */
static bool
wait_a_while(acta_request_group *group, uint32_t signal, uint64_t left_ns)
{
    acta_runtime *runtime = group->runtime;

    if (!runtime->is_manual) {
        acti_futex_wait(&group->signal, signal, left_ns);
        return true;
    }
    return acta_runtime_step(runtime) || (runtime->driver.idle != NULL && runtime->driver.idle(runtime->driver.user));
}

static acta_status
time_is_up(acta_request_group *group, bool is_groups, acta_error *error)
{
    uint32_t count = group->count;

    if (is_groups) {
        group->deadline_ns = UINT64_MAX;
        if (group->then == ACTA_REQUESTS_ABANDON) acta_request_group_abandon(group);
    }
    return acta_error_set(error, ACTA_TIMEOUT, "%u requests were not answered in time", count);
}

acta_status
acta_request_group_wait(
    acta_request_group *group, uint32_t timeout_ms, acta_request_answer *answer_out, acta_error *error)
{
    acta_runtime *runtime = group->runtime;
    acti_context *here = acti_context_here(runtime);
    uint64_t deadline_ns = UINT64_MAX;
    uint32_t signal;

    if (here != NULL && here->actor != NULL)
        return acta_error_set(
            error, ACTA_CALLING_SELF, "cannot wait inside actor '%s': use acta_requests", here->actor->behaviour->name);
    if (timeout_ms != ACTA_INFINITE) deadline_ns = acti_now_ns(runtime) + timeout_ms * UINT64_C(1000000);
    bool is_groups = group->deadline_ns <= deadline_ns;
    if (is_groups) deadline_ns = group->deadline_ns;

    for (;;) {
        acti_call *call = take_done(group, &signal);
        if (call != NULL) {
            give_answer(group, call, answer_out);
            return ACTA_OK;
        }
        if (group->count == 0) return acta_error_set(error, ACTA_NOT_FOUND, "no request is left to wait for");
        uint64_t now_ns = acti_now_ns(runtime);
        if (now_ns >= deadline_ns) return time_is_up(group, is_groups, error);
        if (!wait_a_while(group, signal, deadline_ns == UINT64_MAX ? UINT64_MAX : deadline_ns - now_ns))
            return time_is_up(group, is_groups && deadline_ns != UINT64_MAX, error);
    }
}

void
acta_request_group_destroy(acta_request_group *group)
{
    if (group == NULL) return;
    acta_request_group_abandon(group);
    acta_runtime *runtime = group->runtime;
    acti_free(runtime, group->members, group->capacity * sizeof *group->members);
    acti_mutex_deinit(&group->lock);
    acti_free(runtime, group, sizeof *group);
}
