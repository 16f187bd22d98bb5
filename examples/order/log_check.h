/*
 * The shop's auditor: goes through the log alone, and counts goods and money again. It knows the events, and nothing of the
 * aggregates, process managers and the clock that made them.
 */
#ifndef SHOP_LOG_CHECK_H
#define SHOP_LOG_CHECK_H

#include "acta/store.h"
#include "order.acta.h"

typedef struct shop_log_check shop_log_check;

typedef struct shop_log_totals {
    uint64_t events;
    uint64_t placed, shipped, closed; /* orders; placed - shipped - closed are under way */
    uint64_t too_late, out_of_stock, by_customer;
    uint64_t paid, refunded, unsettled; /* payments; unsettled: received, and neither taken nor refunded yet */
    int64_t added, free, reserved, sold;
} shop_log_totals;

/* NULL: no memory. */
shop_log_check *shop_log_check_create(void);
void shop_log_check_destroy(shop_log_check *check); /* takes NULL */

/*
 * Take the log's next event.
 * Errors: ACTA_CORRUPT: it breaks a rule, which the text begins with. All that follow fail with the same.
 *   - positions 1, 2, 3 …, versions 1, 2, 3 … of each stream
 *   - an order's events are a word of: placed (confirmed (paid shipped | cancelled closed) | cancelled closed)
 *   - of each item, free and reserved are never below 0, and added == free + reserved + sold
 *   - an order reserves once, what it ordered; it sells that, when it is paid, or releases it, when it is cancelled: once
 *   - a payment is taken by one order, whose price it is, or goes back: once, and never both
 *   - an order is shipped only when its goods are sold; closed only when nothing is reserved for it any more
 *   - an order that was cancelled as too late wasn't cancelled before its deadline
 */
acta_status shop_log_check_event(shop_log_check *check, const acta_recorded *event, acta_error *error);

/* Take all events of the store that are new since the last call. Also errors of the cursor. */
acta_status shop_log_check_read(shop_log_check *check, acta_store *store, acta_error *error);

uint64_t shop_log_check_position(const shop_log_check *check);
const shop_log_totals *shop_log_check_totals(const shop_log_check *check);

/* Of an order as the log has it; shop_Phase_none: it was never placed. */
shop_Phase shop_log_check_phase(const shop_log_check *check, acta_str order_id);

/* Of an item; all 0 when nothing was ever added. */
typedef struct shop_log_item {
    int64_t free, reserved, sold;
} shop_log_item;
shop_log_item shop_log_check_item(const shop_log_check *check, acta_str item_id);

/* How many µs behind its deadline the latest order was cancelled; 0: none was. */
int64_t shop_log_check_latest_us(const shop_log_check *check);

#endif
