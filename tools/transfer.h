/*
 * The lines of acta export and acta import (docs/transfer.md): one of each kind written, and read strictly.
 */
#ifndef TOOLS_TRANSFER_H
#define TOOLS_TRANSFER_H

#include <stdio.h>

#include "acta/memory.h"
#include "acta/transfer.h"

#include "json.h"

enum { TRANSFER_FORMAT = 1 };

/* Rows of schemas lie ahead of the events, so that these can be read; all others behind them. */
typedef enum transfer_kind { TRANSFER_HEAD, TRANSFER_ROW, TRANSFER_ENTRY, TRANSFER_END } transfer_kind;

typedef struct transfer_line {
    transfer_kind kind;
    uint64_t from, to; /* head: positions of the first and the last entry. End: `to` */
    bool has_rows;     /* head: all rows come along */
    acta_table_row row;
    acta_entry entry;
} transfer_line;

/* Tables whose rows belong to the log: the schemas that it was written with. Ended by NULL. */
extern const char *const transfer_tables[];
bool transfer_is_of_log(acta_str table);

/* As a line, with its sum and its '\n'; in the memory. ACTA_NO_MEMORY. */
acta_status transfer_write(const transfer_line *line, acta_memory *memory, acta_str *text_out, acta_error *error);

/* A line without its '\n'. What it gives lies in the memory, or is a view of the text.
 * Errors: ACTA_INVALID and what was expected; ACTA_NO_MEMORY */
acta_status transfer_read(acta_str text, acta_memory *memory, transfer_line *line_out, acta_error *error);

/*
 * What an event has beside its payload and other stores have no place for: command_id, tags, metadata or metadata_base64, as
 * an entry's line has them, in an object of their own. Others of the event stay as they are.
 * Errors: ACTA_INVALID and what was expected; ACTA_NO_MEMORY
 */
acta_status transfer_read_beside(
    const json_value *object, acta_memory *memory, acta_recorded *event, acta_error *error);

/*
 * Each line of a file, without its '\n', until one isn't taken.
 *   memory      cleared behind each line
 *   number_out  of the line at hand, from 1
 * Errors: those of `take`; ACTA_IO
 */
acta_status transfer_each_line(FILE *file, acta_memory *memory, uint64_t *number_out,
    acta_status (*take)(void *user, acta_str text, acta_error *error), void *user, acta_error *error);

#endif
