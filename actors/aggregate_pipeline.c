/*
 * Pipeline: the appends of an aggregate that are under way, and the answers that wait for them.
 *
 *     actor --submit--> [append 1] [append 2] [append 3]            completions, in this order, on whoever commits
 *                            ^          ^         ^ last
 *                         waiters    waiters   waiters              answers that rest on it and have no append of their own
 *
 *     durable: answer it and its waiters, count - 1
 *     failed:  it and its waiters go to `failed`, and from there back to the actor, which executes them again; the actor
 *              counts them down. If the actor has ended they are answered ACTA_NOPROC, which is: nothing was done, ask
 *              again (dispatch does)
 *
 * `waiters` is a stack that is closed once: whoever finds it closed knows how the append ended.
 *
 * An append may outlive its actor (a failure in another command). When it becomes durable then, a new incarnation may have
 * read the stream before; it is told (STALE) before the append's caller is, so that nobody who was told of an append ever
 * sees a state without it.
 */
#include "aggregate_actor.h"
#include "stages.h"
#include "span.h"

#define CLOSED_DURABLE ((acti_command *)(uintptr_t)1)
#define CLOSED_FAILED  ((acti_command *)(uintptr_t)2)

acti_pipeline *
acti_pipeline_create(acta_app *app, acta_pid pid)
{
    acti_pipeline *pipeline = acti_spare_alloc(app, sizeof *pipeline);
    if (pipeline == NULL) return NULL;

    atomic_init(&pipeline->word, ACTI_PIPELINE_OWNED);
    atomic_init(&pipeline->failed, NULL);
    pipeline->app = app;
    pipeline->pid = pid;
    return pipeline;
}

static void
pipeline_free(acti_pipeline *pipeline)
{
    acti_spare_free(pipeline->app, pipeline, sizeof *pipeline);
}

uint64_t
acti_pipeline_count(const acti_pipeline *pipeline)
{
    /* Acquire: 0 means that all completions are through, and what they did is seen. */
    return atomic_load_explicit(&pipeline->word, memory_order_acquire) & ACTI_PIPELINE_COUNT;
}

static acta_status
wake_actor(const acta_app *app, acta_pid pid)
{
    return acta_send(app->runtime, pid, acta_message_create(app->runtime, ACTI_TAG_WAKE, 0));
}

void
acti_pipeline_leave(acti_pipeline *pipeline)
{
    const acta_app *app = pipeline->app; /* whoever is last frees it: not to be touched once we have left */
    acta_pid pid = pipeline->pid;
    uint64_t word = atomic_load_explicit(&pipeline->word, memory_order_relaxed), next;
    bool wake;

    do {
        wake = (word & ACTI_PIPELINE_COUNT) == 1 && (word & ACTI_PIPELINE_WANTED) != 0;
        next = word - 1;
        if (wake) next &= ~ACTI_PIPELINE_WANTED;
        /* acq_rel: the last one to leave frees it, after everybody's use. */
    } while (!atomic_compare_exchange_weak_explicit(
        &pipeline->word, &word, next, memory_order_acq_rel, memory_order_relaxed));
    if (next == 0)
        pipeline_free(pipeline);
    else if (wake || ACTA_SIM_CHANCE(&app->environment, "aggregate.woken.for.nothing", 25))
        wake_actor(app, pid);
}

bool
acti_pipeline_drained_or_wake(acti_pipeline *pipeline)
{
    uint64_t word = atomic_load_explicit(&pipeline->word, memory_order_relaxed);

    while ((word & ACTI_PIPELINE_COUNT) != 0) {
        /* acq_rel: who takes the count to 0 after this sees WANTED. */
        if (atomic_compare_exchange_weak_explicit(
                &pipeline->word, &word, word | ACTI_PIPELINE_WANTED, memory_order_acq_rel, memory_order_relaxed))
            return false;
    }
    return acti_pipeline_count(pipeline) == 0;
}

static void
enter(acti_pipeline *pipeline)
{
    atomic_fetch_add_explicit(&pipeline->word, 1, memory_order_relaxed); /* the actor's own thread; submit publishes */
}

/* -- failed appends -- */

acti_command *
acti_pipeline_take_failed(acti_pipeline *pipeline)
{
    acti_command *oldest = NULL;
    if (atomic_load_explicit(&pipeline->failed, memory_order_relaxed) == NULL) return NULL;

    /* seq_cst: see push_failed. */
    acti_command *newest = atomic_exchange_explicit(&pipeline->failed, NULL, memory_order_seq_cst);
    while (newest != NULL) {
        acti_command *before = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = before;
    }
    return oldest;
}

/* Nobody is left to execute it again. Is it the dispatcher's turn (nothing was done), or is the answer final? */
static acta_status
orphan_status(acta_status status)
{
    return status == ACTA_CONFLICT || status == ACTA_ALREADY_EXISTS ? ACTA_NOPROC : status;
}

static void
answer_orphan(acti_command *command, acta_status status, const acta_error *error)
{
    acti_command_set_answer(command, orphan_status(status), command->version, error);
    acti_command_answer(command);
    acti_command_unref(command);
}

static void
answer_orphans(acti_pipeline *pipeline)
{
    for (acti_command *command = acti_pipeline_take_failed(pipeline), *next; command != NULL; command = next) {
        acti_command *waiter = command->rest, *after;
        acta_status status = command->status;
        acta_error error;
        next = command->next;
        if (command->error != NULL)
            error = *command->error;
        else
            acta_error_set(&error, status, NULL);
        answer_orphan(command, status, &error); /* it may be on its way to the next incarnation from here on */
        for (; waiter != NULL; waiter = after) {
            after = waiter->next;
            answer_orphan(waiter, status, &error);
        }
        acti_pipeline_leave(pipeline);
    }
}

static void
push_failed(acti_pipeline *pipeline, acti_command *command)
{
    acti_command *first = atomic_load_explicit(&pipeline->failed, memory_order_relaxed);

    do {
        command->next = first;
        /* seq_cst: we push and then look whether the actor has ended; it says that it has, and then takes what is
         * there. In one order at least one of the two finds the command. */
    } while (!atomic_compare_exchange_weak_explicit(
        &pipeline->failed, &first, command, memory_order_seq_cst, memory_order_relaxed));
}

static void
hand_back(acti_pipeline *pipeline, acti_command *command)
{
    acta_status status = ACTA_NOPROC;

    enter(pipeline); /* the command's own count is the actor's to take off from the push on */
    push_failed(pipeline, command);
    if ((atomic_load_explicit(&pipeline->word, memory_order_seq_cst) & ACTI_PIPELINE_OWNED) != 0)
        status = wake_actor(pipeline->app, pipeline->pid);
    /* BUSY: it has messages, and looks at `failed` with each of them. */
    if (status == ACTA_NOPROC || status == ACTA_STOPPED) answer_orphans(pipeline);
    acti_pipeline_leave(pipeline);
}

void
acti_pipeline_abandon(acti_pipeline *pipeline)
{
    enter(pipeline); /* it lives until we are through */
    atomic_fetch_and_explicit(
        &pipeline->word, ~(ACTI_PIPELINE_OWNED | ACTI_PIPELINE_WANTED), memory_order_seq_cst); /* see push_failed */
    answer_orphans(pipeline);
    acti_pipeline_leave(pipeline);
}

/* -- completions -- */

static acti_command *
close_waiters(acti_command *command, acti_command *how)
{
    acti_command *oldest = NULL;
    /* acq_rel: acquire the waiters' answers; release how this one ended, to those who find it closed. */
    acti_command *newest = atomic_exchange_explicit(&command->waiters, how, memory_order_acq_rel);

    while (newest != NULL) {
        acti_command *before = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = before;
    }
    return oldest;
}

/* A twin (the same command id) waits for the answer itself, all others with an answer of their own. */
static void
answer_waiters(const acti_command *command, acti_command *waiter)
{
    for (acti_command *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        if (waiter->status == ACTA_OK && waiter->twin) {
            acti_command_set_answer(waiter, command->status, command->version, command->error);
            waiter->position = command->position;
        }
        acti_command_answer(waiter);
        acti_command_unref(waiter);
    }
}

static void
warn_successor(const acti_pipeline *pipeline, acta_str stream)
{
    acta_runtime *runtime = pipeline->app->runtime;
    acta_pid successor = acta_whereis(runtime, stream);
    if (successor.value == 0) return; /* one that comes later reads this append */

    acta_status status = acta_send(runtime, successor, acta_message_create(runtime, ACTI_TAG_STALE, 0));
    if (status != ACTA_BUSY && status != ACTA_NO_MEMORY) return;
    acta_exit_reason reason = { .kind = ACTA_EXIT_KILLED };
    acta_exit(runtime, (acta_pid){ 0 }, successor, &reason); /* can't be told: then the next one reads it */
}

static void
append_is_durable(acti_command *command, const acta_commit_result *result)
{
    acti_pipeline *pipeline = command->pipeline;

    if (result->last_position != 0) {
        command->version = result->version;
        command->position = result->last_position;
    }
    acti_stages_durable(command, result);
    if (command->trace != NULL) acti_trace_durable(command, result);
    if (!acta_is_alive(pipeline->app->runtime, pipeline->pid) && !ACTA_PLANT("successor_not_warned"))
        warn_successor(pipeline, command->stream);
    ACTA_CRASH_POINT("aggregate_before_reply");
    acti_command_answer(command);
    answer_waiters(command, close_waiters(command, CLOSED_DURABLE));
    if (command->brings_snapshot) /* who can't be told takes the next one */
        acta_send(
            pipeline->app->runtime, pipeline->pid, acta_message_create(pipeline->app->runtime, ACTI_TAG_SNAPSHOT, 0));
    acti_pipeline_leave(pipeline);
    acti_command_unref(command);
}

static void
append_has_ended(void *user, const acta_commit_result *result)
{
    acti_command *command = user;

    if (result->status == ACTA_OK || ACTA_PLANT("failed_append_accepted")) {
        append_is_durable(command, result);
        return;
    }
    acti_command_set_answer(command, result->status, command->version, &result->error);
    command->rest = close_waiters(command, CLOSED_FAILED);
    hand_back(command->pipeline, command); /* with our reference */
}

/* The application is gone: what is answered here reaches no caller, and lets go of what waits for it. */
static void
drop_append(void *user)
{
    acti_command *command = user;

    for (acti_command *waiter = close_waiters(command, CLOSED_FAILED), *next; waiter != NULL; waiter = next) {
        next = waiter->next;
        answer_orphan(waiter, ACTA_STOPPED, NULL);
    }
    acti_pipeline_leave(command->pipeline);
    answer_orphan(command, ACTA_STOPPED, NULL);
}

static acta_status
submit(acti_aggregate_actor *a, acta_transaction *transaction, acta_commit_done done, void (*drop)(void *user),
    void *user, acta_error *error)
{
    if (a->work->session == 0) {
        a->work->session = acta_store_session(a->app->store);
        a->work->sequence = 0;
    }
    acta_transaction_session(transaction, a->work->session, a->work->sequence + 1);
    enter(a->work->pipeline);
    acta_status status = acti_submit_transaction(a->app, transaction, done, drop, user, error);
    if (status != ACTA_OK) {
        acti_pipeline_leave(a->work->pipeline);
        return status;
    }
    a->work->sequence++;
    ACTA_CRASH_POINT("aggregate_after_submit");
    return ACTA_OK;
}

acta_status
acti_pipeline_submit(acti_aggregate_actor *a, acti_command *command, acta_transaction *transaction, acta_error *error)
{
    command->pipeline = a->work->pipeline;
    atomic_store_explicit(&command->waiters, NULL, memory_order_relaxed); /* submit publishes it */
    command->rest = NULL;
    acti_command_ref(command);
    acta_hand_over(a->self, command->from);
    command->handed_over = true;
    acta_status status = submit(a, transaction, append_has_ended, drop_append, command, error);
    if (status != ACTA_OK) {
        acti_command_unref(command);
        return status;
    }
    acti_command_unref(a->work->last);
    a->work->last = acti_command_ref(command);
    return ACTA_OK;
}

static void
end_aside(acti_pipeline *pipeline)
{
    /* Relaxed: says only that another one may come; leave orders the rest. */
    atomic_fetch_and_explicit(&pipeline->word, ~ACTI_PIPELINE_ASIDE, memory_order_relaxed);
    acti_pipeline_leave(pipeline);
}

static void
aside_has_ended(void *user, const acta_commit_result *result)
{
    (void)result; /* if it failed so do those behind it, and these are heard of */
    end_aside(user);
}

static void
drop_aside(void *user)
{
    end_aside(user);
}

acta_status
acti_pipeline_submit_aside(acti_aggregate_actor *a, acta_transaction *transaction, acta_error *error)
{
    /* Relaxed, here and below: the actor's own thread; submit publishes it. */
    atomic_fetch_or_explicit(&a->work->pipeline->word, ACTI_PIPELINE_ASIDE, memory_order_relaxed);
    acta_status status = submit(a, transaction, aside_has_ended, drop_aside, a->work->pipeline, error);
    if (status != ACTA_OK)
        atomic_fetch_and_explicit(&a->work->pipeline->word, ~ACTI_PIPELINE_ASIDE, memory_order_relaxed);
    return status;
}

bool
acti_pipeline_has_aside(const acti_pipeline *pipeline)
{
    return (atomic_load_explicit(&pipeline->word, memory_order_relaxed) & ACTI_PIPELINE_ASIDE) != 0;
}

acti_attached
acti_pipeline_attach_to(acti_aggregate_actor *a, acti_command *append, acti_command *command)
{
    /* Acquire: how it ended, if it has. */
    acti_command *first = atomic_load_explicit(&append->waiters, memory_order_acquire);

    acti_command_ref(command);
    acta_from from = command->from;
    bool before = command->handed_over;
    command->handed_over = true; /* while it is ours */
    do {
        if (first == CLOSED_DURABLE || first == CLOSED_FAILED) {
            command->handed_over = before;
            acti_command_unref(command);
            return first == CLOSED_DURABLE ? ACTI_DURABLE : ACTI_BROKEN;
        }
        command->next = first;
        /* Release: the answer; pairs with close_waiters. From here on it is the completion's. */
    } while (!atomic_compare_exchange_weak_explicit(
        &append->waiters, &first, command, memory_order_acq_rel, memory_order_acquire));
    acta_hand_over(a->self, from);
    return ACTI_ATTACHED;
}

acti_attached
acti_pipeline_attach(acti_aggregate_actor *a, acti_command *command)
{
    return a->work->last == NULL || ACTA_PLANT("answer_before_append")
               ? ACTI_DURABLE
               : acti_pipeline_attach_to(a, a->work->last, command);
}

bool
acti_pipeline_has_ended(const acti_command *append)
{
    /* Acquire: and how it ended. */
    const acti_command *first = atomic_load_explicit(&append->waiters, memory_order_acquire);
    return first == CLOSED_DURABLE || first == CLOSED_FAILED;
}
