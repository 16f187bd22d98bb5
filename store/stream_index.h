/*
 * Stream index: where the events of a stream lie.
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
 * Entries lie in the engine up to the index's end; those of newer events in memory (index_tail.h). A reader asks the tail
 * first, and the engine when it doesn't have a version: entries go from there to here, and never back.
 *
 * Writing: whoever commits notes each event of a batch. Reading: from any thread.
 */
#ifndef ACTI_STREAM_INDEX_H
#define ACTI_STREAM_INDEX_H

#include "by_stream.h"
#include "engine.h"
#include "keys.h"
#include "varint.h"

/* -- writing -- */

enum {
    ACTI_INDEX_FORMAT = 2,   /* the first byte of an entry of runs; of one of format 1, the top byte of a position: 0 */
    ACTI_INDEX_RUN_MAX = 64, /* in an entry */
    ACTI_INDEX_ENTRY_MAX = 1 + ACTI_INDEX_RUN_MAX * 3 * ACTI_VARINT_MAX
};

/* Events of a stream that lie one behind the other in a page. */
typedef struct acti_run {
    uint64_t stream_id, version; /* of the first */
    uint64_t page;
    uint32_t place, count;
} acti_run;

/* Those of a batch, in the order of positions. */
typedef struct acti_runs {
    acti_run *runs;
    uint32_t count, room;
} acti_runs;

void acti_runs_deinit(acti_runs *runs, const acta_allocator *allocator);
bool acti_runs_reserve(acti_runs *runs, const acta_allocator *allocator, uint32_t count); /* for so many events more */

/* Note the next event of the log. */
void acti_runs_note(acti_runs *runs, uint64_t stream_id, uint64_t version, uint64_t page, uint64_t position);

/* The value of an entry with these runs, of one stream and in the order of versions; `entry` has room for
 * ACTI_INDEX_ENTRY_MAX bytes. Returns its size. */
size_t acti_index_encode(const acti_run *runs, uint32_t count, uint8_t *entry);

/* The runs alone; `to` has room for all but one byte of ACTI_INDEX_ENTRY_MAX. Returns where they end. */
uint8_t *acti_index_encode_runs(const acti_run *runs, uint32_t count, uint8_t *to);

/* Say that the engine's index has all events up to `position`. */
void acti_index_put_end(acta_engine *engine, acti_engine_batch *batch, uint64_t position);

/* -- reading -- */

typedef struct acti_event_place {
    uint64_t version, position, page;
    bool is_copied; /* its entry has copies, as that of the last event of a stream tells */
} acti_event_place;

struct acti_index_tail;

typedef struct acti_index_reader {
    acta_engine *engine;
    struct acti_index_tail *tail;
    uint64_t stream_id;
    uint64_t first, last, next; /* versions that are wanted; the next one */
    bool backward;
    size_t near_bytes;      /* of entries that will be wanted; 0: not known */
    acti_event_place known; /* somebody found this one already; version 0: none */

    acti_engine_iterator *iterator;
    uint64_t searched; /* the version that the iterator was opened at; 0: none was */

    /* The entry that is being read. Runs are decoded from the front. */
    acta_bytes runs;        /* without its first byte; data NULL: none was read yet */
    acti_copies copies;     /* of its events */
    uint64_t entry_version; /* of its first event */
    uint64_t run_version, run_page, run_position, run_count;
    const uint8_t *run_next;             /* behind the run */
    uint8_t entry[ACTI_INDEX_ENTRY_MAX]; /* one that the tail gave */
} acti_index_reader;

/* Read where versions `first` to `last` of a stream are, in either direction. `tail` NULL: there is none. */
void acti_index_reader_init(acti_index_reader *reader, acta_engine *engine, struct acti_index_tail *tail,
    uint64_t stream_id, uint64_t first, uint64_t last, bool backward);
/* ACTA_NOT_FOUND at the end, and when a version is missing: acti_index_reader_is_done tells which; ACTA_CORRUPT. */
acta_status acti_index_reader_next(acti_index_reader *reader, acti_event_place *place_out, acta_error *error);
void acti_index_reader_deinit(acti_index_reader *reader); /* also one that is all zeros */

static inline bool
acti_index_reader_is_done(const acti_index_reader *reader)
{
    return reader->next < reader->first || reader->next > reader->last;
}

/* Go on behind the next one, which somebody has already. */
static inline void
acti_index_reader_pass(acti_index_reader *reader)
{
    reader->next += reader->backward ? UINT64_MAX : 1;
}

/* The copy of the event that was given last, if its entry has one; it lives until the reader goes to another entry. */
bool acti_index_reader_copy(const acti_index_reader *reader, uint64_t version, acti_page_piece *piece_out);
/* Will the next event be of another entry, and those copies gone? */
static inline bool
acti_index_reader_leaves_copies(const acti_index_reader *reader)
{
    return reader->copies.count > 0 && reader->next - reader->entry_version >= reader->copies.count;
}

/* Look at one entry: views of it. ACTA_CORRUPT. */
acta_status acti_index_entry_open(acti_index_reader *entry, acta_bytes key, acta_bytes value, acta_error *error);
bool acti_index_entry_event(acti_index_reader *entry, uint64_t version, acti_event_place *place_out);

/* An entry with copies, as it would be without: true, and what is left of `value` behind a byte ACTI_INDEX_FORMAT. */
bool acti_index_runs_of(acta_bytes key, acta_bytes value, acta_bytes *runs_out);

/* Where one version is. ACTA_NOT_FOUND: the index doesn't have it. */
acta_status acti_index_find(acta_engine *engine, struct acti_index_tail *tail, uint64_t stream_id, uint64_t version,
    acti_event_place *place_out, acta_error *error);

/* The last version of a stream that isn't behind position `head`; all zeros: none. */
acta_status acti_index_last(acta_engine *engine, struct acti_index_tail *tail, uint64_t stream_id, uint64_t head,
    acti_event_place *place_out, acta_error *error);

#endif
