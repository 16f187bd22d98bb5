/*
 * Included ahead of every test (by the dependency `cmocka_dep` of the root meson.build): notes which statuses the tests
 * have really seen. An assert_int_equal that names a constant ACTA_… and held appends that name to the file that the
 * environment variable ACTA_STATUS_LOG names; without the variable nothing happens. tests/statuses.sh then asks whether
 * every status of acta/status.h was seen.
 *
 * A name counts only when it is written out in an assertion that ran: a loop over all statuses proves nothing.
 */
#ifndef ACTA_TESTS_STATUS_SEEN_H
#define ACTA_TESTS_STATUS_SEEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static inline void
acta_test_saw(const char *spelling)
{
    if (strncmp(spelling, "ACTA_", 5) != 0) return;
    const char *path = getenv("ACTA_STATUS_LOG");
    FILE *file = path != NULL ? fopen(path, "a") : NULL;
    if (file == NULL) return;
    fprintf(file, "%s\n", spelling);
    fclose(file);
}

#undef assert_int_equal
#define assert_int_equal(a, b)                                                                                         \
    do {                                                                                                               \
        _assert_int_equal(cast_to_largest_integral_type(a), cast_to_largest_integral_type(b), __FILE__, __LINE__);     \
        acta_test_saw(#a);                                                                                             \
        acta_test_saw(#b);                                                                                             \
    } while (0)

#endif
