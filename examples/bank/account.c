/*
 * Account: holds money, and never less than none.
 *
 *     (never opened) -- OpenAccount --> open -- CloseAccount, when empty --> closed
 *                                       |  ^                                   ^
 *                      Withdraw, Deposit +--+              Deposit (a refund) --+
 *
 * Invariants
 *  - 0 <= balance, and no sum overflows: amounts are compared with the room that is left, never added first.
 *  - A refund is taken by an account that is closed, too: the money came from it and has no other home.
 *
 * Not here: that a transfer takes money once and brings it once (transfers.c, and the ids of its commands).
 */
#include "bank.h"

#include <inttypes.h>

static acta_verdict
reject_not_open(const bank_Account *account, acta_str account_id, acta_decision *decision)
{
    return bank_reject(decision, bank_Rejection_account_not_open,
        account->closed ? "account '" ACTA_FMT "' is closed" : "there is no account '" ACTA_FMT "'",
        ACTA_ARG(account_id));
}

static acta_verdict
reject_amount(int64_t amount, acta_decision *decision)
{
    return bank_reject(
        decision, bank_Rejection_amount_not_positive, "the amount is %" PRId64 "; it must be at least 1", amount);
}

static acta_verdict
open_account(const bank_Account *account, bank_OpenAccount command, acta_decision *decision)
{
    if (account->open || account->closed)
        return bank_reject(decision, bank_Rejection_account_already_open, "account '" ACTA_FMT "' %s",
            ACTA_ARG(command.account_id),
            account->open ? "is open already" : "is closed; a number isn't given out twice");
    if (command.initial_balance < 0)
        return bank_reject(decision, bank_Rejection_amount_not_positive,
            "the initial balance is %" PRId64 "; it must be at least 0", command.initial_balance);
    if (command.initial_balance > BANK_BALANCE_MAX)
        return bank_reject(decision, bank_Rejection_balance_too_large,
            "the initial balance is %" PRId64 "; an account holds at most %" PRId64, command.initial_balance,
            BANK_BALANCE_MAX);

    /* An account for which nobody is named is its own customer. */
    acta_str owner = command.owner.size > 0 ? command.owner : command.account_id;
    return bank_AccountOpened_emit(decision, ACTA_INIT(bank_AccountOpened, .account_id = command.account_id,
                                                 .owner = owner, .initial_balance = command.initial_balance));
}

static acta_verdict
deposit(const bank_Account *account, bank_Deposit command, acta_decision *decision)
{
    bool is_refund = command.reason == bank_Reason_refund;
    int64_t balance_max = is_refund ? INT64_MAX : BANK_BALANCE_MAX;

    if (!account->open && !(is_refund && account->closed))
        return reject_not_open(account, command.account_id, decision);
    if (command.amount <= 0) return reject_amount(command.amount, decision);
    if (command.amount > balance_max - account->balance)
        return bank_reject(decision, bank_Rejection_balance_too_large,
            "the balance is %" PRId64 ", and an account holds at most %" PRId64, account->balance, balance_max);

    return bank_MoneyDeposited_emit(
        decision, ACTA_INIT(bank_MoneyDeposited, .account_id = command.account_id, .amount = command.amount,
                      .balance = account->balance + command.amount, .reason = command.reason,
                      .transfer_id = command.transfer_id, .note = command.note));
}

static acta_verdict
withdraw(const bank_Account *account, bank_Withdraw command, acta_decision *decision)
{
    if (!account->open) return reject_not_open(account, command.account_id, decision);
    if (command.amount <= 0) return reject_amount(command.amount, decision);
    if (command.amount > account->balance)
        return bank_reject(decision, bank_Rejection_insufficient_funds, "the balance is %" PRId64, account->balance);

    return bank_MoneyWithdrawn_emit(
        decision, ACTA_INIT(bank_MoneyWithdrawn, .account_id = command.account_id, .amount = command.amount,
                      .balance = account->balance - command.amount, .transfer_id = command.transfer_id));
}

static acta_verdict
close_account(const bank_Account *account, bank_CloseAccount command, acta_decision *decision)
{
    if (!account->open) return reject_not_open(account, command.account_id, decision);
    if (account->balance != 0)
        return bank_reject(decision, bank_Rejection_account_not_empty, "the balance is %" PRId64 "; withdraw it first",
            account->balance);

    return bank_AccountClosed_emit(decision, ACTA_INIT(bank_AccountClosed, .account_id = command.account_id));
}

static void
account_opened(bank_Account *account, bank_AccountOpened event, acta_memory *memory)
{
    acta_str_assign(&account->owner, event.owner, memory);
    account->open = true;
    account->balance = event.initial_balance;
}

static void
money_deposited(bank_Account *account, bank_MoneyDeposited event, acta_memory *memory)
{
    (void)memory;
    account->balance = event.balance;
}

static void
money_withdrawn(bank_Account *account, bank_MoneyWithdrawn event, acta_memory *memory)
{
    (void)memory;
    account->balance = event.balance;
}

static void
account_closed(bank_Account *account, bank_AccountClosed event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    account->open = false;
    account->closed = true;
}

const bank_Account_aggregate bank_account = BANK_ACCOUNT(
    .execute = {
        .OpenAccount = open_account,
        .Deposit = deposit,
        .Withdraw = withdraw,
        .CloseAccount = close_account,
    },
    .apply = {
        .AccountOpened = account_opened,
        .MoneyDeposited = money_deposited,
        .MoneyWithdrawn = money_withdrawn,
        .AccountClosed = account_closed,
    });
