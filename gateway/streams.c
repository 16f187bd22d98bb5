/*
 * GET /streams, GET /streams/{name}: what the log holds, a page at a time. The stream "$all" is all of it.
 */
#include <string.h>

#include "internal.h"

enum { COUNT_DEFAULT = 100, COUNT_MAX = 1000, PAGE_BYTES_MAX = 16 << 20 };

/* -- an event as JSON -- */

static bool
is_text(acta_bytes bytes)
{
    return acta_str_is_utf8(acta_str_from(bytes.data, bytes.size));
}

static void
add_metadata(acti_json *json, const acta_recorded *event)
{
    acta_bytes tags = event->tags, metadata = event->metadata;
    acta_metadata_entry entry;
    acta_str tag;

    if (tags.size != 0) {
        acti_json_open(json, "tags", '[');
        while (acta_tag_next(&tags, &tag))
            acti_json_string(json, NULL, tag);
        acti_json_close(json, ']');
    }
    if (metadata.size == 0) return;
    acti_json_open(json, "metadata", '[');
    while (acta_metadata_next(&metadata, &entry)) {
        acti_json_open(json, NULL, '{');
        acti_json_string(json, "name", entry.name);
        acti_json_string(json, "value", entry.value);
        acti_json_close(json, '}');
    }
    acti_json_close(json, ']');
}

static acta_status
find_schema(acta_app *app, const acta_recorded *event, acta_memory *memory, acta_bytes *binary_out, acta_error *error)
{
    const acta_table *table = acta_app_table(app, event->type);
    acta_kept_schema kept;

    if (table != NULL && table->schema_hash == event->schema_hash &&
        acta_str_equal(acta_str_of(table->name), event->type)) {
        *binary_out = table->schema->binary;
        return ACTA_OK;
    }
    acta_status status =
        acta_kept_schema_find(acta_app_store(app), event->type, event->schema_hash, memory, &kept, error);
    if (status == ACTA_OK) *binary_out = kept.binary;
    return status;
}

/* By the schema that it was written with: the program's, or one that the log has kept; null and why, where there is none. */
static void
add_payload(acti_json *json, acta_app *app, const acta_recorded *event, bool redacted, acta_memory *memory)
{
    acta_bytes binary;
    acta_str text;
    acta_error why;

    if (event->kind == ACTA_RECORD_STUB) {
        acti_json_raw(json, "payload", acta_str_of("null"));
        acti_json_text(json, "why", "it was removed");
        return;
    }
    if (event->type.size > 0 && event->type.data[0] == '$' && is_text(event->payload)) { /* the store's own */
        acti_json_string(json, "payload", acta_str_from(event->payload.data, event->payload.size));
        return;
    }
    acta_status status = find_schema(app, event, memory, &binary, &why);
    if (status == ACTA_OK)
        status = (redacted ? acta_schema_print_redacted : acta_schema_print)(
            binary, event->type, event->payload, memory, &text, &why);
    if (status == ACTA_OK) {
        acti_json_raw(json, "payload", text);
        return;
    }
    acti_json_raw(json, "payload", acta_str_of("null"));
    acti_json_text(json, "why", why.text);
}

static void
add_header(acti_json *json, const acta_recorded *event)
{
    acti_json_number(json, "position", event->position);
    acti_json_string(json, "stream", event->stream);
    acti_json_number(json, "version", event->version);
    acti_json_string(json, "type", event->type);
    acti_json_time(json, "recorded_at", event->recorded_at_us);
    acti_json_id(json, "command_id", event->command_id);
    acti_json_id(json, "correlation_id", event->correlation_id);
    acti_json_id(json, "causation_id", event->causation_id);
}

void
acti_json_event(acti_json *json, acta_app *app, const acta_recorded *event, bool redacted, acta_memory *memory)
{
    acti_json_open(json, NULL, '{');
    add_header(json, event);
    add_metadata(json, event);
    add_payload(json, app, event, redacted, memory);
    acti_json_close(json, '}');
}

void
acti_json_event_bare(acti_json *json, const acta_recorded *event, const char *why)
{
    acti_json_open(json, NULL, '{');
    add_header(json, event);
    acti_json_raw(json, "payload", acta_str_of("null"));
    acti_json_text(json, "why", why);
    acti_json_close(json, '}');
}

/* -- one stream -- */

static bool
read_direction(acti_request *request, acta_direction *direction_out)
{
    const char *text = acti_query(request, "direction");

    *direction_out = ACTA_FORWARD;
    if (text == NULL || strcmp(text, "forward") == 0) return true;
    *direction_out = ACTA_BACKWARD;
    if (strcmp(text, "backward") == 0) return true;
    acti_problem_http(request, MHD_HTTP_BAD_REQUEST, "direction: expected forward or backward");
    return false;
}

/* Events until there are `count` of them or the page is large; where the next page begins, 0: nowhere. */
static acta_status
add_events(acti_request *request, acti_json *json, acta_cursor *cursor, uint64_t count, bool is_all, uint64_t *next_out,
    acta_error *error)
{
    acta_memory *memory = acta_memory_create(&request->gateway->environment.allocator);
    bool redacted = acti_query(request, "show_redacted") == NULL;
    acta_status status = ACTA_NO_MEMORY;
    acta_recorded event;

    *next_out = 0;
    if (memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for this request");
    for (uint64_t i = 0; (status = acta_cursor_next(cursor, &event, error)) == ACTA_OK; i++) {
        if (i == count || request->text.size > PAGE_BYTES_MAX) {
            *next_out = is_all ? event.position : event.link_position != 0 ? event.link_version : event.version;
            break;
        }
        acti_json_event(json, request->gateway->app, &event, redacted, memory);
        acta_memory_clear(memory);
    }
    acta_memory_destroy(memory);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

void
acti_get_stream(acti_request *request)
{
    acta_read read = { .stream = request->parts[0] };
    bool is_all = acta_str_equal(read.stream, acta_str_of("$all"));
    uint64_t count = COUNT_DEFAULT, next = 0;
    acti_json json = acti_json_into(&request->text);
    acta_cursor *cursor;
    acta_error error;

    if (acti_wants_events(request)) {
        acti_get_events(request);
        return;
    }
    if (!acti_query_number(request, "from", 1, UINT64_MAX, &read.from) ||
        !acti_query_number(request, "count", 1, COUNT_MAX, &count) || !read_direction(request, &read.direction))
        return;
    if (is_all) read.stream = acta_str_of(NULL);
    read.count_max = count + 1; /* the last one tells where the next page begins */
    acta_status status = acta_cursor_open(acta_app_store(request->gateway->app), &read, &cursor, &error);
    if (status == ACTA_OK) {
        acti_json_open(&json, NULL, '{');
        acti_json_string(&json, "stream", request->parts[0]);
        acti_json_open(&json, "events", '[');
        status = add_events(request, &json, cursor, count, is_all, &next, &error);
        acti_json_close(&json, ']');
        if (next != 0) acti_json_number(&json, "next", next);
        acti_json_close(&json, '}');
        acta_cursor_close(cursor);
    }
    if (status != ACTA_OK) acti_problem(request, &error);
}

/* -- their names -- */

static acta_status
add_streams(acti_json *json, acta_stream_cursor *cursor, uint64_t count, acta_error *error)
{
    acta_status status = ACTA_OK;
    uint64_t version;
    acta_str name = { NULL, 0 };

    acti_json_open(json, "streams", '[');
    for (uint64_t i = 0; i < count && status == ACTA_OK; i++) {
        status = acta_stream_cursor_next(cursor, &name, &version, error);
        if (status != ACTA_OK) break;
        acti_json_open(json, NULL, '{');
        acti_json_string(json, "name", name);
        acti_json_number(json, "version", version);
        acti_json_close(json, '}');
    }
    acti_json_close(json, ']');
    /* The last name is where the next page goes on; without it this was the last. */
    if (status == ACTA_OK) acti_json_string(json, "next", name);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

void
acti_get_streams(acti_request *request)
{
    acti_json json = acti_json_into(&request->text);
    acta_stream_cursor *cursor;
    uint64_t count = COUNT_DEFAULT;
    acta_error error;

    if (!acti_query_number(request, "count", 1, COUNT_MAX, &count)) return;
    acta_status status = acta_stream_cursor_open(acta_app_store(request->gateway->app),
        acta_str_of(acti_query(request, "prefix")), acta_str_of(acti_query(request, "after")), &cursor, &error);
    if (status == ACTA_OK) {
        acti_json_open(&json, NULL, '{');
        status = add_streams(&json, cursor, count, &error);
        acti_json_close(&json, '}');
        acta_stream_cursor_close(cursor);
    }
    if (status != ACTA_OK) acti_problem(request, &error);
}
