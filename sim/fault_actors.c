/*
 * Faults of actors: in which order they have their turns, and who has none for a while, or ever.
 *
 *     ready actors -> those that aren't held -> one of them: any, or for some turns the one of the highest priority
 *                                            -> killed before its turn?
 *
 * Priorities are PCT's (Burckhardt, Kothari, Musuvathi, Nagarakatte, 2010): a random order of the actors, which changes at a
 * few random turns. To hold some and let go of them in another order is FoundationDB's swizzling; each is held for so many
 * turns of the others.
 */
#include "faults.h"

#include <inttypes.h>
#include <string.h>

#include "acta/supervisor.h"

enum {
    HOLD_TURNS_MAX = 512,   /* between two holds */
    HELD_TURNS_MAX = 1024,  /* of the others, while one is held */
    ORDER_TURNS_MAX = 1024, /* between two orders */
    ORDERED_TURNS_MAX = 512,
    KILL_TURNS_MAX = 2048,
    KILL_WRITES_MAX = 128,  /* of one behaviour, between two that their writer dies of */
    ACTORS_FIRST_MAX = 128, /* turns, before anything of a dead writer's gets to the disk */
    DISK_MS_MAX = 2000,     /* or so long */
    BUDGET_COUNT = 4,
    WORK_MS_MAX = 2000, /* what a piece of offloaded work takes */
    SPREAD = 5,
    LOOK_MAX = 64 /* ready actors that a choice is made from */
};

static void
begin(acta_sim *sim, acti_countdown *countdown, uint32_t max)
{
    acti_countdown_begin(sim, countdown, max >> acta_sim_choose(sim, ACTA_SIM_FAULTS, SPREAD));
}

void
acti_fault_actors_draw(acta_sim *sim)
{
    static const uint32_t budgets[BUDGET_COUNT] = { 0, 1, 2, 7 };
    acti_faults *faults = acti_sim_faults(sim);

    if ((faults->kinds & ACTA_SIM_FAULT_SCHEDULER) != 0) {
        faults->budget = budgets[acta_sim_choose(sim, ACTA_SIM_FAULTS, BUDGET_COUNT)];
        begin(sim, &faults->hold, HOLD_TURNS_MAX);
        begin(sim, &faults->order, ORDER_TURNS_MAX);
    }
    if ((faults->kinds & ACTA_SIM_FAULT_KILL) == 0) return;
    begin(sim, &faults->kill, KILL_TURNS_MAX);
    faults->kills_writers = acta_sim_choose(sim, ACTA_SIM_SETTINGS, 3) != 0;
}

/* -- held -- */

static bool
is_held(const acti_faults *faults, acta_pid pid)
{
    for (uint32_t i = 0; i < ACTI_HELD_MAX; i++)
        if (faults->held[i].until > faults->turns && acta_pid_equal(faults->held[i].pid, pid)) return true;
    return false;
}

static bool
holds_any(const acti_faults *faults)
{
    for (uint32_t i = 0; i < ACTI_HELD_MAX; i++)
        if (faults->held[i].until > faults->turns) return true;
    return false;
}

/* As watch.c names one that has no name. */
static void
tell_of_actor(acta_sim *sim, acta_sim_fault kind, const acta_ready *actor, const char *what, uint32_t turns)
{
    const char *behaviour = actor->behaviour != NULL ? actor->behaviour->name : "offloaded work";
    uint32_t generation = (uint32_t)(actor->pid.value >> 32), index = (uint32_t)actor->pid.value;

    if (turns > 0)
        acti_fault_tell(sim, kind, "%s <%" PRIu32 ".%" PRIu32 "> %s for %" PRIu32 " turns", behaviour, generation,
            index, what, turns);
    else
        acti_fault_tell(sim, kind, "%s <%" PRIu32 ".%" PRIu32 "> %s", behaviour, generation, index, what);
}

static void
hold(acta_sim *sim, const acta_ready *actor)
{
    acti_faults *faults = acti_sim_faults(sim);

    for (uint32_t i = 0; i < ACTI_HELD_MAX; i++) {
        if (faults->held[i].until > faults->turns) continue;
        uint32_t turns = acta_sim_choose(sim, ACTA_SIM_FAULTS, HELD_TURNS_MAX);
        faults->held[i].pid = actor->pid;
        faults->held[i].until = faults->turns + turns;
        tell_of_actor(sim, ACTA_SIM_FAULT_SCHEDULER, actor, "has no turn", turns);
        return;
    }
}

/* In the application that runs: a timer is due, which comes before all choices. */
static bool
timer_is_due(acta_sim *sim)
{
    return acta_runtime_next_timer_ns(acta_app_runtime(acti_sim_app(sim))) <= acta_sim_now_ns(sim);
}

bool
acti_fault_actors_hold_all(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);
    const acta_runtime *runtime = acta_app_runtime(acti_sim_app(sim));
    acta_ready ready;
    bool any = holds_any(faults), works = acti_work_due_ns(sim) != 0;

    if (!any && !works) return false;
    if (acta_runtime_has_work(runtime) && !works) return false;
    for (uint32_t i = 0; acta_runtime_ready(runtime, i, &ready); i++)
        if (!is_held(faults, ready.pid)) return false;
    if (works && timer_is_due(sim)) return false;
    faults->turns++; /* time goes on for those who are held */
    return true;
}

/* -- offloaded work -- */

uint64_t
acti_work_due_ns(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);
    uint64_t now_ns = acta_sim_now_ns(sim);

    if (!acta_runtime_has_work(acta_app_runtime(acti_sim_app(sim)))) return 0;
    if (faults->work_due_ns == 0)
        faults->work_due_ns = now_ns + acta_sim_choose(sim, ACTA_SIM_SCHEDULER, WORK_MS_MAX + 1) * UINT64_C(1000000);
    return faults->work_due_ns > now_ns ? faults->work_due_ns : 0;
}

/* The choices without work that isn't due; it is the last of them. At least 1. */
static uint32_t
without_work(acta_sim *sim, uint32_t count)
{
    return count > 1 && acti_work_due_ns(sim) != 0 ? count - 1 : count;
}

/* It is done by this choice: the next piece takes a time of its own. */
static uint32_t
note_work(acta_sim *sim, uint32_t choice)
{
    acta_ready ready;

    if (!acta_runtime_ready(acta_app_runtime(acti_sim_app(sim)), choice, &ready)) acti_sim_faults(sim)->work_due_ns = 0;
    return choice;
}

/* -- order -- */

static uint64_t
priority(const acti_faults *faults, acta_pid pid)
{
    uint64_t z = (pid.value ^ faults->order_key) * UINT64_C(0xbf58476d1ce4e5b9);
    return z ^ (z >> 31);
}

static uint32_t
highest(const acti_faults *faults, const acta_ready *ready, uint32_t count)
{
    uint32_t best = 0;
    uint64_t best_priority = priority(faults, ready[0].pid);

    for (uint32_t i = 1; i < count; i++) {
        uint64_t its_priority = priority(faults, ready[i].pid);
        if (its_priority <= best_priority) continue;
        best = i;
        best_priority = its_priority;
    }
    return best;
}

static bool
is_ordered(acta_sim *sim)
{
    acti_faults *faults = acti_sim_faults(sim);

    if (acti_countdown_tick(sim, &faults->order, ACTA_SIM_FAULT_SCHEDULER)) {
        faults->order_key = acta_sim_choose(sim, ACTA_SIM_FAULTS, UINT32_MAX);
        uint32_t turns = acta_sim_choose(sim, ACTA_SIM_FAULTS, ORDERED_TURNS_MAX);
        faults->order_until = faults->turns + turns;
        acti_fault_tell(sim, ACTA_SIM_FAULT_SCHEDULER, "actors have ranks for %" PRIu32 " turns", turns);
    }
    return faults->turns < faults->order_until;
}

/* -- a choice -- */

/* It has another behaviour than those within a tree, of the same name. */
static bool
is_root_supervisor(const acta_behaviour *behaviour)
{
    const acta_behaviour *inner = acta_supervisor_behaviour();
    return behaviour != inner && strcmp(behaviour->name, inner->name) == 0;
}

/* The end of a root has nobody to restart it. */
static void
kill_before_turn(acta_sim *sim, const acta_ready *chosen)
{
    static const acta_exit_reason killed = { .kind = ACTA_EXIT_KILLED };
    acti_faults *faults = acti_sim_faults(sim);
    acta_runtime *runtime = acta_app_runtime(acti_sim_app(sim));

    if (chosen->pid.value == 0 || is_root_supervisor(chosen->behaviour)) return;
    if (!acti_countdown_tick(sim, &faults->kill, ACTA_SIM_FAULT_KILL)) return;
    tell_of_actor(sim, ACTA_SIM_FAULT_KILL, chosen, "is killed", 0);
    acta_exit(runtime, (acta_pid){ 0 }, chosen->pid, &killed);
}

/* NULL: there are too many behaviours. */
static acti_countdown *
kill_of(acta_sim *sim, const acta_behaviour *behaviour)
{
    acti_faults *faults = acti_sim_faults(sim);

    for (uint32_t i = 0; i < ACTI_WRITERS_MAX; i++) {
        acti_writers *writers = &faults->writers[i];
        if (writers->behaviour != NULL && strcmp(writers->behaviour, behaviour->name) == 0) return &writers->kill;
        if (writers->behaviour != NULL) continue;
        writers->behaviour = behaviour->name;
        begin(sim, &writers->kill, KILL_WRITES_MAX);
        return &writers->kill;
    }
    return NULL;
}

bool
acti_fault_actors_first(acta_sim *sim)
{
    const acti_faults *faults = acti_sim_faults(sim);
    return faults->turns < faults->actors_first_to;
}

/* What it has submitted goes on, and takes its time: the next life begins meanwhile. */
void
acti_fault_actors_submitted(acta_sim *sim)
{
    static const acta_exit_reason killed = { .kind = ACTA_EXIT_KILLED };
    acti_faults *faults = acti_sim_faults(sim);
    const acta_ready *writer = &faults->chosen;

    if (writer->pid.value == 0 || writer->behaviour == NULL || is_root_supervisor(writer->behaviour)) return;
    acti_countdown *kill = kill_of(sim, writer->behaviour);
    if (kill == NULL || !acti_countdown_tick(sim, kill, ACTA_SIM_FAULT_KILL)) return;
    tell_of_actor(sim, ACTA_SIM_FAULT_KILL, writer, "is killed with something on its way to the disk", 0);
    acta_exit(acta_app_runtime(acti_sim_app(sim)), (acta_pid){ 0 }, writer->pid, &killed);
    uint32_t turns_max = ACTORS_FIRST_MAX >> acta_sim_choose(sim, ACTA_SIM_FAULTS, SPREAD);
    faults->actors_first_to = faults->turns + acta_sim_choose(sim, ACTA_SIM_FAULTS, turns_max);
    bool is_slow = (faults->kinds & ACTA_SIM_FAULT_DISK_SLOW) != 0 && acta_sim_choose(sim, ACTA_SIM_FAULTS, 2) != 0;
    if (is_slow) acti_fault_disk_takes(sim, acta_sim_choose(sim, ACTA_SIM_FAULTS, DISK_MS_MAX));
}

static acta_ready
ready_at(const acta_runtime *runtime, uint32_t place)
{
    acta_ready ready;

    if (!acta_runtime_ready(runtime, place, &ready)) ready = (acta_ready){ .pid = { 0 } }; /* offloaded */
    return ready;
}

/* Without those that are held, unless they are all there are; *places gets where they stand in the row. */
static uint32_t
look(acta_sim *sim, uint32_t count, acta_ready *ready, uint32_t *places)
{
    const acti_faults *faults = acti_sim_faults(sim);
    const acta_runtime *runtime = acta_app_runtime(acti_sim_app(sim));
    bool any = holds_any(faults);
    uint32_t found = 0;

    for (uint32_t i = 0; i < count && found < LOOK_MAX; i++) {
        ready[found] = ready_at(runtime, i);
        if (any && is_held(faults, ready[found].pid)) continue;
        places[found++] = i;
    }
    if (found > 0) return found;
    ready[0] = ready_at(runtime, 0);
    places[0] = 0;
    return 1;
}

/* Where the one stands that is next, in turns in which it matters who is ready. */
static uint32_t
choose_by_pid(acta_sim *sim, uint32_t count, bool by_order)
{
    acta_ready ready[LOOK_MAX];
    uint32_t places[LOOK_MAX];
    uint32_t found = look(sim, count, ready, places);

    return places[by_order ? highest(acti_sim_faults(sim), ready, found)
                           : acta_sim_choose(sim, ACTA_SIM_SCHEDULER, found)];
}

uint32_t
acti_fault_actors_choose(acta_sim *sim, uint32_t count)
{
    acti_faults *faults = acti_sim_faults(sim);
    uint32_t some = ACTA_SIM_FAULT_SCHEDULER | ACTA_SIM_FAULT_KILL;

    faults->chosen = (acta_ready){ .pid = { 0 } };
    if (acti_sim_app(sim) == NULL) return acta_sim_choose(sim, ACTA_SIM_SCHEDULER, count);
    count = without_work(sim, count);
    if ((faults->kinds & some) == 0) return note_work(sim, acta_sim_choose(sim, ACTA_SIM_SCHEDULER, count));
    faults->turns++;
    bool by_order = is_ordered(sim);
    uint32_t some_count = count < LOOK_MAX ? count : LOOK_MAX;
    uint32_t place = by_order || holds_any(faults) ? choose_by_pid(sim, count, by_order)
                                                   : acta_sim_choose(sim, ACTA_SIM_SCHEDULER, some_count);
    acta_ready chosen = ready_at(acta_app_runtime(acti_sim_app(sim)), place);
    if (acti_countdown_tick(sim, &faults->hold, ACTA_SIM_FAULT_SCHEDULER)) hold(sim, &chosen);
    kill_before_turn(sim, &chosen);
    faults->chosen = chosen;
    return note_work(sim, place);
}
