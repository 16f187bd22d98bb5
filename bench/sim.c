/*
 * The simulation: how many commands and seeds a core gets through, with and without looking whether all is right.
 *
 *     sim [--seconds S] [--data DIR] [ROW...]
 *
 *     bank            every invariant, at each step and at the end
 *     bank_steps      those that are looked at after each step
 *     bank_unchecked  none
 *     order           the shop, every invariant
 *
 * A command is one that an aggregate carried out or refused, whoever sent it. Time is the processor's, which the one thread of
 * a simulation got: "a second" is one of a core.
 */
#include "acta/simulate.h"
#include "bench.h"

#include <inttypes.h>
#include <string.h>

#include "simulation.h"

static const char *folder = "."; /* for what a failed seed leaves */

extern const acta_scenario order_scenario; /* its header has the same name as the bank's */

enum { SECONDS_DEFAULT = 3, SECONDS_MAX = 3600, SEED_FIRST = 1, SEED_LAST = 40 };

typedef struct row {
    const char *name;
    const acta_scenario *scenario;
} row;

static const row rows[] = {
    { "bank", &bank_scenario },
    { "bank_steps", &bank_scenario_steps },
    { "bank_unchecked", &bank_scenario_unchecked },
    { "order", &order_scenario },
};

static double
cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

typedef struct totals {
    uint64_t seeds, steps;
} totals;

/* Whether seeds hold is for tests to say: one that doesn't is told, and left out. */
static void
run_seeds(const acta_scenario *scenario, totals *sums)
{
    acta_simulate_options options = { .from = SEED_FIRST,
        .to = SEED_LAST,
        .twice_every = ACTA_SIMULATE_ONCE,
        .shrink_runs = ACTA_SIMULATE_NO_SHRINK,
        .keep = folder };
    acta_simulate_report report;
    acta_error error;

    while (options.from <= SEED_LAST) {
        acta_status status = acta_simulate(scenario, &options, &report, &error);
        if (status != ACTA_CORRUPT) bench_must(status, &error);
        sums->seeds += report.seeds;
        sums->steps += report.sums.steps;
        if (!report.failed) return;
        fprintf(stderr, "sim: seed %" PRIu64 " of '%s' fails: %s\n", report.failed_seed, scenario->name, report.text);
        options.from = report.failed_seed + 1;
    }
}

/* The same seeds in each row, again and again while there is time. */
static void
run_row(const row *r, double seconds_min)
{
    totals sums = { .seeds = 0 };
    uint64_t commands_before = bank_simulation_commands();
    double begun = cpu_seconds(), seconds;

    do {
        run_seeds(r->scenario, &sums);
        seconds = cpu_seconds() - begun;
    } while (seconds < seconds_min);
    bench_expect(sums.seeds > 0);

    uint64_t commands = bank_simulation_commands() - commands_before;
    bench_report(r->name, "seeds", (double)sums.seeds / seconds * 60, "per_minute");
    bench_report(r->name, "steps", (double)sums.steps / seconds, "per_second");
    if (commands > 0) bench_report(r->name, "commands", (double)commands / seconds, "per_second");
}

static bool
is_wanted(const char *name, char *const *names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return true;
    return count == 0;
}

int
main(int argc, char **argv)
{
    unsigned long seconds = SECONDS_DEFAULT;
    int i = 1;

    for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0)
            seconds = strtoul(argv[i + 1], NULL, 10);
        else if (strcmp(argv[i], "--data") == 0)
            folder = argv[i + 1];
        else
            break;
    }
    if (seconds < 1 || seconds > SECONDS_MAX || (i < argc && argv[i][0] == '-')) {
        fprintf(stderr, "usage: sim [--seconds S] [--data DIR] [ROW...]\n");
        return 2;
    }
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
        if (is_wanted(rows[k].name, argv + i, argc - i)) run_row(&rows[k], (double)seconds);
    return 0;
}
