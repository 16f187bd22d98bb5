/*
 * Told spans: a sink that keeps what it is told of, and how tests look at that. One for the program: `seen`.
 */
#ifndef TESTS_ACTORS_TOLD_SPANS_H
#define TESTS_ACTORS_TOLD_SPANS_H

#include "acta/span.h"
#include "jobs.h"

#define TRACE_ID "4bf92f3577b34da6a3ce929d0e0e4736"
#define SAMPLED  "00-" TRACE_ID "-00f067aa0ba902b7-01"
#define PASSED   "00-" TRACE_ID "-00f067aa0ba902b7-00"

enum { SPANS_MAX = 1024, FIELDS_SIZE = 400 };

typedef struct told_span {
    acta_span span;
    acta_span_kind kind;
    char name[128], fields[FIELDS_SIZE];
    bool has_failed;
    uint64_t begun_ns, ended_ns;
} told_span;

typedef struct told {
    told_span spans[SPANS_MAX];
    uint32_t count, closed;
    uint32_t timeout_ms; /* that it was closed with */
} told;

extern told seen;
extern const acta_span_sink sink; /* tells `seen`, from any thread */

int set_up_spans(void **state); /* manual; nothing is seen; the app is not started */
#define spans(test) cmocka_unit_test_setup_teardown(test, set_up_spans, tear_down)

void start_traced(fixture *f, const acta_span_sink *to);
/* A job with two counters; `trace` NULL: in no trace. */
acta_status start_job_in(fixture *f, const char *trace, const acta_dispatch_options *given);

uint32_t count_named(const char *name);
const told_span *only(const char *name); /* the one of that name */
bool has(const told_span *span, const char *field);
const told_span *parent_of(const told_span *span); /* NULL: it was not told */
void is_below(const told_span *span, const char *parent);
void all_named_are_below(const char *name, const char *parent);
void ids_differ(void); /* each has an id of its own */
/* The traces of all events; how many. */
uint32_t read_traces(fixture *f, acta_traceparent *traces, uint32_t count_max);

#endif
