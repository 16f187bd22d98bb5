/*
 * Raw log: plain RocksDB as a log of events, the least that one could do by hand: what a store is measured against.
 *
 *     log      position (8)             -> 100 random bytes
 *     index    stream id, version (16)  -> position (8)
 *
 * One thread, batches of k events, one write each, with or without sync; the options of store/rocksdb.c.
 */
#ifndef BENCH_RAW_LOG_H
#define BENCH_RAW_LOG_H

#include <stdbool.h>
#include <stdint.h>

typedef struct raw_log_result {
    double rate;   /* events a second */
    double p50_us; /* of a batch */
} raw_log_result;

typedef struct raw_log raw_log;

/* A new one, in a directory made below `data_path`; raw_log_close counts what it holds, and removes it. */
raw_log *raw_log_open(const char *data_path, bool sync);
void raw_log_close(raw_log *log);

/* One batch. */
void raw_log_write(raw_log *log, uint32_t event_count);

/* Write batches of `batch_size` events for so many seconds, into a directory made below `data_path` and removed again. */
raw_log_result raw_log_run(const char *data_path, uint32_t batch_size, bool sync, uint32_t seconds);

/*
 * `call` writes one event of 100 bytes, durably. It and a raw write of one take turns of 50 ms, so that both have the same disk,
 * which drifts by half within seconds. Reports p50_us and p99_us of both, and beside_raw: the median of the ratios of each
 * turn's median to that of the raw one just before.
 */
void raw_log_beside(const char *name, const char *data_path, uint32_t seconds, void (*call)(void *user), void *user);

#endif
