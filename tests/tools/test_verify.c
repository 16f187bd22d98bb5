/*
 * acta verify: a sound store is sound, in use or not; each kind of damage is found, told by its place, and nothing else is
 * told. Damage is done to copies of the golden store, with RocksDB's own checksums right. Pages: test_verify_pages.c.
 *
 *     tools-verify ACTA GOLDEN    GOLDEN is the store of format 1
 */
#include "verify_fixture.h"

#include <fcntl.h>
#include <unistd.h>

#include "acta/crc.h"

static void
a_sound_store_is_sound_and_counted(void **state)
{
    fixture *f = *state;

    run_verify(f);
    assert_int_equal(f->status, 0);
    assert_int_equal(count_damage(f), 0);
    expect_output(f, "events       5, of which 0 stubs; 40 bytes of payload\n");
    expect_output(f, "streams      3, of 3 types of events\n");
    expect_output(f, "index        5 events in 5 entries\n");
    expect_output(f, "rows         5 in 4 tables; 2 outcomes, 1 snapshots, 1 checkpoints\n");
    expect_output(f, "mark         position 5, batch 8; 2 of 2 slots sound\n");
    expect_output(f, "verdict      sound\n");
    for (const char *line = f->output, *end; (end = strchr(line, '\n')) != NULL; line = end + 1)
        assert_true(end - line <= 80 || strncmp(line, "store", 5) == 0);
}

/* Streams that were deleted, written afresh and limited; before and after what is behind them became stubs. */
static void
change_streams(fixture *f, bool scrub)
{
    const acta_store_config config = { .path = f->path };
    const acta_str tags[] = { acta_str_of("tag"), acta_str_of("ta") };
    const acta_event event = {
        .type = acta_str_of("test.New"), .payload = acta_bytes_from("new", 3), .tags = tags, .tag_count = 2
    };
    acta_error error;
    acta_store *store;
    uint64_t count;

    assert_int_equal(ACTA_OK, acta_store_open(&config, &store, &error));
    acta_transaction *t = acta_transaction_create(store);
    for (int i = 0; i < 5; i++)
        acta_transaction_append(t, acta_str_of("limited"), ACTA_ANY_VERSION, &event, 1);
    acta_transaction_append(t, acta_str_of("gone"), ACTA_ANY_VERSION, &event, 1);
    acta_transaction_append(t, acta_str_of("soft"), ACTA_ANY_VERSION, &event, 1);
    assert_int_equal(ACTA_OK, acta_store_commit(store, t, NULL, &error));
    t = acta_transaction_create(store);
    acta_transaction_limit_stream(t, acta_str_of("limited"), &(acta_stream_limits){ .count_max = 2 });
    acta_transaction_delete_stream(t, acta_str_of("gone"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    acta_transaction_delete_stream(t, acta_str_of("soft"), ACTA_ANY_VERSION, ACTA_DELETE_SOFT);
    acta_transaction_append(t, acta_str_of("gone"), ACTA_ANY_VERSION, &event, 1);
    assert_int_equal(ACTA_OK, acta_store_commit(store, t, NULL, &error));
    if (scrub) {
        assert_int_equal(ACTA_OK, acta_store_scrub(store, 0, &count, &error));
        assert_int_equal(count, 4);
    }
    acta_store_close(store);
}

static void
removed_events_and_streams_are_sound(void **state)
{
    fixture *f = *state;

    change_streams(f, false);
    run_verify(f);
    expect_output(f, "of which 0 stubs");
    expect_output(f, "verdict      sound\n");
    put(f, STREAMS, "l\0\0\0\0\0\0\0\4", 9, "damaged", 7);
    expect_damage(f, 1, "damage: streams: a row 'l' of 9 and 7 bytes is damaged\n");
}

static void
tags_out_of_line_are_found_both_ways(void **state)
{
    fixture *f = *state;

    change_streams(f, true);
    remove_key(f, TABLES, "tags\0tag\0\0\0\0\0\0\0\0\11", 17); /* of position 9: the fourth of the limited ones */
    expect_damage(f, 1, "damage: position 9: its tag 'tag' has no row\n");
    put(f, TABLES, "tags\0tag\0\0\0\0\0\0\0\0\11", 17, "", 0);
    put(f, TABLES, "tags\0other\0\0\0\0\0\0\0\0\5", 19, "", 0);
    expect_damage(f, 1, "damage: tags: 9 rows for 8 tags of events\n");
    put(f, TABLES, "tags\0other\0\0\0\0\0\0\0\1\5", 19, "", 0);
    expect_damage(f, 2, "damage: tags: 'other' leads to position 261, which the log does not have\n");
}

static void
stubs_are_sound_and_a_name_of_the_dead_is_found(void **state)
{
    fixture *f = *state;

    change_streams(f, true);
    run_verify(f);
    expect_output(f, "of which 4 stubs");
    expect_output(f, "verdict      sound\n");
    put(f, STREAMS, "ngone", 5, "\0\0\0\0\0\0\0\5", 8);
    expect_damage(f, 2, "damage: stream 'gone': its name leads to id 5, which was deleted for good\n");
}

/* A store in use: what is in it at this moment is verified, and its user isn't disturbed. */
static void
a_store_in_use_can_be_verified(void **state)
{
    fixture *f = *state;
    acta_store_config config = { .path = f->path };
    acta_store *store;
    acta_error error;

    if (acta_store_open(&config, &store, &error) != ACTA_OK) fail_msg("%s", error.text);
    for (int i = 0; i < 20; i++) {
        acta_event event = { .type = acta_str_of("bank.New") };
        acta_transaction *t = acta_transaction_create(store);
        acta_transaction_append(t, acta_str_of("New-1"), ACTA_ANY_VERSION, &event, 1);
        assert_int_equal(ACTA_OK, acta_store_commit(store, t, NULL, &error));
        if (i % 10 != 9) continue;
        run_verify(f);
        assert_int_equal(f->status, 0);
        expect_output(f, i == 9 ? "events       15," : "events       25,");
    }
    acta_store_close(store);
    run_verify(f);
    expect_output(f, "events       25,");
    assert_int_equal(f->status, 0);
}

static void
damage_in_the_log_is_found_by_position(void **state)
{
    fixture *f = *state;
    static const struct {
        size_t at;
        bool repair;
        const char *text;
    } cases[] = {
        { 40, false, "damage: position 4: the checksum of its header" },
        { 155, false, "damage: position 4: the checksum of its payload" },
        { 155, true, "damage: position 4: the digest of its payload" },
        { 8, false, "damage: position 4: no record of format 1" },
        { 140, false, "damage: position 4: 164 bytes, its header says 165" },
        { 16, true, "damage: position 4: its header says 5" },
        { 32, true, "damage: position 4: version 2 of stream id 1, which was at 2" },
        { 52, true, "damage: position 5: it was recorded before the one ahead of it" },
        { 13, true, "damage: position 4: type id 258 comes before 3" },
        { 25, true, "damage: position 4: stream id 257 comes before 3" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flip(f, LOG, LOG_KEY("\4"), cases[i].at, cases[i].repair);
        run_verify(f);
        expect_output(f, cases[i].text);
        assert_int_equal(f->status, 1);
        flip(f, LOG, LOG_KEY("\4"), cases[i].at, cases[i].repair);
    }
    run_verify(f);
    assert_int_equal(f->status, 0);
}

static void
a_missing_event_is_found(void **state)
{
    fixture *f = *state;

    remove_key(f, LOG, LOG_KEY("\2"));
    run_verify(f);
    expect_output(f, "damage: position 2 is missing");
    expect_output(f, "damage: position 4: version 3 of stream id 1, which was at 1");
    assert_int_equal(f->status, 1);
}

static void
an_end_before_the_mark_is_found(void **state)
{
    fixture *f = *state;

    remove_key(f, LOG, LOG_KEY("\5"));
    run_verify(f);
    expect_output(f, "damage: the log ends at position 4, it was durable up to 5");
    expect_output(f, "damage: the log ends at position 4, it was verified up to 5");
    expect_output(f, "damage: the log ends at position 4, the last batch at 5");
    expect_output(f, "which the log does not have");
    assert_int_equal(f->status, 1);
}

static void
an_index_out_of_line_is_found_both_ways(void **state)
{
    fixture *f = *state;

    remove_key(f, INDEX, INDEX_KEY("\1", "\2"));
    expect_damage(f, 2, "position 2: the index has nothing for version 2 of stream id 1");
    expect_output(f, "damage: index: version 2 of stream id 1 is missing");
    put(f, INDEX, INDEX_KEY("\1", "\2"), LOG_KEY("\3"));
    expect_damage(f, 1, "position 2: the index has another position for version 2 of stream id 1");
    put(f, INDEX, INDEX_KEY("\1", "\2"), LOG_KEY("\2"));
    put(f, INDEX, INDEX_KEY("\2", "\2"), LOG_KEY("\6"));
    expect_damage(f, 2, "index: version 2 of stream id 2 is at position 6, which the log does not have");
    expect_output(f, "damage: index: 6 events, the log has 5");
    remove_key(f, INDEX, INDEX_KEY("\2", "\2"));
    put(f, INDEX, INDEX_END, LOG_KEY("\4"));
    expect_damage(f, 1, "index: it says that it ends at position 4, all was verified up to 5");
    put(f, INDEX, INDEX_END, LOG_KEY("\6"));
    expect_damage(f, 1, "index: it says that it ends at position 6, the log ends at 5");
}

static void
names_out_of_line_are_found(void **state)
{
    fixture *f = *state;

    put(f, STREAMS, "i\0\0\0\0\0\0\0\1", 9, "Account-mallory", 15);
    expect_damage(f, 1, "stream id 1: its name 'Account-mallory' is not the log's");
    put(f, STREAMS, "i\0\0\0\0\0\0\0\1", 9, "Account-alice", 13);
    remove_key(f, STREAMS, "nAccount-alice", 14);
    expect_damage(f, 3, "stream 'Account-alice': its name leads to nothing"); /* its snapshot hangs on it */
    put(f, STREAMS, "nAccount-alice", 14, "\0\0\0\0\0\0\0\2", 8);
    expect_damage(f, 2, "stream 'Account-alice': its name leads to another id");
    put(f, STREAMS, "nAccount-alice", 14, "\0\0\0\0\0\0\0\1", 8);
    put(f, STREAMS, "i\0\0\0\0\0\0\0\7", 9, "ghost", 5);
    expect_damage(f, 2, "stream id 7: it has a name, and nothing in the log");
    remove_key(f, STREAMS, "i\0\0\0\0\0\0\0\7", 9);
    remove_key(f, TYPES, "i\0\0\0\0\0\0\0\2", 9);
    expect_damage(f, 2, "1 of 3 types have no name");
}

static void
damaged_rows_of_the_store_are_found(void **state)
{
    fixture *f = *state;
    uint8_t far[12] = { 9 };
    uint32_t crc = acta_crc32c(0, far, 8);

    flip(f, TABLES, "snapshots\0Account-alice", 23, 33, false);
    expect_damage(f, 1, "snapshots: that of 'Account-alice' is damaged");
    flip(f, TABLES, "snapshots\0Account-alice", 23, 33, false);
    flip(f, TABLES, "checkpoints\0reader", 18, 0, false);
    expect_damage(f, 1, "checkpoints: that of 'reader' is damaged");
    memcpy(far + 8, &crc, 4);
    put(f, TABLES, "checkpoints\0reader", 18, far, sizeof far);
    expect_damage(f, 1, "checkpoints: that of 'reader' is at position 9, which the log does not have");
    remove_key(f, TABLES, "checkpoints\0reader", 18);
    put(f, TABLES, "outcomes\0sixteen bytes id", 25, "short", 5);
    expect_damage(f, 1, "outcomes: row");
    remove_key(f, TABLES, "outcomes\0sixteen bytes id", 25);
    put(f, TABLES, "no table", 8, "x", 1);
    expect_damage(f, 1, "tables: a row of no table (a key of 8 bytes)");
}

static void
damaged_meta_and_marks_are_found(void **state)
{
    fixture *f = *state;
    char mark[128], bytes[8192];

    flip(f, META, "format", 6, 0, false);
    expect_damage(f, 1, "the record of the format is damaged");
    flip(f, META, "format", 6, 0, false);
    remove_key(f, META, "verified", 8);
    expect_damage(f, 2, "the record of the verified point is missing");

    tear_down(state);
    set_up(state);
    f = *state;
    flip(f, META, "b\0\0\0\0\0\0\0\x8", 9, 3, false);
    expect_damage(f, 2, "the record of batch 8 is damaged");
    flip(f, META, "b\0\0\0\0\0\0\0\x8", 9, 3, false);

    snprintf(mark, sizeof mark, "%s/acta.mark", f->path);
    int fd = open(mark, O_RDWR);
    assert_int_equal(sizeof bytes, pread(fd, bytes, sizeof bytes, 0));
    assert_int_equal(1, pwrite(fd, "x", 1, 20));
    run_verify(f);
    expect_output(f, "1 of 2 slots sound");
    assert_int_equal(f->status, 0); /* one is enough */
    assert_int_equal(1, pwrite(fd, "x", 1, 4096 + 20));
    expect_damage(f, 1, "neither of the two marks is sound");
    close(fd);
}

static void
a_sorted_file_that_is_damaged_is_told(void **state)
{
    fixture *f = *state;
    DIR *directory = opendir(f->path);
    struct dirent *entry;

    while ((entry = readdir(directory)) != NULL) {
        char file[400];
        size_t length = strlen(entry->d_name);
        if (length < 4 || strcmp(entry->d_name + length - 4, ".sst") != 0) continue;
        snprintf(file, sizeof file, "%s/%s", f->path, entry->d_name);
        int fd = open(file, O_RDWR);
        char byte;
        assert_int_equal(1, pread(fd, &byte, 1, 10));
        byte ^= 4;
        assert_int_equal(1, pwrite(fd, &byte, 1, 10));
        run_verify(f);
        assert_int_equal(f->status, 1);
        byte ^= 4;
        assert_int_equal(1, pwrite(fd, &byte, 1, 10));
        close(fd);
    }
    closedir(directory);
    run_verify(f);
    assert_int_equal(f->status, 0);
}

static void
wrong_usage_is_told_with_status_2(void **state)
{
    fixture *f = *state;

    run(f, "");
    assert_int_equal(f->status, 2);
    expect_output(f, "which command? One of: verify");
    run(f, "frobnicate x");
    assert_int_equal(f->status, 2);
    expect_output(f, "there is no command 'frobnicate'; the commands are: verify");
    run(f, "verify");
    assert_int_equal(f->status, 2);
    expect_output(f, "verify: which directory?");
    run(f, "verify a b");
    assert_int_equal(f->status, 2);
    expect_output(f, "'b' is one argument too many");
    run(f, "verify --nonsense a");
    assert_int_equal(f->status, 2);
    run(f, "--help");
    assert_int_equal(f->status, 0);
    expect_output(f, "Usage: acta [OPTION...] COMMAND ...");
    run(f, "--version");
    assert_int_equal(f->status, 0);
    run(f, "verify /nowhere");
    assert_int_equal(f->status, 1);
    expect_output(f, "acta: there is no store in '/nowhere': it has no readable file 'acta.mark'");
}

int
main(int argc, char **argv)
{
    if (!verify_begin(argc, argv)) return 2;
    const struct CMUnitTest tests[] = {
        on_copy(a_sound_store_is_sound_and_counted),
        on_copy(removed_events_and_streams_are_sound),
        on_copy(tags_out_of_line_are_found_both_ways),
        on_copy(stubs_are_sound_and_a_name_of_the_dead_is_found),
        on_copy(a_store_in_use_can_be_verified),
        on_copy(damage_in_the_log_is_found_by_position),
        on_copy(a_missing_event_is_found),
        on_copy(an_end_before_the_mark_is_found),
        on_copy(an_index_out_of_line_is_found_both_ways),
        on_copy(names_out_of_line_are_found),
        on_copy(damaged_rows_of_the_store_are_found),
        on_copy(damaged_meta_and_marks_are_found),
        on_copy(a_sorted_file_that_is_damaged_is_told),
        on_copy(wrong_usage_is_told_with_status_2),
    };
    return cmocka_run_group_tests_name("acta verify", tests, NULL, NULL);
}
