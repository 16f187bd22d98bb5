/*
 * The types of a schema, for acta/generated.h: views of tables, structs, vectors, unions and nested buffers, and the typed
 * functions that read, verify and write them.
 */
#ifndef ACTA_GENERATED_TABLE_H
#define ACTA_GENERATED_TABLE_H

#include <assert.h>
#include <string.h>

#include "acta/buffer.h"

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

/* How a table is read, and a struct: a line a field follows. */
#define ACTI_READ_TABLE(T)  static inline void acti_read_##T(acta_view view, T *value_out)
#define ACTI_READ_STRUCT(T) static inline void acti_read_##T(const uint8_t *at, T *value_out)

/* In it: a number that may be absent; a fixed array of numbers, and of structs, of which `item` and `place` are the i-th. */
#define ACTI_READ_OPTIONAL(member, id, number)                                                                         \
    do {                                                                                                               \
        (member).is_set = acti_view_slot(view, id) != NULL;                                                            \
        (member).value = number;                                                                                       \
    } while (0)
#define ACTI_READ_EACH(array, item)                                                                                    \
    for (size_t i = 0; i < ACTI_COUNT(array); i++)                                                                     \
    (array)[i] = item
#define ACTI_READ_STRUCTS(T, array, place)                                                                             \
    for (size_t i = 0; i < ACTI_COUNT(array); i++)                                                                     \
    acti_read_##T(place, &(array)[i])

/* What reads an item of a vector, and what a reference leads to, are statements. */
#define ACTI_VIEW_FUNCTIONS(T, read_item, read_ref)                                                                    \
    static inline bool T##_vector_at(T##_vector vector, uint32_t index, T *value_out)                                  \
    {                                                                                                                  \
        bool found = index < vector.count && (vector.data != NULL || vector.encoded != NULL);                          \
        if (!found)                                                                                                    \
            memset((void *)value_out, 0, sizeof *value_out);                                                           \
        else if (vector.data != NULL)                                                                                  \
            *value_out = vector.data[index];                                                                           \
        else                                                                                                           \
            read_item;                                                                                                 \
        return found;                                                                                                  \
    }                                                                                                                  \
    static inline bool T##_ref_get(T##_ref ref, T *value_out)                                                          \
    {                                                                                                                  \
        if (ref.data != NULL)                                                                                          \
            *value_out = *ref.data;                                                                                    \
        else if (ref.encoded != NULL)                                                                                  \
            read_ref;                                                                                                  \
        else                                                                                                           \
            memset((void *)value_out, 0, sizeof *value_out);                                                           \
        return ref.data != NULL || ref.encoded != NULL;                                                                \
    }                                                                                                                  \
    ACTI_END(T)

/* T_table; T_verify, T_decode (views of a verified buffer), T_write; T_vector_at, T_ref_get: false, and all zero, when there
 * is none. T_read is T_decode, but for states, whose T_read asks the application. Above stands ACTI_READ_TABLE, a line a
 * field. */
#define ACTA_TABLE(T)                                                                                                  \
    ACTA_STATE_TABLE(T);                                                                                               \
    static inline void T##_read(acta_bytes buffer, T *value_out)                                                       \
    {                                                                                                                  \
        T##_decode(buffer, value_out);                                                                                 \
    }                                                                                                                  \
    ACTI_END(T)

#define ACTA_STATE_TABLE(T)                                                                                            \
    extern const acta_table T##_table;                                                                                 \
    static inline acta_status T##_verify(acta_bytes buffer, acta_error *error)                                         \
    {                                                                                                                  \
        return T##_table.verify(buffer, error);                                                                        \
    }                                                                                                                  \
    static inline void T##_decode(acta_bytes buffer, T *value_out)                                                     \
    {                                                                                                                  \
        acti_read_##T(acta_view_of(buffer), value_out);                                                                \
    }                                                                                                                  \
    static inline acta_status T##_write(const T *value, acta_sink *sink, acta_error *error)                            \
    {                                                                                                                  \
        return T##_table.write(value, sink, error);                                                                    \
    }                                                                                                                  \
    ACTI_VIEW_FUNCTIONS(T, acti_read_##T(acti_view_item(vector.encoded, index), value_out),                            \
        acti_read_##T(acti_view_at(ref.encoded), value_out));                                                          \
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
    } T##_ref;                                                                                                         \
    static inline T##_vector acti_##T##_vector_of(acta_view view, uint32_t id)                                         \
    {                                                                                                                  \
        T##_vector vector = { NULL, NULL, 0, 0 };                                                                      \
        const uint8_t *at = acti_view_target(view, id);                                                                \
        if (at == NULL) return vector;                                                                                 \
        vector.encoded = at + 4;                                                                                       \
        vector.count = acti_load_uint32(at);                                                                           \
        return vector;                                                                                                 \
    }                                                                                                                  \
    static inline T##_ref acti_##T##_ref_of(acta_view view, uint32_t id)                                               \
    {                                                                                                                  \
        T##_ref ref = { NULL, acti_view_target(view, id) };                                                            \
        return ref;                                                                                                    \
    }                                                                                                                  \
    static_assert(sizeof(T##_vector) == sizeof(acta_any_vector) && sizeof(T##_ref) == sizeof(acta_any_ref), #T)

/* The type of a field of enum or struct T that may be absent: { true, value }, or { 0 }. */
#define ACTA_OPTIONAL(T)                                                                                               \
    typedef struct T##_optional {                                                                                      \
        bool is_set ACTA_ZERO;                                                                                         \
        T value ACTA_ZERO;                                                                                             \
    } T##_optional

/* T_table: how the struct lies in a buffer, in `size` bytes; T_vector_at, T_ref_get as of a table. */
#define ACTA_STRUCT(T, size)                                                                                           \
    ACTA_OPTIONAL(T);                                                                                                  \
    extern const acta_table T##_table;                                                                                 \
    ACTI_VIEW_FUNCTIONS(                                                                                               \
        T, acti_read_##T(vector.encoded + (size_t)index * (size), value_out), acti_read_##T(ref.encoded, value_out));  \
    static inline bool acti_##T##_of(acta_view view, uint32_t id, T *value_out)                                        \
    {                                                                                                                  \
        const uint8_t *at = acti_view_slot(view, id);                                                                  \
        if (at != NULL)                                                                                                \
            acti_read_##T(at, value_out);                                                                              \
        else                                                                                                           \
            memset((void *)value_out, 0, sizeof *value_out);                                                           \
        return at != NULL;                                                                                             \
    }                                                                                                                  \
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
    } U##_vector;                                                                                                      \
    static inline U##_vector acti_##U##_vector_of(acta_view view, uint32_t id)                                         \
    {                                                                                                                  \
        U##_vector vector = { NULL, NULL, 0, 0, NULL };                                                                \
        const uint8_t *types = acti_view_target(view, id - 1), *at = acti_view_target(view, id);                       \
        if (types == NULL || at == NULL) return vector;                                                                \
        vector.encoded = at + 4;                                                                                       \
        vector.count = acti_load_uint32(at);                                                                           \
        vector.types = types + 4;                                                                                      \
        return vector;                                                                                                 \
    }                                                                                                                  \
    ACTI_END(U##_vector)

/* U_union; U_vector_at: false, and no type, when there is none. `known` and `strings` as in plain.h. */
#define ACTA_UNION(U, known, strings)                                                                                  \
    extern const acta_union U##_union;                                                                                 \
    static inline bool U##_vector_at(U##_vector vector, uint32_t index, U *value_out)                                  \
    {                                                                                                                  \
        return acta_union_vector_at(&U##_union, &vector, index, value_out);                                            \
    }                                                                                                                  \
    static inline U acti_##U##_of(acta_view view, uint32_t id)                                                         \
    {                                                                                                                  \
        acta_any_union any = acti_view_union(view, id, &U##_union, known, strings);                                    \
        U value;                                                                                                       \
        memcpy((void *)&value, &any, sizeof value);                                                                    \
        return value;                                                                                                  \
    }                                                                                                                  \
    static_assert(sizeof(U) == sizeof(acta_any_union) && sizeof(U##_vector) == sizeof(acta_any_union_vector), #U)

#endif
