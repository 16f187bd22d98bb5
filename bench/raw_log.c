/*
 * Raw log: see raw_log.h.
 */
#include "raw_log.h"

#include "bench.h"

#include <rocksdb/c.h>
#include <string.h>

enum {
    PAYLOAD = 100,
    STREAM_COUNT = 10000,
    SAMPLE_MAX = 1 << 20,
    WRITE_BUFFER_BYTES = 64 << 20,
    CACHE_BYTES = 128 << 20,
    PATH_SIZE = 512
};

typedef enum family { LOG, INDEX, FAMILY_COUNT } family;
static const char *const family_names[FAMILY_COUNT] = { "default", "index" };

struct raw_log {
    rocksdb_t *db;
    rocksdb_options_t *db_options;
    rocksdb_options_t *family_options[FAMILY_COUNT];
    rocksdb_column_family_handle_t *families[FAMILY_COUNT];
    rocksdb_writeoptions_t *write_options;
    rocksdb_cache_t *cache;
    rocksdb_writebatch_t *batch;
    uint64_t position;
    uint64_t versions[STREAM_COUNT];
    uint64_t random;
    char path[PATH_SIZE];
};

static void
check(char *said)
{
    if (said == NULL) return;
    fprintf(stderr, "raw: %s\n", said);
    exit(1);
}

static rocksdb_options_t *
make_family_options(const raw_log *r, family f)
{
    rocksdb_options_t *o = rocksdb_options_create();
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create();

    rocksdb_options_set_write_buffer_size(o, WRITE_BUFFER_BYTES);
    rocksdb_options_set_max_write_buffer_number(o, 4);
    rocksdb_options_set_compression(o, rocksdb_lz4_compression);
    rocksdb_options_set_level_compaction_dynamic_level_bytes(o, 1);
    rocksdb_block_based_options_set_block_size(table, 16 << 10);
    rocksdb_block_based_options_set_format_version(table, 5);
    rocksdb_block_based_options_set_block_cache(table, r->cache);
    if (f == INDEX) {
        rocksdb_block_based_options_set_filter_policy(table, rocksdb_filterpolicy_create_bloom_full(10));
        rocksdb_options_set_memtable_whole_key_filtering(o, 1);
        rocksdb_options_set_memtable_prefix_bloom_size_ratio(o, 0.02);
    }
    rocksdb_options_set_block_based_table_factory(o, table);
    rocksdb_block_based_options_destroy(table);
    return o;
}

static void
open_at(raw_log *r, bool sync)
{
    char *said = NULL;

    rocksdb_options_t *o = r->db_options = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(o, 1);
    rocksdb_options_set_create_missing_column_families(o, 1);
    rocksdb_options_set_info_log_level(o, 4);
    rocksdb_options_set_stats_dump_period_sec(o, 0);
    rocksdb_options_set_stats_persist_period_sec(o, 0);
    rocksdb_options_set_wal_recovery_mode(o, rocksdb_point_in_time_recovery);
    rocksdb_options_set_allow_concurrent_memtable_write(o, 0);
    rocksdb_options_set_enable_pipelined_write(o, 0);
    rocksdb_options_set_enable_write_thread_adaptive_yield(o, 0);
    rocksdb_options_set_max_background_jobs(o, 2);
    rocksdb_options_set_db_write_buffer_size(o, CACHE_BYTES);
    rocksdb_options_set_max_total_wal_size(o, WRITE_BUFFER_BYTES * 2);
    for (int f = 0; f < FAMILY_COUNT; f++)
        r->family_options[f] = make_family_options(r, (family)f);
    r->db = rocksdb_open_column_families(o, r->path, FAMILY_COUNT, family_names,
        (const rocksdb_options_t *const *)r->family_options, r->families, &said);
    check(said);
    r->write_options = rocksdb_writeoptions_create();
    rocksdb_writeoptions_set_sync(r->write_options, sync);
    r->batch = rocksdb_writebatch_create();
}

raw_log *
raw_log_open(const char *data_path, bool sync)
{
    raw_log *r = calloc(1, sizeof *r);

    bench_expect(r != NULL);
    r->random = 1;
    r->cache = rocksdb_cache_create_lru(CACHE_BYTES);
    bench_make_directory(data_path, r->path, sizeof r->path);
    open_at(r, sync);
    return r;
}

static void
close_db(raw_log *r)
{
    rocksdb_writebatch_destroy(r->batch);
    rocksdb_writeoptions_destroy(r->write_options);
    for (int f = 0; f < FAMILY_COUNT; f++)
        rocksdb_column_family_handle_destroy(r->families[f]);
    rocksdb_close(r->db);
    for (int f = 0; f < FAMILY_COUNT; f++)
        rocksdb_options_destroy(r->family_options[f]);
    rocksdb_options_destroy(r->db_options);
    rocksdb_cache_destroy(r->cache);
}

static void
put_big_endian(char *bytes, uint64_t value)
{
    value = __builtin_bswap64(value);
    memcpy(bytes, &value, sizeof value);
}

static void
put(raw_log *r, family f, const char *key, size_t key_size, const char *value, size_t size)
{
    rocksdb_writebatch_put_cf(r->batch, r->families[f], key, key_size, value, size);
}

static void
put_event(raw_log *r)
{
    char log_key[8], index_key[16], payload[PAYLOAD];
    uint64_t stream = bench_random(&r->random) % STREAM_COUNT;

    put_big_endian(log_key, ++r->position);
    put_big_endian(index_key, stream);
    put_big_endian(index_key + 8, ++r->versions[stream]);
    for (size_t i = 0; i < sizeof payload; i += 4) { /* incompressible */
        uint32_t word = (uint32_t)(bench_random(&r->random) >> 32);
        memcpy(payload + i, &word, sizeof word);
    }
    put(r, LOG, log_key, sizeof log_key, payload, sizeof payload);
    put(r, INDEX, index_key, sizeof index_key, log_key, sizeof log_key);
}

void
raw_log_write(raw_log *r, uint32_t event_count)
{
    char *said = NULL;

    rocksdb_writebatch_clear(r->batch);
    for (uint32_t i = 0; i < event_count; i++)
        put_event(r);
    rocksdb_write(r->db, r->write_options, r->batch, &said);
    check(said);
}

/* How many records there really are. */
static uint64_t
count_records(raw_log *r)
{
    rocksdb_readoptions_t *o = rocksdb_readoptions_create();
    rocksdb_iterator_t *iterator = rocksdb_create_iterator_cf(r->db, o, r->families[LOG]);
    uint64_t count = 0;

    for (rocksdb_iter_seek_to_first(iterator); rocksdb_iter_valid(iterator); rocksdb_iter_next(iterator))
        count++;
    rocksdb_iter_destroy(iterator);
    rocksdb_readoptions_destroy(o);
    return count;
}

void
raw_log_close(raw_log *r)
{
    bench_expect(count_records(r) == r->position);
    close_db(r);
    bench_remove(r->path);
    free(r);
}

raw_log_result
raw_log_run(const char *data_path, uint32_t batch_size, bool sync, uint32_t seconds)
{
    raw_log *r = raw_log_open(data_path, sync);
    bench_samples samples;

    bench_samples_init(&samples, SAMPLE_MAX);
    for (int i = 0; i < 20; i++)
        raw_log_write(r, batch_size); /* warm */

    uint64_t warm = r->position, begun_ns = bench_now_ns(), before_ns = begun_ns, now_ns;
    do {
        raw_log_write(r, batch_size);
        now_ns = bench_now_ns();
        bench_samples_add(&samples, now_ns - before_ns);
        before_ns = now_ns;
    } while (now_ns - begun_ns < (uint64_t)seconds * UINT64_C(1000000000));

    raw_log_result result = { .rate = (double)(r->position - warm) / ((double)(now_ns - begun_ns) / 1e9),
        .p50_us = bench_samples_us(&samples, 500) };
    free(samples.ns);
    raw_log_close(r);
    return result;
}

/* -- beside another -- */

/* The first call is left out: what the other one began may still be under way. */
static void
run_turn(bench_samples *turn, bench_samples *all, void (*call)(void *user), void *user)
{
    enum { TURN_NS = 50000000 };
    uint64_t now_ns = bench_now_ns(), end_ns = now_ns + TURN_NS;

    turn->count = 0;
    for (bool first = true; now_ns < end_ns || turn->count == 0; first = false) {
        uint64_t before_ns = now_ns;
        call(user);
        now_ns = bench_now_ns();
        if (first) continue;
        bench_samples_add(turn, now_ns - before_ns);
        bench_samples_add(all, now_ns - before_ns);
    }
}

static void
write_one(void *user)
{
    raw_log_write(user, 1);
}

void
raw_log_beside(const char *name, const char *data_path, uint32_t seconds, void (*call)(void *user), void *user)
{
    enum { RATIO_ONE = 1000000 };
    bench_samples turn, ours, raw, ratios;
    bench_samples *const all[] = { &turn, &ours, &raw, &ratios };
    raw_log *log = raw_log_open(data_path, true);
    uint64_t end_ns = bench_now_ns() + seconds * UINT64_C(1000000000);

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        bench_samples_init(all[i], SAMPLE_MAX);
    for (bool warm = false; bench_now_ns() < end_ns || ratios.count == 0; warm = true) {
        run_turn(&turn, &raw, write_one, log);
        double raw_us = bench_samples_us(&turn, 500);
        run_turn(&turn, &ours, call, user);
        double ours_us = bench_samples_us(&turn, 500);
        if (warm) bench_samples_add(&ratios, (uint64_t)(ours_us / raw_us * RATIO_ONE));
    }
    bench_report(name, "p50_us", bench_samples_us(&ours, 500), "us");
    bench_report(name, "p99_us", bench_samples_us(&ours, 990), "us");
    bench_report(name, "raw_p50_us", bench_samples_us(&raw, 500), "us");
    bench_report(name, "raw_p99_us", bench_samples_us(&raw, 990), "us");
    bench_report(name, "beside_raw", bench_samples_us(&ratios, 500) * 1000 / RATIO_ONE, "ratio");
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        free(all[i]->ns);
    raw_log_close(log);
}
