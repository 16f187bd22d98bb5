/*
 * Rebuilds of projections: what is kept of one in the store, and what the projection that goes on has to know of it.
 */
#ifndef ACTI_ACTORS_READER_REBUILD_H
#define ACTI_ACTORS_READER_REBUILD_H

#include "internal.h"

/* How often the projection's rows were rebuilt. */
acta_status acti_rebuild_number(acta_store *store, const char *name, uint32_t *number_out, acta_error *error);

/* Refuse the transaction if the rows that this many rebuilds have made don't count any more, or are about not to. */
void acti_rebuild_guard(acta_transaction *transaction, const char *name, uint32_t number);

/* At the start of an application: let projections go on whose rebuild has ended with the process, and remove rows that count
 * no more. */
acta_status acti_rebuilds_join(acta_app *app, acta_error *error);

#endif
