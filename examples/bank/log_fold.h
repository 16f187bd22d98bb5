/*
 * The fold of the bank's log: every account and transfer as it was after each of its events, made by a reader who knows the
 * events and the rules of the bank, and none of its code.
 *
 *     log -> stream -> moment 1, moment 2, moment 3 …          a moment: what was true once its event was there
 *
 * What the simulation compares states, snapshots, rows and answers with. It judges nothing (log_check.h does): of a log that
 * breaks the rules it tells what the events say.
 */
#ifndef BANK_LOG_FOLD_H
#define BANK_LOG_FOLD_H

#include "acta/store.h"
#include "bank.acta.h"

typedef struct bank_fold bank_fold;

/* An account or a transfer after one of its events. */
typedef struct bank_moment {
    uint64_t position;
    acta_id command_id; /* whose effect the event is */
    uint64_t digest;    /* of the event, envelope included: two logs with equal digests tell the same */

    /* An account. */
    int64_t balance;
    bool open, closed;

    /* A transfer. `withdrawn` is not among the phases here: it is told by an account's event. */
    bank_Phase phase;
} bank_moment;

typedef struct bank_stream {
    char *name; /* "Account-alice" */
    size_t name_size;
    acta_str id; /* "alice" */
    bool is_account;
    bank_moment *moments; /* [0]: before the first event; [version]: after it */
    uint64_t version;
    uint64_t room;

    char *owner;                 /* of an account */
    char *source_id, *target_id; /* of a transfer; NULL: it was never requested */
    char *reason;                /* why it failed; NULL: it did not */
    int64_t amount;
    /* How the process manager sees a transfer: positions of what it acts on; 0: not yet. */
    uint64_t requested_at, withdrawn_at, moved_at, ended_at;
} bank_stream;

/* NULL: no memory. */
bank_fold *bank_fold_create(void);
void bank_fold_destroy(bank_fold *fold); /* takes NULL */

/* Take the log's next event. Errors: ACTA_NO_MEMORY; ACTA_CORRUPT: an event that the bank doesn't know. */
acta_status bank_fold_event(bank_fold *fold, const acta_recorded *event, acta_error *error);

/* Take what the store's log has behind the last event taken, up to `to`; 0: all. Also errors of the cursor. */
acta_status bank_fold_read(bank_fold *fold, acta_store *store, uint64_t to, acta_error *error);

/* The position of the last event taken. */
uint64_t bank_fold_position(const bank_fold *fold);

/* Streams in the order of their first events, or as somebody named them first: those have version 0. */
uint32_t bank_fold_stream_count(const bank_fold *fold);
const bank_stream *bank_fold_stream_at(const bank_fold *fold, uint32_t index);
const bank_stream *bank_fold_find(const bank_fold *fold, acta_str stream); /* NULL: no such stream */

/* Where an event is: its stream, and its version in it. NULL: no event of this position was taken. */
const bank_stream *bank_fold_at(const bank_fold *fold, uint64_t position, uint64_t *version_out);

/* The version that a stream was at when the log's last event was `position`. */
uint64_t bank_stream_version_at(const bank_stream *stream, uint64_t position);

/* The digest of an event, as moments have it. */
uint64_t bank_digest_of(const acta_recorded *event);

#endif
