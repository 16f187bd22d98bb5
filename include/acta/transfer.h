/*
 * Transfer: the log of a store, entry by entry as it lies there, out of one store and into another. Positions, versions,
 * stream ids, times, ids, tags, metadata and payloads come out as they are and go in as they came, and so does what is left of
 * removed events. `acta export` and `acta import` write and read them as lines of JSON (docs/transfer.md).
 *
 *     acta_export_open(from, 1, &export, &error);
 *     acta_import_open("copy", NULL, &import, &error);
 *     while (acta_export_next(export, &entry, &error) == ACTA_OK)
 *         acta_import_add(import, &entry, &error);
 *     acta_import_close(import, &error);
 *
 * Rows of tables lie beside the log: outcomes of commands, claims, checkpoints, the schedule, instances and outboxes of process
 * managers, snapshots, read models. A program that is to go on where it was needs them all:
 *
 *     acta_import_await_rows(import, &error);       until the last has come, nobody can write to the copy
 *     while (acta_export_next_row(export, &row, &error) == ACTA_OK)
 *         acta_import_add_row(import, &row, &error);
 *     acta_import_end_rows(import, &error);
 *
 * Of a log that comes without rows, process managers know nothing: they read it anew, and send their commands once more. So an
 * import makes an outcome for each command whose events it is given, and what was done is not done again. It can't know of
 * commands that were refused: these are decided anew.
 */
#ifndef ACTA_TRANSFER_H
#define ACTA_TRANSFER_H

#include "acta/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An entry of the log. */
typedef struct acta_entry {
    acta_recorded event; /* of a stub too with its type, and with the digest of its payload */
    acta_digest beside;  /* a stub's: the digest of metadata and tags that it had; zeros: it had neither */
} acta_entry;

/* A row of a table. */
typedef struct acta_table_row {
    acta_str table; /* acta_row_cursor_open says what names are */
    acta_bytes key, value;
} acta_table_row;

/* -- out -- */

typedef struct acta_export acta_export;

/*
 * Read the log, as it is now, from a position on; the store's own events and those that are hidden by deletions and limits
 * are in it. As a cursor: close it before the store, or before refreshing it.
 *   from  1: all; beyond the end there is nothing
 * Threads: one at a time; any number of them beside each other. Errors: ACTA_IO, ACTA_NO_MEMORY.
 */
ACTA_API acta_status acta_export_open(acta_store *store, uint64_t from, acta_export **export_out, acta_error *error);

/* The next entry, whose views live until the next call. ACTA_NOT_FOUND at the end. ACTA_CORRUPT: the record is damaged (position
 * and what is wrong are in the text); it is never skipped. */
ACTA_API acta_status acta_export_next(acta_export *export_, acta_entry *entry_out, acta_error *error);

/*
 * The next row beside the log, by table and key, all but those that every store makes of its log; the views live until the
 * next call. Rows and entries may be asked for in turn. A row tells of the moment that the log ends with, so they come of a
 * store alone that was opened read_only, which stands still.
 * Errors: ACTA_NOT_FOUND the end; ACTA_INVALID the store was opened to write; ACTA_IO, ACTA_CORRUPT, ACTA_NO_MEMORY
 */
ACTA_API acta_status acta_export_next_row(acta_export *export_, acta_table_row *row_out, acta_error *error);
ACTA_API void acta_export_close(acta_export *export_); /* takes NULL */

/* -- in -- */

typedef struct acta_import acta_import;

/*
 * Make a new store, or go on behind the log of one that is there and that nobody has open.
 *   path         its directory; its parent exists
 *   environment  NULL: the host's; copied
 * Errors: those of acta_store_open; on one nothing is left open
 */
ACTA_API acta_status acta_import_open(
    const char *path, const acta_environment *environment, acta_import **import_out, acta_error *error);

/* The last position that the log has, with what was added. */
ACTA_API uint64_t acta_import_position(const acta_import *import);

/*
 * Add the next entry; it is copied. On disk some MiB later, or when the import is closed. With a command id, and when no rows
 * are awaited, it also makes the outcome of that command: done, of this time, whatever the command was.
 * Errors: ACTA_INVALID it doesn't continue the log (position, version, stream id, time), a name or size is none that a store
 *         takes, or it is an event of the store's own that makes no sense: the text tells what was expected, nothing was
 *         added, and the import may go on; ACTA_IO, ACTA_NO_MEMORY: it can only be closed.
 */
ACTA_API acta_status acta_import_add(acta_import *import, const acta_entry *entry, acta_error *error);

/*
 * From here on the rows of another store take the place of all that there are. Until acta_import_end_rows and a close, the
 * store opens read-only, or for another import that awaits rows, and for nothing else: it has a log whose process managers,
 * handlers and claims it doesn't know. Rows that came earlier are dropped.
 */
ACTA_API void acta_import_await_rows(acta_import *import);

/* Rows are awaited, by this import or by one that was not finished. */
ACTA_API bool acta_import_awaits_rows(const acta_import *import);

/*
 * Put a row, in the place of one of that key; it is copied. Also without awaiting all: of a table of one's own, or the schemas.
 * Errors: ACTA_INVALID table or key are none that a store takes, or the table is made from the log: nothing was added;
 *         ACTA_IO, ACTA_NO_MEMORY: the import can only be closed.
 */
ACTA_API acta_status acta_import_add_row(acta_import *import, const acta_table_row *row, acta_error *error);

/* All rows that were awaited have come, and all entries. Nothing more may be added. ACTA_INVALID: none were awaited. */
ACTA_API acta_status acta_import_end_rows(acta_import *import, acta_error *error);

/*
 * Put all on disk, make index, names and tags from the log, verify all of it, and close. Takes NULL. After a process that died
 * before it, the store has some first part of what was added: opening it makes the rest, and an import may go on behind it.
 * While rows are awaited nothing is verified, for what there is doesn't fit.
 * Errors: those of acta_store_open and acta_store_verify
 */
ACTA_API acta_status acta_import_close(acta_import *import, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
