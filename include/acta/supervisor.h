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
 * A tree: a child with acta_supervisor_behaviour() and an acta_supervisor_options argument is a supervisor itself.
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
 * can't be ended from outside, so there is no timeout for it: what may take long belongs in handle_continue or behind a
 * first message, where the supervisor doesn't wait for it and shutdown and kill reach it between two messages. An init
 * that gives ACTA_IGNORE starts nothing: a permanent or transient child keeps its spec, without a pid; a temporary or
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
    size_t argument_size;     /* bytes of start.argument, which are copied, and kept as long as the child may be
                                 restarted; 0: not copied, and what it points to must outlive the child */
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
    ACTA_SPEC_BEHAVIOUR,     /* absent */
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

/* Spawn option for a supervisor as a child of another: give this behaviour with an acta_supervisor_options argument. */
ACTA_API const acta_behaviour *acta_supervisor_behaviour(void);

/* From outside threads. Start one more child, as the youngest. ACTA_ALREADY_EXISTS: the id is taken. */
ACTA_API acta_status acta_supervisor_start_child(
    acta_runtime *runtime, acta_pid supervisor, const acta_child_spec *spec, acta_pid *pid_out, acta_error *error);

/* From outside threads. Stop a child by its shutdown and forget its spec. ACTA_NOT_FOUND. */
ACTA_API acta_status acta_supervisor_delete_child(
    acta_runtime *runtime, acta_pid supervisor, const char *id, acta_error *error);

/* From outside threads. The pid of a child; {0} while it waits for its restart. ACTA_NOT_FOUND. */
ACTA_API acta_status acta_supervisor_child(
    acta_runtime *runtime, acta_pid supervisor, const char *id, acta_pid *pid_out, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
