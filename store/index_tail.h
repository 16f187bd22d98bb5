/*
 * Index tail: where the newest events of streams lie, as long as the index in the engine doesn't tell.
 *
 *     batch, once it is durable --> [ young ] --full--> [ old ] --some entries with each batch--> the engine's index
 *                                                                        the last of them moves the index's end
 *
 *     generation     stream id -> chunk -> chunk -> …     runs of events, in the order of versions, 8 bytes each
 *                                ^--------jump              to a version in a number of steps that grows with its logarithm
 *
 * So a stream that many batches write to gets few entries, and an append of one event inserts none. What lies behind the
 * index's end follows from the log: opening makes it again.
 *
 * Invariants
 *  - What isn't in the engine's index is in a generation: an old one goes when all of it was written and is durable. So who
 *    asks the tail first, and then the engine, misses nothing.
 *  - A generation that is full is written out sooner than the next one is full: a batch of n events brings up to 2 n + 1
 *    entries, and there are no more entries than events; and up to twice the bytes of that batch, of which entries have
 *    hardly more than the log has, copies included. So there are never more than two, of about bytes_max each.
 *
 * Threads: whoever commits changes it; any thread reads. A lock is between them.
 */
#ifndef ACTI_INDEX_TAIL_H
#define ACTI_INDEX_TAIL_H

#include "stream_index.h"
#include "thread.h"

typedef struct acti_tail_chunk {
    struct acti_tail_chunk *older, *newer; /* of the same stream */
    struct acti_tail_chunk *jump;          /* an older one, farther away; NULL: none */
    uint64_t version;                      /* of its first event */
    uint32_t event_count, number;          /* of the stream's chunks, from 1 on */
    uint32_t run_count, room;
    uint64_t runs[]; /* page, counted from the generation's first << 24 | place << 16 | count */
} acti_tail_chunk;

typedef struct acti_tail_stream {
    struct acti_tail_stream *next; /* in the order in which they came */
    uint64_t id;
    acti_tail_chunk *first, *last;
} acti_tail_stream;

typedef struct acti_arena_piece {
    struct acti_arena_piece *next;
    size_t size, used; /* of bytes */
    uint8_t bytes[];
} acti_arena_piece;

typedef struct acti_index_generation {
    acti_tail_stream **slots; /* by id; a power of two of them, or none */
    size_t slot_count, stream_count;
    acti_tail_stream *first, *last;
    acti_arena_piece *pieces, *spare; /* what chunks and streams lie in: the one in use first; the next one */
    size_t bytes;                     /* of all of it */
    uint64_t event_count, logged_bytes;
    uint64_t first_page, end; /* end: position of its last event */
} acti_index_generation;

/* How far a generation is written out. */
typedef struct acti_tail_out {
    const acti_index_generation *generation;
    const acti_tail_stream *stream; /* NULL: all of it */
    const acti_tail_chunk *chunk;
    uint32_t run;     /* the next one of the chunk */
    uint64_t version; /* of its first event */
} acti_tail_out;

typedef struct acti_index_tail {
    acta_allocator allocator;
    size_t bytes_max;
    uint64_t logged_bytes_max; /* set once the engine can say it */
    acti_by_stream *by_stream; /* makes the entries of some streams; set by the one who opens; NULL: none */

    acti_monitor lock;
    acti_index_generation young, old; /* changed under the lock */

    /* Of whoever commits: memory of one that went, for the next. */
    acti_arena_piece *kept_piece;  /* NULL: none */
    acti_tail_stream **kept_slots; /* NULL: none */
    size_t kept_slot_count;

    /* Of whoever commits: what of the old one comes next, and whether all of it is in the batch under way. */
    acti_tail_out out;
    bool all_out;
    size_t put_bytes; /* in the batch under way, of entries */
    uint64_t reached; /* the end of the engine's index, durable */
} acti_index_tail;

/* A generation is full with so many bytes of memory, or once logged_bytes_max were logged since it began. */
void acti_index_tail_init(acti_index_tail *tail, const acta_allocator *allocator, size_t bytes_max);
void acti_index_tail_deinit(acti_index_tail *tail);
void acti_index_tail_clear(acti_index_tail *tail); /* it is as after init */

/* -- whoever commits -- */

/* Room for so many runs more; false: no memory. */
bool acti_index_tail_reserve(acti_index_tail *tail, uint32_t count);
/* For recovery: take a run, and leave the generations as they are. */
void acti_index_tail_add(acti_index_tail *tail, const acti_run *run);
/* Take the runs of a batch that is durable; `logged_bytes` of it, what was put included. That is durable too. */
void acti_index_tail_take(acti_index_tail *tail, const acti_runs *runs, uint64_t logged_bytes);
/* Put up to `count_max` of the old generation's entries into the batch, no more than some times what it has, which must be the
 * next that `take` tells of; and the index's end when all are in it. */
void acti_index_tail_put(acti_index_tail *tail, acta_engine *engine, acti_engine_batch *batch, uint64_t count_max);
/* Put all that there is. Once the batch is durable: clear. */
void acti_index_tail_put_all(acti_index_tail *tail, acta_engine *engine, acti_engine_batch *batch);

/* How far the engine's index reaches, durably; recovery says where it begins. */
static inline uint64_t
acti_index_tail_reached(const acti_index_tail *tail)
{
    return tail->reached;
}

static inline bool
acti_index_tail_is_full(const acti_index_tail *tail)
{
    return tail->young.bytes >= tail->bytes_max || tail->young.logged_bytes >= tail->logged_bytes_max;
}

/* -- any thread -- */

/* An entry that has this version, as it would lie in the engine: `entry` has room for ACTI_INDEX_ENTRY_MAX bytes. Forward it
 * begins as near to the version as can be, backward it ends there. False: the tail doesn't have it. */
bool acti_index_tail_entry(acti_index_tail *tail, uint64_t stream_id, uint64_t version, bool backward,
    uint64_t *first_version_out, uint8_t *entry, size_t *size_out);
/* The last version of a stream that isn't behind position `head`; false: the tail has none. */
bool acti_index_tail_last(acti_index_tail *tail, uint64_t stream_id, uint64_t head, acti_event_place *place_out);

#endif
