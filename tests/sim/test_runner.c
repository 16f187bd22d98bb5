/*
 * The runner: a tape repeats a run to the byte and survives being written; shrinking ends at the shortest failure there is;
 * processes find what one finds; what depends on an address is seen, and a death by a signal has its seed.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "runner.h"
#include "scratch.h"
#include "simulation.h"
#include "toy.h"

enum { SEED = 4711, SEEDS = 40, WATCHED_SEEDS = 15 };

/* -- a folder of the test's own -- */

static int
setup(void **state)
{
    char *path = malloc(SCRATCH_PATH_MAX);

    *state = path;
    return path != NULL && scratch_make(path, "/tmp", "sim") ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)nftw(*state, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(*state);
    return 0;
}

static const char *
scratch_path(void **state, const char *name)
{
    static char path[SCRATCH_PATH_MAX + 64];

    snprintf(path, sizeof path, "%s/%s", (const char *)*state, name);
    return path;
}

static acti_run_result
run(const acta_scenario *scenario, acti_run_setup setup)
{
    acti_run_result result;

    acti_run(scenario, &setup, &result);
    assert_true(result.has_ended);
    return result;
}

static void
write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* Whoever looks on changes nothing: of an application with all that it may have, under all kinds of faults. In children: a
 * process that dies gives nothing back. */
static void
a_watched_run_is_the_same_run(void **state)
{
    acti_trace *trace = acti_trace_create();
    acti_lab lab;

    (void)state;
    assert_non_null(trace);
    assert_true(acti_lab_open(&lab, &bank_scenario, true));
    for (uint64_t seed = 1; seed <= WATCHED_SEEDS; seed++) {
        acti_attempt(&lab, &(acti_run_setup){ .seed = seed }, false);
        acti_run_result alone = *lab.result;
        assert_true(alone.has_ended);
        acti_attempt(&lab, &(acti_run_setup){ .seed = seed, .watch = acti_trace_watch(trace) }, false);
        assert_true(lab.result->has_ended);
        if (lab.result->hash != alone.hash || lab.result->stats.steps != alone.stats.steps)
            fail_msg("seed %" PRIu64 " has another history when it is watched", seed);
        assert_true(trace->count > 0);
    }
    acti_lab_close(&lab);
    acti_trace_destroy(trace);
}

/* A tape of a whole run says as much as its seed. */
static void
a_recorded_run_is_repeated_to_the_byte(void **state)
{
    acti_tape *tape = acti_tape_create();
    acti_trace *trace = acti_trace_create();

    (void)state;
    assert_non_null(tape);
    assert_non_null(trace);
    for (uint64_t seed = SEED; seed < SEED + 10; seed++) {
        acti_run_result first = run(&toy_sound, (acti_run_setup){ .seed = seed, .record = tape });
        assert_false(first.failed);
        acti_tape_trim(tape); /* what lies past the end is 0 anyway */
        acti_run_result second = run(&toy_sound, (acti_run_setup){ .replay = tape });
        assert_int_equal(first.hash, second.hash);
        assert_memory_equal(&first.stats, &second.stats, sizeof first.stats);
        assert_int_equal(first.hash, run(&toy_sound, (acti_run_setup){ .seed = seed }).hash); /* recording is no part */
        acti_run_result watched = run(&toy_sound, (acti_run_setup){ .seed = seed, .watch = acti_trace_watch(trace) });
        assert_int_equal(first.hash, watched.hash); /* nor is looking on */
        assert_true(trace->count > 0);
    }
    acti_trace_destroy(trace);
    acti_tape_destroy(tape);
}

static void
a_tape_that_was_written_is_read_as_it_was(void **state)
{
    const char *path = scratch_path(state, "a.tape");
    acti_tape *tape = acti_tape_create(), *copy = acti_tape_create();
    acta_error error;

    assert_non_null(tape);
    assert_non_null(copy);
    run(&toy_sound, (acti_run_setup){ .seed = SEED, .record = tape });
    assert_true(tape->tracks[ACTA_SIM_SCHEDULER].count > 0);
    assert_int_equal(acti_tape_write(tape, path, "toy", "two\nlines", &error), ACTA_OK);
    assert_int_equal(acti_tape_read(copy, path, "toy", &error), ACTA_OK);
    assert_int_equal(copy->seed, SEED);
    for (uint32_t i = 0; i < ACTA_SIM_PURPOSE_COUNT; i++) {
        assert_int_equal(copy->tracks[i].count, tape->tracks[i].count);
        if (tape->tracks[i].count == 0) continue;
        assert_memory_equal(copy->tracks[i].choices, tape->tracks[i].choices, tape->tracks[i].count * sizeof(uint32_t));
    }
    acti_tape_destroy(tape);
    acti_tape_destroy(copy);
}

static void
bad_tapes_are_refused_by_line(void **state)
{
    static const struct {
        const char *text, *where, *says;
    } bad[] = {
        { "", "", "'acta-tape 1' is missing" },
        { "hello\n", ":1", "not the beginning of a tape" },
        { "acta-tape 2\n", ":1", "format '2' is unknown" },
        { "# note\nacta-tape 1\nscenario other\n", ":3", "of scenario 'other'" },
        { "acta-tape 1\nscenario toy\nseed 12x\n", ":3", "'12x' is no number" },
        { "acta-tape 1\nscenario toy\nseed\n", ":3", "'seed' has nothing behind it" },
        { "acta-tape 1\nscenario toy\nseed 1\nworkload 1 -2\n", ":4", "'-2' is no choice" },
        { "acta-tape 1\nscenario toy\nseed 1\nworkload 1*\n", ":4", "'1*' is no choice" },
        { "acta-tape 1\nscenario toy\nseed 1\nworkload 0*99999999999\n", ":4", "'0*99999999999' is no choice" },
        { "acta-tape 1\nscenario toy\nseed 1\nworkload 0*16777216 1\n", ":4", "more choices than a run can have" },
        { "acta-tape 1\nscenario toy\nseed 1\nweather 1\n", ":4", "'weather' is no line of a tape" },
        { "acta-tape 1\nscenario toy\nseed 1\n", ":3", "the tape is cut" },
        { "acta-tape 1\nscenario toy\nend\n", ":3", "'seed' is missing" },
        { "acta-tape 1\nseed 1\nend\n", ":3", "'scenario' is missing" },
        { "acta-tape 1\nscenario toy\nseed 1\nend\nfaults 1\n", ":5", "behind the end" },
    };
    const char *path = scratch_path(state, "bad.tape");
    acti_tape *tape = acti_tape_create();
    acta_error error;

    assert_non_null(tape);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        write_text(path, bad[i].text);
        assert_int_equal(acti_tape_read(tape, path, "toy", &error), ACTA_INVALID);
        if (strstr(error.text, bad[i].says) == NULL || strstr(error.text, bad[i].where) == NULL)
            fail_msg("of \"%s\" is said: %s", bad[i].text, error.text);
    }
    assert_int_equal(acti_tape_read(tape, scratch_path(state, "none.tape"), "toy", &error), ACTA_IO);
    acti_tape_destroy(tape);
}

/* One account, one value, and that the least which is too large. Nothing of order, clock and faults is left. */
static void
shrinking_ends_at_the_shortest_failure(void **state)
{
    acti_tape *tape = acti_tape_create();
    acti_lab lab;

    (void)state;
    assert_non_null(tape);
    assert_true(acti_lab_open(&lab, &toy_large, false));
    for (uint64_t seed = SEED; seed < SEED + 5; seed++) {
        acti_run_result first = run(&toy_large, (acti_run_setup){ .seed = seed, .record = tape });
        if (!first.failed) continue;
        uint32_t runs = acti_shrink(&lab, tape, first.invariant, 2000);
        assert_in_range(runs, 1, 1999);
        assert_int_equal(tape->tracks[ACTA_SIM_FAULTS].count, 0);
        assert_int_equal(tape->tracks[ACTA_SIM_SCHEDULER].count, 0);
        assert_int_equal(tape->tracks[ACTA_SIM_WORKLOAD].count, 2);
        assert_int_equal(tape->tracks[ACTA_SIM_WORKLOAD].choices[0], 0); /* 1 + 0 accounts */
        assert_int_equal(tape->tracks[ACTA_SIM_WORKLOAD].choices[1], TOY_TOO_LARGE);
        acti_run_result last = run(&toy_large, (acti_run_setup){ .replay = tape });
        assert_string_equal(last.invariant, "a value is too large");
    }
    acti_lab_close(&lab);
    acti_tape_destroy(tape);
}

/* Of thousands of choices nearly all have nothing to do with it, but none can be zeroed. */
static void
shrinking_takes_few_runs_for_many_choices(void **state)
{
    enum { LONG = 1000, SEEDS_MAX = 20, RUNS_MAX = 400 };
    acti_tape *tape = acti_tape_create();
    acti_lab lab;
    uint32_t seen = 0;

    (void)state;
    assert_non_null(tape);
    assert_true(acti_lab_open(&lab, &toy_rare, false));
    for (uint64_t seed = SEED; seed < SEED + SEEDS_MAX && seen < 3; seed++) {
        acti_run_result first = run(&toy_rare, (acti_run_setup){ .seed = seed, .record = tape });
        if (!first.failed || tape->tracks[ACTA_SIM_WORKLOAD].count < LONG) continue;
        seen++;
        assert_in_range(acti_shrink(&lab, tape, first.invariant, RUNS_MAX), 1, RUNS_MAX - 1);
        assert_int_equal(tape->tracks[ACTA_SIM_WORKLOAD].count, 2);
        assert_int_equal(tape->tracks[ACTA_SIM_FAULTS].count, 0);
        assert_int_equal(tape->tracks[ACTA_SIM_SCHEDULER].count, 0);
    }
    assert_int_equal(seen, 3);
    acti_lab_close(&lab);
    acti_tape_destroy(tape);
}

static acti_outcome
run_many(const acta_scenario *scenario, uint32_t processes, uint64_t to)
{
    acti_work work = { .scenario = scenario, .from = 1, .to = to, .processes = processes, .twice_every = 10 };
    acti_outcome outcome;
    acta_error error;

    acta_status status =
        processes > 0 ? acti_workers_run(&work, &outcome, &error) : acti_run_here(&work, &outcome, &error);
    assert_int_equal(status, ACTA_OK);
    return outcome;
}

static void
assert_same_coverage(const acti_coverage *one, const acti_coverage *other)
{
    assert_int_equal(one->count, other->count);
    for (uint32_t i = 0; i < one->count; i++) {
        assert_string_equal(one->sites[i].name, other->sites[i].name);
        assert_int_equal(one->sites[i].passages, other->sites[i].passages);
        assert_int_equal(one->sites[i].firings, other->sites[i].firings);
    }
}

static void
three_processes_do_what_one_does(void **state)
{
    acti_outcome one = run_many(&toy_sound, 0, SEEDS), three = run_many(&toy_sound, 3, SEEDS);

    (void)state;
    if (one.failed) print_error("%s\n", one.failure.text);
    if (three.failed) print_error("%s\n", three.failure.text);
    assert_false(one.failed);
    assert_false(three.failed);
    assert_int_equal(one.sums.seeds, SEEDS);
    assert_int_equal(one.sums.repeated, SEEDS / 10);
    assert_true(one.sums.stats.crashes > 0);
    assert_int_equal(one.sums.virtual_ms, three.sums.virtual_ms);
    assert_memory_equal(&one.sums.stats, &three.sums.stats, sizeof one.sums.stats);
    assert_same_coverage(&one.sums.coverage, &three.sums.coverage);
}

static const acta_sim_site *
site_named(const acta_simulate_report *report, const char *name)
{
    for (uint32_t i = 0; i < report->site_count; i++)
        if (strcmp(report->sites[i].name, name) == 0) return &report->sites[i];
    return NULL;
}

/* The library's own places, and those of the scenario; what no seed has come to is among them. */
static void
each_place_is_told_and_whether_it_was_reached(void **state)
{
    (void)state;
    for (uint32_t processes = 0; processes <= 2; processes++) {
        acta_simulate_options options = { .from = SEED, .to = SEED + 99, .processes = processes };
        acta_simulate_report report;
        acta_error error;

        assert_int_equal(acta_simulate(&toy_sound, &options, &report, &error), ACTA_OK);
        if (report.site_count == 0) return; /* built without */
        assert_int_equal(report.sites_reached + report.sites_never, report.site_count);
        assert_int_equal(site_named(&report, TOY_NEVER)->passages, 0);
        assert_true(site_named(&report, TOY_ALWAYS)->passages >= 100);
        assert_false(site_named(&report, TOY_ALWAYS)->is_chance);
        assert_true(site_named(&report, TOY_CHANCE)->passages >= 100);
        assert_in_range(site_named(&report, TOY_CHANCE)->firings, 1, site_named(&report, TOY_CHANCE)->passages - 1);
        assert_true(site_named(&report, "sync.late")->passages > 0);
        assert_int_equal(site_named(&report, "manager.reads.later")->passages, 0); /* it has none */
        assert_in_range(report.chances_fired, 1, report.chances - 1);
    }
}

/* DET-2: the second run of a seed has other addresses, in this process as in a child. */
static void
a_history_with_an_address_in_it_is_found_out(void **state)
{
    (void)state;
    for (uint32_t processes = 1; processes <= 2; processes++) {
        acti_outcome outcome = run_many(&toy_addressy, processes, SEEDS);
        assert_true(outcome.failed);
        assert_string_equal(outcome.failure.invariant, ACTI_TWO_HISTORIES);
    }
}

static void
a_death_by_a_signal_is_a_failure_of_its_seed(void **state)
{
    acta_simulate_options options = {
        .from = 1, .to = 1000, .processes = 2, .keep = scratch_path(state, "kept"), .shrink_runs = 300
    };
    acta_simulate_report report;
    acti_run_result result;
    acta_error error;

    assert_int_equal(acta_simulate(&toy_deadly, &options, &report, &error), ACTA_CORRUPT);
    assert_true(report.failed);
    assert_non_null(strstr(report.text, "SIGKILL"));
    assert_non_null(strstr(error.text, "SIGKILL"));

    /* That seed it was, and its tape repeats it: in a child that has the test's life in its hands. */
    acti_tape *tape = acti_tape_create();
    acti_lab lab;
    assert_non_null(tape);
    assert_true(acti_lab_open(&lab, &toy_deadly, true));
    acti_attempt(&lab, &(acti_run_setup){ .seed = report.failed_seed }, false);
    result = *lab.result;
    assert_true(result.failed);
    assert_int_equal(acti_tape_read(tape, report.tape_path, "toy-deadly", &error), ACTA_OK);
    acti_attempt(&lab, &(acti_run_setup){ .replay = tape }, false);
    assert_true(lab.result->failed);
    assert_string_equal(lab.result->invariant, result.invariant);
    assert_int_equal(tape->tracks[ACTA_SIM_WORKLOAD].choices[1], TOY_DEADLY);
    acti_lab_close(&lab);
    acti_tape_destroy(tape);
}

static char *
read_text(const char *path)
{
    char *text = NULL;
    acta_error error;

    assert_int_equal(acti_world_file_read(path, &text, &error), ACTA_OK);
    return text;
}

/* All that a person gets of a failure; and its tape, given again, fails again. */
static void
a_failure_is_told_in_files(void **state)
{
    acta_simulate_options options = { .from = SEED, .to = SEED + 20, .keep = scratch_path(state, "kept") };
    acta_simulate_report report, again;
    acta_error error;

    assert_int_equal(acta_simulate(&toy_large, &options, &report, &error), ACTA_CORRUPT);
    assert_true(report.failed);
    assert_string_equal(report.invariant, "a value is too large");
    assert_string_equal(report.text, "a value is too large: 17 for account-0");

    char *trace = read_text(report.trace_path), *diagram = read_text(report.diagram_path);
    assert_non_null(strstr(trace, "a value is too large: 17 for account-0"));
    assert_non_null(strstr(trace, "AccountOpened"));
    assert_non_null(strstr(trace, "the application has started"));
    assert_non_null(strstr(diagram, "<svg"));
    assert_non_null(strstr(diagram, "account-0"));
    free(trace);
    free(diagram);

    options.tape = report.tape_path;
    options.shrink_runs = ACTA_SIMULATE_NO_SHRINK;
    assert_int_equal(acta_simulate(&toy_large, &options, &again, &error), ACTA_CORRUPT);
    assert_string_equal(again.text, report.text);
    assert_int_equal(again.failed_seed, report.failed_seed);
}

static void
options_and_scenarios_that_make_no_sense_are_refused(void **state)
{
    acta_scenario nameless = toy_sound, checkless = toy_sound, spaced = toy_sound;
    acta_simulate_report report;
    acta_error error;

    (void)state;
    nameless.name = "";
    spaced.name = "a toy";
    checkless.check = NULL;
    assert_int_equal(acta_simulate(&nameless, NULL, &report, &error), ACTA_INVALID);
    assert_int_equal(acta_simulate(&spaced, NULL, &report, &error), ACTA_INVALID);
    assert_int_equal(acta_simulate(&checkless, NULL, &report, &error), ACTA_INVALID);
    assert_string_equal(error.text, "scenario 'toy-sound' has no check");
    assert_int_equal(
        acta_simulate(&toy_sound, &(acta_simulate_options){ .from = 3, .to = 2 }, &report, &error), ACTA_INVALID);
    assert_int_equal(
        acta_simulate(&toy_sound, &(acta_simulate_options){ .from = 1, .to = 1, .processes = 9999 }, &report, &error),
        ACTA_INVALID);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_watched_run_is_the_same_run),
        cmocka_unit_test(a_recorded_run_is_repeated_to_the_byte),
        cmocka_unit_test_setup_teardown(a_tape_that_was_written_is_read_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_tapes_are_refused_by_line, setup, teardown),
        cmocka_unit_test(shrinking_ends_at_the_shortest_failure),
        cmocka_unit_test(shrinking_takes_few_runs_for_many_choices),
        cmocka_unit_test(three_processes_do_what_one_does),
        cmocka_unit_test(each_place_is_told_and_whether_it_was_reached),
        cmocka_unit_test(a_history_with_an_address_in_it_is_found_out),
        cmocka_unit_test_setup_teardown(a_death_by_a_signal_is_a_failure_of_its_seed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failure_is_told_in_files, setup, teardown),
        cmocka_unit_test(options_and_scenarios_that_make_no_sense_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
