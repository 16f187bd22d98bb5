/*
 * Record: writing and reading the bytes of one event.
 */
#include "record.h"

#include <assert.h>
#include <inttypes.h>

#include "acta/crc.h"

static_assert(ACTI_RECORD_AT_DIGEST + ACTA_DIGEST_SIZE == ACTI_RECORD_AT_METADATA_SIZE, "the header has no holes");
static_assert(ACTI_RECORD_HEADER % 8 == 0, "a payload is aligned when its record is");

/* -- tags -- */

bool
acti_tag_next(acta_bytes *tags, acta_str *tag_out)
{
    if (tags->size == 0 || (size_t)tags->data[0] + 1 > tags->size) return false;
    *tag_out = acta_str_from(tags->data + 1, tags->data[0]);
    *tags = acta_bytes_from(tags->data + 1 + tag_out->size, tags->size - 1 - tag_out->size);
    return true;
}

static bool
has_tag(acta_bytes tags, acta_str wanted)
{
    acta_str tag;

    while (acti_tag_next(&tags, &tag)) {
        if (acta_str_equal(tag, wanted)) return true;
    }
    return false;
}

bool
acti_tags_have(acta_bytes tags, acta_bytes wanted)
{
    acta_str tag;

    while (acti_tag_next(&wanted, &tag)) {
        if (!has_tag(tags, tag)) return false;
    }
    return true;
}

acta_bytes
acti_record_tags(const uint8_t *bytes)
{
    size_t before = (size_t)acti_get_le32(bytes + ACTI_RECORD_AT_PAYLOAD_SIZE) +
                    acti_get_le32(bytes + ACTI_RECORD_AT_METADATA_SIZE);
    return acta_bytes_from(bytes + ACTI_RECORD_HEADER + before, acti_record_body_size(bytes) - before);
}

static size_t
tags_size(const acta_event *event)
{
    size_t size = event->tag_count;

    for (uint32_t i = 0; i < event->tag_count; i++)
        size += event->tags[i].size;
    return size;
}

static uint8_t *
write_tags(uint8_t *next, const acta_event *event)
{
    for (uint32_t i = 0; i < event->tag_count; i++) {
        *next++ = (uint8_t)event->tags[i].size;
        memcpy(next, event->tags[i].data, event->tags[i].size);
        next += event->tags[i].size;
    }
    return next;
}

/* -- writing -- */

size_t
acti_record_size(acta_str stream, const acta_event *event, size_t payload_size)
{
    size_t beside = event->metadata.size + tags_size(event);
    size_t digest = beside > 0 ? ACTA_DIGEST_SIZE : 0;
    return ACTI_RECORD_HEADER + payload_size + beside + stream.size + event->type.size + digest;
}

void
acti_record_prepare(uint8_t *bytes, acta_str stream, const acta_event *event, size_t payload_size)
{
    uint8_t *next = bytes + ACTI_RECORD_HEADER + payload_size;

    memset(bytes, 0, ACTI_RECORD_HEADER);
    bytes[ACTI_RECORD_AT_FORMAT] = ACTI_RECORD_FORMAT;
    bytes[ACTI_RECORD_AT_KIND] = ACTA_RECORD_EVENT;
    acti_put_le64(bytes + ACTI_RECORD_AT_SCHEMA_HASH, event->schema_hash);
    memcpy(bytes + ACTI_RECORD_AT_CORRELATION, event->correlation_id.bytes, ACTA_ID_SIZE);
    memcpy(bytes + ACTI_RECORD_AT_CAUSATION, event->causation_id.bytes, ACTA_ID_SIZE);
    acti_put_le32(bytes + ACTI_RECORD_AT_METADATA_SIZE, (uint32_t)event->metadata.size);
    acti_put_le32(bytes + ACTI_RECORD_AT_PAYLOAD_SIZE, (uint32_t)payload_size);
    acti_put_le16(bytes + ACTI_RECORD_AT_STREAM_SIZE, (uint16_t)stream.size);
    acti_put_le16(bytes + ACTI_RECORD_AT_TYPE_SIZE, (uint16_t)event->type.size);
    acti_put_le16(bytes + ACTI_RECORD_AT_TAGS_SIZE, (uint16_t)tags_size(event));

    if (event->metadata.size > 0) memcpy(next, event->metadata.data, event->metadata.size);
    next = write_tags(next + event->metadata.size, event);
    memcpy(next, stream.data, stream.size);
    memcpy(next + stream.size, event->type.data, event->type.size);
}

bool
acti_record_has_beside(const uint8_t *bytes)
{
    return acti_record_body_size(bytes) > acti_get_le32(bytes + ACTI_RECORD_AT_PAYLOAD_SIZE);
}

/* Where the digest of metadata and tags lies: behind the names. */
static size_t
beside_at(const uint8_t *bytes)
{
    return ACTI_RECORD_HEADER + acti_record_body_size(bytes) + acti_get_le16(bytes + ACTI_RECORD_AT_STREAM_SIZE) +
           acti_get_le16(bytes + ACTI_RECORD_AT_TYPE_SIZE);
}

acta_digest
acti_record_beside(const uint8_t *bytes)
{
    acta_digest digest = { { 0 } };

    if (acti_record_has_beside(bytes)) memcpy(digest.bytes, bytes + beside_at(bytes), ACTA_DIGEST_SIZE);
    return digest;
}

acta_digest
acti_beside_digest(acta_bytes metadata, acta_bytes tags)
{
    const acta_bytes parts[] = { metadata, tags };
    return acta_digest_of(parts, 2);
}

void
acti_record_digest(uint8_t *bytes)
{
    size_t payload_size = acti_get_le32(bytes + ACTI_RECORD_AT_PAYLOAD_SIZE);
    size_t metadata_size = acti_get_le32(bytes + ACTI_RECORD_AT_METADATA_SIZE);
    acta_bytes payload = acta_bytes_from(bytes + ACTI_RECORD_HEADER, payload_size);
    acta_digest digest = acta_digest_of(&payload, 1);

    memcpy(bytes + ACTI_RECORD_AT_DIGEST, digest.bytes, ACTA_DIGEST_SIZE);
    if (!acti_record_has_beside(bytes)) return;
    digest = acti_beside_digest(acta_bytes_from(payload.data + payload_size, metadata_size), acti_record_tags(bytes));
    memcpy(bytes + beside_at(bytes), digest.bytes, ACTA_DIGEST_SIZE);
}

/* The sum over the header behind its first field, and over the names if they are stored. */
static uint32_t
header_crc(const uint8_t *bytes, size_t names_at, size_t names_size)
{
    uint32_t crc = acta_crc32c(0, bytes + ACTI_RECORD_AT_PAYLOAD_CRC, ACTI_RECORD_HEADER - ACTI_RECORD_AT_PAYLOAD_CRC);
    return acta_crc32c(crc, bytes + names_at, names_size);
}

void
acti_record_seal(uint8_t *bytes, const acti_place *place)
{
    acti_put_le16(bytes + ACTI_RECORD_AT_FLAGS, place->names ? ACTI_RECORD_NAMES : 0);
    acti_put_le32(bytes + ACTI_RECORD_AT_TYPE_ID, place->type_id);
    acti_put_le64(bytes + ACTI_RECORD_AT_POSITION, place->position);
    acti_put_le64(bytes + ACTI_RECORD_AT_STREAM_ID, place->stream_id);
    acti_put_le64(bytes + ACTI_RECORD_AT_VERSION, place->version);
    acti_put_le64(bytes + ACTI_RECORD_AT_RECORDED_AT, (uint64_t)place->recorded_at_us);
    memcpy(bytes + ACTI_RECORD_AT_COMMAND, place->command_id.bytes, ACTA_ID_SIZE);
}

static size_t
names_size_of(const uint8_t *bytes)
{
    if ((acti_get_le16(bytes + ACTI_RECORD_AT_FLAGS) & ACTI_RECORD_NAMES) == 0) return 0;
    return (size_t)acti_get_le16(bytes + ACTI_RECORD_AT_STREAM_SIZE) + acti_get_le16(bytes + ACTI_RECORD_AT_TYPE_SIZE);
}

size_t
acti_record_stub_size(const uint8_t *bytes)
{
    return ACTI_RECORD_HEADER + names_size_of(bytes);
}

void
acti_record_make_stub(const uint8_t *bytes, uint8_t *stub)
{
    size_t names_at = ACTI_RECORD_HEADER + acti_record_body_size(bytes);
    size_t names_size = names_size_of(bytes);

    memcpy(stub, bytes, ACTI_RECORD_HEADER);
    memcpy(stub + ACTI_RECORD_HEADER, bytes + names_at, names_size);
    if (stub[ACTI_RECORD_AT_KIND] != ACTA_RECORD_STUB)
        acti_put_le32(
            stub + ACTI_RECORD_AT_STUBBED_TYPE, acti_get_le32(bytes + ACTI_RECORD_AT_TYPE_ID)); /* over the tags */
    stub[ACTI_RECORD_AT_KIND] = ACTA_RECORD_STUB;
    acti_put_le32(stub + ACTI_RECORD_AT_TYPE_ID, 0);
    acti_put_le32(stub + ACTI_RECORD_AT_PAYLOAD_SIZE, 0);
    acti_put_le32(stub + ACTI_RECORD_AT_METADATA_SIZE, 0);
    acti_put_le32(stub + ACTI_RECORD_AT_PAYLOAD_CRC, acta_crc32c(0, stub, 0));
    acti_put_le32(stub + ACTI_RECORD_AT_HEADER_CRC, header_crc(stub, ACTI_RECORD_HEADER, names_size));
}

static void
decode(const uint8_t *bytes, acti_record_view *view)
{
    acta_recorded *event = &view->event;
    bool is_stub = bytes[ACTI_RECORD_AT_KIND] == ACTA_RECORD_STUB;

    *view = (acti_record_view){ .type_id = acti_get_le32(
                                    bytes + (is_stub ? ACTI_RECORD_AT_STUBBED_TYPE : ACTI_RECORD_AT_TYPE_ID)) };
    event->position = acti_get_le64(bytes + ACTI_RECORD_AT_POSITION);
    event->version = acti_get_le64(bytes + ACTI_RECORD_AT_VERSION);
    event->stream_id = acti_get_le64(bytes + ACTI_RECORD_AT_STREAM_ID);
    event->schema_hash = acti_get_le64(bytes + ACTI_RECORD_AT_SCHEMA_HASH);
    event->kind = (acta_record_kind)bytes[ACTI_RECORD_AT_KIND];
    event->recorded_at_us = (int64_t)acti_get_le64(bytes + ACTI_RECORD_AT_RECORDED_AT);
    memcpy(event->command_id.bytes, bytes + ACTI_RECORD_AT_COMMAND, ACTA_ID_SIZE);
    memcpy(event->correlation_id.bytes, bytes + ACTI_RECORD_AT_CORRELATION, ACTA_ID_SIZE);
    memcpy(event->causation_id.bytes, bytes + ACTI_RECORD_AT_CAUSATION, ACTA_ID_SIZE);
    memcpy(event->digest.bytes, bytes + ACTI_RECORD_AT_DIGEST, ACTA_DIGEST_SIZE);
}

acta_status
acti_record_read(acta_bytes record, uint64_t position, acti_record_view *view_out, acta_error *error)
{
    const uint8_t *bytes = record.data;

    if (record.size < ACTI_RECORD_HEADER)
        return acta_error_set(error, ACTA_CORRUPT,
            "the event at position %" PRIu64 " is damaged: %zu bytes are less than a header", position, record.size);
    if (bytes[ACTI_RECORD_AT_FORMAT] > ACTI_RECORD_FORMAT)
        return acta_error_set(error, ACTA_UNSUPPORTED,
            "the event at position %" PRIu64 " has record format %u, this program reads up to %d", position,
            bytes[ACTI_RECORD_AT_FORMAT], ACTI_RECORD_FORMAT);

    size_t payload_size = acti_get_le32(bytes + ACTI_RECORD_AT_PAYLOAD_SIZE);
    size_t metadata_size = acti_get_le32(bytes + ACTI_RECORD_AT_METADATA_SIZE);
    size_t stream_size = acti_get_le16(bytes + ACTI_RECORD_AT_STREAM_SIZE);
    size_t type_size = acti_get_le16(bytes + ACTI_RECORD_AT_TYPE_SIZE);
    size_t names_at = ACTI_RECORD_HEADER + acti_record_body_size(bytes);
    bool names = (acti_get_le16(bytes + ACTI_RECORD_AT_FLAGS) & ACTI_RECORD_NAMES) != 0;
    size_t names_size = names ? stream_size + type_size : 0;

    if (record.size != names_at + names_size)
        return acta_error_set(error, ACTA_CORRUPT,
            "the event at position %" PRIu64 " is damaged: %zu bytes where its header says %zu", position, record.size,
            names_at + names_size);
    if (header_crc(bytes, names_at, names_size) != acti_get_le32(bytes + ACTI_RECORD_AT_HEADER_CRC))
        return acta_error_set(
            error, ACTA_CORRUPT, "the event at position %" PRIu64 " is damaged: its header's checksum", position);

    decode(bytes, view_out);
    acta_recorded *event = &view_out->event;
    if (event->position != position)
        return acta_error_set(error, ACTA_CORRUPT,
            "the event at position %" PRIu64 " is damaged: it says that it is at %" PRIu64, position, event->position);
    event->payload = acta_bytes_from(bytes + ACTI_RECORD_HEADER, payload_size);
    event->metadata = acta_bytes_from(bytes + ACTI_RECORD_HEADER + payload_size, metadata_size);
    event->tags = acti_record_tags(bytes);
    if (acta_crc32c(0, event->payload.data, acti_record_body_size(bytes)) !=
        acti_get_le32(bytes + ACTI_RECORD_AT_PAYLOAD_CRC))
        return acta_error_set(error, ACTA_CORRUPT,
            "the event at position %" PRIu64 " (stream id %" PRIu64 ", version %" PRIu64
            ") is damaged: its payload's checksum",
            position, event->stream_id, event->version);
    if (names) {
        event->stream = acta_str_from(bytes + names_at, stream_size);
        event->type = acta_str_from(bytes + names_at + stream_size, type_size);
    }
    return ACTA_OK;
}

acta_digest
acta_recorded_digest(const acta_recorded *event)
{
    return event->kind == ACTA_RECORD_STUB ? event->digest : acta_digest_of(&event->payload, 1);
}

size_t
acti_record_copy_size(const acti_record_view *view)
{
    return view->event.payload.size + view->event.metadata.size + view->event.tags.size;
}

static uint8_t *
copy_part(acta_bytes *part, uint8_t *room)
{
    if (part->size > 0) memcpy(room, part->data, part->size);
    part->data = room;
    return room + part->size;
}

void
acti_record_copy(acti_record_view *view, uint8_t *room)
{
    room = copy_part(&view->event.payload, room);
    room = copy_part(&view->event.metadata, room);
    copy_part(&view->event.tags, room);
    view->event.stream = view->event.type = acta_str_of(NULL);
}

acta_recorded
acti_record_in_memory(const uint8_t *bytes)
{
    size_t payload_size = acti_get_le32(bytes + ACTI_RECORD_AT_PAYLOAD_SIZE);
    size_t metadata_size = acti_get_le32(bytes + ACTI_RECORD_AT_METADATA_SIZE);
    size_t stream_size = acti_get_le16(bytes + ACTI_RECORD_AT_STREAM_SIZE);
    const uint8_t *names = bytes + ACTI_RECORD_HEADER + acti_record_body_size(bytes);
    acti_record_view view;

    decode(bytes, &view);
    view.event.payload = acta_bytes_from(bytes + ACTI_RECORD_HEADER, payload_size);
    view.event.metadata = acta_bytes_from(bytes + ACTI_RECORD_HEADER + payload_size, metadata_size);
    view.event.tags = acti_record_tags(bytes);
    view.event.stream = acta_str_from(names, stream_size);
    view.event.type = acta_str_from(names + stream_size, acti_get_le16(bytes + ACTI_RECORD_AT_TYPE_SIZE));
    return view.event;
}
