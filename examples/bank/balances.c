/*
 * Balances: an inline projection. Its row of an account is written in the transaction of the account's events, so whoever has the
 * answer to a command finds it, without waiting for anybody; as long as nothing else is needed than this one account.
 *
 *     AccountOpened, MoneyDeposited, MoneyWithdrawn, AccountClosed -> BalanceRow
 */
#include "bank.h"

static acta_status
put_balance(acta_str id, int64_t balance, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    return bank_BalanceRow_put(
        rows, ACTA_INIT(bank_BalanceRow, .account_id = id, .balance = balance, .version = recorded->version), error);
}

static acta_status
account_opened(void *user, bank_AccountOpened event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    return put_balance(event.account_id, event.initial_balance, recorded, rows, error);
}

static acta_status
money_deposited(
    void *user, bank_MoneyDeposited event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    return put_balance(event.account_id, event.balance, recorded, rows, error);
}

static acta_status
money_withdrawn(
    void *user, bank_MoneyWithdrawn event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    return put_balance(event.account_id, event.balance, recorded, rows, error);
}

static acta_status
account_closed(void *user, bank_AccountClosed event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    bank_BalanceRow row = { .version = 0 };
    (void)user;

    acta_status status = bank_BalanceRow_get(rows, event.account_id, &row, error);
    return status == ACTA_OK ? put_balance(event.account_id, row.balance, recorded, rows, error) : status;
}

/* clang-format off */
static const bank_projection balances = BANK_PROJECTION(
    .name = "balances",
    .on = {
        .AccountOpened = account_opened,
        .MoneyDeposited = money_deposited,
        .MoneyWithdrawn = money_withdrawn,
        .AccountClosed = account_closed,
    });
/* clang-format on */

const acta_projection *const bank_inline_projections[] = { &balances.base, NULL };
