/*
 * Answers that are errors: application/problem+json, RFC 9457.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

static const struct {
    acta_status status;
    unsigned http;
} table[] = {
    { ACTA_OK, 200 },
    { ACTA_INVALID, 400 },
    { ACTA_NOT_FOUND, 404 },
    { ACTA_ALREADY_EXISTS, 409 },
    { ACTA_CONFLICT, 409 },
    { ACTA_PARKED, 409 },
    { ACTA_DELETED, 410 },
    { ACTA_REJECTED, 422 },
    { ACTA_COMMAND_ID_REUSED, 422 },
    { ACTA_UNSUPPORTED, 501 },
    { ACTA_BUSY, 503 },
    { ACTA_NO_MEMORY, 503 },
    { ACTA_READ_ONLY, 503 },
    { ACTA_STOPPED, 503 },
    { ACTA_UNKNOWN_OUTCOME, 503 },
    { ACTA_TIMEOUT, 504 },
};

unsigned
acti_http_status(acta_status status)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].status == status) return table[i].http;
    return 500;
}

void
acti_status_spell(acta_status status, char *name, size_t size)
{
    const char *from = acta_status_name(status);
    size_t i = 0;

    if (strncmp(from, "ACTA_", 5) == 0) from += 5;
    for (; from[i] != '\0' && i + 1 < size; i++)
        name[i] = (char)tolower((unsigned char)from[i]);
    name[i] = '\0';
}

/* What is inside is nobody's business outside: paths, and what the operating system says. It is logged instead. */
static bool
is_private(acta_status status)
{
    return status == ACTA_IO || status == ACTA_CORRUPT || status == ACTA_UNKNOWN_OUTCOME || status == ACTA_READ_ONLY ||
           status == ACTA_IN_USE;
}

static const char *
detail_of(acti_request *request, const acta_error *error)
{
    if (!is_private(error->status)) return error->text;
    acta_log_event(&request->gateway->environment, ACTA_LOG_WARNING, "gateway.problem",
        ACTA_LOG_FIELDS(acta_log_text("error", acta_str_of(acta_status_name(error->status)))), "gateway: %s: %s",
        acta_status_name(error->status), error->text);
    switch (error->status) {
    case ACTA_READ_ONLY:
        return "the store takes no writes; the program's log says why";
    case ACTA_UNKNOWN_OUTCOME:
        return "it may or may not be stored, and the store takes no writes any more; the program's log says why";
    default:
        return "the store can't be read here; the program's log says why";
    }
}

void
acti_problem(acti_request *request, const acta_error *error)
{
    acti_problem_as(request, acti_http_status(error->status), error);
}

void
acti_problem_as(acti_request *request, unsigned status, const acta_error *error)
{
    acti_json json = acti_json_into(&request->text);
    char name[64];

    acti_status_spell(error->status, name, sizeof name);
    request->status = status;
    request->type = "application/problem+json";
    request->text.size = 0;
    acti_json_open(&json, NULL, '{');
    acti_json_text(&json, "title", name);
    acti_json_number(&json, "status", request->status);
    acti_json_text(&json, "detail", detail_of(request, error));
    if (error->status == ACTA_REJECTED) {
        acti_json_text(&json, "rejection", error->where);
        acti_json_number(&json, "code", error->code);
    } else if (error->where[0] != '\0') {
        acti_json_text(&json, "field", error->where);
    }
    if (error->status == ACTA_CONFLICT) acti_json_number(&json, "actual_version", error->actual_version);
    acti_json_bool(&json, "retriable", error->retriable);
    acti_json_close(&json, '}');
    if (request->status == 503) acti_answer_header(request, "Retry-After", "1");
}

static void
write_problem(acti_request *request, unsigned status, const char *field, const char *detail)
{
    acti_json json = acti_json_into(&request->text);

    request->status = status;
    request->type = "application/problem+json";
    request->text.size = 0;
    acti_json_open(&json, NULL, '{');
    acti_json_text(&json, "title", MHD_get_reason_phrase_for(status));
    acti_json_number(&json, "status", status);
    acti_json_text(&json, "detail", detail);
    if (field != NULL) acti_json_text(&json, "field", field);
    acti_json_close(&json, '}');
}

void
acti_problem_field(acti_request *request, const char *field, const char *format, ...)
{
    char detail[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    write_problem(request, MHD_HTTP_BAD_REQUEST, field, detail);
}

void
acti_problem_http(acti_request *request, unsigned status, const char *format, ...)
{
    char detail[512];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    write_problem(request, status, NULL, detail);
}
