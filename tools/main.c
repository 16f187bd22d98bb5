/*
 * acta: work on stores from the command line.
 *
 *     acta verify DIR
 *     acta schema list DIR, acta schema show TYPE DIR, acta schema check OLD NEW
 *     acta forget SUBJECT DIR
 *     acta read DIR, acta tail DIR, acta streams DIR
 *     acta export DIR, acta import FILE DIR
 *     acta sim NAME
 *     acta backup DIR SET, acta backups SET, acta restore BACKUP DIR, acta repair DIR [NEW]
 *     acta keep DIR [CATEGORY...]
 *     acta handlers DIR [ORDER NAME]
 *     acta dispatch DIR NAME JSON, acta state DIR TYPE ID, acta diff DIR TYPE ID, acta why DIR TYPE ID FIELD
 *     acta sagas DIR [show ID], acta schedule DIR
 *     acta actors DIR, acta tree DIR [PID], acta queues DIR, acta top DIR, acta stats DIR
 *
 * Exit status: 0 done and sound, 1 damage or failure, 2 wrong usage.
 */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "verify.h"

typedef struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} command;

static const command commands[] = {
    { "verify", command_verify },
    { "backup", command_backup },
    { "backups", command_backups },
    { "restore", command_restore },
    { "repair", command_repair },
    { "keep", command_keep },
    { "schema", command_schema },
    { "forget", command_forget },
    { "read", command_read },
    { "tail", command_tail },
    { "streams", command_streams },
    { "export", command_export },
    { "import", command_import },
    { "sim", command_sim },
    { "handlers", command_handlers },
    { "dispatch", command_dispatch },
    { "state", command_state },
    { "diff", command_diff },
    { "why", command_why },
    { "sagas", command_sagas },
    { "schedule", command_schedule },
    { "actors", command_actors },
    { "tree", command_tree },
    { "queues", command_queues },
    { "stats", command_stats },
    { "top", command_top },
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0], NAMES_MAX = 512 };

/* "verify, backup, …" */
static const char *
list_names(char names[NAMES_MAX])
{
    size_t size = 0;

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        size += (size_t)snprintf(names + size, NAMES_MAX - size, "%s%s", i > 0 ? ", " : "", commands[i].name);
    return names;
}

/* -- verify -- */

static error_t
parse_verify(int key, char *argument, struct argp_state *state)
{
    return argument_directory(key, argument, state, state->input);
}

int
command_verify(int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse_verify,
        .args_doc = "DIR",
        .doc =
            "Read all of the store in DIR, which may be in use: every checksum, the order of positions and versions, "
            "the "
            "index and the names against the log, rows, batches and the mark. Prints what it counted, and each piece "
            "of damage.\v"
            "Exit status: 0 sound, 1 damage or failure, 2 wrong usage.",
    };
    const char *path = NULL;

    argp_parse(&argp, argc, argv, 0, NULL, &path);
    return verify_store(path);
}

/* -- which command -- */

typedef struct command_line {
    const command *command;
    int at; /* in argv */
} command_line;

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    command_line *line = state->input;
    char names[NAMES_MAX];

    switch (key) {
    case ARGP_KEY_ARG:
        for (size_t i = 0; i < COMMAND_COUNT; i++) {
            if (strcmp(argument, commands[i].name) == 0) line->command = &commands[i];
        }
        if (line->command == NULL)
            argp_error(state, "there is no command '%s'; the commands are: %s", argument, list_names(names));
        line->at = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    case ARGP_KEY_END:
        if (line->command == NULL) argp_error(state, "which command? One of: %s", list_names(names));
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void
print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    fprintf(stream, "acta %s\n", ACTA_VERSION);
}

int
main(int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse,
        .args_doc = "COMMAND ...",
        .doc =
            "Work on the stores of Acta.\v"
            "  verify DIR           check all of a store\n"
            "  backup DIR SET       add a backup to a set of them\n"
            "  backups SET          list the backups of a set\n"
            "  restore BACKUP DIR   make a new store of a backup, or of its beginning\n"
            "  repair DIR [NEW]     say what is damaged, or make a sound store of it\n"
            "  keep DIR [CATEGORY]  keep events of these by stream, too, from the first on\n"
            "  schema list DIR      which types of events a log has\n"
            "  schema show TYPE DIR what one of them looks like\n"
            "  schema check OLD NEW may a new schema follow an old one on its log?\n"
            "  forget SUBJECT DIR   make what is personal of somebody unreadable\n"
            "  read DIR             print events as JSON\n"
            "  tail DIR             print the newest events, and follow those that come\n"
            "  streams DIR          list streams\n"
            "  export DIR           print the log as JSON, exactly\n"
            "  import FILE DIR      make a store of what was exported, or go on with one\n"
            "  stats DIR            how large it is, and what its program has done\n"
            "  sim NAME             run a scenario through thousands of seeds\n\n"
            "Of a program that runs, over the socket in its store's directory, or at DIR\n"
            "if that is http://HOST:PORT, with the token in ACTA_TOKEN or in the file that\n"
            "ACTA_TOKEN_FILE names:\n"
            "  handlers DIR         who reads events, how far behind; pause, replay …\n"
            "  dispatch DIR NAME JSON\n"
            "                       send it a command\n"
            "  state DIR TYPE ID    an aggregate, now or as it was\n"
            "  diff DIR TYPE ID     what changed in it between two points\n"
            "  why DIR TYPE ID FIELD\n"
            "                       which event made a field what it is\n"
            "  sagas DIR            what process managers are at; show one\n"
            "  schedule DIR         what runs later\n"
            "  tree DIR [PID]       its supervisors and actors\n"
            "  actors DIR           all of its actors\n"
            "  queues DIR           what waits: mailboxes, the committer, handlers\n"
            "  top DIR              the same on the whole screen, again and again\n\n"
            "`acta COMMAND --help` tells more.\n\nExit status: 0 done and sound, 1 damage or failure, 2 wrong usage.",
    };
    command_line line = { .command = NULL };
    char name[64];

    argp_err_exit_status = 2;
    argp_program_version_hook = print_version;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &line);
    snprintf(name, sizeof name, "acta %s", line.command->name);
    argv[line.at] = name;
    return line.command->run(argc - line.at, argv + line.at);
}
