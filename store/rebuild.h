/*
 * Rebuild: a new store from the log of another one, as far as it is wanted, or sound. What restore and repair have in common.
 *
 *     from: log 1 … last       --copied, each record checked-->    a store that knows its log alone
 *                                --opened as any other-->            recovery makes index, names, types, tags from it
 *     from: rows, schemas       --those that fit-->                   closed cleanly
 *
 * The one that is read is an engine, so that it need not be a store that opens.
 */
#ifndef ACTI_REBUILD_H
#define ACTI_REBUILD_H

#include "files.h"
#include "internal.h"
#include "seen_types.h"

typedef struct acti_rebuild {
    acta_engine *from; /* started to READ */
    const char *path;  /* of the new store */
    const acta_environment *environment;
    uint64_t last;    /* the last position that is wanted */
    bool to_damage;   /* take what is sound before the first damage; otherwise damage is an error */
    bool keep_tables; /* all rows of users' tables, but what is made of the log */
    uint64_t durable; /* to_damage: how far the log had been; 0: not known */

    /* acti_rebuild_log: what there is. */
    uint64_t position;        /* of the last event taken */
    int64_t recorded_at_us;   /* of that one */
    uint64_t left_out;        /* events behind it that can be read */
    uint64_t last_seen;       /* the last position that there is something at */
    int64_t left_out_from_us; /* when the first of those was recorded; INT64_MAX: there is none */
    acta_error damage;        /* to_damage: why the log ended there; status ACTA_OK: it was its end */
    acti_seen_types seen;     /* of what was taken; acti_rebuild_run's */

    /* acti_rebuild_rows */
    uint64_t rows_kept, outcomes_dropped, snapshots_dropped, claims_dropped, table_rows_dropped, checkpoints_cut;
    bool rows_were_lost; /* to_damage: some can't be read; set before, when that is known */
} acti_rebuild;

/* Look through the log and, with a store just made, copy it there. The store is abandoned afterwards, not closed. */
acta_status acti_rebuild_log(acti_rebuild *rebuild, acta_store *to, acta_error *error);
/* Bring the rows over to the store, which was opened again. */
acta_status acti_rebuild_rows(acti_rebuild *rebuild, acta_store *to, acta_error *error);
/* Hand a row to the new store, which writes them some at a time. */
acta_status acti_rebuild_put_row(
    acti_rebuild *rebuild, acta_store *to, acta_bytes key, acta_bytes value, acta_error *error);

/* rebuild_schemas.c: schemas that the log has kept. Those that the events taken name, and no later ones; … */
acta_status acti_rebuild_schemas(acti_rebuild *rebuild, acta_store *to, acta_error *error);
/* … and, where there is damage: is this one of their rows that is sound, and leads to a schema that is? */
acta_status acti_rebuild_schema_fits(
    acti_rebuild *rebuild, acta_bytes key, acta_bytes value, bool *fits_out, acta_error *error);

/* Both, into a new store at `path`, left open. After an error it is closed; what is in the directory is the caller's to remove. */
acta_status acti_rebuild_run(acti_rebuild *rebuild, acta_store **to_out, acta_error *error);

/* The place of a new store: nothing may be at `path`; `unfinished`, of ACTI_PATH_MAX bytes, is where it is made. */
acta_status acti_new_store_place(const char *path, char *unfinished, acta_error *error);
/* It is found whole, closed, and gets its name; otherwise, or when `status` is an error, nothing is left of it. `to` NULL: it
 * never came so far. */
acta_status acti_new_store_finish(
    acta_store *to, const char *unfinished, const char *path, acta_status status, acta_error *error);

/* What is copied is handed to the engine in batches of about this size. */
enum { ACTI_REBUILD_BATCH_BYTES = 4 << 20 };

#endif
