/*
 * Which path is whose.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

/* What is generated of the schema, /commands, /aggregates and /read-models, is in /openapi.json path by path. */
const acti_route acti_http_routes[] = {
    { "GET", "/health", ACTA_GATEWAY_NOTHING, WAY_AT_ONCE, acti_get_health,
        "Is the process alive, and the store sound?", "", NULL, "Health" },
    { "GET", "/ready", ACTA_GATEWAY_NOTHING, WAY_AT_ONCE, acti_get_ready,
        "May it be sent commands, and are readers near the head?", "", NULL, "Health" },
    { "GET", "/openapi.json", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_openapi, "These paths, as OpenAPI.", "", NULL,
        "OpenApi" },
    { "GET", "/metrics", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_metrics, "What there is to watch, as OpenMetrics.", "",
        "application/openmetrics-text", NULL },
    { "POST", "/commands/{name}", ACTA_GATEWAY_DISPATCH, WAY_ASYNC, acti_post_command,
        "Dispatch a command, and wait until its events are on disk.", "wait_for timeout_ms#", NULL, "Stored" },
    { "GET", "/aggregates/{type}/{id}", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_aggregate,
        "The state of an aggregate, now or at a version, position or time.", "at show_redacted?", NULL, NULL },
    { "GET", "/aggregates/{type}/{id}/diff", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_aggregate_diff,
        "What of an aggregate is other at one point than at another.", "from to show_redacted?", NULL, "Differences" },
    { "GET", "/aggregates/{type}/{id}/why", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_aggregate_why,
        "The event that last changed a field, or changed it to a value.", "field value at show_redacted?", NULL,
        "Change" },
    { "GET", "/streams", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_streams,
        "The names of streams, by prefix, a page at a time.", "prefix count# after", NULL, "Streams" },
    { "GET", "/streams/{name}", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_stream,
        "Events of a stream, or of $all, a page at a time; or as they come.",
        "from# count# direction after# type show_redacted?", NULL, "Events" },
    { "GET", "/events", ACTA_GATEWAY_READ, WAY_AT_ONCE, acti_get_events,
        "Events of the whole log as they come, as Server-Sent Events.", "after# type category prefix show_redacted?",
        "text/event-stream", NULL },
    { "GET", "/read-models", ACTA_GATEWAY_READ, WAY_AT_ONCE, acti_get_read_models,
        "The read models that there are, their keys and indexes.", "", NULL, "ReadModels" },
    { "GET", "/read-models/{type}", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_read_model,
        "One row by its key, or rows by their keys or by an index, a page at a time.",
        "key prefix from to index value count# direction after show_redacted?", NULL, NULL },
    { "GET", "/handlers", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_handlers,
        "Event handlers, projections and process managers: where each is, and why it waits.", "", NULL, "Handlers" },
    { "GET", "/handlers/{name}/parked", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_parked,
        "The events that a handler has parked, and why.", "", NULL, "ParkedOf" },
    { "POST", "/handlers/{name}/rebuild", ACTA_GATEWAY_OPERATE, WAY_LONG, acti_post_rebuild,
        "Make the rows of a projection anew beside those that count; answered when they do.", "tables by why", NULL,
        "Ordered" },
    { "POST", "/handlers/{name}/{order}", ACTA_GATEWAY_OPERATE, WAY_ASIDE, acti_post_handler,
        "An order to a handler: pause, resume, replay, skip, reset or cancel-rebuild.", "position# key tables by why",
        NULL, "Ordered" },
    { "GET", "/sagas/{name}", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_sagas,
        "The instances of a process manager, and why each waits.", "prefix count#", NULL, "Sagas" },
    { "GET", "/schedule", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_schedule, "What is scheduled, and when it is due.",
        "prefix count#", NULL, "Schedule" },
    { "GET", "/tree", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_tree,
        "The children of the application's supervisor, and what waits for each.", "from# count#", NULL, "Children" },
    { "GET", "/tree/{pid}", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_tree,
        "The children of a supervisor, and what waits for each.", "from# count#", NULL, "Children" },
    { "GET", "/actors", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_actors,
        "All actors that there are: how each stands and what waits for it, a page at a time.",
        "count# after# behaviour", NULL, "Actors" },
    { "GET", "/queues", ACTA_GATEWAY_READ, WAY_ASIDE, acti_get_queues,
        "What waits: the longest mailboxes, the committer, the readers.", "by count#", NULL, "Queues" },
};
const uint32_t acti_http_route_count = sizeof acti_http_routes / sizeof acti_http_routes[0];

/* The next segment of a path that begins with '/'; what is left begins with the next one. */
static acta_str
next_segment(acta_str *path)
{
    acta_str segment = acta_str_from(path->data + 1, path->size - 1);
    const char *slash = memchr(segment.data, '/', segment.size);

    if (slash != NULL) segment.size = (size_t)(slash - segment.data);
    *path = acta_str_from(path->data + 1 + segment.size, path->size - 1 - segment.size);
    return segment;
}

static bool
fits(const char *pattern, acta_str path, acta_str parts[PART_COUNT_MAX])
{
    acta_str wanted = acta_str_of(pattern);
    uint32_t count = 0;

    memset(parts, 0, PART_COUNT_MAX * sizeof *parts);
    while (wanted.size > 0 && path.size > 0) {
        acta_str want = next_segment(&wanted), have = next_segment(&path);
        if (want.size > 0 && want.data[0] == '{') {
            if (have.size == 0) return false;
            parts[count++] = have;
        } else if (!acta_str_equal(want, have)) {
            return false;
        }
    }
    return wanted.size == 0 && path.size == 0;
}

const acti_route *
acti_http_route_find(const char *method, acta_str path, acta_str parts[PART_COUNT_MAX], char *allowed, size_t size)
{
    allowed[0] = '\0';
    if (path.size == 0 || path.data[0] != '/') return NULL;
    for (uint32_t i = 0; i < acti_http_route_count; i++) {
        const acti_route *route = &acti_http_routes[i];
        size_t length = strlen(allowed);
        if (!fits(route->pattern, path, parts)) continue;
        if (strcmp(route->method, method) == 0) return route;
        snprintf(allowed + length, size - length, "%s%s", length > 0 ? ", " : "", route->method);
    }
    return NULL;
}
