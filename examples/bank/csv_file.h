/*
 * A CSV file, record by record: streamed, with the place of each field, and no worse for a line that is none.
 */
#ifndef BANK_CSV_FILE_H
#define BANK_CSV_FILE_H

#include "acta/str.h"

enum {
    CSV_FIELD_MAX = 8,     /* fields that a record keeps; more are counted, and only their place is known */
    CSV_LINE_MAX = 1 << 16 /* bytes of a line, its end included */
};

typedef struct csv_file csv_file;

typedef struct csv_record {
    uint64_t line;
    uint32_t field_count;
    acta_str fields[CSV_FIELD_MAX];      /* UTF-8; live until the next call */
    uint32_t columns[CSV_FIELD_MAX + 1]; /* where each begins, in characters from 1; then of what follows */
} csv_record;

/* Can the file be read? Does not open it: a pipe has only one reader. Errors: ACTA_IO, in words as those of open. */
acta_status csv_file_check(const char *path, acta_error *error);

/* `path` must outlive the file. Errors: ACTA_IO, ACTA_NO_MEMORY. */
acta_status csv_file_open(const char *path, csv_file **file_out, acta_error *error);
void csv_file_close(csv_file *file); /* takes NULL */

/*
 * The next record; empty lines are passed over, and so is a byte order mark at the beginning.
 * ACTA_NOT_FOUND  the file ends here
 * ACTA_INVALID    this line is no CSV or no UTF-8, or too long: the text is "PATH:LINE:COLUMN: …"; the next call goes on
 *                 with the line after it
 * ACTA_IO         the file can't be read any further
 */
acta_status csv_file_next(csv_file *file, csv_record *record_out, acta_error *error);

/* An error about a place in the file: "PATH:LINE:COLUMN: …", ACTA_INVALID. */
acta_status csv_file_error(
    const csv_file *file, uint64_t line, uint32_t column, acta_error *error, const char *format, ...) ACTA_PRINTF(5, 6);

/* The line that csv_file_next looked at last. */
uint64_t csv_file_line(const csv_file *file);

/* How far the file has been read, in bytes, and its size; 0 when it has none (a pipe). */
uint64_t csv_file_offset(const csv_file *file);
uint64_t csv_file_size(const csv_file *file);

#endif
