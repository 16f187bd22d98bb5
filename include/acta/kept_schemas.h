/*
 * The schemas of a log: which the applications had that have written to it, so that its events can be read without them.
 * They lie beside the log, as rows of the tables "schemas" and "types" (docs/format.md); docs/evolution.md tells what for.
 * acta_app_start (app.h) puts them there. What is put here is for whoever writes to a store by a schema and without that.
 *
 *     acta_kept_schema kept;
 *     status = acta_kept_schema_find(store, event.type, event.schema_hash, memory, &kept, &error);
 *     if (status == ACTA_OK) status = acta_schema_print(kept.binary, event.type, event.payload, memory, &text, &error);
 */
#ifndef ACTA_KEPT_SCHEMAS_H
#define ACTA_KEPT_SCHEMAS_H

#include "acta/memory.h"
#include "acta/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_kept_schema {
    acta_str name;          /* "bank" */
    uint32_t number;        /* 1: the first of this name that has written to the log */
    uint32_t event_version; /* of the event that it was found by: 1, or what (version) says; else 0 */
    uint64_t hash;          /* acta_schema.hash */
    acta_bytes binary;      /* for acta_schema_print */
} acta_kept_schema;

/*
 * By an event's type and schema_hash, in any store that applications have written to; no program's schema is needed.
 *   kept_out  what it points to is in `memory`
 * Errors: ACTA_NOT_FOUND no application has written such an event, or one of before there were such notes; ACTA_CORRUPT
 *         what the log has kept is damaged; ACTA_IO, ACTA_NO_MEMORY
 * Threads: any.
 */
ACTA_API acta_status acta_kept_schema_find(acta_store *store, acta_str type, uint64_t schema_hash, acta_memory *memory,
    acta_kept_schema *kept_out, acta_error *error);

/*
 * By its name and number; 0: the one that writes now.
 *   kept_out  what it points to is in `memory`, or is the name that was given
 * Errors: ACTA_NOT_FOUND the log has kept none; ACTA_CORRUPT it is damaged; ACTA_IO, ACTA_NO_MEMORY
 * Threads: any.
 */
ACTA_API acta_status acta_kept_schema_read(acta_store *store, acta_str name, uint32_t number, acta_memory *memory,
    acta_kept_schema *kept_out, acta_error *error);

/*
 * Put a schema as the one that writes from now on.
 *   schema  its number is one more than the number of the one before
 *   before  the one that has written until now, which is kept under its number; NULL: there was none
 *   memory  for the rows until this returns
 * Errors: ACTA_NO_MEMORY; anything else is told when the transaction is committed
 */
ACTA_API acta_status acta_kept_schema_put(acta_transaction *transaction, const acta_kept_schema *schema,
    const acta_kept_schema *before, acta_memory *memory, acta_error *error);

/* An event's type as some program wrote it; the log has one for each schema_hash of it. */
typedef struct acta_kept_type {
    acta_str type, schema; /* "bank.MoneyDeposited", "bank" */
    uint64_t hash;         /* acta_recorded.schema_hash of its events */
    uint32_t number;       /* of the newest schema that has it */
    uint32_t first_number; /* of the oldest one, as far as the log knows */
    uint32_t version;      /* of the event: 1, or what (version) says */
} acta_kept_type;

typedef void acta_kept_type_see(void *user, const acta_kept_type *type);

/*
 * All types that the log has kept, by their names, and within one by their hashes.
 *   see  called for each; what it gets lives until it returns
 * Errors: ACTA_CORRUPT what the log has kept is damaged; ACTA_IO, ACTA_NO_MEMORY
 * Threads: any.
 */
ACTA_API acta_status acta_kept_types(acta_store *store, acta_kept_type_see *see, void *user, acta_error *error);

/*
 * One of them.
 *   type_out  what it points to is in `memory`, or is the type that was given
 * Errors: ACTA_NOT_FOUND the log has kept none; ACTA_CORRUPT it is damaged; ACTA_IO, ACTA_NO_MEMORY
 * Threads: any.
 */
ACTA_API acta_status acta_kept_type_find(acta_store *store, acta_str type, uint64_t schema_hash, acta_memory *memory,
    acta_kept_type *type_out, acta_error *error);

/*
 * Put a type; one that is there with the same hash is written over.
 *   type    its name has at most ACTA_TYPE_NAME_MAX bytes
 *   memory  for the row until this returns
 * Errors: ACTA_INVALID a longer name; ACTA_NO_MEMORY; anything else is told when the transaction is committed
 */
ACTA_API acta_status acta_kept_type_put(
    acta_transaction *transaction, const acta_kept_type *type, acta_memory *memory, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
