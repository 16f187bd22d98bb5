/*
 * The bank under simulation: a script of commands, crashes and a failing disk for each seed, and in the end the log must
 * tell of no minor unit lost, none doubled, no answer broken.
 *
 *     sim-bank --seeds 1..1000        one line a thousand, and a summary
 *     sim-bank --seeds 77..77 -v      one seed, with its log
 *
 * Two phases a seed. With faults: clients send, actors run, the process dies and comes back. Then the disk heals and all
 * must come to rest: each command has an answer, each transfer has ended, each reader has passed the head.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bank.h"
#include "bank_workload.h"
#include "log_check.h"

enum {
    STEP_MAX = 2000000,
    CRASH_MAX = 4,
    START_TRIES_MAX = 100,
    SETTLE_MS = 600000,
    TWICE_EVERY = 10 /* seeds of which the run is repeated, and the history compared */
};

typedef struct run {
    uint64_t seed;
    acta_sim *sim;
    acta_app *app;
    workload workload;
    uint32_t crashes_left;
    uint32_t crash_per_10000; /* steps */
} run;

typedef struct summary {
    uint64_t seeds, commands, accepted, crashes, disk_faults, steps, completed, refunded, rejected, events;
} summary;

static const char *failed_what;
static char failed_text[1024];

static bool
fail(const char *what, const char *text)
{
    failed_what = what;
    snprintf(failed_text, sizeof failed_text, "%s", text);
    return false;
}

/* A start may meet a failing disk, too: then the process dies once more, and the next one tries. */
static bool
start(run *r)
{
    acta_app_config config = { .name = "bank",
        .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .process_managers = bank_process_managers,
        .projections = bank_projections };
    acta_sim_stats before, after;
    acta_error error;

    for (uint32_t tries = 0; tries < START_TRIES_MAX; tries++) {
        acta_sim_stats_read(r->sim, &before);
        if (acta_sim_start(r->sim, &config, &r->app, &error) == ACTA_OK) return true;
        acta_sim_stats_read(r->sim, &after);
        if (after.disk_faults == before.disk_faults) break;
        acta_sim_crash(r->sim);
    }
    return fail("the application does not start again", error.text);
}

static bool
crash(run *r)
{
    acta_sim_crash(r->sim);
    r->app = NULL;
    workload_crashed(&r->workload);
    return start(r);
}

static bool
must_restart(run *r)
{
    return acta_store_health(acta_app_store(r->app), NULL) != ACTA_OK;
}

/* Clients and faults, until every command has its answer. */
static bool
run_with_faults(run *r)
{
    for (uint32_t step = 0; r->workload.answered_count < r->workload.ask_count; step++) {
        if (step == STEP_MAX) return fail("commands without an answer", "the step limit was reached");
        if (must_restart(r)) {
            if (!crash(r)) return false;
            continue;
        }
        if (r->crashes_left > 0 && acta_sim_choose(r->sim, ACTA_SIM_FAULTS, 10000) >= 10000 - r->crash_per_10000) {
            r->crashes_left--;
            if (!crash(r)) return false;
        }
        if (acta_sim_chance(r->sim, ACTA_SIM_WORKLOAD, 200) && workload_send(&r->workload, r->app)) continue;
        if (!acta_sim_step(r->sim) && !workload_send(&r->workload, r->app))
            return fail("commands without an answer", "nothing is left to happen");
    }
    return true;
}

/* The disk is sound from here on: everything must come to rest. */
static bool
heal(run *r)
{
    acta_error error;

    acta_sim_disk_faults(r->sim, 0);
    if (must_restart(r) && !crash(r)) return false;
    if (acta_app_settle(r->app, SETTLE_MS, &error) == ACTA_OK) return true;
    return fail("the application does not come to rest", error.text);
}

/* What a client was told must be in the log, at the position that it was told. */
static bool
check_answers(run *r, acta_store *store)
{
    if (r->workload.changed_answer_count > 0) return fail("a command id got two answers", "");
    for (uint32_t i = 0; i < r->workload.ask_count; i++) {
        const ask *a = &r->workload.asks[i];
        if (a->answer != ACTA_OK || a->answer_position == 0) continue;

        acta_cursor *cursor;
        acta_recorded event;
        acta_error error;
        acta_status status = acta_cursor_open(store, &(acta_read){ .from = a->answer_position }, &cursor, &error);
        if (status == ACTA_OK) {
            status = acta_cursor_next(cursor, &event, &error);
            bool mine = status == ACTA_OK && acta_id_equal(event.command_id, a->command_id);
            acta_cursor_close(cursor);
            if (mine) continue;
        }
        char text[160];
        snprintf(text, sizeof text, "command %u (%s) was told position %" PRIu64 ", which holds another event", i,
            a->command->name, a->answer_position);
        return fail("an acknowledged command is not in the log", text);
    }
    return true;
}

static bool
check_transfers_ended(run *r, const bank_log_check *check)
{
    for (uint32_t i = 0; i < r->workload.ask_count; i++) {
        const ask *a = &r->workload.asks[i];
        if (a->command != &bank_RequestTransfer_table || a->answer != ACTA_OK) continue;
        if (bank_log_check_phase(check, a->value.transfer.transfer_id) >= BANK_LOG_COMPLETED) continue;
        return fail("a requested transfer has not ended", a->ids[2]);
    }
    return true;
}

/* The rows of the read model are the fold of the log. */
static bool
check_rows(run *r, const bank_log_check *check)
{
    for (uint32_t i = 0; i < r->workload.account_count; i++) {
        char id[24];
        bank_AccountRow row;
        acta_error error;

        snprintf(id, sizeof id, "account-%u", i);
        int64_t balance = bank_log_check_balance(check, acta_str_of(id));
        acta_status status = bank_AccountRow_find(r->app, acta_str_of(id), &row, NULL, &error);
        if (status == ACTA_NOT_FOUND && balance < 0) continue;
        if (status == ACTA_OK && row.balance == balance) continue;
        return fail("a row is not the fold of the log", id);
    }
    return true;
}

static bool
check(run *r, summary *sum)
{
    acta_store *store = acta_app_store(r->app);
    bank_log_check *log = bank_log_check_create();
    acta_error error;
    bool good = log != NULL || fail("no memory", "");

    if (good && bank_log_check_read(log, store, &error) != ACTA_OK) good = fail("the log breaks a rule", error.text);
    if (good) {
        const bank_log_totals *totals = bank_log_check_totals(log);
        if (totals->on_the_way != 0) good = fail("money is still on the way", "");
        if (totals->brought_in != totals->on_accounts) good = fail("money is missing", "");
        sum->completed += totals->completed;
        sum->refunded += totals->refunded;
        sum->rejected += totals->rejected;
        sum->events += totals->events;
    }
    good = good && check_answers(r, store) && check_transfers_ended(r, log) && check_rows(r, log);
    bank_log_check_destroy(log);
    return good;
}

static void
draw_faults(run *r)
{
    static const uint32_t disk_faults[] = { 0, 0, 0, 2, 10 };

    r->crashes_left = acta_sim_choose(r->sim, ACTA_SIM_FAULTS, CRASH_MAX + 1);
    r->crash_per_10000 = 1 + acta_sim_choose(r->sim, ACTA_SIM_FAULTS, 40);
    acta_sim_disk_faults(r->sim, disk_faults[acta_sim_choose(r->sim, ACTA_SIM_FAULTS, 5)]);
}

static bool
run_seed(uint64_t seed, bool verbose, summary *sum, uint64_t *hash_out)
{
    static run r; /* too large for a stack; all of it is set here */
    memset(&r, 0, sizeof r);
    r.seed = seed;
    r.sim = acta_sim_create(seed);
    if (r.sim == NULL) return fail("no memory", "");

    acta_sim_verbose(r.sim, verbose);
    workload_init(&r.workload, r.sim);
    bool good = start(&r);
    if (good) draw_faults(&r);
    good = good && run_with_faults(&r) && heal(&r) && check(&r, sum);

    acta_sim_stats stats;
    acta_sim_stats_read(r.sim, &stats);
    sum->seeds++;
    sum->commands += r.workload.ask_count;
    for (uint32_t i = 0; i < r.workload.ask_count; i++)
        sum->accepted += r.workload.asks[i].answer == ACTA_OK;
    sum->crashes += stats.crashes;
    sum->disk_faults += stats.disk_faults;
    sum->steps += stats.steps;
    *hash_out = acta_sim_hash(r.sim);
    acta_sim_destroy(r.sim);
    return good;
}

static bool
run_and_compare(uint64_t seed, bool verbose, summary *sum)
{
    uint64_t first, second;

    if (!run_seed(seed, verbose, sum, &first)) return false;
    if (seed % TWICE_EVERY != 0) return true;
    if (!run_seed(seed, false, &(summary){ 0 }, &second)) return false;
    if (first == second) return true;
    return fail("the same seed gave another history", "something in the run depends on more than the seed");
}

int
main(int argc, char **argv)
{
    uint64_t from = 1, to = 1000;
    bool verbose = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-v") == 0)
            verbose = true;
        else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc &&
                 sscanf(argv[i + 1], "%" SCNu64 "..%" SCNu64, &from, &to) == 2)
            i++;
        else {
            fprintf(stderr, "usage: sim-bank [--seeds FROM..TO] [-v]\n");
            return 2;
        }
    }

    summary sum = { 0 };
    for (uint64_t seed = from; seed <= to; seed++) {
        if (run_and_compare(seed, verbose, &sum)) continue;
        printf("seed %" PRIu64 ": %s: %s\nagain with: sim-bank --seeds %" PRIu64 "..%" PRIu64 " -v\n", seed,
            failed_what, failed_text, seed, seed);
        return 1;
    }
    printf("%" PRIu64 " seeds: %" PRIu64 " commands (%" PRIu64 " accepted), %" PRIu64 " events, %" PRIu64
           " steps, %" PRIu64 " crashes, %" PRIu64 " disk faults\n",
        sum.seeds, sum.commands, sum.accepted, sum.events, sum.steps, sum.crashes, sum.disk_faults);
    printf("transfers: %" PRIu64 " completed, %" PRIu64 " refunded, %" PRIu64 " rejected\n", sum.completed,
        sum.refunded, sum.rejected);
    bool covered = from == to || (sum.crashes > 0 && sum.completed > 0 && sum.refunded > 0 && sum.rejected > 0);
    if (!covered) printf("not covered: each of crashes, completed, refunded and rejected must have come to pass\n");
    return !covered;
}
