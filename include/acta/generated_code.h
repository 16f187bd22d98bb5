/*
 * The untyped side of a table, for acta/generated.h: what the generated source is made of. A description of each field, and the
 * functions to which a table's description leads.
 */
#ifndef ACTA_GENERATED_CODE_H
#define ACTA_GENERATED_CODE_H

#include <stddef.h>

#include "acta/deep_quick.h"
#include "acta/deep_verify.h"
#include "acta/deep_write.h"
#include "acta/generated_table.h"
#include "acta/marks.h"
#include "acta/plain_verify.h"

/* One field's description; `flags` as in buffer.h, `absent` the bits of the value that isn't written. */
#define ACTA_NUMBER_FIELD(T, field, number, KIND, options, bits)                                                       \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field), .id = number, .kind = ACTA_FIELD_##KIND, .flags = options,       \
        .absent = bits                                                                                                 \
    }
#define ACTA_OPTIONAL_FIELD(T, field, number, KIND, options)                                                           \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field.value), .is_set = offsetof(T, field.is_set), .id = number,         \
        .kind = ACTA_FIELD_##KIND, .flags = ACTA_FIELD_OPTIONAL | (options)                                            \
    }
#define ACTA_STRUCT_FIELD(T, field, number, Struct, options)                                                           \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field), .id = number, .kind = ACTA_FIELD_STRUCT, .flags = options,       \
        .table = &Struct##_table                                                                                       \
    }
#define ACTA_OPTIONAL_STRUCT_FIELD(T, field, number, Struct, options)                                                  \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field.value), .is_set = offsetof(T, field.is_set), .id = number,         \
        .kind = ACTA_FIELD_STRUCT, .flags = ACTA_FIELD_OPTIONAL | (options), .table = &Struct##_table                  \
    }
#define ACTA_STRING_FIELD(T, field, number, options)                                                                   \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field), .id = number, .kind = ACTA_FIELD_STRING, .flags = options        \
    }
#define ACTA_VECTOR_FIELD(T, field, number, KIND, options)                                                             \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field), .id = number, .kind = ACTA_FIELD_VECTOR,                         \
        .element = ACTA_FIELD_##KIND, .flags = options                                                                 \
    }
#define ACTA_STRING_VECTOR_FIELD(T, field, number, options)                                                            \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field), .id = number, .kind = ACTA_FIELD_STRING_VECTOR, .flags = options \
    }
#define ACTA_TABLE_FIELD(T, field, number, KIND, Item, options)                                                        \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field), .id = number, .kind = ACTA_FIELD_##KIND, .table = &Item##_table, \
        .flags = options                                                                                               \
    }

/* A vector of structs, and one of numbers, that are aligned to `bytes`, and one of bytes that is a buffer of Nested. */
#define ACTA_ALIGNED_STRUCTS_FIELD(T, field, number, Item, options, bytes)                                             \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field), .id = number, .alignment = bytes,                                \
        .kind = ACTA_FIELD_STRUCT_VECTOR, .table = &Item##_table, .flags = options                                     \
    }
#define ACTA_ALIGNED_FIELD(T, field, number, KIND, options, bytes)                                                     \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field), .id = number, .alignment = bytes, .kind = ACTA_FIELD_VECTOR,     \
        .element = ACTA_FIELD_##KIND, .flags = options                                                                 \
    }
#define ACTA_NESTED_FIELD(T, field, number, Nested, options, bytes)                                                    \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field), .id = number, .alignment = bytes, .kind = ACTA_FIELD_VECTOR,     \
        .element = ACTA_FIELD_UINT8, .flags = ACTA_FIELD_NESTED | (options), .table = &Nested##_table                  \
    }

#define ACTA_UNION_FIELD(T, field, number, KIND, Union, options)                                                       \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field), .id = number, .kind = ACTA_FIELD_##KIND, .flags = options,       \
        .variants = &Union##_union                                                                                     \
    }

/* Members of structs: `place` in the bytes; `count` of a fixed array, or 0. */
#define ACTA_MEMBER(T, field, place, KIND, options, count)                                                             \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field), .id = place, .length = count, .kind = ACTA_FIELD_##KIND,         \
        .flags = options                                                                                               \
    }
#define ACTA_STRUCT_MEMBER(T, field, place, Struct, count)                                                             \
    {                                                                                                                  \
        .name = #field, .offset = offsetof(T, field), .id = place, .length = count, .kind = ACTA_FIELD_STRUCT,         \
        .table = &Struct##_table                                                                                       \
    }

/* One marked field: marks.h. */
#define ACTA_MARK(T, name, number, KIND, marks)                                                                        \
    {                                                                                                                  \
        .field = #name, .offset = offsetof(T, name), .id = number, .kind = ACTA_FIELD_##KIND, .what = marks            \
    }
#define ACTA_PERSONAL_MARK(T, name, number, KIND, marks, who)                                                          \
    {                                                                                                                  \
        .field = #name, .offset = offsetof(T, name), .id = number, .kind = ACTA_FIELD_##KIND, .what = marks,           \
        .subject_offset = offsetof(T, who), .subject = #who                                                            \
    }
#define ACTA_TAG_MARK(T, name, number, KIND, marks, begins)                                                            \
    {                                                                                                                  \
        .field = #name, .offset = offsetof(T, name), .id = number, .kind = ACTA_FIELD_##KIND, .what = marks,           \
        .tag = begins                                                                                                  \
    }
#define ACTA_HOLDS_MARK(T, name, number, KIND, marks, Item)                                                            \
    {                                                                                                                  \
        .field = #name, .offset = offsetof(T, name), .id = number, .kind = ACTA_FIELD_##KIND, .what = marks,           \
        .table = &Item##_table                                                                                         \
    }

#define ACTA_TABLE_CODE(T)                                                                                             \
    static acta_status T##_any_verify(acta_bytes buffer, acta_error *error)                                            \
    {                                                                                                                  \
        return acta_table_verify(&T##_table, buffer, error);                                                           \
    }                                                                                                                  \
    ACTI_READ_WRITE_CODE(T)

#define ACTI_READ_WRITE_CODE(T)                                                                                        \
    static void T##_any_read(acta_bytes buffer, void *value_out)                                                       \
    {                                                                                                                  \
        T##_decode(buffer, (T *)value_out);                                                                            \
    }                                                                                                                  \
    static acta_status T##_any_write(const void *value, acta_sink *sink, acta_error *error)                            \
    {                                                                                                                  \
        return acta_deep_write(&T##_table, value, sink, error);                                                        \
    }                                                                                                                  \
    ACTI_END(T)

/*
 * T_table.check and .put, of a table with few enough fields (deep_verify.h, deep_write.h). The vtables that it knows are
 * 328 bytes a table and thread. A library that is loaded late (dlopen), into what room there is for such storage, is compiled with
 * -DACTA_REMEMBER_NO_VTABLES: each is judged anew.
 */
#ifdef ACTA_REMEMBER_NO_VTABLES
#define ACTI_REMEMBERED
#else
#define ACTI_REMEMBERED static __thread
#endif
#define ACTA_CHECK_CODE(T)                                                                                             \
    static __attribute__((noinline)) bool T##_part_check(acti_deep *d, uint32_t at, uint32_t depth)                    \
    {                                                                                                                  \
        ACTI_REMEMBERED acti_deep_seen seen = ACTI_DEEP_UNSEEN;                                                        \
        return acta_deep_check_any(T##_fields, ACTI_COUNT(T##_fields), &seen, d, at, depth);                           \
    }                                                                                                                  \
    static bool T##_any_check(acti_deep *d, uint32_t slot, uint32_t number, uint32_t depth)                            \
    {                                                                                                                  \
        return acta_deep_check(T##_fields, ACTI_COUNT(T##_fields), T##_part_check, d, slot, number, depth);            \
    }                                                                                                                  \
    static uint32_t T##_any_put(acti_pen *p, const void *value, uint32_t depth)                                        \
    {                                                                                                                  \
        return acta_deep_put(&T##_table, T##_fields, ACTI_COUNT(T##_fields), p, value, depth);                         \
    }                                                                                                                  \
    ACTI_END(T)

#define ACTI_CHECKED_CODE(T)                                                                                           \
    ACTA_CHECK_CODE(T);                                                                                                \
    static __attribute__((noinline)) acta_status T##_any_verify_part(acta_bytes buffer, acta_error *error)             \
    {                                                                                                                  \
        if (acta_deep_verify(&T##_table, buffer)) return ACTA_OK;                                                      \
        return acta_table_verify(&T##_table, buffer, error);                                                           \
    }                                                                                                                  \
    ACTI_READ_WRITE_CODE(T)

/* What each table's description says in the same way. */
#define ACTA_TABLE_MEMBERS(T, ROLE, hash, of_schema)                                                                   \
    .role = ACTA_TABLE_##ROLE, .struct_size = sizeof(T), .schema_hash = hash, .schema = &of_schema,                    \
    .verify = T##_any_verify, .read = T##_any_read, .write = T##_any_write

#define ACTA_FIELDS(T)          .fields = T##_fields, .field_count = ACTI_COUNT(T##_fields)
#define ACTA_CHECKED_FIELDS(T)  ACTA_FIELDS(T), .check = T##_any_check, .put = T##_any_put
#define ACTA_MUTABLE_MEMBERS(T) .load = T##_any_load, .clear = T##_any_clear
#define ACTA_MARKED_MEMBERS(T)  .marks = T##_marks, .mark_count = ACTI_COUNT(T##_marks)

#define ACTA_STRUCT_MEMBERS(T, hash, of_schema, size, aligned_to)                                                      \
    .struct_size = sizeof(T), .schema_hash = hash, .schema = &of_schema, ACTA_FIELDS(T), .inline_size = size,          \
    .alignment = aligned_to

#define ACTA_UNION_CODE(U, full_name)                                                                                  \
    const acta_union U##_union = { .name = full_name, .members = U##_members, .member_count = ACTI_COUNT(U##_members) }

/* The same for a plain table: its description is a constant here, and the code for it unrolled. */
#define ACTI_PLAIN_CODE(T)                                                                                             \
    static __thread acti_plain_seen T##_any_seen = ACTI_PLAIN_UNSEEN;                                                  \
    static __attribute__((noinline)) acta_status T##_any_verify_new(acta_bytes buffer, acta_error *error)              \
    {                                                                                                                  \
        if (acta_plain_verify_any(T##_fields, ACTI_COUNT(T##_fields), &T##_any_seen, buffer)) return ACTA_OK;          \
        return acta_table_verify(&T##_table, buffer, error);                                                           \
    }                                                                                                                  \
    static __attribute__((noinline)) acta_status T##_any_verify_part(acta_bytes buffer, acta_error *error)             \
    {                                                                                                                  \
        if (acta_plain_verify_seen(T##_fields, ACTI_COUNT(T##_fields), &T##_any_seen, buffer)) return ACTA_OK;         \
        return T##_any_verify_new(buffer, error);                                                                      \
    }                                                                                                                  \
    static void T##_any_read(acta_bytes buffer, void *value_out)                                                       \
    {                                                                                                                  \
        T##_decode(buffer, (T *)value_out);                                                                            \
    }                                                                                                                  \
    static acta_status T##_any_write(const void *value, acta_sink *sink, acta_error *error)                            \
    {                                                                                                                  \
        return acta_plain_write(&T##_table, T##_fields, ACTI_COUNT(T##_fields), value, sink, error);                   \
    }                                                                                                                  \
    ACTA_CHECK_CODE(T)

/* Of either kind: a buffer with all fields is judged first, by code that actac wrote for it (deep_quick.h), or unrolled. */
#define ACTA_QUICK_CHECKED_CODE(T) ACTI_VERIFY_CODE(ACTI_CHECKED, T, T##_quick(buffer))
#define ACTA_QUICK_PLAIN_CODE(T)   ACTI_VERIFY_CODE(ACTI_PLAIN, T, T##_quick(buffer))
#define ACTA_CHECKED_CODE(T)                                                                                           \
    ACTI_VERIFY_CODE(ACTI_CHECKED, T, acta_deep_verify_whole(T##_fields, ACTI_COUNT(T##_fields), buffer))
#define ACTA_PLAIN_CODE(T)                                                                                             \
    ACTI_VERIFY_CODE(ACTI_PLAIN, T, acta_deep_verify_whole(T##_fields, ACTI_COUNT(T##_fields), buffer))
#define ACTI_VERIFY_CODE(KIND, T, is_sound)                                                                            \
    KIND##_CODE(T);                                                                                                    \
    static acta_status T##_any_verify(acta_bytes buffer, acta_error *error)                                            \
    {                                                                                                                  \
        return is_sound ? ACTA_OK : T##_any_verify_part(buffer, error);                                                \
    }                                                                                                                  \
    ACTI_END(T)

#define ACTA_IDENTITY_CODE(T, field)                                                                                   \
    static acta_str T##_any_identity(const void *value)                                                                \
    {                                                                                                                  \
        return ((const T *)value)->field;                                                                              \
    }                                                                                                                  \
    ACTI_END(T)

#define ACTA_MUTABLE_CODE(T)                                                                                           \
    static acta_status T##_any_load(void *value, acta_bytes buffer, acta_memory *memory)                               \
    {                                                                                                                  \
        return acta_table_load(&T##_table, value, buffer, memory);                                                     \
    }                                                                                                                  \
    static void T##_any_clear(void *value, acta_memory *memory)                                                        \
    {                                                                                                                  \
        acta_table_clear(&T##_table, value, memory);                                                                   \
    }                                                                                                                  \
    ACTI_END(T)

#endif
