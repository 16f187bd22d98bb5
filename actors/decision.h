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
    const acta_aggregate *aggregate;
    const acta_aggregate_code *code;
    const acta_envelope *envelope;
    const acta_table *command;
    const void *state; /* as execute was given it */
    const acta_allocator *allocator;
    acta_status status; /* OK so far; REJECTED; or what went wrong with an emit */
    acta_error error;   /* when status isn't ACTA_OK */

    /* `size` bytes for an event of this table; NULL: no memory. */
    uint8_t *(*reserve)(struct acta_decision *decision, const acta_table *event, size_t size);
    /* Encode an event through the sink; NULL: by its table alone. */
    acta_status (*write)(struct acta_decision *decision, const acta_table *event, const void *value, acta_error *error);
    /* An emitted event as apply is to see it, what is personal opened in `memory`; NULL: as it was written. */
    acta_status (*open)(struct acta_decision *decision, const acta_table *event, acta_bytes *payload,
        acta_memory *memory, acta_error *error);
    void *user;
    const acta_table *encoding; /* the event in hand */
    acta_bytes encoded;

    acti_emitted *emitted;
    uint32_t emitted_count, emitted_capacity;

    /* acta_state_after. */
    acta_memory *after_memory;
    void *after;          /* NULL: not asked for */
    uint32_t after_count; /* events in it */
};

/* Begin with command `number`; the array of emitted events stays from the last one. */
void acti_decision_begin(acta_decision *decision, const acta_aggregate *aggregate, uint32_t number, const void *state,
    const acta_envelope *envelope);
/* Execute has returned: what was only for it goes. */
void acti_decision_end(acta_decision *decision);
void acti_decision_deinit(acta_decision *decision);

#endif
