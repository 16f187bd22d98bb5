/*
 * Damage to the files of a store on RocksDB: bits flipped, pages zeroed, records removed, logs cut and deleted. Cases ES-48
 * to ES-50 and FZ-08 of the catalogue; RocksDB alone opens most of these without a word (docs/format.md tells what the
 * store adds).
 *
 *     store -> copy of its files at rest -> one mutation -> open
 *
 * After a mutation a store either is refused as damaged, names where, and has changed nothing, or has everything. Opened
 * with read_only it shows a prefix of what was written, and never anything else. ACTA_DAMAGE_COUNT sets how many places
 * each sweep tries (default 40).
 */
#include <unistd.h>

#include "acta/operations.h"

#include "damage.h"

static uint32_t
sweep_count(void)
{
    const char *count = getenv("ACTA_DAMAGE_COUNT");
    return count != NULL ? (uint32_t)strtoul(count, NULL, 10) : 40;
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

/* What comes before the repetition can be had back. */
static void
expect_mended_up_to(fixture *f, uint64_t kept)
{
    fixture made = { .error = { .status = ACTA_OK } };
    char target[300];
    acta_repair_report report;

    snprintf(target, sizeof target, "%s.mended", f->path);
    const acta_repair_config config = { .path = f->path, .target = target };
    if (acta_repair(&config, &report, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    assert_int_equal(report.kept, kept);
    assert_int_equal(report.kept + report.lost, EVENTS);
    snprintf(made.path, sizeof made.path, "%.250s", target);
    open_store_ok(&made);
    assert_int_equal(acta_store_head(made.store), kept + 1); /* and the record of the repair */
    close_store(&made);
    remove_tree(target);
}

/* ES-49: whole records taken out of the middle, or written twice: every checksum of RocksDB is right then. Debian's RocksDB ends
 * the process (an assertion) when it is given a record twice. */
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
        assert_int_equal(ACTA_CORRUPT, open_store(f));
        assert_non_null(strstr(f->error.text, "is one that came before"));
        open_mutated(f, &s, &repeated);
        if (first % 4 == 2) expect_mended_up_to(f, end - 1); /* the first one made the store */
    }
    assert_int_equal(removed.whole, 0);
    assert_true(removed.refused >= 10);
    assert_true(repeated.refused >= 10);
    assert_int_equal(repeated.whole, 0);
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
    };
    return run_on_rocksdb("damage", tests);
}
