/*
 * GET /aggregates/{type}/{id}: a state, folded from its events; ?at= a version ("17"), a position ("position:4711") or a
 * time ("2026-11-21T10:30:00Z"). GET …/diff: what is other at ?to= than at ?from=; GET …/why: which event last changed ?field=.
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

bool
acti_is_a_day(struct tm day)
{
    int wanted = day.tm_mday;

    day.tm_hour = day.tm_min = day.tm_sec = 0;
    return timegm(&day) != -1 && day.tm_mday == wanted;
}

/* "2026-11-21T10:30:00Z", or with a fraction of a second, of which six digits count. */
static bool
read_time(const char *text, int64_t *time_us_out)
{
    struct tm utc = { .tm_isdst = 0 };
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
    int64_t fraction_us = 0, unit_us = 100000;

    if (rest == NULL || !acti_is_a_day(utc)) return false;
    if (*rest == '.') {
        if (*++rest < '0' || *rest > '9') return false;
        for (; *rest >= '0' && *rest <= '9'; rest++, unit_us /= 10)
            fraction_us += (*rest - '0') * unit_us;
    }
    if (strcmp(rest, "Z") != 0) return false;
    *time_us_out = (int64_t)timegm(&utc) * 1000000 + fraction_us;
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

/* Of that role; absent: none is near. */
static acta_str
nearest_table(const acta_app *app, acta_str name, acta_table_role role)
{
    acta_nearest nearest = acta_nearest_to(acta_str_after_last(name, '.'));
    const acta_schema *schema;

    for (uint32_t i = 0; (schema = acta_app_schema_at(app, i)) != NULL; i++) {
        for (uint32_t j = 0; j < schema->table_count; j++) {
            if (schema->tables[j]->role != role) continue;
            acta_nearest_offer(&nearest, acta_str_after_last(acta_str_of(schema->tables[j]->name), '.'));
        }
    }
    return nearest.word;
}

const acta_table *
acti_find_table(acti_request *request, acta_str name, acta_table_role role, const char *what)
{
    const acta_table *table = acta_app_table(request->gateway->app, name);
    const int shown = name.size > 64 ? 64 : (int)name.size;

    if (table != NULL && table->role == role) return table;
    acta_str nearest = nearest_table(request->gateway->app, name, role);
    if (nearest.data == NULL)
        acti_problem_http(request, MHD_HTTP_NOT_FOUND, "the schema has no %s '%.*s'", what, shown, name.data);
    else
        acti_problem_http(request, MHD_HTTP_NOT_FOUND, "the schema has no %s '%.*s'; did you mean '" ACTA_FMT "'?",
            what, shown, name.data, ACTA_ARG(nearest));
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

/* -- what changed, and why -- */

typedef struct telling {
    acti_json json;
    const acta_table *table;
    bool redacted;
} telling;

/* Left out: it wasn't there. */
static void
add_value(telling *t, const char *key, acta_str path, acta_str value)
{
    if (value.data == NULL) return;
    if (t->redacted && acta_path_is_hidden(t->table, path))
        acti_json_text(&t->json, key, "***");
    else
        acti_json_raw(&t->json, key, value);
}

static bool
add_difference(void *user, const acta_difference *difference)
{
    telling *t = user;

    acti_json_open(&t->json, NULL, '{');
    acti_json_string(&t->json, "path", difference->path);
    add_value(t, "before", difference->path, difference->before);
    add_value(t, "after", difference->path, difference->after);
    acti_json_close(&t->json, '}');
    return true;
}

static telling
begin_telling(acti_request *request, const acta_table *table)
{
    telling t = {
        .json = acti_json_into(&request->text), .table = table, .redacted = acti_query(request, "show_redacted") == NULL
    };

    acti_json_open(&t.json, NULL, '{');
    acti_json_text(&t.json, "type", table->name);
    acti_json_string(&t.json, "id", request->parts[1]);
    return t;
}

void
acti_get_aggregate_diff(acti_request *request)
{
    const acta_table *table = acti_find_table(request, request->parts[0], ACTA_TABLE_STATE, "aggregate");
    acta_point from, to;
    acta_error error;

    if (table == NULL || !acti_query_point(request, "from", &from) || !acti_query_point(request, "to", &to)) return;
    if (acti_query(request, "from") == NULL) from = acta_at_version(0);
    telling t = begin_telling(request, table);
    acti_json_open(&t.json, "differences", '[');
    acta_status status = acta_aggregate_diff(
        acta_app_history(request->gateway->app), table, request->parts[1], from, to, add_difference, &t, &error);
    acti_json_close(&t.json, ']');
    acti_json_close(&t.json, '}');
    if (status != ACTA_OK) acti_problem(request, &error);
}

static void
tell_change(acti_request *request, const acta_table *table, acta_str field, const acta_change *change)
{
    telling t = begin_telling(request, table);

    acti_json_string(&t.json, "field", field);
    acti_json_number(&t.json, "version", change->place.version);
    acti_json_number(&t.json, "position", change->place.position);
    acti_json_time(&t.json, "recorded_at", change->place.recorded_at_us);
    acti_json_string(&t.json, "event", change->type);
    acti_json_id(&t.json, "command_id", change->command_id);
    acti_json_id(&t.json, "correlation_id", change->correlation_id);
    acti_json_id(&t.json, "causation_id", change->causation_id);
    add_value(&t, "before", field, change->before);
    add_value(&t, "after", field, change->after);
    acti_json_close(&t.json, '}');
}

/* Who may not see a value may not try values either. */
static bool
read_field(acti_request *request, const acta_table *table, acta_str *field_out, acta_str *value_out)
{
    const char *field = acti_query(request, "field"), *value = acti_query(request, "value");

    *field_out = acta_str_of(field);
    *value_out = acta_str_of(value);
    if (field == NULL || field[0] == '\0') {
        acti_problem_http(request, MHD_HTTP_BAD_REQUEST, "field: expected a path such as balance or lines[A-17].count");
        return false;
    }
    if (value == NULL || acti_query(request, "show_redacted") != NULL || !acta_path_is_hidden(table, *field_out))
        return true;
    acti_problem_http(
        request, MHD_HTTP_BAD_REQUEST, "value: what is hidden is found by a value only with show_redacted");
    return false;
}

void
acti_get_aggregate_why(acti_request *request)
{
    const acta_table *table = acti_find_table(request, request->parts[0], ACTA_TABLE_STATE, "aggregate");
    acta_str field, value;
    acta_point at;
    acta_change change;
    acta_error error;

    if (table == NULL || !acti_query_point(request, "at", &at) || !read_field(request, table, &field, &value)) return;
    acta_status status = acta_aggregate_why_value(acta_app_history(request->gateway->app), table, request->parts[1],
        field, value, at, request->memory, &change, &error);
    if (status == ACTA_OK)
        tell_change(request, table, field, &change);
    else
        acti_problem(request, &error);
}
