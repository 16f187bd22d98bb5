/*
 * GET /openapi.json: what is served, as OpenAPI 3.0. Of the routes a path each; of those whose paths the schema names
 * (commands, aggregates, read models) one for each table, with its JSON.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

enum { NAME_SIZE = 256 };

static acta_str
last_name(const acta_table *table)
{
    const char *dot = strrchr(table->name, '.');
    return acta_str_of(dot != NULL ? dot + 1 : table->name);
}

/* As it is asked for: without the namespace, where that says which it is. */
static acta_str
path_name(const acta_app *app, const acta_table *table)
{
    acta_str name = last_name(table);
    const acta_table *meant =
        table->role == ACTA_TABLE_COMMAND ? acta_app_command(app, name) : acta_app_table(app, name);

    return meant == table ? name : acta_str_of(table->name);
}

/* -- pieces -- */

static void
add_typed(acti_json *json, const char *key, const char *type)
{
    acti_json_open(json, key, '{');
    acti_json_text(json, "type", type);
    acti_json_close(json, '}');
}

static void
add_parameter(acti_json *json, const char *where, acta_str name, const char *type)
{
    bool has_no_value = strcmp(type, "boolean") == 0;

    acti_json_open(json, NULL, '{');
    acti_json_string(json, "name", name);
    acti_json_text(json, "in", where);
    if (strcmp(where, "path") == 0) acti_json_bool(json, "required", true);
    if (has_no_value) acti_json_bool(json, "allowEmptyValue", true);
    add_typed(json, "schema", has_no_value ? "string" : type);
    acti_json_close(json, '}');
}

/* "count# after show_redacted?" */
static void
add_query(acti_json *json, const char *query)
{
    while (*query != '\0') {
        size_t size = strcspn(query, " ");
        char last = query[size - 1];
        const char *type = last == '#' ? "integer" : last == '?' ? "boolean" : "string";
        add_parameter(json, "query", acta_str_from(query, size - (last == '#' || last == '?')), type);
        query += size + (query[size] == ' ');
    }
}

/* Those in braces. */
static void
add_path_parameters(acti_json *json, const char *path)
{
    for (const char *at = path; (at = strchr(at, '{')) != NULL; at++)
        add_parameter(json, "path", acta_str_from(at + 1, strcspn(at + 1, "}")), "string");
}

/* -- answers -- */

typedef struct answer {
    const char *shape;                                       /* of openapi_answers.c; NULL: */
    void (*write)(acti_json *json, const acta_table *table); /* one that the table types; NULL: text */
    const acta_table *table;
} answer;

/* "application/json":{"schema":{…}} */
static void
add_content(acti_json *json, const char *type, const answer *a)
{
    acti_json_open(json, type, '{');
    acti_json_open(json, "schema", '{');
    if (a->shape != NULL)
        acti_json_shape(json, a->shape);
    else if (a->write != NULL)
        a->write(json, a->table);
    else
        acti_json_text(json, "type", "string");
    acti_json_close(json, '}');
    acti_json_close(json, '}');
}

static void
write_table(acti_json *json, const acta_table *table)
{
    acti_json_ref(json, NULL, table->name);
}

static void
write_any(acti_json *json, const acta_table *table)
{
    (void)table;
    acti_json_text(json, "type", "object");
}

/* `names` up to NULL. */
static void
add_required(acti_json *json, const char *const *names)
{
    acti_json_bool(json, "additionalProperties", false);
    acti_json_open(json, "required", '[');
    for (; *names != NULL; names++)
        acti_json_text(json, NULL, *names);
    acti_json_close(json, ']');
}

static void
write_state(acti_json *json, const acta_table *table)
{
    static const char *const required[] = { "type", "id", "version", "position", "recorded_at", "state", NULL };

    acti_json_text(json, "type", "object");
    add_required(json, required);
    acti_json_open(json, "properties", '{');
    add_typed(json, "type", "string");
    add_typed(json, "id", "string");
    add_typed(json, "version", "integer");
    add_typed(json, "position", "integer");
    add_typed(json, "recorded_at", "string");
    acti_json_ref(json, "state", table->name);
    acti_json_close(json, '}');
}

/* `row` of one, `rows` of a page. */
static void
write_rows(acti_json *json, const acta_table *table)
{
    static const char *const required[] = { "name", NULL };

    acti_json_text(json, "type", "object");
    add_required(json, required);
    acti_json_open(json, "properties", '{');
    add_typed(json, "name", "string");
    acti_json_ref(json, "row", table->name);
    acti_json_open(json, "rows", '{');
    acti_json_text(json, "type", "array");
    acti_json_ref(json, "items", table->name);
    acti_json_close(json, '}');
    add_typed(json, "next", "string");
    acti_json_close(json, '}');
}

static void
open_answer(acti_json *json, const char *status, const char *description)
{
    acti_json_open(json, status, '{');
    acti_json_text(json, "description", description);
    acti_json_open(json, "content", '{');
}

static void
close_answer(acti_json *json)
{
    acti_json_close(json, '}');
    acti_json_close(json, '}');
}

static void
add_answers(acti_json *json, const acti_route *route, const answer *done)
{
    static const answer problem = { .shape = "Problem" }, text = { .shape = NULL };

    acti_json_open(json, "responses", '{');
    open_answer(json, "200", "It is done.");
    add_content(json, route->type != NULL ? route->type : "application/json", done);
    if (strcmp(route->pattern, "/streams/{name}") == 0) add_content(json, "text/event-stream", &text);
    close_answer(json);
    if (route->access == ACTA_GATEWAY_NOTHING) { /* of health, too, and told as such */
        open_answer(json, "503", "It is not.");
        add_content(json, "application/json", done);
        add_content(json, "application/problem+json", &problem);
        close_answer(json);
    }
    open_answer(json, "default", "It is not, and why.");
    add_content(json, "application/problem+json", &problem);
    close_answer(json);
    acti_json_close(json, '}');
}

static void
add_body(acti_json *json, const answer *body, bool is_required)
{
    acti_json_open(json, "requestBody", '{');
    if (is_required) acti_json_bool(json, "required", true);
    acti_json_open(json, "content", '{');
    add_content(json, "application/json", body);
    acti_json_close(json, '}');
    acti_json_close(json, '}');
}

/* -- operations -- */

/* "get_streams_name": of the method and the path, for who generates code. */
static void
add_operation_id(acti_json *json, const acti_route *route, const char *path)
{
    char text[NAME_SIZE] = "";
    size_t size = route->method[0] == 'G' ? 3 : 4;

    memcpy(text, size == 3 ? "get" : "post", size);
    for (const char *c = path; *c != '\0' && size + 1 < sizeof text; c++) {
        bool is_word = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (is_word)
            text[size++] = *c;
        else if (text[size - 1] != '_' && *c != '}')
            text[size++] = '_';
    }
    acti_json_string(json, "operationId", acta_str_from(text, size));
}

static void
begin_operation(acti_json *json, const acti_route *route, const char *path)
{
    acti_json_open(json, route->method[0] == 'G' ? "get" : "post", '{');
    acti_json_text(json, "summary", route->summary);
    add_operation_id(json, route, path);
    acti_json_open(json, "parameters", '[');
    add_path_parameters(json, path);
    add_query(json, route->query);
}

static void
add_plain(acti_json *json, const acti_route *route)
{
    static const answer any = { .write = write_any };
    const answer done = { .shape = route->answer };

    acti_json_open(json, route->pattern, '{');
    begin_operation(json, route, route->pattern);
    acti_json_close(json, ']');
    if (route->method[0] == 'P') add_body(json, &any, false);
    add_answers(json, route, &done);
    acti_json_close(json, '}');
    acti_json_close(json, '}');
}

static void
add_command(acti_json *json, const acta_app *app, const acti_route *route, const acta_table *table)
{
    const answer body = { .write = write_table, .table = table }, done = { .shape = route->answer };
    char path[NAME_SIZE + 32];
    acta_str name = path_name(app, table);

    snprintf(path, sizeof path, "/commands/" ACTA_FMT, ACTA_ARG(name));
    acti_json_open(json, path, '{');
    begin_operation(json, route, path);
    add_parameter(json, "header", acta_str_of("Idempotency-Key"), "string");
    add_parameter(json, "header", acta_str_of("If-Match"), "string");
    add_parameter(json, "header", acta_str_of("If-None-Match"), "string");
    add_parameter(json, "header", acta_str_of("traceparent"), "string");
    add_parameter(json, "header", acta_str_of("tracestate"), "string");
    acti_json_close(json, ']');
    add_body(json, &body, true);
    add_answers(json, route, &done);
    acti_json_close(json, '}');
    acti_json_close(json, '}');
}

static void
add_look(acti_json *json, const acta_app *app, const acti_route *route, const acta_table *table, bool is_state)
{
    const answer done = { .write = is_state ? write_state : write_rows, .table = table };
    char path[NAME_SIZE + 32];
    acta_str name = path_name(app, table);

    snprintf(path, sizeof path, is_state ? "/aggregates/" ACTA_FMT "/{id}" : "/read-models/" ACTA_FMT, ACTA_ARG(name));
    acti_json_open(json, path, '{');
    begin_operation(json, route, path);
    acti_json_close(json, ']');
    add_answers(json, route, &done);
    acti_json_close(json, '}');
    acti_json_close(json, '}');
}

static void
add_paths(
    acti_json *json, const acta_app *app, const acta_schema *schema, const acti_route *route, acta_table_role role)
{
    for (uint32_t i = 0; i < schema->table_count; i++) {
        const acta_table *table = schema->tables[i];
        if (table->role != role) continue;
        if (role != ACTA_TABLE_COMMAND)
            add_look(json, app, route, table, role == ACTA_TABLE_STATE);
        else if (acta_app_command(app, acta_str_of(table->name)) == table)
            add_command(json, app, route, table);
    }
}

static void
add_path(acti_json *json, acta_app *app, const acti_route *route)
{
    const acta_schema *schema;
    bool is_command = strcmp(route->pattern, "/commands/{name}") == 0,
         is_state = strcmp(route->pattern, "/aggregates/{type}/{id}") == 0,
         is_rows = strcmp(route->pattern, "/read-models/{type}") == 0;

    if (!is_command && !is_state && !is_rows) {
        add_plain(json, route);
        return;
    }
    acta_table_role role = is_command ? ACTA_TABLE_COMMAND : is_state ? ACTA_TABLE_STATE : ACTA_TABLE_READ_MODEL;
    for (uint32_t i = 0; (schema = acta_app_schema_at(app, i)) != NULL; i++)
        add_paths(json, app, schema, route, role);
}

/* -- the whole -- */

/* The end of the member of an object that begins at `from`; its value is an object itself. */
static size_t
member_end(acta_str object, size_t from)
{
    uint32_t depth = 0;
    bool is_text = false;

    for (size_t i = from; i < object.size; i++) {
        char c = object.data[i];
        if (is_text && c == '\\')
            i++;
        else if (c == '"')
            is_text = !is_text;
        else if (!is_text && c == '{')
            depth++;
        else if (!is_text && c == '}' && --depth == 0)
            return i + 1;
    }
    return object.size;
}

/* Does a schema before this one have a type of that name? One that includes another has all of its types, too. */
static bool
was_added(const acta_str *before, uint32_t count, acta_str name)
{
    for (uint32_t i = 0; i < count; i++)
        for (size_t at = 1; at + 1 < before[i].size; at = member_end(before[i], at) + 1) /* behind a comma */
            if (before[i].size - at > name.size && memcmp(before[i].data + at, name.data, name.size) == 0) return true;
    return false;
}

/* The types of a schema, but for those of the ones before. */
static void
add_types(acti_json *json, const acta_str *types, uint32_t number)
{
    acta_str all = types[number];

    for (size_t at = 1, end; at + 1 < all.size; at = end + 1) {
        end = member_end(all, at);
        acta_str member = acta_str_from(all.data + at, end - at);
        const char *colon = memchr(member.data, ':', member.size); /* names of types have none */
        acta_str name = acta_str_from(member.data, colon != NULL ? (size_t)(colon - member.data) : member.size);
        if (was_added(types, number, name)) continue;
        acta_writer_add(json->text, acta_str_of(","));
        acta_writer_add(json->text, member);
    }
}

/* Of each schema, as an object of JSON. */
static acta_status
read_types(acti_request *request, acta_str **types_out, uint32_t *count_out, acta_error *error)
{
    const acta_app *app = request->gateway->app;
    uint32_t count = 0;
    acta_status status = ACTA_OK;

    while (acta_app_schema_at(app, count) != NULL)
        count++;
    acta_str *types = acta_memory_alloc(request->memory, count * sizeof *types);
    if (types == NULL && count > 0) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for this request");
    for (uint32_t i = 0; i < count && status == ACTA_OK; i++)
        status = acta_schema_openapi(acta_app_schema_at(app, i)->binary, request->memory, &types[i], error);
    *types_out = types;
    *count_out = count;
    return status;
}

static acta_status
add_components(acti_request *request, acti_json *json, acta_error *error)
{
    acta_str *types = NULL;
    uint32_t count = 0;
    acta_status status = read_types(request, &types, &count, error);
    if (status != ACTA_OK) return status;

    acti_json_open(json, "components", '{');
    acti_json_open(json, "securitySchemes", '{');
    acti_json_open(json, "token", '{');
    acti_json_text(json, "type", "http");
    acti_json_text(json, "scheme", "bearer");
    acti_json_close(json, '}');
    acti_json_close(json, '}');
    acti_json_open(json, "schemas", '{');
    acti_openapi_shapes(json);
    for (uint32_t i = 0; i < count; i++)
        add_types(json, types, i);
    acti_json_close(json, '}');
    acti_json_close(json, '}');
    return ACTA_OK;
}

void
acti_get_openapi(acti_request *request)
{
    const acta_schema *first = acta_app_schema(request->gateway->app), *schema;
    acti_json json = acti_json_into(&request->text);
    char version[24];
    acta_error error;
    uint64_t hash = 0;

    for (uint32_t i = 0; (schema = acta_app_schema_at(request->gateway->app, i)) != NULL; i++)
        hash += schema->hash;
    snprintf(version, sizeof version, "%016llx", (unsigned long long)hash);
    acti_json_open(&json, NULL, '{');
    acti_json_text(&json, "openapi", "3.0.3");
    acti_json_open(&json, "info", '{');
    acti_json_text(&json, "title", first != NULL ? first->name : "acta");
    acti_json_text(&json, "version", version);
    acti_json_close(&json, '}');
    acti_json_open(&json, "security", '[');
    acti_json_raw(&json, NULL, acta_str_of("{}"));
    acti_json_raw(&json, NULL, acta_str_of("{\"token\":[]}"));
    acti_json_close(&json, ']');
    acti_json_open(&json, "paths", '{');
    for (uint32_t i = 0; i < acti_http_route_count; i++)
        add_path(&json, request->gateway->app, &acti_http_routes[i]);
    acti_json_close(&json, '}');
    acta_status status = add_components(request, &json, &error);
    acti_json_close(&json, '}');
    if (status != ACTA_OK) acti_problem(request, &error);
}
