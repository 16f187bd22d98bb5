/*
 * The program around the simulated trips that have an operator.
 */
#include "scenarios.h"

int
main(int argc, char **argv)
{
    return acta_simulate_main(&operator_scenario, argc, argv);
}
