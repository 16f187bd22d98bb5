/*
 * What a table can do by its role, for acta/generated.h: a command is dispatched, an event emitted, a state and a read model are
 * read; and how the vectors of a state change.
 */
#ifndef ACTA_GENERATED_ROLE_H
#define ACTA_GENERATED_ROLE_H

#include "acta/aggregate.h"
#include "acta/app.h"
#include "acta/generated_table.h"
#include "acta/handler.h"
#include "acta/index.h"
#include "acta/process_manager.h"
#include "acta/schedule.h"
#include "acta/time_travel.h"
#include "acta/upcast.h"

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

#endif
