/*
 * Verify: what its parts share. See verify.c.
 */
#ifndef ACTI_VERIFY_H
#define ACTI_VERIFY_H

#include "acta/operations.h"

#include "internal.h"
#include "page_chain.h"
#include "verify_schemas.h"

typedef struct acti_verifying {
    acta_store *store;
    acta_damage_found found;
    void *user;
    acta_verify_report report;
    acti_sessions versions; /* a map: stream id -> the version seen last */
    acti_page_chain chain;
    acti_schema_check schemas;
    int64_t recorded_at_us; /* of the record before */
    uint32_t unreadable;    /* records in a row */
    acta_error first;       /* damage */
} acti_verifying;

/* Tell of damage. `position`: of the event that it is about; 0: of none. */
void acti_verify_damaged(acti_verifying *v, uint64_t position, const char *format, ...) ACTA_PRINTF(3, 4);

/* What a look-up says beside ACTA_OK: damage goes into the report, all else ends the run. */
acta_status acti_verify_note(
    acti_verifying *v, uint64_t position, acta_status status, const acta_error *said, acta_error *error);

/* verify_rows.c: a row of the tables. */
acta_status acti_verify_row(acti_verifying *v, acta_bytes key, acta_bytes value, acta_error *error);

/* verify_copies.c: the copies that an entry of the index has. */
acta_status acti_verify_copies(acti_verifying *v, acta_bytes key, acta_bytes value, acta_error *error);

#endif
