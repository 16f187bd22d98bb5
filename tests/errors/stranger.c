/*
 * stranger DIRECTORY: a program with another schema of the same name as the bank's. Opens the store there, or makes it
 * with one event, and tells how many events it has. For another_schema.txt.
 */
#include "acta/store.h"

#include <inttypes.h>
#include <stdio.h>

static acta_status
append_one(acta_store *store, acta_error *error)
{
    acta_transaction *transaction = acta_transaction_create(store);
    const acta_event event = { .type = acta_str_of("bank.Robbed") };

    acta_transaction_append(transaction, acta_str_of("Account-alice"), ACTA_NO_STREAM, &event, 1);
    return acta_store_commit(store, transaction, NULL, error);
}

int
main(int argc, char **argv)
{
    const acta_store_config config = { .path = argc > 1 ? argv[1] : "data", .schema_name = "bank", .schema_hash = 1 };
    acta_store *store;
    acta_error error;

    acta_status status = acta_store_open(&config, &store, &error);
    if (status == ACTA_OK) {
        if (acta_store_head(store) == 0) status = append_one(store, &error);
        printf("%" PRIu64 " events\n", acta_store_head(store));
        acta_store_close(store);
    }
    if (status != ACTA_OK) fprintf(stderr, "stranger: %s\n", error.text);
    return status != ACTA_OK;
}
