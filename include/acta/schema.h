/*
 * Schema: what actac makes of a .fbs, as data. Everything above handles commands, events and states through these
 * descriptors; only generated code knows their C structs.
 *
 * A table's C struct has the schema's fields in the schema's order. Strings and vectors in it are views: into the
 * buffer that it was read from, or to whatever the caller set.
 */
#ifndef ACTA_SCHEMA_H
#define ACTA_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "acta/memory.h"
#include "acta/str.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_schema acta_schema;
typedef struct acta_field acta_field; /* buffer.h */
typedef struct acta_mark acta_mark;   /* marks.h */

typedef enum acta_table_role {
    ACTA_TABLE_PLAIN,
    ACTA_TABLE_COMMAND,
    ACTA_TABLE_EVENT,
    ACTA_TABLE_STATE,
    ACTA_TABLE_PROCESS_MANAGER,
    ACTA_TABLE_READ_MODEL
} acta_table_role;

/* Where an encoder puts a finished buffer: the encoder calls reserve once, with the exact size, and fills what it got
 * (aligned to 8). NULL from reserve is ACTA_NO_MEMORY. */
typedef struct acta_sink {
    uint8_t *(*reserve)(struct acta_sink *sink, size_t size);
} acta_sink;

/* A sink that allocates from a memory; the finished bytes are in `bytes`. */
typedef struct acta_memory_sink {
    acta_sink sink;
    acta_memory *memory;
    acta_bytes bytes;
} acta_memory_sink;
ACTA_API acta_memory_sink acta_memory_sink_of(acta_memory *memory);

struct acti_deep;
struct acti_pen;

typedef struct acta_table {
    const char *name;  /* with its namespace: "bank.Deposit" */
    const char *owner; /* command, event: its aggregate's name; else NULL */
    acta_table_role role;
    uint32_t version;     /* of an event; 0 and 1: the first */
    size_t struct_size;   /* of the C struct */
    uint64_t schema_hash; /* of the table's definition and all that it refers to; equal in each build */
    const acta_schema *schema;

    const acta_field *fields; /* in the schema's order; what the functions below go by */
    uint32_t field_count;

    /* Structs are described as tables are, but stand in no schema's list, and have none of the functions below. */
    uint16_t inline_size; /* bytes of a struct in a buffer; 0: it is a table */
    uint16_t alignment;   /* of a struct in a buffer */

    /* Is this a well-formed buffer of this table? All offsets, lengths, alignments and required fields, and strings that
     * are UTF-8 without NUL. ACTA_CORRUPT names the field. Never reads outside the bytes, which may lie at any address. */
    acta_status (*verify)(acta_bytes buffer, acta_error *error);
    /* Fill the struct with views into a verified buffer, which must outlive it. */
    void (*read)(acta_bytes buffer, void *value_out);
    /* Encode. ACTA_INVALID: a required field is absent, a string is no UTF-8 or has a NUL, it is larger than 64 MiB or
     * deeper than 64 tables; error->where is the field. */
    acta_status (*write)(const void *value, acta_sink *sink, acta_error *error);
    /* The (identity) field's value; NULL when the table has none. */
    acta_str (*identity)(const void *value);
    /* Tables kept as mutable values (state, process manager, read model): a deep copy of all strings and vectors into
     * `memory`; `value` has been zeroed or cleared. NULL for the other roles. ACTA_NO_MEMORY. */
    acta_status (*load)(void *value, acta_bytes buffer, acta_memory *memory);
    /* Give back what load, acta_str_assign and the generated _put took; the value is zero afterwards. */
    void (*clear)(void *value, acta_memory *memory);

    const acta_mark *marks; /* what attributes say of its fields; NULL: nothing */
    uint32_t mark_count;

    /* For generated code (deep_verify.h): is the table at this place surely sound, and all that it leads to? NULL: it has
     * too many fields, or none. */
    bool (*check)(struct acti_deep *d, uint32_t slot, uint32_t number, uint32_t depth);
    /* The same (deep_write.h): write this value as a part of a buffer. Its place, or 0: not surely right. */
    uint32_t (*put)(struct acti_pen *p, const void *value, uint32_t depth);
} acta_table;

struct acta_schema {
    const char *name;                /* the namespace: "bank" */
    acta_bytes binary;               /* flatc's binary schema (.bfbs) */
    const acta_table *const *tables; /* all tables, in the schema's order */
    uint32_t table_count;
    uint64_t hash;               /* of all tables' hashes, and of what their attributes say */
    const char *file_identifier; /* four bytes and a NUL (file.h); NULL: it has none */
};

/* By full name ("bank.Deposit") or, where `name` has no dot, within the schema's namespace. NULL when there is none. */
ACTA_API const acta_table *acta_schema_find(const acta_schema *schema, acta_str name);

/* -- evolution -- */

/* What a new schema changed that it must not. */
typedef struct acta_schema_change {
    acta_str table;   /* "bank.Deposited"; of an enum's value, the enum */
    acta_str member;  /* the field, or the enum's value; empty: the whole table */
    const char *text; /* what it is, and what to do instead: "is gone: mark it (deprecated) instead" */
    bool is_gone;     /* the whole table is: an event may go if it has an upcaster, which no schema tells */
} acta_schema_change;

typedef void acta_schema_tell(void *user, const acta_schema_change *change);

/*
 * Can a program with the new schema read what one with the old schema wrote, and does it mean the same? Compared is all
 * that events, commands, process managers and read models of the old schema hold. An event may not go; of the others,
 * one that is gone is not read any more. States may change at will: they are made again from their events.
 * What is allowed: new tables, new fields at the end that aren't required, new values of enums, (deprecated), to give up
 * (required), and any change of an event whose (version) is raised: upcasters lead on to it (upcast.h).
 *   before, after  binary schemas, as flatc --binary --schema writes them and acta_schema.binary has them
 *   tell           called once for each change that isn't allowed; what it gets lives until it returns. May be NULL
 * Errors: ACTA_SCHEMA_MISMATCH  there is such a change; the text is the first one's, error->where its "table.member"
 *         ACTA_CORRUPT          one of them is no binary schema
 *         ACTA_NO_MEMORY
 * Threads: any.
 */
ACTA_API acta_status acta_schema_compare(
    acta_bytes before, acta_bytes after, acta_schema_tell *tell, void *user, acta_error *error);

/* The same for one table and all it holds, whatever it is. ACTA_NOT_FOUND: one of them has no such table. */
ACTA_API acta_status acta_schema_compare_table(
    acta_bytes before, acta_bytes after, acta_str table, acta_schema_tell *tell, void *user, acta_error *error);

/* -- printing by reflection -- */

/*
 * A buffer as JSON on one line, by a binary schema alone: what the log keeps, for who has not the program that wrote it.
 * All fields by name, in the order of their ids; absent numbers are their defaults, or null, and absent strings, vectors,
 * tables are left out. Enums are names, flags "a b"; a real number is the shortest that reads as the same, and "nan",
 * "inf" in quotes.
 *   binary    as flatc --binary --schema writes it
 *   table     with its namespace: "bank.Deposited"
 *   buffer    need not have been verified: nothing outside of it is read
 *   text_out  in `memory`, with a NUL behind it
 * Errors: ACTA_NOT_FOUND no such table; ACTA_CORRUPT the schema is none, or the buffer is damaged: error->where is the path
 *         of the field ("lines[2].sku"); ACTA_NO_MEMORY
 * Threads: any, each with a memory of its own.
 */
ACTA_API acta_status acta_schema_print(
    acta_bytes binary, acta_str table, acta_bytes buffer, acta_memory *memory, acta_str *text_out, acta_error *error);

/* The same, with what is (redacted) or (personal) in the schema hidden as acta_json_print_redacted hides it (marks.h): "***"
 * instead of a text, bytes left out. */
ACTA_API acta_status acta_schema_print_redacted(
    acta_bytes binary, acta_str table, acta_bytes buffer, acta_memory *memory, acta_str *text_out, acta_error *error);

/*
 * JSON into a buffer of a table, by a binary schema alone: for events of other origin, where there is no program.
 *   binary      as flatc --binary --schema writes it; where it lies must stay as it is while this thread comes with it again
 *   buffer_out  in `memory`
 * Errors: ACTA_NOT_FOUND no such table, or it is no binary schema, or a damaged one; ACTA_INVALID as acta_json_parse, with line
 *         and column; ACTA_UNSUPPORTED the table has a union, or one that it has; ACTA_NO_MEMORY
 * Threads: any, each with a memory of its own.
 */
ACTA_API acta_status acta_schema_parse(
    acta_bytes binary, acta_str table, acta_str text, acta_memory *memory, acta_bytes *buffer_out, acta_error *error);

/*
 * A table and all that is in it as text, from a binary schema back to what flatc reads (.fbs). What flatc makes of it again
 * is the same to a buffer; comments and attributes are there as far as the binary has them (--bfbs-comments,
 * --bfbs-builtins).
 *   text_out  in `memory`, with a NUL behind it
 * Errors: ACTA_NOT_FOUND no such table; ACTA_CORRUPT it is no binary schema, or a damaged one; ACTA_NO_MEMORY
 * Threads: any, each with a memory of its own.
 */
ACTA_API acta_status acta_schema_text(
    acta_bytes binary, acta_str table, acta_memory *memory, acta_str *text_out, acta_error *error);

/*
 * All tables, structs and enums of a binary schema as an object of JSON, a member for each by its full name: the JSON that is
 * taken for it and printed of it, as the "schemas" of an OpenAPI 3.0 document have it. References go to
 * "#/components/schemas/NAME".
 *   text_out  in `memory`, with a NUL behind it
 * Errors: ACTA_CORRUPT it is no binary schema, or a damaged one; ACTA_NO_MEMORY
 * Threads: any, each with a memory of its own.
 */
ACTA_API acta_status acta_schema_openapi(acta_bytes binary, acta_memory *memory, acta_str *text_out, acta_error *error);

/* -- JSON, by the official FlatBuffers library -- */

/*
 * A verified buffer as JSON on one line, all fields by name.
 *   text_out  in `memory`, with a NUL behind it
 * Errors: ACTA_CORRUPT, ACTA_NO_MEMORY.
 */
ACTA_API acta_status acta_json_print(
    const acta_table *table, acta_bytes buffer, acta_memory *memory, acta_str *text_out, acta_error *error);

/*
 * JSON into a buffer of this table.
 * Errors: ACTA_INVALID: not JSON, an unknown field, a wrong type, a number out of range, a required field missing; the
 *         text names what and where ("line 1, column 12: unknown field 'amuont' of bank.Deposit").
 */
ACTA_API acta_status acta_json_parse(
    const acta_table *table, acta_str text, acta_memory *memory, acta_bytes *buffer_out, acta_error *error);

/*
 * JSON into a C struct of this table. A plain object, of strings without escapes, whole numbers and bools, is read straight
 * into it, with a tenth of the instructions.
 *   memory     for what isn't plain
 *   value_out  of table->struct_size bytes; its views are of `text`, or in `memory`. After an error of any content
 * Errors: as acta_json_parse.
 * Threads: any, each with a memory of its own.
 */
ACTA_API acta_status acta_json_read(
    const acta_table *table, acta_str text, acta_memory *memory, void *value_out, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
