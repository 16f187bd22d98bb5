/*
 * Aggregate: the actor. Takes commands in the order they came, and those whose append failed once more.
 *
 *     call --> kept: (command) (command) …  --one at a time, in READY-->  execute --> [apply, submit] | rejection | nothing
 *                 ^                                                                         |
 *                 +------------- those whose append failed, in their old places <-----------+
 *
 * An outside caller may run this actor's turn on its own thread; then a durable command takes no switch of threads.
 *
 * Not here: deciding (aggregate_execute.c), reading the state (aggregate_rehydrate.c), what is under way
 * (aggregate_pipeline.c), ids (aggregate_ids.c), and what it has only while it is at work (aggregate_work.c).
 */
#include "aggregate_actor.h"

#include "counters.h"
#include "inline.h"

void
acti_aggregate_break_state(acti_aggregate_actor *a)
{
    a->phase = ACTI_DRAINING;
    a->work->session = 0;
    acti_command_unref(a->work->last);
    a->work->last = NULL;
    acti_seen_ids_clear(a);
    acti_inline_forget(a);
}

/* The first that is kept. The user's lifespan is asked when the command is out of our hands: it may fail the actor. */
static void
run_first(acti_aggregate_actor *a)
{
    acti_command *command = acti_command_list_take(&a->work->kept);
    acta_envelope envelope = command->envelope;
    uint32_t number = command->number;

    a->work->executing = command; /* the list's reference: a handler that fails leaves it to terminate */
    bool is_decided = acti_aggregate_execute(a, command);
    a->work->executing = NULL;
    acti_command_unref(command);
    if (is_decided) acti_lifespan_note(a, number, &envelope);
}

/* -- what failed -- */

static bool
may_succeed_again(acta_status status)
{
    return status == ACTA_CONFLICT || status == ACTA_ALREADY_EXISTS;
}

static void
answer_too_often(acti_aggregate_actor *a, acti_command *command)
{
    acta_error error;

    acta_error_set(&error, ACTA_CONFLICT,
        "'" ACTA_FMT "' was changed by another writer each of the %" PRIu32
        " times that the command was decided; try again",
        ACTA_ARG(a->stream), command->attempts);
    error.retriable = true;
    if (command->error != NULL) error.actual_version = command->error->actual_version;
    acti_command_answer_with(command, ACTA_CONFLICT, &error);
}

/* A command whose append failed, or that waited with one that did. Takes the reference. */
static void
take_back(
    acti_aggregate_actor *a, acti_command *command, acta_status status, const acta_error *error, acti_command **hint)
{
    command->fresh = false; /* its twin may be what it failed on */
    if (!may_succeed_again(status))
        acti_command_answer_with(command, status, error);
    else if (command->attempts > a->app->conflict_retry_max)
        answer_too_often(a, command);
    else {
        ACTA_SOMETIMES(&a->app->environment, "command.decided.again");
        acti_count(a->app, ACTI_COUNT_DECIDED_AGAIN);
        acti_command_list_insert(&a->work->kept, command, hint);
        return;
    }
    acti_command_unref(command);
}

static void
collect_failed(acti_aggregate_actor *a)
{
    acti_command *hint = NULL;
    acti_command *failed = acti_pipeline_take_failed(a->work->pipeline);
    if (failed == NULL) return;

    /* The first of a session failed on its own; those behind it only because of it. */
    if (a->phase == ACTI_READY) failed->attempts++;
    if (a->phase == ACTI_READY && may_succeed_again(failed->status)) acti_count(a->app, ACTI_COUNT_CONFLICTS);
    for (acti_command *command = failed, *next; command != NULL; command = next) {
        acta_status status = command->status;
        next = command->next;
        if (!may_succeed_again(status)) a->fatal = true;
        take_back(a, acti_command_ref(command), status, command->error, &hint);
        for (acti_command *waiter = command->rest, *after; waiter != NULL; waiter = after) {
            after = waiter->next;
            take_back(a, waiter, status, command->error, &hint);
        }
        command->rest = NULL;
        acti_command_unref(command); /* the completion's reference */
        acti_pipeline_leave(a->work->pipeline);
    }
    if (a->phase != ACTI_READY) return;
    if (ACTA_PLANT("state_kept_after_failure"))
        a->work->session = 0;
    else
        acti_aggregate_break_state(a);
}

/* -- steps -- */

static void
give_permit_back(acti_aggregate_actor *a)
{
    if (a->work->has_permit) acti_gate_release(a->app, acta_self_pid(a->self));
    a->work->has_permit = a->work->may_be_long = false;
}

static void
answer_kept(acti_aggregate_actor *a, acta_status status, const acta_error *error)
{
    for (acti_command *command; (command = acti_command_list_take(&a->work->kept)) != NULL;) {
        acti_command_answer_with(command, status, error);
        acti_command_unref(command);
    }
}

static void
rehydrate_step(acti_aggregate_actor *a)
{
    acta_error error;
    bool done;
    acta_status status = acti_rehydrate(a, &done, &error);

    if (status != ACTA_OK) {
        give_permit_back(a);
        answer_kept(a, status, &error);
        a->phase = ACTI_COLD;
        return;
    }
    if (!done && !a->work->may_be_long) {
        if (acti_gate_ask(a->app, a->self, &a->work->permit_ref) == ACTA_OK)
            a->phase = ACTI_WAITING;
        else
            a->work->may_be_long = true; /* without a permit: better than never */
    }
    if (!done) return;
    give_permit_back(a);
    if (a->version > 0) acti_count(a->app, ACTI_COUNT_REHYDRATIONS);
    a->phase = ACTI_READY;
}

/* Somebody was forgotten since the state was begun, which may hold what he has been. */
static bool
knows_forgotten(const acti_aggregate_actor *a)
{
    return a->version > 0 && a->forget_count != acti_forget_count(a->app);
}

/* Has somebody else appended to the stream, as far as the store knows now? Then the state is read again. */
static bool
knows_outside(acti_aggregate_actor *a)
{
    uint64_t count = acta_store_outside_count(a->app->store), version;

    if (count == a->outside_count || ACTA_PLANT("others_not_seen")) return false;
    bool is_drained = acti_pipeline_count(a->work->pipeline) == 0;
    if (!is_drained && count == a->work->outside_looked) return false;
    if (acta_store_version(a->app->store, a->stream, &version, NULL) != ACTA_OK) return true;
    a->work->outside_looked = count;
    /* Events under way find out by themselves: they are refused. What is none may be durable already. */
    if (!is_drained) return version > a->version;
    if (version < a->version) {
        acta_log_event(&a->app->environment, ACTA_LOG_ERROR, "aggregate.stream_fell",
            ACTA_LOG_FIELDS(acta_log_text("stream", a->stream), acta_log_number("version", version),
                acta_log_number("expected", a->version)),
            "'" ACTA_FMT "' is at version %" PRIu64 " in the store, and was at %" PRIu64 " here: the aggregate stops",
            ACTA_ARG(a->stream), version, a->version);
        acta_set_exit_reason(a->self, ACTA_EXIT_FAILED, "its stream has fallen from version %" PRIu64 " to %" PRIu64,
            a->version, version);
        a->ends = true;
        return false;
    }
    a->outside_count = count;
    return version != a->version;
}

/* One step on. False: there is nothing to do until a message comes. */
static bool
step(acti_aggregate_actor *a)
{
    collect_failed(a);
    switch (a->phase) {
    case ACTI_COLD:
        if (a->work->kept.first == NULL) return false;
        a->phase = ACTI_REHYDRATING;
        return true;
    case ACTI_REHYDRATING:
        rehydrate_step(a);
        return true;
    case ACTI_READY:
        if (a->work->kept.first == NULL) return false;
        if (knows_outside(a)) {
            ACTA_SOMETIMES(&a->app->environment, "aggregate.saw.foreign.append");
            acti_aggregate_break_state(a);
            return true;
        }
        if (a->ends) return false;
        if (knows_forgotten(a) || ACTA_SIM_CHANCE(&a->app->environment, "aggregate.state.forgotten", 25)) {
            acti_aggregate_break_state(a);
            return true;
        }
        run_first(a);
        return true;
    case ACTI_DRAINING:
        if (!acti_pipeline_drained_or_wake(a->work->pipeline)) return false;
        collect_failed(a); /* of the last one that left */
        ACTA_SOMETIMES(&a->app->environment, "aggregate.read.again");
        acti_aggregate_forget_state(a);
        a->phase = ACTI_COLD;
        return true;
    case ACTI_WAITING:
        return false;
    }
    return false;
}

enum { STEPS_AT_ONCE = 4 }; /* a short rehydration and the command, without going through the scheduler */

static acta_next
go_on(acti_aggregate_actor *a)
{
    for (uint32_t i = 0; i < STEPS_AT_ONCE; i++) {
        if (!step(a)) {
            acti_budget_note(a);
            acti_lifespan_rest(a);
            return a->ends || (a->fatal && a->phase == ACTI_COLD) ? ACTA_STOP : ACTA_NEXT;
        }
        if (a->phase == ACTI_REHYDRATING && a->begun) break; /* there is more to read: others first */
    }
    return ACTA_NEXT_CONTINUE;
}

/* -- callbacks -- */

static acta_status
aggregate_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    acti_aggregate_actor *a = state;
    const acti_aggregate_argument *given = argument;
    char *stream = acti_alloc(given->app, given->stream.size);

    a->app = given->app;
    a->aggregate = given->aggregate;
    a->self = self;
    if (stream != NULL) {
        memcpy(stream, given->stream.data, given->stream.size);
        a->stream = acta_str_from(stream, given->stream.size);
    }
    if (stream == NULL || !acti_work_begin(a))
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for '" ACTA_FMT "'", ACTA_ARG(given->stream));
    acti_lifespan_begin(a);
    acti_budget_join(a);
    acti_count(a->app, ACTI_COUNT_STARTED);
    return ACTA_OK;
}

static acta_next
aggregate_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    acti_aggregate_actor *a = state;
    acti_command *command;
    (void)self;

    memcpy(&command, message->payload, sizeof command);
    command->from = from;
    command->handed_over = false;
    if (!acti_work_begin(a)) {
        acti_command_answer_with(command, ACTA_NO_MEMORY, NULL);
        return ACTA_NEXT;
    }
    command->order = ++a->work->order;
    acti_command_list_append(&a->work->kept, acti_command_ref(command));
    if (ACTA_SIM_CHANCE(&a->app->environment, "aggregate.ends.before.command", 10)) return ACTA_STOP;
    return go_on(a);
}

static acta_next
aggregate_cast(acta_self *self, void *state, acta_message *message)
{
    acti_aggregate_actor *a = state;
    (void)self;

    if (message->tag == ACTI_TAG_PASSIVATE) {
        a->stops = true;
        acti_lifespan_rest(a);
        return ACTA_NEXT; /* it was not used */
    }
    if (!acti_work_begin(a)) return ACTA_STOP; /* it holds nothing, and the next one reads what this one can't */
    if (message->tag == ACTI_TAG_SNAPSHOT) acti_snapshot_take(a);
    if (message->tag == ACTI_TAG_STALE) {
        ACTA_SOMETIMES(&a->app->environment, "aggregate.told.stale");
        if (a->phase == ACTI_READY)
            acti_aggregate_break_state(a);
        else if (a->phase == ACTI_REHYDRATING || a->phase == ACTI_WAITING)
            acti_aggregate_forget_state(a); /* begins again */
    }
    return go_on(a);
}

static acta_next
aggregate_info(acta_self *self, void *state, const acta_info *info)
{
    acti_aggregate_actor *a = state;

    if (info->kind == ACTA_INFO_REPLY && a->phase == ACTI_WAITING && acta_ref_equal(info->ref, a->work->permit_ref)) {
        a->work->has_permit = info->status == ACTA_OK;
        a->work->may_be_long = true; /* a gate that is not there keeps nobody out */
        a->phase = ACTI_REHYDRATING;
        return go_on(a);
    }
    if (info->kind != ACTA_INFO_TIMEOUT) return ACTA_NEXT;
    if (a->work != NULL) {
        collect_failed(a);
        if (a->work->kept.first != NULL || !acti_pipeline_drained_or_wake(a->work->pipeline)) {
            acti_look_later(a->app, a->self, a->idle_ms);
            return go_on(a);
        }
    }
    if (acti_lifespan_goes_on(a)) return ACTA_NEXT;
    /* A command that comes now finds nobody under the name, and starts the next incarnation; one that is in the mailbox
     * is refused unseen, and its dispatcher does the same. */
    ACTA_SOMETIMES(&a->app->environment, "aggregate.passivated");
    acti_count(a->app, ACTI_COUNT_PASSIVATED);
    acta_unregister(acta_self_runtime(self), a->stream);
    return ACTA_STOP;
}

static acta_next
aggregate_continue(acta_self *self, void *state)
{
    (void)self;
    return go_on(state);
}

/* What was not executed is asked again. */
static void
aggregate_terminate(acta_self *self, void *state, const acta_exit_reason *reason)
{
    acti_aggregate_actor *a = state;
    (void)self;
    (void)reason;

    if (a->work == NULL) return;
    answer_kept(a, ACTA_NOPROC, NULL);
    give_permit_back(a);
}

/* The runtime has answered it, unless an append had it that failed: nobody else does any more. */
static void
let_go(acti_command *command)
{
    if (command != NULL && command->handed_over && !ACTA_PLANT("retry_dies_with_actor"))
        acti_command_answer_with(command, ACTA_FAILED, NULL);
    acti_command_unref(command);
}

static void
let_work_go(acti_aggregate_actor *a)
{
    acta_transaction_destroy(a->work->transaction);
    a->work->transaction = NULL;
    acta_cursor_close(a->work->cursor);
    let_go(a->work->executing);
    for (acti_command *command; (command = acti_command_list_take(&a->work->kept)) != NULL;)
        let_go(command);
}

/* Nothing that is under way is lost, also when the actor was killed: the completions answer it. What a killed one had kept,
 * and what was in its hand when it failed, is answered: FAILED. */
static void
aggregate_release(void *state)
{
    acti_aggregate_actor *a = state;

    if (a->app == NULL) return;
    acti_budget_leave(a);
    if (a->work != NULL) let_work_go(a);
    acti_work_end(a);
    acta_memory_destroy(a->memory);
    acti_free(a->app, (void *)(uintptr_t)a->stream.data, a->stream.size);
}

const acta_behaviour acti_aggregate_behaviour = {
    .name = "aggregate",
    .state_size = sizeof(acti_aggregate_actor),
    .run_on_caller = true,
    .init = aggregate_init,
    .handle_call = aggregate_call,
    .handle_cast = aggregate_cast,
    .handle_info = aggregate_info,
    .handle_continue = aggregate_continue,
    .terminate = aggregate_terminate,
    .release = aggregate_release,
};

acta_status
acti_aggregate_locate(
    acta_app *app, const acti_aggregate *aggregate, acta_str stream, acta_pid *pid_out, acta_error *error)
{
    *pid_out = acta_whereis(app->runtime, stream);
    if (pid_out->value != 0) return ACTA_OK;

    acti_aggregate_argument argument = { .app = app, .aggregate = aggregate, .stream = stream };
    acta_spawn_options options = { .behaviour = &aggregate->behaviour, .argument = &argument, .name = stream };
    acta_status status = acta_spawn(app->runtime, &options, pid_out, error);
    return status == ACTA_ALREADY_EXISTS ? ACTA_OK : status; /* somebody was faster */
}
