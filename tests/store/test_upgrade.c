/*
 * Upgrades of what was never closed: stores of each format whose program was killed while it wrote, opened by today's.
 *
 *     golden-1-killed …    20 events and a clean close; 20 more, acknowledged one by one, and SIGKILL; of each format
 *
 * Event n is in stream Account-(n mod 3), of type bank.Even or bank.Odd, with that tag, payload "event n" and the row "row n" of
 * the table "kept". The 20 behind the close lie in RocksDB's write-ahead log alone. Case CR-15 of the catalogue; the power cut
 * while one is upgraded: tests/faults/test_upgrade.c.
 *
 * That of format 3 keeps the events of the category Account by stream, too.
 *
 *     ACTA_MAKE_GOLDEN=DIR store-upgrade    makes such a store in DIR, and is killed, for a new format version
 */
#include <signal.h>
#include <unistd.h>

#include "scratch.h"
#include "fixture.h"

#include "acta/operations.h"

enum { EVENTS = 40, CLOSED = 20 };

static const char *const killed[] = { GOLDEN_PATH "-1-killed", GOLDEN_PATH "-2-killed", GOLDEN_PATH "-3-killed" };
enum { KILLED = sizeof killed / sizeof killed[0], WITH_COPIES = 2 /* which of them */ };

static char scratch[200], copy[256];

static int
make_scratch(void **state)
{
    (void)state;
    assert_true(scratch_make(scratch, "/tmp", "upgrade"));
    snprintf(copy, sizeof copy, "%s/data", scratch);
    return 0;
}

static int
remove_scratch(void **state)
{
    (void)state;
    remove_tree(scratch);
    return 0;
}

static void
copy_killed(size_t which)
{
    remove_tree(copy);
    copy_tree(killed[which], copy);
}

static acta_status
open_copy(bool read_only, acta_store **store_out, acta_error *error)
{
    const acta_store_config config = { .path = copy, .must_exist = true, .read_only = read_only };
    return acta_store_open(&config, store_out, error);
}

static acta_store *
open_copy_ok(bool read_only)
{
    acta_store *store;
    acta_error error;

    if (open_copy(read_only, &store, &error) != ACTA_OK) fail_msg("%s", error.text);
    return store;
}

static void
expect_event(const acta_recorded *event, uint64_t n)
{
    char stream[32], payload[32];

    snprintf(stream, sizeof stream, "Account-%" PRIu64, n % 3);
    snprintf(payload, sizeof payload, "event %" PRIu64, n);
    assert_int_equal(event->position, n);
    assert_true(acta_str_equal(event->stream, acta_str_of(stream)));
    assert_true(acta_str_equal(event->type, n % 2 == 0 ? S("bank.Even") : S("bank.Odd")));
    assert_int_equal(event->payload.size, strlen(payload));
    assert_memory_equal(event->payload.data, payload, event->payload.size);
}

static void
expect_rows(acta_store *store, uint64_t count)
{
    acta_row_cursor *cursor;
    acta_bytes key, value;
    acta_error error;

    assert_int_equal(ACTA_OK, acta_row_cursor_open(store, "kept", acta_bytes_from(NULL, 0), &cursor, &error));
    for (uint64_t n = 1; n <= count; n++) {
        char row[32];
        snprintf(row, sizeof row, "row %02" PRIu64, n);
        assert_int_equal(ACTA_OK, acta_row_cursor_next(cursor, &key, &value, &error));
        assert_int_equal(key.size, strlen(row));
        assert_memory_equal(key.data, row, key.size);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_row_cursor_next(cursor, &key, &value, &error));
    acta_row_cursor_close(cursor);
}

/* By position, by stream, by row: all of `count` events, and nothing else. */
static void
expect_all(acta_store *store, uint64_t count)
{
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;

    assert_int_equal(acta_store_head(store), count);
    assert_int_equal(ACTA_OK, acta_cursor_open(store, &(acta_read){ .count_max = 0 }, &cursor, &error));
    for (uint64_t n = 1; n <= count; n++) {
        assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &error));
        expect_event(&event, n);
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &event, &error));
    acta_cursor_close(cursor);
    for (uint64_t s = 0; s < 3; s++) {
        char stream[32];
        snprintf(stream, sizeof stream, "Account-%" PRIu64, s);
        acta_read read = { .stream = acta_str_of(stream) };
        assert_int_equal(ACTA_OK, acta_cursor_open(store, &read, &cursor, &error));
        for (uint64_t n = s == 0 ? 3 : s, version = 1; n <= count; n += 3, version++) {
            assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &error));
            expect_event(&event, n);
            assert_int_equal(event.version, version);
        }
        assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &event, &error));
        acta_cursor_close(cursor);
    }
    expect_rows(store, count);
}

static void
append_next(acta_store *store, uint64_t n)
{
    char stream[32], payload[32], row[32];
    const acta_str tag = n % 2 == 0 ? S("even") : S("odd");
    acta_error error;

    snprintf(stream, sizeof stream, "Account-%" PRIu64, n % 3);
    snprintf(payload, sizeof payload, "event %" PRIu64, n);
    snprintf(row, sizeof row, "row %02" PRIu64, n);
    acta_bytes text = acta_bytes_from(payload, strlen(payload));
    acta_event event = {
        .type = n % 2 == 0 ? S("bank.Even") : S("bank.Odd"), .payload = text, .tags = &tag, .tag_count = 1
    };
    acta_transaction *t = acta_transaction_create(store);
    acta_transaction_append(t, acta_str_of(stream), (n - 1) / 3, &event, 1);
    acta_transaction_put(t, "kept", acta_bytes_from(row, strlen(row)), text);
    if (acta_store_commit(store, t, NULL, &error) != ACTA_OK) fail_msg("%s", error.text);
}

/* All that was acknowledged is there, in every index; the tags hold conditions back; and it goes on, with a version each. */
static void
expect_whole_and_going_on(bool has_copies)
{
    const acta_str even = S("even");
    acta_verify_report report;
    acta_error error;
    acta_store *store = open_copy_ok(false);

    expect_all(store, EVENTS);
    acta_transaction *t = acta_transaction_create(store);
    acta_transaction_expect_no_tagged(t, &even, 1, EVENTS - 1);
    assert_int_equal(ACTA_CONFLICT, acta_store_commit(store, t, NULL, &error));
    for (uint64_t n = EVENTS + 1; n <= EVENTS + 4; n++)
        append_next(store, n);
    if (acta_store_verify(store, NULL, NULL, NULL, &error) != ACTA_OK) fail_msg("%s", error.text);
    acta_store_close(store);
    store = open_copy_ok(false);
    expect_all(store, EVENTS + 4);
    if (acta_store_verify(store, NULL, NULL, &report, &error) != ACTA_OK) fail_msg("%s", error.text);
    assert_int_equal(report.copies, has_copies ? EVENTS + 4 : 0);
    acta_store_close(store);
}

/* CR-15: each format's store, killed while it wrote, is opened, whole, and goes on. */
static void
what_was_killed_is_opened_by_the_next_version(void **state)
{
    (void)state;
    for (size_t i = 0; i < KILLED; i++) {
        copy_killed(i);
        expect_whole_and_going_on(i == WITH_COPIES);
    }
}

/* The write that was under way when it was killed: the beginning of a record behind the last one. It was never answered. */
static void
tear_log(size_t count)
{
    char path[600], name[128];
    size_t size;

    assert_true(find_file(copy, ".log", name, sizeof name));
    snprintf(path, sizeof path, "%s/%s", copy, name);
    uint8_t *bytes = read_file(path, &size);
    uint8_t *more = malloc(size + count);
    assert_non_null(more);
    assert_true(count < size);
    memcpy(more, bytes, size);
    memcpy(more + size, bytes, count); /* one that is no more where it belongs, and not whole */
    write_file(path, more, size + count);
    free(more);
    free(bytes);
}

/* CR-15: the same with a record that was torn by the kill. */
static void
a_torn_record_of_the_version_before_is_none(void **state)
{
    static const size_t counts[] = { 1, 7, 40, 90 };
    (void)state;

    for (size_t i = 0; i < KILLED; i++) {
        for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
            copy_killed(i);
            tear_log(counts[k]);
            expect_whole_and_going_on(i == WITH_COPIES);
        }
    }
}

/* CR-15: what it had acknowledged, and has lost, is missed by today's program too. */
static void
what_the_version_before_acknowledged_is_missed(void **state)
{
    char path[600], name[128];
    size_t size;
    acta_error error;
    acta_store *store;
    (void)state;

    for (size_t i = 0; i < KILLED; i++) {
        copy_killed(i);
        assert_true(find_file(copy, ".log", name, sizeof name));
        snprintf(path, sizeof path, "%s/%s", copy, name);
        free(read_file(path, &size));
        assert_int_equal(0, truncate(path, (off_t)size - 300));
        assert_int_equal(ACTA_CORRUPT, open_copy(false, &store, &error));
        assert_non_null(strstr(error.text, "the first missing position is "));
        assert_int_equal(ACTA_OK, open_copy(true, &store, &error)); /* to look at what is left */
        assert_in_range(acta_store_head(store), CLOSED, EVENTS - 1);
        acta_store_close(store);
    }
}

/* CR-15: read by today's program, it stays what it was, and can be read by the old one. */
static void
reading_upgrades_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < KILLED; i++) {
        size_t before, after;
        char path[600];
        copy_killed(i);
        snprintf(path, sizeof path, "%s/acta.mark", copy);
        uint8_t *mark = read_file(path, &before);
        acta_store *store = open_copy_ok(true);
        expect_all(store, EVENTS);
        acta_store_close(store);
        uint8_t *now = read_file(path, &after);
        assert_int_equal(before, after);
        assert_memory_equal(mark, now, before);
        free(mark);
        free(now);
        expect_whole_and_going_on(i == WITH_COPIES);
    }
}

static int
make_killed(const char *path)
{
    static const char *const kept[] = { "Account", NULL };
    const acta_store_config config = { .path = path, .keep_by_stream = kept };
    acta_store *store;
    acta_error error;

    for (uint64_t first = 1; first <= EVENTS; first += CLOSED) {
        assert_int_equal(ACTA_OK, acta_store_open(&config, &store, &error));
        for (uint64_t n = first; n < first + CLOSED; n++)
            append_next(store, n);
        if (first == 1) acta_store_close(store);
    }
    return kill(getpid(), SIGKILL);
}

int
main(void)
{
    if (getenv("ACTA_MAKE_GOLDEN") != NULL) return make_killed(getenv("ACTA_MAKE_GOLDEN"));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_killed_is_opened_by_the_next_version),
        cmocka_unit_test(a_torn_record_of_the_version_before_is_none),
        cmocka_unit_test(what_the_version_before_acknowledged_is_missed),
        cmocka_unit_test(reading_upgrades_nothing),
    };
    return cmocka_run_group_tests_name("upgrades", tests, make_scratch, remove_scratch);
}
