/*
 * The program around the simulated trips.
 */
#include "scenarios.h"

int
main(int argc, char **argv)
{
    return acta_simulate_main(&trips_scenario, argc, argv);
}
