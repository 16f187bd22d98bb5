/*
 * Views: equality, and what is UTF-8, against a decoder that follows the definition.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acta/str.h"

static void
absent_and_empty_are_equal_and_told_apart_by_data(void **state)
{
    (void)state;
    assert_true(acta_str_equal(acta_str_of(NULL), acta_str_of("")));
    assert_null(acta_str_of(NULL).data);
    assert_non_null(acta_str_of("").data);
    assert_true(acta_str_equal(acta_str_of("ab"), acta_str_from("abc", 2)));
    assert_false(acta_str_equal(acta_str_of("ab"), acta_str_of("ac")));
    assert_false(acta_str_equal(acta_str_of("ab"), acta_str_of("abc")));
}

/* One code point by the definition: 0 when these bytes are none, or more than one. */
static int
decodes(const uint8_t *b, size_t size)
{
    uint32_t point;

    if (size == 1) return b[0] != 0 && b[0] < 0x80;
    for (size_t i = 1; i < size; i++)
        if ((b[i] & 0xc0) != 0x80) return 0;
    if (size == 2 && (b[0] & 0xe0) == 0xc0)
        point = (uint32_t)(b[0] & 0x1f) << 6 | (b[1] & 0x3fu);
    else if (size == 3 && (b[0] & 0xf0) == 0xe0)
        point = (uint32_t)(b[0] & 0x0f) << 12 | (b[1] & 0x3fu) << 6 | (b[2] & 0x3fu);
    else if (size == 4 && (b[0] & 0xf8) == 0xf0)
        point = (uint32_t)(b[0] & 0x07) << 18 | (b[1] & 0x3fu) << 12 | (b[2] & 0x3fu) << 6 | (b[3] & 0x3fu);
    else
        return 0;
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    return point >= least[size] && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
}

/* All sequences of two and three bytes that aren't split, and the edges of those of four. */
static void
utf8_is_what_the_definition_says(void **state)
{
    (void)state;
    uint8_t b[4];

    for (unsigned i = 0; i < 256; i++) {
        b[0] = (uint8_t)i;
        assert_true(acta_str_is_utf8(acta_str_from(b, 1)) == (decodes(b, 1) != 0));
        for (unsigned k = 0; k < 256; k++) {
            b[1] = (uint8_t)k;
            int two = decodes(b, 2) || (decodes(b, 1) && decodes(b + 1, 1));
            assert_true(acta_str_is_utf8(acta_str_from(b, 2)) == (two != 0));
        }
    }
    for (unsigned i = 0xe0; i < 0xf8; i++) {
        for (unsigned k = 0; k < 256; k++) {
            static const uint8_t last[] = { 0x00, 0x41, 0x7f, 0x80, 0xbf, 0xc0, 0xff };
            b[0] = (uint8_t)i;
            b[1] = (uint8_t)k;
            for (size_t x = 0; x < sizeof last; x++) {
                b[2] = last[x];
                if (i < 0xf0) assert_true(acta_str_is_utf8(acta_str_from(b, 3)) == (decodes(b, 3) != 0));
                for (size_t y = 0; y < sizeof last; y++) {
                    b[3] = last[y];
                    if (i >= 0xf0) assert_true(acta_str_is_utf8(acta_str_from(b, 4)) == (decodes(b, 4) != 0));
                }
            }
        }
    }
}

static void
a_sequence_that_is_cut_at_the_end_is_refused(void **state)
{
    (void)state;
    assert_true(acta_str_is_utf8(acta_str_of("na\xc3\xafve \xe2\x82\xac \xf0\x9f\x92\xb0")));
    assert_true(acta_str_is_utf8(acta_str_of("")));
    assert_true(acta_str_is_utf8(acta_str_of(NULL)));
    assert_false(acta_str_is_utf8(acta_str_from("\xf0\x9f\x92", 3)));
    assert_false(acta_str_is_utf8(acta_str_from("ab\xc3", 3)));

    /* Long ones are looked at in words: a bad byte at each place, and a good character across each border. */
    for (size_t size = 1; size < 40; size++) {
        static const char bad[] = { 0, '\x80', '\xff', '\xc3' };
        for (size_t at = 0; at < size * sizeof bad; at++) {
            char text[40];
            memset(text, at % 2 == 0 ? 'a' : '\x7f', size);
            assert_true(acta_str_is_utf8(acta_str_from(text, size)));
            text[at / sizeof bad] = bad[at % sizeof bad];
            assert_false(acta_str_is_utf8(acta_str_from(text, size)));
            if (at / sizeof bad + 3 <= size) memcpy(text + at / sizeof bad, "\xe2\x82\xac", 3);
            assert_true(acta_str_is_utf8(acta_str_from(text, size)) == (at / sizeof bad + 3 <= size));
        }
    }
    assert_false(acta_str_is_utf8(acta_str_from("a\0b", 3)));
}

static void
control_characters_are_those_of_one_byte_and_of_two(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        const uint8_t one[] = { (uint8_t)i, 'a' }, two[] = { 0xc2, (uint8_t)i }, other[] = { 0xc3, (uint8_t)i };
        assert_int_equal(acta_str_control(acta_str_from(one, 2)), i < 0x20 || i == 0x7f ? 1 : 0);
        assert_int_equal(acta_str_control(acta_str_from(two, 2)), i >= 0x80 && i < 0xa0 ? 2 : 0);
        assert_int_equal(acta_str_control(acta_str_from(two, 1)), 0);
        assert_int_equal(acta_str_control(acta_str_from(other, 2)), 0);
    }
    assert_int_equal(acta_str_control(acta_str_of("")), 0);
    assert_int_equal(acta_str_control(acta_str_of(NULL)), 0);
}

/* Each byte at each place of names of each size, in front of characters of two bytes as well. */
static void
a_name_is_utf8_without_control_characters(void **state)
{
    (void)state;
    for (size_t size = 1; size < 28; size++) {
        for (size_t at = 0; at < size * 256; at++) {
            char text[30];
            uint8_t byte = (uint8_t)(at % 256);
            memset(text, at % 3 == 0 ? ' ' : '~', size);
            text[at / 256] = (char)byte;
            assert_true(acti_str_is_name(acta_str_from(text, size)) == (byte >= 0x20 && byte < 0x7f));
            memcpy(text + size, "\xc3\xa9", 2);
            assert_true(acti_str_is_name(acta_str_from(text, size + 2)) == (byte >= 0x20 && byte < 0x7f));
            assert_false(acti_str_is_name(acta_str_from(text, size + 1)));
        }
    }
    assert_true(acti_str_is_name(acta_str_of("na\xc3\xafve \xe2\x82\xac")));
}

static void
the_last_part_of_a_name(void **state)
{
    (void)state;
    assert_true(acta_str_equal(acta_str_after_last(acta_str_of("shop.v1.Cart"), '.'), acta_str_of("Cart")));
    assert_true(acta_str_equal(acta_str_after_last(acta_str_of("Cart"), '.'), acta_str_of("Cart")));
    assert_int_equal(acta_str_after_last(acta_str_of("shop."), '.').size, 0);
    assert_null(acta_str_after_last(acta_str_of(NULL), '.').data);
}

static const char *
nearest_of_three(const char *asked)
{
    acta_nearest nearest = acta_nearest_to(acta_str_of(asked));

    acta_nearest_offer(&nearest, acta_str_of("Withdraw"));
    acta_nearest_offer(&nearest, acta_str_of("Deposit"));
    acta_nearest_offer(&nearest, acta_str_of("Deposits"));
    return nearest.word.data;
}

static void
the_word_that_was_meant(void **state)
{
    (void)state;
    assert_string_equal(nearest_of_three("Depsit"), "Deposit");
    assert_string_equal(nearest_of_three("Deposit"), "Deposit");
    assert_string_equal(nearest_of_three("Depositss"), "Deposits");
    assert_string_equal(nearest_of_three("Wit"), "Withdraw"); /* by its beginning */
    assert_string_equal(nearest_of_three("Wxthxrxx"), "Withdraw");
    assert_null(nearest_of_three("Wxtxxrxxx"));
    assert_null(nearest_of_three("Wi"));
    assert_null(nearest_of_three(""));
    assert_null(nearest_of_three(NULL));
}

/* By the definition, for texts of each size that it takes. */
static void
a_distance_is_counted_in_bytes(void **state)
{
    char text[ACTA_STR_DISTANCE_BYTES_MAX + 1];

    (void)state;
    memset(text, 'a', sizeof text);
    assert_int_equal(acta_str_distance(acta_str_of("kitten"), acta_str_of("sitting")), 3);
    assert_int_equal(acta_str_distance(acta_str_of(NULL), acta_str_of("abc")), 3);
    for (size_t size = 0; size < sizeof text; size++) {
        assert_int_equal(acta_str_distance(acta_str_from(text, size), acta_str_of("")), size);
        assert_int_equal(
            acta_str_distance(acta_str_from(text, size), acta_str_from(text, sizeof text - 1)), sizeof text - 1 - size);
    }
    assert_true(acta_str_distance(acta_str_from(text, sizeof text), acta_str_of("a")) == SIZE_MAX);
    assert_true(acta_str_distance(acta_str_of("a"), acta_str_from(text, sizeof text)) == SIZE_MAX);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_and_empty_are_equal_and_told_apart_by_data),
        cmocka_unit_test(utf8_is_what_the_definition_says),
        cmocka_unit_test(a_sequence_that_is_cut_at_the_end_is_refused),
        cmocka_unit_test(control_characters_are_those_of_one_byte_and_of_two),
        cmocka_unit_test(a_name_is_utf8_without_control_characters),
        cmocka_unit_test(the_last_part_of_a_name),
        cmocka_unit_test(the_word_that_was_meant),
        cmocka_unit_test(a_distance_is_counted_in_bytes),
    };
    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
