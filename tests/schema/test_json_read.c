/*
 * JSON into structs: what is plain is read without the official parser, and whatever the text is, the struct or the refusal is
 * the one that the parser gives.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kinds.acta.h"
#include "shop.acta.h"
#include "values.h"

static const char *const numbers[] = { "0", "1", "7", "127", "128", "-128", "-129", "255", "256", "32767", "32768",
    "-32768", "-32769", "65535", "65536", "2147483647", "2147483648", "-2147483648", "-2147483649", "4294967295",
    "4294967296", "999999999999999999", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "-9223372036854775809", "18446744073709551615", "18446744073709551616", "-0", "00", "01", "-01", "-", "+1", "1.",
    "1.0", "1.5", "1e2", ".5", "0x10", "1 2", "1a", "\"1\"", "\"\"", "null", "true", "false", "tru", "truefalse", "[]",
    "[1]", "{}", "", " 1 ", "nan", "\"silk\"", "silk" };
static const char *const texts[] = { "{\"sku\":\"a\"}", " \t\r\n{ \"sku\" : \"a\" , \"count\" : 12 } \n",
    "{\"sku\":\"\"}", "{\"sku\":\"a b\"}", "{\"sku\":\"gr\xc3\xbc\xc3\x9f\"}", "{\"sku\":\"\xff\"}",
    "{\"sku\":\"\xed\xa0\x80\"}", "{\"sku\":\"a\\nb\"}", "{\"sku\":\"a\\u0000b\"}", "{\"sku\":\"a\nb\"}",
    "{\"sku\":\"\x7f\"}", "{\"sku\":\"a\"", "{\"sku\":\"a", "{\"sku\":\"a\"}}", "{\"sku\":\"a\"} 5", "{\"sku\":\"a\",}",
    "{,\"sku\":\"a\"}", "{\"sku\" \"a\"}", "{\"sku\":}", "{\"sku\"}", "{sku:\"a\"}", "{\"sku\":a}", "{\"sku\":null}",
    "{\"sku\":5}", "{\"sku\":\"a\",\"sku\":\"b\"}", "{\"sku\":\"a\",\"other\":1}", "{\"s\\u006bu\":\"a\"}",
    "{\"SKU\":\"a\"}", "{\"count\":1}", "{}", "{ }", "", " ", "5", "[]", "{\"sku\":\"a\"}//", "/**/{\"sku\":\"a\"}",
    "{\"sku\":\"a\",\"tags\":[]}", "{\"sku\":\"a\",\"parts\":[{\"sku\":\"b\"}]}", "\xef\xbb\xbf{\"sku\":\"a\"}",
    "{\"sku\":\"a\" \"count\":1}", "{\"sku\":\"a\",\"count\":1,\"count\":1}", "{'sku':\"a\"}", "{\"sku\":\"a\"}\f" };

/* What the official parser makes of it, and what we do: the same struct, or the same words. True: a struct. */
static bool
both_agree(const acta_table *table, acta_str text, bool *is_plain_out)
{
    acta_memory *memory = acta_memory_create(NULL), *ours = acta_memory_create(NULL);
    char official[ACTA_STRUCT_SIZE_MAX], value[ACTA_STRUCT_SIZE_MAX];
    acta_error error = { .text = "" }, refusal = { .text = "" };
    acta_bytes buffer;

    acta_status status = acta_json_parse(table, text, memory, &buffer, &error);
    acta_status given = acta_json_read(table, text, ours, value, &refusal);
    if (given != status || strcmp(error.text, refusal.text) != 0) fprintf(stderr, "of " ACTA_FMT "\n", ACTA_ARG(text));
    assert_int_equal(given, status);
    assert_string_equal(refusal.text, error.text);
    assert_string_equal(refusal.where, error.where);
    *is_plain_out = given == ACTA_OK && acta_memory_used(ours) == 0;
    if (status == ACTA_OK) {
        table->read(buffer, official);
        acta_bytes wanted = values_write(table, official, memory), written = values_write(table, value, memory);
        if (!values_equal(written, wanted)) fprintf(stderr, "of " ACTA_FMT "\n", ACTA_ARG(text));
        assert_true(values_equal(written, wanted));
    }
    acta_memory_destroy(memory);
    acta_memory_destroy(ours);
    return status == ACTA_OK;
}

static void
texts_are_read_or_refused_as_the_official_parser_does(void **state)
{
    (void)state;
    bool is_plain;

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        both_agree(&shop_Line_table, S(texts[i]), &is_plain);
        both_agree(&shop_Nothing_table, S(texts[i]), &is_plain);
        both_agree(&shop_Everything_table, S(texts[i]), &is_plain);
    }
    both_agree(&shop_Line_table, acta_str_from(NULL, 0), &is_plain);
    both_agree(&shop_Line_table, acta_str_from("{\"sku\":\"a\0\"}", 11), &is_plain);
    both_agree(&shop_Line_table, acta_str_from("{\"sku\":\"a\"}\0", 12), &is_plain);
}

static void
numbers_are_read_or_refused_as_the_official_parser_does(void **state)
{
    (void)state;
    const acta_table *const tables[] = { &shop_Numbers_table, &kinds_Maybe_table };
    uint32_t plain = 0;
    char text[128];

    for (size_t t = 0; t < 2; t++) {
        for (uint32_t f = 0; f < tables[t]->field_count; f++) {
            for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
                bool is_plain;
                snprintf(text, sizeof text, "{\"%s\":%s}", tables[t]->fields[f].name, numbers[i]);
                both_agree(tables[t], S(text), &is_plain);
                plain += is_plain;
            }
        }
    }
    assert_true(plain > 100);
}

/* One byte is another, is gone or is there twice. */
static acta_str
spoil(values_random *random, const char *from, char *to)
{
    static const char bytes[] = "{}[]:,\"\\ \n0123456789-+.eEtrufalsn\x01\x80\xc3/*";
    size_t size = strlen(from), at = values_next(random) % size, way = values_next(random) % 3;

    memcpy(to, from, at);
    to[at] = way == 0 ? bytes[values_next(random) % (sizeof bytes - 1)] : from[at];
    size_t kept = way == 1 ? at : at + 1, next = way == 2 ? at : at + 1;
    memcpy(to + kept, from + next, size - next);
    return acta_str_from(to, kept + size - next);
}

static void
spoilt_texts_are_read_or_refused_as_the_official_parser_does(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"a\": true, \"b\":false,\"c\":-12,\"d\":200, \"k\":-123456789012345678,\"l\" : 99,\"i\":0}";
    values_random random = values_seed();
    char once[2 * sizeof whole], twice[2 * sizeof whole];
    uint32_t read = 0;
    bool is_plain;

    assert_true(both_agree(&shop_Numbers_table, S(whole), &is_plain));
    assert_true(is_plain);
    for (int i = 0; i < 3000; i++) {
        acta_str text = spoil(&random, whole, once);
        once[text.size] = '\0';
        if (i % 2 == 0 && strlen(once) == text.size) text = spoil(&random, once, twice);
        read += both_agree(&shop_Numbers_table, text, &is_plain);
    }
    assert_true(read > 30);
}

/* No parser, no buffer: nothing is allocated, and strings stay where they are. */
static void
a_plain_object_is_read_where_it_is(void **state)
{
    (void)state;
    static const char text[] = " { \"cart_id\" : \"c-17\",\n\"owner\":\"gr\xc3\xbc\xc3\x9f\" } ";
    acta_memory *memory = acta_memory_create(NULL);
    shop_OpenCart cart;
    shop_Line line;

    assert_int_equal(acta_json_read(&shop_OpenCart_table, S(text), memory, &cart, NULL), ACTA_OK);
    assert_ptr_equal(cart.cart_id.data, strstr(text, "c-17"));
    assert_int_equal(cart.cart_id.size, 4);
    assert_ptr_equal(cart.owner.data, strstr(text, "gr"));
    assert_int_equal(cart.owner.size, 6);
    assert_int_equal(acta_json_read(&shop_Line_table, S("{\"sku\":\"\"}"), memory, &line, NULL), ACTA_OK);
    assert_non_null(line.sku.data); /* it is there, and empty */
    assert_int_equal(line.count, 1);
    assert_null(line.tags.data);
    assert_int_equal(acta_memory_used(memory), 0);
    acta_memory_destroy(memory);
}

/* The text ends where unreadable memory begins, wherever it is cut. */
static void
text_cut_anywhere_is_refused_without_reading_on(void **state)
{
    (void)state;
    static const char whole[] = "{\"a\": true, \"c\":-12, \"k\":1234567890}";
    acta_memory *memory = acta_memory_create(NULL);
    shop_Numbers value;

    for (size_t size = 0; size < sizeof whole - 1; size++) {
        const uint8_t *cut = values_guarded(acta_bytes_from(whole, size));
        assert_int_equal(
            acta_json_read(&shop_Numbers_table, acta_str_from(cut, size), memory, &value, NULL), ACTA_INVALID);
    }
    acta_memory_destroy(memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read_or_refused_as_the_official_parser_does),
        cmocka_unit_test(numbers_are_read_or_refused_as_the_official_parser_does),
        cmocka_unit_test(spoilt_texts_are_read_or_refused_as_the_official_parser_does),
        cmocka_unit_test(a_plain_object_is_read_where_it_is),
        cmocka_unit_test(text_cut_anywhere_is_refused_without_reading_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
