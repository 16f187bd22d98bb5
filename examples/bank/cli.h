/*
 * The program `bank`: one subcommand a run. What they share.
 *
 *     main.c          which subcommand
 *     cli.c           the options of all, starting and stopping the bank, messages
 *     cli_account.c   open, deposit, withdraw, close, show, statement
 *     cli_transfer.c  transfer, dispatch
 *     cli_list.c      list
 *     cli_standing.c  standing
 *     cli_load.c      load (load.c, csv_file.c; payments.c, pain001.c, pain002.c)
 *     cli_backup.c    backup
 *     cli_serve.c     serve
 *     cli_demo.c      demo (demo.c, log_check.c)
 *
 * Exit status: 0 done, 1 it failed or was refused, 2 wrong usage. Results go to stdout, messages to stderr.
 */
#ifndef BANK_CLI_H
#define BANK_CLI_H

#include <argp.h>

#include "acta/app.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

enum { CLI_ANSWER_MS = 60000 }; /* for a command: a person waits for a slow disk rather than not to know */

typedef struct cli {
    const char *program;                 /* as it was called */
    const char *name;                    /* "bank show": in messages and usage */
    const char *data_path;               /* where the log lies; NULL: not said */
    const char *command_name;            /* --id; NULL: not said */
    const acta_environment *environment; /* NULL: the default */
} cli;

/* A subcommand. argv[0] is its name, "bank show". */
typedef struct cli_command {
    const char *name;
    const char *summary;
    int (*run)(cli *c, int argc, char **argv);
} cli_command;

int cli_open(cli *c, int argc, char **argv);
int cli_deposit(cli *c, int argc, char **argv);
int cli_withdraw(cli *c, int argc, char **argv);
int cli_close(cli *c, int argc, char **argv);
int cli_show(cli *c, int argc, char **argv);
int cli_statement(cli *c, int argc, char **argv);
int cli_transfer(cli *c, int argc, char **argv);
int cli_dispatch(cli *c, int argc, char **argv);
int cli_list(cli *c, int argc, char **argv);
int cli_standing(cli *c, int argc, char **argv);
int cli_load(cli *c, int argc, char **argv);
int cli_backup(cli *c, int argc, char **argv);
int cli_serve(cli *c, int argc, char **argv);
int cli_demo(cli *c, int argc, char **argv);

/* -- arguments -- */

/* --data, for the argp_child of each subcommand; its input is the cli. */
extern const struct argp cli_common_argp;

/*
 * Parse a subcommand's arguments: `parser` gets `input` as state->input.
 *   doc      the usage's first line, then text, then behind \v the examples
 *   options  ended by zeroes; NULL: it has none of its own
 * Wrong usage ends the process with exit status 2, --help with 0.
 */
void cli_parse(cli *c, int argc, char **argv, const char *arguments, const char *doc, const struct argp_option *options,
    argp_parser_t parser, void *input);

/* A whole number of minor units; wrong usage otherwise. `what`: "AMOUNT". */
int64_t cli_parse_money(const char *what, const char *text, struct argp_state *state);

/* A number from `min` to `max`; wrong usage otherwise. */
uint32_t cli_parse_count(const char *what, const char *text, uint32_t min, uint32_t max, struct argp_state *state);

/* -- the bank -- */

/*
 * Start the bank over the data directory, call `act`, stop it, say what failed. Unfinished transfers go on meanwhile.
 *   must_exist  a missing bank is an error, and none is made
 * Returns the exit status.
 */
int cli_with_bank(
    cli *c, bool must_exist, acta_status (*act)(cli *c, acta_app *app, void *user, acta_error *error), void *user);

/* The same in two calls. Errors as above, and said already. */
int cli_start(cli *c, bool must_exist, acta_app **app_out);
int cli_stop(acta_app *app);

/* Wait until nothing is left to do, however much it is; fails only when nothing moves any more for 30 s.
 *   tell  called about ten times a second with events that readers have passed, and the log's last one; NULL: nobody */
acta_status cli_settle(
    acta_app *app, void (*tell)(void *user, uint64_t passed, uint64_t head), void *user, acta_error *error);

/* The same before something is shown: what stands in the way is said, and is no reason to show nothing. */
void cli_catch_up(acta_app *app);

/* "bank: TEXT" to stderr, and EXIT_FAILED. */
int cli_fail(const acta_error *error);

/* -- numbers for people -- */

enum { CLI_NUMBER_SIZE = 32 };

/* 1234567 as 1,234,567. Returns `text`, which has CLI_NUMBER_SIZE bytes. */
const char *cli_format(int64_t number, char *text);

uint64_t cli_now_ns(void);

#endif
