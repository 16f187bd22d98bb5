/*
 * What the files of gen_statem share. Nobody else includes this.
 *
 *     mailbox --> state function --> postponed --(the state changes)--> queue --> state function
 *                      |                                                  ^
 *                      '--- next events, asked for ------------------------'   and timeouts of 0 ms behind the queue
 *
 * A machine lies beside its data, in acti_relations.layer, so that the actor's end frees it whatever kind of end it is.
 */
#ifndef ACTI_RUNTIME_GEN_STATEM_INTERNAL_H
#define ACTI_RUNTIME_GEN_STATEM_INTERNAL_H

#include "internal.h"

#include "acta/gen_statem.h"

/* An event that waits inside the machine. */
typedef struct acti_event {
    struct acti_event *next;
    acta_statem_event event;
    acta_message *message; /* ours; NULL: it has none, or a handler has kept it */
    acta_info info;        /* INFO; what it points to lies behind this */
    uint32_t size;         /* of the block */
} acti_event;

typedef struct acti_event_list {
    acti_event *first, *last;
    uint32_t count;
} acti_event_list;

typedef struct acti_timeout {
    acta_statem_event_type type;
    uint32_t name;
    bool is_running; /* there is a timer: ref */
    bool is_due;     /* of 0 ms: comes when nothing is queued */
    bool is_wanted;  /* asked for by the handler that runs: delay_ms, wanted_user */
    acta_ref ref;
    uint32_t delay_ms;
    uint64_t user, wanted_user;
    uint64_t serial; /* in the order asked for */
} acti_timeout;

enum { ACTI_POSTPONED_COUNT_MAX = 1000, ACTI_POSTPONED_BYTES_MAX = 16 << 20 }; /* defaults */
enum { ACTI_EVENT_TIMEOUT, ACTI_STATE_TIMEOUT, ACTI_FIXED_TIMEOUTS };

typedef struct acti_statem {
    acta_runtime *runtime;
    const acta_statem *what;
    void *data;
    uint32_t state;
    acti_event_list queue, postponed;
    uint64_t waiting_bytes; /* messages of both */
    uint64_t refused;
    bool refusal_logged;

    /* The handler that runs. */
    const acta_statem_event *in_hand; /* NULL: init */
    acti_event *retried;              /* it was in the queue before */
    acti_event_list asked;            /* acta_statem_next_event */
    bool postpones;
    bool is_entering;

    acti_timeout fixed[ACTI_FIXED_TIMEOUTS];
    acti_timeout *named;
    uint32_t named_count, named_capacity;
    uint64_t timeout_serial;
} acti_statem;

/* The machine that `self` is; fails the actor if it is none. */
acti_statem *acti_statem_of(acta_self *self);

/* gen_statem_timeout.c */
void acti_timeouts_init(acti_statem *m);
void acti_timeout_cancel(acta_self *self, acti_timeout *timeout);
void acti_timeouts_begin(acta_self *self, acti_statem *m); /* those that are wanted */
bool acti_timeout_take_rung(acti_statem *m, acta_ref ref, acta_statem_event *event_out);
bool acti_timeout_take_due(acti_statem *m, acta_statem_event *event_out);
bool acti_timeout_is_due(const acti_statem *m);

/* gen_statem_queue.c */
void acti_events_append(acti_event_list *list, acti_event *item);
acti_event *acti_events_take(acti_event_list *list);
void acti_events_prepend(acti_event_list *list, acti_event_list *before); /* `before` is empty after it */
bool acti_event_keep(acta_self *self, acti_statem *m);                    /* the event in hand; false: at the bound */
void acti_event_free(acti_statem *m, acti_event *item);
void acti_events_drop(acta_self *self, acti_statem *m, acti_event_list *list); /* the actor is at its end */

#endif
