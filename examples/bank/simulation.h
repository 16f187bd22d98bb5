/*
 * The bank under simulation: clients, faults, and what must hold (docs/simulation.md).
 *
 *     acta_simulate_main(&bank_scenario, argc, argv)
 *
 *     sim_clients.c   what is asked                     log_check.c  the rules of the log, and its money
 *     sim_witness.c   handlers, and what they are told  log_fold.c   states, rows, answers: made again from the log
 *     sim_model.c     what the bank must answer         sim_checks.c, sim_answers.c  the comparisons
 */
#ifndef BANK_SIMULATION_H
#define BANK_SIMULATION_H

#include "acta/simulate.h"

/* Its state is one for the process: one run at a time, as acta_simulate has it. */
extern const acta_scenario bank_scenario;

/* The same without invariants but the last: what they cost is measured with it. */
extern const acta_scenario bank_scenario_unchecked;

#endif
