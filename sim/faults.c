/*
 * Faults: which kinds a seed has, and when they come.
 */
#include "faults.h"

enum { CRASH_MAX = 4, CRASH_PER_10000_MAX = 40 };

/* One seed in two has a kind that is allowed. */
static bool
has_kind(acta_sim *sim, uint32_t faults_out, acta_sim_fault kind)
{
    if ((faults_out & (uint32_t)kind) != 0) return false;
    if (acta_sim_choose(sim, ACTA_SIM_FAULTS, 2) == 0) return false;
    acti_sim_faults(sim)->kinds |= (uint32_t)kind;
    return true;
}

void
acti_faults_draw(acta_sim *sim, uint32_t faults_out)
{
    static const uint32_t disk_errors[] = { 1, 2, 5, 10 };
    acti_faults *faults = acti_sim_faults(sim);

    *faults = (acti_faults){ 0 };
    if (has_kind(sim, faults_out, ACTA_SIM_FAULT_CRASH)) {
        faults->crashes_left = 1 + acta_sim_choose(sim, ACTA_SIM_FAULTS, CRASH_MAX);
        faults->crash_per_10000 = 1 + acta_sim_choose(sim, ACTA_SIM_FAULTS, CRASH_PER_10000_MAX);
    }
    if (has_kind(sim, faults_out, ACTA_SIM_FAULT_DISK_ERROR))
        acta_sim_disk_faults(sim, disk_errors[acta_sim_choose(sim, ACTA_SIM_FAULTS, 4)]);
}

bool
acti_faults_step(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);

    if (faults->crashes_left == 0) return false;
    if (acta_sim_choose(sim, ACTA_SIM_FAULTS, 10000) < 10000 - faults->crash_per_10000) return false;
    faults->crashes_left--;
    return true;
}

void
acti_faults_heal(acta_sim *sim)
{
    *acti_sim_faults(sim) = (acti_faults){ 0 };
    acta_sim_disk_faults(sim, 0);
}
