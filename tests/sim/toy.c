/*
 * The toy scenario. See toy.h.
 */
#define ACTA_SITES_SECTION "toy_sites"
#include "toy.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "bank.h"

enum { ACCOUNT_MAX = 12, VALUE_MAX = 100, PAIRS_MAX = 4000 };

typedef struct toy {
    acta_sim *sim;
    uint32_t count, sent, answered;
    uint32_t values[ACCOUNT_MAX];
    uint32_t unusual;
    uint32_t pairs, rare;
    bool in_flight;
} toy;

static const acta_app_config app = { .name = "toy", .schema = &bank_schema, .aggregates = bank_aggregates };

static void
begin(acta_sim *sim, void *state)
{
    toy *t = state;

    t->sim = sim;
    t->count = 1 + acta_sim_choose(sim, ACTA_SIM_WORKLOAD, ACCOUNT_MAX);
    for (uint32_t i = 0; i < t->count; i++)
        t->values[i] = acta_sim_choose(sim, ACTA_SIM_WORKLOAD, VALUE_MAX);
}

static void
answered(void *user, const acta_dispatch_result *result)
{
    toy *t = user;

    t->in_flight = false;
    if (result->status == ACTA_OK) t->answered++;
    acta_sim_note(t->sim, &result->status, sizeof result->status);
}

/* One after the other, each with an id, so that asking again gives the first answer. */
static bool
act(acta_sim *sim, void *state, acta_app *running)
{
    toy *t = state;
    char id[24], name[24];

    const acta_environment *environment = acta_runtime_environment(acta_app_runtime(running));

    (void)sim;
    if (t->in_flight || t->answered == t->count) return false;
    ACTA_SOMETIMES(environment, TOY_ALWAYS);
    if (t->sent > t->count * 1000) ACTA_SOMETIMES(environment, TOY_NEVER);
    t->unusual += ACTA_SIM_CHANCE(environment, TOY_CHANCE, 25);
    snprintf(id, sizeof id, "account-%u", t->answered);
    snprintf(name, sizeof name, "ask-%u", t->answered);
    bank_OpenAccount open = { .account_id = acta_str_of(id), .owner = acta_str_of("toy") };
    t->in_flight = true;
    t->sent++;
    acta_dispatch_async(running, &bank_OpenAccount_table, &open,
        &(acta_dispatch_options){ .command_id = acta_id_of(acta_str_of(name)) }, answered, t);
    return true;
}

static bool
is_done(const void *state)
{
    const toy *t = state;
    return t->answered == t->count;
}

static void
crashed(acta_sim *sim, void *state)
{
    toy *t = state;

    (void)sim;
    t->in_flight = false;
}

static acta_status
holds(acta_sim *sim, void *state, acta_app *running, acta_error *error)
{
    const toy *t = state;

    (void)sim;
    (void)running;
    if (t->sent >= t->count) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT, "an account was not asked for: %u of %u", t->sent, t->count);
}

static acta_status
finds_a_large_one(acta_sim *sim, void *state, acta_app *running, acta_error *error)
{
    const toy *t = state;

    (void)sim;
    (void)running;
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->values[i] >= TOY_TOO_LARGE)
            return acta_error_set(error, ACTA_CORRUPT, "a value is too large: %u for account-%u", t->values[i], i);
    }
    return ACTA_OK;
}

static acta_status
dies_of_a_large_one(acta_sim *sim, void *state, acta_app *running, acta_error *error)
{
    const toy *t = state;

    (void)sim;
    (void)running;
    (void)error;
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->values[i] >= TOY_DEADLY) raise(SIGKILL); /* no sanitizer takes it for itself */
    }
    return ACTA_OK;
}

static acta_status
notes_an_address(acta_sim *sim, void *state, acta_app *running, acta_error *error)
{
    void *block = malloc(100);

    (void)state;
    (void)running;
    (void)error;
    acta_sim_note(sim, &block, sizeof block);
    free(block);
    return ACTA_OK;
}

/* Pairs of choices: whether there is one more, and a value. Zeroing a choice ends them; only whole pairs can go. */
static void
begin_pairs(acta_sim *sim, void *state)
{
    toy *t = state;

    t->sim = sim;
    t->count = 1;
    while (t->pairs < PAIRS_MAX && acta_sim_choose(sim, ACTA_SIM_WORKLOAD, PAIRS_MAX) != 0) {
        t->pairs++;
        if (acta_sim_choose(sim, ACTA_SIM_WORKLOAD, PAIRS_MAX) >= PAIRS_MAX - TOY_RARE) t->rare++;
    }
}

static acta_status
finds_a_rare_one(acta_sim *sim, void *state, acta_app *running, acta_error *error)
{
    const toy *t = state;

    (void)sim;
    (void)running;
    if (t->rare == 0) return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT, "a value is rare: %u of %u pairs", t->rare, t->pairs);
}

#define TOY(n, c)                                                                                                      \
    {                                                                                                                  \
        .name = (n), .summary = "accounts, and values that may be too large", .app = &app, .state_size = sizeof(toy),  \
        .faults_out = ACTA_SIM_FAULT_MEMORY, .begin = begin, .act = act, .is_done = is_done, .crashed = crashed,       \
        .check = (c), .sites = ACTA_SITES                                                                              \
    }
const acta_scenario toy_sound = TOY("toy-sound", holds);
const acta_scenario toy_large = TOY("toy-large", finds_a_large_one);
const acta_scenario toy_deadly = TOY("toy-deadly", dies_of_a_large_one);
const acta_scenario toy_addressy = TOY("toy-addressy", notes_an_address);
const acta_scenario toy_rare = { .name = "toy-rare",
    .app = &app,
    .state_size = sizeof(toy),
    .faults_out = ACTA_SIM_FAULT_MEMORY,
    .begin = begin_pairs,
    .act = act,
    .is_done = is_done,
    .crashed = crashed,
    .check = finds_a_rare_one };
