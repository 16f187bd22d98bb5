/*
 * See foreign.h: lines and the run.
 */
#include "foreign.h"

#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acta/schema.h"
#include "acta/subscription.h"

#include "commands.h"
#include "json.h"
#include "transfer.h"

typedef struct stream {
    uint64_t id, version;
    size_t name_size;
    char name[];
} stream;

/* Of events that are gone, of one file: more are a mistake, or a file that means to fill the disk. */
enum { GONE_MAX = 10000000 };

typedef struct importing {
    foreign_kind kind;
    bool begins_later;
    FILE *file;
    acta_memory *memory; /* of a line */
    acta_memory *names_memory;
    foreign_names *names;
    acta_import *import;
    void *streams; /* a tree of search.h, by name */
    uint64_t stream_count, line_number, position, added, skipped, raised, gone;
    int64_t recorded_at_us;
} importing;

/* What a line says. Views of it, or in the memory. */
typedef struct foreign_event {
    acta_str stream, type, data;
    uint64_t version;
    char tag[ACTA_TAG_MAX + 1]; /* as an entry has them: the size, and "event_id:…" */
    int64_t at_us;
    acta_recorded ours; /* ids, tags and metadata */
} foreign_event;

/* Where the two have their members; `other` of KurrentDB's: as a single event, or as an entry of a feed. */
static const struct {
    const char *stream, *other_stream, *version, *type, *id, *metadata, *other_metadata, *at, *other_at;
    uint64_t first_version;
} keys[] = {
    [FOREIGN_EVENTSTORE] = { "stream_uuid", "stream_uuid", "stream_version", "event_type", "event_id", "metadata",
        "metadata", "created_at", "created_at", 1 },
    [FOREIGN_KURRENTDB] = { "streamId", "eventStreamId", "eventNumber", "eventType", "eventId", "metaData", "metadata",
        "updated", "created", 0 },
};

/* -- members -- */

static const json_value *
member(const json_value *line, const char *key, const char *other)
{
    const json_value *value = json_member(line, key);

    return value != NULL ? value : json_member(line, other);
}

static bool
is_null(const json_value *value)
{
    return value == NULL || acta_str_equal(value->raw, acta_str_of("null"));
}

static acta_status
expected(const char *key, const char *what, acta_error *error)
{
    return acta_error_set(error, ACTA_INVALID, "'%s': expected %s", key, what);
}

static acta_status
read_text(const json_value *line, const char *key, const char *other, acta_str *out, acta_error *error)
{
    const json_value *value = member(line, key, other);

    if (value == NULL || value->kind != JSON_STRING || value->text.size == 0) return expected(key, "a text", error);
    *out = value->text;
    return ACTA_OK;
}

static acta_status
read_number(const json_value *line, const char *key, uint64_t *out, acta_error *error)
{
    const json_value *value = json_member(line, key);
    char text[24] = "", *end = text;

    if (value != NULL && value->kind == JSON_NUMBER && value->raw.size < sizeof text) {
        snprintf(text, sizeof text, ACTA_FMT, ACTA_ARG(value->raw));
        errno = 0;
        *out = strtoull(text, &end, 10);
    }
    if (end == text || *end != '\0' || errno != 0 || text[0] == '-') return expected(key, "a whole number", error);
    return ACTA_OK;
}

/* JSON as a text in a text, or as it is; absent: none. */
static acta_status
read_json(const json_value *value, const char *key, acta_str *out, acta_error *error)
{
    *out = acta_str_from("", 0);
    if (is_null(value)) return ACTA_OK;
    if (value->kind != JSON_STRING && value->kind != JSON_OBJECT)
        return expected(key, "an object, or a text with one", error);
    *out = value->kind == JSON_STRING ? value->text : value->raw;
    return ACTA_OK;
}

/* One that is no UUID becomes one, the same for the same text. */
static acta_id
id_of(acta_str text)
{
    acta_id id = { .bytes = { 0 } };

    if (text.size > 0 && acta_id_parse(text, &id, NULL) != ACTA_OK) id = acta_id_of(text);
    return id;
}

static acta_status
read_time(const json_value *line, foreign_kind kind, foreign_event *event, acta_error *error)
{
    char text[64];
    acta_str at = acta_str_from(NULL, 0);
    acta_status status = read_text(line, keys[kind].at, keys[kind].other_at, &at, error);

    if (status != ACTA_OK) return status;
    snprintf(text, sizeof text, ACTA_FMT, ACTA_ARG(at));
    if (at.size < sizeof text && time_of_text(text, &event->at_us) && event->at_us >= 0) return ACTA_OK;
    return expected(keys[kind].at, "a time since 1970 such as 2026-11-21T10:30:00.25Z", error);
}

/* EventStore has columns for ids; KurrentDB's clients write them into the metadata. */
static void
read_ids(const json_value *of, bool is_kurrent, acta_recorded *ours)
{
    ours->correlation_id = id_of(json_text(of, is_kurrent ? "$correlationId" : "correlation_id"));
    ours->causation_id = id_of(json_text(of, is_kurrent ? "$causationId" : "causation_id"));
}

/* An export of ours tells there what the other store has no place for, the metadata too, as they were. */
static acta_status
read_metadata(importing *in, const json_value *line, foreign_event *event, acta_error *error)
{
    const bool is_kurrent = in->kind == FOREIGN_KURRENTDB;
    const json_value *own, *metadata = NULL;
    acta_str text = { NULL, 0 };
    acta_error said;
    acta_status status = read_json(
        member(line, keys[in->kind].metadata, keys[in->kind].other_metadata), keys[in->kind].metadata, &text, error);

    if (status != ACTA_OK) return status;
    event->ours.metadata = acta_str_bytes(text);
    if (text.size > 0 && json_read(text, in->memory, &metadata, &said) != ACTA_OK) metadata = NULL;
    if (!is_kurrent || metadata != NULL) read_ids(is_kurrent ? metadata : line, is_kurrent, &event->ours);
    own = metadata != NULL ? json_member(metadata, FOREIGN_OWN_KEY) : NULL;
    if (own == NULL || own->kind != JSON_OBJECT) return ACTA_OK;
    event->ours.metadata = event->ours.tags = acta_bytes_from(NULL, 0);
    status = transfer_read_beside(own, in->memory, &event->ours, &said);
    return status == ACTA_OK ? ACTA_OK : acta_error_set(error, status, "'" FOREIGN_OWN_KEY "': %s", said.text);
}

static acta_status
read_line(importing *in, const json_value *line, foreign_event *event, acta_error *error)
{
    const foreign_kind kind = in->kind;
    acta_str id = { NULL, 0 };
    acta_status status = read_text(line, keys[kind].stream, keys[kind].other_stream, &event->stream, error);

    if (status == ACTA_OK) status = read_text(line, keys[kind].type, keys[kind].type, &event->type, error);
    if (status == ACTA_OK) status = read_text(line, keys[kind].id, keys[kind].id, &id, error);
    if (status == ACTA_OK) status = read_number(line, keys[kind].version, &event->version, error);
    if (status == ACTA_OK) status = read_time(line, kind, event, error);
    if (status == ACTA_OK) status = read_json(json_member(line, "data"), "data", &event->data, error);
    if (status != ACTA_OK) return status;
    if (id.size > 64) return expected(keys[kind].id, "a UUID", error);
    int size = snprintf(event->tag + 1, sizeof event->tag - 1, FOREIGN_ID_TAG ACTA_FMT, ACTA_ARG(id));
    event->tag[0] = (char)size;
    event->ours.tags = acta_bytes_from((const uint8_t *)event->tag, (uint8_t)size + 1u);
    event->version += 1 - keys[kind].first_version;
    return read_metadata(in, line, event, error);
}

/* -- streams -- */

static int
compare_streams(const void *left, const void *right)
{
    const stream *a = left, *b = right;

    if (a->name_size != b->name_size) return a->name_size < b->name_size ? -1 : 1;
    return memcmp(a->name, b->name, a->name_size);
}

/* A new one has no version yet; NULL: no memory. */
static stream *
find_stream(importing *in, acta_str name)
{
    stream *wanted = malloc(sizeof *wanted + name.size);

    if (wanted == NULL) return NULL;
    *wanted = (stream){ .name_size = name.size };
    memcpy(wanted->name, name.data, name.size);
    stream **there = tsearch(wanted, &in->streams, compare_streams);
    if (there == NULL || *there != wanted) free(wanted);
    if (there == NULL) return NULL;
    if (*there == wanted) wanted->id = ++in->stream_count;
    return *there;
}

/* -- entries -- */

static acta_status
check_order(importing *in, const json_value *line, acta_error *error)
{
    uint64_t position = 0;

    if (in->kind != FOREIGN_EVENTSTORE) return ACTA_OK;
    acta_status status = read_number(line, "position", &position, error);
    if (status != ACTA_OK) return status;
    if (position <= in->position)
        return acta_error_set(error, ACTA_INVALID, "'position': one behind %" PRIu64 " was expected, not %" PRIu64,
            in->position, position);
    in->position = position;
    return ACTA_OK;
}

static acta_status
encode(importing *in, const foreign_event *event, acta_entry *entry, acta_error *error)
{
    const foreign_type *type = NULL;
    acta_error said;
    acta_status status = foreign_names_type(in->names, event->type, &type, error);

    if (status != ACTA_OK) return status;
    entry->event.type = type->name;
    entry->event.schema_hash = type->hash;
    status = acta_schema_parse(type->binary, type->name, event->data, in->memory, &entry->event.payload, &said);
    return status == ACTA_OK ? ACTA_OK : acta_error_set(error, status, "'data': %s", said.text);
}

/* Stubs up to the event, which has been made to come after them. */
static acta_status
add_gone(importing *in, stream *of, acta_entry *next, acta_error *error)
{
    acta_entry stub = { .event = { .kind = ACTA_RECORD_STUB,
                            .type = acta_str_of(FOREIGN_GONE_TYPE),
                            .stream = next->event.stream,
                            .stream_id = of->id,
                            .recorded_at_us = next->event.recorded_at_us } };

    if (next->event.version - of->version - 1 > GONE_MAX - in->gone)
        return acta_error_set(error, ACTA_INVALID,
            "%" PRIu64 " events of stream '" ACTA_FMT
            "' are gone; at most %d are expected to be in all streams together",
            next->event.version - 1, ACTA_ARG(next->event.stream), GONE_MAX);
    while (of->version + 1 < next->event.version) {
        stub.event.position = next->event.position++;
        stub.event.version = of->version + 1;
        acta_status status = acta_import_add(in->import, &stub, error);
        if (status != ACTA_OK) return status;
        of->version++;
        in->gone++;
    }
    return ACTA_OK;
}

static acta_status
check_version(const importing *in, const foreign_event *event, const stream *of, acta_error *error)
{
    bool begins_later = of->version == 0 && event->version > 1;

    if (event->version == of->version + 1 || (begins_later && in->begins_later)) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "'%s': %" PRIu64 " of stream '" ACTA_FMT "' was expected, not %" PRIu64 "; events are missing%s",
        keys[in->kind].version, of->version + keys[in->kind].first_version, ACTA_ARG(event->stream),
        event->version - 1 + keys[in->kind].first_version,
        begins_later ? ": with --gone they are marked as removed" : "");
}

static acta_status
add(importing *in, const foreign_event *event, acta_error *error)
{
    acta_entry entry = { .event = { .position = in->added + in->gone + 1,
                             .version = event->version,
                             .recorded_at_us = event->at_us,
                             .command_id = event->ours.command_id,
                             .correlation_id = event->ours.correlation_id,
                             .causation_id = event->ours.causation_id,
                             .tags = event->ours.tags,
                             .metadata = event->ours.metadata } };
    acta_status status = foreign_names_stream(in->names, event->stream, in->memory, &entry.event.stream, error);

    if (status == ACTA_OK) status = encode(in, event, &entry, error);
    if (status != ACTA_OK) return status;
    stream *of = find_stream(in, entry.event.stream);
    if (of == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a stream");
    status = check_version(in, event, of, error);
    if (status != ACTA_OK) return status;
    entry.event.stream_id = of->id;
    if (event->at_us < in->recorded_at_us) {
        entry.event.recorded_at_us = in->recorded_at_us;
        in->raised++;
    }
    status = add_gone(in, of, &entry, error);
    if (status == ACTA_OK) status = acta_import_add(in->import, &entry, error);
    if (status != ACTA_OK) return status;
    in->recorded_at_us = entry.event.recorded_at_us;
    of->version++;
    in->added++;
    return ACTA_OK;
}

/* KurrentDB's own events and streams, links, and events that a feed shows where a link to them is. */
static bool
is_not_taken(const importing *in, const json_value *line, const foreign_event *event)
{
    acta_str shown = json_text(line, "positionStreamId");

    if (in->kind != FOREIGN_KURRENTDB) return false;
    return event->type.data[0] == '$' || event->stream.data[0] == '$' ||
           (shown.size > 0 && !acta_str_equal(shown, event->stream));
}

static acta_status
take_line(void *user, acta_str text, acta_error *error)
{
    importing *in = user;
    foreign_event event = { .version = 0 };
    const json_value *line, *is_json;
    acta_error said;
    if (text.size == 0) return ACTA_OK;

    acta_status status = json_read(text, in->memory, &line, &said);

    if (status != ACTA_OK)
        return acta_error_set(error, status == ACTA_CORRUPT ? ACTA_INVALID : status, "the line is %s", said.text);
    if (line->kind != JSON_OBJECT) return acta_error_set(error, ACTA_INVALID, "an object was expected, an event");
    status = check_order(in, line, error);
    if (status == ACTA_OK) status = read_line(in, line, &event, error);
    if (status != ACTA_OK) return status;
    if (is_not_taken(in, line, &event)) {
        in->skipped++;
        return ACTA_OK;
    }
    is_json = json_member(line, "isJson");
    if (is_json != NULL && !json_is_true(line, "isJson")) return expected("isJson", "true: only JSON is read", error);
    return add(in, &event, error);
}

/* -- the run -- */

foreign_kind
foreign_kind_of(const char *name)
{
    if (strcmp(name, "eventstore") == 0) return FOREIGN_EVENTSTORE;
    return strcmp(name, "kurrentdb") == 0 ? FOREIGN_KURRENTDB : FOREIGN_NONE;
}

/* The readers of these names stand behind the last event. */
static acta_status
put_handled(const foreign_order *order, uint64_t position, acta_error *error)
{
    const acta_store_config config = { .path = order->path, .must_exist = true };
    acta_store *store;
    acta_status status = acta_store_open(&config, &store, error);

    if (status != ACTA_OK) return status;
    acta_transaction *transaction = acta_transaction_create(store);
    for (unsigned i = 0; transaction != NULL && i < order->handled_count; i++)
        acta_transaction_checkpoint(transaction, order->handled[i], position);
    status = transaction != NULL ? acta_store_commit(store, transaction, NULL, error)
                                 : acta_error_set(error, ACTA_NO_MEMORY, "no memory for checkpoints");
    acta_store_close(store);
    return status;
}

static int
tell(const importing *in, const foreign_order *order, const acta_error *taken, const acta_error *closed)
{
    if (closed->status == ACTA_OK) {
        printf("%" PRIu64 " events of %" PRIu64 " streams added; %" PRIu64 " system events and links left out, %" PRIu64
               " times set to that of the event before",
            in->added, in->stream_count, in->skipped, in->raised);
        if (in->gone > 0) printf(", %" PRIu64 " that are gone marked as removed", in->gone);
        putchar('\n');
    }
    if (taken->status != ACTA_OK)
        fprintf(stderr, "acta: %s, line %" PRIu64 ": %s\n", order->file, in->line_number, taken->text);
    if (closed->status != ACTA_OK) fprintf(stderr, "acta: %s\n", closed->text);
    return taken->status != ACTA_OK || closed->status != ACTA_OK;
}

static int
import_all(importing *in, const foreign_order *order)
{
    acta_error taken = { .status = ACTA_OK }, closed = { .status = ACTA_OK };
    acta_status status = foreign_names_read(order->path, order->rules, in->names_memory, &in->names, &taken);

    if (status == ACTA_OK) status = acta_import_open(order->path, NULL, &in->import, &taken);
    if (status != ACTA_OK) {
        fprintf(stderr, "acta: %s\n", taken.text);
        return 1;
    }
    taken.status = transfer_each_line(in->file, in->memory, &in->line_number, take_line, in, &taken);
    closed.status = acta_import_close(in->import, &closed);
    if (closed.status == ACTA_OK && order->handled_count > 0)
        closed.status = put_handled(order, in->added + in->gone, &closed);
    return tell(in, order, &taken, &closed);
}

int
foreign_import(const foreign_order *order)
{
    importing in = { .kind = order->kind,
        .begins_later = order->begins_later,
        .memory = acta_memory_create(NULL),
        .names_memory = acta_memory_create(NULL) };
    int result = 1;

    in.file = strcmp(order->file, "-") == 0 ? stdin : fopen(order->file, "r");
    if (in.file == NULL)
        fprintf(stderr, "acta: cannot open '%s': %s\n", order->file, strerror(errno));
    else if (in.memory == NULL || in.names_memory == NULL)
        (void)has_no_memory();
    else
        result = import_all(&in, order);
    if (in.file != NULL && in.file != stdin) fclose(in.file);
    tdestroy(in.streams, free);
    acta_memory_destroy(in.memory);
    acta_memory_destroy(in.names_memory);
    return result;
}
