/*
 * acta read: events of a store as JSON, by the schemas that the log has kept; the programs that wrote them need not be
 * there. A store that is in use is read beside its program.
 */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "events.h"

typedef struct read_line {
    const char *path, *stream;
    acta_id correlation_id; /* none: any */
    uint64_t from, count_max;
    event_style style;
} read_line;

/* -- reading -- */

static int
read_events(const read_line *line)
{
    const acta_store_config config = { .path = line->path, .must_exist = true, .read_only = true };
    const acta_read read = { .stream = acta_str_of(line->stream),
        .from = line->from,
        .count_max = line->count_max,
        .correlation_id = line->correlation_id };
    acta_memory *memory = acta_memory_create(NULL);
    acta_store *store = NULL;
    acta_cursor *cursor = NULL;
    acta_error error;

    acta_status status = memory != NULL ? acta_store_open(&config, &store, &error)
                                        : acta_error_set(&error, ACTA_NO_MEMORY, "no memory to read");
    if (status == ACTA_OK) status = acta_cursor_open(store, &read, &cursor, &error);
    if (status == ACTA_OK) status = events_print(store, cursor, &line->style, memory, &error);
    if (fflush(stdout) != 0 || ferror(stdout))
        status = acta_error_set(&error, ACTA_IO, "cannot write: %s", strerror(errno));
    acta_cursor_close(cursor);
    acta_store_close(store);
    acta_memory_destroy(memory);
    if (status != ACTA_OK) fprintf(stderr, "acta: %s\n", error.text);
    return status != ACTA_OK;
}

/* -- the command line -- */

static error_t
parse_read(int key, char *argument, struct argp_state *state)
{
    read_line *line = state->input;

    switch (key) {
    case 's':
        line->stream = argument;
        return 0;
    case 'c': /* as a command's id may be given: a UUID, or any text */
        if (acta_id_parse(acta_str_of(argument), &line->correlation_id, NULL) != ACTA_OK)
            line->correlation_id = acta_id_of(acta_str_of(argument));
        return 0;
    case 'f':
        line->from = argument_number(argument, "position or version", state);
        return 0;
    case 'n':
        line->count_max = argument_number(argument, "count of events", state);
        return 0;
    case 'j':
        line->style.as_json = true;
        return 0;
    case 'a':
        line->style.shows_all = true;
        return 0;
    default:
        return argument_directory(key, argument, state, &line->path);
    }
}

int
command_read(int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "stream", 's', "NAME", 0, "only this stream", 0 },
        { "correlation", 'c', "ID", 0,
            "only what came of this one command, whoever carried it on: its correlation id, as --json shows it", 0 },
        { "from", 'f', "N", 0, "begin at this position, or with --stream at this version", 0 },
        { "count", 'n', "N", 0, "print at most so many events", 0 },
        { "json", 'j', NULL, 0, "one JSON object a line, for programs", 0 },
        { "show-redacted", 'a', NULL, 0,
            "print (redacted) fields as they are, and personal ones sealed, instead of ***", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = options,
        .parser = parse_read,
        .args_doc = "DIR",
        .doc = "Print the events of the store in DIR, which may be in use, with their payloads as JSON. The log has "
               "kept the "
               "schemas that they were written with, so the programs that wrote them are not needed; each event is "
               "printed as "
               "it was written, whatever newer programs make of it, with its tags and metadata. Fields that are "
               "(redacted) or (personal) in the schema print as ***.\v"
               "Examples:\n  acta read bank-data --stream Account-alice\n"
               "  acta read bank-data --from 1000 --count 10 --json\n"
               "  acta read bank-data --correlation 00000000-0000-4000-8000-000000000017\n\n"
               "Exit status: 0 done, 1 damage or failure, 2 wrong usage.",
    };
    read_line line = { .path = NULL };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return read_events(&line);
}
