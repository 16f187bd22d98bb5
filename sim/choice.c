/*
 * Choices: one generator for each purpose, all from one seed.
 *
 * A draw for the workload does not shift the scheduler's, so that a longer workload begins with the same interleaving.
 * What is chosen can be written to a tape, and read from one instead of drawn.
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

/* Past the end, and after what was recorded elsewhere: the plain one. */
static uint32_t
next_of(acti_choices *choices, acta_sim_purpose purpose, uint32_t count)
{
    const acti_track *track = &choices->replay->tracks[purpose];
    size_t at = choices->at[purpose]++;
    uint32_t index = at < track->count ? track->choices[at] : 0;

    return index < count ? index : count - 1;
}

static void
record(acti_choices *choices, acta_sim_purpose purpose, uint32_t index)
{
    acti_track *track = &choices->record->tracks[purpose];

    if (track->count < ACTI_TRACK_MAX) track->choices[track->count++] = index;
}

static inline bool
is_replayed(const acti_choices *choices, acta_sim_purpose purpose)
{
    return choices->replay != NULL && purpose != ACTA_SIM_IDS;
}

static inline void
note(acti_choices *choices, acta_sim_purpose purpose, uint32_t index)
{
    if (choices->record != NULL && purpose != ACTA_SIM_IDS) record(choices, purpose, index);
}

uint32_t
acti_choices_pick(acti_choices *choices, acta_sim_purpose purpose, uint32_t count)
{
    uint32_t index = is_replayed(choices, purpose) ? next_of(choices, purpose, count)
                                                   : (uint32_t)(acti_choices_draw(choices, purpose) % count);
    note(choices, purpose, index);
    return index;
}

bool
acti_choices_chance(acti_choices *choices, acta_sim_purpose purpose, uint32_t part, uint32_t whole)
{
    bool is_true = is_replayed(choices, purpose) ? next_of(choices, purpose, 2) != 0
                                                 : acti_choices_draw(choices, purpose) % whole + part >= whole;
    note(choices, purpose, is_true);
    return is_true;
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
