/*
 * backup, backups, restore, repair: what include/acta/operations.h does, from the command line.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "acta/operations.h"

#include "commands.h"

enum { LISTED_MAX = 10000 };

typedef struct options {
    const char *paths[2];
    unsigned path_count, paths_least, paths_most;
    uint64_t keep_max, to_position;
    int64_t to_time_us;
    const char *who, *why;
    bool check_all, keep_tables;
} options;

/* -- reading the command line -- */

static int64_t
time_of(const char *text, struct argp_state *state)
{
    int64_t at_us = 0;

    if (!time_of_text(text, &at_us))
        argp_error(state, "'%s' is no time: one as 2026-11-21T10:30:00Z is expected (UTC)", text);
    return at_us;
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    options *o = state->input;

    switch (key) {
    case 'k':
        o->keep_max = argument_number(argument, "count of backups", state);
        return 0;
    case 'c':
        o->check_all = true;
        return 0;
    case 'p':
        o->to_position = argument_number(argument, "position", state);
        return 0;
    case 't':
        o->to_time_us = time_of(argument, state);
        return 0;
    case 'T':
        o->keep_tables = true;
        return 0;
    case 'w':
        o->who = argument;
        return 0;
    case 'y':
        o->why = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num >= o->paths_most) argp_error(state, "'%s' is one argument too many", argument);
        o->paths[o->path_count++] = argument;
        return 0;
    case ARGP_KEY_END:
        if (o->path_count < o->paths_least)
            argp_error(state, o->paths_least == 1 ? "which directory?" : "two directories are expected");
        if (o->to_position != 0 && o->to_time_us != 0)
            argp_error(state, "--to-position and --to-time: give one of the two");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static options
read_line(int argc, char **argv, unsigned least, unsigned most, const struct argp_option *known, const char *arguments,
    const char *text)
{
    const struct argp argp = { .options = known, .parser = parse, .args_doc = arguments, .doc = text };
    options o = { .paths_least = least, .paths_most = most };

    argp_parse(&argp, argc, argv, 0, NULL, &o);
    return o;
}

/* -- printing -- */

static int
failed(const acta_error *error)
{
    fprintf(stderr, "acta: %s\n", error->text);
    return 1;
}

/* In one of a few rooms. */
static const char *
when(int64_t time_us)
{
    static char rooms[4][40];
    static unsigned next;
    char *room = rooms[next++ % 4];
    time_t seconds = (time_t)(time_us / 1000000);
    struct tm utc;

    if (time_us == 0) return "-";
    if (gmtime_r(&seconds, &utc) == NULL || strftime(room, sizeof rooms[0], "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        snprintf(room, sizeof rooms[0], "%" PRId64 " us", time_us);
    return room;
}

/* -- the commands -- */

int
command_backup(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "keep", 'k', "COUNT", 0, "Remove the oldest beyond so many", 0 },
        { "check-all", 'c', NULL, 0, "Verify all of the new backup, not only what is new in it", 0 },
        { 0 },
    };
    options o = read_line(argc, argv, 2, 2, known, "DIR SET",
        "Add a backup of the store in DIR to the set of backups in SET, which is made when it isn't there. Files that "
        "the "
        "backup before has too are shared with that one. The store must not be in use: a program that has it open "
        "backs "
        "it up itself (acta_store_backup_to).\v"
        "Exit status: 0 done, 1 damage or failure, 2 wrong usage.\n\n"
        "Example:\n  acta backup bank-data /mnt/backups/bank --keep 7");
    acta_error error;
    acta_store *store;
    acta_backup_info info;

    acta_status status =
        acta_store_open(&(acta_store_config){ .path = o.paths[0], .must_exist = true }, &store, &error);
    if (status != ACTA_OK)
        return told_in_use(
            o.paths[0], &error, "let it back itself up (acta_store_backup_to); acta export reads the store beside it");
    const acta_backup_config config = {
        .path = o.paths[1], .keep_max = (uint32_t)(o.keep_max < UINT32_MAX ? o.keep_max : 0), .check_all = o.check_all
    };
    status = acta_store_backup_to(store, &config, &info, &error);
    acta_store_close(store);
    if (status != ACTA_OK) return failed(&error);
    printf("backup %" PRIu64 ", up to position %" PRIu64 ": %" PRIu64 " bytes in %" PRIu32 " files, of which %" PRIu64
           " in %" PRIu32 " were copied\n",
        info.number, info.position, info.bytes, info.files, info.copied_bytes, info.copied_files);
    return 0;
}

int
command_backups(int argc, char **argv)
{
    options o = read_line(argc, argv, 1, 1, NULL, "SET",
        "List the backups of a set, oldest first: number, when it was taken, position of its last event, when that was "
        "recorded, and bytes.\vExit status: 0 done, 1 damage or failure, 2 wrong usage.");
    acta_backup_info *infos = calloc(LISTED_MAX, sizeof *infos);
    uint32_t count = 0;
    acta_error error;

    if (infos == NULL) return has_no_memory();
    acta_status status = acta_backup_list(o.paths[0], infos, LISTED_MAX, &count, &error);
    for (uint32_t i = 0; status == ACTA_OK && i < count && i < LISTED_MAX; i++)
        printf("%6" PRIu64 "  %s  position %" PRIu64 "  recorded %s  %" PRIu64 " bytes\n", infos[i].number,
            when(infos[i].taken_at_us), infos[i].position, when(infos[i].recorded_at_us), infos[i].bytes);
    free(infos);
    return status == ACTA_OK ? 0 : failed(&error);
}

static void
print_dropped(uint64_t outcomes, uint64_t snapshots, uint64_t claims, uint64_t rows, uint64_t checkpoints)
{
    printf("dropped    %" PRIu64 " outcomes, %" PRIu64 " snapshots, %" PRIu64 " claims, %" PRIu64
           " rows of other tables\n",
        outcomes, snapshots, claims, rows);
    printf("set back   %" PRIu64 " checkpoints\n", checkpoints);
}

int
command_restore(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "to-position", 'p', "N", 0, "Only the events up to this position", 0 },
        { "to-time", 't', "TIME", 0, "Only those recorded until then: 2026-11-21T10:30:00Z (UTC)", 0 },
        { "keep-tables", 'T', NULL, 0, "With either: keep users' tables, which may be newer than the log", 0 },
        { 0 },
    };
    options o = read_line(argc, argv, 2, 2, known, "BACKUP DIR",
        "Make a new store in DIR from BACKUP: a set of backups (the newest, or the oldest that reaches far enough), "
        "one "
        "of its directories, or a store that isn't in use. BACKUP is only read.\v"
        "A store that is cut has the first events of the log and what follows from them. Outcomes of commands, "
        "snapshots "
        "and claims from behind the cut are dropped, checkpoints set back to it, and users' tables dropped, since "
        "nobody "
        "can tell what they held. Of the schemas that the log has kept, those stay that its events name.\n\nExit "
        "status: 0 done, 1 damage or failure, 2 wrong usage.\n\nExample:\n  acta "
        "restore /mnt/backups/bank bank-data --to-time "
        "2026-11-21T10:30:00Z");
    const acta_restore_config config = { .backup = o.paths[0],
        .path = o.paths[1],
        .to_position = o.to_position,
        .to_time_us = o.to_time_us,
        .keep_tables = o.keep_tables };
    acta_restore_report report;
    acta_error error;

    if (acta_restore(&config, &report, &error) != ACTA_OK)
        return told_in_use(o.paths[0], &error, "restore from a backup");
    printf("restored   %s, up to position %" PRIu64 "\n", o.paths[1], report.position);
    printf("from       %s\n", report.backup);
    if (!report.is_cut) return 0;
    printf("left out   %" PRIu64 " events\n", report.events_left_out);
    print_dropped(report.outcomes_dropped, report.snapshots_dropped, report.claims_dropped, report.table_rows_dropped,
        report.checkpoints_cut);
    return 0;
}

static void
print_repair(const options *o, const acta_repair_report *report)
{
    printf("damage     %s\n", report->damage);
    if (report->files_were_rebuilt)
        printf("files      taken one by one: the lists of them, or the mark, are of no use\n");
    if (report->durable > 0)
        printf("durable    the log had reached position %" PRIu64 "\n", report->durable);
    else
        printf("durable    nothing says how far the log had reached\n");
    printf("kept       positions 1 to %" PRIu64 "\n", report->kept);
    printf("lost       %" PRIu64 " positions behind it, of which %" PRIu64 " can still be read in %s\n", report->lost,
        report->readable_behind, o->paths[0]);
    if (o->path_count < 2) {
        printf("nothing was made; `acta repair %s NEW` makes a sound store in NEW\n", o->paths[0]);
        return;
    }
    printf("rows       %" PRIu64 " kept%s\n", report->rows_kept, report->rows_were_lost ? "; some can't be read" : "");
    print_dropped(report->outcomes_dropped, report->snapshots_dropped, report->claims_dropped,
        report->table_rows_dropped, report->checkpoints_cut);
    printf("repaired   into %s; position %" PRIu64 " tells of it\n", o->paths[1], report->kept + 1);
}

int
command_repair(int argc, char **argv)
{
    static const struct argp_option known[] = {
        { "who", 'w', "NAME", 0, "For the record of it; otherwise the user's name", 0 },
        { "why", 'y', "TEXT", 0, "For the record of it", 0 },
        { 0 },
    };
    options o = read_line(argc, argv, 1, 2, known, "DIR [NEW]",
        "Say what is damaged in the store in DIR, and what would be lost; with NEW make a sound store there, of the "
        "log up "
        "to the first damage and what follows from it. DIR is only read. The new log tells of the repair in its stream "
        "$audit.\v"
        "A backup may have more: see `acta backups`.\n\nExit status: 0 done, 1 damage or failure, 2 wrong "
        "usage.\n\nExample:\n"
        "  acta repair bank-data bank-mended --why \"disk failed on Saturday\"");
    const char *user = getenv("USER");
    const acta_repair_config config = {
        .path = o.paths[0], .target = o.paths[1], .who = o.who != NULL ? o.who : user, .why = o.why
    };
    acta_repair_report report;
    acta_error error;

    if (acta_repair(&config, &report, &error) != ACTA_OK) return told_in_use(o.paths[0], &error, NULL);
    print_repair(&o, &report);
    return 0;
}
