/*
 * The schedule's clerk: what its files share.
 *
 *     slot: a key under work. One thing at a time for each, others wait in its queue
 *
 *          a request --> WRITING --durable--> answered
 *     IDLE                                                                  --> the next request; no slot when there is none
 *          its time  --> ASKING --answer--> ENDING --durable--> row gone, parked, or put for its next time
 *                          ^  no answer |
 *                          +-- BACKOFF <+
 */
#ifndef ACTI_ACTORS_SCHEDULE_CLERK_H
#define ACTI_ACTORS_SCHEDULE_CLERK_H

#include "schedule.h"

enum { ACTI_FIRING_MAX = 64, ACTI_SLOTS_MAX = 1024 };

typedef struct acti_under_way acti_under_way;

typedef enum acti_slot_phase {
    ACTI_SLOT_IDLE,
    ACTI_SLOT_WRITING,
    ACTI_SLOT_ASKING,
    ACTI_SLOT_BACKOFF,
    ACTI_SLOT_ENDING
} acti_slot_phase;

/* A call that waits for its turn; one block with its bytes. */
typedef struct acti_asked {
    struct acti_asked *next;
    acta_from from;
    acti_tag what;
    bool has_waited; /* for a run to end */
    acti_schedule_request request;
} acti_asked;

typedef struct acti_slot {
    acti_map_node node; /* by row key, which lies behind the slot */
    struct acti_slot *prev, *next;
    acta_bytes row_key;
    acti_slot_phase phase;
    acti_asked *first, *last;
    uint64_t number; /* WRITING, ENDING: of the transaction */

    /* WRITING */
    acti_asked *writing;
    acti_schedule_answer answer;

    /* A run. */
    bool is_run; /* counted as firing, and among the application's open outboxes */
    int64_t due_us;
    uint64_t mark;
    int64_t next_us;           /* ENDING: when it is due next; INT64_MAX: never */
    acti_under_way *under_way; /* its command; NULL: none */
    acta_ref ref;
    uint32_t attempts, tries, retry_max;
    uint64_t retry_ns;
} acti_slot;

typedef struct acti_schedule_clerk {
    acta_app *app;
    acta_self *self;
    acta_memory *memory, *scratch;
    acta_allocator allocator; /* over memory */
    acti_map slots;
    acti_slot *first, *last; /* the oldest first */
    uint32_t calls;          /* that wait for their answers */
    uint64_t number;
    bool is_begun;        /* what the life before submitted is through */
    bool is_over;         /* the store takes no more: until the next start */
    bool has_more;        /* is due, and has no slot yet */
    int64_t next_us;      /* when the next is due that was not at the last look; INT64_MAX: none is known */
    acti_asked *resuming; /* all that are parked; NULL: nobody asked */
    uint64_t resume_number;
    uint32_t firing, waiting; /* runs; those of them in BACKOFF */
    uint64_t timer_ns;        /* 0: none is set */
    acta_ref timer;
} acti_schedule_clerk;

/* schedule_clerk.c */
acti_slot *acti_slot_find(const acti_schedule_clerk *c, acta_bytes row_key);
acti_slot *acti_slot_create(acti_schedule_clerk *c, acta_bytes row_key); /* NULL: no memory */
void acti_slot_next(acti_schedule_clerk *c, acti_slot *slot);            /* it is idle, or in backoff */
/* Submit a transaction of a slot; takes it, NULL too. */
acta_status acti_slot_submit(
    acti_schedule_clerk *c, acti_slot *slot, acta_transaction *t, acti_slot_phase phase, acta_error *error);
bool acti_schedule_is_healthy(acti_schedule_clerk *c);

/* Something may be due at this time: for who asks whether all is at rest, before what led to it counts as done. */
void acti_schedule_expect(acti_schedule_clerk *c, int64_t due_us);

/* Where a row's command goes; NULL: no command of the application. */
const acti_route *acti_scheduled_route(const acta_app *app, acta_str command);

/* schedule_fire.c */
void acti_schedule_scan(acti_schedule_clerk *c);
void acti_schedule_retry(acti_schedule_clerk *c); /* those whose time has come */
void acti_run_answered(acti_schedule_clerk *c, acti_slot *slot, acta_status status, const acta_error *error);
void acti_run_ended(acti_schedule_clerk *c, acti_slot *slot, acta_status status, const acta_error *error);

/* schedule_command.c */
acta_status acti_run_create(acti_schedule_clerk *c, acti_slot *slot, const acti_scheduled *row, acta_error *error);
/* Through `before`. False: it is answered. */
bool acti_run_begin(acti_slot *slot, acta_status *status_out, acta_error *error);
acta_status acti_run_send(acti_schedule_clerk *c, acti_slot *slot, acta_error *error);
/* Its answer has come: what it is in the end. There is no command any more. */
acta_status acti_run_conclude(acti_slot *slot, acta_status status, acta_error *error);

static inline void
acti_slot_set_phase(acti_schedule_clerk *c, acti_slot *slot, acti_slot_phase phase)
{
    if (slot->phase == ACTI_SLOT_BACKOFF) c->waiting--;
    if (phase == ACTI_SLOT_BACKOFF) c->waiting++;
    slot->phase = phase;
}

/* May another run begin? */
static inline bool
acti_schedule_has_room(const acti_schedule_clerk *c, uint32_t firing_max)
{
    return c->firing - c->waiting < firing_max && c->slots.count < ACTI_SLOTS_MAX;
}

/* The highest time for which a command was sent since the start of the application, whichever life of the clerk did. */
static inline int64_t
acti_schedule_watermark(const acta_app *app)
{
    /* Relaxed: one actor at a time, and its lives follow each other. */
    return atomic_load_explicit(&app->schedule_sent_us, memory_order_relaxed);
}

#endif
