/*
 * The structs of typed functions, for acta/generated.h, and the switches that call them: one case an event or command.
 *
 * In C an aggregate's settings are members of its struct, beside `base`; C++ has no anonymous structs and wants
 * designated initializers in order, so there BANK_ACCOUNT(…) goes through a struct of its own. Both lie the same in
 * memory and are constants.
 */
#ifndef ACTA_GENERATED_STRUCT_H
#define ACTA_GENERATED_STRUCT_H

#include <stddef.h>

#include "acta/generated_role.h"

/* The wrong function in a generated struct is an error, whatever the user's warnings are. */
#ifndef __cplusplus
#pragma GCC diagnostic error "-Wincompatible-pointer-types"
#endif

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
