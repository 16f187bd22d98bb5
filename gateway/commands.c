/*
 * POST /commands/{name}: a command as JSON, typed by its schema. It is answered when its events are on disk.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { TIMEOUT_DEFAULT_MS = 5000, TIMEOUT_MAX_MS = 60000, READERS_MAX = 16 };

/* -- what the headers and the query say -- */

/* One that is a UUID is it; any other text is a name for it. */
static bool
read_command_id(acti_request *request, acta_id *id_out)
{
    const char *key = acti_request_header(request, "Idempotency-Key");
    acta_str text = acta_str_of(key);

    if (key == NULL) return true;
    if (text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"')
        text = acta_str_from(text.data + 1, text.size - 2);
    if (text.size == 0 || text.size > 255) {
        acti_problem_http(request, MHD_HTTP_BAD_REQUEST, "Idempotency-Key: expected 1 to 255 bytes");
        return false;
    }
    if (acta_id_parse(text, id_out, NULL) != ACTA_OK) *id_out = acta_id_of(text);
    return true;
}

/* If-Match: "3" is the version that the aggregate must be at; If-None-Match: * that there must be none. */
static bool
read_expected(acti_request *request, uint64_t *version_out)
{
    const char *match = acti_request_header(request, "If-Match"), *none = acti_request_header(request, "If-None-Match");
    char *end;

    if (none != NULL && strcmp(none, "*") == 0) {
        *version_out = ACTA_EXPECT_NEW;
        return true;
    }
    if (match == NULL && none == NULL) return true;
    if (match != NULL && match[0] == '"' && match[1] >= '0' && match[1] <= '9') {
        errno = 0;
        unsigned long long version = strtoull(match + 1, &end, 10);
        if (errno == 0 && strcmp(end, "\"") == 0 && version > 0 && version < ACTA_EXPECT_NEW) {
            *version_out = version;
            return true;
        }
    }
    acti_problem_http(request, MHD_HTTP_BAD_REQUEST,
        "expected If-Match: \"3\" with the version that it must be at, or If-None-Match: *");
    return false;
}

/* "wait_for=balances,mailer" into names; the query's value is cut into pieces. */
static bool
read_wait_for(acti_request *request, const char *names[READERS_MAX + 1])
{
    char *list = acti_query(request, "wait_for"), *rest = NULL;
    uint32_t count = 0;

    if (list == NULL) return true;
    for (char *name = strtok_r(list, ",", &rest); name != NULL; name = strtok_r(NULL, ",", &rest)) {
        if (count == READERS_MAX) {
            acti_problem_http(request, MHD_HTTP_BAD_REQUEST, "wait_for: %d readers at most", READERS_MAX);
            return false;
        }
        names[count++] = name;
    }
    return true;
}

/* -- answering -- */

static unsigned
status_of(acti_request *request, acta_status status)
{
    if (status == ACTA_INVALID && acta_app_command(request->gateway->app, request->parts[0]) == NULL)
        return MHD_HTTP_NOT_FOUND;
    if (status == ACTA_CONFLICT && acti_request_header(request, "If-Match") != NULL)
        return MHD_HTTP_PRECONDITION_FAILED;
    return acti_http_status(status);
}

static void
answer_result(acti_request *request, const acta_dispatch_result *result)
{
    acti_json json = acti_json_into(&request->text);

    if (result->status != ACTA_OK) {
        acti_problem_as(request, status_of(request, result->status), result->error);
        return;
    }
    acti_json_open(&json, NULL, '{');
    acti_json_number(&json, "version", result->version);
    acti_json_number(&json, "position", result->position);
    acti_json_close(&json, '}');
    acti_answer_header(request, "ETag", "\"%llu\"", (unsigned long long)result->version);
}

static void
done(void *user, const acta_dispatch_result *result)
{
    acti_request *request = user;

    answer_result(request, result);
    acti_request_done(request);
}

/* -- with wait_for: on a thread of the pool, for it waits for readers too -- */

typedef struct waiting {
    acti_job job;
    acti_request *request;
    acta_dispatch_options options;
    acta_metadata_entry trace[2];
    char trace_text[ACTA_TRACEPARENT_SIZE + 1], trace_state[ACTA_TRACESTATE_MAX];
    const char *names[READERS_MAX + 1];
} waiting;

/* The trace is the correlation of all that the command leads to, and the whole goes with its events, with the tracestate if it is
 * the client's trace. Whether one begins here is decided with the request. */
static void
read_trace(waiting *w, acti_request *request)
{
    acta_traceparent trace;

    w->options.begins_no_trace = true;
    if (!acti_request_trace(request, &trace)) return;
    memcpy(w->options.correlation_id.bytes, trace.trace_id, sizeof trace.trace_id);
    w->trace[0] = (acta_metadata_entry){ acta_str_of(ACTA_TRACEPARENT), acta_traceparent_write(&trace, w->trace_text) };
    w->options.metadata = w->trace;
    w->options.metadata_count = 1;
    w->trace[1] =
        (acta_metadata_entry){ acta_str_of(ACTA_TRACESTATE), acti_request_tracestate(request, w->trace_state) };
    if (w->trace[1].value.data != NULL) w->options.metadata_count = 2;
}

static void
dispatch_and_wait(acti_job *job)
{
    waiting *w = (waiting *)job;
    acti_request *request = w->request;
    acta_dispatch_result result = { .status = ACTA_OK };
    acta_error error;

    w->options.wait_for = w->names;
    w->options.version_out = &result.version;
    w->options.position_out = &result.position;
    result.error = &error;
    result.status = acta_dispatch_json(request->gateway->app, request->parts[0],
        acta_str_from(request->body.data, request->body.size), &w->options, &error);
    done(request, &result);
}

static void
wait_aside(acti_request *request, waiting *w)
{
    w->job.run = dispatch_and_wait;
    w->request = request;
    if (acti_pool_run(request->gateway->pool, &w->job)) return;
    acti_problem_http(request, MHD_HTTP_SERVICE_UNAVAILABLE, "too many requests wait for their turn");
    acti_request_done(request);
}

void
acti_post_command(acti_request *request)
{
    acta_app *app = request->gateway->app;
    waiting *w = acta_memory_alloc(request->memory, sizeof *w);
    uint64_t timeout_ms = TIMEOUT_DEFAULT_MS;

    if (w == NULL) {
        acti_problem_http(request, MHD_HTTP_SERVICE_UNAVAILABLE, "no memory for this request");
        acti_request_done(request);
        return;
    }
    memset(w, 0, sizeof *w);
    if (!read_command_id(request, &w->options.command_id) || !read_expected(request, &w->options.expected_version) ||
        !acti_query_number(request, "timeout_ms", 1, TIMEOUT_MAX_MS, &timeout_ms) ||
        !read_wait_for(request, w->names)) {
        acti_request_done(request);
        return;
    }
    read_trace(w, request);
    w->options.timeout_ms = (uint32_t)timeout_ms;
    if (w->names[0] != NULL)
        wait_aside(request, w);
    else
        acta_dispatch_json_async(
            app, request->parts[0], acta_str_from(request->body.data, request->body.size), &w->options, done, request);
}
