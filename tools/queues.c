/*
 * acta queues: what waits in a running program: the longest mailboxes, the committer, the handlers.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "served.h"

enum { SHOWN_DEFAULT = 20 };

typedef struct queues_line {
    const char *directory;
    const char *by; /* as the gateway names it */
    uint64_t count;
    bool as_json;
} queues_line;

/* A line for each: {"mailbox":{...}} */
static void
put_lines(const char *key, const json_value *objects)
{
    for (const json_value *o = objects != NULL ? objects->first : NULL; o != NULL; o = o->next)
        printf("{\"%s\":" ACTA_FMT "}\n", key, ACTA_ARG(o->raw));
}

static void
put_object(const char *key, const json_value *answer)
{
    const json_value *object = json_member(answer, key);

    if (object != NULL) printf("{\"%s\":" ACTA_FMT "}\n", key, ACTA_ARG(object->raw));
}

static void
show_sums(const json_value *answer)
{
    const json_value *committer = json_member(answer, "committer"), *actors = json_member(answer, "actors");

    printf("committer  %" PRIu64 " bytes wait, the log is at %" PRIu64 ", %" PRIu64 " refused\n",
        json_number(committer, "queued_bytes"), json_number(committer, "head"), json_number(committer, "refused"));
    printf("actors     %" PRIu64 ", of which %" PRIu64 " have messages: %" PRIu64 " with %" PRIu64 " bytes\n",
        json_number(actors, "alive"), json_number(actors, "with_messages"), json_number(actors, "queued"),
        json_number(actors, "queued_bytes"));
}

static void
show_tables(const json_value *answer)
{
    static const served_column mailboxes[] = { { "pid", "PID", COLUMN_NUMBER, 12 }, { "name", "NAME", COLUMN_TEXT, 13 },
        { "behaviour", "BEHAVIOUR", COLUMN_TEXT, 12 }, { "state", "STATE", COLUMN_TEXT, 9 },
        { "queued", "QUEUED", COLUMN_NUMBER, 7 }, { "queued_peak", "PEAK", COLUMN_NUMBER, 7 },
        { "queued_bytes", "BYTES", COLUMN_NUMBER, 9 }, { 0 } };
    static const served_column handlers[] = { { "name", "HANDLER", COLUMN_TEXT, 26 },
        { "state", "STATE", COLUMN_TEXT, 11 }, { "behind", "BEHIND", COLUMN_NUMBER, 9 },
        { "in_flight", "IN FLIGHT", COLUMN_NUMBER, 9 }, { "parked", "PARKED", COLUMN_NUMBER, 7 },
        { "retries", "RETRIES", COLUMN_NUMBER, 7 }, { 0 } };

    if (json_member(answer, "mailboxes") != NULL && json_member(answer, "mailboxes")->first != NULL) {
        putchar('\n');
        served_table(json_member(answer, "mailboxes"), mailboxes);
    }
    putchar('\n');
    served_table(json_member(answer, "handlers"), handlers);
}

static int
show(const queues_line *line, acta_memory *memory)
{
    char path[96];
    const client_request request = { .directory = line->directory, .method = "GET", .path = path };
    const json_value *answer;

    snprintf(path, sizeof path, "/queues?by=%s&count=%" PRIu64, line->by, line->count);
    if (!served_ask(&request, memory, MUST_BE_THERE, &answer)) return 1;
    if (line->as_json) {
        put_object("committer", answer);
        put_object("actors", answer);
        put_lines("mailbox", json_member(answer, "mailboxes"));
        put_lines("handler", json_member(answer, "handlers"));
    } else {
        show_sums(answer);
        show_tables(answer);
    }
    return 0;
}

static const char *
read_by(const char *text, struct argp_state *state)
{
    static const char *const words[][2] = { { "length", "queued" }, { "peak", "queued_peak" },
        { "bytes", "queued_bytes" } };

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i][0]) == 0) return words[i][1];
    argp_error(state, "--by: '%s' is not length, peak or bytes", text);
    return NULL;
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    queues_line *line = state->input;

    switch (key) {
    case 'j':
        line->as_json = true;
        return 0;
    case 'b':
        line->by = read_by(argument, state);
        return 0;
    case 'n':
        line->count = argument_number(argument, "count of mailboxes", state);
        return 0;
    default:
        return argument_directory(key, argument, state, &line->directory);
    }
}

int
command_queues(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "by", 'b', "WHAT", 0, "The longest by: length, peak or bytes; otherwise length", 0 },
        { "count", 'n', "N", 0, "So many mailboxes, up to 1000; otherwise 20", 0 },
        { "json", 'j', NULL, 0, "JSON, an object a line", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = known,
        .parser = parse,
        .args_doc = "DIR",
        .doc = "Show what waits in the program that has the store in DIR open: transactions for the committer, the "
               "longest mailboxes of actors (messages now, the most that there were, bytes), and how far behind each "
               "event handler is. Empty mailboxes are left out.\v"
               "The program is asked over DIR/acta.sock; actors are looked at and not asked, so that one which is "
               "stuck is shown too. With --json each line is an object with one member: committer, actors, mailbox or "
               "handler.\n\n"
               "Exit status: 0 done, 1 refused or nobody answers, 2 wrong usage.\n\n"
               "Examples:\n  acta queues bank-data\n  acta queues bank-data --by peak --count 5 --json",
    };
    queues_line line = { .by = "queued", .count = SHOWN_DEFAULT };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    acta_memory *memory = acta_memory_create(NULL);
    if (memory == NULL) return has_no_memory();
    int result = show(&line, memory);
    acta_memory_destroy(memory);
    return result;
}
