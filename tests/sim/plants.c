/*
 * The test of the tests: defects that were planted on purpose (acta/plant.h), each of which the simulation must find within a
 * bounded number of seeds. Needs a build with -Dplants=true.
 *
 *     sim-plants                each defect, once
 *     sim-plants --table        each in five rows of seeds: the table of docs/testing.md
 *     sim-plants NAME …         these only
 *
 * A defect is chosen by the environment, which a process reads once: so each search is a process of its own. One that dies of
 * a signal has found the defect, too.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "acta/plant.h"
#include "acta/simulate.h"

#include "plants.h"
#include "scratch.h"

enum { ROWS = 5, ROW_STEP = 1000000, SEARCH_SECONDS_MAX = 1500 };

/* What a search has found; shared with the process that searches. */
typedef struct found {
    bool found;
    uint64_t seeds; /* until then */
    char invariant[160];
} found;

static void
search(const plant *p, const char *planted, uint64_t from, uint64_t to, found *f)
{
    char keep[SCRATCH_PATH_MAX];
    acta_simulate_report report;
    acta_error error;

    setenv("ACTA_PLANT", planted, 1);
    alarm(SEARCH_SECONDS_MAX);
    f->seeds = to - from + 1; /* should it die */
    if (!scratch_make(keep, "/tmp", "plants")) _exit(2);
    acta_simulate_options options = {
        .from = from, .to = to, .shrink_runs = ACTA_SIMULATE_NO_SHRINK, .twice_every = UINT32_MAX, .keep = keep
    };
    acta_simulate(p->scenario, &options, &report, &error);
    f->found = report.failed;
    if (report.failed) f->seeds = report.failed_seed - from + 1;
    memcpy(f->invariant, report.invariant, sizeof f->invariant);
    _exit(nftw(keep, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0 ? 0 : 2);
}

static void
search_apart(const plant *p, const char *planted, uint64_t from, uint64_t to, found *f)
{
    int status;

    *f = (found){ .found = false };
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        if (freopen("/dev/null", "w", stderr) == NULL) _exit(2);
        search(p, planted, from, to, f);
    }
    if (child < 0 || waitpid(child, &status, 0) != child) return;
    if (!WIFSIGNALED(status) || WTERMSIG(status) == SIGALRM) return;
    f->found = true;
    snprintf(f->invariant, sizeof f->invariant, "its process dies of signal %d", WTERMSIG(status));
}

/* A seed that fails without the defect, too, has not found it. */
static void
find(const plant *p, uint64_t from, found *f)
{
    uint64_t end = from + p->seeds_max - 1;

    for (uint64_t at = from; at <= end;) {
        found with;
        search_apart(p, p->name, at, end, f);
        uint64_t seed = at + f->seeds - 1;
        if (!f->found) break;
        with = *f;
        search_apart(p, "", seed, seed, f);
        bool holds = !f->found;
        *f = with;
        f->seeds = seed - from + 1;
        if (holds) return;
        at = seed + 1;
    }
    *f = (found){ .seeds = p->seeds_max };
}

/* -- one row of seeds, or five -- */

static bool
find_once(const plant *p, found *f)
{
    find(p, 1, f);
    if (f->found)
        printf("[       OK ] %s: seed %" PRIu64 ": %s\n", p->name, f->seeds, f->invariant);
    else
        printf("[  FAILED  ] %s: not found within %" PRIu64 " seeds\n", p->name, p->seeds_max);
    return f->found;
}

static int
compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool
find_often(const plant *p, found *f)
{
    uint64_t seeds[ROWS];
    bool always = true;
    char by[sizeof f->invariant] = "";

    for (uint64_t row = 0; row < ROWS; row++) {
        find(p, 1 + row * ROW_STEP, f);
        seeds[row] = f->seeds;
        always = always && f->found;
        if (f->found) memcpy(by, f->invariant, sizeof by);
    }
    qsort(seeds, ROWS, sizeof *seeds, compare);
    printf("| `%s` | %s | %s | %" PRIu64 " | %s%" PRIu64 " | %s |\n", p->name, p->meaning, p->scenario->name,
        seeds[ROWS / 2], always ? "" : "over ", seeds[ROWS - 1], by);
    return always;
}

static bool
is_asked_for(const plant *p, int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], p->name) == 0) return true;
    return argc == 1;
}

int
main(int argc, char **argv)
{
    bool table = argc > 1 && strcmp(argv[1], "--table") == 0;
    uint32_t count = 0, failed = 0;
    found *f = mmap(NULL, sizeof *f, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (f == MAP_FAILED) return 2;
    setenv("ACTA_PLANT", "", 1); /* should the caller have one */
    if (table) argc--, argv++;
    if (table) printf("| planted | which is | found in | median seeds | most | by |\n|---|---|---|---|---|---|\n");
    for (const plant *p = plants; p->name != NULL; p++) {
        if (!is_asked_for(p, argc, argv)) continue;
        count++;
        if (!(table ? find_often(p, f) : find_once(p, f))) failed++;
    }
    if (!table) printf("%u planted defects, %u not found\n", count, failed);
    return failed > 0 || count == 0;
}
