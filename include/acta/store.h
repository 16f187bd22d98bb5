/*
 * Store: an embedded, durable log of events with a transaction as its primitive.
 *
 * Events lie in streams ("Account-alice"), in versions 1, 2, 3 … of their stream and at positions 1, 2, 3 … of the whole
 * log, without a gap; a position exists only once it is on disk. Beside the log lie tables of plain rows, which
 * change in the same transactions: outcomes, checkpoints, snapshots, outboxes, read models.
 *
 * Three answers only: stored; not stored; or unknown, and then the store refuses writes from there on.
 *
 *     acta_transaction *t = acta_transaction_create(store);
 *     acta_transaction_append(t, stream, ACTA_NO_STREAM, events, 2);
 *     acta_transaction_put(t, "balances", key, value);
 *     acta_store_commit(store, t, &result, &error);      // on disk when it returns ACTA_OK
 */
#ifndef ACTA_STORE_H
#define ACTA_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acta/environment.h"
#include "acta/id.h"
#include "acta/memory.h"
#include "acta/str.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_store acta_store;
typedef struct acta_engine acta_engine; /* engine.h of store/: where the bytes lie */

enum {
    ACTA_STREAM_NAME_MAX = 512,          /* bytes */
    ACTA_TYPE_NAME_MAX = 256,            /* bytes */
    ACTA_TABLE_NAME_MAX = 64,            /* bytes */
    ACTA_TAG_MAX = 255,                  /* bytes */
    ACTA_TAG_COUNT_MAX = 64,             /* of an event, or of a condition */
    ACTA_KEY_MAX = 4096,                 /* bytes of a row's key */
    ACTA_PAYLOAD_MAX = 16 << 20,         /* bytes of one event or row */
    ACTA_STREAM_METADATA_MAX = 16 << 10, /* bytes of a stream's metadata */
    ACTA_APPEND_COUNT_MAX = 100000,      /* events in one transaction */
    ACTA_TRANSACTION_BYTES_MAX = 64 << 20
};

/* Expected versions; any other number is that very version. */
#define ACTA_NO_STREAM     UINT64_C(0) /* the stream has no events */
#define ACTA_ANY_VERSION   UINT64_MAX
#define ACTA_STREAM_EXISTS (UINT64_MAX - 1)

typedef struct acta_store_config {
    const char *path;     /* directory; made when missing (its parent must exist) unless `must_exist` */
    bool must_exist;      /* a missing store is ACTA_NOT_FOUND instead of a new one */
    bool read_only;       /* to look at it as it is now: beside a program that writes it (acta_store_refresh), or after
                             damage; nothing in its directory is changed, and all writes are ACTA_READ_ONLY */
    bool manual;          /* no threads: acta_store_step commits */
    acta_engine *engine;  /* NULL: RocksDB at `path`; else e.g. acta_memory_engine; the store closes it */
    uint64_t schema_hash; /* 0: not checked; else kept with the store by schema_name and compared on open */
    const char *schema_name;
    uint64_t memory_bytes;                /* caches and write buffers; 0: 256 MiB */
    uint64_t queue_bytes_max;             /* transactions that wait for the committer; 0: 64 MiB; more is ACTA_BUSY */
    uint32_t batch_count_max;             /* transactions in one sync; 0: 1,024 */
    uint64_t tail_bytes_max;              /* of newest records kept in memory for live readers; 0: 32 MiB */
    bool no_compaction;                   /* what scrubs made dead isn't compacted in the background (operations.h) */
    uint64_t compaction_bytes_per_second; /* how fast it is, at most; 0: 32 MiB */
    const char *const *keep_by_stream;    /* see below; NULL: the categories that it was opened with before */
    bool unsafe_no_sync;                  /* benchmarks only: acknowledge before the disk has it */
    const acta_environment *environment;  /* copied */
} acta_store_config;

/*
 * keep_by_stream: categories (what stands before the first '-' of a stream's name), ended by NULL, whose events are stored a
 * second time, those of a stream side by side. Reading a stream of hundreds of events from its beginning, as an instance
 * without snapshot does, then takes a few reads of the disk instead of one for each page of the log that has some of them.
 * It costs the disk their bytes once more, and each append of theirs about one read of a page that was written lately; what
 * is appended is copied some time behind it, with later commits. Nothing else changes: what can be read, and how, deleting and
 * limits (a copy goes with its event), backup, verify, restore and repair.
 *   The store remembers the list. Another one holds for what is appended from then on; an empty one (just NULL) ends it. What
 * was copied stays copied, and what was there before is not, until acta_store_copy_by_stream (operations.h) is called. A store that ever was opened with one has format 3, which older programs refuse. Stores that are
 * read_only don't look at it. ACTA_INVALID: an entry that is no name, or has a '-'; more than 64 KiB of them.
 */

/*
 * Open a store, or make a new one.
 *
 * Checks on the way: the log's positions are contiguous from the last verified one, it reaches the high-water mark, each
 * index ends where the log does (what is behind is cut and made again from the log).
 * An engine that is given is the store's from here on, also when opening fails.
 * Errors:  ACTA_NOT_FOUND        the directory, or with must_exist the store, is not there
 *          ACTA_IN_USE           another process, or another acta_store of this one, has it open for writing
 *          ACTA_CORRUPT          a gap, a damaged record, an end before the mark: names the first missing position;
 *                                nothing was changed; read_only opens what is there
 *          ACTA_UNSUPPORTED      a newer format
 *          ACTA_SCHEMA_MISMATCH  made with another schema; the text names both
 *          ACTA_READ_ONLY        the directory can't be written to
 *          ACTA_BUSY             read_only: whoever writes has not made its newest events durable for a second
 *          ACTA_IO, ACTA_NO_MEMORY, ACTA_INVALID
 */
ACTA_API acta_status acta_store_open(const acta_store_config *config, acta_store **store_out, acta_error *error);

/* Close an engine that was made for a store and given to none. Takes NULL. */
ACTA_API void acta_engine_close(acta_engine *engine);

/* Commit what is queued, write a clean mark, close. What completions submit meanwhile gets ACTA_STOPPED. Takes NULL. No
 * subscription or cursor may be left, and no other thread may be in a call of this store or begin one. */
ACTA_API void acta_store_close(acta_store *store);

/* Manual stores: do one phase of committing (gather and write; sync; the mark of the batch before; publish and complete).
 * False: nothing to do. */
ACTA_API bool acta_store_step(acta_store *store);

/*
 * Take the committing role if it is free and there is something to commit: one batch, synced and completed on this thread.
 * False: nothing was done. For threads that would otherwise only wait (acta_runtime_set_helper). May block for a sync.
 */
ACTA_API bool acta_store_help(acta_store *store);

/*
 * Promise that this thread calls acta_store_help, or help_end, after whatever it submits from here on and before it waits
 * for anything: a submit of this thread then leaves the work to it instead of waking the committer thread, which saves the
 * lone append two switches of thread. Other threads' submits are not affected. May be nested; costs some nanoseconds.
 */
ACTA_API void acta_store_help_begin(acta_store *store);
ACTA_API void acta_store_help_end(acta_store *store);

/*
 * Copy the store into a new directory while it is in use: all that was acknowledged before the call is in the copy, whole
 * transactions only, and perhaps some of what is acknowledged meanwhile. The copy is a store like any other: open it,
 * verify it, put it in the place of a lost one.
 *
 * Files that never change again are shared with the copy where both lie on one file system (hard links), so that a backup
 * costs the newest part only; a disk that fails takes both. Copy the copy elsewhere: nothing changes in it any more.
 *   path          doesn't exist yet; its parent does. "PATH.unfinished" is used on the way
 *   position_out  how far the copy reaches at least; may be NULL
 * Threads: any, beside everything but close; waits for the disk, so not from inside an actor.
 * Errors: ACTA_ALREADY_EXISTS something is at `path`, or at "PATH.unfinished" from a backup that was cut off; ACTA_NOT_FOUND
 *         the parent doesn't exist; ACTA_UNSUPPORTED an engine without files; ACTA_READ_ONLY the store is open for reading
 *         only; ACTA_IO. Nothing is left at either place after one, and the store goes on.
 */
ACTA_API acta_status acta_store_backup(acta_store *store, const char *path, uint64_t *position_out, acta_error *error);

/*
 * Stores that were opened read_only: see what was committed since, by another store or another process. What such a store
 * shows is what was durable, whole transactions only, at some moment between the beginning and the end of open or of the
 * last refresh, in events and rows alike; it stays so until the next one. What was acknowledged before the call is there
 * (unless the writer doesn't sync). Other stores see all at once, and for them this does nothing.
 *
 * Costs what opening costs: all that the writer has not moved to its final files yet is read again. Subscriptions are told
 * (`ready`, on this thread).
 * Threads: as close: no other thread may be in a call of this store. Waits for the disk.
 * Errors: ACTA_BUSY a cursor is open, or a subscription isn't at its end; or the writer's newest events are not durable yet:
 *         try again. ACTA_CORRUPT, ACTA_IO, ACTA_NO_MEMORY. The head stays where it was after one.
 */
ACTA_API acta_status acta_store_refresh(acta_store *store, acta_error *error);

/* Why the store refuses writes, or ACTA_OK: ACTA_READ_ONLY opened so; ACTA_UNKNOWN_OUTCOME, ACTA_IO after a failure. */
ACTA_API acta_status acta_store_health(const acta_store *store, acta_error *error);

/* The position of the newest durable event; 0: none. */
ACTA_API uint64_t acta_store_head(const acta_store *store);

/*
 * How many transactions without a writer session have appended events, or changed streams, since the store was opened. Who
 * keeps what he read of a stream, and appends to it in sessions, asks this before he decides on it: while it stays the same
 * nobody else has appended. It counts up before any of them is completed. Threads: any; costs one load.
 */
ACTA_API uint64_t acta_store_outside_count(const acta_store *store);

/* -- transactions -- */

typedef struct acta_transaction acta_transaction;

/*
 * An event to append. What identifies it later is its position, which the store gives it: no two have the same, and it is
 * never given again, whatever is deleted. So an event brings no id of its own, and none can be brought twice:
 *  - An append that may have happened is repeated safely with a command id (acta_transaction_outcome), or with the version
 *    that it expected the first time: it is then refused, never doubled.
 *  - Who has ids of his own, of messages from elsewhere, claims them in the same transaction (acta_transaction_claim): an
 *    id that was used before, in whatever stream, is refused with all that came with it.
 */
typedef struct acta_event {
    acta_str type;        /* "bank.MoneyDeposited" */
    uint64_t schema_hash; /* of the type's table; 0: none */
    acta_bytes payload;
    acta_bytes metadata; /* free bytes; may be empty */
    acta_id correlation_id;
    acta_id causation_id;
    const acta_str *tags; /* by which it can be found, and conditions be set: "student:17"; copied */
    uint32_t tag_count;   /* at most ACTA_TAG_COUNT_MAX */
} acta_event;

/* A new, empty transaction; NULL when there is no memory. Used by one thread. Filling it never fails: what is wrong
 * (a name too long, no memory) is kept and is what submit or commit returns. */
ACTA_API acta_transaction *acta_transaction_create(acta_store *store);
ACTA_API void acta_transaction_destroy(acta_transaction *transaction); /* one that was not submitted. Takes NULL */

/*
 * Append events to a stream. All is copied.
 *   stream            1 to ACTA_STREAM_NAME_MAX bytes of UTF-8 without control characters, not beginning with '$'
 *   expected_version  what the stream must be at, as this transaction finds it
 *   count             0 only checks the version
 */
ACTA_API void acta_transaction_append(acta_transaction *transaction, acta_str stream, uint64_t expected_version,
    const acta_event *events, uint32_t count);

/* The same for one event whose payload the caller writes in place: returns `payload_size` bytes to fill before submit,
 * aligned to 8; NULL after an error. */
ACTA_API uint8_t *acta_transaction_reserve(acta_transaction *transaction, acta_str stream, uint64_t expected_version,
    const acta_event *event, size_t payload_size);

/*
 * Append links to a stream: events that stand for events of other streams, such as all that have to do with one customer.
 * Who reads the stream gets the originals (acta_recorded.link_position and link_version tell the places of the links), and
 * a link whose original can't be read in its own stream (removed, its stream deleted, behind its limits) is passed over. A
 * link to a link is one to the original. The whole log, and acta_read.links, give them as what they are: events of type
 * "$link", whose payload begins with the original's position (8 bytes, little-endian).
 *   stream, expected_version, count  as in append
 *   positions  of events that are there already; links can be mixed with other events, and their versions go on together
 * Reads each of the events here, so it may wait for the disk. What submit or commit then returns: ACTA_NOT_FOUND there is no
 * such event, or it can't be read any more; ACTA_DELETED its stream is softly deleted; ACTA_INVALID it is the store's own.
 */
ACTA_API void acta_transaction_link(acta_transaction *transaction, acta_str stream, uint64_t expected_version,
    const uint64_t *positions, uint32_t count);

/*
 * Delete a stream.
 *   SOFT  it can be restored. Until then reading it and appending to it is ACTA_DELETED; its events stay in the log
 *   HARD  as if it had never been: reading finds nothing, and the name may be used afresh, from version 1 on, for what is
 *         then another stream. Its snapshot goes too. Its events are still in the whole log until acta_store_scrub has
 *         replaced them by stubs
 *   expected_version  as in append
 * Refused with ACTA_NOT_FOUND when there is no such stream, ACTA_DELETED when it is soft deleted already (HARD may follow).
 * The log tells it by an event of type "$stream" in the stream "$streams"; so do the two functions below.
 */
typedef enum acta_deletion { ACTA_DELETE_SOFT = 0, ACTA_DELETE_HARD } acta_deletion;
ACTA_API void acta_transaction_delete_stream(
    acta_transaction *transaction, acta_str stream, uint64_t expected_version, acta_deletion how);

/* Undo a soft deletion: all is as it was. ACTA_NOT_FOUND; ACTA_CONFLICT: it isn't deleted. */
ACTA_API void acta_transaction_restore_stream(acta_transaction *transaction, acta_str stream);

/* What of a stream can be read as that stream; all that are set must hold. In the whole log the rest is still there until
 * acta_store_scrub has replaced it by stubs. 0: no limit. */
typedef struct acta_stream_limits {
    uint64_t count_max;    /* the newest so many */
    uint64_t age_ms_max;   /* those recorded within so many ms */
    uint64_t from_version; /* those from this version on */
} acta_stream_limits;

/* Set a stream's limits, all of them. ACTA_NOT_FOUND; ACTA_DELETED. */
ACTA_API void acta_transaction_limit_stream(
    acta_transaction *transaction, acta_str stream, const acta_stream_limits *limits);

/*
 * Set the metadata of a stream: bytes that belong to it and are no event of it, such as who may read it. They have versions
 * of their own, 1, 2, 3 …, of which the newest is kept with the stream and all are in the log (as events "$stream"); a hard
 * deletion takes them along.
 *   expected_version  what the metadata must be at: as in append; ACTA_NO_STREAM: the stream has none so far
 *   metadata          at most ACTA_STREAM_METADATA_MAX bytes; may be empty
 * Refused with ACTA_NOT_FOUND when there is no such stream (a transaction later), ACTA_DELETED, ACTA_CONFLICT.
 */
ACTA_API void acta_transaction_stream_metadata(
    acta_transaction *transaction, acta_str stream, uint64_t expected_version, acta_bytes metadata);

/* The newest metadata of a stream, copied into `memory`, and their version: 0 and nothing when none were set. `version_out`
 * may be NULL. Also of one that is softly deleted. ACTA_NOT_FOUND: there is no such stream. */
ACTA_API acta_status acta_store_stream_metadata(acta_store *store, acta_str stream, acta_memory *memory,
    acta_bytes *metadata_out, uint64_t *version_out, acta_error *error);

/*
 * Condition on tags: the log has no event behind position `after` that has all of them. With `after` the position up to
 * which the events of these tags were read, it says that what was decided on still holds, whatever streams they lie in
 * (a dynamic consistency boundary). It is about the log before this transaction.
 *   tags   1 to ACTA_TAG_COUNT_MAX, each 1 to ACTA_TAG_MAX bytes of UTF-8 without control characters; copied
 * Refused with ACTA_CONFLICT; the error names the position that is in the way.
 */
ACTA_API void acta_transaction_expect_no_tagged(
    acta_transaction *transaction, const acta_str *tags, uint32_t count, uint64_t after);

/*
 * Claim a value for an owner, so that nobody else has it: an address of mail, a name of a user. It is the owner's until it is
 * given up by acta_transaction_release, wherever that is asked.
 *   scope  which kind of value; a name as of a table, 1 to ACTA_TABLE_NAME_MAX of [a-z0-9_.-]
 *   value  1 to ACTA_KEY_MAX - ACTA_TABLE_NAME_MAX - 1 bytes, any
 *   owner  who has it, such as a stream's name; told to whom is refused
 * Refused with ACTA_ALREADY_EXISTS when it is taken, by whomever, also by this very transaction.
 */
ACTA_API void acta_transaction_claim(
    acta_transaction *transaction, const char *scope, acta_bytes value, acta_str owner);
ACTA_API void acta_transaction_release(acta_transaction *transaction, const char *scope, acta_bytes value);

/* Who has a value, copied into `memory`. ACTA_NOT_FOUND: nobody. */
ACTA_API acta_status acta_store_claimed_by(acta_store *store, const char *scope, acta_bytes value, acta_memory *memory,
    acta_str *owner_out, acta_error *error);

/* Condition on a row: present, or absent. */
ACTA_API void acta_transaction_expect_row(
    acta_transaction *transaction, const char *table, acta_bytes key, bool present);

/* Rows. `table` is 1 to ACTA_TABLE_NAME_MAX of [a-z0-9_.-]; "outcomes", "snapshots", "checkpoints" and "parked" are the
 * store's own: their rows are put by functions made for them alone, and may be deleted. */
ACTA_API void acta_transaction_put(acta_transaction *transaction, const char *table, acta_bytes key, acta_bytes value);
ACTA_API void acta_transaction_delete(acta_transaction *transaction, const char *table, acta_bytes key);

/*
 * The transaction belongs to a writer session and is its `sequence`-th (1, 2, 3 …). It is committed only behind the
 * one before it: when one of a session fails, for any reason, all later ones of that session are refused with
 * ACTA_CONFLICT, whatever the versions are by then. A session is opened by acta_store_session and needs no closing; one
 * that was idle while some hundred thousand others committed may be forgotten, and is then refused too.
 */
ACTA_API void acta_transaction_session(acta_transaction *transaction, uint64_t session, uint64_t sequence);
ACTA_API uint64_t acta_store_session(acta_store *store);

/* The durable answer to a command that carried an id. */
typedef struct acta_outcome {
    acta_digest command_digest; /* of aggregate, command type and payload; zeros: any fits (transfer.h) */
    acta_status status;         /* ACTA_OK, or ACTA_REJECTED */
    uint32_t code;              /* rejection */
    char rejection[64];         /* its name */
    char text[192];             /* its text */
    uint64_t version;           /* of the aggregate's stream after it */
    uint64_t position;          /* of its last event; 0: it had none */
    int64_t recorded_at_us;
} acta_outcome;

/*
 * Record the outcome of a command in this transaction. position and recorded_at_us are filled in by the committer,
 * and so is version when the transaction appends. If the id has an outcome by then the whole transaction fails with
 * ACTA_ALREADY_EXISTS and nothing is written.
 */
ACTA_API void acta_transaction_outcome(acta_transaction *transaction, acta_id command_id, const acta_outcome *outcome);
ACTA_API void acta_transaction_forget_outcome(acta_transaction *transaction, acta_id command_id);

/* ACTA_NOT_FOUND: no outcome (any more). */
ACTA_API acta_status acta_store_outcome(
    acta_store *store, acta_id command_id, acta_outcome *outcome_out, acta_error *error);

/* Delete outcomes recorded before `before_us`, at most `count_max` of them; returns how many. For periodic calls;
 * continues where the last one ended. Doesn't wait: the deletions are committed behind what was submitted before. */
ACTA_API acta_status acta_store_expire_outcomes(
    acta_store *store, int64_t before_us, uint32_t count_max, uint32_t *count_out, acta_error *error);

typedef struct acta_commit_result {
    acta_status status;
    uint64_t first_position; /* of its events; 0: it had none */
    uint64_t last_position;
    uint64_t version; /* of the stream appended to last */
    int64_t recorded_at_us;
    uint64_t batch_begun_ns; /* monotonic: when the batch that it went with was begun, … */
    uint64_t durable_ns;     /* … and when that was on disk; 0: it was not written */
    acta_error error;        /* when status isn't ACTA_OK; actual_version for ACTA_CONFLICT */
} acta_commit_result;

/*
 * Called exactly once for a submitted transaction, in the order of positions, on whichever thread commits. Must not
 * block. `result` is borrowed.
 *   ACTA_OK               on disk
 *   ACTA_CONFLICT         a version, condition or session did not hold; nothing written
 *   ACTA_ALREADY_EXISTS   the command id has an outcome
 *   ACTA_DELETED          a stream is soft deleted; ACTA_NOT_FOUND: one that was to be changed isn't there
 *   ACTA_READ_ONLY, ACTA_STOPPED, ACTA_IO   nothing written
 *   ACTA_UNKNOWN_OUTCOME  its sync failed: it may be there after the next open; the store refuses writes from now on
 */
typedef void (*acta_commit_done)(void *user, const acta_commit_result *result);

/* Hand a transaction to the committer; it is the store's from then on, whatever is returned. On an error (ACTA_INVALID,
 * ACTA_NO_MEMORY, ACTA_BUSY, ACTA_READ_ONLY, ACTA_STOPPED) `done` is not called. Threads: any. Never blocks. */
ACTA_API acta_status acta_store_submit(
    acta_store *store, acta_transaction *transaction, acta_commit_done done, void *user, acta_error *error);

/* The same, and wait: the calling thread commits itself if nobody else is doing so. Not from inside an actor.
 * result_out may be NULL. Manual stores: steps the store until it is done. */
ACTA_API acta_status acta_store_commit(
    acta_store *store, acta_transaction *transaction, acta_commit_result *result_out, acta_error *error);

/* -- reading -- */

typedef enum acta_record_kind {
    ACTA_RECORD_EVENT = 0,
    ACTA_RECORD_STUB = 1 /* the event was removed: type, payload and metadata are empty, its digest stays */
} acta_record_kind;

/* A stored event, as views that live until the cursor moves, or as long as its chunk. */
typedef struct acta_recorded {
    uint64_t position;
    uint64_t version; /* in its stream */
    uint64_t stream_id;
    acta_str stream;
    acta_str type;
    uint64_t schema_hash;
    acta_record_kind kind;
    int64_t recorded_at_us; /* never falls from one position to the next */
    acta_id command_id, correlation_id, causation_id;
    acta_digest digest; /* a stub's: of the payload that was removed; acta_recorded_digest gives it of any event */
    acta_bytes payload;
    acta_bytes metadata;
    acta_bytes tags;        /* acta_tag_next reads them */
    bool replaying;         /* subscriptions: it may have been delivered before */
    uint64_t link_position; /* read through a link, this one; 0: it wasn't. All of the above is the original's */
    uint64_t link_version;  /* of the stream that is read: where `from` goes on */
    acta_str link_stream;   /* which is this one */
} acta_recorded;

/* The next of an event's tags: begin with a copy of its `tags`, which moves on. False at the end. */
ACTA_API bool acta_tag_next(acta_bytes *tags, acta_str *tag_out);

/* The digest of an event's payload: acta_digest_of it as the only part. A stub has kept it. */
ACTA_API acta_digest acta_recorded_digest(const acta_recorded *event);

typedef enum acta_direction { ACTA_FORWARD = 0, ACTA_BACKWARD } acta_direction;

typedef struct acta_read {
    acta_str stream; /* absent: the whole log ($all) */
    acta_direction direction;
    uint64_t from;   /* version or position, inclusive; 0: the first, or backward the last */
    int64_t from_us; /* recorded at that time or later, or backward: or earlier; 0: any time. Found by halving, not by
                           reading through. With `from` too, whatever begins later in the direction of reading */
    uint64_t count_max; /* events given; 0: all */
    bool links;         /* give a stream's links as they are, instead of the events that they point at */

    /* Only events for which all of these hold that are set. Others are read and passed over, and not counted. */
    const acta_str *types; /* copied; at most 4,096; NULL: any */
    uint32_t type_count;
    acta_str stream_prefix; /* how the stream's name begins; absent: any */
    acta_str category;      /* what its name has before the first '-': "Account" of "Account-alice"; absent: any */
    acta_id correlation_id; /* none: any */
    const acta_str *tags; /* all of these; without `stream` they are found by the index of one of them, and the rest of
                               the log isn't read; at most ACTA_TAG_COUNT_MAX */
    uint32_t tag_count;
} acta_read;

typedef struct acta_cursor acta_cursor;

/*
 * Read events of a stream or of the whole log, as it was when the cursor was opened.
 * Errors: ACTA_NOT_FOUND no such stream; ACTA_DELETED it is soft deleted; ACTA_IO; ACTA_NO_MEMORY. A `from` beyond the end
 *         reads nothing.
 */
ACTA_API acta_status acta_cursor_open(
    acta_store *store, const acta_read *read, acta_cursor **cursor_out, acta_error *error);

/* The next event, whose views live until the next call. ACTA_NOT_FOUND at the end. ACTA_CORRUPT: the record is damaged
 * (position, stream and what is wrong are in the text); it is never skipped. */
ACTA_API acta_status acta_cursor_next(acta_cursor *cursor, acta_recorded *event_out, acta_error *error);
ACTA_API void acta_cursor_close(acta_cursor *cursor); /* takes NULL */

/* The version that a stream is at: 0 when there is none. */
ACTA_API acta_status acta_store_version(acta_store *store, acta_str stream, uint64_t *version_out, acta_error *error);

/*
 * Replace events that can't be read any more, of hard-deleted streams and behind limits, by stubs (ACTA_RECORD_STUB), some
 * at a time. For periodic calls: each goes on where the last one ended. What a reader holds, or is in the middle of
 * reading, stays with it. The disk's own copies go when the store compacts, in the background (operations.h).
 *   count_max  events replaced at most; 0: all there are
 *   count_out  how many were; fewer than count_max: there is nothing left
 * Threads: outside threads; waits for the disk, and for a range that is just compacted. Errors: ACTA_BUSY another thread is at
 *          it; those of a commit; ACTA_CORRUPT, ACTA_IO, ACTA_NO_MEMORY. What was replaced before an error stays so.
 */
ACTA_API acta_status acta_store_scrub(acta_store *store, uint64_t count_max, uint64_t *count_out, acta_error *error);

typedef struct acta_stream_info {
    uint64_t id;      /* of this stream alone, for ever */
    uint64_t version; /* of its last event; stays when events are hidden by limits */
    bool deleted;     /* softly */
    acta_stream_limits limits;
    uint64_t first_version;                 /* that can be read; version + 1 when its limits leave none */
    uint64_t first_position, last_position; /* of its versions 1 and `version` */
    int64_t created_at_us, changed_at_us;   /* when its first and its last event were recorded */
} acta_stream_info;

/* What is known of a stream. ACTA_NOT_FOUND: there is none of that name. */
ACTA_API acta_status acta_store_stream_info(
    acta_store *store, acta_str stream, acta_stream_info *info_out, acta_error *error);

/*
 * The streams there are, in the order of their names' bytes, as of now; without those that are deleted and the store's
 * own, which begin with '$'.
 *   prefix  only those whose name begins so; absent: all
 *   after   go on behind this name, which need not be there: the last one of the page before; absent: from the first
 */
typedef struct acta_stream_cursor acta_stream_cursor;
ACTA_API acta_status acta_stream_cursor_open(
    acta_store *store, acta_str prefix, acta_str after, acta_stream_cursor **cursor_out, acta_error *error);
/* From here on the cursor gives those that are softly deleted (acta_stream_info.deleted), and the store's own too. */
ACTA_API void acta_stream_cursor_show_all(acta_stream_cursor *cursor);
/* The name lives until the next call. `version_out` may be NULL. ACTA_NOT_FOUND at the end. */
ACTA_API acta_status acta_stream_cursor_next(
    acta_stream_cursor *cursor, acta_str *name_out, uint64_t *version_out, acta_error *error);
ACTA_API void acta_stream_cursor_close(acta_stream_cursor *cursor); /* takes NULL */

/* One row, copied into `memory`. ACTA_NOT_FOUND. */
ACTA_API acta_status acta_store_get(acta_store *store, const char *table, acta_bytes key, acta_memory *memory,
    acta_bytes *value_out, acta_error *error);

/* Rows of a table in the order of their keys, from the first that begins with `prefix`; a consistent view. */
typedef struct acta_row_cursor acta_row_cursor;
ACTA_API acta_status acta_row_cursor_open(
    acta_store *store, const char *table, acta_bytes prefix, acta_row_cursor **cursor_out, acta_error *error);
/* Rows from `from` up to `to`, which isn't among them; empty: from the table's first, to its last. `backward`: the last
 * first. Keys of at most ACTA_KEY_MAX bytes. */
ACTA_API acta_status acta_row_cursor_open_range(acta_store *store, const char *table, acta_bytes from, acta_bytes to,
    bool backward, acta_row_cursor **cursor_out, acta_error *error);
/* Views live until the next call. ACTA_NOT_FOUND at the end. */
ACTA_API acta_status acta_row_cursor_next(
    acta_row_cursor *cursor, acta_bytes *key_out, acta_bytes *value_out, acta_error *error);
ACTA_API void acta_row_cursor_close(acta_row_cursor *cursor); /* takes NULL */

/* -- snapshots -- */

/* A state as of a version. Rows of the table "snapshots": put with acta_transaction_snapshot, one for each stream. */
typedef struct acta_snapshot {
    uint64_t version;
    uint64_t schema_hash; /* of the state's table: another one makes the snapshot void */
    acta_bytes state;
} acta_snapshot;
ACTA_API void acta_transaction_snapshot(acta_transaction *transaction, acta_str stream, const acta_snapshot *snapshot);
/* ACTA_NOT_FOUND: none, or one that is damaged or newer than the stream (logged): read the events instead. */
ACTA_API acta_status acta_store_snapshot(
    acta_store *store, acta_str stream, acta_memory *memory, acta_snapshot *snapshot_out, acta_error *error);

typedef struct acta_store_stats {
    uint64_t batches, transactions, events; /* committed since open */
    uint64_t conflicts, refused;
    uint64_t queued_bytes;
    uint64_t syncs, mark_syncs;
    uint64_t tail_hits, tail_misses; /* chunks that subscriptions read from memory, and from the engine */
} acta_store_stats;
ACTA_API void acta_store_stats_read(const acta_store *store, acta_store_stats *stats_out);

#ifdef __cplusplus
}
#endif
#endif
