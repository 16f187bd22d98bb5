/*
 * Bundles: what a handler sends in a row to one busy actor is kept back by its worker for a moment. Nobody can tell: it
 * comes in order, also with what isn't a message, is refused at the same bound, and comes though the handler stays away.
 */
#include "harness.h"

enum { MANY = 100, BOUND = 1000 };

typedef struct bundle {
    harness *h;
    acta_pid receiver;
    uint32_t count;                             /* to be sent in a row */
    bool stays;                                 /* the sender's handler, until all is handled */
    bool exits;                                 /* an exit signal comes behind them */
    uint64_t accepted, handled_meanwhile;       /* the sender's */
    _Atomic uint64_t inside, sent;              /* the receiver is in its first handler; the sender is through */
    _Atomic uint64_t handled, told, out_of_row; /* by the receiver */
} bundle;

static void
wait_for(_Atomic uint64_t *value, uint64_t least)
{
    uint64_t end_ns = real_now_ns() + UINT64_C(60000000000);

    while (atomic_load(value) < least && real_now_ns() < end_ns)
        sleep_ms(1);
}

/* The first keeps the receiver busy until all are sent. */
static acta_next
receive(acta_self *self, void *user, acta_message *message)
{
    bundle *b = user;

    if (message->tag == 0) {
        acta_trap_exit(self, b->exits);
        atomic_fetch_add(&b->inside, 1);
        wait_for(&b->sent, 1);
        return ACTA_NEXT;
    }
    if (message->tag != atomic_load(&b->handled) + 1) atomic_fetch_add(&b->out_of_row, 1);
    atomic_fetch_add(&b->handled, 1);
    return ACTA_NEXT;
}

/* The exit signal came behind all of them. */
static acta_next
be_told(acta_self *self, void *user, const acta_info *info)
{
    bundle *b = user;

    (void)self;
    if (info->kind != ACTA_INFO_EXIT || atomic_load(&b->handled) != b->count) atomic_fetch_add(&b->out_of_row, 1);
    atomic_fetch_add(&b->told, 1);
    return ACTA_STOP;
}

static acta_next
send_in_a_row(acta_self *self, void *user, acta_message *message)
{
    static const acta_exit_reason reason = { .kind = ACTA_EXIT_SHUTDOWN };
    bundle *b = user;
    acta_runtime *runtime = acta_self_runtime(self);

    (void)message;
    for (uint32_t i = 1; i <= b->count; i++)
        if (acta_send(runtime, b->receiver, acta_message_create(runtime, i, 8)) == ACTA_OK) b->accepted++;
    if (b->exits) acta_exit(runtime, acta_self_pid(self), b->receiver, &reason);
    atomic_fetch_add(&b->sent, 1);
    if (b->stays) {
        wait_for(&b->handled, b->count);
        b->handled_meanwhile = atomic_load(&b->handled);
    }
    return ACTA_NEXT;
}

static void
run(bundle *b)
{
    harness h;
    script receiver = { .cast = receive, .info = be_told, .user = b }, sender = { .cast = send_in_a_row, .user = b };
    acta_error error;

    b->h = &h;
    harness_start_with(&h, (acta_runtime_config){ .worker_count = 2, .spare_workers = ACTA_NO_SPARE_WORKERS });
    acta_spawn_options options = { .behaviour = &scripted, .argument = &receiver, .mailbox_count_max = BOUND };
    assert_int_equal(acta_spawn(h.runtime, &options, &b->receiver, &error), ACTA_OK);
    send_tag(&h, b->receiver, 0);
    await_count(&h, &b->inside, 1);
    send_tag(&h, spawn(&h, &sender), 0);
    await_count(&h, &b->sent, 1);
    await_count(&h, &b->handled, b->accepted);
    if (b->exits) await_count(&h, &b->told, 1);
    harness_stop(&h);
    assert_int_equal(atomic_load(&b->handled), b->accepted);
    assert_int_equal(atomic_load(&b->out_of_row), 0);
}

/* SCH-03: another worker takes what is kept back. */
static void
what_is_kept_back_comes_while_the_handler_stays_away(void **state)
{
    (void)state;
    bundle b = { .count = MANY, .stays = true };

    run(&b);
    assert_int_equal(b.accepted, MANY);
    assert_int_equal(b.handled_meanwhile, MANY);
}

static void
a_signal_comes_behind_what_was_sent_before(void **state)
{
    (void)state;
    bundle b = { .count = MANY - 3, .exits = true };

    run(&b);
    assert_int_equal(b.accepted, MANY - 3);
}

/* The message in the receiver's hands counts, too. */
static void
the_bound_refuses_at_the_same_place(void **state)
{
    (void)state;
    bundle b = { .count = BOUND + BOUND / 2 };

    run(&b);
    assert_int_equal(b.accepted, BOUND - 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_back_comes_while_the_handler_stays_away),
        cmocka_unit_test(a_signal_comes_behind_what_was_sent_before),
        cmocka_unit_test(the_bound_refuses_at_the_same_place),
    };
    return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
