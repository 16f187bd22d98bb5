/*
 * A projection into a database: what its reader keeps of it, from one life of its actor to the next.
 *
 *     actor: items -> batch --(is_busy)--> job on a thread of the pool: open, apply --answer--> actor
 *
 * Connection, bookmark and batch belong to the actor while is_busy is false, and to the job while it is true. A life that
 * begins while a job of the last one still runs waits for its end.
 */
#ifndef ACTI_ACTORS_DATABASE_H
#define ACTI_ACTORS_DATABASE_H

#include "acta/projection_database.h"

#include "reader.h"

#define ACTI_NO_EVENT UINT32_MAX

/* An event of the log in a batch. */
typedef struct acti_batch_item {
    acti_item *item; /* a copy */
    acta_str key;    /* in the batch's memory */
    bool is_out;     /* it has failed; the batch goes without it */
} acti_batch_item;

/* What a function of the projection is called for: the item, or one of what it has become. */
typedef struct acti_batch_event {
    uint32_t item;
    uint32_t event; /* its number among the reader's */
    acta_recorded recorded;
} acti_batch_event;

struct acta_batch {
    acti_reader *reader;
    acta_memory *memory; /* of keys, and of what old events have become */
    acti_batch_item *items;
    uint32_t item_count, item_capacity;
    acti_batch_event *events;
    uint32_t event_count, event_capacity;
    uint32_t first, limit; /* items that are applied now: from first to before limit */
    uint32_t failed;       /* index of an event; ACTI_NO_EVENT: none */
    acta_bookmark before, after;
    bool is_late;
};

/* What a job is to do, and what came of it. */
typedef enum acti_database_outcome {
    ACTI_DATABASE_DONE,
    ACTI_DATABASE_AGAIN,    /* error says why */
    ACTI_DATABASE_EVENT,    /* batch.failed is to blame */
    ACTI_DATABASE_ELSEWHERE /* the bookmark is another than the one that we left */
} acti_database_outcome;

typedef struct acti_database {
    acti_reader *reader;
    const acta_database *given;
    _Atomic bool is_busy;
    void *connection; /* NULL: not open */
    acta_bookmark bookmark;
    acta_batch batch;
    acti_database_outcome outcome;
    acta_error error;
} acti_database;

/* database_batch.c */
acti_database *acti_database_create(acti_reader *reader, const acta_database *given); /* NULL: no memory */
void acti_database_destroy(acti_database *database); /* takes NULL; closes the connection */
/* Give back what is in the batch, and begin another one. */
void acti_batch_clear(acta_batch *batch);
acta_status acti_batch_add(
    acti_reader_actor *r, acta_batch *batch, const acti_item *item, acta_str key, acta_error *error);
/* Which event this is, for acta_bookmark.mark. */
acta_id acti_bookmark_mark(const acta_recorded *recorded);

/* database_job.c: start the work that is to be done, on a thread of the pool; is_busy until its answer comes, or never will.
 * Not ACTA_OK: nothing was begun. */
acta_status acti_database_open_begin(
    acti_reader_actor *r, acti_database *database, acta_ref *ref_out, acta_error *error);
acta_status acti_database_apply_begin(
    acti_reader_actor *r, acti_database *database, acta_ref *ref_out, acta_error *error);

#endif
