/*
 * Transfer: what was asked for, and how it ended. It moves no money itself.
 *
 *     (none) -- RequestTransfer --> requested -- CompleteTransfer --> completed
 *                                       |
 *                                       +-- FailTransfer --> refunded (the money went back) or rejected (none moved)
 *
 * Invariants
 *  - Exactly one end. The same command again changes nothing; another one is rejected.
 *  - A request that can't be right (nothing to move, to oneself) is rejected at once, and leaves no trace.
 */
#include "bank.h"

#include <inttypes.h>

static bool
is_same_request(const bank_Transfer *transfer, const bank_RequestTransfer *command)
{
    return acta_str_equal(transfer->source_id, command->source_id) &&
           acta_str_equal(transfer->target_id, command->target_id) && transfer->amount == command->amount;
}

static acta_verdict
request_transfer(const bank_Transfer *transfer, bank_RequestTransfer command, acta_decision *decision)
{
    if (transfer->phase != bank_Phase_none) {
        if (is_same_request(transfer, &command)) return acta_nothing(decision);
        return bank_reject(decision, bank_Rejection_transfer_already_requested,
            "transfer '" ACTA_FMT "' is one of %" PRId64 " from '" ACTA_FMT "' to '" ACTA_FMT "'",
            ACTA_ARG(command.transfer_id), transfer->amount, ACTA_ARG(transfer->source_id),
            ACTA_ARG(transfer->target_id));
    }
    if (command.amount <= 0)
        return bank_reject(decision, bank_Rejection_amount_not_positive,
            "the amount is %" PRId64 "; it must be at least 1", command.amount);
    if (acta_str_equal(command.source_id, command.target_id))
        return bank_reject(decision, bank_Rejection_same_account, "source and target are both '" ACTA_FMT "'",
            ACTA_ARG(command.source_id));

    return bank_TransferRequested_emit(
        decision, ACTA_INIT(bank_TransferRequested, .transfer_id = command.transfer_id, .source_id = command.source_id,
                      .target_id = command.target_id, .amount = command.amount));
}

static const char *
ended_how(bank_Phase phase)
{
    if (phase == bank_Phase_completed) return "completed";
    return phase == bank_Phase_refunded ? "refunded" : "rejected";
}

/* What an end leads to: nothing when it is the end that the transfer has, a rejection when it has none or another one. */
static acta_verdict
end_again(const bank_Transfer *transfer, acta_str transfer_id, bank_Phase end, acta_decision *decision)
{
    if (transfer->phase == end) return acta_nothing(decision);
    if (transfer->phase == bank_Phase_none)
        return bank_reject(decision, bank_Rejection_transfer_not_requested,
            "nobody requested a transfer '" ACTA_FMT "'", ACTA_ARG(transfer_id));
    return bank_reject(decision, bank_Rejection_transfer_already_ended, "transfer '" ACTA_FMT "' was %s",
        ACTA_ARG(transfer_id), ended_how(transfer->phase));
}

static acta_verdict
complete_transfer(const bank_Transfer *transfer, bank_CompleteTransfer command, acta_decision *decision)
{
    if (transfer->phase != bank_Phase_requested)
        return end_again(transfer, command.transfer_id, bank_Phase_completed, decision);
    return bank_TransferCompleted_emit(decision, ACTA_INIT(bank_TransferCompleted, .transfer_id = command.transfer_id));
}

static acta_verdict
fail_transfer(const bank_Transfer *transfer, bank_FailTransfer command, acta_decision *decision)
{
    if (transfer->phase != bank_Phase_requested)
        return end_again(
            transfer, command.transfer_id, command.refunded ? bank_Phase_refunded : bank_Phase_rejected, decision);
    return bank_TransferFailed_emit(decision, ACTA_INIT(bank_TransferFailed, .transfer_id = command.transfer_id,
                                                  .refunded = command.refunded, .reason = command.reason));
}

static void
transfer_requested(bank_Transfer *transfer, bank_TransferRequested event, acta_memory *memory)
{
    acta_str_assign(&transfer->source_id, event.source_id, memory);
    acta_str_assign(&transfer->target_id, event.target_id, memory);
    transfer->amount = event.amount;
    transfer->phase = bank_Phase_requested;
}

static void
transfer_completed(bank_Transfer *transfer, bank_TransferCompleted event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    transfer->phase = bank_Phase_completed;
}

static void
transfer_failed(bank_Transfer *transfer, bank_TransferFailed event, acta_memory *memory)
{
    acta_str_assign(&transfer->reason, event.reason, memory);
    transfer->phase = event.refunded ? bank_Phase_refunded : bank_Phase_rejected;
}

/* It is asked for, it ends, and nobody needs it any more: so it doesn't stay in memory for long. */
const bank_Transfer_aggregate bank_transfer = BANK_TRANSFER(
    .execute = {
        .RequestTransfer = request_transfer,
        .CompleteTransfer = complete_transfer,
        .FailTransfer = fail_transfer,
    },
    .apply = {
        .TransferRequested = transfer_requested,
        .TransferCompleted = transfer_completed,
        .TransferFailed = transfer_failed,
    },
    .idle_timeout_ms = 5000);
