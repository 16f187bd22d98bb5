/*
 * Spans: what an application does in a distributed trace (traceparent.h: how a trace goes through it), and how long it takes.
 *
 *     POST /commands/RequestTransfer                         the gateway                              SERVER
 *       dispatch bank.RequestTransfer                        its events carry this span as the parent INTERNAL
 *         queue, execute, commit                             where its time went                      INTERNAL
 *         Transfers bank.TransferRequested                   a process manager's step                 CONSUMER
 *           dispatch bank.Withdraw                           what it asks for: and so on              INTERNAL
 *         mailer bank.TransferRequested                      a handler or projection of that event    CONSUMER
 *
 * Without a sink there are no spans, and nothing is spent on them. With one, a span is told of what belongs to a trace that
 * is recorded, which whoever began the trace decides; traces that begin here are recorded as often as the sink wants.
 * Of spans with no end (the program was killed, a handler's actor failed within it) nothing is told.
 *
 * A span never has what commands and events hold, nor the names of streams: names of the schema, of readers and of routes, and
 * numbers. libacta-otlp (otlp.h) is a sink that sends them on.
 */
#ifndef ACTA_SPAN_H
#define ACTA_SPAN_H

#include "acta/app.h"
#include "acta/log.h"
#include "acta/traceparent.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum acta_span_kind { /* as OpenTelemetry numbers them */
    ACTA_SPAN_INTERNAL = 1,
    ACTA_SPAN_SERVER = 2,  /* answers a request from outside */
    ACTA_SPAN_CLIENT = 3,  /* asks somebody else */
    ACTA_SPAN_CONSUMER = 5 /* works on an event */
} acta_span_kind;

/* One under way. */
typedef struct acta_span {
    acta_traceparent here; /* the trace, and the span's own id: what is a child of it continues this */
    uint8_t parent_id[8];  /* zeros: it begins the trace */
    uint64_t begun_ns;     /* by the clock's monotonic_ns */
} acta_span;

/*
 * What one was.
 *   name        "dispatch bank.Deposit"
 *   has_failed  its work wasn't done. A rejection is an answer, and no failure
 *   fields      field_count of them (log.h), with names such as "acta.command": texts and numbers
 *   trace_state the tracestate that came with the trace, as acta_tracestate_read leaves one; absent: none
 */
typedef struct acta_span_about {
    acta_span_kind kind;
    acta_str name;
    bool has_failed;
    const acta_log_field *fields;
    uint32_t field_count;
    acta_str trace_state;
} acta_span_about;

/* One that has ended, for the sink: views that live until it returns. */
typedef struct acta_span_record {
    const acta_span *span;
    const acta_span_about *about;
    uint64_t begun_ns, ended_ns; /* ns since the Unix epoch; ended_ns is never less */
} acta_span_record;

/* What a sink has done with its spans, since it began. */
typedef struct acta_span_counters {
    uint64_t spans;   /* that it was told of */
    uint64_t sent;    /* of these, taken by whoever they are sent to */
    uint64_t dropped; /* never sent: there was no room, or they were given up. The rest waits */
    uint64_t retries; /* attempts to send that failed and were made again */
} acta_span_counters;

#define ACTA_SPAN_NO_ROOTS UINT32_MAX /* of roots_per_million: none */

/*
 * Who is told.
 *   ended              of each span, on any thread, at any time: must not block, nor call back into the application
 *   close              nothing more is told, and `user` is not used any more: called once, when the application has stopped.
 *                      It may take `timeout_ms`, what is left of acta_app_stop's time, to do what is left. May be NULL
 *   count              for acta_app_count_spans, any thread; NULL: all are zero
 *   user               theirs
 *   roots_per_million  of a million traces that begin here so many are recorded; 0: all. ACTA_SPAN_NO_ROOTS: none
 *   ignores_parent     the same share of all traces, by their id, whatever whoever began them decided
 */
typedef struct acta_span_sink {
    void (*ended)(void *user, const acta_span_record *record);
    void (*close)(void *user, uint32_t timeout_ms);
    void (*count)(void *user, acta_span_counters *counters_out);
    void *user;
    uint32_t roots_per_million;
    bool ignores_parent;
} acta_span_sink;

/*
 * From now on, until it stops, an application tells a sink of its spans.
 *   sink  copied
 * Errors: ACTA_ALREADY_EXISTS it has one; ACTA_INVALID `ended` is missing, or roots_per_million is more than a million;
 *         ACTA_NO_MEMORY. Then nothing is told or closed.
 * Threads: any.
 */
ACTA_API acta_status acta_app_tell_spans(acta_app *app, const acta_span_sink *sink, acta_error *error);

/* Has it a sink? Threads: any. */
ACTA_API bool acta_app_has_span_sink(const acta_app *app);

/* What its sink has done; zeros without one. Threads: any, until the application stops. */
ACTA_API void acta_app_count_spans(const acta_app *app, acta_span_counters *counters_out);

/*
 * Begin a span of one's own: around a mail that a handler sends, for instance.
 *   parent    of which it is a child, as of acta_traceparent_of(recorded->metadata); one that isn't set is nobody's trace.
 *             NULL: the span begins a trace
 *   span_out  always written
 * False: nobody wants it, and there is nothing to end; what would be its child continues `parent`.
 * Threads: any.
 */
ACTA_API bool acta_span_begin(acta_app *app, const acta_traceparent *parent, acta_span *span_out);

/* It ends now, and the sink is told. Only of one that acta_span_begin returned true for, once. Threads: any. */
ACTA_API void acta_span_end(acta_app *app, const acta_span *span, const acta_span_about *about);

#ifdef __cplusplus
}
#endif
#endif
