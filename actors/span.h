/*
 * Spans of the application itself. acta/span.h says what they are.
 *
 *     command:  begin (dispatcher) -> executes, executed (its aggregate) -> durable (completion) -> told (who has the answer)
 *     event:    begin -> the user's function -> told
 *
 * Whoever begins one asks acti_is_traced first: without a sink that is all that is spent.
 */
#ifndef ACTI_ACTORS_SPAN_H
#define ACTI_ACTORS_SPAN_H

#include "acta/span.h"

#include "command.h"
#include "reader.h"

static inline bool
acti_is_traced(const acta_app *app)
{
    /* Relaxed: a hint; who uses the sink acquires it. */
    return atomic_load_explicit(&app->tracer, memory_order_relaxed) != NULL;
}

/* The application has ended: its sink is closed. */
void acti_tracer_close(acta_app *app, uint32_t timeout_ms);

/* -- commands: the fields are owned as those of the command are -- */

struct acti_command_trace {
    acta_span span;
    uint64_t taken_ns;                 /* first executed; 0: not yet, as the others */
    uint64_t executes_ns, executed_ns; /* … last */
    uint64_t durable_ns;
    uint32_t event_count;
    bool is_told;
    acta_bytes metadata; /* in the command's block: as it was asked for, whatever middleware makes of it */
};

/*
 * A span for a command that is to continue `trace`, which becomes the span's place for its events.
 *   may_be_root  without a trace it may begin one
 * False: nobody wants it; `trace` is as it was.
 */
bool acti_trace_begin(acta_app *app, acta_traceparent *trace, bool may_be_root, acta_span *span_out);
void acti_trace_attach(acti_command *command, const acta_span *span); /* without memory it is not told */
void acti_trace_free(acti_command *command);

/* Its aggregate is about to execute it, and has. */
void acti_trace_executes(const acti_command *command);
void acti_trace_executed(const acti_command *command, uint32_t event_count);
void acti_trace_durable(const acti_command *command, const acta_commit_result *result);
/* The answer is `status`. Unless it came from the aggregate, that may be at the command still. */
void acti_trace_answered(const acti_command *command, acta_status status, bool by_aggregate);

/* -- events -- */

/* A span for what a reader does with an event. False: nobody wants it. */
bool acti_trace_event_begin(const acti_reader *reader, const acta_recorded *recorded, acta_span *span_out);
void acti_trace_event_end(
    const acti_reader *reader, const acta_recorded *recorded, const acta_span *span, acta_status status);

#endif
