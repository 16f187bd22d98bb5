/*
 * Dispatch: the way of a command to its aggregate.
 *
 *     encode into the command's own block -> find the aggregate by its stream's name, or start it -> call it
 *                                                     ^                                               |
 *                                                     +---- it ended before it saw the command <------+
 *
 * While it waits, the calling thread runs the aggregate's turn and commits its append itself, if nobody else is at it:
 * a durable command alone in the house takes no switch of threads.
 */
#include "command.h"
#include "reader.h"

static acta_status
refuse_unknown(const acta_app *app, const acta_table *command, acta_error *error)
{
    if (command->role != ACTA_TABLE_COMMAND)
        return acta_error_set(error, ACTA_INVALID, "cannot dispatch '%s': it is no command", command->name);
    return acta_error_set(error, ACTA_INVALID,
        "cannot dispatch '%s': its aggregate %s is not part of application '%s'; add it to .aggregates", command->name,
        command->owner != NULL ? command->owner : "", app->name);
}

static void
fill_envelope(acti_command *command, const acta_dispatch_options *options)
{
    static const acta_dispatch_options defaults;
    acta_app *app = command->app;
    acta_envelope *envelope = &command->envelope;

    if (options == NULL) options = &defaults;
    command->recorded = !acta_id_is_none(options->command_id);
    command->expected_version = options->expected_version;
    envelope->command_id = command->recorded ? options->command_id : acti_new_id(app);
    envelope->correlation_id =
        acta_id_is_none(options->correlation_id) ? envelope->command_id : options->correlation_id;
    envelope->causation_id = options->causation_id;
    envelope->dispatched_at_us = acti_wall_us(app);
    uint32_t timeout_ms = options->timeout_ms != 0 ? options->timeout_ms : ACTA_CALL_TIMEOUT_DEFAULT;
    command->deadline_ns = timeout_ms == ACTA_INFINITE ? UINT64_MAX : acti_now_ns(app) + timeout_ms * UINT64_C(1000000);
}

static acta_status
encode(acta_app *app, const acta_table *table, const void *value, const acta_dispatch_options *options,
    acti_command **command_out, acta_error *error)
{
    const acti_route *route = acti_route_find(app, table);
    if (route == NULL) return refuse_unknown(app, table, error);
    if (acti_is_stopping(app))
        return acta_error_set(
            error, ACTA_STOPPED, "cannot dispatch '%s': application '%s' is stopping", table->name, app->name);

    acta_str identity = table->identity(value);
    acta_status status = acti_identity_check(route->aggregate, table, identity, error);
    if (status != ACTA_OK) return status;
    acti_command_sink sink = acti_command_sink_of(app, route->aggregate, identity);
    status = table->write(value, &sink.sink, error);
    if (status != ACTA_OK) {
        acti_command_unref(sink.command);
        return acta_error_prefix(error, status, "cannot dispatch '%s': ", table->name);
    }
    sink.command->number = route->number;
    fill_envelope(sink.command, options);
    if (sink.command->recorded) status = acti_command_digest(sink.command, error);
    if (status != ACTA_OK) {
        acti_command_unref(sink.command);
        return status;
    }
    *command_out = sink.command;
    return ACTA_OK;
}

static const char *
name_of(const acti_command *command)
{
    if (command->ask == ACTI_ASK_READ) return command->aggregate->code->state->name;
    return command->aggregate->code->commands[command->number]->name;
}

static acta_status
set_timeout(const acti_command *command, acta_error *error)
{
    return acta_error_set(error, ACTA_TIMEOUT, "no answer to '%s' for '" ACTA_FMT "' in time%s", name_of(command),
        ACTA_ARG(command->stream), command->ask == ACTI_ASK_READ ? "" : "; it may still take effect");
}

static acta_status
set_no_aggregate(const acti_command *command, acta_error *error)
{
    return acta_error_set(error, ACTA_BUSY, "'" ACTA_FMT "' ended again and again before it saw '%s'; try later",
        ACTA_ARG(command->stream), name_of(command));
}

/* -- and wait -- */

static acta_status
ask_and_wait(acti_command *command, acta_error *error)
{
    acta_app *app = command->app;
    acta_pid pid;

    for (uint32_t tries = 0; tries < ACTI_TRIES_MAX; tries++) {
        uint32_t left_ms = acti_left_ms(app, command->deadline_ns);
        if (left_ms == 0) return set_timeout(command, error);
        acta_status status = acti_aggregate_locate(app, command->aggregate, command->stream, &pid, error);
        if (status != ACTA_OK) return status;

        acta_store_help_begin(app->store);
        status = acta_call(app->runtime, pid, acti_command_message(command), left_ms, NULL, error);
        acta_store_help_end(app->store);
        if (status == ACTA_TIMEOUT) return set_timeout(command, error);
        if (status != ACTA_NOPROC) return status;
    }
    return set_no_aggregate(command, error);
}

/* Unless its answer is still to come, it is under way no more. */
static void
let_go(acti_command *command, acta_status status)
{
    if (status != ACTA_TIMEOUT) acti_command_close(command);
    acti_command_unref(command);
}

acta_status
acta_dispatch(
    acta_app *app, const acta_table *table, const void *value, const acta_dispatch_options *options, acta_error *error)
{
    acti_command *command;
    acta_status status = ACTA_OK;

    if (options != NULL && options->wait_for != NULL) status = acti_wait_for_check(app, options->wait_for, error);
    if (status == ACTA_OK) status = encode(app, table, value, options, &command, error);
    if (status != ACTA_OK) return status;

    status = ask_and_wait(command, error);
    if (status == ACTA_OK && options != NULL) {
        if (options->version_out != NULL) *options->version_out = command->version;
        if (options->position_out != NULL) *options->position_out = command->position;
        if (options->wait_for != NULL && command->position != 0)
            status =
                acti_wait_for(app, options->wait_for, command->stream, command->position, command->deadline_ns, error);
    }
    let_go(command, status);
    return status;
}

/* -- without waiting -- */

enum { TURN_CALLING, TURN_AGAIN, TURN_RETURNED }; /* acti_command.turn */

static void ask_async(acti_command *command);

static void
tell(acti_command *command, acta_status status, const acta_error *error)
{
    acta_dispatch_result result = {
        .status = status, .version = command->version, .position = command->position, .error = error
    };
    acta_error plain;

    if (status != ACTA_OK) {
        result.version = result.position = 0;
        if (status == ACTA_TIMEOUT) set_timeout(command, &plain);
        if (status == ACTA_TIMEOUT) result.error = &plain;
    }
    if (status != ACTA_TIMEOUT) acti_command_close(command);
    /* Relaxed: abandon comes from the one thread of a manual application. */
    if (!atomic_load_explicit(&command->app->abandoned, memory_order_relaxed)) command->done(command->user, &result);
    acti_command_unref(command);
}

/*
 * The aggregate ended before it saw the command: try again, but not from within the call that is still running; that would
 * stack up. Whoever comes second, the call's return or its answer, does it.
 */
static void
try_again(acti_command *command)
{
    /* acq_rel: hands the command from one thread to the other. */
    if (atomic_exchange_explicit(&command->turn, TURN_AGAIN, memory_order_acq_rel) == TURN_RETURNED) ask_async(command);
}

static void
asked(void *user, acta_status status, const acta_message *reply, const acta_error *error)
{
    acti_command *command = user;
    (void)reply;

    if (status == ACTA_NOPROC) {
        ACTA_SOMETIMES(&command->app->environment, "dispatch.asks.again");
        try_again(command);
    } else
        tell(command, status, error);
}

static void
ask_async(acti_command *command)
{
    acta_app *app = command->app;
    acta_error error;
    acta_pid pid;

    acti_command_ref(command); /* the answer may be there, and the command gone, when the call returns */
    do {
        uint32_t left_ms = acti_left_ms(app, command->deadline_ns);
        acta_status status = ACTA_OK;
        if (left_ms == 0)
            status = set_timeout(command, &error);
        else if (++command->tries > ACTI_TRIES_MAX)
            status = set_no_aggregate(command, &error);
        else
            status = acti_aggregate_locate(app, command->aggregate, command->stream, &pid, &error);
        if (status != ACTA_OK) {
            tell(command, status, &error);
            break;
        }
        atomic_store_explicit(&command->turn, TURN_CALLING, memory_order_relaxed); /* the call publishes it */
        acta_call_async(app->runtime, pid, acti_command_message(command), left_ms, asked, command);
    } while (atomic_exchange_explicit(&command->turn, TURN_RETURNED, memory_order_acq_rel) == TURN_AGAIN);
    acti_command_unref(command);
}

static void
refuse_async(acta_dispatch_done done, void *user, acta_status status, const acta_error *error)
{
    acta_dispatch_result result = { .status = status, .error = error };
    done(user, &result);
}

void
acta_dispatch_async(acta_app *app, const acta_table *table, const void *value, const acta_dispatch_options *options,
    acta_dispatch_done done, void *user)
{
    acti_command *command;
    acta_error error;
    acta_status status = ACTA_OK;

    if (options != NULL && options->wait_for != NULL)
        status = acta_error_set(&error, ACTA_INVALID, "wait_for waits; it is for acta_dispatch alone");
    if (status == ACTA_OK) status = encode(app, table, value, options, &command, &error);
    if (status != ACTA_OK) {
        refuse_async(done, user, status, &error);
        return;
    }
    command->done = done;
    command->user = user;
    ask_async(command);
}

/* -- reading -- */

static acta_status
copy_state(
    const acta_table *table, const acti_command *command, void *state_out, acta_memory *memory, acta_error *error)
{
    if (memory == NULL) {
        table->read(command->state, state_out);
        acti_value_forget_views(table, state_out);
        return ACTA_OK;
    }
    uint8_t *copy = acta_memory_alloc(memory, command->state.size);
    if (copy == NULL)
        return acta_error_set(
            error, ACTA_NO_MEMORY, "no memory for the state of '" ACTA_FMT "'", ACTA_ARG(command->stream));
    memcpy(copy, command->state.data, command->state.size);
    table->read(acta_bytes_from(copy, command->state.size), state_out);
    return ACTA_OK;
}

acta_status
acta_aggregate_read(
    acta_app *app, const acta_table *state, acta_str id, void *state_out, acta_memory *memory, acta_error *error)
{
    const acti_aggregate *aggregate = acti_aggregate_of_state(app, state);
    if (aggregate == NULL)
        return acta_error_set(error, ACTA_INVALID, "cannot read '%s': its aggregate is not part of application '%s'",
            state->name, app->name);
    if (acti_is_stopping(app))
        return acta_error_set(
            error, ACTA_STOPPED, "cannot read '%s': application '%s' is stopping", state->name, app->name);

    acta_status status = acti_identity_check(aggregate, state, id, error);
    if (status != ACTA_OK) return status;
    acti_command *command = acti_command_create(app, aggregate, id, 0);
    if (command == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to read '%s'", state->name);
    command->ask = ACTI_ASK_READ;
    fill_envelope(command, NULL);
    status = ask_and_wait(command, error);
    if (status == ACTA_OK) status = copy_state(state, command, state_out, memory, error);
    let_go(command, status);
    return status;
}
