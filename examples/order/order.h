/*
 * The shop's parts, for a program, a test or a simulation to put together:
 *
 *     commands -> shop_order, shop_stock, shop_payment       aggregates: decide             (order.c, stock.c, payment.c)
 *                     | events
 *                     +-> shop_fulfilment, shop_settlement   process managers               (fulfilment.c)
 *                     +-> read models                        rows for people and the clock  (read_models.c)
 *                                |
 *                     clock <----+ orders to pay for         an actor with a timer          (deadlines.c)
 *                       | ExpireOrder, when it is time
 *
 * The types and their readers, writers and dispatchers are generated from order.fbs into order.acta.h.
 */
#ifndef SHOP_ORDER_H
#define SHOP_ORDER_H

#include "acta/app.h"
#include "order.acta.h"

/* The largest quantity of a command, so that no sum of them overflows. */
#define SHOP_QUANTITY_MAX INT64_C(1000000000)

extern const shop_Order_aggregate shop_order;
extern const shop_Stock_aggregate shop_stock;
extern const shop_Payment_aggregate shop_payment;
extern const shop_Fulfilment_process_manager shop_fulfilment;
extern const shop_Settlement_process_manager shop_settlement;
extern const shop_projection shop_order_rows;    /* OrderRow */
extern const shop_projection shop_item_rows;     /* ItemRow */
extern const shop_projection shop_deadline_rows; /* DeadlineRow */

/* All of them, as acta_app_config wants its lists. */
extern const acta_aggregate *const shop_aggregates[];
extern const acta_process_manager *const shop_process_managers[];
extern const acta_projection *const shop_projections[];

/*
 * Start the clock of a running application: each order that isn't paid in time is cancelled, soon after its deadline. It
 * remembers nothing: the rows say what it waits for, so that it goes on after a crash where it was.
 *   tick_ms  how often it looks at most
 * Errors: those of acta_spawn. It ends with the application.
 */
acta_status shop_clock_start(acta_app *app, uint32_t tick_ms, acta_error *error);

#endif
