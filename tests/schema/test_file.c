/*
 * Files: what stands around a buffer is written and checked, and its errors say what is wrong. That the official library
 * says the same of each form is proven in tests/official.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acta/file.h"
#include "kinds.acta.h"
#include "shop.acta.h"
#include "values.h"

enum { FORMS = 4, BOTH = ACTA_FILE_IDENTIFIER | ACTA_FILE_SIZE };

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

static acta_bytes
file_of(unsigned form, acta_memory *memory)
{
    acta_memory_sink sink = acta_memory_sink_of(memory);
    kinds_Maybe value = { .h = { true, 42 } };
    acta_error error = { .text = "" };

    if (acta_file_write(&kinds_Maybe_table, &value, form, &sink.sink, &error) != ACTA_OK) fail_msg("%s", error.text);
    return sink.bytes;
}

static void
each_form_is_read_again(void **state)
{
    for (unsigned form = 0; form < FORMS; form++) {
        acta_bytes file = file_of(form, *state);
        size_t begin = form & ACTA_FILE_SIZE ? 4 : 0;
        kinds_Maybe read;

        assert_int_equal(acta_file_verify(&kinds_Maybe_table, file, form, NULL), ACTA_OK);
        assert_int_equal(memcmp(file.data + begin + 4, "KIND", 4) == 0, (form & ACTA_FILE_IDENTIFIER) != 0);
        if (begin != 0) assert_int_equal(acta_file_size(file), file.size);
        kinds_Maybe_decode(acta_file_buffer(file, form), &read);
        assert_true(read.h.is_set && read.h.value == 42);
        if (begin == 0) assert_int_equal(kinds_Maybe_verify(file, NULL), ACTA_OK); /* an identifier does no harm */
    }
}

static void
numbers_are_aligned_from_the_first_byte_on(void **state)
{
    static const uint8_t number[8] = { 42 };

    for (unsigned form = 0; form < FORMS; form++) {
        acta_bytes file = file_of(form, *state);
        const uint8_t *at = memmem(file.data, file.size, number, sizeof number);
        assert_non_null(at);
        assert_int_equal((at - file.data) % 8, 0);
    }
}

static void
expect(acta_bytes file, unsigned form, const char *text)
{
    acta_error error = { .text = "" };

    assert_int_equal(acta_file_verify(&kinds_Maybe_table, file, form, &error), ACTA_CORRUPT);
    assert_string_equal(error.text, text);
}

static void
what_is_wrong_around_a_buffer_is_told(void **state)
{
    acta_bytes file = file_of(BOTH, *state);
    uint8_t harmed[256];

    assert_true(file.size < sizeof harmed);
    memcpy(harmed, file.data, file.size);
    harmed[8] = 'B';
    expect(acta_bytes_from(harmed, file.size), BOTH, "file of something else: the identifier of kinds.Maybe is 'KIND'");
    expect(acta_bytes_from(file.data, file.size - 1), BOTH,
        "damaged file of kinds.Maybe: it should have 60 bytes by its size, and has 59");
    expect(acta_bytes_from(file.data, 11), BOTH, "damaged file of kinds.Maybe: 11 bytes are too few");
    expect(acta_bytes_from(NULL, 0), ACTA_FILE_SIZE, "damaged file of kinds.Maybe: 0 bytes are too few");
    assert_int_equal(acta_file_size(acta_bytes_from(file.data, 3)), 0);

    memcpy(harmed, file.data, file.size);
    harmed[4] = 250;
    expect(acta_bytes_from(harmed, file.size), BOTH, "damaged buffer of kinds.Maybe: the root leads outside of it");
}

static void
a_schema_without_an_identifier_has_none_to_write(void **state)
{
    acta_memory_sink sink = acta_memory_sink_of(*state);
    shop_OpenCart value = { .cart_id = S("c") };
    acta_error error = { .text = "" };
    const char *text = "the schema of shop.OpenCart has no file_identifier; give it one of four letters, or leave "
                       "ACTA_FILE_IDENTIFIER out";

    assert_int_equal(
        acta_file_write(&shop_OpenCart_table, &value, ACTA_FILE_IDENTIFIER, &sink.sink, &error), ACTA_INVALID);
    assert_string_equal(error.text, text);
    assert_int_equal(acta_file_write(&shop_OpenCart_table, &value, ACTA_FILE_SIZE, &sink.sink, &error), ACTA_OK);
    assert_int_equal(acta_file_verify(&shop_OpenCart_table, sink.bytes, BOTH, &error), ACTA_INVALID);
    assert_string_equal(error.text, text);
    assert_int_equal(acta_file_verify(&shop_OpenCart_table, sink.bytes, ACTA_FILE_SIZE, &error), ACTA_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_form_is_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(numbers_are_aligned_from_the_first_byte_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_wrong_around_a_buffer_is_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_schema_without_an_identifier_has_none_to_write, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
