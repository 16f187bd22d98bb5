/*
 * acta diff: what changed in an aggregate between two points. acta why: which event made a field what it is, or was. Both ask
 * the running program, which has what folds events into states.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "served.h"

enum { WORDS_MAX = 5 };

typedef struct history_line {
    const char *words[WORDS_MAX]; /* directory, type, id; of why: field, value */
    unsigned words_min, words_max;
    const char *wanted; /* in words */
    const char *from, *to, *at;
    bool as_json, show_redacted;
} history_line;

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    history_line *line = state->input;

    switch (key) {
    case 'j':
        line->as_json = true;
        return 0;
    case 'r':
        line->show_redacted = true;
        return 0;
    case 'f':
        line->from = argument;
        return 0;
    case 't':
        line->to = argument;
        return 0;
    case 'a':
        line->at = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= line->words_max) argp_error(state, "'%s' is one argument too many", argument);
        line->words[state->arg_num] = argument;
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num < line->words_min) argp_error(state, "%s is expected", line->wanted);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- asking -- */

/* NULL: no memory. */
static const char *
path_of(const history_line *line, const char *what, acta_memory *memory)
{
    client_path path = client_path_begin(memory, "/aggregates");

    client_path_segment(&path, acta_str_of(line->words[1]));
    client_path_segment(&path, acta_str_of(line->words[2]));
    client_path_segment(&path, acta_str_of(what));
    client_path_query(&path, "from", line->from);
    client_path_query(&path, "to", line->to);
    client_path_query(&path, "at", line->at);
    client_path_query(&path, "field", line->words[3]);
    client_path_query(&path, "value", line->words[4]);
    client_path_query(&path, "show_redacted", line->show_redacted ? "1" : NULL);
    return client_path_end(&path);
}

static int
run(const history_line *line, const char *what, void (*print)(const json_value *answer))
{
    acta_memory *memory = acta_memory_create(NULL);
    const char *path = memory != NULL ? path_of(line, what, memory) : NULL;
    const client_request request = { .directory = line->words[0], .method = "GET", .path = path };

    int result = path != NULL ? served_show(&request, memory, line->as_json, print) : has_no_memory();
    acta_memory_destroy(memory);
    return result;
}

/* -- printing -- */

/* As JSON; "-": there was none. */
static void
put_value(const json_value *of, const char *key)
{
    const json_value *value = json_member(of, key);

    put_shown(value != NULL ? value->raw : acta_str_of("-"));
}

static void
print_differences(const json_value *answer)
{
    const json_value *differences = json_member(answer, "differences");

    for (const json_value *d = differences != NULL ? differences->first : NULL; d != NULL; d = d->next) {
        put_shown(json_text(d, "path"));
        fputs(": ", stdout);
        put_value(d, "before");
        fputs(" -> ", stdout);
        put_value(d, "after");
        putchar('\n');
    }
}

static void
print_change(const json_value *answer)
{
    static const char *const keys[] = { "version", "position", "recorded_at", "event", "command_id", "correlation_id",
        "causation_id" };

    put_shown(json_text(answer, "field"));
    fputs(": ", stdout);
    put_value(answer, "before");
    fputs(" -> ", stdout);
    put_value(answer, "after");
    putchar('\n');
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (json_member(answer, keys[i]) == NULL) continue;
        printf("%-14s  ", keys[i]);
        put_shown(json_text(answer, keys[i]));
        putchar('\n');
    }
}

/* -- the command lines -- */

int
command_diff(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "from", 'f', "POINT", 0,
            "From this point on: a version (17), position:4711, or 2026-11-21T10:30:00Z (UTC); "
            "else from before the first event",
            0 },
        { "to", 't', "POINT", 0, "Up to this point; else up to now", 0 },
        { "show-redacted", 'r', NULL, 0, "What is (redacted) or (personal) in the schema too", 0 },
        { "json", 'j', NULL, 0, "All of it as one object", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = known,
        .parser = parse,
        .args_doc = "DIR TYPE ID",
        .doc = "Show what changed in the state of an aggregate of the program that has the store in DIR open, field "
               "by field: what it was, and what it is. - stands for nothing.\v"
               "The program is asked over DIR/acta.sock.\n\n"
               "Exit status: 0 done, 1 refused or nobody answers, 2 wrong usage.\n\n"
               "Examples:\n  acta diff bank-data Account anna --from 3\n"
               "  acta diff bank-data Account anna --from 2026-11-21T00:00:00Z --to 17",
    };
    history_line line = { .words_min = 3, .words_max = 3, .wanted = "DIR TYPE ID" };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return run(&line, "diff", print_differences);
}

int
command_why(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "at", 'a', "POINT", 0,
            "Up to this point: a version (17), position:4711, or 2026-11-21T10:30:00Z (UTC); "
            "else up to now",
            0 },
        { "show-redacted", 'r', NULL, 0, "What is (redacted) or (personal) in the schema too", 0 },
        { "json", 'j', NULL, 0, "All of it as one object", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = known,
        .parser = parse,
        .args_doc = "DIR TYPE ID FIELD [VALUE]",
        .doc = "Show which event last changed a field of an aggregate of the program that has the store in DIR open, "
               "or changed it to VALUE, and which command did it. FIELD is a path, such as balance, "
               "address.city, or lines[A-17].count.\v"
               "The program is asked over DIR/acta.sock.\n\n"
               "Exit status: 0 done, 1 refused, nothing has changed it so, or nobody answers, 2 wrong usage.\n\n"
               "Examples:\n  acta why bank-data Account anna balance\n"
               "  acta why bank-data Account anna balance 20 --at 17",
    };
    history_line line = { .words_min = 4, .words_max = 5, .wanted = "DIR TYPE ID FIELD" };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return run(&line, "why", print_change);
}
