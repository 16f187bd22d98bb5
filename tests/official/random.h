/*
 * Random numbers for what makes schemas and values here: the same seed, the same numbers.
 */
#ifndef ACTA_TESTS_OFFICIAL_RANDOM_H
#define ACTA_TESTS_OFFICIAL_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct random_source {
    uint64_t state;
} random_source;

/* splitmix64, by Steele, Lea and Flood: any seed is a good one. */
static inline uint64_t
random_next(random_source *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint64_t
random_below(random_source *random, uint64_t bound)
{
    return random_next(random) % bound;
}

static inline bool
random_one_in(random_source *random, uint64_t count)
{
    return random_below(random, count) == 0;
}

/* Small ones, large ones, those at the ends, and any. */
static inline uint64_t
random_bits(random_source *random)
{
    switch (random_below(random, 4)) {
    case 0:
        return random_below(random, 10);
    case 1:
        return UINT64_MAX - random_below(random, 3);
    case 2:
        return UINT64_C(1) << random_below(random, 64);
    default:
        return random_next(random);
    }
}

#endif
