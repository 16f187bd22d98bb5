/*
 * RocksDB engine: small files of the log are put together.
 *
 *     | 64 MiB | 64 MiB | 2 | 1 | 2 | 3 | … | 2 |  -->  | 64 MiB | 64 MiB | 64 MiB | 2 |
 *
 * Families are flushed together, so the one whose buffer is full first makes a file of each other one, however small. Those of
 * the other families overlap, and RocksDB merges them. Those of the log don't: their keys ascend, so that it moves them from
 * level to level as they are, and each would keep a file open for as long as the store lives.
 *
 * A run of neighbours is due when it makes a file as large as a full write buffer does, or has many of them: an event is so
 * written once more, seldom twice.
 */
#include "rocksdb.h"

#include <stdlib.h>
#include <string.h>

enum {
    SMALL_SHARE = 8, /* a file below this part of a write buffer */
    RUN_FILES = 32   /* so many are a run, whatever they add up to */
};

typedef struct sorted_file {
    acta_bytes first, last;
    uint64_t bytes;
} sorted_file;

static int
by_first_key(const void *a, const void *b)
{
    const sorted_file *left = a, *right = b;
    size_t size = left->first.size < right->first.size ? left->first.size : right->first.size;
    int order = memcmp(left->first.data, right->first.data, size);

    if (order != 0) return order;
    return (left->first.size > right->first.size) - (left->first.size < right->first.size);
}

/* Those of a family that are below level 0, which RocksDB is about to empty anyway. Views of `files`. */
static size_t
files_of(const rocksdb_livefiles_t *files, acti_family family, sorted_file *out)
{
    size_t count = 0;

    for (int i = 0; i < rocksdb_livefiles_count(files); i++) {
        sorted_file file = { .bytes = rocksdb_livefiles_size(files, i) };
        if (rocksdb_livefiles_level(files, i) == 0) continue;
        if (strcmp(rocksdb_livefiles_column_family_name(files, i), acti_rocksdb_family_name(family)) != 0) continue;
        file.first.data = (const uint8_t *)rocksdb_livefiles_smallestkey(files, i, &file.first.size);
        file.last.data = (const uint8_t *)rocksdb_livefiles_largestkey(files, i, &file.last.size);
        out[count++] = file;
    }
    qsort(out, count, sizeof *out, by_first_key);
    return count;
}

/* The first run that is due, of files in order of their keys; its bytes, or 0. */
static uint64_t
find_run(const sorted_file *files, size_t count, uint64_t buffer_bytes, acta_bytes *from_out, acta_bytes *to_out)
{
    uint64_t bytes = 0;
    size_t first = 0;

    for (size_t i = 0; i < count; i++) {
        if (files[i].bytes >= buffer_bytes / SMALL_SHARE) {
            first = i + 1;
            bytes = 0;
            continue;
        }
        bytes += files[i].bytes;
        if (bytes < buffer_bytes && i - first + 1 < RUN_FILES) continue;
        *from_out = files[first].first;
        *to_out = files[i].last;
        return bytes;
    }
    return 0;
}

acta_status
acti_rocksdb_merge(acta_engine *base, acti_family family, uint64_t *bytes_out, acta_error *error)
{
    const rocksdb_engine *engine = engine_of(base);
    const rocksdb_livefiles_t *files = rocksdb_livefiles(engine->db);
    sorted_file *sorted = malloc(((size_t)rocksdb_livefiles_count(files) + 1) * sizeof *sorted);
    acta_status status = ACTA_OK;
    acta_bytes from, to;

    *bytes_out = 0;
    if (sorted != NULL) {
        size_t count = files_of(files, family, sorted);
        *bytes_out = find_run(sorted, count, acti_rocksdb_buffer_bytes(engine), &from, &to);
        if (*bytes_out > 0) status = acti_rocksdb_compact(base, family, from, to, error);
    }
    free(sorted);
    rocksdb_livefiles_destroy(files);
    return sorted != NULL ? status : acta_error_set(error, ACTA_NO_MEMORY, "cannot merge files: there is no memory");
}
