/*
 * Tags: their rows, and what is found by them. See tags.h.
 */
#include "tags.h"

#include <inttypes.h>

#include "internal.h"

enum { LOOK = 32 }; /* rows of each tag that are looked at, to choose one */

/* -- bytes -- */

bool
acta_tag_next(acta_bytes *tags, acta_str *tag_out)
{
    return acti_tag_next(tags, tag_out);
}

acta_bytes
acti_tag_key(uint8_t *room, acta_str tag, uint64_t position)
{
    uint8_t *next = room + sizeof ACTI_TABLE_TAGS;

    memcpy(room, ACTI_TABLE_TAGS, sizeof ACTI_TABLE_TAGS);
    memcpy(next, tag.data, tag.size);
    next += tag.size;
    *next++ = 0; /* a tag has none, so that none is the beginning of another */
    acti_put_be64(next, position);
    return acta_bytes_from(room, (size_t)(next - room) + 8);
}

uint64_t
acti_tag_position(acta_bytes key)
{
    return key.size > sizeof ACTI_TABLE_TAGS + 8 ? acti_get_be64(key.data + key.size - 8) : 0;
}

acta_status
acti_tags_check(const acta_str *tags, uint32_t count, acta_error *error)
{
    if (count > ACTA_TAG_COUNT_MAX)
        return acta_error_set(error, ACTA_INVALID, "%" PRIu32 " tags are more than %d", count, ACTA_TAG_COUNT_MAX);
    for (uint32_t i = 0; i < count; i++) {
        acta_status status = acti_name_check("a tag", tags[i], ACTA_TAG_MAX, error);
        if (status != ACTA_OK) return status;
    }
    return ACTA_OK;
}

acta_bytes
acti_tags_encode(uint8_t *room, const acta_str *tags, uint32_t count)
{
    uint8_t *next = room;

    for (uint32_t i = 0; i < count; i++) {
        *next++ = (uint8_t)tags[i].size;
        memcpy(next, tags[i].data, tags[i].size);
        next += tags[i].size;
    }
    return acta_bytes_from(room, (size_t)(next - room));
}

static uint64_t
bloom_of(acta_bytes tags)
{
    uint64_t bloom = 0;
    acta_str tag;

    while (acti_tag_next(&tags, &tag)) {
        uint64_t hash = tag.size;
        for (size_t i = 0; i < tag.size; i++)
            hash = (hash ^ (uint8_t)tag.data[i]) * UINT64_C(0x100000001b3);
        bloom |= UINT64_C(1) << (hash >> 58);
    }
    return bloom;
}

/* -- reading -- */

static acta_status
open_tag(acta_store *store, acta_str tag, uint64_t first, uint64_t last, bool backward,
    acti_engine_iterator **iterator_out, acta_error *error)
{
    uint8_t from[ACTI_TAG_KEY_MAX], to[ACTI_TAG_KEY_MAX];
    acti_range range = { .from = acti_tag_key(from, tag, first),
        .to = acti_tag_key(to, tag, last < UINT64_MAX ? last + 1 : last),
        .backward = backward };

    return store->engine->ops->iterator_open(store->engine, ACTI_TABLES, &range, iterator_out, error);
}

/* How many rows a tag has there, up to LOOK. */
static acta_status
count_some(acta_store *store, acta_str tag, uint64_t first, uint64_t last, uint32_t *count_out, acta_error *error)
{
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    uint32_t count = 0;
    acta_status status = open_tag(store, tag, first, last, false, &iterator, error);

    if (status != ACTA_OK) return status;
    while (count < LOOK && (status = store->engine->ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK)
        count++;
    store->engine->ops->iterator_close(iterator);
    *count_out = count;
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acti_tags_open(acta_store *store, acta_bytes tags, uint64_t first, uint64_t last, bool backward,
    acti_engine_iterator **iterator_out, acta_error *error)
{
    acta_str tag, best = { NULL, 0 };
    uint32_t count, best_count = UINT32_MAX;
    bool alone = acti_tag_next(&tags, &best) && tags.size == 0;

    if (alone) return open_tag(store, best, first, last, backward, iterator_out, error);
    acta_status status = count_some(store, best, first, last, &best_count, error);
    while (status == ACTA_OK && best_count > 0 && acti_tag_next(&tags, &tag)) {
        status = count_some(store, tag, first, last, &count, error);
        if (status != ACTA_OK || count >= best_count) continue;
        best = tag;
        best_count = count;
    }
    return status == ACTA_OK ? open_tag(store, best, first, last, backward, iterator_out, error) : status;
}

/* -- committing -- */

void
acti_tags_deinit(acta_store *store)
{
    acti_tagged_batch *batch = &store->committer.tagged;
    const acta_allocator *allocator = &store->environment.allocator;

    if (batch->entries != NULL) allocator->free(allocator->user, batch->entries, batch->room * sizeof *batch->entries);
    *batch = (acti_tagged_batch){ NULL, 0, 0 };
}

bool
acti_tags_make_room(acta_store *store, uint32_t count)
{
    acti_tagged_batch *batch = &store->committer.tagged;
    const acta_allocator *allocator = &store->environment.allocator;
    uint32_t room = batch->room == 0 ? 64 : batch->room;

    while (room - batch->count < count)
        room *= 2;
    if (room == batch->room || count == 0) return true;
    acti_tagged *entries = allocator->alloc(allocator->user, room * sizeof *entries);
    if (entries == NULL) return false;
    if (batch->count > 0) memcpy(entries, batch->entries, batch->count * sizeof *entries);
    if (batch->entries != NULL) allocator->free(allocator->user, batch->entries, batch->room * sizeof *entries);
    batch->entries = entries;
    batch->room = room;
    return true;
}

void
acti_tags_put(acta_store *store, acta_bytes tags, uint64_t position)
{
    acti_tagged_batch *batch = &store->committer.tagged;
    uint8_t room[ACTI_TAG_KEY_MAX];
    acta_bytes left = tags;
    acta_str tag;

    if (tags.size == 0) return;
    while (acti_tag_next(&left, &tag))
        store->engine->ops->batch_put(store->committer.batch, ACTI_TABLES, acti_tag_key(room, tag, position),
            acta_bytes_from((const uint8_t *)"", 0));
    if (batch->count < batch->room)
        batch->entries[batch->count++] = (acti_tagged){ .position = position, .bloom = bloom_of(tags), .tags = tags };
}

static uint64_t
find_in_batch(const acti_tagged_batch *batch, acta_bytes tags, uint64_t after)
{
    uint64_t bloom = bloom_of(tags);

    for (uint32_t i = 0; i < batch->count; i++) {
        const acti_tagged *entry = &batch->entries[i];
        if (entry->position > after && (entry->bloom & bloom) == bloom && acti_tags_have(entry->tags, tags))
            return entry->position;
    }
    return 0;
}

/* Has an event all of these tags? */
static acta_status
has_all(acta_store *store, acta_bytes tags, uint64_t position, bool *has_out, acta_error *error)
{
    uint8_t room[ACTI_TAG_KEY_MAX];
    acta_status status = ACTA_OK;
    acti_value value;
    acta_str tag;

    while (status == ACTA_OK && acti_tag_next(&tags, &tag)) {
        status = store->engine->ops->get(store->engine, ACTI_TABLES, acti_tag_key(room, tag, position), &value, error);
        if (status == ACTA_OK) store->engine->ops->release(store->engine, &value);
    }
    *has_out = status == ACTA_OK;
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
acti_tags_find(acta_store *store, acta_bytes tags, uint64_t after, uint64_t *position_out, acta_error *error)
{
    acti_engine_iterator *iterator;
    acta_bytes key, value;
    bool found = false;

    *position_out = 0;
    if (after == UINT64_MAX) return ACTA_OK;
    acta_status status = acti_tags_open(store, tags, after + 1, UINT64_MAX, false, &iterator, error);
    if (status != ACTA_OK) return status;
    while (!found && (status = store->engine->ops->iterator_next(iterator, &key, &value, error)) == ACTA_OK) {
        *position_out = acti_tag_position(key);
        status = has_all(store, tags, *position_out, &found, error);
        if (status != ACTA_OK) break;
    }
    store->engine->ops->iterator_close(iterator);
    if (status != ACTA_OK && status != ACTA_NOT_FOUND) return status;
    if (!found) *position_out = find_in_batch(&store->committer.tagged, tags, after);
    return ACTA_OK;
}
