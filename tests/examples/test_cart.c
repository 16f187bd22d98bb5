/*
 * The cart, given events, when a command, then events; and the question that came later, over events from before it.
 */
#include "cart.h"

#include "given.h"

#include "acta/memory_engine.h"

static void
given_tea(void)
{
    ACTA_GIVEN(&cart_cart, cart_ItemAdded, .cart_id = S("c"), .item = S("tea"));
}

static void
what_is_added_can_be_removed_once(void **state)
{
    (void)state;
    ACTA_WHEN(&cart_cart, cart_AddItem, .cart_id = S("c"), .item = S("tea"));
    ACTA_THEN(&cart_cart, cart_ItemAdded, .cart_id = S("c"), .item = S("tea"));

    given_tea();
    ACTA_WHEN(&cart_cart, cart_RemoveItem, .cart_id = S("c"), .item = S("tea"));
    ACTA_THEN(&cart_cart, cart_ItemRemoved, .cart_id = S("c"), .item = S("tea"));

    given_tea();
    ACTA_GIVEN(&cart_cart, cart_ItemRemoved, .cart_id = S("c"), .item = S("tea"));
    ACTA_WHEN(&cart_cart, cart_RemoveItem, .cart_id = S("c"), .item = S("tea"));
    ACTA_THEN_REJECTED(&cart_cart, "not_in_cart");
}

static void
two_of_a_kind_are_removed_one_by_one(void **state)
{
    (void)state;
    given_tea();
    given_tea();
    ACTA_GIVEN(&cart_cart, cart_ItemRemoved, .cart_id = S("c"), .item = S("tea"));
    ACTA_WHEN(&cart_cart, cart_RemoveItem, .cart_id = S("c"), .item = S("tea"));
    ACTA_THEN(&cart_cart, cart_ItemRemoved, .cart_id = S("c"), .item = S("tea"));
}

static void
an_empty_cart_is_not_checked_out(void **state)
{
    (void)state;
    ACTA_WHEN(&cart_cart, cart_CheckOut, .cart_id = S("c"));
    ACTA_THEN_REJECTED(&cart_cart, "is_empty");

    given_tea();
    ACTA_WHEN(&cart_cart, cart_CheckOut, .cart_id = S("c"));
    ACTA_THEN(&cart_cart, cart_CheckedOut, .cart_id = S("c"));
}

static void
what_is_checked_out_changes_no_more(void **state)
{
    (void)state;
    for (int command = 0; command < 3; command++) {
        given_tea();
        ACTA_GIVEN(&cart_cart, cart_CheckedOut, .cart_id = S("c"));
        if (command == 0) ACTA_WHEN(&cart_cart, cart_AddItem, .cart_id = S("c"), .item = S("tea"));
        if (command == 1) ACTA_WHEN(&cart_cart, cart_RemoveItem, .cart_id = S("c"), .item = S("tea"));
        if (command == 2) ACTA_WHEN(&cart_cart, cart_CheckOut, .cart_id = S("c"));
        ACTA_THEN_REJECTED(&cart_cart, "checked_out");
    }
}

/* -- the question that came later -- */

enum { PATIENCE_MS = 120000 };

static void
must(acta_status status, const acta_error *error)
{
    if (status != ACTA_OK) fail_msg("%s", error->text);
}

static acta_app *
start(acta_disk *disk, const acta_projection *const *projections)
{
    static const acta_aggregate *const aggregates[] = { &cart_cart.base, NULL };
    const acta_app_config config = { .schema = &cart_schema,
        .aggregates = aggregates,
        .projections = projections,
        .store = { .engine = acta_memory_engine(disk) } };
    acta_error error;
    acta_app *app;

    must(acta_app_start(&config, &app, &error), &error);
    return app;
}

static void
a_projection_that_comes_later_counts_old_events(void **state)
{
    static const acta_projection *const projections[] = { &cart_removed_rows.base, NULL };
    const acta_dispatch_options patiently = { .timeout_ms = PATIENCE_MS };
    acta_disk *disk = acta_disk_create(NULL);
    acta_error error;
    cart_RemovedRow row;

    (void)state;
    acta_app *app = start(disk, NULL);
    for (int i = 0; i < 2; i++) {
        must(cart_AddItem_dispatch(
                 app, ACTA_INIT(cart_AddItem, .cart_id = S("c"), .item = S("tea")), &patiently, &error),
            &error);
        must(cart_RemoveItem_dispatch(
                 app, ACTA_INIT(cart_RemoveItem, .cart_id = S("c"), .item = S("tea")), &patiently, &error),
            &error);
    }
    must(acta_app_stop(app, PATIENCE_MS, &error), &error);

    app = start(disk, projections);
    must(acta_app_settle(app, PATIENCE_MS, &error), &error);
    must(cart_RemovedRow_find(app, S("tea"), &row, NULL, &error), &error);
    assert_int_equal(row.times, 2);
    must(acta_app_stop(app, PATIENCE_MS, &error), &error);
    acta_disk_destroy(disk);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_can_be_removed_once),
        cmocka_unit_test(two_of_a_kind_are_removed_one_by_one),
        cmocka_unit_test(an_empty_cart_is_not_checked_out),
        cmocka_unit_test(what_is_checked_out_changes_no_more),
        cmocka_unit_test(a_projection_that_comes_later_counts_old_events),
    };
    acta_test_on_failure(fail_here);
    return cmocka_run_group_tests_name("cart", tests, NULL, NULL);
}
