/*
 * See kept_fixture.h.
 */
#include "kept_fixture.h"

const char *const kept[] = { "Kept", "AlsoKept", NULL };

const char *const kept_streams[KEPT_STREAMS] = { "Kept-a", "Plain-b", "AlsoKept-c", "Kept-d" };

void
open_kept(fixture *f, const char *const *categories)
{
    f->config.keep_by_stream = categories;
    f->config.unsafe_no_sync =
        !f->memory; /* what a process leaves in its files is looked at, not what a power cut does */
    open_store_ok(f);
}

void
reopen(fixture *f)
{
    close_store(f);
    open_store_ok(f);
}

/* Event `version` of a stream has this payload, and is one of three types; some have tags, metadata and ids. */
void
kept_payload(char *room, size_t size, const char *stream, uint64_t version)
{
    snprintf(room, size, "%s is at %" PRIu64 " %.*s", stream, version, (int)(version % 40),
        "0123456789012345678901234567890123456789");
}

void
append_version(fixture *f, const char *stream, uint64_t version)
{
    static const char *const types[] = { "test.Opened", "test.Changed", "test.Closed" };
    char payload[128];
    acta_transaction *t = acta_transaction_create(f->store);
    acta_str tag = S("odd");

    kept_payload(payload, sizeof payload, stream, version);
    acta_event event = event_of(types[version % 3], payload);
    if (version % 2 == 1) event.tags = &tag;
    event.tag_count = version % 2;
    if (version % 5 == 0) event.metadata = B("five");
    if (version % 7 == 0) event.correlation_id.bytes[3] = (uint8_t)version;
    acta_transaction_append(t, acta_str_of(stream), version - 1, &event, 1);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}

void
append_turns(fixture *f, uint64_t from, uint64_t to)
{
    for (uint64_t version = from; version <= to; version++) {
        for (int i = 0; i < KEPT_STREAMS; i++)
            append_version(f, kept_streams[i], version);
    }
}

static void
expect_event(const acta_recorded *event, const char *stream, uint64_t version)
{
    char payload[128];

    kept_payload(payload, sizeof payload, stream, version);
    assert_int_equal(event->version, version);
    assert_int_equal(event->payload.size, strlen(payload));
    assert_memory_equal(event->payload.data, payload, event->payload.size);
    assert_int_equal(event->metadata.size, version % 5 == 0 ? 4 : 0);
    assert_int_equal(event->tags.size, version % 2 == 1 ? 4 : 0);
    assert_int_equal(event->correlation_id.bytes[3], version % 7 == 0 ? (uint8_t)version : 0);
    assert_int_equal(event->type.size, version % 3 == 1 ? strlen("test.Changed") : strlen("test.Closed"));
    assert_int_equal(event->stream.size, strlen(stream));
    assert_true(event->recorded_at_us > 0 && event->position > 0);
}

void
expect_stream(fixture *f, const char *stream, uint64_t first, uint64_t last)
{
    for (int backward = 0; backward < 2; backward++) {
        acta_read read = { .stream = acta_str_of(stream), .direction = backward ? ACTA_BACKWARD : ACTA_FORWARD };
        acta_cursor *cursor;
        acta_recorded event;
        assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
        for (uint64_t i = first; i <= last; i++) {
            if (acta_cursor_next(cursor, &event, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
            expect_event(&event, stream, backward ? last - (i - first) : i);
        }
        assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &event, &f->error));
        acta_cursor_close(cursor);
    }
    for (uint64_t version = first; version <= last; version += 17) {
        acta_read read = { .stream = acta_str_of(stream), .from = version, .count_max = 1 };
        acta_cursor *cursor;
        acta_recorded event;
        assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
        assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &f->error));
        expect_event(&event, stream, version);
        acta_cursor_close(cursor);
    }
}

void
expect_all(fixture *f, uint64_t last)
{
    for (int i = 0; i < KEPT_STREAMS; i++)
        expect_stream(f, kept_streams[i], 1, last);
}

void
expect_sound(fixture *f)
{
    acta_verify_report report;
    if (acta_store_verify(f->store, NULL, NULL, &report, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
}

uint64_t
copies_of(fixture *f)
{
    acta_verify_report report;
    assert_int_equal(ACTA_OK, acta_store_verify(f->store, NULL, NULL, &report, &f->error));
    return report.copies;
}

uint64_t
scrub(fixture *f, uint64_t count_max)
{
    uint64_t count;
    if (acta_store_scrub(f->store, count_max, &count, &f->error) != ACTA_OK) fail_msg("%s", f->error.text);
    return count;
}

void
remove_kept(fixture *f)
{
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_delete_stream(t, S("Kept-a"), ACTA_ANY_VERSION, ACTA_DELETE_HARD);
    acta_transaction_limit_stream(t, S("Kept-d"), &(acta_stream_limits){ .count_max = 70 });
    assert_int_equal(ACTA_OK, commit(f, t, NULL));
}
