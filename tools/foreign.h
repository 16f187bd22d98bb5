/*
 * Lines of JSON from EventStore (PostgreSQL) and KurrentDB, an event each, into a store, and out of one for them.
 * docs/transfer.md tells how they are got and loaded.
 *
 *     line --json--> stream, version, type, data, ids, time --names--> ours --the log's schema--> entry --> acta_import_add
 *
 *     foreign.c         lines in, and the run     foreign_names.c   types and streams, theirs and ours
 *     foreign_export.c  lines out
 */
#ifndef TOOLS_FOREIGN_H
#define TOOLS_FOREIGN_H

#include "acta/kept_schemas.h"
#include "acta/memory.h"

/* -- names -- */

typedef struct foreign_names foreign_names;

/* A type that the store has kept: its newest one of that name. */
typedef struct foreign_type {
    acta_str name;
    uint64_t hash;
    uint32_t number;
    acta_bytes binary; /* the schema */
    struct foreign_type *next;
} foreign_type;

/*
 * What the store in `path` knows, which has no events yet, and the rules of a file; all of it in the memory.
 *   rules  a rule in a line: "type THEIRS OURS" or "stream BEGINNING BEGINNING"; # begins a comment. NULL: none
 * Errors: ACTA_INVALID the store has events, or keeps no schemas, or a rule is none: place and what was expected are told;
 *         those of acta_store_open; ACTA_IO, ACTA_NO_MEMORY
 */
acta_status foreign_names_read(
    const char *path, const char *rules, acta_memory *memory, foreign_names **names_out, acta_error *error);

/* By a rule; or of the same name but for "Elixir." and capitals; or the only one whose last part is the same. ACTA_INVALID. */
acta_status foreign_names_type(
    const foreign_names *names, acta_str theirs, const foreign_type **type_out, acta_error *error);

/* By the rule with the longest beginning; or as it is. ACTA_NO_MEMORY. */
acta_status foreign_names_stream(
    const foreign_names *names, acta_str theirs, acta_memory *memory, acta_str *ours_out, acta_error *error);

/* As foreign_names_read, of a store that may have events. */
acta_status foreign_names_of(
    acta_store *store, const char *rules, acta_memory *memory, foreign_names **names_out, acta_error *error);

/* The other way: by the first rule that has it as OURS; or as it is. */
acta_str foreign_names_their_type(const foreign_names *names, acta_str ours);
acta_status foreign_names_their_stream(
    const foreign_names *names, acta_str ours, acta_memory *memory, acta_str *theirs_out, acta_error *error);

/* -- the run -- */

typedef enum foreign_kind { FOREIGN_NONE, FOREIGN_EVENTSTORE, FOREIGN_KURRENTDB } foreign_kind;

/* The tag that an event of theirs has here; the member of their metadata with what they have no place for. */
#define FOREIGN_ID_TAG  "event_id:"
#define FOREIGN_OWN_KEY "$acta"

/* The type of a stub in the place of an event that is gone, of which nothing else is known. */
#define FOREIGN_GONE_TYPE "$gone"

/* FOREIGN_NONE: it is called otherwise. */
foreign_kind foreign_kind_of(const char *name);

typedef struct foreign_order {
    foreign_kind kind;
    const char *file, *path;    /* "-": standard input */
    const char *rules;          /* NULL: none */
    bool begins_later;          /* streams whose first events are gone are taken, with stubs in their places */
    const char *const *handled; /* names of handlers and process managers that begin behind all of it */
    unsigned handled_count;
} foreign_order;

/* Import all; the exit status. */
int foreign_import(const foreign_order *order);

/*
 * Print what can be read of a store from a position on, a line an event; the store's own events and removed ones are left
 * out, and counted on stderr.
 *   rules  as foreign_names_read has them; NULL: none
 * Errors: those of foreign_names_of and acta_cursor_next; ACTA_IO; of an event that can't be told, and its position
 */
acta_status foreign_export(
    acta_store *store, foreign_kind kind, const char *rules, uint64_t from, acta_memory *memory, acta_error *error);

#endif
