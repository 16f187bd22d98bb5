/*
 * The official side of bench/schema.c: what a C++ program writes with flatc's generated code. The builder is kept and
 * cleared, as its documentation advises; what isn't required is asked whether it is there.
 */
#include "schema.h"

#include "market_generated.h"

template <typename T>
static const T *
root(const schema_buffer *buffer)
{
    return flatbuffers::GetRoot<T>(buffer->bytes);
}

uint64_t
official_read_order(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const market::OrderPlaced *order = root<market::OrderPlaced>(schema_buffer_of(work->orders, i));
        sum += order->order_id()->size() + order->symbol()->size() + (uint64_t)order->price() +
               (uint64_t)order->quantity() + order->side() + (order->trader() != nullptr ? order->trader()->size() : 0);
    }
    return sum;
}

uint64_t
official_read_field(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++)
        sum += (uint64_t)root<market::OrderPlaced>(schema_buffer_of(work->orders, i))->quantity();
    return sum;
}

uint64_t
official_read_tick(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const market::Ticked *tick = root<market::Ticked>(schema_buffer_of(work->ticks, i));
        sum += (uint64_t)(tick->traded_at() + tick->price() + tick->bid() + tick->ask()) + tick->volume() +
               tick->venue() + tick->side() + (uint64_t)tick->change();
    }
    return sum;
}

uint64_t
official_write_order(const schema_work *, uint32_t rounds)
{
    flatbuffers::FlatBufferBuilder builder(1024);
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        builder.Clear();
        auto order_id = builder.CreateString("order-2024-000017", 17);
        auto symbol = builder.CreateString("ACME", 4);
        auto trader = builder.CreateString("trader-42", 9);
        builder.Finish(
            market::CreateOrderPlaced(builder, order_id, symbol, 100 + (int64_t)i, 7, market::Side_sell, trader));
        sum += builder.GetBufferPointer()[builder.GetSize() - 1];
    }
    return sum;
}

uint64_t
official_write_tick(const schema_work *, uint32_t rounds)
{
    flatbuffers::FlatBufferBuilder builder(1024);
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        builder.Clear();
        builder.Finish(
            market::CreateTicked(builder, 1700000000 + (int64_t)i, 100, 99, 101, 5000, 3, market::Side_sell, 0.25));
        sum += builder.GetBufferPointer()[0];
    }
    return sum;
}

template <typename T>
static uint64_t
verify(const schema_buffer (&buffers)[SCHEMA_BUFFERS], uint32_t rounds)
{
    uint64_t sound = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const schema_buffer *buffer = schema_buffer_of(buffers, i);
        flatbuffers::Verifier verifier(buffer->bytes, buffer->size);
        sound += verifier.VerifyBuffer<T>(nullptr);
    }
    return sound;
}

uint64_t
official_verify_order(const schema_work *work, uint32_t rounds)
{
    return verify<market::OrderPlaced>(work->orders, rounds);
}

uint64_t
official_verify_tick(const schema_work *work, uint32_t rounds)
{
    return verify<market::Ticked>(work->ticks, rounds);
}

uint64_t
official_verify_part(const schema_work *work, uint32_t rounds)
{
    return verify<market::Ticked>(work->parts, rounds);
}

/* -- the other shapes: what schema_shapes.c writes -- */

enum { PRICES = 8, TAGS = 4, FILLS = 6 };

template <typename T>
static uint32_t
count_of(const flatbuffers::Vector<T> *vector)
{
    return vector != nullptr ? vector->size() : 0;
}

uint64_t
official_read_quote(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const market::Quoted *quote = root<market::Quoted>(schema_buffer_of(work->quotes, i));
        const auto *prices = quote->prices();
        for (uint32_t k = 0; k < count_of(prices); k++)
            sum += (uint64_t)prices->Get(k);
        sum += (uint64_t)quote->at() + count_of(quote->sizes()) + count_of(quote->flags()) + count_of(quote->weights());
    }
    return sum;
}

uint64_t
official_read_tags(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const auto *tags = root<market::Tagged>(schema_buffer_of(work->tags, i))->tags();
        for (uint32_t k = 0; k < count_of(tags); k++)
            sum += tags->Get(k)->size();
    }
    return sum;
}

static inline uint64_t
seen_of(const market::Firm *firm)
{
    if (firm == nullptr) return 0;
    return firm->name()->size() + (firm->city() != nullptr ? firm->city()->size() : 0) + firm->code() +
           (uint64_t)firm->since();
}

uint64_t
official_read_clearing(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const market::Cleared *cleared = root<market::Cleared>(schema_buffer_of(work->clearings, i));
        sum += (uint64_t)cleared->at() + seen_of(cleared->buyer()) + seen_of(cleared->seller());
        if (const market::Point *where = cleared->where()) sum += (uint64_t)where->x();
    }
    return sum;
}

uint64_t
official_read_fills(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const market::Filled *filled = root<market::Filled>(schema_buffer_of(work->fills, i));
        const auto *fills = filled->fills();
        for (uint32_t k = 0; k < fills->size(); k++) {
            const market::Fill *fill = fills->Get(k);
            sum += fill->fill_id()->size() + (uint64_t)fill->quantity() + (uint64_t)fill->price() + fill->maker();
        }
        sum += filled->order_id()->size();
    }
    return sum;
}

uint64_t
official_read_paid(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const market::Paid *paid = root<market::Paid>(schema_buffer_of(work->payments, i));
        sum += (uint64_t)paid->at() + (uint64_t)paid->amount();
        if (const market::Card *card = paid->means_as_Card())
            sum += (card->number() != nullptr ? card->number()->size() : 0) + card->year() + card->month();
        else if (const market::Cash *cash = paid->means_as_Cash())
            sum += (uint64_t)cash->amount() + cash->currency();
    }
    return sum;
}

template <typename Build>
static uint64_t
write_each(uint32_t rounds, Build build)
{
    flatbuffers::FlatBufferBuilder builder(1024);
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        builder.Clear();
        builder.Finish(build(builder, i));
        sum += builder.GetBufferPointer()[0];
    }
    return sum;
}

uint64_t
official_write_quote(const schema_work *, uint32_t rounds)
{
    static const int64_t prices[PRICES] = { 100, 101, 102, 103, 104, 105, 106, 107 };
    static const uint32_t sizes[PRICES] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    static const uint8_t flags[PRICES] = { 1, 0, 1, 0, 1, 0, 1, 0 };
    static const double weights[PRICES] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    return write_each(rounds, [](flatbuffers::FlatBufferBuilder &b, uint32_t i) {
        auto p = b.CreateVector(prices, PRICES);
        auto s = b.CreateVector(sizes, PRICES);
        auto f = b.CreateVector(flags, PRICES);
        auto w = b.CreateVector(weights, PRICES);
        return market::CreateQuoted(b, 1700000000 + (int64_t)i, p, s, f, w);
    });
}

uint64_t
official_write_tags(const schema_work *, uint32_t rounds)
{
    return write_each(rounds, [](flatbuffers::FlatBufferBuilder &b, uint32_t) {
        flatbuffers::Offset<flatbuffers::String> tags[TAGS] = { b.CreateString("urgent", 6), b.CreateString("eu", 2),
            b.CreateString("a-longer-tag-than-most", 22), b.CreateString("retail", 6) };
        return market::CreateTagged(b, b.CreateVector(tags, TAGS));
    });
}

uint64_t
official_write_clearing(const schema_work *, uint32_t rounds)
{
    return write_each(rounds, [](flatbuffers::FlatBufferBuilder &b, uint32_t i) {
        const market::Point where(1.5, 2.5);
        auto buyer_name = b.CreateString("Alpha and Sons", 14), buyer_city = b.CreateString("Zurich", 6);
        auto buyer = market::CreateFirm(b, buyer_name, buyer_city, 17, 1900);
        auto seller_name = b.CreateString("Beta", 4), seller_city = b.CreateString("Copenhagen", 10);
        auto seller = market::CreateFirm(b, seller_name, seller_city, 18, 1950);
        return market::CreateCleared(b, 1700000000 + (int64_t)i, buyer, seller, &where);
    });
}

uint64_t
official_write_fills(const schema_work *, uint32_t rounds)
{
    return write_each(rounds, [](flatbuffers::FlatBufferBuilder &b, uint32_t i) {
        flatbuffers::Offset<market::Fill> fills[FILLS];
        for (uint32_t k = 0; k < FILLS; k++)
            fills[k] = market::CreateFill(b, b.CreateString("fill-00017", 10), 5 + i, 100 + k, true);
        auto list = b.CreateVector(fills, FILLS);
        return market::CreateFilled(b, b.CreateString("order-2024-000017", 17), list);
    });
}

uint64_t
official_write_paid(const schema_work *, uint32_t rounds)
{
    return write_each(rounds, [](flatbuffers::FlatBufferBuilder &b, uint32_t i) {
        auto type = i % 2 == 0 ? market::Means_Card : market::Means_Cash;
        auto means = i % 2 == 0 ? market::CreateCard(b, b.CreateString("4111-1111-1111-1111", 19), 2031, 12).Union()
                                : market::CreateCash(b, 250, market::Side_sell).Union();
        return market::CreatePaid(b, 1700000000 + (int64_t)i, type, means, 250);
    });
}

uint64_t
official_verify_quote(const schema_work *work, uint32_t rounds)
{
    return verify<market::Quoted>(work->quotes, rounds);
}

uint64_t
official_verify_tags(const schema_work *work, uint32_t rounds)
{
    return verify<market::Tagged>(work->tags, rounds);
}

uint64_t
official_verify_clearing(const schema_work *work, uint32_t rounds)
{
    return verify<market::Cleared>(work->clearings, rounds);
}

uint64_t
official_verify_fills(const schema_work *work, uint32_t rounds)
{
    return verify<market::Filled>(work->fills, rounds);
}

uint64_t
official_verify_paid(const schema_work *work, uint32_t rounds)
{
    return verify<market::Paid>(work->payments, rounds);
}
