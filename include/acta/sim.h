/*
 * Simulation: an application on one thread, under a virtual clock, over a disk that loses what was not synced. One seed
 * decides every choice; the same seed gives the same run, to the byte.
 *
 *     acta_sim *sim = acta_sim_create(seed);
 *     acta_sim_start(sim, &config, &app, &error);
 *     acta_dispatch_async(app, …);                     // scripted clients
 *     while (acta_sim_step(sim) && …) …                // one turn of one actor, one phase of a commit, one timer
 *     acta_sim_crash(sim);                             // the process dies here; the disk keeps what was durable
 *     acta_sim_start(sim, &config, &app, &error);      // and comes back
 *
 * The code that runs is the production code of runtime, store logic and actors. Not simulated: true simultaneity (the
 * threaded tests under ThreadSanitizer) and RocksDB (the contract suite, the crash test).
 *
 * All functions: one thread, the one that created the simulation.
 */
#ifndef ACTA_SIM_H
#define ACTA_SIM_H

#include "acta/app.h"
#include "acta/memory_engine.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct acta_sim acta_sim;

/* Purposes of random choices. Each has a generator of its own, so that one more draw in one doesn't shift the others. */
typedef enum acta_sim_purpose {
    ACTA_SIM_SCHEDULER,
    ACTA_SIM_FAULTS,
    ACTA_SIM_WORKLOAD,
    ACTA_SIM_IDS,
    ACTA_SIM_PLACES,
    ACTA_SIM_SETTINGS, /* how the application is set up, and the faults */
    ACTA_SIM_PURPOSE_COUNT
} acta_sim_purpose;

/* A simulation with an empty disk, at a fixed time. NULL: no memory. */
ACTA_API acta_sim *acta_sim_create(uint64_t seed);

/* Drop the application, if one runs, as a crash does, and free everything. Takes NULL. */
ACTA_API void acta_sim_destroy(acta_sim *sim);

/*
 * Start the application over the simulated disk. config's data path, environment, engine and driver are replaced.
 * One at a time. Errors: those of acta_app_start; ACTA_IN_USE: one runs already.
 */
ACTA_API acta_status acta_sim_start(
    acta_sim *sim, const acta_app_config *config, acta_app **app_out, acta_error *error);

/* Let something happen: a turn of a ready actor, a phase of the committer, or, when nothing is ready (and now and then
 * by chance), the clock's next timer. False: nothing is left to happen but for new commands. */
ACTA_API bool acta_sim_step(acta_sim *sim);

/* The process dies and the power goes: unsynced writes survive by the seed's choice. Callbacks of what was under way
 * are not called. */
ACTA_API void acta_sim_crash(acta_sim *sim);

/* A choice of 0 to count-1. Choice 0 is always the plain one. count 0 or 1: 0, without a draw. */
ACTA_API uint32_t acta_sim_choose(acta_sim *sim, acta_sim_purpose purpose, uint32_t count);

/* True in `per_mille` of 1,000 draws. */
ACTA_API bool acta_sim_chance(acta_sim *sim, acta_sim_purpose purpose, uint32_t per_mille);

/* Make the disk's next operations fail: `per_mille` of 1,000 syncs and writes. A store whose write failed refuses writes
 * until it is started again. 0: a sound disk. */
ACTA_API void acta_sim_disk_faults(acta_sim *sim, uint32_t per_mille);

ACTA_API acta_disk *acta_sim_disk(acta_sim *sim);
ACTA_API uint64_t acta_sim_now_ns(const acta_sim *sim);
ACTA_API void acta_sim_advance_ms(acta_sim *sim, uint64_t ms);

/* Add bytes to the history; acta_sim_hash is equal for equal histories. Steps, choices and log lines are in it. */
ACTA_API void acta_sim_note(acta_sim *sim, const void *bytes, size_t size);
ACTA_API uint64_t acta_sim_hash(const acta_sim *sim);

enum { ACTA_SIM_FAULT_KINDS = 10 };
typedef struct acta_sim_stats {
    uint64_t steps, turns, commits, clock_moves, crashes, disk_faults, starts;
    uint64_t faults[ACTA_SIM_FAULT_KINDS]; /* that came, in the order of acta_sim_fault (simulate.h) */
} acta_sim_stats;
ACTA_API void acta_sim_stats_read(const acta_sim *sim, acta_sim_stats *stats_out);

/* A place of sites.h that the run has come to. */
typedef struct acta_sim_site {
    const char *name;  /* a constant of the program */
    bool is_chance;    /* else an ACTA_SOMETIMES */
    uint64_t passages; /* how often it was come to */
    uint64_t firings;  /* how often a chance site did the unusual */
} acta_sim_site;

/* Tell of each, in the order of their first passages. What no seed has come to is not among them. */
ACTA_API void acta_sim_sites(acta_sim *sim, void (*tell)(void *user, const acta_sim_site *site), void *user);

/* Print the application's log lines to stderr as they come. */
ACTA_API void acta_sim_verbose(acta_sim *sim, bool on);

#ifdef __cplusplus
}
#endif
#endif
