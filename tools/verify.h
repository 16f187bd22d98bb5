/*
 * Verify: a reader of stores by docs/format.md, on RocksDB, base/, and, for what a binary schema is, schema/. It shares no
 * code with store/, so that a mistake there isn't repeated here.
 *
 *     verify.c        the run, marks, meta, the summary
 *     verify_page.c   records of both formats, and the chain
 *     verify_log.c    the log, and the index and names against it
 *     verify_copies.c entries of the index, and the copies of events in them against the log
 *     verify_rows.c   tables, and the rows that the store itself writes
 *     verify_schemas.c  schemas that the log has kept, and whether events have one
 *     verify_indexes.c  indexes of read models against their rows
 */
#ifndef TOOLS_VERIFY_H
#define TOOLS_VERIFY_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rocksdb/c.h>

#include "acta/id.h"
#include "acta/status.h"
#include "acta/str.h"

typedef enum family { LOG, INDEX, STREAMS, TYPES, TABLES, META, FAMILY_COUNT } family;

/* What one name stands for, as the log tells it. */
typedef struct named {
    char *name; /* of its first record; NULL: not seen */
    size_t name_size;
    uint64_t version; /* streams: the last one seen */
    bool is_gone;     /* streams: deleted for good, so that its name may lead elsewhere */

    /* Streams: the entry of the index that its next events are in. */
    uint8_t *entry; /* NULL: none; a copy */
    size_t entry_size, entry_at;
    uint64_t run_page, run_position, run_left;
} named;

typedef struct named_list {
    named *items; /* by id */
    size_t count, room;
} named_list;

/* A type of events, as records have it. */
typedef struct seen_type {
    uint64_t type_id, schema_hash, events, first; /* how many, and the position of the first */
    bool is_kept;                                 /* the log has its schema */
} seen_type;

typedef struct seen_types {
    seen_type *items;
    size_t count, room, last;
} seen_types;

typedef struct verify {
    const char *path;
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_readoptions_t *scan_options, *get_options;
    rocksdb_column_family_handle_t *families[FAMILY_COUNT];

    /* Marks, read before everything else: a live store may only go on from there. */
    uint8_t store_id[16];
    uint32_t sound_marks;
    uint64_t mark_turn, mark_position, mark_batch;

    /* Counted. */
    uint64_t format, position, stubs, payload_bytes, batches, batch, batch_position, index_entries, index_events;
    uint64_t index_end; /* behind this position the index may have entries already, and need not */
    uint64_t verified_position, verified_batch, compared_schemas, tables, rows, outcomes, snapshots, checkpoints,
        gone_streams;
    uint64_t tags, tag_rows, copies, indexes, index_rows, schemas, schema_types;
    int64_t made_at_us, first_recorded_us, last_recorded_us;
    named_list streams, types;
    seen_types seen;

    acta_digest chain; /* behind the last page */
    bool is_chained;   /* there was a page */

    uint64_t damage_count;
} verify;

/* Verify the store in `path`; prints the summary. 0: sound; 1: damage, or it could not be read. */
int verify_store(const char *path);

/* Print one piece of damage, and count it. Only the first ones are printed. */
void damaged(verify *v, const char *format, ...) ACTA_PRINTF(2, 3);

/* -- verify_page.c -- */

/* An event of the log, of either format. */
typedef struct record {
    uint64_t position, page, stream_id, version, type_id, schema_hash;
    size_t payload_size, metadata_size, tags_size, stream_size, type_size;
    const uint8_t *payload, *metadata, *tags, *stream, *type;
    bool names, stub;
    int64_t recorded_at_us;
} record;

/* Hand on the sound ones of the records of a value of the log, and tell what is wrong; returns the last position that the
 * value has. */
uint64_t read_records(
    verify *v, uint64_t position, const uint8_t *bytes, size_t size, void (*take_record)(verify *v, const record *rec));
/* A varint; `*fine` becomes false when it has no end. */
uint64_t take_number(const uint8_t **at, const uint8_t *end, bool *fine);

/* -- the rest -- */

void verify_log(verify *v);
void verify_index_end(verify *v); /* before the log */
void verify_index(verify *v);
void verify_names(verify *v);
void verify_tables(verify *v);
void verify_indexes(verify *v);
void verify_schemas(verify *v); /* after log and tables */
void free_names(named_list *list);

/* -- reading -- */

typedef struct entry {
    const uint8_t *key, *value;
    size_t key_size, value_size;
} entry;

rocksdb_iterator_t *scan(verify *v, family in);
/* The entry that the iterator is at; false at the end, where an error counts as damage. */
bool entry_at(verify *v, family in, rocksdb_iterator_t *iterator, entry *out);
/* A value, to be freed by rocksdb_free; NULL: none. */
uint8_t *get(verify *v, family in, const void *key, size_t key_size, size_t *size_out);

/* -- verify_schemas.c -- */

/* The type of a record that is no stub. */
void see_type(verify *v, const record *rec);
/* A row of "schemas" or of "types"; its own key begins at `key_at`. */
void check_schema(verify *v, const entry *e, size_t key_at);
void check_type(verify *v, const entry *e, size_t key_at);

/* -- verify_copies.c -- */

/* The runs of an entry of format 2 or 3; what of format 3 stands around them, from `front` on, is copies of its events. */
typedef struct parts_of_entry {
    const uint8_t *front, *runs, *records, *end;
    uint64_t copy_count;
} parts_of_entry;
typedef struct run_of_entry {
    uint64_t page, place, count;
} run_of_entry;

/* False: it is no such entry, or its sum is wrong. */
bool find_runs(const uint8_t *key, const uint8_t *value, size_t size, parts_of_entry *parts_out);
/* Compare the copies of a run's events, if the entry has some, with the log; `first` is the number of the first of them in the
 * entry. False: one makes no sense. */
bool check_copies(verify *v, const entry *e, const parts_of_entry *parts, uint64_t first, const run_of_entry *run);

static inline uint64_t
little(const uint8_t *bytes, int size)
{
    uint64_t value = 0;
    for (int i = size; i-- > 0;)
        value = value << 8 | bytes[i];
    return value;
}

static inline uint64_t
big(const uint8_t *bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | bytes[i];
    return value;
}

static inline void
put_big(uint8_t *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
}

#endif
