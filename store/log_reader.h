/*
 * Log reader: the records between two positions, one after the other, in either direction; each checked as it is read.
 *
 * Whoever needs records of the log gets them here (or, by way of a stream's index, in read.c): how they lie in the engine is
 * known to nobody else.
 */
#ifndef ACTI_LOG_READER_H
#define ACTI_LOG_READER_H

#include "engine.h"
#include "page.h"

typedef struct acti_log_reader {
    acta_engine *engine;
    acti_engine_iterator *iterator;
    uint64_t next, left; /* the position that comes next; how many are left with it */
    bool backward;
    bool has_page;  /* one was read */
    acti_page page; /* that has the record given last */
} acti_log_reader;

/*
 * Read the records at `first` to `last`, or backward from `last` down to `first`; none when last < first.
 *   scan  there are many: read ahead, and leave the cache alone
 * The engine is seen as it is now. An error leaves nothing to close.
 */
acta_status acti_log_reader_open(acti_log_reader *reader, acta_engine *engine, uint64_t first, uint64_t last,
    bool backward, bool scan, acta_error *error);

/* The next record; its views live until the next call. ACTA_NOT_FOUND behind the last one; ACTA_CORRUPT, ACTA_UNSUPPORTED,
 * ACTA_IO: the position is in the text, and nothing can be read from there on. */
acta_status acti_log_reader_next(acti_log_reader *reader, acti_record_view *view_out, acta_error *error);

void acti_log_reader_close(acti_log_reader *reader); /* also one that is all zeros */

/* The record at one position; close the reader once its views aren't needed any more, also after an error. */
acta_status acti_log_read(
    acta_engine *engine, uint64_t position, acti_log_reader *reader, acti_record_view *view_out, acta_error *error);

#endif
