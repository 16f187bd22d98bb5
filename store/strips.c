/*
 * Strips: see strips.h. Found by hash, in the order of their use.
 */
#include "strips.h"

#include <string.h>

enum { STRIP_BYTES_TYPICAL = 8 << 10, SLOTS_MIN = 16 };

void
acti_strips_init(acti_strips *strips, const acta_allocator *allocator, uint64_t bytes_max)
{
    *strips = (acti_strips){ .allocator = *allocator, .bytes_max = (size_t)bytes_max, .slot_count = SLOTS_MIN };
    while (strips->slot_count * STRIP_BYTES_TYPICAL < strips->bytes_max)
        strips->slot_count *= 2;
    acti_monitor_init(&strips->lock);
}

void
acti_strip_unref(acti_strip *strip)
{
    /* Release and acquire: everybody's reads come before the free. */
    if (strip == NULL || atomic_fetch_sub_explicit(&strip->refs, 1, memory_order_acq_rel) > 1) return;
    acta_allocator allocator = strip->allocator;
    allocator.free(allocator.user, strip, strip->size);
}

/* -- what is kept; inside the lock -- */

static acti_strip **
slot_of(acti_strips *strips, uint64_t stream_id, uint64_t first)
{
    uint64_t hash = (stream_id * 0x9e3779b97f4a7c15u + first) * 0xff51afd7ed558ccdu;
    return &strips->slots[hash >> 32 & (strips->slot_count - 1)];
}

static acti_strip **
place_of(acti_strips *strips, uint64_t stream_id, uint64_t first)
{
    acti_strip **at = slot_of(strips, stream_id, first);

    while (*at != NULL && ((*at)->stream_id != stream_id || (*at)->first != first))
        at = &(*at)->next_of_slot;
    return at;
}

static void
leave_order(acti_strips *strips, acti_strip *strip)
{
    if (strip->older != NULL)
        strip->older->newer = strip->newer;
    else
        strips->oldest = strip->newer;
    if (strip->newer != NULL)
        strip->newer->older = strip->older;
    else
        strips->newest = strip->older;
}

static void
become_newest(acti_strips *strips, acti_strip *strip)
{
    strip->older = strips->newest;
    strip->newer = NULL;
    if (strips->newest != NULL)
        strips->newest->newer = strip;
    else
        strips->oldest = strip;
    strips->newest = strip;
}

static void
drop(acti_strips *strips, acti_strip *strip)
{
    *place_of(strips, strip->stream_id, strip->first) = strip->next_of_slot;
    leave_order(strips, strip);
    strips->bytes -= strip->size;
    acti_strip_unref(strip);
}

/* False: there is no memory for the slots. */
static bool
make_slots(acti_strips *strips)
{
    if (strips->slots != NULL) return true;
    strips->slots = strips->allocator.alloc(strips->allocator.user, strips->slot_count * sizeof(acti_strip *));
    if (strips->slots == NULL) return false;
    memset(strips->slots, 0, strips->slot_count * sizeof(acti_strip *));
    return true;
}

/* Takes it if it is to be kept. */
static bool
take(acti_strips *strips, acti_strip *strip, uint64_t turn)
{
    if (strips->cleared != turn || strip->size > strips->bytes_max || !make_slots(strips)) return false;
    acti_strip **place = place_of(strips, strip->stream_id, strip->first);
    if (*place != NULL) return false; /* another reader was quicker */
    *place = strip;
    strip->next_of_slot = NULL;
    become_newest(strips, strip);
    strips->bytes += strip->size;
    while (strips->oldest != NULL && strips->bytes > strips->bytes_max)
        drop(strips, strips->oldest);
    return true;
}

/* -- from outside -- */

void
acti_strips_clear(acti_strips *strips)
{
    acti_monitor_enter(&strips->lock);
    strips->cleared++;
    while (strips->oldest != NULL)
        drop(strips, strips->oldest);
    acti_monitor_leave(&strips->lock);
}

void
acti_strips_deinit(acti_strips *strips)
{
    acti_strips_clear(strips);
    if (strips->slots != NULL)
        strips->allocator.free(strips->allocator.user, strips->slots, strips->slot_count * sizeof(acti_strip *));
    acti_monitor_deinit(&strips->lock);
}

acti_strip *
acti_strips_find(acti_strips *strips, uint64_t stream_id, uint64_t version, uint64_t *turn_out)
{
    acti_monitor_enter(&strips->lock);
    acti_strip *strip = strips->slots != NULL ? *place_of(strips, stream_id, acti_strip_first(version)) : NULL;
    if (strip != NULL) {
        leave_order(strips, strip);
        become_newest(strips, strip);
        /* Relaxed: the lock orders it with the last reference that strips has. */
        atomic_fetch_add_explicit(&strip->refs, 1, memory_order_relaxed);
    }
    *turn_out = strips->cleared;
    acti_monitor_leave(&strips->lock);
    return strip;
}

static acti_strip *
make_strip(const acta_allocator *allocator, const uint64_t *positions, const acti_page_piece *pieces)
{
    size_t size = sizeof(acti_strip), end = 0;

    for (uint32_t i = 0; i < ACTI_STRIP_EVENTS; i++)
        size += pieces[i].record.size;
    acti_strip *strip = size <= UINT32_MAX ? allocator->alloc(allocator->user, size) : NULL;
    if (strip == NULL) return NULL;
    atomic_init(&strip->refs, 1);
    strip->allocator = *allocator;
    strip->size = size;
    for (uint32_t i = 0; i < ACTI_STRIP_EVENTS; i++) {
        strip->positions[i] = positions[i];
        strip->times_us[i] = pieces[i].recorded_at_us;
        memcpy(strip->types[i], pieces[i].type, ACTI_PAGE_TYPE_SIZE);
        memcpy(strip->records + end, pieces[i].record.data, pieces[i].record.size);
        end += pieces[i].record.size;
        strip->ends[i] = (uint32_t)end;
    }
    return strip;
}

void
acti_strips_keep(acti_strips *strips, uint64_t stream_id, uint64_t first, const uint64_t *positions,
    const acti_page_piece *pieces, uint64_t turn)
{
    acti_strip *strip = make_strip(&strips->allocator, positions, pieces);

    if (strip == NULL) return;
    strip->stream_id = stream_id;
    strip->first = first;
    acti_monitor_enter(&strips->lock);
    bool taken = take(strips, strip, turn);
    acti_monitor_leave(&strips->lock);
    if (!taken) acti_strip_unref(strip);
}

acti_page_piece
acti_strip_at(const acti_strip *strip, uint64_t version)
{
    uint64_t i = version - strip->first;
    uint32_t from = i > 0 ? strip->ends[i - 1] : 0;

    return (acti_page_piece){ .record = acta_bytes_from(strip->records + from, strip->ends[i] - from),
        .type = strip->types[i],
        .recorded_at_us = strip->times_us[i] };
}
