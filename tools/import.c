/*
 * acta import: a log from the lines that acta export wrote. docs/transfer.md
 *
 *     head         how far the lines reach
 *     rows         the schemas that the log was written with: put where they are missing
 *     entries      those that the store has already are compared, the others added
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
#include "transfer.h"

enum { PROGRESS_EVERY = 1 << 14 };

typedef struct import_line {
    const char *file, *path;
} import_line;

typedef struct importing {
    const import_line *line;
    FILE *file;
    acta_memory *memory;
    acta_store *rows;    /* open while rows come; then NULL */
    acta_import *import; /* from the first entry on */
    acta_store *had;     /* what the store had, while it is compared */
    acta_export *had_log;
    uint64_t line_number, had_to, to, compared, added;
    bool has_head, has_end;
} importing;

/* -- rows -- */

static bool
is_known_table(acta_str name)
{
    for (size_t i = 0; transfer_tables[i] != NULL; i++)
        if (acta_str_equal(name, acta_str_of(transfer_tables[i]))) return true;
    return false;
}

static bool
bytes_equal(acta_bytes a, acta_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static acta_status
take_row(importing *in, const transfer_line *row, acta_error *error)
{
    const acta_store_config config = { .path = in->line->path };
    acta_bytes there;
    char table[ACTA_TABLE_NAME_MAX + 1];

    if (in->import != NULL) return acta_error_set(error, ACTA_INVALID, "rows were expected ahead of events");
    if (!is_known_table(row->table))
        return acta_error_set(error, ACTA_INVALID, "rows of '" ACTA_FMT "' are not imported", ACTA_ARG(row->table));
    snprintf(table, sizeof table, ACTA_FMT, ACTA_ARG(row->table));
    acta_status status = in->rows == NULL ? acta_store_open(&config, &in->rows, error) : ACTA_OK;
    if (status != ACTA_OK) return status;
    status = acta_store_get(in->rows, table, row->key, in->memory, &there, error);
    if (status == ACTA_OK && !bytes_equal(there, row->value))
        return acta_error_set(
            error, ACTA_INVALID, "the store has another row in its table '%s': it is of another log", table);
    if (status != ACTA_NOT_FOUND) return status;
    acta_transaction *transaction = acta_transaction_create(in->rows);
    if (transaction == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a row");
    acta_transaction_put(transaction, table, row->key, row->value);
    return acta_store_commit(in->rows, transaction, NULL, error);
}

/* -- entries -- */

/* Rows are done; the store is opened for entries, and what it has to be compared. */
static acta_status
begin_entries(importing *in, uint64_t first, acta_error *error)
{
    const acta_store_config config = { .path = in->line->path, .must_exist = true, .read_only = true };

    acta_store_close(in->rows);
    in->rows = NULL;
    acta_status status = acta_import_open(in->line->path, NULL, &in->import, error);
    if (status != ACTA_OK) return status;
    in->had_to = acta_import_position(in->import);
    if (first > in->had_to) return ACTA_OK;
    status = acta_store_open(&config, &in->had, error);
    return status == ACTA_OK ? acta_export_open(in->had, first, &in->had_log, error) : status;
}

/* The same line would come of both. */
static acta_status
compare(importing *in, const transfer_line *line, acta_error *error)
{
    transfer_line there = { .kind = TRANSFER_ENTRY };
    acta_str a = { NULL, 0 }, b = { NULL, 0 };
    acta_status status = acta_export_next(in->had_log, &there.entry, error);

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
    uint64_t position = line->entry.event.position;
    acta_status status = in->import == NULL ? begin_entries(in, position, error) : ACTA_OK;

    if (status != ACTA_OK) return status;
    if (in->had_log != NULL && position <= in->had_to) return compare(in, line, error);
    status = acta_import_add(in->import, &line->entry, error);
    in->added += status == ACTA_OK;
    show_progress(in);
    return status;
}

/* -- lines -- */

static acta_status
take_head(importing *in, const transfer_line *line)
{
    in->has_head = true;
    in->to = line->to;
    return ACTA_OK;
}

static acta_status
take_end(importing *in, const transfer_line *line, acta_error *error)
{
    acta_status status = in->import == NULL ? begin_entries(in, UINT64_MAX, error) : ACTA_OK;

    if (status != ACTA_OK) return status;
    in->has_end = true;
    if (line->to == in->to && acta_import_position(in->import) >= in->to) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "events up to position %" PRIu64 " were expected, and they end at %" PRIu64, in->to,
        acta_import_position(in->import));
}

static acta_status
take_line(importing *in, acta_str text, acta_error *error)
{
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
        return take_row(in, &line, error);
    case TRANSFER_ENTRY:
        return take_entry(in, &line, error);
    default:
        return take_end(in, &line, error);
    }
}

static acta_status
take_all(importing *in, acta_error *error)
{
    acta_status status = ACTA_OK;
    char *text = NULL;
    size_t room = 0;
    ssize_t size = 0;

    while (status == ACTA_OK && (size = getline(&text, &room, in->file)) > 0) {
        in->line_number++;
        status = take_line(in, acta_str_from(text, (size_t)size - (text[size - 1] == '\n')), error);
        acta_memory_clear(in->memory);
    }
    free(text);
    if (status != ACTA_OK) return status;
    if (ferror(in->file)) return acta_error_set(error, ACTA_IO, "cannot be read: %s", strerror(errno));
    if (in->has_end) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "it ends here, and has no line with 'end': it was cut");
}

/* -- the run -- */

/* What was taken stays, whatever the lines behind it are. */
static acta_status
finish(importing *in, acta_error *error)
{
    uint64_t position = in->import != NULL ? acta_import_position(in->import) : 0;

    acta_export_close(in->had_log);
    acta_store_close(in->had);
    acta_store_close(in->rows);
    acta_status status = acta_import_close(in->import, error);
    if (status == ACTA_OK && in->import != NULL)
        printf("%" PRIu64 " events added, %" PRIu64 " were there; the store ends at position %" PRIu64 "\n", in->added,
            in->compared, position);
    return status;
}

static int
import(const import_line *line)
{
    importing in = { .line = line, .memory = acta_memory_create(NULL) };
    acta_error error, closing;

    if (in.memory == NULL) return has_no_memory();
    in.file = strcmp(line->file, "-") == 0 ? stdin : fopen(line->file, "r");
    if (in.file == NULL) {
        fprintf(stderr, "acta: cannot open '%s': %s\n", line->file, strerror(errno));
        acta_memory_destroy(in.memory);
        return 1;
    }
    acta_status status = take_all(&in, &error), closed = finish(&in, &closing);
    if (status != ACTA_OK) fprintf(stderr, "acta: %s, line %" PRIu64 ": %s\n", line->file, in.line_number, error.text);
    if (closed != ACTA_OK) fprintf(stderr, "acta: %s\n", closing.text);
    if (in.file != stdin) fclose(in.file);
    acta_memory_destroy(in.memory);
    return status != ACTA_OK || closed != ACTA_OK;
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    import_line *line = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        if (state->arg_num > 1) argp_error(state, "'%s' is one argument too many", argument);
        *(state->arg_num == 0 ? &line->file : &line->path) = argument;
        return 0;
    case ARGP_KEY_END:
        if (line->path == NULL) argp_error(state, "FILE DIR is expected");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
command_import(int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "FILE DIR",
        .doc = "Make a store in DIR of what acta export has written to FILE (-: standard input), or go on behind the "
               "log of one that is there: events that it has already are compared, the others added, so that an "
               "import that was cut is begun again with the same words. A line that is damaged, or doesn't continue "
               "the log, ends it: what came before stays, and how far is told. In the end all of the store is "
               "verified.\v"
               "Examples:\n  acta import bank.jsonl bank-copy\n"
               "  acta export bank-data | acta import - bank-copy\n\n"
               "Exit status: 0 all of it came, 1 damage or failure, 2 wrong usage.",
    };
    import_line line = { .path = NULL };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return import(&line);
}
