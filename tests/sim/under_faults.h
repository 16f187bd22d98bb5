/*
 * The bank under the faults of a seed, for tests that want one kind of them: clients ask until all are answered, then the
 * simulation heals, all comes to rest, and the log must add up.
 */
#ifndef UNDER_FAULTS_H
#define UNDER_FAULTS_H

#include "acta/simulate.h"

/* What came of some seeds. */
typedef struct under_faults {
    uint64_t seeds;
    uint64_t counts[10]; /* faults, by the bit of their kind */
    uint64_t crashes, starts_that_failed, answers, accepted;
    char text[512]; /* what was broken; empty: nothing */
} under_faults;

/* Told of each seed before its simulation goes; may be NULL. */
typedef void (*under_faults_look)(void *user, acta_sim *sim);

/* Seeds first to last with the kinds that are or-ed in `kinds`, each as far as the seed has it. False: `sum->text` says why. */
bool under_faults_run(
    uint64_t first, uint64_t last, uint32_t kinds, under_faults *sum, under_faults_look look, void *user);

/* One seed with another pattern in fresh memory, and the hash of its history. */
bool under_faults_hash(uint64_t seed, uint32_t kinds, uint64_t pattern, under_faults *sum, uint64_t *hash_out);

#endif
