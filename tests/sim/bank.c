/*
 * The bank under simulation, as a program: each seed is a run with its faults, and every invariant of its scenario.
 *
 *     sim-bank --seeds 1..1000
 *     sim-bank --seeds 77..77 --trace
 */
#include "simulation.h"

int
main(int argc, char **argv)
{
    return acta_simulate_main(&bank_scenario, argc, argv);
}
