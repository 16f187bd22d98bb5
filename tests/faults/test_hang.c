/*
 * A disk that hangs below RocksDB: a sync of its log, of a sorted file, or of the mark doesn't come back until the test lets it. The
 * same above the simulated disk: tests/store/test_hung.c. Case CR-13 of the catalogue.
 *
 *     faults-hang SHIM …
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness.h"

enum { PAYLOAD = 4000, QUEUE_BYTES = 64 << 10, BEFORE = 20, TAKEN_MAX = 4000, WAIT_US = 1000, WAITS_MAX = 30000 };

typedef struct hang {
    life life;
    const char *pattern; /* of the file whose sync hangs */
    bool stops_answers;  /* a sync of it comes before the answer */
} hang;

typedef struct answers {
    _Atomic uint64_t count, failed;
} answers;

static void
take_answer(void *user, const acta_commit_result *result)
{
    answers *a = user;

    if (result->status != ACTA_OK) atomic_fetch_add(&a->failed, 1);
    atomic_fetch_add(&a->count, 1);
}

static acta_status
submit(acta_store *store, answers *a)
{
    static uint8_t payload[PAYLOAD];
    acta_event event = { .type = acta_str_of("test.Happened"), .payload = acta_bytes_from(payload, sizeof payload) };
    acta_transaction *t = acta_transaction_create(store);
    acta_error error;

    acta_transaction_append(t, acta_str_of("s"), ACTA_ANY_VERSION, &event, 1);
    return acta_store_submit(store, t, take_answer, a, &error);
}

static void
await(const hang *h, const _Atomic uint64_t *count, uint64_t least, const char *what)
{
    for (int i = 0; atomic_load(count) < least; i++) {
        if (i == WAITS_MAX) life_fail(&h->life, "%s: %s doesn't come", h->pattern, what);
        usleep(WAIT_US);
    }
}

static uint64_t
count_events(const hang *h, acta_store *store)
{
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;
    uint64_t count = 0;

    if (acta_cursor_open(store, &(acta_read){ .stream = acta_str_of("s") }, &cursor, &error) != ACTA_OK)
        life_fail(&h->life, "reading while the disk hangs: %s", error.text);
    while (acta_cursor_next(cursor, &event, &error) == ACTA_OK)
        count++;
    acta_cursor_close(cursor);
    return count;
}

/* Submit until a sync hangs and, if nothing is answered then, until nothing more is taken. */
static uint64_t
fill(const hang *h, acta_store *store, answers *a, const fault_rule *rule, uint64_t taken)
{
    acta_status status = ACTA_OK;

    while (taken < TAKEN_MAX && (atomic_load(&rule->acted) == 0 || (h->stops_answers && status != ACTA_BUSY))) {
        status = submit(store, a);
        if (status == ACTA_OK)
            taken++;
        else if (status != ACTA_BUSY)
            life_fail(&h->life, "%s: submitting: %s", h->pattern, acta_status_name(status));
        else
            usleep(WAIT_US);
    }
    await(h, &rule->acted, 1, "a sync that hangs");
    return taken;
}

static void
live_through_hang(void *user)
{
    const hang *h = user;
    fault_rule *rule = &h->life.page->rules[0];
    answers a = { .count = 0 };
    char path[FAULT_PATH_SIZE];
    acta_error error;
    acta_store *store;

    snprintf(path, sizeof path, "%s/data", h->life.root);
    const acta_store_config config = { .path = path, .queue_bytes_max = QUEUE_BYTES, .memory_bytes = 4 << 20 };
    if (acta_store_open(&config, &store, &error) != ACTA_OK) life_fail(&h->life, "%s", error.text);
    for (uint64_t i = 1; i <= BEFORE; i++) {
        if (submit(store, &a) != ACTA_OK) life_fail(&h->life, "the first ones");
        await(h, &a.count, i, "an answer");
    }
    snprintf(rule->pattern, sizeof rule->pattern, "%s", h->pattern);
    atomic_store(&rule->hangs, true);
    rule->times = FAULT_FOR_EVER;
    rule->ops = FAULT_BIT(FAULT_SYNC); /* from here on */
    uint64_t taken = fill(h, store, &a, rule, BEFORE), answered = atomic_load(&a.count);

    if (h->stops_answers && taken - answered > 2 * QUEUE_BYTES / PAYLOAD + 2)
        life_fail(&h->life, "%s: the queue has %" PRIu64 " transactions", h->pattern, taken - answered);
    if (count_events(h, store) < BEFORE) life_fail(&h->life, "%s: reads lack something", h->pattern);
    if (acta_store_health(store, &error) != ACTA_OK) life_fail(&h->life, "%s: %s", h->pattern, error.text);
    atomic_store(&rule->hangs, false);
    await(h, &a.count, taken, "the last answer");
    acta_store_close(store);
    if (atomic_load(&a.failed) > 0) life_fail(&h->life, "%s: some failed", h->pattern);
    if (acta_store_open(&config, &store, &error) != ACTA_OK) life_fail(&h->life, "%s", error.text);
    if (count_events(h, store) != taken) life_fail(&h->life, "%s: not all are there", h->pattern);
    acta_store_close(store);
}

/* CR-13: the queue fills up to its bound and no further, reads go on, nothing has failed, and all is answered and there when the
 * disk is back. */
static void
a_sync_that_hangs_costs_time_and_nothing_else(void **state)
{
    static const struct {
        const char *pattern;
        bool stops_answers;
    } cases[] = { { "*.log", true }, { "*acta.mark*", true }, { "*.sst", false } };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hang h = { .life = { .root = harness_root, .page = harness_page, .note = harness_note },
            .pattern = cases[i].pattern,
            .stops_answers = cases[i].stops_answers };
        harness_reset();
        disk_remove_tree(harness_root);
        if (harness_run(live_through_hang, &h) != CHILD_OK) fail_msg("%s", harness_page->text);
    }
    harness_reset();
}

int
main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(a_sync_that_hangs_costs_time_and_nothing_else) };

    if (argc < 2) return 2;
    harness_begin(argv[1], argv);
    int failed = cmocka_run_group_tests_name("a disk that hangs", tests, NULL, NULL);
    harness_end();
    return failed;
}
