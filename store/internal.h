/*
 * What the files of store/ share: the store itself, its fields grouped by who may touch them.
 *
 *     any thread --submit--> incoming --take--> [ whoever holds the role: gather, write, sync ] --> head, tail, completions
 *                                                                                      \-> mark, by a second thread
 *
 *     store.c      open, close, health            committer.c   who commits: the role, submitting, waiting
 *     recovery.c   what open checks               batch.c, marker.c  what is committed at once; the mark behind it
 *     apply.c      one transaction: its conditions, its changes
 *     transaction.c, record.c  what is stored     names.c       streams, types, sessions as the committer knows them
 *     read.c, lookup.c, rows.c reading            tail.c, subscription.c   live readers
 */
#ifndef ACTI_STORE_INTERNAL_H
#define ACTI_STORE_INTERNAL_H

#include <stdalign.h>
#include <stdatomic.h>

#include "acta/crash_point.h"
#include "acta/plant.h"
#include "acta/probe.h"
#include "acta/sites.h"
#include "acta/spares.h"
#include "acta/store.h"
#include "acta/subscription.h"

#include "blocks.h"
#include "compact.h"
#include "engine.h"
#include "index_tail.h"
#include "keys.h"
#include "mark.h"
#include "names.h"
#include "page.h"
#include "record.h"
#include "stream_change.h"
#include "stream_index.h"
#include "strips.h"
#include "tags.h"
#include "tail.h"
#include "thread.h"
#include "transaction.h"

#define ACTI_TABLE_OUTCOMES    "outcomes"
#define ACTI_TABLE_SNAPSHOTS   "snapshots"
#define ACTI_TABLE_CHECKPOINTS "checkpoints"
#define ACTI_TABLE_PARKED      "parked"
#define ACTI_TABLE_TAGS        "tags"
#define ACTI_TABLE_CLAIMS      "claims"
#define ACTI_TABLE_CUTS        "checkpoints.cut"  /* subscriptions whose rows restore has dropped */
#define ACTI_TABLE_LOST        "checkpoints.lost" /* some may be: repair has found rows that can't be read */
#define ACTI_TABLE_READERS     "readers"          /* actors/ writes these two: whether a reader is paused, … */
#define ACTI_TABLE_NOTES       "readers.notes"    /* … and who said so */

enum {
    ACTI_CACHE_LINE = 64,
    ACTI_HELPER_SLOTS = 128, /* a power of two */
    ACTI_OUTCOME_SIZE_MAX = 512,
    ACTI_SNAPSHOT_HEADER = 32,
    ACTI_SUBSCRIPTION_NAME_MAX = ACTA_SUBSCRIPTION_NAME_MAX
};

/* A thread between acta_store_help_begin and _end. */
typedef struct acti_helper_slot {
    _Atomic uint64_t thread; /* 0: free */
    uint32_t depth;          /* of that thread alone */
} acti_helper_slot;

typedef enum acti_phase {
    ACTI_IDLE,
    ACTI_WRITTEN, /* the batch was handed to the engine */
    ACTI_SYNCED   /* it is on disk; nobody was told */
} acti_phase;

/* The end of a batch. */
typedef struct acti_verified_point {
    uint64_t position, batch;
    uint64_t written_bytes; /* up to there */
} acti_verified_point;

enum { ACTI_VERIFIED_POINTS = 8 };

/* Of whoever holds the role. */
typedef struct acti_committer {
    acti_phase phase;
    acta_transaction *waiting_first, *waiting_last; /* taken from incoming, not yet in a batch */
    uint64_t begun_ns, durable_ns;                  /* of the batch under way; durable 0: not yet, or never */
    acta_transaction *batch_first, *batch_last;     /* the batch under way, refused ones included, in order */
    uint32_t batch_count;
    acta_status batch_status; /* what write and sync said */
    bool batch_writes;        /* something of it is to be written */
    uint32_t batch_events;

    acti_engine_batch *batch;
    uint64_t batch_number; /* of the last batch that was put together */
    uint64_t position;     /* of the last event put into a batch */
    uint64_t next_stream_id;
    int64_t recorded_at_us;
    uint64_t written_bytes;                           /* since the store was opened, without the batch at hand */
    acti_verified_point points[ACTI_VERIFIED_POINTS]; /* where the verified point will move to, the oldest first */
    uint32_t point_count;

    acti_streams streams;
    acti_sessions sessions;
    acti_pending_rows rows;
    acti_tagged_batch tagged;
    acti_page_writer page; /* records of the batch that aren't in it yet */
    acti_runs runs;        /* of the batch's events */
    acti_mark mark;        /* the last one wanted */
} acti_committer;

/* The mark thread's side. Under its monitor. */
typedef struct acti_marker {
    acti_monitor monitor;
    acti_store_thread thread;
    acti_mark wanted, written; /* turns say how far it is behind */
    bool failed, stopping;
    acta_error error;
} acti_marker;

/* What recovery found. Of the thread that opens the store. */
typedef struct acti_recovered {
    uint64_t position, batch;                   /* the last ones that are there */
    uint64_t verified_position, verified_batch; /* checked before */
    uint64_t index_end;                         /* the last position that the engine's index has */
    bool shown;                                 /* read_only: the engine is started */
    bool index_known;                           /* there is one */
    bool index_damaged;                         /* and it must be made again */
    bool list_changed;                          /* of categories kept by stream: another one is wanted */
    uint32_t format; /* of the store; an older one becomes the newest when it is written to */
    int64_t made_at_us;
} acti_recovered;

struct acta_store {
    /* Constant after open. */
    void *block; /* that it lies in */
    acta_environment environment;
    acta_spares *spares; /* transactions, and what is larger than fits into one */
    acta_engine *engine;
    uint8_t store_id[ACTI_STORE_ID_SIZE];
    bool manual, read_only, no_sync;
    bool is_import; /* whoever opens it brings what it lacks */
    uint64_t queue_bytes_max;
    uint32_t batch_count_max;
    uint64_t opened_at; /* head when it was opened */
    char *path;         /* for messages */
    size_t path_size;
    acti_recovered recovered;
    uint32_t format;                   /* at least ACTI_BY_STREAM_FORMAT: its index may have copies */
    acta_bytes by_stream;              /* the list of categories that are kept so; data NULL: there never was one */
    const char *const *keep_by_stream; /* what the one who opens it wants; while it is being opened */
    acta_error damage; /* read_only: why its log is good up to the head only; status ACTA_OK: it is good */

    /* Any thread. */
    alignas(ACTI_CACHE_LINE) _Atomic(acta_transaction *) incoming; /* a stack, newest first; ACTI_CLOSED */
    _Atomic uint64_t queued_bytes;
    _Atomic uint32_t role; /* 1: taken */
    _Atomic bool wake_wanted;
    _Atomic uint32_t helper_count;
    _Atomic uint64_t session_last;
    acti_helper_slot helpers[ACTI_HELPER_SLOTS];
    acti_types types;
    acti_tail tail;
    acti_index_tail index; /* what the engine's index doesn't have yet */
    acti_blocks blocks;
    acti_strips strips;
    _Atomic uint32_t cursor_count;
    acti_monitor expiry; /* of expiry_next */
    acta_id expiry_next;
    acti_compaction compaction; /* its counts; the rest of whoever scrubs */
    acti_compactor compactor;

    /* Written by whoever commits, read by all. */
    alignas(ACTI_CACHE_LINE) _Atomic uint64_t head;
    _Atomic uint64_t outside_count;                /* beside the head: it changes with it, and seldom */
    _Atomic(const struct acta_key_service *) keys; /* to be durable before what they seal; NULL: none */
    _Atomic int refusing;                          /* an acta_status: why writes are refused; ACTA_OK: they aren't */
    acti_monitor failure_lock;                     /* of failure */
    acta_error failure;
    struct {
        _Atomic uint64_t batches, transactions, events, conflicts, refused, syncs, mark_syncs, tail_hits, tail_misses;
    } stats;

    /* The committer thread's bed. */
    acti_monitor bed;
    _Atomic bool stopping;
    acti_store_thread thread;

    alignas(ACTI_CACHE_LINE) acti_committer committer;
    acti_marker marker;

    /* Subscriptions, under their lock. */
    acti_monitor subscriptions_lock;
    acta_subscription *subscriptions;
    _Atomic uint32_t subscription_count;
};

/* committer.c */
acta_status acti_committer_init(acta_store *store, uint64_t memory_bytes, acta_error *error);
void acti_committer_deinit(acta_store *store);
acta_status acti_committer_start(acta_store *store, acta_error *error); /* the threads */
void acti_committer_stop(acta_store *store);                            /* commits what is queued; joins */
void acti_committer_abandon(acta_store *store);                         /* drops what is queued */

/* batch.c; whoever holds the role */
acta_transaction *acti_incoming_closed(acta_store *store);          /* what `incoming` is once the store is closed */
void acti_batch_take(acta_store *store, acta_transaction *instead); /* incoming becomes `instead` */
bool acti_batch_gather(acta_store *store);                          /* and write; false: there was nothing */
void acti_batch_sync(acta_store *store);
void acti_batch_finish(acta_store *store);                      /* publish and complete */
bool acti_batch_commit(acta_store *store);                      /* all of these; false: there was nothing */
void acti_batch_put_page(acta_store *store);                    /* of the records added so far, if there are any */
void acti_batch_close(acta_store *store, uint32_t event_count); /* put what every batch ends with */
void acti_batch_put_verified(acta_store *store, uint64_t position, uint64_t batch);
/* Put the store's own batch (committer.batch, closed) on disk, and the mark behind it. */
acta_status acti_commit_own(acta_store *store, acta_error *error);

/* marker.c */
void acti_marker_run(void *store);                                 /* the mark thread */
void acti_mark_want(acta_store *store);                            /* the mark is to say what was just synced */
bool acti_mark_is_behind(const acta_store *store);                 /* a manual store's mark is not written yet */
acta_status acti_mark_await(acta_store *store, acta_error *error); /* the mark wanted last is durable, or failed */

/* store.c */
/* As acta_store_open, also when rows of an import have not all come. */
acta_status acti_store_open_to_import(const acta_store_config *config, acta_store **store_out, acta_error *error);
void acti_store_fail(acta_store *store, acta_status status, const acta_error *error); /* no writes from here on */
bool acti_store_refuses(acta_store *store);

/* apply.c */
/* Do its conditions hold? Otherwise false, and it says why not. Changes nothing that is stored. */
bool acti_transaction_check(acta_store *store, acta_transaction *transaction);
/* Put all its changes into the batch. */
void acti_transaction_apply(acta_store *store, acta_transaction *transaction);
/* The text of a refusal. */
void acti_transaction_explain(acta_store *store, const acta_transaction *transaction, acta_error *error);

/* recovery.c */
/* The engine is started to READ: does it hold a store's first batch? */
bool acti_recovery_is_made(acta_store *store);
/* The engine is started to READ: have rows of an import not all come? */
acta_status acti_store_lacks_rows(acta_store *store, bool *lacks_out, acta_error *error);
/* The engine is started to READ: is all there? Fills store->recovered, the types, and where the committer goes on.
 * ACTA_CORRUPT: what is missing or damaged; recovered.position is then the last position before it. */
acta_status acti_recovery_check(acta_store *store, const acti_mark *mark, acta_error *error);
/* recovery_index.c. The engine is started to WRITE: bring the indexes in line with the log, and remember that all was checked. */
acta_status acti_recovery_repair(acta_store *store, acta_error *error);
/* Before that, once the engine is started to WRITE or CREATE: which categories are kept by stream, as the one who opens the
 * store wants it, or as the store says; and so the store's format. */
acta_status acti_recovery_by_stream(acta_store *store, acta_error *error);
/* What the index needs to know of an event that is behind its end. ACTA_NO_MEMORY. */
acta_status acti_recovery_note(acta_store *store, const acti_record_view *view, uint64_t page, acta_error *error);
/* Make a new store. */
void acti_recovery_put_format(acta_store *store, int64_t made_at_us); /* the record of the format, into the batch */
acta_status acti_recovery_create(acta_store *store, acta_error *error);
/* Compare a schema's hash with the one kept; keep it if there is none and `write`. */
acta_status acti_recovery_schema(acta_store *store, const char *name, uint64_t hash, bool write, acta_error *error);
/* Remember, before a clean close, that all is checked up to the end. What closing adds (the index's newest part, the verified
 * point) goes to the disk twice: in a batch of the engine's log, and by the flush behind it, with all else that lies in memory,
 * to final files. The flush alone would not do: families are flushed one after the other, and a cut in between would leave the
 * verified point without the index that it stands on. The log alone would be replayed by the next open. */
acta_status acti_recovery_close(acta_store *store, acta_error *error);

/* view.c */
/* Start the engine to READ, beside whoever writes, and check what is seen; `mark` is the one read before, and becomes the
 * newest. As acti_recovery_check; ACTA_BUSY: what is seen is not durable yet. */
acta_status acti_view_open(acta_store *store, acti_mark *mark, acta_error *error);

/* rows.c */
size_t acti_outcome_encode(const acta_outcome *outcome, uint8_t *value);
void acti_outcome_seal(uint8_t *value, size_t size, uint64_t version, uint64_t position, int64_t recorded_at_us);
size_t acti_snapshot_encode(acta_str stream, const acta_snapshot *snapshot, uint8_t *value);
void acti_checkpoint_encode(uint64_t position, uint8_t *value);
/* What such rows say, if they are sound. */
bool acti_outcome_place(acta_bytes value, uint64_t *position_out, int64_t *recorded_at_us_out);
uint64_t acti_snapshot_version(acta_str stream, acta_bytes value); /* 0: it isn't sound */
bool acti_checkpoint_decode(acta_bytes value, uint64_t *position_out);
/* Rows from `from` to the end of the table. */
acta_status acti_row_cursor_open_from(
    acta_store *store, const char *table, acta_bytes from, acta_row_cursor **cursor_out, acta_error *error);
acta_status acti_checkpoint_read(
    acta_store *store, const char *name, uint64_t *position_out, bool *found_out, acta_error *error);

/* backup_add.c: remove what a backup that was killed left in the store's directory */
void acti_backup_clear(acta_store *store);

/* scrub.c: up to which version, and without it, a stream was scrubbed; 0: it was not. */
acta_status acti_scrubbed_version(acta_store *store, uint64_t stream_id, uint64_t *version_out, acta_error *error);

/* lookup.c */
/* The id of a stream; 0 when there is none. */
acta_status acti_stream_id(acta_store *store, acta_str stream, uint64_t *id_out, acta_error *error);
/* The highest version of a stream whose event isn't behind `head`; 0: none. */
acta_status acti_stream_version(
    acta_store *store, uint64_t stream_id, uint64_t head, uint64_t *version_out, acta_error *error);
/* And where that event is. */
acta_status acti_stream_last(
    acta_store *store, uint64_t stream_id, uint64_t head, acti_event_place *place_out, acta_error *error);
/* Where an event of a stream lies, and when it was recorded. */
acta_status acti_stream_event(acta_store *store, uint64_t stream_id, uint64_t version, uint64_t *position_out,
    int64_t *us_out, acta_error *error);
/* Of the events 1 to `last` of a stream, or of the log (stream_id 0), the first that was recorded at `us` or later; last + 1
 * when there is none. */
acta_status acti_first_recorded_at(
    acta_store *store, uint64_t stream_id, uint64_t last, int64_t us, uint64_t *first_out, acta_error *error);

/* Names of streams by id, for one reader: a slot for each id modulo their number, which grows with what is missed. */
typedef struct acti_cached_name {
    uint64_t id;
    char *name;
    size_t size;
} acti_cached_name;
typedef struct acti_name_cache {
    acta_store *store;
    acti_cached_name *slots;
    uint32_t slot_count; /* 0, or a power of two */
    uint32_t miss_count; /* since it grew */
} acti_name_cache;
void acti_name_cache_init(acti_name_cache *cache, acta_store *store);
void acti_name_cache_deinit(acti_name_cache *cache);
/* The first record of a stream says its name: it need not be looked up. */
acta_status acti_name_cache_learn(acti_name_cache *cache, const acti_record_view *view, acta_error *error);
acta_status acti_name_cache_get(acti_name_cache *cache, uint64_t stream_id, acta_str *name_out, acta_error *error);
/* Give a cursor names that are known already, and take its own; once more, and it is the other way round. */
void acti_cursor_swap_names(acta_cursor *cursor, acti_name_cache *names);

/* subscription_list.c */
void acti_subscriptions_wake(acta_store *store); /* the head has moved */

/* Relaxed: counts are read for people, each alone. */
#define ACTI_COUNT(store, what, n) atomic_fetch_add_explicit(&(store)->stats.what, (n), memory_order_relaxed)

static inline uint64_t
acti_store_head(const acta_store *store)
{
    /* Acquire: who sees a position sees the engine's and the tail's records up to it; pairs with publish (committer.c). */
    return atomic_load_explicit(&store->head, memory_order_acquire);
}

#endif
