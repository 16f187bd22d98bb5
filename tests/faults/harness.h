/*
 * Harness: this program started again below the shim, children that run under it, and the places they work in.
 */
#ifndef FAULTS_HARNESS_H
#define FAULTS_HARNESS_H

#include "disk.h"
#include "life.h"
#include "shim.h"

/* Load the shim, whose path is `shim`: the first call starts the program again with it, the second returns. */
void harness_begin(const char *shim, char **argv);

extern fault_page *harness_page;
extern fault_note_function *harness_note;
extern char
    harness_root[FAULT_PATH_SIZE - 64]; /* a directory of this process alone; children see faults below it only */
void harness_end(void);

typedef enum child_end { CHILD_OK, CHILD_FAILED, CHILD_ENDED, CHILD_DIED } child_end;

/* Run `body` in a process of its own, with the page as it is set and the journal empty; its last words are in the page's text.
 *   CHILD_FAILED  it ended by life_fail        CHILD_ENDED  at operation page->end_at, it or a process of its own
 *   CHILD_DIED    by a signal, or it hung: the text says which */
child_end harness_run(void (*body)(void *user), void *user);

/* Rules, `end_at` and all else of the page as if nothing had been asked for. */
void harness_reset(void);

/* The journal of the last child, to be kept; freed by free(). */
disk_journal harness_take_journal(void);
/* The greatest number noted as `what` up to operation `number`; 0: none. */
uint64_t harness_noted(const disk_journal *journal, uint64_t what, uint64_t number);

/* From ACTA_FAULTS: how many runs a sweep may have ("all": every one), else `usual`. */
uint64_t harness_runs_max(uint64_t usual);
/* See tests/seed.h. */
uint64_t harness_seed(void);
uint64_t harness_draw(uint64_t *seed);

#endif
