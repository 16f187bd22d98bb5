/*
 * Work of an aggregate: begun by a command that finds it at rest, and ended when it has been idle for a while.
 *
 *     at rest:  [ actor, state ] -> memory of the state, if there is something in it
 *     at work:  … -> work -> pipeline, decision, ids that were seen, personal fields that are open
 *
 * Busy ones begin and end out of the application's spares, so that neither costs an allocation.
 */
#include "aggregate_actor.h"
#include "inline.h"

static void
free_work(acti_aggregate_actor *a, acti_aggregate_work *work)
{
    if (work->pipeline != NULL) acti_pipeline_abandon(work->pipeline);
    acti_spare_free(a->app, work, sizeof *work);
}

bool
acti_work_begin(acti_aggregate_actor *a)
{
    if (a->work != NULL) return true;
    acti_aggregate_work *work = acti_spare_alloc(a->app, sizeof *work);
    if (work == NULL) return false;

    *work = (acti_aggregate_work){ .pipeline = acti_pipeline_create(a->app, acta_self_pid(a->self)) };
    if (a->memory == NULL) a->memory = acta_memory_create(&a->app->environment.allocator);
    if (a->memory == NULL || work->pipeline == NULL) {
        free_work(a, work);
        return false;
    }
    a->work = work;
    acti_seen_ids_init(a);
    return true;
}

static void
drop_decision(acti_aggregate_actor *a)
{
    acta_decision *decision = a->work->decision;

    if (decision == NULL) return;
    acti_decision_deinit(decision);
    acti_spare_free(a->app, decision, sizeof *decision);
}

void
acti_work_end(acti_aggregate_actor *a)
{
    acti_aggregate_work *work = a->work;
    if (work == NULL) return;

    acti_command_unref(work->last);
    acti_seen_ids_clear(a);
    acti_map_deinit(&work->ids.map);
    drop_decision(a);
    acti_inline_forget(a);
    acta_memory_destroy(work->personal);
    a->work = NULL;
    free_work(a, work);
    if (!acta_memory_is_empty(a->memory)) return;
    acta_memory_destroy(a->memory);
    a->memory = NULL;
}
