/*
 * What the tests of acta verify share: a copy of a golden store for each, ways to change it behind its back, and the command's
 * output.
 */
#ifndef TOOLS_VERIFY_FIXTURE_H
#define TOOLS_VERIFY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rocksdb/c.h>

#include "acta/store.h"

#include "scratch.h"

typedef struct fixture {
    char directory[SCRATCH_PATH_MAX], path[SCRATCH_PATH_MAX + 8];
    char output[16384];
    int status;
} fixture;

/* Take the command's path and the golden store's from the command line; false: they aren't there, which was told. */
bool verify_begin(int argc, char **argv);

int set_up(void **state);        /* a copy of the golden store of format 1 */
int set_up_pages(void **state);  /* of format 2 */
int set_up_copies(void **state); /* of format 3 */
int tear_down(void **state);
#define on_copy(test)   cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define on_pages(test)  cmocka_unit_test_setup_teardown(test, set_up_pages, tear_down)
#define on_copies(test) cmocka_unit_test_setup_teardown(test, set_up_copies, tear_down)

/* Run the command; both its outputs go to f->output. */
void run(fixture *f, const char *arguments);
void run_verify(fixture *f);
void expect_output(fixture *f, const char *text);
size_t count_damage(const fixture *f);
/* Damage was found, of `count` pieces, `text` being one of them. */
void expect_damage(fixture *f, size_t count, const char *text);

/* -- changing a store behind its back -- */

enum { FAMILIES = 6, META = 0, LOG, INDEX, STREAMS, TYPES, TABLES };

typedef struct raw_store {
    rocksdb_t *db;
    rocksdb_options_t *options;
    rocksdb_writeoptions_t *write_options;
    rocksdb_readoptions_t *read_options;
    rocksdb_column_family_handle_t *families[FAMILIES];
} raw_store;

raw_store raw_open(fixture *f);
void raw_close(raw_store *raw);
void put(fixture *f, int family, const void *key, size_t key_size, const void *value, size_t size);
void remove_key(fixture *f, int family, const void *key, size_t key_size);
/* Flip a bit of a stored value; with `repair` the sums of a record are made right again. */
void flip(fixture *f, int family, const void *key, size_t key_size, size_t at, bool repair);

#define LOG_KEY(position)          "\0\0\0\0\0\0\0" position, 8
#define INDEX_KEY(stream, version) "\0\0\0\0\0\0\0" stream "\0\0\0\0\0\0\0" version, 16
#define INDEX_END                  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 16

#endif
