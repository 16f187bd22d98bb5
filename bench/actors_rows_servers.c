/*
 * Rows of questions and answers.
 *
 *     call         200,000 acta_calls, one after the other, from a thread outside to an idle server that runs on it
 *     call_queued  the same to a server that doesn't: a worker answers
 *     busy         10,000 servers; 8 clients with 64 requests under way each, to random servers, 250,000 each; the
 *                  time from request to answer of every 16th
 */
#include "actors.h"

/* -- call -- */

enum { CALLS = 200000, CALLS_BEFORE = 2000 };

typedef struct adder {
    uint64_t sum;
} adder;

static acta_next
adder_call(acta_self *self, void *state, acta_from from, acta_message *message)
{
    acta_runtime *runtime = acta_self_runtime(self);
    adder *a = state;
    uint64_t add;

    memcpy(&add, message->payload, sizeof add);
    a->sum += add;
    acta_message *reply = acta_message_create(runtime, 0, sizeof a->sum);
    if (reply != NULL) memcpy(reply->payload, &a->sum, sizeof a->sum);
    acta_reply(runtime, from, reply != NULL ? ACTA_OK : ACTA_NO_MEMORY, reply, NULL);
    return ACTA_NEXT;
}

static uint64_t
call_once(acta_pid pid, uint64_t add)
{
    acta_message *request = acta_message_create(actors_row.runtime, 0, sizeof add), *reply;
    acta_error error;
    uint64_t sum;

    if (request != NULL) memcpy(request->payload, &add, sizeof add);
    bench_must(acta_call(actors_row.runtime, pid, request, ACTA_CALL_TIMEOUT_DEFAULT, &reply, &error), &error);
    bench_expect(reply != NULL && reply->size == sizeof sum);
    memcpy(&sum, reply->payload, sizeof sum);
    acta_message_destroy(reply);
    return sum;
}

static void
run_calls(const actors_options *o, const char *name, bool run_on_caller)
{
    const acta_behaviour behaviour = {
        .name = "adder", .state_size = sizeof(adder), .run_on_caller = run_on_caller, .handle_call = adder_call
    };
    uint64_t *times = calloc(CALLS, sizeof *times);

    bench_expect(times != NULL);
    actors_start(o);
    acta_pid pid = actors_spawn(&behaviour, NULL);
    for (int i = 0; i < CALLS_BEFORE; i++)
        bench_expect(call_once(pid, 0) == 0);
    uint64_t started_ns = bench_now_ns();
    for (uint64_t i = 0; i < CALLS; i++) {
        uint64_t asked_ns = bench_now_ns();
        bench_expect(call_once(pid, 1) == i + 1);
        times[i] = bench_now_ns() - asked_ns;
    }
    uint64_t took_ns = bench_now_ns() - started_ns;
    actors_stop();
    bench_report(name, "mean", (double)took_ns / CALLS, "ns");
    actors_report_part(name, "p50", times, CALLS, 500);
    actors_report_part(name, "p99", times, CALLS, 990);
    free(times);
}

void
actors_call(const actors_options *o)
{
    run_calls(o, "call", true);
}

void
actors_call_queued(const actors_options *o)
{
    run_calls(o, "call_queued", false);
}

/* -- busy -- */

enum { TAG_GO, TAG_REQUEST, TAG_ANSWER };
enum { SERVERS = 10000, CLIENTS = 8, UNDER_WAY = 64, REQUESTS = 250000, TIMED_EVERY = 16 };
enum { TIMES = REQUESTS / TIMED_EVERY + 1 };

static struct {
    acta_pid servers[SERVERS];
    uint64_t times[CLIENTS][TIMES];
    uint64_t time_counts[CLIENTS];
    uint64_t started_ns, took_ns;
    _Atomic uint32_t left; /* clients that wait for answers */
} busy;

typedef struct request {
    acta_pid from;
    uint64_t sent_ns; /* 0: not timed */
} request;

typedef struct client {
    acta_pid self;
    uint32_t index, sent, got;
    uint64_t random;
} client;

static acta_next
server_cast(acta_self *self, void *state, acta_message *message)
{
    request r;

    (void)self;
    ++*(uint64_t *)state;
    memcpy(&r, message->payload, sizeof r);
    actors_send_number(r.from, TAG_ANSWER, r.sent_ns);
    return ACTA_NEXT;
}

static acta_status
client_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    client *c = state;

    (void)error;
    c->self = acta_self_pid(self);
    memcpy(&c->index, argument, sizeof c->index);
    c->random = ACTORS_SEED(c->index);
    return ACTA_OK;
}

static void
ask(client *c)
{
    request r = { c->self, c->sent % TIMED_EVERY == 0 ? bench_now_ns() : 0 };

    c->sent++;
    actors_send(busy.servers[actors_random(&c->random) % SERVERS], TAG_REQUEST, &r, sizeof r);
}

static acta_next
client_cast(acta_self *self, void *state, acta_message *message)
{
    client *c = state;
    uint64_t sent_ns;

    (void)self;
    if (message->tag == TAG_GO) {
        for (int i = 0; i < UNDER_WAY; i++)
            ask(c);
        return ACTA_NEXT;
    }
    memcpy(&sent_ns, message->payload, sizeof sent_ns);
    if (sent_ns != 0) busy.times[c->index][busy.time_counts[c->index]++] = bench_now_ns() - sent_ns;
    if (c->sent < REQUESTS) ask(c);
    if (++c->got == REQUESTS && atomic_fetch_sub_explicit(&busy.left, 1, memory_order_acq_rel) == 1) {
        busy.took_ns = bench_now_ns() - busy.started_ns; /* acq_rel: the others' times are before it */
        actors_finished();
    }
    return ACTA_NEXT;
}

static void
report_busy(void)
{
    uint64_t *times = calloc((size_t)CLIENTS * TIMES, sizeof *times);
    size_t count = 0;

    bench_expect(times != NULL);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        bench_expect(busy.time_counts[i] == REQUESTS / TIMED_EVERY);
        memcpy(times + count, busy.times[i], busy.time_counts[i] * sizeof *times);
        count += busy.time_counts[i];
    }
    bench_report("busy", "rate", (double)CLIENTS * REQUESTS / ((double)busy.took_ns / 1e9), "req/s");
    actors_report_part("busy", "p50", times, count, 500);
    actors_report_part("busy", "p99", times, count, 990);
    free(times);
}

void
actors_busy(const actors_options *o)
{
    static const acta_behaviour server = {
        .name = "server", .state_size = sizeof(uint64_t), .handle_cast = server_cast
    };
    static const acta_behaviour asker = {
        .name = "client", .state_size = sizeof(client), .init = client_init, .handle_cast = client_cast
    };
    acta_pid clients[CLIENTS];

    actors_start(o);
    atomic_store_explicit(&busy.left, CLIENTS, memory_order_relaxed); /* published by the messages */
    for (uint32_t i = 0; i < SERVERS; i++)
        busy.servers[i] = actors_spawn(&server, NULL);
    for (uint32_t i = 0; i < CLIENTS; i++)
        clients[i] = actors_spawn(&asker, &i);
    busy.started_ns = bench_now_ns();
    for (uint32_t i = 0; i < CLIENTS; i++)
        actors_send(clients[i], TAG_GO, NULL, 0);
    actors_wait();
    actors_stop();
    report_busy();
}
