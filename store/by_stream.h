/*
 * By stream: the events of some categories a second time, in the index, where those of a stream lie together.
 *
 *     log      | page | page | page | page | …           index    stream 7, version 1 -> runs
 *                 7 3    5 7    7      3 7                        stream 7, version 4 -> runs, and copies of 4, 5, 6, 7
 *
 * An entry of the index (stream_index.h) that is written for a stream of such a category has, beside the runs, each record
 * as it lies in its page. So a reader needs one look-up for up to ACTI_INDEX_RUN_MAX runs, and not one for each page.
 *
 * Invariants
 *  - The log has all that a copy has: an entry without copies is as good, but slower. What can't be copied (a page that can't
 *    be read, more than COPIES_BYTES_MAX, a stub) leaves the entry without.
 *  - No copy of an event outlives its scrub: see scrub.c.
 *
 * Which categories: what the one who opened the store named last; kept in family META. Entries written before stay as they are
 * until copies.c brings them in line.
 *
 * Threads: writing, whoever commits, or one thread with an object of its own. Reading: any thread.
 */
#ifndef ACTI_BY_STREAM_H
#define ACTI_BY_STREAM_H

#include "engine.h"
#include "page.h"

#define ACTI_META_BY_STREAM "kept-by-stream" /* a list of categories */

enum {
    ACTI_BY_STREAM_FORMAT = 3,  /* the first byte of an entry with copies; the format of a store that may have some */
    ACTI_BY_STREAM_LIST_CRC = 4 /* behind the categories of a list */
};

/* -- reading an entry -- */

/* Copies of the events of an entry, in the order of versions; count 0: it has none. Views of the entry. */
typedef struct acti_copies {
    uint32_t count, type_count;
    const uint8_t *types, *times, *ends, *type_of, *records;
} acti_copies;

/* An entry whose first byte is ACTI_BY_STREAM_FORMAT. False: it is damaged. */
bool acti_copies_open(acta_bytes key, acta_bytes entry, acti_copies *copies_out, acta_bytes *runs_out);
acti_page_piece acti_copies_at(const acti_copies *copies, uint32_t i);

/* -- writing -- */

struct acti_run;
typedef struct acti_by_stream acti_by_stream;

/* For a list of categories as it is stored. NULL: no memory. */
acti_by_stream *acti_by_stream_create(const acta_allocator *allocator, acta_engine *engine, acta_bytes list);
void acti_by_stream_destroy(acti_by_stream *by_stream); /* takes NULL */

/* Is a stream of one of the categories? One that has no name now isn't. */
bool acti_by_stream_keeps(acti_by_stream *by_stream, uint64_t stream_id);

/* The entry of these runs, of one stream, with copies; a view until the next call. False: it is to have none. */
bool acti_by_stream_entry(
    acti_by_stream *by_stream, const struct acti_run *runs, uint32_t count, acta_bytes *entry_out);

/* -- which categories -- */

/* A list as it is stored: the categories, each with a zero byte, and 4 bytes CRC. The caller's to free. */
/* What a store has; data NULL: none, or a damaged one. */
acta_status acti_by_stream_list(
    acta_engine *engine, const acta_allocator *allocator, acta_bytes *list_out, acta_error *error);
/* What a user gave, a list that ends with NULL. ACTA_INVALID, ACTA_NO_MEMORY. */
acta_status acti_by_stream_encode(
    const char *const *categories, const acta_allocator *allocator, acta_bytes *list_out, acta_error *error);
void acti_by_stream_list_free(const acta_allocator *allocator, acta_bytes list); /* takes one without data */

#endif
