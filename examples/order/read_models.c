/*
 * Read models: rows for people, and those by which the clock knows what it waits for.
 *
 *     OrderPlaced … OrderClosed  -> OrderRow
 *     StockAdded … StockSold     -> ItemRow
 *     OrderConfirmed             -> DeadlineRow, until the order is paid or cancelled
 */
#include "order.h"

/* -- orders -- */

static acta_status
placed(void *user, shop_OrderPlaced event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return shop_OrderRow_put(rows,
        ACTA_INIT(shop_OrderRow, .order_id = event.order_id, .item_id = event.item_id, .quantity = event.quantity,
            .price = event.price, .phase = shop_Phase_placed),
        error);
}

static acta_status
change_order(acta_str order_id, shop_Phase phase, acta_rows *rows, acta_error *error)
{
    shop_OrderRow row;

    acta_status status = shop_OrderRow_get(rows, order_id, &row, error);
    if (status != ACTA_OK) return status; /* an order's first event places it */
    row.phase = phase;
    return shop_OrderRow_put(rows, row, error);
}

#define ORDER_STEP(name, T, the_phase)                                                                                 \
    static acta_status name(void *user, T event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)    \
    {                                                                                                                  \
        (void)user;                                                                                                    \
        (void)recorded;                                                                                                \
        return change_order(event.order_id, the_phase, rows, error);                                                   \
    }
ORDER_STEP(confirmed, shop_OrderConfirmed, shop_Phase_confirmed)
ORDER_STEP(paid, shop_OrderPaid, shop_Phase_paid)
ORDER_STEP(shipped, shop_OrderShipped, shop_Phase_shipped)
ORDER_STEP(cancelled, shop_OrderCancelled, shop_Phase_cancelled)
ORDER_STEP(closed, shop_OrderClosed, shop_Phase_closed)

/* -- items -- */

static acta_status
change_item(acta_str item_id, const shop_ItemRow *by, acta_rows *rows, acta_error *error)
{
    shop_ItemRow row;

    acta_status status = shop_ItemRow_get(rows, item_id, &row, error);
    if (status == ACTA_NOT_FOUND)
        row = ACTA_INIT(shop_ItemRow, .item_id = item_id);
    else if (status != ACTA_OK)
        return status;
    row.free += by->free;
    row.reserved += by->reserved;
    row.sold += by->sold;
    return shop_ItemRow_put(rows, row, error);
}

#define ITEM_STEP(name, T, ...)                                                                                        \
    static acta_status name(void *user, T event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)    \
    {                                                                                                                  \
        const shop_ItemRow by = { __VA_ARGS__ };                                                                       \
        (void)user;                                                                                                    \
        (void)recorded;                                                                                                \
        return change_item(event.item_id, &by, rows, error);                                                           \
    }
ITEM_STEP(added, shop_StockAdded, .free = event.quantity)
ITEM_STEP(reserved, shop_StockReserved, .free = -event.quantity, .reserved = event.quantity)
ITEM_STEP(released, shop_StockReleased, .free = event.quantity, .reserved = -event.quantity)
ITEM_STEP(sold, shop_StockSold, .reserved = -event.quantity, .sold = event.quantity)

/* -- deadlines -- */

static acta_status
begin_to_wait(void *user, shop_OrderConfirmed event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)user;
    (void)recorded;
    return shop_DeadlineRow_put(
        rows, ACTA_INIT(shop_DeadlineRow, .order_id = event.order_id, .pay_until_us = event.pay_until_us), error);
}

#define WAIT_STEP(name, T)                                                                                             \
    static acta_status name(void *user, T event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)    \
    {                                                                                                                  \
        (void)user;                                                                                                    \
        (void)recorded;                                                                                                \
        return shop_DeadlineRow_remove(rows, event.order_id, error);                                                   \
    }
WAIT_STEP(end_wait_paid, shop_OrderPaid)
WAIT_STEP(end_wait_cancelled, shop_OrderCancelled)

const shop_projection shop_order_rows = SHOP_PROJECTION(.name = "orders", .on = {
                                                                              .OrderPlaced = placed,
                                                                              .OrderConfirmed = confirmed,
                                                                              .OrderPaid = paid,
                                                                              .OrderShipped = shipped,
                                                                              .OrderCancelled = cancelled,
                                                                              .OrderClosed = closed,
                                                                          });

const shop_projection shop_item_rows = SHOP_PROJECTION(.name = "items", .on = {
                                                                            .StockAdded = added,
                                                                            .StockReserved = reserved,
                                                                            .StockReleased = released,
                                                                            .StockSold = sold,
                                                                        });

const shop_projection shop_deadline_rows =
    SHOP_PROJECTION(.name = "deadlines", .on = {
                                             .OrderConfirmed = begin_to_wait,
                                             .OrderPaid = end_wait_paid,
                                             .OrderCancelled = end_wait_cancelled,
                                         });

/* -- all parts of the shop -- */

const acta_aggregate *const shop_aggregates[] = { &shop_order.base, &shop_stock.base, &shop_payment.base, NULL };
const acta_process_manager *const shop_process_managers[] = { &shop_fulfilment.base, &shop_settlement.base, NULL };
const acta_projection *const shop_projections[] = { &shop_order_rows.base, &shop_item_rows.base,
    &shop_deadline_rows.base, NULL };
