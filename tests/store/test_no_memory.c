/*
 * Memory that runs out while events are delivered: the n-th allocation fails, once and from then on, in subscriptions with
 * checkpoints and in consumer groups that park and replay. Case CR-10 of the catalogue, its part of subscribing; appending and
 * reading: test_faults.c.
 *
 *     EVENTS there --> deliver with a failing allocator --> close --> deliver with a sound one: nothing was lost, nothing leaked
 */
#include "acta/consumer_group.h"

#include "failing_allocator.h"
#include "fixture.h"

enum { EVENTS = 12, CALLS = 60, PARK_EACH = 4, MINIMUM = 20 };

/* What was acknowledged, over both deliveries. */
typedef struct delivery {
    acta_store *store;
    bool acked[EVENTS + 1], seen[EVENTS + 1];
    uint32_t acked_count;
} delivery;

static void
expect_clean(acta_status status)
{
    if (status != ACTA_OK && status != ACTA_NO_MEMORY) fail_msg("%s", acta_status_name(status));
}

static void
note_seen(delivery *d, const acta_chunk *chunk, uint32_t i)
{
    const acta_recorded *event = acta_chunk_at(chunk, i);

    assert_in_range(event->position, 1, EVENTS);
    assert_int_equal(event->payload.size, 7);
    d->seen[event->position] = true;
}

static void
note_acked(delivery *d, uint64_t position)
{
    if (d->acked[position]) return;
    d->acked[position] = true;
    d->acked_count++;
}

/* -- a subscription -- */

static void
deliver_to_subscription(delivery *d)
{
    const acta_subscription_config config = { .name = "reader", .window = 5, .checkpoint_count = 2 };
    acta_subscription *subscription;
    acta_error error;
    acta_status status = acta_subscription_open(d->store, &config, &subscription, &error);

    expect_clean(status);
    if (status != ACTA_OK) return;
    for (int calls = 0; calls < CALLS; calls++) {
        acta_chunk *chunk;
        bool more;
        status = acta_subscription_next(subscription, 2, &chunk, &more, &error);
        expect_clean(status);
        if (status != ACTA_OK) continue; /* the cursor stays where it is */
        for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++) {
            uint64_t position = acta_chunk_at(chunk, i)->position;
            note_seen(d, chunk, i);
            assert_int_equal(ACTA_OK, acta_subscription_ack(subscription, position));
            note_acked(d, position);
        }
        acta_chunk_unref(chunk);
        if (chunk == NULL && !more) break;
    }
    acta_subscription_close(subscription);
}

/* -- a group -- */

static void
settle(delivery *d, acta_consumer *consumer, uint64_t position, bool parks)
{
    acta_status status;

    if (parks && position % PARK_EACH == 0) {
        status = acta_consumer_nack(consumer, position, ACTA_NACK_PARK, S("not now"));
        expect_clean(status);
        return;
    }
    status = acta_consumer_ack(consumer, position);
    if (status != ACTA_INVALID) expect_clean(status); /* an earlier one of its key was given back */
    if (status == ACTA_OK) note_acked(d, position);
}

static void
deliver_to_consumer(delivery *d, acta_consumer *consumer, bool parks)
{
    acta_error error;

    for (int calls = 0; calls < CALLS; calls++) {
        acta_chunk *chunk;
        bool more;
        acta_status status = acta_consumer_next(consumer, 1, &chunk, &more, &error);
        expect_clean(status);
        if (status != ACTA_OK) continue;
        for (uint32_t i = 0; chunk != NULL && i < acta_chunk_count(chunk); i++) {
            note_seen(d, chunk, i);
            settle(d, consumer, acta_chunk_at(chunk, i)->position, parks);
        }
        acta_chunk_unref(chunk);
        while (acta_store_step(d->store)) /* rows of parked events */
            continue;
        if (chunk == NULL && !more) break;
    }
}

static acta_group *
open_group(delivery *d, acta_consumer **consumer_out)
{
    const acta_group_config config = { .subscription = { .name = "workers", .checkpoint_count = 2 } };
    acta_group *group;
    acta_error error;
    acta_status status = acta_group_open(d->store, &config, &group, &error);

    expect_clean(status);
    if (status != ACTA_OK) return NULL;
    status = acta_consumer_open(group, &(acta_consumer_config){ .name = "c" }, consumer_out, &error);
    expect_clean(status);
    if (status == ACTA_OK) return group;
    assert_int_equal(ACTA_OK, acta_group_close(group, &error));
    return NULL;
}

/* Parks some; then all that is parked is replayed. */
static void
deliver_to_group(delivery *d)
{
    acta_consumer *consumer;
    acta_error error;
    acta_group *group = open_group(d, &consumer);

    if (group == NULL) return;
    deliver_to_consumer(d, consumer, true);
    acta_status status = acta_group_replay(group, acta_str_from(NULL, 0), NULL, &error);
    if (status != ACTA_NOT_FOUND) expect_clean(status);
    deliver_to_consumer(d, consumer, false);
    acta_consumer_close(consumer);
    assert_int_equal(ACTA_OK, acta_group_close(group, &error));
}

/* -- the sweep -- */

static void
append_events(acta_store *store)
{
    acta_error error;

    for (int i = 0; i < EVENTS; i++) {
        char stream[8];
        acta_event event = event_of("test.Happened", "payload");
        acta_transaction *t = acta_transaction_create(store);
        snprintf(stream, sizeof stream, "s-%d", i % 5);
        acta_transaction_append(t, acta_str_of(stream), ACTA_ANY_VERSION, &event, 1);
        assert_int_equal(ACTA_OK, acta_store_commit(store, t, NULL, &error));
    }
}

typedef void deliver_function(delivery *d);

/* With the n-th allocation of the delivery failing. False: it was not reached. */
static bool
run_once(deliver_function *deliver, uint64_t n, bool only_once)
{
    failing_allocator failing = { .left = UINT64_MAX, .only_once = only_once };
    acta_environment environment = { .allocator = { alloc_or_fail, free_counted, &failing },
        .log = { .write = log_nothing } };
    acta_disk *disk = acta_disk_create(NULL);
    acta_store_config config = { .engine = acta_memory_engine(disk), .manual = true, .environment = &environment };
    delivery d = { .store = NULL };
    acta_error error;

    assert_int_equal(ACTA_OK, acta_store_open(&config, &d.store, &error));
    append_events(d.store);
    acta_store_close(d.store); /* so that nothing of it is in memory */
    config.engine = acta_memory_engine(disk);
    assert_int_equal(ACTA_OK, acta_store_open(&config, &d.store, &error));
    failing.left = n;
    deliver(&d);
    bool reached = failing.failed > 0;
    failing.left = UINT64_MAX;
    if (acta_store_health(d.store, &error) != ACTA_OK) fail_msg("%s", error.text);
    deliver(&d);
    assert_int_equal(d.acked_count, EVENTS);
    acta_store_close(d.store);
    acta_disk_destroy(disk);
    assert_int_equal(failing.live, 0);
    return reached;
}

static void
run_each(deliver_function *deliver)
{
    for (int only_once = 0; only_once < 2; only_once++) {
        uint64_t n = 0;
        while (run_once(deliver, n, only_once == 1))
            n++;
        assert_true(n > MINIMUM);
    }
}

/* CR-10: of a subscription: clean answers, every event acknowledged in the end, no leak. */
static void
memory_may_run_out_while_a_subscription_reads(void **state)
{
    (void)state;
    run_each(deliver_to_subscription);
}

/* CR-10: of a group: parking and replaying too. */
static void
memory_may_run_out_while_a_group_works(void **state)
{
    (void)state;
    run_each(deliver_to_group);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_may_run_out_while_a_subscription_reads),
        cmocka_unit_test(memory_may_run_out_while_a_group_works),
    };
    return cmocka_run_group_tests_name("no memory", tests, NULL, NULL);
}
