/*
 * acta: work on stores from the command line.
 *
 *     acta verify DIR
 *
 * Exit status: 0 done and sound, 1 damage or failure, 2 wrong usage.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "verify.h"

typedef struct command_line {
    const char *command;
    const char *path;
} command_line;

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    command_line *line = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        if (state->arg_num == 0) {
            if (strcmp(argument, "verify") != 0)
                argp_error(state, "there is no command '%s'; the commands are: verify", argument);
            line->command = argument;
        } else if (state->arg_num == 1) {
            line->path = argument;
        } else {
            argp_error(state, "'%s' is one argument too many", argument);
        }
        return 0;
    case ARGP_KEY_END:
        if (line->command == NULL) argp_error(state, "which command? One of: verify");
        if (line->path == NULL) argp_error(state, "verify: which directory?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void
print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    fprintf(stream, "acta %s\n", ACTA_VERSION);
}

int
main(int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "verify DIR",
        .doc =
            "Work on the stores of Acta.\v"
            "verify DIR reads all of the store in DIR, which may be in use: every checksum, the order of positions and "
            "versions, the index and the names against the log, rows, batches and the mark. It prints what it counted, "
            "and each piece of damage.\n\nExit status: 0 sound, 1 damage or failure, 2 wrong usage.",
    };
    command_line line = { 0 };

    argp_err_exit_status = 2;
    argp_program_version_hook = print_version;
    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return verify_store(line.path);
}
