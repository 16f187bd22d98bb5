/*
 * The newest events of the log, written out once as Server-Sent Events for all who follow it.
 *
 *     log    1 2 3 4 5 6 7 8 9
 *                  ^         ^
 *                from        to          entries: what there is behind `from`, up to `to`
 *
 * Bounded in entries and bytes: the oldest go, `from` rises, and who has not got to it is caught up from the store.
 */
#include <string.h>

#include "internal.h"

enum { ENTRIES_MAX = 8192, RING_BYTES_MAX = 8 << 20 };

struct acti_entry {
    uint64_t position;
    size_t size; /* of its memory */
    uint32_t stream_size, type_size, text_size;
    char bytes[]; /* stream, type, text */
};

static acta_str
stream_of(const acti_entry *entry)
{
    return acta_str_from(entry->bytes, entry->stream_size);
}

static acta_str
type_of(const acti_entry *entry)
{
    return acta_str_from(entry->bytes + entry->stream_size, entry->type_size);
}

static acta_str
text_of(const acti_entry *entry)
{
    return acta_str_from(entry->bytes + entry->stream_size + entry->type_size, entry->text_size);
}

static void
drop_first(acti_ring *ring)
{
    acti_entry *first = ring->entries[ring->first];

    ring->from = first->position;
    ring->bytes -= first->size;
    ring->first = (ring->first + 1) % ENTRIES_MAX;
    ring->count--;
    ring->allocator->free(ring->allocator->user, first, first->size);
}

bool
acti_ring_open(acti_ring *ring, const acta_allocator *allocator, uint64_t position)
{
    size_t size = ENTRIES_MAX * sizeof(acti_entry *);

    *ring = (acti_ring){ .allocator = allocator, .from = position, .to = position };
    ring->entries = allocator->alloc(allocator->user, size);
    return ring->entries != NULL;
}

void
acti_ring_close(acti_ring *ring)
{
    while (ring->count > 0)
        drop_first(ring);
    if (ring->entries != NULL)
        ring->allocator->free(ring->allocator->user, ring->entries, ENTRIES_MAX * sizeof(acti_entry *));
    ring->entries = NULL;
}

bool
acti_ring_add(acti_ring *ring, const acta_recorded *event, acta_str text)
{
    size_t size = sizeof(acti_entry) + event->stream.size + event->type.size + text.size;
    acti_entry *entry = ring->allocator->alloc(ring->allocator->user, size);
    if (entry == NULL) return false;

    *entry = (acti_entry){ .position = event->position,
        .size = size,
        .stream_size = (uint32_t)event->stream.size,
        .type_size = (uint32_t)event->type.size,
        .text_size = (uint32_t)text.size };
    char *to = entry->bytes;
    if (event->stream.size != 0) memcpy(to, event->stream.data, event->stream.size);
    to += event->stream.size;
    if (event->type.size != 0) memcpy(to, event->type.data, event->type.size);
    memcpy(to + event->type.size, text.data, text.size);
    while (ring->count > 0 && (ring->count == ENTRIES_MAX || ring->bytes + size > RING_BYTES_MAX))
        drop_first(ring);
    ring->entries[(ring->first + ring->count) % ENTRIES_MAX] = entry;
    ring->count++;
    ring->bytes += size;
    ring->to = event->position;
    return true;
}

/* -- what one of them wants -- */

static bool
is_category(acta_str stream, acta_str category)
{
    return stream.size > category.size && memcmp(stream.data, category.data, category.size) == 0 &&
           stream.data[category.size] == '-';
}

static bool
is_wanted(const acta_subscription_filter *filter, const acti_entry *entry)
{
    acta_str stream = stream_of(entry), type = type_of(entry);
    bool is_type = filter->type_count == 0;

    if (filter->stream.size != 0 && !acta_str_equal(stream, filter->stream)) return false;
    if (filter->stream_prefix.size != 0 &&
        (stream.size < filter->stream_prefix.size ||
            memcmp(stream.data, filter->stream_prefix.data, filter->stream_prefix.size) != 0))
        return false;
    if (filter->category.size != 0 && !is_category(stream, filter->category)) return false;
    for (uint32_t i = 0; i < filter->type_count && !is_type; i++)
        is_type = acta_str_equal(type, filter->types[i]);
    return is_type;
}

/* How many of the entries lie at or before a position. */
static uint32_t
count_up_to(const acti_ring *ring, uint64_t position)
{
    uint32_t low = 0, high = ring->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (ring->entries[(ring->first + middle) % ENTRIES_MAX]->position <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool
acti_ring_copy(const acti_ring *ring, const acta_subscription_filter *filter, uint64_t *passed, acta_writer *text)
{
    for (uint32_t i = count_up_to(ring, *passed); i < ring->count; i++) {
        const acti_entry *entry = ring->entries[(ring->first + i) % ENTRIES_MAX];
        if (text->size >= STREAM_BYTES_MAX) return false;
        if (is_wanted(filter, entry)) acta_writer_add(text, text_of(entry));
        *passed = entry->position;
    }
    if (*passed < ring->to) *passed = ring->to;
    return true;
}
