/*
 * What a buffer costs: reading, writing and verifying an event of strings and numbers (order) and one of numbers alone
 * (tick; part: half of it is left out), by our generated code and by the official C++ code for the same schema, in turns,
 * in one process. The other shapes are schema_shapes.c's.
 *
 *     write_order ours 20.10 ns
 *     write_order official 29.00 ns
 *     write_order ratio 0.69 of_official
 *
 * Medians of several turns each. Instructions are counted by callgrind, a function's own and what it calls, by its rounds:
 *
 *     valgrind --tool=callgrind --callgrind-out-file=out build/bench/schema --rounds 200
 *     callgrind_annotate --inclusive=yes --tree=caller out
 *
 * Ours verifies strings as UTF-8 besides, as it always does; the official code never.
 * The official library reads a field at a time; ours fills a struct, of which the compiler keeps what is used.
 */
#include "bench.h"
#include "schema.h"

#include <argp.h>
#include <string.h>

#include "market.acta.h"

enum { ROUNDS = 5000, ROUNDS_MAX = 100000000, TURNS_MIN = 5, TURNS_MAX = 100000 };

static uint64_t
read_order(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const schema_buffer *buffer = schema_buffer_of(work->orders, i);
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
        const schema_buffer *buffer = schema_buffer_of(work->orders, i);
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
        const schema_buffer *buffer = schema_buffer_of(work->ticks, i);
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
        const schema_buffer *buffer = schema_buffer_of(work->orders, i);
        sound += market_OrderPlaced_verify(acta_bytes_from(buffer->bytes, buffer->size), NULL) == ACTA_OK;
    }
    return sound;
}

static uint64_t
verify_tick(const schema_work *work, uint32_t rounds)
{
    uint64_t sound = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const schema_buffer *buffer = schema_buffer_of(work->ticks, i);
        sound += market_Ticked_verify(acta_bytes_from(buffer->bytes, buffer->size), NULL) == ACTA_OK;
    }
    return sound;
}

static uint64_t
verify_part(const schema_work *work, uint32_t rounds)
{
    uint64_t sound = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const schema_buffer *buffer = schema_buffer_of(work->parts, i);
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
    { "verify_part", verify_part, official_verify_part, true },
    { "read_quote", read_quote, official_read_quote, true },
    { "read_tags", read_tags, official_read_tags, true },
    { "read_clearing", read_clearing, official_read_clearing, true },
    { "read_fills", read_fills, official_read_fills, true },
    { "read_paid", read_paid, official_read_paid, true },
    { "write_quote", write_quote, official_write_quote, false },
    { "write_tags", write_tags, official_write_tags, false },
    { "write_clearing", write_clearing, official_write_clearing, false },
    { "write_fills", write_fills, official_write_fills, false },
    { "write_paid", write_paid, official_write_paid, false },
    { "verify_quote", verify_quote, official_verify_quote, true },
    { "verify_tags", verify_tags, official_verify_tags, true },
    { "verify_clearing", verify_clearing, official_verify_clearing, true },
    { "verify_fills", verify_fills, official_verify_fills, true },
    { "verify_paid", verify_paid, official_verify_paid, true },
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static void
fill(schema_work *work)
{
    for (uint32_t i = 0; i < SCHEMA_BUFFERS; i++) {
        fixed_sink order_sink = { { reserve }, &work->orders[i] }, tick_sink = { { reserve }, &work->ticks[i] };
        fixed_sink part_sink = { { reserve }, &work->parts[i] };
        market_OrderPlaced order = order_of(i);
        market_Ticked tick = tick_of(i), part = { .traded_at = tick.traded_at, .price = 1, .volume = 5, .venue = 3 };
        bench_expect(market_OrderPlaced_write(&order, &order_sink.sink, NULL) == ACTA_OK);
        bench_expect(market_Ticked_write(&tick, &tick_sink.sink, NULL) == ACTA_OK);
        bench_expect(market_Ticked_write(&part, &part_sink.sink, NULL) == ACTA_OK);
    }
}

static uint64_t
time_of(schema_function *function, const schema_work *work, uint32_t rounds, uint64_t *seen_out)
{
    uint64_t begin = bench_now_ns();
    *seen_out = function(work, rounds);
    return bench_now_ns() - begin;
}

/* The median. */
static double
ns_a_round(bench_samples *turns, uint32_t rounds)
{
    return bench_samples_us(turns, 500) * 1000 / rounds;
}

typedef struct options {
    uint32_t seconds, rounds;
    uint64_t chosen; /* rows; bench_choose */
} options;

/* Turns until the time is over, but never fewer than a few. */
static void
run(const struct row *row, const schema_work *work, const options *o)
{
    bench_samples ours, official;
    uint64_t seen, official_seen, end = bench_now_ns() + o->seconds * UINT64_C(1000000000);

    bench_samples_init(&ours, TURNS_MAX);
    bench_samples_init(&official, TURNS_MAX);
    while (ours.count < TURNS_MAX && (ours.count < TURNS_MIN || bench_now_ns() < end)) {
        bench_samples_add(&ours, time_of(row->ours, work, o->rounds, &seen));
        bench_samples_add(&official, time_of(row->official, work, o->rounds, &official_seen));
        if (row->alike) bench_expect(seen == official_seen);
    }
    double us = ns_a_round(&ours, o->rounds), them = ns_a_round(&official, o->rounds);
    bench_report(row->name, "ours", us, "ns");
    bench_report(row->name, "official", them, "ns");
    bench_report(row->name, "ratio", us / them, "of_official");
    free(ours.ns);
    free(official.ns);
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    options *o = state->input;

    switch (key) {
    case 's':
        o->seconds = bench_number("--seconds", argument, 1, BENCH_SECONDS_MAX, state);
        return 0;
    case 'r':
        o->rounds = bench_number("--rounds", argument, 1, ROUNDS_MAX, state);
        return 0;
    case 'd':
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
    static schema_work work;
    static const struct argp_option option_list[] = {
        { "seconds", 's', "N", 0, "How long each row is measured (default: 1)", 0 },
        { "rounds", 'r', "N", 0, "A turn (default: 5000, so that few turns are interrupted)", 0 },
        { "data", 'd', "DIR", 0, "Taken as by the other benchmarks; nothing is written", 0 },
        { 0 },
    };
    const struct argp argp = { option_list, parse, "[ROW...]",
        "Buffers, by our code and by the official C++ code. Rows: read_order, read_field, read_tick, write_order, "
        "write_tick, verify_order, verify_tick, verify_part, and read_, write_ and verify_ of quote, tags, clearing, "
        "fills and paid (default: all).",
        NULL, NULL, NULL };
    options o = { .seconds = 1, .rounds = ROUNDS };

    argp_err_exit_status = 2;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    fill(&work);
    shapes_fill(&work);
    for (uint32_t i = 0; i < ROWS; i++)
        if (bench_is_chosen(o.chosen, i)) run(&rows[i], &work, &o);
    return 0;
}
