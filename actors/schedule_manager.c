/*
 * Deadlines of process managers: added by a handler to its commands, written in the batch of its event.
 *
 *     handler --> commands.deadlines --> the instance's batch: state, position, outbox, rows of the schedule --durable--> the
 *                                                                                            schedule's clerk is told to look
 *
 * The clerk may delete a row (it has run) between the read here and the batch; what is written here has another mark, and so
 * another place among those due.
 *
 * Rows are a manager's own: "bank.Transfers", and "bank.Transfers.NAME" of one that was given a name. A store may have rows
 * of a manager with a name under that of its table alone. Those are its instances', too, to be replaced, cancelled and taken
 * along, unless the application has a manager of that table without a name, whose they are then.
 */
#include "schedule.h"

static acta_status
check(acta_str key, acta_error *error)
{
    if (key.size > 0 && key.size <= ACTA_SCHEDULE_KEY_MAX) return ACTA_OK;
    return acta_error_set(
        error, ACTA_INVALID, "a deadline's key has %zu bytes, 1 to %d are allowed", key.size, ACTA_SCHEDULE_KEY_MAX);
}

static acti_deadline *
add(acta_commands *commands, acta_str key)
{
    if (commands->status == ACTA_OK) commands->status = check(key, &commands->error);
    if (commands->status != ACTA_OK) return NULL;
    acti_deadline *added = acta_memory_alloc(commands->memory, sizeof *added);
    char *copy = acta_memory_alloc(commands->memory, key.size);
    if (added == NULL || copy == NULL) {
        commands->status = acta_error_set(&commands->error, ACTA_NO_MEMORY, "no memory for a deadline");
        return NULL;
    }
    memcpy(copy, key.data, key.size);
    *added = (acti_deadline){ .next = commands->deadlines, .key = acta_str_from(copy, key.size) };
    commands->deadlines = added;
    return added;
}

void
acta_commands_schedule(
    acta_commands *commands, acta_str key, const acta_table *command, const void *value, const acta_deadline *deadline)
{
    acta_memory_sink sink = acta_memory_sink_of(commands->memory);
    acti_deadline *added = add(commands, key);
    if (added == NULL) return;

    if (command->role != ACTA_TABLE_COMMAND)
        commands->status = acta_error_set(&commands->error, ACTA_INVALID, "'%s' is no command", command->name);
    else if (deadline->at_us < 0)
        commands->status = acta_error_set(&commands->error, ACTA_INVALID, "a deadline is before 1970");
    else {
        commands->status = command->write(value, &sink.sink, &commands->error);
        if (commands->status != ACTA_OK)
            acta_error_prefix(&commands->error, commands->status, "cannot send '%s': ", command->name);
    }
    added->table = command;
    added->payload = sink.bytes;
    added->when = *deadline;
}

void
acta_commands_cancel(acta_commands *commands, acta_str key)
{
    add(commands, key);
}

/* -- into a batch -- */

static int64_t
due_of(const acti_deadline *deadline, const acti_outbox *outbox)
{
    uint64_t room_ms = (uint64_t)(INT64_MAX / 2 - outbox->recorded_at_us) / 1000;

    if (deadline->when.at_us != 0) return deadline->when.at_us;
    if (deadline->when.after_ms >= room_ms) return INT64_MAX / 2;
    return outbox->recorded_at_us + (int64_t)deadline->when.after_ms * 1000;
}

/* What a manager's rows are found by; the name in `room`. */
enum { MANAGER_NAME_MAX = 2 * ACTA_TYPE_NAME_MAX };

static acta_str
name_of(const acta_process_manager *manager, char *room)
{
    const char *table = manager->code->state->name;

    if (manager->name == NULL) return acta_str_of(table);
    snprintf(room, MANAGER_NAME_MAX, "%s.%s", table, manager->name);
    return acta_str_of(room);
}

/* May there be rows of it under the name of its table alone? */
static bool
may_be_under_table(const acta_app *app, const acta_process_manager *manager)
{
    if (manager->name == NULL) return false;
    for (uint32_t i = 0; i < app->reader_count; i++) {
        const acti_reader *other = &app->readers[i];
        if (other->kind == &acti_manager_kind && other->given.manager->name == NULL &&
            strcmp(other->given.manager->code->state->name, manager->code->state->name) == 0)
            return false;
    }
    return true;
}

static bool
looks_under_table(const acti_instance *i)
{
    /* Relaxed: set before any process manager began. */
    return atomic_load_explicit(&i->app->has_table_deadlines, memory_order_relaxed) &&
           may_be_under_table(i->app, i->manager);
}

/* The place of what is there among those due goes. */
static acta_status
take_out(const acti_instance *i, acta_transaction *batch, acta_bytes row_key, bool *is_there, acta_error *error)
{
    acti_scheduled row;
    acta_status status = acti_scheduled_read(i->app, row_key, i->scratch, &row, error);

    *is_there = status == ACTA_OK;
    if (status == ACTA_NOT_FOUND) return ACTA_OK;
    if (status != ACTA_OK) return status;
    acta_bytes due_key = acti_due_key(&row, row_key, i->scratch);
    if (due_key.data == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a deadline");
    acta_transaction_delete(batch, ACTI_DUE_TABLE, due_key);
    return ACTA_OK;
}

/* The same deadline under the table's name goes. */
static acta_status
take_under_table(const acti_instance *i, acta_transaction *batch, acta_str key, acta_error *error)
{
    acta_bytes row_key = acti_deadline_key(acta_str_of(i->code->state->name), i->id, key, i->scratch);
    bool is_there;
    if (row_key.data == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a deadline");

    acta_status status = take_out(i, batch, row_key, &is_there, error);
    if (status == ACTA_OK && is_there) acta_transaction_delete(batch, ACTI_SCHEDULE_TABLE, row_key);
    return status;
}

static acta_status
put_one(const acti_instance *i, acta_transaction *batch, const acti_outbox *outbox, const acti_deadline *deadline,
    acta_error *error)
{
    bool goes = deadline->table == NULL || (i->is_ending && !deadline->when.stays), is_there;
    char room[MANAGER_NAME_MAX];
    acta_bytes row_key = acti_deadline_key(name_of(i->manager, room), i->id, deadline->key, i->scratch);
    if (row_key.data == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a deadline");

    acta_status status = take_out(i, batch, row_key, &is_there, error);
    if (status == ACTA_OK && looks_under_table(i)) status = take_under_table(i, batch, deadline->key, error);
    if (status != ACTA_OK) return status;
    if (goes) {
        if (is_there) acta_transaction_delete(batch, ACTI_SCHEDULE_TABLE, row_key);
        return ACTA_OK;
    }
    acti_scheduled row = { .due_us = due_of(deadline, outbox),
        .mark = outbox->position << 16 | (outbox->generation & 0xffff),
        .stays = deadline->when.stays,
        .late_ms = ACTA_SCHEDULE_LATE_DEFAULT,
        .retry_max = ACTA_SCHEDULE_RETRY_DEFAULT,
        .correlation_id = outbox->correlation_id,
        .causation_id = acti_event_id(outbox->position),
        .place = outbox->place,
        .command = acta_str_of(deadline->table->name) };
    status = acti_personal_seal(i->app, deadline->table, deadline->payload, i->scratch, &row.payload, error);
    return status == ACTA_OK ? acti_scheduled_put(batch, row_key, &row, i->scratch, error) : status;
}

static bool
is_last_of_key(const acti_deadline *deadline, const acti_deadline *newest)
{
    for (const acti_deadline *other = newest; other != deadline; other = other->next)
        if (acta_str_equal(other->key, deadline->key)) return false;
    return true;
}

/* Those of an instance that is being stopped, but for what stays; and what this batch writes anyway. */
static acta_status
take_all_of(
    const acti_instance *i, acta_str manager, acta_transaction *batch, const acti_deadline *added, acta_error *error)
{
    acta_bytes prefix = acti_deadline_key(manager, i->id, acta_str_of(""), i->scratch);
    acta_bytes key, value;
    acta_row_cursor *cursor;
    acti_scheduled row;
    if (prefix.data == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a deadline");

    acta_status status = acta_row_cursor_open(i->app->store, ACTI_SCHEDULE_TABLE, prefix, &cursor, error);
    if (status != ACTA_OK) return status;
    while (status == ACTA_OK && (status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
        acta_str own = acta_str_from(key.data + prefix.size, key.size - prefix.size);
        const acti_deadline *other = added;
        while (other != NULL && !acta_str_equal(other->key, own))
            other = other->next;
        status = acti_scheduled_decode(value, &row, error);
        if (status != ACTA_OK || row.stays || other != NULL) continue;
        status = acti_scheduled_delete(batch, key, &row, i->scratch, error);
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
take_all(const acti_instance *i, acta_transaction *batch, const acti_deadline *added, acta_error *error)
{
    char room[MANAGER_NAME_MAX];
    acta_status status = take_all_of(i, name_of(i->manager, room), batch, added, error);

    if (status != ACTA_OK || !looks_under_table(i)) return status;
    return take_all_of(i, acta_str_of(i->code->state->name), batch, added, error);
}

acta_status
acti_deadlines_put(acti_instance *i, acta_transaction *batch, const acti_outbox *outbox, acta_error *error)
{
    const acti_deadline *newest = outbox->commands.deadlines;
    acta_status status = ACTA_OK;

    /* Relaxed: set by this actor, or before any of its kind began; whose deadline another one wrote is none of its. */
    if (newest != NULL) atomic_store_explicit(&i->app->has_deadlines, true, memory_order_relaxed);
    if (!atomic_load_explicit(&i->app->has_deadlines, memory_order_relaxed)) return ACTA_OK;
    if (i->is_ending) status = take_all(i, batch, newest, error);
    for (const acti_deadline *d = newest; d != NULL && status == ACTA_OK; d = d->next)
        if (is_last_of_key(d, newest)) status = put_one(i, batch, outbox, d, error);
    return status;
}

acta_status
acti_deadlines_end(const acti_instance *i, acta_transaction *batch, acta_error *error)
{
    /* Relaxed: as above. */
    if (!atomic_load_explicit(&i->app->has_deadlines, memory_order_relaxed)) return ACTA_OK;
    return take_all(i, batch, NULL, error);
}

/* Does the store have rows whose keys begin so? What can't be read may be one. */
static bool
has_rows(const acta_app *app, acta_bytes prefix)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;

    acta_status status = acta_row_cursor_open(app->store, ACTI_SCHEDULE_TABLE, prefix, &cursor, NULL);
    if (status == ACTA_OK) {
        status = acta_row_cursor_next(cursor, &key, &value, NULL);
        acta_row_cursor_close(cursor);
    }
    return status != ACTA_NOT_FOUND;
}

/* 'm' and a table's name, in `room`. */
static acta_bytes
prefix_of_table(const char *table, uint8_t *room)
{
    size_t size = strlen(table);

    room[0] = 'm';
    room[1] = (uint8_t)(size >> 8);
    room[2] = (uint8_t)size;
    memcpy(room + 3, table, size);
    return acta_bytes_from(room, 3 + size);
}

void
acti_deadlines_find(acta_app *app)
{
    uint8_t room[3 + ACTA_TYPE_NAME_MAX];
    bool is_under_table = false;

    if (!has_rows(app, acta_bytes_from("m", 1))) return;
    for (uint32_t i = 0; i < app->reader_count && !is_under_table; i++) {
        if (app->readers[i].kind != &acti_manager_kind) continue;
        const acta_process_manager *manager = app->readers[i].given.manager;
        is_under_table =
            may_be_under_table(app, manager) && has_rows(app, prefix_of_table(manager->code->state->name, room));
    }
    /* Relaxed: managers begin behind this, by messages. */
    atomic_store_explicit(&app->has_table_deadlines, is_under_table, memory_order_relaxed);
    atomic_store_explicit(&app->has_deadlines, true, memory_order_relaxed);
}
