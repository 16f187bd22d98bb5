/*
 * Plants: defects on purpose, each of a kind that was found in somebody's actor runtime or event store, by which the simulation
 * is tested: it must find every one of them (docs/testing.md has the table).
 *
 *     if (ACTA_PLANT("checkpoint_before_work")) position = acta_subscription_looked(r->subscription);
 *
 * Compiled in only with the Meson option -Dplants=true, and then only the one that is named in the environment:
 *     ACTA_PLANT=checkpoint_before_work
 */
#ifndef ACTA_PLANT_H
#define ACTA_PLANT_H

#include "acta/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef ACTA_PLANTS
#define ACTA_PLANT(name) acta_plant_is(name)
#else
#define ACTA_PLANT(name) (false)
#endif

/* Is this the defect that was asked for? Threads: any. */
ACTA_API bool acta_plant_is(const char *name);

#ifdef __cplusplus
}
#endif
#endif
