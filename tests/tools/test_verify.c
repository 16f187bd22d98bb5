/*
 * acta verify: a sound store is sound, in use or not; each kind of damage is found, told by its place, and nothing else is
 * told. Damage is done to copies of the golden store, with RocksDB's own checksums right.
 *
 *     tools-verify ACTA GOLDEN    GOLDEN is the store of format 1; that of format 2 is GOLDEN-2
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <rocksdb/c.h>

#include "acta/crc.h"
#include "acta/store.h"

#include "scratch.h"

static const char *acta_path, *golden_path;

/* -- a copy of the golden store, and the command's output -- */

typedef struct fixture {
    char directory[SCRATCH_PATH_MAX], path[SCRATCH_PATH_MAX + 8];
    char output[16384];
    int status;
} fixture;

static void
copy_file(const char *from, const char *to)
{
    char bytes[65536];
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    size_t size;

    assert_non_null(in);
    assert_non_null(out);
    while ((size = fread(bytes, 1, sizeof bytes, in)) > 0)
        assert_int_equal(size, fwrite(bytes, 1, size, out));
    fclose(in);
    assert_int_equal(0, fclose(out));
}

static int
set_up_copy(void **state, const char *golden)
{
    fixture *f = calloc(1, sizeof *f);
    DIR *directory = opendir(golden);
    struct dirent *entry;

    assert_true(scratch_make(f->directory, "/tmp", "verify"));
    snprintf(f->path, sizeof f->path, "%s/data", f->directory);
    assert_int_equal(0, mkdir(f->path, 0777));
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        char from[600], to[400];
        if (entry->d_name[0] == '.') continue;
        snprintf(from, sizeof from, "%s/%s", golden, entry->d_name);
        snprintf(to, sizeof to, "%s/%s", f->path, entry->d_name);
        copy_file(from, to);
    }
    closedir(directory);
    *state = f;
    return 0;
}

static int
set_up(void **state)
{
    return set_up_copy(state, golden_path);
}

static int
set_up_pages(void **state)
{
    char golden[512];
    snprintf(golden, sizeof golden, "%s-2", golden_path);
    return set_up_copy(state, golden);
}

static int
remove_one(const char *path, const struct stat *found, int kind, struct FTW *where)
{
    (void)found;
    (void)kind;
    (void)where;
    return remove(path);
}

static int
tear_down(void **state)
{
    fixture *f = *state;

    nftw(f->directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(f);
    return 0;
}

/* Run the command; both its outputs go to f->output. */
static void
run(fixture *f, const char *arguments)
{
    char line[512];
    snprintf(line, sizeof line, "'%s' %s 2>&1", acta_path, arguments);
    FILE *pipe = popen(line, "r");

    assert_non_null(pipe);
    size_t size = fread(f->output, 1, sizeof f->output - 1, pipe);
    f->output[size] = '\0';
    int status = pclose(pipe);
    assert_true(WIFEXITED(status));
    f->status = WEXITSTATUS(status);
}

static void
run_verify(fixture *f)
{
    char arguments[128];
    snprintf(arguments, sizeof arguments, "verify %s", f->path);
    run(f, arguments);
}

static void
expect_output(fixture *f, const char *text)
{
    if (strstr(f->output, text) == NULL) fail_msg("'%s' is not in:\n%s", text, f->output);
}

static size_t
count_damage(const fixture *f)
{
    size_t count = 0;
    for (const char *at = f->output; (at = strstr(at, "damage: ")) != NULL; at++)
        count++;
    return count;
}

/* Damage was found, of `count` pieces, `text` being one of them. */
static void
expect_damage(fixture *f, size_t count, const char *text)
{
    run_verify(f);
    expect_output(f, text);
    if (count_damage(f) != count)
        fail_msg("%zu pieces of damage, expected %zu:\n%s", count_damage(f), count, f->output);
    expect_output(f, "verdict      DAMAGED");
    assert_int_equal(f->status, 1);
}

/* -- changing a store behind its back -- */

enum { FAMILIES = 6, META = 0, LOG, INDEX, STREAMS, TYPES, TABLES };
static const char *const family_names[FAMILIES] = { "default", "log", "index", "streams", "types", "tables" };

typedef struct raw_store {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_writeoptions_t *write_options;
    rocksdb_readoptions_t *read_options;
    rocksdb_column_family_handle_t *families[FAMILIES];
} raw_store;

static raw_store
raw_open(fixture *f)
{
    raw_store raw = { .options = rocksdb_options_create(),
        .write_options = rocksdb_writeoptions_create(),
        .read_options = rocksdb_readoptions_create() };
    const rocksdb_options_t *options[FAMILIES];
    char *said = NULL;

    for (int i = 0; i < FAMILIES; i++)
        options[i] = raw.options;
    raw.db = rocksdb_open_column_families(raw.options, f->path, FAMILIES, family_names, options, raw.families, &said);
    if (said != NULL) fail_msg("%s", said);
    return raw;
}

static void
raw_close(raw_store *raw)
{
    for (int i = 0; i < FAMILIES; i++)
        rocksdb_column_family_handle_destroy(raw->families[i]);
    rocksdb_close(raw->db);
    rocksdb_options_destroy(raw->options);
    rocksdb_writeoptions_destroy(raw->write_options);
    rocksdb_readoptions_destroy(raw->read_options);
}

static void
put(fixture *f, int family, const void *key, size_t key_size, const void *value, size_t size)
{
    raw_store raw = raw_open(f);
    char *said = NULL;

    rocksdb_put_cf(raw.db, raw.write_options, raw.families[family], key, key_size, value, size, &said);
    assert_null(said);
    raw_close(&raw);
}

static void
remove_key(fixture *f, int family, const void *key, size_t key_size)
{
    raw_store raw = raw_open(f);
    char *said = NULL;

    rocksdb_delete_cf(raw.db, raw.write_options, raw.families[family], key, key_size, &said);
    assert_null(said);
    raw_close(&raw);
}

/* Flip a bit of a stored value; with `repair` the sums of a record are made right again. */
static void
flip(fixture *f, int family, const void *key, size_t key_size, size_t at, bool repair)
{
    raw_store raw = raw_open(f);
    char *said = NULL;
    size_t size;
    char *value = rocksdb_get_cf(raw.db, raw.read_options, raw.families[family], key, key_size, &size, &said);
    uint8_t *bytes = (uint8_t *)value;

    assert_non_null(value);
    assert_true(at < size);
    bytes[at] ^= 1;
    if (repair) { /* all of golden's records that are changed so store no names */
        uint32_t crc = acta_crc32c(0, bytes + 152, size - 152);
        memcpy(bytes + 4, &crc, 4);
        crc = acta_crc32c(0, bytes + 4, 148);
        memcpy(bytes, &crc, 4);
    }
    rocksdb_put_cf(raw.db, raw.write_options, raw.families[family], key, key_size, value, size, &said);
    assert_null(said);
    rocksdb_free(value);
    raw_close(&raw);
}

#define LOG_KEY(position)          "\0\0\0\0\0\0\0" position, 8
#define INDEX_KEY(stream, version) "\0\0\0\0\0\0\0" stream "\0\0\0\0\0\0\0" version, 16
#define INDEX_END                  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16

/* -- the cases -- */

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

/* Put other bytes into the page of four events at position 1; its sums are made right again, of the front alone. */
static void
change_page(fixture *f, size_t at, const void *bytes, size_t count)
{
    raw_store raw = raw_open(f);
    char *said = NULL;
    size_t size;
    char *value = rocksdb_get_cf(raw.db, raw.read_options, raw.families[LOG], LOG_KEY("\1"), &size, &said);

    assert_non_null(value);
    assert_true(at + count <= size);
    memcpy(value + at, bytes, count);
    uint32_t crc = acta_crc32c(0, value + 4, 64 + 2 * 12 + 4 * 2 - 4);
    memcpy(value, &crc, 4);
    rocksdb_put_cf(raw.db, raw.write_options, raw.families[LOG], LOG_KEY("\1"), value, size, &said);
    assert_null(said);
    rocksdb_free(value);
    raw_close(&raw);
}

static void
a_store_of_pages_is_sound_and_shows_its_chain(void **state)
{
    fixture *f = *state;

    run_verify(f);
    assert_int_equal(f->status, 0);
    expect_output(f, "events       8, of which 2 stubs; 96 bytes of payload\n");
    expect_output(f, "index        8 events in 5 entries\n");
    expect_output(f, "\nchain        ");
    expect_output(f, "verdict      sound\n");
}

static void
damage_in_pages_is_found(void **state)
{
    fixture *f = *state;
    static const struct {
        size_t at;
        const char *text;
    } cases[] = {
        { 0, "damage: position 1: the checksum of its page's front" },
        { 4, "damage: position 1: a page of " },
        { 8, "damage: position 1: format 3, this program knows 1 and 2" },
        { 40, "damage: position 1: the checksum of its page's front" },
        { 100, "damage: position 1: its checksum" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flip(f, LOG, LOG_KEY("\1"), cases[i].at, false);
        run_verify(f);
        expect_output(f, cases[i].text);
        assert_int_equal(f->status, 1);
        flip(f, LOG, LOG_KEY("\1"), cases[i].at, false);
    }
    change_page(f, 32, "another value of the chain ", 27);
    run_verify(f);
    expect_output(f, "damage: positions 1 to 4: the chain is broken");
    expect_output(f, "damage: positions 5 to 7: the chain is broken");
    assert_int_equal(count_damage(f), 2);
}

/* What a forger would do who knows every checksum: the chain alone tells. */
static void
a_forged_time_is_found_by_the_chain(void **state)
{
    fixture *f = *state;

    change_page(f, 24, "\1", 1);
    expect_damage(f, 1, "damage: positions 1 to 4: the chain is broken");
}

static void
an_index_of_pages_out_of_line_is_found(void **state)
{
    fixture *f = *state;

    put(f, INDEX, INDEX_KEY("\1", "\4"), "\2\5\2\1", 4);
    expect_damage(f, 1, "position 6: the index has another position for version 4 of stream id 1");
    put(f, INDEX, INDEX_KEY("\1", "\4"), "\2\5", 2);
    run_verify(f);
    expect_output(f, "position 6: the index has nothing for version 4 of stream id 1");
    expect_output(f, "damage: index: an entry of 16 and 2 bytes");
    assert_int_equal(f->status, 1);
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
    if (argc != 3) {
        fprintf(stderr, "usage: %s ACTA GOLDEN\n", argv[0]);
        return 2;
    }
    acta_path = argv[1];
    golden_path = argv[2];
#define on_copy(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
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
        cmocka_unit_test_setup_teardown(a_store_of_pages_is_sound_and_shows_its_chain, set_up_pages, tear_down),
        cmocka_unit_test_setup_teardown(damage_in_pages_is_found, set_up_pages, tear_down),
        cmocka_unit_test_setup_teardown(a_forged_time_is_found_by_the_chain, set_up_pages, tear_down),
        cmocka_unit_test_setup_teardown(an_index_of_pages_out_of_line_is_found, set_up_pages, tear_down),
        on_copy(wrong_usage_is_told_with_status_2),
    };
    return cmocka_run_group_tests_name("acta verify", tests, NULL, NULL);
}
