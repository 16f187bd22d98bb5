/*
 * Commands that a process manager's handler adds: encoded at once, kept in order.
 */
#include "manager.h"

enum { FIRST_ROOM = 4, COMMANDS_MAX = 10000 };

bool
acti_sent_init(acta_commands *commands, const acta_allocator *allocator)
{
    *commands = (acta_commands){ .memory = acta_memory_create(allocator) };
    return commands->memory != NULL;
}

void
acti_sent_deinit(acta_commands *commands)
{
    acta_memory_destroy(commands->memory);
    *commands = (acta_commands){ .memory = NULL };
}

void
acti_sent_clear(acta_commands *commands)
{
    acta_memory_clear(commands->memory);
    *commands = (acta_commands){ .memory = commands->memory };
}

static bool
make_room(acta_commands *commands)
{
    if (commands->count < commands->capacity) return true;
    uint32_t capacity = commands->capacity == 0 ? FIRST_ROOM : commands->capacity * 2;
    acti_sent *grown = acta_memory_alloc(commands->memory, capacity * sizeof *grown);
    if (grown == NULL) return false;

    if (commands->count > 0) memcpy(grown, commands->sent, commands->count * sizeof *grown);
    acta_memory_free(commands->memory, commands->sent);
    commands->sent = grown;
    commands->capacity = capacity;
    return true;
}

bool
acti_sent_add(acta_commands *commands, const acta_table *table, acta_bytes payload)
{
    uint8_t *copy = make_room(commands) ? acta_memory_alloc(commands->memory, payload.size) : NULL;
    if (copy == NULL) return false;

    memcpy(copy, payload.data, payload.size);
    commands->sent[commands->count++] = (acti_sent){ .table = table, .payload = acta_bytes_from(copy, payload.size) };
    return true;
}

void
acta_commands_add(acta_commands *commands, const acta_table *command, const void *value)
{
    acta_memory_sink sink = acta_memory_sink_of(commands->memory);
    if (commands->status != ACTA_OK) return;

    if (command->role != ACTA_TABLE_COMMAND)
        commands->status = acta_error_set(&commands->error, ACTA_INVALID, "'%s' is no command", command->name);
    else if (commands->count == COMMANDS_MAX)
        commands->status =
            acta_error_set(&commands->error, ACTA_INVALID, "one event leads to more than %d commands", COMMANDS_MAX);
    else {
        commands->status = command->write(value, &sink.sink, &commands->error);
        if (commands->status != ACTA_OK)
            acta_error_prefix(&commands->error, commands->status, "cannot send '%s': ", command->name);
    }
    if (commands->status == ACTA_OK && !make_room(commands))
        commands->status = acta_error_set(&commands->error, ACTA_NO_MEMORY, "no memory for a '%s'", command->name);
    if (commands->status == ACTA_OK)
        commands->sent[commands->count++] = (acti_sent){ .table = command, .payload = sink.bytes };
}

acta_str
acta_commands_instance(const acta_commands *commands)
{
    return commands->instance;
}

void
acta_commands_delay(acta_commands *commands, uint32_t ms)
{
    commands->delay_ms = ms;
}

void
acta_commands_keep(acta_commands *commands, uint64_t value)
{
    commands->kept = value;
}
