/*
 * Commands for later under simulation: processes and actors die, disks fail, the wall clock jumps.
 *
 *     once        schedule(at)                                    -> runs exactly once
 *     cancelled   schedule(at) -> cancel                          -> in time: never; too late: once
 *     recurring   schedule("* * * * *") -> two runs -> cancel     -> each time once, none behind the cancel
 *     deadline    StartJob -> deadline -> EndJob                  -> the job ends exactly once, by its deadline
 *     stopped     StartJob -> EndJob by hand, perhaps in time     -> the job ends exactly once, and its deadline is gone
 *
 * Always: nothing runs before the wall clock has ever shown its time, no command id takes effect twice, and what passes into the
 * middleware comes out of it.
 */
#define ACTA_SITES_SECTION "schedule_sites"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acta/app.h"
#include "acta/simulate.h"

#include "ledger.h"

enum { ITEM_MAX = 10, RUNS_WANTED = 2, DELAY_MAX_MS = 20000, EFFECT_MAX = 65536 };

typedef enum item_kind { ONCE, CANCELLED, RECURRING, DEADLINE, STOPPED, KINDS } item_kind;
typedef enum item_state { TO_ASK, ASKED, TO_WAIT, TO_CALL_OFF, CALLED_OFF } item_state;

/* One key, or one job. */
typedef struct item {
    item_kind kind;
    item_state state;
    char key[16];
    int64_t due_us; /* 0: not asked yet */
    uint64_t delay_ms;
    bool in_flight, is_called_off, in_time;
    uint32_t runs, runs_then; /* when the cancel was answered */
    struct schedule_run *run;
} item;

typedef struct schedule_run {
    acta_sim *sim;
    acta_environment environment;
    bool has_environment;
    uint32_t count, next;
    item items[ITEM_MAX];
    int64_t wall_max_us;
    uint64_t position; /* that was looked at */
    acta_id *effects;
    uint32_t effect_count;
    acta_error broken;
} schedule_run;

static const acta_process_manager *const managers[] = { &ledger_jobs.base, NULL };
/* How many commands have passed into the middleware, and out of it, in this life of the process. */
static uint64_t passages_begun, passages_ended;

static void
see_begin(acta_passage *passage, void *user)
{
    (void)passage;
    (void)user;
    passages_begun++;
}

static void
see_end(acta_passage *passage, void *user)
{
    (void)passage;
    (void)user;
    passages_ended++;
}

static const acta_middleware witness = { .name = "witness", .before = see_begin, .after = see_end, .failure = see_end };
static const acta_middleware *const middleware[] = { &witness, NULL };

static const acta_app_config config = { .name = "schedule",
    .schema = &ledger_schema,
    .aggregates = ledger_aggregates,
    .process_managers = managers,
    .middleware = middleware,
    .audit = { .is_on = true },
    .command_id_retention_ms = UINT64_C(10) * 365 * 24 * 3600 * 1000 };

/* The delay lies in the job's amount. */
static void
end_after(const ledger_JobStarted *event, acta_commands *commands)
{
    ledger_EndJob_send_after(commands, acta_str_of("late"),
        ACTA_INIT(ledger_EndJob, .job_id = event->job_id, .reason = acta_str_of("deadline")), (uint64_t)event->amount);
}

/* -- the script -- */

static void
begin(acta_sim *sim, void *state)
{
    schedule_run *run = state;

    ledger_hook = (ledger_hooks){ .on_job = end_after };
    passages_begun = passages_ended = 0;
    run->sim = sim;
    run->effects = calloc(EFFECT_MAX, sizeof *run->effects);
    run->count = run->effects != NULL ? 1 + acta_sim_choose(sim, ACTA_SIM_WORKLOAD, ITEM_MAX) : 0;
    for (uint32_t i = 0; i < run->count; i++) {
        item *it = &run->items[i];
        *it = (item){ .run = run, .kind = (item_kind)acta_sim_choose(sim, ACTA_SIM_WORKLOAD, KINDS) };
        it->delay_ms = acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 2) == 0
                           ? acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 100)
                           : acta_sim_choose(sim, ACTA_SIM_WORKLOAD, DELAY_MAX_MS);
        snprintf(it->key, sizeof it->key, "k%" PRIu32, i);
    }
}

static int64_t
wall_us(const schedule_run *run)
{
    return run->environment.clock.wall_us(run->environment.clock.user);
}

static void
started(acta_sim *sim, void *state, acta_app *app)
{
    schedule_run *run = state;
    (void)sim;

    run->environment = *acta_runtime_environment(acta_app_runtime(app));
    run->has_environment = true;
}

static void
crashed(acta_sim *sim, void *state)
{
    schedule_run *run = state;
    (void)sim;

    passages_begun = passages_ended = 0;
    for (uint32_t i = 0; i < run->count; i++)
        run->items[i].in_flight = false;
}

static void
end(acta_sim *sim, void *state)
{
    schedule_run *run = state;
    (void)sim;

    ledger_hook = (ledger_hooks){ .on_job = NULL };
    free(run->effects);
}

static void
find_broken(schedule_run *run, const char *invariant, const char *key)
{
    if (run->broken.status == ACTA_OK) acta_error_set(&run->broken, ACTA_CORRUPT, "%s: '%s'", invariant, key);
}

/* -- asking -- */

static void
scheduled(void *user, const acta_schedule_result *result)
{
    item *it = user;

    it->in_flight = false;
    acta_sim_note(it->run->sim, &result->status, sizeof result->status);
    if (result->status == ACTA_ALREADY_EXISTS || result->status == ACTA_INVALID || result->status == ACTA_CONFLICT)
        find_broken(it->run, "asking again for the same is refused", it->key);
    if (result->status != ACTA_OK) return;
    it->state = it->kind == CANCELLED ? TO_CALL_OFF : TO_WAIT;
    if (it->kind == RECURRING) it->due_us = result->due_us;
}

static void
called_off(void *user, const acta_schedule_result *result)
{
    item *it = user;

    it->in_flight = false;
    acta_sim_note(it->run->sim, &result->status, sizeof result->status);
    if (result->status != ACTA_OK && result->status != ACTA_NOT_FOUND) return;
    it->is_called_off = result->status == ACTA_OK;
    it->in_time = result->status == ACTA_OK && result->in_time;
    it->state = CALLED_OFF;
    it->runs_then = it->runs;
}

static void
dispatched(void *user, const acta_dispatch_result *result)
{
    item *it = user;

    it->in_flight = false;
    acta_sim_note(it->run->sim, &result->status, sizeof result->status);
    if (result->status != ACTA_OK && result->status != ACTA_REJECTED) return;
    if (it->state == TO_ASK)
        it->state = it->kind == STOPPED ? TO_CALL_OFF : TO_WAIT;
    else
        it->state = CALLED_OFF;
}

static acta_dispatch_options
options_of(const item *it, const char *what)
{
    char name[40];

    snprintf(name, sizeof name, "schedule-%s-%s", it->key, what);
    return (acta_dispatch_options){ .command_id = acta_id_of(acta_str_of(name)) };
}

static void
ask_for_job(item *it, acta_app *app)
{
    ledger_StartJob begin_it = { .job_id = acta_str_of(it->key), .amount = (int64_t)it->delay_ms + 1 };
    ledger_EndJob end_it = { .job_id = acta_str_of(it->key), .reason = acta_str_of("by hand") };
    acta_dispatch_options begin_options = options_of(it, "begin"), end_options = options_of(it, "end");

    it->in_flight = true;
    if (it->state == TO_ASK)
        acta_dispatch_async(app, &ledger_StartJob_table, &begin_it, &begin_options, dispatched, it);
    else
        acta_dispatch_async(app, &ledger_EndJob_table, &end_it, &end_options, dispatched, it);
}

static void
ask_for_key(item *it, acta_app *app)
{
    ledger_Add command = { .counter_id = acta_str_of("c"), .job_id = acta_str_of(it->key) };
    acta_schedule_options options = { .retry_max = 1000,
        .missed = it->delay_ms % 2 ? ACTA_MISSED_EACH : ACTA_MISSED_ONCE };
    acta_when when = { .cron = "* * * * *" };

    it->in_flight = true;
    if (it->state == TO_CALL_OFF) {
        acta_schedule_cancel_async(app, acta_str_of(it->key), called_off, it);
        return;
    }
    if (it->kind != RECURRING) {
        if (it->due_us == 0) it->due_us = wall_us(it->run) + (int64_t)it->delay_ms * 1000;
        when = ACTA_AT(it->due_us);
    }
    acta_schedule_async(app, acta_str_of(it->key), &ledger_Add_table, &command, when, &options, scheduled, it);
}

static bool
act(acta_sim *sim, void *state, acta_app *app)
{
    schedule_run *run = state;
    (void)sim;

    for (uint32_t i = 0; i < run->count; i++) {
        item *it = &run->items[(run->next + i) % run->count];
        bool is_asking = it->state == TO_ASK || it->state == TO_CALL_OFF;
        if (it->kind == RECURRING && it->state == TO_WAIT && it->runs >= RUNS_WANTED) {
            it->state = TO_CALL_OFF;
            is_asking = true;
        }
        if (it->in_flight || !is_asking) continue;
        run->next = (run->next + i + 1) % run->count;
        if (it->kind == DEADLINE || it->kind == STOPPED)
            ask_for_job(it, app);
        else
            ask_for_key(it, app);
        return true;
    }
    return false;
}

/* A run that is in the log while its row is not yet gone is asked for again when its time comes: after a crash and a clock that
 * was set back that is later, and until then the row stays. */
static bool
has_run(const item *it)
{
    return it->runs > 0 && wall_us(it->run) >= it->due_us;
}

static bool
is_finished(const item *it)
{
    switch (it->kind) {
    case ONCE:
        return it->state == TO_WAIT && has_run(it);
    case CANCELLED:
        return it->state == CALLED_OFF && (has_run(it) || !it->is_called_off || it->in_time);
    case RECURRING:
        return it->state == CALLED_OFF;
    case DEADLINE:
        return it->runs > 0;
    default:
        return it->state == CALLED_OFF && it->runs > 0;
    }
}

static bool
is_done(const void *state)
{
    const schedule_run *run = state;

    if (run->broken.status != ACTA_OK) return true;
    for (uint32_t i = 0; i < run->count; i++)
        if (!is_finished(&run->items[i])) return false;
    return true;
}

/* -- what must hold -- */

static item *
find(schedule_run *run, acta_str key)
{
    for (uint32_t i = 0; i < run->count; i++)
        if (acta_str_equal(key, acta_str_of(run->items[i].key))) return &run->items[i];
    return NULL;
}

static void
take_run(schedule_run *run, item *it)
{
    it->runs++;
    if (it->kind == ONCE && it->runs > 1) find_broken(run, "a command ran twice", it->key);
    if ((it->kind == DEADLINE || it->kind == STOPPED) && it->runs > 1) find_broken(run, "a job ended twice", it->key);
    if (it->kind == CANCELLED && it->runs > 1) find_broken(run, "a command ran twice", it->key);
    if (it->kind <= RECURRING && it->due_us != 0 && run->wall_max_us < it->due_us)
        find_broken(run, "a command ran before its time", it->key);
    if (it->state == CALLED_OFF && it->in_time && it->kind <= RECURRING)
        find_broken(run, "a cancelled command ran", it->key);
}

static void
take_effect(schedule_run *run, const acta_recorded *event)
{
    for (uint32_t i = 0; i < run->effect_count; i++)
        if (acta_id_equal(run->effects[i], event->command_id)) find_broken(run, "a command id took effect twice", "");
    if (run->effect_count < EFFECT_MAX) run->effects[run->effect_count++] = event->command_id;
}

static void
take_event(schedule_run *run, const acta_recorded *event)
{
    ledger_Added added;
    ledger_JobEnded ended;
    item *it = NULL;

    take_effect(run, event);
    if (acta_str_equal(event->type, acta_str_of(ledger_Added_table.name))) {
        ledger_Added_decode(event->payload, &added);
        it = find(run, added.job_id);
    } else if (acta_str_equal(event->type, acta_str_of(ledger_JobEnded_table.name))) {
        ledger_JobEnded_decode(event->payload, &ended);
        it = find(run, ended.job_id);
    }
    if (it != NULL) take_run(run, it);
}

static void
take_log(schedule_run *run, acta_app *app)
{
    acta_store *store = acta_app_store(app);
    acta_recorded event;
    acta_cursor *cursor;

    if (acta_store_head(store) < run->position) find_broken(run, "the end of the log is lost", "");
    if (acta_store_head(store) <= run->position) return;
    if (acta_cursor_open(store, &(acta_read){ .from = run->position + 1 }, &cursor, NULL) != ACTA_OK) return;
    while (acta_cursor_next(cursor, &event, NULL) == ACTA_OK) {
        run->position = event.position;
        take_event(run, &event);
    }
    acta_cursor_close(cursor);
}

static acta_status
check_step(acta_sim *sim, void *state, acta_app *app, acta_error *error)
{
    schedule_run *run = state;
    (void)sim;

    if (run->has_environment && wall_us(run) > run->wall_max_us) run->wall_max_us = wall_us(run);
    if (app != NULL) take_log(run, app);
    if (run->broken.status == ACTA_OK) return ACTA_OK;
    *error = run->broken;
    return ACTA_CORRUPT;
}

static bool
count_it(void *user, const acta_scheduled *scheduled)
{
    uint32_t *left = user;
    (void)scheduled;

    (*left)++;
    return true;
}

static acta_status
check(acta_sim *sim, void *state, acta_app *app, acta_error *error)
{
    schedule_run *run = state;
    uint32_t left = 0;

    acta_status status = check_step(sim, state, app, error);
    for (uint32_t i = 0; i < run->count && status == ACTA_OK; i++) {
        const item *it = &run->items[i];
        bool must_run = it->kind == ONCE || it->kind == DEADLINE || it->kind == STOPPED ||
                        (it->kind == CANCELLED && it->is_called_off && !it->in_time);
        if (must_run && it->runs != 1)
            status =
                acta_error_set(error, ACTA_CORRUPT, "a command is lost: '%s' ran %" PRIu32 " times", it->key, it->runs);
    }
    if (status == ACTA_OK) status = acta_schedule_each(app, acta_str_of(NULL), count_it, &left, error);
    if (status == ACTA_OK && left > 0)
        status = acta_error_set(error, ACTA_CORRUPT, "rows are left: %" PRIu32 " in the schedule", left);
    if (status == ACTA_OK && passages_begun != passages_ended)
        status = acta_error_set(error, ACTA_CORRUPT,
            "%" PRIu64 " commands passed into the middleware, %" PRIu64 " out of it", passages_begun, passages_ended);
    return status;
}

extern const acta_scenario schedule_scenario; /* tests/sim/scenarios.h */
const acta_scenario schedule_scenario = { .name = "schedule",
    .summary = "commands for later: once, recurring, cancelled, and deadlines of process managers",
    .app = &config,
    .state_size = sizeof(schedule_run),
    .begin = begin,
    .started = started,
    .act = act,
    .is_done = is_done,
    .crashed = crashed,
    .check_step = check_step,
    .check = check,
    .end = end,
    .sites = ACTA_SITES };
