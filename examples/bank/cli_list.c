/*
 * bank list: the read models as tables. Two passes: the first measures the columns, the second prints.
 */
#include "bank.h"
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>

enum { COLUMN_MAX = 6, CELL_SIZE = 640 };

typedef enum subject { ACCOUNTS, CUSTOMERS, TRANSFERS, BALANCES } subject;

static const char *const titles[][COLUMN_MAX + 1] = {
    [ACCOUNTS] = { "ACCOUNT", "OWNER", "STATUS", "BALANCE" },
    [CUSTOMERS] = { "CUSTOMER", "STATUS", "ACCOUNTS", "OPEN", "BALANCE" },
    [TRANSFERS] = { "TRANSFER", "FROM", "TO", "AMOUNT", "STATE", "REASON" },
    [BALANCES] = { "ACCOUNT", "BALANCE", "EVENTS" },
};

/* One table being made. Numbers stand at the right, the last column is not filled up. */
typedef struct table {
    subject what;
    uint32_t column_count;
    int widths[COLUMN_MAX];
    bool is_number[COLUMN_MAX];
    bool is_measuring;
    uint64_t row_count;
    int64_t sum;
    char cells[COLUMN_MAX][CELL_SIZE];
} table;

/* Characters, not bytes. */
static int
width_of(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text++)
        width += (*text & 0xc0) != 0x80;
    return width;
}

static void
put_row(table *t)
{
    for (uint32_t i = 0; i < t->column_count; i++) {
        int width = width_of(t->cells[i]);
        if (t->is_measuring) {
            if (width > t->widths[i]) t->widths[i] = width;
            continue;
        }
        int fill = t->widths[i] - width;
        bool is_last = i + 1 == t->column_count;
        if (t->is_number[i])
            printf("%*s%s", fill, "", t->cells[i]);
        else
            printf("%s%*s", t->cells[i], is_last ? 0 : fill, "");
        fputs(is_last ? "\n" : "  ", stdout);
    }
}

static void
put_text(table *t, uint32_t column, acta_str text)
{
    snprintf(t->cells[column], CELL_SIZE, ACTA_FMT, ACTA_ARG(text));
}

static void
put_number(table *t, uint32_t column, int64_t number)
{
    snprintf(t->cells[column], CELL_SIZE, "%" PRId64, number);
}

static void
put_head(table *t)
{
    for (uint32_t i = 0; titles[t->what][i] != NULL; i++)
        put_text(t, i, acta_str_of(titles[t->what][i]));
    put_row(t);
}

static bool
put_account(void *user, const bank_AccountRow *row)
{
    table *t = user;

    put_text(t, 0, row->account_id);
    put_text(t, 1, row->owner);
    put_text(t, 2, acta_str_of(row->open ? "open" : "closed"));
    put_number(t, 3, row->balance);
    put_row(t);
    t->row_count++;
    t->sum += row->balance;
    return true;
}

static bool
put_customer(void *user, const bank_CustomerRow *row)
{
    table *t = user;

    put_text(t, 0, row->owner);
    put_text(t, 1, row->status);
    put_number(t, 2, row->account_count);
    put_number(t, 3, row->open_count);
    put_number(t, 4, row->balance);
    put_row(t);
    t->row_count++;
    t->sum += row->balance;
    return true;
}

static bool
put_transfer(void *user, const bank_TransferRow *row)
{
    table *t = user;

    put_text(t, 0, row->transfer_id);
    put_text(t, 1, row->source_id);
    put_text(t, 2, row->target_id);
    put_number(t, 3, row->amount);
    put_text(t, 4, acta_str_of(bank_Phase_name(row->phase)));
    put_text(t, 5, row->reason);
    put_row(t);
    t->row_count++;
    t->sum += row->amount;
    return true;
}

static bool
put_balance(void *user, const bank_BalanceRow *row)
{
    table *t = user;

    put_text(t, 0, row->account_id);
    put_number(t, 1, row->balance);
    put_number(t, 2, (int64_t)row->version);
    put_row(t);
    t->row_count++;
    t->sum += row->balance;
    return true;
}

static acta_status
put_rows(table *t, acta_app *app, acta_error *error)
{
    t->row_count = 0;
    t->sum = 0;
    put_head(t);
    switch (t->what) {
    case CUSTOMERS:
        return bank_CustomerRow_each(app, acta_str_of(""), put_customer, t, error);
    case TRANSFERS:
        return bank_TransferRow_each(app, acta_str_of(""), put_transfer, t, error);
    case BALANCES:
        return bank_BalanceRow_each(app, acta_str_of(""), put_balance, t, error);
    default:
        return bank_AccountRow_each(app, acta_str_of(""), put_account, t, error);
    }
}

static void
describe(table *t)
{
    while (titles[t->what][t->column_count] != NULL)
        t->column_count++;
    t->is_number[3] = true;
    t->is_number[1] = t->what == BALANCES;
    t->is_number[2] = t->what == CUSTOMERS || t->what == BALANCES;
    t->is_number[4] = t->what == CUSTOMERS;
}

static acta_status
list(cli *c, acta_app *app, void *user, acta_error *error)
{
    static const char *const names[] = { "account", "customer", "transfer", "account" };
    const subject *what = user;
    table t = { .what = *what, .is_measuring = true };
    char number[CLI_NUMBER_SIZE], sum[CLI_NUMBER_SIZE];

    (void)c;
    if (*what != BALANCES) cli_catch_up(app); /* these are as of the last answer always */
    describe(&t);
    acta_status status = put_rows(&t, app, error);
    t.is_measuring = false;
    if (status == ACTA_OK) status = put_rows(&t, app, error);
    if (status == ACTA_OK)
        printf("%s %s%s, %s in all\n", cli_format((int64_t)t.row_count, number), names[t.what],
            t.row_count == 1 ? "" : "s", cli_format(t.sum, sum));
    return status;
}

static error_t
parse_list(int key, char *argument, struct argp_state *state)
{
    subject *what = state->input;

    switch (key) {
    case 't':
        *what = TRANSFERS;
        return 0;
    case 'b':
        *what = BALANCES;
        return 0;
    case 'c':
        *what = CUSTOMERS;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is one argument too many; bank show %s shows one account", argument, argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
cli_list(cli *c, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "balances", 'b', NULL, 0, "Balances alone, and how many events led to each", 0 },
        { "customers", 'c', NULL, 0, "Customers, with all that they own", 0 },
        { "transfers", 't', NULL, 0, "Transfers, and how far they are", 0 },
        { 0 },
    };
    subject what = ACCOUNTS;

    cli_parse(c, argc, argv, "",
        "List all accounts.\vExamples:\n  bank list\n  bank list --customers\n"
        "  bank list --transfers | grep refunded",
        options, parse_list, &what);
    return cli_with_bank(c, true, list, &what);
}
