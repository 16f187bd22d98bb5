/*
 * Opening a store of an older format, or of the newest, whose program was killed while it wrote: the power is cut at every operation of the
 * opening that upgrades and mends it, and in the opening after that.
 *
 *     faults-upgrade SHIM GOLDEN    the stores are GOLDEN-1-killed and so on: tests/store/test_upgrade.c tells what is in them
 *
 * Case CR-15 of the catalogue. ACTA_FAULTS=N runs N times as many, ACTA_FAULTS=all every one; ACTA_TEST_SEED repeats one.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "sweep.h"

enum { EVENTS = 40, FORMATS = 3 };

static const char *golden;

static void
check_events(const life *l, acta_store *store)
{
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;
    uint64_t count = 0;

    if (acta_cursor_open(store, &(acta_read){ .count_max = 0 }, &cursor, &error) != ACTA_OK)
        life_fail(l, "read: %s", error.text);
    while (acta_cursor_next(cursor, &event, &error) == ACTA_OK) {
        char payload[32];
        int size = snprintf(payload, sizeof payload, "event %" PRIu64, ++count);
        if (event.position != count || event.payload.size != (size_t)size ||
            memcmp(event.payload.data, payload, (size_t)size) != 0)
            life_fail(l, "position %" PRIu64 " is not '%s'", event.position, payload);
    }
    acta_cursor_close(cursor);
    if (count < EVENTS) life_fail(l, "LOST: there are %" PRIu64 " events", count);
}

/* Each opening adds an event, so that what was upgraded is written to. */
static void
open_and_go_on(void *user)
{
    const check *c = user;
    char payload[32];
    acta_error error;
    acta_store *store;

    if (life_open(c->life, "data", false, &store, &error) != ACTA_OK) life_fail(c->life, "REFUSED: %s", error.text);
    check_events(c->life, store);
    snprintf(payload, sizeof payload, "event %" PRIu64, acta_store_head(store) + 1);
    acta_event event = { .type = acta_str_of("bank.Odd"), .payload = acta_str_bytes(acta_str_of(payload)) };
    acta_transaction *t = acta_transaction_create(store);
    acta_transaction_append(t, acta_str_of("Account-1"), ACTA_ANY_VERSION, &event, 1);
    if (acta_store_commit(store, t, NULL, &error) != ACTA_OK) life_fail(c->life, "cannot go on: %s", error.text);
    acta_store_close(store);
}

static void
copy_killed(int format)
{
    char line[FAULT_PATH_SIZE * 4];

    disk_remove_tree(harness_root);
    snprintf(line, sizeof line, "cp -r '%s-%d-killed' '%s/data'", golden, format, harness_root);
    assert_int_equal(0, system(line)); /* NOLINT(cert-env33-c): paths of this test alone */
}

/* CR-15: nothing is lost, whatever the disk holds then. */
static void
a_power_cut_while_a_store_is_upgraded_loses_nothing(void **state)
{
    (void)state;
    for (int format = 1; format <= FORMATS; format++) {
        char name[32];
        snprintf(name, sizeof name, "upgrade of format %d", format);
        sweep s = sweep_of(name, 0, 0, NULL, open_and_go_on);
        copy_killed(format);
        sweep_cut_opening(&s, harness_runs_max(16), harness_runs_max(2), 4);
        assert_int_equal(s.losses, 0);
        assert_int_equal(s.refusals, 0);
    }
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_power_cut_while_a_store_is_upgraded_loses_nothing) };

    if (argc < 3) return 2;
    golden = argv[2];
    harness_begin(argv[1], argv);
    int failed = cmocka_run_group_tests_name("power cuts in an upgrade", tests, NULL, NULL);
    harness_end();
    return failed;
}
