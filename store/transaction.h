/*
 * Transaction: what a caller wants done, put together in the caller's thread.
 *
 *     acta_transaction -> operations: append | change of a stream | expect row | put | delete | outcome | forget | raw
 *          |                            |
 *          |                            +-> records[first .. first + count) -> bytes in a slab
 *          +-> arena: stream names, keys and values of rows
 *
 * A slab holds the records of one append, each in its final form but for its place. It is counted: the transaction holds
 * it until it completes, the tail (tail.h) as long as live readers may want it.
 */
#ifndef ACTI_TRANSACTION_H
#define ACTI_TRANSACTION_H

#include <stdalign.h>
#include <stdatomic.h>
#include <stddef.h>

#include "acta/store.h"

#include "record.h"

typedef struct acti_slab {
    _Atomic uint32_t refs;
    acta_allocator allocator;
    size_t size; /* of bytes */
    alignas(8) uint8_t bytes[];
} acti_slab;

acti_slab *acti_slab_create(const acta_allocator *allocator, size_t size); /* NULL: no memory */
void acti_slab_ref(acti_slab *slab, uint32_t count);
void acti_slab_unref(acti_slab *slab);

typedef enum acti_operation_kind {
    ACTI_APPEND,
    ACTI_EXPECT_PRESENT,
    ACTI_EXPECT_ABSENT,
    ACTI_PUT,
    ACTI_DELETE,
    ACTI_OUTCOME, /* a put of which the committer fills in where and when */
    ACTI_CHANGE,  /* an append to ACTI_STREAM_OF_CHANGES of which the committer fills in which stream it is about */
    ACTI_EXPECT_NO_TAGGED,
    ACTI_CLAIM, /* a put of a row that must be absent */
    ACTI_RAW    /* a put, or without value a delete, of any family's key: the store's own housekeeping */
} acti_operation_kind;

typedef struct acti_stream acti_stream; /* names.h */

typedef struct acti_operation {
    acti_operation_kind kind;
    uint32_t first_record, record_count; /* APPEND, CHANGE */
    uint32_t family;                     /* RAW */
    acta_str stream;                     /* APPEND; CHANGE: which is changed */
    uint64_t expected_version;           /* APPEND; CHANGE: of the stream that is changed; EXPECT_NO_TAGGED: after */
    acti_stream *entry;                  /* of `stream`; of the committer, from check to apply */
    acti_stream *changes_entry;          /* CHANGE: where it is recorded */
    acta_bytes key;                      /* rows: table, NUL, key; CHANGE: of the stream's snapshot */
    acta_bytes value;                    /* EXPECT_NO_TAGGED: the tags, encoded */
} acti_operation;

typedef struct acti_record {
    acti_slab *slab;
    uint8_t *bytes;
    struct acti_type *type; /* of the committer, from check to apply */
} acti_record;

/* Why a transaction was refused; made into a text when it completes. */
typedef enum acti_refusal {
    ACTI_REFUSED_NOT,
    ACTI_REFUSED_VERSION,
    ACTI_REFUSED_SESSION,
    ACTI_REFUSED_ROW_MISSING,
    ACTI_REFUSED_ROW_PRESENT,
    ACTI_REFUSED_OUTCOME,
    ACTI_REFUSED_ERROR, /* the transaction's error says */
    ACTI_REFUSED_STORE  /* the store's failure says */
} acti_refusal;

enum { ACTI_OPERATIONS_INLINE = 6, ACTI_RECORDS_INLINE = 2, ACTI_ARENA_INLINE = 768 };

typedef struct acti_arena_block {
    struct acti_arena_block *next;
    size_t size;
    alignas(8) uint8_t bytes[];
} acti_arena_block;

struct acta_transaction {
    acta_store *store;

    /* Built by the caller. */
    acti_operation *operations;
    acti_record *records;
    uint32_t operation_count, operation_room;
    uint32_t record_count, record_room;
    size_t bytes;          /* of records and rows */
    bool removes_events;   /* RAW, in the log */
    uint32_t tagged_count; /* records with tags */
    uint32_t undigested;   /* the first record whose payload the caller still writes */
    uint64_t session, sequence;
    acta_id command_id;
    acta_status status; /* what went wrong while it was filled; then `error` says more */
    acta_error error;

    /* Handed to the committer. */
    acta_transaction *next;
    acta_commit_done done;
    void *user;
    size_t charged; /* bytes counted against the queue */

    /* Of whoever commits. */
    acti_refusal refusal;
    const acti_operation *refused_by;
    acta_status result_status;
    uint64_t first_position, last_position, version, actual_version;
    int64_t recorded_at_us;

    acti_arena_block *blocks;
    size_t arena_used;
    acti_operation operations_inline[ACTI_OPERATIONS_INLINE];
    acti_record records_inline[ACTI_RECORDS_INLINE];
    alignas(8) uint8_t arena[ACTI_ARENA_INLINE];
};

/* Finish what the caller wrote in place. Called once, when it is submitted. */
void acti_transaction_finish(acta_transaction *transaction);

/* A put into a table that acta_transaction_put refuses, for rows that only the store writes. */
void acti_transaction_put_row(acta_transaction *transaction, const char *table, acta_bytes key, acta_bytes value);

#define ACTI_STREAM_OF_AUDIT "$audit" /* what was done to the store from outside: repairs */

/* acta_transaction_append for events of the store's own types, and into the stream of audit. */
void acti_transaction_append_own(acta_transaction *transaction, acta_str stream, uint64_t expected_version,
    const acta_event *events, uint32_t count);

/* Append one event with room for a payload to a stream of the store's own, as a CHANGE of `stream`. NULL: it failed. */
acti_operation *acti_transaction_change(acta_transaction *transaction, acta_str stream, uint64_t expected_version,
    const acta_event *event, acta_str change_stream);

/* RAW: put, or delete when value.data is NULL. Both are borrowed until it completes. */
void acti_transaction_raw(acta_transaction *transaction, uint32_t family, acta_bytes key, acta_bytes value);

/* Keep the first thing that went wrong. */
acta_status acti_transaction_fail(acta_transaction *transaction, acta_status status, const char *format, ...)
    ACTA_PRINTF(3, 4);

/* Count `size` bytes of records or rows; false: there would be too many. */
bool acti_transaction_charge(acta_transaction *transaction, size_t size);

/* One more operation, of which only the kind is set; NULL: the transaction has failed. */
acti_operation *acti_transaction_operation(acta_transaction *transaction, acti_operation_kind kind);

/* `size` bytes that live as long as the transaction, aligned to 8; NULL when there are none. */
void *acti_transaction_room(acta_transaction *transaction, size_t size);

/* Is this the name of a table? */
bool acti_table_name_fits(const char *table);

/* Table and key as they are stored, in `room` of ACTI_ROW_KEY_MAX bytes. */
enum { ACTI_ROW_KEY_MAX = ACTA_TABLE_NAME_MAX + 1 + ACTA_KEY_MAX };
acta_bytes acti_row_key(uint8_t *room, const char *table, acta_bytes key);
bool acti_row_is_of(acta_bytes key, const char *table); /* as the engine has it */

/* Is this 1 to `size_max` bytes of UTF-8 without control characters? `what`: "a tag". ACTA_INVALID. */
acta_status acti_name_check(const char *what, acta_str name, size_t size_max, acta_error *error);

/* May a stream be read under this name; may it be written? ACTA_INVALID says why not. */
acta_status acti_stream_name_check(acta_str stream, acta_error *error);
acta_status acti_stream_name_check_own(acta_str stream, acta_error *error);

#endif
