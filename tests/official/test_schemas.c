/*
 * The official library's own test schemas (schemas/): actac compiles them, and random values of their tables come round
 * (round.h).
 */
#include "round.h"

enum { CASES_OF_EACH = 400, JSON_API_EVERY = 10 };

static void
values_of_the_official_test_schemas_come_round(void **state)
{
    (void)state;
    static features seen;
    random_source random = seed();

    for (size_t i = 0; i < official_schemas_count; i++) {
        printf("%s\n", official_schemas_tables[i].ours->name);
        for (uint64_t k = 0; k < CASES_OF_EACH; k++)
            round_trip(&official_schemas_tables[i], &random, &seen, k % JSON_API_EVERY == 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_the_official_test_schemas_come_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
