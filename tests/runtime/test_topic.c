/*
 * Topics: who has joined gets what is published, in order, and the payload is let go once. Case GS-26 of the catalogue.
 */
#include "harness.h"

#include <pthread.h>

#include "acta/topic.h"

#define T(text) acta_str_of(text)

static const acta_exit_reason killed = { .kind = ACTA_EXIT_KILLED };
static const acta_pid nobody = { 0 };

static void
join(harness *h, const char *topic, acta_pid pid)
{
    acta_error error;
    if (acta_topic_join(h->runtime, T(topic), pid, &error) != ACTA_OK) fail_msg("%s", error.text);
}

static acta_publish_result
publish(harness *h, const char *topic, uint32_t tag, acta_pid except)
{
    acta_publish_result result;
    acta_message *message = acta_message_create(h->runtime, tag, 0);
    assert_int_equal(acta_topic_publish(h->runtime, T(topic), message, except, &result), ACTA_OK);
    return result;
}

/* A member that keeps the tags it got. */
typedef struct listener {
    script script;
    acta_pid pid;
    _Atomic uint64_t count;
    _Atomic uint32_t last;
    uint32_t last_of[2]; /* of the publisher of even tags, of odd ones */
    uint64_t sum;
    bool out_of_order;
} listener;

static acta_next
hear(acta_self *self, void *user, acta_message *message)
{
    listener *l = user;
    (void)self;

    if (message->tag <= l->last_of[message->tag % 2]) l->out_of_order = true;
    l->last = l->last_of[message->tag % 2] = message->tag;
    for (uint32_t i = 0; i < message->size; i++)
        l->sum += ((const uint8_t *)message->payload)[i];
    l->count++;
    return ACTA_NEXT;
}

static void
listen_in(harness *h, listener *l)
{
    *l = (listener){ .script = { .cast = hear, .user = l } };
    l->pid = spawn(h, &l->script);
}

/* GS-26: joined before the publish gets it, left before doesn't; a dead member is none. */
static void
members_get_what_is_published_while_they_are_members(void **state)
{
    (void)state;
    harness h;
    listener a, b, c;
    acta_error error;
    acta_pid pids[4];

    harness_start(&h, 0);
    listen_in(&h, &a);
    listen_in(&h, &b);
    listen_in(&h, &c);
    assert_int_equal(publish(&h, "news", 1, nobody).sent, 0);
    join(&h, "news", a.pid);
    join(&h, "news", a.pid); /* once */
    join(&h, "other", b.pid);
    assert_int_equal(publish(&h, "news", 2, nobody).sent, 1);
    join(&h, "news", b.pid);
    join(&h, "news", c.pid);
    assert_int_equal(acta_topic_members(h.runtime, T("news"), pids, 4), 3);
    assert_int_equal(acta_topic_members(h.runtime, T("news"), pids, 1), 3);
    assert_true(acta_pid_equal(pids[0], a.pid));
    assert_int_equal(publish(&h, "news", 3, b.pid).sent, 2); /* all but b */
    assert_int_equal(acta_topic_leave(h.runtime, T("news"), a.pid, &error), ACTA_OK);
    assert_int_equal(acta_topic_leave(h.runtime, T("news"), a.pid, &error), ACTA_NOT_FOUND);
    assert_string_equal(error.text, "the actor is no member of topic 'news'");
    assert_int_equal(publish(&h, "news", 4, nobody).sent, 2);
    acta_exit(h.runtime, nobody, b.pid, &killed);
    harness_run(&h);
    assert_int_equal(publish(&h, "news", 5, nobody).sent, 1);
    assert_int_equal(publish(&h, "other", 5, nobody).sent, 0);
    harness_run(&h);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.last, 3);
    assert_int_equal(c.count, 3);
    assert_int_equal(acta_topic_join(h.runtime, T("news"), b.pid, &error), ACTA_NOPROC);
    assert_string_equal(error.text, "cannot join topic 'news': the actor is not alive");
    assert_int_equal(acta_topic_join(h.runtime, T(""), a.pid, &error), ACTA_INVALID);
    assert_string_equal(error.text, "the name of a topic has 0 bytes, 1 to 512 are expected");
    harness_stop(&h);
}

static uint32_t destroyed;

static void
count_destroyed(acta_message *message)
{
    assert_int_equal(((const uint8_t *)message->payload)[0], 7);
    destroyed++;
}

static acta_message *
message_of(harness *h, uint32_t tag, uint32_t size, bool with_destroy)
{
    acta_message *message = acta_message_create(h->runtime, tag, size);
    memset(message->payload, 7, size);
    if (with_destroy) message->destroy = count_destroyed;
    return message;
}

static acta_message *kept[2];

static acta_next
keep(acta_self *self, void *user, acta_message *message)
{
    kept[(uintptr_t)user] = acta_message_keep(self, message);
    return ACTA_NEXT;
}

/* One payload for all: let go when the last is done with it, be that by handling, by keeping, or by dying. */
static void
a_shared_payload_is_let_go_once(void **state)
{
    (void)state;
    harness h;
    listener a, b;
    script keeper = { .cast = keep };
    static const uint32_t sizes[] = { 1, 64, 65, 100000 };

    harness_start(&h, 0);
    for (int i = 0; i < 8; i++) {
        uint32_t size = sizes[i / 2];
        bool with_destroy = i % 2 == 0;
        listen_in(&h, &a);
        listen_in(&h, &b);
        acta_pid k = spawn(&h, &keeper);
        destroyed = 0;
        assert_int_equal(acta_topic_publish(h.runtime, T("t"), message_of(&h, 1, size, with_destroy), nobody, NULL), 0);
        assert_int_equal(destroyed, with_destroy); /* nobody was there */
        join(&h, "t", a.pid);
        join(&h, "t", b.pid);
        join(&h, "t", k);
        assert_int_equal(acta_topic_publish(h.runtime, T("t"), message_of(&h, 2, size, with_destroy), nobody, NULL), 0);
        acta_exit(h.runtime, nobody, b.pid, &killed); /* it never sees its own */
        harness_run(&h);
        assert_int_equal(a.sum, 7 * (uint64_t)size);
        assert_int_equal(b.count, 0);
        assert_int_equal(kept[0]->size, size);
        assert_int_equal(((const uint8_t *)kept[0]->payload)[size - 1], 7);
        assert_int_equal(destroyed, with_destroy);
        acta_message_destroy(kept[0]);
        assert_int_equal(destroyed, 2 * with_destroy);
        acta_exit(h.runtime, nobody, a.pid, &killed);
        acta_exit(h.runtime, nobody, k, &killed);
        harness_run(&h);
    }
    assert_int_equal(acta_topic_publish(h.runtime, T("t"), NULL, nobody, NULL), ACTA_NO_MEMORY);
    harness_stop(&h);
}

/* A member whose mailbox is full misses it, and that is told. */
static void
full_members_are_counted(void **state)
{
    (void)state;
    harness h;
    listener a;
    script s = { .user = NULL };
    acta_pid tight;
    acta_error error;
    acta_spawn_options options = { .behaviour = &scripted, .argument = &s, .mailbox_count_max = 1 };

    harness_start(&h, 0);
    listen_in(&h, &a);
    assert_int_equal(acta_spawn(h.runtime, &options, &tight, &error), ACTA_OK);
    join(&h, "t", a.pid);
    join(&h, "t", tight);
    assert_int_equal(publish(&h, "t", 1, nobody).sent, 2);
    acta_publish_result result = publish(&h, "t", 2, nobody);
    assert_int_equal(result.sent, 1);
    assert_int_equal(result.refused, 1);
    harness_stop(&h);
}

/* No memory, at the n-th allocation of a join and of a publish: nothing half done, and all is given back. */
static void
without_memory_nothing_is_half_done(void **state)
{
    (void)state;
    harness h;
    listener a;
    acta_error error;
    acta_publish_result result;
    acta_status status = ACTA_NO_MEMORY;

    harness_start(&h, 0);
    listen_in(&h, &a);
    for (int n = 0; status != ACTA_OK; n++) {
        h.allocs_left = n;
        status = acta_topic_join(h.runtime, T("topic"), a.pid, &error);
        h.allocs_left = -1;
        if (status != ACTA_OK) assert_int_equal(status, ACTA_NO_MEMORY);
        assert_int_equal(acta_topic_members(h.runtime, T("topic"), NULL, 0), status == ACTA_OK);
    }
    for (int n = 0; n < 2; n++) { /* more of it: test_topic_publish.c */
        acta_message *message = message_of(&h, 1, 100, true);
        destroyed = 0;
        h.allocs_left = n;
        status = acta_topic_publish(h.runtime, T("topic"), message, nobody, &result);
        h.allocs_left = -1;
        harness_run(&h);
        assert_int_equal(destroyed, 1);
        assert_int_equal(status, n == 0 ? ACTA_NO_MEMORY : ACTA_OK);
        assert_int_equal(result.refused, 0);
    }
    assert_int_equal(result.sent, 1);
    harness_stop(&h);
}

/* Against a model: many topics, members and ends. */
static void
a_random_run_does_what_the_model_does(void **state)
{
    (void)state;
    enum { ACTORS = 40, TOPICS = 12, STEPS = 6000 };
    harness h;
    static listener actors[ACTORS];
    static bool joined[TOPICS][ACTORS];
    uint64_t seed = 20260101;
    acta_error error;
    char topic[16];

    printf("seed %llu\n", (unsigned long long)seed);
    memset(joined, 0, sizeof joined);
    harness_start(&h, 0);
    for (int i = 0; i < ACTORS; i++)
        listen_in(&h, &actors[i]);
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t a = draw(&seed, ACTORS), t = draw(&seed, TOPICS), members = 0;
        snprintf(topic, sizeof topic, "topic-%u", t);
        switch (draw(&seed, 8)) {
        case 0:
            acta_exit(h.runtime, nobody, actors[a].pid, &killed);
            harness_run(&h);
            listen_in(&h, &actors[a]);
            for (int i = 0; i < TOPICS; i++)
                joined[i][a] = false;
            break;
        case 1:
        case 2:
            assert_int_equal(
                acta_topic_leave(h.runtime, T(topic), actors[a].pid, &error), joined[t][a] ? ACTA_OK : ACTA_NOT_FOUND);
            joined[t][a] = false;
            break;
        default:
            join(&h, topic, actors[a].pid);
            joined[t][a] = true;
        }
        for (int i = 0; i < ACTORS; i++)
            members += joined[t][i];
        assert_int_equal(publish(&h, topic, step + 1, nobody).sent, members);
        assert_int_equal(acta_topic_members(h.runtime, T(topic), NULL, 0), members);
        harness_run(&h);
        for (int i = 0; i < ACTORS; i++)
            assert_int_equal(actors[i].last == step + 1, joined[t][i]);
    }
    harness_stop(&h);
}

/* -- threads -- */

typedef struct publisher {
    harness *h;
    _Atomic bool *stopping;
    uint32_t number;
    uint64_t sent;
} publisher;

static void *
run_publisher(void *user)
{
    publisher *p = user;

    for (uint32_t i = 2 + p->number; !*p->stopping; i += 2)
        p->sent += publish(p->h, "busy", i, nobody).sent;
    return NULL;
}

static void *
run_churner(void *user)
{
    publisher *p = user;
    script s = { .user = NULL };
    acta_error error;

    while (!*p->stopping) {
        acta_pid pid = spawn(p->h, &s);
        join(p->h, "busy", pid);
        join(p->h, "idle", pid);
        if (p->number % 2 == 0) acta_topic_leave(p->h->runtime, T("busy"), pid, &error);
        acta_exit(p->h->runtime, nobody, pid, &killed);
        acta_topic_join(p->h->runtime, T("busy"), pid, &error); /* it may be dead, or dying */
    }
    return NULL;
}

/* GS-26: each of two publishers' order is each member's, while others come, go and die; and nobody dead stays a member. */
static void
order_holds_while_members_come_and_go(void **state)
{
    (void)state;
    enum { LISTENERS = 4, THREADS = 4 };
    harness h;
    listener listeners[LISTENERS];
    _Atomic bool stopping = false;
    publisher p[THREADS];
    pthread_t threads[THREADS];
    uint64_t heard = 0;

    harness_start(&h, 2);
    for (int i = 0; i < LISTENERS; i++) {
        listen_in(&h, &listeners[i]);
        join(&h, "busy", listeners[i].pid);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        p[i] = (publisher){ &h, &stopping, i % 2, 0 };
        assert_int_equal(0, pthread_create(&threads[i], NULL, i < 2 ? run_publisher : run_churner, &p[i]));
    }
    for (int i = 0; i < LISTENERS; i++)
        await_count(&h, &listeners[i].count, 300);
    stopping = true;
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < LISTENERS; i++) /* behind all that was published, and so there is room for one more */
        while (call_tag(&h, listeners[i].pid, 0, 20000, NULL) == ACTA_BUSY)
            sleep_ms(1);
    while (acta_topic_members(h.runtime, T("busy"), NULL, 0) > LISTENERS ||
           acta_topic_members(h.runtime, T("idle"), NULL, 0) > 0)
        sleep_ms(1);
    assert_int_equal(publish(&h, "busy", UINT32_MAX, nobody).sent, LISTENERS);
    for (int i = 0; i < LISTENERS; i++) {
        while (listeners[i].last != UINT32_MAX)
            sleep_ms(1);
        assert_false(listeners[i].out_of_order);
        heard += listeners[i].count;
    }
    assert_true(heard > 0);
    harness_stop(&h);
}

/* -- while a publish goes on -- */

/* What the first member's refusal brings about, in the middle of the publish. */
typedef struct meddling {
    harness h;
    acta_pid leaves, joins, joins_too;
    acta_publish_result inner;
    uint32_t refusals;
} meddling;

static void
meddle(void *user, const acta_dead_letter *letter)
{
    meddling *m = user;

    if (letter->reason != ACTA_DEAD_FULL || m->refusals++ > 0) return;
    assert_int_equal(acta_topic_leave(m->h.runtime, T("t"), m->leaves, NULL), ACTA_OK);
    join(&m->h, "t", m->joins); /* takes the seat that is free now */
    join(&m->h, "t", m->joins_too);
    m->inner = publish(&m->h, "t", 2, nobody);
}

/* GS-26: the dead letters are told in the middle of a publish: others join, leave and publish then, and nobody waits.
 * Who joins then isn't met, in no seat; who leaves isn't either; all others are, once. */
static void
members_come_and_go_and_publish_while_a_publish_goes_on(void **state)
{
    (void)state;
    enum { MANY = 200 };
    meddling m = { .refusals = 0 };
    static listener members[MANY], late[2];
    script s = { .user = NULL };
    acta_pid tight;

    harness_start_with(&m.h, (acta_runtime_config){ .manual = true, .dead_letters = { .tell = meddle, .user = &m } });
    assert_int_equal(
        acta_spawn(m.h.runtime, &(acta_spawn_options){ .behaviour = &scripted, .argument = &s, .mailbox_count_max = 1 },
            &tight, NULL),
        ACTA_OK);
    assert_int_equal(send_tag(&m.h, tight, 0), ACTA_OK); /* full */
    join(&m.h, "t", tight);
    for (int i = 0; i < MANY; i++) {
        listen_in(&m.h, &members[i]);
        join(&m.h, "t", members[i].pid);
    }
    listen_in(&m.h, &late[0]);
    listen_in(&m.h, &late[1]);
    m.leaves = members[150].pid;
    m.joins = late[0].pid;
    m.joins_too = late[1].pid;
    acta_publish_result result = publish(&m.h, "t", 1, nobody);
    assert_int_equal(result.refused, 1);
    assert_int_equal(result.sent, MANY - 1);
    assert_int_equal(m.inner.refused, 1);
    assert_int_equal(m.inner.sent, MANY + 1);
    harness_run(&m.h);
    for (int i = 0; i < MANY; i++)
        assert_int_equal(members[i].count, i == 150 ? 0 : 2);
    assert_int_equal(late[0].count + late[1].count, 2);
    harness_stop(&m.h);
}

/* After most have left those who stayed, and those who came, get everything once. */
static void
a_topic_shrinks_and_grows_again(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    harness h;
    static listener members[MANY];

    harness_start(&h, 0);
    for (int i = 0; i < MANY; i++) {
        listen_in(&h, &members[i]);
        join(&h, "t", members[i].pid);
    }
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++)
            if (i % 10 != round) assert_int_equal(acta_topic_leave(h.runtime, T("t"), members[i].pid, NULL), ACTA_OK);
        assert_int_equal(publish(&h, "t", 1 + 2 * (uint32_t)round, nobody).sent, MANY / 10);
        harness_run(&h);
        for (int i = 0; i < MANY; i++)
            join(&h, "t", members[i].pid);
        assert_int_equal(publish(&h, "t", 2 + 2 * (uint32_t)round, nobody).sent, MANY);
        harness_run(&h);
        for (int i = 0; i < MANY; i++) {
            assert_int_equal(members[i].count, (uint64_t)round + 1 + (i % 10 <= round));
            assert_false(members[i].out_of_order);
        }
    }
    harness_stop(&h);
}

/* A hundred thousand members of one topic, each in a second one too. */
static void
a_topic_has_many_members(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    harness h;
    static listener l;
    static acta_pid pids[MANY];

    harness_start(&h, 0);
    l = (listener){ .script = { .cast = hear, .user = &l } };
    for (int i = 0; i < MANY; i++) {
        pids[i] = spawn(&h, &l.script);
        join(&h, "all", pids[i]);
        join(&h, i % 2 ? "odd" : "even", pids[i]);
    }
    assert_int_equal(publish(&h, "all", 1, nobody).sent, MANY);
    assert_int_equal(publish(&h, "odd", 2, nobody).sent, MANY / 2);
    harness_run(&h);
    assert_int_equal(l.count, MANY + MANY / 2);
    for (int i = 0; i < MANY; i += 2)
        acta_exit(h.runtime, nobody, pids[i], &killed);
    harness_run(&h);
    assert_int_equal(acta_topic_members(h.runtime, T("all"), NULL, 0), MANY / 2);
    assert_int_equal(acta_topic_members(h.runtime, T("even"), NULL, 0), 0);
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_get_what_is_published_while_they_are_members),
        cmocka_unit_test(a_shared_payload_is_let_go_once),
        cmocka_unit_test(full_members_are_counted),
        cmocka_unit_test(without_memory_nothing_is_half_done),
        cmocka_unit_test(a_random_run_does_what_the_model_does),
        cmocka_unit_test(order_holds_while_members_come_and_go),
        cmocka_unit_test(members_come_and_go_and_publish_while_a_publish_goes_on),
        cmocka_unit_test(a_topic_shrinks_and_grows_again),
        cmocka_unit_test(a_topic_has_many_members),
    };
    return cmocka_run_group_tests_name("topics", tests, NULL, NULL);
}
