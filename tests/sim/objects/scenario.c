/*
 * A scenario as a user brings it: a shared object that is linked with libacta, and that `acta sim` runs. With USER_FAILS an
 * invariant of it is broken as soon as three accounts are drawn.
 */
#define ACTA_SITES_SECTION "user_sites"
#include <stdio.h>

#include "acta/simulate.h"
#include "bank.h"

enum { ACCOUNT_MAX = 6, TOO_MANY = 3 };

typedef struct user_run {
    uint32_t count, answered;
    bool in_flight;
} user_run;

static const acta_app_config app = { .name = "user", .schema = &bank_schema, .aggregates = bank_aggregates };

static void
begin(acta_sim *sim, void *state)
{
    user_run *run = state;
    run->count = 1 + acta_sim_choose(sim, ACTA_SIM_WORKLOAD, ACCOUNT_MAX);
}

static void
answered(void *user, const acta_dispatch_result *result)
{
    user_run *run = user;

    run->in_flight = false;
    if (result->status == ACTA_OK) run->answered++;
}

static bool
act(acta_sim *sim, void *state, acta_app *running)
{
    user_run *run = state;
    char name[24];

    (void)sim;
    if (run->in_flight || run->answered == run->count) return false;
    ACTA_SOMETIMES(acta_runtime_environment(acta_app_runtime(running)), "user.asks");
    snprintf(name, sizeof name, "account-%u", run->answered);
    bank_OpenAccount open = { .account_id = acta_str_of(name), .owner = acta_str_of("user") };
    run->in_flight = true;
    acta_dispatch_async(running, &bank_OpenAccount_table, &open,
        &(acta_dispatch_options){ .command_id = acta_id_of(acta_str_of(name)) }, answered, run);
    return true;
}

static bool
is_done(const void *state)
{
    const user_run *run = state;
    return run->answered == run->count;
}

static void
crashed(acta_sim *sim, void *state)
{
    user_run *run = state;

    (void)sim;
    run->in_flight = false;
}

static acta_status
check(acta_sim *sim, void *state, acta_app *running, acta_error *error)
{
    const user_run *run = state;

    (void)sim;
    (void)running;
#ifdef USER_FAILS
    if (run->count >= TOO_MANY)
        return acta_error_set(error, ACTA_CORRUPT, "too many accounts: %u, account-2 is one of them", run->count);
#endif
    if (run->answered >= run->count) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT, "an account was not opened: %u of %u", run->answered, run->count);
}

#ifndef USER_SYMBOL
#define USER_SYMBOL acta_sim_scenario
#endif
extern const acta_scenario USER_SYMBOL;
__attribute__((visibility("default"))) const acta_scenario USER_SYMBOL = { .name = "user",
    .summary = "a scenario from outside",
    .app = &app,
    .state_size = sizeof(user_run),
    .faults_out = ACTA_SIM_FAULT_MEMORY,
    .begin = begin,
    .act = act,
    .is_done = is_done,
    .crashed = crashed,
    .check = check,
    .sites = ACTA_SITES };
