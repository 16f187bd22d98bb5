/*
 * The simulated disk, as the files of the memory engine share it.
 *
 *     memory_keys.c   keys, versions, batches       memory_disk.c   what is durable, what a crash loses
 *     memory.c        the engine over it
 *
 *     family:  skip list of keys, in their order;  one hash table over all families, for who asks for one key
 *     key:     -> version (sequence 9) -> version (sequence 4) -> …   newest first
 *
 *     sequence   1 … durable … visible              unsynced batches: those behind `durable`, and the one written but
 *                                                   not yet synced, which nobody sees
 *
 * Every batch has a sequence number, and every write of a key keeps the older versions that somebody may still need: an
 * iterator sees the newest version at or below the number at which it was opened, and a crash throws away those above
 * what was durable. A version without a value says that the key was deleted.
 *
 * Threads: all under the disk's lock. What an iterator shows stays, because versions that it may see aren't dropped.
 */
#ifndef ACTI_MEMORY_H
#define ACTI_MEMORY_H

#include "acta/memory_engine.h"

#include "engine.h"
#include "thread.h"

enum { LEVEL_MAX = 16, FAMILIES = ACTI_FAMILY_COUNT };
enum { UNSYNCED_MAX = 16 << 20 }; /* bytes that a crash may lose; what is older is written back, as a system does */

typedef struct version {
    struct version *older;
    uint64_t sequence;
    bool deleted;
    size_t size;
    uint8_t bytes[];
} version;

typedef struct node {
    version *newest;
    struct node *same; /* the next in its bucket */
    size_t key_size;
    uint8_t *key; /* behind the links */
    uint32_t hash;
    uint32_t level;
    struct node *next[];
} node;

typedef struct change {
    acti_family family;
    enum { CHANGE_PUT, CHANGE_DELETE, CHANGE_DELETE_RANGE } kind;
    size_t key_at, key_size, value_at, value_size; /* in the batch's bytes; for a range value is its end */
} change;

struct acti_engine_batch {
    acta_allocator allocator;
    change *changes;
    size_t change_count, change_room;
    uint8_t *bytes;
    size_t byte_count, byte_room;
    bool failed; /* no memory while it was filled */
};

/* A batch that the disk has and may still lose. */
typedef struct unsynced {
    struct unsynced *next;
    uint64_t sequence; /* 0: not applied yet */
    acti_engine_batch *batch;
} unsynced;

struct acta_disk {
    acta_allocator allocator;
    acti_monitor lock; /* of everything below */
    acta_disk_faults faults;

    node *heads[FAMILIES];           /* of LEVEL_MAX links each */
    node *last[FAMILIES][LEVEL_MAX]; /* on each level, or the head: most new keys come behind all others */
    node **buckets;                  /* NULL: none yet */
    size_t bucket_count, key_count;  /* a power of two; without memory for more, chains grow longer */
    uint64_t visible, durable;
    uint64_t level_seed;
    unsynced *unsynced_first, *unsynced_last;
    unsynced *unapplied; /* the first of these that nobody sees yet; NULL: none */
    size_t unsynced_bytes;
    unsynced *settling_first, *settling_last; /* durable, but an older iterator may still need what they replaced */
    struct acti_engine_iterator *iterators;

    uint8_t marks[ACTI_MARK_SLOT_COUNT][ACTI_MARK_SIZE];
    uint8_t unsynced_mark[ACTI_MARK_SIZE];
    uint32_t unsynced_mark_slot;
    bool has_unsynced_mark;
    bool prepared;
    bool open;           /* an engine on it keeps others out */
    uint64_t power_cuts; /* an engine from before the last one holds nothing any more */
};

struct acti_engine_iterator {
    acta_disk *disk;
    struct acti_engine_iterator *prev, *next; /* all open ones */
    acti_family family;
    uint64_t sequence;
    bool backward, begun;
    const node *at; /* what was shown last; stays, since its version is one that we see */
    size_t from_size, to_size, start_size;
    uint8_t bounds[];
};

static inline void *
disk_alloc(const acta_disk *disk, size_t size)
{
    return disk->allocator.alloc(disk->allocator.user, size);
}

static inline void
disk_free(const acta_disk *disk, void *memory, size_t size)
{
    disk->allocator.free(disk->allocator.user, memory, size);
}

/* -- memory_keys.c -- */

int acti_disk_compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size);
node *acti_disk_node_create(acta_disk *disk, uint32_t level, acta_bytes key); /* NULL: no memory */
void acti_disk_node_free(acta_disk *disk, node *freed);
/* The node of this very key; NULL: none. */
node *acti_disk_find(const acta_disk *disk, acti_family family, acta_bytes key);
/* The last nodes before `key` on each level. Returns the first node at or behind it. */
node *acti_disk_find_before(const acta_disk *disk, acti_family family, acta_bytes key, node **before);
bool acti_disk_has_key(const node *found, acta_bytes key);
/* What was visible of a key at `sequence`; NULL: nothing. */
const version *acti_disk_version_at(const node *of, uint64_t sequence);
/* The lowest sequence number that anybody may still ask for. */
uint64_t acti_disk_oldest_needed(const acta_disk *disk);

void acti_disk_batch_destroy(acti_engine_batch *batch);
void acti_disk_batch_clear(acti_engine_batch *batch);
void acti_disk_batch_put(acti_engine_batch *batch, acti_family family, acta_bytes key, acta_bytes value);
void acti_disk_batch_delete(acti_engine_batch *batch, acti_family family, acta_bytes key);
void acti_disk_batch_delete_range(acti_engine_batch *batch, acti_family family, acta_bytes from, acta_bytes to);
size_t acti_disk_batch_bytes(const acti_engine_batch *batch);
/* A copy, for the disk to remember; the store uses its own again. NULL: no memory. */
acti_engine_batch *acti_disk_batch_copy(const acti_engine_batch *batch);
/* Make its changes, under a sequence number; false: no memory, and some of them are made. */
bool acti_disk_apply_batch(acta_disk *disk, const acti_engine_batch *batch, uint64_t sequence);
/* Of the keys that it touched, take out versions above `keep`, and those that nobody can see any more. */
void acti_disk_settle_batch(acta_disk *disk, const acti_engine_batch *batch, uint64_t keep);

/* -- memory_disk.c; the lock is held -- */

bool acti_disk_fails(const acta_disk *disk, acta_disk_op op); /* by the test's choice */
void acti_disk_push_unsynced(acta_disk *disk, unsynced *pushed);
bool acti_disk_apply_written(acta_disk *disk); /* make all that is written visible; false: no memory */
void acti_disk_settle(acta_disk *disk);        /* drop what nobody needs any more */
/* What is visible, but for the newest `but` bytes of it. */
void acti_disk_make_durable(acta_disk *disk, size_t but);
void acti_disk_take_over(acta_disk *disk); /* for a store that is being opened to write */

#endif
