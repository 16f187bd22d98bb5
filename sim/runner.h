/*
 * Runner: from "these seeds" to "this is how it fails". Included by sim/ alone.
 *
 *     simulate.c       options, one after the other, the report       simulate_main.c  arguments, what is printed
 *     workers.c        a process each core                            seed.c           one seed, and twice
 *     attempt.c        a run here, or in a child that may die         explain.c        a failure: tape, shrinking, files
 *     shrink.c         a shorter tape                                 trace.c          what happened, as text
 *     diagram.c        … as a sequence diagram
 */
#ifndef ACTI_SIM_RUNNER_H
#define ACTI_SIM_RUNNER_H

#include <stdatomic.h>
#include <stdio.h>

#include "pool.h"
#include "run.h"
#include "world.h"

/* -- attempts -- */

enum { ACTI_ATTEMPT_SECONDS_MAX = 120 };
/* The process that ran it is gone: say so as its failure. */
void acti_run_died(acti_run_result *result, const acti_world_child_end *end);

/* Where runs are made. One thread. */
typedef struct acti_lab {
    const acta_scenario *scenario;
    bool forks;              /* each attempt is a child's, which may die of a signal, or be lost in a loop */
    acti_run_result *result; /* of the last attempt; shared with children */
} acti_lab;

static inline acta_scenario
acti_scenario_without(const acta_scenario *scenario, uint32_t faults_out)
{
    acta_scenario narrowed = *scenario;
    narrowed.faults_out |= faults_out;
    return narrowed;
}

/* False: no memory. */
bool acti_lab_open(acti_lab *lab, const acta_scenario *scenario, bool forks);
void acti_lab_close(acti_lab *lab); /* takes one that is half open */
/* `disguised`: in a child with another environment, stack and heap. */
void acti_attempt(acti_lab *lab, const acti_run_setup *setup, bool disguised);

/* -- sums -- */

typedef struct acti_sums {
    uint64_t seeds, repeated, virtual_ms;
    acta_sim_stats stats;
    acti_coverage coverage;
} acti_sums;
void acti_sums_add(acti_sums *sums, const acti_sums *more);

/* -- one seed -- */

typedef struct acti_seeder {
    acti_lab lab;
    acti_pool pool;
    uint32_t twice_every;
    uint64_t *digests[2]; /* of the two runs that are compared; shared */
    acti_sums sums;
} acti_seeder;

bool acti_seeder_open(acti_seeder *seeder, const acta_scenario *scenario, bool forks, uint32_t twice_every);
void acti_seeder_close(acti_seeder *seeder);
/* False: it has failed, and `failure_out` says how. `number` counts the seeds: which of them are run twice. */
bool acti_seed_run(acti_seeder *seeder, uint64_t seed, uint64_t number, acti_run_result *failure_out);
/* What acti_seed_run says of a seed with two histories; no tape repeats it. */
#define ACTI_TWO_HISTORIES "one seed gave two histories"

/* -- many seeds -- */

/* Seeds from..to, or until the real clock is at `end_ms` (0: no end). */
typedef struct acti_work {
    const acta_scenario *scenario;
    uint64_t from, to, end_ms;
    uint32_t processes, twice_every;
    FILE *progress;
} acti_work;

typedef struct acti_outcome {
    acti_sums sums;
    bool failed;
    uint64_t seed;
    acti_run_result failure;
} acti_outcome;

acta_status acti_workers_run(const acti_work *work, acti_outcome *outcome, acta_error *error);
acta_status acti_run_here(const acti_work *work, acti_outcome *outcome, acta_error *error);

/* A line of progress now and then. */
typedef struct acti_progress {
    FILE *out; /* NULL: none */
    bool is_terminal;
    uint64_t begin_ms, last_ms;
} acti_progress;
void acti_progress_begin(acti_progress *progress, FILE *out);
void acti_progress_show(acti_progress *progress, uint64_t seeds);
void acti_progress_end(acti_progress *progress);

/* -- a failure -- */

/* Make the tape shorter while its run fails by the same invariant, in `runs_max` runs. `tape` fails when it begins. Returns
 * the runs. */
uint32_t acti_shrink(acti_lab *lab, acti_tape *tape, const char *invariant, uint32_t runs_max);

enum { ACTI_TRACE_MAX = 1 << 18, ACTI_TRACE_WHO_MAX = 64, ACTI_TRACE_TEXT_MAX = 232 };
typedef struct acti_trace_line {
    acti_told_kind kind;
    uint64_t step, now_ns;
    char who[ACTI_TRACE_WHO_MAX], text[ACTI_TRACE_TEXT_MAX];
} acti_trace_line;

/* The newest ACTI_TRACE_MAX of what was told; shared with children. */
typedef struct acti_trace {
    uint64_t count;
    acti_trace_line lines[];
} acti_trace;

acti_trace *acti_trace_create(void); /* NULL: no memory */
void acti_trace_destroy(acti_trace *trace);
acti_watch acti_trace_watch(acti_trace *trace);
/* The i-th of those that are kept, oldest first. */
uint64_t acti_trace_kept(const acti_trace *trace);
const acti_trace_line *acti_trace_at(const acti_trace *trace, uint64_t i);
void acti_trace_print(const acti_trace_line *line, FILE *out);
/* Does it concern what the failure names? */
typedef struct acti_concern {
    char words[8][64];
    uint32_t count;
} acti_concern;
acti_concern acti_concern_of(const char *failure);
bool acti_concerns(const acti_concern *concern, const acti_trace_line *line);
/* The last `count` of what concerns a failure, as text. The caller's to free; NULL: no memory. */
char *acti_trace_last(const acti_trace *trace, const char *failure, uint32_t count);

/* The last steps of what concerns the failure as a sequence diagram in SVG. */
void acti_diagram_print(const acti_trace *trace, const char *title, const char *failure, FILE *out);

typedef struct acti_explained {
    uint32_t shrink_runs;
    size_t choices_before, choices_after; /* that aren't the plain one */
    char *last_steps;                     /* the caller's to free; NULL: none */
} acti_explained;

/* Say all about the failure of report->failed_seed, or of `tape`, and write it to files. */
acta_status acti_explain(const acta_scenario *scenario, const acta_simulate_options *options, const acti_tape *tape,
    const acti_run_result *failure, acta_simulate_report *report, acti_explained *explained_out, acta_error *error);

/* acta_simulate, with what only a person wants. */
acta_status acti_simulate(const acta_scenario *scenario, const acta_simulate_options *options,
    acta_simulate_report *report_out, acti_explained *explained_out, acta_error *error);

#endif
