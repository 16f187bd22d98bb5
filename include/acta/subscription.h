/*
 * Subscription: every event of the log from a position on, once, in order, with a checkpoint that survives.
 *
 *     log      1 2 3 4 5 6 7 8 9
 *                  ^       ^   ^
 *          checkpoint   next   head        in flight: delivered and not yet acknowledged
 *
 * There is one cursor, `next`. What it reads comes from the newest records in memory, or, where those don't reach back
 * far enough, from the engine: so there is no switch from catching up to live in which an event could be lost or doubled.
 * The checkpoint is the lowest position that all before it have been acknowledged. Stubs of removed events are passed over.
 */
#ifndef ACTA_SUBSCRIPTION_H
#define ACTA_SUBSCRIPTION_H

#include "acta/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_subscription acta_subscription;

enum { ACTA_WINDOW_DEFAULT = 256, ACTA_CHECKPOINT_COUNT_DEFAULT = 1000, ACTA_CHECKPOINT_MS_DEFAULT = 1000 };

typedef struct acta_subscription_config {
    const char *name;      /* 1 to 128 bytes; its checkpoint is the row of that key in the table "checkpoints" */
    bool from_current;     /* a name seen for the first time begins behind the head instead of at position 1, and its
                              checkpoint is submitted at once, so that it goes on from there after a restart */
    const acta_str *types; /* event types wanted; copied; NULL: all. The rest is passed over inside the store */
    uint32_t type_count;
    uint32_t window; /* events in flight; 0: 256 */
    /* Called when events may be there again after acta_subscription_next gave fewer than asked for: once, until next
     * is called again. On whichever thread commits; must not block. May come too often, never too seldom. Not called
     * when the window was full: an acknowledgement makes room, and then it is time to call next. */
    void (*ready)(void *user);
    void *user;
} acta_subscription_config;

/* Errors: ACTA_ALREADY_EXISTS a subscription of this name is open; ACTA_INVALID; ACTA_IO; ACTA_NO_MEMORY. */
ACTA_API acta_status acta_subscription_open(
    acta_store *store, const acta_subscription_config *config, acta_subscription **subscription_out, acta_error *error);

/* Close; the checkpoint stays at what was last made durable. `ready` isn't called after it returned; so it waits for one
 * that is under way, and must not be called from inside it. Takes NULL. */
ACTA_API void acta_subscription_close(acta_subscription *subscription);

/* Some events, and the memory that they lie in. Counted: released when the last holder lets go. */
typedef struct acta_chunk acta_chunk;

/*
 * The next events, in the order of positions: at most `count_max`, and no more than the window allows.
 * *chunk_out is NULL when there are none now. A read may look at many unwanted events in between and stop early: no chunk
 * and *more_out true means call again.
 * One thread at a time. Errors: ACTA_CORRUPT, ACTA_IO: the cursor stays where it is.
 */
ACTA_API acta_status acta_subscription_next(
    acta_subscription *subscription, uint32_t count_max, acta_chunk **chunk_out, bool *more_out, acta_error *error);
ACTA_API uint32_t acta_chunk_count(const acta_chunk *chunk);
ACTA_API const acta_recorded *acta_chunk_at(const acta_chunk *chunk, uint32_t index); /* lives as long as the chunk */
ACTA_API acta_chunk *acta_chunk_ref(acta_chunk *chunk);
ACTA_API void acta_chunk_unref(acta_chunk *chunk); /* takes NULL */

/* This event is done with. Any order; one that was not delivered, or twice, is ACTA_INVALID. Same thread as next. */
ACTA_API acta_status acta_subscription_ack(acta_subscription *subscription, uint64_t position);

/* The position up to which everything was acknowledged or passed over; what acta_transaction_checkpoint records. */
ACTA_API uint64_t acta_subscription_passed(const acta_subscription *subscription);

/* The position up to which the checkpoint was durable when the subscription was opened. */
ACTA_API uint64_t acta_subscription_start(const acta_subscription *subscription);

/* How far next has looked: passed == looked == head means that there is nothing left to do. */
ACTA_API uint64_t acta_subscription_looked(const acta_subscription *subscription);

/* Record `position` as the checkpoint of subscription `name`. */
ACTA_API void acta_transaction_checkpoint(acta_transaction *transaction, const char *name, uint64_t position);

/* The durable checkpoint of a name; 0 when it has none. */
ACTA_API acta_status acta_store_checkpoint(
    acta_store *store, const char *name, uint64_t *position_out, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
