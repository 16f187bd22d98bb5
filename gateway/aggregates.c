/*
 * GET /aggregates/{type}/{id}: a state, folded from its events; ?at= a version ("17"), a position ("position:4711") or a
 * time ("2026-11-21T10:30:00Z").
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "internal.h"

static bool
read_number(const char *text, uint64_t *number_out)
{
    char *end;

    errno = 0;
    *number_out = strtoull(text, &end, 10);
    return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0';
}

/* "2026-11-21T10:30:00Z", or with a fraction of a second. */
static bool
read_time(const char *text, int64_t *time_us_out)
{
    static const int64_t scale[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
    struct tm utc = { .tm_isdst = 0 };
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    size_t digits = 0;
    int64_t fraction = 0;

    if (rest == NULL) return false;
    if (*rest == '.') {
        for (rest++; *rest >= '0' && *rest <= '9' && digits < 6; rest++, digits++)
            fraction = fraction * 10 + (*rest - '0');
        if (digits == 0) return false;
    }
    if (strcmp(rest, "Z") != 0) return false;
    *time_us_out = (int64_t)timegm(&utc) * 1000000 + fraction * scale[digits];
    return true;
}

bool
acti_query_point(acti_request *request, const char *name, acta_point *point_out)
{
    static const char positions[] = "position:";
    const char *text = acti_query(request, name);
    uint64_t number;
    int64_t time_us;

    *point_out = acta_at_end();
    if (text == NULL) return true;
    if (strncmp(text, positions, sizeof positions - 1) == 0 && read_number(text + sizeof positions - 1, &number))
        *point_out = acta_at_position(number);
    else if (read_number(text, &number))
        *point_out = acta_at_version(number);
    else if (read_time(text, &time_us))
        *point_out = acta_at_time(time_us);
    else {
        acti_problem_http(request, MHD_HTTP_BAD_REQUEST,
            "%s: expected a version such as 17, position:4711, or a time such as 2026-11-21T10:30:00Z", name);
        return false;
    }
    return true;
}

const acta_table *
acti_find_table(acti_request *request, acta_str name, acta_table_role role, const char *what)
{
    const acta_schema *schema = acta_app_schema(request->gateway->app);
    const acta_table *table = schema != NULL ? acta_schema_find(schema, name) : NULL;

    if (table != NULL && table->role == role) return table;
    acti_problem_http(request, MHD_HTTP_NOT_FOUND, "the schema has no %s '%.*s'", what,
        name.size > 64 ? 64 : (int)name.size, name.data);
    return NULL;
}

static acta_status
read_state(acti_request *request, const acta_table *table, acta_point at, acta_error *error)
{
    acta_history *history = acta_app_history(request->gateway->app);
    acti_json json = acti_json_into(&request->text);
    acta_str text;
    acta_place place;

    void *state = acta_memory_alloc(request->memory, table->struct_size);
    if (state == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for this request");
    memset(state, 0, table->struct_size);
    acta_status status =
        acta_aggregate_read_at(history, table, request->parts[1], at, state, request->memory, &place, error);
    if (status == ACTA_OK) /* as of one moment: what has come in between is not in it */
        status = acta_aggregate_json_at(history, table, request->parts[1], acta_at_version(place.version),
            acti_query(request, "show_redacted") == NULL, request->memory, &text, error);
    if (status != ACTA_OK) return status;
    acti_json_open(&json, NULL, '{');
    acti_json_text(&json, "type", table->name);
    acti_json_string(&json, "id", request->parts[1]);
    acti_json_number(&json, "version", place.version);
    acti_json_number(&json, "position", place.position);
    acti_json_time(&json, "recorded_at", place.recorded_at_us);
    acti_json_raw(&json, "state", text);
    acti_json_close(&json, '}');
    acti_answer_header(request, "ETag", "\"%llu\"", (unsigned long long)place.version);
    return ACTA_OK;
}

void
acti_get_aggregate(acti_request *request)
{
    const acta_table *table = acti_find_table(request, request->parts[0], ACTA_TABLE_STATE, "aggregate");
    acta_point at;
    acta_error error;

    if (table == NULL || !acti_query_point(request, "at", &at)) return;
    if (read_state(request, table, at, &error) != ACTA_OK) acti_problem(request, &error);
}
