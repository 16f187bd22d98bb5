/*
 * Commands: made, counted, answered.
 */
#include "passage.h"
#include "returned.h"
#include "span.h"

acti_command *
acti_command_create(
    acta_app *app, const acti_aggregate *aggregate, acta_str identity, size_t payload_size, size_t metadata_size)
{
    size_t payload_room = (payload_size + 7) & ~(size_t)7;
    size_t stream_size = aggregate->prefix.size + identity.size;
    size_t size = sizeof(acti_command) + payload_room + stream_size + metadata_size;
    acti_command *command = acti_spare_alloc(app, size);
    if (command == NULL) return NULL;

    memset(command, 0, sizeof *command);
    command->app = app;
    command->aggregate = aggregate;
    command->size = size;
    command->payload = acta_bytes_from(command->bytes, payload_size);
    char *stream = (char *)command->bytes + payload_room;
    memcpy(stream, aggregate->prefix.data, aggregate->prefix.size);
    memcpy(stream + aggregate->prefix.size, identity.data, identity.size);
    command->stream = acta_str_from(stream, stream_size);
    if (metadata_size > 0) command->metadata = acta_bytes_from(stream + stream_size, metadata_size);
    atomic_init(&command->refs, 1);
    atomic_init(&command->open, true);
    atomic_fetch_add_explicit(&app->commands_open, 1, memory_order_relaxed); /* before anybody can answer it */
    return command;
}

const acta_table *
acti_command_table(const acti_command *command)
{
    const acta_aggregate_code *code = command->aggregate->code;
    return command->ask == ACTI_ASK_READ ? code->state : code->commands[command->number];
}

void
acti_command_close(acti_command *command)
{
    /* acq_rel: once only; and all that the command did is before the count that settle reads. */
    if (!atomic_exchange_explicit(&command->open, false, memory_order_acq_rel)) return;
    atomic_fetch_sub_explicit(&command->app->commands_open, 1, memory_order_release);
}

acti_command *
acti_command_ref(acti_command *command)
{
    atomic_fetch_add_explicit(&command->refs, 1, memory_order_relaxed); /* who refs has one already */
    return command;
}

void
acti_command_unref(acti_command *command)
{
    /* acq_rel: everybody's use comes before the free. */
    if (command == NULL || atomic_fetch_sub_explicit(&command->refs, 1, memory_order_acq_rel) > 1) return;
    acti_command_close(command);
    acti_spare_free(command->app, command->error, sizeof *command->error);
    acti_command_forget_returned(command);
    acti_passage_free(command);
    if (command->trace != NULL) acti_trace_free(command);
    acti_spare_free(command->app, command, command->size);
}

static uint8_t *
reserve_command(acta_sink *sink, size_t size)
{
    acti_command_sink *s = ACTI_CONTAINER(sink, acti_command_sink, sink);

    s->command = acti_command_create(s->app, s->aggregate, s->identity, size, s->metadata_size);
    return s->command != NULL ? s->command->bytes : NULL;
}

acti_command_sink
acti_command_sink_of(acta_app *app, const acti_aggregate *aggregate, acta_str identity)
{
    return (acti_command_sink){
        .sink = { .reserve = reserve_command }, .app = app, .aggregate = aggregate, .identity = identity
    };
}

acta_status
acti_identity_check(const acti_aggregate *aggregate, const acta_table *command, acta_str identity, acta_error *error)
{
    size_t size_max = ACTA_STREAM_NAME_MAX - aggregate->prefix.size;

    if (identity.size == 0)
        return acta_error_set(error, ACTA_INVALID, "cannot dispatch '%s': its identity is %s", command->name,
            identity.data == NULL ? "missing" : "empty");
    if (identity.size > size_max)
        return acta_error_set(error, ACTA_INVALID,
            "cannot dispatch '%s': its identity has %zu bytes, at most %zu are allowed", command->name, identity.size,
            size_max);
    if (!acti_str_is_name(identity))
        return acta_error_set(error, ACTA_INVALID,
            "cannot dispatch '%s': its identity isn't UTF-8 without control characters", command->name);
    return ACTA_OK;
}

static void
drop_command(acta_message *message)
{
    acti_command *command;

    memcpy(&command, message->payload, sizeof command);
    acti_command_unref(command);
}

acta_message *
acti_command_message(acti_command *command)
{
    acta_message *message = acta_message_create(command->app->runtime, ACTI_TAG_COMMAND, sizeof command);
    if (message == NULL) return NULL;

    acti_command_ref(command);
    memcpy(message->payload, &command, sizeof command);
    message->destroy = drop_command;
    return message;
}

/* -- answers -- */

void
acti_command_set_answer(acti_command *command, acta_status status, uint64_t version, const acta_error *error)
{
    command->status = status;
    command->version = version;
    command->position = 0;
    if (status != ACTA_OK && status != ACTA_REJECTED) command->is_audited = false; /* its transaction was void */
    if (status == ACTA_OK || error == NULL) return;
    if (command->error == NULL) command->error = acti_spare_alloc(command->app, sizeof *command->error);
    if (command->error == NULL) {
        /* A rejection is its code: without it, it would be another answer. For others the status alone must do. */
        if (status == ACTA_REJECTED && !ACTA_PLANT("rejection_loses_code")) command->status = ACTA_NO_MEMORY;
        return;
    }
    *command->error = *error;
    command->error->status = status;
}

void
acti_command_answer(acti_command *command)
{
    const acta_error *error = command->status != ACTA_OK ? command->error : NULL;

    if (command->status != ACTA_NOPROC) acti_command_close(command);
    acta_reply(command->app->runtime, command->from, command->status, NULL, error);
}

void
acti_command_answer_with(acti_command *command, acta_status status, const acta_error *error)
{
    acti_command_set_answer(command, status, 0, error);
    acti_command_answer(command);
}

void
acti_command_answer_from(acti_command *command, const acta_outcome *outcome)
{
    acta_error error;

    if (outcome->status == ACTA_OK) {
        acti_command_set_answer(command, ACTA_OK, outcome->version, NULL);
        command->position = outcome->position;
        return;
    }
    acta_error_set(&error, outcome->status, "%s", outcome->text);
    error.code = outcome->code;
    snprintf(error.where, sizeof error.where, "%s", outcome->rejection);
    acti_command_set_answer(command, outcome->status, outcome->version, &error);
}

acta_outcome
acti_command_outcome(const acti_command *command)
{
    acta_outcome outcome = {
        .command_digest = command->digest, .status = command->status, .version = command->version
    };

    if (command->status == ACTA_OK || command->error == NULL) return outcome;
    outcome.code = command->error->code;
    snprintf(
        outcome.rejection, sizeof outcome.rejection, "%.*s", (int)sizeof outcome.rejection - 1, command->error->where);
    snprintf(outcome.text, sizeof outcome.text, "%.*s", (int)sizeof outcome.text - 1, command->error->text);
    return outcome;
}

/* -- lists -- */

void
acti_command_list_append(acti_command_list *list, acti_command *command)
{
    command->next = NULL;
    if (list->last != NULL)
        list->last->next = command;
    else
        list->first = command;
    list->last = command;
}

acti_command *
acti_command_list_take(acti_command_list *list)
{
    acti_command *command = list->first;

    if (command == NULL) return NULL;
    list->first = command->next;
    if (list->first == NULL) list->last = NULL;
    command->next = NULL;
    return command;
}

void
acti_command_list_insert(acti_command_list *list, acti_command *command, acti_command **hint)
{
    acti_command *before = *hint;
    acti_command *after = before != NULL ? before->next : list->first;

    while (after != NULL && after->order < command->order) {
        before = after;
        after = after->next;
    }
    command->next = after;
    if (before != NULL)
        before->next = command;
    else
        list->first = command;
    if (after == NULL) list->last = command;
    *hint = command;
}
