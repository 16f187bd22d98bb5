/*
 * Repair: what refuses to open becomes a sound store in a new directory, with the log's prefix and a record of the repair;
 * the damaged one isn't touched, and a sound one is refused. Damage is done to files, in each way that the store knows.
 *
 *     store -> crash, or close -> one mutation -> repair into DIR.new -> verify, and go on writing
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acta/kept_schemas.h"
#include "acta/operations.h"

#include "fixture.h"

enum { EVENTS = 60 };

static bool
is_there(const fixture *f, const char *ending)
{
    char path[400];
    struct stat found;
    return lstat(beside(f, ending, path, sizeof path), &found) == 0;
}

static acta_status
repair(fixture *f, const char *target, acta_repair_report *report)
{
    char path[400];
    const acta_repair_config config = { .path = f->path,
        .target = target != NULL ? beside(f, target, path, sizeof path) : NULL,
        .who = "the test",
        .why = "to see it" };
    return acta_repair(&config, report, &f->error);
}

static void
repair_ok(fixture *f, const char *target, acta_repair_report *report)
{
    if (repair(f, target, report) != ACTA_OK) fail_msg("%s", f->error.text);
}

/* Events in three streams, each with a row, and another of a read model, some with tags; one outcome and one snapshot at the end.
 * Rows from number `first`. */
static void
fill_from(fixture *f, int first)
{
    acta_outcome outcome = { .status = ACTA_OK };
    acta_snapshot snapshot = { .version = EVENTS / 3, .state = B("state") };

    for (int i = 0; i < EVENTS; i++) {
        char stream[16], key[16];
        acta_str tags[] = { S("tag") };
        acta_event event = event_of("test.Happened", "with some bytes to hit: 0123456789");
        acta_transaction *t = acta_transaction_create(f->store);
        snprintf(stream, sizeof stream, "stream-%d", i % 3);
        snprintf(key, sizeof key, "%03d", first + i);
        event.tags = tags;
        event.tag_count = i % 2;
        acta_transaction_append(t, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
        acta_transaction_put(t, "rows", acta_str_bytes(acta_str_of(key)), B("row"));
        acta_transaction_put(t, "rm.seen", acta_str_bytes(acta_str_of(key)), B("row"));
        acta_transaction_checkpoint(t, "seen", (uint64_t)(first + i + 1));
        if (i == EVENTS - 1) acta_transaction_outcome(t, (acta_id){ .bytes = { 1, (uint8_t)first } }, &outcome);
        if (i == EVENTS - 1) acta_transaction_snapshot(t, S("stream-0"), &snapshot);
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
    }
}

static void
fill(fixture *f)
{
    fill_from(f, 0);
}

/* A directory's files and their bytes, as one number. */
static uint64_t
hash_of(const char *path)
{
    DIR *directory = opendir(path);
    uint64_t hash = 0;

    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char full[700];
        struct stat found;
        size_t size;
        snprintf(full, sizeof full, "%s/%s", path, entry->d_name);
        if (stat(full, &found) != 0 || !S_ISREG(found.st_mode) || strncmp(entry->d_name, "LOG", 3) == 0) continue;
        uint8_t *bytes = read_file(full, &size);
        uint64_t one = size;
        for (size_t i = 0; i < size; i++)
            one = one * 31 + bytes[i];
        for (const char *c = entry->d_name; *c != '\0'; c++)
            one = one * 31 + (uint8_t)*c;
        hash += one; /* in whatever order they come */
        free(bytes);
    }
    closedir(directory);
    return hash;
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

static off_t
size_of(const char *path)
{
    struct stat found;
    assert_int_equal(0, stat(path, &found));
    return found.st_size;
}

static char *
newest(const fixture *f, const char *ending, char *room, size_t size)
{
    char name[256];

    assert_true(find_file(f->path, ending, name, sizeof name));
    int length = snprintf(room, size, "%s/%s", f->path, name);
    assert_true(length > 0 && (size_t)length < size);
    return room;
}

/* The store that was made: sound, `kept` events and the record of the repair, which names who and why; it can be written. */
static void
expect_mended(const fixture *f, const char *target, uint64_t kept)
{
    fixture made = *f;
    acta_verify_report report;
    acta_recorded event;
    acta_cursor *cursor;
    char text[2048];

    made.store = NULL;
    beside(f, target, made.path, sizeof made.path);
    open_store_ok(&made);
    if (acta_store_verify(made.store, NULL, NULL, &report, &made.error) != ACTA_OK) fail_msg("%s", made.error.text);
    assert_int_equal(report.events, kept + 1);
    assert_int_equal(
        ACTA_OK, acta_cursor_open(made.store, &(acta_read){ .stream = S("$audit") }, &cursor, &made.error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &made.error));
    assert_int_equal(event.position, kept + 1);
    assert_true(acta_str_equal(event.type, S("$repaired")));
    snprintf(text, sizeof text, "%.*s", (int)event.payload.size, (const char *)event.payload.data);
    assert_non_null(strstr(text, "who: the test\nwhy: to see it\n"));
    acta_cursor_close(cursor);
    append_ok(&made, "stream-0", "goes on");
    assert_int_equal(ACTA_INVALID, append(&made, "$audit", ACTA_ANY_VERSION, "forged"));
    close_store(&made);
}

/* Rows of the read model are gone, and who has made them is told where the log was cut; the others are there. */
static void
expect_begun_anew(const fixture *f, const char *target, uint64_t cut)
{
    fixture made = *f;
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes value;

    made.store = NULL;
    beside(f, target, made.path, sizeof made.path);
    open_store_ok(&made);
    assert_false(has_row(&made, "rm.seen", "000"));
    assert_true(has_row(&made, "rows", "000"));
    assert_int_equal(ACTA_OK, acta_store_get(made.store, "checkpoints.cut", B("seen"), memory, &value, &made.error));
    assert_int_equal(value.size, 8);
    assert_int_equal(value.data[0], cut);
    acta_memory_destroy(memory);
    close_store(&made);
}

/* -- what is damaged -- */

static void
a_sound_store_is_not_repaired(void **state)
{
    fixture *f = FIXTURE(state);
    acta_repair_report report;
    char text[ACTA_ERROR_TEXT_MAX];

    fill(f);
    assert_int_equal(ACTA_IN_USE, repair(f, ".new", &report));
    close_store(f);
    assert_int_equal(ACTA_INVALID, repair(f, ".new", &report));
    snprintf(text, sizeof text, "the store '%s' is sound: there is nothing to repair", f->path);
    assert_string_equal(f->error.text, text);
    assert_false(is_there(f, ".new") || is_there(f, ".new.unfinished"));
    open_store_ok(f);
    crash_store(f); /* one that needs no more than its recovery is sound */
    assert_int_equal(ACTA_INVALID, repair(f, ".new", &report));
}

/* A log that ends before its mark: what would be lost is told, and nothing is made, before it is done. */
static void
a_log_that_lost_its_end_is_cut(void **state)
{
    fixture *f = FIXTURE(state);
    acta_repair_report told, done;
    char log[700];

    fill(f);
    crash_store(f);
    newest(f, ".log", log, sizeof log);
    assert_int_equal(0, truncate(log, size_of(log) * 3 / 4));
    assert_int_equal(ACTA_CORRUPT, open_store(f));
    uint64_t before = hash_of(f->path);

    repair_ok(f, NULL, &told);
    assert_true(told.kept > EVENTS / 2 && told.kept < EVENTS);
    assert_int_equal(told.kept + told.lost, told.durable);
    assert_true(told.durable >= EVENTS - 1);
    assert_non_null(strstr(told.damage, "but it was durable up to"));
    assert_false(is_there(f, ".new"));
    repair_ok(f, ".new", &done);
    assert_int_equal(done.kept, told.kept);
    assert_int_equal(done.lost, told.lost);
    assert_int_equal(done.rows_kept, done.kept + 1);
    assert_int_equal(done.table_rows_dropped, done.kept);
    assert_int_equal(hash_of(f->path), before);
    assert_false(is_there(f, ".new.unfinished"));
    expect_begun_anew(f, ".new", done.kept);
    expect_mended(f, ".new", done.kept);
}

/* RocksDB can't even be opened: its lists are made again from its files, whether they hold the log or its log does. */
static void
expect_lists_made_again(fixture *f)
{
    acta_repair_report report;
    uint64_t before = hash_of(f->path);

    assert_int_not_equal(ACTA_OK, open_store(f));
    repair_ok(f, ".new", &report);
    assert_true(report.files_were_rebuilt);
    assert_int_equal(report.kept, EVENTS);
    assert_int_equal(report.lost, 0);
    assert_int_equal(hash_of(f->path), before);
    assert_false(is_there(f, ".new.unfinished") || is_there(f, ".new.unfinished.salvage"));
    expect_mended(f, ".new", EVENTS);
}

static void
damage_manifest(const fixture *f)
{
    char manifest[700];
    DIR *directory = opendir(f->path);

    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (strncmp(entry->d_name, "MANIFEST-", 9) != 0) continue;
        snprintf(manifest, sizeof manifest, "%s/%s", f->path, entry->d_name);
        flip(manifest, size_of(manifest) / 2);
    }
    closedir(directory);
}

static void
a_damaged_manifest_costs_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    char name[256];

    fill(f);
    close_store(f);
    assert_true(find_file(f->path, ".sst", name, sizeof name));
    damage_manifest(f);
    expect_lists_made_again(f);
}

static void
a_lost_current_costs_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    char path[400];

    fill(f);
    crash_store(f); /* all is in RocksDB's log, and no sorted file tells of families */
    assert_int_equal(0, unlink(beside(f, "/CURRENT", path, sizeof path)));
    expect_lists_made_again(f);
}

/* RocksDB mends its lists in a child of this process, in which no thread of another store runs. */
static void
lists_are_made_again_beside_a_store_in_use(void **state)
{
    fixture *f = FIXTURE(state);
    char path[400], other_path[400];
    acta_repair_report report;

    fill(f);
    close_store(f);
    assert_int_equal(0, unlink(beside(f, "/CURRENT", path, sizeof path)));
    const acta_store_config config = { .path = beside(f, ".other", other_path, sizeof other_path) };
    assert_int_equal(ACTA_OK, acta_store_open(&config, &f->store, &f->error));
    append_ok(f, "before", "x");
    repair_ok(f, ".new", &report);
    append_ok(f, "behind", "x");
    assert_int_equal(count_log(f), 2);
    close_store(f);
    assert_true(report.files_were_rebuilt);
    assert_int_equal(report.lost, 0);
    assert_false(report.rows_were_lost);
}

static void
a_lost_mark_costs_nothing(void **state)
{
    fixture *f = FIXTURE(state);
    acta_repair_report report;
    char path[400];

    fill(f);
    close_store(f);
    assert_int_equal(0, unlink(beside(f, "/acta.mark", path, sizeof path)));
    assert_int_equal(ACTA_CORRUPT, open_store(f));
    repair_ok(f, ".new", &report);
    assert_int_equal(report.durable, 0); /* nothing says how far it reached */
    assert_int_equal(report.kept, EVENTS);
    expect_mended(f, ".new", EVENTS);
}

/* One bit in each sorted file in turn: what is made is sound, and the log is a prefix. */
static void
each_damaged_file_can_be_mended(void **state)
{
    fixture *f = FIXTURE(state);
    acta_repair_report report;
    uint32_t files = 0, whole = 0;

    fill(f);
    close_store(f);
    DIR *directory = opendir(f->path);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[700], target[32];
        size_t length = strlen(entry->d_name);
        if (length < 4 || strcmp(entry->d_name + length - 4, ".sst") != 0) continue;
        snprintf(path, sizeof path, "%s/%s", f->path, entry->d_name);
        snprintf(target, sizeof target, ".new-%u", files++);
        flip(path, 10);
        repair_ok(f, target, &report);
        assert_true(report.kept + report.lost == EVENTS);
        expect_mended(f, target, report.kept);
        whole += report.kept == EVENTS;
        flip(path, 10);
    }
    closedir(directory);
    assert_true(files >= 5);
    assert_true(whole >= files - 1); /* only the log's own file costs events: all else is made from the log */
    assert_int_equal(ACTA_INVALID, repair(f, ".new", &report));
}

static bool
has_rows_of_log(const fixture *f, const char *target)
{
    fixture made = *f;
    char key[16];
    int count = 0;

    made.store = NULL;
    beside(f, target, made.path, sizeof made.path);
    open_store_ok(&made);
    for (int i = 0; i < 2 * EVENTS; i++) {
        snprintf(key, sizeof key, "%03d", i);
        count += has_row(&made, "rm.seen", key);
    }
    close_store(&made);
    assert_true(count == 0 || count == 2 * EVENTS);
    return count > 0;
}

/* Each sorted file lost in turn, with the lists whole or damaged too: rows that are gone with it are told, and no others. The
 * second part of the rows lies in a file of its own. */
static void
rows_that_are_lost_with_a_file_are_told(void **state)
{
    enum { FILES_MAX = 24, ROWS = 4 * EVENTS + 4 /* two outcomes, a checkpoint, and a snapshot put twice */ };
    fixture *f = FIXTURE(state);
    char names[FILES_MAX][32], path[700], aside[700], target[32];
    uint32_t count = 0, told = 0;

    for (int part = 0; part < 2; part++) {
        if (part == 1) open_store_ok(f);
        fill_from(f, part * EVENTS);
        close_store(f);
    }
    DIR *directory = opendir(f->path);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        size_t length = strlen(entry->d_name);
        if (length < 4 || strcmp(entry->d_name + length - 4, ".sst") != 0) continue;
        assert_true(count < FILES_MAX);
        snprintf(names[count++], sizeof names[0], "%.31s", entry->d_name);
    }
    closedir(directory);
    for (uint32_t i = 0; i < count; i++) {
        acta_repair_report report;
        snprintf(path, sizeof path, "%s/%s", f->path, names[i]);
        snprintf(aside, sizeof aside, "%s.aside", f->path);
        snprintf(target, sizeof target, ".new-%u", i);
        assert_int_equal(0, rename(path, aside));
        assert_int_equal(ACTA_CORRUPT, open_store(f));
        repair_ok(f, target, &report);
        bool lost =
            report.rows_kept + report.snapshots_dropped + report.outcomes_dropped + report.table_rows_dropped < ROWS;
        if (report.rows_were_lost != lost)
            fail_msg("without '%s' %" PRIu64 " rows are left", names[i], report.rows_kept);
        told += lost;
        assert_int_equal(has_rows_of_log(f, target), !lost && report.lost == 0);
        assert_int_equal(0, rename(aside, path));
    }
    assert_true(count >= 6);
    assert_int_equal(told, 2);
}

/* All of the rows' files, and the lists: nothing tells that there were rows, and none are there. */
static void
a_lost_family_of_rows_is_told_without_lists(void **state)
{
    fixture *f = FIXTURE(state);
    acta_repair_report report;
    char path[700], name[256];

    fill(f);
    close_store(f);
    damage_manifest(f);
    assert_true(find_file(f->path, ".sst", name, sizeof name));
    for (int file = 1; file < 100; file++) {
        uint64_t rows = 0;
        snprintf(path, sizeof path, "%s/%06d.sst", f->path, file);
        if (access(path, F_OK) != 0) continue;
        assert_int_equal(0, rename(path, beside(f, ".aside", name, sizeof name)));
        repair_ok(f, ".new", &report);
        rows = report.rows_kept + report.snapshots_dropped + report.outcomes_dropped;
        assert_int_equal(report.rows_were_lost, rows == 0);
        remove_tree(beside(f, ".new", path, sizeof path));
        snprintf(path, sizeof path, "%s/%06d.sst", f->path, file);
        assert_int_equal(0, rename(name, path));
        if (rows == 0) return;
    }
    fail_msg("no file held the rows");
}

/* -- what is refused -- */

/* -- schemas that the log has kept -- */

/* Two schemas of a name, and a type that both have. Beside it a type whose schema is missing, a row that is no schema's, and an
 * event of that namespace whose schema was never kept. */
static void
put_schemas(fixture *f)
{
    const acta_kept_schema first = { .name = S("test"), .number = 1, .hash = 10, .binary = B("first") },
                           now = { .name = S("test"), .number = 2, .hash = 20, .binary = B("now") };
    const acta_kept_type types[] = {
        { S("test.A"), S("test"), .hash = 1, .number = 2, .first_number = 1, .version = 1 },
        { S("test.B"), S("test"), .hash = 2, .number = 9, .first_number = 9, .version = 1 },
    };
    const acta_event events[] = { { .type = S("test.A"), .schema_hash = 1 },
        { .type = S("test.C"), .schema_hash = 3 } };
    acta_memory *memory = acta_memory_create(NULL);
    acta_transaction *t = acta_transaction_create(f->store);

    assert_int_equal(ACTA_OK, acta_kept_schema_put(t, &now, &first, memory, &f->error));
    for (int i = 0; i < 2; i++)
        assert_int_equal(ACTA_OK, acta_kept_type_put(t, &types[i], memory, &f->error));
    acta_transaction_put(t, "schemas", acta_str_bytes(S("other")), B("is none, though it is as long as one"));
    acta_transaction_append(t, S("stream-0"), ACTA_NO_STREAM, events, 2);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
    acta_memory_destroy(memory);
}

typedef struct told {
    bool is_damaged, is_missing;
} told;

static void
note_damage(void *user, uint64_t position, const char *text)
{
    told *t = user;

    assert_int_equal(position, 0);
    t->is_damaged |= strcmp(text, "schemas: row 1 is damaged") == 0;
    t->is_missing |=
        strcmp(text, "types: 'test.B' with the hash 0000000000000002 leads to schema 9 of 'test', which is "
                     "missing or damaged") == 0;
}

static void
schemas_that_are_damaged_are_told_and_left_out(void **state)
{
    fixture *f = FIXTURE(state);
    acta_verify_report found;
    acta_repair_report report;
    told t = { false, false };

    put_schemas(f);
    assert_int_equal(ACTA_CORRUPT, acta_store_verify(f->store, note_damage, &t, &found, &f->error));
    assert_true(t.is_damaged && t.is_missing);
    assert_int_equal(found.damage_count, 2);
    assert_int_equal(found.schemas, 3);
    assert_int_equal(found.schema_types, 2);
    assert_int_equal(found.events_without_schema, 1); /* of test.C */
    close_store(f);
    repair_ok(f, ".new", &report);
    assert_int_equal(report.kept, 2);
    assert_int_equal(report.rows_kept, 3); /* both schemas, test.A */
    assert_true(report.rows_were_lost);
    expect_mended(f, ".new", 2);
}

static void
wrong_places_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    acta_repair_report report;
    char path[400];

    fill(f);
    close_store(f);
    assert_int_equal(0, unlink(beside(f, "/acta.mark", path, sizeof path)));
    assert_int_equal(ACTA_ALREADY_EXISTS, repair(f, "", &report)); /* into itself */
    assert_int_equal(0, mkdir(beside(f, ".new", path, sizeof path), 0777));
    assert_int_equal(ACTA_ALREADY_EXISTS, repair(f, ".new", &report));
    assert_int_equal(ACTA_NOT_FOUND, acta_repair(&(acta_repair_config){ .path = "/nowhere" }, &report, &f->error));
    assert_int_equal(ACTA_INVALID, acta_repair(&(acta_repair_config){ .path = "" }, &report, &f->error));
    assert_int_equal(
        ACTA_INVALID, acta_repair(&(acta_repair_config){ .path = f->path, .target = "" }, &report, &f->error));
    acta_status status =
        acta_repair(&(acta_repair_config){ .path = path }, &report, &f->error); /* an empty directory */
    assert_int_equal(ACTA_NOT_FOUND, status);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(a_sound_store_is_not_repaired),
        on_store(a_log_that_lost_its_end_is_cut),
        on_store(a_damaged_manifest_costs_nothing),
        on_store(a_lost_current_costs_nothing),
        on_store(lists_are_made_again_beside_a_store_in_use),
        on_store(a_lost_mark_costs_nothing),
        on_store(each_damaged_file_can_be_mended),
        on_store(rows_that_are_lost_with_a_file_are_told),
        on_store(a_lost_family_of_rows_is_told_without_lists),
        on_store(schemas_that_are_damaged_are_told_and_left_out),
        on_store(wrong_places_are_refused),
    };
    return run_on_rocksdb("repair", tests);
}
