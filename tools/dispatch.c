/*
 * acta dispatch: a command, as JSON, to a running program. acta state: an aggregate of it, now or as it was.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "served.h"

typedef struct dispatch_line {
    const char *words[3]; /* directory and name and JSON, or type and id */
    const char *wanted;   /* in words */
    const char *id, *at;
    bool as_json, show_redacted;
} dispatch_line;

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    dispatch_line *line = state->input;

    switch (key) {
    case 'j':
        line->as_json = true;
        return 0;
    case 'r':
        line->show_redacted = true;
        return 0;
    case 'a':
        line->at = argument;
        return 0;
    case 'i':
        if (argument[0] == '\0' || strlen(argument) > 255 || strpbrk(argument, "\r\n") != NULL)
            argp_error(state, "--id: one line of 1 to 255 bytes is expected");
        line->id = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= 3) argp_error(state, "'%s' is one argument too many", argument);
        line->words[state->arg_num] = argument;
        return 0;
    case ARGP_KEY_END:
        if (line->words[2] == NULL) argp_error(state, "%s is expected", line->wanted);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- dispatch -- */

static void
print_dispatched(const json_value *answer)
{
    printf("version   " ACTA_FMT "\nposition  " ACTA_FMT "\n", ACTA_ARG(json_text(answer, "version")),
        ACTA_ARG(json_text(answer, "position")));
}

static int
dispatch(const dispatch_line *line, acta_memory *memory)
{
    client_path path = client_path_begin(memory, "/commands");
    char headers[300] = "";

    client_path_segment(&path, acta_str_of(line->words[1]));
    if (line->id != NULL) snprintf(headers, sizeof headers, "Idempotency-Key: %s\r\n", line->id);
    const client_request request = { .directory = line->words[0],
        .method = "POST",
        .path = client_path_end(&path),
        .headers = headers,
        .body = acta_str_of(line->words[2]) };
    if (request.path == NULL) return has_no_memory();
    return served_show(&request, memory, line->as_json, print_dispatched);
}

int
command_dispatch(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "id", 'i', "ID", 0, "The command's id, a UUID or any text: said again, the command is done once", 0 },
        { "json", 'j', NULL, 0, "The answer as JSON", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = known,
        .parser = parse,
        .args_doc = "DIR NAME JSON",
        .doc =
            "Dispatch the command NAME of the schema to the program that has the store in DIR open. It answers when "
            "the "
            "events are on disk: the version of the aggregate, and the position of the last event. What it refuses is "
            "told, with the field that is wrong.\v"
            "The program is asked over DIR/acta.sock.\n\n"
            "Exit status: 0 done, 1 refused or nobody answers, 2 wrong usage.\n\n"
            "Example:\n"
            "  acta dispatch bank-data Deposit '{\"account_id\": \"anna\", \"amount\": 20}'",
    };
    dispatch_line line = { .wanted = "DIR NAME JSON" };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    acta_memory *memory = acta_memory_create(NULL);
    if (memory == NULL) return has_no_memory();
    int result = dispatch(&line, memory);
    acta_memory_destroy(memory);
    return result;
}

/* -- state -- */

static void
print_state(const json_value *answer)
{
    acta_str version = json_text(answer, "version"), position = json_text(answer, "position");

    put_shown(json_text(answer, "type"));
    putchar(' ');
    put_shown(json_text(answer, "id"));
    putchar('\n');
    printf("version   " ACTA_FMT "\nposition  " ACTA_FMT "\nrecorded  " ACTA_FMT "\n", ACTA_ARG(version),
        ACTA_ARG(position), ACTA_ARG(json_text(answer, "recorded_at")));
    put_shown(json_text(answer, "state"));
    putchar('\n');
}

static int
show_state(const dispatch_line *line, acta_memory *memory)
{
    client_path path = client_path_begin(memory, "/aggregates");

    client_path_segment(&path, acta_str_of(line->words[1]));
    client_path_segment(&path, acta_str_of(line->words[2]));
    client_path_query(&path, "at", line->at);
    client_path_query(&path, "show_redacted", line->show_redacted ? "1" : NULL);
    const client_request request = { .directory = line->words[0], .method = "GET", .path = client_path_end(&path) };
    if (request.path == NULL) return has_no_memory();
    return served_show(&request, memory, line->as_json, print_state);
}

int
command_state(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "at", 'a', "POINT", 0, "As it was: at a version (17), position:4711, or 2026-11-21T10:30:00Z (UTC)", 0 },
        { "show-redacted", 'r', NULL, 0, "What is (redacted) or (personal) in the schema too", 0 },
        { "json", 'j', NULL, 0, "All of it as one object", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = known,
        .parser = parse,
        .args_doc = "DIR TYPE ID",
        .doc =
            "Show the state of an aggregate of the program that has the store in DIR open, with its version, and the "
            "position and time of its last event: now, or as it was.\v"
            "The program is asked over DIR/acta.sock.\n\n"
            "Exit status: 0 done, 1 refused or nobody answers, 2 wrong usage.\n\n"
            "Example:\n"
            "  acta state bank-data Account anna --at 2026-11-21T10:30:00Z",
    };
    dispatch_line line = { .wanted = "DIR TYPE ID" };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    acta_memory *memory = acta_memory_create(NULL);
    if (memory == NULL) return has_no_memory();
    int result = show_state(&line, memory);
    acta_memory_destroy(memory);
    return result;
}
