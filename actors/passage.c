/*
 * Passage: before, after and failure of the application's middleware.
 *
 *     begin: before 0, 1, 2 … until one responds           `reached` counts them
 *     end:   from the last that was reached to the first   after, or failure, by the status that it finds
 *
 * A passage is made when there is middleware, lies in a memory of its own, and goes with its command.
 */
#include "passage.h"

#include <stdarg.h>

#include "audit.h"
#include "metadata.h"
#include "span.h"

typedef struct assigned {
    struct assigned *next;
    const char *name;
    void *value;
} assigned;

struct acta_passage {
    acti_command *command;
    acta_memory *memory;
    uint32_t reached;
    bool is_before, is_ended, has_responded;
    acta_status status;
    acta_error error; /* unless the status is ACTA_OK */
    uint64_t version, position;
    assigned *first;
};

/* -- the way -- */

static acta_passage *
passage_create(acti_command *command)
{
    acta_memory *memory = acta_memory_create(&command->app->warm);
    acta_passage *passage = memory != NULL ? acta_memory_alloc(memory, sizeof *passage) : NULL;

    if (passage == NULL) {
        acta_memory_destroy(memory);
        return NULL;
    }
    passage->command = command;
    passage->memory = memory;
    return passage;
}

void
acti_passage_free(acti_command *command)
{
    if (command->passage != NULL) acta_memory_destroy(command->passage->memory);
    command->passage = NULL;
}

bool
acti_passage_begin(acti_command *command, bool is_of_manager, acta_status *status_out, acta_error *error)
{
    const acta_app *app = command->app;

    command->is_of_manager = is_of_manager;
    if (app->middleware_count == 0) return true;
    acta_passage *passage = passage_create(command);
    if (passage == NULL) {
        *status_out = acta_error_set(
            error, ACTA_NO_MEMORY, "no memory for the middleware of '%s'", acti_command_table(command)->name);
        return false;
    }
    command->passage = passage;
    passage->is_before = true;
    while (passage->reached < app->middleware_count && !passage->has_responded) {
        const acta_middleware *middleware = app->middleware[passage->reached++];
        if (middleware->before != NULL) middleware->before(passage, middleware->user);
    }
    passage->is_before = false;
    if (!passage->has_responded) return true;
    *status_out = passage->status;
    if (passage->status != ACTA_OK) *error = passage->error;
    return false;
}

acta_status
acti_passage_end(acti_command *command, acta_status status, acta_error *error)
{
    acta_passage *passage = command->passage;

    if (passage == NULL || passage->is_ended) return status;
    passage->is_ended = true;
    passage->status = status;
    if (status != ACTA_OK)
        passage->error = *error;
    else { /* of one that has no answer the command is its aggregate's still */
        passage->version = command->version;
        passage->position = command->position;
    }
    while (passage->reached > 0) {
        const acta_middleware *middleware = command->app->middleware[--passage->reached];
        acta_middleware_function *function = passage->status == ACTA_OK ? middleware->after : middleware->failure;
        if (function != NULL) function(passage, middleware->user);
    }
    if (passage->status != ACTA_OK) *error = passage->error;
    return passage->status;
}

bool
acti_command_wants_conclusion(const acti_command *command)
{
    return command->passage != NULL || command->app->audit.is_on || command->trace != NULL;
}

static acta_status
conclude(acti_command *command, bool is_answered, acta_status status, acta_error *error)
{
    acta_status answer = status;

    status = acti_passage_end(command, status, error);
    if (command->trace != NULL) acti_trace_answered(command, status, is_answered && status == answer);
    acti_audit_answered(command, is_answered, status, status != ACTA_OK ? error : NULL);
    return status;
}

acta_status
acti_command_conclude(acti_command *command, acta_status status, acta_error *error)
{
    return conclude(command, status != ACTA_TIMEOUT, status, error);
}

void
acti_command_conclude_unanswered(acti_command *command)
{
    acta_error error;

    if (command == NULL || !acti_command_wants_conclusion(command)) return;
    /* Relaxed: only manual applications are abandoned, by their one thread. */
    if (atomic_load_explicit(&command->app->abandoned, memory_order_relaxed)) return;
    conclude(command, false,
        acta_error_set(
            &error, ACTA_STOPPED, "who sent '%s' ended before its answer came", acti_command_table(command)->name),
        &error);
}

/* -- the command -- */

const acta_table *
acta_passage_command(const acta_passage *passage)
{
    return acti_command_table(passage->command);
}

acta_bytes
acta_passage_payload(const acta_passage *passage)
{
    return passage->command->payload;
}

acta_str
acta_passage_stream(const acta_passage *passage)
{
    return passage->command->stream;
}

const acta_envelope *
acta_passage_envelope(const acta_passage *passage)
{
    return &passage->command->envelope;
}

acta_bytes
acta_passage_metadata(const acta_passage *passage)
{
    return passage->command->metadata;
}

bool
acta_passage_is_of_manager(const acta_passage *passage)
{
    return passage->command->is_of_manager;
}

bool
acta_passage_is_of_schedule(const acta_passage *passage)
{
    return passage->command->is_of_schedule;
}

static acta_status
refuse_late(const acta_passage *passage, acta_error *error)
{
    if (passage->is_before) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "'%s' has been dispatched: it can be changed in 'before' alone",
        acta_passage_command(passage)->name);
}

acta_status
acta_passage_set_metadata(acta_passage *passage, acta_str name, acta_str value, acta_error *error)
{
    acti_command *command = passage->command;
    const acta_metadata_entry entry = { .name = name, .value = value };
    acta_status status = refuse_late(passage, error);

    if (status == ACTA_OK) status = acti_metadata_check(&entry, 1, error);
    if (status != ACTA_OK) return status;
    char *room = acta_memory_alloc(passage->memory, command->metadata.size + acti_metadata_line_size(&entry));
    if (room == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for metadata");
    size_t size = acti_metadata_set(command->metadata, &entry, room);
    if (size > ACTA_METADATA_MAX)
        return acta_error_set(
            error, ACTA_INVALID, "the metadata would have %zu bytes, at most %d are allowed", size, ACTA_METADATA_MAX);
    command->metadata = acta_bytes_from(room, size);
    return ACTA_OK;
}

acta_status
acta_passage_set_ids(
    acta_passage *passage, acta_id command_id, acta_id correlation_id, acta_id causation_id, acta_error *error)
{
    acti_command *command = passage->command;
    acta_status status = refuse_late(passage, error);

    if (status != ACTA_OK) return status;
    if (!acta_id_is_none(command_id) && (command->is_of_manager || command->is_of_schedule))
        return acta_error_set(error, ACTA_INVALID, "'%s' was sent by %s, which knows it by its command id",
            acta_passage_command(passage)->name, command->is_of_schedule ? "the schedule" : "a process manager");
    if (!acta_id_is_none(command_id)) {
        command->recorded = true;
        command->envelope.command_id = command_id;
    }
    if (!acta_id_is_none(correlation_id)) command->envelope.correlation_id = correlation_id;
    if (!acta_id_is_none(causation_id)) command->envelope.causation_id = causation_id;
    return ACTA_OK;
}

/* -- the answer -- */

acta_status
acta_passage_status(const acta_passage *passage)
{
    return passage->status;
}

const acta_error *
acta_passage_error(const acta_passage *passage)
{
    return passage->status != ACTA_OK ? &passage->error : NULL;
}

uint64_t
acta_passage_version(const acta_passage *passage)
{
    return passage->version;
}

uint64_t
acta_passage_position(const acta_passage *passage)
{
    return passage->position;
}

void
acta_passage_respond(
    acta_passage *passage, acta_status status, uint32_t code, const char *where, const char *format, ...)
{
    va_list arguments;

    passage->has_responded = true;
    passage->status = status != ACTA_NOPROC ? status : ACTA_FAILED;
    if (status == ACTA_OK) return;
    acta_error_set(&passage->error, passage->status, NULL);
    passage->error.code = code;
    snprintf(passage->error.where, sizeof passage->error.where, "%s", where != NULL ? where : "");
    va_start(arguments, format);
    vsnprintf(passage->error.text, sizeof passage->error.text, format, arguments);
    va_end(arguments);
}

/* -- what is kept -- */

static assigned *
find_assigned(const acta_passage *passage, const char *name)
{
    for (assigned *a = passage->first; a != NULL; a = a->next)
        if (strcmp(a->name, name) == 0) return a;
    return NULL;
}

static assigned *
add_assigned(acta_passage *passage, const char *name)
{
    size_t size = strlen(name) + 1;
    assigned *a = acta_memory_alloc(passage->memory, sizeof *a);
    char *copy = acta_memory_alloc(passage->memory, size);
    if (a == NULL || copy == NULL) return NULL;

    memcpy(copy, name, size);
    a->name = copy;
    a->next = passage->first;
    passage->first = a;
    return a;
}

acta_status
acta_passage_assign(acta_passage *passage, const char *name, const void *value, size_t size, acta_error *error)
{
    void *copy = acta_memory_alloc(passage->memory, size);
    assigned *a = find_assigned(passage, name);

    if (copy != NULL && a == NULL) a = add_assigned(passage, name);
    if (copy == NULL || a == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to keep '%s'", name);
    if (size > 0) memcpy(copy, value, size);
    acta_memory_free(passage->memory, a->value);
    a->value = copy;
    return ACTA_OK;
}

const void *
acta_passage_assigned(const acta_passage *passage, const char *name)
{
    const assigned *a = find_assigned(passage, name);
    return a != NULL ? a->value : NULL;
}
