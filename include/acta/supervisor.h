/*
 * Supervisor: an actor that starts its children in order, restarts those that end when they should not, and stops them
 * in the opposite order. When more than `intensity` restarts fall within `period_ms` it stops them all and fails
 * itself, so that its own supervisor decides.
 */
#ifndef ACTA_SUPERVISOR_H
#define ACTA_SUPERVISOR_H

#include "acta/gen_server.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum acta_restart {
    ACTA_PERMANENT = 0, /* always restarted */
    ACTA_TRANSIENT,     /* restarted when it failed or was killed */
    ACTA_TEMPORARY      /* never; forgotten when it ends */
} acta_restart;

typedef enum acta_strategy {
    ACTA_ONE_FOR_ONE = 0 /* a child that ends is restarted alone */
} acta_strategy;

enum {
    ACTA_INTENSITY_DEFAULT = 3,
    ACTA_PERIOD_DEFAULT = 5000,   /* ms */
    ACTA_SHUTDOWN_DEFAULT = 5000, /* ms */
    ACTA_BACKOFF_MIN_DEFAULT = 100,
    ACTA_BACKOFF_MAX_DEFAULT = 30000,
    ACTA_BACKOFF_JITTER_DEFAULT = 20 /* per cent */
};

typedef struct acta_child_spec {
    const char *id;           /* unique among its siblings; copied */
    acta_spawn_options start; /* copied; the name and what `argument` points to must outlive the child */
    acta_restart restart;
    uint32_t shutdown_ms; /* 0: 5,000; ACTA_INFINITE: as long as it takes; then it is killed */
    bool brutal_kill;     /* kill at once, without a shutdown */
} acta_child_spec;

/* Delay before the k-th restart in a row: min_ms * 2^(k-1), at most max_ms, +- jitter. The first restart in a period is
 * at once when `first_at_once`. min_ms 0: 100; max_ms 0: 30,000; jitter_percent 0: 20. */
typedef struct acta_backoff {
    uint32_t min_ms, max_ms, jitter_percent;
    bool first_at_once;
} acta_backoff;

typedef struct acta_supervisor_options {
    acta_str name; /* absent: none */
    acta_strategy strategy;
    uint32_t intensity;              /* restarts within period_ms that are borne; 0: 3; UINT32_MAX: any number */
    uint32_t period_ms;              /* 0: 5,000 */
    acta_backoff backoff;            /* all zero: restart at once, as OTP does */
    const acta_child_spec *children; /* started in order; copied */
    uint32_t child_count;
    acta_self *link; /* as in acta_spawn_options */
} acta_supervisor_options;

/*
 * Start a supervisor and its children. One child that can't be started ends those before it, and the call fails with
 * that child's error ("child 'clock': …").
 * Threads: any. Errors: ACTA_INVALID (two children of one id, intensity with a period of 0, …), those of acta_spawn.
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
