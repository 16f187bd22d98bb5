/*
 * The example shop: its decisions; that its auditor finds each broken rule; and that its scenario's invariants can fail.
 */
#include "log_check.h"
#include "order.h"
#include "simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "auditing.h"

enum { SEED = 3, SETTLE_MS = 600000, NOW_US = 1 /* of a test's envelope */ };

static void
on_failure(const char *message, const char *file, int line)
{
    (void)file;
    fail_msg("line %d: %s", line, message);
}

/* -- decisions -- */

static void
given_confirmed(int64_t until_us)
{
    ACTA_GIVEN(&shop_order, shop_OrderPlaced, .order_id = S("o"), .item_id = S("i"), .quantity = 2, .price = 9);
    ACTA_GIVEN(&shop_order, shop_OrderConfirmed, .order_id = S("o"), .pay_until_us = until_us);
}

static void
an_order_is_cancelled_at_its_deadline_and_not_before(void **state)
{
    (void)state;
    given_confirmed(NOW_US + 1);
    ACTA_WHEN(&shop_order, shop_ExpireOrder, .order_id = S("o"));
    ACTA_THEN_REJECTED(&shop_order, "not_due");

    given_confirmed(NOW_US);
    ACTA_WHEN(&shop_order, shop_ExpireOrder, .order_id = S("o"));
    ACTA_THEN(&shop_order, shop_OrderCancelled, .order_id = S("o"), .reason = shop_Reason_too_late, .at_us = NOW_US);
}

static void
whichever_comes_first_decides_between_payment_and_deadline(void **state)
{
    (void)state;
    given_confirmed(0);
    ACTA_GIVEN(&shop_order, shop_OrderCancelled, .order_id = S("o"), .reason = shop_Reason_too_late);
    ACTA_WHEN(&shop_order, shop_MarkPaid, .order_id = S("o"), .payment_id = S("p"), .amount = 9);
    ACTA_THEN_REJECTED(&shop_order, "already_cancelled");

    given_confirmed(0);
    ACTA_GIVEN(&shop_order, shop_OrderPaid, .order_id = S("o"), .payment_id = S("p"), .amount = 9);
    ACTA_WHEN(&shop_order, shop_ExpireOrder, .order_id = S("o"));
    ACTA_THEN_REJECTED(&shop_order, "already_paid");
}

static void
an_order_takes_its_price_and_no_other(void **state)
{
    (void)state;
    given_confirmed(0);
    ACTA_WHEN(&shop_order, shop_MarkPaid, .order_id = S("o"), .payment_id = S("p"), .amount = 8);
    ACTA_THEN_REJECTED(&shop_order, "wrong_amount");

    given_confirmed(0);
    ACTA_WHEN(&shop_order, shop_MarkPaid, .order_id = S("o"), .payment_id = S("p"), .amount = 9);
    ACTA_THEN(&shop_order, shop_OrderPaid, .order_id = S("o"), .payment_id = S("p"), .amount = 9);
}

static void
stock_that_is_not_free_is_refused_by_an_event(void **state)
{
    (void)state;
    ACTA_GIVEN(&shop_stock, shop_StockAdded, .item_id = S("i"), .quantity = 3);
    ACTA_GIVEN(&shop_stock, shop_StockReserved, .item_id = S("i"), .order_id = S("o"), .quantity = 2);
    ACTA_WHEN(&shop_stock, shop_ReserveStock, .item_id = S("i"), .order_id = S("p"), .quantity = 2);
    ACTA_THEN(&shop_stock, shop_StockRefused, .item_id = S("i"), .order_id = S("p"), .quantity = 2);

    ACTA_GIVEN(&shop_stock, shop_StockAdded, .item_id = S("i"), .quantity = 3);
    ACTA_WHEN(&shop_stock, shop_SellStock, .item_id = S("i"), .order_id = S("o"), .quantity = 1);
    ACTA_THEN_REJECTED(&shop_stock, "not_reserved");
}

static void
a_payment_goes_back_once(void **state)
{
    (void)state;
    ACTA_GIVEN(&shop_payment, shop_PaymentReceived, .payment_id = S("p"), .order_id = S("o"), .amount = 9);
    ACTA_WHEN(&shop_payment, shop_RefundPayment, .payment_id = S("p"));
    ACTA_THEN(&shop_payment, shop_PaymentRefunded, .payment_id = S("p"), .order_id = S("o"), .amount = 9);

    ACTA_GIVEN(&shop_payment, shop_PaymentReceived, .payment_id = S("p"), .order_id = S("o"), .amount = 9);
    ACTA_GIVEN(&shop_payment, shop_PaymentRefunded, .payment_id = S("p"), .order_id = S("o"), .amount = 9);
    ACTA_WHEN(&shop_payment, shop_RefundPayment, .payment_id = S("p"));
    ACTA_THEN_NOTHING(&shop_payment);
}

/* -- the auditor -- */

static const char *const streams[AUDITED_STREAMS] = { "Order-o", "Order-q", "Stock-i", "Payment-p" };

static int
setup(void **state)
{
    return set_up_audit(state, shop_log_check_create(), streams);
}

static void
confirm(audit_fixture *f)
{
    FINE("Stock-i", shop_StockAdded, .item_id = S("i"), .quantity = 5);
    FINE("Order-o", shop_OrderPlaced, .order_id = S("o"), .item_id = S("i"), .quantity = 2, .price = 9);
    FINE("Stock-i", shop_StockReserved, .item_id = S("i"), .order_id = S("o"), .quantity = 2);
    FINE("Order-o", shop_OrderConfirmed, .order_id = S("o"), .pay_until_us = 1000);
}

static void
pay(audit_fixture *f)
{
    confirm(f);
    FINE("Payment-p", shop_PaymentReceived, .payment_id = S("p"), .order_id = S("o"), .amount = 9);
    FINE("Order-o", shop_OrderPaid, .order_id = S("o"), .payment_id = S("p"), .amount = 9);
}

static void
cancel(audit_fixture *f)
{
    confirm(f);
    FINE("Order-o", shop_OrderCancelled, .order_id = S("o"), .reason = shop_Reason_too_late, .at_us = 1500);
}

static void
a_whole_order_is_fine(void **state)
{
    audit_fixture *f = *state;
    pay(f);
    FINE("Stock-i", shop_StockSold, .item_id = S("i"), .order_id = S("o"), .quantity = 2);
    FINE("Order-o", shop_OrderShipped, .order_id = S("o"));
    const shop_log_totals *totals = shop_log_check_totals(f->auditor);
    assert_int_equal(totals->shipped, 1);
    assert_int_equal(totals->free, 3);
    assert_int_equal(totals->sold, 2);
    assert_int_equal(totals->reserved, 0);
    assert_int_equal(totals->unsettled, 0);
}

static void
a_cancelled_order_is_fine(void **state)
{
    audit_fixture *f = *state;
    cancel(f);
    assert_int_equal(shop_log_check_latest_us(f->auditor), 500);
    FINE("Stock-i", shop_StockReleased, .item_id = S("i"), .order_id = S("o"), .quantity = 2);
    FINE("Order-o", shop_OrderClosed, .order_id = S("o"));
    assert_int_equal(shop_log_check_totals(f->auditor)->free, 5);
}

static void
goods_that_are_not_there_are_found(void **state)
{
    audit_fixture *f = *state;
    confirm(f);
    FINE("Order-q", shop_OrderPlaced, .order_id = S("q"), .item_id = S("i"), .quantity = 4, .price = 9);
    WRONG("stock is reserved that is not there", "Stock-i", shop_StockReserved, .item_id = S("i"), .order_id = S("q"),
        .quantity = 4);
}

static void
goods_that_are_reserved_twice_are_found(void **state)
{
    audit_fixture *f = *state;
    confirm(f);
    WRONG("stock is reserved twice, or for no order", "Stock-i", shop_StockReserved, .item_id = S("i"),
        .order_id = S("o"), .quantity = 2);
}

static void
goods_that_are_refused_though_there_are_found(void **state)
{
    audit_fixture *f = *state;
    confirm(f);
    FINE("Order-q", shop_OrderPlaced, .order_id = S("q"), .item_id = S("i"), .quantity = 3, .price = 9);
    WRONG("stock is refused that is there", "Stock-i", shop_StockRefused, .item_id = S("i"), .order_id = S("q"),
        .quantity = 3);
}

static void
goods_that_are_sold_twice_are_found(void **state)
{
    audit_fixture *f = *state;
    pay(f);
    FINE("Stock-i", shop_StockSold, .item_id = S("i"), .order_id = S("o"), .quantity = 2);
    WRONG("stock is sold twice, or was not reserved", "Stock-i", shop_StockSold, .item_id = S("i"), .order_id = S("o"),
        .quantity = 2);
}

static void
goods_that_are_sold_unpaid_are_found(void **state)
{
    audit_fixture *f = *state;
    confirm(f);
    WRONG("stock is sold for an order that is not paid", "Stock-i", shop_StockSold, .item_id = S("i"),
        .order_id = S("o"), .quantity = 2);
}

static void
goods_that_are_released_from_an_open_order_are_found(void **state)
{
    audit_fixture *f = *state;
    confirm(f);
    WRONG("stock is released of an order that is not cancelled", "Stock-i", shop_StockReleased, .item_id = S("i"),
        .order_id = S("o"), .quantity = 2);
}

static void
an_order_that_ships_nothing_is_found(void **state)
{
    audit_fixture *f = *state;
    pay(f);
    WRONG("an order is shipped without goods", "Order-o", shop_OrderShipped, .order_id = S("o"));
}

static void
an_order_that_keeps_its_goods_is_found(void **state)
{
    audit_fixture *f = *state;
    cancel(f);
    WRONG("an order is closed that still holds goods", "Order-o", shop_OrderClosed, .order_id = S("o"));
}

static void
an_order_that_is_late_too_soon_is_found(void **state)
{
    audit_fixture *f = *state;
    confirm(f);
    WRONG("an order is too late before its deadline", "Order-o", shop_OrderCancelled, .order_id = S("o"),
        .reason = shop_Reason_too_late, .at_us = 999);
}

static void
an_order_that_is_cancelled_when_paid_is_found(void **state)
{
    audit_fixture *f = *state;
    pay(f);
    WRONG("an order is cancelled that is paid or has ended", "Order-o", shop_OrderCancelled, .order_id = S("o"),
        .reason = shop_Reason_too_late, .at_us = 2000);
}

static void
money_that_goes_back_though_taken_is_found(void **state)
{
    audit_fixture *f = *state;
    pay(f);
    WRONG("a payment goes back that an order has taken", "Payment-p", shop_PaymentRefunded, .payment_id = S("p"),
        .order_id = S("o"), .amount = 9);
}

static void
money_that_goes_back_twice_is_found(void **state)
{
    audit_fixture *f = *state;
    FINE("Payment-p", shop_PaymentReceived, .payment_id = S("p"), .order_id = S("o"), .amount = 9);
    FINE("Payment-p", shop_PaymentRefunded, .payment_id = S("p"), .order_id = S("o"), .amount = 9);
    WRONG("a payment goes back twice, or was never received", "Payment-p", shop_PaymentRefunded, .payment_id = S("p"),
        .order_id = S("o"), .amount = 9);
}

static void
money_that_never_came_is_found(void **state)
{
    audit_fixture *f = *state;
    confirm(f);
    WRONG("an order is paid with money that is not there", "Order-o", shop_OrderPaid, .order_id = S("o"),
        .payment_id = S("p"), .amount = 9);
}

/* -- the scenario -- */

typedef struct scene {
    acta_sim *sim;
    acta_app *app;
    void *state;
    acta_error error;
} scene;

static void
start(scene *s)
{
    s->sim = acta_sim_create(SEED);
    assert_non_null(s->sim);
    if (s->state == NULL) {
        s->state = test_calloc(1, order_scenario.state_size);
        order_scenario.begin(s->sim, s->state);
    }
    assert_int_equal(acta_sim_start(s->sim, order_scenario.app, &s->app, &s->error), ACTA_OK);
    order_scenario.started(s->sim, s->state, s->app);
}

static acta_status
check(scene *s)
{
    return order_scenario.check(s->sim, s->state, s->app, &s->error);
}

static void
run_to_the_end(scene *s)
{
    while (!order_scenario.is_done(s->state)) {
        if (!order_scenario.act(s->sim, s->state, s->app)) acta_sim_step(s->sim);
        assert_int_equal(order_scenario.check_step(s->sim, s->state, s->app, &s->error), ACTA_OK);
    }
    assert_int_equal(acta_app_settle(s->app, SETTLE_MS, &s->error), ACTA_OK);
    if (check(s) != ACTA_OK) fail_msg("%s", s->error.text);
}

static void
finish(scene *s)
{
    order_scenario.end(s->sim, s->state);
    acta_sim_destroy(s->sim);
    test_free(s->state);
}

static void
says(scene *s, acta_status status, const char *invariant)
{
    size_t size = strlen(invariant);
    if (status != ACTA_CORRUPT || strncmp(s->error.text, invariant, size) != 0 || s->error.text[size] != ':')
        fail_msg(
            "%s, '%s' instead of '%s: …'", acta_status_name(status), status != ACTA_OK ? s->error.text : "", invariant);
}

static void
put_row(const scene *s, const char *table, const char *key, acta_bytes value)
{
    acta_transaction *transaction = acta_transaction_create(acta_app_store(s->app));
    if (value.size > 0)
        acta_transaction_put(transaction, table, acta_str_bytes(acta_str_of(key)), value);
    else
        acta_transaction_delete(transaction, table, acta_str_bytes(acta_str_of(key)));
    assert_int_equal(acta_store_commit(acta_app_store(s->app), transaction, NULL, NULL), ACTA_OK);
}

static void
rows_that_are_wrong_or_missing_are_found(void **state)
{
    (void)state;
    scene s = { 0 };
    acta_memory *memory = acta_memory_create(NULL);
    acta_memory_sink sink = acta_memory_sink_of(memory);
    shop_ItemRow item;

    start(&s);
    run_to_the_end(&s);
    assert_int_equal(shop_ItemRow_find(s.app, S("item-0"), &item, memory, &s.error), ACTA_OK);
    item.sold++;
    assert_int_equal(shop_ItemRow_table.write(&item, &sink.sink, &s.error), ACTA_OK);
    put_row(&s, "rm.shop.itemrow", "item-0", sink.bytes);
    says(&s, check(&s), "a row is not the fold of the log");
    put_row(&s, "rm.shop.itemrow", "item-0", acta_bytes_from(NULL, 0));
    says(&s, check(&s), "a row is missing");
    acta_memory_destroy(memory);
    finish(&s);
}

static void
an_order_that_never_ends_is_found(void **state)
{
    (void)state;
    scene s = { 0 };
    acta_error error;
    const shop_PlaceOrder place =
        ACTA_INIT(shop_PlaceOrder, .order_id = S("x"), .item_id = S("y"), .quantity = 1, .price = 1);

    start(&s);
    assert_int_equal(acta_dispatch(s.app, &shop_PlaceOrder_table, &place, NULL, &error), ACTA_OK);
    says(&s, check(&s), "an order has not ended");
    finish(&s);
}

static void
a_payment_that_lies_about_is_found(void **state)
{
    (void)state;
    scene s = { 0 };
    acta_error error;
    const shop_Pay pay_nobody = ACTA_INIT(shop_Pay, .payment_id = S("x"), .order_id = S("y"), .amount = 1);

    start(&s);
    assert_int_equal(acta_dispatch(s.app, &shop_Pay_table, &pay_nobody, NULL, &error), ACTA_OK);
    says(&s, check(&s), "a payment was neither taken nor refunded");
    finish(&s);
}

static void
a_log_that_lost_its_end_is_found(void **state)
{
    (void)state;
    scene s = { 0 };

    start(&s);
    run_to_the_end(&s);
    acta_sim_destroy(s.sim);
    start(&s); /* over an empty disk */
    says(&s, order_scenario.check_step(s.sim, s.state, s.app, &s.error), "the end of the log is lost");
    finish(&s);
}

#define RULE(name) cmocka_unit_test_setup_teardown(name, setup, tear_down_audit)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_cancelled_at_its_deadline_and_not_before),
        cmocka_unit_test(whichever_comes_first_decides_between_payment_and_deadline),
        cmocka_unit_test(an_order_takes_its_price_and_no_other),
        cmocka_unit_test(stock_that_is_not_free_is_refused_by_an_event),
        cmocka_unit_test(a_payment_goes_back_once),
        RULE(a_whole_order_is_fine),
        RULE(a_cancelled_order_is_fine),
        RULE(goods_that_are_not_there_are_found),
        RULE(goods_that_are_reserved_twice_are_found),
        RULE(goods_that_are_refused_though_there_are_found),
        RULE(goods_that_are_sold_twice_are_found),
        RULE(goods_that_are_sold_unpaid_are_found),
        RULE(goods_that_are_released_from_an_open_order_are_found),
        RULE(an_order_that_ships_nothing_is_found),
        RULE(an_order_that_keeps_its_goods_is_found),
        RULE(an_order_that_is_late_too_soon_is_found),
        RULE(an_order_that_is_cancelled_when_paid_is_found),
        RULE(money_that_goes_back_though_taken_is_found),
        RULE(money_that_goes_back_twice_is_found),
        RULE(money_that_never_came_is_found),
        cmocka_unit_test(rows_that_are_wrong_or_missing_are_found),
        cmocka_unit_test(an_order_that_never_ends_is_found),
        cmocka_unit_test(a_payment_that_lies_about_is_found),
        cmocka_unit_test(a_log_that_lost_its_end_is_found),
    };
    acta_test_on_failure(on_failure);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
