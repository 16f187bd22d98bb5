/*
 * The bank under faults: the driver.
 */
#include "under_faults.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bank.h"
#include "bank_workload.h"
#include "faults.h"
#include "log_check.h"
#include "memory.h"

enum { STEP_MAX = 1000000, START_TRIES_MAX = 200, SETTLE_MS = 1200000 };

typedef struct run {
    acta_sim *sim;
    acta_app *app;
    workload workload;
    under_faults *sum;
    uint64_t seed;
} run;

static uint32_t
thread_count(void)
{
    DIR *tasks = opendir("/proc/self/task");
    uint32_t count = 0;

    if (tasks == NULL) return 0;
    while (readdir(tasks) != NULL)
        count++;
    closedir(tasks);
    return count;
}

static bool
broken(run *r, const char *what, const char *text)
{
    if (r->sum->text[0] == '\0')
        snprintf(r->sum->text, sizeof r->sum->text, "seed %" PRIu64 ": %s: %.300s", r->seed, what, text);
    return false;
}

/* The process is gone, and nothing of it is left. */
static bool
all_is_given_back(run *r)
{
    const acti_memory *memory = acti_sim_memory(r->sim);
    char text[80];

    if (memory->live_count == 0) return true;
    snprintf(text, sizeof text, "%" PRIu64 " blocks, %" PRIu64 " bytes", memory->live_count, memory->live_bytes);
    return broken(r, "memory was not given back", text);
}

/* A start may meet a fault, too: then the process dies once more, and the next one tries. */
static bool
start(run *r)
{
    acta_app_config config = { .name = "bank",
        .schema = &bank_schema,
        .aggregates = bank_aggregates,
        .process_managers = bank_process_managers,
        .projections = bank_projections };
    acta_error error;

    for (uint32_t tries = 0; tries < START_TRIES_MAX; tries++) {
        uint64_t before = acti_faults_count(r->sim);
        if (acta_sim_start(r->sim, &config, &r->app, &error) == ACTA_OK) return true;
        r->sum->starts_that_failed++;
        if (acti_faults_count(r->sim) == before) break;
        acta_sim_crash(r->sim);
        if (!all_is_given_back(r)) return false;
    }
    return broken(r, "the application does not start again", error.text);
}

static bool
crash(run *r)
{
    acta_sim_crash(r->sim);
    r->app = NULL;
    if (!all_is_given_back(r)) return false;
    workload_crashed(&r->workload);
    return start(r);
}

static bool
must_restart(run *r)
{
    return acta_store_health(acta_app_store(r->app), NULL) != ACTA_OK;
}

static bool
run_with_faults(run *r)
{
    for (uint32_t step = 0; r->workload.answered_count < r->workload.ask_count; step++) {
        if (step == STEP_MAX) return broken(r, "commands without an answer", "the step limit was reached");
        if (acti_faults_step(r->sim) || must_restart(r)) {
            if (!crash(r)) return false;
            continue;
        }
        if (acta_sim_chance(r->sim, ACTA_SIM_WORKLOAD, 200) && workload_send(&r->workload, r->app)) continue;
        if (!acta_sim_step(r->sim) && !workload_send(&r->workload, r->app))
            return broken(r, "commands without an answer", "nothing is left to happen");
    }
    return true;
}

static bool
heal(run *r)
{
    acta_error error;

    bool power_is_gone = acti_faults_step(r->sim);
    acti_faults_heal(r->sim);
    if ((power_is_gone || must_restart(r)) && !crash(r)) return false;
    while (r->workload.answered_count < r->workload.ask_count) /* a crash may have unsaid some */
        if (!acta_sim_step(r->sim) && !workload_send(&r->workload, r->app))
            return broken(r, "commands without an answer after healing", "nothing is left to happen");
        else
            workload_send(&r->workload, r->app);
    if (acta_app_settle(r->app, SETTLE_MS, &error) == ACTA_OK) return true;
    return broken(r, "the application does not come to rest", error.text);
}

static bool
check_answer(run *r, const ask *a)
{
    acta_cursor *cursor;
    acta_recorded event;
    acta_error error;
    bool mine = false;

    if (a->answer != ACTA_OK || a->answer_position == 0) return true;
    acta_read read = { .from = a->answer_position };
    if (acta_cursor_open(acta_app_store(r->app), &read, &cursor, &error) != ACTA_OK)
        return broken(r, "the log can't be read", error.text);
    mine = acta_cursor_next(cursor, &event, &error) == ACTA_OK && acta_id_equal(event.command_id, a->command_id);
    acta_cursor_close(cursor);
    return mine || broken(r, "an acknowledged command is not in the log", a->command->name);
}

static bool
check(run *r)
{
    bank_log_check *log = bank_log_check_create();
    acta_error error;

    bool good = log != NULL && bank_log_check_read(log, acta_app_store(r->app), &error) == ACTA_OK;
    if (!good) broken(r, "the log breaks a rule", log != NULL ? error.text : "no memory");
    if (good) {
        const bank_log_totals *totals = bank_log_check_totals(log);
        if (totals->on_the_way != 0) good = broken(r, "money is still on the way", "");
        if (totals->brought_in != totals->on_accounts) good = broken(r, "money is missing", "");
    }
    if (r->workload.changed_answer_count > 0) good = broken(r, "a command id got two answers", "");
    for (uint32_t i = 0; good && i < r->workload.ask_count; i++) {
        const ask *a = &r->workload.asks[i];
        good = check_answer(r, a);
        if (!good || a->command != &bank_RequestTransfer_table || a->answer != ACTA_OK) continue;
        if (bank_log_check_phase(log, a->value.transfer.transfer_id) < BANK_LOG_COMPLETED)
            good = broken(r, "a requested transfer has not ended", a->ids[2]);
    }
    bank_log_check_destroy(log);
    return good;
}

static void
add_up(run *r)
{
    const acti_faults *faults = acti_sim_faults(r->sim);
    acta_sim_stats stats;

    acta_sim_stats_read(r->sim, &stats);
    for (uint32_t i = 0; i < ACTI_FAULT_KINDS; i++)
        r->sum->counts[i] += faults->counts[i];
    r->sum->crashes += stats.crashes;
    r->sum->seeds++;
    for (uint32_t i = 0; i < r->workload.ask_count; i++) {
        r->sum->answers += r->workload.asks[i].answered_once;
        r->sum->accepted += r->workload.asks[i].answer == ACTA_OK && r->workload.asks[i].answered_once;
    }
}

static bool
run_seed(uint64_t seed, uint32_t kinds, uint64_t pattern, under_faults *sum, under_faults_look look, void *user)
{
    static run r; /* too large for a stack; all of it is set here */
    uint32_t threads = thread_count();
    memset(&r, 0, sizeof r);
    r.seed = seed;
    r.sum = sum;
    r.sim = acta_sim_create(seed);
    if (r.sim == NULL) return broken(&r, "no memory", "");

    acta_sim_verbose(r.sim, getenv("ACTA_FAULT_VERBOSE") != NULL);
    acti_memory_pattern(r.sim, pattern);
    workload_init(&r.workload, r.sim);
    acti_faults_draw(r.sim, ~kinds);
    bool good = start(&r) && run_with_faults(&r) && heal(&r) && check(&r);
    if (good && look != NULL) look(user, r.sim);
    add_up(&r);
    if (good) acta_sim_crash(r.sim);
    good = good && all_is_given_back(&r);
    if (thread_count() != threads) good = broken(&r, "a thread was started", "");
    if (good && !acti_memory_look(r.sim)) good = broken(&r, "memory was written to after it was freed", "");
    acta_sim_destroy(r.sim);
    return good;
}

bool
under_faults_run(uint64_t first, uint64_t last, uint32_t kinds, under_faults *sum, under_faults_look look, void *user)
{
    for (uint64_t seed = first; seed <= last; seed++)
        if (!run_seed(seed, kinds, seed * UINT64_C(0x9e3779b97f4a7c15) | 1, sum, look, user)) return false;
    return true;
}

static void
keep_hash(void *user, acta_sim *sim)
{
    *(uint64_t *)user = acta_sim_hash(sim);
}

bool
under_faults_hash(uint64_t seed, uint32_t kinds, uint64_t pattern, under_faults *sum, uint64_t *hash_out)
{
    return run_seed(seed, kinds, pattern, sum, keep_hash, hash_out);
}
