/*
 * CRC32C: known values, and that pieces give what the whole gives, at every offset and length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acta/crc.h"

/* The definition, a bit at a time: what any fast way must agree with. */
static uint32_t
crc_by_definition(const uint8_t *bytes, size_t size)
{
    uint32_t sum = UINT32_MAX;

    for (size_t i = 0; i < size; i++) {
        sum ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = (sum >> 1) ^ (0x82f63b78u & (0u - (sum & 1u)));
    }
    return ~sum;
}

/* RFC 3720, B.4, and the check value of the polynomial. */
static void
known_values_are_met(void **state)
{
    (void)state;
    uint8_t bytes[32];

    assert_int_equal(acta_crc32c(0, "123456789", 9), 0xe3069283u);
    assert_int_equal(acta_crc32c(0, NULL, 0), 0);
    memset(bytes, 0, sizeof bytes);
    assert_int_equal(acta_crc32c(0, bytes, sizeof bytes), 0x8a9136aau);
    memset(bytes, 0xff, sizeof bytes);
    assert_int_equal(acta_crc32c(0, bytes, sizeof bytes), 0x62a8ab43u);
    for (uint8_t i = 0; i < 32; i++)
        bytes[i] = i;
    assert_int_equal(acta_crc32c(0, bytes, sizeof bytes), 0x46dd794eu);
}

static void
every_offset_and_length_agrees_with_the_definition(void **state)
{
    (void)state;
    uint8_t bytes[80];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    for (size_t from = 0; from < 9; from++) {
        for (size_t size = 0; from + size <= sizeof bytes; size++)
            assert_int_equal(acta_crc32c(0, bytes + from, size), crc_by_definition(bytes + from, size));
    }
}

static void
pieces_give_what_the_whole_gives(void **state)
{
    (void)state;
    uint8_t bytes[67];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 91 + 3);
    uint32_t whole = acta_crc32c(0, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        uint32_t sum = acta_crc32c(0, bytes, cut);
        assert_int_equal(acta_crc32c(sum, bytes + cut, sizeof bytes - cut), whole);
    }
}

/* A checksum that misses a single flipped bit is none. */
static void
each_flipped_bit_changes_the_sum(void **state)
{
    (void)state;
    uint8_t bytes[48] = { 1, 2, 3 };
    uint32_t right = acta_crc32c(0, bytes, sizeof bytes);

    for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_int_not_equal(acta_crc32c(0, bytes, sizeof bytes), right);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values_are_met),
        cmocka_unit_test(every_offset_and_length_agrees_with_the_definition),
        cmocka_unit_test(pieces_give_what_the_whole_gives),
        cmocka_unit_test(each_flipped_bit_changes_the_sum),
    };
    return cmocka_run_group_tests_name("crc", tests, NULL, NULL);
}
