/*
 * acta schema: list and show, which schema_kept.c has, and check: may one schema follow another on the same log? For whoever changes one, before it meets the log.
 *
 * Schemas are given as text or as flatc makes them; text goes through flatc first, into a directory that is removed.
 */
#include <argp.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acta/schema.h"

#include "commands.h"
#include "served.h"

enum { SIZE_MAX_BYTES = 64 << 20, PATH_ROOM = 4096 };

typedef struct check_line {
    const char *before, *after;
} check_line;

static bool
ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && strcmp(text + size - end_size, end) == 0;
}

/* -- reading -- */

static bool
read_binary(const char *path, acta_memory *memory, acta_bytes *bytes_out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        fprintf(stderr, "acta schema: cannot read '%s': %s\n", path, strerror(errno));
        if (file != NULL) fclose(file);
        return false;
    }
    long size = ftell(file);
    uint8_t *bytes = size >= 0 && size <= SIZE_MAX_BYTES ? acta_memory_alloc(memory, (size_t)size) : NULL;
    rewind(file);
    bool is_read = bytes != NULL && fread(bytes, 1, (size_t)size, file) == (size_t)size;
    fclose(file);
    if (!is_read) fprintf(stderr, "acta schema: cannot read '%s' whole\n", path);
    if (is_read) *bytes_out = acta_bytes_from(bytes, (size_t)size);
    return is_read;
}

/* flatc writes NAME.bfbs into the directory, and says on stdout what it doesn't like. */
static bool
run_flatc(const char *path, const char *directory)
{
    extern char **environ;
    char *arguments[] = { (char[]){ "flatc" }, (char[]){ "--binary" }, (char[]){ "--schema" },
        (char[]){ "--bfbs-builtins" }, (char[]){ "-o" }, strdup(directory), strdup(path), NULL };
    int status = -1;
    pid_t pid;

    int failure = arguments[5] != NULL && arguments[6] != NULL
                      ? posix_spawnp(&pid, "flatc", NULL, NULL, arguments, environ)
                      : ENOMEM;
    free(arguments[5]);
    free(arguments[6]);
    if (failure != 0) {
        fprintf(stderr, "acta schema: cannot run flatc on '%s': %s; install it, or give the binary schema (.bfbs)\n",
            path, strerror(failure));
        return false;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    if (status != 0) fprintf(stderr, "acta schema: flatc refuses '%s'\n", path);
    return status == 0;
}

static bool
read_text(const char *path, acta_memory *memory, acta_bytes *bytes_out)
{
    char directory[] = "/tmp/acta-schema-XXXXXX", binary[PATH_ROOM];
    const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;

    if (access(path, R_OK) != 0) {
        fprintf(stderr, "acta schema: cannot read '%s': %s\n", path, strerror(errno));
        return false;
    }
    if (mkdtemp(directory) == NULL) {
        fprintf(stderr, "acta schema: no room for a file in /tmp: %s\n", strerror(errno));
        return false;
    }
    snprintf(binary, sizeof binary, "%s/%.*s.bfbs", directory, (int)(strlen(name) - strlen(".fbs")), name);
    bool is_read = run_flatc(path, directory) && read_binary(binary, memory, bytes_out);
    unlink(binary);
    rmdir(directory);
    return is_read;
}

static bool
read_schema(const char *path, acta_memory *memory, acta_bytes *bytes_out)
{
    return ends_with(path, ".fbs") ? read_text(path, memory, bytes_out) : read_binary(path, memory, bytes_out);
}

/* -- comparing -- */

static void
print_change(void *user, const acta_schema_change *change)
{
    int *count = user;

    put_shown(change->table);
    if (change->member.size != 0) putchar('.');
    put_shown(change->member);
    printf(" %s\n", change->text);
    ++*count;
}

static int
check(const check_line *line)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes before, after;
    acta_error error;
    int count = 0;

    bool is_read =
        memory != NULL && read_schema(line->before, memory, &before) && read_schema(line->after, memory, &after);
    acta_status status = is_read ? acta_schema_compare(before, after, print_change, &count, &error) : ACTA_IO;
    acta_memory_destroy(memory);
    if (status == ACTA_OK)
        printf("'%s' can follow '%s' on the same log\n", line->after, line->before);
    else if (status == ACTA_SCHEMA_MISMATCH)
        printf("'%s' can't follow '%s': %d change%s in the way\n", line->after, line->before, count,
            count == 1 ? " is" : "s are");
    else if (is_read)
        fprintf(stderr, "acta schema: %s\n", error.text);
    return status != ACTA_OK;
}

static error_t
parse_check(int key, char *argument, struct argp_state *state)
{
    check_line *line = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        if (state->arg_num == 0) {
            if (strcmp(argument, "check") != 0)
                argp_error(state, "there is no 'schema %s'; there are: list, show, check", argument);
        } else if (state->arg_num == 1)
            line->before = argument;
        else if (state->arg_num == 2)
            line->after = argument;
        else
            argp_error(state, "'%s' is one argument too many", argument);
        return 0;
    case ARGP_KEY_END:
        if (state->arg_num == 0) argp_error(state, "list, show or check?");
        if (line->after == NULL) argp_error(state, "which two schemas? check OLD NEW");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
command_schema(int argc, char **argv)
{
    static const struct argp argp = {
        .parser = parse_check,
        .args_doc = "list DIR\nshow TYPE DIR\ncheck OLD NEW",
        .doc = "list: which types of events the log in DIR has. show: what one of them looked like. `acta schema list "
               "--help` "
               "and `acta schema show --help` tell more.\n\n"
               "check: may a program with the schema NEW go on with a log that one with OLD has written? Each is a "
               "schema (.fbs, "
               "which flatc reads) or a binary one (.bfbs). Prints each change that stands in the way, and what to do "
               "instead.\v"
               "Example, in the CI of a program:\n  git show main:bank.fbs >/tmp/old.fbs\n"
               "  acta schema check /tmp/old.fbs bank.fbs\n\n"
               "Exit status: 0 it may, 1 it may not, or failure, 2 wrong usage.",
    };
    check_line line = { NULL, NULL };

    if (argc > 1 && strcmp(argv[1], "list") == 0) {
        argv[1] = (char[]){ "acta schema list" };
        return schema_list(argc - 1, argv + 1);
    }
    if (argc > 1 && strcmp(argv[1], "show") == 0) {
        argv[1] = (char[]){ "acta schema show" };
        return schema_show(argc - 1, argv + 1);
    }
    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return check(&line);
}
