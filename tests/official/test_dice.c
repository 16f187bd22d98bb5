/*
 * Ten thousand random values of the tables of random schemas (generate.c) come round (round.h). What was hit of the
 * language is counted and printed: each row of the feature table at least 200 times.
 */
#include "round.h"

enum { CASES = 10000, OF_EACH_ROW = 200, JSON_API_EVERY = 50 };

/* -- what was hit -- */

static const char *
name_of_row(int row, char room[64])
{
    static const char *const types[] = { "bool", "byte", "ubyte", "short", "ushort", "int", "uint", "long", "ulong",
        "float", "double" };
#define ROW(name, text) text,
    static const char *const numbers[] = { FEATURES_OF_NUMBERS(ROW) };
    static const char *const others[] = { FEATURES(ROW) };
#undef ROW

    if (row > FEATURE_BEFORE) return others[row - FEATURE_BEFORE - 1];
    snprintf(room, 64, "%s, %s", types[row / FEATURE_NUMBERS], numbers[row % FEATURE_NUMBERS]);
    return room;
}

static void
each_row_was_hit(const features *seen)
{
    int rare = 0;
    char room[64];

    for (int row = 0; row < FEATURE_COUNT; row++) {
        printf("%8" PRIu64 " %s\n", seen->counts[row], name_of_row(row, room));
        if (seen->counts[row] < OF_EACH_ROW) rare++;
    }
    assert_int_equal(rare, 0);
}

static void
ten_thousand_random_values_come_round(void **state)
{
    (void)state;
    static features seen;
    random_source random = seed();

    for (size_t i = 0; i < CASES; i++) /* a table after the other: official.cc has a parser of one schema at a time */
        round_trip(official_dice(i * official_dice_count() / CASES), &random, &seen, i % JSON_API_EVERY == 0);
    each_row_was_hit(&seen);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_random_values_come_round),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
