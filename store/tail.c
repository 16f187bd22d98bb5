/*
 * Tail: the ring.
 */
#include "tail.h"

#include "acta/environment.h"

enum { ROOM_MIN = 1024, EVICT_CHUNK = 64 };

void
acti_tail_init(acti_tail *tail, const acta_allocator *allocator, uint64_t bytes_max)
{
    *tail = (acti_tail){ .allocator = *allocator, .bytes_max = bytes_max };
    acti_monitor_init(&tail->lock);
}

static acti_tail_entry *
entry_at(const acti_tail *tail, uint64_t position)
{
    return &tail->entries[position & (tail->room - 1)];
}

/* What an entry costs: its share of the slab. */
static uint64_t
entry_bytes(const acti_tail_entry *entry)
{
    const uint8_t *bytes = entry->bytes;
    return (uint64_t)ACTI_RECORD_HEADER + acti_record_body_size(bytes) +
           acti_get_le16(bytes + ACTI_RECORD_AT_STREAM_SIZE) + acti_get_le16(bytes + ACTI_RECORD_AT_TYPE_SIZE) +
           sizeof *entry;
}

/* Take out the oldest until `bytes_max` is kept, or all; a few at a time, so that their slabs go outside the lock. */
static uint32_t
evict_some(acti_tail *tail, uint64_t bytes_max, acti_slab **slabs_out)
{
    uint32_t count = 0;

    while (tail->count > 0 && tail->bytes > bytes_max && count < EVICT_CHUNK) {
        acti_tail_entry *entry = entry_at(tail, tail->first_position);
        tail->bytes -= entry_bytes(entry);
        slabs_out[count++] = entry->slab;
        tail->first_position++;
        tail->count--;
    }
    if (tail->count == 0) tail->first_position = 0;
    return count;
}

static void
evict(acti_tail *tail, uint64_t bytes_max)
{
    acti_slab *slabs[EVICT_CHUNK];
    uint32_t count;

    do {
        acti_monitor_enter(&tail->lock);
        count = evict_some(tail, bytes_max, slabs);
        acti_monitor_leave(&tail->lock);
        for (uint32_t i = 0; i < count; i++)
            acti_slab_unref(slabs[i]);
    } while (count == EVICT_CHUNK);
}

void
acti_tail_deinit(acti_tail *tail)
{
    evict(tail, 0);
    if (tail->entries != NULL)
        tail->allocator.free(tail->allocator.user, tail->entries, tail->room * sizeof *tail->entries);
    acti_monitor_deinit(&tail->lock);
}

void
acti_tail_clear(acti_tail *tail)
{
    evict(tail, 0);
}

/* Room for `count` entries in all; false when there is no memory. */
static bool
make_room(acti_tail *tail, uint64_t count)
{
    uint64_t room = tail->room == 0 ? ROOM_MIN : tail->room;

    while (room < count)
        room *= 2;
    if (room == tail->room) return true;
    acti_tail_entry *entries = tail->allocator.alloc(tail->allocator.user, room * sizeof *entries);
    if (entries == NULL) return false;
    for (uint64_t i = 0; i < tail->count; i++) {
        uint64_t position = tail->first_position + i;
        entries[position & (room - 1)] = *entry_at(tail, position);
    }
    if (tail->entries != NULL)
        tail->allocator.free(tail->allocator.user, tail->entries, tail->room * sizeof *tail->entries);
    tail->entries = entries;
    tail->room = room;
    return true;
}

void
acti_tail_push(acti_tail *tail, uint64_t position, const acti_record *records, uint32_t count)
{
    acti_monitor_enter(&tail->lock);
    bool fits = make_room(tail, tail->count + count);
    if (fits) {
        if (tail->count == 0) tail->first_position = position;
        for (uint32_t i = 0; i < count; i++) {
            acti_tail_entry *entry = entry_at(tail, position + i);
            *entry = (acti_tail_entry){ .slab = records[i].slab, .bytes = records[i].bytes };
            acti_slab_ref(entry->slab, 1);
            tail->bytes += entry_bytes(entry);
        }
        tail->count += count;
    }
    bool full = tail->bytes > tail->bytes_max;
    acti_monitor_leave(&tail->lock);

    if (!fits) evict(tail, 0); /* a tail with a hole would be worse than none: readers go to the engine */
    if (full) evict(tail, tail->bytes_max);
}

bool
acti_tail_take(acti_tail *tail, uint64_t position, uint64_t last, uint32_t look_max,
    bool (*wants)(void *user, uint32_t type_id), void *user, acti_tail_entry *entries_out, uint32_t count_max,
    uint32_t *count_out, uint64_t *looked_out)
{
    uint32_t count = 0;
    uint64_t next = position;

    acti_monitor_enter(&tail->lock);
    bool reaches = tail->count > 0 && tail->first_position <= position;
    if (reaches) {
        uint64_t end = tail->first_position + tail->count - 1;
        if (end > last) end = last;
        if (end >= position + look_max) end = position + look_max - 1;
        for (; next <= end && count < count_max; next++) {
            const acti_tail_entry *entry = entry_at(tail, next);
            if (!wants(user, acti_get_le32(entry->bytes + ACTI_RECORD_AT_TYPE_ID))) continue;
            acti_slab_ref(entry->slab, 1);
            entries_out[count++] = *entry;
        }
    }
    acti_monitor_leave(&tail->lock);
    *count_out = count;
    *looked_out = next - 1;
    return reaches;
}
