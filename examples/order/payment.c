/*
 * Payment: money that came for an order, and whether it went back. It doesn't know whether the order wants it.
 *
 *     (none) -- Pay --> received -- RefundPayment --> refunded
 */
#include "order.h"

#include <inttypes.h>

static acta_verdict
pay(const shop_Payment *payment, shop_Pay command, acta_decision *decision)
{
    if (payment->order_id.size > 0)
        return shop_reject(decision, shop_Rejection_already_received,
            "payment '" ACTA_FMT "' was received for '" ACTA_FMT "'", ACTA_ARG(command.payment_id),
            ACTA_ARG(payment->order_id));
    if (command.amount <= 0)
        return shop_reject(decision, shop_Rejection_price_not_positive,
            "the amount is %" PRId64 "; it must be at least 1", command.amount);
    if (command.order_id.size == 0)
        return shop_reject(decision, shop_Rejection_no_such_order, "a payment needs an order");
    return shop_PaymentReceived_emit(decision, ACTA_INIT(shop_PaymentReceived, .payment_id = command.payment_id,
                                                   .order_id = command.order_id, .amount = command.amount));
}

static acta_verdict
refund(const shop_Payment *payment, shop_RefundPayment command, acta_decision *decision)
{
    if (payment->order_id.size == 0)
        return shop_reject(decision, shop_Rejection_no_such_payment, "there is no payment '" ACTA_FMT "'",
            ACTA_ARG(command.payment_id));
    if (payment->refunded) return acta_nothing(decision);
    return shop_PaymentRefunded_emit(decision, ACTA_INIT(shop_PaymentRefunded, .payment_id = command.payment_id,
                                                   .order_id = payment->order_id, .amount = payment->amount));
}

static void
received(shop_Payment *payment, shop_PaymentReceived event, acta_memory *memory)
{
    acta_str_assign(&payment->order_id, event.order_id, memory);
    payment->amount = event.amount;
}

static void
refunded(shop_Payment *payment, shop_PaymentRefunded event, acta_memory *memory)
{
    (void)event;
    (void)memory;
    payment->refunded = true;
}

const shop_Payment_aggregate shop_payment = SHOP_PAYMENT(.execute = { .Pay = pay, .RefundPayment = refund },
    .apply = { .PaymentReceived = received, .PaymentRefunded = refunded }, .idle_timeout_ms = 5000);
