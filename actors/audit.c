/*
 * Audit: writing records.
 *
 *     key    dispatched at (µs, big-endian, so that keys are in the order of time) | command id
 *     value  head, all little-endian | stream | type | where | text | metadata | payload        see AT_… below
 *
 * A record that is written by itself is put only where there is none, so that it never covers what a transaction with events
 * says: of a command that was answered too late, or asked for twice in the same µs.
 */
#include "audit.h"

#include "audit_record.h"
#include "personal.h"

enum { PAYLOAD_MAX = 1 << 20 }; /* larger ones are left out */

/* -- what may be kept of a command -- */

static acta_status
hide(void *user, const acta_table *table, const acta_mark *mark, acta_str subject, acta_bytes *value,
    acta_memory *memory, acta_error *error)
{
    static const char shown[] = "***";
    (void)user, (void)table, (void)mark, (void)subject, (void)memory, (void)error;

    *value = acta_bytes_from(shown, sizeof shown - 1);
    return ACTA_OK;
}

/* Without what is redacted, and with what is personal sealed; nothing, where that can't be done. */
static acta_bytes
kept_payload(acti_command *command, acta_memory *memory)
{
    const acta_table *table = acti_command_table(command);
    acta_bytes payload = command->payload;

    if (command->app->audit.without_payload || payload.size > PAYLOAD_MAX) return acta_bytes_from(NULL, 0);
    acta_status status = acta_marks_rewrite(table, payload, ACTA_MARK_REDACTED, hide, NULL, memory, &payload, NULL);
    if (status == ACTA_OK) status = acti_personal_seal(command->app, table, payload, memory, &payload, NULL);
    return status == ACTA_OK ? payload : acta_bytes_from(NULL, 0);
}

/* -- records -- */

static acta_bytes
encode(acti_command *command, acta_status status, const acta_error *error, uint32_t event_count, acta_memory *memory)
{
    const acta_envelope *envelope = &command->envelope;
    const acta_table *table = acti_command_table(command);
    bool has_text = status != ACTA_OK && error != NULL;
    const acti_audit_head head = { .is_of_manager = command->is_of_manager,
        .is_of_schedule = command->is_of_schedule,
        .has_own_id = command->recorded,
        .status = status,
        .code = has_text ? error->code : 0,
        .version = status == ACTA_OK || status == ACTA_REJECTED ? command->version : 0,
        .event_count = event_count,
        .decisions = command->decisions,
        .duration_us = (acti_now_ns(command->app) - command->begun_ns) / 1000,
        .schema_hash = table->schema_hash,
        .correlation_id = envelope->correlation_id,
        .causation_id = envelope->causation_id,
        .parts = { [ACTI_AUDIT_STREAM] = acta_str_bytes(command->stream),
            [ACTI_AUDIT_TYPE] = acta_str_bytes(acta_str_of(table->name)),
            [ACTI_AUDIT_WHERE] = acta_str_bytes(acta_str_of(has_text ? error->where : "")),
            [ACTI_AUDIT_TEXT] = acta_str_bytes(acta_str_of(has_text ? error->text : "")),
            [ACTI_AUDIT_METADATA] = command->metadata,
            [ACTI_AUDIT_PAYLOAD] = kept_payload(command, memory) } };
    uint8_t *value = acta_memory_alloc(memory, acti_audit_size(&head));

    if (value == NULL) return acta_bytes_from(NULL, 0);
    acti_audit_write(&head, value);
    return acta_bytes_from(value, acti_audit_size(&head));
}

static bool
put(acta_transaction *transaction, acti_command *command, acta_status status, const acta_error *error,
    uint32_t event_count, bool only_if_absent)
{
    acta_memory *memory = acta_memory_create(&command->app->warm);
    if (memory == NULL) return false;

    acta_bytes value = encode(command, status, error, event_count, memory);
    if (value.data != NULL) {
        acti_audit_key key = acti_audit_key_of(command->envelope.dispatched_at_us, command->envelope.command_id);
        acta_bytes at = acta_bytes_from(key.bytes, sizeof key.bytes);
        if (only_if_absent) acta_transaction_expect_row(transaction, ACTI_AUDIT_TABLE, at, false);
        acta_transaction_put(transaction, ACTI_AUDIT_TABLE, at, value);
    }
    acta_memory_destroy(memory);
    return value.data != NULL;
}

bool
acti_audit_put(acta_transaction *transaction, acti_command *command, uint32_t event_count)
{
    if (!command->app->audit.is_on || ACTA_PLANT("audit_left_out")) return true;
    command->is_audited = put(transaction, command, command->status, command->error, event_count, false);
    return command->is_audited;
}

static acta_status
write_alone(acti_command *command, acta_status status, const acta_error *error)
{
    acta_app *app = command->app;
    acta_transaction *transaction = acta_transaction_create(app->store);
    if (transaction == NULL) return ACTA_NO_MEMORY;

    if (!put(transaction, command, status, error, 0, true)) {
        acta_transaction_destroy(transaction);
        return ACTA_NO_MEMORY;
    }
    return acti_submit_transaction(app, transaction, NULL, NULL, NULL, NULL);
}

void
acti_audit_answered(acti_command *command, bool is_answered, acta_status status, const acta_error *error)
{
    acta_app *app = command->app;

    if (!app->audit.is_on || (is_answered && command->is_audited)) return;
    acta_status written = write_alone(command, status, error);
    if (written == ACTA_OK) return;
    /* Relaxed: a count. Told once: of a store that takes no more there would be no end. */
    if (atomic_fetch_add_explicit(&app->audits_lost, 1, memory_order_relaxed) == 0)
        acta_log_event(&app->environment, ACTA_LOG_WARNING, "audit.lost",
            ACTA_LOG_FIELDS(acta_log_text("stream", command->stream),
                acta_log_text("command", acta_str_of(acti_command_table(command)->name)),
                acta_log_id("correlation", command->envelope.correlation_id.bytes),
                acta_log_text("error", acta_str_of(acta_status_name(written)))),
            "application '%s': no audit record of a '%s': %s; it is not told of further ones", app->name,
            acti_command_table(command)->name, acta_status_name(written));
}

/* -- what is too old -- */

static acta_status
delete_until(acta_app *app, acta_row_cursor *cursor, uint32_t count_max, uint32_t *count_out, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(app->store);
    acta_bytes key, value;
    acta_status status = ACTA_OK;

    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory to let audit records go");
    while (*count_out < count_max && (status = acta_row_cursor_next(cursor, &key, &value, error)) == ACTA_OK) {
        acta_transaction_delete(transaction, ACTI_AUDIT_TABLE, key);
        ++*count_out;
    }
    if ((status == ACTA_OK || status == ACTA_NOT_FOUND) && *count_out > 0)
        return acti_submit_transaction(app, transaction, NULL, NULL, NULL, error);
    acta_transaction_destroy(transaction);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acti_audit_expire(acta_app *app, uint32_t count_max, uint32_t *count_out, acta_error *error)
{
    int64_t before_us = acti_wall_us(app) - (int64_t)(app->audit.retention_ms * 1000);
    acti_audit_key to = acti_audit_key_of(before_us > 0 ? before_us : 0, (acta_id){ { 0 } });
    acta_row_cursor *cursor;

    *count_out = 0;
    acta_status status = acta_row_cursor_open_range(app->store, ACTI_AUDIT_TABLE, acta_bytes_from(NULL, 0),
        acta_bytes_from(to.bytes, sizeof to.bytes), false, &cursor, error);
    if (status != ACTA_OK) return status;
    status = delete_until(app, cursor, count_max, count_out, error);
    acta_row_cursor_close(cursor);
    return status;
}
