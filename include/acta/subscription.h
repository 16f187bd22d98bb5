/*
 * Subscription: every event of the log from a position on, once, in order, with a checkpoint that survives.
 *
 *     log      1 2 3 4 5 6 7 8 9
 *                  ^       ^   ^
 *             passed    looked head          in flight: delivered and not yet acknowledged
 *
 * There is one cursor, `looked`. What it reads comes from the newest records in memory, or, where those don't reach back
 * far enough, from the engine: so there is no switch from catching up to live in which an event could be lost or doubled.
 * `passed` is the position that all up to it were acknowledged or not asked for; the checkpoint is how much of that is on
 * disk. It never falls, and never goes past an event that is in flight. Stubs of removed events are passed over.
 *
 * One subscriber: this header. Several that share the events of one name, give some back, and park what can't be worked
 * on: acta/consumer_group.h. What happens to an event on its way: docs/subscriptions.md.
 */
#ifndef ACTA_SUBSCRIPTION_H
#define ACTA_SUBSCRIPTION_H

#include "acta/store.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_subscription acta_subscription;

enum {
    ACTA_WINDOW_DEFAULT = 256,
    ACTA_WINDOW_MAX = 1 << 20,
    ACTA_CHECKPOINT_COUNT_DEFAULT = 1000,
    ACTA_CHECKPOINT_MS_DEFAULT = 1000,
    ACTA_SUBSCRIPTION_NAME_MAX = 128 /* bytes */
};

/* Where a name that is seen for the first time begins; one that has a checkpoint goes on behind that. */
typedef enum acta_start {
    ACTA_START_ORIGIN = 0, /* the first event is that at position 1 */
    ACTA_START_CURRENT,    /* … the next one that is appended */
    ACTA_START_POSITION,   /* … the one behind config.position */
    ACTA_START_TIME        /* … the first that was recorded at config.time_us or later */
} acta_start;

/* Which events are wanted: those for which all holds that is set. The rest is passed over inside the store, costs no window,
 * and doesn't hold up the checkpoint. All zero: every event. */
typedef struct acta_subscription_filter {
    acta_str stream;       /* of this stream alone; what its limits hide is passed over; absent: any */
    const acta_str *types; /* of these types; with type_count 0: of no type at all; NULL: any */
    uint32_t type_count;
    acta_str stream_prefix; /* how the stream's name begins; absent: any */
    acta_str category;      /* what its name has before the first '-'; absent: any */
    acta_id correlation_id; /* none: any */
    const acta_str *tags;   /* all of these */
    uint32_t tag_count;
} acta_subscription_filter;

typedef struct acta_subscription_config {
    const char *name; /* 1 to 128 bytes; its checkpoint is the row of that key in the table "checkpoints". NULL: it is
                         transient, has no checkpoint, and leaves nothing behind */
    acta_start start;
    uint64_t position;               /* ACTA_START_POSITION */
    int64_t time_us;                 /* ACTA_START_TIME */
    acta_subscription_filter filter; /* copied */
    uint32_t window;                 /* events in flight; 0: 256 */
    /* When the checkpoint is written: after so many acknowledged events, or so long after the last time, whichever is
     * first; and when it is closed. The clock is looked at in acta_subscription_next. 0: 1,000 and 1,000. */
    uint32_t checkpoint_count, checkpoint_ms;
    /* The checkpoint is the caller's business: acta_transaction_checkpoint, in the transaction that holds what the events
     * led to. Then these two are one, and nothing is done twice. */
    bool manual_checkpoint;
    /* Called when events may be there again after acta_subscription_next gave fewer than asked for: once, until next
     * is called again. On whichever thread commits; must not block. May come too often, never too seldom. Not called
     * when the window was full: an acknowledgement makes room, and then it is time to call next. */
    void (*ready)(void *user);
    void *user;
} acta_subscription_config;

/*
 * Open a subscription; from here on it is subscribed. A name with checkpoint of its own waits until what was submitted
 * before is committed, so that nothing of its last holder becomes durable behind its back: not from inside an actor, but
 * with manual_checkpoint.
 * Errors: ACTA_ALREADY_EXISTS a subscription of this name is open; ACTA_INVALID; ACTA_CORRUPT the checkpoint is damaged;
 *         ACTA_IO; ACTA_NO_MEMORY.
 */
ACTA_API acta_status acta_subscription_open(
    acta_store *store, const acta_subscription_config *config, acta_subscription **subscription_out, acta_error *error);

/* Close: what was acknowledged is on its way to the disk (not with manual_checkpoint). `ready` isn't called after it
 * returned; so it waits for one that is under way, and must not be called from inside it. The name is free. Takes NULL. */
ACTA_API void acta_subscription_close(acta_subscription *subscription);

/* Some events, and the memory that they lie in. Counted: released when the last holder lets go. */
typedef struct acta_chunk acta_chunk;

/*
 * The next events, in the order of positions: at most `count_max`, and no more than the window allows.
 * *chunk_out is NULL when there are none now. A read may look at many unwanted events in between and stop early: no chunk
 * and *more_out true means call again.
 * One thread at a time, the same as for ack. Errors: ACTA_CORRUPT, ACTA_IO, ACTA_NO_MEMORY: the cursor stays where it is.
 * A stream that is soft deleted gives nothing, and the subscription is stalled, until it is restored.
 */
ACTA_API acta_status acta_subscription_next(
    acta_subscription *subscription, uint32_t count_max, acta_chunk **chunk_out, bool *more_out, acta_error *error);
ACTA_API uint32_t acta_chunk_count(const acta_chunk *chunk);
ACTA_API const acta_recorded *acta_chunk_at(const acta_chunk *chunk, uint32_t index); /* lives as long as the chunk */
ACTA_API acta_chunk *acta_chunk_ref(acta_chunk *chunk);
ACTA_API void acta_chunk_unref(acta_chunk *chunk); /* takes NULL */

/* This event is done with. Any order; one that was not delivered, or twice, is ACTA_INVALID. Same thread as next. */
ACTA_API acta_status acta_subscription_ack(acta_subscription *subscription, uint64_t position);
/* These are: all of them or, when one of them isn't in flight, none and ACTA_INVALID. */
ACTA_API acta_status acta_subscription_ack_many(
    acta_subscription *subscription, const uint64_t *positions, uint32_t count);
/* All that are in flight up to this position, which need not be one of them. Behind what was looked at: ACTA_INVALID. */
ACTA_API acta_status acta_subscription_ack_up_to(acta_subscription *subscription, uint64_t position);

/* Write the checkpoint now, if there is anything new: it is on its way when this returns. Same thread as next. ACTA_INVALID
 * with manual_checkpoint, or without a name; errors of acta_store_submit, after which it is tried again when it is due. */
ACTA_API acta_status acta_subscription_checkpoint(acta_subscription *subscription, acta_error *error);

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

/* -- on a thread of the caller's, with callbacks -- */

typedef struct acta_subscriber {
    /* Once, before the first event. NULL: not wanted. */
    void (*subscribed)(void *user, const acta_subscription *subscription);
    /* 1 or more events, in order. ACTA_OK acknowledges them all; anything else ends the run with that status, and they
     * come again the next time the name is opened. The events live until it returns. */
    acta_status (*events)(void *user, const acta_recorded *events, uint32_t count);
    void *user;
} acta_subscriber;

/*
 * Deliver on the calling thread until acta_subscription_stop is called, or `events` refuses. Sleeps when there is nothing;
 * writes checkpoints in time. The subscription must have been opened without `ready`, and have nothing in flight. It stays
 * open, and may be run again after a stop.
 * In a manual store: until nothing is left to do, stepping it meanwhile.
 * Errors: ACTA_INVALID; those of next; what `events` returned.
 */
ACTA_API acta_status acta_subscription_run(
    acta_subscription *subscription, const acta_subscriber *subscriber, acta_error *error);
/* End the run, or the next one at its beginning; doesn't wait for it. `events` isn't called any more once run returned. Any
 * thread. */
ACTA_API void acta_subscription_stop(acta_subscription *subscription);

/* -- what there is -- */

typedef enum acta_subscription_state {
    ACTA_SUBSCRIPTION_CLOSED = 0, /* nobody has it open; it has a checkpoint */
    ACTA_SUBSCRIPTION_CATCHING_UP,
    ACTA_SUBSCRIPTION_LIVE,   /* it has looked at all there was */
    ACTA_SUBSCRIPTION_STALLED /* it can't go on: `reason` */
} acta_subscription_state;

enum { ACTA_SUBSCRIPTION_REASON_MAX = 256 };

typedef struct acta_subscription_info {
    char name[ACTA_SUBSCRIPTION_NAME_MAX + 1]; /* "": transient */
    acta_subscription_state state;
    int64_t since_us;                          /* of that state, µs since the epoch; 0 when closed */
    char reason[ACTA_SUBSCRIPTION_REASON_MAX]; /* why it is stalled, and at which position */
    uint64_t head;                             /* of the log */
    uint64_t looked, passed;                   /* when it is open */
    uint64_t checkpoint;                       /* durable, or on its way there */
    uint32_t window, in_flight;
    uint64_t parked_count; /* events aside: acta/consumer_group.h */
    uint32_t member_count; /* of a consumer group */
} acta_subscription_info;

/* How it stands. Any thread, beside everything but close. */
ACTA_API void acta_subscription_read_info(acta_subscription *subscription, acta_subscription_info *info_out);

/* The same by its name, open or not. ACTA_NOT_FOUND: it isn't open, and has no checkpoint. */
ACTA_API acta_status acta_store_subscription_info(
    acta_store *store, const char *name, acta_subscription_info *info_out, acta_error *error);

/*
 * The subscriptions with a name that there are, open or with a checkpoint, in the order of their names' bytes: the first
 * one behind `after` ("" or NULL: the first of all). ACTA_NOT_FOUND at the end.
 *
 *     while (acta_store_subscription_next(store, info.name, &info, &error) == ACTA_OK) …     // info begins as { 0 }
 */
ACTA_API acta_status acta_store_subscription_next(
    acta_store *store, const char *after, acta_subscription_info *info_out, acta_error *error);

/*
 * Delete what a name left: checkpoint and parked events. The next one of the name starts afresh. Waits for the disk.
 * Errors: ACTA_IN_USE it is open; ACTA_NOT_FOUND it has no checkpoint; those of acta_store_commit.
 */
ACTA_API acta_status acta_store_delete_subscription(acta_store *store, const char *name, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
