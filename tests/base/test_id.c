/*
 * Ids and digests: the same for the same, written and read back, bad text refused, parts that can't run together.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "acta/id.h"

static void
equal_names_give_equal_ids_and_others_don_t(void **state)
{
    (void)state;
    assert_true(acta_id_equal(acta_id_of(acta_str_of("payment-17")), acta_id_of(acta_str_of("payment-17"))));
    assert_false(acta_id_equal(acta_id_of(acta_str_of("payment-17")), acta_id_of(acta_str_of("payment-18"))));
    assert_false(acta_id_is_none(acta_id_of(acta_str_of(""))));
    assert_true(acta_id_is_none((acta_id){ { 0 } }));
}

/* Ids are kept in logs for years: this one must never change. BLAKE2b of 16 bytes of "abc", by the reference code. */
static void
the_id_of_a_name_is_blake2b(void **state)
{
    (void)state;
    char text[ACTA_ID_TEXT_SIZE];

    assert_string_equal(acta_id_format(acta_id_of(acta_str_of("abc")), text), "cf4ab791-c62b-8d2b-2109-c90275287816");
}

static void
a_written_id_is_read_back(void **state)
{
    (void)state;
    acta_environment environment = acta_environment_or_default(NULL);
    char text[ACTA_ID_TEXT_SIZE];
    acta_error error;

    for (int i = 0; i < 1000; i++) {
        acta_id back, id = acta_id_random(&environment.random);
        assert_int_equal(strlen(acta_id_format(id, text)), ACTA_ID_TEXT_SIZE - 1);
        assert_int_equal(acta_id_parse(acta_str_of(text), &back, &error), ACTA_OK);
        assert_true(acta_id_equal(id, back));
        assert_true((id.bytes[6] & 0xf0) == 0x40 && (id.bytes[8] & 0xc0) == 0x80);
    }
}

static void
what_is_no_id_is_refused_and_nothing_written(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "cf4ab791", "cf4ab791-c62b-8d2b-2109-c9027528781",
        "cf4ab791-c62b-8d2b-2109-c902752878166", "cf4ab791xc62b-8d2b-2109-c90275287816",
        "cf4ab791-c62b-8d2b-2109-c9027528781g", "cf4ab791c62b-8d2b-2109-c902752878-16" };
    acta_error error;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        acta_id id = { { 7 } };
        assert_int_equal(acta_id_parse(acta_str_of(bad[i]), &id, &error), ACTA_INVALID);
        assert_int_equal(id.bytes[0], 7);
        assert_non_null(strstr(error.text, "expected 8-4-4-4-12"));
    }
    acta_id id;
    assert_int_equal(acta_id_parse(acta_str_of(NULL), &id, NULL), ACTA_INVALID);
}

static void
parts_of_a_digest_can_t_run_into_each_other(void **state)
{
    (void)state;
    acta_bytes ab_c[] = { acta_bytes_from("ab", 2), acta_bytes_from("c", 1) };
    acta_bytes a_bc[] = { acta_bytes_from("a", 1), acta_bytes_from("bc", 2) };
    acta_bytes abc[] = { acta_bytes_from("abc", 3) };
    acta_digest first = acta_digest_of(ab_c, 2), again = acta_digest_of(ab_c, 2);
    acta_digest second = acta_digest_of(a_bc, 2), third = acta_digest_of(abc, 1), none = acta_digest_of(NULL, 0);

    assert_memory_equal(&first, &again, sizeof first);
    assert_memory_not_equal(&first, &second, sizeof first);
    assert_memory_not_equal(&first, &third, sizeof first);
    assert_memory_not_equal(&none, &third, sizeof none);
}

/* Of each part its length and its bytes, in however many pieces they are handed on. */
static void
a_digest_is_blake2b_of_lengths_and_parts(void **state)
{
    static const size_t sizes[] = { 0, 1, 7, 100, 127, 128, 240, 247, 248, 249, 255, 256, 257, 511, 512, 3000 };
    enum { COUNT = sizeof sizes / sizeof sizes[0] };
    static uint8_t bytes[3000];
    (void)state;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 256);
    for (size_t i = 0; i < COUNT * COUNT; i++) {
        const acta_bytes parts[] = { acta_bytes_from(bytes, sizes[i / COUNT]), acta_bytes_from(bytes, sizes[i % COUNT]),
            acta_bytes_from(bytes, 9) };
        crypto_generichash_state hash;
        uint8_t expected[ACTA_DIGEST_SIZE];

        crypto_generichash_init(&hash, NULL, 0, sizeof expected);
        for (size_t part = 0; part < 3; part++) {
            uint8_t length[8] = { 0 };
            for (size_t k = 0; k < 8; k++)
                length[k] = (uint8_t)(parts[part].size >> 8 * k);
            crypto_generichash_update(&hash, length, sizeof length);
            crypto_generichash_update(&hash, parts[part].data, parts[part].size);
        }
        crypto_generichash_final(&hash, expected, sizeof expected);
        acta_digest digest = acta_digest_of(parts, 3);
        assert_memory_equal(digest.bytes, expected, sizeof expected);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_names_give_equal_ids_and_others_don_t),
        cmocka_unit_test(the_id_of_a_name_is_blake2b),
        cmocka_unit_test(a_written_id_is_read_back),
        cmocka_unit_test(what_is_no_id_is_refused_and_nothing_written),
        cmocka_unit_test(parts_of_a_digest_can_t_run_into_each_other),
        cmocka_unit_test(a_digest_is_blake2b_of_lengths_and_parts),
    };
    return cmocka_run_group_tests_name("id", tests, NULL, NULL);
}
