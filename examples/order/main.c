/*
 * shop: a day of orders, payments and deadlines, and all goods and payments counted again from the log.
 *
 *     $ shop --orders 1000
 *     1,000 orders: 790 shipped, 130 not paid in time, 80 out of stock
 */
#include "log_check.h"
#include "order.h"

#include <argp.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    ORDERS_DEFAULT = 1000,
    ORDERS_MAX = 1000000,
    ITEM_COUNT = 20,
    TICK_MS = 20,
    WAIT_MS = 20,
    PAYER_MS = 600000, /* time that a customer has who means to pay */
    STOP_MS = 5000,
    SETTLE_MS = 60000,
    USAGE = 2
};

const char *argp_program_version = "shop, an example of Acta 0.1";

typedef struct options {
    const char *data_path;
    uint32_t order_count;
    uint32_t pay_within_ms; /* of those who never pay */
} options;

static uint32_t
parse_number(const char *name, const char *text, uint32_t max, const struct argp_state *state)
{
    char *rest;
    unsigned long number = strtoul(text, &rest, 10);

    if (*text < '0' || *text > '9' || *rest != '\0' || number < 1 || number > max)
        argp_error(state, "%s '%s': a number from 1 to %" PRIu32 " is expected", name, text, max);
    return (uint32_t)number;
}

static error_t
parse(int key, char *argument, struct argp_state *state)
{
    options *o = state->input;

    switch (key) {
    case 'd':
        o->data_path = argument;
        return 0;
    case 'o':
        o->order_count = parse_number("--orders", argument, ORDERS_MAX, state);
        return 0;
    case 'w':
        o->pay_within_ms = parse_number("--pay-within", argument, PAYER_MS, state);
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is one argument too many", argument);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* -- the day -- */

typedef struct day {
    acta_app *app;
    const options *options;
    uint64_t base; /* the log's head before: makes the ids of a second run on the same log others */
    shop_log_check *auditor;
} day;

/* Who pays: seven of eight. */
static bool
is_payer(uint32_t order)
{
    return order % 8 != 7;
}

static acta_status
dispatch(const day *d, const acta_table *command, const void *value, acta_error *error)
{
    const struct timespec pause = { .tv_nsec = WAIT_MS * 1000000L };
    acta_status status;

    while ((status = acta_dispatch(d->app, command, value, NULL, error)) == ACTA_BUSY)
        nanosleep(&pause, NULL);
    return status;
}

static acta_str
name(char *room, size_t size, const day *d, const char *kind, uint32_t number)
{
    int written = snprintf(room, size, "%s%" PRIu64 "-%" PRIu32, kind, d->base, number + 1);
    return acta_str_from(room, (size_t)written);
}

/* Half of the items have enough for all; the others run out. */
static acta_status
fill_stock(const day *d, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (uint32_t i = 0; status == ACTA_OK && i < ITEM_COUNT; i++) {
        char id[32];
        int64_t enough = (int64_t)d->options->order_count, few = enough / ITEM_COUNT + 1;
        const shop_AddStock add = ACTA_INIT(
            shop_AddStock, .item_id = name(id, sizeof id, d, "item", i), .quantity = i % 2 == 0 ? enough : few);
        status = dispatch(d, &shop_AddStock_table, &add, error);
    }
    return status;
}

static acta_status
place_orders(const day *d, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (uint32_t i = 0; status == ACTA_OK && i < d->options->order_count; i++) {
        char id[32], item[32];
        const shop_PlaceOrder place = ACTA_INIT(shop_PlaceOrder, .order_id = name(id, sizeof id, d, "order", i),
            .item_id = name(item, sizeof item, d, "item", i % ITEM_COUNT), .quantity = 1 + i % 2, .price = 1 + i % 90,
            .pay_within_ms = is_payer(i) ? PAYER_MS : d->options->pay_within_ms);
        status = dispatch(d, &shop_PlaceOrder_table, &place, error);
    }
    return status == ACTA_OK ? acta_app_settle(d->app, SETTLE_MS, error) : status;
}

static acta_status
pay_orders(const day *d, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (uint32_t i = 0; status == ACTA_OK && i < d->options->order_count; i++) {
        char id[32], order[32];
        if (!is_payer(i)) continue;
        const shop_Pay pay = ACTA_INIT(shop_Pay, .payment_id = name(id, sizeof id, d, "payment", i),
            .order_id = name(order, sizeof order, d, "order", i), .amount = 1 + i % 90);
        status = dispatch(d, &shop_Pay_table, &pay, error);
    }
    return status;
}

/* Until every order has ended, those that nobody pays by the clock. */
static acta_status
wait_for_the_end(const day *d, acta_error *error)
{
    const struct timespec pause = { .tv_nsec = WAIT_MS * 1000000L };

    for (;;) {
        acta_status status = shop_log_check_read(d->auditor, acta_app_store(d->app), error);
        const shop_log_totals *totals = shop_log_check_totals(d->auditor);
        if (status != ACTA_OK) return status;
        if (totals->placed == totals->shipped + totals->closed && totals->unsettled == 0) return ACTA_OK;
        nanosleep(&pause, NULL);
    }
}

static acta_status
run_day(day *d, acta_error *error)
{
    acta_status status = shop_clock_start(d->app, TICK_MS, error);
    if (status == ACTA_OK) status = wait_for_the_end(d, error); /* of what an earlier run left */
    d->base = acta_store_head(acta_app_store(d->app));
    if (status == ACTA_OK) status = fill_stock(d, error);
    if (status == ACTA_OK) status = place_orders(d, error);
    if (status == ACTA_OK) status = pay_orders(d, error);
    return status == ACTA_OK ? wait_for_the_end(d, error) : status;
}

static void
print_result(const day *d)
{
    const shop_log_totals *t = shop_log_check_totals(d->auditor);

    printf("orders     %" PRIu64 " placed: %" PRIu64 " shipped, %" PRIu64 " not paid in time, %" PRIu64
           " out of stock\n",
        t->placed, t->shipped, t->too_late, t->out_of_stock);
    printf("payments   %" PRIu64 " taken, %" PRIu64 " refunded\n", t->paid, t->refunded);
    printf("stock      %" PRId64 " added: %" PRId64 " free, %" PRId64 " sold, %" PRId64 " reserved\n", t->added,
        t->free, t->sold, t->reserved);
    printf("deadlines  none early; the latest by %" PRId64 " ms\n", shop_log_check_latest_us(d->auditor) / 1000);
    printf("log        %" PRIu64 " events, counted again: every rule holds\n", t->events);
    printf("data       %s\n", d->options->data_path);
}

int
main(int argc, char **argv)
{
    static const struct argp_option list[] = {
        { "data", 'd', "DIR", 0, "Where the log is, or is made (default: shop-data)", 0 },
        { "orders", 'o', "N", 0, "How many orders (default: 1,000)", 0 },
        { "pay-within", 'w', "MS", 0, "How long an order is kept for a customer who never pays (default: 500)", 0 },
        { 0 },
    };
    const struct argp argp = { list, parse, "",
        "Orders, stock and payments on a durable log. Customers place orders; most pay, some never do, and some goods "
        "run "
        "out. What isn't paid in time is cancelled, and its stock goes to others. In the end everything is counted "
        "again "
        "from the log alone.\v"
        "Try:\n  shop\n  shop --orders 10000 --data /tmp/shop\n\n"
        "Exit status: 0 all is accounted for, 1 it failed, 2 wrong usage.",
        NULL, NULL, NULL };
    options o = { .data_path = "shop-data", .order_count = ORDERS_DEFAULT, .pay_within_ms = 500 };
    day d = { .options = &o, .auditor = shop_log_check_create() };
    acta_error error;

    argp_err_exit_status = USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    const acta_app_config config = { .name = "shop",
        .data_path = o.data_path,
        .schema = &shop_schema,
        .aggregates = shop_aggregates,
        .process_managers = shop_process_managers,
        .projections = shop_projections };
    acta_status status =
        d.auditor != NULL ? acta_app_start(&config, &d.app, &error) : acta_error_set(&error, ACTA_NO_MEMORY, NULL);
    if (status == ACTA_OK) {
        status = run_day(&d, &error);
        if (status == ACTA_OK) print_result(&d);
        acta_app_stop(d.app, STOP_MS, NULL);
    }
    if (status != ACTA_OK) fprintf(stderr, "shop: %s\n", error.text);
    shop_log_check_destroy(d.auditor);
    return status != ACTA_OK;
}
