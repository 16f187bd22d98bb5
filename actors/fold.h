/*
 * Fold: the state of an aggregate out of a snapshot and events, wherever it is needed: in its actor, in the past
 * (time_travel.c), beside the recorded one (shadow.c).
 *
 *     state 0 --snapshot--> state k --event k+1--> state k+1 --event k+2--> …
 *
 * Upcasters and personal fields are handled here. After an error the state is as it was before the event, but for
 * ACTA_NO_MEMORY, which spoils it: clear it.
 */
#ifndef ACTI_ACTORS_FOLD_H
#define ACTI_ACTORS_FOLD_H

#include "internal.h"

typedef struct acti_fold {
    const acta_app *app;
    const acti_aggregate *aggregate;
    acta_str stream;
    void *value;           /* the state's struct */
    acta_memory *memory;   /* of what is in it */
    acta_memory *personal; /* in `memory`: for what is opened; NULL: not yet */
    uint64_t version;      /* of the stream, that the state is at */
} acti_fold;

/* One event in: it must be the next version, of a type that the schema knows or upcasters lead on from. The error names
 * stream, version and type. */
acta_status acti_fold_event(acti_fold *fold, const acta_recorded *event, acta_error *error);

/* One event of the schema in, by its number and its buffer as the store has it; the version stays. ACTA_CORRUPT: a personal
 * field doesn't open. */
acta_status acti_fold_payload(acti_fold *fold, uint32_t number, acta_bytes payload, acta_error *error);

/* Begin with the stream's snapshot, if there is one of this state's schema and declared version. `scratch` is for what is
 * read. An error is one of the store or of memory: what is wrong with a snapshot itself is a reason to read the events. */
acta_status acti_fold_snapshot(acti_fold *fold, acta_memory *scratch, bool *taken_out, acta_error *error);

/* The state before the first event. */
void acti_fold_clear(acti_fold *fold);

/* What a snapshot of this aggregate is marked with: the state's schema, and the version that the user has declared. */
uint64_t acti_snapshot_hash(const acti_aggregate *aggregate);

#endif
