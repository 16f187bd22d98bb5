/*
 * Choices: one generator for each purpose, all from one seed.
 *
 * A draw for the workload does not shift the scheduler's, so that a longer workload begins with the same interleaving.
 */
#include "internal.h"

static uint64_t
mix(uint64_t z)
{
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

void
acti_choices_init(acti_choices *choices, uint64_t seed)
{
    for (uint64_t i = 0; i < ACTA_SIM_PURPOSE_COUNT; i++)
        choices->state[i] = mix(seed * UINT64_C(0x9e3779b97f4a7c15) + mix(i + 1));
}

uint64_t
acti_choices_draw(acti_choices *choices, acta_sim_purpose purpose)
{
    choices->state[purpose] += UINT64_C(0x9e3779b97f4a7c15);
    return mix(choices->state[purpose]);
}

uint64_t
acti_hash(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (; size >= sizeof(uint64_t); at += sizeof(uint64_t), size -= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        hash = (hash ^ word) * UINT64_C(0x100000001b3);
        hash ^= hash >> 29;
    }
    for (; size > 0; at++, size--)
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    return hash;
}
