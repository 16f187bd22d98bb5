/*
 * Audit: reading records, one after the other in the order of their dispatch.
 */
#include "audit_record.h"
#include "personal.h"
#include "counters.h"

struct acta_audit_cursor {
    acta_app *app;
    acta_row_cursor *rows;
    acta_memory *memory; /* the cursor's own */
    acta_memory *opened; /* of the record in hand */
    acta_str stream, type;
    acta_id correlation_id;
    bool failures;
};

static acta_str
keep(acta_memory *memory, acta_str given, bool *good)
{
    if (given.data == NULL) return given;
    char *copy = acta_memory_alloc(memory, given.size);
    if (copy == NULL)
        *good = false;
    else if (given.size > 0)
        memcpy(copy, given.data, given.size);
    return acta_str_from(copy, given.size);
}

static acta_status
open_rows(acta_audit_cursor *cursor, const acta_audit_read *read, acta_error *error)
{
    acti_audit_key from = acti_audit_key_of(read->from_us, (acta_id){ { 0 } });
    acti_audit_key to = acti_audit_key_of(read->to_us, (acta_id){ { 0 } });

    return acta_row_cursor_open_range(cursor->app->store, ACTI_AUDIT_TABLE,
        read->from_us > 0 ? acta_bytes_from(from.bytes, sizeof from.bytes) : acta_bytes_from(NULL, 0),
        read->to_us > 0 ? acta_bytes_from(to.bytes, sizeof to.bytes) : acta_bytes_from(NULL, 0), read->backward,
        &cursor->rows, error);
}

acta_status
acta_audit_open(acta_app *app, const acta_audit_read *read, acta_audit_cursor **cursor_out, acta_error *error)
{
    ACTI_IN_CALL(app);
    static const acta_audit_read all;
    if (read == NULL) read = &all;
    if (read->from_us < 0 || read->to_us < 0)
        return acta_error_set(error, ACTA_INVALID, "audit records are read from and to a time after 1970");

    acta_memory *memory = acta_memory_create(&app->environment.allocator);
    acta_audit_cursor *cursor = memory != NULL ? acta_memory_alloc(memory, sizeof *cursor) : NULL;
    if (cursor == NULL) {
        acta_memory_destroy(memory);
        return acta_error_set(error, ACTA_NO_MEMORY, "no memory to read audit records");
    }
    bool good = true;
    *cursor = (acta_audit_cursor){ .app = app,
        .memory = memory,
        .opened = acta_memory_create(&app->environment.allocator),
        .stream = keep(memory, read->stream, &good),
        .type = keep(memory, read->type, &good),
        .correlation_id = read->correlation_id,
        .failures = read->failures };
    acta_status status = good && cursor->opened != NULL
                             ? open_rows(cursor, read, error)
                             : acta_error_set(error, ACTA_NO_MEMORY, "no memory to read audit records");
    if (status != ACTA_OK) {
        acta_memory_destroy(cursor->opened);
        acta_memory_destroy(memory);
        return status;
    }
    *cursor_out = cursor;
    return ACTA_OK;
}

void
acta_audit_close(acta_audit_cursor *cursor)
{
    if (cursor == NULL) return;
    acta_row_cursor_close(cursor->rows);
    acta_memory_destroy(cursor->opened);
    acta_memory_destroy(cursor->memory);
}

static acta_str
part_of(const acti_audit_head *head, int part)
{
    return acta_str_from((const char *)head->parts[part].data, head->parts[part].size);
}

static bool
is_wanted(const acta_audit_cursor *cursor, const acti_audit_head *head)
{
    if (cursor->failures && head->status == ACTA_OK) return false;
    if (cursor->stream.data != NULL && !acta_str_equal(cursor->stream, part_of(head, ACTI_AUDIT_STREAM))) return false;
    if (cursor->type.data != NULL && !acta_str_equal(cursor->type, part_of(head, ACTI_AUDIT_TYPE))) return false;
    return acta_id_is_none(cursor->correlation_id) || acta_id_equal(cursor->correlation_id, head->correlation_id);
}

/* The content, if the schema has it still as it was written. */
static acta_status
open_payload(acta_audit_cursor *cursor, const acti_audit_head *head, acta_audit_record *record, acta_error *error)
{
    const acta_table *table = acta_app_table(cursor->app, record->type);
    acta_bytes payload = head->parts[ACTI_AUDIT_PAYLOAD];

    if (table == NULL || table->role != ACTA_TABLE_COMMAND) return ACTA_OK;
    record->table = table;
    if (payload.size == 0 || head->schema_hash != table->schema_hash) return ACTA_OK;
    acta_memory_clear(cursor->opened);
    acta_status status = table->verify(payload, error);
    if (status == ACTA_OK)
        status = acti_personal_open(cursor->app, table, payload, cursor->opened, &record->payload, error);
    return status;
}

acta_status
acta_audit_next(acta_audit_cursor *cursor, acta_audit_record *record_out, acta_error *error)
{
    ACTI_IN_CALL(cursor->app);
    acti_audit_head head;
    acta_bytes key, value;

    do {
        acta_status status = acta_row_cursor_next(cursor->rows, &key, &value, error);
        if (status != ACTA_OK) return status;
        if (!acti_audit_read(value, &head)) return acta_error_set(error, ACTA_CORRUPT, "an audit record is damaged");
    } while (!is_wanted(cursor, &head));
    *record_out = (acta_audit_record){ .correlation_id = head.correlation_id,
        .causation_id = head.causation_id,
        .stream = part_of(&head, ACTI_AUDIT_STREAM),
        .type = part_of(&head, ACTI_AUDIT_TYPE),
        .metadata = head.parts[ACTI_AUDIT_METADATA],
        .is_of_manager = head.is_of_manager,
        .is_of_schedule = head.is_of_schedule,
        .has_own_id = head.has_own_id,
        .status = (acta_status)head.status,
        .code = head.code,
        .where = part_of(&head, ACTI_AUDIT_WHERE),
        .text = part_of(&head, ACTI_AUDIT_TEXT),
        .version = head.version,
        .event_count = head.event_count,
        .decisions = head.decisions,
        .duration_us = head.duration_us };
    if (!acti_audit_key_read(key, &record_out->dispatched_at_us, &record_out->command_id))
        return acta_error_set(error, ACTA_CORRUPT, "an audit record has a key of %zu bytes", key.size);
    return open_payload(cursor, &head, record_out, error);
}
