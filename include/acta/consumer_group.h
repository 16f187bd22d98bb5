/*
 * Consumer group: a subscription that several consumers share. Each event goes to one of them; events of one key go in order.
 *
 *     log --> group --+--> consumer A   keys a, d        ack: done with it        nack: RETRY, with backoff, then PARK
 *                     +--> consumer B   keys b                                          PARK, SKIP, STOP
 *                     +--> consumer C   keys c
 *
 *  - The key is the event's stream, or what `partition` makes of it. While events of a key are in flight, all of that key go
 *    to the consumer that has them; then whoever asks gets the next.
 *  - A consumer that closes, or dies, gives back what it didn't acknowledge: it goes to others, in order.
 *  - An event that is given back takes later ones of its key along: acknowledging those is refused until they come again.
 *  - Parked is a row in the table "parked", on disk before the checkpoint moves past the event. Later events of its key
 *    are parked behind it, all other keys go on. acta_group_replay delivers them again, in order; what is acknowledged then
 *    leaves, and a key that has nothing left goes on as before.
 *  - An event may be delivered more than once (a crash, a consumer that dies), never not at all.
 *
 * Nothing has a thread of its own. What hangs on time (a retry, a checkpoint) happens in the calls of consumers;
 * acta_group_due_in_ms says when one is due.
 */
#ifndef ACTA_CONSUMER_GROUP_H
#define ACTA_CONSUMER_GROUP_H

#include "acta/subscription.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_group acta_group;
typedef struct acta_consumer acta_consumer;

enum {
    ACTA_CONSUMER_WINDOW_DEFAULT = 32,
    ACTA_GROUP_RETRY_DEFAULT = 10,
    ACTA_GROUP_BACKOFF_MS_DEFAULT = 100,
    ACTA_GROUP_BACKOFF_MS_MAX = 30000,
    ACTA_PARKED_COUNT_DEFAULT = 10000,
    ACTA_PARKED_REASON_MAX = 192, /* bytes, with the NUL */
    ACTA_PARKED_KEY_MAX = 640     /* bytes; a longer key is known by its digest */
};

typedef struct acta_group_config {
    /* As of acta_subscription_config: name (needed), start, position, time_us, filter, window (of all consumers together),
     * checkpoint_count, checkpoint_ms. ready, user and manual_checkpoint must be zero. */
    acta_subscription_config subscription;
    /* Whose order is kept: a view that lives until it is called again. Called on whatever thread asks for events, one at a
     * time; must not call into the group. An absent string: of no key, in no order. NULL: the stream. */
    acta_str (*partition)(void *user, const acta_recorded *event);
    void *partition_user;
    uint32_t consumer_count_max; /* 0: any number */
    uint32_t retry_max;          /* how often an event is tried again before it is parked; 0: 10 */
    uint32_t backoff_ms;         /* before the first retry; doubles up to 30,000; 0: 100 */
    uint32_t parked_count_max;   /* the group stalls with so many; 0: 10,000 */
    bool park_alone;             /* later events of a parked one's key go on */
} acta_group_config;

/*
 * Open the group of this name. Waits like acta_subscription_open.
 * Errors: as there. ACTA_CORRUPT also: a parked row is damaged.
 */
ACTA_API acta_status acta_group_open(
    acta_store *store, const acta_group_config *config, acta_group **group_out, acta_error *error);
/* ACTA_IN_USE: a consumer is left, and nothing was done. What was acknowledged is on its way to the disk. Takes NULL. */
ACTA_API acta_status acta_group_close(acta_group *group, acta_error *error);

/* -- consumers -- */

typedef struct acta_consumer_config {
    const char *name;          /* for people; up to 63 bytes of it are kept; NULL: none */
    uint32_t window;           /* events in its hands; 0: 32 */
    void (*ready)(void *user); /* as of acta_subscription_config; on whichever thread commits, acknowledges or leaves */
    void *user;
} acta_consumer_config;

/* ACTA_BUSY: there are consumer_count_max already. ACTA_NO_MEMORY. Any thread, as all below. */
ACTA_API acta_status acta_consumer_open(
    acta_group *group, const acta_consumer_config *config, acta_consumer **consumer_out, acta_error *error);
/* Leave: what is in its hands goes to others. As with acta_subscription_close, not from inside `ready`. Takes NULL. */
ACTA_API void acta_consumer_close(acta_consumer *consumer);

/*
 * Events for this consumer, at most `count_max`, in the order of positions but for those that come once more. No chunk and
 * *more_out true: call again. One thread at a time for each consumer; different ones beside each other.
 * Errors: as of acta_subscription_next; ACTA_STOPPED: a consumer stopped the group, until acta_group_resume.
 */
ACTA_API acta_status acta_consumer_next(
    acta_consumer *consumer, uint32_t count_max, acta_chunk **chunk_out, bool *more_out, acta_error *error);

/* Done with it. ACTA_INVALID: it isn't in this consumer's hands (any more). ACTA_BUSY, ACTA_READ_ONLY, …: it was a parked one,
 * whose row could not be deleted; try again. */
ACTA_API acta_status acta_consumer_ack(acta_consumer *consumer, uint64_t position);
/* All or, when one isn't in its hands, none. */
ACTA_API acta_status acta_consumer_ack_many(acta_consumer *consumer, const uint64_t *positions, uint32_t count);
/* All in its hands up to this position. */
ACTA_API acta_status acta_consumer_ack_up_to(acta_consumer *consumer, uint64_t position);

typedef enum acta_nack {
    ACTA_NACK_RETRY = 0, /* deliver it again after a while, to whoever; retry_max times, then park it */
    ACTA_NACK_PARK,      /* put it aside */
    ACTA_NACK_SKIP,      /* done with it, though nothing was done; logged */
    ACTA_NACK_STOP       /* nobody gets anything until acta_group_resume; then it comes again */
} acta_nack;
/* Give it back. `reason` is cut to ACTA_PARKED_REASON_MAX; may be absent. ACTA_INVALID as of ack. */
ACTA_API acta_status acta_consumer_nack(acta_consumer *consumer, uint64_t position, acta_nack how, acta_str reason);

/* How often it was tried before: 0 the first time, also for one that isn't in its hands. */
ACTA_API uint32_t acta_consumer_attempts(acta_consumer *consumer, uint64_t position);

/* -- the group -- */

/* After ACTA_NACK_STOP: go on. */
ACTA_API void acta_group_resume(acta_group *group);
/* In how many ms something is due that no event announces: a retry, a checkpoint. 0: now; UINT64_MAX: nothing. Then any
 * consumer's next does it. */
ACTA_API uint64_t acta_group_due_in_ms(acta_group *group);
/* Write the checkpoint now: as acta_subscription_checkpoint. */
ACTA_API acta_status acta_group_checkpoint(acta_group *group, acta_error *error);
ACTA_API void acta_group_read_info(acta_group *group, acta_subscription_info *info_out);

/* Deliver parked events again: those of `key`, or, absent, of all keys. How many are parked there goes to *count_out, which
 * may be NULL. Those that fail once more stay parked, and end the replay of their key. ACTA_NOT_FOUND: nothing is parked. */
ACTA_API acta_status acta_group_replay(acta_group *group, acta_str key, uint64_t *count_out, acta_error *error);
/* Give up a parked event that isn't being replayed: its row is on its way out. ACTA_NOT_FOUND; ACTA_IN_USE: it is being
 * delivered; errors of acta_store_submit. */
ACTA_API acta_status acta_group_drop_parked(acta_group *group, uint64_t position, acta_error *error);

/* -- what is parked, of groups and of whoever else uses these rows -- */

typedef struct acta_parked {
    acta_str key;
    uint64_t position;
    uint32_t attempts;
    int64_t parked_at_us;
    acta_str reason;
    uint8_t mark; /* the writer's own business */
} acta_parked;

/* Put, or delete, the row of an event that `name` set aside. name: 1 to 128 bytes; key: up to ACTA_PARKED_KEY_MAX. */
ACTA_API void acta_transaction_park(acta_transaction *transaction, const char *name, const acta_parked *parked);
ACTA_API void acta_transaction_unpark(acta_transaction *transaction, const char *name, acta_str key, uint64_t position);

/* Parked events of a name by key and position, as of now; whether it is open or not. Any thread. */
typedef struct acta_parked_cursor acta_parked_cursor;
ACTA_API acta_status acta_parked_cursor_open(
    acta_store *store, const char *name, acta_parked_cursor **cursor_out, acta_error *error);
/* Views live until the next call. ACTA_NOT_FOUND at the end; ACTA_CORRUPT: a damaged row. */
ACTA_API acta_status acta_parked_cursor_next(acta_parked_cursor *cursor, acta_parked *parked_out, acta_error *error);
ACTA_API void acta_parked_cursor_close(acta_parked_cursor *cursor); /* takes NULL */
ACTA_API acta_status acta_store_parked_count(
    acta_store *store, const char *name, uint64_t *count_out, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
