/*
 * Sites of a simulation: which chance sites are active in this seed, and how often each place was come to (acta/sites.h).
 *
 *     first passage -> active in this seed?  drawn      later ones, when active -> fires?  drawn
 */
#ifndef ACTI_SIM_SITES_H
#define ACTI_SIM_SITES_H

#include "acta/sim.h"

enum { ACTI_SITE_MAX = 256, ACTI_SITE_SLOTS = 1024 };

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

/* sim.c: where a simulation keeps them. */
acti_site_table *acti_sim_sites(acta_sim *sim);

#endif
