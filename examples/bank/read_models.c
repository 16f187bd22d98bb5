/*
 * Read models: rows for people, made of events, and no part of any decision.
 *
 *     AccountOpened, MoneyDeposited, MoneyWithdrawn, AccountClosed -> AccountRow, and the roll-up CustomerRow
 *     TransferRequested … TransferFailed, and the withdrawal       -> TransferRow
 *
 * Rows and position are in one transaction, so each event counts once, whatever crashes.
 */
#include "bank.h"

/* What an event changes in the rows of an account and of its customer. */
typedef struct change {
    int64_t balance;
    int open_count;
} change;

static acta_str
status_of(const bank_CustomerRow *customer)
{
    if (customer->open_count > 0) return acta_str_of(customer->balance > 0 ? "active" : "empty");
    return acta_str_of(customer->balance > 0 ? "owed" : "closed");
}

static acta_status
change_customer(acta_str owner, change by, uint32_t new_accounts, acta_rows *rows, acta_error *error)
{
    bank_CustomerRow customer;

    acta_status status = bank_CustomerRow_get(rows, owner, &customer, error);
    if (status == ACTA_NOT_FOUND)
        customer = ACTA_INIT(bank_CustomerRow, .owner = owner);
    else if (status != ACTA_OK)
        return status;
    customer.account_count += new_accounts;
    customer.open_count = (uint32_t)((int)customer.open_count + by.open_count);
    customer.balance += by.balance;
    customer.status = status_of(&customer);
    return bank_CustomerRow_put(rows, customer, error);
}

static acta_status
change_account(acta_str account_id, change by, acta_rows *rows, acta_error *error)
{
    bank_AccountRow account;

    acta_status status = bank_AccountRow_get(rows, account_id, &account, error);
    if (status != ACTA_OK) return status; /* an account's first event opens it */
    account.balance += by.balance;
    account.open = account.open && by.open_count == 0;
    status = bank_AccountRow_put(rows, account, error);
    return status == ACTA_OK ? change_customer(account.owner, by, 0, rows, error) : status;
}

static acta_status
account_opened(void *user, bank_AccountOpened event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    const change by = { .balance = event.initial_balance, .open_count = 1 };

    (void)user;
    (void)recorded;
    acta_status status = bank_AccountRow_put(rows,
        ACTA_INIT(bank_AccountRow, .account_id = event.account_id, .owner = event.owner,
            .balance = event.initial_balance, .open = true),
        error);
    return status == ACTA_OK ? change_customer(event.owner, by, 1, rows, error) : status;
}

static acta_status
money_deposited(
    void *user, bank_MoneyDeposited event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return change_account(event.account_id, (change){ .balance = event.amount }, rows, error);
}

static acta_status
money_withdrawn(
    void *user, bank_MoneyWithdrawn event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return change_account(event.account_id, (change){ .balance = -event.amount }, rows, error);
}

static acta_status
account_closed(void *user, bank_AccountClosed event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return change_account(event.account_id, (change){ .open_count = -1 }, rows, error);
}

/* -- transfers -- */

static acta_status
change_transfer(acta_str transfer_id, bank_Phase phase, acta_str reason, acta_rows *rows, acta_error *error)
{
    bank_TransferRow transfer;

    acta_status status = bank_TransferRow_get(rows, transfer_id, &transfer, error);
    if (status == ACTA_NOT_FOUND) return ACTA_OK; /* somebody named a transfer that was never requested */
    if (status != ACTA_OK) return status;
    /* The withdrawal is in another stream: tried again, it may come when the transfer has ended. */
    if (phase == bank_Phase_withdrawn && transfer.phase != bank_Phase_requested) return ACTA_OK;
    transfer.phase = phase;
    transfer.reason = reason;
    return bank_TransferRow_put(rows, transfer, error);
}

static acta_status
transfer_requested(
    void *user, bank_TransferRequested event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return bank_TransferRow_put(rows,
        ACTA_INIT(bank_TransferRow, .transfer_id = event.transfer_id, .source_id = event.source_id,
            .target_id = event.target_id, .amount = event.amount, .phase = bank_Phase_requested),
        error);
}

static acta_status
transfer_withdrawn(
    void *user, bank_MoneyWithdrawn event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    if (event.transfer_id.size == 0) return ACTA_OK;
    return change_transfer(event.transfer_id, bank_Phase_withdrawn, acta_str_of(NULL), rows, error);
}

static acta_status
transfer_completed(
    void *user, bank_TransferCompleted event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return change_transfer(event.transfer_id, bank_Phase_completed, acta_str_of(NULL), rows, error);
}

static acta_status
transfer_failed(
    void *user, bank_TransferFailed event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    bank_Phase phase = event.refunded ? bank_Phase_refunded : bank_Phase_rejected;
    return change_transfer(event.transfer_id, phase, event.reason, rows, error);
}

/* clang-format off */
const bank_projection bank_account_rows = BANK_PROJECTION(
    .name = "accounts",
    .on = {
        .AccountOpened = account_opened,
        .MoneyDeposited = money_deposited,
        .MoneyWithdrawn = money_withdrawn,
        .AccountClosed = account_closed,
    });

const bank_projection bank_transfer_rows = BANK_PROJECTION(
    .name = "transfers",
    .on = {
        .MoneyWithdrawn = transfer_withdrawn,
        .TransferRequested = transfer_requested,
        .TransferCompleted = transfer_completed,
        .TransferFailed = transfer_failed,
    });
/* clang-format on */

/* -- all parts of the bank -- */

const acta_aggregate *const bank_aggregates[] = { &bank_account.base, &bank_transfer.base, NULL };
const acta_process_manager *const bank_process_managers[] = { &bank_transfers.base, NULL };
const acta_projection *const bank_projections[] = { &bank_account_rows.base, &bank_transfer_rows.base, NULL };
