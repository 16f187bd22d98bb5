/*
 * Kept rows: how the schemas of the log lie in the tables "schemas" and "types". Keys here are what stands behind the name
 * of the table.
 */
#ifndef ACTI_KEPT_ROWS_H
#define ACTI_KEPT_ROWS_H

#include "acta/kept_schemas.h"

#include "engine.h"

#define ACTI_TABLE_SCHEMAS "schemas"
#define ACTI_TABLE_TYPES   "types"

/* Read a row. False: it is none, or damaged. What they have are views of key and row. */
bool acti_kept_schema_parse(acta_bytes key, acta_bytes row, acta_kept_schema *schema_out);
bool acti_kept_type_parse(acta_bytes key, acta_bytes row, acta_kept_type *type_out);

/* The key of the schema that writes now, or, with a number, of one that did; in `room` of name.size + ACTI_KEPT_NUMBER. */
enum { ACTI_KEPT_NUMBER = 1 + 4 };
acta_bytes acti_kept_schema_key(acta_str name, uint32_t number, uint8_t *room);

/* A sound row of a type shall lead to this schema as the only one that has it. */
void acti_kept_type_lead_to(uint8_t *row, size_t size, uint32_t number);

/* Is there a sound schema of this number? The error is the engine's. */
acta_status acti_kept_schema_is_sound(
    acta_engine *engine, acta_str name, uint32_t number, bool *sound_out, acta_error *error);

#endif
