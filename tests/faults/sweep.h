/*
 * Sweep: a life recorded once, the power cut behind each of its operations, and each disk that it might leave opened, compared,
 * and now and then cut again.
 *
 *     live, recorded --> cut behind each operation --> each model of a disk --> check, recorded --> cut again --> check
 *
 * What a child noted up to the cut says what must be there, and what may be.
 */
#ifndef FAULTS_SWEEP_H
#define FAULTS_SWEEP_H

#include "harness.h"

enum { SWEEP_NOTES = 24, SWEEP_POSITIONS = 4096 };

/* What was noted up to a cut: of each kind of note the greatest number, and which numbers. */
typedef struct check {
    const life *life;
    uint64_t noted[SWEEP_NOTES];
    uint64_t numbers[SWEEP_NOTES][SWEEP_POSITIONS / 64];
} check;

/* Add the notes of a journal up to operation `number`. */
void check_add(check *c, const disk_journal *journal, uint64_t number);
bool check_was_noted(const check *c, uint64_t what, uint64_t number);

typedef struct sweep {
    const char *name;
    life life;
    void (*live)(void *user);    /* a child; `user` is the life. What is below the root was removed */
    void (*compare)(void *user); /* a child; `user` is a check. Ends by life_fail: "REFUSED…" is counted apart */
    uint64_t seed;
    uint64_t operations, cuts, runs, deep_runs, losses, refusals;
    char first_text[FAULT_TEXT_SIZE + 200];
} sweep;

/* A sweep of lives of so many steps, of events of so many bytes, with backups; the page is reset. */
sweep sweep_of(const char *name, uint32_t steps, uint32_t payload, void (*live)(void *), void (*compare)(void *));

/* Record a life, and cut it at `runs` of its points and models; of these `deep` are cut again, each `deep_runs` times. */
void sweep_cut(sweep *s, uint64_t runs, uint64_t deep, uint64_t deep_runs);

/* The same for what is below the root now, and `compare` as the life: a first opening of it. */
void sweep_cut_opening(sweep *s, uint64_t runs, uint64_t deep, uint64_t deep_runs);

/* Record a life, and cut it behind its first note of this kind, with each model of a disk. */
void sweep_cut_at_note(sweep *s, uint64_t what);

/* The process alone ends at `runs` of its operations; each recovery of it does too, three times. */
void sweep_end(sweep *s, uint64_t runs);

#endif
