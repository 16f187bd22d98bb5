/*
 * Errors of the disk while copies are made: the n-th call of each kind fails, once or from then on, in a backup, in restoring,
 * in importing, in reading what is repaired, in making copies by stream and taking them away. What fails says why, leaves nothing half done under its name, harms neither the store nor what was made
 * before, and succeeds when the disk is mended.
 *
 *     a store at rest --fault--> back up, back up, restore, restore a beginning, import, repair, keep --> each of them again, all compared
 *
 * RocksDB's own repair, which makes lists anew, ends its process by an assertion when the MANIFEST that it writes can't be
 * written (7.8 of Debian): that is a child of the one that repairs.
 *
 * Cases CR-05, CR-06 and CR-08 of the catalogue. ACTA_FAULTS=N tries N times as many n, ACTA_FAULTS=all every one.
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

#include "acta/operations.h"

#include "harness.h"
#include "life_schemas.h"
#include "moves.h"

enum { STEPS = 20, MORE = 4, CUT_AT = 5, CUT_STEP = 6 };

typedef struct fault_kind {
    const char *name;
    uint32_t ops;
    const char *pattern;
    int error;
} fault_kind;

static const fault_kind kinds[] = {
    { "stage is made", FAULT_BIT(FAULT_MKDIR), "data/*", ENOSPC },
    { "stage is linked", FAULT_BIT(FAULT_LINK), "data/*", EIO },
    { "stage is written", FAULT_BIT(FAULT_WRITE), "data/backup.stage*", ENOSPC },
    { "stage is renamed", FAULT_BIT(FAULT_RENAME), "data/backup.stage*", EIO },
    { "manifest is read", FAULT_BIT(FAULT_READ), "data/*MANIFEST*", EIO },
    { "manifest is opened", FAULT_BIT(FAULT_OPEN), "data/*MANIFEST*", EMFILE },
    { "set is made", FAULT_BIT(FAULT_MKDIR), "backups*", ENOSPC },
    { "backup's file is made", FAULT_BIT(FAULT_CREATE), "backups/*", EMFILE },
    { "backup's file is written", FAULT_BIT(FAULT_WRITE), "backups/*", ENOSPC },
    { "backup's file is synced", FAULT_BIT(FAULT_SYNC), "backups/*", EIO },
    { "backup's directory is synced", FAULT_BIT(FAULT_SYNC_DIRECTORY), "backups*", EIO },
    { "backup's file is shared", FAULT_BIT(FAULT_LINK), "backups/*", EIO },
    { "backup's file is read", FAULT_BIT(FAULT_READ), "backups/*", EIO },
    { "backup's manifest is read", FAULT_BIT(FAULT_READ), "backups/*MANIFEST*", EIO },
    { "backup is renamed", FAULT_BIT(FAULT_RENAME), "backups/*", EIO },
    { "restored directory is made", FAULT_BIT(FAULT_MKDIR), "restored*", ENOSPC },
    { "restored file is made", FAULT_BIT(FAULT_CREATE), "restored*", EMFILE },
    { "restored file is written", FAULT_BIT(FAULT_WRITE), "restored*", ENOSPC },
    { "restored file is synced", FAULT_BIT(FAULT_SYNC), "restored*", EIO },
    { "restored manifest is made", FAULT_BIT(FAULT_CREATE), "restored*MANIFEST*", ENOSPC },
    { "restored manifest is written", FAULT_BIT(FAULT_WRITE), "restored*MANIFEST*", ENOSPC },
    { "restored manifest is synced", FAULT_BIT(FAULT_SYNC), "restored*MANIFEST*", EIO },
    { "restored directory is synced", FAULT_BIT(FAULT_SYNC_DIRECTORY), "restored*", EIO },
    { "restored file is read", FAULT_BIT(FAULT_READ), "restored*", EIO },
    { "kept table is read", FAULT_BIT(FAULT_READ), "restored-1/*.sst", EIO },
    { "kept table is opened", FAULT_BIT(FAULT_OPEN), "restored-1/*.sst", EMFILE },
    { "kept table is made", FAULT_BIT(FAULT_CREATE), "restored-1/*.sst", EMFILE },
    { "kept table is written", FAULT_BIT(FAULT_WRITE), "restored-1/*.sst", ENOSPC },
    { "kept log is written", FAULT_BIT(FAULT_WRITE), "restored-1/*.log", ENOSPC },
    { "kept log is synced", FAULT_BIT(FAULT_SYNC), "restored-1/*.log", EIO },
    { "kept log is read", FAULT_BIT(FAULT_READ), "restored-1/*.log", EIO },
    { "restored file is renamed", FAULT_BIT(FAULT_RENAME), "restored*", EIO },
    { "imported file is made", FAULT_BIT(FAULT_CREATE), "imported*", EMFILE },
    { "imported file is written", FAULT_BIT(FAULT_WRITE), "imported*", ENOSPC },
    { "imported file is synced", FAULT_BIT(FAULT_SYNC), "imported*", EIO },
    { "imported file is read", FAULT_BIT(FAULT_READ), "imported*", EIO },
    { "hurt file is read", FAULT_BIT(FAULT_READ), "hurt/*", EIO },
    { "hurt file is opened", FAULT_BIT(FAULT_OPEN), "hurt/*", EMFILE },
    { "salvaged table is read", FAULT_BIT(FAULT_READ), "mended*salvage/*.sst", EIO },
    { "salvaged log is read", FAULT_BIT(FAULT_READ), "mended*salvage/*.log", EIO },
    { "salvaged manifest is read", FAULT_BIT(FAULT_READ), "mended*salvage/*MANIFEST*", EIO },
    { "salvaged file is opened", FAULT_BIT(FAULT_OPEN), "mended*salvage/*", EMFILE },
    { "mended table is read", FAULT_BIT(FAULT_READ), "mended*unfinished/*.sst", EIO },
    { "mended manifest is made", FAULT_BIT(FAULT_CREATE), "mended*salvage/*MANIFEST*", ENOSPC },
    { "mended manifest is written", FAULT_BIT(FAULT_WRITE), "mended*salvage/*MANIFEST*", ENOSPC },
    { "mended manifest is synced", FAULT_BIT(FAULT_SYNC), "mended*salvage/*MANIFEST*", EIO },
    { "mended directory is made", FAULT_BIT(FAULT_MKDIR), "mended*", ENOSPC },
};
enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

/* Found by a child, in page->found. */
enum { FOUND_FAILED };

static life
new_life(void)
{
    harness_reset();
    return (life){ .root = harness_root, .steps = STEPS, .payload = 300, .page = harness_page, .note = harness_note };
}

/* -- the works, each once -- */

typedef struct works {
    const life *l;
    acta_store *store;
    char set[FAULT_PATH_SIZE * 2], hurt[FAULT_PATH_SIZE * 2];
} works;

typedef acta_status work_function(const works *w, const char *path, acta_error *error);

static acta_status
back_up(const works *w, const char *path, acta_error *error)
{
    (void)path;
    return acta_store_backup_to(w->store, &(acta_backup_config){ .path = w->set }, NULL, error);
}

static acta_status
restore_all(const works *w, const char *path, acta_error *error)
{
    const acta_restore_config config = { .backup = w->set, .path = path, .environment = &life_quiet };
    return acta_restore(&config, NULL, error);
}

static acta_status
restore_beginning(const works *w, const char *path, acta_error *error)
{
    const acta_restore_config config = {
        .backup = w->set, .path = path, .to_position = CUT_AT, .environment = &life_quiet
    };
    return acta_restore(&config, NULL, error);
}

/* It goes on with what is there already. */
static acta_status
import_all(const works *w, const char *path, acta_error *error)
{
    acta_store *from;
    acta_status status = life_open(w->l, "data", true, &from, error);

    if (status != ACTA_OK) return status;
    status = moves_import(w->l, from, path + strlen(w->l->root) + 1, error);
    acta_store_close(from);
    return status;
}

/* What could not be read is left out of what is mended, and told: then it is made anew, as a person would. */
static acta_status
mend(const works *w, const char *path, acta_error *error)
{
    const acta_repair_config config = { .path = w->hurt, .target = path, .environment = &life_quiet };
    acta_repair_report report;
    acta_status status = acta_repair(&config, &report, error);

    if (status != ACTA_OK || (report.lost == 0 && !report.rows_were_lost)) return status;
    disk_remove_tree(path);
    (void)rmdir(path);
    return acta_error_set(
        error, ACTA_CORRUPT, "it lost %" PRIu64 " events, and says so: %s", report.lost, report.damage);
}

static acta_status
keep(const works *w, const char *path, acta_error *error)
{
    return moves_keep(w->l, path + strlen(w->l->root) + 1, error);
}

static void
heal(const life *l)
{
    for (size_t i = 0; i < FAULT_RULES; i++)
        l->page->rules[i].ops = 0;
}

/* Once with whatever fails; if it did, once more on a disk that is well again. */
static void
attempt(const works *w, const char *name, work_function *work)
{
    const life *l = w->l;
    char path[FAULT_PATH_SIZE * 2], unfinished[FAULT_PATH_SIZE * 2 + 16];
    acta_error error;

    snprintf(path, sizeof path, "%s/%s", l->root, name);
    snprintf(unfinished, sizeof unfinished, "%s.unfinished", path);
    acta_status status = work(w, path, &error);
    if (status == ACTA_OK) return;
    l->page->found[FOUND_FAILED]++;
    if (status != ACTA_IO && status != ACTA_CORRUPT && status != ACTA_UNKNOWN_OUTCOME && status != ACTA_READ_ONLY)
        life_fail(l, "%s: %s: %s", name, acta_status_name(status), error.text);
    if (error.text[0] == '\0') life_fail(l, "%s: no word of why", name);
    heal(l);
    if (work != back_up && work != import_all && work != keep && access(path, F_OK) == 0) {
        /* It may have its name and not be told so: what synced the name failed. Then it is whole. */
        acta_store *store;
        const acta_store_config config = { .path = path, .read_only = true, .environment = &life_quiet };
        if (acta_store_open(&config, &store, &error) != ACTA_OK) life_fail(l, "%s was left: %s", name, error.text);
        if (acta_store_verify(store, NULL, NULL, NULL, &error) != ACTA_OK) life_fail(l, "%s: %s", name, error.text);
        acta_store_close(store);
        return;
    }
    disk_remove_tree(unfinished);
    (void)rmdir(unfinished);
    status = work(w, path, &error);
    if (status != ACTA_OK) life_fail(l, "%s, again: %s: %s", name, acta_status_name(status), error.text);
}

static void
check_one(const life *l, const char *name, uint64_t least, uint64_t most)
{
    acta_store *store;
    acta_error error;

    if (life_open(l, name, true, &store, &error) != ACTA_OK) life_fail(l, "'%s': %s", name, error.text);
    life_check(l, store, least, most);
    if (acta_store_verify(store, NULL, NULL, NULL, &error) != ACTA_OK) life_fail(l, "'%s': %s", name, error.text);
    acta_store_close(store);
}

/* The beginning of it, with the schemas of its events and no later ones. */
static void
check_beginning(const life *l, const char *name)
{
    acta_store *store;
    acta_error error;

    if (life_open(l, name, true, &store, &error) != ACTA_OK) life_fail(l, "'%s': %s", name, error.text);
    if (acta_store_verify(store, NULL, NULL, NULL, &error) != ACTA_OK) life_fail(l, "'%s': %s", name, error.text);
    if (acta_store_head(store) != CUT_AT) life_fail(l, "'%s' ends at %" PRIu64, name, acta_store_head(store));
    life_check_schemas(l, store, life_schema_at(CUT_STEP));
    acta_store_close(store);
}

static void
check_imported(const life *l, const char *name)
{
    acta_store *data;
    acta_error error;

    if (life_open(l, "data", true, &data, &error) != ACTA_OK) life_fail(l, "'data': %s", error.text);
    moves_compare(l, data, name);
    acta_store_close(data);
}

static void
check_all(const works *w)
{
    enum { ROOM = 8 };
    static acta_backup_info infos[ROOM];
    const life *l = w->l;
    uint32_t count = 0;
    acta_error error;

    if (acta_backup_list(w->set, infos, ROOM, &count, &error) != ACTA_OK) life_fail(l, "the set: %s", error.text);
    if (count < 2) life_fail(l, "there are %u backups", count);
    for (uint32_t i = 0; i < count; i++)
        check_one(l, infos[i].path + strlen(l->root) + 1, STEPS, STEPS + MORE);
    check_one(l, "restored-1", STEPS + MORE, STEPS + MORE);
    check_beginning(l, "restored-2");
    check_imported(l, "imported-1");
    check_one(l, "mended-1", STEPS, STEPS);
}

/* A store whose steps are done works on with whatever fails meanwhile. */
static void
work_through(void *user)
{
    const life *l = user;
    works w = { .l = l };
    acta_error error;

    l->page->found[FOUND_FAILED] = 0;
    snprintf(w.set, sizeof w.set, "%s/backups", l->root);
    snprintf(w.hurt, sizeof w.hurt, "%s/hurt", l->root);
    acta_status status = life_open(l, "data", false, &w.store, &error);
    if (status != ACTA_OK) { /* of the faults in data/ some are there already */
        l->page->found[FOUND_FAILED]++;
        heal(l);
        if (life_open(l, "data", false, &w.store, &error) != ACTA_OK) life_fail(l, "again: %s", error.text);
    }
    attempt(&w, "backups", back_up);
    for (uint64_t step = STEPS + 1; step <= STEPS + MORE; step++)
        if (life_commit(l, w.store, step, &error) != ACTA_OK) life_fail(l, "a step: %s", error.text);
    attempt(&w, "backups", back_up);
    acta_store_close(w.store);
    attempt(&w, "restored-1", restore_all);
    attempt(&w, "restored-2", restore_beginning);
    attempt(&w, "imported-1", import_all);
    attempt(&w, "mended-1", mend);
    attempt(&w, "restored-1", keep);
    heal(l);
    check_all(&w);
    if (life_open(l, "data", false, &w.store, &error) != ACTA_OK) life_fail(l, "at last: %s", error.text);
    life_check(l, w.store, STEPS + MORE, STEPS + MORE);
    acta_store_close(w.store);
}

/* data/, and hurt/, a copy of it without its list of files. */
static void
make_stores(void *user)
{
    const life *l = user;
    char path[FAULT_PATH_SIZE * 2], data[FAULT_PATH_SIZE * 2];
    acta_error error;
    acta_store *store;

    if (life_open(l, "data", false, &store, &error) != ACTA_OK) life_fail(l, "%s", error.text);
    for (uint64_t step = 1; step <= STEPS; step++)
        if (life_commit(l, store, step, &error) != ACTA_OK) life_fail(l, "%s", error.text);
    acta_store_close(store);
    snprintf(data, sizeof data, "%s/data", l->root);
    snprintf(path, sizeof path, "%s/hurt", l->root);
    const acta_restore_config config = { .backup = data, .path = path, .environment = &life_quiet };
    if (acta_restore(&config, NULL, &error) != ACTA_OK) life_fail(l, "%s", error.text);
    snprintf(path, sizeof path, "%s/hurt/CURRENT", l->root);
    if (unlink(path) != 0) life_fail(l, "cannot remove '%s'", path);
}

/* -- the sweep -- */

/* How many calls of each kind there are when none fails. */
static void
count_calls(const disk *stores, uint64_t *calls)
{
    life l = new_life();

    for (size_t k = 0; k < KIND_COUNT; k++) {
        fault_rule *rule = &harness_page->rules[k];
        *rule = (fault_rule){ .ops = kinds[k].ops };
        snprintf(rule->pattern, sizeof rule->pattern, "%s", kinds[k].pattern);
    }
    disk_build(stores, DISK_KEPT, 1, harness_root);
    if (harness_run(work_through, &l) != CHILD_OK) fail_msg("%s", harness_page->text);
    for (size_t k = 0; k < KIND_COUNT; k++) {
        calls[k] = atomic_load(&harness_page->rules[k].fitting);
        if (calls[k] == 0) printf("  '%s' is never done\n", kinds[k].name);
        assert_true(calls[k] > 0);
    }
}

typedef struct tally {
    uint64_t runs, failed, wrong;
} tally;

static void
run_kind(const disk *stores, const fault_kind *kind, uint64_t skip, uint64_t times, tally *t)
{
    life l = new_life();
    fault_rule *rule = &harness_page->rules[0];

    disk_build(stores, DISK_KEPT, 1, harness_root);
    *rule = (fault_rule){ .ops = kind->ops, .skip = skip, .times = times, .error = kind->error };
    snprintf(rule->pattern, sizeof rule->pattern, "%s", kind->pattern);
    child_end end = harness_run(work_through, &l);
    t->runs++;
    t->failed += harness_page->found[FOUND_FAILED] > 0;
    if (end == CHILD_OK) return;
    t->wrong++;
    printf("  %s, %s at call %" PRIu64 "%s: %s\n", kind->name, strerror(kind->error), skip + 1,
        times == 1 ? "" : " and ever after", harness_page->text);
}

/* CR-05, CR-06, CR-08: of backups, of restoring, around the MANIFEST too, and of reading what is repaired. */
static void
a_copy_that_fails_harms_nothing_and_is_made_again(void **state)
{
    uint64_t seed = harness_seed(), each = harness_runs_max(1), offset = seed % 2, calls[KIND_COUNT];
    life l = new_life();
    tally t = { 0 };
    (void)state;

    disk_remove_tree(harness_root);
    if (harness_run(make_stores, &l) != CHILD_OK) fail_msg("%s", harness_page->text);
    disk *stores = disk_create(harness_root);
    count_calls(stores, calls);
    for (size_t k = 0; k < KIND_COUNT; k++) {
        uint64_t count = calls[k] < each ? calls[k] : each, number = k;
        if (each == 1 && (k + offset) % 2 == 0) continue; /* of a usual run each second kind */
        for (uint64_t i = 0; i < count; i++, number++) {
            uint64_t from = i * calls[k] / count, to = (i + 1) * calls[k] / count;
            uint64_t skip = from + harness_draw(&seed) % (to - from);
            if (each > 1 || number / 2 % 2 == 0) run_kind(stores, &kinds[k], skip, 1, &t);
            if (each > 1 || number / 2 % 2 == 1) run_kind(stores, &kinds[k], skip, FAULT_FOR_EVER, &t);
        }
    }
    disk_destroy(stores);
    printf("errors in copies: %d kinds, %" PRIu64 " runs, in %" PRIu64 " something failed, %" PRIu64 " wrong\n",
        KIND_COUNT, t.runs, t.failed, t.wrong);
    assert_int_equal(t.wrong, 0);
    assert_true(t.failed > 0);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_copy_that_fails_harms_nothing_and_is_made_again) };

    if (argc < 2) return 2;
    harness_begin(argv[1], argv);
    int failed = cmocka_run_group_tests_name("errors in copies", tests, NULL, NULL);
    harness_end();
    return failed;
}
