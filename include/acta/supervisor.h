/*
 * Supervisor: an actor that starts its children in order, restarts those that end when they should not, and stops them
 * in the opposite order. When more than `intensity` restarts fall within `period_ms` it stops them all and ends itself,
 * so that its own supervisor decides.
 *
 *     static const acta_child_spec children[] = {
 *         { .id = "store", .start = { .behaviour = &store_behaviour } },
 *         { .id = "cache", .start = { .behaviour = &cache_behaviour }, .restart = ACTA_TRANSIENT },
 *     };
 *     acta_supervisor_options options = { .strategy = ACTA_REST_FOR_ONE, .children = children, .child_count = 2 };
 *     acta_supervisor_start(runtime, &options, &pid, &error);
 *
 * A tree: a child of type ACTA_SUPERVISOR with an acta_supervisor_options argument is a supervisor itself; tree.h.
 *
 * What a restart touches:
 *     one_for_one          the child that ended
 *     one_for_all          all: stopped in reverse order, then started in order
 *     rest_for_one         the child and those after it, in the same way; those before it keep pid and state
 *     simple_one_for_one   the child that ended; children are made at run time, all from one spec, and known by pid
 * A group restart starts all permanent and transient children of the group, those too that had ended or had been
 * terminated before it; not those whose acta_supervisor_terminate_child came while it was under way. Temporary ones are
 * stopped with the rest and forgotten. Other ends within the group, while it is being stopped, count as none.
 *
 * Starting. A child's init runs in its supervisor's turn (the first time: on the thread that starts the supervisor). It
 * can't be ended from outside, as OTP's start timeout ends a process of its own. start.init_timeout_ms is found when init
 * returns: then that start has failed with ACTA_TIMEOUT, as if init had, and what it made is let go of. Until it returns
 * the supervisor does nothing else, not even end; a spare worker goes on with others (acta_runtime_config.spare_workers),
 * and the watchdog tells of it: "actor 'supervisor' … has been in the init of 'worker' <1.7> for 1000 ms". So what may take
 * long belongs in handle_continue or behind a first message, where the supervisor doesn't wait for it and shutdown and kill
 * reach it between two messages. An init that gives ACTA_IGNORE starts nothing: a permanent or transient child keeps its spec, without a pid; a temporary or
 * dynamic one is forgotten. One that gives an error, or finds its name taken, is a start that failed; whoever holds the
 * name is left alone.
 *
 * Ends. The window of `period_ms` slides and includes both of its ends: a restart counts if it happened at most
 * period_ms ago. Each start in a restart that fails counts as one more. Time is the runtime's monotonic clock.
 * Reports go to the runtime's log: one line for each restart (warning), each child that ended badly while it was being
 * stopped (warning) and each escalation (error), with supervisor, child, pid and reason; bytes that don't print are
 * escaped and what is too long is cut.
 *
 * A supervisor that is told to end (by its parent, by the runtime, by acta_exit from anyone but a child) stops its
 * children and ends with that reason. One that is killed takes its children along by their links.
 */
#ifndef ACTA_SUPERVISOR_H
#define ACTA_SUPERVISOR_H

#include "acta/gen_server.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum acta_restart {
    ACTA_PERMANENT = 0, /* always restarted */
    ACTA_TRANSIENT,     /* restarted when it failed or was killed; not after NORMAL or SHUTDOWN */
    ACTA_TEMPORARY      /* never; forgotten when it ends */
} acta_restart;

typedef enum acta_strategy {
    ACTA_ONE_FOR_ONE = 0,
    ACTA_ONE_FOR_ALL,
    ACTA_REST_FOR_ONE,
    ACTA_SIMPLE_ONE_FOR_ONE
} acta_strategy;

typedef enum acta_child_type {
    ACTA_WORKER = 0,
    ACTA_SUPERVISOR /* its shutdown is infinite unless said otherwise */
} acta_child_type;

/* Whether the end of significant children ends the supervisor, with SHUTDOWN: all its children are stopped first. Only
 * an end of its own counts (a transient's NORMAL or SHUTDOWN, a temporary's any), not one by acta_supervisor_terminate_
 * child or by a sibling's restart. */
typedef enum acta_auto_shutdown {
    ACTA_AUTO_SHUTDOWN_NEVER = 0,
    ACTA_AUTO_SHUTDOWN_ANY, /* the first significant child's end */
    ACTA_AUTO_SHUTDOWN_ALL  /* the end that leaves no significant child running or restarting */
} acta_auto_shutdown;

enum {
    ACTA_INTENSITY_DEFAULT = 3,
    ACTA_INTENSITY_MAX = 1000000,
    ACTA_PERIOD_DEFAULT = 5000,   /* ms */
    ACTA_SHUTDOWN_DEFAULT = 5000, /* ms, of a worker */
    ACTA_BACKOFF_MIN_DEFAULT = 100,
    ACTA_BACKOFF_MAX_DEFAULT = 30000,
    ACTA_BACKOFF_JITTER_DEFAULT = 20 /* per cent */
};
#define ACTA_INTENSITY_NONE      (UINT32_MAX - 1) /* the first restart is one too many */
#define ACTA_INTENSITY_UNLIMITED UINT32_MAX

typedef struct acta_child_spec {
    const char *id;           /* unique among its siblings; copied. Of a simple_one_for_one's spec: for reports */
    acta_spawn_options start; /* copied, and so is the name; link, monitor, monitor_out: NULL */
    size_t argument_size;     /* bytes of start.argument, which are copied; the copy is kept as long as the child may
                                 be restarted: a temporary child's goes when its init has returned. 0: not copied, and
                                 what it points to must outlive the child. At most 16 MiB */
    acta_restart restart;
    uint32_t shutdown_ms; /* after a shutdown, until it is killed; 0: 5,000, ACTA_INFINITE for a supervisor;
                             1 to 2,147,483,647, or ACTA_INFINITE: as long as it takes */
    bool brutal_kill;     /* kill at once, without a shutdown; shutdown_ms must be 0 */
    bool significant;     /* see acta_auto_shutdown; transient and temporary children only */
    acta_child_type type; /* one with acta_supervisor_behaviour() is a supervisor, whatever this says */
} acta_child_spec;

/* Delay before the k-th restart in a row: min_ms * 2^(k-1), at most max_ms, +- jitter. The first restart in a period is
 * at once when `first_at_once`. min_ms 0: 100; max_ms 0: 30,000; jitter_percent 0: 20. The row of a child begins again
 * once it has lived for longer than the period, and than its last delay. A group is stopped at once and started after
 * the delay of the child that caused it. */
typedef struct acta_backoff {
    uint32_t min_ms, max_ms, jitter_percent;
    bool first_at_once;
} acta_backoff;

typedef struct acta_supervisor_options {
    acta_str name; /* absent: none */
    acta_strategy strategy;
    uint32_t intensity;   /* restarts within period_ms that are borne; 0: 3; 1 to 1,000,000, or
                                        ACTA_INTENSITY_NONE, or ACTA_INTENSITY_UNLIMITED */
    uint32_t period_ms;   /* 0: 5,000; at most 2,147,483,647 */
    acta_backoff backoff; /* all zero: restart at once, as OTP does */
    acta_auto_shutdown auto_shutdown;
    const acta_child_spec *children; /* started in order; copied. simple_one_for_one: exactly one, not started */
    uint32_t child_count;
    acta_self *link; /* as in acta_spawn_options */
} acta_supervisor_options;

/* error->code of an ACTA_INVALID for a spec or for options; error->where names the field. */
typedef enum acta_spec_error {
    ACTA_SPEC_ID = 1,        /* absent or empty */
    ACTA_SPEC_ID_TAKEN,      /* two children of one id */
    ACTA_SPEC_BEHAVIOUR,     /* absent, of a worker */
    ACTA_SPEC_RESTART,       /* no acta_restart */
    ACTA_SPEC_SHUTDOWN,      /* out of range (a negative number), or together with brutal_kill */
    ACTA_SPEC_TYPE,          /* no acta_child_type */
    ACTA_SPEC_SIGNIFICANT,   /* of a permanent child, or where auto_shutdown is never */
    ACTA_SPEC_LINK,          /* start.link or start.monitor is set */
    ACTA_SPEC_ARGUMENT,      /* argument_size without an argument, or over 16 MiB */
    ACTA_FLAG_STRATEGY,      /* no acta_strategy */
    ACTA_FLAG_INTENSITY,     /* over ACTA_INTENSITY_MAX (a negative number) */
    ACTA_FLAG_PERIOD,        /* over 2,147,483,647 (a negative number) */
    ACTA_FLAG_BACKOFF,       /* min_ms over max_ms, jitter over 100 per cent */
    ACTA_FLAG_AUTO_SHUTDOWN, /* no acta_auto_shutdown, or not never with simple_one_for_one */
    ACTA_FLAG_CHILDREN       /* simple_one_for_one with none or several specs; a count without a table */
} acta_spec_error;

/*
 * Start a supervisor and its children. One child that can't be started ends those before it, youngest first and each by
 * its shutdown, those after it aren't started, and the call fails with that child's error ("child 'clock': …").
 *   options  borrowed until the call returns
 * Threads: any. From inside an actor the call doesn't wait for the children that are stopped after such a failure.
 * Errors: ACTA_INVALID with an acta_spec_error; those of acta_spawn.
 */
ACTA_API acta_status acta_supervisor_start(
    acta_runtime *runtime, const acta_supervisor_options *options, acta_pid *pid_out, acta_error *error);

/* Spawn option for a supervisor as a child of another: give this behaviour with an acta_supervisor_options argument. A
 * child of type ACTA_SUPERVISOR without a behaviour has this one, so that a tree can be a static const table. */
ACTA_API const acta_behaviour *acta_supervisor_behaviour(void);

/*
 * -- children at run time --
 *
 * These functions are for outside threads: they wait as long as the supervisor takes, which for terminate is as long as
 * the child takes. From inside an actor they give ACTA_CALLING_SELF: there, ask (acta_supervisor_ask, below) and get
 * the answer as a message; a child may ask its own supervisor anything, also for its own end, without a deadlock.
 * All give ACTA_NOPROC at once for a supervisor that isn't alive, ACTA_STOPPED for one that is stopping its children,
 * and ACTA_NO_MEMORY. While a group is being restarted, starts wait until it is through; the other requests don't.
 */

/* A child that was started. pid {0}: its init gave ACTA_IGNORE. */
typedef struct acta_started {
    acta_pid pid;
    uint64_t info; /* what its init said by acta_set_start_info; 0: nothing */
} acta_started;

typedef enum acta_child_state {
    ACTA_CHILD_STOPPED = 0, /* ended for good, terminated, or init gave ACTA_IGNORE */
    ACTA_CHILD_RUNNING,     /* has a pid; may be on its way out */
    ACTA_CHILD_RESTARTING   /* waits for its restart */
} acta_child_state;

/*
 * Start one more child, as the youngest.
 *   spec         borrowed until the call returns
 *   started_out  may be NULL; written on ACTA_OK, and on ACTA_ALREADY_EXISTS with the pid that is in the way: of the
 *                running child, or of the holder of the name; {0}: there is a child of that id that doesn't run
 * Errors: ACTA_ALREADY_EXISTS; ACTA_INVALID with an acta_spec_error, or for a simple_one_for_one; those of acta_spawn:
 *         the spec isn't kept.
 */
ACTA_API acta_status acta_supervisor_start_child(acta_runtime *runtime, acta_pid supervisor,
    const acta_child_spec *spec, acta_started *started_out, acta_error *error);

/*
 * simple_one_for_one: start one more child from its spec.
 *   argument       for its init, in place of the spec's; NULL: the spec's
 *   argument_size  bytes to be copied, up to 16 MiB; 0: not copied, must outlive the child. The copy is kept as long as
 *                  the child may be restarted: a temporary child's goes when its init has returned
 * Errors: ACTA_INVALID for another strategy; those of acta_spawn.
 */
ACTA_API acta_status acta_supervisor_start_dynamic(acta_runtime *runtime, acta_pid supervisor, const void *argument,
    size_t argument_size, acta_started *started_out, acta_error *error);

/*
 * Stop a child by its shutdown and wait for its end, however it comes about; cancel its restart, if it waits for one. The
 * spec is kept, but for a temporary child's. One that doesn't run: ACTA_OK.
 * Errors: ACTA_NOT_FOUND; ACTA_INVALID for a simple_one_for_one.
 */
ACTA_API acta_status acta_supervisor_terminate_child(
    acta_runtime *runtime, acta_pid supervisor, const char *id, acta_error *error);

/*
 * The same for a child known by its pid (its last, while it waits for its restart), with any strategy. A
 * simple_one_for_one forgets it. ACTA_OK for a pid of the past; ACTA_NOT_FOUND for an actor that isn't its child.
 */
ACTA_API acta_status acta_supervisor_terminate_pid(
    acta_runtime *runtime, acta_pid supervisor, acta_pid child, acta_error *error);

/*
 * Start a child that is stopped.
 *   started_out  as in acta_supervisor_start_child
 * Errors: ACTA_NOT_FOUND; ACTA_CONFLICT it runs or waits for its restart (error->code is its acta_child_state);
 *         ACTA_INVALID for a simple_one_for_one; those of acta_spawn: it stays stopped.
 */
ACTA_API acta_status acta_supervisor_restart_child(
    acta_runtime *runtime, acta_pid supervisor, const char *id, acta_started *started_out, acta_error *error);

/* Forget the spec of a child that is stopped. Errors as above. */
ACTA_API acta_status acta_supervisor_delete_child(
    acta_runtime *runtime, acta_pid supervisor, const char *id, acta_error *error);

/* The pid of a child; {0} while it waits for its restart or is stopped. ACTA_NOT_FOUND. */
ACTA_API acta_status acta_supervisor_child(
    acta_runtime *runtime, acta_pid supervisor, const char *id, acta_pid *pid_out, acta_error *error);

typedef struct acta_child_counts {
    uint32_t specs;       /* of a simple_one_for_one: 1 */
    uint32_t active;      /* running */
    uint32_t supervisors; /* running or not */
    uint32_t workers;
} acta_child_counts;
ACTA_API acta_status acta_supervisor_count(
    acta_runtime *runtime, acta_pid supervisor, acta_child_counts *counts_out, acta_error *error);

typedef struct acta_child_info {
    acta_pid pid; /* {0} unless it runs */
    acta_child_state state;
    acta_child_spec spec; /* defaults filled in; an argument that was copied: one more copy, in the list's block */
} acta_child_info;

/* As of one moment. All of it is one block: texts and copied arguments live as long as the list. */
typedef struct acta_child_list {
    uint32_t count;
    const acta_child_info *children; /* in the order of their start */
    const acta_child_spec *dynamic;  /* the spec of a simple_one_for_one; else NULL */
} acta_child_list;

/*
 * All children, or the one with `id`.
 *   list_out  destroyed by the caller with acta_child_list_destroy
 * Errors: ACTA_NOT_FOUND; ACTA_NO_MEMORY, also for a list of more than 64 MiB (some 300,000 children).
 */
ACTA_API acta_status acta_supervisor_list(
    acta_runtime *runtime, acta_pid supervisor, const acta_child_list **list_out, acta_error *error);
ACTA_API acta_status acta_supervisor_find(
    acta_runtime *runtime, acta_pid supervisor, const char *id, const acta_child_list **list_out, acta_error *error);
ACTA_API void acta_child_list_destroy(const acta_child_list *list); /* takes NULL */

/* A supervisor's own options, defaults filled in: all but name, children and link, which are absent. child_count is the
 * number of specs; ACTA_INTENSITY_NONE and ACTA_INTENSITY_UNLIMITED stay what they are. */
ACTA_API acta_status acta_supervisor_flags(
    acta_runtime *runtime, acta_pid supervisor, acta_supervisor_options *options_out, acta_error *error);

/*
 * Change the flags and the specs of a running supervisor, all of it or nothing.
 *   options  as in acta_supervisor_start, name and link are ignored; borrowed until the call returns
 * Nobody is started or stopped by it. A child whose id is known keeps its place, its pid and its state, and its next
 * start is by the new spec; a new one is added as the youngest, stopped: acta_supervisor_restart_child starts it; one
 * that isn't named stays as it is. The spec of a simple_one_for_one counts for the next start of all its children, but
 * for arguments that were given to acta_supervisor_start_dynamic. Past restarts count on. A copied argument that was
 * replaced stays until the supervisor ends, for children may still read it.
 * Errors: ACTA_INVALID with an acta_spec_error, ACTA_FLAG_STRATEGY also for a change from or to simple_one_for_one;
 *         ACTA_BUSY a group is being restarted.
 */
ACTA_API acta_status acta_supervisor_change(
    acta_runtime *runtime, acta_pid supervisor, const acta_supervisor_options *options, acta_error *error);

/*
 * -- the same from inside an actor --
 *
 * A request for a supervisor, to be given to acta_request (or acta_call_async, acta_call). The status of its answer is
 * that of the function above; the answer's payload is named here. NULL: no memory, which acta_request reports.
 *
 *     acta_request(self, supervisor, acta_supervisor_ask(runtime, ACTA_ASK_TERMINATE, "cache"), 5000, &ref);
 *
 * The answer of an ACTA_ALREADY_EXISTS has a payload, too, for requests (not for acta_call).
 */
typedef enum acta_supervisor_question {
    ACTA_ASK_TERMINATE = 1, /* no payload */
    ACTA_ASK_RESTART,       /* acta_started */
    ACTA_ASK_DELETE,        /* no payload */
    ACTA_ASK_CHILD,         /* acta_pid */
    ACTA_ASK_FIND,          /* acta_child_list */
    ACTA_ASK_LIST,          /* acta_child_list; id: NULL */
    ACTA_ASK_COUNT,         /* acta_child_counts; id: NULL */
    ACTA_ASK_FLAGS          /* acta_supervisor_options; id: NULL */
} acta_supervisor_question;
ACTA_API acta_message *acta_supervisor_ask(
    acta_runtime *runtime, acta_supervisor_question question, const char *id);                        /* id is copied */
ACTA_API acta_message *acta_supervisor_ask_start(acta_runtime *runtime, const acta_child_spec *spec); /* acta_started */
ACTA_API acta_message *acta_supervisor_ask_start_dynamic(
    acta_runtime *runtime, const void *argument, size_t argument_size); /* acta_started */
ACTA_API acta_message *acta_supervisor_ask_change(
    acta_runtime *runtime, const acta_supervisor_options *options);                              /* no payload */
ACTA_API acta_message *acta_supervisor_ask_terminate_pid(acta_runtime *runtime, acta_pid child); /* no payload */

#ifdef __cplusplus
}
#endif
#endif
