/*
 * Inline projections: rows that are written with the events, in the transaction of the append.
 *
 *     static acta_status
 *     money_deposited(void *user, bank_MoneyDeposited event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
 *     {
 *         bank_BalanceRow row = { .account_id = event.account_id, .balance = event.balance };
 *         return bank_BalanceRow_put(rows, row, error);
 *     }
 *     static const bank_projection balances = BANK_PROJECTION(.name = "balances", .on = { .MoneyDeposited = money_deposited });
 *     static const acta_projection *const inline_projections[] = { &balances.base, NULL };
 *     const acta_app_config config = { …, .inline_projections = inline_projections };
 *
 *     command --> execute --> events --> apply --> the projection's functions --> one transaction: events, rows
 *
 * It is a projection as any other (handler.h), given in another list; its rows are read as any own read model is. Whoever has
 * the answer to a command finds its rows, without wait_for. What it may do is less:
 *
 *   - It runs in the aggregate's turn, so it sees the events of this one stream, and gets, puts and removes only rows whose
 *     key is the aggregate's identity; any other is ACTA_INVALID.
 *   - What it returns but ACTA_OK is the command's answer, and nothing of it is stored. So it must bear every event.
 *   - An event that is being written has no position and no time yet: of `recorded`, position, stream_id and recorded_at_us are
 *     0 always. What a row needs is in the event.
 *   - .window, .retry_max, .database and .options are not for it, nor wait_for, acta_app_readers and acta_reader_rebuild.
 *   - Its tables are no other projection's: whichever of the two touches one second gets ACTA_INVALID, with the name of the
 *     first. That is the command's answer, or the start's; of another projection the event fails, and is parked.
 *
 * What was there before: the start of the application brings the rows to the end of the log, before any command: all of it for a
 * name that is new; else what came since the last start, or the last orderly stop, as far as it has no rows yet. An event that
 * somebody else appends while the application runs (acta_store_commit) is in the rows with the stream's next command, or the
 * next start. An error ends the start, and names the position.
 */
#ifndef ACTA_PROJECTION_INLINE_H
#define ACTA_PROJECTION_INLINE_H

#include "acta/handler.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Set an inline projection back to nothing: the next start with it makes its rows anew. For rows that are made in another way
 * from now on.
 *   store       open, to be written, and no application runs over it
 *   name        the projection's
 *   row_tables  its read models, the last one NULL
 * Threads: one. Takes memory for the keys of all rows; what they take in one transaction is at most
 * ACTA_TRANSACTION_BYTES_MAX.
 * Errors: ACTA_INVALID: a table is no read model, or there are too many rows for one transaction; those of
 *         acta_row_cursor_open and acta_store_commit. After each but ACTA_UNKNOWN_OUTCOME nothing has changed.
 */
ACTA_API acta_status acta_inline_reset(
    acta_store *store, const char *name, const acta_table *const *row_tables, acta_error *error);

#ifdef __cplusplus
}
#endif
#endif
