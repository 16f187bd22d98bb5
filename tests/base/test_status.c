/*
 * Status and error: every status has its own name and meaning; errors are filled whole, cut, and prefixed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "acta/status.h"

static void
every_status_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = ACTA_OK; a <= ACTA_DELETED; a++) {
        assert_memory_equal(acta_status_name((acta_status)a), "ACTA_", 5);
        for (int b = a + 1; b <= ACTA_DELETED; b++)
            assert_string_not_equal(acta_status_name((acta_status)a), acta_status_name((acta_status)b));
    }
    assert_string_equal(acta_status_name(ACTA_OK), "ACTA_OK");
    assert_string_equal(acta_status_name(ACTA_UNKNOWN_OUTCOME), "ACTA_UNKNOWN_OUTCOME");
    assert_string_equal(acta_status_name((acta_status)(ACTA_DELETED + 1)), "unknown status");
    assert_string_equal(acta_status_name((acta_status)-1), "unknown status");
}

static void
setting_an_error_writes_every_field(void **state)
{
    (void)state;
    acta_error error;

    memset(&error, 0xff, sizeof error);
    acta_status status = acta_error_set(&error, ACTA_CONFLICT, "stream '%s' is at %d", "a", 7);
    assert_true(status == ACTA_CONFLICT);
    assert_true(error.status == ACTA_CONFLICT);
    assert_false(error.retriable);
    assert_true(error.code == 0 && error.actual_version == 0);
    assert_string_equal(error.where, "");
    assert_string_equal(error.text, "stream 'a' is at 7");
}

static void
only_time_and_room_make_an_error_retriable(void **state)
{
    (void)state;
    acta_error error;

    for (int s = ACTA_INVALID; s <= ACTA_IGNORE; s++) {
        acta_error_set(&error, (acta_status)s, "x");
        assert_true(error.retriable == (s == ACTA_TIMEOUT || s == ACTA_BUSY));
    }
}

static void
without_a_format_the_meaning_is_the_text(void **state)
{
    (void)state;
    acta_error error, other;

    acta_error_set(&error, ACTA_IN_USE, NULL);
    acta_error_set(&other, ACTA_IO, NULL);
    assert_true(strlen(error.text) > 8);
    assert_string_not_equal(error.text, other.text);
}

static void
a_long_text_is_cut_and_terminated(void **state)
{
    (void)state;
    acta_error error;
    char long_text[2 * ACTA_ERROR_TEXT_MAX];

    memset(long_text, 'x', sizeof long_text);
    long_text[sizeof long_text - 1] = '\0';
    acta_error_set(&error, ACTA_IO, "%s", long_text);
    assert_int_equal(strlen(error.text), ACTA_ERROR_TEXT_MAX - 1);
    acta_error_prefix(&error, ACTA_IO, "%s", long_text);
    assert_int_equal(strlen(error.text), ACTA_ERROR_TEXT_MAX - 1);
}

static void
a_prefix_stands_before_the_text_and_keeps_the_rest(void **state)
{
    (void)state;
    acta_error error;

    acta_error_set(&error, ACTA_TIMEOUT, "no answer");
    acta_status status = acta_error_prefix(&error, error.status, "cannot open %s: ", "it");
    assert_true(status == ACTA_TIMEOUT);
    assert_string_equal(error.text, "cannot open it: no answer");
    assert_true(error.retriable);
}

/* SEC-09 */
static void
a_text_has_no_control_characters(void **state)
{
    (void)state;
    acta_error error;

    acta_error_set(&error, ACTA_INVALID, "'%s' is none",
        "\033[2J\x7F\xC2\x9B"
        "31m\r");
    assert_string_equal(error.text, "'?[2J???31m?' is none");
    acta_error_prefix(&error, ACTA_INVALID, "%s: ", "a\033");
    assert_string_equal(error.text, "a?: '?[2J???31m?' is none");
    acta_error_set(&error, ACTA_INVALID, "\xC3\x84\xC2\xA0\tline\nline\xC2");
    assert_string_equal(error.text, "\xC3\x84\xC2\xA0\tline\nline\xC2");
}

static void
no_error_struct_is_fine_everywhere(void **state)
{
    (void)state;
    assert_true(acta_error_set(NULL, ACTA_BUSY, "full") == ACTA_BUSY);
    assert_true(acta_error_prefix(NULL, ACTA_BUSY, "x: ") == ACTA_BUSY);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_of_its_own),
        cmocka_unit_test(setting_an_error_writes_every_field),
        cmocka_unit_test(only_time_and_room_make_an_error_retriable),
        cmocka_unit_test(without_a_format_the_meaning_is_the_text),
        cmocka_unit_test(a_long_text_is_cut_and_terminated),
        cmocka_unit_test(a_prefix_stands_before_the_text_and_keeps_the_rest),
        cmocka_unit_test(a_text_has_no_control_characters),
        cmocka_unit_test(no_error_struct_is_fine_everywhere),
    };
    return cmocka_run_group_tests_name("status", tests, NULL, NULL);
}
