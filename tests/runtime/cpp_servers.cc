// See cpp_servers.h.
#include "cpp_servers.h"

#include "acta/acta.hpp"

#include <cstdio>
#include <string>

int cpp_server_count, cpp_frame_count;
char cpp_ended[300];

namespace {

// A frame with a destructor: it must be run before the actor ends.
struct frame {
    frame()
    {
        cpp_frame_count++;
    }
    ~frame()
    {
        cpp_frame_count--;
    }
    frame(const frame &) = delete;
    frame &operator=(const frame &) = delete;
};

struct counted {
    counted()
    {
        cpp_server_count++;
    }
    ~counted()
    {
        cpp_server_count--;
    }
    counted(const counted &) = delete;
    counted &operator=(const counted &) = delete;
};

struct counter {
    counter(acta_self *, const void *argument)
    {
        frame f;
        switch (*static_cast<const int *>(argument)) {
        case CPP_REFUSES:
            throw std::runtime_error("not today");
        case CPP_HAS_NO_MEMORY:
            throw std::bad_alloc();
        case CPP_IS_ODD:
            throw 7;
        }
    }

    acta_next handle_call(acta_self *self, acta_from from, acta_message *message)
    {
        frame f;
        switch (message->tag) {
        case CPP_GET:
            acta_reply(acta_self_runtime(self), from, ACTA_OK, acta::make_message(self, CPP_GET, value), nullptr);
            return ACTA_NEXT;
        case CPP_THROW:
            throw std::invalid_argument(text);
        case CPP_THROW_ODD:
            throw 7;
        }
        return ACTA_STOP;
    }

    acta_next handle_cast(acta_self *, acta_message *message)
    {
        frame f;
        switch (message->tag) {
        case CPP_ADD:
            value += acta::payload_of<int>(message);
            return ACTA_NEXT;
        case CPP_CHECK:
            acta::check(value > 1000, "value is small");
            return ACTA_NEXT;
        case CPP_THROW_LATER:
            fails_later = true;
            return ACTA_NEXT_CONTINUE;
        }
        return ACTA_NEXT_CONTINUE;
    }

    acta_next handle_continue(acta_self *)
    {
        frame f;
        if (fails_later) throw acta::failure("later");
        value += 100;
        return ACTA_NEXT;
    }

    void terminate(acta_self *, const acta_exit_reason *reason)
    {
        std::snprintf(cpp_ended, sizeof cpp_ended, "%d %s", static_cast<int>(reason->kind), reason->text);
    }

    counted life;
    std::string text = "a text that is too long to be kept inside of the string itself";
    int value = 0;
    bool fails_later = false;
};

struct bare {
    counted life;
    std::string text = std::string(100, 'x');
};

} // namespace

const acta_behaviour cpp_counter = acta::behaviour<counter>("cpp_counter");
const acta_behaviour cpp_bare = acta::behaviour<bare>("cpp_bare");
