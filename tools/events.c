/*
 * See events.h.
 */
#include "events.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "acta/app.h"

#include "served.h"

void
put_string(acta_str text)
{
    putchar('"');
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c < 0x20)
            printf("\\u%04x", c);
        else
            printf(c == '"' || c == '\\' ? "\\%c" : "%c", c);
    }
    putchar('"');
}

static void
put_hex(acta_bytes bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        printf("%02x", bytes.data[i]);
}

static bool
is_text(acta_bytes bytes)
{
    return acta_str_is_utf8(acta_str_from(bytes.data, bytes.size));
}

const char *
time_text(int64_t at_us, char *text, size_t size)
{
    char seconds[40];
    time_t at = (time_t)(at_us / 1000000);
    struct tm utc;

    strftime(seconds, sizeof seconds, "%Y-%m-%dT%H:%M:%S", gmtime_r(&at, &utc));
    snprintf(text, size, "%s.%06dZ", seconds, (int)(at_us % 1000000));
    return text;
}

static void
put_id(const char *name, acta_id id)
{
    char text[ACTA_ID_TEXT_SIZE];

    if (!acta_id_is_none(id)) printf(",\"%s\":\"%s\"", name, acta_id_format(id, text));
}

/* What the store writes of its own accord has no schema, and is mostly text. */
static bool
is_own_text(const acta_recorded *event)
{
    return event->type.size > 0 && event->type.data[0] == '$' && is_text(event->payload);
}

/* The payload as JSON; absent, and why: it can't be. */
static acta_str
payload_text(acta_store *store, const acta_recorded *event, bool shows_all, acta_memory *memory, acta_kept_schema *kept,
    acta_error *why)
{
    acta_str text = { NULL, 0 };

    *kept = (acta_kept_schema){ .number = 0 };
    if (event->kind == ACTA_RECORD_STUB) {
        acta_error_set(why, ACTA_DELETED, "it was removed");
        return text;
    }
    acta_status status = acta_kept_schema_find(store, event->type, event->schema_hash, memory, kept, why);
    if (status == ACTA_OK)
        status = (shows_all ? acta_schema_print : acta_schema_print_redacted)(
            kept->binary, event->type, event->payload, memory, &text, why);
    return status == ACTA_OK ? text : acta_str_from(NULL, 0);
}

/* Tags and metadata, as members of an object. */
static void
put_beside(const acta_recorded *event)
{
    acta_bytes tags = event->tags;
    const char *before = ",\"tags\":[";
    acta_str tag;

    while (acta_tag_next(&tags, &tag)) {
        printf("%s", before);
        put_string(tag);
        before = ",";
    }
    if (event->tags.size != 0) putchar(']');
    if (event->metadata.size == 0) return;
    if (is_text(event->metadata)) {
        printf(",\"metadata\":");
        put_string(acta_str_from(event->metadata.data, event->metadata.size));
    } else {
        printf(",\"metadata_hex\":\"");
        put_hex(event->metadata);
        putchar('"');
    }
}

static void
put_json(const acta_recorded *event, const acta_kept_schema *kept, acta_str payload, const acta_error *why)
{
    char at[64];

    printf("{\"position\":%" PRIu64 ",\"stream\":", event->position);
    put_string(event->stream);
    printf(",\"version\":%" PRIu64 ",\"type\":", event->version);
    put_string(event->type);
    if (kept->number != 0) printf(",\"type_version\":%" PRIu32, kept->event_version);
    printf(",\"recorded_at\":\"%s\"", time_text(event->recorded_at_us, at, sizeof at));
    put_id("command_id", event->command_id);
    put_id("correlation_id", event->correlation_id);
    put_id("causation_id", event->causation_id);
    put_beside(event);
    if (payload.data != NULL) {
        printf(",\"payload\":" ACTA_FMT "}\n", ACTA_ARG(payload));
        return;
    }
    printf(",\"payload\":");
    if (is_own_text(event)) {
        put_string(acta_str_from(event->payload.data, event->payload.size));
    } else {
        printf("null,\"why\":");
        put_string(acta_str_of(why->text));
    }
    puts("}");
}

/* The same, each on a line of its own. */
static void
put_lines_beside(const acta_recorded *event)
{
    acta_bytes tags = event->tags;
    const char *before = "    tags: ";
    acta_str tag;

    while (acta_tag_next(&tags, &tag)) {
        fputs(before, stdout);
        put_shown(tag);
        before = ", ";
    }
    if (event->tags.size != 0) putchar('\n');
    if (event->metadata.size == 0) return;
    printf("    metadata: ");
    if (is_text(event->metadata))
        put_string(acta_str_from(event->metadata.data, event->metadata.size));
    else
        put_hex(event->metadata);
    putchar('\n');
}

static void
put_columns(const acta_recorded *event, const acta_kept_schema *kept, acta_str payload, const acta_error *why)
{
    char at[64], version[24] = "";

    if (kept->event_version > 1) snprintf(version, sizeof version, " (version %" PRIu32 ")", kept->event_version);
    printf("%" PRIu64 "  %s  ", event->position, time_text(event->recorded_at_us, at, sizeof at));
    put_shown(event->stream);
    printf(" %" PRIu64 "  ", event->version);
    put_shown(event->type);
    printf("%s\n    ", version);
    if (payload.data != NULL)
        put_shown(payload);
    else if (is_own_text(event))
        put_string(acta_str_from(event->payload.data, event->payload.size));
    else
        printf("(%zu bytes: %s)", event->payload.size, why->text);
    putchar('\n');
    put_lines_beside(event);
}

void
event_print(acta_store *store, const acta_recorded *event, const event_style *style, acta_memory *memory)
{
    acta_kept_schema kept;
    acta_error why = { .status = ACTA_OK };

    acta_str payload = payload_text(store, event, style->shows_all, memory, &kept, &why);
    (style->as_json ? put_json : put_columns)(event, &kept, payload, &why);
    acta_memory_clear(memory);
}

acta_status
events_print(acta_store *store, acta_cursor *cursor, const event_style *style, acta_memory *memory, acta_error *error)
{
    acta_recorded event;

    for (;;) {
        acta_status status = acta_cursor_next(cursor, &event, error);
        if (status != ACTA_OK) return status == ACTA_NOT_FOUND ? ACTA_OK : status;
        event_print(store, &event, style, memory);
        if (ferror(stdout)) return ACTA_IO;
    }
}
