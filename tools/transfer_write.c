/*
 * See transfer.h: writing.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "acta/crc.h"

#include "line.h"
#include "transfer.h"

const char *const transfer_tables[] = { "schemas", "types", NULL };

bool
transfer_is_of_log(acta_str table)
{
    for (size_t i = 0; transfer_tables[i] != NULL; i++)
        if (acta_str_equal(table, acta_str_of(transfer_tables[i]))) return true;
    return false;
}

static void
put_digest(line_writer *w, const char *key, const acta_digest *digest)
{
    line_base64(w, key, acta_bytes_from(digest->bytes, sizeof digest->bytes));
}

static void
put_entry(line_writer *w, const acta_entry *entry)
{
    static const acta_digest none;
    const acta_recorded *event = &entry->event;
    char hash[24];

    line_number(w, "position", event->position);
    line_member(w, "stream", event->stream);
    line_number(w, "stream_id", event->stream_id);
    line_number(w, "version", event->version);
    line_member(w, "type", event->type);
    snprintf(hash, sizeof hash, "%016" PRIx64, event->schema_hash);
    if (event->schema_hash != 0) line_member(w, "schema_hash", acta_str_of(hash));
    line_number(w, "recorded_at_us", (uint64_t)event->recorded_at_us);
    line_id(w, "command_id", event->command_id);
    line_id(w, "correlation_id", event->correlation_id);
    line_id(w, "causation_id", event->causation_id);
    if (event->kind == ACTA_RECORD_STUB) {
        put_digest(w, "removed", &event->digest);
        if (memcmp(&entry->beside, &none, sizeof none) != 0) put_digest(w, "removed_beside", &entry->beside);
        return;
    }
    line_tags(w, event->tags);
    if (event->metadata.size > 0) line_bytes(w, "metadata", event->metadata);
    line_bytes(w, "payload", event->payload);
}

static size_t
size_of(const transfer_line *line)
{
    const acta_recorded *event = &line->entry.event;

    return LINE_FIXED_SIZE +
           2 * (line->row.key.size + line->row.value.size + event->payload.size + event->metadata.size) +
           LINE_ESCAPED_MAX * (line->row.table.size + event->stream.size + event->type.size + event->tags.size);
}

acta_status
transfer_write(const transfer_line *line, acta_memory *memory, acta_str *text_out, acta_error *error)
{
    line_writer w = { .begin = acta_memory_alloc(memory, size_of(line)) };

    if (w.begin == NULL) return acta_error_set(error, ACTA_NO_MEMORY, "no memory for a line");
    w.at = w.begin;
    *w.at++ = '{';
    if (line->kind == TRANSFER_HEAD) line_number(&w, "acta_export", TRANSFER_FORMAT);
    if (line->kind == TRANSFER_HEAD) line_number(&w, "from", line->from);
    if (line->kind == TRANSFER_HEAD) line_number(&w, "to", line->to);
    if (line->kind == TRANSFER_HEAD && line->has_rows) line_key(&w, "rows");
    if (line->kind == TRANSFER_HEAD && line->has_rows) line_raw(&w, "true");
    if (line->kind == TRANSFER_END) line_number(&w, "end", line->to);
    if (line->kind == TRANSFER_ENTRY) put_entry(&w, &line->entry);
    if (line->kind == TRANSFER_ROW) {
        line_member(&w, "table", line->row.table);
        line_base64(&w, "key_base64", line->row.key);
        line_base64(&w, "value_base64", line->row.value);
    }
    uint32_t crc = acta_crc32c(0, w.begin, (size_t)(w.at - w.begin));
    line_key(&w, "crc");
    w.at += sprintf(w.at, "\"%08" PRIx32 "\"", crc);
    line_raw(&w, "}\n");
    *text_out = acta_str_from(w.begin, (size_t)(w.at - w.begin));
    return ACTA_OK;
}
