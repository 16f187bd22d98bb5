/*
 * What every test of an example's aggregates begins with: cmocka, acta/test.h, and a failed expectation that fails the case.
 */
#ifndef TESTS_EXAMPLES_GIVEN_H
#define TESTS_EXAMPLES_GIVEN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "acta/test.h"

static inline void
fail_here(const char *message, const char *file, int line)
{
    print_error("%s\n", message);
    _fail(file, line);
}

#endif
