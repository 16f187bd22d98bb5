/*
 * Power cuts around what is done with a store: consumer groups, sets of backups, restoring, repairing (works.h), copies by
 * stream, compacting, importing (moves.h). What was said to be done is there and whole, what was not is whole or not there, and
 * all of it can be done again.
 *
 * Cases CR-02 to CR-04 of the catalogue. ACTA_FAULTS=N gives each sweep N times its runs, ACTA_FAULTS=all runs every one;
 * ACTA_TEST_SEED repeats one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "moves.h"
#include "works.h"

enum { STEPS = 9, MOVED_STEPS = 12, PAYLOAD = 60 };

/* CR-03: at every operation of all of it, two cuts deep. */
static void
a_power_cut_costs_no_work_that_was_done(void **state)
{
    sweep s = sweep_of("works", STEPS, PAYLOAD, works_live, works_check);
    (void)state;

    sweep_cut(&s, harness_runs_max(12), harness_runs_max(2), 3);
    assert_int_equal(s.losses, 0);
    assert_int_equal(s.refusals, 0);
}

/* CR-02: the process alone ends. */
static void
a_process_that_ends_costs_no_work_that_was_done(void **state)
{
    sweep s = sweep_of("works, process ended", STEPS, PAYLOAD, works_live, works_check);
    (void)state;

    sweep_end(&s, harness_runs_max(2));
    assert_int_equal(s.losses, 0);
    assert_int_equal(s.refusals, 0);
}

/* CR-02, CR-03: the same where a log is copied, inside of its store and into another one. */
static void
a_power_cut_costs_nothing_of_what_is_moved(void **state)
{
    sweep s = sweep_of("moves", MOVED_STEPS, PAYLOAD, moves_live, moves_check);
    (void)state;

    sweep_cut(&s, harness_runs_max(8), harness_runs_max(1), 3);
    assert_int_equal(s.losses, 0);
    assert_int_equal(s.refusals, 0);
}

static void
a_process_that_ends_costs_nothing_of_what_is_moved(void **state)
{
    sweep s = sweep_of("moves, process ended", MOVED_STEPS, PAYLOAD, moves_live, moves_check);
    (void)state;

    sweep_end(&s, harness_runs_max(2));
    assert_int_equal(s.losses, 0);
    assert_int_equal(s.refusals, 0);
}

/* CR-04: what is imported isn't synced, as the disk says that it is. */
static void
without_sync_the_sweep_finds_a_lost_import(void **state)
{
    sweep s = sweep_of("moves without sync", MOVED_STEPS, PAYLOAD, moves_live, moves_check);
    fault_rule *rule = &harness_page->rules[0];
    (void)state;

    *rule = (fault_rule){
        .ops = FAULT_BIT(FAULT_SYNC) | FAULT_BIT(FAULT_SYNC_DIRECTORY), .times = FAULT_FOR_EVER, .lie = true
    };
    snprintf(rule->pattern, sizeof rule->pattern, "%s", "imported*");
    sweep_cut_at_note(&s, MOVES_IMPORTED);
    assert_true(s.losses + s.refusals > 0);
}

/* CR-04: the store doesn't sync: steps that were acknowledged are lost, and with them what its group had done. */
static void
without_sync_the_sweep_finds_lost_work(void **state)
{
    sweep s = sweep_of("works without sync", STEPS, PAYLOAD, works_live, works_check);
    (void)state;

    s.life.no_sync = true;
    sweep_cut_at_note(&s, WORKS_SET_BEGUN);
    assert_true(s.losses > 0);
    assert_non_null(strstr(s.first_text, "LOST"));
}

/* CR-04: the same with syncs left out of a backup, of what is restored, and of what is mended, each by itself: the disk says that
 * it has done them. */
static void
without_sync_of_copies_the_sweep_finds_lost_ones(void **state)
{
    static const struct {
        const char *pattern;
        uint64_t done;
    } copies[] = { { "backups*", WORKS_SET_DONE }, { "restored*", WORKS_RESTORE_DONE },
        { "mended*", WORKS_REPAIR_DONE } };
    (void)state;

    for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++) {
        sweep s = sweep_of(copies[i].pattern, STEPS, PAYLOAD, works_live, works_check);
        fault_rule *rule = &harness_page->rules[0];
        *rule = (fault_rule){
            .ops = FAULT_BIT(FAULT_SYNC) | FAULT_BIT(FAULT_SYNC_DIRECTORY), .times = FAULT_FOR_EVER, .lie = true
        };
        snprintf(rule->pattern, sizeof rule->pattern, "%s", copies[i].pattern);
        sweep_cut_at_note(&s, copies[i].done);
        assert_true(s.losses + s.refusals > 0);
    }
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_power_cut_costs_no_work_that_was_done),
        cmocka_unit_test(a_process_that_ends_costs_no_work_that_was_done),
        cmocka_unit_test(a_power_cut_costs_nothing_of_what_is_moved),
        cmocka_unit_test(a_process_that_ends_costs_nothing_of_what_is_moved),
        cmocka_unit_test(without_sync_the_sweep_finds_lost_work),
        cmocka_unit_test(without_sync_the_sweep_finds_a_lost_import),
        cmocka_unit_test(without_sync_of_copies_the_sweep_finds_lost_ones),
    };

    if (argc < 2) return 2;
    harness_begin(argv[1], argv);
    int failed = cmocka_run_group_tests_name("power cuts around works", tests, NULL, NULL);
    harness_end();
    return failed;
}
