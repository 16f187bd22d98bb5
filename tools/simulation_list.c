/*
 * The scenarios that are built into acta. See simulation_list.h.
 */
#include "simulation_list.h"

extern const acta_scenario bank_scenario;  /* examples/bank/simulation.h */
extern const acta_scenario order_scenario; /* examples/order/simulation.h */

const acta_scenario *const simulation_list[] = { &bank_scenario, &order_scenario, NULL };
