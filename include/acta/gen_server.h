/*
 * gen_server: the behaviour that an actor is made of, and what it can do from inside its handlers.
 *
 *     typedef struct counter { uint64_t value; } counter;
 *     enum { COUNTER_ADD, COUNTER_GET };
 *
 *     static acta_next
 *     counter_call(acta_self *self, void *state, acta_from from, acta_message *message)
 *     {
 *         counter *c = state;
 *         acta_message *reply = acta_message_create(acta_self_runtime(self), COUNTER_GET, sizeof c->value);
 *         if (reply != NULL) memcpy(reply->payload, &c->value, sizeof c->value);
 *         acta_reply(acta_self_runtime(self), from, ACTA_OK, reply, NULL);
 *         return ACTA_NEXT;
 *     }
 *     const acta_behaviour counter_behaviour = { .name = "counter", .state_size = sizeof(counter),
 *         .handle_call = counter_call };
 *
 * All functions that take an acta_self are for the handlers of that actor, on the thread that runs them.
 */
#ifndef ACTA_GEN_SERVER_H
#define ACTA_GEN_SERVER_H

#include "acta/runtime.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a handler returns. Any other value ends the actor: FAILED, "bad return value". */
typedef enum acta_next {
    ACTA_NEXT = 1,      /* go on with the next message */
    ACTA_NEXT_CONTINUE, /* run handle_continue before any message */
    ACTA_STOP           /* end; the reason is NORMAL, or what acta_set_exit_reason said */
} acta_next;

/* Whom to answer. Copy it to answer later; answering twice, or somebody gone, is harmless. value 0: nobody. */
typedef struct acta_from {
    uint64_t a, b;
} acta_from;

typedef enum acta_info_kind {
    ACTA_INFO_DOWN,    /* a monitored actor is gone: pid, ref, reason */
    ACTA_INFO_EXIT,    /* a linked actor is gone, or acta_exit (trapping actors only): pid, reason */
    ACTA_INFO_TIMER,   /* a timer is due: ref, tag, user */
    ACTA_INFO_REPLY,   /* a request's answer: ref, status, message (may be NULL), error */
    ACTA_INFO_TIMEOUT, /* the idle timeout: no message came in time */
    ACTA_INFO_FD       /* a watched file is ready (watch_fd.h): ref, tag, user, status, error */
} acta_info_kind;

typedef struct acta_info {
    acta_info_kind kind;
    acta_pid pid;
    acta_ref ref;
    uint32_t tag;
    uint64_t user;
    acta_status status;
    acta_message *message; /* borrowed until the handler returns, unless acta_message_keep */
    const acta_exit_reason *reason;
    const acta_error *error;
    uint32_t missed; /* TIMER of an interval: how often it was due since, and won't be told of */
} acta_info;

/* What a state is shown for. */
typedef enum acta_format_use {
    ACTA_FORMAT_REPORT, /* the actor has failed: a line of the log. The state may be half changed */
    ACTA_FORMAT_STATE   /* somebody asked for it: acta_sys_state */
} acta_format_use;

/* Machine code, from the first byte up to `end`. Both NULL: none. fault.h tells how to name one. */
typedef struct acta_code_range {
    const void *start, *end;
} acta_code_range;

struct acta_behaviour {
    const char *name;         /* in reports; static */
    size_t state_size;        /* bytes, zeroed before init, aligned for any type */
    bool run_on_caller;       /* an outside caller may run an idle server's turn on its own thread */
    uint32_t idle_timeout_ms; /* 0: none; else ACTA_INFO_TIMEOUT when no message came for so long */

    /* NULL: nothing to do. Not ACTA_OK: the spawn fails with it; fill `error` if there is more to say. */
    acta_status (*init)(acta_self *self, void *state, const void *argument, acta_error *error);
    /* Each NULL handler: as acta_unhandled_call and its like.
     * The message is borrowed until the handler returns, unless acta_message_keep. */
    acta_next (*handle_call)(acta_self *self, void *state, acta_from from, acta_message *message);
    acta_next (*handle_cast)(acta_self *self, void *state, acta_message *message);
    acta_next (*handle_info)(acta_self *self, void *state, const acta_info *info);
    acta_next (*handle_continue)(acta_self *self, void *state);
    /* Runs once, after ACTA_STOP, shutdown, an exit signal or a failure in a handler; not after KILLED, nor when init
     * failed. Memory from acta_alloc is freed after it. */
    void (*terminate)(acta_self *self, void *state, const acta_exit_reason *reason);

    /* The state as text, for reports and for acta_sys_state: at most `size` bytes with the NUL, as snprintf writes it.
     * What is secret stays out. It may fail (acta_fail): then the report goes without the state, and the actor goes on
     * as if nothing had been. NULL: the state is never shown. */
    void (*format)(acta_self *self, const void *state, acta_format_use use, char *text, size_t size);
    /* Before the actor hibernates (acta_hibernate): give up what can be had again: caches, spare room of buffers. */
    void (*hibernate)(acta_self *self, void *state);
    /* The last thing, whatever the end: also after KILLED, and when init or terminate failed. For what the state holds
     * outside of acta_alloc: kept messages, files, memory of others. Of this library it may call acta_message_destroy, and
     * no more. Not after a fault that was contained (fault.h). */
    void (*release)(void *state);
    bool is_private; /* the state is secret as a whole: never shown, and the actor can't be traced */

    /* A fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL) of a handler in this code ends the actor alone, where fault handlers are
     * installed: fault.h. */
    acta_code_range contain_faults;
};

/* The actor whose handler is running on this thread; NULL outside of actors. For code that handlers call and that isn't
 * given its self, such as acta_fail in the middle of a decision. */
ACTA_API acta_self *acta_self_here(void);

ACTA_API acta_pid acta_self_pid(const acta_self *self);
ACTA_API acta_runtime *acta_self_runtime(const acta_self *self);

/* The actor's own memory: freed with it. NULL when there is none. */
ACTA_API void *acta_alloc(acta_self *self, size_t size);
ACTA_API void acta_free(acta_self *self, void *block);
ACTA_API acta_memory *acta_self_memory(acta_self *self);

/* Take over the message being handled: the actor must acta_message_destroy it later, or give it on. */
ACTA_API acta_message *acta_message_keep(acta_self *self, acta_message *message);

/*
 * End this actor here and now: the handler is left by a jump, its memory freed, links, monitors and supervisor told.
 * The process goes on. Not for C++ frames with destructors.
 */
ACTA_API ACTA_NORETURN void acta_fail(acta_self *self, const char *format, ...) ACTA_PRINTF(2, 3);

/* Fail unless the condition holds. Always on. */
#define ACTA_CHECK(self, condition)                                                                                    \
    do {                                                                                                               \
        if (!(condition)) acta_fail((self), "%s:%d: check failed: %s", __FILE__, __LINE__, #condition);                \
    } while (0)

/* The reason to report when this handler returns ACTA_STOP. */
ACTA_API void acta_set_exit_reason(acta_self *self, acta_exit_kind kind, const char *format, ...) ACTA_PRINTF(3, 4);

/* In init: a number for whoever starts this actor (info_out of acta_spawn_options, the start and restart calls of
 * supervisors; automatic restarts drop it). The last one counts. Without effect outside of init. */
ACTA_API void acta_set_start_info(acta_self *self, uint64_t info);

/*
 * For the messages that a handler doesn't know, as its last word: return acta_unhandled_cast(self, message). A call is
 * answered with ACTA_INVALID. Each is counted, and logged once per tag or kind of information; at most 32 of them for an
 * actor. They return ACTA_NEXT.
 */
ACTA_API acta_next acta_unhandled_call(acta_self *self, acta_from from, const acta_message *message);
ACTA_API acta_next acta_unhandled_cast(acta_self *self, const acta_message *message);
ACTA_API acta_next acta_unhandled_info(acta_self *self, const acta_info *info);

/*
 * Hibernate, for an actor that expects nothing soon: once its mailbox is empty, its behaviour's `hibernate` runs, and all
 * that the runtime keeps ready for it is given back: the last message's block, tables of references, links and waiting
 * requests that are empty, the buffer of an exit reason. State, name, links, timers and acta_alloc's blocks stay. The
 * next message wakes it as any other actor; nothing is lost when it comes at the same moment.
 */
ACTA_API void acta_hibernate(acta_self *self);

/* Run handle_continue before any message, as ACTA_NEXT_CONTINUE does: for init, which returns a status. */
ACTA_API void acta_continue(acta_self *self);

/*
 * The idle time: ACTA_INFO_TIMEOUT comes when nothing came for so long after the end of the actor's last turn. A message,
 * an answer and each information but the timeout itself begin it anew; system messages, links and monitors don't.
 * Change it from now on; 0: none. The first idle time of an actor takes memory: where there is none, the actor fails.
 */
ACTA_API void acta_set_idle_timeout(acta_self *self, uint32_t timeout_ms);

/*
 * The idle time that follows, once: ACTA_INFO_TIMEOUT at `at_ns` of acta_runtime_now_ns, unless something comes before;
 * in place of the idle timeout, which is in force again after it. With 0, or a time that has passed, it comes as soon as
 * the mailbox is empty: behind all that is queued already, if none of that calls it off. Without memory as above.
 */
ACTA_API void acta_set_idle_deadline(acta_self *self, uint64_t at_ns);

/* -- answers and requests -- */

/* Answer a call, from this or any later handler, or from another actor, or an outside thread. `reply` may be NULL.
 * With a status other than OK, `error` (may be NULL; copied) goes to the caller with it. */
ACTA_API void acta_reply(
    acta_runtime *runtime, acta_from from, acta_status status, acta_message *reply, const acta_error *error);

/*
 * Give a request away: from here on somebody else answers it with acta_reply (another actor, a completion on any thread),
 * and the end of this actor no longer does. For a request in the handler's hands, or one that was kept for later.
 */
ACTA_API void acta_hand_over(acta_self *self, acta_from from);

/*
 * Ask another actor; ACTA_INFO_REPLY with *ref_out comes exactly once: the reply, ACTA_TIMEOUT, ACTA_NOPROC or
 * ACTA_FAILED. Never fails itself but for ACTA_NO_MEMORY, in which case nothing comes; ACTA_BUSY comes as the reply.
 */
ACTA_API acta_status acta_request(
    acta_self *self, acta_pid to, acta_message *message, uint32_t timeout_ms, acta_ref *ref_out);

/* Stop another actor as acta_stop does, without waiting: ACTA_INFO_REPLY with *ref_out comes when it has ended, with
 * ACTA_OK or the error that acta_stop gives. Never fails itself but for ACTA_NO_MEMORY and ACTA_INVALID (the kind). */
ACTA_API acta_status acta_request_stop(
    acta_self *self, acta_pid to, const acta_exit_reason *reason, uint32_t timeout_ms, acta_ref *ref_out);

/* -- links and monitors -- */

ACTA_API acta_status acta_link(acta_self *self, acta_pid to); /* to the dead: an exit signal NOPROC. Twice: one link */
ACTA_API void acta_unlink(acta_self *self, acta_pid to);      /* no exit from it is seen afterwards */
ACTA_API acta_status acta_monitor(acta_self *self, acta_pid to, acta_ref *ref_out); /* the dead: DOWN with NOPROC */
ACTA_API void acta_demonitor(acta_self *self, acta_ref ref); /* no DOWN of it is seen afterwards */
ACTA_API void acta_trap_exit(acta_self *self, bool trap);    /* exits of links become ACTA_INFO_EXIT */

/* -- timers -- */

/* ACTA_INFO_TIMER with `tag` and `user` after at least `delay_ms`. Never early. Ends with the actor. */
ACTA_API acta_status acta_send_after(
    acta_self *self, uint32_t delay_ms, uint32_t tag, uint64_t user, acta_ref *ref_out);

/* The same at a time of acta_runtime_now_ns. One that has passed: at once, with the next tick of 1 ms. */
ACTA_API acta_status acta_send_at(acta_self *self, uint64_t at_ns, uint32_t tag, uint64_t user, acta_ref *ref_out);

/*
 * Every `period_ms`, from one period after now: at its multiples, without drift. One at a time: what is due while the
 * last is still queued or handled isn't sent later, but counted in the next one's `missed`. Ends with acta_cancel_timer
 * or with the actor. ACTA_INVALID: a period of 0.
 */
ACTA_API acta_status acta_send_interval(
    acta_self *self, uint32_t period_ms, uint32_t tag, uint64_t user, acta_ref *ref_out);

/* True: it was in time, the message never comes. False: it fired (a message still queued is dropped) or is unknown. */
ACTA_API bool acta_cancel_timer(acta_self *self, acta_ref ref);

#ifdef __cplusplus
}
#endif
#endif
