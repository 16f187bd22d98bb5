/*
 * Two process managers, which meet in the order: it decides which of payment and deadline came first.
 *
 *     Fulfilment, one an order                               Settlement, one a payment
 *     OrderPlaced    -> ReserveStock                         PaymentReceived -> MarkPaid -- refused --> RefundPayment
 *     StockReserved  -> ConfirmOrder                         OrderPaid       -> it ends
 *     StockRefused   -> CancelOrder (out of stock)           PaymentRefunded -> it ends
 *     OrderPaid      -> SellStock
 *     StockSold      -> ShipOrder
 *     OrderShipped   -> it ends
 *     OrderCancelled -> ReleaseStock, if there is any reserved; else CloseOrder
 *     StockReleased  -> CloseOrder
 *     OrderClosed    -> it ends
 *
 * Invariants
 *  - Only a refusal turns a payment round. What may pass is tried again.
 *  - Money that no order wants goes back, whenever it comes.
 */
#include "order.h"

static void
reserve(const shop_Fulfilment *f, shop_OrderPlaced event, acta_commands *commands)
{
    (void)f;
    shop_ReserveStock_send(commands,
        ACTA_INIT(shop_ReserveStock, .item_id = event.item_id, .order_id = event.order_id, .quantity = event.quantity));
}

static void
placed(shop_Fulfilment *f, shop_OrderPlaced event, acta_memory *memory)
{
    acta_str_assign(&f->item_id, event.item_id, memory);
    f->quantity = event.quantity;
}

static void
confirm(const shop_Fulfilment *f, shop_StockReserved event, acta_commands *commands)
{
    (void)f;
    shop_ConfirmOrder_send(commands, ACTA_INIT(shop_ConfirmOrder, .order_id = event.order_id));
}

static void
reserved(shop_Fulfilment *f, shop_StockReserved event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    f->is_reserved = true;
}

static void
cancel(const shop_Fulfilment *f, shop_StockRefused event, acta_commands *commands)
{
    (void)f;
    shop_CancelOrder_send(
        commands, ACTA_INIT(shop_CancelOrder, .order_id = event.order_id, .reason = shop_Reason_out_of_stock));
}

static void
sell(const shop_Fulfilment *f, shop_OrderPaid event, acta_commands *commands)
{
    shop_SellStock_send(commands,
        ACTA_INIT(shop_SellStock, .item_id = f->item_id, .order_id = event.order_id, .quantity = f->quantity));
}

static void
ship(const shop_Fulfilment *f, shop_StockSold event, acta_commands *commands)
{
    (void)f;
    shop_ShipOrder_send(commands, ACTA_INIT(shop_ShipOrder, .order_id = event.order_id));
}

static void
release_or_close(const shop_Fulfilment *f, shop_OrderCancelled event, acta_commands *commands)
{
    if (f->is_reserved)
        shop_ReleaseStock_send(commands,
            ACTA_INIT(shop_ReleaseStock, .item_id = f->item_id, .order_id = event.order_id, .quantity = f->quantity));
    else
        shop_CloseOrder_send(commands, ACTA_INIT(shop_CloseOrder, .order_id = event.order_id));
}

static void
close_order(const shop_Fulfilment *f, shop_StockReleased event, acta_commands *commands)
{
    (void)f;
    shop_CloseOrder_send(commands, ACTA_INIT(shop_CloseOrder, .order_id = event.order_id));
}

/* The steps follow from each other, so a refusal can only be one of a step that was made before. */
static acta_failure_action
skip_or_retry(const shop_Fulfilment *f, const acta_failure *failure, acta_commands *commands)
{
    (void)f;
    (void)commands;
    return failure->status == ACTA_REJECTED ? ACTA_FAILURE_SKIP : ACTA_FAILURE_RETRY;
}

const shop_Fulfilment_process_manager shop_fulfilment = SHOP_FULFILMENT(
    .on = {
        .OrderPlaced = { .start = shop_OrderPlaced_order_id, .handle = reserve, .apply = placed },
        .StockReserved = { .go_on = shop_StockReserved_order_id, .handle = confirm, .apply = reserved },
        .StockRefused = { .go_on = shop_StockRefused_order_id, .handle = cancel },
        .OrderPaid = { .go_on = shop_OrderPaid_order_id, .handle = sell },
        .StockSold = { .go_on = shop_StockSold_order_id, .handle = ship },
        .OrderShipped = { .stop = shop_OrderShipped_order_id },
        .OrderCancelled = { .go_on = shop_OrderCancelled_order_id, .handle = release_or_close },
        .StockReleased = { .go_on = shop_StockReleased_order_id, .handle = close_order },
        .OrderClosed = { .stop = shop_OrderClosed_order_id },
    },
    .error = skip_or_retry,
    .idle_timeout_ms = 5000);

static void
mark_paid(const shop_Settlement *s, shop_PaymentReceived event, acta_commands *commands)
{
    (void)s;
    shop_MarkPaid_send(commands,
        ACTA_INIT(shop_MarkPaid, .order_id = event.order_id, .payment_id = event.payment_id, .amount = event.amount));
}

static void
received(shop_Settlement *s, shop_PaymentReceived event, acta_memory *memory)
{
    acta_str_assign(&s->order_id, event.order_id, memory);
}

static acta_failure_action
refund_or_retry(const shop_Settlement *s, const acta_failure *failure, acta_commands *commands)
{
    shop_MarkPaid refused;

    (void)s;
    /* ACTA_INVALID: no order can have such a name. */
    if (failure->status != ACTA_REJECTED && failure->status != ACTA_INVALID) return ACTA_FAILURE_RETRY;
    if (failure->command != &shop_MarkPaid_table) return ACTA_FAILURE_SKIP; /* the refund was made before */
    shop_MarkPaid_read(failure->payload, &refused);
    shop_RefundPayment_send(commands, ACTA_INIT(shop_RefundPayment, .payment_id = refused.payment_id));
    return ACTA_FAILURE_REPLACE;
}

const shop_Settlement_process_manager shop_settlement = SHOP_SETTLEMENT(
    .on = {
        .PaymentReceived = { .start = shop_PaymentReceived_payment_id, .handle = mark_paid, .apply = received },
        .OrderPaid = { .stop = shop_OrderPaid_payment_id },
        .PaymentRefunded = { .stop = shop_PaymentRefunded_payment_id },
    },
    .error = refund_or_retry,
    .idle_timeout_ms = 5000);
