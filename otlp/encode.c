/*
 * Spans as OTLP/JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding. Ids are hexadecimal there, and numbers of
 * 64 bits are strings.
 */
#include <inttypes.h>

#include "internal.h"

enum { STATUS_ERROR = 2 };

static void
add(acta_writer *to, const char *text)
{
    acta_writer_add(to, acta_str_of(text));
}

static void
add_hex(acta_writer *to, const char *name, const uint8_t *bytes, size_t size)
{
    acta_writer_format(to, "\"%s\":\"", name);
    for (size_t i = 0; i < size; i++)
        acta_writer_format(to, "%02x", bytes[i]);
    add(to, "\",");
}

static bool
is_set(const uint8_t id[8])
{
    for (int i = 0; i < 8; i++)
        if (id[i] != 0) return true;
    return false;
}

void
acti_otlp_attribute(acta_writer *to, const char *name, acta_str value)
{
    if (to->size > 0 && to->data[to->size - 1] == '}') add(to, ",");
    add(to, "{\"key\":");
    acta_writer_json(to, acta_str_of(name));
    add(to, ",\"value\":{\"stringValue\":");
    acta_writer_json(to, value);
    add(to, "}}");
}

static void
add_field(acta_writer *to, const acta_log_field *field)
{
    char id[ACTA_ID_TEXT_SIZE];
    acta_id bytes;

    switch (field->kind) {
    case ACTA_LOG_TEXT:
        acti_otlp_attribute(to, field->name, field->text);
        return;
    case ACTA_LOG_ID:
        memcpy(bytes.bytes, field->id, sizeof bytes.bytes);
        acti_otlp_attribute(to, field->name, acta_str_of(acta_id_format(bytes, id)));
        return;
    case ACTA_LOG_NUMBER:
        if (to->size > 0 && to->data[to->size - 1] == '}') add(to, ",");
        add(to, "{\"key\":");
        acta_writer_json(to, acta_str_of(field->name));
        acta_writer_format(to, ",\"value\":{\"intValue\":\"%" PRIu64 "\"}}", field->number);
        return;
    }
}

static void
add_span(acta_writer *to, const acti_kept_span *kept)
{
    const acta_span *span = &kept->span;

    add(to, "{");
    add_hex(to, "traceId", span->here.trace_id, sizeof span->here.trace_id);
    add_hex(to, "spanId", span->here.span_id, sizeof span->here.span_id);
    if (is_set(span->parent_id)) add_hex(to, "parentSpanId", span->parent_id, sizeof span->parent_id);
    if (kept->about.trace_state.size > 0) {
        add(to, "\"traceState\":");
        acta_writer_json(to, kept->about.trace_state);
        add(to, ",");
    }
    add(to, "\"name\":");
    acta_writer_json(to, kept->about.name);
    acta_writer_format(to, ",\"kind\":%d,\"startTimeUnixNano\":\"%" PRIu64 "\",\"endTimeUnixNano\":\"%" PRIu64 "\"",
        (int)kept->about.kind, kept->record.begun_ns, kept->record.ended_ns);
    if (kept->about.field_count > 0) add(to, ",\"attributes\":[");
    for (uint32_t i = 0; i < kept->about.field_count; i++)
        add_field(to, &kept->fields[i]);
    if (kept->about.field_count > 0) add(to, "]");
    if (kept->about.has_failed) acta_writer_format(to, ",\"status\":{\"code\":%d}", STATUS_ERROR);
    add(to, "}");
}

void
acti_otlp_encode(acta_writer *to, acta_str resource, const acti_kept_span *first)
{
    add(to, "{\"resourceSpans\":[{\"resource\":{\"attributes\":[");
    acta_writer_add(to, resource);
    add(to, "]},\"scopeSpans\":[{\"scope\":{\"name\":\"acta\",\"version\":\"" ACTA_VERSION "\"},\"spans\":[");
    for (const acti_kept_span *kept = first; kept != NULL; kept = kept->next) {
        if (kept != first) add(to, ",");
        add_span(to, kept);
    }
    add(to, "]}]}]}");
}
