/*
 * RocksDB engine: a store in the files of a directory, by RocksDB's C API (calls present in 7.8 to 9).
 *
 *     DIRECTORY/acta.mark         the two mark slots, and the lock of the one who writes
 *     DIRECTORY/… .log, .sst      RocksDB's own, a column family for each of ours
 *
 * Choices, and why (measured numbers: docs/decisions/); those that are settings stand in rocksdb_options.c
 *  - A full write buffer is the only reason for a flush, but for the one at a clean close, which stands back while
 *    another is pending: where two of different reasons meet, an assertion of 7.8 aborts the process.
 *  - READ opens without changing a file, so that damage can be looked at before anything is written over it.
 *
 * Not here: reading (rocksdb_read.c); what keys and values mean, and what to do about damage.
 */
#include "rocksdb.h"
#include "rocksdb_records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOTTOMMOST_FORCED = 2, PERF_DISABLED = 1 };

static const char *const family_names[ACTI_FAMILY_COUNT] = {
    [ACTI_LOG] = "log",
    [ACTI_INDEX] = "index",
    [ACTI_STREAMS] = "streams",
    [ACTI_TYPES] = "types",
    [ACTI_TABLES] = "tables",
    [ACTI_META] = "default", /* RocksDB always has it */
};

const char *
acti_rocksdb_family_name(acti_family family)
{
    return family_names[family];
}

struct acti_engine_batch {
    rocksdb_engine *engine;
    rocksdb_writebatch_t *batch;
    size_t bytes; /* about */
};

/* -- errors -- */

/* What only whoever runs the program can mend. */
static const char *
way_out_of(const char *said)
{
    if (strstr(said, "No space left") == NULL) return "";
    return "; make room there and open the store again, nothing that was acknowledged is lost";
}

acta_status
acti_rocksdb_failed(const rocksdb_engine *engine, const char *what, char *said, acta_error *error)
{
    acta_status status = ACTA_IO;

    if (strncmp(said, "Corruption", 10) == 0 || strstr(said, "No such file") != NULL) status = ACTA_CORRUPT;
    if (strncmp(said, "Not implemented", 15) == 0) status = ACTA_UNSUPPORTED;
    acta_error_set(error, status, "cannot %s in '%s': %.300s%s", what, engine->path, said, way_out_of(said));
    rocksdb_free(said);
    return status;
}

/* -- opening and closing -- */

/* Is this a RocksDB database with our column families? */
bool
acti_rocksdb_is_ours(const char *path)
{
    rocksdb_options_t *options = rocksdb_options_create();
    char *said = NULL;
    size_t count = 0, ours = 0;
    char **names = rocksdb_list_column_families(options, path, &count, &said);

    rocksdb_options_destroy(options);
    if (said != NULL) {
        rocksdb_free(said);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t family = 0; family < ACTI_FAMILY_COUNT; family++)
            ours += strcmp(names[i], family_names[family]) == 0;
    }
    rocksdb_list_column_families_destroy(names, count);
    return ours == ACTI_FAMILY_COUNT;
}

/* A new log that can't be made while writing leaves references behind inside RocksDB (7.8, under atomic_flush), and closing
 * such a database ends the process by an assertion. It is left behind, at rest, with its memory. */
static void
abandon_db(rocksdb_engine *engine)
{
    rocksdb_cancel_all_background_work(engine->db, 1);
    acti_rocksdb_unlock(engine);
    memset(engine->families, 0, sizeof engine->families);
    engine->db = NULL;
    engine->undeletable = false;
}

typedef rocksdb_column_family_handle_t *family_handles[ACTI_FAMILY_COUNT];

static void
close_handles(rocksdb_t *db, family_handles families)
{
    for (int family = 0; family < ACTI_FAMILY_COUNT; family++) {
        if (families[family] != NULL) rocksdb_column_family_handle_destroy(families[family]);
        families[family] = NULL;
    }
    if (db != NULL) rocksdb_close(db);
}

static void
close_db(rocksdb_engine *engine)
{
    if (engine->undeletable) abandon_db(engine);
    close_handles(engine->db, engine->families);
    engine->db = NULL;
}

enum { ABANDONED_MAX = 64 };

/* NULL: it is open. A database of this process that was left behind keeps its path locked, by the path's spelling; that
 * nobody else has it open is known from the mark's lock. */
static char *
open_db(rocksdb_engine *engine)
{
    const rocksdb_options_t *const *options = (const rocksdb_options_t *const *)engine->family_options;
    char path[4096 + 2 * ABANDONED_MAX], *said = NULL;
    int size = snprintf(path, sizeof path - 2 * (size_t)ABANDONED_MAX, "%s", engine->path);

    for (int abandoned = 0; abandoned < ABANDONED_MAX; abandoned++) {
        engine->db = rocksdb_open_column_families(
            engine->db_options, path, ACTI_FAMILY_COUNT, family_names, options, engine->families, &said);
        if (said == NULL || strstr(said, "lock hold by current process") == NULL) return said;
        if (abandoned + 1 == ABANDONED_MAX) break;
        rocksdb_free(said);
        said = NULL;
        memcpy(path + size, "/.", 3);
        size += 2;
    }
    return said;
}

/* Can it be opened to read with this family alone, beside the one that RocksDB always has? */
bool
acti_rocksdb_family_opens(const char *path, acti_family family)
{
    rocksdb_options_t *options = rocksdb_options_create();
    const rocksdb_options_t *const each[] = { options, options };
    const char *const names[] = { family_names[ACTI_META], family_names[family] };
    rocksdb_column_family_handle_t *families[2] = { NULL };
    int count = family == ACTI_META ? 1 : 2;
    char *said = NULL;

    rocksdb_options_set_info_log_level(options, 4);
    rocksdb_t *db = rocksdb_open_for_read_only_column_families(options, path, count, names, each, families, 0, &said);
    for (int i = 0; i < count && said == NULL; i++)
        rocksdb_column_family_handle_destroy(families[i]);
    if (said == NULL) rocksdb_close(db);
    if (said != NULL) rocksdb_free(said);
    rocksdb_options_destroy(options);
    return said == NULL;
}

/* What is there now, in the place of what was shown before; an error leaves that. */
static acta_status
open_to_read(rocksdb_engine *engine, acta_error *error)
{
    family_handles families = { NULL };
    char *said = NULL;

    /* Relaxed: whoever opens an iterator isn't at work beside this (engine.h). */
    if (engine->db != NULL && atomic_load_explicit(&engine->iterator_count, memory_order_relaxed) > 0)
        return acta_error_set(error, ACTA_BUSY,
            "the store '%s' can't be looked at anew while a cursor is open; close it first", engine->path);
    acta_status status = acti_rocksdb_check_logs(engine->path, error);
    if (status != ACTA_OK) return status;
    rocksdb_t *db = rocksdb_open_for_read_only_column_families(engine->db_options, engine->path, ACTI_FAMILY_COUNT,
        family_names, (const rocksdb_options_t *const *)engine->family_options, families, 0, &said);
    if (said != NULL) return acti_rocksdb_failed(engine, "open the store", said, error);
    close_db(engine);
    engine->db = db;
    memcpy(engine->families, families, sizeof families);
    return ACTA_OK;
}

static acta_status
engine_start(acta_engine *base, acti_start how, acta_error *error)
{
    rocksdb_engine *engine = engine_of(base);
    char *said = NULL;

    if (engine->db_options == NULL) acti_rocksdb_make_options(engine);
    if (how == ACTI_START_READ) return open_to_read(engine, error);
    close_db(engine);
    rocksdb_options_set_create_if_missing(engine->db_options, how == ACTI_START_CREATE);
    rocksdb_options_set_create_missing_column_families(engine->db_options, how == ACTI_START_CREATE);
    said = open_db(engine);
    if (said == NULL) return ACTA_OK;

    engine->db = NULL;
    memset(engine->families, 0, sizeof engine->families);
    return acti_rocksdb_failed(engine, "open the store", said, error);
}

static bool
is_flushing(const rocksdb_engine *engine)
{
    uint64_t running = 0, pending = 0;

    for (int family = 0; family < ACTI_FAMILY_COUNT && pending == 0; family++)
        rocksdb_property_int_cf(engine->db, engine->families[family], "rocksdb.mem-table-flush-pending", &pending);
    rocksdb_property_int(engine->db, "rocksdb.num-running-flushes", &running);
    return pending + running > 0;
}

/* Saves the next open the replay of the write-ahead log; without it nothing is lost. */
static acta_status
engine_flush(acta_engine *base, acta_error *error)
{
    rocksdb_engine *engine = engine_of(base);
    if (is_flushing(engine)) return ACTA_OK;

    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create();
    char *said = NULL;

    for (int family = 0; family < ACTI_FAMILY_COUNT && said == NULL; family++)
        rocksdb_flush_cf(engine->db, options, engine->families[family], &said);
    rocksdb_flushoptions_destroy(options);
    return said != NULL ? acti_rocksdb_failed(engine, "flush", said, error) : ACTA_OK;
}

static acta_status
engine_write_out(acta_engine *base, acta_error *error)
{
    const rocksdb_engine *engine = engine_of(base);

    if (is_flushing(engine))
        return acta_error_set(error, ACTA_BUSY, "'%s' is writing out its memory already; try later", engine->path);
    return engine_flush(base, error);
}

/* Nothing of the range is in memory, so RocksDB doesn't flush for it. */
acta_status
acti_rocksdb_compact(acta_engine *base, acti_family family, acta_bytes from, acta_bytes to, acta_error *error)
{
    rocksdb_engine *engine = engine_of(base);
    rocksdb_compactoptions_t *options = rocksdb_compactoptions_create();

    (void)error; /* the C API tells nothing; a background error makes the next write fail */
    rocksdb_compactoptions_set_exclusive_manual_compaction(options, 0);
    rocksdb_compactoptions_set_bottommost_level_compaction(options, BOTTOMMOST_FORCED);
    rocksdb_compact_range_cf_opt(engine->db, engine->families[family], options, (const char *)from.data, from.size,
        (const char *)to.data, to.size);
    rocksdb_compactoptions_destroy(options);
    return ACTA_OK;
}

static void
engine_compact_stop(acta_engine *base)
{
    rocksdb_disable_manual_compaction(engine_of(base)->db);
}

static uint64_t
engine_bytes_of(acta_engine *base, acti_family family, acta_bytes from, acta_bytes to)
{
    rocksdb_engine *engine = engine_of(base);
    const char *start = (const char *)from.data, *limit = (const char *)to.data;
    char *said = NULL;
    uint64_t bytes = 0;

    rocksdb_approximate_sizes_cf(
        engine->db, engine->families[family], 1, &start, &from.size, &limit, &to.size, &bytes, &said);
    if (said != NULL) rocksdb_free(said);
    return bytes;
}

static void
engine_close(acta_engine *base)
{
    rocksdb_engine *engine = engine_of(base);

    acti_crew_deinit(&engine->crew);
    close_db(engine);
    for (int family = 0; family < ACTI_FAMILY_COUNT; family++) {
        if (engine->family_options[family] != NULL) rocksdb_options_destroy(engine->family_options[family]);
    }
    if (engine->db_options != NULL) {
        rocksdb_options_destroy(engine->db_options);
        rocksdb_cache_destroy(engine->cache);
        rocksdb_readoptions_destroy(engine->read_options);
        rocksdb_writeoptions_destroy(engine->write_options);
        rocksdb_writeoptions_destroy(engine->unsafe_write_options);
    }
    acti_rocksdb_mark_close(engine);
    free(engine->path);
    free(engine);
}

/* -- batches -- */

static acti_engine_batch *
batch_create(acta_engine *base)
{
    acti_engine_batch *batch = malloc(sizeof *batch);

    if (batch != NULL) *batch = (acti_engine_batch){ .engine = engine_of(base), .batch = rocksdb_writebatch_create() };
    return batch;
}

static void
batch_destroy(acti_engine_batch *batch)
{
    rocksdb_writebatch_destroy(batch->batch);
    free(batch);
}

static void
batch_clear(acti_engine_batch *batch)
{
    rocksdb_writebatch_clear(batch->batch);
    batch->bytes = 0;
}

static void
batch_put(acti_engine_batch *batch, acti_family family, acta_bytes key, acta_bytes value)
{
    rocksdb_writebatch_put_cf(batch->batch, batch->engine->families[family], (const char *)key.data, key.size,
        (const char *)value.data, value.size);
    batch->bytes += key.size + value.size + 8;
}

static void
batch_delete(acti_engine_batch *batch, acti_family family, acta_bytes key)
{
    rocksdb_writebatch_delete_cf(batch->batch, batch->engine->families[family], (const char *)key.data, key.size);
    batch->bytes += key.size + 8;
}

static void
batch_delete_range(acti_engine_batch *batch, acti_family family, acta_bytes from, acta_bytes to)
{
    rocksdb_writebatch_delete_range_cf(batch->batch, batch->engine->families[family], (const char *)from.data,
        from.size, (const char *)to.data, to.size);
    batch->bytes += from.size + to.size + 8;
}

static size_t
batch_bytes(const acti_engine_batch *batch)
{
    return batch->bytes;
}

/* What RocksDB has in memory, which takes more room than it had in the batches. */
static uint64_t
bytes_in_memory(const rocksdb_engine *engine)
{
    uint64_t sum = 0;

    for (int family = 0; family < ACTI_FAMILY_COUNT; family++) {
        uint64_t bytes = 0;
        rocksdb_property_int_cf(engine->db, engine->families[family], "rocksdb.cur-size-all-mem-tables", &bytes);
        sum += bytes;
    }
    return sum;
}

/* What isn't in memory any more lies in sorted files that the MANIFEST has. Looking takes RocksDB's lock, so it is done now and
 * then, and what was written since is added. Never less than a write buffer, for who moves a point behind it writes, too. */
static uint64_t
unsettled_bytes_max(acta_engine *base)
{
    rocksdb_engine *engine = engine_of(base);

    if (engine->db == NULL) return acti_rocksdb_buffers_bytes_max(engine);
    if (!engine->was_looked || engine->written_since_look > acti_rocksdb_buffer_bytes(engine) / 4) {
        engine->looked_bytes = bytes_in_memory(engine);
        engine->written_since_look = 0;
        engine->was_looked = true;
    }
    uint64_t bytes = engine->looked_bytes + engine->written_since_look, least = acti_rocksdb_buffer_bytes(engine);
    return bytes < least ? least : bytes;
}

/* RocksDB counts each comparison of two keys for its thread, which takes longer than to compare short ones. The thread is the
 * store's own: nobody else asks for these counts. */
static void
commit_thread(acta_engine *base)
{
    (void)base;
    rocksdb_set_perf_level(PERF_DISABLED);
}

static acta_status
engine_write(acta_engine *base, acti_engine_batch *batch, acta_error *error)
{
    (void)error; /* one call writes and syncs: the batch waits for it */
    engine_of(base)->written = batch;
    return ACTA_OK;
}

static acta_status
engine_sync(acta_engine *base, bool durable, acta_error *error)
{
    rocksdb_engine *engine = engine_of(base);
    char *said = NULL;

    rocksdb_write(
        engine->db, durable ? engine->write_options : engine->unsafe_write_options, engine->written->batch, &said);
    engine->written_since_look += engine->written->bytes;
    engine->written = NULL;
    if (said == NULL) return ACTA_OK;
    if (strstr(said, "While open a file") != NULL) engine->undeletable = true;
    /* A record may be in the file though its write or its sync failed: nobody can tell before the next open. */
    acti_rocksdb_failed(engine, "write to the log", said, error);
    if (error != NULL) error->status = ACTA_UNKNOWN_OUTCOME;
    return ACTA_UNKNOWN_OUTCOME;
}

acta_engine *
acti_rocksdb_engine(void)
{
    static const acti_engine_ops ops = {
        .probe = acti_rocksdb_probe,
        .prepare = acti_rocksdb_prepare,
        .start = engine_start,
        .settle = acti_rocksdb_settle,
        .close = engine_close,
        .flush = engine_flush,
        .batch_create = batch_create,
        .batch_destroy = batch_destroy,
        .batch_clear = batch_clear,
        .batch_put = batch_put,
        .batch_delete = batch_delete,
        .batch_delete_range = batch_delete_range,
        .batch_bytes = batch_bytes,
        .unsettled_bytes_max = unsettled_bytes_max,
        .commit_thread = commit_thread,
        .write = engine_write,
        .sync = engine_sync,
        .get = acti_rocksdb_get,
        .get_rare = acti_rocksdb_get_rare,
        .get_many = acti_rocksdb_get_many,
        .release = acti_rocksdb_release,
        .iterator_open = acti_rocksdb_iterator_open,
        .iterator_next = acti_rocksdb_iterator_next,
        .iterator_close = acti_rocksdb_iterator_close,
        .mark_read = acti_rocksdb_mark_read,
        .mark_write = acti_rocksdb_mark_write,
        .write_out = engine_write_out,
        .compact = acti_rocksdb_compact,
        .merge = acti_rocksdb_merge,
        .compact_stop = engine_compact_stop,
        .bytes_of = engine_bytes_of,
        .backup = acti_rocksdb_backup,
    };
    rocksdb_engine *engine = calloc(1, sizeof *engine);

    if (engine == NULL) return NULL;
    engine->engine.ops = &ops;
    engine->mark_fd = -1;
    acti_crew_init(&engine->crew);
    return &engine->engine;
}
