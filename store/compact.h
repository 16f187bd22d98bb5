/*
 * Compaction: giving back the room of events that became stubs.
 *
 *     default    d, range -> dead bytes | where the log ended | which opening      ranges of 65,536 positions
 *
 * scrub.c adds to a range's row in the very transaction that puts the stubs. A range that is more than half dead is compacted
 * by the engine, once what was put has left its memory, and its row goes. Whoever holds `scrubbing` does all of this.
 */
#ifndef ACTI_COMPACT_H
#define ACTI_COMPACT_H

#include "acta/store.h"

enum { ACTI_RANGE_BITS = 16, ACTI_DEAD_SIZE = 8 + 8 + 8 + 4 };

/* In the store: what a transaction that is being filled adds, and what was done. */
typedef struct acti_compaction {
    uint64_t range, bytes; /* of the transaction being filled; bytes 0: nothing yet */
    uint64_t opening;      /* differs from one opening of the store to the next */
    uint64_t next_ns;      /* not before then, in the background */
    uint64_t bytes_per_second;
    _Atomic uint64_t done, reclaimed, failures;
} acti_compaction;

/* So many bytes at a position die with this transaction. Positions rise from one call to the next, until flush. */
acta_status acti_dead_add(acta_store *store, acta_transaction *t, uint64_t position, uint64_t bytes, acta_error *error);
acta_status acti_dead_flush(acta_store *store, acta_transaction *t, acta_error *error);

/* After stubs were put: compact one range that is due, if the rate allows it. What fails is counted, and tried again. */
void acti_compact_some(acta_store *store);

#endif
