/* See audit.h. Streams lie in a tree by name; names are copied. */
#include "audit.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/* -- streams -- */

static int
compare_streams(const void *a, const void *b)
{
    const audit_stream *x = a, *y = b;
    size_t size = x->name_size < y->name_size ? x->name_size : y->name_size;
    int order = memcmp(x->name, y->name, size);
    return order != 0 ? order : (x->name_size > y->name_size) - (x->name_size < y->name_size);
}

static void
free_stream(void *node)
{
    audit_stream *stream = node;
    free(stream->name);
    free(stream);
}

static void
join(char *name, const char *prefix, acta_str id)
{
    size_t prefix_size = strlen(prefix);
    memcpy(name, prefix, prefix_size);
    if (id.size > 0) memcpy(name + prefix_size, id.data, id.size);
}

void *
audit_find(const audit *auditor, const char *prefix, acta_str id)
{
    char name[ACTA_STREAM_NAME_MAX + 16];
    const audit_stream key = { .name = name, .name_size = strlen(prefix) + id.size };
    if (key.name_size > sizeof name) return NULL;

    join(name, prefix, id);
    void *const *node = tfind(&key, &auditor->streams, compare_streams);
    return node != NULL ? *node : NULL;
}

void *
audit_entry(audit *auditor, const char *prefix, acta_str id)
{
    audit_stream *stream = audit_find(auditor, prefix, id);
    if (stream != NULL) return stream;

    stream = calloc(1, auditor->domain->entry_size);
    if (stream == NULL) return NULL;
    stream->name_size = strlen(prefix) + id.size;
    stream->name = malloc(stream->name_size + 1);
    if (stream->name == NULL) goto none;
    join(stream->name, prefix, id);
    if (tsearch(stream, &auditor->streams, compare_streams) != NULL) return stream;

none:
    free_stream(stream);
    return NULL;
}

bool
audit_is_named(const audit_stream *stream, const char *prefix, acta_str id)
{
    size_t prefix_size = strlen(prefix);
    return stream->name_size == prefix_size + id.size && memcmp(stream->name, prefix, prefix_size) == 0 &&
           memcmp(stream->name + prefix_size, id.data, id.size) == 0;
}

/* -- the log -- */

static const audit_rule *
rule_of(const audit_domain *domain, acta_str type)
{
    for (size_t i = 0; i < domain->rule_count; i++)
        if (acta_str_equal(type, acta_str_of(domain->rules[i].table->name))) return &domain->rules[i];
    return NULL;
}

/* `detail` gets what the verifier says. */
static const char *
take(audit *auditor, const acta_recorded *event, acta_error *detail)
{
    if (event->position != auditor->position + 1) return "a position is not the one after the one before";
    auditor->position = event->position;
    if (event->recorded_at_us < auditor->recorded_at_us) return "an event is older than the one before";
    auditor->recorded_at_us = event->recorded_at_us;
    if (event->kind != ACTA_RECORD_EVENT) return "an event's content was removed";

    const audit_rule *rule = rule_of(auditor->domain, event->type);
    if (rule == NULL) return "an event is of an unknown type";
    if (rule->table->verify(event->payload, detail) != ACTA_OK) return "an event of the log is damaged";
    audit_stream *stream = audit_entry(auditor, "", event->stream);
    if (stream == NULL) return "no memory";
    if (event->version != stream->version + 1) return "a version is not the one after the one before";
    stream->version = event->version;

    const char *wrong = rule->take(auditor, stream, event->payload);
    return wrong != NULL ? wrong : auditor->domain->taken(auditor);
}

acta_status
audit_event(audit *auditor, const acta_recorded *event, acta_error *error)
{
    acta_error detail = { .status = ACTA_OK };

    if (auditor->broken.status == ACTA_OK) {
        const char *rule = take(auditor, event, &detail);
        if (rule == NULL) return ACTA_OK;
        bool has_detail = detail.status != ACTA_OK;
        acta_error_set(&auditor->broken, ACTA_CORRUPT,
            "%s: position %" PRIu64 ", stream '" ACTA_FMT "', version %" PRIu64 ", " ACTA_FMT "%s%s", rule,
            event->position, ACTA_ARG(event->stream), event->version, ACTA_ARG(event->type), has_detail ? ": " : "",
            has_detail ? detail.text : "");
    }
    if (error != NULL) *error = auditor->broken;
    return auditor->broken.status;
}

acta_status
audit_read(audit *auditor, acta_store *store, acta_error *error)
{
    acta_cursor *cursor;
    acta_recorded event;

    acta_status status = acta_cursor_open(store, &(acta_read){ .from = auditor->position + 1 }, &cursor, error);
    if (status != ACTA_OK) return status;
    while ((status = acta_cursor_next(cursor, &event, error)) == ACTA_OK)
        if ((status = audit_event(auditor, &event, error)) != ACTA_OK) break;
    acta_cursor_close(cursor);
    return status == ACTA_NOT_FOUND ? ACTA_OK : status;
}

/* -- life -- */

void *
audit_create(const audit_domain *domain, size_t size)
{
    audit *auditor = calloc(1, size);
    if (auditor != NULL) auditor->domain = domain;
    return auditor;
}

void
audit_destroy(void *auditor)
{
    if (auditor == NULL) return;
    tdestroy(((audit *)auditor)->streams, free_stream);
    free(auditor);
}
