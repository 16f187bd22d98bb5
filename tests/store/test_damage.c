/*
 * Damage to the files of a store on RocksDB: bits flipped, pages zeroed, records removed, logs cut and deleted. Cases ES-48
 * to ES-50 of the catalogue; RocksDB alone opens most of these without a word (docs/format.md tells what the store adds).
 *
 *     store -> copy of its files at rest -> one mutation -> open
 *
 * After a mutation a store either is refused as damaged, names where, and has changed nothing, or has everything. Opened
 * with read_only it shows a prefix of what was written, and never anything else. ACTA_DAMAGE_COUNT sets how many places
 * each sweep tries (default 40).
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rocksdb/c.h>

#include "fixture.h"

enum { EVENTS = 40, STREAMS = 4 };

static uint32_t
sweep_count(void)
{
    const char *count = getenv("ACTA_DAMAGE_COUNT");
    return count != NULL ? (uint32_t)strtoul(count, NULL, 10) : 40;
}

static const char *
payload_of(uint64_t position, char *room, size_t size)
{
    snprintf(room, size, "event %" PRIu64 " of the store, with some bytes to hit: 0123456789", position);
    return room;
}

/* Event `position` is version (position - 1) / STREAMS + 1 of stream (position - 1) % STREAMS; with it comes a row. */
static void
write_event(fixture *f, uint64_t position)
{
    char stream[16], payload[128], key[16];
    snprintf(stream, sizeof stream, "stream-%u", (unsigned)((position - 1) % STREAMS));
    snprintf(key, sizeof key, "%02u", (unsigned)position);
    acta_event event = event_of("test.Happened", payload_of(position, payload, sizeof payload));
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_append(t, acta_str_of(stream), (position - 1) / STREAMS, &event, 1);
    acta_transaction_put(t, "rows", acta_str_bytes(acta_str_of(key)), B("row"));
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}

/* The store holds exactly the events 1 … `count`, and all that hangs on them; nothing is damaged. */
static void
expect_prefix(fixture *f, uint64_t count)
{
    acta_read all = { .count_max = 0 };
    acta_cursor *cursor;
    acta_recorded event;

    assert_int_equal(acta_store_head(f->store), count);
    assert_int_equal(count_log(f), count);
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &all, &cursor, &f->error));
    for (uint64_t position = 1; position <= count; position++) {
        char payload[128];
        assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &f->error));
        payload_of(position, payload, sizeof payload);
        assert_int_equal(event.payload.size, strlen(payload));
        assert_memory_equal(event.payload.data, payload, event.payload.size);
        assert_int_equal(event.version, (position - 1) / STREAMS + 1);
    }
    acta_cursor_close(cursor);
    for (unsigned i = 0; i < STREAMS; i++) {
        char stream[16];
        uint64_t versions = (count + STREAMS - 1 - i) / STREAMS;
        snprintf(stream, sizeof stream, "stream-%u", i);
        assert_int_equal(version_of(f, stream), versions);
        assert_int_equal(count_stream(f, stream), versions);
    }
    for (unsigned position = 1; position <= EVENTS; position++) {
        char key[16];
        snprintf(key, sizeof key, "%02u", position);
        assert_int_equal(has_row(f, "rows", key), position <= count);
    }
}

/* Read all that can be read; whatever comes must be what was written. Returns false when an error ended it. */
static bool
reads_nothing_wrong(fixture *f)
{
    acta_read all = { .count_max = 0 };
    acta_cursor *cursor;
    acta_recorded event;
    uint64_t position = 0;
    acta_status status = acta_cursor_open(f->store, &all, &cursor, &f->error);

    if (status != ACTA_OK) return false;
    while ((status = acta_cursor_next(cursor, &event, &f->error)) == ACTA_OK) {
        char payload[128], stream[16];
        assert_int_equal(event.position, ++position);
        payload_of(position, payload, sizeof payload);
        assert_int_equal(event.payload.size, strlen(payload));
        assert_memory_equal(event.payload.data, payload, event.payload.size);
        snprintf(stream, sizeof stream, "stream-%u", (unsigned)((position - 1) % STREAMS));
        assert_true(acta_str_equal(event.stream, acta_str_of(stream)));
    }
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND && position == acta_store_head(f->store);
}

/* -- a store at rest, and copies of it -- */

typedef struct specimen {
    char pristine[300];
    char file[600]; /* in the store: what is mutated */
    uint8_t *bytes; /* of that file */
    size_t size;
} specimen;

/* The files of a store of EVENTS events as they lie on the disk, with all of it still in the write-ahead log. */
static specimen
make_specimen(fixture *f, const char *ending, bool closed)
{
    specimen s;
    char name[256];

    f->config.manual = true;
    open_store_ok(f);
    for (uint64_t position = 1; position <= EVENTS; position++)
        write_event(f, position);
    step_all(f); /* the mark too */
    snprintf(s.pristine, sizeof s.pristine, "%s.pristine", f->path);
    if (closed) close_store(f);
    copy_tree(f->path, s.pristine);
    if (!closed) close_store(f);
    remove_tree(f->path);
    f->config.manual = false;

    char path[600];
    assert_true(find_file(s.pristine, ending, name, sizeof name));
    snprintf(path, sizeof path, "%s/%s", s.pristine, name);
    snprintf(s.file, sizeof s.file, "%s/%s", f->path, name);
    s.bytes = read_file(path, &s.size);
    return s;
}

static void
restore(fixture *f, const specimen *s)
{
    remove_tree(f->path);
    copy_tree(s->pristine, f->path);
}

static void
free_specimen(specimen *s)
{
    free(s->bytes);
}

typedef struct tally {
    uint32_t refused, whole, shorter;
} tally;

/* Open what was mutated, to write: refused, and nothing changed; or everything is there. */
static void
open_mutated(fixture *f, const specimen *s, tally *t)
{
    size_t size;
    acta_status status = open_store(f);

    if (status == ACTA_OK) {
        expect_prefix(f, EVENTS);
        t->whole++;
        close_store(f);
        return;
    }
    if (status != ACTA_CORRUPT && status != ACTA_UNSUPPORTED)
        fail_msg("%s: %s", acta_status_name(status), f->error.text);
    t->refused++;

    uint8_t *before = NULL;
    if (access(s->file, F_OK) == 0) before = read_file(s->file, &size);
    f->config.read_only = true; /* what is before the damage can still be read */
    if (open_store(f) == ACTA_OK) {
        assert_int_equal(ACTA_READ_ONLY, acta_store_health(f->store, &f->error));
        t->shorter += reads_nothing_wrong(f) && acta_store_head(f->store) < EVENTS;
        close_store(f);
    }
    f->config.read_only = false;
    if (before != NULL) {
        size_t size_after;
        uint8_t *after = read_file(s->file, &size_after);
        assert_int_equal(size_after, size);
        assert_memory_equal(after, before, size);
        free(after);
        free(before);
    }
}

/* -- the write-ahead log -- */

/* ES-49: any bit of the log. */
static void
any_bit_flipped_in_the_write_ahead_log_is_found(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t seed = test_seed();
    specimen s = make_specimen(f, ".log", false);
    tally t = { 0 };

    for (uint32_t i = 0; i < sweep_count(); i++) {
        size_t at = next_random(&seed) % s.size;
        uint8_t bit = (uint8_t)(1 << next_random(&seed) % 8);
        restore(f, &s);
        s.bytes[at] ^= bit;
        write_file(s.file, s.bytes, s.size);
        s.bytes[at] ^= bit;
        open_mutated(f, &s, &t);
    }
    assert_int_equal(t.refused, sweep_count());
    free_specimen(&s);
}

/* ES-49: a page of zeros anywhere, and zeros over any number of bytes. */
static void
zeros_in_the_write_ahead_log_are_found(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t seed = test_seed();
    specimen s = make_specimen(f, ".log", false);
    tally t = { 0 };
    uint8_t *bytes = malloc(s.size);

    for (uint32_t i = 0; i < sweep_count(); i++) {
        size_t size = i % 2 == 0 ? 4096 : next_random(&seed) % 600 + 8;
        size_t at = i % 2 == 0 ? next_random(&seed) % (s.size / 4096) * 4096 : next_random(&seed) % (s.size - size);
        if (size > s.size - at) size = s.size - at;
        restore(f, &s);
        memcpy(bytes, s.bytes, s.size);
        memset(bytes + at, 0, size);
        write_file(s.file, bytes, s.size);
        open_mutated(f, &s, &t);
    }
    assert_true(t.refused >= sweep_count() * 9 / 10); /* now and then only zeros were hit */
    free(bytes);
    free_specimen(&s);
}

/* Where the records of RocksDB's log begin: crc 4, size 2, type 1; blocks of 32 KiB, of which the specimen has few. */
static size_t
log_records(const specimen *s, size_t *begins, size_t count_max)
{
    size_t count = 0, at = 0;

    while (at + 7 <= s->size && count < count_max) {
        size_t size = (size_t)s->bytes[at + 4] | (size_t)s->bytes[at + 5] << 8;
        if (32768 - at % 32768 < 7 || (size == 0 && s->bytes[at + 6] == 0)) {
            at = (at / 32768 + 1) * 32768;
            continue;
        }
        begins[count++] = at;
        at += 7 + size;
    }
    begins[count] = at < s->size ? at : s->size;
    return count;
}

/* Open in a process of its own: Debian's RocksDB ends the process (an assertion) when a record comes twice. */
static void
open_mutated_apart(fixture *f, tally *t)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (null >= 0) dup2(null, STDERR_FILENO);
        if (open_store(f) != ACTA_OK) _exit(1);
        expect_prefix(f, EVENTS);
        _exit(0);
    }
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGABRT : WEXITSTATUS(status) <= 1);
    t->whole += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    t->refused += !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ES-49: whole records taken out of the middle, or written twice: every checksum of RocksDB is right then. */
static void
removed_and_repeated_records_are_found(void **state)
{
    fixture *f = FIXTURE(state);
    specimen s = make_specimen(f, ".log", false);
    size_t begins[201];
    size_t count = log_records(&s, begins, 200);
    tally removed = { 0 }, repeated = { 0 };
    uint8_t *bytes = malloc(2 * s.size);

    assert_true(begins[count] <= 32768); /* else records would have to be split anew */
    assert_true(count > EVENTS);
    for (size_t first = 2; first + 1 < count; first += count / 12 + 1) {
        size_t end = first + 1 + first % 5;
        if (end > count) end = count;
        restore(f, &s);
        memcpy(bytes, s.bytes, begins[first]);
        memcpy(bytes + begins[first], s.bytes + begins[end], s.size - begins[end]);
        write_file(s.file, bytes, s.size - (begins[end] - begins[first]));
        open_mutated(f, &s, &removed);

        restore(f, &s);
        memcpy(bytes, s.bytes, begins[end]);
        memcpy(bytes + begins[end], s.bytes + begins[first], s.size - begins[first]);
        write_file(s.file, bytes, s.size + begins[end] - begins[first]);
        open_mutated_apart(f, &repeated);
    }
    assert_int_equal(removed.whole, 0);
    assert_true(removed.refused >= 10);
    assert_true(repeated.refused >= 10);
    free(bytes);
    free_specimen(&s);
}

/* ES-49: the log deleted, or emptied: RocksDB opens an empty store; the mark knows better. */
static void
a_deleted_write_ahead_log_is_found(void **state)
{
    fixture *f = FIXTURE(state);
    specimen s = make_specimen(f, ".log", false);

    for (int empty = 0; empty < 2; empty++) {
        restore(f, &s);
        assert_int_equal(0, unlink(s.file));
        if (empty) write_file(s.file, "", 0);
        assert_int_equal(ACTA_CORRUPT, open_store(f));
    }
    free_specimen(&s);
}

/* A log that ends before the mark: the first missing position is named, and read_only shows what is before it. */
static void
a_log_that_ends_before_the_mark_is_refused_by_position(void **state)
{
    fixture *f = FIXTURE(state);
    specimen s = make_specimen(f, ".log", false);
    size_t begins[201];
    size_t count = log_records(&s, begins, 200);

    restore(f, &s);
    write_file(s.file, s.bytes, begins[count - 3]); /* the last three events */
    assert_int_equal(ACTA_CORRUPT, open_store(f));
    assert_non_null(strstr(f->error.text, "ends at position 37, but it was durable up to 40"));
    assert_non_null(strstr(f->error.text, "the first missing position is 38"));
    f->config.read_only = true;
    open_store_ok(f);
    assert_int_equal(ACTA_READ_ONLY, acta_store_health(f->store, &f->error));
    assert_non_null(strstr(f->error.text, "first missing position is 38"));
    expect_prefix(f, 37);
    free_specimen(&s);
}

/* The newest part of a store may be torn where nothing was acknowledged: with an older mark it opens, whole batches only. */
static void
a_torn_end_behind_the_mark_opens_with_whole_batches(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t seed = test_seed();
    char mark[300];
    size_t mark_size, begins[201], opened = 0;

    /* The mark as it was three batches before the end. */
    f->config.manual = true;
    open_store_ok(f);
    for (uint64_t position = 1; position <= EVENTS - 3; position++)
        write_event(f, position);
    step_all(f);
    snprintf(mark, sizeof mark, "%s/acta.mark", f->path);
    uint8_t *old_mark = read_file(mark, &mark_size);
    for (uint64_t position = EVENTS - 2; position <= EVENTS; position++)
        write_event(f, position);
    specimen s;
    char name[256], path[600];
    snprintf(s.pristine, sizeof s.pristine, "%s.pristine", f->path);
    copy_tree(f->path, s.pristine);
    close_store(f);
    f->config.manual = false;
    assert_true(find_file(s.pristine, ".log", name, sizeof name));
    snprintf(path, sizeof path, "%s/%s", s.pristine, name);
    snprintf(s.file, sizeof s.file, "%s/%s", f->path, name);
    s.bytes = read_file(path, &s.size);
    size_t count = log_records(&s, begins, 200);

    for (uint32_t i = 0; i < sweep_count(); i++) {
        /* At every edge of the last three records and beside it, then anywhere in them. */
        size_t at = i < 12 ? begins[count - i / 3] + i % 3 - 1
                           : begins[count - 3] + next_random(&seed) % (begins[count] - begins[count - 3]);
        uint64_t whole = EVENTS;
        while (begins[count - (EVENTS - whole)] > at)
            whole--;
        if (whole < EVENTS - 3) continue; /* cuts what is before the mark */
        restore(f, &s);
        write_file(mark, old_mark, mark_size);
        write_file(s.file, s.bytes, at);
        open_store_ok(f);
        expect_prefix(f, whole);
        for (uint64_t position = whole + 1; position <= EVENTS; position++)
            write_event(f, position); /* and goes on from there */
        expect_prefix(f, EVENTS);
        close_store(f);
        opened++;
    }
    assert_true(opened >= 10);
    free(old_mark);
    free_specimen(&s);
}

/* -- the sorted files -- */

/* ES-48: any bit of any sorted file: refused, or an error where it lies, or harmless; never a wrong event. */
static void
any_bit_flipped_in_a_sorted_file_gives_no_wrong_event(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t seed = test_seed();
    specimen s = make_specimen(f, ".sst", true);
    uint32_t refused = 0, failed = 0, harmless = 0;

    for (uint32_t i = 0; i < sweep_count(); i++) {
        /* Take one of the files by its number: there is one for each family. */
        char name[256], path[600], pattern[16];
        uint32_t tries = 0;
        do
            snprintf(pattern, sizeof pattern, "%u.sst", (unsigned)(next_random(&seed) % 10));
        while (!find_file(s.pristine, pattern, name, sizeof name) && tries++ < 100);
        snprintf(path, sizeof path, "%s/%s", f->path, name);
        restore(f, &s);
        size_t size;
        uint8_t *bytes = read_file(path, &size);
        bytes[next_random(&seed) % size] ^= (uint8_t)(1 << next_random(&seed) % 8);
        write_file(path, bytes, size);
        free(bytes);

        if (open_store(f) != ACTA_OK) {
            assert_int_equal(ACTA_CORRUPT, f->error.status);
            refused++;
            continue;
        }
        if (reads_nothing_wrong(f))
            harmless++;
        else
            failed++;
        close_store(f);
    }
    print_message("%u refused, %u failed to read, %u harmless\n", refused, failed, harmless);
    assert_true(refused + failed > harmless);
    free_specimen(&s);
}

/* -- damage above RocksDB: what its own checksums can't see -- */

enum { FAMILIES = 6 };
static const char *const family_names[FAMILIES] = { "default", "log", "index", "streams", "types", "tables" };

typedef struct raw_store {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_writeoptions_t *write_options;
    rocksdb_readoptions_t *read_options;
    rocksdb_column_family_handle_t *families[FAMILIES];
} raw_store;

static void
raw_open(raw_store *raw, const char *path)
{
    const rocksdb_options_t *options[FAMILIES];
    char *said = NULL;

    raw->options = rocksdb_options_create();
    raw->write_options = rocksdb_writeoptions_create();
    raw->read_options = rocksdb_readoptions_create();
    for (int i = 0; i < FAMILIES; i++)
        options[i] = raw->options;
    raw->db = rocksdb_open_column_families(raw->options, path, FAMILIES, family_names, options, raw->families, &said);
    if (said != NULL) fail_msg("%s", said);
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

enum { LOG = 1, INDEX = 2, STREAM_NAMES = 3, TYPE_NAMES = 4 };

static void
raw_put(raw_store *raw, int family, const void *key, size_t key_size, const void *value, size_t size)
{
    char *said = NULL;
    rocksdb_put_cf(raw->db, raw->write_options, raw->families[family], key, key_size, value, size, &said);
    assert_null(said);
}

static void
raw_delete(raw_store *raw, int family, const void *key, size_t key_size)
{
    char *said = NULL;
    rocksdb_delete_cf(raw->db, raw->write_options, raw->families[family], key, key_size, &said);
    assert_null(said);
}

static void
big(uint8_t *bytes, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
}

static void
set_index_end(raw_store *raw, uint64_t position)
{
    uint8_t key[16], value[8];

    memset(key, 0xff, sizeof key);
    big(value, position);
    raw_put(raw, INDEX, key, 16, value, 8);
}

static void
fill_and_close(fixture *f)
{
    open_store_ok(f);
    for (uint64_t position = 1; position <= EVENTS; position++)
        write_event(f, position);
    close_store(f);
}

static uint32_t warnings;

static void
count_warnings(void *user, acta_log_level level, acta_str line)
{
    (void)user;
    (void)line;
    warnings += level == ACTA_LOG_WARNING;
}

/* An index that ends before the log, names included: it is made again from the log alone. */
static void
an_index_that_is_behind_is_made_again(void **state)
{
    fixture *f = FIXTURE(state);
    static acta_environment environment = { .log = { .write = count_warnings } };
    raw_store raw;
    uint8_t key[16];

    f->config.environment = &environment;
    for (uint64_t end = 0; end < EVENTS; end += 13) {
        fill_and_close(f);
        raw_open(&raw, f->path);
        for (uint64_t position = end + 1; position <= EVENTS; position++) {
            big(key, (position - 1) % STREAMS + 1);
            big(key + 8, (position - 1) / STREAMS + 1);
            raw_delete(&raw, INDEX, key, 16);
        }
        set_index_end(&raw, end);
        if (end == 0) {
            raw_delete(&raw, STREAM_NAMES, "nstream-2", 9);
            raw_delete(&raw, STREAM_NAMES, "i\0\0\0\0\0\0\0\3", 9);
            raw_delete(&raw, TYPE_NAMES, "ntest.Happened", 14);
            raw_delete(&raw, TYPE_NAMES, "i\0\0\0\0\0\0\0\1", 9);
        }
        raw_close(&raw);
        warnings = 0;
        open_store_ok(f);
        assert_int_equal(warnings, 1);
        expect_prefix(f, EVENTS);
        write_event(f, EVENTS + 1);
        close_store(f);
        open_store_ok(f);
        assert_int_equal(warnings, 1);
        assert_int_equal(count_log(f), EVENTS + 1);
        close_store(f);
        remove_tree(f->path);
    }
}

static void
change(fixture *f, void (*ask)(acta_transaction *t))
{
    acta_transaction *t = acta_transaction_create(f->store);
    ask(t);
    if (commit(f, t, NULL) != ACTA_OK) fail_msg("%s", f->error.text);
}

static void
ask_for_changes(acta_transaction *t)
{
    acta_transaction_delete_stream(t, S("gone"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    acta_transaction_delete_stream(t, S("afresh"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    acta_transaction_delete_stream(t, S("soft"), ACTA_ANY_VERSION, ACTA_DELETE_SOFT);
    acta_transaction_delete_stream(t, S("restored"), ACTA_ANY_VERSION, ACTA_DELETE_SOFT);
    acta_transaction_limit_stream(t, S("limited"), &(acta_stream_limits){ .count_max = 2 });
    acta_transaction_limit_stream(t, S("unlimited"), &(acta_stream_limits){ .count_max = 2 });
}

static void
ask_for_their_end(acta_transaction *t)
{
    acta_transaction_restore_stream(t, S("restored"));
    acta_transaction_limit_stream(t, S("unlimited"), &(acta_stream_limits){ 0 });
}

static void
expect_changes(fixture *f)
{
    acta_read soft = { .stream = S("soft") }, limited = { .stream = S("limited") };
    acta_cursor *cursor;
    acta_recorded event;

    assert_int_equal(version_of(f, "gone"), 0);
    assert_int_equal(count_stream(f, "afresh"), 1);
    assert_int_equal(count_stream(f, "restored"), 3);
    assert_int_equal(count_stream(f, "unlimited"), 3);
    assert_int_equal(ACTA_DELETED, acta_cursor_open(f->store, &soft, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &limited, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &f->error));
    assert_int_equal(event.version, 2);
    acta_cursor_close(cursor);
}

/* The log alone is enough to know which streams were deleted, restored and limited, and whose a name is. */
static void
changes_of_streams_are_made_again(void **state)
{
    static const char *const names[] = { "gone", "afresh", "soft", "restored", "limited", "unlimited" };
    fixture *f = FIXTURE(state);
    raw_store raw;
    char key[16];

    open_store_ok(f);
    for (int i = 0; i < 6; i++)
        append_many(f, names[i], ACTA_NO_STREAM, 3, NULL);
    change(f, ask_for_changes);
    change(f, ask_for_their_end);
    append_ok(f, "afresh", "x");
    expect_changes(f);
    uint64_t count = count_log(f);
    close_store(f);

    raw_open(&raw, f->path);
    set_index_end(&raw, 0);
    for (int i = 0; i < 6; i++) {
        snprintf(key, sizeof key, "n%s", names[i]);
        raw_delete(&raw, STREAM_NAMES, key, strlen(key));
        for (const char *what = "iml"; *what != '\0'; what++) {
            memset(key, 0, 9);
            key[0] = *what;
            key[8] = (char)(i + 1);
            raw_delete(&raw, STREAM_NAMES, key, 9);
        }
    }
    raw_put(&raw, STREAM_NAMES, "ngone", 5, "\0\0\0\0\0\0\0\1", 8);
    raw_close(&raw);

    for (int restarts = 0; restarts < 2; restarts++) {
        open_store_ok(f);
        expect_changes(f);
        assert_int_equal(count_log(f), count);
        close_store(f);
    }
}

/* An index that goes on behind the log: what is too much is cut. */
static void
an_index_that_is_ahead_is_cut(void **state)
{
    fixture *f = FIXTURE(state);
    static acta_environment environment = { .log = { .write = count_warnings } };
    raw_store raw;
    uint8_t key[16], value[8];

    f->config.environment = &environment;
    fill_and_close(f);
    raw_open(&raw, f->path);
    for (uint64_t position = EVENTS + 1; position <= EVENTS + 10; position++) {
        big(key, (position - 1) % STREAMS + 1);
        big(key + 8, (position - 1) / STREAMS + 1);
        big(value, position);
        raw_put(&raw, INDEX, key, 16, value, 8);
    }
    set_index_end(&raw, EVENTS + 10);
    raw_close(&raw);
    warnings = 0;
    open_store_ok(f);
    assert_int_equal(warnings, 1);
    expect_prefix(f, EVENTS);
    write_event(f, EVENTS + 1);
    assert_int_equal(count_log(f), EVENTS + 1);
    close_store(f);
}

/* A record that was changed where RocksDB's sums fit: refused behind the verified point, an error when read before it. */
static void
a_changed_record_is_never_read(void **state)
{
    fixture *f = FIXTURE(state);
    static const size_t places[] = { 0, 4, 8, 10, 16, 24, 32, 60, 64, 70, 76, 78, 82, 83, 86, 90 };
    uint64_t position = EVENTS / 2;
    uint8_t key[8];
    big(key, position);

    fill_and_close(f);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        raw_store raw;
        size_t size;
        char *said = NULL;
        raw_open(&raw, f->path);
        char *record = rocksdb_get_cf(raw.db, raw.read_options, raw.families[LOG], (char *)key, 8, &size, &said);
        assert_non_null(record);
        assert_true(places[i] < size);
        record[places[i]] ^= 0x10;
        raw_put(&raw, LOG, key, 8, record, size);
        raw_close(&raw);

        open_store_ok(f); /* it lies before the verified point */
        for (int of_stream = 0; of_stream < 2; of_stream++) {
            acta_read read = { .from = of_stream ? (position - 1) / STREAMS + 1 : position };
            char stream[16];
            acta_cursor *cursor;
            acta_recorded event;
            snprintf(stream, sizeof stream, "stream-%u", (unsigned)((position - 1) % STREAMS));
            if (of_stream) read.stream = acta_str_of(stream);
            assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
            acta_status status = acta_cursor_next(cursor, &event, &f->error);
            if (places[i] != 8)
                assert_int_equal(ACTA_CORRUPT, status);
            else
                assert_int_equal(ACTA_UNSUPPORTED, status); /* the format's own byte */
            assert_non_null(strstr(f->error.text, "position 20"));
            acta_cursor_close(cursor);
        }
        acta_subscription_config config = { .name = "sub", .manual_checkpoint = true };
        acta_subscription *subscription;
        acta_chunk *chunk;
        bool more;
        assert_int_equal(ACTA_OK, acta_subscription_open(f->store, &config, &subscription, &f->error));
        assert_int_equal(ACTA_OK, acta_subscription_next(subscription, 100, &chunk, &more, &f->error));
        assert_int_equal(acta_chunk_count(chunk), 19); /* what lies before it */
        acta_chunk_unref(chunk);
        for (int round = 0; round < 2; round++) {
            assert_true(acta_subscription_next(subscription, 100, &chunk, &more, &f->error) != ACTA_OK);
            assert_int_equal(acta_subscription_looked(subscription), 19);
        }
        acta_subscription_close(subscription);
        close_store(f);

        raw_open(&raw, f->path);
        record[places[i]] ^= 0x10;
        raw_put(&raw, LOG, key, 8, record, size);
        rocksdb_free(record);
        raw_close(&raw);
    }
    open_store_ok(f);
    expect_prefix(f, EVENTS);
}

/* Batches without events are counted too: losing the newest of them is found by the mark, one in the middle by its number. */
static void
a_lost_batch_without_events_is_found(void **state)
{
    fixture *f = FIXTURE(state);

    for (int middle = 0; middle < 2; middle++) {
        raw_store raw;
        char copy[300];
        f->config.manual = true;
        open_store_ok(f);
        write_event(f, 1);
        for (int i = 0; i < 3; i++)
            put_row(f, "rows", "k", "v");
        step_all(f);
        snprintf(copy, sizeof copy, "%s.copy", f->path);
        copy_tree(f->path, copy); /* not closed: nothing is verified yet */
        close_store(f);
        remove_tree(f->path);
        assert_int_equal(0, rename(copy, f->path));

        /* Batches: 1 made, 2 the event, 3 to 5 the rows. */
        const uint8_t key[9] = { 'b', 0, 0, 0, 0, 0, 0, 0, middle ? 4 : 5 };
        raw_open(&raw, f->path);
        raw_delete(&raw, 0, key, 9);
        raw_close(&raw);
        assert_int_equal(ACTA_CORRUPT, open_store(f));
        if (middle)
            assert_non_null(strstr(f->error.text, "batch 4 is missing"));
        else
            assert_non_null(strstr(f->error.text, "the first missing batch is 5"));
        remove_tree(f->path);
    }
}

/* The verified point follows a store that is never closed, well behind its end; the batches before it are forgotten. */
static void
the_verified_point_follows_a_store_that_stays_open(void **state)
{
    fixture *f = FIXTURE(state);
    static uint8_t bytes[1 << 20];
    acta_event event = { .type = S("test.Large"), .payload = acta_bytes_from(bytes, sizeof bytes) };
    enum { LARGE = 60 };

    f->config.memory_bytes = 1 << 20; /* write buffers of 1 MiB: the log alone holds at most 16 */
    f->config.manual = true;
    open_store_ok(f);
    for (int i = 0; i < LARGE; i++) {
        acta_transaction *t = acta_transaction_create(f->store);
        memset(bytes, i, sizeof bytes);
        acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
    }
    step_all(f);
    acta_store_abandon(f->store); /* its process ends */
    f->store = NULL;

    raw_store raw;
    raw_open(&raw, f->path);
    char *said = NULL;
    size_t size;
    char *verified = rocksdb_get_cf(raw.db, raw.read_options, raw.families[0], "verified", 8, &size, &said);
    assert_non_null(verified);
    assert_int_equal(size, 20);
    uint64_t position, batch, first = 0;
    memcpy(&position, verified, 8);
    memcpy(&batch, verified + 8, 8);
    rocksdb_free(verified);
    assert_in_range(position, 10, LARGE - 16);
    assert_int_equal(batch, position + 1); /* the first batch made the store */
    rocksdb_iterator_t *iterator = rocksdb_create_iterator_cf(raw.db, raw.read_options, raw.families[0]);
    rocksdb_iter_seek(iterator, "b", 1);
    const uint8_t *key = (const uint8_t *)rocksdb_iter_key(iterator, &size);
    for (int i = 1; i < 9; i++)
        first = first << 8 | key[i];
    assert_int_equal(first, batch);
    rocksdb_iter_destroy(iterator);
    raw_close(&raw);

    open_store_ok(f);
    assert_int_equal(count_log(f), LARGE);
}

/* Crash in the middle of much work: the store opens, and everything agrees. */
static void
a_crash_is_recovered_from_with_everything_in_line(void **state)
{
    fixture *f = FIXTURE(state);

    f->config.manual = true;
    f->config.memory_bytes = 4 << 20; /* so that some of it has left the write-ahead log */
    open_store_ok(f);
    for (uint64_t position = 1; position <= EVENTS; position++) {
        write_event(f, position);
        if (position % 13 != 0) continue;
        crash_store(f);
        open_store_ok(f);
        expect_prefix(f, position);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_no_store(any_bit_flipped_in_the_write_ahead_log_is_found),
        on_no_store(zeros_in_the_write_ahead_log_are_found),
        on_no_store(removed_and_repeated_records_are_found),
        on_no_store(a_deleted_write_ahead_log_is_found),
        on_no_store(a_log_that_ends_before_the_mark_is_refused_by_position),
        on_no_store(a_torn_end_behind_the_mark_opens_with_whole_batches),
        on_no_store(any_bit_flipped_in_a_sorted_file_gives_no_wrong_event),
        on_no_store(an_index_that_is_behind_is_made_again),
        on_no_store(changes_of_streams_are_made_again),
        on_no_store(an_index_that_is_ahead_is_cut),
        on_no_store(a_changed_record_is_never_read),
        on_no_store(a_lost_batch_without_events_is_found),
        on_no_store(the_verified_point_follows_a_store_that_stays_open),
        on_no_store(a_crash_is_recovered_from_with_everything_in_line),
    };
    return run_on_rocksdb("damage", tests);
}
