/*
 * Folders of tests: <where>/acta-<what>-<process>-XXXXXX. A test that is killed leaves its folder behind; the next process
 * that makes one of the same kind in the same place removes what processes that are no more have left.
 */
#ifndef ACTA_TESTS_SCRATCH_H
#define ACTA_TESTS_SCRATCH_H

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRATCH_PATH_MAX = 96 };

static inline int
scratch_remove_one(const char *path, const struct stat *s, int kind, struct FTW *ftw)
{
    (void)s;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static inline bool
scratch_is_left(const char *name, const char *prefix)
{
    size_t size = strlen(prefix);
    char *end;

    if (strncmp(name, prefix, size) != 0) return false;
    long process = strtol(name + size, &end, 10);
    return end != name + size && *end == '-' && process > 0 && kill((pid_t)process, 0) != 0 && errno == ESRCH;
}

static inline void
scratch_sweep(const char *where, const char *prefix)
{
    DIR *folder = opendir(where);
    const struct dirent *entry;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char path[SCRATCH_PATH_MAX + 256];
        if (!scratch_is_left(entry->d_name, prefix)) continue;
        snprintf(path, sizeof path, "%s/%s", where, entry->d_name);
        (void)nftw(path, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS); /* another may be at it, too */
    }
    if (folder != NULL) closedir(folder);
}

/* `path`: SCRATCH_PATH_MAX bytes. False: it can't be made; errno says why. The caller removes it. */
static inline bool
scratch_make(char *path, const char *where, const char *what)
{
    static bool is_swept; /* by this process; a test makes one kind */
    char prefix[32];

    snprintf(prefix, sizeof prefix, "acta-%s-", what);
    if (!is_swept) scratch_sweep(where, prefix);
    is_swept = true;
    int size = snprintf(path, SCRATCH_PATH_MAX, "%s/%s%ld-XXXXXX", where, prefix, (long)getpid());
    return size < SCRATCH_PATH_MAX && mkdtemp(path) != NULL;
}

#endif
