/*
 * What the files of the supervisor share.
 *
 *     supervisor.c          the server: init, messages, signals, timers
 *     supervisor_options.c  what specs and options must be, and their defaults
 *     supervisor_child.c    the list of children, starting and stopping one of them
 *     supervisor_restart.c  who is started again, when, and for how long
 *     supervisor_stop.c     the end of the supervisor: children first
 *     supervisor_admin.c    requests, served
 *     supervisor_change.c   flags and specs, changed
 *     supervisor_list.c     children, told of
 *     supervisor_ask.c      requests, made: the public functions
 *     supervisor_report.c   reports
 */
#ifndef ACTI_RUNTIME_SUPERVISOR_INTERNAL_H
#define ACTI_RUNTIME_SUPERVISOR_INTERNAL_H

#include "internal.h"

enum {
    ACTI_TIMER_RESTART = 1, /* user: the child */
    ACTI_TIMER_PATIENCE,    /* user: the child */
    ACTI_TIMER_GROUP,
    ACTI_TIMER_STOP,
    ACTI_ARGUMENT_MAX = 16 << 20
};

/* Tags of requests; those of acta_supervisor_ask follow ACTI_ASK. */
enum { ACTI_TELL_RETRY = 0x5f5b0000, ACTI_TELL_GROUP }; /* casts to oneself */
enum {
    ACTI_ASK = 0x5f5a0000,
    ACTI_ASK_START = 0x5f5a0100,
    ACTI_ASK_DYNAMIC,
    ACTI_ASK_PID,
    ACTI_ASK_CHANGE,
    ACTI_ASK_END,
    ACTI_ASK_ANSWER /* tag of an answer with a payload: that of another actor is no pid, no list, no flags */
};

/* Payload of ACTI_ASK_DYNAMIC; bytes that are copied follow. */
typedef struct acti_dynamic_ask {
    const void *argument;
    size_t argument_size;
} acti_dynamic_ask;

/* Somebody who waits for a child's end. */
typedef struct acti_waiter {
    struct acti_waiter *next;
    acta_from from;
} acti_waiter;

typedef struct acti_child {
    struct acti_child *prev, *next; /* siblings in the order of their start */
    struct acti_child *in_ids;      /* chain of the table of ids */
    struct acti_child *in_pids;     /* chain of the table of pids */
    acta_child_spec spec;           /* defaults filled in; id and name are in `texts`, or a model's */
    char *texts;                    /* NULL: the model's */
    void *argument;                 /* copied; NULL: spec.start.argument is not ours */
    acta_pid pid;                   /* {0}: it doesn't run */
    acta_pid last_pid;              /* what it is known by; {0}: it has never run */
    acta_ref monitor;
    acta_ref timer;       /* its restart, or the end of its patience in a shutdown; {0}: none */
    const void *retry;    /* payload of the message that starts it again; NULL: there is none */
    acti_waiter *waiters; /* for its end */
    uint64_t started_ns;  /* when it was started last */
    uint32_t restart_row; /* restarts in a row */
    uint32_t delay_ms;    /* of the last restart */
    bool waits;           /* for its restart */
    bool is_in_group;     /* of the group restart under way */
    bool is_told;         /* to end */
    bool is_terminated;   /* told so at somebody's request, or its start failed: stays stopped */
    bool is_deleted;      /* goes when it has ended */
} acti_child;

/* A start that waits until the group restart is through. */
typedef struct acti_deferred {
    struct acti_deferred *next;
    acta_from from;
    acti_child *child; /* not in the list yet; NULL: a restart */
    char id[];         /* of the child to be restarted */
} acti_deferred;

typedef enum acti_group { ACTI_GROUP_NONE = 0, ACTI_GROUP_STOPS, ACTI_GROUP_WAITS } acti_group;

typedef struct acti_supervisor {
    acta_supervisor_options flags; /* defaults filled in; no children */
    bool has_backoff;
    acti_child *first, *last;
    uint32_t child_count;
    acti_child *model; /* simple_one_for_one: the spec, not in the list */
    acti_child **ids, **pids;
    uint32_t chain_count; /* of each table; a power of two */

    uint64_t *restarts; /* times of the restarts within the period, a ring */
    uint32_t restart_first, restart_count, restart_capacity;

    /* A group restart: a suffix of the list, stopped from its end, then started from its beginning. */
    acti_group group;
    acti_child *group_at; /* the one being stopped: all after it have ended; NULL: none yet */
    uint32_t group_delay_ms;
    bool group_is_retry;
    acta_ref group_timer;
    acti_deferred *deferred_first, *deferred_last;

    bool is_stopping;
    acta_exit_reason end; /* why, when is_stopping */
    acta_ref stop_timer;  /* simple_one_for_one: one patience for all */
} acti_supervisor;

/* What came of a start. */
typedef struct acti_start {
    acta_pid pid; /* the child's; or the holder's, when its name was taken */
    uint64_t info;
    bool rolls_back; /* it failed: a supervisor that could not start its own children and is ending */
} acti_start;

static inline bool
acti_is_dynamic(const acti_supervisor *s)
{
    return s->flags.strategy == ACTA_SIMPLE_ONE_FOR_ONE;
}

/* supervisor_options.c */
acta_status acti_spec_check(const acta_child_spec *spec, acta_auto_shutdown auto_shutdown, acta_error *error);
acta_status acti_spec_taken(const char *id, acta_error *error);
acta_status acti_options_check(const acta_supervisor_options *options, acta_error *error);
acta_status acti_options_check_change(
    const acti_supervisor *s, const acta_supervisor_options *options, acta_error *error);
void acti_spec_fill(acta_child_spec *spec);
void acti_options_take(acti_supervisor *s, const acta_supervisor_options *options);

/* supervisor_child.c */
acti_child *acti_child_create(acta_self *self, const acta_child_spec *spec); /* NULL: no memory */
/* From the model; `ask` as in acta_supervisor_start_dynamic. */
acti_child *acti_child_create_dynamic(acta_self *self, const acti_supervisor *s, const acti_dynamic_ask *ask);
void acti_child_destroy(acta_self *self, acti_child *child);                 /* not in the list; takes NULL */
bool acti_child_add(acta_self *self, acti_supervisor *s, acti_child *child); /* as the youngest; false: no memory */
void acti_child_remove(acta_self *self, acti_supervisor *s, acti_child *child);
acti_child *acti_child_find(const acti_supervisor *s, const char *id);
acti_child *acti_child_of_pid(const acti_supervisor *s, acta_pid pid); /* or of a past pid, while it waits */
/* OK, IGNORE, or why not. */
acta_status acti_child_start(
    acta_self *self, acti_supervisor *s, acti_child *child, acti_start *start_out, acta_error *error);
void acti_child_stop(acta_self *self, acti_child *child);
void acti_child_ended(acta_self *self, acti_child *child);
void acti_child_forget_timer(acta_self *self, acti_child *child);
void acti_child_answer_waiters(acta_self *self, acti_child *child);
void acti_timer_forget_ref(acta_self *self, acta_ref *timer);

/* supervisor_restart.c */
acta_next acti_child_down(acta_self *self, acti_supervisor *s, acti_child *child, const acta_exit_reason *reason);
acta_next acti_restart_due(acta_self *self, acti_supervisor *s, acti_child *child);
acta_next acti_retry_due(acta_self *self, acti_supervisor *s, const acta_message *message);
acta_next acti_group_due(acta_self *self, acti_supervisor *s);
acta_next acti_group_forgo(acta_self *self, acti_supervisor *s); /* one of the group waits no more */

/* supervisor_stop.c */
acta_next acti_supervisor_stop(acta_self *self, acti_supervisor *s, const acta_exit_reason *end);
acta_next acti_supervisor_stop_gone(acta_self *self, acti_supervisor *s, acti_child *child);
acta_next acti_supervisor_stop_due(acta_self *self, acti_supervisor *s);

/* supervisor_admin.c */
acta_next acti_supervisor_call(acta_self *self, void *state, acta_from from, acta_message *message);
void acti_deferred_run(acta_self *self, acti_supervisor *s);
void acti_deferred_refuse(acta_self *self, acti_supervisor *s);

/* supervisor_change.c */
acta_status acti_supervisor_change(
    acta_self *self, acti_supervisor *s, const acta_supervisor_options *options, acta_error *error);

/* supervisor_list.c */
acta_message *acti_list_make(acta_runtime *runtime, const acti_supervisor *s, const acti_child *only);

/* supervisor_report.c */
void acti_report_restart(acta_self *self, const acti_child *child, const acta_exit_reason *reason, const char *what);
void acti_report_start_failed(acta_self *self, const acti_child *child, const acta_error *error);
void acti_report_bad_end(acta_self *self, const acti_child *child, const acta_exit_reason *reason);
void acti_report_escalation(acta_self *self, const acti_supervisor *s, const acti_child *child, const char *last);

#endif
