/*
 * What a command returns: its events and the state behind them.
 *
 *     decided here             events as they were written, the state as it was encoded in the same turn
 *     answered from the store  the events of the stream, from the command's version back, that it has caused;
 *                              the state folded up to that version
 */
#include "returned.h"

#include "personal.h"

/* -- kept by the aggregate -- */

void
acti_command_forget_returned(acti_command *command)
{
    acti_spare_free(command->app, (void *)(uintptr_t)command->state.data, command->state.size);
    command->state = (acta_bytes){ NULL, 0 };
    if (command->events != NULL) acti_spare_free(command->app, command->events, command->events->size);
    command->events = NULL;
}

acta_status
acti_command_keep_events(acti_command *command, const acta_decision *decision, acta_error *error)
{
    uint32_t count = decision->emitted_count;
    size_t size = sizeof(acti_events) + count * sizeof(acti_written), at = 0;

    acti_command_forget_returned(command);
    if ((command->returning & ACTA_RETURN_EVENTS) == 0) return ACTA_OK;
    for (uint32_t i = 0; i < count; i++)
        size += decision->emitted[i].payload.size;
    acti_events *events = acti_spare_alloc(command->app, size);
    if (events == NULL)
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory for the events that '%s' is to return",
            acti_command_table(command)->name);

    events->size = size;
    events->count = count;
    uint8_t *bytes = (uint8_t *)&events->written[count];
    for (uint32_t i = 0; i < count; i++) {
        const acti_emitted *emitted = &decision->emitted[i];
        events->written[i] =
            (acti_written){ .number = emitted->number, .at = (uint32_t)at, .size = (uint32_t)emitted->payload.size };
        memcpy(bytes + at, emitted->payload.data, emitted->payload.size);
        at += emitted->payload.size;
    }
    command->events = events;
    return ACTA_OK;
}

typedef struct state_sink {
    acta_sink sink;
    acti_command *command;
} state_sink;

static uint8_t *
reserve_state(acta_sink *sink, size_t size)
{
    acti_command *command = ACTI_CONTAINER(sink, state_sink, sink)->command;
    uint8_t *bytes = acti_spare_alloc(command->app, size);

    if (bytes != NULL) command->state = acta_bytes_from(bytes, size);
    return bytes;
}

acta_status
acti_command_keep_state(acti_command *command, const void *state, acta_error *error)
{
    state_sink sink = { .sink = { .reserve = reserve_state }, .command = command };

    acti_spare_free(
        command->app, (void *)(uintptr_t)command->state.data, command->state.size); /* of an answer that was void */
    command->state = (acta_bytes){ NULL, 0 };
    return command->aggregate->code->state->write(state, &sink.sink, error);
}

/* -- given to the caller -- */

typedef struct giving {
    const acti_command *command;
    acta_memory *memory;
    acta_returned *returned;
    acta_returned_event *events; /* the same as returned->events */
    uint32_t capacity;
    void *state;
} giving;

static acta_status
no_memory(acta_error *error)
{
    return acta_error_set(error, ACTA_NO_MEMORY, "no memory for what is to be returned");
}

static void *
copy_of(acta_memory *memory, acta_bytes bytes)
{
    void *copy = acta_memory_alloc(memory, bytes.size);

    if (copy != NULL && bytes.size > 0) memcpy(copy, bytes.data, bytes.size);
    return copy;
}

static acta_status
add_event(giving *g, const acta_table *table, acta_bytes payload, uint64_t version, uint64_t position, bool is_open,
    acta_error *error)
{
    void *copy = copy_of(g->memory, payload), *value = acta_memory_alloc(g->memory, table->struct_size);
    if (copy == NULL || value == NULL) return no_memory(error);

    payload.data = copy;
    acta_status status =
        is_open ? ACTA_OK : acti_personal_open(g->command->app, table, payload, g->memory, &payload, error);
    if (status != ACTA_OK) return status;
    table->read(payload, value);
    g->events[g->returned->event_count++] = (acta_returned_event){
        .table = table, .version = version, .position = position, .payload = payload, .value = value
    };
    return ACTA_OK;
}

static bool
make_room(giving *g, uint32_t capacity)
{
    if (capacity <= g->capacity) return true;
    acta_returned_event *events = acta_memory_alloc(g->memory, capacity * sizeof *events);
    if (events == NULL) return false;

    if (g->returned->event_count > 0) memcpy(events, g->events, g->returned->event_count * sizeof *events);
    acta_memory_free(g->memory, g->events);
    g->returned->events = g->events = events;
    g->capacity = capacity;
    return true;
}

static acta_status
give_kept_events(giving *g, acta_error *error)
{
    const acti_command *command = g->command;
    const acti_events *events = command->events;
    const uint8_t *bytes = (const uint8_t *)&events->written[events->count];
    acta_status status = make_room(g, events->count) ? ACTA_OK : no_memory(error);

    for (uint32_t i = 0; i < events->count && status == ACTA_OK; i++) {
        const acti_written *written = &events->written[i];
        uint64_t behind = events->count - 1 - i;
        status = add_event(g, command->aggregate->code->events[written->number],
            acta_bytes_from(bytes + written->at, written->size), command->version - behind, command->position - behind,
            false, error);
    }
    return status;
}

/* -- from the log -- */

static acta_status
open_cursor(const giving *g, uint64_t from, acta_direction direction, acta_cursor **cursor_out, acta_error *error)
{
    const acta_read read = { .stream = g->command->stream, .from = from, .direction = direction };
    return acta_cursor_open(g->command->app->store, &read, cursor_out, error);
}

/* The version of the first event that the command has caused. */
static acta_status
find_first(const giving *g, uint64_t *first_out, acta_error *error)
{
    acta_cursor *cursor;
    acta_recorded event;
    acta_status status = open_cursor(g, g->command->version, ACTA_BACKWARD, &cursor, error);

    *first_out = g->command->version + 1;
    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK) {
        if (!acta_id_equal(event.causation_id, g->command->envelope.command_id)) break;
        *first_out = event.version;
    }
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
see_event(void *user, const acta_table *table, const acta_recorded *event, acta_error *error)
{
    giving *g = user;
    uint32_t count = g->returned->event_count;

    if (!make_room(g, count < g->capacity ? count + 1 : 2 * count + 4)) return no_memory(error);
    return add_event(g, table, event->payload, event->version, event->position, true, error);
}

static acta_status
see_state(void *user, const acta_table *table, const acta_recorded *event, acta_error *error)
{
    giving *g = user;
    const acti_aggregate *aggregate = g->command->aggregate;
    uint32_t number;

    if (!acti_names_find(&aggregate->events, acta_str_of(table->name), &number))
        return acta_error_set(error, ACTA_SCHEMA_MISMATCH,
            "version %" PRIu64 " is '%s', which is no event of aggregate %s", event->version, table->name,
            aggregate->code->name);
    aggregate->code->apply(aggregate->given, number, g->state, event->payload, g->memory);
    return acta_memory_failed(g->memory) ? no_memory(error) : ACTA_OK;
}

/* Versions `from` to the command's, as they are in the schema now. */
static acta_status
see_log(giving *g, uint64_t from, acta_event_see *see, acta_error *error)
{
    acta_cursor *cursor;
    acta_recorded event;
    if (from > g->command->version) return ACTA_OK;

    acta_status status = open_cursor(g, from, ACTA_FORWARD, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK && event.version <= g->command->version) {
        if (event.kind == ACTA_RECORD_STUB)
            status = acta_error_set(error, ACTA_DELETED, "version %" PRIu64 " was removed", event.version);
        else
            status = acta_app_upcast(g->command->app, &event, see, g, error);
        if (status != ACTA_OK || event.version == g->command->version) break;
    }
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
give_stored_events(giving *g, acta_error *error)
{
    uint64_t first;
    acta_status status = find_first(g, &first, error);

    return status == ACTA_OK ? see_log(g, first, see_event, error) : status;
}

static acta_status
give_state(giving *g, acta_error *error)
{
    const acti_command *command = g->command;
    const acta_table *table = command->aggregate->code->state;
    acta_status status;

    g->state = acta_memory_alloc(g->memory, table->struct_size);
    if (g->state == NULL) return no_memory(error);
    if (command->state.data != NULL) {
        status = table->load(g->state, command->state, g->memory);
        if (status != ACTA_OK) return no_memory(error);
    } else
        status = see_log(g, 1, see_state, error);
    g->returned->state = g->state;
    return status;
}

acta_status
acti_command_return(const acti_command *command, acta_memory *memory, acta_returned *returned_out, acta_error *error)
{
    giving g = { .command = command, .memory = memory, .returned = returned_out };
    acta_status status = ACTA_OK;

    *returned_out = (acta_returned){ .version = command->version,
        .position = command->position,
        .command_id = command->envelope.command_id,
        .correlation_id = command->envelope.correlation_id,
        .causation_id = command->envelope.causation_id,
        .decisions = command->decisions };
    if ((command->returning & ACTA_RETURN_EVENTS) != 0 && command->position != 0)
        status = command->events != NULL ? give_kept_events(&g, error) : give_stored_events(&g, error);
    if (status == ACTA_OK && (command->returning & ACTA_RETURN_STATE) != 0 && command->version != 0)
        status = give_state(&g, error);
    if (status == ACTA_OK) return ACTA_OK;
    return acta_error_prefix(error, status,
        "'%s' is stored at version %" PRIu64 ", but can't be returned: ", acti_command_table(command)->name,
        command->version);
}
