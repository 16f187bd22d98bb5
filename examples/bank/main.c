/*
 * bank: accounts and transfers on a durable log. See cli.h for the parts.
 *
 *     $ bank open alice --balance 100
 *     alice is open with 100
 *     $ bank open bob
 *     bob is open with 0
 *     $ bank transfer alice bob 80
 *     transfer t-… completed: alice has 20, bob has 80
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>

const char *argp_program_version = "bank, an example of Acta 0.1";

static const cli_command commands[] = {
    { "open", "open an account", cli_open },
    { "deposit", "bring money to an account", cli_deposit },
    { "withdraw", "take money from an account", cli_withdraw },
    { "close", "close an empty account", cli_close },
    { "transfer", "move money from one account to another", cli_transfer },
    { "show", "an account and its last movements", cli_show },
    { "statement", "an account as it was at a time", cli_statement },
    { "list", "all accounts, customers or transfers", cli_list },
    { "standing", "what is paid in again and again", cli_standing },
    { "load", "accounts and transfers from CSV files", cli_load },
    { "dispatch", "any command, by name and JSON", cli_dispatch },
    { "backup", "a copy of the bank in a new directory", cli_backup },
    { "serve", "stay open, for whoever comes over HTTP", cli_serve },
    { "demo", "a day of a thousand accounts, and its money counted again", cli_demo },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0], NAME_MAX_HERE = 32, NEAR = 2 };

static const char doc[] = "Accounts and transfers on a durable log: what it has said stays true, whatever crashes.";

/* How many letters must change to make `b` of `a` (Levenshtein). */
static int
distance(const char *a, const char *b)
{
    int row[NAME_MAX_HERE + 1];
    int width = (int)strlen(b);

    if (strlen(a) > NAME_MAX_HERE || width > NAME_MAX_HERE) return NAME_MAX_HERE;
    for (int j = 0; j <= width; j++)
        row[j] = j;
    for (int i = 1; a[i - 1] != '\0'; i++) {
        int diagonal = row[0];
        row[0] = i;
        for (int j = 1; j <= width; j++) {
            int replaced = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j - 1] < row[j]) row[j] = row[j - 1];
            row[j] = row[j] + 1 < replaced ? row[j] + 1 : replaced;
        }
    }
    return row[width];
}

static const cli_command *
find_command(const char *name, struct argp_state *state)
{
    const cli_command *nearest = &commands[0];

    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(name, commands[i].name) == 0) return &commands[i];
        if (distance(name, commands[i].name) < distance(name, nearest->name)) nearest = &commands[i];
    }
    if (distance(name, nearest->name) <= NEAR)
        argp_error(state, "there is no command '%s'; did you mean '%s'?", name, nearest->name);
    argp_error(state, "there is no command '%s'", name);
    return NULL;
}

typedef struct run {
    cli cli;
    int exit_status;
} run;

static void
run_command(run *r, struct argp_state *state, const char *name)
{
    const cli_command *command = find_command(name, state);
    char full_name[NAME_MAX_HERE + 8];
    char **argv = state->argv + state->next - 1;

    snprintf(full_name, sizeof full_name, "bank %s", command->name);
    argv[0] = full_name;
    r->cli.name = full_name;
    r->exit_status = command->run(&r->cli, state->argc - state->next + 1, argv);
    state->next = state->argc;
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    run *r = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &r->cli;
        return 0;
    case ARGP_KEY_ARG:
        run_command(r, state, argument);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which command? --help tells them all");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The commands behind the options; examples at the end. */
static char *
help_text(int key, const char *text, void *input)
{
    char *out = NULL;
    size_t size;

    (void)input;
    if (key != ARGP_KEY_HELP_EXTRA) return (char *)(uintptr_t)text;
    FILE *stream = open_memstream(&out, &size);
    if (stream == NULL) return NULL;
    fputs("Commands (bank COMMAND --help tells more):\n", stream);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(stream, "  %-9s %s\n", commands[i].name, commands[i].summary);
    fputs("\nTry:\n"
          "  bank open alice --balance 100\n"
          "  bank open bob\n"
          "  bank transfer alice bob 80\n"
          "  bank show bob\n"
          "  bank demo\n"
          "\nMoney is in minor units. Exit status: 0 done, 1 failed or refused, 2 wrong usage.",
        stream);
    fclose(stream);
    return out;
}

int
main(int argc, char **argv)
{
    const struct argp_child children[] = { { &cli_common_argp, 0, NULL, 0 }, { 0 } };
    const struct argp argp = { NULL, parse, "COMMAND [ARGUMENT...]", doc, children, help_text, NULL };
    run r = { .cli = { .program = argv[0], .name = "bank" } };
    static char name[] = "bank";

    argp_err_exit_status = EXIT_USAGE;
    argv[0] = name;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &r);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        perror("bank: cannot write the output");
        return EXIT_FAILED;
    }
    return r.exit_status;
}
