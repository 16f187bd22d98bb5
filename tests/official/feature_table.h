/*
 * What a random value can have in it: one row for each feature of the language that the round trips pass over. Who makes
 * a value counts the rows that it has hit; the test prints the counts, and wants enough of each.
 *
 * The first rows are of numbers: FEATURE_NUMBERS for each of the eleven types, in the order of acta_field_kind.
 */
#ifndef ACTA_TESTS_FEATURES_H
#define ACTA_TESTS_FEATURES_H

#include <stdint.h>

enum { FEATURE_TYPES = 11 };

/* Rows of one type of numbers. */
#define FEATURES_OF_NUMBERS(ROW)                                                                                       \
    ROW(FIELD, "a field")                                                                                              \
    ROW(ZERO, "a field that is left out, for zero")                                                                    \
    ROW(DEFAULT, "a field that is left out, for its default")                                                          \
    ROW(VECTOR, "a vector")                                                                                            \
    ROW(OPTIONAL, "an optional field")                                                                                 \
    ROW(NULL, "an optional field that is absent")                                                                      \
    ROW(MEMBER, "a member of a struct")                                                                                \
    ROW(ARRAY, "a fixed array")

#define FEATURES(ROW)                                                                                                  \
    ROW(NUMBER_AT_ITS_DEFAULT, "number that is there with its default")                                                \
    ROW(REAL_OF_ANY_BITS, "real number of any bits")                                                                   \
    ROW(ENUM, "enum, a value of it")                                                                                   \
    ROW(ENUM_UNNAMED, "enum, a number without a name")                                                                 \
    ROW(ENUM_WIDE, "enum of 64 bits")                                                                                  \
    ROW(ENUM_OPTIONAL, "enum, optional")                                                                               \
    ROW(BIT_FLAGS, "bit flags")                                                                                        \
    ROW(ENUM_VECTOR, "vector of enums")                                                                                \
    ROW(STRING, "string")                                                                                              \
    ROW(STRING_EMPTY, "string, empty")                                                                                 \
    ROW(STRING_ABSENT, "string, absent")                                                                               \
    ROW(STRING_WIDE, "string beyond ASCII")                                                                            \
    ROW(STRING_REQUIRED, "string, required")                                                                           \
    ROW(STRING_VECTOR, "vector of strings")                                                                            \
    ROW(STRING_SHARED, "string that two fields lead to")                                                               \
    ROW(VECTOR_EMPTY, "vector, empty")                                                                                 \
    ROW(VECTOR_ABSENT, "vector, absent")                                                                               \
    ROW(VECTOR_REQUIRED, "vector, required")                                                                           \
    ROW(TABLE, "table in a table")                                                                                     \
    ROW(TABLE_ABSENT, "table, absent")                                                                                 \
    ROW(TABLE_REQUIRED, "table, required")                                                                             \
    ROW(TABLE_OF_ITSELF, "table in one of its own kind")                                                               \
    ROW(TABLE_EMPTY, "table with nothing in it")                                                                       \
    ROW(TABLE_WIDE, "table of more than 64 fields")                                                                    \
    ROW(TABLE_VECTOR, "vector of tables")                                                                              \
    ROW(STRUCT, "struct")                                                                                              \
    ROW(STRUCT_ABSENT, "struct, absent")                                                                               \
    ROW(STRUCT_REQUIRED, "struct, required")                                                                           \
    ROW(STRUCT_ALIGNED, "struct with an alignment of its own")                                                         \
    ROW(STRUCT_NESTED, "struct in a struct")                                                                           \
    ROW(STRUCT_ARRAY, "fixed array of structs")                                                                        \
    ROW(STRUCT_VECTOR, "vector of structs")                                                                            \
    ROW(KEY_STRUCT, "vector of structs, sorted")                                                                       \
    ROW(UNION_OF_TABLE, "union, a table")                                                                              \
    ROW(UNION_OF_STRUCT, "union, a struct")                                                                            \
    ROW(UNION_OF_STRING, "union, a string")                                                                            \
    ROW(UNION_ABSENT, "union, absent")                                                                                 \
    ROW(UNION_REQUIRED, "union, required")                                                                             \
    ROW(UNION_VECTOR, "vector of unions")                                                                              \
    ROW(NESTED, "buffer in a buffer")                                                                                  \
    ROW(FLEX, "FlexBuffer")                                                                                            \
    ROW(FILE_IDENTIFIER, "buffer with a file identifier")                                                              \
    ROW(FILE_SIZE, "buffer with its size before it")                                                                   \
    ROW(KEY_STRING, "vector of tables, sorted by a string")                                                            \
    ROW(KEY_INTEGER, "vector of tables, sorted by an integer")                                                         \
    ROW(KEY_REAL, "vector of tables, sorted by a real number")                                                         \
    ROW(DEPRECATED, "deprecated field that is there")                                                                  \
    ROW(IDS, "fields with ids")

typedef enum feature_of_number {
#define ROW(name, text) NUMBER_##name,
    FEATURES_OF_NUMBERS(ROW)
#undef ROW
        FEATURE_NUMBERS
} feature_of_number;

typedef enum feature {
    FEATURE_BEFORE = FEATURE_TYPES * FEATURE_NUMBERS - 1,
#define ROW(name, text) FEATURE_##name,
    FEATURES(ROW)
#undef ROW
        FEATURE_COUNT
} feature;

typedef struct features {
    uint64_t counts[FEATURE_COUNT];
} features;

#endif
