/*
 * Each kind of field of FlatBuffers' language, by random values of each table of kinds.fbs and parts.fbs: what acta
 * writes the official verifier accepts, it reads the same again, and it survives the official library's JSON, a copy
 * of its own, and any address. And what a user writes of each kind comes back as it was set.
 */
#include <inttypes.h>
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
    acta_str text, again;
    acta_bytes parsed;

    if (acta_json_print(table, buffer, memory, &text, &error) != ACTA_OK) fail_msg("%s", error.text);
    if (acta_json_parse(table, text, memory, &parsed, &error) != ACTA_OK)
        fail_msg("%s\n" ACTA_FMT, error.text, ACTA_ARG(text));
    bool has_buffers = table == &kinds_Vectors_table || table == &kinds_All_table; /* those keep the library's layout */
    if (!has_buffers && !values_equal(values_rewrite(table, parsed, memory), buffer))
        fail_msg("it came back otherwise: %s", text.data);
    if (acta_json_print(table, parsed, memory, &again, &error) != ACTA_OK) fail_msg("%s", error.text);
    assert_string_equal(again.data, text.data);
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

static void
a_union_is_one_of_its_members(void **state)
{
    acta_memory *memory = *state;
    const kinds_Circle circle = { .radius = 2.5 };
    const kinds_Point point = { 3, 4 };
    const kinds_Shape shapes[] = { { .type = kinds_Shape_name, .name = S("none of these") },
        { .type = kinds_Shape_Point, .Point = { .data = &point } },
        { .type = kinds_Shape_Circle, .Circle = { .data = &circle } } };
    const kinds_Unions value = { .must = shapes[2], .musts = { .data = shapes, .count = 3 } };
    kinds_Unions read;
    kinds_Circle read_circle;
    kinds_Point read_point;
    kinds_Shape shape;

    kinds_Unions_decode(values_write(&kinds_Unions_table, &value, memory), &read);
    assert_int_equal(read.shape.type, kinds_Shape_NONE);
    assert_null(read.shapes.encoded);
    assert_int_equal(read.must.type, kinds_Shape_Circle);
    assert_true(kinds_Circle_ref_get(read.must.Circle, &read_circle) && read_circle.radius == 2.5);
    assert_int_equal(read.musts.count, 3);
    assert_true(kinds_Shape_vector_at(read.musts, 0, &shape) && shape.type == kinds_Shape_name);
    assert_true(acta_str_equal(shape.name, S("none of these")));
    assert_true(kinds_Shape_vector_at(read.musts, 1, &shape) && shape.type == kinds_Shape_Point);
    assert_true(kinds_Point_ref_get(shape.Point, &read_point) && read_point.x == 3 && read_point.y == 4);
    assert_false(kinds_Shape_vector_at(read.musts, 3, &shape));
    assert_int_equal(shape.type, kinds_Shape_NONE);
    assert_string_equal(kinds_Shape_type_name(kinds_Shape_inner_Note), "inner_Note");
    assert_string_equal(kinds_Shape_type_name((kinds_Shape_type)99), "unknown");
}

static void
refused(kinds_Unions value, const char *text, void **state)
{
    acta_memory_sink sink = acta_memory_sink_of(*state);
    acta_error error;

    assert_int_equal(kinds_Unions_write(&value, &sink.sink, &error), ACTA_INVALID);
    assert_string_equal(error.text, text);
    assert_int_equal(kinds_Unions_write(&value, &sink.sink, NULL), ACTA_INVALID);
}

static void
a_union_that_is_half_set_is_refused(void **state)
{
    const kinds_Shape good = { .type = kinds_Shape_name, .name = S("good") };
    const kinds_Shape none = { .type = kinds_Shape_NONE };
    const kinds_Mixed mixed = { .colour = (kinds_Colour)1000 };

    refused((kinds_Unions){ .musts = { .data = &good, .count = 1 } },
        "field must of kinds.Unions is required, but absent; set it", state);
    refused((kinds_Unions){ .must = { .type = kinds_Shape_name }, .musts = { .data = &good, .count = 1 } },
        "field must of kinds.Unions has a type, but no value of it; set that too", state);
    refused((kinds_Unions){ .must = { .type = (kinds_Shape_type)99 }, .musts = { .data = &good, .count = 1 } },
        "field must of kinds.Unions has a type that is none of its union", state);
    refused((kinds_Unions){ .must = { .type = (kinds_Shape_type)257 }, .musts = { .data = &good, .count = 1 } },
        "field must of kinds.Unions has a type that is none of its union", state);
    refused((kinds_Unions){ .must = good, .musts = { .data = &none, .count = 1 } },
        "field musts of kinds.Unions has an element without a type; set it, or leave it out", state);
    refused((kinds_Unions){ .must = { .type = kinds_Shape_Mixed, .Mixed = { .data = &mixed } },
                .musts = { .data = &good, .count = 1 } },
        "field must of kinds.Unions is an enum with a number out of its range", state);
}

/* The same bytes, with the type of a union changed to one that no schema has: readers of an older schema meet that. */
static void
an_unknown_member_of_a_union_reads_as_none(void **state)
{
    acta_memory *memory = *state;
    const kinds_Point point = { 1, 2 };
    const kinds_Circle value = { .inside = { .type = kinds_Shape_Point, .Point = { .data = &point } } };
    uint32_t changed = 0;

    acta_bytes buffer = values_write(&kinds_Circle_table, &value, memory);
    uint8_t *bytes = acta_memory_alloc(memory, buffer.size);
    for (size_t i = 4; i < buffer.size; i++) {
        kinds_Circle read;
        acta_str text;
        memcpy(bytes, buffer.data, buffer.size);
        bytes[i] = 200;
        acta_bytes damaged = acta_bytes_from(bytes, buffer.size);
        if (kinds_Circle_verify(damaged, NULL) != ACTA_OK) continue;
        kinds_Circle_decode(damaged, &read);
        changed += read.inside.type == kinds_Shape_NONE;
        acta_status status = acta_json_print(&kinds_Circle_table, damaged, memory, &text, NULL);
        assert_true(status == ACTA_OK || status == ACTA_CORRUPT);
    }
    assert_true(changed > 0);
}

/* SEC-02: a type without its value: of a table or a string it is none, a struct has to lie somewhere. */
static void
a_type_of_a_union_without_its_value_leads_nowhere(void **state)
{
    acta_memory *memory = *state;
    const kinds_Point point = { 1, 2 };
    const kinds_Circle value = { .inside = { .type = kinds_Shape_Point, .Point = { .data = &point } } };
    uint16_t vtable[5]; /* size, size of the table, radius, type, value */
    int32_t root, back;
    acta_error error;
    kinds_Circle read;

    acta_bytes buffer = values_write(&kinds_Circle_table, &value, memory);
    uint8_t *bytes = values_guarded(buffer);
    memcpy(&root, bytes, 4);
    memcpy(&back, bytes + root, 4);
    memcpy(vtable, bytes + root - back, sizeof vtable);
    assert_int_equal(vtable[0], sizeof vtable);
    memset(bytes + root - back + 8, 0, 2);
    buffer.data = bytes;
    for (uint8_t type = 0; type <= kinds_Shape_Aligned; type++) {
        bytes[root + vtable[3]] = type;
        bool is_struct = type == kinds_Shape_Point || type == kinds_Shape_Mixed || type == kinds_Shape_Aligned;
        assert_int_equal(kinds_Circle_verify(buffer, &error), is_struct ? ACTA_CORRUPT : ACTA_OK);
        assert_int_equal(official_accepts("kinds.Circle", buffer.data, buffer.size), !is_struct);
        if (is_struct) {
            assert_string_equal(error.where, "inside");
            continue;
        }
        kinds_Circle_decode(buffer, &read);
        assert_int_equal(read.inside.type, kinds_Shape_NONE);
    }
}

static void
a_buffer_in_a_buffer_is_checked_and_read(void **state)
{
    acta_memory *memory = *state;
    acta_bytes note =
        values_write(&kinds_inner_Note_table, &(kinds_inner_Note){ .text = S("inside"), .count = { true, 3 } }, memory);
    const float reals[] = { 1, 2 };
    const kinds_Entry entries[] = { { .place = 1 }, { .place = 2, .value = 0.5F } };
    kinds_Vectors value = { .note = { .data = note.data, .count = (uint32_t)note.size },
        .wide = { .data = reals, .count = 2 },
        .entries = { .data = entries, .count = 2 } };
    acta_memory_sink sink = acta_memory_sink_of(memory);
    kinds_inner_Note read_note;
    kinds_Circle read_circle;
    kinds_Vectors read;
    acta_error error;

    acta_bytes buffer = values_write(&kinds_Vectors_table, &value, memory);
    kinds_Vectors_decode(buffer, &read);
    assert_true(kinds_Vectors_note_decode(&read, &read_note));
    assert_true(acta_str_equal(read_note.text, S("inside")) && read_note.count.is_set && read_note.count.value == 3);
    assert_false(kinds_Vectors_inner_decode(&read, &read_circle));
    assert_int_equal(((const uint8_t *)(const void *)read.wide.data - buffer.data) % 32, 0);
    assert_int_equal((read.entries.encoded - buffer.data) % 16, 0);
    assert_int_equal((read.note.data - buffer.data) % 8, 0);

    value.note.count--;
    assert_int_equal(kinds_Vectors_write(&value, &sink.sink, &error), ACTA_INVALID);
    assert_string_equal(error.text,
        "field note of kinds.Vectors is no buffer of its (nested_flatbuffer); write one with its table's _write");
}

/* In an array of ours, and in a buffer. */
static void
items_are_found_by_their_key_when_sorted(void **state)
{
    acta_memory *memory = *state;
    values_random random = values_seed();
    kinds_Entry entries[100], entry;
    kinds_Label labels[50], label;
    char names[50][8];
    kinds_Structs structs;
    kinds_Included included;

    for (uint32_t i = 0; i < 100; i++)
        entries[i] = (kinds_Entry){ .place = (uint16_t)(i * 7919 % 100 * 2), .value = (float)i };
    for (uint32_t i = 0; i < 50; i++) {
        snprintf(names[i], sizeof names[i], "%" PRIu64, values_next(&random) % 50 * 50 + i);
        labels[i] = (kinds_Label){ .text = S(names[i]) };
    }
    kinds_Entry_sort(entries, 100);
    kinds_Label_sort(labels, 50);
    for (uint32_t i = 1; i < 100; i++)
        assert_true(entries[i - 1].place < entries[i].place);
    const kinds_Structs value = { .entries = { .data = entries, .count = 100 } };
    const kinds_Included also = { .labels = { .data = labels, .count = 50 } };
    kinds_Structs_decode(values_write(&kinds_Structs_table, &value, memory), &structs);
    kinds_Included_decode(values_write(&kinds_Included_table, &also, memory), &included);

    for (uint32_t i = 0; i < 200; i++) {
        bool is_there = i % 2 == 0;
        assert_int_equal(kinds_Entry_vector_find(structs.entries, (uint16_t)i, &entry), is_there);
        assert_int_equal(entry.place, is_there ? i : 0);
        assert_int_equal(kinds_Entry_vector_find(value.entries, (uint16_t)i, &entry), is_there);
    }
    for (uint32_t i = 0; i < 50; i++) {
        assert_true(kinds_Label_vector_find(included.labels, S(names[i]), &label));
        assert_true(acta_str_equal(label.text, S(names[i])));
    }
    assert_false(kinds_Label_vector_find(included.labels, S("x"), &label));
    assert_null(label.text.data);
    assert_false(kinds_Entry_vector_find((kinds_Entry_vector){ 0 }, 1, &entry));
    kinds_Entry_sort(entries, 0);
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

static void
refuses(const acta_table *table, const char *json, const char *where, const char *text, acta_memory *memory)
{
    acta_bytes buffer;
    acta_error error;

    assert_int_equal(acta_json_parse(table, S(json), memory, &buffer, &error), ACTA_INVALID);
    assert_string_equal(error.text, text);
    assert_string_equal(error.where, where);
}

static void
json_of_the_wrong_kind_is_named_with_its_path(void **state)
{
    const acta_table *structs = &kinds_Structs_table, *unions = &kinds_Unions_table;
    acta_memory *memory = *state;

    refuses(structs, "{\"always\": {\"x\": 1, \"y\": \"q\"}}", "always.y",
        "line 1, column 26: always.y must be a whole number from -2147483648 to 2147483647, not \"q\"", memory);
    refuses(structs, "{\"points\": [{\"x\": 1, \"y\": 2}, {\"x\": 1, \"y\": 99999999999}]}", "points[1].y",
        "line 1, column 45: points[1].y must be a whole number from -2147483648 to 2147483647, not 99999999999",
        memory);
    refuses(structs, "{\"always\": {\"x\": 1, \"z\": 2}}", "always.z",
        "line 1, column 21: unknown field 'z' of kinds.Point in always; it has x, y", memory);
    refuses(structs, "{\"mixed\": {\"bytes\": [1, 2, 300]}}", "mixed.bytes[2]",
        "line 1, column 28: mixed.bytes[2] must be a whole number from 0 to 255, not 300", memory);
    refuses(unions, "{\"must_type\": \"Circl\", \"must\": {}}", "must_type",
        "line 1, column 15: must_type must be one of Circle, Point, name, tagged, inner_Note, Mixed, Aligned, not "
        "\"Circl\"",
        memory);
    refuses(unions, "{\"must_type\": \"Circle\", \"must\": {\"radiu\": 3}}", "must.radiu",
        "line 1, column 34: unknown field 'radiu' of kinds.Circle in must; it has radius, inside", memory);
    refuses(unions, "{\"musts_type\": [\"Circle\", \"Pint\"], \"musts\": [{}, {}]}", "musts_type[1]",
        "line 1, column 27: musts_type[1] must be one of Circle, Point, name, tagged, inner_Note, Mixed, Aligned, not "
        "\"Pint\"",
        memory);
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
        cmocka_unit_test_setup_teardown(a_union_is_one_of_its_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_union_that_is_half_set_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_unknown_member_of_a_union_reads_as_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_type_of_a_union_without_its_value_leads_nowhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(json_of_the_wrong_kind_is_named_with_its_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_buffer_in_a_buffer_is_checked_and_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(items_are_found_by_their_key_when_sorted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wide_enums_keep_all_their_bits, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
