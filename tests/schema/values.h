/*
 * Values of the tests' schema: random ones of any table, made from its description, and the bytes of a buffer between
 * guard pages.
 */
#ifndef ACTA_TESTS_VALUES_H
#define ACTA_TESTS_VALUES_H

#include "acta/buffer.h"

#define S(literal) acta_str_of(literal)

/* xorshift64: the same numbers for the same seed everywhere. */
typedef struct values_random {
    uint64_t state;
} values_random;
uint64_t values_next(values_random *random);

/* The seed of this run: see tests/seed.h. */
values_random values_seed(void);

/* A value of this table with everything that it leads to, in `memory`. `depth`: how many tables within tables. */
void values_fill(values_random *random, const acta_table *table, void *value, acta_memory *memory, uint32_t depth);

/* The buffer that acta writes for a value; ends the test when it refuses. */
acta_bytes values_write(const acta_table *table, const void *value, acta_memory *memory);

/* The same for what a verified buffer holds: two buffers with the same content give the same bytes. */
acta_bytes values_rewrite(const acta_table *table, acta_bytes buffer, acta_memory *memory);

bool values_equal(acta_bytes a, acta_bytes b);

/* A copy of the bytes that ends where unreadable memory begins. One at a time; the earlier one is gone. */
uint8_t *values_guarded(acta_bytes bytes);

#endif
