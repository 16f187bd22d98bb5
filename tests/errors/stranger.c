/*
 * stranger DIRECTORY: a program with another schema of the same name as the bank's. Opens the store there, or makes it
 * with one event, and tells how many events it has. For another_schema.txt.
 */
#include <inttypes.h>
#include <stdio.h>

#include "stranger.acta.h"

static acta_verdict
deposit(const bank_Account *account, bank_Deposit command, acta_decision *decision)
{
    (void)account;
    return bank_MoneyDeposited_emit(decision, (bank_MoneyDeposited){ .amount = command.amount });
}

static const bank_Account_aggregate account =
    BANK_ACCOUNT(.execute.Deposit = deposit, .apply.MoneyDeposited = bank_Account_ignore_MoneyDeposited);

static acta_status
look(acta_app *app, acta_error *error)
{
    const bank_Deposit command = { .account_id = acta_str_of("alice"), .amount = acta_str_of("all that I have") };
    acta_status status = ACTA_OK;

    if (acta_store_head(acta_app_store(app)) == 0) status = bank_Deposit_dispatch(app, command, NULL, error);
    if (status == ACTA_OK) printf("%" PRIu64 " events\n", acta_store_head(acta_app_store(app)));
    return status;
}

int
main(int argc, char **argv)
{
    static const acta_aggregate *const aggregates[] = { &account.base, NULL };
    const acta_app_config config = {
        .data_path = argc > 1 ? argv[1] : "data", .schema = &bank_schema, .aggregates = aggregates
    };
    acta_app *app;
    acta_error error;

    acta_status status = acta_app_start(&config, &app, &error);
    if (status == ACTA_OK) {
        status = look(app, &error);
        acta_app_stop(app, 5000, NULL);
    }
    if (status != ACTA_OK) fprintf(stderr, "stranger: %s\n", error.text);
    return status != ACTA_OK;
}
