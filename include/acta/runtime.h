/*
 * Runtime: actors on a few threads, in the manner of Erlang/OTP.
 *
 * An actor is a state, a mailbox and a behaviour (gen_server.h). It handles one message at a time, on whatever worker
 * is free; nothing that it owns needs a lock. Actors know each other by pid, send messages, link, monitor, and are
 * restarted by supervisors (supervisor.h) when they fail.
 *
 *     acta_runtime *runtime;
 *     acta_runtime_create(NULL, &runtime, &error);
 *     acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &counter }, &pid, &error);
 *     acta_call(runtime, pid, acta_message_create(runtime, COUNTER_GET, 0), 5000, &reply, &error);
 *     acta_runtime_stop(runtime, 5000, &error);
 *     acta_runtime_destroy(runtime);
 *
 * Several runtimes live in a process side by side and share nothing.
 *
 * Forks: a child has none of the runtime's threads. What it may do with its parent's runtime is nothing; should it try,
 * acta_runtime_stop gives ACTA_STOPPED and acta_runtime_destroy does nothing (the memory goes with the process). It may
 * create a runtime of its own. Files of a runtime are closed on exec.
 * Signals: the runtime's threads block all but those of faults and SIGPROF; a handler of the host's may interrupt any
 * system call. Stacks: its threads have the process's default (pthread_attr_setstacksize of the default attributes,
 * ulimit -s) and a guard of 1 MiB below; handlers run on them, and the runtime itself takes up to 24 KiB. Handlers of an
 * actor that runs on its caller (gen_server.h) use the caller's. One that runs out of stack is a fault (fault.h) as long as
 * no frame of its own is larger than the guard.
 */
#ifndef ACTA_RUNTIME_H
#define ACTA_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acta/environment.h"
#include "acta/memory.h"
#include "acta/str.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_runtime acta_runtime;
typedef struct acta_self acta_self;           /* an actor, seen from inside its own handlers */
typedef struct acta_behaviour acta_behaviour; /* gen_server.h */

/* An actor's name for life: slot and generation. Never given to another actor. value 0: nobody. */
typedef struct acta_pid {
    uint64_t value;
} acta_pid;

/* A request, monitor, link or timer of one actor. value 0: none. */
typedef struct acta_ref {
    uint64_t value;
} acta_ref;

static inline bool
acta_pid_equal(acta_pid a, acta_pid b)
{
    return a.value == b.value;
}

static inline bool
acta_ref_equal(acta_ref a, acta_ref b)
{
    return a.value == b.value;
}

enum {
    ACTA_MAILBOX_COUNT_DEFAULT = 10000,
    ACTA_MAILBOX_BYTES_DEFAULT = 16 << 20,
    ACTA_BUDGET_DEFAULT = 64,          /* messages a turn */
    ACTA_CALL_TIMEOUT_DEFAULT = 5000,  /* ms */
    ACTA_HANDLER_LIMIT_DEFAULT = 1000, /* ms */
    ACTA_SPARE_WORKERS_DEFAULT = 4
};
#define ACTA_NO_SPARE_WORKERS UINT32_MAX
#define ACTA_INFINITE         UINT32_MAX /* a timeout that never comes */

/*
 * Who drives a runtime that has no threads of its own (config.manual): a simulation.
 *   choose  pick one of `count` ready actors, 0 to count-1, in the order they became ready; NULL: always 0. When work is
 *           offloaded, the last of the choices is the first such work.
 *   idle    called by a waiting acta_call when no actor is ready: do other work (a store's, a clock's) and return true,
 *           or false when there is nothing to do, which ends the wait with ACTA_TIMEOUT.
 *   told    called for what each actor handles, before its handler runs (sys.h: acta_trace_event), and with the actor's name,
 *           empty when it has none; NULL: nobody is told. Private actors are among them. It may look, and do nothing else.
 */
struct acta_trace_event;
typedef struct acta_driver {
    uint32_t (*choose)(void *user, uint32_t count);
    bool (*idle)(void *user);
    void (*told)(void *user, const struct acta_trace_event *event, acta_str name);
    void *user;
} acta_driver;

/* Why a message was not handled. */
typedef enum acta_dead_reason {
    ACTA_DEAD_NOPROC,  /* not sent: nobody there (ACTA_NOPROC, ACTA_STOPPED) */
    ACTA_DEAD_FULL,    /* not sent: the mailbox is full (ACTA_BUSY) */
    ACTA_DEAD_SHED,    /* the mailbox is full, and its policy let this one go */
    ACTA_DEAD_DROPPED, /* its actor ended before it came to it */
    ACTA_DEAD_COUNT
} acta_dead_reason;

/* A message that nobody will handle, as its sender or receiver lets go of it. */
typedef struct acta_dead_letter {
    acta_pid to;
    acta_dead_reason reason;
    uint32_t tag;
    uint32_t size; /* payload bytes */
} acta_dead_letter;

/*
 * Told of each dead letter. Called on the thread that lets go of the message, in or outside of an actor's turn, with no
 * lock held, before the message's destructor runs; it must not block.
 *   log_per_second  so many of them are written to the log as well, for each second; the next line says how many were
 *                   left out; 0: none is
 */
typedef struct acta_dead_letters {
    void (*tell)(void *user, const acta_dead_letter *letter); /* NULL: nobody is told */
    void *user;
    uint32_t log_per_second;
} acta_dead_letters;

typedef struct acta_runtime_config {
    const char *name;      /* in reports and thread names; copied; default "acta" */
    uint32_t worker_count; /* 1 to 256; 0: one for each processor */
    /* Messages an actor handles before others get their turn; 0: 64. When handlers have just sent 4,096 or more, a
     * receiver of 2,048 or more goes on until its mailbox is empty, for 2 ms at most. */
    uint32_t budget;
    uint32_t actor_count_max;            /* 0: 16,777,216 */
    uint32_t handler_limit_ms;           /* a handler that takes longer is reported; 0: 1,000; ACTA_INFINITE: none is */
    uint32_t spare_workers;              /* lent to others while handlers block; 0: 4; ACTA_NO_SPARE_WORKERS: none */
    uint32_t offload_threads;            /* for acta_offload, started when needed; at most 1,024; 0: 4 */
    uint32_t offload_queue_max;          /* work that waits for one of them; 0: 1,024 */
    bool manual;                         /* no threads: acta_runtime_step runs everything */
    acta_driver driver;                  /* for manual */
    bool host_driven;                    /* no workers: the host's loop calls acta_run_once, see there */
    const acta_environment *environment; /* copied; NULL: defaults */
    uint32_t recorder_count;             /* records of the flight recorder a worker (recorder.h), 64 bytes each, rounded
                                            up to a power of two; 0: 1,024; at most 1,048,576; ACTA_RECORDER_OFF */
    uint32_t record_turns;               /* record every n-th turn of each worker as well, and all on other
                                            threads (manual runtimes, lent callers); 0: none */
    acta_dead_letters dead_letters;
    bool no_backtrace; /* reports of acta_fail go without one, which costs some 10 µs a failure */
} acta_runtime_config;

/*
 * Create a runtime and start its workers.
 *   config       NULL: all defaults
 *   runtime_out  written on success
 * Errors: ACTA_INVALID a number out of range; ACTA_NO_MEMORY; ACTA_IO a thread could not be started.
 */
ACTA_API acta_status acta_runtime_create(
    const acta_runtime_config *config, acta_runtime **runtime_out, acta_error *error);

/*
 * Stop in order: supervisors (and through them all children, youngest first) get `shutdown`, then all other actors;
 * what is alive at the deadline is killed; then the workers end. Outside callers that wait get ACTA_STOPPED. Offloaded
 * work that has begun is waited for.
 *   timeout_ms  ACTA_INFINITE waits as long as it takes
 * Threads: any outside thread; a second call waits for the first. From inside an actor: ACTA_CALLING_SELF.
 * Errors: ACTA_TIMEOUT: something had to be killed, or offloaded work took longer; it is stopped all the same.
 */
ACTA_API acta_status acta_runtime_stop(acta_runtime *runtime, uint32_t timeout_ms, acta_error *error);

/* Stop a manual runtime as the death of its process would: no handler and no `terminate` runs from here on. What frees
 * memory does: `release` of behaviours, destructors of messages. Waiting callers get ACTA_STOPPED. From outside of actors. */
ACTA_API void acta_runtime_abandon(acta_runtime *runtime);

/* Does the calling thread work for this runtime at the moment: on one of its own threads, or in a turn on a thread of the
 * host's? A stop waits for those, and they must not wait for it. Threads: any. */
ACTA_API bool acta_runtime_is_inside(const acta_runtime *runtime);

/* Free a stopped runtime (stops it first, with 5,000 ms, if it isn't). Takes NULL. No other thread may use it. */
ACTA_API void acta_runtime_destroy(acta_runtime *runtime);

/* Manual runtimes: let one ready actor have its turn, run one piece of offloaded work, or fire due timers. False when
 * there was nothing to do. */
ACTA_API bool acta_runtime_step(acta_runtime *runtime);

/* A ready actor of a manual runtime, as driver.choose counts them. */
typedef struct acta_ready {
    acta_pid pid;
    const acta_behaviour *behaviour;
} acta_ready;

/* The ready actor `index`. False: there are not so many. Manual runtimes only; in driver.choose, or between steps. */
ACTA_API bool acta_runtime_ready(const acta_runtime *runtime, uint32_t index, acta_ready *ready_out);

/* Does offloaded work wait for its turn? It is the choice behind the ready actors. Manual runtimes only, as above. */
ACTA_API bool acta_runtime_has_work(const acta_runtime *runtime);

/* When the next timer is due, in the runtime's monotonic ns; UINT64_MAX when there is none. Manual runtimes only. */
ACTA_API uint64_t acta_runtime_next_timer_ns(const acta_runtime *runtime);

/*
 * A runtime in the loop of a host (config.host_driven): a program that has its epoll, libuv, Qt or game loop and wants
 * actors on that thread. It has no workers. The host watches one file for reading, and calls acta_run_once when it is:
 *
 *     struct pollfd set = { .fd = acta_runtime_fd(runtime), .events = POLLIN };
 *     while (poll(&set, 1, -1) >= 0) acta_run_once(runtime, 0);
 *
 * Actors then run inside acta_run_once only (and inside acta_call and acta_runtime_stop of the same thread, which run
 * the runtime while they wait). Other threads may send, call and spawn: they make the file readable, and init runs on
 * the thread that spawns. Timers, watched files and offloaded work (which has its threads here as everywhere) make it
 * readable, too. A runtime with nothing to do costs nothing. No watchdog looks on.
 */

/*
 * The file that is readable when there is something to do; to be watched by level (epoll's default), and not to be read,
 * written or closed. -1: the runtime is not host_driven. Valid as long as the runtime.
 */
ACTA_API int acta_runtime_fd(const acta_runtime *runtime);

/*
 * Do what there is to do, without waiting: due timers, ready files, actors' turns. When something is left, the file
 * stays readable.
 *   turn_max  turns to have at most; 0: 1,000. One is up to config.budget messages of one actor
 * Threads: the host's, which is the one that called this last; one at a time. Never from inside an actor.
 * Returns the number of turns; 0 if there was nothing to do, or the runtime is not host_driven.
 */
ACTA_API uint32_t acta_run_once(acta_runtime *runtime, uint32_t turn_max);

/* The runtime's monotonic clock, now: what deadlines are given by. Threads: any. */
ACTA_API uint64_t acta_runtime_now_ns(const acta_runtime *runtime);

/* The environment that the runtime was given, defaults filled in. Valid as long as the runtime. */
ACTA_API const acta_environment *acta_runtime_environment(const acta_runtime *runtime);

/* Counted since the start; read at any time from any thread. After a stop with all messages gone:
 * sent == handled + dropped. */
typedef struct acta_runtime_stats {
    uint64_t spawned, exited, alive;
    uint64_t sent;      /* casts and requests given to a mailbox; signals, timers and answers aren't counted */
    uint64_t handled;   /* seen by a handler */
    uint64_t dropped;   /* destroyed unseen: their actor was gone */
    uint64_t refused;   /* not sent: mailbox full (ACTA_BUSY) */
    uint64_t shed;      /* let go by a full mailbox's policy; the oldest, which were sent, count as dropped too */
    uint64_t noproc;    /* not sent: nobody there */
    uint64_t late;      /* replies that came after their timeout, or after another reply */
    uint64_t unhandled; /* calls, casts and information that their actors didn't know */
    uint64_t crashed;   /* actors that failed */
    uint64_t restarted; /* children restarted by supervisors */
    uint64_t offloaded; /* work begun for acta_offload */
    uint64_t offloads_refused;
    uint64_t slow; /* handlers that were reported because they took longer than handler_limit_ms */
    uint64_t lent; /* times that a spare worker was lent, because a handler blocked its worker */
} acta_runtime_stats;
ACTA_API void acta_runtime_stats_read(const acta_runtime *runtime, acta_runtime_stats *stats_out);

/* -- messages -- */

/*
 * A message: a tag that says what it is, and a payload. Whoever creates one owns it until it is given to send, cast,
 * call, request or reply, which own it from then on, whatever they return.
 *
 * `destroy`, if set, is called exactly once, on any thread, before the memory goes: for what the payload points to.
 */
typedef struct acta_message {
    uint32_t tag;
    uint32_t size;                           /* payload bytes asked for */
    void (*destroy)(struct acta_message *m); /* NULL: nothing to do */
    void *payload;                           /* inside the message's own block; aligned for any type */
} acta_message;

/* A message with `size` zeroed bytes of payload (up to 64 MiB). NULL when there is no memory: passing NULL on to send,
 * cast, call, request or reply gives ACTA_NO_MEMORY there, so that it need not be checked twice. */
ACTA_API acta_message *acta_message_create(acta_runtime *runtime, uint32_t tag, size_t size);

/* Destroy a message that was not given away, or one that was kept. Takes NULL. */
ACTA_API void acta_message_destroy(acta_message *message);

/*
 * Send: the actor's handle_cast gets it. Never blocks.
 * Threads: any, in and outside actors. Messages from one sender to one receiver arrive in the order sent. What a handler
 * sends in a row to one busy actor may wait, up to 32 of them, until it does something else with the runtime or returns,
 * or has run on for some ms: whom it tells of them past the runtime, by a semaphore say, may look before they arrive.
 * Errors: ACTA_NOPROC (also for a pid of the past), ACTA_BUSY the mailbox is full, ACTA_NO_MEMORY, ACTA_STOPPED.
 *         The message is destroyed. A receiver that dies before its turn drops it silently.
 */
ACTA_API acta_status acta_send(acta_runtime *runtime, acta_pid to, acta_message *message);

/*
 * Send from an outside thread, and wait for room while the mailbox is full: until everything has been handled that was
 * there before, and again if others were faster. It waits whatever the mailbox's policy is.
 *   timeout_ms  ACTA_INFINITE for no deadline
 * Errors: as acta_send; ACTA_BUSY only after timeout_ms; ACTA_CALLING_SELF from inside an actor, which must not wait: see
 *         acta_request_room. The message is destroyed.
 */
ACTA_API acta_status acta_send_wait(
    acta_runtime *runtime, acta_pid to, acta_message *message, uint32_t timeout_ms, acta_error *error);

/*
 * For an actor whose message was refused with ACTA_BUSY: ask to be told when what is in the mailbox of `to` now has been
 * handled. The answer comes as ACTA_INFO_REPLY, with ACTA_OK and no message, ACTA_TIMEOUT, or ACTA_NOPROC if it has ended.
 * Others may have filled the mailbox again by then: then ask again. Several senders that ask are told in the order asked.
 * The question takes no room in the mailbox.
 *   ref_out  as in acta_request
 * Errors: ACTA_NOPROC, ACTA_NO_MEMORY.
 */
ACTA_API acta_status acta_request_room(acta_self *self, acta_pid to, uint32_t timeout_ms, acta_ref *ref_out);

/* -- actors -- */

typedef enum acta_exit_kind {
    ACTA_EXIT_NORMAL,   /* it returned ACTA_STOP */
    ACTA_EXIT_SHUTDOWN, /* its supervisor or the runtime asked for it */
    ACTA_EXIT_KILLED,
    ACTA_EXIT_FAILED, /* acta_fail, a failed ACTA_CHECK, a bad return value, init that failed */
    ACTA_EXIT_NOPROC  /* it was not alive when asked about */
} acta_exit_kind;

enum { ACTA_EXIT_TEXT_MAX = 192 };
typedef struct acta_exit_reason {
    acta_exit_kind kind;
    char text[ACTA_EXIT_TEXT_MAX]; /* why it failed; "" otherwise */
} acta_exit_reason;

/*
 * What a full mailbox does with a message that comes by acta_send. Requests are refused with ACTA_BUSY in each case, and
 * signals (exits, monitors, links), timers, answers and system messages are never refused and never let go: their memory
 * was reserved before. Nobody ever waits inside a turn, so that two full actors that send to each other get ACTA_BUSY,
 * and no deadlock: an actor that can't go on without sending asks to be told by acta_request_room.
 */
typedef enum acta_overflow {
    ACTA_OVERFLOW_REFUSE,      /* ACTA_BUSY: the sender decides */
    ACTA_OVERFLOW_DROP_NEWEST, /* ACTA_OK, and the message is gone: counted as shed */
    ACTA_OVERFLOW_DROP_OLDEST /* it is let in, and the receiver lets go of the oldest that are too many before it handles
                                  the next; requests among them are answered with ACTA_BUSY. Up to twice the bound can
                                  wait while the receiver is in a handler; what comes then is treated as newest */
} acta_overflow;

/*
 * A name service of the user's, for names outside of this runtime: a cluster's, a tenant's; as OTP's {via, Module, Name}.
 * All functions are called from any thread, without a lock of ours, and must not block for long.
 *   register_name    ACTA_OK: the name is `pid`'s, which is alive from here on; ACTA_ALREADY_EXISTS and its holder; or
 *                    another error, which the spawn gives. Called before init, on the spawner's thread
 *   unregister_name  called once for each register_name that gave ACTA_OK: when the start fails, or when the actor has
 *                    ended, before any monitor or link is told; not to be refused
 *   whereis_name     {0}: nobody
 */
typedef struct acta_name_service {
    acta_status (*register_name)(void *user, acta_str name, acta_pid pid, acta_pid *holder_out);
    void (*unregister_name)(void *user, acta_str name, acta_pid pid);
    acta_pid (*whereis_name)(void *user, acta_str name);
    void *user;
} acta_name_service;

typedef struct acta_spawn_options {
    const acta_behaviour *behaviour; /* stays as long as the runtime, whose reports may name it */
    const void *argument;            /* for init; init runs before acta_spawn returns to an outside thread */
    acta_str name;                   /* registered before init; absent: none */
    uint32_t mailbox_count_max;      /* 0: 10,000; at most 8,000,000 */
    uint32_t mailbox_bytes_max;      /* 0: 16 MiB; one message over it is let into an empty mailbox */
    acta_overflow overflow;          /* what a full mailbox does */
    acta_self *link;                 /* the spawning actor, to be linked to the new one; NULL: no link */
    acta_self *monitor;              /* the spawning actor, which is to monitor the new one; NULL: no monitor */
    acta_ref *monitor_out;           /* the monitor's reference; may be NULL */
    uint64_t *info_out;              /* what init said by acta_set_start_info, 0 if nothing; may be NULL */
    const acta_name_service *via;    /* who keeps `name`; must outlive the actor; NULL: the runtime */
    uint32_t init_timeout_ms;        /* 0: none. An init that took longer has failed with ACTA_TIMEOUT, found when it
                                        returns: it runs on the caller's thread, and can't be interrupted. One that hangs
                                        is told by the watchdog, by name; in an actor's turn, with both names */
} acta_spawn_options;

/*
 * Start an actor. `init` is run by the calling thread before acta_spawn returns (as proc_lib's start does, but without
 * a wait): when it fails, so does the spawn, and no process, no name and no exit message are left.
 * Threads: any. Errors: what init returned (ACTA_IGNORE is one of them), ACTA_FAILED when it failed or returned what is no
 *          status, ACTA_TIMEOUT init_timeout_ms; ACTA_ALREADY_EXISTS the name is taken (pid_out is then its holder);
 *          ACTA_BUSY actor_count_max; ACTA_NO_MEMORY; ACTA_STOPPED.
 */
ACTA_API acta_status acta_spawn(
    acta_runtime *runtime, const acta_spawn_options *options, acta_pid *pid_out, acta_error *error);

ACTA_API bool acta_is_alive(const acta_runtime *runtime, acta_pid pid);

/*
 * Ask an actor to end. FAILED, KILLED-less reasons: one that doesn't trap exits ends before its next message; one that
 * traps gets ACTA_INFO_EXIT. kind NORMAL is ignored unless trapped. ACTA_EXIT_KILLED can't be trapped.
 * `from` is the sender as seen by a trapping receiver; may be {0}. No effect on the dead. Without memory for it the signal
 * is lost, with a line in the log; a kill takes none, and the shutdown by a supervisor or a stop becomes a kill then.
 */
ACTA_API void acta_exit(acta_runtime *runtime, acta_pid from, acta_pid to, const acta_exit_reason *reason);

/*
 * End an actor in order, and wait until it has ended: when it comes to this in its mailbox, behind what was sent before,
 * it runs terminate with `reason`, whether it traps exits or not, and all who are told of its end have been when this
 * returns. Works on suspended actors, too.
 *   reason      NULL: NORMAL; else NORMAL, SHUTDOWN or FAILED, with a text. Copied
 *   timeout_ms  ACTA_INFINITE waits as long as it takes
 * Threads: outside threads only; an actor has acta_request_stop, or acta_exit.
 * Errors: ACTA_NOPROC it isn't alive, or ended before it came to this; ACTA_TIMEOUT it still ends when it comes to it;
 *         ACTA_FAILED it ended, but for another reason (its terminate failed, it was killed): `error` has it;
 *         ACTA_INVALID the kind; ACTA_CALLING_SELF; ACTA_NO_MEMORY; ACTA_STOPPED.
 */
ACTA_API acta_status acta_stop(
    acta_runtime *runtime, acta_pid pid, const acta_exit_reason *reason, uint32_t timeout_ms, acta_error *error);

/* -- names -- */

/* 1 to 512 bytes, any. Lock-free to read. A name is free again before any monitor or link is told of the death.
 * Errors: ACTA_ALREADY_EXISTS, ACTA_NOPROC, ACTA_INVALID, ACTA_NO_MEMORY. An actor has at most one name. */
ACTA_API acta_status acta_register(acta_runtime *runtime, acta_str name, acta_pid pid, acta_error *error);
ACTA_API acta_status acta_unregister(acta_runtime *runtime, acta_str name);
ACTA_API acta_pid acta_whereis(const acta_runtime *runtime, acta_str name); /* {0}: nobody */

/* -- requests -- */

/*
 * Call an actor and wait for its reply. From outside threads only (an actor's requests are asynchronous: acta_request
 * in gen_server.h).
 *   request    owned by the call
 *   timeout_ms ACTA_INFINITE for no deadline. It begins when there is something to wait for: not in turns that the
 *              server has on this thread at once
 *   reply_out  the reply, which the caller destroys; NULL: not wanted. Written on ACTA_OK only; may then be NULL when
 *              the server replied without one
 * Returns the status the server replied with, or ACTA_TIMEOUT (a later reply is dropped), ACTA_NOPROC (it was not alive,
 * or ended before it saw the request), ACTA_FAILED (it saw the request and ended, in whatever way, before it answered;
 * `error` has its reason), ACTA_BUSY, ACTA_STOPPED, ACTA_CALLING_SELF from inside an actor.
 * A server with `run_on_caller` that is idle has its turn on the calling thread.
 */
ACTA_API acta_status acta_call(acta_runtime *runtime, acta_pid to, acta_message *request, uint32_t timeout_ms,
    acta_message **reply_out, acta_error *error);

/*
 * The same with a deadline of the runtime's monotonic clock (acta_runtime_now_ns) instead of a timeout, for what must be
 * done within one time by several calls. One that has passed is a timeout of 0: the request is sent, and the reply not
 * waited for. UINT64_MAX: no deadline.
 */
ACTA_API acta_status acta_call_until(acta_runtime *runtime, acta_pid to, acta_message *request, uint64_t deadline_ns,
    acta_message **reply_out, acta_error *error);

/*
 * The same without waiting: `done` is called exactly once, on any thread (also before this returns, if the request
 * can't be sent), and must not block.
 *   reply  borrowed until `done` returns; NULL when there is none
 */
typedef void (*acta_done)(void *user, acta_status status, const acta_message *reply, const acta_error *error);
ACTA_API void acta_call_async(
    acta_runtime *runtime, acta_pid to, acta_message *request, uint32_t timeout_ms, acta_done done, void *user);

/*
 * Work that the calling thread does while it waits in acta_call for a server that runs on the caller: it is called
 * again and again until the reply is there; it returns false when it found nothing to do, and then the thread sleeps
 * until the reply comes. The application lends its waiting callers to the store's committer this way.
 * Set once, before the first call. `help` may block as long as it works.
 */
ACTA_API void acta_runtime_set_helper(acta_runtime *runtime, bool (*help)(void *user), void *user);

#ifdef __cplusplus
}
#endif
#endif
