/*
 * What the tests of the store share: one store, on the engine that the group runs on, opened afresh for each test.
 *
 * The suite runs on each engine of the list in fixture.c in turn: `run_on_engines(tests)`. ACTA_TEST_ENGINE=memory or
 * rocksdb runs one of them.
 */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H

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

#include "acta/memory_engine.h"
#include "acta/store.h"
#include "acta/subscription.h"

typedef struct fixture {
    bool memory;    /* which engine */
    char path[256]; /* rocksdb: the directory, inside one of the test's own */
    acta_disk *disk;
    acta_store *store;
    acta_store_config config; /* what open_store uses; engine is set there */
    acta_error error;         /* of the last call that took it */
} fixture;

#define S(literal) acta_str_from(literal, sizeof(literal) - 1)
#define B(literal) acta_bytes_from(literal, sizeof(literal) - 1)

/* The fixture of a test; its store is open unless the test is made with on_no_store. */
#define FIXTURE(state) ((fixture *)*(state))

int set_up(void **state);
int set_up_manual(void **state);
int set_up_closed(void **state);
int tear_down(void **state);

#define on_store(test)        cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define on_manual_store(test) cmocka_unit_test_setup_teardown(test, set_up_manual, tear_down)
#define on_no_store(test)     cmocka_unit_test_setup_teardown(test, set_up_closed, tear_down)

/* Run a group of tests on each engine that this process is to test; the number of failures. */
int run_on_engines_(const char *name, const struct CMUnitTest *tests, size_t count, bool memory, bool rocksdb);
#define run_on_engines(name, tests) run_on_engines_(name, tests, sizeof(tests) / sizeof(tests)[0], true, true)
#define run_on_memory(name, tests)  run_on_engines_(name, tests, sizeof(tests) / sizeof(tests)[0], true, false)
#define run_on_rocksdb(name, tests) run_on_engines_(name, tests, sizeof(tests) / sizeof(tests)[0], false, true)

/* To read beside a writer, and to look anew: as acta_store_open and acta_store_refresh, but asked again while the writer's mark
 * is on its way, which a slow disk may keep for longer than they wait. */
acta_status open_beside(const acta_store_config *config, acta_store **store_out, acta_error *error);
acta_status refresh(acta_store *reader, acta_error *error);

acta_status open_store(fixture *f);
void open_store_ok(fixture *f);
void close_store(fixture *f);
/* The process dies, and the power goes: what was not durable is lost. RocksDB: the directory as it is at this moment. */
void crash_store(fixture *f);

/* A number for tests that choose at random: see tests/seed.h. */
uint64_t test_seed(void);
uint64_t next_random(uint64_t *state);

/* -- appending -- */

acta_event event_of(const char *type, const char *payload);
acta_status append(fixture *f, const char *stream, uint64_t expected, const char *payload);
acta_status append_many(fixture *f, const char *stream, uint64_t expected, uint32_t count, acta_commit_result *result);
void append_ok(fixture *f, const char *stream, const char *payload);
acta_status commit(fixture *f, acta_transaction *transaction, acta_commit_result *result);
acta_status put_row(fixture *f, const char *table, const char *key, const char *value);

/* What a submitted transaction was answered. */
typedef struct answer {
    _Atomic uint32_t calls;
    acta_status status;
    uint64_t first_position, last_position, version, actual_version;
    uint32_t order; /* among all answers of the test */
    char text[ACTA_ERROR_TEXT_MAX];
} answer;
void reset_answers(void);
void take_answer(void *user, const acta_commit_result *result);
/* Step a manual store until nothing is left to do. */
void step_all(fixture *f);

/* -- reading -- */

uint64_t count_log(fixture *f); /* and check that positions are 1, 2, 3 … and versions of each stream too */
uint64_t count_stream(fixture *f, const char *stream); /* 0 also when there is none */
uint64_t version_of(fixture *f, const char *stream);
bool has_row(fixture *f, const char *table, const char *key);

/* -- files -- */

/* The path of the store's directory with this ending. */
char *beside(const fixture *f, const char *ending, char *room, size_t size);
void remove_tree(const char *path);
void copy_tree(const char *from, const char *to);
/* The newest file of a directory whose name ends so; false: none. */
bool find_file(const char *path, const char *ending, char *name_out, size_t size);
uint8_t *read_file(const char *path, size_t *size_out); /* to be freed */
void write_file(const char *path, const void *bytes, size_t size);

#endif
