/*
 * Compaction: giving back the room of events that became stubs, and merging small files of the log.
 *
 *     default    d, range -> dead bytes | where the log ended | which opening      ranges of 65,536 positions
 *
 * scrub.c adds to a range's row in the very transaction that puts the stubs. A range that is more than half dead is compacted
 * by the engine, once what was put has left its memory, and its row goes: by a thread of the store (compactor.c), by whoever
 * scrubs a store without threads, or on request. One of them at a time is the scrubber, and alone touches these rows.
 */
#ifndef ACTI_COMPACT_H
#define ACTI_COMPACT_H

#include "acta/store.h"

#include "thread.h"

enum { ACTI_RANGE_BITS = 16, ACTI_DEAD_SIZE = 8 + 8 + 8 + 4 };

/* A range that no position lies in: copies of events in the index (by_stream.h). Its files are compacted together. */
#define ACTI_DEAD_COPIES (UINT64_MAX >> ACTI_RANGE_BITS)

/* In the store: what a transaction that is being filled adds, and what was done. */
typedef struct acti_compaction {
    uint64_t range, bytes; /* of the transaction being filled; bytes 0: nothing yet */
    uint64_t opening;      /* differs from one opening of the store to the next */
    uint64_t next_ns;      /* not before then, in the background */
    uint64_t bytes_per_second;
    _Atomic uint64_t done, reclaimed, merged, failures;
    _Atomic bool stopping; /* a range under way may have been given up */
} acti_compaction;

typedef enum acti_scrubber { ACTI_SCRUBBER_NONE, ACTI_SCRUBBER_CALL, ACTI_SCRUBBER_THREAD } acti_scrubber;

/* The thread, and who scrubs; under the monitor. */
typedef struct acti_compactor {
    acti_monitor monitor;
    acti_store_thread thread;
    acti_scrubber scrubber;
    bool wanted, stopping;
} acti_compactor;

/* So many bytes at a position die with this transaction. Positions rise from one call to the next, until flush. */
acta_status acti_dead_add(acta_store *store, acta_transaction *t, uint64_t position, uint64_t bytes, acta_error *error);
acta_status acti_dead_flush(acta_store *store, acta_transaction *t, acta_error *error);

typedef enum acti_dead_state {
    ACTI_DEAD_NONE,      /* nothing is due, and won't be before the next scrub */
    ACTI_DEAD_UNSETTLED, /* some is dead, and still in the engine's memory */
    ACTI_DEAD_PACED      /* a range was compacted, or the pace doesn't allow it yet */
} acti_dead_state;

/* Of the scrubber: compact one range that is due, or merge small files, if the pace allows it. What fails is counted, and
 * tried again. *wait_ms_out, when PACED: not before then. */
acti_dead_state acti_compact_some(acta_store *store, uint64_t *wait_ms_out);
bool acti_dead_any(acta_store *store);

/* compactor.c. Become the scrubber: a call waits while the thread is it. False: another one is. */
bool acti_scrubbing_take(acta_store *store, acti_scrubber who);
void acti_scrubbing_give_back(acta_store *store);
void acti_compactor_wake(acta_store *store); /* something may be due; starts the thread when there is anything dead */
void acti_compactor_wake_to_merge(acta_store *store); /* of whoever commits: the engine may have made small files */
void acti_compactor_stop(acta_store *store);          /* at once, not behind a range; it is not started again */

#endif
