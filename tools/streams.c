/*
 * acta streams: which streams a store has, in the order of their names, a page at a time.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "events.h"
#include "served.h"

typedef struct streams_line {
    const char *path, *prefix, *after;
    uint64_t count_max; /* 0: all */
    bool as_json, all;
} streams_line;

/* What is told of a stream. */
typedef struct stream_row {
    acta_str name;
    uint64_t version;
    acta_stream_info info;
} stream_row;

/* -- printing -- */

static void
put_time(const char *key, int64_t at_us)
{
    char text[64];

    printf(",\"%s\":\"%s\"", key, time_text(at_us, text, sizeof text));
}

static const char *
state_of(const stream_row *row)
{
    return row->info.deleted ? "deleted" : "live";
}

static uint64_t
count_of(const stream_row *row)
{
    return row->version + 1 - row->info.first_version;
}

static void
put_limit(const char *key, uint64_t limit)
{
    if (limit != 0) printf(",\"%s\":%" PRIu64, key, limit);
}

static void
put_json(const stream_row *row)
{
    const acta_stream_info *info = &row->info;

    printf("{\"stream\":");
    put_string(row->name);
    printf(",\"version\":%" PRIu64 ",\"state\":\"%s\",\"count\":%" PRIu64 ",\"first_version\":%" PRIu64
           ",\"first_position\":%" PRIu64 ",\"last_position\":%" PRIu64,
        row->version, state_of(row), count_of(row), info->first_version, info->first_position, info->last_position);
    put_time("created_at", info->created_at_us);
    put_time("changed_at", info->changed_at_us);
    put_limit("count_max", info->limits.count_max);
    put_limit("age_ms_max", info->limits.age_ms_max);
    put_limit("from_version", info->limits.from_version);
    puts("}");
}

/* Names come last: they are as long as they are. To seconds. */
static void
put_columns(const stream_row *row)
{
    char created[64], changed[64];

    time_text(row->info.created_at_us, created, sizeof created);
    time_text(row->info.changed_at_us, changed, sizeof changed);
    printf("%8" PRIu64 " %8" PRIu64 " %-7s %-19.19s %-19.19s ", row->version, count_of(row), state_of(row), created,
        changed);
    put_shown(row->name);
    putchar('\n');
}

/* -- listing -- */

/* People see the head of the columns only above something; programs get no line. */
static void
tell_none(const streams_line *line)
{
    if (line->as_json) return;
    fputs("acta: there is no stream", stderr);
    if (line->prefix != NULL) fprintf(stderr, " whose name begins with '%s'", line->prefix);
    if (line->after != NULL) fprintf(stderr, " behind '%s'", line->after);
    fputs(line->all ? "\n" : "; --all lists deleted ones and the store's own too\n", stderr);
}

static acta_status
list(const streams_line *line, acta_store *store, acta_stream_cursor *cursor, acta_error *error)
{
    stream_row row = { .version = 0 };
    char last[ACTA_STREAM_NAME_MAX];

    if (line->all) acta_stream_cursor_show_all(cursor);
    for (uint64_t i = 0; !ferror(stdout); i++) {
        size_t last_size = row.name.size;
        if (last_size > 0) memcpy(last, row.name.data, last_size);
        acta_status status = acta_stream_cursor_next(cursor, &row.name, &row.version, error);
        if (status == ACTA_NOT_FOUND && i == 0) tell_none(line);
        if (status == ACTA_NOT_FOUND) return ACTA_OK;
        if (status == ACTA_OK && line->count_max != 0 && i == line->count_max) {
            if (!line->as_json) fprintf(stderr, "acta: there are more, behind --after '%.*s'\n", (int)last_size, last);
            return ACTA_OK;
        }
        if (status == ACTA_OK) status = acta_store_stream_info(store, row.name, &row.info, error);
        if (status != ACTA_OK) return status;
        if (i == 0 && !line->as_json)
            printf("%8s %8s %-7s %-19s %-19s %s\n", "VERSION", "EVENTS", "STATE", "FIRST", "LAST", "STREAM");
        (line->as_json ? put_json : put_columns)(&row);
    }
    return ACTA_OK;
}

static int
run(const streams_line *line)
{
    const acta_store_config config = { .path = line->path, .must_exist = true, .read_only = true };
    acta_store *store = NULL;
    acta_stream_cursor *cursor = NULL;
    acta_error error;

    acta_status status = acta_store_open(&config, &store, &error);
    if (status == ACTA_OK)
        status = acta_stream_cursor_open(store, acta_str_of(line->prefix), acta_str_of(line->after), &cursor, &error);
    if (status == ACTA_OK) status = list(line, store, cursor, &error);
    if (fflush(stdout) != 0 || ferror(stdout))
        status = acta_error_set(&error, ACTA_IO, "cannot write: %s", strerror(errno));
    acta_stream_cursor_close(cursor);
    acta_store_close(store);
    if (status != ACTA_OK) fprintf(stderr, "acta: %s\n", error.text);
    return status != ACTA_OK;
}

/* -- the command line -- */

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    streams_line *line = state->input;

    switch (key) {
    case 'p':
        line->prefix = argument;
        return 0;
    case 'f':
        line->after = argument;
        return 0;
    case 'n':
        line->count_max = argument_number(argument, "count of streams", state);
        return 0;
    case 'a':
        line->all = true;
        return 0;
    case 'j':
        line->as_json = true;
        return 0;
    default:
        return argument_directory(key, argument, state, &line->path);
    }
}

int
command_streams(int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "prefix", 'p', "TEXT", 0, "only streams whose name begins so", 0 },
        { "after", 'f', "NAME", 0, "go on behind this name: the last one of the page before", 0 },
        { "count", 'n', "N", 0, "at most so many", 0 },
        { "all", 'a', NULL, 0, "also those that are softly deleted, and the store's own, which begin with '$'", 0 },
        { "json", 'j', NULL, 0, "one JSON object a line, for programs", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "DIR",
        .doc = "List the streams of the store in DIR, which may be in use, in the order of their names' bytes: the "
               "version that each is at, how many events of it can be read, and when its first and its last one were "
               "recorded.\v"
               "Examples:\n  acta streams bank-data --prefix Account-\n"
               "  acta streams bank-data --count 100 --after Account-m\n"
               "  acta streams bank-data --all --json\n\n"
               "Exit status: 0 done, also when there is none; 1 damage or failure, 2 wrong\nusage.",
    };
    streams_line line = { .path = NULL };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return run(&line);
}
