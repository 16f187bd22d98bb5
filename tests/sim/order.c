/*
 * The shop under simulation, as a program: as sim-bank is for the bank.
 */
#include "simulation.h"

int
main(int argc, char **argv)
{
    return acta_simulate_main(&order_scenario, argc, argv);
}
