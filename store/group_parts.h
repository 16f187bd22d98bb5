/*
 * Consumer group: the parts that its files share.
 *
 *     consumer_group.c    open, close, join, leave, information     group_deliver.c   reading, handing out, acknowledging
 *     group_parked.c      parking, and replaying what is parked     group_keys.c      entries, keys, and their order
 *
 *     waiting    e3(a) -> e5(b) -> e6(a)               entries that nobody has, in the order of positions
 *     key a      e1 sent, e2 sent | e3, e6             what is sent stands before what waits
 *
 * Invariants
 *  - All entries of a key that are sent are in one consumer's hands, and stand before all that wait.
 *  - An entry leaves only when it is settled: acknowledged, skipped, or its row is on disk. Only then the subscription
 *    underneath is told, so that the checkpoint can't pass it.
 *  - The subscription underneath is used by one thread at a time: under the lock, or by who has set `reading`. The user's
 *    `partition` and `ready` run without the lock.
 */
#ifndef ACTI_GROUP_PARTS_H
#define ACTI_GROUP_PARTS_H

#include "acta/consumer_group.h"

#include "subscription_parts.h"

typedef struct acti_group_key acti_group_key;
typedef struct acti_group_entry acti_group_entry;

/* An event on its way. */
struct acti_group_entry {
    acti_group_entry *prev, *next;         /* those that wait */
    acti_group_entry *key_prev, *key_next; /* of its key, in order */
    acti_group_entry *bucket_next;         /* by position */
    acti_group_key *key;
    acta_chunk *chunk;
    const acta_recorded *event; /* in the chunk */
    acta_consumer *holder;      /* NULL: it waits, or its row is on its way */
    uint32_t attempts;
    uint64_t due_ns;  /* not before */
    bool from_parked; /* it has a row, and no place in the subscription's window */
    bool to_park;     /* as soon as the store takes the row */
    bool on_way;      /* its row, or the deletion of it */
    char *reason;     /* NULL: none; ACTA_PARKED_REASON_MAX bytes */
};

struct acti_group_key {
    acti_group_key *bucket_next;
    acti_group_key *prev, *next;    /* all with parked events */
    acti_group_entry *first, *last; /* in order */
    acta_consumer *holder;          /* of those that are sent */
    uint32_t sent_count;
    uint64_t *parked; /* positions, ascending; also of rows that are on their way */
    uint32_t parked_count, parked_room;
    bool replaying;
    bool in_list;
    bool is_none; /* the empty one: no order */
    uint64_t hash;
    size_t size;
    char text[];
};

struct acta_consumer {
    acta_group *group;
    acta_consumer *prev, *next;
    uint32_t window, in_hands;
    bool thirsty;
    uint32_t calls; /* of ready, under way */
    void (*ready)(void *user);
    void *user;
    char name[64];
};

enum { ACTI_GROUP_BUCKETS = 1024 };

struct acta_group {
    acta_store *store;
    acta_subscription *subscription;
    acta_str (*partition)(void *user, const acta_recorded *event);
    void *partition_user;
    uint32_t consumer_count_max, retry_max, backoff_ms, parked_count_max;
    bool park_alone;

    acti_monitor lock;
    acta_consumer *consumers;
    uint32_t consumer_count;
    int64_t idle_us; /* since when nobody consumes; 0: somebody does */
    bool reading;    /* a consumer is in the subscription, without the lock */
    bool stopped;
    int64_t stopped_us;
    char stop_reason[ACTA_PARKED_REASON_MAX];
    acti_group_entry *first, *last; /* waiting */
    acti_group_entry *entries[ACTI_GROUP_BUCKETS];
    acti_group_key *keys[ACTI_GROUP_BUCKETS];
    acti_group_key *parked_first; /* keys with parked events */
    uint64_t parked_count;
    acta_chunk *chunk; /* of the subscription, in the hands of who reads */
    uint32_t chunk_next;
    uint64_t *settled; /* positions for the subscription; as many as its window */
    uint32_t settled_count;
    bool may_have_more; /* of the subscription */
};

/* group_keys.c; all under the lock */
acti_group_entry *acti_group_find(const acta_group *group, uint64_t position);
acti_group_key *acti_group_key_get(acta_group *group, acta_str text, bool create); /* NULL: none, or no memory */
void acti_group_key_let_go(acta_group *group, acti_group_key *key);                /* if nothing needs it */
/* A new entry, waiting, behind those of its key. The chunk gets a reference. NULL: no memory. */
acti_group_entry *acti_group_entry_add(acta_group *group, acta_str key, acta_chunk *chunk, const acta_recorded *event);
void acti_group_entry_free(acta_group *group, acti_group_entry *entry); /* out of every list */
void acti_group_take(acti_group_entry *entry, acta_consumer *consumer); /* from waiting into its hands */
/* Out of the holder's hands, with all later ones of its key that are sent: they wait again. */
void acti_group_recall(acta_group *group, acti_group_entry *entry);
void acti_group_detach(acti_group_entry *entry);                  /* out of the holder's hands, and not into the list */
void acti_group_wait(acta_group *group, acti_group_entry *entry); /* into the list of those that wait */
void acti_group_unwait(acta_group *group, acti_group_entry *entry); /* out of it */
bool acti_group_is_first(const acti_group_entry *entry);            /* no entry of its key waits before it */
bool acti_group_key_has_parked(const acti_group_key *key, uint64_t position);
bool acti_group_set_reason(acta_group *group, acti_group_entry *entry, acta_str reason);

/* group_deliver.c */
void acti_group_settle(acta_group *group, uint64_t position); /* the subscription is to know */
void acti_group_flush(acta_group *group);                     /* tell it, unless somebody reads */
void acti_group_wake(acta_group *group);                      /* call those that wait for something. Without the lock */
void acti_group_ready(void *user);                            /* the subscription's */

/* group_parked.c; under the lock */
acta_status acti_group_load_parked(acta_group *group, acta_error *error);
void acti_group_park(acta_group *group, acti_group_entry *entry); /* it waits; its row goes on its way */
acta_status acti_group_unpark(
    acta_group *group, acti_group_entry *entry, acta_error *error); /* in its holder's hands */
bool acti_group_key_is_parked(const acti_group_key *key);
/* Put the first parked event of keys that are replayed among those that wait. */
acta_status acti_group_feed_replays(acta_group *group, acta_error *error);
bool acti_group_key_add_parked(acta_group *group, acti_group_key *key, uint64_t position); /* false: no memory */
void acti_group_key_remove_parked(acta_group *group, acti_group_key *key, uint64_t position);

/* consumer_group.c */
void acti_group_info(acta_group *group, acta_subscription_info *info);

#endif
