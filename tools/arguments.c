/*
 * What several commands of acta share: reading arguments, and what is told without memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"

uint64_t
argument_number(const char *text, const char *what, struct argp_state *state)
{
    char *end;

    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || number == 0)
        argp_error(state, "'%s' is no %s: a whole number from 1 on is expected", text, what);
    return number;
}

error_t
argument_directory(int key, char *argument, struct argp_state *state, const char **directory_out)
{
    switch (key) {
    case ARGP_KEY_ARG:
        if (state->arg_num > 0) argp_error(state, "'%s' is one argument too many", argument);
        *directory_out = argument;
        return 0;
    case ARGP_KEY_END:
        if (*directory_out == NULL) argp_error(state, "which directory?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
has_no_memory(void)
{
    fputs("acta: there is no memory\n", stderr);
    return 1;
}
