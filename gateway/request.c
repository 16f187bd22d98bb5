/*
 * One request: libmicrohttpd calls with its first line and headers, then with each piece of its body, then once more at its
 * end, and, if it was suspended, when it goes on.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "internal.h"

enum { METHODS_MAX = 128, DROPPED_FACTOR = 16 };

/* -- what it says -- */

const char *
acti_request_header(acti_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* "%2F" to "/" and, in a query, "+" to " ". False: an escape that is none, a NUL, or no UTF-8. */
static bool
decode(char *text, bool is_query, size_t *size_out)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        char digits[3] = "", *end;
        if (*from == '+' && is_query) {
            *to++ = ' ';
        } else if (*from != '%') {
            *to++ = *from;
        } else {
            strncat(digits, from + 1, 2);
            long value = strtol(digits, &end, 16);
            if (end != digits + 2 || strspn(digits, "0123456789abcdefABCDEF") != 2 || value == 0) return false;
            *to++ = (char)value;
            from += 2;
        }
    }
    *to = '\0';
    *size_out = (size_t)(to - text);
    return acta_str_is_utf8(acta_str_from(text, *size_out));
}

static char *
copy(acti_request *request, acta_str text)
{
    char *to = acta_memory_alloc(request->memory, text.size + 1);

    if (to == NULL) return NULL;
    if (text.size != 0) memcpy(to, text.data, text.size);
    to[text.size] = '\0';
    return to;
}

char *
acti_query(acti_request *request, const char *name)
{
    for (acti_parameter *p = request->parameters; p != NULL; p = p->next)
        if (strcmp(p->name, name) == 0) return p->value;
    return NULL;
}

bool
acti_query_number(acti_request *request, const char *name, uint64_t least, uint64_t most, uint64_t *value)
{
    const char *text = acti_query(request, name);
    char *end;

    if (text == NULL) return true;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' && number >= least && number <= most) {
        *value = number;
        return true;
    }
    acti_problem_field(request, name, "%s: '%.40s' is no whole number from %llu to %llu", name, text,
        (unsigned long long)least, (unsigned long long)most);
    return false;
}

void
acti_answer_header(acti_request *request, const char *name, const char *format, ...)
{
    acti_header *header = &request->headers[request->header_count];
    va_list arguments;

    if (request->header_count == HEADER_COUNT_MAX) return;
    header->name = name;
    va_start(arguments, format);
    vsnprintf(header->value, sizeof header->value, format, arguments);
    va_end(arguments);
    request->header_count++;
}

/* -- who may begin -- */

/* RFC 9112, 2.2: a recipient must find the path in the absolute form too. */
static acta_str
path_of(const char *url)
{
    const char *after = strncasecmp(url, "http://", 7) == 0    ? url + 7
                        : strncasecmp(url, "https://", 8) == 0 ? url + 8
                                                               : NULL;

    if (after == NULL) return acta_str_of(url);
    const char *slash = strchr(after, '/');
    return acta_str_of(slash != NULL ? slash : "/");
}

static void
find_route(acti_request *request, const char *method, acta_str path)
{
    char allowed[METHODS_MAX];
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

    request->route = acti_http_route_find(wanted, path, request->parts, allowed, sizeof allowed);
    if (request->route != NULL) return;
    if (allowed[0] == '\0') {
        acti_problem_http(request, MHD_HTTP_NOT_FOUND, "there is no such path; /openapi.json lists them");
        return;
    }
    acti_problem_http(request, MHD_HTTP_METHOD_NOT_ALLOWED, "this path takes %s", allowed);
    acti_answer_header(request, "Allow", "%s", allowed);
}

/* A copy, decoded; `parameter` is whose value it is, NULL: a part of the path. NULL: the request is refused. */
static char *
decoded(acti_request *request, acta_str text, const char *parameter, size_t *size_out)
{
    static const char why[] = "no UTF-8, has a NUL, or has a % that two digits don't follow";
    char *to = copy(request, text);

    if (to != NULL && decode(to, parameter != NULL, size_out)) return to;
    request->route = NULL;
    if (to == NULL)
        acti_problem_http(request, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for this request");
    else if (parameter != NULL)
        acti_problem_field(request, parameter, "the value is %s", why);
    else
        acti_problem_http(request, MHD_HTTP_BAD_REQUEST, "the path is %s", why);
    return NULL;
}

static bool
decode_parts(acti_request *request)
{
    for (uint32_t i = 0; i < PART_COUNT_MAX && request->parts[i].data != NULL; i++) {
        size_t size;
        char *part = decoded(request, request->parts[i], NULL, &size);
        if (part == NULL) return false;
        request->parts[i] = acta_str_from(part, size);
    }
    return true;
}

static bool
may_enter(acti_request *request)
{
    acti_guard *guard = &request->door->guard;

    request->access = acti_guard_access(guard, acti_request_header(request, "Authorization"), &request->who);
    if (!acti_guard_knows_host(guard, acti_request_header(request, "Host"))) {
        acti_problem_http(
            request, MHD_HTTP_MISDIRECTED_REQUEST, "this host is not served here; ACTA_HTTP_HOSTS names more");
    } else if (request->access >= request->route->access) {
        return true;
    } else if (request->access == ACTA_GATEWAY_NOTHING) {
        acti_problem_http(request, MHD_HTTP_UNAUTHORIZED, "a token is needed: Authorization: Bearer SECRET");
        acti_answer_header(request, "WWW-Authenticate", "Bearer realm=\"acta\"");
    } else {
        acti_problem_http(request, MHD_HTTP_FORBIDDEN, "this may only be done with a token for it");
    }
    return false;
}

typedef struct header_counts {
    uint32_t hosts, lengths, encodings;
    uint32_t spaced; /* "Host : x", which others may take for Host */
} header_counts;

static enum MHD_Result
count_header(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    header_counts *counts = user;

    (void)kind, (void)value;
    counts->hosts += strcasecmp(name, "Host") == 0;
    counts->lengths += strcasecmp(name, "Content-Length") == 0;
    counts->encodings += strcasecmp(name, "Transfer-Encoding") == 0;
    counts->spaced += strpbrk(name, " \t") != NULL;
    return MHD_YES;
}

/* Where two who read a request could find its end in two places, nobody reads it (RFC 9112, 6.3 and 5.1). */
static bool
is_ambiguous(acti_request *request)
{
    header_counts counts = { .hosts = 0 };

    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, count_header, &counts);
    return counts.spaced > 0 || counts.hosts > 1 || counts.lengths > 1 || counts.encodings > 1 ||
           (counts.lengths > 0 && counts.encodings > 0);
}

/* RFC 9110, 10.1.1: who has no content must not ask whether to go on with it. libmicrohttpd would wait for it all the same. */
static bool
expects_for_nothing(acti_request *request)
{
    const char *expect = acti_request_header(request, "Expect"),
               *length = acti_request_header(request, "Content-Length");

    return expect != NULL && strcasecmp(expect, "100-continue") == 0 &&
           acti_request_header(request, "Transfer-Encoding") == NULL &&
           (length == NULL || strspn(length, "0") == strlen(length));
}

/* A body is JSON, so that no page of somebody else's can send one without asking first (CORS). */
static bool
may_have_body(acti_request *request, const char *method)
{
    const char *type = acti_request_header(request, "Content-Type"),
               *length = acti_request_header(request, "Content-Length");

    if (strcmp(method, "POST") != 0 && strcmp(method, "PUT") != 0 && strcmp(method, "DELETE") != 0) return true;
    if (length != NULL && strtoull(length, NULL, 10) > request->gateway->body_bytes_max) {
        acti_problem_http(
            request, MHD_HTTP_CONTENT_TOO_LARGE, "a body may have %u bytes", request->gateway->body_bytes_max);
        return false;
    }
    if (type != NULL && strncasecmp(type, "application/json", 16) == 0 &&
        (type[16] == '\0' || type[16] == ';' || type[16] == ' '))
        return true;
    acti_problem_http(
        request, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "the body must be JSON: Content-Type: application/json");
    return false;
}

/* A value that can't be read is refused, for a parameter that isn't there has a meaning too. */
static enum MHD_Result
take_parameter(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    acti_request *request = user;
    acti_parameter **end = &request->parameters, *p = acta_memory_alloc(request->memory, sizeof *p);
    size_t size;
    char *text = decoded(request, acta_str_of(value), name, &size); /* value NULL, as of "?name": empty */

    (void)kind;
    if (text == NULL) return MHD_NO;
    if (p == NULL) {
        request->route = NULL;
        acti_problem_http(request, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for this request");
        return MHD_NO;
    }
    *p = (acti_parameter){ .name = name, .value = text };
    while (*end != NULL)
        end = &(*end)->next;
    *end = p;
    return MHD_YES;
}

static void
check_in(acti_request *request, const char *url, const char *method)
{
    acta_str path = path_of(url);

    if (is_ambiguous(request)) {
        acti_problem_http(request, MHD_HTTP_BAD_REQUEST, "headers that say two things");
        return;
    }
    if (expects_for_nothing(request)) {
        acti_problem_http(request, MHD_HTTP_BAD_REQUEST, "Expect: 100-continue, and no body");
        return;
    }
    find_route(request, method, path);
    if (request->route == NULL) return;
    if (!may_enter(request) || !may_have_body(request, method))
        request->route = NULL;
    else if (decode_parts(request))
        MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, take_parameter, request);
}

/* -- its answer -- */

static acti_waiting *
waiting_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static struct MHD_Response *
whole_answer(acti_request *request)
{
    static char no_memory[] = "{\"title\":\"no_memory\",\"status\":503,"
                              "\"detail\":\"no memory for the answer\",\"retriable\":true}";

    /* As long as the request, whose end comes after it was sent. */
    if (!request->text.failed)
        return MHD_create_response_from_buffer(request->text.size, request->text.data, MHD_RESPMEM_PERSISTENT);
    request->status = MHD_HTTP_SERVICE_UNAVAILABLE;
    request->type = "application/problem+json";
    request->header_count = 0; /* they were of another answer */
    acti_answer_header(request, "Retry-After", "1");
    return MHD_create_response_from_buffer(sizeof no_memory - 1, no_memory, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result
answer(acti_request *request)
{
    struct MHD_Response *response =
        request->stream != NULL ? acti_stream_response(request->stream) : whole_answer(request);
    if (response == NULL) return MHD_NO;
    if (request->stream == NULL)
        acti_deadline_set(request->gateway->deadlines, waiting_of(request->connection), request->text.size);
    if (request->type != NULL) MHD_add_response_header(response, "Content-Type", request->type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (uint32_t i = 0; i < request->header_count; i++)
        MHD_add_response_header(response, request->headers[i].name, request->headers[i].value);
    enum MHD_Result result = MHD_queue_response(request->connection, request->status, response);
    MHD_destroy_response(response);
    return result;
}

void
acti_request_done(acti_request *request)
{
    struct MHD_Connection *connection = request->connection;
    acta_gateway *gateway = request->gateway;

    /* Release: what the answer is; pairs with go_on. The request may be gone after this. */
    atomic_store_explicit(&request->is_done, true, memory_order_release);
    MHD_resume_connection(connection);
    acti_request_through(gateway);
}

static void
run_aside(acti_job *job)
{
    acti_request *request = (acti_request *)job;

    request->route->run(request);
    acti_request_done(request);
}

static enum MHD_Result
refuse(acti_request *request, const char *why)
{
    acti_problem_http(request, MHD_HTTP_SERVICE_UNAVAILABLE, "%s", why);
    acti_answer_header(request, "Retry-After", "1");
    return answer(request);
}

static void
run_suspended(acti_request *request)
{
    if (request->route->way == WAY_ASYNC) {
        request->route->run(request);
        return;
    }
    request->job.run = run_aside;
    acti_pool *pool = request->route->way == WAY_LONG ? request->gateway->long_pool : request->gateway->pool;
    if (acti_pool_run(pool, &request->job)) return;
    acti_problem_http(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too many requests wait for their turn");
    acti_answer_header(request, "Retry-After", "1");
    acti_request_done(request);
}

static enum MHD_Result
run(acti_request *request)
{
    if (request->body.failed) return refuse(request, "no memory for this request");
    if (request->route->way == WAY_AT_ONCE) {
        request->route->run(request);
        return answer(request);
    }
    if (!acti_request_begins(request->gateway)) return refuse(request, "the program stops");
    request->is_suspended = true;
    MHD_suspend_connection(request->connection);
    run_suspended(request);
    return MHD_YES;
}

/* -- libmicrohttpd's calls -- */

void
acti_connection_changed(
    void *user, struct MHD_Connection *connection, void **waiting, enum MHD_ConnectionNotificationCode what)
{
    acti_deadlines *deadlines = ((acti_door *)user)->gateway->deadlines;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        acti_deadline_end(deadlines, *waiting);
        *waiting = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *waiting = info != NULL ? acti_deadline_begin(deadlines, info->connect_fd) : NULL;
}

static acti_request *
request_create(acti_door *door, struct MHD_Connection *connection)
{
    const acta_allocator *allocator = &door->gateway->environment.allocator;
    acti_request *request = allocator->alloc(allocator->user, sizeof *request);
    if (request == NULL) return NULL;

    memset(request, 0, sizeof *request);
    request->gateway = door->gateway;
    request->door = door;
    request->connection = connection;
    request->status = MHD_HTTP_OK;
    request->type = "application/json";
    request->who = "";
    request->text.allocator = request->body.allocator = allocator;
    request->memory = acta_memory_create(allocator);
    if (request->memory == NULL) {
        allocator->free(allocator->user, request, sizeof *request);
        return NULL;
    }
    return request;
}

static enum MHD_Result
take_body(acti_request *request, const char *data, size_t *size)
{
    size_t most = request->gateway->body_bytes_max;

    request->taken += *size;
    if (request->route == NULL || request->taken > most) {
        /* What was too much is read on for a while, so that whoever sends it gets to read the answer. */
        if (request->taken > most * DROPPED_FACTOR) return MHD_NO;
        if (request->route != NULL)
            acti_problem_http(request, MHD_HTTP_CONTENT_TOO_LARGE, "a body may have %zu bytes", most);
        request->route = NULL;
    } else {
        acta_writer_add(&request->body, acta_str_from(data, *size));
    }
    *size = 0;
    return MHD_YES;
}

static bool
says_body(acti_request *request)
{
    return acti_request_header(request, "Content-Length") != NULL || acti_request_header(request, "Expect") != NULL;
}

enum MHD_Result
acti_request_go_on(void *user, struct MHD_Connection *connection, const char *url, const char *method,
    const char *version, const char *data, size_t *data_size, void **request_out)
{
    acti_door *door = user;
    acti_request *request = *request_out;

    (void)version;
    if (request == NULL) {
        *request_out = request = request_create(door, connection);
        if (request == NULL) return MHD_NO;
        check_in(request, url, method);
        if (request->route != NULL && acta_app_has_span_sink(door->gateway->app)) acti_request_trace_begin(request);
        /* With an answer before its body it is the connection's last. */
        return request->route == NULL && says_body(request) ? answer(request) : MHD_YES;
    }
    if (*data_size != 0) return take_body(request, data, data_size);
    acti_deadline_clear(door->gateway->deadlines, waiting_of(connection));
    if (request->route == NULL) return answer(request);
    /* Acquire: pairs with acti_request_done. */
    if (atomic_load_explicit(&request->is_done, memory_order_acquire)) return answer(request);
    return request->is_suspended ? MHD_YES : run(request);
}

void
acti_request_ended(
    void *user, struct MHD_Connection *connection, void **request_out, enum MHD_RequestTerminationCode why)
{
    acti_request *request = *request_out;

    (void)user, (void)why;
    if (request == NULL) return;
    if (request->is_traced) acti_request_trace_end(request);
    acti_deadline_set(request->gateway->deadlines, waiting_of(connection), 0);
    const acta_allocator *allocator = &request->gateway->environment.allocator;
    if (request->is_suspended) acti_request_left(request->gateway);
    acti_stream_close(request->stream);
    acta_writer_clear(&request->text);
    acta_writer_clear(&request->body);
    acta_memory_destroy(request->memory);
    allocator->free(allocator->user, request, sizeof *request);
    *request_out = NULL;
}

/* Paths and queries come as they are; what is in them is decoded part by part, so that "%2F" is no end of a part. */
size_t
acti_request_unescape(void *user, struct MHD_Connection *connection, char *text)
{
    (void)user, (void)connection;
    return strlen(text);
}
