/*
 * What the headers made by actac stand on: each macro here declares typed functions over the untyped ones of the other
 * headers. A generated header names, above each use, the functions that it brings.
 *
 * In C an aggregate's settings are members of its struct, beside `base`; C++ has no anonymous structs and wants
 * designated initializers in order, so there BANK_ACCOUNT(…) goes through a struct of its own. Both lie the same in
 * memory and are constants.
 */
#ifndef ACTA_GENERATED_H
#define ACTA_GENERATED_H

#include <assert.h>
#include <stddef.h>

#include "acta/aggregate.h"
#include "acta/app.h"
#include "acta/buffer.h"
#include "acta/deep_verify.h"
#include "acta/handler.h"
#include "acta/index.h"
#include "acta/marks.h"
#include "acta/plain_verify.h"
#include "acta/process_manager.h"
#include "acta/upcast.h"

/* The wrong function in a generated struct is an error, whatever the user's warnings are. */
#ifndef __cplusplus
#pragma GCC diagnostic error "-Wincompatible-pointer-types"
#endif

/* A member that C++ sets to zero when it is left out, as C does. */
#ifdef __cplusplus
#define ACTA_ZERO                                                                                                      \
    {                                                                                                                  \
    }
#define ACTA_ENUM_TYPE : int /* any number of the buffer is a value of it */
#else
#define ACTA_ZERO
#define ACTA_ENUM_TYPE
#endif

#define ACTI_COUNT(array) (sizeof(array) / sizeof(array)[0])
#define ACTI_END(T)       static_assert(sizeof(T) > 0, #T) /* so that a use of the macro ends with a semicolon */

/* -- tables -- */

/* T_table; T_verify, T_decode (views of a verified buffer), T_write. T_read is T_decode, but for states, whose T_read
 * asks the application. A plain table's T_decode stands above, a line a field. */
#define ACTA_TABLE(T)                                                                                                  \
    ACTA_STATE_TABLE(T);                                                                                               \
    ACTI_READ(T)

#define ACTA_PLAIN_TABLE(T)                                                                                            \
    ACTA_PLAIN_STATE_TABLE(T);                                                                                         \
    ACTI_READ(T)

#define ACTI_READ(T)                                                                                                   \
    static inline void T##_read(acta_bytes buffer, T *value_out)                                                       \
    {                                                                                                                  \
        T##_decode(buffer, value_out);                                                                                 \
    }                                                                                                                  \
    ACTI_END(T)

#define ACTA_STATE_TABLE(T)                                                                                            \
    ACTA_PLAIN_STATE_TABLE(T);                                                                                         \
    static inline void T##_decode(acta_bytes buffer, T *value_out)                                                     \
    {                                                                                                                  \
        acta_table_read(&T##_table, buffer, value_out);                                                                \
    }                                                                                                                  \
    ACTI_END(T)

#define ACTA_PLAIN_STATE_TABLE(T)                                                                                      \
    extern const acta_table T##_table;                                                                                 \
    static inline acta_status T##_verify(acta_bytes buffer, acta_error *error)                                         \
    {                                                                                                                  \
        return T##_table.verify(buffer, error);                                                                        \
    }                                                                                                                  \
    static inline acta_status T##_write(const T *value, acta_sink *sink, acta_error *error)                            \
    {                                                                                                                  \
        return T##_table.write(value, sink, error);                                                                    \
    }                                                                                                                  \
    static_assert(sizeof(T) <= ACTA_STRUCT_SIZE_MAX, "the struct of a table is too large")

/* The types of a vector of T and of a nested T; T may be a struct of the schema too. */
#define ACTA_TABLE_VIEWS(T)                                                                                            \
    typedef struct T T;                                                                                                \
    typedef struct T##_vector {                                                                                        \
        const T *data;          /* to write: an array of `count` */                                                    \
        const uint8_t *encoded; /* in a buffer: read with T_vector_at */                                               \
        uint32_t count;                                                                                                \
        uint32_t capacity; /* of data, where it is owned */                                                            \
    } T##_vector;                                                                                                      \
    typedef struct T##_ref {                                                                                           \
        const T *data;          /* to write */                                                                         \
        const uint8_t *encoded; /* in a buffer: read with T_ref_get */                                                 \
    } T##_ref

/* T_vector_at, T_ref_get: false, and all zero, when there is none. */
#define ACTA_TABLE_VIEW_FUNCTIONS(T)                                                                                   \
    static inline bool T##_vector_at(T##_vector vector, uint32_t index, T *value_out)                                  \
    {                                                                                                                  \
        return acta_table_vector_at(&T##_table, &vector, index, value_out);                                            \
    }                                                                                                                  \
    static inline bool T##_ref_get(T##_ref ref, T *value_out)                                                          \
    {                                                                                                                  \
        return acta_table_ref_get(&T##_table, &ref, value_out);                                                        \
    }                                                                                                                  \
    static_assert(sizeof(T##_vector) == sizeof(acta_any_vector) && sizeof(T##_ref) == sizeof(acta_any_ref), #T)

/* The type of a field of enum or struct T that may be absent: { true, value }, or { 0 }. */
#define ACTA_OPTIONAL(T)                                                                                               \
    typedef struct T##_optional {                                                                                      \
        bool is_set ACTA_ZERO;                                                                                         \
        T value ACTA_ZERO;                                                                                             \
    } T##_optional

/* T_table: how the struct lies in a buffer. */
#define ACTA_STRUCT(T)                                                                                                 \
    ACTA_OPTIONAL(T);                                                                                                  \
    extern const acta_table T##_table;                                                                                 \
    static_assert(sizeof(T) <= ACTA_STRUCT_SIZE_MAX, "the struct is too large")

/* T_vector_find in a sorted vector, T_sort of what is to be written as one: T has a (key). */
#define ACTA_KEYED(T, Key)                                                                                             \
    static inline bool T##_vector_find(T##_vector vector, Key key, T *value_out)                                       \
    {                                                                                                                  \
        return acta_vector_find(&T##_table, &vector, &key, value_out);                                                 \
    }                                                                                                                  \
    static inline void T##_sort(T *items, uint32_t count)                                                              \
    {                                                                                                                  \
        acta_items_sort(&T##_table, items, count);                                                                     \
    }                                                                                                                  \
    ACTI_END(T)

/* T_field_decode: the value of a nested buffer; false, and all zero, when it is absent. */
#define ACTA_NESTED(T, field, Nested)                                                                                  \
    extern const acta_table Nested##_table; /* it may come further below */                                            \
    static inline bool T##_##field##_decode(const T *value, Nested *nested_out)                                        \
    {                                                                                                                  \
        return acta_nested_decode(&Nested##_table, value->field, nested_out);                                          \
    }                                                                                                                  \
    ACTI_END(T)

/* The types of a union U and of a vector of it. */
#define ACTA_UNION_VIEWS(U)                                                                                            \
    typedef struct U U;                                                                                                \
    typedef struct U##_vector {                                                                                        \
        const U *data;          /* to write: an array of `count` */                                                    \
        const uint8_t *encoded; /* in a buffer: read with U_vector_at */                                               \
        uint32_t count;                                                                                                \
        uint32_t capacity;    /* of data, where it is owned */                                                         \
        const uint8_t *types; /* in a buffer */                                                                        \
    } U##_vector

/* U_union; U_vector_at: false, and no type, when there is none. */
#define ACTA_UNION(U)                                                                                                  \
    extern const acta_union U##_union;                                                                                 \
    static inline bool U##_vector_at(U##_vector vector, uint32_t index, U *value_out)                                  \
    {                                                                                                                  \
        return acta_union_vector_at(&U##_union, &vector, index, value_out);                                            \
    }                                                                                                                  \
    static_assert(sizeof(U) == sizeof(acta_any_union) && sizeof(U##_vector) == sizeof(acta_any_union_vector), #U)

/* T_dispatch, T_dispatch_async (app.h), T_send (process_manager.h). */
#define ACTA_COMMAND(T)                                                                                                \
    static inline acta_status T##_dispatch(                                                                            \
        acta_app *app, T value, const acta_dispatch_options *options, acta_error *error)                               \
    {                                                                                                                  \
        return acta_dispatch(app, &T##_table, &value, options, error);                                                 \
    }                                                                                                                  \
    static inline void T##_dispatch_async(                                                                             \
        acta_app *app, T value, const acta_dispatch_options *options, acta_dispatch_done done, void *user)             \
    {                                                                                                                  \
        acta_dispatch_async(app, &T##_table, &value, options, done, user);                                             \
    }                                                                                                                  \
    static inline void T##_send(acta_commands *commands, T value)                                                      \
    {                                                                                                                  \
        acta_commands_add(commands, &T##_table, &value);                                                               \
    }                                                                                                                  \
    ACTI_END(T)

/* T_emit (aggregate.h). */
#define ACTA_EVENT(T)                                                                                                  \
    static inline acta_verdict T##_emit(acta_decision *decision, T value)                                              \
    {                                                                                                                  \
        return acta_decision_emit(decision, &T##_table, &value);                                                       \
    }                                                                                                                  \
    ACTI_END(T)

/* T_upcast (upcast.h). */
#define ACTA_UPCAST_TO(T)                                                                                              \
    static inline acta_status T##_upcast(acta_upcast *out, T value)                                                    \
    {                                                                                                                  \
        return acta_upcast_add(out, &T##_table, &value);                                                               \
    }                                                                                                                  \
    ACTI_END(T)

/* A string field of an event, as process managers route by it: T_field(&event). */
#define ACTA_FIELD_READER(T, field)                                                                                    \
    static inline acta_str T##_##field(const T *event)                                                                 \
    {                                                                                                                  \
        return event->field;                                                                                           \
    }                                                                                                                  \
    ACTI_END(T)

/* T_read (app.h): the state of an aggregate. */
#define ACTA_STATE(T)                                                                                                  \
    static inline acta_status T##_read(                                                                                \
        acta_app *app, acta_str id, T *state_out, acta_memory *memory, acta_error *error)                              \
    {                                                                                                                  \
        return acta_aggregate_read(app, &T##_table, id, state_out, memory, error);                                     \
    }                                                                                                                  \
    ACTI_END(T)

/* T_get, T_put, T_remove inside a projection (handler.h); T_find, T_each from outside (app.h). */
#define ACTA_READ_MODEL(T)                                                                                             \
    static inline acta_status T##_get(acta_rows *rows, acta_str key, T *row_out, acta_error *error)                    \
    {                                                                                                                  \
        return acta_rows_get(rows, &T##_table, key, row_out, error);                                                   \
    }                                                                                                                  \
    static inline acta_status T##_put(acta_rows *rows, T row, acta_error *error)                                       \
    {                                                                                                                  \
        return acta_rows_put(rows, &T##_table, &row, error);                                                           \
    }                                                                                                                  \
    static inline acta_status T##_remove(acta_rows *rows, acta_str key, acta_error *error)                             \
    {                                                                                                                  \
        return acta_rows_remove(rows, &T##_table, key, error);                                                         \
    }                                                                                                                  \
    static inline acta_status T##_find(                                                                                \
        acta_app *app, acta_str key, T *row_out, acta_memory *memory, acta_error *error)                               \
    {                                                                                                                  \
        return acta_read_model_find(app, &T##_table, key, row_out, memory, error);                                     \
    }                                                                                                                  \
    typedef struct T##_visit {                                                                                         \
        bool (*visit)(void *user, const T *row);                                                                       \
        void *user;                                                                                                    \
    } T##_visit;                                                                                                       \
    static inline bool T##_visit_row(void *self, const void *row)                                                      \
    {                                                                                                                  \
        const T##_visit *given = (const T##_visit *)self;                                                              \
        return given->visit(given->user, (const T *)row);                                                              \
    }                                                                                                                  \
    static inline acta_status T##_each(                                                                                \
        acta_app *app, acta_str prefix, bool (*visit)(void *user, const T *row), void *user, acta_error *error)        \
    {                                                                                                                  \
        T##_visit given = { visit, user };                                                                             \
        return acta_read_model_each(app, &T##_table, prefix, T##_visit_row, &given, error);                            \
    }                                                                                                                  \
    ACTI_END(T)

/* T_by_field (index.h): the rows in the order of a field. Range: acta_str_range or acta_number_range. */
#define ACTA_ROWS_BY(T, field, index, Range, by)                                                                       \
    static inline acta_status T##_by_##field(                                                                          \
        acta_app *app, const Range *range, bool (*visit)(void *user, const T *row), void *user, acta_error *error)     \
    {                                                                                                                  \
        T##_visit given = { visit, user };                                                                             \
        return by(app, &T##_table, index, range, T##_visit_row, &given, error);                                        \
    }                                                                                                                  \
    ACTI_END(T)
#define ACTA_STR_INDEX(T, field, index)    ACTA_ROWS_BY(T, field, index, acta_str_range, acta_read_model_by_str)
#define ACTA_NUMBER_INDEX(T, field, index) ACTA_ROWS_BY(T, field, index, acta_number_range, acta_read_model_by_number)

/* -- mutable values -- */

/* T_field_assign: a vector or nested table becomes a deep copy in `memory`. */
#define ACTA_FIELD_ASSIGN(T, field, index, View)                                                                       \
    static inline void T##_##field##_assign(T *value, View view, acta_memory *memory)                                  \
    {                                                                                                                  \
        acta_field_assign(&T##_table, index, value, &view, memory);                                                    \
    }                                                                                                                  \
    ACTI_END(T)

/* T_field_put, _remove, _find, _count, _at: a vector of Items, sorted by their (key). */
#define ACTA_COLLECTION(T, field, index, Item, Key)                                                                    \
    static inline void T##_##field##_put(T *value, Item item, acta_memory *memory)                                     \
    {                                                                                                                  \
        acta_collection_put(&T##_table, index, value, &item, memory);                                                  \
    }                                                                                                                  \
    static inline bool T##_##field##_remove(T *value, Key key, acta_memory *memory)                                    \
    {                                                                                                                  \
        return acta_collection_remove(&T##_table, index, value, &key, memory);                                         \
    }                                                                                                                  \
    static inline const Item *T##_##field##_find(const T *value, Key key)                                              \
    {                                                                                                                  \
        return (const Item *)acta_collection_find(&T##_table, index, value, &key);                                     \
    }                                                                                                                  \
    static inline uint32_t T##_##field##_count(const T *value)                                                         \
    {                                                                                                                  \
        return value->field.count;                                                                                     \
    }                                                                                                                  \
    static inline const Item *T##_##field##_at(const T *value, uint32_t at)                                            \
    {                                                                                                                  \
        return (const Item *)acta_collection_at(&T##_table, index, value, at);                                         \
    }                                                                                                                  \
    ACTI_END(T)

/* -- the untyped side of a table, for the generated source -- */

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
        if (acta_deep_verify(&T##_table, buffer)) return ACTA_OK;                                                      \
        return acta_table_verify(&T##_table, buffer, error);                                                           \
    }                                                                                                                  \
    static void T##_any_read(acta_bytes buffer, void *value_out)                                                       \
    {                                                                                                                  \
        acta_table_read(&T##_table, buffer, value_out);                                                                \
    }                                                                                                                  \
    static acta_status T##_any_write(const void *value, acta_sink *sink, acta_error *error)                            \
    {                                                                                                                  \
        return acta_table_write(&T##_table, value, sink, error);                                                       \
    }                                                                                                                  \
    ACTI_END(T)

/*
 * T_table.check, of a table with few enough fields (deep_verify.h). The vtables that it knows are 328 bytes a table and
 * thread. A library that is loaded late (dlopen), into what room there is for such storage, is compiled with
 * -DACTA_REMEMBER_NO_VTABLES: each is judged anew.
 */
#ifdef ACTA_REMEMBER_NO_VTABLES
#define ACTI_REMEMBERED
#else
#define ACTI_REMEMBERED static __thread
#endif
#define ACTA_CHECK_CODE(T)                                                                                             \
    static bool T##_any_check(acti_deep *d, uint32_t at, uint32_t depth)                                               \
    {                                                                                                                  \
        ACTI_REMEMBERED acti_deep_seen seen = ACTI_DEEP_UNSEEN;                                                        \
        return acta_deep_check(T##_fields, ACTI_COUNT(T##_fields), &seen, d, at, depth);                               \
    }                                                                                                                  \
    ACTI_END(T)

/* What each table's description says in the same way. */
#define ACTA_TABLE_MEMBERS(T, ROLE, hash, of_schema)                                                                   \
    .role = ACTA_TABLE_##ROLE, .struct_size = sizeof(T), .schema_hash = hash, .schema = &of_schema,                    \
    .verify = T##_any_verify, .read = T##_any_read, .write = T##_any_write

/* The same for a plain table: its description is a constant here, and the code for it unrolled. */
#define ACTA_PLAIN_CODE(T)                                                                                             \
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
    static acta_status T##_any_verify(acta_bytes buffer, acta_error *error)                                            \
    {                                                                                                                  \
        if (acta_plain_verify_whole(T##_fields, ACTI_COUNT(T##_fields), buffer)) return ACTA_OK;                       \
        return T##_any_verify_part(buffer, error);                                                                     \
    }                                                                                                                  \
    static void T##_any_read(acta_bytes buffer, void *value_out)                                                       \
    {                                                                                                                  \
        T##_decode(buffer, (T *)value_out);                                                                            \
    }                                                                                                                  \
    static acta_status T##_any_write(const void *value, acta_sink *sink, acta_error *error)                            \
    {                                                                                                                  \
        return acta_plain_write(&T##_table, T##_fields, ACTI_COUNT(T##_fields), value, sink, error);                   \
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

/* -- structs of typed functions -- */

/* The settings stand beside `base` under their own names; the assertions below compare the places. */
#ifdef __cplusplus
#define ACTA_AGGREGATE_BASE       acta_aggregate base
#define ACTA_PROCESS_MANAGER_BASE acta_process_manager base
#define ACTA_EVENT_HANDLER_BASE   acta_event_handler base
#define ACTA_PROJECTION_BASE      acta_projection base
#else
#define ACTA_AGGREGATE_BASE                                                                                            \
    union {                                                                                                            \
        acta_aggregate base;                                                                                           \
        struct {                                                                                                       \
            const acta_aggregate_code *code;                                                                           \
            uint32_t snapshot_every;                                                                                   \
            uint32_t idle_timeout_ms;                                                                                  \
        };                                                                                                             \
    }
#define ACTA_PROCESS_MANAGER_BASE                                                                                      \
    union {                                                                                                            \
        acta_process_manager base;                                                                                     \
        struct {                                                                                                       \
            const acta_process_manager_code *code;                                                                     \
            uint32_t retry_max;                                                                                        \
            uint32_t idle_timeout_ms;                                                                                  \
        };                                                                                                             \
    }
#define ACTA_EVENT_HANDLER_BASE                                                                                        \
    union {                                                                                                            \
        acta_event_handler base;                                                                                       \
        struct {                                                                                                       \
            const acta_event_handler_code *code;                                                                       \
            const char *name;                                                                                          \
            void *user;                                                                                                \
            acta_start_from start_from;                                                                                \
            uint32_t window;                                                                                           \
            uint32_t retry_max;                                                                                        \
        };                                                                                                             \
    }
#define ACTA_PROJECTION_BASE                                                                                           \
    union {                                                                                                            \
        acta_projection base;                                                                                          \
        struct {                                                                                                       \
            const acta_projection_code *code;                                                                          \
            const char *name;                                                                                          \
            void *user;                                                                                                \
            uint32_t window;                                                                                           \
            uint32_t retry_max;                                                                                        \
        };                                                                                                             \
    }

#define ACTI_SAME_PLACE(Base, BASE, last)                                                                              \
    struct Base##_beside {                                                                                             \
        BASE;                                                                                                          \
    };                                                                                                                 \
    static_assert(                                                                                                     \
        offsetof(struct Base##_beside, last) == offsetof(Base, last) && sizeof(struct Base##_beside) == sizeof(Base),  \
        "a setting has moved in " #Base)
ACTI_SAME_PLACE(acta_aggregate, ACTA_AGGREGATE_BASE, snapshot_every);
ACTI_SAME_PLACE(acta_process_manager, ACTA_PROCESS_MANAGER_BASE, retry_max);
ACTI_SAME_PLACE(acta_event_handler, ACTA_EVENT_HANDLER_BASE, retry_max);
ACTI_SAME_PLACE(acta_projection, ACTA_PROJECTION_BASE, retry_max);
#endif

/* What BANK_ACCOUNT(…) and its like become in C++20: a constant, from settings in the order in which they are written. */
#ifdef __cplusplus
namespace acta_generated {

template <typename Struct, typename Settings>
constexpr Struct
aggregate(const acta_aggregate_code *code, const Settings &given)
{
    return Struct{ { code, given.snapshot_every, given.idle_timeout_ms }, given.execute, given.apply };
}

template <typename Struct, typename Settings>
constexpr Struct
process_manager(const acta_process_manager_code *code, const Settings &given)
{
    return Struct{ { code, given.retry_max, given.idle_timeout_ms }, given.on, given.error };
}

template <typename Struct, typename Settings>
constexpr Struct
event_handler(const acta_event_handler_code *code, const Settings &given)
{
    return Struct{ { code, given.name, given.user, given.start_from, given.window, given.retry_max }, given.on };
}

template <typename Struct, typename Settings>
constexpr Struct
projection(const acta_projection_code *code, const Settings &given)
{
    return Struct{ { code, given.name, given.user, given.window, given.retry_max }, given.on };
}

} // namespace acta_generated
#endif

/* -- one event or command of the switches in the generated source; `buffer` and so on are the function's -- */

#define ACTA_EXECUTE_CASE(number, T, function)                                                                         \
    case number: {                                                                                                     \
        T value;                                                                                                       \
        T##_decode(buffer, &value);                                                                                    \
        return (function)(state, value, decision);                                                                     \
    }

#define ACTA_APPLY_CASE(number, T, function)                                                                           \
    case number: {                                                                                                     \
        T value;                                                                                                       \
        T##_decode(buffer, &value);                                                                                    \
        if ((function) != NULL) (function)(state, value, memory);                                                      \
        return;                                                                                                        \
    }

#define ACTA_ROUTE_CASE(number, T, on)                                                                                 \
    case number: {                                                                                                     \
        T value;                                                                                                       \
        T##_decode(buffer, &value);                                                                                    \
        acta_route route = (on).start != NULL   ? ACTA_ROUTE_START                                                     \
                           : (on).go_on != NULL ? ACTA_ROUTE_GO_ON                                                     \
                           : (on).stop != NULL  ? ACTA_ROUTE_STOP                                                      \
                                                : ACTA_ROUTE_NONE;                                                      \
        if (route == ACTA_ROUTE_START) *instance_out = (on).start(&value);                                             \
        if (route == ACTA_ROUTE_GO_ON) *instance_out = (on).go_on(&value);                                             \
        if (route == ACTA_ROUTE_STOP) *instance_out = (on).stop(&value);                                               \
        return instance_out->size != 0 ? route : ACTA_ROUTE_NONE;                                                      \
    }

#define ACTA_IS_ROUTED(on) ((on).start != NULL || (on).go_on != NULL || (on).stop != NULL)

#define ACTA_HANDLE_CASE(number, T, function)                                                                          \
    case number: {                                                                                                     \
        T value;                                                                                                       \
        T##_decode(buffer, &value);                                                                                    \
        if ((function) != NULL) (function)(state, value, commands);                                                    \
        return;                                                                                                        \
    }

#define ACTA_EVENT_HANDLER_CASE(number, T, function)                                                                   \
    case number: {                                                                                                     \
        T value;                                                                                                       \
        T##_decode(buffer, &value);                                                                                    \
        return (function) != NULL ? (function)(self->user, value, recorded, error) : ACTA_OK;                          \
    }

#define ACTA_PROJECTION_CASE(number, T, function)                                                                      \
    case number: {                                                                                                     \
        T value;                                                                                                       \
        T##_decode(buffer, &value);                                                                                    \
        return (function) != NULL ? (function)(self->user, value, recorded, rows, error) : ACTA_OK;                    \
    }

#define ACTA_UPCAST_CASE(number, T, function)                                                                          \
    case number: {                                                                                                     \
        T value;                                                                                                       \
        T##_decode(buffer, &value);                                                                                    \
        return (function)(&value, out);                                                                                \
    }

/* What is wrong with one event of a process manager; `routed` tells whether any event is. */
#define ACTA_ROUTE_CHECK(on, event)                                                                                    \
    do {                                                                                                               \
        if (((on).event.start != NULL) + ((on).event.go_on != NULL) + ((on).event.stop != NULL) > 1)                   \
            return "on." #event ": more than one route; keep one of .start, .go_on and .stop";                         \
        bool acts = (on).event.handle != NULL || (on).event.apply != NULL;                                             \
        if (acts && !ACTA_IS_ROUTED((on).event))                                                                       \
            return "on." #event ": it is handled, but not routed; set .start, .go_on or .stop";                        \
        if (!acts && ACTA_IS_ROUTED((on).event) && (on).event.stop == NULL)                                            \
            return "on." #event ": it is routed, but does nothing; set .handle or .apply";                             \
        if (ACTA_IS_ROUTED((on).event)) routed = true;                                                                 \
    } while (0)

#endif
