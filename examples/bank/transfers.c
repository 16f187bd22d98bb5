/*
 * Transfers: leads each transfer through its two accounts, to exactly one end.
 *
 *     TransferRequested --Withdraw--> MoneyWithdrawn --Deposit--> MoneyDeposited --CompleteTransfer--> completed
 *            |                               |
 *            | refused                       | refused by the target
 *            v                               v
 *     FailTransfer --> rejected       Deposit (refund) to the source --> MoneyDeposited --FailTransfer--> refunded
 *
 * Invariants
 *  - A refund is not a completion: what a deposit means is told by its reason and its account, not by its coming.
 *  - Only a refusal turns a transfer round. What may pass (a full queue, a timeout, a failed write) is tried again.
 *  - A refund is never given up: it is tried until it is through, and parks its transfer for people to see otherwise.
 *
 * Not here: that a command takes effect once, whatever crashes between (the framework's outbox and derived ids).
 */
#include "bank.h"

#include <stdio.h>

/* Anybody may name a transfer in a command of his own: only what this transfer waits for counts. */
static bool
is_our_withdrawal(const bank_Transfers *transfer, const bank_MoneyWithdrawn *event)
{
    return transfer->phase == bank_Phase_requested && acta_str_equal(event->account_id, transfer->source_id) &&
           event->amount == transfer->amount;
}

static bool
is_our_deposit(const bank_Transfers *transfer, const bank_MoneyDeposited *event)
{
    acta_str account_id = event->reason == bank_Reason_refund ? transfer->source_id : transfer->target_id;
    return transfer->phase == bank_Phase_withdrawn && event->reason != bank_Reason_deposit &&
           acta_str_equal(event->account_id, account_id) && event->amount == transfer->amount;
}

static void
withdraw_from_source(const bank_Transfers *transfer, bank_TransferRequested event, acta_commands *commands)
{
    (void)transfer;
    bank_Withdraw_send(commands, ACTA_INIT(bank_Withdraw, .account_id = event.source_id, .amount = event.amount,
                                     .transfer_id = event.transfer_id));
}

static void
requested(bank_Transfers *transfer, bank_TransferRequested event, acta_memory *memory)
{
    acta_str_assign(&transfer->source_id, event.source_id, memory);
    acta_str_assign(&transfer->target_id, event.target_id, memory);
    transfer->amount = event.amount;
    transfer->phase = bank_Phase_requested;
}

static void
deposit_to_target(const bank_Transfers *transfer, bank_MoneyWithdrawn event, acta_commands *commands)
{
    if (!is_our_withdrawal(transfer, &event)) return;
    bank_Deposit_send(commands, ACTA_INIT(bank_Deposit, .account_id = transfer->target_id, .amount = transfer->amount,
                                    .reason = bank_Reason_transfer, .transfer_id = event.transfer_id));
}

static void
withdrawn(bank_Transfers *transfer, bank_MoneyWithdrawn event, acta_memory *memory)
{
    (void)memory;
    if (is_our_withdrawal(transfer, &event)) transfer->phase = bank_Phase_withdrawn;
}

static void
complete_or_fail(const bank_Transfers *transfer, bank_MoneyDeposited event, acta_commands *commands)
{
    if (!is_our_deposit(transfer, &event)) return;
    if (event.reason == bank_Reason_refund)
        bank_FailTransfer_send(commands,
            ACTA_INIT(bank_FailTransfer, .transfer_id = event.transfer_id, .refunded = true, .reason = event.note));
    else
        bank_CompleteTransfer_send(commands, ACTA_INIT(bank_CompleteTransfer, .transfer_id = event.transfer_id));
}

/* What was cut to fit may end within a character. */
static acta_str
whole_characters(const char *text)
{
    acta_str s = acta_str_of(text);
    while (!acta_str_is_utf8(s))
        s.size--;
    return s;
}

static acta_failure_action
fail_transfer(const acta_failure *failure, acta_str why, acta_commands *commands)
{
    bank_Withdraw refused;
    bank_Withdraw_read(failure->payload, &refused);
    bank_FailTransfer_send(commands, ACTA_INIT(bank_FailTransfer, .transfer_id = refused.transfer_id, .reason = why));
    return ACTA_FAILURE_REPLACE;
}

static acta_failure_action
give_back(const bank_Transfers *transfer, const acta_failure *failure, acta_str why, acta_commands *commands)
{
    bank_Deposit refused;
    bank_Deposit_read(failure->payload, &refused);
    if (refused.reason == bank_Reason_refund) return ACTA_FAILURE_RETRY;

    bank_Deposit_send(commands, ACTA_INIT(bank_Deposit, .account_id = transfer->source_id, .amount = transfer->amount,
                                    .reason = bank_Reason_refund, .transfer_id = refused.transfer_id, .note = why));
    return ACTA_FAILURE_REPLACE;
}

static acta_failure_action
refund_or_retry(const bank_Transfers *transfer, const acta_failure *failure, acta_commands *commands)
{
    char text[ACTA_ERROR_TEXT_MAX + ACTA_ERROR_WHERE_MAX];

    /* ACTA_INVALID: no account can have such a name. */
    if (failure->status != ACTA_REJECTED && failure->status != ACTA_INVALID) return ACTA_FAILURE_RETRY;

    bool is_named = failure->rejection[0] != '\0';
    snprintf(text, sizeof text, "%s%s%s", failure->rejection, is_named ? ": " : "", failure->text);
    acta_str why = whole_characters(text);
    if (failure->command == &bank_Withdraw_table) return fail_transfer(failure, why, commands);
    if (failure->command == &bank_Deposit_table) return give_back(transfer, failure, why, commands);

    return ACTA_FAILURE_SKIP; /* the transfer has ended: somebody else told it so */
}

const bank_Transfers_process_manager bank_transfers = BANK_TRANSFERS(
    .on = {
        .TransferRequested = { .start = bank_TransferRequested_transfer_id,
            .handle = withdraw_from_source, .apply = requested, },
        .MoneyWithdrawn = { .go_on = bank_MoneyWithdrawn_transfer_id, .handle = deposit_to_target, .apply = withdrawn },
        .MoneyDeposited = { .go_on = bank_MoneyDeposited_transfer_id, .handle = complete_or_fail },
        .TransferCompleted = { .stop = bank_TransferCompleted_transfer_id },
        .TransferFailed = { .stop = bank_TransferFailed_transfer_id },
    },
    .error = refund_or_retry,
    .idle_timeout_ms = 5000);
