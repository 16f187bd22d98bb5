/*
 * Stream index: where the events of a stream lie. One entry for each stream and batch.
 *
 *     stream id, first version  ->  runs: page, place in it, how many one behind the other; so many runs at most that they
 *                                are quickly gone through
 *
 *     versions      4  5  6        7
 *     runs         [page 100: 2, 3, 4][page 107: 0]
 *
 * The page's position is its key in the log, so that an event is found by two look-ups by key. An entry of format 1 is one
 * event, its value the position.
 *
 * Writing: whoever commits notes each event, and puts the entries when the batch is closed. Reading: from any thread.
 */
#ifndef ACTI_STREAM_INDEX_H
#define ACTI_STREAM_INDEX_H

#include "engine.h"
#include "keys.h"

/* -- writing -- */

/* Events of a stream that lie one behind the other in a page. */
typedef struct acti_run {
    uint64_t stream_id, version; /* of the first */
    uint64_t page;
    uint32_t place, count;
    uint32_t next;   /* of the same entry, plus 1; 0: none */
    uint32_t number; /* in its entry, from 0 */
} acti_run;

typedef struct acti_runs {
    acti_run *runs;
    uint32_t count, room;
} acti_runs;

void acti_runs_deinit(acti_runs *runs, const acta_allocator *allocator);
bool acti_runs_reserve(acti_runs *runs, const acta_allocator *allocator, uint32_t count); /* for so many events more */

/* Note the next event of a stream. `last` is the stream's run noted last in this batch, plus 1, or 0; returns the new one. */
uint32_t acti_runs_note(
    acti_runs *runs, uint32_t last, uint64_t stream_id, uint64_t version, uint64_t page, uint64_t position);

/* Put an entry for each stream, and forget the runs. */
void acti_runs_put(acti_runs *runs, acta_engine *engine, acti_engine_batch *batch);

/* -- reading -- */

typedef struct acti_event_place {
    uint64_t version, position, page;
} acti_event_place;

typedef struct acti_index_reader {
    acta_engine *engine;
    acti_engine_iterator *iterator;
    uint64_t first, last; /* versions that are wanted */
    bool backward;

    /* The entry that is being read. Runs are decoded from the front; backward, from the front each time. */
    acta_bytes runs;
    uint64_t entry_version; /* of its first event */
    uint64_t run_version, run_page, run_position, run_count, run_left;
    const uint8_t *run_next; /* behind the run */
    uint64_t entry_left;     /* backward: events of the entry not given yet */
} acti_index_reader;

/* Read where versions `first` to `last` of a stream are, in either direction. */
acta_status acti_index_reader_open(acti_index_reader *reader, acta_engine *engine, uint64_t stream_id, uint64_t first,
    uint64_t last, bool backward, acta_error *error);
/* ACTA_NOT_FOUND at the end; ACTA_CORRUPT. What is missing is for the caller to see: versions come in order. */
acta_status acti_index_reader_next(acti_index_reader *reader, acti_event_place *place_out, acta_error *error);
void acti_index_reader_close(acti_index_reader *reader); /* also one that is all zeros */

/* Where one version is. ACTA_NOT_FOUND: the index doesn't have it. */
acta_status acti_index_find(
    acta_engine *engine, uint64_t stream_id, uint64_t version, acti_event_place *place_out, acta_error *error);

/* The last version of a stream that isn't behind position `head`; all zeros: none. */
acta_status acti_index_last(
    acta_engine *engine, uint64_t stream_id, uint64_t head, acti_event_place *place_out, acta_error *error);

/* What an entry has: its first and its last event. ACTA_CORRUPT. */
acta_status acti_index_entry_ends(
    acta_bytes key, acta_bytes value, acti_event_place *first_out, acti_event_place *last_out, acta_error *error);

/* -- bytes, for recovery -- */

/* Is this an entry of a stream, and no other key of the family? */
static inline bool
acti_index_is_entry(acta_bytes key)
{
    return key.size == 16 && acti_get_be64(key.data) != UINT64_MAX;
}

#endif
