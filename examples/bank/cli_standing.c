/*
 * bank standing: what is paid in again and again lies on the schedule, in the store. What became due while no bank ran is paid
 * in once when one runs.
 */
#include "bank.h"
#include "cli.h"

#include "acta/schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

typedef struct standing {
    const char *words[4]; /* ORDER ACCOUNT AMOUNT CRON */
    int word_count;
    const char *cancelled; /* ORDER; NULL: none */
    int64_t amount;
    uint32_t listed;
} standing;

/* -- the orders -- */

static bool
print_order(void *user, const acta_scheduled *scheduled)
{
    standing *s = user;
    char next[32] = "";
    struct tm utc;
    const time_t seconds = (time_t)(scheduled->due_us / 1000000);
    bank_Deposit deposit;
    if (scheduled->table != &bank_Deposit_table) return true;

    s->listed++;
    bank_Deposit_read(scheduled->payload, &deposit);
    if (gmtime_r(&seconds, &utc) != NULL) strftime(next, sizeof next, "%Y-%m-%dT%H:%M:%SZ", &utc);
    printf(ACTA_FMT " pays in %" PRId64 " for " ACTA_FMT " at '" ACTA_FMT "' (%" PRIu64 " so far, next at %s%s" ACTA_FMT
                    ")\n",
        ACTA_ARG(scheduled->key), deposit.amount, ACTA_ARG(deposit.account_id), ACTA_ARG(scheduled->cron),
        scheduled->runs, next, scheduled->reason.size > 0 ? "; the last was refused: " : "",
        ACTA_ARG(scheduled->reason));
    return true;
}

static acta_status
order(acta_app *app, const standing *s, acta_error *error)
{
    const bank_Deposit deposit = ACTA_INIT(bank_Deposit, .account_id = acta_str_of(s->words[1]), .amount = s->amount,
        .note = acta_str_of("standing order"));

    acta_status status =
        bank_Deposit_schedule(app, acta_str_of(s->words[0]), deposit, ACTA_CRON(s->words[3]), NULL, error);
    if (status == ACTA_OK)
        printf("%s pays in %" PRId64 " for %s at '%s'\n", s->words[0], s->amount, s->words[1], s->words[3]);
    return status;
}

static acta_status
act(cli *c, acta_app *app, void *user, acta_error *error)
{
    standing *s = user;
    acta_status status;

    (void)c;
    if (s->word_count == 4) return order(app, s, error);
    if (s->cancelled != NULL) {
        status = acta_schedule_cancel(app, acta_str_of(s->cancelled), NULL, error);
        if (status == ACTA_OK) printf("%s is cancelled\n", s->cancelled);
        return status;
    }
    cli_catch_up(app);
    status = acta_schedule_each(app, acta_str_of(NULL), print_order, s, error);
    if (status == ACTA_OK) printf("%" PRIu32 " standing order%s\n", s->listed, s->listed == 1 ? "" : "s");
    return status;
}

/* -- arguments -- */

static error_t
parse_standing(int key, char *argument, struct argp_state *state)
{
    standing *s = state->input;

    switch (key) {
    case 'c':
        s->cancelled = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (s->word_count == 4) argp_error(state, "'%s' is one argument too many", argument);
        if (s->word_count == 2) s->amount = cli_parse_money("AMOUNT", argument, state);
        s->words[s->word_count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (s->word_count != 0 && s->word_count != 4)
            argp_error(state, "an order needs ORDER, ACCOUNT, AMOUNT and CRON");
        if (s->word_count != 0 && s->cancelled != NULL) argp_error(state, "--cancel takes the name of an order alone");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
cli_standing(cli *c, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "cancel", 'c', "ORDER", 0, "Cancel an order", 0 },
        { 0 },
    };
    standing s = { .word_count = 0 };

    cli_parse(c, argc, argv, "[ORDER ACCOUNT AMOUNT CRON]",
        "Pay in an amount again and again; without arguments: list what is paid in so.\vCRON is written as in "
        "crontab(5), "
        "in UTC. Examples:\n  bank standing salary alice 2000 '0 6 1 * *'\n  bank standing\n"
        "  bank standing --cancel salary",
        options, parse_standing, &s);
    return cli_with_bank(c, true, act, &s);
}
