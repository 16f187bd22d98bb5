/*
 * Each kind of fault, alone and with all others: it comes to pass, and what docs/guarantees.md promises holds: what was
 * acknowledged is in the log, once; nothing is lost or doubled; after healing all comes to rest, and no memory is left over.
 *
 *     ACTA_FAULT_SEEDS=5000 sim-faults          more seeds of each
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "faults.h"
#include "sites.h"
#include "under_faults.h"

enum { SEEDS = 24, ROUNDS_MAX = 8 };

static uint64_t
seed_count(void)
{
    const char *given = getenv("ACTA_FAULT_SEEDS");
    return given != NULL ? strtoull(given, NULL, 10) : SEEDS;
}

static uint64_t
first_seed(void)
{
    const char *given = getenv("ACTA_FAULT_FIRST");
    return given != NULL ? strtoull(given, NULL, 10) : 1;
}

static void
must_hold(uint32_t kinds, under_faults *sum)
{
    *sum = (under_faults){ 0 };
    bool good = under_faults_run(first_seed(), first_seed() + seed_count() - 1, kinds, sum, NULL, NULL);
    if (!good) print_error("%s\n", sum->text);
    assert_true(good);
    assert_true(sum->accepted > 0);
}

static uint64_t
count_of(const under_faults *sum, acta_sim_fault kind)
{
    return sum->counts[__builtin_ctz((unsigned)kind)];
}

/* The same for a kind that few seeds come to: more of them, until it has come. */
static void
must_hold_and_come(uint32_t kinds, acta_sim_fault kind, under_faults *sum)
{
    uint64_t first = first_seed();
    bool good = true;

    *sum = (under_faults){ 0 };
    for (int round = 0; good && round < ROUNDS_MAX && count_of(sum, kind) == 0; round++, first += seed_count())
        good = under_faults_run(first, first + seed_count() - 1, kinds, sum, NULL, NULL);
    if (!good) print_error("%s\n", sum->text);
    assert_true(good);
    assert_true(count_of(sum, kind) > 0);
}

static void
crashes_at_any_step_and_in_recovery_lose_nothing(void **state)
{
    under_faults sum;
    (void)state;

    must_hold(ACTA_SIM_FAULT_CRASH, &sum);
    assert_true(count_of(&sum, ACTA_SIM_FAULT_CRASH) > 0);
    assert_true(sum.crashes > 0);
}

static void
errors_of_the_disk_stop_writing_and_cost_nothing_acknowledged(void **state)
{
    under_faults sum;
    (void)state;

    must_hold(ACTA_SIM_FAULT_DISK_ERROR, &sum);
    assert_true(count_of(&sum, ACTA_SIM_FAULT_DISK_ERROR) > 0);
}

static void
a_slow_disk_delays_and_does_no_more(void **state)
{
    under_faults sum;
    (void)state;

    must_hold(ACTA_SIM_FAULT_DISK_SLOW, &sum);
    assert_true(count_of(&sum, ACTA_SIM_FAULT_DISK_SLOW) > 0);
    assert_int_equal(sum.crashes, 0);
}

static void
a_full_disk_is_written_to_again_when_there_is_room(void **state)
{
    under_faults sum;
    (void)state;

    must_hold(ACTA_SIM_FAULT_DISK_FULL, &sum);
    assert_true(count_of(&sum, ACTA_SIM_FAULT_DISK_FULL) > 0);
    assert_true(sum.crashes > 0); /* it refuses until it is opened again */
}

static void
what_was_not_synced_may_survive_in_part(void **state)
{
    under_faults sum;
    (void)state;

    must_hold_and_come(
        ACTA_SIM_FAULT_CRASH | ACTA_SIM_FAULT_DISK_LOSS | ACTA_SIM_FAULT_DISK_ERROR, ACTA_SIM_FAULT_DISK_LOSS, &sum);
}

static void
killed_actors_cost_nothing(void **state)
{
    under_faults sum;
    (void)state;

    must_hold(ACTA_SIM_FAULT_KILL, &sum);
    assert_true(count_of(&sum, ACTA_SIM_FAULT_KILL) > 0);
}

static void
a_clock_that_jumps_changes_nothing(void **state)
{
    under_faults sum;
    (void)state;

    must_hold(ACTA_SIM_FAULT_CLOCK, &sum);
    assert_true(count_of(&sum, ACTA_SIM_FAULT_CLOCK) > 0);
}

static void
an_allocation_that_fails_costs_nothing_acknowledged(void **state)
{
    under_faults sum;
    (void)state;

    must_hold(ACTA_SIM_FAULT_MEMORY, &sum);
    assert_true(count_of(&sum, ACTA_SIM_FAULT_MEMORY) > 0);
}

static void
any_order_of_turns_gives_the_same_sums(void **state)
{
    under_faults sum;
    (void)state;

    must_hold(ACTA_SIM_FAULT_SCHEDULER, &sum);
    assert_true(count_of(&sum, ACTA_SIM_FAULT_SCHEDULER) > 0);
}

/* Each once: which chance sites have fired, and which places were come to. */
typedef struct seen_sites {
    const char *names[ACTI_SITE_MAX];
    uint32_t count, fired, reached;
} seen_sites;

static void
see_site(void *user, const acta_sim_site *site)
{
    seen_sites *seen = user;

    if ((site->is_chance && site->firings == 0) || seen->count == ACTI_SITE_MAX) return;
    for (uint32_t i = 0; i < seen->count; i++)
        if (strcmp(seen->names[i], site->name) == 0) return;
    seen->names[seen->count++] = site->name;
    if (site->is_chance)
        seen->fired++;
    else
        seen->reached++;
}

static void
see_sites(void *user, acta_sim *sim)
{
    acta_sim_sites(sim, see_site, user);
}

static void
the_unusual_at_chance_sites_is_borne(void **state)
{
    under_faults sum;
    (void)state;

    must_hold(ACTA_SIM_FAULT_SITES, &sum);
}

static void
all_faults_together_are_borne(void **state)
{
    under_faults sum = { 0 };
    seen_sites seen = { .count = 0 };
    (void)state;

    bool good =
        under_faults_run(first_seed(), first_seed() + 3 * seed_count() - 1, ACTA_SIM_FAULT_ALL, &sum, see_sites, &seen);
    if (!good) print_error("%s\n", sum.text);
    assert_true(good);
    assert_true(sum.accepted > 0);
    for (uint32_t i = 0; getenv("ACTA_FAULT_SITES") != NULL && i < seen.count; i++)
        print_message("%s\n", seen.names[i]);
    if (seen.count == 0) return; /* built without */
    assert_true(seen.fired >= 20);
    assert_true(seen.reached >= 20);
}

/* The same seed with other bytes in fresh memory gives the same history. */
static void
a_seed_with_faults_gives_the_same_history_again(void **state)
{
    under_faults sum = { 0 };
    uint64_t first, again;
    (void)state;

    for (uint64_t seed = first_seed(); seed < first_seed() + seed_count() / 4 + 1; seed++) {
        assert_true(under_faults_hash(seed, ACTA_SIM_FAULT_ALL, 0, &sum, &first));
        assert_true(under_faults_hash(seed, ACTA_SIM_FAULT_ALL, 77, &sum, &again));
        assert_true(first == again);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crashes_at_any_step_and_in_recovery_lose_nothing),
        cmocka_unit_test(errors_of_the_disk_stop_writing_and_cost_nothing_acknowledged),
        cmocka_unit_test(a_slow_disk_delays_and_does_no_more),
        cmocka_unit_test(a_full_disk_is_written_to_again_when_there_is_room),
        cmocka_unit_test(what_was_not_synced_may_survive_in_part),
        cmocka_unit_test(killed_actors_cost_nothing),
        cmocka_unit_test(a_clock_that_jumps_changes_nothing),
        cmocka_unit_test(an_allocation_that_fails_costs_nothing_acknowledged),
        cmocka_unit_test(any_order_of_turns_gives_the_same_sums),
        cmocka_unit_test(the_unusual_at_chance_sites_is_borne),
        cmocka_unit_test(all_faults_together_are_borne),
        cmocka_unit_test(a_seed_with_faults_gives_the_same_history_again),
    };
    const char *only = getenv("ACTA_FAULT_ONLY");

    if (only != NULL) cmocka_set_test_filter(only);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
