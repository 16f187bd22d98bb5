/*
 * Each kind of field of FlatBuffers' language, by random values of each table of kinds.fbs and parts.fbs: what acta
 * writes the official verifier accepts, it reads the same again, and it survives the official library's JSON, a copy
 * of its own, and any address. And what a user writes of each kind comes back as it was set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "kinds.acta.h"
#include "official.h"
#include "values.h"

enum { ROUNDS = 300 };

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

/* -- any value -- */

static void
survives_json(const acta_table *table, acta_bytes buffer, acta_memory *memory)
{
    acta_error error;
    acta_str text;
    acta_bytes parsed;

    if (acta_json_print(table, buffer, memory, &text, &error) != ACTA_OK) fail_msg("%s", error.text);
    if (acta_json_parse(table, text, memory, &parsed, &error) != ACTA_OK)
        fail_msg("%s\n" ACTA_FMT, error.text, ACTA_ARG(text));
    if (!values_equal(values_rewrite(table, parsed, memory), buffer)) fail_msg("it came back otherwise: %s", text.data);
}

static void
survives_a_copy(const acta_table *table, acta_bytes buffer, acta_memory *memory)
{
    void *value = acta_memory_alloc(memory, table->struct_size);
    void *zero = acta_memory_alloc(memory, table->struct_size);
    uint8_t *bytes = acta_memory_alloc(memory, buffer.size);

    memcpy(bytes, buffer.data, buffer.size);
    assert_int_equal(acta_table_load(table, value, acta_bytes_from(bytes, buffer.size), memory), ACTA_OK);
    memset(bytes, 0xee, buffer.size); /* nothing of it is used any more */
    assert_true(values_equal(values_write(table, value, memory), buffer));
    acta_table_clear(table, value, memory);
    assert_memory_equal(value, zero, table->struct_size);
}

static void
is_read_at_any_address(const acta_table *table, acta_bytes buffer, size_t address, acta_memory *memory)
{
    uint8_t *room = acta_memory_alloc(memory, buffer.size + address + 1);
    acta_bytes moved = acta_bytes_from(room + address, buffer.size);

    memcpy(room + address, buffer.data, buffer.size);
    assert_int_equal(table->verify(moved, NULL), ACTA_OK);
    assert_true(values_equal(values_rewrite(table, moved, memory), buffer));
}

static void
random_values_survive(const acta_schema *schema)
{
    values_random random = values_seed();

    for (uint32_t t = 0; t < schema->table_count; t++) {
        const acta_table *table = schema->tables[t];
        for (uint32_t i = 0; i < ROUNDS; i++) {
            acta_memory *memory = acta_memory_create(NULL);
            void *value = acta_memory_alloc(memory, table->struct_size);
            values_fill(&random, table, value, memory, 2);
            acta_bytes buffer = values_write(table, value, memory);
            assert_int_equal(table->verify(buffer, NULL), ACTA_OK);
            assert_true(official_accepts(table->name, buffer.data, buffer.size));
            is_read_at_any_address(table, buffer, i % 16, memory);
            survives_a_copy(table, buffer, memory);
            survives_json(table, buffer, memory);
            acta_memory_destroy(memory);
        }
    }
}

static void
random_values_survive_everything(void **state)
{
    (void)state;
    random_values_survive(&kinds_schema);
    random_values_survive(&parts_schema);
}

/* A byte at a time is changed, or all behind a place cut away: both verifiers say the same, and what is accepted can be
 * read, in front of unreadable memory. */
static void
both_verifiers_agree_on_damaged_buffers(void **state)
{
    (void)state;
    values_random random = values_seed();
    uint32_t accepted = 0, refused = 0;

    for (uint32_t i = 0; i < 40 * kinds_schema.table_count; i++) {
        const acta_table *table = kinds_schema.tables[i % kinds_schema.table_count];
        acta_memory *memory = acta_memory_create(NULL);
        void *value = acta_memory_alloc(memory, table->struct_size);
        values_fill(&random, table, value, memory, 1);
        acta_bytes buffer = values_write(table, value, memory);
        for (uint32_t k = 0; k < 100; k++) {
            bool cuts = values_next(&random) % 8 == 0;
            size_t at = values_next(&random) % buffer.size;
            uint8_t *bytes = values_guarded(acta_bytes_from(buffer.data, cuts ? at : buffer.size));
            acta_bytes damaged = acta_bytes_from(bytes, cuts ? at : buffer.size);
            if (!cuts) bytes[at] ^= (uint8_t)(1u << values_next(&random) % 8);
            acta_error error;
            bool ours = acta_table_verify(table, damaged, &error) == ACTA_OK;
            bool is_about_text = !ours && strstr(error.text, "UTF-8") != NULL; /* more than the official one wants */
            if (ours != official_accepts(table->name, damaged.data, damaged.size) && !is_about_text)
                fail_msg("%s, byte %zu of %zu: %s", table->name, at, buffer.size, ours ? "accepted" : error.text);
            if (ours) acta_table_read(table, damaged, value);
            accepted += ours;
            refused += !ours;
        }
        acta_memory_destroy(memory);
    }
    printf("%u accepted, %u refused\n", accepted, refused);
    assert_true(accepted > 1000 && refused > 1000);
}

/* -- what a user writes -- */

static void
an_optional_number_is_set_or_not(void **state)
{
    acta_memory *memory = *state;
    const kinds_Maybe value = {
        .a = { true, false }, .h = { true, -5 }, .j = { true, 0 }, .colour = { true, kinds_Colour_red }
    };
    kinds_Maybe read;

    kinds_Maybe_decode(values_write(&kinds_Maybe_table, &value, memory), &read);
    assert_true(read.a.is_set && !read.a.value);
    assert_true(read.h.is_set && read.h.value == -5);
    assert_true(read.j.is_set && read.j.value == 0);
    assert_true(read.colour.is_set && read.colour.value == kinds_Colour_red);
    assert_false(read.b.is_set || read.i.is_set || read.k.is_set || read.mask.is_set);
    assert_int_equal(read.i.value, 0);
    assert_int_equal(read.plain, 0); /* it was set to 0, which isn't its default */
}

static void
a_struct_is_a_member(void **state)
{
    acta_memory *memory = *state;
    const kinds_Point points[] = { { 1, 2 }, { 3, 4 } };
    const kinds_Structs value = { .always = { .x = 5, .y = -6 },
        .mixed = { true, { .flag = true,
                             .colour = kinds_Colour_blue,
                             .reals = { 0.5, -1 },
                             .points = { { 7, 8 }, { 9, 10 } },
                             .mask = kinds_Mask_last } },
        .points = { .data = points, .count = 2 } };
    kinds_Structs read;
    kinds_Point point;

    kinds_Structs_decode(values_write(&kinds_Structs_table, &value, memory), &read);
    assert_true(read.always.x == 5 && read.always.y == -6);
    assert_true(read.mixed.is_set && read.mixed.value.flag && read.mixed.value.colour == kinds_Colour_blue);
    assert_true(read.mixed.value.reals[0] == 0.5 && read.mixed.value.reals[1] == -1);
    assert_true(read.mixed.value.points[1].x == 9 && read.mixed.value.mask == kinds_Mask_last);
    assert_false(read.aligned.is_set);
    assert_int_equal(read.points.count, 2);
    assert_true(kinds_Point_vector_at(read.points, 1, &point) && point.x == 3 && point.y == 4);
    assert_false(kinds_Point_vector_at(read.points, 2, &point));
    assert_null(read.mixes.encoded);
}

/* A required struct is a plain member, so it is there in each value; but a buffer may lack it. */
static void
a_buffer_without_its_required_struct_is_refused(void **state)
{
    acta_memory *memory = *state;
    acta_error error;

    acta_bytes buffer = values_write(&kinds_All_table, &(kinds_All){ 0 }, memory);
    assert_int_equal(kinds_Structs_verify(buffer, &error), ACTA_CORRUPT);
    assert_string_equal(error.text, "damaged buffer of kinds.Structs: field always is required and missing");
}

static void
an_enum_in_a_struct_is_checked(void **state)
{
    (void)state;
    acta_memory_sink sink = acta_memory_sink_of(*state);
    kinds_Mixed mixed = { .colours = { kinds_Colour_none, (kinds_Colour)128 } };
    acta_error error;

    kinds_Structs value = { .mixed = { true, mixed } };
    assert_int_equal(kinds_Structs_write(&value, &sink.sink, &error), ACTA_INVALID);
    assert_string_equal(error.text, "field mixed of kinds.Structs is an enum with a number out of its range");
    value = (kinds_Structs){ .mixes = { .data = &mixed, .count = 1 } };
    assert_int_equal(kinds_Structs_write(&value, &sink.sink, &error), ACTA_INVALID);
    assert_string_equal(error.where, "mixes");
    value = (kinds_Structs){ .mixed = { false, mixed } };
    assert_int_equal(kinds_Structs_write(&value, &sink.sink, &error), ACTA_OK);
}

/* Enums that are no C ints are numbers with named values. */
static void
wide_enums_keep_all_their_bits(void **state)
{
    acta_memory *memory = *state;
    const kinds_Enums value = { .mask = kinds_Mask_last | kinds_Mask_second, .offset = kinds_Offset_far_back };
    kinds_Enums read;

    kinds_Enums_decode(values_write(&kinds_All_table, &(kinds_All){ 0 }, memory), &read);
    assert_true(read.mask == (kinds_Mask_first | kinds_Mask_second) && read.offset == kinds_Offset_back);
    assert_true(read.wide == kinds_Wide_most && read.abilities == (kinds_Ability_fly | kinds_Ability_dig));
    kinds_Enums_decode(values_write(&kinds_Enums_table, &value, memory), &read);
    assert_true(read.mask == (UINT64_C(1) << 63 | 2) && read.offset == INT64_MIN);
    assert_string_equal(kinds_Mask_name(kinds_Mask_last), "last");
    assert_string_equal(kinds_Offset_name(7), "unknown");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_values_survive_everything),
        cmocka_unit_test(both_verifiers_agree_on_damaged_buffers),
        cmocka_unit_test_setup_teardown(an_optional_number_is_set_or_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_struct_is_a_member, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_buffer_without_its_required_struct_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_enum_in_a_struct_is_checked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wide_enums_keep_all_their_bits, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
