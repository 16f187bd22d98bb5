/*
 * Rows that a projection has in hand: those of the batch that is being made, those of the one on its way to the disk, and
 * as many besides as memory allows, so that a row that is written again and again is read once.
 *
 *     get -->  row, as the last event left it  <-- read once --  the store's table
 *     put -->  staged, until the event is done --keep--> changed --filled, sent--> on its way --durable--> known
 *
 * A row that is known is what the store has, for nobody else writes it: a table that two projections of the application
 * touch is read anew for each batch. What waits longest to be touched goes first, and nothing that isn't durable.
 *
 * Threads: the reader's actor alone.
 */
#ifndef ACTI_ACTORS_ROW_CACHE_H
#define ACTI_ACTORS_ROW_CACHE_H

#include "row_version.h"

typedef struct acti_row acti_row;
typedef struct acti_row_table acti_row_table;

typedef struct acti_row_cache {
    acta_app *app;
    const acta_projection *projection;   /* whose it is now; NULL: a rebuild's, then … */
    const acta_table *const *row_tables; /* … the next version of these, and no others */
    acta_memory *memory;                 /* of all of it; the reader's */
    acta_memory *scratch;                /* of the event in work */
    acta_allocator allocator;
    acti_row_table *tables;
    acti_row *oldest, *newest; /* by their last touch */
    acti_row *staged;
    acti_row *changed, *last_changed, *on_way;
    uint32_t changed_count;
    uint64_t batch;    /* number of the one that is being made */
    uint64_t head;     /* of the log, when the last one was sent */
    bool begins_empty; /* what the store has is of something else: read as if it weren't there */
    size_t bytes, bytes_max, staged_bytes, changed_bytes;
} acti_row_cache;

/* `memory` and `scratch` are emptied; they must outlive it. */
void acti_row_cache_init(
    acti_row_cache *cache, acta_app *app, const acta_projection *projection, acta_memory *memory, acta_memory *scratch);

/* The row of a key, which may be unknown yet. ACTA_INVALID: no read model, or no key. */
acta_status acti_row_find(
    acti_row_cache *cache, const acta_table *row_table, acta_str key, acti_row **row_out, acta_error *error);

/* As the last event left it, or this one; absent: there is none. It lives as long as the event is in work. */
acta_status acti_row_value(acti_row_cache *cache, acti_row *row, acta_bytes *value_out, acta_error *error);

/* Absent: it goes. Copied. */
acta_status acti_row_stage(acti_row_cache *cache, acti_row *row, acta_bytes value, acta_error *error);

/* The event is done, or has failed: then what it staged is dropped. */
void acti_row_cache_end_event(acti_row_cache *cache, bool keep);

/* The batch has enough: so much that others may have to wait for it, if there are any. */
bool acti_row_cache_is_full(const acti_row_cache *cache);

/* What the batch changes; sent: it is on its way; durable: it is there. */
void acti_row_cache_fill(const acti_row_cache *cache, acta_transaction *transaction);
void acti_row_cache_sent(acti_row_cache *cache);
void acti_row_cache_durable(acti_row_cache *cache);

#endif
