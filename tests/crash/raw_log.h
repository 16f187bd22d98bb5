/*
 * The log as it lies in RocksDB, by docs/format.md: no file of store/ or actors/ has a part in reading it.
 */
#ifndef CRASH_RAW_LOG_H
#define CRASH_RAW_LOG_H

#include "acta/store.h"

/*
 * Read all records of a store that no process has open, in the order of their keys. Names of streams and types come from
 * the records themselves.
 *   take  false: stop
 * Errors: ACTA_IO; ACTA_CORRUPT: a checksum, a size, a key that is not the record's position, a name that no record told.
 */
acta_status raw_log_read(
    const char *path, bool (*take)(void *user, const acta_recorded *event), void *user, acta_error *error);

#endif
