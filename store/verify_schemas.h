/*
 * Verify: the schemas that the log has kept (kept_rows.h). Each of their rows is sound, a type leads to a schema that is
 * there; and events whose schema is missing are counted. What a schema says isn't looked into.
 */
#ifndef ACTI_VERIFY_SCHEMAS_H
#define ACTI_VERIFY_SCHEMAS_H

#include "internal.h"
#include "seen_types.h"

typedef struct acti_schema_check {
    acta_store *store;
    acti_seen_types seen; /* filled by who reads the log */
    uint64_t schemas, types, events_without;
} acti_schema_check;

/* A row of either table. *text_out, of ACTA_ERROR_TEXT_MAX, is empty when it is sound, or none of theirs. */
acta_status acti_schema_check_row(
    acti_schema_check *check, acta_bytes key, acta_bytes row, char *text_out, acta_error *error);

/* After all rows: how many events have no schema, where others of their namespace have one. */
acta_status acti_schema_check_end(acti_schema_check *check, acta_error *error);

#endif
