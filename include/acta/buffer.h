/*
 * Buffers: how a table of the schema lies in a C struct, and what generated code calls to move between that struct and
 * a FlatBuffers buffer. One description a field, one implementation of each operation; the bytes are the official format.
 *
 *     struct bank_Deposit  <-- fields[] -->  [root | vtable | table | strings and vectors]
 *
 * Vectors and nested tables in a struct are views of one of two things: of an array or a struct of the caller (`data`
 * is set: how one writes them), or of a part of a buffer (`encoded` is set: how one reads them). Buffers may lie at any
 * address. Numbers are read in place, so the machine is little-endian.
 *
 * User code needs from here the vector types and acta_str_vector_at; the rest is for generated code.
 */
#ifndef ACTA_BUFFER_H
#define ACTA_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "acta/memory.h"
#include "acta/schema.h"
#include "acta/str.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "acta needs a little-endian machine: buffers are read in place"
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ACTA_BUFFER_SIZE_MAX = 64 << 20,  /* bytes of one buffer that acta writes */
    ACTA_BUFFER_DEPTH_MAX = 64,       /* tables within tables; the official library's limit too */
    ACTA_BUFFER_TABLES_MAX = 1000000, /* in one buffer; the same */
    ACTA_FIELD_COUNT_MAX = 256,       /* of one table */
    ACTA_STRUCT_SIZE_MAX = 8192       /* bytes of one table's C struct */
};

/* -- vectors -- */

/*
 * A vector of numbers: set data and count to write one; data[0] to data[count - 1] are what one reads. Absent: data is
 * NULL. The elements may lie at any address, which their type says to the compiler.
 */
#define ACTA_NUMBER_VECTOR(type, name)                                                                                 \
    typedef type acta_unaligned_##name __attribute__((aligned(1), may_alias));                                         \
    typedef struct acta_##name##_vector {                                                                              \
        const acta_unaligned_##name *data;                                                                             \
        const uint8_t *encoded; /* always NULL */                                                                      \
        uint32_t count;                                                                                                \
        uint32_t capacity; /* of data, where it is owned */                                                            \
    } acta_##name##_vector

ACTA_NUMBER_VECTOR(int8_t, int8);
ACTA_NUMBER_VECTOR(uint8_t, uint8); /* of bool too: 0 or 1 */
ACTA_NUMBER_VECTOR(int16_t, int16);
ACTA_NUMBER_VECTOR(uint16_t, uint16);
ACTA_NUMBER_VECTOR(int32_t, int32);
ACTA_NUMBER_VECTOR(uint32_t, uint32);
ACTA_NUMBER_VECTOR(int64_t, int64);
ACTA_NUMBER_VECTOR(uint64_t, uint64);
ACTA_NUMBER_VECTOR(float, float);
ACTA_NUMBER_VECTOR(double, double);

/* A number that may be absent (= null in the schema): { true, 80 } is there, { 0 } is not. */
#define ACTA_NUMBER_OPTIONAL(type, name)                                                                               \
    typedef struct acta_##name##_optional {                                                                            \
        bool is_set;                                                                                                   \
        type value; /* 0 when it isn't set */                                                                          \
    } acta_##name##_optional

ACTA_NUMBER_OPTIONAL(bool, bool);
ACTA_NUMBER_OPTIONAL(int8_t, int8);
ACTA_NUMBER_OPTIONAL(uint8_t, uint8);
ACTA_NUMBER_OPTIONAL(int16_t, int16);
ACTA_NUMBER_OPTIONAL(uint16_t, uint16);
ACTA_NUMBER_OPTIONAL(int32_t, int32);
ACTA_NUMBER_OPTIONAL(uint32_t, uint32);
ACTA_NUMBER_OPTIONAL(int64_t, int64);
ACTA_NUMBER_OPTIONAL(uint64_t, uint64);
ACTA_NUMBER_OPTIONAL(float, float);
ACTA_NUMBER_OPTIONAL(double, double);

/* A vector of strings: set data and count to write one; read with acta_str_vector_at. */
typedef struct acta_str_vector {
    const acta_str *data;
    const uint8_t *encoded;
    uint32_t count;
    uint32_t capacity;
} acta_str_vector;

/* The string at `index`; absent when there is none. */
static inline acta_str
acta_str_vector_at(acta_str_vector vector, uint32_t index)
{
    const uint8_t *at;
    uint32_t number;

    if (index >= vector.count) return acta_str_from(NULL, 0);
    if (vector.data != NULL) return vector.data[index];
    if (vector.encoded == NULL) return acta_str_from(NULL, 0);
    at = vector.encoded + (size_t)index * 4;
    memcpy(&number, at, sizeof number); /* an offset, and then a size */
    at += number;
    memcpy(&number, at, sizeof number);
    return acta_str_from(at + 4, number);
}

/* What all vectors look like to code that handles any of them: same size, same places. A nested table (bank_Line_ref)
 * is the first two members alone. */
typedef struct acta_any_vector {
    const void *data;
    const uint8_t *encoded;
    uint32_t count;
    uint32_t capacity;
} acta_any_vector;

typedef struct acta_any_ref {
    const void *data;
    const uint8_t *encoded;
} acta_any_ref;

/* -- unions -- */

/*
 * One of several: a generated union has its type, and behind it a view of a table or struct (data is set: how one writes
 * it; encoded is set: how one reads it, with T_ref_get) or a string.
 *
 *     bank_Payment payment = { .type = bank_Payment_Card, .Card = { .data = &card } };
 *
 * Type 0 is none of them. What is read as another type has its value; one that the schema doesn't know reads as none.
 * This is what all unions look like to code that handles any of them.
 */
typedef struct acta_any_union {
    int32_t type;
    union {
        acta_any_ref ref;
        acta_str string;
    };
} acta_any_union;

typedef struct acta_any_union_vector {
    const void *data;
    const uint8_t *encoded;
    uint32_t count;
    uint32_t capacity;
    const uint8_t *types; /* encoded: a byte an element */
} acta_any_union_vector;

typedef struct acta_union_member {
    const char *name;
    const acta_table *table; /* or a struct; NULL: a string */
    uint8_t number;          /* its type in the buffer */
} acta_union_member;

typedef struct acta_union {
    const char *name; /* with its namespace */
    const acta_union_member *members;
    uint32_t member_count;
} acta_union;

/* One in a buffer, by its type: no type, when that isn't known. */
ACTA_API acta_any_union acta_union_view(const acta_union *of, uint8_t type, const uint8_t *target);

/* The element at `index`, as the generated union; false, and all zero, when there is none. */
ACTA_API bool acta_union_vector_at(const acta_union *of, const void *vector, uint32_t index, void *value_out);

/* -- fields -- */

typedef enum acta_field_kind {
    ACTA_FIELD_BOOL,
    ACTA_FIELD_INT8,
    ACTA_FIELD_UINT8,
    ACTA_FIELD_INT16,
    ACTA_FIELD_UINT16,
    ACTA_FIELD_INT32,
    ACTA_FIELD_UINT32,
    ACTA_FIELD_INT64,
    ACTA_FIELD_UINT64,
    ACTA_FIELD_FLOAT,
    ACTA_FIELD_DOUBLE,
    ACTA_FIELD_STRING,        /* acta_str */
    ACTA_FIELD_TABLE,         /* bank_Line_ref */
    ACTA_FIELD_VECTOR,        /* of numbers: acta_int64_vector … */
    ACTA_FIELD_STRING_VECTOR, /* acta_str_vector */
    ACTA_FIELD_TABLE_VECTOR,  /* bank_Line_vector */
    ACTA_FIELD_STRUCT,        /* bank_Point, or OPTIONAL: bank_Point_optional */
    ACTA_FIELD_STRUCT_VECTOR, /* bank_Point_vector */
    ACTA_FIELD_UNION,         /* bank_Payment; in the vtable its type has the place before `id` */
    ACTA_FIELD_UNION_VECTOR   /* bank_Payment_vector; the same */
} acta_field_kind;

enum {
    ACTA_FIELD_REQUIRED = 1,
    ACTA_FIELD_KEY = 2,      /* keyed collections of this table are sorted by it */
    ACTA_FIELD_ENUM = 4,     /* a C enum in the struct, whatever its size in the buffer */
    ACTA_FIELD_OPTIONAL = 8, /* a number or struct with an is_set beside it */
    ACTA_FIELD_NESTED = 16,  /* a vector of bytes that is a buffer of `table` */
    ACTA_FIELD_FLEX = 32     /* a vector of bytes that is a FlexBuffer */
};

/* Of a table, or of a struct: a struct has numbers, structs and fixed arrays of both, all of them always there. */

struct acta_field {
    const char *name;
    uint32_t offset;    /* in the C struct; OPTIONAL: of its value */
    uint32_t is_set;    /* OPTIONAL: of its is_set, in the C struct */
    uint16_t id;        /* its place in the vtable; in a struct: its place in the struct's bytes */
    uint16_t length;    /* in a struct: of a fixed array; 0: it is none */
    uint16_t alignment; /* of a vector's elements, where the schema wants more than they do; else 0 */
    uint8_t kind;       /* acta_field_kind */
    uint8_t element;    /* VECTOR: the acta_field_kind of its numbers */
    uint8_t flags;
    uint64_t absent;            /* numbers that aren't OPTIONAL: the bits that stand for an absent field */
    const acta_table *table;    /* TABLE, STRUCT and vectors of them: what is in it */
    const acta_union *variants; /* UNION, UNION_VECTOR */
};

/* -- what each table's functions do -- */

ACTA_API acta_status acta_table_verify(const acta_table *table, acta_bytes buffer, acta_error *error);
ACTA_API void acta_table_read(const acta_table *table, acta_bytes buffer, void *value_out);
ACTA_API acta_status acta_table_write(const acta_table *table, const void *value, acta_sink *sink, acta_error *error);
ACTA_API acta_status acta_table_load(const acta_table *table, void *value, acta_bytes buffer, acta_memory *memory);
ACTA_API void acta_table_clear(const acta_table *table, void *value, acta_memory *memory);

/* The table at `index` of a vector of tables, or the nested one, as a struct of views; of structs, the struct. False, and
 * all zero, when there is none. `vector` and `ref` are the generated types. */
ACTA_API bool acta_table_vector_at(const acta_table *item, const void *vector, uint32_t index, void *value_out);
ACTA_API bool acta_table_ref_get(const acta_table *item, const void *ref, void *value_out);

/* The value of a nested buffer, which was verified with the one around it. False, and all zero, when it is absent. */
ACTA_API bool acta_nested_decode(const acta_table *nested, acta_uint8_vector bytes, void *value_out);

/*
 * Vectors of tables or structs that are sorted by their (key), as acta_items_sort does, the official JSON parser, and
 * what acta keeps in states.
 *   find  the item with this key; false, and all zero, when there is none. Reads about log2(count) items
 *   sort  an array that is to be written, in place; equal keys in any order
 * `key` points to a value of the key's C type.
 */
ACTA_API bool acta_vector_find(const acta_table *item, const void *vector, const void *key, void *value_out);
ACTA_API void acta_items_sort(const acta_table *item, void *items, uint32_t count);

/* -- mutable values: states, process managers, read models -- */

/*
 * Make the vector or nested table `field_index` of `value` a deep copy of `view` (its generated type) in `memory`, and
 * give the old one back. `view` may be a part of the old one. When there is no memory the field stays as it was and
 * acta_memory_failed(memory) is true from then on.
 */
ACTA_API void acta_field_assign(
    const acta_table *table, uint32_t field_index, void *value, const void *view, acta_memory *memory);

/*
 * Keyed collections: vectors of tables with a (key), owned by `memory` and sorted by it.
 *   key   points to a value of the key's C type
 *   put   adds a deep copy of `item`, in the place of one with the same key; an absent string key is an empty one. When
 *         there is no memory nothing changes and acta_memory_failed(memory) is true
 *   find  NULL: no such key. Lives until the collection changes
 */
ACTA_API void acta_collection_put(
    const acta_table *table, uint32_t field_index, void *value, const void *item, acta_memory *memory);
ACTA_API bool acta_collection_remove(
    const acta_table *table, uint32_t field_index, void *value, const void *key, acta_memory *memory);
ACTA_API const void *acta_collection_find(
    const acta_table *table, uint32_t field_index, const void *value, const void *key);
ACTA_API const void *acta_collection_at(
    const acta_table *table, uint32_t field_index, const void *value, uint32_t index);

#ifdef __cplusplus
}
#endif
#endif
