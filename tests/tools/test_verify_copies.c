/*
 * acta verify on a store whose index has copies of events: one that isn't what the log has is found, whatever sums it has.
 *
 *     tools-verify_copies ACTA GOLDEN    the store of format 3 is GOLDEN-3; tests/store/test_golden_copies.c tells what is in it
 */
#include "verify_fixture.h"

#include "acta/crc.h"

enum { FRONT = 12, TYPE_COUNT = 2, COPIES = 4, TIMES_AT = FRONT + 12 * TYPE_COUNT, ENDS_AT = TIMES_AT + 8 * COPIES };
#define KEPT_A INDEX_KEY("\1", "\1")
static const uint8_t positions[COPIES] = { 1, 3, 4, 6 };

typedef struct changed {
    uint8_t bytes[4096];
    size_t size, records_at;
} changed;

static uint32_t
little_32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* The entry with copies of Kept-a. */
static changed
take_entry(fixture *f)
{
    changed c = { .size = 0 };
    raw_store raw = raw_open(f);
    char *said = NULL;
    char *value = rocksdb_get_cf(raw.db, raw.read_options, raw.families[INDEX], KEPT_A, &c.size, &said);

    assert_non_null(value);
    assert_true(c.size <= sizeof c.bytes);
    memcpy(c.bytes, value, c.size);
    rocksdb_free(value);
    raw_close(&raw);
    assert_int_equal(c.bytes[0], 3);
    assert_int_equal(c.bytes[1], TYPE_COUNT);
    assert_int_equal(c.bytes[2], COPIES);
    c.records_at = (size_t)ENDS_AT + 5 * (size_t)COPIES + little_32(c.bytes + 8);
    return c;
}

/* Put it back, with the sum of all before the records made right. */
static void
put_entry(fixture *f, changed *c)
{
    uint32_t crc = acta_crc32c(acta_crc32c(0, KEPT_A), c->bytes, 4);

    crc = acta_crc32c(crc, c->bytes + 8, c->records_at - 8);
    memcpy(c->bytes + 4, &crc, 4);
    put(f, INDEX, KEPT_A, c->bytes, c->size);
}

/* The last byte of copy `i` becomes another; `repair`: and so does its sum. */
static void
change_copy(changed *c, uint32_t i, bool repair)
{
    uint32_t from = i > 0 ? little_32(c->bytes + ENDS_AT + 4 * (size_t)(i - 1)) : 0,
             end = little_32(c->bytes + ENDS_AT + 4 * (size_t)i);
    uint8_t *record = c->bytes + c->records_at + from, position[8] = { positions[i] };

    record[end - from - 1] ^= 1;
    uint32_t crc = acta_crc32c(acta_crc32c(0, position, 8), record + 4, end - from - 4);
    if (repair) memcpy(record, &crc, 4);
}

static void
a_store_with_copies_is_sound(void **state)
{
    fixture *f = *state;

    run_verify(f);
    assert_int_equal(f->status, 0);
    expect_output(f, "index        8 events in 4 entries, 4 copies of events\n");
    expect_output(f, "verdict      sound\n");
}

static void
a_damaged_copy_is_found(void **state)
{
    fixture *f = *state;

    for (uint32_t i = 0; i < COPIES; i++) {
        changed c = take_entry(f), was = c;
        change_copy(&c, i, false);
        put_entry(f, &c);
        run_verify(f);
        expect_output(f, "damage: index: an entry of 16 and ");
        assert_int_equal(f->status, 1);
        put_entry(f, &was);
    }
}

/* Its own sum is right, and it isn't what the log has. */
static void
a_copy_of_something_else_is_found(void **state)
{
    fixture *f = *state;
    changed c = take_entry(f), was = c;

    change_copy(&c, 1, true);
    put_entry(f, &c);
    expect_damage(f, 1, "damage: position 3: its copy for version 2 of stream id 1 is another event");
    c = was;
    c.bytes[TIMES_AT + 8 * 3] ^= 1;
    put_entry(f, &c);
    expect_damage(f, 1, "damage: position 6: its copy for version 4 of stream id 1 is another event");
    c = was;
    c.bytes[FRONT + 5] ^= 1; /* the hash of a type that two of them have */
    put_entry(f, &c);
    expect_damage(f, 2, "damage: position 1: its copy for version 1 of stream id 1 is another event");
}

/* A scrub that lost its second half. */
static void
a_copy_of_a_removed_event_is_found(void **state)
{
    fixture *f = *state;
    uint8_t record[9] = { 0, 0, 0, 0, 0, 0, 3, 1, 'x' }, position[8] = { 5 };
    uint8_t entry[FRONT + 12 + 8 + 4 + 1 + 3 + sizeof record] = { 3, 1, 1, 0, 0, 0, 0, 0, 3 };
    uint8_t *runs = entry + FRONT + 12 + 8 + 4 + 1;
    uint32_t crc = acta_crc32c(acta_crc32c(0, position, 8), record + 4, sizeof record - 4);

    memcpy(record, &crc, 4);
    entry[FRONT + 12 + 8] = sizeof record;
    memcpy(runs, "\5\0\1", 3);
    memcpy(runs + 3, record, sizeof record);
    crc = acta_crc32c(acta_crc32c(0, INDEX_KEY("\3", "\1")), entry, 4);
    crc = acta_crc32c(crc, entry + 8, (size_t)(runs + 3 - entry) - 8);
    memcpy(entry + 4, &crc, 4);
    put(f, INDEX, INDEX_KEY("\3", "\1"), entry, sizeof entry);
    expect_damage(f, 1, "damage: position 5: the index has a copy of it, and it was removed");
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        on_copies(a_store_with_copies_is_sound),
        on_copies(a_damaged_copy_is_found),
        on_copies(a_copy_of_something_else_is_found),
        on_copies(a_copy_of_a_removed_event_is_found),
    };

    if (!verify_begin(argc, argv)) return 2;
    return cmocka_run_group_tests_name("acta verify, copies", tests, NULL, NULL);
}
