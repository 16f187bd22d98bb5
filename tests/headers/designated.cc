// User code as it is written in C, in C++20: designated initialisers of configurations, commands, aggregates and process
// managers, in the schema's order, with everything left out zero. Compiled, not run: tests/headers.sh.
#include "acta/acta.h"
#include "acta/test.h"
#include "bank.acta.h"

static acta_verdict
open_account(const bank_Account *account, bank_OpenAccount command, acta_decision *decision)
{
    if (account->open) return bank_reject(decision, bank_Rejection_account_already_open, "it is open already");
    return bank_AccountOpened_emit(decision,
        ACTA_INIT(bank_AccountOpened, .account_id = command.account_id, .initial_balance = command.initial_balance));
}

static acta_verdict
withdraw(const bank_Account *account, bank_Withdraw command, acta_decision *decision)
{
    return bank_MoneyWithdrawn_emit(
        decision, ACTA_INIT(bank_MoneyWithdrawn, .account_id = command.account_id, .amount = command.amount,
                      .balance = account->balance - command.amount));
}

static void
account_opened(bank_Account *account, bank_AccountOpened event, acta_memory *memory)
{
    acta_str_assign(&account->owner, event.owner, memory);
    account->open = true;
    account->balance = event.initial_balance;
}

extern const bank_Account_aggregate account_in_cpp;
const bank_Account_aggregate account_in_cpp =
    BANK_ACCOUNT(.execute = { .OpenAccount = open_account, .Withdraw = withdraw },
        .apply = { .AccountOpened = account_opened, .MoneyDeposited = bank_Account_ignore_MoneyDeposited },
        .snapshot_every = 1000);

static void
withdraw_from_source(const bank_Transfers *transfer, bank_TransferRequested event, acta_commands *commands)
{
    (void)transfer;
    bank_Withdraw_send(commands, ACTA_INIT(bank_Withdraw, .account_id = event.source_id, .amount = event.amount));
}

extern const bank_Transfers_process_manager transfers_in_cpp;
const bank_Transfers_process_manager transfers_in_cpp =
    BANK_TRANSFERS(.on = { .TransferRequested = { .start = bank_TransferRequested_transfer_id,
                               .handle = withdraw_from_source },
                       .TransferCompleted = { .stop = bank_TransferCompleted_transfer_id } });

acta_status start(acta_app **app_out, acta_error *error);

acta_status
start(acta_app **app_out, acta_error *error)
{
    static const acta_aggregate *const aggregates[] = { &account_in_cpp.base, nullptr };
    const acta_app_config config =
        ACTA_INIT(acta_app_config, .data_path = "bank-data", .schema = &bank_schema, .aggregates = aggregates);
    const acta_dispatch_options options = ACTA_INIT(acta_dispatch_options, .timeout_ms = 1000);

    acta_status status = acta_app_start(&config, app_out, error);
    if (status != ACTA_OK) return status;
    return bank_Deposit_dispatch(
        *app_out, ACTA_INIT(bank_Deposit, .account_id = acta_str_of("alice"), .amount = 1), &options, error);
}

void given_when_then();

void
given_when_then()
{
    ACTA_GIVEN(&account_in_cpp, bank_AccountOpened, .account_id = S("A"), .initial_balance = 100);
    ACTA_WHEN(&account_in_cpp, bank_Withdraw, .account_id = S("A"), .amount = 80);
    ACTA_THEN(&account_in_cpp, bank_MoneyWithdrawn, .account_id = S("A"), .amount = 80, .balance = 20);
}
