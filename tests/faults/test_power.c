/*
 * Power cuts: nothing acknowledged is lost and none invented, wherever the power goes and whatever the disk then holds.
 *
 *     a life, recorded once --> cut behind each operation --> each model of a disk --> opened and compared --> cut again
 *
 * Case CR-03 of the catalogue, with CR-02 (the process ends at an operation) and CR-04: with syncs left out, by the store or
 * by a disk that lies, the same sweep must find losses. ACTA_FAULTS=N gives each sweep N times its runs, ACTA_FAULTS=all runs
 * every one; ACTA_TEST_SEED repeats one.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "sweep.h"

/* -- children -- */

static void
live(void *user)
{
    life_live(user);
}

static void
check_backup(const check *c, uint64_t step, bool must_be)
{
    char name[32], path[FAULT_PATH_SIZE];
    acta_error error;
    acta_store *store;

    snprintf(name, sizeof name, "backup-%" PRIu64, step);
    snprintf(path, sizeof path, "%s/%s", harness_root, name);
    if (access(path, F_OK) != 0) {
        if (must_be) life_fail(c->life, "LOST: there is no %s", name);
        return;
    }
    if (life_open(c->life, name, true, &store, &error) != ACTA_OK) life_fail(c->life, "REFUSED: %s", error.text);
    life_check(c->life, store, step, c->noted[LIFE_BEGUN]);
    acta_store_close(store);
}

/* What was acknowledged is there; then the store goes on, and closes. */
static void
open_and_check(void *user)
{
    const check *c = user;
    acta_error error;
    acta_store *store;

    for (uint64_t step = 1; step <= c->noted[LIFE_BACKUP_BEGUN]; step++)
        check_backup(c, step, step == c->noted[LIFE_BACKUP_DONE]);
    if (life_open(c->life, "data", false, &store, &error) != ACTA_OK) life_fail(c->life, "REFUSED: %s", error.text);
    uint64_t last = life_check(c->life, store, c->noted[LIFE_DONE], c->noted[LIFE_BEGUN]);
    if (life_commit(c->life, store, last + 1, &error) != ACTA_OK) life_fail(c->life, "cannot go on: %s", error.text);
    acta_store_close(store);
}

/* -- the sweeps -- */

/* CR-03: create, append, snapshot, checkpoint, backup, hard delete, scrub, close, open, two cuts deep. */
static void
a_power_cut_anywhere_loses_nothing(void **state)
{
    sweep s = sweep_of("power cut", 36, 60, live, open_and_check);
    (void)state;

    sweep_cut(&s, harness_runs_max(100), harness_runs_max(10), 8);
    assert_int_equal(s.losses, 0);
    assert_int_equal(s.refusals, 0);
}

/* CR-03: the same with so much data that buffers are flushed while it is appended to. */
static void
a_power_cut_during_a_flush_loses_nothing(void **state)
{
    sweep s = sweep_of("power cut with flushes", 12, 200000, live, open_and_check);
    (void)state;

    s.life.has_backups = false;
    sweep_cut(&s, harness_runs_max(40), harness_runs_max(4), 6);
    assert_int_equal(s.losses, 0);
    assert_int_equal(s.refusals, 0);
}

/* CR-04, the test of the sweep: a store that doesn't sync loses what it acknowledged, and the sweep says so. */
static void
without_sync_the_sweep_finds_losses(void **state)
{
    sweep s = sweep_of("power cut without sync", 60, 60, live, open_and_check);
    (void)state;

    s.life.no_sync = true;
    s.life.has_backups = false;
    sweep_cut(&s, 60, 0, 0);
    assert_true(s.losses > 0);
    assert_non_null(strstr(s.first_text, "LOST"));
}

/* CR-04: a disk that only says that it has synced the log. The mark is there, so the store knows that something is missing. */
static void
a_disk_that_lies_is_found_out(void **state)
{
    sweep s = sweep_of("power cut on a disk that lies", 20, 60, live, open_and_check);
    (void)state;

    s.life.has_backups = false;
    harness_page->rules[0] =
        (fault_rule){ .ops = FAULT_BIT(FAULT_SYNC), .pattern = "*.log", .times = FAULT_FOR_EVER, .lie = true };
    sweep_cut(&s, 60, 0, 0);
    assert_true(s.refusals > 0);
}

/* CR-02: at every operation, enumerated, and then again in the recovery, three times in a row. */
static void
a_process_that_ends_anywhere_loses_nothing(void **state)
{
    sweep s = sweep_of("process ended", 24, 60, live, open_and_check);
    uint64_t runs = harness_runs_max(20);
    (void)state;

    sweep_end(&s, runs);
    assert_int_equal(s.losses + s.refusals, 0);
    assert_true(s.deep_runs > runs);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_power_cut_anywhere_loses_nothing),
        cmocka_unit_test(a_power_cut_during_a_flush_loses_nothing),
        cmocka_unit_test(without_sync_the_sweep_finds_losses),
        cmocka_unit_test(a_disk_that_lies_is_found_out),
        cmocka_unit_test(a_process_that_ends_anywhere_loses_nothing),
    };

    if (argc < 2) return 2;
    harness_begin(argv[1], argv);
    int failed = cmocka_run_group_tests_name("power cuts", tests, NULL, NULL);
    harness_end();
    return failed;
}
