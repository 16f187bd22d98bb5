/*
 * Explain: all that is said of a failure.
 *
 *     the seed, or the tape -> again, recorded -> shrunk -> again, watched -> NAME.tape  NAME.trace  NAME.svg
 *
 * A seed that doesn't fail again is a run that depends on something else than its seed: that is said, and nothing is written.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "runner.h"
#include "world.h"

enum { SHRINK_RUNS_DEFAULT = 2000, LAST_STEPS = 20 };

typedef struct explainer {
    acti_lab lab;
    acti_tape *tape;
    acti_trace *trace;
    const acta_simulate_options *options;
    acta_simulate_report *report;
    acti_explained *explained;
} explainer;

static size_t
count_marked(const acti_tape *tape)
{
    size_t count = 0;

    for (uint32_t i = 0; i < ACTA_SIM_PURPOSE_COUNT; i++) {
        for (size_t j = 0; j < tape->tracks[i].count; j++)
            count += tape->tracks[i].choices[j] != 0;
    }
    return count;
}

static bool
fails_alike(const explainer *e)
{
    return e->lab.result->failed && strcmp(e->lab.result->invariant, e->report->invariant) == 0;
}

/* False: not in the same way. */
static bool
record(explainer *e, const acti_tape *given)
{
    acti_attempt(
        &e->lab, &(acti_run_setup){ .seed = e->report->failed_seed, .replay = given, .record = e->tape }, false);
    acti_tape_trim(e->tape);
    return fails_alike(e);
}

static void
shorten(explainer *e)
{
    uint32_t runs_max = e->options->shrink_runs;

    e->explained->choices_before = count_marked(e->tape);
    if (runs_max == 0) runs_max = SHRINK_RUNS_DEFAULT;
    if (runs_max != ACTA_SIMULATE_NO_SHRINK)
        e->explained->shrink_runs = acti_shrink(&e->lab, e->tape, e->report->invariant, runs_max);
    e->explained->choices_after = count_marked(e->tape);
}

static void
watch(explainer *e)
{
    acti_attempt(&e->lab, &(acti_run_setup){ .replay = e->tape, .watch = acti_trace_watch(e->trace) }, false);
    if (fails_alike(e)) snprintf(e->report->text, sizeof e->report->text, "%s", e->lab.result->text);
    e->explained->last_steps = acti_trace_last(e->trace, e->report->text, LAST_STEPS);
}

/* -- files -- */

static acta_status
name_file(const explainer *e, const char *ending, char *path, size_t size, acta_error *error)
{
    const char *folder = e->options->keep != NULL ? e->options->keep : ".";
    int length =
        snprintf(path, size, "%s/%s-%" PRIu64 ".%s", folder, e->lab.scenario->name, e->report->failed_seed, ending);

    if (length > 0 && (size_t)length < size) return ACTA_OK;
    path[0] = '\0';
    return acta_error_set(error, ACTA_INVALID, "the directory '%s' has too long a name", folder);
}

static acta_status
write_tape(explainer *e, acta_error *error)
{
    char note[1024];
    acta_status status = name_file(e, "tape", e->report->tape_path, sizeof e->report->tape_path, error);
    if (status != ACTA_OK) return status;

    snprintf(note, sizeof note, "scenario %s, seed %" PRIu64 "; for the build that wrote it\n%s", e->lab.scenario->name,
        e->report->failed_seed, e->report->text);
    return acti_tape_write(e->tape, e->report->tape_path, e->lab.scenario->name, note, error);
}

static void
print_trace(const explainer *e, FILE *out)
{
    uint64_t kept = acti_trace_kept(e->trace);

    fprintf(
        out, "scenario %s, seed %" PRIu64 "\n%s\n\n", e->lab.scenario->name, e->report->failed_seed, e->report->text);
    if (e->trace->count > kept) fprintf(out, "… %" PRIu64 " lines before\n", e->trace->count - kept);
    for (uint64_t i = 0; i < kept; i++)
        acti_trace_print(acti_trace_at(e->trace, i), out);
}

static void
print_diagram(const explainer *e, FILE *out)
{
    char title[128];

    snprintf(title, sizeof title, "%s, seed %" PRIu64, e->lab.scenario->name, e->report->failed_seed);
    acti_diagram_print(e->trace, title, e->report->text, out);
}

static acta_status
write_printed(explainer *e, void (*print)(const explainer *, FILE *), const char *path, acta_error *error)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "cannot write '%s'", path);

    print(e, out);
    bool is_whole = fclose(out) == 0;
    acta_status status = is_whole ? acti_world_file_write(path, text, size, error)
                                  : acta_error_set(error, ACTA_NO_MEMORY, "cannot write '%s'", path);
    free(text);
    return status;
}

/* A path stays in the report only when its file is there. */
static acta_status
write_files(explainer *e, acta_error *error)
{
    acta_simulate_report *r = e->report;
    acta_status status = e->options->keep != NULL ? acti_world_directory_make(e->options->keep, error) : ACTA_OK;

    if (status == ACTA_OK) status = write_tape(e, error);
    if (status != ACTA_OK) {
        r->tape_path[0] = '\0';
        return status;
    }
    status = name_file(e, "trace", r->trace_path, sizeof r->trace_path, error);
    if (status == ACTA_OK) status = write_printed(e, print_trace, r->trace_path, error);
    if (status != ACTA_OK) {
        r->trace_path[0] = '\0';
        return status;
    }
    status = name_file(e, "svg", r->diagram_path, sizeof r->diagram_path, error);
    if (status == ACTA_OK) status = write_printed(e, print_diagram, r->diagram_path, error);
    if (status != ACTA_OK) r->diagram_path[0] = '\0';
    return status;
}

/* -- all of it -- */

static acta_status
explain(explainer *e, const acti_tape *given, acta_error *error)
{
    if (!record(e, given)) {
        char first[sizeof e->report->text];
        memcpy(first, e->report->text, sizeof first);
        snprintf(e->report->text, sizeof e->report->text,
            "%.300s (run again it %.120s: something depends on more than the seed)", first,
            e->lab.result->failed ? e->lab.result->text : "held");
        return ACTA_OK;
    }
    shorten(e);
    watch(e);
    return write_files(e, error);
}

acta_status
acti_explain(const acta_scenario *scenario, const acta_simulate_options *options, const acti_tape *tape,
    const acti_run_result *failure, acta_simulate_report *report, acti_explained *explained_out, acta_error *error)
{
    explainer e = { .options = options, .report = report, .explained = explained_out };
    acta_status status;

    report->failed = true;
    memcpy(report->invariant, failure->invariant, sizeof report->invariant);
    memcpy(report->text, failure->text, sizeof report->text);
    if (strcmp(failure->invariant, ACTI_TWO_HISTORIES) == 0) return ACTA_OK;

    bool is_open = acti_lab_open(&e.lab, scenario, options->processes > 0);
    e.tape = acti_tape_create();
    e.trace = acti_trace_create();
    if (is_open && e.tape != NULL && e.trace != NULL)
        status = explain(&e, tape, error);
    else
        status =
            acta_error_set(error, ACTA_NO_MEMORY, "cannot explain the failure of seed %" PRIu64, report->failed_seed);
    acti_trace_destroy(e.trace);
    acti_tape_destroy(e.tape);
    acti_lab_close(&e.lab);
    return status;
}
