/*
 * What sys.c and trace.c share: system messages, and what an actor keeps for them. Nobody else includes this.
 */
#ifndef ACTI_RUNTIME_SYS_INTERNAL_H
#define ACTI_RUNTIME_SYS_INTERNAL_H

#include "acta/sys.h"

#include "internal.h"

/* The tag of a system message; its payload is the struct named beside it. */
typedef enum acti_sys_op {
    ACTI_SYS_SUSPEND,
    ACTI_SYS_RESUME,
    ACTI_SYS_STATE, /* uint32_t: the room for the text */
    ACTI_SYS_INFO,
    ACTI_SYS_COUNT, /* bool */
    ACTI_SYS_TRACE, /* acti_sys_trace_on */
    ACTI_SYS_TRACE_OFF,
    ACTI_SYS_STOP, /* acta_exit_reason */
    ACTI_SYS_ROOM  /* what was before it in the mailbox has been handled */
} acti_sys_op;

typedef struct acti_sys_trace_on {
    acta_trace_sink sink;
    void *user;
} acti_sys_trace_on;

/* Made on first use, gone with the actor. */
typedef struct acti_sys {
    acti_node *waiting_first, *waiting_last; /* set aside while suspended, in order; linked by `next` */
    uint32_t waiting_count;
    acti_sys_trace_on trace;
    bool is_traced;                       /* by `trace`; ACTI_ODD_TRACED may be for a driver's sake */
    uint64_t counts[ACTA_TRACE_EXIT + 1]; /* by acta_trace_kind */
    uint64_t counted_ns;
    acta_from stopper; /* who is told of the end */
    acta_exit_kind stop_kind;
} acti_sys;

acti_sys *acti_sys_of(acti_actor *actor); /* NULL: no memory */

/* trace.c */
acta_status acti_trace_start(acti_actor *actor, const acti_sys_trace_on *on, acta_error *error);
void acti_trace_stop(acti_actor *actor);
void acti_trace_count(acti_actor *actor, bool on);
void acti_trace_note(acti_actor *actor, acta_trace_event *event);

#endif
