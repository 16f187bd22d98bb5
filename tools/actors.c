/*
 * acta actors: all actors of a running program, a page of them after the other.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>

#include "commands.h"
#include "served.h"

enum { PAGE = 1000, SHOWN_DEFAULT = 100 };

typedef struct actors_line {
    const char *directory, *behaviour;
    uint64_t count; /* 0: it wasn't said */
    bool as_json;
} actors_line;

static const served_column columns[] = { { "pid", "PID", COLUMN_NUMBER, 12 }, { "name", "NAME", COLUMN_TEXT, 13 },
    { "behaviour", "BEHAVIOUR", COLUMN_TEXT, 12 }, { "state", "STATE", COLUMN_TEXT, 9 },
    { "queued", "QUEUED", COLUMN_NUMBER, 7 }, { "queued_peak", "PEAK", COLUMN_NUMBER, 7 },
    { "queued_bytes", "BYTES", COLUMN_NUMBER, 9 }, { 0 } };

/* NULL: no memory. */
static const char *
path_of(const actors_line *line, uint64_t left, uint64_t after, acta_memory *memory)
{
    client_path path = client_path_begin(memory, "/actors");

    client_path_number(&path, "count", left < PAGE ? left : PAGE);
    client_path_number(&path, "after", after);
    client_path_query(&path, "behaviour", line->behaviour);
    return client_path_end(&path);
}

/* One page; where the next begins, 0: nowhere. */
static int
show_page(const actors_line *line, uint64_t *left, uint64_t *after, acta_memory *memory)
{
    const client_request request = {
        .directory = line->directory, .method = "GET", .path = path_of(line, *left, *after, memory)
    };
    const json_value *answer;

    if (request.path == NULL) return has_no_memory();
    if (!served_ask(&request, memory, MUST_BE_THERE, &answer)) return 1;
    const json_value *actors = json_member(answer, "actors");
    if (*after == 0 && !line->as_json) served_head(columns);
    for (const json_value *a = actors != NULL ? actors->first : NULL; a != NULL; a = a->next) {
        if (line->as_json)
            printf(ACTA_FMT "\n", ACTA_ARG(a->raw));
        else
            served_row(a, columns, 0);
        --*left;
    }
    *after = json_number(answer, "next");
    return 0;
}

static int
show(const actors_line *line)
{
    uint64_t left = line->count != 0 ? line->count : line->as_json ? UINT64_MAX : SHOWN_DEFAULT, after = 0;

    do {
        acta_memory *memory = acta_memory_create(NULL);
        if (memory == NULL) return has_no_memory();
        int status = show_page(line, &left, &after, memory);
        acta_memory_destroy(memory);
        if (status != 0) return status;
    } while (after != 0 && left > 0);
    if (after != 0 && !line->as_json) fputs("acta: there are more; --count N shows so many\n", stderr);
    return 0;
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    actors_line *line = state->input;

    switch (key) {
    case 'j':
        line->as_json = true;
        return 0;
    case 'b':
        line->behaviour = argument;
        return 0;
    case 'n':
        line->count = argument_number(argument, "count of actors", state);
        return 0;
    default:
        return argument_directory(key, argument, state, &line->directory);
    }
}

int
command_actors(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "behaviour", 'b', "NAME", 0, "Only actors of this behaviour", 0 },
        { "count", 'n', "N", 0, "So many; otherwise 100, with --json all", 0 },
        { "json", 'j', NULL, 0, "JSON, an object a line", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = known,
        .parser = parse,
        .args_doc = "DIR",
        .doc = "List the actors of the program that has the store in DIR open, also those that no supervisor of the "
               "application has: how each stands, how many messages wait for it, the most that there were, and their "
               "bytes.\v"
               "The program is asked over DIR/acta.sock, or at DIR if that is http://HOST:PORT. Actors are looked at "
               "and not asked, so that one which is stuck is shown too. Who lives from the beginning to the end is "
               "there once.\n\n"
               "Exit status: 0 done, 1 refused or nobody answers, 2 wrong usage.\n\n"
               "Examples:\n  acta actors bank-data\n  acta actors bank-data --behaviour Account --count 1000",
    };
    actors_line line = { .as_json = false };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return show(&line);
}
