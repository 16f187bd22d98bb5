/*
 * What several commands of acta share: reading arguments, and what is told without memory.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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

static bool
read_two_digits(const char **text, int most, int *number_out)
{
    const char *at = *text;

    if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9') return false;
    *number_out = (at[0] - '0') * 10 + at[1] - '0';
    *text += 2;
    return *number_out <= most;
}

/* "Z", "+02:00", "-0330", "+01" or nothing; behind it nothing. */
static bool
read_offset(const char *text, int64_t *offset_us_out)
{
    int hours, minutes = 0, sign = *text == '-' ? -1 : 1;

    *offset_us_out = 0;
    if (*text == '\0' || strcmp(text, "Z") == 0) return true;
    if (*text != '+' && *text != '-') return false;
    text++;
    if (!read_two_digits(&text, 23, &hours)) return false;
    bool has_minutes = *text != '\0';
    if (*text == ':') text++;
    if (has_minutes && !read_two_digits(&text, 59, &minutes)) return false;
    *offset_us_out = sign * (hours * INT64_C(60) + minutes) * 60 * 1000000;
    return *text == '\0';
}

/* The 31st of February isn't, which timegm takes for one in March. */
static bool
is_a_day(struct tm day)
{
    int wanted = day.tm_mday;

    day.tm_hour = day.tm_min = day.tm_sec = 0;
    return timegm(&day) != -1 && day.tm_mday == wanted;
}

bool
time_of_text(const char *text, int64_t *at_us_out)
{
    struct tm utc = { .tm_isdst = 0 };
    const char *rest = strptime(text, "%Y-%m-%d", &utc);
    int64_t fraction_us = 0, offset_us;

    if (rest == NULL || !is_a_day(utc)) return false;
    if (*rest == 'T' || *rest == ' ') rest = strptime(rest + 1, "%H:%M:%S", &utc);
    if (rest != NULL && *rest == '.') {
        int64_t unit_us = 100000;
        if (*++rest < '0' || *rest > '9') return false;
        for (; *rest >= '0' && *rest <= '9'; rest++, unit_us /= 10)
            fraction_us += (*rest - '0') * unit_us;
    }
    if (rest == NULL || !read_offset(rest, &offset_us)) return false;
    *at_us_out = (int64_t)timegm(&utc) * 1000000 + fraction_us - offset_us;
    return true;
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

/* What the store says is for who opens one in a program; what follows "or set" is a word of that. */
int
told_in_use(const char *directory, const acta_error *error, const char *instead)
{
    const char *in_a_program = strstr(error->text, ", or set .read_only");
    int size = in_a_program != NULL ? (int)(in_a_program - error->text) : (int)strlen(error->text);

    if (error->status != ACTA_IN_USE)
        fprintf(stderr, "acta: %.*s\n", size, error->text);
    else
        fprintf(stderr, "acta: '%s' is in use: a program has its store open; stop it first%s%s\n", directory,
            instead != NULL ? ", or " : "", instead != NULL ? instead : "");
    return 1;
}

int
has_no_memory(void)
{
    fputs("acta: there is no memory\n", stderr);
    return 1;
}
