/*
 * Sites: places in a program where a simulation may do the unusual, and places that it must have come to.
 *
 *     if (ACTA_SIM_CHANCE(&environment, "mailbox.bound.tiny", 25)) bound = 1;
 *     ACTA_SOMETIMES(&environment, "transfer refunded after a crash");
 *
 * A chance site is active in 25 % of the seeds, and then fires in 25 % of its passages (FoundationDB's BUGGIFY). A simulation
 * counts the passages of both kinds, and names those that no seed has reached (simulate.h). Outside of a simulation, and
 * where the library is built with -Dsim_sites=disabled (as a release build is), a chance is false and costs nothing.
 *
 * A site's name is a string constant, unlike any other: two words by a point at least, what is bent first.
 */
#ifndef ACTA_SITES_H
#define ACTA_SITES_H

#include "acta/environment.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef ACTA_SIM_SITES
#define ACTA_SIM_CHANCE(environment, site, percent) acta_sites_chance((environment), (site), (percent))
#define ACTA_SOMETIMES(environment, what)           acta_sites_reached((environment), (what))
#else
#define ACTA_SIM_CHANCE(environment, site, percent) (false)
#define ACTA_SOMETIMES(environment, what)           ((void)(environment))
#endif

/* What the macros call: environment->sites, when it has any. */
static inline bool
acta_sites_chance(const acta_environment *environment, const char *site, uint32_t percent)
{
    const acta_sites *sites = &environment->sites;
    return sites->chance != NULL && sites->chance(sites->user, site, percent);
}

static inline void
acta_sites_reached(const acta_environment *environment, const char *what)
{
    const acta_sites *sites = &environment->sites;
    if (sites->reached != NULL) sites->reached(sites->user, what);
}

#ifdef __cplusplus
}
#endif
#endif
