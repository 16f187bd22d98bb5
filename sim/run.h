/*
 * One run of a scenario, from a seed or a tape: what happened, and whether it failed. Included by sim/ alone.
 */
#ifndef ACTI_SIM_RUN_H
#define ACTI_SIM_RUN_H

#include "acta/simulate.h"
#include "internal.h"
#include "sites.h"

/* What a run is made of. All zero: seed 0, nobody looks on. */
typedef struct acti_run_setup {
    uint64_t seed;           /* not used when `replay` is set */
    const acti_tape *replay; /* NULL: draw */
    acti_tape *record;       /* NULL: don't; cleared first */
    uint64_t layout;         /* 0: the usual memory; else other bytes in fresh blocks, and other places of them */
    struct acti_pool *pool;  /* of the usual memory, kept from run to run; NULL: one of its own */
    acti_coverage *coverage; /* NULL: nobody wants to know; what the run comes to is added */
    acti_watch watch;
} acti_run_setup;

/* In memory that processes share: no pointers. */
typedef struct acti_run_result {
    bool has_ended; /* false: its process died */
    bool failed;
    char invariant[160];
    char text[512];
    acta_sim_stats stats;
    uint64_t hash, virtual_ms;
} acti_run_result;

void acti_run(const acta_scenario *scenario, const acti_run_setup *setup, acti_run_result *result_out);

/* It has failed: "INVARIANT: more". What stands before the first colon is the invariant; the first failure counts. */
void acti_run_fail(acti_run_result *result, const char *format, ...) ACTA_PRINTF(2, 3);

#endif
