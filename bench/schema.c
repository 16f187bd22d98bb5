/*
 * What a buffer costs: reading, writing and verifying an event of strings and numbers (order) and one of numbers alone
 * (tick), by our generated code and by the official C++ code for the same schema, in turns, in one process.
 *
 *     write_order ours 20.10 ns
 *     write_order official 29.00 ns
 *     write_order ratio 0.69 of_official
 *
 * Medians of several turns each. Ours verifies strings as UTF-8 besides, as it always does; the official code never.
 * The official library reads a field at a time; ours fills a struct, of which the compiler keeps what is used.
 */
#include "bench.h"
#include "schema.h"

#include <string.h>

#include "market.acta.h"

enum { ROUNDS = 200000, TURNS = 15 };

static uint64_t
read_order(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const schema_buffer *buffer = &work->orders[i % SCHEMA_BUFFERS];
        market_OrderPlaced order;
        market_OrderPlaced_decode(acta_bytes_from(buffer->bytes, buffer->size), &order);
        sum += order.order_id.size + order.symbol.size + (uint64_t)order.price + (uint64_t)order.quantity +
               (uint64_t)order.side + order.trader.size;
    }
    return sum;
}

static uint64_t
read_field(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const schema_buffer *buffer = &work->orders[i % SCHEMA_BUFFERS];
        market_OrderPlaced order;
        market_OrderPlaced_decode(acta_bytes_from(buffer->bytes, buffer->size), &order);
        sum += (uint64_t)order.quantity;
    }
    return sum;
}

static uint64_t
read_tick(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const schema_buffer *buffer = &work->ticks[i % SCHEMA_BUFFERS];
        market_Ticked tick;
        market_Ticked_decode(acta_bytes_from(buffer->bytes, buffer->size), &tick);
        sum += (uint64_t)(tick.traded_at + tick.price + tick.bid + tick.ask) + tick.volume + tick.venue +
               (uint64_t)tick.side + (uint64_t)tick.change;
    }
    return sum;
}

/* -- writing: into the same bytes again and again -- */

typedef struct fixed_sink {
    acta_sink sink;
    schema_buffer *buffer;
} fixed_sink;

static uint8_t *
reserve(acta_sink *sink, size_t size)
{
    schema_buffer *buffer = ((fixed_sink *)sink)->buffer;

    buffer->size = size;
    return size <= sizeof buffer->bytes ? buffer->bytes : NULL;
}

static market_OrderPlaced
order_of(uint32_t i)
{
    return (market_OrderPlaced){ .order_id = acta_str_from("order-2024-000017", 17),
        .symbol = acta_str_from("ACME", 4),
        .price = 100 + (int64_t)i,
        .quantity = 7,
        .side = market_Side_sell,
        .trader = acta_str_from("trader-42", 9) };
}

static market_Ticked
tick_of(uint32_t i)
{
    return (market_Ticked){ .traded_at = 1700000000 + (int64_t)i,
        .price = 100,
        .bid = 99,
        .ask = 101,
        .volume = 5000,
        .venue = 3,
        .side = market_Side_sell,
        .change = 0.25 };
}

static uint64_t
write_order(const schema_work *work, uint32_t rounds)
{
    schema_buffer buffer;
    fixed_sink sink = { { reserve }, &buffer };
    uint64_t sum = 0;

    (void)work;
    for (uint32_t i = 0; i < rounds; i++) {
        market_OrderPlaced order = order_of(i);
        bench_expect(market_OrderPlaced_write(&order, &sink.sink, NULL) == ACTA_OK);
        sum += buffer.bytes[buffer.size - 1];
    }
    return sum;
}

static uint64_t
write_tick(const schema_work *work, uint32_t rounds)
{
    schema_buffer buffer;
    fixed_sink sink = { { reserve }, &buffer };
    uint64_t sum = 0;

    (void)work;
    for (uint32_t i = 0; i < rounds; i++) {
        market_Ticked tick = tick_of(i);
        bench_expect(market_Ticked_write(&tick, &sink.sink, NULL) == ACTA_OK);
        sum += buffer.bytes[0];
    }
    return sum;
}

/* -- verifying -- */

static uint64_t
verify_order(const schema_work *work, uint32_t rounds)
{
    uint64_t sound = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const schema_buffer *buffer = &work->orders[i % SCHEMA_BUFFERS];
        sound += market_OrderPlaced_verify(acta_bytes_from(buffer->bytes, buffer->size), NULL) == ACTA_OK;
    }
    return sound;
}

static uint64_t
verify_tick(const schema_work *work, uint32_t rounds)
{
    uint64_t sound = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const schema_buffer *buffer = &work->ticks[i % SCHEMA_BUFFERS];
        sound += market_Ticked_verify(acta_bytes_from(buffer->bytes, buffer->size), NULL) == ACTA_OK;
    }
    return sound;
}

/* -- rows -- */

static const struct row {
    const char *name;
    schema_function *ours, *official;
    bool alike; /* both see the same numbers */
} rows[] = {
    { "read_order", read_order, official_read_order, true },
    { "read_field", read_field, official_read_field, true },
    { "read_tick", read_tick, official_read_tick, true },
    { "write_order", write_order, official_write_order, false },
    { "write_tick", write_tick, official_write_tick, false },
    { "verify_order", verify_order, official_verify_order, true },
    { "verify_tick", verify_tick, official_verify_tick, true },
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void
fill(schema_work *work)
{
    for (uint32_t i = 0; i < SCHEMA_BUFFERS; i++) {
        fixed_sink order_sink = { { reserve }, &work->orders[i] }, tick_sink = { { reserve }, &work->ticks[i] };
        market_OrderPlaced order = order_of(i);
        market_Ticked tick = tick_of(i);
        bench_expect(market_OrderPlaced_write(&order, &order_sink.sink, NULL) == ACTA_OK);
        bench_expect(market_Ticked_write(&tick, &tick_sink.sink, NULL) == ACTA_OK);
    }
}

static uint64_t
time_of(schema_function *function, const schema_work *work, uint64_t *seen_out)
{
    uint64_t begin = bench_now_ns();
    *seen_out = function(work, ROUNDS);
    return bench_now_ns() - begin;
}

static double
median(uint64_t *times)
{
    qsort(times, TURNS, sizeof *times, bench_compare);
    uint64_t middle = times[TURNS / 2];
    return (double)middle / ROUNDS;
}

static void
run(const struct row *row, const schema_work *work)
{
    uint64_t ours[TURNS], official[TURNS], seen, official_seen;

    for (int i = 0; i < TURNS; i++) {
        ours[i] = time_of(row->ours, work, &seen);
        official[i] = time_of(row->official, work, &official_seen);
        if (row->alike) bench_expect(seen == official_seen);
    }
    double us = median(ours), them = median(official);
    bench_report(row->name, "ours", us, "ns");
    bench_report(row->name, "official", them, "ns");
    bench_report(row->name, "ratio", us / them, "of_official");
}

static bool
is_row(const char *name)
{
    for (int i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0) return true;
    return false;
}

static bool
is_wanted(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0) return true;
    return argc == 1;
}

int
main(int argc, char **argv)
{
    static schema_work work;

    for (int i = 1; i < argc; i++) {
        if (is_row(argv[i])) continue;
        fprintf(stderr, "schema: there is no row '%s'; the rows are", argv[i]);
        for (int k = 0; k < ROWS; k++)
            fprintf(stderr, " %s", rows[k].name);
        fputc('\n', stderr);
        return 2;
    }
    fill(&work);
    for (int i = 0; i < ROWS; i++)
        if (is_wanted(argc, argv, rows[i].name)) run(&rows[i], &work);
    return 0;
}
