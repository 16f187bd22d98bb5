/*
 * The scenarios that are built into acta: those of the examples.
 */
#ifndef TOOLS_SIMULATION_LIST_H
#define TOOLS_SIMULATION_LIST_H

#include "acta/simulate.h"

extern const acta_scenario *const simulation_list[]; /* ends with NULL */

#endif
