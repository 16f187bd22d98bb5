/*
 * Verifying: our verifier accepts what the one that flatc generates accepts, but for strings that are no UTF-8; and
 * neither it nor reading what it accepts ever leaves the bytes, which lie in front of a guard page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "official.h"
#include "shop.acta.h"
#include "values.h"

static const acta_table *const tables[] = { &shop_Line_table, &shop_Weight_table, &shop_Numbers_table,
    &shop_Everything_table, &shop_Nothing_table, &shop_OpenCart_table, &shop_LineAdded_table, &shop_Cart_table };
enum { TABLE_COUNT = sizeof tables / sizeof tables[0] };

typedef struct counts {
    uint64_t accepted;
    uint64_t refused;
    uint64_t not_utf8;
} counts;

/* Everything that a buffer leads to is read, by writing it again. What can't be written is refused, never followed out. */
static void
read_all(const acta_table *table, acta_bytes buffer)
{
    acta_memory *memory = acta_memory_create(NULL);
    acta_memory_sink sink = acta_memory_sink_of(memory);
    void *value = acta_memory_alloc(memory, table->struct_size);
    acta_error error;

    table->read(buffer, value);
    if (table->write(value, &sink.sink, &error) == ACTA_OK)
        assert_int_equal(table->verify(sink.bytes, &error), ACTA_OK);
    acta_memory_destroy(memory);
}

static void
compare(const acta_table *table, acta_bytes buffer, counts *seen)
{
    acta_error error = { .text = "" };
    acta_status status = table->verify(buffer, &error);
    bool official = official_accepts(table->name, buffer.data, buffer.size);

    if (status == ACTA_OK) {
        assert_true(official);
        seen->accepted++;
        read_all(table, buffer);
        return;
    }
    assert_int_equal(status, ACTA_CORRUPT);
    assert_non_null(strstr(error.text, "damaged buffer of shop."));
    if (official) {
        assert_non_null(strstr(error.text, "UTF-8"));
        seen->not_utf8++;
    } else {
        seen->refused++;
    }
}

static acta_bytes
random_buffer(values_random *random, const acta_table *table, acta_memory *memory)
{
    void *value = acta_memory_alloc(memory, table->struct_size);
    values_fill(random, table, value, memory, 2);
    return values_write(table, value, memory);
}

static void
what_is_written_passes_both_verifiers(void **state)
{
    (void)state;
    values_random random = values_seed();
    for (int i = 0; i < 4000; i++) {
        acta_memory *memory = acta_memory_create(NULL);
        const acta_table *table = tables[i % TABLE_COUNT];
        acta_bytes buffer = random_buffer(&random, table, memory);
        acta_error error;
        assert_int_equal(table->verify(buffer, &error), ACTA_OK);
        assert_true(official_accepts(table->name, buffer.data, buffer.size));
        acta_memory_destroy(memory);
    }
}

/* SEC-02: each bit of some buffers of each table, turned over. */
static void
flipped_bits_are_judged_as_by_the_official_verifier(void **state)
{
    (void)state;
    values_random random = values_seed();
    counts seen = { 0 };

    for (int i = 0; i < TABLE_COUNT * 4; i++) {
        acta_memory *memory = acta_memory_create(NULL);
        const acta_table *table = tables[i % TABLE_COUNT];
        acta_bytes buffer = random_buffer(&random, table, memory);
        uint8_t *bytes = values_guarded(buffer);
        for (size_t bit = 0; bit < buffer.size * 8 && bit < 16384; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            compare(table, acta_bytes_from(bytes, buffer.size), &seen);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        acta_memory_destroy(memory);
    }
    printf("accepted %lu, refused %lu, refused for UTF-8 alone %lu\n", (unsigned long)seen.accepted,
        (unsigned long)seen.refused, (unsigned long)seen.not_utf8);
    assert_true(seen.accepted > 1000 && seen.refused > 1000 && seen.not_utf8 > 100);
}

/* SEC-02: numbers at places where offsets may be: near ones, far ones, the largest. */
static void
changed_words_are_judged_as_by_the_official_verifier(void **state)
{
    (void)state;
    static const uint32_t words[] = { 0, 1, 2, 4, 8, 12, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffffe, 0xfffffff0 };
    values_random random = values_seed();
    counts seen = { 0 };

    for (int i = 0; i < TABLE_COUNT * 8; i++) {
        acta_memory *memory = acta_memory_create(NULL);
        const acta_table *table = tables[i % TABLE_COUNT];
        acta_bytes buffer = random_buffer(&random, table, memory);
        for (int k = 0; k < 2000; k++) {
            uint8_t *bytes = values_guarded(buffer);
            for (uint64_t changes = 1 + values_next(&random) % 3; changes > 0; changes--) {
                uint32_t word = words[values_next(&random) % (sizeof words / sizeof words[0])];
                if (values_next(&random) % 2 == 0) word = (uint32_t)(values_next(&random) % buffer.size);
                size_t size = values_next(&random) % 2 == 0 ? 2 : 4;
                size_t at = values_next(&random) % (buffer.size - size + 1);
                memcpy(bytes + at - at % size, &word, size);
            }
            compare(table, acta_bytes_from(bytes, buffer.size), &seen);
        }
        acta_memory_destroy(memory);
    }
    printf("accepted %lu, refused %lu\n", (unsigned long)seen.accepted, (unsigned long)seen.refused);
    assert_true(seen.accepted > 1000 && seen.refused > 1000);
}

/* SEC-02 */
static void
a_buffer_cut_anywhere_is_judged_as_by_the_official_verifier(void **state)
{
    (void)state;
    values_random random = values_seed();
    counts seen = { 0 };

    for (int i = 0; i < TABLE_COUNT * 8; i++) {
        acta_memory *memory = acta_memory_create(NULL);
        const acta_table *table = tables[i % TABLE_COUNT];
        acta_bytes buffer = random_buffer(&random, table, memory);
        for (size_t size = 0; size < buffer.size; size++)
            compare(table, acta_bytes_from(values_guarded(acta_bytes_from(buffer.data, size)), size), &seen);
        acta_memory_destroy(memory);
    }
    assert_true(seen.refused > 1000);
}

/* SEC-02: where a buffer begins in memory is nothing that its sender can choose, nor we always. */
static void
a_buffer_may_begin_anywhere(void **state)
{
    (void)state;
    values_random random = values_seed();
    acta_memory *memory = acta_memory_create(NULL);

    for (int i = 0; i < TABLE_COUNT; i++) {
        acta_bytes buffer = random_buffer(&random, tables[i], memory);
        uint8_t *room = acta_memory_alloc(memory, buffer.size + 8);
        for (size_t at = 0; at < 8; at++) {
            acta_bytes moved = acta_bytes_from(memcpy(room + at, buffer.data, buffer.size), buffer.size);
            assert_int_equal(tables[i]->verify(moved, NULL), ACTA_OK);
            read_all(tables[i], moved);
            assert_true(
                values_equal(values_rewrite(tables[i], moved, memory), values_rewrite(tables[i], buffer, memory)));
        }
    }
    acta_memory_destroy(memory);
}

/* SEC-02: an offset to itself, back, to what is not aligned, and out; a string that nothing ends. */
static void
an_offset_leads_on_to_what_it_should(void **state)
{
    (void)state;
    static const uint32_t changes[] = { 1, 2, 3, 0xffffffff, 0x7fffffff, 0x80000000 };
    acta_memory *memory = acta_memory_create(NULL);
    shop_Line line = { .sku = S("abcdefg") };
    acta_error error;

    acta_bytes buffer = values_write(&shop_Line_table, &line, memory);
    uint8_t *bytes = values_guarded(buffer);
    buffer.data = bytes;
    shop_Line_decode(buffer, &line);
    size_t string = (size_t)((const uint8_t *)line.sku.data - bytes) - 4, at = 4;
    uint32_t offset = 0;
    for (; at < string && at + offset != string; at += at + offset == string ? 0 : 4)
        memcpy(&offset, bytes + at, 4);
    assert_int_equal(at + offset, string);

    for (size_t i = 0; i <= sizeof changes / sizeof changes[0]; i++) {
        uint32_t changed = i == 0 ? 0 : offset + changes[i - 1];
        memcpy(bytes + at, &changed, 4);
        assert_int_equal(shop_Line_verify(buffer, &error), ACTA_CORRUPT);
        assert_string_equal(error.where, "sku");
        assert_false(official_accepts("shop.Line", buffer.data, buffer.size));
    }
    memcpy(bytes + at, &offset, 4);
    assert_int_equal(shop_Line_verify(buffer, &error), ACTA_OK);
    bytes[string + 4 + 7] = 'h';
    assert_int_equal(shop_Line_verify(buffer, &error), ACTA_CORRUPT);
    assert_string_equal(error.text, "damaged buffer of shop.Line: field sku has no NUL behind it");
    acta_memory_destroy(memory);
}

/* SEC-02 */
static void
a_missing_required_field_is_named(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    acta_error error;
    shop_Line line = { .sku = S("x"), .count = 1 };
    /* A line that claims to be an opened cart: its first field is a string too; as a nothing it has none. */
    acta_bytes nothing = values_write(&shop_Nothing_table, &(shop_Nothing){ 0 }, memory);
    acta_bytes opened = values_write(&shop_Line_table, &line, memory);

    assert_int_equal(shop_Line_verify(nothing, &error), ACTA_CORRUPT);
    assert_string_equal(error.text, "damaged buffer of shop.Line: field sku is required and missing");
    assert_string_equal(error.where, "sku");
    assert_int_equal(shop_CartOpened_verify(opened, &error), ACTA_OK); /* fields that it doesn't know are left alone */
    assert_int_equal(shop_Line_verify(nothing, NULL), ACTA_CORRUPT);
    acta_memory_destroy(memory);
}

/* Sixty-four tables within each other pass, one more doesn't: neither written nor verified. */
static void
tables_are_nested_at_most_64_deep(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    acta_memory_sink sink = acta_memory_sink_of(memory);
    acta_error error;
    static shop_Line lines[65];

    for (int i = 0; i < 65; i++) {
        lines[i] = (shop_Line){ .sku = S("x") };
        if (i > 0) lines[i].parts = (shop_Line_vector){ .data = &lines[i - 1], .count = 1 };
    }
    acta_bytes deep = values_write(&shop_Line_table, &lines[63], memory);
    assert_int_equal(shop_Line_verify(deep, &error), ACTA_OK);
    assert_true(official_accepts("shop.Line", deep.data, deep.size));
    assert_int_equal(shop_Line_write(&lines[64], &sink.sink, &error), ACTA_INVALID);
    assert_string_equal(error.text, "tables of shop.Line are nested more than 64 deep");
    acta_memory_destroy(memory);
}

/* SEC-02: half a megabyte of offsets to a string of half a megabyte: 65 billion bytes to look at, if each were followed. */
static void
many_offsets_to_one_long_string_end_early(void **state)
{
    (void)state;
    enum { COUNT = 100000, LENGTH = 500000 };
    acta_memory *memory = acta_memory_create(NULL);
    acta_error error;
    char *text = acta_memory_alloc(memory, LENGTH);
    acta_str *texts = acta_memory_alloc(memory, COUNT * sizeof *texts);

    memset(text, 'x', LENGTH);
    texts[0] = acta_str_from(text, LENGTH);
    shop_Line line = { .sku = S("x"), .tags = { .data = texts, .count = COUNT } };
    acta_bytes buffer = values_write(&shop_Line_table, &line, memory);

    shop_Line_decode(buffer, &line);
    uint8_t *offsets = (uint8_t *)(uintptr_t)line.tags.encoded;
    uint32_t first;
    memcpy(&first, offsets, 4);
    for (uint32_t i = 1; i < COUNT; i++) {
        uint32_t offset = first - 4 * i;
        memcpy(offsets + 4 * i, &offset, 4);
    }
    assert_int_equal(shop_Line_verify(buffer, &error), ACTA_CORRUPT);
    assert_non_null(strstr(error.text, "field tags is one of too many offsets to the same strings"));
    acta_memory_destroy(memory);
}

/* The bytes of `first` and, aligned as before, of `second`; a vector of `first` whose offsets are at `elements` leads to the root of
 * `second`, `count` times. */
static acta_bytes
joined(acta_bytes first, acta_bytes second, const void *elements, uint32_t count, acta_memory *memory)
{
    size_t size = (first.size + 7) / 8 * 8, at = (size_t)((const uint8_t *)elements - first.data);
    uint8_t *bytes = acta_memory_alloc(memory, size + second.size);
    uint32_t root;

    memset(bytes, 0, size);
    memcpy(bytes, first.data, first.size);
    memcpy(bytes + size, second.data, second.size);
    memcpy(&root, second.data, 4);
    for (uint32_t i = 0; i < count; i++, at += 4) {
        uint32_t offset = (uint32_t)(size + root - at);
        memcpy(bytes + at, &offset, 4);
    }
    return acta_bytes_from(bytes, size + second.size);
}

/* A line with so many parts, each with nothing. */
static acta_bytes
line_of_parts(uint32_t count, shop_Line *line, acta_memory *memory)
{
    shop_Line *parts = acta_memory_alloc(memory, count * sizeof *parts);

    for (uint32_t i = 0; i < count; i++)
        parts[i] = (shop_Line){ .sku = S("y") };
    acta_bytes buffer = values_write(
        &shop_Line_table, &(shop_Line){ .sku = S("x"), .parts = { .data = parts, .count = count } }, memory);
    shop_Line_decode(buffer, line);
    return buffer;
}

/* SEC-02: what no writer makes: a table in one that is 64 deep already, and a thousand offsets to a table with a thousand. */
static void
foreign_buffers_are_no_deeper_and_no_wider(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    acta_error error;
    static shop_Line lines[64];
    shop_Line line;

    for (int i = 0; i < 64; i++) {
        lines[i] = (shop_Line){ .sku = S("x") };
        if (i > 0) lines[i].parts = (shop_Line_vector){ .data = &lines[i - 1], .count = 1 };
    }
    acta_bytes one = line_of_parts(1, &line, memory);
    for (int depth = 63; depth <= 64; depth++) {
        acta_bytes deep = values_write(&shop_Line_table, &lines[depth - 1], memory);
        acta_bytes deeper = joined(one, deep, line.parts.encoded, 1, memory);
        assert_int_equal(shop_Line_verify(deeper, &error), depth == 63 ? ACTA_OK : ACTA_CORRUPT);
    }
    assert_non_null(strstr(error.text, "tables are nested more than 64 deep"));

    acta_bytes inner = line_of_parts(1000, &line, memory), outer = line_of_parts(1000, &line, memory);
    acta_bytes bomb = joined(outer, inner, line.parts.encoded, 1000, memory);
    assert_int_equal(shop_Line_verify(bomb, &error), ACTA_CORRUPT);
    assert_non_null(strstr(error.text, "there are more than a million tables"));
    bomb = joined(outer, inner, line.parts.encoded, 900, memory);
    assert_int_equal(shop_Line_verify(bomb, &error), ACTA_OK);
    acta_memory_destroy(memory);
}

/* SEC-02: a vector as long as its number can say, and near it. */
static void
a_vector_is_no_longer_than_its_buffer(void **state)
{
    (void)state;
    static const uint32_t lengths[] = { 1000, 0x1fffffff, 0x20000000, 0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000,
        0xfffffffe, 0xffffffff };
    acta_memory *memory = acta_memory_create(NULL);
    shop_Line line;

    acta_bytes buffer = line_of_parts(1, &line, memory);
    uint8_t *count = (uint8_t *)(uintptr_t)line.parts.encoded - 4;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        memcpy(count, &lengths[i], 4);
        acta_error error;
        assert_int_equal(shop_Line_verify(buffer, &error), ACTA_CORRUPT);
        assert_string_equal(error.where, "parts");
    }
    acta_memory_destroy(memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_passes_both_verifiers),
        cmocka_unit_test(flipped_bits_are_judged_as_by_the_official_verifier),
        cmocka_unit_test(changed_words_are_judged_as_by_the_official_verifier),
        cmocka_unit_test(a_buffer_cut_anywhere_is_judged_as_by_the_official_verifier),
        cmocka_unit_test(a_buffer_may_begin_anywhere),
        cmocka_unit_test(an_offset_leads_on_to_what_it_should),
        cmocka_unit_test(a_missing_required_field_is_named),
        cmocka_unit_test(tables_are_nested_at_most_64_deep),
        cmocka_unit_test(many_offsets_to_one_long_string_end_early),
        cmocka_unit_test(foreign_buffers_are_no_deeper_and_no_wider),
        cmocka_unit_test(a_vector_is_no_longer_than_its_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
