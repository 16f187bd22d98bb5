/*
 * Deadlines of process managers: added by a handler to its commands, written in the batch of its event.
 *
 *     handler --> commands.deadlines --> the instance's batch: state, position, outbox, rows of the schedule --durable--> the
 *                                                                                            schedule's clerk is told to look
 *
 * The clerk may delete a row (it has run) between the read here and the batch; what is written here has another mark, and so
 * another place among those due.
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

static acta_status
put_one(const acti_instance *i, acta_transaction *batch, const acti_outbox *outbox, const acti_deadline *deadline,
    acta_error *error)
{
    bool goes = deadline->table == NULL || (i->is_ending && !deadline->when.stays), is_there;
    acta_bytes row_key = acti_deadline_key(acta_str_of(i->code->state->name), i->id, deadline->key, i->scratch);
    if (row_key.data == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a deadline");

    acta_status status = take_out(i, batch, row_key, &is_there, error);
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
take_all(const acti_instance *i, acta_transaction *batch, const acti_deadline *added, acta_error *error)
{
    acta_bytes prefix = acti_deadline_key(acta_str_of(i->code->state->name), i->id, acta_str_of(""), i->scratch);
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

void
acti_deadlines_find(acta_app *app)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;
    const uint8_t kind = 'm';

    acta_status status =
        acta_row_cursor_open(app->store, ACTI_SCHEDULE_TABLE, acta_bytes_from(&kind, 1), &cursor, NULL);
    if (status == ACTA_OK) {
        status = acta_row_cursor_next(cursor, &key, &value, NULL);
        acta_row_cursor_close(cursor);
    }
    /* What can't be read may be one. */
    if (status != ACTA_NOT_FOUND) atomic_store_explicit(&app->has_deadlines, true, memory_order_relaxed);
}
