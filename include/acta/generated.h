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
#include "acta/deep_quick.h"
#include "acta/deep_verify.h"
#include "acta/deep_write.h"
#include "acta/handler.h"
#include "acta/index.h"
#include "acta/marks.h"
#include "acta/plain_verify.h"
#include "acta/process_manager.h"
#include "acta/schedule.h"
#include "acta/time_travel.h"
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

/* T_dispatch, T_dispatch_async (app.h), T_send, T_send_at, T_send_after (process_manager.h), T_schedule (schedule.h). */
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
    static inline void T##_send_at(acta_commands *commands, acta_str key, T value, int64_t at_us)                      \
    {                                                                                                                  \
        acta_deadline deadline = { at_us, 0, false };                                                                  \
        acta_commands_schedule(commands, key, &T##_table, &value, &deadline);                                          \
    }                                                                                                                  \
    static inline void T##_send_after(acta_commands *commands, acta_str key, T value, uint64_t after_ms)               \
    {                                                                                                                  \
        acta_deadline deadline = { 0, after_ms, false };                                                               \
        acta_commands_schedule(commands, key, &T##_table, &value, &deadline);                                          \
    }                                                                                                                  \
    static inline acta_status T##_schedule(                                                                            \
        acta_app *app, acta_str key, T value, acta_when when, const acta_schedule_options *options, acta_error *error) \
    {                                                                                                                  \
        return acta_schedule(app, key, &T##_table, &value, when, options, error);                                      \
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
    static inline acta_status T##_read_at(                                                                             \
        acta_history *history, acta_str id, acta_point at, T *state_out, acta_memory *memory, acta_error *error)       \
    {                                                                                                                  \
        return acta_aggregate_read_at(history, &T##_table, id, at, state_out, memory, NULL, error);                    \
    }                                                                                                                  \
    static inline const T *T##_after(acta_decision *decision)                                                          \
    {                                                                                                                  \
        return (const T *)acta_state_after(decision);                                                                  \
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

#define ACTA_FIELDS(T)         .fields = T##_fields, .field_count = ACTI_COUNT(T##_fields)
#define ACTA_CHECKED_FIELDS(T) ACTA_FIELDS(T), .check = T##_any_check, .put = T##_any_put

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
            uint32_t snapshot_version;                                                                                 \
        };                                                                                                             \
    }
#define ACTA_PROCESS_MANAGER_BASE                                                                                      \
    union {                                                                                                            \
        acta_process_manager base;                                                                                     \
        struct {                                                                                                       \
            const acta_process_manager_code *code;                                                                     \
            const char *name;                                                                                          \
            uint32_t retry_max;                                                                                        \
            uint32_t idle_timeout_ms;                                                                                  \
            uint32_t event_timeout_ms;                                                                                 \
            acta_start_from start_from;                                                                                \
            bool keep_story;                                                                                           \
            acta_failure_then then;                                                                                    \
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
            const acta_reader_options *options;                                                                        \
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
            const acta_database *database;                                                                             \
            const acta_reader_options *options;                                                                        \
        };                                                                                                             \
    }

#define ACTI_SAME_PLACE(Base, BASE, last)                                                                              \
    struct Base##_beside {                                                                                             \
        BASE;                                                                                                          \
    };                                                                                                                 \
    static_assert(                                                                                                     \
        offsetof(struct Base##_beside, last) == offsetof(Base, last) && sizeof(struct Base##_beside) == sizeof(Base),  \
        "a setting has moved in " #Base)
ACTI_SAME_PLACE(acta_aggregate, ACTA_AGGREGATE_BASE, snapshot_version);
ACTI_SAME_PLACE(acta_process_manager, ACTA_PROCESS_MANAGER_BASE, then);
ACTI_SAME_PLACE(acta_event_handler, ACTA_EVENT_HANDLER_BASE, options);
ACTI_SAME_PLACE(acta_projection, ACTA_PROJECTION_BASE, options);
#endif

/* What BANK_ACCOUNT(…) and its like become in C++20: a constant, from settings in the order in which they are written. */
#ifdef __cplusplus
namespace acta_generated {

template <typename Struct, typename Settings>
constexpr Struct
aggregate(const acta_aggregate_code *code, const Settings &given)
{
    return Struct{ { code, given.snapshot_every, given.idle_timeout_ms, given.snapshot_version }, given.execute,
        given.apply, given.before_execute, given.lifespan };
}

template <typename Struct, typename Settings>
constexpr Struct
process_manager(const acta_process_manager_code *code, const Settings &given)
{
    return Struct{ { code, given.name, given.retry_max, given.idle_timeout_ms, given.event_timeout_ms, given.start_from,
                       given.keep_story, given.then },
        given.on, given.error, given.event_error, given.after_command };
}

template <typename Struct, typename Settings>
constexpr Struct
event_handler(const acta_event_handler_code *code, const Settings &given)
{
    return Struct{ { code, given.name, given.user, given.start_from, given.window, given.retry_max, given.options },
        given.on };
}

template <typename Struct, typename Settings>
constexpr Struct
projection(const acta_projection_code *code, const Settings &given)
{
    return Struct{ { code, given.name, given.user, given.window, given.retry_max, given.database, given.options },
        given.on };
}

} // namespace acta_generated
#endif

/* -- one event or command of the switches in the generated source; `buffer` and so on are the function's -- */

#define ACTA_BEFORE_EXECUTE(self)                                                                                      \
    do {                                                                                                               \
        if ((self)->before_execute == NULL) break;                                                                     \
        acta_verdict checked = (self)->before_execute(state, decision);                                                \
        if (checked.status != ACTA_OK) return checked;                                                                 \
    } while (0)

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
        if ((on).start != NULL) routing->to(routing, ACTA_ROUTE_START, (on).start(&value));                            \
        if ((on).start_strict != NULL) routing->to(routing, ACTA_ROUTE_START_STRICT, (on).start_strict(&value));       \
        if ((on).go_on != NULL) routing->to(routing, ACTA_ROUTE_GO_ON, (on).go_on(&value));                            \
        if ((on).go_on_strict != NULL) routing->to(routing, ACTA_ROUTE_GO_ON_STRICT, (on).go_on_strict(&value));       \
        if ((on).stop != NULL) routing->to(routing, ACTA_ROUTE_STOP, (on).stop(&value));                               \
        if ((on).route != NULL) (on).route(&value, routing);                                                           \
        return;                                                                                                        \
    }

#define ACTA_ASSOCIATE_CASE(number, T, function)                                                                       \
    case number: {                                                                                                     \
        T value;                                                                                                       \
        T##_decode(buffer, &value);                                                                                    \
        if ((function) != NULL) (function)(&value, associations);                                                      \
        return;                                                                                                        \
    }

/* How many routes it has. */
#define ACTA_ROUTE_COUNT(on)                                                                                           \
    (((on).start != NULL) + ((on).start_strict != NULL) + ((on).go_on != NULL) + ((on).go_on_strict != NULL) +         \
        ((on).stop != NULL) + ((on).route != NULL))

#define ACTA_IS_ROUTED(on) (ACTA_ROUTE_COUNT(on) > 0)

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
        if (ACTA_ROUTE_COUNT((on).event) > 1)                                                                          \
            return "on." #event ": more than one route; keep one of .start, .start_strict, .go_on, .go_on_strict, "    \
                   ".stop and .route";                                                                                 \
        bool acts = (on).event.handle != NULL || (on).event.apply != NULL || (on).event.associate != NULL;             \
        if (acts && !ACTA_IS_ROUTED((on).event))                                                                       \
            return "on." #event ": it is handled, but not routed; set .start, .go_on, .stop or .route";                \
        bool may_stop = (on).event.stop != NULL || (on).event.route != NULL;                                           \
        if (!acts && ACTA_IS_ROUTED((on).event) && !may_stop)                                                          \
            return "on." #event ": it is routed, but does nothing; set .handle or .apply";                             \
        if (ACTA_IS_ROUTED((on).event)) routed = true;                                                                 \
    } while (0)

#endif
