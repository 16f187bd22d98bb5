/*
 * Simulation: the driver that takes the place of threads, clock, random and disk.
 *
 *     acta_sim_step -> ready actor's turn | phase of a commit | next timer         chosen by the seed
 *
 * The runtime and the store are manual: nothing happens but in acta_sim_step, or while a waiting call pumps (idle). Time
 * stands still while something is ready, but for small jumps by chance, so that timers also fire in the middle of work.
 *
 * Invariants
 *  - Every source of difference between two runs is a draw from `choices`, or comes from the caller.
 *  - What happened is hashed: step kinds, the virtual time, log lines. Never an address.
 *
 * Not here: what survives a crash (the memory engine's disk), which actor is ready (the runtime).
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "faults.h"
#include "fresh.h"
#include "internal.h"
#include "memory.h"
#include "sites.h"
#include "world.h"

enum {
    CLOCK_JUMP_PER_MILLE = 2, /* steps in which time passes though something is ready */
    CLOCK_JUMP_MS_MAX = 200,
    STORE_FIRST_PER_MILLE = 250, /* steps in which the committer is asked before the actors */
    STEP_NS = 1000               /* what a step takes */
};
static const uint64_t START_NS = UINT64_C(1000000000);
static const int64_t START_WALL_US = INT64_C(1700000000000000);
static const uint64_t HASH_SEED = UINT64_C(0xcbf29ce484222325);

typedef enum step_kind { STEP_TURN = 1, STEP_COMMIT, STEP_CLOCK, STEP_CRASH, STEP_START } step_kind;

struct acta_sim {
    acti_choices choices;
    uint64_t thread;           /* the one that created it, and no other, comes here */
    _Atomic bool has_stranger; /* another one did; relaxed: it is looked at when all has ended */
    uint64_t now_ns;
    uint64_t hash;
    uint32_t disk_fault_per_mille;
    bool verbose;
    acta_environment environment;
    acta_disk *disk;
    acta_app *app; /* NULL: none runs */
    acti_faults faults;
    acti_watch watch;
    acti_fresh fresh;
    acti_site_table sites;
    acti_memory memory;
    acta_sim_stats stats;
};

/* -- the seams -- */

/* Whoever comes through a seam on another thread has started one, which no seed repeats. */
static void
look_at_thread(acta_sim *sim)
{
    if (acti_world_thread_id() != sim->thread) atomic_store_explicit(&sim->has_stranger, true, memory_order_relaxed);
}

bool
acti_sim_is_on_one_thread(const acta_sim *sim)
{
    return !atomic_load_explicit(&sim->has_stranger, memory_order_relaxed);
}

static uint64_t
virtual_monotonic_ns(void *user)
{
    acta_sim *sim = user;
    look_at_thread(sim);
    return sim->now_ns;
}

static int64_t
virtual_wall_us(void *user)
{
    const acta_sim *sim = user;
    return START_WALL_US + (int64_t)(sim->now_ns / 1000) + sim->faults.wall_offset_us;
}

static void
seeded_fill(void *user, void *bytes, size_t size)
{
    acta_sim *sim = user;
    uint8_t *at = bytes;

    while (size > 0) {
        uint64_t word = acti_choices_draw(&sim->choices, ACTA_SIM_IDS);
        size_t part = size < sizeof word ? size : sizeof word;
        memcpy(at, &word, part);
        at += part;
        size -= part;
    }
}

static void
log_to_history(void *user, acta_log_level level, acta_str line)
{
    acta_sim *sim = user;

    look_at_thread(sim);
    acta_sim_note(sim, line.data, line.size);
    acti_sim_tell(sim, ACTI_TOLD_LOG, "", ACTA_FMT, ACTA_ARG(line));
    if (sim->verbose)
        fprintf(stderr, "%12.6f %d " ACTA_FMT "\n", (double)sim->now_ns / 1e9, (int)level, ACTA_ARG(line));
}

static bool
disk_fails(void *user, acta_disk_op op)
{
    acta_sim *sim = user;

    look_at_thread(sim);
    if (sim->watch.is_looking) return false;
    bool fails = acti_fault_disk_fails(sim, op);
    if (fails) sim->stats.disk_faults++;
    if (fails || sim->disk_fault_per_mille == 0 || op == ACTA_DISK_READ) return fails;
    if (!acta_sim_chance(sim, ACTA_SIM_FAULTS, sim->disk_fault_per_mille)) return false;
    sim->stats.disk_faults++;
    acti_fault_tell(sim, ACTA_SIM_FAULT_DISK_ERROR, "a %s fails (EIO)", op == ACTA_DISK_SYNC ? "sync" : "write");
    return true;
}

static bool
disk_is_full(void *user)
{
    acta_sim *sim = user;

    if (!acti_fault_disk_is_full(sim)) return false;
    sim->stats.disk_faults++;
    return true;
}

static uint32_t
surviving_batches(void *user, uint32_t count)
{
    return acti_fault_disk_survivors(user, count);
}

static uint32_t
choose_actor(void *user, uint32_t count)
{
    return acti_fault_actors_choose(user, count);
}

/* -- steps -- */

static void
note_step(acta_sim *sim, step_kind kind)
{
    uint64_t step[2] = { (uint64_t)kind, sim->now_ns };
    acta_sim_note(sim, step, sizeof step);
    sim->now_ns += STEP_NS;
}

/* On its way to the disk. */
static uint64_t
queued(const acta_sim *sim)
{
    acta_store_stats stats;

    if (!sim->faults.kills_writers) return 0;
    acta_store_stats_read(acta_app_store(sim->app), &stats);
    return stats.queued_bytes;
}

static bool
run_turn(acta_sim *sim)
{
    if (acti_fault_actors_hold_all(sim)) return false;
    uint64_t queued_bytes = queued(sim);
    if (!acta_runtime_step(acta_app_runtime(sim->app))) return false;
    if (queued(sim) > queued_bytes) acti_fault_actors_submitted(sim);
    sim->stats.turns++;
    note_step(sim, STEP_TURN);
    return true;
}

static bool
run_commit(acta_sim *sim)
{
    if (acti_fault_disk_until_ns(sim) != 0) return false;
    if (!acta_store_step(acta_app_store(sim->app))) return false;
    acti_fault_disk_works(sim);
    sim->stats.commits++;
    if (sim->watch.tell != NULL) acti_watch_records(sim);
    note_step(sim, STEP_COMMIT);
    return true;
}

static bool
run_clock(acta_sim *sim)
{
    uint64_t due_ns = acta_runtime_next_timer_ns(acta_app_runtime(sim->app));
    uint64_t disk_ns = acti_fault_disk_until_ns(sim), work_ns = acti_work_due_ns(sim);
    uint64_t other_ns = disk_ns != 0 && (work_ns == 0 || disk_ns < work_ns) ? disk_ns : work_ns;

    if (due_ns == UINT64_MAX && other_ns == 0) return false;
    if (other_ns != 0 && other_ns < due_ns)
        due_ns = other_ns;
    else
        due_ns += acti_fault_clock_late_ns(sim);
    if (due_ns > sim->now_ns) {
        acti_sim_tell(
            sim, ACTI_TOLD_CLOCK, "", "%.3f s pass until the next timer", (double)(due_ns - sim->now_ns) / 1e9);
        sim->now_ns = due_ns;
    }
    sim->stats.clock_moves++;
    note_step(sim, STEP_CLOCK);
    return true;
}

/* For a call that waits inside the application: the actors have been asked already. */
static bool
idle(void *user)
{
    acta_sim *sim = user;

    if (sim->app == NULL) return false; /* acta_app_start steps its own store */
    return run_commit(sim) || run_clock(sim);
}

static void
keep_digest(acta_sim *sim)
{
    if (sim->stats.steps < sim->watch.digest_max) sim->watch.digests[sim->stats.steps] = sim->hash;
}

bool
acta_sim_step(acta_sim *sim)
{
    if (sim->app == NULL) return false;
    keep_digest(sim);
    sim->stats.steps++;
    if (acta_sim_chance(sim, ACTA_SIM_SCHEDULER, CLOCK_JUMP_PER_MILLE))
        acta_sim_advance_ms(sim, 1 + acta_sim_choose(sim, ACTA_SIM_SCHEDULER, CLOCK_JUMP_MS_MAX));
    bool is_store_first = acta_sim_chance(sim, ACTA_SIM_SCHEDULER, STORE_FIRST_PER_MILLE);
    if (is_store_first && !acti_fault_actors_first(sim)) {
        if (run_commit(sim) || run_turn(sim)) return true;
    } else {
        if (run_turn(sim) || run_commit(sim)) return true;
    }
    return run_clock(sim);
}

/* -- life -- */

acta_sim *
acta_sim_create(uint64_t seed)
{
    return acti_sim_create_with(seed, 0, NULL);
}

static void
give_pool_back(acta_sim *sim)
{
    if (sim->memory.pool == &sim->memory.own)
        acti_pool_deinit(sim->memory.pool);
    else
        acti_pool_reset(sim->memory.pool);
}

acta_sim *
acti_sim_create_with(uint64_t seed, uint64_t layout, acti_pool *pool)
{
    acta_sim *sim = calloc(1, sizeof *sim);
    if (sim == NULL) return NULL;

    sim->thread = acti_world_thread_id();
    sim->fresh.layout = layout;
    sim->memory.pool = pool != NULL ? pool : &sim->memory.own;
    acta_allocator allocator = { .alloc = acti_pool_alloc, .free = acti_pool_free, .user = sim->memory.pool };
    if (layout != 0) allocator = acti_fresh_allocator(&sim->fresh);
    sim->memory.under = allocator;
    sim->disk = acta_disk_create(&allocator);
    if (sim->disk == NULL) {
        give_pool_back(sim);
        free(sim);
        return NULL;
    }
    acti_choices_init(&sim->choices, seed);
    sim->now_ns = START_NS;
    sim->hash = HASH_SEED;
    sim->environment = acta_environment_or_default(&(acta_environment){
        .allocator = { .alloc = acti_memory_alloc, .free = acti_memory_free, .user = sim },
        .clock = { .monotonic_ns = virtual_monotonic_ns, .wall_us = virtual_wall_us, .user = sim },
        .random = { .fill = seeded_fill, .user = sim },
        .log = { .write = log_to_history, .user = sim },
        .sites = { .chance = acti_sites_chance, .reached = acti_sites_reached, .user = sim },
    });
    acta_disk_set_faults(sim->disk,
        &(acta_disk_faults){ .fail = disk_fails, .full = disk_is_full, .choose = surviving_batches, .user = sim });
    return sim;
}

void
acti_sim_end(acta_sim *sim)
{
    sim->watch.is_over = true;
    if (sim->app != NULL) acta_app_abandon(sim->app);
    sim->watch.is_over = false;
    sim->app = NULL;
}

void
acta_sim_destroy(acta_sim *sim)
{
    if (sim == NULL) return;
    acti_sim_end(sim);
    acta_disk_destroy(sim->disk);
    acti_memory_look(sim);
    give_pool_back(sim);
    free(sim);
}

acta_status
acta_sim_start(acta_sim *sim, const acta_app_config *config, acta_app **app_out, acta_error *error)
{
    if (sim->app != NULL)
        return acta_error_set(error, ACTA_IN_USE, "cannot start '%s': the simulation runs an application already",
            config->name != NULL ? config->name : "acta");

    acta_app_config simulated = *config;
    simulated.environment = &sim->environment;
    simulated.data_path = NULL;
    simulated.runtime.manual = true;
    if (sim->faults.budget != 0) simulated.runtime.budget = sim->faults.budget;
    simulated.runtime.driver = (acta_driver){ .choose = choose_actor, .idle = idle, .user = sim };
    if (sim->watch.tell != NULL) simulated.runtime.driver.told = acti_watch_message;
    simulated.store.engine = acta_memory_engine(sim->disk);
    if (simulated.store.engine == NULL) return acta_error_set(error, ACTA_NO_MEMORY, NULL);

    sim->stats.starts++;
    note_step(sim, STEP_START);
    acti_faults_starting(sim, true);
    acta_status status = acta_app_start(&simulated, &sim->app, error);
    acti_faults_starting(sim, false);
    if (status == ACTA_OK) *app_out = sim->app;
    return status;
}

void
acta_sim_crash(acta_sim *sim)
{
    acti_sim_end(sim);
    acta_disk_crash(sim->disk);
    sim->stats.crashes++;
    note_step(sim, STEP_CRASH);
}

acti_faults *
acti_sim_faults(acta_sim *sim)
{
    return &sim->faults;
}

acta_app *
acti_sim_app(acta_sim *sim)
{
    return sim->app;
}

acti_memory *
acti_sim_memory(acta_sim *sim)
{
    return &sim->memory;
}

acti_site_table *
acti_sim_sites(acta_sim *sim)
{
    return &sim->sites;
}

/* -- choices, time, history -- */

uint32_t
acta_sim_choose(acta_sim *sim, acta_sim_purpose purpose, uint32_t count)
{
    if (count <= 1) return 0;
    return acti_choices_pick(&sim->choices, purpose, count);
}

bool
acta_sim_chance(acta_sim *sim, acta_sim_purpose purpose, uint32_t per_mille)
{
    return acti_sim_chance_of(sim, purpose, per_mille, 1000);
}

bool
acti_sim_chance_of(acta_sim *sim, acta_sim_purpose purpose, uint32_t part, uint32_t whole)
{
    return part > 0 && acti_choices_chance(&sim->choices, purpose, part, whole);
}

uint64_t
acti_sim_elapsed_ms(const acta_sim *sim)
{
    return (sim->now_ns - START_NS) / 1000000;
}

uint64_t
acti_sim_clock_moves(const acta_sim *sim)
{
    return sim->stats.clock_moves;
}

acti_watch *
acti_sim_watch(acta_sim *sim)
{
    return &sim->watch;
}

void
acti_sim_tell(acta_sim *sim, acti_told_kind kind, const char *who, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    if (sim->watch.tell == NULL) return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    sim->watch.tell(sim->watch.user,
        &(acti_told){ .kind = kind, .step = sim->stats.steps, .now_ns = sim->now_ns, .who = who, .text = text });
}

acti_choices *
acti_sim_choices(acta_sim *sim)
{
    return &sim->choices;
}

void
acta_sim_disk_faults(acta_sim *sim, uint32_t per_mille)
{
    sim->disk_fault_per_mille = per_mille;
}

acta_disk *
acta_sim_disk(acta_sim *sim)
{
    return sim->disk;
}

uint64_t
acta_sim_now_ns(const acta_sim *sim)
{
    return sim->now_ns;
}

void
acta_sim_advance_ms(acta_sim *sim, uint64_t ms)
{
    sim->now_ns += ms * 1000000;
}

void
acta_sim_note(acta_sim *sim, const void *bytes, size_t size)
{
    sim->hash = acti_hash(sim->hash, bytes, size);
}

uint64_t
acta_sim_hash(const acta_sim *sim)
{
    return acti_hash(sim->hash, &(uint64_t){ acta_disk_hash(sim->disk) }, sizeof(uint64_t));
}

void
acta_sim_stats_read(const acta_sim *sim, acta_sim_stats *stats_out)
{
    *stats_out = sim->stats;
    memcpy(stats_out->faults, sim->faults.counts, sizeof stats_out->faults);
}

void
acta_sim_verbose(acta_sim *sim, bool on)
{
    sim->verbose = on;
}
