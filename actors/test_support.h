/*
 * What the files of the testing helpers share (include/acta/test.h).
 */
#ifndef ACTI_ACTORS_TEST_SUPPORT_H
#define ACTI_ACTORS_TEST_SUPPORT_H

#include "acta/test.h"

/* Tell the failure hook. */
void acti_test_fail(const char *file, int line, const char *format, ...) ACTA_PRINTF(3, 4);

/* The bytes of a value in `memory`, as they would be stored; data NULL: it can't be written, and that was said. */
acta_bytes acti_test_encode(
    const acta_table *table, const void *value, acta_memory *memory, const char *file, int line);

/* For messages. */
const char *acti_test_json(const acta_table *table, acta_bytes buffer, acta_memory *memory);

/* The number of a table among others; false: it isn't among them. */
bool acti_test_find(const acta_table *const *tables, uint32_t count, const acta_table *table, uint32_t *index_out);

/* Is a state what a value says? Says so if not. `whose` is for the message. */
void acti_test_compare_state(const acta_table *state, const void *came, const acta_table *table, const void *expected,
    const char *whose, acta_memory *memory, const char *file, int line);

#endif
