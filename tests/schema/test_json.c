/*
 * JSON: what is printed parses to the same value, and each kind of wrong input is refused with what and where.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "shop.acta.h"
#include "values.h"

/* Our binary -> official JSON -> official binary -> our reader: nothing is lost and nothing appears. */
static void
random_values_survive_the_official_json_and_back(void **state)
{
    (void)state;
    values_random random = values_seed();
    const acta_table *const tables[] = { &shop_Everything_table, &shop_Line_table, &shop_Numbers_table,
        &shop_LineAdded_table, &shop_Cart_table };

    for (int i = 0; i < 600; i++) {
        acta_memory *memory = acta_memory_create(NULL);
        const acta_table *table = tables[i % 5];
        void *value = acta_memory_alloc(memory, table->struct_size);
        acta_bytes parsed;
        acta_str text, again;
        acta_error error;

        values_fill(&random, table, value, memory, 2);
        acta_bytes written = values_write(table, value, memory);
        assert_int_equal(acta_json_print(table, written, memory, &text, &error), ACTA_OK);
        assert_int_equal(text.data[text.size], '\0');
        assert_null(memchr(text.data, '\n', text.size));
        acta_status status = acta_json_parse(table, text, memory, &parsed, &error);
        if (status != ACTA_OK) fprintf(stderr, "%s\n%s\n", error.text, text.data);
        assert_int_equal(status, ACTA_OK);
        assert_int_equal(acta_json_print(table, parsed, memory, &again, &error), ACTA_OK);
        assert_true(acta_str_equal(text, again));
        assert_true(values_equal(values_rewrite(table, parsed, memory), values_rewrite(table, written, memory)));
        acta_memory_destroy(memory);
    }
}

/* The official printer leaves them as they are, and its parser then refuses them. */
static void
control_characters_are_escaped_and_come_round(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    const shop_Slot slot = { .note = S("\x01\x1f\n\x7f") };
    acta_bytes written = values_write(&shop_Slot_table, &slot, memory), parsed;
    acta_str text;
    acta_error error;

    assert_int_equal(acta_json_print(&shop_Slot_table, written, memory, &text, &error), ACTA_OK);
    assert_non_null(strstr(text.data, "\"note\": \"\\u0001\\u001f\\n\x7f\""));
    assert_int_equal(acta_json_parse(&shop_Slot_table, text, memory, &parsed, &error), ACTA_OK);
    assert_true(values_equal(values_rewrite(&shop_Slot_table, parsed, memory), written));
    acta_memory_destroy(memory);
}

static void
prints_all_fields_by_name_on_one_line(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    const shop_Slot slot = { .place = 3, .material = shop_Material_cotton, .note = S("a \"b\" é") };
    acta_str text;
    acta_error error;

    assert_int_equal(
        acta_json_print(&shop_Slot_table, values_write(&shop_Slot_table, &slot, memory), memory, &text, &error),
        ACTA_OK);
    assert_string_equal(text.data, "{\"place\": 3,\"material\": \"cotton\",\"note\": \"a \\\"b\\\" é\"}");
    acta_memory_destroy(memory);
}

static void
a_damaged_buffer_is_not_printed(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    acta_str text;
    acta_error error;

    assert_int_equal(acta_json_print(&shop_Line_table, acta_bytes_from("0123456789abcdef", 16), memory, &text, &error),
        ACTA_CORRUPT);
    acta_memory_destroy(memory);
}

static void
refuses(const acta_table *table, const char *json, const char *where, const char *expected)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes buffer = { NULL, 0 };
    acta_error error = { .text = "" };

    acta_status status = acta_json_parse(table, S(json), memory, &buffer, &error);
    if (strcmp(error.text, expected) != 0) fprintf(stderr, "of %s\n", json);
    assert_string_equal(error.text, expected);
    assert_string_equal(error.where, where);
    assert_int_equal(status, ACTA_INVALID);
    assert_int_equal(error.status, ACTA_INVALID);
    assert_null(buffer.data);
    assert_int_equal(acta_memory_used(memory), 0);
    assert_int_equal(acta_json_parse(table, S(json), memory, &buffer, NULL), ACTA_INVALID);
    acta_memory_destroy(memory);
}

static void
unknown_repeated_and_missing_fields_are_named_with_their_place(void **state)
{
    (void)state;
    const acta_table *line = &shop_Line_table;

    refuses(line, "{\"sku\": \"x\", \"cuont\": 2}", "cuont",
        "line 1, column 14: unknown field 'cuont' of shop.Line; it has sku, count, tags, parts");
    refuses(line, "{\"sku\": \"x\",\n \"parts\": [{\"sku\": \"y\"}, {\"sku\": \"y\", \"colour\": 1}]}",
        "parts[1].colour",
        "line 2, column 39: unknown field 'colour' of shop.Line in parts[1]; it has sku, count, tags, parts");
    refuses(
        line, "{\"sku\": \"x\", \"sku\": \"y\"}", "sku", "line 1, column 14: field 'sku' of shop.Line is set twice");
    refuses(line, "{\"count\": 2}", "sku", "line 1, column 12: required field 'sku' of shop.Line is missing");
    refuses(line, "{\"sku\": null}", "sku", "line 1, column 13: required field 'sku' of shop.Line is missing");
    refuses(line, "{\"sku\": \"x\", \"parts\": [{\"sku\": \"y\", \"parts\": [{\"count\": 1}]}]}",
        "parts[0].parts[0].sku",
        "line 1, column 59: required field 'sku' of shop.Line in parts[0].parts[0] is missing");
    refuses(line, "{\"parts\": [{\"sku\": \"y\"}]}", "sku",
        "line 1, column 25: required field 'sku' of shop.Line is missing");
    refuses(&shop_LineAdded_table, "{\"cart_id\": \"c\", \"line\": {\"count\": 1}}", "line.sku",
        "line 1, column 38: required field 'sku' of shop.Line in line is missing");
    refuses(&shop_LineAdded_table, "{\"line\": {\"sku\": \"x\"}}", "cart_id",
        "line 1, column 22: required field 'cart_id' of shop.LineAdded is missing");
}

static void
wrong_values_are_named_with_what_was_expected(void **state)
{
    (void)state;
    const acta_table *line = &shop_Line_table, *numbers = &shop_Numbers_table;

    refuses(line, "{\"sku\": 5}", "sku", "line 1, column 9: sku must be a string in quotes, not 5");
    refuses(line, "{\"sku\": \"x\", \"count\": \"many\"}", "count",
        "line 1, column 23: count must be a whole number from 0 to 4294967295, not \"many\"");
    refuses(line, "{\"sku\": \"x\", \"count\": -1}", "count",
        "line 1, column 23: count must be a whole number from 0 to 4294967295, not -1");
    refuses(line, "{\"sku\": \"x\", \"count\": 4294967296}", "count",
        "line 1, column 23: count must be a whole number from 0 to 4294967295, not 4294967296");
    refuses(line, "{\"sku\": \"x\", \"count\": 1.5}", "count",
        "line 1, column 23: count must be a whole number from 0 to 4294967295, not 1.5");
    refuses(line, "{\"sku\": \"x\", \"count\": {}}", "count",
        "line 1, column 23: count must be a whole number from 0 to 4294967295, not {");
    refuses(line, "{\"sku\": \"x\", \"tags\": \"red\"}", "tags",
        "line 1, column 22: tags must be a list in [ ], not \"red\"");
    refuses(line, "{\"sku\": \"x\", \"tags\": [\"red\", 5]}", "tags[1]",
        "line 1, column 30: tags[1] must be a string in quotes, not 5");
    refuses(line, "{\n\"sku\": \"x\",\n\"parts\": [{\"sku\": \"y\"},\n{\"sku\": \"y\", \"count\": 1.5}]}",
        "parts[1].count", "line 4, column 23: parts[1].count must be a whole number from 0 to 4294967295, not 1.5");
    refuses(line, "{\"sku\": \"x\", \"parts\": [5]}", "parts[0]",
        "line 1, column 24: parts[0] must be an object in { }, not 5");
    refuses(numbers, "{\"k\": 9223372036854775808}", "k",
        "line 1, column 7: k must be a whole number from -9223372036854775808 to 9223372036854775807, not "
        "9223372036854775808");
    refuses(numbers, "{\"c\": 128}", "c", "line 1, column 7: c must be a whole number from -128 to 127, not 128");
    refuses(numbers, "{\"material\": \"gold\"}", "material",
        "line 1, column 14: material must be a name of its enum, not \"gold\"");
    refuses(line, "{\"sku\": \"x\", \"count\": \"12345678901234567890123456789012345678901234567890\"}", "count",
        "line 1, column 23: count must be a whole number from 0 to 4294967295, not "
        "\"123456789012345678901234567890123456789…");
}

static void
what_is_no_json_object_is_refused(void **state)
{
    (void)state;
    const acta_table *line = &shop_Line_table;

    refuses(line, "{\"sku\": \"x\"", "sku",
        "line 1, column 12: no JSON of shop.Line: expecting: , instead got: end of file");
    refuses(line, "{\"sku\": \"x\"} 5", "",
        "line 1, column 14: no JSON of shop.Line: expecting: end of file instead got: integer constant");
    refuses(line, "", "", "line 1, column 1: no JSON of shop.Line: input file is empty");
    refuses(line, "5", "", "line 1, column 1: no JSON of shop.Line: expecting: { instead got: integer constant");
    refuses(line, "[{\"sku\": \"x\"}]", "", "line 1, column 1: no JSON of shop.Line: expecting: { instead got: [");
    refuses(line, "{sku: \"x\"}", "",
        "line 1, column 2: no JSON of shop.Line: expecting: string constant instead got: sku");
    refuses(line, "{\"sku\": \"x\",}", "sku",
        "line 1, column 13: no JSON of shop.Line: expecting: string constant instead got: }");
    refuses(line, "{\"sku\": \"\xff\"}", "sku", "line 1, column 9: no JSON of shop.Line: illegal UTF-8 sequence");
    refuses(line, "{\"sku\": \"a\\u0000b\"}", "sku",
        "JSON of shop.Line can't be stored: field sku is not UTF-8 without NUL");
    refuses(line, "table Evil { a:int; }", "",
        "line 1, column 1: no JSON of shop.Line: expecting: { instead got: table"); /* nor is it a way to bring a schema of one's own */
    refuses(line, "include \"/etc/passwd\";", "",
        "line 1, column 1: no JSON of shop.Line: expecting: { instead got: include");
}

static void
a_nul_in_the_text_is_refused(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    acta_bytes buffer;
    acta_error error;

    assert_int_equal(
        acta_json_parse(&shop_Line_table, acta_str_from("{\"sku\": \"x\"}\0{}", 15), memory, &buffer, &error),
        ACTA_INVALID);
    assert_string_equal(error.text, "JSON of shop.Line: there is a NUL in it");
    acta_memory_destroy(memory);
}

/* The text ends where unreadable memory begins, wherever it is cut. */
static void
text_cut_anywhere_is_refused_without_reading_on(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"sku\": \"a\\\"b\\u00e9\", \"count\": 12, \"tags\": [\"x\"], \"parts\": [{\"sku\": \"y\"}]}";
    acta_error error;

    for (size_t size = 0; size < sizeof whole - 1; size++) {
        acta_memory *memory = acta_memory_create(NULL);
        acta_bytes buffer;
        const uint8_t *cut = values_guarded(acta_bytes_from(whole, size));
        assert_int_equal(
            acta_json_parse(&shop_Line_table, acta_str_from(cut, size), memory, &buffer, &error), ACTA_INVALID);
        assert_true(strlen(error.text) > 10);
        acta_memory_destroy(memory);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_values_survive_the_official_json_and_back),
        cmocka_unit_test(control_characters_are_escaped_and_come_round),
        cmocka_unit_test(prints_all_fields_by_name_on_one_line),
        cmocka_unit_test(a_damaged_buffer_is_not_printed),
        cmocka_unit_test(unknown_repeated_and_missing_fields_are_named_with_their_place),
        cmocka_unit_test(wrong_values_are_named_with_what_was_expected),
        cmocka_unit_test(what_is_no_json_object_is_refused),
        cmocka_unit_test(a_nul_in_the_text_is_refused),
        cmocka_unit_test(text_cut_anywhere_is_refused_without_reading_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
