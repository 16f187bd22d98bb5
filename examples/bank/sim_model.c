/*
 * The sequential model of the bank. See sim_model.h.
 */
#include "sim_model.h"

static const int64_t LARGEST_BALANCE = INT64_C(1000000000000000);

static bank_effect
reject(bank_Rejection rejection)
{
    return (bank_effect){ .rejection = (uint32_t)rejection };
}

static const bank_effect accept = { 0 }, nothing = { .is_nothing = true };

static bank_effect
open_account(const bank_OpenAccount *command, const bank_moment *before)
{
    if (before->open || before->closed) return reject(bank_Rejection_account_already_open);
    if (command->initial_balance < 0) return reject(bank_Rejection_amount_not_positive);
    if (command->initial_balance > LARGEST_BALANCE) return reject(bank_Rejection_balance_too_large);
    return accept;
}

/* Of a client: refunds are the process manager's. */
static bank_effect
deposit(const bank_Deposit *command, const bank_moment *before)
{
    if (!before->open) return reject(bank_Rejection_account_not_open);
    if (command->amount <= 0) return reject(bank_Rejection_amount_not_positive);
    /* A refund may have led to more than the largest balance. */
    if (before->balance > LARGEST_BALANCE || command->amount > LARGEST_BALANCE - before->balance)
        return reject(bank_Rejection_balance_too_large);
    return accept;
}

static bank_effect
withdraw(const bank_Withdraw *command, const bank_moment *before)
{
    if (!before->open) return reject(bank_Rejection_account_not_open);
    if (command->amount <= 0) return reject(bank_Rejection_amount_not_positive);
    if (command->amount > before->balance) return reject(bank_Rejection_insufficient_funds);
    return accept;
}

static bank_effect
close_account(const bank_moment *before)
{
    if (!before->open) return reject(bank_Rejection_account_not_open);
    if (before->balance != 0) return reject(bank_Rejection_account_not_empty);
    return accept;
}

static bank_effect
request_transfer(const bank_RequestTransfer *command, const bank_stream *stream, const bank_moment *before)
{
    if (before->phase != bank_Phase_none) {
        bool is_same = acta_str_equal(command->source_id, acta_str_of(stream->source_id)) &&
                       acta_str_equal(command->target_id, acta_str_of(stream->target_id)) &&
                       command->amount == stream->amount;
        return is_same ? nothing : reject(bank_Rejection_transfer_already_requested);
    }
    if (command->amount <= 0) return reject(bank_Rejection_amount_not_positive);
    if (acta_str_equal(command->source_id, command->target_id)) return reject(bank_Rejection_same_account);
    return accept;
}

bank_effect
bank_model(const bank_ask *ask, const bank_stream *stream, const bank_moment *before)
{
    if (ask->command == &bank_OpenAccount_table) return open_account(&ask->value.open, before);
    if (ask->command == &bank_Deposit_table) return deposit(&ask->value.deposit, before);
    if (ask->command == &bank_Withdraw_table) return withdraw(&ask->value.withdraw, before);
    if (ask->command == &bank_CloseAccount_table) return close_account(before);
    return request_transfer(&ask->value.transfer, stream, before);
}
