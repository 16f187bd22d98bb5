/*
 * What the files of the RocksDB engine share.
 *
 *     rocksdb.c          families, opening, batches
 *     rocksdb_options.c  settings
 *     rocksdb_read.c     keys and ranges
 *     rocksdb_crew.c     many keys at once, where the disk is waited for
 *     rocksdb_merge.c    small files of the log, put together
 *     rocksdb_files.c    the directory, its lock, the mark slots
 *     rocksdb_backup.c   a copy of all of it, while it is in use
 *     rocksdb_records.c  its write-ahead logs, looked at without it
 */
#ifndef ACTI_ROCKSDB_H
#define ACTI_ROCKSDB_H

#include <stdatomic.h>

#include <rocksdb/c.h>

#include "engine.h"
#include "files.h"
#include "rocksdb_crew.h"

typedef struct rocksdb_engine {
    acta_engine engine;
    acta_environment environment;
    char *path;
    uint64_t memory_bytes;
    bool read_only;

    int mark_fd; /* -1: not open */

    rocksdb_t *db;
    rocksdb_column_family_handle_t *families[ACTI_FAMILY_COUNT];
    rocksdb_options_t *db_options;
    rocksdb_options_t *family_options[ACTI_FAMILY_COUNT];
    rocksdb_cache_t *cache;
    rocksdb_readoptions_t *read_options;
    rocksdb_writeoptions_t *write_options;
    rocksdb_writeoptions_t *unsafe_write_options;

    _Atomic uint32_t iterator_count;           /* open ones */
    acti_crew crew;                            /* reads many keys of a cold log */
    _Atomic bool is_cold;                      /* the last such look-up had to wait for the disk */
    struct acti_engine_batch *written;         /* handed over, not yet synced */
    uint64_t looked_bytes, written_since_look; /* of whoever commits: what was in memory, and came since */
    bool was_looked;
    bool undeletable; /* the database can't be closed without ending the process */
} rocksdb_engine;

static inline rocksdb_engine *
engine_of(acta_engine *engine)
{
    return (rocksdb_engine *)(void *)engine; /* its first field */
}

/* rocksdb.c: is this a RocksDB database with our column families? */
bool acti_rocksdb_is_ours(const char *path);
/* Can it be opened to read with this family alone, beside ACTI_META? What of others is lost doesn't matter. Its logs must be
 * sound (rocksdb_records.h). */
bool acti_rocksdb_family_opens(const char *path, acti_family family);

const char *acti_rocksdb_family_name(acti_family family); /* rocksdb.c */

/* rocksdb_options.c */
void acti_rocksdb_make_options(rocksdb_engine *engine);
uint64_t acti_rocksdb_buffer_bytes(const rocksdb_engine *engine);      /* of a write buffer; that of rows is smaller */
uint64_t acti_rocksdb_buffers_bytes_max(const rocksdb_engine *engine); /* of all that there may be */

/* rocksdb.c, rocksdb_merge.c: parts of the engine, as engine.h says */
acta_status acti_rocksdb_compact(
    acta_engine *base, acti_family family, acta_bytes from, acta_bytes to, acta_error *error);
acta_status acti_rocksdb_merge(acta_engine *base, acti_family family, uint64_t *bytes_out, acta_error *error);

/* rocksdb_files.c: parts of the engine, as engine.h says */
acta_status acti_rocksdb_probe(
    acta_engine *base, const acti_engine_config *config, acti_found *found_out, acta_error *error);
acta_status acti_rocksdb_prepare(acta_engine *base, acta_error *error);
acta_status acti_rocksdb_mark_read(acta_engine *base, uint32_t slot, uint8_t *bytes_out, acta_error *error);
acta_status acti_rocksdb_mark_write(acta_engine *base, uint32_t slot, const uint8_t *bytes, acta_error *error);
acta_status acti_rocksdb_settle(acta_engine *base, bool *writer_out, acta_error *error);
void acti_rocksdb_mark_close(rocksdb_engine *engine); /* gives the lock back too */

/* rocksdb.c: what RocksDB said, as a status of ours; frees it. `what`: "open the store". */
acta_status acti_rocksdb_failed(const rocksdb_engine *engine, const char *what, char *said, acta_error *error);

/* rocksdb_files.c, for what else writes files */
enum { ACTI_MARK_SLOT_SPACING = 4096 }; /* so that a torn sector or page hits one slot only */

/* Give back the lock on RocksDB's own lock file, which no call of it does while a database is open. */
void acti_rocksdb_unlock(const rocksdb_engine *engine);

/* rocksdb_read.c: parts of the engine, as engine.h says */
acta_status acti_rocksdb_get(
    acta_engine *base, acti_family family, acta_bytes key, acti_value *value_out, acta_error *error);
acta_status acti_rocksdb_get_rare(
    acta_engine *base, acti_family family, acta_bytes key, acti_value *value_out, acta_error *error);
acta_status acti_rocksdb_get_many(acta_engine *base, acti_family family, const acta_bytes *keys, size_t count,
    acti_value *values_out, acta_error *error);
void acti_rocksdb_release(acta_engine *base, acti_value *value);
acta_status acti_rocksdb_iterator_open(acta_engine *base, acti_family family, const acti_range *range,
    acti_engine_iterator **iterator_out, acta_error *error);
acta_status acti_rocksdb_iterator_next(
    acti_engine_iterator *iterator, acta_bytes *key_out, acta_bytes *value_out, acta_error *error);
void acti_rocksdb_iterator_close(acti_engine_iterator *iterator);

/* rocksdb_backup.c */
acta_status acti_rocksdb_backup(
    acta_engine *base, const char *path, uint32_t slot, const uint8_t *bytes, acta_error *error);

#endif
