/*
 * Actors written in C++17: a class is a gen_server, and exceptions stay where they belong.
 *
 *     struct counter {
 *         explicit counter(acta_self *, const void *argument) : value(*static_cast<const uint64_t *>(argument)) {}
 *         acta_next handle_call(acta_self *self, acta_from from, acta_message *message)
 *         {
 *             if (message->tag != COUNTER_GET) throw std::invalid_argument("no such call");
 *             acta_reply(acta_self_runtime(self), from, ACTA_OK, acta::make_message(self, COUNTER_GET, value), nullptr);
 *             return ACTA_NEXT;
 *         }
 *         uint64_t value;
 *     };
 *     static const acta_behaviour counter_behaviour = acta::behaviour<counter>("counter");
 *
 * The class may have, all of them optional:
 *
 *     a constructor from (acta_self *, const void *argument), from (acta_self *), or from nothing: init
 *     handle_call, handle_cast, handle_info, handle_continue, terminate: as in gen_server.h, without the state
 *     a destructor: runs once, whatever end the actor comes to, a kill, too; without a self
 *
 * An exception that leaves one of them ends the actor as acta_fail does, with what() as the reason, when all frames of
 * C++ are unwound. One that leaves the constructor fails the spawn: std::bad_alloc with ACTA_NO_MEMORY, all others with
 * ACTA_FAILED. One that leaves the destructor ends the process, as always in C++.
 * acta_fail and ACTA_CHECK jump over frames without unwinding them: in C++ say `throw acta::failure("why")`, or
 * acta::check.
 */
#ifndef ACTA_ACTA_HPP
#define ACTA_ACTA_HPP

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "acta/gen_server.h"

namespace acta {

/* What to throw in place of acta_fail. */
struct failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/* What to use in place of ACTA_CHECK. */
inline void
check(bool condition, const char *what)
{
    if (!condition) throw failure(what);
}

/* A message with a copy of `value` as its payload; NULL when there is no memory, which may be passed on to acta_send and
 * its like. */
template <class Value>
acta_message *
make_message(acta_runtime *runtime, uint32_t tag, const Value &value)
{
    static_assert(std::is_trivially_copyable_v<Value>, "a payload is bytes; for more give the message a `destroy`");
    acta_message *message = acta_message_create(runtime, tag, sizeof value);
    if (message != nullptr) std::memcpy(message->payload, &value, sizeof value);
    return message;
}

template <class Value>
acta_message *
make_message(acta_self *self, uint32_t tag, const Value &value)
{
    return make_message(acta_self_runtime(self), tag, value);
}

/* A copy of the payload. Throws failure when it isn't of that size. */
template <class Value>
Value
payload_of(const acta_message *message)
{
    static_assert(std::is_trivially_copyable_v<Value>, "a payload is bytes");
    Value value;
    if (message->size != sizeof value) throw failure("a message's payload is not of the size expected");
    std::memcpy(&value, message->payload, sizeof value);
    return value;
}

namespace detail {

template <class Server, class = void> struct has_call : std::false_type {
};
template <class Server>
struct has_call<Server, std::void_t<decltype(std::declval<Server &>().handle_call(std::declval<acta_self *>(),
                            std::declval<acta_from>(), std::declval<acta_message *>()))>> : std::true_type {
};

template <class Server, class = void> struct has_cast : std::false_type {
};
template <class Server>
struct has_cast<Server, std::void_t<decltype(std::declval<Server &>().handle_cast(
                            std::declval<acta_self *>(), std::declval<acta_message *>()))>> : std::true_type {
};

template <class Server, class = void> struct has_info : std::false_type {
};
template <class Server>
struct has_info<Server, std::void_t<decltype(std::declval<Server &>().handle_info(
                            std::declval<acta_self *>(), std::declval<const acta_info *>()))>> : std::true_type {
};

template <class Server, class = void> struct has_continue : std::false_type {
};
template <class Server>
struct has_continue<Server,
    std::void_t<decltype(std::declval<Server &>().handle_continue(std::declval<acta_self *>()))>> : std::true_type {
};

template <class Server, class = void> struct has_terminate : std::false_type {
};
template <class Server>
struct has_terminate<Server, std::void_t<decltype(std::declval<Server &>().terminate(std::declval<acta_self *>(),
                                 std::declval<const acta_exit_reason *>()))>> : std::true_type {
};

/* The outermost frame of C++: nothing in it has a destructor when acta_fail jumps out of it. */
template <class Function>
auto
guarded(acta_self *self, Function function) -> decltype(function())
{
    static_assert(std::is_trivially_destructible_v<Function>, "it is jumped over");
    char why[ACTA_EXIT_TEXT_MAX];

    try {
        return function();
    } catch (const std::exception &e) {
        std::snprintf(why, sizeof why, "%s", e.what());
    } catch (...) {
        std::snprintf(why, sizeof why, "an exception that is no std::exception");
    }
    acta_fail(self, "%s", why);
}

/* The state: a server, once it is constructed. Zeroed before. */
template <class Server> struct box {
    alignas(Server) unsigned char bytes[sizeof(Server)];
    bool is_there;

    Server &server()
    {
        return *std::launder(reinterpret_cast<Server *>(bytes));
    }
};

template <class Server> struct thunks {
    static Server &in(void *state)
    {
        return static_cast<box<Server> *>(state)->server();
    }

    static void construct(void *at, acta_self *self, const void *argument)
    {
        (void)self;
        (void)argument;
        if constexpr (std::is_constructible_v<Server, acta_self *, const void *>)
            new (at) Server(self, argument);
        else if constexpr (std::is_constructible_v<Server, acta_self *>)
            new (at) Server(self);
        else
            new (at) Server();
    }

    static acta_status init(acta_self *self, void *state, const void *argument, acta_error *error)
    {
        auto *b = static_cast<box<Server> *>(state);

        try {
            construct(b->bytes, self, argument);
            b->is_there = true;
            return ACTA_OK;
        } catch (const std::bad_alloc &) {
            return acta_error_set(error, ACTA_NO_MEMORY, "no memory to construct a server");
        } catch (const std::exception &e) {
            return acta_error_set(error, ACTA_FAILED, "%s", e.what());
        } catch (...) {
            return acta_error_set(error, ACTA_FAILED, "an exception that is no std::exception");
        }
    }

    static acta_next call(acta_self *self, void *state, acta_from from, acta_message *message)
    {
        return guarded(self, [&] { return in(state).handle_call(self, from, message); });
    }

    static acta_next cast(acta_self *self, void *state, acta_message *message)
    {
        return guarded(self, [&] { return in(state).handle_cast(self, message); });
    }

    static acta_next info(acta_self *self, void *state, const acta_info *information)
    {
        return guarded(self, [&] { return in(state).handle_info(self, information); });
    }

    static acta_next go_on(acta_self *self, void *state)
    {
        return guarded(self, [&] { return in(state).handle_continue(self); });
    }

    static void terminate(acta_self *self, void *state, const acta_exit_reason *reason)
    {
        guarded(self, [&] { in(state).terminate(self, reason); });
    }

    static void release(void *state) noexcept
    {
        auto *b = static_cast<box<Server> *>(state);
        if (!b->is_there) return;
        b->is_there = false;
        b->server().~Server();
    }
};

} // namespace detail

/*
 * The behaviour of actors that are servers of a class. Its other fields may be set: run_on_caller, idle_timeout_ms, format
 * (which then gets the state as bytes), is_private.
 *   name  for reports; static
 */
template <class Server>
constexpr acta_behaviour
behaviour(const char *name)
{
    using thunks = detail::thunks<Server>;
    static_assert(alignof(Server) <= alignof(std::max_align_t), "a state is aligned for ordinary types only");
    acta_behaviour b = {};

    b.name = name;
    b.state_size = sizeof(detail::box<Server>);
    b.init = thunks::init;
    if constexpr (detail::has_call<Server>::value) b.handle_call = thunks::call;
    if constexpr (detail::has_cast<Server>::value) b.handle_cast = thunks::cast;
    if constexpr (detail::has_info<Server>::value) b.handle_info = thunks::info;
    if constexpr (detail::has_continue<Server>::value) b.handle_continue = thunks::go_on;
    if constexpr (detail::has_terminate<Server>::value) b.terminate = thunks::terminate;
    b.release = thunks::release;
    return b;
}

} // namespace acta

#endif
