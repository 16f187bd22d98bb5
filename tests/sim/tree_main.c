/*
 * The program around the simulated tree.
 */
#include "tree.h"

int
main(int argc, char **argv)
{
    return acta_simulate_main(&tree_scenario, argc, argv);
}
