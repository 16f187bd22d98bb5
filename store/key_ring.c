/*
 * Key ring: keys in memory, for tests and simulation. What is asked of a service holds here too, as long as the ring lives:
 * it outlives the stores that crash over it.
 */
#include <string.h>

#include "key_index.h"
#include "thread.h"

typedef struct entry {
    bool is_forgotten;
    acta_key key;
} entry;

struct acta_key_ring {
    acta_environment environment;
    acti_monitor lock; /* of all below */
    acta_key common;
    acti_key_index index;
    entry *entries; /* by slot */
    uint32_t capacity;
};

acta_key_ring *
acta_key_ring_create(const acta_environment *given)
{
    acta_environment environment = acta_environment_or_default(given);
    acta_key_ring *ring = environment.allocator.alloc(environment.allocator.user, sizeof *ring);
    if (ring == NULL) return NULL;

    memset(ring, 0, sizeof *ring);
    ring->environment = environment;
    acti_monitor_init(&ring->lock);
    acti_key_index_init(&ring->index, &environment.allocator);
    ring->common = acta_key_random(&environment.random);
    return ring;
}

void
acta_key_ring_destroy(acta_key_ring *ring)
{
    if (ring == NULL) return;
    acta_allocator allocator = ring->environment.allocator;

    acti_key_index_deinit(&ring->index);
    for (uint32_t i = 0; i < ring->capacity; i++)
        acta_key_wipe(&ring->entries[i].key);
    if (ring->entries != NULL) allocator.free(allocator.user, ring->entries, ring->capacity * sizeof *ring->entries);
    acti_monitor_deinit(&ring->lock);
    allocator.free(allocator.user, ring, sizeof *ring);
}

/* Inside the lock. */
static acta_status
find(const acta_key_ring *ring, const acta_digest *digest, acta_str subject, uint32_t *slot_out, acta_error *error)
{
    *slot_out = acti_key_index_find(&ring->index, digest);
    if (*slot_out == ACTI_KEY_NO_SLOT)
        return acta_error_set(
            error, ACTA_NOT_FOUND, "the ring has no key of subject '" ACTA_FMT "'", ACTA_ARG(subject));
    if (ring->entries[*slot_out].is_forgotten)
        return acta_error_set(error, ACTA_DELETED, "subject '" ACTA_FMT "' was forgotten", ACTA_ARG(subject));
    return ACTA_OK;
}

static bool
make_room(acta_key_ring *ring)
{
    const acta_allocator *allocator = &ring->environment.allocator;

    if (!acti_key_index_reserve(&ring->index)) return false;
    if (ring->capacity == ring->index.capacity) return true;
    entry *grown = allocator->alloc(allocator->user, ring->index.capacity * sizeof *grown);
    if (grown == NULL) return false;
    memset(grown, 0, ring->index.capacity * sizeof *grown);
    if (ring->entries != NULL) {
        memcpy(grown, ring->entries, ring->capacity * sizeof *grown);
        allocator->free(allocator->user, ring->entries, ring->capacity * sizeof *grown);
    }
    ring->entries = grown;
    ring->capacity = ring->index.capacity;
    return true;
}

static acta_status
add(acta_key_ring *ring, const acta_digest *digest, entry added, acta_error *error)
{
    if (!make_room(ring)) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a key");
    ring->entries[ring->index.count] = added;
    acti_key_index_add(&ring->index, digest);
    return ACTA_OK;
}

static acta_digest
digest_of(const acta_key_ring *ring, acta_str subject)
{
    return acta_keyed_digest_of(&ring->common, acta_str_bytes(subject));
}

static acta_status
get(void *user, acta_str subject, acta_key *key_out, acta_error *error)
{
    acta_key_ring *ring = user;
    acta_digest digest = digest_of(ring, subject);
    uint32_t slot;

    acti_monitor_enter(&ring->lock);
    acta_status status = find(ring, &digest, subject, &slot, error);
    if (status == ACTA_OK) *key_out = ring->entries[slot].key;
    acti_monitor_leave(&ring->lock);
    return status;
}

static acta_status
get_or_make(void *user, acta_str subject, acta_key *key_out, acta_error *error)
{
    acta_key_ring *ring = user;
    acta_status status = acti_subject_check(subject, error);
    acta_digest digest = digest_of(ring, subject);
    uint32_t slot;
    if (status != ACTA_OK) return status;

    acti_monitor_enter(&ring->lock);
    status = find(ring, &digest, subject, &slot, error);
    if (status == ACTA_OK) *key_out = ring->entries[slot].key;
    if (status == ACTA_NOT_FOUND) {
        *key_out = acta_key_random(&ring->environment.random);
        status = add(ring, &digest, (entry){ .key = *key_out }, error);
    }
    acti_monitor_leave(&ring->lock);
    return status;
}

static acta_status
destroy(void *user, acta_str subject, acta_error *error)
{
    acta_key_ring *ring = user;
    acta_status status = acti_subject_check(subject, error);
    acta_digest digest = digest_of(ring, subject);
    uint32_t slot;
    if (status != ACTA_OK) return status;

    acti_monitor_enter(&ring->lock);
    status = find(ring, &digest, subject, &slot, error);
    if (status == ACTA_OK) {
        acta_key_wipe(&ring->entries[slot].key);
        ring->entries[slot].is_forgotten = true;
    } else if (status == ACTA_NOT_FOUND)
        status = add(ring, &digest, (entry){ .is_forgotten = true }, error);
    else if (status == ACTA_DELETED)
        status = ACTA_OK;
    acti_monitor_leave(&ring->lock);
    return status;
}

static acta_status
common(void *user, acta_key *key_out, acta_error *error)
{
    const acta_key_ring *ring = user;
    (void)error;

    *key_out = ring->common;
    return ACTA_OK;
}

acta_key_service
acta_key_ring_service(acta_key_ring *ring)
{
    return (
        acta_key_service){ .get_or_make = get_or_make, .get = get, .destroy = destroy, .common = common, .user = ring };
}
