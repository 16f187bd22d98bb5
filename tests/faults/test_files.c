/*
 * Files that are not what they were: missing, empty, cut, older, of another moment each. A store is opened as it was, or refused;
 * never opened with less than was acknowledged, and never made anew over what is left.
 *
 * Cases ES-50, ES-51, CR-14 and CR-16 of the catalogue. Bits flipped and pages lost: tests/store/test_damage.c.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness.h"

enum { STEPS = 22, NAMES_MAX = 64, NAME_SIZE = 128 };

static life
new_life(void)
{
    harness_reset();
    return (life){ .root = harness_root, .steps = STEPS, .payload = 300, .page = harness_page, .note = harness_note };
}

/* Steps 1 to STEPS and a clean close; then as many again, and the process ends: tables and a log both hold some. */
static void
live_and_leave(void *user)
{
    const life *l = user;
    acta_store *store;
    acta_error error;

    for (uint64_t time = 0; time < 2; time++) {
        if (life_open(l, "data", false, &store, &error) != ACTA_OK) life_fail(l, "%s", error.text);
        for (uint64_t step = 1; step <= STEPS; step++) {
            if (life_commit(l, store, time * STEPS + step, &error) != ACTA_OK) life_fail(l, "%s", error.text);
        }
        if (time == 0) acta_store_close(store);
    }
}

/* What an opening came to, in page->found[0]. */
typedef enum opened { OPENED_WHOLE, OPENED_LESS, REFUSED } opened;

typedef struct opening {
    const life *life;
    uint64_t least, most;
} opening;

static void
open_or_be_refused(void *user)
{
    const opening *o = user;
    acta_store *store;
    acta_error error;
    acta_status status = life_open(o->life, "data", false, &store, &error);

    if (status == ACTA_OK) {
        uint64_t last = life_check(o->life, store, o->least, o->most);
        o->life->page->found[0] = last == o->most ? OPENED_WHOLE : OPENED_LESS;
        if (life_commit(o->life, store, last + 1, &error) != ACTA_OK) life_fail(o->life, "going on: %s", error.text);
        acta_store_close(store);
        return;
    }
    o->life->page->found[0] = REFUSED;
    if (status != ACTA_CORRUPT && status != ACTA_IO && status != ACTA_INVALID)
        life_fail(o->life, "%s: %s", acta_status_name(status), error.text);
    if (strstr(error.text, "data") == NULL) life_fail(o->life, "unclear: %s", error.text);
}

typedef struct tally {
    uint64_t runs, whole, less, refused, wrong;
} tally;

static opened
open_counted(const opening *o, const char *what, const char *file, tally *t)
{
    child_end end = harness_run(open_or_be_refused, (void *)(uintptr_t)o);
    opened how = (opened)harness_page->found[0];

    t->runs++;
    if (end != CHILD_OK) {
        t->wrong++;
        printf("  %s %s: %s\n", file, what, harness_page->text);
        return REFUSED;
    }
    t->whole += how == OPENED_WHOLE;
    t->less += how == OPENED_LESS;
    t->refused += how == REFUSED;
    return how;
}

static void
report(const char *name, const tally *t)
{
    printf("%s: %" PRIu64 " runs, %" PRIu64 " opened whole, %" PRIu64 " as an earlier state, %" PRIu64
           " refused, %" PRIu64 " wrong\n",
        name, t->runs, t->whole, t->less, t->refused, t->wrong);
}

/* -- one file of a store at rest -- */

static size_t
list_files(char names[][NAME_SIZE], const char *path)
{
    DIR *from = opendir(path);
    size_t count = 0;

    assert_non_null(from);
    for (struct dirent *entry; (entry = readdir(from)) != NULL && count < NAMES_MAX;) {
        if (entry->d_name[0] != '.') snprintf(names[count++], NAME_SIZE, "%.100s", entry->d_name);
    }
    closedir(from);
    return count;
}

static bool
matters(const char *name)
{
    return strncmp(name, "LO", 2) != 0 && strncmp(name, "OPTIONS", 7) != 0 && strcmp(name, "IDENTITY") != 0;
}

typedef enum harm { REMOVED, EMPTIED, A_DIRECTORY, HALVED, HARM_COUNT } harm;

static const char *const harm_names[HARM_COUNT] = { "removed", "emptied", "as a directory", "cut in half" };

static void
do_harm(harm what, const char *path)
{
    struct stat found;

    assert_int_equal(0, stat(path, &found));
    switch (what) {
    case EMPTIED:
        assert_int_equal(0, truncate(path, 0));
        break;
    case HALVED:
        assert_int_equal(0, truncate(path, found.st_size / 2));
        break;
    default:
        assert_int_equal(0, unlink(path));
        if (what == A_DIRECTORY) assert_int_equal(0, mkdir(path, 0777));
        break;
    }
}

/* ES-51: each file of a store removed, emptied, cut, or a directory in its place. */
static void
a_file_that_is_gone_or_cut_is_found(void **state)
{
    char names[NAMES_MAX][NAME_SIZE], path[FAULT_PATH_SIZE * 2 + NAMES_MAX * NAME_SIZE];
    life l = new_life();
    opening o = { &l, 2 * STEPS, 2 * STEPS };
    tally t = { 0 };
    uint64_t silent = 0;
    (void)state;

    disk_remove_tree(harness_root);
    if (harness_run(live_and_leave, &l) != CHILD_OK) fail_msg("%s", harness_page->text);
    disk *whole = disk_create(harness_root);
    snprintf(path, sizeof path, "%s/data", harness_root);
    size_t count = list_files(names, path);
    for (size_t i = 0; i < count; i++) {
        for (harm what = REMOVED; what < HARM_COUNT; what++) {
            disk_build(whole, DISK_KEPT, 1, harness_root);
            snprintf(path, sizeof path, "%s/data/%s", harness_root, names[i]);
            do_harm(what, path);
            opened how = open_counted(&o, harm_names[what], names[i], &t);
            silent += matters(names[i]) && how == OPENED_LESS;
        }
    }
    disk_destroy(whole);
    report("harmed files", &t);
    assert_int_equal(t.wrong, 0);
    assert_int_equal(silent, 0);
    assert_true(t.refused > 10 && t.whole > 5);
}

/* ES-50: the log cut at every byte of its last steps. The mark says how far it must reach; what is cut behind that is whole
 * steps or nothing. */
static void
a_log_cut_at_any_byte_holds_whole_steps_or_is_refused(void **state)
{
    char names[NAMES_MAX][NAME_SIZE], path[FAULT_PATH_SIZE * 2 + NAMES_MAX * NAME_SIZE];
    life l = new_life();
    opening o = { &l, 2 * STEPS, 2 * STEPS };
    tally t = { 0 };
    struct stat found;
    uint64_t seed = harness_seed(), runs = harness_runs_max(30);
    enum { TAIL = 3000 };
    (void)state;

    disk_remove_tree(harness_root);
    if (harness_run(live_and_leave, &l) != CHILD_OK) fail_msg("%s", harness_page->text);
    disk *whole = disk_create(harness_root);
    snprintf(path, sizeof path, "%s/data", harness_root);
    size_t count = list_files(names, path), log = 0;
    while (log < count && strstr(names[log], ".log") == NULL)
        log++;
    assert_true(log < count);
    snprintf(path, sizeof path, "%s/data/%s", harness_root, names[log]);
    assert_int_equal(0, stat(path, &found));
    assert_true(found.st_size > TAIL);
    if (runs > TAIL) runs = TAIL;
    o.least = 2 * STEPS - 1; /* the mark of the last step may not have been written when the process ended */
    for (uint64_t i = 0; i < runs; i++) {
        off_t cut = (off_t)(i * TAIL / runs + harness_draw(&seed) % (TAIL / runs));
        disk_build(whole, DISK_KEPT, 1, harness_root);
        assert_int_equal(0, truncate(path, found.st_size - cut));
        (void)open_counted(&o, "cut", names[log], &t);
    }
    disk_destroy(whole);
    report("log cut anywhere", &t);
    assert_int_equal(t.wrong, 0);
    assert_true(t.refused > runs / 2);
}

/* -- the mark -- */

enum { SLOTS = 2, SLOT_SPACING = 4096, SLOT_SIZE = 64 };

static void
live_some_steps(void *user)
{
    const opening *o = user;
    acta_store *store;
    acta_error error;

    if (life_open(o->life, "data", false, &store, &error) != ACTA_OK) life_fail(o->life, "%s", error.text);
    for (uint64_t step = 1; step <= o->most; step++) {
        if (life_commit(o->life, store, step, &error) != ACTA_OK) life_fail(o->life, "%s", error.text);
    }
}

static void
harm_slots(const char *path, int which)
{
    static const uint8_t garbage[SLOT_SIZE] = { 1, 2, 3 };
    FILE *file = fopen(path, "r+e");

    assert_non_null(file);
    for (int slot = 0; slot < SLOTS; slot++) {
        if ((which & (1 << slot)) == 0) continue;
        assert_int_equal(0, fseek(file, (long)slot * SLOT_SPACING, SEEK_SET));
        assert_int_equal(SLOT_SIZE, fwrite(garbage, 1, SLOT_SIZE, file));
    }
    fclose(file);
}

/* ES-49: a slot of the mark damaged, from a store's first step on: the other one is enough, and what it says may be of before
 * the store was made. Both damaged: refused. */
static void
a_damaged_mark_never_makes_a_store_anew(void **state)
{
    char path[FAULT_PATH_SIZE * 2];
    life l = new_life();
    tally one = { 0 }, both = { 0 };
    (void)state;

    snprintf(path, sizeof path, "%s/data/acta.mark", harness_root);
    for (uint64_t steps = 0; steps < 5; steps++) {
        for (int which = 1; which < 1 << SLOTS; which++) {
            opening o = { &l, steps, steps };
            disk_remove_tree(harness_root);
            if (harness_run(live_some_steps, &o) != CHILD_OK) fail_msg("%s", harness_page->text);
            harm_slots(path, which);
            (void)open_counted(&o, "harmed", "acta.mark", which == 3 ? &both : &one);
        }
    }
    report("one slot of the mark", &one);
    report("both slots", &both);
    assert_int_equal(one.whole, one.runs);
    assert_int_equal(both.refused, both.runs);
}

/* -- files of different moments -- */

static void
live(void *user)
{
    life_live(user);
}

/* CR-16: a copy of the directory, file by file, while the store is at work: each file is of a later moment than the one
 * before. The copy is refused, or it is a state that there was. */
static void
a_copy_of_a_live_directory_is_refused_or_a_state_there_was(void **state)
{
    uint64_t seed = harness_seed(), runs = harness_runs_max(30);
    life l = new_life();
    tally t = { 0 };
    (void)state;

    l.steps = 24;
    harness_page->has_journal = true;
    disk_remove_tree(harness_root);
    if (harness_run(live, &l) != CHILD_OK) fail_msg("%s", harness_page->text);
    disk_journal journal = harness_take_journal();
    uint64_t operations = harness_page->op_count;
    if (runs > operations) runs = operations;
    for (uint64_t i = 0; i < runs; i++) {
        uint64_t begin = 1 + i * operations / runs, step = harness_draw(&seed) % 6;
        disk *d = disk_create(NULL);
        journal.at = 0;
        disk_remove_tree(harness_root);
        uint64_t end = disk_copy_live(d, &journal, begin, step, "data", harness_root);
        disk_destroy(d);
        harness_page->has_journal = false;
        opening o = { &l, 0, harness_noted(&journal, LIFE_BEGUN, end) };
        char what[64];
        snprintf(what, sizeof what, "copied from operation %" PRIu64 " on, %" PRIu64 " a file", begin, step);
        (void)open_counted(&o, what, "data", &t);
    }
    free((void *)(uintptr_t)journal.bytes);
    report("live copies", &t);
    assert_int_equal(t.wrong, 0);
    assert_true(t.refused > 0 && t.whole + t.less > 0);
}

/* -- two failures -- */

/* Some steps, and a clean close; then until the disk is full, and the process ends. */
static void
live_until_full(void *user)
{
    const life *l = user;
    acta_store *store;
    acta_error error;
    uint64_t step = 0;

    if (life_open(l, "data", false, &store, &error) != ACTA_OK) life_fail(l, "%s", error.text);
    for (; step < STEPS; step++) {
        if (life_commit(l, store, step + 1, &error) != ACTA_OK) life_fail(l, "%s", error.text);
    }
    acta_store_close(store);
    if (life_open(l, "data", false, &store, &error) != ACTA_OK) life_fail(l, "%s", error.text);
    l->page->rules[0] = (fault_rule){
        .ops = FAULT_BIT(FAULT_WRITE), .pattern = "data/*", .skip = 60, .times = FAULT_FOR_EVER, .error = ENOSPC
    };
    while (life_commit(l, store, step + 1, &error) == ACTA_OK && step < 1000)
        step++;
    l->page->found[1] = step;
}

/* CR-14: a full disk, then the end of the process, then a bit flipped in an older file: found, and nothing of it is read. */
static void
a_full_disk_then_a_kill_then_a_flipped_bit_is_found(void **state)
{
    char names[NAMES_MAX][NAME_SIZE], path[FAULT_PATH_SIZE * 2 + NAMES_MAX * NAME_SIZE];
    uint64_t seed = harness_seed(), runs = harness_runs_max(3);
    life l = new_life();
    tally t = { 0 };
    (void)state;

    l.payload = 60000;
    disk_remove_tree(harness_root);
    if (harness_run(live_until_full, &l) != CHILD_OK) fail_msg("%s", harness_page->text);
    uint64_t done = harness_page->found[1];
    harness_reset();
    opening o = { &l, done, done + 1 };
    disk *left = disk_create(harness_root);
    snprintf(path, sizeof path, "%s/data", harness_root);
    size_t count = list_files(names, path), files = 0;
    disk_build(left, DISK_KEPT, 1, harness_root);
    for (size_t i = 0; i < count; i++) {
        struct stat found;
        snprintf(path, sizeof path, "%s/data/%s", harness_root, names[i]);
        if (strstr(names[i], ".sst") == NULL || stat(path, &found) != 0 || found.st_size == 0) continue;
        files++;
        for (uint64_t k = 0; k < runs; k++) {
            disk_build(left, DISK_KEPT, 1, harness_root);
            snprintf(path, sizeof path, "%s/data/%s", harness_root, names[i]);
            disk_flip_bit(path, harness_draw(&seed));
            child_end end = harness_run(open_or_be_refused, &o);
            const char *text = harness_page->text;
            bool told = strstr(text, "orruption") != NULL || strstr(text, "damaged") != NULL;
            t.runs++;
            t.wrong += end == CHILD_DIED || (end == CHILD_FAILED && !told);
            if (end == CHILD_FAILED && !told) printf("  %s: %s\n", names[i], text);
            t.refused += end == CHILD_FAILED || harness_page->found[0] == REFUSED;
            t.whole += end == CHILD_OK && harness_page->found[0] != REFUSED;
        }
    }
    disk_destroy(left);
    report("full, killed, flipped", &t);
    assert_true(done > STEPS && files > 0);
    assert_int_equal(t.wrong, 0);
    assert_true(t.refused > 0);
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_gone_or_cut_is_found),
        cmocka_unit_test(a_log_cut_at_any_byte_holds_whole_steps_or_is_refused),
        cmocka_unit_test(a_damaged_mark_never_makes_a_store_anew),
        cmocka_unit_test(a_copy_of_a_live_directory_is_refused_or_a_state_there_was),
        cmocka_unit_test(a_full_disk_then_a_kill_then_a_flipped_bit_is_found),
    };

    if (argc < 2) return 2;
    harness_begin(argv[1], argv);
    int failed = cmocka_run_group_tests_name("files of a store", tests, NULL, NULL);
    harness_end();
    return failed;
}
