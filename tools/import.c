/*
 * acta import: a log from the lines that acta export wrote. docs/transfer.md
 *
 *     head         how far the lines reach
 *     schemas      that the log was written with: put where they are missing, or older
 *     entries      those that the store has already are compared, the others added
 *     rows         when entries were added: they take the place of all that there are
 *     end          all of it came
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "foreign.h"
#include "transfer.h"

enum { PROGRESS_EVERY = 1 << 14 };

typedef struct import_line {
    const char *file, *path;
    bool without_rows;
    const char **handled; /* as many as there are arguments at most */
    foreign_order from;   /* of another store's lines */
} import_line;

/* A row of schemas, until it is sure that the log is the same. */
typedef struct held_row {
    acta_table_row row;
    struct held_row *next;
} held_row;

typedef struct importing {
    const import_line *line;
    FILE *file;
    acta_memory *memory; /* of a line */
    acta_memory *held_memory;
    held_row *held;
    acta_import *import; /* from the first row or entry on */
    acta_store *had;     /* what the store had, to be compared */
    acta_export *had_log;
    uint64_t line_number, had_to, to, compared, added, rows;
    bool has_head, has_end;
    bool has_rows;   /* the first line says so */
    bool wants_rows; /* they take the place of what there is */
} importing;

/* What the lines can't be put into is told before anything is. */
static acta_status
check_rows(importing *in, acta_error *error)
{
    bool awaits = acta_import_awaits_rows(in->import);

    in->wants_rows = in->has_rows && !in->line->without_rows && (awaits || in->had_to < in->to);
    if (awaits && !in->wants_rows)
        return acta_error_set(error, ACTA_INVALID,
            "'%s' lacks rows of an import that was not finished: give it lines with rows, or begin in a new directory",
            in->line->path);
    if (awaits && in->had_to > in->to)
        return acta_error_set(error, ACTA_INVALID,
            "'%s' lacks rows, and ends at position %" PRIu64 ": rows of that position or a later one were expected",
            in->line->path, in->had_to);
    if (awaits) acta_import_await_rows(in->import);
    return ACTA_OK;
}

static acta_status
begin(importing *in, acta_error *error)
{
    const acta_store_config config = { .path = in->line->path, .must_exist = true, .read_only = true };

    if (in->import != NULL) return ACTA_OK;
    acta_status status = acta_import_open(in->line->path, NULL, &in->import, error);
    if (status != ACTA_OK) return status;
    in->had_to = acta_import_position(in->import);
    status = check_rows(in, error);
    return status == ACTA_OK ? acta_store_open(&config, &in->had, error) : status;
}

/* -- rows -- */

static bool
bytes_equal(acta_bytes a, acta_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static acta_status
add_row(importing *in, const acta_table_row *row, acta_error *error)
{
    acta_status status = acta_import_add_row(in->import, row, error);

    in->rows += status == ACTA_OK;
    return status;
}

/* Until an entry goes behind those that are there: then it is the same log. */
static acta_status
hold(importing *in, const acta_table_row *row, acta_error *error)
{
    held_row *held =
        acta_memory_alloc(in->held_memory, sizeof *held + row->key.size + row->value.size + row->table.size);

    if (held == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row");
    uint8_t *bytes = (uint8_t *)(held + 1), *value = mempcpy(bytes, row->key.data, row->key.size);
    char *table = mempcpy(value, row->value.data, row->value.size);
    memcpy(table, row->table.data, row->table.size);
    held->row = (acta_table_row){ .table = acta_str_from(table, row->table.size),
        .key = acta_bytes_from(bytes, row->key.size),
        .value = acta_bytes_from(value, row->value.size) };
    held->next = in->held;
    in->held = held;
    return ACTA_OK;
}

static acta_status
put_held(importing *in, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (; in->held != NULL && status == ACTA_OK; in->held = in->held->next)
        status = add_row(in, &in->held->row, error);
    return status;
}

/* One that is another than the store's is newer, when the lines go on behind the store's log. */
static acta_status
take_schema(importing *in, const acta_table_row *row, acta_error *error)
{
    acta_bytes there;
    char table[ACTA_TABLE_NAME_MAX + 1];

    if (in->compared + in->added > 0)
        return acta_error_set(
            error, ACTA_INVALID, "rows of '" ACTA_FMT "' were expected ahead of events", ACTA_ARG(row->table));
    snprintf(table, sizeof table, ACTA_FMT, ACTA_ARG(row->table));
    acta_status status = acta_store_get(in->had, table, row->key, in->memory, &there, error);
    if (status == ACTA_OK && bytes_equal(there, row->value)) return ACTA_OK;
    if (status == ACTA_OK && in->to <= in->had_to)
        return acta_error_set(
            error, ACTA_INVALID, "the store has another row in its table '%s': it is of another log", table);
    return status == ACTA_OK || status == ACTA_NOT_FOUND ? hold(in, row, error) : status;
}

static acta_status
take_row(importing *in, const acta_table_row *row, acta_error *error)
{
    acta_status status = begin(in, error);

    if (status != ACTA_OK) return status;
    if (transfer_is_of_log(row->table)) return take_schema(in, row, error);
    if (!in->has_rows)
        return acta_error_set(error, ACTA_INVALID,
            "no rows of '" ACTA_FMT "' were expected: the first line has no 'rows'", ACTA_ARG(row->table));
    if (acta_import_position(in->import) < in->to)
        return acta_error_set(error, ACTA_INVALID,
            "rows of '" ACTA_FMT "' were expected behind the events, up to position %" PRIu64, ACTA_ARG(row->table),
            in->to);
    return in->wants_rows ? add_row(in, row, error) : ACTA_OK;
}

/* -- entries -- */

/* The same line would come of both. */
static acta_status
compare(importing *in, const transfer_line *line, acta_error *error)
{
    transfer_line there = { .kind = TRANSFER_ENTRY };
    acta_str a = { NULL, 0 }, b = { NULL, 0 };
    acta_status status = ACTA_OK;

    if (in->had_log == NULL) status = acta_export_open(in->had, line->entry.event.position, &in->had_log, error);
    if (status == ACTA_OK) status = acta_export_next(in->had_log, &there.entry, error);
    if (status == ACTA_OK) status = transfer_write(line, in->memory, &a, error);
    if (status == ACTA_OK) status = transfer_write(&there, in->memory, &b, error);
    if (status != ACTA_OK) return status;
    in->compared++;
    if (acta_str_equal(a, b)) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "the store has another event at position %" PRIu64 ": version %" PRIu64 " of '" ACTA_FMT "'",
        there.entry.event.position, there.entry.event.version, ACTA_ARG(there.entry.event.stream));
}

static void
show_progress(const importing *in)
{
    if ((in->compared + in->added) % PROGRESS_EVERY == 0 && isatty(STDERR_FILENO))
        fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " ", acta_import_position(in->import), in->to);
}

static acta_status
take_entry(importing *in, const transfer_line *line, acta_error *error)
{
    acta_status status = begin(in, error);

    if (status != ACTA_OK) return status;
    bool is_there = line->entry.event.position <= in->had_to && in->added == 0;
    if (is_there) return compare(in, line, error);
    status = acta_import_add(in->import, &line->entry, error);
    if (status != ACTA_OK) return status;
    in->added++;
    show_progress(in);
    /* The lines go on with the log that is there: now its rows may go. */
    if (in->wants_rows && !acta_import_awaits_rows(in->import)) acta_import_await_rows(in->import);
    return put_held(in, error);
}

/* -- lines -- */

static acta_status
take_head(importing *in, const transfer_line *line)
{
    in->has_head = true;
    in->to = line->to;
    in->has_rows = line->has_rows;
    return ACTA_OK;
}

static acta_status
take_end(importing *in, const transfer_line *line, acta_error *error)
{
    acta_status status = begin(in, error);

    if (status != ACTA_OK) return status;
    in->has_end = true;
    if (line->to != in->to || acta_import_position(in->import) < in->to)
        return acta_error_set(error, ACTA_INVALID,
            "events up to position %" PRIu64 " were expected, and they end at %" PRIu64, in->to,
            acta_import_position(in->import));
    status = put_held(in, error);
    return status == ACTA_OK && in->wants_rows ? acta_import_end_rows(in->import, error) : status;
}

static acta_status
take_line(void *user, acta_str text, acta_error *error)
{
    importing *in = user;
    transfer_line line;
    acta_status status = transfer_read(text, in->memory, &line, error);

    if (status != ACTA_OK) return status;
    if ((line.kind == TRANSFER_HEAD) == in->has_head)
        return acta_error_set(error, ACTA_INVALID,
            in->has_head ? "'acta_export' was expected in the first line only"
                         : "the first line of an export, with 'acta_export', was expected");
    if (in->has_end) return acta_error_set(error, ACTA_INVALID, "nothing was expected behind the line with 'end'");
    switch (line.kind) {
    case TRANSFER_HEAD:
        return take_head(in, &line);
    case TRANSFER_ROW:
        return take_row(in, &line.row, error);
    case TRANSFER_ENTRY:
        return take_entry(in, &line, error);
    default:
        return take_end(in, &line, error);
    }
}

static acta_status
take_all(importing *in, acta_error *error)
{
    acta_status status = transfer_each_line(in->file, in->memory, &in->line_number, take_line, in, error);

    if (status != ACTA_OK || in->has_end) return status;
    return acta_error_set(error, ACTA_INVALID, "it ends here, and has no line with 'end': it was cut");
}

/* -- the run -- */

/* What was taken stays, whatever the lines behind it are. */
static acta_status
finish(importing *in, acta_error *error)
{
    uint64_t position = in->import != NULL ? acta_import_position(in->import) : 0;
    bool lacks_rows = in->import != NULL && acta_import_awaits_rows(in->import);

    acta_export_close(in->had_log);
    acta_store_close(in->had);
    acta_status status = acta_import_close(in->import, error);
    if (status != ACTA_OK || in->import == NULL) return status;
    printf("%" PRIu64 " events added, %" PRIu64 " were there; the store ends at position %" PRIu64 "\n", in->added,
        in->compared, position);
    if (lacks_rows) printf("it lacks rows, and no program can go on with it: begin this import again\n");
    return status;
}

static int
import(const import_line *line)
{
    importing in = { .line = line, .memory = acta_memory_create(NULL), .held_memory = acta_memory_create(NULL) };
    acta_error error, closing;

    if (in.memory == NULL || in.held_memory == NULL) {
        acta_memory_destroy(in.memory);
        acta_memory_destroy(in.held_memory);
        return has_no_memory();
    }
    in.file = strcmp(line->file, "-") == 0 ? stdin : fopen(line->file, "r");
    if (in.file == NULL) {
        fprintf(stderr, "acta: cannot open '%s': %s\n", line->file, strerror(errno));
        acta_memory_destroy(in.memory);
        acta_memory_destroy(in.held_memory);
        return 1;
    }
    acta_status status = take_all(&in, &error), closed = finish(&in, &closing);
    if (status != ACTA_OK) fprintf(stderr, "acta: %s, line %" PRIu64 ": %s\n", line->file, in.line_number, error.text);
    if (closed != ACTA_OK) fprintf(stderr, "acta: %s\n", closing.text);
    if (in.file != stdin) fclose(in.file);
    acta_memory_destroy(in.memory);
    acta_memory_destroy(in.held_memory);
    return status != ACTA_OK || closed != ACTA_OK;
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    import_line *line = state->input;

    switch (key) {
    case 'w':
        line->without_rows = true;
        return 0;
    case 'f':
        line->from.kind = foreign_kind_of(argument);
        if (line->from.kind == FOREIGN_NONE) argp_error(state, "'%s': eventstore or kurrentdb was expected", argument);
        return 0;
    case 'r':
        line->from.rules = argument;
        return 0;
    case 'g':
        line->from.begins_later = true;
        return 0;
    case 'd':
        line->handled[line->from.handled_count++] = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1) argp_error(state, "'%s' is one argument too many", argument);
        *(state->arg_num == 0 ? &line->file : &line->path) = argument;
        return 0;
    case ARGP_KEY_END:
        if (line->path == NULL) argp_error(state, "FILE DIR is expected");
        if ((line->from.rules != NULL || line->from.handled_count > 0 || line->from.begins_later) &&
            line->from.kind == FOREIGN_NONE)
            argp_error(state, "--rules, --handled and --gone go with --from");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
command_import(int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "without-rows", 'w', 0, 0, "the log alone; a new program is to read it from the beginning", 0 },
        { "from", 'f', "STORE", 0,
            "FILE has events of EventStore (eventstore) or of KurrentDB (kurrentdb), a JSON object in a line; DIR is a "
            "store without events that the program has opened once, so that it has its schemas",
            0 },
        { "rules", 'r', "RULES", 0,
            "with --from: how types and streams are called here; lines 'type THEIRS OURS' and 'stream BEGINNING "
            "BEGINNING'",
            0 },
        { "handled", 'd', "NAME", 0,
            "with --from: this handler, projection or process manager begins behind all of it; once for each", 0 },
        { "gone", 'g', 0, 0,
            "with --from: take streams whose first events are gone (of a maximal age or count); these stand as "
            "removed, "
            "so that versions stay as they were",
            0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "FILE DIR",
        .doc = "Make a store in DIR of what acta export has written to FILE (-: standard input), or go on behind the "
               "log of one that is there: events that it has already are compared, the others added, so that an "
               "import that was cut is begun again with the same words. A line that is damaged, or doesn't continue "
               "the log, ends it: what came before stays, and how far is told. Rows that come along take the "
               "place of all that there are; until the last has come, no program can go on with the store. In the "
               "end all of it is verified.\v"
               "Examples:\n  acta import bank.jsonl bank-copy\n"
               "  acta export bank-data | acta import - bank-copy\n"
               "  acta import --from eventstore --rules names --handled Transfers \\\n    rows.jsonl bank-new\n\n"
               "Exit status: 0 all of it came, 1 damage or failure, 2 wrong usage.",
    };
    import_line line = { .handled = calloc((size_t)argc, sizeof *line.handled) };

    if (line.handled == NULL) return has_no_memory();
    argp_parse(&argp, argc, argv, 0, NULL, &line);
    line.from.file = line.file;
    line.from.path = line.path;
    line.from.handled = line.handled;
    int result = line.from.kind != FOREIGN_NONE ? foreign_import(&line.from) : import(&line);
    free(line.handled);
    return result;
}
