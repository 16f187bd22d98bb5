/*
 * The official library's side of a schema, for C: what flatc generates judges and reads, its library makes buffers, prints
 * and parses. Calls of one thread only.
 */
#ifndef ACTA_TESTS_OFFICIAL_OFFICIAL_H
#define ACTA_TESTS_OFFICIAL_OFFICIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acta/schema.h"
#include "feature_table.h"
#include "random.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What flatc generated for a table, beside what actac did. */
typedef struct official_table {
    const acta_table *ours;
    bool (*accepts)(const uint8_t *bytes, size_t size); /* the generated verifier */
    /* Does each generated accessor of this verified buffer give what stands in the struct? If not, says which on stderr.
     * NULL: nobody knows. */
    bool (*same)(const uint8_t *bytes, const void *value);
    bool (*accepts_file)(const uint8_t *bytes, size_t size, unsigned form); /* the same of a file (acta/file.h) */
} official_table;

/* Those of the random schemas, one schema's behind the other's, and around again; dice.c, of each official_dice.cc. */
const official_table *official_dice(size_t number);
size_t official_dice_count(void);
/* And those of schemas/; official_schemas.cc. */
extern const official_table official_schemas_tables[];
extern const size_t official_schemas_count;

/* -- by the schema as data, official.cc; all for tables of one schema at a time -- */

/*
 * A random buffer by the official builder: any order of fields, defaults written out, strings shared.
 *   for_json  nothing that JSON can't hold: real numbers are quarters, deprecated fields are not there
 *   bytes     in `memory`
 */
acta_bytes official_make(
    const acta_table *table, random_source *random, bool for_json, features *seen, acta_memory *memory);

/* The same as a file of this form. */
acta_bytes official_make_file(
    const acta_table *table, unsigned form, random_source *random, features *seen, acta_memory *memory);

/* As JSON, all numbers by name. */
acta_str official_print(const acta_table *table, acta_bytes buffer, acta_memory *memory);

/* A buffer of that JSON; empty when the library refuses it, and the reason is on stderr. */
acta_bytes official_parse(const acta_table *table, acta_str text, acta_memory *memory);

#ifdef __cplusplus
}
#endif
#endif
