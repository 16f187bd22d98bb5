/*
 * Accounts and transfers from CSV files, many at a time, each once.
 */
#ifndef BANK_LOAD_H
#define BANK_LOAD_H

#include "acta/app.h"

typedef struct load_counts {
    uint64_t new_count;   /* done by this call */
    uint64_t known_count; /* there before */
    uint64_t bad_count;   /* lines; each was told on stderr as "FILE:LINE:COLUMN: what is wrong" */
} load_counts;

/*
 * Open the accounts of a file of lines `id, owner, initial balance`. A first line of names is passed over.
 *   head_before  the log's head when the program began: what lies behind it is new
 *   counts_out   filled also after an error
 * Errors: ACTA_IO, ACTA_NO_MEMORY, and what ended the dispatching (a store that refuses writes …). Lines that were
 * loaded stay; the same file again goes on with the rest.
 */
acta_status load_accounts(
    acta_app *app, const char *path, uint64_t head_before, load_counts *counts_out, acta_error *error);

/* Request the transfers of a file of lines `id, from, to, amount`. They are requested when it returns, not ended. */
acta_status load_transfers(
    acta_app *app, const char *path, uint64_t head_before, load_counts *counts_out, acta_error *error);

#endif
