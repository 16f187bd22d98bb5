/*
 * acta handlers: the event handlers, projections and process managers of a running program, and orders to them.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "served.h"

typedef struct handlers_line {
    const char *words[3]; /* directory, order or "parked", name */
    uint64_t position;    /* 0: none was given */
    const char *key, *tables, *by, *why;
    bool as_json;
} handlers_line;

static const char *const orders[] = { "pause", "resume", "replay", "skip", "reset", "rebuild", "cancel-rebuild", NULL };

enum { REBUILD_MS_MAX = INT32_MAX /* it is answered when it is done, and that takes as long as it takes */ };

static bool
is_order(const char *word)
{
    for (size_t i = 0; orders[i] != NULL; i++)
        if (strcmp(word, orders[i]) == 0) return true;
    return false;
}

static void
check_line(const handlers_line *line, struct argp_state *state)
{
    const char *order = line->words[1];

    if (line->words[0] == NULL) argp_error(state, "which directory?");
    bool is_given = order != NULL && strcmp(order, "parked") != 0;
    if (!is_given &&
        (line->position != 0 || line->key != NULL || line->tables != NULL || line->by != NULL || line->why != NULL))
        argp_error(state, "--position, --key, --tables, --by and --why belong to an order, and there is none");
    if (order == NULL) return;
    if (!is_order(order) && strcmp(order, "parked") != 0)
        argp_error(state,
            "there is no order '%s'; the orders are: pause, resume, replay, skip, reset, "
            "rebuild, cancel-rebuild; or: parked",
            order);
    if (line->words[2] == NULL) argp_error(state, "which handler? %s NAME is expected", order);
    bool skips = strcmp(order, "skip") == 0, replays = strcmp(order, "replay") == 0;
    if (skips && line->position == 0) argp_error(state, "which event? skip NAME --position N is expected");
    if (line->position != 0 && !skips && !replays) argp_error(state, "--position: %s takes none", order);
    if (line->key != NULL && !replays) argp_error(state, "--key: %s takes none", order);
    bool makes_anew = strcmp(order, "reset") == 0 || strcmp(order, "rebuild") == 0;
    if (makes_anew && line->tables == NULL)
        argp_error(state, "which read models does it write? %s NAME --tables bank.AccountRow,... is expected%s", order,
            strcmp(order, "reset") == 0 ? "; of an event handler: --tables none" : "");
    if (line->tables != NULL && !makes_anew) argp_error(state, "--tables: %s takes none", order);
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    handlers_line *line = state->input;

    switch (key) {
    case 'j':
        line->as_json = true;
        return 0;
    case 'p':
        line->position = argument_number(argument, "position", state);
        return 0;
    case 'k':
        line->key = argument;
        return 0;
    case 't':
        line->tables = argument;
        return 0;
    case 'b':
        line->by = argument;
        return 0;
    case 'y':
        line->why = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= 3) argp_error(state, "'%s' is one argument too many", argument);
        line->words[state->arg_num] = argument;
        return 0;
    case ARGP_KEY_END:
        check_line(line, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int
list(const handlers_line *line, acta_memory *memory)
{
    static const served_column columns[] = { { "name", "NAME", COLUMN_TEXT, 22 }, { "state", "STATE", COLUMN_TEXT, 11 },
        { "behind", "BEHIND", COLUMN_NUMBER, 9 }, { "parked", "PARKED", COLUMN_NUMBER, 7 },
        { "retries", "RETRIES", COLUMN_NUMBER, 7 }, { "since", "SINCE (UTC)", COLUMN_TIME, 19 }, { 0 } };
    const client_request request = { .directory = line->words[0], .method = "GET", .path = "/handlers" };
    const json_value *answer;

    if (!served_ask(&request, memory, MUST_BE_THERE, &answer)) return 1;
    if (line->as_json)
        served_lines(json_member(answer, "handlers"));
    else
        served_table(json_member(answer, "handlers"), columns);
    return 0;
}

static int
list_parked(const handlers_line *line, acta_memory *memory)
{
    static const served_column columns[] = { { "position", "POSITION", COLUMN_NUMBER, 10 },
        { "key", "KEY", COLUMN_TEXT, 18 }, { "type", "TYPE", COLUMN_TEXT, 21 },
        { "attempts", "TRIES", COLUMN_NUMBER, 5 }, { "parked_at", "PARKED (UTC)", COLUMN_TIME, 19 }, { 0 } };
    client_path path = client_path_begin(memory, "/handlers");
    const json_value *answer;

    client_path_segment(&path, acta_str_of(line->words[2]));
    client_path_segment(&path, acta_str_of("parked"));
    const client_request request = { .directory = line->words[0], .method = "GET", .path = client_path_end(&path) };
    if (request.path == NULL) return has_no_memory();
    if (!served_ask(&request, memory, MUST_BE_THERE, &answer)) return 1;
    if (line->as_json)
        served_lines(json_member(answer, "parked"));
    else
        served_table(json_member(answer, "parked"), columns);
    return 0;
}

/* -- orders -- */

/* NULL: no memory. */
static const char *
order_path(const handlers_line *line, acta_memory *memory)
{
    client_path path = client_path_begin(memory, "/handlers");

    client_path_segment(&path, acta_str_of(line->words[2]));
    client_path_segment(&path, acta_str_of(line->words[1]));
    if (line->position != 0) client_path_number(&path, "position", line->position);
    client_path_query(&path, "key", line->key);
    client_path_query(&path, "tables", line->tables);
    client_path_query(&path, "by", line->by != NULL ? line->by : getenv("USER"));
    client_path_query(&path, "why", line->why);
    return client_path_end(&path);
}

static int
give_order(const handlers_line *line, acta_memory *memory)
{
    const client_request request = {
        .directory = line->words[0],
        .method = "POST",
        .path = order_path(line, memory),
        .body = acta_str_of("{}"),
        .timeout_ms = strcmp(line->words[1], "rebuild") == 0 ? REBUILD_MS_MAX : 0,
    };
    const json_value *answer;

    if (request.path == NULL) return has_no_memory();
    if (!served_ask(&request, memory, MUST_BE_THERE, &answer)) return 1;
    if (line->as_json)
        printf(ACTA_FMT "\n", ACTA_ARG(answer->raw));
    else
        printf("%s: %s is done\n", line->words[2], line->words[1]);
    return 0;
}

static int
run(const handlers_line *line, acta_memory *memory)
{
    if (line->words[1] == NULL) return list(line, memory);
    return is_order(line->words[1]) ? give_order(line, memory) : list_parked(line, memory);
}

int
command_handlers(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "json", 'j', NULL, 0, "JSON, an object a line", 0 },
        { "position", 'p', "N", 0, "Of the event that is skipped, or that is replayed", 0 },
        { "key", 'k', "KEY", 0, "Replay what is parked of this key alone", 0 },
        { "tables", 't', "A,B", 0,
            "The read models that a projection writes, whose rows are removed (reset) or made anew (rebuild)", 0 },
        { "by", 'b', "NAME", 0, "For the record of an order; otherwise the user's name", 0 },
        { "why", 'y', "TEXT", 0, "For the record of an order", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = known,
        .parser = parse,
        .args_doc =
            "DIR\nDIR parked NAME\nDIR pause NAME\nDIR resume NAME\nDIR replay NAME\nDIR skip NAME --position N\n"
            "DIR reset NAME --tables A,B\nDIR rebuild NAME --tables A,B\nDIR cancel-rebuild NAME",
        .doc =
            "List the event handlers, projections and process managers of the program that has the store in DIR open: "
            "state, how many events behind, how many parked, and why one waits. Or what one of them has parked; or "
            "give it an order: pause, "
            "resume, replay what is parked, skip an event, "
            "reset it to nothing so that all events come again, or rebuild its rows beside those that go on "
            "answering until the new ones count.\v"
            "The program is asked over DIR/acta.sock.\n\n"
            "Exit status: 0 done, 1 refused or nobody answers, 2 wrong usage.\n\n"
            "Examples:\n  acta handlers bank-data\n"
            "  acta handlers bank-data skip Transfers --position 4711 --why \"a test\"\n"
            "  acta handlers bank-data rebuild accounts --tables bank.AccountRow,bank.CustomerRow",
    };
    handlers_line line = { .as_json = false };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    acta_memory *memory = acta_memory_create(NULL);
    if (memory == NULL) return has_no_memory();
    int result = run(&line, memory);
    acta_memory_destroy(memory);
    return result;
}
