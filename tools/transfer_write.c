/*
 * See transfer.h: writing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "acta/crc.h"
#include "acta/seal.h"

#include "transfer.h"

const char *const transfer_tables[] = { "schemas", "types", NULL };

bool
transfer_is_of_log(acta_str table)
{
    for (size_t i = 0; transfer_tables[i] != NULL; i++)
        if (acta_str_equal(table, acta_str_of(transfer_tables[i]))) return true;
    return false;
}

enum { FIXED_SIZE = 2048, ESCAPED_MAX = 6 }; /* keys, numbers and ids of a line; bytes of an escaped character */

typedef struct writer {
    char *begin, *at;
} writer;

static void
put(writer *w, const char *text)
{
    w->at = stpcpy(w->at, text);
}

static void
put_character(writer *w, unsigned char c)
{
    if (c == '"' || c == '\\')
        w->at += sprintf(w->at, "\\%c", c);
    else if (c == '\n' || c == '\r' || c == '\t')
        w->at += sprintf(w->at, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
    else if (c < 0x20)
        w->at += sprintf(w->at, "\\u%04x", c);
    else
        *w->at++ = (char)c;
}

static void
put_text(writer *w, acta_str text)
{
    *w->at++ = '"';
    for (size_t i = 0; i < text.size; i++)
        put_character(w, (unsigned char)text.data[i]);
    *w->at++ = '"';
}

static void
put_key(writer *w, const char *key)
{
    if (w->at[-1] != '{') *w->at++ = ',';
    w->at += sprintf(w->at, "\"%s\":", key);
}

static void
put_member(writer *w, const char *key, acta_str text)
{
    put_key(w, key);
    put_text(w, text);
}

static void
put_number(writer *w, const char *key, uint64_t number)
{
    put_key(w, key);
    w->at += sprintf(w->at, "%" PRIu64, number);
}

static void
put_base64(writer *w, const char *key, acta_bytes bytes)
{
    put_key(w, key);
    *w->at++ = '"';
    acta_text_of(bytes, w->at);
    w->at += acta_text_size(bytes.size);
    *w->at++ = '"';
}

static void
put_id(writer *w, const char *key, acta_id id)
{
    char text[ACTA_ID_TEXT_SIZE];

    if (!acta_id_is_none(id)) put_member(w, key, acta_str_of(acta_id_format(id, text)));
}

static void
put_digest(writer *w, const char *key, const acta_digest *digest)
{
    put_base64(w, key, acta_bytes_from(digest->bytes, sizeof digest->bytes));
}

/* Text that people can read is told as text. */
static bool
is_readable(acta_bytes bytes)
{
    if (!acta_str_is_utf8(acta_str_from(bytes.data, bytes.size))) return false;
    for (size_t i = 0; i < bytes.size; i++)
        if (bytes.data[i] < 0x20 && strchr("\t\n\r", bytes.data[i]) == NULL) return false;
    return memchr(bytes.data, '\0', bytes.size) == NULL;
}

static void
put_bytes(writer *w, const char *key, acta_bytes bytes)
{
    char other[32];

    if (bytes.size == 0 || is_readable(bytes)) {
        put_member(w, key, acta_str_from(bytes.data, bytes.size));
        return;
    }
    snprintf(other, sizeof other, "%s_base64", key);
    put_base64(w, other, bytes);
}

static void
put_tags(writer *w, acta_bytes tags)
{
    acta_str tag;

    if (tags.size == 0) return;
    put_key(w, "tags");
    *w->at++ = '[';
    while (acta_tag_next(&tags, &tag)) {
        if (w->at[-1] != '[') *w->at++ = ',';
        put_text(w, tag);
    }
    *w->at++ = ']';
}

static void
put_entry(writer *w, const acta_entry *entry)
{
    static const acta_digest none;
    const acta_recorded *event = &entry->event;
    char hash[24];

    put_number(w, "position", event->position);
    put_member(w, "stream", event->stream);
    put_number(w, "stream_id", event->stream_id);
    put_number(w, "version", event->version);
    put_member(w, "type", event->type);
    snprintf(hash, sizeof hash, "%016" PRIx64, event->schema_hash);
    if (event->schema_hash != 0) put_member(w, "schema_hash", acta_str_of(hash));
    put_number(w, "recorded_at_us", (uint64_t)event->recorded_at_us);
    put_id(w, "command_id", event->command_id);
    put_id(w, "correlation_id", event->correlation_id);
    put_id(w, "causation_id", event->causation_id);
    if (event->kind == ACTA_RECORD_STUB) {
        put_digest(w, "removed", &event->digest);
        if (memcmp(&entry->beside, &none, sizeof none) != 0) put_digest(w, "removed_beside", &entry->beside);
        return;
    }
    put_tags(w, event->tags);
    if (event->metadata.size > 0) put_bytes(w, "metadata", event->metadata);
    put_bytes(w, "payload", event->payload);
}

static size_t
size_of(const transfer_line *line)
{
    const acta_recorded *event = &line->entry.event;

    return FIXED_SIZE + 2 * (line->row.key.size + line->row.value.size + event->payload.size + event->metadata.size) +
           ESCAPED_MAX * (line->row.table.size + event->stream.size + event->type.size + event->tags.size);
}

acta_status
transfer_write(const transfer_line *line, acta_memory *memory, acta_str *text_out, acta_error *error)
{
    writer w = { .begin = acta_memory_alloc(memory, size_of(line)) };

    if (w.begin == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a line");
    w.at = w.begin;
    *w.at++ = '{';
    if (line->kind == TRANSFER_HEAD) put_number(&w, "acta_export", TRANSFER_FORMAT);
    if (line->kind == TRANSFER_HEAD) put_number(&w, "from", line->from);
    if (line->kind == TRANSFER_HEAD) put_number(&w, "to", line->to);
    if (line->kind == TRANSFER_HEAD && line->has_rows) put_key(&w, "rows");
    if (line->kind == TRANSFER_HEAD && line->has_rows) put(&w, "true");
    if (line->kind == TRANSFER_END) put_number(&w, "end", line->to);
    if (line->kind == TRANSFER_ENTRY) put_entry(&w, &line->entry);
    if (line->kind == TRANSFER_ROW) {
        put_member(&w, "table", line->row.table);
        put_base64(&w, "key_base64", line->row.key);
        put_base64(&w, "value_base64", line->row.value);
    }
    uint32_t crc = acta_crc32c(0, w.begin, (size_t)(w.at - w.begin));
    put_key(&w, "crc");
    w.at += sprintf(w.at, "\"%08" PRIx32 "\"", crc);
    put(&w, "}\n");
    *text_out = acta_str_from(w.begin, (size_t)(w.at - w.begin));
    return ACTA_OK;
}
