/*
 * Run: the life of a seed.
 *
 *     begin -> start -> act, steps, faults, crashes … -> heal -> act, steps … -> settle -> check -> end
 *                ^                    |
 *                +------ crash -------+
 *
 * Faults end when every client has got its answer, or after so many steps: then what is left must be answered without any,
 * in a bounded number of steps. A store that refuses writes is a process that has to be started again, as an operator would.
 *
 * Invariants
 *  - Nothing is drawn, and no step is made, but by what is drawn: the run is a function of its seed, or of its tape.
 *  - check_step runs after each step of the application, and after each start.
 *
 * Not here: which faults there are (faults.c), who asks for a run (simulate.c).
 */
#include "run.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "memory.h"
#include "world.h"

enum {
    FAULTY_STEPS_MAX = 100000, /* then the faults are over */
    HEALED_STEPS_MAX = 200000,
    START_TRIES_MAX = 20, /* while there are faults */
    SETTLE_MS = 600000,
    TRIED_AGAIN_MAX = 2,
    ACT_PER_MILLE = 200 /* steps before which a client may act though something is ready */
};

typedef struct run {
    const acta_scenario *scenario;
    acta_sim *sim;
    acta_app *app;
    void *state;
    bool is_healed;
    uint32_t tried_again; /* starts for the sake of what was parked */
    uint32_t threads;     /* when it began */
    acti_run_result *result;
} run;

void
acti_run_fail(acti_run_result *result, const char *format, ...)
{
    va_list arguments;

    if (result->failed) return;
    result->failed = true;
    va_start(arguments, format);
    vsnprintf(result->text, sizeof result->text, format, arguments);
    va_end(arguments);
    size_t length = strcspn(result->text, ":");
    if (length >= sizeof result->invariant) length = sizeof result->invariant - 1;
    memcpy(result->invariant, result->text, length);
    result->invariant[length] = '\0';
}

/* True: it holds. */
static bool
holds(run *r, const char *which, acta_status status, const acta_error *error)
{
    if (status == ACTA_OK) return true;
    if (error->text[0] != '\0')
        acti_run_fail(r->result, "%s", error->text);
    else
        acti_run_fail(r->result, "%s: %s", which, acta_status_name(status));
    return false;
}

static bool
check_step(run *r)
{
    acta_error error = { .text = "" };

    if (r->scenario->check_step == NULL) return true;
    return holds(r, "check_step", r->scenario->check_step(r->sim, r->state, r->app, &error), &error);
}

static void
heal(run *r)
{
    if (r->is_healed) return;
    r->is_healed = true;
    acti_faults_heal(r->sim);
    acti_sim_tell(r->sim, ACTI_TOLD_FAULT, "", "no more faults from here on");
}

/* Of the process that is gone nothing is left. */
static void
check_memory(run *r)
{
    const acti_memory *memory = acti_sim_memory(r->sim);

    if (memory->live_count == 0) return;
    acti_run_fail(r->result,
        "memory is not given back: %" PRIu64 " bytes in %" PRIu64 " blocks, at the end of a process",
        memory->live_bytes, memory->live_count);
}

/* A caller with more threads than one may start and end others meanwhile. */
static void
check_threads(run *r)
{
    if (!acti_sim_is_on_one_thread(r->sim))
        acti_run_fail(r->result, "not on one thread: another one has come to the clock, the log or the disk");
    if (r->threads == 1 && acti_world_thread_count() > 1)
        acti_run_fail(r->result, "not on one thread: there are %" PRIu32, acti_world_thread_count());
}

static void
die(run *r)
{
    acti_sim_tell(r->sim, ACTI_TOLD_CRASH, "", "the process dies");
    acta_sim_crash(r->sim);
    r->app = NULL;
    if (r->scenario->crashed != NULL) r->scenario->crashed(r->sim, r->state);
    check_memory(r);
}

/* A start may meet faults, too: then the process dies once more, and the next one tries. */
static bool
start(run *r)
{
    acta_error error = { .text = "" };

    for (uint32_t tries = 1;; tries++) {
        if (acta_sim_start(r->sim, r->scenario->app, &r->app, &error) == ACTA_OK) break;
        acti_sim_tell(r->sim, ACTI_TOLD_START, "", "the application does not start: %s", error.text);
        if (r->is_healed) {
            acti_run_fail(r->result, "the application does not start: %s", error.text);
            return false;
        }
        if (tries >= START_TRIES_MAX) heal(r);
        die(r);
        if (r->result->failed) return false;
    }
    acti_sim_tell(r->sim, ACTI_TOLD_START, "", "the application has started");
    check_threads(r);
    if (r->scenario->started != NULL) r->scenario->started(r->sim, r->state, r->app);
    return check_step(r);
}

static bool
crash(run *r)
{
    die(r);
    return !r->result->failed && start(r);
}

static bool
must_restart(const run *r)
{
    return acta_store_health(acta_app_store(r->app), NULL) != ACTA_OK;
}

static bool
act(run *r)
{
    if (!r->scenario->act(r->sim, r->state, r->app)) return false;
    acti_sim_tell(r->sim, ACTI_TOLD_CLIENT, "", "a client acts");
    return true;
}

/* While there were faults: clients may wait for it, and a start tries it again, as an operator would. */
static bool
has_parked(const run *r)
{
    uint32_t count = acta_app_readers(r->app, NULL, 0);
    acta_reader_info *infos = calloc(count + 1, sizeof *infos);
    bool any = infos == NULL; /* without memory nobody knows: a start too many does no harm */

    if (infos != NULL) acta_app_readers(r->app, infos, count);
    for (uint32_t i = 0; i < count && !any; i++)
        any = infos[i].parked > 0;
    free(infos);
    return any;
}

/* False: it has failed. */
static bool
one_step(run *r)
{
    if (must_restart(r)) return crash(r);
    if (!r->is_healed && acti_faults_step(r->sim)) return crash(r);
    if (acta_sim_chance(r->sim, ACTA_SIM_WORKLOAD, ACT_PER_MILLE) && act(r)) return check_step(r);
    uint64_t clock_moves = acti_sim_clock_moves(r->sim);
    bool has_stepped = acta_sim_step(r->sim);
    if (has_stepped && acti_sim_clock_moves(r->sim) == clock_moves) return check_step(r);
    if (r->is_healed && r->tried_again < TRIED_AGAIN_MAX && has_parked(r)) {
        r->tried_again++;
        return crash(r);
    }
    if (!act(r) && !has_stepped) { /* clients act before time passes twice */
        if (r->is_healed) {
            acti_run_fail(
                r->result, "clients wait for ever: nothing is left to happen, and not all have their answers");
            return false;
        }
        heal(r);
    }
    return check_step(r);
}

static bool
step_until_done(run *r)
{
    uint32_t steps = 0, steps_max = FAULTY_STEPS_MAX;

    while (!r->scenario->is_done(r->state)) {
        if (++steps > steps_max && r->is_healed) {
            acti_run_fail(r->result, "clients wait for ever: %u steps without a fault, and not all have their answers",
                steps - 1);
            return false;
        }
        if (steps > steps_max) {
            heal(r);
            steps = 0;
        }
        if (r->is_healed) steps_max = HEALED_STEPS_MAX;
        if (!one_step(r)) return false;
    }
    return true;
}

static bool
settle(run *r)
{
    acta_error error = { .text = "" };

    heal(r);
    if (must_restart(r) && !crash(r)) return false;
    if (!step_until_done(r)) return false; /* what a client asks again after that crash */
    acta_status status = acta_app_settle(r->app, SETTLE_MS, &error);
    if (status == ACTA_PARKED) { /* while there were faults: a start tries it again, as an operator would */
        if (!crash(r) || !step_until_done(r)) return false;
        status = acta_app_settle(r->app, SETTLE_MS, &error);
    }
    if (status == ACTA_OK) return check_step(r);
    acti_run_fail(r->result, "the application does not come to rest: %s", error.text);
    return false;
}

static bool
check(run *r)
{
    acta_error error = { .text = "" };

    return holds(r, "check", r->scenario->check(r->sim, r->state, r->app, &error), &error);
}

/* What a scenario leaves to the application's end is freed by it, and what it holds itself by its own. */
static void
end_process(run *r)
{
    acti_sim_end(r->sim);
    r->app = NULL;
    check_memory(r);
}

static void
live(run *r)
{
    if (r->scenario->begin != NULL) r->scenario->begin(r->sim, r->state);
    acti_faults_draw(r->sim, r->scenario->faults_out);
    bool is_good = start(r) && step_until_done(r) && settle(r) && check(r);
    if (r->scenario->end != NULL) r->scenario->end(r->sim, r->state);
    if (is_good) end_process(r);
    check_threads(r);
}

static void
prepare(const run *r, const acti_run_setup *setup)
{
    acti_choices *choices = acti_sim_choices(r->sim);

    choices->replay = setup->replay;
    choices->record = setup->record;
    if (setup->record != NULL) {
        acti_tape_clear(setup->record);
        setup->record->seed = setup->replay != NULL ? setup->replay->seed : setup->seed;
    }
    *acti_sim_watch(r->sim) = setup->watch;
    acti_sim_watch(r->sim)->schema = r->scenario->app->schema;
    acti_sim_watch(r->sim)->describe = r->scenario->describe;
    acti_sim_watch(r->sim)->state = r->state;
}

void
acti_run(const acta_scenario *scenario, const acti_run_setup *setup, acti_run_result *result_out)
{
    run r = { .scenario = scenario, .result = result_out, .threads = acti_world_thread_count() };

    *result_out = (acti_run_result){ .has_ended = false };
    r.sim = acti_sim_create_with(setup->replay != NULL ? setup->replay->seed : setup->seed, setup->layout, setup->pool);
    r.state = calloc(1, scenario->state_size > 0 ? scenario->state_size : 1);
    if (r.sim != NULL && r.state != NULL) {
        prepare(&r, setup);
        live(&r);
        acta_sim_stats_read(r.sim, &result_out->stats);
        result_out->hash = acta_sim_hash(r.sim);
        result_out->virtual_ms = acti_sim_elapsed_ms(r.sim);
        if (setup->coverage != NULL) acti_coverage_add_run(setup->coverage, r.sim);
    } else
        acti_run_fail(result_out, "no memory: a run could not begin");
    acta_sim_destroy(r.sim);
    free(r.state);
    result_out->has_ended = true;
}
