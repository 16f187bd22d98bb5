/*
 * Shadow replay: what a new version of a program would have made of what is recorded, before it goes into service. It runs
 * over a copy of the store (acta_store_backup), or beside the program that writes it, and changes nothing.
 *
 *     acta_history_open(&config_of_today, &today, &error);      // the code that is in service; or none: its snapshots
 *     acta_history_open(&config_of_tomorrow, &tomorrow, &error);
 *     acta_shadow_states(today, tomorrow, print, NULL, &report, &error);
 *
 * Each stream of an aggregate is folded by the `apply` of both, event by event, with the upcasters of each; where the states
 * differ, each field that does is told, with the first event behind which they did. The two configurations may have
 * different schemas: states are compared by the names of their fields.
 *
 *     acta_shadow_commands(tomorrow, NULL, print, NULL, &report, &error);
 *
 * Each command that the audit has kept (audit.h) is decided once more by the new `execute`, on the state that it was decided on
 * as the new `apply` makes it; where it would lead to other events, or to another rejection, both are told.
 */
#ifndef ACTA_SHADOW_H
#define ACTA_SHADOW_H

#include "acta/audit.h"
#include "acta/time_travel.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_shadow_difference {
    acta_str stream;
    acta_place place; /* of the first event behind which the states differ */
    acta_str type; /* of that event, as it is recorded; compared with a snapshot: empty, and the place is its version */
    acta_difference difference; /* before: as it was; after: as it would be. With `error`: empty */
    const acta_error *error;    /* the new code can't read the stream; NULL: it can */
} acta_shadow_difference;

/* What it gets lives until it returns. False: no more of them. */
typedef bool acta_shadow_see(void *user, const acta_shadow_difference *difference);

typedef struct acta_shadow_report {
    uint64_t streams;   /* compared */
    uint64_t events;    /* that the new code has folded */
    uint64_t differing; /* streams with a difference, or an error */
    uint64_t skipped;   /* without a snapshot to compare with, or without the events to fold */
} acta_shadow_report;

/*
 * Compare the states of all aggregates that `tomorrow` has.
 *   today       with the code of now, which must have aggregates of the same names for those to be compared; NULL: compared is
 *               with the snapshots in the store, those that are of the new state's schema, as of their versions
 *   tomorrow    with the new code
 *   see         called for each difference, in the order of aggregates, streams and fields; may be NULL: only counted
 *   report_out  may be NULL
 * Memory: two states and two events at a time.
 * Threads: any but an actor's; waits for the disk.
 * Errors: ACTA_IO, ACTA_NO_MEMORY, and what `today` can't read: its code is in service. What was seen before stays seen
 */
ACTA_API acta_status acta_shadow_states(acta_history *today, acta_history *tomorrow, acta_shadow_see *see, void *user,
    acta_shadow_report *report_out, acta_error *error);

/* A command that would be decided otherwise. */
typedef struct acta_shadow_decision {
    acta_str stream;
    acta_str command; /* "bank.Withdraw" */
    acta_id command_id;
    int64_t dispatched_at_us;
    uint64_t version; /* of the stream, that it was decided on */
    /* What it has led to, and would: a line for each event, its type and its content as JSON; or "rejected: " and the rejection's
     * name; "failed: " and why, when an event can't be emitted; empty: nothing. */
    acta_str before, after;
} acta_shadow_decision;

/* What it gets lives until it returns. False: no more of them. */
typedef bool acta_shadow_decision_see(void *user, const acta_shadow_decision *decision);

typedef struct acta_shadow_commands_report {
    uint64_t commands;  /* decided once more */
    uint64_t differing; /* of these */
    uint64_t
        skipped; /* whose content, state or events aren't known: not kept, redacted, of another version of their table,
                         * removed, answered from before, or answered by others than their aggregate */
} acta_shadow_commands_report;

/*
 * Decide recorded commands once more.
 *   tomorrow    with the new code, over a store that an application with .audit.is_on has written
 *   which       of the audit's records; NULL: all
 *   see         called for each that differs, in the order of their dispatch; may be NULL: only counted
 *   report_out  may be NULL
 * For each command its stream is folded from the first event on. What an aggregate's (unique) fields would have refused isn't
 * found. `execute` runs outside of an actor: one that fails (acta_fail) ends the program.
 * Memory: a state and what one command leads to. Threads: any but an actor's; waits for the disk.
 * Errors: ACTA_IO, ACTA_NO_MEMORY, and those of acta_audit_open and _next. What was seen before stays seen
 */
ACTA_API acta_status acta_shadow_commands(acta_history *tomorrow, const acta_audit_read *which,
    acta_shadow_decision_see *see, void *user, acta_shadow_commands_report *report_out, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
