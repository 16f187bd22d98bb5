/*
 * Rows of telling many the same.
 *
 *     publish       1,000 members of a topic; one actor publishes 1,000 numbers to it
 *     publish_sends the same numbers to the same actors by a send to each
 *
 * The next number goes out when all have handled the one before: they count down together, by an atomic subtraction each,
 * and the last tells the publisher. A member checks that the numbers come in order. The time is for each number that a
 * member gets.
 */
#include "actors.h"

#include "acta/topic.h"

enum { TAG_GO, TAG_NEXT, TAG_NUMBER, MEMBERS = 1000, NUMBERS = 1000 };

static struct {
    acta_pid members[MEMBERS], publisher;
    _Atomic uint32_t left; /* members that haven't handled this number */
    bool is_by_topic;
    uint64_t started_ns, took_ns;
} row;

static acta_str
topic(void)
{
    return acta_str_of("numbers");
}

static acta_status
member_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    (void)state;
    (void)argument;
    return acta_topic_join(actors_row.runtime, topic(), acta_self_pid(self), error);
}

static acta_next
member_cast(acta_self *self, void *state, acta_message *message)
{
    uint64_t *expected = state, number;

    (void)self;
    bench_expect(message->tag == TAG_NUMBER && message->size == sizeof number);
    memcpy(&number, message->payload, sizeof number);
    bench_expect(number == *expected);
    ++*expected;
    /* relaxed: it guards no data */
    if (atomic_fetch_sub_explicit(&row.left, 1, memory_order_relaxed) == 1)
        actors_send(row.publisher, TAG_NEXT, NULL, 0);
    return ACTA_NEXT;
}

static void
publish(uint64_t number)
{
    acta_message *message = acta_message_create(actors_row.runtime, TAG_NUMBER, sizeof number);
    acta_publish_result result;

    bench_expect(message != NULL);
    memcpy(message->payload, &number, sizeof number);
    bench_expect(acta_topic_publish(actors_row.runtime, topic(), message, (acta_pid){ 0 }, &result) == ACTA_OK);
    bench_expect(result.sent == MEMBERS);
}

static acta_next
publisher_cast(acta_self *self, void *state, acta_message *message)
{
    uint64_t *next = state;

    (void)self;
    if (message->tag == TAG_GO) row.started_ns = bench_now_ns();
    if (*next == NUMBERS) {
        row.took_ns = bench_now_ns() - row.started_ns;
        actors_finished();
        return ACTA_NEXT;
    }
    atomic_store_explicit(&row.left, MEMBERS, memory_order_relaxed); /* published by the messages */
    if (row.is_by_topic)
        publish(*next);
    else
        for (uint32_t i = 0; i < MEMBERS; i++)
            actors_send_number(row.members[i], TAG_NUMBER, *next);
    ++*next;
    return ACTA_NEXT;
}

static void
run(const actors_options *o, const char *name, bool is_by_topic)
{
    static const acta_behaviour member = {
        .name = "member", .state_size = sizeof(uint64_t), .init = member_init, .handle_cast = member_cast
    };
    static const acta_behaviour behaviour = {
        .name = "publisher", .state_size = sizeof(uint64_t), .handle_cast = publisher_cast
    };

    actors_start(o);
    row.is_by_topic = is_by_topic;
    for (uint32_t i = 0; i < MEMBERS; i++)
        row.members[i] = actors_spawn(&member, NULL);
    row.publisher = actors_spawn(&behaviour, NULL);
    actors_send(row.publisher, TAG_GO, NULL, 0);
    actors_wait();
    actors_stop();
    bench_report(name, "message", (double)row.took_ns / ((double)MEMBERS * NUMBERS), "ns");
}

void
actors_publish(const actors_options *o)
{
    run(o, "publish", true);
}

void
actors_publish_sends(const actors_options *o)
{
    run(o, "publish_sends", false);
}
