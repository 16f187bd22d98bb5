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

/* The same without invariants, and with those only that are looked at after each step: what they cost is measured so. */
extern const acta_scenario bank_scenario_unchecked, bank_scenario_steps;

/* How many commands the aggregates have carried out or refused in all runs of this process that came to rest, counted from
 * below: each event is one command's, and so is each answer without an event. */
uint64_t bank_simulation_commands(void);

#endif
