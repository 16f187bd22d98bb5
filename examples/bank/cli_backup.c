/*
 * bank backup: a copy of the bank, taken while it is open, that is a bank of its own.
 */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>

static error_t
parse_backup(int key, char *argument, struct argp_state *state)
{
    const char **target = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        if (*target != NULL) argp_error(state, "'%s' is one argument too many", argument);
        *target = argument;
        return 0;
    case ARGP_KEY_END:
        if (*target == NULL || **target == '\0') argp_error(state, "into which new directory?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static acta_status
back_up(cli *c, acta_app *app, void *user, acta_error *error)
{
    const char *const *target = user;
    uint64_t position;

    acta_status status = acta_store_backup(acta_app_store(app), *target, &position, error);
    if (status == ACTA_OK)
        printf("'%s' has all of '%s' up to position %" PRIu64 "; look into it with: bank list --data %s\n", *target,
            c->data_path, position, *target);
    return status;
}

int
cli_backup(cli *c, int argc, char **argv)
{
    const char *target = NULL;

    cli_parse(c, argc, argv, "NEW-DIR",
        "Copy the bank into a directory that doesn't exist yet. The copy is a bank of its own: it can be used, and put "
        "in the place of a lost one.\vExample:\n  bank backup bank-data/copy",
        NULL, parse_backup, &target);
    return cli_with_bank(c, true, back_up, &target);
}
