/*
 * What a publish costs, and who holds what it made: one allocation for up to 1,024 members, the payload shared, each
 * member's part its own for as long as it wants, and everything given back once the last of them is done.
 */
#include "harness.h"

#include <pthread.h>

#include "acta/topic.h"

#define T(text) acta_str_of(text)

enum { BULK = 1024 /* members for an allocation */ };

static const acta_exit_reason killed = { .kind = ACTA_EXIT_KILLED };
static const acta_pid nobody = { 0 };

/* A member that looks at what it gets. */
typedef struct reader {
    script script;
    acta_pid pid;
    _Atomic uint64_t count;
    const void *payload; /* of the last */
} reader;

static void
expect_bytes(const acta_message *message)
{
    for (uint32_t i = 0; i < message->size; i++)
        if (((const uint8_t *)message->payload)[i] != (uint8_t)message->tag) fail_msg("byte %u is another", i);
}

static acta_next
look(acta_self *self, void *user, acta_message *message)
{
    reader *r = user;

    (void)self;
    expect_bytes(message);
    r->payload = message->payload;
    r->count++;
    return ACTA_NEXT;
}

static void
add_reader(harness *h, reader *r)
{
    *r = (reader){ .script = { .cast = look, .user = r } };
    r->pid = spawn(h, &r->script);
    assert_int_equal(acta_topic_join(h->runtime, T("t"), r->pid, NULL), ACTA_OK);
}

static _Atomic uint64_t destroyed;

static void
count_destroyed(acta_message *message)
{
    expect_bytes(message);
    destroyed++;
}

static acta_message *
message_of(harness *h, uint32_t tag, uint32_t size, bool with_destroy)
{
    acta_message *message = acta_message_create(h->runtime, tag, size);

    assert_non_null(message);
    memset(message->payload, (uint8_t)tag, size);
    if (with_destroy) message->destroy = count_destroyed;
    return message;
}

/* How many of the topic got it when `allocations` succeed, and no more. */
static acta_publish_result
publish_with(harness *h, acta_message *message, int64_t allocations)
{
    acta_publish_result result;

    h->allocs_left = allocations;
    acta_status status = acta_topic_publish(h->runtime, T("t"), message, nobody, &result);
    h->allocs_left = -1;
    assert_int_equal(status, ACTA_OK);
    return result;
}

/* GS-26: whatever the payload's size, and whether or not it has something to destroy. */
static void
a_publish_to_many_is_one_allocation(void **state)
{
    (void)state;
    enum { MANY = 1000 };
    static reader readers[MANY];
    static const uint32_t sizes[] = { 0, 16, 64, 5000 };
    harness h;

    harness_start(&h, 0);
    for (int i = 0; i < MANY; i++)
        add_reader(&h, &readers[i]);
    for (uint32_t round = 0; round < 8; round++) {
        acta_message *message = message_of(&h, round, sizes[round / 2], round % 2 == 0);
        destroyed = 0;
        acta_publish_result result = publish_with(&h, message, 1);
        assert_int_equal(result.sent, MANY);
        assert_int_equal(result.refused, 0);
        assert_int_equal(destroyed, 0);
        harness_run(&h);
        assert_int_equal(destroyed, round % 2 == 0);
        for (int i = 0; i < MANY; i++) {
            assert_int_equal(readers[i].count, round + 1);
            assert_ptr_equal(readers[i].payload, readers[0].payload);
        }
    }
    harness_stop(&h);
}

/* One for each 1,024 members; when there is no memory for the next, those who have theirs keep it. */
static void
a_publish_to_more_goes_on_in_blocks(void **state)
{
    (void)state;
    enum { MANY = 2 * BULK + 300 };
    static reader readers[MANY];
    harness h;

    harness_start(&h, 0);
    for (int i = 0; i < MANY; i++)
        add_reader(&h, &readers[i]);
    for (uint32_t allocations = 1; allocations <= 3; allocations++) {
        for (int with_destroy = 0; with_destroy < 2; with_destroy++) {
            uint32_t sent = allocations < 3 ? allocations * BULK : MANY;
            uint64_t got = 0;
            destroyed = 0;
            for (int i = 0; i < MANY; i++)
                readers[i].count = 0;
            acta_message *message = message_of(&h, allocations, 40, with_destroy == 1);
            acta_publish_result result = publish_with(&h, message, allocations);
            assert_int_equal(result.sent, sent);
            assert_int_equal(result.refused, MANY - sent);
            harness_run(&h);
            for (int i = 0; i < MANY; i++)
                got += readers[i].count;
            assert_int_equal(got, sent);
            assert_int_equal(destroyed, with_destroy);
        }
    }
    harness_stop(&h);
}

/* -- parts that stay -- */

typedef struct keeper {
    script script;
    acta_pid pid;
    acta_message *kept;
} keeper;

static acta_next
keep(acta_self *self, void *user, acta_message *message)
{
    ((keeper *)user)->kept = acta_message_keep(self, message);
    return ACTA_NEXT;
}

/* Some members keep theirs, some are killed before, one leaves: what is kept stays whole until its keeper lets go. */
static void
a_part_that_is_kept_stays_whole(void **state)
{
    (void)state;
    enum { KEEPERS = BULK + 200 };
    static keeper keepers[KEEPERS];
    harness h;

    for (int with_destroy = 0; with_destroy < 2; with_destroy++) {
        harness_start(&h, 0);
        destroyed = 0;
        for (int i = 0; i < KEEPERS; i++) {
            keepers[i] = (keeper){ .script = { .cast = keep, .user = &keepers[i] } };
            keepers[i].pid = spawn(&h, &keepers[i].script);
            assert_int_equal(acta_topic_join(h.runtime, T("t"), keepers[i].pid, NULL), ACTA_OK);
        }
        acta_message *message = message_of(&h, 77, 300, with_destroy == 1);
        assert_int_equal(publish_with(&h, message, 2).sent, KEEPERS);
        for (int i = 0; i < KEEPERS; i += 3)
            acta_exit(h.runtime, nobody, keepers[i].pid, &killed);
        harness_run(&h);
        assert_int_equal(destroyed, 0);
        for (int i = 0; i < KEEPERS; i++) {
            assert_int_equal(keepers[i].kept == NULL, i % 3 == 0);
            if (keepers[i].kept == NULL) continue;
            assert_int_equal(keepers[i].kept->size, 300);
            expect_bytes(keepers[i].kept);
            assert_int_equal(destroyed, 0);
            acta_message_destroy(keepers[i].kept);
        }
        assert_int_equal(destroyed, with_destroy);
        harness_stop(&h);
    }
}

/* A part is a message like others: it can be kept and sent on, as often as one likes, and be published again. */
static void
a_part_can_be_sent_on(void **state)
{
    (void)state;
    static keeper k;
    static reader readers[3];
    harness h;

    harness_start(&h, 0);
    destroyed = 0;
    k = (keeper){ .script = { .cast = keep, .user = &k } };
    k.pid = spawn(&h, &k.script);
    assert_int_equal(acta_topic_join(h.runtime, T("t"), k.pid, NULL), ACTA_OK);
    assert_int_equal(publish_with(&h, message_of(&h, 9, 100, true), 1).sent, 1);
    harness_run(&h);
    for (int i = 0; i < 3; i++)
        add_reader(&h, &readers[i]);
    assert_int_equal(acta_send(h.runtime, k.pid, k.kept), ACTA_OK);
    harness_run(&h);
    assert_int_equal(acta_topic_leave(h.runtime, T("t"), k.pid, NULL), ACTA_OK);
    assert_int_equal(publish_with(&h, k.kept, 1).sent, 3); /* a part whose original is a part */
    assert_int_equal(destroyed, 0);
    harness_run(&h);
    assert_int_equal(destroyed, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(readers[i].count, 1);
    harness_stop(&h);
}

/* The publisher itself and a full member get none: their parts are given back with the rest. */
static void
parts_that_nobody_gets_are_given_back(void **state)
{
    (void)state;
    static reader a, b;
    script s = { .user = NULL };
    harness h;
    acta_pid tight;
    acta_publish_result result;
    acta_spawn_options options = { .behaviour = &scripted, .argument = &s, .mailbox_count_max = 1 };

    harness_start(&h, 0);
    add_reader(&h, &a);
    assert_int_equal(acta_spawn(h.runtime, &options, &tight, NULL), ACTA_OK);
    assert_int_equal(acta_topic_join(h.runtime, T("t"), tight, NULL), ACTA_OK);
    assert_int_equal(send_tag(&h, tight, 0), ACTA_OK);
    add_reader(&h, &b);
    for (int with_destroy = 0; with_destroy < 2; with_destroy++) {
        destroyed = 0;
        acta_message *message = message_of(&h, 5, 10, with_destroy == 1);
        assert_int_equal(acta_topic_publish(h.runtime, T("t"), message, b.pid, &result), ACTA_OK);
        assert_int_equal(result.sent, 1);
        assert_int_equal(result.refused, with_destroy == 0);
        harness_run(&h);
        assert_int_equal(destroyed, with_destroy);
        if (with_destroy == 0) assert_int_equal(acta_topic_leave(h.runtime, T("t"), tight, NULL), ACTA_OK);
    }
    assert_int_equal(b.count, 0);
    harness_stop(&h);
}

/* -- threads -- */

typedef struct publisher {
    harness *h;
    uint32_t rounds;
    uint64_t sent;
} publisher;

static void *
run_publisher(void *user)
{
    publisher *p = user;
    acta_publish_result result;

    for (uint32_t i = 0; i < p->rounds; i++) {
        acta_message *message = message_of(p->h, i % 251, i % 3 == 0 ? 8 : 200, i % 2 == 0);
        assert_int_equal(acta_topic_publish(p->h->runtime, T("t"), message, nobody, &result), ACTA_OK);
        p->sent += result.sent;
    }
    return NULL;
}

/* Readers on all workers, two publishers at once: each reads whole payloads, each payload is destroyed once. */
static void
many_threads_share_a_payload(void **state)
{
    (void)state;
    enum { READERS = 40, PUBLISHERS = 2 };
    static reader readers[READERS];
    harness h;
    publisher p[PUBLISHERS];
    pthread_t threads[PUBLISHERS];
    uint32_t rounds = (uint32_t)scaled(400);
    uint64_t sent = 0, got = 0;

    harness_start(&h, 2);
    destroyed = 0;
    for (int i = 0; i < READERS; i++)
        add_reader(&h, &readers[i]);
    for (int i = 0; i < PUBLISHERS; i++) {
        p[i] = (publisher){ &h, rounds, 0 };
        assert_int_equal(0, pthread_create(&threads[i], NULL, run_publisher, &p[i]));
    }
    for (int i = 0; i < PUBLISHERS; i++) {
        pthread_join(threads[i], NULL);
        sent += p[i].sent;
    }
    for (int i = 0; i < READERS; i++) /* behind all that was published */
        while (call_tag(&h, readers[i].pid, 0, 20000, NULL) == ACTA_BUSY)
            sleep_ms(1);
    for (int i = 0; i < READERS; i++)
        got += readers[i].count;
    assert_int_equal(got, sent);
    await_count(&h, &destroyed, (uint64_t)PUBLISHERS * ((rounds + 1) / 2));
    assert_int_equal(destroyed, (uint64_t)PUBLISHERS * ((rounds + 1) / 2));
    harness_stop(&h);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_publish_to_many_is_one_allocation),
        cmocka_unit_test(a_publish_to_more_goes_on_in_blocks),
        cmocka_unit_test(a_part_that_is_kept_stays_whole),
        cmocka_unit_test(a_part_can_be_sent_on),
        cmocka_unit_test(parts_that_nobody_gets_are_given_back),
        cmocka_unit_test(many_threads_share_a_payload),
    };
    return cmocka_run_group_tests_name("topic_publish", tests, NULL, NULL);
}
