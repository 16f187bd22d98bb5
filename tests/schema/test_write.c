/*
 * Writing and reading: what was set comes back, in one piece of the exact size, at any address; and what can't be
 * written is refused with the field's name, before anything is asked of the sink.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shop.acta.h"
#include "values.h"

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

/* A sink that counts its calls and keeps the size; gives no memory when `gives` is false. */
typedef struct counting_sink {
    acta_sink sink;
    bool gives;
    uint32_t calls;
    size_t size;
    uint8_t bytes[4096];
} counting_sink;

static uint8_t *
count_and_reserve(acta_sink *sink, size_t size)
{
    counting_sink *self = (counting_sink *)sink;
    self->calls++;
    self->size = size;
    return self->gives && size <= sizeof self->bytes ? self->bytes : NULL;
}

static void
each_kind_of_field_comes_back_as_it_was_set(void **state)
{
    acta_memory *memory = *state;
    const shop_Numbers numbers = { .h = 1.5,
        .a = true,
        .b = false,
        .c = -128,
        .d = 255,
        .e = -32768,
        .f = 1,
        .i = INT32_MIN,
        .j = UINT32_MAX,
        .k = INT64_MAX,
        .l = 1,
        .m = 0.25f,
        .material = shop_Material_wool,
        .size = shop_Size_small,
        .fourth = shop_Material_silk };
    const int64_t longs[] = { INT64_MIN, 0, INT64_MAX };
    const double doubles[] = { -0.5, 1e300 };
    const uint8_t bools[] = { 1, 0, 1 };
    const acta_str texts[] = { S("one"), S(""), S("drei €") };
    const shop_Line lines[] = { { .sku = S("a"), .count = 3 }, { .sku = S("b") } };
    const shop_Everything inner = { .must = S("inner"), .must_lines = { .data = lines, .count = 1 } };
    const shop_Everything value = { .numbers = { .data = &numbers },
        .text = S("text"),
        .longs = { .data = longs, .count = 3 },
        .doubles = { .data = doubles, .count = 2 },
        .bools = { .data = bools, .count = 3 },
        .texts = { .data = texts, .count = 3 },
        .lines = { .data = lines, .count = 2 },
        .self = { .data = &inner },
        .must = S(""),
        .must_lines = { .data = lines, .count = 0 } };
    shop_Everything read, read_inner;
    shop_Numbers n;
    shop_Line line;

    shop_Everything_decode(values_write(&shop_Everything_table, &value, memory), &read);
    assert_true(acta_str_equal(read.text, value.text));
    assert_non_null(read.must.data);
    assert_int_equal(read.must.size, 0);
    assert_true(read.longs.count == 3 && read.longs.data[0] == INT64_MIN && read.longs.data[2] == INT64_MAX);
    assert_true(read.doubles.count == 2 && read.doubles.data[1] == 1e300);
    assert_true(read.bools.count == 3 && read.bools.data[0] == 1 && read.bools.data[1] == 0);
    assert_null(read.shorts.data);
    assert_int_equal(read.shorts.count, 0);
    assert_int_equal(read.texts.count, 3);
    assert_true(acta_str_equal(acta_str_vector_at(read.texts, 2), texts[2]));
    assert_null(acta_str_vector_at(read.texts, 3).data);

    assert_true(shop_Line_vector_at(read.lines, 1, &line));
    assert_true(acta_str_equal(line.sku, S("b")) && line.count == 0);
    assert_false(shop_Line_vector_at(read.lines, 2, &line));
    assert_null(line.sku.data);
    assert_false(shop_Line_vector_at(read.must_lines, 0, &line));

    assert_true(shop_Numbers_ref_get(read.numbers, &n));
    assert_true(n.h == 1.5 && n.a && !n.b && n.c == -128 && n.d == 255 && n.e == -32768 && n.f == 1);
    assert_true(n.i == INT32_MIN && n.j == UINT32_MAX && n.k == INT64_MAX && n.l == 1 && n.m == 0.25f);
    assert_true(n.material == shop_Material_wool && n.size == shop_Size_small && n.fourth == shop_Material_silk);
    assert_true(shop_Everything_ref_get(read.self, &read_inner));
    assert_true(acta_str_equal(read_inner.must, S("inner")));
    assert_false(shop_Everything_ref_get(read_inner.self, &read_inner));
}

/* The defaults of the schema are what an absent field reads as; writing them writes nothing. */
static void
absent_numbers_read_as_the_schemas_defaults(void **state)
{
    acta_memory *memory = *state;
    shop_Numbers n;
    shop_Slot slot;

    acta_bytes nothing = values_write(&shop_Nothing_table, &(shop_Nothing){ 0 }, memory);
    shop_Numbers_decode(nothing, &n);
    assert_true(n.h == 0.5 && !n.a && n.b && n.c == -7 && n.d == 0 && n.e == 0 && n.f == 65535 && n.i == -1);
    assert_true(n.j == 0 && n.k == INT64_MIN && n.l == UINT64_C(9223372036854775807) && n.m == -2.25f);
    assert_true(n.material == shop_Material_silk && n.size == shop_Size_large && n.fourth == shop_Material_cotton);
    assert_int_equal(values_write(&shop_Numbers_table, &n, memory).size, nothing.size);
    shop_Slot_decode(nothing, &slot);
    assert_int_equal(slot.material, shop_Material_wool); /* a negative one, in one byte */
}

static void
the_sink_is_asked_once_for_the_exact_size(void **state)
{
    (void)state;
    counting_sink sink = { .sink = { count_and_reserve }, .gives = true };
    shop_Line line = { .sku = S("exact"), .count = 2 };
    acta_error error;

    memset(sink.bytes, 0xee, sizeof sink.bytes);
    assert_int_equal(shop_Line_write(&line, &sink.sink, &error), ACTA_OK);
    assert_int_equal(sink.calls, 1);
    assert_int_equal(sink.bytes[sink.size], 0xee); /* not a byte more */
    assert_int_equal(shop_Line_verify(acta_bytes_from(sink.bytes, sink.size), &error), ACTA_OK);

    sink.gives = false;
    assert_int_equal(shop_Line_write(&line, &sink.sink, &error), ACTA_NO_MEMORY);
    assert_int_equal(sink.calls, 2);
}

/* The same value gives the same bytes, whatever was in the memory before. */
static void
no_byte_is_left_unset(void **state)
{
    (void)state;
    values_random random = values_seed();

    for (int i = 0; i < 300; i++) {
        acta_memory *memory = acta_memory_create(NULL);
        static counting_sink first, second;
        shop_LineAdded value;
        acta_error error;
        first = second = (counting_sink){ .sink = { count_and_reserve }, .gives = true };
        memset(first.bytes, 0x00, sizeof first.bytes);
        memset(second.bytes, 0xff, sizeof second.bytes);
        values_fill(&random, &shop_LineAdded_table, &value, memory, 1);
        if (shop_LineAdded_write(&value, &first.sink, &error) == ACTA_OK) {
            assert_int_equal(shop_LineAdded_write(&value, &second.sink, &error), ACTA_OK);
            assert_int_equal(first.size, second.size);
            assert_memory_equal(first.bytes, second.bytes, first.size);
        }
        acta_memory_destroy(memory);
    }
}

static void
refused(const acta_table *table, const void *value, const char *text, const char *where)
{
    counting_sink sink = { .sink = { count_and_reserve }, .gives = true };
    acta_error error;

    assert_int_equal(table->write(value, &sink.sink, &error), ACTA_INVALID);
    assert_string_equal(error.text, text);
    assert_string_equal(error.where, where);
    assert_int_equal(sink.calls, 0);
    assert_int_equal(table->write(value, &sink.sink, NULL), ACTA_INVALID);
}

static void
what_cannot_be_written_is_refused_by_name(void **state)
{
    (void)state;
    const acta_str texts[] = { S("good"), S("bad \xff") };
    const shop_Line nameless[] = { { .sku = S("x") }, { .count = 1 } };

    refused(
        &shop_Line_table, &(shop_Line){ .count = 1 }, "field sku of shop.Line is required, but absent; set it", "sku");
    refused(&shop_Line_table, &(shop_Line){ .sku = S("\xc0\x80") }, "field sku of shop.Line is not UTF-8 without NUL",
        "sku");
    refused(&shop_Line_table, &(shop_Line){ .sku = acta_str_from("12345678\0", 9) },
        "field sku of shop.Line is not UTF-8 without NUL", "sku");
    refused(&shop_Line_table,
        &(shop_Line){ .sku = acta_str_from("12345678"
                                           "1\0"
                                           "345678",
                          16) },
        "field sku of shop.Line is not UTF-8 without NUL", "sku");
    refused(&shop_Line_table, &(shop_Line){ .sku = S("x"), .tags = { .data = texts, .count = 2 } },
        "field tags of shop.Line is not UTF-8 without NUL", "tags");
    refused(&shop_AddLine_table, &(shop_AddLine){ .cart_id = S("c"), .lines = { .data = nameless, .count = 2 } },
        "field sku of shop.Line is required, but absent; set it", "sku");
    refused(&shop_Slot_table, &(shop_Slot){ .material = (shop_Material)128 },
        "field material of shop.Slot is an enum with a number out of its range", "material");
}

static void
what_is_larger_than_64_mib_is_refused(void **state)
{
    acta_memory *memory = *state;
    size_t size = (size_t)65 << 20;
    char *text = acta_memory_alloc(memory, size);
    acta_str halves[2];
    const shop_Line line = { .sku = S("x") };

    memset(text, 'x', size);
    halves[0] = halves[1] = acta_str_from(text, size / 2);
    refused(&shop_Line_table, &(shop_Line){ .sku = acta_str_from(text, size) },
        "field sku of shop.Line is larger than 64 MiB", "sku");
    refused(&shop_Line_table, &(shop_Line){ .sku = S("x"), .tags = { .data = halves, .count = 2 } },
        "field tags of shop.Line is larger than 64 MiB", "tags");
    const shop_Everything ints = { .must = S("x"),
        .must_lines = { .data = &line },
        .ints = { .data = (const int32_t *)(void *)text, .count = 1u << 30 } };
    refused(&shop_Everything_table, &ints, "field ints of shop.Everything is larger than 64 MiB", "ints");
    refused(&shop_Cart_table, &(shop_Cart){ .owner = halves[0], .last = { .data = &(shop_Line){ .sku = halves[1] } } },
        "a shop.Cart of 68157509 bytes is larger than 64 MiB", "");
}

/* What came in a command goes on into an event without a copy of the struct: views of one buffer written into another. */
static void
views_of_a_buffer_can_be_written_on(void **state)
{
    acta_memory *memory = *state;
    const shop_Line parts[] = { { .sku = S("p1") }, { .sku = S("p2"), .count = 9 } };
    const shop_Line line = { .sku = S("whole"), .parts = { .data = parts, .count = 2 } };
    const shop_AddLine command = {
        .cart_id = S("c"), .line = { .data = &line }, .lines = { .data = parts, .count = 2 }
    };
    const shop_LineAdded wanted = {
        .cart_id = S("c"), .line = { .data = &line }, .lines = { .data = parts, .count = 2 }
    };
    shop_AddLine read;

    shop_AddLine_decode(values_write(&shop_AddLine_table, &command, memory), &read);
    const shop_LineAdded event = { .cart_id = read.cart_id, .line = read.line, .lines = read.lines };
    assert_true(values_equal(
        values_write(&shop_LineAdded_table, &event, memory), values_write(&shop_LineAdded_table, &wanted, memory)));
}

/* The same bytes at eight addresses in a row. */
static void
a_buffer_is_read_at_any_address(void **state)
{
    acta_memory *memory = *state;
    values_random random = values_seed();

    for (int i = 0; i < 200; i++) {
        shop_Everything value;
        values_fill(&random, &shop_Everything_table, &value, memory, 1);
        acta_bytes buffer = values_write(&shop_Everything_table, &value, memory);
        uint8_t *room = acta_memory_alloc(memory, buffer.size + 8);
        memcpy(room + i % 8, buffer.data, buffer.size);
        acta_bytes moved = acta_bytes_from(room + i % 8, buffer.size);
        assert_int_equal(shop_Everything_verify(moved, NULL), ACTA_OK);
        assert_true(values_equal(values_rewrite(&shop_Everything_table, moved, memory), buffer));

        shop_Everything read;
        int64_t sum = 0, wanted = 0;
        shop_Everything_decode(moved, &read);
        for (uint32_t k = 0; k < read.longs.count; k++)
            sum ^= read.longs.data[k];
        for (uint32_t k = 0; k < value.longs.count; k++)
            wanted ^= value.longs.data[k];
        assert_int_equal(sum, wanted);
    }
}

/* A hundred equal lines take one vtable, not a hundred: 4 bytes of offset, 8 of table, 4 + 4 of string each. */
static void
tables_with_the_same_fields_share_their_vtable(void **state)
{
    acta_memory *memory = *state;
    shop_Line lines[100];

    for (int i = 0; i < 100; i++)
        lines[i] = (shop_Line){ .sku = S("abc"), .count = 1 };
    shop_AddLine one = { .cart_id = S("c"), .lines = { .data = lines, .count = 1 } };
    shop_AddLine many = { .cart_id = S("c"), .lines = { .data = lines, .count = 100 } };
    size_t difference =
        values_write(&shop_AddLine_table, &many, memory).size - values_write(&shop_AddLine_table, &one, memory).size;
    assert_int_equal(difference, 99 * (4 + 8 + 8));
}

/* A reader with the older schema passes over fields that it doesn't know; one with the newer sees them absent. */
static void
buffers_of_a_schema_with_more_fields_are_read(void **state)
{
    acta_memory *memory = *state;
    const shop_CartOpened longer = { .cart_id = S("c"), .owner = S("o") };
    shop_Everything everything;
    shop_LineAdded added;
    const shop_LineAdded line_added = { .cart_id = S("c"), .line = { .data = &(shop_Line){ .sku = S("x") } } };

    acta_bytes buffer = values_write(&shop_CartOpened_table, &longer, memory);
    assert_int_equal(shop_CartClosed_verify(buffer, NULL), ACTA_OK);
    assert_int_equal(shop_AddLine_verify(values_write(&shop_LineAdded_table, &line_added, memory), NULL), ACTA_OK);
    shop_LineAdded_decode(buffer, &added);
    assert_true(acta_str_equal(added.cart_id, S("c")));
    assert_null(added.lines.encoded);
    shop_Everything_decode(values_write(&shop_Nothing_table, &(shop_Nothing){ 0 }, memory), &everything);
    assert_null(everything.texts.encoded);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_kind_of_field_comes_back_as_it_was_set, set_up, tear_down),
        cmocka_unit_test_setup_teardown(absent_numbers_read_as_the_schemas_defaults, set_up, tear_down),
        cmocka_unit_test(the_sink_is_asked_once_for_the_exact_size),
        cmocka_unit_test(no_byte_is_left_unset),
        cmocka_unit_test(what_cannot_be_written_is_refused_by_name),
        cmocka_unit_test_setup_teardown(what_is_larger_than_64_mib_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(views_of_a_buffer_can_be_written_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_buffer_is_read_at_any_address, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tables_with_the_same_fields_share_their_vtable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(buffers_of_a_schema_with_more_fields_are_read, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
