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

#include "harness.h"

typedef struct sweep {
    const char *name;
    life life;
    uint64_t seed;
    uint64_t first_seed;
    uint64_t operations, cuts, runs, deep_runs, losses, refusals;
    char first_text[FAULT_TEXT_SIZE + 200];
} sweep;

static sweep
sweep_of(const char *name, uint32_t steps, uint32_t payload)
{
    sweep s = { .name = name,
        .life = { .root = harness_root,
            .steps = steps,
            .payload = payload,
            .has_backups = true,
            .page = harness_page,
            .note = harness_note } };

    harness_reset();
    s.seed = s.first_seed = harness_seed();
    return s;
}

static void
report(const sweep *s)
{
    printf("%s: %" PRIu64 " operations, %" PRIu64 " cut points, %d models, %" PRIu64 " runs, %" PRIu64
           " cut again in recovery, %" PRIu64 " lost or wrong, %" PRIu64 " refused\n",
        s->name, s->operations, s->cuts, DISK_MODEL_COUNT, s->runs, s->deep_runs, s->losses, s->refusals);
    if (s->first_text[0] != '\0') printf("  first: %s\n", s->first_text);
}

/* -- children -- */

static void
live(void *user)
{
    disk_remove_tree(harness_root);
    life_live(user);
}

typedef struct check {
    const life *life;
    uint64_t least, most;               /* steps */
    uint64_t backup_begun, backup_done; /* steps at which there were backups */
} check;

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
    life_check(c->life, store, step, c->most);
    acta_store_close(store);
}

/* What was acknowledged is there; then the store goes on, and closes. */
static void
open_and_check(void *user)
{
    const check *c = user;
    acta_error error;
    acta_store *store;

    for (uint64_t step = 1; step <= c->backup_begun; step++)
        check_backup(c, step, step == c->backup_done);
    if (life_open(c->life, "data", false, &store, &error) != ACTA_OK) life_fail(c->life, "REFUSED: %s", error.text);
    uint64_t last = life_check(c->life, store, c->least, c->most);
    if (life_commit(c->life, store, last + 1, &error) != ACTA_OK) life_fail(c->life, "cannot go on: %s", error.text);
    acta_store_close(store);
}

/* -- runs -- */

static void
tell(sweep *s, child_end end, const char *where)
{
    const char *text = harness_page->text;

    if (end == CHILD_OK) return;
    if (strncmp(text, "REFUSED", 7) == 0)
        s->refusals++;
    else
        s->losses++;
    if (s->first_text[0] == '\0') snprintf(s->first_text, sizeof s->first_text, "%s: %s", where, text);
    if (getenv("ACTA_FAULTS_LOUD") != NULL) printf("  %s: %s\n", where, text);
}

static check
check_at(const sweep *s, const disk_journal *journal, uint64_t cut)
{
    return (check){ .life = &s->life,
        .least = harness_noted(journal, LIFE_DONE, cut),
        .most = harness_noted(journal, LIFE_BEGUN, cut),
        .backup_begun = harness_noted(journal, LIFE_BACKUP_BEGUN, cut),
        .backup_done = harness_noted(journal, LIFE_BACKUP_DONE, cut) };
}

/* The number of the i-th of `chosen` places out of `count`, evenly spread, each at random within its share. */
static uint64_t
place(sweep *s, uint64_t i, uint64_t chosen, uint64_t count)
{
    uint64_t from = i * count / chosen, to = (i + 1) * count / chosen;
    return from + harness_draw(&s->seed) % (to - from);
}

static uint64_t
at_most(uint64_t count, uint64_t limit)
{
    return count < limit ? count : limit;
}

/* The recovery of what is on the disk now, recorded, and cut again; `d` holds what was durable or pending before it. */
static void
cut_recovery(sweep *s, disk *d, const check *before, uint64_t runs, const char *where)
{
    disk_journal journal = harness_take_journal();
    uint64_t operations = harness_page->op_count, count = (operations + 1) * DISK_MODEL_COUNT;

    runs = at_most(count, runs);
    for (uint64_t i = 0; i < runs; i++) {
        char text[160];
        uint64_t at = place(s, i, runs, count), cut = at / DISK_MODEL_COUNT;
        disk_model model = (disk_model)(at % DISK_MODEL_COUNT);
        check c = check_at(s, &journal, cut);
        if (c.least < before->least) c.least = before->least;
        if (c.most < before->most) c.most = before->most;
        c.backup_begun = before->backup_begun;
        c.backup_done = before->backup_done;

        disk_replay(d, &journal, cut);
        disk_build(d, model, s->seed, harness_root);
        harness_page->has_journal = false;
        snprintf(text, sizeof text, "%s, then cut %" PRIu64 " %s", where, cut, disk_model_names[model]);
        tell(s, harness_run(open_and_check, &c), text);
        s->deep_runs++;
    }
    free((void *)(uintptr_t)journal.bytes);
}

/* One cut: build, open, compare; now and then recorded, and cut again. */
static void
cut_once(sweep *s, disk *d, const check *c, uint64_t cut, disk_model model, uint64_t deep_runs)
{
    char where[96];

    snprintf(where, sizeof where, "cut %" PRIu64 " %s", cut, disk_model_names[model]);
    disk_build(d, model, s->seed, harness_root);
    disk *built = deep_runs > 0 ? disk_create(harness_root) : NULL;
    harness_page->has_journal = built != NULL;
    child_end end = harness_run(open_and_check, (void *)(uintptr_t)c);
    tell(s, end, where);
    s->runs++;
    if (built != NULL && end == CHILD_OK) cut_recovery(s, built, c, deep_runs, where);
    disk_destroy(built);
}

/* Record a life, and cut it at `runs` of its points and models; of these `deep` are cut again, each `deep_runs` times. */
static void
cut_everywhere(sweep *s, uint64_t runs, uint64_t deep, uint64_t deep_runs)
{
    harness_page->has_journal = true;
    child_end end = harness_run(live, &s->life);
    if (end != CHILD_OK) fail_msg("%s: %s", s->name, harness_page->text);
    disk_journal journal = harness_take_journal();
    s->operations = harness_page->op_count;

    disk *d = disk_create(NULL);
    uint64_t count = (s->operations + 1) * DISK_MODEL_COUNT, last_cut = UINT64_MAX;
    runs = at_most(count, runs);
    deep = at_most(runs, deep);
    for (uint64_t i = 0; i < runs; i++) {
        uint64_t at = place(s, i, runs, count), cut = at / DISK_MODEL_COUNT;
        check c = check_at(s, &journal, cut);
        bool is_deep = deep > 0 && i * deep / runs != (i + 1) * deep / runs;
        s->cuts += cut != last_cut;
        last_cut = cut;
        disk_replay(d, &journal, cut);
        cut_once(s, d, &c, cut, (disk_model)(at % DISK_MODEL_COUNT), is_deep ? deep_runs : 0);
    }
    disk_destroy(d);
    free((void *)(uintptr_t)journal.bytes);
    report(s);
}

/* -- the sweeps -- */

/* CR-03: create, append, snapshot, checkpoint, backup, hard delete, scrub, close, open, two cuts deep. */
static void
a_power_cut_anywhere_loses_nothing(void **state)
{
    sweep s = sweep_of("power cut", 36, 60);
    (void)state;

    cut_everywhere(&s, harness_runs_max(100), harness_runs_max(10), 8);
    assert_int_equal(s.losses, 0);
    assert_int_equal(s.refusals, 0);
}

/* CR-03: the same with so much data that buffers are flushed while it is appended to. */
static void
a_power_cut_during_a_flush_loses_nothing(void **state)
{
    sweep s = sweep_of("power cut with flushes", 12, 200000);
    (void)state;

    s.life.has_backups = false;
    cut_everywhere(&s, harness_runs_max(40), harness_runs_max(4), 6);
    assert_int_equal(s.losses, 0);
    assert_int_equal(s.refusals, 0);
}

/* CR-04, the test of the sweep: a store that doesn't sync loses what it acknowledged, and the sweep says so. */
static void
without_sync_the_sweep_finds_losses(void **state)
{
    sweep s = sweep_of("power cut without sync", 60, 60);
    (void)state;

    s.life.no_sync = true;
    s.life.has_backups = false;
    cut_everywhere(&s, 60, 0, 0);
    assert_true(s.losses > 0);
    assert_non_null(strstr(s.first_text, "LOST"));
}

/* CR-04: a disk that only says that it has synced the log. The mark is there, so the store knows that something is missing. */
static void
a_disk_that_lies_is_found_out(void **state)
{
    sweep s = sweep_of("power cut on a disk that lies", 20, 60);
    (void)state;

    s.life.has_backups = false;
    harness_page->rules[0] =
        (fault_rule){ .ops = FAULT_BIT(FAULT_SYNC), .pattern = "*.log", .times = FAULT_FOR_EVER, .lie = true };
    cut_everywhere(&s, 60, 0, 0);
    assert_true(s.refusals > 0);
}

/* -- the process alone ends -- */

enum { ENDS_IN_RECOVERY = 3 };

/* What the last child noted adds to what must, and what may be there. */
static void
add_notes(check *c)
{
    disk_journal journal = harness_take_journal();
    uint64_t done = harness_noted(&journal, LIFE_DONE, UINT64_MAX),
             begun = harness_noted(&journal, LIFE_BEGUN, UINT64_MAX);
    uint64_t backup_begun = harness_noted(&journal, LIFE_BACKUP_BEGUN, UINT64_MAX);
    uint64_t backup_done = harness_noted(&journal, LIFE_BACKUP_DONE, UINT64_MAX);

    if (done > c->least) c->least = done;
    if (begun > c->most) c->most = begun;
    if (backup_begun > c->backup_begun) c->backup_begun = backup_begun;
    if (backup_done > c->backup_done) c->backup_done = backup_done;
    free((void *)(uintptr_t)journal.bytes);
}

/* The life ends at operation `end`; each recovery of it does too, some operations later; the last one may finish. */
static void
end_at(sweep *s, uint64_t end)
{
    check c = { .life = &s->life };
    char where[64];

    harness_page->end_at = end;
    child_end ended = harness_run(live, &s->life);
    add_notes(&c);
    snprintf(where, sizeof where, "ended at %" PRIu64, end);
    if (ended != CHILD_OK && ended != CHILD_ENDED) tell(s, ended, where);
    for (int i = 0; i < ENDS_IN_RECOVERY; i++) {
        harness_page->end_at = 1 + harness_draw(&s->seed) % 60;
        ended = harness_run(open_and_check, &c);
        if (ended != CHILD_OK && ended != CHILD_ENDED) tell(s, ended, where);
        s->deep_runs += ended == CHILD_ENDED;
        add_notes(&c);
    }
    harness_page->end_at = 0;
    tell(s, harness_run(open_and_check, &c), where);
    s->runs++;
}

/* CR-02: at every operation, enumerated, and then again in the recovery, three times in a row. */
static void
a_process_that_ends_anywhere_loses_nothing(void **state)
{
    sweep s = sweep_of("process ended", 24, 60);
    uint64_t runs = harness_runs_max(20);
    (void)state;

    harness_page->has_journal = true;
    if (harness_run(live, &s.life) != CHILD_OK) fail_msg("%s", harness_page->text);
    s.operations = harness_page->op_count;
    runs = at_most(s.operations, runs);
    for (uint64_t i = 0; i < runs; i++)
        end_at(&s, place(&s, i, runs, s.operations) + 1);
    printf("%s: %" PRIu64 " operations, %" PRIu64 " ended at, %" PRIu64 " times again in recovery, %" PRIu64
           " lost or wrong, %" PRIu64 " refused\n",
        s.name, s.operations, s.runs, s.deep_runs, s.losses, s.refusals);
    if (s.first_text[0] != '\0') printf("  first: %s\n", s.first_text);
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
