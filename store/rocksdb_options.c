/*
 * RocksDB engine: the settings of its database and families.
 *
 * Choices, and why (measured numbers: docs/decisions/)
 *  - One thread writes, so concurrent memtable inserts are off: they cost a third on two cores.
 *  - Point-in-time recovery: the only mode that opens after a power cut left garbage behind the last sync. It would also
 *    drop damaged records silently; recovery.c finds that out by itself.
 *  - Families are flushed together, so that all of them lack what the write-ahead log lacks: a batch that is lost is then
 *    missed by its number in the meta family, whichever families it changed.
 *  - Rows come and go within milliseconds, and a sorted list of 64 MiB of them is mostly waiting for memory: their write buffer
 *    is an eighth of the others'. That makes small files of the log, which rocksdb_merge.c puts together.
 *  - Recycled logs are not possible: RocksDB turns them off under point-in-time recovery.
 *  - Every sorted file is kept open, for opening one again reads its index. Where the process may open few files the store
 *    takes half of them: one more than it is allowed would end in a store that takes no writes.
 *  - The info log only tells what is fatal: on a full disk writing it aborts the process (an assertion of the library).
 */
#include "rocksdb.h"

#include <sys/resource.h>

enum {
    BLOCK_SIZE = 16 << 10,
    LOG_BLOCK_SIZE = 4 << 10, /* so that a page is a block, and one event is read for the price of 4 KiB */
    LOG_INDEX_INTERVAL = 8,   /* its blocks are many; of so many keys in memory one is whole */
    INDEX_RUNS_MAX = 8,       /* sorted runs that are left alone */
    INDEX_AMPLIFICATION_PERCENT = 400,
    BLOOM_BITS = 10,
    BACKGROUND_JOBS = 2,
    FILES_ENOUGH = 8192, /* half a terabyte of them */
    FILES_LEAST = 32,
    OPENING_THREADS =
        4, /* of each family, each time it is opened: 16 of them would cost a small store more than they give */
    CACHE_SIXTEENTHS = 7, /* of memory_bytes; streams that are read again have another one (strips.h) */
    WRITE_BUFFER_BYTES_MAX = 64 << 20,
    WRITE_BUFFER_BYTES_MIN = 1 << 20,
    ROW_BUFFER_SHARE = 8,  /* of the write buffer */
    GENERATIONS_MAX = 4,   /* of write buffers, one flushed for all families */
    WEIGHT_OF_FAMILIES = 4 /* the largest of a generation is full, the others hold less than three times as much */
};

static uint64_t
within(uint64_t bytes, uint64_t least, uint64_t most)
{
    if (bytes > most) return most;
    return bytes < least ? least : bytes;
}

uint64_t
acti_rocksdb_buffer_bytes(const rocksdb_engine *engine)
{
    return within(engine->memory_bytes / 4, WRITE_BUFFER_BYTES_MIN, WRITE_BUFFER_BYTES_MAX);
}

uint64_t
acti_rocksdb_buffers_bytes_max(const rocksdb_engine *engine)
{
    return GENERATIONS_MAX * WEIGHT_OF_FAMILIES * acti_rocksdb_buffer_bytes(engine);
}

static uint64_t
buffer_bytes_of(const rocksdb_engine *engine, acti_family family)
{
    uint64_t bytes = acti_rocksdb_buffer_bytes(engine);
    return family == ACTI_TABLES ? within(bytes / ROW_BUFFER_SHARE, WRITE_BUFFER_BYTES_MIN, bytes) : bytes;
}

/* Each write buffer has entries of most streams, so that by levels all of a level would be written anew for each few of them.
 * Entries are never overwritten, so runs of different age are no waste; a stream is read from each of them. */
static void
compact_by_size(rocksdb_options_t *options)
{
    rocksdb_universal_compaction_options_t *universal = rocksdb_universal_compaction_options_create();

    rocksdb_universal_compaction_options_set_max_size_amplification_percent(universal, INDEX_AMPLIFICATION_PERCENT);
    rocksdb_options_set_compaction_style(options, rocksdb_universal_compaction);
    rocksdb_options_set_universal_compaction_options(options, universal);
    rocksdb_options_set_level0_file_num_compaction_trigger(options, INDEX_RUNS_MAX);
    rocksdb_universal_compaction_options_destroy(universal);
}

static rocksdb_options_t *
make_family_options(const rocksdb_engine *engine, acti_family family)
{
    rocksdb_options_t *options = rocksdb_options_create();
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();
    bool points = family != ACTI_LOG && family != ACTI_META; /* read by key, often one that isn't there */

    rocksdb_options_set_write_buffer_size(options, buffer_bytes_of(engine, family));
    rocksdb_options_set_max_write_buffer_number(options, GENERATIONS_MAX);
    rocksdb_options_set_compression(options, rocksdb_lz4_compression);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(options, 1);

    rocksdb_block_based_options_set_block_size(table, family == ACTI_LOG ? LOG_BLOCK_SIZE : BLOCK_SIZE);
    if (family == ACTI_LOG) rocksdb_block_based_options_set_index_block_restart_interval(table, LOG_INDEX_INTERVAL);
    if (family == ACTI_INDEX) compact_by_size(options);
    rocksdb_block_based_options_set_format_version(table, 5);
    rocksdb_block_based_options_set_block_cache(table, engine->cache);
    if (points) {
        /* The options own the policy. */
        rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(BLOOM_BITS));
        rocksdb_options_set_memtable_whole_key_filtering(options, 1);
        rocksdb_options_set_memtable_prefix_bloom_size_ratio(options, 0.02);
    }
    rocksdb_options_set_block_based_table_factory(options, table);
    rocksdb_block_based_options_destroy(table);
    return options;
}

/* How many sorted files may be open at a time; -1: all. */
static int
open_files_max(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return -1;
    if (files.rlim_cur / 2 >= FILES_ENOUGH) return -1;
    return files.rlim_cur / 2 < FILES_LEAST ? FILES_LEAST : (int)(files.rlim_cur / 2);
}

void
acti_rocksdb_make_options(rocksdb_engine *engine)
{
    rocksdb_options_t *options = rocksdb_options_create();

    rocksdb_options_set_info_log_level(options, 4);
    rocksdb_options_set_keep_log_file_num(options, 2);
    rocksdb_options_set_stats_dump_period_sec(options, 0);
    rocksdb_options_set_stats_persist_period_sec(options, 0);
    rocksdb_options_set_paranoid_checks(options, 1);
    rocksdb_options_set_wal_recovery_mode(options, rocksdb_point_in_time_recovery);
    rocksdb_options_set_allow_concurrent_memtable_write(options, 0);
    rocksdb_options_set_enable_pipelined_write(options, 0);
    rocksdb_options_set_atomic_flush(options, 1);
    rocksdb_options_set_enable_write_thread_adaptive_yield(options, 0);
    rocksdb_options_set_max_background_jobs(options, BACKGROUND_JOBS);
    rocksdb_options_set_max_open_files(options, open_files_max());
    rocksdb_options_set_max_file_opening_threads(options, OPENING_THREADS);
    rocksdb_options_set_skip_stats_update_on_db_open(options, 1);

    engine->db_options = options;
    engine->cache = rocksdb_cache_create_lru(engine->memory_bytes / 16 * CACHE_SIXTEENTHS);
    for (int family = 0; family < ACTI_FAMILY_COUNT; family++)
        engine->family_options[family] = make_family_options(engine, (acti_family)family);

    engine->read_options = rocksdb_readoptions_create();
    rocksdb_readoptions_set_verify_checksums(engine->read_options, 1);
    engine->write_options = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(engine->write_options, 1);
    engine->unsafe_write_options = rocksdb_writeoptions_create();
}
