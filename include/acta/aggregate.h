/*
 * Aggregates: pure decisions over a state that is folded from events.
 *
 *     execute(state, command) -> events | rejection      pure: no I/O, no clock, no randomness
 *     apply(state, event)     -> state                   pure and total: a recorded event can't be refused
 *
 * What a user fills in is generated from the schema (bank_Account_aggregate, BANK_ACCOUNT(…), bank_…_emit,
 * bank_reject); this header holds what that code stands on.
 */
#ifndef ACTA_AGGREGATE_H
#define ACTA_AGGREGATE_H

#include "acta/id.h"
#include "acta/schema.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What one command leads to: collected events, or a rejection. Lives while `execute` runs. */
typedef struct acta_decision acta_decision;

/* What execute returns; made by emit and reject, or acta_nothing. Opaque: only hand it on. */
typedef struct acta_verdict {
    acta_status status;
} acta_verdict;

/* No events: the command is accepted and changes nothing. */
ACTA_API acta_verdict acta_nothing(acta_decision *decision);

/*
 * Add an event. It is encoded before this returns, so nothing that `value` points to need live longer.
 * Sticky: after a rejection or a failed emit nothing is added, and the command fails as a whole.
 * Generated code calls it: bank_MoneyWithdrawn_emit(decision, value).
 */
ACTA_API acta_verdict acta_decision_emit(acta_decision *decision, const acta_table *event, const void *value);

/* Reject the command. Voids all events emitted before. The first rejection counts. Generated: bank_reject. */
ACTA_API acta_verdict acta_decision_reject(
    acta_decision *decision, uint32_t code, const char *name, const char *format, ...) ACTA_PRINTF(4, 5);

/* The envelope of the command in hand: the only time and ids that a decision may rest on. */
typedef struct acta_envelope {
    acta_id command_id;     /* the caller's, or made up by dispatch */
    acta_id correlation_id; /* of the whole conversation */
    acta_id causation_id;   /* the event that a process manager's command answers to; else none */
    int64_t dispatched_at_us;
} acta_envelope;
ACTA_API const acta_envelope *acta_decision_envelope(const acta_decision *decision);

/* The table of the command in hand: for before_execute, which sees all of an aggregate's. */
ACTA_API const acta_table *acta_decision_command(const acta_decision *decision);

/*
 * The state as it will be after all that was emitted so far: for a command of several steps, each of which sees what the
 * one before has led to.
 *
 *     shop_ItemAdded_emit(decision, added);
 *     if (shop_Order_after(decision)->total > LIMIT) return shop_reject(decision, shop_Rejection_too_much, NULL);
 *
 * Pure: the aggregate's state stays as it is until all of the decision is taken. Costs nothing where it isn't called; the
 * first call behind an emit copies the state, each one applies what was emitted since the last.
 * Returns the state's struct; generated: bank_Account_after(decision), typed. It lives until the next call, or until execute
 * returns. Before the first emit it is the state that execute was given. Where there is no memory for it, the command fails
 * as a whole (ACTA_NO_MEMORY), whatever is decided on what is returned.
 */
ACTA_API const void *acta_state_after(acta_decision *decision);

typedef struct acta_aggregate acta_aggregate;

/* -- lifespans -- */

/* What was just done, when an aggregate's lifespan is asked for. */
typedef enum acta_lifespan_why {
    ACTA_AFTER_EVENT,   /* a command led to events: `table` is the last one's */
    ACTA_AFTER_COMMAND, /* a command was accepted and led to none: `table` is its own */
    ACTA_AFTER_ERROR    /* a command was rejected, or failed: `table` is its own, `error` says how */
} acta_lifespan_why;

typedef struct acta_lifespan_after {
    acta_lifespan_why why;
    const acta_table *table;
    const acta_envelope *envelope; /* of the command */
    const acta_error *error;       /* AFTER_ERROR; else NULL */
} acta_lifespan_after;

/* What it returns: ms without a command, after which the aggregate is passivated; or one of these. */
#define ACTA_LIFESPAN_STOP     UINT32_C(0)      /* at once: as soon as all that is under way has ended */
#define ACTA_LIFESPAN_INFINITE UINT32_MAX       /* never, but for the memory budget */
#define ACTA_LIFESPAN_DEFAULT  (UINT32_MAX - 1) /* what idle_timeout_ms says */

/* One command or event of an aggregate; its index is its place in the array. */
typedef struct acta_aggregate_code {
    const char *name;          /* "Account" */
    const char *stream_prefix; /* "Account-": the stream of "alice" is "Account-alice" */
    const acta_table *state;
    const acta_table *const *commands;
    uint32_t command_count;
    const acta_table *const *events;
    uint32_t event_count;
    acta_verdict (*execute)(
        const acta_aggregate *self, uint32_t command, const void *state, acta_bytes buffer, acta_decision *decision);
    void (*apply)(const acta_aggregate *self, uint32_t event, void *state, acta_bytes buffer, acta_memory *memory);
    /* The first handler that was left out, as "execute.Deposit" or "apply.MoneyDeposited"; NULL: all are there. */
    const char *(*missing)(const acta_aggregate *self);
    /* What the user's lifespan says; ACTA_LIFESPAN_DEFAULT when there is none. */
    uint32_t (*lifespan)(const acta_aggregate *self, const void *state, const acta_lifespan_after *after);
} acta_aggregate_code;

/*
 * First member of each generated aggregate struct. Behind it come, typed by the schema:
 *   execute, apply   one function for each command and each event
 *   before_execute   acta_verdict (*)(const bank_Account *state, acta_decision *decision): a check over the state, the
 *                    envelope (acta_decision_envelope) and which command it is (acta_decision_command), that all commands
 *                    go through; what it rejects is not executed. acta_nothing lets it go on. NULL: no check
 *   lifespan         uint32_t (*)(const bank_Account *state, const acta_lifespan_after *after): asked after each command
 *                    that was decided, on the state behind it; pure. Not where nothing was: another version than was
 *                    expected, an id that was answered before, a read. NULL: idle_timeout_ms
 */
struct acta_aggregate {
    const acta_aggregate_code *code; /* set by the generated initialiser */
    uint32_t snapshot_every;         /* events; 0: 1,000; UINT32_MAX: never */
    uint32_t idle_timeout_ms;        /* passivated after so long without a command; 0: 60,000; UINT32_MAX: never */
    /* Raise it when `apply` has changed its mind: a snapshot is good while this and the schema of the state are what they
     * were when it was written, or else the events are read. */
    uint32_t snapshot_version;
};

#ifdef __cplusplus
}
#endif
#endif
