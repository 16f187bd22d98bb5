/*
 * Lifespan of an aggregate: how long it stays when nothing comes.
 *
 *     a command was decided --> the user's lifespan: ms | infinite | stop | default (idle_timeout_ms)
 *     stop  --all appends ended, mailbox empty--> ACTA_INFO_TIMEOUT --> its name is given up, and it ends
 *
 *     idle for a second --> at rest: what it needs for work is given back, and the rest of its time begins
 *
 * A command that comes meanwhile is executed, and asks the lifespan again; one that comes later finds nobody under the name,
 * or is refused unseen, and its dispatcher starts the next incarnation.
 */
#include "aggregate_actor.h"

enum { REST_AFTER_MS = 1000 };

static void
set_idle(acti_aggregate_actor *a, uint32_t ms)
{
    if (a->idle_ms == ms) return;
    a->idle_ms = ms;
    acta_set_idle_timeout(a->self, ms < REST_AFTER_MS ? ms : REST_AFTER_MS);
}

bool
acti_lifespan_goes_on(acti_aggregate_actor *a)
{
    if (a->stops || a->idle_ms <= REST_AFTER_MS) return false;
    if (a->work == NULL) return a->idle_ms == ACTA_LIFESPAN_INFINITE;

    acti_work_end(a);
    acta_hibernate(a->self);
    if (a->idle_ms != ACTA_LIFESPAN_INFINITE) {
        uint64_t left_ns = (a->idle_ms - REST_AFTER_MS) * UINT64_C(1000000);
        acta_set_idle_deadline(a->self, acta_runtime_now_ns(a->app->runtime) + left_ns);
    }
    return true;
}

static uint32_t
default_ms(const acti_aggregate_actor *a)
{
    return a->is_early ? 1 : a->aggregate->idle_timeout_ms;
}

void
acti_lifespan_begin(acti_aggregate_actor *a)
{
    a->is_early = ACTA_SIM_CHANCE(&a->app->environment, "aggregate.passivated.early", 25);
    a->idle_ms = 0; /* which no lifespan is */
    set_idle(a, default_ms(a));
}

static acta_lifespan_after
what_was_done(const acti_aggregate_actor *a, uint32_t number, const acta_envelope *envelope)
{
    const acta_aggregate_code *code = a->aggregate->code;
    const acta_decision *decision = a->work->decision;
    acta_lifespan_after after = { .why = ACTA_AFTER_COMMAND, .table = code->commands[number], .envelope = envelope };

    if (decision->status != ACTA_OK) {
        after.why = ACTA_AFTER_ERROR;
        after.error = &decision->error;
    } else if (decision->emitted_count > 0) {
        after.why = ACTA_AFTER_EVENT;
        after.table = code->events[decision->emitted[decision->emitted_count - 1].number];
    }
    return after;
}

void
acti_lifespan_note(acti_aggregate_actor *a, uint32_t number, const acta_envelope *envelope)
{
    const acta_aggregate_code *code = a->aggregate->code;
    if (code->lifespan == NULL || a->phase != ACTI_READY) return;

    const acta_lifespan_after after = what_was_done(a, number, envelope);
    uint32_t ms = code->lifespan(a->aggregate->given, a->value, &after);
    a->stops = ms == ACTA_LIFESPAN_STOP;
    if (!a->stops) set_idle(a, ms == ACTA_LIFESPAN_DEFAULT ? default_ms(a) : ms);
}

void
acti_lifespan_rest(acti_aggregate_actor *a)
{
    if (!a->stops || (a->phase != ACTI_READY && a->phase != ACTI_COLD)) return;
    if (a->work != NULL && (a->work->kept.first != NULL || !acti_pipeline_drained_or_wake(a->work->pipeline))) return;
    ACTA_SOMETIMES(&a->app->environment, "aggregate.stops.by.lifespan");
    acta_set_idle_deadline(a->self, 0); /* behind what is in the mailbox already */
}
