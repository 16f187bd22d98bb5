/*
 * Counters, in shards by thread; counters.h has the picture.
 */
#include "counters.h"

#include <pthread.h>

enum { SHARDS = 32, LINE = 64 };

typedef struct shard {
    _Alignas(LINE) _Atomic uint32_t calls; /* under way, of these threads */
    _Atomic uint64_t values[ACTI_COUNTERS];
} shard;

struct acti_counters {
    void *block; /* of the allocator */
    shard *shards;
};

enum { BLOCK_SIZE = SHARDS * sizeof(shard) + LINE };

static_assert(ACTA_DELETED + 1 == ACTA_COUNTED_STATUSES, "the last status is counted");

acti_counters *
acti_counters_create(const acta_allocator *allocator)
{
    acti_counters *counters = allocator->alloc(allocator->user, sizeof *counters);
    if (counters == NULL) return NULL;

    counters->block = allocator->alloc(allocator->user, BLOCK_SIZE); /* which aligns for any type alone */
    if (counters->block == NULL) {
        allocator->free(allocator->user, counters, sizeof *counters);
        return NULL;
    }
    memset(counters->block, 0, BLOCK_SIZE);
    counters->shards = (shard *)(((uintptr_t)counters->block + LINE - 1) & ~(uintptr_t)(LINE - 1));
    return counters;
}

void
acti_counters_destroy(const acta_allocator *allocator, acti_counters *counters)
{
    if (counters == NULL) return;
    allocator->free(allocator->user, counters->block, BLOCK_SIZE);
    allocator->free(allocator->user, counters, sizeof *counters);
}

/* By the thread's address, whose low bits are the same for all (Fibonacci hashing). */
static uint32_t
shard_here(void)
{
    uint64_t self = (uint64_t)(uintptr_t)pthread_self();
    return (uint32_t)((self >> 12) * UINT64_C(0x9e3779b97f4a7c15) >> 32) % SHARDS;
}

void
acti_counter_add(const acta_app *app, uint32_t counter, uint64_t many)
{
    /* Relaxed: numbers that nothing else hangs on. */
    atomic_fetch_add_explicit(&app->counters->shards[shard_here()].values[counter], many, memory_order_relaxed);
}

const acta_app *
acti_app_enter(const acta_app *app)
{
    if (app->runtime == NULL || acta_runtime_is_inside(app->runtime)) return NULL;
    /* Relaxed: that it comes before a stop is the callers' business. */
    atomic_fetch_add_explicit(&app->counters->shards[shard_here()].calls, 1, memory_order_relaxed);
    return app;
}

void
acti_app_leave(const acta_app *const *counted)
{
    if (*counted == NULL) return;
    /* Release: all that the call did comes before whatever acta_app_stop frees. */
    atomic_fetch_sub_explicit(&(*counted)->counters->shards[shard_here()].calls, 1, memory_order_release);
}

bool
acti_app_is_left(const acta_app *app)
{
    for (uint32_t i = 0; i < SHARDS; i++) /* acquire: see acti_app_leave */
        if (atomic_load_explicit(&app->counters->shards[i].calls, memory_order_acquire) > 0) return false;
    return true;
}

static uint64_t
sum(const acta_app *app, uint32_t counter)
{
    uint64_t all = 0;

    for (uint32_t i = 0; i < SHARDS; i++) /* relaxed: see acti_counter_add */
        all += atomic_load_explicit(&app->counters->shards[i].values[counter], memory_order_relaxed);
    return all;
}

/* Of a number that others lower at the same time. */
static uint64_t
at_least_none(int64_t number)
{
    return number > 0 ? (uint64_t)number : 0;
}

void
acta_app_count(const acta_app *app, acta_app_counters *counters_out)
{
    ACTI_IN_CALL(app);
    *counters_out = (acta_app_counters){ .dispatched = sum(app, ACTI_COUNT_DISPATCHED),
        .reads = sum(app, ACTI_COUNT_READS),
        .repeated = sum(app, ACTI_COUNT_REPEATED),
        .conflicts = sum(app, ACTI_COUNT_CONFLICTS),
        .decided_again = sum(app, ACTI_COUNT_DECIDED_AGAIN),
        .started = sum(app, ACTI_COUNT_STARTED),
        .passivated = sum(app, ACTI_COUNT_PASSIVATED),
        .rehydrations = sum(app, ACTI_COUNT_REHYDRATIONS),
        .rehydrated_events = sum(app, ACTI_COUNT_REHYDRATED_EVENTS),
        .snapshots = sum(app, ACTI_COUNT_SNAPSHOTS),
        .manager_commands = sum(app, ACTI_COUNT_MANAGER_COMMANDS),
        .manager_retries = sum(app, ACTI_COUNT_MANAGER_RETRIES),
        .schedule_commands = sum(app, ACTI_COUNT_SCHEDULE_COMMANDS),
        /* Relaxed, all three: as of some moment. */
        .commands_open = at_least_none(atomic_load_explicit(&app->commands_open, memory_order_relaxed)),
        .outboxes_open = at_least_none(atomic_load_explicit(&app->outboxes_open, memory_order_relaxed)),
        .aggregates_live = atomic_load_explicit(&app->live.count, memory_order_relaxed) };
    for (uint32_t status = 0; status < ACTA_COUNTED_STATUSES; status++)
        counters_out->answered[status] = sum(app, ACTI_COUNT_ANSWERED + status);
}
