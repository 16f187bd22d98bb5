/*
 * The list of planted defects: their names in the code, what they are, and where they are found.
 */
#ifndef PLANTS_H
#define PLANTS_H

#include "acta/simulate.h"

typedef struct plant {
    const char *name; /* ACTA_PLANT("…"); NULL ends the list */
    const char *meaning;
    const acta_scenario *scenario;
    uint64_t seeds_max; /* within which it must be found */
} plant;

extern const plant plants[];

#endif
