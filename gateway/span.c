/*
 * The span of a request: from its first line and headers until its answer has gone.
 *
 *     traceparent, recorded --> a child of that        none --> a command may begin a trace; who only looks doesn't
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "internal.h"

static acta_traceparent
given(acti_request *request)
{
    const char *text = acti_request_header(request, ACTA_TRACEPARENT);
    acta_traceparent trace = { .flags = 0 };

    if (text != NULL) acta_traceparent_parse(acta_str_of(text), &trace);
    return trace;
}

/* What is no traceparent is nobody's trace, as the standard wants it. */
bool
acti_request_trace(acti_request *request, acta_traceparent *trace_out)
{
    *trace_out = request->is_traced ? request->span.here : given(request);
    return acta_traceparent_is_set(trace_out);
}

/* -- the tracestate, which may come in several headers -- */

typedef struct states {
    char *to; /* NULL: they are counted */
    size_t size;
} states;

static enum MHD_Result
take_state(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    states *all = user;

    (void)kind;
    if (strcasecmp(name, ACTA_TRACESTATE) != 0) return MHD_YES;
    size_t size = strlen(value);
    if (all->to != NULL) {
        memcpy(all->to + all->size, value, size);
        all->to[all->size + size] = ',';
    }
    all->size += size + 1;
    return MHD_YES;
}

acta_str
acti_request_tracestate(acti_request *request, char *room)
{
    const acta_traceparent trace = given(request);
    states all = { .to = NULL };

    if (!acta_traceparent_is_set(&trace)) return acta_str_of(NULL);
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, take_state, &all);
    if (all.size > 0) all.to = acta_memory_alloc(request->memory, all.size);
    if (all.to == NULL) return acta_str_of(NULL);
    all.size = 0;
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, take_state, &all);
    return acta_tracestate_read(acta_str_from(all.to, all.size), room);
}

/* -- the span -- */

void
acti_request_trace_begin(acti_request *request)
{
    const acta_traceparent trace = given(request);
    bool may_begin_one = request->route->run == acti_post_command && !acta_traceparent_is_set(&trace);

    request->is_traced = acta_span_begin(request->gateway->app, may_begin_one ? NULL : &trace, &request->span);
    request->traced = request->route;
    if (!request->is_traced || acti_request_header(request, ACTA_TRACESTATE) == NULL) return;
    char *room = acta_memory_alloc(request->memory, ACTA_TRACESTATE_MAX);
    if (room != NULL) request->trace_state = acti_request_tracestate(request, room);
}

void
acti_request_trace_end(acti_request *request)
{
    const acti_route *route = request->traced;
    char name[128];
    const acta_log_field fields[] = { acta_log_text("http.request.method", acta_str_of(route->method)),
        acta_log_text("http.route", acta_str_of(route->pattern)),
        acta_log_number("http.response.status_code", request->status) };

    snprintf(name, sizeof name, "%s %s", route->method, route->pattern);
    const acta_span_about about = { .kind = ACTA_SPAN_SERVER,
        .name = acta_str_of(name),
        .has_failed = request->status >= MHD_HTTP_INTERNAL_SERVER_ERROR,
        .fields = fields,
        .field_count = sizeof fields / sizeof fields[0],
        .trace_state = request->trace_state };
    acta_span_end(request->gateway->app, &request->span, &about);
}
