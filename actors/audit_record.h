/*
 * The form of an audit record: what lies in a row of the table "audit.commands".
 */
#ifndef ACTI_ACTORS_AUDIT_RECORD_H
#define ACTI_ACTORS_AUDIT_RECORD_H

#include "internal.h"

#define ACTI_AUDIT_TABLE "audit.commands"

typedef struct acti_audit_key {
    uint8_t bytes[8 + ACTA_ID_SIZE];
} acti_audit_key;
acti_audit_key acti_audit_key_of(int64_t dispatched_at_us, acta_id command_id);
bool acti_audit_key_read(acta_bytes key, int64_t *dispatched_at_us_out, acta_id *command_id_out);

enum {
    ACTI_AUDIT_STREAM,
    ACTI_AUDIT_TYPE,
    ACTI_AUDIT_WHERE,
    ACTI_AUDIT_TEXT,
    ACTI_AUDIT_METADATA,
    ACTI_AUDIT_PAYLOAD,
    ACTI_AUDIT_PARTS
};

typedef struct acti_audit_head {
    bool is_of_manager, is_of_schedule, has_own_id;
    uint32_t status, code, event_count, decisions;
    uint64_t version, duration_us, schema_hash;
    acta_id correlation_id, causation_id;
    acta_bytes parts[ACTI_AUDIT_PARTS];
} acti_audit_head;

size_t acti_audit_size(const acti_audit_head *head);
void acti_audit_write(const acti_audit_head *head, uint8_t *to);
bool acti_audit_read(acta_bytes value, acti_audit_head *head_out); /* parts are views; false: it is none */

#endif
