/*
 * Engine: where a store's bytes lie. The private seam of store/, and all that store/ asks of a disk.
 *
 *     store logic   committer, versions, marks, recovery, subscriptions: written once
 *     ------------------------------------------------------------------------------- this header
 *     engine        rocksdb.c: files                memory.c: a simulated disk
 *
 * An engine keeps ordered keys in a few families, takes atomic batches, and keeps one small file of two mark slots. What
 * keys and values mean is not its business (keys.h, record.h, mark.c; docs/format.md).
 *
 * Life: probe, then either prepare and start(CREATE), or start(READ) and, for writing, start(WRITE); close at any point.
 * Threads: get and iterators from any thread at any time after start; everything else from one thread at a time, but
 * mark_write, which runs beside sync.
 */
#ifndef ACTI_ENGINE_H
#define ACTI_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "acta/environment.h"
#include "acta/store.h"
#include "acta/str.h"

typedef enum acti_family {
    ACTI_LOG,     /* position -> page of records; written once, in the order of keys */
    ACTI_INDEX,   /* stream id, first version -> where these events lie */
    ACTI_STREAMS, /* stream name -> id, and id -> name */
    ACTI_TYPES,   /* event type name -> id, and id -> name */
    ACTI_TABLES,  /* table, key -> value */
    ACTI_META,    /* format, schemas, batches */
    ACTI_FAMILY_COUNT
} acti_family;

enum { ACTI_MARK_SLOT_COUNT = 2, ACTI_MARK_SIZE = 64 };

typedef struct acti_engine_batch acti_engine_batch;
typedef struct acti_engine_iterator acti_engine_iterator;

/* A value that the engine keeps in place until it is given back by release. */
typedef struct acti_value {
    acta_bytes bytes;
    void *pin;
} acti_value;

/* Keys from `from` (inclusive) to `to` (exclusive; empty: no end), in ascending or, backward, descending order. With a
 * `start` between them, ascending, what stands before the last key at or before `start` is left out. */
typedef struct acti_range {
    acta_bytes from;
    acta_bytes to;
    acta_bytes start;
    bool backward;
    bool scan;         /* many records will be read once: read ahead, and leave the cache alone */
    size_t near_bytes; /* so many bytes in a row will be wanted, about: read them at once; 0: not known */
} acti_range;

typedef struct acti_engine_config {
    const char *path;
    bool read_only;
    uint64_t memory_bytes;
    acta_environment environment;
} acti_engine_config;

typedef enum acti_found {
    ACTI_FOUND_NOTHING, /* no directory, or an empty one */
    ACTI_FOUND_PLACE,   /* the mark slots, and nothing else */
    ACTI_FOUND_REMAINS, /* files of a store, but not what it is opened by */
    ACTI_FOUND_STORE
} acti_found;

typedef enum acti_start { ACTI_START_CREATE, ACTI_START_READ, ACTI_START_WRITE } acti_start;

typedef struct acti_engine_ops {
    /* Look what is there, changing nothing, and, unless read_only, keep every other writer out from here on. */
    acta_status (*probe)(
        acta_engine *engine, const acti_engine_config *config, acti_found *found_out, acta_error *error);
    /* Make the place for a new store: directory and mark slots; keeps other writers out. */
    acta_status (*prepare)(acta_engine *engine, acta_error *error);
    /* Open the families. READ changes nothing that is stored; once more, it shows what is there by then, and an error leaves
     * what was shown before: ACTA_BUSY an iterator is open. */
    acta_status (*start)(acta_engine *engine, acti_start how, acta_error *error);
    /* Behind READ of an engine that is read_only. *writer_out: somebody has it open for writing, and what he wrote may be
     * seen before it is durable; when the mark says so, it is. False: all that is seen is durable. NULL: always so. */
    acta_status (*settle)(acta_engine *engine, bool *writer_out, acta_error *error);
    void (*close)(acta_engine *engine); /* in any state; frees it */
    /* Move what is in memory to its final files, before a clean close. */
    acta_status (*flush)(acta_engine *engine, acta_error *error);

    /* A batch is filled by one thread, copies what it is given, and can be used again after clear. NULL: no memory. */
    acti_engine_batch *(*batch_create)(acta_engine *engine);
    void (*batch_destroy)(acti_engine_batch *batch);
    void (*batch_clear)(acti_engine_batch *batch);
    void (*batch_put)(acti_engine_batch *batch, acti_family family, acta_bytes key, acta_bytes value);
    void (*batch_delete)(acti_engine_batch *batch, acti_family family, acta_bytes key);
    void (*batch_delete_range)(acti_engine_batch *batch, acti_family family, acta_bytes from, acta_bytes to);
    size_t (*batch_bytes)(const acti_engine_batch *batch);
    /* How many bytes of the newest batches may lie in a log alone, now, guarded by nothing but its own records;
     * before start: ever. */
    uint64_t (*unsettled_bytes_max)(acta_engine *engine);

    /* Once on the store's own thread that commits, before all else there. NULL: there is nothing to do. */
    void (*commit_thread)(acta_engine *engine);

    /* Hand a batch over. Neither durable nor visible before sync. */
    acta_status (*write)(acta_engine *engine, acti_engine_batch *batch, acta_error *error);
    /* Make what was written durable, then visible. With durable false (benchmarks): visible only.
     * ACTA_IO: nothing was written; ACTA_UNKNOWN_OUTCOME: it may have been. Never called again after a failure. */
    acta_status (*sync)(acta_engine *engine, bool durable, acta_error *error);

    /* The newest visible value. ACTA_NOT_FOUND; ACTA_IO, ACTA_CORRUPT. */
    acta_status (*get)(
        acta_engine *engine, acti_family family, acta_bytes key, acti_value *value_out, acta_error *error);
    /* The same, made for a key that most often isn't there. NULL: get does it. */
    acta_status (*get_rare)(
        acta_engine *engine, acti_family family, acta_bytes key, acti_value *value_out, acta_error *error);
    /* The same for ascending keys; a missing one gets bytes.data NULL. Nothing is held after an error. */
    acta_status (*get_many)(acta_engine *engine, acti_family family, const acta_bytes *keys, size_t count,
        acti_value *values_out, acta_error *error);
    void (*release)(acta_engine *engine, acti_value *value);

    /* Iterate over a family as it is now. `range` is copied. Views live until the next call. ACTA_NOT_FOUND: the end. */
    acta_status (*iterator_open)(acta_engine *engine, acti_family family, const acti_range *range,
        acti_engine_iterator **iterator_out, acta_error *error);
    acta_status (*iterator_next)(
        acti_engine_iterator *iterator, acta_bytes *key_out, acta_bytes *value_out, acta_error *error);
    void (*iterator_close)(acti_engine_iterator *iterator);

    /* Mark slots. After probe or prepare; write makes durable. A slot never written reads as zeros. */
    acta_status (*mark_read)(acta_engine *engine, uint32_t slot, uint8_t *bytes_out, acta_error *error);
    acta_status (*mark_write)(acta_engine *engine, uint32_t slot, const uint8_t *bytes, acta_error *error);

    /* On request, from whoever commits: what is in memory goes to files, and nothing is left there. ACTA_BUSY: it is being
     * done for another reason, try later. NULL: this engine has no files; so with the next two. */
    acta_status (*write_out)(acta_engine *engine, acta_error *error);
    /* Give back the room of what was overwritten or deleted from `from` to `to`, inclusive, of which nothing may be in memory.
     * From any thread. */
    acta_status (*compact)(acta_engine *engine, acti_family family, acta_bytes from, acta_bytes to, acta_error *error);
    /* Write some small files of a family anew as a large one. Of what they have, nothing may be written over in memory. Says how
     * many bytes that was; 0: there are none such. From any thread. NULL: this engine has no files. */
    acta_status (*merge)(acta_engine *engine, acti_family family, uint64_t *bytes_out, acta_error *error);
    /* From any thread, before close: a compaction under way ends early, as if it were done, and no other begins. Waits for
     * that. NULL: compact takes no time. */
    void (*compact_stop)(acta_engine *engine);
    /* About how many bytes lie on the disk for these keys, with what is overwritten. */
    uint64_t (*bytes_of)(acta_engine *engine, acti_family family, acta_bytes from, acta_bytes to);

    /* Copy all that is durable, and may be more, to a new directory, with `bytes` in the mark slot. From any thread, beside
     * everything but close. Nothing is left there after an error. NULL: this engine has no files. */
    acta_status (*backup)(
        acta_engine *engine, const char *path, uint32_t slot, const uint8_t *bytes, acta_error *error);
} acti_engine_ops;

struct acta_engine {
    const acti_engine_ops *ops;
};

static inline acta_status
acti_engine_get_rare(acta_engine *engine, acti_family family, acta_bytes key, acti_value *value_out, acta_error *error)
{
    const acti_engine_ops *ops = engine->ops;
    return (ops->get_rare != NULL ? ops->get_rare : ops->get)(engine, family, key, value_out, error);
}

/* An engine over the files of a directory (rocksdb.c). NULL: no memory. */
acta_engine *acti_rocksdb_engine(void);

/* One over what is left of the files in `from`, whose lists of them are damaged: they are brought to the new directory `to`,
 * which stays when the engine is closed, and after an error (rocksdb_salvage.c). *rows_lost_out: files of ACTI_TABLES are
 * missing or can't be read; or there are no rows, and nothing tells that there were none. */
acta_status acti_rocksdb_salvage(const char *from, const char *to, const acta_environment *environment,
    acta_engine **engine_out, bool *rows_lost_out, acta_error *error);

#endif
