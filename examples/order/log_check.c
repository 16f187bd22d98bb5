/*
 * The shop's auditor. See log_check.h for the rules; what is of any log stands in examples/audit/.
 *
 *     event -> rule of its type -> entry of its stream, and of the order, item or payment that it names -> totals
 */
#include "log_check.h"

#include "audit.h"

/* What an order has of the stock. */
typedef enum goods { GOODS_NONE, GOODS_RESERVED, GOODS_REFUSED, GOODS_RELEASED, GOODS_SOLD } goods;

/* Where a payment is. */
typedef enum money { MONEY_NONE, MONEY_RECEIVED, MONEY_TAKEN, MONEY_REFUNDED } money;

typedef struct shop_entry {
    audit_stream stream;

    /* An order. */
    shop_Phase phase;
    goods goods;
    struct shop_entry *item;
    int64_t quantity, price, pay_until_us;

    shop_log_item stock; /* of an item */

    /* A payment. */
    money money;
    struct shop_entry *order;
    int64_t amount;
} entry;

struct shop_log_check {
    audit audit;
    shop_log_totals totals;
    int64_t latest_us;
};

/* -- orders -- */

static const char *
take_placed(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    shop_log_check *check = (shop_log_check *)auditor;
    entry *e = (entry *)stream;
    shop_OrderPlaced event;
    shop_OrderPlaced_read(payload, &event);
    if (!audit_is_named(&e->stream, "Order-", event.order_id)) return "an event is another order's";
    if (e->phase != shop_Phase_none) return "an order is placed twice";
    if (event.quantity <= 0 || event.price <= 0) return "an order is one of nothing";
    e->item = audit_entry(&check->audit, "Stock-", event.item_id);
    if (e->item == NULL) return "no memory";

    e->phase = shop_Phase_placed;
    e->quantity = event.quantity;
    e->price = event.price;
    check->totals.placed++;
    return NULL;
}

static const char *
take_confirmed(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    (void)auditor;
    entry *e = (entry *)stream;
    shop_OrderConfirmed event;
    shop_OrderConfirmed_read(payload, &event);
    if (!audit_is_named(&e->stream, "Order-", event.order_id)) return "an event is another order's";
    if (e->phase != shop_Phase_placed) return "an order is confirmed that does not wait for it";
    if (e->goods != GOODS_RESERVED) return "an order is confirmed without goods";
    e->phase = shop_Phase_confirmed;
    e->pay_until_us = event.pay_until_us;
    return NULL;
}

static const char *
take_paid(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    shop_log_check *check = (shop_log_check *)auditor;
    entry *e = (entry *)stream;
    shop_OrderPaid event;
    shop_OrderPaid_read(payload, &event);
    if (!audit_is_named(&e->stream, "Order-", event.order_id)) return "an event is another order's";
    if (e->phase != shop_Phase_confirmed) return "an order is paid that does not wait for it";
    if (event.amount != e->price) return "an order is paid with another amount";
    entry *payment = audit_find(&check->audit, "Payment-", event.payment_id);
    if (payment == NULL || payment->money != MONEY_RECEIVED) return "an order is paid with money that is not there";
    if (payment->order != e || payment->amount != event.amount) return "an order is paid with another's money";

    e->phase = shop_Phase_paid;
    payment->money = MONEY_TAKEN;
    check->totals.paid++;
    check->totals.unsettled--;
    return NULL;
}

static const char *
take_shipped(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    shop_log_check *check = (shop_log_check *)auditor;
    entry *e = (entry *)stream;
    shop_OrderShipped event;
    shop_OrderShipped_read(payload, &event);
    if (!audit_is_named(&e->stream, "Order-", event.order_id)) return "an event is another order's";
    if (e->phase != shop_Phase_paid) return "an order is shipped that is not paid";
    if (e->goods != GOODS_SOLD) return "an order is shipped without goods";
    e->phase = shop_Phase_shipped;
    check->totals.shipped++;
    return NULL;
}

static const char *
take_too_late(shop_log_check *check, const entry *e, int64_t at_us)
{
    if (e->phase != shop_Phase_confirmed) return "an order is too late that has no deadline";
    if (at_us < e->pay_until_us) return "an order is too late before its deadline";
    if (at_us - e->pay_until_us > check->latest_us) check->latest_us = at_us - e->pay_until_us;
    check->totals.too_late++;
    return NULL;
}

static const char *
take_cancelled(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    shop_log_check *check = (shop_log_check *)auditor;
    entry *e = (entry *)stream;
    const char *wrong = NULL;
    shop_OrderCancelled event;
    shop_OrderCancelled_read(payload, &event);
    if (!audit_is_named(&e->stream, "Order-", event.order_id)) return "an event is another order's";
    if (e->phase != shop_Phase_placed && e->phase != shop_Phase_confirmed)
        return "an order is cancelled that is paid or has ended";

    if (event.reason == shop_Reason_too_late) {
        wrong = take_too_late(check, e, event.at_us);
    } else if (event.reason == shop_Reason_out_of_stock) {
        if (e->goods != GOODS_REFUSED) wrong = "an order is out of stock that was not refused any";
        check->totals.out_of_stock++;
    } else {
        check->totals.by_customer++;
    }
    e->phase = shop_Phase_cancelled;
    return wrong;
}

static const char *
take_closed(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    shop_log_check *check = (shop_log_check *)auditor;
    entry *e = (entry *)stream;
    shop_OrderClosed event;
    shop_OrderClosed_read(payload, &event);
    if (!audit_is_named(&e->stream, "Order-", event.order_id)) return "an event is another order's";
    if (e->phase != shop_Phase_cancelled) return "an order is closed that is not cancelled";
    if (e->goods == GOODS_RESERVED) return "an order is closed that still holds goods";
    e->phase = shop_Phase_closed;
    check->totals.closed++;
    return NULL;
}

/* -- stock -- */

static const char *
take_added(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    shop_log_check *check = (shop_log_check *)auditor;
    entry *e = (entry *)stream;
    shop_StockAdded event;
    shop_StockAdded_read(payload, &event);
    if (!audit_is_named(&e->stream, "Stock-", event.item_id)) return "an event is another item's";
    if (event.quantity <= 0) return "nothing is added to a stock";
    if (__builtin_add_overflow(check->totals.added, event.quantity, &check->totals.added))
        return "there is more than can be counted";
    e->stock.free += event.quantity;
    check->totals.free += event.quantity;
    return NULL;
}

/* A change of an order's goods: the order, if it has goods in state `from`, of this item and quantity. */
static entry *
order_with(const shop_log_check *check, const entry *item, acta_str order_id, int64_t quantity, goods from)
{
    entry *order = audit_find(&check->audit, "Order-", order_id);
    bool good = order != NULL && order->item == item && order->quantity == quantity && order->goods == from;
    return good ? order : NULL;
}

static const char *
take_reserved(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    shop_log_check *check = (shop_log_check *)auditor;
    entry *e = (entry *)stream;
    shop_StockReserved event;
    shop_StockReserved_read(payload, &event);
    if (!audit_is_named(&e->stream, "Stock-", event.item_id)) return "an event is another item's";
    entry *order = order_with(check, e, event.order_id, event.quantity, GOODS_NONE);
    if (order == NULL) return "stock is reserved twice, or for no order";
    if (event.quantity > e->stock.free) return "stock is reserved that is not there";

    order->goods = GOODS_RESERVED;
    e->stock.free -= event.quantity;
    e->stock.reserved += event.quantity;
    check->totals.free -= event.quantity;
    check->totals.reserved += event.quantity;
    return NULL;
}

static const char *
take_refused(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    shop_log_check *check = (shop_log_check *)auditor;
    entry *e = (entry *)stream;
    shop_StockRefused event;
    shop_StockRefused_read(payload, &event);
    if (!audit_is_named(&e->stream, "Stock-", event.item_id)) return "an event is another item's";
    entry *order = order_with(check, e, event.order_id, event.quantity, GOODS_NONE);
    if (order == NULL) return "stock is refused twice, or to no order";
    if (event.quantity <= e->stock.free) return "stock is refused that is there";
    order->goods = GOODS_REFUSED;
    return NULL;
}

static const char *
take_released(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    shop_log_check *check = (shop_log_check *)auditor;
    entry *e = (entry *)stream;
    shop_StockReleased event;
    shop_StockReleased_read(payload, &event);
    if (!audit_is_named(&e->stream, "Stock-", event.item_id)) return "an event is another item's";
    entry *order = order_with(check, e, event.order_id, event.quantity, GOODS_RESERVED);
    if (order == NULL) return "stock is released that was not reserved";
    if (order->phase != shop_Phase_cancelled) return "stock is released of an order that is not cancelled";

    order->goods = GOODS_RELEASED;
    e->stock.reserved -= event.quantity;
    e->stock.free += event.quantity;
    check->totals.reserved -= event.quantity;
    check->totals.free += event.quantity;
    return NULL;
}

static const char *
take_sold(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    shop_log_check *check = (shop_log_check *)auditor;
    entry *e = (entry *)stream;
    shop_StockSold event;
    shop_StockSold_read(payload, &event);
    if (!audit_is_named(&e->stream, "Stock-", event.item_id)) return "an event is another item's";
    entry *order = order_with(check, e, event.order_id, event.quantity, GOODS_RESERVED);
    if (order == NULL) return "stock is sold twice, or was not reserved";
    if (order->phase != shop_Phase_paid) return "stock is sold for an order that is not paid";

    order->goods = GOODS_SOLD;
    e->stock.reserved -= event.quantity;
    e->stock.sold += event.quantity;
    check->totals.reserved -= event.quantity;
    check->totals.sold += event.quantity;
    return NULL;
}

/* -- payments -- */

static const char *
take_received(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    shop_log_check *check = (shop_log_check *)auditor;
    entry *e = (entry *)stream;
    shop_PaymentReceived event;
    shop_PaymentReceived_read(payload, &event);
    if (!audit_is_named(&e->stream, "Payment-", event.payment_id)) return "an event is another payment's";
    if (e->money != MONEY_NONE) return "a payment is received twice";
    if (event.amount <= 0) return "a payment is one of nothing";
    e->order = audit_entry(&check->audit, "Order-", event.order_id);
    if (e->order == NULL) return "no memory";
    e->money = MONEY_RECEIVED;
    e->amount = event.amount;
    check->totals.unsettled++;
    return NULL;
}

static const char *
take_refunded(audit *auditor, audit_stream *stream, acta_bytes payload)
{
    shop_log_check *check = (shop_log_check *)auditor;
    entry *e = (entry *)stream;
    shop_PaymentRefunded event;
    shop_PaymentRefunded_read(payload, &event);
    if (!audit_is_named(&e->stream, "Payment-", event.payment_id)) return "an event is another payment's";
    if (e->money == MONEY_TAKEN) return "a payment goes back that an order has taken";
    if (e->money != MONEY_RECEIVED) return "a payment goes back twice, or was never received";
    if (event.amount != e->amount) return "a payment goes back in another amount";
    e->money = MONEY_REFUNDED;
    check->totals.refunded++;
    check->totals.unsettled--;
    return NULL;
}

static const audit_rule rules[] = {
    { &shop_OrderPlaced_table, take_placed },
    { &shop_OrderConfirmed_table, take_confirmed },
    { &shop_OrderPaid_table, take_paid },
    { &shop_OrderShipped_table, take_shipped },
    { &shop_OrderCancelled_table, take_cancelled },
    { &shop_OrderClosed_table, take_closed },
    { &shop_StockAdded_table, take_added },
    { &shop_StockReserved_table, take_reserved },
    { &shop_StockRefused_table, take_refused },
    { &shop_StockReleased_table, take_released },
    { &shop_StockSold_table, take_sold },
    { &shop_PaymentReceived_table, take_received },
    { &shop_PaymentRefunded_table, take_refunded },
};

static const char *
count_event(audit *auditor)
{
    ((shop_log_check *)auditor)->totals.events++;
    return NULL;
}

static const audit_domain domain = {
    .entry_size = sizeof(entry),
    .rules = rules,
    .rule_count = sizeof rules / sizeof rules[0],
    .taken = count_event,
};

acta_status
shop_log_check_event(shop_log_check *check, const acta_recorded *event, acta_error *error)
{
    return audit_event(&check->audit, event, error);
}

acta_status
shop_log_check_read(shop_log_check *check, acta_store *store, acta_error *error)
{
    return audit_read(&check->audit, store, error);
}

uint64_t
shop_log_check_position(const shop_log_check *check)
{
    return check->audit.position;
}

const shop_log_totals *
shop_log_check_totals(const shop_log_check *check)
{
    return &check->totals;
}

shop_Phase
shop_log_check_phase(const shop_log_check *check, acta_str order_id)
{
    const entry *e = audit_find(&check->audit, "Order-", order_id);
    return e != NULL ? e->phase : shop_Phase_none;
}

shop_log_item
shop_log_check_item(const shop_log_check *check, acta_str item_id)
{
    const entry *e = audit_find(&check->audit, "Stock-", item_id);
    return e != NULL ? e->stock : (shop_log_item){ 0 };
}

int64_t
shop_log_check_latest_us(const shop_log_check *check)
{
    return check->latest_us;
}

shop_log_check *
shop_log_check_create(void)
{
    return audit_create(&domain, sizeof(shop_log_check));
}

void
shop_log_check_destroy(shop_log_check *check)
{
    audit_destroy(check);
}
