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

typedef struct acta_aggregate acta_aggregate;

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
} acta_aggregate_code;

/* First member of each generated aggregate struct. */
struct acta_aggregate {
    const acta_aggregate_code *code; /* set by the generated initialiser */
    uint32_t snapshot_every;         /* events; 0: 1,000; UINT32_MAX: never */
    uint32_t idle_timeout_ms;        /* passivated after so long without a command; 0: 60,000; UINT32_MAX: never */
};

#ifdef __cplusplus
}
#endif
#endif
