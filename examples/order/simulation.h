/*
 * The shop under simulation: customers who pay in time, too early, too late, twice, too little or never, and what must hold.
 *
 *     acta_simulate_main(&order_scenario, argc, argv)
 */
#ifndef SHOP_SIMULATION_H
#define SHOP_SIMULATION_H

#include "acta/simulate.h"

/* Its state is one for the process: one run at a time, as acta_simulate has it. */
extern const acta_scenario order_scenario;

#endif
