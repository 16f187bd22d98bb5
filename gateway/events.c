/*
 * GET /events, and GET /streams/{name} with Accept: text/event-stream: events as they come, as Server-Sent Events.
 *
 *     ?type=bank.MoneyDeposited,bank.MoneyWithdrawn   ?category=Account   ?prefix=Account-a   ?after=4711
 *     Last-Event-ID: 4711
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { TYPES_MAX = 64 };

bool
acti_wants_events(acti_request *request)
{
    const char *accept = acti_request_header(request, "Accept");
    return accept != NULL && strcasestr(accept, "text/event-stream") != NULL;
}

/* Last-Event-ID is what a browser sends when it comes again, with the same query as before. */
static bool
read_after(acti_request *request, uint64_t *after_out)
{
    const char *last = acti_request_header(request, "Last-Event-ID");
    uint64_t head = acta_store_head(acta_app_store(request->gateway->app));
    char *end;

    *after_out = head;
    if (last == NULL) {
        if (!acti_query_number(request, "after", 0, UINT64_MAX, after_out)) return false;
    } else {
        errno = 0;
        *after_out = strtoull(last, &end, 10);
        if (errno != 0 || last[0] < '0' || last[0] > '9' || *end != '\0') {
            acti_problem_http(request, MHD_HTTP_BAD_REQUEST, "Last-Event-ID: expected a position such as 4711");
            return false;
        }
    }
    if (*after_out <= head) return true;
    acti_problem_http(request, MHD_HTTP_BAD_REQUEST,
        "position %llu is not in this log, which ends at %llu: is it another one?", (unsigned long long)*after_out,
        (unsigned long long)head);
    return false;
}

/* "a.B,a.C" into names: the query's value is cut into pieces. */
static bool
read_types(acti_request *request, acta_subscription_filter *filter)
{
    char *list = acti_query(request, "type"), *rest = NULL;

    if (list == NULL) return true;
    acta_str *types = acta_memory_alloc(request->memory, TYPES_MAX * sizeof *types);
    if (types == NULL) {
        acti_problem_http(request, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for this request");
        return false;
    }
    for (char *name = strtok_r(list, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
        if (filter->type_count == TYPES_MAX || strlen(name) > ACTA_TYPE_NAME_MAX) {
            acti_problem_http(request, MHD_HTTP_BAD_REQUEST, "type: up to %d names of up to %d bytes are expected",
                TYPES_MAX, ACTA_TYPE_NAME_MAX);
            return false;
        }
        types[filter->type_count++] = acta_str_of(name);
    }
    filter->types = types;
    if (filter->type_count > 0) return true;
    acti_problem_http(request, MHD_HTTP_BAD_REQUEST, "type: expected names of events such as bank.MoneyDeposited");
    return false;
}

static bool
read_filter(acti_request *request, acta_subscription_filter *filter)
{
    filter->category = acta_str_of(acti_query(request, "category"));
    filter->stream_prefix = acta_str_of(acti_query(request, "prefix"));
    if (filter->category.size > ACTA_STREAM_NAME_MAX || filter->stream_prefix.size > ACTA_STREAM_NAME_MAX) {
        acti_problem_http(
            request, MHD_HTTP_BAD_REQUEST, "names of streams have %d bytes at most", ACTA_STREAM_NAME_MAX);
        return false;
    }
    if (filter->category.size > 0 && memchr(filter->category.data, '-', filter->category.size) != NULL) {
        acti_problem_http(request, MHD_HTTP_BAD_REQUEST,
            "category: what stands before the first '-' of a stream's name, such as Account");
        return false;
    }
    return read_types(request, filter);
}

void
acti_get_events(acti_request *request)
{
    acti_stream_options options = { .redacted = acti_query(request, "show_redacted") == NULL };
    acta_str name = request->parts[0];

    if (name.size > ACTA_STREAM_NAME_MAX) {
        acti_problem_http(
            request, MHD_HTTP_BAD_REQUEST, "names of streams have %d bytes at most", ACTA_STREAM_NAME_MAX);
        return;
    }
    if (name.data != NULL && !acta_str_equal(name, acta_str_of("$all"))) options.filter.stream = name;
    if (!read_after(request, &options.after) || !read_filter(request, &options.filter)) return;
    if (acti_stream_open(request, &options)) request->type = "text/event-stream";
}
