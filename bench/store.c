/*
 * Store: what the log itself does, without actors: appends in flight, a lone append, scans, subscriptions, look-ups.
 * The rows raw_… are plain RocksDB (raw_log.h), each beside what it is the ceiling of, taken in the same minutes.
 *
 * Each append is a transaction of one event of 100 random bytes, in one of 10,000 streams, and counts when its sync is
 * done. What is read was written before, to two stores: one with streams of 1,000 events, one with a million streams of a
 * single event; both are larger with more --events.
 *
 * A lone append and a raw one take turns of 50 ms in one row: `beside_raw` is how much longer ours takes.
 *
 *     bench/store [--seconds N] [--events N] [--data DIR] [ROW...]
 *
 * The row "large" is a store of --events, larger than its memory, killed and read cold (store_large.c); at full size:
 *
 *     bench/store --events 50000000 [--memory MIB] large
 *
 * "large_kept" is the same with streams that are kept by stream, too.
 */
#include "bench.h"
#include "raw_log.h"
#include "store_large.h"

#include <argp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "acta/store.h"
#include "acta/subscription.h"

enum {
    PAYLOAD = 100,
    STREAM_COUNT = 10000,
    STREAM_LENGTH = 1000,
    LAST_STREAMS = 1000000,
    TRANSACTION_MAX = 1000,
    SECONDS_DEFAULT = 5,
    EVENTS_DEFAULT = 1000000,
    EVENTS_MAX = 1000000000,
    MEMORY_MAX = 1 << 20,
    SAMPLE_MAX = 1 << 20,
    PATH_SIZE = 512
};

typedef struct options {
    uint32_t seconds, event_count, memory_mib;
    const char *data_path;
    uint64_t chosen;                   /* rows; bench_choose */
    const char *fill_path, *read_path; /* a process of the row "large" */
    bool fill_by_stream;
} options;

typedef struct bench {
    const options *options;
    char path[PATH_SIZE];
    acta_store *store;
    uint64_t random;

    pthread_mutex_t lock;
    pthread_cond_t came_back;
    uint32_t in_flight; /* under the lock */
    _Atomic uint64_t done, failed;
} bench;

static void
open_bench(bench *b, const options *o, bool no_sync)
{
    const acta_store_config config = { .path = b->path, .unsafe_no_sync = no_sync };
    acta_error error;

    memset(b, 0, sizeof *b);
    b->options = o;
    b->random = 1;
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->came_back, NULL);
    bench_make_directory(o->data_path, b->path, sizeof b->path);
    bench_must(acta_store_open(&config, &b->store, &error), &error);
}

static void
close_bench(bench *b)
{
    acta_store_close(b->store);
    bench_remove(b->path);
}

/* -- appending -- */

/* Bytes that don't compress. */
static acta_event
make_event(bench *b, uint8_t *payload)
{
    for (size_t i = 0; i < PAYLOAD; i += 4) {
        uint32_t word = (uint32_t)(bench_random(&b->random) >> 32);
        memcpy(payload + i, &word, sizeof word);
    }
    return (acta_event){ .type = acta_str_of("bench.Happened"), .payload = acta_bytes_from(payload, PAYLOAD) };
}

static acta_str
name_of(char *room, size_t size, uint64_t number)
{
    int length = snprintf(room, size, "Bench-%" PRIu64, number);
    return acta_str_from(room, (size_t)length);
}

static acta_transaction *
make_append(bench *b)
{
    acta_transaction *t = acta_transaction_create(b->store);
    uint8_t payload[PAYLOAD];
    char room[32];
    acta_event event = make_event(b, payload);

    bench_expect(t != NULL);
    acta_transaction_append(
        t, name_of(room, sizeof room, bench_random(&b->random) % STREAM_COUNT), ACTA_ANY_VERSION, &event, 1);
    return t;
}

static void
take_answer(void *user, const acta_commit_result *result)
{
    bench *b = user;

    if (result->status != ACTA_OK) b->failed++;
    b->done++;
    pthread_mutex_lock(&b->lock);
    b->in_flight--;
    pthread_cond_signal(&b->came_back);
    pthread_mutex_unlock(&b->lock);
}

/* Wait until fewer than `below` are in flight, and count one more. */
static void
take_place(bench *b, uint32_t below, uint32_t more)
{
    pthread_mutex_lock(&b->lock);
    while (b->in_flight >= below)
        pthread_cond_wait(&b->came_back, &b->lock);
    b->in_flight += more;
    pthread_mutex_unlock(&b->lock);
}

static void
submit_for(bench *b, uint32_t in_flight, uint64_t until_ns)
{
    acta_error error;

    while (bench_now_ns() < until_ns) {
        take_place(b, in_flight, 1);
        bench_must(acta_store_submit(b->store, make_append(b), take_answer, b, &error), &error);
    }
}

static void
append_rate(const char *name, const options *o, uint32_t in_flight, bool no_sync)
{
    bench b;

    open_bench(&b, o, no_sync);
    submit_for(&b, in_flight, bench_now_ns() + UINT64_C(300000000)); /* warm */
    uint64_t done_before = b.done, begun_ns = bench_now_ns();
    submit_for(&b, in_flight, begun_ns + o->seconds * UINT64_C(1000000000));
    uint64_t done = b.done - done_before;
    double seconds = (double)(bench_now_ns() - begun_ns) / 1e9;
    take_place(&b, 1, 0);
    bench_expect(b.failed == 0 && acta_store_head(b.store) == b.done);
    bench_report(name, "rate", (double)done / seconds, "per_second");
    close_bench(&b);
}

static void
append_256(const options *o)
{
    append_rate("append_256", o, 256, false);
}

static void
append_2048(const options *o)
{
    append_rate("append_2048", o, 2048, false);
}

static void
append_nosync(const options *o)
{
    append_rate("append_nosync", o, 2048, true);
}

static void
commit_one(void *user)
{
    bench *b = user;
    acta_error error;

    bench_must(acta_store_commit(b->store, make_append(b), NULL, &error), &error);
    b->done++;
}

static void
submit_one(void *user)
{
    bench *b = user;
    acta_error error;

    take_place(b, 1, 1);
    bench_must(acta_store_submit(b->store, make_append(b), take_answer, b, &error), &error);
    take_place(b, 1, 0);
}

static void
append_alone(const char *name, const options *o, void (*append)(void *user))
{
    bench b;

    open_bench(&b, o, false);
    raw_log_beside(name, o->data_path, o->seconds, append, &b);
    bench_expect(b.failed == 0 && acta_store_head(b.store) == b.done);
    close_bench(&b);
}

static void
append_1(const options *o)
{
    append_alone("append_1", o, commit_one);
}

static void
append_1_async(const options *o)
{
    append_alone("append_1_async", o, submit_one);
}

/* So many in flight on a store that stays open, in turn: what one has, the others have. */
static void
in_flight(const options *o)
{
    static const uint32_t counts[] = { 1, 2, 4, 16 };
    enum { COUNTS = sizeof counts / sizeof counts[0], ROUNDS = 10 };
    uint64_t done[COUNTS] = { 0 }, ns[COUNTS] = { 0 };
    bench b;

    open_bench(&b, o, false);
    submit_for(&b, 4, bench_now_ns() + UINT64_C(300000000)); /* warm */
    for (int i = 0; i < ROUNDS * COUNTS; i++) {
        uint64_t before = b.done, begun_ns = bench_now_ns();
        submit_for(&b, counts[i % COUNTS], begun_ns + o->seconds * UINT64_C(1000000000) / ROUNDS / COUNTS);
        take_place(&b, 1, 0);
        done[i % COUNTS] += b.done - before;
        ns[i % COUNTS] += bench_now_ns() - begun_ns;
    }
    bench_expect(b.failed == 0 && acta_store_head(b.store) == b.done);
    for (int i = 0; i < COUNTS; i++) {
        char metric[24];
        snprintf(metric, sizeof metric, "rate_%" PRIu32, counts[i]);
        bench_report("in_flight", metric, (double)done[i] / ((double)ns[i] / 1e9), "per_second");
    }
    close_bench(&b);
}

/* -- reading -- */

/* Events in order of streams taken in turn, so that a stream's events lie far apart; many to a transaction. */
static void
fill(bench *b, uint64_t stream_count, uint64_t count)
{
    static uint8_t payloads[TRANSACTION_MAX][PAYLOAD];
    acta_error error;
    char room[32];

    for (uint64_t i = 0; i < count;) {
        acta_transaction *t = acta_transaction_create(b->store);
        bench_expect(t != NULL);
        for (uint32_t k = 0; k < TRANSACTION_MAX && i < count; k++, i++) {
            acta_event event = make_event(b, payloads[k]);
            acta_transaction_append(t, name_of(room, sizeof room, i % stream_count), ACTA_ANY_VERSION, &event, 1);
        }
        bench_must(acta_store_commit(b->store, t, NULL, &error), &error);
    }
    bench_expect(acta_store_head(b->store) == count);
}

static uint64_t
read_all(bench *b, const acta_read *read)
{
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;
    acta_status status;
    uint64_t count = 0;

    bench_must(acta_cursor_open(b->store, read, &cursor, &error), &error);
    while ((status = acta_cursor_next(cursor, &event, &error)) == ACTA_OK) {
        bench_expect(event.payload.size == PAYLOAD);
        count++;
    }
    bench_expect(status == ACTA_NOT_FOUND);
    acta_cursor_close(cursor);
    return count;
}

static void
scan(const options *o)
{
    const acta_read all = { .count_max = 0 };
    uint64_t count = 0, begun_ns;
    bench b;

    open_bench(&b, o, true);
    fill(&b, STREAM_COUNT, o->event_count);
    read_all(&b, &all); /* warm */
    begun_ns = bench_now_ns();
    while (bench_now_ns() - begun_ns < o->seconds * UINT64_C(1000000000))
        count += read_all(&b, &all);
    bench_report("scan", "rate", (double)count / ((double)(bench_now_ns() - begun_ns) / 1e9), "per_second");
    close_bench(&b);
}

static uint64_t
consume_all(bench *b, const char *name)
{
    const acta_subscription_config config = { .name = name, .window = 4096, .manual_checkpoint = true };
    acta_subscription *subscription;
    acta_error error;
    uint64_t count = 0;
    bool more = true;

    bench_must(acta_subscription_open(b->store, &config, &subscription, &error), &error);
    while (more) {
        acta_chunk *chunk;
        bench_must(acta_subscription_next(subscription, 4096, &chunk, &more, &error), &error);
        if (chunk == NULL) continue;
        more = true;
        for (uint32_t i = 0; i < acta_chunk_count(chunk); i++) {
            bench_expect(acta_chunk_at(chunk, i)->position == ++count);
            bench_must(acta_subscription_ack(subscription, count), &error);
        }
        acta_chunk_unref(chunk);
    }
    bench_expect(acta_subscription_passed(subscription) == count);
    acta_subscription_close(subscription);
    return count;
}

static void
subscribe(const options *o)
{
    uint64_t count = 0, begun_ns;
    bench b;

    open_bench(&b, o, true);
    fill(&b, STREAM_COUNT, o->event_count);
    bench_expect(consume_all(&b, "warm") == o->event_count);
    begun_ns = bench_now_ns();
    while (bench_now_ns() - begun_ns < o->seconds * UINT64_C(1000000000))
        count += consume_all(&b, "reader");
    bench_report("subscribe", "rate", (double)count / ((double)(bench_now_ns() - begun_ns) / 1e9), "per_second");
    close_bench(&b);
}

static uint64_t
time_read(bench *b, const acta_read *read, uint64_t expected)
{
    uint64_t before_ns = bench_now_ns();

    bench_expect(read_all(b, read) == expected);
    return bench_now_ns() - before_ns;
}

/* A random stream is read, and read again, and then another. */
static void
read_streams(const char *name, bench *b, uint64_t stream_count, acta_read read, uint64_t expected)
{
    bench_samples samples, again;
    char room[32];

    bench_samples_init(&samples, SAMPLE_MAX);
    bench_samples_init(&again, SAMPLE_MAX);
    uint64_t begun_ns = bench_now_ns();
    while (bench_now_ns() - begun_ns < b->options->seconds * UINT64_C(1000000000)) {
        read.stream = name_of(room, sizeof room, bench_random(&b->random) % stream_count);
        bench_samples_add(&samples, time_read(b, &read, expected));
        bench_samples_add(&again, time_read(b, &read, expected));
    }
    bench_report(name, "p50_us", bench_samples_us(&samples, 500), "us");
    bench_report(name, "again_p50_us", bench_samples_us(&again, 500), "us");
    free(samples.ns);
    free(again.ns);
}

static void
stream_1000(const options *o)
{
    uint64_t stream_count = o->event_count / STREAM_LENGTH;
    bench b;

    open_bench(&b, o, true);
    fill(&b, stream_count, o->event_count);
    read_streams("stream_1000", &b, stream_count, (acta_read){ .count_max = 0 }, STREAM_LENGTH);
    close_bench(&b);
}

static void
last_event(const options *o)
{
    uint64_t stream_count = o->event_count > LAST_STREAMS ? o->event_count : LAST_STREAMS;
    bench b;

    open_bench(&b, o, true);
    fill(&b, stream_count, stream_count);
    read_streams("last_event", &b, stream_count, (acta_read){ .direction = ACTA_BACKWARD, .count_max = 1 }, 1);
    close_bench(&b);
}

/* -- plain RocksDB -- */

static void
raw_1(const options *o)
{
    bench_report("raw_1", "p50_us", raw_log_run(o->data_path, 1, true, o->seconds).p50_us, "us");
}

static void
raw_100(const options *o)
{
    bench_report("raw_100", "rate", raw_log_run(o->data_path, 100, true, o->seconds).rate, "per_second");
}

static void
raw_1000(const options *o)
{
    bench_report("raw_1000", "rate", raw_log_run(o->data_path, 1000, true, o->seconds).rate, "per_second");
}

static void
raw_nosync(const options *o)
{
    bench_report("raw_nosync", "rate", raw_log_run(o->data_path, 1000, false, o->seconds).rate, "per_second");
}

/* -- more than fits into memory -- */

static void
large(const options *o)
{
    const large_options how = { .event_count = o->event_count, .memory_mib = o->memory_mib };

    large_run(o->data_path, &how);
}

static void
large_kept(const options *o)
{
    const large_options how = { .event_count = o->event_count, .memory_mib = o->memory_mib, .by_stream = true };

    large_run(o->data_path, &how);
}

/* -- rows -- */

typedef struct row {
    const char *name;
    void (*run)(const options *o);
} row;

static const row rows[] = {
    { "raw_100", raw_100 },
    { "append_256", append_256 },
    { "raw_1000", raw_1000 },
    { "append_2048", append_2048 },
    { "raw_1", raw_1 },
    { "append_1", append_1 },
    { "append_1_async", append_1_async },
    { "in_flight", in_flight },
    { "raw_nosync", raw_nosync },
    { "append_nosync", append_nosync },
    { "scan", scan },
    { "subscribe", subscribe },
    { "stream_1000", stream_1000 },
    { "last_event", last_event },
    { "large", large },
    { "large_kept", large_kept },
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    options *o = state->input;

    switch (key) {
    case 's':
        o->seconds = bench_number("--seconds", argument, 1, BENCH_SECONDS_MAX, state);
        return 0;
    case 'e':
        o->event_count = bench_number("--events", argument, STREAM_LENGTH, EVENTS_MAX, state);
        o->event_count -= o->event_count % STREAM_LENGTH;
        return 0;
    case 'd':
        o->data_path = argument;
        return 0;
    case 'm':
        o->memory_mib = bench_number("--memory", argument, 1, MEMORY_MAX, state);
        return 0;
    case 'k':
        o->fill_by_stream = true;
        o->fill_path = argument;
        return 0;
    case 'f':
        o->fill_path = argument;
        return 0;
    case 'r':
        o->read_path = argument;
        return 0;
    case ARGP_KEY_ARG:
        bench_choose(&o->chosen, rows, argument, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int
main(int argc, char **argv)
{
    static const struct argp_option option_list[] = {
        { "seconds", 's', "N", 0, "How long each row is measured (default: 5)", 0 },
        { "events", 'e', "N", 0, "Events in the stores that are read (default: 1,000,000)", 0 },
        { "data", 'd', "DIR", 0, "Where the disk is that is measured (default: ./bench-data)", 0 },
        { "memory", 'm', "MIB", 0, "memory_bytes of the row large, in MiB (default: 64)", 0 },
        { "fill", 'f', "DIR", OPTION_HIDDEN, NULL, 0 }, /* the row "large" calls itself so */
        { "fill-kept", 'k', "DIR", OPTION_HIDDEN, NULL, 0 },
        { "read", 'r', "DIR", OPTION_HIDDEN, NULL, 0 },
        { 0 },
    };
    const struct argp argp = { option_list, parse, "[ROW...]",
        "The store alone, beside plain RocksDB. Rows (default: all): raw_100, append_256, raw_1000, append_2048, "
        "raw_1, "
        "append_1, append_1_async, in_flight, raw_nosync, append_nosync, scan, "
        "subscribe, stream_1000, last_event, large, large_kept.",
        NULL, NULL, NULL };
    options o = { .seconds = SECONDS_DEFAULT,
        .event_count = EVENTS_DEFAULT,
        .memory_mib = LARGE_MEMORY_DEFAULT,
        .data_path = "bench-data" };

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    const large_options how = {
        .event_count = o.event_count, .memory_mib = o.memory_mib, .by_stream = o.fill_by_stream
    };
    if (o.fill_path != NULL) large_fill(o.fill_path, &how);
    if (o.read_path != NULL) large_read(o.read_path, &how);
    if (o.fill_path != NULL || o.read_path != NULL) return 0;
    for (uint32_t i = 0; i < ROW_COUNT; i++)
        if (bench_is_chosen(o.chosen, i)) rows[i].run(&o);
    rmdir(o.data_path); /* if nobody else uses it */
    return 0;
}
