/*
 * See transfer.h: reading. A member that isn't known, or isn't as it should be, refuses the line: what was meant by it would
 * be lost.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acta/crc.h"
#include "acta/seal.h"

#include "json.h"
#include "transfer.h"

enum { CRC_SIZE = 18 }; /* ,"crc":"01234567"} at the end of a line */

typedef struct reader {
    acta_memory *memory;
    transfer_line *line;
    acta_error *error;
    unsigned seen; /* members that a line must have, a bit each */
} reader;

typedef acta_status read_member(reader *r, const json_value *value);

static acta_status
expected(reader *r, const json_value *member, const char *what)
{
    return acta_error_set(r->error, ACTA_INVALID, "'" ACTA_FMT "': expected %s", ACTA_ARG(member->key), what);
}

/* -- values -- */

static acta_status
read_number(reader *r, const json_value *value, uint64_t *out)
{
    char text[24], *end;

    if (value->kind != JSON_NUMBER || value->raw.size >= sizeof text) return expected(r, value, "a whole number");
    snprintf(text, sizeof text, ACTA_FMT, ACTA_ARG(value->raw));
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] == '-') return expected(r, value, "a whole number");
    return ACTA_OK;
}

static acta_status
read_text(reader *r, const json_value *value, acta_str *out)
{
    if (value->kind != JSON_STRING) return expected(r, value, "a text");
    *out = value->text;
    return ACTA_OK;
}

static acta_status
read_plain(reader *r, const json_value *value, acta_bytes *out)
{
    acta_str text = { NULL, 0 };
    acta_status status = read_text(r, value, &text);

    if (status == ACTA_OK) *out = acta_str_bytes(text);
    return status;
}

static acta_status
read_base64(reader *r, const json_value *value, acta_bytes *out)
{
    if (value->kind != JSON_STRING) return expected(r, value, "a text");
    uint8_t *bytes = acta_memory_alloc(r->memory, value->text.size + 1);
    size_t size;

    if (bytes == NULL) return acta_error_set(r->error, ACTA_NO_MEMORY, "no memory for a line");
    if (!acta_text_parse(value->text, bytes, &size))
        return expected(r, value, "base64 of RFC 4648's URL alphabet, without padding");
    *out = acta_bytes_from(bytes, size);
    return ACTA_OK;
}

static acta_status
read_digest(reader *r, const json_value *value, acta_digest *out)
{
    acta_bytes bytes = { NULL, 0 };
    acta_status status = read_base64(r, value, &bytes);

    if (status != ACTA_OK) return status;
    if (bytes.size != sizeof out->bytes) return expected(r, value, "a digest of 32 bytes");
    memcpy(out->bytes, bytes.data, bytes.size);
    return ACTA_OK;
}

static acta_status
read_id(reader *r, const json_value *value, acta_id *out)
{
    acta_error ignored;

    if (value->kind != JSON_STRING || acta_id_parse(value->text, out, &ignored) != ACTA_OK)
        return expected(r, value, "an id such as 8f41784e-b4c5-4083-37d0-733fb32aa71d");
    return ACTA_OK;
}

/* -- members of an entry -- */

#define READ_ENTRY(member, how, field)                                                                                 \
    static acta_status read_##member(reader *r, const json_value *value)                                               \
    {                                                                                                                  \
        return how(r, value, &r->line->field);                                                                         \
    }
READ_ENTRY(position, read_number, entry.event.position)
READ_ENTRY(stream, read_text, entry.event.stream)
READ_ENTRY(stream_id, read_number, entry.event.stream_id)
READ_ENTRY(version, read_number, entry.event.version)
READ_ENTRY(type, read_text, entry.event.type)
READ_ENTRY(command_id, read_id, entry.event.command_id)
READ_ENTRY(correlation_id, read_id, entry.event.correlation_id)
READ_ENTRY(causation_id, read_id, entry.event.causation_id)
READ_ENTRY(metadata, read_plain, entry.event.metadata)
READ_ENTRY(metadata_base64, read_base64, entry.event.metadata)
READ_ENTRY(payload, read_plain, entry.event.payload)
READ_ENTRY(payload_base64, read_base64, entry.event.payload)
READ_ENTRY(removed_beside, read_digest, entry.beside)
READ_ENTRY(from, read_number, from)
READ_ENTRY(to, read_number, to)
READ_ENTRY(table, read_text, row.table)
READ_ENTRY(key, read_base64, row.key)
READ_ENTRY(value, read_base64, row.value)

static acta_status
read_time(reader *r, const json_value *value)
{
    uint64_t time = 0;
    acta_status status = read_number(r, value, &time);

    if (status == ACTA_OK && time > INT64_MAX) return expected(r, value, "µs since 1970");
    r->line->entry.event.recorded_at_us = (int64_t)time;
    return status;
}

static acta_status
read_schema_hash(reader *r, const json_value *value)
{
    char text[24], *end;

    snprintf(text, sizeof text, ACTA_FMT, ACTA_ARG(value->text));
    r->line->entry.event.schema_hash = strtoull(text, &end, 16);
    if (value->kind != JSON_STRING || strlen(text) != 16 || *end != '\0' || strspn(text, "0123456789abcdef") != 16)
        return expected(r, value, "16 hexadecimal digits");
    return ACTA_OK;
}

static acta_status
read_removed(reader *r, const json_value *value)
{
    r->line->entry.event.kind = ACTA_RECORD_STUB;
    return read_digest(r, value, &r->line->entry.event.digest);
}

/* Each as a byte of size and its bytes, as a record has them. */
static acta_status
read_tags(reader *r, const json_value *value)
{
    uint8_t *bytes = acta_memory_alloc(r->memory, value->raw.size + 1), *at = bytes;

    if (bytes == NULL) return acta_error_set(r->error, ACTA_NO_MEMORY, "no memory for a line");
    if (value->kind != JSON_ARRAY) return expected(r, value, "an array of texts");
    for (const json_value *tag = value->first; tag != NULL; tag = tag->next) {
        if (tag->kind != JSON_STRING || tag->text.size == 0 || tag->text.size > ACTA_TAG_MAX)
            return expected(r, value, "texts of 1 to 255 bytes");
        *at++ = (uint8_t)tag->text.size;
        at = mempcpy(at, tag->text.data, tag->text.size);
    }
    r->line->entry.event.tags = acta_bytes_from(bytes, (size_t)(at - bytes));
    return ACTA_OK;
}

static acta_status
read_format(reader *r, const json_value *value)
{
    uint64_t format = 0;
    acta_status status = read_number(r, value, &format);

    return status != ACTA_OK || format == TRANSFER_FORMAT ? status : expected(r, value, "format 1");
}

static acta_status
read_rows(reader *r, const json_value *value)
{
    if (!acta_str_equal(value->raw, acta_str_of("true"))) return expected(r, value, "true");
    r->line->has_rows = true;
    return ACTA_OK;
}

static acta_status
read_nothing(reader *r, const json_value *value) /* crc: of the text, and was looked at */
{
    return value->kind == JSON_STRING ? ACTA_OK : expected(r, value, "a text");
}

/* -- lines -- */

typedef struct member {
    const char *key;
    read_member *read;
    unsigned must; /* bit of what a line must have one of; 0: it need not be there */
} member;

static const member of_head[] = { { "acta_export", read_format, 1 }, { "from", read_from, 2 }, { "to", read_to, 4 },
    { "rows", read_rows, 0 }, { "crc", read_nothing, 0 }, { NULL, NULL, 0 } };
static const member of_end[] = { { "end", read_to, 1 }, { "crc", read_nothing, 0 }, { NULL, NULL, 0 } };
static const member of_row[] = { { "table", read_table, 1 }, { "key_base64", read_key, 2 },
    { "value_base64", read_value, 4 }, { "crc", read_nothing, 0 }, { NULL, NULL, 0 } };
static const member of_entry[] = { { "position", read_position, 1 }, { "stream", read_stream, 2 },
    { "stream_id", read_stream_id, 4 }, { "version", read_version, 8 }, { "type", read_type, 16 },
    { "recorded_at_us", read_time, 32 }, { "payload", read_payload, 64 }, { "payload_base64", read_payload_base64, 64 },
    { "removed", read_removed, 64 }, { "removed_beside", read_removed_beside, 0 },
    { "schema_hash", read_schema_hash, 0 }, { "command_id", read_command_id, 0 },
    { "correlation_id", read_correlation_id, 0 }, { "causation_id", read_causation_id, 0 }, { "tags", read_tags, 0 },
    { "metadata", read_metadata, 0 }, { "metadata_base64", read_metadata_base64, 0 }, { "crc", read_nothing, 0 },
    { NULL, NULL, 0 } };
static const member of_beside[] = { { "command_id", read_command_id, 0 }, { "tags", read_tags, 0 },
    { "metadata", read_metadata, 0 }, { "metadata_base64", read_metadata_base64, 0 }, { NULL, NULL, 0 } };

/* By its first member. */
static const struct {
    const char *first;
    transfer_kind kind;
    const member *members;
} kinds[] = { { "acta_export", TRANSFER_HEAD, of_head }, { "table", TRANSFER_ROW, of_row },
    { "position", TRANSFER_ENTRY, of_entry }, { "end", TRANSFER_END, of_end } };

static acta_status
read_one(reader *r, const member *members, const json_value *value)
{
    const member *m = members;

    while (m->key != NULL && !acta_str_equal(value->key, acta_str_of(m->key)))
        m++;
    if (m->key == NULL)
        return acta_error_set(
            r->error, ACTA_INVALID, "'" ACTA_FMT "' is no member of such a line", ACTA_ARG(value->key));
    if ((r->seen & m->must) != 0) return expected(r, value, "it once, and the payload in one form");
    r->seen |= m->must;
    return m->read(r, value);
}

static acta_status
read_members(reader *r, const member *members, const json_value *object)
{
    acta_status status = ACTA_OK;

    for (const json_value *value = object->first; value != NULL && status == ACTA_OK; value = value->next)
        status = read_one(r, members, value);
    for (const member *m = members; m->key != NULL && status == ACTA_OK; m++)
        if ((r->seen & m->must) != m->must) status = acta_error_set(r->error, ACTA_INVALID, "'%s' is missing", m->key);
    return status;
}

/* A line with a sum must be what the sum was made of. */
static acta_status
check_sum(acta_str text, const json_value *object, acta_error *error)
{
    char end[CRC_SIZE + 1];

    if (json_member(object, "crc") == NULL) return ACTA_OK;
    size_t size = text.size > CRC_SIZE ? text.size - CRC_SIZE : 0;
    snprintf(end, sizeof end, ",\"crc\":\"%08" PRIx32 "\"}", acta_crc32c(0, text.data, size));
    if (size > 0 && memcmp(text.data + size, end, CRC_SIZE) == 0) return ACTA_OK;
    return acta_error_set(error, ACTA_INVALID,
        "the line was changed, for its sum would be %.8s; 'crc' is at the end of a line, or is left out", end + 8);
}

acta_status
transfer_read(acta_str text, acta_memory *memory, transfer_line *line_out, acta_error *error)
{
    const json_value *object;
    reader r = { .memory = memory, .line = line_out, .error = error };
    acta_error said;
    acta_status status = json_read(text, memory, &object, &said);

    *line_out = (transfer_line){ .from = 0 };
    if (status != ACTA_OK)
        return acta_error_set(error, status == ACTA_CORRUPT ? ACTA_INVALID : status, "the line is %s", said.text);
    status = check_sum(text, object, error);
    if (status != ACTA_OK) return status;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && object->first != NULL; i++) {
        if (!acta_str_equal(object->first->key, acta_str_of(kinds[i].first))) continue;
        line_out->kind = kinds[i].kind;
        return read_members(&r, kinds[i].members, object);
    }
    return acta_error_set(
        error, ACTA_INVALID, "an object was expected that begins with 'acta_export', 'table', 'position' or 'end'");
}

acta_status
transfer_read_beside(const json_value *object, acta_memory *memory, acta_recorded *event, acta_error *error)
{
    transfer_line line = { .entry.event = *event };
    reader r = { .memory = memory, .line = &line, .error = error };
    acta_status status = read_members(&r, of_beside, object);

    if (status == ACTA_OK) *event = line.entry.event;
    return status;
}

/* -- a file -- */

acta_status
transfer_each_line(FILE *file, acta_memory *memory, uint64_t *number_out,
    acta_status (*take)(void *user, acta_str text, acta_error *error), void *user, acta_error *error)
{
    acta_status status = ACTA_OK;
    char *text = NULL;
    size_t room = 0;
    ssize_t size;

    *number_out = 0;
    while (status == ACTA_OK && (size = getline(&text, &room, file)) > 0) {
        ++*number_out;
        status = take(user, acta_str_from(text, (size_t)size - (text[size - 1] == '\n')), error);
        acta_memory_clear(memory);
    }
    free(text);
    if (status != ACTA_OK || !ferror(file)) return status;
    return acta_error_set(error, ACTA_IO, "cannot be read: %s", strerror(errno));
}
