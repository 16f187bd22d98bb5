/*
 * gen_statem: a state machine as an actor, in the manner of OTP's gen_statem with state functions. One function a state
 * gets every event that comes while the machine is in it, and says where to go.
 *
 *     enum { LOCKED, OPEN };                                           // states
 *     enum { BUTTON, ENTER_CODE };                                     // messages
 *     typedef struct door { uint32_t code; } door;
 *
 *     static acta_transition
 *     locked(acta_self *self, void *data, const acta_statem_event *event)
 *     {
 *         door *d = data;
 *         if (event->type != ACTA_STATEM_CAST) return acta_statem_keep();
 *         if (event->tag == ENTER_CODE && code_of(event->message) == d->code) {
 *             acta_statem_set_state_timeout(self, 10000, 0);           // belongs to the state we go to
 *             return acta_statem_next(OPEN);
 *         }
 *         return acta_statem_keep();
 *     }
 *     static acta_transition open(…) { … if (event->type == ACTA_STATEM_STATE_TIMEOUT) return acta_statem_next(LOCKED); … }
 *
 *     static const acta_statem_state states[] = { [LOCKED] = { "locked", locked }, [OPEN] = { "open", open } };
 *     const acta_statem door_machine = { .base = ACTA_STATEM(.name = "door", .state_size = sizeof(door)),
 *         .init = door_init, .states = states, .state_count = 2 };
 *
 *     acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &door_machine.base }, &pid, &error);
 *
 * It is a gen_server (gen_server.h) below: spawned, called, sent to, supervised and looked into as one. All of that
 * header works in a state function, acta_reply above all, from whatever state a request is answered in.
 *
 * What follows on an event, in this order:
 *
 *     1  the state function returns. If the state changes (to another one), a state timeout is cancelled
 *     2  with state_enter: the new state's function gets ACTA_STATEM_ENTER; so it does when the state is repeated
 *     3  an event that was postponed joins those that were before
 *     4  if the state has changed, all postponed events are to be retried, the oldest first
 *     5  events of acta_statem_next_event come before those
 *     6  timeouts that were set begin. One of 0 ms comes behind 4 and 5, before any message from outside
 *     7  the next event: of 4 and 5, then timeouts of 0 ms, then the mailbox
 *
 * The functions that take an acta_self are for init and the state functions of that machine, on the thread that runs
 * them; in another actor they fail it. What they ask for takes effect when the handler has returned, and not at all when
 * it returns acta_statem_stop or fails.
 */
#ifndef ACTA_GEN_STATEM_H
#define ACTA_GEN_STATEM_H

#include "acta/gen_server.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum acta_statem_event_type {
    ACTA_STATEM_CALL,          /* a request: from, message, tag */
    ACTA_STATEM_CAST,          /* acta_send: message, tag */
    ACTA_STATEM_INFO,          /* information, as handle_info gets it: info; tag is the info's */
    ACTA_STATEM_INTERNAL,      /* acta_statem_next_event: message, tag */
    ACTA_STATEM_ENTER,         /* the state is entered: old_state, which is the same at the start and when repeated */
    ACTA_STATEM_STATE_TIMEOUT, /* user */
    ACTA_STATEM_EVENT_TIMEOUT, /* user */
    ACTA_STATEM_TIMEOUT        /* a named one: tag is its name, user */
} acta_statem_event_type;

typedef struct acta_statem_event {
    acta_statem_event_type type;
    uint32_t tag;
    acta_from from;
    acta_message *message; /* borrowed until the function returns, unless acta_message_keep */
    const acta_info *info; /* borrowed; its message as above */
    uint64_t user;
    uint32_t old_state;
} acta_statem_event;

/* What a state function returns; made by the four functions below. Zero, or a state that there isn't, ends the actor:
 * FAILED. */
typedef enum acta_statem_move {
    ACTA_STATEM_KEEP = 1,
    ACTA_STATEM_REPEAT,
    ACTA_STATEM_NEXT,
    ACTA_STATEM_STOP
} acta_statem_move;

typedef struct acta_transition {
    acta_statem_move move;
    uint32_t state;
} acta_transition;

/* To `state`. The same one again is acta_statem_keep. */
static inline acta_transition
acta_statem_next(uint32_t state)
{
    acta_transition t = { ACTA_STATEM_NEXT, state };
    return t;
}

/* Stay: postponed events stay postponed, a state timeout goes on. */
static inline acta_transition
acta_statem_keep(void)
{
    acta_transition t = { ACTA_STATEM_KEEP, 0 };
    return t;
}

/* Stay, and with state_enter be told again that the state is entered; acta_statem_keep otherwise. */
static inline acta_transition
acta_statem_repeat(void)
{
    acta_transition t = { ACTA_STATEM_REPEAT, 0 };
    return t;
}

/* End, as ACTA_STOP does: the reason is NORMAL, or what acta_set_exit_reason said. acta_reply before it is OTP's
 * stop_and_reply. */
static inline acta_transition
acta_statem_stop(void)
{
    acta_transition t = { ACTA_STATEM_STOP, 0 };
    return t;
}

/* A state function. An ACTA_STATEM_ENTER may not change or repeat the state, postpone, or make next events: that ends the
 * actor as FAILED. It may set timeouts, reply and stop. */
typedef acta_transition (*acta_statem_function)(acta_self *self, void *data, const acta_statem_event *event);

typedef struct acta_statem_state {
    const char *name; /* in reports; static */
    acta_statem_function function;
} acta_statem_state;

typedef struct acta_statem {
    acta_behaviour base;             /* ACTA_STATEM(…); spawn with this one */
    const acta_statem_state *states; /* a state is its index here */
    uint32_t state_count;
    bool state_enter;             /* ACTA_STATEM_ENTER is wanted */
    uint32_t postponed_count_max; /* 0: 1,000 */
    uint32_t postponed_bytes_max; /* of their messages; 0: 16 MiB */

    /* The data, zeroed before, and the first state: *state_out is 0 unless written. Timeouts and next events may be set.
     * With state_enter the first state is entered before the spawn returns; should that stop, the spawn fails. NULL:
     * nothing to do. Otherwise as gen_server's init. */
    acta_status (*init)(acta_self *self, void *data, const void *argument, uint32_t *state_out, acta_error *error);
    /* As gen_server's; `state` is the one that the machine was in. */
    void (*terminate)(acta_self *self, void *data, uint32_t state, const acta_exit_reason *reason);
    /* The data as text, as gen_server's format. What is shown begins with the state's name anyway. */
    void (*format)(acta_self *self, const void *data, acta_format_use use, char *text, size_t size);
} acta_statem;

/*
 * The behaviour of a machine: .name and .state_size (of its data), and of gen_server.h's acta_behaviour what there is but
 * handlers: run_on_caller, idle_timeout_ms (comes as ACTA_STATEM_INFO), is_private, contain_faults.
 * To be used for `base` of an acta_statem only.
 */
#define ACTA_STATEM(...)                                                                                               \
    {                                                                                                                  \
        __VA_ARGS__, .init = acta_statem_base_init, .handle_call = acta_statem_base_call,                              \
                     .handle_cast = acta_statem_base_cast, .handle_info = acta_statem_base_info,                       \
                     .handle_continue = acta_statem_base_continue, .terminate = acta_statem_base_terminate,            \
                     .format = acta_statem_base_format                                                                 \
    }

/* -- what a handler asks for -- */

/*
 * Postpone the event in hand: it comes again after the next change of state, in the order it came, with its message and
 * information, which the machine keeps meanwhile. A request that is postponed is answered as any other: by a later
 * acta_reply, or by the actor's end.
 * Beyond postponed_count_max or postponed_bytes_max it isn't kept: a request is answered with ACTA_BUSY, anything else
 * is dropped with a line in the log (one an actor); acta_statem_counts_read counts both.
 * Not for ACTA_STATEM_ENTER, nor for an event whose message acta_message_keep took; those end the actor, as no memory does.
 */
ACTA_API void acta_statem_postpone(acta_self *self);

/*
 * An event of the machine's own, ACTA_STATEM_INTERNAL, to be handled before all that waits. Several come in the order
 * asked for.
 *   message  owned by the machine from here on, also if the handler fails; NULL ends the actor ("no memory")
 * So do more of them at once than postponed_count_max, and one made while a state is entered.
 */
ACTA_API void acta_statem_next_event(acta_self *self, acta_message *message);

/*
 * Timeouts. Setting one that runs begins it anew; ACTA_INFINITE cancels it. One that was cancelled or begun anew never
 * comes, not even if it was due already.
 *   delay_ms  as acta_send_after's; 0: at once, without a timer (step 6 above)
 *   user      for the event
 * No memory ends the actor.
 */
/* Ends with the state: a change of state cancels it. */
ACTA_API void acta_statem_set_state_timeout(acta_self *self, uint32_t delay_ms, uint64_t user);
/* Any event at all cancels it. Of 0 ms: comes only if nothing waits to be retried and no next event. */
ACTA_API void acta_statem_set_event_timeout(acta_self *self, uint32_t delay_ms, uint64_t user);
/* Named, any number side by side (found by a walk over those that run); only time or the machine ends them. */
ACTA_API void acta_statem_set_timeout(acta_self *self, uint32_t name, uint32_t delay_ms, uint64_t user);

/* The state that the machine is in. While a state function runs, the one that the function is of. */
ACTA_API uint32_t acta_statem_state_now(acta_self *self);

/* What waits inside the machine. */
typedef struct acta_statem_counts {
    uint32_t postponed;       /* until a change of state */
    uint32_t queued;          /* to be retried, and next events */
    uint64_t postponed_bytes; /* of the messages of both */
    uint64_t refused;         /* not postponed, because of the bound */
} acta_statem_counts;
ACTA_API void acta_statem_counts_read(acta_self *self, acta_statem_counts *counts_out);

/* -- for ACTA_STATEM alone -- */

ACTA_API acta_status acta_statem_base_init(acta_self *self, void *data, const void *argument, acta_error *error);
ACTA_API acta_next acta_statem_base_call(acta_self *self, void *data, acta_from from, acta_message *message);
ACTA_API acta_next acta_statem_base_cast(acta_self *self, void *data, acta_message *message);
ACTA_API acta_next acta_statem_base_info(acta_self *self, void *data, const acta_info *info);
ACTA_API acta_next acta_statem_base_continue(acta_self *self, void *data);
ACTA_API void acta_statem_base_terminate(acta_self *self, void *data, const acta_exit_reason *reason);
ACTA_API void acta_statem_base_format(acta_self *self, const void *data, acta_format_use use, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
