/*
 * Simulate: run a scenario (an application, its clients, and what must hold) through thousands of seeds, each with crashes,
 * a failing disk and another order of things, and explain the first that breaks.
 *
 *     static const acta_scenario shop = { .name = "shop", .app = &shop_config, .state_size = sizeof(shop_run),
 *         .begin = draw_orders, .act = send_one, .is_done = all_answered, .crashed = ask_again, .check = nothing_is_sold_twice };
 *
 *     int main(int argc, char **argv) { return acta_simulate_main(&shop, argc, argv); }
 *
 *     $ ./shop-sim --seconds 60
 *     $ ./shop-sim --seeds 4711..4711 --trace
 *
 * (Chance sites of your own, sites.h: compile them with -DACTA_SIM_SITES=1.)
 *
 * The life of a seed (TigerBeetle's two phases):
 *
 *     begin -> start -> act, steps, faults, crashes … until is_done -> heal: no faults, all must come to rest -> check -> end
 *
 * What is drawn (acta_sim_choose) is written to a tape. A seed that fails is run again from its tape, shortened while it
 * still fails in the same way, and told as a trace. Choice 0 is always the plain one, so that a shorter tape is a plainer run.
 * A seed, or a tape, means the same to the same build only.
 *
 * A scenario's functions are called on the one thread of the run, never two at a time, and must take nothing from outside
 * of it: no clock, no random but acta_sim_choose and acta_sim_chance, no address in what they note.
 */
#ifndef ACTA_SIMULATE_H
#define ACTA_SIMULATE_H

#include <stdio.h>

#include "acta/sim.h"
#include "acta/sites.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Kinds of faults; a seed draws a subset of those that the scenario allows (swarm testing: Groce et al., 2012). */
typedef enum acta_sim_fault {
    ACTA_SIM_FAULT_CRASH = 1 << 0,      /* the process dies at any step, in recovery too */
    ACTA_SIM_FAULT_DISK_ERROR = 1 << 1, /* writes, syncs and reads fail; a failed sync may have happened */
    ACTA_SIM_FAULT_DISK_SLOW = 1 << 2,  /* syncs take up to seconds */
    ACTA_SIM_FAULT_DISK_FULL = 1 << 3,  /* for a while */
    ACTA_SIM_FAULT_DISK_LOSS = 1 << 4,  /* unsynced writes survive in part, torn */
    ACTA_SIM_FAULT_KILL = 1 << 5,       /* an actor is killed before any of its messages */
    ACTA_SIM_FAULT_CLOCK = 1 << 6,      /* the wall clock jumps, timers come late */
    ACTA_SIM_FAULT_MEMORY = 1 << 7,     /* the n-th allocation fails */
    ACTA_SIM_FAULT_SCHEDULER = 1 << 8,  /* priorities, starved actors, stopped and released ones */
    ACTA_SIM_FAULT_SITES = 1 << 9,      /* chance sites (sites.h) */
    ACTA_SIM_FAULT_ALL = (1 << ACTA_SIM_FAULT_KINDS) - 1
} acta_sim_fault;

/*
 * A scenario. All functions but act, is_done and check may be NULL. `state` is state_size bytes, zeroed before begin.
 *   app         its environment, path, engine and driver are replaced
 *   faults_out  kinds of faults that must not be drawn (acta_sim_fault, or-ed); 0: all may
 *   begin       draw the workload
 *   started     the application runs, at first and after each crash
 *   act         one client does one thing: true; false when none has anything to do now
 *   is_done     every client has got its answer
 *   crashed     the process died: what was under way will never be answered, and may be asked again
 *   check_step  after every step, O(1): an invariant that always holds
 *   check       the application has come to rest after healing; everything must add up. Read the log by acta_app_store
 *   end         free what the state holds; the application may be NULL
 *   sites       ACTA_SITES, when it has places of its own (sites.h), so that one which no seed comes to is named
 *   describe    a line for the trace on one of the log's records; NULL: type, stream, version, and the payload as JSON
 * A check returns ACTA_OK, or any other status with the broken invariant named in the error: "money is missing: …". What
 * stands before the first colon is the way in which it failed, which shrinking keeps.
 */
typedef struct acta_scenario {
    const char *name;    /* letters, digits, '-' */
    const char *summary; /* one line, for --help */
    const acta_app_config *app;
    size_t state_size;
    uint32_t faults_out;
    void (*begin)(acta_sim *sim, void *state);
    void (*started)(acta_sim *sim, void *state, acta_app *app);
    bool (*act)(acta_sim *sim, void *state, acta_app *app);
    bool (*is_done)(const void *state);
    void (*crashed)(acta_sim *sim, void *state);
    acta_status (*check_step)(acta_sim *sim, void *state, acta_app *app, acta_error *error);
    acta_status (*check)(acta_sim *sim, void *state, acta_app *app, acta_error *error);
    void (*end)(acta_sim *sim, void *state);
    void (*describe)(const void *state, const acta_recorded *record, char *line, size_t size);
    acta_site_list sites;
} acta_scenario;

/*
 * How much to run. All zero: seeds 1 to 1,000 on this thread.
 *   from, to     seeds, both included
 *   seconds      fresh seeds (drawn from the system's random) for so long instead; 0: as many as from..to
 *   faults_out   kinds of faults that must not be drawn (acta_sim_fault, or-ed), besides those of the scenario. A seed means
 *                another run with another set, and a tape wants the set that it was made with
 *   processes    how many at a time; 0: one in this process, which a debugger likes; ACTA_SIMULATE_ALL_CORES
 *   twice_every  every so many seeds is run twice, the second time with other bytes in fresh memory, another environment and
 *                time zone, and the histories are compared; 0: 10; 1: each; ACTA_SIMULATE_ONCE: none
 *   shrink_runs  how often a failed seed may be run to shorten it; 0: 2,000; ACTA_SIMULATE_NO_SHRINK
 *   tape         run this tape (a file's path) instead of seeds
 *   keep         a directory for the tape, the trace and the diagram of a failure; NULL: "."
 *   progress     a line that is written over on a terminal, one every ten seconds elsewhere; NULL: none
 */
enum { ACTA_SIMULATE_ALL_CORES = UINT16_MAX, ACTA_SIMULATE_NO_SHRINK = INT32_MAX, ACTA_SIMULATE_ONCE = INT32_MAX };
typedef struct acta_simulate_options {
    uint64_t from, to;
    uint32_t seconds;
    uint32_t faults_out;
    uint32_t processes;
    uint32_t twice_every;
    uint32_t shrink_runs;
    const char *tape;
    const char *keep;
    FILE *progress;
} acta_simulate_options;

/*
 * What was run, and the first failure. Sums over all seeds and processes.
 *   sites          the places of the library and of the scenario (sites.h), with what came of each; one of 0 passages was
 *                  never reached, one that is_chance and has 0 firings was never bent. Empty: built without
 *   sites_reached, sites_never      their numbers; chances, chances_fired: of those that are chance sites
 * What a process did in the seed that it died of is not among the sums.
 */
enum { ACTA_SIMULATE_SITES_MAX = 256 };
typedef struct acta_simulate_report {
    uint64_t seeds, repeated;
    acta_sim_stats sums;
    uint64_t virtual_ms;
    uint64_t sites_reached, sites_never, chances, chances_fired;
    uint32_t site_count;
    acta_sim_site sites[ACTA_SIMULATE_SITES_MAX];
    uint64_t failed_seed; /* meaningful when `failed` */
    bool failed;
    char invariant[160]; /* the first part of the text, as check gave it */
    char text[512];
    char tape_path[256], trace_path[256], diagram_path[256]; /* empty: not written */
} acta_simulate_report;

/*
 * Run a scenario. Returns at the first failure, shortened and explained, or when all is done.
 * Threads: one at a time in a process, which must have one thread when `processes` > 0 (it forks).
 * Errors: ACTA_CORRUPT: a seed has failed, `report_out` tells which and why; ACTA_INVALID an option; ACTA_IO, ACTA_NO_MEMORY.
 */
ACTA_API acta_status acta_simulate(const acta_scenario *scenario, const acta_simulate_options *options,
    acta_simulate_report *report_out, acta_error *error);

/*
 * A program of its own around one scenario: --seeds FROM..TO, --seconds N, --jobs N, --tape FILE, --trace, --keep DIR, --without
 * KIND,…, --help.
 * Prints progress, what was covered, and for a failure the invariant, its last twenty steps, and the line that replays it.
 * Returns the exit status: 0 all seeds hold, 1 one failed, 2 the arguments are wrong.
 */
ACTA_API int acta_simulate_main(const acta_scenario *scenario, int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
