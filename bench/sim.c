/*
 * The simulation: how many commands and seeds a core gets through, with and without looking whether all is right.
 *
 *     sim [--seconds S] [ROW...]
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

#include <string.h>

#include "simulation.h"

extern const acta_scenario order_scenario; /* its header has the same name as the bank's */

enum { SECONDS_DEFAULT = 3, SECONDS_MAX = 3600, SEEDS_AT_ONCE = 20 };

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

/* The same seeds in each row, again and again while there is time. */
static void
run_row(const row *r, double seconds_min)
{
    acta_simulate_report report;
    acta_error error;
    uint64_t seeds = 0, steps = 0, commands_before = bank_simulation_commands();
    double begun = cpu_seconds(), seconds;

    do {
        const acta_simulate_options options = {
            .from = 1, .to = SEEDS_AT_ONCE, .twice_every = UINT32_MAX, .shrink_runs = ACTA_SIMULATE_NO_SHRINK
        };
        bench_must(acta_simulate(r->scenario, &options, &report, &error), &error);
        bench_expect(report.seeds == SEEDS_AT_ONCE && !report.failed);
        seeds += report.seeds;
        steps += report.sums.steps;
        seconds = cpu_seconds() - begun;
    } while (seconds < seconds_min);

    uint64_t commands = bank_simulation_commands() - commands_before;
    bench_report(r->name, "seeds", (double)seeds / seconds * 60, "per_minute");
    bench_report(r->name, "steps", (double)steps / seconds, "per_second");
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
        else if (strcmp(argv[i], "--data") != 0) /* as all benchmarks take it; this one needs none */
            break;
    }
    if (seconds < 1 || seconds > SECONDS_MAX || (i < argc && argv[i][0] == '-')) {
        fprintf(stderr, "usage: sim [--seconds S] [ROW...]\n");
        return 2;
    }
    for (size_t k = 0; k < sizeof rows / sizeof rows[0]; k++)
        if (is_wanted(rows[k].name, argv + i, argc - i)) run_row(&rows[k], (double)seconds);
    return 0;
}
