/*
 * acta export: the log of a store as lines of JSON, exactly; acta import makes the same log of them. Or, for EventStore and
 * KurrentDB, in their form. docs/transfer.md
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "foreign.h"
#include "transfer.h"

typedef struct export_line {
    const char *path;
    uint64_t from;
    bool without_rows;
    foreign_kind to;   /* FOREIGN_NONE: our own lines */
    const char *rules; /* NULL: none */
} export_line;

static acta_status
put(const transfer_line *line, acta_memory *memory, acta_error *error)
{
    acta_str text;
    acta_status status = transfer_write(line, memory, &text, error);

    if (status == ACTA_OK && fwrite(text.data, 1, text.size, stdout) != text.size)
        status = acta_error_set(error, ACTA_IO, "cannot write: %s", strerror(errno));
    acta_memory_clear(memory);
    return status;
}

static acta_status
put_rows(acta_store *store, const char *table, acta_memory *memory, acta_error *error)
{
    transfer_line line = { .kind = TRANSFER_ROW, .row.table = acta_str_of(table) };
    acta_row_cursor *cursor;
    acta_status status = acta_row_cursor_open(store, table, acta_bytes_from(NULL, 0), &cursor, error);

    if (status != ACTA_OK) return status;
    while ((status = acta_row_cursor_next(cursor, &line.row.key, &line.row.value, error)) == ACTA_OK) {
        status = put(&line, memory, error);
        if (status != ACTA_OK) break;
    }
    acta_row_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
put_entries(acta_export *log, acta_memory *memory, acta_error *error)
{
    transfer_line line = { .kind = TRANSFER_ENTRY };
    acta_status status;

    while ((status = acta_export_next(log, &line.entry, error)) == ACTA_OK) {
        status = put(&line, memory, error);
        if (status != ACTA_OK) break;
    }
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* All that came not ahead of the events. */
static acta_status
put_other_rows(acta_export *log, acta_memory *memory, acta_error *error)
{
    transfer_line line = { .kind = TRANSFER_ROW };
    acta_status status;

    while ((status = acta_export_next_row(log, &line.row, error)) == ACTA_OK) {
        if (transfer_is_of_log(line.row.table)) continue;
        status = put(&line, memory, error);
        if (status != ACTA_OK) break;
    }
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
put_log(const export_line *line, acta_store *store, acta_memory *memory, acta_error *error)
{
    acta_export *log;
    acta_status status = acta_export_open(store, line->from, &log, error);

    if (status != ACTA_OK) return status;
    status = put_entries(log, memory, error);
    if (status == ACTA_OK && !line->without_rows) status = put_other_rows(log, memory, error);
    acta_export_close(log);
    return status;
}

static acta_status
put_lines(const export_line *line, acta_store *store, acta_memory *memory, acta_error *error)
{
    const uint64_t head = acta_store_head(store);
    const transfer_line begin = {
        .kind = TRANSFER_HEAD, .from = line->from, .to = head, .has_rows = !line->without_rows
    };
    const transfer_line end = { .kind = TRANSFER_END, .to = head };

    acta_status status = put(&begin, memory, error);
    for (size_t i = 0; transfer_tables[i] != NULL && status == ACTA_OK; i++)
        status = put_rows(store, transfer_tables[i], memory, error);
    if (status == ACTA_OK) status = put_log(line, store, memory, error);
    return status == ACTA_OK ? put(&end, memory, error) : status;
}

static acta_status
put_all(const export_line *line, acta_store *store, acta_memory *memory, acta_error *error)
{
    const uint64_t head = acta_store_head(store);

    if (line->from > head + 1)
        return acta_error_set(
            error, ACTA_NOT_FOUND, "the log ends at position %" PRIu64 ", before %" PRIu64, head, line->from);
    if (line->to == FOREIGN_NONE) return put_lines(line, store, memory, error);
    return foreign_export(store, line->to, line->rules, line->from, memory, error);
}

static int
run(const export_line *line)
{
    const acta_store_config config = { .path = line->path, .must_exist = true, .read_only = true };
    acta_memory *memory = acta_memory_create(NULL);
    acta_store *store = NULL;
    acta_error error;

    if (memory == NULL) return has_no_memory();
    acta_status status = acta_store_open(&config, &store, &error);
    if (status == ACTA_OK) status = put_all(line, store, memory, &error);
    if (status == ACTA_OK && fflush(stdout) != 0)
        status = acta_error_set(&error, ACTA_IO, "cannot write: %s", strerror(errno));
    acta_store_close(store);
    acta_memory_destroy(memory);
    if (status != ACTA_OK) fprintf(stderr, "acta: %s\n", error.text);
    return status != ACTA_OK;
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    export_line *line = state->input;

    switch (key) {
    case 'f':
        line->from = argument_number(argument, "position", state);
        return 0;
    case 'w':
        line->without_rows = true;
        return 0;
    case 't':
        line->to = foreign_kind_of(argument);
        if (line->to == FOREIGN_NONE) argp_error(state, "'%s': eventstore or kurrentdb was expected", argument);
        return 0;
    case 'r':
        line->rules = argument;
        return 0;
    case ARGP_KEY_END:
        if (line->rules != NULL && line->to == FOREIGN_NONE) argp_error(state, "--rules goes with --to");
        if (line->without_rows && line->to != FOREIGN_NONE) argp_error(state, "--to has no rows in any case");
        return argument_directory(key, argument, state, &line->path);
    default:
        return argument_directory(key, argument, state, &line->path);
    }
}

int
command_export(int argc, char **argv)
{
    static const struct argp_option options[] = {
        { "from", 'f', "N", 0, "begin at this position: what came since an export that ended before it", 0 },
        { "without-rows", 'w', 0, 0, "the log alone: for other programs, and to compare", 0 },
        { "to", 't', "STORE", 0,
            "events in the form of EventStore (eventstore) or of KurrentDB (kurrentdb), a JSON object in a line, "
            "without rows; acta import --from reads them, too",
            0 },
        { "rules", 'r', "RULES", 0,
            "with --to: how types and streams are called there; lines 'type THEIRS OURS' and 'stream BEGINNING "
            "BEGINNING'",
            0 },
        { 0 },
    };
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "DIR",
        .doc = "Print the log of the store in DIR, which may be in use, as lines of JSON from which acta import makes "
               "the same log again, to the byte of every payload: positions, versions, ids, times, tags, metadata, "
               "and what is left of removed events. All rows beside the log come along (outcomes of commands, "
               "checkpoints, process managers, claims, schedule, snapshots, read models), so that a program goes on "
               "with the copy where it was. Keys of personal data do not.\v"
               "Examples:\n  acta export bank-data > bank.jsonl\n"
               "  acta export bank-data --from 4712 | gzip > since.jsonl.gz\n"
               "  acta export bank-data --without-rows | jq .type\n"
               "  acta export bank-data --to eventstore --rules names > rows.jsonl\n\n"
               "Exit status: 0 done, 1 damage or failure, 2 wrong usage.",
    };
    export_line line = { .from = 1 };

    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return run(&line);
}
