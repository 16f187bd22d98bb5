/*
 * Large: a store of so many events that it doesn't fit into what memory it was given: filled by a process that is then
 * killed, opened by another, read cold and warm.
 *
 *     large_run --start--> store --fill DIR: appends, counts what is written, SIGKILL to itself
 *           \----start--> store --read DIR: opens, reads, drops the cache of the system, reads
 */
#ifndef BENCH_STORE_LARGE_H
#define BENCH_STORE_LARGE_H

#include <stdbool.h>
#include <stdint.h>

enum { LARGE_MEMORY_DEFAULT = 64 };

typedef struct large_options {
    uint32_t event_count;
    uint32_t memory_mib; /* memory_bytes of both processes */
    bool by_stream;      /* the streams are kept by stream, too */
} large_options;

/* Both processes are this program, started again; their results go to stdout. */
void large_run(const char *data_path, const large_options *o);

/* What they do. */
void large_fill(const char *path, const large_options *o);
void large_read(const char *path, const large_options *o);

#endif
