/*
 * Plain tables: the unrolled code of a table does what schema/ does by its description: the same bytes, the same struct,
 * the same verdict and words on any bytes, and on any value that can't be written.
 */
#ifdef __clang__ /* here the parts of the unrolled code are called for any table, so there is nothing to unroll */
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "acta/deep_verify.h"

#include "shop.acta.h"
#include "values.h"

enum { VALUES = 2000, DAMAGES = 40 };

static const acta_table *const plain[] = { &shop_Numbers_table, &shop_OpenCart_table, &shop_CartOpened_table,
    &shop_CartRow_table };
enum { PLAIN = sizeof plain / sizeof plain[0] };

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

static void
verify_both(const acta_table *table, acta_bytes bytes)
{
    acta_error error = { 0 }, unrolled_error = { 0 };
    acta_status status = acta_table_verify(table, bytes, &error);

    assert_int_equal(status, table->verify(bytes, &unrolled_error));
    assert_string_equal(error.text, unrolled_error.text);
}

static void
read_both(const acta_table *table, acta_bytes bytes)
{
    room described, unrolled;

    memset(described, 0, table->struct_size);
    memset(unrolled, 0, table->struct_size);
    acta_table_read(table, bytes, described);
    table->read(bytes, unrolled);
    assert_memory_equal(described, unrolled, table->struct_size);
}

/* A flipped bit, a number somewhere, an end cut off. */
static acta_bytes
damage(values_random *random, uint8_t *bytes, size_t size)
{
    uint64_t what = values_next(random);
    size_t at = (size_t)(values_next(random) % size);

    if (what % 3 == 0) bytes[at] ^= (uint8_t)(1u << (what >> 8 & 7));
    if (what % 3 == 1) bytes[at] = (uint8_t)(what >> 8);
    if (what % 3 == 2) size = at;
    return acta_bytes_from(bytes, size);
}

static void
what_is_unrolled_is_what_is_described(void **state)
{
    values_random random = values_seed();

    for (int i = 0; i < VALUES; i++) {
        const acta_table *table = plain[i % PLAIN];
        room value;
        memset(value, 0, table->struct_size);
        values_fill(&random, table, value, *state, 0);
        acta_bytes bytes = write_both(table, value, *state);
        assert_true(bytes.size != 0);
        verify_both(table, bytes);
        read_both(table, bytes);
        for (int k = 0; k < DAMAGES; k++) {
            uint8_t copy[1024];
            assert_true(bytes.size <= sizeof copy);
            memcpy(copy, bytes.data, bytes.size);
            acta_bytes damaged = damage(&random, copy, bytes.size);
            if (k % 2 == 0 && damaged.size > 0) damaged = damage(&random, copy, damaged.size);
            verify_both(table, acta_bytes_from(values_guarded(damaged), damaged.size));
        }
    }
}

/* All fields there, none with what stands for absence; each string is `text`. */
static acta_bytes
write_whole(const acta_table *table, acta_str text, acta_memory *memory)
{
    room value;

    memset(value, 0, sizeof value);
    for (uint32_t i = 0; i < table->field_count; i++) {
        const acta_field *field = &table->fields[i];
        char *at = (char *)value + field->offset;
        if (field->kind == ACTA_FIELD_STRING)
            memcpy(at, &text, sizeof text);
        else if (field->kind == ACTA_FIELD_BOOL)
            *(bool *)at = field->absent == 0;
        else
            *at = field->absent == 2 ? 3 : 2; /* the low byte of a number, or a real one near 0 */
    }
    return write_both(table, value, memory);
}

/* Does it begin as a buffer with all fields of the table does? And how long is that. */
static bool
is_whole(const acta_table *table, acta_bytes bytes, uint32_t *size_out)
{
    acti_deep_plan whole;
    acti_deep_head head = { { 0 }, 0, 0 };

    acti_deep_lay_out_whole(table->fields, table->field_count, &whole, &head);
    *size_out = head.table + 4;
    return bytes.size >= *size_out && acti_deep_differ(&head, 0, *size_out, bytes.data) == 0;
}

/* What begins as it must is judged by that alone, each bit of it counts, and so does each byte at its end. */
static void
a_whole_table_is_known_by_its_beginning(void **state)
{
    for (int i = 0; i < PLAIN; i++) {
        const acta_table *table = plain[i];
        acta_bytes bytes = write_whole(table, S("a text of some length"), *state);
        uint32_t head;
        uint8_t copy[1024];
        assert_true(bytes.size <= sizeof copy);
        assert_true(is_whole(table, bytes, &head));
        assert_true(acta_deep_verify(table, bytes));
        for (size_t bit = 0; bit < bytes.size * 8; bit++) {
            memcpy(copy, bytes.data, bytes.size);
            copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
            acta_bytes harmed = acta_bytes_from(values_guarded(acta_bytes_from(copy, bytes.size)), bytes.size);
            assert_int_equal(is_whole(table, harmed, &head), bit / 8 >= head);
            verify_both(table, harmed);
        }
        for (size_t size = 0; size < bytes.size; size++)
            verify_both(table, acta_bytes_from(values_guarded(acta_bytes_from(bytes.data, size)), size));
    }
}

/* Where some fields are left out, the vtable is judged as a vector, without the description. */
static void
a_part_of_a_table_is_judged_by_its_vtable(void **state)
{
    shop_Numbers numbers = { .a = true, .e = 7, .k = 1, .m = 0.5F };
    acta_bytes bytes = write_both(&shop_Numbers_table, &numbers, *state);
    acti_plain_place place = { .size = 0 };
    uint32_t head;

    assert_false(is_whole(&shop_Numbers_table, bytes, &head));
    assert_true(acti_plain_place_of(bytes, &place));
    assert_true(acti_plain_is_sound(shop_Numbers_table.fields, shop_Numbers_table.field_count, &place));
}

/* A letter that is no ASCII, or no letter, at each place of texts of each length around 16 and 32. */
static void
each_byte_of_a_text_counts(void **state)
{
    static const char *const letters[] = { "\xc3\xa4", "\xff", "\x80", "\x01", "\x7f", "" }; /* the last one is a NUL */

    for (size_t size = 0; size <= 40; size++) {
        char text[48];
        memset(text, 'x', sizeof text);
        acta_bytes bytes = write_whole(&shop_OpenCart_table, acta_str_from(text, size), *state);
        uint8_t copy[1024];
        for (size_t at = 0; at < size; at++) {
            for (size_t k = 0; k < sizeof letters / sizeof letters[0]; k++) {
                size_t length = strlen(letters[k]) > 0 ? strlen(letters[k]) : 1;
                memcpy(copy, bytes.data, bytes.size);
                uint8_t *found = memmem(copy, bytes.size, text, size);
                assert_non_null(found);
                if (at + length <= size) memcpy(found + at, letters[k], length);
                verify_both(&shop_OpenCart_table,
                    acta_bytes_from(values_guarded(acta_bytes_from(copy, bytes.size)), bytes.size));
            }
        }
    }
}

/* Each absent, each set: what stands for absence is left out by both. */
static void
each_field_alone_is_written_alike(void **state)
{
    for (int i = 0; i < PLAIN; i++) {
        const acta_table *table = plain[i];
        for (uint32_t k = 0; k < table->field_count; k++) {
            const acta_field *field = &table->fields[k];
            room value;
            memset(value, 0, sizeof value);
            if (field->kind == ACTA_FIELD_STRING)
                *(acta_str *)((char *)value + field->offset) = S("seven77");
            else
                memcpy((char *)value + field->offset, &field->absent, 1);
            acta_bytes bytes = write_both(table, value, *state);
            if (bytes.size != 0) read_both(table, bytes);
        }
    }
}

static void
what_cannot_be_written_is_refused_alike(void **state)
{
    static const char *const texts[] = { "\xff", "abcdefgh\xc3", "abc\xed\xa0\x80", "Grüße, 世界", "" };
    static char large[ACTI_PLAIN_SIZE_MAX + 2];
    shop_Numbers numbers = { .material = (shop_Material)128 };

    write_both(&shop_Numbers_table, &numbers, *state);
    numbers.material = (shop_Material)-129;
    assert_int_equal(0, write_both(&shop_Numbers_table, &numbers, *state).size);
    assert_int_equal(0, write_both(&shop_OpenCart_table, &(shop_OpenCart){ 0 }, *state).size);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        acta_str text = acta_str_from(texts[i], strlen(texts[i]));
        write_both(&shop_OpenCart_table, &(shop_OpenCart){ .cart_id = text, .owner = text }, *state);
    }
    acta_str nul = acta_str_from("abcdefgh\0ijklmno", 16);
    assert_int_equal(0, write_both(&shop_OpenCart_table, &(shop_OpenCart){ .cart_id = nul }, *state).size);

    memset(large, 'x', sizeof large);
    for (size_t size = ACTI_PLAIN_SIZE_MAX - 20; size < sizeof large; size += 21) {
        shop_OpenCart value = { .cart_id = acta_str_from(large, size) };
        acta_bytes bytes = write_both(&shop_OpenCart_table, &value, *state);
        assert_true(bytes.size > size);
        verify_both(&shop_OpenCart_table, bytes);
    }
}

static uint8_t *
give_nothing(acta_sink *sink, size_t size)
{
    (void)sink;
    (void)size;
    return NULL;
}

static void
no_memory_is_told_alike(void **state)
{
    (void)state;
    acta_sink sink = { give_nothing };
    shop_OpenCart value = { .cart_id = S("c") };
    acta_error error, unrolled_error;

    assert_int_equal(ACTA_NO_MEMORY, acta_table_write(&shop_OpenCart_table, &value, &sink, &error));
    assert_int_equal(ACTA_NO_MEMORY, shop_OpenCart_write(&value, &sink, &unrolled_error));
    assert_string_equal(error.text, unrolled_error.text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_unrolled_is_what_is_described, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_whole_table_is_known_by_its_beginning, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_part_of_a_table_is_judged_by_its_vtable, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_byte_of_a_text_counts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_field_alone_is_written_alike, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_written_is_refused_alike, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_memory_is_told_alike, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("plain tables", tests, NULL, NULL);
}
