/*
 * What the tests of actors/ share: one application over one store, on the engine that the group runs on.
 *
 * Threaded tests run it as programs do. Manual ones drive it step by step on this thread, under a clock of their own, and
 * may let the process die between any two steps.
 */
#ifndef TESTS_ACTORS_FIXTURE_H
#define TESTS_ACTORS_FIXTURE_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acta/app.h"
#include "acta/memory_engine.h"
#include "acta/subscription.h"
#include "acta/test.h"
#include "ledger.h"

enum { SETTLE_MS = 120000, STOP_MS = 120000, LOG_MAX = 4096 };

typedef struct fixture {
    bool memory;    /* which engine */
    char path[256]; /* rocksdb: the directory, inside one of the test's own */
    acta_disk *disk;
    acta_app *app;
    acta_app_config config; /* what start uses; engine, path and environment are set there */
    acta_memory *scratch;   /* of what tests read */
    acta_error error;       /* of the last call that took it */
    acta_environment environment;
    char log[LOG_MAX]; /* all lines, to be searched */

    /* Manual. */
    uint64_t now_ns;
    uint64_t random;
} fixture;

#define FIXTURE(state) ((fixture *)*(state))
#define MUST(f, call)                                                                                                  \
    do {                                                                                                               \
        if ((call) != ACTA_OK) fail_msg("%s", (f)->error.text);                                                        \
    } while (0)

int set_up(void **state);        /* threads; the app is not started */
int set_up_manual(void **state); /* the same, to be stepped */
int tear_down(void **state);
#define threaded(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define manual(test)   cmocka_unit_test_setup_teardown(test, set_up_manual, tear_down)

/* Run a group of tests on each engine that this process is to test; the number of failures. */
int run_on_engines_(const char *name, const struct CMUnitTest *tests, size_t count, bool memory, bool rocksdb);
#define run_on_engines(name, tests) run_on_engines_(name, tests, sizeof(tests) / sizeof(tests)[0], true, true)
#define run_on_memory(name, tests)  run_on_engines_(name, tests, sizeof(tests) / sizeof(tests)[0], true, false)
#define run_on_rocksdb(name, tests) run_on_engines_(name, tests, sizeof(tests) / sizeof(tests)[0], false, true)

acta_status try_start(fixture *f);
void start(fixture *f);
void stop(fixture *f);
/* Manual: the process dies here. Memory engine: what was not synced is lost with it. */
void crash(fixture *f);
void settle(fixture *f);

/* Manual: one turn of an actor, or one phase of a commit; or, when there is neither, the clock's next timer. False: nothing
 * is left but the clerk's minute. */
bool step(fixture *f);
bool run_actors(fixture *f); /* turns until no actor is ready; the store does nothing meanwhile */
void run_all(fixture *f);    /* until nothing but timers is left */
void pass_ms(fixture *f, uint64_t ms);
bool driver_idle(void *user);

/* -- commands -- */

acta_id id_of(const char *name);
/* For threads and the real clock: longer than the slowest disk takes. */
extern const acta_dispatch_options patiently;
/* Without options: patiently, where the clock is real. */
acta_status add_with(fixture *f, const char *counter, int64_t amount, const acta_dispatch_options *options);
void add(fixture *f, const char *counter, int64_t amount);
acta_status start_job(fixture *f, const char *job, const char *const *counters, uint32_t count, int64_t amount);

/* What an asynchronous command was answered. */
typedef struct answer {
    _Atomic uint32_t calls;
    acta_status status;
    uint64_t version, position;
    uint32_t code;
    char text[ACTA_ERROR_TEXT_MAX];
    uint32_t order; /* among all answers of the test, from 1 */
} answer;
void take_answer(void *user, const acta_dispatch_result *result);
void add_async(fixture *f, const char *counter, int64_t amount, const acta_dispatch_options *options, answer *to);
void await(fixture *f, const answer *a); /* threads: until it is there */

/* -- what is there -- */

int64_t total_of(fixture *f, const char *counter);   /* by the aggregate; 0 also when there is none */
uint64_t version_of(fixture *f, const char *stream); /* by the store */
/* The counter's stream, folded here: each event's total must be the sum up to it. Returns the sum. */
int64_t fold_counter(fixture *f, const char *counter);
/* Events of a type whose job_id is this one; NULL: any. Checks that positions and versions have no gap. */
uint32_t count_events(fixture *f, const acta_table *type, const char *job);
uint32_t count_rows(fixture *f, const char *table);
/* Manual: outcomes that stay for an asking that may come late go with their retention; no others are there. */
void expect_no_outcomes(fixture *f);
acta_reader_info reader_info(fixture *f, const char *name);
/* Somebody else appends to a counter's stream, whatever its version is: the transaction, to be submitted. */
acta_transaction *foreign_add(fixture *f, const char *counter, int64_t amount, int64_t total);
void commit(fixture *f, acta_transaction *transaction);
/* Manual: 1 to a counter, and before each try somebody else appends 0. The answer, whatever it is. */
void add_against_others(fixture *f, const char *counter, answer *to);

uint64_t test_seed(void);
uint64_t next_random(uint64_t *state);

#endif
