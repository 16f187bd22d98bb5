/*
 * Works: what is done with a store beside its steps (life.h), in these tests: a consumer group, a set of backups that share
 * files, restoring from it, and repairing a store that has lost a file.
 *
 *     ROOT/data        the store, with the group "workers"
 *     ROOT/backups     the set, of which two backups are kept
 *     ROOT/restored-N  a copy of the newest backup, or, of an even number, a beginning of it
 *     ROOT/hurt        a restored store that has lost its CURRENT; only read from then on
 *     ROOT/mended-N    what was made of it
 */
#ifndef FAULTS_WORKS_H
#define FAULTS_WORKS_H

#include "sweep.h"

/* Notes of a child, beside those of life.h. What is done is done durably. */
enum {
    WORKS_CHECKPOINT = LIFE_NOTES, /* of the group */
    WORKS_SET_BEGUN,               /* number of a backup */
    WORKS_SET_DONE,
    WORKS_SET_STEP, /* which that backup has at least */
    WORKS_RESTORE_BEGUN,
    WORKS_RESTORE_DONE,
    WORKS_HURT, /* the step that it has */
    WORKS_REPAIR_BEGUN,
    WORKS_REPAIR_DONE
};

/* A child's life; `user` is a life. */
void works_live(void *user);

/* All that was done is there, and can be done again; `user` is a check. */
void works_check(void *user);

#endif
