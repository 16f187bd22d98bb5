/*
 * See foreign.h: lines out.
 */
#include "foreign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "acta/schema.h"

#include "events.h"
#include "json.h"
#include "line.h"
#include "transfer.h"

typedef struct exporting {
    foreign_kind kind;
    acta_store *store;
    foreign_names *names;
    acta_memory *memory; /* of a line */
    uint64_t told, own, removed;
} exporting;

/* What a line says. Views of the event, or in the memory. */
typedef struct foreign_line {
    const acta_recorded *event;
    acta_str stream, type, data;
    char id[ACTA_ID_TEXT_SIZE], at[64];
    bool has_id_tag;      /* its only one: an import makes it again */
    acta_str members;     /* of the metadata, which are an object: without its braces. Absent: they are none */
    bool has_correlation; /* among them */
} foreign_line;

/* -- what a line says -- */

/* The one that it came with, or one that is always the same. */
static acta_status
find_id(exporting *out, foreign_line *line, acta_error *error)
{
    static const size_t prefix = sizeof FOREIGN_ID_TAG - 1;
    const acta_recorded *event = line->event;
    const size_t size = event->stream.size + 64;
    acta_bytes tags = event->tags;
    acta_error ignored;
    acta_id id;
    acta_str tag;
    char *name = acta_memory_alloc(out->memory, size);

    if (name == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for an id");
    snprintf(name, size, "%" PRIu64 " %" PRId64 " " ACTA_FMT, event->version, event->recorded_at_us,
        ACTA_ARG(event->stream));
    acta_id_format(acta_id_of(acta_str_of(name)), line->id);
    while (acta_tag_next(&tags, &tag)) {
        if (tag.size != prefix + ACTA_ID_TEXT_SIZE - 1 || memcmp(tag.data, FOREIGN_ID_TAG, prefix) != 0) continue;
        if (acta_id_parse(acta_str_from(tag.data + prefix, tag.size - prefix), &id, &ignored) != ACTA_OK) continue;
        snprintf(line->id, sizeof line->id, "%.*s", (int)(tag.size - prefix), tag.data + prefix);
        line->has_id_tag = event->tags.size == tag.size + 1;
    }
    return ACTA_OK;
}

/* Metadata that are JSON of another form, of several lines, or with our own member are told as text in that member. */
static acta_status
find_members(exporting *out, foreign_line *line, acta_error *error)
{
    acta_str text = acta_str_from(line->event->metadata.data, line->event->metadata.size);
    const json_value *object;
    acta_error ignored;

    if (text.size == 0 || memchr(text.data, '\n', text.size) != NULL || memchr(text.data, '\r', text.size) != NULL)
        return ACTA_OK;
    acta_status status = json_read(text, out->memory, &object, &ignored);
    if (status == ACTA_NO_MEMORY) return acta_error_set(error, status, "no memory for metadata");
    if (status != ACTA_OK || object->kind != JSON_OBJECT || json_member(object, FOREIGN_OWN_KEY) != NULL)
        return ACTA_OK;
    line->members = acta_str_from(object->raw.data + 1, object->raw.size - 2);
    if (object->first == NULL) line->members.size = 0;
    line->has_correlation =
        json_member(object, "$correlationId") != NULL || json_member(object, "$causationId") != NULL;
    return ACTA_OK;
}

static acta_status
find_data(exporting *out, foreign_line *line, acta_error *error)
{
    const acta_recorded *event = line->event;
    acta_kept_schema kept;
    acta_status status = acta_kept_schema_find(out->store, event->type, event->schema_hash, out->memory, &kept, error);

    return status != ACTA_OK
               ? status
               : acta_schema_print(kept.binary, event->type, event->payload, out->memory, &line->data, error);
}

static acta_status
find_all(exporting *out, foreign_line *line, acta_error *error)
{
    acta_status status = foreign_names_their_stream(out->names, line->event->stream, out->memory, &line->stream, error);

    line->type = foreign_names_their_type(out->names, line->event->type);
    time_text(line->event->recorded_at_us, line->at, sizeof line->at);
    if (status == ACTA_OK) status = find_id(out, line, error);
    if (status == ACTA_OK) status = find_members(out, line, error);
    return status == ACTA_OK ? find_data(out, line, error) : status;
}

/* -- metadata -- */

static void
put_own(line_writer *w, const acta_recorded *event)
{
    line_key(w, FOREIGN_OWN_KEY);
    line_raw(w, "{");
    line_id(w, "command_id", event->command_id);
    line_tags(w, event->tags);
    if (event->metadata.size > 0) line_bytes(w, "metadata", event->metadata);
    line_raw(w, "}");
}

/* KurrentDB has no columns for ids: its clients look for them in the metadata. */
static bool
wants_ids(const exporting *out, const foreign_line *line)
{
    bool has_ids = !acta_id_is_none(line->event->correlation_id) || !acta_id_is_none(line->event->causation_id);

    return out->kind == FOREIGN_KURRENTDB && has_ids && !line->has_correlation;
}

static bool
fits_as_it_is(const exporting *out, const foreign_line *line)
{
    const acta_recorded *event = line->event;
    bool has_other_metadata = event->metadata.size > 0 && line->members.data == NULL;

    return line->has_id_tag && acta_id_is_none(event->command_id) && !has_other_metadata && !wants_ids(out, line);
}

static void
put_metadata(const exporting *out, const foreign_line *line, line_writer *w)
{
    const acta_recorded *event = line->event;
    bool fits = fits_as_it_is(out, line);

    line_key(w, "metadata");
    if (fits && event->metadata.size == 0) {
        line_raw(w, "null");
        return;
    }
    line_raw(w, "{");
    if (line->members.size > 0) w->at = mempcpy(w->at, line->members.data, line->members.size);
    if (wants_ids(out, line)) line_id(w, "$correlationId", event->correlation_id);
    if (wants_ids(out, line)) line_id(w, "$causationId", event->causation_id);
    if (!fits) put_own(w, event);
    line_raw(w, "}");
}

/* -- lines -- */

static void
put_id_or_null(line_writer *w, const char *key, acta_id id)
{
    line_id(w, key, id);
    if (!acta_id_is_none(id)) return;
    line_key(w, key);
    line_raw(w, "null");
}

static void
put_data(line_writer *w, acta_str data)
{
    line_key(w, "data");
    w->at = mempcpy(w->at, data.data, data.size);
}

static void
put_eventstore(const exporting *out, const foreign_line *line, line_writer *w)
{
    const acta_recorded *event = line->event;

    line_number(w, "position", event->position);
    line_member(w, "stream_uuid", line->stream);
    line_number(w, "stream_version", event->version);
    line_member(w, "event_id", acta_str_of(line->id));
    line_member(w, "event_type", line->type);
    put_id_or_null(w, "causation_id", event->causation_id);
    put_id_or_null(w, "correlation_id", event->correlation_id);
    put_data(w, line->data);
    put_metadata(out, line, w);
    line_member(w, "created_at", acta_str_of(line->at));
}

static void
put_kurrentdb(const exporting *out, const foreign_line *line, line_writer *w)
{
    line_member(w, "streamId", line->stream);
    line_number(w, "eventNumber", line->event->version - 1);
    line_member(w, "eventId", acta_str_of(line->id));
    line_member(w, "eventType", line->type);
    line_key(w, "isJson");
    line_raw(w, "true");
    put_data(w, line->data);
    put_metadata(out, line, w);
    line_member(w, "created", acta_str_of(line->at));
}

static acta_status
put_line(const exporting *out, const foreign_line *line, acta_error *error)
{
    const acta_recorded *event = line->event;
    const size_t escaped = line->stream.size + line->type.size + event->tags.size + event->metadata.size;
    const size_t size =
        LINE_FIXED_SIZE + LINE_ESCAPED_MAX * escaped + line->data.size + line->members.size + 2 * event->metadata.size;
    line_writer w = { .begin = acta_memory_alloc(out->memory, size) };

    if (w.begin == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a line");
    w.at = w.begin;
    line_raw(&w, "{");
    (out->kind == FOREIGN_EVENTSTORE ? put_eventstore : put_kurrentdb)(out, line, &w);
    line_raw(&w, "}\n");
    const size_t written = (size_t)(w.at - w.begin);
    if (fwrite(w.begin, 1, written, stdout) == written) return ACTA_OK;
    return acta_error_set(error, ACTA_IO, "cannot write: %s", strerror(errno));
}

static acta_status
put_event(exporting *out, const acta_recorded *event, acta_error *error)
{
    foreign_line line = { .event = event };
    acta_error said;

    if (event->kind == ACTA_RECORD_STUB || event->type.data[0] == '$') {
        ++*(event->kind == ACTA_RECORD_STUB ? &out->removed : &out->own);
        return ACTA_OK;
    }
    acta_status status = find_all(out, &line, &said);
    if (status == ACTA_OK) status = put_line(out, &line, &said);
    acta_memory_clear(out->memory);
    out->told += status == ACTA_OK;
    if (status == ACTA_OK) return status;
    return acta_error_set(error, status, "position %" PRIu64 ": %s", event->position, said.text);
}

static acta_status
put_events(exporting *out, uint64_t from, acta_error *error)
{
    const acta_read all = { .from = from, .links = true };
    acta_recorded event;
    acta_cursor *cursor;
    acta_status status = acta_cursor_open(out->store, &all, &cursor, error);

    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK) {
        status = put_event(out, &event, error);
        if (status != ACTA_OK) break;
    }
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

acta_status
foreign_export(
    acta_store *store, foreign_kind kind, const char *rules, uint64_t from, acta_memory *memory, acta_error *error)
{
    exporting out = { .kind = kind, .store = store, .memory = acta_memory_create(NULL) };

    if (out.memory == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for lines");
    acta_status status = foreign_names_of(store, rules, memory, &out.names, error);
    if (status == ACTA_OK) status = put_events(&out, from, error);
    acta_memory_destroy(out.memory);
    if (status == ACTA_OK)
        fprintf(stderr,
            "%" PRIu64 " events; of the store's own %" PRIu64 ", and removed ones %" PRIu64 ", are left out\n",
            out.told, out.own, out.removed);
    return status;
}
