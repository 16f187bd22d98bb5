/*
 * Backup: a copy that is taken while the store is in use is a whole store, holds all that was acknowledged before, and
 * disturbs nobody. Of case ES-52: a backup under load restores to a prefix of the log.
 */
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

static acta_status
back_up(fixture *f, const char *ending, uint64_t *position_out)
{
    char path[300];
    return acta_store_backup(f->store, beside(f, ending, path, sizeof path), position_out, &f->error);
}

/* Look at a copy through the same functions: open it instead of the fixture's store. */
static fixture
open_copy(const fixture *f, const char *ending)
{
    fixture copy = *f;

    copy.store = NULL;
    beside(f, ending, copy.path, sizeof copy.path);
    open_store_ok(&copy);
    return copy;
}

static bool
is_there(const fixture *f, const char *ending)
{
    char path[300];
    struct stat found;
    return stat(beside(f, ending, path, sizeof path), &found) == 0;
}

static void
a_backup_is_a_whole_store_of_its_own(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t position;

    append_many(f, "many", ACTA_NO_STREAM, 500, NULL);
    put_row(f, "rows", "k", "v");
    if (back_up(f, ".copy", &position) != ACTA_OK) fail_msg("%s", f->error.text);
    assert_int_equal(position, 500);
    assert_false(is_there(f, ".copy.unfinished"));
    append_ok(f, "later", "x");

    fixture copy = open_copy(f, ".copy");
    assert_int_equal(count_log(&copy), 500);
    assert_int_equal(count_stream(&copy, "many"), 500);
    assert_true(has_row(&copy, "rows", "k"));
    append_ok(&copy, "other", "y"); /* from here on they are two */
    append_ok(&copy, "many", "y");
    close_store(&copy);

    assert_int_equal(count_log(f), 501);
    assert_int_equal(version_of(f, "other"), 0);
    close_store(f);
    open_store_ok(f);
    assert_int_equal(count_log(f), 501);
    copy = open_copy(f, ".copy");
    assert_int_equal(count_log(&copy), 502);
    close_store(&copy);
}

/* After a restart its newest part is in tables and not in RocksDB's log; and a copy can be copied. */
static void
a_backup_of_a_backup_is_one_too(void **state)
{
    fixture *f = FIXTURE(state);

    append_many(f, "many", ACTA_NO_STREAM, 500, NULL);
    close_store(f);
    open_store_ok(f);
    assert_int_equal(ACTA_OK, back_up(f, ".copy", NULL));
    fixture copy = open_copy(f, ".copy");
    append_ok(&copy, "more", "x");
    assert_int_equal(ACTA_OK, back_up(&copy, ".copy", NULL));
    close_store(&copy);
    copy = open_copy(f, ".copy.copy");
    assert_int_equal(count_log(&copy), 501);
    close_store(&copy);
}

/* An empty store too; and one that is stepped by hand. */
static void
an_empty_store_can_be_backed_up(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t position = 7;

    assert_int_equal(ACTA_OK, back_up(f, ".copy", &position));
    assert_int_equal(position, 0);
    fixture copy = open_copy(f, ".copy");
    assert_int_equal(acta_store_head(copy.store), 0);
    append_ok(&copy, "first", "x");
    close_store(&copy);
}

/* -- under load -- */

typedef struct load {
    fixture *f;
    _Atomic bool stopping;
    _Atomic uint64_t acknowledged; /* the position up to which all is */
    uint64_t failed;
} load;

static void *
run_load(void *user)
{
    load *l = user;
    acta_error error;

    while (!l->stopping) {
        acta_event events[3] = { event_of("test.A", "1"), event_of("test.B", "2"), event_of("test.C", "3") };
        acta_transaction *t = acta_transaction_create(l->f->store);
        acta_commit_result result;
        acta_transaction_append(t, S("a"), ACTA_ANY_VERSION, events, 2);
        acta_transaction_append(t, S("b"), ACTA_ANY_VERSION, events + 2, 1);
        acta_transaction_put(t, "rows", B("last"), B("value"));
        if (acta_store_commit(l->f->store, t, &result, &error) != ACTA_OK)
            l->failed++;
        else
            l->acknowledged = result.last_position;
    }
    return NULL;
}

static void
backups_under_load_hold_all_that_was_acknowledged(void **state)
{
    enum { BACKUPS = 8 };
    fixture *f = FIXTURE(state);
    load l = { .f = f };
    uint64_t least[BACKUPS], positions[BACKUPS];
    char ending[32];
    pthread_t thread;

    assert_int_equal(0, pthread_create(&thread, NULL, run_load, &l));
    for (uint64_t i = 0; i < BACKUPS; i++) {
        while (l.acknowledged < (i + 1) * 60)
            continue;
        least[i] = l.acknowledged;
        snprintf(ending, sizeof ending, ".copy-%" PRIu64, i);
        if (back_up(f, ending, &positions[i]) != ACTA_OK) fail_msg("%s", f->error.text);
        assert_true(positions[i] >= least[i]);
    }
    l.stopping = true;
    pthread_join(thread, NULL);
    assert_int_equal(l.failed, 0);
    uint64_t all = count_log(f);
    assert_int_equal(all, l.acknowledged);

    for (int i = 0; i < BACKUPS; i++) {
        snprintf(ending, sizeof ending, ".copy-%d", i);
        fixture copy = open_copy(f, ending);
        uint64_t count = count_log(&copy);
        assert_true(count >= positions[i] && count <= all);
        assert_int_equal(count % 3, 0); /* whole transactions */
        assert_int_equal(count_stream(&copy, "a"), count / 3 * 2);
        assert_int_equal(count_stream(&copy, "b"), count / 3);
        close_store(&copy);
    }
}

static void
is_its_owners_alone(const fixture *f, const char *ending)
{
    char path[300];
    struct stat found;

    assert_int_equal(stat(beside(f, ending, path, sizeof path), &found), 0);
    if ((found.st_mode & 077) != 0) fail_msg("'%s' has mode %o", path, found.st_mode & 0777);
}

/* SEC-12: whatever the process's umask says. A directory that was there before keeps its mode. */
static void
a_store_and_its_backup_are_their_owners_alone(void **state)
{
    fixture *f = FIXTURE(state);
    mode_t before = umask(0);

    acta_status status = open_store(f);
    if (status == ACTA_OK) append_ok(f, "a", "x");
    if (status == ACTA_OK) status = back_up(f, ".copy", NULL);
    umask(before);
    if (status != ACTA_OK) fail_msg("%s", f->error.text);
    is_its_owners_alone(f, "");
    is_its_owners_alone(f, ".copy");
}

/* -- what is refused -- */

/* SEC-12 */
static void
a_place_that_is_taken_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    char path[300], text[ACTA_ERROR_TEXT_MAX];

    append_ok(f, "a", "x");
    assert_int_equal(ACTA_INVALID, acta_store_backup(f->store, "", NULL, &f->error));
    assert_int_equal(ACTA_NOT_FOUND, acta_store_backup(f->store, "/nowhere/at/all", NULL, &f->error));
    assert_string_equal(f->error.text,
        "cannot back up to '/nowhere/at/all': the directory '/nowhere/at' does not exist; make it first");

    assert_int_equal(ACTA_ALREADY_EXISTS, back_up(f, "", NULL)); /* into itself */
    snprintf(text, sizeof text, "cannot back up to '%s': it exists; name a new directory", f->path);
    assert_string_equal(f->error.text, text);

    write_file(beside(f, ".file", path, sizeof path), "mine", 4);
    assert_int_equal(ACTA_ALREADY_EXISTS, back_up(f, ".file", NULL));

    assert_int_equal(0, mkdir(beside(f, ".copy.unfinished", path, sizeof path), 0777));
    assert_int_equal(ACTA_ALREADY_EXISTS, back_up(f, ".copy", NULL));
    snprintf(text, sizeof text, "cannot back up to '%s': it exists, left by a backup that was cut off; remove it first",
        path);
    assert_string_equal(f->error.text, text);
    assert_false(is_there(f, ".copy"));
    assert_int_equal(0, rmdir(path));
    assert_int_equal(ACTA_OK, back_up(f, ".copy/", NULL));
    assert_true(is_there(f, ".copy"));
    append_ok(f, "a", "y");
}

static void
a_store_that_only_reads_is_not_backed_up(void **state)
{
    fixture *f = FIXTURE(state);

    append_ok(f, "a", "x");
    close_store(f);
    f->config.read_only = true;
    open_store_ok(f);
    assert_int_equal(ACTA_READ_ONLY, back_up(f, ".copy", NULL));
    assert_false(is_there(f, ".copy"));
}

static void
a_store_without_files_is_not_backed_up(void **state)
{
    fixture *f = FIXTURE(state);

    assert_int_equal(ACTA_UNSUPPORTED, back_up(f, ".copy", NULL));
    assert_non_null(strstr(f->error.text, "its engine has no files"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(a_backup_is_a_whole_store_of_its_own),
        on_store(a_backup_of_a_backup_is_one_too),
        on_store(an_empty_store_can_be_backed_up),
        on_manual_store(an_empty_store_can_be_backed_up),
        on_store(backups_under_load_hold_all_that_was_acknowledged),
        on_no_store(a_store_and_its_backup_are_their_owners_alone),
        on_store(a_place_that_is_taken_is_refused),
        on_store(a_store_that_only_reads_is_not_backed_up),
    };
    const struct CMUnitTest without_files[] = {
        on_store(a_store_without_files_is_not_backed_up),
    };
    return run_on_rocksdb("backup", tests) + run_on_memory("backup", without_files);
}
