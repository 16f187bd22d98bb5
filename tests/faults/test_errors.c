/*
 * Errors of the disk: the n-th call of each kind on each kind of file fails, once and from then on.
 *
 *     live until something fails --> refuses writes, reads on --> the fault is over --> opened again: all there, writing goes on
 *
 * Cases CR-05 to CR-08 of the catalogue. ACTA_FAULTS=N tries N times as many n, ACTA_FAULTS=all every one.
 */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness.h"

typedef struct fault_kind {
    const char *name;
    uint32_t ops;
    const char *pattern;
    int error;
} fault_kind;

static const fault_kind kinds[] = {
    { "log is made", FAULT_BIT(FAULT_CREATE), "*.log", ENOSPC },
    { "log is made", FAULT_BIT(FAULT_CREATE), "*.log", EMFILE },
    { "log is written", FAULT_BIT(FAULT_WRITE), "*.log", ENOSPC },
    { "log is written", FAULT_BIT(FAULT_WRITE), "*.log", EIO },
    { "log is synced", FAULT_BIT(FAULT_SYNC), "*.log", EIO },
    { "log is cut", FAULT_BIT(FAULT_TRUNCATE), "*.log", EIO },
    { "table is made", FAULT_BIT(FAULT_CREATE), "*.sst", EMFILE },
    { "table is written", FAULT_BIT(FAULT_WRITE), "*.sst", ENOSPC },
    { "table is synced", FAULT_BIT(FAULT_SYNC), "*.sst", EIO },
    { "table is opened", FAULT_BIT(FAULT_OPEN), "*.sst", EMFILE },
    { "table is read", FAULT_BIT(FAULT_READ), "*.sst", EIO },
    { "manifest is made", FAULT_BIT(FAULT_CREATE), "*MANIFEST*", ENOSPC },
    { "manifest is written", FAULT_BIT(FAULT_WRITE), "*MANIFEST*", ENOSPC },
    { "manifest is synced", FAULT_BIT(FAULT_SYNC), "*MANIFEST*", EIO },
    { "manifest is opened", FAULT_BIT(FAULT_OPEN), "*MANIFEST*", EMFILE },
    { "temporary file is made", FAULT_BIT(FAULT_CREATE), "*.dbtmp", ENOSPC },
    { "temporary file is written", FAULT_BIT(FAULT_WRITE), "*.dbtmp", ENOSPC },
    { "temporary file is synced", FAULT_BIT(FAULT_SYNC), "*.dbtmp", EIO },
    { "file is renamed", FAULT_BIT(FAULT_RENAME), "*", EIO },
    { "mark is made", FAULT_BIT(FAULT_CREATE), "*acta.mark", ENOSPC },
    { "mark is written", FAULT_BIT(FAULT_WRITE), "*acta.mark", ENOSPC },
    { "mark is synced", FAULT_BIT(FAULT_SYNC), "*acta.mark", EIO },
    { "mark is opened", FAULT_BIT(FAULT_OPEN), "*acta.mark", EMFILE },
    { "mark is read", FAULT_BIT(FAULT_READ), "*acta.mark", EIO },
    { "info log is made", FAULT_BIT(FAULT_CREATE), "*/LOG", ENOSPC },
    { "lock is made", FAULT_BIT(FAULT_CREATE) | FAULT_BIT(FAULT_OPEN), "*LOCK", EMFILE },
    { "directory is synced", FAULT_BIT(FAULT_SYNC_DIRECTORY), "*", EIO },
    { "directory is opened", FAULT_BIT(FAULT_OPEN), "data", EMFILE },
    { "directory is made", FAULT_BIT(FAULT_MKDIR), "*", ENOSPC },
    { "room is asked for", FAULT_BIT(FAULT_ALLOCATE), "*", ENOSPC },
    { "file is removed", FAULT_BIT(FAULT_UNLINK), "*", EIO },
    { "file is linked", FAULT_BIT(FAULT_LINK), "*", EIO },
    { "file is closed", FAULT_BIT(FAULT_CLOSE), "*", EIO },
    { "backup is written", FAULT_BIT(FAULT_WRITE), "backup*", ENOSPC },
    { "backup is synced", FAULT_BIT(FAULT_SYNC), "backup*", EIO },
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0], STEPS = 14, STEPS_AFTER = 3, BACKUP_AT = 6 };

/* Found by a child, in page->found. */
enum { FOUND_DONE, FOUND_REFUSED, FOUND_OPEN_FAILED };

static life
new_life(void)
{
    harness_reset();
    return (
        life){ .root = harness_root, .steps = STEPS, .payload = 120000, .page = harness_page, .note = harness_note };
}

/* -- a life in which anything may fail -- */

static void
expect_failure(const life *l, const char *what, acta_status status, const acta_error *error)
{
    if (status != ACTA_IO && status != ACTA_UNKNOWN_OUTCOME && status != ACTA_READ_ONLY)
        life_fail(l, "%s: %s: %s", what, acta_status_name(status), error->text);
    if (error->text[0] == '\0') life_fail(l, "%s: no word of why", what);
}

/* Nothing is left of a backup that failed, as far as it can be removed. */
static void
back_up(const life *l, acta_store *store)
{
    char path[FAULT_PATH_SIZE];
    acta_error error;
    acta_status status = life_backup(l, store, BACKUP_AT, &error);

    if (status == ACTA_OK) return;
    expect_failure(l, "backup", status, &error);
    if ((l->page->rules[0].ops & (FAULT_BIT(FAULT_UNLINK) | FAULT_BIT(FAULT_OPEN))) != 0) return;
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/backup-%d%s", l->root, BACKUP_AT, i == 0 ? "" : ".unfinished");
        if (access(path, F_OK) == 0) life_fail(l, "a failed backup left '%s': %s", path, error.text);
    }
}

typedef struct lived {
    uint64_t done, begun;
} lived;

/* The store that has failed: refuses, says why, syncs nothing again, and reads. */
static void
expect_refusing(const life *l, acta_store *store, const lived *so_far)
{
    acta_error error;
    uint64_t syncs = atomic_load(&l->page->rules[1].fitting);

    if (acta_store_health(store, &error) == ACTA_OK) life_fail(l, "a step failed, and the store is well");
    if (strstr(error.text, "refuses writes since one failed") == NULL) life_fail(l, "unclear: %s", error.text);
    for (uint64_t step = so_far->begun + 1; step < so_far->begun + 4; step++) {
        acta_status status = life_commit(l, store, step, &error);
        if (status != ACTA_READ_ONLY) life_fail(l, "behind a failure a step was %s", acta_status_name(status));
    }
    bool is_sync = (l->page->rules[0].ops & FAULT_BIT(FAULT_SYNC)) != 0;
    if (is_sync && atomic_load(&l->page->rules[1].fitting) != syncs) life_fail(l, "a log was synced behind a failure");
    bool reads =
        (l->page->rules[0].ops & FAULT_BIT(FAULT_READ)) == 0 && (l->page->rules[0].ops & FAULT_BIT(FAULT_OPEN)) == 0;
    if (reads) life_check(l, store, so_far->done, so_far->begun);
}

static void
live_until_it_fails(const life *l, lived *so_far)
{
    acta_store *store;
    acta_error error;
    acta_status status = life_open(l, "data", false, &store, &error);
    bool failed = false;

    if (status != ACTA_OK) {
        expect_failure(l, "open", status, &error);
        if (getenv("ACTA_FAULTS_LOUD")) fprintf(stderr, "OPEN: %s\n", error.text);
        l->page->found[FOUND_OPEN_FAILED]++;
        return;
    }
    while (so_far->done < STEPS && !failed) {
        so_far->begun = so_far->done + 1;
        status = life_commit(l, store, so_far->begun, &error);
        failed = status != ACTA_OK;
        if (failed) snprintf(l->page->text, sizeof l->page->text, "%s", error.text);
        if (failed)
            expect_failure(l, "step", status, &error);
        else
            so_far->done++;
        if (so_far->done == BACKUP_AT && !failed) back_up(l, store);
    }
    if (failed) {
        expect_refusing(l, store, so_far);
        l->page->found[FOUND_REFUSED]++;
    }
    acta_store_close(store);
}

static void
go_on(const life *l, const lived *so_far)
{
    acta_store *store;
    acta_error error;
    uint64_t last = 0;

    for (int time = 0; time < 2; time++) {
        acta_status status = life_open(l, "data", false, &store, &error);
        if (status != ACTA_OK) life_fail(l, "opened again: %s: %s", acta_status_name(status), error.text);
        last = time == 0 ? life_check(l, store, so_far->done, so_far->begun) : life_check(l, store, last, last);
        for (int i = 0; i < STEPS_AFTER; i++) {
            if (life_commit(l, store, ++last, &error) != ACTA_OK) life_fail(l, "going on: %s", error.text);
        }
        acta_store_close(store);
    }
}

/* Twice, so that the fault may also lie in the opening of a store that is there. */
static void
live_through(void *user)
{
    const life *l = user;
    lived so_far = { 0 };

    for (int i = 0; i < 4; i++)
        l->page->found[i] = 0;
    live_until_it_fails(l, &so_far);
    if (so_far.done == STEPS) live_until_it_fails(l, &so_far);
    for (size_t i = 0; i < FAULT_RULES; i++)
        l->page->rules[i].ops = 0; /* room was made, the cable put in again */
    go_on(l, &so_far);
    l->page->found[FOUND_DONE] = so_far.done;
}

/* -- the sweep -- */

typedef struct tally {
    uint64_t calls, runs, open_failed, refused, unharmed, wrong;
} tally;

static void
set_rule(const fault_kind *kind, uint64_t skip, uint64_t times)
{
    fault_rule *rules = harness_page->rules;

    harness_reset();
    rules[0] = (fault_rule){ .ops = kind->ops, .skip = skip, .times = times, .error = kind->error };
    snprintf(rules[0].pattern, sizeof rules[0].pattern, "%s", kind->pattern);
    rules[1] = (fault_rule){ .ops = FAULT_BIT(FAULT_SYNC), .pattern = "*.log" }; /* counts */
}

static void
run_kind(const fault_kind *kind, uint64_t skip, uint64_t times, tally *t)
{
    life l = new_life();

    disk_remove_tree(harness_root);
    set_rule(kind, skip, times);
    child_end end = harness_run(live_through, &l);
    t->runs++;
    if (end != CHILD_OK) {
        t->wrong++;
        printf("  %s, %s at call %" PRIu64 "%s: %s\n", kind->name, strerror(kind->error), skip + 1,
            times == 1 ? "" : " and ever after", harness_page->text);
        return;
    }
    t->open_failed += harness_page->found[FOUND_OPEN_FAILED];
    t->refused += harness_page->found[FOUND_REFUSED];
    t->unharmed += harness_page->found[FOUND_OPEN_FAILED] + harness_page->found[FOUND_REFUSED] == 0;
}

/* How many calls are there of each kind, in a life in which none fails? */
static void
count_calls(uint64_t *calls)
{
    life l = new_life();

    for (size_t k = 0; k < KIND_COUNT; k++) {
        fault_rule *rule = &harness_page->rules[k + 2];
        *rule = (fault_rule){ .ops = kinds[k].ops };
        snprintf(rule->pattern, sizeof rule->pattern, "%s", kinds[k].pattern);
    }
    disk_remove_tree(harness_root);
    if (harness_run(live_through, &l) != CHILD_OK) fail_msg("%s", harness_page->text);
    for (size_t k = 0; k < KIND_COUNT; k++) {
        calls[k] = atomic_load(&harness_page->rules[k + 2].fitting);
        if (calls[k] == 0) fail_msg("'%s' is never done", kinds[k].name);
    }
}

/* CR-05, CR-06, CR-08: no abort, no hang; nothing is acknowledged behind a failure; nothing that was is lost. */
static void
a_call_that_fails_costs_no_acknowledged_event(void **state)
{
    uint64_t seed = harness_seed(), each = harness_runs_max(1), calls[KIND_COUNT];
    tally t = { 0 };
    (void)state;

    count_calls(calls);
    for (size_t k = 0; k < KIND_COUNT; k++) {
        uint64_t count = calls[k] < each ? calls[k] : each;
        t.calls += calls[k];
        for (uint64_t i = 0; i < count; i++) {
            uint64_t from = i * calls[k] / count, to = (i + 1) * calls[k] / count;
            uint64_t skip = from + harness_draw(&seed) % (to - from);
            run_kind(&kinds[k], skip, 1, &t);
            run_kind(&kinds[k], skip, FAULT_FOR_EVER, &t);
        }
    }
    printf("errors: %d kinds of %" PRIu64 " calls, %" PRIu64 " runs: %" PRIu64 " openings failed, %" PRIu64
           " stores refused writes, %" PRIu64 " went on; %" PRIu64 " wrong\n",
        KIND_COUNT, t.calls, t.runs, t.open_failed, t.refused, t.unharmed, t.wrong);
    assert_int_equal(t.wrong, 0);
    assert_true(t.open_failed > 0 && t.refused > 0 && t.unharmed > 0);
}

/* -- what is no failure -- */

/* No step may fail, and nothing be missing. */
static void
live_unharmed(void *user)
{
    const life *l = user;
    lived so_far = { 0 };

    l->page->found[FOUND_OPEN_FAILED] = l->page->found[FOUND_REFUSED] = 0;
    live_until_it_fails(l, &so_far);
    if (so_far.done != STEPS) _exit(1); /* the text says why */
    go_on(l, &so_far);
}

static void
run_unharmed(const char *name, const fault_rule *rule, uint64_t *acted)
{
    life l = new_life();

    disk_remove_tree(harness_root);
    harness_page->rules[0] = *rule;
    l.payload = 20000;
    if (harness_run(live_unharmed, &l) != CHILD_OK) fail_msg("%s: %s", name, harness_page->text);
    *acted += atomic_load(&harness_page->rules[0].acted);
}

/* CR-08: a call that a signal interrupts is made again; one that did less than was asked goes on where it stopped. RocksDB
 * doesn't open its lock and its directory again, so of openings only our own are interrupted here. */
static void
interrupted_and_short_calls_are_no_failure(void **state)
{
    static const uint32_t ops[] = { FAULT_BIT(FAULT_WRITE), FAULT_BIT(FAULT_READ), FAULT_BIT(FAULT_OPEN),
        FAULT_BIT(FAULT_CREATE) };
    uint64_t seed = harness_seed(), count = harness_runs_max(2), acted = 0;
    (void)state;

    for (size_t k = 0; k < sizeof ops / sizeof ops[0]; k++) {
        for (uint64_t i = 0; i < (count < 50 ? count : 50); i++) {
            bool opens = ops[k] == FAULT_BIT(FAULT_OPEN) || ops[k] == FAULT_BIT(FAULT_CREATE);
            fault_rule once = { .ops = ops[k], .pattern = "*", .times = 1, .error = EINTR };
            if (opens) snprintf(once.pattern, sizeof once.pattern, "*acta.mark*");
            once.skip = opens ? i % 2 : harness_draw(&seed) % 60;
            run_unharmed("interrupted", &once, &acted);
        }
    }
    fault_rule writes = { .ops = FAULT_BIT(FAULT_WRITE), .pattern = "*", .times = FAULT_FOR_EVER, .size_max = 501 };
    run_unharmed("short writes", &writes, &acted);
    fault_rule marks = { .ops = FAULT_BIT(FAULT_WRITE) | FAULT_BIT(FAULT_READ),
        .pattern = "*acta.mark",
        .times = FAULT_FOR_EVER,
        .size_max = 5 };
    run_unharmed("short marks", &marks, &acted);
    fault_rule reads = { .ops = FAULT_BIT(FAULT_READ), .pattern = "*.sst", .times = FAULT_FOR_EVER, .size_max = 99 };
    run_unharmed("short reads", &reads, &acted);
    assert_true(acted > 100);
}

/* CR-13: a disk that takes its time for every sync. The queue is bounded by its own tests; here nothing else goes wrong. */
static void
a_slow_disk_is_no_failure(void **state)
{
    fault_rule slow = { .ops = FAULT_BIT(FAULT_SYNC), .pattern = "*", .skip = 10, .times = 20, .delay_us = 20000 };
    uint64_t acted = 0;
    (void)state;

    run_unharmed("slow", &slow, &acted);
    assert_int_equal(acted, 20);
}

/* -- reading while a store is opened -- */

/* The process ends without closing: all that is new lies in the log alone. */
static void
live_and_leave(void *user)
{
    const life *l = user;
    acta_store *store;
    acta_error error;

    for (int time = 0; time < 2; time++) {
        if (life_open(l, "data", false, &store, &error) != ACTA_OK) life_fail(l, "%s", error.text);
        for (uint64_t step = 1; step <= STEPS; step++) {
            if (life_commit(l, store, (uint64_t)time * STEPS + step, &error) != ACTA_OK) life_fail(l, "%s", error.text);
        }
        if (time == 0) acta_store_close(store);
    }
}

static void
open_through(void *user)
{
    const life *l = user;
    acta_store *store;
    acta_error error;
    acta_status status = life_open(l, "data", false, &store, &error);

    l->page->found[FOUND_OPEN_FAILED] = status != ACTA_OK;
    if (status == ACTA_OK) acta_store_close(store);
    if (status != ACTA_OK && status != ACTA_IO)
        life_fail(l, "an error of reading was told as %s: %s", acta_status_name(status), error.text);
    for (size_t i = 0; i < FAULT_RULES; i++)
        l->page->rules[i].ops = 0;
    go_on(l, &(lived){ 2 * STEPS, 2 * STEPS });
}

/* CR-07: what can't be read is not taken for an end: open fails, changes nothing, and succeeds when it can be read. */
static void
an_error_while_the_log_is_read_is_not_its_end(void **state)
{
    static const char *const patterns[] = { "*.log", "*MANIFEST*", "*CURRENT", "*.sst", "*acta.mark" };
    uint64_t each = harness_runs_max(2), runs = 0, failed = 0;
    life l = new_life();
    (void)state;

    disk_remove_tree(harness_root);
    l.payload = 20000;
    if (harness_run(live_and_leave, &l) != CHILD_OK) fail_msg("%s", harness_page->text);
    disk *left = disk_create(harness_root);
    for (size_t k = 0; k < sizeof patterns / sizeof patterns[0]; k++) {
        for (uint64_t n = 0; n < 2 * each; n++) {
            fault_rule *rule = &harness_page->rules[0];
            disk_build(left, DISK_KEPT, 1, harness_root);
            *rule = (fault_rule){
                .ops = FAULT_BIT(FAULT_READ), .skip = n / 2, .times = n % 2 == 0 ? 1 : FAULT_FOR_EVER, .error = EIO
            };
            snprintf(rule->pattern, sizeof rule->pattern, "%s", patterns[k]);
            if (harness_run(open_through, &l) != CHILD_OK)
                fail_msg("%s, read %" PRIu64 ": %s", patterns[k], n / 2 + 1, harness_page->text);
            runs++;
            failed += harness_page->found[FOUND_OPEN_FAILED];
            if (n % 2 == 1 && atomic_load(&rule->acted) == 0) break; /* there are no more reads */
        }
    }
    disk_destroy(left);
    printf("errors of reading: %" PRIu64 " runs, %" PRIu64 " openings failed, none lost anything\n", runs, failed);
    assert_true(failed > runs / 4);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_that_fails_costs_no_acknowledged_event),
        cmocka_unit_test(interrupted_and_short_calls_are_no_failure),
        cmocka_unit_test(a_slow_disk_is_no_failure),
        cmocka_unit_test(an_error_while_the_log_is_read_is_not_its_end),
    };

    if (argc < 2) return 2;
    harness_begin(argv[1], argv);
    int failed = cmocka_run_group_tests_name("errors of the disk", tests, NULL, NULL);
    harness_end();
    return failed;
}
