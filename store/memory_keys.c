/*
 * Keys of the simulated disk: a skip list for each family, a hash table over all, the versions of each key, and batches
 * of changes to them.
 *
 * Skip lists by Pugh, "Skip lists: a probabilistic alternative to balanced trees" (1990).
 */
#include "memory.h"

#include <string.h>

#include "acta/crc.h"

enum { BUCKETS_MIN = 256, NUMBERED_KEY_MAX = 32 };

static size_t
node_size(uint32_t level, size_t key_size)
{
    return sizeof(node) + level * sizeof(node *) + key_size;
}

int
acti_disk_compare(const uint8_t *a, size_t a_size, const uint8_t *b, size_t b_size)
{
    size_t size = a_size < b_size ? a_size : b_size;
    int order = size > 0 ? memcmp(a, b, size) : 0;
    return order != 0 ? order : (a_size > b_size) - (a_size < b_size);
}

node *
acti_disk_node_create(acta_disk *disk, uint32_t level, acta_bytes key)
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

void
acti_disk_node_free(acta_disk *disk, node *freed)
{
    for (version *v = freed->newest; v != NULL;) {
        version *older = v->older;
        disk_free(disk, v, sizeof *v + v->size);
        v = older;
    }
    disk_free(disk, freed, node_size(freed->level, freed->key_size));
}

/* The last nodes before `key` on each level. Returns the first node at or behind it. */
node *
acti_disk_find_before(const acta_disk *disk, acti_family family, acta_bytes key, node **before)
{
    node *at = disk->heads[family];

    for (uint32_t level = LEVEL_MAX; level-- > 0;) {
        while (at->next[level] != NULL &&
               acti_disk_compare(at->next[level]->key, at->next[level]->key_size, key.data, key.size) < 0)
            at = at->next[level];
        before[level] = at;
    }
    return at->next[0];
}

bool
acti_disk_has_key(const node *found, acta_bytes key)
{
    return found != NULL && acti_disk_compare(found->key, found->key_size, key.data, key.size) == 0;
}

/* -- one key -- */

static uint32_t
hash_of(acti_family family, acta_bytes key)
{
    return acta_crc32c((uint32_t)family, key.data, key.size);
}

static bool
is_same(const node *at, acta_bytes key)
{
    return at->key_size == key.size && (key.size == 0 || memcmp(at->key, key.data, key.size) == 0);
}

/* Families share the buckets. One that has a key of another's bytes has it under another hash, as the sum of equal bytes
 * from another beginning is another. */
static node *
find_hashed(const acta_disk *disk, uint32_t hash, acta_bytes key)
{
    if (disk->bucket_count == 0) return NULL;
    node *at = disk->buckets[hash & (disk->bucket_count - 1)];

    while (at != NULL && (at->hash != hash || !is_same(at, key)))
        at = at->same;
    return at;
}

node *
acti_disk_find(const acta_disk *disk, acti_family family, acta_bytes key)
{
    return find_hashed(disk, hash_of(family, key), key);
}

/* Twice as many buckets. False: there is no memory, and not one bucket. */
static bool
grow_buckets(acta_disk *disk)
{
    size_t count = disk->bucket_count == 0 ? BUCKETS_MIN : disk->bucket_count * 2;
    node **buckets = disk_alloc(disk, count * sizeof *buckets);

    if (buckets == NULL) return disk->bucket_count > 0;
    memset(buckets, 0, count * sizeof(node *));
    for (size_t i = 0; i < disk->bucket_count; i++) {
        for (node *at = disk->buckets[i], *next; at != NULL; at = next) {
            next = at->same;
            at->same = buckets[at->hash & (count - 1)];
            buckets[at->hash & (count - 1)] = at;
        }
    }
    if (disk->buckets != NULL) disk_free(disk, disk->buckets, disk->bucket_count * sizeof(node *));
    disk->buckets = buckets;
    disk->bucket_count = count;
    return true;
}

static bool
put_in_bucket(acta_disk *disk, node *added)
{
    if (disk->key_count >= disk->bucket_count && !grow_buckets(disk)) return false;
    node **bucket = &disk->buckets[added->hash & (disk->bucket_count - 1)];

    added->same = *bucket;
    *bucket = added;
    disk->key_count++;
    return true;
}

static void
take_out_of_bucket(acta_disk *disk, const node *taken)
{
    node **at = &disk->buckets[taken->hash & (disk->bucket_count - 1)];

    while (*at != taken)
        at = &(*at)->same;
    *at = taken->same;
    disk->key_count--;
}

/* -- all in their order -- */

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

/* The key of an event's entry is a stream and a number, mostly one more than that of the entry before it: that one is found by
 * its hash, without going through the list. NULL: it isn't so. */
static node *
find_number_before(const acta_disk *disk, acti_family family, acta_bytes key)
{
    uint8_t bytes[NUMBERED_KEY_MAX];
    size_t at = key.size;

    if (family != ACTI_INDEX || key.size == 0 || key.size > sizeof bytes) return NULL;
    memcpy(bytes, key.data, key.size);
    while (at > 0 && bytes[--at]-- == 0)
        continue;
    node *before = acti_disk_find(disk, family, acta_bytes_from(bytes, key.size));
    if (before == NULL || before->next[0] == NULL) return before;
    const node *behind = before->next[0];
    return acti_disk_compare(behind->key, behind->key_size, key.data, key.size) > 0 ? before : NULL;
}

/* Where a key that isn't there belongs. */
static void
find_place(const acta_disk *disk, acti_family family, acta_bytes key, node **before)
{
    const node *last = disk->last[family][0];
    bool is_behind_all =
        last == disk->heads[family] || acti_disk_compare(last->key, last->key_size, key.data, key.size) < 0;

    if (is_behind_all)
        memcpy(before, disk->last[family], sizeof disk->last[family]);
    else
        acti_disk_find_before(disk, family, key, before);
}

static node *
find_or_insert(acta_disk *disk, acti_family family, acta_bytes key)
{
    node *before[LEVEL_MAX];
    uint32_t hash = hash_of(family, key);
    node *found = find_hashed(disk, hash, key);

    if (found != NULL) return found;
    node *inserted = acti_disk_node_create(disk, random_level(disk), key);
    if (inserted == NULL) return NULL;
    inserted->hash = hash;
    if (!put_in_bucket(disk, inserted)) {
        acti_disk_node_free(disk, inserted);
        return NULL;
    }
    before[0] = inserted->level == 1 ? find_number_before(disk, family, key) : NULL;
    if (before[0] == NULL) find_place(disk, family, key, before);
    for (uint32_t level = 0; level < inserted->level; level++) {
        inserted->next[level] = before[level]->next[level];
        before[level]->next[level] = inserted;
        if (inserted->next[level] == NULL) disk->last[family][level] = inserted;
    }
    return inserted;
}

static void
remove_node(acta_disk *disk, acti_family family, node *removed)
{
    node *before[LEVEL_MAX];

    acti_disk_find_before(disk, family, acta_bytes_from(removed->key, removed->key_size), before);
    for (uint32_t level = 0; level < removed->level; level++) {
        if (before[level]->next[level] == removed) before[level]->next[level] = removed->next[level];
        if (disk->last[family][level] == removed) disk->last[family][level] = before[level];
    }
    take_out_of_bucket(disk, removed);
    acti_disk_node_free(disk, removed);
}

const version *
acti_disk_version_at(const node *of, uint64_t sequence)
{
    const version *v = of->newest;

    while (v != NULL && v->sequence > sequence)
        v = v->older;
    return v != NULL && !v->deleted ? v : NULL;
}

/* The lowest sequence number that anybody may still ask for. */
uint64_t
acti_disk_oldest_needed(const acta_disk *disk)
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

void
acti_disk_batch_destroy(acti_engine_batch *batch)
{
    acta_allocator allocator = batch->allocator;

    if (batch->changes != NULL)
        allocator.free(allocator.user, batch->changes, batch->change_room * sizeof *batch->changes);
    if (batch->bytes != NULL) allocator.free(allocator.user, batch->bytes, batch->byte_room);
    allocator.free(allocator.user, batch, sizeof *batch);
}

void
acti_disk_batch_clear(acti_engine_batch *batch)
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

void
acti_disk_batch_put(acti_engine_batch *batch, acti_family family, acta_bytes key, acta_bytes value)
{
    batch_add(batch, family, CHANGE_PUT, key, value);
}

void
acti_disk_batch_delete(acti_engine_batch *batch, acti_family family, acta_bytes key)
{
    batch_add(batch, family, CHANGE_DELETE, key, acta_bytes_from(NULL, 0));
}

void
acti_disk_batch_delete_range(acti_engine_batch *batch, acti_family family, acta_bytes from, acta_bytes to)
{
    batch_add(batch, family, CHANGE_DELETE_RANGE, from, to);
}

size_t
acti_disk_batch_bytes(const acti_engine_batch *batch)
{
    return batch->byte_count;
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
    node *at = acti_disk_find_before(disk, family, from, before);

    for (; at != NULL && acti_disk_compare(at->key, at->key_size, to.data, to.size) < 0; at = at->next[0]) {
        if (acti_disk_version_at(at, sequence) == NULL) continue;
        if (!set_key(disk, family, acta_bytes_from(at->key, at->key_size), NULL, sequence)) return false;
    }
    return true;
}

bool
acti_disk_apply_batch(acta_disk *disk, const acti_engine_batch *batch, uint64_t sequence)
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

void
acti_disk_settle_batch(acta_disk *disk, const acti_engine_batch *batch, uint64_t keep)
{
    uint64_t oldest = acti_disk_oldest_needed(disk);

    for (size_t i = 0; i < batch->change_count; i++) {
        const change *c = &batch->changes[i];
        acta_bytes key = change_key(batch, c), end = change_value(batch, c);
        node *before[LEVEL_MAX], *found;
        if (c->kind != CHANGE_DELETE_RANGE) {
            found = acti_disk_find(disk, c->family, key);
            if (found != NULL) settle_key(disk, c->family, found, keep, oldest);
            continue;
        }
        found = acti_disk_find_before(disk, c->family, key, before);
        while (found != NULL && acti_disk_compare(found->key, found->key_size, end.data, end.size) < 0) {
            node *next = found->next[0];
            settle_key(disk, c->family, found, keep, oldest);
            found = next;
        }
    }
}

/* A copy of a batch, for the disk to remember; the store uses its own again. */
acti_engine_batch *
acti_disk_batch_copy(const acti_engine_batch *batch)
{
    const acta_allocator *allocator = &batch->allocator;
    acti_engine_batch *copy = allocator->alloc(allocator->user, sizeof *copy);
    size_t changes_size = batch->change_count * sizeof *batch->changes;

    if (copy == NULL) return NULL;
    *copy = *batch;
    copy->change_room = batch->change_count;
    copy->byte_room = batch->byte_count;
    copy->changes = changes_size > 0 ? allocator->alloc(allocator->user, changes_size) : NULL;
    copy->bytes = copy->byte_room > 0 ? allocator->alloc(allocator->user, copy->byte_room) : NULL;
    if ((changes_size > 0 && copy->changes == NULL) || (copy->byte_room > 0 && copy->bytes == NULL)) {
        acti_disk_batch_destroy(copy);
        return NULL;
    }
    if (batch->change_count > 0) memcpy(copy->changes, batch->changes, batch->change_count * sizeof *batch->changes);
    if (batch->byte_count > 0) memcpy(copy->bytes, batch->bytes, batch->byte_count);
    return copy;
}
