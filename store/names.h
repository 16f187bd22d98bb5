/*
 * Names: what the committer knows by heart, so that it seldom has to ask the engine.
 *
 *     streams    name -> id and version, as of the batch under way
 *     types      name <-> id; all of them
 *     sessions   writer session -> the last sequence number committed
 *     rows       rows that the batch under way has written or deleted
 *
 * All but the types are bounded. Streams and sessions live in two generations: what is used moves to the young one, and
 * when that is half of what is allowed, the old one goes. A stream that was let go is read again. A session that was let
 * go is refused from then on, which is the safe answer.
 *
 * Threads: whoever holds the committing role; types are read by any thread.
 */
#ifndef ACTI_NAMES_H
#define ACTI_NAMES_H

#include <stdatomic.h>

#include "acta/store.h"

/* -- streams -- */

struct acti_stream {
    struct acti_stream *next; /* in its bucket */
    uint64_t hash;
    uint64_t id;      /* 0: not in the log yet */
    uint64_t version; /* 0: no events */
    bool deleted;     /* softly */
    bool metadata_known;
    uint64_t metadata_version; /* when it is known */
    size_t name_size;
    char name[];
};

typedef struct acti_stream acti_stream;

typedef struct acti_stream_table {
    acti_stream **buckets; /* a power of two of them */
    size_t bucket_count, count, bytes;
} acti_stream_table;

typedef struct acti_streams {
    acta_allocator allocator;
    acti_stream_table young, old;
    size_t bytes_max;
} acti_streams;

void acti_streams_init(acti_streams *streams, const acta_allocator *allocator, size_t bytes_max);
void acti_streams_deinit(acti_streams *streams);
acti_stream *acti_streams_find(acti_streams *streams, acta_str name); /* NULL: not known */
acti_stream *acti_streams_add(acti_streams *streams, acta_str name);  /* NULL: no memory */
void acti_streams_trim(acti_streams *streams);                        /* between batches: entries may go */

/* -- types -- */

enum { ACTI_TYPE_CHUNK = 256, ACTI_TYPE_CHUNK_COUNT = 256 };

/* A type has no id before an event of it is really put into a batch: ids in the log have no gaps. */
typedef struct acti_type {
    struct acti_type *next; /* in its bucket */
    uint64_t hash;
    uint32_t id; /* 0: none yet */
    size_t name_size;
    char name[];
} acti_type;

typedef struct acti_types {
    acta_allocator allocator;
    /* Any thread: entry i is set before count passes i, and never changes. Ids begin at 1: entry 0 is NULL. */
    _Atomic(acti_type **) chunks[ACTI_TYPE_CHUNK_COUNT];
    _Atomic uint32_t count;
    /* Whoever commits. */
    uint32_t known; /* with and without id */
    acti_type *buckets[1024];
} acti_types;

void acti_types_init(acti_types *types, const acta_allocator *allocator);
void acti_types_deinit(acti_types *types);
acti_type *acti_types_find(acti_types *types, acta_str name);
/* One that isn't known yet; without an id. ACTA_NO_MEMORY; ACTA_INVALID when there are as many as there can be. */
acta_status acti_types_add(acti_types *types, acta_str name, acti_type **type_out, acta_error *error);
void acti_types_assign(acti_types *types, acti_type *type); /* give it the next id, and show it to readers */
acta_str acti_types_name(acti_types *types, uint32_t id);   /* absent: no such type */
uint32_t acti_types_count(acti_types *types);               /* ids are less */

/* -- sessions -- */

typedef struct acti_session_table {
    uint64_t *slots; /* pairs of session and sequence; session 0: free */
    size_t slot_count, count;
} acti_session_table;

typedef struct acti_sessions {
    acta_allocator allocator;
    acti_session_table young, old;
    size_t count_max;
} acti_sessions;

void acti_sessions_init(acti_sessions *sessions, const acta_allocator *allocator, size_t count_max);
void acti_sessions_deinit(acti_sessions *sessions);
uint64_t acti_sessions_last(acti_sessions *sessions, uint64_t session);               /* 0: none */
bool acti_sessions_set(acti_sessions *sessions, uint64_t session, uint64_t sequence); /* false: no memory */
void acti_sessions_forget(acti_sessions *sessions, uint64_t session);

/* -- rows of the batch under way -- */

typedef struct acti_pending_row {
    uint64_t batch; /* another one: the slot is free */
    uint64_t hash;
    acta_bytes key;
    bool present;
} acti_pending_row;

typedef struct acti_pending_rows {
    acta_allocator allocator;
    acti_pending_row *slots;
    size_t slot_count, count;
    uint64_t batch;
} acti_pending_rows;

void acti_pending_rows_init(acti_pending_rows *rows, const acta_allocator *allocator);
void acti_pending_rows_deinit(acti_pending_rows *rows);
void acti_pending_rows_clear(acti_pending_rows *rows);
bool acti_pending_rows_reserve(acti_pending_rows *rows, size_t count); /* room for `count` more; false: no memory */
void acti_pending_rows_set(acti_pending_rows *rows, acta_bytes key, bool present); /* after reserve; key is borrowed */
const acti_pending_row *acti_pending_rows_find(const acti_pending_rows *rows, acta_bytes key); /* NULL: untouched */

#endif
