/*
 * An actor that is told to end has its turn on a worker with something else at the head of its mailbox: no node there is
 * taken for a message.
 */
#include "acta/gen_server.h"
#include "harness.h"

enum { EXIT_SHUTDOWN, EXIT_KILL, EXIT_BOTH, EXITS };
enum { LINK, UNLINK, MONITOR, DEMONITOR, CAST, NODES };
enum { PREPARE, ACT };

typedef struct round_of {
    acta_runtime *runtime;
    acta_pid victim;
    acta_ref ref;
    int node, exit;
    _Atomic uint32_t casts, wrong;
} round_of;

static acta_next
take_cast(acta_self *self, void *user, acta_message *message)
{
    round_of *r = user;

    (void)self;
    atomic_fetch_add(message->tag == 77 && message->size == 0 ? &r->casts : &r->wrong, 1);
    return ACTA_NEXT;
}

static acta_next
take_info(acta_self *self, void *user, const acta_info *info)
{
    (void)self;
    (void)user;
    (void)info;
    return ACTA_NEXT;
}

static void
prepare(acta_self *self, round_of *r)
{
    acta_trap_exit(self, true);
    if (r->node == UNLINK) ACTA_CHECK(self, acta_link(self, r->victim) == ACTA_OK);
    if (r->node == DEMONITOR) ACTA_CHECK(self, acta_monitor(self, r->victim, &r->ref) == ACTA_OK);
}

static void
put_node(acta_self *self, round_of *r)
{
    switch (r->node) {
    case LINK:
        ACTA_CHECK(self, acta_link(self, r->victim) == ACTA_OK);
        break;
    case UNLINK:
        acta_unlink(self, r->victim);
        break;
    case MONITOR:
        ACTA_CHECK(self, acta_monitor(self, r->victim, &r->ref) == ACTA_OK);
        break;
    case DEMONITOR:
        acta_demonitor(self, r->ref);
        break;
    default:
        acta_send(r->runtime, r->victim, acta_message_create(r->runtime, 77, 0));
        break;
    }
}

static void
tell_to_end(acta_self *self, round_of *r)
{
    static const acta_exit_reason shutdown = { .kind = ACTA_EXIT_SHUTDOWN }, kill = { .kind = ACTA_EXIT_KILLED };

    if (r->exit != EXIT_KILL) acta_exit(r->runtime, acta_self_pid(self), r->victim, &shutdown);
    if (r->exit != EXIT_SHUTDOWN) acta_exit(r->runtime, acta_self_pid(self), r->victim, &kill);
}

static acta_next
take_step(acta_self *self, void *user, acta_from from, acta_message *message)
{
    round_of *r = user;

    if (message->tag == PREPARE)
        prepare(self, r);
    else {
        put_node(self, r); /* the victim has no turn before this handler's end: there is one worker */
        tell_to_end(self, r);
    }
    acta_reply(r->runtime, from, ACTA_OK, NULL, NULL);
    return message->tag == PREPARE ? ACTA_NEXT : ACTA_STOP;
}

static void
try_one(harness *h, int node, int exit)
{
    round_of r = { .runtime = h->runtime, .node = node, .exit = exit };
    script victim = { .cast = take_cast, .info = take_info, .user = &r };
    script other = { .call = take_step, .info = take_info, .user = &r };

    r.victim = spawn(h, &victim);
    acta_pid by = spawn(h, &other);
    assert_int_equal(ACTA_OK, send_tag(h, r.victim, 77));
    assert_int_equal(ACTA_OK, call_tag(h, by, PREPARE, 5000, NULL));
    while (atomic_load(&r.casts) == 0)
        sleep_ms(1);
    sleep_ms(2); /* what was prepared is in hand */
    assert_int_equal(ACTA_OK, call_tag(h, by, ACT, 5000, NULL));
    while (acta_is_alive(h->runtime, r.victim) || acta_is_alive(h->runtime, by))
        sleep_ms(1);
    assert_int_equal(atomic_load(&r.wrong), 0);
    assert_in_range(atomic_load(&r.casts), 1, 1 + (node == CAST));
}

static void
no_node_is_taken_for_a_message(void **state)
{
    (void)state;
    harness h;

    harness_start(&h, 1);
    for (int node = 0; node < NODES; node++)
        for (int exit = 0; exit < EXITS; exit++)
            try_one(&h, node, exit);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_node_is_taken_for_a_message),
    };
    return cmocka_run_group_tests_name("turns of who is to end", tests, NULL, NULL);
}
