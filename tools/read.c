/*
 * acta read: events of a store as JSON, by the schemas that the log has kept; the programs that wrote them need not be
 * there. A store that is in use is read beside its program.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acta/app.h"

#include "commands.h"

typedef struct read_line {
    const char *path, *stream;
    uint64_t from, count_max;
    bool as_json, shows_all;
} read_line;

/* -- printing -- */

/* As a JSON string; the text is UTF-8. */
static void
put_string(acta_str text)
{
    putchar('"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20)
            printf("\\u%04x", c);
        else
            printf(c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
    putchar('"');
}

static void
put_hex(acta_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        printf("%02x", bytes.data[i]);
}

static bool
is_text(acta_bytes bytes)
{
    return acta_str_is_utf8(acta_str_from(bytes.data, bytes.size));
}

/* "2026-11-21T10:30:00.000000Z" */
static const char *
time_text(int64_t at_us, char *text, size_t size)
{
    char seconds[40];
    time_t at = (time_t)(at_us / 1000000);
    struct tm utc;

    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", gmtime_r(&at, &utc));
    snprintf(text, size, "%s.%06dZ", seconds, (int)(at_us % 1000000));
    return text;
}

static void
put_id(const char *name, acta_id id)
{
    char text[ACTA_ID_TEXT_SIZE];

    if (!acta_id_is_none(id)) printf(",\"%s\":\"%s\"", name, acta_id_format(id, text));
}

/* What the store writes of its own accord has no schema, and is mostly text. */
static bool
is_own_text(const acta_recorded *event)
{
    return event->type.size > 0 && event->type.data[0] == '$' && is_text(event->payload);
}

/* The payload as JSON; absent, and why: it can't be. */
static acta_str
payload_text(const read_line *line, acta_store *store, const acta_recorded *event, acta_memory *memory,
    acta_kept_schema *kept, acta_error *why)
{
    acta_str text = { NULL, 0 };

    *kept = (acta_kept_schema){ .number = 0 };
    if (event->kind == ACTA_RECORD_STUB) {
        acta_error_set(why, ACTA_DELETED, "it was removed");
        return text;
    }
    acta_status status = acta_kept_schema_find(store, event->type, event->schema_hash, memory, kept, why);
    if (status == ACTA_OK)
        status = (line->shows_all ? acta_schema_print : acta_schema_print_redacted)(
            kept->binary, event->type, event->payload, memory, &text, why);
    return status == ACTA_OK ? text : acta_str_from(NULL, 0);
}

/* Tags and metadata, as members of an object. */
static void
put_beside(const acta_recorded *event)
{
    acta_bytes tags = event->tags;
    const char *before = ",\"tags\":[";
    acta_str tag;

    while (acta_tag_next(&tags, &tag)) {
        printf("%s", before);
        put_string(tag);
        before = ",";
    }
    if (event->tags.size != 0) putchar(']');
    if (event->metadata.size == 0) return;
    if (is_text(event->metadata)) {
        printf(",\"metadata\":");
        put_string(acta_str_from(event->metadata.data, event->metadata.size));
    } else {
        printf(",\"metadata_hex\":\"");
        put_hex(event->metadata);
        putchar('"');
    }
}

static void
put_json(const acta_recorded *event, const acta_kept_schema *kept, acta_str payload, const acta_error *why)
{
    char at[64];

    printf("{\"position\":%" PRIu64 ",\"stream\":", event->position);
    put_string(event->stream);
    printf(",\"version\":%" PRIu64 ",\"type\":", event->version);
    put_string(event->type);
    if (kept->number != 0) printf(",\"type_version\":%" PRIu32, kept->event_version);
    printf(",\"recorded_at\":\"%s\"", time_text(event->recorded_at_us, at, sizeof at));
    put_id("command_id", event->command_id);
    put_id("correlation_id", event->correlation_id);
    put_id("causation_id", event->causation_id);
    put_beside(event);
    if (payload.data != NULL) {
        printf(",\"payload\":" ACTA_FMT "}\n", ACTA_ARG(payload));
        return;
    }
    printf(",\"payload\":");
    if (is_own_text(event)) {
        put_string(acta_str_from(event->payload.data, event->payload.size));
    } else {
        printf("null,\"why\":");
        put_string(acta_str_of(why->text));
    }
    puts("}");
}

/* The same, each on a line of its own. */
static void
put_lines_beside(const acta_recorded *event)
{
    acta_bytes tags = event->tags;
    const char *before = "    tags: ";
    acta_str tag;

    while (acta_tag_next(&tags, &tag)) {
        printf("%s" ACTA_FMT, before, ACTA_ARG(tag));
        before = ", ";
    }
    if (event->tags.size != 0) putchar('\n');
    if (event->metadata.size == 0) return;
    printf("    metadata: ");
    if (is_text(event->metadata))
        put_string(acta_str_from(event->metadata.data, event->metadata.size));
    else
        put_hex(event->metadata);
    putchar('\n');
}

static void
put_columns(const acta_recorded *event, const acta_kept_schema *kept, acta_str payload, const acta_error *why)
{
    char at[64], version[24] = "";

    if (kept->event_version > 1) snprintf(version, sizeof version, " (version %" PRIu32 ")", kept->event_version);
    printf("%" PRIu64 "  %s  " ACTA_FMT " %" PRIu64 "  " ACTA_FMT "%s\n    ", event->position,
        time_text(event->recorded_at_us, at, sizeof at), ACTA_ARG(event->stream), event->version, ACTA_ARG(event->type),
        version);
    if (payload.data != NULL)
        printf(ACTA_FMT, ACTA_ARG(payload));
    else if (is_own_text(event))
        put_string(acta_str_from(event->payload.data, event->payload.size));
    else
        printf("(%zu bytes: %s)", event->payload.size, why->text);
    putchar('\n');
    put_lines_beside(event);
}

/* -- reading -- */

static acta_status
print_events(const read_line *line, acta_store *store, acta_cursor *cursor, acta_memory *memory, acta_error *error)
{
    acta_recorded event;
    acta_kept_schema kept;
    acta_error why;

    for (;;) {
        acta_status status = acta_cursor_next(cursor, &event, error);
        if (status != ACTA_OK) return status == ACTA_NOT_FOUND ? ACTA_OK : status;
        acta_str payload = payload_text(line, store, &event, memory, &kept, &why);
        (line->as_json ? put_json : put_columns)(&event, &kept, payload, &why);
        acta_memory_clear(memory);
        if (ferror(stdout)) return ACTA_IO;
    }
}

static int
read_events(const read_line *line)
{
    const acta_store_config config = { .path = line->path, .must_exist = true, .read_only = true };
    const acta_read read = { .stream = acta_str_of(line->stream), .from = line->from, .count_max = line->count_max };
    acta_memory *memory = acta_memory_create(NULL);
    acta_store *store = NULL;
    acta_cursor *cursor = NULL;
    acta_error error;

    acta_status status = memory != NULL ? acta_store_open(&config, &store, &error)
                                        : acta_error_set(&error, ACTA_NO_MEMORY, "no memory to read");
    if (status == ACTA_OK) status = acta_cursor_open(store, &read, &cursor, &error);
    if (status == ACTA_OK) status = print_events(line, store, cursor, memory, &error);
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
    case 'f':
        line->from = argument_number(argument, "position or version", state);
        return 0;
    case 'n':
        line->count_max = argument_number(argument, "count of events", state);
        return 0;
    case 'j':
        line->as_json = true;
        return 0;
    case 'a':
        line->shows_all = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0) argp_error(state, "'%s' is one argument too many", argument);
        line->path = argument;
        return 0;
    case ARGP_KEY_END:
        if (line->path == NULL) argp_error(state, "which directory?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
command_read(int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "stream", 's', "NAME", 0, "only this stream", 0 },
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
               "  acta read bank-data --from 1000 --count 10 --json\n\n"
               "Exit status: 0 done, 1 damage or failure, 2 wrong usage.",
    };
    read_line line = { .path = NULL };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return read_events(&line);
}
