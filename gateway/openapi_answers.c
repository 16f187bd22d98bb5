/*
 * What answers look like that no schema of the application names, as components of /openapi.json. Each is a line: its
 * members as "name:type", with spaces between.
 *
 *     name?          may be left out; all others are there, and no more
 *     text number bool time id any    "number" is whole and not below zero, "code" whole; "any" any JSON
 *     running/waiting                 a text that is one of these
 *     Actor                           another line; [Actor] an array of such, [text] of texts
 *     text|null                       or null
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

static const struct {
    const char *name, *members;
} shapes[] = {
    { "Problem", "title:text status:number detail:text field?:text rejection?:text code?:code actual_version?:number "
                 "retriable?:bool" },
    { "Health", "status:ok/degraded/failing why?:text" },
    { "OpenApi", "openapi:text info:any security:[any] paths:any components:any" },
    { "Stored", "version:number position:number" },
    { "Difference", "path:text before?:any after?:any" },
    { "Differences", "type:text id:text differences:[Difference]" },
    { "Change", "type:text id:text field:text version:number position:number recorded_at:time event:text "
                "command_id?:id correlation_id?:id causation_id?:id before?:any after?:any" },
    { "Stream", "name:text version:number" },
    { "Streams", "streams:[Stream] next?:text" },
    { "Metadata", "name:text value:text" },
    { "Event", "position:number stream:text version:number type:text recorded_at:time command_id?:id "
               "correlation_id?:id causation_id?:id tags?:[text] metadata?:[Metadata] payload:any why?:text" },
    { "Events", "stream:text events:[Event] next?:number" },
    { "ReadModel", "name:text key:text|null indexes:[text]" },
    { "ReadModels", "read_models:[ReadModel]" },
    { "Handler", "name:text state:catching_up/live/retrying/stalled/stopped/paused since:time|null passed:number "
                 "head:number behind:number in_flight:number parked:number retries:number rebuilt?:number why?:text" },
    { "Handlers", "handlers:[Handler]" },
    { "Parked", "position:number key:text stream?:text type?:text recorded_at?:time attempts:number parked_at:time "
                "why:text" },
    { "ParkedOf", "name:text parked:[Parked]" },
    { "Ordered", "name:text" },
    { "Instance", "id:text phase:text since:time|null position:number commands:number through:number command?:text "
                  "attempts:number queued:number failed_position?:number is_parked:bool why?:text" },
    { "Sagas", "name:text instances:[Instance] more:bool" },
    { "Scheduled", "key:text manager?:text instance?:text command:text state:waiting/parked due:time|null cron?:text "
                   "last:time|null runs:number failures:number why?:text" },
    { "Schedule", "schedule:[Scheduled] more:bool" },
    { "Child", "id:text pid:text|null state:stopped/running/restarting behaviour:text is_supervisor:bool "
               "queued?:number queued_bytes?:number memory_bytes?:number is_suspended?:bool" },
    { "Children", "supervisor:text|null count:number children:[Child] next?:number" },
    { "Actor", "pid:text name:text|null behaviour:text is_supervisor:bool state:waiting/ready/running/suspended "
               "queued:number queued_peak:number queued_max:number queued_bytes:number handled:number" },
    { "Actors", "actors:[Actor] next?:number" },
    { "Committer", "head:number queued_bytes:number transactions:number events:number refused:number" },
    { "Mailboxes", "alive:number with_messages:number queued:number queued_bytes:number" },
    { "Queues", "committer:Committer actors:Mailboxes mailboxes:[Actor] handlers:[Handler]" },
};

void
acti_json_ref(acti_json *json, const char *key, const char *component)
{
    char text[ACTA_TYPE_NAME_MAX + 32];

    snprintf(text, sizeof text, "#/components/schemas/%s", component);
    if (key != NULL) acti_json_open(json, key, '{');
    acti_json_text(json, "$ref", text);
    if (key != NULL) acti_json_close(json, '}');
}

void
acti_json_shape(acti_json *json, const char *shape)
{
    char name[64];

    snprintf(name, sizeof name, ACTI_SHAPE "%s", shape);
    acti_json_ref(json, NULL, name);
}

/* -- types -- */

static void
add_words(acti_json *json, acta_str words)
{
    acti_json_text(json, "type", "string");
    acti_json_open(json, "enum", '[');
    while (words.size > 0) {
        const char *slash = memchr(words.data, '/', words.size);
        size_t size = slash != NULL ? (size_t)(slash - words.data) : words.size;
        acti_json_string(json, NULL, acta_str_from(words.data, size));
        words = acta_str_from(words.data + size + (slash != NULL), words.size - size - (slash != NULL));
    }
    acti_json_close(json, ']');
}

/* In the form of a UUID, but of any bits. */
static const char id_pattern[] = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";

/* One that has a name of its own; false: none has. */
static bool
add_known(acti_json *json, acta_str type)
{
    static const struct {
        const char *word, *type, *format;
    } known[] = { { "text", "string", NULL }, { "bool", "boolean", NULL }, { "time", "string", "date-time" },
        { "id", "string", NULL }, { "code", "integer", NULL }, { "number", "integer", NULL } };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!acta_str_equal(type, acta_str_of(known[i].word))) continue;
        acti_json_text(json, "type", known[i].type);
        if (known[i].format != NULL) acti_json_text(json, "format", known[i].format);
        if (strcmp(known[i].word, "number") == 0) acti_json_number(json, "minimum", 0);
        if (strcmp(known[i].word, "id") == 0) acti_json_text(json, "pattern", id_pattern);
        return true;
    }
    return acta_str_equal(type, acta_str_of("any"));
}

static void
add_single(acti_json *json, acta_str type)
{
    char name[64];

    if (memchr(type.data, '/', type.size) != NULL) {
        add_words(json, type);
    } else if (!add_known(json, type)) {
        snprintf(name, sizeof name, ACTI_SHAPE ACTA_FMT, ACTA_ARG(type));
        acti_json_ref(json, NULL, name);
    }
}

static void
add_type(acti_json *json, const char *key, acta_str type)
{
    static const char or_null[] = "|null";
    const size_t null_size = sizeof or_null - 1;
    bool may_be_null = type.size > null_size && memcmp(type.data + type.size - null_size, or_null, null_size) == 0;

    if (may_be_null) type.size -= null_size;
    acti_json_open(json, key, '{');
    if (type.data[0] == '[') {
        acti_json_text(json, "type", "array");
        acti_json_open(json, "items", '{');
        add_single(json, acta_str_from(type.data + 1, type.size - 2));
        acti_json_close(json, '}');
    } else {
        add_single(json, type);
    }
    if (may_be_null) acti_json_bool(json, "nullable", true);
    acti_json_close(json, '}');
}

/* -- members -- */

typedef struct member {
    char name[32];
    bool may_be_missing;
    acta_str type;
} member;

/* The next of what is left. False: there is none. */
static bool
next_member(const char **rest, member *out)
{
    const char *at = *rest + strspn(*rest, " ");
    size_t name = strcspn(at, ":"), whole = strcspn(at, " ");

    if (*at == '\0') return false;
    out->may_be_missing = at[name - 1] == '?';
    snprintf(out->name, sizeof out->name, "%.*s", (int)(name - out->may_be_missing), at);
    out->type = acta_str_from(at + name + 1, whole - name - 1);
    *rest = at + whole;
    return true;
}

static void
add_shape(acti_json *json, const char *name, const char *members)
{
    char key[64];
    member m;

    snprintf(key, sizeof key, ACTI_SHAPE "%s", name);
    acti_json_open(json, key, '{');
    acti_json_text(json, "type", "object");
    acti_json_bool(json, "additionalProperties", false);
    acti_json_open(json, "required", '[');
    for (const char *rest = members; next_member(&rest, &m);)
        if (!m.may_be_missing) acti_json_text(json, NULL, m.name);
    acti_json_close(json, ']');
    acti_json_open(json, "properties", '{');
    for (const char *rest = members; next_member(&rest, &m);)
        add_type(json, m.name, m.type);
    acti_json_close(json, '}');
    acti_json_close(json, '}');
}

void
acti_openapi_shapes(acti_json *json)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        add_shape(json, shapes[i].name, shapes[i].members);
}
