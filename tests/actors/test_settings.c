/*
 * The settings that are in force are those that docs/configuration.md tells, by name, value and unit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acta/app.h"

/* "| name | value | unit |" as "name value unit"; false: another line. */
static bool
setting_of_row(const char *row, char *setting, size_t size)
{
    char name[64], value[32], unit[32];

    if (sscanf(row, "| %63[a-z_] | %31[0-9] | %31[a-z] |", name, value, unit) != 3) return false;
    snprintf(setting, size, "%s %s %s\n", name, value, unit);
    return true;
}

/* What the document tells, line by line, is what the dump prints, line by line. */
static void
the_document_tells_every_default(void **state)
{
    char row[256], setting[160], dump[4096], told[4096] = "";
    const char *path = getenv("ACTA_CONFIGURATION_MD");
    FILE *document;

    (void)state;
    assert_non_null(path);
    document = fopen(path, "r");
    assert_non_null(document);
    while (fgets(row, sizeof row, document) != NULL)
        if (setting_of_row(row, setting, sizeof setting)) strncat(told, setting, sizeof told - strlen(told) - 1);
    fclose(document);

    assert_true(acta_config_dump(NULL, dump, sizeof dump) < sizeof dump);
    assert_string_equal(told, dump);
}

/* Zero means the default, and what is set is printed instead. */
static void
what_is_set_is_printed(void **state)
{
    char dump[4096];

    (void)state;
    acta_config_dump(&(acta_app_config){ .runtime.budget = 7, .conflict_retry_max = 3 }, dump, sizeof dump);
    assert_non_null(strstr(dump, "budget 7 messages\n"));
    assert_non_null(strstr(dump, "conflict_retry_max 3 tries\n"));
    assert_non_null(strstr(dump, "snapshot_every 1000 events\n"));
}

/* A buffer that is too small gets what fits, ended; the length tells how much there was. */
static void
a_small_buffer_is_cut(void **state)
{
    char whole[4096], part[20];

    (void)state;
    size_t length = acta_config_dump(NULL, whole, sizeof whole);
    assert_int_equal(acta_config_dump(NULL, part, sizeof part), length);
    assert_int_equal(strlen(part), sizeof part - 1);
    assert_memory_equal(part, whole, sizeof part - 1);
    assert_int_equal(acta_config_dump(NULL, NULL, 0), length);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_tells_every_default),
        cmocka_unit_test(what_is_set_is_printed),
        cmocka_unit_test(a_small_buffer_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
