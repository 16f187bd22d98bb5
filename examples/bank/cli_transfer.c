/*
 * bank transfer, which waits for the transfer's end, and bank dispatch, the door to every command.
 */
#include "bank.h"
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>

typedef struct transfer_order {
    const char *source_id, *target_id;
    const char *transfer_id; /* NULL: made up */
    int64_t amount;
} transfer_order;

static error_t
parse_transfer(int key, char *argument, struct argp_state *state)
{
    transfer_order *o = state->input;

    switch (key) {
    case 'i':
        if (argument[0] == '\0') argp_error(state, "--id needs a name");
        o->transfer_id = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            o->source_id = argument;
        else if (state->arg_num == 1)
            o->target_id = argument;
        else if (state->arg_num == 2)
            o->amount = cli_parse_money("AMOUNT", argument, state);
        else
            argp_error(state, "'%s' is one argument too many", argument);
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num == 0 || o->source_id[0] == '\0') argp_error(state, "from which account?");
        if (state->arg_num == 1 || o->target_id[0] == '\0') argp_error(state, "to which account?");
        if (state->arg_num == 2) argp_error(state, "how much?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int64_t
balance_of(acta_app *app, const char *account_id)
{
    bank_Account account;
    acta_status status = bank_Account_read(app, acta_str_of(account_id), &account, NULL, NULL);
    return status == ACTA_OK ? account.balance : 0;
}

static acta_status
tell_end(acta_app *app, const transfer_order *o, const bank_Transfer *transfer, acta_error *error)
{
    switch (transfer->phase) {
    case bank_Phase_completed:
        printf("transfer %s completed: %s has %" PRId64 ", %s has %" PRId64 "\n", o->transfer_id, o->source_id,
            balance_of(app, o->source_id), o->target_id, balance_of(app, o->target_id));
        return ACTA_OK;
    case bank_Phase_refunded:
        return acta_error_set(error, ACTA_FAILED, "transfer %s was refunded: " ACTA_FMT "; %s has %" PRId64,
            o->transfer_id, ACTA_ARG(transfer->reason), o->source_id, balance_of(app, o->source_id));
    case bank_Phase_rejected:
        return acta_error_set(
            error, ACTA_FAILED, "transfer %s was rejected: " ACTA_FMT, o->transfer_id, ACTA_ARG(transfer->reason));
    default:
        return acta_error_set(error, ACTA_TIMEOUT,
            "transfer %s is on its way; bank list --transfers tells when it has ended", o->transfer_id);
    }
}

static acta_status
transfer(cli *c, acta_app *app, void *user, acta_error *error)
{
    const transfer_order *o = user;
    bank_Transfer result = { 0 };

    (void)c;
    acta_status status = bank_RequestTransfer_dispatch(app,
        ACTA_INIT(bank_RequestTransfer, .transfer_id = acta_str_of(o->transfer_id),
            .source_id = acta_str_of(o->source_id), .target_id = acta_str_of(o->target_id), .amount = o->amount),
        NULL, error);
    if (status != ACTA_OK) return status;

    status = cli_settle(app, NULL, NULL, error);
    if (status != ACTA_OK)
        return acta_error_prefix(error, status, "transfer %s is requested, and not ended: ", o->transfer_id);
    acta_memory *memory = acta_memory_create(NULL);
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory");
    status = bank_Transfer_read(app, acta_str_of(o->transfer_id), &result, memory, error);
    if (status == ACTA_OK) status = tell_end(app, o, &result, error);
    acta_memory_destroy(memory);
    return status;
}

int
cli_transfer(cli *c, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "id", 'i', "ID", 0, "The transfer's id (default: made up); the same one again changes nothing", 0 },
        { 0 },
    };
    const acta_environment environment = acta_environment_or_default(NULL);
    char id_text[ACTA_ID_TEXT_SIZE];
    char made_up[sizeof "t-" + 8];
    transfer_order o = { 0 };

    cli_parse(c, argc, argv, "FROM TO AMOUNT",
        "Move money from one account to another, and wait until it is there; the amount is in minor units."
        "\vExamples:\n  bank transfer alice bob 80\n  bank transfer alice bob 80 --id invoice-17",
        options, parse_transfer, &o);
    if (o.transfer_id == NULL) {
        snprintf(made_up, sizeof made_up, "t-%.8s", acta_id_format(acta_id_random(&environment.random), id_text));
        o.transfer_id = made_up;
    }
    return cli_with_bank(c, true, transfer, &o);
}

/* -- dispatch -- */

typedef struct dispatch_order {
    cli *c; /* keeps --id */
    const char *command, *json;
    bool is_wrong; /* the command or its JSON: wrong usage, rather than a failure */
} dispatch_order;

static error_t
parse_dispatch(int key, char *argument, struct argp_state *state)
{
    dispatch_order *o = state->input;

    switch (key) {
    case 'i':
        o->c->command_name = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0)
            o->command = argument;
        else if (state->arg_num == 1)
            o->json = argument;
        else
            argp_error(state, "'%s' is one argument too many; put the JSON in quotes", argument);
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num == 0) argp_error(state, "which command?");
        if (state->arg_num == 1) argp_error(state, "with what? {} is the empty JSON");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static acta_status
dispatch(cli *c, acta_app *app, void *user, acta_error *error)
{
    dispatch_order *o = user;
    uint64_t version = 0, position = 0;
    acta_dispatch_options options = { .timeout_ms = CLI_ANSWER_MS, .version_out = &version, .position_out = &position };

    if (c->command_name != NULL) options.command_id = acta_id_of(acta_str_of(c->command_name));
    acta_status status = acta_dispatch_json(app, acta_str_of(o->command), acta_str_of(o->json), &options, error);
    o->is_wrong = status == ACTA_INVALID;
    if (status != ACTA_OK) return status;
    if (position == 0)
        printf("accepted; nothing had to change\n");
    else
        printf("done: version %" PRIu64 ", position %" PRIu64 "\n", version, position);
    return ACTA_OK;
}

int
cli_dispatch(cli *c, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "id", 'i', "NAME", 0, "A name of your own for this command: given again with it, it is not done twice", 0 },
        { 0 },
    };
    dispatch_order o = { .c = c };

    cli_parse(c, argc, argv, "COMMAND JSON",
        "Dispatch a command of the schema (bank.fbs) by its name, with its fields as JSON.\vExamples:\n"
        "  bank dispatch OpenAccount '{\"account_id\": \"alice\", \"initial_balance\": 100}'\n"
        "  bank dispatch Deposit '{\"account_id\": \"alice\", \"amount\": 20}' --id payslip",
        options, parse_dispatch, &o);
    int exit_status = cli_with_bank(c, false, dispatch, &o);
    return o.is_wrong ? EXIT_USAGE : exit_status;
}
