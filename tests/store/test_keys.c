/*
 * The file of keys: what was handed out is there after any end, what was destroyed is not, and damage is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "acta/personal.h"

enum { ENTRY = 128 };

typedef struct fixture {
    char directory[64], path[128];
    acta_key_file *file;
    acta_key_service keys;
    acta_error error;
} fixture;

static int
set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);

    snprintf(f->directory, sizeof f->directory, "/tmp/acta-keys-XXXXXX");
    if (mkdtemp(f->directory) == NULL) return -1;
    snprintf(f->path, sizeof f->path, "%s/subjects.keys", f->directory);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    fixture *f = *state;

    acta_key_file_close(f->file);
    unlink(f->path);
    rmdir(f->directory);
    free(f);
    return 0;
}

static acta_status
open_keys(fixture *f, bool read_only)
{
    acta_key_file_close(f->file);
    f->file = NULL;
    acta_status status =
        acta_key_file_open(&(acta_key_file_config){ .path = f->path, .read_only = read_only }, &f->file, &f->error);
    if (status == ACTA_OK) f->keys = acta_key_file_service(f->file);
    return status;
}

static acta_key
make(fixture *f, const char *subject)
{
    acta_key key;
    if (f->keys.get_or_make(f->keys.user, acta_str_of(subject), &key, &f->error) != ACTA_OK)
        fail_msg("%s", f->error.text);
    return key;
}

static acta_status
get(fixture *f, const char *subject, acta_key *key)
{
    return f->keys.get(f->keys.user, acta_str_of(subject), key, &f->error);
}

static void
write_at(fixture *f, long at, const void *bytes, size_t size)
{
    FILE *file = fopen(f->path, "r+b");

    assert_non_null(file);
    fseek(file, at, SEEK_SET);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* Every bit: keys are random, so any byte written in its place may be the one that stands there. */
static void
flip_at(fixture *f, long at)
{
    FILE *file = fopen(f->path, "rb");
    int byte;

    assert_non_null(file);
    fseek(file, at, SEEK_SET);
    byte = fgetc(file);
    fclose(file);
    assert_int_not_equal(byte, EOF);
    write_at(f, at, (uint8_t[]){ (uint8_t)(byte ^ 0xff) }, 1);
}

static void
keys_stay_over_restarts_and_differ(void **state)
{
    enum { SUBJECTS = 200 };
    fixture *f = *state;
    static acta_key keys[SUBJECTS];
    acta_key found, common, again;
    char subject[32];

    assert_int_equal(open_keys(f, false), ACTA_OK);
    for (int i = 0; i < SUBJECTS; i++) {
        snprintf(subject, sizeof subject, "subject %d", i);
        keys[i] = make(f, subject);
        found = make(f, subject);
        assert_memory_equal(&found, &keys[i], sizeof found);
        if (i > 0) assert_memory_not_equal(&keys[i], &keys[i - 1], sizeof found);
    }
    f->keys.common(f->keys.user, &common, &f->error);
    assert_int_equal(open_keys(f, false), ACTA_OK);
    f->keys.common(f->keys.user, &again, &f->error);
    assert_memory_equal(&common, &again, sizeof common);
    for (int i = 0; i < SUBJECTS; i++) {
        snprintf(subject, sizeof subject, "subject %d", i);
        assert_int_equal(get(f, subject, &found), ACTA_OK);
        assert_memory_equal(&found, &keys[i], sizeof found);
    }
    assert_int_equal(get(f, "subject 200", &found), ACTA_NOT_FOUND);
    assert_int_equal(f->keys.get_or_make(f->keys.user, acta_str_of(""), &found, &f->error), ACTA_INVALID);
}

static void
a_destroyed_key_never_comes_back(void **state)
{
    fixture *f = *state;
    acta_key key;

    assert_int_equal(open_keys(f, false), ACTA_OK);
    make(f, "ida");
    make(f, "per");
    assert_int_equal(f->keys.destroy(f->keys.user, acta_str_of("ida"), &f->error), ACTA_OK);
    assert_int_equal(f->keys.destroy(f->keys.user, acta_str_of("never there"), &f->error), ACTA_OK);
    for (int life = 0; life < 2; life++) {
        assert_int_equal(get(f, "ida", &key), ACTA_DELETED);
        assert_int_equal(f->keys.get_or_make(f->keys.user, acta_str_of("ida"), &key, &f->error), ACTA_DELETED);
        assert_int_equal(f->keys.get_or_make(f->keys.user, acta_str_of("never there"), &key, &f->error), ACTA_DELETED);
        assert_string_equal(f->error.text, "subject 'never there' was forgotten");
        assert_int_equal(get(f, "per", &key), ACTA_OK);
        assert_int_equal(f->keys.destroy(f->keys.user, acta_str_of("ida"), &f->error), ACTA_OK);
        assert_int_equal(open_keys(f, false), ACTA_OK);
    }
}

/* A crash may leave the last entry cut short or empty; the next key takes its place. */
static void
an_entry_that_was_never_finished_is_none(void **state)
{
    static const uint8_t zeros[ENTRY];
    fixture *f = *state;
    acta_key first, found;

    assert_int_equal(open_keys(f, false), ACTA_OK);
    first = make(f, "first");
    acta_key_file_close(f->file);
    f->file = NULL;
    write_at(f, 2 * ENTRY, zeros, ENTRY);
    assert_int_equal(open_keys(f, false), ACTA_OK);
    make(f, "second");
    acta_key_file_close(f->file);
    f->file = NULL;
    write_at(f, 3 * ENTRY, "cut short", 9);
    assert_int_equal(open_keys(f, false), ACTA_OK);
    make(f, "third");
    assert_int_equal(open_keys(f, false), ACTA_OK);
    assert_int_equal(get(f, "first", &found), ACTA_OK);
    assert_memory_equal(&found, &first, sizeof found);
    assert_int_equal(get(f, "second", &found), ACTA_OK);
    assert_int_equal(get(f, "third", &found), ACTA_OK);
}

/* Of several that were not synced when the power went, one may be missing and the one behind it be there: that one is nobody's,
 * and doesn't come back when its subject has got another key in the gap. */
static void
an_entry_behind_a_missing_one_is_none(void **state)
{
    static const uint8_t zeros[ENTRY];
    fixture *f = *state;
    acta_key lost, made, found;

    assert_int_equal(open_keys(f, false), ACTA_OK);
    make(f, "first");
    make(f, "missing");
    lost = make(f, "behind");
    acta_key_file_close(f->file);
    f->file = NULL;
    write_at(f, 2 * ENTRY, zeros, ENTRY);
    assert_int_equal(open_keys(f, false), ACTA_OK);
    assert_int_equal(get(f, "behind", &found), ACTA_NOT_FOUND);
    made = make(f, "behind");
    assert_memory_not_equal(&made, &lost, sizeof made);
    assert_int_equal(open_keys(f, false), ACTA_OK);
    assert_int_equal(get(f, "behind", &found), ACTA_OK);
    assert_memory_equal(&found, &made, sizeof made);
    assert_int_equal(get(f, "missing", &found), ACTA_NOT_FOUND);
    make(f, "more");
    assert_int_equal(open_keys(f, false), ACTA_OK);
    assert_int_equal(get(f, "behind", &found), ACTA_OK);
    assert_memory_equal(&found, &made, sizeof made);
}

static void
damage_is_told_and_newer_formats_are_refused(void **state)
{
    fixture *f = *state;
    acta_key key;
    uint8_t format = 2;

    assert_int_equal(open_keys(f, false), ACTA_OK);
    make(f, "first");
    make(f, "second");
    flip_at(f, ENTRY + 70); /* while it is open */
    assert_int_equal(get(f, "first", &key), ACTA_CORRUPT);
    assert_int_equal(get(f, "second", &key), ACTA_OK);
    assert_int_equal(open_keys(f, false), ACTA_CORRUPT);
    assert_non_null(strstr(f->error.text, "entry 1 of the keys in"));
    write_at(f, 8, &format, 1);
    assert_int_equal(open_keys(f, false), ACTA_UNSUPPORTED);
    write_at(f, 0, "X", 1);
    assert_int_equal(open_keys(f, false), ACTA_CORRUPT);
}

/* Beside a program that writes: what it adds and destroys is seen at once, and nothing can be changed. */
static void
a_second_reader_sees_what_the_writer_does(void **state)
{
    fixture *f = *state;
    acta_key_file *beside;
    acta_key mine, seen;

    assert_int_equal(open_keys(f, true), ACTA_NOT_FOUND);
    assert_int_equal(open_keys(f, false), ACTA_OK);
    make(f, "ida");
    assert_int_equal(acta_key_file_open(&(acta_key_file_config){ .path = f->path }, &beside, &f->error), ACTA_IN_USE);
    assert_int_equal(
        acta_key_file_open(&(acta_key_file_config){ .path = f->path, .read_only = true }, &beside, &f->error), ACTA_OK);
    acta_key_service keys = acta_key_file_service(beside);
    mine = make(f, "per");
    assert_int_equal(keys.get(keys.user, acta_str_of("per"), &seen, &f->error), ACTA_OK);
    assert_memory_equal(&mine, &seen, sizeof mine);
    assert_int_equal(f->keys.destroy(f->keys.user, acta_str_of("per"), &f->error), ACTA_OK);
    assert_int_equal(keys.get(keys.user, acta_str_of("per"), &seen, &f->error), ACTA_DELETED);
    assert_int_equal(keys.get_or_make(keys.user, acta_str_of("kari"), &seen, &f->error), ACTA_READ_ONLY);
    assert_int_equal(keys.destroy(keys.user, acta_str_of("ida"), &f->error), ACTA_READ_ONLY);
    assert_int_equal(get(f, "ida", &seen), ACTA_OK);
    acta_key_file_close(beside);
}

#define keys(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        keys(keys_stay_over_restarts_and_differ),
        keys(a_destroyed_key_never_comes_back),
        keys(an_entry_that_was_never_finished_is_none),
        keys(an_entry_behind_a_missing_one_is_none),
        keys(damage_is_told_and_newer_formats_are_refused),
        keys(a_second_reader_sees_what_the_writer_does),
    };

    return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
