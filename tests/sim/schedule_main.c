/*
 * The program around the simulated schedule.
 */
#include "scenarios.h"

int
main(int argc, char **argv)
{
    return acta_simulate_main(&schedule_scenario, argc, argv);
}
