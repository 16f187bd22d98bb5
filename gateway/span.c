/*
 * The span of a request: from its first line and headers until its answer has gone.
 *
 *     traceparent, recorded --> a child of that        none --> a command may begin a trace; who only looks doesn't
 */
#include <stdio.h>

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

void
acti_request_trace_begin(acti_request *request)
{
    const acta_traceparent trace = given(request);
    bool may_begin_one = request->route->run == acti_post_command && !acta_traceparent_is_set(&trace);

    request->is_traced = acta_span_begin(request->gateway->app, may_begin_one ? NULL : &trace, &request->span);
    request->traced = request->route;
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
        .field_count = sizeof fields / sizeof fields[0] };
    acta_span_end(request->gateway->app, &request->span, &about);
}
