/*
 * Inline projections: what their files share. acta/projection_inline.h says what they are.
 *
 *     inline.c            which there are; the start, which brings their rows to the end of the log; reset
 *     inline_aggregate.c  in an aggregate's turn
 *
 * In the store:
 *
 *     inline.notes      name | 0 | stream -> the stream's version that its rows are of, 8 bytes
 *     inline.positions  name -> all events up to there are in rows, 8 bytes; of the last start, or orderly stop
 */
#ifndef ACTI_ACTORS_INLINE_H
#define ACTI_ACTORS_INLINE_H

#include "map.h"
#include "rows.h"

typedef struct acti_inline {
    const acta_projection *given;
    acti_names events; /* full name -> number in its code->events */
} acti_inline;

acta_status acti_inlines_create(acta_app *app, const acta_app_config *config, acta_error *error);
void acti_inlines_destroy(acta_app *app);
/* The rows become those of the log. */
acta_status acti_inlines_join(acta_app *app, acta_error *error);
bool acti_is_inline(const acta_app *app, const acta_projection *projection);
void acti_inlines_leave(acta_app *app); /* nothing runs any more: note how far they are, if that can be */

/* The aggregate's identity in a stream of its. */
acta_str acti_inline_identity(const acti_aggregate *aggregate, acta_str stream);

/* Version 0: there is none. */
acta_status acti_inline_note_read(acta_app *app, const acti_inline *in, acta_str stream, acta_memory *memory,
    uint64_t *version_out, acta_error *error);
void acti_inline_note_put(acta_transaction *transaction, const acti_inline *in, acta_str stream, uint64_t version);

/* Project an event as it lies in the log; what it stages is kept, or dropped after an error. `rows->only` is set. */
acta_status acti_inline_recorded(
    acta_app *app, const acti_inline *in, const acta_recorded *recorded, acta_rows *rows, acta_error *error);

/* -- inline_aggregate.c -- */

typedef struct acti_aggregate_actor acti_aggregate_actor;
typedef struct acti_inlined acti_inlined; /* rows of an aggregate in hand */

/* Into the transaction in hand: the rows behind the events of the decision in hand. After an error, and when the transaction
 * isn't submitted, the state is void. */
acta_status acti_inline_put(acti_aggregate_actor *a, acta_error *error);
void acti_inline_forget(acti_aggregate_actor *a); /* the rows in hand */

#endif
