/*
 * Seed: one seed run, and every so many a second time, with other bytes in fresh memory, other addresses, another environment.
 * The histories must be the same: whatever makes them differ is something that no replay would repeat.
 */
#include <inttypes.h>
#include <string.h>

#include "runner.h"
#include "world.h"

enum { DIGEST_MAX = 1 << 20 /* steps that can be told apart */ };
static const size_t DIGEST_BYTES = DIGEST_MAX * sizeof(uint64_t);
static const uint64_t OTHER_LAYOUT = 0x5eed;

/* The stats are counters and nothing else. */
_Static_assert(sizeof(acta_sim_stats) % sizeof(uint64_t) == 0, "added up as words");

void
acti_sums_add(acti_sums *sums, const acti_sums *more)
{
    uint64_t to[sizeof(acta_sim_stats) / sizeof(uint64_t)], from[sizeof(acta_sim_stats) / sizeof(uint64_t)];

    sums->seeds += more->seeds;
    sums->repeated += more->repeated;
    sums->virtual_ms += more->virtual_ms;
    memcpy(to, &sums->stats, sizeof to);
    memcpy(from, &more->stats, sizeof from);
    for (size_t i = 0; i < sizeof to / sizeof to[0]; i++)
        to[i] += from[i];
    memcpy(&sums->stats, to, sizeof to);
    acti_coverage_add(&sums->coverage, &more->coverage);
}

bool
acti_seeder_open(acti_seeder *seeder, const acta_scenario *scenario, bool forks, uint32_t twice_every)
{
    *seeder = (acti_seeder){ .twice_every = twice_every };
    acti_coverage_begin(&seeder->sums.coverage, scenario);
    bool is_open = acti_lab_open(&seeder->lab, scenario, forks);
    for (uint32_t i = 0; i < 2; i++) {
        seeder->digests[i] = acti_world_shared_alloc(DIGEST_BYTES);
        is_open = is_open && seeder->digests[i] != NULL;
    }
    if (!is_open) acti_seeder_close(seeder);
    return is_open;
}

void
acti_seeder_close(acti_seeder *seeder)
{
    for (uint32_t i = 0; i < 2; i++)
        acti_world_shared_free(seeder->digests[i], DIGEST_BYTES);
    acti_lab_close(&seeder->lab);
    acti_pool_deinit(&seeder->pool);
    *seeder = (acti_seeder){ .twice_every = 0 };
}

static acti_watch
watch_digests(uint64_t *digests)
{
    return (acti_watch){ .digests = digests, .digest_max = DIGEST_MAX };
}

static uint64_t
first_differing_step(const acti_seeder *seeder, uint64_t steps)
{
    for (uint64_t i = 0; i < steps && i < DIGEST_MAX; i++) {
        if (seeder->digests[0][i] != seeder->digests[1][i]) return i;
    }
    return steps;
}

/* False: the second run had another history, or failed where the first did not. */
static bool
run_again(acti_seeder *seeder, uint64_t seed, const acti_run_result *first, acti_run_result *failure_out)
{
    acti_lab *lab = &seeder->lab;

    acti_attempt(lab,
        &(acti_run_setup){ .seed = seed, .layout = OTHER_LAYOUT, .watch = watch_digests(seeder->digests[1]) }, true);
    const acti_run_result *second = lab->result;
    seeder->sums.repeated++;
    if (second->has_ended && second->hash == first->hash && second->failed == first->failed) return true;

    *failure_out = (acti_run_result){ .has_ended = true, .stats = first->stats };
    if (!second->has_ended || second->failed) {
        acti_run_fail(failure_out, ACTI_TWO_HISTORIES ": with other memory it failed: %s", second->text);
        return false;
    }
    uint64_t least = first->stats.steps < second->stats.steps ? first->stats.steps : second->stats.steps;
    acti_run_fail(failure_out,
        ACTI_TWO_HISTORIES ": they differ before step %" PRIu64 " of %" PRIu64
                           "; something depends on addresses, on memory that was "
                           "never written, or on the environment",
        first_differing_step(seeder, least), first->stats.steps);
    return false;
}

/* The first run is this process's own, and dies with it: the parent knows which seed it had in hand. */
bool
acti_seed_run(acti_seeder *seeder, uint64_t seed, uint64_t number, acti_run_result *failure_out)
{
    bool is_twice = seeder->twice_every != ACTA_SIMULATE_ONCE && number % seeder->twice_every == 0;
    acti_run_setup setup = { .seed = seed, .pool = &seeder->pool, .coverage = &seeder->sums.coverage };
    acti_run_result result;

    if (is_twice) setup.watch = watch_digests(seeder->digests[0]);
    acti_run(seeder->lab.scenario, &setup, &result);
    acti_sums_add(&seeder->sums, &(acti_sums){ .seeds = 1, .virtual_ms = result.virtual_ms, .stats = result.stats });
    if (result.failed) {
        *failure_out = result;
        return false;
    }
    return !is_twice || run_again(seeder, seed, &result, failure_out);
}
