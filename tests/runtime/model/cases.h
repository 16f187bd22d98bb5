/*
 * What the model's tests share: a case is explored to its end, and either nothing or a planted defect is found.
 */
#ifndef ACTA_TESTS_RUNTIME_MODEL_CASES_H
#define ACTA_TESTS_RUNTIME_MODEL_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model.h"

static inline void
expect_no_failure(const model_case *c)
{
    model_result result = model_explore(c);

    if (result.trace != NULL) printf("%s", result.trace);
    free(result.trace);
    assert_false(result.failed);
    if (c->part == 0) assert_true(result.is_complete);
}

/* With a planted defect: found, and the interleaving that shows it printed. */
static inline void
expect_failure(const model_case *c)
{
    model_result result = model_explore(c);

    if (result.trace != NULL) printf("%s", result.trace);
    free(result.trace);
    assert_true(result.failed);
}

#endif
