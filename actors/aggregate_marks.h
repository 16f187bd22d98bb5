/*
 * What marks of events and states mean when an aggregate appends: tags of events, and claims of unique values.
 */
#ifndef ACTI_ACTORS_AGGREGATE_MARKS_H
#define ACTI_ACTORS_AGGREGATE_MARKS_H

#include "aggregate_actor.h"

/* The tags of an event, "student:17", in `memory`. ACTA_INVALID: one that can't be a tag; names the field. */
acta_status acti_event_tags(const acta_table *event, const void *value, acta_memory *memory, const acta_str **tags_out,
    uint32_t *count_out, acta_error *error);

/* The unique values of a state, as they are claimed; by the state's marks. */
typedef struct acti_unique {
    acta_memory *memory; /* NULL: the state has none */
    acta_bytes *values;  /* one for each mark of the state; data NULL: nothing is claimed by it */
    acta_bytes *rows;    /* of ACTA_PERSONAL_CLAIMS; data NULL: it isn't personal */
} acti_unique;

/* As the state is now. Errors: ACTA_NO_MEMORY; those of the key service. */
acta_status acti_unique_take(acti_aggregate_actor *a, acti_unique *unique, acta_error *error);
void acti_unique_free(acti_unique *unique);

/* What changed from `before` to the state as it is now goes into the transaction in hand. ACTA_ALREADY_EXISTS: another one
 * has such a value; error->where is the field. */
acta_status acti_unique_claim(acti_aggregate_actor *a, const acti_unique *before, acta_error *error);

#endif
