/*
 * acta tree: the supervision tree of a running program, and what waits for each of its actors.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "served.h"

enum { PAGE = 1000, SHOWN_DEFAULT = 50, DEPTH_MAX = 32 };

typedef struct tree_line {
    const char *words[2]; /* directory, pid of a supervisor */
    uint64_t count;       /* children of each supervisor that are shown */
    bool as_json;
} tree_line;

typedef struct supervisor {
    const tree_line *line;
    acta_str pid; /* "": the application's own */
    int depth;
    uint64_t shown, there; /* children */
    char from[24];         /* of the next page; "": there is none */
} supervisor;

static const served_column columns[] = { { "id", "ID", COLUMN_TEXT, 31 }, { "state", "STATE", COLUMN_TEXT, 10 },
    { "queued", "QUEUED", COLUMN_NUMBER, 6 }, { "pid", "PID", COLUMN_NUMBER, 12 },
    { "behaviour", "BEHAVIOUR", COLUMN_TEXT, 17 }, { 0 } };

static int show_children(const tree_line *line, acta_str pid, int depth);

/* As it came, with under whom it stands and how deep. */
static void
put_line(const json_value *child, acta_str pid, int depth)
{
    printf("{\"supervisor\":\"" ACTA_FMT "\",\"depth\":%d," ACTA_FMT "\n", ACTA_ARG(pid), depth,
        ACTA_ARG(acta_str_from(child->raw.data + 1, child->raw.size - 1)));
}

/* The children of a page, as many as are still to be shown, and what is below them. */
static int
show_page(supervisor *s, const json_value *answer)
{
    const json_value *children = json_member(answer, "children");

    if (s->depth == 0 && s->shown == 0 && !s->line->as_json) served_head(columns);
    s->there = json_number(answer, "count");
    for (const json_value *child = children != NULL ? children->first : NULL; child != NULL; child = child->next) {
        acta_str pid = json_text(child, "pid");
        if (s->shown == s->line->count) return 0;
        s->shown++;
        if (s->line->as_json)
            put_line(child, json_text(answer, "supervisor"), s->depth);
        else
            served_row(child, columns, s->depth);
        if (!json_is_true(child, "is_supervisor") || pid.size == 0 || s->depth == DEPTH_MAX) continue;
        if (show_children(s->line, pid, s->depth + 1) != 0) return 1;
    }
    return 0;
}

/* One that has ended since its own supervisor told of it has no children. */
static int
show_next_page(supervisor *s, acta_memory *memory)
{
    char path[128];
    const json_value *answer;

    snprintf(path, sizeof path, "/tree%s" ACTA_FMT "?count=%d&from=%s", s->pid.size > 0 ? "/" : "", ACTA_ARG(s->pid),
        PAGE, s->from);
    const client_request request = { .directory = s->line->words[0], .method = "GET", .path = path };
    s->from[0] = '\0';
    if (!served_ask(&request, memory, s->depth > 0 ? MAY_BE_MISSING : MUST_BE_THERE, &answer)) return 1;
    if (answer == NULL) return 0;
    snprintf(s->from, sizeof s->from, ACTA_FMT, ACTA_ARG(json_text(answer, "next")));
    return show_page(s, answer);
}

static int
show_children(const tree_line *line, acta_str pid, int depth)
{
    supervisor s = { .line = line, .pid = pid, .depth = depth, .from = "0" };

    do {
        acta_memory *memory = acta_memory_create(NULL);
        if (memory == NULL) return has_no_memory();
        int status = show_next_page(&s, memory);
        acta_memory_destroy(memory);
        if (status != 0) return status;
    } while (s.from[0] != '\0' && s.shown < line->count);
    if (s.there > s.shown && !line->as_json) printf("%*s… and %" PRIu64 " more\n", depth, "", s.there - s.shown);
    return 0;
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    tree_line *line = state->input;

    switch (key) {
    case 'j':
        line->as_json = true;
        return 0;
    case 'n':
        line->count = argument_number(argument, "count of children", state);
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= 2) argp_error(state, "'%s' is one argument too many", argument);
        if (state->arg_num == 1) argument_number(argument, "pid", state);
        line->words[state->arg_num] = argument;
        return 0;
    case ARGP_KEY_END:
        if (line->words[0] == NULL) argp_error(state, "which directory?");
        if (line->count == 0) line->count = line->as_json ? UINT64_MAX : SHOWN_DEFAULT;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
command_tree(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "count", 'n', "N", 0, "Children of each supervisor that are shown; 50, with --json all", 0 },
        { "json", 'j', NULL, 0, "JSON, an object a line", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = known,
        .parser = parse,
        .args_doc = "DIR [PID]",
        .doc = "Show the supervision tree of the program that has the store in DIR open, or what is below the "
               "supervisor of that pid: each child beneath its supervisor, in the order of their start, with its "
               "state and how many messages wait for it ('-': it is at something long, or doesn't run).\v"
               "The program is asked over DIR/acta.sock. With --json each line has its supervisor's pid and how deep "
               "it stands, too.\n\n"
               "Exit status: 0 done, 1 refused or nobody answers, 2 wrong usage.\n\n"
               "Examples:\n  acta tree bank-data\n  acta tree bank-data 4294967300 --count 10",
    };
    tree_line line = { .as_json = false };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return show_children(&line, acta_str_of(line.words[1] != NULL ? line.words[1] : ""), 0);
}
