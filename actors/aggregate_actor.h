/*
 * Aggregate: one instance, one actor, one stream. What its files share.
 *
 *     COLD --first command--> REHYDRATING --> READY --an append failed--> DRAINING --all appends ended--> COLD
 *                              |      ^
 *                              v      |        (many events: one of `rehydration_max` permits)
 *                             WAITING-+
 *
 * In READY the state is that after all appends that were submitted: the next command is decided on it while the sync of
 * those before is under way. What must hold:
 *
 *  - Appends carry the writer session and a running number; when one fails the committer refuses all later ones. Then
 *    the state is thrown away, and the commands that it held are executed again, in their order.
 *  - An answer leaves only when all appends that its state contains are durable. One that has no append of its own waits
 *    with the last one that is under way (its `waiters`).
 */
#ifndef ACTI_ACTORS_AGGREGATE_ACTOR_H
#define ACTI_ACTORS_AGGREGATE_ACTOR_H

#include "command.h"
#include "decision.h"
#include "personal.h"

/* Appends of one actor that are under way. Outlives it: then the completions answer what it can't any more. */
struct acti_pipeline {
    _Atomic uint64_t word;          /* count of appends under way, and ACTI_PIPELINE_… */
    _Atomic(acti_command *) failed; /* newest first, by `next`; the actor takes them */
    acta_app *app;
    acta_pid pid;
};

#define ACTI_PIPELINE_OWNED  (UINT64_C(1) << 63) /* its actor has not ended */
#define ACTI_PIPELINE_WANTED (UINT64_C(1) << 62) /* its actor wants to know when the count falls to 0 */
#define ACTI_PIPELINE_ASIDE  (UINT64_C(1) << 61) /* a snapshot is under way; at most one is */
#define ACTI_PIPELINE_COUNT  (ACTI_PIPELINE_ASIDE - 1)

typedef enum acti_aggregate_phase {
    ACTI_COLD,
    ACTI_WAITING, /* for a permit */
    ACTI_REHYDRATING,
    ACTI_READY,
    ACTI_DRAINING
} acti_aggregate_phase;

/* Command ids that were seen since the pipeline was last empty. */
typedef struct acti_seen_ids {
    acti_map map;
    struct acti_seen_id *first;
    uint32_t sweep_at; /* count */
} acti_seen_ids;

/*
 * What an instance needs while it has something to do: made for its first command, given back once it has been idle for a
 * second (aggregate_lifespan.c), made again for the next one.
 */
typedef struct acti_aggregate_work {
    acti_pipeline *pipeline;
    uint64_t session, sequence;
    acti_command *last;     /* the newest append of the session, a reference; NULL: none */
    acti_command_list kept; /* to be executed, in order */
    uint64_t order;
    acti_seen_ids ids;
    uint64_t outside_looked; /* outside_count, of when it was last asked while something was under way */

    uint64_t stream_version; /* as it was when this rehydration was begun */
    acta_cursor *cursor;     /* while a chunk is folded: here, so that an apply that fails leaves nothing behind */
    acta_ref permit_ref;
    bool has_permit;
    bool may_be_long; /* it has asked */

    /* The command in hand: here, so that a failure in the user's code leaves nothing behind. */
    bool is_timed; /* it is one of those that are: stages.h */
    acti_command *executing;
    acta_transaction *transaction;
    acta_decision *decision;      /* NULL: not yet */
    uint64_t encoding_ns;         /* of its events so far */
    struct acti_inlined *inlined; /* rows of inline projections in hand; NULL: none */
    acta_memory *personal;        /* for what is sealed or opened, in the actor's memory; NULL: not yet */
    const acta_str *tags;         /* of the event that is being encoded */
    uint32_t tag_count;
} acti_aggregate_work;

/* An instance at rest is this, and what lies in its memory: a million of them may be. tests/actors/test_live_size.c */
typedef struct acti_aggregate_actor acti_aggregate_actor;
struct acti_aggregate_actor {
    acta_app *app;
    const acti_aggregate *aggregate;
    acta_self *self;
    acta_str stream;           /* ours */
    acti_aggregate_work *work; /* NULL: at rest */
    acta_memory *memory;       /* of the state; may be NULL at rest, when there is nothing in it */
    uint64_t version;
    uint64_t
        outside_count; /* of the store, when the state was last known to be the stream's (acta_store_outside_count) */
    uint64_t forget_count;    /* when the state was begun */
    uint64_t snapshot_due_at; /* a snapshot is due of a state that has come to this version; 0: none */
    uint32_t idle_ms;         /* in force; UINT32_MAX: none */
    uint8_t phase;            /* acti_aggregate_phase */

    bool begun : 1;             /* rehydrating: stream_version, outside_count and forget_count are set */
    bool stops : 1;             /* as soon as all that is under way has ended: aggregate_lifespan.c */
    bool ends : 1;              /* at once: what it has kept is asked again */
    bool snapshot_is_asked : 1; /* a command on its way brings an ACTI_TAG_SNAPSHOT back */
    bool fatal : 1;             /* the store refuses writes: end when all is drained */
    bool is_early : 1;          /* a simulation's: it is passivated when it was idle for a moment */
    bool is_listed : 1;         /* aggregate_budget.c */

    /* aggregate_budget.c: by others too. */
    acti_aggregate_actor *used_before, *used_after; /* under the list's lock */
    _Atomic uint64_t counted_bytes;

    _Alignas(8) uint8_t value[]; /* the state's struct */
};

typedef struct acti_aggregate_argument {
    acta_app *app;
    const acti_aggregate *aggregate;
    acta_str stream;
} acti_aggregate_argument;

/* Without the size of the state's struct: acti_aggregate.behaviour has it. */
extern const acta_behaviour acti_aggregate_behaviour;

/* aggregate.c */
/* The state is void: nothing is decided on it any more. It is read again when all that is under way has ended. */
void acti_aggregate_break_state(acti_aggregate_actor *a);

/* aggregate_execute.c */
/* On the state as it is: phase READY. True: it was decided; it is answered, now or later, or kept, if that state is void. */
bool acti_aggregate_execute(acti_aggregate_actor *a, acti_command *command);

/* aggregate_rehydrate.c */
/* Read some more. *done_out: the state is there. An error names stream, version and type; nothing is half done. */
acta_status acti_rehydrate(acti_aggregate_actor *a, bool *done_out, acta_error *error);
/* Is the rest so long that it takes a permit? */
bool acti_rehydrate_is_long(const acti_aggregate_actor *a);
void acti_aggregate_forget_state(acti_aggregate_actor *a);
/* Fold one event in, opened. ACTA_NO_MEMORY: the state is spoilt; ACTA_CORRUPT: a personal field doesn't open. */
acta_status acti_aggregate_apply(acti_aggregate_actor *a, uint32_t event, acta_bytes payload, acta_error *error);

/* aggregate_work.c */
bool acti_work_begin(acti_aggregate_actor *a); /* if it is at rest; false: no memory, and it still is */
void acti_work_end(acti_aggregate_actor *a); /* all that is under way has ended, or the actor has; takes one at rest */

/* aggregate_snapshot.c: no answer waits for one. */
/* A command has led on from `version_before`: if a snapshot is due, its completion will ask for it. */
void acti_snapshot_note(acti_aggregate_actor *a, acti_command *command, uint64_t version_before);
/* Write the one that is due. */
void acti_snapshot_take(acti_aggregate_actor *a);

/* aggregate_budget.c */
void acti_budget_join(acti_aggregate_actor *a);
void acti_budget_leave(acti_aggregate_actor *a); /* also when it has not joined */
/* It was used: count its bytes, and see to it that all of them fit. */
void acti_budget_note(acti_aggregate_actor *a);

/* aggregate_lifespan.c */
void acti_lifespan_begin(acti_aggregate_actor *a);
/* Command `number` was decided. */
void acti_lifespan_note(acti_aggregate_actor *a, uint32_t number, const acta_envelope *envelope);
/* There is nothing to do. If it is to stop, an ACTA_INFO_TIMEOUT comes when all that is under way has ended. */
void acti_lifespan_rest(acti_aggregate_actor *a);
/* It was idle for so long as was set. True: it lives on, at rest. */
bool acti_lifespan_goes_on(acti_aggregate_actor *a);

/* aggregate_pipeline.c */
acti_pipeline *acti_pipeline_create(acta_app *app, acta_pid pid);
void acti_pipeline_leave(acti_pipeline *pipeline);   /* one append has ended */
void acti_pipeline_abandon(acti_pipeline *pipeline); /* the actor has ended; once */
uint64_t acti_pipeline_count(const acti_pipeline *pipeline);
/* True: nothing is under way. False: an ACTI_TAG_WAKE comes when it is. */
bool acti_pipeline_drained_or_wake(acti_pipeline *pipeline);
acti_command *acti_pipeline_take_failed(acti_pipeline *pipeline); /* oldest first, by `next` */
/* Submit the transaction of a command, which is answered when it is durable. Takes the transaction. */
acta_status acti_pipeline_submit(
    acti_aggregate_actor *a, acti_command *command, acta_transaction *transaction, acta_error *error);
/* The same for one that nobody waits for. */
acta_status acti_pipeline_submit_aside(acti_aggregate_actor *a, acta_transaction *transaction, acta_error *error);
bool acti_pipeline_has_aside(const acti_pipeline *pipeline); /* one of those is under way */

typedef enum acti_attached { ACTI_ATTACHED, ACTI_DURABLE, ACTI_BROKEN } acti_attached;
/* Let `command`, whose answer is set, be answered with the last append. DURABLE: nothing is under way, answer it now.
 * BROKEN: that append has failed, the answer is void. */
acti_attached acti_pipeline_attach(acti_aggregate_actor *a, acti_command *command);
/* The same with a certain append of this actor. */
acti_attached acti_pipeline_attach_to(acti_aggregate_actor *a, acti_command *append, acti_command *command);
bool acti_pipeline_has_ended(const acti_command *append);

/* aggregate_ids.c */
void acti_seen_ids_init(acti_aggregate_actor *a);
void acti_seen_ids_clear(acti_aggregate_actor *a);
typedef enum acti_id_verdict {
    ACTI_ID_NEW,      /* execute it */
    ACTI_ID_ANSWERED, /* its answer is set, from what is stored */
    ACTI_ID_ATTACHED, /* its twin is under way, and it is answered with it */
    ACTI_ID_BROKEN    /* its twin has just failed: so has the state */
} acti_id_verdict;
acti_id_verdict acti_command_id_check(acti_aggregate_actor *a, acti_command *command);
void acti_command_id_seen(acti_aggregate_actor *a, acti_command *command); /* it is under way from here on */

#endif
