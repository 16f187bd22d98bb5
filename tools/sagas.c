/*
 * acta sagas: the instances of process managers of a running program, and what each waits for. acta schedule: what it runs
 * later.
 */
#include <argp.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "served.h"

typedef struct sagas_line {
    const char *words[3]; /* directory, "show", id */
    bool as_json;
} sagas_line;

typedef struct sagas {
    const sagas_line *line;
    acta_memory *memory;
    unsigned found; /* instances that were shown */
} sagas;

static const struct argp_option known[] = {
    { "json", 'j', NULL, 0, "JSON, an object a line", 0 },
    { 0 },
};

static void
tell_more(const json_value *answer)
{
    if (acta_str_equal(json_text(answer, "more"), acta_str_of("true")))
        fputs("acta: these are the first 10,000; there are more\n", stderr);
}

/* -- sagas -- */

static error_t
parse_sagas(int key, char *argument, struct argp_state *state)
{
    sagas_line *line = state->input;

    switch (key) {
    case 'j':
        line->as_json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= 3) argp_error(state, "'%s' is one argument too many", argument);
        if (state->arg_num == 1 && strcmp(argument, "show") != 0)
            argp_error(state, "'%s' is not 'show', and nothing else is known here", argument);
        line->words[state->arg_num] = argument;
        return 0;
    case ARGP_KEY_END:
        if (line->words[0] == NULL) argp_error(state, "which directory?");
        if (line->words[1] != NULL && line->words[2] == NULL) argp_error(state, "which instance? show ID is expected");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* One instance, as a program or a person wants it. */
static void
show_instance(const json_value *manager, const json_value *instance, bool as_json)
{
    if (as_json) {
        printf("{\"manager\":" ACTA_FMT "," ACTA_FMT "\n", ACTA_ARG(manager->raw),
            ACTA_ARG(acta_str_from(instance->raw.data + 1, instance->raw.size - 1)));
        return;
    }
    printf("%-15s  ", "manager");
    put_shown(manager->text);
    putchar('\n');
    served_fields(instance);
}

static void
show_instances(sagas *s, const json_value *manager, const json_value *answer)
{
    static const served_column columns[] = { { "id", "ID", COLUMN_TEXT, 30 }, { "phase", "PHASE", COLUMN_TEXT, 12 },
        { "attempts", "ATTEMPTS", COLUMN_NUMBER, 8 }, { "queued", "QUEUED", COLUMN_NUMBER, 6 },
        { "since", "SINCE (UTC)", COLUMN_TIME, 19 }, { 0 } };
    const json_value *instances = json_member(answer, "instances");
    const char *id = s->line->words[2];
    unsigned before = s->found;

    for (const json_value *i = instances != NULL ? instances->first : NULL; i != NULL; i = i->next) {
        if (id != NULL && !acta_str_equal(json_text(i, "id"), acta_str_of(id))) continue;
        s->found++;
        if (id != NULL || s->line->as_json) show_instance(manager, i, s->line->as_json);
    }
    if (id == NULL && !s->line->as_json && s->found > before) {
        put_shown(manager->text);
        putchar('\n');
        served_table(instances, columns);
    }
    if (id == NULL) tell_more(answer);
}

/* Of one handler: nothing, if it is no process manager. */
static bool
ask_manager(sagas *s, const json_value *name)
{
    client_path path = client_path_begin(s->memory, "/sagas");
    const json_value *answer;

    client_path_segment(&path, name->text);
    client_path_number(&path, "count", 10000);
    client_path_query(&path, "prefix", s->line->words[2]);
    const client_request request = { .directory = s->line->words[0], .method = "GET", .path = client_path_end(&path) };
    if (request.path == NULL) return has_no_memory() == 0;
    if (!served_ask(&request, s->memory, MAY_BE_MISSING, &answer)) return false;
    if (answer != NULL) show_instances(s, name, answer);
    return true;
}

static int
show_sagas(sagas *s)
{
    const client_request request = { .directory = s->line->words[0], .method = "GET", .path = "/handlers" };
    const json_value *answer;

    if (!served_ask(&request, s->memory, MUST_BE_THERE, &answer)) return 1;
    const json_value *handlers = json_member(answer, "handlers");
    for (const json_value *h = handlers != NULL ? handlers->first : NULL; h != NULL; h = h->next) {
        const json_value *name = json_member(h, "name");
        if (name != NULL && !ask_manager(s, name)) return 1;
    }
    if (s->found == 0 && s->line->words[2] == NULL && !s->line->as_json)
        puts("no process manager has an instance that runs");
    if (s->found > 0 || s->line->words[2] == NULL) return 0;
    fprintf(stderr, "acta: no process manager has an instance '%s' that runs\n", s->line->words[2]);
    return 1;
}

int
command_sagas(int argc, char **argv)
{
    static const struct argp argp = {
        .options = known,
        .parser = parse_sagas,
        .args_doc = "DIR\nDIR show ID",
        .doc = "List the instances of process managers that run in the program that has the store in DIR open, or show "
               "one "
               "of them whole: its phase, since when, how often it was tried, how much waits behind that, and why.\v"
               "The program is asked over DIR/acta.sock.\n\n"
               "Exit status: 0 done, 1 refused or nobody answers, 2 wrong usage.\n\n"
               "Examples:\n  acta sagas bank-data\n  acta sagas bank-data show t-17",
    };
    sagas_line line = { .as_json = false };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    sagas s = { .line = &line, .memory = acta_memory_create(NULL) };
    if (s.memory == NULL) return has_no_memory();
    int result = show_sagas(&s);
    acta_memory_destroy(s.memory);
    return result;
}

/* -- schedule -- */

static error_t
parse_schedule(int key, char *argument, struct argp_state *state)
{
    sagas_line *line = state->input;

    switch (key) {
    case 'j':
        line->as_json = true;
        return 0;
    default:
        return argument_directory(key, argument, state, &line->words[0]);
    }
}

static bool
is_empty(const json_value *rows)
{
    return rows == NULL || rows->first == NULL;
}

static int
show_schedule(const sagas_line *line, acta_memory *memory)
{
    static const served_column columns[] = { { "key", "KEY", COLUMN_TEXT, 22 },
        { "command", "COMMAND", COLUMN_TEXT, 16 }, { "state", "STATE", COLUMN_TEXT, 7 },
        { "runs", "RUNS", COLUMN_NUMBER, 5 }, { "failures", "FAILED", COLUMN_NUMBER, 6 },
        { "due", "DUE (UTC)", COLUMN_TIME, 19 }, { 0 } };
    const client_request request = { .directory = line->words[0], .method = "GET", .path = "/schedule?count=10000" };
    const json_value *answer;

    if (!served_ask(&request, memory, MUST_BE_THERE, &answer)) return 1;
    if (line->as_json)
        served_lines(json_member(answer, "schedule"));
    else if (is_empty(json_member(answer, "schedule")))
        puts("there is no command for later");
    else
        served_table(json_member(answer, "schedule"), columns);
    tell_more(answer);
    return 0;
}

int
command_schedule(int argc, char **argv)
{
    static const struct argp argp = {
        .options = known,
        .parser = parse_schedule,
        .args_doc = "DIR",
        .doc =
            "List the commands that the program that has the store in DIR open runs later: when each is due, how often "
            "it ran and failed, and why its last run failed.\v"
            "The program is asked over DIR/acta.sock.\n\n"
            "Exit status: 0 done, 1 refused or nobody answers, 2 wrong usage.\n\n"
            "Example:\n  acta schedule bank-data",
    };
    sagas_line line = { .as_json = false };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    acta_memory *memory = acta_memory_create(NULL);
    if (memory == NULL) return has_no_memory();
    int result = show_schedule(&line, memory);
    acta_memory_destroy(memory);
    return result;
}
