/*
 * Two accounts and one transfer, on a durable log in ./bank-data.
 *
 *     $ build/examples/hello/hello
 *     alice has 20, bob has 80
 *
 * Run it again: the log remembers both accounts, and the transfer is not made twice. The accounts, the transfer and the
 * process manager that leads it are those of examples/bank.
 */
#include "acta/acta.h"
#include "bank.h"

#include <inttypes.h>
#include <stdio.h>

static const acta_aggregate *const aggregates[] = { &bank_account.base, &bank_transfer.base, NULL };
static const acta_process_manager *const process_managers[] = { &bank_transfers.base, NULL };

static acta_status
open_account(acta_app *app, const char *id, int64_t balance, acta_error *error)
{
    bank_OpenAccount command = { .account_id = acta_str_of(id), .initial_balance = balance };

    acta_status status = bank_OpenAccount_dispatch(app, command, NULL, error);
    if (status == ACTA_REJECTED && error->code == bank_Rejection_account_already_open) return ACTA_OK;
    return status;
}

static acta_status
run_bank(acta_app *app, acta_error *error)
{
    bank_RequestTransfer transfer = { .transfer_id = acta_str_of("t-1"),
        .source_id = acta_str_of("alice"),
        .target_id = acta_str_of("bob"),
        .amount = 80 };
    bank_Account alice, bob;

    acta_status status = open_account(app, "alice", 100, error);
    if (status == ACTA_OK) status = open_account(app, "bob", 0, error);
    if (status == ACTA_OK) status = bank_RequestTransfer_dispatch(app, transfer, NULL, error);
    if (status == ACTA_OK) status = acta_app_settle(app, 5000, error); /* all readers at the head, all outboxes empty */
    if (status == ACTA_OK) status = bank_Account_read(app, acta_str_of("alice"), &alice, NULL, error);
    if (status == ACTA_OK) status = bank_Account_read(app, acta_str_of("bob"), &bob, NULL, error);
    if (status == ACTA_OK) printf("alice has %" PRId64 ", bob has %" PRId64 "\n", alice.balance, bob.balance);
    return status;
}

int
main(void)
{
    const acta_app_config config = {
        .data_path = "bank-data", .schema = &bank_schema, .aggregates = aggregates, .process_managers = process_managers
    };
    acta_error error;
    acta_app *app;

    acta_status status = acta_app_start(&config, &app, &error);
    if (status == ACTA_OK) {
        status = run_bank(app, &error);
        acta_app_stop(app, 5000, NULL); /* every reply that was given is on disk already */
    }
    if (status != ACTA_OK) fprintf(stderr, "hello: %s\n", error.text);
    return status != ACTA_OK;
}
