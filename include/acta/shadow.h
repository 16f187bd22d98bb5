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
 */
#ifndef ACTA_SHADOW_H
#define ACTA_SHADOW_H

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

#ifdef __cplusplus
}
#endif
#endif
