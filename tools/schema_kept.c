/*
 * acta schema list, acta schema show: which types of events a log has, and what each looked like, by the schemas that the
 * log has kept; the programs that wrote them need not be there. A store that is in use is read beside its program.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "acta/app.h"

#include "commands.h"
#include "events.h"
#include "served.h"

typedef struct line {
    const char *arguments[2];
    unsigned count, wanted;
    uint64_t version;
    bool counts, as_json;
} line;

/* A type of the log, and its events. */
typedef struct entry {
    struct entry *next;
    acta_kept_type type;
    uint64_t events, first, last;
} entry;

typedef struct list {
    acta_memory *memory;
    entry *first, *last;
    uint64_t other_events; /* of types that no schema was kept of */
    bool has_no_memory;
} list;

static int
failed(const acta_error *error)
{
    fprintf(stderr, "acta schema: %s\n", error->text);
    return 1;
}

/* -- the types -- */

static acta_str
copy(acta_memory *memory, acta_str text)
{
    char *bytes = acta_memory_alloc(memory, text.size + 1);
    if (bytes != NULL) memcpy(bytes, text.data, text.size);
    return acta_str_from(bytes, text.size);
}

static void
add(void *user, const acta_kept_type *type)
{
    list *l = user;
    entry *new = acta_memory_alloc(l->memory, sizeof *new);

    if (new != NULL) {
        *new = (entry){ .type = *type };
        new->type.type = copy(l->memory, type->type);
        new->type.schema = copy(l->memory, type->schema);
    }
    if (new == NULL || new->type.type.data == NULL || new->type.schema.data == NULL) {
        l->has_no_memory = true;
        return;
    }
    if (l->last != NULL)
        l->last->next = new;
    else
        l->first = new;
    l->last = new;
}

static acta_status
read_types(acta_store *store, list *l, acta_error *error)
{
    acta_status status = acta_kept_types(store, add, l, error);
    if (status == ACTA_OK && l->has_no_memory)
        status = acta_error_set(error, ACTA_NO_MEMORY, "no memory for the types");
    return status;
}

static void
count(list *l, const acta_recorded *event)
{
    for (entry *e = l->first; e != NULL; e = e->next) {
        if (e->type.hash != event->schema_hash || !acta_str_equal(e->type.type, event->type)) continue;
        if (e->events++ == 0) e->first = event->position;
        e->last = event->position;
        return;
    }
    l->other_events++;
}

static acta_status
count_events(acta_store *store, list *l, acta_error *error)
{
    acta_cursor *cursor;
    acta_recorded event;

    acta_status status = acta_cursor_open(store, &(acta_read){ .from = 0 }, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK)
        count(l, &event);
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* Of several lines. */
static void
put_text(acta_str text)
{
    for (size_t from = 0, to; from < text.size; from = to + 1) {
        const char *end = memchr(text.data + from, '\n', text.size - from);
        to = end != NULL ? (size_t)(end - text.data) : text.size;
        put_shown(acta_str_from(text.data + from, to - from));
        if (end != NULL) putchar('\n');
    }
}

/* -- list -- */

static void
print_json(const entry *e, bool counts)
{
    printf("{\"type\":");
    put_string(e->type.type);
    printf(",\"version\":%" PRIu32 ",\"schema\":", e->type.version);
    put_string(e->type.schema);
    printf(",\"schema_number\":%" PRIu32 ",\"hash\":\"%016" PRIx64 "\"", e->type.number, e->type.hash);
    if (counts) printf(",\"events\":%" PRIu64, e->events);
    if (e->events != 0) printf(",\"first\":%" PRIu64 ",\"last\":%" PRIu64, e->first, e->last);
    puts("}");
}

static void
print_line(const entry *e, bool counts, int width)
{
    put_shown(e->type.type);
    printf("%*s  %7" PRIu32, width - (int)e->type.type.size, "", e->type.version);
    if (counts) printf(" %8" PRIu64 " %8" PRIu64 " %8" PRIu64, e->events, e->first, e->last);
    printf("  %016" PRIx64 "  %" PRIu32 " of ", e->type.hash, e->type.number);
    put_shown(e->type.schema);
    putchar('\n');
}

/* The names are ASCII: bytes are columns. */
static void
print_table(const list *l, bool counts)
{
    int width = (int)strlen("TYPE");

    for (const entry *e = l->first; e != NULL; e = e->next)
        if ((int)e->type.type.size > width) width = (int)e->type.type.size;
    printf("%-*s  VERSION%s  %-16s  SCHEMA\n", width, "TYPE", counts ? "   EVENTS    FIRST     LAST" : "", "HASH");
    for (const entry *e = l->first; e != NULL; e = e->next)
        print_line(e, counts, width);
}

static acta_status
print_list(const line *given, acta_store *store, acta_memory *memory, acta_error *error)
{
    list l = { .memory = memory };

    acta_status status = read_types(store, &l, error);
    if (status == ACTA_OK && given->counts) status = count_events(store, &l, error);
    if (status != ACTA_OK) return status;
    for (const entry *e = given->as_json ? l.first : NULL; e != NULL; e = e->next)
        print_json(e, given->counts);
    if (given->as_json) return ACTA_OK;
    if (l.first != NULL)
        print_table(&l, given->counts);
    else
        puts("no schema was kept: no program has written events here");
    if (l.other_events != 0) printf("%" PRIu64 " events are of types that no schema was kept of\n", l.other_events);
    return status;
}

/* -- show -- */

/* The newest of the version, or of all. */
static const entry *
find(const list *l, acta_str type, uint64_t version)
{
    const entry *found = NULL;

    for (const entry *e = l->first; e != NULL; e = e->next) {
        if (!acta_str_equal(e->type.type, type) || (version != 0 && e->type.version != version)) continue;
        bool is_newer = found == NULL || e->type.version > found->type.version ||
                        (e->type.version == found->type.version && e->type.number > found->type.number);
        if (is_newer) found = e;
    }
    return found;
}

/* "MoneyWithdrawn" of "bank.MoneyWithdrawn". */
static acta_str
short_name(acta_str type)
{
    return acta_str_after_last(type, '.');
}

static acta_status
no_such_type(const line *given, const list *l, acta_error *error)
{
    acta_nearest nearest = acta_nearest_to(short_name(acta_str_of(given->arguments[0])));
    acta_str found = acta_str_of(NULL);

    for (const entry *e = l->first; e != NULL; e = e->next)
        if (acta_nearest_offer(&nearest, short_name(e->type.type))) found = e->type.type;
    if (found.data == NULL)
        return acta_error_set(error, ACTA_NOT_FOUND,
            "the log in '%s' has no event '%s'; acta schema list tells which it has", given->arguments[1],
            given->arguments[0]);
    return acta_error_set(error, ACTA_NOT_FOUND,
        "the log in '%s' has no event '%s'; did you mean '" ACTA_FMT "'? acta schema list tells which it has",
        given->arguments[1], given->arguments[0], ACTA_ARG(found));
}

/* The type with this name, or with this last part of its name if no other has it. */
static acta_status
find_type(const line *given, const list *l, acta_str *type_out, acta_error *error)
{
    acta_str name = acta_str_of(given->arguments[0]);
    char named[256];
    int size = 0;

    *type_out = name;
    if (find(l, name, 0) != NULL) return ACTA_OK;
    *type_out = acta_str_from(NULL, 0);
    for (const entry *e = l->first; e != NULL; e = e->next) {
        if (!acta_str_equal(short_name(e->type.type), name) || find(l, e->type.type, 0) != e) continue;
        *type_out = size == 0 ? e->type.type : acta_str_from(NULL, 0);
        size += size < (int)sizeof named ? snprintf(named + size, sizeof named - (size_t)size, "%s" ACTA_FMT,
                                               size == 0 ? "" : ", ", ACTA_ARG(e->type.type))
                                         : 0;
    }
    if (type_out->data != NULL) return ACTA_OK;
    if (size == 0) return no_such_type(given, l, error);
    return acta_error_set(error, ACTA_INVALID, "the log in '%s' has several events '%s': %s; give one of them whole",
        given->arguments[1], given->arguments[0], named);
}

static acta_status
no_such_version(const line *given, const list *l, acta_str type, acta_error *error)
{
    return acta_error_set(error, ACTA_NOT_FOUND,
        "the log in '%s' has no version %" PRIu64 " of '" ACTA_FMT "'; the newest is %" PRIu32, given->arguments[1],
        given->version, ACTA_ARG(type), find(l, type, 0)->type.version);
}

static acta_status
print_type(const line *given, acta_store *store, acta_memory *memory, acta_error *error)
{
    list l = { .memory = memory };
    acta_kept_schema kept;
    acta_str text;

    acta_status status = read_types(store, &l, error);
    if (status != ACTA_OK) return status;
    acta_str type;
    status = find_type(given, &l, &type, error);
    if (status != ACTA_OK) return status;
    const entry *found = find(&l, type, given->version);
    if (found == NULL) return no_such_version(given, &l, type, error);
    status = acta_kept_schema_find(store, found->type.type, found->type.hash, memory, &kept, error);
    if (status == ACTA_OK) status = acta_schema_text(kept.binary, found->type.type, memory, &text, error);
    if (status != ACTA_OK) return status;
    printf("// ");
    put_shown(found->type.type);
    printf(", version %" PRIu32 ", hash %016" PRIx64 ", in schema %" PRIu32 " of ", found->type.version,
        found->type.hash, found->type.number);
    put_shown(found->type.schema);
    putchar('\n');
    put_text(text);
    return ACTA_OK;
}

/* -- the command lines -- */

typedef acta_status print_kept(const line *given, acta_store *store, acta_memory *memory, acta_error *error);

static int
look(const line *given, print_kept *print)
{
    const acta_store_config config = {
        .path = given->arguments[given->wanted - 1], .must_exist = true, .read_only = true
    };
    acta_memory *memory = acta_memory_create(NULL);
    acta_store *store = NULL;
    acta_error error;

    acta_status status = memory != NULL ? acta_store_open(&config, &store, &error)
                                        : acta_error_set(&error, ACTA_NO_MEMORY, "no memory to read");
    if (status == ACTA_OK) status = print(given, store, memory, &error);
    if (status == ACTA_OK && (fflush(stdout) != 0 || ferror(stdout)))
        status = acta_error_set(&error, ACTA_IO, "cannot write what was asked for");
    acta_store_close(store);
    acta_memory_destroy(memory);
    return status == ACTA_OK ? 0 : failed(&error);
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    line *given = state->input;

    switch (key) {
    case 'v':
        given->version = argument_number(argument, "version", state);
        return 0;
    case 'c':
        given->counts = true;
        return 0;
    case 'j':
        given->as_json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= given->wanted) argp_error(state, "'%s' is one argument too many", argument);
        given->arguments[given->count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (given->count < given->wanted)
            argp_error(state, given->wanted == 1 ? "which directory?" : "a type and a directory are expected");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
schema_list(int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "count", 'c', NULL, 0,
            "count the events of each, and tell the first and the last position; reads all of the log", 0 },
        { "json", 'j', NULL, 0, "one JSON object a line, for programs", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "DIR",
        .doc = "List the types of events that programs have written to the store in DIR, which may be in use: each "
               "with its "
               "version, its hash, and the schema that has it.\v"
               "Exit status: 0 done, 1 damage or failure, 2 wrong usage.",
    };
    line given = { .wanted = 1 };

    argp_parse(&argp, argc, argv, 0, NULL, &given);
    return look(&given, print_list);
}

int
schema_show(int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "version", 'v', "N", 0, "this version of it, and not the newest", 0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "TYPE DIR",
        .doc = "Print an event's type, and all that is in it, as the log in DIR has kept it: text that flatc reads, "
               "and from "
               "which an old version's bank.v1.fbs can be made. TYPE may leave out the namespace where no other event "
               "has its name.\v"
               "Example:\n  acta schema show bank.MoneyWithdrawn bank-data --version 1\n\n"
               "Exit status: 0 done, 1 damage or failure, 2 wrong usage.",
    };
    line given = { .wanted = 2 };

    argp_parse(&argp, argc, argv, 0, NULL, &given);
    return look(&given, print_type);
}
