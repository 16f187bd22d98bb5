/*
 * Tables of each shape: the code that stands in the header for a table reads what schema/ reads by its description, and
 * what is written in each table's code is what schema/ writes: the same bytes, the same refusals.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acta/deep_write.h"

#include "kinds.acta.h"
#include "shop.acta.h"
#include "values.h"

enum { VALUES = 40 };

static const acta_schema *const schemas[] = { &shop_schema, &kinds_schema, &parts_schema };
enum { SCHEMAS = sizeof schemas / sizeof schemas[0] };

typedef max_align_t room[ACTA_STRUCT_SIZE_MAX / sizeof(max_align_t)];

static int
set_up(void **state)
{
    *state = acta_memory_create(NULL);
    return *state == NULL;
}

static int
tear_down(void **state)
{
    acta_memory_destroy(*state);
    return 0;
}

/* What both write of a value: the same bytes, or the same refusal. */
static acta_bytes
write_both(const acta_table *table, const void *value, acta_memory *memory)
{
    acta_memory_sink described = acta_memory_sink_of(memory), unrolled = acta_memory_sink_of(memory);
    acta_error error = { 0 }, unrolled_error = { 0 };
    acta_status status = acta_table_write(table, value, &described.sink, &error);

    assert_int_equal(status, table->write(value, &unrolled.sink, &unrolled_error));
    assert_string_equal(error.text, unrolled_error.text);
    assert_string_equal(error.where, unrolled_error.where);
    assert_true(values_equal(described.bytes, unrolled.bytes));
    return unrolled.bytes;
}

/* What both read is the same to who writes it: structs have gaps, which may be anything. */
static void
read_both(const acta_table *table, acta_bytes bytes, acta_memory *memory)
{
    room described, unrolled;

    memset(described, 0x55, sizeof described);
    memset(unrolled, 0xaa, sizeof unrolled);
    acta_table_read(table, bytes, described);
    table->read(bytes, unrolled);
    acta_bytes again = write_both(table, described, memory);
    assert_true(values_equal(again, write_both(table, unrolled, memory)));
    assert_true(values_equal(bytes, again));
}

static void
each_table_is_read_and_written_as_it_is_described(void **state)
{
    values_random random = values_seed();
    uint32_t tables = 0;

    for (int i = 0; i < SCHEMAS; i++) {
        for (uint32_t k = 0; k < schemas[i]->table_count; k++, tables++) {
            const acta_table *table = schemas[i]->tables[k];
            for (int turn = 0; turn < VALUES; turn++) {
                room value;
                memset(value, 0, sizeof value);
                values_fill(&random, table, value, *state, 0);
                acta_bytes bytes = write_both(table, value, *state);
                assert_true(bytes.size != 0);
                read_both(table, bytes, *state);
            }
        }
    }
    assert_true(tables > 20);
}

/* Nothing is there: each field reads as its default, or as absent. */
static void
absent_fields_are_read_as_described(void **state)
{
    static const uint8_t empty[] = { 12, 0, 0, 0, 0, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0 };
    uint32_t written = 0;

    for (int i = 0; i < SCHEMAS; i++) {
        for (uint32_t k = 0; k < schemas[i]->table_count; k++) {
            const acta_table *table = schemas[i]->tables[k];
            acta_bytes bytes = acta_bytes_from(empty, sizeof empty);
            room described, unrolled;
            memset(described, 0x55, sizeof described);
            memset(unrolled, 0xaa, sizeof unrolled);
            acta_table_read(table, bytes, described);
            table->read(bytes, unrolled);
            acta_bytes again = write_both(table, described, *state);
            assert_true(values_equal(again, write_both(table, unrolled, *state)));
            written += again.size != 0;
        }
    }
    assert_true(written > 10);
}

/* The quick way (acta/deep_write.h) is taken: it need not, so the other tests would pass without it. */
static void
values_are_written_at_once(void **state)
{
    values_random random = values_seed();
    uint32_t quick = 0, all = 0;

    for (uint32_t k = 0; k < shop_schema.table_count; k++) {
        const acta_table *table = shop_schema.tables[k];
        for (int turn = 0; turn < VALUES && table->put != NULL; turn++, all++) {
            uint64_t words[2048];
            room value;
            acti_pen pen = { .out = (uint8_t *)words, .at = 4, .room = sizeof words - ACTI_PEN_SPARE };
            memset(value, 0, sizeof value);
            values_fill(&random, table, value, *state, 0);
            quick += table->put(&pen, value, ACTA_BUFFER_DEPTH_MAX) != 0;
        }
    }
    assert_true(all > 100 && quick > all / 2); /* the others have views of other buffers in them, or no room */
}

/* Each size around that of the room, and each number of tables that share their vtables or don't. */
static void
what_has_no_room_is_written_by_its_description(void **state)
{
    static char large[20000];
    shop_Line lines[300];

    memset(large, 'x', sizeof large);
    for (size_t size = 16000; size < sizeof large; size += 37) {
        shop_Line line = { .sku = acta_str_from(large, size) };
        assert_true(write_both(&shop_Line_table, &line, *state).size > size);
    }
    for (uint32_t count = 1; count <= 300; count += 13) {
        for (uint32_t i = 0; i < count; i++)
            lines[i] = (shop_Line){ .sku = acta_str_from(large, i % 70), .count = i % 2 };
        shop_Line whole = { .sku = S("all"), .parts = { .data = lines, .count = count } };
        assert_true(write_both(&shop_Line_table, &whole, *state).size != 0);
    }
}

/* What must be there isn't, or is no text, at the root and within. */
static void
what_cannot_be_written_is_refused_alike(void **state)
{
    shop_Line bad[] = { { .count = 3 }, { .sku = S("\xff") }, { .sku = { "a\0b", 3 } } };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        shop_Line whole = { .sku = S("all"), .parts = { .data = &bad[i], .count = 1 } };
        assert_int_equal(0, write_both(&shop_Line_table, &bad[i], *state).size);
        assert_int_equal(0, write_both(&shop_Line_table, &whole, *state).size);
    }
    kinds_Circle circle = { .inside = { .type = kinds_Shape_Circle } };
    assert_int_equal(0, write_both(&kinds_Circle_table, &circle, *state).size);
    circle.inside = (kinds_Shape){ .type = (kinds_Shape_type)99 };
    assert_int_equal(0, write_both(&kinds_Circle_table, &circle, *state).size);
    circle.inside = (kinds_Shape){ .type = kinds_Shape_Circle, .Circle = { .data = &circle } }; /* without an end */
    assert_int_equal(0, write_both(&kinds_Circle_table, &circle, *state).size);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_table_is_read_and_written_as_it_is_described, set_up, tear_down),
        cmocka_unit_test_setup_teardown(absent_fields_are_read_as_described, set_up, tear_down),
        cmocka_unit_test_setup_teardown(values_are_written_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_has_no_room_is_written_by_its_description, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_refused_alike, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("tables of each shape", tests, NULL, NULL);
}
