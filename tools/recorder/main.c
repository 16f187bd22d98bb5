/*
 * acta-recorder: print the flight recorders in a core dump, or in any other copy of a process's memory.
 *
 *     acta-recorder [--last=N] FILE
 *
 * It looks for the first bytes of a recorder (recorder.h), so it needs neither the program nor its symbols. Exit status:
 * 0 there was one, 1 there was none or the file can't be read, 2 wrong usage.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acta/recorder.h"

enum { NAME_OFFSET = 104, NAME_SIZE = 24, ALIGNMENT = 64 }; /* as recorder.h says */

typedef struct command_line {
    const char *path;
    uint32_t last; /* 0: all */
} command_line;

typedef struct memory {
    const char *bytes;
    size_t size;
} memory;

static bool
map_file(const char *path, memory *out)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd >= 0 && fstat(fd, &status) == 0) {
        if (status.st_size == 0) errno = ENODATA;
        void *bytes = status.st_size > 0
                          ? mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, fd, 0)
                          : MAP_FAILED;
        close(fd);
        if (bytes != MAP_FAILED) {
            *out = (memory){ bytes, (size_t)status.st_size };
            return true;
        }
    }
    fprintf(stderr, "acta-recorder: cannot read '%s': %s\n", path, strerror(errno));
    return false;
}

/* The copy lies as recorders do; in the file it may lie anywhere. */
static bool
print_one(const char *bytes, size_t size, uint32_t last)
{
    void *image = aligned_alloc(ALIGNMENT, (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);

    if (image == NULL) {
        fprintf(stderr, "acta-recorder: no memory for a recorder of %zu bytes\n", size);
        return false;
    }
    memcpy(image, bytes, size);
    printf("runtime '%.*s'\n", NAME_SIZE, (const char *)image + NAME_OFFSET);
    fflush(stdout);
    acta_recorder_print_image(image, STDOUT_FILENO, last);
    free(image);
    return true;
}

static int
print_all(const command_line *line)
{
    size_t from = 0, offset, size;
    bool is_found = false;
    memory file;

    if (!map_file(line->path, &file)) return 1;
    while (acta_recorder_find(file.bytes, file.size, from, &offset, &size)) {
        if (!print_one(file.bytes + offset, size, line->last)) return 1;
        is_found = true;
        from = offset + size;
    }
    munmap((void *)(uintptr_t)file.bytes, file.size);
    if (!is_found) fprintf(stderr, "acta-recorder: there is no flight recorder in '%s'\n", line->path);
    return is_found ? 0 : 1;
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    command_line *line = state->input;
    char *end;

    switch (key) {
    case 'n':
        errno = 0;
        unsigned long last = strtoul(argument, &end, 10);
        if (errno != 0 || *end != '\0' || argument[0] == '-' || last == 0 || last > UINT32_MAX)
            argp_error(state, "--last: '%s' is no number of records from 1 on", argument);
        line->last = (uint32_t)last;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0) argp_error(state, "'%s' is one argument too many", argument);
        line->path = argument;
        return 0;
    case ARGP_KEY_END:
        if (line->path == NULL) argp_error(state, "which file?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
main(int argc, char **argv)
{
    static const struct argp_option options[] = { { "last", 'n', "N", 0, "only the newest N records of each", 0 },
        { 0 } };
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "FILE",
        .doc = "Print the flight recorders of Acta in FILE: a core dump, or any other copy of a process's memory.\v"
               "Exit status: 0 there was one, 1 there was none or the file can't be read, 2 wrong usage.",
    };
    command_line line = { 0 };

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &line);
    return print_all(&line);
}
