/*
 * Requests to a supervisor, made: messages that carry all they need, and calls from outside threads that wait for the
 * answer.
 */
#include "supervisor_internal.h"

/* -- requests -- */

acta_message *
acta_supervisor_ask(acta_runtime *runtime, acta_supervisor_question question, const char *id)
{
    if (id == NULL) id = "";
    size_t size = strlen(id) + 1;
    acta_message *message = acta_message_create(runtime, ACTI_ASK + (uint32_t)question, size);

    if (message != NULL) memcpy(message->payload, id, size);
    return message;
}

acta_message *
acta_supervisor_ask_terminate_pid(acta_runtime *runtime, acta_pid child)
{
    acta_message *message = acta_message_create(runtime, ACTI_ASK_PID, sizeof child);

    if (message != NULL) memcpy(message->payload, &child, sizeof child);
    return message;
}

/* Where the next bytes go; `size` may be 0. */
static char *
put(char *at, const void *bytes, size_t size)
{
    if (size > 0) memcpy(at, bytes, size);
    return at + size;
}

/* Bad specs are the supervisor's to refuse; only what is copied must be there. */
static size_t
argument_bytes(const acta_child_spec *spec)
{
    return spec->start.argument != NULL && spec->argument_size <= ACTI_ARGUMENT_MAX ? spec->argument_size : 0;
}

static size_t
id_bytes(const acta_child_spec *spec)
{
    return spec->id != NULL ? strlen(spec->id) + 1 : 0;
}

static size_t
bytes_behind(const acta_child_spec *spec)
{
    return argument_bytes(spec) + id_bytes(spec) + spec->start.name.size;
}

/* All that the copy points to is copied to `at`. */
static char *
put_spec(acta_child_spec *copy, const acta_child_spec *spec, char *at)
{
    size_t argument_size = argument_bytes(spec), id_size = id_bytes(spec), name_size = spec->start.name.size;

    *copy = *spec;
    if (argument_size > 0) copy->start.argument = at;
    at = put(at, spec->start.argument, argument_size);
    if (id_size > 0) copy->id = at;
    at = put(at, spec->id, id_size);
    if (name_size > 0) copy->start.name.data = at;
    return put(at, spec->start.name.data, name_size);
}

acta_message *
acta_supervisor_ask_start(acta_runtime *runtime, const acta_child_spec *spec)
{
    acta_message *message = acta_message_create(runtime, ACTI_ASK_START, sizeof *spec + bytes_behind(spec));

    if (message != NULL) put_spec(message->payload, spec, (char *)message->payload + sizeof *spec);
    return message;
}

acta_message *
acta_supervisor_ask_change(acta_runtime *runtime, const acta_supervisor_options *options)
{
    uint32_t count = options->children != NULL ? options->child_count : 0;
    size_t size = sizeof *options + count * sizeof(acta_child_spec);

    for (uint32_t i = 0; i < count; i++)
        size += bytes_behind(&options->children[i]);
    acta_message *message = acta_message_create(runtime, ACTI_ASK_CHANGE, size);
    if (message == NULL) return NULL;
    acta_supervisor_options *copy = message->payload;
    acta_child_spec *specs = (acta_child_spec *)(copy + 1);
    char *at = (char *)(specs + count);
    *copy = *options;
    if (count > 0) copy->children = specs;
    for (uint32_t i = 0; i < count; i++)
        at = put_spec(&specs[i], &options->children[i], at);
    return message;
}

acta_message *
acta_supervisor_ask_start_dynamic(acta_runtime *runtime, const void *argument, size_t argument_size)
{
    size_t size = sizeof(acti_dynamic_ask) + argument_size;
    acta_message *message = argument_size <= ACTI_ARGUMENT_MAX && (argument != NULL || argument_size == 0)
                                ? acta_message_create(runtime, ACTI_ASK_DYNAMIC, size)
                                : NULL;

    if (message == NULL) return NULL;
    acti_dynamic_ask *ask = message->payload;
    *ask = (acti_dynamic_ask){ .argument = argument, .argument_size = argument_size };
    if (argument_size > 0) ask->argument = memcpy(ask + 1, argument, argument_size);
    return message;
}

/* -- calls -- */

static acta_status
call(acta_runtime *runtime, acta_pid supervisor, acta_message *request, acta_error *error)
{
    return acta_call(runtime, supervisor, request, ACTA_INFINITE, NULL, error);
}

/* Anybody may have answered: the pid can be that of any actor. */
static acta_status
check_answer(acta_message *reply, size_t size, acta_error *error)
{
    if (reply != NULL && reply->tag == ACTI_ASK_ANSWER && reply->size >= size) return ACTA_OK;
    acta_message_destroy(reply);
    return acta_error_set(error, ACTA_INVALID, "the actor that was asked is no supervisor");
}

/* The answer's payload goes into `out`, if that isn't NULL. */
static acta_status
call_for(acta_runtime *runtime, acta_pid supervisor, acta_message *request, void *out, size_t size, acta_error *error)
{
    acta_message *reply = NULL;

    acta_status status = acta_call(runtime, supervisor, request, ACTA_INFINITE, &reply, error);
    if (status == ACTA_OK) status = check_answer(reply, size, error);
    if (status != ACTA_OK) return status;
    if (out != NULL) memcpy(out, reply->payload, size);
    acta_message_destroy(reply);
    return ACTA_OK;
}

static acta_status
call_for_start(
    acta_runtime *runtime, acta_pid supervisor, acta_message *request, acta_started *started_out, acta_error *error)
{
    acta_error own;
    if (error == NULL) error = &own;

    acta_status status = call_for(runtime, supervisor, request, started_out, sizeof *started_out, error);
    if (status != ACTA_ALREADY_EXISTS) return status;
    if (started_out != NULL) *started_out = (acta_started){ .pid = { error->actual_version } };
    error->actual_version = 0;
    return status;
}

static acta_status
call_for_list(acta_runtime *runtime, acta_pid supervisor, acta_message *request, const acta_child_list **list_out,
    acta_error *error)
{
    acta_message *reply = NULL;

    acta_status status = acta_call(runtime, supervisor, request, ACTA_INFINITE, &reply, error);
    if (status == ACTA_OK) status = check_answer(reply, sizeof(acta_child_list), error);
    if (status == ACTA_OK) *list_out = reply->payload;
    return status;
}

acta_status
acta_supervisor_start_child(acta_runtime *runtime, acta_pid supervisor, const acta_child_spec *spec,
    acta_started *started_out, acta_error *error)
{
    return call_for_start(runtime, supervisor, acta_supervisor_ask_start(runtime, spec), started_out, error);
}

acta_status
acta_supervisor_start_dynamic(acta_runtime *runtime, acta_pid supervisor, const void *argument, size_t argument_size,
    acta_started *started_out, acta_error *error)
{
    if (argument_size > ACTI_ARGUMENT_MAX || (argument == NULL && argument_size > 0))
        return acta_error_set(error, ACTA_INVALID, "an argument of %zu bytes %s", argument_size,
            argument == NULL ? "that isn't there" : "can't be copied: 16 MiB at most");
    acta_message *request = acta_supervisor_ask_start_dynamic(runtime, argument, argument_size);
    return call_for_start(runtime, supervisor, request, started_out, error);
}

acta_status
acta_supervisor_terminate_child(acta_runtime *runtime, acta_pid supervisor, const char *id, acta_error *error)
{
    return call(runtime, supervisor, acta_supervisor_ask(runtime, ACTA_ASK_TERMINATE, id), error);
}

acta_status
acta_supervisor_terminate_pid(acta_runtime *runtime, acta_pid supervisor, acta_pid child, acta_error *error)
{
    return call(runtime, supervisor, acta_supervisor_ask_terminate_pid(runtime, child), error);
}

acta_status
acta_supervisor_restart_child(
    acta_runtime *runtime, acta_pid supervisor, const char *id, acta_started *started_out, acta_error *error)
{
    return call_for_start(runtime, supervisor, acta_supervisor_ask(runtime, ACTA_ASK_RESTART, id), started_out, error);
}

acta_status
acta_supervisor_delete_child(acta_runtime *runtime, acta_pid supervisor, const char *id, acta_error *error)
{
    return call(runtime, supervisor, acta_supervisor_ask(runtime, ACTA_ASK_DELETE, id), error);
}

acta_status
acta_supervisor_child(acta_runtime *runtime, acta_pid supervisor, const char *id, acta_pid *pid_out, acta_error *error)
{
    return call_for(
        runtime, supervisor, acta_supervisor_ask(runtime, ACTA_ASK_CHILD, id), pid_out, sizeof *pid_out, error);
}

acta_status
acta_supervisor_count(acta_runtime *runtime, acta_pid supervisor, acta_child_counts *counts_out, acta_error *error)
{
    return call_for(
        runtime, supervisor, acta_supervisor_ask(runtime, ACTA_ASK_COUNT, NULL), counts_out, sizeof *counts_out, error);
}

acta_status
acta_supervisor_list(acta_runtime *runtime, acta_pid supervisor, const acta_child_list **list_out, acta_error *error)
{
    return call_for_list(runtime, supervisor, acta_supervisor_ask(runtime, ACTA_ASK_LIST, NULL), list_out, error);
}

acta_status
acta_supervisor_find(
    acta_runtime *runtime, acta_pid supervisor, const char *id, const acta_child_list **list_out, acta_error *error)
{
    return call_for_list(runtime, supervisor, acta_supervisor_ask(runtime, ACTA_ASK_FIND, id), list_out, error);
}

acta_status
acta_supervisor_flags(
    acta_runtime *runtime, acta_pid supervisor, acta_supervisor_options *options_out, acta_error *error)
{
    return call_for(runtime, supervisor, acta_supervisor_ask(runtime, ACTA_ASK_FLAGS, NULL), options_out,
        sizeof *options_out, error);
}

acta_status
acta_supervisor_change(
    acta_runtime *runtime, acta_pid supervisor, const acta_supervisor_options *options, acta_error *error)
{
    if (options == NULL) return acta_error_set(error, ACTA_INVALID, "a supervisor needs its options");
    return call(runtime, supervisor, acta_supervisor_ask_change(runtime, options), error);
}
