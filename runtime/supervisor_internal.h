/*
 * What supervisor.c and supervisor_child.c share.
 */
#ifndef ACTI_RUNTIME_SUPERVISOR_INTERNAL_H
#define ACTI_RUNTIME_SUPERVISOR_INTERNAL_H

#include "internal.h"

typedef struct acti_child {
    struct acti_child *prev, *next; /* siblings in the order of their start */
    acta_child_spec spec;           /* id is the supervisor's copy */
    acta_pid pid;                   /* {0}: ended, or waits for its restart */
    acta_ref monitor;
    acta_ref timer;        /* its restart, or the end of its patience in a shutdown; {0}: none */
    uint64_t started_ns;   /* when it was started last */
    uint32_t restart_row;  /* restarts in a row */
    uint32_t delay_ms;     /* of the last restart */
    bool is_deleted;       /* on its way out */
    acta_from delete_from; /* who asked for that */
} acti_child;

typedef struct acti_supervisor {
    acti_child *first, *last;
    uint32_t intensity, period_ms;
    acta_backoff backoff;
    bool has_backoff;
    bool is_stopping;
    acta_exit_reason end; /* why, when is_stopping */
    uint64_t *restarts;   /* times of the restarts within the period, a ring */
    uint32_t restart_first, restart_count, restart_capacity;
} acti_supervisor;

enum { ACTI_TIMER_RESTART = 1, ACTI_TIMER_PATIENCE };

acta_status acti_child_check(const acta_child_spec *spec, acta_error *error);
acti_child *acti_child_add(acta_self *self, acti_supervisor *supervisor, const acta_child_spec *spec);
void acti_child_remove(acta_self *self, acti_supervisor *supervisor, acti_child *child);
acti_child *acti_child_find(acti_supervisor *supervisor, const char *id);
acti_child *acti_child_of_pid(acti_supervisor *supervisor, acta_pid pid);
acti_child *acti_child_of_monitor(acti_supervisor *supervisor, acta_ref monitor);
acti_child *acti_child_of_timer(acti_supervisor *supervisor, acta_ref timer);
/* `rolls_back_out`: the child is a supervisor that could not start its own children and is ending. */
acta_status acti_child_start(acta_self *self, acti_child *child, bool *rolls_back_out, acta_error *error);
void acti_child_stop(acta_self *self, acti_child *child);
void acti_child_forget_timer(acta_self *self, acti_child *child);
uint32_t acti_child_backoff_ms(acta_self *self, const acti_supervisor *supervisor, const acti_child *child);

#endif
