/*
 * The number from which a test draws what it does at random: the same in each run, so that a run which fails says something
 * about what was changed, and not about luck. ACTA_TEST_SEED asks for another; ./dev soak does so each round.
 */
#ifndef ACTA_TESTS_SEED_H
#define ACTA_TESTS_SEED_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Never 0. Printed, so that a failure can be repeated. */
static inline uint64_t
seed_of_this_run(void)
{
    const char *given = getenv("ACTA_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : 0;

    if (seed == 0) seed = UINT64_C(0x5eed0fac7a);
    printf("ACTA_TEST_SEED=0x%" PRIx64 "\n", seed);
    return seed;
}

#endif
