/*
 * Stress: many senders, many actors, few cores, with an account for each actor: what was sent to it is what it handled
 * and what was dropped for it. ACTA_STRESS in the environment multiplies the numbers: ./dev soak runs with large ones.
 */
#include "harness.h"

#include <pthread.h>
#include <sched.h>

#include "internal.h"

/* -- accounts: SCH-15 -- */

typedef struct account {
    acta_pid pid;
    _Atomic uint64_t sent, handled, dropped;
} account;

typedef struct ledger {
    harness h;
    account *accounts;
    uint32_t count;
    _Atomic uint64_t strange; /* dropped for nobody that we know */
} ledger;

static void
note_letter(void *user, const acta_dead_letter *letter)
{
    ledger *l = user;

    if (letter->reason != ACTA_DEAD_DROPPED && letter->reason != ACTA_DEAD_SHED) return;
    for (uint32_t i = 0; i < l->count; i++) {
        if (!acta_pid_equal(l->accounts[i].pid, letter->to)) continue;
        atomic_fetch_add(&l->accounts[i].dropped, 1);
        return;
    }
    atomic_fetch_add(&l->strange, 1);
}

static void
open_ledger(ledger *l, uint32_t workers, account *accounts, uint32_t count)
{
    memset(accounts, 0, count * sizeof *accounts);
    l->accounts = accounts;
    l->count = count;
    atomic_store(&l->strange, 0);
    harness_start_with(
        &l->h, (acta_runtime_config){ .worker_count = workers, .dead_letters = { .tell = note_letter, .user = l } });
}

static bool
send_to(ledger *l, account *a, uint32_t tag)
{
    if (send_tag(&l->h, a->pid, tag) != ACTA_OK) return false;
    atomic_fetch_add(&a->sent, 1);
    return true;
}

/* After the stop nothing is under way: sent == handled + dropped, of each and in total. */
static void
close_ledger(ledger *l)
{
    uint64_t sent = 0, settled = 0;

    harness_stop(&l->h); /* the totals, as the runtime counts them */
    for (uint32_t i = 0; i < l->count; i++) {
        account *a = &l->accounts[i];
        assert_int_equal(atomic_load(&a->sent), atomic_load(&a->handled) + atomic_load(&a->dropped));
        sent += atomic_load(&a->sent);
        settled += atomic_load(&a->handled) + atomic_load(&a->dropped);
    }
    assert_int_equal(sent, settled);
    assert_int_equal(atomic_load(&l->strange), 0);
}

static acta_next
settle(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    (void)message;
    atomic_fetch_add(&((account *)user)->handled, 1);
    return ACTA_NEXT;
}

/* -- many to one: SCH-01 -- */

enum { PRODUCER_COUNT = 16, EACH = HARNESS_SANITIZED ? 2000 : 15625 };

typedef struct producer {
    ledger *l;
    account *to;
    uint32_t number;
    uint64_t count, seed;
} producer;

typedef struct consumer {
    account *account;
    uint64_t next[PRODUCER_COUNT];
    _Atomic uint64_t disorders;
} consumer;

static acta_next
check_order(acta_self *self, void *user, acta_message *message)
{
    consumer *c = user;
    uint64_t number;

    (void)self;
    memcpy(&number, message->payload, sizeof number);
    if (number != c->next[message->tag]) atomic_fetch_add(&c->disorders, 1);
    c->next[message->tag] = number + 1;
    atomic_fetch_add(&c->account->handled, 1);
    return ACTA_NEXT;
}

static void *
produce(void *argument)
{
    producer *p = argument;
    acta_runtime *runtime = p->l->h.runtime;

    for (uint64_t i = 0; i < p->count; i++) {
        acta_message *message = acta_message_create(runtime, p->number, sizeof i);
        memcpy(message->payload, &i, sizeof i);
        if (acta_send_wait(runtime, p->to->pid, message, ACTA_INFINITE, NULL) == ACTA_OK)
            atomic_fetch_add(&p->to->sent, 1);
        if (draw(&p->seed, 64) == 0) sched_yield();
    }
    return NULL;
}

static void
run_producers(uint32_t workers, uint64_t count)
{
    static ledger l;
    static account its;
    static consumer c;
    script s = { .cast = check_order, .user = &c };
    producer producers[PRODUCER_COUNT];
    pthread_t threads[PRODUCER_COUNT];

    memset(&c, 0, sizeof c);
    c.account = &its;
    open_ledger(&l, workers, &its, 1);
    assert_int_equal(
        acta_spawn(l.h.runtime,
            &(acta_spawn_options){ .behaviour = &scripted, .argument = &s, .mailbox_count_max = 200 }, &its.pid, NULL),
        ACTA_OK);
    for (uint32_t i = 0; i < PRODUCER_COUNT; i++) {
        producers[i] = (producer){ &l, &its, i, count, i };
        assert_int_equal(pthread_create(&threads[i], NULL, produce, &producers[i]), 0);
    }
    for (uint32_t i = 0; i < PRODUCER_COUNT; i++)
        pthread_join(threads[i], NULL);
    await_count(&l.h, &its.handled, PRODUCER_COUNT * count);
    assert_int_equal(atomic_load(&c.disorders), 0);
    close_ledger(&l);
    assert_int_equal(atomic_load(&its.handled), PRODUCER_COUNT * count);
}

/* SCH-01, SCH-15: 16 producers, one consumer, with random yields: each message once, each producer's order kept. 10 M each
 * with ACTA_STRESS=640. */
static void
sixteen_producers_are_heard_once_and_in_order(void **state)
{
    (void)state;
    run_producers(2, scaled(EACH));
}

/* SCH-12: the same on 64 workers, and on one. */
static void
too_many_workers_and_one_worker_do_as_well(void **state)
{
    (void)state;
    run_producers(64, scaled(500));
    run_producers(1, scaled(500));
}

/* SCH-12: all threads of the runtime on a single processor. */
static void
a_single_processor_is_enough(void **state)
{
    (void)state;
    cpu_set_t before, one;

    CPU_ZERO(&before);
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET(i, &before)) CPU_SET(i, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    run_producers(4, scaled(500));
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

/* -- senders against ends: SCH-15 -- */

enum { VICTIM_COUNT = 8 };

static void *
send_to_victims(void *argument)
{
    producer *p = argument;

    for (uint64_t i = 0; i < p->count; i++)
        send_to(p->l, &p->l->accounts[draw(&p->seed, VICTIM_COUNT)], 0);
    return NULL;
}

/* SCH-15: actors are killed while they are sent to: each message was handled, or dropped and told. */
static void
what_the_killed_were_sent_is_accounted_for(void **state)
{
    (void)state;
    static ledger l;
    static account accounts[VICTIM_COUNT];
    static const acta_exit_reason killed = { .kind = ACTA_EXIT_KILLED };
    script scripts[VICTIM_COUNT];
    producer producers[4];
    pthread_t threads[4];

    for (uint64_t round = 0; round < scaled(10); round++) {
        open_ledger(&l, 2, accounts, VICTIM_COUNT);
        for (uint32_t i = 0; i < VICTIM_COUNT; i++) {
            scripts[i] = (script){ .cast = settle, .user = &accounts[i] };
            accounts[i].pid = spawn(&l.h, &scripts[i]);
        }
        for (uint32_t i = 0; i < 4; i++) {
            producers[i] = (producer){ &l, NULL, i, 2000, round * 4 + i };
            assert_int_equal(pthread_create(&threads[i], NULL, send_to_victims, &producers[i]), 0);
        }
        for (uint32_t i = 0; i < VICTIM_COUNT; i += 2)
            acta_exit(l.h.runtime, (acta_pid){ 0 }, accounts[i].pid, &killed);
        for (uint32_t i = 0; i < 4; i++)
            pthread_join(threads[i], NULL);
        close_ledger(&l);
    }
}

/* -- two wake-ups: SCH-16 -- */

typedef struct sleeper {
    _Atomic uint64_t handled, terminated;
} sleeper;

static acta_next
count_handled(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    (void)message;
    atomic_fetch_add(&((sleeper *)user)->handled, 1);
    return ACTA_NEXT;
}

static void
count_end(acta_self *self, void *user, const acta_exit_reason *reason)
{
    (void)self;
    (void)reason;
    atomic_fetch_add(&((sleeper *)user)->terminated, 1);
}

typedef struct pair {
    harness *h;
    acta_pid to;
    pthread_barrier_t *together;
    uint64_t rounds;
} pair;

static void *
send_together(void *argument)
{
    pair *p = argument;

    for (uint64_t i = 0; i < p->rounds; i++) {
        pthread_barrier_wait(p->together);
        while (send_tag(p->h, p->to, 0) == ACTA_BUSY)
            sched_yield();
    }
    return NULL;
}

/* SCH-02, SCH-16: two senders wake one receiver at the same moment, which may take both messages in one turn: it goes
 * on living, handles each once, and has no turn that nobody asked for. */
static void
two_senders_wake_a_receiver_at_once(void **state)
{
    (void)state;
    harness h;
    static sleeper sl;
    script s = { .cast = count_handled, .terminate = count_end, .user = &sl };
    pthread_barrier_t together;
    pthread_t threads[2];
    uint64_t rounds = scaled(5000);

    memset(&sl, 0, sizeof sl);
    harness_start(&h, 2);
    acta_pid pid = spawn(&h, &s);
    pthread_barrier_init(&together, NULL, 2);
    pair p = { &h, pid, &together, rounds };
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_together, &p), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    await_count(&h, &sl.handled, 2 * rounds);
    assert_int_equal(atomic_load(&sl.handled), 2 * rounds);
    assert_int_equal(atomic_load(&sl.terminated), 0);
    assert_true(acta_is_alive(h.runtime, pid));
    harness_stop(&h);
    pthread_barrier_destroy(&together);
}

/* -- starts and stops: SCH-07, SCH-08 -- */

enum { MANY_LIVES = HARNESS_SANITIZED ? 20000 : 1000000 };

typedef struct nest {
    script *leaf;
    uint64_t count;
    _Atomic uint64_t done, failed;
} nest;

static acta_next
be_done(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    (void)message;
    atomic_fetch_add(&((nest *)user)->done, 1);
    return ACTA_STOP;
}

static acta_next
spawn_all(acta_self *self, void *user, acta_message *message)
{
    nest *n = user;
    acta_runtime *runtime = acta_self_runtime(self);
    acta_pid pid;

    (void)message;
    for (uint64_t i = 0; i < n->count; i++) {
        if (acta_spawn(runtime, &(acta_spawn_options){ .behaviour = &scripted, .argument = n->leaf }, &pid, NULL) !=
                ACTA_OK ||
            acta_send(runtime, pid, acta_message_create(runtime, 0, 0)) != ACTA_OK)
            atomic_fetch_add(&n->failed, 1);
    }
    return ACTA_STOP;
}

/* SCH-08: one producer of short lives, far more than a ring holds: none is lost, none runs twice. */
static void
a_storm_of_short_lives_is_lived_once_each(void **state)
{
    (void)state;
    harness h;
    static nest n;
    script leaf = { .cast = be_done, .user = &n }, root = { .cast = spawn_all, .user = &n };

    memset(&n, 0, sizeof n);
    n.leaf = &leaf;
    n.count = MANY_LIVES;
    harness_start(&h, 4);
    send_tag(&h, spawn(&h, &root), 0);
    await_count(&h, &n.done, n.count);
    harness_stop(&h);
    assert_int_equal(atomic_load(&n.done), n.count);
    assert_int_equal(atomic_load(&n.failed), 0);
}

static acta_next
answer(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    (void)message;
    atomic_fetch_add((_Atomic uint64_t *)user, 1);
    return ACTA_NEXT;
}

/* SCH-07: many actors at once, a message each, all answer, all stop; harness_stop finds all memory given back. */
static void
a_crowd_answers_and_leaves_nothing(void **state)
{
    (void)state;
    harness h;
    static _Atomic uint64_t answered;
    script s = { .cast = answer, .user = (void *)&answered };
    const uint64_t count = MANY_LIVES;
    acta_pid *pids = calloc(count, sizeof *pids);

    assert_non_null(pids);
    atomic_store(&answered, 0);
    harness_start(&h, 2);
    for (uint64_t i = 0; i < count; i++)
        pids[i] = spawn(&h, &s);
    for (uint64_t i = 0; i < count; i++)
        assert_int_equal(send_tag(&h, pids[i], 0), ACTA_OK);
    await_count(&h, &answered, count);
    harness_stop(&h);
    assert_int_equal(atomic_load(&answered), count);
    free(pids);
}

/* SCH-07: a slot's last generation: its pid dies with it, and the slot is never used again. */
static void
generations_never_come_round(void **state)
{
    (void)state;
    harness h;
    script s = { .user = NULL };
    static const acta_exit_reason killed = { .kind = ACTA_EXIT_KILLED };
    acta_pid last = { 0 };

    harness_start(&h, 0);
    acta_pid first = spawn(&h, &s);
    acti_actor *actor = acti_actor_at(h.runtime, first);
    acta_exit(h.runtime, (acta_pid){ 0 }, first, &killed);
    harness_run(&h);
    actor->generation = UINT32_MAX - 2; /* as after four billion lives */
    for (uint32_t generation = UINT32_MAX - 1; generation != 0; generation++) {
        last = spawn(&h, &s);
        assert_ptr_equal(acti_actor_at(h.runtime, last), actor);
        assert_int_equal(last.value >> 32, generation);
        acta_exit(h.runtime, (acta_pid){ 0 }, last, &killed);
        harness_run(&h);
    }
    for (int i = 0; i < 10; i++) {
        acta_pid next = spawn(&h, &s);
        assert_true((uint32_t)next.value != (uint32_t)first.value);
        assert_false(acta_is_alive(h.runtime, last));
        assert_false(acta_is_alive(h.runtime, first));
        assert_int_equal(send_tag(&h, first, 0), ACTA_NOPROC);
        acta_exit(h.runtime, (acta_pid){ 0 }, next, &killed);
        harness_run(&h);
    }
    harness_stop(&h);
}

/* SCH-07: lives on 64 slots, each pid younger than all that its slot ever had: no stale pid is anybody's. Ten million
 * with ACTA_STRESS=500. */
static void
a_slot_used_again_and_again_never_repeats_a_pid(void **state)
{
    (void)state;
    enum { SLOTS = 64 };
    harness h;
    script s = { .user = NULL };
    static const acta_exit_reason killed = { .kind = ACTA_EXIT_KILLED };
    acta_pid latest[4 * SLOTS] = { { 0 } }, alive[SLOTS];

    harness_start(&h, 0);
    for (int i = 0; i < SLOTS; i++)
        alive[i] = spawn(&h, &s);
    for (uint64_t i = 0; i < scaled(20000); i++) {
        acta_pid last = alive[i % SLOTS];
        acta_exit(h.runtime, (acta_pid){ 0 }, last, &killed);
        harness_run(&h);
        acta_pid next = alive[i % SLOTS] = spawn(&h, &s);
        uint32_t slot = (uint32_t)next.value;
        assert_in_range(slot, 0, 4 * SLOTS - 1);
        assert_true(next.value >> 32 > latest[slot].value >> 32);
        assert_int_equal(send_tag(&h, last, 0), ACTA_NOPROC);
        assert_int_equal(send_tag(&h, latest[slot], 0), ACTA_NOPROC);
        latest[slot] = next;
    }
    harness_stop(&h);
}

/* -- fairness: SCH-03 -- */

enum { QUIET_COUNT = 1000, BUDGET = 64 };

typedef struct busy {
    acta_pid self;
    uint64_t handled;
    uint64_t at[QUIET_COUNT]; /* what the busy one had handled when the quiet one was heard */
    uint32_t heard;
} busy;

static acta_next
send_to_self(acta_self *self, void *user, acta_message *message)
{
    busy *b = user;
    acta_runtime *runtime = acta_self_runtime(self);

    (void)message;
    b->handled++;
    acta_send(runtime, b->self, acta_message_create(runtime, 0, 0));
    return ACTA_NEXT;
}

static acta_next
be_heard(acta_self *self, void *user, acta_message *message)
{
    busy *b = user;
    (void)self;
    (void)message;
    b->at[b->heard++] = b->handled;
    return ACTA_NEXT;
}

/* SCH-03: one that always has a message for itself, and a thousand quiet ones that are ready: it has one budget, and then
 * each of them its turn. */
static void
a_busy_actor_has_one_budget_a_round(void **state)
{
    (void)state;
    harness h;
    static busy b;
    script busy_one = { .cast = send_to_self, .user = &b }, quiet_one = { .cast = be_heard, .user = &b };
    static acta_pid quiet[QUIET_COUNT];
    static const acta_exit_reason killed = { .kind = ACTA_EXIT_KILLED };

    memset(&b, 0, sizeof b);
    harness_start_with(&h, (acta_runtime_config){ .manual = true, .budget = BUDGET });
    b.self = spawn(&h, &busy_one);
    for (int i = 0; i < QUIET_COUNT; i++)
        quiet[i] = spawn(&h, &quiet_one);
    send_tag(&h, b.self, 0);
    for (int i = 0; i < QUIET_COUNT; i++)
        send_tag(&h, quiet[i], 0);
    for (int i = 0; i < QUIET_COUNT + 2; i++)
        assert_true(acta_runtime_step(h.runtime));
    assert_int_equal(b.heard, QUIET_COUNT);
    assert_true(b.at[QUIET_COUNT - 1] <= BUDGET);
    acta_exit(h.runtime, (acta_pid){ 0 }, b.self, &killed);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixteen_producers_are_heard_once_and_in_order),
        cmocka_unit_test(too_many_workers_and_one_worker_do_as_well),
        cmocka_unit_test(a_single_processor_is_enough),
        cmocka_unit_test(what_the_killed_were_sent_is_accounted_for),
        cmocka_unit_test(two_senders_wake_a_receiver_at_once),
        cmocka_unit_test(a_storm_of_short_lives_is_lived_once_each),
        cmocka_unit_test(a_crowd_answers_and_leaves_nothing),
        cmocka_unit_test(generations_never_come_round),
        cmocka_unit_test(a_slot_used_again_and_again_never_repeats_a_pid),
        cmocka_unit_test(a_busy_actor_has_one_budget_a_round),
    };
    return cmocka_run_group_tests_name("stress", tests, NULL, NULL);
}
