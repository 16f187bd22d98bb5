/*
 * The simulated disk: what is durable, what is only written, and what a power cut leaves of that.
 *
 *     write -> unsynced -- sync --> visible and durable -> settling, until no iterator needs what it replaced
 *                 \-- crash --> as many of the oldest as the test chooses live, the rest is lost
 */
#include "memory.h"

#include <string.h>

enum { MARK_OLD, MARK_TORN, MARK_NEW }; /* what is in the slot of a mark whose write failed */

bool
acti_disk_fails(const acta_disk *disk, acta_disk_op op)
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

static size_t
size_of(const unsynced *sized)
{
    return sizeof *sized + acti_disk_batch_bytes(sized->batch);
}

void
acti_disk_push_unsynced(acta_disk *disk, unsynced *pushed)
{
    list_push(&disk->unsynced_first, &disk->unsynced_last, pushed);
    if (disk->unapplied == NULL) disk->unapplied = pushed;
    disk->unsynced_bytes += size_of(pushed);
}

static unsynced *
pop_unsynced(acta_disk *disk)
{
    unsynced *popped = list_pop(&disk->unsynced_first, &disk->unsynced_last);

    if (disk->unapplied == popped) disk->unapplied = popped->next;
    disk->unsynced_bytes -= size_of(popped);
    return popped;
}

static void
unsynced_free(acta_disk *disk, unsynced *freed)
{
    acti_disk_batch_destroy(freed->batch);
    disk_free(disk, freed, sizeof *freed);
}

static bool
apply_next(acta_disk *disk)
{
    unsynced *applied = disk->unapplied;

    if (!acti_disk_apply_batch(disk, applied->batch, disk->visible + 1)) return false;
    applied->sequence = ++disk->visible;
    disk->unapplied = applied->next;
    return true;
}

bool
acti_disk_apply_written(acta_disk *disk)
{
    while (disk->unapplied != NULL)
        if (!apply_next(disk)) return false;
    return true;
}

/* Drop what durable batches replaced, as far as no open iterator may still look at it. */
void
acti_disk_settle(acta_disk *disk)
{
    uint64_t oldest = acti_disk_oldest_needed(disk);

    while (disk->settling_first != NULL && disk->settling_first->sequence <= oldest) {
        unsynced *settled = list_pop(&disk->settling_first, &disk->settling_last);
        acti_disk_settle_batch(disk, settled->batch, UINT64_MAX);
        unsynced_free(disk, settled);
    }
}

void
acti_disk_make_durable(acta_disk *disk, size_t but)
{
    while (disk->unsynced_first != NULL && disk->unsynced_first != disk->unapplied && disk->unsynced_bytes > but) {
        unsynced *kept = pop_unsynced(disk);
        disk->durable = kept->sequence;
        list_push(&disk->settling_first, &disk->settling_last, kept);
    }
    acti_disk_settle(disk);
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
        if (u == disk->unapplied && !apply_next(disk)) break; /* no memory: it goes with the rest */
        disk->durable = u->sequence;
    }
    while (disk->unsynced_first != NULL) {
        unsynced *u = pop_unsynced(disk);
        acti_disk_settle_batch(disk, u->batch, disk->durable);
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

/* A mark whose write was under way: part of its bytes are there, so that its sum does not fit, or all, or none. */
static void
settle_mark(acta_disk *disk, uint32_t how)
{
    size_t size = how == MARK_NEW ? ACTI_MARK_SIZE : how == MARK_TORN ? ACTI_MARK_SIZE / 2 : 0;

    memcpy(disk->marks[disk->unsynced_mark_slot], disk->unsynced_mark, size);
    disk->has_unsynced_mark = false;
}

void
acta_disk_crash(acta_disk *disk)
{
    acti_monitor_enter(&disk->lock);
    lose_unsynced(disk, choose(disk, unsynced_count(disk, false)));
    if (disk->has_unsynced_mark) settle_mark(disk, choose(disk, MARK_NEW));
    disk->open = false; /* its process is gone */
    disk->power_cuts++;
    acti_monitor_leave(&disk->lock);
}

/* A store comes after one that ended without a power cut: what that one had made visible is in the system's memory still;
 * of what it could not sync, some may be. */
void
acti_disk_take_over(acta_disk *disk)
{
    uint32_t visible = unsynced_count(disk, true), all = unsynced_count(disk, false);

    lose_unsynced(disk, visible + choose(disk, all - visible));
}

static void
hash_word(uint64_t *hash, uint64_t word)
{
    *hash = (*hash ^ word) * 0x100000001b3u;
    *hash ^= *hash >> 29;
}

static void
hash_bytes(uint64_t *hash, const uint8_t *bytes, size_t size)
{
    hash_word(hash, size);
    for (; size >= sizeof(uint64_t); bytes += sizeof(uint64_t), size -= sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        hash_word(hash, word);
    }
    for (; size > 0; bytes++, size--)
        hash_word(hash, *bytes);
}

uint64_t
acta_disk_hash(const acta_disk *const_disk)
{
    acta_disk *disk = (acta_disk *)(uintptr_t)const_disk; /* only the lock is touched */
    uint64_t hash = 0xcbf29ce484222325u;

    acti_monitor_enter(&disk->lock);
    for (int family = 0; family < FAMILIES; family++) {
        hash_word(&hash, (uint64_t)family);
        for (const node *n = disk->heads[family]->next[0]; n != NULL; n = n->next[0]) {
            const version *v = acti_disk_version_at(n, disk->durable);
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
        disk->heads[family] = acti_disk_node_create(disk, LEVEL_MAX, acta_bytes_from(NULL, 0));
        if (disk->heads[family] == NULL) {
            acta_disk_destroy(disk);
            return NULL;
        }
        for (uint32_t level = 0; level < LEVEL_MAX; level++)
            disk->last[family][level] = disk->heads[family];
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
            acti_disk_node_free(disk, n);
            n = next;
        }
    }
    if (disk->buckets != NULL) disk_free(disk, disk->buckets, disk->bucket_count * sizeof(node *));
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
