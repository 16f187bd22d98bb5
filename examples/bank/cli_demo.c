/*
 * bank demo: runs the day (demo.c), and tells how it went.
 */
#include "cli.h"
#include "demo.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ACCOUNTS_DEFAULT = 1000, TRANSFERS_DEFAULT = 20000, CLIENTS_DEFAULT = 64 };
enum { ACCOUNTS_MIN = 3, ACCOUNTS_MAX = 1000000, TRANSFERS_MAX = 100000000, CLIENTS_MAX = 1024, SEED_MAX = 1000000000 };
enum { PATH_SIZE = 64, DEMO_MAX = 100000 };

static error_t
parse_demo(int key, char *argument, struct argp_state *state)
{
    demo_config *config = state->input;

    switch (key) {
    case 'a':
        config->account_count = cli_parse_count("--accounts", argument, ACCOUNTS_MIN, ACCOUNTS_MAX, state);
        return 0;
    case 't':
        config->transfer_count = cli_parse_count("--transfers", argument, 1, TRANSFERS_MAX, state);
        return 0;
    case 'c':
        config->client_count = cli_parse_count("--clients", argument, 1, CLIENTS_MAX, state);
        return 0;
    case 's':
        config->seed = cli_parse_count("--seed", argument, 0, SEED_MAX, state);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is one argument too many", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A directory of its own for each demo: bank-data/demo-1, -2, …; the first that is not there. */
static bool
make_data_path(char *path)
{
    if (mkdir("bank-data", 0777) == 0 || errno == EEXIST) {
        for (int i = 1; i < DEMO_MAX; i++) {
            snprintf(path, PATH_SIZE, "bank-data/demo-%d", i);
            if (mkdir(path, 0777) == 0) return true;
            if (errno != EEXIST) break;
        }
    }
    fprintf(stderr, "bank: cannot make a directory bank-data/demo-…: %s; --data DIR names another\n", strerror(errno));
    return false;
}

/* -- the summary: at most 80 columns -- */

typedef struct colours {
    const char *good, *bad, *end;
} colours;

static colours
colours_of_stdout(void)
{
    const char *no_color = getenv("NO_COLOR");
    if (!isatty(STDOUT_FILENO) || (no_color != NULL && no_color[0] != '\0')) return (colours){ "", "", "" };
    return (colours){ "\033[32m", "\033[31m", "\033[0m" };
}

static void
print_money(const demo_result *result)
{
    colours c = colours_of_stdout();
    char a[CLI_NUMBER_SIZE], b[CLI_NUMBER_SIZE], n[CLI_NUMBER_SIZE];
    int64_t difference = result->money_after - result->money_before;

    printf("money before       %s\n", cli_format(result->money_before, a));
    printf("money after        %s  ", cli_format(result->money_after, b));
    if (difference == 0)
        printf("%sall there%s, counted again from the log alone\n", c.good, c.end);
    else
        printf("%s%s TOO %s%s\n", c.bad, cli_format(difference < 0 ? -difference : difference, n),
            difference < 0 ? "LITTLE" : "MUCH", c.end);
}

static void
print_result(const demo_config *config, const demo_result *result)
{
    char a[CLI_NUMBER_SIZE], b[CLI_NUMBER_SIZE], n[CLI_NUMBER_SIZE];
    double seconds = (double)result->elapsed_ns / 1e9;

    printf("\n%s accounts, %s transfers, %" PRIu32 " clients, seed %" PRIu64 ": %.1f s\n\n",
        cli_format(config->account_count, a), cli_format(config->transfer_count, b), config->client_count, config->seed,
        seconds);
    printf("commands           %s\n", cli_format((int64_t)result->commands, a));
    printf("events             %s, %s a second\n", cli_format((int64_t)result->events, a),
        cli_format((int64_t)((double)result->events / seconds), b));
    printf("transfers          %s completed, %s refunded, %s rejected\n", cli_format((int64_t)result->completed, a),
        cli_format((int64_t)result->refunded, b), cli_format((int64_t)result->rejected, n));
    printf("durable dispatch   p50 %.2f ms, p99 %.2f ms, max %.2f ms\n", (double)result->p50_ns / 1e6,
        (double)result->p99_ns / 1e6, (double)result->max_ns / 1e6);
    print_money(result);
}

/* A word for the shell. */
static void
print_word(const char *word)
{
    bool is_plain = word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")] == '\0';
    printf(is_plain ? "%s" : "'%s'", word);
}

static void
print_next(const cli *c, const char *arguments)
{
    printf("  ");
    print_word(c->program);
    printf(" %s --data ", arguments);
    print_word(c->data_path);
    putchar('\n');
}

/* The tool of the same build, if it is there: …/examples/bank/bank stands beside …/tools/acta. */
static void
print_verify(const cli *c)
{
    static const char own_path[] = "examples/bank/bank";
    size_t size = strlen(c->program), own_size = sizeof own_path - 1;
    char tool[4096];

    if (size < own_size || strcmp(c->program + size - own_size, own_path) != 0) return;
    int written = snprintf(tool, sizeof tool, "%.*stools/acta", (int)(size - own_size), c->program);
    if (written < 0 || (size_t)written >= sizeof tool || access(tool, X_OK) != 0) return;
    printf("  ");
    print_word(tool);
    printf(" verify ");
    print_word(c->data_path);
    putchar('\n');
}

static acta_status
run_demo(cli *c, acta_app *app, void *user, acta_error *error)
{
    const demo_config *config = user;
    demo_result result;

    acta_status status = demo_run(app, config, &result, error);
    if (status != ACTA_OK) return status;
    print_result(config, &result);
    printf("data               %s\n\nTry next:\n", c->data_path);
    print_next(c, "show a00001");
    print_next(c, "transfer a00001 a00002 50");
    print_next(c, "list --customers");
    print_next(c, "demo");
    print_verify(c);
    if (result.money_after == result.money_before) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT, "the money is not what it was: %" PRId64 " before, %" PRId64 " after",
        result.money_before, result.money_after);
}

int
cli_demo(cli *c, int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "accounts", 'a', "N", 0, "How many accounts (default: 1,000)", 0 },
        { "transfers", 't', "N", 0, "How many transfers (default: 20,000)", 0 },
        { "clients", 'c', "N", 0, "How many clients, each waiting for its answers (default: 64)", 0 },
        { "seed", 's', "N", 0, "Which transfers (default: 1)", 0 },
        { 0 },
    };
    demo_config config = { ACCOUNTS_DEFAULT, TRANSFERS_DEFAULT, CLIENTS_DEFAULT, 1 };
    char path[PATH_SIZE];

    cli_parse(c, argc, argv, "",
        "Open accounts, make transfers from many clients at once, some of them impossible, and count the money again "
        "from the log alone. The exit status is 1 if any is missing. "
        "Without --data the log is a new one, bank-data/demo-N.\v"
        "Examples:\n  bank demo\n  bank demo --accounts 10 --transfers 100000 --clients 16",
        options, parse_demo, &config);
    if (c->data_path == NULL) {
        if (!make_data_path(path)) return EXIT_FAILED;
        c->data_path = path;
    }
    return cli_with_bank(c, false, run_demo, &config);
}
