/*
 * Counters of an application: how much it has done since its start, and what is under way now.
 *
 *     acta_app_counters counters;
 *     acta_app_count(app, &counters);
 *     printf("%" PRIu64 " commands, %" PRIu64 " rejected, %" PRIu64 " decided again\n", counters.dispatched,
 *         counters.answered[ACTA_REJECTED], counters.decided_again);
 *
 * Each is counted on the thread that does it, in a line of memory that others seldom write, and added up when it is asked
 * for. What a single reader has done is in acta_reader_info (app.h), where the time goes in stages.h.
 */
#ifndef ACTA_COUNTERS_H
#define ACTA_COUNTERS_H

#include "acta/app.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ACTA_COUNTED_STATUSES = ACTA_DELETED + 1 };

/* All but the last group only grow. */
typedef struct acta_app_counters {
    /* Commands of acta_dispatch and _async; of _json, and the gateway, if they were commands. What was refused at once is among
     * them. */
    uint64_t dispatched;
    uint64_t
        answered[ACTA_COUNTED_STATUSES]; /* by what the caller was told, an acta_status; with wait_for that counts */
    uint64_t reads;                      /* acta_aggregate_read, and the generated _read */

    /* Aggregates, for whomever they decide. */
    uint64_t repeated;      /* commands of an id that was known: told its outcome, or refused as another command's */
    uint64_t conflicts;     /* appends that failed since another writer, or an earlier command of the id, was first */
    uint64_t decided_again; /* commands that were decided again for that: those behind them, too */
    uint64_t started;       /* instances that came into memory */
    uint64_t passivated;    /* instances that left it by themselves: idle, at the end of their lifespan, or evicted */
    uint64_t rehydrations;  /* states that were read from a stream that has events */
    uint64_t rehydrated_events; /* the events that were read for them, behind their snapshots */
    uint64_t snapshots;         /* submitted */

    /* Process managers and schedule. */
    uint64_t manager_commands;  /* dispatched by process managers, each attempt */
    uint64_t manager_retries;   /* attempts of these that failed and are made again later */
    uint64_t schedule_commands; /* dispatched by the schedule, each attempt */

    /* As of now. */
    uint64_t commands_open;   /* dispatched and not answered yet, by whomever */
    uint64_t outboxes_open;   /* instances of process managers that have commands to dispatch */
    uint64_t aggregates_live; /* instances in memory */
} acta_app_counters;

/*
 * Add them up. Each number is right; taken while commands run, they are not all of one moment.
 *   app           it may be stopping, not stopped
 *   counters_out  all of it is written
 * Threads: any. Never blocks, takes no memory.
 */
ACTA_API void acta_app_count(const acta_app *app, acta_app_counters *counters_out);

#ifdef __cplusplus
}
#endif
#endif
