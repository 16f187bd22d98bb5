/*
 * Rows of small messages between actors.
 *
 *     pingpong  2 actors, one message in flight, 1,000,000 round trips
 *     ring      1,000 actors, one token, 2,000,000 hops
 *     fanin     100 producers, each of which sends 20,000 numbers in one go, to one consumer
 *     big       64 actors, each of which keeps one ping in flight to a random other, 15,625 of them
 *
 * The number in each message is checked by its receiver.
 */
#include "actors.h"

enum { TAG_GO, TAG_PING, TAG_PONG, TAG_NUMBER };

/* What actors of a row share. Written before they run, or by the one actor that ends the row. */
static struct {
    uint64_t started_ns, took_ns;
    acta_pid others[1024];
    uint64_t sum;
} row;

static uint64_t
number_of(const acta_message *message)
{
    uint64_t number;

    bench_expect(message->size == sizeof number);
    memcpy(&number, message->payload, sizeof number);
    return number;
}

/* -- pingpong -- */

enum { ROUND_TRIPS = 1000000 };

typedef struct ping {
    acta_pid from;
    uint64_t number;
} ping;

typedef struct pinger {
    acta_pid self, other;
    uint64_t number;
} pinger;

static acta_next
pinger_cast(acta_self *self, void *state, acta_message *message)
{
    pinger *p = state;

    if (message->tag == TAG_GO) {
        p->self = acta_self_pid(self);
        p->other = row.others[0];
        row.started_ns = bench_now_ns();
    } else
        bench_expect(number_of(message) == p->number);
    if (p->number == ROUND_TRIPS) {
        row.took_ns = bench_now_ns() - row.started_ns;
        actors_finished();
        return ACTA_NEXT;
    }
    actors_send(p->other, TAG_PING, &(ping){ p->self, ++p->number }, sizeof(ping));
    return ACTA_NEXT;
}

static acta_next
ponger_cast(acta_self *self, void *state, acta_message *message)
{
    (void)self;
    (void)state;
    ping p;
    bench_expect(message->size == sizeof p);
    memcpy(&p, message->payload, sizeof p);
    actors_send_number(p.from, TAG_PONG, p.number);
    return ACTA_NEXT;
}

void
actors_pingpong(const actors_options *o)
{
    static const acta_behaviour pinger_behaviour = {
        .name = "pinger", .state_size = sizeof(pinger), .handle_cast = pinger_cast
    };
    static const acta_behaviour ponger_behaviour = { .name = "ponger", .handle_cast = ponger_cast };

    actors_start(o);
    row.others[0] = actors_spawn(&ponger_behaviour, NULL);
    actors_send(actors_spawn(&pinger_behaviour, NULL), TAG_GO, NULL, 0);
    actors_wait();
    actors_stop();
    bench_report("pingpong", "round_trip", (double)row.took_ns / ROUND_TRIPS, "ns");
}

/* -- ring -- */

enum { RING_SIZE = 1000, HOPS = 2000000 };

typedef struct hopper {
    acta_pid next;
} hopper;

static acta_status
hopper_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    (void)self;
    (void)error;
    if (argument != NULL) memcpy(state, argument, sizeof(hopper));
    return ACTA_OK;
}

static acta_next
hopper_cast(acta_self *self, void *state, acta_message *message)
{
    hopper *h = state;

    (void)self;
    if (message->tag == TAG_GO) {
        memcpy(&h->next, message->payload, sizeof h->next);
        return ACTA_NEXT;
    }
    uint64_t left = number_of(message);
    if (left == 0) {
        row.took_ns = bench_now_ns() - row.started_ns;
        actors_finished();
        return ACTA_NEXT;
    }
    actors_send_number(h->next, TAG_NUMBER, left - 1);
    return ACTA_NEXT;
}

void
actors_ring(const actors_options *o)
{
    static const acta_behaviour behaviour = {
        .name = "hopper", .state_size = sizeof(hopper), .init = hopper_init, .handle_cast = hopper_cast
    };
    acta_pid first, last;

    actors_start(o);
    first = last = actors_spawn(&behaviour, NULL);
    for (uint32_t i = 1; i < RING_SIZE; i++)
        last = actors_spawn(&behaviour, &(hopper){ last });
    actors_send(first, TAG_GO, &last, sizeof last); /* before the token, from the same sender */
    row.started_ns = bench_now_ns();
    actors_send_number(first, TAG_NUMBER, HOPS - 1);
    actors_wait();
    actors_stop();
    bench_report("ring", "hop", (double)row.took_ns / HOPS, "ns");
}

/* -- fanin -- */

enum { PRODUCERS = 100, EACH = 20000, ALL = PRODUCERS * EACH };

typedef struct consumer {
    uint64_t count, sum;
} consumer;

static acta_next
consumer_cast(acta_self *self, void *state, acta_message *message)
{
    consumer *c = state;

    (void)self;
    c->sum += number_of(message);
    if (++c->count < ALL) return ACTA_NEXT;
    row.took_ns = bench_now_ns() - row.started_ns;
    row.sum = c->sum;
    actors_finished();
    return ACTA_NEXT;
}

static acta_next
producer_cast(acta_self *self, void *state, acta_message *message)
{
    (void)self;
    (void)state;
    (void)message;
    for (uint64_t i = 0; i < EACH; i++)
        actors_send_number(row.others[0], TAG_NUMBER, i);
    return ACTA_NEXT;
}

void
actors_fanin(const actors_options *o)
{
    static const acta_behaviour consumer_behaviour = {
        .name = "consumer", .state_size = sizeof(consumer), .handle_cast = consumer_cast
    };
    static const acta_behaviour producer_behaviour = { .name = "producer", .handle_cast = producer_cast };
    acta_pid producers[PRODUCERS];

    actors_start(o);
    row.others[0] = actors_spawn_bounded(&consumer_behaviour, NULL, ALL);
    for (uint32_t i = 0; i < PRODUCERS; i++)
        producers[i] = actors_spawn(&producer_behaviour, NULL);
    row.started_ns = bench_now_ns();
    for (uint32_t i = 0; i < PRODUCERS; i++)
        actors_send(producers[i], TAG_GO, NULL, 0);
    actors_wait();
    actors_stop();
    bench_expect(row.sum == (uint64_t)PRODUCERS * ((uint64_t)EACH * (EACH - 1) / 2));
    bench_report("fanin", "rate", ALL / ((double)row.took_ns / 1e9), "msg/s");
}

/* -- big -- */

enum { BIG_COUNT = 64, BIG_PINGS = 15625 };

static _Atomic uint32_t big_left; /* actors that have not got all their pongs */
static _Atomic uint64_t big_pongs;

typedef struct talker {
    uint32_t index, sent, got;
    uint64_t random;
} talker;

static acta_status
talker_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    talker *t = state;

    (void)self;
    (void)error;
    memcpy(&t->index, argument, sizeof t->index);
    t->random = ACTORS_SEED(t->index);
    return ACTA_OK;
}

static void
ping_somebody(acta_self *self, talker *t)
{
    uint32_t to = (uint32_t)(actors_random(&t->random) % BIG_COUNT);
    acta_pid me = acta_self_pid(self);

    if (to == t->index) to = (to + 1) % BIG_COUNT;
    t->sent++;
    actors_send(row.others[to], TAG_PING, &me, sizeof me);
}

static acta_next
talker_cast(acta_self *self, void *state, acta_message *message)
{
    talker *t = state;
    acta_pid from;

    if (message->tag == TAG_PING) {
        memcpy(&from, message->payload, sizeof from);
        actors_send(from, TAG_PONG, NULL, 0);
        return ACTA_NEXT;
    }
    if (message->tag == TAG_PONG) t->got++;
    if (t->sent < BIG_PINGS) {
        ping_somebody(self, t);
        return ACTA_NEXT;
    }
    atomic_fetch_add_explicit(&big_pongs, t->got, memory_order_relaxed);
    if (atomic_fetch_sub_explicit(&big_left, 1, memory_order_acq_rel) == 1) { /* the others' sums are before it */
        row.took_ns = bench_now_ns() - row.started_ns;
        actors_finished();
    }
    return ACTA_NEXT;
}

void
actors_big(const actors_options *o)
{
    static const acta_behaviour behaviour = {
        .name = "talker", .state_size = sizeof(talker), .init = talker_init, .handle_cast = talker_cast
    };

    actors_start(o);
    atomic_store_explicit(&big_left, BIG_COUNT, memory_order_relaxed); /* published by the messages */
    for (uint32_t i = 0; i < BIG_COUNT; i++)
        row.others[i] = actors_spawn(&behaviour, &i);
    row.started_ns = bench_now_ns();
    for (uint32_t i = 0; i < BIG_COUNT; i++)
        actors_send(row.others[i], TAG_GO, NULL, 0);
    actors_wait();
    actors_stop();
    bench_expect(atomic_load_explicit(&big_pongs, memory_order_relaxed) == (uint64_t)BIG_COUNT * BIG_PINGS);
    bench_report("big", "rate", 2.0 * BIG_COUNT * BIG_PINGS / ((double)row.took_ns / 1e9), "msg/s");
}
