/*
 * Order: what was asked for, whether it is paid, and how it ended. The one place that decides between a payment and a
 * deadline: whichever command comes first.
 *
 *     (none) -- PlaceOrder --> placed -- ConfirmOrder --> confirmed -- MarkPaid --> paid -- ShipOrder --> shipped
 *                                 |                           |
 *                                 +------- CancelOrder -------+-- ExpireOrder, when it is due --> cancelled -> closed
 *
 * Invariants
 *  - Exactly one end. A step that was made before is accepted again and changes nothing.
 *  - Time is that of the command's envelope, never that of the machine that replays.
 */
#include "order.h"

#include <inttypes.h>

/* The largest time to pay: a hundred years, so that no sum overflows. */
static const uint64_t PAY_WITHIN_MAX_MS = UINT64_C(100) * 365 * 24 * 3600 * 1000;

static acta_verdict
reject_phase(const shop_Order *order, acta_str order_id, acta_decision *decision)
{
    switch (order->phase) {
    case shop_Phase_none:
        return shop_reject(
            decision, shop_Rejection_no_such_order, "nobody placed an order '" ACTA_FMT "'", ACTA_ARG(order_id));
    case shop_Phase_placed:
        return shop_reject(
            decision, shop_Rejection_not_confirmed, "order '" ACTA_FMT "' isn't confirmed yet", ACTA_ARG(order_id));
    case shop_Phase_cancelled:
    case shop_Phase_closed:
        return shop_reject(
            decision, shop_Rejection_already_cancelled, "order '" ACTA_FMT "' is cancelled", ACTA_ARG(order_id));
    default:
        return shop_reject(
            decision, shop_Rejection_already_paid, "order '" ACTA_FMT "' is paid already", ACTA_ARG(order_id));
    }
}

static acta_verdict
place(const shop_Order *order, shop_PlaceOrder command, acta_decision *decision)
{
    if (order->phase != shop_Phase_none)
        return shop_reject(decision, shop_Rejection_already_placed, "there is an order '" ACTA_FMT "' already",
            ACTA_ARG(command.order_id));
    if (command.quantity <= 0 || command.quantity > SHOP_QUANTITY_MAX)
        return shop_reject(decision, shop_Rejection_quantity_not_positive,
            "the quantity is %" PRId64 "; it must be 1 to %" PRId64, command.quantity, SHOP_QUANTITY_MAX);
    if (command.price <= 0)
        return shop_reject(decision, shop_Rejection_price_not_positive,
            "the price is %" PRId64 "; it must be at least 1", command.price);
    uint64_t within_ms = command.pay_within_ms < PAY_WITHIN_MAX_MS ? command.pay_within_ms : PAY_WITHIN_MAX_MS;
    return shop_OrderPlaced_emit(
        decision, ACTA_INIT(shop_OrderPlaced, .order_id = command.order_id, .item_id = command.item_id,
                      .quantity = command.quantity, .price = command.price, .pay_within_ms = within_ms));
}

static acta_verdict
confirm(const shop_Order *order, shop_ConfirmOrder command, acta_decision *decision)
{
    if (order->phase == shop_Phase_none) return reject_phase(order, command.order_id, decision);
    if (order->phase != shop_Phase_placed) return acta_nothing(decision);
    int64_t until_us = acta_decision_envelope(decision)->dispatched_at_us + (int64_t)(order->pay_within_ms * 1000);
    return shop_OrderConfirmed_emit(
        decision, ACTA_INIT(shop_OrderConfirmed, .order_id = command.order_id, .pay_until_us = until_us));
}

static acta_verdict
mark_paid(const shop_Order *order, shop_MarkPaid command, acta_decision *decision)
{
    if (order->phase != shop_Phase_confirmed) return reject_phase(order, command.order_id, decision);
    if (command.amount != order->price)
        return shop_reject(decision, shop_Rejection_wrong_amount, "%" PRId64 " were paid, the price is %" PRId64,
            command.amount, order->price);
    return shop_OrderPaid_emit(decision, ACTA_INIT(shop_OrderPaid, .order_id = command.order_id,
                                             .payment_id = command.payment_id, .amount = command.amount));
}

static acta_verdict
ship(const shop_Order *order, shop_ShipOrder command, acta_decision *decision)
{
    if (order->phase == shop_Phase_shipped) return acta_nothing(decision);
    if (order->phase != shop_Phase_paid) return reject_phase(order, command.order_id, decision);
    return shop_OrderShipped_emit(decision, ACTA_INIT(shop_OrderShipped, .order_id = command.order_id));
}

static acta_verdict
cancelled(acta_str order_id, shop_Reason reason, acta_decision *decision)
{
    return shop_OrderCancelled_emit(decision, ACTA_INIT(shop_OrderCancelled, .order_id = order_id, .reason = reason,
                                                  .at_us = acta_decision_envelope(decision)->dispatched_at_us));
}

/* A customer may take back what is confirmed and not paid; before that the stock decides. */
static acta_verdict
cancel(const shop_Order *order, shop_CancelOrder command, acta_decision *decision)
{
    shop_Phase from = command.reason == shop_Reason_out_of_stock ? shop_Phase_placed : shop_Phase_confirmed;

    if (order->phase != from) return reject_phase(order, command.order_id, decision);
    shop_Reason reason = command.reason == shop_Reason_too_late ? shop_Reason_by_customer : command.reason;
    return cancelled(command.order_id, reason, decision);
}

static acta_verdict
expire(const shop_Order *order, shop_ExpireOrder command, acta_decision *decision)
{
    int64_t now_us = acta_decision_envelope(decision)->dispatched_at_us;

    if (order->phase != shop_Phase_confirmed) return reject_phase(order, command.order_id, decision);
    if (now_us < order->pay_until_us)
        return shop_reject(decision, shop_Rejection_not_due, "there are %" PRId64 " ms left to pay",
            (order->pay_until_us - now_us) / 1000);
    return cancelled(command.order_id, shop_Reason_too_late, decision);
}

static acta_verdict
close_order(const shop_Order *order, shop_CloseOrder command, acta_decision *decision)
{
    if (order->phase == shop_Phase_closed) return acta_nothing(decision);
    if (order->phase != shop_Phase_cancelled) return reject_phase(order, command.order_id, decision);
    return shop_OrderClosed_emit(decision, ACTA_INIT(shop_OrderClosed, .order_id = command.order_id));
}

static void
placed(shop_Order *order, shop_OrderPlaced event, acta_memory *memory)
{
    acta_str_assign(&order->item_id, event.item_id, memory);
    order->quantity = event.quantity;
    order->price = event.price;
    order->pay_within_ms = event.pay_within_ms;
    order->phase = shop_Phase_placed;
}

static void
confirmed(shop_Order *order, shop_OrderConfirmed event, acta_memory *memory)
{
    (void)memory;
    order->pay_until_us = event.pay_until_us;
    order->phase = shop_Phase_confirmed;
}

static void
paid(shop_Order *order, shop_OrderPaid event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    order->phase = shop_Phase_paid;
}

static void
shipped(shop_Order *order, shop_OrderShipped event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    order->phase = shop_Phase_shipped;
}

static void
was_cancelled(shop_Order *order, shop_OrderCancelled event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    order->phase = shop_Phase_cancelled;
}

static void
closed(shop_Order *order, shop_OrderClosed event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    order->phase = shop_Phase_closed;
}

const shop_Order_aggregate shop_order = SHOP_ORDER(
    .execute = {
        .PlaceOrder = place,
        .ConfirmOrder = confirm,
        .MarkPaid = mark_paid,
        .ShipOrder = ship,
        .CancelOrder = cancel,
        .ExpireOrder = expire,
        .CloseOrder = close_order,
    },
    .apply = {
        .OrderPlaced = placed,
        .OrderConfirmed = confirmed,
        .OrderPaid = paid,
        .OrderShipped = shipped,
        .OrderCancelled = was_cancelled,
        .OrderClosed = closed,
    },
    .idle_timeout_ms = 5000);
