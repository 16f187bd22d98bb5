/*
 * FZ-10: a tree under simulation: the runtime's promises, while children die, timers fire and answers come late.
 *
 *     top (one_for_one, borne for ever)         lone (one_for_one, 3 restarts in 5 s)      probe, outside of both
 *       group (rest_for_one, the same)            l                                          asks, watches, sets timers,
 *         a   b   c                                                                          has work done elsewhere
 *
 * The clients tell the probe what to do, and kill children and supervisors. What actors see is written down in the run at once, where they
 * see it: the first thing that must not be stays there as `broken`.
 */
#ifndef TREE_H
#define TREE_H

#include "acta/gen_server.h"
#include "acta/request.h"
#include "acta/simulate.h"
#include "acta/supervisor.h"

enum {
    TREE_CHILDREN = 3,
    TREE_LONE = TREE_CHILDREN, /* index of the one alone */
    TREE_ACTORS = TREE_CHILDREN + 1,
    TREE_INTENSITY = 3,
    TREE_PERIOD_MS = 5000,
    TREE_TIMERS = 256,
    TREE_ASKS = 256,
    TREE_WATCHES = 256
};

/* What the clients tell the probe. */
typedef enum tree_action {
    TREE_SET_TIMER,
    TREE_SET_TWO, /* of one deadline: the first to come cancels the other */
    TREE_ASK,
    TREE_ABANDON,
    TREE_WATCH,   /* two monitors on one child */
    TREE_WRITE,   /* to the child as it was first known */
    TREE_OFFLOAD, /* a piece of work, which may come too late */
    TREE_ACTIONS
} tree_action;

typedef struct tree_timer {
    uint64_t due_ns;
    acta_ref ref;
    uint32_t partner; /* of TREE_SET_TWO: its index + 1; 0: none */
    bool came, cancelled;
} tree_timer;

typedef struct tree_ask {
    acta_ref ref;
    uint32_t answers;
    uint32_t works; /* of one that is offloaded: how often it was done */
    bool is_work;
    bool abandoned;
    bool withdrawn; /* work that had not begun, and never may */
} tree_ask;

typedef struct tree_watch {
    acta_ref ref;
    acta_pid target;
    uint32_t index;
    uint32_t downs;
} tree_watch;

typedef struct tree_child {
    struct tree_run *run;
    uint32_t index;
    acta_pid pid, first_pid;
    uint64_t start_number; /* of all starts of this life of the process */
    uint32_t start_count;
    uint64_t started_ns[TREE_INTENSITY + 1]; /* the last ones, in a ring by start_count */
} tree_child;

typedef struct tree_run {
    acta_sim *sim;
    acta_runtime *runtime; /* NULL: the process is down */
    acta_pid top, lone, probe;
    tree_child children[TREE_ACTORS];
    struct {
        acta_supervisor_options options;
        acta_child_spec specs[TREE_CHILDREN];
        tree_child *children[TREE_CHILDREN];
    } group; /* must outlive what is started by it */
    uint64_t starts;
    tree_timer timers[TREE_TIMERS];
    tree_ask asks[TREE_ASKS];
    tree_watch watches[TREE_WATCHES];
    uint32_t timer_count, ask_count, watch_count;
    uint32_t answered, ended; /* asks and timers that have come to their end */
    uint32_t told, done;      /* actions that were sent to the probe, and that it has seen */
    uint64_t made, destroyed; /* messages with a destructor */
    uint32_t actions_left;
    bool lone_is_down; /* and the probe knows */
    char broken[160];  /* "" or the invariant that doesn't hold */
} tree_run;

/* Keep the first. */
void tree_broken(tree_run *run, const char *format, ...) ACTA_PRINTF(2, 3);

/* A message whose destructor is counted; NULL: no memory, and nothing is counted. */
acta_message *tree_message(tree_run *run, uint32_t tag, uint64_t value);

/* Tags of what children are sent. */
enum { TREE_TAG_ASK = 1, TREE_TAG_WRITE = 2, TREE_TAG_WORK = 3 };

extern const acta_behaviour tree_child_behaviour; /* argument: tree_child ** */
extern const acta_behaviour tree_probe_behaviour; /* argument: tree_run ** */

extern const acta_scenario tree_scenario;

#endif
