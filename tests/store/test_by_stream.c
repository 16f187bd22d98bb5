/*
 * Events that are kept by stream, too: what is read is the same with copies and without, forward and backward, after a crash,
 * scrubbed, restored and repaired; no copy outlives its event. Damage: test_by_stream_damage.c.
 *
 * The index takes up what lies in memory when a store is closed, or opened after a crash, so that is what makes copies here;
 * one test has a memory so small that batches do.
 */
#include <dirent.h>
#include <unistd.h>

#include "kept_fixture.h"

static const char *const none[] = { NULL };

/* What is kept by stream reads as before, in memory and out of it, and other streams have no copies. */
static void
a_kept_stream_reads_as_any_other(void **state)
{
    fixture *f = FIXTURE(state);

    open_kept(f, kept);
    append_turns(f, 1, KEPT_EVENTS);
    expect_all(f, KEPT_EVENTS); /* hardly anything is copied yet */
    reopen(f);
    assert_int_equal(copies_of(f), 3 * KEPT_EVENTS);
    expect_all(f, KEPT_EVENTS);
    append_turns(f, KEPT_EVENTS + 1, KEPT_EVENTS + 50); /* copies, and then what isn't copied yet */
    expect_all(f, KEPT_EVENTS + 50);
    reopen(f);
    assert_int_equal(copies_of(f), 3 * (KEPT_EVENTS + 50));
    expect_all(f, KEPT_EVENTS + 50);
}

/* The list is remembered; another one, or none, holds from then on, and what was copied stays. */
static void
the_list_is_remembered_until_another_is_given(void **state)
{
    fixture *f = FIXTURE(state);

    open_kept(f, NULL);
    append_turns(f, 1, 20);
    close_store(f);
    open_kept(f, kept);
    assert_int_equal(copies_of(f), 0);
    append_turns(f, 21, 40);
    close_store(f);
    open_kept(f, NULL);
    assert_int_equal(copies_of(f), 3 * 20);
    append_turns(f, 41, 60);
    close_store(f);
    open_kept(f, none);
    assert_int_equal(copies_of(f), 3 * 40);
    append_turns(f, 61, 80);
    reopen(f);
    assert_int_equal(copies_of(f), 3 * 40);
    expect_all(f, 80);
    close_store(f);
    open_kept(f, NULL);
    assert_int_equal(copies_of(f), 3 * 40);
    append_turns(f, 81, 90);
    reopen(f);
    assert_int_equal(copies_of(f), 3 * 40);
    expect_all(f, 90);
}

static uint64_t
copy_some(fixture *f, uint64_t count_max)
{
    uint64_t count;
    if (acta_store_copy_by_stream(f->store, count_max, &count, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    return count;
}

/* Events of before their category was named get copies on request, some at a time, and those of one that isn't any more lose
 * them; a crash in between costs none. */
static void
events_from_before_the_list_get_copies_on_request(void **state)
{
    static const char *const other[] = { "Plain", NULL };
    fixture *f = FIXTURE(state);

    f->config.manual = f->memory; /* so that it can crash */
    open_kept(f, NULL);
    append_turns(f, 1, KEPT_EVENTS);
    assert_int_equal(copy_some(f, 0), 0); /* there is no list */
    reopen(f);
    close_store(f);
    open_kept(f, kept);
    append_turns(f, KEPT_EVENTS + 1, KEPT_EVENTS + 20);
    assert_in_range(copies_of(f), 0, 3 * 20); /* of the newest ones */
    assert_in_range(copy_some(f, 100), 100, 164);
    uint64_t first = copies_of(f);
    assert_in_range(first, 100, 164 + 3 * 20);
    crash_store(f);
    open_store_ok(f);
    assert_in_range(copies_of(f), first, first + 60); /* and what lay in memory alone */
    while (copy_some(f, 500) > 0)
        expect_sound(f);
    reopen(f);
    assert_int_equal(copies_of(f), 3 * (KEPT_EVENTS + 20));
    expect_all(f, KEPT_EVENTS + 20);
    assert_int_equal(copy_some(f, 0), 0);

    close_store(f);
    open_kept(f, other);
    assert_int_equal(copy_some(f, 0), 4 * (KEPT_EVENTS + 20));
    assert_int_equal(copies_of(f), KEPT_EVENTS + 20);
    expect_all(f, KEPT_EVENTS + 20);
    close_store(f);
    open_kept(f, none);
    assert_int_equal(copy_some(f, 0), KEPT_EVENTS + 20);
    assert_int_equal(copies_of(f), 0);
    expect_all(f, KEPT_EVENTS + 20);
}

/* Removed events get none, whenever they were removed. */
static void
removed_events_get_no_copies_on_request(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t count;

    open_kept(f, NULL);
    append_turns(f, 1, KEPT_EVENTS);
    close_store(f);
    open_kept(f, kept);
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_delete_stream(t, acta_str_of(kept_streams[0]), KEPT_EVENTS, ACTA_DELETE_HARD);
    acta_transaction_limit_stream(t, acta_str_of(kept_streams[2]), &(acta_stream_limits){ .count_max = 64 });
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    copy_some(f, 0);
    assert_int_equal(copies_of(f), 3 * KEPT_EVENTS);
    assert_int_equal(ACTA_OK, acta_store_scrub(f->store, 0, &count, &f->error));
    uint64_t left = copies_of(f);
    assert_in_range(left, KEPT_EVENTS, KEPT_EVENTS + 64);
    assert_int_equal(copy_some(f, 0), 0);
    assert_int_equal(copies_of(f), left);
    expect_stream(f, kept_streams[3], 1, KEPT_EVENTS);
    expect_stream(f, kept_streams[2], KEPT_EVENTS - 63, KEPT_EVENTS);
}

static void
what_is_no_category_is_refused(void **state)
{
    fixture *f = FIXTURE(state);
    const char *const dashed[] = { "Fine", "Kept-a", NULL }, *const empty[] = { "", NULL };

    f->config.keep_by_stream = dashed;
    assert_int_equal(ACTA_INVALID, open_store(f));
    assert_string_equal(f->error.text, "'Kept-a' is no category: it has a '-'");
    f->config.keep_by_stream = empty;
    assert_int_equal(ACTA_INVALID, open_store(f));
    open_kept(f, kept); /* it can be made all the same */
    append_turns(f, 1, 2);
    close_store(f);
    f->config.keep_by_stream = dashed;
    assert_int_equal(ACTA_INVALID, open_store(f));
    open_kept(f, NULL);
    expect_all(f, 2);
}

/* Opening after a crash copies what the index lacked; what was lost is lost, copies or not. */
static void
a_crash_leaves_streams_and_copies_as_the_log(void **state)
{
    fixture *f = FIXTURE(state);

    f->config.manual = true;
    open_kept(f, kept);
    for (uint64_t round = 0; round < 6; round++) {
        append_turns(f, 25 * round + 1, 25 * round + 25);
        crash_store(f);
        open_store_ok(f);
        assert_int_equal(copies_of(f), 3 * 25 * (round + 1));
        expect_all(f, 25 * (round + 1));
    }
}

/* Batches write entries with copies while others read. */
static void
batches_write_copies_as_the_index_is_written(void **state)
{
    fixture *f = FIXTURE(state);
    char stream[32];

    f->config.memory_bytes = 1 << 20; /* a generation of the index has some thousands of events */
    open_kept(f, kept);
    for (uint64_t version = 1; version <= 40; version++) {
        for (int i = 0; i < 250; i++) {
            snprintf(stream, sizeof stream, "%s-%d", i % 2 == 0 ? "Kept" : "Plain", i);
            acta_transaction *t = acta_transaction_create(f->store);
            char payload[128];
            kept_payload(payload, sizeof payload, stream, version);
            acta_event event = event_of("test.Happened", payload);
            acta_transaction_append(t, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
            assert_int_equal(ACTA_OK, acta_store_submit(f->store, t, NULL, NULL, &f->error));
        }
        append_ok(f, "Plain-mark", "x"); /* behind them */
    }
    assert_true(copies_of(f) > 0);
    for (int i = 0; i < 250; i += 12) {
        snprintf(stream, sizeof stream, "%s-%d", i % 2 == 0 ? "Kept" : "Plain", i);
        assert_int_equal(count_stream(f, stream), 40);
    }
    reopen(f);
    assert_int_equal(copies_of(f), 125 * 40);
    assert_int_equal(count_stream(f, "Kept-14"), 40);
}

/* -- removing -- */

/* ES-45, ES-46: what is scrubbed has no copy any more, whatever had been copied by then; the rest keeps its copies. */
static void
a_scrub_takes_copies_with_it(void **state)
{
    fixture *f = FIXTURE(state);

    open_kept(f, kept);
    append_turns(f, 1, 200);
    reopen(f);
    append_turns(f, 201, KEPT_EVENTS); /* these aren't copied yet */
    remove_kept(f);
    assert_int_equal(scrub(f, 100), 100);
    expect_sound(f);
    while (scrub(f, 90) > 0)
        expect_sound(f);
    expect_stream(f, "AlsoKept-c", 1, KEPT_EVENTS);
    expect_stream(f, "Kept-d", KEPT_EVENTS - 69, KEPT_EVENTS);
    reopen(f);
    /* One entry has events of both sides of the limit: at most 64 of the newest 70 lose theirs, too. */
    uint64_t copies = copies_of(f);
    assert_in_range(copies, KEPT_EVENTS + 6, KEPT_EVENTS + 70);
    expect_stream(f, "AlsoKept-c", 1, KEPT_EVENTS);
    expect_stream(f, "Kept-d", KEPT_EVENTS - 69, KEPT_EVENTS);
    assert_int_equal(count_stream(f, "Kept-a"), 0);
}

/* The bytes of a removed event are nowhere in the files once the store was compacted. */
static bool
files_have(const fixture *f, const char *text)
{
    char command[600];

    snprintf(command, sizeof command, "grep -qr --binary-files=text '%s' '%s'", text, f->path);
    return system(command) == 0; /* NOLINT(cert-env33-c): a path of ours */
}

static void
nothing_of_a_removed_copy_stays_in_the_files(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t count;

    open_kept(f, kept);
    append_ok(f, "Kept-a", "qf81-secret-93ax-0123456789abcdef");
    for (uint64_t version = 1; version <= 30; version++)
        append_version(f, "Kept-d", version);
    reopen(f);
    assert_int_equal(copies_of(f), 31);
    assert_true(files_have(f, "qf81-secret-93ax"));
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_delete_stream(t, S("Kept-a"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    while (scrub(f, 0) > 0)
        continue;
    assert_int_equal(ACTA_OK, acta_store_compact(f->store, true, &count, &f->error));
    assert_true(count >= 2); /* the log's range, and that of the copies */
    reopen(f);
    assert_int_equal(ACTA_OK, acta_store_compact(f->store, true, &count, &f->error));
    reopen(f);
    assert_false(files_have(f, "qf81-secret-93ax"));
    expect_stream(f, "Kept-d", 1, 30);
}

/* -- other stores -- */

static void
join(char *room, const fixture *f, const char *name)
{
    snprintf(room, 300, "%s.%s", f->path, name);
}

static uint64_t
copies_at(fixture *f, const char *path)
{
    const acta_store_config config = { .path = path, .must_exist = true, .manual = true };
    acta_verify_report report;
    acta_store *store, *was = f->store;

    assert_int_equal(ACTA_OK, acta_store_open(&config, &store, &f->error));
    if (acta_store_verify(store, NULL, NULL, &report, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    f->store = store;
    expect_stream(f, "Kept-d", 1, 60);
    f->store = was;
    acta_store_close(store);
    return report.copies;
}

/* The list of files is cut short. */
static void
damage_manifest(const char *path)
{
    char file[600];
    DIR *directory = opendir(path);

    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strncmp(entry->d_name, "MANIFEST-", 9) != 0) continue;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        assert_int_equal(0, truncate(file, 20));
    }
    closedir(directory);
}

/* A backup has them; what is made again from a log makes them again. */
static void
copies_come_through_backup_restore_and_repair(void **state)
{
    fixture *f = FIXTURE(state);
    char backup[300], restored[300], repaired[300];

    open_kept(f, kept);
    append_turns(f, 1, 60);
    reopen(f);
    join(backup, f, "backup");
    join(restored, f, "restored");
    join(repaired, f, "repaired");
    assert_int_equal(ACTA_OK, acta_store_backup(f->store, backup, NULL, &f->error));
    append_turns(f, 61, 70);
    close_store(f);
    assert_int_equal(copies_at(f, backup), 3 * 60);

    const acta_restore_config restore = { .backup = backup, .path = restored, .to_position = 4 * 60 - 1 };
    acta_restore_report report;
    if (acta_restore(&restore, &report, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    const acta_store_config config = { .path = restored, .must_exist = true, .manual = true };
    assert_int_equal(ACTA_OK, acta_store_open(&config, &f->store, &f->error));
    assert_int_equal(copies_of(f), 3 * 60 - 1);
    expect_stream(f, "Kept-a", 1, 60);
    expect_stream(f, "Kept-d", 1, 59);
    close_store(f);

    damage_manifest(backup);
    const acta_repair_config repair = { .path = backup, .target = repaired, .who = "test", .why = "to see" };
    acta_repair_report repair_report;
    if (acta_repair(&repair, &repair_report, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    assert_int_equal(copies_at(f, repaired), 3 * 60);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_no_store(a_kept_stream_reads_as_any_other),
        on_no_store(the_list_is_remembered_until_another_is_given),
        on_no_store(events_from_before_the_list_get_copies_on_request),
        on_no_store(removed_events_get_no_copies_on_request),
        on_no_store(what_is_no_category_is_refused),
        on_no_store(a_crash_leaves_streams_and_copies_as_the_log),
        on_no_store(batches_write_copies_as_the_index_is_written),
        on_no_store(a_scrub_takes_copies_with_it),
    };
    const struct CMUnitTest of_files[] = {
        on_no_store(nothing_of_a_removed_copy_stays_in_the_files),
        on_no_store(copies_come_through_backup_restore_and_repair),
    };
    return run_on_engines("by stream", tests) + run_on_rocksdb("by stream, files", of_files);
}
