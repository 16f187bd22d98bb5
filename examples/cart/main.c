/*
 * Three customers fill carts; later somebody asks what they took out again.
 *
 *     $ build/examples/cart/cart shop
 *     $ build/examples/cart/cart removed
 *
 * `shop` is the program as it was: without a projection. `removed` is the program as it is when the question came.
 */
#include "cart.h"

#include <inttypes.h>
#include <stdio.h>

static const acta_aggregate *const aggregates[] = { &cart_cart.base, NULL };
static const acta_projection *const projections[] = { &cart_removed_rows.base, NULL };

/* -- the program as it was -- */

typedef enum deed { ADD, REMOVE, CHECK_OUT } deed;
static const char *const deeds[] = { "add", "remove", "check out" };

typedef struct step {
    const char *customer;
    deed deed;
    const char *item;
} step;

static const step steps[] = {
    { "ann", ADD, "tea" }, { "ann", ADD, "honey" }, { "ann", REMOVE, "honey" }, { "bob", ADD, "honey" },
    { "bob", ADD, "bread" }, { "bob", REMOVE, "honey" }, { "bob", REMOVE, "tea" }, /* it isn't in */
    { "cem", ADD, "bread" }, { "cem", REMOVE, "bread" }, { "cem", CHECK_OUT, "" }, /* there is nothing left */
    { "ann", CHECK_OUT, "" }, { "bob", CHECK_OUT, "" }, { "bob", ADD, "honey" },   /* too late */
};
enum { STEP_COUNT = sizeof steps / sizeof steps[0] };

/* The id makes a step one that is done once: asked again, the first answer is given, and nothing happens. */
static acta_status
take_step(acta_app *app, uint32_t number, acta_error *error)
{
    const step *s = &steps[number];
    const acta_str cart_id = acta_str_of(s->customer), item = acta_str_of(s->item);
    char name[32];

    snprintf(name, sizeof name, "step-%" PRIu32, number);
    const acta_dispatch_options options = { .command_id = acta_id_of(acta_str_of(name)) };
    switch (s->deed) {
    case ADD:
        return cart_AddItem_dispatch(app, ACTA_INIT(cart_AddItem, .cart_id = cart_id, .item = item), &options, error);
    case REMOVE:
        return cart_RemoveItem_dispatch(
            app, ACTA_INIT(cart_RemoveItem, .cart_id = cart_id, .item = item), &options, error);
    default:
        return cart_CheckOut_dispatch(app, ACTA_INIT(cart_CheckOut, .cart_id = cart_id), &options, error);
    }
}

static acta_status
shop(acta_app *app, acta_error *error)
{
    for (uint32_t i = 0; i < STEP_COUNT; i++) {
        acta_status status = take_step(app, i, error);
        if (status != ACTA_OK && status != ACTA_REJECTED) return status;
        printf("%s: %-9s %-5s  %s\n", steps[i].customer, deeds[steps[i].deed], steps[i].item,
            status == ACTA_OK ? "done" : error->text);
    }
    return ACTA_OK;
}

/* -- the program as it is now -- */

static bool
print_row(void *user, const cart_RemovedRow *row)
{
    (void)user;
    printf("%-5.*s  taken out again %" PRIu32 " x\n", ACTA_ARG(row->item), row->times);
    return true;
}

static acta_status
print_removed(acta_app *app, acta_error *error)
{
    acta_status status = acta_app_settle(app, 5000, error); /* until the projection has read the whole log */
    if (status != ACTA_OK) return status;
    return cart_RemovedRow_by_times(app, &(acta_number_range){ .backward = true }, print_row, NULL, error);
}

int
main(int argc, char **argv)
{
    const char *command = argc == 2 ? argv[1] : "";
    bool is_now = strcmp(command, "removed") == 0;

    if (!is_now && strcmp(command, "shop") != 0) {
        fprintf(stderr, "usage: cart shop | cart removed\n");
        return 2;
    }
    const acta_app_config config = { .data_path = "cart-data",
        .schema = &cart_schema,
        .aggregates = aggregates,
        .projections = is_now ? projections : NULL };
    acta_error error;
    acta_app *app;

    acta_status status = acta_app_start(&config, &app, &error);
    if (status == ACTA_OK) {
        status = is_now ? print_removed(app, &error) : shop(app, &error);
        acta_app_stop(app, 5000, NULL);
    }
    if (status != ACTA_OK) fprintf(stderr, "cart: %s\n", error.text);
    return status != ACTA_OK;
}
