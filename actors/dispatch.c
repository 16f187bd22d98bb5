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
#include "counters.h"
#include "metadata.h"
#include "passage.h"
#include "reader.h"
#include "returned.h"
#include "stages.h"
#include "span.h"

static acta_status
refuse_unknown(const acta_app *app, const acta_table *command, acta_error *error)
{
    if (command->role != ACTA_TABLE_COMMAND)
        return acta_error_set(error, ACTA_INVALID, "cannot dispatch '%s': it is no command", command->name);
    return acta_error_set(error, ACTA_INVALID,
        "cannot dispatch '%s': its aggregate %s is not part of application '%s'; add it to .aggregates", command->name,
        command->owner != NULL ? command->owner : "", app->name);
}

/* -- what the caller wants -- */

/* His options with the application's defaults in them; but for the metadata, which are merged. */
static acta_dispatch_options
options_of(const acta_app *app, const acta_dispatch_options *given, bool is_async)
{
    acta_dispatch_options options = { .timeout_ms = 0 };

    if (given != NULL) options = *given;
    if (options.timeout_ms == 0) options.timeout_ms = app->defaults.timeout_ms;
    if (options.timeout_ms == 0) options.timeout_ms = ACTA_CALL_TIMEOUT_DEFAULT;
    if (options.wait_for == NULL) options.wait_for = app->defaults.wait_for;
    if (options.returning == ACTA_RETURN_VERSION) options.returning = app->defaults.returning;
    if (options.returned_out == NULL && !is_async) options.returning = ACTA_RETURN_VERSION;
    return options;
}

static acta_status
check_returning(const acta_dispatch_options *options, acta_error *error)
{
    if ((options->returning & ~(uint32_t)ACTA_RETURN_ALL) == 0) return ACTA_OK;
    return acta_error_set(
        error, ACTA_INVALID, "returning is %" PRIu32 "; ACTA_RETURN_… are expected", options->returning);
}

static acta_status
check_options(const acta_app *app, const acta_dispatch_options *options, acta_error *error)
{
    acta_status status = ACTA_OK;

    if (options->wait_for != NULL) status = acti_wait_for_check(app, options->wait_for, error);
    if (status == ACTA_OK) status = check_returning(options, error);
    if (status == ACTA_OK && options->returning != ACTA_RETURN_VERSION && options->memory == NULL)
        status = acta_error_set(error, ACTA_INVALID, "events and states are returned into a memory; set .memory");
    return status;
}

/* None: the command's own id. */
static acta_id
correlation_of(const acta_dispatch_options *options)
{
    if (!acta_id_is_none(options->correlation_id) || options->cause == NULL) return options->correlation_id;
    return acti_correlation_of(options->cause);
}

static void
fill_envelope(acti_command *command, const acta_dispatch_options *options)
{
    acta_app *app = command->app;
    acta_envelope *envelope = &command->envelope;

    command->recorded = !acta_id_is_none(options->command_id);
    command->expected_version = options->expected_version;
    command->returning = options->returning;
    envelope->command_id = command->recorded ? options->command_id : acti_new_id(app);
    envelope->correlation_id = correlation_of(options);
    if (acta_id_is_none(envelope->correlation_id)) envelope->correlation_id = envelope->command_id;
    envelope->causation_id = options->causation_id;
    if (acta_id_is_none(envelope->causation_id) && options->cause != NULL)
        envelope->causation_id = acti_event_id(options->cause->position);
    envelope->dispatched_at_us = acti_wall_us(app);
    command->begun_ns = acti_now_ns(app);
    command->deadline_ns =
        options->timeout_ms == ACTA_INFINITE ? UINT64_MAX : command->begun_ns + options->timeout_ms * UINT64_C(1000000);
}

/* -- a command of it -- */

static acta_status
refuse_now(acta_app *app, const acta_table *table, acta_error *error)
{
    if (acti_is_stopping(app))
        return acta_error_set(
            error, ACTA_STOPPED, "cannot dispatch '%s': application '%s' is stopping", table->name, app->name);
    /* Relaxed: a bound that is soft by what others begin at this moment. */
    if (atomic_load_explicit(&app->commands_open, memory_order_relaxed) < app->commands_max) return ACTA_OK;
    return acta_error_set(error, ACTA_BUSY,
        "cannot dispatch '%s': application '%s' has %" PRId64 " commands under way, as many as commands_max; try later",
        table->name, app->name, app->commands_max);
}

/* Where in a trace the command is: what its metadata say, or else its cause. */
static acti_trace_place
place_of(const acta_dispatch_options *options, char *room)
{
    acti_trace_place given = { .state = { .data = NULL } }; /* a state of theirs goes with their metadata */

    for (uint32_t i = 0; i < options->metadata_count; i++) {
        if (!acta_str_equal(options->metadata[i].name, acta_str_of(ACTA_TRACEPARENT))) continue;
        acta_traceparent_parse(options->metadata[i].value, &given.parent);
        return given;
    }
    return options->cause != NULL ? acti_trace_place_of(options->cause->metadata, room) : given;
}

/* A span for it. One that nobody wants, of what begins no trace, leaves `trace` as it is. */
static bool
begin_span(acta_app *app, const acta_dispatch_options *options, acta_traceparent *trace, acta_span *span_out)
{
    return acti_trace_begin(app, trace, options->cause == NULL && !options->begins_no_trace, span_out);
}

static bool
begins_trace(const acta_span *span)
{
    static const uint8_t none[sizeof span->parent_id];
    return span != NULL && memcmp(span->parent_id, none, sizeof none) == 0;
}

/* `span`: NULL: there is none. `room`: for the text of a traceparent. */
static acta_status
metadata_of(const acta_app *app, const acta_dispatch_options *options, const acti_trace_place *place,
    const acta_span *span, char *room, acti_metadata_lists *lists_out, acta_error *error)
{
    acta_status status = acti_metadata_check(options->metadata, options->metadata_count, error);
    if (status != ACTA_OK) return status;

    *lists_out = acti_metadata_following(app, place, room);
    lists_out->first = options->metadata;
    lists_out->first_count = options->metadata_count;
    if (lists_out->own[ACTI_OWN_TRACEPARENT].value.data == NULL && options->metadata_count == 0) return ACTA_OK;
    size_t size = acti_metadata_size(lists_out);
    if (size <= ACTA_METADATA_MAX) return ACTA_OK;
    lists_out->own[ACTI_OWN_TRACESTATE].value = acta_str_of(NULL);
    size = acti_metadata_size(lists_out);
    if (size <= ACTA_METADATA_MAX) return ACTA_OK;
    if (begins_trace(span)) { /* which the caller hasn't asked for: then the trace is of the command alone */
        lists_out->own[ACTI_OWN_TRACEPARENT].value = acta_str_of(NULL);
        size = acti_metadata_size(lists_out);
        if (size <= ACTA_METADATA_MAX) return ACTA_OK;
    }
    return acta_error_set(error, ACTA_INVALID,
        "the metadata have %zu bytes with those of the application, at most %d are allowed", size, ACTA_METADATA_MAX);
}

static acta_status
encode(acta_app *app, const acta_table *table, const void *value, const acta_dispatch_options *options,
    acti_command **command_out, acta_error *error)
{
    char room[ACTA_TRACEPARENT_SIZE + 1], state_room[ACTA_TRACESTATE_MAX];
    acti_metadata_lists metadata;
    acta_span span;
    const acti_route *route = acti_route_find(app, table);
    if (route == NULL) return refuse_unknown(app, table, error);

    acta_status status = refuse_now(app, table, error);
    if (status != ACTA_OK) return status;
    acti_trace_place place = place_of(options, state_room);
    bool is_traced = acti_is_traced(app) && begin_span(app, options, &place.parent, &span);
    status = metadata_of(app, options, &place, is_traced ? &span : NULL, room, &metadata, error);
    if (status != ACTA_OK) return status;
    acta_str identity = table->identity(value);
    status = acti_identity_check(route->aggregate, table, identity, error);
    if (status != ACTA_OK) return status;
    acti_command_sink sink = acti_command_sink_of(app, route->aggregate, identity);
    sink.metadata_size = acti_metadata_size(&metadata);
    status = table->write(value, &sink.sink, error);
    if (status != ACTA_OK) {
        acti_command_unref(sink.command);
        return acta_error_prefix(error, status, "cannot dispatch '%s': ", table->name);
    }
    acti_metadata_write(&metadata, (char *)(uintptr_t)sink.command->metadata.data);
    sink.command->number = route->number;
    if (is_traced) acti_trace_attach(sink.command, &span);
    fill_envelope(sink.command, options);
    *command_out = sink.command;
    return ACTA_OK;
}

/* Through the middleware. True: on to the aggregate. False: it is answered. */
static bool
send_off(acti_command *command, acta_status *status_out, acta_error *error)
{
    if (!acti_passage_begin(command, false, status_out, error)) return false;
    *status_out = command->recorded ? acti_command_digest(command, error) : ACTA_OK;
    return *status_out == ACTA_OK;
}

static acta_status
set_timeout(const acti_command *command, acta_error *error)
{
    return acta_error_set(error, ACTA_TIMEOUT, "no answer to '%s' for '" ACTA_FMT "' in time%s",
        acti_command_table(command)->name, ACTA_ARG(command->stream),
        command->ask == ACTI_ASK_READ ? "" : "; it may still take effect");
}

static acta_status
set_no_aggregate(const acti_command *command, acta_error *error)
{
    return acta_error_set(error, ACTA_BUSY, "'" ACTA_FMT "' ended again and again before it saw '%s'; try later",
        ACTA_ARG(command->stream), acti_command_table(command)->name);
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

/* What the caller wants beside the status. */
static acta_status
give(acti_command *command, const acta_dispatch_options *options, acta_error *error)
{
    acta_status status = ACTA_OK;

    if (options->version_out != NULL) *options->version_out = command->version;
    if (options->position_out != NULL) *options->position_out = command->position;
    if (options->returned_out != NULL)
        status = acti_command_return(command, options->memory, options->returned_out, error);
    if (status == ACTA_OK && options->wait_for != NULL && command->position != 0)
        status = acti_wait_for(
            command->app, options->wait_for, command->stream, command->position, command->deadline_ns, error);
    return status;
}

acta_status
acta_dispatch(
    acta_app *app, const acta_table *table, const void *value, const acta_dispatch_options *given, acta_error *error)
{
    ACTI_IN_CALL(app);
    const acta_dispatch_options options = options_of(app, given, false);
    acti_command *command;
    acta_error own;

    if (error == NULL) error = &own;
    acti_count(app, ACTI_COUNT_DISPATCHED);
    acta_status status = check_options(app, &options, error);
    if (status == ACTA_OK) status = encode(app, table, value, &options, &command, error);
    if (status != ACTA_OK) {
        acti_count_answer(app, status);
        return status;
    }

    bool was_sent = send_off(command, &status, error);
    if (was_sent) status = ask_and_wait(command, error);
    if (status == ACTA_OK) acti_stages_answered(command);
    bool is_under_way = was_sent && status == ACTA_TIMEOUT;
    status = acti_command_conclude(command, status, error);
    if (status == ACTA_OK && !is_under_way) status = give(command, &options, error);
    if (!is_under_way) acti_command_close(command);
    acti_command_unref(command);
    acti_count_answer(app, status);
    return status;
}

/* -- without waiting -- */

enum { TURN_CALLING, TURN_AGAIN, TURN_RETURNED }; /* acti_command.turn */

static void ask_async(acti_command *command);

/* Relaxed: abandon comes from the one thread of a manual application. */
static bool
is_abandoned(const acti_command *command)
{
    return atomic_load_explicit(&command->app->abandoned, memory_order_relaxed);
}

/* What is to be returned, in a memory that goes when `done` has returned; absent when nothing but ids and versions is. */
static acta_memory *
return_into(acti_command *command, acta_dispatch_result *result, acta_returned *returned, acta_error *error)
{
    bool has_bytes = command->returning != ACTA_RETURN_VERSION;
    acta_memory *memory = has_bytes ? acta_memory_create(&command->app->warm) : NULL;

    result->status = has_bytes && memory == NULL
                         ? acta_error_set(error, ACTA_NO_MEMORY, "'%s' is stored, and there is no memory to return it",
                               acti_command_table(command)->name)
                         : acti_command_return(command, memory, returned, error);
    if (result->status == ACTA_OK)
        result->returned = returned;
    else
        result->error = error;
    return memory;
}

static void
call_done(acti_command *command, acta_dispatch_result *result)
{
    acta_memory *memory = NULL;
    acta_returned returned;
    acta_error error;

    if (result->status == ACTA_OK) memory = return_into(command, result, &returned, &error);
    acti_count_answer(command->app, result->status);
    command->done(command->user, result);
    acta_memory_destroy(memory);
}

static void
tell(acti_command *command, acta_status status, const acta_error *error)
{
    acta_dispatch_result result = {
        .status = status, .version = command->version, .position = command->position, .error = error
    };
    acta_error own;

    if (status != ACTA_OK) result.version = result.position = 0;
    if (status == ACTA_TIMEOUT) {
        set_timeout(command, &own);
        result.error = &own;
    } else
        acti_command_close(command);
    if (status == ACTA_OK) acti_stages_answered(command);
    if (acti_command_wants_conclusion(command) && !is_abandoned(command)) {
        if (status != ACTA_OK && result.error != NULL && result.error != &own) own = *result.error;
        if (status != ACTA_OK && result.error == NULL) acta_error_set(&own, status, NULL);
        result.status = acti_command_conclude(command, status, &own);
        result.error = result.status != ACTA_OK ? &own : NULL;
    }
    if (!is_abandoned(command)) call_done(command, &result);
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
refuse_async(const acta_app *app, acta_dispatch_done done, void *user, acta_status status, const acta_error *error)
{
    acta_dispatch_result result = { .status = status, .error = error };

    acti_count_answer(app, status);
    done(user, &result);
}

/* The defaults that wait hold for those who wait. */
static acta_status
check_async(const acta_dispatch_options *given, acta_error *error)
{
    if (given == NULL) return ACTA_OK;
    if (given->wait_for != NULL)
        return acta_error_set(error, ACTA_INVALID, "wait_for waits; it is for acta_dispatch alone");
    if (given->returned_out != NULL || given->version_out != NULL || given->position_out != NULL ||
        given->memory != NULL)
        return acta_error_set(error, ACTA_INVALID,
            "returned_out, memory, version_out and position_out are for acta_dispatch alone; the result brings what is "
            "returned");
    return ACTA_OK;
}

void
acta_dispatch_async(acta_app *app, const acta_table *table, const void *value, const acta_dispatch_options *given,
    acta_dispatch_done done, void *user)
{
    ACTI_IN_CALL(app);
    const acta_dispatch_options options = options_of(app, given, true);
    acti_command *command;
    acta_error error;

    acti_count(app, ACTI_COUNT_DISPATCHED);
    acta_status status = check_async(given, &error);
    if (status == ACTA_OK) status = check_returning(&options, &error);
    if (status == ACTA_OK) status = encode(app, table, value, &options, &command, &error);
    if (status != ACTA_OK) {
        refuse_async(app, done, user, status, &error);
        return;
    }
    command->done = done;
    command->user = user;
    if (send_off(command, &status, &error))
        ask_async(command);
    else
        tell(command, status, status != ACTA_OK ? &error : NULL);
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
    ACTI_IN_CALL(app);
    const acti_aggregate *aggregate = acti_aggregate_of_state(app, state);
    if (aggregate == NULL)
        return acta_error_set(error, ACTA_INVALID, "cannot read '%s': its aggregate is not part of application '%s'",
            state->name, app->name);
    if (acti_is_stopping(app))
        return acta_error_set(
            error, ACTA_STOPPED, "cannot read '%s': application '%s' is stopping", state->name, app->name);

    acta_status status = acti_identity_check(aggregate, state, id, error);
    if (status != ACTA_OK) return status;
    acti_command *command = acti_command_create(app, aggregate, id, 0, 0);
    if (command == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to read '%s'", state->name);
    command->ask = ACTI_ASK_READ;
    acti_count(app, ACTI_COUNT_READS);
    fill_envelope(command, &(acta_dispatch_options){ .timeout_ms = ACTA_CALL_TIMEOUT_DEFAULT });
    status = ask_and_wait(command, error);
    if (status == ACTA_OK) status = copy_state(state, command, state_out, memory, error);
    let_go(command, status);
    return status;
}
