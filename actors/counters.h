/*
 * Counters as they are counted. acta/counters.h says what they mean.
 *
 *     thread --hash--> shard: [ count | count | … ]    lines of memory of its own, unless two threads' hashes are one
 *     acta_app_count: all shards added up
 */
#ifndef ACTI_ACTORS_COUNTERS_H
#define ACTI_ACTORS_COUNTERS_H

#include "acta/counters.h"

#include "internal.h"

typedef enum acti_counter {
    ACTI_COUNT_DISPATCHED,
    ACTI_COUNT_READS,
    ACTI_COUNT_REPEATED,
    ACTI_COUNT_CONFLICTS,
    ACTI_COUNT_DECIDED_AGAIN,
    ACTI_COUNT_STARTED,
    ACTI_COUNT_PASSIVATED,
    ACTI_COUNT_REHYDRATIONS,
    ACTI_COUNT_REHYDRATED_EVENTS,
    ACTI_COUNT_SNAPSHOTS,
    ACTI_COUNT_MANAGER_COMMANDS,
    ACTI_COUNT_MANAGER_RETRIES,
    ACTI_COUNT_SCHEDULE_COMMANDS,
    ACTI_COUNT_ANSWERED, /* and one for each status */
    ACTI_COUNTERS = ACTI_COUNT_ANSWERED + ACTA_COUNTED_STATUSES
} acti_counter;

acti_counters *acti_counters_create(const acta_allocator *allocator);                 /* NULL: no memory */
void acti_counters_destroy(const acta_allocator *allocator, acti_counters *counters); /* takes NULL */

void acti_counter_add(const acta_app *app, uint32_t counter, uint64_t many); /* any thread */

static inline void
acti_count(const acta_app *app, acti_counter counter)
{
    acti_counter_add(app, counter, 1);
}

/* A dispatcher is told `status`. */
static inline void
acti_count_answer(const acta_app *app, acta_status status)
{
    acti_counter_add(app, ACTI_COUNT_ANSWERED + (uint32_t)status, 1);
}

#endif
