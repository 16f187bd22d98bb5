/*
 * Faults: which kinds a seed has, and when the process dies.
 */
#include "faults.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"
#include "sites.h"

enum {
    CRASH_MAX = 4,
    CRASH_STEPS_MAX = 8192,
    CRASH_SPREAD = 10, /* from once in thousands of steps to a few of them */
    START_CRASH_OPS_MAX = 60,
    WALL_JUMP_MOVES_MAX = 60,
    WALL_JUMP_MS_MAX = 100000,
    LATE_MOVES_MAX = 30,
    LATE_MS_MAX = 3000
};

static uint32_t
index_of(acta_sim_fault kind)
{
    return (uint32_t)__builtin_ctz((unsigned)kind);
}

const char *
acti_fault_name(acta_sim_fault kind)
{
    static const char *const names[ACTI_FAULT_KINDS] = { "crash", "disk-error", "disk-slow", "disk-full", "disk-loss",
        "kill", "clock", "memory", "scheduler", "sites" };
    return names[index_of(kind)];
}

void
acti_fault_tell(acta_sim *sim, acta_sim_fault kind, const char *format, ...)
{
    char text[256];
    va_list arguments;

    if (acti_sim_watch(sim)->tell == NULL) return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    acti_sim_tell(sim, ACTI_TOLD_FAULT, acti_fault_name(kind), "%s", text);
}

void
acti_fault_count(acta_sim *sim, acta_sim_fault kind)
{
    acti_sim_faults(sim)->counts[index_of(kind)]++;
}

/* -- countdowns -- */

static uint64_t
draw_distance(acta_sim *sim, uint32_t max)
{
    uint32_t drawn = acta_sim_choose(sim, ACTA_SIM_FAULTS, max + 1);
    return drawn == 0 ? ACTI_NEVER : drawn;
}

void
acti_countdown_begin(acta_sim *sim, acti_countdown *countdown, uint32_t max)
{
    *countdown = (acti_countdown){ .left = draw_distance(sim, max), .max = max };
}

bool
acti_countdown_tick(acta_sim *sim, acti_countdown *countdown, acta_sim_fault kind)
{
    if (!acti_countdown_is_set(countdown) || --countdown->left > 0) return false;
    countdown->left = draw_distance(sim, countdown->max);
    acti_fault_count(sim, kind);
    return true;
}

/* -- a seed -- */

/* One seed in two has a kind that is allowed. */
static void
draw_kind(acta_sim *sim, uint32_t faults_out, acta_sim_fault kind)
{
    acti_faults *faults = acti_sim_faults(sim);

    if ((faults_out & (uint32_t)kind) != 0 || acta_sim_choose(sim, ACTA_SIM_FAULTS, 2) == 0) return;
    faults->kinds |= (uint32_t)kind;
}

static void
draw_crashes(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);

    faults->crashes_left = acta_sim_choose(sim, ACTA_SIM_FAULTS, CRASH_MAX + 1);
    acti_countdown_begin(sim, &faults->crash, CRASH_STEPS_MAX >> acta_sim_choose(sim, ACTA_SIM_FAULTS, CRASH_SPREAD));
    acti_countdown_begin(sim, &faults->start_crash, START_CRASH_OPS_MAX);
}

static void
draw_clock(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);

    acti_countdown_begin(sim, &faults->wall_jump, WALL_JUMP_MOVES_MAX);
    acti_countdown_begin(sim, &faults->late_timer, LATE_MOVES_MAX);
}

void
acti_faults_draw(acta_sim *sim, uint32_t faults_out)
{
    acti_faults *faults = acti_sim_faults(sim);

    *faults = (acti_faults){ .is_drawn = true };
    for (uint32_t i = 0; i < ACTI_FAULT_KINDS; i++)
        draw_kind(sim, faults_out, (acta_sim_fault)(1u << i));
    if ((faults->kinds & ACTA_SIM_FAULT_CRASH) != 0) draw_crashes(sim);
    acti_fault_disk_draw(sim);
    acti_fault_actors_draw(sim);
    if ((faults->kinds & ACTA_SIM_FAULT_CLOCK) != 0) draw_clock(sim);
    acti_fault_memory_draw(sim);
    acti_sim_sites(sim)->may_fire = (faults->kinds & ACTA_SIM_FAULT_SITES) != 0;
}

bool
acti_faults_step(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);

    if (faults->power_is_gone) return true;
    if (faults->crashes_left == 0 || !acti_countdown_tick(sim, &faults->crash, ACTA_SIM_FAULT_CRASH)) return false;
    faults->crashes_left--;
    acti_fault_tell(sim, ACTA_SIM_FAULT_CRASH, "the process is to die between two steps");
    return true;
}

void
acti_faults_starting(acta_sim *sim, bool starting)
{
    acti_faults *faults = acti_sim_faults(sim);

    if (starting) faults->power_is_gone = false;
    faults->work_due_ns = 0;
    faults->is_starting = starting;
}

void
acti_faults_heal(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);
    acti_faults healed = { .is_drawn = true, .kinds = faults->kinds, .wall_offset_us = faults->wall_offset_us };

    memcpy(healed.counts, faults->counts, sizeof healed.counts);
    healed.power_is_gone = faults->power_is_gone; /* until it is started again */
    healed.work_due_ns = faults->work_due_ns;
    healed.turns = faults->turns;
    *faults = healed;
    acta_sim_disk_faults(sim, 0);
    acti_sim_sites(sim)->may_fire = false;
}

uint64_t
acti_faults_count(acta_sim *sim)
{
    const acti_faults *faults = acti_sim_faults(sim);
    uint64_t count = 0;

    for (uint32_t i = 0; i < ACTI_FAULT_KINDS; i++)
        if (i != index_of(ACTA_SIM_FAULT_SITES)) count += faults->counts[i]; /* the unusual is no excuse */
    return count;
}

/* -- clock -- */

uint64_t
acti_fault_clock_late_ns(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);

    if (acti_countdown_tick(sim, &faults->wall_jump, ACTA_SIM_FAULT_CLOCK)) {
        int64_t ms = acta_sim_choose(sim, ACTA_SIM_FAULTS, WALL_JUMP_MS_MAX + 1);
        if (acta_sim_choose(sim, ACTA_SIM_FAULTS, 2) != 0) ms = -ms;
        faults->wall_offset_us += ms * 1000;
        acti_fault_tell(sim, ACTA_SIM_FAULT_CLOCK, "the wall clock jumps by %+.3f s", (double)ms / 1e3);
    }
    if (!acti_countdown_tick(sim, &faults->late_timer, ACTA_SIM_FAULT_CLOCK)) return 0;
    uint32_t late_ms = acta_sim_choose(sim, ACTA_SIM_FAULTS, LATE_MS_MAX + 1);
    acti_fault_tell(sim, ACTA_SIM_FAULT_CLOCK, "the next timer is noticed %" PRIu32 " ms late", late_ms);
    return late_ms * UINT64_C(1000000);
}
