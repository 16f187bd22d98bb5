/*
 * Memory engine: ordered keys in memory, over a disk that outlives the store and can lose what was not synced.
 *
 *     family:  skip list of keys;  key -> version (sequence 9) -> version (sequence 4) -> …   newest first
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
#include <assert.h>
#include <string.h>

#include "acta/memory_engine.h"

#include "engine.h"
#include "internal.h"

enum { LEVEL_MAX = 16, FAMILIES = ACTI_FAMILY_COUNT };

typedef struct version {
    struct version *older;
    uint64_t sequence;
    bool deleted;
    size_t size;
    uint8_t bytes[];
} version;

typedef struct node {
    version *newest;
    size_t key_size;
    uint8_t *key; /* behind the links */
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

    node *heads[FAMILIES]; /* of LEVEL_MAX links each */
    uint64_t visible, durable;
    uint64_t level_seed;
    unsynced *unsynced_first, *unsynced_last;
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

typedef struct memory_engine {
    acta_engine engine;
    acta_disk *disk;
    bool read_only;
    bool holds;          /* the disk's `open` is ours */
    uint64_t power_cuts; /* of the disk, when it became ours */
} memory_engine;

struct acti_engine_iterator {
    acta_disk *disk;
    struct acti_engine_iterator *prev, *next; /* all open ones */
    acti_family family;
    uint64_t sequence;
    bool backward, begun;
    const node *at; /* what was shown last; stays, since its version is one that we see */
    size_t from_size, to_size;
    uint8_t bounds[];
};

static memory_engine *
engine_of(acta_engine *engine)
{
    return (memory_engine *)(void *)engine; /* its first field */
}

static void *
disk_alloc(const acta_disk *disk, size_t size)
{
    return disk->allocator.alloc(disk->allocator.user, size);
}

static void
disk_free(const acta_disk *disk, void *memory, size_t size)
{
    disk->allocator.free(disk->allocator.user, memory, size);
}

/* -- keys and versions -- */

static size_t
node_size(uint32_t level, size_t key_size)
{
    return sizeof(node) + level * sizeof(node *) + key_size;
}

static int
compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    size_t size = a_size < b_size ? a_size : b_size;
    int order = size > 0 ? memcmp(a, b, size) : 0;
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

static node *
node_create(acta_disk *disk, uint32_t level, acta_bytes key)
{
    node *created = disk_alloc(disk, node_size(level, key.size));

    if (created == NULL) return NULL;
    memset(created, 0, node_size(level, 0));
    created->level = level;
    created->key_size = key.size;
    created->key = (uint8_t *)&created->next[level];
    if (key.size > 0) memcpy(created->key, key.data, key.size);
    return created;
}

static void
node_free(acta_disk *disk, node *freed)
{
    for (version *v = freed->newest; v != NULL;) {
        version *older = v->older;
        disk_free(disk, v, sizeof *v + v->size);
        v = older;
    }
    disk_free(disk, freed, node_size(freed->level, freed->key_size));
}

/* The last nodes before `key` on each level. Returns the first node at or behind it. */
static node *
find_before(const acta_disk *disk, acti_family family, acta_bytes key, node **before)
{
    node *at = disk->heads[family];

    for (uint32_t level = LEVEL_MAX; level-- > 0;) {
        while (
            at->next[level] != NULL && compare(at->next[level]->key, at->next[level]->key_size, key.data, key.size) < 0)
            at = at->next[level];
        before[level] = at;
    }
    return at->next[0];
}

static bool
has_key(const node *found, acta_bytes key)
{
    return found != NULL && compare(found->key, found->key_size, key.data, key.size) == 0;
}

/* One more level with a chance of a quarter; from a fixed seed, so that equal runs have equal lists. */
static uint32_t
random_level(acta_disk *disk)
{
    uint32_t level = 1;

    disk->level_seed = disk->level_seed * 6364136223846793005u + 1442695040888963407u;
    for (uint64_t bits = disk->level_seed >> 33; (bits & 3) == 0 && level < LEVEL_MAX; bits >>= 2)
        level++;
    return level;
}

static node *
find_or_insert(acta_disk *disk, acti_family family, acta_bytes key)
{
    node *before[LEVEL_MAX];
    node *found = find_before(disk, family, key, before);

    if (has_key(found, key)) return found;
    node *inserted = node_create(disk, random_level(disk), key);
    if (inserted == NULL) return NULL;
    for (uint32_t level = 0; level < inserted->level; level++) {
        inserted->next[level] = before[level]->next[level];
        before[level]->next[level] = inserted;
    }
    return inserted;
}

static void
remove_node(acta_disk *disk, acti_family family, node *removed)
{
    node *before[LEVEL_MAX];

    find_before(disk, family, acta_bytes_from(removed->key, removed->key_size), before);
    for (uint32_t level = 0; level < removed->level; level++) {
        if (before[level]->next[level] == removed) before[level]->next[level] = removed->next[level];
    }
    node_free(disk, removed);
}

static const version *
version_at(const node *of, uint64_t sequence)
{
    const version *v = of->newest;

    while (v != NULL && v->sequence > sequence)
        v = v->older;
    return v != NULL && !v->deleted ? v : NULL;
}

/* The lowest sequence number that anybody may still ask for. */
static uint64_t
oldest_needed(const acta_disk *disk)
{
    uint64_t oldest = disk->durable;

    for (const acti_engine_iterator *i = disk->iterators; i != NULL; i = i->next) {
        if (i->sequence < oldest) oldest = i->sequence;
    }
    return oldest;
}

/* Drop versions that nobody can see any more; the key with them, when nothing but its deletion is left. */
static void
prune_node(acta_disk *disk, acti_family family, node *pruned, uint64_t oldest)
{
    version *v = pruned->newest;

    while (v != NULL && v->sequence > oldest)
        v = v->older;
    if (v != NULL) { /* seen by the oldest; those behind it by nobody */
        while (v->older != NULL) {
            version *older = v->older;
            v->older = older->older;
            disk_free(disk, older, sizeof *older + older->size);
        }
    }
    if (pruned->newest == NULL || (pruned->newest->deleted && pruned->newest->sequence <= oldest))
        remove_node(disk, family, pruned);
}

static bool
set_key(acta_disk *disk, acti_family family, acta_bytes key, const acta_bytes *value, uint64_t sequence)
{
    node *set = find_or_insert(disk, family, key);
    size_t size = value != NULL ? value->size : 0;
    version *v = set != NULL ? disk_alloc(disk, sizeof *v + size) : NULL;

    if (v == NULL) return false;
    *v = (version){ .older = set->newest, .sequence = sequence, .deleted = value == NULL, .size = size };
    if (size > 0) memcpy(v->bytes, value->data, size);
    set->newest = v;
    return true;
}

/* -- batches -- */

static acti_engine_batch *
batch_create(acta_engine *base)
{
    acta_disk *disk = engine_of(base)->disk;
    acti_engine_batch *batch = disk_alloc(disk, sizeof *batch);

    if (batch != NULL) *batch = (acti_engine_batch){ .allocator = disk->allocator };
    return batch;
}

static void
batch_destroy(acti_engine_batch *batch)
{
    acta_allocator allocator = batch->allocator;

    if (batch->changes != NULL)
        allocator.free(allocator.user, batch->changes, batch->change_room * sizeof *batch->changes);
    if (batch->bytes != NULL) allocator.free(allocator.user, batch->bytes, batch->byte_room);
    allocator.free(allocator.user, batch, sizeof *batch);
}

static void
batch_clear(acti_engine_batch *batch)
{
    batch->change_count = 0;
    batch->byte_count = 0;
    batch->failed = false;
}

/* Make `*array` at least `count` elements long. */
static bool
make_room(const acta_allocator *allocator, void **array, size_t *room, size_t used, size_t count, size_t element_size)
{
    size_t grown_room = *room == 0 ? 64 : *room;

    while (grown_room < count)
        grown_room *= 2;
    if (grown_room == *room) return true;
    void *grown = allocator->alloc(allocator->user, grown_room * element_size);
    if (grown == NULL) return false;
    if (used > 0) memcpy(grown, *array, used * element_size);
    if (*array != NULL) allocator->free(allocator->user, *array, *room * element_size);
    *array = grown;
    *room = grown_room;
    return true;
}

static void
batch_add(acti_engine_batch *batch, acti_family family, int kind, acta_bytes key, acta_bytes value)
{
    void *changes = batch->changes, *bytes = batch->bytes;
    bool room = make_room(&batch->allocator, &changes, &batch->change_room, batch->change_count,
        batch->change_count + 1, sizeof *batch->changes);
    batch->changes = changes;
    room = room && make_room(&batch->allocator, &bytes, &batch->byte_room, batch->byte_count,
                       batch->byte_count + key.size + value.size, 1);
    batch->bytes = bytes;
    if (!room) {
        batch->failed = true;
        return;
    }

    change *added = &batch->changes[batch->change_count++];
    *added = (change){ .family = family, .key_at = batch->byte_count, .key_size = key.size };
    added->kind = kind == CHANGE_PUT ? CHANGE_PUT : kind == CHANGE_DELETE ? CHANGE_DELETE : CHANGE_DELETE_RANGE;
    added->value_at = added->key_at + key.size;
    added->value_size = value.size;
    if (key.size > 0) memcpy(batch->bytes + added->key_at, key.data, key.size);
    if (value.size > 0) memcpy(batch->bytes + added->value_at, value.data, value.size);
    batch->byte_count += key.size + value.size;
}

static void
batch_put(acti_engine_batch *batch, acti_family family, acta_bytes key, acta_bytes value)
{
    batch_add(batch, family, CHANGE_PUT, key, value);
}

static void
batch_delete(acti_engine_batch *batch, acti_family family, acta_bytes key)
{
    batch_add(batch, family, CHANGE_DELETE, key, acta_bytes_from(NULL, 0));
}

static void
batch_delete_range(acti_engine_batch *batch, acti_family family, acta_bytes from, acta_bytes to)
{
    batch_add(batch, family, CHANGE_DELETE_RANGE, from, to);
}

static size_t
batch_bytes(const acti_engine_batch *batch)
{
    return batch->byte_count;
}

/* Nothing lies in a log; some bytes, so that simulations move the verified point as real stores do. */
static uint64_t
unsettled_bytes_max(const acta_engine *engine)
{
    (void)engine;
    return 16 << 10;
}

static acta_bytes
change_key(const acti_engine_batch *batch, const change *of)
{
    return acta_bytes_from(batch->bytes + of->key_at, of->key_size);
}

static acta_bytes
change_value(const acti_engine_batch *batch, const change *of)
{
    return acta_bytes_from(batch->bytes + of->value_at, of->value_size);
}

static bool
delete_range(acta_disk *disk, acti_family family, acta_bytes from, acta_bytes to, uint64_t sequence)
{
    node *before[LEVEL_MAX];
    node *at = find_before(disk, family, from, before);

    for (; at != NULL && compare(at->key, at->key_size, to.data, to.size) < 0; at = at->next[0]) {
        if (version_at(at, sequence) == NULL) continue;
        if (!set_key(disk, family, acta_bytes_from(at->key, at->key_size), NULL, sequence)) return false;
    }
    return true;
}

static bool
apply_batch(acta_disk *disk, const acti_engine_batch *batch, uint64_t sequence)
{
    bool applied = true;

    for (size_t i = 0; i < batch->change_count && applied; i++) {
        const change *c = &batch->changes[i];
        acta_bytes key = change_key(batch, c), value = change_value(batch, c);
        switch (c->kind) {
        case CHANGE_PUT:
            applied = set_key(disk, c->family, key, &value, sequence);
            break;
        case CHANGE_DELETE:
            applied = set_key(disk, c->family, key, NULL, sequence);
            break;
        case CHANGE_DELETE_RANGE:
            applied = delete_range(disk, c->family, key, value, sequence);
            break;
        }
    }
    return applied;
}

/* Nodes that a batch touched: take out versions above `keep`, or prune. A range touches all keys in it. */
static void
settle_key(acta_disk *disk, acti_family family, node *settled, uint64_t keep, uint64_t oldest)
{
    while (settled->newest != NULL && settled->newest->sequence > keep) {
        version *dropped = settled->newest;
        settled->newest = dropped->older;
        disk_free(disk, dropped, sizeof *dropped + dropped->size);
    }
    prune_node(disk, family, settled, oldest);
}

static void
settle_batch(acta_disk *disk, const acti_engine_batch *batch, uint64_t keep)
{
    uint64_t oldest = oldest_needed(disk);

    for (size_t i = 0; i < batch->change_count; i++) {
        const change *c = &batch->changes[i];
        acta_bytes key = change_key(batch, c), end = change_value(batch, c);
        node *before[LEVEL_MAX];
        node *found = find_before(disk, c->family, key, before);
        if (c->kind != CHANGE_DELETE_RANGE) {
            if (has_key(found, key)) settle_key(disk, c->family, found, keep, oldest);
            continue;
        }
        while (found != NULL && compare(found->key, found->key_size, end.data, end.size) < 0) {
            node *next = found->next[0];
            settle_key(disk, c->family, found, keep, oldest);
            found = next;
        }
    }
}

/* A copy of a batch, for the disk to remember; the store uses its own again. */
static acti_engine_batch *
batch_copy(const acti_engine_batch *batch)
{
    const acta_allocator *allocator = &batch->allocator;
    acti_engine_batch *copy = allocator->alloc(allocator->user, sizeof *copy);
    size_t changes_size = batch->change_room * sizeof *batch->changes;

    if (copy == NULL) return NULL;
    *copy = *batch;
    copy->changes = batch->changes != NULL ? allocator->alloc(allocator->user, changes_size) : NULL;
    copy->bytes = batch->bytes != NULL ? allocator->alloc(allocator->user, batch->byte_room) : NULL;
    if ((batch->changes != NULL && copy->changes == NULL) || (batch->bytes != NULL && copy->bytes == NULL)) {
        batch_destroy(copy);
        return NULL;
    }
    if (batch->change_count > 0) memcpy(copy->changes, batch->changes, batch->change_count * sizeof *batch->changes);
    if (batch->byte_count > 0) memcpy(copy->bytes, batch->bytes, batch->byte_count);
    return copy;
}

/* -- the disk -- */

static bool
fails(const acta_disk *disk, acta_disk_op op)
{
    return disk->faults.fail != NULL && disk->faults.fail(disk->faults.user, op);
}

static void
list_push(unsynced **first, unsynced **last, unsynced *pushed)
{
    pushed->next = NULL;
    if (*last != NULL)
        (*last)->next = pushed;
    else
        *first = pushed;
    *last = pushed;
}

static unsynced *
list_pop(unsynced **first, unsynced **last)
{
    unsynced *popped = *first;

    *first = popped->next;
    if (*first == NULL) *last = NULL;
    return popped;
}

static void
unsynced_free(acta_disk *disk, unsynced *freed)
{
    batch_destroy(freed->batch);
    disk_free(disk, freed, sizeof *freed);
}

static acta_status
engine_write(acta_engine *base, acti_engine_batch *batch, acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;
    acta_status status = ACTA_OK;

    acti_monitor_enter(&disk->lock);
    unsynced *added = NULL;
    if (fails(disk, ACTA_DISK_WRITE))
        status = acta_error_set(error, ACTA_IO, "cannot write to the log: the simulated disk failed a write");
    else if (batch->failed || (added = disk_alloc(disk, sizeof *added)) == NULL)
        status = acta_error_set(error, ACTA_IO, "cannot write to the log: there is no memory");
    else {
        *added = (unsynced){ .batch = batch_copy(batch) };
        if (added->batch == NULL) {
            disk_free(disk, added, sizeof *added);
            status = acta_error_set(error, ACTA_IO, "cannot write to the log: there is no memory");
        } else {
            list_push(&disk->unsynced_first, &disk->unsynced_last, added);
        }
    }
    acti_monitor_leave(&disk->lock);
    return status;
}

static bool
apply_next(acta_disk *disk, unsynced *applied)
{
    if (!apply_batch(disk, applied->batch, disk->visible + 1)) return false;
    applied->sequence = ++disk->visible;
    return true;
}

/* Drop what durable batches replaced, as far as no open iterator may still look at it. */
static void
settle(acta_disk *disk)
{
    uint64_t oldest = oldest_needed(disk);

    while (disk->settling_first != NULL && disk->settling_first->sequence <= oldest) {
        unsynced *settled = list_pop(&disk->settling_first, &disk->settling_last);
        settle_batch(disk, settled->batch, UINT64_MAX);
        unsynced_free(disk, settled);
    }
}

/* All that is visible is durable now: nothing has to be kept for a crash. */
static void
make_durable(acta_disk *disk)
{
    disk->durable = disk->visible;
    while (disk->unsynced_first != NULL)
        list_push(&disk->settling_first, &disk->settling_last, list_pop(&disk->unsynced_first, &disk->unsynced_last));
    settle(disk);
}

static acta_status
engine_sync(acta_engine *base, bool durable, acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;
    acta_status status = ACTA_OK;

    acti_monitor_enter(&disk->lock);
    if (durable && fails(disk, ACTA_DISK_SYNC))
        status =
            acta_error_set(error, ACTA_UNKNOWN_OUTCOME, "cannot write to the log: the simulated disk failed a sync");
    for (unsynced *u = disk->unsynced_first; u != NULL && status == ACTA_OK; u = u->next) {
        if (u->sequence == 0 && !apply_next(disk, u))
            status = acta_error_set(error, ACTA_UNKNOWN_OUTCOME, "cannot write to the log: there is no memory");
    }
    if (status == ACTA_OK && durable) make_durable(disk);
    acti_monitor_leave(&disk->lock);
    return status;
}

/* How many of `count` survive, by the test's choice. */
static uint32_t
choose(const acta_disk *disk, uint32_t count)
{
    if (disk->faults.choose == NULL || count == 0) return 0;
    uint32_t chosen = disk->faults.choose(disk->faults.user, count);
    return chosen > count ? count : chosen;
}

/* The first `survivors` of the unsynced batches are on the disk after all; the rest is lost. */
static void
lose_unsynced(acta_disk *disk, uint32_t survivors)
{
    for (unsynced *u = disk->unsynced_first; u != NULL && survivors > 0; u = u->next, survivors--) {
        if (u->sequence == 0 && !apply_next(disk, u)) break; /* no memory: it goes with the rest */
        disk->durable = u->sequence;
    }
    while (disk->unsynced_first != NULL) {
        unsynced *u = list_pop(&disk->unsynced_first, &disk->unsynced_last);
        settle_batch(disk, u->batch, disk->durable);
        unsynced_free(disk, u);
    }
    disk->visible = disk->durable;
}

static uint32_t
unsynced_count(const acta_disk *disk, bool visible_only)
{
    uint32_t count = 0;

    for (const unsynced *u = disk->unsynced_first; u != NULL; u = u->next)
        count += !visible_only || u->sequence != 0;
    return count;
}

void
acta_disk_crash(acta_disk *disk)
{
    acti_monitor_enter(&disk->lock);
    lose_unsynced(disk, choose(disk, unsynced_count(disk, false)));
    if (disk->has_unsynced_mark && choose(disk, 1) == 1)
        memcpy(disk->marks[disk->unsynced_mark_slot], disk->unsynced_mark, ACTI_MARK_SIZE);
    disk->has_unsynced_mark = false;
    disk->open = false; /* its process is gone */
    disk->power_cuts++;
    acti_monitor_leave(&disk->lock);
}

/* A store comes after one that ended without a power cut: what that one had made visible is in the system's memory still;
 * of what it could not sync, some may be. */
static void
take_over(acta_disk *disk)
{
    uint32_t visible = unsynced_count(disk, true), all = unsynced_count(disk, false);

    lose_unsynced(disk, visible + choose(disk, all - visible));
}

static void
hash_byte(uint64_t *hash, uint8_t byte)
{
    *hash = (*hash ^ byte) * 0x100000001b3u;
}

static void
hash_bytes(uint64_t *hash, const uint8_t *bytes, size_t size)
{
    for (int i = 0; i < 8; i++)
        hash_byte(hash, (uint8_t)((uint64_t)size >> (8 * i)));
    for (size_t i = 0; i < size; i++)
        hash_byte(hash, bytes[i]);
}

uint64_t
acta_disk_hash(const acta_disk *const_disk)
{
    acta_disk *disk = (acta_disk *)(uintptr_t)const_disk; /* only the lock is touched */
    uint64_t hash = 0xcbf29ce484222325u;

    acti_monitor_enter(&disk->lock);
    for (int family = 0; family < FAMILIES; family++) {
        hash_byte(&hash, (uint8_t)family);
        for (const node *n = disk->heads[family]->next[0]; n != NULL; n = n->next[0]) {
            const version *v = version_at(n, disk->durable);
            if (v == NULL) continue;
            hash_bytes(&hash, n->key, n->key_size);
            hash_bytes(&hash, v->bytes, v->size);
        }
    }
    for (int slot = 0; slot < ACTI_MARK_SLOT_COUNT; slot++)
        hash_bytes(&hash, disk->marks[slot], ACTI_MARK_SIZE);
    acti_monitor_leave(&disk->lock);
    return hash;
}

acta_disk *
acta_disk_create(const acta_allocator *allocator)
{
    acta_environment environment = { 0 };
    if (allocator != NULL) environment.allocator = *allocator;
    environment = acta_environment_or_default(&environment);

    acta_disk *disk = environment.allocator.alloc(environment.allocator.user, sizeof *disk);
    if (disk == NULL) return NULL;
    *disk = (acta_disk){ .allocator = environment.allocator, .level_seed = 1 };
    acti_monitor_init(&disk->lock);
    for (int family = 0; family < FAMILIES; family++) {
        disk->heads[family] = node_create(disk, LEVEL_MAX, acta_bytes_from(NULL, 0));
        if (disk->heads[family] == NULL) {
            acta_disk_destroy(disk);
            return NULL;
        }
    }
    return disk;
}

void
acta_disk_destroy(acta_disk *disk)
{
    if (disk == NULL) return;
    while (disk->unsynced_first != NULL)
        unsynced_free(disk, list_pop(&disk->unsynced_first, &disk->unsynced_last));
    while (disk->settling_first != NULL)
        unsynced_free(disk, list_pop(&disk->settling_first, &disk->settling_last));
    for (int family = 0; family < FAMILIES; family++) {
        for (node *n = disk->heads[family]; n != NULL;) {
            node *next = n->next[0];
            node_free(disk, n);
            n = next;
        }
    }
    acti_monitor_deinit(&disk->lock);
    disk_free(disk, disk, sizeof *disk);
}

void
acta_disk_set_faults(acta_disk *disk, const acta_disk_faults *faults)
{
    acti_monitor_enter(&disk->lock);
    disk->faults = faults != NULL ? *faults : (acta_disk_faults){ 0 };
    acti_monitor_leave(&disk->lock);
}

/* -- reading -- */

static acta_status
read_failed(acta_error *error)
{
    return acta_error_set(error, ACTA_IO, "cannot read: the simulated disk failed a read");
}

/* A copy of what `key` has; absent bytes: nothing. The lock is held. */
static acta_status
get_copy(acta_disk *disk, acti_family family, acta_bytes key, acti_value *value_out, acta_error *error)
{
    node *before[LEVEL_MAX];
    const node *found = find_before(disk, family, key, before);
    const version *v = has_key(found, key) ? version_at(found, disk->visible) : NULL;

    *value_out = (acti_value){ .pin = NULL };
    if (fails(disk, ACTA_DISK_READ)) return read_failed(error);
    if (v == NULL) return ACTA_OK;
    version *copy = disk_alloc(disk, sizeof *copy + v->size);
    if (copy == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read: there is no memory");
    memcpy(copy, v, sizeof *v + v->size);
    *value_out = (acti_value){ .bytes = acta_bytes_from(copy->bytes, copy->size), .pin = copy };
    return ACTA_OK;
}

static acta_status
engine_get(acta_engine *base, acti_family family, acta_bytes key, acti_value *value_out, acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;

    acti_monitor_enter(&disk->lock);
    acta_status status = get_copy(disk, family, key, value_out, error);
    acti_monitor_leave(&disk->lock);
    if (status == ACTA_OK && value_out->pin == NULL) return acta_error_set(error, ACTA_NOT_FOUND, NULL);
    return status;
}

static void
engine_release(acta_engine *base, acti_value *value)
{
    version *copy = value->pin;

    if (copy != NULL) disk_free(engine_of(base)->disk, copy, sizeof *copy + copy->size);
    *value = (acti_value){ .pin = NULL };
}

static acta_status
engine_get_many(acta_engine *base, acti_family family, const acta_bytes *keys, size_t count, acti_value *values_out,
    acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;
    acta_status status = ACTA_OK;
    size_t done = 0;

    acti_monitor_enter(&disk->lock);
    for (; done < count && status == ACTA_OK; done++)
        status = get_copy(disk, family, keys[done], &values_out[done], error);
    acti_monitor_leave(&disk->lock);
    for (size_t i = 0; status != ACTA_OK && i < done; i++)
        engine_release(base, &values_out[i]);
    return status;
}

static acta_status
iterator_open(acta_engine *base, acti_family family, const acti_range *range, acti_engine_iterator **iterator_out,
    acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;
    acti_engine_iterator *iterator = disk_alloc(disk, sizeof *iterator + range->from.size + range->to.size);

    if (iterator == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot read: there is no memory");
    *iterator = (acti_engine_iterator){
        .disk = disk,
        .family = family,
        .backward = range->backward,
        .from_size = range->from.size,
        .to_size = range->to.size,
    };
    if (range->from.size > 0) memcpy(iterator->bounds, range->from.data, range->from.size);
    if (range->to.size > 0) memcpy(iterator->bounds + range->from.size, range->to.data, range->to.size);

    acti_monitor_enter(&disk->lock);
    iterator->sequence = disk->visible;
    iterator->next = disk->iterators;
    if (disk->iterators != NULL) disk->iterators->prev = iterator;
    disk->iterators = iterator;
    acti_monitor_leave(&disk->lock);
    *iterator_out = iterator;
    return ACTA_OK;
}

/* The last node before `key`, or before the end when it is empty; NULL: none. */
static const node *
last_before(const acta_disk *disk, acti_family family, acta_bytes key)
{
    node *before[LEVEL_MAX];

    if (key.size > 0) {
        find_before(disk, family, key, before);
    } else {
        before[0] = disk->heads[family];
        for (uint32_t level = LEVEL_MAX; level-- > 0;) {
            while (before[0]->next[level] != NULL)
                before[0] = before[0]->next[level];
        }
    }
    return before[0] != disk->heads[family] ? before[0] : NULL;
}

static const node *
iterator_step(acti_engine_iterator *iterator)
{
    acta_disk *disk = iterator->disk;
    acta_bytes from = acta_bytes_from(iterator->bounds, iterator->from_size);
    acta_bytes to = acta_bytes_from(iterator->bounds + iterator->from_size, iterator->to_size);
    node *before[LEVEL_MAX];

    if (!iterator->begun) {
        iterator->begun = true;
        return iterator->backward ? last_before(disk, iterator->family, to)
                                  : find_before(disk, iterator->family, from, before);
    }
    if (iterator->at == NULL) return NULL;
    if (!iterator->backward) return iterator->at->next[0];
    return last_before(disk, iterator->family, acta_bytes_from(iterator->at->key, iterator->at->key_size));
}

static bool
within(const acti_engine_iterator *iterator, const node *at)
{
    const uint8_t *from = iterator->bounds, *to = from + iterator->from_size;

    if (iterator->backward) return compare(at->key, at->key_size, from, iterator->from_size) >= 0;
    return iterator->to_size == 0 || compare(at->key, at->key_size, to, iterator->to_size) < 0;
}

static acta_status
iterator_next(acti_engine_iterator *iterator, acta_bytes *key_out, acta_bytes *value_out, acta_error *error)
{
    const version *v = NULL;

    acti_monitor_enter(&iterator->disk->lock);
    bool failed = fails(iterator->disk, ACTA_DISK_READ);
    while (!failed && v == NULL) {
        iterator->at = iterator_step(iterator);
        if (iterator->at != NULL && !within(iterator, iterator->at)) iterator->at = NULL;
        if (iterator->at == NULL) break;
        v = version_at(iterator->at, iterator->sequence);
    }
    if (v != NULL) {
        *key_out = acta_bytes_from(iterator->at->key, iterator->at->key_size);
        *value_out = acta_bytes_from(v->bytes, v->size);
    }
    acti_monitor_leave(&iterator->disk->lock);
    if (failed) return read_failed(error);
    return v != NULL ? ACTA_OK : acta_error_set(error, ACTA_NOT_FOUND, NULL);
}

static void
iterator_close(acti_engine_iterator *iterator)
{
    if (iterator == NULL) return;
    acta_disk *disk = iterator->disk;

    acti_monitor_enter(&disk->lock);
    if (iterator->prev != NULL)
        iterator->prev->next = iterator->next;
    else
        disk->iterators = iterator->next;
    if (iterator->next != NULL) iterator->next->prev = iterator->prev;
    settle(disk);
    acti_monitor_leave(&disk->lock);
    disk_free(disk, iterator, sizeof *iterator + iterator->from_size + iterator->to_size);
}

/* -- opening, marks -- */

static acta_status
keep_others_out(memory_engine *engine, acta_error *error)
{
    acta_disk *disk = engine->disk;
    acta_status status = ACTA_OK;

    acti_monitor_enter(&disk->lock);
    if (disk->open)
        status = acta_error_set(
            error, ACTA_IN_USE, "the simulated disk is open for writing in another store; close that one");
    else {
        engine->holds = disk->open = true;
        engine->power_cuts = disk->power_cuts;
        take_over(disk);
    }
    acti_monitor_leave(&disk->lock);
    return status;
}

static acta_status
engine_probe(acta_engine *base, const acti_engine_config *config, acti_found *found_out, acta_error *error)
{
    memory_engine *engine = engine_of(base);

    engine->read_only = config->read_only;
    acta_status status = engine->read_only ? ACTA_OK : keep_others_out(engine, error);
    acti_monitor_enter(&engine->disk->lock);
    bool holds_something = engine->disk->visible > 0;
    *found_out = holds_something ? ACTI_FOUND_STORE : engine->disk->prepared ? ACTI_FOUND_PLACE : ACTI_FOUND_NOTHING;
    acti_monitor_leave(&engine->disk->lock);
    return status;
}

static acta_status
engine_prepare(acta_engine *base, acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;

    (void)error;
    acti_monitor_enter(&disk->lock);
    disk->prepared = true;
    acti_monitor_leave(&disk->lock);
    return ACTA_OK;
}

static acta_status
engine_start(acta_engine *base, acti_start how, acta_error *error)
{
    (void)base;
    (void)how;
    (void)error;
    return ACTA_OK;
}

static acta_status
engine_flush(acta_engine *base, acta_error *error)
{
    (void)base;
    (void)error;
    return ACTA_OK;
}

static void
engine_close(acta_engine *base)
{
    memory_engine *engine = engine_of(base);
    acta_disk *disk = engine->disk;

    acti_monitor_enter(&disk->lock);
    if (engine->holds && engine->power_cuts == disk->power_cuts) disk->open = false;
    acti_monitor_leave(&disk->lock);
    disk_free(disk, engine, sizeof *engine);
}

static acta_status
mark_read(acta_engine *base, uint32_t slot, uint8_t *bytes_out, acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;

    acti_monitor_enter(&disk->lock);
    bool failed = fails(disk, ACTA_DISK_READ);
    memcpy(bytes_out, disk->marks[slot], ACTI_MARK_SIZE);
    acti_monitor_leave(&disk->lock);
    return failed ? read_failed(error) : ACTA_OK;
}

static acta_status
mark_write(acta_engine *base, uint32_t slot, const uint8_t *bytes, acta_error *error)
{
    acta_disk *disk = engine_of(base)->disk;

    acti_monitor_enter(&disk->lock);
    bool failed = fails(disk, ACTA_DISK_MARK);
    if (failed) {
        memcpy(disk->unsynced_mark, bytes, ACTI_MARK_SIZE);
        disk->unsynced_mark_slot = slot;
        disk->has_unsynced_mark = true;
    } else {
        memcpy(disk->marks[slot], bytes, ACTI_MARK_SIZE);
    }
    acti_monitor_leave(&disk->lock);
    return failed ? acta_error_set(error, ACTA_IO, "cannot write the mark: the simulated disk failed") : ACTA_OK;
}

acta_engine *
acta_memory_engine(acta_disk *disk)
{
    static const acti_engine_ops ops = {
        .probe = engine_probe,
        .prepare = engine_prepare,
        .start = engine_start,
        .close = engine_close,
        .flush = engine_flush,
        .batch_create = batch_create,
        .batch_destroy = batch_destroy,
        .batch_clear = batch_clear,
        .batch_put = batch_put,
        .batch_delete = batch_delete,
        .batch_delete_range = batch_delete_range,
        .batch_bytes = batch_bytes,
        .unsettled_bytes_max = unsettled_bytes_max,
        .write = engine_write,
        .sync = engine_sync,
        .get = engine_get,
        .get_many = engine_get_many,
        .release = engine_release,
        .iterator_open = iterator_open,
        .iterator_next = iterator_next,
        .iterator_close = iterator_close,
        .mark_read = mark_read,
        .mark_write = mark_write,
    };
    memory_engine *engine = disk_alloc(disk, sizeof *engine);

    if (engine != NULL) *engine = (memory_engine){ .engine = { .ops = &ops }, .disk = disk };
    return engine != NULL ? &engine->engine : NULL;
}
