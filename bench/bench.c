/*
 * Directories for benchmarks. The disk is what they measure: so not below /tmp, which may be memory.
 */
#include "bench.h"

#include <errno.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
bench_make_directory(const char *parent, char *path, size_t size)
{
    bool is_there = mkdir(parent, 0777) == 0 || errno == EEXIST;
    int written = snprintf(path, size, "%s/XXXXXX", parent);

    if (is_there && written > 0 && (size_t)written < size && mkdtemp(path) != NULL) return;
    fprintf(stderr, "bench: cannot make a directory in '%s': %s; --data DIR names another\n", parent, strerror(errno));
    exit(1);
}

static int
remove_entry(const char *path, const struct stat *about, int kind, struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

void
bench_remove(const char *path)
{
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}
