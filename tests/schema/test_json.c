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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_values_survive_the_official_json_and_back),
        cmocka_unit_test(prints_all_fields_by_name_on_one_line),
        cmocka_unit_test(a_damaged_buffer_is_not_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
