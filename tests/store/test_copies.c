/*
 * What is more than events, in stores that were made from another one: links, metadata of streams, limits and deletions, as
 * they are after restoring whole, after restoring up to every position, and after repairing.
 *
 *     store --backup--> set --restore--> whole, or up to position p      the log from 1 to p says what must hold
 *       \--loses a file--> repair
 */
#include <dirent.h>
#include <unistd.h>

#include "acta/operations.h"

#include "fixture.h"

enum { STEPS = 20, HEADS_MAX = 128 };

/* What held at each head, as text: told by the store itself while it was made. */
typedef struct told {
    char text[HEADS_MAX][2048];
    uint64_t head;
} told;

static size_t
tell_stream(acta_store *store, acta_str stream, char *text, size_t size)
{
    const acta_read read = { .stream = stream };
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes metadata = { .size = 0 };
    uint64_t version = 0;
    acta_cursor *cursor;
    acta_recorded e;
    acta_error error;
    size_t used = (size_t)snprintf(text, size, ACTA_FMT ":", ACTA_ARG(stream));
    acta_status status = acta_store_stream_metadata(store, stream, memory, &metadata, &version, &error);

    if (status != ACTA_OK) metadata.size = 0;
    used += (size_t)snprintf(text + used, size - used, " (%" PRIu64 " ", version);
    if (metadata.size > 0) memcpy(text + used, metadata.data, metadata.size); /* there is room for much more */
    used += metadata.size;
    used += (size_t)snprintf(text + used, size - used, ")");
    acta_memory_destroy(memory);
    status = acta_cursor_open(store, &read, &cursor, &error);
    if (status != ACTA_OK) return used + (size_t)snprintf(text + used, size - used, " %s\n", acta_status_name(status));
    while ((status = acta_cursor_next(cursor, &e, &error)) == ACTA_OK)
        used += (size_t)snprintf(text + used, size - used, " " ACTA_FMT "@%" PRIu64 "/%" PRIu64 "<%" PRIu64,
            ACTA_ARG(e.stream), e.version, e.position, e.link_version);
    assert_int_equal(ACTA_NOT_FOUND, status);
    acta_cursor_close(cursor);
    return used + (size_t)snprintf(text + used, size - used, "\n");
}

static void
tell(acta_store *store, char *text, size_t size)
{
    const acta_str streams[] = { S("a"), S("b"), S("c"), S("links") };
    size_t used = 0;

    for (size_t i = 0; i < sizeof streams / sizeof streams[0]; i++)
        used += tell_stream(store, streams[i], text + used, size - used);
}

/* One thing a step: events, links to what there is, metadata, limits, deletions of both kinds and what follows them. */
static acta_status
do_step(fixture *f, uint32_t step, uint64_t *random)
{
    static const char *const names[] = { "a", "b", "c" };
    acta_str stream = acta_str_of(names[next_random(random) % 3]);
    acta_event event = event_of("test.Happened", "payload");
    uint64_t position = 1 + next_random(random) % (acta_store_head(f->store) + 1);
    const acta_stream_limits limits = { .count_max = 2 };
    char metadata[32];
    acta_transaction *t = acta_transaction_create(f->store);

    snprintf(metadata, sizeof metadata, "metadata of step %u", step);
    switch (step < 4 ? 0 : next_random(random) % 9) {
    case 0:
    case 1:
        acta_transaction_append(t, stream, ACTA_ANY_VERSION, &event, 1);
        break;
    case 2:
    case 3:
        acta_transaction_link(t, S("links"), ACTA_ANY_VERSION, &position, 1);
        break;
    case 4:
    case 5:
        acta_transaction_stream_metadata(t, stream, ACTA_ANY_VERSION, acta_bytes_from(metadata, strlen(metadata)));
        break;
    case 6:
        acta_transaction_limit_stream(t, stream, &limits);
        break;
    case 7:
        acta_transaction_delete_stream(t, stream, ACTA_ANY_VERSION, ACTA_DELETE_SOFT);
        break;
    default:
        acta_transaction_delete_stream(t, stream, ACTA_ANY_VERSION, ACTA_DELETE_HARD);
        break;
    }
    return commit(f, t, NULL); /* some are refused: then nothing has happened */
}

static told *
make_told(fixture *f)
{
    told *t = calloc(1, sizeof *t);
    uint64_t random = test_seed();

    assert_non_null(t);
    for (uint32_t step = 0; step < STEPS || acta_store_head(f->store) < STEPS; step++) {
        (void)do_step(f, step, &random);
        t->head = acta_store_head(f->store);
        assert_true(t->head < HEADS_MAX);
        tell(f->store, t->text[t->head], sizeof t->text[0]);
    }
    return t;
}

static void
expect_told(const told *t, const char *path, uint64_t head)
{
    const acta_store_config config = { .path = path, .must_exist = true };
    char text[2048];
    acta_store *store;
    acta_error error;

    if (acta_store_open(&config, &store, &error) != ACTA_OK) fail_msg("%s", error.text);
    tell(store, text, sizeof text);
    if (strcmp(text, t->text[head]) != 0)
        fail_msg("at %" PRIu64 " there was\n%sand in '%s' is\n%s", head, t->text[head], path, text);
    if (acta_store_verify(store, NULL, NULL, NULL, &error) != ACTA_OK) fail_msg("%s", error.text);
    acta_store_close(store);
}

/* Whole, and up to each position: links, metadata, limits and deletions are those of that moment. */
static void
what_is_restored_holds_what_held_at_its_end(void **state)
{
    fixture *f = FIXTURE(state);
    char set[400], path[400];
    told *t = make_told(f);
    const acta_backup_config backup = { .path = beside(f, ".set", set, sizeof set) };

    if (acta_store_backup_to(f->store, &backup, NULL, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    for (uint64_t head = 1; head <= t->head; head++) {
        const acta_restore_config config = {
            .backup = set, .path = beside(f, ".restored", path, sizeof path), .to_position = head == t->head ? 0 : head
        };
        if (acta_restore(&config, NULL, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
        expect_told(t, path, head);
        remove_tree(path);
    }
    free(t);
}

/* The same after a repair, of a store that lost a file; the events of removed streams may be stubs by then. */
static void
what_is_mended_holds_what_held(void **state)
{
    fixture *f = FIXTURE(state);
    char path[400], current[400];
    told *t = make_told(f);
    const acta_repair_config config = { .path = f->path, .target = beside(f, ".new", path, sizeof path) };
    acta_repair_report report;
    uint64_t count;

    assert_int_equal(ACTA_OK, acta_store_scrub(f->store, 0, &count, &f->error));
    close_store(f);
    assert_int_equal(0, unlink(beside(f, "/CURRENT", current, sizeof current)));
    if (acta_repair(&config, &report, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    assert_int_equal(report.kept, t->head);
    expect_told(t, path, t->head);
    free(t);
}

/* -- names that can't be read -- */

enum { NAMED = 400, NAME_BYTES = 120 };

/* Streams of names that don't compress, each with a snapshot: so many that their names fill many blocks of a file. */
static void
append_named(fixture *f, uint64_t *random)
{
    const acta_snapshot snapshot = { .version = 1, .state = B("state") };
    acta_event event = event_of("test.Happened", "x");

    for (int i = 0; i < NAMED; i++) {
        char name[NAME_BYTES + 1];
        for (int k = 0; k < NAME_BYTES; k++)
            name[k] = (char)('a' + next_random(random) % 26);
        name[NAME_BYTES] = '\0';
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_append(t, acta_str_of(name), ACTA_NO_STREAM, &event, 1);
        acta_transaction_snapshot(t, acta_str_of(name), &snapshot);
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
    }
}

/* The sorted file of this number, from the smallest on; false: there are no more. */
static bool
sorted_file(const char *path, size_t number, char *room, size_t size)
{
    char names[32][64];
    size_t count = 0;
    DIR *directory = opendir(path);

    assert_non_null(directory);
    for (struct dirent *entry; (entry = readdir(directory)) != NULL && count < 32;)
        if (strstr(entry->d_name, ".sst") != NULL) snprintf(names[count++], sizeof names[0], "%.60s", entry->d_name);
    closedir(directory);
    if (number >= count) return false;
    snprintf(room, size, "%s/%s", path, names[number]);
    return true;
}

static void
flip_at(const char *path, uint32_t percent)
{
    size_t size;
    uint8_t *bytes = read_file(path, &size);

    bytes[size * percent / 100] ^= 1;
    write_file(path, bytes, size);
    free(bytes);
}

/* Names of streams that can't be read while rows are sorted: restoring fails, and repairing tells it; no snapshot is left out
 * as if its stream had never been. */
static void
what_cannot_be_read_is_not_left_out_in_silence(void **state)
{
    fixture *f = FIXTURE(state);
    uint64_t random = test_seed();
    char path[400], file[500], kept[400];
    uint32_t failed = 0, was_told = 0;

    append_named(f, &random);
    append_ok(f, "one-more", "x");
    close_store(f);
    copy_tree(f->path, beside(f, ".kept", kept, sizeof kept));
    beside(f, ".new", path, sizeof path);
    for (size_t number = 0; sorted_file(kept, number, file, sizeof file); number++) {
        for (uint32_t percent = 65; percent < 90; percent += 15) {
            remove_tree(f->path);
            copy_tree(kept, f->path);
            assert_true(sorted_file(f->path, number, file, sizeof file));
            flip_at(file, percent);
            const acta_restore_config restore = { .backup = f->path, .path = path, .to_position = NAMED };
            acta_restore_report restored;
            acta_status status = acta_restore(&restore, &restored, &f->error);
            failed += status != ACTA_OK;
            if (status == ACTA_OK) assert_int_equal(restored.snapshots_dropped, 0);
            remove_tree(path);
            const acta_repair_config repair = { .path = f->path, .target = path };
            acta_repair_report mended = { .kept = 0 };
            status = acta_repair(&repair, &mended, &f->error);
            if (status == ACTA_OK && mended.kept == NAMED + 1 && mended.snapshots_dropped > 0) {
                assert_true(mended.rows_were_lost);
                was_told++;
            }
            remove_tree(path);
        }
    }
    assert_true(failed > 0 && was_told > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(what_is_restored_holds_what_held_at_its_end),
        on_store(what_is_mended_holds_what_held),
        on_store(what_cannot_be_read_is_not_left_out_in_silence),
    };
    return run_on_rocksdb("copies", tests);
}
