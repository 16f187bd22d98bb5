/*
 * Metadata of streams: versions of their own, conditions on these, and what becomes of them. On every engine.
 */
#include "fixture.h"

static acta_status
set(fixture *f, const char *stream, uint64_t expected, const char *metadata)
{
    acta_transaction *t = acta_transaction_create(f->store);
    acta_transaction_stream_metadata(t, acta_str_of(stream), expected, acta_str_bytes(acta_str_of(metadata)));
    return commit(f, t, NULL);
}

static void
expect(fixture *f, const char *stream, uint64_t expected_version, const char *expected)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes metadata;
    uint64_t version;

    if (acta_store_stream_metadata(f->store, acta_str_of(stream), memory, &metadata, &version, &f->error) != ACTA_OK)
        fail_msg("%s", f->error.text);
    assert_int_equal(version, expected_version);
    assert_int_equal(metadata.size, strlen(expected));
    if (metadata.size > 0) assert_memory_equal(metadata.data, expected, metadata.size);
    acta_memory_destroy(memory);
}

/* Every expectation against a stream without metadata, and with two versions of them; the events' versions stay. */
static void
each_expectation_is_held_against_each_state(void **state)
{
    static const struct {
        uint64_t expected;
        acta_status none, two;
    } table[] = {
        { ACTA_ANY_VERSION, ACTA_OK, ACTA_OK },
        { ACTA_NO_STREAM, ACTA_OK, ACTA_CONFLICT },
        { ACTA_STREAM_EXISTS, ACTA_CONFLICT, ACTA_OK },
        { 1, ACTA_CONFLICT, ACTA_CONFLICT },
        { 2, ACTA_CONFLICT, ACTA_OK },
        { 3, ACTA_CONFLICT, ACTA_CONFLICT },
    };
    fixture *f = FIXTURE(state);

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        char none[16], two[16];
        snprintf(none, sizeof none, "none-%zu", i);
        snprintf(two, sizeof two, "two-%zu", i);
        append_ok(f, none, "x");
        append_ok(f, two, "x");
        expect(f, none, 0, "");
        assert_int_equal(ACTA_OK, set(f, two, ACTA_NO_STREAM, "first"));
        assert_int_equal(ACTA_OK, set(f, two, 1, "second"));

        assert_int_equal(table[i].none, set(f, none, table[i].expected, "new"));
        expect(f, none, table[i].none == ACTA_OK ? 1 : 0, table[i].none == ACTA_OK ? "new" : "");
        assert_int_equal(table[i].two, set(f, two, table[i].expected, "new"));
        if (table[i].two != ACTA_OK) assert_int_equal(f->error.actual_version, 2);
        expect(f, two, table[i].two == ACTA_OK ? 3 : 2, table[i].two == ACTA_OK ? "new" : "second");
        assert_int_equal(version_of(f, two), 1);
    }
    assert_int_equal(ACTA_CONFLICT, set(f, "two-0", 7, "x"));
    assert_string_equal(f->error.text, "the metadata of stream 'two-0' are at version 3, version 7 was expected");
}

/* They survive a restart and a power cut, are empty or as large as they may be, and not one byte larger. */
static void
metadata_are_kept(void **state)
{
    fixture *f = FIXTURE(state);
    char *large = calloc(1, ACTA_STREAM_METADATA_MAX + 2);

    memset(large, 'm', ACTA_STREAM_METADATA_MAX + 1);
    append_ok(f, "a", "x");
    append_ok(f, "b", "x");
    assert_int_equal(ACTA_INVALID, set(f, "a", ACTA_NO_STREAM, large));
    large[ACTA_STREAM_METADATA_MAX] = '\0';
    assert_int_equal(ACTA_OK, set(f, "a", ACTA_NO_STREAM, large));
    assert_int_equal(ACTA_OK, set(f, "b", ACTA_NO_STREAM, "something"));
    assert_int_equal(ACTA_OK, set(f, "b", 1, ""));
    for (int i = 0; i < 2; i++) {
        expect(f, "a", 1, large);
        expect(f, "b", 2, "");
        if (i == 0) {
            crash_store(f);
            open_store_ok(f);
        }
    }
    assert_int_equal(ACTA_CONFLICT, set(f, "a", ACTA_NO_STREAM, "x")); /* asked of the disk, not of memory */
    assert_int_equal(ACTA_OK, set(f, "a", 1, "x"));
    expect(f, "a", 2, "x");
    free(large);
}

/* No stream, no metadata; softly deleted: they can be read and not set; deleted for good: gone, and begun anew. */
static void
metadata_go_with_their_stream(void **state)
{
    fixture *f = FIXTURE(state);
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes metadata;

    assert_int_equal(ACTA_NOT_FOUND, set(f, "a", ACTA_NO_STREAM, "x"));
    assert_int_equal(ACTA_NOT_FOUND, acta_store_stream_metadata(f->store, S("a"), memory, &metadata, NULL, &f->error));
    assert_string_equal(f->error.text, "there is no stream 'a'");
    append_ok(f, "a", "x");
    assert_int_equal(ACTA_OK, set(f, "a", ACTA_NO_STREAM, "mine"));
    for (int how = 0; how < 2; how++) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_delete_stream(t, S("a"), ACTA_ANY_VERSION, how == 0 ? ACTA_DELETE_SOFT : ACTA_DELETE_HARD);
        assert_int_equal(ACTA_OK, commit(f, t, NULL));
        if (how == 0) {
            expect(f, "a", 1, "mine");
            assert_int_equal(ACTA_DELETED, set(f, "a", 1, "x"));
        }
    }
    assert_int_equal(ACTA_NOT_FOUND, acta_store_stream_metadata(f->store, S("a"), memory, &metadata, NULL, &f->error));
    append_ok(f, "a", "y");
    expect(f, "a", 0, "");
    assert_int_equal(ACTA_OK, set(f, "a", ACTA_NO_STREAM, "new"));
    expect(f, "a", 1, "new");
    acta_memory_destroy(memory);
}

/* In one transaction with events and other conditions: all or nothing; two sets follow one another. */
static void
metadata_change_with_the_transaction(void **state)
{
    fixture *f = FIXTURE(state);
    const acta_event event = event_of("test.Happened", "x");

    append_ok(f, "a", "x");
    for (int wrong = 1; wrong >= 0; wrong--) {
        acta_transaction *t = acta_transaction_create(f->store);
        acta_transaction_stream_metadata(t, S("a"), ACTA_NO_STREAM, B("one"));
        acta_transaction_stream_metadata(t, S("a"), ACTA_ANY_VERSION, B("two"));
        acta_transaction_append(t, S("a"), wrong ? 9 : 1, &event, 1);
        assert_int_equal(wrong ? ACTA_CONFLICT : ACTA_OK, commit(f, t, NULL));
        expect(f, "a", wrong ? 0 : 2, wrong ? "" : "two");
    }
    assert_int_equal(version_of(f, "a"), 2);
    assert_int_equal(count_log(f), 4);
    assert_int_equal(count_stream(f, "$streams"), 2); /* each version is in the log */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(each_expectation_is_held_against_each_state),
        on_manual_store(metadata_are_kept),
        on_store(metadata_go_with_their_stream),
        on_store(metadata_change_with_the_transaction),
    };
    return run_on_engines("stream metadata", tests);
}
