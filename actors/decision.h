/*
 * Decision: what one command leads to, while `execute` runs.
 *
 * Where the encoded events go is the business of whoever decides: an aggregate puts them into a transaction, a test into
 * memory of its own.
 */
#ifndef ACTI_ACTORS_DECISION_H
#define ACTI_ACTORS_DECISION_H

#include "acta/aggregate.h"

enum { ACTI_REJECTION_TEXT_MAX = 191 }; /* bytes; as much as an outcome keeps, so that the same text comes again */

/* An event that was emitted: its number among the aggregate's, and its bytes. */
typedef struct acti_emitted {
    uint32_t number;
    acta_bytes payload;
} acti_emitted;

struct acta_decision {
    acta_sink sink; /* what an event is encoded through */
    const acta_aggregate_code *code;
    const acta_envelope *envelope;
    const acta_allocator *allocator;
    acta_status status; /* OK so far; REJECTED; or what went wrong with an emit */
    acta_error error;   /* when status isn't ACTA_OK */

    /* `size` bytes for an event of this table; NULL: no memory. */
    uint8_t *(*reserve)(struct acta_decision *decision, const acta_table *event, size_t size);
    /* Encode an event through the sink; NULL: by its table alone. */
    acta_status (*write)(struct acta_decision *decision, const acta_table *event, const void *value, acta_error *error);
    void *user;
    const acta_table *encoding; /* the event in hand */
    acta_bytes encoded;

    acti_emitted *emitted;
    uint32_t emitted_count, emitted_capacity;
};

/* Begin; the array of emitted events stays from the last one. */
void acti_decision_begin(acta_decision *decision, const acta_aggregate_code *code, const acta_envelope *envelope);
void acti_decision_deinit(acta_decision *decision);

#endif
