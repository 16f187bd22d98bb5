/*
 * Bursts: what one handler sends by the hundred is handled in a turn that is longer than the budget, and others wait for
 * that turn only; and the memory of a burst goes back when the worker has nothing to do.
 */
#include "harness.h"

enum { BUDGET = 64, QUIET_COUNT = 8, MANY = 8000, SOME = 1000, FEW = 400 };

typedef struct burst {
    harness *h;
    acta_pid consumer, quiet[QUIET_COUNT];
    uint32_t size;                 /* messages of the burst */
    uint64_t handled;              /* by the consumer; all actors run on one worker */
    uint64_t at[QUIET_COUNT];      /* what it had handled when the quiet one was heard */
    _Atomic uint64_t heard, ended; /* quiet ones; bursts */
} burst;

static acta_next
consume(acta_self *self, void *user, acta_message *message)
{
    burst *b = user;

    (void)self;
    (void)message;
    if (++b->handled == b->size) atomic_fetch_add(&b->ended, 1);
    return ACTA_NEXT;
}

/* All of it in one go, and then to the quiet ones, who stand behind the consumer but for the last. */
static acta_next
send_all(acta_self *self, void *user, acta_message *message)
{
    burst *b = user;
    acta_runtime *runtime = acta_self_runtime(self);

    (void)message;
    for (uint32_t i = 0; i < b->size; i++)
        assert_int_equal(acta_send(runtime, b->consumer, acta_message_create(runtime, 0, 8)), ACTA_OK);
    for (uint32_t i = 0; i < QUIET_COUNT; i++)
        assert_int_equal(acta_send(runtime, b->quiet[i], acta_message_create(runtime, i, 0)), ACTA_OK);
    return ACTA_NEXT;
}

static acta_next
be_heard(acta_self *self, void *user, acta_message *message)
{
    burst *b = user;

    (void)self;
    b->at[message->tag] = b->handled;
    atomic_fetch_add(&b->heard, 1);
    return ACTA_NEXT;
}

/* Without spare workers and a watchdog, so that nobody comes to help a worker that the machine keeps waiting. */
static void
run_burst(burst *b, uint32_t size)
{
    harness h;
    script consumer = { .cast = consume, .user = b }, producer = { .cast = send_all, .user = b };
    script quiet = { .cast = be_heard, .user = b };

    *b = (burst){ .h = &h, .size = size };
    harness_start_with(
        &h, (acta_runtime_config){
                .worker_count = 1, .spare_workers = ACTA_NO_SPARE_WORKERS, .handler_limit_ms = ACTA_INFINITE });
    b->consumer = spawn(&h, &consumer);
    for (uint32_t i = 0; i < QUIET_COUNT; i++)
        b->quiet[i] = spawn(&h, &quiet);
    int64_t before = atomic_load(&h.blocks);
    send_tag(&h, spawn(&h, &producer), 0);
    await_count(&h, &b->heard, QUIET_COUNT);
    await_count(&h, &b->ended, 1);
    /* The worker sleeps, and keeps 256 blocks of each of 3 sizes at most. */
    uint64_t end_ns = real_now_ns() + UINT64_C(60000000000);
    while (atomic_load(&h.blocks) > before + 3 * 256 + 16) {
        if (real_now_ns() > end_ns) fail_msg("%lld blocks are kept", (long long)(atomic_load(&h.blocks) - before));
        sleep_ms(1);
    }
    harness_stop(&h);
}

/* SCH-03: the one behind the consumer waits for more than a budget, but not for all bursts to come. */
static void
a_burst_is_handled_in_a_longer_turn(void **state)
{
    (void)state;
    static burst b;
    static const uint32_t sizes[] = { SOME, MANY };

    for (int k = 0; k < 2; k++) {
        run_burst(&b, sizes[k]);
        assert_in_range(b.at[0], 2 * BUDGET, sizes[k]);
        for (uint32_t i = 1; i + 1 < QUIET_COUNT; i++)
            assert_true(b.at[i] >= b.at[i - 1]);
    }
}

/* SCH-03: as ever. */
static void
what_is_no_burst_has_its_budget(void **state)
{
    (void)state;
    static burst b;

    run_burst(&b, FEW);
    for (uint32_t i = 0; i + 1 < QUIET_COUNT; i++)
        assert_int_equal(b.at[i], BUDGET);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_handled_in_a_longer_turn),
        cmocka_unit_test(what_is_no_burst_has_its_budget),
    };
    return cmocka_run_group_tests_name("burst", tests, NULL, NULL);
}
