/*
 * Opening: what is no store, what is somebody's, what is in use, what is missing. Cases ES-47, ES-51, ES-53 of the
 * catalogue. A refusal changes nothing: each test that expects one compares the directory before and after.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rocksdb/c.h>

#include "acta/crc.h"

#include "fixture.h"

/* A sum over names and contents of all files, but the info log, which RocksDB begins anew whenever it looks. */
static uint64_t
directory_sum(const char *path)
{
    DIR *directory = opendir(path);
    struct dirent *entry;
    uint64_t sum = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        char file[600];
        size_t size;
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, "LOG", 3) == 0) continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        uint8_t *bytes = read_file(file, &size);
        uint32_t crc = acta_crc32c(0, entry->d_name, strlen(entry->d_name));
        sum += (uint64_t)acta_crc32c(crc, bytes, size) << 20 | size; /* in whatever order they are listed */
        free(bytes);
    }
    closedir(directory);
    return sum;
}

static void
path_in(fixture *f, const char *name, char *out, size_t size)
{
    snprintf(out, size, "%s/%s", f->path, name);
}

/* A store of three events in two streams, closed cleanly unless `live` files are wanted. */
static void
make_store(fixture *f)
{
    open_store_ok(f);
    append_ok(f, "a", "1");
    append_ok(f, "b", "2");
    append_ok(f, "a", "3");
    close_store(f);
}

static void
expect_refusal(fixture *f, acta_status expected, const char *text)
{
    uint64_t before = directory_sum(f->path);
    acta_status status = open_store(f);

    if (status != expected) fail_msg("%s: %s", acta_status_name(status), f->error.text);
    if (strstr(f->error.text, text) == NULL) fail_msg("'%s' is not in: %s", text, f->error.text);
    assert_true(directory_sum(f->path) == before);
}

/* A path without parent, an empty path, a file, a directory of other things: refused by name, nothing made. */
static void
what_is_no_place_for_a_store_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    struct stat found;
    char file[300];
    char path[256];
    strcpy(path, f->path);

    f->path[0] = '\0';
    assert_int_equal(ACTA_INVALID, open_store(f));
    strcpy(f->path, path);
    strcat(f->path, "/deeper/data");
    assert_int_equal(ACTA_NOT_FOUND, open_store(f));
    assert_non_null(strstr(f->error.text, "does not exist; make it first"));
    strcpy(f->path, path);
    assert_int_equal(-1, stat(path, &found));

    write_file(path, "x", 1);
    assert_int_equal(ACTA_INVALID, open_store(f));
    assert_non_null(strstr(f->error.text, "it is a file, a directory is expected"));
    assert_int_equal(0, unlink(path));

    assert_int_equal(0, mkdir(path, 0777));
    path_in(f, "holiday.jpg", file, sizeof file);
    write_file(file, "x", 1);
    expect_refusal(f, ACTA_INVALID, "is no store: it holds 'holiday.jpg'; give an empty or a new directory");
    assert_int_equal(0, unlink(file));
    open_store_ok(f); /* an empty one is fine */
    append_ok(f, "a", "x");
}

/* must_exist and read_only don't make stores. */
static void
a_missing_store_is_not_made_unasked(void **state)
{
    fixture *f = FIXTURE(state);
    struct stat found;

    f->config.must_exist = true;
    assert_int_equal(ACTA_NOT_FOUND, open_store(f));
    f->config.must_exist = false;
    f->config.read_only = true;
    assert_int_equal(ACTA_NOT_FOUND, open_store(f));
    assert_non_null(strstr(f->error.text, "there is no store in"));
    if (!f->memory) assert_int_equal(-1, stat(f->path, &found));
    f->config.read_only = false;
    open_store_ok(f);
    close_store(f);
    f->config.must_exist = true;
    open_store_ok(f);
}

/* ES-51: a RocksDB database that isn't ours. */
static void
a_store_of_another_kind_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    rocksdb_options_t *options = rocksdb_options_create();
    char *said = NULL;

    rocksdb_options_set_create_if_missing(options, 1);
    rocksdb_t *db = rocksdb_open(options, f->path, &said);
    assert_null(said);
    rocksdb_close(db);
    rocksdb_options_destroy(options);
    expect_refusal(f, ACTA_INVALID, "is a store of another kind");
}

/* ES-51: files that are missing or empty: a clear refusal, and never a new store over the rest. */
static void
missing_and_empty_files_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const endings[] = { "CURRENT", "MANIFEST", ".sst", "acta.mark" };
    char keep[300];

    make_store(f);
    snprintf(keep, sizeof keep, "%s.keep", f->path);
    copy_tree(f->path, keep);
    for (size_t i = 0; i < 4; i++) {
        for (int empty = 0; empty < 2; empty++) {
            char name[256], file[600];
            DIR *directory = opendir(f->path);
            struct dirent *entry;
            while ((entry = readdir(directory)) != NULL) {
                if (strstr(entry->d_name, endings[i]) == NULL) continue;
                snprintf(name, sizeof name, "%s", entry->d_name);
                break;
            }
            closedir(directory);
            path_in(f, name, file, sizeof file);
            assert_int_equal(0, unlink(file));
            if (empty) write_file(file, "", 0);
            expect_refusal(f, ACTA_CORRUPT, f->path);
            remove_tree(f->path);
            copy_tree(keep, f->path);
        }
    }
    open_store_ok(f); /* the copy itself is sound */
    assert_int_equal(count_log(f), 3);
    remove_tree(keep);
}

/* All files of one kind: one that the engine has done with may still lie beside the one it needs. */
static void
cut_away(fixture *f, const char *ending)
{
    char name[256], file[600];

    assert_true(find_file(f->path, ending, name, sizeof name));
    while (find_file(f->path, ending, name, sizeof name)) {
        path_in(f, name, file, sizeof file);
        assert_int_equal(0, unlink(file));
    }
}

/* ES-51: to read only, too, what can't be opened at all is refused, and what has lost its end shows the rest and says so. */
static void
a_damaged_store_is_read_up_to_the_damage(void **state)
{
    fixture *f = FIXTURE(state);
    char keep[300];

    make_store(f);
    snprintf(keep, sizeof keep, "%s.keep", f->path);
    copy_tree(f->path, keep);
    f->config.read_only = true;
    cut_away(f, ".sst");
    expect_refusal(f, ACTA_CORRUPT, f->path);
    remove_tree(f->path);
    assert_int_equal(0, rename(keep, f->path));

    f->config.read_only = false;
    open_store_ok(f);
    append_ok(f, "a", "4");
    append_ok(f, "a", "5");   /* nobody hears of it before the mark of the one before is on disk */
    copy_tree(f->path, keep); /* what was appended lies in the write-ahead log */
    close_store(f);
    remove_tree(f->path);
    assert_int_equal(0, rename(keep, f->path));
    cut_away(f, ".log");
    expect_refusal(f, ACTA_CORRUPT, "missing position is 4");
    f->config.read_only = true;
    open_store_ok(f);
    acta_error error;
    assert_int_equal(ACTA_READ_ONLY, acta_store_health(f->store, &error));
    assert_non_null(strstr(error.text, "missing position is 4"));
    assert_int_equal(acta_store_head(f->store), 3);
    assert_int_equal(count_log(f), 3);
    assert_int_equal(ACTA_CORRUPT, acta_store_refresh(f->store, &error));
    assert_int_equal(count_log(f), 3); /* it still shows what it did */
}

/* One mark damaged: the other counts. Both: refused. The mark of another store: refused. */
static void
marks_are_held_against_the_log(void **state)
{
    fixture *f = FIXTURE(state);
    char mark[300], other_mark[400];
    size_t size;

    make_store(f);
    path_in(f, "acta.mark", mark, sizeof mark);
    uint8_t *sound = read_file(mark, &size), *bytes = malloc(size);
    for (int slot = 0; slot < 2; slot++) {
        memcpy(bytes, sound, size);
        bytes[slot * 4096 + 24] ^= 1;
        write_file(mark, bytes, size);
        open_store_ok(f);
        assert_int_equal(count_log(f), 3);
        close_store(f);
        write_file(mark, sound, size);
    }
    memcpy(bytes, sound, size);
    bytes[30] ^= 0x40;
    bytes[4096 + 60] ^= 1;
    write_file(mark, bytes, size);
    expect_refusal(f, ACTA_CORRUPT, "neither mark of the store");
    write_file(mark, sound, size);

    fixture second = { .memory = false, .config = f->config };
    strcpy(second.path, f->path);
    strcat(second.path, ".other");
    make_store(&second);
    snprintf(other_mark, sizeof other_mark, "%s/acta.mark", second.path);
    free(bytes);
    bytes = read_file(other_mark, &size);
    write_file(mark, bytes, size);
    expect_refusal(f, ACTA_CORRUPT, "belongs to another store");
    free(bytes);
    free(sound);
    remove_tree(second.path);
}

/* ES-53: in this process and in another; the first is not disturbed; after a kill the way is free. */
static void
a_store_in_use_is_refused_at_once(void **state)
{
    fixture *f = FIXTURE(state);
    acta_store_config config = { .path = f->path };
    acta_store *second;
    acta_error error;
    int ready[2];
    char byte;

    open_store_ok(f);
    assert_int_equal(ACTA_IN_USE, acta_store_open(&config, &second, &error));
    assert_non_null(strstr(error.text, "is open for writing in this or another process"));
    append_ok(f, "a", "undisturbed");
    close_store(f);

    assert_int_equal(0, pipe(ready));
    pid_t child = fork();
    if (child == 0) {
        fixture own = { .config = { .memory_bytes = 16 << 20 } };
        strcpy(own.path, f->path);
        if (open_store(&own) != ACTA_OK || append(&own, "a", ACTA_ANY_VERSION, "child") != ACTA_OK) _exit(1);
        if (write(ready[1], "x", 1) != 1) _exit(1);
        pause();
        _exit(0);
    }
    assert_int_equal(1, read(ready[0], &byte, 1));
    assert_int_equal(ACTA_IN_USE, acta_store_open(&config, &second, &error));

    config.read_only = true; /* reading beside it is fine */
    if (open_beside(&config, &second, &error) != ACTA_OK) fail_msg("%s", error.text);
    assert_int_equal(acta_store_head(second), 2);
    acta_store_close(second);

    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    open_store_ok(f);
    assert_int_equal(count_log(f), 2);
    close(ready[0]);
    close(ready[1]);
}

/* Put a row past the store: of family "default" (0) or "tables" (5). */
static void
put_raw(fixture *f, int family, const void *key, size_t key_size, const void *value, size_t value_size)
{
    static const char *const names[] = { "default", "log", "index", "streams", "types", "tables" };
    rocksdb_options_t *options = rocksdb_options_create();
    const rocksdb_options_t *all[6] = { options, options, options, options, options, options };
    rocksdb_column_family_handle_t *families[6];
    rocksdb_writeoptions_t *write_options = rocksdb_writeoptions_create();
    char *said = NULL;

    rocksdb_t *db = rocksdb_open_column_families(options, f->path, 6, names, all, families, &said);
    assert_null(said);
    rocksdb_put_cf(db, write_options, families[family], key, key_size, value, value_size, &said);
    assert_null(said);
    for (int i = 0; i < 6; i++)
        rocksdb_column_family_handle_destroy(families[i]);
    rocksdb_close(db);
    rocksdb_options_destroy(options);
    rocksdb_writeoptions_destroy(write_options);
}

/* ES-47: a newer format is refused by number, to read only too. */
static void
a_newer_format_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    const uint8_t format[32] = { 4 };

    make_store(f);
    put_raw(f, 0, "format", 6, format, sizeof format);
    expect_refusal(f, ACTA_UNSUPPORTED, "has format 4, this program reads up to 3; use a newer one");
    f->config.read_only = true;
    expect_refusal(f, ACTA_UNSUPPORTED, "has format 4, this program reads up to 3; use a newer one");
}

/* ES-44: a snapshot that is damaged is none; one of another schema says so. The events are read instead. */
static void
a_damaged_snapshot_is_none(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_snapshot given = { .version = 2, .schema_hash = 42, .state = B("state") };
    acta_memory *memory = acta_memory_create(NULL);
    acta_snapshot found;

    make_store(f);
    open_store_ok(f);
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_snapshot(t, S("a"), &given);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    assert_int_equal(ACTA_OK, acta_store_snapshot(f->store, S("a"), memory, &found, &f->error));
    assert_int_equal(found.schema_hash, 42); /* by which whoever has another schema knows it */
    close_store(f);
    put_raw(f, 5, "snapshots\0a", 11, "something else", 14);
    open_store_ok(f);
    assert_int_equal(ACTA_NOT_FOUND, acta_store_snapshot(f->store, S("a"), memory, &found, &f->error));
    assert_string_equal(f->error.text, "the snapshot of 'a' is damaged");
    assert_int_equal(count_stream(f, "a"), 2);
    acta_memory_destroy(memory);
}

/* A store remembers by which schema it was made. */
static void
a_store_of_another_schema_is_refused(void **state)
{
    fixture *f = FIXTURE(state);

    f->config.schema_name = "bank";
    f->config.schema_hash = 0xabc;
    open_store_ok(f);
    append_ok(f, "a", "x");
    close_store(f);
    f->config.schema_hash = 0xdef;
    assert_int_equal(ACTA_SCHEMA_MISMATCH, open_store(f));
    assert_non_null(strstr(f->error.text, "made by schema 'bank' 0000000000000abc, this program has 0000000000000def"));
    f->config.read_only = true;
    assert_int_equal(ACTA_SCHEMA_MISMATCH, open_store(f));
    f->config.read_only = false;
    f->config.schema_name = "other"; /* another name is another schema, kept beside it */
    open_store_ok(f);
    close_store(f);
    f->config.schema_name = "bank";
    f->config.schema_hash = 0xabc;
    open_store_ok(f);
    assert_int_equal(count_log(f), 1);
    close_store(f);
    f->config.schema_hash = 0; /* not checked */
    open_store_ok(f);
}

enum { NOBODY_IS_THERE = 9 };

/* A directory that can't be written to: refused to write, as somebody who is not root; read-only works. */
static void
an_unwritable_directory_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    int status;
    char parent[256];

    mode_t before = umask(022);
    make_store(f);
    umask(before);
    strcpy(parent, f->path);
    *strrchr(parent, '/') = '\0';
    assert_int_equal(0, chmod(parent, 0755));
    assert_int_equal(0, chmod(f->path, 0555));
    pid_t child = fork();
    if (child == 0) {
        if (getuid() == 0 && setuid(65534) != 0) _exit(NOBODY_IS_THERE);
        if (open_store(f) != ACTA_READ_ONLY) _exit(1);
        if (strstr(f->error.text, "can't be written to") == NULL) _exit(2);
        f->config.read_only = true;
        if (open_store(f) != ACTA_OK) _exit(3);
        if (acta_store_head(f->store) != 3) _exit(4);
        acta_store_close(f->store);
        _exit(0);
    }
    waitpid(child, &status, 0);
    assert_int_equal(0, chmod(f->path, 0755));
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == NOBODY_IS_THERE) skip(); /* a namespace with root alone */
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A process that died while it made a store left no store, and no obstacle. */
static void
an_interrupted_making_is_begun_again(void **state)
{
    fixture *f = FIXTURE(state);
    static uint8_t zeros[8192];
    char mark[300];

    assert_int_equal(0, mkdir(f->path, 0777));
    path_in(f, "acta.mark", mark, sizeof mark);
    for (size_t size = 0; size <= sizeof zeros; size += sizeof zeros) { /* before and after it was filled */
        write_file(mark, zeros, size);
        open_store_ok(f);
        append_ok(f, "a", "x");
        close_store(f);
        open_store_ok(f);
        assert_int_equal(count_log(f), 1);
        close_store(f);
        remove_tree(f->path);
        assert_int_equal(0, mkdir(f->path, 0777));
    }
}

/* A damaged store can be read, up to the damage. (What is damage: test_damage.c.) */
static void
closing_and_opening_again_and_again_changes_nothing(void **state)
{
    fixture *f = FIXTURE(state);

    make_store(f);
    for (int i = 0; i < 5; i++) {
        open_store_ok(f);
        assert_int_equal(count_log(f), 3);
        uint64_t hash = f->memory ? acta_disk_hash(f->disk) : 0;
        close_store(f);
        if (f->memory) assert_true(acta_disk_hash(f->disk) == hash);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_no_store(a_missing_store_is_not_made_unasked),
        on_no_store(a_store_of_another_schema_is_refused),
        on_no_store(closing_and_opening_again_and_again_changes_nothing),
    };
    const struct CMUnitTest files[] = {
        on_no_store(what_is_no_place_for_a_store_is_refused),
        on_no_store(a_store_of_another_kind_is_refused),
        on_no_store(missing_and_empty_files_are_refused),
        on_no_store(a_damaged_store_is_read_up_to_the_damage),
        on_no_store(marks_are_held_against_the_log),
        on_no_store(a_store_in_use_is_refused_at_once),
        on_no_store(a_newer_format_is_refused),
        on_no_store(a_damaged_snapshot_is_none),
        on_no_store(an_unwritable_directory_is_refused),
        on_no_store(an_interrupted_making_is_begun_again),
    };
    return run_on_engines("open", tests) + run_on_rocksdb("open files", files);
}
