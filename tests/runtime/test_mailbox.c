/*
 * Mailboxes: each message once, each sender's in order, never more than the bound, every destructor run.
 */
#include "harness.h"

#include <pthread.h>

enum { SENDER_COUNT = 8, PER_SENDER = 20000 };

typedef struct receiver {
    uint64_t next[SENDER_COUNT]; /* of each sender */
    _Atomic uint64_t received, disorders;
} receiver;

typedef struct sender {
    harness *h;
    acta_pid to;
    uint32_t number;
    uint64_t busy;
} sender;

static acta_next
check_order(acta_self *self, void *user, acta_message *message)
{
    receiver *r = user;
    uint64_t number;

    (void)self;
    memcpy(&number, message->payload, sizeof number);
    if (number != r->next[message->tag]) atomic_fetch_add(&r->disorders, 1);
    r->next[message->tag] = number + 1;
    atomic_fetch_add(&r->received, 1);
    return ACTA_NEXT;
}

static void *
send_numbers(void *argument)
{
    sender *s = argument;

    for (uint64_t i = 0; i < PER_SENDER;) {
        acta_message *message = acta_message_create(s->h->runtime, s->number, sizeof i);
        memcpy(message->payload, &i, sizeof i);
        acta_status status = acta_send(s->h->runtime, s->to, message);
        if (status == ACTA_OK) i++;
        if (status == ACTA_BUSY) s->busy++;
    }
    return NULL;
}

/* Many threads to one actor, through a mailbox that is full most of the time. */
static void
each_message_arrives_once_and_in_its_sender_s_order(void **state)
{
    (void)state;
    harness h;
    static receiver r;
    script s = { .cast = check_order, .user = &r };
    sender senders[SENDER_COUNT];
    pthread_t threads[SENDER_COUNT];
    acta_pid pid = { 0 };
    uint64_t busy = 0;
    acta_runtime_stats stats;

    memset(&r, 0, sizeof r);
    harness_start(&h, 2);
    assert_int_equal(
        acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &scripted, .argument = &s, .mailbox_count_max = 100 },
            &pid, NULL),
        ACTA_OK);
    for (uint32_t i = 0; i < SENDER_COUNT; i++) {
        senders[i] = (sender){ &h, pid, i, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, send_numbers, &senders[i]), 0);
    }
    for (int i = 0; i < SENDER_COUNT; i++) {
        pthread_join(threads[i], NULL);
        busy += senders[i].busy;
    }
    await_count(&h, &r.received, SENDER_COUNT * PER_SENDER);
    assert_int_equal(atomic_load(&r.disorders), 0);
    acta_runtime_stats_read(h.runtime, &stats);
    assert_int_equal(stats.refused, busy);
    harness_stop(&h);
    assert_int_equal(atomic_load(&r.received), SENDER_COUNT * PER_SENDER);
}

static _Atomic uint64_t destroyed;

static void
count_destroyed(acta_message *message)
{
    (void)message;
    atomic_fetch_add(&destroyed, 1);
}

static acta_message *
counted_message(harness *h, size_t size)
{
    acta_message *message = acta_message_create(h->runtime, 1, size);
    message->destroy = count_destroyed;
    return message;
}

/* The receiver doesn't run: a manual runtime that nobody steps. */
static void
the_bound_in_messages_is_exact_and_opens_again(void **state)
{
    (void)state;
    harness h;
    script s = { .user = NULL };
    acta_pid pid = { 0 };

    atomic_store(&destroyed, 0);
    harness_start(&h, 0);
    acta_spawn(
        h.runtime, &(acta_spawn_options){ .behaviour = &scripted, .argument = &s, .mailbox_count_max = 3 }, &pid, NULL);
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 3; i++)
            assert_int_equal(acta_send(h.runtime, pid, counted_message(&h, 8)), ACTA_OK);
        assert_int_equal(acta_send(h.runtime, pid, counted_message(&h, 8)), ACTA_BUSY);
        assert_int_equal(call_tag(&h, pid, 0, 10, NULL), ACTA_BUSY);
        harness_run(&h);
    }
    assert_int_equal(atomic_load(&destroyed), 20);
    harness_stop(&h);
}

static void
the_bound_in_bytes_lets_one_large_message_into_an_empty_mailbox(void **state)
{
    (void)state;
    harness h;
    script s = { .user = NULL };
    acta_pid pid = { 0 };

    harness_start(&h, 0);
    acta_spawn(h.runtime, &(acta_spawn_options){ .behaviour = &scripted, .argument = &s, .mailbox_bytes_max = 4096 },
        &pid, NULL);
    assert_int_equal(acta_send(h.runtime, pid, counted_message(&h, 100000)), ACTA_OK);
    assert_int_equal(acta_send(h.runtime, pid, counted_message(&h, 8)), ACTA_BUSY);
    harness_run(&h);
    assert_int_equal(acta_send(h.runtime, pid, counted_message(&h, 3000)), ACTA_OK);
    assert_int_equal(acta_send(h.runtime, pid, counted_message(&h, 3000)), ACTA_BUSY);
    harness_run(&h);
    harness_stop(&h);
}

typedef struct keeper {
    acta_message *kept[4];
    uint32_t count;
    acta_pid forward_to;
} keeper;

static acta_next
keep_message(acta_self *self, void *user, acta_message *message)
{
    keeper *k = user;

    if (k->forward_to.value != 0) /* at once, while its mailbox still knows it as the last one consumed */
        acta_send(acta_self_runtime(self), k->forward_to, acta_message_keep(self, message));
    else
        k->kept[k->count++] = acta_message_keep(self, message);
    return ACTA_NEXT;
}

static acta_next
count_tags(acta_self *self, void *user, acta_message *message)
{
    (void)self;
    *(uint64_t *)user += message->tag;
    return ACTA_NEXT;
}

static void
a_kept_message_is_its_keeper_s_and_may_be_sent_on(void **state)
{
    (void)state;
    harness h;
    uint64_t sum = 0;
    keeper k = { .count = 0 }, f = { .count = 0 };
    script keep = { .cast = keep_message, .user = &k }, forward = { .cast = keep_message, .user = &f };
    script sink = { .cast = count_tags, .user = &sum };

    atomic_store(&destroyed, 0);
    harness_start(&h, 0);
    acta_pid keeping = spawn(&h, &keep), forwarding = spawn(&h, &forward);
    f.forward_to = spawn(&h, &sink);
    for (int i = 0; i < 4; i++) {
        acta_send(h.runtime, keeping, counted_message(&h, 10));
        acta_send(h.runtime, forwarding, counted_message(&h, 10));
        if (i % 2 == 1) harness_run(&h);
    }
    assert_int_equal(k.count, 4);
    assert_int_equal(sum, 4);
    assert_int_equal(atomic_load(&destroyed), 4);
    for (int i = 0; i < 4; i++)
        acta_message_destroy(k.kept[i]);
    assert_int_equal(atomic_load(&destroyed), 8);
    harness_stop(&h);
}

/* GS-30: handled, dropped with the dead, refused as too many, sent to nobody, left in the mailbox at the stop. */
static void
every_destructor_runs_exactly_once(void **state)
{
    (void)state;
    harness h;
    script s = { .user = NULL };
    static const acta_exit_reason killed = { .kind = ACTA_EXIT_KILLED };

    atomic_store(&destroyed, 0);
    harness_start(&h, 0);
    acta_pid lives = spawn(&h, &s), dies = spawn(&h, &s);
    for (int i = 0; i < 10; i++) {
        acta_send(h.runtime, lives, counted_message(&h, 0));
        acta_send(h.runtime, dies, counted_message(&h, 0));
        acta_send(h.runtime, (acta_pid){ 0 }, counted_message(&h, 0));
    }
    acta_exit(h.runtime, (acta_pid){ 0 }, dies, &killed);
    harness_run(&h);
    assert_int_equal(acta_send(h.runtime, dies, counted_message(&h, 0)), ACTA_NOPROC);
    for (int i = 0; i < 5; i++)
        acta_send(h.runtime, lives, counted_message(&h, 0));
    acta_call(h.runtime, dies, counted_message(&h, 0), 10, NULL, NULL);
    acta_message_destroy(counted_message(&h, 0));
    harness_stop(&h);
    assert_int_equal(atomic_load(&destroyed), 10 + 10 + 10 + 1 + 5 + 1 + 1);
}

static void
a_message_that_could_not_be_made_is_no_memory_everywhere(void **state)
{
    (void)state;
    harness h;
    script s = { .user = NULL };

    harness_start(&h, 0);
    acta_pid pid = spawn(&h, &s);
    assert_null(acta_message_create(h.runtime, 0, ((size_t)64 << 20) + 1));
    assert_int_equal(acta_send(h.runtime, pid, NULL), ACTA_NO_MEMORY);
    assert_int_equal(acta_call(h.runtime, pid, NULL, 10, NULL, NULL), ACTA_NO_MEMORY);
    harness_stop(&h);
}

/* GS-03, GS-10: A pid of the past, whose slot another actor has now. */
static void
a_stale_pid_never_reaches_the_next_actor_in_its_slot(void **state)
{
    (void)state;
    harness h;
    uint64_t sum = 0;
    script s = { .cast = count_tags, .user = &sum };
    static const acta_exit_reason shutdown = { .kind = ACTA_EXIT_SHUTDOWN };
    acta_pid stale[50];

    harness_start(&h, 0);
    for (int i = 0; i < 50; i++) {
        stale[i] = spawn(&h, &s);
        if (i > 0) assert_true((uint32_t)stale[i].value == (uint32_t)stale[0].value);
        for (int k = 0; k < i; k++) {
            assert_false(acta_is_alive(h.runtime, stale[k]));
            assert_int_equal(send_tag(&h, stale[k], 1), ACTA_NOPROC);
        }
        acta_exit(h.runtime, (acta_pid){ 0 }, stale[i], &shutdown);
        harness_run(&h);
    }
    assert_int_equal(sum, 0);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_arrives_once_and_in_its_sender_s_order),
        cmocka_unit_test(the_bound_in_messages_is_exact_and_opens_again),
        cmocka_unit_test(the_bound_in_bytes_lets_one_large_message_into_an_empty_mailbox),
        cmocka_unit_test(a_kept_message_is_its_keeper_s_and_may_be_sent_on),
        cmocka_unit_test(every_destructor_runs_exactly_once),
        cmocka_unit_test(a_message_that_could_not_be_made_is_no_memory_everywhere),
        cmocka_unit_test(a_stale_pid_never_reaches_the_next_actor_in_its_slot),
    };
    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
