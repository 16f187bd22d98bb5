/*
 * Key index: open addressing over digests, which are spread evenly by themselves.
 */
#include "key_index.h"

#include <string.h>

enum { CAPACITY_FIRST = 64 };

void
acti_key_index_init(acti_key_index *index, const acta_allocator *allocator)
{
    *index = (acti_key_index){ .allocator = *allocator };
}

void
acti_key_index_deinit(acti_key_index *index)
{
    const acta_allocator *allocator = &index->allocator;

    if (index->capacity == 0) return;
    allocator->free(allocator->user, index->digests, index->capacity * sizeof *index->digests);
    allocator->free(allocator->user, index->buckets, (size_t)index->capacity * 2 * sizeof *index->buckets);
    index->capacity = index->count = 0;
}

/* The bucket of a digest, or the free one where it would go. */
static uint32_t *
bucket_of(const acti_key_index *index, const acta_digest *digest)
{
    uint32_t buckets = index->capacity * 2, at;

    memcpy(&at, digest->bytes, sizeof at);
    for (at %= buckets;; at = (at + 1) % buckets) {
        uint32_t *bucket = &index->buckets[at];
        if (*bucket == 0 || memcmp(&index->digests[*bucket - 1], digest, sizeof *digest) == 0) return bucket;
    }
}

uint32_t
acti_key_index_find(const acti_key_index *index, const acta_digest *digest)
{
    if (index->count == 0) return ACTI_KEY_NO_SLOT;
    uint32_t found = *bucket_of(index, digest);
    return found != 0 ? found - 1 : ACTI_KEY_NO_SLOT;
}

bool
acti_key_index_reserve(acti_key_index *index)
{
    const acta_allocator *allocator = &index->allocator;
    if (index->count < index->capacity) return true;
    if (index->capacity >= UINT32_MAX / 8) return false;

    acti_key_index grown = { .allocator = index->allocator, .count = index->count };
    grown.capacity = index->capacity == 0 ? CAPACITY_FIRST : index->capacity * 2;
    size_t digests_size = grown.capacity * sizeof *grown.digests;
    size_t buckets_size = (size_t)grown.capacity * 2 * sizeof *grown.buckets;
    grown.digests = allocator->alloc(allocator->user, digests_size);
    grown.buckets = allocator->alloc(allocator->user, buckets_size);
    if (grown.digests == NULL || grown.buckets == NULL) {
        if (grown.digests != NULL) allocator->free(allocator->user, grown.digests, digests_size);
        if (grown.buckets != NULL) allocator->free(allocator->user, grown.buckets, buckets_size);
        return false;
    }
    memset(grown.buckets, 0, buckets_size);
    for (uint32_t slot = 0; slot < index->count; slot++) {
        grown.digests[slot] = index->digests[slot];
        *bucket_of(&grown, &grown.digests[slot]) = slot + 1;
    }
    acti_key_index_deinit(index);
    *index = grown;
    return true;
}

void
acti_key_index_add(acti_key_index *index, const acta_digest *digest)
{
    uint32_t *bucket = bucket_of(index, digest);

    index->digests[index->count++] = *digest;
    *bucket = index->count;
}

acta_status
acti_subject_check(acta_str subject, acta_error *error)
{
    bool is_text = subject.size != 0 && subject.size <= ACTA_SUBJECT_MAX && acta_str_is_utf8(subject);

    for (size_t i = 0; is_text && i < subject.size; i++)
        is_text = (unsigned char)subject.data[i] >= ' ' && subject.data[i] != 0x7f;
    if (is_text) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "the name of a subject has %zu bytes, or control characters; 1 to %d bytes of text are expected", subject.size,
        ACTA_SUBJECT_MAX);
}
