/*
 * What is appended: names and sizes at and behind their limits, and that all of it comes back. Cases ES-10 to ES-12 of the
 * catalogue.
 */
#include "fixture.h"

static acta_status
append_to(fixture *f, acta_str stream)
{
    acta_event event = event_of("test.Happened", "x");
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_append(t, stream, ACTA_ANY_VERSION, &event, 1);
    return commit(f, t, NULL);
}

/* ES-10: which names a stream may have. */
static void
names_out_of_range_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    char longest[ACTA_STREAM_NAME_MAX + 1];
    memset(longest, 'n', sizeof longest);
    const acta_str bad[] = { S(""), S("$all"), S("$x"), S("a\0b"), S("a\nb"), S("\x7f"), S("\xff\xfe"), S("\xc0\xaf"),
        S("\xed\xa0\x80"), acta_str_from(longest, sizeof longest), acta_str_from(NULL, 0) };
    const acta_str good[] = { S("a"), S("../up"), S("\xc3\xa4"), S("with space"),
        acta_str_from(longest, ACTA_STREAM_NAME_MAX) };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint64_t version;
        acta_cursor *cursor;
        assert_int_equal(ACTA_INVALID, append_to(f, bad[i]));
        assert_int_equal(ACTA_INVALID, acta_store_version(f->store, bad[i], &version, NULL));
        if (bad[i].data == NULL) continue; /* absent: the whole log */
        acta_read read = { .stream = bad[i] };
        assert_int_equal(ACTA_INVALID, acta_cursor_open(f->store, &read, &cursor, NULL));
    }
    assert_int_equal(acta_store_head(f->store), 0);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_int_equal(ACTA_OK, append_to(f, good[i]));
}

/* ES-10: a stream whose name begins with another's is another stream, in every read. */
static void
streams_with_a_common_beginning_do_not_mix(void **state)
{
    fixture *f = FIXTURE(state);
    static const char *const names[] = { "acc-1", "acc-10", "acc-1-", "acc", "a" };

    for (uint32_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < 5; i++) {
            for (size_t k = 0; k <= i; k++)
                append_ok(f, names[i], names[i]);
        }
    }
    for (size_t i = 0; i < 5; i++) {
        acta_read read = { .stream = acta_str_of(names[i]) };
        acta_cursor *cursor;
        acta_recorded event;
        assert_int_equal(count_stream(f, names[i]), 3 * (i + 1));
        assert_int_equal(version_of(f, names[i]), 3 * (i + 1));
        assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, NULL));
        while (acta_cursor_next(cursor, &event, NULL) == ACTA_OK) {
            assert_true(acta_str_equal(event.stream, acta_str_of(names[i])));
            assert_memory_equal(event.payload.data, names[i], strlen(names[i]));
        }
        acta_cursor_close(cursor);
    }
}

static acta_status
append_sized(fixture *f, const char *stream, const uint8_t *bytes, size_t payload_size, size_t metadata_size)
{
    acta_event event = { .type = S("test.Sized"),
        .payload = acta_bytes_from(bytes, payload_size),
        .metadata = acta_bytes_from(bytes, metadata_size) };
    acta_transaction *t = acta_transaction_create(f->store);

    acta_transaction_append(t, acta_str_of(stream), ACTA_NO_STREAM, &event, 1);
    return commit(f, t, NULL);
}

static void
expect_sized(fixture *f, const char *stream, const uint8_t *bytes, size_t payload_size, size_t metadata_size)
{
    acta_read read = { .stream = acta_str_of(stream) };
    acta_cursor *cursor;
    acta_recorded event;

    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &event, &f->error));
    assert_int_equal(event.payload.size, payload_size);
    assert_int_equal(event.metadata.size, metadata_size);
    assert_memory_equal(event.payload.data, bytes, payload_size);
    assert_memory_equal(event.metadata.data, bytes, metadata_size);
    assert_int_equal((uintptr_t)event.payload.data % 8, 0);
    acta_cursor_close(cursor);
}

/* ES-11: payloads and metadata of every size up to the limit come back; one byte more is refused. */
static void
payloads_up_to_the_limit_are_kept(void **state)
{
    fixture *f = FIXTURE(state);
    static const size_t sizes[] = { 0, 1, 7, 8, 9, 4095, 1 << 20, ACTA_PAYLOAD_MAX };
    uint8_t *bytes = malloc(ACTA_PAYLOAD_MAX + 1);
    for (size_t i = 0; i <= ACTA_PAYLOAD_MAX; i++)
        bytes[i] = (uint8_t)(i * 31 >> 3);

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char payload[32], metadata[32];
        snprintf(payload, sizeof payload, "payload-%zu", i);
        snprintf(metadata, sizeof metadata, "metadata-%zu", i);
        assert_int_equal(ACTA_OK, append_sized(f, payload, bytes, sizes[i], 3));
        assert_int_equal(ACTA_OK, append_sized(f, metadata, bytes, 5, sizes[i]));
        expect_sized(f, payload, bytes, sizes[i], 3);
        expect_sized(f, metadata, bytes, 5, sizes[i]);
    }
    assert_int_equal(ACTA_INVALID, append_sized(f, "too-much", bytes, ACTA_PAYLOAD_MAX + 1, 0));
    assert_int_equal(ACTA_INVALID, append_sized(f, "too-much", bytes, 0, ACTA_PAYLOAD_MAX + 1));
    assert_int_equal(version_of(f, "too-much"), 0);
    free(bytes);
}

/* ES-11: as many events as one transaction may have, and not one more. */
static void
a_hundred_thousand_events_are_one_transaction(void **state)
{
    fixture *f = FIXTURE(state);
    acta_commit_result result;

    assert_int_equal(ACTA_OK, append_many(f, "large", ACTA_NO_STREAM, ACTA_APPEND_COUNT_MAX, &result));
    assert_int_equal(result.last_position, ACTA_APPEND_COUNT_MAX);
    assert_int_equal(ACTA_INVALID, append_many(f, "larger", ACTA_NO_STREAM, ACTA_APPEND_COUNT_MAX + 1, NULL));
    assert_int_equal(count_log(f), ACTA_APPEND_COUNT_MAX);
}

/* A transaction of more bytes than one may have is refused as a whole. */
static void
too_many_bytes_are_refused(void **state)
{
    fixture *f = FIXTURE(state);
    uint8_t *bytes = calloc(1, ACTA_PAYLOAD_MAX);
    acta_event event = { .type = S("test.Sized"), .payload = acta_bytes_from(bytes, ACTA_PAYLOAD_MAX) };
    acta_transaction *t = acta_transaction_create(f->store);

    for (int i = 0; i < 4; i++)
        acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
    assert_int_equal(ACTA_INVALID, commit(f, t, NULL));
    assert_int_equal(acta_store_head(f->store), 0);
    free(bytes);
}

/* ES-12: what was given comes back byte by byte, and what was not given comes back as nothing. */
static void
all_of_an_event_comes_back(void **state)
{
    fixture *f = FIXTURE(state);
    acta_event given = { .type = S("bank.MoneyDeposited"),
        .schema_hash = UINT64_C(0x1122334455667788),
        .payload = B("pay\0load"),
        .metadata = B("meta"),
        .correlation_id = acta_id_of(S("correlation")),
        .causation_id = acta_id_of(S("causation")) };
    acta_event bare = { .type = S("bank.Bare") };
    acta_event events[2] = { given, bare };
    acta_transaction *t = acta_transaction_create(f->store);
    acta_read read = { .stream = S("account") };
    acta_cursor *cursor;
    acta_recorded e;
    acta_commit_result result;

    acta_transaction_append(t, S("account"), ACTA_NO_STREAM, events, 2);
    assert_int_equal(ACTA_OK, commit(f, t, &result));
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &read, &cursor, &f->error));
    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &e, &f->error));
    assert_int_equal(e.position, 1);
    assert_int_equal(e.version, 1);
    assert_true(acta_str_equal(e.stream, S("account")));
    assert_true(acta_str_equal(e.type, given.type));
    assert_int_equal(e.schema_hash, given.schema_hash);
    assert_int_equal(e.kind, ACTA_RECORD_EVENT);
    assert_int_equal(e.payload.size, 8);
    assert_memory_equal(e.payload.data, "pay\0load", 8);
    assert_int_equal(e.metadata.size, 4);
    assert_memory_equal(e.metadata.data, "meta", 4);
    assert_true(acta_id_equal(e.correlation_id, given.correlation_id));
    assert_true(acta_id_equal(e.causation_id, given.causation_id));
    assert_true(acta_id_is_none(e.command_id));
    acta_digest digest = acta_digest_of(&given.payload, 1);
    acta_digest found = acta_recorded_digest(&e);
    assert_memory_equal(found.bytes, digest.bytes, ACTA_DIGEST_SIZE);
    assert_true(e.recorded_at_us == result.recorded_at_us && e.recorded_at_us > 0);

    assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &e, &f->error));
    assert_true(acta_str_equal(e.type, bare.type));
    assert_int_equal(e.payload.size, 0);
    assert_int_equal(e.metadata.size, 0);
    assert_int_equal(e.schema_hash, 0);
    assert_true(acta_id_is_none(e.correlation_id) && acta_id_is_none(e.causation_id));
    assert_int_equal(ACTA_NOT_FOUND, acta_cursor_next(cursor, &e, &f->error));
    acta_cursor_close(cursor);
}

/* A payload that the caller writes in place is what is stored, with its digest. */
static void
a_reserved_payload_is_written_in_place(void **state)
{
    fixture *f = FIXTURE(state);
    acta_event event = { .type = S("test.Placed") };
    acta_transaction *t = acta_transaction_create(f->store);

    uint8_t *first = acta_transaction_reserve(t, S("s"), ACTA_NO_STREAM, &event, 11);
    assert_non_null(first);
    assert_int_equal((uintptr_t)first % 8, 0);
    event.payload = B("in between");
    acta_transaction_append(t, S("s"), ACTA_NO_STREAM, &event, 1);
    uint8_t *last = acta_transaction_reserve(t, S("t"), ACTA_NO_STREAM, &event, 3);
    memcpy(last, "end", 3);
    memcpy(first, "first place", 11);
    assert_int_equal(ACTA_OK, commit(f, t, NULL));

    const char *const expected[] = { "first place", "in between", "end" };
    acta_read all = { .count_max = 0 };
    acta_cursor *cursor;
    acta_recorded e;
    assert_int_equal(ACTA_OK, acta_cursor_open(f->store, &all, &cursor, &f->error));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(ACTA_OK, acta_cursor_next(cursor, &e, &f->error));
        assert_int_equal(e.payload.size, strlen(expected[i]));
        assert_memory_equal(e.payload.data, expected[i], e.payload.size);
        acta_digest digest = acta_digest_of(&e.payload, 1);
        acta_digest found = acta_recorded_digest(&e);
        assert_memory_equal(found.bytes, digest.bytes, ACTA_DIGEST_SIZE);
    }
    acta_cursor_close(cursor);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        on_store(names_out_of_range_are_refused),
        on_store(streams_with_a_common_beginning_do_not_mix),
        on_store(payloads_up_to_the_limit_are_kept),
        on_store(a_hundred_thousand_events_are_one_transaction),
        on_store(too_many_bytes_are_refused),
        on_store(all_of_an_event_comes_back),
        on_store(a_reserved_payload_is_written_in_place),
    };
    return run_on_engines("append data", tests);
}
