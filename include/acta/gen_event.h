/*
 * gen_event: an event manager, an actor to which handlers are added and removed while it runs, in the manner of OTP's
 * gen_event. Each event goes to all its handlers.
 *
 *     static acta_gen_event_next
 *     log_event(acta_self *self, void *state, const acta_message *event)
 *     {
 *         log_file *file = state;
 *         return write_line(file, event) ? ACTA_GEN_EVENT_KEEP : ACTA_GEN_EVENT_REMOVE;
 *     }
 *     static const acta_gen_event_handler logger = { .name = "logger", .state_size = sizeof(log_file), .init = open_log,
 *         .handle_event = log_event, .terminate = close_log };
 *
 *     acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &acta_gen_event_manager }, &manager, &error);
 *     acta_call(runtime, manager, acta_gen_event_add(runtime, &(acta_gen_event_spec){ .handler = &logger,
 *         .argument = "log.txt", .argument_size = 8 }), 5000, NULL, &error);
 *     acta_send(runtime, manager, event);                              // notify: all handlers get it, in time
 *     acta_call(runtime, manager, event, 5000, NULL, &error);          // sync_notify: answered when all have had it
 *
 * What is asked of a manager is a message, made by one of the functions below, and given to acta_call (outside threads),
 * acta_call_async, or acta_request (actors). Its answer's status says how it went. Any other message is an event.
 *
 * Order: handlers get an event in the order they were added; one that was swapped in has the place of the one before.
 * Every handler has had an event before any gets the next.
 *
 * Failure: a handler that fails (acta_fail, a failed ACTA_CHECK, a bad return value) is removed, alone; its terminate runs;
 * a line goes to the log. The manager and the other handlers go on, with the same event. This holds for all functions of a
 * handler, init too. It can't hold for a fault (SIGSEGV), which ends the process; nor is a C++ frame unwound.
 *
 * Handlers run on the manager's thread, one after the other; `self` is the manager. Memory of acta_alloc is the manager's
 * and stays when a handler goes, unless its terminate frees it. Timers and requests of a handler are answered to all
 * handlers, who tell theirs by the reference.
 */
#ifndef ACTA_GEN_EVENT_H
#define ACTA_GEN_EVENT_H

#include "acta/gen_server.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a handler's functions return. Any other value removes it: failed, "bad return value". */
typedef enum acta_gen_event_next {
    ACTA_GEN_EVENT_KEEP = 1, /* go on */
    ACTA_GEN_EVENT_REMOVE    /* remove me */
} acta_gen_event_next;

/* Why a handler goes. */
typedef enum acta_gen_event_cause {
    ACTA_GEN_EVENT_REMOVED,    /* it was asked for, or it returned ACTA_GEN_EVENT_REMOVE */
    ACTA_GEN_EVENT_SWAPPED,    /* another one takes its place */
    ACTA_GEN_EVENT_FAILED,     /* reason has the words */
    ACTA_GEN_EVENT_OWNER_DOWN, /* reason is its owner's */
    ACTA_GEN_EVENT_STOPPED     /* the manager ends; reason is the manager's */
} acta_gen_event_cause;

typedef struct acta_gen_event_handler {
    const char *name;  /* in reports; static */
    size_t state_size; /* bytes, zeroed before init, aligned for any type */

    /* NULL: nothing to do. Not ACTA_OK: it isn't added, and whoever adds it gets that.
     *   before  the state of the one whose place it takes (its terminate has run); NULL when it is added */
    acta_status (*init)(acta_self *self, void *state, const void *argument, const void *before, acta_error *error);
    /* Each NULL: not wanted; a call is then answered with ACTA_INVALID. Messages are shared by all handlers: read only,
     * and not to be kept. */
    acta_gen_event_next (*handle_event)(acta_self *self, void *state, const acta_message *event);
    /* A call to this handler alone. acta_reply now or later; no answer comes by itself when the handler is removed, but
     * for one that fails in it: ACTA_FAILED. */
    acta_gen_event_next (*handle_call)(acta_self *self, void *state, acta_from from, const acta_message *message);
    /* What the manager is told, as a gen_server's handle_info; every handler gets it. */
    acta_gen_event_next (*handle_info)(acta_self *self, void *state, const acta_info *info);
    /* Runs once before it goes, whatever the cause, unless the manager is killed. */
    void (*terminate)(acta_self *self, void *state, acta_gen_event_cause cause, const acta_exit_reason *reason);
} acta_gen_event_handler;

/* A handler in a manager: the same handler may be there several times, with other ids. */
typedef struct acta_gen_event_spec {
    const acta_gen_event_handler *handler; /* stays as long as the manager */
    uint64_t id;
    const void *argument; /* for init; argument_size bytes are copied, with 0 the pointer itself is given, and must be
                             valid until the answer has come */
    size_t argument_size;
    /* Who supervises it; {0}: nobody. When the owner ends the handler is removed. When the handler goes in any other way
     * the owner gets a cast with `tag` and an acta_gen_event_gone, also when the manager is killed. Its memory is taken
     * when the handler is added, and no full mailbox refuses it; only an owner that drops the oldest may let go of it, as
     * of any message, which is counted and told as a dead letter. */
    acta_pid owner;
    uint32_t tag;
} acta_gen_event_spec;

typedef struct acta_gen_event_gone {
    acta_pid manager;
    const acta_gen_event_handler *handler;
    uint64_t id;
    acta_gen_event_cause cause;
    acta_exit_reason reason;
} acta_gen_event_gone;

/* The manager's behaviour. Its spawn argument: NULL, or these; a handler whose init fails fails the spawn. */
ACTA_API extern const acta_behaviour acta_gen_event_manager;
typedef struct acta_gen_event_specs {
    const acta_gen_event_spec *specs;
    uint32_t count;
} acta_gen_event_specs;

/*
 * Messages for a manager, which belong to their maker until they are given away, as all messages. NULL when there is no
 * memory, which may be passed on to acta_call and its like. Threads: any.
 */

/* Add a handler behind the others. Answers: ACTA_OK; what init returned; ACTA_FAILED init failed; ACTA_ALREADY_EXISTS that
 * handler with that id is there; ACTA_INVALID no handler; ACTA_NO_MEMORY. */
ACTA_API acta_message *acta_gen_event_add(acta_runtime *runtime, const acta_gen_event_spec *spec);

/* Remove a handler. Answers: ACTA_OK when its terminate has run (also if that failed); ACTA_NOT_FOUND. */
ACTA_API acta_message *acta_gen_event_remove(acta_runtime *runtime, const acta_gen_event_handler *handler, uint64_t id);

/* Put a handler in the place of another: that one's terminate runs, then the new one's init, which sees the old state. No
 * event comes between. If there is no old one, the new is added. When the new one's init fails both are gone, as in OTP.
 * Answers as acta_gen_event_add's. */
ACTA_API acta_message *acta_gen_event_swap(
    acta_runtime *runtime, const acta_gen_event_handler *old, uint64_t old_id, const acta_gen_event_spec *spec);

/* Call one handler with `message`, which is owned by this. Answers: the handler's; ACTA_NOT_FOUND; ACTA_INVALID it takes
 * no calls; ACTA_FAILED it failed, and is gone. */
ACTA_API acta_message *acta_gen_event_to(
    acta_runtime *runtime, const acta_gen_event_handler *handler, uint64_t id, acta_message *message);

/* Which handlers there are. The answer's payload: acta_gen_event_entry, one a handler, in their order. */
typedef struct acta_gen_event_entry {
    const acta_gen_event_handler *handler;
    uint64_t id;
    acta_pid owner;
    uint64_t event_count; /* events it has handled */
} acta_gen_event_entry;
ACTA_API acta_message *acta_gen_event_which(acta_runtime *runtime);

#ifdef __cplusplus
}
#endif
#endif
