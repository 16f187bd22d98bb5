/*
 * What runs turns, and what it keeps to itself: contexts, workers, their counters. internal.h includes this.
 */
#ifndef ACTI_RUNTIME_WORKER_H
#define ACTI_RUNTIME_WORKER_H

#include "slot.h"

/* A caller's thread that lends itself to one actor. */
typedef struct acti_host {
    acti_actor *actor;
    struct acti_call *call; /* whose answer the thread waits for */
    bool ready;             /* the actor is owned by this thread and wants a turn */
} acti_host;

/* What runs a turn: a worker, an outside caller, the stepping thread of a manual runtime; on its thread's stack. */
struct acti_context {
    acta_runtime *runtime;
    acti_worker *worker;  /* NULL outside the workers */
    acti_host *host;      /* NULL unless the thread is lent */
    acti_actor *actor;    /* in its turn, or in its init; NULL between */
    acta_from answering;  /* the request in the actor's hands */
    sigjmp_buf escape;    /* acta_fail leaves to here */
    bool timers_are_due;  /* or may be: a worker looks before its next turn */
    uint32_t unrecorded;  /* turns until the next that is recorded */
    uint32_t frame_count; /* where acta_fail was called, until it is reported */
    uintptr_t frames[ACTI_FRAME_MAX];
    bool start_failed; /* a supervisor's start ended in a rollback: start_error says why */
    acta_error start_error;
    uint64_t start_info; /* in an init: acta_set_start_info */
};

/* For one on the stack. What is written before it is read, and large, isn't cleared: a spawn and a call of an outside
 * thread make one each. */
static inline void
acti_context_init(acti_context *context, acta_runtime *runtime, acti_actor *actor)
{
    context->runtime = runtime;
    context->worker = NULL;
    context->host = NULL;
    context->actor = actor;
    context->answering = (acta_from){ 0, 0 };
    context->unrecorded = 0;
    context->timers_are_due = false;
    context->frame_count = 0;
    context->start_failed = false;
    context->start_info = 0;
}

enum {
    ACTI_STAT_SPAWNED,
    ACTI_STAT_EXITED,
    ACTI_STAT_SENT,
    ACTI_STAT_HANDLED,
    ACTI_STAT_DROPPED,
    ACTI_STAT_REFUSED,
    ACTI_STAT_SHED,
    ACTI_STAT_NOPROC,
    ACTI_STAT_LATE,
    ACTI_STAT_UNHANDLED,
    ACTI_STAT_CRASHED,
    ACTI_STAT_RESTARTED,
    ACTI_STAT_OFFLOADED,
    ACTI_STAT_OFFLOADS_REFUSED,
    ACTI_STAT_SLOW,
    ACTI_STAT_LENT,
    ACTI_STAT_COUNT
};
typedef struct acti_stats {
    alignas(ACTI_CACHE_LINE) _Atomic uint64_t values[ACTI_STAT_COUNT];
} acti_stats;

struct acti_worker {
    acti_context context;
    acti_stats stats;
    uint32_t index;
    acti_thread thread;

    /* The worker, and whoever steals. */
    alignas(ACTI_CACHE_LINE) _Atomic uint64_t ring_head;
    alignas(ACTI_CACHE_LINE) _Atomic uint64_t ring_tail;
    _Atomic(acti_actor *) lifo;
    _Atomic uint32_t lifo_held, lifo_wanted; /* see run_queue.h */
    _Atomic(acti_node *) bundle_first;       /* NULL: none; see bundle.h */
    _Atomic(acti_node *) bundle_last;
    _Atomic(acti_actor *) bundle_to;
    _Atomic uint64_t bundle_load;
    _Atomic uint64_t turn_count;
    _Atomic(acti_actor *) running; /* whose turn it is, or was until we looked for work in vain: then NULL */
    _Atomic(acti_actor *) ring[ACTI_RING_SIZE];

    /* Parking. */
    alignas(ACTI_CACHE_LINE) _Atomic uint32_t token; /* 1: wake up */
    bool is_parked;                                  /* among the sleepers; under idle_lock */
    _Atomic uint32_t must_rest;                      /* a futex; 1: a spare that isn't lent; see watchdog.c */

    /* The worker alone. */
    acti_actor *slot_first; /* free slots, linked by `state`; actor.c */
    uint32_t slot_count;
    _Atomic uint32_t alive_count, starting_count; /* a stop reads them; see living.h */
    acti_node *spare[ACTI_SPARE_CLASSES + 1];     /* blocks of small messages, to be used again; linked by `next` */
    uint32_t spare_room[ACTI_SPARE_CLASSES + 1];  /* for so many more; the last is for the others, and has none */
    acti_message *spare_full[ACTI_SPARE_CLASSES]; /* a magazine more of each class, or NULL; see blocks.c */
    bool is_searching;
    uint32_t lifo_in_a_row;
    uint32_t turns_to_look, looks_to_inject;
    const acti_actor *busy_to;           /* the actor that it sent to last and found busy */
    uint32_t busy_row;                   /* times in a row */
    int64_t grown_at_look, grown_before; /* acti_grown_by when it last looked around, and at the look before */
    uint32_t steal_seed;
    struct acti_record_ring *records; /* NULL: it records where outside threads do */
};

/* Messages that it has sent beyond those that it has handled. */
static inline int64_t
acti_grown_by(const acti_worker *worker)
{
    /* relaxed, both: by the worker itself */
    uint64_t sent = atomic_load_explicit(&worker->stats.values[ACTI_STAT_SENT], memory_order_relaxed);
    return (int64_t)(sent - atomic_load_explicit(&worker->stats.values[ACTI_STAT_HANDLED], memory_order_relaxed));
}

#endif
