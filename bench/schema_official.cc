/*
 * The official side of bench/schema.c: what a C++ program writes with flatc's generated code. The builder is kept and
 * cleared, as its documentation advises.
 */
#include "schema.h"

#include "market_generated.h"

template <typename T>
static const T *
root(const schema_buffer &buffer)
{
    return flatbuffers::GetRoot<T>(buffer.bytes);
}

uint64_t
official_read_order(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const market::OrderPlaced *order = root<market::OrderPlaced>(work->orders[i % SCHEMA_BUFFERS]);
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
        sum += (uint64_t)root<market::OrderPlaced>(work->orders[i % SCHEMA_BUFFERS])->quantity();
    return sum;
}

uint64_t
official_read_tick(const schema_work *work, uint32_t rounds)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        const market::Ticked *tick = root<market::Ticked>(work->ticks[i % SCHEMA_BUFFERS]);
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
        const schema_buffer &buffer = buffers[i % SCHEMA_BUFFERS];
        flatbuffers::Verifier verifier(buffer.bytes, buffer.size);
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
