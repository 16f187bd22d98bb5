/*
 * Events that tell their own place, and the check of them. See damage.h.
 */
#include "damage.h"

const char *
payload_of(uint64_t position, char *room, size_t size)
{
    snprintf(room, size, "event %" PRIu64 " of the store, with some bytes to hit: 0123456789", position);
    return room;
}

void
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

void
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
