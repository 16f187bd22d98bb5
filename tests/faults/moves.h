/*
 * Moves: what is done to a log as a whole, in these tests: copies of its events by stream are made and taken away, what is dead
 * is compacted, and the log goes into another store, entry by entry.
 *
 *     ROOT/data        the store
 *     ROOT/imported    what was made of its entries
 */
#ifndef FAULTS_MOVES_H
#define FAULTS_MOVES_H

#include "sweep.h"

/* Notes of a child, beside those of life.h. */
enum { MOVES_COPIED = LIFE_NOTES, MOVES_IMPORTED };

/* A child's life; `user` is a life. */
void moves_live(void *user);

/* The log is there, and so is what was made of it; all of it can be done again; `user` is a check. */
void moves_check(void *user);

/* All streams of the steps in ROOT/NAME are kept by stream, what is dead is compacted, and then none is any more. */
acta_status moves_keep(const life *l, const char *name, acta_error *error);
/* Bring what is in ROOT/imported to the end of `from`'s log, from wherever it is. */
acta_status moves_import(const life *l, acta_store *from, const char *name, acta_error *error);
/* It has the same events. Anything else is the end. */
void moves_compare(const life *l, acta_store *from, const char *name);

#endif
