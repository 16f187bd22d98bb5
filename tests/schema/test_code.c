/*
 * Generated code: tables know their roles, and numbers of commands and events lead to the right typed functions with the
 * content of the buffer. No store, no threads: the functions are called as actors/ will call them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "shop.acta.h"
#include "values.h"

static void
tables_know_what_they_are(void **state)
{
    (void)state;
    const acta_table *open_cart = acta_schema_find(&shop_schema, S("OpenCart"));

    assert_ptr_equal(open_cart, &shop_OpenCart_table);
    assert_ptr_equal(acta_schema_find(&shop_schema, S("shop.OpenCart")), &shop_OpenCart_table);
    assert_null(acta_schema_find(&shop_schema, S("opencart")));
    assert_null(acta_schema_find(&shop_schema, S("bank.OpenCart")));
    assert_null(acta_schema_find(&shop_schema, S("")));
    assert_string_equal(open_cart->name, "shop.OpenCart");
    assert_string_equal(open_cart->owner, "Cart");
    assert_int_equal(open_cart->role, ACTA_TABLE_COMMAND);
    assert_int_equal(shop_LineAdded_table.role, ACTA_TABLE_EVENT);
    assert_int_equal(shop_Cart_table.role, ACTA_TABLE_STATE);
    assert_int_equal(shop_Watcher_table.role, ACTA_TABLE_PROCESS_MANAGER);
    assert_int_equal(shop_CartRow_table.role, ACTA_TABLE_READ_MODEL);
    assert_int_equal(shop_Line_table.role, ACTA_TABLE_PLAIN);
    assert_null(shop_Cart_table.owner);
    assert_null(shop_OpenCart_table.load);
    assert_true(shop_Watcher_table.load != NULL && shop_CartRow_table.clear != NULL);
    assert_null(shop_Cart_table.identity);
    assert_true(acta_str_equal(open_cart->identity(&(shop_OpenCart){ .cart_id = S("c-1") }), S("c-1")));

    assert_int_equal(shop_schema.table_count, 14);
    assert_ptr_equal(shop_schema.tables[0], &shop_Line_table); /* the schema's order */
    assert_ptr_equal(shop_schema.tables[13], &shop_CartRow_table);
    assert_memory_equal(shop_schema.binary.data + 4, "BFBS", 4);
}

/* Known numbers: they change only when the schema does, whatever builds it. */
static void
hashes_tell_tables_apart_and_stay(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < shop_schema.table_count; i++) {
        for (uint32_t k = 0; k < i; k++)
            assert_true(shop_schema.tables[i]->schema_hash != shop_schema.tables[k]->schema_hash);
    }
    assert_true(shop_Nothing_table.schema_hash == UINT64_C(0x3f078fcfe19901d7));
    assert_true(shop_schema.hash == UINT64_C(0xd4342f88ffdd2059));
}

static void
enums_know_their_names(void **state)
{
    (void)state;
    assert_string_equal(shop_Material_name(shop_Material_wool), "wool");
    assert_string_equal(shop_Rejection_name(shop_Rejection_no_such_item), "no_such_item");
    assert_string_equal(shop_Size_name((shop_Size)6), "unknown");
    assert_int_equal(shop_Material_wool, -3);
    assert_int_equal(shop_Rejection_cart_is_closed, 1);
}

/* -- an aggregate -- */

static acta_verdict
open_cart(const shop_Cart *cart, shop_OpenCart command, acta_decision *decision)
{
    assert_ptr_equal(decision, NULL);
    assert_true(acta_str_equal(command.cart_id, S("c-1")));
    return (acta_verdict){ cart->closed ? ACTA_REJECTED : ACTA_OK };
}

static void
cart_opened(shop_Cart *cart, shop_CartOpened event, acta_memory *memory)
{
    acta_str_assign(&cart->owner, event.owner, memory);
}

static void
cart_closed(shop_Cart *cart, shop_CartClosed event, acta_memory *memory)
{
    (void)event, (void)memory;
    cart->closed = true;
}

static acta_verdict
add_line(const shop_Cart *cart, shop_AddLine command, acta_decision *decision)
{
    (void)cart, (void)command, (void)decision;
    return (acta_verdict){ ACTA_CONFLICT };
}

static const shop_Cart_aggregate cart_aggregate = SHOP_CART(.execute = { .OpenCart = open_cart, .AddLine = add_line },
    .apply = { .CartOpened = cart_opened, .LineAdded = shop_Cart_ignore_LineAdded, .CartClosed = cart_closed },
    .snapshot_every = 7, .idle_timeout_ms = 8);

static void
an_aggregates_numbers_lead_to_its_functions(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    const acta_aggregate *base = &cart_aggregate.base;
    const acta_aggregate_code *code = base->code;
    shop_Cart cart = { 0 };
    const shop_LineAdded added = { .cart_id = S("c-1"), .line = { .data = &(shop_Line){ .sku = S("x") } } };
    acta_bytes command = values_write(&shop_OpenCart_table, &(shop_OpenCart){ .cart_id = S("c-1") }, memory);
    acta_bytes opened =
        values_write(&shop_CartOpened_table, &(shop_CartOpened){ .cart_id = S("c-1"), .owner = S("eve") }, memory);

    assert_string_equal(code->name, "Cart");
    assert_string_equal(code->stream_prefix, "Cart-");
    assert_ptr_equal(code->state, &shop_Cart_table);
    assert_int_equal(base->snapshot_every, 7);
    assert_int_equal(base->idle_timeout_ms, 8);
    assert_int_equal(code->command_count, 2);
    assert_int_equal(code->event_count, 3);
    assert_ptr_equal(code->commands[1], &shop_AddLine_table);
    assert_ptr_equal(code->events[2], &shop_CartClosed_table);
    assert_null(code->missing(base));

    assert_int_equal(code->execute(base, 0, &cart, command, NULL).status, ACTA_OK);
    assert_int_equal(code->execute(base, 1, &cart, command, NULL).status, ACTA_CONFLICT);
    assert_int_equal(code->execute(base, 2, &cart, command, NULL).status, ACTA_INVALID); /* no such number */
    code->apply(base, 0, &cart, opened, memory);
    assert_true(acta_str_equal(cart.owner, S("eve")));
    code->apply(base, 1, &cart, values_write(&shop_LineAdded_table, &added, memory), memory);
    code->apply(base, 2, &cart, values_write(&shop_CartClosed_table, &(shop_CartClosed){ 0 }, memory), memory);
    assert_int_equal(code->execute(base, 0, &cart, command, NULL).status, ACTA_REJECTED);
    acta_memory_destroy(memory);
}

static void
a_function_that_is_left_out_is_named(void **state)
{
    (void)state;
    shop_Cart_aggregate given = cart_aggregate;

    given.apply.CartClosed = NULL;
    assert_string_equal(given.base.code->missing(&given.base), "apply.CartClosed");
    given.apply.LineAdded = NULL;
    assert_string_equal(given.base.code->missing(&given.base), "apply.LineAdded");
    given.execute.AddLine = NULL;
    assert_string_equal(given.base.code->missing(&given.base), "execute.AddLine");
}

/* -- a process manager -- */

static void
watch(const shop_Watcher *watcher, shop_CartOpened event, acta_commands *commands)
{
    assert_null(commands);
    assert_int_equal(watcher->seen, 3);
    assert_true(acta_str_equal(event.owner, S("eve")));
}

static void
seen(shop_Watcher *watcher, shop_LineAdded event, acta_memory *memory)
{
    (void)event, (void)memory;
    watcher->seen++;
}

static acta_failure_action
skip_all(const shop_Watcher *watcher, const acta_failure *failure, acta_commands *commands)
{
    (void)watcher, (void)failure, (void)commands;
    return ACTA_FAILURE_SKIP;
}

static const shop_Watcher_process_manager watcher_manager =
    SHOP_WATCHER(.on = { .CartOpened = { .start = shop_CartOpened_owner, .handle = watch },
                     .LineAdded = { .go_on = shop_LineAdded_cart_id, .apply = seen } },
        .error = skip_all, .retry_max = 4);

/* What a route was told to, last. */
typedef struct noted_route {
    acta_routing head;
    acta_route how;
    acta_str id;
} noted_route;

static void
note_route(acta_routing *routing, acta_route how, acta_str id)
{
    noted_route *to = (noted_route *)(void *)routing;

    to->how = how;
    to->id = id;
}

static noted_route
route_of(const acta_process_manager *base, uint32_t event, acta_bytes buffer)
{
    noted_route to = { .head = { .to = note_route } };

    base->code->route(base, event, buffer, &to.head);
    return to;
}

static void
a_process_managers_routes_lead_to_instances(void **state)
{
    (void)state;
    acta_memory *memory = acta_memory_create(NULL);
    const acta_process_manager *base = &watcher_manager.base;
    const acta_process_manager_code *code = base->code;
    const shop_LineAdded added = { .cart_id = S("c-1"), .line = { .data = &(shop_Line){ .sku = S("x") } } };
    acta_bytes opened =
        values_write(&shop_CartOpened_table, &(shop_CartOpened){ .cart_id = S("c-1"), .owner = S("eve") }, memory);
    acta_bytes of_nobody = values_write(&shop_CartOpened_table, &(shop_CartOpened){ .cart_id = S("c-1") }, memory);
    acta_bytes line = values_write(&shop_LineAdded_table, &added, memory);
    shop_Watcher watcher = { .seen = 2 };
    acta_failure_action action;

    assert_string_equal(code->name, "Watcher");
    assert_int_equal(code->event_count, 3);
    assert_int_equal(base->retry_max, 4);
    assert_null(code->missing(base));
    assert_true(code->interested(base, 0) && code->interested(base, 1) && !code->interested(base, 2));
    assert_false(code->interested(base, 3));
    noted_route to = route_of(base, 0, opened);
    assert_int_equal(to.how, ACTA_ROUTE_START);
    assert_true(acta_str_equal(to.id, S("eve")));
    assert_int_equal(route_of(base, 0, of_nobody).id.size, 0); /* the field is absent */
    to = route_of(base, 1, line);
    assert_int_equal(to.how, ACTA_ROUTE_GO_ON);
    assert_true(acta_str_equal(to.id, S("c-1")));
    assert_int_equal(route_of(base, 2, line).how, ACTA_ROUTE_NONE);
    assert_false(code->associates(base, 0));

    code->handle(base, 1, &watcher, line, NULL); /* has none */
    code->apply(base, 1, &watcher, line, memory);
    code->apply(base, 0, &watcher, opened, memory); /* has none */
    assert_int_equal(watcher.seen, 3);
    code->handle(base, 0, &watcher, opened, NULL);
    assert_true(code->error(base, &watcher, NULL, NULL, &action));
    assert_int_equal(action, ACTA_FAILURE_SKIP);
    shop_Watcher_process_manager without_error = watcher_manager;
    without_error.error = NULL;
    assert_false(code->error(&without_error.base, &watcher, NULL, NULL, &action));
    acta_memory_destroy(memory);
}

static void
a_wrong_route_is_told(void **state)
{
    (void)state;
    shop_Watcher_process_manager given = watcher_manager;
    const acta_process_manager_code *code = given.base.code;

    given.on.CartOpened.stop = shop_CartOpened_owner;
    assert_string_equal(code->missing(&given.base),
        "on.CartOpened: more than one route; keep one of .start, .start_strict, "
        ".go_on, .go_on_strict, .stop and .route");
    given = watcher_manager;
    given.on.LineAdded.go_on = NULL;
    assert_string_equal(
        code->missing(&given.base), "on.LineAdded: it is handled, but not routed; set .start, .go_on, .stop or .route");
    given = watcher_manager;
    given.on.CartOpened.handle = NULL;
    assert_string_equal(
        code->missing(&given.base), "on.CartOpened: it is routed, but does nothing; set .handle or .apply");
    memset(&given.on, 0, sizeof given.on);
    assert_string_equal(code->missing(&given.base), "on: no event is routed");
    given.on.LineAdded.stop = shop_LineAdded_cart_id; /* ending an instance is enough to do */
    assert_null(code->missing(&given.base));
}

/* -- handlers and projections -- */

static acta_status
count_lines(void *user, shop_LineAdded event, const acta_recorded *recorded, acta_error *error)
{
    (void)recorded;
    ++*(int *)user;
    return acta_str_equal(event.cart_id, S("bad")) ? acta_error_set(error, ACTA_FAILED, "a bad cart") : ACTA_OK;
}

static acta_status
project_lines(void *user, shop_LineAdded event, const acta_recorded *recorded, acta_rows *rows, acta_error *error)
{
    (void)event, (void)recorded, (void)rows, (void)error;
    ++*(int *)user;
    return ACTA_BUSY;
}

static void
handlers_and_projections_get_the_events_that_they_name(void **state)
{
    (void)state;
    int count = 0;
    acta_memory *memory = acta_memory_create(NULL);
    acta_error error;
    const shop_event_handler handler = SHOP_EVENT_HANDLER(.name = "counter", .user = &count,
        .on.LineAdded = count_lines, .start_from = ACTA_FROM_CURRENT, .window = 5);
    const shop_projection projection = SHOP_PROJECTION(.name = "rows", .user = &count, .on.LineAdded = project_lines);
    const shop_LineAdded added = { .cart_id = S("bad"), .line = { .data = &(shop_Line){ .sku = S("x") } } };
    acta_bytes line = values_write(&shop_LineAdded_table, &added, memory);

    assert_string_equal(handler.base.name, "counter");
    assert_int_equal(handler.base.start_from, ACTA_FROM_CURRENT);
    assert_int_equal(handler.base.window, 5);
    assert_true(handler.base.code->interested(&handler.base, 1));
    assert_false(handler.base.code->interested(&handler.base, 0));
    assert_int_equal(handler.base.code->handle(&handler.base, 1, line, NULL, &error), ACTA_FAILED);
    assert_int_equal(handler.base.code->handle(&handler.base, 0, line, NULL, &error), ACTA_OK);
    assert_int_equal(count, 1);

    assert_ptr_equal(projection.base.code->events[1], &shop_LineAdded_table);
    assert_true(projection.base.code->interested(&projection.base, 1));
    assert_int_equal(projection.base.code->handle(&projection.base, 1, line, NULL, NULL, &error), ACTA_BUSY);
    assert_int_equal(projection.base.code->handle(&projection.base, 2, line, NULL, NULL, &error), ACTA_OK);
    assert_int_equal(count, 2);
    acta_memory_destroy(memory);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_know_what_they_are),
        cmocka_unit_test(hashes_tell_tables_apart_and_stay),
        cmocka_unit_test(enums_know_their_names),
        cmocka_unit_test(an_aggregates_numbers_lead_to_its_functions),
        cmocka_unit_test(a_function_that_is_left_out_is_named),
        cmocka_unit_test(a_process_managers_routes_lead_to_instances),
        cmocka_unit_test(a_wrong_route_is_told),
        cmocka_unit_test(handlers_and_projections_get_the_events_that_they_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
