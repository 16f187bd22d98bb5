/*
 * Operations: sets of backups, restoring one whole or up to a position or time, and verifying while the store is in use.
 * Case ES-52: a backup restores to a prefix of the log, and verify says that it is whole.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acta/operations.h"

#include "contents_fixture.h"

static bool
is_there(const fixture *f, const char *ending)
{
    char path[400];
    struct stat found;
    return lstat(beside(f, ending, path, sizeof path), &found) == 0;
}

static acta_status
add_backup(fixture *f, acta_backup_info *info)
{
    char path[400];
    const acta_backup_config config = { .path = beside(f, ".set", path, sizeof path) };
    return acta_store_backup_to(f->store, &config, info, &f->error);
}

static void
add_backup_ok(fixture *f, acta_backup_info *info)
{
    if (add_backup(f, info) != ACTA_OK) fail_msg("%s", f->error.text);
}

static acta_status
restore(fixture *f, const acta_restore_config *wish, acta_restore_report *report)
{
    char from[400], to[400];
    acta_restore_config config = *wish;

    config.backup = beside(f, wish->backup, from, sizeof from);
    config.path = beside(f, wish->path, to, sizeof to);
    return acta_restore(&config, report, &f->error);
}

/* Look at another store through the same functions. */
static fixture
open_other(const fixture *f, const char *ending)
{
    fixture other = *f;

    other.store = NULL;
    beside(f, ending, other.path, sizeof other.path);
    open_store_ok(&other);
    return other;
}

static void
expect_sound(fixture *f, uint64_t events)
{
    acta_verify_report report;

    if (acta_store_verify(f->store, NULL, NULL, &report, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    assert_int_equal(report.damage_count, 0);
    assert_int_equal(report.events, events);
    assert_int_equal(report.position, events);
}

/* -- backups -- */

static void
a_second_backup_copies_only_what_is_new(void **state)
{
    fixture *f = FIXTURE(state);
    acta_backup_info first, second, infos[4];
    char path[400];
    uint32_t count = 0;

    append_many(f, "many", ACTA_NO_STREAM, 5000, NULL);
    close_store(f); /* so that it lies in tables */
    open_store_ok(f);
    add_backup_ok(f, &first);
    assert_int_equal(first.number, 1);
    assert_int_equal(first.position, 5000);
    assert_int_equal(first.copied_bytes, first.bytes);
    assert_true(first.recorded_at_us > 0 && first.taken_at_us >= first.recorded_at_us);

    append_ok(f, "many", "new");
    add_backup_ok(f, &second);
    assert_int_equal(second.number, 2);
    assert_int_equal(second.position, 5001);
    assert_true(second.copied_bytes < second.bytes / 4);
    assert_true(second.copied_files < second.files);
    assert_true(second.recorded_at_us >= first.recorded_at_us);
    assert_false(is_there(f, "/backup.stage") || is_there(f, ".set/unfinished"));

    assert_int_equal(ACTA_OK, acta_backup_list(beside(f, ".set", path, sizeof path), infos, 4, &count, &f->error));
    assert_int_equal(count, 2);
    assert_memory_equal(&infos[0], &first, sizeof first);
    assert_memory_equal(&infos[1], &second, sizeof second);
    assert_int_equal(ACTA_OK, acta_backup_list(path, infos, 1, &count, &f->error));
    assert_int_equal(count, 2);
    assert_int_equal(infos[0].number, 2); /* the newest, when there is no room */

    acta_restore_report report;
    if (restore(f, &(acta_restore_config){ .backup = ".set", .path = ".new" }, &report) != ACTA_OK)
        fail_msg("%s", f->error.text);
    assert_false(report.is_cut);
    assert_int_equal(report.position, 5001);
    assert_string_equal(report.backup, second.path);
    fixture other = open_other(f, ".new");
    expect_sound(&other, 5001);
    append_ok(&other, "many", "and on");
    close_store(&other);
    assert_int_equal(ACTA_OK, restore(f, &(acta_restore_config){ .backup = ".set/00000001", .path = ".old" }, &report));
    assert_int_equal(report.position, 5000);
}

/* The backup before is whole when the one after it fails; and the next one starts afresh. */
static void
a_backup_that_fails_leaves_the_one_before_whole(void **state)
{
    fixture *f = FIXTURE(state);
    struct rlimit before, small = { .rlim_cur = 64 << 10 };
    acta_backup_info first, second;
    acta_restore_report report;

    append_ok(f, "a", "x");
    add_backup_ok(f, &first);
    append_many(f, "many", ACTA_NO_STREAM, 5000, NULL); /* more than 64 KiB of log */
    assert_int_equal(0, getrlimit(RLIMIT_FSIZE, &before));
    small.rlim_max = before.rlim_max;
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &small));
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(ACTA_IO, add_backup(f, &second));
    assert_int_equal(0, setrlimit(RLIMIT_FSIZE, &before));
    assert_false(is_there(f, "/backup.stage") || is_there(f, ".set/unfinished") || is_there(f, ".set/00000002"));
    assert_int_equal(ACTA_OK, restore(f, &(acta_restore_config){ .backup = ".set", .path = ".new" }, &report));
    assert_int_equal(report.position, 1);
    append_ok(f, "a", "y"); /* the store goes on */
    add_backup_ok(f, &second);
    assert_int_equal(second.number, 2);
    assert_int_equal(second.position, 5002);
}

/* What a killed process left is removed: in the store's directory when it is opened, in the set by the next backup. */
static void
what_a_killed_backup_left_is_removed(void **state)
{
    fixture *f = FIXTURE(state);
    char path[400];

    append_ok(f, "a", "x");
    add_backup_ok(f, NULL);
    assert_int_equal(0, mkdir(beside(f, ".set/unfinished", path, sizeof path), 0777));
    write_file(beside(f, ".set/unfinished/000009.sst", path, sizeof path), "half", 4);
    assert_int_equal(0, mkdir(beside(f, "/backup.stage.unfinished", path, sizeof path), 0777));
    write_file(beside(f, "/backup.stage.unfinished/000009.sst", path, sizeof path), "half", 4);
    close_store(f);
    open_store_ok(f);
    assert_false(is_there(f, "/backup.stage.unfinished"));
    acta_backup_info info;
    add_backup_ok(f, &info);
    assert_int_equal(info.number, 2);
    assert_false(is_there(f, ".set/unfinished"));
}

static void
only_the_newest_are_kept(void **state)
{
    fixture *f = FIXTURE(state);
    char path[400];
    acta_backup_info infos[8];
    uint32_t count;
    const acta_backup_config config = {
        .path = beside(f, ".set", path, sizeof path), .keep_max = 2, .check_all = true
    };

    for (int i = 0; i < 4; i++) {
        append_ok(f, "a", "x");
        assert_int_equal(ACTA_OK, acta_store_backup_to(f->store, &config, NULL, &f->error));
    }
    assert_int_equal(ACTA_OK, acta_backup_list(path, infos, 8, &count, &f->error));
    assert_int_equal(count, 2);
    assert_int_equal(infos[0].number, 3);
    assert_int_equal(infos[1].position, 4);
    assert_false(is_there(f, ".set/00000002"));
}

static void
flip(const char *path, off_t at)
{
    int fd = open(path, O_RDWR);
    uint8_t byte;

    assert_true(fd >= 0);
    assert_int_equal(1, pread(fd, &byte, 1, at));
    byte ^= 16;
    assert_int_equal(1, pwrite(fd, &byte, 1, at));
    close(fd);
}

/* Of each file of a backup: one bit, and it isn't restored. */
static void
a_damaged_backup_is_not_restored(void **state)
{
    fixture *f = FIXTURE(state);
    char set[400];
    acta_backup_info info;
    acta_restore_report report;
    int files = 0;

    append_many(f, "many", ACTA_NO_STREAM, 500, NULL);
    close_store(f);
    open_store_ok(f);
    append_ok(f, "a", "x");
    add_backup_ok(f, &info);
    DIR *directory = opendir(beside(f, ".set/00000001", set, sizeof set));
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[700];
        struct stat found;
        snprintf(path, sizeof path, "%s/%s", set, entry->d_name);
        if (stat(path, &found) != 0 || !S_ISREG(found.st_mode) || found.st_size == 0) continue;
        if (strncmp(entry->d_name, "LOG", 3) == 0) continue; /* RocksDB's diary: of the check, not of the backup */
        flip(path, found.st_size / 2);
        acta_status status = restore(f, &(acta_restore_config){ .backup = ".set", .path = ".new" }, &report);
        if (status == ACTA_OK) fail_msg("a flip in %s was restored", entry->d_name);
        assert_false(is_there(f, ".new") || is_there(f, ".new.unfinished"));
        flip(path, found.st_size / 2);
        files++;
    }
    closedir(directory);
    assert_true(files >= 8);
    assert_int_equal(ACTA_OK, restore(f, &(acta_restore_config){ .backup = ".set", .path = ".new" }, &report));
    assert_int_equal(report.position, 501);
}

/* -- up to a position -- */

static void
a_store_cut_at_a_position_has_nothing_from_behind_it(void **state)
{
    fixture *f = FIXTURE(state);
    acta_restore_report report;

    append_many(f, "many", ACTA_NO_STREAM, 100, NULL); /* 1 to 100 */
    append_ok(f, "old", "1");                          /* 101 */
    append_tagged(f, "tagged", "early");               /* 102 */
    put_outcome(f, 1, "done");                         /* 103 */
    put_outcome(f, 2, NULL);
    put_snapshot(f, "many", 90);
    claim(f, "a@b", "many");
    claim(f, "c@d", "nobody at all");
    delete_stream(f, "old", ACTA_DELETE_SOFT); /* 104: is the cut */
    append_many(f, "many", ACTA_ANY_VERSION, 50, NULL);
    append_ok(f, "new", "1");
    append_tagged(f, "tagged", "late");
    put_outcome(f, 3, "done");
    put_outcome(f, 4, NULL);
    put_snapshot(f, "new", 1);
    put_snapshot(f, "done", 2);
    claim(f, "e@f", "new");
    put_row(f, "balances", "k", "v");
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_restore_stream(t, S("old"));
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    delete_stream(f, "tagged", ACTA_DELETE_HARD);
    append_ok(f, "tagged", "another of that name");
    add_backup_ok(f, NULL);
    uint64_t head = acta_store_head(f->store);

    if (restore(f, &(acta_restore_config){ .backup = ".set", .path = ".cut", .to_position = 104 }, &report) != ACTA_OK)
        fail_msg("%s", f->error.text);
    assert_true(report.is_cut);
    assert_int_equal(report.position, 104);
    assert_int_equal(report.events_left_out, head - 104);
    assert_int_equal(report.outcomes_dropped, 2);
    assert_int_equal(report.snapshots_dropped, 2);
    assert_int_equal(report.claims_dropped, 1);
    assert_int_equal(report.table_rows_dropped, 1);
    fixture cut = open_other(f, ".cut");
    expect_sound(&cut, 104);
    assert_int_equal(count_log(&cut), 104);
    assert_int_equal(version_of(&cut, "many"), 100);
    assert_int_equal(version_of(&cut, "new"), 0);
    assert_int_equal(version_of(&cut, "tagged"), 1);
    assert_true(has_outcome(&cut, 1) && has_outcome(&cut, 2));
    assert_false(has_outcome(&cut, 3) || has_outcome(&cut, 4));
    assert_true(has_snapshot(&cut, "many"));
    assert_false(has_snapshot(&cut, "done") || has_snapshot(&cut, "new"));
    assert_true(is_claimed(&cut, "a@b") && is_claimed(&cut, "c@d"));
    assert_false(is_claimed(&cut, "e@f"));
    assert_false(has_row(&cut, "balances", "k"));
    assert_int_equal(ACTA_DELETED, append(&cut, "old", ACTA_ANY_VERSION, "x"));
    append_ok(&cut, "new", "goes on");
    assert_int_equal(acta_store_head(cut.store), 105);
    expect_sound(&cut, 105);
    close_store(&cut);

    assert_int_equal(ACTA_OK,
        restore(f, &(acta_restore_config){ .backup = ".set", .path = ".kept", .to_position = 104, .keep_tables = true },
            &report));
    fixture kept = open_other(f, ".kept");
    assert_true(has_row(&kept, "balances", "k"));
    close_store(&kept);
}

/* At each position of a store with all kinds of changes: the store that is cut there is whole, and is the same log. */
static void
a_store_can_be_cut_at_every_position(void **state)
{
    fixture *f = FIXTURE(state);
    acta_restore_report report;
    uint64_t count;

    append_ok(f, "a", "1");
    append_many(f, "b", ACTA_NO_STREAM, 5, NULL);
    append_tagged(f, "a", "red");
    delete_stream(f, "b", ACTA_DELETE_HARD);
    append_ok(f, "b", "again");
    assert_int_equal(ACTA_OK, acta_store_scrub(f->store, 0, &count, &f->error));
    append_tagged(f, "b", "blue");
    delete_stream(f, "a", ACTA_DELETE_SOFT);
    put_outcome(f, 1, "c");
    add_backup_ok(f, NULL);
    uint64_t head = acta_store_head(f->store);

    for (uint64_t last = 1; last <= head; last++) {
        char ending[32];
        snprintf(ending, sizeof ending, ".cut-%" PRIu64, last);
        if (restore(f, &(acta_restore_config){ .backup = ".set", .path = ending, .to_position = last }, &report) !=
            ACTA_OK)
            fail_msg("cut at %" PRIu64 ": %s", last, f->error.text);
        assert_int_equal(report.is_cut, last < head);
        fixture cut = open_other(f, ending);
        expect_sound(&cut, last);
        append_ok(&cut, "d", "goes on");
        close_store(&cut);
    }
}

static void
a_store_can_be_cut_at_a_time(void **state)
{
    fixture *f = FIXTURE(state);
    acta_commit_result first, last;
    acta_restore_report report;

    append_many(f, "a", ACTA_NO_STREAM, 3, &first);
    do {
        append_many(f, "b", ACTA_ANY_VERSION, 1, &last);
    } while (last.recorded_at_us == first.recorded_at_us);
    add_backup_ok(f, NULL);

    acta_restore_config wish = { .backup = ".set", .path = ".cut", .to_time_us = first.recorded_at_us };
    assert_int_equal(ACTA_OK, restore(f, &wish, &report));
    assert_true(report.position >= 3 && report.position < last.last_position);
    wish = (acta_restore_config){ .backup = ".set", .path = ".none", .to_time_us = first.recorded_at_us - 1 };
    assert_int_equal(ACTA_OK, restore(f, &wish, &report));
    assert_int_equal(report.position, 0);
    fixture none = open_other(f, ".none");
    expect_sound(&none, 0);
    append_ok(&none, "x", "y");
    close_store(&none);
    wish = (acta_restore_config){ .backup = ".set", .path = ".all", .to_time_us = last.recorded_at_us + 1000000 };
    assert_int_equal(ACTA_OK, restore(f, &wish, &report));
    assert_int_equal(report.position, last.last_position);
    assert_false(report.is_cut);
}

/* Of several the oldest that is enough is taken. */
static void
the_right_backup_of_a_set_is_taken(void **state)
{
    fixture *f = FIXTURE(state);
    acta_restore_report report;

    for (int i = 0; i < 3; i++) {
        append_many(f, "a", ACTA_ANY_VERSION, 10, NULL);
        add_backup_ok(f, NULL);
    }
    assert_int_equal(
        ACTA_OK, restore(f, &(acta_restore_config){ .backup = ".set", .path = ".a", .to_position = 10 }, &report));
    assert_non_null(strstr(report.backup, "/00000001"));
    assert_false(report.is_cut);
    assert_int_equal(
        ACTA_OK, restore(f, &(acta_restore_config){ .backup = ".set", .path = ".b", .to_position = 15 }, &report));
    assert_non_null(strstr(report.backup, "/00000002"));
    assert_int_equal(report.events_left_out, 5);
    assert_int_equal(ACTA_NOT_FOUND,
        restore(f, &(acta_restore_config){ .backup = ".set", .path = ".c", .to_position = 31 }, &report));
    assert_non_null(strstr(f->error.text, "reaches position 31: the newest ends at 30"));
}

/* -- under load -- */

typedef struct load {
    fixture *f;
    _Atomic bool stopping;
    _Atomic uint64_t acknowledged;
    uint64_t failed;
} load;

static void *
run_load(void *user)
{
    load *l = user;
    acta_error error;

    for (uint32_t i = 0; !l->stopping; i++) {
        acta_event events[3] = { event_of("test.A", "1"), event_of("test.B", "2"), event_of("test.C", "3") };
        acta_transaction *t = acta_transaction_create(l->f->store);
        acta_commit_result result;
        acta_transaction_append(t, S("a"), ACTA_ANY_VERSION, events, 2);
        acta_transaction_append(t, S("b"), ACTA_ANY_VERSION, events + 2, 1);
        if (acta_store_commit(l->f->store, t, &result, &error) != ACTA_OK)
            l->failed++;
        else
            l->acknowledged = result.last_position;
        if (i % 50 == 49) { /* a stream that comes and goes, while it is verified */
            t = acta_transaction_create(l->f->store);
            acta_transaction_append(t, S("gone"), ACTA_NO_STREAM, events, 3);
            l->failed += acta_store_commit(l->f->store, t, NULL, &error) != ACTA_OK;
            t = acta_transaction_create(l->f->store);
            acta_transaction_delete_stream(t, S("gone"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
            l->failed += acta_store_commit(l->f->store, t, NULL, &error) != ACTA_OK;
        }
    }
    return NULL;
}

/* ES-52: verify runs while live; a backup taken under load restores to a prefix of the log. */
static void
a_store_is_verified_and_backed_up_under_load(void **state)
{
    enum { ROUNDS = 3 };
    fixture *f = FIXTURE(state);
    load l = { .f = f };
    uint64_t least[ROUNDS], count;
    acta_backup_info infos[ROUNDS];
    pthread_t thread;

    assert_int_equal(0, pthread_create(&thread, NULL, run_load, &l));
    for (uint64_t i = 0; i < ROUNDS; i++) {
        while (l.acknowledged < (i + 1) * 150)
            continue;
        least[i] = l.acknowledged;
        add_backup_ok(f, &infos[i]);
        assert_true(infos[i].position >= least[i]);
        if (acta_store_verify(f->store, NULL, NULL, NULL, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
        assert_int_equal(ACTA_OK, acta_store_scrub(f->store, 0, &count, &f->error));
    }
    l.stopping = true;
    pthread_join(thread, NULL);
    assert_int_equal(l.failed, 0);
    expect_sound(f, acta_store_head(f->store));

    for (int i = 0; i < ROUNDS; i++) {
        acta_restore_report report;
        char ending[32], number[32];
        snprintf(ending, sizeof ending, ".new-%d", i);
        snprintf(number, sizeof number, ".set/%08" PRIu64, infos[i].number);
        assert_int_equal(ACTA_OK, restore(f, &(acta_restore_config){ .backup = number, .path = ending }, &report));
        assert_int_equal(report.position, infos[i].position);
        fixture copy = open_other(f, ending);
        assert_int_equal(count_log(&copy), infos[i].position);
        expect_sound(&copy, infos[i].position);
        close_store(&copy);
    }
}

/* -- what is refused -- */

static void
wrong_places_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    acta_restore_report report;
    acta_backup_info info;
    char path[400], text[ACTA_ERROR_TEXT_MAX];
    uint32_t count;

    append_ok(f, "a", "x");
    assert_int_equal(0, mkdir(beside(f, ".set", path, sizeof path), 0777));
    write_file(beside(f, ".set/mine", path, sizeof path), "mine", 4);
    assert_int_equal(ACTA_INVALID, add_backup(f, &info));
    beside(f, ".set", path, sizeof path);
    snprintf(text, sizeof text,
        "cannot back up to '%s': it is no set of backups, and holds 'mine'; name an empty or a new directory", path);
    assert_string_equal(f->error.text, text);
    assert_int_equal(ACTA_NOT_FOUND, acta_backup_list(path, &info, 1, &count, &f->error));
    remove_tree(path);
    assert_int_equal(
        ACTA_INVALID, acta_store_backup_to(f->store, &(acta_backup_config){ .path = "" }, NULL, &f->error));
    assert_int_equal(ACTA_NOT_FOUND,
        acta_store_backup_to(f->store, &(acta_backup_config){ .path = "/nowhere/at/all" }, NULL, &f->error));
    assert_int_equal(ACTA_NOT_FOUND, restore(f, &(acta_restore_config){ .backup = ".set", .path = ".new" }, &report));

    add_backup_ok(f, &info);
    assert_int_equal(ACTA_ALREADY_EXISTS, restore(f, &(acta_restore_config){ .backup = ".set", .path = "" }, &report));
    assert_int_equal(ACTA_IN_USE, restore(f, &(acta_restore_config){ .backup = "", .path = ".new" }, &report));
    assert_int_equal(0, mkdir(beside(f, ".new.unfinished", path, sizeof path), 0777));
    assert_int_equal(
        ACTA_ALREADY_EXISTS, restore(f, &(acta_restore_config){ .backup = ".set", .path = ".new" }, &report));
    assert_int_equal(0, rmdir(path));
    acta_restore_config both = { .backup = ".set", .path = ".new", .to_position = 1, .to_time_us = 1 };
    assert_int_equal(ACTA_INVALID, restore(f, &both, &report));
    assert_false(is_there(f, ".new"));

    close_store(f); /* a store not in use is a backup too */
    assert_int_equal(ACTA_OK, restore(f, &(acta_restore_config){ .backup = "", .path = ".new" }, &report));
    assert_int_equal(report.position, 1);
}

static void
a_store_without_files_has_no_backups(void **state)
{
    fixture *f = FIXTURE(state);
    acta_backup_info info;

    assert_int_equal(ACTA_UNSUPPORTED, add_backup(f, &info));
    append_many(f, "many", ACTA_NO_STREAM, 100, NULL);
    append_tagged(f, "tagged", "red");
    put_outcome(f, 1, "done");
    put_snapshot(f, "many", 90);
    expect_sound(f, 102);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(a_second_backup_copies_only_what_is_new),
        on_store(a_backup_that_fails_leaves_the_one_before_whole),
        on_store(what_a_killed_backup_left_is_removed),
        on_store(only_the_newest_are_kept),
        on_store(a_damaged_backup_is_not_restored),
        on_store(a_store_cut_at_a_position_has_nothing_from_behind_it),
        on_store(a_store_can_be_cut_at_every_position),
        on_store(a_store_can_be_cut_at_a_time),
        on_store(the_right_backup_of_a_set_is_taken),
        on_store(a_store_is_verified_and_backed_up_under_load),
        on_store(wrong_places_are_refused),
    };
    const struct CMUnitTest without_files[] = {
        on_store(a_store_without_files_has_no_backups),
    };
    return run_on_rocksdb("operations", tests) + run_on_memory("operations", without_files);
}
