/*
 * Two schemas in text, made binary by flatc, compared: what the tests of the comparison share. Each program has it once.
 *
 *     schema-compare FLATC
 */
#ifndef TESTS_SCHEMA_COMPARE_CASES_H
#define TESTS_SCHEMA_COMPARE_CASES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acta/schema.h"

/* As a binary schema, in `memory`; all of our attributes are declared before the text, in the namespace t. */
acta_bytes binary_of(const char *text, const char *name, acta_memory *memory);

/* What the comparison tells, a line for each change; "" for none. */
void expect(const char *before, const char *after, const char *expected);

/* Around the tests of a program: begin_comparisons(argc, argv); return end_comparisons(cmocka_run_group_tests(…)); */
void begin_comparisons(int argc, char **argv);
int end_comparisons(int result);

#endif
