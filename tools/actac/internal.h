/*
 * actac: from a FlatBuffers schema to C.
 *
 *     bank.bfbs --bfbs.c--> bytes --model.c--> model --check.c--> errors, or header.c, source.c, handlers.c --> bank.acta.*
 *     bank.fbs  --scan.c--> places of all names --^
 *
 * The binary schema says what is there; the text says where, and in which order. All memory is the arena's, freed at
 * the end.
 */
#ifndef ACTAC_INTERNAL_H
#define ACTAC_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PRINTF(form, arg) __attribute__((format(printf, form, arg)))

/* -- arena.c: memory until the end; ends the program when there is none -- */

typedef struct acti_arena {
    struct arena_block *first;
} acti_arena;

void *arena_alloc(acti_arena *arena, size_t size); /* zeroed */
char *arena_copy(acti_arena *arena, const char *text, size_t size);
char *arena_format(acti_arena *arena, const char *format, ...) PRINTF(2, 3);
void arena_free(acti_arena *arena);

/* -- bfbs.c: the binary schema, every access checked -- */

typedef struct acti_bfbs {
    const uint8_t *bytes;
    size_t size;
    bool damaged;       /* something led outside, or is no name; what was read then is 0 or "" */
    bool has_long_name; /* damaged because of that */
    uint64_t work;      /* bytes read of strings and vectors */
} acti_bfbs;

/* Tables are places in the bytes; 0 is none. `slot` is the field's id in reflection.fbs. */
uint32_t bfbs_root(acti_bfbs *b);
uint32_t bfbs_follow(acti_bfbs *b, uint32_t table, uint32_t slot); /* a table, string or vector */
uint64_t bfbs_number(acti_bfbs *b, uint32_t table, uint32_t slot, uint32_t size, uint64_t absent);
uint32_t bfbs_count(acti_bfbs *b, uint32_t vector);
uint32_t bfbs_item(acti_bfbs *b, uint32_t vector, uint32_t index);
const char *bfbs_string(acti_bfbs *b, uint32_t string, acti_arena *arena); /* "" for none */
const char *bfbs_name(acti_bfbs *b, uint32_t string, acti_arena *arena);   /* a.b.C, of letters, digits and _ */

/* -- scan.c: where the names stand in the text -- */

typedef struct acti_place {
    uint32_t line; /* 1, 2, …; 0: not in this file */
    uint32_t column;
} acti_place;

typedef struct acti_scanned_attribute {
    const char *name;
    acti_place at;
} acti_scanned_attribute;

typedef struct acti_scanned {
    const char *name;      /* as written */
    const char *full_name; /* of a type: with its namespace */
    acti_place at;
    const char *value; /* the word behind '='; NULL: none */
    acti_scanned_attribute *attributes;
    uint32_t attribute_count;
    struct acti_scanned *members; /* fields, or values of an enum */
    uint32_t member_count;
} acti_scanned;

typedef struct acti_scan {
    acti_scanned *types; /* tables, structs, enums, unions */
    uint32_t type_count;
    acti_place *namespaces;
    uint32_t namespace_count;
    struct acti_include {
        const char *path; /* as written */
        acti_place at;
    } * includes;
    uint32_t include_count;
} acti_scan;

void scan_text(const char *text, acti_arena *arena, acti_scan *out);
const acti_scanned *scan_find(const acti_scanned *list, uint32_t count, const char *name);
const acti_scanned *scan_find_type(const acti_scan *scan, const char *full_name);
acti_place scan_attribute(const acti_scanned *of, const char *name); /* of the attribute, or of its owner */

/* -- model.c: what the schema says, in the text's order -- */

/* Numbers as in reflection.fbs. */
enum {
    BASE_NONE,
    BASE_UTYPE,
    BASE_BOOL,
    BASE_BYTE,
    BASE_UBYTE,
    BASE_SHORT,
    BASE_USHORT,
    BASE_INT,
    BASE_UINT,
    BASE_LONG,
    BASE_ULONG,
    BASE_FLOAT,
    BASE_DOUBLE,
    BASE_STRING,
    BASE_VECTOR,
    BASE_OBJECT,
    BASE_UNION,
    BASE_ARRAY
};

typedef struct acti_attribute {
    const char *name;
    const char *value; /* "" when it has none */
} acti_attribute;

typedef struct acti_common {
    const char *name;   /* without the namespace */
    const char *c_name; /* bank_Deposit */
    const char *const *doc;
    uint32_t doc_count;
    acti_attribute *attributes;
    uint32_t attribute_count;
    const acti_scanned *text; /* NULL: not in this file */
    acti_place at;
} acti_common;

typedef struct acti_enumeration {
    acti_common is;
    bool is_union;
    bool is_wide; /* its values are no C ints: it becomes a number with named constants */
    uint8_t base;
    struct enum_value {
        acti_common is;
        int64_t number;
        uint8_t base;             /* of a union: its type */
        struct acti_table *table; /* of a union: what it is; NULL: a string, or none */
    } * values;
    uint32_t value_count;
} acti_enumeration;

typedef struct acti_field {
    acti_common is;
    uint8_t base;
    uint8_t element;          /* of a vector or fixed array */
    uint16_t length;          /* of a fixed array */
    struct acti_table *table; /* what it, or its elements, are */
    struct acti_enumeration *enumeration;
    uint16_t id;
    uint16_t place;                  /* in the bytes of a struct */
    uint16_t alignment;              /* (force_align) of a vector; 0: none */
    const struct acti_table *nested; /* (nested_flatbuffer) */
    int64_t default_integer;
    double default_real;
    bool is_member; /* of a struct: always there */
    bool deprecated;
    bool required;
    bool key;
    bool optional;
} acti_field;

typedef enum acti_role {
    ROLE_PLAIN,
    ROLE_COMMAND,
    ROLE_EVENT,
    ROLE_STATE,
    ROLE_PROCESS_MANAGER,
    ROLE_READ_MODEL
} acti_role;

typedef struct acti_table {
    acti_common is;
    const char *full_name; /* bank.Deposit */
    bool is_struct;
    bool is_root;         /* the schema's root_type */
    uint32_t inline_size; /* of a struct */
    uint32_t alignment;
    acti_role role;
    const char *owner;  /* "" for none */
    acti_field *fields; /* in the text's order, without the deprecated ones */
    uint32_t field_count;
    const acti_field *identity;
    const acti_field *key;
    uint32_t version;  /* of an event; 1: the first */
    bool has_upcaster; /* of an old schema: an event that leads on to newer ones */
    uint64_t hash;
} acti_table;

typedef struct acti_model {
    const char *namespace; /* of the first type: bank, or a.b */
    const char *prefix;    /* of what is the schema's own: bank_, or a_b_ */
    const char *macro;     /* BANK_, or A_B_ */
    const char *stem;      /* of the files: "bank" of bank.fbs */
    acti_table *tables;    /* this file's, and behind them those of the files that it includes */
    uint32_t table_count;  /* of this file */
    uint32_t table_total;
    acti_enumeration *enums;
    uint32_t enum_count;
    uint32_t enum_total;
    const acti_enumeration *rejection;
    uint64_t hash;
    const char *identifier; /* of files; "": none */
    acti_bfbs binary;
    acti_scan text;
    const char *infix;       /* given before it is made: "v1_" of an old schema, for bank_v1_Deposit; NULL: none */
    uint32_t version;        /* of an old schema: 1 of bank.v1.fbs */
    const char *file;        /* of an old schema */
    struct acti_model *olds; /* what upcasters begin with, by version: upcast.c */
    uint32_t old_count;
    const acti_table **strays; /* of an old schema: outlived events of another version than the file's */
    uint32_t stray_count;
} acti_model;

enum { TYPES_MAX = 10000 };

/* False: the binary schema is damaged, or has more than there may be. */
bool model_make(acti_model *model, acti_arena *arena);
const char *attribute_of(const acti_common *of, const char *name); /* NULL: it has none */

bool is_sound(const acti_model *model); /* sound.c */

/* Tables of a role, and for commands and events of an owner (NULL: any), one after the other; NULL behind the last. */
const acti_table *model_next(const acti_model *model, const acti_table *after, acti_role role, const char *owner);
/* Events that readers may take: this file's, and those of the files that it includes. */
const acti_table *model_next_event(const acti_model *model, const acti_table *after);
bool is_mutable(const acti_table *table);
bool is_collection(const acti_field *field); /* in a mutable table: items that are found by their key */
bool is_assigned(const acti_field *field);   /* in a mutable table: as a whole, by a function */
const char *file_macro(const acti_model *model, acti_arena *arena); /* BANK of bank.fbs */

/* -- check.c, names.c: what can't be made into code -- */

typedef struct acti_errors {
    const char *file;
    acti_arena *arena;
    struct error {
        acti_place at;
        const char *text;
    } * list;
    uint32_t count;
    uint32_t room;
} acti_errors;

void error_at(acti_errors *errors, acti_place at, const char *format, ...) PRINTF(3, 4);
void errors_print(acti_errors *errors, FILE *out); /* in the text's order */
void model_check(acti_model *model, acti_errors *errors);
void names_check(const acti_model *model, acti_errors *errors);
void names_check_old(const acti_model *model, const acti_model *old, acti_errors *errors); /* of both together */

/* -- marks.c: attributes of single fields -- */

enum { PREFIX_MAX = 256 }; /* bytes, of the names of an aggregate's streams */

void marks_check(const acti_model *model, acti_errors *errors);
bool is_personal(const acti_field *field);
bool is_indexed(const acti_field *field);
bool has_marks(const acti_model *model, const acti_table *table, acti_arena *arena);
void put_marks(const acti_model *model, const acti_table *table, FILE *out, acti_arena *arena);
const char *stream_prefix(const acti_model *model, const acti_table *state, acti_arena *arena); /* "Account-" */

/* -- upcast.c: old versions of events, and the way from them to the new ones -- */

/* The N of "bank.vN.fbs"; 0: the name has none. */
uint32_t upcast_version(const char *path);
void upcast_check(const acti_model *model, acti_errors *errors); /* the versions that the schema itself gives */
/* Leave of an old schema the events that `model` has newer versions of, or none, and what is in them. */
void upcast_reduce(const acti_model *model, acti_model *old, acti_errors *errors);
/* Each outlived event must be in the file of its version. */
void upcast_check_strays(const acti_model *model, const acti_model *old, acti_errors *errors);
void put_upcast_header(const acti_model *model, FILE *out, acti_arena *arena);
void put_upcast_source(const acti_model *model, FILE *out, acti_arena *arena);

/* -- text.c: pieces of C, laid out as clang-format would -- */

const char *c_type(const acti_field *field, acti_arena *arena);    /* of a fixed array: of its elements */
const char *member_of(const acti_field *field, acti_arena *arena); /* "int64_t amount ACTA_ZERO;" */
const char *kind_name(const acti_field *field); /* INT64 of ACTA_FIELD_INT64; of a fixed array: of its elements */
const char *vector_kind_name(const acti_field *field);
bool is_number(uint8_t base);
bool is_union(const acti_field *field);    /* or a vector of one */
bool is_optional(const acti_field *field); /* it has an is_set beside its value */
uint64_t absent_bits(const acti_field *field);
uint32_t member_size(const acti_field *field);                /* in a struct's bytes; of a fixed array: of an element */
const char *upper_snake(const char *name, acti_arena *arena); /* ORDER_LINE of OrderLine */
void put_doc(FILE *out, const char *indent, const acti_common *of, const char *otherwise);
/* `before` (a, b, c) `after`, broken where it must be. */
void put_list(
    FILE *out, uint32_t indent, const char *before, const char *const *items, uint32_t count, const char *after);

/* A line of a function, broken behind `left` when it is too long. */
void put_assignment(FILE *out, const char *left, const char *right);
/* A line of a macro that goes on: with a backslash in the last column. */
void put_macro_line(FILE *out, const char *line);

/* -- plain.c: reading, a line a field, and tables whose code is unrolled: acta/plain.h -- */

bool is_plain(const acti_table *table);
bool is_checked(const acti_table *table); /* its verifier is unrolled, as a part of others too: acta/deep_verify.h */
void put_read(const acti_table *table, FILE *out, acti_arena *arena);        /* acti_read_T, of a view */
void put_struct_read(const acti_table *table, FILE *out, acti_arena *arena); /* the same, of the struct's bytes */

/* -- quick.c: verifying without a call: acta/deep_quick.h -- */

bool is_quick(const acti_table *table);
void put_quick_parts(const acti_model *model, FILE *out, acti_arena *arena); /* the leaves that quick tables lead to */
void put_quick(const acti_model *model, const acti_table *table, FILE *out, acti_arena *arena); /* T_quick */

/* -- the files -- */

void put_header(const acti_model *model, FILE *out, acti_arena *arena);
void put_source(const acti_model *model, FILE *out, acti_arena *arena);
void put_types_header(const acti_model *model, FILE *out, acti_arena *arena); /* enums and tables */
void put_types_source(const acti_model *model, FILE *out, acti_arena *arena);
void put_schema_source(const acti_model *model, FILE *out);
void put_handlers_header(const acti_model *model, FILE *out, acti_arena *arena); /* the structs of typed functions */
void put_handlers_source(const acti_model *model, FILE *out, acti_arena *arena);

#endif
