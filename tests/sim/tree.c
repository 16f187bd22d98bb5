/*
 * The tree under simulation: clients, starts, and what must hold. See tree.h.
 */
#include "tree.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "bank.h"

enum {
    ACTIONS_MIN = 20,
    ACTIONS_SPREAD = 100,
    KILL_PERCENT = 20,
    PAUSE_PERCENT = 5,
    PAUSE_MS_MAX = 6000,
    REST_MS = 1000
};

#define TREE_GROUP "group"

void
tree_broken(tree_run *run, const char *format, ...)
{
    va_list arguments;

    if (run->broken[0] != '\0') return;
    va_start(arguments, format);
    vsnprintf(run->broken, sizeof run->broken, format, arguments);
    va_end(arguments);
}

static void
tree_begin(acta_sim *sim, void *state)
{
    tree_run *run = state;

    run->sim = sim;
    run->actions_left = ACTIONS_MIN + acta_sim_choose(sim, ACTA_SIM_WORKLOAD, ACTIONS_SPREAD);
}

/* All that was known of the life before. */
static void
forget(tree_run *run)
{
    run->runtime = NULL;
    run->starts = run->made = run->destroyed = 0;
    run->timer_count = run->ask_count = run->watch_count = 0;
    run->answered = run->ended = run->told = run->done = 0;
    run->lone_is_down = false;
    for (uint32_t i = 0; i < TREE_ACTORS; i++)
        run->children[i] = (tree_child){ .run = run, .index = i };
}

static acta_child_spec
spec_of(uint32_t index, tree_child **child)
{
    static const char *const names[TREE_ACTORS] = { "a", "b", "c", "l" };

    return (acta_child_spec){ .id = names[index],
        .start = { .behaviour = &tree_child_behaviour, .argument = child, .name = acta_str_of(names[index]) },
        .argument_size = sizeof *child };
}

/* The group is a child itself: whoever kills it has it back, with its children behind it. */
static acta_status
start_top(tree_run *run, acta_error *error)
{
    for (uint32_t i = 0; i < TREE_CHILDREN; i++) {
        run->group.children[i] = &run->children[i];
        run->group.specs[i] = spec_of(i, &run->group.children[i]);
    }
    run->group.options = (acta_supervisor_options){ .strategy = ACTA_REST_FOR_ONE,
        .intensity = ACTA_INTENSITY_UNLIMITED,
        .children = run->group.specs,
        .child_count = TREE_CHILDREN };
    acta_child_spec spec = { .id = TREE_GROUP,
        .start = { .behaviour = acta_supervisor_behaviour(),
            .argument = &run->group.options,
            .name = acta_str_of(TREE_GROUP) } };
    acta_supervisor_options options = { .intensity = ACTA_INTENSITY_UNLIMITED, .children = &spec, .child_count = 1 };

    return acta_supervisor_start(run->runtime, &options, &run->top, error);
}

static acta_status
start_lone(tree_run *run, acta_error *error)
{
    tree_child *child = &run->children[TREE_LONE];
    acta_child_spec spec = spec_of(TREE_LONE, &child);
    acta_supervisor_options options = {
        .intensity = TREE_INTENSITY, .period_ms = TREE_PERIOD_MS, .children = &spec, .child_count = 1
    };

    return acta_supervisor_start(run->runtime, &options, &run->lone, error);
}

static bool
start_supervisor(tree_run *run, bool group)
{
    acta_error error;

    acta_status status = group ? start_top(run, &error) : start_lone(run, &error);
    if (status != ACTA_OK) tree_broken(run, "the tree does not start: %s", error.text);
    return status == ACTA_OK;
}

/* A probe of its own memory: what the last one was waiting for is nobody's any more. */
static void
start_probe(tree_run *run)
{
    acta_error error;
    acta_spawn_options options = { .behaviour = &tree_probe_behaviour, .argument = &run };

    run->timer_count = run->ask_count = run->watch_count = 0;
    run->answered = run->ended = run->told = run->done = 0;
    if (acta_spawn(run->runtime, &options, &run->probe, &error) != ACTA_OK)
        tree_broken(run, "the tree does not start: %s", error.text);
}

static void
tree_started(acta_sim *sim, void *state, acta_app *app)
{
    tree_run *run = state;
    (void)sim;

    forget(run);
    run->runtime = acta_app_runtime(app);
    if (!start_supervisor(run, true) || !start_supervisor(run, false)) return;
    start_probe(run);
}

static void
tree_crashed(acta_sim *sim, void *state)
{
    (void)sim;
    forget(state);
}

/* A child, the group's supervisor, or, with nobody above it, the lone one's; it may be gone. */
static acta_pid
draw_victim(acta_sim *sim, const tree_run *run)
{
    uint32_t victim = acta_sim_choose(sim, ACTA_SIM_WORKLOAD, TREE_ACTORS + 2);

    if (victim < TREE_ACTORS) return run->children[victim].pid;
    return victim == TREE_ACTORS ? acta_whereis(run->runtime, acta_str_of(TREE_GROUP)) : run->lone;
}

static bool
tree_act(acta_sim *sim, void *state, acta_app *app)
{
    static const acta_exit_reason killed = { .kind = ACTA_EXIT_KILLED };
    tree_run *run = state;
    uint32_t dice = acta_sim_choose(sim, ACTA_SIM_WORKLOAD, 100);
    (void)app;

    if (run->actions_left == 0) return false;
    run->actions_left--;
    if (dice >= 100 - PAUSE_PERCENT) {
        acta_sim_advance_ms(sim, 1 + acta_sim_choose(sim, ACTA_SIM_WORKLOAD, PAUSE_MS_MAX));
        return true;
    }
    if (dice >= 100 - PAUSE_PERCENT - KILL_PERCENT) {
        acta_exit(run->runtime, (acta_pid){ 0 }, draw_victim(sim, run), &killed);
        return true;
    }
    const tree_child *child = &run->children[acta_sim_choose(sim, ACTA_SIM_WORKLOAD, TREE_ACTORS)];
    /* Its child hears of the end of one that was killed, and holds the name until then. */
    if (run->lone_is_down && acta_whereis(run->runtime, acta_str_of("l")).value == 0) {
        run->lone_is_down = false; /* the next one isn't watched, but by the next probe */
        if (!acta_is_alive(run->runtime, run->lone)) start_supervisor(run, false);
    }
    acta_message *message = tree_message(run, dice % TREE_ACTIONS, child->index);
    if (acta_send(run->runtime, run->probe, message) == ACTA_OK) run->told++;
    return true;
}

static bool
tree_is_done(const void *state)
{
    const tree_run *run = state;

    if (run->broken[0] != '\0') return true;
    return run->actions_left == 0 && run->done == run->told && run->answered == run->ask_count &&
           run->ended == run->timer_count;
}

static acta_status
tree_check_step(acta_sim *sim, void *state, acta_app *app, acta_error *error)
{
    tree_run *run = state;
    (void)sim;
    (void)app;

    if (!acta_is_alive(run->runtime, run->probe)) start_probe(run); /* a fault has killed it */
    if (run->broken[0] == '\0') return ACTA_OK;
    return acta_error_set(error, ACTA_CORRUPT, "%s", run->broken);
}

/* At rest: rest_for_one leaves the younger started after the older. */
static acta_status
check_group(const tree_run *run, acta_error *error)
{
    for (uint32_t i = 0; i < TREE_CHILDREN; i++) {
        const tree_child *child = &run->children[i];
        if (!acta_is_alive(run->runtime, child->pid))
            return acta_error_set(error, ACTA_CORRUPT, "a child is not restarted: child %u", i);
        if (i > 0 && child->start_number < run->children[i - 1].start_number)
            return acta_error_set(
                error, ACTA_CORRUPT, "children are started in the wrong order: child %u before child %u", i, i - 1);
    }
    return ACTA_OK;
}

static acta_status
check_watches(const tree_run *run, acta_error *error)
{
    for (uint32_t i = 0; i < run->watch_count; i++) {
        const tree_watch *watched = &run->watches[i];
        if (watched->downs == 0 && !acta_is_alive(run->runtime, watched->target))
            return acta_error_set(error, ACTA_CORRUPT, "an end is not told: child %u", watched->index);
    }
    return ACTA_OK;
}

static acta_status
tree_check(acta_sim *sim, void *state, acta_app *app, acta_error *error)
{
    tree_run *run = state;
    acta_runtime_stats stats;

    uint64_t until_ns = acta_sim_now_ns(sim) + REST_MS * UINT64_C(1000000);
    while (run->broken[0] == '\0' && (acta_sim_now_ns(sim) < until_ns || acta_runtime_has_work(run->runtime)) &&
           acta_sim_step(sim))
        ; /* what is under way comes to its end; the application's own timers never do */
    acta_status status = tree_check_step(sim, state, app, error);
    if (status == ACTA_OK) status = check_group(run, error);
    if (status == ACTA_OK) status = check_watches(run, error);
    if (status != ACTA_OK) return status;
    acta_runtime_stats_read(run->runtime, &stats);
    if (stats.sent != stats.handled + stats.dropped)
        return acta_error_set(error, ACTA_CORRUPT,
            "messages get lost: %" PRIu64 " sent, %" PRIu64 " handled, %" PRIu64 " dropped", stats.sent, stats.handled,
            stats.dropped);
    if (run->made != run->destroyed)
        return acta_error_set(
            error, ACTA_CORRUPT, "messages are not destroyed: %" PRIu64 " of %" PRIu64, run->destroyed, run->made);
    return ACTA_OK;
}

static const acta_app_config tree_app = { .name = "tree", .schema = &bank_schema };

const acta_scenario tree_scenario = {
    .name = "tree",
    .summary = "supervised children that die, timers, monitors, late answers",
    .app = &tree_app,
    .state_size = sizeof(tree_run),
    .faults_out = ACTA_SIM_FAULT_MEMORY,
    .begin = tree_begin,
    .started = tree_started,
    .act = tree_act,
    .is_done = tree_is_done,
    .crashed = tree_crashed,
    .check_step = tree_check_step,
    .check = tree_check,
};
