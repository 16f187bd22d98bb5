/*
 * Scenarios that several programs of the tests run.
 */
#ifndef SCENARIOS_H
#define SCENARIOS_H

#include "acta/simulate.h"

extern const acta_scenario schedule_scenario; /* tests/actors/simulate_schedule.c */
extern const acta_scenario trips_scenario;    /* trips.c */
extern const acta_scenario operator_scenario; /* the same file */

#endif
