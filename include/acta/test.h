/*
 * Testing helpers: what a user's tests need, in any test framework. Guide: docs/testing-your-code.md.
 *
 * Given events, when a command, then events: aggregates without store and threads.
 *
 *     ACTA_GIVEN(&bank_account, bank_AccountOpened, .account_id = S("A"), .initial_balance = 100);
 *     ACTA_WHEN (&bank_account, bank_Withdraw, .account_id = S("A"), .amount = 80);
 *     ACTA_THEN (&bank_account, bank_MoneyWithdrawn, .account_id = S("A"), .amount = 80, .balance = 20);
 *     ACTA_THEN_NOTHING(&bank_account);                      // and no more events than those
 *
 * Given events, when an event, then commands and deadlines: process managers, with the same words.
 *
 *     ACTA_WHEN(&bank_transfers, bank_TransferRequested, .transfer_id = S("t"), .source_id = S("A"), .amount = 80);
 *     ACTA_THEN(&bank_transfers, bank_Withdraw, .account_id = S("A"), .amount = 80, .transfer_id = S("t"));
 *     ACTA_THEN_DEADLINE(&bank_transfers, "late", ACTA_INIT(acta_deadline, .after_ms = 5000), bank_FailTransfer, …);
 *
 * A whole application in memory, under a clock that the test moves (acta_test_app), whose commits fail when they are told to;
 * waiting for events; checks that hold for any schema and any handler.
 *
 * One scenario an aggregate and thread at a time: the first GIVEN or WHEN after a THEN begins a new one. A failed
 * expectation prints file, line, what was expected and what came (as JSON), and calls the failure hook: abort, unless
 * acta_test_on_failure set another (with cmocka: fail).
 */
#ifndef ACTA_TEST_H
#define ACTA_TEST_H

#include "acta/aggregate.h"
#include "acta/app.h"
#include "acta/process_manager.h"

#ifdef __cplusplus
/* The function for what `base` is. */
template <typename A, typename M>
A
acta_test_pick(const acta_aggregate *, A of_aggregate, M)
{
    return of_aggregate;
}
template <typename A, typename M>
M
acta_test_pick(const acta_process_manager *, A, M of_manager)
{
    return of_manager;
}
#define ACTA_TEST_PICK(base, of_aggregate, of_manager) acta_test_pick(base, of_aggregate, of_manager)
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
#define ACTA_TEST_PICK(base, of_aggregate, of_manager)                                                                 \
    _Generic((base), const acta_process_manager *                                                                      \
             : of_manager, acta_process_manager *                                                                      \
             : of_manager, default                                                                                     \
             : of_aggregate)
#define ACTA_TEST_VALUE(T, ...) (&ACTA_INIT(T, __VA_ARGS__))
#endif

#ifndef S
#define S(literal) acta_str_of(literal)
#endif

/* `&(of)->base` keeps the type check: `of` is a generated struct, of an aggregate or a process manager. T##_table is generated
 * beside T. */
#define ACTA_GIVEN(of, T, ...)                                                                                         \
    ACTA_TEST_PICK(&(of)->base, acta_test_given, acta_test_manager_given)                                              \
    (&(of)->base, &T##_table, ACTA_TEST_VALUE(T, __VA_ARGS__), __FILE__, __LINE__)
#define ACTA_WHEN(of, T, ...)                                                                                          \
    ACTA_TEST_PICK(&(of)->base, acta_test_when, acta_test_manager_when)                                                \
    (&(of)->base, &T##_table, ACTA_TEST_VALUE(T, __VA_ARGS__), __FILE__, __LINE__)
#define ACTA_THEN(of, T, ...)                                                                                          \
    ACTA_TEST_PICK(&(of)->base, acta_test_then, acta_test_manager_then)                                                \
    (&(of)->base, &T##_table, ACTA_TEST_VALUE(T, __VA_ARGS__), __FILE__, __LINE__)
#define ACTA_THEN_NOTHING(of)                                                                                          \
    ACTA_TEST_PICK(&(of)->base, acta_test_then_nothing, acta_test_manager_then_nothing)                                \
    (&(of)->base, __FILE__, __LINE__)
/* `name` as in the schema's enum: "insufficient_funds". */
#define ACTA_THEN_REJECTED(aggregate, name) acta_test_then_rejected(&(aggregate)->base, name, __FILE__, __LINE__)
/* The state, field by field, after all that was given and done. T is the state's or the process manager's table. */
#define ACTA_THEN_STATE(of, T, ...)                                                                                    \
    ACTA_TEST_PICK(&(of)->base, acta_test_then_state, acta_test_manager_then_state)                                    \
    (&(of)->base, &T##_table, ACTA_TEST_VALUE(T, __VA_ARGS__), __FILE__, __LINE__)

/* Process managers: the deadline of this key was set, with this command; it was cancelled; the instance has ended. Deadlines may
 * be asked for in any order; ACTA_THEN_NOTHING wants all of them to have been. `when` is an acta_deadline. */
#define ACTA_THEN_DEADLINE(manager, key, when, T, ...)                                                                 \
    acta_test_manager_then_deadline(                                                                                   \
        &(manager)->base, S(key), when, &T##_table, ACTA_TEST_VALUE(T, __VA_ARGS__), __FILE__, __LINE__)
#define ACTA_THEN_CANCELLED(manager, key) acta_test_manager_then_cancelled(&(manager)->base, S(key), __FILE__, __LINE__)
#define ACTA_THEN_ENDED(manager)          acta_test_manager_then_ended(&(manager)->base, __FILE__, __LINE__)

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
ACTA_API void acta_test_then_state(
    const acta_aggregate *aggregate, const acta_table *state, const void *value, const char *file, int line);

ACTA_API void acta_test_manager_given(
    const acta_process_manager *manager, const acta_table *event, const void *value, const char *file, int line);
ACTA_API void acta_test_manager_when(
    const acta_process_manager *manager, const acta_table *event, const void *value, const char *file, int line);
ACTA_API void acta_test_manager_then(
    const acta_process_manager *manager, const acta_table *command, const void *value, const char *file, int line);
ACTA_API void acta_test_manager_then_nothing(const acta_process_manager *manager, const char *file, int line);
ACTA_API void acta_test_manager_then_deadline(const acta_process_manager *manager, acta_str key, acta_deadline when,
    const acta_table *command, const void *value, const char *file, int line);
ACTA_API void acta_test_manager_then_cancelled(
    const acta_process_manager *manager, acta_str key, const char *file, int line);
ACTA_API void acta_test_manager_then_state(
    const acta_process_manager *manager, const acta_table *state, const void *value, const char *file, int line);
ACTA_API void acta_test_manager_then_ended(const acta_process_manager *manager, const char *file, int line);

/* -- a whole application -- */

/*
 * An application for tests: in memory, without threads, under a clock that stands still but for acta_test_app_advance and for
 * calls that wait (they run what there is to run, and let time pass until their answer is there). The same steps give the same
 * run. Used by one thread.
 */
typedef struct acta_test_app acta_test_app;

/*
 *   config  as for acta_app_start; its engine, path, environment and manual are set here
 * Errors: those of acta_app_start.
 */
ACTA_API acta_status acta_test_app_start(const acta_app_config *config, acta_test_app **test_out, acta_error *error);
ACTA_API acta_app *acta_test_app_of(acta_test_app *test);         /* changes with a restart */
ACTA_API int64_t acta_test_app_now_us(const acta_test_app *test); /* by its wall clock */

/* Let so much time pass, with all that is due in it, in order; then all comes to rest that doesn't wait for time. */
ACTA_API void acta_test_app_advance(acta_test_app *test, uint64_t ms);

typedef enum acta_test_end {
    ACTA_TEST_STOP, /* in order */
    ACTA_TEST_CRASH /* the process dies: what was not synced is lost */
} acta_test_end;

/* End the application and start it again on what is stored. Failures that were asked for are called off. After an error none runs,
 * and acta_test_app_of is NULL. */
ACTA_API acta_status acta_test_app_restart(acta_test_app *test, acta_test_end end, acta_error *error);

/* Stop it, and free all. Takes NULL. */
ACTA_API acta_status acta_test_app_stop(acta_test_app *test, acta_error *error);

typedef enum acta_test_failure {
    ACTA_TEST_FAILED,  /* not stored: ACTA_IO. The store refuses writes until a restart */
    ACTA_TEST_UNKNOWN, /* its sync failed: ACTA_UNKNOWN_OUTCOME. It refuses writes until a restart, which tells */
    ACTA_TEST_SLOW     /* stored, but only after `slow_ms` */
} acta_test_failure;

/*
 * Make the n-th batch from now on fail, or be slow; one batch holds what was committed together. Batches before and after it
 * are sound. One such wish at a time: the next takes its place.
 *   n        1: the next one; 0: none, calls it off
 *   slow_ms  ACTA_TEST_SLOW
 */
ACTA_API void acta_test_app_fail_commit(acta_test_app *test, uint32_t n, acta_test_failure failure, uint32_t slow_ms);

/* -- events of a running application -- */

/* An event that was waited for; position 0: there was none, and the failure hook was told. */
typedef struct acta_test_found {
    uint64_t position, version;
    acta_id command_id, correlation_id, causation_id;
} acta_test_found;

/*
 * Wait until the log has an event like this one: of this type, and equal in each field that isn't 0 or absent in the value
 * given (numbers, strings; other fields aren't compared). On any application: manual ones are run meanwhile, with their
 * time.
 *
 *     ACTA_WAIT_EVENT(app, 5000, bank_TransferCompleted, .transfer_id = S("t-1"));
 */
#define ACTA_WAIT_EVENT(app, timeout_ms, T, ...)                                                                       \
    acta_test_wait_event(app, &T##_table, ACTA_TEST_VALUE(T, __VA_ARGS__), timeout_ms, __FILE__, __LINE__)
/* None is there, and none comes within `for_ms`. */
#define ACTA_REFUTE_EVENT(app, for_ms, T, ...)                                                                         \
    acta_test_refute_event(app, &T##_table, ACTA_TEST_VALUE(T, __VA_ARGS__), for_ms, __FILE__, __LINE__)
/* Two events of one conversation: the same correlation id. */
#define ACTA_ASSERT_CORRELATED(a, b) acta_test_assert_correlated(a, b, __FILE__, __LINE__)

ACTA_API acta_test_found acta_test_wait_event(
    acta_app *app, const acta_table *event, const void *like, uint32_t timeout_ms, const char *file, int line);
ACTA_API void acta_test_refute_event(
    acta_app *app, const acta_table *event, const void *like, uint32_t for_ms, const char *file, int line);
ACTA_API void acta_test_assert_correlated(acta_test_found a, acta_test_found b, const char *file, int line);

/* -- checks for any handler and any schema -- */

/*
 * A handler must stand to be given an event twice: what it does is to be the same as if it had come once. Gives each event of
 * the application's log to the handler's function, from the first on, each a second time right behind, as a subscription would
 * after a crash (acta_recorded.replaying is set), and compares.
 *   effects  a number that stands for all that the handler has brought about, such as a hash of its rows
 *   user     for `effects`; the handler has its own
 */
ACTA_API void acta_test_handler_twice(acta_app *app, const acta_event_handler *handler, uint64_t (*effects)(void *user),
    void *user, const char *file, int line);
#define ACTA_TEST_HANDLER_TWICE(app, handler, effects, user)                                                           \
    acta_test_handler_twice(app, &(handler)->base, effects, user, __FILE__, __LINE__)

/*
 * Each table of a schema, with values drawn by `seed`: what is written is sound, reads as it was, is the same bytes written
 * again, and the same by way of JSON. Numbers, strings, and vectors of them are drawn; tables in tables are left out, where
 * they may be.
 */
ACTA_API void acta_test_round_trip(const acta_schema *schema, uint64_t seed, const char *file, int line);
#define ACTA_TEST_ROUND_TRIP(schema, seed) acta_test_round_trip(schema, seed, __FILE__, __LINE__)

#ifdef __cplusplus
}
#endif
#endif
