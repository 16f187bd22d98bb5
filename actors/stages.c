/*
 * Stages of commands; acta/stages.h has the picture.
 *
 *     bucket of ns:   0 … 7 have one each; then the highest bit chooses eight, and the three bits behind it one of these
 */
#include "stages.h"
#include "counters.h"

enum {
    PARTS = 8,     /* buckets for each doubling */
    PART_BITS = 3, /* log2 of it */
    BIT_MAX = 39   /* of the last buckets: 18 minutes */
};
static_assert((BIT_MAX - PART_BITS + 2) * PARTS == ACTA_STAGE_BUCKETS, "as many as the header says");

typedef struct histogram {
    _Atomic uint64_t sum_ns;
    _Atomic uint64_t buckets[ACTA_STAGE_BUCKETS];
} histogram;

struct acti_stages {
    uint32_t every; /* UINT32_MAX: none */
    histogram histograms[ACTA_STAGE_COUNT];
};

acti_stages *
acti_stages_create(const acta_allocator *allocator, uint32_t every)
{
    acti_stages *stages = allocator->alloc(allocator->user, sizeof *stages);
    if (stages == NULL) return NULL;

    memset(stages, 0, sizeof *stages);
    stages->every = every != 0 ? every : ACTA_STAGE_EVERY_DEFAULT;
    return stages;
}

void
acti_stages_destroy(const acta_allocator *allocator, acti_stages *stages)
{
    if (stages != NULL) allocator->free(allocator->user, stages, sizeof *stages);
}

bool
acti_stages_choose(const acti_command *command)
{
    uint32_t every = command->app->stages->every;

    if (command->begun_ns == 0 || every == UINT32_MAX) return false;
    /* Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4): the low digits of a clock are no lot. */
    return (command->begun_ns * UINT64_C(0x9e3779b97f4a7c15) >> 32) * every >> 32 == 0;
}

static uint32_t
bucket_of(uint64_t ns)
{
    if (ns < PARTS) return (uint32_t)ns;
    uint32_t bit = 63 - (uint32_t)__builtin_clzll(ns);
    if (bit > BIT_MAX) return ACTA_STAGE_BUCKETS - 1;
    return (bit - PART_BITS + 1) * PARTS + ((uint32_t)(ns >> (bit - PART_BITS)) & (PARTS - 1));
}

void
acti_stages_add(acta_app *app, acta_stage stage, uint64_t ns)
{
    histogram *h = &app->stages->histograms[stage];

    /* relaxed, both: numbers that nothing else hangs on. */
    atomic_fetch_add_explicit(&h->sum_ns, ns, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->buckets[bucket_of(ns)], 1, memory_order_relaxed);
}

static uint64_t
between(uint64_t from_ns, uint64_t to_ns)
{
    return to_ns > from_ns ? to_ns - from_ns : 0; /* a batch may have been begun before it was joined */
}

void
acti_stages_durable(acti_command *command, const acta_commit_result *result)
{
    if (command->submitted_ns == 0) return;
    uint64_t begun_ns = result->batch_begun_ns > command->submitted_ns ? result->batch_begun_ns : command->submitted_ns;
    acti_stages_add(command->app, ACTA_STAGE_WAIT, begun_ns - command->submitted_ns);
    acti_stages_add(command->app, ACTA_STAGE_SYNC, between(begun_ns, result->durable_ns));
    command->durable_ns = result->durable_ns;
}

void
acti_stages_answered(const acti_command *command)
{
    if (command->durable_ns == 0) return;
    uint64_t now_ns = acti_now_ns(command->app);
    acti_stages_add(command->app, ACTA_STAGE_REPLY, between(command->durable_ns, now_ns));
    acti_stages_add(command->app, ACTA_STAGE_WHOLE, between(command->begun_ns, now_ns));
}

/* -- for whoever looks -- */

void
acta_app_stages(const acta_app *app, acta_stage_times *times_out)
{
    ACTI_IN_CALL(app);
    for (uint32_t stage = 0; stage < ACTA_STAGE_COUNT; stage++) {
        const histogram *h = &app->stages->histograms[stage];
        acta_stage_times *times = &times_out[stage];
        /* relaxed, all: as they are added. */
        times->count = 0;
        times->sum_ns = atomic_load_explicit(&h->sum_ns, memory_order_relaxed);
        for (uint32_t i = 0; i < ACTA_STAGE_BUCKETS; i++) {
            times->buckets[i] = atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
            times->count += times->buckets[i];
        }
    }
}

const char *
acta_stage_name(acta_stage stage)
{
    static const char *const names[ACTA_STAGE_COUNT] = { "queue", "execute", "encode", "apply", "wait", "sync", "reply",
        "whole" };
    return (uint32_t)stage < ACTA_STAGE_COUNT ? names[stage] : "";
}

uint64_t
acta_stage_bucket_ns(uint32_t index)
{
    if (index >= ACTA_STAGE_BUCKETS) return 0;
    if (index < PARTS) return index;
    uint32_t shift = index / PARTS - 1;
    return ((uint64_t)(PARTS + index % PARTS + 1) << shift) - 1;
}

uint64_t
acta_stage_part_ns(const acta_stage_times *times, uint32_t per_mille)
{
    uint64_t wanted = times->count / 1000 * per_mille + times->count % 1000 * per_mille / 1000;
    uint64_t seen = 0;

    if (times->count == 0) return 0;
    for (uint32_t i = 0; i < ACTA_STAGE_BUCKETS; i++) {
        seen += times->buckets[i];
        if (seen >= wanted && seen > 0) return acta_stage_bucket_ns(i);
    }
    return acta_stage_bucket_ns(ACTA_STAGE_BUCKETS - 1);
}
