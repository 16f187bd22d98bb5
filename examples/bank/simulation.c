/*
 * The bank under simulation: the scenario. See simulation.h.
 *
 * The bank is configured anew for each seed: how often a snapshot is taken, how soon an instance leaves memory. When the
 * process has died, a handler may be added that was not there before, and a projection be set back to nothing.
 */
#define ACTA_SITES_SECTION "bank_sites"
#include "simulation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "acta/sites.h"
#include "bank.h"
#include "log_check.h"
#include "log_fold.h"
#include "sim_checks.h"
#include "sim_clients.h"
#include "sim_parts.h"
#include "sim_witness.h"

enum {
    KEPT_EVERY = 2048,  /* steps between two looks at what is kept */
    COUNTED_EVERY = 16, /* and at the runtime's counters, which only grow: a wrong sum stays wrong */
    READ_PER_MILLE = 100,
    READ_OFTEN_PER_MILLE = 400,
    FAIL_PER_MILLE = 20,
    LATE_PER_MILLE = 300,
    RESET_PER_MILLE = 150,
    READ_AGAIN_MAX = 1000 /* of a mailbox that is full */
};
static const uint64_t FOR_EVER_MS = UINT64_C(10) * 365 * 24 * 3600 * 1000;

typedef struct bank_run {
    acta_sim *sim;
    acta_app *app; /* NULL: none runs */
    acta_environment environment;
    bank_clients clients;
    bank_parts parts;
    bank_log_check *auditor; /* both have taken the log up to `head` */
    bank_fold *fold;
    bank_witness witness, late;
    bool has_late;
    uint32_t read_per_mille;
    bool reads_hot;         /* only the accounts that are asked most */
    uint32_t steps_to_kept; /* 0: look now */
    acta_error broken;      /* found in between; status ACTA_OK: nothing was */
} bank_run;

/* -- the application -- */

static bank_Account_aggregate account;
static bank_Transfer_aggregate transfer;
static bank_Transfers_process_manager transfers;
static const acta_aggregate *const aggregates[] = { &account.base, &transfer.base, NULL };
static const acta_process_manager *const process_managers[] = { &transfers.base, NULL };
static bank_projection account_rows, transfer_rows;
static const acta_projection *const projections[] = { &account_rows.base, &transfer_rows.base, NULL };
static const acta_event_handler *handlers[3];

static acta_app_config app_config = { .name = "bank",
    .schema = &bank_schema,
    .aggregates = aggregates,
    .process_managers = process_managers,
    .event_handlers = handlers,
    .projections = projections,
    .inline_projections = bank_inline_projections,
    .command_id_retention_ms = FOR_EVER_MS };

static void
draw_settings(acta_sim *sim)
{
    static const uint32_t snapshots[] = { 0, 1, 2, 3, 7 }, idle_ms[] = { 0, 1, 50, 1000 };

    account = bank_account;
    transfer = bank_transfer;
    transfers = bank_transfers;
    account.base.snapshot_every = snapshots[acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 5)];
    transfer.base.snapshot_every = snapshots[acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 5)];
    account.base.idle_timeout_ms = idle_ms[acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 4)];
    uint32_t idle = idle_ms[acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 4)];
    if (idle > 0) transfer.base.idle_timeout_ms = transfers.base.idle_timeout_ms = idle;
}

/* A window of few events is often full. */
static uint32_t
draw_window(acta_sim *sim)
{
    static const uint32_t windows[] = { 0, 1, 2, 5 };
    return windows[acta_sim_choose(sim, ACTA_SIM_SETTINGS, 4)];
}

/* What came to be drawn later than the rest, so that tapes mean what they did. */
static void
draw_more(bank_run *run)
{
    if (acta_sim_choose(run->sim, ACTA_SIM_SETTINGS, 4) == 3) {
        run->read_per_mille = READ_OFTEN_PER_MILLE;
        run->reads_hot = true;
    }
    account_rows = bank_account_rows;
    transfer_rows = bank_transfer_rows;
    account_rows.base.window = draw_window(run->sim);
    transfer_rows.base.window = draw_window(run->sim);
    run->witness.handler.window = draw_window(run->sim);
    run->late.handler.window = draw_window(run->sim);
    bank_parts_begin(&run->parts, run->sim, &app_config, &account, &run->witness.handler);
}

/* -- life -- */

static void
find_broken(void *user, const char *invariant, const char *text)
{
    bank_run *run = user;
    if (run->broken.status == ACTA_OK) acta_error_set(&run->broken, ACTA_CORRUPT, "%s: %s", invariant, text);
}

static void
begin(acta_sim *sim, void *state)
{
    bank_run *run = state;

    run->sim = sim;
    draw_settings(sim);
    run->auditor = bank_log_check_create();
    run->fold = bank_fold_create();
    uint32_t fail_per_mille = acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 2) * FAIL_PER_MILLE;
    run->read_per_mille = acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 4) == 3 ? READ_PER_MILLE : 0;
    bool good = run->auditor != NULL && run->fold != NULL;
    good = bank_witness_begin(&run->witness, "witness", sim, fail_per_mille) && good;
    good = bank_witness_begin(&run->late, "latecomer", sim, fail_per_mille) && good;
    good = bank_clients_begin(&run->clients, sim, find_broken, run) && good;
    if (!good) find_broken(run, "no memory", "the scenario could not begin");
    draw_more(run);
    handlers[0] = &run->witness.handler;
    handlers[1] = NULL;
}

static void
started(acta_sim *sim, void *state, acta_app *app)
{
    bank_run *run = state;
    uint64_t head = acta_store_head(acta_app_store(app));
    char text[96];

    (void)sim;
    run->app = run->clients.app = app;
    run->environment = *acta_runtime_environment(acta_app_runtime(app));
    run->steps_to_kept = 0;
    bank_parts_started(&run->parts, app);
    if (run->fold == NULL || head >= bank_fold_position(run->fold)) return;
    snprintf(
        text, sizeof text, "it ended at %" PRIu64 ", and ends at %" PRIu64 " now", bank_fold_position(run->fold), head);
    find_broken(run, "the end of the log is lost", text);
}

/* -- what may happen between two lives -- */

/* As an operator does it: the projection makes its rows again. The disk may fail meanwhile: then all of it happened, or
 * nothing. */
static void
reset_projection(bank_run *run)
{
    static const acta_table *const row_tables[] = { &bank_AccountRow_table, &bank_CustomerRow_table, NULL };
    acta_store *store;
    const acta_store_config config = {
        .engine = acta_memory_engine(acta_sim_disk(run->sim)), .manual = true, .environment = &run->environment
    };

    if (config.engine == NULL || acta_store_open(&config, &store, NULL) != ACTA_OK) return;
    if (acta_reader_reset(store, bank_account_rows.base.name, row_tables, NULL) == ACTA_OK)
        ACTA_SOMETIMES(&run->environment, "bank.reset: a projection began again from nothing");
    acta_store_abandon(store);
}

static void
crashed(acta_sim *sim, void *state)
{
    bank_run *run = state;
    bool had_started = run->app != NULL;

    run->app = NULL;
    bank_clients_crashed(&run->clients);
    bank_parts_crashed(&run->parts);
    if (!run->has_late && acta_sim_chance(sim, ACTA_SIM_WORKLOAD, LATE_PER_MILLE)) {
        run->has_late = true;
        handlers[1] = &run->late.handler;
        handlers[2] = NULL;
    }
    if (had_started && acta_sim_chance(sim, ACTA_SIM_WORKLOAD, RESET_PER_MILLE)) reset_projection(run);
}

static void
end(acta_sim *sim, void *state)
{
    bank_run *run = state;

    (void)sim;
    bank_clients_destroy(&run->clients);
    bank_witness_destroy(&run->witness);
    bank_witness_destroy(&run->late);
    bank_fold_destroy(run->fold);
    bank_log_check_destroy(run->auditor);
}

/* -- the log, as it comes -- */

static acta_status
take_event(const bank_run *run, const acta_recorded *event, acta_error *error)
{
    acta_status status = bank_log_check_event(run->auditor, event, error);
    return status == ACTA_OK ? bank_fold_event(run->fold, event, error) : status;
}

static acta_status
take_log(const bank_run *run, acta_error *error)
{
    acta_store *store = acta_app_store(run->app);
    acta_cursor *cursor;
    acta_recorded event;

    if (acta_store_head(store) == bank_fold_position(run->fold)) return ACTA_OK;
    acta_status status =
        acta_cursor_open(store, &(acta_read){ .from = bank_fold_position(run->fold) + 1 }, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK)
        if ((status = take_event(run, &event, error)) != ACTA_OK) break;
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* -- clients -- */

static void
keep_broken(bank_run *run, acta_status status, const acta_error *error)
{
    if (status == ACTA_CORRUPT && run->broken.status == ACTA_OK) run->broken = *error;
}

/* Read an account's state, which must be one of those that it had between the question and the answer. */
static void
read_account(bank_run *run)
{
    acta_memory *memory = acta_memory_create(NULL);
    uint64_t head = acta_store_head(acta_app_store(run->app));
    char name[40];
    bank_Account state = { 0 };
    acta_error error;
    if (memory == NULL) return;

    uint32_t count = run->reads_hot ? run->clients.hot_count : run->clients.account_count;
    int size =
        snprintf(name, sizeof name, "Account-account-%" PRIu32, acta_sim_choose(run->sim, ACTA_SIM_WORKLOAD, count));
    acta_str stream = acta_str_from(name, (size_t)size), id = acta_str_from(name + 8, (size_t)size - 8);
    acta_status status = acta_aggregate_read(run->app, &bank_Account_table, id, &state, memory, &error);
    const uint64_t note[] = { status, status == ACTA_OK ? (uint64_t)state.balance : 0 };
    acta_sim_note(run->sim, note, sizeof note);
    if (status == ACTA_OK) ACTA_SOMETIMES(&run->environment, "bank.read: a state was read between commands");
    if ((status == ACTA_OK || status == ACTA_NOT_FOUND) && take_log(run, &error) == ACTA_OK) {
        const bank_stream *found = bank_fold_find(run->fold, stream);
        bool is_known = found != NULL && bank_stream_version_at(found, head) > 0;
        if (status == ACTA_NOT_FOUND && is_known)
            find_broken(run, "a read is of no moment", "an account was not found");
        if (status == ACTA_OK && found == NULL)
            find_broken(run, "a read is of no moment", "of an account never opened");
        if (status == ACTA_OK && found != NULL)
            keep_broken(run, bank_check_read(found, head, bank_fold_position(run->fold), &state, &error), &error);
    }
    acta_memory_destroy(memory);
}

static bool
act(acta_sim *sim, void *state, acta_app *app)
{
    bank_run *run = state;

    (void)app;
    if (run->read_per_mille > 0 && acta_sim_chance(sim, ACTA_SIM_WORKLOAD, run->read_per_mille)) {
        read_account(run);
        return true;
    }
    if (bank_parts_act(&run->parts, run->fold, run->clients.account_count, false)) return true;
    run->clients.rows_may_go = run->parts.may_be_reset;
    if (bank_clients_act(&run->clients)) return true;
    return bank_clients_are_done(&run->clients) &&
           bank_parts_act(&run->parts, run->fold, run->clients.account_count, true);
}

static bool
is_done(const void *state)
{
    const bank_run *run = state;
    return bank_clients_are_done(&run->clients) && bank_parts_are_done(&run->parts);
}

/* -- invariants -- */

/* What the disk failed to give is looked at another time. */
static acta_status
only_broken(acta_status status)
{
    return status == ACTA_CORRUPT ? status : ACTA_OK;
}

static acta_status
check_kept(const bank_run *run, bool is_at_rest, acta_error *error)
{
    acta_store *store = acta_app_store(run->app);
    acta_status status = ACTA_OK;
    /* An event that is tried again is passed by those of other streams: until it is through, rows are ahead of their
     * checkpoint. */
    if (is_at_rest) status = only_broken(bank_check_rows(run->app, run->fold, true, error));
    if (status == ACTA_OK) status = only_broken(bank_check_balances(run->app, run->fold, is_at_rest, error));
    if (status == ACTA_OK) status = only_broken(bank_check_snapshots(store, run->fold, error));
    if (status == ACTA_OK) status = only_broken(bank_check_managers(store, run->fold, is_at_rest, error));
    return status;
}

static acta_status
check_step(acta_sim *sim, void *state, acta_app *app, acta_error *error)
{
    bank_run *run = state;
    acta_runtime_stats stats;

    (void)sim;
    if (run->broken.status != ACTA_OK) {
        *error = run->broken;
        return ACTA_CORRUPT;
    }
    if (app == NULL) return ACTA_OK;
    acta_status status = take_log(run, error);
    if (status != ACTA_OK) return only_broken(status);
    if (run->steps_to_kept-- > 0 && run->steps_to_kept % COUNTED_EVERY != 0) return ACTA_OK;
    acta_runtime_stats_read(acta_app_runtime(app), &stats);
    status = bank_check_counters(&stats, false, error);
    if (status != ACTA_OK || run->steps_to_kept != UINT32_MAX) return status;
    run->steps_to_kept = KEPT_EVERY;
    return check_kept(run, false, error);
}

/* The whole log once more, by readers that have seen nothing: it is what it was as it came. */
static acta_status
check_unchanged(const bank_run *run, acta_error *error)
{
    bank_fold *again = bank_fold_create();
    if (again == NULL) return acta_error_set(error, ACTA_NO_MEMORY, NULL);

    acta_status status = bank_fold_read(again, acta_app_store(run->app), 0, error);
    for (uint64_t position = 1; status == ACTA_OK && position <= bank_fold_position(run->fold); position++) {
        uint64_t version, version_again;
        const bank_stream *stream = bank_fold_at(run->fold, position, &version);
        const bank_stream *stream_again = bank_fold_at(again, position, &version_again);
        bool is_same = stream_again != NULL && version == version_again &&
                       stream->moments[version].digest == stream_again->moments[version].digest;
        if (!is_same) status = acta_error_set(error, ACTA_CORRUPT, "the log has changed: position %" PRIu64, position);
    }
    bank_fold_destroy(again);
    return status;
}

/* An aggregate that has a message of its own in a mailbox of one refuses a read, and is asked again. */
static acta_status
check_states(const bank_run *run, acta_error *error)
{
    acta_status status = bank_check_states(run->app, run->fold, error);

    for (uint32_t i = 0; status == ACTA_BUSY && i < READ_AGAIN_MAX && acta_sim_step(run->sim); i++)
        status = bank_check_states(run->app, run->fold, error);
    return status;
}

/* Who was asked for its state may have told others to make room. */
static acta_status
check_counters(const bank_run *run, acta_error *error)
{
    acta_runtime_stats stats;
    acta_status status;

    for (uint32_t i = 0;; i++) {
        acta_runtime_stats_read(acta_app_runtime(run->app), &stats);
        status = bank_check_counters(&stats, true, error);
        if (status == ACTA_OK || i == READ_AGAIN_MAX || !acta_sim_step(run->sim)) return status;
    }
}

static acta_status
check_rest(const bank_run *run, acta_error *error)
{
    acta_status status = bank_check_ended(run->auditor, run->fold, error);
    if (status == ACTA_OK) status = bank_check_once(&run->clients, run->fold, error);
    if (status == ACTA_OK) status = bank_check_answers(&run->clients, run->fold, error);
    if (status == ACTA_OK) status = bank_witness_check(&run->witness, run->fold, error);
    if (status == ACTA_OK && run->has_late) status = bank_witness_check(&run->late, run->fold, error);
    if (status == ACTA_OK) status = check_states(run, error);
    if (status == ACTA_OK) status = bank_parts_check(&run->parts, run->fold, error);
    return status == ACTA_OK ? check_counters(run, error) : status;
}

/* What a night must have seen, or its seeds are too gentle. */
static void
note_seen(const bank_run *run)
{
    const bank_log_totals *totals = bank_log_check_totals(run->auditor);
    bool is_used = false, is_waited = false, is_nothing = false;

    for (uint32_t i = 0; i < run->clients.ask_count; i++) {
        const bank_ask *ask = &run->clients.asks[i];
        is_used = is_used || ask->answer == ACTA_COMMAND_ID_REUSED;
        is_waited = is_waited || (ask->waits && ask->answer == ACTA_OK);
        is_nothing = is_nothing || (ask->answer == ACTA_OK && ask->position == 0);
    }
    if (is_used) ACTA_SOMETIMES(&run->environment, "bank.thief: a command id was used before");
    if (is_waited) ACTA_SOMETIMES(&run->environment, "bank.waits: a reply waited for its row");
    if (is_nothing) ACTA_SOMETIMES(&run->environment, "bank.nothing: a command was accepted and changed nothing");
    if (run->has_late) ACTA_SOMETIMES(&run->environment, "bank.latecomer: a handler came when there was a log");
    if (run->witness.told_count > bank_fold_position(run->fold))
        ACTA_SOMETIMES(&run->environment, "bank.witness: a handler was told an event again");
    if (totals->completed > 0) ACTA_SOMETIMES(&run->environment, "bank.completed: a transfer");
    if (totals->refunded > 0) ACTA_SOMETIMES(&run->environment, "bank.refunded: a transfer");
    if (totals->rejected > 0) ACTA_SOMETIMES(&run->environment, "bank.rejected: a transfer");
}

static uint64_t command_count;

uint64_t
bank_simulation_commands(void)
{
    return command_count;
}

static acta_status
count_commands(acta_sim *sim, void *state, acta_app *app, acta_error *error)
{
    const bank_run *run = state;

    (void)sim;
    (void)error;
    command_count += acta_store_head(acta_app_store(app));
    for (uint32_t i = 0; i < run->clients.ask_count; i++)
        command_count += run->clients.asks[i].position == 0;
    return ACTA_OK;
}

static acta_status
check(acta_sim *sim, void *state, acta_app *app, acta_error *error)
{
    bank_run *run = state;

    count_commands(sim, state, app, error);
    run->app = app;
    if (run->broken.status != ACTA_OK) {
        *error = run->broken;
        return ACTA_CORRUPT;
    }
    acta_status status = take_log(run, error);
    if (status == ACTA_OK) status = check_unchanged(run, error);
    if (status == ACTA_OK) status = check_kept(run, true, error);
    if (status == ACTA_OK) status = check_rest(run, error);
    if (status == ACTA_OK) note_seen(run);
    return status;
}

#define BANK_SCENARIO                                                                                                  \
    .summary = "accounts and transfers: money, answers, rows and states", .app = &app_config,                          \
    .state_size = sizeof(bank_run), .begin = begin, .started = started, .act = act, .is_done = is_done,                \
    .crashed = crashed, .end = end, .sites = ACTA_SITES

const acta_scenario bank_scenario = { .name = "bank", BANK_SCENARIO, .check_step = check_step, .check = check };
const acta_scenario bank_scenario_steps = {
    .name = "bank-steps", BANK_SCENARIO, .check_step = check_step, .check = count_commands
};
const acta_scenario bank_scenario_unchecked = { .name = "bank-unchecked", BANK_SCENARIO, .check = count_commands };
