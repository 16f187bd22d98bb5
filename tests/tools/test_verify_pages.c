/*
 * acta verify on a store of pages: what is damaged in them, in their chain, or in the index of them, is found.
 *
 *     tools-verify_pages ACTA GOLDEN    the store of format 2 is GOLDEN-2
 */
#include "verify_fixture.h"

#include "acta/crc.h"

/* Put other bytes into the page of four events at position 1; its sums are made right again, of the front alone. */
static void
change_page(fixture *f, size_t at, const void *bytes, size_t count)
{
    raw_store raw = raw_open(f);
    char *said = NULL;
    size_t size;
    char *value = rocksdb_get_cf(raw.db, raw.read_options, raw.families[LOG], LOG_KEY("\1"), &size, &said);

    assert_non_null(value);
    assert_true(at + count <= size);
    memcpy(value + at, bytes, count);
    uint32_t crc = acta_crc32c(0, value + 4, 64 + 2 * 12 + 4 * 2 - 4);
    memcpy(value, &crc, 4);
    rocksdb_put_cf(raw.db, raw.write_options, raw.families[LOG], LOG_KEY("\1"), value, size, &said);
    assert_null(said);
    rocksdb_free(value);
    raw_close(&raw);
}

static void
a_store_of_pages_is_sound_and_shows_its_chain(void **state)
{
    fixture *f = *state;

    run_verify(f);
    assert_int_equal(f->status, 0);
    expect_output(f, "events       8, of which 2 stubs; 96 bytes of payload\n");
    expect_output(f, "index        8 events in 5 entries\n");
    expect_output(f, "\nchain        ");
    expect_output(f, "verdict      sound\n");
}

static void
damage_in_pages_is_found(void **state)
{
    fixture *f = *state;
    static const struct {
        size_t at;
        const char *text;
    } cases[] = {
        { 0, "damage: position 1: the checksum of its page's front" },
        { 4, "damage: position 1: a page of " },
        { 8, "damage: position 1: format 3, this program knows 1 and 2" },
        { 40, "damage: position 1: the checksum of its page's front" },
        { 100, "damage: position 1: its checksum" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        flip(f, LOG, LOG_KEY("\1"), cases[i].at, false);
        run_verify(f);
        expect_output(f, cases[i].text);
        assert_int_equal(f->status, 1);
        flip(f, LOG, LOG_KEY("\1"), cases[i].at, false);
    }
    change_page(f, 32, "another value of the chain ", 27);
    run_verify(f);
    expect_output(f, "damage: positions 1 to 4: the chain is broken");
    expect_output(f, "damage: positions 5 to 7: the chain is broken");
    assert_int_equal(count_damage(f), 2);
}

/* What a forger would do who knows every checksum: the chain alone tells. */
static void
a_forged_time_is_found_by_the_chain(void **state)
{
    fixture *f = *state;

    change_page(f, 24, "\1", 1);
    expect_damage(f, 1, "damage: positions 1 to 4: the chain is broken");
}

static void
an_index_of_pages_out_of_line_is_found(void **state)
{
    fixture *f = *state;

    put(f, INDEX, INDEX_KEY("\1", "\4"), "\2\5\2\1", 4);
    expect_damage(f, 1, "position 6: the index has another position for version 4 of stream id 1");
    put(f, INDEX, INDEX_KEY("\1", "\4"), "\2\5", 2);
    run_verify(f);
    expect_output(f, "position 6: the index has nothing for version 4 of stream id 1");
    expect_output(f, "damage: index: an entry of 16 and 2 bytes");
    assert_int_equal(f->status, 1);
}

int
main(int argc, char **argv)
{
    if (!verify_begin(argc, argv)) return 2;
    const struct CMUnitTest tests[] = {
        on_pages(a_store_of_pages_is_sound_and_shows_its_chain),
        on_pages(damage_in_pages_is_found),
        on_pages(a_forged_time_is_found_by_the_chain),
        on_pages(an_index_of_pages_out_of_line_is_found),
    };
    return cmocka_run_group_tests_name("acta verify on pages", tests, NULL, NULL);
}
