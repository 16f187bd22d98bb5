/*
 * Strips: events of streams that were read lately, as they were read, so that a stream that is read again isn't looked for in
 * as many pages as it has events.
 *
 *     stream, versions   [ 1 … 64 ] [ 65 … 128 ] …     a strip is whole: 64 events, or there is none
 *                              |
 *                              +-- positions, times, types, and the records as they lie in their pages, with their sums
 *
 * Invariants
 *  - A version of a stream is one event for ever, so a strip stays true until events are removed: then all of them go, and none
 *    that was begun before is kept (acti_strips_clear).
 *  - Each record is checked as often as it is read, as one that comes from its page (acti_page_piece_read).
 *  - What is kept is bounded in bytes; the strip that was used longest ago goes first. What readers hold is theirs.
 *
 * Not here: events that are kept by stream in the index (by_stream.h); the whole log (blocks.h).
 */
#ifndef ACTI_STRIPS_H
#define ACTI_STRIPS_H

#include <stdatomic.h>

#include "page.h"
#include "thread.h"

enum { ACTI_STRIP_EVENTS = 64 };

typedef struct acti_strip {
    _Atomic uint32_t refs;
    acta_allocator allocator;
    size_t size;                                     /* of all of it */
    uint64_t stream_id, first;                       /* version */
    struct acti_strip *next_of_slot, *older, *newer; /* under the lock */
    uint64_t positions[ACTI_STRIP_EVENTS];
    int64_t times_us[ACTI_STRIP_EVENTS];
    uint32_t ends[ACTI_STRIP_EVENTS]; /* of records, counted from the first */
    uint8_t types[ACTI_STRIP_EVENTS][ACTI_PAGE_TYPE_SIZE];
    uint8_t records[];
} acti_strip;

typedef struct acti_strips {
    acta_allocator allocator;
    size_t bytes_max;

    /* Under the lock. */
    acti_monitor lock;
    acti_strip **slots; /* NULL: none was kept yet */
    size_t slot_count;  /* a power of two */
    acti_strip *oldest, *newest;
    size_t bytes;
    uint64_t cleared; /* how often */
} acti_strips;

void acti_strips_init(acti_strips *strips, const acta_allocator *allocator, uint64_t bytes_max);
void acti_strips_deinit(acti_strips *strips);

/* Forget all: some of it isn't so any more. */
void acti_strips_clear(acti_strips *strips);

/* The first version of the strip that has this one. */
static inline uint64_t
acti_strip_first(uint64_t version)
{
    return version - (version - 1) % ACTI_STRIP_EVENTS;
}

/* A reference to the strip with this version; NULL: there is none, and *turn_out is what acti_strips_keep asks for. */
acti_strip *acti_strips_find(acti_strips *strips, uint64_t stream_id, uint64_t version, uint64_t *turn_out);

/* Make one of ACTI_STRIP_EVENTS events that were read since `turn`, and keep it. Without memory, or if events were removed
 * meanwhile, nothing is kept. */
void acti_strips_keep(acti_strips *strips, uint64_t stream_id, uint64_t first, const uint64_t *positions,
    const acti_page_piece *pieces, uint64_t turn);

void acti_strip_unref(acti_strip *strip); /* takes NULL */

/* The record of an event of the strip; a view. */
acti_page_piece acti_strip_at(const acti_strip *strip, uint64_t version);

#endif
