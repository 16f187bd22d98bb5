/*
 * The clock: an actor that cancels what isn't paid in time.
 *
 *     tick -> rows of orders to pay for -- due? --> ExpireOrder, not waited for
 *
 * It keeps no list of its own: an order is asked for again with each tick until its row is gone, which makes a lost command
 * and a crash the same. The order itself refuses what comes too early or too late, so asking twice does no harm.
 *
 * Not here: whether an order may be cancelled (order.c).
 */
#include "order.h"

#include "acta/gen_server.h"
#include "acta/supervisor.h"

enum { EXPIRED_PER_TICK = 64, TAG_TICK = 1 };

typedef struct clock_argument {
    acta_app *app;
    uint32_t tick_ms;
} clock_argument;

typedef struct shop_clock {
    acta_app *app;
    const acta_environment *environment;
    uint32_t left; /* that may be asked for in this tick */
} shop_clock;

/* Whatever came of it: the next tick asks again if the row is still there. */
static void
expired(void *user, const acta_dispatch_result *result)
{
    (void)user;
    (void)result;
}

static bool
expire_if_due(void *user, const void *value)
{
    shop_clock *clock = user;
    const shop_DeadlineRow *row = value;
    int64_t now_us = clock->environment->clock.wall_us(clock->environment->clock.user);

    if (now_us < row->pay_until_us) return true;
    const shop_ExpireOrder command = ACTA_INIT(shop_ExpireOrder, .order_id = row->order_id);
    acta_dispatch_async(clock->app, &shop_ExpireOrder_table, &command, NULL, expired, NULL);
    return --clock->left > 0;
}

static acta_status
clock_init(acta_self *self, void *state, const void *argument, acta_error *error)
{
    shop_clock *clock = state;
    const clock_argument *given = argument;
    acta_ref ref;

    clock->app = given->app;
    clock->environment = acta_runtime_environment(acta_self_runtime(self));
    acta_status status = acta_send_interval(self, given->tick_ms, TAG_TICK, 0, &ref);
    return status == ACTA_OK ? ACTA_OK : acta_error_set(error, status, "the clock has no timer");
}

static acta_next
clock_info(acta_self *self, void *state, const acta_info *info)
{
    shop_clock *clock = state;

    (void)self;
    if (info->kind != ACTA_INFO_TIMER) return ACTA_NEXT;
    clock->left = EXPIRED_PER_TICK;
    /* A read that fails is tried again with the next tick. */
    acta_read_model_each(clock->app, &shop_DeadlineRow_table, acta_str_of(""), expire_if_due, clock, NULL);
    return ACTA_NEXT;
}

static const acta_behaviour clock_behaviour = {
    .name = "shop clock", .state_size = sizeof(shop_clock), .init = clock_init, .handle_info = clock_info
};

acta_status
shop_clock_start(acta_app *app, uint32_t tick_ms, acta_error *error)
{
    const clock_argument argument = { app, tick_ms };
    const acta_child_spec child = { .id = "clock",
        .start = { .behaviour = &clock_behaviour, .argument = &argument },
        .argument_size = sizeof argument };
    const acta_supervisor_options options = { .intensity = ACTA_INTENSITY_UNLIMITED,
        .backoff = { .first_at_once = true },
        .children = &child,
        .child_count = 1 };
    acta_pid pid;

    return acta_supervisor_start(acta_app_runtime(app), &options, &pid, error);
}
