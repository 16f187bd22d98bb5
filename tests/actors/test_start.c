/*
 * An application that does not start leaves nothing behind, least of all the engine that it was given.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acta/app.h"
#include "acta/memory_engine.h"
#include "ledger.h"

/* Counts what is not given back; the fails_at-th allocation gives nothing. */
typedef struct counted {
    uint64_t live, asked, fails_at;
} counted;

static void *
counted_alloc(void *user, size_t size)
{
    counted *c = user;
    void *block;

    if (++c->asked == c->fails_at) return NULL;
    block = malloc(size);
    if (block != NULL) c->live++;
    return block;
}

static void
counted_free(void *user, void *block, size_t size)
{
    counted *c = user;

    (void)size;
    c->live--;
    free(block);
}

static acta_allocator
allocator_of(counted *c)
{
    return (acta_allocator){ .alloc = counted_alloc, .free = counted_free, .user = c };
}

static acta_status
start_and_stop(acta_disk *disk, counted *own)
{
    acta_environment environment = acta_environment_or_default(&(acta_environment){ .allocator = allocator_of(own) });
    acta_app_config config = { .schema = &ledger_schema,
        .aggregates = ledger_aggregates,
        .environment = &environment,
        .runtime.manual = true,
        .store.engine = acta_memory_engine(disk) };
    acta_app *app = NULL;
    acta_error error;

    assert_non_null(config.store.engine);
    acta_status status = acta_app_start(&config, &app, &error);
    if (status == ACTA_OK) acta_app_stop(app, 1000, NULL);
    assert_int_equal(own->live, 0);
    return status;
}

/* Before it opens its store, and wherever else there is no memory on the way. */
static void
a_start_without_memory_leaves_nothing_and_closes_its_engine(void **state)
{
    counted under = { .live = 0 }, own = { .live = 0 };
    acta_allocator allocator = allocator_of(&under);
    acta_disk *disk = acta_disk_create(&allocator);
    uint64_t failed = 0;

    (void)state;
    assert_non_null(disk);
    assert_int_equal(start_and_stop(disk, &own), ACTA_OK); /* the store is made */
    uint64_t before = under.live;
    for (uint64_t at = 1; own.fails_at <= own.asked; at++) {
        own = (counted){ .fails_at = at };
        acta_status status = start_and_stop(disk, &own);
        assert_true(status == ACTA_OK || status == ACTA_NO_MEMORY);
        failed += status == ACTA_NO_MEMORY;
        if (status != ACTA_OK) assert_int_equal(under.live, before);
    }
    assert_true(failed > 10);
    acta_disk_destroy(disk);
    assert_int_equal(under.live, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_start_without_memory_leaves_nothing_and_closes_its_engine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
