/*
 * bank open, deposit, withdraw, close, show, statement: one account each.
 */
#include "bank.h"
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum {
    OPTION_UNTIL = 'u',
    OPTION_OWNER = 'o',
    OPTION_BALANCE = 'b',
    OPTION_ID = 'i',
    OPTION_LAST = 'n',
    LAST_DEFAULT = 10
};
enum { LAST_MAX = 1000000 };

typedef struct order {
    const char *account_id;
    const char *owner;
    cli *c; /* keeps --id */
    int64_t amount;
    uint32_t last_count;
    const char *until; /* of a statement */
    int64_t until_us;  /* 0: all */
    bool has_amount;
    bool wants_amount;
} order;

/* The end of the second that is named: what was recorded in it belongs to it. */
static int64_t
parse_time(const char *text, const struct argp_state *state)
{
    struct tm utc = { 0 };
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &utc);

    int day = utc.tm_mday;
    time_t at = timegm(&utc); /* makes March of the 30th of February */

    if (rest == NULL || *rest != '\0' || utc.tm_mday != day)
        argp_error(state, "'%s' is no time; one is written as 2026-11-21T10:30:00Z, in UTC", text);
    return (int64_t)at * 1000000 + 999999;
}

static error_t
parse_order(int key, char *argument, struct argp_state *state)
{
    order *o = state->input;

    switch (key) {
    case OPTION_OWNER:
        o->owner = argument;
        return 0;
    case OPTION_BALANCE:
        o->amount = cli_parse_money("--balance", argument, state);
        return 0;
    case OPTION_ID:
        o->c->command_name = argument;
        return 0;
    case OPTION_LAST:
        o->last_count = cli_parse_count("--last", argument, 1, LAST_MAX, state);
        return 0;
    case OPTION_UNTIL:
        o->until = argument;
        o->until_us = parse_time(argument, state);
        return 0;
    case ARGP_KEY_ARG:
        if (o->account_id == NULL)
            o->account_id = argument;
        else if (o->wants_amount && !o->has_amount) {
            o->amount = cli_parse_money("AMOUNT", argument, state);
            o->has_amount = true;
        } else
            argp_error(state, "'%s' is one argument too many", argument);
        return 0;
    case ARGP_KEY_END:
        if (o->account_id == NULL || o->account_id[0] == '\0') argp_error(state, "which account?");
        if (o->wants_amount && !o->has_amount) argp_error(state, "how much?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

#define ID_OPTION                                                                                                      \
    {                                                                                                                  \
        "id", OPTION_ID, "NAME", 0, "A name of your own for this command: given again with it, it is not done twice",  \
            0                                                                                                          \
    }

static acta_dispatch_options
options_of(const cli *c)
{
    acta_dispatch_options options = { .timeout_ms = CLI_ANSWER_MS };
    if (c->command_name != NULL) options.command_id = acta_id_of(acta_str_of(c->command_name));
    return options;
}

/* What it has now, read back: an answer that was given before may be old. */
static acta_status
print_balance(acta_app *app, const char *account_id, acta_error *error)
{
    bank_Account account;
    acta_status status = bank_Account_read(app, acta_str_of(account_id), &account, NULL, error);
    if (status == ACTA_OK) printf("%s has %" PRId64 "\n", account_id, account.balance);
    return status;
}

/* -- open -- */

static acta_status
open_account(cli *c, acta_app *app, void *user, acta_error *error)
{
    const order *o = user;
    acta_dispatch_options options = options_of(c);

    acta_status status = bank_OpenAccount_dispatch(app,
        ACTA_INIT(bank_OpenAccount, .account_id = acta_str_of(o->account_id), .owner = acta_str_of(o->owner),
            .initial_balance = o->amount),
        &options, error);
    if (status == ACTA_OK) printf("%s is open with %" PRId64 "\n", o->account_id, o->amount);
    return status;
}

int
cli_open(cli *c, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "owner", OPTION_OWNER, "NAME", 0, "The customer (default: the account's id)", 0 },
        { "balance", OPTION_BALANCE, "N", 0, "What it begins with, in minor units (default: 0)", 0 },
        ID_OPTION,
        { 0 },
    };
    order o = { .c = c };

    cli_parse(c, argc, argv, "ID",
        "Open an account.\vExamples:\n  bank open alice --balance 100\n  bank open alice-savings --owner alice",
        options, parse_order, &o);
    return cli_with_bank(c, false, open_account, &o);
}

/* -- deposit, withdraw, close -- */

static acta_status
deposit(cli *c, acta_app *app, void *user, acta_error *error)
{
    const order *o = user;
    acta_dispatch_options options = options_of(c);

    acta_status status = bank_Deposit_dispatch(
        app, ACTA_INIT(bank_Deposit, .account_id = acta_str_of(o->account_id), .amount = o->amount), &options, error);
    return status == ACTA_OK ? print_balance(app, o->account_id, error) : status;
}

static acta_status
withdraw(cli *c, acta_app *app, void *user, acta_error *error)
{
    const order *o = user;
    acta_dispatch_options options = options_of(c);

    acta_status status = bank_Withdraw_dispatch(
        app, ACTA_INIT(bank_Withdraw, .account_id = acta_str_of(o->account_id), .amount = o->amount), &options, error);
    return status == ACTA_OK ? print_balance(app, o->account_id, error) : status;
}

static acta_status
close_account(cli *c, acta_app *app, void *user, acta_error *error)
{
    const order *o = user;
    acta_dispatch_options options = options_of(c);

    acta_status status = bank_CloseAccount_dispatch(
        app, ACTA_INIT(bank_CloseAccount, .account_id = acta_str_of(o->account_id)), &options, error);
    if (status == ACTA_OK) printf("%s is closed\n", o->account_id);
    return status;
}

static const struct argp_option id_option[] = { ID_OPTION, { 0 } };

int
cli_deposit(cli *c, int argc, char **argv)
{
    order o = { .c = c, .wants_amount = true };

    cli_parse(c, argc, argv, "ID AMOUNT",
        "Bring money to an account; the amount is in minor units.\vExamples:\n  bank deposit alice 20\n"
        "  bank deposit alice 20 --id payslip-2024-05",
        id_option, parse_order, &o);
    return cli_with_bank(c, true, deposit, &o);
}

int
cli_withdraw(cli *c, int argc, char **argv)
{
    order o = { .c = c, .wants_amount = true };

    cli_parse(c, argc, argv, "ID AMOUNT",
        "Take money from an account; the amount is in minor units.\vExample:\n  bank withdraw alice 20", id_option,
        parse_order, &o);
    return cli_with_bank(c, true, withdraw, &o);
}

int
cli_close(cli *c, int argc, char **argv)
{
    order o = { .c = c };

    cli_parse(c, argc, argv, "ID",
        "Close an account. It must be empty; its id is not given out again.\vExample:\n  bank close alice", id_option,
        parse_order, &o);
    return cli_with_bank(c, true, close_account, &o);
}

/* -- show -- */

static void
print_line(const acta_recorded *event, const char *what, int64_t amount, int64_t balance, acta_str about)
{
    char when[32];
    time_t seconds = (time_t)(event->recorded_at_us / 1000000);
    struct tm utc;

    strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", gmtime_r(&seconds, &utc));
    printf("  %s  %-12s %+12" PRId64 " %13" PRId64 "  " ACTA_FMT "\n", when, what, amount, balance, ACTA_ARG(about));
}

static void
print_movement(const acta_recorded *event)
{
    if (acta_str_equal(event->type, acta_str_of(bank_MoneyDeposited_table.name))) {
        bank_MoneyDeposited e;
        bank_MoneyDeposited_read(event->payload, &e);
        print_line(event, bank_Reason_name(e.reason), e.amount, e.balance, e.transfer_id);
    } else if (acta_str_equal(event->type, acta_str_of(bank_MoneyWithdrawn_table.name))) {
        bank_MoneyWithdrawn e;
        bank_MoneyWithdrawn_read(event->payload, &e);
        print_line(event, e.transfer_id.size > 0 ? "transfer" : "withdrawal", -e.amount, e.balance, e.transfer_id);
    } else if (acta_str_equal(event->type, acta_str_of(bank_AccountOpened_table.name))) {
        bank_AccountOpened e;
        bank_AccountOpened_read(event->payload, &e);
        print_line(event, "opened", e.initial_balance, e.initial_balance, acta_str_of(NULL));
    } else if (acta_str_equal(event->type, acta_str_of(bank_AccountClosed_table.name))) {
        print_line(event, "closed", 0, 0, acta_str_of(NULL));
    }
}

/* The account's stream, newest first. */
static acta_status
open_movements(acta_app *app, const order *o, uint64_t count_max, acta_cursor **cursor_out, acta_error *error)
{
    char stream[ACTA_STREAM_NAME_MAX + 1];

    snprintf(stream, sizeof stream, "%s%s", bank_account.base.code->stream_prefix, o->account_id);
    const acta_read read = {
        .stream = acta_str_of(stream), .direction = ACTA_BACKWARD, .from_us = o->until_us, .count_max = count_max
    };
    return acta_cursor_open(acta_app_store(app), &read, cursor_out, error);
}

static acta_status
print_movements(acta_app *app, const order *o, acta_error *error)
{
    acta_cursor *cursor;
    acta_recorded event;

    acta_status status = open_movements(app, o, o->last_count, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK)
        print_movement(&event);
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
show(cli *c, acta_app *app, void *user, acta_error *error)
{
    const order *o = user;
    bank_Account account = { 0 };

    cli_catch_up(app);
    acta_memory *memory = acta_memory_create(NULL);
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot show '%s': no memory", o->account_id);

    acta_status status = bank_Account_read(app, acta_str_of(o->account_id), &account, memory, error);
    if (status == ACTA_NOT_FOUND)
        acta_error_set(error, ACTA_NOT_FOUND, "there is no account '%s' in '%s'; bank list tells which there are",
            o->account_id, c->data_path);
    if (status == ACTA_OK) {
        printf("account   %s\nowner     " ACTA_FMT "\nstatus    %s\nbalance   %" PRId64 "\nmovements, newest first:\n",
            o->account_id, ACTA_ARG(account.owner), account.open ? "open" : "closed", account.balance);
        status = print_movements(app, o, error);
    }
    acta_memory_destroy(memory);
    return status;
}

int
cli_show(cli *c, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "last", OPTION_LAST, "N", 0, "How many movements (default: 10)", 0 },
        { 0 },
    };
    order o = { .last_count = LAST_DEFAULT };

    cli_parse(c, argc, argv, "ACCOUNT",
        "Show an account and its last movements; times are UTC.\vExamples:\n  bank show alice\n"
        "  bank show alice --last 100",
        options, parse_order, &o);
    return cli_with_bank(c, true, show, &o);
}

/* -- statement -- */

/* What an account had after one of its events: each says it. */
static int64_t
balance_after(const acta_recorded *event)
{
    if (acta_str_equal(event->type, acta_str_of(bank_MoneyDeposited_table.name))) {
        bank_MoneyDeposited e;
        bank_MoneyDeposited_read(event->payload, &e);
        return e.balance;
    }
    if (acta_str_equal(event->type, acta_str_of(bank_MoneyWithdrawn_table.name))) {
        bank_MoneyWithdrawn e;
        bank_MoneyWithdrawn_read(event->payload, &e);
        return e.balance;
    }
    if (acta_str_equal(event->type, acta_str_of(bank_AccountOpened_table.name))) {
        bank_AccountOpened e;
        bank_AccountOpened_read(event->payload, &e);
        return e.initial_balance;
    }
    return 0; /* closed: it was empty */
}

/* The log is all that it takes: what came later is not read. */
static acta_status
statement(cli *c, acta_app *app, void *user, acta_error *error)
{
    const order *o = user;
    acta_cursor *cursor;
    acta_recorded newest;

    (void)c;
    acta_status status = open_movements(app, o, 1, &cursor, error);
    if (status != ACTA_OK) return status;
    status = acta_cursor_next(cursor, &newest, error);
    int64_t balance = status == ACTA_OK ? balance_after(&newest) : 0;
    acta_cursor_close(cursor);
    if (status == ACTA_NOT_FOUND)
        return acta_error_set(error, ACTA_NOT_FOUND, "there was no account '%s' at %s", o->account_id, o->until);
    if (status != ACTA_OK) return status;
    printf("account   %s\nas of     %s\nbalance   %" PRId64 "\nmovements, newest first:\n", o->account_id, o->until,
        balance);
    return print_movements(app, o, error);
}

int
cli_statement(cli *c, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "until", OPTION_UNTIL, "TIME", 0, "As of when (default: now)", 0 },
        { "last", OPTION_LAST, "N", 0, "How many movements (default: 10)", 0 },
        { 0 },
    };
    order o = { .last_count = LAST_DEFAULT, .until = "now" };

    cli_parse(c, argc, argv, "ACCOUNT",
        "Show an account as it was at a time: its balance, and the last movements before it; times are UTC.\vExample:\n"
        "  bank statement alice --until 2026-11-21T10:30:00Z",
        options, parse_order, &o);
    return cli_with_bank(c, true, statement, &o);
}
