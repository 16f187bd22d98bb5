/*
 * System messages: what every actor understands beside its own messages, in the manner of OTP's `sys`. For looking into
 * a running system and for holding parts of it still.
 *
 *     acta_sys_suspend(runtime, pid, 1000, &error);
 *     acta_sys_state(runtime, pid, text, sizeof text, 1000, &error);   // "balance=17", by the behaviour's `format`
 *     acta_sys_resume(runtime, pid, 1000, &error);
 *
 * A system message has its place in the mailbox behind what was sent before it, so the state it shows has seen that; it
 * isn't counted in the mailbox's bound and never refused for it. It doesn't end an idle time.
 *
 * The functions that take a runtime are for outside threads, as acta_call is, and wait for the answer; an actor has
 * those that take itself (acta_sys_request_…, at the end), and is told of it:
 *   timeout_ms  ACTA_INFINITE for no deadline
 * Errors of all: ACTA_NOPROC it isn't alive, or ended before it came to the message; ACTA_TIMEOUT (what was asked for
 * may still happen); ACTA_CALLING_SELF from inside an actor; ACTA_NO_MEMORY; ACTA_STOPPED.
 */
#ifndef ACTA_SYS_H
#define ACTA_SYS_H

#include "acta/gen_server.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Suspend: from here on the actor handles system messages only. Messages, answers, timers, DOWNs and trapped exits wait
 * in order, calls to it wait with them, and the mailbox's bound holds for them. What ends an actor ends a suspended one,
 * too: a kill, an exit of a link unless it traps, acta_stop, and any exit that was asked for (acta_exit, a supervisor's
 * shutdown) even if it traps, since it could not answer; terminate runs. Suspending twice is suspending once.
 */
ACTA_API acta_status acta_sys_suspend(acta_runtime *runtime, acta_pid pid, uint32_t timeout_ms, acta_error *error);

/* Resume: what waited is handled, in the order it came, before anything newer. An idle time begins anew. Resuming one
 * that isn't suspended does nothing. */
ACTA_API acta_status acta_sys_resume(acta_runtime *runtime, acta_pid pid, uint32_t timeout_ms, acta_error *error);

/*
 * The state as text, written by the behaviour's `format` with ACTA_FORMAT_STATE.
 *   text, size  where it goes, with its NUL; cut if it is longer. size 1 to ACTA_SYS_STATE_MAX
 * A format function that fails leaves the actor as it was; the text then says so.
 * Errors: ACTA_UNSUPPORTED the behaviour has no `format`, or is private.
 */
enum { ACTA_SYS_STATE_MAX = 64 << 10 };
ACTA_API acta_status acta_sys_state(
    acta_runtime *runtime, acta_pid pid, char *text, size_t size, uint32_t timeout_ms, acta_error *error);

/* What an actor is and has at the moment it answers. */
typedef struct acta_sys_info {
    const char *behaviour; /* its name */
    bool is_suspended, is_traced, is_counted;
    bool traps_exits;
    uint32_t queued_count; /* messages in its mailbox, with those that wait for a resume */
    uint64_t queued_bytes;
    uint32_t waiting_count; /* nodes that wait for a resume: messages, answers, timers, … */
    uint32_t link_count;
    uint32_t monitor_count; /* who watches it */
    size_t memory_used;     /* bytes from acta_alloc */
    /* Counted since acta_sys_count(…, true); 0 otherwise. */
    uint64_t call_count, cast_count, info_count, continue_count, reply_count;
    uint64_t counted_ns; /* since when */
} acta_sys_info;
ACTA_API acta_status acta_sys_info_read(
    acta_runtime *runtime, acta_pid pid, uint32_t timeout_ms, acta_sys_info *info_out, acta_error *error);

/* Begin to count what the actor handles, from 0; or stop. */
ACTA_API acta_status acta_sys_count(
    acta_runtime *runtime, acta_pid pid, bool on, uint32_t timeout_ms, acta_error *error);

/* -- tracing -- */

typedef enum acta_trace_kind {
    ACTA_TRACE_CALL,     /* a request comes in: tag, size */
    ACTA_TRACE_CAST,     /* a message comes in: tag, size */
    ACTA_TRACE_INFO,     /* information comes in: info (with the timer's or the reply's tag and the status), from */
    ACTA_TRACE_CONTINUE, /* handle_continue begins */
    ACTA_TRACE_REPLY,    /* acta_reply, in one of this actor's handlers: status, tag (0 without a message), size */
    ACTA_TRACE_SUSPEND,
    ACTA_TRACE_RESUME,
    ACTA_TRACE_EXIT /* the end: reason */
} acta_trace_kind;

typedef struct acta_trace_event {
    acta_trace_kind kind;
    acta_pid pid;
    const char *behaviour;
    uint64_t at_ns; /* of the runtime's monotonic clock */
    uint32_t tag, size;
    acta_info_kind info;
    acta_pid from; /* DOWN, EXIT: who */
    acta_status status;
    const acta_exit_reason *reason; /* EXIT: borrowed */
    const acta_message *message;    /* CALL, CAST: borrowed */
} acta_trace_event;

/* Called in the actor's turn, on the thread that has it, for each event before its handler runs. Must not block. If it
 * fails (acta_fail) the trace is switched off with a line in the log, and the actor goes on. */
typedef void (*acta_trace_sink)(void *user, const acta_trace_event *event);

/*
 * Trace an actor's events from here on, in place of a trace that was on.
 *   sink, user  must be valid until the trace is off or the actor has ended; NULL: a line each to the log, as warnings,
 *               so that the default log shows them
 * Errors: ACTA_UNSUPPORTED the behaviour is private.
 */
ACTA_API acta_status acta_sys_trace(
    acta_runtime *runtime, acta_pid pid, acta_trace_sink sink, void *user, uint32_t timeout_ms, acta_error *error);
/* Once this has returned ACTA_OK the sink isn't called any more. */
ACTA_API acta_status acta_sys_trace_off(acta_runtime *runtime, acta_pid pid, uint32_t timeout_ms, acta_error *error);

/*
 * -- from inside an actor --
 *
 * The same, without waiting: ACTA_INFO_REPLY with *ref_out comes exactly once, as after acta_request, with the status that
 * the function above gives and its error. The message of an ACTA_OK is
 *   acta_sys_request_state  the text, `size` bytes with its NUL in them
 *   acta_sys_request_info   an acta_sys_info
 *   all others              none
 * `to` may be the actor itself. One that suspends itself hears of it when it has been resumed, and then of all that came
 * meanwhile: an answer is for a handler, and waits like a message.
 *   timeout_ms  ACTA_INFINITE for no deadline
 *   ref_out     as in acta_request; may be put into a collection by acta_requests_add
 * Errors: ACTA_NO_MEMORY, and of acta_sys_request_state ACTA_INVALID the size; then nothing comes. All else is the answer.
 */
ACTA_API acta_status acta_sys_request_suspend(acta_self *self, acta_pid to, uint32_t timeout_ms, acta_ref *ref_out);
ACTA_API acta_status acta_sys_request_resume(acta_self *self, acta_pid to, uint32_t timeout_ms, acta_ref *ref_out);
ACTA_API acta_status acta_sys_request_state(
    acta_self *self, acta_pid to, size_t size, uint32_t timeout_ms, acta_ref *ref_out);
ACTA_API acta_status acta_sys_request_info(acta_self *self, acta_pid to, uint32_t timeout_ms, acta_ref *ref_out);
ACTA_API acta_status acta_sys_request_count(
    acta_self *self, acta_pid to, bool on, uint32_t timeout_ms, acta_ref *ref_out);
/* The sink and its user must stay valid as for acta_sys_trace, also where the answer is lost to a timeout. */
ACTA_API acta_status acta_sys_request_trace(
    acta_self *self, acta_pid to, acta_trace_sink sink, void *user, uint32_t timeout_ms, acta_ref *ref_out);
ACTA_API acta_status acta_sys_request_trace_off(acta_self *self, acta_pid to, uint32_t timeout_ms, acta_ref *ref_out);

#ifdef __cplusplus
}
#endif
#endif
