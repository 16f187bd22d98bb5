/*
 * Records: what RocksDB's write-ahead logs are made of, read without RocksDB.
 *
 *     block of 32 KiB: crc 4 | size 2 | type 1 | bytes … | crc …        type: whole, first, middle, last part of a record
 *
 * Why: a record that comes twice ends the process by an assertion (in Debian's build), so it is looked for before RocksDB is
 * let near.
 */
#ifndef ACTI_ROCKSDB_RECORDS_H
#define ACTI_ROCKSDB_RECORDS_H

#include "files.h"

typedef struct acti_records {
    int fd;
    const char *path; /* borrowed, for messages */
    uint8_t *block;
    size_t block_size, at; /* of what was read of it, and looked at */
    uint64_t begin;        /* of the block in the file */
    uint8_t *record;       /* put together */
    size_t size, room;
    uint64_t offset; /* where the record begins */
} acti_records;

acta_status acti_records_open(acti_records *records, const char *path, acta_error *error);
/* The next record, until the next call. ACTA_NOT_FOUND: the end, or something that is no sound record. ACTA_IO,
 * ACTA_NO_MEMORY. */
acta_status acti_records_next(acti_records *records, acta_bytes *record_out, acta_error *error);
void acti_records_close(acti_records *records);

/* Of the write-ahead logs in a directory: does each record follow those before it? ACTA_CORRUPT: one comes again, the text
 * says where. What isn't sound, or missing, is left to others. ACTA_IO, ACTA_NO_MEMORY. */
acta_status acti_rocksdb_check_logs(const char *path, acta_error *error);
/* The same of a copy, cut there. */
acta_status acti_rocksdb_cut_logs(const char *path, acta_error *error);

#endif
