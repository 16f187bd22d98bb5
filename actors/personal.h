/*
 * Personal fields on their way between plain values and the store, and the other marks that appending looks at.
 *
 *     emit, snapshot, row, outbox  --seal-->  store  --open-->  apply, handlers, rows, commands
 *
 * Nothing happens to tables without marks: the same bytes go through.
 */
#ifndef ACTI_ACTORS_PERSONAL_H
#define ACTI_ACTORS_PERSONAL_H

#include "acta/marks.h"
#include "acta/personal.h"

#include "internal.h"

/* Find the keys of an application whose schema has personal fields, and finish what was begun of forgetting. */
acta_status acti_personal_start(acta_app *app, const acta_app_config *config, acta_error *error);
void acti_personal_stop(acta_app *app);

/* How often somebody was forgotten since the start: what an actor holds from before is to be read again. */
uint64_t acti_forget_count(const acta_app *app);

/* As table->write, sealed. `memory` is for what is made on the way. */
acta_status acti_personal_write(
    acta_app *app, const acta_table *table, const void *value, acta_memory *memory, acta_sink *sink, acta_error *error);

/* A buffer sealed, and opened: itself, or one in `memory`. An error names type and field. Opening is ACTA_CORRUPT when
 * there is no key, or when what is sealed doesn't open with it. */
acta_status acti_personal_seal(acta_app *app, const acta_table *table, acta_bytes buffer, acta_memory *memory,
    acta_bytes *buffer_out, acta_error *error);
acta_status acti_personal_open(const acta_app *app, const acta_table *table, acta_bytes buffer, acta_memory *memory,
    acta_bytes *buffer_out, acta_error *error);

/* A buffer without its personal fields: what is the same before and after its subject was forgotten. */
acta_status acti_personal_omit(
    const acta_table *table, acta_bytes buffer, acta_memory *memory, acta_bytes *buffer_out, acta_error *error);

/* A memory for such things, made on first use in an actor's own, with which it goes; emptied. NULL: none. */
acta_memory *acti_personal_memory(acta_memory **memory, acta_memory *of_actor);

#endif
