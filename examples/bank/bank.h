/*
 * The bank's parts, for a program, a test or a simulation to put together:
 *
 *     commands -> bank_account, bank_transfer     aggregates: decide                   (account.c, transfer.c)
 *                     | events
 *                     +-> bank_transfers          process manager: leads a transfer    (transfers.c)
 *                     +-> read models             rows for people                      (read_models.c)
 *
 * The types and their readers, writers and dispatchers are generated from bank.fbs into bank.acta.h.
 */
#ifndef BANK_H
#define BANK_H

#include "bank.acta.h"

/* The largest balance that a deposit may lead to, in minor units. Refunds may go beyond it, so that money on its way
 * back always finds room: it would take more than nine thousand of the largest refunds at once to fill the rest. */
#define BANK_BALANCE_MAX INT64_C(1000000000000000)

extern const bank_Account_aggregate bank_account;
extern const bank_Transfer_aggregate bank_transfer;
extern const bank_Transfers_process_manager bank_transfers;
extern const bank_projection bank_account_rows;  /* AccountRow and CustomerRow */
extern const bank_projection bank_transfer_rows; /* TransferRow */

/* All of them, as acta_app_config wants its lists. */
extern const acta_aggregate *const bank_aggregates[];
extern const acta_process_manager *const bank_process_managers[];
extern const acta_projection *const bank_projections[];
extern const acta_projection *const bank_inline_projections[]; /* BalanceRow */

#endif
