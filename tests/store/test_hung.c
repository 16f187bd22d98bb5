/*
 * A disk that hangs: a sync that doesn't come back until somebody mends the disk. Case CR-13 of the catalogue; one that is only
 * slow: tests/faults/test_errors.c.
 *
 *     writers --> queue, bounded --> committer --> sync ...hangs... --> goes on --> all answers, in order
 *                    \--> ACTA_BUSY                  reads go on meanwhile
 *
 * Nothing here measures time: each step waits for what it is about.
 */
#include <pthread.h>
#include <unistd.h>

#include "fixture.h"

enum { QUEUE_BYTES = 64 << 10, PAYLOAD = 1000, ANSWERS_MAX = 1000, BEFORE = 5, READERS = 3 };

/* The disk's gate: closed, a sync that comes waits before it. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool closed;
    uint32_t waiting;
} gate;

static bool
wait_at_gate(void *user, acta_disk_op op)
{
    gate *g = user;

    if (op != ACTA_DISK_SYNC) return false;
    pthread_mutex_lock(&g->lock);
    g->waiting++;
    pthread_cond_broadcast(&g->moved);
    while (g->closed)
        pthread_cond_wait(&g->moved, &g->lock);
    g->waiting--;
    pthread_mutex_unlock(&g->lock);
    return false;
}

static void
set_gate(gate *g, bool closed)
{
    pthread_mutex_lock(&g->lock);
    g->closed = closed;
    pthread_cond_broadcast(&g->moved);
    pthread_mutex_unlock(&g->lock);
}

static void
await_one_waiting(gate *g)
{
    pthread_mutex_lock(&g->lock);
    while (g->waiting == 0)
        pthread_cond_wait(&g->moved, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

/* -- answers -- */

typedef struct answers {
    pthread_mutex_t lock;
    pthread_cond_t came;
    uint32_t count;
    uint64_t last_position;
    bool in_order, all_ok;
} answers;

static void
take_one(void *user, const acta_commit_result *result)
{
    answers *a = user;

    pthread_mutex_lock(&a->lock);
    a->count++;
    a->all_ok = a->all_ok && result->status == ACTA_OK;
    a->in_order = a->in_order && result->first_position == a->last_position + 1;
    a->last_position = result->last_position;
    pthread_cond_broadcast(&a->came);
    pthread_mutex_unlock(&a->lock);
}

static uint32_t
count_answers(answers *a)
{
    pthread_mutex_lock(&a->lock);
    uint32_t count = a->count;
    pthread_mutex_unlock(&a->lock);
    return count;
}

static void
await_answers(answers *a, uint32_t count)
{
    pthread_mutex_lock(&a->lock);
    while (a->count < count)
        pthread_cond_wait(&a->came, &a->lock);
    pthread_mutex_unlock(&a->lock);
}

static acta_status
submit(acta_store *store, answers *a)
{
    static uint8_t payload[PAYLOAD];
    acta_event event = { .type = S("test.Happened"), .payload = acta_bytes_from(payload, sizeof payload) };
    acta_error error;
    acta_transaction *t = acta_transaction_create(store);

    assert_non_null(t);
    acta_transaction_append(t, S("s"), ACTA_ANY_VERSION, &event, 1);
    return acta_store_submit(store, t, take_one, a, &error); /* takes the transaction in any case */
}

/* Reading asks nothing of a disk that hangs while it writes. */
static void
expect_reads(acta_store *store, uint64_t head)
{
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;
    uint64_t count = 0;

    assert_int_equal(acta_store_head(store), head);
    assert_int_equal(ACTA_OK, acta_cursor_open(store, &(acta_read){ .stream = S("s") }, &cursor, &error));
    while (acta_cursor_next(cursor, &event, &error) == ACTA_OK)
        count++;
    acta_cursor_close(cursor);
    assert_int_equal(count, head);
    assert_int_equal(ACTA_OK, acta_store_health(store, &error)); /* nothing has failed */
}

/* Until nothing more is taken: also when the committer came only after the queue was full, and then took all of it. How many
 * are taken. */
static uint32_t
fill(acta_store *store, answers *a, gate *g)
{
    uint32_t taken = 0, before;

    do {
        before = taken;
        while (taken < ANSWERS_MAX && submit(store, a) == ACTA_OK)
            taken++;
        await_one_waiting(g); /* with what it took; nobody empties the queue from here on */
    } while (taken != before);
    return taken;
}

/* CR-13: the queue fills up to its bound and no further, nobody is answered, everybody can read; when the disk is back, all that
 * was taken is answered, in order, and new ones are taken. */
static void
a_disk_that_hangs_costs_time_and_nothing_else(void **state)
{
    gate g = { .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER };
    answers a = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER, .in_order = true, .all_ok = true
    };
    const acta_disk_faults faults = { .fail = wait_at_gate, .user = &g };
    acta_disk *disk = acta_disk_create(NULL);
    const acta_store_config config = { .engine = acta_memory_engine(disk), .queue_bytes_max = QUEUE_BYTES };
    acta_store *store;
    acta_error error;
    uint32_t taken = 0;
    (void)state;

    assert_int_equal(ACTA_OK, acta_store_open(&config, &store, &error));
    acta_disk_set_faults(disk, &faults);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < BEFORE; i++, taken++)
            assert_int_equal(ACTA_OK, submit(store, &a));
        await_answers(&a, taken);
        set_gate(&g, true);
        uint64_t head = acta_store_head(store);
        uint32_t answered = taken;
        taken += fill(store, &a, &g);
        assert_in_range(taken - answered, 2, 2 * QUEUE_BYTES / PAYLOAD);
        for (int i = 0; i < READERS; i++) {
            expect_reads(store, head);
            assert_int_equal(ACTA_BUSY, submit(store, &a));
        }
        assert_int_equal(count_answers(&a), answered);
        set_gate(&g, false);
        await_answers(&a, taken);
        assert_true(a.all_ok && a.in_order);
        assert_int_equal(acta_store_head(store), taken);
    }
    acta_store_close(store);
    acta_disk_destroy(disk);
}

typedef struct closing {
    acta_store *store;
} closing;

static void *
close_it(void *user)
{
    closing *c = user;
    acta_store_close(c->store);
    return NULL;
}

/* CR-13: closing meanwhile waits for the disk, and then for no answer: all were given. */
static void
closing_waits_for_a_disk_that_hangs(void **state)
{
    gate g = { .lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER };
    answers a = {
        .lock = PTHREAD_MUTEX_INITIALIZER, .came = PTHREAD_COND_INITIALIZER, .in_order = true, .all_ok = true
    };
    const acta_disk_faults faults = { .fail = wait_at_gate, .user = &g };
    acta_disk *disk = acta_disk_create(NULL);
    acta_store_config config = { .engine = acta_memory_engine(disk) };
    closing c;
    pthread_t thread;
    acta_error error;
    (void)state;

    assert_int_equal(ACTA_OK, acta_store_open(&config, &c.store, &error));
    acta_disk_set_faults(disk, &faults);
    set_gate(&g, true);
    for (int i = 0; i < BEFORE; i++)
        assert_int_equal(ACTA_OK, submit(c.store, &a));
    await_one_waiting(&g);
    assert_int_equal(0, pthread_create(&thread, NULL, close_it, &c));
    assert_int_equal(count_answers(&a), 0);
    set_gate(&g, false);
    assert_int_equal(0, pthread_join(thread, NULL));
    assert_int_equal(count_answers(&a), BEFORE);
    assert_true(a.all_ok && a.in_order);
    config.engine = acta_memory_engine(disk);
    assert_int_equal(ACTA_OK, acta_store_open(&config, &c.store, &error));
    assert_int_equal(acta_store_head(c.store), BEFORE);
    acta_store_close(c.store);
    acta_disk_destroy(disk);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_disk_that_hangs_costs_time_and_nothing_else),
        cmocka_unit_test(closing_waits_for_a_disk_that_hangs),
    };
    return cmocka_run_group_tests_name("a disk that hangs", tests, NULL, NULL);
}
