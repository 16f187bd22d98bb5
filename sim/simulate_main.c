/*
 * The program around a scenario: arguments, what was covered, and a failure as a person wants to read it.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "build_generated.h"
#include "faults.h"
#include "runner.h"
#include "world.h"

enum { EXIT_HOLDS = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

typedef struct arguments {
    acta_simulate_options options;
    const char *without; /* as it was given; NULL: nothing */
    bool has_seeds, has_trace;
} arguments;

/* -- arguments -- */

static bool
parse_number(const char *text, const char *end_at, uint64_t max, uint64_t *number_out)
{
    char *end;

    if (*text < '0' || *text > '9') return false;
    errno = 0;
    *number_out = strtoull(text, &end, 10);
    return errno == 0 && end == end_at && *number_out <= max;
}

/* "7..12", or "7", which is 7..7. */
static void
parse_seeds(arguments *a, const char *text, struct argp_state *state)
{
    const char *dots = strstr(text, "..");
    const char *end = text + strlen(text);
    bool is_good = parse_number(text, dots != NULL ? dots : end, UINT64_MAX - 1, &a->options.from);

    a->options.to = a->options.from;
    if (is_good && dots != NULL) is_good = parse_number(dots + 2, end, UINT64_MAX - 1, &a->options.to);
    if (!is_good || a->options.from == 0 || a->options.from > a->options.to)
        argp_error(state, "'%s' are no seeds: FROM..TO is expected, from 1 on, such as 1..1000", text);
    a->has_seeds = true;
}

static uint32_t
parse_count(const char *text, uint32_t max, const char *what, struct argp_state *state)
{
    uint64_t number = 0;

    if (!parse_number(text, text + strlen(text), max, &number) || number == 0)
        argp_error(state, "'%s' is no %s: a whole number from 1 to %" PRIu32 " is expected", text, what, max);
    return (uint32_t)number;
}

/* 0: none of them. */
static uint32_t
fault_named(const char *name, size_t size)
{
    for (uint32_t kind = 1; kind < ACTA_SIM_FAULT_ALL; kind <<= 1) {
        const char *known = acti_fault_name((acta_sim_fault)kind);
        if (strlen(known) == size && memcmp(known, name, size) == 0) return kind;
    }
    return 0;
}

/* "kill,memory" */
static void
parse_without(arguments *a, const char *text, struct argp_state *state)
{
    a->without = text;
    for (;;) {
        size_t size = strcspn(text, ",");
        uint32_t kind = fault_named(text, size);
        if (kind == 0) argp_error(state, "'%.*s' is no kind of fault; --help names them", (int)size, text);
        a->options.faults_out |= kind;
        if (text[size] == '\0') return;
        text += size + 1;
    }
}

enum {
    KEY_SEEDS = 's',
    KEY_SECONDS = 't',
    KEY_JOBS = 'j',
    KEY_TAPE = 'r',
    KEY_TRACE = 'v',
    KEY_KEEP = 'k',
    KEY_WITHOUT = 'w'
};
enum { SECONDS_MAX = 30 * 86400, JOBS_MAX = 1024 };

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    arguments *a = state->input;

    switch (key) {
    case KEY_SEEDS:
        parse_seeds(a, argument, state);
        return 0;
    case KEY_SECONDS:
        a->options.seconds = parse_count(argument, SECONDS_MAX, "number of seconds", state);
        return 0;
    case KEY_JOBS:
        a->options.processes = parse_count(argument, JOBS_MAX, "number of processes", state);
        return 0;
    case KEY_TAPE:
        a->options.tape = argument;
        return 0;
    case KEY_TRACE:
        a->has_trace = true;
        return 0;
    case KEY_KEEP:
        a->options.keep = argument;
        return 0;
    case KEY_WITHOUT:
        parse_without(a, argument, state);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is one argument too many", argument);
        return 0;
    case ARGP_KEY_END:
        if (a->has_seeds + (a->options.seconds > 0) + (a->options.tape != NULL) > 1)
            argp_error(state, "--seeds, --seconds and --tape: one of them only");
        if (a->has_trace && a->options.tape == NULL && (!a->has_seeds || a->options.from != a->options.to))
            argp_error(state, "--trace is of one seed, or of a tape: --seeds 7..7");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option option_list[] = {
    { "seeds", KEY_SEEDS, "FROM..TO", 0, "These seeds, both included (1..1000)", 0 },
    { "seconds", KEY_SECONDS, "N", 0, "For so long, seeds that are drawn anew", 0 },
    { "jobs", KEY_JOBS, "N", 0, "So many processes (one for each core)", 0 },
    { "tape", KEY_TAPE, "FILE", 0, "The run that a failure has left in this file", 0 },
    { "trace", KEY_TRACE, NULL, 0, "Print each step of the one seed, or of the tape", 0 },
    { "without", KEY_WITHOUT, "KIND,...", 0,
        "No faults of these kinds: crash, disk-error, disk-slow, disk-full, disk-loss, kill, clock, memory, scheduler, "
        "sites",
        0 },
    { "keep", KEY_KEEP, "DIR", 0, "Where a failure's tape, trace and diagram go (.)", 0 },
    { 0 },
};

/* -- what is printed -- */

static void
print_faults(const acta_sim_stats *s)
{
    const char *before = "faults that came: ";

    for (uint32_t i = 0; i < ACTA_SIM_FAULT_KINDS; i++) {
        if (s->faults[i] == 0) continue;
        printf("%s%" PRIu64 " %s", before, s->faults[i], acti_fault_name((acta_sim_fault)(1u << i)));
        before = ", ";
    }
    if (before[0] == ',') putchar('\n');
}

/* A line each, however long: CI looks for lines. */
static void
print_sites(const acta_simulate_report *r)
{
    const char *before = "; never: ";

    if (r->site_count == 0) return;
    printf("%" PRIu32 " places, %" PRIu64 " reached", r->site_count, r->sites_reached);
    for (uint32_t i = 0; i < r->site_count; i++) {
        if (r->sites[i].passages > 0) continue;
        printf("%s%s", before, r->sites[i].name);
        before = ", ";
    }
    printf("\n%" PRIu64 " chance sites, %" PRIu64 " fired", r->chances, r->chances_fired);
    before = "; never: ";
    for (uint32_t i = 0; i < r->site_count; i++) {
        if (!r->sites[i].is_chance || r->sites[i].firings > 0) continue;
        printf("%s%s", before, r->sites[i].name);
        before = ", ";
    }
    putchar('\n');
}

static void
print_covered(const acta_simulate_report *r, uint64_t elapsed_ms)
{
    const acta_sim_stats *s = &r->sums;

    printf("%" PRIu64 " seed%s, %" PRIu64 " of them twice, in %.1f s\n", r->seeds, r->seeds == 1 ? "" : "s",
        r->repeated, (double)elapsed_ms / 1e3);
    printf("%" PRIu64 " steps: %" PRIu64 " turns, %" PRIu64 " commits, %" PRIu64
           " moves of the clock; %.1f hours of its time\n",
        s->steps, s->turns, s->commits, s->clock_moves, (double)r->virtual_ms / 3.6e6);
    printf("%" PRIu64 " starts, %" PRIu64 " crashes, %" PRIu64 " faults of the disk\n", s->starts, s->crashes,
        s->disk_faults);
    print_faults(s);
    if (r->seeds > 1) print_sites(r);
}

static void
print_failure(const char *program, const arguments *a, const acta_simulate_report *r, const acti_explained *e)
{
    const char *option = a->without != NULL ? " --without " : "", *without = a->without != NULL ? a->without : "";

    printf("seed %" PRIu64 " fails: %s\n", r->failed_seed, r->text);
    if (e->last_steps != NULL) printf("\nthe last steps of what that concerns:\n%s\n", e->last_steps);
    if (r->tape_path[0] != '\0')
        printf("%zu choices that aren't the plain one, %zu after %" PRIu32 " runs to shorten it\n", e->choices_before,
            e->choices_after, e->shrink_runs);
    if (r->trace_path[0] != '\0') printf("every step:  %s\n", r->trace_path);
    if (r->diagram_path[0] != '\0') printf("as drawing:  %s\n", r->diagram_path);
    printf("again:       %s --seeds %" PRIu64 "..%" PRIu64 "%s%s    (build %s)\n", program, r->failed_seed,
        r->failed_seed, option, without, ACTI_SIM_BUILD);
    if (r->tape_path[0] != '\0') printf("shortened:   %s --tape %s%s%s\n", program, r->tape_path, option, without);
}

/* Every step of one run, failed or not. */
static bool
print_trace(const acta_scenario *scenario, const acta_simulate_options *options, acta_error *error)
{
    acti_tape *tape = options->tape != NULL ? acti_tape_create() : NULL;
    acti_trace *trace = acti_trace_create();
    const acta_scenario narrowed = acti_scenario_without(scenario, options->faults_out);
    acti_lab lab;
    bool is_good = acti_lab_open(&lab, &narrowed, true) && trace != NULL && (options->tape == NULL || tape != NULL);

    if (!is_good) acta_error_set(error, ACTA_NO_MEMORY, "no memory for a trace");
    if (is_good && tape != NULL) is_good = acti_tape_read(tape, options->tape, scenario->name, error) == ACTA_OK;
    if (is_good) {
        acti_attempt(
            &lab, &(acti_run_setup){ .seed = options->from, .replay = tape, .watch = acti_trace_watch(trace) }, false);
        for (uint64_t i = 0; i < acti_trace_kept(trace); i++)
            acti_trace_print(acti_trace_at(trace, i), stdout);
    }
    acti_trace_destroy(trace);
    acti_tape_destroy(tape);
    acti_lab_close(&lab);
    return is_good;
}

static int
run(const acta_scenario *scenario, const arguments *a, const char *program)
{
    acta_simulate_report report;
    acti_explained explained;
    acta_error error;
    uint64_t begin_ms = acti_world_real_ms();

    if (a->has_trace && !print_trace(scenario, &a->options, &error)) {
        fprintf(stderr, "%s: %s\n", program, error.text);
        return EXIT_FAILED;
    }
    acta_status status = acti_simulate(scenario, &a->options, &report, &explained, &error);
    if (report.seeds > 0 || report.failed) print_covered(&report, acti_world_real_ms() - begin_ms);
    if (report.failed) print_failure(program, a, &report, &explained);
    free(explained.last_steps);
    if (status == ACTA_OK) return EXIT_HOLDS;
    if (!report.failed) fprintf(stderr, "%s: %s\n", program, error.text);
    return status == ACTA_INVALID && !report.failed ? EXIT_USAGE : EXIT_FAILED;
}

int
acta_simulate_main(const acta_scenario *scenario, int argc, char **argv)
{
    char doc[512];
    struct argp argp = { .options = option_list, .parser = parse, .doc = doc };
    arguments a = { .options = { .processes = ACTA_SIMULATE_ALL_CORES, .progress = stderr } };

    snprintf(doc, sizeof doc,
        "Run the scenario '%s' through seeds, each with its own order of things, crashes and faults%s%s.\v"
        "A failure is shortened and told; its tape, trace and diagram are kept.\n\n"
        "Exit status: 0 all seeds hold, 1 one has failed, 2 wrong usage.",
        scenario->name, scenario->summary != NULL ? ": " : "", scenario->summary != NULL ? scenario->summary : "");
    argp_err_exit_status = EXIT_USAGE;
    error_t wrong = argp_parse(&argp, argc, argv, 0, NULL, &a);
    if (wrong != 0) {
        fprintf(stderr, "%s: %s\n", argv[0], strerror(wrong));
        return EXIT_USAGE;
    }
    return run(scenario, &a, argv[0]);
}
