/*
 * The official library's own test schemas (schemas/): actac compiles them, and random values of their tables come round
 * (round.h). So do those of the schema of schemas, and all the binary schemas themselves.
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

/* What flatc made of each schema, by what actac made of the schema of schemas: it comes round too. */
static void
binary_schemas_come_round(void **state)
{
    (void)state;
    const official_table *of_schemas = &official_schemas_tables[official_schemas_count - 1];

    assert_string_equal(of_schemas->ours->name, "reflection.Schema");
    for (size_t i = 0; i < official_schemas_count; i++) {
        acta_memory *memory = acta_memory_create(NULL);
        acta_bytes binary = official_schemas_tables[i].ours->schema->binary;
        both_accept(of_schemas, binary);
        acta_bytes ours = read_and_written(of_schemas, binary, memory);
        assert_same_bytes(of_schemas, read_and_written(of_schemas, ours, memory), ours);
        assert_same_text(
            official_print(of_schemas->ours, binary, memory), official_print(of_schemas->ours, ours, memory));
        acta_memory_destroy(memory);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_the_official_test_schemas_come_round),
        cmocka_unit_test(binary_schemas_come_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
