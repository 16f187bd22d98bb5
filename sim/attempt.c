/*
 * Attempt: a run in this process, or in a child of it. A child that dies is a failure of what it ran, told by the signal.
 */
#include <stdlib.h>
#include <string.h>

#include "runner.h"
#include "world.h"

enum { CHURN_COUNT = 997, CHURN_BYTES_MAX = 3000, STACK_BYTES = 40000 };

bool
acti_lab_open(acti_lab *lab, const acta_scenario *scenario, bool forks)
{
    *lab =
        (acti_lab){ .scenario = scenario, .forks = forks, .result = acti_world_shared_alloc(sizeof(acti_run_result)) };
    return lab->result != NULL;
}

void
acti_lab_close(acti_lab *lab)
{
    acti_world_shared_free(lab->result, sizeof *lab->result);
    *lab = (acti_lab){ .result = NULL };
}

void
acti_run_died(acti_run_result *result, const acti_world_child_end *end)
{
    char name[64];

    *result = (acti_run_result){ .has_ended = false };
    if (end->signal == ACTI_SIGNAL_OF_LIMIT)
        acti_run_fail(result, "the run does not end: a step took %d seconds of real time", ACTI_ATTEMPT_SECONDS_MAX);
    else if (end->signal != 0)
        acti_run_fail(
            result, "the process died of %s: in its last step", acti_world_signal_name(end->signal, name, sizeof name));
    else
        acti_run_fail(result, "the process ended by itself: with exit status %d", end->exit_code);
}

typedef struct attempt {
    acti_lab *lab;
    const acti_run_setup *setup;
} attempt;

static void
run_here(void *user)
{
    const attempt *a = user;
    acti_run(a->lab->scenario, a->setup, a->lab->result);
}

static void
run_in_child(void *user)
{
    acti_world_child_limit(ACTI_ATTEMPT_SECONDS_MAX);
    run_here(user);
}

/* Other addresses: holes in the heap, and a deeper stack. What is taken goes with the process. */
static __attribute__((noinline)) void
run_disguised(void *user)
{
    static void *kept[CHURN_COUNT];
    volatile char deeper[STACK_BYTES];

    acti_world_disguise();
    for (size_t i = 0; i < CHURN_COUNT; i++)
        kept[i] = malloc(1 + i * i * 31 % CHURN_BYTES_MAX);
    for (size_t i = 0; i < CHURN_COUNT; i += 1 + i % 3) {
        free(kept[i]);
        kept[i] = NULL;
    }
    deeper[0] = 0;
    run_in_child(user);
    deeper[STACK_BYTES - 1] = deeper[0];
}

void
acti_attempt(acti_lab *lab, const acti_run_setup *setup, bool disguised)
{
    attempt a = { .lab = lab, .setup = setup };
    acti_world_child_end end;

    lab->result->has_ended = false;
    lab->result->failed = false;
    if (!lab->forks) {
        run_here(&a);
        return;
    }
    uint32_t child = acti_world_child_start(disguised ? run_disguised : run_in_child, &a);
    if (child == 0 || !acti_world_child_wait(child, true, &end)) {
        acti_run_fail(lab->result, "no process: a run could not begin");
        return;
    }
    if (!lab->result->has_ended) acti_run_died(lab->result, &end);
}
