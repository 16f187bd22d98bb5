/*
 * The first and the second program of the purses: each writes what test_upcast.c then reads as the third. A program of its
 * own, for all three use the same names.
 *
 *     actors-purse-v1 DIR, then actors-purse-v2 DIR
 *
 * Exit status: 0 done, 1 an error, which is printed.
 */
#include <stdio.h>
#include <string.h>

#include "acta/app.h"

#if PURSE_VERSION == 1
#include "purse.v1.acta.h"
#else
#include "purse.v2.acta.h"
#endif

/* -- decisions -- */

static acta_verdict
earn(const purse_Purse *state, purse_Earn command, acta_decision *decision)
{
    (void)state;
    return purse_Earned_emit(decision, ACTA_INIT(purse_Earned, .purse_id = command.purse_id, .amount = command.amount));
}

static acta_verdict
spend(const purse_Purse *state, purse_Spend command, acta_decision *decision)
{
    purse_Line line = { .what = command.what, .kind = purse_Kind_travel };
    purse_Spent spent = { .purse_id = command.purse_id, .amount = command.amount };
    (void)state;

    if (command.what.size != 0) spent.line.data = &line;
#if PURSE_VERSION == 2
    spent.fee = 1;
#endif
    return purse_Spent_emit(decision, spent);
}

static acta_verdict
rename_purse(const purse_Purse *state, purse_Rename command, acta_decision *decision)
{
    (void)state;
    return purse_Renamed_emit(decision, ACTA_INIT(purse_Renamed, .purse_id = command.purse_id, .name = command.name));
}

static acta_verdict
lend(const purse_Purse *state, purse_Lend command, acta_decision *decision)
{
    (void)state;
    return purse_Lent_emit(decision,
        ACTA_INIT(purse_Lent, .purse_id = command.purse_id, .other_id = command.other_id, .amount = command.amount));
}

static void
earned(purse_Purse *state, purse_Earned event, acta_memory *memory)
{
    (void)memory;
    state->balance += event.amount;
}

static void
spent(purse_Purse *state, purse_Spent event, acta_memory *memory)
{
    (void)memory;
    state->balance -= event.amount;
#if PURSE_VERSION == 2
    state->balance -= event.fee;
#endif
}

static void
renamed(purse_Purse *state, purse_Renamed event, acta_memory *memory)
{
    acta_str_assign(&state->name, event.name, memory);
}

static void
lent(purse_Purse *state, purse_Lent event, acta_memory *memory)
{
    (void)memory;
    state->balance -= event.amount;
}

static const purse_Purse_aggregate purse =
    PURSE_PURSE(.execute = { .Earn = earn, .Spend = spend, .Rename = rename_purse, .Lend = lend },
        .apply = { .Earned = earned, .Spent = spent, .Renamed = renamed, .Lent = lent }, .snapshot_every = 2);
static const acta_aggregate *const aggregates[] = { &purse.base, NULL };

/* -- what is written -- */

static acta_status
earn_some(acta_app *app, const char *id, int64_t amount, acta_error *error)
{
    return purse_Earn_dispatch(app, ACTA_INIT(purse_Earn, .purse_id = acta_str_of(id), .amount = amount), NULL, error);
}

static acta_status
spend_some(acta_app *app, const char *id, int64_t amount, const char *what, acta_error *error)
{
    purse_Spend command = { .purse_id = acta_str_of(id), .amount = amount, .what = acta_str_of(what) };
    return purse_Spend_dispatch(app, command, NULL, error);
}

static acta_status
expect_balance(acta_app *app, const char *id, int64_t balance, acta_error *error)
{
    purse_Purse state;
    acta_status status = purse_Purse_read(app, acta_str_of(id), &state, NULL, error);

    if (status != ACTA_OK || state.balance == balance) return status;
    return acta_error_set(
        error, ACTA_FAILED, "purse %s holds %lld instead of %lld", id, (long long)state.balance, (long long)balance);
}

#if PURSE_VERSION == 1
/* What is spent of b is too much for it: parked, for the third program to go on with. */
static acta_status
refuse_b(void *user, purse_Spent event, const acta_recorded *recorded, acta_error *error)
{
    (void)user, (void)recorded;
    if (!acta_str_equal(event.purse_id, acta_str_of("b"))) return ACTA_OK;
    return acta_error_set(error, ACTA_FAILED, "not of b");
}

static const purse_event_handler picky =
    PURSE_EVENT_HANDLER(.name = "picky", .on = { .Spent = refuse_b }, .retry_max = 1);
static const acta_event_handler *const handlers[] = { &picky.base, NULL };

static acta_status
write_all(acta_app *app, acta_error *error)
{
    acta_status status = earn_some(app, "a", 100, error);
    if (status == ACTA_OK) status = earn_some(app, "b", 50, error);
    if (status == ACTA_OK) status = spend_some(app, "a", 30, "bread", error);
    if (status == ACTA_OK)
        status = purse_Rename_dispatch(
            app, ACTA_INIT(purse_Rename, .purse_id = acta_str_of("a"), .name = acta_str_of("mine")), NULL, error);
    purse_Lend lend_command = { .purse_id = acta_str_of("a"), .other_id = acta_str_of("b"), .amount = 20 };
    if (status == ACTA_OK) status = purse_Lend_dispatch(app, lend_command, NULL, error);
    if (status == ACTA_OK) status = spend_some(app, "b", 5, NULL, error);
    if (status == ACTA_OK) status = expect_balance(app, "a", 50, error);
    if (status != ACTA_OK) return status;
    status = acta_app_settle(app, 20000, error);
    return status == ACTA_PARKED ? ACTA_OK : acta_error_set(error, ACTA_FAILED, "nothing was parked");
}
#else
static acta_status
without_fee(const purse_v1_Spent *old, acta_upcast *out)
{
    purse_v1_Line old_line;
    purse_Line line;
    purse_Spent now = { .purse_id = old->purse_id, .amount = old->amount };

    if (purse_v1_Line_ref_get(old->line, &old_line)) {
        line = (purse_Line){ .what = old_line.what, .kind = (purse_Kind)old_line.kind };
        now.line.data = &line;
    }
    return purse_Spent_upcast(out, now);
}

static const purse_upcasters upcasts = PURSE_UPCASTERS(.v1 = { .Spent = without_fee });
static const acta_event_handler *const handlers[] = { NULL };

static acta_status
write_all(acta_app *app, acta_error *error)
{
    acta_status status = expect_balance(app, "a", 50, error);
    if (status == ACTA_OK) status = spend_some(app, "a", 10, "tea", error);
    if (status == ACTA_OK) status = earn_some(app, "b", 1, error);
    if (status == ACTA_OK) status = expect_balance(app, "a", 39, error);
    return status == ACTA_OK ? expect_balance(app, "b", 46, error) : status;
}
#endif

int
main(int argc, char **argv)
{
    acta_app_config config = { .schema = &purse_schema, .aggregates = aggregates, .event_handlers = handlers };
    acta_error error;
    acta_app *app;

    if (argc != 2) return 2;
    config.data_path = argv[1];
#if PURSE_VERSION == 2
    config.upcasters = &upcasts.base;
#endif
    acta_status status = acta_app_start(&config, &app, &error);
    if (status == ACTA_OK) {
        status = write_all(app, &error);
        acta_status stopped = acta_app_stop(app, 10000, status == ACTA_OK ? &error : NULL);
        if (status == ACTA_OK) status = stopped;
    }
    if (status != ACTA_OK) fprintf(stderr, "%s: %s\n", argv[0], error.text);
    return status != ACTA_OK;
}
