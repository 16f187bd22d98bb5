/*
 * The shop under simulation: the scenario. See simulation.h.
 *
 *     a customer's asks:  place -> pay, when the plan says so -> perhaps take it back
 *     the log -> auditor (log_check.h), each event as it comes: what the rules of the log are
 *     at rest:   every order has ended, every payment is settled; rows, states and answers agree with the auditor
 *
 * It is done when every ask has its answer and every order has ended, which for those that nobody pays is the clock's work.
 */
#define ACTA_SITES_SECTION "shop_sites"
#include "simulation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "acta/sites.h"
#include "log_check.h"
#include "order.h"

enum {
    ITEM_MAX = 4,
    ORDER_MAX = 40,
    ASK_MAX = ITEM_MAX + ORDER_MAX * 3,
    TICK_MS = 100,
    REPEAT_PER_MILLE = 200,
    READ_AGAIN_MAX = 1000, /* of a mailbox that is full */
    LATE_MAX_S = 120,      /* behind its deadline, with crashes and failing disks on the way */
    POSITIONS_BEGIN = 256
};

/* When an ask may be sent. */
typedef enum ask_time { AT_ONCE, WHEN_CONFIRMED, WHEN_ENDED } ask_time;

typedef enum ask_state { ASK_UNSENT, ASK_IN_FLIGHT, ASK_ANSWERED } ask_state;

typedef struct shop_ask {
    const acta_table *command;
    union {
        shop_AddStock add;
        shop_PlaceOrder place;
        shop_Pay pay;
        shop_CancelOrder cancel;
    } value;
    char ids[2][24]; /* what the strings in `value` point to; the first is the identity */
    acta_id command_id;
    uint32_t place; /* the ask that places the order that this is about; itself, if it is none */
    ask_time time;
    ask_state state;
    bool answered_once;
    acta_status answer;
    uint32_t code;
    uint64_t position;
    struct shop_run *run;
} shop_ask;

typedef struct shop_run {
    acta_sim *sim;
    acta_app *app;  /* NULL: none runs */
    bool has_clock; /* false: there was no memory for it, the next act asks again */
    acta_environment environment;
    int64_t wall_ahead_us; /* of the monotonic clock, when it started */
    bool has_jumped;       /* the wall clock did since */
    uint32_t item_count;
    shop_ask asks[ASK_MAX];
    uint32_t ask_count, answered_count, in_flight_count, window, next;
    shop_log_check *auditor;
    acta_id *effects; /* [position - 1]: the command whose effect the event is */
    uint64_t effect_room;
    acta_error broken; /* found in between; status ACTA_OK: nothing was */
} shop_run;

static const acta_app_config app_config = { .name = "shop",
    .schema = &shop_schema,
    .aggregates = shop_aggregates,
    .process_managers = shop_process_managers,
    .projections = shop_projections,
    .command_id_retention_ms = UINT64_C(10) * 365 * 24 * 3600 * 1000 };

/* -- the script -- */

static uint32_t
draw(const shop_run *run, uint32_t count)
{
    return acta_sim_choose(run->sim, ACTA_SIM_WORKLOAD, count);
}

static acta_str
name(shop_ask *ask, uint32_t slot, const char *kind, uint32_t number)
{
    int size = snprintf(ask->ids[slot], sizeof ask->ids[slot], "%s-%" PRIu32, kind, number);
    return acta_str_from(ask->ids[slot], (size_t)size);
}

static shop_ask *
add(shop_run *run, const acta_table *command, ask_time time)
{
    shop_ask *ask = &run->asks[run->ask_count];
    char id[32];

    int size = snprintf(id, sizeof id, "shop-ask-%" PRIu32, run->ask_count);
    *ask = (shop_ask){ .command = command,
        .command_id = acta_id_of(acta_str_from(id, (size_t)size)),
        .place = run->ask_count,
        .time = time,
        .run = run };
    run->ask_count++;
    return ask;
}

static void
add_payment(shop_run *run, uint32_t order, uint32_t place, int64_t amount, ask_time time)
{
    uint32_t number = run->ask_count;
    shop_ask *ask = add(run, &shop_Pay_table, time);

    ask->place = place;
    ask->value.pay = ACTA_INIT(shop_Pay, .payment_id = name(ask, 0, "payment", number),
        .order_id = name(ask, 1, "order", order), .amount = amount);
}

static void
add_order(shop_run *run, uint32_t order)
{
    uint32_t place = run->ask_count;
    shop_ask *ask = add(run, &shop_PlaceOrder_table, AT_ONCE);
    int64_t price = 1 + (int64_t)draw(run, 100);

    ask->value.place = ACTA_INIT(shop_PlaceOrder, .order_id = name(ask, 0, "order", order),
        .item_id = name(ask, 1, "item", draw(run, run->item_count)), .quantity = 1 + (int64_t)draw(run, 5),
        .price = price, .pay_within_ms = 100 + draw(run, 5000));
    if (draw(run, 20) == 19) ask->value.place.quantity = 0;

    switch (draw(run, 8)) {
    case 0: /* in time */
    case 1:
        add_payment(run, order, place, price, WHEN_CONFIRMED);
        break;
    case 2: /* never */
        break;
    case 3: /* twice */
        add_payment(run, order, place, price, WHEN_CONFIRMED);
        add_payment(run, order, place, price, WHEN_CONFIRMED);
        break;
    case 4: /* too little, and again */
        add_payment(run, order, place, price + 1, WHEN_CONFIRMED);
        add_payment(run, order, place, price, WHEN_CONFIRMED);
        break;
    case 5: /* too early */
        add_payment(run, order, place, price, AT_ONCE);
        break;
    case 6: /* when all is over */
        add_payment(run, order, place, price, WHEN_ENDED);
        break;
    default: /* in time, and taken back */
        add_payment(run, order, place, price, WHEN_CONFIRMED);
        ask = add(run, &shop_CancelOrder_table, WHEN_CONFIRMED);
        ask->place = place;
        ask->value.cancel =
            ACTA_INIT(shop_CancelOrder, .order_id = name(ask, 0, "order", order), .reason = shop_Reason_by_customer);
        break;
    }
}

static void
find_broken(shop_run *run, const char *invariant, const char *text)
{
    if (run->broken.status == ACTA_OK) acta_error_set(&run->broken, ACTA_CORRUPT, "%s: %s", invariant, text);
}

static void
begin(acta_sim *sim, void *state)
{
    shop_run *run = state;

    run->sim = sim;
    run->auditor = shop_log_check_create();
    run->effects = calloc(POSITIONS_BEGIN, sizeof *run->effects);
    run->effect_room = POSITIONS_BEGIN;
    if (run->auditor == NULL || run->effects == NULL) find_broken(run, "no memory", "the scenario could not begin");
    run->item_count = 1 + draw(run, ITEM_MAX);
    run->window = 1 + draw(run, 16);
    for (uint32_t i = 0; i < run->item_count; i++) {
        shop_ask *ask = add(run, &shop_AddStock_table, AT_ONCE);
        ask->value.add =
            ACTA_INIT(shop_AddStock, .item_id = name(ask, 0, "item", i), .quantity = 1 + (int64_t)draw(run, 40));
    }
    uint32_t order_count = 1 + draw(run, ORDER_MAX);
    for (uint32_t i = 0; i < order_count; i++)
        add_order(run, i);
}

/* -- life -- */

static int64_t
wall_ahead_us(const shop_run *run)
{
    const acta_clock *clock = &run->environment.clock;
    return clock->wall_us(clock->user) - (int64_t)(clock->monotonic_ns(clock->user) / 1000);
}

/* As a program does that finds no memory at its start: it tries again. */
static void
start_clock(shop_run *run)
{
    acta_error error;
    acta_status status = shop_clock_start(run->app, TICK_MS, &error);

    run->has_clock = status == ACTA_OK;
    if (status != ACTA_OK && status != ACTA_NO_MEMORY) find_broken(run, "the clock does not start", error.text);
}

static void
started(acta_sim *sim, void *state, acta_app *app)
{
    shop_run *run = state;

    (void)sim;
    bool is_first = run->environment.clock.wall_us == NULL;
    run->app = app;
    run->environment = *acta_runtime_environment(acta_app_runtime(app));
    if (is_first) run->wall_ahead_us = wall_ahead_us(run);
    start_clock(run);
    if (run->auditor != NULL && acta_store_head(acta_app_store(app)) < shop_log_check_position(run->auditor))
        find_broken(run, "the end of the log is lost", "it is shorter than it was");
}

static void
crashed(acta_sim *sim, void *state)
{
    shop_run *run = state;

    run->app = NULL;
    run->in_flight_count = 0;
    for (uint32_t i = 0; i < run->ask_count; i++) {
        shop_ask *ask = &run->asks[i];
        if (ask->state == ASK_IN_FLIGHT) ask->state = ASK_UNSENT;
        if (ask->state != ASK_ANSWERED || !acta_sim_chance(sim, ACTA_SIM_WORKLOAD, REPEAT_PER_MILLE)) continue;
        ask->state = ASK_UNSENT;
        run->answered_count--;
    }
}

static void
end(acta_sim *sim, void *state)
{
    shop_run *run = state;

    (void)sim;
    shop_log_check_destroy(run->auditor);
    free(run->effects);
}

/* -- customers -- */

static void
answered(void *user, const acta_dispatch_result *result)
{
    shop_ask *ask = user;
    shop_run *run = ask->run;

    run->in_flight_count--;
    if (result->status != ACTA_OK && result->status != ACTA_REJECTED) {
        ask->state = ASK_UNSENT;
        return;
    }
    uint32_t code = result->status == ACTA_REJECTED ? result->error->code : 0;
    bool is_same = ask->answer == result->status && ask->code == code && ask->position == result->position;
    if (ask->answered_once && !is_same) find_broken(run, "a command id got two answers", ask->ids[0]);
    if (!ask->answered_once && result->position > acta_store_head(acta_app_store(run->app)))
        find_broken(run, "a command was acknowledged before it was durable", ask->ids[0]);
    ask->answered_once = true;
    ask->answer = result->status;
    ask->code = code;
    ask->position = result->position;
    ask->state = ASK_ANSWERED;
    run->answered_count++;
    const uint64_t note[] = { (uint64_t)(ask - run->asks), result->status, result->position };
    acta_sim_note(run->sim, note, sizeof note);
}

static bool
is_ready(const shop_run *run, const shop_ask *ask)
{
    const shop_ask *place = &run->asks[ask->place];

    if (ask->state != ASK_UNSENT) return false;
    if (ask->time == AT_ONCE || ask->answered_once) return true;
    if (place->answered_once && place->answer == ACTA_REJECTED) return true; /* there is nothing to wait for */
    shop_Phase phase = shop_log_check_phase(run->auditor, acta_str_of(place->ids[0]));
    if (ask->time == WHEN_CONFIRMED) return phase >= shop_Phase_confirmed;
    return phase == shop_Phase_shipped || phase == shop_Phase_closed;
}

static bool
act(acta_sim *sim, void *state, acta_app *app)
{
    shop_run *run = state;

    (void)sim;
    if (!run->has_clock) {
        start_clock(run);
        if (run->has_clock) return true;
    }
    if (run->in_flight_count >= run->window) return false;
    for (uint32_t i = 0; i < run->ask_count; i++) {
        shop_ask *ask = &run->asks[(run->next + i) % run->ask_count];
        if (!is_ready(run, ask)) continue;
        run->next = (uint32_t)(ask - run->asks) + 1;
        ask->state = ASK_IN_FLIGHT;
        run->in_flight_count++;
        acta_dispatch_async(
            app, ask->command, &ask->value, &(acta_dispatch_options){ .command_id = ask->command_id }, answered, ask);
        return true;
    }
    return false;
}

static bool
is_done(const void *state)
{
    const shop_run *run = state;
    const shop_log_totals *totals = shop_log_check_totals(run->auditor);

    if (run->broken.status != ACTA_OK) return true;
    /* What the auditor could not read yet, for want of memory or of a disk, is not known to have ended. */
    if (run->app == NULL || acta_store_head(acta_app_store(run->app)) != shop_log_check_position(run->auditor))
        return false;
    return run->answered_count == run->ask_count && totals->placed == totals->shipped + totals->closed &&
           totals->unsettled == 0;
}

/* -- invariants: the log as it comes -- */

static bool
note_effect(shop_run *run, const acta_recorded *event)
{
    if (event->position > run->effect_room) {
        acta_id *effects = realloc(run->effects, run->effect_room * 2 * sizeof *effects);
        if (effects == NULL) return false;
        run->effects = effects;
        run->effect_room *= 2;
    }
    run->effects[event->position - 1] = event->command_id;
    return true;
}

static acta_status
take_log(shop_run *run, acta_error *error)
{
    acta_store *store = acta_app_store(run->app);
    acta_cursor *cursor;
    acta_recorded event;

    if (acta_store_head(store) == shop_log_check_position(run->auditor)) return ACTA_OK;
    acta_status status =
        acta_cursor_open(store, &(acta_read){ .from = shop_log_check_position(run->auditor) + 1 }, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK) {
        status = shop_log_check_event(run->auditor, &event, error);
        if (status == ACTA_OK && !note_effect(run, &event)) status = acta_error_set(error, ACTA_NO_MEMORY, NULL);
        if (status != ACTA_OK) break;
    }
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

static acta_status
check_step(acta_sim *sim, void *state, acta_app *app, acta_error *error)
{
    shop_run *run = state;

    (void)sim;
    if (run->broken.status != ACTA_OK) {
        *error = run->broken;
        return ACTA_CORRUPT;
    }
    if (app == NULL) return ACTA_OK;
    run->has_jumped = run->has_jumped || wall_ahead_us(run) != run->wall_ahead_us;
    acta_status status = take_log(run, error);
    return status == ACTA_CORRUPT ? status : ACTA_OK; /* what the disk failed to give comes another time */
}

/* -- invariants: at rest -- */

static int
compare_ids(const void *a, const void *b)
{
    const acta_id *x = a, *y = b;
    return memcmp(x->bytes, y->bytes, sizeof x->bytes);
}

/* A command of the shop is one event: two with one id are two effects. The clock's have none. */
static acta_status
check_once(const shop_run *run, acta_error *error)
{
    uint64_t count = shop_log_check_position(run->auditor);
    acta_id *sorted = calloc(count + 1, sizeof *sorted);
    acta_status status = ACTA_OK;
    if (sorted == NULL) return acta_error_set(error, ACTA_NO_MEMORY, NULL);

    if (count > 0) memcpy(sorted, run->effects, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_ids);
    for (uint64_t i = 1; status == ACTA_OK && i < count; i++)
        if (!acta_id_is_none(sorted[i]) && acta_id_equal(sorted[i - 1], sorted[i]))
            status = acta_error_set(error, ACTA_CORRUPT, "a command took effect twice: at two positions of the log");
    free(sorted);
    return status;
}

static acta_status
check_answers(const shop_run *run, acta_error *error)
{
    for (uint32_t i = 0; i < run->ask_count; i++) {
        const shop_ask *ask = &run->asks[i];
        if (ask->answer != ACTA_OK || ask->position == 0) continue;
        bool is_there = ask->position <= shop_log_check_position(run->auditor) &&
                        acta_id_equal(run->effects[ask->position - 1], ask->command_id);
        if (!is_there)
            return acta_error_set(error, ACTA_CORRUPT,
                "an acknowledged command is not in the log: ask %" PRIu32 " (%s of '%s'), position %" PRIu64, i,
                ask->command->name, ask->ids[0], ask->position);
    }
    return ACTA_OK;
}

static acta_status
check_ended(const shop_run *run, acta_error *error)
{
    const shop_log_totals *totals = shop_log_check_totals(run->auditor);

    if (totals->placed != totals->shipped + totals->closed)
        return acta_error_set(error, ACTA_CORRUPT,
            "an order has not ended: %" PRIu64 " were placed, %" PRIu64 " shipped, %" PRIu64 " closed", totals->placed,
            totals->shipped, totals->closed);
    if (totals->unsettled != 0)
        return acta_error_set(
            error, ACTA_CORRUPT, "a payment was neither taken nor refunded: %" PRIu64 " of them", totals->unsettled);
    if (totals->reserved != 0)
        return acta_error_set(error, ACTA_CORRUPT, "stock is reserved for no open order: %" PRId64, totals->reserved);
    if (!run->has_jumped && shop_log_check_latest_us(run->auditor) > LATE_MAX_S * INT64_C(1000000))
        return acta_error_set(error, ACTA_CORRUPT,
            "a deadline was not honoured: an order was cancelled %" PRId64 " ms behind it",
            shop_log_check_latest_us(run->auditor) / 1000);
    return ACTA_OK;
}

typedef struct rows_check {
    const shop_log_check *auditor;
    uint64_t count;
    char wrong[64]; /* the key of a row that is; "" */
} rows_check;

static bool
is_right(rows_check *rows, bool good, acta_str key)
{
    rows->count++;
    if (!good) snprintf(rows->wrong, sizeof rows->wrong, ACTA_FMT, ACTA_ARG(key));
    return good;
}

static bool
visit_order(void *user, const void *value)
{
    rows_check *rows = user;
    const shop_OrderRow *row = value;
    return is_right(rows, row->phase == shop_log_check_phase(rows->auditor, row->order_id), row->order_id);
}

static bool
visit_item(void *user, const void *value)
{
    rows_check *rows = user;
    const shop_ItemRow *row = value;
    shop_log_item item = shop_log_check_item(rows->auditor, row->item_id);
    bool good = row->free == item.free && row->reserved == item.reserved && row->sold == item.sold;
    return is_right(rows, good, row->item_id);
}

/* Nothing waits any more. */
static bool
visit_deadline(void *user, const void *value)
{
    const shop_DeadlineRow *row = value;
    return is_right(user, false, row->order_id);
}

static acta_status
check_table(const shop_run *run, const acta_table *table, bool (*visit)(void *user, const void *row), uint64_t expected,
    acta_error *error)
{
    rows_check rows = { .auditor = run->auditor };
    acta_status status = acta_read_model_each(run->app, table, acta_str_of(""), visit, &rows, error);

    if (status != ACTA_OK) return status;
    if (rows.wrong[0] != '\0')
        return acta_error_set(
            error, ACTA_CORRUPT, "a row is not the fold of the log: the %s of '%s'", table->name, rows.wrong);
    if (rows.count == expected) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT, "a row is missing: there are %" PRIu64 " of %s, and by the log %" PRIu64,
        rows.count, table->name, expected);
}

static acta_status
check_rows(const shop_run *run, acta_error *error)
{
    uint64_t placed = shop_log_check_totals(run->auditor)->placed;
    acta_status status = check_table(run, &shop_OrderRow_table, visit_order, placed, error);

    if (status == ACTA_OK) status = check_table(run, &shop_ItemRow_table, visit_item, run->item_count, error);
    return status == ACTA_OK ? check_table(run, &shop_DeadlineRow_table, visit_deadline, 0, error) : status;
}

static acta_status
wrong_state(const char *id, acta_error *error)
{
    return acta_error_set(error, ACTA_CORRUPT, "a state is not the fold of the log: that of '%s'", id);
}

static acta_status
check_states(const shop_run *run, acta_error *error)
{
    acta_status status = ACTA_OK;

    for (uint32_t i = 0; status == ACTA_OK && i < run->ask_count; i++) {
        const shop_ask *ask = &run->asks[i];
        acta_str id = acta_str_of(ask->ids[0]);
        shop_Order order = { .phase = shop_Phase_none };
        shop_Stock stock = { 0 };
        if (ask->answer != ACTA_OK) continue;
        if (ask->command == &shop_PlaceOrder_table) {
            status = acta_aggregate_read(run->app, &shop_Order_table, id, &order, NULL, error);
            if (status == ACTA_OK && order.phase != shop_log_check_phase(run->auditor, id))
                status = wrong_state(ask->ids[0], error);
        } else if (ask->command == &shop_AddStock_table) {
            shop_log_item item = shop_log_check_item(run->auditor, id);
            status = acta_aggregate_read(run->app, &shop_Stock_table, id, &stock, NULL, error);
            if (status == ACTA_OK && (stock.free != item.free || stock.reserved != item.reserved))
                status = wrong_state(ask->ids[0], error);
        }
    }
    return status;
}

static void
note_seen(const shop_run *run)
{
    const shop_log_totals *totals = shop_log_check_totals(run->auditor);

    if (totals->shipped > 0) ACTA_SOMETIMES(&run->environment, "shop.shipped: an order");
    if (totals->too_late > 0) ACTA_SOMETIMES(&run->environment, "shop.late: an order was not paid in time");
    if (totals->out_of_stock > 0) ACTA_SOMETIMES(&run->environment, "shop.stock: an order got no goods");
    if (totals->by_customer > 0) ACTA_SOMETIMES(&run->environment, "shop.customer: an order was taken back");
    if (totals->refunded > 0) ACTA_SOMETIMES(&run->environment, "shop.refunded: a payment");
}

static acta_status
check(acta_sim *sim, void *state, acta_app *app, acta_error *error)
{
    shop_run *run = state;

    run->app = app;
    acta_status status = check_step(sim, state, app, error);
    if (status == ACTA_OK) status = take_log(run, error);
    if (status == ACTA_OK) status = check_ended(run, error);
    if (status == ACTA_OK) status = check_once(run, error);
    if (status == ACTA_OK) status = check_answers(run, error);
    if (status == ACTA_OK) status = check_rows(run, error);
    if (status == ACTA_OK) status = check_states(run, error);
    /* An aggregate that has a message of its own in a mailbox of one refuses a read, and is asked again. */
    for (uint32_t i = 0; status == ACTA_BUSY && i < READ_AGAIN_MAX && acta_sim_step(sim); i++)
        status = check_states(run, error);
    if (status == ACTA_OK) note_seen(run);
    return status;
}

const acta_scenario order_scenario = { .name = "order",
    .summary = "orders, stock and payments with deadlines",
    .app = &app_config,
    .state_size = sizeof(shop_run),
    .begin = begin,
    .started = started,
    .act = act,
    .is_done = is_done,
    .crashed = crashed,
    .check_step = check_step,
    .check = check,
    .end = end,
    .sites = ACTA_SITES };
