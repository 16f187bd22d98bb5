/*
 * Given events, when a command, then events: aggregates tested without store and threads, in any test framework.
 *
 *     ACTA_GIVEN(&bank_account, bank_AccountOpened, .account_id = S("A"), .initial_balance = 100);
 *     ACTA_WHEN (&bank_account, bank_Withdraw, .account_id = S("A"), .amount = 80);
 *     ACTA_THEN (&bank_account, bank_MoneyWithdrawn, .account_id = S("A"), .amount = 80, .balance = 20);
 *     ACTA_THEN_NOTHING(&bank_account);                      // and no more events than those
 *
 * One scenario an aggregate and thread at a time: the first GIVEN or WHEN after a THEN begins a new one. A failed
 * expectation prints file, line, what was expected and what came (as JSON), and calls the failure hook: abort, unless
 * acta_test_on_failure set another (with cmocka: fail).
 */
#ifndef ACTA_TEST_H
#define ACTA_TEST_H

#include "acta/aggregate.h"

#ifdef __cplusplus
/* The address of a value that lives until the expression ends: in C++ only a function gives it. */
template <typename T>
const T *
acta_test_address(const T &value)
{
    return &value;
}
#define ACTA_TEST_VALUE(T, ...) acta_test_address<T>(ACTA_INIT(T, __VA_ARGS__))
extern "C" {
#else
#define ACTA_TEST_VALUE(T, ...) (&ACTA_INIT(T, __VA_ARGS__))
#endif

#ifndef S
#define S(literal) acta_str_of(literal)
#endif

/* `&(aggregate)->base` keeps the type check: aggregate is a generated struct. T##_table is generated beside T. */
#define ACTA_GIVEN(aggregate, T, ...)                                                                                  \
    acta_test_given(&(aggregate)->base, &T##_table, ACTA_TEST_VALUE(T, __VA_ARGS__), __FILE__, __LINE__)
#define ACTA_WHEN(aggregate, T, ...)                                                                                   \
    acta_test_when(&(aggregate)->base, &T##_table, ACTA_TEST_VALUE(T, __VA_ARGS__), __FILE__, __LINE__)
#define ACTA_THEN(aggregate, T, ...)                                                                                   \
    acta_test_then(&(aggregate)->base, &T##_table, ACTA_TEST_VALUE(T, __VA_ARGS__), __FILE__, __LINE__)
#define ACTA_THEN_NOTHING(aggregate) acta_test_then_nothing(&(aggregate)->base, __FILE__, __LINE__)
/* `name` as in the schema's enum: "insufficient_funds". */
#define ACTA_THEN_REJECTED(aggregate, name) acta_test_then_rejected(&(aggregate)->base, name, __FILE__, __LINE__)

ACTA_API void acta_test_on_failure(void (*hook)(const char *message, const char *file, int line));
ACTA_API void acta_test_given(
    const acta_aggregate *aggregate, const acta_table *event, const void *value, const char *file, int line);
ACTA_API void acta_test_when(
    const acta_aggregate *aggregate, const acta_table *command, const void *value, const char *file, int line);
ACTA_API void acta_test_then(
    const acta_aggregate *aggregate, const acta_table *event, const void *value, const char *file, int line);
ACTA_API void acta_test_then_nothing(const acta_aggregate *aggregate, const char *file, int line);
ACTA_API void acta_test_then_rejected(
    const acta_aggregate *aggregate, const char *rejection, const char *file, int line);

#ifdef __cplusplus
}
#endif
#endif
