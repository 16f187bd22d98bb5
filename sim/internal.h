/*
 * sim/ inside: the generators of choices, and the fields of a simulation. Included by sim/ alone.
 */
#ifndef ACTI_SIM_INTERNAL_H
#define ACTI_SIM_INTERNAL_H

#include "acta/sim.h"

/* splitmix64 (Steele, Lea, Flood 2014): one word of state, equidistributed, and any seed is a good one. */
typedef struct acti_choices {
    uint64_t state[ACTA_SIM_PURPOSE_COUNT];
} acti_choices;

void acti_choices_init(acti_choices *choices, uint64_t seed);
uint64_t acti_choices_draw(acti_choices *choices, acta_sim_purpose purpose);

/* FNV-1a over 64-bit words and a tail of bytes: fast, and enough to tell two histories apart. */
uint64_t acti_hash(uint64_t hash, const void *bytes, size_t size);

#endif
