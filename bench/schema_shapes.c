/*
 * The other shapes of events for bench/schema.c: vectors of numbers (quote) and of strings (tags), tables in it (clearing, with a
 * struct too), a vector of tables (fills), and a union of two (paid).
 */
#include "bench.h"
#include "schema.h"

#include <string.h>

#include "market.acta.h"

enum { PRICES = 8, TAGS = 4, FILLS = 6 };

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

static acta_bytes
bytes_of(const schema_buffer *buffers, uint32_t round)
{
    const schema_buffer *buffer = schema_buffer_of(buffers, round);
    return acta_bytes_from(buffer->bytes, buffer->size);
}

/* -- reading -- */

uint64_t
read_quote(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        market_Quoted quote;
        market_Quoted_decode(bytes_of(work->quotes, i), &quote);
        for (uint32_t k = 0; k < quote.prices.count; k++)
            sum += (uint64_t)quote.prices.data[k];
        sum += (uint64_t)quote.at + quote.sizes.count + quote.flags.count + quote.weights.count;
    }
    return sum;
}

uint64_t
read_tags(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        market_Tagged tagged;
        market_Tagged_decode(bytes_of(work->tags, i), &tagged);
        for (uint32_t k = 0; k < tagged.tags.count; k++)
            sum += acta_str_vector_at(tagged.tags, k).size;
    }
    return sum;
}

static inline uint64_t
seen_of(market_Firm_ref ref)
{
    market_Firm firm;

    if (!market_Firm_ref_get(ref, &firm)) return 0;
    return firm.name.size + firm.city.size + firm.code + (uint64_t)firm.since;
}

uint64_t
read_clearing(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        market_Cleared cleared;
        market_Cleared_decode(bytes_of(work->clearings, i), &cleared);
        sum += (uint64_t)cleared.at + seen_of(cleared.buyer) + seen_of(cleared.seller);
        sum += (uint64_t)cleared.where.value.x;
    }
    return sum;
}

uint64_t
read_fills(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        market_Filled filled;
        market_Fill fill;
        market_Filled_decode(bytes_of(work->fills, i), &filled);
        for (uint32_t k = 0; market_Fill_vector_at(filled.fills, k, &fill); k++)
            sum += fill.fill_id.size + (uint64_t)fill.quantity + (uint64_t)fill.price + fill.maker;
        sum += filled.order_id.size;
    }
    return sum;
}

uint64_t
read_paid(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        market_Paid paid;
        market_Card card;
        market_Cash cash;
        market_Paid_decode(bytes_of(work->payments, i), &paid);
        sum += (uint64_t)paid.at + (uint64_t)paid.amount;
        if (paid.means.type == market_Means_Card && market_Card_ref_get(paid.means.Card, &card))
            sum += card.number.size + card.year + card.month;
        else if (paid.means.type == market_Means_Cash && market_Cash_ref_get(paid.means.Cash, &cash))
            sum += (uint64_t)cash.amount + (uint64_t)cash.currency;
    }
    return sum;
}

/* -- writing -- */

typedef void write_function(uint32_t number, acta_sink *sink);

static void
put_quote(uint32_t number, acta_sink *sink)
{
    static const int64_t prices[PRICES] = { 100, 101, 102, 103, 104, 105, 106, 107 };
    static const uint32_t sizes[PRICES] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    static const uint8_t flags[PRICES] = { 1, 0, 1, 0, 1, 0, 1, 0 };
    static const double weights[PRICES] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    market_Quoted quote = { .at = 1700000000 + (int64_t)number,
        .prices = { .data = prices, .count = PRICES },
        .sizes = { .data = sizes, .count = PRICES },
        .flags = { .data = flags, .count = PRICES },
        .weights = { .data = weights, .count = PRICES } };

    bench_expect(market_Quoted_write(&quote, sink, NULL) == ACTA_OK);
}

static void
put_tags(uint32_t number, acta_sink *sink)
{
    const acta_str tags[TAGS] = { acta_str_from("urgent", 6), acta_str_from("eu", 2),
        acta_str_from("a-longer-tag-than-most", 22), acta_str_from("retail", 6) };
    market_Tagged tagged = { .tags = { .data = tags, .count = TAGS } };

    (void)number;
    bench_expect(market_Tagged_write(&tagged, sink, NULL) == ACTA_OK);
}

static void
put_clearing(uint32_t number, acta_sink *sink)
{
    market_Firm buyer = {
        .name = acta_str_from("Alpha and Sons", 14), .city = acta_str_from("Zurich", 6), .code = 17, .since = 1900
    };
    market_Firm seller = {
        .name = acta_str_from("Beta", 4), .city = acta_str_from("Copenhagen", 10), .code = 18, .since = 1950
    };
    market_Cleared cleared = { .at = 1700000000 + (int64_t)number,
        .buyer = { .data = &buyer },
        .seller = { .data = &seller },
        .where = { true, { 1.5, 2.5 } } };

    bench_expect(market_Cleared_write(&cleared, sink, NULL) == ACTA_OK);
}

static void
put_fills(uint32_t number, acta_sink *sink)
{
    market_Fill fills[FILLS];
    market_Filled filled = { .order_id = acta_str_from("order-2024-000017", 17),
        .fills = { .data = fills, .count = FILLS } };

    for (uint32_t k = 0; k < FILLS; k++)
        fills[k] = (market_Fill){ .fill_id = acta_str_from("fill-00017", 10),
            .quantity = 5 + (int64_t)number,
            .price = 100 + (int64_t)k,
            .maker = true };
    bench_expect(market_Filled_write(&filled, sink, NULL) == ACTA_OK);
}

static void
put_paid(uint32_t number, acta_sink *sink)
{
    market_Card card = { .number = acta_str_from("4111-1111-1111-1111", 19), .year = 2031, .month = 12 };
    market_Cash cash = { .amount = 250, .currency = market_Side_sell };
    market_Paid paid = { .at = 1700000000 + (int64_t)number, .amount = 250 };

    if (number % 2 == 0)
        paid.means = (market_Means){ .type = market_Means_Card, .Card = { .data = &card } };
    else
        paid.means = (market_Means){ .type = market_Means_Cash, .Cash = { .data = &cash } };
    bench_expect(market_Paid_write(&paid, sink, NULL) == ACTA_OK);
}

static inline uint64_t
write_each(write_function *put, uint32_t rounds)
{
    schema_buffer buffer;
    fixed_sink sink = { { reserve }, &buffer };
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        put(i, &sink.sink);
        sum += buffer.bytes[0];
    }
    return sum;
}

void
shapes_fill(schema_work *work)
{
    for (uint32_t i = 0; i < SCHEMA_BUFFERS; i++) {
        put_quote(i, &(fixed_sink){ { reserve }, &work->quotes[i] }.sink);
        put_tags(i, &(fixed_sink){ { reserve }, &work->tags[i] }.sink);
        put_clearing(i, &(fixed_sink){ { reserve }, &work->clearings[i] }.sink);
        put_fills(i, &(fixed_sink){ { reserve }, &work->fills[i] }.sink);
        put_paid(i, &(fixed_sink){ { reserve }, &work->payments[i] }.sink);
    }
}

uint64_t
write_quote(const schema_work *work, uint32_t rounds)
{
    (void)work;
    return write_each(put_quote, rounds);
}

uint64_t
write_tags(const schema_work *work, uint32_t rounds)
{
    (void)work;
    return write_each(put_tags, rounds);
}

uint64_t
write_clearing(const schema_work *work, uint32_t rounds)
{
    (void)work;
    return write_each(put_clearing, rounds);
}

uint64_t
write_fills(const schema_work *work, uint32_t rounds)
{
    (void)work;
    return write_each(put_fills, rounds);
}

uint64_t
write_paid(const schema_work *work, uint32_t rounds)
{
    (void)work;
    return write_each(put_paid, rounds);
}

/* -- verifying -- */

uint64_t
verify_quote(const schema_work *work, uint32_t rounds)
{
    uint64_t sound = 0;

    for (uint32_t i = 0; i < rounds; i++)
        sound += market_Quoted_verify(bytes_of(work->quotes, i), NULL) == ACTA_OK;
    return sound;
}

uint64_t
verify_tags(const schema_work *work, uint32_t rounds)
{
    uint64_t sound = 0;

    for (uint32_t i = 0; i < rounds; i++)
        sound += market_Tagged_verify(bytes_of(work->tags, i), NULL) == ACTA_OK;
    return sound;
}

uint64_t
verify_clearing(const schema_work *work, uint32_t rounds)
{
    uint64_t sound = 0;

    for (uint32_t i = 0; i < rounds; i++)
        sound += market_Cleared_verify(bytes_of(work->clearings, i), NULL) == ACTA_OK;
    return sound;
}

uint64_t
verify_fills(const schema_work *work, uint32_t rounds)
{
    uint64_t sound = 0;

    for (uint32_t i = 0; i < rounds; i++)
        sound += market_Filled_verify(bytes_of(work->fills, i), NULL) == ACTA_OK;
    return sound;
}

uint64_t
verify_paid(const schema_work *work, uint32_t rounds)
{
    uint64_t sound = 0;

    for (uint32_t i = 0; i < rounds; i++)
        sound += market_Paid_verify(bytes_of(work->payments, i), NULL) == ACTA_OK;
    return sound;
}
