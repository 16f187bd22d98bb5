/*
 * What all subcommands share. See cli.h.
 */
#include "cli.h"

#include "bank.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

enum {
    STOP_TIMEOUT_MS = 10000,
    SETTLE_STEP_MS = 100,
    SETTLE_STUCK_S = 30, /* nothing has moved for so long */
    READER_MAX = 16
};

static const char *const default_parent = "bank-data";
static const char *const default_path = "bank-data/main";

/* -- arguments -- */

static error_t
parse_common(int key, char *argument, struct argp_state *state)
{
    cli *c = state->input;

    if (key != 'D') return ARGP_ERR_UNKNOWN;
    if (argument[0] == '\0') argp_error(state, "--data needs the name of a directory");
    c->data_path = argument;
    return 0;
}

static const struct argp_option common_options[] = {
    { "data", 'D', "DIR", 0, "Where the bank's log lies (default: bank-data/main)", 0 },
    { 0 },
};

const struct argp cli_common_argp = { .options = common_options, .parser = parse_common };

typedef struct parsing {
    cli *c;
    argp_parser_t parser;
    void *input;
} parsing;

static error_t
parse_own(int key, char *argument, struct argp_state *state)
{
    parsing *p = state->input;

    if (key == ARGP_KEY_INIT) state->child_inputs[0] = p->c;
    state->input = p->input;
    error_t result = p->parser(key, argument, state);
    state->input = p;
    return result;
}

/* getopt takes -5 for an option, and says so in words that help nobody. */
static void
refuse_negative_number(const cli *c, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        bool is_value = argv[i - 1][0] == '-' && argv[i - 1][1] == '-' && strchr(argv[i - 1], '=') == NULL;
        if (argv[i][0] != '-' || argv[i][1] < '0' || argv[i][1] > '9' || is_value) continue;
        fprintf(stderr, "%s: '%s' is negative; an amount is at least 1\n", c->name, argv[i]);
        exit(EXIT_USAGE);
    }
}

void
cli_parse(cli *c, int argc, char **argv, const char *arguments, const char *doc, const struct argp_option *options,
    argp_parser_t parser, void *input)
{
    const struct argp_child children[] = { { &cli_common_argp, 0, NULL, 0 }, { 0 } };
    const struct argp argp = { options, parse_own, arguments, doc, children, NULL, NULL };
    parsing p = { c, parser, input };

    refuse_negative_number(c, argc, argv);
    argp_parse(&argp, argc, argv, 0, NULL, &p);
}

int64_t
cli_parse_money(const char *what, const char *text, struct argp_state *state)
{
    char *end;

    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || text[0] == ' ')
        argp_error(state, "%s '%s' is no whole number of minor units (1250 for 12.50)", what, text);
    if (errno == ERANGE || number > BANK_BALANCE_MAX)
        argp_error(state, "%s '%s' is too large; the largest is %" PRId64, what, text, BANK_BALANCE_MAX);
    return number;
}

uint32_t
cli_parse_count(const char *what, const char *text, uint32_t min, uint32_t max, struct argp_state *state)
{
    char *end;

    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno == ERANGE || number < min || number > max)
        argp_error(state, "%s '%s' is no number from %" PRIu32 " to %" PRIu32, what, text, min, max);
    return (uint32_t)number;
}

/* -- the bank -- */

int
cli_fail(const acta_error *error)
{
    if (error->status == ACTA_REJECTED)
        fprintf(stderr, "bank: %s: %s\n", error->where, error->text);
    else
        fprintf(stderr, "bank: %s\n", error->text);
    return EXIT_FAILED;
}

int
cli_start(cli *c, bool must_exist, acta_app **app_out)
{
    acta_error error;

    if (c->data_path == NULL) {
        c->data_path = default_path;
        if (!must_exist && mkdir(default_parent, 0777) != 0 && errno != EEXIST) {
            fprintf(stderr, "bank: cannot make the directory '%s': %s; --data DIR names another\n", default_parent,
                strerror(errno));
            return EXIT_FAILED;
        }
    }
    const acta_app_config config = { .name = "bank",
        .data_path = c->data_path,
        .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .process_managers = bank_process_managers,
        .projections = bank_projections,
        .inline_projections = bank_inline_projections,
        .environment = c->environment,
        .store = { .must_exist = must_exist } };
    acta_status status = acta_app_start(&config, app_out, &error);
    if (status == ACTA_OK) return EXIT_DONE;
    if (status == ACTA_NOT_FOUND && must_exist) {
        fprintf(stderr, "bank: there is no bank in '%s'; begin one with: bank open ID --balance 100\n", c->data_path);
        return EXIT_FAILED;
    }
    return cli_fail(&error);
}

int
cli_stop(acta_app *app)
{
    acta_error error;

    /* A timeout loses nothing: what is unfinished goes on at the next start. */
    acta_status status = acta_app_stop(app, STOP_TIMEOUT_MS, &error);
    return status == ACTA_OK || status == ACTA_TIMEOUT ? EXIT_DONE : cli_fail(&error);
}

/* The log knows an id as a number: say it as it was given. */
static int
fail_in_terms_of(const cli *c, const acta_error *error)
{
    if (error->status != ACTA_COMMAND_ID_REUSED || c->command_name == NULL) return cli_fail(error);
    fprintf(stderr, "bank: --id '%s' was used before, for another command or with other values; choose a new one\n",
        c->command_name);
    return EXIT_FAILED;
}

int
cli_with_bank(
    cli *c, bool must_exist, acta_status (*act)(cli *c, acta_app *app, void *user, acta_error *error), void *user)
{
    acta_error error;
    acta_app *app;

    int exit_status = cli_start(c, must_exist, &app);
    if (exit_status != EXIT_DONE) return exit_status;

    acta_status status = act(c, app, user, &error);
    if (status != ACTA_OK) exit_status = fail_in_terms_of(c, &error);
    int stopped = cli_stop(app);
    return exit_status != EXIT_DONE ? exit_status : stopped;
}

/* What has been done so far: any reader that moves moves the sum. */
static uint64_t
sum_of_readers(acta_app *app, uint64_t *passed_min_out)
{
    acta_reader_info infos[READER_MAX];
    uint32_t count = acta_app_readers(app, infos, READER_MAX);
    uint64_t sum = acta_store_head(acta_app_store(app));

    *passed_min_out = UINT64_MAX;
    for (uint32_t i = 0; i < count && i < READER_MAX; i++) {
        sum += infos[i].passed;
        if (infos[i].passed < *passed_min_out) *passed_min_out = infos[i].passed;
    }
    return sum;
}

acta_status
cli_settle(acta_app *app, void (*tell)(void *user, uint64_t passed, uint64_t head), void *user, acta_error *error)
{
    uint64_t sum_before = 0, passed;
    uint64_t moved_at_ns = cli_now_ns();

    for (;;) {
        acta_status status = acta_app_settle(app, SETTLE_STEP_MS, error);
        uint64_t sum = sum_of_readers(app, &passed);
        if (tell != NULL) tell(user, passed, acta_store_head(acta_app_store(app)));
        if (status != ACTA_TIMEOUT) return status;

        uint64_t now_ns = cli_now_ns();
        if (sum != sum_before) moved_at_ns = now_ns;
        sum_before = sum;
        if (now_ns - moved_at_ns > SETTLE_STUCK_S * UINT64_C(1000000000)) return status;
    }
}

void
cli_catch_up(acta_app *app)
{
    acta_error error;

    if (cli_settle(app, NULL, NULL, &error) != ACTA_OK)
        fprintf(stderr, "bank: not all is done that should be, and what follows may be behind: %s\n", error.text);
}

/* -- numbers for people -- */

const char *
cli_format(int64_t number, char *text)
{
    char digits[CLI_NUMBER_SIZE];
    int count = snprintf(digits, sizeof digits, "%" PRId64, number);
    int sign = number < 0;
    char *out = text;

    for (int i = 0; i < count; i++) {
        if (i > sign && (count - i) % 3 == 0) *out++ = ',';
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}

uint64_t
cli_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
