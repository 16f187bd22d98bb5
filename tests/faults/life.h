/*
 * Life: what a store does in these tests, step by step, so that what it must hold after any step is known by the number of
 * the step alone.
 *
 *     step k   one transaction: events, or rows, a snapshot, a checkpoint, an outcome, a claim, a stream deleted for good;
 *              and always the row "last" = k
 *
 * The child says BEGUN before a step is handed over and DONE when it was acknowledged. So a store that is opened after
 * whatever happened must hold the steps 1 to k, whole, with DONE <= k <= BEGUN.
 */
#ifndef FAULTS_LIFE_H
#define FAULTS_LIFE_H

#include "acta/store.h"
#include "acta/subscription.h"

#include "shim.h"

/* Notes of the child. */
enum { LIFE_BEGUN = 1, LIFE_DONE, LIFE_BACKUP_BEGUN, LIFE_BACKUP_DONE, LIFE_ACKED, LIFE_NOTES };

typedef struct life {
    const char *root; /* the store is in ROOT/data, its backups in ROOT/backup-K */
    uint32_t steps;   /* of each of the two times that it is open */
    uint32_t payload; /* bytes of each event */
    bool no_sync;     /* unsafe_no_sync: must be found out */
    bool has_backups; /* and scrubs */
    fault_page *page; /* for the last words */
    fault_note_function *note;
} life;

/* Say why, and end the process. */
void life_fail(const life *l, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

/* What isn't ACTA_OK is the end. */
void life_expect(const life *l, const char *what, acta_status status, const acta_error *error);

extern const acta_environment life_quiet; /* nothing is logged: most of what is done here fails */

acta_status life_open(const life *l, const char *name, bool read_only, acta_store **store_out, acta_error *error);
acta_status life_commit(const life *l, acta_store *store, uint64_t step, acta_error *error);
acta_status life_backup(const life *l, acta_store *store, uint64_t step, acta_error *error);

/* The whole of it: make, do, close, open again, do, close. Any error is the end. */
void life_live(const life *l);

/* The store holds exactly the steps 1 to k, for a k from `least` to `most`; returned. Anything else is the end. */
uint64_t life_check(const life *l, acta_store *store, uint64_t least, uint64_t most);

#endif
