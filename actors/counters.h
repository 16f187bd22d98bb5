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

/*
 * Calls of the application that are under way: a stop frees nothing before they have returned. Not counted are those from
 * inside the runtime, for which it waits anyway; an actor that fails in one of the user's functions jumps out of it.
 */
const acta_app *acti_app_enter(const acta_app *app); /* NULL: it isn't counted */
void acti_app_leave(const acta_app *const *counted); /* on the same thread */
bool acti_app_is_left(const acta_app *app);

/* The first declaration of a public function: from here to its end it is such a call. */
#define ACTI_IN_CALL(app)                                                                                              \
    const acta_app *acti_entered __attribute__((cleanup(acti_app_leave), unused)) = acti_app_enter(app)

#endif
