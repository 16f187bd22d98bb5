/*
 * Simulate: the options, and what is run by them. See acta/simulate.h.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"
#include "world.h"

enum { TWICE_EVERY_DEFAULT = 10, SEEDS_DEFAULT = 1000, PROCESSES_MAX = 1024 };

static acta_status
check_scenario(const acta_scenario *s, acta_error *error)
{
    if (s->name == NULL || s->name[0] == '\0') return acta_error_set(error, ACTA_INVALID, "a scenario has no name");
    for (const char *c = s->name; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && *c != '-')
            return acta_error_set(error, ACTA_INVALID, "scenario '%s': a name has letters, digits and '-'", s->name);
    }
    const char *missing = s->app == NULL       ? "app"
                          : s->act == NULL     ? "act"
                          : s->is_done == NULL ? "is_done"
                          : s->check == NULL   ? "check"
                                               : NULL;
    if (missing == NULL) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID, "scenario '%s' has no %s", s->name, missing);
}

static acta_status
check_options(const acta_simulate_options *o, acta_error *error)
{
    if (o->from > o->to)
        return acta_error_set(
            error, ACTA_INVALID, "seeds %" PRIu64 "..%" PRIu64 ": the first is above the last", o->from, o->to);
    if (o->processes > PROCESSES_MAX && o->processes != ACTA_SIMULATE_ALL_CORES)
        return acta_error_set(
            error, ACTA_INVALID, "%" PRIu32 " processes: 0 to %d, or all cores", o->processes, PROCESSES_MAX);
    if (o->processes > 0 && acti_world_thread_count() > 1)
        return acta_error_set(error, ACTA_INVALID,
            "cannot simulate in %" PRIu32 " processes: this one has %" PRIu32
            " threads, and may only have one when it forks",
            o->processes, acti_world_thread_count());
    return ACTA_OK;
}

static acta_simulate_options
with_defaults(const acta_simulate_options *options)
{
    acta_simulate_options o = { .from = 0 };

    if (options != NULL) o = *options;
    if (o.from == 0 && o.to == 0) {
        o.from = 1;
        o.to = SEEDS_DEFAULT;
    }
    if (o.seconds > 0) {
        o.from = acti_world_random_seed();
        o.to = UINT64_MAX;
    }
    if (o.processes == ACTA_SIMULATE_ALL_CORES) o.processes = acti_world_core_count();
    if (o.twice_every == 0) o.twice_every = TWICE_EVERY_DEFAULT;
    return o;
}

static void
report_coverage(acta_simulate_report *report, const acti_coverage *coverage)
{
    report->site_count = coverage->count;
    memcpy(report->sites, coverage->sites, sizeof report->sites);
    for (uint32_t i = 0; i < coverage->count; i++) {
        const acta_sim_site *site = &coverage->sites[i];
        if (site->passages > 0)
            report->sites_reached++;
        else
            report->sites_never++;
        report->chances += site->is_chance;
        report->chances_fired += site->is_chance && site->firings > 0;
    }
}

static void
report_sums(acta_simulate_report *report, const acti_sums *sums)
{
    report->seeds = sums->seeds;
    report->repeated = sums->repeated;
    report->sums = sums->stats;
    report->virtual_ms = sums->virtual_ms;
    report_coverage(report, &sums->coverage);
}

static acta_status
run_seeds(const acta_scenario *scenario, const acta_simulate_options *o, acta_simulate_report *report,
    acti_explained *explained, acta_error *error)
{
    acti_outcome outcome;
    acti_work work = { .scenario = scenario,
        .from = o->from,
        .to = o->to,
        .processes = o->processes,
        .twice_every = o->twice_every,
        .progress = o->progress,
        .end_ms = o->seconds > 0 ? acti_world_real_ms() + UINT64_C(1000) * o->seconds : 0 };

    acta_status status =
        o->processes > 0 ? acti_workers_run(&work, &outcome, error) : acti_run_here(&work, &outcome, error);
    if (status != ACTA_OK) return status;
    report_sums(report, &outcome.sums);
    if (!outcome.failed) return ACTA_OK;
    report->failed_seed = outcome.seed;
    return acti_explain(scenario, o, NULL, &outcome.failure, report, explained, error);
}

static acta_status
run_tape(const acta_scenario *scenario, const acta_simulate_options *o, acti_tape *tape, acti_lab *lab,
    acta_simulate_report *report, acti_explained *explained, acta_error *error)
{
    acta_status status = acti_tape_read(tape, o->tape, scenario->name, error);
    if (status != ACTA_OK) return status;

    acti_attempt(lab, &(acti_run_setup){ .replay = tape }, false);
    const acti_run_result *result = lab->result;
    report->seeds = 1;
    report->virtual_ms = result->virtual_ms;
    report->sums = result->stats;
    if (!result->failed) return ACTA_OK;
    report->failed_seed = tape->seed;
    return acti_explain(scenario, o, tape, result, report, explained, error);
}

static acta_status
run_one_tape(const acta_scenario *scenario, const acta_simulate_options *o, acta_simulate_report *report,
    acti_explained *explained, acta_error *error)
{
    acti_tape *tape = acti_tape_create();
    acti_lab lab;
    acta_status status;

    if (acti_lab_open(&lab, scenario, o->processes > 0) && tape != NULL)
        status = run_tape(scenario, o, tape, &lab, report, explained, error);
    else
        status = acta_error_set(error, ACTA_NO_MEMORY, "cannot run the tape '%s'", o->tape);
    acti_lab_close(&lab);
    acti_tape_destroy(tape);
    return status;
}

acta_status
acti_simulate(const acta_scenario *scenario, const acta_simulate_options *options, acta_simulate_report *report_out,
    acti_explained *explained_out, acta_error *error)
{
    acta_simulate_options o = with_defaults(options);

    *report_out = (acta_simulate_report){ .seeds = 0 };
    *explained_out = (acti_explained){ .last_steps = NULL };
    acta_status status = check_scenario(scenario, error);
    if (status == ACTA_OK) status = check_options(&o, error);
    if (status != ACTA_OK) return status;

    const acta_scenario narrowed = acti_scenario_without(scenario, o.faults_out);
    if (o.tape != NULL)
        status = run_one_tape(&narrowed, &o, report_out, explained_out, error);
    else
        status = run_seeds(&narrowed, &o, report_out, explained_out, error);
    if (!report_out->failed) return status;
    return acta_error_set(error, ACTA_CORRUPT, "seed %" PRIu64 ": %s", report_out->failed_seed, report_out->text);
}

acta_status
acta_simulate(const acta_scenario *scenario, const acta_simulate_options *options, acta_simulate_report *report_out,
    acta_error *error)
{
    acti_explained explained;
    acta_status status = acti_simulate(scenario, options, report_out, &explained, error);

    free(explained.last_steps);
    return status;
}
