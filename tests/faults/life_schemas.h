/*
 * The schemas of a life's events (life.h): what is put with a step, and what must be there.
 */
#ifndef FAULTS_LIFE_SCHEMAS_H
#define FAULTS_LIFE_SCHEMAS_H

#include "acta/kept_schemas.h"

#include "life.h"

/* The number of the schema that writes at a step, and the hash that the type of the step's events has in it. */
uint32_t life_schema_at(uint64_t step);
uint64_t life_schema_hash(uint64_t step);

/* What the step puts of it, if it is a schema's first. */
void life_put_schema(const life *l, acta_transaction *t, uint64_t step);

/* The newest schema that the store has is this one (0: it has none), and each event has its own. Anything else is the end. */
void life_check_schemas(const life *l, acta_store *store, uint32_t newest);

#endif
