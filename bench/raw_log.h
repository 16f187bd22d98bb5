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

/* Write batches of `batch_size` events for so many seconds, into a directory made below `data_path` and removed again. */
raw_log_result raw_log_run(const char *data_path, uint32_t batch_size, bool sync, uint32_t seconds);

#endif
