/*
 * Stock: how many of an item there are, and which of them are promised.
 *
 *     AddStock --> free -- ReserveStock --> reserved -- SellStock --> sold
 *                   ^                          |
 *                   +------ ReleaseStock ------+
 *
 * Invariants
 *  - 0 <= free, 0 <= reserved. What isn't free can't be reserved: the order is told so by an event.
 *
 * Not here: that an order reserves once (fulfilment.c, and the ids of its commands).
 */
#include "order.h"

#include <inttypes.h>

static acta_verdict
reject_quantity(int64_t quantity, acta_decision *decision)
{
    return shop_reject(decision, shop_Rejection_quantity_not_positive,
        "the quantity is %" PRId64 "; it must be 1 to %" PRId64, quantity, SHOP_QUANTITY_MAX);
}

static bool
is_quantity(int64_t quantity)
{
    return quantity > 0 && quantity <= SHOP_QUANTITY_MAX;
}

static acta_verdict
add(const shop_Stock *stock, shop_AddStock command, acta_decision *decision)
{
    if (!is_quantity(command.quantity)) return reject_quantity(command.quantity, decision);
    if (stock->free > INT64_MAX / 2 - command.quantity)
        return shop_reject(decision, shop_Rejection_too_many, "there are %" PRId64 " already", stock->free);
    return shop_StockAdded_emit(
        decision, ACTA_INIT(shop_StockAdded, .item_id = command.item_id, .quantity = command.quantity));
}

static acta_verdict
reserve(const shop_Stock *stock, shop_ReserveStock command, acta_decision *decision)
{
    if (!is_quantity(command.quantity)) return reject_quantity(command.quantity, decision);
    if (command.quantity > stock->free)
        return shop_StockRefused_emit(decision, ACTA_INIT(shop_StockRefused, .item_id = command.item_id,
                                                    .order_id = command.order_id, .quantity = command.quantity));
    return shop_StockReserved_emit(decision, ACTA_INIT(shop_StockReserved, .item_id = command.item_id,
                                                 .order_id = command.order_id, .quantity = command.quantity));
}

static acta_verdict
reject_not_reserved(const shop_Stock *stock, acta_decision *decision)
{
    return shop_reject(decision, shop_Rejection_not_reserved, "only %" PRId64 " are reserved", stock->reserved);
}

static acta_verdict
release(const shop_Stock *stock, shop_ReleaseStock command, acta_decision *decision)
{
    if (!is_quantity(command.quantity)) return reject_quantity(command.quantity, decision);
    if (command.quantity > stock->reserved) return reject_not_reserved(stock, decision);
    return shop_StockReleased_emit(decision, ACTA_INIT(shop_StockReleased, .item_id = command.item_id,
                                                 .order_id = command.order_id, .quantity = command.quantity));
}

static acta_verdict
sell(const shop_Stock *stock, shop_SellStock command, acta_decision *decision)
{
    if (!is_quantity(command.quantity)) return reject_quantity(command.quantity, decision);
    if (command.quantity > stock->reserved) return reject_not_reserved(stock, decision);
    return shop_StockSold_emit(decision, ACTA_INIT(shop_StockSold, .item_id = command.item_id,
                                             .order_id = command.order_id, .quantity = command.quantity));
}

static void
added(shop_Stock *stock, shop_StockAdded event, acta_memory *memory)
{
    (void)memory;
    stock->free += event.quantity;
}

static void
reserved(shop_Stock *stock, shop_StockReserved event, acta_memory *memory)
{
    (void)memory;
    stock->free -= event.quantity;
    stock->reserved += event.quantity;
}

static void
refused(shop_Stock *stock, shop_StockRefused event, acta_memory *memory)
{
    (void)stock;
    (void)event;
    (void)memory;
}

static void
released(shop_Stock *stock, shop_StockReleased event, acta_memory *memory)
{
    (void)memory;
    stock->reserved -= event.quantity;
    stock->free += event.quantity;
}

static void
sold(shop_Stock *stock, shop_StockSold event, acta_memory *memory)
{
    (void)memory;
    stock->reserved -= event.quantity;
}

const shop_Stock_aggregate shop_stock = SHOP_STOCK(
    .execute = {
        .AddStock = add,
        .ReserveStock = reserve,
        .ReleaseStock = release,
        .SellStock = sell,
    },
    .apply = {
        .StockAdded = added,
        .StockReserved = reserved,
        .StockRefused = refused,
        .StockReleased = released,
        .StockSold = sold,
    });
