/*
 * Sites of a simulation: which chance sites are active in this seed, and how often each place was come to (acta/sites.h).
 *
 *     first passage -> active in this seed?  drawn      later ones, when active -> fires?  drawn
 */
#ifndef ACTI_SIM_SITES_H
#define ACTI_SIM_SITES_H

#include "acta/simulate.h"

enum { ACTI_SITE_MAX = ACTA_SIMULATE_SITES_MAX, ACTI_SITE_SLOTS = 1024 };

typedef struct acti_site {
    acta_sim_site seen;
    bool is_active;
} acti_site;

/* In the order of first passages. All zero: none yet. */
typedef struct acti_site_table {
    acti_site sites[ACTI_SITE_MAX];
    uint32_t count;
    struct {
        const char *name; /* the constant's address: only to find it again, so that nothing depends on what it is */
        uint32_t number;
    } slots[ACTI_SITE_SLOTS];
    bool may_fire; /* chance sites are one of this seed's faults */
} acti_site_table;

/* As acta_sites of an environment; `user` is the simulation. */
bool acti_sites_chance(void *user, const char *name, uint32_t percent);
void acti_sites_reached(void *user, const char *name);

/* What became of each place in many runs; no pointers but to constants, so that processes that fork may share it. */
typedef struct acti_coverage {
    uint32_t count;
    acta_sim_site sites[ACTI_SITE_MAX];
} acti_coverage;

/* Every place of the library and the scenario, by its name, none of them reached yet. */
void acti_coverage_begin(acti_coverage *coverage, const acta_scenario *scenario);
/* Add up what a run has come to, or many. What began with the same scenario stays in the same order. */
void acti_coverage_add_run(acti_coverage *coverage, acta_sim *sim);
void acti_coverage_add(acti_coverage *coverage, const acti_coverage *more);

/* sim.c: where a simulation keeps them. */
acti_site_table *acti_sim_sites(acta_sim *sim);

#endif
