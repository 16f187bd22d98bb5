/*
 * What the files of schema/ share: reading numbers at any address, and the parts of a table.
 */
#ifndef ACTA_SCHEMA_INTERNAL_H
#define ACTA_SCHEMA_INTERNAL_H

#include <string.h>

#include "acta/plain.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is printed instead of a marked value. */
#define ACTI_REDACTED_SHOWN  "***"
#define ACTI_FORGOTTEN_SHOWN "(forgotten)"

/* Bytes that a field of this kind takes inside its table: of the number, or of the offset to the rest. STRUCT: see
 * acti_field_size. */
static inline size_t
acti_inline_size(uint8_t kind)
{
    static const uint8_t sizes[] = { 1, 1, 1, 2, 2, 4, 4, 8, 8, 4, 8, 4, 4, 4, 4, 4, 0, 4, 4, 4 };
    return sizes[kind];
}

static inline bool
acti_is_number(const acta_field *field)
{
    return field->kind < ACTA_FIELD_STRING;
}

/* Does it lie in its table as a whole, and hold nothing outside? */
static inline bool
acti_is_inline(const acta_field *field)
{
    return field->kind < ACTA_FIELD_STRING || field->kind == ACTA_FIELD_STRUCT;
}

static inline size_t
acti_field_size(const acta_field *field)
{
    return field->kind == ACTA_FIELD_STRUCT ? field->table->inline_size : acti_inline_size(field->kind);
}

/* A power of two. */
static inline size_t
acti_field_alignment(const acta_field *field)
{
    return field->kind == ACTA_FIELD_STRUCT ? field->table->alignment : acti_inline_size(field->kind);
}

/* Bytes of a number or struct in a C struct, where a fixed array has one behind the other. */
static inline size_t
acti_c_size(const acta_field *field)
{
    if (field->kind == ACTA_FIELD_STRUCT) return field->table->struct_size;
    return field->flags & ACTA_FIELD_ENUM ? sizeof(int32_t) : acti_inline_size(field->kind);
}

static inline bool
acti_is_union(const acta_field *field)
{
    return field->kind == ACTA_FIELD_UNION || field->kind == ACTA_FIELD_UNION_VECTOR;
}

/* Bytes of a union's type, which lies apart from its value; 0: it is no union. */
static inline size_t
acti_type_size(const acta_field *field)
{
    if (field->kind == ACTA_FIELD_UNION) return 1;
    return field->kind == ACTA_FIELD_UNION_VECTOR ? 4 : 0;
}

/* NULL: none of this number. */
static inline const acta_union_member *
acti_member_of(const acta_union *of, int32_t number)
{
    for (uint32_t i = 0; i < of->member_count; i++) {
        if (of->members[i].number == number && number != 0) return &of->members[i];
    }
    return NULL;
}

/* A vector of structs, or of tables: its items' descriptions are `table`. */
static inline bool
acti_has_items(const acta_field *field)
{
    return field->kind == ACTA_FIELD_TABLE_VECTOR || field->kind == ACTA_FIELD_STRUCT_VECTOR;
}

static inline bool
acti_is_struct(const acta_table *table)
{
    return table->inline_size != 0;
}

/* Where a field lies in a C struct. */
static inline void *
acti_field_of(const acta_field *field, void *value)
{
    return (char *)value + field->offset;
}

static inline const void *
acti_field_in(const acta_field *field, const void *value)
{
    return (const char *)value + field->offset;
}

/* A vector or nested table of any type: copied in and out, because the generated types are others. */
static inline acta_any_vector
acti_vector_in(const acta_field *field, const void *value)
{
    acta_any_vector vector;
    memcpy(&vector, acti_field_in(field, value), sizeof vector);
    return vector;
}

static inline void
acti_vector_set(const acta_field *field, void *value, acta_any_vector vector)
{
    memcpy(acti_field_of(field, value), &vector, sizeof vector);
}

static inline acta_any_ref
acti_ref_in(const acta_field *field, const void *value)
{
    acta_any_ref ref;
    memcpy(&ref, acti_field_in(field, value), sizeof ref);
    return ref;
}

static inline void
acti_ref_set(const acta_field *field, void *value, acta_any_ref ref)
{
    memcpy(acti_field_of(field, value), &ref, sizeof ref);
}

static inline acta_any_union
acti_union_in(const acta_field *field, const void *value)
{
    acta_any_union any;
    memcpy(&any, acti_field_in(field, value), sizeof any);
    return any;
}

static inline acta_any_union_vector
acti_union_vector_in(const acta_field *field, const void *value)
{
    acta_any_union_vector vector;
    memcpy(&vector, acti_field_in(field, value), sizeof vector);
    return vector;
}

/* Where an offset leads. */
static inline const uint8_t *
acti_follow(const uint8_t *at)
{
    return at + acti_load_uint32(at);
}

/* The field's place in a verified table of a buffer; NULL when it is absent. */
static inline const uint8_t *
acti_slot(const uint8_t *table, uint16_t id)
{
    const uint8_t *vtable = table - acti_load_int32(table);
    size_t slot = 4 + 2 * (size_t)id;
    uint16_t offset = slot + 2 <= acti_load_uint16(vtable) ? acti_load_uint16(vtable + slot) : 0;
    return offset != 0 ? table + offset : NULL;
}

/* Fill a struct with views of a verified table; read.c. */
void acti_read_table(const acta_table *table, const uint8_t *at, void *value_out);

/* A number into a C struct; `at` NULL: absent. */
void acti_read_number(const acta_field *field, const uint8_t *at, void *out);

/* The item of a vector, or what an offset leads to: a table, or a struct. */
void acti_read_object(const acta_table *table, const uint8_t *at, void *value_out);

/* Where the item lies, in the bytes behind a vector's count. */
static inline const uint8_t *
acti_item_at(const acta_table *item, const uint8_t *elements, uint32_t index)
{
    if (acti_is_struct(item)) return elements + (size_t)index * item->inline_size;
    return acti_follow(elements + (size_t)index * 4);
}

/* What stands around a buffer that isn't an event's; file.c. */
typedef struct acti_framing {
    const char *identifier; /* of four bytes, behind the root's offset; NULL: none */
    bool has_size;          /* before the root's offset */
} acti_framing;

acta_status acti_write_framed(
    const acta_table *table, const void *value, acti_framing framing, acta_sink *sink, acta_error *error);

/* The same as acta_table_verify, of a root whose offset is at `begin`: 4, if a size is before it. */
acta_status acti_verify_from(const acta_table *table, acta_bytes buffer, size_t begin, acta_error *error);

/* Does the official library's verifier of FlexBuffers accept these bytes? json.cc. */
bool acti_flex_is_sound(const uint8_t *bytes, size_t size);

/* Give back what an owned field holds, and leave it absent; value.c. */
void acti_field_clear(const acta_field *field, void *value, acta_memory *memory);

/* Replace all views in a struct, and in what it holds, by copies of its own. Without memory: false, and all zero. */
bool acti_value_own(const acta_table *table, void *value, acta_memory *memory);

/* Sort the items of an owned vector of tables by their key, if they have one; false: no memory. collection.c. */
bool acti_collection_sort(const acta_table *item, void *items, uint32_t count, acta_memory *memory);

#ifdef __cplusplus
}
#endif
#endif
